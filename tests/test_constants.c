/* test_constants.c: the header brings its own names for the kernel's numbers, so that it builds with old headers. Here they
 * are compared with the headers of this machine, as far as those know them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<linux/landlock.h>)
#include <linux/landlock.h>
#endif
#if __has_include(<linux/openat2.h>)
#include <linux/openat2.h>
#endif
#endif

#include "tap.h"

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

struct row {
  const char *name;
  long long ours, theirs;
};

#define SAME(ours, theirs) {#theirs, (long long)(ours), (long long)(theirs)},
#define NR(name) {"SYS_" #name, JL_NR_##name, SYS_##name},

static bool is(jl_arch arch, const char *name, unsigned long long want) {
  uint64_t value = ~(uint64_t)want;
  return jl_const_value(name, strlen(name), arch, &value) && value == want;
}

/* Not known, and the value is left alone. */
static bool unknown(jl_arch arch, const char *name, size_t n) {
  uint64_t value = 0x5eed;
  return !jl_const_value(name, n, arch, &value) && value == 0x5eed;
}

/* The names that a policy may use; their values are compared with the headers in tests/test_policy_constants.sh. */
static void test_names(void) {
  const jl_arch x86 = JL_ARCH_X86_64, arm = JL_ARCH_AARCH64, riscv = JL_ARCH_RISCV64;
  OK(is(x86, "O_DIRECT", 0x4000) && is(arm, "O_DIRECT", 0x10000) && is(riscv, "O_DIRECT", 0x4000) &&
         is(x86, "O_TMPFILE", 0x410000) && is(arm, "O_TMPFILE", 0x404000),
     "a name has the value of its machine");
  OK(is(x86, "ARCH_SET_FS", 0x1002) && unknown(arm, "ARCH_SET_FS", 11) && unknown(riscv, "ARCH_SET_FS", 11) &&
         is(arm, "PROT_BTI", 0x10) && unknown(x86, "PROT_BTI", 8) && unknown(riscv, "PROT_BTI", 8) &&
         unknown((jl_arch)JL_ARCH_COUNT, "O_RDONLY", 8),
     "and none where the machine does not know it");
  OK(is(arm, "AT_FDCWD", (uint64_t)-100) && is(arm, "S_IRWXU", 0700) && is(riscv, "S_IXOTH", 1) &&
         is(x86, "CLONE_INTO_CGROUP", 0x200000000) && is(x86, "RLIM_INFINITY", UINT64_MAX) &&
         is(x86, "KVM_RUN", 0xae80),
     "negative, octal, wide and hexadecimal values are read as they are written");
  OK(is(x86, "O_ACCMODE", 3) && is(x86, "MADV_GUARD_REMOVE", 103) && is(x86, "ARCH_SHSTK_STATUS", 0x5005) &&
         is(x86, "PR_CAPBSET_DROP", 24) && is(x86, "PR_SET_NAME", 15) && is(x86, "UFFD_USER_MODE_ONLY", 1),
     "the first and the last name of the text and of groups are found");

  uint64_t value = 0;
  OK(jl_const_value("O_WRONLY|O_CREAT", 8, x86, &value) && value == 1, "a name ends where the caller says");
  OK(unknown(x86, "", 0) && unknown(x86, NULL, 0) && unknown(x86, "O_RD", 4) && unknown(x86, "RDONLY", 6) &&
         unknown(x86, "o_rdonly", 8) && unknown(x86, "O_RDONLY ", 9) && unknown(x86, " O_RDONLY", 9) &&
         unknown(x86, "O_RDONLY\0X", 10) && unknown(x86, "O_ACCMODE 3 O_RDONLY", 20) && unknown(x86, "EPERM", 5) &&
         unknown(x86, "SIGRTMIN", 8),
     "no part of a name, no two names, no errno");
  OK(unknown(x86, "3", 1) && unknown(x86, "0x40", 4) && unknown(x86, "-", 1) && unknown(x86, "0x1002/-/-", 10),
     "and no value is a name");
  char longest[JL_CONST_NAME_MAX + 2];
  memset(longest, 'A', sizeof longest);
  OK(unknown(x86, longest, JL_CONST_NAME_MAX) && unknown(x86, longest, sizeof longest) &&
         unknown(x86, longest, SIZE_MAX),
     "nor what is longer than any");

  /* What published policies of virtual machine monitors and of system services name. */
  static const char used[] =
      "PR_SET_NAME AF_UNIX PROT_EXEC PROT_READ PROT_WRITE PROT_NONE CLONE_THREAD MADV_REMOVE MADV_MERGEABLE "
      "MADV_GUARD_REMOVE MADV_GUARD_INSTALL MADV_DONTNEED MADV_DONTDUMP PR_SET_PDEATHSIG SIGABRT MADV_FREE "
      "SOCK_CLOEXEC PR_SET_SECUREBITS FIOCLEX PR_SET_VMA PR_GET_SECUREBITS MADV_HUGEPAGE F_SETFD F_GETFD "
      "F_DUPFD_CLOEXEC FS_IOC_SETFLAGS FS_IOC_GETFLAGS FS_IOC_GET_ENCRYPTION_POLICY_EX FS_IOC_FSSETXATTR "
      "FS_IOC_FSGETXATTR FIONBIO TCSETS TCGETS TCGETS2 SOCK_STREAM SOCK_SEQPACKET PR_GET_NAME PR_GET_AUXV O_RDONLY "
      "O_NONBLOCK O_DIRECTORY O_CLOEXEC MADV_WILLNEED AF_NETLINK SOCK_NONBLOCK SCHED_IDLE SCHED_BATCH "
      "PR_SET_SECCOMP PR_SET_NO_NEW_PRIVS PR_CAPBSET_DROP MADV_NOHUGEPAGE F_SETFL F_GETFL AF_INET SIOCGIFFLAGS "
      "SIOCSIFFLAGS FDGETPRM LOOP_GET_STATUS64 MAP_PRIVATE MAP_ANONYMOUS BLKDISCARD BLKZEROOUT FALLOC_FL_PUNCH_HOLE "
      "KVM_CREATE_VM KVM_IRQFD KVM_IOEVENTFD TUNSETIFF TUNSETVNETHDRSZ UFFDIO_COPY VFIO_IOMMU_MAP_DMA "
      "IOMMU_IOAS_MAP VHOST_SET_VRING_KICK VHOST_VDPA_SUSPEND TIOCGPTPEER ";
  unsigned missing = 0;
  for (const char *p = used, *end; (end = strchr(p, ' ')) != NULL; p = end + 1)
    for (int arch = 0; arch < JL_ARCH_COUNT; arch++)
      if (!jl_const_value(p, (size_t)(end - p), (jl_arch)arch, &value)) {
        printf("# %.*s\n", (int)(end - p), p);
        missing++;
      }
  OK(missing == 0, "what policies name is there on every machine");

  uint32_t number = 0;
  OK(jl_const_errno("EPERM", 5, &number) && number == 1 && jl_const_errno("ENOTRECOVERABLE: x", 15, &number) &&
         number == 131 && jl_const_errno("EWOULDBLOCK", 11, &number) && number == 11 &&
         jl_const_errno("ENOTSUP", 7, &number) && number == 95,
     "errnos are found, by their second names as well");
  OK(!jl_const_errno("", 0, &number) && !jl_const_errno("EPERMX", 6, &number) && !jl_const_errno("EPER", 4, &number) &&
         !jl_const_errno("O_RDONLY", 8, &number) && !jl_const_errno("EPERM\0X", 7, &number) && number == 95,
     "and nothing else");
  OK(!strcmp(jl_const_errno_name(11), "EAGAIN") && !strcmp(jl_const_errno_name(133), "EHWPOISON") &&
         !jl_const_errno_name(0) && !jl_const_errno_name(41) && !jl_const_errno_name(134) &&
         !jl_const_errno_name(UINT32_MAX),
     "a number has the first name, or none");
}

int main(void) {
  const struct row rows[] = {
    NR(read) NR(write) NR(close) NR(ppoll) NR(mmap) NR(mprotect) NR(munmap) NR(rt_sigaction) NR(rt_sigprocmask)
    NR(ioctl) NR(pread64) NR(clone) NR(execve) NR(fcntl) NR(flock) NR(fsync) NR(ftruncate) NR(chdir) NR(fchdir)
    NR(fchmod) NR(umask) NR(geteuid) NR(getegid) NR(setsid) NR(getgroups) NR(setgroups) NR(setresuid) NR(setresgid)
    NR(capget) NR(capset) NR(personality) NR(fstatfs) NR(pivot_root) NR(prctl) NR(mount) NR(umount2) NR(sethostname)
    NR(futex) NR(getdents64) NR(clock_gettime) NR(waitid) NR(openat) NR(mkdirat) NR(unlinkat) NR(renameat)
    NR(symlinkat) NR(readlinkat) NR(faccessat) NR(dup3) NR(pipe2) NR(prlimit64) NR(getrandom) NR(memfd_create)
    NR(seccomp) NR(statx) NR(nanosleep) NR(execveat) NR(getpid) NR(getsid) NR(kill) NR(uname)
#ifdef SYS_landlock_create_ruleset
    NR(pidfd_send_signal) NR(open_tree) NR(move_mount) NR(fsopen) NR(fsconfig) NR(fsmount) NR(pidfd_open) NR(clone3)
    NR(close_range) NR(openat2) NR(mount_setattr) NR(landlock_create_ruleset) NR(landlock_add_rule)
    NR(landlock_restrict_self)
#endif
    SAME(JL_AT_FDCWD, AT_FDCWD) SAME(JL_AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW) SAME(JL_AT_REMOVEDIR, AT_REMOVEDIR)
    SAME(JL_AT_EMPTY_PATH, AT_EMPTY_PATH) SAME(JL_O_WRONLY, O_WRONLY) SAME(JL_O_RDWR, O_RDWR) SAME(JL_O_ACCMODE, 3)
    SAME(JL_O_CREAT, O_CREAT) SAME(JL_O_EXCL, O_EXCL) SAME(JL_O_NOCTTY, O_NOCTTY) SAME(JL_O_APPEND, O_APPEND)
    SAME(JL_O_NONBLOCK, O_NONBLOCK) SAME(JL_O_CLOEXEC, O_CLOEXEC) SAME(JL_O_PATH, O_PATH)
    SAME(JL_O_DIRECTORY, O_DIRECTORY) SAME(JL_O_NOFOLLOW, O_NOFOLLOW) SAME(JL_F_DUPFD_CLOEXEC, F_DUPFD_CLOEXEC)
    SAME(JL_F_GETFD, F_GETFD) SAME(JL_F_GETFL, F_GETFL) SAME(JL_F_ADD_SEALS, F_ADD_SEALS)
    SAME(JL_LOCK_EX, LOCK_EX) SAME(JL_LOCK_NB, LOCK_NB) SAME(JL_LOCK_UN, LOCK_UN)
    SAME(JL_S_IFMT, S_IFMT) SAME(JL_S_IFSOCK, S_IFSOCK) SAME(JL_S_IFLNK, S_IFLNK) SAME(JL_S_IFREG, S_IFREG)
    SAME(JL_S_IFBLK, S_IFBLK) SAME(JL_S_IFDIR, S_IFDIR) SAME(JL_S_IFCHR, S_IFCHR) SAME(JL_S_IFIFO, S_IFIFO)
    SAME(JL_ACCESS_X, X_OK) SAME(JL_ACCESS_W, W_OK) SAME(JL_ACCESS_R, R_OK)
    SAME(JL_MS_RDONLY, MS_RDONLY) SAME(JL_MS_NOSUID, MS_NOSUID) SAME(JL_MS_NODEV, MS_NODEV)
    SAME(JL_MS_NOEXEC, MS_NOEXEC) SAME(JL_MS_REMOUNT, MS_REMOUNT) SAME(JL_MS_BIND, MS_BIND) SAME(JL_MS_REC, MS_REC)
    SAME(JL_MS_SILENT, MS_SILENT) SAME(JL_MS_PRIVATE, MS_PRIVATE) SAME(JL_MS_RELATIME, MS_RELATIME)
    SAME(JL_MNT_DETACH, MNT_DETACH)
    SAME(JL_CLONE_VM, CLONE_VM) SAME(JL_CLONE_CHILD_CLEARTID, CLONE_CHILD_CLEARTID) SAME(JL_CLONE_PIDFD, 0x1000)
    SAME(jl_parent_namespaces[0].flag, CLONE_NEWUSER) SAME(jl_parent_namespaces[1].flag, CLONE_NEWNS)
    SAME(jl_parent_namespaces[2].flag, CLONE_NEWPID) SAME(jl_parent_namespaces[3].flag, CLONE_NEWNET)
    SAME(jl_parent_namespaces[4].flag, CLONE_NEWIPC) SAME(jl_parent_namespaces[5].flag, CLONE_NEWUTS)
    SAME(jl_parent_namespaces[6].flag, CLONE_NEWCGROUP)
    SAME(JL_PR_SET_PDEATHSIG, PR_SET_PDEATHSIG) SAME(JL_PR_GET_PDEATHSIG, PR_GET_PDEATHSIG)
    SAME(JL_PR_GET_DUMPABLE, PR_GET_DUMPABLE) SAME(JL_PR_SET_DUMPABLE, PR_SET_DUMPABLE)
    SAME(JL_PR_SET_KEEPCAPS, PR_SET_KEEPCAPS) SAME(JL_PR_GET_SECCOMP, PR_GET_SECCOMP)
    SAME(JL_PR_CAPBSET_DROP, PR_CAPBSET_DROP) SAME(JL_PR_GET_SECUREBITS, PR_GET_SECUREBITS)
    SAME(JL_PR_SET_SECUREBITS, PR_SET_SECUREBITS) SAME(JL_PR_SET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS)
    SAME(JL_PR_GET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS) SAME(JL_PR_CAP_AMBIENT, PR_CAP_AMBIENT)
    SAME(JL_PR_CAP_AMBIENT_CLEAR_ALL, PR_CAP_AMBIENT_CLEAR_ALL)
    SAME(JL_CAP_CHOWN, CAP_CHOWN) SAME(JL_CAP_SETGID, CAP_SETGID) SAME(JL_CAP_SETUID, CAP_SETUID)
    SAME(JL_CAP_SYS_ADMIN, CAP_SYS_ADMIN)
    SAME(JL_SECCOMP_SET_MODE_FILTER, SECCOMP_SET_MODE_FILTER) SAME(JL_SECCOMP_MODE_FILTER, SECCOMP_MODE_FILTER)
    SAME(JL_SECCOMP_GET_ACTION_AVAIL, SECCOMP_GET_ACTION_AVAIL)
    SAME(JL_FUTEX_WAIT, FUTEX_WAIT) SAME(JL_FUTEX_WAKE, FUTEX_WAKE) SAME(JL_TIOCSCTTY, TIOCSCTTY)
    SAME(JL_SIGKILL, SIGKILL) SAME(JL_SIGSTOP, SIGSTOP) SAME(JL_SIGCHLD, SIGCHLD)
    SAME(JL_PROT_NONE, PROT_NONE) SAME(JL_PROT_RW, PROT_READ | PROT_WRITE) SAME(JL_MAP_SHARED, MAP_SHARED)
    SAME(JL_MAP_PRIVATE, MAP_PRIVATE) SAME(JL_MAP_ANON, MAP_ANONYMOUS)
    SAME(7, RLIMIT_NOFILE) SAME(1, RLIMIT_FSIZE) SAME(4, RLIMIT_CORE) SAME(4, WEXITED) SAME(0x40000000, __WALL)
    SAME(1, WNOHANG) SAME(0x01000000, WNOWAIT) SAME(1, CLD_EXITED) SAME(0x20080522, _LINUX_CAPABILITY_VERSION_3)
#ifdef RESOLVE_IN_ROOT
    SAME(JL_RESOLVE_NO_XDEV, RESOLVE_NO_XDEV) SAME(JL_RESOLVE_NO_MAGICLINKS, RESOLVE_NO_MAGICLINKS)
    SAME(JL_RESOLVE_NO_SYMLINKS, RESOLVE_NO_SYMLINKS) SAME(JL_RESOLVE_BENEATH, RESOLVE_BENEATH)
    SAME(JL_RESOLVE_IN_ROOT, RESOLVE_IN_ROOT)
#endif
#ifdef LANDLOCK_ACCESS_FS_EXECUTE
    SAME(JL_LL_EXECUTE, LANDLOCK_ACCESS_FS_EXECUTE) SAME(JL_LL_WRITE_FILE, LANDLOCK_ACCESS_FS_WRITE_FILE)
    SAME(JL_LL_READ_FILE, LANDLOCK_ACCESS_FS_READ_FILE) SAME(JL_LL_READ_DIR, LANDLOCK_ACCESS_FS_READ_DIR)
    SAME(JL_LL_REMOVE_DIR, LANDLOCK_ACCESS_FS_REMOVE_DIR) SAME(JL_LL_REMOVE_FILE, LANDLOCK_ACCESS_FS_REMOVE_FILE)
    SAME(JL_LL_MAKE_CHAR, LANDLOCK_ACCESS_FS_MAKE_CHAR) SAME(JL_LL_MAKE_DIR, LANDLOCK_ACCESS_FS_MAKE_DIR)
    SAME(JL_LL_MAKE_REG, LANDLOCK_ACCESS_FS_MAKE_REG) SAME(JL_LL_MAKE_SOCK, LANDLOCK_ACCESS_FS_MAKE_SOCK)
    SAME(JL_LL_MAKE_FIFO, LANDLOCK_ACCESS_FS_MAKE_FIFO) SAME(JL_LL_MAKE_BLOCK, LANDLOCK_ACCESS_FS_MAKE_BLOCK)
    SAME(JL_LL_MAKE_SYM, LANDLOCK_ACCESS_FS_MAKE_SYM) SAME(JL_LANDLOCK_RULE_PATH, LANDLOCK_RULE_PATH_BENEATH)
    SAME(JL_LANDLOCK_VERSION_FLAG, LANDLOCK_CREATE_RULESET_VERSION)
#endif
#ifdef LANDLOCK_ACCESS_FS_REFER
    SAME(JL_LL_REFER, LANDLOCK_ACCESS_FS_REFER)
#endif
#ifdef LANDLOCK_ACCESS_FS_TRUNCATE
    SAME(JL_LL_TRUNCATE, LANDLOCK_ACCESS_FS_TRUNCATE)
#endif
#ifdef LANDLOCK_ACCESS_NET_BIND_TCP
    SAME(JL_LL_NET_BIND_TCP, LANDLOCK_ACCESS_NET_BIND_TCP) SAME(JL_LL_NET_CONNECT_TCP, LANDLOCK_ACCESS_NET_CONNECT_TCP)
#endif
#ifdef LANDLOCK_ACCESS_FS_IOCTL_DEV
    SAME(JL_LL_IOCTL_DEV, LANDLOCK_ACCESS_FS_IOCTL_DEV)
#endif
#ifdef LANDLOCK_SCOPE_SIGNAL
    SAME(JL_LL_SCOPE_ABSTRACT_UNIX, LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET) SAME(JL_LL_SCOPE_SIGNAL, LANDLOCK_SCOPE_SIGNAL)
#endif
    SAME(sizeof(jailer_insn), 8) SAME(offsetof(jailer_insn, k), 4) SAME(sizeof(jl_landlock), 24)
    SAME(sizeof(((jailer_error *)0)->item), JAILER_ITEM_MAX)};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    OK(rows[i].ours == rows[i].theirs, "%s is %lld", rows[i].name, rows[i].theirs);
  test_names();
  return tap_done();
}
