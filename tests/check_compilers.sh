#!/bin/sh
# The header through every compiler there is, the house's warnings as errors: gcc and clang, glibc and static musl,
# C99, C11 and C17, every section switch, the declarations as C++, aarch64. TAP, for
# `make check`.
set -u
. tests/tap.sh

WARNINGS="-pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Wvla -Wformat=2 \
-Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes -Werror"
CXX_WARNINGS="-pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror"
machine=$(uname -m)

cat >"$tap_dir/implementation.c" <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
cat >"$tap_dir/after_stdio.c" <<'C'
#include <stdio.h>
#include <sys/stat.h>
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
cat >"$tap_dir/declarations.c" <<'C'
#include "jailer.h"
extern int one; /* ISO C forbids an empty file */
C
cp "$tap_dir/declarations.c" "$tap_dir/declarations.cc"

# compile NAME COMPILER SOURCE FLAG...: one row. The word lists are meant to be split.
# shellcheck disable=SC2086
compile() {
  compile_name=$1 compile_with=$2 compile_source=$3
  shift 3
  row "$compile_name" $compile_with $WARNINGS -I. "$@" -c -o "$tap_dir/out.o" "$tap_dir/$compile_source"
}

# Every variant of the header with one compiler. One of them is optimised, which is slow and shows a few warnings more.
variants() {
  variants_name=$1 variants_cc=$2
  compile "$variants_name -std=c99 -O2" "$variants_cc" implementation.c -std=c99 -O2
  for std in c99 c11 c17; do
    compile "$variants_name -std=$std" "$variants_cc" implementation.c -std=$std
    compile "$variants_name -std=$std, libc headers first" "$variants_cc" after_stdio.c -std=$std
    compile "$variants_name -std=$std, declarations only" "$variants_cc" declarations.c -std=$std
  done
  compile "$variants_name -std=gnu11" "$variants_cc" implementation.c -std=gnu11
  compile "$variants_name JAILER_STATIC" "$variants_cc" implementation.c -std=c99 -DJAILER_STATIC
  for switch in $(section_switches); do
    compile "$variants_name $switch" "$variants_cc" implementation.c -std=c99 "-D$switch"
  done
  compile "$variants_name, as on a system it does not know" "$variants_cc" implementation.c -std=c99 -U__linux__
}

# The JAILER_NO_* macros that the header tests for.
section_switches() { grep -o 'JAILER_NO_[A-Z0-9_]*' jailer.h | sort -u; }

# with_libseccomp NAME COMPILER: the filters by libseccomp, where the compiler finds it.
with_libseccomp() {
  if printf '#include <seccomp.h>\n' | "$2" -E - >/dev/null 2>&1; then
    for std in c99 c17; do
      compile "$1 JAILER_USE_LIBSECCOMP -std=$std" "$2" after_stdio.c -std=$std -DJAILER_USE_LIBSECCOMP
    done
    compile "$1 JAILER_USE_LIBSECCOMP -O2" "$2" implementation.c -std=c99 -O2 -DJAILER_USE_LIBSECCOMP
  else
    skip "$1 JAILER_USE_LIBSECCOMP" "libseccomp-dev is not installed"
  fi
}

# links NAME COMPILER FLAG...: builds the command-line runner and, where this machine can run it, asks its version.
# shellcheck disable=SC2086
links() {
  links_name=$1 links_with=$2
  shift 2
  row "$links_name: jail links" $links_with -std=gnu99 -Wall -Wextra -Werror -I. "$@" -o "$tap_dir/jail" examples/jail.c
}
runs() { row "$1: jail runs" "$tap_dir/jail" --version; }

for cc in gcc clang; do
  if have $cc; then
    variants $cc $cc
    with_libseccomp $cc $cc
    for optimised in -O3 -Os; do # each sees what the others do not
      compile "$cc -std=c99 $optimised" $cc implementation.c -std=c99 $optimised
    done
    compile "$cc -O2 -fsanitize=undefined" $cc implementation.c -std=c99 -O2 -fsanitize=undefined
    links $cc $cc
    runs $cc
    [ "$(uname -s)" = Linux ] || continue # there is no static libc elsewhere
    links "$cc -static" $cc -static
    runs "$cc -static"
  else
    skip "the header with $cc" "$cc is not installed"
  fi
done

if have musl-gcc; then
  variants musl-gcc "musl-gcc"
  links "musl-gcc -static" musl-gcc -static
  runs "musl-gcc -static"
else
  skip "the header with static musl" "musl-gcc is not installed"
fi

musl_headers=/usr/include/$machine-linux-musl
if have musl-gcc && have clang && [ -d "$musl_headers" ]; then
  clang_musl="clang -nostdinc -isystem $musl_headers -isystem $(clang -print-resource-dir)/include"
  for std in c99 c11 c17; do compile "clang with musl -std=$std" "$clang_musl" implementation.c -std=$std; done
  # shellcheck disable=SC2086
  row "clang with musl: jail compiles" $clang_musl -idirafter /usr/include \
    -idirafter "/usr/include/$machine-linux-gnu" -std=gnu99 -I. -fno-stack-protector -c \
    -o "$tap_dir/jail.o" examples/jail.c
  row "clang with musl: jail links statically" musl-gcc -static -o "$tap_dir/jail" "$tap_dir/jail.o"
  runs "clang with musl"
else
  skip "the header with clang and musl" "clang or musl-gcc is not installed"
fi

for cxx in g++ clang++; do
  if have $cxx; then
    for std in c++11 c++17 c++20; do
      # shellcheck disable=SC2086
      row "declarations as $std, $cxx" $cxx $CXX_WARNINGS -std=$std -I. -c -o "$tap_dir/out.o" \
        "$tap_dir/declarations.cc"
    done
  else
    skip "declarations as C++ with $cxx" "$cxx is not installed"
  fi
done

if have aarch64-linux-gnu-gcc; then
  variants "aarch64-linux-gnu-gcc" "aarch64-linux-gnu-gcc"
  links "aarch64-linux-gnu-gcc -static" aarch64-linux-gnu-gcc -static
else
  skip "the header for aarch64" "aarch64-linux-gnu-gcc is not installed"
fi

if have tcc; then
  row "declarations with tcc" tcc -Wall -Werror -I. -c -o "$tap_dir/out.o" "$tap_dir/declarations.c"
else
  skip "declarations with tcc" "tcc is not installed"
fi

tap_done
