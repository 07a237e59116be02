/* probe_spawn.c: the target of test_spawn, test_errors and test_report. Runs inside the jail, static, never sanitized.
 *
 *   probe_spawn exit N          exits with N
 *   probe_spawn raise N         sends itself signal N, then exits with 99
 *   probe_spawn handle N        handles signal N: writes "ready", waits, writes "got", exits with 42
 *   probe_spawn ignore N        ignores signal N: writes "ready" and waits for ever; so do block N and idle 0
 *   probe_spawn fds             one line for each open descriptor: NUMBER DEV INO TYPE RDEV FD_FLAGS
 *   probe_spawn args            its arguments, environment and working directory
 *   probe_spawn orphan N        leaves a child that exits with N later, and exits with 7 itself
 *   probe_spawn tty 0           opens /dev/tty: "tty ERRNO leader L foreground F", L and F 0 or 1. Where it could, writes
 *                               "ready", waits for SIGINT with a child in its group: "interrupted I child SIGNAL"
 *   probe_spawn shed 0          writes its parent-death signal; then a thread that is not the leader executes "shed 1", and is
 *                               the process from there on: that writes its own, "ready", and waits for ever
 *   probe_spawn userns 0        makes a user namespace of its own: "errno E", "ready", and waits for ever */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void got(int signal) {
  (void)signal;
  if (write(1, "got\n", 4) < 0) _exit(98);
  _exit(42);
}

static int ready(void) {
  if (write(1, "ready\n", 6) < 0) return 97;
  for (;;) pause();
}

static int list(void) {
  char text[65536];
  size_t at = 0;
  for (int fd = 0; fd < 20000 && at < sizeof text - 100; fd++) {
    struct stat st;
    int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fstat(fd, &st) < 0) continue;
    at += (size_t)sprintf(text + at, "%d %lu %lu %o %lx %d\n", fd, (unsigned long)st.st_dev, (unsigned long)st.st_ino,
                          (unsigned)(st.st_mode & S_IFMT), (unsigned long)st.st_rdev, flags);
  }
  return write(1, text, at) == (ssize_t)at ? 0 : 96;
}

static volatile sig_atomic_t interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  interrupted = 1;
}

static void on_alarm(int signal) {
  (void)signal;
  _exit(94);
}

static int terminal(void) {
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC), e = fd < 0 ? errno : 0, status = 0;
  signal(SIGINT, on_interrupt);
  signal(SIGALRM, on_alarm); /* PID 1 does not end by a default action */
  alarm(10);
  printf("tty %d leader %d foreground %d\n", e, getsid(0) == getpid(), fd >= 0 && tcgetpgrp(fd) == getpgrp());
  fflush(stdout);
  if (fd < 0) return 0;
  pid_t child = fork();
  if (child == 0) {
    signal(SIGINT, SIG_DFL);
    if (write(1, "ready\n", 6) < 0) _exit(97);
    for (;;) pause();
  }
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  printf("interrupted %d child %d\n", (int)interrupted, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  return 0;
}

static void *executes(void *program) {
  char *argv[] = {program, "shed", "1", NULL}, *none[] = {NULL};
  execve("/proc/self/exe", argv, none);
  _exit(93);
}

static int shed(char *program, int again) {
  int signal = -1;
  pthread_t thread;
  prctl(PR_GET_PDEATHSIG, &signal);
  printf("%s: pid %d signal %d\n", again ? "after" : "before", getpid(), signal);
  fflush(stdout);
  if (again) return ready();
  if (pthread_create(&thread, NULL, executes, program)) return 92;
  for (;;) pause();
}

int main(int argc, char **argv, char **envp) {
  const char *what = argc > 1 ? argv[1] : "";
  const int n = argc > 2 ? atoi(argv[2]) : 0;
  sigset_t set;
  sigemptyset(&set);
  if (!strcmp(what, "exit")) return n;
  if (!strcmp(what, "fds")) return list();
  if (!strcmp(what, "idle")) return ready();
  if (!strcmp(what, "tty")) return terminal();
  if (!strcmp(what, "shed")) return shed(argv[0], n);
  if (!strcmp(what, "userns")) {
    printf("errno %d\n", unshare(CLONE_NEWUSER) ? errno : 0);
    fflush(stdout);
    return ready();
  }
  if (!strcmp(what, "raise")) {
    kill(getpid(), n);
    return 99;
  }
  if (!strcmp(what, "handle")) {
    signal(n, got);
    return ready();
  }
  if (!strcmp(what, "ignore")) {
    signal(n, SIG_IGN);
    return ready();
  }
  if (!strcmp(what, "block")) {
    sigaddset(&set, n);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return ready();
  }
  if (!strcmp(what, "orphan")) {
    if (fork() == 0) {
      usleep(20000);
      _exit(n);
    }
    return 7;
  }
  if (!strcmp(what, "args")) {
    char cwd[4096];
    for (int i = 0; i < argc; i++) printf("arg %s\n", argv[i]);
    for (; *envp; envp++) printf("env %s\n", *envp);
    printf("cwd %s\n", getcwd(cwd, sizeof cwd) ? cwd : "?");
    return 0;
  }
  return 95;
}
