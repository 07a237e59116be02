/* test_threads.c: launches from odd launchers. Many threads at once, other threads that fork and allocate, signals by the
 * thousand, SIGCHLD ignored, a launcher that is not dumpable, a huge environment, a tracer of the target's uid, and children
 * that hang. */
#define _GNU_SOURCE
#include "canary.h"
#include <pthread.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "tap.h"

static bool threads_hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK threads_hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: canary_denies */

static pid_t launcher;
static long hang_at; /* a call before which a child sleeps; 0: never */

/* Runs in the child too: only the launching process's children hang, in the kernel, where SIGKILL reaches them. */
#if defined(__GNUC__)
__attribute__((no_sanitize("address", "thread", "undefined")))
#endif
static bool threads_hook(long nr, const long args[6], long *result) {
  const long pause[2] = {100, 0};
  (void)args;
  (void)result;
  if (hang_at && nr == hang_at && jl_sys_raw(SYS_getpid, 0, 0, 0, 0, 0, 0) != launcher)
    jl_sys_raw(SYS_nanosleep, (long)pause, 0, 0, 0, 0, 0);
  return false;
}

static const char *granted;

/* One launch of the canary, whose account must bear out every layer. */
static bool launch(jailer_error *err, bool net, bool init) {
  const char *argv[] = {canary_program, granted, NULL};
  jailer_grant grant = {granted, NULL, JAILER_READ, false};
  int ends[2];
  jailer_config config;
  jailer_proc proc;
  jailer_status status;
  struct canary account;
  if (pipe2(ends, O_CLOEXEC)) return false;
  jailer_fd out = {ends[1], true, 1};
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = &grant;
  config.grant_count = 1;
  config.fds = &out;
  config.fd_count = 1;
  config.stdio = JAILER_STDIO_NULL;
  config.allow_network = !net;
  config.with_init = init;
  bool good = jailer_launch(&config, &proc, err) == JAILER_OK;
  close(ends[1]);
  if (good) {
    const char *why = canary_get(ends[0], &account) == 1 ? canary_denies(&account, &proc, "jail") : "no account";
    int kept = 0;
    for (int fd = 0; fd < CANARY_FDS; fd++) kept += account.fd_ino[fd] != 0;
    if (!why && (kept != 3 || account.fds_above)) why = "a descriptor of another launch";
    if (!why && (account.path[0].error || !account.path[0].write_error)) why = "the grant";
    jailer_code code = jailer_wait(&proc, 10000, &status, err);
    if (!why && (code || !status.exited || status.exit_code)) why = "the end";
    if (why) printf("# %s\n", why);
    good = !why;
  } else {
    char text[1024];
    jailer_error_text(err, text, sizeof text);
    printf("# %s\n", text);
  }
  close(ends[0]);
  return good;
}

/* --- many threads --- */

static int stop_noise;
static int failures;

static void *launching(void *arg) {
  jailer_error err;
  for (int i = 0; i < (int)(intptr_t)arg; i++)
    if (!launch(&err, i % 4 == 0, i % 5 == 1)) __atomic_add_fetch(&failures, 1, __ATOMIC_RELAXED);
  return NULL;
}

/* What other threads of a launcher do meanwhile: allocate, open, fork and execute. */
static void *noise(void *arg) {
  while (!__atomic_load_n(&stop_noise, __ATOMIC_RELAXED)) {
    free(malloc((size_t)(intptr_t)arg));
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) close(fd);
    pid_t pid = fork();
    if (pid == 0) {
      execl("/bin/true", "true", (char *)NULL);
      _exit(127);
    }
    if (pid > 0) waitpid(pid, NULL, 0);
    usleep(2000);
  }
  return NULL;
}

static void test_many(int count, int each) {
  pthread_t thread[8], other[2];
  canary_state before;
  canary_maps_count = 0; /* stacks of threads are kept for the next ones */
  canary_take(&before);
  failures = 0;
  __atomic_store_n(&stop_noise, 0, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++) pthread_create(&other[i], NULL, noise, (void *)(intptr_t)(1000 * (i + 1)));
  for (int i = 0; i < count; i++) pthread_create(&thread[i], NULL, launching, (void *)(intptr_t)each);
  for (int i = 0; i < count; i++) pthread_join(thread[i], NULL);
  __atomic_store_n(&stop_noise, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 2; i++) pthread_join(other[i], NULL);
  OK(failures == 0, "%d threads, %d launches each, beside threads that fork and allocate", count, each);
  const char *why = canary_differs(&before);
  OK(!why, "nothing is left, the dumpable flag is as it was%s%s", why ? ": " : "", why ? why : "");
}

/* --- signals --- */

static volatile int handled, handled_elsewhere;
static void on_usr1(int signal) {
  (void)signal;
  handled++;
  if (syscall(SYS_getpid) != launcher) handled_elsewhere++; /* in a child, on shared memory */
}

static void *storm(void *arg) {
  pthread_t target = *(pthread_t *)arg;
  while (!__atomic_load_n(&stop_noise, __ATOMIC_RELAXED)) {
    pthread_kill(target, SIGUSR1);
    usleep(50);
  }
  return NULL;
}

static void test_storm(int count) {
  struct sigaction action, old;
  pthread_t self = pthread_self(), thread;
  jailer_error err;
  int good = 0;
  memset(&action, 0, sizeof action);
  action.sa_handler = on_usr1;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, &old);
  __atomic_store_n(&stop_noise, 0, __ATOMIC_RELAXED);
  pthread_create(&thread, NULL, storm, &self);
  for (int i = 0; i < count; i++) good += launch(&err, false, i % 3 == 0);
  __atomic_store_n(&stop_noise, 1, __ATOMIC_RELAXED);
  pthread_join(thread, NULL);
  sigaction(SIGUSR1, &old, NULL);
  OK(good == count, "%d launches by a thread that gets signals all the time (%d handled)", good, handled);
  OK(handled > count && handled_elsewhere == 0, "handlers ran in the launcher, never in a child");
}

/* --- launchers with odd settings, each in a process of its own --- */

static void sigchld_ignored(void) { signal(SIGCHLD, SIG_IGN); }

static void sigchld_no_wait(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
}

static void all_blocked(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}

static void all_ignored(void) {
  for (int i = 1; i < 65; i++)
    if (i != SIGCHLD) signal(i, SIG_IGN);
}

static void no_home(void) {
  unsetenv("HOME");
  clearenv();
}

static void huge_environment(void) {
  char *value = malloc(100001);
  if (!value) return;
  memset(value, 'x', 100000);
  value[100000] = 0;
  for (int i = 0; i < 20; i++) {
    char name[16];
    snprintf(name, sizeof name, "HUGE%d", i);
    setenv(name, value, 1);
  }
  free(value);
}

static void strange_masks(void) {
  umask(0777);
  if (chdir("/proc/self")) _exit(9);
}

static void not_dumpable(void) { prctl(PR_SET_DUMPABLE, 0); }

/* Whether the status of a reaped child can still be had: PIDFD_GET_INFO with the exit, Linux 6.15. */
static bool lost_status(void) {
  jailer_host host;
  return jailer_probe(&host, NULL) || host.kernel_major < 6 || (host.kernel_major == 6 && host.kernel_minor < 15);
}

static void test_odd(void) {
  const bool lost = lost_status(), root = geteuid() == 0;
  const struct {
    const char *name;
    void (*set)(void);
    jailer_code expected;
  } rows[] = {{"ignores SIGCHLD", sigchld_ignored, lost ? JAILER_E_STATUS_LOST : JAILER_OK},
              {"has SA_NOCLDWAIT", sigchld_no_wait, lost ? JAILER_E_STATUS_LOST : JAILER_OK},
              {"blocks every signal", all_blocked, JAILER_OK},
              {"ignores every signal", all_ignored, JAILER_OK},
              {"has no environment", no_home, JAILER_OK},
              {"has an environment of 2 MB", huge_environment, JAILER_OK},
              {"has umask 0777 and sits in /proc/self", strange_masks, JAILER_OK},
              {"is not dumpable", not_dumpable, root ? JAILER_OK : JAILER_E_DENIED}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    pid_t pid = fork();
    if (pid == 0) {
      jailer_error err;
      memset(&err, 0, sizeof err);
      launcher = getpid();
      rows[i].set();
      int dumpable = prctl(PR_GET_DUMPABLE);
      bool good = launch(&err, true, false);
      if (rows[i].expected) good = !good && err.code == rows[i].expected && err.message[0];
      _exit(good && prctl(PR_GET_DUMPABLE) == dumpable ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    OK(status == 0, "a launcher that %s: %s", rows[i].name, jailer_code_name(rows[i].expected));
  }
}

/* --- a tracer of the target's uid, while root launches --- */

enum { TRACED_UID = 0x7a000001 };

static int trace_in_a_loop(int seconds) {
  time_t until = time(NULL) + seconds;
  pid_t parent = getppid();
  char path[64];
  if (setgid(TRACED_UID) || setuid(TRACED_UID)) return 2;
  while (time(NULL) < until) {
    pid_t newest = (pid_t)0;
    FILE *f = fopen("/proc/loadavg", "r"); /* its last field is the newest pid: the child that is being launched */
    if (f && fscanf(f, "%*s %*s %*s %*s %d", &newest) != 1) newest = 0;
    if (f) fclose(f);
    for (pid_t pid = newest - 2; newest && pid <= newest + 1; pid++) {
      if (pid == getpid() || pid < 2) continue;
      snprintf(path, sizeof path, "/proc/%d/mem", (int)pid);
      int fd = open(path, O_RDWR);
      if (fd >= 0) return 1;
      if (ptrace(PTRACE_SEIZE, pid, 0, 0) == 0) return 1;
    }
    snprintf(path, sizeof path, "/proc/%d/mem", (int)parent);
    if (open(path, O_RDONLY) >= 0) return 1;
  }
  return 0;
}

static void test_tracer(void) {
  const char *name = "a process of the target's uid never gets at the memory of a launch";
  if (geteuid() != 0) {
    OK(1, "%s: only a root launcher changes uids", name);
    return;
  }
  pid_t pid = fork();
  if (pid == 0) _exit(trace_in_a_loop(2));
  const char *argv[] = {"/bin/true", NULL};
  jailer_config config;
  jailer_error err;
  int launched = 0, status = 0, bad = 0;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.uid = config.gid = TRACED_UID;
  config.allow_network = true;
  config.stdio = JAILER_STDIO_NULL;
  while (waitpid(pid, &status, WNOHANG) == 0) {
    jailer_proc proc;
    if (jailer_launch(&config, &proc, &err) || jailer_wait(&proc, 10000, NULL, &err)) bad++;
    launched++;
  }
  OK(WIFEXITED(status) && WEXITSTATUS(status) != 2, "the tracer became the target's uid");
  /* 1 would also be a target after its exec, which its own uid may trace from outside only without a user namespace */
  OK(WIFEXITED(status) && WEXITSTATUS(status) == 0 && !bad, "%s (%d launches)", name, launched);
  OK(prctl(PR_GET_DUMPABLE) == 1, "the launcher is dumpable again");
}

/* --- children that hang --- */

static void test_timeouts(void) {
  static const struct {
    long at;
    bool init;
    const char *name;
  } rows[] = {{SYS_openat, false, "touching a granted path"}, {SYS_fsopen, false, "mounting the root"},
              {SYS_execve, false, "executing"},               {SYS_execveat, true, "becoming the init"},
              {SYS_seccomp, true, "below the init"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *argv[] = {"/bin/true", NULL};
    jailer_grant grant = {granted, NULL, JAILER_READ, false};
    jailer_config config;
    jailer_proc proc;
    jailer_error err;
    canary_state before;
    struct timespec began, ended;
    memset(&config, 0, sizeof config);
    config.argv = argv;
    config.grants = &grant;
    config.grant_count = 1;
    config.launch_timeout_ms = 150;
    config.with_init = rows[i].init;
    config.stdio = JAILER_STDIO_NULL;
    canary_take(&before);
    hang_at = rows[i].at;
    clock_gettime(CLOCK_MONOTONIC, &began);
    jailer_code code = jailer_launch(&config, &proc, &err);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    hang_at = 0;
    long took = (ended.tv_sec - began.tv_sec) * 1000 + (ended.tv_nsec - began.tv_nsec) / 1000000;
    OK(code == JAILER_E_TIMEOUT && err.step && err.message[0], "a child that hangs %s: E_TIMEOUT", rows[i].name);
    OK(took >= 140 && took < 2500, "after its deadline (%ld ms)", took);
    const char *why = canary_differs(&before);
    OK(!why, "nothing is left%s%s", why ? ": " : "", why ? why : "");
  }
}

int main(void) {
  const bool sanitized = getenv("JAILER_SANITIZED") != NULL;
  canary_setup();
  launcher = getpid();
  granted = canary_dir("granted", "word");
  jailer_error err;
  OK(launch(&err, true, false), "one launch, before there are threads");
  test_many(8, sanitized ? 8 : 25);
  test_storm(sanitized ? 20 : 100);
  test_odd();
  test_tracer();
  test_timeouts();
  canary_remove(canary_scratch);
  return tap_done();
}
