#!/bin/sh
# run.sh [ARCH=VMLINUZ]...: boots other kernels and runs the project's test programs in them, as root and as an ordinary
# user, on x86-64 and arm64. TAP, for `make kernels`. ARCH is x86-64 or arm64; the file's name has to hold the version.
#
# Without arguments the kernels are Debian's, from the mirror that this machine's apt uses; nothing is installed. They run
# in QEMU's emulator, without KVM, KERNEL_JOBS (2) at a time. The machine's root is made of static programs, one dynamic one
# and a busybox. Beside this file: jobs, what runs there; init.c, the first process there, which runs it; test_host.c, a test
# program that only makes sense there. What a machine said stays in $JAILER_BUILD/kernels/boots.
# Needs qemu-system-x86, qemu-system-arm, cpio, apt-get, and the other architecture's cross compiler.
set -u
here=$(dirname "$0")
build=${JAILER_BUILD:-build}
mkdir -p "$build/kernels" && work=$(cd "$build/kernels" && pwd) || exit 1
unset MAKEFLAGS MFLAGS

# Whether it is an error when the mirror has none, who does the heavy jobs, architecture, suite, the package that depends
# on the newest kernel of its kind.
debian_kernels='
must 0    x86-64 bookworm linux-image-cloud-amd64
must 1000 x86-64 bookworm linux-image-6.12-cloud-amd64
must 1000 arm64  bookworm linux-image-cloud-arm64
must 0    arm64  bookworm linux-image-6.12-cloud-arm64
may  0    x86-64 bullseye linux-image-cloud-amd64
may  1000 x86-64 forky    linux-image-cloud-amd64
'

# The Landlock ABI of a kernel, by the version that brought it; "11+": newer than this table, so 11 or more.
landlock_abi() {
  echo "$1" | awk -F. '{
    split("5.13 5.19 6.2 6.7 6.10 6.12 6.15 7.0 7.1 7.2 7.3", brought, " ")
    for (n = 0; n < 11; n++) {
      split(brought[n + 1], v, ".")
      if ($1 + 0 < v[1] + 0 || ($1 + 0 == v[1] + 0 && $2 + 0 < v[2] + 0)) break
    }
    print n ($1 > 7 || ($1 == 7 && $2 > 3) ? "+" : "")
  }'
}

# A row of a test program that may be skipped there, for want of what only a whole system has.
may_skip='^(cc|bash|perl|python3|git|node|libseccomp|qemu-img|bwrap|as or objcopy for x86-64|aarch64-linux-gnu-as|guile-3[.]0) is not installed$'

# --- one boot: `run.sh --boot NAME` ------------------------------------------------------------------------------------
# $work/boots/NAME/boot describes it: architecture, kind, heavy, version, ABI, kernel. The results are files beside that one;
# the last to appear is `ended`, with what init left as exit status (0) and the seconds it took.

boot() {
  at=$work/boots/$1
  read -r arch kind heavy version abi kernel <"$at/boot"
  append="panic=-1 quiet mitigations=off kind=$kind heavy=$heavy version=$version abi=$abi"
  [ "$kind" != off ] || append="$append lsm=capability apparmor=0"
  set -- -accel tcg -m 768 -smp 1 -nodefaults -no-user-config -display none -no-reboot -kernel "$kernel" \
    -initrd "$work/$arch/initrd" -serial "file:$at/console"
  began=$(date +%s)
  case $arch in
  x86-64)
    timeout 1200 qemu-system-x86_64 -M pc -cpu max "$@" -append "console=ttyS0 $append" -serial "file:$at/result" \
      -device isa-debug-exit,iobase=0xf4,iosize=4
    status=$(($? - 1)) # the exit port makes 2 * 0 + 1 of 0
    ;;
  arm64) # of all processors the quickest to emulate: it can drop a range of the TLB, and what is slow is off
    arm_cpu=max,pauth=off,sve=off,sme=off
    timeout 1200 qemu-system-aarch64 -M virt -cpu "$arm_cpu" "$@" -append "console=ttyAMA0 $append" \
      -chardev "file,id=result,path=$at/result" -device pci-serial,chardev=result
    status=$?
    ;;
  esac >"$at/qemu" 2>&1
  echo "$status $(($(date +%s) - began))" >"$at/ended.new"
  mv "$at/ended.new" "$at/ended"
}

if [ "${1:-}" = --boot ]; then
  boot "$2"
  exit 0
fi

# shellcheck source=tests/tap.sh
. tests/tap.sh

# --- kernels and a busybox: Debian's -----------------------------------------------------------------------------------

debian_arch() { case $1 in x86-64) echo amd64 ;; *) echo "$1" ;; esac; }

# debian ARCH SUITE COMMAND...: an apt that knows one suite for one architecture, with a state and a cache of its own. The
# mirror is that of this machine's sources.
debian() {
  debian_state=$work/cache/apt-$1-$2 debian_suite=$2
  set -- "$(debian_arch "$1")" "$@"
  if [ ! -d "$debian_state" ]; then
    mkdir -p "$debian_state/lists/partial" "$debian_state/archives/partial"
    : >"$debian_state/status"
    # shellcheck disable=SC2016 # these are apt's
    apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
      awk -v codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")" -v suite="$debian_suite" \
        -v key="$(dpkg -L debian-archive-keyring 2>/dev/null | grep '/debian-archive-keyring\.gpg$')" '
        $3 == "main" && ($2 == codename || $2 == codename "-updates" || $2 == codename "-security") {
          print "deb " (key == "" ? "" : "[signed-by=" key "] ") $1 " " suite substr($2, length(codename) + 1) " main"
        }' | sort -u >"$debian_state/sources.list"
    apt_with "$1" apt-get -qq update # some sources of a suite may be missing; what counts is whether the kernel is there
  fi
  debian_for=$1
  shift 3
  apt_with "$debian_for" "$@"
}

apt_with() {
  apt_arch=$1 apt_program=$2
  shift 2
  "$apt_program" -o "APT::Architecture=$apt_arch" -o "APT::Architectures::=$apt_arch" -o APT::Sandbox::User=root \
    -o "Dir::Etc::SourceList=$debian_state/sources.list" -o Dir::Etc::SourceParts=- -o "Dir::State=$debian_state" \
    -o "Dir::State::status=$debian_state/status" -o "Dir::Cache=$debian_state" -o Acquire::Retries=3 "$@"
}

# take ARCH SUITE PACKAGE PATTERN FILE: FILE becomes the file of the package whose path matches PATTERN.
take() {
  [ ! -s "$5" ] || return 0
  rm -rf "$work/cache/taken"
  mkdir -p "$work/cache/taken"
  (cd "$work/cache/taken" && debian "$1" "$2" apt-get -qq download "$3" && dpkg-deb --fsys-tarfile ./*.deb | tar -xf - \
    --wildcards "$4" && find . -path "$4" -type f -exec mv {} "$5" \;) && rm -rf "$work/cache/taken" && [ -s "$5" ]
}

# debian_kernel NEED ARCH SUITE PACKAGE: a kernel of the list above into the cache and among the boots. Newer packages
# have the file in one of their own.
debian_kernel() {
  mkdir -p "$work/cache"
  name=$(debian "$2" "$3" apt-cache depends "$4" 2>"$tap_log" | sed -n 's/.*Depends: linux-image-\([0-9]\)/\1/p' | head -n 1)
  file=$work/cache/vmlinuz-${name:-none}
  if [ -n "$name" ] && { take "$2" "$3" "linux-image-$name" '*/vmlinuz*' "$file" ||
    take "$2" "$3" "linux-binary-$name" '*/vmlinuz*' "$file"; } >>"$tap_log" 2>&1; then
    kernel "$2" "$file"
  else
    rm -rf "$work/cache/apt-$2-$3"
    if [ "$1" = may ]; then echo "# left out: $2, $4 of $3: not to be had from this machine's mirror"; fi
    if [ "$1" = must ]; then ok 1 "$2: $4 of $3 is to be had"; fi
  fi
  : >"$tap_log"
}

# kernel ARCH VMLINUZ: its boots; $heavy does the heavy jobs. 5.13 is the oldest that can do all.
kernel() {
  version=$(basename "$2" | sed -n 's/^[^0-9]*\([0-9][0-9]*\.[0-9][0-9]*\).*/\1/p')
  case $1:$version in
  x86-64:?* | arm64:?*) ;;
  *) echo "$1=$2: not x86-64 or arm64, or there is no version in the file's name" >"$tap_log" && ok 1 "$2" && return ;;
  esac
  case " $arches " in *" $1 "*) ;; *) arches="$arches $1" ;; esac
  abi=$(landlock_abi "$version")
  if [ "$abi" = 0 ]; then
    add_boot "$1" "$2" old "$heavy"
  else
    add_boot "$1" "$2" full "$heavy"
    add_boot "$1" "$2" off "$heavy"
  fi
}

add_boot() {
  boots="$boots $((${boots##* } + 1))"
  mkdir -p "$work/boots/${boots##* }"
  echo "$1 $3 $4 $version $abi $2" >"$work/boots/${boots##* }/boot"
}

# --- what a machine starts with ----------------------------------------------------------------------------------------

compiler() {
  gnu=x86_64
  [ "$1" = x86-64 ] || gnu=aarch64
  if [ "$(uname -m)" = $gnu ]; then echo "${CC:-cc}"; else echo $gnu-linux-gnu-gcc; fi
}

programs() {
  awk '!/^#/ { for (i = 1; i <= NF; i++) if (sub("^build/", "", $i) && $i != "test_host") print $i }' "$here/jobs" | sort -u
  printf '%s\n' shim hello_jail jail # test_box and test_reporter run them
  for probe in tests/probe_*.c; do basename "$probe" .c; done
}

build_programs() {
  # shellcheck disable=SC2046 # words
  ${MAKE:-make} -s -j2 BUILD="$work/$1/build" CC="$2" LDFLAGS=-static $(programs | sed "s|^|$work/$1/build/|") &&
    "$2" -std=gnu99 -O1 -g -Wall -Wextra -Werror -static -o "$work/$1/build/test_host" "$here/test_host.c" &&
    "$2" -std=gnu99 -O2 -Wall -Wextra -Werror -static -o "$work/$1/init" "$here/init.c" &&
    "$2" -o "$work/$1/true" tests/bench/noop.c # dynamic
}

# The root, below payload/ as init.c wants it: /usr in one piece, the C library where a loader looks for it at last.
build_root() {
  root=$work/$1/root
  payload=$root/payload
  rm -rf "$root"
  mkdir -p "$root/new" "$payload/usr/bin" "$payload/usr/sbin" "$payload/usr/lib" "$payload/usr/lib64" "$payload/etc" \
    "$payload/root" "$payload/home" "$payload/var" "$payload/mnt" "$payload/srv" "$payload/jailer/build" || return 1
  for name in bin sbin lib lib64; do ln -s usr/$name "$payload/$name" || return 1; done
  chmod 700 "$payload/root"
  printf 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home:/bin/sh\n' >"$payload/etc/passwd"
  printf 'root:x:0:\nuser:x:1000:\n' >"$payload/etc/group"
  printf 'root:*:1:0:99999:7:::\n' >"$payload/etc/shadow"
  chmod 640 "$payload/etc/shadow"
  printf '127.0.0.1 localhost\n' >"$payload/etc/hosts"
  loader=$(LC_ALL=C readelf -l "$work/$1/true" | sed -n 's/.*program interpreter: \(.*\)]/\1/p')
  cp "$work/cache/busybox-$1" "$payload/usr/bin/busybox" && chmod 755 "$payload/usr/bin/busybox" &&
    cp "$work/$1/true" "$payload/usr/bin/true" &&
    cp -L "$("$2" -print-file-name=libc.so.6)" "$payload/usr/lib/libc.so.6" &&
    cp -L "$("$2" -print-file-name="${loader##*/}")" "$payload/usr$loader" && chmod 755 "$payload/usr$loader" &&
    for name in test_host $(programs); do cp "$work/$1/build/$name" "$payload/jailer/build/" || return 1; done &&
    cp "$here/jobs" "$payload/jobs" && cp "$work/$1/init" "$root/init" &&
    (cd "$root" && find . | cpio -o -H newc --quiet -R 0:0) >"$work/$1/initrd"
}

# Whether the machine for an architecture can be made; a row for each step, a skip for each tool.
prepare() {
  with=$(compiler "$1")
  emulator=qemu-system-x86_64
  [ "$1" = x86-64 ] || emulator=qemu-system-aarch64
  for tool in "$with" "$emulator" cpio readelf timeout; do
    have "$tool" || { skip "$1" "$tool is not installed" && return 1; }
  done
  mkdir -p "$work/$1" "$work/cache"
  failed=$tap_failures # so far
  row "$1: the programs build, static" build_programs "$1" "$with"
  row "$1: a busybox" take "$1" bookworm busybox-static '*/bin/busybox' "$work/cache/busybox-$1"
  row "$1: the initial root" build_root "$1" "$with"
  [ "$failed" = "$tap_failures" ]
}

# --- the verdict -------------------------------------------------------------------------------------------------------

# The result port's text as lines "good|bad NAME" and "# ..." for what is to be told about it, before it. A program that
# prints TAP is good when it ends with 0, its plan is what it ran, no row failed and none was skipped but as allowed.
verdicts() {
  awk -v may_skip="$may_skip" '
    { sub(/\r$/, "") }
    $1 == "job" { bad = told = skipped = failed = 0; plan = -1; began = 1; next }
    $1 == "end" {
      rows = $4 + skipped + failed
      if ($6 != 0) complain("its end: " $6 " " $7)
      if ($2 ~ /^test_/ && (plan < 1 || plan != rows)) complain("planned " plan " rows, ran " rows)
      if (bad) for (i = 0; i < told; i++) print "# " text[i]
      print (bad ? "bad " : "good ") ($3 ? "uid " $3 : "root") ": " $2 ($2 ~ /^test_/ ? ", " rows " rows" : "") \
        (skipped ? ", " skipped " of them skipped" : "") ", " $5 " ms"
      began = 0
      next
    }
    $1 == "done" { done = 1; next }
    { sub(/^\| /, ""); if (told < 60) text[told++] = $0 }
    /^1\.\.[0-9]+$/ { plan = substr($0, 4) + 0 }
    /^not ok / { failed++; bad = 1 }
    /^ok / {
      skipped++
      reason = $0
      sub(/.*# *[Ss][Kk][Ii][Pp] */, "", reason)
      print "# skipped there: " $0
      if (reason !~ may_skip) complain("skipped for a reason that is not allowed: " reason)
    }
    function complain(why) { bad = 1; if (told < 60) text[told++] = why }
    END { exit !(done && !began) }' "$1"
}

judge() {
  at=$work/boots/$1
  read -r arch kind heavy version abi kernel <"$at/boot"
  title="$arch $version"
  [ "$kind" != off ] || title="$title, lsm=capability"
  status=none seconds=0
  [ ! -e "$at/ended" ] || read -r status seconds <"$at/ended"
  tap_say() { # the verdicts as rows; a subshell would lose the count
    while IFS= read -r line; do
      case $line in
      good*) ok 0 "$title, ${line#good }" ;;
      bad*) ok 1 "$title, ${line#bad }" ;;
      *) echo "$line" ;;
      esac
    done
  }
  : >>"$at/result"
  verdicts "$at/result" >"$at/verdicts"
  complete=$?
  tap_say <"$at/verdicts"
  : >"$tap_log"
  if [ "$complete" != 0 ] || [ "$status" != 0 ]; then
    {
      echo "exit status $status; the last words on the console and the result port:"
      cat "$at/qemu"
      grep -a '^init: \|Kernel panic' "$at/console"
      tail -n 20 "$at/console"
      tail -n 5 "$at/result"
    } >"$tap_log" 2>&1
  fi
  [ "$complete" = 0 ] && [ "$status" = 0 ]
  ok $? "$title ($(basename "$kernel")): boots, runs its jobs and ends, $seconds s"
}

# --- all of it ---------------------------------------------------------------------------------------------------------

boots=0 arches=
rm -rf "$work/boots"
heavy=0,1000
for argument; do kernel "${argument%%=*}" "${argument#*=}"; done
if [ $# = 0 ]; then
  if have apt-get && have dpkg-deb; then
    while read -r need heavy arch suite package; do
      [ -z "$need" ] || debian_kernel "$need" "$arch" "$suite" "$package"
    done <<KERNELS
$debian_kernels
KERNELS
  else
    skip "Debian's kernels" "apt-get is not installed"
  fi
fi

ready=
for arch in $arches; do prepare "$arch" && ready="$ready $arch"; done
run=
for number in ${boots#0}; do
  read -r arch rest <"$work/boots/$number/boot"
  case " $ready " in *" $arch "*) run="$run $number" ;; esac
done
if [ -n "$run" ]; then
  # shellcheck disable=SC2086 # numbers
  printf '%s\n' $run | xargs -P "${KERNEL_JOBS:-2}" -n 1 sh "$0" --boot &
  machines=$!
  for number in $run; do
    while [ ! -e "$work/boots/$number/ended" ] && kill -0 $machines 2>/dev/null; do sleep 0.2; done
    judge "$number"
  done
fi
[ "$tap_count" != 0 ] || ok 1 "there is a kernel to boot"
tap_done
