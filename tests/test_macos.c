/* test_macos.c: the engine for macOS against macOS itself, for `make test` on a Mac. The program is its own probe: as
 * `test_macos try OP A B OP A B ...` it does each operation and prints a line for it, "ok" or the error's name. The same
 * operations are done without walls first, so that what is refused inside is refused by the sandbox.
 * On Linux it runs in the emulation of darwin/darwin.h, which enforces nothing: there the rows say that all but the
 * kernel's part is right, the probe too, and each operation is expected to be done.
 * What fails on a Mac is best sent with what this prints and with what the kernel logged of it. */
#define _GNU_SOURCE
#define _DARWIN_C_SOURCE
#if defined(__linux__) && !defined(__APPLE__)
#include "darwin/darwin.h"
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "darwin/plain.h"
#define WALL false
#else
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#define WALL true
#endif
#include "tap.h"
#if !defined(__APPLE__) && !defined(__linux__)
int main(void) {
  puts("1..0 # SKIP for macOS, and on Linux in its emulation");
  return 0;
}
#else
#include "macos_rows.h"
#include <errno.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#ifdef __APPLE__
#include <sys/sysctl.h>
#endif

extern char **environ;

/* --- the probe ---------------------------------------------------------------------------------------------------- */

static const char *error_name(int error) {
  static char number[32];
  static const struct {
    int error;
    const char *name;
  } names[] = {{EPERM, "EPERM"},   {EACCES, "EACCES"}, {ENOENT, "ENOENT"}, {EEXIST, "EEXIST"},   {EINVAL, "EINVAL"},
               {EROFS, "EROFS"},   {ESRCH, "ESRCH"},   {EXDEV, "EXDEV"},   {ENOTSUP, "ENOTSUP"}, {ECONNREFUSED, "ECONNREFUSED"},
               {ENOTDIR, "ENOTDIR"}, {ENOEXEC, "ENOEXEC"}, {EIO, "EIO"}};
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

static int try_unix(const char *path, bool connects) {
  struct sockaddr_un at;
  memset(&at, 0, sizeof at);
  at.sun_family = AF_UNIX;
  if (strlen(path) >= sizeof at.sun_path) return errno = ENAMETOOLONG, -1;
  strcpy(at.sun_path, path);
  const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  if (fd < 0) return -1;
  const int result = connects ? connect(fd, (struct sockaddr *)&at, sizeof at) : bind(fd, (struct sockaddr *)&at, sizeof at);
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

/* --- launches ----------------------------------------------------------------------------------------------------- */

static char top[128], self[160]; /* a directory for the test, and the program's copy in it */
static char *program;            /* its bytes */
static size_t program_size;
static uint32_t target_id; /* of the target where root launches; 0: the launcher's */

static char out[1 << 16]; /* what the target printed */
static char profile[1 << 20];
static jailer_proc proc;
static jailer_status status;
static jailer_error err;

static const char *said(void) {
  static char text[1024];
  if (err.code == JAILER_OK) return "";
  jailer_error_text(&err, text, sizeof text);
  return text;
}

static void diagnose(const char *what) {
  printf("# %s\n# --- the profile:\n", what);
  for (char *line = profile, *end; *line; line = *end ? end + 1 : end) {
    end = line + strcspn(line, "\n");
    printf("# %.*s\n", (int)(end - line), line);
  }
  printf("# --- what the target printed:\n# %.2000s\n", out);
  printf("# what the kernel refused: log show --last 1m --predicate 'eventMessage CONTAINS \"deny(\"'\n");
  fflush(stdout);
}

/* A row about the last launch or call: where it fails, all that there is to know. */
static bool row_of_launch(bool good, int line, const char *what) {
  if (!tap_row(good, __FILE__, line, "%s", what)) {
    diagnose(said());
    printf("# ended: exited %d, code %d, signal %d\n", status.exited, status.exit_code, status.signal);
  }
  return good;
}
#define LAUNCH_OK(condition, what) \
  do { \
    const bool good_ = (condition); \
    row_of_launch(good_, __LINE__, what); \
  } while (0)

static jailer_config strict(const char *const *argv) {
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.outlive_launcher = true;
  config.stdio = JAILER_STDIO_NULL;
  config.uid = config.gid = target_id;
  return config;
}

/* Launches, with a pipe as standard output, and as standard error but in a box; the reading end in *from. */
static jailer_code start(const jailer_config *config, int *from) {
  jailer_config c = *config;
  jailer_fd fds[8];
  jailer_plan *plan = NULL;
  int ends[2];
  memset(&err, 0, sizeof err);
  memset(&status, 0, sizeof status);
  profile[0] = out[0] = 0;
  if (pipe(ends)) return JAILER_E_SYSTEM;
  c.fd_count = 0;
  fds[c.fd_count++] = (jailer_fd){ends[1], true, 1};
  if (!c.layout) fds[c.fd_count++] = (jailer_fd){ends[1], true, 2};
  for (size_t i = 0; i < config->fd_count; i++) fds[c.fd_count++] = config->fds[i];
  c.fds = fds;
  jailer_code code = jailer_plan_new(&c, NULL, &plan, &err);
  if (code == JAILER_OK && c.engine != JAILER_ENGINE_NONE) code = jailer_sbpl_plan(plan, profile, sizeof profile, NULL, &err);
  if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
  jailer_plan_free(plan);
  close(ends[1]);
  *from = ends[0];
  return code;
}

/* Launches, reads what it prints, and waits for its end. */
static jailer_code run(const jailer_config *config) {
  int from = -1;
  size_t size = 0;
  jailer_code code = start(config, &from);
  for (ssize_t n; from >= 0 && size < sizeof out - 1 && (n = read(from, out + size, sizeof out - 1 - size)) > 0;) size += (size_t)n;
  out[size] = 0;
  close(from);
  return code ? code : jailer_wait(&proc, 20000, &status, &err);
}

static bool ended_with(int exit_code) { return status.exited && status.exit_code == exit_code; }

/* The next line of `out`. */
static const char *next_line(char **at) {
  char *line = *at;
  const size_t n = strcspn(line, "\n");
  *at = line[n] ? line + n + 1 : line + n;
  line[n] = 0;
  return line;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

static int give_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return lchown(path, target_id, target_id);
}

static void die(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

/* A file below `top`, new. */
static const char *file(const char *name, const char *text, unsigned mode) {
  const char *path = row_in(top, name);
  unlink(path);
  if (!row_file(path, text, strlen(text), mode)) die(path);
  return path;
}

/* --- the shortest ------------------------------------------------------------------------------------------------- */

static void hosts(void) {
  jailer_host host;
  LAUNCH_OK(jailer_probe(&host, &err) == JAILER_OK && host.seatbelt, "the probe finds " JAILER_SANDBOX_EXEC);
}

static void *killer(void *arg) {
  usleep(200000);
  jailer_kill(&proc, SIGTERM, NULL);
  return arg;
}

static void ends(void) {
  const char *simple[] = {"/usr/bin/true", NULL}, *code7[] = {self, "try", "exit", "7", "", NULL},
             *killed[] = {self, "try", "raise", "9", "", NULL}, *sleeps[] = {self, "try", "session", "", "", "sleep", "", "", NULL};
  jailer_config config = strict(simple);
  pthread_t other;
  int from = -1;
  jailer_code code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(0), "/usr/bin/true runs and ends with 0");
  config.argv = code7;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(7), "an exit code arrives");
  config.argv = killed;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && !status.exited && status.signal == SIGKILL, "and the signal that ended it");
  config.argv = sleeps;
  code = start(&config, &from);
  if (code == JAILER_OK) code = jailer_wait(&proc, 100, &status, &err);
  LAUNCH_OK(code == JAILER_E_TIMEOUT && proc.pid > 0, "a wait that is too short is E_TIMEOUT");
  if (proc.pid && pthread_create(&other, NULL, killer, NULL) == 0) {
    code = jailer_wait(&proc, 20000, &status, &err);
    pthread_join(other, NULL);
  }
  LAUNCH_OK(code == JAILER_OK && !status.exited && status.signal == SIGTERM && !proc.pid, "one thread waits, another kills");
  close(from);
  config.argv = code7;
  config.outlive_launcher = false;
  code = run(&config);
  LAUNCH_OK(code == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_DEATH, "that it ends with its launcher is not to be had");
}

static void reports(void) {
  const char *sleeps[] = {self, "try", "session", "", "", "sleep", "", "", NULL};
  jailer_config config = strict(sleeps);
  static jailer_report report;
  int from = -1;
  jailer_code code = start(&config, &from);
  if (code == JAILER_OK) code = jailer_report_read(&proc, &report, &err);
  LAUNCH_OK(code == JAILER_OK && report.layer[JAILER_LAYER_SEATBELT].state == JAILER_APPLIED &&
                report.layer[JAILER_LAYER_SEATBELT].verified && report.layer[JAILER_LAYER_SESSION].verified &&
                report.layer[JAILER_LAYER_DEATH].state == JAILER_NOT_REQUESTED,
            "the report: the kernel confirms the sandbox and the session");
  if (proc.pid) jailer_kill(&proc, SIGKILL, NULL), jailer_wait(&proc, 20000, NULL, NULL);
  close(from);
}

/* --- grants ------------------------------------------------------------------------------------------------------- */

enum { WORDS = 3 * ROW_MAX + 3 };

/* One launch that tries all of them, and a row for each. what: NULL: without walls, where all is done, in one row. */
static void try_rows(const char *what, jailer_config *config, const row *rows, size_t count) {
  static const char *argv[WORDS];
  size_t n = 0, undone = 0;
  char *at = out;
  argv[n++] = self;
  argv[n++] = "try";
  for (size_t i = 0; i < count; i++) {
    argv[n++] = rows[i].op;
    argv[n++] = rows[i].a;
    argv[n++] = rows[i].b;
  }
  argv[n] = NULL;
  config->argv = argv;
  const jailer_code code = run(config);
  const bool good = code == JAILER_OK && ended_with(0);
  LAUNCH_OK(good, what ? what : "the probe without walls");
  for (size_t i = 0; good && i < count; i++) {
    const char *line = next_line(&at), *name = rows[i].a + (strncmp(rows[i].a, top, strlen(top)) ? 0 : strlen(top));
    const bool done = !strcmp(line, "ok"), refused = !strcmp(line, "EPERM") || !strcmp(line, "EACCES");
    if (what && WALL)
      undone += !OK(rows[i].allowed ? done : refused, "%s: %s %s is %s: %s", what, rows[i].op, name, rows[i].allowed ? "allowed" : "refused", line);
    else if (!done && ++undone)
      printf("# %s %s: %s\n", rows[i].op, name, line);
  }
  if (!what || !WALL) OK(good && !undone, "%s: each of %zu operations can be done", what ? what : "without walls", count);
  if (undone && what) diagnose(what);
}

/* The files anew, and the grants of them. */
static void fresh(const char *dir, int *listening, bool again) {
  for (size_t i = 0; again && i < sizeof row_places / sizeof row_places[0]; i++) close(listening[i]);
  nftw(dir, remove_one, 16, FTW_PHYS | FTW_DEPTH);
  if (mkdir(dir, 0755) || !row_tree(dir, program, program_size, listening)) die(dir);
  if (target_id && nftw(dir, give_one, 16, FTW_PHYS)) die("chown");
}

static void grants(void) {
  static row rows[ROW_MAX];
  static char paths[16][ROW_PATH];
  int listening[sizeof row_places / sizeof row_places[0]];
  jailer_grant list[16];
  char dir[ROW_PATH];
  snprintf(dir, sizeof dir, "%s/t", top);
  const size_t count = row_list(dir, false, rows);
  jailer_config config = strict(NULL);
  fresh(dir, listening, false);
  config.engine = JAILER_ENGINE_NONE;
  try_rows(NULL, &config, rows, count);
  fresh(dir, listening, true);
  config.engine = JAILER_ENGINE_AUTO;
  config.grant_count = row_grants(dir, list, paths);
  config.grants = list;
  try_rows("grants", &config, rows, count);
  for (size_t i = 0; i < sizeof listening / sizeof listening[0]; i++) close(listening[i]);
}

/* A name that a profile has to quote, and one that is not ASCII. */
static void odd_names(void) {
  static const char *const names[] = {"a b\"c\\d(e);f", "caf\xc3\xa9"};
  for (size_t i = 0; i < 2; i++) {
    row rows[2] = {{"read", "", "", true, {{NULL, 0}}}, {"write", "", "", false, {{NULL, 0}}}};
    jailer_grant grant;
    jailer_config config = strict(NULL);
    memset(&grant, 0, sizeof grant);
    snprintf(rows[0].a, ROW_PATH, "%s", file(names[i], "text\n", 0644));
    snprintf(rows[1].a, ROW_PATH, "%s", rows[0].a);
    if (target_id && lchown(rows[0].a, target_id, target_id)) die("chown");
    grant.path = rows[0].a;
    config.grants = &grant;
    config.grant_count = 1;
    try_rows(names[i], &config, rows, 2);
  }
}

/* --- what is about no file ---------------------------------------------------------------------------------------- */

static int local_socket(int type, char *port, size_t size) {
  struct sockaddr_in at;
  socklen_t length = sizeof at;
  memset(&at, 0, sizeof at);
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int fd = socket(AF_INET, type, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) || (type == SOCK_STREAM && listen(fd, 8)) ||
      getsockname(fd, (struct sockaddr *)&at, &length))
    die("a socket of 127.0.0.1");
  snprintf(port, size, "%d", ntohs(at.sin_port));
  return fd;
}

static void others(void) {
  static const char *const basics[] = {"thread", "time", "cwd"};
  static row rows[ROW_MAX];
  char tcp[16], udp[16];
  const int stream = local_socket(SOCK_STREAM, tcp, sizeof tcp), datagram = local_socket(SOCK_DGRAM, udp, sizeof udp);
  for (int network = -1; network < 2; network++) { /* -1: without walls */
    size_t n = 0;
    jailer_config config = strict(NULL);
    config.engine = network < 0 ? JAILER_ENGINE_NONE : JAILER_ENGINE_AUTO;
    config.allow_network = network > 0;
    for (size_t i = 0; i < ROW_COUNT_FREE; i++) {
      const bool of_launcher = !strcmp(row_free[i].op, "signal_launcher") || !strcmp(row_free[i].op, "procargs");
      if (target_id && of_launcher) continue; /* root's: another user cannot anyway */
      rows[n].op = row_free[i].op;
      snprintf(rows[n].a, ROW_PATH, "%s", !strcmp(row_free[i].op, "udp") ? udp : tcp);
      if (of_launcher) snprintf(rows[n].a, ROW_PATH, "%d", (int)getpid());
      rows[n++].allowed = network > 0 ? row_free[i].network : row_free[i].allowed;
    }
    for (size_t i = 0; i < sizeof basics / sizeof basics[0]; i++) {
      rows[n].op = basics[i];
      rows[n].a[0] = 0;
      rows[n++].allowed = true;
    }
    try_rows(network < 0 ? NULL : network ? "with network" : "without network", &config, rows, n);
  }
  close(stream);
  close(datagram);
}

/* --- what a launch hands on --------------------------------------------------------------------------------------- */

static void handed_on(void) {
  const char *argv[] = {self, "try", "fds", "", "", "env", "", "", "session", "", "", NULL};
  const char *env[] = {"A=b", NULL}, *dyld[] = {"DYLD_INSERT_LIBRARIES=/tmp/x.dylib", NULL};
  const int extra = open("/dev/null", O_RDONLY), loose = dup2(extra, 77);
  const jailer_fd fd = {extra, true, 9};
  jailer_config config = strict(argv);
  config.env = env;
  config.fds = &fd;
  config.fd_count = 1;
  const jailer_code code = run(&config);
  char *at = out, copy[512];
  const char *fds = next_line(&at);
  const char *variables = next_line(&at), *session = next_line(&at);
  snprintf(copy, sizeof copy, "descriptors %.100s; environment %.300s", fds, variables);
  LAUNCH_OK(code == JAILER_OK && !strcmp(fds, "0 1 2 9 "), "the descriptors that were named, and no others");
  LAUNCH_OK(code == JAILER_OK && strstr(variables, "A=b ") && strstr(variables, "PATH=") &&
                strlen(variables) == strlen("A=b ") + strcspn(strstr(variables, "PATH="), " ") + 1,
            "the environment is what was given, and PATH");
  LAUNCH_OK(code == JAILER_OK && !strcmp(session, "own"), "a session of its own");
  if (WALL || code) printf("# %s\n", copy);
  config.env = dyld;
  const jailer_code refused = run(&config);
  LAUNCH_OK(refused == JAILER_E_INVALID, "DYLD_INSERT_LIBRARIES is refused");
  close(extra);
  close(loose);
}

/* --- programs ----------------------------------------------------------------------------------------------------- */

static void programs(void) {
  const char *script = file("script", "#!/bin/sh\nx=$(echo in a child)\ncd / && echo \"$x\" \"$1\" | cat\nexit 3\n", 0755);
  const char *of_script[] = {script, "of a script", NULL}, *cat[] = {"/bin/cat", "/etc/passwd", NULL},
             *bare[] = {"env", "echo", "found", NULL}, *missing[] = {"/no/such/program", NULL},
             *plain[] = {file("plain", "text\n", 0644), NULL};
  jailer_config config = strict(of_script);
  jailer_code code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(3) && !strcmp(out, "in a child of a script\n"), "a script, its interpreter and its children");
  config.argv = cat;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(0) && strstr(out, "root:"), "/bin/cat /etc/passwd");
  config.argv = bare;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(0) && !strcmp(out, "found\n"), "a program by its name in PATH, which executes another");
  config.argv = missing;
  code = run(&config);
  LAUNCH_OK(code == JAILER_E_EXEC && !proc.pid, "a program that is not there is E_EXEC");
  config.argv = plain;
  code = run(&config);
  LAUNCH_OK((code == JAILER_E_EXEC || code == JAILER_E_DENIED) && !proc.pid, "a file that is no program is refused");
}

static void own_profiles(void) {
  char good[512];
  row rows[2] = {{"read", "", "", true, {{NULL, 0}}}, {"read", "", "", false, {{NULL, 0}}}};
  jailer_config config = strict(NULL);
  snprintf(rows[0].a, ROW_PATH, "%s", file("seen", "text\n", 0644));
  snprintf(rows[1].a, ROW_PATH, "%s", file("hidden", "text\n", 0644));
  snprintf(good, sizeof good, "(version 1)\n(allow default)\n(deny file-read* (literal \"%s\"))\n", rows[1].a);
  config.seatbelt_profile = file("good.sb", good, 0644);
  try_rows("a profile of the caller's own", &config, rows, 2);

#ifdef __APPLE__
  const char *nested[] = {self, "try", "launch", "", "", NULL};
  config.argv = nested;
  const jailer_code inside = run(&config);
  LAUNCH_OK(inside == JAILER_OK && !strcmp(out, "ENOTSUP\n"), "a launcher in a sandbox cannot launch: E_UNSUPPORTED");
#endif

  const char *argv[] = {self, "try", NULL};
  config.argv = argv;
  config.seatbelt_profile = file("bad.sb", "(version 1)\n(deny default", 0644);
  const jailer_code code = run(&config);
  LAUNCH_OK(code == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_SEATBELT && !strcmp(err.item, "65"),
            "a profile that is none: E_UNSUPPORTED, and exit code 65");
}

/* --- a box -------------------------------------------------------------------------------------------------------- */

static const char *text_of(const jailer_layout *layout, jailer_entry entry) {
  static char text[512];
  char path[JAILER_PATH_MAX];
  const int fd = jailer_layout_path(layout, entry, path, sizeof path, NULL) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
  const ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[n > 0 ? n : 0] = 0;
  return text;
}

static void inside_box(jailer_config *config) {
  static const struct {
    jailer_entry entry;
    const char *op, *name;
    bool allowed;
  } tried[] = {{JAILER_ENTRY_SHARED, "create", "/new", true},   {JAILER_ENTRY_SOCKETS, "bind", "/s", true},
               {JAILER_ENTRY_TMP, "mkdir", "/made", true},      {JAILER_ENTRY_LOGS, "create", "/log", true},
               {JAILER_ENTRY_BIN, "list", "", true},            {JAILER_ENTRY_EXIT, "write", "", true}};
  static const struct {
    jailer_entry entry;
    const char *op, *name;
  } fenced[] = {{JAILER_ENTRY_BIN, "create", "/new"}, {JAILER_ENTRY_BOX, "list", ""},    {JAILER_ENTRY_PID, "read", ""},
                {JAILER_ENTRY_LOCK, "write", ""},     {JAILER_ENTRY_COPIES, "read", ""}, {JAILER_ENTRY_HOME, "list", ""}};
  static row rows[ROW_MAX];
  size_t n = 0;
  char path[JAILER_PATH_MAX];
  for (size_t i = 0; i < sizeof tried / sizeof tried[0]; i++) {
    jailer_layout_path(config->layout, tried[i].entry, path, sizeof path, NULL);
    rows[n].op = tried[i].op;
    snprintf(rows[n].a, ROW_PATH, "%.200s%s", path, tried[i].name);
    rows[n++].allowed = true;
  }
  for (size_t i = 0; WALL && i < sizeof fenced / sizeof fenced[0]; i++) {
    jailer_layout_path(config->layout, fenced[i].entry, path, sizeof path, NULL);
    rows[n].op = fenced[i].op;
    snprintf(rows[n].a, ROW_PATH, "%.200s%s", path, fenced[i].name);
    rows[n++].allowed = false;
  }
  rows[n].op = "tmpdir";
  rows[n++].allowed = true;
  rows[n].op = "complain";
  rows[n++].allowed = true;
  try_rows("a box", config, rows, n);
  OK(!strcmp(text_of(config->layout, JAILER_ENTRY_STDERR), "complaint\n"), "shim.stderr has what it wrote to its standard error");
}

static void boxes(void) {
  jailer_layout layout;
  char home[160], exit_path[JAILER_PATH_MAX], pid[32], told[64] = "";
  size_t length = 0;
  int from = -1;
  snprintf(home, sizeof home, "%s/home", top);
  LAUNCH_OK(jailer_layout_init(&layout, home, "demo", &err) == JAILER_OK && jailer_layout_prepare(&layout, 0, 0, &err) == JAILER_OK,
            "a box is made");
  jailer_layout_path(&layout, JAILER_ENTRY_EXIT, exit_path, sizeof exit_path, NULL);
  const char *tells[] = {"shim", "try", "append", exit_path, "told\n", "exit", "5", "", NULL},
             *sleeps[] = {"shim", "try", "session", "", "", "sleep", "", "", NULL};
  jailer_config config = strict(tells);
  config.layout = &layout;
  config.shim = self;
  config.uid = config.gid = 0;
  inside_box(&config);
  config.argv = tells;
  jailer_code code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(5), "it is launched again");
  LAUNCH_OK(jailer_box_exit(&layout, told, sizeof told - 1, &length, &err) == JAILER_OK && !strcmp(told, "told\n"), "what it told in `exit` is read");
  config.argv = sleeps;
  code = start(&config, &from);
  snprintf(pid, sizeof pid, "%d", (int)proc.pid);
  LAUNCH_OK(code == JAILER_OK && proc.pid > 0 && atoi(text_of(&layout, JAILER_ENTRY_PID)) == proc.pid, "while it runs its pid file says so");
  jailer_proc second;
  LAUNCH_OK(jailer_launch(&config, &second, &err) == JAILER_E_BUSY, "a second launch meanwhile is E_BUSY");
  LAUNCH_OK(jailer_layout_remove(&layout, &err) == JAILER_E_BUSY, "and it cannot be removed");
  if (code == JAILER_OK) code = jailer_kill(&proc, SIGTERM, &err);
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
  close(from);
  LAUNCH_OK(code == JAILER_OK && status.signal == SIGTERM && !*text_of(&layout, JAILER_ENTRY_PID), "it is ended, and the pid file is gone");
  LAUNCH_OK(jailer_layout_remove(&layout, &err) == JAILER_OK && jailer_layout_remove(&layout, &err) == JAILER_E_NOT_FOUND, "it is removed");
}

/* --- */

/* The test's directory, and in it the program that is launched: the user of a target that root launches may see no
   other. */
static void begin(const char *name) {
  char made[] = "/tmp/jm.XXXXXX", real[PATH_MAX];
  struct stat st;
  const int fd = open(name, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || fstat(fd, &st)) die(name);
  program_size = (size_t)st.st_size;
  program = malloc(program_size);
  if (!program || read(fd, program, program_size) != (ssize_t)program_size) die(name);
  close(fd);
  if (!mkdtemp(made) || !realpath(made, real) || chmod(real, 0755)) die(made);
  snprintf(top, sizeof top, "%.100s", real);
  snprintf(self, sizeof self, "%s/probe", top);
  if (!row_file(self, program, program_size, 0755)) die(self);
  if (geteuid() == 0) target_id = 71234;
}

int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "try")) return probe(argc, argv);
  umask(022);
  alarm(240); /* a program that hangs fails */
  begin(argv[0]);
#ifndef __APPLE__
  dw_begin(top);
#endif
  hosts();
  ends();
  reports();
  grants();
  odd_names();
  others();
  handed_on();
  programs();
  own_profiles();
  boxes();
  nftw(top, remove_one, 16, FTW_PHYS | FTW_DEPTH);
  OK(access(top, F_OK) == -1, "the test leaves nothing");
  free(program);
  return tap_done();
}
#endif
