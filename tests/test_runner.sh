#!/bin/sh
# The reader of test output (tests/run.sh) that is used where there is no prove: programs that lie in every way TAP
# knows, judged by it and, where prove is installed, by prove: the verdicts have to be the same.
set -u
. tests/tap.sh

# program NAME STATUS LINE...: makes a test program that prints the lines and exits with the status.
program() {
  program_file=$tap_dir/$1
  {
    echo '#!/bin/sh'
    program_status=$2
    shift 2
    for line; do echo "echo '$line'"; done
    echo "exit $program_status"
  } >"$program_file"
  chmod +x "$program_file"
}

# judged pass|fail NAME WHAT: both readers have to say so.
judged() {
  JAILER_NO_PROVE=1 sh tests/run.sh "$tap_dir/$2" >"$tap_log" 2>&1
  status=$?
  if [ "$1" = pass ]; then
    [ $status = 0 ] && grep -q '^Result: PASS$' "$tap_log"
  else
    [ $status != 0 ] && grep -q '^Result: FAIL$' "$tap_log"
  fi
  ok $? "run.sh: $1: $3"
  if have prove; then
    (unset JAILER_NO_PROVE PROVE_FLAGS HARNESS_OPTIONS; sh tests/run.sh "$tap_dir/$2") >"$tap_log" 2>&1
    status=$?
    if [ "$1" = pass ]; then [ $status = 0 ]; else [ $status != 0 ]; fi
    ok $? "prove: $1: $3"
  fi
}

have prove || skip "the verdicts of prove" "prove is not installed"

program good 0 'ok 1 - a' '# a remark' 'ok' 'ok 3 - c' '1..3'
judged pass good "a plan at the end"
program plan_first 0 '1..2' 'ok 1' 'ok 2 - not ok is only a word here'
judged pass plan_first "a plan at the beginning"
program skipped 0 'ok 1 - a # SKIP the tool is not installed' '1..1'
judged pass skipped "a skipped row"
program skip_all 0 '1..0 # SKIP the tool is not installed'
judged pass skip_all "a skipped program"
program noise 0 'okay' 'ok 1' '1..1'
judged pass noise "lines that are not TAP"

program bad 1 'ok 1' 'not ok 2 - b' '# why' '1..2'
judged fail bad "a failed row"
program bad_zero 0 'not ok 1 - b' '1..1'
judged fail bad_zero "a failed row and exit status 0"
program bad_skip 0 'not ok 1 # SKIP x' '1..1'
judged fail bad_skip "a failed row that calls itself skipped"
program no_plan 0 'ok 1'
judged fail no_plan "no plan"
program status 3 'ok 1' '1..1'
judged fail status "an exit status"
program short 0 '1..3' 'ok 1'
judged fail short "fewer rows than planned"
program long 0 '1..1' 'ok 1' 'ok 2'
judged fail long "more rows than planned"
program middle 0 'ok 1' '1..2' 'ok 2'
judged fail middle "a plan in the middle"
program plans 0 '1..1' 'ok 1' '1..1'
judged fail plans "two plans"
program empty 0
judged fail empty "no output"
program numbers 0 'ok 1' 'ok 3' '1..2'
judged fail numbers "a row with a wrong number"
program bail 0 'ok 1' 'Bail out! no more' '1..1'
judged fail bail "a program that bails out"
program killed '$(kill -9 $$)' 'ok 1' '1..1' # exit $(kill ...)
judged fail killed "a program that is killed"
judged fail missing "a program that is not there"

JAILER_NO_PROVE=1 sh tests/run.sh "$tap_dir/good" "$tap_dir/bad" "$tap_dir/good" >"$tap_log" 2>&1
[ $? != 0 ] && grep -q '^Files=3, Tests=8,' "$tap_log" && grep -q 'not ok 2 - b' "$tap_log" &&
  grep -q '# why' "$tap_log"
ok $? "run.sh counts, goes on after a failure and shows the row that failed"
mkdir "$tap_dir/path"
for tool in sh awk sed tail date mktemp rm cat grep; do
  ln -s "$(command -v $tool)" "$tap_dir/path/$tool"
done
(PATH=$tap_dir/path; unset JAILER_NO_PROVE; sh tests/run.sh "$tap_dir/good") >"$tap_log" 2>&1 &&
  grep -q 'PASS' "$tap_log" && ! grep -q 'cusr' "$tap_log"
ok $? "without prove in PATH run.sh reads by itself"

tap_done
