/* probe_box OP:ARG...: what a process in a box can do, one attempt for each argument, in order. Each prints "OP:ARG=RESULT",
 * where RESULT is ok, the name of an errno, or what was read. Knows nothing of what should come out. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *name_of(int e) {
  static const struct {
    int number;
    const char *name;
  } names[] = {{EPERM, "EPERM"},     {ENOENT, "ENOENT"},   {EACCES, "EACCES"}, {EROFS, "EROFS"},   {EBUSY, "EBUSY"},
               {EEXIST, "EEXIST"},   {EXDEV, "EXDEV"},     {EISDIR, "EISDIR"}, {ENOTDIR, "ENOTDIR"}, {EINVAL, "EINVAL"},
               {ETXTBSY, "ETXTBSY"}, {ENOSYS, "ENOSYS"},   {ELOOP, "ELOOP"},   {ENXIO, "ENXIO"},   {ENOTEMPTY, "ENOTEMPTY"},
               {ENODEV, "ENODEV"},   {ECONNREFUSED, "ECONNREFUSED"}, {ENOEXEC, "ENOEXEC"}};
  static char other[24];
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].number == e) return names[i].name;
  snprintf(other, sizeof other, "errno%d", e);
  return other;
}

static const char *result(long r) { return r < 0 ? name_of(errno) : "ok"; }

static long open_close(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0755);
  return fd < 0 ? -1 : close(fd);
}

static long write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NONBLOCK, 0755);
  long r = fd < 0 ? -1 : write(fd, text, strlen(text));
  if (fd >= 0) close(fd);
  return r;
}

/* The first line of a file. */
static const char *first_line(const char *path) {
  static char text[256];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  int e = errno;
  if (fd >= 0) close(fd);
  if (n < 0) return name_of(e);
  text[n] = 0;
  text[strcspn(text, "\n")] = 0;
  return text;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names in a directory, sorted, with commas between. */
static const char *list(const char *path) {
  static char text[2048];
  char *names[128];
  size_t count = 0, at = 0;
  DIR *dir = opendir(path);
  if (!dir) return name_of(errno);
  for (struct dirent *e; count < 128 && (e = readdir(dir));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) names[count++] = strdup(e->d_name);
  closedir(dir);
  qsort(names, count, sizeof *names, by_name);
  text[0] = 0;
  for (size_t i = 0; i < count && at + strlen(names[i]) + 2 < sizeof text; i++)
    at += (size_t)sprintf(text + at, "%s%s", i ? "," : "", names[i]);
  return text;
}

/* The exec itself, seen by its errno; a file that is executed and ends with anything else counts as executed. */
static const char *execute(const char *path) {
  int status = 0, report[2], e = 0;
  if (pipe2(report, O_CLOEXEC)) return name_of(errno);
  pid_t child = fork();
  if (child == 0) {
    execl(path, path, (char *)NULL);
    e = errno;
    if (write(report[1], &e, sizeof e) < 0) _exit(1);
    _exit(1);
  }
  close(report[1]);
  ssize_t n = child < 0 ? 0 : read(report[0], &e, sizeof e);
  close(report[0]);
  if (child < 0) return "cannot fork";
  waitpid(child, &status, 0);
  return n == (ssize_t)sizeof e ? name_of(e) : "ok";
}

static long with_socket(const char *path, int (*call)(int, const struct sockaddr *, socklen_t)) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (strlen(path) >= sizeof address.sun_path) return close(fd), errno = ENAMETOOLONG, -1;
  strcpy(address.sun_path, path);
  long r = call(fd, (struct sockaddr *)&address, sizeof address);
  const int e = errno;
  close(fd);
  errno = e;
  return r;
}

/* The first page of a file as code. */
static long map_to_execute(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -1;
  void *at = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  const int e = errno;
  close(fd);
  errno = e;
  return at == MAP_FAILED ? -1 : 0;
}

static long stat_only(const char *path) {
  struct stat st;
  return lstat(path, &st);
}

/* A new name beside `path`, for a moment: what `call` makes of it, or a rename there and back. */
static long beside(const char *path, int (*call)(const char *, const char *)) {
  char other[4096];
  snprintf(other, sizeof other, "%s.new", path);
  if (call(path, other)) return -1;
  return call == rename ? rename(other, path) : unlink(other);
}

/* Makes something that was not there, and takes it away again. */
static long make(const char *path, mode_t type) {
  const long r = type == S_IFDIR    ? mkdir(path, 0755)
                 : type == S_IFIFO  ? mkfifo(path, 0600)
                 : type == S_IFCHR  ? mknod(path, S_IFCHR | 0600, makedev(1, 3))
                 : type == S_IFSOCK ? with_socket(path, bind)
                 : type == S_IFLNK  ? symlink("nowhere", path)
                                    : open_close(path, O_WRONLY | O_CREAT | O_EXCL);
  return r ? r : type == S_IFDIR ? rmdir(path) : unlink(path);
}

static void big_endian(unsigned char *at, size_t size, uint64_t value) {
  while (size) at[--size] = (unsigned char)value, value >>= 8;
}

/* DISK|NAME|FORMAT: gives a qcow2 image another backing file, as a guest that broke out would. */
static long rewrite_header(char *arg) {
  unsigned char header[1024] = {0};
  char *name = strchr(arg, '|'), *format = name ? strchr(name + 1, '|') : NULL;
  if (!format) return errno = EINVAL, -1;
  *name++ = *format++ = 0;
  int fd = open(arg, O_RDWR | O_CLOEXEC);
  if (fd < 0) return -1;
  if (pread(fd, header, 104, 0) != 104 || memcmp(header, "QFI\xfb", 4) != 0) return errno = EINVAL, -1;
  big_endian(header + 8, 8, name[0] ? 200 : 0);
  big_endian(header + 16, 4, strlen(name));
  big_endian(header + 104, 4, 0xe2792aca);
  big_endian(header + 108, 4, strlen(format));
  memcpy(header + 112, format, strlen(format));
  memcpy(header + 200, name, strlen(name));
  long r = pwrite(fd, header, sizeof header, 0) == (ssize_t)sizeof header ? 0 : -1;
  close(fd);
  name[-1] = format[-1] = '|';
  return r;
}

/* Two paths with '|' between. */
static long two(char *arg, int (*call)(const char *, const char *)) {
  char *second = strchr(arg, '|');
  if (!second) return errno = EINVAL, -1;
  *second = 0;
  long r = call(arg, second + 1);
  *second = '|';
  return r;
}

/* How the mount of a path is restricted (statvfs(3)). */
static const char *mount_flags(const char *path) {
  static char text[64];
  struct statvfs st;
  if (statvfs(path, &st)) return name_of(errno);
  snprintf(text, sizeof text, "%s%s%s%s", st.f_flag & ST_RDONLY ? "ro" : "rw", st.f_flag & ST_NOSUID ? ",nosuid" : "",
           st.f_flag & ST_NODEV ? ",nodev" : "", st.f_flag & ST_NOEXEC ? ",noexec" : "");
  return text;
}

static const char *variables(void) {
  static char text[1024];
  size_t at = 0;
  for (char **e = environ; *e && at + strlen(*e) + 2 < sizeof text; e++)
    at += (size_t)sprintf(text + at, "%s%s", e == environ ? "" : " ", *e);
  return text;
}

static const char *perform(const char *op, char *arg) {
  char *text;
  if (!strcmp(op, "read")) return result(open_close(arg, O_RDONLY));
  if (!strcmp(op, "write")) return result(open_close(arg, O_WRONLY));
  if (!strcmp(op, "create")) return result(open_close(arg, O_WRONLY | O_CREAT | O_EXCL));
  if (!strcmp(op, "put") && (text = strchr(arg, '|'))) {
    *text = 0;
    const char *r = result(write_text(arg, text + 1));
    *text = '|';
    return r;
  }
  if (!strcmp(op, "line")) return first_line(arg);
  if (!strcmp(op, "list")) return list(arg);
  if (!strcmp(op, "exec")) return execute(arg);
  if (!strcmp(op, "mount")) return mount_flags(arg);
  if (!strcmp(op, "mkdir")) return result(mkdir(arg, 0755));
  if (!strcmp(op, "rmdir")) return result(rmdir(arg));
  if (!strcmp(op, "unlink")) return result(unlink(arg));
  if (!strcmp(op, "chmod")) return result(chmod(arg, 0777));
  if (!strcmp(op, "shut")) return result(chmod(arg, 0));
  if (!strcmp(op, "errmode")) return result(fchmod(2, (mode_t)strtol(arg, NULL, 8)));
  if (!strcmp(op, "fifo")) return result(mkfifo(arg, 0666));
  if (!strcmp(op, "bind")) return result(with_socket(arg, bind));
  if (!strcmp(op, "connect")) return result(with_socket(arg, connect));
  if (!strcmp(op, "stat")) return result(stat_only(arg));
  if (!strcmp(op, "map")) return result(map_to_execute(arg));
  if (!strcmp(op, "setid")) return result(chmod(arg, 04755));
  if (!strcmp(op, "move")) return result(beside(arg, rename));
  if (!strcmp(op, "hard")) return result(beside(arg, link));
  if (!strcmp(op, "again")) return result(unlink(arg) ? -1 : open_close(arg, O_WRONLY | O_CREAT | O_EXCL));
  if (!strcmp(op, "makefile")) return result(make(arg, S_IFREG));
  if (!strcmp(op, "makedir")) return result(make(arg, S_IFDIR));
  if (!strcmp(op, "makelink")) return result(make(arg, S_IFLNK));
  if (!strcmp(op, "makefifo")) return result(make(arg, S_IFIFO));
  if (!strcmp(op, "makedev")) return result(make(arg, S_IFCHR));
  if (!strcmp(op, "makesock")) return result(make(arg, S_IFSOCK));
  if (!strcmp(op, "rename")) return result(two(arg, rename));
  if (!strcmp(op, "link")) return result(two(arg, link));
  if (!strcmp(op, "symlink")) return result(two(arg, symlink)); /* TARGET|NAME */
  if (!strcmp(op, "header")) return result(rewrite_header(arg));
  if (!strcmp(op, "env")) return variables();
  if (!strcmp(op, "self")) return first_line("/proc/self/comm");
  if (!strcmp(op, "stderr")) return result(write(2, arg, strlen(arg)));
  if (!strcmp(op, "stay")) { /* until standard input ends, at most ARG seconds */
    char byte;
    alarm((unsigned)atoi(arg));
    printf("stays\n");
    fflush(stdout);
    while (read(0, &byte, 1) > 0) {}
    return "ok";
  }
  if (!strcmp(op, "code")) exit(atoi(arg));
  if (!strcmp(op, "die")) signal(atoi(arg), SIG_DFL), raise(atoi(arg));
  return "no such operation";
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++) {
    char op[16];
    size_t n = strcspn(argv[i], ":");
    if (n >= sizeof op) continue;
    memcpy(op, argv[i], n);
    op[n] = 0;
    const char *r = perform(op, argv[i][n] ? argv[i] + n + 1 : argv[i] + n);
    printf("%s=%s\n", argv[i], r);
  }
  return 0;
}
