#!/bin/sh
# Static analysers over the whole header; any finding fails. TAP, for `make analyze`.
set -u
. tests/tap.sh

cat >"$tap_dir/implementation.c" <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C

# What clang-tidy is not asked for, and why:
#   easily-swappable-parameters   wrappers of system calls have the kernel's parameters
#   branch-clone, narrowing       -Wconversion says it better
#   reserved-identifier           tests and hooks only; the header has none by its own test
TIDY='-*,clang-analyzer-*,bugprone-*,cert-*,misc-redundant-expression,misc-misplaced-const,readability-misleading-indentation'
TIDY="$TIDY,-bugprone-easily-swappable-parameters,-bugprone-narrowing-conversions,-cert-dcl37-c,-cert-dcl51-cpp"

if have gcc; then
  row "gcc -fanalyzer" gcc -std=c99 -O1 -fanalyzer -Werror -Wno-unused-function -I. -c -o "$tap_dir/out.o" \
    "$tap_dir/implementation.c"
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
    --suppress=missingIncludeSystem -I. "$tap_dir/implementation.c"
else
  skip "cppcheck" "cppcheck is not installed"
fi

tap_done
