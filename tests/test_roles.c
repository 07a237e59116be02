/* test_roles.c: the narrow roles of a virtual machine monitor. Rows of call, arguments and what is to come, by the
 * rules, by the compiled filter of three machines, and from the real kernel in a thread that has the role. */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "bpf_run.h"
#include "tap.h"
#if defined(__linux__)
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__has_include)
#if __has_include(<linux/kvm.h>)
#include <linux/kvm.h>
#endif
#endif
#endif

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
enum { VMM = 1, VCPU = 2, API = 4, ALL = 7, NOBODY = 0, NOSYS = 6 << 4 /* vcpu and api: ENOSYS */ };
enum { SOME_PID = 4321, DENIED = 77 };
static const char *const names[] = {"vmm", "vcpu", "api"};
static const uint32_t tokens[] = {0xc000003eu, 0xc00000b7u, 0xc00000f3u};

/* who may: the roles that answer ALLOW; the others deny, or with NOSYS say that there is no such call. */
static const struct {
  const char *call;
  uint64_t args[4];
  int who;
  const char *what;
} rows[] = {
    {"read", {0}, ALL, ""},
    {"write", {0}, ALL, ""},
    {"futex", {0}, ALL, ""},
    {"exit_group", {0}, ALL, ""},
    {"rt_sigreturn", {0}, ALL, ""},
    {"pread64", {0}, VMM | VCPU, "disks are read where the guest asks"},
    {"epoll_pwait", {0}, VMM | API, "a vCPU waits in KVM_RUN"},
    {"accept4", {0}, VMM | API, ""},
    {"connect", {0}, VMM, ""},
    {"openat", {0, 0, 02, 0}, VMM | NOSYS, "names, as far as Landlock and the mounts go"},
    {"openat", {0, 0, 0101, 04755}, NOBODY | NOSYS, "a set-user-id file"},
    {"open", {0, 0, 0, 0}, VMM | NOSYS, "as musl reads the time zone"},
    {"newfstatat", {UINT64_MAX, 0, 0, 0x1000}, VMM | NOSYS, "as glibc's stdio looks at a descriptor"},
    {"fstat", {UINT64_MAX}, ALL, ""},
    {"sysinfo", {0}, VMM | NOSYS, "as glibc's qsort asks for the memory of the host"},
    {"sched_getaffinity", {0, 0, 0}, VMM | NOSYS, "as malloc counts processors for the ninth thread"},
    {"mmap", {0, 4096, 3, 0x22}, ALL, "PROT_READ|PROT_WRITE"},
    {"mmap", {0, 4096, 5, 0x22}, NOBODY, "PROT_EXEC"},
    {"mmap", {0, 4096, 0x100000004, 0x22}, NOBODY, "PROT_EXEC beside a high bit"},
    {"mprotect", {0, 4096, 1}, ALL, "PROT_READ"},
    {"mprotect", {0, 4096, 7}, NOBODY, "PROT_EXEC"},
    {"pkey_mprotect", {0, 4096, 1}, NOBODY, "a second mprotect"},
    {"ioctl", {3, 0xae80}, VMM | VCPU, "KVM_RUN"},
    {"ioctl", {3, 0x10000ae80}, VMM | VCPU, "KVM_RUN under a high bit, which the kernel drops"},
    {"ioctl", {3, 0xae01}, VMM, "KVM_CREATE_VM"},
    {"ioctl", {3, 0xae41}, VMM, "KVM_CREATE_VCPU"},
    {"ioctl", {3, 0x4020ae46}, VMM, "KVM_SET_USER_MEMORY_REGION"},
    {"ioctl", {3, 0x8090ae81}, VMM | VCPU, "KVM_GET_REGS"},
    {"ioctl", {3, 0xaeff}, NOBODY, "no command of KVM's that is listed"},
    {"ioctl", {3, 0xad80}, NOBODY, "the number of KVM_RUN for another driver"},
    {"ioctl", {3, 0x4008af00}, VMM, "VHOST_SET_FEATURES"},
    {"ioctl", {0, 0x5401}, VMM, "TCGETS"},
    {"ioctl", {0, 0x5413}, ALL, "TIOCGWINSZ, as musl's stdio asks before its first write"},
    {"ioctl", {0, 0x5452}, NOBODY, "FIOASYNC"},
    {"ioctl", {0, 0x5412}, NOBODY, "TIOCSTI"},
    {"ioctl", {0, 0x541c}, NOBODY, "TIOCLINUX"},
    {"ioctl", {0, 0x540e}, NOBODY, "TIOCSCTTY"},
    {"ioctl", {3, 0x541b}, VMM | API, "FIONREAD"},
    {"ioctl", {3, 0x8912}, NOBODY, "SIOCGIFCONF"},
    {"ioctl", {3, 0x400454ca}, NOBODY, "TUNSETIFF"},
    {"ioctl", {3, 0x400454d0}, VMM, "TUNSETOFFLOAD"},
    {"fcntl", {0, 4, 04002}, ALL, "F_SETFL, O_NONBLOCK"},
    {"fcntl", {0, 4, 0x100000800}, ALL, "the same under a high bit, which the kernel drops"},
    {"fcntl", {0, 4, 020002}, NOBODY, "F_SETFL, O_ASYNC: SIGIO to the foreground of a terminal"},
    {"fcntl", {0, 0x100000004, 020002}, NOBODY, "the same under a high bit"},
    {"fcntl", {0, 1030}, ALL, "F_DUPFD_CLOEXEC"},
    {"fcntl", {0, 38}, ALL, "F_OFD_SETLKW"},
    {"fcntl", {0, 8}, NOBODY, "F_SETOWN"},
    {"fcntl", {0, 10}, NOBODY, "F_SETSIG"},
    {"fcntl", {0, 1024}, NOBODY, "F_SETLEASE"},
    {"prctl", {15}, ALL, "PR_SET_NAME"},
    {"prctl", {38, 1}, ALL, "PR_SET_NO_NEW_PRIVS"},
    {"prctl", {22, 2}, NOBODY, "PR_SET_SECCOMP"},
    {"prctl", {4, 1}, NOBODY, "PR_SET_DUMPABLE"},
    {"prctl", {1, 9}, NOBODY, "PR_SET_PDEATHSIG"},
    {"prctl", {24, 1}, NOBODY, "PR_CAPBSET_DROP"},
    {"kill", {SOME_PID, 9}, ALL, "itself"},
    {"kill", {SOME_PID + 1, 9}, NOBODY, "another process"},
    {"kill", {0xffffffff, 9}, NOBODY, "every process"},
    {"kill", {0, 9}, NOBODY, "its process group"},
    {"tgkill", {SOME_PID, 9, 10}, ALL, "one of its threads"},
    {"tgkill", {1, 1, 10}, NOBODY, "PID 1"},
    {"rt_tgsigqueueinfo", {SOME_PID, 9, 10}, ALL, "one of its threads"},
    {"rt_sigqueueinfo", {SOME_PID, 9}, NOBODY, "not asked for"},
    {"tkill", {9, 10}, NOBODY, "without the grant"},
    {"pidfd_send_signal", {3, 9}, NOBODY, ""},
    {"clone", {0x3d0f00}, VMM, "a thread, as libc makes it"},
    {"clone", {0x11}, NOBODY, "a process"},
    {"clone", {0x1200011}, NOBODY, "fork"},
    {"clone", {0x4111}, NOBODY, "vfork"},
    {"clone", {0x103d0f00}, NOBODY, "a thread with CLONE_NEWUSER"},
    {"fork", {0}, NOBODY, ""},
    {"vfork", {0}, NOBODY, ""},
    {"execve", {0}, NOBODY, ""},
    {"execveat", {0}, NOBODY, ""},
    {"socket", {1, 1, 0}, VMM, "AF_UNIX"},
    {"seccomp", {1, 0}, VMM, "one more filter"},
    {"seccomp", {1, 1}, VMM, "one more for all threads"},
    {"seccomp", {1, 8}, NOBODY, "with a listener"},
    {"seccomp", {0, 0}, NOBODY, "strict mode"},
    {"prlimit64", {0, 7, 0}, VMM, "a limit is read"},
    {"prlimit64", {0, 7, 4096}, NOBODY, "a limit is set"},
    {"ptrace", {0}, NOBODY, ""},
    {"process_vm_writev", {0}, NOBODY, ""},
    {"mount", {0}, NOBODY, ""},
    {"unshare", {0}, NOBODY, ""},
    {"setns", {0}, NOBODY, ""},
    {"bpf", {0}, NOBODY, ""},
    {"io_uring_setup", {0}, NOBODY, ""},
    {"userfaultfd", {0}, NOBODY, ""},
    {"perf_event_open", {0}, NOBODY, ""},
    {"keyctl", {0}, NOBODY, ""},
    {"setuid", {0}, NOBODY, ""},
    {"capset", {0}, NOBODY, ""},
    {"chmod", {0}, NOBODY, ""},
    {"fchmodat", {0}, NOBODY, ""},
    {"renameat2", {0}, NOBODY, ""},
    {"linkat", {0}, NOBODY, ""},
    {"symlinkat", {0}, NOBODY, ""},
    {"mknodat", {0}, NOBODY, ""},
    {"chdir", {0}, NOBODY, ""},
    {"memfd_create", {0, 8}, VMM, "MFD_NOEXEC_SEAL"},
    {"personality", {0xffffffff}, NOBODY, ""},
    {"shmget", {0}, NOBODY, ""},
    {"process_madvise", {0}, NOBODY, ""},
    {"vmsplice", {0}, NOBODY, ""},
};

static jailer_policy *role_of(int i, uint32_t denied, uint32_t pid, bool tkill) {
  jailer_role_options opt = {0};
  jailer_policy *policy = NULL;
  opt.denied = denied;
  opt.pid = pid;
  opt.allow_tkill = tkill;
  jailer_policy_role((jailer_role)(JAILER_ROLE_VMM + i), &opt, &policy, NULL);
  return policy;
}

static void promised_rows(void) {
  static jailer_insn insn[3][3][JAILER_FILTER_MAX];
  size_t len[3][3];
  jailer_policy *policy[3];
  for (int i = 0; i < 3; i++) {
    policy[i] = role_of(i, 0, SOME_PID, false);
    for (int arch = 0; arch < 3; arch++) {
      const jailer_arch one = (jailer_arch)(arch + 1);
      size_t at;
      OK(!jailer_policy_compile(policy[i], &one, 1, insn[i][arch], JAILER_FILTER_MAX, &len[i][arch], NULL) &&
             !bpf_run_check(insn[i][arch], len[i][arch], &at),
         "%s: a filter of %zu instructions", names[i], len[i][arch]);
    }
  }
  for (size_t r = 0; r < COUNT(rows); r++) {
    int good = 1;
    for (int i = 0; i < 3; i++)
      for (int arch = 0; arch < 3; arch++) {
        const uint64_t args[6] = {rows[r].args[0], rows[r].args[1], rows[r].args[2], rows[r].args[3], 0, 0};
        const uint32_t want = rows[r].who >> i & 1         ? JAILER_ANSWER_ALLOW
                              : rows[r].who >> (4 + i) & 1 ? JAILER_ANSWER_ERRNO(38)
                                                           : JAILER_ANSWER_KILL_PROCESS;
        const int nr = jailer_call_number((jailer_arch)(arch + 1), rows[r].call);
        unsigned steps;
        if (nr < 0) continue;
        bpf_run_data data = {nr, tokens[arch], 0, {0}};
        memcpy(data.args, args, sizeof args);
        const uint32_t rule = jailer_policy_answer(policy[i], (jailer_arch)(arch + 1), (uint32_t)nr, args);
        const uint32_t filter = bpf_run(insn[i][arch], len[i][arch], &data, &steps);
        if (rule == want && filter == want) continue;
        good = 0, printf("# %s: %#x by the rules, %#x by the filter\n", names[i], rule, filter);
      }
    OK(good, "row: %s %s is for%s%s%s%s", rows[r].call, rows[r].what, rows[r].who & VMM ? " vmm" : "",
       rows[r].who & VCPU ? " vcpu" : "", rows[r].who & API ? " api" : "", rows[r].who & ALL ? "" : " nobody");
  }
  for (int i = 0; i < 3; i++) jailer_policy_free(policy[i]);
}

/* A role lets nothing through that the launch filter refuses, whatever the arguments: it is narrower. */
static void narrower_than_launch(void) {
  static const uint64_t edges[] = {
      0,      1,      2,      4,      5,     8,    9,          0x10,       0x10f00,     0x3d0f00,
      0x5401, 0x5412, 0x8912, 0xae80, 02000, 0101, 0x10000011, 0xffffffff, 0x100000001, 0xffffffffffffffff};
  jailer_policy *launch;
  jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &launch, NULL);
  for (int i = 0; i < 3; i++) {
    jailer_policy *role = role_of(i, 0, SOME_PID, true);
    unsigned wider = 0, allowed = 0;
    for (uint32_t nr = 0; nr < 512; nr++)
      for (size_t n = 0; n < COUNT(edges) * COUNT(edges) * COUNT(edges); n++) {
        const uint64_t args[6] = {edges[n % COUNT(edges)],
                                  edges[n / COUNT(edges) % COUNT(edges)],
                                  edges[n / COUNT(edges) / COUNT(edges)],
                                  0,
                                  0,
                                  0};
        if (n && jailer_policy_answer(role, JAILER_ARCH_X86_64, nr, args) != JAILER_ANSWER_ALLOW) {
          if (!jailer_call_name(JAILER_ARCH_X86_64, nr)) break;
          continue;
        }
        const bool passes = jailer_policy_answer(role, JAILER_ARCH_X86_64, nr, args) == JAILER_ANSWER_ALLOW;
        allowed += passes && n == 0;
        if (passes && jailer_policy_answer(launch, JAILER_ARCH_X86_64, nr, args) != JAILER_ANSWER_ALLOW && wider++ < 3)
          printf("# %s: %s\n", names[i], jailer_call_name(JAILER_ARCH_X86_64, nr));
        if (n > 40 && passes && nr != 16 && nr != 41 && nr != 56 && nr != 157 && nr != 257 && nr != 2 && nr != 319)
          break;
      }
    OK(wider == 0 && allowed > 20, "%s: nothing that the launch filter refuses", names[i]);
    jailer_policy_free(role);
  }
  jailer_policy_free(launch);
}

static void options(void) {
  const uint64_t unix_[6] = {1, 1, 0}, inet[6] = {2, 1, 0}, zero[6] = {0}, one[6] = {1};
  jailer_policy *p = role_of(0, JAILER_ANSWER_TRAP | 5, 0, true);
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 101, zero) == (JAILER_ANSWER_TRAP | 5), "denied: TRAP, with its data");
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 62, zero) == (JAILER_ANSWER_TRAP | 5) &&
         jailer_policy_answer(p, JAILER_ARCH_X86_64, 62, one) == (JAILER_ANSWER_TRAP | 5),
     "pid 0: signals to nobody, not to process group 0");
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 200, zero) == JAILER_ANSWER_ALLOW, "allow_tkill");
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 435, zero) == JAILER_ANSWER_ERRNO(38),
     "clone3: libc goes on with clone");
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 500, zero) == JAILER_ANSWER_ERRNO(38), "newer than the table: ENOSYS");
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 41, unix_) == JAILER_ANSWER_ALLOW &&
         jailer_policy_answer(p, JAILER_ARCH_X86_64, 41, inet) == JAILER_ANSWER_ERRNO(97),
     "vmm: AF_INET is no family");
  jailer_policy_free(p);
  jailer_role_options opt = {0};
  opt.allow_network = true;
  jailer_policy_role(JAILER_ROLE_VMM, &opt, &p, NULL);
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 41, inet) == JAILER_ANSWER_ALLOW, "vmm with allow_network: TCP");
  jailer_policy_free(p);
  const uint32_t nobody[] = {UINT32_MAX, 1u << 31};
  for (size_t i = 0; i < COUNT(nobody); i++) {
    jailer_error err;
    jailer_role_options wrong = {0};
    wrong.pid = nobody[i];
    OK(jailer_policy_role(JAILER_ROLE_VMM, &wrong, &p, &err) == JAILER_E_INVALID && !p && !strcmp(err.item, "pid"),
       "pid %d: every process, or a group of them, is no process", (int)nobody[i]);
    jailer_policy_free(p);
  }
  jailer_policy_role(JAILER_ROLE_API, &opt, &p, NULL);
  OK(jailer_policy_answer(p, JAILER_ARCH_X86_64, 41, inet) == JAILER_ANSWER_KILL_PROCESS, "api makes no sockets");
  jailer_policy_free(p);
}

/* The numbers in the table are those of the header. */
#if defined(KVM_RUN)
static void kvm_numbers(void) {
  static const struct {
    unsigned long command;
    int who;
    const char *name;
  } kvm[] = {
    {KVM_RUN, VMM | VCPU, "KVM_RUN"},
    {KVM_CREATE_VM, VMM, "KVM_CREATE_VM"},
    {KVM_CREATE_VCPU, VMM, "KVM_CREATE_VCPU"},
    {KVM_GET_API_VERSION, VMM, "KVM_GET_API_VERSION"},
    {KVM_CHECK_EXTENSION, VMM, "KVM_CHECK_EXTENSION"},
    {KVM_GET_VCPU_MMAP_SIZE, VMM, "KVM_GET_VCPU_MMAP_SIZE"},
    {KVM_SET_USER_MEMORY_REGION, VMM, "KVM_SET_USER_MEMORY_REGION"},
    {KVM_GET_DIRTY_LOG, VMM, "KVM_GET_DIRTY_LOG"},
    {KVM_IRQFD, VMM, "KVM_IRQFD"},
    {KVM_IOEVENTFD, VMM, "KVM_IOEVENTFD"},
    {KVM_SET_GSI_ROUTING, VMM, "KVM_SET_GSI_ROUTING"},
    {KVM_CREATE_DEVICE, VMM, "KVM_CREATE_DEVICE"},
    {KVM_SET_DEVICE_ATTR, VMM, "KVM_SET_DEVICE_ATTR"},
    {KVM_GET_DEVICE_ATTR, VMM, "KVM_GET_DEVICE_ATTR"},
    {KVM_HAS_DEVICE_ATTR, VMM, "KVM_HAS_DEVICE_ATTR"},
    {KVM_IRQ_LINE, VMM | VCPU, "KVM_IRQ_LINE"},
    {KVM_IRQ_LINE_STATUS, VMM | VCPU, "KVM_IRQ_LINE_STATUS"},
    {KVM_SIGNAL_MSI, VMM | VCPU, "KVM_SIGNAL_MSI"},
    {KVM_GET_ONE_REG, VMM | VCPU, "KVM_GET_ONE_REG"},
    {KVM_SET_ONE_REG, VMM | VCPU, "KVM_SET_ONE_REG"},
    {KVM_GET_MP_STATE, VMM | VCPU, "KVM_GET_MP_STATE"},
    {KVM_SET_MP_STATE, VMM | VCPU, "KVM_SET_MP_STATE"},
    {KVM_INTERRUPT, VMM | VCPU, "KVM_INTERRUPT"},
    {KVM_SET_SIGNAL_MASK, VMM | VCPU, "KVM_SET_SIGNAL_MASK"},
    {KVM_NMI, VMM | VCPU, "KVM_NMI"},
    {KVM_SMI, VMM | VCPU, "KVM_SMI"},
    {KVM_ENABLE_CAP, VMM | VCPU, "KVM_ENABLE_CAP"},
    {KVM_SET_CLOCK, VMM, "KVM_SET_CLOCK"},
    {KVM_GET_CLOCK, VMM, "KVM_GET_CLOCK"},
#if defined(__x86_64__)
    {KVM_GET_REGS, VMM | VCPU, "KVM_GET_REGS"},
    {KVM_SET_REGS, VMM | VCPU, "KVM_SET_REGS"},
    {KVM_GET_SREGS, VMM | VCPU, "KVM_GET_SREGS"},
    {KVM_SET_SREGS, VMM | VCPU, "KVM_SET_SREGS"},
    {KVM_GET_MSRS, VMM | VCPU, "KVM_GET_MSRS"},
    {KVM_SET_MSRS, VMM | VCPU, "KVM_SET_MSRS"},
    {KVM_GET_FPU, VMM | VCPU, "KVM_GET_FPU"},
    {KVM_SET_FPU, VMM | VCPU, "KVM_SET_FPU"},
    {KVM_GET_LAPIC, VMM | VCPU, "KVM_GET_LAPIC"},
    {KVM_SET_LAPIC, VMM | VCPU, "KVM_SET_LAPIC"},
    {KVM_SET_CPUID2, VMM | VCPU, "KVM_SET_CPUID2"},
    {KVM_GET_CPUID2, VMM | VCPU, "KVM_GET_CPUID2"},
    {KVM_GET_VCPU_EVENTS, VMM | VCPU, "KVM_GET_VCPU_EVENTS"},
    {KVM_SET_VCPU_EVENTS, VMM | VCPU, "KVM_SET_VCPU_EVENTS"},
    {KVM_GET_DEBUGREGS, VMM | VCPU, "KVM_GET_DEBUGREGS"},
    {KVM_SET_DEBUGREGS, VMM | VCPU, "KVM_SET_DEBUGREGS"},
    {KVM_GET_XSAVE, VMM | VCPU, "KVM_GET_XSAVE"},
    {KVM_SET_XSAVE, VMM | VCPU, "KVM_SET_XSAVE"},
    {KVM_GET_XCRS, VMM | VCPU, "KVM_GET_XCRS"},
    {KVM_SET_XCRS, VMM | VCPU, "KVM_SET_XCRS"},
    {KVM_KVMCLOCK_CTRL, VMM | VCPU, "KVM_KVMCLOCK_CTRL"},
    {KVM_SET_TSC_KHZ, VMM | VCPU, "KVM_SET_TSC_KHZ"},
    {KVM_GET_MSR_INDEX_LIST, VMM, "KVM_GET_MSR_INDEX_LIST"},
    {KVM_GET_SUPPORTED_CPUID, VMM, "KVM_GET_SUPPORTED_CPUID"},
    {KVM_SET_TSS_ADDR, VMM, "KVM_SET_TSS_ADDR"},
    {KVM_SET_IDENTITY_MAP_ADDR, VMM, "KVM_SET_IDENTITY_MAP_ADDR"},
    {KVM_CREATE_IRQCHIP, VMM, "KVM_CREATE_IRQCHIP"},
    {KVM_GET_IRQCHIP, VMM, "KVM_GET_IRQCHIP"},
    {KVM_SET_IRQCHIP, VMM, "KVM_SET_IRQCHIP"},
    {KVM_CREATE_PIT2, VMM, "KVM_CREATE_PIT2"},
#endif
    {KVM_SET_GUEST_DEBUG, NOBODY, "KVM_SET_GUEST_DEBUG"}
  };
  const jailer_arch arch = JAILER_ARCH_NATIVE;
  for (size_t k = 0; k < COUNT(kvm); k++) {
    int good = 1;
    for (int i = 0; i < 3; i++) {
      jailer_policy *p = role_of(i, 0, 0, false);
      const uint64_t args[6] = {3, kvm[k].command};
      const uint32_t got = jailer_policy_answer(p, arch, (uint32_t)jailer_call_number(arch, "ioctl"), args);
      good = good && (got == JAILER_ANSWER_ALLOW) == (kvm[k].who >> i & 1);
      jailer_policy_free(p);
    }
    OK(good, "ioctl: %s, by the header's number", kvm[k].name);
  }
}
#endif

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
/* In a child with the role, whose refusals are errno 77: every row's call with harmless arguments (all wrong). */
static int kernel_row(int role, const char *call, const uint64_t *args) {
  int status = 0;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    bool verified = false;
    jailer_policy *p = role_of(role, JAILER_ANSWER_ERRNO(DENIED), SOME_PID, false);
    if (jailer_seccomp_apply(p, false, &verified, NULL) || !verified) syscall(SYS_exit_group, 100);
    const long r = syscall(jailer_call_number(JAILER_ARCH_NATIVE, call), args[0], args[1], args[2], args[3], -1L, -1L);
    syscall(SYS_exit_group, r < 0 && errno == DENIED ? 1 : r < 0 && errno == ENOSYS ? 2 : 0);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static void kernel_rows(void) {
  /* these would end, block or change the child instead of failing */
  static const char skip[] = " exit_group read rt_sigreturn futex epoll_pwait accept4 clone fork vfork kill tgkill ";
  for (size_t r = 0; r < COUNT(rows); r++) {
    char word[64];
    int good = 1;
    snprintf(word, sizeof word, " %s ", rows[r].call);
    if (jailer_call_number(JAILER_ARCH_NATIVE, rows[r].call) < 0 || (rows[r].who & ALL && strstr(skip, word))) continue;
    for (int i = 0; i < 3; i++) {
      uint64_t args[4];
      memcpy(args, rows[r].args, sizeof args);
      if (!strcmp(rows[r].call, "ioctl") || !strcmp(rows[r].call, "fcntl")) args[0] = UINT64_MAX; /* no descriptor */
      const int status = kernel_row(i, rows[r].call, args), want = rows[r].who >> i & 1         ? 0
                                                                   : rows[r].who >> (4 + i) & 1 ? 2
                                                                                                : 1;
      if (WIFEXITED(status) && WEXITSTATUS(status) == want) continue;
      good = 0, printf("# %s: status %#x\n", names[i], (unsigned)status);
    }
    OK(good, "kernel: %s %s", rows[r].call, rows[r].what);
  }
  const uint64_t none[4] = {0};
  int status = 0;
  (void)none;
  const pid_t pid = fork();
  if (pid == 0) {
    jailer_policy *p = role_of(1, 0, 0, false);
    if (jailer_seccomp_apply(p, false, NULL, NULL)) _exit(100);
    syscall(SYS_ptrace, 0, 0, 0, 0);
    _exit(0);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "kernel: vcpu by default ends what it refuses: SIGSYS");
}

/* What libc does by itself in a thread that never asked for it, under the role as it is by default: ends the process. */
static int by_value(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static FILE *fresh;
static void lc_print(void) { /* the first use of a stream: its descriptor is looked at */
  if (fprintf(fresh, "%d\n", 5) != 2 || fflush(fresh)) _exit(89);
}
static void lc_heap(void) { /* glibc: a thread's own heap becomes smaller, which asks /proc/sys/vm */
  static void *block[300];
  for (size_t i = 0; i < COUNT(block); i++) block[i] = malloc(100000);
  for (size_t i = COUNT(block); i-- > 0;) free(block[i]);
}
static void lc_sort(void) {
  int *numbers = calloc(20000, sizeof *numbers);
  if (!numbers) _exit(90);
  for (int i = 0; i < 20000; i++) numbers[i] = (i * 7919) % 20011;
  qsort(numbers, 20000, sizeof *numbers, by_value);
  free(numbers);
}
static void lc_time(void) {
  const time_t now = time(NULL);
  struct tm tm;
  if (!localtime_r(&now, &tm)) _exit(91);
}
static void lc_count(void) { (void)sysconf(_SC_NPROCESSORS_ONLN); }
static void lc_wait(void) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
  const struct timespec past = {1, 0};
  pthread_mutex_lock(&mutex);
  pthread_cond_timedwait(&cond, &mutex, &past);
}
static void lc_signal(void) {
  if (pthread_kill(pthread_self(), SIGURG)) _exit(92);
}
static void lc_memory(void) {
  void *p = malloc(1 << 22);
  void *more = p ? realloc(p, 1 << 24) : NULL;
  free(more ? more : p);
}
static void lc_abort(void) { abort(); }
#if !defined(__SANITIZE_ADDRESS__)
static void lc_exit(void) { exit(7); }
#endif

static const struct {
  const char *name;
  void (*fn)(void);
  int status;
} habits[] = {{"stdio", lc_print, 0},
              {"malloc, and free of much", lc_heap, 0},
              {"realloc of much", lc_memory, 0},
              {"qsort", lc_sort, 0},
              {"localtime", lc_time, 0},
              {"sysconf", lc_count, 0},
              {"a condition variable", lc_wait, 0},
              {"pthread_kill", lc_signal, 0},
#if !defined(__SANITIZE_ADDRESS__) /* which looks for leaks then, by calls of its own */
              {"exit", lc_exit, 7 << 8},
#endif
              {"abort", lc_abort, SIGABRT}};

typedef struct habit {
  int role;
  size_t which;
} habit;

static void *lives(void *arg) {
  const habit *h = arg;
  jailer_policy *p = role_of(h->role, 0, (uint32_t)getpid(), true);
  if (jailer_seccomp_apply(p, false, NULL, NULL)) _exit(93);
  jailer_policy_free(p);
  habits[h->which].fn();
  return NULL;
}

static void libc_habits(void) {
  for (size_t which = 0; which < COUNT(habits); which++)
    for (int i = 0; i < 3; i++) {
      int status = -1;
      fflush(stdout);
      const pid_t pid = fork();
      if (pid == 0) {
        habit h = {i, which};
        pthread_t thread;
        if (!(fresh = fopen("/dev/null", "w")) || pthread_create(&thread, NULL, lives, &h)) _exit(94);
        pthread_join(thread, NULL);
        _exit(0);
      }
      while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
      }
      OK((status & 0xff7f) == habits[which].status, "%s: a thread with libc's habits: %s (%#x)", names[i],
         habits[which].name, (unsigned)status);
    }
}

/* What a filter cannot see: a name. THREAT_MODEL.md, "Roles": Landlock says no to this one in a box (test_hostile,
   write_mem), and without it the role alone does not. */
static void beyond_a_filter(void) {
  int status = -1;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    jailer_policy *p = role_of(0, 0, 0, false);
    if (jailer_seccomp_apply(p, true, NULL, NULL)) _exit(95);
    _exit(open("/proc/self/mem", O_RDWR) >= 0 ? 0 : 96);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  OK(status == 0, "vmm alone, without Landlock: code can be written through /proc/self/mem, no filter tells (%#x)",
     (unsigned)status);
}

/* A program with threads goes on working: vmm for the process, vcpu and api in a thread each. */
static int pipes[2];
static void *worker(void *arg) {
  bool verified = false;
  const int role = (int)(intptr_t)arg;
  jailer_policy *p = role_of(role, 0, (uint32_t)getpid(), false);
  if (jailer_seccomp_apply(p, false, &verified, NULL) || !verified) return NULL;
  void *memory = malloc(1 << 20);
  if (!memory || write(pipes[1], names[role], 1) != 1) return NULL;
  memset(memory, 1, 1 << 20);
  free(memory);
  return arg;
}

static void threads_work(void) {
  int status = 0;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    bool verified = false;
    char got[2];
    void *result[2] = {NULL, NULL};
    pthread_t thread[2];
    jailer_policy *p = role_of(0, 0, (uint32_t)getpid(), false);
    if (pipe(pipes) || jailer_seccomp_apply(p, true, &verified, NULL) || !verified) syscall(SYS_exit_group, 100);
    for (int i = 0; i < 2; i++)
      if (pthread_create(&thread[i], NULL, worker, (void *)(intptr_t)(i + 1))) syscall(SYS_exit_group, 101);
    for (int i = 0; i < 2; i++) pthread_join(thread[i], &result[i]);
    if (!result[0] || !result[1] || read(pipes[0], got, 2) != 2) syscall(SYS_exit_group, 102);
    FILE *f = fopen("/dev/null", "w");
    if (!f || fprintf(f, "%d", 5) < 0 || fclose(f)) syscall(SYS_exit_group, 103);
    syscall(SYS_exit_group, 0);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  OK(status == 0, "threads: vmm for all, vcpu and api in one each; they start, allocate, write and end (%#x)",
     (unsigned)status);
}
#endif

int main(void) {
  promised_rows();
  narrower_than_launch();
  options();
#if defined(KVM_RUN)
  kvm_numbers();
#endif
#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))
  kernel_rows();
  threads_work();
  libc_habits();
  beyond_a_filter();
#endif
  return tap_done();
}
