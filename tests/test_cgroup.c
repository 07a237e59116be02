/* test_cgroup.c: the target starts in the cgroup that the configuration names, whichever way the kernel has for that; what
 * refuses that is an error that says so; limits hold where this machine's cgroup2 has controllers. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel is made to answer: one of the ways into a cgroup is taken away. Shared with the child (CLONE_VM). */
static volatile enum { AS_IT_IS, NO_CLONE3, NO_INTO_CGROUP, MOVES_NOBODY } kernel;

__attribute__((no_sanitize("address", "undefined"))) static _Bool hook(long nr, const long args[6], long *result) {
  if (nr == SYS_clone3 && (kernel == NO_CLONE3 || kernel == MOVES_NOBODY)) return *result = -ENOSYS, 1;
  if (nr == SYS_clone3 && kernel == NO_INTO_CGROUP && args[1] > 64) return *result = -E2BIG, 1; /* as 5.3 to 5.6 */
  if (nr == SYS_write && kernel == MOVES_NOBODY && args[2] == 1 && *(const char *)args[1] == '0') return *result = 1, 1;
  return 0;
}

#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

static jailer_error err;
static char root[PATH_MAX]; /* where cgroup2 is mounted; "": nowhere */
static char top[PATH_MAX];  /* a cgroup of this test's own; "": none, an ordinary user */
static char box[PATH_MAX + 8];
static const char *const sleeper[] = {"/bin/sh", "-c", "sleep 100 & echo ready; wait", NULL};

static bool write_text(const char *dir, const char *name, const char *text) {
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return good;
}

static const char *read_text(const char *dir, const char *name) {
  static char text[4096];
  char path[2 * PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  text[n > 0 ? n : 0] = 0;
  if (fd >= 0) close(fd);
  return text;
}

/* How many processes a cgroup has, and whether one of them is pid. */
static int members(const char *dir, pid_t pid, bool *there) {
  int count = 0;
  *there = false;
  const char *text = read_text(dir, "cgroup.procs");
  for (const char *at = text; *at; at = strchr(at, '\n') + 1) {
    count++;
    if (atoi(at) == pid) *there = true;
  }
  return count;
}

static void find_root(void) {
  char line[8192], path[PATH_MAX], type[64];
  FILE *f = fopen("/proc/self/mounts", "r");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "%*s %4095s %63s", path, type) == 2 && !strcmp(type, "cgroup2")) strcpy(root, path);
  if (f) fclose(f);
  if (root[0] || geteuid() != 0) return;
  strcpy(path, "/tmp/jailer-cgroup.XXXXXX"); /* none: one of our own, gone with this process */
  if (mkdtemp(path) && !unshare(CLONE_NEWNS) && !mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
      !mount("none", path, "cgroup2", 0, NULL))
    strcpy(root, path);
}

/* One launch that has said "ready". */
static jailer_code start(jailer_config *c, jailer_proc *proc) {
  int ends[2];
  char text[8] = "";
  if (pipe2(ends, O_CLOEXEC)) return JAILER_E_SYSTEM;
  jailer_fd fd = {ends[1], true, 1};
  c->fds = &fd;
  c->fd_count = 1;
  if (!c->argv) c->argv = sleeper;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_launch(c, proc, &err);
  close(ends[1]);
  if (code == JAILER_OK && read(ends[0], text, 6) != 6) code = JAILER_E_DIED;
  close(ends[0]);
  return code;
}

static void end(jailer_proc *proc) {
  jailer_kill(proc, SIGKILL, NULL);
  jailer_wait(proc, -1, NULL, NULL);
}

static jailer_config config_new(const char *cgroup) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.cgroup = cgroup;
  return c;
}

/* Launched, in the cgroup, and the report says so. at_least: processes that must be there with it. */
static void row_inside(jailer_config *c, int at_least, const char *name) {
  jailer_proc proc;
  jailer_report report;
  bool there = false;
  jailer_code code = start(c, &proc);
  if (code) printf("# %s: %s: %s\n", jailer_code_name(code), err.step ? err.step : "", err.message);
  if (!OK(code == JAILER_OK, "%s: launched", name)) return;
  OK(members(box, proc.pid, &there) >= at_least && there, "%s: the process and its children are in the cgroup", name);
  code = jailer_report_read(&proc, &report, &err);
  OK(code == JAILER_OK && report.layer[JAILER_LAYER_CGROUP].state == JAILER_APPLIED &&
         report.layer[JAILER_LAYER_CGROUP].verified,
     "%s: the report says applied, and that the kernel confirms it", name);
  const char *tail = report.layer[JAILER_LAYER_CGROUP].detail;
  const size_t n = strlen(box), m = strlen(tail);
  OK(m > 1 && m < n && !strcmp(box + n - m, tail), "%s: and where: %s", name, tail);
  end(&proc);
}

static void test_ways(void) {
  jailer_config c = config_new(box);
  row_inside(&c, 2, "strict");
  c.with_init = true;
  row_inside(&c, 3, "with an init");
  c = config_new(box);
  c.outlive_launcher = c.allow_network = c.allow_userns = true;
  row_inside(&c, 2, "with grants of power");
  c = config_new(box);
  c.engine = JAILER_ENGINE_NONE;
  row_inside(&c, 2, "engine none");
  c = config_new(box);
  kernel = NO_INTO_CGROUP;
  row_inside(&c, 2, "before 5.7");
  kernel = NO_CLONE3;
  row_inside(&c, 2, "without clone3");
  c.with_init = true;
  row_inside(&c, 3, "without clone3, with an init");
  kernel = MOVES_NOBODY;
  jailer_proc proc;
  jailer_code code = start(&c, &proc);
  kernel = AS_IT_IS;
  OK(code == JAILER_E_READBACK && err.layer == JAILER_LAYER_CGROUP, "a move that did not happen is E_READBACK");
  if (!code) end(&proc);
}

/* What the target itself sees: its cgroup is the root of its view; without a cgroup namespace, or without a cgroup, not. */
static void test_view(void) {
  static const char *const cat[] = {"/bin/sh", "-c", "cat /proc/self/cgroup", NULL};
  int ends[2];
  char text[4096] = "";
  jailer_proc proc;
  jailer_status status;
  jailer_config c = config_new(box);
  if (!OK(pipe(ends) == 0, "a pipe")) return;
  jailer_fd fd = {ends[1], true, 1};
  c.argv = cat;
  c.fds = &fd;
  c.fd_count = 1;
  jailer_code code = jailer_launch(&c, &proc, &err);
  close(ends[1]);
  for (size_t at = 0; at < sizeof text - 1;) {
    ssize_t n = read(ends[0], text + at, sizeof text - 1 - at);
    if (n <= 0) break;
    at += (size_t)n;
  }
  close(ends[0]);
  if (!code) jailer_wait(&proc, -1, &status, NULL);
  const char *line = strstr(text, "0::");
  OK(!code && line && !strcmp(line, "0::/\n"), "inside, the cgroup is the root of all there is");
}

static void test_kill(void) {
  jailer_config c = config_new(box);
  jailer_proc proc;
  jailer_status status;
  bool there;
  c.with_init = true;
  jailer_code code = start(&c, &proc);
  if (!OK(code == JAILER_OK, "cgroup.kill: launched")) return;
  char path[PATH_MAX + 32];
  snprintf(path, sizeof path, "%s/cgroup.kill", box);
  if (access(path, F_OK) == 0) { /* Linux 5.14 */
    OK(write_text(box, "cgroup.kill", "1"), "cgroup.kill: written");
    code = jailer_wait(&proc, 10000, &status, &err);
    OK(code == JAILER_OK && !status.exited && status.signal == SIGKILL, "cgroup.kill: the target is gone, with SIGKILL");
  } else {
    end(&proc);
  }
  for (int tries = 0; tries < 1000 && members(box, 0, &there); tries++) usleep(10000);
  OK(members(box, 0, &there) == 0, "cgroup.kill: nobody is left");
}

static void row_refused(const char *cgroup, jailer_code wanted, const char *says, const char *name) {
  jailer_config c = config_new(cgroup);
  jailer_proc proc;
  jailer_code code = start(&c, &proc);
  OK(code == wanted && err.code == wanted && err.message[0] && strstr(err.message, says), "%s: %s, \"%s\"", name,
     jailer_code_name(code), err.message);
  OK(code == JAILER_E_INVALID || err.layer == JAILER_LAYER_CGROUP, "%s: about the layer cgroup", name);
  if (!code) end(&proc);
}

static void test_refused(void) {
  char path[PATH_MAX + 64];
  snprintf(path, sizeof path, "%s/nobody-made-this", root);
  row_refused(path, JAILER_E_NOT_FOUND, "mkdir", "a cgroup that is not there");
  row_refused("/usr", JAILER_E_INVALID, "cgroup v2", "an ordinary directory");
  row_refused("/etc/passwd", JAILER_E_INVALID, "directory", "a file");
  row_refused("relative/path", JAILER_E_INVALID, "absolute", "a relative path");
}

static void test_version_1(void) {
  char line[8192], path[PATH_MAX] = "", type[64];
  FILE *f = fopen("/proc/self/mounts", "r");
  while (f && !path[0] && fgets(line, sizeof line, f))
    if (sscanf(line, "%*s %4095s %63s", path, type) != 2 || strcmp(type, "cgroup")) path[0] = 0;
  if (f) fclose(f);
  if (!path[0]) {
    printf("# no cgroup of version 1 is mounted here\n");
    return;
  }
  row_refused(path, JAILER_E_UNSUPPORTED, "cgroup v2", "a cgroup of version 1");
  jailer_config c = config_new(path);
  jailer_proc proc;
  jailer_report report;
  c.may_degrade = JAILER_BIT(JAILER_LAYER_CGROUP);
  jailer_code code = start(&c, &proc);
  if (!OK(code == JAILER_OK, "version 1, the layer may degrade: launched")) return;
  OK(jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_CGROUP].state == JAILER_DEGRADED && (proc.degraded & c.may_degrade),
     "version 1, the layer may degrade: the report says degraded");
  end(&proc);
}

static void test_odd(void) {
  char path[PATH_MAX + 16];
  jailer_plan *plan = NULL;
  jailer_proc proc;
  const char *const argv[] = {"/bin/true", NULL};
  snprintf(path, sizeof path, "%s/gone", top);
  mkdir(path, 0755);
  jailer_config c = config_new(path);
  c.argv = argv;
  jailer_code code = jailer_plan_new(&c, NULL, &plan, &err);
  rmdir(path);
  if (!code) code = jailer_spawn(plan, &proc, &err);
  OK(code == JAILER_E_CHANGED && err.layer == JAILER_LAYER_CGROUP, "removed between plan and launch: %s",
     jailer_code_name(code));
  jailer_plan_free(plan);
  snprintf(path, sizeof path, "%s/threaded", top);
  mkdir(path, 0755);
  if (OK(write_text(path, "cgroup.type", "threaded"), "a threaded cgroup is made"))
    row_refused(path, JAILER_E_SYSTEM, "cgroup.type", "a threaded cgroup");
  rmdir(path);
}

/* Controllers: this machine's cgroup2 may have none (they are bound to version 1); kernels with a unified tree have. */
static void test_limits(void) {
  char path[PATH_MAX + 16], text[32] = "";
  jailer_proc proc;
  jailer_status status;
  snprintf(path, sizeof path, "%s/limited", top);
  const char *controllers = read_text(root, "cgroup.controllers");
  if (!strstr(controllers, "pids") || !strstr(controllers, "memory")) {
    printf("# cgroup2 has no pids and memory controllers here: tests/kernels shows limits\n");
    return;
  }
  /* memory is a controller of domains: who hands it on holds no processes itself */
  OK(write_text(root, "cgroup.subtree_control", "+pids +memory") &&
         write_text(top, "cgroup.subtree_control", "+pids +memory") &&
         mkdir(path, 0755) == 0 && write_text(path, "pids.max", "4"),
     "limits: a cgroup of four processes");
  row_refused(top, JAILER_E_SYSTEM, "subtree_control", "a cgroup that hands controllers on");
  static const char *const bomb[] = {"/bin/sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 100 & done; echo all", NULL};
  jailer_config c = config_new(path);
  int ends[2];
  if (!OK(pipe(ends) == 0, "a pipe")) return;
  jailer_fd fds[] = {{ends[1], true, 1}, {ends[1], true, 2}};
  c.argv = bomb;
  c.fds = fds;
  c.fd_count = 2;
  jailer_code code = jailer_launch(&c, &proc, &err);
  close(ends[1]);
  if (!code) code = jailer_wait(&proc, 20000, &status, &err);
  ssize_t n = read(ends[0], text, sizeof text - 1);
  close(ends[0]);
  OK(!code && !(n > 0 && !strcmp(text, "all\n")), "limits: the fifth process is not to be had");
  OK(strstr(read_text(path, "pids.events"), "max 0") == NULL, "limits: the kernel counted that");
  OK(write_text(path, "pids.max", "0"), "limits: none at all");
  c = config_new(path);
  code = start(&c, &proc);
  OK(code == JAILER_E_SYSTEM && err.sys_errno == EAGAIN && strstr(err.message, "pids.max"),
     "limits: with none left the launch says pids.max");
  if (!code) end(&proc);
  rmdir(path);
}

/* A delegated tree: its owner, an ordinary user that runs in it, may launch into it, and not into its neighbour. */
static void test_delegated(void) {
  const uid_t uid = 12345;
  char mine[PATH_MAX + 16], launcher[PATH_MAX + 32], inside[PATH_MAX + 32], file[PATH_MAX + 64];
  snprintf(mine, sizeof mine, "%s/mine", top);
  snprintf(launcher, sizeof launcher, "%s/launcher", mine);
  snprintf(inside, sizeof inside, "%s/box", mine);
  mkdir(mine, 0755), mkdir(launcher, 0755), mkdir(inside, 0755);
  static const char *const dirs[] = {"", "/launcher", "/box"};
  for (int i = 0; i < 3; i++) {
    snprintf(file, sizeof file, "%s%s", mine, dirs[i]);
    if (chown(file, uid, uid)) printf("# chown: %s\n", strerror(errno));
    snprintf(file, sizeof file, "%s%s/cgroup.procs", mine, dirs[i]);
    if (chown(file, uid, uid)) printf("# chown: %s\n", strerror(errno));
  }
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    jailer_proc proc;
    bool there;
    int bad = 0;
    if (!write_text(launcher, "cgroup.procs", "0") || setgroups(0, NULL) || setresgid(uid, uid, uid) ||
        setresuid(uid, uid, uid) || prctl(PR_SET_DUMPABLE, 1))
      _exit(64);
    jailer_config c = config_new(inside);
    jailer_code code = start(&c, &proc);
    if (code) printf("# %s: %s\n", jailer_code_name(code), err.message), bad |= 1;
    else members(inside, proc.pid, &there), bad |= there ? 0 : 2, end(&proc);
    c = config_new(box);
    code = start(&c, &proc);
    if (code != JAILER_E_DENIED || err.layer != JAILER_LAYER_CGROUP || !strstr(err.message, "delegation")) bad |= 4;
    if (!code) end(&proc);
    kernel = NO_INTO_CGROUP;
    c = config_new(inside);
    code = start(&c, &proc);
    if (code) printf("# %s: %s\n", jailer_code_name(code), err.message), bad |= 8;
    else members(inside, proc.pid, &there), bad |= there ? 0 : 8, end(&proc);
    fflush(stdout);
    _exit(bad);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  const int bad = WIFEXITED(status) ? WEXITSTATUS(status) : 64;
  OK(!(bad & 64), "delegated: an ordinary launcher in its own tree");
  OK(!(bad & 3), "delegated: its target is in the cgroup it named");
  OK(!(bad & 4), "delegated: a neighbour's cgroup is E_DENIED and says delegation");
  OK(!(bad & 8), "delegated: before 5.7 likewise");
  for (int i = 2; i >= 0; i--) {
    snprintf(file, sizeof file, "%s%s", mine, dirs[i]);
    for (int tries = 0; rmdir(file) && tries < 500; tries++) usleep(10000);
  }
}

/* An ordinary user whom nobody delegated anything. */
static void test_ordinary(void) {
  row_refused(root, JAILER_E_DENIED, "delegation", "a cgroup of root's");
  jailer_config c = config_new(root);
  jailer_proc proc;
  jailer_report report;
  c.may_degrade = JAILER_BIT(JAILER_LAYER_CGROUP);
  jailer_code code = start(&c, &proc);
  if (!OK(code == JAILER_OK, "the layer may degrade: launched")) return;
  OK(jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_CGROUP].state == JAILER_DEGRADED &&
         report.layer[JAILER_LAYER_CGROUPNS].state == JAILER_APPLIED,
     "the layer may degrade: and only this one is gone");
  end(&proc);
}

static void test_not_requested(void) {
  jailer_config c = config_new(NULL);
  jailer_proc proc;
  jailer_report report;
  jailer_code code = start(&c, &proc);
  if (!OK(code == JAILER_OK, "none named: launched")) return;
  OK(jailer_report_read(&proc, &report, &err) == JAILER_OK &&
         report.layer[JAILER_LAYER_CGROUP].state == JAILER_NOT_REQUESTED && !proc.degraded,
     "none named: not requested, and nothing is degraded");
  end(&proc);
}

int main(void) {
  find_root();
  if (!root[0]) return tap_skip("cgroups", "no cgroup2 file system is mounted"), tap_done();
  test_not_requested();
  test_refused();
  test_version_1();
  snprintf(top, sizeof top, "%.4000s/jailer-test-%d", root, (int)getpid());
  if (geteuid() != 0 || mkdir(top, 0755)) {
    test_ordinary();
    return tap_done();
  }
  snprintf(box, sizeof box, "%s/box", top);
  OK(mkdir(box, 0755) == 0, "a cgroup for the box");
  test_ways();
  test_view();
  test_kill();
  test_odd();
  test_delegated();
  bool there;
  for (int tries = 0; tries < 1000 && members(box, 0, &there); tries++) usleep(10000);
  OK(rmdir(box) == 0, "nobody is left in the cgroup");
  test_limits();
  OK(rmdir(top) == 0, "nothing is left of it");
  return tap_done();
}
