#!/bin/sh
# Static analysers over the whole header; any finding fails. TAP, for `make analyze`.
set -u
. tests/tap.sh

cat >"$tap_dir/implementation.c" <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C

# What the analysers are not asked for, and why:
#   clang-tidy easily-swappable-parameters     wrappers of system calls have the kernel's parameters
#   clang-tidy narrowing-conversions           -Wconversion says it better
#   clang-tidy not-null-terminated-result      memcpy of parts of a text whose NUL is written once, at the end
#   clang-tidy sizeof-expression               arrays of pointers are meant
#   clang-tidy optin.performance.Padding       tables are ordered for the reader
#   gcc analyzer-malloc-leak, free-of-non-heap it loses the flag that tells a jl_buf on the heap from one in an array
#   cppcheck uninitvar                         it loses that a negative result means nothing was read
TIDY='-*,clang-analyzer-*,bugprone-*,cert-*,misc-redundant-expression,misc-misplaced-const'
TIDY="$TIDY,readability-misleading-indentation,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions"
TIDY="$TIDY,-bugprone-not-null-terminated-result,-bugprone-sizeof-expression,-clang-analyzer-optin.performance.Padding"

if have gcc; then
  row "gcc -fanalyzer" gcc -std=c99 -O1 -fanalyzer -fdiagnostics-plain-output -Wno-analyzer-malloc-leak \
    -Wno-analyzer-free-of-non-heap -Werror -I. -c -o "$tap_dir/out.o" "$tap_dir/implementation.c"
else
  skip "gcc -fanalyzer" "gcc is not installed"
fi

if have clang; then
  row "clang --analyze" clang --analyze -std=c99 -Xclang -analyzer-werror -Xclang -analyzer-output=text -I. \
    -o "$tap_dir/out.plist" "$tap_dir/implementation.c"
else
  skip "clang --analyze" "clang is not installed"
fi

if have clang-tidy; then
  row "clang-tidy" clang-tidy -quiet "--checks=$TIDY" '--warnings-as-errors=*' '--header-filter=jailer\.h$' \
    "$tap_dir/implementation.c" -- -std=c99 -I.
else
  skip "clang-tidy" "clang-tidy is not installed"
fi

if have cppcheck; then
  row "cppcheck" cppcheck --quiet --std=c99 --enable=warning,portability,performance --error-exitcode=1 \
    --suppress=missingIncludeSystem --suppress=uninitvar -I. "$tap_dir/implementation.c"
else
  skip "cppcheck" "cppcheck is not installed"
fi

tap_done
