# shellcheck shell=sh
# tap.sh: tap.h for shell scripts, to be read with `. tests/tap.sh`.
#   ok STATUS NAME        one row: STATUS is 0 or not; what is in the file $tap_log is shown when it is not
#   row NAME COMMAND...   runs the command into $tap_log and makes it a row
#   skip NAME WHY         a row that cannot run here, and why: a tool by name. Not allowed under JAILER_TEST_NO_SKIP
#   linux_only            ends the script on other systems, with one line that says so: all that it tries is Linux's
#   tap_done              the plan; answers 1 when a row failed
tap_count=0
tap_failures=0
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/jailer-tap.XXXXXX") || exit 1
tap_log=$tap_dir/log
trap 'rm -rf "$tap_dir"' 0
trap 'exit 1' 1 2 15

ok() {
  tap_count=$((tap_count + 1))
  if [ "$1" = 0 ]; then
    echo "ok $tap_count - $2"
  else
    echo "not ok $tap_count - $2"
    [ -s "$tap_log" ] && head -n 40 "$tap_log" | sed 's/^/# /'
    tap_failures=$((tap_failures + 1))
  fi
  : >"$tap_log"
}

row() {
  row_name=$1
  shift
  "$@" >"$tap_log" 2>&1
  ok $? "$row_name"
}

skip() {
  if [ -n "${JAILER_TEST_NO_SKIP:-}" ]; then
    echo "skipped ($2), and this run allows no skips" >"$tap_log"
    ok 1 "$1"
  else
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
  fi
}

have() { command -v "$1" >/dev/null 2>&1; }

linux_only() {
  [ "$(uname -s)" = Linux ] && return
  echo "1..0 # SKIP for Linux alone"
  exit 0
}

tap_done() {
  echo "1..$tap_count"
  [ "$tap_failures" = 0 ]
}
