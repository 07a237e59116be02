/* test_confine.c: a process confines itself. Every row does it for real, in a child of its own, and reads the kernel's
 * account of every thread. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "random_policy.h"
#include "tap.h"

/* --- children: the row's function runs in a fork and answers 0, or the line on which it gave up ------------------- */

#define NEED(condition) \
  do { \
    if (!(condition)) _exit(__LINE__ % 200 + 20); \
  } while (0)

static int ended(pid_t pid) {
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static int in_child(void (*row)(void)) {
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(30);
    row();
    syscall(SYS_exit_group, 0);
  }
  return ended(pid);
}

static void row(void (*fn)(void), const char *what) {
  const int status = in_child(fn);
  if (!OK(status == 0, "%s", what)) printf("# status %#x\n", (unsigned)status);
}

/* --- policies ------------------------------------------------------------------------------------------------------ */

/* Everything but getppid, which answers 77; `unknown` is ENOSYS. */
static const jailer_rule getppid_is_77[] = {{.call = "getppid", .otherwise = JAILER_ANSWER_ERRNO(77)}};

static jailer_policy *policy_of(const jailer_rule *rules, size_t count, uint32_t otherwise) {
  jailer_rules r = {.name = "row", .rules = rules, .rule_count = count, .otherwise = otherwise};
  jailer_policy *policy = NULL;
  jailer_error err;
  r.unknown = JAILER_ANSWER_ERRNO(38);
  if (jailer_policy_rules(&r, &policy, &err)) printf("# %s: %s\n", err.item, err.message);
  return policy;
}

static bool refused_77(void) { return syscall(SYS_getppid) == -1 && errno == 77; }

/* "Seccomp:", "NoNewPrivs:", "Seccomp_filters:" of a thread; -1: no such line. */
static int account(const char *task, const char *key) {
  char path[64], line[256];
  int value = -1;
  snprintf(path, sizeof path, "/proc/%s/status", task);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f))
    if (!strncmp(line, key, strlen(key))) value = atoi(line + strlen(key));
  if (f) fclose(f);
  return value;
}

/* --- threads that wait, answer one question each, and go on waiting ------------------------------------------------ */

enum { THREADS = 5 };
static pthread_barrier_t gate;
static bool refused[THREADS], filtered_first;
static pid_t tid_of[THREADS];

static void *waits(void *arg) {
  const size_t me = (size_t)(uintptr_t)arg;
  tid_of[me] = (pid_t)syscall(SYS_gettid);
  if (filtered_first && me == 3) {
    jailer_policy *own = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
    NEED(jailer_seccomp_apply(own, false, NULL, NULL) == JAILER_OK);
  }
  pthread_barrier_wait(&gate);
  pthread_barrier_wait(&gate);
  refused[me] = refused_77();
  pthread_barrier_wait(&gate);
  return NULL;
}

static void start_threads(void) {
  pthread_t thread;
  NEED(pthread_barrier_init(&gate, NULL, THREADS + 1) == 0);
  for (size_t i = 0; i < THREADS; i++) NEED(pthread_create(&thread, NULL, waits, (void *)(uintptr_t)i) == 0);
  pthread_barrier_wait(&gate);
}

static int ask_threads(void) {
  int n = 0;
  pthread_barrier_wait(&gate);
  pthread_barrier_wait(&gate);
  for (int i = 0; i < THREADS; i++) n += refused[i];
  return n;
}

/* --- rows ---------------------------------------------------------------------------------------------------------- */

static void one_thread(void) {
  jailer_policy *policy = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
  jailer_error err;
  bool verified = false;
  start_threads();
  NEED(!refused_77());
  NEED(jailer_seccomp_apply(policy, false, &verified, &err) == JAILER_OK);
  NEED(verified && refused_77());
  NEED(ask_threads() == 0);
  NEED(account("thread-self", "Seccomp:") == 2 && account("thread-self", "NoNewPrivs:") == 1);
}

static void all_threads(void) {
  jailer_policy *policy = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
  bool verified = false;
  start_threads();
  NEED(jailer_seccomp_apply(policy, true, &verified, NULL) == JAILER_OK && verified);
  for (int i = 0; i < THREADS; i++) { /* while they wait */
    char task[64];
    snprintf(task, sizeof task, "self/task/%d", (int)tid_of[i]);
    NEED(account(task, "Seccomp:") == 2 && account(task, "NoNewPrivs:") == 1);
  }
  NEED(refused_77() && ask_threads() == THREADS);
}

static void a_thread_that_cannot_follow(void) {
  static const jailer_rule other[] = {{.call = "getpgid", .otherwise = JAILER_ANSWER_ERRNO(77)}};
  jailer_policy *policy = policy_of(other, 1, JAILER_ANSWER_ALLOW);
  jailer_error err;
  bool verified = true;
  char tid[24];
  filtered_first = true;
  start_threads();
  NEED(jailer_seccomp_apply(policy, true, &verified, &err) == JAILER_E_CONFLICT && !verified);
  snprintf(tid, sizeof tid, "%d", (int)tid_of[3]);
  NEED(!strcmp(err.item, tid) && err.layer == JAILER_LAYER_SECCOMP);
  NEED(syscall(SYS_getpgid, 0) >= 0); /* nothing was installed */
  NEED(ask_threads() == 1);
}

static void stacks(void) {
  static const jailer_rule other[] = {{.call = "getpgid", .otherwise = JAILER_ANSWER_ERRNO(78)},
                                      {.call = "getppid", .otherwise = JAILER_ANSWER_ALLOW}};
  jailer_policy *first = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
  jailer_policy *second = policy_of(other, 2, JAILER_ANSWER_ALLOW);
  bool verified = false;
  NEED(jailer_seccomp_apply(first, true, &verified, NULL) == JAILER_OK && verified);
  NEED(jailer_seccomp_apply(second, true, &verified, NULL) == JAILER_OK && verified);
  NEED(refused_77()); /* what the first refuses stays refused */
  NEED(syscall(SYS_getpgid, 0) == -1 && errno == 78);
  const int filters = account("self", "Seccomp_filters:");
  NEED(filters == -1 || filters == 2);
}

/* Threads come and go while the filter is installed for all. */
static volatile int stop;
static void *comes_and_goes(void *unused) { return unused; }
static void *makes_threads(void *unused) {
  pthread_t thread;
  while (!stop)
    if (pthread_create(&thread, NULL, comes_and_goes, NULL) == 0) pthread_join(thread, NULL);
  return unused;
}

static void in_a_crowd(void) {
  jailer_policy *policy = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
  jailer_error err;
  pthread_t maker[3];
  for (int i = 0; i < 3; i++) NEED(pthread_create(&maker[i], NULL, makes_threads, NULL) == 0);
  for (int i = 0; i < 40; i++) {
    bool verified = false;
    NEED(jailer_seccomp_apply(policy, true, &verified, &err) == JAILER_OK);
    NEED(verified);
  }
  stop = 1;
  for (int i = 0; i < 3; i++) pthread_join(maker[i], NULL);
}

/* The first thread has ended and is a zombie in /proc/self/task. */
static void *without_a_leader(void *arg) {
  bool verified = false;
  usleep(20000);
  NEED(jailer_seccomp_apply(arg, true, &verified, NULL) == JAILER_OK && verified && refused_77());
  syscall(SYS_exit_group, 0);
  return NULL;
}

static void the_leader_has_gone(void) {
  pthread_t thread;
  NEED(pthread_create(&thread, NULL, without_a_leader, policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW)) == 0);
  syscall(SYS_exit, 0);
}

/* A policy of two calls: nothing else is made after it is installed, or the process would be gone. */
static void the_strictest(void) {
  static const jailer_rule two[] = {{.call = "write", .otherwise = JAILER_ANSWER_ALLOW},
                                    {.call = "exit_group", .otherwise = JAILER_ANSWER_ALLOW}};
  bool verified = true;
  jailer_policy *policy = policy_of(two, 2, JAILER_ANSWER_KILL_PROCESS);
  const jailer_code code = jailer_seccomp_apply(policy, true, &verified, NULL);
  syscall(SYS_exit_group, code == JAILER_OK && !verified ? 0 : 9);
}

/* What is allowed with read and close can be verified for one thread, not for all. */
static void read_and_close(void) {
  static const jailer_rule four[] = {{.call = "write", .otherwise = JAILER_ANSWER_ALLOW},
                                     {.call = "read", .otherwise = JAILER_ANSWER_ALLOW},
                                     {.call = "close", .otherwise = JAILER_ANSWER_ALLOW},
                                     {.call = "exit_group", .otherwise = JAILER_ANSWER_ALLOW}};
  bool verified = true, one = false;
  jailer_rule more[5];
  memcpy(more, four, sizeof four);
  memset(&more[4], 0, sizeof more[4]);
  more[4].call = "seccomp";
  more[4].otherwise = JAILER_ANSWER_ALLOW;
  jailer_rule first[64];
  static const char *const needed[] = {"mmap",    "munmap",     "brk",     "openat", "getdents64",
                                       "madvise", "prctl",      "seccomp", "read",   "close",
                                       "write",   "exit_group", "lseek",   "fstat",  "newfstatat"};
  for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
    memset(&first[i], 0, sizeof first[i]);
    first[i].call = needed[i];
    first[i].otherwise = JAILER_ANSWER_ALLOW;
  }
  jailer_policy *last = policy_of(more, 5, JAILER_ANSWER_KILL_PROCESS);
  NEED(jailer_seccomp_apply(policy_of(first, sizeof needed / sizeof needed[0], JAILER_ANSWER_KILL_PROCESS), true,
                            &verified, NULL) == JAILER_OK);
  NEED(verified);
  const jailer_code code = jailer_seccomp_apply(last, false, &one, NULL);
  syscall(SYS_exit_group, code == JAILER_OK && one ? 0 : 9);
}

/* A filter below that does not let seccomp through. */
static void not_after_the_last(void) {
  static const jailer_rule closed[] = {{.call = "seccomp", .otherwise = JAILER_ANSWER_ERRNO(1)}};
  jailer_error err;
  bool verified = true;
  NEED(jailer_seccomp_apply(policy_of(closed, 1, JAILER_ANSWER_ALLOW), false, NULL, NULL) == JAILER_OK);
  NEED(jailer_seccomp_apply(policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW), false, &verified, &err) ==
       JAILER_E_SYSTEM);
  NEED(!verified && err.sys_errno == EPERM && !refused_77());
}

/* The filters of one process: 32768 instructions, each with a few more counted. */
static void too_many(void) {
  jailer_policy *policy = NULL;
  jailer_error err;
  jailer_code code = JAILER_OK;
  int n = 0;
  NEED(jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, NULL) == JAILER_OK);
  while (code == JAILER_OK && n++ < 4000) code = jailer_seccomp_apply(policy, false, NULL, &err);
  NEED(code == JAILER_E_LIMIT && n > 50 && err.sys_errno == ENOMEM);
}

static void without_proc(void) {
  bool verified = true;
  const jailer_rule no_open[] = {{.call = "openat", .otherwise = JAILER_ANSWER_ERRNO(2)}};
  NEED(jailer_seccomp_apply(policy_of(no_open, 1, JAILER_ANSWER_ALLOW), false, NULL, NULL) == JAILER_OK);
  NEED(jailer_seccomp_apply(policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW), true, &verified, NULL) == JAILER_OK);
  NEED(!verified && refused_77());
}

/* --- the kernel and the rules agree: getpid heeds no argument, so any may be given to it --------------------------- */

/* A child installs the rule and calls; what came of each call is in shared memory. Answers with which one goes on. */
enum { CALLS = 200 };
static void kernel_agrees(void) {
  static random_policy p;
  long(*got)[CALLS] = mmap(NULL, sizeof *got, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  unsigned wrong = 0, asked = 0, refused = 0;
  uint64_t state = 3;
  for (uint64_t seed = 1; seed <= 120; seed++) {
    static uint64_t args[CALLS][6];
    jailer_policy *policy = NULL;
    random_policy_make(&p, seed, 1, seed % 3 ? 12 : 80);
    jailer_rule *rule = &p.rule[0];
    rule->call = "getpid";
    rule->optional = false;
    p.rules.otherwise = JAILER_ANSWER_ALLOW;
    rule->otherwise = JAILER_ANSWER_ERRNO(200);
    for (uint32_t i = 0; i < rule->clause_count; i++)
      p.clause[i].answer = i % 5 == 4 ? JAILER_ANSWER_ALLOW : JAILER_ANSWER_ERRNO(201 + i);
    NEED(jailer_policy_rules(&p.rules, &policy, NULL) == JAILER_OK && rule->clauses == p.clause);
    for (int i = 0; i < CALLS; i++) random_args(&state, rule->clauses, rule->clause_count, args[i]);
    const pid_t pid = fork();
    if (pid == 0) {
      if (jailer_seccomp_apply(policy, false, NULL, NULL)) syscall(SYS_exit_group, 1);
      for (int i = 0; i < CALLS; i++) {
        const uint64_t *a = args[i];
        const long r = syscall(SYS_getpid, a[0], a[1], a[2], a[3], a[4], a[5]);
        (*got)[i] = r < 0 ? (long)JAILER_ANSWER_ERRNO(errno) : (long)JAILER_ANSWER_ALLOW;
      }
      syscall(SYS_exit_group, 0);
    }
    NEED(ended(pid) == 0);
    for (int i = 0; i < CALLS; i++, asked++) {
      const uint32_t want = jailer_policy_answer(policy, JAILER_ARCH_NATIVE, SYS_getpid, args[i]);
      wrong += (uint32_t)(*got)[i] != want;
      refused += want != JAILER_ANSWER_ALLOW && want != JAILER_ANSWER_ERRNO(200);
    }
    jailer_policy_free(policy);
  }
  NEED(wrong == 0 && asked == 120 * CALLS && refused > 5000);
}

/* --- a launch with a policy on top of the launch filter ------------------------------------------------------------ */

/* Two threads confine the process at the same time, or one of them itself: filters that are there beside the own one,
   above or below it, are no disagreement. A thread with a filter that the process does not have is a conflict. */
static bool for_all[2];
static jailer_code came_to[2];
static void *confines(void *arg) {
  const int i = (int)(intptr_t)arg;
  jailer_policy *policy = policy_of(getppid_is_77, 1, JAILER_ANSWER_ALLOW);
  pthread_barrier_wait(&gate);
  came_to[i] = jailer_seccomp_apply(policy, for_all[i], NULL, NULL);
  jailer_policy_free(policy);
  return NULL;
}

static void at_the_same_time(void) {
  pthread_t thread[2];
  for_all[0] = true;
  NEED(!pthread_barrier_init(&gate, NULL, 2));
  for (intptr_t i = 0; i < 2; i++) NEED(!pthread_create(&thread[i], NULL, confines, (void *)i));
  for (int i = 0; i < 2; i++) NEED(!pthread_join(thread[i], NULL));
  NEED(came_to[0] == JAILER_OK || (!for_all[1] && came_to[0] == JAILER_E_CONFLICT));
  NEED(came_to[1] == JAILER_OK);
}

static void races(bool both) {
  int status = 0;
  for_all[1] = both;
  for (int tries = 0; tries < 150 && status == 0; tries++) status = in_child(at_the_same_time);
  if (!OK(status == 0, "all threads, while another thread %s", both ? "does the same" : "gets a filter of its own"))
    printf("# status %#x\n", (unsigned)status);
}

/* The numbers of descriptors count: what is opened to be read must be one that may be read and closed. */
static void few_descriptors(int most, bool expected) {
  const jailer_test low = {0, 32, JAILER_LE, 0, (uint64_t)most};
  const jailer_clause allowed = {JAILER_ANSWER_ALLOW, 1, &low};
  const jailer_rule rules[] = {{"read", JAILER_ANSWER_KILL_PROCESS, 1, &allowed, 0, false},
                               {"close", JAILER_ANSWER_KILL_PROCESS, 1, &allowed, 0, false}};
  bool verified = !expected;
  for (int fd = 3; fd < 64; fd++) close(fd);
  jailer_policy *policy = policy_of(rules, 2, JAILER_ANSWER_ALLOW);
  NEED(policy && jailer_seccomp_apply(policy, true, &verified, NULL) == JAILER_OK && verified == expected);
}
/* The kernel's account cannot be read: a filter below answers EIO for descriptor 5, which is the status of a thread. The
   error reaches the caller also where the new filter refuses to give the memory back. */
static void no_account(void) {
  const jailer_test fifth = {0, 32, JAILER_EQ, 0, 5};
  const jailer_clause broken = {JAILER_ANSWER_ERRNO(5), 1, &fifth};
  const jailer_rule below[] = {{"read", JAILER_ANSWER_ALLOW, 1, &broken, 0, false}};
  const jailer_rule above[] = {{"munmap", JAILER_ANSWER_KILL_PROCESS, 0, NULL, 0, false}};
  bool verified = true;
  for (int fd = 3; fd < 64; fd++) close(fd);
  jailer_policy *first = policy_of(below, 1, JAILER_ANSWER_ALLOW), *second = policy_of(above, 1, JAILER_ANSWER_ALLOW);
  NEED(first && second && jailer_seccomp_apply(first, false, NULL, NULL) == JAILER_OK);
  NEED(jailer_seccomp_apply(second, true, &verified, NULL) == JAILER_E_READBACK && !verified);
}
static void descriptors_to_3(void) { few_descriptors(3, false); }
static void descriptors_to_4(void) { few_descriptors(4, false); }
static void descriptors_to_5(void) { few_descriptors(5, true); }

static const jailer_rule no_mkdir[] = {{.call = "mkdir", .otherwise = JAILER_ANSWER_ERRNO(13)},
                                       {.call = "mkdirat", .otherwise = JAILER_ANSWER_ERRNO(13)}};

/* The exit status of a shell line in the strict jail, -signal, or -1000 - code. */
static int shell(const char *line, const jailer_policy *policy, bool init, jailer_error *err) {
  const char *const argv[] = {"sh", "-c", line, NULL};
  jailer_config config = {0};
  jailer_proc proc;
  jailer_status status;
  config.argv = argv;
  config.policy = policy;
  config.with_init = init;
  memset(err, 0, sizeof *err);
  jailer_code code = jailer_launch(&config, &proc, err);
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, err);
  if (code) return printf("# %s: %s: %s\n", err->step, err->item, err->message), -1000 - (int)code;
  return status.exited ? status.exit_code : -status.signal;
}

static void launches(void) {
  jailer_policy *policy = policy_of(no_mkdir, 2, JAILER_ANSWER_ALLOW), *all = policy_of(NULL, 0, JAILER_ANSWER_ALLOW);
  static const jailer_rule only_execve[] = {{.call = "execve", .otherwise = JAILER_ANSWER_ALLOW}};
  jailer_policy *execve_alone = policy_of(only_execve, 1, JAILER_ANSWER_KILL_PROCESS);
  jailer_policy *nothing = policy_of(NULL, 0, JAILER_ANSWER_KILL_PROCESS);
  const char *const argv[] = {"/usr/bin/env", NULL}, *const absent[] = {"/tmp/nothing", NULL};
  char text[8192];
  jailer_config config = {0};
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_error err;
  OK(shell("mkdir /tmp/x", NULL, false, &err) == 0, "launch: without a policy mkdir works");
  for (int init = 0; init < 2; init++) {
    OK(shell("mkdir /tmp/x 2>/dev/null || exit 5", policy, init, &err) == 5,
       "launch: with one that refuses it, it does not");
    OK(shell("unshare -U true 2>/dev/null || exit 6", all, init, &err) == 6,
       "launch: one that allows everything opens nothing that the launch filter closes");
    OK(shell("exit 0", execve_alone, init, &err) == -SIGSYS, "launch: one of execve alone ends the program, by SIGSYS");
  }
  OK(shell("n=$(grep Seccomp_filters /proc/self/status); exit ${n##*[!0-9]}", policy, false, &err) >= 2,
     "launch: the target has two filters at least");
  OK(shell("exit 0", nothing, false, &err) == -1000 - JAILER_E_CONFLICT && err.layer == JAILER_LAYER_SECCOMP,
     "launch: one without execve is E_CONFLICT");
  config.argv = argv;
  config.policy = policy;
  config.engine = JAILER_ENGINE_NONE;
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_INVALID && !strcmp(err.item, "policy"),
     "launch: the engine none has no filters, E_INVALID");
  config.engine = JAILER_ENGINE_AUTO;
  jailer_host host;
  OK(jailer_probe(&host, &err) == JAILER_OK, "the host");
  host.seccomp = false;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP);
  OK(jailer_plan_new(&config, &host, &plan, &err) == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_SECCOMP,
     "launch: a kernel without filters, where the launch filter may be missing: the policy may not, E_UNSUPPORTED");
  jailer_plan_free(plan);
  config.may_degrade = 0;
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan with a policy");
  jailer_policy_free(policy);
  OK(jailer_plan_text(plan, text, sizeof text, NULL, &err) == JAILER_OK && strstr(text, "\npolicy row\n"), "names it");
  OK(jailer_spawn(plan, &proc, &err) == JAILER_OK && jailer_wait(&proc, 20000, NULL, &err) == JAILER_OK,
     "and needs it no more");
  jailer_plan_free(plan);
  config.argv = absent;
  config.policy = execve_alone;
  const jailer_code code = jailer_launch(&config, &proc, &err);
  OK(code == JAILER_E_EXEC || code == JAILER_E_NOT_FOUND,
     "launch: a program that is not there is %s under the narrowest", jailer_code_name(code));
  jailer_policy_free(all);
  jailer_policy_free(execve_alone);
  jailer_policy_free(nothing);
}

int main(void) {
  jailer_error err;
  bool verified = true;
  OK(jailer_seccomp_apply(NULL, false, &verified, &err) == JAILER_E_INVALID && !verified, "no policy is E_INVALID");
  row(one_thread, "one thread: it alone is filtered, and that is verified");
  row(all_threads, "all threads: each is filtered, has no_new_privs, and that is verified");
  row(a_thread_that_cannot_follow, "all threads: one with a filter of its own is named, nothing is installed");
  row(stacks, "a second filter comes on top: both hold");
  row(in_a_crowd, "all threads, while others come and go");
  row(the_leader_has_gone, "all threads, when the first one has ended");
  row(the_strictest,
      "a policy of write and exit_group: no call is made that it refuses, and nothing is claimed verified");
  row(read_and_close, "one thread is verified with read and close alone, without munmap");
  row(not_after_the_last, "a filter below that refuses seccomp: an error, nothing is installed");
  row(too_many, "more than the kernel takes: E_LIMIT");
  row(without_proc, "where /proc cannot be opened it is installed and not verified");
  row(kernel_agrees, "the kernel answers 24000 calls under 120 random rules as the rules say");
  races(true);
  races(false);
  row(descriptors_to_3, "read and close for descriptors to 3: nothing is verified, no refused call is made");
  row(descriptors_to_4, "to 4: likewise");
  row(descriptors_to_5, "to 5: verified");
  row(no_account, "an account that cannot be read is E_READBACK, also without munmap");
  launches();
  return tap_done();
}
