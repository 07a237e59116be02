#!/bin/sh
# Runs each fuzzer named in $FUZZERS for $FUZZ_SECONDS, one row each. A crash, a leak or a slow input fails, and the input
# stays under $JAILER_BUILD. A corpus under tests/data/NAME (fuzz_qcow2: tests/data/fuzz_qcow2) is the start where it is there.
set -u
. tests/tap.sh
: "${JAILER_BUILD:=build}" "${FUZZ_SECONDS:=15}" "${FUZZERS:=}"

for fuzzer in $FUZZERS; do
  name=${fuzzer##*/}
  set -- "$JAILER_BUILD/corpus_$name"
  mkdir -p "$1"
  [ -d "tests/data/$name" ] && set -- "$@" "tests/data/$name"
  row "$name for $FUZZ_SECONDS s" "$fuzzer" -max_total_time="$FUZZ_SECONDS" -timeout=5 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="$JAILER_BUILD/$name-" "$@"
done

tap_done
