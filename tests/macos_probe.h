/* macos_probe.h: what test_macos does as the target of its own launches: operations, three words each, OP A B, and
 * for each a line of output: "ok", the error's name, or what was asked for. Include it after jailer.h. */
#ifndef MACOS_PROBE_H
#define MACOS_PROBE_H
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

extern char **environ;

static const char *error_name(int error) {
  static char number[32];
  static const struct {
    int error;
    const char *name;
  } names[] = {{EPERM, "EPERM"},     {EACCES, "EACCES"},
               {ENOENT, "ENOENT"},   {EEXIST, "EEXIST"},
               {EINVAL, "EINVAL"},   {EROFS, "EROFS"},
               {ESRCH, "ESRCH"},     {EXDEV, "EXDEV"},
               {ENOTSUP, "ENOTSUP"}, {ECONNREFUSED, "ECONNREFUSED"},
               {ENOTDIR, "ENOTDIR"}, {ENOEXEC, "ENOEXEC"},
               {EIO, "EIO"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].error == error) return names[i].name;
  snprintf(number, sizeof number, "errno %d", error);
  return number;
}

/* Opens it and closes it. */
static int try_open(const char *path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC, 0600);
  return fd < 0 ? -1 : close(fd);
}

static int try_list(const char *path) {
  DIR *d = opendir(path);
  if (!d) return -1;
  errno = 0;
  const bool read = readdir(d) != NULL;
  const int error = errno;
  closedir(d);
  return errno = error, read ? 0 : -1;
}

static int try_map(const char *path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  const int error = errno;
  close(fd);
  if (at == MAP_FAILED) return errno = error, -1;
  return munmap(at, 4096);
}

/* A child that executes it, or with NULL ends by itself; 0: it ended with 0, else errno is what it could not. */
static int try_child(const char *path) {
  int how = 0;
  const pid_t pid = fork();
  if (pid == 0 && path) execl(path, path, "try", (char *)NULL);
  if (pid == 0) _exit(path ? errno : 0);
  if (pid < 0 || waitpid(pid, &how, 0) != pid) return -1;
  if (WIFEXITED(how) && WEXITSTATUS(how) == 0) return 0;
  return errno = WIFEXITED(how) ? WEXITSTATUS(how) : EIO, -1;
}

static int try_signal_child(void) {
  int how = 0;
  const pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  if (pid < 0) return -1;
  const int result = kill(pid, SIGTERM), error = errno;
  if (result) return errno = error, -1; /* it ends with its group */
  return waitpid(pid, &how, 0) == pid && WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM ? 0 : (errno = EIO, -1);
}

/* A child with a session of its own, which waits for ever with all that is open; its number is printed. */
static int try_escape(void) {
  int ready[2];
  char done;
  if (pipe(ready)) return -1;
  const pid_t pid = fork();
  if (pid == 0) {
    if (setsid() < 0 || write(ready[1], "", 1) != 1) _exit(1);
    for (;;) pause();
  }
  if (pid < 0) return -1;
  close(ready[1]);
  printf("%d\n", (int)pid);
  return read(ready[0], &done, 1) == 1 ? 0 : (errno = EIO, -1);
}

static int try_unix(const char *path, bool connects) {
  struct sockaddr_un at;
  memset(&at, 0, sizeof at);
  at.sun_family = AF_UNIX;
  if (strlen(path) >= sizeof at.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  const int result =
      connects ? connect(fd, (struct sockaddr *)&at, sizeof at) : bind(fd, (struct sockaddr *)&at, sizeof at);
  const int error = errno;
  close(fd);
  return errno = error, result;
}

/* To 127.0.0.1 and that port, by TCP or UDP; without a port: listens there at one that the kernel chooses. */
static int try_inet(const char *port, int type) {
  struct sockaddr_in at;
  memset(&at, 0, sizeof at);
  at.sin_family = AF_INET;
  at.sin_port = htons((uint16_t)(port ? atoi(port) : 0));
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, type, 0);
  if (fd < 0) return -1;
  int result = port ? connect(fd, (struct sockaddr *)&at, sizeof at) : bind(fd, (struct sockaddr *)&at, sizeof at);
  if (result == 0 && !port) result = listen(fd, 1);
  if (result == 0 && port && type == SOCK_DGRAM && send(fd, "x", 1, 0) != 1) result = -1;
  const int error = errno;
  close(fd);
  return errno = error, result;
}

/* Another process's arguments and environment. */
static int try_procargs(const char *pid) {
#ifdef __APPLE__
  static char text[1 << 20];
  int name[3] = {CTL_KERN, KERN_PROCARGS2, atoi(pid)};
  size_t size = sizeof text;
  return sysctl(name, 3, text, &size, NULL, 0);
#else
  char path[64];
  snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
  return try_open(path, O_RDONLY);
#endif
}

static int try_random(void) {
  unsigned char bytes[16];
  const int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  const bool read_all = fd >= 0 && read(fd, bytes, sizeof bytes) == (ssize_t)sizeof bytes;
#ifdef __APPLE__
  arc4random_buf(bytes, sizeof bytes);
#endif
  if (fd >= 0) close(fd);
  return read_all ? 0 : -1;
}

static void *thread(void *arg) { return arg; }

static int try_thread(void) {
  pthread_t id;
  int there;
  void *result = NULL;
  const int error = pthread_create(&id, NULL, thread, &there);
  if (error) return errno = error, -1;
  return pthread_join(id, &result) == 0 && result == &there ? 0 : -1;
}

static int try_time(void) {
  const time_t now = time(NULL);
  struct tm tm;
  tzset();
  return localtime_r(&now, &tm) && tm.tm_year > 100 ? 0 : (errno = EIO, -1);
}

static int try_tmpdir(void) {
  char path[PATH_MAX];
  const char *dir = getenv("TMPDIR");
  snprintf(path, sizeof path, "%s/XXXXXX", dir ? dir : "/nowhere");
  const int fd = mkstemp(path);
  return fd < 0 ? -1 : close(fd);
}

static int try_write(const char *path, const char *text) {
  const int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  if (fd < 0) return -1;
  const ssize_t n = write(fd, text, strlen(text));
  return close(fd) || n != (ssize_t)strlen(text) ? -1 : 0;
}

static int try_chflags(const char *path) {
#ifdef __APPLE__
  return chflags(path, UF_HIDDEN);
#else
  return chmod(path, 0600);
#endif
}

/* What prints something else than a result; false: there is no such operation. */
static bool try_tell(const char *op) {
  if (!strcmp(op, "fds")) {
    for (int fd = 0; fd < 256; fd++)
      if (fcntl(fd, F_GETFD) >= 0) printf("%d ", fd);
  } else if (!strcmp(op, "env")) {
    for (char **e = environ; *e; e++) printf("%s ", *e);
  } else if (!strcmp(op, "session")) {
    printf("%s", getsid(0) == getpid() && getpgrp() == getpid() ? "own" : "another's");
  } else {
    return false;
  }
  printf("\n");
  return true;
}

/* A launch from in here. */
static int try_launch(void) {
  const char *argv[] = {"/usr/bin/true", NULL};
  jailer_config config;
  jailer_proc proc;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.outlive_launcher = true;
  const jailer_code code = jailer_launch(&config, &proc, &err);
  if (code == JAILER_OK) jailer_wait(&proc, 10000, NULL, NULL);
  return code == JAILER_OK ? 0 : code == JAILER_E_UNSUPPORTED ? (errno = ENOTSUP, -1) : (errno = EIO, -1);
}

static int try_file(const char *op, const char *a, const char *b) {
  struct stat st;
  if (!strcmp(op, "read")) return try_open(a, O_RDONLY);
  if (!strcmp(op, "list")) return try_list(a);
  if (!strcmp(op, "stat")) return lstat(a, &st);
  if (!strcmp(op, "write")) return try_open(a, O_WRONLY);
  if (!strcmp(op, "create")) return try_open(a, O_WRONLY | O_CREAT | O_EXCL);
  if (!strcmp(op, "append")) return try_write(a, b);
  if (!strcmp(op, "unlink")) return unlink(a);
  if (!strcmp(op, "rename")) return rename(a, b);
  if (!strcmp(op, "mkdir")) return mkdir(a, 0755);
  if (!strcmp(op, "symlink")) return symlink("file", a);
  if (!strcmp(op, "mkfifo")) return mkfifo(a, 0600);
  if (!strcmp(op, "chmod")) return chmod(a, 0640);
  if (!strcmp(op, "setid")) return chmod(a, 04755);
  if (!strcmp(op, "chflags")) return try_chflags(a);
  if (!strcmp(op, "link")) return link(a, b);
  if (!strcmp(op, "exec")) return try_child(a);
  if (!strcmp(op, "map")) return try_map(a);
  if (!strcmp(op, "bind")) return try_unix(a, false);
  if (!strcmp(op, "connect")) return try_unix(a, true);
  return -2;
}

static int try_other(const char *op, const char *a) {
  char text[PATH_MAX];
  if (!strcmp(op, "tcp")) return try_inet(a, SOCK_STREAM);
  if (!strcmp(op, "udp")) return try_inet(a, SOCK_DGRAM);
  if (!strcmp(op, "listen")) return try_inet(NULL, SOCK_STREAM);
  if (!strcmp(op, "signal_launcher")) return kill(atoi(a), 0);
  if (!strcmp(op, "signal_child")) return try_signal_child();
  if (!strcmp(op, "procargs")) return try_procargs(a);
  if (!strcmp(op, "fork")) return try_child(NULL);
  if (!strcmp(op, "escape")) return try_escape();
  if (!strcmp(op, "random")) return try_random();
  if (!strcmp(op, "thread")) return try_thread();
  if (!strcmp(op, "time")) return try_time();
  if (!strcmp(op, "user")) return getpwuid(0) ? 0 : -1;
  if (!strcmp(op, "processors")) return sysconf(_SC_NPROCESSORS_ONLN) > 0 ? 0 : -1;
  if (!strcmp(op, "cwd")) return getcwd(text, sizeof text) ? 0 : -1;
  if (!strcmp(op, "tmpdir")) return try_tmpdir();
  if (!strcmp(op, "complain")) return write(2, "complaint\n", 10) == 10 ? 0 : -1;
  if (!strcmp(op, "launch")) return try_launch();
  if (!strcmp(op, "exit")) exit(atoi(a));
  if (!strcmp(op, "raise")) raise(atoi(a));
  while (!strcmp(op, "sleep")) pause();
  return -2;
}

static int probe(int argc, char **argv) {
  for (int i = 2; i + 2 < argc; i += 3) {
    if (try_tell(argv[i])) continue;
    errno = 0;
    int result = try_file(argv[i], argv[i + 1], argv[i + 2]);
    if (result == -2) result = try_other(argv[i], argv[i + 1]);
    printf("%s\n", result == -2 ? "unknown" : result == 0 ? "ok" : error_name(errno));
    fflush(stdout);
  }
  return 0;
}
#endif
