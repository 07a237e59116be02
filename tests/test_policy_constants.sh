#!/bin/sh
# The constants that a policy can name, against the headers of three machines: each is compared with the kernel's and
# with libc's, at compile time, so that no machine has to be there to run anything. The machine of $CC is one of them.
set -u
. tests/tap.sh
linux_only
: "${CC:=cc}"
w=$tap_dir

# Headers of Linux 6.1 know about 2020 for each machine; what came later is compared where the headers are newer.
FLOOR=1950
# Not asked of libc: O_LARGEFILE is 0 there, for it is the kernel that sets it; riscv64's kernel has no such requests of
# ptrace; and the structures of these calls are in headers of the kernel that libc's do not go with.
NOT_OF_LIBC='O_LARGEFILE|PTRACE_[GS]ET(FP|FPX)?REGS|TC[GS]ETS[WF]?2|TIOC[GS](ISO7816|RS485)'

# --- the text ---------------------------------------------------------------------------------------------------------

# Prints each name with its value for each machine, in the order of jl_arch, and fails where the text is not in form.
cat >"$w/list.c" <<'C'
#define JAILER_IMPLEMENTATION
#include "jailer.h"
#include <stdio.h>
static const char *number(const char *p) {
  if (*p == '-' && strchr(" /", p[1])) return p + 1;
  p += *p == '-';
  const char *digits = p[0] == '0' && p[1] == 'x' ? "0123456789abcdef" : p[0] == '0' ? "01234567" : "0123456789";
  if (p[0] == '0' && p[1] == 'x') p += 2;
  const size_t n = strspn(p, digits);
  return n > 0 && (n == 1 || digits[8] == '8' || p[1] != '8') ? p + n : NULL;
}
int main(void) {
  for (size_t i = 0; i < sizeof jl_const_values / sizeof jl_const_values[0]; i++) {
    const char *p = jl_const_values[i];
    if (strlen(p) > 4095) return printf("string %zu is longer than C99 allows\n", i), 1;
    while (*p) {
      const char *name = p + 1, *after = name;
      if (*p == ' ') after += strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
      const size_t n = (size_t)(after - name);
      unsigned columns = 0;
      if (n == 0 || n > JL_CONST_NAME_MAX || *after != ' ') return printf("at '%.40s'\n", p), 1;
      do {
        p = number(after + 1);
        if (!p || !strchr(" /", *p)) return printf("at '%.40s'\n", name), 1;
        after = p;
        columns++;
      } while (*p == '/');
      if (columns != 1 && columns != JL_ARCH_COUNT) return printf("at '%.40s'\n", name), 1;
      printf("%.*s", (int)n, name);
      for (int arch = 0; arch < JL_ARCH_COUNT; arch++) {
        uint64_t value;
        if (jl_const_value(name, n, (jl_arch)arch, &value)) printf(" 0x%llx", (unsigned long long)value);
        else printf(" -");
      }
      printf("\n");
    }
  }
  for (uint32_t i = 0; i < 4096; i++)
    if (jl_const_errno_name(i)) printf("%s %u %u %u\n", jl_const_errno_name(i), i, i, i);
  for (size_t i = 0; i < sizeof jl_const_errno_aliases / sizeof jl_const_errno_aliases[0]; i++) {
    const unsigned n = jl_const_errno_aliases[i].number;
    printf("%s %u %u %u\n", jl_const_errno_aliases[i].name, n, n, n);
  }
  return JL_ARCH_X86_64 != 0 || JL_ARCH_AARCH64 != 1 || JL_ARCH_RISCV64 != 2 || JL_ARCH_COUNT != 3;
}
C
# shellcheck disable=SC2086 # CC may carry flags
row "the constants can be listed" $CC -std=gnu99 -I. -o "$w/list" "$w/list.c"
"$w/list" >"$w/names"
status=$?
[ $status = 0 ] || tail -n 1 "$w/names" >"$tap_log"
ok $status "each is a name with a value, or one for each machine"
sort "$w/names" | awk '$1 == last { print $1; bad = 1 } { last = $1 } END { exit bad || NR < 2000 }' >"$tap_log"
ok $? "no name is there twice"
awk '{ for (i = 2; i < 5; i++) if ($i != "-") next; print; bad = 1 } END { exit bad }' "$w/names" >"$tap_log"
ok $? "none is there that no machine knows"

# --- the headers ------------------------------------------------------------------------------------------------------

# One line is one translation unit: the headers of the kernel and of libc define some things twice.
cat >"$w/headers" <<T
kernel asm/errno.h linux/fcntl.h linux/mman.h linux/mempolicy.h linux/memfd.h linux/sched.h linux/prctl.h \
  linux/futex.h linux/stat.h linux/random.h linux/falloc.h linux/fadvise.h linux/membarrier.h linux/personality.h \
  linux/mount.h linux/openat2.h linux/close_range.h linux/kcmp.h linux/ptrace.h linux/capability.h \
  linux/securebits.h linux/reboot.h linux/keyctl.h linux/bpf.h linux/perf_event.h linux/userfaultfd.h \
  linux/pidfd.h linux/nsfs.h linux/ioprio.h linux/rseq.h linux/seccomp.h linux/landlock.h linux/wait.h \
  linux/xattr.h linux/eventpoll.h linux/eventfd.h linux/signalfd.h linux/timerfd.h linux/inotify.h asm/prctl.h
kernel linux/fcntl.h linux/serial.h linux/signal.h linux/time.h linux/resource.h linux/ipc.h linux/sem.h \
  linux/shm.h linux/msg.h asm/ioctls.h asm/termbits.h linux/termios.h linux/fscrypt.h linux/fsverity.h \
  linux/fiemap.h linux/fs.h linux/blkzoned.h linux/blkpg.h linux/loop.h linux/fd.h linux/dma-buf.h linux/udmabuf.h \
  linux/kvm.h linux/vhost.h linux/vfio.h linux/iommufd.h
kernel linux/fcntl.h linux/serial.h asm/ioctls.h asm/termbits.h asm/socket.h linux/socket.h linux/sockios.h \
  linux/in.h linux/in6.h linux/tcp.h linux/udp.h linux/netlink.h linux/can.h linux/if_tun.h
kernel sys/socket.h linux/vm_sockets.h
libc errno.h fcntl.h signal.h sys/socket.h netinet/in.h netinet/tcp.h netinet/udp.h sys/stat.h sys/mman.h \
  sys/resource.h sys/wait.h sys/epoll.h sys/eventfd.h sys/signalfd.h sys/timerfd.h sys/inotify.h sys/random.h \
  sys/ioctl.h sys/mount.h sys/prctl.h sched.h time.h sys/time.h sys/file.h unistd.h sys/personality.h sys/ipc.h \
  sys/sem.h sys/shm.h sys/msg.h sys/ptrace.h sys/uio.h sys/reboot.h sys/xattr.h termios.h stdio.h
T

# compare MACHINE COLUMN COMMAND...: two rows.
compare() {
  machine=$1 column=$2
  shift 2
  if ! echo '#include <linux/kvm.h>' | "$@" -E -x c - >"$tap_log" 2>&1; then
    skip "$machine: the constants and the headers" "$1 finds no headers of the kernel"
    return
  fi
  : >"$w/compared"
  failed=0
  while read -r kind headers; do
    {
      printf "#define _GNU_SOURCE\n#include <stddef.h>\n"
      for header in $headers; do printf '#if __has_include(<%s>)\n#include <%s>\n#endif\n' "$header" "$header"; done
    } >"$w/unit.h"
    # What these headers know: macros, and enumerators, which stand at the beginning of a line or behind a comma.
    if ! "$@" -E -dD -x c "$w/unit.h" >"$w/unit.i" 2>"$tap_log"; then
      failed=1
      break
    fi
    awk '/^#define / { print $2; next }
      /^#/ { next }
      { gsub(/[{,]/, "\n"); n = split($0, part, "\n")
        for (i = 1; i <= n; i++) if (match(part[i], /^[ \t]*[A-Z_][A-Z0-9_]*[ \t]*(=|$)/)) {
          sub(/^[ \t]*/, "", part[i]); sub(/[ \t=].*$/, "", part[i]); print part[i] } }' "$w/unit.i" |
      sort -u >"$w/known"
    awk -v column="$((column + 2))" -v kind="$kind" -v without="^($NOT_OF_LIBC)\$" '
      FNR == NR { known[$1] = 1; next }
      $column != "-" && ($1 in known) && !(kind == "libc" && $1 ~ without) { print "SAME(" $1 ", " $column "ULL)" }' \
      "$w/known" "$w/names" >"$w/same"
    {
      cat "$w/unit.h"
      echo '#define SAME(name, value) _Static_assert((unsigned long long)(name) == value, #name);'
      cat "$w/same"
    } >"$w/unit.c"
    sed 's/SAME(\([^,]*\),.*/\1/' "$w/same" >>"$w/compared"
    if ! "$@" -w -fsyntax-only "$w/unit.c" >"$w/errors" 2>&1; then
      failed=1
      grep error "$w/errors" >"$tap_log"
      break
    fi
  done <"$w/headers"
  ok $failed "$machine: every constant has the value of the headers"
  sort -u "$w/compared" | awk 'FNR == NR { seen[$1] = 1; next } $column != "-" && !($1 in seen) { print $1 }' \
    column="$((column + 2))" - "$w/names" >"$w/unseen"
  n=$(sort -u "$w/compared" | wc -l)
  echo "compared: $n. Not known to these headers: $(tr '\n' ' ' <"$w/unseen")" >"$tap_log"
  [ -z "${SHOW:-}" ] || cut -c1-6000 "$tap_log"
  [ "$n" -ge "$FLOOR" ]
  ok $? "$machine: at least $FLOOR were compared"
}

# shellcheck disable=SC2086 # CC may carry flags
for machine in x86_64 aarch64 riscv64; do
  case $machine in x86_64) column=0 ;; aarch64) column=1 ;; *) column=2 ;; esac
  include=/usr/$machine-linux-gnu/include
  if [ "$(uname -m)" = $machine ]; then
    compare $machine $column $CC
  elif have $machine-linux-gnu-gcc; then
    compare $machine $column $machine-linux-gnu-gcc
  elif have clang && [ -d "$include/linux" ]; then
    compare $machine $column clang --target=$machine-linux-gnu -nostdlibinc -isystem "$include"
  else
    skip "$machine: the constants and the headers" "no cross compiler or no headers (libc6-dev-*-cross) for $machine"
  fi
done

tap_done
