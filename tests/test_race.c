/* test_race.c: paths that move. A second process swaps a granted path, its parent directory and a destination for symbolic
 * links in a tight loop while this one launches; and a hook swaps them at the worst moments exactly. What the target sees is
 * the inode that the plan checked, or nothing is launched. */
#define _GNU_SOURCE
#include "canary.h"
#include <sys/syscall.h>
#include <time.h>

#include "tap.h"

static bool race_hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK race_hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: canary_denies */

static const char *good, *secret, *box;

/* --- the hook: one swap right before one call --- */

static long swap_before; /* 0: never */
static int swap_side, swapped, ask[2], answer[2];
static pid_t launcher;

static bool race_hook(long nr, const long args[6], long *result) {
  (void)args;
  (void)result;
  if (nr != swap_before || swapped || (swap_side && syscall(SYS_getpid) == launcher)) return false;
  char byte = 0;
  swapped = syscall(SYS_write, ask[1], &byte, 1L) == 1 && syscall(SYS_read, answer[0], &byte, 1L) == 1 ? 1 : -1;
  return false;
}

static void move_away(void) {
  char aside[PATH_MAX];
  snprintf(aside, sizeof aside, "%s.aside", good);
  if (rename(good, aside) || symlink(secret, good)) canary_bail("swap");
}

/* The hook runs in a child that may have lost the right to rename, so another process does it and says when. */
static pid_t swapper(void) {
  if (pipe2(ask, O_CLOEXEC) || pipe2(answer, O_CLOEXEC)) canary_bail("pipe");
  pid_t pid = fork();
  if (pid) return pid;
  char byte;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  while (read(ask[0], &byte, 1) == 1) {
    move_away();
    if (write(answer[1], &byte, 1) != 1) break;
  }
  _exit(0);
}

static void move_back(void) {
  char aside[PATH_MAX];
  struct stat st;
  snprintf(aside, sizeof aside, "%s.aside", good);
  if (lstat(good, &st) == 0 && S_ISLNK(st.st_mode)) unlink(good);
  if (rename(aside, good) && errno != ENOENT) canary_bail("rename back");
}

/* --- one launch --- */

typedef enum outcome { REFUSED, LAUNCHED, WRONG } outcome;

static uint64_t planned_ino(const jailer_plan *plan, const char *path) {
  for (size_t i = 0; i < plan->source_count; i++)
    if (plan->sources[i].origin == JL_FROM_CONFIG && !strcmp(plan->sources[i].path, path)) return plan->sources[i].st.ino;
  return 0;
}

static jailer_code last_code;

/* Launches the canary with the grants; it looks at `path` and at `decoy`. */
static outcome launch(const jailer_grant *grants, size_t count, const char *path, const char *decoy, bool path_moves) {
  const char *argv[] = {canary_program, path, decoy, NULL};
  int ends[2];
  jailer_config config;
  jailer_plan *plan;
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  struct canary account;
  outcome answer = REFUSED;
  if (pipe2(ends, O_CLOEXEC)) canary_bail("pipe");
  jailer_fd out = {ends[1], true, 1};
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = grants;
  config.grant_count = count;
  config.fds = &out;
  config.fd_count = 1;
  last_code = jailer_plan_new(&config, NULL, &plan, &err);
  if (last_code == JAILER_OK) {
    uint64_t ino = planned_ino(plan, grants[count - 1].path);
    last_code = jailer_spawn(plan, &proc, &err);
    close(ends[1]);
    ends[1] = -1;
    if (last_code == JAILER_OK) {
      int got = canary_get(ends[0], &account);
      jailer_wait(&proc, -1, &status, &err);
      answer = got == 1 && !canary_denies(&account, &proc, "jail") ? LAUNCHED : WRONG;
      if (!path_moves && (account.path[0].error || account.path[0].ino != ino)) answer = WRONG;
      if (decoy && strcmp(account.path[1].word, "decoy")) answer = WRONG;
    }
    jailer_plan_free(plan);
  }
  if (ends[1] >= 0) close(ends[1]);
  close(ends[0]);
  return answer;
}

/* --- an attacker in a loop --- */

static pid_t attack(const char *path, const char *target) {
  pid_t pid = fork();
  if (pid) return pid;
  char aside[PATH_MAX];
  snprintf(aside, sizeof aside, "%s.aside", path);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    for (int i = 0; i < 3; i++) {
      if (rename(path, aside)) _exit(1);
      if (symlink(target, path)) _exit(1);
      if (unlink(path)) _exit(1);
      if (rename(aside, path)) _exit(1);
    }
    struct timespec pause = {0, 300000}; /* whole for a moment, or nothing would ever be launched */
    nanosleep(&pause, NULL);
  }
}

static void storm(const char *name, const jailer_grant *grants, size_t count, const char *look, const char *swapping,
                  const char *target, const char *decoy, bool path_moves, int launches) {
  canary_state before;
  int seen[3] = {0, 0, 0};
  canary_take(&before);
  pid_t pid = attack(swapping, target);
  for (int i = 0; i < launches || ((!seen[REFUSED] || !seen[LAUNCHED]) && i < 4 * launches); i++)
    seen[launch(grants, count, look, decoy, path_moves)]++;
  int ended = kill(pid, 0);
  kill(pid, SIGKILL);
  waitpid(pid, NULL, 0);
  OK(!ended, "%s: the attacker was at work all the time", name);
  OK(seen[WRONG] == 0, "%s: never another inode in the jail (%d launches)", name, launches);
  OK(seen[LAUNCHED] > 0 && seen[REFUSED] > 0, "%s: both outcomes occurred (%d launched, %d refused)", name, seen[LAUNCHED],
     seen[REFUSED]);
  char aside[PATH_MAX];
  struct stat st;
  snprintf(aside, sizeof aside, "%s.aside", swapping);
  if (lstat(swapping, &st) == 0 && S_ISLNK(st.st_mode)) unlink(swapping);
  rename(aside, swapping);
  const char *why = canary_differs(&before);
  OK(!why, "%s: nothing is left%s%s", name, why ? ": " : "", why ? why : "");
}

static void storms(int launches) {
  jailer_grant path = {good, NULL, JAILER_READ, false};
  char below[PATH_MAX], inside[PATH_MAX], sub[PATH_MAX], decoy[PATH_MAX];
  snprintf(below, sizeof below, "%s/child", good);
  storm("a granted path", &path, 1, good, good, secret, NULL, false, launches);
  jailer_grant child = {below, NULL, JAILER_READ, false};
  storm("a parent directory", &child, 1, below, good, secret, NULL, false, launches);
  /* a read-only grant inside a writable one: the destination lies in a directory the attacker owns */
  snprintf(inside, sizeof inside, "%s/work", box);
  snprintf(sub, sizeof sub, "%s/work/sub", box);
  snprintf(decoy, sizeof decoy, "%s/decoy", box);
  jailer_grant nested[] = {{decoy, NULL, JAILER_READ, false}, {inside, NULL, JAILER_WRITE, false}, {good, sub, JAILER_READ, false}};
  storm("a destination", nested, 3, sub, sub, decoy, decoy, true, launches);
}

/* --- the worst moments --- */

static void exact(void) {
  static const struct {
    const char *name;
    long before;
    int side; /* 1: in the child */
    bool root_launches;
  } rows[] = {{"before the plan opens it", SYS_openat, 0, false}, {"before the child copies the tree", SYS_open_tree, 1, true},
              {"before the tree is identified", SYS_statx, 1, true}, {"before the tree is attached", SYS_move_mount, 1, true},
              {"before the old root goes", SYS_pivot_root, 1, true}};
  jailer_grant grant = {good, NULL, JAILER_READ, false};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    swap_before = rows[i].before;
    swap_side = rows[i].side;
    swapped = 0;
    outcome o = launch(&grant, 1, good, NULL, false);
    swap_before = 0;
    move_back();
    if (rows[i].before == SYS_statx && geteuid() == 0) continue; /* root's trees come from descriptors: nothing is asked */
    if (rows[i].before == SYS_open_tree && geteuid() == 0) {
      OK(o == LAUNCHED, "swapped %s: root launches from its descriptors", rows[i].name);
      continue;
    }
    OK(swapped == 1, "the swap happened %s", rows[i].name);
    OK(o != WRONG, "swapped %s: the right inode, or refused (%s)", rows[i].name, o == LAUNCHED ? "launched" : "refused");
    if (rows[i].before == SYS_open_tree)
      OK(o == REFUSED && last_code == JAILER_E_CHANGED, "swapped %s: refused as changed", rows[i].name);
    if (rows[i].before == SYS_pivot_root)
      OK(o == LAUNCHED, "swapped %s: too late to matter", rows[i].name);
  }
}

/* Between plan and spawn: the plan holds the inode, the path leads elsewhere. */
static void between(void) {
  const char *argv[] = {canary_program, good, NULL};
  jailer_grant grant = {good, NULL, JAILER_READ, false};
  jailer_config config;
  jailer_plan *plan;
  jailer_proc proc;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = &grant;
  config.grant_count = 1;
  config.stdio = JAILER_STDIO_NULL;
  if (!OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK, "a plan is made")) return;
  move_away();
  jailer_code code = jailer_spawn(plan, &proc, &err);
  if (geteuid() == 0) {
    OK(code == JAILER_OK, "swapped between plan and spawn: root mounts the planned inode");
    if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  } else {
    OK(code == JAILER_E_CHANGED && strstr(err.item, good), "swapped between plan and spawn: refused, naming the path");
  }
  move_back();
  jailer_plan_free(plan);
}

int main(void) {
  canary_setup();
  launcher = getpid();
  good = canary_dir("good", "good");
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/child", good);
  if (mkdir(path, 0755)) canary_bail(path);
  secret = canary_dir("secret", "secret");
  snprintf(path, sizeof path, "%s/child", secret);
  if (mkdir(path, 0755)) canary_bail(path);
  box = canary_in("box");
  if (mkdir(box, 0755)) canary_bail(box);
  canary_dir("box/decoy", "decoy");
  canary_dir("box/work", "work");
  canary_dir("box/work/sub", "sub");
  snprintf(path, sizeof path, "%s/work", box);
  chmod(path, 0777); /* writable for a root launcher's target too */
  pid_t helper = swapper();
  exact();
  kill(helper, SIGKILL);
  waitpid(helper, NULL, 0);
  for (int i = 0; i < 2; i++) close(ask[i]), close(answer[i]);
  between();
  storms(getenv("JAILER_SANITIZED") ? 200 : 670);
  canary_remove(canary_scratch);
  return tap_done();
}
