/* probe_inside.c: runs inside the jail and tells what it finds, one `name value` a line; the tests compare.
 *
 *   probe_inside self            who and what this process is
 *   probe_inside env|fds|mounts  environment, open descriptors, mounts
 *   probe_inside do VERB:ARG...  tries things: each line is `VERB:ARG ok`, an errno's name, or the signal that ended it
 *   probe_inside attack          a table of system calls that a jail must refuse, each in a child of its own
 *   probe_inside sleep SECONDS | exit CODE | hold
 *
 * It knows nothing of jailer.h, and makes raw system calls where a libc would answer by itself. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/fs.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

extern char **environ;

/* --- names --- */

static const char *error_name(int number) {
  static char other[32];
  switch (number) {
  case 0: return "ok";
  case EPERM: return "EPERM";
  case ENOENT: return "ENOENT";
  case ESRCH: return "ESRCH";
  case ENXIO: return "ENXIO";
  case E2BIG: return "E2BIG";
  case ENOEXEC: return "ENOEXEC";
  case EBADF: return "EBADF";
  case ECHILD: return "ECHILD";
  case EAGAIN: return "EAGAIN";
  case ENOMEM: return "ENOMEM";
  case EACCES: return "EACCES";
  case EFAULT: return "EFAULT";
  case EBUSY: return "EBUSY";
  case EEXIST: return "EEXIST";
  case EXDEV: return "EXDEV";
  case ENODEV: return "ENODEV";
  case ENOTDIR: return "ENOTDIR";
  case EISDIR: return "EISDIR";
  case EINVAL: return "EINVAL";
  case EMFILE: return "EMFILE";
  case ENOTTY: return "ENOTTY";
  case ETXTBSY: return "ETXTBSY";
  case EFBIG: return "EFBIG";
  case ENOSPC: return "ENOSPC";
  case EROFS: return "EROFS";
  case EPIPE: return "EPIPE";
  case ENOSYS: return "ENOSYS";
  case ELOOP: return "ELOOP";
  case EUSERS: return "EUSERS";
  case EPROTONOSUPPORT: return "EPROTONOSUPPORT";
  case ESOCKTNOSUPPORT: return "ESOCKTNOSUPPORT";
  case EOPNOTSUPP: return "EOPNOTSUPP";
  case EAFNOSUPPORT: return "EAFNOSUPPORT";
  case EADDRNOTAVAIL: return "EADDRNOTAVAIL";
  case ENOPROTOOPT: return "ENOPROTOOPT";
  case ECONNREFUSED: return "ECONNREFUSED";
  case ENETUNREACH: return "ENETUNREACH";
  case EISCONN: return "EISCONN";
  case EOVERFLOW: return "EOVERFLOW";
  case ENODATA: return "ENODATA";
  default: snprintf(other, sizeof other, "errno%d", number); return other;
  }
}

/* A raw result as 0 or an errno. */
static int answer(long result) { return result < 0 ? errno : 0; }

static void row(const char *name, const char *value) {
  printf("%s %s\n", name, value);
  fflush(stdout);
}

static void number_row(const char *name, long long value) {
  char text[32];
  snprintf(text, sizeof text, "%lld", value);
  row(name, text);
}

/* Runs one attempt in a child, so that a death or a changed state stays with it. The exit code is the errno. */
static void attempt(const char *name, int (*run)(const char *), const char *arg) {
  int status = 0;
  char text[32];
  pid_t pid = fork();
  if (pid == 0) {
    signal(SIGPIPE, SIG_IGN);
    alarm(5);
    _exit(run(arg) & 255);
  }
  if (pid < 0) {
    row(name, "nofork");
    return;
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status)) {
    row(name, error_name(WEXITSTATUS(status)));
  } else {
    snprintf(text, sizeof text, "signal%d", WTERMSIG(status));
    row(name, text);
  }
}

/* --- self --- */

static void status_rows(void) {
  static const char *const wanted[] = {"Groups:",  "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:", "NoNewPrivs:",
                                       "Seccomp:", "SigBlk:", "SigIgn:", "SigCgt:", "Umask:",  "Threads:"};
  char line[4096];
  FILE *f = fopen("/proc/self/status", "r");
  if (!f) {
    row("status", error_name(errno));
    return;
  }
  while (fgets(line, sizeof line, f)) {
    line[strcspn(line, "\n")] = 0;
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
      size_t n = strlen(wanted[i]);
      if (strncmp(line, wanted[i], n) != 0) continue;
      line[n - 1] = 0;
      char *value = line + n;
      while (*value == '\t' || *value == ' ') value++;
      for (size_t k = strlen(value); k && value[k - 1] == ' '; k--) value[k - 1] = 0;
      row(line, *value ? value : "none");
    }
  }
  fclose(f);
}

static void disposition_rows(void) {
  int odd = 0;
  for (int signal = 1; signal <= 64; signal++) {
    uint64_t action[4] = {0, 0, 0, 0};
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    if (syscall(SYS_rt_sigaction, signal, NULL, action, 8) == 0 && action[0] != 0) odd++;
  }
  number_row("dispositions_not_default", odd);
  uint64_t mask = 1;
  syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &mask, 8);
  number_row("signals_blocked", (long long)mask);
}

static void limit_rows(void) {
  static const struct {
    const char *name;
    int resource;
  } limits[] = {{"core", RLIMIT_CORE},
                {"nofile", RLIMIT_NOFILE},
                {"fsize", RLIMIT_FSIZE},
                {"sigpending", RLIMIT_SIGPENDING},
                {"msgqueue", RLIMIT_MSGQUEUE},
                {"rtprio", RLIMIT_RTPRIO},
                {"nice", RLIMIT_NICE}};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    struct rlimit limit;
    char name[32];
    getrlimit(limits[i].resource, &limit);
    snprintf(name, sizeof name, "rlimit_%s_soft", limits[i].name);
    number_row(name, (long long)limit.rlim_cur);
    snprintf(name, sizeof name, "rlimit_%s_hard", limits[i].name);
    number_row(name, (long long)limit.rlim_max);
  }
}

static void link_row(const char *name, const char *path) {
  char text[512];
  ssize_t n = readlink(path, text, sizeof text - 1);
  if (n < 0) {
    row(name, error_name(errno));
    return;
  }
  text[n] = 0;
  row(name, text);
}

/* Interfaces: what /proc tells, and through an AF_UNIX socket, where netdevice(7) answers without a filter. */
static void interface_rows(void) {
  struct ifreq list[32];
  struct ifconf conf;
  char line[512];
  int fd = socket(AF_UNIX, SOCK_STREAM, 0), names = 0;
  FILE *f = fopen("/proc/self/net/dev", "r");
  conf.ifc_len = (int)sizeof list;
  conf.ifc_req = list;
  number_row("interfaces_with_address",
             ioctl(fd, SIOCGIFCONF, &conf) < 0 ? -errno : conf.ifc_len / (int)sizeof list[0]);
  while (f && fgets(line, sizeof line, f)) names += strchr(line, ':') != NULL;
  number_row("interfaces", f ? names : -errno); /* lo alone */
  if (f) fclose(f);
  close(fd);
}

static int show_self(void) {
  struct utsname name;
  char text[4096];
  int death = -1, visible = 0;
  number_row("uid", getuid());
  number_row("euid", geteuid());
  number_row("gid", getgid());
  number_row("egid", getegid());
  number_row("groups", getgroups(0, NULL));
  status_rows();
  number_row("securebits", prctl(PR_GET_SECUREBITS));
  disposition_rows();
  limit_rows();
  number_row("personality", personality(0xffffffff));
  mode_t mask = umask(0);
  umask(mask);
  snprintf(text, sizeof text, "%03o", (unsigned)mask);
  row("umask", text);
  uname(&name);
  row("hostname", name.nodename);
  row("domain", *name.domainname ? name.domainname : "none");
  row("cwd", getcwd(text, sizeof text) ? text : error_name(errno));
  number_row("pid", syscall(SYS_getpid));
  number_row("ppid", getppid());
  number_row("session_leader", getsid(0) == getpid());
  number_row("group_leader", getpgrp() == getpid());
  int tty = open("/dev/tty", O_RDWR | O_NOCTTY);
  row("dev_tty", error_name(tty < 0 ? errno : 0));
  if (tty >= 0) close(tty);
  if (prctl(PR_GET_PDEATHSIG, &death) == 0) number_row("pdeathsig", death);
  number_row("dumpable", prctl(PR_GET_DUMPABLE));
  number_row("niceness", getpriority(PRIO_PROCESS, 0));
  FILE *f = fopen("/proc/self/oom_score_adj", "r");
  if (f && fgets(text, sizeof text, f)) number_row("oom_score_adj", atoi(text));
  if (f) fclose(f);
  f = fopen("/proc/self/stat", "r");
  int tty_number = -1;
  if (f && fgets(text, sizeof text, f) && strrchr(text, ')'))
    sscanf(strrchr(text, ')') + 1, " %*c %*d %*d %*d %d", &tty_number);
  if (f) fclose(f);
  number_row("tty_number", tty_number);
  static const char *const kinds[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char path[64], key[32];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kinds[i]);
    snprintf(key, sizeof key, "ns_%s", kinds[i]);
    link_row(key, path);
  }
  DIR *proc = opendir("/proc");
  for (struct dirent *e; proc && (e = readdir(proc));)
    if (e->d_name[0] >= '0' && e->d_name[0] <= '9') visible++;
  if (proc) closedir(proc);
  number_row("processes_visible", visible);
  f = fopen("/proc/self/cgroup", "r");
  if (f && fgets(text, sizeof text, f)) text[strcspn(text, "\n")] = 0, row("cgroup", strrchr(text, ':') + 1);
  if (f) fclose(f);
  interface_rows();
  return 0;
}

static int show_env(void) {
  int count = 0;
  for (char **e = environ; *e; e++, count++) {
    char name[32];
    snprintf(name, sizeof name, "env%d", count);
    row(name, *e);
  }
  number_row("env_count", count);
  return 0;
}

static int show_fds(void) {
  char all[1024] = "";
  for (int fd = 0; fd < 70000; fd++) {
    char path[64], name[32], one[16];
    if (fcntl(fd, F_GETFD) < 0) continue;
    snprintf(one, sizeof one, "%s%d", *all ? "," : "", fd);
    if (strlen(all) + strlen(one) < sizeof all) strcat(all, one);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    snprintf(name, sizeof name, "fd%d", fd);
    link_row(name, path);
  }
  row("fds", all);
  return 0;
}

/* `mount:POINT OPTIONS FSTYPE SUPEROPTIONS` */
static int show_mounts(void) {
  char line[8192];
  int count = 0;
  FILE *f = fopen("/proc/self/mountinfo", "r");
  if (!f) {
    row("mounts", error_name(errno));
    return 0;
  }
  for (; fgets(line, sizeof line, f); count++) {
    char *dash = strstr(line, " - "), type[64], super[4096], point[4096], options[512], optional[512] = "";
    if (!dash || sscanf(dash, " - %63s %*s %4095s", type, super) != 2) continue;
    dash[1] = 0;
    if (sscanf(line, "%*d %*d %*s %*s %4095s %511s %511[^\n]", point, options, optional) < 2) continue;
    printf("mount:%s %s %s %s [%s]\n", point, options, type, super, optional);
  }
  fclose(f);
  number_row("mounts", count);
  return 0;
}

/* --- do --- */

/* "A,B" into two; false without a comma. */
static int split(const char *arg, char first[1024], const char **second) {
  const char *comma = strchr(arg, ',');
  if (!comma || (size_t)(comma - arg) >= 1024) return 0;
  memcpy(first, arg, (size_t)(comma - arg));
  first[comma - arg] = 0;
  *second = comma + 1;
  return 1;
}

static int do_read(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  return fd < 0 ? errno : answer(read(fd, &byte, 1));
}

static int do_write(const char *path) {
  int fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY);
  return fd < 0 ? errno : answer(write(fd, "x", 1));
}

static int do_create(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0700);
  return fd < 0 ? errno : answer(write(fd, "x", 1));
}

static int do_list(const char *path) {
  char entries[4096];
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  return fd < 0 ? errno : answer(syscall(SYS_getdents64, fd, entries, sizeof entries));
}

static int do_stat(const char *path) {
  struct stat st;
  return answer(lstat(path, &st));
}

static int do_isdir(const char *path) {
  struct stat st;
  if (lstat(path, &st) < 0) return errno;
  return S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
}

static int do_opendir(const char *path) { return answer(open(path, O_PATH | O_DIRECTORY)); }
static int do_chdir(const char *path) { return answer(chdir(path)); }
static int do_mkdir(const char *path) { return answer(mkdir(path, 0700)); }

static int do_mkdirmode(const char *arg) { /* PATH,MODE */
  char path[1024];
  const char *mode;
  return split(arg, path, &mode) ? answer(mkdir(path, (mode_t)strtol(mode, NULL, 8))) : EINVAL;
}

static int do_createmode(const char *arg) { /* PATH,MODE: an empty file with those bits from its creation on */
  char path[1024];
  const char *mode;
  if (!split(arg, path, &mode)) return EINVAL;
  umask(0);
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, (mode_t)strtol(mode, NULL, 8));
  if (fd < 0) return errno;
  return answer(close(fd));
}
static int do_unlink(const char *path) { return answer(unlink(path)); }
static int do_rmdir(const char *path) { return answer(rmdir(path)); }
static int do_mkfifo(const char *path) { return answer(mkfifo(path, 0600)); }
static int do_truncate(const char *path) { return answer(truncate(path, 0)); }
static int do_touch(const char *path) { return answer(syscall(SYS_utimensat, AT_FDCWD, path, NULL, 0)); }
static int do_setxattr(const char *path) { return answer(setxattr(path, "user.jail", "x", 1, 0)); }
static int do_chown(const char *path) { return answer(chown(path, 0, 0)); }

static int do_rename(const char *arg) {
  char from[1024];
  const char *to;
  return split(arg, from, &to) ? answer(rename(from, to)) : EINVAL;
}

static int do_exchange(const char *arg) {
  char from[1024];
  const char *to;
  return split(arg, from, &to) ? answer(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 2)) : EINVAL;
}

static int do_link(const char *arg) {
  char from[1024];
  const char *to;
  return split(arg, from, &to) ? answer(link(from, to)) : EINVAL;
}

static int do_symlink(const char *arg) {
  char target[1024];
  const char *path;
  return split(arg, target, &path) ? answer(symlink(target, path)) : EINVAL;
}

static int do_chmod(const char *arg) {
  char path[1024];
  const char *mode;
  return split(arg, path, &mode) ? answer(chmod(path, (mode_t)strtol(mode, NULL, 8))) : EINVAL;
}

static int do_copy(const char *arg) {
  char from[1024], data[65536];
  const char *to;
  ssize_t n;
  if (!split(arg, from, &to)) return EINVAL;
  int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0755);
  if (in < 0 || out < 0) return errno;
  while ((n = read(in, data, sizeof data)) > 0)
    if (write(out, data, (size_t)n) != n) return errno ? errno : EIO;
  if (n < 0) return errno;
  return answer(fchmod(out, 0755));
}

/* Executes `exec` (a path, or with `fd` a descriptor) as this program with `exit 7`: ok when it answers 7. */
static int run_program(char *const argv[], const char *path, int fd) {
  int pipe_ends[2], error = 0, status = 0;
  if (pipe2(pipe_ends, O_CLOEXEC) < 0) return errno;
  pid_t pid = fork();
  if (pid == 0) {
    dup2(open("/dev/null", O_WRONLY), 2); /* a dynamic linker says why it cannot */
    if (path) execve(path, argv, environ);
    else syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
    error = errno;
    if (write(pipe_ends[1], &error, sizeof error) < 0) _exit(99);
    _exit(98);
  }
  if (pid < 0) return errno;
  close(pipe_ends[1]);
  if (read(pipe_ends[0], &error, sizeof error) != (ssize_t)sizeof error) error = 0;
  waitpid(pid, &status, 0);
  if (error) return error;
  return WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 0) ? 0 : ENOEXEC;
}

static int do_exec(const char *path) {
  char *argv[] = {(char *)(uintptr_t)path, (char *)(uintptr_t) "exit", (char *)(uintptr_t) "7", NULL};
  return run_program(argv, path, -1);
}

static int do_fdexec(const char *number) { /* a kept descriptor, made executable and executed */
  char path[64];
  fchmod(atoi(number), 0755);
  snprintf(path, sizeof path, "/proc/self/fd/%s", number);
  return do_exec(path);
}

static int do_fdexecat(const char *number) {
  char *argv[] = {(char *)(uintptr_t) "x", (char *)(uintptr_t) "exit", (char *)(uintptr_t) "7", NULL};
  return run_program(argv, NULL, atoi(number));
}

static int do_fdchmod(const char *number) { return answer(fchmod(atoi(number), 0600)); }
static int do_fdopendir(const char *number) { return answer(openat(atoi(number), ".", O_RDONLY)); }

static int do_fdreopen(const char *number) { /* more than it was opened for, through its magic link */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%s", number);
  return answer(open(path, O_RDWR | O_NONBLOCK | O_NOCTTY));
}

/* Writes this program into a descriptor, then executes what it holds. */
static int do_fdfill(const char *number) {
  char data[65536];
  int in = open("/proc/self/exe", O_RDONLY), out = atoi(number);
  ssize_t n;
  if (in < 0) return errno;
  while ((n = read(in, data, sizeof data)) > 0)
    if (write(out, data, (size_t)n) != n) return errno ? errno : EIO;
  return do_fdexec(number);
}

static int do_mapexec(const char *path) {
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno;
  return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? errno : 0;
}

/* Runs a dynamic program by handing it to the dynamic linker that it names. */
static int do_ldso(const char *path) {
  unsigned char head[4096];
  int fd = open(path, O_RDONLY);
  if (fd < 0) return errno;
  ssize_t n = read(fd, head, sizeof head);
  close(fd);
  if (n < 64) return ENOEXEC;
  uint64_t table = *(uint64_t *)(void *)(head + 32);
  uint16_t size = *(uint16_t *)(void *)(head + 54), count = *(uint16_t *)(void *)(head + 56);
  for (uint16_t i = 0; i < count && table + (uint64_t)(i + 1) * size <= (uint64_t)n; i++) {
    unsigned char *p = head + table + (uint64_t)i * size;
    uint64_t offset = *(uint64_t *)(void *)(p + 8);
    if (*(uint32_t *)(void *)p != 3 || offset >= (uint64_t)n) continue; /* PT_INTERP */
    char *linker = (char *)head + offset;
    char *argv[] = {linker, (char *)(uintptr_t)path, NULL};
    return run_program(argv, linker, -1);
  }
  return ENOEXEC;
}

static socklen_t unix_address(struct sockaddr_un *address, const char *path, int abstract) {
  size_t n = strlen(path);
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  if (n > sizeof address->sun_path - 2) n = sizeof address->sun_path - 2;
  memcpy(address->sun_path + abstract, path, n);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + 1);
}

static int do_connect(const char *path) {
  struct sockaddr_un address;
  socklen_t n = unix_address(&address, path, 0);
  return answer(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, n));
}

static int do_abstract(const char *name) {
  struct sockaddr_un address;
  socklen_t n = unix_address(&address, name, 1);
  return answer(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, n));
}

static int do_bind(const char *path) {
  struct sockaddr_un address;
  socklen_t n = unix_address(&address, path, 0);
  return answer(bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&address, n));
}

/* A kept descriptor N, a TCP socket: forget its peer and reach the port with TCP fast open, which Landlock misses. */
static int do_fastopen(const char *arg) {
  struct {
    uint16_t family, port;
    uint32_t ip;
    char zero[8];
  } to;
  struct sockaddr none;
  char number[1024];
  const char *port;
  if (!split(arg, number, &port)) return EINVAL;
  memset(&to, 0, sizeof to);
  memset(&none, 0, sizeof none);
  to.family = AF_INET;
  to.port = (uint16_t)((atoi(port) & 255) << 8 | atoi(port) >> 8);
  to.ip = 0x0100007f;
  if (connect(atoi(number), &none, sizeof none) < 0) return errno; /* AF_UNSPEC */
  return answer(sendto(atoi(number), "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof to));
}

/* A kept AF_UNIX socket N and an abstract name of somebody else's. */
static socklen_t abstract_name(struct sockaddr_un *to, const char *name) {
  memset(to, 0, sizeof *to);
  to->sun_family = AF_UNIX;
  size_t n = strlen(name) < sizeof to->sun_path - 1 ? strlen(name) : sizeof to->sun_path - 1;
  memcpy(to->sun_path + 1, name, n);
  return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);
}

static int do_unixto(const char *arg) { /* N,NAME: one byte to it */
  struct sockaddr_un to;
  char number[1024];
  const char *name;
  if (!split(arg, number, &name)) return EINVAL;
  socklen_t size = abstract_name(&to, name);
  return answer(sendto(atoi(number), "x", 1, MSG_NOSIGNAL, (struct sockaddr *)&to, size));
}

static int do_reconnect(const char *arg) { /* N,NAME */
  struct sockaddr_un to;
  char number[1024];
  const char *name;
  if (!split(arg, number, &name)) return EINVAL;
  socklen_t size = abstract_name(&to, name);
  return answer(connect(atoi(number), (struct sockaddr *)&to, size));
}

static int do_isopen(const char *number) { return answer(fcntl(atoi(number), F_GETFD)); }

static int do_rewrite(const char *number) { /* what may have been opened for reading only */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%s", number);
  int fd = open(path, O_RDWR);
  return fd < 0 ? errno : answer(write(fd, "x", 1));
}

/* Sends itself blocked signals until one is refused; ok when that happens at or below this many. */
static int do_queue(const char *limit) {
  const union sigval value = {0};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (int n = 0; n <= atoi(limit); n++)
    if (sigqueue(getpid(), SIGRTMIN, value) < 0) return errno == EAGAIN ? 0 : errno;
  return EOVERFLOW;
}

static int do_udp(const char *arg) { /* a kept datagram socket N to a port of its own choice */
  struct {
    uint16_t family, port;
    uint32_t ip;
    char zero[8];
  } to;
  char number[1024];
  const char *port;
  if (!split(arg, number, &port)) return EINVAL;
  memset(&to, 0, sizeof to);
  to.family = AF_INET;
  to.port = (uint16_t)((atoi(port) & 255) << 8 | atoi(port) >> 8);
  to.ip = 0x0100007f;
  return answer(sendto(atoi(number), "x", 1, 0, (struct sockaddr *)&to, sizeof to));
}

/* A socket of its own making and a port of this machine: 127.0.0.1 to connect to, 127.0.0.2 to bind. */
struct ip_address {
  uint16_t family, port;
  uint8_t ip[4];
  char zero[8];
};

static const struct sockaddr *ip_address(struct ip_address *at, const char *port, uint8_t last) {
  const unsigned number = (unsigned)atoi(port);
  const struct ip_address loopback = {AF_INET, (uint16_t)(number >> 8 | (number & 255) << 8), {127, 0, 0, last}, {0}};
  *at = loopback;
  return (const struct sockaddr *)at;
}

static int ip_connect(int type, int protocol, const char *port) {
  struct ip_address at;
  int fd = socket(AF_INET, type, protocol);
  return fd < 0 ? errno : answer(connect(fd, ip_address(&at, port, 1), sizeof at));
}

static int ip_bind(int type, const char *port) {
  struct ip_address at;
  int fd = socket(AF_INET, type, 0);
  return fd < 0 ? errno : answer(bind(fd, ip_address(&at, port, 2), sizeof at));
}

static int do_tcp(const char *port) { return ip_connect(SOCK_STREAM, 0, port); }
static int do_mptcp(const char *port) { return ip_connect(SOCK_STREAM, 262, port); }
static int do_udpconnect(const char *port) { return ip_connect(SOCK_DGRAM, 0, port); }
static int do_tcpbind(const char *port) { return ip_bind(SOCK_STREAM, port); }
static int do_udpbind(const char *port) { return ip_bind(SOCK_DGRAM, port); }

static int do_udpsend(const char *port) {
  struct ip_address at;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  return fd < 0 ? errno : answer(sendto(fd, "x", 1, 0, ip_address(&at, port, 1), sizeof at));
}

static int do_listen(const char *port) { /* without bind(2): at a port that the kernel chooses, from one if that is wanted */
  struct ip_address at;
  socklen_t size = sizeof at;
  const unsigned wanted = (unsigned)atoi(port), range = wanted << 16 | wanted;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd < 0 || (wanted && setsockopt(fd, 0, 51, &range, sizeof range))) return errno; /* IP_LOCAL_PORT_RANGE */
  if (listen(fd, 1) || getsockname(fd, (struct sockaddr *)&at, &size)) return errno;
  return !wanted || at.port == (uint16_t)(wanted >> 8 | (wanted & 255) << 8) ? 0 : EADDRNOTAVAIL;
}

/* Reads a file that a Landlock domain of its own making refuses. */
static int do_subdomain(const char *path) {
  const uint64_t handled = 4; /* LANDLOCK_ACCESS_FS_READ_FILE */
  const long ruleset = syscall(444, &handled, sizeof handled, 0);
  if (ruleset < 0 || syscall(446, ruleset, 0) < 0) return errno;
  return answer(open(path, O_RDONLY | O_CLOEXEC));
}

/* To a port by TCP fast open, which needs no connect(2): by each of the three calls that can send. */
static int ip_fast(const char *port, int call) {
  struct ip_address at;
  char byte = 'x';
  struct iovec data = {&byte, 1};
  struct mmsghdr message;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  ip_address(&at, port, 1);
  memset(&message, 0, sizeof message);
  message.msg_hdr.msg_name = &at;
  message.msg_hdr.msg_namelen = sizeof at;
  message.msg_hdr.msg_iov = &data;
  message.msg_hdr.msg_iovlen = 1;
  if (fd < 0) return errno;
  if (call == 0) return answer(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&at, sizeof at));
  if (call == 1) return answer(sendmsg(fd, &message.msg_hdr, MSG_FASTOPEN));
  return answer(sendmmsg(fd, &message, 1, MSG_FASTOPEN));
}

static int do_fastto(const char *port) { return ip_fast(port, 0); }
static int do_fastmsg(const char *port) { return ip_fast(port, 1); }
static int do_fastmmsg(const char *port) { return ip_fast(port, 2); }

static int do_fastconnect(const char *port) { /* TCP_FASTOPEN_CONNECT: connect(2) answers at once, the first data goes out */
  struct ip_address at;
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (fd < 0 || setsockopt(fd, 6, 30, &on, sizeof on) < 0) return errno;
  if (connect(fd, ip_address(&at, port, 1), sizeof at) < 0) return errno;
  return answer(send(fd, "x", 1, MSG_NOSIGNAL));
}

static int do_ulp(const char *name) { /* TCP_ULP: another protocol in the place of TCP */
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return fd < 0 ? errno : answer(setsockopt(fd, 6, 31, name, (socklen_t)strlen(name) + 1));
}

static int do_kill(const char *arg) { /* PID or PID,SIGNAL */
  const char *comma = strchr(arg, ',');
  return answer(kill(atoi(arg), comma ? atoi(comma + 1) : 0));
}
static int do_tkill(const char *pid) { return answer(syscall(SYS_tkill, atoi(pid), 0)); }
static int do_pidfd(const char *pid) { return answer(syscall(SYS_pidfd_open, atoi(pid), 0)); }
static int do_ptrace(const char *pid) { return answer(syscall(SYS_ptrace, 0x4206 /* SEIZE */, atoi(pid), 0, 0)); }
static int do_getpgid(const char *pid) { return answer(getpgid(atoi(pid))); }
static int do_sched(const char *pid) { return answer(syscall(SYS_sched_getscheduler, atoi(pid))); }
static int do_prlimit(const char *pid) {
  struct rlimit limit;
  return answer(prlimit(atoi(pid), RLIMIT_CORE, NULL, &limit));
}

static int do_vmread(const char *arg) { /* PID,ADDRESS */
  char pid[1024], byte = 0;
  const char *at;
  if (!split(arg, pid, &at)) return EINVAL;
  struct iovec to = {&byte, 1}, from = {(void *)(uintptr_t)strtoull(at, NULL, 16), 1};
  return answer(syscall(SYS_process_vm_readv, atoi(pid), &to, 1, &from, 1, 0));
}

static int do_shm(const char *key) { return answer(shmget((key_t)atoi(key), 1, 0)); }
static int do_mq(const char *name) { return answer(syscall(SYS_mq_open, name, O_RDONLY, 0, NULL)); }

static int do_ioctl(const char *arg) { /* FD,REQUEST (hexadecimal) */
  char fd[1024], space[256];
  const char *request;
  if (!split(arg, fd, &request)) return EINVAL;
  memset(space, 0, sizeof space);
  return answer(syscall(SYS_ioctl, atoi(fd), strtoul(request, NULL, 16), space));
}

static int do_socket(const char *arg) { /* FAMILY,TYPE,PROTOCOL */
  int family = 0, type = 0, protocol = 0;
  sscanf(arg, "%d,%d,%d", &family, &type, &protocol);
  return answer(socket(family, type, protocol));
}

/* Fills a file system until it refuses; ok when that happens at or below this many bytes. */
static int do_fill(const char *arg) {
  static char block[65536];
  char path[1024];
  const char *limit;
  uint64_t total = 0;
  if (!split(arg, path, &limit)) return EINVAL;
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  if (fd < 0) return errno;
  memset(block, 1, sizeof block);
  while (total <= strtoull(limit, NULL, 10)) {
    ssize_t n = write(fd, block, sizeof block);
    if (n < 0) {
      int error = errno;
      unlink(path);
      return error == ENOSPC ? 0 : error;
    }
    total += (uint64_t)n;
  }
  unlink(path);
  return EFBIG;
}

static int do_manyfds(const char *count) { /* more descriptors than this cannot be had */
  int wanted = atoi(count), fd = 0;
  for (int i = 0; i < wanted && fd >= 0; i++) fd = dup(0);
  return fd < 0 ? errno : 0;
}

static int do_crash(const char *arg) { /* in this directory */
  struct rlimit limit;
  if (chdir(arg) < 0) return errno;
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_CORE, &limit);
  raise(SIGSEGV);
  return 0;
}

/* A pty of the jail's own becomes the controlling terminal of a session of its own: ok, or the errno of the step. */
static int do_ownpty(const char *ptmx) {
  int unlock = 0, number = -1, status = 0;
  char path[40];
  int master = open(ptmx, O_RDWR | O_NOCTTY);
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0) return errno;
  snprintf(path, sizeof path, "/dev/pts/%d", number);
  pid_t pid = fork();
  if (pid == 0) {
    int slave = open(path, O_RDWR | O_NOCTTY);
    if (slave < 0 || setsid() < 0 || ioctl(slave, TIOCSCTTY, 0) < 0) _exit(errno);
    _exit(tcgetpgrp(slave) == getpid() ? 0 : ENOTTY); /* only the controlling terminal answers that */
  }
  if (pid < 0 || waitpid(pid, &status, 0) < 0) return errno;
  close(master);
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* In a session of its own, whose leader alone may ask. */
static int do_tiocsctty(const char *fd) { return setsid() < 0 ? ESRCH : answer(ioctl(atoi(fd), TIOCSCTTY, 0)); }

/* The process at the other end of a kept AF_UNIX socket, as a descriptor (SO_PEERPIDFD, 6.5): ok when it is of use. */
static int do_peer(const char *number) {
  int pidfd = -1;
  socklen_t n = sizeof pidfd;
  if (getsockopt(atoi(number), SOL_SOCKET, 77, &pidfd, &n) < 0) return errno;
  if (syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) == 0) return 0;
  if (syscall(SYS_pidfd_getfd, pidfd, 0, 0) >= 0) return 0;
  if (syscall(SYS_setns, pidfd, CLONE_NEWUTS) == 0) return 0;
  for (unsigned i = 1; i <= 10; i++) /* PIDFD_GET_CGROUP_NAMESPACE and on, 6.11: _IO(0xFF, i) */
    if (ioctl(pidfd, 0xff00u | i, 0) >= 0) return 0;
  return EPERM;
}

/* The names in a directory, sorted and joined: `ls:/dev fd,full,...`. Links show where they lead. */
static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void list_row(const char *name, const char *path, int links) {
  struct dirent **names = NULL;
  char text[65536] = "";
  size_t used = 0;
  int n = scandir(path, &names, NULL, by_name);
  if (n < 0) {
    row(name, error_name(errno));
    return;
  }
  for (int i = 0; i < n; i++) {
    char full[4096], target[1024];
    const char *entry = names[i]->d_name;
    if (strcmp(entry, ".") == 0 || strcmp(entry, "..") == 0) continue;
    if (strcmp(path, "/proc") == 0 && entry[0] >= '0' && entry[0] <= '9') continue;
    snprintf(full, sizeof full, "%s/%s", path, entry);
    ssize_t got = links ? readlink(full, target, sizeof target - 1) : -1;
    target[got > 0 ? got : 0] = 0;
    used += (size_t)snprintf(text + used, used < sizeof text ? sizeof text - used : 0, "%s%s%s%s", used ? "," : "",
                             entry, got > 0 ? ">" : "", target);
    if (used >= sizeof text) used = sizeof text - 1;
  }
  row(name, used ? text : "empty");
}

static void text_row(const char *name, const char *path) { /* a small file, line ends as | */
  char text[2048];
  int fd = open(path, O_RDONLY | O_NONBLOCK);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (n < 0) {
    row(name, error_name(errno));
    return;
  }
  text[n] = 0;
  for (char *p = text; *p; p++)
    if (*p == '\n') *p = '|';
  row(name, *text ? text : "empty");
}

static void size_row(const char *name, const char *path) { /* of a file system, in bytes, and its inodes */
  struct statfs fs;
  char text[64];
  if (statfs(path, &fs) < 0) {
    row(name, error_name(errno));
    return;
  }
  snprintf(text, sizeof text, "%llu/%llu", (unsigned long long)fs.f_blocks * (unsigned long long)fs.f_bsize,
           (unsigned long long)fs.f_files);
  row(name, text);
}

static void mode_row(const char *name, const char *path) {
  struct stat st;
  char text[64];
  if (stat(path, &st) < 0) {
    row(name, error_name(errno));
    return;
  }
  snprintf(text, sizeof text, "%o", st.st_mode & 07777);
  row(name, text);
}

static const struct {
  const char *verb;
  int (*run)(const char *);
} verbs[] = {{"read", do_read},
             {"write", do_write},
             {"create", do_create},
             {"list", do_list},
             {"stat", do_stat},
             {"isdir", do_isdir},
             {"opendir", do_opendir},
             {"chdir", do_chdir},
             {"mkdir", do_mkdir},
             {"mkdirmode", do_mkdirmode},
             {"createmode", do_createmode},
             {"unlink", do_unlink},
             {"rmdir", do_rmdir},
             {"mkfifo", do_mkfifo},
             {"truncate", do_truncate},
             {"touch", do_touch},
             {"setxattr", do_setxattr},
             {"chown", do_chown},
             {"rename", do_rename},
             {"exchange", do_exchange},
             {"link", do_link},
             {"symlink", do_symlink},
             {"chmod", do_chmod},
             {"copy", do_copy},
             {"exec", do_exec},
             {"fdexec", do_fdexec},
             {"fdexecat", do_fdexecat},
             {"fdchmod", do_fdchmod},
             {"fdopendir", do_fdopendir},
             {"fdreopen", do_fdreopen},
             {"fdfill", do_fdfill},
             {"mapexec", do_mapexec},
             {"ldso", do_ldso},
             {"connect", do_connect},
             {"abstract", do_abstract},
             {"bind", do_bind},
             {"fastopen", do_fastopen},
             {"udp", do_udp},
             {"tcp", do_tcp},
             {"mptcp", do_mptcp},
             {"tcpbind", do_tcpbind},
             {"udpconnect", do_udpconnect},
             {"udpsend", do_udpsend},
             {"udpbind", do_udpbind},
             {"subdomain", do_subdomain},
             {"listen", do_listen},
             {"fastto", do_fastto},
             {"fastmsg", do_fastmsg},
             {"fastmmsg", do_fastmmsg},
             {"fastconnect", do_fastconnect},
             {"ulp", do_ulp},
             {"unixto", do_unixto},
             {"reconnect", do_reconnect},
             {"isopen", do_isopen},
             {"rewrite", do_rewrite},
             {"queue", do_queue},
             {"kill", do_kill},
             {"tkill", do_tkill},
             {"pidfd", do_pidfd},
             {"ptrace", do_ptrace},
             {"getpgid", do_getpgid},
             {"sched", do_sched},
             {"prlimit", do_prlimit},
             {"vmread", do_vmread},
             {"shm", do_shm},
             {"mq", do_mq},
             {"ioctl", do_ioctl},
             {"socket", do_socket},
             {"fill", do_fill},
             {"manyfds", do_manyfds},
             {"tiocsctty", do_tiocsctty},
             {"ownpty", do_ownpty},
             {"peer", do_peer},
             {"crash", do_crash}};

static const struct {
  const char *verb;
  void (*show)(const char *name, const char *path);
} shows[] = {{"text", text_row}, {"size", size_row}, {"mode", mode_row}, {"target", link_row}};

static int do_all(char **list) {
  for (; *list; list++) {
    const char *colon = strchr(*list, ':');
    size_t n = colon ? (size_t)(colon - *list) : 0;
    int known = 0;
    for (size_t i = 0; colon && i < sizeof verbs / sizeof verbs[0]; i++) {
      if (strlen(verbs[i].verb) != n || strncmp(verbs[i].verb, *list, n) != 0) continue;
      attempt(*list, verbs[i].run, colon + 1);
      known = 1;
    }
    for (size_t i = 0; colon && i < sizeof shows / sizeof shows[0]; i++) {
      if (strlen(shows[i].verb) != n || strncmp(shows[i].verb, *list, n) != 0) continue;
      shows[i].show(*list, colon + 1);
      known = 1;
    }
    if (colon && n == 2 && strncmp(*list, "ls", 2) == 0) list_row(*list, colon + 1, 0), known = 1;
    if (colon && n == 3 && strncmp(*list, "lsl", 3) == 0) list_row(*list, colon + 1, 1), known = 1;
    if (!known) row(*list, "unknown_verb");
  }
  return 0;
}

/* --- attack: the same rows run outside as a control, in namespaces to throw away: the first mounts a /tmp of its own --- */

#define CALL(name, expression) \
  static int name(const char *arg) { \
    (void)arg; \
    return answer(expression); \
  }

CALL(a_mount_tmpfs, syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL))
CALL(a_mount_bind, syscall(SYS_mount, "/tmp", "/tmp", NULL, MS_BIND, NULL))
CALL(a_mount_proc, syscall(SYS_mount, "proc", "/proc", "proc", 0, NULL))
CALL(a_remount_rw, syscall(SYS_mount, NULL, "/", NULL, MS_REMOUNT | MS_BIND, NULL))
CALL(a_propagation, syscall(SYS_mount, NULL, "/", NULL, MS_SHARED, NULL))
CALL(a_umount, syscall(SYS_umount2, "/proc", MNT_DETACH))
CALL(a_pivot_root, syscall(SYS_pivot_root, "/", "/"))
CALL(a_chroot, syscall(SYS_chroot, "/tmp"))
CALL(a_fsopen, syscall(430, "tmpfs", 0))
CALL(a_fsconfig, syscall(431, -1, 6, NULL, NULL, 0))
CALL(a_fsmount, syscall(432, -1, 0, 0))
CALL(a_fspick, syscall(433, AT_FDCWD, "/tmp", 0))
CALL(a_open_tree, syscall(428, AT_FDCWD, "/", 1))
CALL(a_open_tree_plain, syscall(428, AT_FDCWD, "/", 0))
CALL(a_move_mount, syscall(429, -1, "", -1, "", 0x44))
CALL(a_mount_setattr, syscall(442, -1, "", 0x1000, NULL, 0))
CALL(a_unshare_user, syscall(SYS_unshare, CLONE_NEWUSER))
CALL(a_unshare_mnt, syscall(SYS_unshare, CLONE_NEWNS))
CALL(a_unshare_net, syscall(SYS_unshare, CLONE_NEWNET))
CALL(a_unshare_pid, syscall(SYS_unshare, CLONE_NEWPID))
CALL(a_unshare_ipc, syscall(SYS_unshare, CLONE_NEWIPC))
CALL(a_unshare_uts, syscall(SYS_unshare, CLONE_NEWUTS))
CALL(a_unshare_cgroup, syscall(SYS_unshare, CLONE_NEWCGROUP))
CALL(a_unshare_time, syscall(SYS_unshare, 0x80))
CALL(a_unshare_high, syscall(SYS_unshare, (1ul << 40) | CLONE_NEWUSER))
CALL(a_setns, syscall(SYS_setns, open("/proc/self/ns/uts", O_RDONLY), 0))
CALL(a_traceme, syscall(SYS_ptrace, 0, 0, 0, 0))
CALL(a_process_madvise, syscall(440, -1, NULL, 0, 0, 0))
CALL(a_pidfd_getfd, syscall(438, syscall(SYS_pidfd_open, getpid(), 0), 0, 0))
CALL(a_kcmp, syscall(SYS_kcmp, getpid(), getpid(), 1, 0, 0))
CALL(a_keyctl, syscall(SYS_keyctl, 0, -3, 0))
CALL(a_add_key, syscall(SYS_add_key, "user", "jail", "x", 1, -1))
CALL(a_request_key, syscall(SYS_request_key, "user", "jail", NULL, 0))
CALL(a_bpf, syscall(SYS_bpf, 0, NULL, 0))
CALL(a_perf, syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0))
CALL(a_userfaultfd, syscall(SYS_userfaultfd, 1))
CALL(a_uring_setup, syscall(425, 1, NULL))
CALL(a_uring_enter, syscall(426, -1, 0, 0, 0, NULL, 0))
CALL(a_uring_register, syscall(427, -1, 0, NULL, 0))
CALL(a_init_module, syscall(SYS_init_module, NULL, 0, ""))
CALL(a_finit_module, syscall(SYS_finit_module, -1, "", 0))
CALL(a_delete_module, syscall(SYS_delete_module, "no_such_module", 0))
CALL(a_kexec, syscall(SYS_kexec_load, 0, 1000, NULL, 0xffff))
CALL(a_clock_settime, syscall(SYS_clock_settime, 0, NULL))
CALL(a_settimeofday, syscall(SYS_settimeofday, (void *)1, NULL))
CALL(a_adjtimex, syscall(SYS_adjtimex, NULL))
CALL(a_clock_adjtime, syscall(SYS_clock_adjtime, 0, NULL))
CALL(a_reboot, syscall(SYS_reboot, 1, 2, 3, NULL))
CALL(a_swapon, syscall(SYS_swapon, "/no/such/file", 0))
CALL(a_swapoff, syscall(SYS_swapoff, "/no/such/file"))
CALL(a_sethostname, syscall(SYS_sethostname, "x", -1))
CALL(a_setdomainname, syscall(SYS_setdomainname, "x", -1))
CALL(a_syslog, syscall(SYS_syslog, 10, NULL, 0))
CALL(a_acct, syscall(SYS_acct, "/no/such/file"))
CALL(a_quotactl, syscall(SYS_quotactl, 0x80000700, "/no/such/file", 0, NULL))
CALL(a_name_to_handle, syscall(SYS_name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0))
CALL(a_open_by_handle, syscall(SYS_open_by_handle_at, -1, NULL, 0))
CALL(a_fanotify, syscall(SYS_fanotify_init, 0x200, 0)) /* FAN_REPORT_FID: the unprivileged way, 5.13 */
CALL(a_vmsplice, syscall(SYS_vmsplice, -1, NULL, 0, 0))
CALL(a_move_pages, syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0))
CALL(a_migrate_pages, syscall(SYS_migrate_pages, 0, 0, NULL, NULL))
CALL(a_memfd_secret, syscall(447, 0))
CALL(a_statmount, syscall(457, NULL, NULL, 0, 0))
CALL(a_listmount, syscall(458, NULL, NULL, 0, 0))
CALL(a_norandomize, personality(ADDR_NO_RANDOMIZE))
CALL(a_read_implies_exec, personality(READ_IMPLIES_EXEC))
CALL(a_death_clear, prctl(PR_SET_PDEATHSIG, 0))
CALL(a_death_term, prctl(PR_SET_PDEATHSIG, SIGTERM))
CALL(a_set_mm, prctl(PR_SET_MM, 9999, 0, 0, 0))
CALL(a_tiocsti, syscall(SYS_ioctl, -1, (unsigned long)TIOCSTI, "x"))
CALL(a_tiocsti_high, syscall(SYS_ioctl, -1, 0xffffffff00000000ul | (unsigned long)TIOCSTI, "x"))
CALL(a_tioclinux, syscall(SYS_ioctl, -1, (unsigned long)TIOCLINUX, "x"))
CALL(a_mknod_char, mknod("/tmp/jail-char", S_IFCHR | 0600, makedev(1, 3)))
CALL(a_mknod_block, mknod("/tmp/jail-block", S_IFBLK | 0600, makedev(7, 0)))
CALL(a_memfd, syscall(SYS_memfd_create, "x", 0))
CALL(a_memfd_exec, syscall(SYS_memfd_create, "x", 0x10))
CALL(a_newer_call, syscall(511, 0))
CALL(a_setuid_0, setuid(0))
CALL(a_setgid_0, setgid(0))
CALL(a_setgroups, syscall(SYS_setgroups, 0, NULL))
CALL(a_securebits, prctl(PR_SET_SECUREBITS, 0))
CALL(a_ambient, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_CHOWN, 0, 0))
CALL(a_nnp_off, prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0))
CALL(a_setsid, setsid())
CALL(a_nice_up, setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) - 1))
CALL(a_ns_parent_pid, ioctl(open("/proc/self/ns/pid", O_RDONLY), 0xb702)) /* NS_GET_PARENT */
CALL(a_ns_parent_user, ioctl(open("/proc/self/ns/user", O_RDONLY), 0xb702))
CALL(a_ns_owner, ioctl(open("/proc/self/ns/user", O_RDONLY), 0xb701)) /* NS_GET_USERNS */
CALL(a_write_exe, open("/proc/self/exe", O_WRONLY))
CALL(a_write_comm, open("/proc/self/comm", O_WRONLY))
CALL(a_write_oom, open("/proc/self/oom_score_adj", O_WRONLY))
CALL(a_write_uid_map, open("/proc/self/uid_map", O_WRONLY))
CALL(a_write_mem, open("/proc/self/mem", O_WRONLY))
CALL(a_write_core_filter, open("/proc/self/coredump_filter", O_WRONLY))
CALL(a_write_clear_refs, open("/proc/self/clear_refs", O_WRONLY))
CALL(a_set_id_fchmod, fchmod(open("/tmp", O_TMPFILE | O_RDWR, 0600), 04755))
CALL(a_set_gid_creat, open("/tmp", O_TMPFILE | O_RDWR, 02755))
CALL(a_set_id_tmpfile, syscall(SYS_openat, AT_FDCWD, "/tmp", O_TMPFILE | O_RDWR, 04755))
CALL(a_set_id_openat, syscall(SYS_openat, AT_FDCWD, "/tmp/jail-u1", O_CREAT | O_WRONLY, 04755))
CALL(a_set_gid_openat, syscall(SYS_openat, AT_FDCWD, "/tmp/jail-g1", O_CREAT | O_WRONLY, 02644))
CALL(a_set_id_mknodat, syscall(SYS_mknodat, AT_FDCWD, "/tmp/jail-u2", S_IFREG | 04755, 0))
CALL(a_set_gid_mknodat, syscall(SYS_mknodat, AT_FDCWD, "/tmp/jail-g2", 02755, 0))
CALL(a_set_id_fifo, syscall(SYS_mknodat, AT_FDCWD, "/tmp/jail-u3", S_IFIFO | 04644, 0))
#if defined(__x86_64__)
CALL(a_set_id_open, syscall(SYS_open, "/tmp/jail-u4", O_CREAT | O_WRONLY, 04755))
CALL(a_set_gid_open, syscall(SYS_open, "/tmp/jail-g4", O_CREAT | O_WRONLY, 02755))
CALL(a_set_id_open_tmpfile, syscall(SYS_open, "/tmp", O_TMPFILE | O_RDWR, 04755))
CALL(a_set_id_old_creat, syscall(SYS_creat, "/tmp/jail-u5", 04755))
CALL(a_set_gid_old_creat, syscall(SYS_creat, "/tmp/jail-g5", 02755))
CALL(a_set_id_mknod, syscall(SYS_mknod, "/tmp/jail-u6", S_IFREG | 04755, 0))
CALL(a_set_gid_mknod, syscall(SYS_mknod, "/tmp/jail-g6", S_IFREG | 02755, 0))
#endif
/* Modes in memory, which no filter reads: not to be had at all. */
CALL(a_openat2, syscall(437, AT_FDCWD, "/tmp", ((uint64_t[3]){O_RDONLY | O_DIRECTORY, 0, 0}), 24))
CALL(a_openat2_set_id, syscall(437, AT_FDCWD, "/tmp/jail-u7", ((uint64_t[3]){O_CREAT | O_WRONLY, 04755, 0}), 24))
CALL(a_io_setup, syscall(SYS_io_setup, 1, ((unsigned long[1]){0})))

static int a_core_0(const char *arg) { /* 0 would still feed a piped core handler of the host: core(5) */
  struct rlimit none = {0, 0};
  (void)arg;
  return answer(syscall(SYS_prlimit64, 0, RLIMIT_CORE, &none, NULL));
}

static int a_core_0_old(const char *arg) {
  struct rlimit none = {0, 0};
  (void)arg;
  return answer(syscall(SYS_setrlimit, RLIMIT_CORE, &none));
}

static int a_nofile_up(const char *arg) {
  struct rlimit limit;
  (void)arg;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_max++;
  return answer(setrlimit(RLIMIT_NOFILE, &limit));
}

static int a_fifo_scheduler(const char *arg) {
  const int first = 1; /* struct sched_param of the kernel: the priority */
  (void)arg;
  return answer(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &first));
}

static int a_capset(const char *arg) {
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  (void)arg;
  memset(data, 0, sizeof data);
  data[0].effective = data[0].permitted = 1u << CAP_CHOWN;
  return answer(syscall(SYS_capset, &head, data));
}

static int clone_with(unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  return answer(pid);
}

static int a_clone_user(const char *arg) { return (void)arg, clone_with(CLONE_NEWUSER); }
static int a_clone_mnt(const char *arg) { return (void)arg, clone_with(CLONE_NEWNS); }
static int a_clone_pid(const char *arg) { return (void)arg, clone_with(CLONE_NEWPID); }
static int a_clone_net(const char *arg) { return (void)arg, clone_with(CLONE_NEWNET); }
static int a_clone_ipc(const char *arg) { return (void)arg, clone_with(CLONE_NEWIPC); }
static int a_clone_uts(const char *arg) { return (void)arg, clone_with(CLONE_NEWUTS); }
static int a_clone_cgroup(const char *arg) { return (void)arg, clone_with(CLONE_NEWCGROUP); }
static int a_clone_high(const char *arg) { return (void)arg, clone_with((1ul << 40) | CLONE_NEWUSER); }

static int a_clone3(const char *arg) {
  uint64_t args[8] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD, 0, 0, 0};
  (void)arg;
  long pid = syscall(435, args, sizeof args);
  if (pid == 0) _exit(0);
  return answer(pid);
}

static int a_vm_readv(const char *arg) {
  char from = 1, to = 0;
  struct iovec a = {&to, 1}, b = {&from, 1};
  (void)arg;
  return answer(syscall(SYS_process_vm_readv, getpid(), &a, 1, &b, 1, 0));
}

static int a_vm_writev(const char *arg) {
  char from = 1, to = 0;
  struct iovec a = {&from, 1}, b = {&to, 1};
  (void)arg;
  return answer(syscall(SYS_process_vm_writev, getpid(), &a, 1, &b, 1, 0));
}

static int a_trace_child(const char *arg) {
  (void)arg;
  pid_t pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  int r = answer(syscall(SYS_ptrace, 0x4206, pid, 0, 0));
  kill(pid, SIGKILL);
  return r;
}

#if defined(__x86_64__)
static int a_x32(const char *arg) {
  (void)arg;
  return answer(syscall(0x40000000 + SYS_getpid));
}
static int a_int80(const char *arg) { /* getpid of the 32-bit table */
  long r;
  (void)arg;
  __asm__ volatile("int $0x80" : "=a"(r) : "0"(20L) : "memory", "r8", "r9", "r10", "r11");
  return r < 0 ? (int)-r : 0;
}
CALL(a_iopl, syscall(SYS_iopl, 4))
CALL(a_ioperm, syscall(SYS_ioperm, 0x10000, 1, 1))
CALL(a_modify_ldt, syscall(SYS_modify_ldt, 0, NULL, 0))
#endif

/* A memfd that cannot be executed, filled with this program and executed all the same. */
static int a_memfd_sealed_exec(const char *arg) {
  char number[24];
  (void)arg;
  long fd = syscall(SYS_memfd_create, "x", 8);
  if (fd < 0) return errno;
  snprintf(number, sizeof number, "%ld", fd);
  return do_fdfill(number);
}

static int a_memfd_plain_exec(const char *arg) {
  char number[24];
  (void)arg;
  long fd = syscall(SYS_memfd_create, "x", 1);
  if (fd < 0) return errno;
  snprintf(number, sizeof number, "%ld", fd);
  int in = open("/proc/self/exe", O_RDONLY);
  char data[65536];
  for (ssize_t n; (n = read(in, data, sizeof data)) > 0;)
    if (write((int)fd, data, (size_t)n) != n) return EIO;
  return do_fdexecat(number);
}

/* Shared anonymous memory is a file too; its link in map_files would be a way to execute it. */
static int a_map_files_exec(const char *arg) {
  char path[96];
  size_t size = 1 << 22;
  (void)arg;
  char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return errno;
  int in = open("/proc/self/exe", O_RDONLY);
  if (in < 0 || read(in, at, size) <= 0) return errno;
  snprintf(path, sizeof path, "/proc/self/map_files/%lx-%lx", (unsigned long)at, (unsigned long)(at + size));
  return do_exec(path);
}

/* An unlinked file of the private /tmp, through its descriptor. */
static int a_tmpfile_exec(const char *arg) {
  char number[24], path[64], data[65536];
  ssize_t n;
  (void)arg;
  int in = open("/proc/self/exe", O_RDONLY), fd = open("/tmp", O_TMPFILE | O_RDWR, 0755);
  if (in < 0 || fd < 0) return errno;
  while ((n = read(in, data, sizeof data)) > 0)
    if (write(fd, data, (size_t)n) != n) return EIO;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  int again = open(path, O_RDONLY); /* a file that is open for writing is busy */
  if (again < 0) return errno;
  close(fd);
  snprintf(number, sizeof number, "%d", again);
  return do_fdexecat(number);
}

static int a_pdeath_by_setuid(const char *arg) { /* a change of ids would clear the parent-death signal */
  int before = -1, after = -1;
  (void)arg;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  prctl(PR_GET_PDEATHSIG, &before);
  if (setresuid(getuid(), getuid(), getuid()) < 0) return errno;
  if (setresgid(getgid(), getgid(), getgid()) < 0) return errno;
  prctl(PR_GET_PDEATHSIG, &after);
  return before == SIGKILL && after != SIGKILL ? 0 : EPERM;
}

static int a_pdeath_by_userns(const char *arg) { /* so would new capabilities */
  int after = -1;
  (void)arg;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (unshare(CLONE_NEWUSER) < 0) return errno;
  prctl(PR_GET_PDEATHSIG, &after);
  return after != SIGKILL ? 0 : EPERM;
}

/* The lowest niceness and I/O class of "all processes of this user" must stay inside: setpriority(2), ioprio_set(2). */
static int a_nice_user(const char *arg) { return (void)arg, answer(setpriority(PRIO_USER, 0, 5)); }
static int a_ioprio_user(const char *arg) { return (void)arg, answer(syscall(SYS_ioprio_set, 3, getuid(), 3 << 13)); }

static const struct {
  const char *name;
  int (*run)(const char *);
} attacks[] = {{"mount_tmpfs", a_mount_tmpfs},
               {"mount_bind", a_mount_bind},
               {"mount_proc", a_mount_proc},
               {"remount_rw", a_remount_rw},
               {"propagation", a_propagation},
               {"umount", a_umount},
               {"pivot_root", a_pivot_root},
               {"chroot", a_chroot},
               {"fsopen", a_fsopen},
               {"fsconfig", a_fsconfig},
               {"fsmount", a_fsmount},
               {"fspick", a_fspick},
               {"open_tree", a_open_tree},
               {"open_tree_plain", a_open_tree_plain},
               {"move_mount", a_move_mount},
               {"mount_setattr", a_mount_setattr},
               {"unshare_user", a_unshare_user},
               {"unshare_mnt", a_unshare_mnt},
               {"unshare_net", a_unshare_net},
               {"unshare_pid", a_unshare_pid},
               {"unshare_ipc", a_unshare_ipc},
               {"unshare_uts", a_unshare_uts},
               {"unshare_cgroup", a_unshare_cgroup},
               {"unshare_time", a_unshare_time},
               {"unshare_high", a_unshare_high},
               {"clone_user", a_clone_user},
               {"clone_mnt", a_clone_mnt},
               {"clone_pid", a_clone_pid},
               {"clone_net", a_clone_net},
               {"clone_ipc", a_clone_ipc},
               {"clone_uts", a_clone_uts},
               {"clone_cgroup", a_clone_cgroup},
               {"clone_high", a_clone_high},
               {"clone3", a_clone3},
               {"setns", a_setns},
               {"traceme", a_traceme},
               {"trace_child", a_trace_child},
               {"vm_readv", a_vm_readv},
               {"vm_writev", a_vm_writev},
               {"process_madvise", a_process_madvise},
               {"pidfd_getfd", a_pidfd_getfd},
               {"kcmp", a_kcmp},
               {"keyctl", a_keyctl},
               {"add_key", a_add_key},
               {"request_key", a_request_key},
               {"bpf", a_bpf},
               {"perf", a_perf},
               {"userfaultfd", a_userfaultfd},
               {"uring_setup", a_uring_setup},
               {"uring_enter", a_uring_enter},
               {"uring_register", a_uring_register},
               {"init_module", a_init_module},
               {"finit_module", a_finit_module},
               {"delete_module", a_delete_module},
               {"kexec", a_kexec},
               {"clock_settime", a_clock_settime},
               {"settimeofday", a_settimeofday},
               {"adjtimex", a_adjtimex},
               {"clock_adjtime", a_clock_adjtime},
               {"reboot", a_reboot},
               {"swapon", a_swapon},
               {"swapoff", a_swapoff},
               {"sethostname", a_sethostname},
               {"setdomainname", a_setdomainname},
               {"syslog", a_syslog},
               {"acct", a_acct},
               {"quotactl", a_quotactl},
               {"name_to_handle", a_name_to_handle},
               {"open_by_handle", a_open_by_handle},
               {"fanotify", a_fanotify},
               {"vmsplice", a_vmsplice},
               {"move_pages", a_move_pages},
               {"migrate_pages", a_migrate_pages},
               {"memfd_secret", a_memfd_secret},
               {"statmount", a_statmount},
               {"listmount", a_listmount},
               {"norandomize", a_norandomize},
               {"read_implies_exec", a_read_implies_exec},
               {"death_clear", a_death_clear},
               {"death_term", a_death_term},
               {"death_by_ids", a_pdeath_by_setuid},
               {"death_by_userns", a_pdeath_by_userns},
               {"set_mm", a_set_mm},
               {"tiocsti", a_tiocsti},
               {"tiocsti_high", a_tiocsti_high},
               {"tioclinux", a_tioclinux},
               {"mknod_char", a_mknod_char},
               {"mknod_block", a_mknod_block},
               {"memfd", a_memfd},
               {"memfd_exec", a_memfd_exec},
               {"memfd_sealed_exec", a_memfd_sealed_exec},
               {"memfd_plain_exec", a_memfd_plain_exec},
               {"map_files_exec", a_map_files_exec},
               {"tmpfile_exec", a_tmpfile_exec},
               {"newer_call", a_newer_call},
               {"setuid_0", a_setuid_0},
               {"setgid_0", a_setgid_0},
               {"setgroups", a_setgroups},
               {"capset", a_capset},
               {"securebits", a_securebits},
               {"ambient", a_ambient},
               {"nnp_off", a_nnp_off},
               {"setsid", a_setsid},
               {"nice_up", a_nice_up},
               {"fifo_scheduler", a_fifo_scheduler},
               {"nofile_up", a_nofile_up},
               {"core_0", a_core_0},
               {"core_0_old", a_core_0_old},
               {"ns_parent_pid", a_ns_parent_pid},
               {"ns_parent_user", a_ns_parent_user},
               {"ns_owner", a_ns_owner},
               {"write_exe", a_write_exe},
               {"write_comm", a_write_comm},
               {"write_oom", a_write_oom},
               {"write_uid_map", a_write_uid_map},
               {"write_mem", a_write_mem},
               {"write_core_filter", a_write_core_filter},
               {"write_clear_refs", a_write_clear_refs},
               {"set_id_fchmod", a_set_id_fchmod},
               {"set_gid_creat", a_set_gid_creat},
               {"set_id_tmpfile", a_set_id_tmpfile},
               {"set_id_openat", a_set_id_openat},
               {"set_gid_openat", a_set_gid_openat},
               {"set_id_mknodat", a_set_id_mknodat},
               {"set_gid_mknodat", a_set_gid_mknodat},
               {"set_id_fifo", a_set_id_fifo},
               {"openat2", a_openat2},
               {"openat2_set_id", a_openat2_set_id},
               {"io_setup", a_io_setup},
#if defined(__x86_64__)
               {"set_id_open", a_set_id_open},
               {"set_gid_open", a_set_gid_open},
               {"set_id_open_tmpfile", a_set_id_open_tmpfile},
               {"set_id_old_creat", a_set_id_old_creat},
               {"set_gid_old_creat", a_set_gid_old_creat},
               {"set_id_mknod", a_set_id_mknod},
               {"set_gid_mknod", a_set_gid_mknod},
               {"x32", a_x32},
               {"int80", a_int80},
               {"iopl", a_iopl},
               {"ioperm", a_ioperm},
               {"modify_ldt", a_modify_ldt},
#endif
               {"nice_user", a_nice_user},
               {"ioprio_user", a_ioprio_user}};

static int attack(char **names) {
  for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
    int wanted = !*names;
    for (char **name = names; *name; name++) wanted = wanted || strcmp(*name, attacks[i].name) == 0;
    if (wanted) attempt(attacks[i].name, attacks[i].run, NULL);
  }
  return 0;
}

/* Every family, type and a few protocols: which sockets can be had. */
static int show_sockets(void) {
  static const int protocols[] = {0, 1, 6, 15, 17, 132, 255, 262};
  char text[4096] = "";
  for (int family = 0; family < 48; family++) {
    int any = 0;
    for (int type = 1; type <= 10 && !any; type++)
      for (size_t i = 0; i < sizeof protocols / sizeof protocols[0] && !any; i++) {
        int fd = (int)syscall(SYS_socket, family, type, protocols[i]);
        if (fd >= 0) any = 1, close(fd);
      }
    if (any) snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", *text ? "," : "", family);
  }
  row("families", *text ? text : "none");
  return 0;
}

int main(int argc, char **argv) {
  const char *command = argc > 1 ? argv[1] : "";
  if (strcmp(command, "exit") == 0) return argc > 2 ? atoi(argv[2]) : 0;
  if (strcmp(command, "self") == 0) return show_self();
  if (strcmp(command, "env") == 0) return show_env();
  if (strcmp(command, "fds") == 0) return show_fds();
  if (strcmp(command, "mounts") == 0) return show_mounts();
  if (strcmp(command, "do") == 0) return do_all(argv + 2);
  if (strcmp(command, "attack") == 0) return attack(argv + 2);
  if (strcmp(command, "sockets") == 0) return show_sockets();
  if (strcmp(command, "sleep") == 0) return row("sleeping", "now"), sleep(argc > 2 ? (unsigned)atoi(argv[2]) : 1), 0;
  if (strcmp(command, "hold") == 0) { /* until the end of its input */
    char byte;
    row("holding", "now");
    while (read(0, &byte, 1) > 0) {
    }
    return 0;
  }
  fprintf(stderr,
          "usage: probe_inside self|env|fds|mounts|sockets|do VERB:ARG...|attack [NAME...]|sleep N|exit N|hold\n");
  return 64;
}
