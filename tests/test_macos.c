/* test_macos.c: the engine for macOS against macOS itself, for `make test` on a Mac. The program launches itself, to
 * try what the target may do (macos_probe.h). The same is done without walls first, so that what is refused inside is
 * refused by the sandbox; test_sbpl asks the model of a profile about the same rows (macos_rows.h).
 * On Linux it runs in the emulation of darwin/darwin.h, which enforces nothing: there each operation is expected to be
 * done, and what is left to see is that the rest of the test is right.
 * What fails on a Mac is told with the profile, and with the command that shows what the kernel refused. */
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
#include "macos_probe.h"
#include "macos_rows.h"
#include <ftw.h>

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
  if (code == JAILER_OK && c.engine != JAILER_ENGINE_NONE)
    code = jailer_sbpl_plan(plan, profile, sizeof profile, NULL, &err);
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
  for (ssize_t n; from >= 0 && size < sizeof out - 1 && (n = read(from, out + size, sizeof out - 1 - size)) > 0;)
    size += (size_t)n;
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
  if (top[0]) nftw(top, remove_one, 16, FTW_PHYS | FTW_DEPTH);
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
             *killed[] = {self, "try", "raise", "9", "", NULL},
             *sleeps[] = {self, "try", "session", "", "", "sleep", "", "", NULL};
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
  LAUNCH_OK(code == JAILER_OK && !status.exited && status.signal == SIGTERM && !proc.pid,
            "one thread waits, another kills");
  close(from);
  config.argv = code7;
  config.outlive_launcher = false;
  code = run(&config);
  LAUNCH_OK(code == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_DEATH,
            "that it ends with its launcher is not to be had");
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
      undone += !OK(rows[i].allowed ? done : refused, "%s: %s %s is %s: %s", what, rows[i].op, name,
                    rows[i].allowed ? "allowed" : "refused", line);
    else if (!done && ++undone) printf("# %s %s: %s\n", rows[i].op, name, line);
  }
  if (!what || !WALL)
    OK(good && !undone, "%s: each of %zu operations can be done", what ? what : "without walls", count);
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
  const char *script =
      file("script", "#!/bin/sh\nx=$(echo in a child)\ncd / && echo \"$x\" \"$1\" | cat\nexit 3\n", 0755);
  const char *of_script[] = {script, "of a script", NULL}, *cat[] = {"/bin/cat", "/etc/passwd", NULL},
             *bare[] = {"env", "echo", "found", NULL}, *missing[] = {"/no/such/program", NULL},
             *plain[] = {file("plain", "text\n", 0644), NULL};
  jailer_config config = strict(of_script);
  jailer_code code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(3) && !strcmp(out, "in a child of a script\n"),
            "a script, its interpreter and its children");
  config.argv = cat;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(0) && strstr(out, "root:"), "/bin/cat /etc/passwd");
  config.argv = bare;
  code = run(&config);
  LAUNCH_OK(code == JAILER_OK && ended_with(0) && !strcmp(out, "found\n"),
            "a program by its name in PATH, which executes another");
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
  } tried[] = {{JAILER_ENTRY_SHARED, "create", "/new", true}, {JAILER_ENTRY_SOCKETS, "bind", "/s", true},
               {JAILER_ENTRY_TMP, "mkdir", "/made", true},    {JAILER_ENTRY_LOGS, "create", "/log", true},
               {JAILER_ENTRY_BIN, "list", "", true},          {JAILER_ENTRY_EXIT, "write", "", true}};
  static const struct {
    jailer_entry entry;
    const char *op, *name;
  } fenced[] = {{JAILER_ENTRY_BIN, "create", "/new"}, {JAILER_ENTRY_BOX, "list", ""},
                {JAILER_ENTRY_PID, "read", ""},       {JAILER_ENTRY_LOCK, "write", ""},
                {JAILER_ENTRY_COPIES, "read", ""},    {JAILER_ENTRY_HOME, "list", ""}};
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
  OK(!strcmp(text_of(config->layout, JAILER_ENTRY_STDERR), "complaint\n"),
     "shim.stderr has what it wrote to its standard error");
}

/* What a target leaves in a session of its own holds the pipe: whether that is closed when the target's end has been
   waited for, or -1. */
static int left_behind(const jailer_config *config) {
  int from = -1, closed = -1;
  char text[64] = "";
  size_t size = 0;
  jailer_code code = start(config, &from);
  for (ssize_t n; from >= 0 && !strstr(text, "ok\n") && (n = read(from, text + size, sizeof text - 1 - size)) > 0;)
    text[size += (size_t)n] = 0;
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
  struct pollfd end = {from, POLLIN, 0};
  if (code == JAILER_OK && ended_with(5) && strstr(text, "ok\n"))
    closed = poll(&end, 1, config->layout ? 10000 : 300) > 0;
  if (closed == 0 && atoi(text) > 1) kill(atoi(text), SIGKILL);
  close(from);
  return closed;
}

static void boxes(void) {
  jailer_layout layout;
  char home[160], exit_path[JAILER_PATH_MAX], pid[32], told[64] = "";
  size_t length = 0;
  int from = -1;
  snprintf(home, sizeof home, "%s/home", top);
  LAUNCH_OK(jailer_layout_init(&layout, home, "demo", &err) == JAILER_OK &&
                jailer_layout_prepare(&layout, 0, 0, &err) == JAILER_OK,
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
  LAUNCH_OK(jailer_box_exit(&layout, told, sizeof told - 1, &length, &err) == JAILER_OK && !strcmp(told, "told\n"),
            "what it told in `exit` is read");
  const char *escapes[] = {"shim", "try", "escape", "", "", "exit", "5", "", NULL};
  config.argv = escapes;
  LAUNCH_OK(left_behind(&config) == 1, "what it leaves in a session of its own ends with it");
  const char *alone[] = {self, "try", "escape", "", "", "exit", "5", "", NULL};
  const jailer_config outside = strict(alone);
  LAUNCH_OK(left_behind(&outside) == 0, "but goes on where there is no box");
  config.argv = sleeps;
  code = start(&config, &from);
  snprintf(pid, sizeof pid, "%d", (int)proc.pid);
  LAUNCH_OK(code == JAILER_OK && proc.pid > 0 && atoi(text_of(&layout, JAILER_ENTRY_PID)) == proc.pid,
            "while it runs its pid file says so");
  jailer_proc second;
  LAUNCH_OK(jailer_launch(&config, &second, &err) == JAILER_E_BUSY, "a second launch meanwhile is E_BUSY");
  LAUNCH_OK(jailer_layout_remove(&layout, &err) == JAILER_E_BUSY, "and it cannot be removed");
  if (code == JAILER_OK) code = jailer_kill(&proc, SIGTERM, &err);
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
  close(from);
  LAUNCH_OK(code == JAILER_OK && status.signal == SIGTERM && !*text_of(&layout, JAILER_ENTRY_PID),
            "it is ended, and the pid file is gone");
  LAUNCH_OK(jailer_layout_remove(&layout, &err) == JAILER_OK &&
                jailer_layout_remove(&layout, &err) == JAILER_E_NOT_FOUND,
            "it is removed");
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
