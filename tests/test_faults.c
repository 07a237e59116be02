/* test_faults.c: every system call and every allocation of a launch fails once, in the parent and in the child. Whatever
 * fails: either there is an error that says which step, and the target never ran, or the target itself (probe_canary)
 * confirms every layer; and nothing is left behind. The same with older kernels (newer calls answer ENOSYS), with a child
 * that is killed before any of its calls, with failing clean-up calls after a failure, and with children that hang. Then
 * the launcher: killed before any of its own calls and before any of the child's, and with the whole process group sent
 * the signals of a terminal at any of them. */
#define _GNU_SOURCE
#include "canary.h"
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <time.h>

/* What the hook is told and what it saw. Shared memory, because a child may have memory of its own. */
static struct faults {
  volatile int armed;
  volatile int waiting;               /* the launch is over, the call failed in jailer_wait */
  volatile int spawning;              /* 0: a plan is made, and a child only touches paths; 1: the launch; 2: the wait */
  volatile long calls[3];             /* made so far: parent, child, the child that touches paths */
  volatile int side, error;           /* which call fails, and how */
  volatile long index;                /* 0: none */
  volatile int fired, fired_side;
  volatile long fired_nr;
  volatile int twice;                 /* closes of a descriptor that was not open */
  volatile long after_nr;             /* this call of the child fails, and the calls of the parent count from there; -1: none */
  volatile int always;                /* and again each time */
  volatile int kernel;                /* 0: this one; otherwise 100 * major + minor */
  volatile long missing;              /* one call that this kernel does not have; -1: none */
  volatile int warm;                  /* 0: no path is in the kernel's caches, so another process looks at them */
  volatile int no_userns, no_sync;    /* no_sync: fsync is answered and not done; a kill is no power cut */
  volatile long clone_at, gate_at, waiting_at; /* calls of the launcher: clone, the last gate it opened, the last of the launch */
  volatile long wakes, last_wake;     /* gates it opened; the how-manieth is the last */
  volatile int from;                  /* FROM_START, ...: where the next two are counted from */
  volatile long die_at, signal_at;    /* before these the launcher kills itself, or signals its process group */
  volatile int settle;                /* it dies when the child does nothing more: it waits at a gate, or has executed */
  volatile long kill_at, delay_at;    /* child call before which the killer strikes, or the child sleeps */
  volatile int kill_side, kill_now, pid, pid_side;
  volatile int strike, struck, hang;  /* whom the killer strikes; it has; and no open of the child answers then */
  volatile int launcher, signal, handled, handled_by_child;
  volatile long seen[3][1024];        /* the numbers of the calls of the last run */
  long bad_runs, bad_kinds;
  char bad_lines[6][900]; /* the first few that differ */
  char where[128];        /* of the launcher's own misfortunes */
} *S;

enum { STRIKE_CHILD, STRIKE_LAUNCHER, STRIKE_GROUP };
enum { FROM_START, FROM_GATE, FROM_END };

/* Which kernel brought a call. */
CANARY_BARE static int born(long nr) {
  static const struct {
    short nr, kernel;
  } table[] = {{424, 501}, {428, 502}, {429, 502}, {430, 502}, {431, 502}, {432, 502}, {433, 502}, {434, 503}, {435, 503},
               {436, 509}, {437, 506}, {438, 506}, {439, 508}, {442, 512}, {444, 513}, {445, 513}, {446, 513}, {452, 606}};
  for (unsigned i = 0; i < sizeof table / sizeof table[0]; i++)
    if (table[i].nr == nr) return table[i].kernel;
  return 0;
}

CANARY_BARE static int starts(const char *text, const char *with) {
  while (*with && *text == *with) text++, with++;
  return !*with;
}

/* Answers as an older kernel would, where it would answer differently. */
CANARY_BARE static int older(long nr, const long args[6], long *result) {
  const int kernel = S->kernel;
  if (S->missing == nr || born(nr) > kernel) return *result = -ENOSYS, 1;
  if (nr == SYS_mount && kernel < 508 && args[2] && args[4] && starts((const char *)args[2], "proc")) return *result = -EINVAL, 1;
  if (nr == SYS_waitid && args[0] == 3 && kernel < 504) return *result = -EINVAL, 1;
  if (nr == SYS_ioctl && args[1] == 0xC040FF0BL) return *result = -ENOTTY, 1;
  if (nr == SYS_memfd_create && kernel < 603 && (args[1] & 0x18)) return *result = -EINVAL, 1;
  if (nr == SYS_landlock_create_ruleset) {
    if (args[2] == 1) return *result = 1, 1; /* ABI 1 */
    if (args[0] && (*(const uint64_t *)args[0] & ~0x1fffULL)) return *result = -EINVAL, 1;
    if (args[1] > 8) return *result = -E2BIG, 1;
  }
  return 0;
}

/* Calls that have no way to fail with valid arguments: no code can be expected to survive it. */
CANARY_BARE static bool cannot_fail(long nr) {
  return nr == SYS_clock_gettime || nr == SYS_getpid || nr == SYS_geteuid || nr == SYS_getegid || nr == SYS_umask ||
         nr == SYS_rt_sigprocmask;
}

/* waitid of one's own child: interrupted, or (P_PIDFD before 5.4) not understood. */
CANARY_BARE static bool can_answer(long nr, const long args[6], int error) {
  return nr != SYS_waitid || error == EINTR || (error == EINVAL && args[0] == 3);
}

CANARY_BARE static void nap(void) {
  struct timespec ms = {0, 1000000};
  canary_bare(SYS_nanosleep, (long)&ms, 0, 0, 0, 0, 0);
}

/* What befalls the launcher before its n-th call. */
CANARY_BARE static void befall(long n) {
  const long from = S->from == FROM_START ? 0 : S->from == FROM_GATE ? S->gate_at : S->waiting_at;
  if (S->from != FROM_START && (!from || S->spawning != S->from)) return;
  if ((n -= from) <= 0) return;
  if (n == S->signal_at) {
    S->struck = 1;
    canary_bare(SYS_kill, 0, S->signal, 0, 0, 0, 0);
  }
  if (n != S->die_at) return;
  long calls = -1;
  for (int still = 0; S->settle && still < 20; still++) {
    nap();
    if (calls != S->calls[1]) still = 0;
    calls = S->calls[1];
  }
  canary_bare(SYS_kill, canary_bare(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
  for (;;) nap();
}

CANARY_BARE static bool hook(long nr, const long args[6], long *result) {
  if (!S || !S->armed) return false;
  const int side = canary_launcher_calls() ? 0 : S->spawning == 0 ? 2 : 1;
  const long n = __atomic_add_fetch(&S->calls[side], 1, __ATOMIC_RELAXED); /* an init and its target count together */
  if (n < 1024) S->seen[side][n] = nr;
  if (side && S->pid_side != side) {
    S->pid = canary_host_pid();
    S->pid_side = side;
  }
  if (side == 0 && S->spawning == 1 && !S->clone_at && (nr == SYS_clone3 || nr == SYS_clone)) S->clone_at = n;
  if (side == 0 && S->clone_at && nr == SYS_futex && args[1] == FUTEX_WAKE && ++S->wakes == S->last_wake) S->gate_at = n;
  if (side == 0) befall(n);
  if (nr == SYS_close && canary_bare(SYS_fcntl, args[0], F_GETFD, 0, 0, 0, 0) < 0) S->twice++;
  if (side == S->kill_side && n == S->kill_at) {
    S->kill_now = 1;
    canary_bare(SYS_futex, (long)&S->kill_now, FUTEX_WAKE, 9, 0, 0, 0);
    do nap();
    while (S->strike == STRIKE_CHILD || !S->struck);
  }
  while (S->hang && S->struck && side == S->kill_side && nr == SYS_openat) nap();
  if (side == S->kill_side && n == S->delay_at) {
    struct timespec hang = {5, 0};
    canary_bare(SYS_nanosleep, (long)&hang, 0, 0, 0, 0, 0);
  }
  if (S->no_sync && nr == SYS_fsync) return *result = 0, true;
  if (!S->warm && nr == 437 && ((const uint64_t *)args[2])[2] & 32) return *result = -EAGAIN, true; /* openat2, RESOLVE_CACHED */
  if (S->no_userns && canary_wants_userns(nr, args)) return *result = -EPERM, true;
  if (S->index && side == S->side && n == S->index && !cannot_fail(nr) && can_answer(nr, args, S->error)) {
    S->fired = 1;
    S->waiting = S->spawning == 2;
    S->fired_nr = nr;
    S->fired_side = side;
    /* a call that releases something has released it whatever it answers (close(2)) */
    if (nr == SYS_close || nr == SYS_munmap) canary_bare(nr, args[0], args[1], 0, 0, 0, 0);
    *result = -S->error;
    return true;
  }
  if (side == 1 && S->after_nr == nr) { /* the first fault of two: the child's; the second is a call of the parent after it */
    if (!S->always) S->after_nr = -1;
    S->calls[0] = 0;
    *result = -EPERM;
    return true;
  }
  return S->kernel && older(nr, args, result);
}

#define JAILER_MALLOC(size) canary_malloc(size)
#define JAILER_REALLOC(p, size) canary_realloc(p, size)
#define JAILER_FREE(p) canary_free(p)
#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: now with what it knows of layers */
#include "tap.h"

static bool as_root;

/* --- what is launched --- */

enum { SHAPE_STRICT, SHAPE_NESTED, SHAPE_INIT, SHAPE_BOX, SHAPE_OWN_MEMORY, SHAPES };
static const char *const shape_names[] = {"strict profile", "network, nested grants and a cycle of descriptors", "with an init",
                                          "a box", "root without a user namespace"};

static struct {
  const char *ro, *rw, *nested, *nested_at, *home;
  int ring[3];
  uint64_t ring_ino[3];
  jailer_layout layout;
} W;

static void world(void) {
  W.ro = canary_dir("ro", "ro");
  W.rw = canary_dir("rw", "rw");
  W.nested = canary_dir("nested", "nested");
  W.nested_at = canary_in("rw/below");
  if (mkdir(W.nested_at, 0755)) canary_bail(W.nested_at);
  chmod(W.rw, 0777);
  jailer_error err;
  W.home = canary_in("home");
  if (jailer_layout_init(&W.layout, W.home, "demo", &err) || jailer_layout_prepare(&W.layout, 0, 0, &err))
    canary_bail(err.message);
  canary_pipe();
  canary_read_fd = fcntl(canary_read_fd, F_DUPFD_CLOEXEC, 20); /* the low numbers are the ring's */
  canary_write_fd = fcntl(canary_write_fd, F_DUPFD_CLOEXEC, 21);
  for (int fd = 3; fd < 20; fd++) close(fd);
  for (int i = 0; i < 3; i++) {
    struct stat st;
    int p[2];
    if (pipe2(p, O_CLOEXEC)) canary_bail("pipe2");
    W.ring[i] = fcntl(p[0], F_DUPFD_CLOEXEC, 30 + i);
    close(p[0]);
    close(p[1]);
    if (dup3(W.ring[i], 3 + i, O_CLOEXEC) < 0) canary_bail("dup3");
    close(W.ring[i]);
    W.ring[i] = 3 + i;
    fstat(W.ring[i], &st);
    W.ring_ino[i] = st.st_ino;
  }
}

typedef struct shape {
  jailer_config config;
  const char *argv[6];
  jailer_grant grants[3];
  jailer_fd fds[4];
} shape;

static jailer_policy *policy; /* refuses getppid with errno 77 */

static void policy_make(void) {
  static const jailer_rule rule = {"getppid", JAILER_ANSWER_ERRNO(77), 0, NULL, 0, false};
  static const jailer_rules rules = {"faults", &rule, 1, JAILER_ANSWER_ALLOW, JAILER_ANSWER_ERRNO(38)};
  if (jailer_policy_rules(&rules, &policy, NULL)) canary_bail("the policy");
}

static void shape_make(shape *s, int kind) {
  memset(s, 0, sizeof *s);
  s->argv[0] = canary_program;
  s->argv[1] = W.ro;
  s->argv[2] = W.rw;
  s->argv[3] = kind == SHAPE_NESTED ? W.nested_at : NULL;
  s->grants[0] = (jailer_grant){W.ro, NULL, JAILER_READ, false};
  s->grants[1] = (jailer_grant){W.rw, NULL, JAILER_WRITE, false};
  s->grants[2] = (jailer_grant){W.nested, W.nested_at, JAILER_READ, false};
  s->fds[0] = (jailer_fd){canary_write_fd, true, 1};
  for (int i = 0; i < 3; i++) s->fds[1 + i] = (jailer_fd){3 + i, true, 3 + (i + 1) % 3}; /* 3 -> 4, 4 -> 5, 5 -> 3 */
  s->config.argv = s->argv;
  s->config.grants = s->grants;
  s->config.grant_count = kind == SHAPE_NESTED ? 3 : 2;
  s->config.fds = s->fds;
  s->config.fd_count = kind == SHAPE_NESTED ? 4 : 1;
  s->config.without_system = kind != SHAPE_STRICT;
  s->config.allow_network = kind == SHAPE_NESTED;
  s->config.with_init = kind == SHAPE_INIT;
  s->config.policy = kind == SHAPE_STRICT || kind == SHAPE_INIT ? policy : NULL;
  if (kind == SHAPE_BOX) {
    s->argv[0] = "probe_canary";
    s->config.layout = &W.layout;
    s->config.shim = canary_program;
  }
  s->config.launch_timeout_ms = 5000;
  if (kind == SHAPE_OWN_MEMORY) s->config.may_degrade = JAILER_BIT(JAILER_LAYER_USERNS);
}

/* --- one launch, judged --- */

static canary_state before;
static uint32_t wanted_layers[SHAPES]; /* what the undisturbed launch applies */
static void complain(const char *what, const char *why) {
  char line[600], where[128];
  const int n = snprintf(line, sizeof line, "%s: %.500s", what, why);
  S->bad_runs++;
  for (long i = 0; i < S->bad_kinds; i++)
    if (!strncmp(S->bad_lines[i], line, (size_t)n)) return;
  if (S->bad_kinds == 6) return;
  snprintf(where, sizeof where, "call %ld of the %s, number %ld, errno %d%s; kernel %d", S->index,
           S->side == 0 ? "parent" : S->side == 1 ? "child" : "touching child", S->fired_nr, S->error, S->fired ? "" : ", not reached", S->kernel);
  snprintf(S->bad_lines[S->bad_kinds++], sizeof S->bad_lines[0], "%s (%s)", line, S->where[0] ? S->where : where);
}

static void fresh(void) {
  S->bad_runs = S->bad_kinds = 0;
  S->where[0] = 0;
}

static void tell_bad(void) {
  if (S->bad_runs) printf("# %ld bad runs\n", S->bad_runs);
  for (long i = 0; i < S->bad_kinds; i++) printf("#   %s\n", S->bad_lines[i]);
}

/* The target of an init is killed in its exec: the one death that only the status tells. */
static bool killed_below_init(const shape *s) {
  return s->config.with_init && S->strike == STRIKE_CHILD && S->kill_side == 1 && S->kill_at && S->calls[1] >= S->kill_at && S->seen[1][S->kill_at] == SYS_execve;
}

static const char *grants_as_planned(const struct canary *c, const shape *s) {
  static char why[128];
  for (uint32_t i = 0; i < c->path_count; i++) {
    const struct canary_path *p = &c->path[i];
    const bool rw = s->grants[i].access == JAILER_WRITE;
    const uint64_t need = ST_NOSUID | ST_NODEV | ST_NOEXEC | (rw ? 0 : ST_RDONLY);
    struct stat st;
    if (p->error) return snprintf(why, sizeof why, "grant %u: errno %d", i, p->error), why;
    if (stat(s->grants[i].path, &st) || st.st_ino != p->ino) return snprintf(why, sizeof why, "grant %u is another file", i), why;
    if ((p->flags & need) != need || (rw && (p->flags & ST_RDONLY)))
      return snprintf(why, sizeof why, "grant %u has mount flags %llx", i, (unsigned long long)p->flags), why;
    if (rw ? p->write_error != 0 : p->write_error == 0) return snprintf(why, sizeof why, "grant %u: write errno %d", i, p->write_error), why;
  }
  return NULL;
}

static const char *fds_as_planned(const struct canary *c, const shape *s, const jailer_proc *proc) {
  static char why[128];
  if (!(proc->layers & JAILER_BIT(JAILER_LAYER_FDS))) return NULL;
  const int top = s->config.fd_count == 4 ? 6 : 3;
  for (int fd = 0; fd < CANARY_FDS; fd++)
    if ((c->fd_ino[fd] != 0) != (fd < top)) return snprintf(why, sizeof why, "descriptor %d is %s", fd, fd < top ? "missing" : "open"), why;
  for (int i = 0; i < 3 && top == 6; i++)
    if (c->fd_ino[3 + (i + 1) % 3] != W.ring_ino[i]) return snprintf(why, sizeof why, "descriptor %d is misplaced", 3 + (i + 1) % 3), why;
  return NULL;
}

/* Judges an answer. forgiven: the call that failed was itself a clean-up that leaves what it could not release. */
static void judge(const shape *s, uint32_t required, jailer_code code, const jailer_error *err, const jailer_proc *proc) {
  struct canary c;
  const int ran = canary_get(canary_read_fd, &c);
  const char *why;
  canary_full_proc = s->config.allow_full_proc;
  canary_policy_error = s->config.policy ? 77 : 0;
  canary_environment = s->config.layout ? 2 : 1; /* and LD_LIBRARY_PATH */
  if (code == JAILER_OK) {
    if (ran == 0 && killed_below_init(s)) return; /* the init lived and will tell */
    if (ran == 0) return complain("launched", "the canary never ran");
    if (ran < 0) return complain("launched", "the canary did not finish");
    if ((required & ~proc->layers) & ~s->config.may_degrade) return complain("launched", "a required layer is not among proc.layers");
    if ((required & ~proc->layers) != proc->degraded) return complain("launched", "proc.degraded does not tell what is missing");
    if ((why = canary_denies(&c, proc, "jail"))) return complain("launched", why);
    if ((proc->layers & JAILER_BIT(JAILER_LAYER_MOUNTS)) && (why = grants_as_planned(&c, s))) return complain("launched", why);
    if ((why = fds_as_planned(&c, s, proc))) return complain("launched", why);
    return;
  }
  if (ran) {
    canary_drain(canary_read_fd);
    return complain("refused", "but the canary ran");
  }
  if (err->code != code) return complain("refused", "err->code is not what was returned");
  if (!err->step || !err->step[0]) return complain("refused", "no step");
  if (!err->message[0]) return complain("refused", "no message");
  if ((unsigned)err->layer >= JAILER_LAYER_COUNT) return complain("refused", "no such layer");
}

/* prctl(PR_GET_DUMPABLE) and (PR_SET_DUMPABLE, 1) cannot fail; when they are made to, the launcher ends up stricter. And a
   pid file that could not be taken away after the target's end names a process that is no more: the next launch sees that. */
static void forgive(const shape *s) {
  char path[PATH_MAX];
  if (s->config.layout && S->fired && S->waiting && !jailer_layout_path(&W.layout, JAILER_ENTRY_PID, path, sizeof path, NULL)) unlink(path);
  if (S->fired && S->fired_nr == SYS_prctl && S->fired_side == 0) prctl(PR_SET_DUMPABLE, before.dumpable);
}

static void arm(void) {
  S->calls[0] = S->calls[1] = S->calls[2] = 0;
  S->spawning = 0;
  S->clone_at = S->gate_at = S->waiting_at = S->wakes = 0;
  S->fired = S->twice = S->pid = S->pid_side = 0;
  S->fired_nr = -1;
  S->armed = 1;
}

static jailer_code run(const shape *s, uint32_t required, jailer_error *err) {
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_status status;
  const char *why;
  memset(err, 0, sizeof *err);
  memset(&proc, 0, sizeof proc);
  arm();
  jailer_code code = jailer_plan_new(&s->config, NULL, &plan, err);
  if (code == JAILER_OK) {
    S->spawning = 1;
    code = jailer_spawn(plan, &proc, err);
    S->waiting_at = S->calls[0];
    S->spawning = 2;
    jailer_plan_free(plan);
  } else if (plan) {
    complain("plan", "a failed plan is not NULL");
  }
  jailer_code waited = JAILER_OK;
  jailer_error wait_err;
  S->spawning = 2;
  if (code == JAILER_OK) {
    for (int i = 0; i < 3 && (waited = jailer_wait(&proc, 10000, &status, &wait_err)) && proc.pid > 0; i++) {}
    if (waited && proc.pid == 0 && s->config.layout && S->fired && S->waiting && wait_err.step[0]) waited = JAILER_OK; /* told: */
    if (waited) complain("wait", jailer_code_name(waited)); /* the status is there, the pid file stays */
  }
  S->armed = 0;
  judge(s, required, code, err, &proc);
  if (code == JAILER_OK && !waited && killed_below_init(s) && !status.exited && status.signal == SIGKILL) return JAILER_E_DIED;
  if (code == JAILER_OK && !waited && (!status.exited || status.exit_code)) complain("launched", "the canary's exit status is not 0");
  if (S->twice) complain("close", "a descriptor that was not open was closed: close was retried");
  forgive(s);
  if ((why = canary_differs(&before))) {
    complain(code ? "refused" : "launched", why);
    if (S->pid > 1) kill(S->pid, SIGKILL);
    while (waitpid(-1, NULL, __WALL) > 0) {}
    canary_drain(canary_read_fd);
    canary_take(&before); /* one leak is told once */
  }
  return code;
}

static void calm(void) {
  S->index = S->error = S->side = 0;
  S->kernel = S->no_userns = S->kill_now = S->always = 0;
  S->missing = S->after_nr = -1;
  S->kill_at = S->delay_at = S->die_at = S->signal_at = 0;
  S->kill_side = 1;
  S->strike = STRIKE_CHILD;
  S->from = FROM_START;
  S->settle = S->struck = S->hang = 0;
  canary_refuse_at = canary_refuse_from = 0;
}

static void lap(const char *what) {
  static struct timespec last;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  if (what) printf("# %s: %ld ms\n", what, (long)(now.tv_sec - last.tv_sec) * 1000 + (now.tv_nsec - last.tv_nsec) / 1000000);
  last = now;
}

static const int errnos[] = {EPERM, ENOSYS, ENOMEM, EINTR, EAGAIN, EINVAL, EACCES, ENOENT};

static bool available(int kind) { return kind != SHAPE_OWN_MEMORY || as_root; }

static jailer_code good(const shape *s, int kind, jailer_error *err) {
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  return run(s, wanted_layers[kind], err);
}

/* --- each system call of a launch fails once --- */

/* A loop that waits: the calls before this one are the calls before those. */
static bool waits(const long *numbers, long index) {
  for (long period = 3; period < 8 && 2 * period <= index; period++) {
    long k = 0;
    while (k < period && numbers[index - k] == numbers[index - k - period]) k++;
    if (k == period) return true;
  }
  return false;
}

static void each_call(int kind, int errno_count) {
  shape s;
  jailer_error err;
  long launches = 0, survived = 0, layered = 0;
  int codes[JAILER_CODE_COUNT] = {0};
  shape_make(&s, kind);
  fresh();
  S->warm = kind == SHAPE_NESTED;
  jailer_code code = good(&s, kind, &err);
  OK(code == JAILER_OK && S->bad_runs == 0, "%s: launches undisturbed", shape_names[kind]);
  if (code || S->bad_runs) {
    printf("# %s: %s: %s: %s\n", jailer_code_name(code), err.step ? err.step : "", err.item, err.message);
    tell_bad();
    return;
  }
  for (int side = 0; side < 3; side++) {
    long limit = S->calls[side] + 2;
    long numbers[1024];
    calm();
    S->no_userns = kind == SHAPE_OWN_MEMORY;
    run(&s, wanted_layers[kind], &err); /* the numbers of an undisturbed run */
    memcpy(numbers, (const void *)S->seen[side], sizeof numbers);
    limit = S->calls[side];
    for (long index = 1; index <= limit && index < 1024; index++) {
      if (cannot_fail(numbers[index])) continue;
      /* 62 sigactions and 41 dropped capabilities need not each fail in eight ways */
      bool again = index > 1 && numbers[index] == numbers[index - 1] && (numbers[index] == SYS_rt_sigaction || numbers[index] == SYS_prctl);
      if (kind == SHAPE_INIT && side == 0 && waits(numbers, index)) continue;
      for (int e = 0; e < (again ? 1 : errno_count); e++) {
        S->index = index;
        S->side = side;
        S->error = e == 0 || errno_count == 8 ? errnos[e] : errnos[1 + (index + e) % 7]; /* all eight, or EPERM and others in turn */
        code = run(&s, wanted_layers[kind], &err);
        launches++;
        survived += code == JAILER_OK && S->fired;
        layered += code != JAILER_OK && err.layer != JAILER_LAYER_NONE;
        codes[code]++;
      }
    }
  }
  calm();
  S->warm = 0;
  OK(S->bad_runs == 0, "%s: each call fails in turn: an error, or every layer in force; nothing is left", shape_names[kind]);
  tell_bad();
  printf("# %ld launches, %ld survived the fault, %ld errors name a layer;", launches, survived, layered);
  for (int i = 1; i < JAILER_CODE_COUNT; i++)
    if (codes[i]) printf(" %s %d", jailer_code_name((jailer_code)i), codes[i]);
  printf("\n");
}

/* --- the error names the layer whose call failed --- */

static void named(void) {
  static const struct {
    long nr;
    int which; /* the how-manieth such call of the child; 0: the first */
    jailer_layer layer;
  } rows[] = {{SYS_setsid, 0, JAILER_LAYER_SESSION},       {SYS_move_mount, 0, JAILER_LAYER_MOUNTS},
              {SYS_pivot_root, 0, JAILER_LAYER_MOUNTS},    {SYS_umount2, 0, JAILER_LAYER_MOUNTS},
              {SYS_sethostname, 0, JAILER_LAYER_UTSNS},    {SYS_dup3, 0, JAILER_LAYER_FDS},
              {SYS_rt_sigaction, 0, JAILER_LAYER_SESSION}, {SYS_prlimit64, 0, JAILER_LAYER_RLIMITS},
              {SYS_close_range, 0, JAILER_LAYER_FDS},      {SYS_landlock_add_rule, 0, JAILER_LAYER_LANDLOCK},
              {SYS_landlock_restrict_self, 0, JAILER_LAYER_LANDLOCK}, {SYS_seccomp, 0, JAILER_LAYER_SECCOMP}};
  shape s;
  jailer_error err;
  shape_make(&s, SHAPE_STRICT);
  fresh();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    calm();
    S->after_nr = rows[i].nr;
    S->always = 1;
    jailer_code code = run(&s, wanted_layers[SHAPE_STRICT], &err);
    if (err.layer != rows[i].layer) printf("# %s: %s: %s\n", jailer_code_name(code), jailer_layer_name(err.layer), err.step ? err.step : "");
    OK(code && err.layer == rows[i].layer && err.sys_errno == EPERM, "call %ld refused in the child: the error's layer is %s",
       rows[i].nr, jailer_layer_name(rows[i].layer));
  }
  calm();
  S->after_nr = SYS_execve;
  jailer_code code = run(&s, wanted_layers[SHAPE_STRICT], &err);
  OK(code == JAILER_E_EXEC && strstr(err.item, "canary"), "a refused execve is E_EXEC and names the program");
  calm();
  OK(S->bad_runs == 0, "and nothing is left of those launches");
  tell_bad();
}

/* --- a launch fails, and then one of the clean-up calls fails too --- */

static void cleanup_fails(int kind) {
  static const long first[] = {SYS_pivot_root, SYS_landlock_restrict_self, SYS_execve};
  static const int how[] = {EPERM, EINTR, ENOSYS};
  shape s;
  jailer_error err;
  long launches = 0;
  shape_make(&s, kind);
  fresh();
  for (size_t f = 0; f < sizeof first / sizeof first[0]; f++) {
    long numbers[1024], limit;
    calm();
    S->no_userns = kind == SHAPE_OWN_MEMORY;
    S->after_nr = first[f];
    run(&s, wanted_layers[kind], &err);
    limit = S->calls[0]; /* counted from the child's failure on */
    memcpy(numbers, (const void *)S->seen[0], sizeof numbers);
    for (long index = 1; index <= limit; index++) {
      if (cannot_fail(numbers[index])) continue;
      for (size_t e = 0; e < sizeof how / sizeof how[0]; e++) {
        S->after_nr = first[f];
        S->error = how[e];
        S->index = index;
        S->side = 0;
        run(&s, wanted_layers[kind], &err);
        launches++;
      }
    }
  }
  calm();
  OK(S->bad_runs == 0, "%s: a failed launch whose clean-up fails too leaves nothing else", shape_names[kind]);
  tell_bad();
  printf("# %ld launches\n", launches);
}

/* A child that hangs is killed at the deadline, and a kill that is refused finds another way. */
static void hangs(int kind) {
  shape s;
  jailer_error err;
  shape_make(&s, kind);
  s.config.launch_timeout_ms = 60;
  fresh();
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  const long calls = S->calls[1];
  long timeouts = 0, tried = 0;
  for (long at = 1; at < calls; at += calls / 8 + 1, tried++) {
    calm();
    S->no_userns = kind == SHAPE_OWN_MEMORY;
    S->delay_at = at;
    timeouts += run(&s, wanted_layers[kind], &err) == JAILER_E_TIMEOUT;
  }
  OK(timeouts == tried && S->bad_runs == 0, "%s: a child that hangs is E_TIMEOUT, wherever it does (%ld of %ld)", shape_names[kind],
     timeouts, tried);
  tell_bad();
  fresh();
  for (int e = 0; e < 3; e++) {
    long numbers[1024], limit;
    calm();
    S->no_userns = kind == SHAPE_OWN_MEMORY;
    S->delay_at = calls / 2;
    run(&s, wanted_layers[kind], &err);
    limit = S->calls[0];
    memcpy(numbers, (const void *)S->seen[0], sizeof numbers);
    for (long index = limit; index > 0 && index < 1024; index--) {
      if (numbers[index] != SYS_pidfd_send_signal && numbers[index] != SYS_kill && numbers[index] != SYS_waitid) continue;
      S->index = index;
      S->error = errnos[e];
      run(&s, wanted_layers[kind], &err);
      if (numbers[index] == SYS_pidfd_send_signal) break;
    }
  }
  calm();
  OK(S->bad_runs == 0, "%s: and when the kill itself is refused once, it is gone all the same", shape_names[kind]);
  tell_bad();
}

/* --- the child is killed before each of its calls --- */

/* Strikes when a child says so (it may be in namespaces from where it could not), from outside the launch. */
static void *killer(void *unused) {
  siginfo_t info;
  (void)unused;
  for (;;) {
    syscall(SYS_futex, &S->kill_now, FUTEX_WAIT, 0, NULL, NULL, 0);
    if (S->kill_now == 2) return NULL;
    if (S->kill_now != 1) continue;
    S->kill_now = 3; /* at it: who asks meanwhile, the next launch's child, asks again with 1 */
    if (S->strike == STRIKE_CHILD && S->pid > 1) kill(S->pid, SIGKILL);
    if (S->strike == STRIKE_LAUNCHER && !kill(S->launcher, SIGKILL)) /* and sees it dead before the child goes on */
      waitid(P_PID, (id_t)S->launcher, &info, WEXITED | WNOWAIT);
    if (S->strike == STRIKE_GROUP) kill(-S->launcher, S->signal);
    S->struck = 1;
    int at_it = 3;
    __atomic_compare_exchange_n(&S->kill_now, &at_it, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
  }
}

static void killer_is_done(void) {
  while (S->kill_now == 1 || S->kill_now == 3) nap();
}

static void killer_ends(pthread_t thread) {
  calm();
  S->kill_now = 2;
  syscall(SYS_futex, &S->kill_now, FUTEX_WAKE, 9, NULL, NULL, 0);
  pthread_join(thread, NULL);
}

static void killed(int kind) {
  shape s;
  jailer_error err;
  long calls, died = 0, tried = 0;
  shape_make(&s, kind);
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  calls = S->calls[1];
  fresh();
  for (long at = 1; at <= calls; at++) {
    S->kill_at = at;
    jailer_code code = run(&s, wanted_layers[kind], &err);
    if (code == JAILER_OK && S->calls[1] < at) continue; /* an init and its target: a call more or less */
    tried++;
    died += code == JAILER_E_DIED;
    if (code != JAILER_E_DIED) printf("# killed before call %ld (number %ld): %s: %s\n", at, S->seen[1][at], jailer_code_name(code), err.step ? err.step : "");
  }
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  for (long at = 1, touches = S->calls[2]; at <= touches; at++) { /* a toucher that dies has nothing more to say */
    S->kill_side = 2;
    S->kill_at = at;
    const jailer_code code = run(&s, wanted_layers[kind], &err);
    if (code && code != JAILER_E_DIED) complain("killed while touching", err.message);
  }
  OK(died == tried && S->bad_runs == 0, "%s: a child killed before any of its %ld calls is E_DIED, and nothing is left", shape_names[kind], calls);
  if (died != tried) printf("# %ld of %ld were E_DIED\n", died, tried);
  tell_bad();
}

/* --- the launcher itself is killed, or told to stop, at any moment --- */

enum { PATIENCE_MS = 20000 }; /* nobody may live longer than this after the launcher; far below the launch's own deadline */

static long stride; /* every how-manieth call: see main */

/* Where a walk over calls begins: with a stride above one, every shape looks at others. */
static long first_call(int kind) { return 1 + kind % stride; }

static void patient(shape *s, int kind) {
  shape_make(s, kind);
  s->config.launch_timeout_ms = 3 * PATIENCE_MS;
}

/* A target that stays until it is killed. */
static void patient_sleeper(shape *s, int kind) {
  int i = 0;
  patient(s, kind);
  while (s->argv[i]) i++;
  s->argv[i] = "sleep";
}

static bool first_launch; /* a box begins with an empty home: its launch, killed, may have made any part of it */

static void empty_home(void) {
  static const char *const names[] = {"boxes", "bases", "images", "uids"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", W.home, names[i]);
    canary_remove(path);
  }
}

/* Before a misfortune: everything calm, and what will be said of it. */
static void aim(int kind, const char *what, long n, long nr) {
  if (first_launch) empty_home();
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  S->handled = S->handled_by_child = 0;
  snprintf(S->where, sizeof S->where, "%s call %ld, number %ld", what, n, nr);
}

/* What no pid is known of: after a row has failed, so that the next begins with nobody. */
static void kill_children(void) {
  const int own = getpid();
  do {
    DIR *d = opendir("/proc");
    struct dirent *e;
    while (d && (e = readdir(d))) {
      char path[300], text[512], *at;
      snprintf(path, sizeof path, "/proc/%s/stat", e->d_name);
      canary_read(path, text, sizeof text);
      if ((at = strrchr(text, ')')) && strlen(at) > 4 && atoi(at + 4) == own) kill(atoi(e->d_name), SIGKILL); /* ") S PPID" */
    }
    if (d) closedir(d);
    nap();
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0) {}
  } while (waitpid(-1, NULL, WNOHANG | __WALL) >= 0);
}

static long slowest_ms; /* from a launcher's end to the last one of its launch */

/* Whoever a dead launcher left is our child now (PR_SET_CHILD_SUBREAPER), and must end by itself. */
static void nobody_left(void) {
  struct timespec began, now;
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (long ms = 0; ms < PATIENCE_MS;) {
    const pid_t ended = waitpid(-1, NULL, WNOHANG | __WALL);
    if (ms > slowest_ms) slowest_ms = ms;
    if (ended < 0) return;
    if (ended == 0) nap();
    clock_gettime(CLOCK_MONOTONIC, &now);
    ms = (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
  }
  complain("the launcher is gone", "a process of its launch lives on");
  kill_children();
}

/* The files that a killed launch leaves are those that were there (of a first launch, some of those that will be), and a few
   that it would have taken away. NULL, or another name. */
static const char *no_leftover(int kind, const char *files) {
  static char name[256];
  const char *then = before.files;
  while (*files) {
    const size_t n = strcspn(files, " ");
    snprintf(name, sizeof name, "%.*s", (int)n, files);
    files += n + 1;
    if (!strcmp(name, "canary.new") || (kind == SHAPE_BOX && (!strcmp(name, ".jl-new") || !strcmp(name, "shim.pid")))) continue;
    while (*then && (strncmp(then, name, n) || then[n] != ' ')) {
      if (!first_launch) return name;
      then += strcspn(then, " ") + 1;
    }
    if (!*then) return name;
    then += n + 1;
  }
  return *then && !first_launch ? "less than there was" : NULL;
}

/* After the launcher's end: no process, no mount, no file that may not be; and the next launch works and tidies up. */
static void aftermath(int kind) {
  static canary_state now;
  const char *why;
  shape s;
  jailer_error err;
  nobody_left();
  S->armed = 0;
  canary_drain(canary_read_fd);
  canary_take(&now);
  const bool differs = strcmp(now.files, before.files) != 0;
  if ((why = no_leftover(kind, now.files))) complain("left by a killed launch", why);
  memcpy(now.files, before.files, sizeof now.files);
  if (strcmp(now.mounts, before.mounts)) complain("left by a killed launch", "a mount");
  if (!differs && kind != SHAPE_BOX) return;
  shape_make(&s, kind);
  if (good(&s, kind, &err)) complain("the launch after", err.message);
}

/* Plan, launch and wait in a process of its own, which is then killed if it lives. The launch's exit status. */
static int launcher(const shape *s, bool sleeps) {
  int status = 0;
  const pid_t child = fork();
  if (child < 0) canary_bail("fork");
  if (child == 0) {
    jailer_plan *plan;
    jailer_proc proc;
    jailer_status end;
    S->launcher = getpid();
    arm();
    if (jailer_plan_new(&s->config, NULL, &plan, NULL)) _exit(1);
    S->spawning = 1;
    if (jailer_spawn(plan, &proc, NULL)) _exit(1);
    S->waiting_at = S->calls[0];
    S->spawning = 2;
    jailer_plan_free(plan);
    jailer_wait(&proc, sleeps ? 20 : PATIENCE_MS, &end, NULL);
    kill(getpid(), SIGKILL);
  }
  waitpid(child, &status, 0);
  killer_is_done();
  return status;
}

static void launcher_killed(const shape *s, int kind, bool sleeps) {
  const int status = launcher(s, sleeps);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) complain("a launcher to be killed", "its launch failed first");
  aftermath(kind);
}

/* Where an undisturbed launch of a shape makes which calls. An init is polled for, and how often is chance: calls after
   that are counted from the last gate, and those of the wait from the end of the launch. */
typedef struct calls {
  long count[3], clone, gate, wakes, end;
  long numbers[3][1024];
} calls;

static void undisturbed(int kind, bool sleeps, calls *c) {
  shape s;
  long wakes = -1;
  for (int round = 0; round < 2; round++) { /* the second knows which gate is the last */
    (sleeps ? patient_sleeper : patient)(&s, kind);
    aim(kind, "the launcher killed after its last", 0, 0);
    S->last_wake = wakes;
    const int status = launcher(&s, sleeps);
    wakes = S->wakes;
    for (int side = 0; side < 3; side++) c->count[side] = S->calls[side];
    memcpy(c->numbers, (const void *)S->seen, sizeof c->numbers);
    c->clone = S->clone_at;
    c->gate = S->gate_at;
    c->wakes = wakes;
    c->end = S->waiting_at;
    if (!WIFSIGNALED(status)) complain("the launcher", "its undisturbed launch failed");
    aftermath(kind);
  }
}

static bool enough(void) { return S->bad_runs > 4; } /* each may have cost all the patience there is */

/* The i-th moment in the life of a launcher (from 1), stored in *from and *n. 0: there is none; -1: one like others. */
static int moment(const calls *c, long i, int *from, long *n, long *nr) {
  const long ends[] = {c->gate, c->end, c->count[0]};
  *from = i <= ends[0] ? FROM_START : i <= ends[1] ? FROM_GATE : FROM_END;
  *n = *from == FROM_START ? i : i - ends[*from - 1];
  *nr = i < 1024 ? c->numbers[0][i] : 0;
  return i > ends[2] ? 0 : *from == FROM_START && (i >= 1024 || (i > c->clone && waits(c->numbers[0], i))) ? -1 : 1;
}

/* By its own hand before each of its calls, and once more when the child has come as far as it can without it. */
static void launcher_dies(int kind) {
  static calls c;
  shape s;
  long tried = 0, settled = 0, n, nr;
  int from, is;
  fresh();
  first_launch = kind == SHAPE_BOX;
  for (int sleeps = 1; sleeps >= 0; sleeps--) { /* the target lives, or ends while it is waited for */
    undisturbed(kind, sleeps, &c);
    (sleeps ? patient_sleeper : patient)(&s, kind);
    for (long i = sleeps ? first_call(kind) : c.end + 1; (is = moment(&c, i, &from, &n, &nr)) && !enough(); i += sleeps ? stride : 1) {
      for (int settle = 0; settle < (is < 0 ? 0 : from != FROM_END && i > c.clone ? 2 : 1); settle++) {
        aim(kind, settle ? "launcher killed, its child at a gate or executed, before its" : "launcher killed before its", i, nr);
        S->last_wake = c.wakes;
        S->from = from;
        S->die_at = n;
        S->settle = settle;
        launcher_killed(&s, kind, sleeps);
        tried++;
        settled += settle;
      }
    }
  }
  first_launch = false;
  OK(S->bad_runs == 0 && tried > 20 && settled > 0,
     "%s: a launcher killed before any of its calls leaves no process and no mount, and the next launch works", shape_names[kind]);
  tell_bad();
  printf("# %ld launchers, %ld of them with a child that waited or had executed\n", tried, settled);
  fresh();
}

/* From outside, while the child is before each of its calls: before and after it asked for the parent-death signal, and at
   its gates, which a dead launcher does not open. */
static void launcher_dies_beside(int kind) {
  static calls c;
  shape s;
  long tried = 0, touched = 0;
  patient_sleeper(&s, kind);
  fresh();
  undisturbed(kind, true, &c);
  for (int side = 1; side < 3; side++) {
    for (long n = first_call(kind); n <= c.count[side] && n < 1024 && !enough(); n += stride, tried++) {
      aim(kind, side == 1 ? "launcher killed before the child's" : "launcher killed before the touching child's", n, c.numbers[side][n]);
      S->strike = STRIKE_LAUNCHER;
      S->kill_side = side;
      S->kill_at = n;
      launcher_killed(&s, kind, true);
    }
  }
  OK(S->bad_runs == 0 && tried > 20, "%s: nor does one killed while its child is before any of its %ld calls", shape_names[kind],
     c.count[1] + c.count[2]);
  tell_bad();
  fresh();
  for (long n = 1; n <= c.count[2] && !enough(); n++) {
    aim(kind, "launcher killed, and then no path answers, before the touching child's", n, c.numbers[2][n]);
    S->strike = STRIKE_LAUNCHER;
    S->hang = 1;
    S->kill_side = 2;
    S->kill_at = n;
    launcher_killed(&s, kind, true);
    touched++;
  }
  OK(S->bad_runs == 0 && touched > 0, "%s: nor does the child stay that hangs in a granted path (%ld calls)", shape_names[kind], touched);
  tell_bad();
  fresh();
}

static void on_signal(int signal) {
  (void)signal;
  if (canary_bare(SYS_getpid, 0, 0, 0, 0, 0, 0) == S->launcher) S->handled++;
  else S->handled_by_child++;
}

/* A launch in a process group of its own, which is continued whenever it stops. How it ended; *stops: how often it did. */
static int launcher_group(const shape *s, int kind, bool handles, int *stops) {
  static const int terminal[] = {SIGINT, SIGTERM, SIGHUP, SIGTSTP};
  int status = 0;
  const pid_t child = fork();
  if (child < 0) canary_bail("fork");
  if (child == 0) {
    jailer_error err;
    for (int i = 0; i < 4; i++) signal(terminal[i], handles ? on_signal : SIG_DFL);
    setpgid(0, 0);
    S->launcher = getpid();
    if (run(s, wanted_layers[kind], &err)) complain("a launch that is signalled", err.message);
    _exit(0);
  }
  for (*stops = 0; waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status); ++*stops) kill(-child, SIGCONT);
  killer_is_done();
  return status;
}

/* With a handler the launch goes on and the handler runs once, in the launcher. Without, the signal does what it does: stops
   it, which is no more than a pause, or ends it like a kill. */
static void signalled(const shape *s, int kind, bool handles) {
  int stops;
  const int status = launcher_group(s, kind, handles, &stops), struck = S->struck;
  const bool ends = !handles && S->signal != SIGTSTP && struck;
  if (S->handled_by_child) complain("signals", "a handler ran in the child");
  if (handles ? S->handled != struck : S->handled != 0) complain("signals", "the handler did not run once");
  if (stops != (!handles && S->signal == SIGTSTP && struck)) complain("signals", "the launcher did not stop once");
  if (ends ? !WIFSIGNALED(status) || WTERMSIG(status) != S->signal : !WIFEXITED(status) || WEXITSTATUS(status))
    complain("signals", ends ? "the launcher did not end by the signal" : "the launcher ended");
  aftermath(kind);
}

/* One of eight in turn, before the i-th call of one side: INT, TERM, TSTP or HUP, handled or not. 0: there is no such call. */
static int signalled_at(const calls *c, const shape *s, int kind, int side, long i, long turn) {
  static const int signals[] = {SIGINT, SIGTERM, SIGTSTP, SIGHUP};
  const bool handles = turn / 4 % 2 == 0;
  long n = i, nr = c->numbers[side][i & 1023];
  int from = FROM_START, is = i <= c->count[side] && i < 1024;
  char what[64];
  if (side == 0) is = moment(c, i, &from, &n, &nr);
  if (is <= 0) return is;
  S->signal = signals[turn % 4];
  snprintf(what, sizeof what, "signal %d, %s, before the %s's", S->signal, handles ? "handled" : "default",
           side == 0 ? "launcher" : side == 1 ? "child" : "touching child");
  aim(kind, what, i, nr);
  S->last_wake = c->wakes;
  S->from = from;
  S->strike = STRIKE_GROUP;
  S->kill_side = side;
  *(side ? &S->kill_at : &S->signal_at) = n;
  signalled(s, kind, handles);
  return 1;
}

/* The whole group gets a signal before every other call of the launcher and of the child. Each shape begins with another
   signal, and every other one with the second call. */
static void group_signalled(int kind) {
  static calls c;
  shape s;
  long turn = 2 * kind + 1, tried = 0;
  patient(&s, kind);
  fresh();
  undisturbed(kind, false, &c);
  for (int side = 0, is = 1; side < 3; side++, is = 1)
    for (long i = kind % 2 + first_call(kind); is && !enough(); i += 2 * stride, turn++) {
      tried += (is = signalled_at(&c, &s, kind, side, i, turn)) > 0;
      if (side == 2) tried += signalled_at(&c, &s, kind, side, i, turn + 4) > 0; /* it has few calls: both handled and not */
    }
  OK(S->bad_runs == 0 && tried > 20, "%s: signals to its process group before a call of either side: the launch completes, or ends with its launcher", shape_names[kind]);
  tell_bad();
  printf("# %ld signals\n", tried);
  fresh();
}

/* outlive_launcher takes the parent-death signal away, not the gates: a launcher that is killed before it opened them takes
   the launch with it, at the latest when its time is over. */
static void outliving(void) {
  static calls c;
  shape s;
  fresh();
  undisturbed(SHAPE_BOX, true, &c);
  patient_sleeper(&s, SHAPE_BOX);
  s.config.outlive_launcher = true;
  s.config.launch_timeout_ms = 1000;
  for (long n = c.clone; n <= c.clone + 3; n++) {
    aim(SHAPE_BOX, "launcher of one to outlive it killed before its", n, c.numbers[0][n]);
    S->die_at = n;
    S->settle = 1;
    launcher_killed(&s, SHAPE_BOX, true);
  }
  OK(S->bad_runs == 0, "outlive_launcher: a launch whose launcher is killed half way ends with its deadline");
  tell_bad();
  fresh();
}

/* --- older kernels --- */

static void kernels(void) {
  static const int versions[] = {419, 504, 510, 513};
  static const char *const permits[] = {"nothing may degrade", "Landlock may", "Landlock and /proc may", "Landlock may, all of /proc"};
  const uint32_t landlock = JAILER_BIT(JAILER_LAYER_LANDLOCK), proc = JAILER_BIT(JAILER_LAYER_PROC);
  for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++) {
    for (int kind = SHAPE_STRICT; kind <= SHAPE_INIT; kind++) {
      for (int permit = 0; permit < 4; permit++) {
        shape s;
        jailer_error err;
        shape_make(&s, kind);
        s.config.may_degrade = permit == 0 ? 0 : permit == 2 ? landlock | proc : landlock;
        s.config.allow_full_proc = permit == 3;
        fresh();
        calm();
        S->kernel = versions[i];
        jailer_code code = run(&s, wanted_layers[kind], &err);
        uint32_t missing = versions[i] >= 513 ? 0 : versions[i] >= 508 || s.config.allow_full_proc ? landlock : landlock | proc;
        const bool blind = versions[i] < 509 && permit == 2; /* no close_range, and no /proc inside to see what is open */
        OK(S->bad_runs == 0 && ((code == JAILER_OK) == !(missing & ~s.config.may_degrade) || (blind && code)), "Linux %d.%d, %s, %s: %s",
           versions[i] / 100, versions[i] % 100, shape_names[kind], permits[permit],
           code ? "an error that says so" : "launched, and the canary confirms what is left");
        if (code) printf("# %s: %s: %s: errno %d: %s\n", jailer_code_name(code), jailer_layer_name(err.layer), err.step, err.sys_errno, err.message);
        tell_bad();
      }
    }
  }
  static const long newer[] = {SYS_pidfd_send_signal, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
                               SYS_pidfd_open, SYS_clone3, SYS_close_range, SYS_openat2, SYS_mount_setattr,
                               SYS_landlock_create_ruleset, SYS_landlock_add_rule, SYS_landlock_restrict_self, SYS_seccomp};
  int launched = 0, refused = 0;
  fresh();
  for (size_t i = 0; i < sizeof newer / sizeof newer[0]; i++) {
    for (int kind = 0; kind < SHAPES; kind++) {
      shape s;
      jailer_error err;
      if (!available(kind)) continue;
      shape_make(&s, kind);
      calm();
      S->no_userns = kind == SHAPE_OWN_MEMORY;
      S->kernel = 9999;
      S->missing = newer[i];
      jailer_code code = run(&s, wanted_layers[kind], &err);
      launched += code == JAILER_OK;
      refused += code != JAILER_OK;
    }
  }
  calm();
  OK(S->bad_runs == 0 && launched && refused, "each newer call missing by itself: launched with every layer, or an error");
  tell_bad();
  printf("# %d launched, %d refused\n", launched, refused);
}

/* --- each allocation fails --- */

static void memory(int kind) {
  shape s;
  jailer_error err;
  long count, refused = 0, tried = 0;
  shape_make(&s, kind);
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  canary_allocations = 0;
  run(&s, wanted_layers[kind], &err);
  count = canary_allocations;
  fresh();
  for (int from = 0; from < 2; from++) {
    for (long i = 1; i <= count; i++, tried++) {
      calm();
      S->no_userns = kind == SHAPE_OWN_MEMORY;
      canary_allocations = 0;
      *(from ? &canary_refuse_from : &canary_refuse_at) = i;
      refused += run(&s, wanted_layers[kind], &err) == JAILER_E_NO_MEMORY;
    }
  }
  calm();
  OK(count > 5 && refused == tried && S->bad_runs == 0, "%s: each of %ld allocations fails, alone and with all that follow: E_NO_MEMORY",
     shape_names[kind], count);
  if (refused != tried) printf("# %ld of %ld were E_NO_MEMORY\n", refused, tried);
  tell_bad();
}

int main(void) {
  char here;
  sigset_t odd;
  jailer_error err;
  struct timespec began, now;
  clock_gettime(CLOCK_MONOTONIC, &began);
  canary_launcher_stack = &here;
  prctl(PR_SET_DUMPABLE, 1);
  prctl(PR_SET_CHILD_SUBREAPER, 1); /* whoever a dead launcher leaves comes to us */
  as_root = geteuid() == 0;
  canary_maps_count = canary_maps_count && CANARY_PLAIN;
  canary_setup();
  world();
  policy_make();
  S = mmap(NULL, sizeof *S, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (S == MAP_FAILED) canary_bail("mmap");
  sigemptyset(&odd);
  sigaddset(&odd, SIGUSR1); /* a mask that must be put back exactly */
  sigprocmask(SIG_SETMASK, &odd, NULL);
  stride = CANARY_PLAIN ? 1 : 9; /* a sanitizer sees the same code in each of these runs, ten times as slow */
  lap(NULL);
  for (int round = 0; round < 3; round++) { /* libc's own first-time allocations and mappings */
    for (int kind = 0; kind < SHAPES; kind++) {
      shape s;
      jailer_plan *plan;
      if (!available(kind)) continue;
      shape_make(&s, kind);
      calm();
      if (jailer_plan_new(&s.config, NULL, &plan, NULL) == JAILER_OK) {
        wanted_layers[kind] = plan->layers;
        jailer_plan_free(plan);
      }
      good(&s, kind, &err);
    }
    canary_take(&before);
    before.dumpable = 1; /* as it was at first, whatever these launches made of it */
  }
  for (int kind = 0; kind < SHAPES; kind++)
    if (available(kind)) each_call(kind, kind == SHAPE_STRICT ? 8 : kind == SHAPE_NESTED ? 3 : 2), lap("each call");
  named();
  kernels();
  lap("kernels");
  S->no_sync = 1;
  for (int kind = 0; kind < SHAPES; kind++) {
    if (!available(kind)) continue;
    memory(kind);
    lap("memory");
    cleanup_fails(kind);
    lap("clean-up");
    hangs(kind);
    lap("hangs");
    pthread_t thread;
    shape s;
    pthread_create(&thread, NULL, killer, NULL);
    shape_make(&s, kind);
    good(&s, kind, &err);
    canary_take(&before); /* with the killer's stack */
    killed(kind);
    lap("killed");
    launcher_dies(kind);
    lap("launcher dies");
    launcher_dies_beside(kind);
    lap("launcher dies beside its child");
    group_signalled(kind);
    lap("signals");
    printf("# the last process was gone %ld ms after its launcher, or sooner\n", slowest_ms);
    slowest_ms = 0;
    killer_ends(thread);
    good(&s, kind, &err);
    canary_take(&before);
  }
  outliving();
  canary_remove(canary_scratch);
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("# %ld s\n", (long)(now.tv_sec - began.tv_sec));
  return tap_done();
}
