#!/bin/sh
# The header as a file: how it can be included, what it brings into a program, and whether the house still stands (rooms
# in order, no prototypes, no globals). Run from the top of the source; needs CC and what comes with it.
set -u
. tests/tap.sh
linux_only
: "${CC:=cc}"
top=$(pwd)
w=$tap_dir

# compile FLAG...: the compiler in the scratch directory. Warnings are the business of tests/check_compilers.sh.
# shellcheck disable=SC2086 # CC may carry flags
compile() { (cd "$w" && $CC "-I$top" "$@"); }
source_file() { cat >"$w/$1"; }

# --- including it -----------------------------------------------------------------------------------------------------

source_file impl.c <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
source_file user.c <<'C'
#include "jailer.h"
#include "jailer.h"
#include <string.h>
int main(void) { return strcmp(JAILER_VERSION, JAILER_VERSION_WANTED) != 0; }
C
source_file twice.c <<'C'
#include "jailer.h"
#define JAILER_IMPLEMENTATION
#include "jailer.h"
#include "jailer.h"
int main(void) { return 0; }
C
source_file static_a.c <<'C'
#define JAILER_STATIC
#define JAILER_IMPLEMENTATION
#include "jailer.h"
int other(void);
int main(void) { return other(); }
C
source_file static_b.c <<'C'
#define JAILER_STATIC
#define JAILER_IMPLEMENTATION
#include "jailer.h"
int other(void);
int other(void) { return 0; }
C

version=$(sed -n 's/^#define JAILER_VERSION "\(.*\)".*/\1/p' jailer.h)
number() { sed -n "s/^#define JAILER_VERSION_$1 \([0-9]*\).*/\1/p" jailer.h; }

row "the implementation compiles as strict C99 without a warning" \
  compile -std=c99 -pedantic -Wall -Wextra -Werror -O2 -c -o impl.o impl.c
compile -std=c99 -c -o impl.o impl.c >/dev/null 2>&1
row "two files share one implementation" compile -std=c99 "-DJAILER_VERSION_WANTED=\"$version\"" -o user user.c impl.o
row "the program that shares it runs and sees this version" "$w/user"
row "included three times, the implementation is there once" compile -std=c99 -o twice twice.c
row "JAILER_STATIC: two files have an implementation each" compile -std=c99 -o static static_a.c static_b.c
row "the program with two implementations runs" "$w/static"

cxx=
for name in g++ c++ clang++; do
  if [ -z "$cxx" ] && have $name; then cxx=$name; fi
done
if [ -n "$cxx" ]; then
  source_file user.cc <<'C'
#include "jailer.h"
#include "jailer.h"
jailer_error error; // a C++ program can have one, zeroed
int main() { return error.code == JAILER_OK ? 0 : 1; }
C
  cp "$w/impl.c" "$w/impl.cc"
  row "the declarations are C++11" "$cxx" -std=c++11 -pedantic -Wall -Wextra -Werror -I. -c -o "$w/user_cc.o" \
    "$w/user.cc"
  row "a C++ program links with the C implementation" "$cxx" -o "$w/user_cc" "$w/user_cc.o" "$w/impl.o"
  row "the C++ program runs" "$w/user_cc"
  "$cxx" -I. -c -o "$w/impl_cc.o" "$w/impl.cc" >"$tap_log" 2>&1
  [ $? != 0 ] && grep -q '#error.*C99' "$tap_log"
  ok $? "the implementation in C++ is an error that says so"
else
  skip "the declarations are C++11" "g++ is not installed"
fi

# --- what it brings ---------------------------------------------------------------------------------------------------

# -fno-pie: a relocated const table counts as data under PIE, which is the linker's doing and not a variable of ours.
compile -std=c99 -O1 -fno-pie -fno-stack-protector -c -o plain.o impl.c >"$tap_log" 2>&1
ok $? "the implementation compiles for a look at its symbols"
source_file alloc.c <<'C'
#include <stddef.h>
void *my_malloc(size_t size);
void *my_realloc(void *p, size_t size);
void my_free(void *p);
#define JAILER_MALLOC(size) my_malloc(size)
#define JAILER_REALLOC(p, size) my_realloc(p, size)
#define JAILER_FREE(p) my_free(p)
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C
source_file alloc_half.c <<'C'
#define JAILER_MALLOC(size) 0
#define JAILER_IMPLEMENTATION
#include "jailer.h"
C

# What the implementation may ask libc for: memory, bytes, and nothing with state, output or an opinion. Not qsort, which
# may call malloc past the allocator hook (glibc, for large arrays). bcmp is how clang writes memcmp(...) == 0.
ALLOWED='^(malloc|realloc|free|bsearch|bcmp|mem(cpy|move|set|cmp|chr)|str(len|cmp|ncmp|chr|rchr|spn|cspn|pbrk|str)'
ALLOWED="$ALLOWED|__(memcpy|memset|memmove)_chk|_GLOBAL_OFFSET_TABLE_)\$"

if have nm; then
  nm "$w/plain.o" >"$w/symbols"
  awk 'NF == 3 && $2 ~ /[A-Z]/ && $3 !~ /^jailer_/ { print; bad = 1 } END { exit bad }' "$w/symbols" >"$tap_log"
  ok $? "every symbol it exports begins with jailer_"
  # One is documented: a signal handler of the jailed program has no other way to its jailer_reporter.
  awk 'NF == 3 && $2 ~ /[BbDdCcGgSs]/ && $2 $3 !~ /^[bd]jl_reporter_installed$/ { print; bad = 1 } END { exit bad }' \
    "$w/symbols" >"$tap_log"
  ok $? "it has no variables, neither global nor static, but the reporter's pointer"
  awk -v allowed="$ALLOWED" '$1 == "U" && $2 !~ allowed { print; bad = 1 } END { exit bad }' "$w/symbols" >"$tap_log"
  ok $? "it asks libc for memory, strings and bsearch only"
  grep -q ' T jailer_' "$w/symbols"
  ok $? "those lists were not empty"

  # Every prototype between >>api and >>implementation is defined, and nothing is exported without a prototype.
  awk '/\/\/ >>implementation/ { exit }
    /^JAILER_API/ { inside = 1; text = "" }
    inside { text = text " " $0 }
    inside && /;/ {
      inside = 0
      if (match(text, /jailer_[a-z0-9_]*\(/)) print substr(text, RSTART, RLENGTH - 1)
    }' jailer.h | sort -u >"$w/declared"
  awk '$2 == "T" { print $3 }' "$w/symbols" | sort -u >"$w/defined"
  diff "$w/declared" "$w/defined" >"$tap_log" && [ -s "$w/declared" ]
  ok $? "what is declared is what is defined"

  compile -std=c99 -O1 -fno-stack-protector -c -o alloc.o alloc.c >"$tap_log" 2>&1
  ok $? "the allocator hook compiles"
  nm "$w/alloc.o" | grep -E ' U (malloc|calloc|realloc|free)$' >"$tap_log"
  [ $? = 1 ] && nm "$w/alloc.o" | grep -q ' U my_malloc$'
  ok $? "with the allocator hook nothing calls libc's allocator"
else
  skip "symbols" "nm is not installed"
fi
compile -std=c99 -c -o half.o alloc_half.c >"$tap_log" 2>&1
[ $? != 0 ] && grep -q '#error.*JAILER_MALLOC' "$tap_log"
ok $? "half an allocator hook is an error that says so"

for switch in $(grep -o 'JAILER_NO_[A-Z0-9_]*' jailer.h | sort -u); do
  row "$switch compiles" compile -std=c99 "-D$switch" -c -o no.o impl.c
  part=$(echo "${switch#JAILER_NO_}" | tr '[:upper:]' '[:lower:]')
  if have nm; then
    nm "$w/no.o" 2>/dev/null | grep "jailer_${part}_" >"$tap_log"
    [ $? = 1 ]
    ok $? "$switch leaves no jailer_${part}_ function"
  fi
done

# Without the disk image reader the rest still launches: the shortest example, as it is.
row "JAILER_NO_QCOW2: hello_jail builds" compile -std=gnu99 -DJAILER_NO_QCOW2 -o hello_no "$top/examples/hello_jail.c"
"$w/hello_no" 'test ! -e /home && echo "$0 jailed"; exit 7' >"$tap_log" 2>&1
[ $? = 7 ] && [ "$(cat "$tap_log")" = "/bin/sh jailed" ]
ok $? "JAILER_NO_QCOW2: and launches a jail"

# In that build the fences stand, and a box whose disk it could not check is not launched without it. The same program is
# built in full first: it must say the same, but for the disk.
source_file boxes.c <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
static char home[256], path[4][300];
static jailer_layout layout;
static jailer_config config;
static void say(const char *what) {
  jailer_error err;
  jailer_proc proc;
  jailer_status status = {0};
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_launch(&config, &proc, &err);
  if (code == JAILER_OK && (code = jailer_wait(&proc, 20000, &status, &err)) == JAILER_OK && status.exit_code != 7) code = JAILER_E_DIED;
  printf("%s: %s%s\n", what, jailer_code_name(code), code && !err.message[0] ? " without words" : "");
}
static void grant(const char *what, const char *name, jailer_access access) {
  const jailer_grant one = {name, NULL, access, false};
  config.grants = &one;
  config.grant_count = 1;
  say(what);
  config.grants = NULL;
  config.grant_count = 0;
}
int main(int argc, char **argv) {
  static const char *const names[] = {"bases", "bases/base", "beside", "trusted/below"};
  static const char *const sh[] = {"sh", "-c", "exit 7", NULL};
  static const char *roots[2];
  char disk[300], trusted[300];
  if (argc != 2 || !realpath(argv[1], home) || jailer_layout_init(&layout, home, "demo", NULL) || jailer_layout_prepare(&layout, 0, 0, NULL)) return 2;
  for (int i = 0; i < 4; i++) snprintf(path[i], sizeof path[i], "%s/%s", home, names[i]);
  snprintf(trusted, sizeof trusted, "%s/trusted", home);
  snprintf(disk, sizeof disk, "%s/boxes/demo/disks/disk.qcow2", home);
  mkdir(trusted, 0755), mkdir(path[2], 0777), mkdir(path[3], 0777);
  chmod(path[2], 0777), chmod(path[3], 0777); /* a root launcher's target is another user */
  FILE *f = fopen(path[1], "w");
  if (!f || fclose(f)) return 2;
  config.layout = &layout;
  config.shim = "/bin/sh";
  config.argv = sh;
  say("no disks");
  grant("bases", path[0], JAILER_READ);
  grant("a file of bases", path[1], JAILER_READ);
  grant("a file of bases, written", path[1], JAILER_WRITE);
  grant("beside, written", path[2], JAILER_WRITE);
  grant("below no root, written", path[3], JAILER_WRITE);
  roots[0] = trusted;
  config.trusted_roots = roots;
  grant("the trusted root", trusted, JAILER_READ);
  grant("below a trusted root, written", path[3], JAILER_WRITE);
  grant("beside with a trusted root, written", path[2], JAILER_WRITE);
  config.trusted_roots = NULL;
  f = fopen(disk, "w");
  if (!f || fclose(f)) return 2;
  say("a disk");
  unlink(disk);
  say("no disk again");
  char rootfs[320];
  snprintf(rootfs, sizeof rootfs, "%.*s/guest-rootfs.qcow2", (int)(strrchr(disk, '/') - disk), disk);
  f = fopen(rootfs, "w");
  if (!f || fclose(f)) return 2;
  say("a root disk");
  unlink(rootfs);
  return jailer_layout_remove(&layout, NULL) != JAILER_OK;
}
C
cat >"$w/boxes.want" <<'T'
no disks: OK
bases: E_CONFLICT
a file of bases: OK
a file of bases, written: E_CONFLICT
beside, written: OK
below no root, written: OK
the trusted root: E_CONFLICT
below a trusted root, written: E_CONFLICT
beside with a trusted root, written: OK
a disk: E_UNSUPPORTED
no disk again: OK
a root disk: E_UNSUPPORTED
T
chmod 755 "$w"
for build in JAILER_ALL JAILER_NO_QCOW2; do
  mkdir -p "$w/$build"
  row "$build: a program that launches boxes builds" compile -std=gnu99 "-D$build" -o "boxes_$build" boxes.c
  "$w/boxes_$build" "$w/$build" >"$w/boxes.$build" 2>&1
  status=$?
  if [ "$build" = JAILER_ALL ]; then # an empty file is no image
    sed 's/E_UNSUPPORTED/E_FORMAT/' "$w/boxes.want"
  else
    cat "$w/boxes.want"
  fi | diff - "$w/boxes.$build" >"$tap_log"
  [ $? = 0 ] && [ $status = 0 ]
  ok $? "$build: the fences of a box stand, and what becomes of its disk"
done

compile -std=c99 -M impl.c >"$w/includes" 2>"$tap_log"
tr ' ' '\n' <"$w/includes" | grep -E '/(stdio|assert|signal|pthread|unistd|syslog)\.h$' |
  grep -v /bits/ >"$tap_log"
[ $? = 1 ] && grep -q 'jailer\.h' "$w/includes"
ok $? "it includes neither stdio nor anything else with state"

row "the pure rooms compile where the system is unknown" compile -std=c99 -U__linux__ -c -o pure.o impl.c
if have nm; then
  nm "$w/pure.o" 2>/dev/null | awk -v allowed="$ALLOWED" '
    $1 == "U" && $2 !~ allowed && $2 != "__stack_chk_fail" { print; bad = 1 }
    END { exit bad || NR == 0 }' >"$tap_log"
  ok $? "and ask libc for no more there"
fi

# Every function that such a system gets instead of the real one is called there.
awk '/\/\/ >>public/ { public = 1 } public && /^#if JL_LINUX$/ { linux = 1 }
  (/^#else/ && linux) || (public && /^#if !JL_EFFECTS/) { inside = 1 }
  /^#endif .* JL_(LINUX|EFFECTS) / { linux = inside = 0 }
  inside && /^JAILER_API/ && match($0, /jailer_[a-z0-9_]*\(/) { print substr($0, RSTART, RLENGTH) }' jailer.h >"$w/stubs"
while read -r stub; do grep -qF "$stub" tests/test_stubs.c || echo "$stub is not called"; done <"$w/stubs" >"$tap_log"
[ ! -s "$tap_log" ] && [ -s "$w/stubs" ]
ok $? "tests/test_stubs.c calls every function of a system without effects"

# --- the house --------------------------------------------------------------------------------------------------------

awk '
  /\/\/ >>implementation/ { below = 1 }
  !below { next }
  /^static / { head = $0; line = NR; inside = 1 }
  inside && /[{=]/ { inside = 0 }
  inside && /;/ { print line ": " head; bad = 1; inside = 0 }
  END { exit bad || !below }' jailer.h >"$tap_log"
ok $? "no static prototypes below >>implementation"

# The rooms as STYLE has them. Siblings (bpf, sbpl, qcow2: writers and parsers) have tags of their own, so what stands
# between two of these is free; these stand in this order. A tag with a colon after it continues a room.
grep -n '// >>[a-z0-9_]*\( \|$\)' jailer.h | sed 's/^\([0-9]*\):.*\/\/ >>\([a-z0-9_]*\).*/\1 \2/' >"$w/tags"
order='config types api implementation platform base error tables layout plan sys probe files child parent'
awk -v order="$order" '
  BEGIN { n = split(order, want, " ") }
  { if (seen[$2]++) { print "twice: " $2; bad = 1 } at[$2] = NR }
  END {
    for (i = 1; i <= n; i++) {
      if (!(want[i] in at)) { print "missing: " want[i]; bad = 1; continue }
      if (at[want[i]] < last) { print "out of order: " want[i]; bad = 1 }
      last = at[want[i]]
    }
    exit bad
  }' "$w/tags" >"$tap_log"
ok $? "the rooms stand in the order of the house"

awk '/\/\/ >>config/ { exit } { print }' jailer.h >"$w/manual"
while read -r _ tag; do
  [ "$tag" = implementation ] || grep -qE ">>$tag([^a-z0-9_]|\$)" "$w/manual" || echo "the manual does not list >>$tag"
done <"$w/tags" >"$tap_log"
grep -o '>>[a-z0-9_]*' "$w/manual" | sed 's/>>//' | sort -u | while read -r tag; do
  grep -q " $tag\$" "$w/tags" || echo "the manual lists >>$tag, which is not there"
done >>"$tap_log"
[ ! -s "$tap_log" ] && [ -s "$w/tags" ]
ok $? "the manual's map and the rooms agree"

# Between >>base and >>sys there is no platform test and no errno of the thread.
awk '
  /\/\/ >>base/ { pure = 1 }
  /\/\/ >>sys/ { pure = 0 }
  pure && /^#[ ]*(if|ifdef|ifndef|elif)/ && !/JAILER_NO_/ { print NR ": " $0; bad = 1 }
  pure && /(^|[^a-z_])errno([^a-z_]|$)/ && !/^ *(\/\*|\*)/ && !/\/\*.*errno/ { print NR ": " $0; bad = 1 }
  pure && /jl_sys_/ && !/^ *(\/\*|\*)/ && !/\/\*.*jl_sys_/ { print NR ": " $0; bad = 1 }
  END { exit bad }' jailer.h >"$tap_log"
ok $? "the pure rooms have no #if, no errno and no system call"

# From the line with the name to the closing brace; no exceptions are listed, because there are none.
awk -v most=60 '
  /^[a-zA-Z].*\(/ && !/;$/ && !/= *\{/ { start = NR; name = $0 }
  /^\}/ {
    if (start) seen++
    if (start && NR - start + 1 > most) { print start ": " NR - start + 1 " lines: " name; bad = 1 }
    start = 0
  }
  END { exit bad || seen < 300 }' jailer.h >"$tap_log"
ok $? "no function is longer than 60 lines"

awk 'length($0) > 120 { print FILENAME ":" FNR ": " length($0) " columns"; bad = 1 } /[ \t]$/ { print FILENAME ":" FNR
  ": ends in a space"; bad = 1 } /\t/ { print FILENAME ":" FNR ": has a tab"; bad = 1 } END { exit bad }' \
  jailer.h >"$tap_log"
ok $? "lines are at most 120 columns, without tabs or trailing blanks"

[ "$version" = "$(number MAJOR).$(number MINOR).$(number PATCH)" ]
ok $? "JAILER_VERSION is its three numbers ($version)"
awk '/\/\/ >>history/ { inside = 1 } inside { print }' jailer.h | grep -qF "$version"
ok $? "the history has an entry for $version"
grep -noE 'jail(er\.h)? v?[0-9]+\.[0-9]+\.[0-9]+' README.md jailer.h 2>/dev/null | grep -vF " $version" >"$tap_log"
[ ! -s "$tap_log" ]
ok $? "no page claims another version of jailer.h"

# --- the tree around it -----------------------------------------------------------------------------------------------

for file in examples/*.c tests/test_*.c tests/probe*.c tests/fuzz/*.c tests/bench/*.c tests/test_*.sh; do
  [ -e "$file" ] || continue
  grep -qF "$file" Makefile || echo "$file is not in the Makefile"
done >"$tap_log"
[ ! -s "$tap_log" ]
ok $? "the Makefile knows every program and test"

# Each example opens with what it demonstrates and with the one line that builds it; that line is run as it is written.
for example in examples/*.c; do
  name=${example##*/}
  head -n 3 "$example" | grep -q 'Demonstrates'
  ok $? "$name says what it demonstrates"
  command=$(sed -n '1,40s/^[ /*]*\(cc .*'"$name"'.*\)$/\1/p' "$example" | sed 's/ *\*\/$//' | head -n 1)
  rm -rf "$w/tree"
  mkdir "$w/tree"
  cp -R jailer.h examples "$w/tree/"
  if [ -n "$command" ]; then
    (cd "$w/tree" && sh -c "$command") >"$tap_log" 2>&1
    ok $? "$name builds by its own line: $command"
  else
    ok 1 "$name builds by its own line: it has none that begins with cc"
  fi
done

if [ -f README.md ]; then
  awk '/^```c$/ { inside = 1; text = ""; next }
    /^```$/ { if (inside && text ~ /int main/) { printf "%s", text; exit } inside = 0; next }
    inside { text = text $0 "\n" }' README.md >"$w/readme.c"
  if [ -s "$w/readme.c" ]; then
    row "the program in README.md compiles" compile -std=gnu99 -o readme readme.c
    "$w/readme" >"$w/readme.out" 2>"$tap_log"
    status=$?
    cat "$w/readme.out" >>"$tap_log"
    [ $status = 0 ] && grep -q '^uid=' "$w/readme.out" && grep -q ' usr$' "$w/readme.out" &&
      ! grep -qE ' (home|root|boot)$' "$w/readme.out" && [ "$(tail -n 1 "$w/readme.out")" = "hello from the jail" ]
    ok $? "the program in README.md runs, says what its page says, and ends with 0"
    sed 's/echo hello from the jail/exit 7/' "$w/readme.c" >"$w/readme7.c"
    compile -std=gnu99 -o readme7 readme7.c >"$tap_log" 2>&1 && "$w/readme7" >"$tap_log" 2>&1
    [ $? = 7 ]
    ok $? "and with its target's exit code where that is 7"
  else
    ok 1 "README.md has a complete program in a \`\`\`c block"
  fi
fi

tap_done
