/* test_gates.c: the last steps before a target runs, with one answer of the kernel another than it was. What the child reads
 * back of itself is a lie: E_READBACK, and no target. The child, or the parent's help, comes late: a target that is in
 * execve(2) counts as launched, one that is not yet does not run any more. And what other threads of the launcher do to a
 * launch that is under way: a kept number that becomes another file, a fork that holds the launch's pipe; and a clone that
 * finds a limit reached, which is no host without namespaces. */
#define _GNU_SOURCE
#include "canary.h"
#include <poll.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>

enum { NOTHING, DELAY, LIE, REFUSE, SWAP, HOLD };

/* What the hook does, and what it saw. Shared memory, because a child may have memory of its own. */
static struct gates {
  volatile int armed, what, child; /* child: a call of the child and not of the launcher */
  volatile long nr;                /* which call */
  volatile int fired, no_userns;
  volatile int delay_ms, error; /* DELAY, REFUSE */
  const char *volatile path;    /* of its first argument (execve, statfs), its second (openat), or the end of that (readlinkat); NULL: any */
  const char *volatile own;     /* LIE, readlinkat: this link is read instead */
  volatile long offset, value;  /* LIE: the 64 bits there become the value; offset -1: the answer itself */
  volatile int bits;            /* LIE: are taken away instead, 64 bits wide */
  volatile int from, to;        /* SWAP: this becomes that */
  volatile int holder;          /* HOLD: a child that holds what is open */
  const char *volatile limit;   /* opened instead of /proc/sys/user/max_user_namespaces; NULL: the real one */
} * G;

CANARY_BARE static bool same(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a == *b;
}

CANARY_BARE static bool ends(const char *text, const char *tail) {
  const char *a = text, *b = tail;
  while (*a) a++;
  while (*b) b++;
  while (b > tail && a > text && a[-1] == b[-1]) a--, b--;
  return b == tail;
}

CANARY_BARE static void nap(int ms) {
  struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
  canary_bare(SYS_nanosleep, (long)&time, 0, 0, 0, 0, 0);
}

CANARY_BARE static bool meant(long nr, const long args[6]) {
  if (nr != G->nr && !(G->nr == SYS_clone3 && nr == SYS_clone)) return false;
  if (canary_launcher_calls() == (G->child != 0)) return false;
  if (G->what == REFUSE && G->nr == SYS_clone3 && !canary_wants_userns(nr, args)) return false;
  if (nr == SYS_openat && G->path) return same((const char *)args[1], G->path);
  if (nr == SYS_readlinkat && G->path) return ends((const char *)args[1], G->path);
  return !G->path || same((const char *)args[0], G->path);
}

/* The kernel's own answer, and then something else in its place. */
CANARY_BARE static void lie(long nr, const long args[6], long *result) {
  *result = canary_bare(nr, args[0], nr == SYS_readlinkat ? (long)G->own : args[1], args[2], args[3], args[4], args[5]);
  if (*result < 0 || nr == SYS_readlinkat) return;
  if (G->offset < 0) {
    *result = G->value;
    return;
  }
  char *at = (char *)args[nr == SYS_getresuid || nr == SYS_getresgid ? 2
                          : nr == SYS_prlimit64                      ? 3
                                                                     : 1] +
             G->offset;
  if (G->bits) *(volatile uint64_t *)at &= ~(uint64_t)G->bits;
  else if (nr == SYS_getresuid || nr == SYS_getresgid || nr == SYS_getgroups)
    *(volatile uint32_t *)at = (uint32_t)G->value;
  else *(volatile uint64_t *)at = (uint64_t)G->value;
}

/* Forks. The child does nothing but live, until it is killed. */
CANARY_BARE static void hold(void) {
  const long pid = canary_bare(SYS_clone, SIGCHLD, 0, 0, 0, 0, 0);
  if (pid) {
    G->holder = (int)pid;
    return;
  }
  for (int i = 0; i < 60; i++) nap(1000);
  canary_bare(SYS_exit_group, 0, 0, 0, 0, 0, 0);
}

CANARY_BARE static bool hook(long nr, const long args[6], long *result) {
  if (!G || !G->armed) return false;
  if (G->no_userns && canary_wants_userns(nr, args)) return *result = -EPERM, true;
  if (G->limit && nr == SYS_openat && same((const char *)args[1], "/proc/sys/user/max_user_namespaces")) {
    *result = canary_bare(nr, args[0], (long)G->limit, args[2], args[3], 0, 0);
    return true;
  }
  if (!meant(nr, args)) return false;
  G->fired++;
  switch (G->what) {
  case DELAY: nap(G->delay_ms); return false;
  case LIE: lie(nr, args, result); return true;
  case REFUSE: *result = -G->error; return true;
  case SWAP: canary_bare(SYS_dup3, G->from, G->to, 0, 0, 0, 0); return false;
  case HOLD:
    if (G->fired == 1) hold();
    return false;
  default: return false;
  }
}

#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: now with what it knows of layers */
#include "tap.h"

static bool as_root;

/* --- one launch --- */

enum { PLAIN, INIT, OWN_MEMORY, SHAPES };
static const char *const shape_names[] = {"PID 1", "below an init", "a child with memory of its own"};

static struct { const char *ro, *rw; } W;

static jailer_config config;
static const char *argv[3];
static jailer_grant grants[2];
static jailer_fd fds[2];
static jailer_error err;
static struct canary told;
static int ran; /* as canary_get says */
static long took_ms;

static bool available(int shape) { return shape != OWN_MEMORY || as_root; }

static void fresh(int shape) {
  memset(&config, 0, sizeof config);
  memset(G, 0, sizeof *G);
  argv[0] = canary_program;
  argv[1] = NULL;
  grants[0] = (jailer_grant){W.ro, NULL, JAILER_READ, false};
  grants[1] = (jailer_grant){W.rw, NULL, JAILER_WRITE, false};
  fds[0] = (jailer_fd){canary_write_fd, true, 1};
  config.argv = argv;
  config.grants = grants;
  config.grant_count = 2;
  config.fds = fds;
  config.fd_count = 1;
  config.without_system = true;
  config.launch_timeout_ms = 20000;
  config.with_init = shape == INIT;
  if (shape == OWN_MEMORY) config.may_degrade = JAILER_BIT(JAILER_LAYER_USERNS);
  G->no_userns = shape == OWN_MEMORY;
}

static long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Plans in peace, launches with the hook on, and waits for the end. *was, where it is wanted: the handle as it was. */
static jailer_code launch(jailer_proc *was) {
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_status status;
  memset(&err, 0, sizeof err);
  memset(&proc, 0, sizeof proc);
  canary_drain(canary_read_fd);
  jailer_code code = jailer_plan_new(&config, NULL, &plan, &err);
  if (code) return printf("# plan: %s: %s\n", err.item, err.message), code;
  const long start = now_ms();
  G->armed = 1;
  code = jailer_spawn(plan, &proc, &err);
  G->armed = 0;
  took_ms = now_ms() - start;
  if (was) *was = proc;
  jailer_plan_free(plan);
  if (code == JAILER_OK && argv[1]) { /* it stays: until it has told */
    struct pollfd account = {canary_read_fd, POLLIN, 0};
    poll(&account, 1, 20000);
    jailer_kill(&proc, SIGKILL, NULL);
    jailer_wait(&proc, 20000, &status, NULL);
  } else if (code == JAILER_OK && (jailer_wait(&proc, 20000, &status, NULL) || !status.exited || status.exit_code)) {
    printf("# the canary failed\n");
  }
  ran = canary_get(canary_read_fd, &told);
  return code;
}

/* After a row that failed. */
static void tell(int good) {
  if (good) return;
  printf("# fired %d, target %s, %ld ms; %s: %s: %s: %s: %s\n", G->fired, ran ? "ran" : "did not run", took_ms,
         jailer_code_name(err.code), jailer_layer_name(err.layer), err.step ? err.step : "", err.item, err.message);
}

/* --- what is read back is a lie --- */

/* The target never runs, and the error names the layer. With a plan of its own for every shape. */
static void lied(int shape, jailer_layer layer, const char *what) {
  jailer_proc proc;
  jailer_code code = launch(&proc);
  tell(OK(G->fired >= 1 && code == JAILER_E_READBACK && err.layer == layer &&
              !strcmp(err.item, jailer_layer_name(layer)) && ran == 0 && proc.pid == 0 &&
              waitpid(-1, NULL, WNOHANG) < 0,
          "%s: %s: E_READBACK, %s, and the target never ran", shape_names[shape], what, jailer_layer_name(layer)));
}

static void lie_about(int shape, long nr, long offset, long value) {
  fresh(shape);
  G->what = LIE;
  G->child = 1;
  G->nr = nr;
  G->offset = offset;
  G->value = value;
}

static void lies_about_ids(int shape) {
  lie_about(shape, SYS_getresuid, 0, 4242);
  lied(shape, JAILER_LAYER_IDS, "another saved uid");
  lie_about(shape, SYS_getresgid, 0, 4242);
  lied(shape, JAILER_LAYER_IDS, "another saved gid");
  lie_about(shape, SYS_getgroups, -1, 1);
  if (as_root) {
    lied(shape, JAILER_LAYER_IDS, "a group that nobody gave");
    return;
  }
  tell(OK(launch(NULL) == JAILER_OK && G->fired == 0 && ran == 1,
          "%s: an ordinary launcher keeps its groups, and they are not asked for", shape_names[shape]));
}

/* The call that puts on the last two walls says that it did, and did not: what is read back must not be what something
   else than the wall would answer, whoever the launcher is. */
static void lies_about_walls(int shape) {
  lie_about(shape, SYS_landlock_restrict_self, 0, 0);
  G->what = REFUSE; /* with no error: the kernel is not asked */
  lied(shape, JAILER_LAYER_LANDLOCK, "no domain");
  lie_about(shape, SYS_seccomp, 0, 0);
  G->what = REFUSE;
  lied(shape, JAILER_LAYER_SECCOMP, "no filter");
}

/* The file by which Landlock is read back, where it is not there or another security module keeps it: what cannot tell
   is not what disagrees, and says nothing for Landlock either. */
static void cannot_tell(int shape) {
  const int how[] = {EACCES, EPERM, ENOENT, EMFILE};
  const uint32_t landlock = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  for (int i = 0; i < 4; i++) {
    jailer_proc proc;
    lie_about(shape, SYS_openat, 0, 0);
    G->what = REFUSE;
    G->path = "/proc/self/attr/current";
    G->error = how[i];
    jailer_code code = launch(&proc);
    if (how[i] == EMFILE)
      tell(OK(G->fired == 1 && code == JAILER_E_SYSTEM && err.layer == JAILER_LAYER_LANDLOCK && ran == 0,
              "%s: an open that fails by itself is an error", shape_names[shape]));
    else
      tell(OK(G->fired == 1 && code == JAILER_OK && ran == 1 && (proc.layers & landlock) && !(proc.readback & landlock),
              "%s: %s by somebody else: Landlock is applied and not verified", shape_names[shape], strerror(how[i])));
  }
  lie_about(shape, SYS_openat, 0, 0);
  G->what = DELAY;
  G->path = "/proc/self/attr/current";
  jailer_proc proc;
  jailer_code code = launch(&proc);
  tell(OK(G->fired == 2 && code == JAILER_OK && ran == 1 && (proc.readback & landlock), "%s: else it is verified",
          shape_names[shape]));
}

/* struct statfs: f_type at 0, f_flags at 80. */
static void lies_about_mounts(int shape) {
  static const struct {
    int bit;
    const char *name;
  } flags[] = {
      {ST_RDONLY, "writable"}, {ST_NOSUID, "of set-id programs"}, {ST_NODEV, "of devices"}, {ST_NOEXEC, "of programs"}};
  char what[100];
  for (int i = 0; i < 4; i++) {
    lie_about(shape, SYS_statfs, 80, 0);
    G->path = "/";
    G->bits = flags[i].bit;
    snprintf(what, sizeof what, "a root %s", flags[i].name);
    lied(shape, JAILER_LAYER_MOUNTS, what);
    for (int writable = 0; writable < 2; writable++) {
      if (flags[i].bit == ST_RDONLY && writable) continue;
      lie_about(shape, SYS_statfs, 80, 0);
      G->path = writable ? W.rw : W.ro;
      G->bits = flags[i].bit;
      snprintf(what, sizeof what, "a %s grant %s", writable ? "writable" : "read-only", flags[i].name);
      lied(shape, JAILER_LAYER_MOUNTS, what);
    }
  }
  lie_about(shape, SYS_statfs, 0, 0xef53); /* ext4: the host's own root */
  G->path = "/";
  lied(shape, JAILER_LAYER_MOUNTS, "a root that is no tmpfs");
  lie_about(shape, SYS_statfs, 0, 0);
  G->what = REFUSE;
  G->error = EACCES;
  G->path = W.ro;
  lied(shape, JAILER_LAYER_MOUNTS, "a grant that cannot be asked about");
}

/* The launcher looks at /proc/PID/ns/X, and reads its own link there. What may not be read proves nothing. */
static void lies_about_namespaces(int shape) {
  static const jailer_layer layers[7] = {JAILER_LAYER_USERNS,  JAILER_LAYER_MOUNTS, JAILER_LAYER_PIDNS,
                                         JAILER_LAYER_NETNS,   JAILER_LAYER_IPCNS,  JAILER_LAYER_UTSNS,
                                         JAILER_LAYER_CGROUPNS};
  for (int i = 0; i < 7; i++) {
    char path[64], own[64], what[64];
    if (layers[i] == JAILER_LAYER_USERNS && shape == OWN_MEMORY) continue; /* it is the launcher's, by permission */
    snprintf(path, sizeof path, "/ns/%s", canary_ns_names[i]);
    snprintf(own, sizeof own, "/proc/self/ns/%s", canary_ns_names[i]);
    snprintf(what, sizeof what, "the launcher's %s namespace", canary_ns_names[i]);
    lie_about(shape, SYS_readlinkat, 0, 0);
    G->child = 0;
    G->path = path;
    G->own = own;
    lied(shape, layers[i], what);
  }
  jailer_proc proc;
  lie_about(shape, SYS_readlinkat, 0, 0);
  G->child = 0;
  G->what = REFUSE;
  G->error = EACCES;
  G->path = "/ns/net";
  jailer_code code = launch(&proc);
  tell(OK(G->fired == 1 && code == JAILER_OK && ran == 1 && !(proc.readback & JAILER_BIT(JAILER_LAYER_NETNS)) &&
              (proc.readback & JAILER_BIT(JAILER_LAYER_IPCNS)),
          "%s: a network namespace that may not be asked about is not verified", shape_names[shape]));
}

/* A root launcher's devices give their groups: these and no others. */
static void lies_about_groups(void) {
  const char *device = canary_in("device");
  const jailer_grant grant = {device, NULL, JAILER_DEVICE, false};
  if (!as_root) return;
  if (mknod(device, S_IFCHR | 0600, makedev(1, 3)) || chown(device, 0, 43210) || chmod(device, 0660))
    canary_bail(device);
  for (int round = 0; round < 2; round++) {
    if (round == 0) lie_about(PLAIN, SYS_getgroups, -1, 0);
    else lie_about(PLAIN, SYS_getgroups, 0, 43211);
    config.grants = &grant;
    config.grant_count = 1;
    lied(PLAIN, JAILER_LAYER_IDS, round ? "another group than the device's" : "none of the groups that were given");
  }
}

/* --- late --- */

static void late(int shape) {
  if (!available(shape)) return;
  fresh(shape);
  G->what = DELAY;
  G->child = 1;
  G->nr = SYS_execve;
  G->path = canary_program;
  G->delay_ms = 700;
  config.launch_timeout_ms = 300;
  jailer_code code = launch(NULL);
  tell(OK(G->fired == 1 && code == JAILER_OK && ran == 1 && took_ms >= 650,
          "%s: in execve when the deadline passes: launched", shape_names[shape]));

  fresh(shape);
  G->what = DELAY;
  G->child = 1;
  G->nr = SYS_getresuid; /* the first of what is read back */
  G->delay_ms = 700;
  config.launch_timeout_ms = 300;
  code = launch(NULL);
  const long answered = took_ms;
  nap(600); /* whoever lives on would run now */
  canary_drain(canary_read_fd);
  tell(OK(G->fired == 1 && code == JAILER_E_TIMEOUT && ran == 0 && answered < 650 && waitpid(-1, NULL, WNOHANG) < 0,
          "%s: not yet in execve when it passes: E_TIMEOUT at once, and the target never ran", shape_names[shape]));
}

/* Longer than the two seconds more: it is known that it will not run. */
static void too_late(int shape) {
  fresh(shape);
  G->what = DELAY;
  G->child = 1;
  G->nr = SYS_execve;
  G->path = canary_program;
  G->delay_ms = 4500;
  config.launch_timeout_ms = 100;
  jailer_code code = launch(NULL);
  tell(OK(G->fired == 1 && code == JAILER_E_TIMEOUT && ran == 0 && took_ms < 4000 && waitpid(-1, NULL, WNOHANG) < 0,
          "%s: in execve for more than two seconds after it: E_TIMEOUT, and the target never ran", shape_names[shape]));
}

/* The parent's futex calls do nothing: what they wait for is looked at all the same. */
static void no_futex(int shape) {
  static const int errors[] = {ENOSYS, EPERM, ENOMEM};
  if (!available(shape)) return;
  for (int i = 0; i < 3; i++) {
    fresh(shape);
    G->what = REFUSE;
    G->nr = SYS_futex;
    G->error = errors[i];
    jailer_proc proc;
    jailer_code code = launch(&proc);
    const char *denied = ran == 1 ? canary_denies(&told, &proc, "jail") : "no account";
    tell(OK(G->fired > 0 && code == JAILER_OK && ran == 1 && !denied && took_ms < 10000,
            "%s: every futex call of the parent fails with errno %d: launched, with every layer%s%s",
            shape_names[shape], errors[i], denied ? ": " : "", denied ? denied : ""));
  }
}

/* --- other threads of the launcher --- */

/* At the clone, when everything is vetted, another thread puts a directory at the kept number. */
static void swapped_number(int shape) {
  enum { NUMBER = 40 };
  struct stat file, directory;
  if (!available(shape)) return;
  fresh(shape);
  const int kept = open(canary_in("kept"), O_RDONLY | O_CLOEXEC), dir = open(W.ro, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (kept < 0 || dir < 0 || dup3(kept, NUMBER, O_CLOEXEC) < 0 || fstat(kept, &file) || fstat(dir, &directory))
    canary_bail("kept");
  fds[1] = (jailer_fd){NUMBER, true, 5};
  config.fd_count = 2;
  G->what = SWAP;
  G->nr = SYS_clone3;
  G->from = dir;
  G->to = NUMBER;
  jailer_code code = launch(NULL);
  struct stat now;
  const bool swapped = fstat(NUMBER, &now) == 0 && now.st_ino == directory.st_ino && S_ISDIR(now.st_mode);
  tell(OK(G->fired >= 1 && swapped && code == JAILER_OK && ran == 1 && told.fd_ino[5] == file.st_ino,
          "%s: a kept number that another thread turns into a directory: the target has the vetted file",
          shape_names[shape]));
  fresh(shape);
  config.fd_count = 2;
  tell(OK(launch(NULL) == JAILER_E_UNSAFE && err.layer == JAILER_LAYER_FDS && ran == 0,
          "%s: and the next launch refuses the directory", shape_names[shape]));
  close(kept), close(dir), close(NUMBER);
}

/* The child of another thread's fork has a copy of the launch's pipe, and lives on. */
static void held_pipe(void) {
  if (!as_root) return; /* an ordinary launcher's child shares its memory */
  fresh(OWN_MEMORY);
  argv[1] = "sleep"; /* its end would be seen without the pipe */
  G->what = HOLD;
  G->nr = SYS_clone3;
  jailer_code code = launch(NULL);
  const int holder = G->holder;
  const bool lives = holder > 0 && waitpid(holder, NULL, WNOHANG) == 0;
  tell(OK(lives && code == JAILER_OK && ran == 1 && took_ms < 8000,
          "%s: its pipe is held by another child that lives on: launched long before its deadline",
          shape_names[OWN_MEMORY]));
  if (holder > 0) kill(holder, SIGKILL), waitpid(holder, NULL, 0);
}

/* --- a limit that is reached is not a host without namespaces --- */

static void no_room(void) {
  const uint32_t all = JAILER_BIT(JAILER_LAYER_USERNS) | JAILER_BIT(JAILER_LAYER_MOUNTS) |
                       JAILER_BIT(JAILER_LAYER_PROC) | JAILER_BIT(JAILER_LAYER_PIDNS) | JAILER_BIT(JAILER_LAYER_NETNS) |
                       JAILER_BIT(JAILER_LAYER_IPCNS) | JAILER_BIT(JAILER_LAYER_UTSNS) |
                       JAILER_BIT(JAILER_LAYER_CGROUPNS);
  const char *zero = canary_file("zero", "0\n"), *some = canary_file("some", "4\n");
  const struct {
    int error;
    const char *limit;
    bool degrades;
    const char *what;
  } rows[] = {{ENOSPC, some, false, "ENOSPC, a limit that is reached: an error, and no target without them"},
              {ENOSPC, NULL, false, "ENOSPC, with this machine's limits: an error, and no target without them"},
              {ENOSPC, zero, true, "ENOSPC, and the limit is 0: degraded, and told"},
              {EPERM, some, true, "EPERM: degraded, and told"},
              {ENOMEM, zero, false, "ENOMEM: an error"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_proc proc;
    fresh(PLAIN);
    G->what = REFUSE;
    G->nr = SYS_clone3;
    G->error = rows[i].error;
    G->limit = rows[i].limit;
    config.grant_count = 1; /* a writable one needs mounts to be bounded */
    config.may_degrade = as_root ? JAILER_BIT(JAILER_LAYER_USERNS) : all;
    jailer_code code = launch(&proc);
    if (rows[i].degrades) {
      const char *denied = ran == 1 ? canary_denies(&told, &proc, "jail") : "no account";
      tell(OK(G->fired == 1 && code == JAILER_OK && !denied && (proc.degraded & JAILER_BIT(JAILER_LAYER_USERNS)),
              "namespaces may degrade, and clone answers %s", rows[i].what));
    } else {
      tell(OK(G->fired == 1 && code && err.sys_errno == rows[i].error &&
                  (err.layer == JAILER_LAYER_USERNS || rows[i].error == ENOMEM) && ran == 0 && proc.pid == 0,
              "namespaces may degrade, and clone answers %s", rows[i].what));
    }
  }
}

/* seccomp(2) that is refused takes the launch filter away where that is permitted, and never a policy with it: not by a
   second try without the layer. */
static void no_filter(void) {
  static const jailer_rule rule = {"getppid", JAILER_ANSWER_ERRNO(77), 0, NULL, 0, false};
  static const jailer_rules rules = {"gates", &rule, 1, JAILER_ANSWER_ALLOW, JAILER_ANSWER_ERRNO(38)};
  const int errors[] = {EPERM, EACCES, EINVAL, ENOSYS};
  jailer_policy *policy = NULL;
  if (jailer_policy_rules(&rules, &policy, NULL)) canary_bail("a policy");
  for (size_t i = 0; i < 2 * (sizeof errors / sizeof errors[0]); i++) {
    jailer_proc proc;
    fresh(PLAIN);
    G->what = REFUSE;
    G->nr = SYS_seccomp;
    G->child = 1;
    G->error = errors[i / 2];
    config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP);
    config.policy = i % 2 ? policy : NULL;
    const jailer_code code = launch(&proc);
    tell(OK(G->fired >= 1 && (i % 2 ? code && ran == 0 && proc.pid == 0 && err.layer == JAILER_LAYER_SECCOMP
                                    : code == JAILER_OK && ran == 1 && (proc.degraded & config.may_degrade)),
            "the filter may degrade, and seccomp answers %s: %s", strerror(errors[i / 2]),
            i % 2 ? "with a policy an error, and no target without it" : "degraded, and told"));
  }
  jailer_policy_free(policy);
}

int main(void) {
  char here;
  canary_launcher_stack = &here;
  as_root = geteuid() == 0;
  prctl(PR_SET_DUMPABLE, 1);
  canary_setup();
  canary_pipe();
  W.ro = canary_dir("ro", "ro");
  W.rw = canary_dir("rw", "rw");
  chmod(W.rw, 0777);
  canary_file("kept", "kept");
  G = mmap(NULL, sizeof *G, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (G == MAP_FAILED) canary_bail("mmap");
  for (int shape = 0; shape < SHAPES; shape++) {
    if (!available(shape)) continue;
    lies_about_ids(shape);
    lies_about_walls(shape);
    cannot_tell(shape);
    lies_about_mounts(shape);
    lies_about_namespaces(shape);
    late(shape);
    no_futex(shape);
    swapped_number(shape);
  }
  too_late(PLAIN);
  lies_about_groups();
  held_pipe();
  no_room();
  no_filter();
  canary_remove(canary_scratch);
  return tap_done();
}
