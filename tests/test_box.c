/* test_box: launches of a box end to end: one at a time, pid file, stderr, exit and how it is read, the shim's copy, the record of the disks'
 * chains against headers that the box rewrote, names planted for the next launch, and twenty launches that leave nothing. */
#define _GNU_SOURCE
#include <grp.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"

/* --- names that must not be looked up --- */
/* --- the pid file, seen at the moment when it gets its name --- */

static enum { PASS, FAIL, WATCH } pid_rename;
static bool renamed, ran_before;

static bool no_mounts; /* this host cannot mount */

static const char *watched; /* in an absolute path: opening or looking at such a name is counted */
static int watched_times;

static bool hook(long nr, const long args[6], long *result) {
  if (watched && (nr == SYS_openat || nr == JL_NR_openat2 || nr == SYS_statx || nr == SYS_readlinkat) &&
      *(const char *)args[1] == '/' && strstr((const char *)args[1], watched))
    watched_times++;
  if (no_mounts && nr == SYS_mount) return *result = -EPERM, true;
  if (pid_rename == PASS || nr != SYS_renameat || strcmp((const char *)args[3], "shim.pid") != 0) return false;
  renamed = true;
  if (pid_rename == FAIL) return *result = -EIO, true;
  usleep(100000);
  ran_before = access(box_path("./shared/ran"), F_OK) == 0;
  return false;
}

static box_ran ran, other;

static const char *error_of(const box_ran *r) {
  static char text[1024];
  if (r->code == JAILER_OK) return "it was launched";
  jailer_error_text(&r->err, text, sizeof text);
  return text;
}

static void start(box_ran *r, const jailer_config *config, const char *a, const char *b) {
  char first[JAILER_PATH_MAX], second[JAILER_PATH_MAX];
  char *ops[] = {first, second, NULL};
  snprintf(first, sizeof first, "%s", a);
  snprintf(second, sizeof second, "%s", b);
  box_start(r, config, ops);
}

static bool absent(const char *name) { return box_stat(name).st_ino == 0; }

/* A launch that must not come about: the code, and the target did not run. */
static void refused(const jailer_config *config, jailer_code code, const char *what) {
  unlink(box_path("./shared/ran"));
  box_run(&ran, config, "put:./shared/ran|x", NULL);
  OK(ran.code == code && absent("./shared/ran"), "%s: %s", what, jailer_code_name(code));
  if (ran.code != code) printf("# %s\n", error_of(&ran));
  unlink(box_path("./shared/ran"));
}

static void accepted(const jailer_config *config, const char *what) {
  unlink(box_path("./shared/ran"));
  box_run(&ran, config, "put:./shared/ran|x", NULL);
  OK(box_ended_well(&ran) && !absent("./shared/ran"), "%s", what);
  if (ran.code) printf("# %s\n", error_of(&ran));
  unlink(box_path("./shared/ran"));
}

/* --- what runs, and what is seen of it ---------------------------------------------------------------------------- */

static unsigned long long start_ticks(int pid) {
  char path[64], *at;
  unsigned long long ticks = 0;
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  at = strrchr(box_read(path), ')');
  if (at) sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &ticks);
  return ticks;
}

static void test_running(void) {
  jailer_config config = box_config();
  jailer_plan *plan = NULL;
  jailer_error err;
  char want[JAILER_PATH_MAX + 64], boot[64];
  snprintf(boot, sizeof boot, "%.36s", box_read("/proc/sys/kernel/random/boot_id"));
  box_run(&ran, &config, "code:0", NULL);
  OK(ran.code == JAILER_OK, "a box can be launched: %s", error_of(&ran));

  start(&ran, &config, "stay:20", "env:");
  OK(ran.code == JAILER_OK && box_listen(&ran, "stays\n"), "a box runs");
  snprintf(want, sizeof want, "%d %llu %s\n", (int)ran.proc.pid, start_ticks((int)ran.proc.pid), boot);
  OK(!strcmp(box_read("./shim.pid"), want), "shim.pid holds its pid, start time and boot id");
  struct stat st = box_stat("./shim.pid");
  OK((st.st_mode & 0777) == 0600 && st.st_uid == geteuid() && st.st_nlink == 1, "shim.pid is the launcher's alone");

  box_run(&other, &config, "put:./shared/ran|x", NULL);
  OK(other.code == JAILER_E_BUSY && absent("./shared/ran"), "a second launch of a running box is BUSY: %s", error_of(&other));
  OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_E_BUSY, "so is preparing it");
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_E_BUSY, "so is removing it");
  OK(jailer_box_record(&config, &err) == JAILER_E_BUSY, "so is recording its disks");
  OK(!strcmp(box_read("./shim.pid"), want), "and none of that touched shim.pid");
  jailer_layout neighbour;
  jailer_config beside = config;
  jailer_layout_init(&neighbour, box_home, "neighbour", &err);
  beside.layout = &neighbour;
  box_run(&other, &beside, "list:~/boxes", "list:~/boxes/demo", "read:./exit", NULL);
  OK(box_ended_well(&other), "another box runs beside it: %s", error_of(&other));
  OK(!strcmp(box_said(&other, "list", "~/boxes"), "neighbour") && !strcmp(box_said(&other, "list", "~/boxes/demo"), "ENOENT") &&
         !strcmp(box_said(&other, "read", "./exit"), "ENOENT"),
     "and does not see it");
  OK(jailer_layout_remove(&neighbour, &err) == JAILER_OK, "which can be removed meanwhile");

  box_finish(&ran);
  OK(box_ended_well(&ran), "the box ends");
  OK(absent("./shim.pid"), "shim.pid goes with the wait");
  snprintf(want, sizeof want, "LD_LIBRARY_PATH=%s/bin", box_dir);
  const char *env = box_said(&ran, "env", "");
  OK(strstr(env, want) && strstr(env, "PATH=/usr/local/bin") && strlen(env) < strlen(want) + 100, "its environment was PATH and LD_LIBRARY_PATH");
  accepted(&config, "it can be launched again at once");

  const char *argv[] = {"probe_box", NULL};
  jailer_config planned = config;
  planned.argv = argv;
  OK(jailer_plan_new(&planned, NULL, &plan, &err) == JAILER_OK, "a plan holds the box");
  refused(&config, JAILER_E_BUSY, "a launch beside a plan of the same box");
  jailer_plan_free(plan);
  accepted(&config, "and lets go of it");

  box_run(&ran, &config, "code:7", NULL);
  OK(ran.code == JAILER_OK && ran.status.exited && ran.status.exit_code == 7, "the exit code is the shim's");
  start(&ran, &config, "stay:20", "code:0");
  OK(box_listen(&ran, "stays\n") && jailer_kill(&ran.proc, 15, &err) == JAILER_OK, "a running box takes a signal");
  box_finish(&ran);
  OK(ran.code == JAILER_OK && !ran.status.exited && ran.status.signal == 15 && absent("./shim.pid"), "and ends by it, without a pid file left");
}

/* The target has ended, but its pid file cannot be taken away: told, and everything else is settled. */
static void test_pid_stays(void) {
  jailer_config config = box_config();
  jailer_error err;
  jailer_status status;
  memset(&err, 0, sizeof err);
  memset(&status, 0xff, sizeof status);
  start(&ran, &config, "stay:20", "code:0");
  if (!OK(box_listen(&ran, "stays\n"), "a box runs, and its pid file becomes a directory")) return;
  unlink(box_path("./shim.pid"));
  mkdir(box_path("./shim.pid"), 0700);
  jailer_kill(&ran.proc, 9, NULL);
  jailer_code code = jailer_wait(&ran.proc, 10000, &status, &err);
  OK(code == JAILER_E_UNSAFE && strstr(err.item, "shim.pid"), "jailer_wait tells: %s %s", jailer_code_name(code), err.item);
  OK(!status.exited && status.signal == 9 && ran.proc.pid == 0, "the status is there, and the handle holds nothing");
  box_finish(&ran);
  rmdir(box_path("./shim.pid"));
  accepted(&config, "the box can be launched again when it is gone");
}

static void test_pid_first(void) {
  jailer_config config = box_config();
  pid_rename = FAIL;
  renamed = false;
  refused(&config, JAILER_E_SYSTEM, "the pid file cannot be put in place");
  OK(renamed && absent("./shim.pid"), "and none is left");
  pid_rename = WATCH;
  ran_before = true;
  accepted(&config, "the pid file is a tenth of a second late");
  OK(!ran_before, "and the target had not run by then");
  pid_rename = PASS;
}

/* One plan, two threads: while the first is between its look at the pid file and its own (the hook makes that a tenth of a
   second) the second must not get through. */
static const jailer_plan *shared_plan;

static void *spawn_one(void *arg) {
  jailer_proc *proc = arg;
  return jailer_spawn(shared_plan, proc, NULL) == JAILER_OK ? arg : NULL;
}

static void test_two_threads(void) {
  jailer_config config = box_config();
  jailer_plan *plan = NULL;
  jailer_error err;
  jailer_proc procs[4];
  pthread_t threads[4];
  int in[2], launched = 0;
  if (pipe2(in, O_CLOEXEC)) box_die("pipe");
  const char *argv[] = {"probe_box", "stay:20", NULL};
  const jailer_fd fds[] = {{in[0], true, 0}, {in[1], true, 1}};
  config.argv = argv;
  config.fds = fds;
  config.fd_count = 2;
  config.outlive_launcher = true; /* the launcher is the thread */
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan for four threads");
  shared_plan = plan;
  pid_rename = WATCH;
  for (int i = 0; i < 4; i++) pthread_create(&threads[i], NULL, spawn_one, &procs[i]);
  for (int i = 0; i < 4; i++) {
    void *got = NULL;
    pthread_join(threads[i], &got);
    if (!got) procs[i].pid = 0;
    launched += got != NULL;
  }
  pid_rename = PASS;
  for (int i = 0; i < 4; i++)
    if (procs[i].pid && jailer_kill(&procs[i], 9, &err) == JAILER_OK) jailer_wait(&procs[i], 10000, NULL, NULL);
  OK(launched == 1, "four threads launch the plan of one box: %d got through", launched);
  jailer_plan_free(plan);
  close(in[0]);
  close(in[1]);
  config = box_config();
  accepted(&config, "and it can be launched again");
}

/* What a launcher that died leaves is no obstacle, what it cannot have left is one. */
static void test_stale_pid(void) {
  jailer_config config = box_config();
  char text[256], boot[64];
  snprintf(boot, sizeof boot, "%.36s", box_read("/proc/sys/kernel/random/boot_id"));
  const int self = (int)getpid();
  snprintf(text, sizeof text, "%d %llu %s\n", self, start_ticks(self), boot);
  box_text("./shim.pid", text);
  chmod(box_path("./shim.pid"), 0600);
  refused(&config, JAILER_E_BUSY, "a pid file of a running process");
  snprintf(text, sizeof text, "%d %llu %s\n", self, start_ticks(self) + 1, boot);
  box_text("./shim.pid", text);
  accepted(&config, "a pid file of an earlier process with the same pid is no obstacle");
  snprintf(text, sizeof text, "%d %llu %s\n", self, start_ticks(self), "00000000-0000-0000-0000-000000000000");
  box_text("./shim.pid", text);
  chmod(box_path("./shim.pid"), 0600);
  accepted(&config, "neither is one of an earlier boot");
  box_text("./shim.pid", "1\n");
  chmod(box_path("./shim.pid"), 0600);
  refused(&config, JAILER_E_FORMAT, "a pid file that nobody wrote like that");
  unlink(box_path("./shim.pid"));

  fflush(stdout);
  pid_t launcher = fork();
  if (launcher == 0) {
    start(&other, &config, "stay:20", "code:0");
    _exit(other.code == JAILER_OK && box_listen(&other, "stays\n") ? 0 : 1);
  }
  int status = -1;
  OK(waitpid(launcher, &status, 0) == launcher && status == 0 && !absent("./shim.pid"), "a launcher ends and leaves its pid file");
  for (int i = 0; i < 200; i++) { /* the shim dies with it, in a moment */
    box_run(&ran, &config, "code:0", NULL);
    if (ran.code != JAILER_E_BUSY) break;
    usleep(10000);
  }
  OK(box_ended_well(&ran), "its box does not outlive it, and can be launched again: %s", error_of(&ran));
}

/* --- files of the launch ------------------------------------------------------------------------------------------ */

static void test_stderr_and_exit(void) {
  jailer_config config = box_config();
  box_run(&ran, &config, "stderr:first and long", "put:./exit|{\"code\":1}", "put:./logs/console.log|console", NULL);
  struct stat st = box_stat("./shim.stderr");
  OK(!strcmp(box_read("./shim.stderr"), "first and long"), "shim.stderr holds what the shim wrote to descriptor 2");
  OK(S_ISREG(st.st_mode) && (st.st_mode & 0777) == 0600 && st.st_uid == geteuid(), "shim.stderr is the launcher's alone");
  OK(!strcmp(box_read("./exit"), "{\"code\":1}"), "exit holds its last words");
  box_run(&ran, &config, "line:./exit", "stderr:next", "line:/proc/self/fd/2", "exec:/proc/self/fd/2", "chmod:./exit", NULL);
  OK(!strcmp(box_said(&ran, "line", "./exit"), ""), "the next launch begins with an empty exit file");
  OK(!strcmp(box_read("./shim.stderr"), "next"), "and with an empty shim.stderr");
  OK(strcmp(box_said(&ran, "line", "/proc/self/fd/2"), "next") != 0, "which cannot be read from inside");
  OK(box_refusal(box_said(&ran, "exec", "/proc/self/fd/2")), "nor executed");
  OK(!strcmp(box_read("./logs/console.log"), "console"), "the console's log is kept");
  accepted(&config, "an exit file with another mode is no obstacle");
  OK((box_stat("./exit").st_mode & 0777) == 0600, "it gets its own mode again");
}

/* What a target does to the modes of its own open files, and of exit, does not keep the box from its next launch. */
static void test_modes(void) {
  static const struct {
    const char *err, *exit;
    mode_t err_is, exit_is;
  } rows[] = {{"errmode:666", "shut:./exit", 0666, 0}, {"errmode:0", "chmod:./exit", 0, 0777}, {"errmode:777", "shut:./exit", 0777, 0}};
  jailer_config config = box_config();
  jailer_error err;
  const bool mine = geteuid() != 0; /* a root launcher's shim.stderr is not its target's */
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    char bytes[8];
    size_t length = 99;
    box_run(&ran, &config, "put:./exit|7", rows[i].err, rows[i].exit, NULL);
    OK(box_ended_well(&ran) && !strcmp(box_said(&ran, "errmode", rows[i].err + 8), mine ? "ok" : "EPERM") &&
           (box_stat("./shim.stderr").st_mode & 07777) == (mine ? rows[i].err_is : 0600) && (box_stat("./exit").st_mode & 07777) == rows[i].exit_is,
       "the target leaves shim.stderr at %o and exit at %o: %s", box_stat("./shim.stderr").st_mode & 07777, box_stat("./exit").st_mode & 07777,
       error_of(&ran));
    if (i != 2)
      OK(jailer_box_exit(&box_layout, bytes, sizeof bytes, &length, &err) == JAILER_OK && length == 1 && bytes[0] == '7', "exit is read all the same");
    if (i == 1) OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_OK, "the box can be prepared");
    accepted(&config, "and launched again");
    OK((box_stat("./shim.stderr").st_mode & 07777) == 0600 && (box_stat("./exit").st_mode & 07777) == 0600, "with both at 0600");
  }
}

/* What another user of the machine gets of a path: 0 or an errno. */
static int stranger_opens(const char *name) {
  int status = -1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (setgroups(0, NULL) || setgid(54321) || setuid(54321)) _exit(255);
    _exit(open(box_path(name), O_RDONLY | O_CLOEXEC) >= 0 ? 0 : errno);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The box directory lets nobody pass but the launcher and, where that is root, the box's own group. */
static void test_shut(void) {
  jailer_config config = box_config();
  jailer_error err;
  const bool root = geteuid() == 0;
  char ops[3][JAILER_PATH_MAX + 16], *list[] = {ops[0], ops[1], ops[2], (char[]){"stay:20"}, NULL};
  snprintf(ops[0], sizeof ops[0], "put:%s|for all", box_path("./shared/open"));
  snprintf(ops[1], sizeof ops[1], "chmod:%s", box_path("./shared"));
  snprintf(ops[2], sizeof ops[2], "chmod:%s", box_path("./shared/open"));
  box_start(&ran, &config, list);
  OK(ran.code == JAILER_OK && box_listen(&ran, "stays\n") && (box_stat("./shared").st_mode & 07777) == 0777 && (box_stat("./shared/open").st_mode & 07777) == 0777,
     "a box runs that has opened shared/ to everybody");
  const struct stat was = box_stat("./"), shared = box_stat("./shared");
  OK((was.st_mode & 07777) == (root ? 0710 : 0700) && was.st_uid == geteuid() && (!root || (was.st_gid == shared.st_gid && was.st_gid != 0)),
     "its directory is shut: %o %u:%u", was.st_mode & 07777, was.st_uid, was.st_gid);
  OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_E_BUSY && box_stat("./").st_mode == was.st_mode && box_stat("./").st_gid == was.st_gid,
     "preparing it meanwhile is BUSY and changes nothing of that");
  if (root) OK(stranger_opens("./shared/open") == EACCES && stranger_opens("./shared") == EACCES && stranger_opens("~/boxes") == EACCES, "another user of the machine reaches none of it");
  box_finish(&ran);
  if (root) OK(box_ended_well(&ran) && stranger_opens("./shared/open") == EACCES, "nor after it has ended");
  unlink(box_path("./shared/open"));
}

/* Without mounts the target walks to its entries through the real directories. */
static void test_without_mounts(void) {
  for (int i = 0; i < 2; i++) {
    jailer_config config = box_config();
    const char *how = i ? "mounts are degraded" : "without an engine";
    if (i) {
      config.may_degrade = JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC);
      no_mounts = true;
    } else {
      config.engine = JAILER_ENGINE_NONE;
    }
    unlink(box_path("./shared/ran"));
    box_run(&ran, &config, "put:./shared/ran|x", "put:./tmp/t|x", "put:./logs/console.log|said", "put:./exit|bye", "bind:./sockets/s", "list:./disks", NULL);
    no_mounts = false;
    OK(box_ended_well(&ran), "%s: a box is launched: %s", how, error_of(&ran));
    OK(!strcmp(box_read("./shared/ran"), "x") && !strcmp(box_read("./tmp/t"), "x") && !strcmp(box_read("./logs/console.log"), "said") &&
           !strcmp(box_read("./exit"), "bye") && S_ISSOCK(box_stat("./sockets/s").st_mode),
       "%s: and reaches its entries", how);
    if (i) OK((ran.proc.degraded & JAILER_BIT(JAILER_LAYER_MOUNTS)) != 0, "%s: and says so", how);
    OK((box_stat("./").st_mode & 07777) == (geteuid() == 0 ? 0710 : 0700), "%s: through a directory that is shut", how);
    unlink(box_path("./shared/ran")), unlink(box_path("./tmp/t")), unlink(box_path("./sockets/s"));
  }
}

/* jailer_box_exit into sixteen bytes, told apart from what was there before: the code, and that it says `want`. */
static bool exit_says(size_t size, jailer_code code, const char *want) {
  char bytes[17];
  size_t length = 99;
  jailer_error err;
  memset(&err, 0, sizeof err);
  memset(bytes, '#', sizeof bytes);
  jailer_code got = jailer_box_exit(&box_layout, bytes, size, &length, &err);
  bool good = got == code && (code == JAILER_E_LIMIT || length == strlen(want)) && !memcmp(bytes, want, strlen(want)) &&
              bytes[size] == '#' && (code == JAILER_OK || (err.code == code && strstr(err.item, "exit") && err.message[0]));
  if (!good) printf("# %s, %zu bytes, item %s: %s\n", jailer_code_name(got), length, err.item, err.message);
  return good;
}

static void test_exit_read(void) {
  jailer_config config = box_config();
  jailer_layout missing;
  jailer_error err;
  char bytes[16];
  size_t length = 99;
  box_run(&ran, &config, "put:./exit|{\"code\":1}", NULL);
  OK(box_ended_well(&ran) && exit_says(16, JAILER_OK, "{\"code\":1}"), "jailer_box_exit: what the box wrote, as it is");
  OK(exit_says(10, JAILER_OK, "{\"code\":1}"), "jailer_box_exit: exactly as many bytes as there is room for");
  OK(exit_says(9, JAILER_E_LIMIT, ""), "jailer_box_exit: one more is E_LIMIT, and no byte is written beyond the room");
  OK(exit_says(0, JAILER_E_LIMIT, ""), "jailer_box_exit: no room for what is there is E_LIMIT");
  OK(box_write("./exit", "a\0\x1b[2J\xff", 7) && jailer_box_exit(&box_layout, bytes, sizeof bytes, &length, &err) == JAILER_OK &&
         length == 7 && !memcmp(bytes, "a\0\x1b[2J\xff", 7),
     "jailer_box_exit: hostile bytes come as they are, a NUL among them");
  box_write("./exit", "", 0);
  OK(exit_says(16, JAILER_OK, "") && exit_says(0, JAILER_OK, ""), "jailer_box_exit: an empty file is no bytes, with room and without");
  length = 99;
  OK(jailer_box_exit(&box_layout, NULL, 0, &length, NULL) == JAILER_OK && length == 0, "jailer_box_exit: without room NULL is fine, and without an error");

  OK(jailer_box_exit(NULL, bytes, sizeof bytes, &length, &err) == JAILER_E_INVALID && err.message[0], "jailer_box_exit: no layout");
  OK(jailer_box_exit(&box_layout, NULL, sizeof bytes, &length, &err) == JAILER_E_INVALID, "jailer_box_exit: room that is not there");
  OK(jailer_box_exit(&box_layout, bytes, sizeof bytes, NULL, &err) == JAILER_E_INVALID &&
         jailer_box_exit(NULL, NULL, 0, NULL, NULL) == JAILER_E_INVALID,
     "jailer_box_exit: nowhere to put the length");
  jailer_layout_init(&missing, box_home, "missing", &err);
  length = 99;
  OK(jailer_box_exit(&missing, bytes, sizeof bytes, &length, &err) == JAILER_E_NOT_FOUND && length == 0 && absent("~/boxes/missing"),
     "jailer_box_exit: a box that does not exist is NOT_FOUND, and is not made");

  char put[JAILER_PATH_MAX + 32];
  snprintf(put, sizeof put, "put:%s|half way", box_path("./exit"));
  start(&ran, &config, put, "stay:20");
  OK(ran.code == JAILER_OK && box_listen(&ran, "stays\n") && exit_says(16, JAILER_OK, "half way"), "jailer_box_exit: while the box runs");
  box_finish(&ran);
  OK(box_ended_well(&ran) && exit_says(16, JAILER_OK, "half way"), "jailer_box_exit: and the same after it");

  /* in the place of the file; where it leads says "host", and those bytes must not come */
  box_text("^/words", "host");
  chmod(box_path("^/words"), 0644);
  for (int kind = 0; kind < 5; kind++) {
    static const char *const what[] = {"a symbolic link", "a link to nothing", "a FIFO", "a directory", "a second name of a file"};
    char *at = box_path("./exit");
    unlink(at);
    int made = kind == 0   ? symlink(box_path("^/words"), at)
               : kind == 1 ? symlink("nothing", at)
               : kind == 2 ? mkfifo(at, 0666)
               : kind == 3 ? mkdir(at, 0755)
                           : link(box_path("^/words"), at);
    alarm(30); /* a FIFO that is waited for ends the test */
    OK(made == 0 && exit_says(16, JAILER_E_UNSAFE, ""), "jailer_box_exit: %s in its place is UNSAFE", what[kind]);
    alarm(0);
    if (remove(at)) printf("# it cannot be removed\n");
  }
  OK(exit_says(16, JAILER_E_NOT_FOUND, ""), "jailer_box_exit: no such file is NOT_FOUND");
  accepted(&config, "the next launch makes it again");
  OK(exit_says(16, JAILER_OK, ""), "jailer_box_exit: empty");
}

static bool same_bytes(const char *a, const char *b) {
  char one[65536], two[sizeof one];
  FILE *x = fopen(box_path(a), "r"), *y = fopen(box_path(b), "r");
  bool same = x && y;
  for (size_t n = 1, m; same && n;) {
    n = fread(one, 1, sizeof one, x);
    m = fread(two, 1, sizeof two, y);
    same = n == m && !memcmp(one, two, n);
  }
  if (x) fclose(x);
  if (y) fclose(y);
  return same;
}

static bool copy_file(const char *from, const char *to) {
  char bytes[65536];
  FILE *in = fopen(box_path(from), "r"), *out = fopen(box_path(to), "w");
  size_t n;
  while (in && out && (n = fread(bytes, 1, sizeof bytes, in)) > 0) fwrite(bytes, 1, n, out);
  if (in) fclose(in);
  return out && fclose(out) == 0 && chmod(box_path(to), 0755) == 0;
}

static void test_copies(void) {
  jailer_config config = box_config();
  struct stat first, now, source;
  OK(copy_file(box_probe, "^/shim"), "a shim of our own");
  config.shim = box_path("^/shim");
  usleep(100000); /* a source that changed a moment ago is never called unchanged */
  accepted(&config, "it is launched");
  source = box_stat("^/shim");
  first = box_stat("./bin/shim");
  OK(same_bytes("^/shim", "./bin/shim") && first.st_ino != source.st_ino, "bin/shim is a copy of it");
  OK((first.st_mode & 07777) == 0555 && first.st_nlink == 1 && first.st_uid == geteuid(), "0555, one link, the launcher's");
  accepted(&config, "it is launched again");
  now = box_stat("./bin/shim");
  OK(now.st_ino == first.st_ino && now.st_ctim.tv_nsec == first.st_ctim.tv_nsec, "an unchanged shim is not copied again");

  usleep(100000);
  FILE *f = fopen(box_path("^/shim"), "a");
  OK(f && fputs("more", f) >= 0 && fclose(f) == 0, "the shim is rebuilt");
  usleep(100000);
  accepted(&config, "it is launched");
  now = box_stat("./bin/shim");
  OK(now.st_ino != first.st_ino && same_bytes("^/shim", "./bin/shim"), "a changed shim is copied again");
  first = now;
  accepted(&config, "and again");
  OK(chmod(box_path("./bin/shim"), 0755) == 0 && (f = fopen(box_path("./bin/shim"), "r+")) && fputs("XXXX", f) >= 0 && fclose(f) == 0 &&
         chmod(box_path("./bin/shim"), 0555) == 0,
     "somebody writes into the copy");
  accepted(&config, "it is launched");
  OK(same_bytes("^/shim", "./bin/shim"), "a copy that is not what was recorded is made again");
  OK(unlink(box_path("./bin/shim")) == 0 && symlink(box_path("^/shim"), box_path("./bin/shim")) == 0, "somebody puts a link in its place");
  accepted(&config, "it is launched");
  OK(S_ISREG(box_stat("./bin/shim").st_mode), "and is a copy again");

  config.shim = box_path("^/no-such-shim");
  refused(&config, JAILER_E_NOT_FOUND, "a shim that does not exist");
  config.shim = box_top;
  refused(&config, JAILER_E_INVALID, "a directory as the shim");
  box_text("^/not-a-program", "these bytes are no program");
  chmod(box_path("^/not-a-program"), 0755);
  config.shim = box_path("^/not-a-program");
  refused(&config, JAILER_E_EXEC, "a shim that cannot be executed");
  config.shim = "probe_box";
  refused(&config, JAILER_E_INVALID, "a shim by a relative path");
}

/* The C library that /bin/sh loads, and could load from another place; NULL: none, sh is static. */
static const char *find_libc(void) {
  static const char *const places[] = {"/lib/x86_64-linux-gnu/libc.so.6", "/lib/aarch64-linux-gnu/libc.so.6", "/lib64/libc.so.6", "/usr/lib/libc.so.6"};
  if (system("while read -r a b c d e f; do case $f in *libc.so.6) exit 0; esac; done </proc/self/maps; exit 1")) return NULL;
  for (size_t i = 0; i < BOX_COUNT(places); i++)
    if (access(places[i], R_OK) == 0) return places[i];
  return NULL;
}

static void test_libraries(void) {
  static char home[JAILER_PATH_MAX];
  jailer_config config = box_config();
  jailer_layout odd;
  jailer_error err;
  box_text("^/libkrunfw.so.4", "a library\n");
  const char *libraries[] = {box_path("^/libkrunfw.so.4"), NULL, NULL};
  config.libraries = libraries;
  box_run(&ran, &config, "line:./bin/libkrunfw.so.4", "write:./bin/libkrunfw.so.4", "env:", NULL);
  OK(!strcmp(box_said(&ran, "line", "./bin/libkrunfw.so.4"), "a library"), "a library is copied beside the shim: %s", error_of(&ran));
  OK(box_refusal(box_said(&ran, "write", "./bin/libkrunfw.so.4")), "and cannot be written");
  const char *libc = find_libc();
  if (libc) { /* what the dynamic linker really takes */
    const char *argv[] = {"sh", "-c", "while read -r a b c d e f; do case $f in *libc.so.6) echo \"$f\"; esac; done </proc/self/maps", NULL};
    libraries[1] = libc;
    config.shim = "/bin/sh";
    config.argv = argv;
    box_start(&ran, &config, NULL);
    box_finish(&ran);
    OK(box_ended_well(&ran) && strstr(ran.text, box_path("./bin/libc.so.6")), "LD_LIBRARY_PATH makes the shim load its copies: %s",
       error_of(&ran));
    libraries[1] = NULL;
    config = box_config();
    config.libraries = libraries;
  }
  libraries[0] = box_path("^/no-such-library");
  refused(&config, JAILER_E_NOT_FOUND, "a library that does not exist");
  const char *env[] = {"LD_LIBRARY_PATH=/tmp", NULL};
  config = box_config();
  config.env = env;
  refused(&config, JAILER_E_INVALID, "a library path from elsewhere");
  static const char *const odds[] = {"a:b", "a;b", "a$b"};
  for (size_t i = 0; i < BOX_COUNT(odds); i++) {
    snprintf(home, sizeof home, "%.4000s/%s", box_top, odds[i]);
    OK(jailer_layout_init(&odd, home, "demo", &err) == JAILER_OK, "a home called %s", odds[i]);
    config = box_config();
    config.layout = &odd;
    refused(&config, JAILER_E_INVALID, "in a library path that is more than a name");
  }
}

/* --- the record of the chains ------------------------------------------------------------------------------------- */

/* The box gives its disk another backing file; the next launch must not believe it. `name` is in no path that the launch
   opens or looks at, or NULL where the chain has it anyway. */
static void rewritten(const char *name, const char *format, jailer_code code, const char *item, const char *unseen) {
  jailer_config config = box_config();
  char op[3 * JAILER_PATH_MAX], what[256];
  box_qcow2("./disks/disk.qcow2", "../../../images/disk-images/middle.qcow2", "qcow2");
  jailer_error err;
  jailer_layout_prepare(&box_layout, 0, 0, &err);
  snprintf(op, sizeof op, "header:%s|%s|%s", box_path("./disks/disk.qcow2"), box_path(name), format);
  start(&ran, &config, op, "code:0");
  box_finish(&ran);
  snprintf(what, sizeof what, "the box points its disk to %s", name);
  OK(box_ended_well(&ran) && strstr(ran.text, "=ok\n"), "%s", what);
  watched_times = 0;
  watched = unseen;
  refused(&config, code, what);
  OK(strstr(ran.err.item, item), "the error names %s", ran.err.item);
  config.trust_chain_on_first_use = true;
  refused(&config, code, "trust on first use does not replace a record");
  watched = NULL;
  if (unseen) OK(watched_times == 0, "and neither launch looked at a %s: %d times", unseen, watched_times);
}

/* Where the record has no second layer, a header that names one is a longer chain: refused before that name is looked up.
   Without the record the same name is looked up, so the count counts. */
static void test_longer(void) {
  jailer_config config = box_config();
  jailer_error err;
  unlink(box_path("./disks/disk.qcow2"));
  OK(box_qcow2("./disks/disk.qcow2", NULL, NULL) && jailer_box_record(&config, &err) == JAILER_OK, "longer: a disk alone is recorded");
  for (int i = 0; i < 2; i++) {
    char op[3 * JAILER_PATH_MAX];
    box_qcow2("./disks/disk.qcow2", NULL, NULL);
    if (jailer_layout_prepare(&box_layout, 0, 0, &err)) printf("# %s\n", err.message);
    snprintf(op, sizeof op, "header:%s|%s|qcow2", box_path("./disks/disk.qcow2"), box_path(i ? "~/images/tenant.qcow2" : "^/hangs/for-ever.qcow2"));
    start(&ran, &config, op, "code:0");
    box_finish(&ran);
    OK(box_ended_well(&ran) && strstr(ran.text, "=ok\n"), "longer: the box gives it a backing file, %s", i ? "a trusted one" : "far away");
    const char *unseen = i ? "tenant.qcow2" : "for-ever";
    for (int trust = 0; trust < 2; trust++) {
      config.trust_chain_on_first_use = trust;
      watched_times = 0;
      watched = unseen;
      refused(&config, JAILER_E_CHAIN, trust ? "longer: the next launch, with trust on first use" : "longer: the next launch");
      watched = NULL;
      OK(watched_times == 0 && strstr(ran.err.item, "layer 1") && strstr(ran.err.item, unseen) && strstr(ran.err.message, "recorded chain"),
         "longer: it says which layer, and never looked at it (%d): %s", watched_times, ran.err.item);
    }
    config.trust_chain_on_first_use = false;
    OK(rename(box_path("./record"), box_path("^/record")) == 0, "longer: the same without a record");
    watched_times = 0;
    watched = unseen;
    refused(&config, i ? JAILER_E_NO_RECORD : JAILER_E_NOT_FOUND, "longer: is refused as well");
    watched = NULL;
    OK(watched_times > 0, "longer: but looked at (%d)", watched_times);
    OK(rename(box_path("^/record"), box_path("./record")) == 0, "longer: the record is back");
  }
  box_qcow2("./disks/disk.qcow2", NULL, NULL);
  accepted(&config, "longer: as recorded it is launched");
}

/* What is wrong as written is said before anything of the box is read. */
static void test_formats(void) {
  jailer_error err;
  struct stat was = box_stat("./record"), now;
  for (int i = 0; i < 4; i++) {
    jailer_config config = box_config();
    if (i % 2) config.rootfs_format = (jailer_format)(i / 2 ? 99 : JAILER_FORMAT_QCOW2 + 1);
    else config.disk_format = (jailer_format)(i / 2 ? 99 : JAILER_FORMAT_QCOW2 + 1);
    refused(&config, JAILER_E_INVALID, i % 2 ? "a format of the root disk that does not exist" : "a format of the disk that does not exist");
    jailer_code code = jailer_box_record(&config, &err);
    now = box_stat("./record");
    OK(code == JAILER_E_INVALID && now.st_ino == was.st_ino && now.st_size == was.st_size, "nor is it recorded: %s", jailer_code_name(code));
  }
}

static void test_record(void) {
  jailer_config config = box_config();
  jailer_error err;
  OK(box_disks(), "a box with disks");
  refused(&config, JAILER_E_NO_RECORD, "a disk that was never recorded");
  OK(absent("./record"), "and is not recorded by that");
  config.trust_chain_on_first_use = true;
  accepted(&config, "trust on first use, asked for by name");
  OK(!absent("./record"), "records it");
  config.trust_chain_on_first_use = false;
  accepted(&config, "from then on nothing needs to be asked for");
  unlink(box_path("./record"));
  OK(jailer_box_record(&config, &err) == JAILER_OK, "the creator records it");
  struct stat st = box_stat("./record");
  OK((st.st_mode & 0777) == 0600 && st.st_uid == geteuid(), "the record is the launcher's alone");
  accepted(&config, "a recorded disk is launched");

  OK(box_qcow2("~/images/tenant.qcow2", NULL, NULL), "there is another tenant's image below a trusted root");
  rewritten("/etc/passwd", "raw", JAILER_E_CHAIN, "/etc/passwd", "etc/passwd");
  rewritten("../../../../../../../../../../etc/passwd", "raw", JAILER_E_CHAIN, "/etc/passwd", "etc/passwd");
  rewritten("~/images/tenant.qcow2", "qcow2", JAILER_E_CHAIN, "tenant.qcow2", "tenant.qcow2");
  rewritten("~/bases/other.raw", "raw", JAILER_E_CHAIN, "other.raw", "other.raw");
  rewritten("~/images/disk-images/middle.qcow2", "raw", JAILER_E_CHAIN, "middle.qcow2", NULL);
  rewritten("json:{\"driver\":\"raw\",\"file\":{\"driver\":\"file\",\"filename\":\"/etc/passwd\"}}", "raw", JAILER_E_CHAIN, "json:", "passwd");
  rewritten("nbd://127.0.0.1:10809/", "raw", JAILER_E_CHAIN, "nbd:", "nbd:");
  rewritten("/dev/zero", "raw", JAILER_E_CHAIN, "/dev/zero", NULL); /* every launch grants that device */
  rewritten("/dev/full/x", "raw", JAILER_E_CHAIN, "/dev/full/x", "/dev/full/x");
  rewritten("../logs/console.log", "raw", JAILER_E_CHAIN, "console.log", "console.log");
  rewritten("disk.qcow2", "qcow2", JAILER_E_CHAIN, "disk.qcow2", NULL);
  rewritten("", "raw", JAILER_E_CHAIN, "gone", NULL);

  box_qcow2("./disks/disk.qcow2", "../../../images/disk-images/middle.qcow2", "qcow2");
  OK(rename(box_path("~/images/disk-images/middle.qcow2"), box_path("~/images/away.qcow2")) == 0, "the middle layer is taken away");
  refused(&config, JAILER_E_NOT_FOUND, "a chain with a layer missing");
  OK(strstr(ran.err.item, "layer 1") != NULL, "the error names %s", ran.err.item);
  OK(box_qcow2("~/images/disk-images/middle.qcow2", "~/bases/base.raw", "raw"), "another file takes its name");
  refused(&config, JAILER_E_CHAIN, "a chain with a layer that is another file");
  OK(rename(box_path("~/images/away.qcow2"), box_path("~/images/disk-images/middle.qcow2")) == 0, "it comes back");
  accepted(&config, "and the box is launched");

  OK(mkdir(box_path("^/foreign"), 0755) == 0 && box_qcow2("^/foreign/base.qcow2", NULL, NULL) && box_text("^/foreign/other", "x") &&
         box_qcow2("./disks/disk.qcow2", "^/foreign/base.qcow2", "qcow2"),
     "the creator moves the disk to a foreign base");
  OK(jailer_box_record(&config, &err) == JAILER_E_CHAIN, "which is not recorded without trust");
  const char *roots[] = {box_path("^/foreign"), NULL};
  config.trusted_roots = roots;
  OK(jailer_box_record(&config, &err) == JAILER_OK, "with its directory trusted it is");
  box_run(&ran, &config, "read:^/foreign/base.qcow2", "write:^/foreign/base.qcow2", "list:^/foreign", NULL);
  OK(box_ended_well(&ran) && !strcmp(box_said(&ran, "read", "^/foreign/base.qcow2"), "ok") && box_refusal(box_said(&ran, "write", "^/foreign/base.qcow2")),
     "and is granted read-only: %s", error_of(&ran));
  OK(!strcmp(box_said(&ran, "list", "^/foreign"), "base.qcow2"), "as a single file");
  roots[0] = box_top;
  refused(&config, JAILER_E_CONFLICT, "a trusted root that holds the boxes themselves");
  config.trusted_roots = NULL;
  refused(&config, JAILER_E_CHAIN, "the same disk without that trust");
  unlink(box_path("./disks/disk.qcow2"));
  box_qcow2("./disks/disk.qcow2", "../../../images/disk-images/middle.qcow2", "qcow2");
  refused(&config, JAILER_E_CHAIN, "the disk is changed by the creator and not recorded");
  OK(jailer_box_record(&config, &err) == JAILER_OK, "it is recorded");
  accepted(&config, "and launched");
}

/* A raw disk whose first bytes are a qcow2 header is still raw: what the guest writes there means nothing. */
static void test_raw(void) {
  static box_ran look;
  jailer_config config = box_config();
  jailer_layout layout;
  jailer_error err;
  jailer_layout_init(&layout, box_home, "raw", &err);
  config.layout = &layout;
  config.disk_format = JAILER_FORMAT_RAW;
  OK(jailer_layout_prepare(&layout, 0, 0, &err) == JAILER_OK && box_qcow2("~/boxes/raw/disks/disk.qcow2", "/etc/passwd", "raw"),
     "a raw disk that looks like a qcow2 image");
  OK(jailer_box_record(&config, &err) == JAILER_OK, "is recorded as raw");
  box_run(&look, &config, "write:~/boxes/raw/disks/disk.qcow2", "line:/etc/passwd", NULL);
  OK(box_ended_well(&look) && !strcmp(box_said(&look, "write", "~/boxes/raw/disks/disk.qcow2"), "ok"), "and launched: %s", error_of(&look));
  OK(!strncmp(box_said(&look, "line", "/etc/passwd"), "jail:", 5), "with nothing behind it");
  config.disk_format = JAILER_FORMAT_QCOW2;
  box_run(&look, &config, "code:0", NULL);
  OK(look.code == JAILER_E_CHAIN, "as qcow2 it is refused: %s", error_of(&look));
  OK(jailer_layout_remove(&layout, &err) == JAILER_OK, "and gone");
}

/* guest-rootfs.qcow2 has a format, a chain and a record of its own, whatever disk.qcow2 is. */
static void test_rootfs(void) {
  static box_ran look;
  static const char *const disk = "~/boxes/rootfs/disks/disk.qcow2", *const rootfs = "~/boxes/rootfs/disks/guest-rootfs.qcow2",
                           *const record = "~/boxes/rootfs/record";
  jailer_config config = box_config();
  jailer_layout layout;
  jailer_error err;
  memset(&err, 0, sizeof err);
  jailer_layout_init(&layout, box_home, "rootfs", &err);
  config.layout = &layout;
  OK(jailer_layout_prepare(&layout, 0, 0, &err) == JAILER_OK && box_qcow2(disk, NULL, NULL) && box_qcow2("~/images/lower.qcow2", "../bases/other.raw", "raw") &&
         box_qcow2(rootfs, "../../../images/lower.qcow2", "qcow2"),
     "a guest-rootfs.qcow2 on two layers of its own");
  OK(jailer_box_record(&config, &err) == JAILER_OK, "rootfs: recorded: %s", err.message);
  const char *text = box_read(record), *second = strstr(text, "guest-rootfs"), *lower = strstr(text, "lower.qcow2");
  OK(second && lower && lower > second && strstr(text, "disk") && !strstr(text, "base.raw"), "rootfs: under its own name, with its own layers");
  box_run(&look, &config, "write:~/boxes/rootfs/disks/guest-rootfs.qcow2", "read:~/images/lower.qcow2", "read:~/bases/other.raw", "write:~/images/lower.qcow2",
          "write:~/bases/other.raw", "read:~/bases/base.raw", NULL);
  OK(box_ended_well(&look) && !strcmp(box_said(&look, "write", rootfs), "ok"), "rootfs: launched, and it can be written: %s", error_of(&look));
  OK(!strcmp(box_said(&look, "read", "~/images/lower.qcow2"), "ok") && !strcmp(box_said(&look, "read", "~/bases/other.raw"), "ok"),
     "rootfs: the layers of its chain can be read");
  OK(box_refusal(box_said(&look, "write", "~/images/lower.qcow2")) && box_refusal(box_said(&look, "write", "~/bases/other.raw")) &&
         !strcmp(box_said(&look, "read", "~/bases/base.raw"), "ENOENT"),
     "rootfs: and not written, and no other base is there");

  box_qcow2(rootfs, "../../../bases/base.raw", "raw");
  box_run(&look, &config, "code:0", NULL);
  OK(look.code == JAILER_E_CHAIN && strstr(look.err.item, "base.raw") && strstr(look.err.message, "record"), "rootfs: another layer than recorded is E_CHAIN: %s", error_of(&look));
  box_qcow2(rootfs, "../../../images/lower.qcow2", "qcow2");
  box_run(&look, &config, "code:0", NULL);
  OK(box_ended_well(&look), "rootfs: as recorded it is launched: %s", error_of(&look));

  config.rootfs_format = JAILER_FORMAT_RAW;
  box_run(&look, &config, "code:0", NULL);
  OK(look.code == JAILER_E_CHAIN, "rootfs: recorded as qcow2, launched as raw is E_CHAIN: %s", error_of(&look));
  OK(box_qcow2(rootfs, "/etc/passwd", "raw") && jailer_box_record(&config, &err) == JAILER_OK, "rootfs: raw, with a qcow2 header as its first bytes, is recorded as raw");
  box_run(&look, &config, "write:~/boxes/rootfs/disks/guest-rootfs.qcow2", "line:/etc/passwd", "read:~/images/lower.qcow2", NULL);
  OK(box_ended_well(&look) && !strcmp(box_said(&look, "write", rootfs), "ok"), "rootfs: raw, launched: %s", error_of(&look));
  OK(!strncmp(box_said(&look, "line", "/etc/passwd"), "jail:", 5) && !strcmp(box_said(&look, "read", "~/images/lower.qcow2"), "ENOENT"),
     "rootfs: with nothing behind it");
  OK(strstr(box_read(record), "guest-rootfs") && !strstr(box_read(record), "passwd"), "rootfs: and nothing of that header in the record");
  box_run(&look, &config, "header:~/boxes/rootfs/disks/guest-rootfs.qcow2|/etc/shadow|raw", NULL);
  OK(box_ended_well(&look) && strstr(look.text, "=ok\n"), "rootfs: the guest writes another header there");
  box_run(&look, &config, "code:0", NULL);
  OK(box_ended_well(&look), "rootfs: which means nothing at the next launch: %s", error_of(&look));
  config.rootfs_format = JAILER_FORMAT_QCOW2;
  box_run(&look, &config, "code:0", NULL);
  OK(look.code == JAILER_E_CHAIN, "rootfs: as qcow2 it is refused: %s", error_of(&look));
  config.rootfs_format = JAILER_FORMAT_RAW;
  config.disk_format = JAILER_FORMAT_RAW;
  box_run(&look, &config, "code:0", NULL);
  OK(look.code == JAILER_E_CHAIN, "rootfs: the format of the one is not that of the other: %s", error_of(&look));
  OK(jailer_layout_remove(&layout, &err) == JAILER_OK, "rootfs: and gone");
}

/* --- names planted for the next launch ---------------------------------------------------------------------------- */

static void test_planted(void) {
  jailer_config config = box_config();
  jailer_error err;
  box_text("^/victim", "the host's\n");
  chmod(box_path("^/victim"), 0600);
  static const struct {
    const char *op, *what;
  } planted[] = {{"symlink:^/victim|./logs/console.log", "a symbolic link"},
                 {"fifo:./logs/console.log", "a FIFO"},
                 {"mkdir:./logs/console.log", "a directory"},
                 {"bind:./logs/console.log", "a socket"},
                 {"link:./logs/a|./logs/console.log", "a second link of a file"}};
  for (size_t i = 0; i < BOX_COUNT(planted); i++) {
    box_run(&ran, &config, "put:./logs/a|x", "unlink:./logs/console.log", planted[i].op, NULL);
    OK(box_ended_well(&ran) && strstr(ran.text, "console.log=ok\n"), "the box leaves %s as logs/console.log", planted[i].what);
    refused(&config, JAILER_E_UNSAFE, "the next launch");
    OK(strstr(ran.err.item, "console.log") != NULL, "names it");
    OK(!strcmp(box_read("^/victim"), "the host's\n") && (box_stat("^/victim").st_mode & 0777) == 0600, "and touches nothing else");
    if (remove(box_path("./logs/console.log"))) printf("# it cannot be removed\n");
    accepted(&config, "without it the box is launched");
  }
  box_run(&ran, &config, "chmod:./shared", "chmod:./logs", NULL);
  accepted(&config, "other modes on its directories are no obstacle");
  OK((box_stat("./logs").st_mode & 0777) == 0700, "and are put right");

  /* what the box cannot plant, but a mistake can */
  static const char *const own[] = {"./exit", "./shim.stderr", "./record", "./lock", "./copies", "./shim.pid", "./disks/disk.qcow2"};
  for (size_t i = 0; i < BOX_COUNT(own); i++) {
    char what[64];
    bool had = rename(box_path(own[i]), box_path("^/kept")) == 0;
    snprintf(what, sizeof what, "a symbolic link as %s", own[i] + 2);
    OK(symlink(box_path("^/victim"), box_path(own[i])) == 0, "there is %s", what);
    box_run(&ran, &config, "put:./shared/ran|x", NULL);
    OK(ran.code != JAILER_OK && absent("./shared/ran"), "%s: %s", what, error_of(&ran));
    OK(!strcmp(box_read("^/victim"), "the host's\n"), "and where it leads nothing is touched");
    unlink(box_path(own[i]));
    if (had && rename(box_path("^/kept"), box_path(own[i]))) printf("# it cannot be put back\n");
  }
  static const char *const dirs[] = {"./disks", "./bin", "./", "~/boxes", "~/"};
  for (size_t i = 0; i < BOX_COUNT(dirs); i++) {
    char what[64];
    mode_t mode = box_stat(dirs[i]).st_mode & 07777;
    chmod(box_path(dirs[i]), mode | 020);
    snprintf(what, sizeof what, "%s writable by a group", dirs[i]);
    refused(&config, JAILER_E_UNSAFE, what);
    chmod(box_path(dirs[i]), mode);
  }
  accepted(&config, "with everything put right the box is launched");
  OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_OK, "and can be prepared");
}

/* --- twenty launches ---------------------------------------------------------------------------------------------- */

/* A line for each thing that a launch could leave. */
static void inventory(char *text, size_t size) {
  size_t at = 0, fds = 0, mounts = 0;
  for (int fd = 0; fd < 1024; fd++) fds += fcntl(fd, F_GETFD) >= 0;
  FILE *f = fopen("/proc/self/mountinfo", "r");
  for (int c; f && (c = fgetc(f)) != EOF;) mounts += c == '\n';
  if (f) fclose(f);
  at += (size_t)snprintf(text + at, size - at, "%zu descriptors, %zu mounts, children %d", fds, mounts, waitpid(-1, NULL, WNOHANG) != -1);
  const char *dirs[] = {box_top, box_home, box_path("~/boxes"), box_path("~/uids"), box_dir, box_path("./bin"), box_path("./logs"), box_path("./disks")};
  for (size_t i = 0; i < BOX_COUNT(dirs); i++) {
    char command[JAILER_PATH_MAX + 32];
    snprintf(command, sizeof command, "ls -A '%s' 2>/dev/null", dirs[i]);
    FILE *ls = popen(command, "r");
    for (int c; ls && (c = fgetc(ls)) != EOF && at + 2 < size;) text[at++] = (char)(c == '\n' ? ' ' : c);
    if (ls) pclose(ls);
    text[at++] = '/';
  }
  text[at] = 0;
}

static void test_many(void) {
  static char before[8192], after[8192];
  jailer_config config = box_config();
  jailer_error err;
  bool good = true;
  unlink(box_path("./bin/not-a-program")); /* of an earlier test */
  box_run(&ran, &config, "code:0", NULL);
  inventory(before, sizeof before);
  for (int i = 0; i < 20 && good; i++) {
    box_run(&ran, &config, "put:./shared/ran|x", "unlink:./shared/ran", "bind:./sockets/s", "unlink:./sockets/s", NULL);
    good = box_ended_well(&ran) && strstr(ran.text, "sockets/s=ok\n");
  }
  OK(good, "twenty launches, one after the other: %s", error_of(&ran));
  inventory(after, sizeof after);
  OK(!strcmp(before, after), "leave nothing");
  if (strcmp(before, after)) printf("# before: %s\n# after: %s\n", before, after);
  config.argv = (const char *const[]){"probe_box", NULL};
  config.shim = box_path("^/not-a-program");
  for (int i = 0; i < 5; i++) good = jailer_launch(&config, &ran.proc, &err) == JAILER_E_EXEC && good;
  config.shim = "/no/such/shim";
  for (int i = 0; i < 5; i++) good = jailer_launch(&config, &ran.proc, &err) == JAILER_E_NOT_FOUND && good;
  unlink(box_path("./bin/not-a-program"));
  inventory(after, sizeof after);
  OK(good && !strcmp(before, after), "neither do ten that fail");
  if (strcmp(before, after)) printf("# before: %s\n# after: %s\n", before, after);
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && absent("./"), "the box is removed");
  inventory(after, sizeof after);
  OK(strstr(after, "/bases boxes images uids /") || strstr(after, "/bases boxes images /"), "the home is as it was before it");
}

/* --- the examples ------------------------------------------------------------------------------------------------- */

/* What a command prints; its exit status, -1 when it did not end by itself. */
static int command(const char *line, char *text, size_t size) {
  size_t at = 0, n;
  FILE *f = popen(line, "r");
  if (!f) return -1;
  while (at + 1 < size && (n = fread(text + at, 1, size - 1 - at, f)) > 0) at += n;
  text[at] = 0;
  int status = pclose(f);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* run_box and its shim keep their promises, and the shim can tell a jail from none. */
static void test_examples(void) {
  static char text[65536];
  char line[2 * JAILER_PATH_MAX];
  const char *build = getenv("JAILER_BUILD");
  if (!build || !*build) build = "build";
  snprintf(line, sizeof line, "env -u HOME TMPDIR='%s' '%.1000s/run_box' 2>&1", box_top, build);
  int status = command(line, text, sizeof text);
  OK(status == 0 && strstr(text, "run_box: all as promised\n"), "run_box: exit status %d", status);
  OK(strstr(text, "| refused: read /etc/shadow (ENOENT)\n") && !strstr(text, "ALLOWED"), "run_box: its shim was refused what it should be");
  OK(strstr(text, "kvm: not to be had") || strstr(text, "| kvm: hello from the guest\n"), "run_box: with /dev/kvm a guest ran");
  if (status) printf("# %s\n", text);
  snprintf(line, sizeof line, "ls -A '%s' | grep -c jailer-home", box_top);
  command(line, text, sizeof text);
  OK(!strcmp(text, "0\n"), "run_box: its home is gone");

  jailer_layout neighbour;
  jailer_error err;
  OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_OK && box_disks() &&
         jailer_layout_init(&neighbour, box_home, "neighbour", &err) == JAILER_OK && jailer_layout_prepare(&neighbour, 0, 0, &err) == JAILER_OK,
     "two boxes to look at from outside");
  snprintf(line, sizeof line, "'%.1000s/shim' --box '%s' --try /etc/passwd 2>&1", build, box_dir);
  status = command(line, text, sizeof text);
  OK(status == 1 && strstr(text, "ALLOWED: open /etc/passwd\n") && strstr(text, "ALLOWED: list other boxes"), "the shim without a jail says so: exit status %d", status);
  OK(strstr(box_read("./exit"), "\"code\":1") != NULL, "in its exit file too");
  snprintf(line, sizeof line, "'%.1000s/hello_jail' 'cat /etc/shadow || exit 7' 2>&1", build);
  status = command(line, text, sizeof text);
  OK(status == 7 && strstr(text, "No such file"), "hello_jail: exit status %d", status);
}

int main(void) {
  umask(022);
  box_begin();
  test_running();
  test_pid_stays();
  test_pid_first();
  test_two_threads();
  test_stale_pid();
  test_stderr_and_exit();
  test_modes();
  test_shut();
  test_without_mounts();
  test_exit_read();
  test_copies();
  test_libraries();
  test_record();
  test_longer();
  test_formats();
  test_raw();
  test_rootfs();
  test_planted();
  test_many();
  test_examples();
  box_end();
  return tap_done();
}
