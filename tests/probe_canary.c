/* probe_canary PATH...: tells on descriptor 1 what it is and what it can do (struct canary), and ends with 0. Its first
 * byte on the pipe is the proof that it ran at all. "sleep" as the last argument: it then waits to be killed. */
#define _GNU_SOURCE
#define CANARY_PROBE
#include "canary.h"
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

extern char **environ;

static int failed(long r) { return r < 0 ? errno : 0; }

static int opens(const char *path, int flags) {
  int fd = open(path, flags, 0600), error = failed(fd);
  if (fd >= 0) close(fd);
  return error;
}

static void look(struct canary_path *to, const char *path) {
  struct stat st;
  struct statvfs fs;
  char below[4096];
  to->error = failed(stat(path, &st));
  if (to->error) return;
  to->dev = st.st_dev;
  to->ino = st.st_ino;
  if (!statvfs(path, &fs)) to->flags = fs.f_flag;
  snprintf(below, sizeof below, "%s%s", path, S_ISDIR(st.st_mode) ? "/id" : "");
  int fd = S_ISDIR(st.st_mode) || S_ISREG(st.st_mode) ? open(below, O_RDONLY) : -1;
  if (fd >= 0) {
    if (read(fd, to->word, sizeof to->word - 1) < 0) to->word[0] = 0;
    close(fd);
  }
  if (S_ISDIR(st.st_mode)) {
    snprintf(below, sizeof below, "%s/canary.new", path);
    unlink(below); /* of one that was killed here */
    to->write_error = opens(below, O_WRONLY | O_CREAT | O_EXCL);
    if (!to->write_error) unlink(below);
  } else {
    to->write_error = opens(path, O_WRONLY | O_NONBLOCK);
  }
}

static void powers(struct canary *c) {
  struct {
    uint32_t version;
    int pid;
  } head = {0x20080522, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2];
  memset(data, 0xff, sizeof data);
  syscall(SYS_capget, &head, data);
  c->effective = (uint64_t)data[1].effective << 32 | data[0].effective;
  c->permitted = (uint64_t)data[1].permitted << 32 | data[0].permitted;
  c->inheritable = (uint64_t)data[1].inheritable << 32 | data[0].inheritable;
  for (int cap = 0; cap < 64; cap++) {
    if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1) c->bounding |= (uint64_t)1 << cap;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, cap, 0, 0) == 1) c->ambient |= (uint64_t)1 << cap;
  }
  c->no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  c->seccomp = prctl(PR_GET_SECCOMP, 0, 0, 0, 0);
  c->policy_error = syscall(SYS_getppid) < 0 ? errno : 0;
  c->securebits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
  prctl(PR_GET_PDEATHSIG, &c->death_signal, 0, 0, 0);
}

static void signals(struct canary *c) {
  sigset_t set;
  sigprocmask(SIG_BLOCK, NULL, &set);
  for (int s = 1; s <= 64; s++) {
    struct sigaction action;
    if (sigismember(&set, s) == 1) c->blocked |= (uint64_t)1 << (s - 1);
    if (s != SIGKILL && s != SIGSTOP && !sigaction(s, NULL, &action) && action.sa_handler == SIG_IGN)
      c->ignored |= (uint64_t)1 << (s - 1);
  }
}

static void descriptors(struct canary *c) {
  for (int fd = 0; fd < 1024; fd++) {
    struct stat st;
    if (fstat(fd, &st)) continue;
    if (fd >= CANARY_FDS)
      c->fds_above++;
    else
      c->fd_ino[fd] = st.st_ino ? st.st_ino : 1;
  }
}

int main(int argc, char **argv) {
  static struct canary c;
  struct statvfs fs;
  struct rlimit limit;
  descriptors(&c);
  c.magic = CANARY_MAGIC;
  c.pid = getpid();
  c.session = getsid(0);
  c.uid = (int)getuid();
  c.euid = (int)geteuid();
  c.gid = (int)getgid();
  c.egid = (int)getegid();
  c.groups = getgroups(0, NULL);
  powers(&c);
  signals(&c);
  for (int i = 0; i < 7; i++) {
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/ns/%s", canary_ns_names[i]);
    c.ns[i] = stat(path, &st) ? 0 : st.st_ino;
  }
  c.comm_error = opens("/proc/self/comm", O_WRONLY);
  if (!statvfs("/", &fs)) c.root_flags = (int)fs.f_flag;
  c.root_error = failed(mkdir("/canary", 0700));
  if (!c.root_error) rmdir("/canary");
  c.shadow_error = failed(access("/etc/shadow", F_OK));
  c.sys_error = failed(access("/proc/sys", F_OK));
  c.tty_error = opens("/dev/tty", O_RDWR | O_NOCTTY);
  int inet = socket(AF_INET, SOCK_STREAM, 0);
  c.inet_error = failed(inet);
  if (inet >= 0) close(inet);
  if (!getrlimit(RLIMIT_NOFILE, &limit)) {
    c.nofile = limit.rlim_cur;
    c.nofile_max = limit.rlim_max;
  }
  while (environ[c.environment]) c.environment++;
  c.mask = (int)umask(077);
  FILE *f = fopen("/proc/self/net/dev", "r");
  char line[512];
  while (f && fgets(line, sizeof line, f)) c.interfaces += strchr(line, ':') != NULL;
  if (f) fclose(f);
  gethostname(c.hostname, sizeof c.hostname - 1);
  int wait = argc > 1 && !strcmp(argv[argc - 1], "sleep");
  int brief = argc > 2 && !strcmp(argv[1], "block"); /* "block" N: blocks SIGTERM, ends after N microseconds */
  if (brief) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
  }
  for (int i = 1; i < argc - wait && !brief && c.path_count < CANARY_PATHS; i++) look(&c.path[c.path_count++], argv[i]);
  for (size_t at = 0; at < sizeof c;) {
    ssize_t n = write(1, (char *)&c + at, sizeof c - at);
    if (n <= 0) return 9;
    at += (size_t)n;
  }
  if (brief) usleep((unsigned)atoi(argv[2]));
  while (wait) pause();
  return 0;
}
