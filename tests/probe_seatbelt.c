/* probe_seatbelt OP...: the target of test_seatbelt, one operation after the other, each "OP" or "OP:ARGUMENT".
 * Static, never sanitized, and knows nothing of what should come out.
 *
 *   tell:FILE       what it was started with (darwin/tell.h), into a new file; "-" is its standard output
 *   ran:FILE        adds a line with its pid to the file: that it was executed, and how often
 *   say:TEXT        writes a line
 *   sleep           waits for ever
 *   handle:N        signal N is handled from now on: exit code 42
 *   ignore:N        signal N is ignored from now on
 *   child           makes a child that waits for ever; a line with its pid
 *   escape:FILE     makes a child with a session of its own that waits for ever; its pid, in a new file
 *   hop:FILE        makes a child with a session of its own that makes another one and ends, as that does in its turn,
 *                   for twenty seconds or until FILE.stop is there; all of them hold a lock of FILE (flock)
 *   raise:N         is ended by signal N
 *   exit:N          exits with N */
#define _GNU_SOURCE
#include "darwin/tell.h"
#include <signal.h>
#include <sys/file.h>
#include <time.h>

static void handled(int signal) {
  (void)signal;
  _exit(42);
}

static void line(const char *text) {
  if (dprintf(1, "%s\n", text) < 0) _exit(98);
}

static int ran(const char *path) {
  FILE *f = fopen(path, "ae");
  if (!f) return 97;
  fprintf(f, "%d\n", getpid());
  return fclose(f) ? 97 : 0;
}

static int told(const char *path, char **argv, char **envp) {
  FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "we");
  if (!f) return 96;
  tell(f, argv, envp);
  return fflush(f) || (f != stdout && fclose(f)) ? 96 : 0;
}

static int child(void) {
  const pid_t pid = fork();
  char text[16];
  if (pid == 0)
    for (;;) pause();
  snprintf(text, sizeof text, "%d", pid);
  line(text);
  return pid < 0 ? 95 : 0;
}

static int escape(const char *path) {
  int ready[2];
  char done = 0;
  if (pipe(ready)) return 93;
  const pid_t pid = fork();
  if (pid == 0) {
    if (setsid() < 0 || ran(path) || write(ready[1], "", 1) != 1) _exit(92);
    for (;;) pause();
  }
  return pid > 0 && read(ready[0], &done, 1) == 1 ? 0 : 93;
}

static int hop(const char *path) {
  int ready[2];
  char done = 0, stop[4096];
  struct timespec now;
  const int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) || pipe(ready)) return 93;
  snprintf(stop, sizeof stop, "%s.stop", path);
  pid_t pid = fork();
  if (pid) return pid > 0 && read(ready[0], &done, 1) == 1 ? 0 : 93;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const time_t end = now.tv_sec + 20;
  if (setsid() < 0) _exit(92);
  for (int hops = 0; now.tv_sec < end && access(stop, F_OK); hops++) {
    if (hops == 20 && write(ready[1], "", 1) != 1) _exit(92);
    if ((pid = fork()) != 0) _exit(0);
    clock_gettime(CLOCK_MONOTONIC, &now);
  }
  _exit(0);
}

int main(int argc, char **argv, char **envp) {
  for (int i = 1, bad = 0; i < argc; i++) {
    const char *colon = strchr(argv[i], ':'), *with = colon ? colon + 1 : "";
    const size_t n = colon ? (size_t)(colon - argv[i]) : strlen(argv[i]);
    char op[16] = "";
    memcpy(op, argv[i], n < sizeof op ? n : sizeof op - 1);
    if (!strcmp(op, "tell")) bad = told(with, argv, envp);
    else if (!strcmp(op, "ran")) bad = ran(with);
    else if (!strcmp(op, "say")) line(with);
    else if (!strcmp(op, "handle")) signal(atoi(with), handled);
    else if (!strcmp(op, "ignore")) signal(atoi(with), SIG_IGN);
    else if (!strcmp(op, "child")) bad = child();
    else if (!strcmp(op, "escape")) bad = escape(with);
    else if (!strcmp(op, "hop")) bad = hop(with);
    else if (!strcmp(op, "raise")) raise(atoi(with));
    else if (!strcmp(op, "exit")) return atoi(with);
    else if (!strcmp(op, "sleep"))
      for (;;) pause();
    else bad = 94;
    if (bad) return bad;
  }
  return 0;
}
