/* test_errors.c: every code, provoked through the public functions; a code without a row here is a failure. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool no_memory;
static void *hook_malloc(size_t size) { return no_memory ? NULL : malloc(size); }
static void *hook_realloc(void *p, size_t size) { return no_memory ? NULL : realloc(p, size); }
#define JAILER_MALLOC(size) hook_malloc(size)
#define JAILER_REALLOC(p, size) hook_realloc(p, size)
#define JAILER_FREE(p) free(p)
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

static void test_text(void) {
  jailer_error e;
  char line[64], guard[8];
  memset(&e, 0, sizeof e);
  memset(line, 'x', sizeof line);
  memset(guard, 'x', sizeof guard);
  OK(jailer_error_text(&e, line, sizeof line) == strlen(line) && !strcmp(line, "OK: nothing failed"),
     "text: of no error: %s", line);
  jl_fail(&e, JAILER_E_SYSTEM, JAILER_LAYER_MOUNTS, "step", "item", 2, "message");
  OK(jailer_error_text(&e, line, sizeof line) == strlen(line) &&
         !strcmp(line, "E_SYSTEM: mounts: step: item: errno 2 ENOENT: message"),
     "text: %s", line);
  OK(jailer_error_text(&e, guard, 5) == 4 && !strcmp(guard, "E_SY") && guard[5] == 'x', "text: cut to the array");
  OK(jailer_error_text(&e, guard, 1) == 0 && guard[0] == 0 && jailer_error_text(&e, guard, 0) == 0 &&
         jailer_error_text(&e, NULL, 9) == 0 && jailer_error_text(NULL, guard, 8) == 0,
     "text: no room, no array, no error");
  e.sys_errno = 9999;
  jailer_error_text(&e, line, sizeof line);
  OK(strstr(line, "errno 9999: message"), "text: an errno without a name");
  memset(&e, 0, sizeof e);
  e.code = JAILER_E_LIMIT;
  e.step = "step";
  memset(e.item, 'i', sizeof e.item - 1);
  memset(e.message, 'm', sizeof e.message - 1);
  e.layer = JAILER_LAYER_LANDLOCK;
  char big[2048];
  size_t n = jailer_error_text(&e, big, sizeof big);
  OK(n == strlen(big) && n > 255 + 511 && big[n - 1] == 'm', "text: the longest error is whole");
}

static void test_names(void) {
  bool good = true;
  for (int i = 0; i < JAILER_CODE_COUNT; i++)
    for (int k = 0; k < i; k++)
      good = good && strcmp(jailer_code_name((jailer_code)i), jailer_code_name((jailer_code)k)) != 0;
  OK(good && !strcmp(jailer_code_name((jailer_code)JAILER_CODE_COUNT), "E_UNKNOWN") &&
         !strcmp(jailer_code_name((jailer_code)-1), "E_UNKNOWN"),
     "names: of codes");
  good = true;
  for (int i = 0; i < JAILER_LAYER_COUNT; i++) {
    const char *name = jailer_layer_name((jailer_layer)i);
    good = good && name[0] && jailer_layer_by_name(name) == (jailer_layer)i;
    for (int k = 0; k < i; k++) good = good && strcmp(name, jailer_layer_name((jailer_layer)k)) != 0;
  }
  OK(good && jailer_layer_by_name(NULL) == JAILER_LAYER_NONE && jailer_layer_by_name("") == JAILER_LAYER_NONE &&
         jailer_layer_by_name("Landlock") == JAILER_LAYER_NONE &&
         !strcmp(jailer_layer_name((jailer_layer)99), "unknown"),
     "names: of layers, both ways");
  OK(!strcmp(jailer_engine_name(JAILER_ENGINE_NATIVE), "native") &&
         !strcmp(jailer_engine_name((jailer_engine)-1), "unknown") &&
         !strcmp(jailer_state_name(JAILER_DEGRADED), "degraded") &&
         !strcmp(jailer_state_name((jailer_state)99), "unknown"),
     "names: of engines and states");
}

#if JL_LINUX

/* --- every code, provoked --- */

static char dir[256];
static jailer_error err;
static jailer_host host;
static const char *const shell[] = {"/bin/sh", "-c", "exit 0", NULL}, *const sleeper[] = {"/bin/sh", "-c", "sleep 100",
                                                                                          NULL};

static char *in_dir(const char *name) {
  static char ring[16][400];
  static int at;
  char *path = ring[at++ % 16];
  snprintf(path, sizeof ring[0], "%s/%s", dir, name);
  return path;
}

static void put(const char *name, const void *bytes, size_t n) {
  int fd = open(in_dir(name), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, bytes, n) != (ssize_t)n) printf("# %s: not written\n", name);
  if (fd >= 0) close(fd);
}

static jailer_config config_new(void) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.argv = shell;
  return c;
}

static jailer_code plan_only(const jailer_config *c, const jailer_host *h) {
  jailer_plan *plan = NULL;
  jailer_code code = jailer_plan_new(c, h, &plan, &err);
  jailer_plan_free(plan);
  return code;
}

/* Launches; a target that starts against expectation is ended. */
static jailer_code launch(const jailer_config *c) {
  jailer_proc proc;
  jailer_code code = jailer_launch(c, &proc, &err);
  if (code == JAILER_OK) {
    jailer_kill(&proc, SIGKILL, NULL);
    jailer_wait(&proc, -1, NULL, NULL);
  }
  return code;
}

/* --- one function for each code --- */

static jailer_code provoke_ok(void) {
  jailer_config c = config_new();
  jailer_proc proc;
  jailer_status status;
  jailer_code code = jailer_launch(&c, &proc, &err);
  if (code == JAILER_OK) code = jailer_wait(&proc, -1, &status, &err);
  return code == JAILER_OK && status.exited && status.exit_code == 0 ? JAILER_OK : JAILER_CODE_COUNT;
}

static jailer_code provoke_invalid(void) {
  const char *const relative[] = {"bin/sh", NULL};
  jailer_config c = config_new();
  c.argv = relative;
  return launch(&c);
}

static jailer_code provoke_conflict(void) {
  jailer_config c = config_new();
  jailer_grant g[] = {{dir, NULL, JAILER_READ, false}, {dir, NULL, JAILER_WRITE, false}};
  c.grants = g;
  c.grant_count = 2;
  return launch(&c);
}

static jailer_code provoke_not_found(void) {
  jailer_config c = config_new();
  jailer_grant g = {in_dir("nothing"), NULL, JAILER_READ, false};
  c.grants = &g;
  c.grant_count = 1;
  return launch(&c);
}

static jailer_code provoke_unsafe(void) {
  jailer_config c = config_new();
  jailer_fd fd = {open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), true, 3};
  c.fds = &fd;
  c.fd_count = 1;
  jailer_code code = launch(&c);
  close(fd.fd);
  return code;
}

/* A box with a disk, its chain recorded at the first launch. */
static jailer_layout layout;

static bool box_new(const char *id, const char *backing) {
  uint8_t image[104 + 16 + 1024];
  char path[JAILER_PATH_MAX];
  const size_t n = backing ? strlen(backing) : 0;
  memset(image, 0, sizeof image);
  memcpy(image, "QFI\xfb\0\0\0\x03", 8);
  image[15] = (uint8_t)(n ? 120 : 0); /* the name after the format extension */
  image[19] = (uint8_t)n;
  image[23] = 16;   /* cluster_bits */
  image[30] = 16;   /* a size of 1 MiB */
  image[39] = 1;    /* one L1 entry */
  image[45] = 3;    /* L1 table at 0x30000 */
  image[53] = 1;    /* refcount table at 0x10000 */
  image[59] = 1;    /* one cluster */
  image[99] = 4;    /* refcount_order */
  image[103] = 104; /* header_length */
  if (n) {
    memcpy(image + 104, "\xe2\x79\x2a\xca\0\0\0\x03raw", 11);
    memcpy(image + 120, backing, n);
  }
  snprintf(path, sizeof path, "home/boxes/%s/disks/disk.qcow2", id);
  if (jailer_layout_init(&layout, in_dir("home"), id, &err) || jailer_layout_prepare(&layout, 0, 0, &err)) {
    printf("# box: %s: %s: %s\n", err.step, err.item, err.message);
    return false;
  }
  put(path, image, sizeof image);
  return true;
}

static jailer_config box_config(void) {
  jailer_config c = config_new();
  c.layout = &layout;
  return c;
}

/* A granted directory that is swapped between plan and launch. A root launcher mounts the inode that it pinned, so it
   is told to be an ordinary one, whose child looks the path up again. */
static jailer_code provoke_changed(void) {
  jailer_config c = config_new();
  jailer_host h = host;
  jailer_grant g = {in_dir("swap"), NULL, JAILER_READ, false};
  jailer_plan *plan = NULL;
  jailer_proc proc;
  h.privileged = false;
  c.allow_host_root = h.uid == 0;
  c.grants = &g;
  c.grant_count = 1;
  if (mkdir(in_dir("swap"), 0755) || jailer_plan_new(&c, &h, &plan, &err)) return JAILER_CODE_COUNT;
  if (rename(in_dir("swap"), in_dir("swapped")) || mkdir(in_dir("swap"), 0755)) return JAILER_CODE_COUNT;
  jailer_code code = jailer_spawn(plan, &proc, &err);
  if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  jailer_plan_free(plan);
  return code;
}

static jailer_code provoke_chain(void) {
  put("outside", "x", 1);
  if (!box_new("chain", in_dir("outside"))) return JAILER_CODE_COUNT;
  jailer_config c = box_config();
  c.trust_chain_on_first_use = true;
  return plan_only(&c, NULL);
}

static jailer_code provoke_format(void) {
  if (!box_new("format", NULL)) return JAILER_CODE_COUNT;
  put("home/boxes/format/disks/disk.qcow2", "not an image", 12);
  jailer_config c = box_config();
  c.trust_chain_on_first_use = true;
  return plan_only(&c, NULL);
}

static jailer_code provoke_no_record(void) {
  if (!box_new("fresh", NULL)) return JAILER_CODE_COUNT;
  jailer_config c = box_config();
  return plan_only(&c, NULL);
}

static jailer_code provoke_busy(void) {
  if (jailer_layout_init(&layout, in_dir("home"), "busy", &err)) return JAILER_CODE_COUNT;
  jailer_config c = box_config();
  jailer_plan *first = NULL, *second = NULL;
  if (jailer_plan_new(&c, NULL, &first, &err)) return JAILER_CODE_COUNT;
  jailer_code code = jailer_plan_new(&c, NULL, &second, &err);
  jailer_plan_free(first);
  jailer_plan_free(second);
  return code;
}

static jailer_code provoke_unsupported(void) {
  jailer_config c = config_new();
  jailer_host h = host;
  h.landlock_abi = 0;
  return plan_only(&c, &h);
}

static jailer_code provoke_denied(void) {
  jailer_config c = config_new();
  jailer_host h = host;
  h.uid = 0;
  h.privileged = h.nested = false;
  return plan_only(&c, &h);
}

static jailer_code provoke_system(void) {
  jailer_config c = config_new();
  jailer_grant g = {in_dir("loop"), NULL, JAILER_READ, false};
  if (symlink("loop", g.path) && errno != EEXIST) return JAILER_CODE_COUNT;
  c.grants = &g;
  c.grant_count = 1;
  return launch(&c);
}

static jailer_code provoke_no_memory(void) {
  jailer_config c = config_new();
  no_memory = true;
  jailer_code code = launch(&c);
  no_memory = false;
  return code;
}

static jailer_code provoke_limit(void) {
  char path[JAILER_PATH_MAX + 2];
  memset(path, 'a', sizeof path);
  path[0] = '/';
  path[sizeof path - 1] = 0;
  jailer_config c = config_new();
  jailer_grant g = {path, NULL, JAILER_READ, true};
  c.grants = &g;
  c.grant_count = 1;
  return launch(&c);
}

static jailer_code provoke_timeout(void) {
  jailer_config c = config_new();
  c.argv = sleeper;
  jailer_proc proc;
  jailer_code code = jailer_launch(&c, &proc, &err);
  if (code) return JAILER_CODE_COUNT;
  code = jailer_wait(&proc, 10, NULL, &err);
  jailer_kill(&proc, SIGKILL, NULL);
  jailer_wait(&proc, -1, NULL, NULL);
  return code;
}

/* Kills the children of this process while it launches. */
static volatile int killing;

static void *kill_children(void *unused) {
  (void)unused;
  while (killing) {
    DIR *proc = opendir("/proc");
    for (struct dirent *e = proc ? readdir(proc) : NULL; e; e = readdir(proc)) {
      char path[300], text[512] = "", state;
      int pid = atoi(e->d_name), parent = 0;
      if (pid <= getpid()) continue;
      snprintf(path, sizeof path, "/proc/%d/stat", pid);
      int fd = open(path, O_RDONLY | O_CLOEXEC);
      if (fd < 0) continue;
      if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
      close(fd);
      const char *after = strrchr(text, ')');
      if (after && sscanf(after + 1, " %c %d", &state, &parent) == 2 && parent == getpid()) kill(pid, SIGKILL);
    }
    if (proc) closedir(proc);
  }
  return NULL;
}

static jailer_code provoke_died(void) {
  jailer_config c = config_new();
  static char at[2000][40];
  static jailer_grant g[2000]; /* so many that making the root takes a while */
  for (size_t i = 0; i < 2000; i++) {
    snprintf(at[i], sizeof at[i], "/x/%zu/y", i);
    g[i] = (jailer_grant){dir, at[i], JAILER_READ, false};
  }
  c.grants = g;
  c.grant_count = 400;
  jailer_plan *plan = NULL;
  jailer_code code = JAILER_OK;
  if (jailer_plan_new(&c, NULL, &plan, &err)) return JAILER_CODE_COUNT;
  pthread_t killer;
  killing = 1;
  pthread_create(&killer, NULL, kill_children, NULL);
  for (int tries = 0; tries < 200 && code != JAILER_E_DIED; tries++) {
    jailer_proc proc;
    code = jailer_spawn(plan, &proc, &err);
    if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL); /* it was killed a moment later */
  }
  killing = 0;
  pthread_join(killer, NULL);
  jailer_plan_free(plan);
  return code;
}

static jailer_code provoke_exec(void) {
  const char *argv[] = {in_dir("script"), NULL};
  jailer_config c = config_new();
  put("script", "#!/no/such/program\n", 19);
  chmod(argv[0], 0755);
  c.argv = argv;
  return launch(&c);
}

/* The handle claims a layer that the kernel knows nothing of. */
static jailer_code provoke_readback(void) {
  jailer_config c = config_new();
  jailer_report report;
  jailer_proc proc;
  c.argv = sleeper;
  c.engine = JAILER_ENGINE_NONE;
  if (jailer_launch(&c, &proc, &err)) return JAILER_CODE_COUNT;
  proc.layers |= JAILER_BIT(JAILER_LAYER_SECCOMP);
  jailer_code code = jailer_report_read(&proc, &report, &err);
  jailer_kill(&proc, SIGKILL, NULL);
  jailer_wait(&proc, -1, NULL, NULL);
  return code;
}

static jailer_code provoke_status_lost(void) {
  jailer_config c = config_new();
  jailer_proc proc;
  if (jailer_launch(&c, &proc, &err)) return JAILER_CODE_COUNT;
  waitpid(proc.pid, NULL, __WALL); /* somebody else takes it, and without a pidfd there is no second source */
  close(proc.pidfd);
  proc.pidfd = -1;
  return jailer_wait(&proc, -1, NULL, &err);
}

/* One row for each code, at its own index. layer -1 and errno -1: any. */
static const struct row {
  const char *name;
  jailer_code (*provoke)(void);
  int layer, sys_errno;
  const char *step, *item, *remedy; /* texts that must occur; NULL: any */
} rows[JAILER_CODE_COUNT] = {
    [JAILER_OK] = {"OK", provoke_ok, -1, -1, NULL, NULL, NULL},
    [JAILER_E_INVALID] = {"E_INVALID", provoke_invalid, JAILER_LAYER_NONE, 0, "configuration", "bin/sh",
                          "absolute path"},
    [JAILER_E_CONFLICT] = {"E_CONFLICT", provoke_conflict, JAILER_LAYER_MOUNTS, 0, "compare the grants",
                           "jailer-errors", "choose one"},
    [JAILER_E_NOT_FOUND] = {"E_NOT_FOUND", provoke_not_found, JAILER_LAYER_MOUNTS, ENOENT, "open a granted path",
                            "/nothing", "optional"},
    [JAILER_E_UNSAFE] = {"E_UNSAFE", provoke_unsafe, JAILER_LAYER_FDS, 0, "vet a kept descriptor", NULL, "close it"},
    [JAILER_E_CHANGED] = {"E_CHANGED", provoke_changed, JAILER_LAYER_MOUNTS, ESTALE, "with the plan", "/swap",
                          "nothing was launched"},
    [JAILER_E_CHAIN] = {"E_CHAIN", provoke_chain, -1, -1, NULL, "outside", "root"},
    [JAILER_E_FORMAT] = {"E_FORMAT", provoke_format, -1, 0, NULL, "disk.qcow2", NULL},
    [JAILER_E_NO_RECORD] = {"E_NO_RECORD", provoke_no_record, -1, -1, NULL, "disk", "first"},
    [JAILER_E_BUSY] = {"E_BUSY", provoke_busy, -1, -1, NULL, "", NULL},
    [JAILER_E_UNSUPPORTED] = {"E_UNSUPPORTED", provoke_unsupported, JAILER_LAYER_LANDLOCK, 0, "host", "landlock",
                              "degrade"},
    [JAILER_E_DENIED] = {"E_DENIED", provoke_denied, JAILER_LAYER_IDS, EPERM, "uid", "", "allow_host_root"},
    [JAILER_E_SYSTEM] = {"E_SYSTEM", provoke_system, JAILER_LAYER_MOUNTS, ELOOP, "open a granted path", "/loop", NULL},
    [JAILER_E_NO_MEMORY] = {"E_NO_MEMORY", provoke_no_memory, JAILER_LAYER_NONE, ENOMEM, "plan", "",
                            "nothing was started"},
    [JAILER_E_LIMIT] = {"E_LIMIT", provoke_limit, JAILER_LAYER_MOUNTS, 0, "path", "/aaaa", "4095"},
    [JAILER_E_TIMEOUT] = {"E_TIMEOUT", provoke_timeout, JAILER_LAYER_NONE, ETIMEDOUT, "wait for the target", "", NULL},
    [JAILER_E_DIED] = {"E_DIED", provoke_died, -1, 0, NULL, NULL, "killed"},
    [JAILER_E_EXEC] = {"E_EXEC", provoke_exec, -1, ENOENT, "execute the program", "/script", "interpreter"},
    [JAILER_E_READBACK] = {"E_READBACK", provoke_readback, JAILER_LAYER_SECCOMP, 0, "report", "seccomp", "end it"},
    [JAILER_E_STATUS_LOST] = {"E_STATUS_LOST", provoke_status_lost, JAILER_LAYER_NONE, ECHILD, "wait for the target",
                              "", "SIGCHLD"},
};

static bool printable(const char *text, size_t size) {
  size_t n = jl_strnlen(text, size);
  for (size_t i = 0; i < n; i++)
    if (text[i] < 32 || text[i] > 126) return false;
  return n < size;
}

static const struct {
  int number;
  const char *name;
} numbers[] = {{EPERM, "EPERM"},   {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"},       {ELOOP, "ELOOP"},
               {EAGAIN, "EAGAIN"}, {ESTALE, "ESTALE"}, {ETIMEDOUT, "ETIMEDOUT"}, {ECHILD, "ECHILD"}};

static void test_row(int code) {
  const struct row *r = &rows[code];
  if (!OK(r->provoke && r->name, "code %d has a row", code)) return;
  memset(&err, 0, sizeof err);
  err.code = JAILER_CODE_COUNT;
  err.sys_errno = -77;
  jailer_code got = r->provoke();
  OK(got == (jailer_code)code && !strcmp(jailer_code_name(got), r->name), "%s: provoked%s%s", r->name,
     got == (jailer_code)code ? "" : ", but it was ", got == (jailer_code)code ? "" : jailer_code_name(got));
  if (got != (jailer_code)code) {
    printf("# %s: %s: %s\n", err.step ? err.step : "", err.item, err.message);
    return;
  }
  if (code == JAILER_OK) {
    OK(err.code == JAILER_CODE_COUNT && err.sys_errno == -77, "OK: an error is only written by a failure");
    return;
  }
  char line[2048];
  OK(err.code == got && err.step && err.step[0] && (r->layer < 0 || err.layer == (jailer_layer)r->layer) &&
         err.layer < JAILER_LAYER_COUNT,
     "%s: code, step \"%s\", layer %s", r->name, err.step, jailer_layer_name(err.layer));
  OK((r->sys_errno < 0 || err.sys_errno == r->sys_errno) && err.sys_errno >= 0, "%s: errno %d", r->name, err.sys_errno);
  OK((!r->step || strstr(err.step, r->step)) && (!r->item || (*r->item ? strstr(err.item, r->item) != NULL : true)),
     "%s: item \"%s\"", r->name, err.item);
  OK(strlen(err.message) > 12 && (!r->remedy || strstr(err.message, r->remedy)) &&
         printable(err.message, sizeof err.message) && printable(err.item, sizeof err.item) &&
         !strstr(err.message, "  "),
     "%s: \"%s\"", r->name, err.message);
  size_t n = jailer_error_text(&err, line, sizeof line);
  char number[48] = "", want[2048];
  for (size_t i = 0; err.sys_errno && i < sizeof numbers / sizeof numbers[0]; i++)
    if (numbers[i].number == err.sys_errno)
      snprintf(number, sizeof number, ": errno %d %s", err.sys_errno, numbers[i].name);
  snprintf(want, sizeof want, "%s%s%s: %s%s%s%s: %s", r->name, err.layer ? ": " : "",
           err.layer ? jailer_layer_name(err.layer) : "", err.step, err.item[0] ? ": " : "", err.item, number,
           err.message);
  OK(n == strlen(line) && !strcmp(line, want), "%s: as one line", r->name);
}

static int test_rows(void) {
  const char *tmp = getenv("TMPDIR");
  snprintf(dir, sizeof dir, "%.200s/jailer-errors.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  char *real = mkdtemp(dir) ? realpath(dir, NULL) : NULL;
  if (!real || jailer_probe(&host, &err)) {
    printf("Bail out! no directory or no probe\n");
    return 1;
  }
  snprintf(dir, sizeof dir, "%s", real);
  free(real);
  chmod(dir, 0755);
  for (int code = 0; code < JAILER_CODE_COUNT; code++) test_row(code);
  char command[400];
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  OK(system(command) == 0, "cleaned up");
  return 0;
}
#else
static int test_rows(void) { return 0; } /* nothing is launched here */
#endif

int main(void) {
  test_names();
  test_text();
  return test_rows() || tap_done();
}
