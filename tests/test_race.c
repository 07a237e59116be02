/* test_race.c: a second process swaps a granted directory, its parent, a granted file and a destination for symbolic links,
 * in a tight loop through 2,000 launches, and then once at every call that looks at a path. Whatever it does, the target
 * sees the inode that the plan decided on, or is not launched. */
#define _GNU_SOURCE
#include "canary.h"
#include <linux/futex.h>
#include <sched.h>
#include <time.h>

enum { NAMES = 4, IDLE = 0, STORM = 1, SWAP = 2, END = 3 };
static const char *const name_texts[NAMES] = {"the granted directory", "its parent", "the granted file", "the destination"};

/* Shared with the racer, and with children whatever memory they have. */
static struct race {
  volatile int mode;   /* what the racer does */
  volatile int which;  /* SWAP: which name */
  volatile int answer; /* SWAP: done */
  volatile long swaps;
  volatile int armed, side, swapped, spawning;
  volatile long calls[2], index;
  volatile long seen[2][1024];
} *R;

/* Before the chosen call: the racer swaps one name (the child of a root launcher may not), and the call goes on. */
CANARY_BARE static bool hook(long nr, const long args[6], long *result) {
  (void)args;
  (void)result;
  if (!R || !R->armed) return false;
  const int side = canary_launcher_calls() ? 0 : 1;
  const long n = __atomic_add_fetch(&R->calls[side], 1, __ATOMIC_RELAXED);
  if (n < 1024) R->seen[side][n] = nr;
  if (side != R->side || n != R->index) return false;
  R->swapped = 1;
  R->answer = 0;
  R->mode = SWAP;
  canary_bare(SYS_futex, (long)&R->mode, FUTEX_WAKE, 9, 0, 0, 0);
  while (!R->answer) canary_bare(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
  return false;
}

#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: now with what it knows of layers */
#include "tap.h"

static const char *swapped[NAMES][2]; /* the two names that change places */
static struct {
  const char *dir, *in, *file, *rw, *nested, *destination;
  uint64_t good[NAMES], evil[NAMES];
} W;

static uint64_t inode(const char *path) {
  struct stat st;
  return stat(path, &st) ? 0 : st.st_ino;
}

static void pair(int i, const char *name, const char *target) {
  char other[64];
  snprintf(other, sizeof other, "%s.evil", name);
  swapped[i][0] = canary_in(name);
  swapped[i][1] = canary_in(other);
  if (symlink(target, swapped[i][1])) canary_bail(swapped[i][1]);
}

static void world(void) {
  canary_pipe();
  W.dir = canary_dir("p", "good");
  canary_dir("evil", "evil");
  canary_dir("q", "good");
  W.in = canary_dir("q/in", "good");
  canary_dir("evilq", "evil");
  canary_dir("evilq/in", "evil");
  W.file = canary_file("f", "good");
  canary_file("evilf", "evil");
  W.rw = canary_dir("w", "rw");
  chmod(W.rw, 0777);
  W.destination = canary_dir("w/dest", "bare");
  W.nested = canary_dir("nested", "nested");
  pair(0, "p", canary_in("evil"));
  pair(1, "q", canary_in("evilq"));
  pair(2, "f", canary_in("evilf"));
  pair(3, "w/dest", W.dir); /* followed, it would put the nested grant over the granted directory */
  W.good[0] = inode(W.dir);
  W.good[1] = inode(W.in);
  W.good[2] = inode(W.file);
  W.good[3] = inode(W.nested);
  W.evil[0] = inode(canary_in("evil"));
  W.evil[1] = inode(canary_in("evilq/in"));
  W.evil[2] = inode(canary_in("evilf"));
}

static void exchange(int i) { syscall(SYS_renameat2, AT_FDCWD, swapped[i][0], AT_FDCWD, swapped[i][1], 2); }

/* Whether a name is the real thing now (and not the link). */
static bool real(int i) {
  struct stat st;
  return !lstat(swapped[i][0], &st) && !S_ISLNK(st.st_mode);
}

static void racer(pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  for (;;) {
    switch (R->mode) {
      case IDLE: syscall(SYS_futex, &R->mode, FUTEX_WAIT, IDLE, NULL, NULL, 0); break;
      case STORM:
        for (int i = 0; i < NAMES; i++) exchange(i);
        R->swaps++;
        break;
      case SWAP:
        exchange(R->which);
        R->mode = IDLE;
        R->answer = 1;
        break;
      default: _exit(0);
    }
  }
}

static void race_mode(int mode) {
  R->mode = mode;
  syscall(SYS_futex, &R->mode, FUTEX_WAKE, 9, NULL, NULL, 0);
}

static void calm(void) {
  R->armed = R->index = 0;
  race_mode(IDLE);
  for (int tries = 0; tries < 1000; tries++) { /* a storm's last round may still be on its way */
    struct timespec ms = {0, 1000000};
    bool good = true;
    nanosleep(&ms, NULL);
    for (int i = 0; i < NAMES; i++) {
      if (!real(i)) exchange(i), good = false;
    }
    if (good) return;
  }
}

static jailer_plan *plan_make(jailer_error *err, jailer_code *code) {
  const char *argv[] = {canary_program, W.dir, W.in, W.file, W.destination, NULL};
  const jailer_grant grants[] = {{W.dir, NULL, JAILER_READ, false},
                                 {W.in, NULL, JAILER_READ, false},
                                 {W.file, NULL, JAILER_READ, false},
                                 {W.rw, NULL, JAILER_WRITE, false},
                                 {W.nested, W.destination, JAILER_READ, false}};
  const jailer_fd fds[] = {{canary_write_fd, true, 1}};
  jailer_config config;
  jailer_plan *plan = NULL;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = grants;
  config.grant_count = sizeof grants / sizeof grants[0];
  config.fds = fds;
  config.fd_count = 1;
  config.without_system = true;
  *code = jailer_plan_new(&config, NULL, &plan, err);
  return plan;
}

/* The inodes that a plan decided on, in the order of the canary's arguments. */
static void planned(const jailer_plan *plan, uint64_t ino[NAMES]) {
  const char *paths[NAMES] = {W.dir, W.in, W.file, W.nested};
  for (int i = 0; i < NAMES; i++)
    for (size_t k = 0; k < plan->source_count; k++)
      if (!strcmp(plan->sources[k].path, paths[i])) ino[i] = plan->sources[k].st.ino;
}

static long launched, refused, wrong, odd;
static int codes[JAILER_CODE_COUNT];
static char first_wrong[256];

static void note(const char *format, ...) {
  va_list list;
  va_start(list, format);
  if (!first_wrong[0]) vsnprintf(first_wrong, sizeof first_wrong, format, list);
  va_end(list);
}

/* One launch of a plan, and what the canary saw compared with what was planned. */
static void launch(const jailer_plan *plan) {
  struct canary c;
  jailer_proc proc;
  jailer_error err;
  jailer_status status;
  uint64_t ino[NAMES] = {0};
  planned(plan, ino);
  jailer_code code = jailer_spawn(plan, &proc, &err);
  codes[code]++;
  if (code) {
    refused++;
    if (canary_get(canary_read_fd, &c)) wrong++, note("refused, but the canary ran");
    if (code != JAILER_E_CHANGED && code != JAILER_E_UNSAFE && code != JAILER_E_NOT_FOUND && code != JAILER_E_SYSTEM &&
        code != JAILER_E_DENIED)
      odd++, note("refused with %s: %s", jailer_code_name(code), err.message);
    return;
  }
  if (jailer_wait(&proc, -1, &status, &err) || canary_get(canary_read_fd, &c) != 1 || c.path_count != NAMES) {
    odd++;
    note("launched, but the canary did not report");
    return;
  }
  launched++;
  for (int i = 0; i < 3; i++)
    if (c.path[i].error || c.path[i].ino != ino[i]) wrong++, note("%s is inode %llu", name_texts[i], (unsigned long long)c.path[i].ino);
  /* w/ itself stays the racer's: the mount goes where the directory goes, and the name may be the link now, which leads to
     the granted directory inside. The bare directory, or anything else, means that the mount is somewhere else. */
  const struct canary_path *d = &c.path[3];
  if (d->error != ENOENT && d->ino != ino[3] && d->ino != ino[0]) wrong++, note("the destination is inode %llu (%s)", (unsigned long long)d->ino, d->word);
  const char *why = canary_denies(&c, &proc, "jail");
  if (why) odd++, note("%s", why);
}

static void count_from_zero(void) {
  launched = refused = wrong = odd = 0;
  memset(codes, 0, sizeof codes);
  first_wrong[0] = 0;
}

static void tell(void) {
  if (first_wrong[0]) printf("# %s\n", first_wrong);
  printf("# %ld launched, %ld refused:", launched, refused);
  for (int i = 1; i < JAILER_CODE_COUNT; i++)
    if (codes[i]) printf(" %s %d", jailer_code_name((jailer_code)i), codes[i]);
  printf("\n");
}

/* A plan is made in peace and launched in the storm. */
static void storm(int launches) {
  jailer_error err;
  jailer_code code;
  calm();
  jailer_plan *plan = plan_make(&err, &code);
  OK(code == JAILER_OK, "a plan is made while nothing moves");
  if (code) {
    printf("# %s: %s: %s\n", jailer_code_name(code), err.step, err.message);
    return;
  }
  count_from_zero();
  R->swaps = 0;
  race_mode(STORM);
  for (int i = 0; i < launches; i++) launch(plan);
  calm();
  OK(wrong == 0 && odd == 0, "%d launches while everything is swapped: never a wrong inode", launches);
  OK(launched > 0 && refused > 0, "both outcomes occurred");
  OK(R->swaps > launches, "and the racer was at it (%s rounds)", R->swaps > launches ? "enough" : "too few");
  tell();
  printf("# %ld rounds of swaps\n", R->swaps);
  jailer_plan_free(plan);
}

/* The plan itself is made in the storm: it may decide on either file, but then that one it is. */
static void storm_of_plans(int launches) {
  jailer_error err;
  jailer_code code;
  long plans = 0, evil = 0;
  calm();
  count_from_zero();
  race_mode(STORM);
  for (int i = 0; i < launches; i++) {
    uint64_t ino[NAMES] = {0};
    jailer_plan *plan = plan_make(&err, &code);
    if (code) continue;
    plans++;
    planned(plan, ino);
    evil += ino[0] != W.good[0];
    launch(plan);
    jailer_plan_free(plan);
  }
  calm();
  OK(wrong == 0 && odd == 0 && plans > 0, "plans made while everything is swapped: the target sees what its plan decided");
  tell();
  printf("# %ld plans of %d, %ld of them of the link's target\n", plans, launches, evil);
}

static bool looks_at_paths(long nr) {
  return nr == SYS_openat || nr == SYS_open_tree || nr == SYS_statx || nr == SYS_readlinkat || nr == SYS_openat2 ||
         nr == SYS_move_mount || nr == SYS_mount_setattr || nr == SYS_mkdirat || nr == SYS_landlock_add_rule || nr == SYS_clone3 ||
         nr == SYS_pivot_root || nr == SYS_faccessat || nr == SYS_execve;
}

/* One swap, exactly before one call, for every call that looks at a path, in plan and launch, parent and child. */
static void each_call(int which) {
  jailer_error err;
  jailer_code code;
  long limits[2], runs = 0, plans_refused = 0;
  static long numbers[2][1024];
  count_from_zero();
  calm();
  R->side = -1;
  R->calls[0] = R->calls[1] = 0;
  R->armed = 1;
  jailer_plan *plan = plan_make(&err, &code);
  if (plan) launch(plan);
  R->armed = 0;
  jailer_plan_free(plan);
  memcpy(numbers, (const void *)R->seen, sizeof numbers);
  for (int side = 0; side < 2; side++) limits[side] = R->calls[side] < 1023 ? R->calls[side] : 1023;
  count_from_zero();
  for (int side = 0; side < 2; side++) {
    for (long index = 1; index <= limits[side]; index++) {
      if (!looks_at_paths(numbers[side][index])) continue;
      R->calls[0] = R->calls[1] = 0;
      R->which = which;
      R->side = side;
      R->index = index;
      R->swapped = 0;
      R->armed = 1;
      plan = plan_make(&err, &code);
      if (plan) launch(plan);
      R->armed = 0;
      jailer_plan_free(plan);
      runs++;
      plans_refused += code != JAILER_OK;
      for (int i = 0; i < NAMES; i++)
        if (!real(i)) exchange(i);
    }
  }
  OK(wrong == 0 && odd == 0 && runs > 50, "%s is swapped before each call that looks at a path: the planned inode, or refused",
     name_texts[which]);
  if (which == 3 || geteuid() != 0) OK(launched > 0 && refused > 0, "%s: and both occur", name_texts[which]);
  tell();
  printf("# %ld runs, %ld refused by the plan\n", runs, plans_refused);
}

int main(void) {
  char here;
  jailer_error err;
  jailer_code code;
  canary_launcher_stack = &here;
  canary_setup();
  world();
  R = mmap(NULL, sizeof *R, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (R == MAP_FAILED) canary_bail("mmap");
  const pid_t parent = getpid(), child = fork();
  if (child < 0) canary_bail("fork");
  if (child == 0) racer(parent);
  storm(2000);
  storm_of_plans(300);
  for (int i = 0; i < NAMES; i++) each_call(i);

  calm();
  exchange(3); /* the destination is a link for good */
  jailer_plan *plan = plan_make(&err, &code);
  jailer_proc proc;
  if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
  OK(code == JAILER_E_UNSAFE && strstr(err.item, "nested"), "a destination that is a symbolic link is E_UNSAFE");
  if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  jailer_plan_free(plan);
  calm();
  plan = plan_make(&err, &code);
  exchange(0); /* the granted directory is one for good: what the plan holds is still what is mounted, or nothing is */
  if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
  OK(geteuid() == 0 ? code == JAILER_OK : code == JAILER_E_CHANGED, "a granted directory that became a link: %s",
     geteuid() == 0 ? "the plan's descriptor is mounted" : "E_CHANGED");
  if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  jailer_plan_free(plan);
  calm();
  race_mode(END);
  waitpid(child, NULL, 0);
  canary_remove(canary_scratch);
  return tap_done();
}
