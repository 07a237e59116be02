/* inside.h: what test_jail and test_hostile share: launching the probe through the public API and reading its rows.
 * The program includes jailer.h with JAILER_IMPLEMENTATION and tap.h before this. */
#ifndef INSIDE_H
#define INSIDE_H
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { INSIDE_ARGS = 160, INSIDE_TEXT = 1 << 18 };

/* The files of one test program, and who its jailed processes are on the host. */
static char inside_probe[PATH_MAX], inside_dir[PATH_MAX];
static uint32_t inside_uid, inside_gid;

/* One run: how the launch went, how the probe ended, what it printed. */
typedef struct inside_run {
  jailer_code code;
  jailer_error err;
  jailer_status status;
  uint32_t uid; /* on the host */
  char text[INSIDE_TEXT];
} inside_run;

static inside_run inside_last; /* every helper below fills this one */

__attribute__((noreturn)) static void inside_die(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

/* A path below the test's directory; a ring of buffers, so a row may use several. */
__attribute__((format(printf, 1, 2), unused)) static const char *in_dir(const char *format, ...) {
  static char ring[16][PATH_MAX];
  static unsigned next;
  char *text = ring[next++ % 16];
  int n = snprintf(text, PATH_MAX, "%s/", inside_dir);
  va_list list;
  va_start(list, format);
  vsnprintf(text + n, (size_t)(PATH_MAX - n), format, list);
  va_end(list);
  return text;
}

__attribute__((format(printf, 1, 2), unused)) static const char *text_of(const char *format, ...) {
  static char ring[32][PATH_MAX + 256];
  static unsigned next;
  char *text = ring[next++ % 32];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof ring[0], format, list);
  va_end(list);
  return text;
}

static int inside_remove(const char *path, const struct stat *st, int type, struct FTW *where) {
  (void)st;
  (void)type;
  (void)where;
  remove(path);
  return 0;
}

static void inside_clean(void) { nftw(inside_dir, inside_remove, 32, FTW_DEPTH | FTW_PHYS); }

/* A directory or file that the jailed process owns, when the launcher may give it away. */
static const char *inside_give(const char *path) {
  if (geteuid() == 0 && lchown(path, inside_uid, inside_gid) < 0) inside_die(path);
  return path;
}

__attribute__((unused)) static const char *make_dir(const char *name) {
  const char *path = in_dir("%s", name);
  if (mkdir(path, 0755) < 0 && errno != EEXIST) inside_die(path);
  return inside_give(path);
}

static const char *make_file(const char *name, const char *text) {
  const char *path = in_dir("%s", name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) < 0) inside_die(path);
  return inside_give(path);
}

/* A copy of the probe at a path of its own, mode 0755. */
__attribute__((unused)) static const char *make_program(const char *name) {
  const char *path = make_file(name, "");
  char data[65536];
  ssize_t n;
  int in = open(inside_probe, O_RDONLY | O_CLOEXEC), out = open(path, O_WRONLY | O_CLOEXEC);
  while ((n = read(in, data, sizeof data)) > 0)
    if (write(out, data, (size_t)n) != n) inside_die(path);
  if (n < 0 || fchmod(out, 0755) < 0) inside_die(path);
  close(in);
  close(out);
  return path;
}

static void inside_start(const char *name) {
  const char *build = getenv("JAILER_BUILD"), *tmp = getenv("TMPDIR");
  char path[PATH_MAX], made[PATH_MAX];
  snprintf(path, sizeof path, "%s/probe_inside", build && *build ? build : "build");
  if (!realpath(path, inside_probe)) inside_die(path);
  snprintf(made, sizeof made, "%s/%s.XXXXXX", tmp && *tmp ? tmp : "/tmp", name);
  if (!mkdtemp(made) || !realpath(made, inside_dir) || chmod(inside_dir, 0755) < 0) inside_die(made);
  inside_uid = geteuid() ? geteuid() : 0x60000000u + (uint32_t)getpid();
  inside_gid = geteuid() ? getegid() : inside_uid;
  signal(SIGPIPE, SIG_IGN);
  atexit(inside_clean);
}

/* What follows the next `c`, or NULL. */
static const char *after(const char *text, char c) {
  text = strchr(text, c);
  return text ? text + 1 : NULL;
}

/* The last line that starts with `name ` as its value, or "" . */
static const char *value_of(const char *name) {
  static char ring[8][8192];
  static unsigned next;
  char *value = ring[next++ % 8];
  size_t n = strlen(name);
  value[0] = 0;
  for (const char *line = inside_last.text; line && *line; line = after(line, '\n')) {
    if (strncmp(line, name, n) != 0 || line[n] != ' ') continue;
    size_t length = strcspn(line + n + 1, "\n");
    if (length >= sizeof ring[0]) length = sizeof ring[0] - 1;
    memcpy(value, line + n + 1, length);
    value[length] = 0;
  }
  return value;
}

__attribute__((unused)) static long long number_of(const char *name) {
  const char *value = value_of(name);
  return *value ? strtoll(value, NULL, 10) : -99999;
}

/* Reads a probe's output to its end, bounded in time. */
static void inside_read(int fd) {
  size_t used = 0;
  for (;;) {
    struct pollfd ready = {fd, POLLIN, 0};
    if (poll(&ready, 1, 20000) <= 0) break;
    ssize_t n = read(fd, inside_last.text + used, sizeof inside_last.text - 1 - used);
    if (n <= 0) break;
    used += (size_t)n;
    if (used >= sizeof inside_last.text - 1) break;
  }
  inside_last.text[used] = 0;
}

/* The probe's arguments: `do` and what follows, or any other list that ends with NULL. */
static void inside_arguments(const char *argv[INSIDE_ARGS], const char *program, const char *first, va_list list) {
  size_t n = 0;
  argv[n++] = program;
  for (const char *arg = first; arg && n < INSIDE_ARGS - 1; arg = va_arg(list, const char *)) argv[n++] = arg;
  argv[n] = NULL;
}

/* The one jail of these tests: the caller's configuration with the probe granted at /probe and run from there, the ids of
   this test, and a pipe as descriptor 1 that is read to its end. */
static jailer_code inside_launch(const jailer_config *given, const char *const *argv) {
  jailer_config config = *given;
  jailer_fd fds[16];
  jailer_grant grants[16];
  jailer_proc proc;
  int ends[2];
  memset(&inside_last, 0, sizeof inside_last);
  if (pipe2(ends, O_CLOEXEC) < 0) inside_die("pipe2");
  for (int i = 0; i < 2; i++) { /* never one of 0 to 2: a test may have closed those */
    int above = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
    close(ends[i]);
    ends[i] = above;
  }
  config.argv = argv;
  config.uid = given->uid || geteuid() ? given->uid : inside_uid;
  config.gid = given->gid || geteuid() ? given->gid : inside_gid;
  for (size_t i = 0; i < given->grant_count; i++) grants[i] = given->grants[i];
  grants[given->grant_count] = (jailer_grant){inside_probe, "/probe", JAILER_EXEC, false};
  config.grants = grants;
  config.grant_count = given->grant_count + 1;
  for (size_t i = 0; i < given->fd_count; i++) fds[i] = given->fds[i];
  fds[given->fd_count] = (jailer_fd){ends[1], true, 1};
  config.fds = fds;
  config.fd_count = given->fd_count + 1;
  inside_last.code = jailer_launch(&config, &proc, &inside_last.err);
  close(ends[1]);
  if (inside_last.code == JAILER_OK) {
    inside_last.uid = proc.uid;
    inside_read(ends[0]);
    jailer_code code = jailer_wait(&proc, 20000, &inside_last.status, &inside_last.err);
    if (code == JAILER_E_TIMEOUT) {
      jailer_kill(&proc, SIGKILL, NULL);
      jailer_wait(&proc, -1, &inside_last.status, NULL);
    }
    if (code) inside_last.code = code;
  }
  close(ends[0]);
  return inside_last.code;
}

static jailer_code run_inside(const jailer_config *config, const char *first, ...) {
  const char *argv[INSIDE_ARGS];
  va_list list;
  va_start(list, first);
  inside_arguments(argv, "/probe", first, list);
  va_end(list);
  return inside_launch(config, argv);
}

/* The same probe without a jail, as the same user: what would happen if nothing stopped it. `spare`: in namespaces that
   are thrown away afterwards, with every capability over them, for what would otherwise change the machine. */
static void inside_control(bool spare, const char *const *argv) {
  int ends[2], status = 0;
  memset(&inside_last, 0, sizeof inside_last);
  if (pipe2(ends, O_CLOEXEC) < 0) inside_die("pipe2");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    uid_t uid = geteuid();
    gid_t gid = getegid();
    char map[64];
    int flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP;
    dup2(ends[1], 1);
    if (spare) {
      if (unshare(flags | (uid ? CLONE_NEWUSER : 0)) < 0) _exit(90);
      for (int i = 0; uid && i < 3; i++) {
        static const char *const files[] = {"/proc/self/setgroups", "/proc/self/uid_map", "/proc/self/gid_map"};
        int n = i == 0 ? snprintf(map, sizeof map, "deny") : snprintf(map, sizeof map, "0 %u 1", i == 1 ? uid : gid);
        int fd = open(files[i], O_WRONLY | O_CLOEXEC);
        if (fd < 0 || write(fd, map, (size_t)n) != n) _exit(91);
        close(fd);
      }
      if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) _exit(92);
      pid_t inner = fork(); /* the first process of the new pid namespace */
      if (inner > 0) {
        waitpid(inner, &status, 0);
        _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 93);
      }
      mount("proc", "/proc", "proc", 0, NULL);
    }
    union {
      const char *const *in;
      char *const *out;
    } arguments;
    arguments.in = argv;
    execv(argv[0], arguments.out);
    _exit(94);
  }
  close(ends[1]);
  inside_read(ends[0]);
  close(ends[0]);
  waitpid(pid, &status, 0);
  inside_last.status.exited = WIFEXITED(status);
  inside_last.status.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((unused)) static void run_outside(const char *first, ...) {
  const char *argv[INSIDE_ARGS];
  va_list list;
  va_start(list, first);
  inside_arguments(argv, inside_probe, first, list);
  va_end(list);
  inside_control(false, argv);
}

/* OK rows over the last run. */
#define ROW_IS(name, expected) \
  OK(strcmp(value_of(name), expected) == 0, "%s is %s (%s)", name, expected, value_of(name))
#define ROW_IS_NOT(name, refused) \
  OK(*value_of(name) && strcmp(value_of(name), refused) != 0, "%s is not %s (%s)", name, refused, value_of(name))

/* Whether the last launch worked; says why not. */
static int inside_ok(const char *file, int line, const char *what) {
  char text[1200] = "";
  bool good = inside_last.code == JAILER_OK && inside_last.status.exited && inside_last.status.exit_code == 0;
  if (inside_last.code) jailer_error_text(&inside_last.err, text, sizeof text);
  tap_row(good, file, line, "%s: the probe runs", what);
  if (!good)
    printf("# %s exited %d code %d signal %d\n", text, inside_last.status.exited, inside_last.status.exit_code,
           inside_last.status.signal);
  return good;
}
#define RAN(what) inside_ok(__FILE__, __LINE__, what)

/* A launch that must be refused, with one of two codes. */
#define REFUSED(config, first, second, what) \
  do { \
    jailer_code refused_code = run_inside(config, "exit", "0", NULL); \
    OK(refused_code == (first) || refused_code == (second), "refused: %s (%s %s)", what, \
       jailer_code_name(refused_code), inside_last.err.item); \
  } while (0)
#endif
