/* test_spawn.c: the life cycle of a target, seen from both sides: how it is found and started, what descriptors,
 * arguments and environment it gets, how it ends, and what the launcher is told. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static bool hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

/* A file that is opened instead of /proc/sys/fs/suid_dumpable; NULL: the real one. */
static const char *fake_dumpable;
static int fake_opens;

static bool hook(long nr, const long args[6], long *result) {
  if (!fake_dumpable || nr != SYS_openat || strcmp((const char *)args[1], "/proc/sys/fs/suid_dumpable") != 0) return false;
  int fd = open(fake_dumpable, O_RDONLY | O_CLOEXEC);
  fake_opens++;
  *result = fd < 0 ? -errno : fd;
  return true;
}

static char dir[256], probe[300];
static jailer_error err;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *in_dir(const char *name) {
  static char ring[16][400];
  static int at;
  char *path = ring[at++ % 16];
  snprintf(path, sizeof ring[0], "%s/%s", dir, name);
  return path;
}

/* A target with its stdout on a pipe. */
typedef struct target {
  jailer_config config;
  const char *argv[4];
  char number[16];
  jailer_fd fds[20];
  jailer_proc proc;
  jailer_status status;
  int out; /* the launcher's end of stdout; -1: none */
  char text[65536];
} target;

static void target_new(target *t, const char *what, int n) {
  memset(t, 0, sizeof *t);
  snprintf(t->number, sizeof t->number, "%d", n);
  t->argv[0] = probe;
  t->argv[1] = what;
  t->argv[2] = t->number;
  t->config.argv = t->argv;
  t->config.fds = t->fds;
  t->out = -1;
}

static bool target_pipe(target *t) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return false;
  t->fds[t->config.fd_count++] = (jailer_fd){ends[1], true, 1};
  t->out = ends[0];
  return true;
}

static jailer_code target_start(target *t) {
  if (t->out < 0 && !target_pipe(t)) return JAILER_E_SYSTEM;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_launch(&t->config, &t->proc, &err);
  close(t->fds[t->config.fd_count - 1].fd);
  if (code) close(t->out), t->out = -1;
  return code;
}

/* Reads what it writes until `until` has come, or the end. */
static bool target_read(target *t, const char *until) {
  size_t at = strlen(t->text);
  while (t->out >= 0 && at < sizeof t->text - 1 && !(until && strstr(t->text, until))) {
    ssize_t n = read(t->out, t->text + at, sizeof t->text - 1 - at);
    if (n <= 0) break;
    at += (size_t)n;
    t->text[at] = 0;
  }
  return !until || strstr(t->text, until);
}

static jailer_code target_wait(target *t, int timeout_ms) {
  jailer_code code = jailer_wait(&t->proc, timeout_ms, &t->status, &err);
  if (code != JAILER_E_TIMEOUT && t->out >= 0) close(t->out), t->out = -1;
  return code;
}

/* Starts, reads all, waits: the exit code, or -signal, or 1000 + the code of the failure. */
static int target_run(target *t) {
  jailer_code code = target_start(t);
  if (code) return 1000 + (int)code;
  target_read(t, NULL);
  if ((code = target_wait(t, 10000))) {
    jailer_kill(&t->proc, SIGKILL, NULL);
    target_wait(t, -1);
    return 1000 + (int)code;
  }
  return t->status.exited ? t->status.exit_code : -t->status.signal;
}

/* Starts one that says "ready". */
static bool target_ready(target *t, const char *what, int n) {
  target_new(t, what, n);
  jailer_code code = target_start(t);
  if (code) printf("# %s %d: %s: %s\n", what, n, err.step, err.message);
  return code == 0 && target_read(t, "ready\n");
}

static target T;

/* --- how it ends --- */

static bool deadly(int signal) {
  return signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH && signal != SIGSTOP &&
         signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU && signal != 32 &&
         signal != 33; /* 32, 33: the libc's own */
}

static void test_ends(void) {
  int wrong = -1;
  for (int n = 0; n < 256 && wrong < 0; n++) {
    target_new(&T, "exit", n);
    if (target_run(&T) != n || !T.status.exited || T.status.signal) wrong = n;
  }
  OK(wrong < 0, "exit codes 0 to 255%s%s", wrong < 0 ? "" : ", wrong for ", wrong < 0 ? "" : T.number);

  bool good = true;
  for (int n = 1; n <= 64; n++) {
    if (!deadly(n)) continue;
    target_new(&T, "raise", n);
    T.config.engine = JAILER_ENGINE_NONE;
    int end = target_run(&T);
    if (end != -n || T.status.exited || T.status.exit_code)
      good = OK(false, "engine none: ended by signal %d: %d", n, end);
  }
  OK(good, "ended by each deadly signal that it sends itself, without a pid namespace");
  good = true;
  for (int n = 1; n <= 64; n++) {
    if (!deadly(n)) continue;
    bool up = target_ready(&T, "idle", 0);
    jailer_code code = up ? jailer_kill(&T.proc, n, &err) : JAILER_E_SYSTEM;
    if (code || target_wait(&T, 5000) || T.status.exited || T.status.signal != n)
      good = OK(false, "PID 1 and signal %d: code %d, told %d", n, (int)code, T.status.signal);
  }
  OK(good, "PID 1 ends by each deadly signal of jailer_kill, and that signal is told");
  good = true;
  for (int n = 1; n <= 64; n++) {
    if (!deadly(n) || (n > 15 && n % 8)) continue;
    target_new(&T, "raise", n);
    T.config.with_init = true;
    int end = target_run(&T);
    if (end != -n) good = OK(false, "with an init: ended by signal %d: %d", n, end);
  }
  OK(good, "below an init the target's own signals end it");
  target_new(&T, "orphan", 9);
  OK(target_run(&T) == 7, "the target's exit ends its orphans");
  target_new(&T, "orphan", 9);
  T.config.with_init = true;
  OK(target_run(&T) == 7, "with an init the target's status is told, not an orphan's");
}

static void test_wait(void) {
  jailer_status status;
  jailer_proc before;
  if (!OK(target_ready(&T, "idle", 0), "wait: a target that stays")) return;
  struct pollfd p = {T.proc.pidfd, POLLIN, 0};
  OK(T.proc.pidfd > 2 && poll(&p, 1, 0) == 0, "wait: its pidfd is not readable");
  OK(fcntl(T.proc.pidfd, F_GETFD) == FD_CLOEXEC, "wait: its pidfd is close-on-exec");
  before = T.proc;
  double start = now();
  OK(jailer_wait(&T.proc, 0, &status, &err) == JAILER_E_TIMEOUT && now() - start < 0.5, "wait: 0 only looks");
  start = now();
  jailer_code code = jailer_wait(&T.proc, 50, &status, &err);
  double took = now() - start;
  OK(code == JAILER_E_TIMEOUT && err.sys_errno == ETIMEDOUT && took >= 0.049 && took < 2,
     "wait: 50 ms are 50 ms (%.0f)", took * 1e3);
  OK(!memcmp(&before, &T.proc, sizeof before), "wait: a time-out leaves the handle as it was");
  OK(!status.exited && status.signal == 0 && status.exit_code == 0, "wait: and says nothing of an end");
  jailer_kill(&T.proc, SIGKILL, NULL);
  OK(poll(&p, 1, 5000) == 1 && (p.revents & POLLIN), "wait: the pidfd is readable at the end");
  OK(jailer_kill(&T.proc, SIGTERM, &err) == 0 && jailer_kill(&T.proc, 0, &err) == 0,
     "wait: a signal after the end is no error");
  int pidfd = T.proc.pidfd;
  OK(target_wait(&T, 0) == 0 && T.status.signal == SIGKILL, "wait: 0 sees the end");
  OK(T.proc.pid == 0 && T.proc.pidfd == -1 && fcntl(pidfd, F_GETFD) < 0, "wait: the handle holds nothing any more");
  OK(jailer_wait(&T.proc, 0, &status, &err) == JAILER_E_INVALID, "wait: twice");
  OK(jailer_kill(&T.proc, SIGTERM, &err) == 0, "kill: once the end was seen there is nothing to end");
  jailer_proc none;
  memset(&none, 0, sizeof none);
  OK(jailer_kill(&none, SIGTERM, &err) == JAILER_E_INVALID, "kill: a handle that never held anything");
  OK(jailer_wait(NULL, 0, &status, &err) == JAILER_E_INVALID && jailer_kill(NULL, 1, NULL) == JAILER_E_INVALID,
     "wait, kill: NULL");
  jailer_release(NULL);
  jailer_release(&T.proc);
  OK(jailer_spawn(NULL, &T.proc, &err) == JAILER_E_INVALID && jailer_launch(NULL, NULL, NULL) == JAILER_E_INVALID,
     "spawn, launch: NULL");
  memset(&T.proc, 0xff, sizeof T.proc);
  OK(jailer_launch(NULL, &T.proc, NULL) == JAILER_E_INVALID && T.proc.pid == 0 && T.proc.pidfd == -1,
     "launch: a handle of a failure is empty");

  target_new(&T, "exit", 3);
  OK(target_start(&T) == 0 && jailer_wait(&T.proc, -1, NULL, NULL) == 0, "wait: nobody wants the status");
  close(T.out);
}

static void test_kill(void) {
  static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGQUIT};
  for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
    int n = signals[i];
    bool up = target_ready(&T, "handle", n);
    OK(up && jailer_kill(&T.proc, n, &err) == 0 && target_read(&T, "got\n") && target_wait(&T, 5000) == 0 &&
           T.status.exited && T.status.exit_code == 42,
       "kill: a handler of signal %d runs, and its exit code is told", n);
    up = target_ready(&T, "ignore", n);
    OK(up && jailer_kill(&T.proc, n, &err) == 0 && target_wait(&T, 60) == JAILER_E_TIMEOUT,
       "kill: an ignored signal %d ends nothing", n);
    jailer_kill(&T.proc, SIGKILL, NULL);
    OK(target_wait(&T, 5000) == 0 && T.status.signal == SIGKILL, "kill: and SIGKILL after it is told as SIGKILL");
  }
  bool up = target_ready(&T, "block", SIGTERM);
  OK(up && jailer_kill(&T.proc, SIGTERM, &err) == 0 && target_wait(&T, 60) == JAILER_E_TIMEOUT,
     "kill: a blocked signal ends nothing");
  jailer_kill(&T.proc, SIGINT, NULL);
  OK(target_wait(&T, 5000) == 0 && T.status.signal == SIGINT, "kill: another one does");
  static const int harmless[] = {SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU};
  up = target_ready(&T, "idle", 0);
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) jailer_kill(&T.proc, harmless[i], NULL);
  OK(up && target_wait(&T, 60) == JAILER_E_TIMEOUT, "kill: signals whose default is not to end do not end it");
  OK(jailer_kill(&T.proc, 0, &err) == 0 && target_wait(&T, 0) == JAILER_E_TIMEOUT, "kill: signal 0 only asks");
  OK(jailer_kill(&T.proc, -1, &err) == JAILER_E_INVALID && jailer_kill(&T.proc, 65, &err) == JAILER_E_INVALID &&
         err.message[0],
     "kill: no such signal");
  OK(jailer_kill(&T.proc, SIGSTOP, &err) == 0 && target_wait(&T, 60) == JAILER_E_TIMEOUT,
     "kill: a stopped target has not ended");
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%d/stat", (int)T.proc.pid);
  for (int tries = 0; tries < 500 && !strstr(text, ") T "); tries++) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
    close(fd);
    usleep(10000);
  }
  OK(strstr(text, ") T "), "kill: it is stopped");
  OK(jailer_kill(&T.proc, SIGTERM, &err) == 0 && target_wait(&T, 5000) == 0 && T.status.signal == SIGTERM,
     "kill: SIGTERM ends a stopped target");

  up = target_ready(&T, "idle", 0);
  jailer_kill(&T.proc, SIGHUP, NULL), jailer_kill(&T.proc, SIGTERM, NULL), jailer_kill(&T.proc, SIGKILL, NULL);
  OK(up && target_wait(&T, 5000) == 0 && T.status.signal == SIGHUP, "kill: of several the first is told");

  up = target_ready(&T, "idle", 0);
  struct pollfd p = {T.proc.pidfd, POLLIN, 0};
  kill(T.proc.pid, SIGKILL); /* somebody else */
  OK(up && poll(&p, 1, 5000) == 1 && jailer_kill(&T.proc, SIGTERM, &err) == 0 && target_wait(&T, 5000) == 0 &&
         T.status.signal == SIGKILL,
     "kill: after an end by somebody else nothing else is told");

  for (int handled = 0; handled < 2; handled++) { /* below an init the kernel's own rules hold */
    target_new(&T, handled ? "handle" : "idle", SIGTERM);
    T.config.with_init = true;
    up = target_start(&T) == 0 && target_read(&T, "ready\n");
    OK(up && jailer_kill(&T.proc, SIGTERM, &err) == 0 && target_wait(&T, 5000) == 0 &&
           (handled ? T.status.exited && T.status.exit_code == 42 : T.status.signal == SIGTERM),
       "kill: below an init, %s", handled ? "handled" : "not handled");
  }
  target_new(&T, "idle", 0);
  T.config.with_init = true;
  up = target_start(&T) == 0 && target_read(&T, "ready\n");
  OK(up && jailer_kill(&T.proc, SIGKILL, &err) == 0 && target_wait(&T, 5000) == 0 && T.status.signal == SIGKILL,
     "kill: SIGKILL below an init");
}

static void test_release(void) {
  target_new(&T, "idle", 0);
  T.config.outlive_launcher = true;
  bool up = target_start(&T) == 0 && target_read(&T, "ready\n");
  int copy = dup(T.proc.pidfd), pidfd = T.proc.pidfd;
  jailer_release(&T.proc);
  OK(up && T.proc.pid == 0 && fcntl(pidfd, F_GETFD) < 0, "release: the handle holds nothing any more");
  struct pollfd p = {copy, POLLIN, 0};
  OK(poll(&p, 1, 30) == 0, "release: the target goes on");
  syscall(SYS_pidfd_send_signal, copy, SIGKILL, NULL, 0);
  siginfo_t info;
  OK(poll(&p, 1, 5000) == 1 && waitid((idtype_t)3, (id_t)copy, &info, WEXITED | __WALL) == 0,
     "release: it is an ordinary child of the launcher");
  close(copy);
  close(T.out);
}

/* Who is gone when the launcher goes. */
static void test_launcher_ends(void) {
  for (int outlive = 0; outlive < 2; outlive++) {
    int ends[2], alive[2];
    if (pipe2(ends, O_CLOEXEC) || pipe(alive)) return;
    pid_t launcher = fork();
    if (launcher == 0) {
      target_new(&T, "idle", 0);
      T.config.outlive_launcher = outlive;
      T.fds[0] = (jailer_fd){alive[1], true, 2}; /* open as long as the target lives */
      T.config.fd_count = 1;
      close(alive[0]);
      bool up = target_start(&T) == 0 && target_read(&T, "ready\n");
      int pid = up ? T.proc.pid : 0;
      if (write(ends[1], &pid, sizeof pid) < 0) _exit(1);
      _exit(0);
    }
    close(alive[1]);
    int pid = 0;
    bool told = read(ends[0], &pid, sizeof pid) == sizeof pid && pid > 0;
    waitpid(launcher, NULL, 0);
    struct pollfd p = {alive[0], POLLIN, 0};
    int gone = poll(&p, 1, outlive ? 50 : 5000);
    OK(told && gone == !outlive, "the launcher ends: the target %s",
       outlive ? "that may outlive it goes on" : "ends with it");
    if (told && outlive) kill(pid, SIGKILL);
    if (outlive) poll(&p, 1, 5000);
    close(alive[0]), close(ends[0]), close(ends[1]);
  }
}

/* A target that is PID 1 can shed the parent-death signal: it is the leader thread's, and a thread that executes becomes the
   process without it. Below an init the signal is the init's, and the namespace ends with that. */
static void test_shed(void) {
  for (int init = 0; init < 2; init++) {
    int ends[2], alive[2], told[2] = {0, 0};
    if (pipe2(ends, O_CLOEXEC) || pipe2(alive, O_CLOEXEC)) return;
    fflush(stdout);
    pid_t launcher = fork();
    if (launcher == 0) {
      target_new(&T, "shed", 0);
      T.config.with_init = init;
      T.fds[0] = (jailer_fd){alive[1], true, 2};
      T.config.fd_count = 1;
      close(alive[0]);
      const bool up = target_start(&T) == 0 && target_read(&T, "ready\n");
      told[0] = up ? T.proc.pid : 0;
      told[1] = up && strstr(T.text, init ? "before: pid 2 signal 0\nafter: pid 2 signal 0\n" : "before: pid 1 signal 9\nafter: pid 1 signal 0\n");
      if (!told[1]) printf("# %s%s\n", T.text, err.message), fflush(stdout);
      if (write(ends[1], told, sizeof told) < 0) _exit(1);
      _exit(0);
    }
    close(alive[1]);
    const bool read_all = read(ends[0], told, sizeof told) == sizeof told;
    waitpid(launcher, NULL, 0);
    struct pollfd p = {alive[0], POLLIN, 0};
    const int gone = poll(&p, 1, init ? 10000 : 150);
    OK(read_all && told[1] && gone == init, "shed: %s",
       init ? "below an init there is no signal to be shed: the launcher's end ends the target" :
              "a target that is PID 1 sheds the parent-death signal and outlives its launcher (THREAT_MODEL.md)");
    if (read_all && told[0] > 0 && gone != 1) kill(told[0], SIGKILL), poll(&p, 1, 5000);
    close(alive[0]), close(ends[0]), close(ends[1]);
  }
}

/* --- the process group --- */

/* A shell with a child in its group. Both say so when they get SIGTERM. */
static const char group_script[] = "exec 2>/dev/null; trap 'echo parent' TERM; "
                                   "(trap 'echo child; exit 0' TERM; echo up; while :; do sleep 0.02; done) & "
                                   "wait; wait; echo over; exit 3";

enum { AS_PID1, AS_INIT, AS_NONE };
static const char *const group_names[] = {"PID 1", "below an init", "engine none"};

static bool group_start(int how, const char *script, const char *until) {
  static const char *argv[] = {"/bin/sh", "-c", NULL, NULL};
  argv[2] = script;
  target_new(&T, "", 0);
  T.config.argv = argv;
  T.config.with_init = how == AS_INIT;
  if (how == AS_NONE) T.config.engine = JAILER_ENGINE_NONE;
  jailer_code code = target_start(&T);
  if (code) printf("# %s: %s: %s\n", err.step, err.item, err.message);
  return code == 0 && target_read(&T, until);
}

static void test_group(void) {
  alarm(60); /* who does not hear of the signal runs for ever */
  for (int how = AS_PID1; how <= AS_NONE; how++) {
    bool up = group_start(how, group_script, "up\n");
    pid_t group = T.proc.pid;
    jailer_code code = jailer_kill(&T.proc, SIGTERM, &err);
    struct pollfd p = {T.proc.pidfd, POLLIN, 0};
    const bool ended = up && poll(&p, 1, 5000) == 1;
    if (!ended) jailer_kill(&T.proc, SIGKILL, NULL);
    if (!ended && up) kill(-group, SIGKILL); /* whom that did not reach */
    if (ended) target_read(&T, NULL);
    OK(ended && code == 0 && target_wait(&T, 5000) == 0 && T.status.exit_code == 3 && strstr(T.text, "parent\n") && strstr(T.text, "child\n") &&
           strstr(T.text, "over\n"),
       "group: %s: SIGTERM reaches the shell and its child", group_names[how]);
    if (!ended) target_wait(&T, 5000);

    /* the child alone holds the pipe when the shell is gone */
    up = group_start(how, "sleep 1000 & echo up; wait", "up\n");
    group = T.proc.pid;
    struct pollfd out = {T.out, POLLIN, 0};
    const bool gone = OK(up && poll(&out, 1, 0) == 0 && jailer_kill(&T.proc, SIGKILL, &err) == 0 && poll(&out, 1, 5000) == 1 && (out.revents & POLLHUP) &&
           target_wait(&T, 5000) == 0 && T.status.signal == SIGKILL,
       "group: %s: SIGKILL leaves no orphan", group_names[how]);
    if (!gone && up) kill(-group, SIGKILL);
  }
  alarm(0);
}

/* --- who takes the status --- */

static bool kernel_at_least(int major, int minor) {
  struct utsname u;
  int a = 0, b = 0;
  uname(&u);
  return sscanf(u.release, "%d.%d", &a, &b) == 2 && (a > major || (a == major && b >= minor));
}

/* From 6.15 on the pidfd itself tells the status; before, it is lost and that is said. */
static bool told_or_lost(jailer_code code, int exit_code) {
  if (kernel_at_least(6, 15)) return code == 0 && T.status.exited && T.status.exit_code == exit_code;
  return code == JAILER_E_STATUS_LOST && err.sys_errno == ECHILD;
}

static void test_status(void) {
  struct sigaction ignore, no_wait, old;
  memset(&ignore, 0, sizeof ignore);
  ignore.sa_handler = SIG_IGN;
  memset(&no_wait, 0, sizeof no_wait);
  no_wait.sa_handler = SIG_DFL;
  no_wait.sa_flags = SA_NOCLDWAIT;
  for (int i = 0; i < 2; i++) {
    sigaction(SIGCHLD, i ? &no_wait : &ignore, &old);
    target_new(&T, "exit", 7);
    jailer_code code = target_start(&T);
    if (!code) target_read(&T, NULL), code = target_wait(&T, 5000);
    sigaction(SIGCHLD, &old, NULL);
    OK(told_or_lost(code, 7) && T.proc.pid == 0, "status: the launcher %s SIGCHLD",
       i ? "does not wait for" : "ignores");
  }
  target_new(&T, "exit", 8);
  jailer_code code = target_start(&T);
  int status = 0;
  if (!code) {
    target_read(&T, NULL);
    pid_t thief = waitpid(-1, &status, __WALL);
    OK(thief == T.proc.pid && WEXITSTATUS(status) == 8, "status: another wait takes it");
    code = target_wait(&T, 5000);
  }
  OK(told_or_lost(code, 8), "status: after that");
  target_new(&T, "exit", 8);
  code = target_start(&T);
  if (!code) {
    target_read(&T, NULL);
    waitpid(-1, &status, __WALL);
    close(T.proc.pidfd); /* as on a kernel without pidfds */
    T.proc.pidfd = -1;
    code = target_wait(&T, 5000);
  }
  OK(code == JAILER_E_STATUS_LOST && T.proc.pid == 0 && err.message[0],
     "status: without a pidfd it is lost, and that is said");
  target_new(&T, "exit", 8);
  code = target_start(&T);
  if (!code) {
    close(T.proc.pidfd);
    T.proc.pidfd = -1;
    code = target_wait(&T, 5000);
  }
  OK(code == 0 && T.status.exit_code == 8, "status: without a pidfd, nobody took it");
}

/* --- descriptors --- */

typedef struct seen {
  int fd, cloexec;
  unsigned long dev, ino, rdev;
  unsigned type;
} seen;

static size_t seen_parse(const char *text, seen *out, size_t max) {
  size_t n = 0;
  for (; text && *text && n < max; n++) {
    if (sscanf(text, "%d %lu %lu %o %lx %d", &out[n].fd, &out[n].dev, &out[n].ino, &out[n].type, &out[n].rdev,
               &out[n].cloexec) != 6)
      break;
    text = strchr(text, '\n');
    if (text) text++;
  }
  return n;
}

static unsigned long ino_of(int fd) {
  struct stat st;
  return fstat(fd, &st) ? 0 : (unsigned long)st.st_ino;
}

/* Launches with the kept descriptors in T.fds[0..count) and stdout last, and compares: exactly those, and 0 and 2. */
static const char *kept_wrong(size_t count) {
  static seen list[64];
  unsigned long want[20];
  for (size_t i = 0; i < count; i++) want[i] = ino_of(T.fds[i].fd);
  T.config.fd_count = count;
  int end = target_run(&T);
  if (end) return end > 1000 ? err.message : "the probe failed";
  size_t n = seen_parse(T.text, list, 64), found = 0;
  for (size_t k = 0; k < n; k++) {
    bool ours = list[k].fd <= 2;
    for (size_t i = 0; i < count; i++) {
      if (list[k].fd != (T.fds[i].renumber ? T.fds[i].as : T.fds[i].fd)) continue;
      if (list[k].ino != want[i]) return "a number with the wrong file";
      ours = true;
      found++;
    }
    if (!ours) return "a descriptor that nobody kept";
    if (list[k].cloexec) return "a close-on-exec descriptor";
  }
  return found == count ? NULL : "a kept descriptor is missing";
}

static uint64_t seed = 4711;

static unsigned dice(unsigned n) {
  seed = seed * 6364136223846793005ull + 1442695040888963407ull;
  return (unsigned)(seed >> 33) % n;
}

/* Opens a pipe end at a number of one's own. */
static void open_at(int fd, bool cloexec) {
  int ends[2];
  if (pipe(ends)) return;
  int high = fcntl(ends[0], F_DUPFD_CLOEXEC, 1200); /* the number may be one of the ends */
  close(ends[0]), close(ends[1]);
  dup3(high, fd, cloexec ? O_CLOEXEC : 0);
  close(high);
}

static void test_fds(void) {
  const char *wrong = NULL;
  struct rlimit old, limit;
  getrlimit(RLIMIT_NOFILE, &old);
  limit = old;
  if (limit.rlim_cur < 4096 && limit.rlim_max >= 4096) limit.rlim_cur = 4096;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int base = 40;
  for (int i = 0; i < 8; i++) open_at(base + i, i % 2);
  open_at(60, false); /* never kept, not close-on-exec */
  open_at(70, true);
  int round = 0;
  for (; round < 40 && !wrong; round++) {
    size_t n = 1 + dice(8);
    int from[8], to[8];
    for (int i = 0; i < 8; i++) from[i] = to[i] = base + i;
    for (unsigned i = 7; i > 0; i--) {
      unsigned k = dice(i + 1), m = dice(i + 1);
      int swap = from[i];
      from[i] = from[k], from[k] = swap;
      swap = to[i];
      to[i] = to[m], to[m] = swap;
    }
    target_new(&T, "fds", 0);
    for (size_t i = 0; i < n; i++) {
      static const int high[] = {900, 3, 4, 77, 512, 5, 39, 899};
      T.fds[i].fd = from[i];
      T.fds[i].renumber = true;
      T.fds[i].as = round % 3 == 2 ? high[i] : to[i];
    }
    wrong = kept_wrong(n);
  }
  OK(!wrong, "fds: %d random permutations of up to 8, with cycles: %s", round, wrong ? wrong : "each in its place");
  static const struct {
    const char *name;
    int from[4], to[4]; /* to -1: kept as it is */
  } rows[] = {{"a cycle of two", {40, 41}, {41, 40}},
              {"a cycle of three", {40, 41, 42}, {41, 42, 40}},
              {"a chain", {40, 41, 42}, {41, 42, 43}},
              {"a chain the other way", {43, 42, 41}, {42, 41, 40}},
              {"one at two numbers", {40, 40}, {50, 51}},
              {"one as it is and elsewhere", {40, 40}, {-1, 51}},
              {"kept as they are, with gaps", {40, 42, 47}, {-1, -1, -1}},
              {"onto 0 and 2", {40, 41}, {0, 2}},
              {"stdin elsewhere, another in its place", {0, 40}, {9, 0}},
              {"900", {40}, {900}},
              {"from 1100 to 900 and back", {1100, 900}, {900, 1100}}};
  open_at(1100, true);
  open_at(900, true);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t n = 0;
    target_new(&T, "fds", 0);
    for (; n < 4 && (rows[i].from[n] || rows[i].to[n]); n++)
      T.fds[n] = (jailer_fd){rows[i].from[n], rows[i].to[n] >= 0, rows[i].to[n]};
    wrong = kept_wrong(n);
    OK(!wrong, "fds: %s%s%s", rows[i].name, wrong ? ": " : "", wrong ? wrong : "");
  }
  /* numbers above the launcher's soft limit: taken before it was lowered, or asked for inside */
  limit.rlim_cur = 256;
  setrlimit(RLIMIT_NOFILE, &limit);
  target_new(&T, "fds", 0);
  T.fds[0] = (jailer_fd){1100, true, 5};
  wrong = kept_wrong(1);
  OK(!wrong, "fds: from above the soft limit: %s", wrong ? wrong : "fine");
  target_new(&T, "fds", 0);
  T.fds[0] = (jailer_fd){1100, false, 0};
  T.fds[1] = (jailer_fd){40, true, 255};
  wrong = kept_wrong(2);
  OK(!wrong, "fds: kept above the soft limit: %s", wrong ? wrong : "fine");
  target_new(&T, "fds", 0);
  T.fds[0] = (jailer_fd){40, true, 1000};
  wrong = kept_wrong(1);
  OK(!wrong, "fds: renumbered above the soft limit: %s", wrong ? wrong : "fine");
  setrlimit(RLIMIT_NOFILE, &old);
  for (int i = 0; i < 8; i++) close(base + i);
  close(60), close(70), close(900), close(1100);
}

static void test_stdio(void) {
  static seen list[64];
  int saved[3];
  for (int i = 0; i < 3; i++) saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
  for (unsigned closed = 0; closed < 8; closed++) {
    unsigned long have[3];
    target_new(&T, "fds", 0);
    target_pipe(&T);
    for (int i = 0; i < 3; i++) {
      have[i] = ino_of(saved[i]);
      if (closed >> i & 1) close(i);
    }
    int end = target_run(&T);
    for (int i = 0; i < 3; i++) dup2(saved[i], i);
    size_t n = seen_parse(T.text, list, 64);
    bool good = end == 0 && n == 3;
    for (int i = 0; i < 3 && good; i += 2) /* 1 is the test's own pipe */
      good = list[i].fd == i &&
             (closed >> i & 1 ? list[i].type == S_IFCHR && list[i].rdev == 0x103 : list[i].ino == have[i]);
    OK(good, "stdio: closed in the launcher: %s%s%s: there is /dev/null instead", closed & 1 ? "0" : "",
       closed & 2 ? "1" : "", closed & 4 ? "2" : "");
    if (!good) printf("# %d %s: %s\n%s", end, err.step ? err.step : "", err.message, T.text);
  }
  target_new(&T, "fds", 0);
  T.config.stdio = JAILER_STDIO_NULL;
  bool good = target_run(&T) == 0 && seen_parse(T.text, list, 64) == 3 && list[0].rdev == 0x103 &&
              list[2].rdev == 0x103 && list[1].type == S_IFIFO;
  OK(good, "stdio: /dev/null by the field, but for what fds places there");
  int folder = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  dup2(folder, 0);
  close(folder);
  target_new(&T, "fds", 0);
  jailer_code code = target_start(&T);
  dup2(saved[0], 0);
  OK(code == JAILER_E_UNSAFE && err.layer == JAILER_LAYER_FDS && !strcmp(err.item, "0"),
     "stdio: a directory as stdin is refused");
  target_new(&T, "fds", 0);
  T.fds[0] = (jailer_fd){77, false, 0};
  T.config.fd_count = 1;
  OK(target_start(&T) == JAILER_E_INVALID && !strcmp(err.item, "77"), "fds: one that is not open is named");
  for (int i = 0; i < 3; i++) close(saved[i]);
}

/* --- arguments, environment, program --- */

static void test_args(void) {
  const char *argv[] = {probe, "args", "", "a b\n\"\\\xff", "-", NULL}, *env[] = {"A=1", "EMPTY=", "X=a=b", NULL};
  target_new(&T, "args", 0);
  T.config.argv = argv;
  setenv("JAILER_TEST_LEAK", "1", 1);
  char want[1000];
  snprintf(want, sizeof want,
           "arg %s\narg args\narg \narg a b\n\"\\\xff\narg -\n"
           "env PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\ncwd /\n",
           probe);
  OK(target_run(&T) == 0 && !strcmp(T.text, want), "args: as they are; of the environment only PATH");
  unsetenv("JAILER_TEST_LEAK");
  target_new(&T, "args", 0);
  T.config.env = env;
  T.config.cwd = "/tmp/";
  OK(target_run(&T) == 0 && strstr(T.text, "\nenv A=1\nenv EMPTY=\nenv X=a=b\nenv PATH=/usr") &&
         strstr(T.text, "\ncwd /tmp\n"),
     "env: as given, PATH added");
  const char *own_path[] = {"PATH=/x", NULL};
  target_new(&T, "args", 0);
  T.config.env = own_path;
  OK(target_run(&T) == 0 && strstr(T.text, "\nenv PATH=/x\ncwd /\n"), "env: a PATH of one's own");
  const char *bare[] = {"sh", "-c", "echo \"$0 $1\"", "zero", "one", NULL};
  target_new(&T, "args", 0);
  T.config.argv = bare;
  OK(target_run(&T) == 0 && !strcmp(T.text, "zero one\n"), "program: a bare name along PATH");
  const char *name[] = {"sh", "-c", "cat /proc/self/cmdline | head -c 3", NULL};
  target_new(&T, "args", 0);
  T.config.argv = name;
  OK(target_run(&T) == 0 && !memcmp(T.text, "cat", 3), "program: pipes and programs of the system run");
  target_new(&T, "exit", 0);
  T.config.cwd = "/nowhere";
  OK(target_run(&T) == 1000 + JAILER_E_NOT_FOUND && !strcmp(err.item, "/nowhere"), "cwd: does not exist inside");
  target_new(&T, "exit", 0);
  T.config.cwd = "/proc/self/status";
  OK(target_run(&T) == 1000 + JAILER_E_NOT_FOUND, "cwd: not a directory");
}

static void put(const char *name, const char *text, mode_t mode) {
  int fd = open(in_dir(name), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("# %s: not written\n", name);
  if (fd >= 0) fchmod(fd, mode), close(fd);
}

static const char no_file[] = "the interpreter of a script", no_permission[] = "lacks the execute bit",
                  no_format[] = "does not know its format";

/* What execve(2) refuses of a directory that is granted at another place: told by errno, each in its own sentence. */
static void test_program_refused(void) {
  mkdir(in_dir("there"), 0755);
  chmod(in_dir("there"), 0777); /* a root launcher's target is another user */
  mkdir(in_dir("there/folder"), 0755);
  put("there/good", "#!/bin/sh\nexit 6\n", 0755);
  put("there/plain", "#!/bin/sh\n", 0644);
  put("there/lost", "#!/no/such/program\n", 0755);
  put("there/inner", "#!/x/plain\n", 0755);
  put("there/words", "words\n", 0755);
  const struct {
    const char *name, *program;
    jailer_access access;
    int end, number;
    const char *says;
  } rows[] = {{"in an executable grant", "/x/good", JAILER_EXEC, 6, 0, NULL},
              {"in a grant that is read-only", "/x/good", JAILER_READ, 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"in a grant that is writable", "/x/good", JAILER_WRITE, 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"without the execute bit", "/x/plain", JAILER_EXEC, 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"a directory inside", "/x/folder", JAILER_EXEC, 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"its interpreter missing", "/x/lost", JAILER_EXEC, 1000 + JAILER_E_EXEC, ENOENT, no_file},
              {"its interpreter without the execute bit", "/x/inner", JAILER_EXEC, 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"missing inside", "/x/none", JAILER_EXEC, 1000 + JAILER_E_EXEC, ENOENT, no_file},
              {"text without #!", "/x/words", JAILER_EXEC, 1000 + JAILER_E_EXEC, ENOEXEC, no_format},
              {"with a name that is too long", NULL, JAILER_EXEC, 1000 + JAILER_E_EXEC, ENAMETOOLONG, ""}};
  char far[300] = "/x/";
  memset(far + 3, 'n', 256), far[259] = 0;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *argv[] = {rows[i].program ? rows[i].program : far, NULL};
    const jailer_grant g = {in_dir("there"), "/x", rows[i].access, false};
    target_new(&T, "exit", 0);
    T.config.argv = argv;
    T.config.grants = &g;
    T.config.grant_count = 1;
    int end = target_run(&T);
    const bool told = end < 1000 || (err.sys_errno == rows[i].number && err.item[0] && err.message[0] &&
                                     strstr(err.message, rows[i].says));
    int sentences = 0;
    const char *const all[] = {no_file, no_permission, no_format};
    for (int k = 0; k < 3; k++) sentences += end >= 1000 && strstr(err.message, all[k]) != NULL;
    OK(end == rows[i].end && told && sentences == (rows[i].says && *rows[i].says), "execve: %s: %s", rows[i].name,
       end < 1000 ? "runs" : err.message);
    if (end != rows[i].end) printf("# %d errno %d\n", end, err.sys_errno);
  }
}

static void test_program(void) {
  put("my_script", "#!/bin/sh\necho \"$0 $1\"; exit 5\n", 0755);
  put("no_interpreter", "#!/no/such/program\n", 0755);
  put("plain", "#!/bin/sh\n", 0644);
  put("garbage",
      "\x7f"
      "ELFgarbage",
      0755);
  put("empty", "", 0755);
  const struct {
    const char *name, *program;
    int end, number;
    const char *says; /* of the error's sentence, in no other's */
  } rows[] = {{"a script", in_dir("my_script"), 5, 0, NULL},
              {"a script without its interpreter", in_dir("no_interpreter"), 1000 + JAILER_E_EXEC, ENOENT, no_file},
              {"a file that is not executable", in_dir("plain"), 1000 + JAILER_E_EXEC, EACCES, no_permission},
              {"bytes that are no program", in_dir("garbage"), 1000 + JAILER_E_EXEC, ENOEXEC, no_format},
              {"an empty file", in_dir("empty"), 1000 + JAILER_E_EXEC, ENOEXEC, no_format},
              {"a path that does not exist", in_dir("nothing"), 1000 + JAILER_E_EXEC, ENOENT, no_file},
              {"a path below a file", "/etc/passwd/x", 1000 + JAILER_E_EXEC, ENOTDIR, ""},
              {"a directory", dir, 1000 + JAILER_E_EXEC, EACCES, "not a regular file"},
              {"a bare name that is nowhere", "no-such-program", 1000 + JAILER_E_NOT_FOUND, ENOENT, "along PATH"},
              {"a name in the working directory", "./my_script", 1000 + JAILER_E_INVALID, 0, "absolute path"},
              {"a relative path", "tmp/my_script", 1000 + JAILER_E_INVALID, 0, "absolute path"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *argv[] = {rows[i].program, "x", NULL};
    char want[400];
    target_new(&T, "exit", 0);
    T.config.argv = argv;
    int end = target_run(&T);
    snprintf(want, sizeof want, "%s x\n", rows[i].program);
    OK(end == rows[i].end &&
           (end < 1000 ? !strcmp(T.text, want)
                       : err.sys_errno == rows[i].number && err.message[0] && err.item[0] && strstr(err.message, rows[i].says)),
       "program: %s: %s", rows[i].name, end < 1000 ? "runs" : err.message);
    if (end != rows[i].end) printf("# %d errno %d\n", end, err.sys_errno);
  }
  const char *argv[] = {"my_script", "x", NULL};
  target_new(&T, "exit", 0);
  T.config.argv = argv;
  T.config.cwd = dir;
  jailer_grant g = {dir, NULL, JAILER_EXEC, false};
  T.config.grants = &g;
  T.config.grant_count = 1;
  OK(target_run(&T) == 1000 + JAILER_E_NOT_FOUND, "program: a bare name is not looked up in the working directory");
  char path[300];
  snprintf(path, sizeof path, "PATH=%s", dir);
  const char *env[] = {path, NULL};
  T.config.fd_count = 0;
  T.config.env = env;
  T.text[0] = 0;
  OK(target_run(&T) == 5, "program: but along a PATH that names it");
}

/* A copy that somebody still writes: tried again until it is closed, and no longer than the deadline. */
static bool copy_probe(const char *to) {
  int in = open(probe, O_RDONLY | O_CLOEXEC), out = open(to, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0755);
  char part[65536];
  ssize_t n = -1;
  while (in >= 0 && out >= 0 && (n = read(in, part, sizeof part)) > 0)
    if (write(out, part, (size_t)n) != n) break;
  if (out >= 0) fchmod(out, 0755), close(out);
  if (in >= 0) close(in);
  return n == 0;
}

static pid_t hold_open(const char *path, unsigned ms) {
  int ends[2];
  char c;
  if (pipe(ends)) return -1;
  pid_t pid = fork();
  if (pid == 0) {
    int fd = open(path, O_WRONLY);
    if (write(ends[1], "x", 1) < 0) _exit(1);
    usleep(ms * 1000);
    _exit(fd < 0);
  }
  close(ends[1]);
  if (read(ends[0], &c, 1) < 0) return -1;
  close(ends[0]);
  return pid;
}

/* Kills the child of this process that is not the holder, again and again: it is what the launch under test made. */
static pid_t killer_spares;

static void *kill_children(void *arg) {
  volatile int *stop = arg;
  while (!*stop) {
    usleep(50000);
    DIR *proc = opendir("/proc");
    for (struct dirent *e = proc ? readdir(proc) : NULL; e; e = readdir(proc)) {
      char path[300], text[512] = "", state;
      int pid = atoi(e->d_name), parent = 0;
      snprintf(path, sizeof path, "/proc/%d/stat", pid);
      int fd = pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
      if (fd < 0) continue;
      if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
      close(fd);
      const char *after = strrchr(text, ')');
      if (after && sscanf(after + 1, " %c %d", &state, &parent) == 2 && parent == getpid() && pid != killer_spares)
        kill(pid, SIGKILL);
    }
    if (proc) closedir(proc);
  }
  return NULL;
}

static void test_busy(void) {
  char copy[300];
  snprintf(copy, sizeof copy, "%s", in_dir("busy"));
  OK(copy_probe(copy), "busy: copied");
  const char *argv[] = {copy, "exit", "6", NULL};
  pid_t holder = hold_open(copy, 100);
  target_new(&T, "exit", 0);
  T.config.argv = argv;
  double start = now();
  int end = target_run(&T);
  double took = now() - start;
  OK(end == 6 && took > 0.04, "busy: a program that is written for 100 ms more is run after that (%.0f ms)",
     took * 1e3);
  waitpid(holder, NULL, 0);
  holder = hold_open(copy, 10000);
  target_new(&T, "exit", 0);
  T.config.argv = argv;
  T.config.launch_timeout_ms = 200;
  start = now();
  end = target_run(&T);
  took = now() - start;
  OK(end == 1000 + JAILER_E_TIMEOUT && took > 0.15 && took < 1.5, "busy: for longer than the deadline: %s (%.0f ms)",
     err.message, took * 1e3);
  volatile int stop = 0;
  pthread_t killer;
  killer_spares = holder;
  pthread_create(&killer, NULL, kill_children, (void *)(uintptr_t)&stop);
  target_new(&T, "exit", 0);
  T.config.argv = argv;
  T.config.launch_timeout_ms = 5000;
  end = target_run(&T);
  stop = 1;
  pthread_join(killer, NULL);
  OK(end > 1000 && end != 1000 + JAILER_E_TIMEOUT, "busy: killed while it waits, that is no launch: %s",
     end > 1000 ? err.message : "");
  kill(holder, SIGKILL);
  waitpid(holder, NULL, 0);
}

/* --- many launches, and what they leave --- */

static int open_count(void) {
  int n = 0;
  for (int fd = 0; fd < 2048; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

static void test_again(void) {
  const int before = open_count();
  char program[300], arg[] = "args", number[] = "12";
  snprintf(program, sizeof program, "%s", probe);
  const char *argv[] = {program, arg, number, NULL};
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.argv = argv;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC)) return;
  jailer_fd fd = {ends[1], true, 1};
  c.fds = &fd;
  c.fd_count = 1;
  jailer_plan *plan = NULL;
  if (!OK(jailer_plan_new(&c, NULL, &plan, &err) == 0, "again: planned")) return;
  memset(program, 'x', 5), memset(arg, 'x', 4), memset(number, 'x', 2), memset(&fd, 0xff, sizeof fd);
  argv[0] = NULL;
  bool good = true;
  char want[400], text[1000];
  snprintf(want, sizeof want, "arg %s\narg args\narg 12\n", probe);
  for (int i = 0; i < 30 && good; i++) {
    jailer_proc proc;
    jailer_status status;
    good = jailer_spawn(plan, &proc, &err) == 0;
    good = good && jailer_wait(&proc, 5000, &status, &err) == 0 && status.exited && status.exit_code == 0;
    ssize_t n = good ? read(ends[0], text, sizeof text - 1) : -1; /* all of it: the writer has ended */
    text[n > 0 ? n : 0] = 0;
    good = good && !strncmp(text, want, strlen(want));
  }
  OK(good, "again: one plan 30 times, and it needs nothing of the configuration any more");
  jailer_proc three[3];
  jailer_status status;
  good = true;
  for (int i = 0; i < 3; i++) good = jailer_spawn(plan, &three[i], &err) == 0 && good;
  for (int i = 2; i >= 0; i--) good = jailer_wait(&three[i], 5000, &status, &err) == 0 && status.exited && good;
  OK(good && three[0].pid == 0, "again: three at once");
  jailer_plan_free(plan);
  close(ends[0]), close(ends[1]);
  OK(open_count() == before, "again: no descriptor is left");

  /* more grants than the target may have descriptors */
  enum { MANY = 2000 };
  jailer_grant *grants = calloc(MANY, sizeof *grants);
  char(*at)[24] = malloc(MANY * sizeof *at);
  for (int i = 0; i < MANY; i++) {
    snprintf(at[i], sizeof at[i], "/many/%d", i);
    grants[i] = (jailer_grant){dir, at[i], JAILER_READ, false};
  }
  struct rlimit old, limit;
  getrlimit(RLIMIT_NOFILE, &old);
  limit = old;
  if (limit.rlim_cur < 3 * MANY) limit.rlim_cur = limit.rlim_max < 3 * MANY ? limit.rlim_max : 3 * MANY;
  setrlimit(RLIMIT_NOFILE, &limit);
  target_new(&T, "exit", 4);
  T.config.grants = grants;
  T.config.grant_count = limit.rlim_cur < 3 * MANY ? (limit.rlim_cur - 300) / 3 : MANY;
  T.config.limits.nofile = 64;
  int end = target_run(&T);
  OK(end == 4, "again: %zu grants, and 64 descriptors for the target: %s", T.config.grant_count,
     end == 4 ? "runs" : err.message);
  setrlimit(RLIMIT_NOFILE, &old);
  free(grants);
  free(at);

  /* what a launch may not change in the launcher */
  sigset_t mask, was, is;
  sigemptyset(&mask), sigaddset(&mask, SIGUSR1), sigaddset(&mask, SIGALRM);
  sigprocmask(SIG_SETMASK, &mask, &was);
  mode_t umask_was = umask(027);
  char cwd[400], cwd_after[400];
  pid_t sid = getsid(0);
  target_new(&T, "exit", 0);
  good =
      getcwd(cwd, sizeof cwd) && target_run(&T) == 0 && getcwd(cwd_after, sizeof cwd_after) && !strcmp(cwd, cwd_after);
  sigprocmask(SIG_SETMASK, &was, &is);
  mode_t umask_is = umask(umask_was);
  OK(good && sigismember(&is, SIGUSR1) && sigismember(&is, SIGALRM) && !sigismember(&is, SIGTERM) && umask_is == 027 &&
         getsid(0) == sid,
     "again: the launcher's signal mask, umask, directory and session are as they were");
}

static bool write_file(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return good;
}

/* Root of a user namespace with one id, as in a rootless container: it launches as an ordinary user does. */
static void test_nested(void) {
  char uid[48], gid[48];
  snprintf(uid, sizeof uid, "0 %u 1", geteuid());
  snprintf(gid, sizeof gid, "0 %u 1", getegid());
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    jailer_host host;
    if (unshare(CLONE_NEWUSER) || !write_file("/proc/self/setgroups", "deny") ||
        !write_file("/proc/self/uid_map", uid) || !write_file("/proc/self/gid_map", gid))
      _exit(100);
    if (jailer_probe(&host, &err) || host.privileged || !host.nested || host.uid != 0) _exit(101);
    target_new(&T, "exit", 5);
    int end = target_run(&T);
    if (end != 5) printf("# %d %s: %s: %s\n", end, err.step ? err.step : "", err.item, err.message);
    fflush(stdout);
    _exit(end == 5 && T.proc.uid == 0 ? 0 : 102);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  OK(status == 0, "nested: root of a small user namespace launches (%d)", WEXITSTATUS(status));
  jailer_host host;
  OK(jailer_probe(&host, &err) == 0 && (geteuid() != 0 || host.privileged == !host.nested),
     "nested: or it has all ids and privileges");
}

/* Without mounts Landlock alone holds the grants, and its rules only add up. */
static void test_without_mounts(void) {
  const char *argv[] = {probe, NULL};
  char outer[300], inner[320];
  jailer_grant grants[2];
  jailer_config config;
  jailer_host host;
  jailer_plan *plan;
  jailer_proc proc;
  jailer_error err;
  snprintf(outer, sizeof outer, "%s/outer", dir);
  snprintf(inner, sizeof inner, "%s/inner", outer);
  mkdir(outer, 0777);
  chmod(outer, 0777);
  mkdir(inner, 0755);
  memset(grants, 0, sizeof grants);
  grants[0].path = outer;
  grants[0].access = JAILER_WRITE;
  grants[1].path = inner;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = grants;
  config.grant_count = 2;
  config.stdio = JAILER_STDIO_NULL;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC);
  if (!OK(jailer_probe(&host, &err) == JAILER_OK, "the host is known")) return;
  host.mntns = false;
  if (!OK(jailer_plan_new(&config, &host, &plan, &err) == JAILER_OK, "a plan for a host without mount namespaces")) return;
  OK(jailer_spawn(plan, &proc, &err) == JAILER_E_CONFLICT && err.layer == JAILER_LAYER_MOUNTS && strstr(err.item, "inner"),
     "a read-only grant below a writable one is refused where mounts degrade");
  jailer_plan_free(plan);
  const char *in_usr = access("/usr/share", F_OK) == 0 ? "/usr/share" : access("/usr/lib", F_OK) == 0 ? "/usr/lib" : "/usr/bin";
  const struct {
    const char *outer;
    jailer_access outer_access, inner_access;
    jailer_code code;
    const char *what;
  } rows[] = {{outer, JAILER_EXEC, JAILER_WRITE, JAILER_E_CONFLICT, "a writable grant below an executable one is refused"},
              {outer, JAILER_EXEC, JAILER_READ, JAILER_E_CONFLICT, "one for reading below an executable one is refused"},
              {outer, JAILER_READ, JAILER_WRITE, JAILER_OK, "a writable grant below one for reading is launched"},
              {in_usr, JAILER_READ, JAILER_WRITE, JAILER_OK, "one for reading in a directory of the system is launched"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *exits[] = {probe, "exit", "0", NULL};
    config.argv = exits;
    grants[0].path = rows[i].outer;
    grants[0].access = rows[i].outer_access;
    grants[1].access = rows[i].inner_access;
    jailer_code code = jailer_plan_new(&config, &host, &plan, &err);
    if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
    if (!OK(code == rows[i].code, "%s where mounts degrade", rows[i].what)) printf("# %s: %s: %s\n", err.step, err.item, err.message);
    if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, &err);
    jailer_plan_free(plan);
  }
}

/* Who has no capability and can have no user namespace cannot drop the bounding set either. It means nothing under
   no_new_privs, so the launch goes on, and the report says so. Answers 0, or the line that gave up. */
static int without_any_capability(void) {
  const char *argv[] = {probe, "exit", "7", NULL};
  jailer_config config;
  jailer_host host;
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_report report;
  jailer_status status;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.stdio = JAILER_STDIO_NULL;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_COUNT) - 2;
  config.may_degrade &= ~(JAILER_BIT(JAILER_LAYER_CAPS) | JAILER_BIT(JAILER_LAYER_LANDLOCK) | JAILER_BIT(JAILER_LAYER_SECCOMP));
  if (jailer_probe(&host, &err)) return __LINE__;
  host.userns = host.mntns = host.pidns = host.netns = host.ipcns = host.utsns = host.cgroupns = false;
  if (jailer_plan_new(&config, &host, &plan, &err) || jailer_spawn(plan, &proc, &err)) {
    printf("# %s: %s: %s\n", err.step, err.item, err.message);
    return __LINE__;
  }
  jailer_plan_free(plan);
  const bool read = jailer_report_read(&proc, &report, &err) == JAILER_OK;
  if (jailer_wait(&proc, -1, &status, &err) || !status.exited || status.exit_code != 7) return __LINE__;
  if (!read || report.layer[JAILER_LAYER_CAPS].state != JAILER_APPLIED) return __LINE__;
  return strstr(report.layer[JAILER_LAYER_CAPS].detail, "bounding set") ? 0 : __LINE__;
}

static void test_without_capabilities(void) {
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    int line = 0;
    if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(12345, 12345, 12345) || setresuid(12345, 12345, 12345))) line = __LINE__;
    if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) line = __LINE__; /* its /proc/self is its own again */
    if (!line) line = without_any_capability();
    if (line) printf("# line %d\n", line);
    fflush(stdout);
    _exit(line != 0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  OK(status == 0, "without any capability and user namespace the bounding set stays, void, and the report says so");
}

/* A launcher that is two users. Root, which can take up any id, is one for all: the target has none of them. */
static int launch_mixed(const uid_t uid[3], const gid_t gid[3]) {
  const char *argv[] = {
      "/bin/sh", "-c", "set -- $(grep ^Uid: /proc/self/status); [ \"$2 $2 $2\" = \"$3 $4 $5\" ] && [ \"$2\" != 0 ]", NULL};
  jailer_config config;
  jailer_proc proc;
  jailer_error err;
  jailer_status status;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  if (setgroups(0, NULL) || setresgid(gid[0], gid[1], gid[2]) || setresuid(uid[0], uid[1], uid[2])) return -1;
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)) return -1; /* its /proc/self is its own again */
  const jailer_code code = jailer_launch(&config, &proc, &err);
  if (code) return err.layer == JAILER_LAYER_IDS ? (int)code : -1;
  return jailer_wait(&proc, -1, &status, &err) == JAILER_OK && status.exited && status.exit_code == 0 ? 0 : -1;
}

static void test_mixed_ids(void) {
  static const struct {
    const char *what;
    uid_t uid[3];
    gid_t gid[3];
    int code;
  } rows[] = {{"one user", {12345, 12345, 12345}, {12345, 12345, 12345}, 0},
              {"another real uid", {12346, 12345, 12345}, {12345, 12345, 12345}, JAILER_E_DENIED},
              {"root saved", {12345, 12345, 0}, {12345, 12345, 12345}, JAILER_E_DENIED},
              {"another real gid", {12345, 12345, 12345}, {12346, 12345, 12345}, JAILER_E_DENIED},
              {"another saved gid", {12345, 12345, 12345}, {12345, 12345, 0}, JAILER_E_DENIED},
              {"root, and somebody's program", {12345, 0, 0}, {12345, 0, 0}, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0] && geteuid() == 0; i++) {
    fflush(stdout);
    const pid_t child = fork();
    if (child == 0) _exit(launch_mixed(rows[i].uid, rows[i].gid) == rows[i].code ? 0 : 1);
    int status = -1;
    waitpid(child, &status, 0);
    OK(status == 0, "ids of the launcher: %s", rows[i].what);
  }
}

/* Root that could not kill a child of another uid must not make one: after a failed launch it might still run. */
static void test_no_cap_kill(void) {
  if (geteuid() != 0) return; /* an ordinary user's child keeps its uid */
  pid_t child = fork();
  if (child == 0) {
    const char *argv[] = {probe, NULL};
    uint32_t head[2] = {0x20080522, 0}, data[6];
    jailer_config config;
    jailer_proc proc;
    jailer_error err;
    memset(&config, 0, sizeof config);
    config.argv = argv;
    config.stdio = JAILER_STDIO_NULL;
    if (syscall(SYS_capget, head, data)) _exit(2);
    data[0] &= ~(1u << JL_CAP_KILL); /* effective only: enough for kill(2) */
    if (syscall(SYS_capset, head, data)) _exit(2);
    _exit(jailer_launch(&config, &proc, &err) == JAILER_E_DENIED && err.layer == JAILER_LAYER_IDS ? 0 : 1);
  }
  int status = -1;
  waitpid(child, &status, 0);
  OK(status == 0, "root without CAP_KILL is refused: E_DENIED");
}

/* fs.suid_dumpable=1 would let the target's user trace a root launcher during the launch. What the machine says is not
   changed for this: the hook answers with another file. */
static void test_suid_dumpable(void) {
  static const struct {
    const char *text; /* NULL: there is no such file */
    jailer_code code;
    const char *what;
  } rows[] = {{"0\n", JAILER_OK, "0 is launched"},
              {"2\n", JAILER_OK, "2 is launched"},
              {"1\n", JAILER_E_UNSAFE, "1 is refused"},
              {"", JAILER_E_SYSTEM, "an empty file is no answer"},
              {NULL, JAILER_E_SYSTEM, "no file is no answer"}};
  const bool root = geteuid() == 0;
  char path[400];
  snprintf(path, sizeof path, "%s", in_dir("suid_dumpable"));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    unlink(path);
    if (rows[i].text) put("suid_dumpable", rows[i].text, 0644);
    fake_opens = 0;
    fake_dumpable = path;
    target_new(&T, "exit", 5);
    int end = target_run(&T);
    fake_dumpable = NULL;
    if (!root) { /* its child keeps its uid */
      OK(end == 5 && fake_opens == 0, "suid_dumpable: an ordinary launcher does not ask: %s does not matter", rows[i].what);
      continue;
    }
    OK(end == (rows[i].code ? 1000 + (int)rows[i].code : 5) && fake_opens == 1, "suid_dumpable: %s", rows[i].what);
    if (rows[i].code)
      OK(err.layer == JAILER_LAYER_IDS && strstr(err.step, "suid_dumpable") && err.message[0] && T.proc.pid == 0 && waitpid(-1, NULL, WNOHANG) < 0,
         "suid_dumpable: and nothing was started: %s: %s", err.step, err.message);
  }
  if (!root) return;
  put("suid_dumpable", "1\n", 0644);
  fake_dumpable = path;
  target_new(&T, "exit", 5);
  T.config.may_degrade = JAILER_BIT(JAILER_LAYER_IDS) | JAILER_BIT(JAILER_LAYER_USERNS);
  OK(target_run(&T) == 1000 + JAILER_E_UNSAFE, "suid_dumpable: no permitted degrade lets it through");
  fake_dumpable = NULL;
}

/* --- a controlling terminal --- */

typedef struct pty {
  int master, slave;
  char name[64];
} pty;

static bool pty_open(pty *p) {
  p->slave = -1;
  p->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (p->master < 0 || grantpt(p->master) || unlockpt(p->master) || ptsname_r(p->master, p->name, sizeof p->name)) return false;
  return (p->slave = open(p->name, O_RDWR | O_NOCTTY | O_CLOEXEC)) >= 0;
}

/* A target on that terminal, up to where it says `until`. */
static jailer_code pty_start(target *t, int stdin_fd, bool controlling, const char *until) {
  target_new(t, "tty", 0);
  t->fds[t->config.fd_count++] = (jailer_fd){stdin_fd, true, 0};
  t->config.controlling_tty = controlling;
  t->config.allow_pty = true; /* for /dev/tty */
  jailer_code code = target_start(t);
  if (!code && !target_read(t, until)) code = JAILER_E_SYSTEM;
  return code;
}

static bool pty_interrupted(pty *p, target *t) {
  bool typed = write(p->master, "\003", 1) == 1;
  target_read(t, NULL);
  return typed && target_wait(t, 10000) == 0 && t->status.exited && t->status.exit_code == 0 && strstr(t->text, "interrupted 1 child 2\n");
}

static void test_controlling_tty(void) {
  static target second;
  pty p;
  int ends[2];
  alarm(60); /* a target that waits for what does not come ends the test */
  if (!OK(pty_open(&p) && pipe2(ends, O_CLOEXEC) == 0, "tty: a terminal of the launcher's making")) return;
  jailer_code code = pty_start(&T, p.slave, true, "ready\n");
  OK(code == 0 && strstr(T.text, "tty 0 leader 1 foreground 1\n"), "tty: the target leads a session, opens /dev/tty, and its group is in front: %s",
     code ? err.message : "");
  code = pty_start(&second, p.slave, true, "\n");
  OK(code == JAILER_E_SYSTEM && err.layer == JAILER_LAYER_SESSION && err.sys_errno == EPERM && second.proc.pid == 0,
     "tty: a second launch does not get the terminal of the first: %s: %s", err.step, err.message);
  OK(pty_interrupted(&p, &T), "tty: ^C typed at the other end reaches the target and its child, and still the first");
  close(p.slave); /* its session's end has hung it up */
  p.slave = open(p.name, O_RDWR | O_NOCTTY | O_CLOEXEC);
  code = pty_start(&second, p.slave, true, "ready\n");
  OK(code == 0 && strstr(second.text, "tty 0 leader 1 foreground 1\n") && pty_interrupted(&p, &second),
     "tty: after the end of the first another has it");
  close(p.slave), close(p.master);

  if (!OK(pty_open(&p), "tty: another terminal")) return;
  target_new(&T, "tty", 0);
  T.fds[T.config.fd_count++] = (jailer_fd){p.slave, true, 0};
  T.config.controlling_tty = T.config.allow_pty = T.config.with_init = true;
  code = target_start(&T);
  OK(code == 0 && target_read(&T, "ready\n") && strstr(T.text, "tty 0 leader 1 foreground 1\n") && pty_interrupted(&p, &T),
     "tty: below an init the target has it, not the init: %s", code ? err.message : "");
  close(p.slave), close(p.master);

  if (!OK(pty_open(&p), "tty: a third terminal")) return;
  code = pty_start(&T, p.slave, false, "\n");
  char want[64];
  snprintf(want, sizeof want, "tty %d leader 1 foreground 0\n", ENXIO);
  target_read(&T, NULL);
  OK(code == 0 && !strcmp(T.text, want) && target_wait(&T, 10000) == 0, "tty: without the field a terminal on 0 controls nothing");
  code = pty_start(&T, ends[0], true, "\n");
  OK(code == JAILER_E_SYSTEM && err.layer == JAILER_LAYER_SESSION && err.sys_errno == ENOTTY, "tty: a pipe on 0 is no terminal: %s", err.message);
  close(p.slave), close(p.master), close(ends[0]), close(ends[1]);
  alarm(0);
}

int main(void) {
  const char *tmp = getenv("TMPDIR"), *build = getenv("JAILER_BUILD");
  snprintf(dir, sizeof dir, "%.200s/jailer-spawn.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  char *real = mkdtemp(dir) ? realpath(dir, NULL) : NULL;
  if (!real) {
    printf("Bail out! no directory\n");
    return 1;
  }
  snprintf(dir, sizeof dir, "%s", real);
  free(real);
  chmod(dir, 0755);
  /* a copy that every user can reach, wherever the build lies */
  snprintf(probe, sizeof probe, "%.250s/probe_spawn", build && *build ? build : "build");
  char copy[300];
  snprintf(copy, sizeof copy, "%s/probe", dir);
  if (!copy_probe(copy)) {
    printf("Bail out! %s is not built\n", probe);
    return 1;
  }
  snprintf(probe, sizeof probe, "%s", copy);
  test_ends();
  test_wait();
  test_kill();
  test_release();
  test_launcher_ends();
  test_shed();
  test_group();
  test_status();
  test_fds();
  test_stdio();
  test_args();
  test_program();
  test_program_refused();
  test_busy();
  test_again();
  test_nested();
  test_without_mounts();
  test_without_capabilities();
  test_mixed_ids();
  test_no_cap_kill();
  test_suid_dumpable();
  test_controlling_tty();
  char command[400];
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  OK(system(command) == 0, "cleaned up");
  return tap_done();
}
