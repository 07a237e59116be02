#!/bin/sh
# What the header costs a program that includes it: the median of five compilations at -O2 (one in a short run, see bench.c)
# and the bytes of code and constants of the object. Prints NAME VALUE lines.
set -u
: "${CC:=cc}"
dir=$(mktemp -d "${TMPDIR:-/tmp}/jailer-cost.XXXXXX") || exit 1
trap 'rm -rf "$dir"' 0
trap 'exit 1' 1 2 15
printf '#define JAILER_IMPLEMENTATION\n#include "jailer.h"\n' >"$dir/cost.c"

times=5
[ -z "${JAILER_BENCH_ROUNDS:-}" ] || times=1
for _ in $(seq "$times"); do
  began=$(date +%s%N)
  # shellcheck disable=SC2086 # CC may carry flags
  $CC -std=c99 -O2 -I. -c -o "$dir/cost.o" "$dir/cost.c" || exit 1
  echo $(($(date +%s%N) - began))
done | sort -n | awk 'NR == '$(((times + 1) / 2))' { printf "header.compile_s %.2f\n", $1 / 1e9 }'
[ -f "$dir/cost.o" ] || exit 1
size "$dir/cost.o" | awk 'NR == 2 { print "header.text_bytes " $1 }'
