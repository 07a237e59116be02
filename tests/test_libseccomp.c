/* test_libseccomp.c: three answers to the same question. What our compiler made, what libseccomp made of the same policy
 * (JAILER_USE_LIBSECCOMP) and the policy asked directly agree on every number and around every value: for the roles
 * with their options on all machines, and for policies by chance. Then the errors of that way, and a launch by it. */
#define _GNU_SOURCE
#include <stdbool.h>
#ifdef JAILER_USE_LIBSECCOMP
static bool fail_memfd(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK fail_memfd
#endif
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "tap.h"

#ifndef JAILER_USE_LIBSECCOMP
int main(void) {
  tap_skip("filters by libseccomp say the same as ours", "libseccomp-dev is not installed, or this compiler has none");
  return tap_done();
}
#else
#include "bpf_run.h"
#include "random_policy.h"
#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MACHINES = 3, NUMBERS = 1024 };
static const uint32_t tokens[MACHINES] = {0xc000003eu, 0xc00000b7u, 0xc00000f3u};
static const char *const machine_names[MACHINES] = {"x86-64", "aarch64", "riscv64"};
static const char *const role_names[] = {"none", "launch", "vmm", "vcpu", "api"};

/* Fails memfd_create: always with an errno, or only when asked for MFD_NOEXEC_SEAL, as a kernel before 6.3. */
static int memfd_errno, memfd_old_kernel, memfd_calls;
static bool fail_memfd(long nr, const long args[6], long *result) {
  if (nr != JL_NR_memfd_create) return false;
  memfd_calls++;
  *result = memfd_errno ? -memfd_errno : -EINVAL;
  return memfd_errno || (memfd_old_kernel && args[1] & 8);
}

typedef struct program {
  jailer_insn insn[JAILER_FILTER_MAX];
  size_t len;
} program;
static program ours, theirs;
static random_policy chance;

static uint32_t run(const program *p, uint32_t token, uint32_t number, const uint64_t args[6]) {
  bpf_run_data data = {(int32_t)number, token, 0x1234567812345678u, {0}};
  unsigned steps;
  memcpy(data.args, args, sizeof data.args);
  return bpf_run(p->insn, p->len, &data, &steps);
}

/* Compiles both ways. What does not fit is E_LIMIT on either side and no failure of this function. */
static jailer_code compile(const jailer_policy *policy, const jailer_arch *archs, size_t count, jailer_error *err) {
  jl_arch columns[MACHINES];
  size_t at;
  for (size_t i = 0; i < count; i++) columns[i] = (jl_arch)(archs[i] - 1);
  jailer_code code = jl_bpf_compile(policy, columns, count, ours.insn, JAILER_FILTER_MAX, &ours.len, err);
  if (code == JAILER_OK)
    code = jailer_policy_compile(policy, archs, count, theirs.insn, JAILER_FILTER_MAX, &theirs.len, err);
  if (code == JAILER_OK && bpf_run_check(theirs.insn, theirs.len, &at)) return JAILER_E_READBACK;
  return code;
}

static int shown; /* of what is different: the first few */

/* One question to all three. The number of disagreements. */
static long differ(const char *name, const jailer_policy *policy, int machine, uint32_t number,
                   const uint64_t args[6]) {
  const uint32_t want = jailer_policy_answer(policy, (jailer_arch)(machine + 1), number, args);
  const uint32_t we = run(&ours, tokens[machine], number, args), they = run(&theirs, tokens[machine], number, args);
  if (we == want && they == want) return 0;
  if (shown++ < 10)
    printf("# %s, %s, call %u (%llx %llx %llx %llx %llx %llx): policy %08x, ours %08x, libseccomp %08x\n", name,
           machine_names[machine], number, (unsigned long long)args[0], (unsigned long long)args[1],
           (unsigned long long)args[2], (unsigned long long)args[3], (unsigned long long)args[4],
           (unsigned long long)args[5], want, we, they);
  return 1;
}

/* Every number, x32 and above, each with `tries` arguments where its rule asks for some; other machines. */
static long disagreements(const char *name, const jailer_policy *policy, const jailer_arch *archs, size_t count,
                          unsigned tries, uint64_t seed) {
  static const uint32_t odd[] = {NUMBERS,    521,        547,         548,         65535,
                                 0x3fffffff, 0x40000000, 0x40000001,  0x4000003b,  0x400001ff,
                                 0x40000200, 0x7fffffff, 0x80000000u, 0xfffffffeu, 0xffffffffu};
  const uint64_t none[6] = {0, 0, 0, 0, 0, 0};
  long bad = 0;
  for (size_t a = 0; a < count; a++) {
    const int machine = (int)archs[a] - 1;
    for (uint32_t n = 0; n < NUMBERS; n++) {
      const jl_tab_call *call = jl_tab_call_of((jl_arch)machine, n);
      const jl_verdict *v = call ? jl_policy_of(policy, (size_t)(call - jl_tab_calls)) : &policy->unknown;
      uint64_t args[6];
      bad += differ(name, policy, machine, n, none);
      for (unsigned i = 0; i < (v->count ? tries : 2); i++) {
        random_args(&seed, v->clause, v->count, args);
        bad += differ(name, policy, machine, n, args);
        if (i < 2) bad += differ(name, policy, machine, n | 0x40000000u, args);
      }
    }
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) bad += differ(name, policy, machine, odd[i], none);
  }
  for (int machine = 0; machine < MACHINES + 2; machine++) {
    const uint32_t token = machine < MACHINES ? tokens[machine] : machine == MACHINES ? 0x40000003u : 0;
    bool asked = false;
    for (size_t a = 0; a < count; a++) asked = asked || (int)archs[a] - 1 == machine;
    for (uint32_t n = 0; n < NUMBERS && !asked; n += 7)
      bad += run(&theirs, token, n, none) != JAILER_ANSWER_KILL_PROCESS ||
             run(&ours, token, n, none) != JAILER_ANSWER_KILL_PROCESS;
  }
  return bad;
}

/* --- roles --- */

static void role(jailer_role r) {
  static const uint32_t denied[] = {0, JAILER_ANSWER_TRAP | 77, JAILER_ANSWER_KILL_THREAD, JAILER_ANSWER_ERRNO(4095)};
  long bad = 0, programs = 0, failed = 0;
  for (unsigned options = 0; options < (r == JAILER_ROLE_LAUNCH ? 16u : 2u); options++) {
    for (int d = 0; d < 4; d++) {
      if (d && options > 1)
        continue; /* the grants of the launch role, and each of the other answers with two of them */
      jailer_role_options o = {0};
      jailer_policy *policy;
      jailer_error err;
      o.allow_network = (options & 1) != 0;
      o.allow_userns = (options & 2) != 0;
      o.allow_exec_memfd = (options & 4) != 0;
      o.allow_pty = (options & 8) != 0;
      o.pid = options & 1 ? 4242 : 0;
      o.denied = denied[d];
      if (jailer_policy_role(r, &o, &policy, &err)) continue;
      for (int machine = 0; machine < MACHINES; machine++) {
        const jailer_arch arch = (jailer_arch)(machine + 1);
        programs++;
        if (compile(policy, &arch, 1, &err)) failed++, printf("# %s: %s\n", role_names[r], err.message);
        else bad += disagreements(role_names[r], policy, &arch, 1, 60, options * 16 + (unsigned)machine);
      }
      jailer_policy_free(policy);
    }
  }
  OK(programs > 0 && failed == 0 && bad == 0, "%s: %ld programs say what the policy says, and what ours say",
     role_names[r], programs);
}

static void machines_together(void) {
  const jailer_arch all[] = {JAILER_ARCH_RISCV64, JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64};
  jailer_policy *policy;
  jailer_error err;
  int good = !jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err);
  good = good && !compile(policy, all, 3, &err);
  OK(good && disagreements("three", policy, all, 3, 60, 3) == 0, "three machines in one program");
  good = good && !compile(policy, all, 2, &err);
  OK(good && disagreements("two", policy, all, 2, 60, 4) == 0,
     "two machines in one program; the third ends the process");
  jailer_policy_free(policy);
}

/* --- by chance --- */

static void by_chance(unsigned from, unsigned to, unsigned most_clauses) {
  long bad = 0, same = 0, limit = 0, failed = 0;
  for (unsigned seed = from; seed < to; seed++) {
    const jailer_arch arch = (jailer_arch)(1 + seed % MACHINES);
    jailer_policy *policy;
    jailer_error err;
    random_policy_make(&chance, seed, 1 + seed * 37 % 400, 1 + seed * 61 % most_clauses);
    jailer_code code = jailer_policy_rules(&chance.rules, &policy, &err);
    if (code) {
      failed++;
      continue;
    }
    code = compile(policy, &arch, 1, &err);
    if (code == JAILER_OK) bad += disagreements(chance.name, policy, &arch, 1, 40, seed);
    else if (code == JAILER_E_LIMIT) limit++;
    else failed++, printf("# %s: %s\n", chance.name, err.message);
    same += code == JAILER_OK;
    jailer_policy_free(policy);
  }
  OK(bad == 0 && failed == 0, "by chance, up to %u clauses: %ld policies are the same three times", most_clauses, same);
  OK(same >= 2 * limit, "by chance, up to %u clauses: %ld of %ld fit", most_clauses, same, same + limit);
}

/* --- one kind of test after the other, where chance may be thin --- */

static void each_operator(void) {
  static const uint64_t masks[] = {0, 0xff, 0xffffffff, 0x80000000, 0xf0f0f0f0, 0xffffffff00000000u, 0xff00000000ffu};
  static const uint64_t values[] = {
      0,          1,           0x12,         0x7fffffff,          0x80000000,         0xfffffffe,
      0xffffffff, 0x100000000, 0x1200000034, 0xfffffffffffffffeu, 0xffffffffffffffffu};
  const jailer_arch arch = JAILER_ARCH_X86_64;
  long bad = 0, made = 0;
  for (int bits = 32; bits <= 64; bits += 32)
    for (int op = JAILER_EQ; op <= JAILER_GE; op++)
      for (size_t m = 0; m < sizeof masks / sizeof *masks; m++)
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
          const jailer_test test = {3, (uint8_t)bits, (jailer_op)op, masks[m], values[v]};
          const jailer_clause clause = {JAILER_ANSWER_ERRNO(7), 1, &test};
          const jailer_rule rule = {"openat", JAILER_ANSWER_ALLOW, 1, &clause, 0, false};
          const jailer_rules rules = {NULL, &rule, 1, JAILER_ANSWER_ERRNO(1), JAILER_ANSWER_ERRNO(38)};
          uint64_t state = (uint64_t)made;
          jailer_policy *policy;
          if (jailer_policy_rules(&rules, &policy, NULL)) continue; /* a comparison that cannot come out both ways */
          made++;
          if (compile(policy, &arch, 1, NULL)) bad++;
          for (int i = 0; i < 200; i++) {
            uint64_t args[6];
            random_args(&state, &clause, 1, args);
            bad += differ("operator", policy, 0, 257, args);
          }
          jailer_policy_free(policy);
        }
  OK(made > 300 && bad == 0, "every operator with %ld masks and values", made);
}

/* Forty tests of one argument, more parts than a list holds: the clause must not shrink to those that fit. */
static void many_tests(void) {
  static jailer_test tests[40];
  const jailer_arch arch = JAILER_ARCH_X86_64;
  const jailer_clause clause = {JAILER_ANSWER_ERRNO(9), 40, tests};
  const jailer_rule rule = {"openat", JAILER_ANSWER_ALLOW, 1, &clause, 0, false};
  const jailer_rules rules = {NULL, &rule, 1, JAILER_ANSWER_ERRNO(1), JAILER_ANSWER_ERRNO(38)};
  jailer_policy *policy;
  jailer_error err;
  long bad = 0, hits = 0;
  for (unsigned i = 0; i < 40; i++) {
    const jailer_test test = {2, 64, i % 2 ? JAILER_NE : JAILER_GT, ~((uint64_t)1 << (i + 12)), i % 2 ? 0xf0 + i : i};
    tests[i] = test;
  }
  if (jailer_policy_rules(&rules, &policy, &err) || compile(policy, &arch, 1, &err)) bad++;
  for (uint64_t i = 0, state = 1; i < 20000 && !bad; i++) {
    uint64_t args[6] = {0, 0, i * 7, 0, 0, 0};
    if (i % 2) random_args(&state, &clause, 1, args);
    hits += jailer_policy_answer(policy, arch, 257, args) == clause.answer;
    bad += differ("many", policy, 0, 257, args);
  }
  OK(bad == 0 && hits > 1000 && hits < 20000, "forty tests of one argument");
  jailer_policy_free(policy);
}

/* --- errors --- */

static int descriptors(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static jailer_code launch_filter(size_t max, size_t *len, jailer_error *err) {
  jailer_policy *policy;
  jailer_code code = jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, err);
  if (code == JAILER_OK) code = jailer_policy_compile(policy, NULL, 0, theirs.insn, max, len, err);
  jailer_policy_free(policy);
  return code;
}

static void errors(void) {
  const int before = descriptors();
  jailer_error err;
  size_t whole, len;
  int good = launch_filter(JAILER_FILTER_MAX, &whole, &err) == JAILER_OK && whole > 100;
  for (size_t max = 0; good && max < whole; max += max < 12 ? 1 : 61) {
    len = 1;
    good = launch_filter(max, &len, &err) == JAILER_E_LIMIT && len == 0 && err.message[0];
  }
  OK(good && launch_filter(whole, &len, &err) == JAILER_OK && len == whole,
     "no room: E_LIMIT, and no part of a filter");
  memfd_errno = EMFILE;
  OK(launch_filter(JAILER_FILTER_MAX, &len, &err) == JAILER_E_SYSTEM && len == 0 && err.sys_errno == EMFILE &&
         err.layer == JAILER_LAYER_SECCOMP,
     "no memory file: E_SYSTEM with its errno");
  memfd_errno = 0;
  memfd_old_kernel = 1;
  memfd_calls = 0;
  OK(launch_filter(JAILER_FILTER_MAX, &len, &err) == JAILER_OK && len == whole && memfd_calls > 1,
     "a kernel without MFD_NOEXEC_SEAL is asked once more");
  memfd_old_kernel = 0;
  OK(descriptors() == before, "no descriptor is left behind");
}

/* More stages than there can be: a thousand clauses of one call that overlap. */
static void too_many(void) {
  static jailer_test tests[1200];
  static jailer_clause clauses[1200];
  for (unsigned i = 0; i < 1200; i++) {
    const jailer_test test = {(uint8_t)(i % 6), 64, JAILER_EQ, 0, i};
    tests[i] = test;
    clauses[i].answer = JAILER_ANSWER_ERRNO(1 + i % 2);
    clauses[i].test_count = 1;
    clauses[i].tests = &tests[i];
  }
  const jailer_rule rule = {"openat", JAILER_ANSWER_ALLOW, 1200, clauses, 0, false};
  const jailer_rules rules = {"long", &rule, 1, JAILER_ANSWER_ERRNO(1), JAILER_ANSWER_ERRNO(38)};
  jailer_policy *policy;
  jailer_error err;
  size_t len = 1;
  OK(!jailer_policy_rules(&rules, &policy, &err) &&
         jailer_policy_compile(policy, NULL, 0, theirs.insn, JAILER_FILTER_MAX, &len, &err) == JAILER_E_LIMIT &&
         len == 0 && strstr(err.message, "own compiler"),
     "more stages than there can be: E_LIMIT, and what to do");
  jailer_policy_free(policy);
}

/* --- the kernel --- */

static void launched(void) {
  const char *const argv[] = {"sh", "-c", "exit 42", NULL};
  jailer_config config = {0};
  jailer_plan *plan;
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  size_t len;
  config.argv = argv;
  int good = !launch_filter(JAILER_FILTER_MAX, &len, &err) && !jailer_plan_new(&config, NULL, &plan, &err);
  if (!good) printf("# %s\n", err.message);
  OK(good && plan->filter_len == len && !memcmp(plan->filter, theirs.insn, len * sizeof *theirs.insn),
     "a plan has the filter that libseccomp wrote");
  good = good && !jailer_spawn(plan, &proc, &err) && !jailer_wait(&proc, -1, &status, &err);
  OK(good && status.exited && status.exit_code == 42, "a program runs under it");
  if (good) jailer_plan_free(plan);
}

/* As a virtual machine monitor does it: its own role, and then a narrower one for a thread. */
static int install_within(void) {
  jailer_policy *vmm, *vcpu;
  jailer_error err;
  if (jailer_policy_role(JAILER_ROLE_VMM, NULL, &vmm, &err) || jailer_policy_role(JAILER_ROLE_VCPU, NULL, &vcpu, &err))
    return 1;
  struct utsname name; /* the vmm role lets it ask, the vcpu role does not */
  if (jailer_seccomp_apply(vmm, true, NULL, &err) || uname(&name)) return 2;
  if (jailer_seccomp_apply(vcpu, false, NULL, &err)) return 3;
  return uname(&name) ? 4 : 5;
}

static void within(void) {
  int status;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) syscall(SYS_exit_group, install_within());
  OK(pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS,
     "the vmm role, under it the vcpu role: what that refuses ends the process");
}

int main(void) {
  within();
  each_operator();
  for (int r = JAILER_ROLE_LAUNCH; r < JAILER_ROLE_COUNT; r++) role((jailer_role)r);
  machines_together();
  many_tests();
  by_chance(1, 201, 120);
  by_chance(201, 301, 400);
  errors();
  too_many();
  launched();
  return tap_done();
}
#endif
