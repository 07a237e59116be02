#!/bin/sh
# peers.sh PROGRAM COMPILER FLAG...: what PROGRAM is built with beside everybody's flags, on one line. A program that
# compares with libseccomp gets it where the compiler can link it; without, the program itself says what it skips.
name=$1
shift
case $name in
test_libseccomp | seccomp_peer) ;;
*) exit 0 ;;
esac
[ "$(uname -s)" = Linux ] || exit 0
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
printf '#include <seccomp.h>\nint main(void) { return !seccomp_version(); }\n' >"$dir/probe.c"
if "$@" -o "$dir/probe" "$dir/probe.c" -lseccomp >"$dir/log" 2>&1; then
  echo "-DJAILER_USE_LIBSECCOMP -lseccomp"
fi
