/* test_nested: boxes where uid 0 is not the host's: root of a user namespace that maps one uid (a rootless container),
 * whose directories above HOME belong to nobody it knows; and root that lacks a capability. As root each scenario is run for
 * root's own uid and for an ordinary user's; as an ordinary user for that one. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"

enum { USER = 12345, STRANGER = 23456, ROWS = 64 };

/* A scenario is a child, because a process cannot come back from a user namespace: its rows are noted in memory that is
   shared with the parent, which prints them. */
static struct notes {
  int count, ended;
  struct {
    bool good;
    char what[200], more[400];
  } row[ROWS];
} *notes;

static jailer_error err;
static box_ran ran;

__attribute__((format(printf, 2, 3))) static bool note(bool good, const char *format, ...) {
  va_list list;
  if (notes->count == ROWS) _exit(9);
  va_start(list, format);
  vsnprintf(notes->row[notes->count].what, sizeof notes->row[0].what, format, list);
  va_end(list);
  if (!good) jailer_error_text(&err, notes->row[notes->count].more, sizeof notes->row[0].more);
  notes->row[notes->count++].good = good;
  memset(&err, 0, sizeof err);
  return good;
}

static void run(const char *title, void (*scenario)(void)) {
  fflush(stdout);
  memset(notes, 0, sizeof *notes);
  pid_t child = fork();
  if (child == 0) {
    scenario();
    notes->ended = 1;
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  for (int i = 0; i < notes->count; i++) {
    OK(notes->row[i].good, "%s: %s", title, notes->row[i].what);
    if (notes->row[i].more[0]) printf("# %s\n", notes->row[i].more);
  }
  OK(notes->ended && notes->count, "%s: to the end", title);
}

static bool put_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
  if (fd >= 0) close(fd);
  return good;
}

/* Becomes an ordinary user, who may make a user namespace (that takes a dumpable process). */
static void become_user(void) {
  if (geteuid() == 0 && (setgid(USER) || setuid(USER) || prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))) _exit(8);
}

/* Into a user namespace in which uid and gid 0 are the caller's own, and nothing else has a number. */
static void nest(void) {
  char uid[64], gid[64];
  snprintf(uid, sizeof uid, "0 %u 1\n", (unsigned)geteuid());
  snprintf(gid, sizeof gid, "0 %u 1\n", (unsigned)getegid());
  if (unshare(CLONE_NEWUSER) || !put_text("/proc/self/setgroups", "deny") || !put_text("/proc/self/uid_map", uid) ||
      !put_text("/proc/self/gid_map", gid) || geteuid() != 0)
    note(false, "a user namespace with one uid: %s", strerror(errno)), _exit(7);
}

/* The same, with 65534 as a second uid: only root outside can write such a map, here a child that stayed there. */
static void nest_with_nobody(void) {
  int in[2], out[2], status = -1;
  char byte = 0, path[64];
  if (pipe(in) || pipe(out)) _exit(6);
  pid_t self = getpid(), helper = fork();
  if (helper == 0) {
    close(in[1]);
    if (read(in[0], &byte, 1) != 1) _exit(1);
    snprintf(path, sizeof path, "/proc/%d/uid_map", (int)self);
    _exit(put_text(path, "0 12345 1\n65534 54321 1\n") ? 0 : 1);
  }
  become_user();
  if (unshare(CLONE_NEWUSER) || write(in[1], &byte, 1) != 1 || waitpid(helper, &status, 0) != helper || status != 0)
    note(false, "a user namespace with two uids: %s", strerror(errno)), _exit(7);
}

/* A home in the test's directory, in a directory `parent` between if that is not NULL. */
static void home_in(const char *parent, const char *name) {
  if (parent) snprintf(box_home, sizeof box_home, "%.2000s/%.60s/%.60s", box_top, parent, name);
  else snprintf(box_home, sizeof box_home, "%.2000s/%.60s", box_top, name);
  snprintf(box_dir, sizeof box_dir, "%.4000s/boxes/demo", box_home);
  if (jailer_layout_init(&box_layout, box_home, "demo", &err)) _exit(5);
}

static bool exists(const char *name) {
  struct stat st;
  return lstat(box_path(name), &st) == 0;
}

static jailer_code prepare(void) { return jailer_layout_prepare(&box_layout, 0, 0, &err); }

/* Everything of the tree belongs to one uid, as it is seen from here. */
static bool all_of(uid_t uid, gid_t gid) {
  static const char *const names[] = {"~/",        "~/bases",   "~/images", "~/boxes", "~/uids",  "./",
                                      "./bin",     "./shared",  "./tmp",    "./logs",  "./exit",  "./logs/console.log",
                                      "./sockets", "./disks",   "./mounts"};
  bool good = true;
  for (size_t i = 0; i < BOX_COUNT(names); i++) {
    struct stat st = box_stat(names[i]);
    good = good && st.st_ino && st.st_uid == uid && st.st_gid == gid;
  }
  return good;
}

/* --- a rootless container ----------------------------------------------------------------------------------------- */

/* The life of a box, with its disks, from the first prepare to the removal. */
static void live(void) {
  jailer_config config = box_config();
  jailer_host host;
  char text[64];
  size_t n = 0;
  note(jailer_probe(&host, &err) == JAILER_OK && host.nested && !host.privileged && host.uid == 0,
       "the host is told as nested, its root as no root");
  home_in(NULL, "home");
  if (!note(prepare() == JAILER_OK, "prepare makes a box")) return;
  note(all_of(0, 0), "every entry is the launcher's own");
  note(!exists("./uid"), "no uid of HOME/uids is taken");
  note(prepare() == JAILER_OK, "and can be called again");
  note(jailer_layout_prepare(&box_layout, USER, 0, &err) == JAILER_E_INVALID, "another uid is INVALID");
  note(jailer_layout_prepare(&box_layout, 0, USER, &err) == JAILER_E_INVALID, "another gid is INVALID");
  note(box_disks() && jailer_box_record(&config, &err) == JAILER_OK, "its disks are recorded");
  for (int i = 0; i < 2; i++) {
    box_run(&ran, &config, "put:./shared/made|x", "put:./exit|bye", "write:./disks/disk.qcow2", "read:~/bases/base.raw",
            "list:~/boxes/demo", NULL);
    err = ran.err;
    if (!note(box_ended_well(&ran), "launch %d runs and is waited for", i + 1)) return;
    note(!strcmp(box_said(&ran, "write", "./disks/disk.qcow2"), "ok") &&
             !strcmp(box_said(&ran, "read", "~/bases/base.raw"), "ok") &&
             !strstr(box_said(&ran, "list", "~/boxes/demo"), "lock"),
         "it has its disk and the disk's base, and not the launcher's files");
    note(box_stat("./shared/made").st_uid == 0, "what it writes is the launcher's");
    note(jailer_box_exit(&box_layout, text, sizeof text, &n, &err) == JAILER_OK && n == 3 && !memcmp(text, "bye", 3),
         "its last words can be read");
  }
  note(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists("./"), "the box is removed");
}

static void live_nested(void) {
  nest();
  live();
}

static void live_nested_user(void) {
  become_user();
  live_nested();
}

/* What root of the container must not take for its own. */
static void refusals(void) {
  become_user();
  nest();
  if (jailer_layout_init(&box_layout, "/usr", "demo", &err)) return;
  note(prepare() == JAILER_E_UNSAFE, "a HOME that belongs to somebody outside is UNSAFE: %s", err.item);
  home_in(NULL, "refusals");
  note(mkdir(box_home, 0775) == 0 && chmod(box_home, 0775) == 0 && prepare() == JAILER_E_UNSAFE,
       "so is one that a group may write");
}

/* Without a map the caller's own uid is the one that stands for everybody. */
static void unmapped(void) {
  become_user();
  home_in(NULL, "unmapped");
  if (unshare(CLONE_NEWUSER)) return;
  note(prepare() == JAILER_E_UNSAFE && !exists("~/"), "prepare is UNSAFE, and nothing was made");
  note(jailer_layout_remove(&box_layout, &err) == JAILER_E_UNSAFE, "so is remove");
}

/* --- owners above HOME (made by root) ------------------------------------------------------------------------------ */

static bool directory(const char *name, uid_t owner, mode_t mode) {
  char path[JAILER_PATH_MAX];
  snprintf(path, sizeof path, "%.3000s/%s", box_top, name);
  return (mkdir(path, 0700) == 0 || errno == EEXIST) && chown(path, owner, owner) == 0 && chmod(path, mode) == 0;
}

static bool parents(void) {
  return directory("plain", STRANGER, 0755) && directory("plain/home", USER, 0711) && directory("sticky", STRANGER, 01777) &&
         directory("sticky/home", USER, 0711) && directory("group", STRANGER, 0775) && directory("group/home", USER, 0711) &&
         directory("others", STRANGER, 0757) && directory("others/home", USER, 0711) && directory("plain/taken", STRANGER, 0711) &&
         directory("plain/inner", USER, 0711) && directory("plain/inner/boxes", STRANGER, 0711) &&
         directory("nobody", 54321, 0711);
}

static void above_in_host(void) {
  become_user();
  home_in("plain", "home");
  note(prepare() == JAILER_E_UNSAFE, "on the host another user's directory above HOME is UNSAFE");
  home_in("sticky", "home");
  note(prepare() == JAILER_E_UNSAFE, "also a sticky one");
}

static void above_nested(void) {
  become_user();
  nest();
  home_in("plain", "home");
  note(prepare() == JAILER_OK, "an owner without a uid is accepted above HOME");
  home_in("sticky", "home");
  note(prepare() == JAILER_OK, "also with the sticky bit");
  home_in("group", "home");
  note(prepare() == JAILER_E_UNSAFE, "but not where a group may write");
  home_in("others", "home");
  note(prepare() == JAILER_E_UNSAFE, "nor where others may");
  home_in("plain", "taken");
  note(prepare() == JAILER_E_UNSAFE, "not as the owner of HOME");
  home_in("plain", "inner");
  note(prepare() == JAILER_E_UNSAFE, "nor of boxes/");
}

static void above_with_nobody(void) {
  nest_with_nobody();
  home_in("plain", "home");
  note(prepare() == JAILER_E_UNSAFE, "where the overflow uid is somebody's, it is not accepted above HOME");
}

static void nobody(void) {
  nest_with_nobody();
  if (setuid(65534)) _exit(7);
  home_in("nobody", "home");
  note(prepare() == JAILER_OK && box_stat("./shared").st_uid == 65534, "a launcher that is the container's nobody has boxes");
  note(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists("./"), "and removes them");
  home_in("plain", "taken");
  note(prepare() == JAILER_E_DENIED, "but not in a stranger's home, though it looks like its own");
}

/* --- root without a capability ---------------------------------------------------------------------------------------- */

static bool drop(unsigned capability) {
  uint32_t head[2] = {0x20080522, 0}, data[6];
  if (syscall(SYS_capget, head, data)) return false;
  data[0] &= ~(1u << capability); /* effective only */
  return syscall(SYS_capset, head, data) == 0;
}

static void no_chown(void) {
  const char *argv[] = {"probe_box", "code:0", NULL};
  jailer_config config = box_config();
  jailer_plan *plan = NULL;
  config.argv = argv;
  home_in(NULL, "full");
  note(prepare() == JAILER_OK && box_stat("./shared").st_uid >= 0x70000000u, "a box of root's, with a uid of its own");
  if (!note(drop(JL_CAP_CHOWN), "root loses CAP_CHOWN")) return;
  home_in(NULL, "less");
  note(prepare() == JAILER_E_DENIED && !exists("~/"), "prepare is DENIED, and nothing was made");
  note(jailer_layout_prepare(&box_layout, USER, USER, &err) == JAILER_E_DENIED && !exists("~/"), "also with a uid by number");
  note(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_DENIED && !exists("~/"), "so is a plan");
  config.allow_host_root = true;
  note(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK && all_of(0, 0), "with allow_host_root the box is root's");
  jailer_plan_free(plan);
  box_run(&ran, &config, NULL);
  err = ran.err;
  note(box_ended_well(&ran), "and runs");
  note(jailer_layout_remove(&box_layout, &err) == JAILER_OK, "and goes");
  home_in(NULL, "full");
  note(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists("./"), "a box that was made before can be removed");
}

/* Docker's root: it can give files, but it cannot become somebody else for good. */
static void no_admin(void) {
  const char *argv[] = {"probe_box", "code:0", NULL};
  jailer_config config = box_config();
  jailer_plan *plan = NULL;
  config.argv = argv;
  if (!note(drop(JL_CAP_SYS_ADMIN), "root loses CAP_SYS_ADMIN")) return;
  home_in(NULL, "docker");
  note(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_DENIED && !exists("~/"), "a plan is DENIED, and no box was made");
  note(prepare() == JAILER_OK && box_stat("./shared").st_uid >= 0x70000000u, "prepare gives the box a uid of its own");
  config.allow_host_root = true;
  note(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK && box_stat("./shared").st_uid == 0 &&
           box_stat("./logs/console.log").st_uid == 0,
       "with allow_host_root the box is root's");
  jailer_plan_free(plan);
  note(jailer_layout_remove(&box_layout, &err) == JAILER_OK, "and goes");
}

/* A copy that every user can reach, wherever the build lies. */
static bool copy_probe(void) {
  static char bytes[1 << 16];
  char to[JAILER_PATH_MAX];
  snprintf(to, sizeof to, "%.3000s/probe_box", box_top);
  FILE *in = fopen(box_probe, "r"), *out = fopen(to, "w");
  size_t n;
  while (in && out && (n = fread(bytes, 1, sizeof bytes, in)) > 0) fwrite(bytes, 1, n, out);
  if (in) fclose(in);
  bool good = in && out && fclose(out) == 0 && chmod(to, 0755) == 0;
  snprintf(box_probe, sizeof box_probe, "%s", to);
  return good;
}

int main(void) {
  const bool root = geteuid() == 0;
  notes = mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (notes == MAP_FAILED) return 1;
  box_begin();
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && copy_probe(), "the test's directory");
  OK(nftw(box_home, box_remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0, "is empty");
  if (root) {
    run("root, nested", live_nested);
    OK(nftw(box_path("~/"), box_remove_one, 16, FTW_PHYS | FTW_DEPTH) == 0, "root's home is gone");
    if (chown(box_top, USER, USER)) box_die(box_top);
  }
  run(root ? "a user, nested" : "nested", live_nested_user);
  run("refusals", refusals);
  run("no map", unmapped);
  if (root) {
    OK(parents(), "directories of a stranger");
    run("above HOME", above_in_host);
    run("above HOME, nested", above_nested);
    run("above HOME, nested", above_with_nobody);
    run("nobody, nested", nobody);
    if (chown(box_top, 0, 0)) box_die(box_top);
    run("no CAP_CHOWN", no_chown);
    run("no CAP_SYS_ADMIN", no_admin);
  }
  box_end();
  return tap_done();
}
