/* test_faults.c: every system call and every allocation of a launch fails once, in the parent and in the child. Whatever
 * fails: either there is an error that says which step, and the target never ran, or the target itself (probe_canary)
 * confirms every layer; and nothing is left behind. The same with older kernels (newer calls answer ENOSYS), with a child
 * that is killed before any of its calls, with failing clean-up calls after a failure, and with children that hang. */
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
  volatile int no_userns;
  volatile long die_at, clone_at, waiting_at; /* the launcher's own end; where its clone was, and where its launch ended */
  volatile long kill_at, delay_at;    /* child call before which it is killed, or sleeps */
  volatile int kill_side, kill_now, pid, pid_side;
  volatile long seen[3][1024];        /* the numbers of the calls of the last run */
} *S;

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
  if (side == 0 && S->die_at && n == S->die_at) {
    canary_bare(SYS_kill, canary_bare(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
    for (;;) canary_bare(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
  }
  if (nr == SYS_close && canary_bare(SYS_fcntl, args[0], F_GETFD, 0, 0, 0, 0) < 0) S->twice++;
  if (side == S->kill_side && n == S->kill_at) {
    struct timespec second = {1, 0};
    S->kill_now = 1;
    canary_bare(SYS_futex, (long)&S->kill_now, FUTEX_WAKE, 9, 0, 0, 0);
    for (;;) canary_bare(SYS_nanosleep, (long)&second, 0, 0, 0, 0, 0);
  }
  if (side == S->kill_side && n == S->delay_at) {
    struct timespec hang = {5, 0};
    canary_bare(SYS_nanosleep, (long)&hang, 0, 0, 0, 0, 0);
  }
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
  const char *ro, *rw, *nested, *nested_at;
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
  if (jailer_layout_init(&W.layout, canary_in("home"), "demo", &err) || jailer_layout_prepare(&W.layout, 0, 0, &err))
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
static long bad_runs;
static char bad_lines[6][900]; /* the first few that differ */
static long bad_kinds;

static void complain(const char *what, const char *why) {
  char line[600];
  const int n = snprintf(line, sizeof line, "%s: %.500s", what, why);
  bad_runs++;
  for (long i = 0; i < bad_kinds; i++)
    if (!strncmp(bad_lines[i], line, (size_t)n)) return;
  if (bad_kinds == 6) return;
  snprintf(bad_lines[bad_kinds++], sizeof bad_lines[0], "%s (call %ld of the %s, number %ld, errno %d%s; kernel %d)", line, S->index,
           S->side == 0 ? "parent" : S->side == 1 ? "child" : "touching child", S->fired_nr, S->error, S->fired ? "" : ", not reached", S->kernel);
}

static void fresh(void) { bad_runs = bad_kinds = 0; }

static void tell_bad(void) {
  if (bad_runs) printf("# %ld bad runs\n", bad_runs);
  for (long i = 0; i < bad_kinds; i++) printf("#   %s\n", bad_lines[i]);
}

/* The target of an init is killed in its exec: the one death that only the status tells. */
static bool killed_below_init(const shape *s) {
  return s->config.with_init && S->kill_side == 1 && S->kill_at && S->calls[1] >= S->kill_at && S->seen[1][S->kill_at] == SYS_execve;
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

static jailer_code run(const shape *s, uint32_t required, jailer_error *err) {
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_status status;
  const char *why;
  memset(err, 0, sizeof *err);
  memset(&proc, 0, sizeof proc);
  S->calls[0] = S->calls[1] = S->calls[2] = 0;
  S->spawning = 0;
  S->clone_at = 0;
  S->fired = S->twice = S->pid = S->pid_side = 0;
  S->fired_nr = -1;
  S->armed = 1;
  jailer_code code = jailer_plan_new(&s->config, NULL, &plan, err);
  if (code == JAILER_OK) {
    S->spawning = 1;
    code = jailer_spawn(plan, &proc, err);
    S->waiting_at = S->calls[0];
    jailer_plan_free(plan);
  } else if (plan) {
    complain("plan", "a failed plan is not NULL");
  }
  jailer_code waited = JAILER_OK;
  jailer_error wait_err;
  S->spawning = 2;
  if (code == JAILER_OK) {
    for (int i = 0; i < 3 && (waited = jailer_wait(&proc, 10000, &status, &wait_err)) && proc.pid > 0; i++) {}
    if (waited) complain("wait", jailer_code_name(waited));
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
  S->kill_at = S->delay_at = S->die_at = 0;
  S->kill_side = 1;
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
  jailer_code code = good(&s, kind, &err);
  OK(code == JAILER_OK && bad_runs == 0, "%s: launches undisturbed", shape_names[kind]);
  if (code || bad_runs) {
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
  OK(bad_runs == 0, "%s: each call fails in turn: an error, or every layer in force; nothing is left", shape_names[kind]);
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
  OK(bad_runs == 0, "and nothing is left of those launches");
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
  OK(bad_runs == 0, "%s: a failed launch whose clean-up fails too leaves nothing else", shape_names[kind]);
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
  OK(timeouts == tried && bad_runs == 0, "%s: a child that hangs is E_TIMEOUT, wherever it does (%ld of %ld)", shape_names[kind],
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
  OK(bad_runs == 0, "%s: and when the kill itself is refused once, it is gone all the same", shape_names[kind]);
  tell_bad();
}

/* --- the child is killed before each of its calls --- */

static void *killer(void *unused) {
  (void)unused;
  for (;;) {
    syscall(SYS_futex, &S->kill_now, FUTEX_WAIT, 0, NULL, NULL, 0);
    if (S->kill_now == 2) return NULL;
    if (S->kill_now != 1) continue;
    S->kill_now = 0;
    if (S->pid > 1) kill(S->pid, SIGKILL);
  }
}

static void killed(int kind) {
  shape s;
  jailer_error err;
  pthread_t thread;
  long calls, died = 0, tried = 0;
  shape_make(&s, kind);
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  calls = S->calls[1];
  pthread_create(&thread, NULL, killer, NULL);
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  canary_take(&before); /* with the killer's stack */
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
    if (run(&s, wanted_layers[kind], &err)) complain("killed while touching", err.message);
  }
  calm();
  S->kill_now = 2;
  syscall(SYS_futex, &S->kill_now, FUTEX_WAKE, 9, NULL, NULL, 0);
  pthread_join(thread, NULL);
  OK(died == tried && bad_runs == 0, "%s: a child killed before any of its %ld calls is E_DIED, and nothing is left", shape_names[kind], calls);
  if (died != tried) printf("# %ld of %ld were E_DIED\n", died, tried);
  tell_bad();
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  canary_take(&before);
}

/* --- the launcher itself is killed, anywhere between the clone and the end of the launch --- */

static void launcher_dies(int kind) {
  shape s;
  jailer_error err;
  long from, to, left = 0, tried = 0;
  shape_make(&s, kind);
  calm();
  S->no_userns = kind == SHAPE_OWN_MEMORY;
  run(&s, wanted_layers[kind], &err);
  from = S->clone_at;
  to = S->waiting_at;
  for (long at = from + 1; at <= to && at < from + 40; at++, tried++) {
    pid_t child = fork();
    if (child == 0) {
      jailer_proc proc;
      for (int i = 0; s.argv[i] || ((s.argv[i] = "sleep"), 0); i++) {}
      S->die_at = at;
      S->calls[0] = S->calls[1] = S->calls[2] = 0;
      S->pid = S->pid_side = S->spawning = 0;
      jailer_plan *plan;
      S->armed = 1;
      if (jailer_plan_new(&s.config, NULL, &plan, NULL)) _exit(1);
      S->spawning = 1;
      jailer_spawn(plan, &proc, NULL);
      kill(getpid(), SIGKILL);
    }
    waitpid(child, NULL, 0);
    S->armed = 0;
    int round = 0; /* its children are ours now: they must end by themselves */
    for (; round < 300 && waitpid(-1, NULL, WNOHANG | __WALL) >= 0; round++) {
      struct timespec ten_ms = {0, 10000000};
      nanosleep(&ten_ms, NULL);
    }
    if (round == 300) {
      left++;
      if (S->pid > 1) kill(S->pid, SIGKILL);
      while (waitpid(-1, NULL, __WALL) > 0) {}
    }
    canary_drain(canary_read_fd);
  }
  calm();
  OK(left == 0 && tried > 5, "%s: a launcher killed at any of %ld moments leaves no child behind", shape_names[kind], tried);
  if (left) printf("# %ld children were left\n", left);
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
        OK(bad_runs == 0 && ((code == JAILER_OK) == !(missing & ~s.config.may_degrade) || (blind && code)), "Linux %d.%d, %s, %s: %s",
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
  OK(bad_runs == 0 && launched && refused, "each newer call missing by itself: launched with every layer, or an error");
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
  OK(count > 5 && refused == tried && bad_runs == 0, "%s: each of %ld allocations fails, alone and with all that follow: E_NO_MEMORY",
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
  S = mmap(NULL, sizeof *S, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (S == MAP_FAILED) canary_bail("mmap");
  sigemptyset(&odd);
  sigaddset(&odd, SIGUSR1); /* a mask that must be put back exactly */
  sigprocmask(SIG_SETMASK, &odd, NULL);
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
  for (int kind = 0; kind < SHAPES; kind++) {
    if (!available(kind)) continue;
    memory(kind);
    lap("memory");
    cleanup_fails(kind);
    lap("clean-up");
    hangs(kind);
    lap("hangs");
    killed(kind);
    lap("killed");
    launcher_dies(kind);
    lap("launcher dies");
  }
  canary_remove(canary_scratch);
  clock_gettime(CLOCK_MONOTONIC, &now);
  printf("# %ld s\n", (long)(now.tv_sec - began.tv_sec));
  return tap_done();
}
