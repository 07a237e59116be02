/* test_seccomp.c: the launch filter. The table against the system's headers and libseccomp; the program against the
 * kernel's rules for programs and, number by number, against the policy written down a second time below; then the real
 * kernel: what is denied, and that ordinary programs start and work under it. The compiler itself: test_bpf.c. */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "bpf_run.h"
#include "tap.h"
#if defined(__linux__)
#include <dlfcn.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
enum { ARCHS = 3 };
static const char *const arch_names[] = {"x86-64", "aarch64", "riscv64"};
static const uint32_t arch_tokens[] = {0xc000003eu, 0xc00000b7u, 0xc00000f3u};
static const jailer_arch arch_of[] = {JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64, JAILER_ARCH_RISCV64};
enum { NET = 1, USERNS = 2, MEMFD = 4, PTY = 8, ALL_OPTIONS = 16 };
enum { ALLOW = 0x7fff0000, DENY = 0x00050000, EPERM_ = DENY + 1, EACCES_ = DENY + 13, ENOSYS_ = DENY + 38 };
enum { EINVAL_ = DENY + 22, EPROTO_ = DENY + 93, EAFNO_ = DENY + 97 };
#define KILL 0x80000000u

static jailer_role_options options_of(unsigned bits) {
  jailer_role_options o = {0};
  o.allow_network = (bits & NET) != 0;
  o.allow_userns = (bits & USERNS) != 0;
  o.allow_exec_memfd = (bits & MEMFD) != 0;
  o.allow_pty = (bits & PTY) != 0;
  return o;
}

/* One filter for each machine and each set of options, made once. */
static struct {
  jailer_insn insn[4096];
  size_t len;
} filters[ARCHS][ALL_OPTIONS];

static jailer_code compile(int arch, const jailer_role_options *options, jailer_insn *out, size_t max, size_t *len,
                           jailer_error *err) {
  jailer_policy *policy;
  *len = 0;
  jailer_code code = jailer_policy_role(JAILER_ROLE_LAUNCH, options, &policy, err);
  if (code == JAILER_OK) code = jailer_policy_compile(policy, &arch_of[arch], 1, out, max, len, err);
  jailer_policy_free(policy);
  return code;
}

static uint32_t answer(int arch, unsigned options, uint32_t token, uint32_t nr, const uint64_t *args, unsigned *steps) {
  bpf_run_data data = {(int32_t)nr, token, 0x1234567812345678u, {0}};
  memcpy(data.args, args, sizeof data.args);
  return bpf_run(filters[arch][options].insn, filters[arch][options].len, &data, steps);
}

static int number_of(int arch, const char *name) {
  for (size_t i = 0; i < COUNT(jl_tab_calls); i++)
    if (!strcmp(jl_tab_calls[i].name, name)) return jl_tab_calls[i].number[arch];
  return -1;
}

/* ---------------------------------------------------------------- the policy, a second time and in other words */

static const char names_eperm[] =
    " setns ptrace process_vm_readv process_vm_writev process_madvise process_mrelease kcmp pidfd_getfd bpf "
    "perf_event_open userfaultfd init_module finit_module delete_module kexec_load kexec_file_load io_uring_setup "
    "io_uring_enter io_uring_register add_key request_key keyctl clock_settime clock_adjtime settimeofday adjtimex "
    "reboot swapon swapoff acct quotactl quotactl_fd syslog vhangup sethostname setdomainname open_by_handle_at "
    "name_to_handle_at fanotify_init fanotify_mark lookup_dcookie iopl ioperm modify_ldt move_pages migrate_pages "
    "vmsplice uselib ustat sysfs _sysctl nfsservctl create_module get_kernel_syms query_module ";

static const char names_mount[] =
    " mount umount2 pivot_root chroot mount_setattr open_tree open_tree_attr move_mount fsopen fsconfig fsmount "
    "fspick ";

static const char names_enosys[] =
    " memfd_secret remap_file_pages statmount listmount listns lsm_get_self_attr lsm_set_self_attr lsm_list_modules "
    "openat2 io_setup afs_syscall epoll_ctl_old epoll_wait_old get_thread_area set_thread_area getpmsg putpmsg security tuxcall "
    "vserver ";

static const char names_tested[] =
    " clone clone3 unshare ioctl socket socketpair prctl personality memfd_create mknod mknodat "
    "chmod fchmod fchmodat fchmodat2 creat open openat prlimit64 setrlimit ";

static const char names_allowed[] =
    " accept accept4 access alarm arch_prctl bind brk cachestat capget capset chdir chown clock_getres "
    "clock_gettime clock_nanosleep close close_range connect copy_file_range dup dup2 dup3 epoll_create "
    "epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit exit_group "
    "faccessat faccessat2 fadvise64 fallocate fchdir fchown fchownat fcntl fdatasync "
    "fgetxattr file_getattr file_setattr flistxattr flock fork fremovexattr fsetxattr fstat fstatfs fsync ftruncate "
    "futex futex_requeue futex_wait futex_waitv futex_wake futimesat get_mempolicy get_robust_list getcpu getcwd "
    "getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp getpid getppid "
    "getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname getsockopt gettid gettimeofday "
    "getuid getxattr getxattrat inotify_add_watch inotify_init inotify_init1 inotify_rm_watch io_cancel io_destroy "
    "io_getevents io_pgetevents io_submit ioprio_get ioprio_set kill landlock_add_rule "
    "landlock_create_ruleset landlock_restrict_self lchown lgetxattr link linkat listen listxattr listxattrat "
    "llistxattr lremovexattr lseek lsetxattr lstat madvise map_shadow_stack mbind membarrier mincore mkdir mkdirat "
    "mlock mlock2 mlockall mmap mprotect mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink mremap "
    "mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap nanosleep newfstatat pause "
    "pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free pkey_mprotect poll ppoll pread64 preadv preadv2 "
    "pselect6 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg "
    "removexattr removexattrat rename renameat renameat2 restart_syscall riscv_flush_icache riscv_hwprobe rmdir rseq rseq_slice_yield rt_sigaction "
    "rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo "
    "sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
    "sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam sched_setscheduler sched_yield seccomp "
    "select semctl semget semop semtimedop sendfile sendmmsg sendmsg sendto set_mempolicy set_mempolicy_home_node "
    "set_robust_list set_tid_address setfsgid setfsuid setgid setgroups setitimer setpgid setpriority setregid "
    "setresgid setresuid setreuid setsid setsockopt setuid setxattr setxattrat shmat shmctl shmdt shmget "
    "shutdown sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync sync_file_range syncfs "
    "sysinfo tee tgkill time timer_create timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create "
    "timerfd_gettime timerfd_settime times tkill truncate umask uname unlink unlinkat uprobe uretprobe utime utimensat "
    "utimes vfork wait4 waitid write writev ";

static int in_list(const char *list, const char *name) {
  char word[64];
  snprintf(word, sizeof word, " %s ", name);
  return strstr(list, word) != NULL;
}

static uint32_t want_socket(unsigned options, const uint64_t *a) {
  const int domain = (int)a[0], type = (int)a[1] & 0xf, protocol = (int)a[2];
  if (domain == 1) return ALLOW;
  if (!(options & NET)) return EAFNO_;
  if (domain == 16) return protocol == 0 ? ALLOW : EAFNO_;
  if (domain != 2 && domain != 10) return EAFNO_;
  if (type == 1 && (protocol == 0 || protocol == 6 || protocol == 262)) return ALLOW;
  if (type == 2 && (protocol == 0 || protocol == 17 || protocol == 1 || protocol == 58)) return ALLOW;
  return type == 3 ? EPERM_ : EPROTO_;
}

static uint32_t want_prctl(const uint64_t *a) {
  const int option = (int)a[0];
  if (option == 1) return a[1] == 9 ? ALLOW : EPERM_;
  return option == 35 ? EPERM_ : ALLOW;
}

static uint32_t want_memfd(unsigned options, const uint64_t *a) {
  const unsigned flags = (unsigned)a[1];
  if (options & MEMFD) return ALLOW;
  return !(flags & 0x10) && (flags & 0x8) ? ALLOW : EACCES_;
}

static uint32_t want_namespaces(unsigned options, uint32_t flags, uint32_t denied) {
  return options & USERNS ? ALLOW : flags & denied ? EPERM_ : ALLOW;
}

static uint32_t want_mknod(unsigned mode) {
  const unsigned type = mode & 0xf000;
  return type == 0x2000 || type == 0x6000 || mode & 06000 ? EPERM_ : ALLOW;
}

static uint32_t want_open(unsigned flags, unsigned mode) {
  return flags & (0100 | 020000000) && mode & 06000 ? EPERM_ : ALLOW;
}

static uint32_t want_ioctl(unsigned options, uint32_t request) {
  if (request == 0x5412 || request == 0x541c || request == 0x540c || request == 0x5423) return EPERM_;
  if (request == 0x540e) return options & PTY ? ALLOW : EPERM_;
  return request >> 8 == 0x89 && !(options & NET) ? EPERM_ : ALLOW;
}

static uint32_t want_tested(unsigned options, const char *name, const uint64_t *a) {
  const uint32_t spaces = 0x00020000 | 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000;
  if (!strcmp(name, "clone")) return want_namespaces(options, (uint32_t)a[0], spaces);
  if (!strcmp(name, "unshare")) return want_namespaces(options, (uint32_t)a[0], spaces | 0x80);
  if (!strcmp(name, "clone3")) return options & USERNS ? ALLOW : ENOSYS_;
  if (!strcmp(name, "ioctl")) return want_ioctl(options, (uint32_t)a[1]);
  if (!strcmp(name, "open")) return want_open((unsigned)a[1], (unsigned)a[2]);
  if (!strcmp(name, "openat")) return want_open((unsigned)a[2], (unsigned)a[3]);
  if (!strcmp(name, "socket")) return want_socket(options, a);
  if (!strcmp(name, "socketpair")) return (int)a[0] == 1 ? ALLOW : EAFNO_;
  if (!strcmp(name, "prctl")) return want_prctl(a);
  if (!strcmp(name, "personality")) return (uint32_t)a[0] == 0 || (uint32_t)a[0] == 0xffffffffu ? ALLOW : EPERM_;
  if (!strcmp(name, "memfd_create")) return want_memfd(options, a);
  if (!strcmp(name, "mknod")) return want_mknod((unsigned)a[1]);
  if (!strcmp(name, "chmod") || !strcmp(name, "fchmod") || !strcmp(name, "creat"))
    return (unsigned)a[1] & 06000 ? EPERM_ : ALLOW;
  if (!strcmp(name, "fchmodat") || !strcmp(name, "fchmodat2")) return (unsigned)a[2] & 06000 ? EPERM_ : ALLOW;
  if (!strcmp(name, "prlimit64")) return a[2] && (unsigned)a[1] == 4 ? EINVAL_ : ALLOW;
  if (!strcmp(name, "setrlimit")) return (unsigned)a[0] == 4 ? EINVAL_ : ALLOW;
  return want_mknod((unsigned)a[2]);
}

static uint32_t want(unsigned options, const char *name, const uint64_t *a) {
  if (!name || in_list(names_enosys, name)) return ENOSYS_;
  if (in_list(names_mount, name)) return options & USERNS ? ALLOW : EPERM_;
  if (in_list(names_eperm, name)) return EPERM_;
  if (in_list(names_tested, name)) return want_tested(options, name, a);
  return in_list(names_allowed, name) ? ALLOW : KILL; /* a row that nobody has judged here matches nothing */
}

/* ---------------------------------------------------------------- the table */

static void table_is_sound(void) {
  static const char *const lists[] = {names_eperm, names_mount, names_enosys, names_tested, names_allowed};
  int once = 1, unique = 1, inside = 1;
  for (size_t i = 0; i < COUNT(jl_tab_calls); i++) {
    const jl_tab_call *c = &jl_tab_calls[i];
    int found = 0;
    for (size_t k = 0; k < COUNT(lists); k++) found += in_list(lists[k], c->name);
    if (found != 1) once = 0, printf("# %s is in %d lists of this test\n", c->name, found);
    for (int arch = 0; arch < ARCHS; arch++)
      if (c->number[arch] < -1 || c->number[arch] >= JL_TAB_NUMBERS) inside = 0;
    if (c->number[0] < 0 && c->number[1] < 0 && c->number[2] < 0) inside = 0;
    for (size_t k = 0; k < i; k++) {
      if (!strcmp(c->name, jl_tab_calls[k].name)) unique = 0, printf("# %s twice\n", c->name);
      for (int arch = 0; arch < ARCHS; arch++)
        if (c->number[arch] >= 0 && c->number[arch] == jl_tab_calls[k].number[arch])
          unique = 0, printf("# %s and %s have one number\n", c->name, jl_tab_calls[k].name);
    }
  }
  OK(once, "table: every call is judged exactly once by this test");
  OK(unique, "table: no name and no number twice");
  OK(inside, "table: every number is inside the table's range, every row has one");
  int why = 1;
  for (size_t i = 0; i < JL_RULE_COUNT; i++) why = why && jl_tab_rules[i].why && *jl_tab_rules[i].why;
  OK(why, "table: every rule says why");
  OK(!strcmp(jailer_call_name(JAILER_ARCH_X86_64, 59), "execve") &&
         !strcmp(jailer_call_name(JAILER_ARCH_AARCH64, 221), "execve") &&
         !strcmp(jailer_call_name(JAILER_ARCH_RISCV64, 221), "execve"),
     "name: 59 and 221 are execve");
  OK(!jailer_call_name(JAILER_ARCH_X86_64, 511) && !jailer_call_name(JAILER_ARCH_X86_64, 0xffffffffu) &&
         !jailer_call_name(JAILER_ARCH_AARCH64, 0x1003b) && !jailer_call_name((jailer_arch)7, 1) &&
         !jailer_call_name(JAILER_ARCH_AARCH64, 0xffff),
     "name: NULL for what is not in the table");
  OK(jailer_call_number(JAILER_ARCH_X86_64, "execve") == 59 && jailer_call_number(JAILER_ARCH_RISCV64, "open") == -1 &&
         jailer_call_number(JAILER_ARCH_X86_64, "exec") == -1 && jailer_call_number((jailer_arch)9, "open") == -1 &&
         jailer_call_number(JAILER_ARCH_X86_64, NULL) == -1,
     "number: -1 for what is not there");
  OK(strstr(jl_tab_why(JL_ARCH_X86_64, 425), "filter") && strstr(jl_tab_why(JL_ARCH_X86_64, 500), "newer"),
     "why: io_uring and a newer number");
}

#if defined(__linux__)
/* "#define __NR_name number" lines of a command, with one level of "#define __NR_a __NR3264_a". */
typedef struct header_call {
  char name[48], value[48];
} header_call;

static size_t read_header(const char *command, header_call *list, size_t max) {
  char line[512];
  size_t n = 0;
  FILE *f = popen(command, "r");
  while (f && n < max && fgets(line, sizeof line, f))
    if (sscanf(line, "#define __NR%47s %47s", list[n].name, list[n].value) == 2) n++;
  if (f) pclose(f);
  return n;
}

static int header_number(const header_call *list, size_t n, const char *value, int depth) {
  if (value[0] >= '0' && value[0] <= '9') return atoi(value);
  for (size_t i = 0; depth < 3 && i < n && !strncmp(value, "__NR", 4); i++)
    if (!strcmp(list[i].name, value + 4)) return header_number(list, n, list[i].value, depth + 1);
  return -1;
}

static int ours_highest(int arch) {
  int highest = 0;
  for (size_t i = 0; i < COUNT(jl_tab_calls); i++)
    if (jl_tab_calls[i].number[arch] > highest) highest = jl_tab_calls[i].number[arch];
  return highest;
}

static void table_equals_header(int arch, const char *flags) {
  static header_call list[2048];
  char command[512], what[64];
  const int ours = ours_highest(arch);
  int good = 1, highest = 0;
  snprintf(what, sizeof what, "table: %s numbers are those of the installed headers", arch_names[arch]);
  if (system("command -v cc >/dev/null 2>&1")) {
    tap_skip(what, "cc is not installed");
    return;
  }
  snprintf(command, sizeof command, "cc -E -dM %s -x c /dev/null 2>/dev/null", flags);
  const size_t n = read_header(command, list, COUNT(list));
  if (n == 0) {
    tap_skip(what, "the kernel's headers for it (linux-libc-dev, or libc6-dev for that machine) are not installed");
    return;
  }
  for (size_t i = 0; i < n; i++) {
    const int number = header_number(list, n, list[i].value, 0);
    if (list[i].name[0] != '_' || !strcmp(list[i].name, "_syscalls")) continue; /* __NR3264_x; the count */
    if (!strcmp(list[i].name, "_arch_specific_syscall") || number < 0) continue;
    if (number > highest) highest = number;
    if (number > ours) printf("# newer than the table: %s %d\n", list[i].name + 1, number);
    else if (number_of(arch, list[i].name + 1) != number)
      good = 0, printf("# %s: %d in the header, not here\n", list[i].name + 1, number);
  }
  for (size_t i = 0; i < COUNT(jl_tab_calls); i++) {
    const jl_tab_call *c = &jl_tab_calls[i];
    int found = 0;
    for (size_t k = 0; k < n && !found; k++) found = list[k].name[0] == '_' && !strcmp(list[k].name + 1, c->name);
    /* below numbers that older headers have: 335 and 336 came to x86-64 in 6.11 and 6.18, 453 to aarch64 in 6.13, 258 to
       riscv64 in 6.4 */
    if (found || c->number[arch] < 0 || c->number[arch] > highest) continue;
    if (in_list(" uretprobe uprobe map_shadow_stack riscv_hwprobe ", c->name)) continue;
    good = 0, printf("# %s %d is not in the header\n", c->name, c->number[arch]);
  }
  OK(good && highest > 400, "%s (%d)", what, highest);
}

static void table_equals_libseccomp(void) {
#if defined(__GLIBC__) /* elsewhere the tests may be static, and cannot load a library */
  const char *what = "table: numbers and names are those of libseccomp";
  void *lib = dlopen("libseccomp.so.2", RTLD_NOW);
  char *(*name_of)(uint32_t, int) = NULL;
  int (*resolve)(uint32_t, const char *) = NULL;
  if (lib) {
    *(void **)&name_of = dlsym(lib, "seccomp_syscall_resolve_num_arch");
    *(void **)&resolve = dlsym(lib, "seccomp_syscall_resolve_name_arch");
  }
  if (!name_of || !resolve) {
    tap_skip(what, "libseccomp is not installed");
    return;
  }
  for (int arch = 0; arch < ARCHS; arch++) {
    int good = 1, known = 0;
    for (int nr = 0; nr < 1024; nr++) {
      char *theirs = name_of(arch_tokens[arch], nr);
      const char *ours = jailer_call_name(arch_of[arch], (uint32_t)nr);
      if (theirs) known++;
      if (theirs && !ours) {
        printf("# newer than the table: %s %d\n", theirs, nr);
        good = good && nr > ours_highest(arch);
      }
      if (theirs && ours && strcmp(theirs, ours)) good = 0, printf("# %d: %s here, %s there\n", nr, ours, theirs);
      free(theirs);
    }
    for (size_t i = 0; i < COUNT(jl_tab_calls); i++) {
      const int theirs = resolve(arch_tokens[arch], jl_tab_calls[i].name), ours = jl_tab_calls[i].number[arch];
      if (theirs < 0) continue; /* absent there, or newer than that libseccomp */
      if (theirs != ours) good = 0, printf("# %s: %d here, %d there\n", jl_tab_calls[i].name, ours, theirs);
    }
    OK(good && known > 300, "%s (%s, %d)", what, arch_names[arch], known);
  }
  dlclose(lib);
#endif
}
#endif

/* ---------------------------------------------------------------- the program */

static void filters_are_programs(void) {
  static jailer_insn again[4096 + 1];
  for (int arch = 0; arch < ARCHS; arch++)
    for (unsigned o = 0; o < ALL_OPTIONS; o++) {
      const jailer_role_options options = options_of(o);
      jailer_error err = {0};
      size_t at = 0, len = 0;
      const jailer_code code = compile(arch, &options, filters[arch][o].insn, 4096, &filters[arch][o].len, &err);
      const char *wrong = bpf_run_check(filters[arch][o].insn, filters[arch][o].len, &at);
      OK(code == JAILER_OK && !wrong, "program: %s, options %u is one that the kernel takes%s%s", arch_names[arch], o,
         wrong ? ": " : "", wrong ? wrong : "");
      compile(arch, &options, again, 4096, &len, NULL);
      OK(len == filters[arch][o].len && !memcmp(again, filters[arch][o].insn, len * sizeof *again),
         "program: %s, options %u is the same each time", arch_names[arch], o);
    }
  size_t len = 9;
  compile(0, NULL, again, 4096, &len, NULL);
  OK(len == filters[0][0].len && !memcmp(again, filters[0][0].insn, len * sizeof *again),
     "program: no options are the strict filter");
}

/* ---------------------------------------------------------------- every number, and the edges of every argument */

static void every_number(void) {
  static const uint64_t fills[] = {0, 1, ~(uint64_t)0, 0x8000000080000000u, 0xffffffff00000000u, 0x5412};
  for (int arch = 0; arch < ARCHS; arch++)
    for (unsigned o = 0; o < ALL_OPTIONS; o++) {
      unsigned worst = 0, steps, wrong = 0;
      for (uint32_t nr = 0; nr < 1024; nr++)
        for (size_t f = 0; f < COUNT(fills); f++) {
          const uint64_t args[6] = {fills[f], fills[f], fills[f], fills[f], fills[f], fills[f]};
          const char *name = jailer_call_name(arch_of[arch], nr);
          const uint32_t got = answer(arch, o, arch_tokens[arch], nr, args, &steps);
          if (got != want(o, name, args) && wrong++ < 5)
            printf("# %u %s fill %zu: %#x, not %#x\n", nr, name ? name : "?", f, got, want(o, name, args));
          if (name && got == ALLOW && in_list(names_allowed, name) && steps > worst) worst = steps;
        }
      OK(wrong == 0, "numbers: %s, options %u: 0 to 1023 as the policy says", arch_names[arch], o);
      OK(worst <= 14, "speed: %s, options %u: an allowed call takes at most 14 instructions", arch_names[arch], o);
      printf("# %s, options %u: %zu instructions, at most %u executed for an allowed call\n", arch_names[arch], o,
             filters[arch][o].len, worst);
    }
}

/* Numbers that are nobody's, and entries that are not the native one. */
static void strange_entries(void) {
  static const uint32_t tokens[] = {0x40000003u, 0x40000028u, 0xc0000015u, 0x400000f3u, 0,
                                    62,          0xffffffffu, 0x4000003eu, 0xc000003fu, 0xc00000b6u};
  const uint64_t none[6] = {0};
  unsigned steps;
  for (int arch = 0; arch < ARCHS; arch++) {
    int killed = 1, absent = 1;
    for (unsigned o = 0; o < ALL_OPTIONS; o++) {
      for (uint32_t nr = 0; nr < 600; nr++) {
        for (size_t t = 0; t < COUNT(tokens); t++)
          killed = killed && answer(arch, o, tokens[t], nr, none, &steps) == KILL;
        for (int other = 0; other < ARCHS; other++)
          killed = killed && (other == arch || answer(arch, o, arch_tokens[other], nr, none, &steps) == KILL);
        killed = killed && answer(arch, o, arch_tokens[arch], nr, none, &steps) != KILL;
        for (unsigned bit = 10; bit < 32; bit++)
          absent = absent && answer(arch, o, arch_tokens[arch], nr | 1u << bit, none, &steps) == ENOSYS_;
      }
      absent = absent && answer(arch, o, arch_tokens[arch], 0xffffffffu, none, &steps) == ENOSYS_;
    }
    OK(killed, "entries: %s: every other machine's entry dies, its own never", arch_names[arch]);
    OK(absent, "entries: %s: x32 and all numbers with a bit above 9 are ENOSYS", arch_names[arch]);
  }
}

/* For each tested call: the values around which its arguments matter. Each is tried as it is, one less, one more, and
   with bits that a 32-bit comparison must not see. */
static const struct {
  const char *name;
  uint64_t at[4][16];
  size_t n[4];
} edges[] = {
    {"clone",
     {{0, 0x11, 0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x7e020000,
       0x80000000, 0x01fdffff, 0x3d0f00, 0x81fdffff, 0x1200011}},
     {16}},
    {"unshare",
     {{0, 0x80, 0x200, 0x400, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x7e020080,
       0x80000000, 0x600}},
     {14}},
    {"clone3", {{0, 1}}, {2}},
    {"ioctl",
     {{0}, {0, 0x5401, 0x540c, 0x540e, 0x5412, 0x541c, 0x5413, 0x5423, 0x8900, 0x8927, 0x89ff, 0x80005412, 0x80008900,
            0xffffffff}},
     {1, 14}},
    {"open",
     {{0}, {0, 0100, 0101, 02, 020000000, 020200002, 0x80000}, {0, 0644, 01777, 02000, 02644, 04755, 06000, 0x10000}},
     {1, 7, 8}},
    {"openat",
     {{0}, {0}, {0, 0100, 0101, 02, 020000000, 020200002, 0x80000},
      {0, 0644, 01777, 02000, 02644, 04755, 06000, 0x10000}},
     {1, 1, 7, 8}},
    {"creat", {{0}, {0, 0644, 01777, 02755, 04755, 06000, 07777, 0x10000}}, {1, 8}},
    {"socket",
     {{0, 1, 2, 10, 16, 17, 38, 40}, {0, 1, 2, 3, 5, 10, 0x80801, 0x80802, 0x80803}, {0, 1, 6, 17, 58, 132, 262, 255}},
     {8, 9, 8}},
    {"socketpair", {{0, 1, 2, 10, 16, 30}, {1}, {0}}, {6, 1, 1}},
    {"prctl", {{0, 1, 2, 4, 22, 24, 35, 36, 38, 59}, {0, 1, 9, 15, 19, 64}}, {10, 6}},
    {"personality", {{0, 8, 0x20000, 0x40000, 0x400000, 0xffffffff}}, {6}},
    {"chmod", {{0}, {0, 0644, 01777, 02755, 04755, 06000, 07777, 0x10000}}, {1, 8}},
    {"fchmod", {{0}, {0, 0644, 01777, 02755, 04755, 06000, 07777, 0x10000}}, {1, 8}},
    {"fchmodat", {{0}, {0}, {0, 0644, 01777, 02755, 04755, 06000, 07777, 0x10000}}, {1, 1, 8}},
    {"fchmodat2", {{0}, {0}, {0, 0644, 01777, 02755, 04755, 06000, 07777, 0x10000}}, {1, 1, 8}},
    {"prlimit64", {{0}, {0, 3, 4, 5, 7}, {0, 1, 4096}}, {1, 5, 3}},
    {"setrlimit", {{0, 3, 4, 5, 7}}, {5}},
    {"memfd_create", {{0}, {0, 1, 2, 4, 8, 0x10, 0x18, 0xf, 0x1f, 0x80000000, 0xffffffe7}}, {1, 11}},
    {"mknod",
     {{0},
      {0, 0777, 0010000, 0020000, 0040000, 0060000, 0100000, 0120000, 0140000, 0160000, 0170000, 0020666, 0060666,
       0120000666, 02755, 0104755}},
     {1, 16}},
    {"mknodat",
     {{0},
      {0, 0020000, 0060000},
      {0, 0777, 0010000, 0020000, 0040000, 0060000, 0100000, 0120000, 0140000, 0160000, 0170000, 0020666, 0060666,
       0120000666, 02755, 0104755}},
     {1, 3, 16}},
};

static size_t around(const uint64_t *values, size_t n, uint64_t *out) {
  size_t count = 0;
  for (size_t i = 0; i < n; i++) {
    out[count++] = values[i];
    out[count++] = values[i] - 1;
    out[count++] = values[i] + 1;
    out[count++] = values[i] | (uint64_t)1 << 32;
    out[count++] = values[i] | (uint64_t)1 << 63;
  }
  if (count == 0) out[count++] = 0;
  return count;
}

static void every_argument(void) {
  static uint64_t v[4][80];
  for (size_t e = 0; e < COUNT(edges); e++) {
    unsigned wrong = 0, tried = 0, worst = 0, steps;
    size_t n[4];
    for (int i = 0; i < 4; i++) n[i] = around(edges[e].at[i], edges[e].n[i], v[i]);
    for (int arch = 0; arch < ARCHS; arch++) {
      const int nr = number_of(arch, edges[e].name);
      for (unsigned o = 0; nr >= 0 && o < ALL_OPTIONS; o++)
        for (size_t i = 0; i < n[0] * n[1] * n[2] * n[3]; i++) {
          const size_t third = i / n[0] / n[1];
          const uint64_t args[6] = {v[0][i % n[0]], v[1][i / n[0] % n[1]], v[2][third % n[2]], v[3][third / n[2]], 9, 9};
          const uint32_t got = answer(arch, o, arch_tokens[arch], (uint32_t)nr, args, &steps);
          tried++;
          if (steps > worst) worst = steps;
          if (got != want_tested(o, edges[e].name, args) && wrong++ < 5)
            printf("# %s options %u (%#llx, %#llx, %#llx, %#llx): %#x\n", arch_names[arch], o,
                   (unsigned long long)args[0], (unsigned long long)args[1], (unsigned long long)args[2],
                   (unsigned long long)args[3], got);
        }
    }
    OK(wrong == 0 && tried > 0, "arguments: %s, %u combinations, at most %u instructions", edges[e].name, tried, worst);
  }
}

/* ---------------------------------------------------------------- rows to read: what is promised, in numbers */

static const struct {
  const char *call;
  unsigned options;
  uint64_t args[4];
  uint32_t answer;
  const char *what;
} rows[] = {
    {"read", 0, {0}, ALLOW, "an ordinary call"},
    {"mount", 0, {0}, EPERM_, "mounts are closed"},
    {"mount", USERNS, {0}, ALLOW, "with allow_userns a namespace may have mounts"},
    {"mount", NET | MEMFD, {0}, EPERM_, "the other grants do not open mounts"},
    {"setns", USERNS, {0}, EPERM_, "nobody joins a namespace"},
    {"clone", 0, {0x1200011}, ALLOW, "fork as libc does it"},
    {"clone", 0, {0x3d0f00}, ALLOW, "a thread as libc makes it"},
    {"clone", 0, {0x10000011}, EPERM_, "CLONE_NEWUSER"},
    {"clone", 0, {0x1000000010000011}, EPERM_, "CLONE_NEWUSER under high bits"},
    {"clone", 0, {0x1000000000000011}, ALLOW, "high bits alone are not flags"},
    {"clone", USERNS, {0x10000011}, ALLOW, "CLONE_NEWUSER with allow_userns"},
    {"clone3", 0, {0}, ENOSYS_, "so that libc falls back to clone"},
    {"clone3", USERNS, {0}, ALLOW, "with allow_userns there is nothing to filter"},
    {"unshare", 0, {0x200}, ALLOW, "CLONE_FS, as virtio-fs servers do"},
    {"unshare", 0, {0x20000}, EPERM_, "CLONE_NEWNS"},
    {"unshare", 0, {0x80}, EPERM_, "CLONE_NEWTIME"},
    {"ioctl", 0, {0, 0x5401}, ALLOW, "TCGETS"},
    {"ioctl", 0, {0, 0x5412}, EPERM_, "TIOCSTI"},
    {"ioctl", 0, {0, 0x100005412}, EPERM_, "TIOCSTI under high bits: CVE-2019-10063"},
    {"ioctl", 0, {0, 0x541c}, EPERM_, "TIOCLINUX"},
    {"ioctl", 0, {0, 0x540c}, EPERM_, "TIOCEXCL"},
    {"ioctl", PTY, {0, 0x5423}, EPERM_, "TIOCSETD"},
    {"ioctl", 0, {0, 0x540e}, EPERM_, "TIOCSCTTY"},
    {"ioctl", PTY, {0, 0x540e}, ALLOW, "TIOCSCTTY with a pty of its own"},
    {"ioctl", 0, {0, 0x8912}, EPERM_, "SIOCGIFCONF"},
    {"ioctl", 0, {0, 0x8927}, EPERM_, "SIOCGIFHWADDR"},
    {"ioctl", NET, {0, 0x8912}, ALLOW, "SIOCGIFCONF with the network"},
    {"open", 0, {0, 0, 06755}, ALLOW, "nothing is made, the mode does not count"},
    {"open", 0, {0, 0101, 02644}, EPERM_, "a set-group-id file is made"},
    {"openat", 0, {0, 0, 020200002, 04700}, EPERM_, "O_TMPFILE with set-user-id"},
    {"openat", 0, {0, 0, 0101, 0644}, ALLOW, "a plain file is made"},
    {"openat2", 0, {0}, ENOSYS_, "so that its users fall back to openat"},
    {"creat", 0, {0, 02644}, EPERM_, "set-group-id"},
    {"mknodat", 0, {0, 0, 0102644}, EPERM_, "a set-group-id file"},
    {"io_setup", 0, {1, 0}, ENOSYS_, "contexts are counted for the whole host"},
    {"socket", 0, {1, 1, 0}, ALLOW, "AF_UNIX"},
    {"socket", 0, {2, 1, 0}, EAFNO_, "AF_INET"},
    {"socket", 0, {0x100000001, 1, 0}, ALLOW, "AF_UNIX under high bits is what the kernel makes"},
    {"socket", 0, {0x100000002, 1, 0}, EAFNO_, "AF_INET under high bits"},
    {"socket", NET, {2, 0x80801, 6}, ALLOW, "TCP, CLOEXEC and NONBLOCK"},
    {"socket", NET, {10, 2, 17}, ALLOW, "UDP over IPv6"},
    {"socket", NET, {2, 3, 1}, EPERM_, "SOCK_RAW"},
    {"socket", NET, {2, 10, 0x300}, EPROTO_, "SOCK_PACKET of AF_INET is a packet socket"},
    {"socket", NET, {2, 1, 132}, EPROTO_, "SCTP over SOCK_STREAM"},
    {"socket", NET, {17, 3, 0}, EAFNO_, "AF_PACKET"},
    {"socket", NET, {40, 1, 0}, EAFNO_, "AF_VSOCK"},
    {"socket", NET, {38, 5, 0}, EAFNO_, "AF_ALG"},
    {"socket", NET, {16, 3, 0}, ALLOW, "NETLINK_ROUTE"},
    {"socket", NET, {16, 3, 12}, EAFNO_, "NETLINK_NETFILTER"},
    {"socket", 0, {16, 3, 0}, EAFNO_, "NETLINK_ROUTE without the network"},
    {"socketpair", 0, {1, 1, 0}, ALLOW, "AF_UNIX"},
    {"socketpair", NET, {2, 1, 0}, EAFNO_, "AF_INET"},
    {"prctl", 0, {1, 9}, ALLOW, "PR_SET_PDEATHSIG SIGKILL"},
    {"prctl", 0, {1, 0}, EPERM_, "PR_SET_PDEATHSIG cleared"},
    {"prctl", 0, {1, 0x100000009}, EPERM_, "the signal is read in 64 bits"},
    {"prctl", 0, {0x100000001, 15}, EPERM_, "the option is read in 32 bits"},
    {"prctl", 0, {35, 1}, EPERM_, "PR_SET_MM"},
    {"prctl", 0, {38, 1}, ALLOW, "PR_SET_NO_NEW_PRIVS"},
    {"prctl", 0, {22, 2}, ALLOW, "PR_SET_SECCOMP"},
    {"personality", 0, {0xffffffff}, ALLOW, "asking"},
    {"personality", 0, {0xffffffffffffffff}, ALLOW, "asking with -1"},
    {"personality", 0, {0x400000}, EPERM_, "READ_IMPLIES_EXEC"},
    {"personality", 0, {0x100400000}, EPERM_, "READ_IMPLIES_EXEC under high bits"},
    {"chmod", 0, {0, 04755}, EPERM_, "set-user-id"},
    {"fchmod", 0, {0, 02755}, EPERM_, "set-group-id"},
    {"fchmodat2", 0, {0, 0, 06755}, EPERM_, "both"},
    {"fchmod", 0, {0, 01777}, ALLOW, "sticky"},
    {"prlimit64", 0, {0, 4, 0}, ALLOW, "asking for RLIMIT_CORE"},
    {"prlimit64", 0, {0, 0x100000004, 4096}, EINVAL_, "RLIMIT_CORE under high bits"},
    {"prlimit64", 0, {0, 4, 0x100000000}, EINVAL_, "RLIMIT_CORE from a high address"},
    {"setrlimit", 0, {4, 4096}, EINVAL_, "RLIMIT_CORE"},
    {"setrlimit", 0, {7, 4096}, ALLOW, "RLIMIT_NOFILE"},
    {"memfd_create", 0, {0, 9}, ALLOW, "MFD_CLOEXEC|MFD_NOEXEC_SEAL"},
    {"memfd_create", 0, {0, 1}, EACCES_, "MFD_CLOEXEC alone"},
    {"memfd_create", 0, {0, 0x800000001}, EACCES_, "MFD_NOEXEC_SEAL only in the high bits"},
    {"memfd_create", 0, {0, 0x18}, EACCES_, "MFD_EXEC beside it"},
    {"memfd_create", MEMFD, {0, 0x10}, ALLOW, "MFD_EXEC with allow_exec_memfd"},
    {"mknod", 0, {0, 0010644}, ALLOW, "a FIFO"},
    {"mknod", 0, {0, 0020644}, EPERM_, "a character device"},
    {"mknodat", 0, {0, 0, 0060644}, EPERM_, "a block device"},
    {"mknodat", 0, {0, 0, 0x10000 | 0020644}, EPERM_, "the mode is read in 16 bits"},
    {"mknodat", 0, {0, 0, 0100644}, ALLOW, "a file"},
    {"io_uring_setup", NET | USERNS | MEMFD, {0}, EPERM_, "no grant opens io_uring"},
    {"bpf", 0, {0}, EPERM_, "no programs in the kernel"},
    {"keyctl", 0, {0}, EPERM_, "no keyrings"},
    {"ptrace", NET | USERNS | MEMFD, {0}, EPERM_, "no grant opens ptrace"},
    {"memfd_secret", 0, {0}, ENOSYS_, "as on a kernel without it"},
};

static void promised_rows(void) {
  for (size_t i = 0; i < COUNT(rows); i++) {
    uint64_t args[6] = {rows[i].args[0], rows[i].args[1], rows[i].args[2], rows[i].args[3], 0, 0};
    int good = 1;
    unsigned steps;
    for (int arch = 0; arch < ARCHS; arch++) {
      const int nr = number_of(arch, rows[i].call);
      if (nr < 0) continue;
      good = good && answer(arch, rows[i].options, arch_tokens[arch], (uint32_t)nr, args, &steps) == rows[i].answer &&
             answer(arch, rows[i].options, arch_tokens[(arch + 1) % ARCHS], (uint32_t)nr, args, &steps) == KILL &&
             answer(arch, rows[i].options, arch_tokens[arch], (uint32_t)nr | 0x40000000u, args, &steps) == ENOSYS_ &&
             answer(arch, rows[i].options, arch_tokens[arch], (uint32_t)nr + 512, args, &steps) == ENOSYS_;
    }
    OK(good, "row: %s, options %u: %s", rows[i].call, rows[i].options, rows[i].what);
  }
}

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
/* ---------------------------------------------------------------- the real kernel */

#if defined(__x86_64__)
enum { HERE = JL_ARCH_X86_64 };
#else
enum { HERE = JL_ARCH_AARCH64 };
#endif

static int install(unsigned options) {
  struct {
    unsigned short len;
    const void *filter;
  } program = {(unsigned short)filters[HERE][options].len, filters[HERE][options].insn}; /* struct sock_fprog */
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ? -1 : (int)syscall(SYS_seccomp, 1L, 0L, &program);
}

typedef struct outcome {
  long result; /* a negated errno, or what the call returned */
  int done;    /* 0: the child died first */
} outcome;

/* One call in a child of its own, under the filter (options >= 0) or without. *status: how the child ended. */
static outcome try_call(int options, long nr, const long *a, int *status) {
  outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  outcome copy = {0, 0};
  if (shared == MAP_FAILED) return copy;
  const pid_t pid = fork();
  if (pid == 0) {
    if (options >= 0 && install((unsigned)options)) _exit(9);
    const long r = syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
    shared->result = r < 0 ? -errno : r;
    shared->done = 1;
    _exit(0);
  }
  while (waitpid(pid, status, 0) < 0 && errno == EINTR) {
  }
  copy = *shared;
  munmap(shared, sizeof *shared);
  return copy;
}

/* Arguments are chosen so that even an unfiltered call does no harm. `free` marks those that an ordinary user's kernel
   answers differently without the filter: the row then also shows that it was the filter. */
static const struct {
  const char *call;
  int options;
  long args[6];
  int error; /* 0: allowed, whatever the kernel says to it, as long as that is not EPERM or ENOSYS */
  int free;
  const char *what;
} attempts[] = {
    {"ptrace", 0, {0}, EPERM, 1, "PTRACE_TRACEME"},
    {"process_vm_readv", 0, {0}, EPERM, 1, ""},
    {"kcmp", 0, {0, 0, 99}, EPERM, 1, ""},
    {"pidfd_getfd", 0, {-1, -1, 0}, EPERM, 1, ""},
    {"mount", 0, {0}, EPERM, 0, ""},
    {"umount2", 0, {0}, EPERM, 0, ""},
    {"pivot_root", 0, {0}, EPERM, 0, ""},
    {"chroot", 0, {0}, EPERM, 1, ""},
    {"open_tree", 0, {-1, 0, 0}, EPERM, 1, ""},
    {"fsopen", 0, {0}, EPERM, 0, ""},
    {"mount_setattr", 0, {-1, 0, 0, 0, 0}, EPERM, 1, ""},
    {"unshare", 0, {0x10000000}, EPERM, 0, "CLONE_NEWUSER"},
    {"unshare", 0, {0x20000}, EPERM, 0, "CLONE_NEWNS"},
    {"unshare", 0, {0x200}, 0, 0, "CLONE_FS"},
    {"setns", 0, {-1, 0}, EPERM, 1, ""},
    {"clone", 0, {0x10000011}, EPERM, 0, "CLONE_NEWUSER"},
    {"clone", 0, {0x20000011}, EPERM, 0, "CLONE_NEWPID"},
    {"clone", 0, {0x40000011}, EPERM, 0, "CLONE_NEWNET"},
    {"clone3", 0, {0}, ENOSYS, 0, ""},
    {"socket", 0, {2, 1, 0}, EAFNOSUPPORT, 1, "AF_INET"},
    {"socket", 0, {10, 2, 0}, EAFNOSUPPORT, 0, "AF_INET6"},
    {"socket", 0, {16, 3, 0}, EAFNOSUPPORT, 1, "AF_NETLINK"},
    {"socket", 0, {17, 3, 0}, EAFNOSUPPORT, 0, "AF_PACKET"},
    {"socket", 0, {38, 5, 0}, EAFNOSUPPORT, 0, "AF_ALG"},
    {"socket", 0, {40, 1, 0}, EAFNOSUPPORT, 0, "AF_VSOCK"},
    {"socket", 0, {1, 1, 0}, 0, 0, "AF_UNIX"},
    {"socket", NET, {2, 1, 0}, 0, 0, "AF_INET with the network"},
    {"socket", NET, {2, 2, 17}, 0, 0, "UDP with the network"},
    {"socket", NET, {16, 3, 0}, 0, 0, "NETLINK_ROUTE with the network"},
    {"socket", NET, {2, 3, 1}, EPERM, 0, "SOCK_RAW with the network"},
    {"socket", NET, {2, 1, 132}, EPROTONOSUPPORT, 0, "SCTP with the network"},
    {"socketpair", 0, {2, 1, 0, 0}, EAFNOSUPPORT, 1, "AF_INET"},
    {"ioctl", 0, {-1, 0x5412, 0}, EPERM, 1, "TIOCSTI"},
    {"ioctl", 0, {-1, 0x100005412, 0}, EPERM, 1, "TIOCSTI under high bits"},
    {"ioctl", 0, {-1, 0x541c, 0}, EPERM, 1, "TIOCLINUX"},
    {"ioctl", 0, {-1, 0x8912, 0}, EPERM, 1, "SIOCGIFCONF"},
    {"ioctl", NET, {-1, 0x8912, 0}, 0, 0, "SIOCGIFCONF with the network"},
    {"openat", 0, {-1, (long)"x", 0101, 02644}, EPERM, 1, "a set-group-id file"},
    {"openat2", 0, {-1, (long)"x", 0, 0}, ENOSYS, 1, ""},
    {"io_setup", 0, {0, 0}, ENOSYS, 1, ""},
    {"ioctl", 0, {-1, 0x5401, 0}, 0, 0, "TCGETS"},
    {"memfd_create", 0, {(long)"x", 1}, EACCES, 1, "no seal"},
    {"memfd_create", 0, {(long)"x", 0x10}, EACCES, 0, "MFD_EXEC"},
    {"memfd_create", 0, {(long)"x", 9}, 0, 0, "MFD_NOEXEC_SEAL"},
    {"memfd_create", MEMFD, {(long)"x", 1}, 0, 0, "no seal, with the grant"},
    {"io_uring_setup", 0, {1, 0}, EPERM, 0, ""},
    {"bpf", 0, {-1, 0, 0}, EPERM, 0, ""},
    {"perf_event_open", 0, {0}, EPERM, 1, ""},
    {"userfaultfd", 0, {-1}, EPERM, 0, ""},
    {"keyctl", 0, {0, -1, 0}, EPERM, 0, "KEYCTL_GET_KEYRING_ID"},
    {"add_key", 0, {0}, EPERM, 0, ""},
    {"request_key", 0, {0}, EPERM, 0, ""},
    {"personality", 0, {0x400000}, EPERM, 1, "READ_IMPLIES_EXEC"},
    {"personality", 0, {-1}, 0, 0, "asking"},
    {"mknodat", 0, {-1, 0, 0020644, 0x103}, EPERM, 0, "a character device"},
    {"mknodat", 0, {-1, 0, 0010644, 0}, 0, 0, "a FIFO"},
    {"prctl", 0, {1, 15}, EPERM, 1, "PR_SET_PDEATHSIG SIGTERM"},
    {"prctl", 0, {1, 0}, EPERM, 1, "PR_SET_PDEATHSIG cleared"},
    {"prctl", 0, {1, 9}, 0, 0, "PR_SET_PDEATHSIG SIGKILL"},
    {"clock_settime", 0, {0, 0}, EPERM, 1, ""},
    {"reboot", 0, {-1, -1, -1}, EPERM, 0, ""},
    {"init_module", 0, {0}, EPERM, 0, ""},
    {"kexec_load", 0, {0, 99, 0, -1}, EPERM, 0, ""},
    {"sethostname", 0, {0, -1}, EPERM, 0, ""},
    {"open_by_handle_at", 0, {-1, 0, 0}, EPERM, 0, ""},
    {"name_to_handle_at", 0, {-1, 0, 0, 0, -1}, EPERM, 1, ""},
    {"vmsplice", 0, {-1, 0, 0, 0}, EPERM, 1, ""},
    {"move_pages", 0, {0, 0, 0, 0, 0, -1}, EPERM, 1, ""},
};

static void kernel_denies(void) {
  for (size_t i = 0; i < COUNT(attempts); i++) {
    const int nr = number_of(HERE, attempts[i].call);
    int status = 0, good;
    const outcome got = try_call(attempts[i].options, nr, attempts[i].args, &status);
    if (attempts[i].error) good = got.result == -attempts[i].error;
    else good = got.result != -EPERM && got.result != -ENOSYS && got.result != -EACCES && got.result != -EAFNOSUPPORT;
    OK(got.done && good, "kernel: %s %s, options %d: %s (%ld)", attempts[i].call, attempts[i].what, attempts[i].options,
       attempts[i].error ? strerror(attempts[i].error) : "allowed", got.result);
    if (!attempts[i].free) continue;
    const outcome bare = try_call(-1, nr, attempts[i].args, &status);
    OK(bare.done && bare.result != got.result, "kernel: %s %s without the filter answers otherwise (%ld)",
       attempts[i].call, attempts[i].what, bare.result);
  }
  int status = 0;
  const long none[6] = {0};
  OK(try_call(0, 4000, none, &status).result == -ENOSYS, "kernel: a number from the future is ENOSYS");
}

#if defined(__x86_64__)
/* getpid by the 32-bit entry: 20 in eax. Returns how the child ended. */
static int int80_status(int filtered) {
  int status = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    long r;
    if (filtered && install(0)) _exit(9);
    __asm__ volatile("int $0x80" : "=a"(r) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
    _exit(r == getpid() ? 0 : 1);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static void kernel_entries(void) {
  const long none[6] = {0};
  int status = 0;
  OK(try_call(0, 0x40000000 | 39, none, &status).result == -ENOSYS, "kernel: getpid by its x32 number is ENOSYS");
  const int bare = int80_status(0), filtered = int80_status(1);
  if (WIFSIGNALED(bare)) printf("# this kernel has no 32-bit entry: signal %d without the filter\n", WTERMSIG(bare));
  OK(WIFSIGNALED(filtered) && WTERMSIG(filtered) == (WIFSIGNALED(bare) ? WTERMSIG(bare) : SIGSYS),
     "kernel: int 0x80 dies (%d without the filter, %d with it)", bare, filtered);
}
#else
static void kernel_entries(void) {}
#endif

static int status_line(void *unused) {
  char text[8192];
  (void)unused;
  const int fd = open("/proc/self/status", O_RDONLY);
  const ssize_t n = read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  return strstr(text, "\nSeccomp:\t2\n") ? 0 : 1;
}

/* fn in a child under the filter; its exit status, or -signal. */
static int under_filter(unsigned options, int (*fn)(void *), void *arg) {
  int status = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30); /* kept over exec: a program that hangs is a failure and not the end of the suite */
    _exit(install(options) ? 125 : fn(arg));
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* ---------------------------------------------------------------- real programs */

typedef struct program {
  const char *tool, *script, *output; /* script: for sh, in an empty directory; output: all that it prints */
} program;

/* What is listed here .ci/run installs, so that no row can be missing there; elsewhere a missing one is a skip by name. */
static const program programs[] = {
    {"sh", "x=$(echo one; echo two); (exit 3); [ $? = 3 ] && echo \"$x\" | wc -l | tr -d ' '", "2\n"},
    {"awk", "printf '1 2\\n3 4\\n' | awk '{ s += $2 } END { print s }'", "6\n"},
    {"perl", "perl -e '$p = fork; exit 5 if !$p; waitpid $p, 0; print $? >> 8, qq(\\n)'", "5\n"},
    {"tar",
     "mkdir a && echo hi >a/f && ln a/f a/g && ln -s f a/h && tar cf a.tar a && rm -r a && tar xf a.tar && cat a/h",
     "hi\n"},
    {"cc", "printf '#include <stdio.h>\\nint main(void) { return puts(\"built\") < 0; }\\n' >p.c && cc p.c -o p && ./p",
     "built\n"},
    {"bash", "bash -c 'a=(1 2); cat <(echo ${a[1]}); trap \"echo bye\" EXIT'", "2\nbye\n"},
    {"python3",
     "python3 -c 'import subprocess, threading, tempfile, multiprocessing\n"
     "t = threading.Thread(target=lambda: print(subprocess.check_output([\"echo\", \"42\"]).decode().strip()))\n"
     "t.start(); t.join(); tempfile.TemporaryFile().write(b\"x\"); multiprocessing.Lock()'",
     "42\n"},
    {"git",
     "export HOME=$PWD GIT_CONFIG_NOSYSTEM=1; git init -q r && cd r && echo a >a && git add a && git -c user.name=a -c "
     "user.email=a@b commit -qm one && git log --format=%s && git --version >/dev/null",
     "one\n"},
    {"node",
     "node -e 'const w = new (require(\"worker_threads\").Worker)(\"0\", {eval: true}); w.on(\"exit\", () => "
     "console.log(require(\"child_process\").execSync(\"echo 42\").toString().trim()))'",
     "42\n"},
};

static int run_script(void *arg) {
  const program *p = arg;
  const int out = open("out.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err = open("err.txt", O_WRONLY | O_CREAT | O_TRUNC, 0600), in = open("/dev/null", O_RDONLY);
  if (out < 0 || err < 0 || in < 0) return 124;
  dup2(in, 0), dup2(out, 1), dup2(err, 2);
  execl("/bin/sh", "sh", "-c", p->script, (char *)NULL);
  return 127;
}

static int run_in(void *arg) {
  const char *const *dir_and_program = arg;
  union {
    const void *in;
    void *out;
  } p = {dir_and_program[1]};
  return chdir(dir_and_program[0]) ? 123 : run_script(p.out);
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk) {
  (void)st, (void)kind, (void)walk;
  return remove(path);
}

static void show(const char *dir, const char *name) {
  char path[4200], line[256];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "r");
  for (int i = 0; f && i < 10 && fgets(line, sizeof line, f); i++) printf("# %s: %s", name, line);
  if (f) fclose(f);
}

static void programs_start(void) {
  const char *tmp = getenv("TMPDIR");
  for (size_t i = 0; i < COUNT(programs); i++) {
    char find[128], dir[4000], path[4200], text[256] = "", why[64];
    snprintf(find, sizeof find, "command -v %s >/dev/null 2>&1", programs[i].tool);
    snprintf(why, sizeof why, "%s is not installed", programs[i].tool);
    if (system(find)) {
      tap_skip(programs[i].tool, why);
      continue;
    }
    snprintf(dir, sizeof dir, "%s/jailer-seccomp-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!OK(mkdtemp(dir) != NULL, "programs: a directory for %s", programs[i].tool)) continue;
    const void *args[2] = {dir, &programs[i]};
    const int status = under_filter(0, run_in, args);
    snprintf(path, sizeof path, "%s/out.txt", dir);
    FILE *f = fopen(path, "r");
    if (f) text[fread(text, 1, sizeof text - 1, f)] = 0, fclose(f);
    const int works = status == 0 && !strcmp(text, programs[i].output);
    if (!OK(works, "programs: %s works under the filter", programs[i].tool)) {
      printf("# status %d\n", status);
      show(dir, "out.txt"), show(dir, "err.txt");
    }
    nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
  }
}
#endif

int main(void) {
  table_is_sound();
#if defined(__linux__)
#if defined(__x86_64__)
  table_equals_header(JL_ARCH_X86_64, "-include asm/unistd_64.h");
#endif
  /* what arch/arm64 says of the table that it shares with riscv */
  table_equals_header(JL_ARCH_AARCH64,
                      "-D__ARCH_WANT_RENAMEAT -D__ARCH_WANT_NEW_STAT -D__ARCH_WANT_SET_GET_RLIMIT "
                      "-D__ARCH_WANT_TIME32_SYSCALLS -D__ARCH_WANT_SYS_CLONE3 -D__ARCH_WANT_MEMFD_SECRET "
                      "-include asm-generic/unistd.h");
  table_equals_header(JL_ARCH_AARCH64, "-nostdinc -isystem /usr/aarch64-linux-gnu/include -include asm/unistd.h");
  table_equals_header(JL_ARCH_RISCV64, "-nostdinc -isystem /usr/riscv64-linux-gnu/include -include asm/unistd.h");
  table_equals_libseccomp();
#endif
  filters_are_programs();
  every_number();
  strange_entries();
  every_argument();
  promised_rows();
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  kernel_denies();
  kernel_entries();
  OK(under_filter(0, status_line, NULL) == 0, "kernel: /proc/self/status says Seccomp: 2");
  programs_start();
#endif
  return tap_done();
}
