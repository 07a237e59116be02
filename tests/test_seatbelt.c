/* test_seatbelt.c: the engine for macOS, all of it by the public calls, in the emulation of darwin/darwin.h (which
 * says what that proves and what it does not). What the target was given is told by the target itself
 * (probe_seatbelt) and by the emulated sandbox-exec before it; what is left behind, by the kernel. At the end every
 * call and every allocation of a launch fails once. */
#define _GNU_SOURCE
#include "darwin/darwin.h"

static long blocks;                  /* in use now */
static long allocations, refused_at; /* asked for so far; the one that is refused, 0: none */

static void *count_malloc(size_t size) {
  void *p = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) == refused_at ? NULL : malloc(size);
  if (p) __atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
  return p;
}

static void *count_realloc(void *old, size_t size) {
  void *p = __atomic_add_fetch(&allocations, 1, __ATOMIC_RELAXED) == refused_at ? NULL : realloc(old, size);
  if (p && !old) __atomic_add_fetch(&blocks, 1, __ATOMIC_RELAXED);
  return p;
}

static void count_free(void *p) {
  if (p) __atomic_sub_fetch(&blocks, 1, __ATOMIC_RELAXED);
  free(p);
}

#define JAILER_MALLOC(size) count_malloc(size)
#define JAILER_REALLOC(p, size) count_realloc(p, size)
#define JAILER_FREE(p) count_free(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "darwin/plain.h"
#include "tap.h"
#include "box.h"
#include <ftw.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/un.h>
#include <netinet/in.h>

static char probe[PATH_MAX]; /* probe_seatbelt */
static bool root;            /* this is run by root */

/* --- what a launch leaves behind --- */

static struct {
  int fds;
  sigset_t mask;
} clean_state;

static int open_fds(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  for (struct dirent *e; d && (e = readdir(d));) n += e->d_name[0] != '.' && atoi(e->d_name) != dirfd(d);
  if (d) closedir(d);
  return n;
}

static void clean_begin(void) {
  clean_state.fds = open_fds();
  sigprocmask(SIG_SETMASK, NULL, &clean_state.mask);
}

/* What is there that was not there before; NULL: nothing. */
static const char *unclean(void) {
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  if (blocks) return "memory";
  if (dw->objects) return "objects of posix_spawn";
  if (open_fds() != clean_state.fds)
    return open_fds() > clean_state.fds ? "descriptors" : "descriptors that are missing";
  if (waitpid(-1, NULL, WNOHANG) != -1) return "children";
  for (int s = 1; s < NSIG; s++)
    if (sigismember(&mask, s) != sigismember(&clean_state.mask, s)) return "blocked signals";
  return NULL;
}

#define CLEAN(what) clean_row(what, __LINE__)
static void clean_row(const char *what, int line) {
  const char *why = unclean();
  tap_row(!why, __FILE__, line, "%s: nothing is left%s%s", what, why ? " but " : "", why ? why : "");
}

/* --- launches --- */

static char *in(const char *name) { /* a path in a directory that everybody can write */
  static char ring[32][JAILER_PATH_MAX];
  static unsigned next;
  char *to = ring[next++ % 32];
  snprintf(to, JAILER_PATH_MAX, "%.4000s/out/%s", box_top, name);
  return to;
}

static char *op(const char *name, const char *path) { /* of the probe */
  static char ring[32][JAILER_PATH_MAX + 16];
  static unsigned next;
  char *to = ring[next++ % 32];
  snprintf(to, sizeof ring[0], "%s:%s", name, path);
  return to;
}

/* A file's text, to be freed by nobody: a test is short. "" where there is none. */
static const char *slurp(const char *path) {
  static char ring[8][262144];
  static unsigned next;
  char *to = ring[next++ % 8];
  FILE *f = fopen(path, "re");
  to[f ? fread(to, 1, sizeof ring[0] - 1, f) : 0] = 0;
  if (f) fclose(f);
  return to;
}

/* What sandbox-exec left about a process. */
static const char *left(const char *what, pid_t pid) {
  char path[700];
  snprintf(path, sizeof path, "%s/%s.%d", dw->dir, what, (int)pid);
  return slurp(path);
}

/* How many lines of an account begin with this, and whether one is this. */
static int lines(const char *text, const char *start) {
  int n = 0;
  for (const char *at = text; at; at = (at = strchr(at, '\n')) ? at + 1 : NULL)
    n += strncmp(at, start, strlen(start)) == 0;
  return n;
}

__attribute__((format(printf, 2, 3))) static bool has(const char *text, const char *format, ...) {
  char line[8192];
  va_list list;
  va_start(list, format);
  vsnprintf(line, sizeof line - 1, format, list);
  va_end(list);
  strcat(line, "\n");
  for (const char *at = text; at; at = (at = strchr(at, '\n')) ? at + 1 : NULL)
    if (strncmp(at, line, strlen(line)) == 0) return true;
  return false;
}

/* The strictest launch that macOS has: nothing but what cannot be had there is left out. */
static jailer_config strict(const char *const *argv) {
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.outlive_launcher = true;
  return config;
}

static jailer_proc proc;
static jailer_status status;
static jailer_error err;

static const char *said(void) { /* the error, as a person would read it */
  static char text[1024];
  jailer_error_text(&err, text, sizeof text);
  return text;
}

static jailer_code launch(const jailer_config *config) {
  unlink(in("told"));
  unlink(in("ran"));
  memset(&err, 0, sizeof err);
  return jailer_launch(config, &proc, &err);
}

/* As OK, but what is tried comes before what is said of it. */
#define TRY(condition, ...) \
  do { \
    const bool good_ = (condition); \
    OK(good_, __VA_ARGS__); \
  } while (0)

/* Another process, which launches in its turn; and its status. */
static pid_t other_launcher(void) {
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) dw->launcher = getpid();
  return pid;
}

static int other_ended(pid_t pid) {
  int how = 1;
  if (waitpid(pid, &how, 0) != pid) how = 1;
  dw->launcher = getpid();
  return how;
}

/* Launches and waits for the end. */
static jailer_code run(const jailer_config *config) {
  jailer_code code = launch(config);
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
  return code;
}

static bool ended_with(int exit_code) { return status.exited && status.exit_code == exit_code; }

/* Waits until a file has this, ten seconds at most. */
static bool appears(const char *path, const char *text) {
  for (int i = 0; i < 10000; i++) {
    if (strstr(slurp(path), text)) return true;
    usleep(1000);
  }
  return false;
}

/* Whether a process runs: one that has ended and that nobody takes away does not. */
static bool runs(pid_t pid) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
  const char *text = slurp(path), *state = strrchr(text, ')');
  return state && state[1] && state[2] != 'Z' && state[2] != 'X';
}

/* --- the host --- */

static void hosts(void) {
  jailer_host host;
  OK(jailer_probe(&host, &err) == JAILER_OK && host.seatbelt, "the probe finds sandbox-exec");
  OK(host.kernel_major == 24 && host.kernel_minor == 5, "and Darwin %u.%u", host.kernel_major, host.kernel_minor);
  OK(host.uid == geteuid() && host.gid == getegid() && host.privileged == root && !host.nested, "and who asks");
  OK(!host.landlock_abi && !host.seccomp && !host.userns && !host.mntns && !host.pidns && !host.netns,
     "and nothing of Linux");
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  OK(host.nofile_hard == limit.rlim_max, "and the limit of descriptors");
  dw->absent = 1;
  OK(jailer_probe(&host, &err) == JAILER_OK && !host.seatbelt, "or that there is no sandbox-exec");
  const char *argv[] = {probe, op("ran", in("ran")), NULL};
  const jailer_config config = strict(argv);
  const jailer_code code = run(&config);
  TRY(code == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_SEATBELT && access(in("ran"), F_OK),
      "a launch is then unsupported: %s", said());
  dw->absent = 0;
  CLEAN("a host without sandbox-exec");
}

/* --- one launch, and all that the target was given --- */

static void everything(void) {
  const char *argv[] = {probe, op("tell", in("told")), "say:a\nb \"c\" \\", "exit:7", NULL};
  const char *env[] = {"A=b c", "EMPTY=", "Q=\"\\", NULL};
  char *profile = malloc(1 << 20);
  size_t length = 0;
  struct stat null;
  sigset_t all;
  jailer_plan *plan = NULL;
  jailer_config config = strict(argv);
  config.env = env;
  config.cwd = in("");
  config.stdio = JAILER_STDIO_NULL;
  umask(077);
  signal(SIGINT, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, NULL);
  unlink(in("told"));
  TRY(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan%s%s", plan ? "" : ": ", plan ? "" : said());
  OK(plan && jailer_sbpl_plan(plan, profile, 1 << 20, &length, &err) == JAILER_OK && strlen(profile) == length &&
         length > 100,
     "its profile has %zu bytes", length);
  jailer_code code = plan ? jailer_spawn(plan, &proc, &err) : JAILER_E_INVALID;
  const pid_t pid = proc.pid;
  sigset_t mask;
  sigprocmask(SIG_SETMASK, NULL, &mask);
  TRY(code == JAILER_OK && sigismember(&mask, SIGUSR2) == 1, "it is launched%s%s", code ? ": " : "",
      code ? said() : "");
  OK(proc.pid > 0 && proc.engine == JAILER_ENGINE_SEATBELT && proc.pidfd == -1, "by the engine that AUTO is here");
  code = code ? code : jailer_wait(&proc, 20000, &status, &err);
  TRY(code == JAILER_OK && ended_with(7) && proc.pid == 0, "and ends as it wants to%s%s", code ? ": " : "",
      code ? said() : "");
  jailer_plan_free(plan);
  sigprocmask(SIG_SETMASK, &clean_state.mask, NULL);
  signal(SIGINT, SIG_DFL);
  signal(SIGUSR1, SIG_DFL);
  umask(022);
  CLEAN("a launch");

  const char *told = slurp(in("told")), *before = left("told", pid);
  stat("/dev/null", &null);
  OK(!strcmp(left("profile", pid), profile), "sandbox-exec was given that profile, in each byte");
  OK(lines(before, "arg ") == 7 && has(before, "arg -p") && has(before, "arg %s", probe) &&
         lines(before, "arg sandbox-exec") == 1,
     "and the program by its path, with its arguments");
  OK(lines(told, "arg ") == 4 && has(told, "arg say:a%%0Ab \"c\" \\") && has(told, "arg exit:7"),
     "which arrive as they were");
  OK(lines(told, "env ") == 4 && has(told, "env A=b c") && has(told, "env EMPTY=") && has(told, "env Q=\"\\") &&
         lines(told, "env PATH=") == 1,
     "the environment is what was given, and PATH");
  OK(lines(before, "env ") == 4 && has(before, "env A=b c"), "of sandbox-exec too");
  OK(lines(told, "fd ") == 3 &&
         has(told, "fd 0 %llu:%llu 20000 2 0", (unsigned long long)null.st_dev, (unsigned long long)null.st_ino) &&
         has(told, "fd 2 %llu:%llu 20000 2 0", (unsigned long long)null.st_dev, (unsigned long long)null.st_ino),
     "descriptors: 0, 1 and 2, which are /dev/null, and no other");
  OK(lines(before, "fd ") == 3, "of sandbox-exec too");
  OK(has(told, "session %d group %d pid %d", pid, pid, pid) && has(told, "tty none"),
     "a session of its own, without a terminal");
  OK(has(told, "limit nofile 1024 1024") && has(told, "limit core 0 0") && has(told, "limit fsize -1 -1"),
     "the default limits");
  OK(has(told, "blocked 0") && has(told, "ignored 0"), "no signal blocked or ignored");
  OK(has(told, "umask 22"), "a mask of the files that it makes");
  char cwd[JAILER_PATH_MAX];
  OK(realpath(in(""), cwd) && has(told, "cwd %s", cwd), "the working directory");
  if (root) {
    unsigned uid = 0, gid = 0;
    const char *at = strstr(told, "uid ");
    OK(at && sscanf(at, "uid %u", &uid) == 1 && uid >= 0x10000 && (at = strstr(told, "gid ")) &&
           sscanf(at, "gid %u", &gid) == 1 && gid >= 0x10000 && has(told, "uid %u %u %u", uid, uid, uid) &&
           has(told, "gid %u %u %u", gid, gid, gid) && has(told, "groups %u", gid),
       "a user and a group that nobody else has: %u:%u", uid, gid);
  } else {
    OK(has(told, "uid %u %u %u", getuid(), getuid(), getuid()) &&
           has(told, "gid %u %u %u", getgid(), getgid(), getgid()),
       "the launcher's user and group");
  }
  free(profile);
}

static void reports(void) {
  static const jailer_layer applied[] = {JAILER_LAYER_SEATBELT, JAILER_LAYER_SESSION, JAILER_LAYER_FDS,
                                         JAILER_LAYER_ENV, JAILER_LAYER_RLIMITS};
  const char *argv[] = {probe, op("ran", in("ran")), "sleep", NULL};
  jailer_config config = strict(argv);
  static jailer_report report;
  char json[16384];
  OK(launch(&config) == JAILER_OK, "a target that stays");
  TRY(appears(in("ran"), "\n") && jailer_report_read(&proc, &report, &err) == JAILER_OK && report.pid == proc.pid &&
          report.engine == JAILER_ENGINE_SEATBELT,
      "its report: %s", said());
  for (size_t i = 0; i < sizeof applied / sizeof applied[0]; i++)
    OK(report.layer[applied[i]].state == JAILER_APPLIED, "%s is applied", jailer_layer_name(applied[i]));
  OK(report.layer[JAILER_LAYER_SEATBELT].verified && report.layer[JAILER_LAYER_SESSION].verified,
     "the kernel confirms the sandbox and the session");
  OK((report.layer[JAILER_LAYER_IDS].state == JAILER_APPLIED) == root &&
         report.layer[JAILER_LAYER_IDS].verified == root,
     root ? "and the ids" : "ids are not requested");
  bool linux_none = true;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++)
    if (i != JAILER_LAYER_IDS && i != JAILER_LAYER_SEATBELT && (i < JAILER_LAYER_SESSION || i > JAILER_LAYER_RLIMITS))
      linux_none = linux_none && report.layer[i].state == JAILER_NOT_REQUESTED;
  OK(linux_none && report.layer[JAILER_LAYER_DEATH].state == JAILER_NOT_REQUESTED, "nothing else is");
  OK(jailer_report_json(&report, json, sizeof json, NULL, &err) == JAILER_OK && strstr(json, "\"seatbelt\"") &&
         strstr(json, "\"verified\": true"),
     "as JSON");
  dw->unsandboxed = 1;
  TRY(jailer_report_read(&proc, &report, &err) == JAILER_E_READBACK && err.layer == JAILER_LAYER_SEATBELT,
      "a kernel that denies the sandbox is told: %s", said());
  dw->unsandboxed = 0;
  OK(jailer_kill(&proc, SIGKILL, &err) == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK &&
         !status.exited && status.signal == SIGKILL,
     "killed");
  CLEAN("a report");
}

/* --- descriptors --- */

typedef struct identity {
  unsigned long long dev, ino;
} identity;

static identity who(int fd) {
  struct stat st;
  memset(&st, 0, sizeof st);
  fstat(fd, &st);
  return (identity){st.st_dev, st.st_ino};
}

/* The inside of a launch with these: each number is what it should be, and there are `count` in all. */
static bool placed(const char *told, const jailer_fd *fds, const identity *ids, size_t n, int count) {
  bool good = lines(told, "fd ") == count && has(told, "end");
  char start[128];
  for (size_t i = 0; i < n; i++) {
    snprintf(start, sizeof start, "fd %d %llu:%llu ", fds[i].renumber ? fds[i].as : fds[i].fd, ids[i].dev, ids[i].ino);
    good = good && lines(told, start) == 1;
  }
  return good;
}

static void descriptors(void) {
  enum { FILES = 4, FIRST = 50 };
  int files[FILES];
  identity ids[FILES];
  char name[16];
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  jailer_config config = strict(argv);
  for (int i = 0; i < FILES; i++) {
    snprintf(name, sizeof name, "fd%d", i);
    const int fd = open(in(name), O_RDWR | O_CREAT | (i & 1 ? O_CLOEXEC : 0), 0600);
    files[i] = dup2(fd, FIRST + i);
    if (i & 1) fcntl(files[i], F_SETFD, FD_CLOEXEC);
    ids[i] = who(files[i]);
    close(fd);
  }
  /* every way to give four descriptors four of the numbers that they have: all permutations, cycles of every length */
  int bad = 0, tried = 0;
  for (int code = 0; code < 256; code++) {
    int to[FILES], seen = 0;
    jailer_fd fds[FILES];
    for (int i = 0; i < FILES; i++) to[i] = code >> (2 * i) & 3, seen |= 1 << to[i];
    if (seen != 15) continue;
    for (int i = 0; i < FILES; i++) fds[i] = (jailer_fd){files[i], to[i] != i || code & 64, FIRST + to[i]};
    config.fds = fds;
    config.fd_count = FILES;
    tried++;
    if (run(&config) || !placed(slurp(in("told")), fds, ids, FILES, 3 + FILES)) bad++;
  }
  OK(tried == 24 && bad == 0, "all %d permutations of four descriptors arrive, and no other: %d did not", tried, bad);

  const jailer_fd fds[] = {
      {files[0], true, 2}, {files[1], true, 0}, {files[2], true, 1}, {files[0], true, 200}, {files[3], false, 0}};
  const identity want[] = {ids[0], ids[1], ids[2], ids[0], ids[3]};
  config.fds = fds;
  config.fd_count = 5;
  jailer_code code = run(&config);
  TRY(code == JAILER_OK && placed(slurp(in("told")), fds, want, 5, 5), "0, 1, 2, one twice, one as it is%s%s",
      code ? ": " : "", code ? said() : "");
  config.stdio = JAILER_STDIO_NULL;
  config.fds = fds + 4;
  config.fd_count = 1;
  OK(run(&config) == JAILER_OK && placed(slurp(in("told")), fds + 4, want + 4, 1, 4), "beside a null stdio");
  config.stdio = JAILER_STDIO_INHERIT;

  const jailer_fd high[] = {{files[0], true, 1023}, {files[1], true, 1022}};
  config.fds = high;
  config.fd_count = 2;
  OK(run(&config) == JAILER_OK && placed(slurp(in("told")), high, ids, 2, 5), "the highest number that the limit has");
  const jailer_fd above[] = {{files[0], true, 1024}};
  config.fds = above;
  config.fd_count = 1;
  OK(run(&config) == JAILER_OK && placed(slurp(in("told")), above, ids, 1, 4),
     "one above it: the limit is for what comes later");
  const jailer_fd beyond[] = {{files[0], true, DW_OPEN_MAX}};
  config.fds = beyond;
  TRY(run(&config) == JAILER_E_LIMIT && err.layer == JAILER_LAYER_FDS && access(in("told"), F_OK),
      "one that macOS does not have: %s", said());
  const jailer_fd twice[] = {{files[0], true, 9}, {files[1], true, 9}};
  config.fds = twice;
  config.fd_count = 2;
  TRY(run(&config) == JAILER_E_INVALID || err.code == JAILER_E_CONFLICT, "one number for two: %s", said());
  const jailer_fd closed[] = {{999, false, 0}};
  config.fds = closed;
  config.fd_count = 1;
  TRY(run(&config) == JAILER_E_INVALID && access(in("told"), F_OK), "one that is closed: %s", said());
  for (int i = 0; i < FILES; i++) close(files[i]);
  CLEAN("descriptors");
}

/* A launcher without 0, 1 and 2, and what is kept on those numbers. */
static void closed_stdio(void) {
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  jailer_config config = strict(argv);
  bool good[4] = {false};
  struct stat null;
  stat("/dev/null", &null);
  const identity is_null = {null.st_dev, null.st_ino};
  const int saved[3] = {fcntl(0, F_DUPFD_CLOEXEC, 100), fcntl(1, F_DUPFD_CLOEXEC, 100), fcntl(2, F_DUPFD_CLOEXEC, 100)};
  const int fd = open(in("kept"), O_RDWR | O_CREAT | O_CLOEXEC, 0600), kept = fcntl(fd, F_DUPFD_CLOEXEC, 60);
  const identity is_kept = who(kept);
  const jailer_fd inside[] = {{0, false, 0}, {1, false, 0}, {2, false, 0}};
  const jailer_fd renumbered[] = {{kept, true, 0}, {1, false, 0}, {2, false, 0}};
  fflush(stdout);
  close(fd);
  close(0), close(1), close(2);
  const identity nulls[] = {is_null, is_null, is_null}, mixed[] = {is_kept, is_null, is_null};
  good[0] = run(&config) == JAILER_OK && placed(slurp(in("told")), inside, nulls, 3, 3);
  good[1] = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
  config.fds = renumbered;
  config.fd_count = 1;
  good[2] = run(&config) == JAILER_OK && placed(slurp(in("told")), renumbered, mixed, 3, 3);
  good[3] = fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) < 0 && fcntl(2, F_GETFD) < 0;
  for (int i = 0; i < 3; i++) dup2(saved[i], i), close(saved[i]);
  close(kept);
  OK(good[0], "closed 0, 1 and 2 are /dev/null inside");
  OK(good[1], "and stay closed in the launcher");
  OK(good[2], "one of them renumbered");
  OK(good[3], "likewise");
  CLEAN("closed standard descriptors");
}

/* A server's, a client's and a lonely end of a Unix or an IP socket. */
static int sock(int family, int type, bool listening) {
  const int fd = socket(family, type | SOCK_CLOEXEC, 0);
  struct sockaddr_un name = {AF_UNIX, ""};
  struct sockaddr_in loopback = {0};
  loopback.sin_family = AF_INET;
  loopback.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!listening) return fd;
  snprintf(name.sun_path, sizeof name.sun_path, "%.60s/s%d", box_top, fd);
  unlink(name.sun_path);
  if (family == AF_UNIX ? bind(fd, (struct sockaddr *)&name, sizeof name)
                        : bind(fd, (struct sockaddr *)&loopback, sizeof loopback))
    box_die("bind");
  listen(fd, 1);
  unlink(name.sun_path);
  return fd;
}

static void vetted(void) {
  int pipes[2], pair[2], datagrams[2];
  if (pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) || socketpair(AF_UNIX, SOCK_DGRAM, 0, datagrams))
    box_die("pipe");
  const struct {
    const char *what;
    int fd;
    bool safe, safe_with_network;
  } rows[] = {{"a file", open(probe, O_RDONLY), true, true},
              {"a pipe", pipes[0], true, true},
              {"/dev/null", open("/dev/null", O_RDWR), true, true},
              {"a connected stream", pair[0], true, true},
              {"a Unix socket that listens", sock(AF_UNIX, SOCK_STREAM, true), true, true},
              {"a Unix socket without a peer", sock(AF_UNIX, SOCK_STREAM, false), false, true},
              {"datagrams", datagrams[0], false, true},
              {"TCP", sock(AF_INET, SOCK_STREAM, true), false, true},
              {"UDP", sock(AF_INET, SOCK_DGRAM, false), false, true},
              {"a directory", open("/", O_RDONLY | O_DIRECTORY), false, false},
              {"a device that nobody knows", open("/dev/full", O_RDONLY), false, false}};
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  for (int network = 0; network < 2; network++)
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
      const jailer_fd fds[] = {{rows[i].fd, true, 5}};
      const identity ids[] = {who(rows[i].fd)};
      const bool safe = network ? rows[i].safe_with_network : rows[i].safe;
      jailer_config config = strict(argv);
      config.fds = fds;
      config.fd_count = 1;
      config.allow_network = network;
      const jailer_code code = run(&config);
      OK(safe ? code == JAILER_OK && placed(slurp(in("told")), fds, ids, 1, 4)
              : code == JAILER_E_UNSAFE && err.layer == JAILER_LAYER_FDS && access(in("told"), F_OK),
         "%s%s is %s", rows[i].what, network ? " with the network" : "", safe ? "kept" : "refused");
      config.allow_unsafe_fds = true;
      if (!safe)
        OK(run(&config) == JAILER_OK && placed(slurp(in("told")), fds, ids, 1, 4), "%s%s on request", rows[i].what,
           network ? " with the network" : "");
    }
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) close(rows[i].fd);
  close(pipes[1]), close(pair[1]), close(datagrams[1]);
  CLEAN("vetted descriptors");
}

static void terminals(void) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (master < 0 || grantpt(master) || unlockpt(master)) {
    tap_skip("a controlling terminal", "no pseudo terminals");
    return;
  }
  const int tty = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  const jailer_fd fds[] = {{tty, true, 0}};
  jailer_config config = strict(argv);
  fchmod(tty, 0666);
  config.fds = fds;
  config.fd_count = 1;
  OK(run(&config) == JAILER_OK && has(slurp(in("told")), "tty none"),
     "a terminal that is kept is not the controlling one");
  config.controlling_tty = true;
  const jailer_code code = run(&config);
  TRY(code == JAILER_OK && has(slurp(in("told")), "tty controlling"), "on request it is%s%s", code ? ": " : "",
      code ? said() : "");
  const int file = open(in("no-tty"), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const jailer_fd no_tty[] = {{file, true, 0}};
  config.fds = no_tty;
  TRY(run(&config) != JAILER_OK && err.layer == JAILER_LAYER_SESSION && access(in("told"), F_OK),
      "a file cannot be: %s", said());
  close(file);
  close(tty);
  close(master);
  CLEAN("terminals");
}

static void limits(void) {
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  jailer_config config = strict(argv);
  config.limits.nofile = 77;
  config.limits.fsize_bytes = 123456;
  OK(run(&config) == JAILER_OK && has(slurp(in("told")), "limit nofile 77 77") &&
         has(slurp(in("told")), "limit fsize 123456 123456"),
     "limits");
  struct rlimit old, low;
  getrlimit(RLIMIT_NOFILE, &old);
  low = (struct rlimit){200, 200};
  const pid_t pid = other_launcher(); /* a hard limit cannot be taken back */
  if (pid == 0) {
    memset(&config.limits, 0, sizeof config.limits);
    setrlimit(RLIMIT_NOFILE, &low);
    _exit(run(&config) == JAILER_OK && has(slurp(in("told")), "limit nofile 200 200") ? 0 : 1);
  }
  OK(other_ended(pid) == 0, "the default is not above the launcher's hard limit");
  CLEAN("limits");
}

/* --- what the configuration cannot ask for here --- */

static void refusals(void) {
  const char *argv[] = {probe, op("ran", in("ran")), NULL};
  const char *dyld[] = {"A=b", "DYLD_INSERT_LIBRARIES=/tmp/x.dylib", NULL}, *loose[] = {"DYLD_PRINT_LIBRARIES=", NULL};
  const jailer_port port = {443, JAILER_CONNECT_TCP};
  const jailer_grant moved = {"/usr", "/elsewhere", JAILER_READ, false};
  enum { DYLD, DYLD_ANY, HOSTNAME, CGROUP, PORTS, TRAP, LOG, INIT, TMP, SHM, INODES, ROLE, MOVED, DEATH, ROWS };
  static const char *const names[ROWS] = {"DYLD_INSERT_LIBRARIES",
                                          "any DYLD_ variable",
                                          "hostname",
                                          "cgroup",
                                          "ports",
                                          "trap_denied",
                                          "log_denials",
                                          "with_init",
                                          "the size of /tmp",
                                          "the size of /dev/shm",
                                          "its inodes",
                                          "a role",
                                          "a grant elsewhere",
                                          "the parent's death"};
  for (int i = 0; i < ROWS; i++) {
    jailer_config config = strict(argv);
    if (i == DYLD) config.env = dyld;
    if (i == DYLD_ANY) config.env = loose;
    if (i == HOSTNAME) config.hostname = "box";
    if (i == CGROUP) config.cgroup = "/sys/fs/cgroup/x";
    if (i == PORTS) config.ports = &port, config.port_count = 1, config.allow_network = true;
    if (i == TRAP) config.trap_denied = true;
    if (i == LOG) config.log_denials = true;
    if (i == INIT) config.with_init = true;
    if (i == TMP) config.limits.tmp_size_bytes = 1 << 20;
    if (i == SHM) config.limits.shm_size_bytes = 1 << 20;
    if (i == INODES) config.limits.tmp_inodes = 100;
    if (i == ROLE) config.role = JAILER_ROLE_VMM;
    if (i == MOVED) config.grants = &moved, config.grant_count = 1;
    if (i == DEATH) config.outlive_launcher = false;
    const jailer_code code = run(&config);
    const jailer_code want = i == DEATH ? JAILER_E_UNSUPPORTED : i == MOVED ? JAILER_E_CONFLICT : JAILER_E_INVALID;
    TRY(code == want && access(in("ran"), F_OK), "%s: %s: %s", names[i], jailer_code_name(code), said());
  }
  jailer_config config = strict(argv);
  config.outlive_launcher = false;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_DEATH);
  static jailer_report report;
  OK(launch(&config) == JAILER_OK && jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_DEATH].state == JAILER_DEGRADED &&
         jailer_wait(&proc, 10000, &status, &err) == JAILER_OK,
     "the parent's death may be left out, and that is told");
  config.may_degrade = 0;
  config.outlive_launcher = true;
  config.allow_userns = config.allow_exec_memfd = config.allow_full_proc = true;
  TRY(run(&config) == JAILER_OK, "what weakens a wall that is not there is accepted: %s", said());
  if (!root) {
    config.uid = 4711;
    TRY(run(&config) != JAILER_OK && access(in("ran"), F_OK), "another uid is not to be had: %s", said());
  }
  CLEAN("refusals");
}

/* --- ends --- */

static void *kill_it(void *arg) {
  jailer_proc *target = arg;
  usleep(50000);
  for (int i = 0; i < 50; i++) jailer_kill(target, 0, NULL);
  return jailer_kill(target, SIGTERM, NULL) == JAILER_OK ? target : NULL;
}

static void ends(void) {
  const char *sleeping[] = {probe, op("ran", in("ran")), "sleep", NULL}, *raising[] = {probe, "raise:11", NULL};
  const char *handling[] = {probe, "handle:15", op("ran", in("ran")), "sleep", NULL};
  const char *family[] = {probe, "child", op("ran", in("ran")), "sleep", NULL};
  jailer_config config = strict(raising);
  OK(run(&config) == JAILER_OK && !status.exited && status.signal == SIGSEGV, "ended by a signal of its own");
  config.argv = sleeping;
  jailer_code code = launch(&config);
  pid_t pid = proc.pid;
  TRY(code == JAILER_OK && appears(in("ran"), "\n"), "a target that stays%s%s", code ? ": " : "", code ? said() : "");
  OK(jailer_wait(&proc, 0, &status, &err) == JAILER_E_TIMEOUT && proc.pid == pid, "a look");
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  OK(jailer_wait(&proc, 100, &status, &err) == JAILER_E_TIMEOUT && proc.pid == pid, "a tenth of a second");
  clock_gettime(CLOCK_MONOTONIC, &to);
  const long ms = (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
  OK(ms >= 98 && ms < 5000, "that were %ld ms", ms);
  pthread_t thread;
  void *killed = NULL;
  pthread_create(&thread, NULL, kill_it, &proc);
  code = jailer_wait(&proc, -1, &status, &err);
  pthread_join(thread, &killed);
  OK(code == JAILER_OK && !status.exited && status.signal == SIGTERM && killed == &proc,
     "killed by another thread meanwhile");
  OK(jailer_kill(&proc, SIGTERM, &err) == JAILER_OK && proc.pid == 0, "and then there is nothing to kill");
  CLEAN("ends");

  config.argv = handling;
  code = launch(&config);
  OK(code == JAILER_OK && appears(in("ran"), "\n") && jailer_kill(&proc, 0, &err) == JAILER_OK &&
         jailer_wait(&proc, 50, &status, &err) == JAILER_E_TIMEOUT,
     "signal 0 only looks");
  OK(jailer_kill(&proc, 65, &err) == JAILER_E_INVALID && jailer_kill(&proc, -1, &err) == JAILER_E_INVALID,
     "no such signals");
  TRY(jailer_kill(&proc, 40, &err) == JAILER_E_INVALID, "nor one that only Linux has: %s", said());
  OK(jailer_kill(&proc, SIGTERM, &err) == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK &&
         ended_with(42),
     "one that it handles");

  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const int fd = open(in("child"), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  const jailer_fd fds[] = {{fd, true, 1}};
  config.argv = family;
  config.fds = fds;
  config.fd_count = 1;
  code = launch(&config);
  const bool there = code == JAILER_OK && appears(in("ran"), "\n");
  const int child = atoi(slurp(in("child")));
  OK(there && child > 0 && jailer_kill(&proc, SIGTERM, &err) == JAILER_OK &&
         jailer_wait(&proc, 10000, &status, &err) == JAILER_OK && status.signal == SIGTERM,
     "a target with a child");
  int how = 0;
  pid_t gone = 0;
  for (int i = 0; child > 0 && !gone && i < 5000; i++)
    if (!(gone = waitpid(child, &how, WNOHANG))) usleep(1000);
  OK(child > 0 && gone == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGTERM, "whose child gets the signal too");
  if (child > 0 && !gone) kill(child, SIGKILL), waitpid(child, NULL, 0);
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  close(fd);
  config.fd_count = 0;

  const char *quick[] = {probe, "exit:3", NULL};
  config.argv = quick;
  code = launch(&config);
  pid = proc.pid;
  siginfo_t info;
  TRY(code == JAILER_OK && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 &&
          jailer_kill(&proc, SIGTERM, &err) == JAILER_OK,
      "to kill a target that has ended is no error: %s", said());
  OK(jailer_wait(&proc, 0, &status, &err) == JAILER_OK && ended_with(3), "and changes nothing");
  code = launch(&config);
  pid = proc.pid;
  waitpid(pid, &how, 0);
  OK(code == JAILER_OK && jailer_wait(&proc, 1000, &status, &err) == JAILER_E_STATUS_LOST && proc.pid == 0,
     "a status that somebody took");
  config.argv = sleeping;
  code = launch(&config);
  pid = proc.pid;
  jailer_release(&proc);
  OK(code == JAILER_OK && proc.pid == 0 && appears(in("ran"), "\n") && kill(pid, 0) == 0,
     "a target that is let go goes on");
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  signal(SIGCHLD, SIG_IGN);
  code = run(&config);
  TRY(code == JAILER_E_INVALID && access(in("ran"), F_OK), "a launcher that ignores SIGCHLD is told: %s", said());
  signal(SIGCHLD, SIG_DFL);
  CLEAN("all ends");
}

/* Ends that could be taken for those of sandbox-exec or of the child that became it, come they ever so soon; and what
   is told of a target that has ended. */
static void soon(void) {
  static const int codes[] = {0, 1, 64, 65, 71, 125, 255};
  static jailer_report report;
  char op_text[16];
  const char *argv[] = {probe, op_text, NULL};
  const jailer_config config = strict(argv);
  for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
    snprintf(op_text, sizeof op_text, "exit:%d", codes[i]);
    const jailer_code code = run(&config);
    OK(code == JAILER_OK && ended_with(codes[i]), "a target that ends at once with %d%s%s", codes[i], code ? ": " : "",
       code ? said() : "");
  }
  siginfo_t info;
  const jailer_code code = launch(&config);
  OK(code == JAILER_OK && waitid(P_PID, (id_t)proc.pid, &info, WEXITED | WNOWAIT) == 0 &&
         jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_SEATBELT].state == JAILER_APPLIED && !report.layer[JAILER_LAYER_IDS].verified,
     "the report of one that has ended: what the launch knew");
  OK(jailer_wait(&proc, -1, &status, &err) == JAILER_OK && ended_with(255), "and its end");
  CLEAN("ends that come soon");
}

/* A limit that is now too short and now long enough: it never started, or goes on as if nothing had been. */
static void hurried(void) {
  long timeouts = 0, good = 0, bad = 0;
  const char *argv[] = {probe, op("ran", in("ran")), "exit:7", NULL};
  jailer_config config = strict(argv);
  for (int i = 0; i < 150; i++) {
    config.launch_timeout_ms = 1 + (unsigned)i % 25;
    dw_sandbox_exec_does(i % 3 ? NULL : "late");
    jailer_code code = launch(&config);
    if (code == JAILER_E_TIMEOUT && access(in("ran"), F_OK)) timeouts++;
    else if (code == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK && ended_with(7) &&
             !access(in("ran"), F_OK))
      good++;
    else if (bad++ < 5) printf("# %u ms: %s\n", config.launch_timeout_ms, said());
    const char *why = unclean();
    if (why && bad++ < 5) printf("# %u ms: %s left\n", config.launch_timeout_ms, why);
  }
  dw_sandbox_exec_does(NULL);
  OK(bad == 0 && timeouts >= 50, "a short limit: %ld never started, %ld ran", timeouts, good);
  CLEAN("short limits");
}

/* --- what sandbox-exec can do wrong --- */

static void mishaps(void) {
  static const struct {
    const char *does;
    unsigned timeout_ms;
    jailer_code code;
    jailer_layer layer; /* NONE: any */
  } rows[] = {{"exit 65", 0, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT},
              {"exit 1", 0, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT},
              {"exit 0", 0, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT},
              {"exit 125", 0, JAILER_E_DIED, JAILER_LAYER_NONE},
              {"raise 9", 0, JAILER_E_DIED, JAILER_LAYER_NONE},
              {"raise 6", 0, JAILER_E_DIED, JAILER_LAYER_NONE},
              {"absent", 0, JAILER_E_EXEC, JAILER_LAYER_NONE},
              {"hang", 300, JAILER_E_TIMEOUT, JAILER_LAYER_NONE},
              {"late", 10000, JAILER_OK, JAILER_LAYER_NONE},
              {"unmarked", 0, JAILER_E_READBACK, JAILER_LAYER_SEATBELT},
              {NULL, 0, JAILER_OK, JAILER_LAYER_NONE}};
  const char *argv[] = {probe, op("ran", in("ran")), "sleep", NULL};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *does = rows[i].does ? rows[i].does : "no mishap";
    jailer_config config = strict(argv);
    config.launch_timeout_ms = rows[i].timeout_ms;
    dw_sandbox_exec_does(rows[i].does);
    const jailer_code code = launch(&config);
    TRY(code == rows[i].code && (!rows[i].layer || err.layer == rows[i].layer), "%s: %s%s%s", does,
        jailer_code_name(code), code ? ": " : "", code ? said() : "");
    if (code == JAILER_OK) {
      OK(appears(in("ran"), "\n"), "%s: the target runs", does);
      jailer_kill(&proc, SIGKILL, NULL);
      jailer_wait(&proc, 10000, NULL, NULL);
    } else if (code != JAILER_E_READBACK) {
      OK(access(in("ran"), F_OK), "%s: the target never ran", does);
    }
    CLEAN(does);
  }
  jailer_plan *plan = NULL;
  const jailer_config later = strict(argv);
  dw_sandbox_exec_does(NULL);
  unlink(in("ran"));
  jailer_code without = jailer_plan_new(&later, NULL, &plan, &err);
  dw->absent = 1;
  if (without == JAILER_OK) without = jailer_spawn(plan, &proc, &err);
  dw->absent = 0;
  jailer_plan_free(plan);
  TRY(without == JAILER_E_UNSUPPORTED && access(in("ran"), F_OK), "it is gone when it is needed: %s", said());
  const char *gone[] = {in("no-program"), NULL}, *text[] = {in("text"), NULL};
  jailer_config config = strict(gone);
  jailer_code code = run(&config);
  TRY(code == JAILER_E_NOT_FOUND || code == JAILER_E_EXEC, "no such program: %s", said());
  FILE *f = fopen(in("text"), "w");
  if (f) fputs("#!/no/such/interpreter\n", f), fclose(f);
  chmod(in("text"), 0755);
  config.argv = text;
  TRY(run(&config) == JAILER_E_EXEC, "a program that is none: %s", said());
  config.argv = (const char *const[]){probe, "exit:0", NULL};
  config.cwd = in("no-directory");
  TRY(run(&config) == JAILER_E_NOT_FOUND, "no such working directory: %s", said());
  CLEAN("mishaps");
}

/* More than execve takes: here 128 KiB in one argument, on macOS 1 MiB in all. */
static void large_profile(void) {
  enum { FILES = 1200 };
  static char paths[FILES][JAILER_PATH_MAX];
  static jailer_grant grants[FILES];
  const char *argv[] = {probe, op("ran", in("ran")), NULL};
  jailer_config config = strict(argv);
  for (int i = 0; i < FILES; i++) {
    snprintf(paths[i], sizeof paths[i], "%.2000s/out/%0120d", box_top, i);
    if (!box_text(paths[i], "")) box_die(paths[i]);
    grants[i] = (jailer_grant){paths[i], NULL, JAILER_READ, false};
  }
  config.grants = grants;
  config.grant_count = FILES;
  TRY(run(&config) == JAILER_E_LIMIT && access(in("ran"), F_OK), "a profile that is too long: %s", said());
  for (int i = 0; i < FILES; i++) unlink(paths[i]);
  TRY(run(&config) == JAILER_E_NOT_FOUND, "grants that are not there: %s", said());
  grants[0] = (jailer_grant){"/no/such/path", NULL, JAILER_READ, true};
  config.grant_count = 1;
  TRY(run(&config) == JAILER_OK, "unless they are optional: %s", said());
  config.grants = &(const jailer_grant){box_path("^/a\nb"), NULL, JAILER_READ, true};
  if (!box_text("^/a\nb", "")) box_die("a file with a newline");
  TRY(run(&config) == JAILER_E_INVALID, "a path with a control byte: %s", said());
  CLEAN("large profiles");
}

/* Programs and environments as they are usual. */
static void usual(void) {
  const char *shell[] = {"sh", "-c", "exit 5", NULL}, *argv[] = {probe, op("tell", in("told")), NULL};
  const char *env[] = {"PATH=/usr/bin:/bin", "TMPDIR=/elsewhere", NULL};
  jailer_config config = strict(shell);
  TRY(run(&config) == JAILER_OK && ended_with(5), "a program that is found along PATH: %s", said());
  config.argv = argv;
  config.env = env;
  OK(run(&config) == JAILER_OK && lines(slurp(in("told")), "env ") == 2 &&
         has(slurp(in("told")), "env PATH=/usr/bin:/bin") && has(slurp(in("told")), "env TMPDIR=/elsewhere"),
     "PATH and TMPDIR of the caller's own stay");
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  action.sa_flags = SA_NOCLDWAIT;
  sigaction(SIGCHLD, &action, NULL);
  TRY(run(&config) == JAILER_E_INVALID, "SA_NOCLDWAIT is like ignoring SIGCHLD: %s", said());
  signal(SIGCHLD, SIG_DFL);
  CLEAN("usual launches");
}

/* A target of which nobody could tell that it is not sandbox-exec any more. */
static void same_name(void) {
  char *path = in("sandbox-exec");
  char command[3 * JAILER_PATH_MAX];
  snprintf(command, sizeof command, "cp '%s' '%s'", probe, path);
  if (system(command)) box_die(command);
  const char *argv[] = {path, op("ran", in("ran")), NULL};
  jailer_config config = strict(argv);
  config.launch_timeout_ms = 2000;
  const jailer_code code = run(&config);
  TRY((code == JAILER_E_INVALID || code == JAILER_E_UNSUPPORTED) && access(in("ran"), F_OK),
      "a program called sandbox-exec is refused: %s", said());
  unlink(path);
  CLEAN("a program of that name");
}

/* --- a profile of the caller's own --- */

static void own_profiles(void) {
  static const char text[] = "(version 1)\n; mine: \xc3\xa4 \"\\\n(allow default)\n";
  const char *argv[] = {probe, op("tell", in("told")), NULL};
  const char *path = box_path("^/own.sb");
  jailer_config config = strict(argv);
  static jailer_report report;
  char copy[4096];
  size_t length = 0;
  jailer_plan *plan = NULL;
  config.seatbelt_profile = path;
  if (!box_text(path, text)) box_die(path);
  TRY(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK &&
          jailer_sbpl_plan(plan, copy, sizeof copy, &length, &err) == JAILER_OK && !strcmp(copy, text),
      "a profile of the caller's own is the plan's: %s", said());
  jailer_plan_free(plan);
  const char *sleeping[] = {probe, op("tell", in("told")), "sleep", NULL};
  config.argv = sleeping;
  const jailer_code code = launch(&config);
  const pid_t pid = proc.pid;
  TRY(code == JAILER_OK && appears(in("told"), "\nend\n") && !strcmp(left("profile", pid), text),
      "and is what sandbox-exec gets%s%s", code ? ": " : "", code ? said() : "");
  OK(jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_SEATBELT].state == JAILER_APPLIED && report.layer[JAILER_LAYER_SEATBELT].verified,
     "the report knows that it is in a sandbox: %s", report.layer[JAILER_LAYER_SEATBELT].detail);
  jailer_kill(&proc, SIGKILL, NULL);
  jailer_wait(&proc, 10000, NULL, NULL);
  CLEAN("a profile of the caller's own");

  if (!box_text("^/written.sb", text) || chmod(box_path("^/written.sb"), 0666)) box_die("written.sb");
  enum { OTHERS_WRITE, GROUP_WRITES, LIST, LINK, DIRECTORY, FIFO, MISSING, RELATIVE, EMPTY, NUL, LARGE, OTHERS, ROWS };
  static const char *const names[ROWS] = {
      "that all can write", "that a group can write", "with an access list", "that is a link to one that all can write",
      "that is a directory", "that is a FIFO", "that is not there", "that is relative", "that is empty", "with a NUL",
      "of two MiB", "of another user"};
  config.argv = (const char *const[]){probe, op("ran", in("ran")), NULL};
  config.launch_timeout_ms = 5000;
  for (int i = 0; i < ROWS; i++) {
    const char *odd = box_path("^/odd.sb");
    static char large[2 << 20];
    memset(large, ';', sizeof large);
    unlink(odd);
    rmdir(odd);
    if (i == LINK        ? symlink(box_path("^/written.sb"), odd)
        : i == DIRECTORY ? mkdir(odd, 0755)
        : i == FIFO      ? mkfifo(odd, 0600)
                         : 0)
      box_die(odd);
    if (i != LINK && i != DIRECTORY && i != FIFO && i != MISSING)
      if (!box_write(odd, i == LARGE ? large : text,
                     i == EMPTY   ? 0
                     : i == LARGE ? sizeof large
                     : i == NUL   ? sizeof text
                                  : sizeof text - 1))
        box_die(odd);
    if (i == OTHERS_WRITE) chmod(odd, 0646);
    if (i == GROUP_WRITES) chmod(odd, 0664);
    memset(&dw_acl, 0, sizeof dw_acl);
    if (i == LIST) dw_acl.of = box_stat(odd), dw_acl.entry[1] = (struct _acl_entry){ACL_EXTENDED_ALLOW, ACL_WRITE_DATA};
    if (i == OTHERS && (!root || chown(odd, 12345, 0))) continue;
    config.seatbelt_profile = i == RELATIVE ? "own.sb" : odd;
    const jailer_code refused = run(&config);
    TRY(refused != JAILER_OK && refused != JAILER_E_TIMEOUT && refused != JAILER_E_SYSTEM && access(in("ran"), F_OK),
        "one %s: %s: %s", names[i], jailer_code_name(refused), said());
  }
  CLEAN("unsafe profiles");
}

/* What macOS has nothing for is refused by name without walls too: a policy above all. */
static void not_there(const jailer_config *launched) {
  static const char *const names[] = {"policy", "with_init", "trap_denied", "hostname", "tmp_size_bytes"};
  jailer_policy *policy = NULL;
  bool all = jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err) == JAILER_OK;
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    jailer_config config = *launched;
    if (i == 0) config.policy = policy;
    if (i == 1) config.with_init = true;
    if (i == 2) config.trap_denied = true;
    if (i == 3) config.hostname = "x";
    if (i == 4) config.limits.tmp_size_bytes = 1;
    const bool refused = run(&config) == JAILER_E_INVALID && !strcmp(err.item, names[i]) && access(in("told"), F_OK);
    if (!refused) printf("# %s: %s\n", names[i], said());
    all = all && refused;
  }
  jailer_policy_free(policy);
  OK(all, "what macOS has nothing for is refused by name");
}

/* Without walls, which has to be asked for: the rest is as ever. */
static void no_walls(void) {
  const char *argv[] = {probe, op("tell", in("told")), "exit:7", NULL};
  jailer_config config = strict(argv);
  static jailer_report report;
  config.engine = JAILER_ENGINE_NONE;
  jailer_code code = launch(&config);
  const pid_t pid = proc.pid;
  OK(code == JAILER_OK && jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_SEATBELT].state == JAILER_NOT_REQUESTED,
     "no walls, and the report says so");
  OK(code == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK && ended_with(7) && !*left("told", pid),
     "sandbox-exec has no part in it");
  const char *told = slurp(in("told"));
  OK(has(told, "session %d group %d pid %d", pid, pid, pid) && lines(told, "fd ") == 3 && lines(told, "env ") == 1 &&
         has(told, "blocked 0") && has(told, "limit core 0 0"),
     "session, descriptors, environment, signals and limits are as ever");
  OK(!(proc.layers &
       ~(uint32_t)(JAILER_BIT(JAILER_LAYER_IDS) | JAILER_BIT(JAILER_LAYER_SESSION) | JAILER_BIT(JAILER_LAYER_FDS) |
                   JAILER_BIT(JAILER_LAYER_ENV) | JAILER_BIT(JAILER_LAYER_RLIMITS))),
     "and no layer is claimed that is not there: %#x", proc.layers);
  not_there(&config);
  jailer_plan *plan = NULL;
  static char text[1 << 16];
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK &&
         jailer_plan_text(plan, text, sizeof text, NULL, &err) == JAILER_OK && !strstr(text, "/dev/full"),
     "nothing is wanted that only Linux has");
  jailer_plan_free(plan);
  for (int degrade = 0; degrade < 2; degrade++) {
    config.engine = JAILER_ENGINE_NATIVE;
    config.may_degrade = degrade ? JAILER_BIT(JAILER_LAYER_COUNT) - 2 : 0;
    TRY(run(&config) == JAILER_E_UNSUPPORTED && access(in("told"), F_OK), "the engine of Linux is not to be had%s: %s",
        degrade ? ", whatever may degrade" : "", said());
  }
  CLEAN("no walls");
}

/* --- who launches: as root alone, who can become others --- */

/* Launches; with wrong_host by a plan for a launcher that is one user. */
static jailer_code launch_mixed(const jailer_config *config, bool wrong_host) {
  jailer_host host;
  jailer_plan *plan = NULL;
  if (!wrong_host) return jailer_launch(config, &proc, &err);
  jailer_code code = jailer_probe(&host, &err);
  host.mixed_ids = false;
  host.gid = getgid();
  if (code == JAILER_OK) code = jailer_plan_new(config, &host, &plan, &err);
  if (code) return JAILER_CODE_COUNT;
  code = jailer_spawn(plan, &proc, &err);
  jailer_plan_free(plan);
  return code;
}

/* A launcher that is two users. Root gives all ids up; whoever cannot is refused, whatever the engine. */
static void mixed_ids(void) {
  static const struct {
    const char *what;
    uid_t uid[3];
    gid_t gid[3];
    jailer_engine engine;
    jailer_code code;
    bool wrong_host;
  } rows[] = {
      {"one user", {12345, 12345, 12345}, {12345, 12345, 12345}, JAILER_ENGINE_NONE, JAILER_OK, false},
      {"another real uid", {12346, 12345, 12345}, {12345, 12345, 12345}, JAILER_ENGINE_NONE, JAILER_E_DENIED, false},
      {"another real uid", {12346, 12345, 12345}, {12345, 12345, 12345}, JAILER_ENGINE_AUTO, JAILER_E_DENIED, false},
      {"root saved", {12345, 12345, 0}, {12345, 12345, 12345}, JAILER_ENGINE_AUTO, JAILER_E_DENIED, false},
      {"another real gid", {12345, 12345, 12345}, {12346, 12345, 12345}, JAILER_ENGINE_AUTO, JAILER_E_DENIED, false},
      {"another saved gid", {12345, 12345, 12345}, {12345, 12345, 0}, JAILER_ENGINE_AUTO, JAILER_E_DENIED, false},
      {"root, and somebody's program", {12345, 0, 0}, {12345, 0, 0}, JAILER_ENGINE_AUTO, JAILER_OK, false},
      {"root saved, unseen", {12345, 12345, 0}, {12345, 12345, 12345}, JAILER_ENGINE_AUTO, JAILER_E_SYSTEM, true},
      {"another gid, unseen", {12345, 12345, 12345}, {12345, 12346, 12346}, JAILER_ENGINE_AUTO, JAILER_E_SYSTEM, true}};
  char told[JAILER_PATH_MAX + 8], ids[128];
  const char *argv[] = {in("plain"), told, NULL};
  jailer_config config = strict(argv);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    snprintf(told, sizeof told, "tell:%s", in("told"));
    config.engine = rows[i].engine;
    unlink(in("told"));
    const pid_t pid = other_launcher();
    if (pid == 0) {
      if (setgroups(0, NULL) || setresgid(rows[i].gid[0], rows[i].gid[1], rows[i].gid[2]) ||
          setresuid(rows[i].uid[0], rows[i].uid[1], rows[i].uid[2]))
        _exit(2);
      const bool right = launch_mixed(&config, rows[i].wrong_host) == rows[i].code;
      if (!right || (rows[i].code && err.layer != JAILER_LAYER_IDS)) printf("# %s\n", said()), fflush(stdout), _exit(1);
      _exit(rows[i].code || jailer_wait(&proc, 20000, &status, &err) == JAILER_OK ? 0 : 3);
    }
    const bool right = other_ended(pid) == 0;
    unsigned u[3] = {0, 0, 0};
    const char *line = strstr(slurp(in("told")), "uid ");
    snprintf(ids, sizeof ids, "%.60s", line ? line : "");
    ids[strcspn(ids, "\n")] = 0;
    const bool ran = sscanf(ids, "uid %u %u %u", &u[0], &u[1], &u[2]) == 3;
    OK(right && ran == !rows[i].code && (!ran || (u[0] && u[0] == u[1] && u[1] == u[2])),
       "ids of the launcher: %s: the engine %s: %s %s", rows[i].what, jailer_engine_name(rows[i].engine),
       jailer_code_name(rows[i].code), ids);
  }
}

/* Without walls nothing keeps a program from being set-uid: the kernel then tells an ordinary launcher little of it,
   which is enough to launch, report and end it. Nobody takes it for a process that is none of the launcher's. */
static int set_uid_program(const char *program) {
  const char *argv[] = {program, "sleep", NULL};
  static jailer_report report;
  jl_pid_stat st;
  jailer_config config = strict(argv);
  config.engine = JAILER_ENGINE_NONE;
  config.launch_timeout_ms = 10000;
  if (setgroups(0, NULL) || setresgid(12345, 12345, 12345) || setresuid(12345, 12345, 12345)) return 1;
  if (jl_files_pid_stat(1, &st) != 0 || st.start != 0) return 2; /* somebody else's */
  if (jailer_launch(&config, &proc, &err)) return 3;
  struct proc_bsdinfo info;
  int wrong = 0;
  if (proc_pidinfo(proc.pid, PROC_PIDTBSDINFO, 0, &info, (int)sizeof info) > 0) wrong = 4; /* it is not set-uid */
  else if (jl_files_pid_stat(proc.pid, &st) != -EPERM) wrong = 5;
  else if (jailer_report_read(&proc, &report, &err)) wrong = 6;
  if (jailer_kill(&proc, SIGKILL, &err) || jailer_wait(&proc, 10000, &status, &err)) return 7;
  return wrong ? wrong : status.signal == SIGKILL ? 0 : 8;
}

static void launchers(void) {
  char command[4 * JAILER_PATH_MAX];
  if (!root) return;
  snprintf(command, sizeof command, "cp '%s' '%s' && chmod 755 '%s' && cp '%s' '%s' && chmod 4755 '%s'", probe,
           in("plain"), in("plain"), probe, in("suid"), in("suid"));
  if (system(command)) box_die(command);
  mixed_ids();
  const pid_t pid = other_launcher();
  if (pid == 0) {
    const int wrong = set_uid_program(in("suid"));
    if (wrong) printf("# %d: %s\n", wrong, said()), fflush(stdout);
    _exit(wrong);
  }
  OK(other_ended(pid) == 0, "without walls: a set-uid program is launched, reported and ended by an ordinary launcher");
  unlink(in("plain"));
  unlink(in("suid"));
  CLEAN("launchers");
}

/* --- boxes --- */

static jailer_config box(const char *const *argv) {
  jailer_config config = strict(argv);
  config.layout = &box_layout;
  config.shim = probe;
  return config;
}

/* Of a path of the box: as the profile has it, in a list of one kind. */
static bool granted(const char *profile, const char *kind, const char *name) {
  char real[PATH_MAX], text[PATH_MAX + 64];
  if (!realpath(box_path(name), real) || !dw_tell_path(real, sizeof real)) return false;
  snprintf(text, sizeof text, "(%s \"%s\")", kind, real);
  return strstr(profile, text) != NULL;
}

static void boxes(void) {
  const char *argv[] = {"shim", op("tell", box_path("./shared/told")), op("ran", box_path("./exit")), "exit:7", NULL};
  const char *library = box_path("^/libx.dylib"), *libraries[] = {library, NULL};
  static char profile[1 << 20], text[1 << 18];
  char exit_text[64] = "";
  size_t length = 0;
  jailer_plan *plan = NULL;
  jailer_config config = box(argv);
  if (!box_disks() || !box_text(library, "a library")) box_die("disks");
  config.libraries = libraries;
  jailer_code code = run(&config);
  TRY(code == JAILER_E_NO_RECORD, "disks without a record: %s", said());
  OK(jailer_box_record(&config, &err) == JAILER_OK, "recorded");
  CLEAN("a box without a record");
  code = jailer_plan_new(&config, NULL, &plan, &err);
  TRY(code == JAILER_OK && jailer_plan_text(plan, text, sizeof text, &length, &err) == JAILER_OK &&
          strstr(text, "seatbelt"),
      "its plan%s%s", code ? ": " : "", code ? said() : "");
  OK(plan && jailer_sbpl_plan(plan, profile, sizeof profile, &length, &err) == JAILER_OK, "its profile has %zu bytes",
     length);
  OK(granted(profile, "literal", "./disks/disk.qcow2") && granted(profile, "literal", "./disks/guest-rootfs.qcow2"),
     "with its disks");
  OK(granted(profile, "literal", "~/images/disk-images/middle.qcow2") &&
         granted(profile, "literal", "~/bases/base.raw") && !strstr(profile, "other.raw") &&
         !granted(profile, "subpath", "~/bases"),
     "and the files of their chains, and no others");
  OK(granted(profile, "subpath", "./shared") && granted(profile, "subpath", "./tmp") &&
         granted(profile, "subpath", "./bin") && !granted(profile, "subpath", "."),
     "and its tree");
  code = plan ? jailer_spawn(plan, &proc, &err) : code;
  const pid_t pid = proc.pid;
  code = code ? code : jailer_wait(&proc, 20000, &status, &err);
  jailer_plan_free(plan);
  TRY(code == JAILER_OK && ended_with(7), "it runs%s%s", code ? ": " : "", code ? said() : "");
  CLEAN("a box");
  const char *told = slurp(box_path("./shared/told")), *before = left("told", pid);
  char line[JAILER_PATH_MAX + 64];
  OK(!strcmp(left("profile", pid), profile), "with that profile");
  OK(has(before, "arg %s", box_path("./bin/probe_seatbelt")) &&
         box_stat("./bin/probe_seatbelt").st_size == box_stat(probe).st_size,
     "from its own copy of the program");
  OK(!strcmp(box_read("./bin/libx.dylib"), "a library"), "beside its library");
  snprintf(line, sizeof line, "env TMPDIR=%s", box_path("./tmp"));
  char private_line[sizeof line];
  snprintf(private_line, sizeof private_line, "env TMPDIR=/private%s", box_path("./tmp"));
  OK(lines(told, "env ") == 2 && (has(told, "%s", line) || has(told, "%s", private_line)),
     "PATH and TMPDIR are its environment");
  const struct stat shim_stderr = box_stat("./shim.stderr");
  snprintf(line, sizeof line, "fd 2 %llu:%llu ", (unsigned long long)shim_stderr.st_dev,
           (unsigned long long)shim_stderr.st_ino);
  OK(shim_stderr.st_ino && lines(told, line) == 1 && lines(told, "fd ") == 3, "its standard error is the box's file");
  OK(jailer_box_exit(&box_layout, exit_text, sizeof exit_text - 1, &length, &err) == JAILER_OK &&
         atoi(exit_text) == pid,
     "what it wrote into the exit file");
  if (root) {
    const uid_t uid = box_stat("./shared").st_uid;
    OK(uid >= 0x10000 && has(told, "uid %u %u %u", uid, uid, uid) && box_stat("./shared/told").st_uid == uid,
       "a user of its own: %u", uid);
    OK(box_stat("./bin").st_uid == 0 && box_stat("./disks/disk.qcow2").st_uid == uid, "that owns what it may write");
    OK(run(&config) == JAILER_OK && has(slurp(box_path("./shared/told")), "uid %u %u %u", uid, uid, uid),
       "the same the next time");
  }
}

static const char *pid_line(pid_t pid) { /* its number as text */
  static char text[16];
  snprintf(text, sizeof text, "%d", (int)pid);
  return text;
}

static void running_box(void) {
  const char *argv[] = {"shim", op("ran", box_path("./shared/ran")), "sleep", NULL},
             *quick[] = {"shim", "exit:0", NULL};
  jailer_config config = box(argv), again = box(quick);
  jailer_proc other;
  char pid_text[32];
  unlink(box_path("./shared/ran"));
  jailer_code code = launch(&config);
  snprintf(pid_text, sizeof pid_text, "%d", (int)proc.pid);
  TRY(code == JAILER_OK && appears(box_path("./shared/ran"), "\n"), "a box that stays%s%s", code ? ": " : "",
      code ? said() : "");
  OK(strstr(box_read("./shim.pid"), pid_text) != NULL && (box_stat("./shim.pid").st_mode & 0077) != 0077,
     "its pid file");
  TRY(jailer_launch(&again, &other, &err) == JAILER_E_BUSY, "it cannot be launched twice: %s", said());
  const pid_t pid = other_launcher();
  if (pid == 0) {
    code = jailer_launch(&again, &other, &err);
    _exit(code == JAILER_E_BUSY ? 0 : 1);
  }
  OK(other_ended(pid) == 0, "nor by another process");
  TRY(jailer_layout_remove(&box_layout, &err) == JAILER_E_BUSY, "nor removed: %s", said());
  TRY(jailer_box_record(&config, &err) == JAILER_E_BUSY, "nor recorded: %s", said());
  OK(jailer_kill(&proc, SIGKILL, &err) == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK &&
         status.signal == SIGKILL && access(box_path("./shim.pid"), F_OK),
     "its pid file goes with it");
  CLEAN("a running box");

  /* its launcher ends, it goes on */
  unlink(box_path("./shared/ran"));
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  const pid_t launcher = other_launcher();
  if (launcher == 0) {
    _exit(jailer_launch(&config, &other, &err) != JAILER_OK);
  }
  OK(other_ended(launcher) == 0 && appears(box_path("./shared/ran"), "\n"), "a box whose launcher has ended");
  const pid_t orphan = atoi(slurp(box_path("./shared/ran")));
  OK(orphan > 0 && jailer_launch(&again, &other, &err) == JAILER_E_BUSY, "is still known to run");
  if (orphan > 0) kill(orphan, SIGKILL), waitpid(orphan, NULL, 0);
  OK(run(&again) == JAILER_OK && ended_with(0), "and can be launched when it has ended");
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  CLEAN("an orphaned box");

  unlink(box_path("./shared/ran"));
  code = launch(&config);
  const pid_t let_go = proc.pid;
  jailer_release(&proc);
  TRY(code == JAILER_OK && jailer_launch(&again, &other, &err) == JAILER_E_BUSY, "so is one that was let go: %s",
      said());
  if (let_go > 0) kill(let_go, SIGKILL), waitpid(let_go, NULL, 0);
  jailer_plan *plan = NULL, *second = NULL;
  TRY(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan of the box: %s", said());
  TRY(jailer_plan_new(&again, NULL, &second, &err) == JAILER_E_BUSY && !second, "holds it: %s", said());
  code = plan ? jailer_spawn(plan, &proc, &err) : JAILER_E_INVALID;
  TRY(code == JAILER_OK && jailer_spawn(plan, &other, &err) == JAILER_E_BUSY, "and is launched once at a time: %s",
      said());
  jailer_kill(&proc, SIGKILL, NULL);
  code = jailer_wait(&proc, 10000, &status, &err);
  OK(code == JAILER_OK && jailer_spawn(plan, &proc, &err) == JAILER_OK &&
         jailer_kill(&proc, SIGKILL, NULL) == JAILER_OK && jailer_wait(&proc, 10000, &status, &err) == JAILER_OK,
     "but again and again");
  jailer_plan_free(plan);
  OK(access(box_path("./shim.pid"), F_OK), "and leaves no pid file");
  CLEAN("a plan of a box");
  plan = NULL;
  dw_sandbox_exec_does("exit 65");
  code = jailer_plan_new(&config, NULL, &plan, &err);
  TRY(code == JAILER_OK && jailer_spawn(plan, &proc, &err) == JAILER_E_UNSUPPORTED &&
          access(box_path("./shim.pid"), F_OK),
      "nor does a launch that fails, though its plan is still there: %s", said());
  dw_sandbox_exec_does(NULL);
  jailer_plan_free(plan);
  CLEAN("a failed plan of a box");

  siginfo_t info;
  code = launch(&config);
  const pid_t zombie = proc.pid;
  OK(code == JAILER_OK && kill(zombie, SIGKILL) == 0 && waitid(P_PID, (id_t)zombie, &info, WEXITED | WNOWAIT) == 0 &&
         box_stat("./shim.pid").st_ino,
     "a box that has ended, and nobody has waited for it");
  TRY(jailer_launch(&again, &other, &err) == JAILER_OK && jailer_wait(&other, 10000, &status, &err) == JAILER_OK &&
          ended_with(0),
      "does not run: %s", said());
  OK(jailer_wait(&proc, 10000, &status, &err) == JAILER_OK && status.signal == SIGKILL, "and can still be waited for");
  CLEAN("a box that nobody waited for");

  /* a pid file of a process that has ended, whose number somebody else's process has now: the first one's */
  char fresh[512];
  code = launch(&config);
  const char *old = box_read("./shim.pid"), *at = strstr(old, pid_line(proc.pid));
  OK(code == JAILER_OK && at, "a pid file names the process");
  snprintf(fresh, sizeof fresh, "%.*s1%s", (int)(at ? at - old : 0), old, at ? at + strlen(pid_line(proc.pid)) : "");
  jailer_kill(&proc, SIGKILL, NULL);
  jailer_wait(&proc, 10000, NULL, NULL);
  if (!box_text("./shim.pid", fresh)) box_die("shim.pid");
  chmod(box_path("./shim.pid"), 0600);
  TRY(run(&again) == JAILER_OK && ended_with(0), "a number that is somebody else's now holds no box: %s", said());
  unlink(box_path("./shim.pid"));
  CLEAN("a number that is another's");
}

/* --- what a box leaves behind: a process with a session of its own is known by the box's sandbox --- */

static bool dies(pid_t pid) {
  for (int i = 0; i < 2000 && runs(pid); i++) usleep(1000);
  return !runs(pid);
}

/* The escaped process of the launch before; 0: there is none. */
static pid_t escaped(void) {
  const pid_t pid = (pid_t)atoi(slurp(box_path("./shared/escaped")));
  unlink(box_path("./shared/escaped"));
  return pid > 1 ? pid : 0;
}

static void reap(void) {
  while (waitpid(-1, NULL, WNOHANG) > 0) {
  }
}

/* A launcher ends, then the target, and nobody has waited for it: what has escaped from that one. */
static pid_t orphan(void) {
  const char *escape = op("escape", box_path("./shared/escaped")), *ran = op("ran", box_path("./shared/ran"));
  const char *argv[] = {"shim", escape, ran, "sleep", NULL};
  jailer_config config = box(argv);
  unlink(box_path("./shared/ran"));
  const pid_t launcher = other_launcher();
  if (launcher == 0) _exit(jailer_launch(&config, &proc, &err) || !appears(box_path("./shared/ran"), "\n"));
  const bool launched = other_ended(launcher) == 0;
  const pid_t pid = escaped(), target = launched ? (pid_t)atoi(slurp(box_path("./shared/ran"))) : 0;
  if (target > 1) kill(target, SIGKILL), dies(target);
  reap();
  return pid;
}

static void escapes(void) {
  const char *argv[] = {"shim", op("escape", box_path("./shared/escaped")), "exit:3", NULL},
             *quick[] = {"shim", "exit:0", NULL},
             *alone[] = {probe, op("escape", in("ran")), "exit:3", NULL};
  jailer_config config = box(argv), again = box(quick), other = strict(alone);
  jailer_plan *plan = NULL;
  escaped();
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* what escapes has a parent that takes it away */

  jailer_code code = run(&other);
  const pid_t stranger = (pid_t)atoi(slurp(in("ran")));
  OK(code == JAILER_OK && ended_with(3) && stranger > 1 && runs(stranger), "without a box it goes on");

  code = run(&config);
  pid_t pid = escaped();
  TRY(code == JAILER_OK && ended_with(3) && pid && dies(pid), "in a box it ends with the wait for its target%s%s",
      code ? ": " : "", code ? said() : "");

  pid = orphan();
  OK(pid && runs(pid), "it goes on where its launcher has ended before");
  code = run(&again);
  TRY(code == JAILER_OK && ended_with(0) && pid && !runs(pid), "it has ended before the next launch%s%s",
      code ? ": " : "", code ? said() : "");

  static const struct {
    const char *call;
    long index;
    int error;
    jailer_code code;
  } failing[] = {{"proc_listpids", 1, EIO, JAILER_E_SYSTEM},
                 {"proc_listpids", 2, EIO, JAILER_E_SYSTEM},
                 {"kill", 2, EPERM, JAILER_E_SYSTEM}}; /* the first looks for the target */
  for (size_t i = 0; i < sizeof failing / sizeof failing[0]; i++) {
    pid = orphan();
    dw_fault(DW_LAUNCHER, failing[i].call, failing[i].index, failing[i].error);
    code = run(&again);
    dw_disarm();
    TRY(code == failing[i].code && pid && runs(pid) && run(&again) == JAILER_OK && dies(pid),
        "no launch where %s(2) fails: %s", failing[i].call, jailer_code_name(code));
  }

  pid = orphan();
  OK(pid && runs(pid), "once more");
  dw->immortal = pid;
  TRY(run(&again) == JAILER_E_BUSY && pid && runs(pid), "one that does not end keeps others out: %s", said());
  TRY(jailer_layout_remove(&box_layout, &err) == JAILER_E_BUSY && !access(box_dir, F_OK), "and in: %s", said());
  dw->immortal = 0;
  OK(jailer_box_record(&config, &err) == JAILER_OK && pid && dies(pid), "it ends when the box is next touched");

  /* a plan that is kept holds the lock */
  code = jailer_plan_new(&config, NULL, &plan, &err);
  for (int i = 0; i < 2 && code == JAILER_OK; i++) {
    memset(&proc, 0, sizeof proc);
    code = jailer_spawn(plan, &proc, &err);
    if (i) OK(code == JAILER_OK && pid && dies(pid), "with a plan that is kept it ends before the next launch");
    if (code == JAILER_OK) code = jailer_wait(&proc, 10000, &status, &err);
    pid = escaped();
  }
  OK(code == JAILER_OK && pid && runs(pid), "or goes on as long as that");
  jailer_plan_free(plan);
  OK(pid && dies(pid), "and ends with the plan");

  OK(stranger > 1 && runs(stranger), "no other process was ended");
  if (stranger > 1) kill(stranger, SIGKILL), dies(stranger);
  reap();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  CLEAN("escapes");
}

/* What escaped and cannot be ended is told by the wait too, which has the status all the same. */
static void stays(void) {
  const char *argv[] = {"shim", op("escape", box_path("./shared/escaped")), op("ran", box_path("./shared/ran")),
                        "sleep", NULL};
  jailer_config config = box(argv);
  unlink(box_path("./shared/ran"));
  jailer_code code = launch(&config);
  const bool ran = code == JAILER_OK && appears(box_path("./shared/ran"), "\n");
  const pid_t pid = escaped();
  dw->immortal = pid;
  if (ran) jailer_kill(&proc, SIGKILL, NULL);
  code = ran ? jailer_wait(&proc, 10000, &status, &err) : code;
  TRY(code == JAILER_E_BUSY && pid && runs(pid) && status.signal == SIGKILL && proc.pid == 0,
      "the wait tells of one that does not end: %s", said());
  dw->immortal = 0;
  OK(jailer_box_record(&config, &err) == JAILER_OK && pid && dies(pid), "which does when it can");

  const char *quick[] = {"shim", "exit:0", NULL};
  jailer_config again = box(quick);
  fflush(stdout);
  const pid_t other = fork();
  if (other == 0) {
    if (root && (setgid(12345) || setuid(12345))) _exit(1);
    for (;;) pause();
  }
  dw->silent = other;
  code = run(&again);
  dw->silent = 0;
  OK(code == JAILER_OK && ended_with(0), "of one that is none of the box's nothing is told: the box is launched");
  kill(other, SIGKILL), waitpid(other, NULL, 0);
}

/* Whether somebody holds the lock of the ones that hop. */
static bool hops(void) {
  const int fd = open(box_path("./shared/hop"), O_RDWR | O_CLOEXEC);
  const bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB);
  if (fd >= 0) close(fd);
  return held;
}

/* One that is another process each time somebody looks. It may outrun this launcher, but not be overlooked. */
static void hopping(void) {
  const char *argv[] = {"shim", op("hop", box_path("./shared/hop")), "exit:3", NULL};
  jailer_config config = box(argv);
  int overlooked = 0, ended = 0, busy = 0, how = -1;
  const char *stop = box_path("./shared/hop.stop");
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (int i = 0; i < 5; i++) {
    unlink(stop);
    const pid_t pid = other_launcher();
    if (pid == 0) {
      const jailer_code code = run(&config);
      const bool goes_on = hops(), right = ended_with(3);
      if (code && code != JAILER_E_BUSY) printf("# %s\n", said()), fflush(stdout);
      _exit(!right ? 4 : code == JAILER_OK ? goes_on ? 2 : 0 : code == JAILER_E_BUSY ? 1 : 3);
    }
    for (pid_t one = 0; one != pid;) one = waitpid(-1, &how, 0);
    dw->launcher = getpid();
    overlooked += how == 2 << 8;
    ended += how == 0;
    busy += how == 1 << 8;
    if (!box_text(stop, "")) box_die(stop);
    for (int k = 0; k < 10000 && hops(); k++) reap(), usleep(1000);
  }
  reap();
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  OK(overlooked == 0 && ended + busy == 5, "one that hops from process to process: %d ended, %d E_BUSY, %d overlooked",
     ended, busy, overlooked);
  unlink(stop);
  unlink(box_path("./shared/hop"));
  CLEAN("hopping");
}

/* A path of the box as Darwin spells it. */
static const char *darwins(const char *name) {
  static char ring[2][PATH_MAX];
  static unsigned next;
  char *real = ring[next++ % 2];
  return realpath(box_path(name), real) && dw_tell_path(real, PATH_MAX) ? real : "?";
}

/* Who else may write in the box is told from the box by what it may not, or may more. */
static void neighbours(void) {
  static const struct {
    const char *name, *more, *what;
    bool taken;
  } rows[] = {{"./tmp", "./tmp", "only tmp/", false},
              {"./shared", "./shared", "only shared/", false},
              {"~/boxes", "~/boxes", "all of the boxes", false},
              {"./tmp", "./shared", "what the box's own may", true}};
  const char *argv[] = {probe, op("ran", in("ran")), "sleep", NULL}, *quick[] = {"shim", "exit:0", NULL};
  jailer_config config = strict(argv), boxed = box(quick);
  char text[3 * JAILER_PATH_MAX];
  config.seatbelt_profile = box_path("^/neighbour.sb");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_proc neighbour;
    snprintf(text, sizeof text, "(version 1)\n(deny default)\n(allow file-write* (subpath \"%s\") (subpath \"%s\"))\n",
             darwins(rows[i].name), darwins(rows[i].more));
    unlink(in("ran"));
    if (!box_text(config.seatbelt_profile, text)) box_die("neighbour.sb");
    jailer_code code = jailer_launch(&config, &neighbour, &err);
    if (code == JAILER_OK && appears(in("ran"), "\n")) code = run(&boxed);
    const bool lives = neighbour.pid > 1 && runs(neighbour.pid);
    TRY(code == JAILER_OK && lives == !rows[i].taken, "a process in another sandbox that may write %s %s%s%s",
        rows[i].what, rows[i].taken ? "is taken for one of the box" : "is left alone", code ? ": " : "",
        code ? said() : "");
    if (neighbour.pid > 1) jailer_kill(&neighbour, SIGKILL, NULL), jailer_wait(&neighbour, 10000, NULL, NULL);
  }
  CLEAN("neighbours");
}

/* One plan, launched again: while its target runs, and when that has ended but nobody has waited for it. */
static void one_plan(void) {
  const char *argv[] = {"shim", op("ran", box_path("./shared/ran")), "sleep", NULL};
  jailer_config config = box(argv);
  jailer_plan *plan = NULL;
  jailer_proc other;
  siginfo_t info;
  char pid_text[32];
  unlink(box_path("./shared/ran"));
  memset(&proc, 0, sizeof proc);
  jailer_code code = jailer_plan_new(&config, NULL, &plan, &err);
  if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
  snprintf(pid_text, sizeof pid_text, "%d ", (int)proc.pid);
  TRY(code == JAILER_OK && appears(box_path("./shared/ran"), "\n"), "one plan, launched%s%s", code ? ": " : "",
      code ? said() : "");
  if (code) return;
  TRY(jailer_spawn(plan, &other, &err) == JAILER_E_BUSY, "not twice: %s", said());
  TRY(jailer_spawn(plan, &other, &err) == JAILER_E_BUSY, "nor at the third time: %s", said());
  OK(strncmp(box_read("./shim.pid"), pid_text, strlen(pid_text)) == 0, "the pid file is still that of the first");
  OK(jailer_kill(&proc, SIGKILL, &err) == JAILER_OK && waitid(P_PID, (id_t)proc.pid, &info, WEXITED | WNOWAIT) == 0,
     "it ends, and nobody has waited for it");
  code = jailer_spawn(plan, &other, &err);
  TRY(code == JAILER_OK, "the next is launched%s%s", code ? ": " : "", code ? said() : "");
  if (code == JAILER_OK) jailer_kill(&other, SIGKILL, &err), jailer_wait(&other, 10000, NULL, &err);
  OK(jailer_wait(&proc, 10000, &status, &err) == JAILER_OK && status.signal == SIGKILL, "and the first one's end told");
  jailer_plan_free(plan);
  CLEAN("one plan");
}

/* Access lists say who may write what the mode keeps from everybody. */
static void access_lists(void) {
  static const struct {
    const char *where, *what;
    acl_tag_t tag;
    acl_permset_mask_t mask;
    bool fine;
  } rows[] = {{"~/", "denies deleting", ACL_EXTENDED_DENY, ACL_DELETE, true},
              {"~/", "lets somebody read", ACL_EXTENDED_ALLOW, ACL_READ_DATA, true},
              {"~/", "lets somebody add files", ACL_EXTENDED_ALLOW, ACL_WRITE_DATA, false},
              {"^/", "lets somebody delete in it", ACL_EXTENDED_ALLOW, ACL_DELETE_CHILD, false},
              {"./bin", "lets somebody change the list", ACL_EXTENDED_ALLOW, ACL_WRITE_SECURITY, false},
              {"./disks", "lets somebody delete in it", ACL_EXTENDED_ALLOW, ACL_DELETE_CHILD, false},
              {"./shared", "lets somebody add files", ACL_EXTENDED_ALLOW, ACL_WRITE_DATA, true},
              {"./record", "lets somebody read", ACL_EXTENDED_ALLOW, ACL_READ_DATA, true},
              {"./record", "lets somebody write", ACL_EXTENDED_ALLOW, ACL_WRITE_DATA, false},
              {"./lock", "lets somebody own it", ACL_EXTENDED_ALLOW, ACL_CHANGE_OWNER, false},
              {"./shim.stderr", "lets somebody append", ACL_EXTENDED_ALLOW, ACL_APPEND_DATA, false}};
  const char *argv[] = {"shim", "exit:0", NULL};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config config = box(argv);
    memset(&dw_acl, 0, sizeof dw_acl);
    dw_acl.of = box_stat(rows[i].where);
    dw_acl.entry[0].tag = ACL_EXTENDED_DENY, dw_acl.entry[0].mask = ACL_DELETE; /* as every home has it */
    dw_acl.entry[1].tag = rows[i].tag, dw_acl.entry[1].mask = rows[i].mask;
    const jailer_code code = dw_acl.of.st_ino ? run(&config) : JAILER_CODE_COUNT;
    TRY(code == (rows[i].fine ? JAILER_OK : JAILER_E_UNSAFE), "a list of %s that %s: %s%s%s", rows[i].where,
        rows[i].what, jailer_code_name(code), code ? ": " : "", code ? said() : "");
  }
  memset(&dw_acl, 0, sizeof dw_acl);
  jailer_config config = box(argv);
  dw_ownerless = box_stat("~/").st_dev;
  const jailer_code code = run(&config);
  TRY(code == JAILER_E_UNSAFE, "a volume that ignores owners: %s: %s", jailer_code_name(code), code ? said() : "");
  dw_ownerless = 0;
  OK(run(&config) == JAILER_OK, "and the same with owners");
  CLEAN("access lists");
}

static void changed_boxes(void) {
  const char *argv[] = {"shim", op("ran", box_path("./shared/ran")), NULL};
  jailer_config config = box(argv);
  jailer_plan *plan = NULL;
  unlink(box_path("./shared/ran"));
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan");
  if (rename(box_path("~/bases/base.raw"), box_path("~/bases/old.raw")) || !box_text("~/bases/base.raw", "base\n"))
    box_die("rename");
  jailer_code code = plan ? jailer_spawn(plan, &proc, &err) : JAILER_OK;
  TRY(code == JAILER_E_CHANGED && access(box_path("./shared/ran"), F_OK), "a base that was replaced since: %s", said());
  unlink(box_path("~/bases/base.raw"));
  code = plan ? jailer_spawn(plan, &proc, &err) : JAILER_OK;
  TRY(code == JAILER_E_NOT_FOUND || code == JAILER_E_CHANGED, "or removed: %s", said());
  rename(box_path("~/bases/old.raw"), box_path("~/bases/base.raw"));
  code = plan ? jailer_spawn(plan, &proc, &err) : JAILER_E_INVALID;
  code = code ? code : jailer_wait(&proc, 10000, &status, &err);
  TRY(code == JAILER_OK && access(box_path("./shared/ran"), F_OK) == 0, "and put back%s%s", code ? ": " : "",
      code ? said() : "");
  jailer_plan_free(plan);
  CLEAN("a changed box");
  unlink(box_path("./shared/ran"));
  if (!box_qcow2("./disks/disk.qcow2", "~/bases/other.raw", "raw")) box_die("disk");
  TRY(run(&config) == JAILER_E_CHAIN && access(box_path("./shared/ran"), F_OK), "a disk that the box rewrote: %s",
      said());
  if (!box_disks()) box_die("disks");
  OK(run(&config) == JAILER_OK, "and wrote back");
  CLEAN("a rewritten disk");
}

/* What a hostile box can leave behind, and its removal. */
static void removed_boxes(void) {
  const uid_t uid = box_stat("./shared").st_uid;
  const gid_t gid = box_stat("./shared").st_gid;
  char name[128], deep[JAILER_PATH_MAX];
  const char *argv[] = {"shim", "exit:0", NULL};
  jailer_config config = box(argv);
  strcpy(deep, box_path("./shared/deep"));
  if (!box_text("^/outside", "outside")) box_die("outside");
  bool made = mkdir(deep, 0700) == 0 && symlink(box_path("^/outside"), box_path("./shared/link")) == 0 &&
              symlink(box_top, box_path("./tmp/dirlink")) == 0 && mkfifo(box_path("./shared/fifo"), 0600) == 0 &&
              mkdir(box_path("./shared/shut"), 0700) == 0 && box_text("./shared/shut/file", "x");
  for (int i = 0; i < 700 && made; i++) {
    snprintf(name, sizeof name, "./shared/deep/%d-a-name-that-takes-some-room-in-a-directory", i);
    made = i % 7 ? box_text(name, "x") : mkdir(box_path(name), 0700) == 0;
  }
  for (int i = 0; i < 100 && made; i++) {
    const size_t n = strlen(deep);
    snprintf(deep + n, sizeof deep - n, "/d");
    made = mkdir(deep, 0700) == 0;
  }
  OK(made, "a box full of oddities");
  if (root && (chown(box_path("./shared/deep"), uid, gid) || chown(box_path("./shared/shut"), uid, gid)))
    box_die("chown");
  chmod(box_path("./shared/shut"), 0);
  jailer_code code = run(&config);
  TRY(code == JAILER_OK && ended_with(0), "it is launched all the same%s%s", code ? ": " : "", code ? said() : "");
  code = jailer_layout_remove(&box_layout, &err);
  TRY(code == JAILER_OK && access(box_dir, F_OK) == -1, "and removed with all that is in it%s%s", code ? ": " : "",
      code ? said() : "");
  OK(!strcmp(box_read("^/outside"), "outside"), "and nothing else");
  TRY(jailer_layout_remove(&box_layout, &err) == JAILER_E_NOT_FOUND, "twice: %s", said());
  CLEAN("a removed box");
  TRY(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_OK && run(&config) == JAILER_OK, "and made again: %s",
      said());
  CLEAN("a box made again");
}

/* --- several at once --- */

enum { THREADS = 4, LAUNCHES = 15 };

/* For a line of TAP. */
static char *on_one_line(char *text) {
  for (char *c = text; *c; c++)
    if (*c == '\n') *c = ';';
  return text;
}

static void *launch_many(void *arg) {
  const int me = *(int *)arg;
  char told[64], keep[64];
  long good = 0;
  snprintf(told, sizeof told, "told%d", me);
  snprintf(keep, sizeof keep, "keep%d", me);
  const char *argv[] = {probe, NULL, "exit:0", NULL};
  char path[JAILER_PATH_MAX + 16], file[JAILER_PATH_MAX];
  snprintf(file, sizeof file, "%.4000s/out/%s", box_top, told);
  snprintf(path, sizeof path, "tell:%s", file);
  argv[1] = path;
  jailer_config config = strict(argv);
  for (int i = 0; i < LAUNCHES; i++) {
    jailer_proc own;
    jailer_status how;
    struct stat st;
    int pipes[2];
    char start[64], text[16384];
    if (pipe2(pipes, O_CLOEXEC) || fstat(pipes[1], &st)) break;
    const jailer_fd fds[] = {{pipes[1], true, 3 + me}};
    config.fds = fds;
    config.fd_count = 1;
    unlink(file);
    jailer_error why = {0};
    jailer_code code = jailer_launch(&config, &own, &why);
    const bool launched = code == JAILER_OK;
    if (launched) code = jailer_wait(&own, 20000, &how, &why);
    FILE *f = fopen(file, "re");
    text[f ? fread(text, 1, sizeof text - 1, f) : 0] = 0;
    if (f) fclose(f);
    snprintf(start, sizeof start, "fd %d %llu:%llu ", 3 + me, (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    if (code)
      printf("# thread %d, launch %d, %s: %s\n", me, i, launched ? "waiting" : "launching", why.message);
    else if (!how.exited || how.exit_code)
      printf("# thread %d, launch %d: %s %d\n", me, i, how.exited ? "exit" : "signal",
             how.exited ? how.exit_code : how.signal);
    else if (lines(text, "fd ") != 4 || lines(text, start) != 1)
      printf("# thread %d, launch %d: not \"%s\" among four, but %.800s\n", me, i, start, on_one_line(text));
    else
      good++;
    close(pipes[0]);
    close(pipes[1]);
  }
  return (void *)good;
}

static void threads(void) {
  pthread_t thread[THREADS];
  int ids[THREADS];
  long good = 0;
  for (int i = 0; i < THREADS; i++) ids[i] = i, pthread_create(&thread[i], NULL, launch_many, &ids[i]);
  for (int i = 0; i < THREADS; i++) {
    void *result;
    pthread_join(thread[i], &result);
    good += (long)result;
  }
  OK(good == THREADS * LAUNCHES, "%ld of %d launches by %d threads are right, with no descriptor of each other's", good,
     THREADS * LAUNCHES, THREADS);
  CLEAN("threads");
}

/* --- faults --- */

enum { PLAIN, BOX, SHAPES };
static const char *const shapes[] = {"a launch", "a box"};

static jailer_config shape(int which) {
  static char tell[2][JAILER_PATH_MAX + 16], ran[2][JAILER_PATH_MAX + 16];
  static const char *argv[2][5];
  strcpy(tell[which], op("tell", which == BOX ? box_path("./shared/told") : in("told")));
  strcpy(ran[which], op("ran", which == BOX ? box_path("./shared/ran") : in("ran")));
  argv[which][0] = probe;
  argv[which][1] = ran[which];
  argv[which][2] = tell[which];
  argv[which][3] = "exit:7";
  return which == BOX ? box(argv[which]) : strict(argv[which]);
}

static const char *shape_file(int which, const char *name) {
  char path[64];
  snprintf(path, sizeof path, "./shared/%s", name);
  return which == BOX ? box_path(path) : in(name);
}

/* Whether the target had everything that a launch promises. */
static const char *lacking(int which, pid_t pid) {
  const char *told = slurp(shape_file(which, "told"));
  if (!strstr(told, "\nend\n")) return "its account";
  if (!*left("mark", pid) || !strstr(left("profile", pid), "(deny default)")) return "the sandbox";
  if (!has(told, "session %d group %d pid %d", pid, pid, pid)) return "the session";
  if (lines(told, "fd ") != 3) return "exact descriptors";
  if (!has(told, "limit core 0 0") || !has(told, "limit nofile 1024 1024")) return "limits";
  if (!has(told, "blocked 0") || !has(told, "ignored 0")) return "signals";
  if (!has(told, "cwd /") || !has(told, "umask 22")) return "its place";
  if (lines(told, "env ") != (which == BOX ? 2 : 1)) return "the environment";
  if (root && (has(told, "uid 0 0 0") || lines(told, "uid 0 ") || lines(told, "groups 0"))) return "its ids";
  return NULL;
}

static long complaints;

static void complain(int which, int side, long n, int error, const char *why) {
  if (complaints++ >= 12) return;
  printf("# %s: call %ld of the %s (%s), errno %d: %s\n", shapes[which], n, side == DW_CHILD ? "child" : "launcher",
         dw->fired ? dw->fired : "?", error, why);
}

/* One launch with one fault: an error and no target, or all of it. Answers whether the fault came. */
static bool fault(int which, int side, long n, int error) {
  const jailer_config config = shape(which);
  unlink(shape_file(which, "told"));
  unlink(shape_file(which, "ran"));
  memset(&err, 0, sizeof err);
  dw_fault(side, NULL, n, error);
  jailer_code code = jailer_launch(&config, &proc, &err);
  dw_disarm();
  const bool fired = dw->fired != NULL;
  if (code == JAILER_OK) {
    const pid_t pid = proc.pid;
    code = jailer_wait(&proc, 20000, &status, &err);
    if (code || !ended_with(7)) complain(which, side, n, error, code ? said() : "another end");
    const char *why = lacking(which, pid);
    if (why) complain(which, side, n, error, why);
  } else {
    if (access(shape_file(which, "ran"), F_OK) == 0) complain(which, side, n, error, "an error, and the target ran");
    if (!err.step || !err.message[0] || err.code != code) complain(which, side, n, error, "an error that says nothing");
    if (code == JAILER_E_TIMEOUT) complain(which, side, n, error, "nobody noticed it in time");
  }
  const char *why = unclean();
  if (why) complain(which, side, n, error, why);
  if (which == BOX && fired && access(box_path("./shim.pid"), F_OK) == 0)
    complain(which, side, n, error, "a pid file is left");
  if (why) { /* for the next one */
    while (waitpid(-1, NULL, WNOHANG) > 0) continue;
    clean_state.fds = open_fds();
    blocks = dw->objects = 0;
  }
  return fired;
}

static void faults(void) {
  static const int errors[] = {EIO, EINTR, ENOENT};
  const size_t count =
      getenv("JAILER_SANITIZED") ? 1 : sizeof errors / sizeof errors[0]; /* a sanitizer takes its time */
  for (int which = 0; which < SHAPES; which++)
    for (int side = 0; side < 2; side++)
      for (size_t e = 0; e < count; e++) {
        long n = 1;
        complaints = 0;
        while (n < 3000 && fault(which, side, n, errors[e])) n++;
        OK(n > (side == DW_CHILD ? 5 : 50) && n < 3000 && complaints == 0,
           "%s: each of %ld calls of the %s fails once with %s", shapes[which], n - 1,
           side == DW_CHILD ? "child" : "launcher", strerror(errors[e]));
      }
}

static void refused_memory(void) {
  for (int which = 0; which < SHAPES; which++) {
    const jailer_config config = shape(which);
    long bad = 0, n = 1;
    for (;; n++) {
      unlink(shape_file(which, "ran"));
      unlink(shape_file(which, "told"));
      jailer_plan *plan = NULL;
      allocations = 0;
      refused_at = n;
      jailer_code code = jailer_plan_new(&config, NULL, &plan, &err);
      if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
      const bool refused = allocations >= n;
      refused_at = 0;
      jailer_plan_free(plan); /* which has nobody to tell */
      if (!refused) {
        code = code ? code : jailer_wait(&proc, 10000, &status, &err);
        bad += code != JAILER_OK || !ended_with(7) || unclean();
        break;
      }
      const char *why = unclean();
      if (code != JAILER_E_NO_MEMORY || access(shape_file(which, "ran"), F_OK) == 0 || why) {
        if (bad++ < 5) printf("# %s: allocation %ld: %s; %s\n", shapes[which], n, said(), why ? why : "clean");
        if (code == JAILER_OK) jailer_wait(&proc, 10000, NULL, NULL);
      }
    }
    OK(bad == 0 && n > 3, "%s: each of %ld allocations is refused once", shapes[which], n - 1);
  }
}

/* jailer_wait, jailer_kill and jailer_report_read of a running box: whatever fails, the handle can be used again. */
static void faults_later(void) {
  enum { WAIT, WAIT_LIMITED, KILL, REPORT, CALLS };
  static const char *const names[] = {"jailer_wait", "jailer_wait with a limit", "jailer_kill", "jailer_report_read"};
  static jailer_report report;
  const char *argv[] = {"shim", op("ran", box_path("./shared/ran")), "sleep", NULL},
             *quick[] = {"shim", "exit:7", NULL};
  for (int call = 0; call < CALLS; call++) {
    const bool ends = call == WAIT || call == WAIT_LIMITED;
    const jailer_config config = box(ends ? quick : argv);
    long bad = 0, n = 1;
    bool fired = true;
    for (; fired && n < 500; n++) {
      unlink(box_path("./shared/ran"));
      jailer_code code = launch(&config);
      if (code) {
        printf("# %s\n", said());
        bad++;
        break;
      }
      if (!ends) appears(box_path("./shared/ran"), "\n");
      dw_fault(DW_LAUNCHER, NULL, n, EIO);
      if (call == WAIT) code = jailer_wait(&proc, -1, &status, &err);
      if (call == WAIT_LIMITED) code = jailer_wait(&proc, 10000, &status, &err);
      if (call == KILL) code = jailer_kill(&proc, SIGTERM, &err);
      if (call == REPORT) code = jailer_report_read(&proc, &report, &err);
      fired = dw->fired != NULL;
      dw_disarm();
      const char *why = NULL;
      if (ends && (code == JAILER_OK || proc.pid == 0) && !ended_with(7)) why = "another end";
      if (call == KILL && code) code = jailer_kill(&proc, SIGTERM, &err);
      if (call == KILL && code) why = "it cannot be killed any more";
      if (!ends && call != KILL) jailer_kill(&proc, SIGTERM, NULL);
      if (!why && proc.pid) {
        code = jailer_wait(&proc, 10000, &status, &err);
        if (code || (ends ? !ended_with(7) : status.signal != SIGTERM)) why = "it cannot be waited for any more";
      }
      if (!why) why = unclean();
      if (why && bad++ < 5)
        printf("# %s, call %ld (%s): %s; %s\n", names[call], n, dw->fired ? dw->fired : "none", why, said());
      if (proc.pid) kill(proc.pid, SIGKILL), waitpid(proc.pid, NULL, 0), jailer_release(&proc);
      unlink(box_path("./shim.pid"));
    }
    OK(bad == 0 && n > 2, "%s: each of %ld calls fails once", names[call], n - 2);
  }
}

/* --- a kernel that says that there is no sandbox --- */

/* The look that follows the question fails once. */
static void blind(const char *name, int side, long n) {
  (void)n;
  if (side != DW_LAUNCHER || strcmp(name, "sandbox_check") != 0) return;
  dw->side = DW_LAUNCHER;
  dw->name = "proc_pidinfo";
  dw->index = 1;
  dw->named = 0;
  dw->error = EIO;
}

static void denied_sandbox(void) {
  const char *argv[] = {probe, op("ran", in("ran")), "sleep", NULL};
  const jailer_config config = strict(argv);
  for (int unseen = 0; unseen < 2; unseen++) {
    dw->unsandboxed = 1;
    if (unseen) dw_fault(DW_LAUNCHER, NULL, 0, 0);
    if (unseen) dw->before = blind;
    const jailer_code code = launch(&config);
    dw_disarm();
    dw->unsandboxed = 0;
    TRY(code == JAILER_E_READBACK && err.layer == JAILER_LAYER_SEATBELT, "no sandbox, says the kernel%s: ended: %s",
        unseen ? ", and then nothing" : "", said());
    if (code == JAILER_OK) jailer_kill(&proc, SIGKILL, &err), jailer_wait(&proc, 10000, &status, &err);
    CLEAN("a denied sandbox");
  }
}

/* --- what a target leaves behind --- */

static void leftovers(void) {
  char script[800];
  for (int walls = 0; walls < 2; walls++) {
    unlink(in("ran"));
    snprintf(script, sizeof script, "sleep 60 & echo $! >'%s'; exit 3", in("ran"));
    const char *argv[] = {"/bin/sh", "-c", script, NULL};
    jailer_config config = strict(argv);
    if (!walls) config.engine = JAILER_ENGINE_NONE;
    const jailer_code code = run(&config);
    const pid_t rest = (pid_t)atoi(slurp(in("ran")));
    for (int i = 0; walls && i < 2000 && rest > 1 && runs(rest); i++) usleep(1000);
    TRY(code == JAILER_OK && ended_with(3) && rest > 1 && runs(rest) == !walls,
        walls ? "what a target leaves in its group ends with it%s" : "without walls it is left alone%s",
        code ? said() : "");
    if (rest > 1 && runs(rest)) kill(rest, SIGKILL);
  }
}

/* --- a child that dies or hangs on its way, and signals --- */

static volatile long befalls_at;
static volatile bool hangs;

static void befall(const char *name, int side, long n) {
  (void)name;
  if (side != DW_CHILD || n != befalls_at) return;
  while (hangs) pause();
  raise(SIGKILL);
}

static void lost_children(void) {
  for (int which = 0; which < SHAPES; which++)
    for (int hang = 0; hang < 2; hang++) {
      jailer_config config = shape(which);
      const jailer_code want = hang ? JAILER_E_TIMEOUT : JAILER_E_DIED;
      long n = 1, bad = 0, slow = 0;
      hangs = hang;
      if (hang) config.launch_timeout_ms = which == BOX ? 400 : 150;
      for (;; n++) {
        unlink(shape_file(which, "ran"));
        unlink(shape_file(which, "told"));
        befalls_at = n;
        dw_fault(DW_LAUNCHER, NULL, 0, 0);
        dw->before = befall;
        const jailer_code code = jailer_launch(&config, &proc, &err);
        const bool befell = dw->calls[DW_CHILD] >= n;
        dw_disarm();
        if (code == JAILER_OK) jailer_wait(&proc, 10000, &status, &err);
        const char *why = unclean();
        if (hang && !befell && code == JAILER_E_TIMEOUT && slow++ < 20) { /* the machine has other things to do */
          n--;
          continue;
        }
        if (!befell) {
          bad += code != JAILER_OK || !ended_with(7) || why;
          break;
        }
        if (code == want && access(shape_file(which, "ran"), F_OK) && !why) continue;
        if (bad++ < 5) printf("# %s: call %ld of the child: %s; %s\n", shapes[which], n, said(), why ? why : "clean");
      }
      OK(bad == 0 && n > 8, "%s: the child %s before each of its %ld calls", shapes[which],
         hang ? "hangs" : "is killed", n - 1);
    }
}

/* A child that is killed, and then a call of the launcher that fails as well: an error, and nothing left but what
   that call itself did not take away. */
static void second_faults(void) {
  const jailer_config config = shape(BOX);
  long first = 0, bad = run(&config), n; /* the box has its copies then */
  for (n = 1;; n++) {
    unlink(shape_file(BOX, "ran"));
    unlink(shape_file(BOX, "told"));
    befalls_at = 3;
    hangs = false;
    dw_fault(DW_LAUNCHER, NULL, first ? first + n : 0, EIO);
    dw->before = befall;
    const jailer_code code = jailer_launch(&config, &proc, &err);
    const bool fired = dw->fired != NULL, unwaited = fired && !strcmp(dw->fired, "waitpid");
    dw_disarm();
    for (long i = 1; !first && i < DW_SEEN && i <= dw->calls[DW_LAUNCHER]; i++)
      if (!strcmp(dw->seen[DW_LAUNCHER][i], "fork")) first = i;
    if (unwaited) waitpid(-1, NULL, 0);
    const char *why = unclean();
    if (!why && code == JAILER_OK) why = "a launch that went well";
    if (!why && access(shape_file(BOX, "ran"), F_OK) == 0) why = "the target ran";
    if (!why && (run(&config) || !ended_with(7))) why = said();
    if (why && bad++ < 5) printf("# call %ld (%s): %s\n", first + n, dw->fired ? dw->fired : "none", why);
    if (!first || (n > 1 && !fired)) break;
  }
  OK(bad == 0 && first > 50 && n > 10, "the child is killed, and each of the launcher's next %ld calls fails", n - 1);
}

/* The calls that make, record and remove a box: each of theirs fails once; then they do what they are for. */
static void faults_of_boxes(void) {
  enum { PREPARE, RECORD, REMOVE, CALLS };
  static const char *const names[] = {"jailer_layout_prepare", "jailer_box_record", "jailer_layout_remove"};
  static const int errors[] = {EIO, ENOENT};
  jailer_layout other;
  if (jailer_layout_init(&other, box_home, "other", &err)) box_die(err.message);
  for (int call = 0; call < CALLS; call++)
    for (size_t e = 0; e < 2; e++) {
      const char *argv[] = {"shim", NULL};
      jailer_config config = box(argv);
      long bad = 0, n = 1;
      config.layout = call == RECORD ? &box_layout : &other;
      for (bool fired = true; fired && n < 2000; n++) {
        jailer_code codes[2];
        for (int again = 0; again < 2; again++) {
          if (call == PREPARE && !again) jailer_layout_remove(&other, NULL);
          if (call == REMOVE && !again && jailer_layout_prepare(&other, 0, 0, &err)) box_die(err.message);
          if (!again) dw_fault(DW_LAUNCHER, NULL, n, errors[e]);
          memset(&err, 0, sizeof err);
          codes[again] = call == PREPARE  ? jailer_layout_prepare(&other, 0, 0, &err)
                         : call == RECORD ? jailer_box_record(&config, &err)
                                          : jailer_layout_remove(&other, &err);
          if (!again) fired = dw->fired != NULL;
          dw_disarm();
          if (codes[again] && (!err.message[0] || err.code != codes[again]) && bad++ < 5)
            printf("# %s: an error that says nothing\n", names[call]);
        }
        const bool gone = call == REMOVE && codes[1] == JAILER_E_NOT_FOUND;
        const char *why = codes[1] && !gone ? said() : unclean();
        if (!why && call == REMOVE && access(box_path("~/boxes/other"), F_OK) == 0) why = "it is still there";
        if (why && bad++ < 5) printf("# %s, call %ld (%s): %s\n", names[call], n, dw->fired ? dw->fired : "none", why);
      }
      OK(bad == 0 && n > 20 && n < 2000, "%s: each of %ld calls fails once with %s", names[call], n - 2,
         strerror(errors[e]));
    }
  CLEAN("calls of boxes that fail");
}

static void on_alarm(int number) { (void)number; }

/* Calls that are interrupted again and again, by a handler that restarts none. */
static void interrupted(void) {
  const struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
  struct sigaction handler;
  long good = 0;
  memset(&handler, 0, sizeof handler);
  handler.sa_handler = on_alarm;
  sigaction(SIGALRM, &handler, NULL);
  for (int i = 0; i < 20; i++) {
    const int which = i % SHAPES;
    const jailer_config config = shape(which);
    unlink(shape_file(which, "told"));
    unlink(shape_file(which, "ran"));
    setitimer(ITIMER_REAL, &often, NULL);
    jailer_code code = jailer_launch(&config, &proc, &err);
    const pid_t pid = proc.pid;
    if (code == JAILER_OK) code = jailer_wait(&proc, i % 4 < 2 ? -1 : 10000, &status, &err);
    setitimer(ITIMER_REAL, &never, NULL);
    const char *why = code ? said() : lacking(which, pid);
    good += !why && ended_with(7);
    if (why) printf("# %s: %s\n", shapes[which], why);
  }
  signal(SIGALRM, SIG_DFL);
  OK(good == 20, "%ld of 20 launches that a timer interrupts are right", good);
  CLEAN("interrupted launches");
}

/* --- the launcher dies --- */

static volatile long die_at;

static void die(const char *name, int side, long n) {
  (void)name;
  if (side == DW_LAUNCHER && n == die_at) raise(SIGKILL);
}

/* Before each of its calls: what it had started ends by itself, or is the target with a pid file; the box can be
   launched again. */
static void dying_launchers(void) {
  const jailer_config config = shape(BOX);
  long n = 1, stuck = 0, lacks = 0, unusable = 0, ran = 0;
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  for (bool died = true; died && n < 2000; n++) {
    unlink(box_path("./shared/ran"));
    unlink(box_path("./shared/told"));
    die_at = n;
    const pid_t launcher = other_launcher();
    if (launcher == 0) {
      dw_fault(DW_LAUNCHER, NULL, 0, 0);
      dw->before = die;
      _exit(jailer_launch(&config, &proc, &err) != JAILER_OK);
    }
    const int how = other_ended(launcher);
    dw_disarm();
    dw->objects = 0;
    died = WIFSIGNALED(how);
    pid_t pid = 0;
    for (int i = 0; i < 5000 && (pid = waitpid(-1, NULL, WNOHANG)) != -1; i++)
      if (pid == 0) usleep(1000);
    if (pid != -1) {
      stuck++;
      printf("# launcher dead before call %ld (%s): its child waits for ever\n", n, n < DW_SEEN ? dw->seen[0][n] : "?");
      for (DIR *d = opendir("/proc"); d; closedir(d), d = NULL)
        for (struct dirent *e; (e = readdir(d));) {
          dw_process p;
          if (atoi(e->d_name) > 0 && dw_process_read(atoi(e->d_name), &p) && p.parent == getpid())
            kill(atoi(e->d_name), SIGKILL);
        }
      while (waitpid(-1, NULL, 0) > 0) continue;
    }
    if (access(box_path("./shared/ran"), F_OK) == 0) {
      const char *why = lacking(BOX, atoi(slurp(box_path("./shared/ran"))));
      ran++;
      if (why && lacks++ < 5)
        printf("# launcher dead before call %ld (%s): %s\n", n, n < DW_SEEN ? dw->seen[0][n] : "?", why);
    }
    jailer_code code = jailer_launch(&config, &proc, &err);
    code = code ? code : jailer_wait(&proc, 10000, &status, &err);
    if (code && unusable++ < 5)
      printf("# launcher dead before call %ld (%s): %s\n", n, n < DW_SEEN ? dw->seen[0][n] : "?", said());
  }
  prctl(PR_SET_CHILD_SUBREAPER, 0);
  OK(n > 50 && n < 2000 && stuck == 0, "a launcher dies before each of its %ld calls: nothing waits for it", n - 2);
  OK(lacks == 0 && ran > 0, "what went on (%ld times) lacks nothing", ran);
  OK(unusable == 0, "and the box can be launched again");
  CLEAN("dead launchers");
}

int main(void) {
  const char *build = getenv("JAILER_BUILD");
  char name[PATH_MAX];
  root = geteuid() == 0;
  umask(022);
  box_begin();
  snprintf(name, sizeof name, "%s/probe_seatbelt", build && *build ? build : "build");
  if (!realpath(name, probe)) box_die(name);
  dw_begin(box_top);
  if (mkdir(in(""), 01777) || chmod(in(""), 01777)) box_die("out");
  clean_begin();
  hosts();
  everything();
  reports();
  descriptors();
  closed_stdio();
  vetted();
  terminals();
  limits();
  refusals();
  ends();
  soon();
  hurried();
  usual();
  mishaps();
  large_profile();
  same_name();
  own_profiles();
  no_walls();
  launchers();
  denied_sandbox();
  leftovers();
  boxes();
  running_box();
  escapes();
  stays();
  hopping();
  neighbours();
  one_plan();
  access_lists();
  changed_boxes();
  removed_boxes();
  threads();
  faults();
  refused_memory();
  faults_later();
  lost_children();
  second_faults();
  faults_of_boxes();
  interrupted();
  dying_launchers();
  dw_end();
  box_end();
  OK(access(box_top, F_OK) == -1, "the test leaves nothing");
  return tap_done();
}
