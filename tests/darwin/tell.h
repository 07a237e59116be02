/* tell.h: what a process was started with, as text: one line for each thing, its name first. For the emulated
 * sandbox-exec and for probe_seatbelt, which the tests compare. What is not printable in a text is written as %XX,
 * and so is '%'. */
#ifndef TELL_H
#define TELL_H
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void tell_text(FILE *to, const char *name, const char *text) {
  fprintf(to, "%s ", name);
  for (; *text; text++) fprintf(to, *text < 32 || *text > 126 || *text == '%' ? "%%%02X" : "%c", (unsigned char)*text);
  fputc('\n', to);
}

static void tell_ids(FILE *to) {
  uid_t u[3];
  gid_t g[3], groups[64];
  getresuid(&u[0], &u[1], &u[2]);
  getresgid(&g[0], &g[1], &g[2]);
  const int n = getgroups(64, groups);
  fprintf(to, "uid %u %u %u\ngid %u %u %u\ngroups", u[0], u[1], u[2], g[0], g[1], g[2]);
  for (int i = 0; i < n; i++) fprintf(to, " %u", groups[i]);
  const int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  fprintf(to, "\nsession %d group %d pid %d\ntty %s\n", getsid(0), getpgrp(), getpid(),
          tty < 0 ? "none" : "controlling");
  if (tty >= 0) close(tty);
}

static void tell_limits(FILE *to) {
  static const struct {
    const char *name;
    int which;
  } limits[] = {{"nofile", RLIMIT_NOFILE}, {"fsize", RLIMIT_FSIZE}, {"core", RLIMIT_CORE}, {"nproc", RLIMIT_NPROC}};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    struct rlimit r;
    getrlimit(limits[i].which, &r);
    fprintf(to, "limit %s %lld %lld\n", limits[i].name, (long long)r.rlim_cur, (long long)r.rlim_max);
  }
}

/* Blocked and ignored signals, as the kernel tells them: 1 to 31, which macOS has. (prove ignores two that are libc's.) */
static void tell_signals(FILE *to) {
  const unsigned long long darwin = 0x7fffffff;
  char line[256];
  FILE *f = fopen("/proc/self/status", "re");
  unsigned long long set;
  while (f && fgets(line, sizeof line, f)) {
    if (sscanf(line, "SigBlk: %llx", &set) == 1) fprintf(to, "blocked %llx\n", set & darwin);
    if (sscanf(line, "SigIgn: %llx", &set) == 1) fprintf(to, "ignored %llx\n", set & darwin);
  }
  if (f) fclose(f);
}

/* Every descriptor but a file that this is written to: number, device and inode, type, flags of fcntl. */
static void tell_fds(FILE *to) {
  for (int fd = 0; fd < 20000; fd++) {
    struct stat st;
    const int flags = fcntl(fd, F_GETFD);
    if (flags < 0 || fstat(fd, &st) || (to != stdout && fd == fileno(to))) continue;
    fprintf(to, "fd %d %llu:%llu %o %d %d\n", fd, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
            (unsigned)(st.st_mode & S_IFMT), fcntl(fd, F_GETFL) & O_ACCMODE, flags);
  }
}

static void tell(FILE *to, char **argv, char **envp) {
  char cwd[4096];
  const mode_t mask = umask(0);
  umask(mask);
  tell_ids(to);
  tell_text(to, "cwd", getcwd(cwd, sizeof cwd) ? cwd : "?");
  fprintf(to, "umask %o\n", (unsigned)mask);
  tell_limits(to);
  tell_signals(to);
  tell_fds(to);
  for (char **a = argv; *a; a++) tell_text(to, "arg", *a);
  for (char **e = envp; *e; e++) tell_text(to, "env", *e);
  fprintf(to, "end\n");
}
#endif
