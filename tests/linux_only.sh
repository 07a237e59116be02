#!/bin/sh
# linux_only.sh PROGRAM COMMAND...: runs the command, which makes the program, where the system is Linux. Elsewhere
# nothing is compiled: the program is then one line, which says as a test that it is for Linux alone.
set -u
program=$1
shift
[ "$(uname -s)" != Linux ] || exec "$@"
printf '%s\n' '#!/bin/sh' 'echo "1..0 # SKIP for Linux alone"' >"$program" && chmod 755 "$program"
