#!/bin/sh
# run.sh PROGRAM...: runs test programs that speak TAP and judges them, through prove where there is one and by itself
# where there is none (or JAILER_NO_PROVE is set). The verdicts are the same but for two that are stricter here: a
# failing TODO row is a failure, and so is a program that plans no rows and gives no reason. PROVE_FLAGS goes to prove.
set -u

if [ -z "${JAILER_NO_PROVE:-}" ] && command -v prove >/dev/null 2>&1; then
  # shellcheck disable=SC2086 # PROVE_FLAGS is a list of words
  exec prove ${PROVE_FLAGS:-} -e '' "$@"
fi

dir=$(mktemp -d "${TMPDIR:-/tmp}/jailer-run.XXXXXX") || exit 1
trap 'rm -rf "$dir"' 0
trap 'exit 1' 1 2 15
: >"$dir/summary"
began=$(date +%s)

# Reads one program's output: failing rows and diagnostics go to stdout, then one line "= VERDICT ROWS".
judge() {
  awk -v status="$1" '
    function complain(text) { why = why (why == "" ? "" : "; ") text }
    /^1\.\.[0-9]+/ {
      if (plans++) complain("more than one plan")
      planned = substr($1, 4) + 0
      plan_at = rows
      if (planned == 0 && toupper($0) ~ /#[ \t]*SKIP/) {
        skipped_all = 1
        reason = $0
        sub(/^[^#]*#[ \t]*[A-Za-z]+[ \t]*/, "", reason)
      }
      next
    }
    /^Bail out!/ { complain($0); bailed = 1; exit }
    /^(not )?ok([ \t]|$)/ {
      rows++
      bad = ($1 == "not")
      number = bad ? $3 : $2
      if (number ~ /^[0-9]+$/ && number + 0 != rows) complain("row " rows " calls itself " number)
      if (bad) { failed++; print }
      else if (toupper($0) ~ /#[ \t]*SKIP/) { skips++; print }
      showing = bad
      next
    }
    /^#/ { if (showing) print }
    END {
      if (!bailed) {
        if (!plans) complain(rows ? "no plan" : "no rows and no plan")
        else if (planned != rows) complain("planned " planned " rows but ran " rows + 0)
        else if (plan_at != 0 && plan_at != rows) complain("plan in the middle")
        else if (!rows && !skipped_all) complain("no rows")
      }
      if (failed) complain(failed " of " rows " rows failed")
      if (status != 0) complain("exit status " status)
      if (why != "") print "= FAIL " rows + 0 " " why
      else if (skipped_all) print "= SKIP 0 " reason
      else print "= ok " rows + 0 (skips ? " " skips " skipped" : "")
    }' "$2"
}

files=0
tests=0
for program; do
  files=$((files + 1))
  case $program in */*) ;; *) program=./$program ;; esac
  printf '%s .. ' "$program"
  "$program" >"$dir/out"
  judge $? "$dir/out" >"$dir/verdict"
  last=$(sed -n 's/^= //p' "$dir/verdict" | tail -n 1)
  [ -n "$last" ] || last="FAIL 0 its output could not be read"
  rest=${last#* }
  tests=$((tests + ${rest%% *}))
  note=${rest#"${rest%% *}"}
  case $last in
  ok*) echo "ok$note" ;;
  SKIP*) echo "skipped:$note" ;;
  *)
    echo "FAILED:$note"
    echo "  $program:$note" >>"$dir/summary"
    ;;
  esac
  sed '/^= /d; s/^/  /' "$dir/verdict"
done

seconds=$(($(date +%s) - began))
if [ "$files" = 0 ]; then
  echo "no test programs were named" >&2
  exit 2
fi
if [ -s "$dir/summary" ]; then
  echo "Test Summary Report"
  echo "-------------------"
  cat "$dir/summary"
  echo "Files=$files, Tests=$tests, $seconds wallclock secs"
  echo "Result: FAIL"
  exit 1
fi
echo "All tests successful."
echo "Files=$files, Tests=$tests, $seconds wallclock secs"
echo "Result: PASS"
