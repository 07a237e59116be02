/* test_threads.c: launches from many threads at once, beside threads that fork and allocate, under a storm of signals, and
 * from launchers with odd habits: SIGCHLD ignored, taken away or blocked, not dumpable, everything blocked, a huge
 * environment, no HOME. Threads kill a target while another waits for it or lets it go. As root also with an attacker of the
 * target's own uid who tries to trace the children. */
#define _GNU_SOURCE
#include "canary.h"
#include <pthread.h>
#include <sched.h>
#include <sys/ptrace.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>

enum { THREADS = 8, EACH = 25, ATTACKED_UID = 54321 };

/* Shared with the attacker. */
static struct shared {
  volatile int pid; /* the newest child, as the host numbers it; 0: none */
  volatile int stop;
  volatile long tries, reads, attaches;
  volatile int watching, no_userns;
} *X;

static volatile int in_child_handler;
static volatile long handled;
static pid_t launcher_pid;

/* While the attacker watches: tells it the newest child's pid. */
CANARY_BARE static bool hook(long nr, const long args[6], long *result) {
  if (!X || !X->watching) return false;
  if (X->no_userns && canary_wants_userns(nr, args)) return *result = -EPERM, true;
  if (!canary_launcher_calls() && !X->pid) X->pid = canary_host_pid();
  return false;
}

#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: now with what it knows of layers */
#include "tap.h"

static bool as_root;

/* --- one launch, from any thread --- */

typedef struct lane {
  int read_fd, write_fd, mark_fd; /* a pipe for the account; one more descriptor, kept as 7 */
  uint64_t mark_ino, write_ino;
  uint32_t uid, may_degrade;
  const char *const *env;
  const char *block; /* the target blocks SIGTERM and ends after so many microseconds */
  bool outlive, sleeps;
} lane;

/* Without close-on-exec, all of them: what keeps them out of other jails is the launch alone. */
static void lane_open(lane *l) {
  int ends[2], mark[2];
  struct stat st;
  memset(l, 0, sizeof *l);
  if (pipe(ends) || pipe(mark)) canary_bail("pipe");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  l->read_fd = ends[0];
  l->write_fd = ends[1];
  l->mark_fd = mark[0];
  close(mark[1]);
  fstat(l->mark_fd, &st);
  l->mark_ino = st.st_ino;
  fstat(l->write_fd, &st);
  l->write_ino = st.st_ino;
}

static void lane_close(lane *l) {
  close(l->read_fd);
  close(l->write_fd);
  close(l->mark_fd);
}

static jailer_code lane_spawn(const lane *l, jailer_proc *proc, jailer_error *err) {
  const char *argv[] = {canary_program, l->sleeps ? "sleep" : l->block ? "block" : NULL, l->block, NULL};
  const jailer_fd fds[] = {{l->write_fd, true, 1}, {l->mark_fd, true, 7}};
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.env = l->env;
  config.fds = fds;
  config.fd_count = 2;
  config.without_system = true;
  config.uid = config.gid = l->uid;
  config.may_degrade = l->may_degrade;
  config.outlive_launcher = l->outlive;
  return jailer_launch(&config, proc, err);
}

/* NULL, or what is wrong with the account of a launch. */
static const char *lane_wrong(const lane *l, const jailer_proc *proc, struct canary *c) {
  static __thread char why[200];
  if (canary_get(l->read_fd, c) != 1) return "no account";
  const char *denied = l->env ? NULL : canary_denies(c, proc, "jail");
  if (denied) return denied;
  if (c->blocked || c->ignored) return "signals are blocked or ignored";
  for (int fd = 3; fd < CANARY_FDS; fd++)
    if ((c->fd_ino[fd] != 0) != (fd == 7)) return snprintf(why, sizeof why, "descriptor %d: inode %llu", fd, (unsigned long long)c->fd_ino[fd]), why;
  if (c->fd_ino[7] != l->mark_ino || c->fd_ino[1] != l->write_ino) return "another launch's descriptor";
  return NULL;
}

/* Launches, waits and judges; NULL is well. */
static const char *lane_run(const lane *l, struct canary *c) {
  static __thread char why[900];
  jailer_proc proc, was;
  jailer_error err;
  jailer_status status;
  jailer_code code = lane_spawn(l, &proc, &err);
  if (code) return snprintf(why, sizeof why, "%s: %s: %s: %s", jailer_code_name(code), err.step, err.item, err.message), why;
  was = proc;
  code = jailer_wait(&proc, 20000, &status, &err);
  if (code) return snprintf(why, sizeof why, "wait: %s", jailer_code_name(code)), why;
  if (!status.exited || status.exit_code) return "the canary failed";
  return lane_wrong(l, &was, c);
}

/* --- many threads --- */

static int churn_stop; /* atomic */
static long bad_lanes;
static char first_bad[900];
static pthread_mutex_t bad_lock = PTHREAD_MUTEX_INITIALIZER;

static void bad(const char *why) {
  pthread_mutex_lock(&bad_lock);
  if (bad_lanes++ == 0) snprintf(first_bad, sizeof first_bad, "%s", why);
  pthread_mutex_unlock(&bad_lock);
}

static void *launches(void *count) {
  lane l;
  struct canary c;
  lane_open(&l);
  for (int i = 0; i < *(const int *)count; i++) {
    const char *why = lane_run(&l, &c);
    if (why) bad(why);
  }
  lane_close(&l);
  return NULL;
}

/* A thread whose numbers mean other files than the process's: what is asked of /proc must be its own. */
static void *launches_alone(void *unused) {
  const int one = 1;
  (void)unused;
  if (unshare(CLONE_FILES)) return bad("unshare"), NULL;
  return launches((void *)(uintptr_t)&one);
}

static void own_descriptors(void) {
  pthread_t thread;
  bad_lanes = 0;
  pthread_create(&thread, NULL, launches_alone, NULL);
  pthread_join(thread, NULL);
  OK(bad_lanes == 0, "a thread with a descriptor table of its own launches%s%s", bad_lanes ? ": " : "", bad_lanes ? first_bad : "");
}

static void *churn_forks(void *unused) {
  (void)unused;
  while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    if (child > 0) waitpid(child, NULL, 0);
  }
  return NULL;
}

static void *churn_programs(void *unused) {
  char *argv[] = {canary_program, NULL}, *none[] = {NULL};
  (void)unused;
  while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
    pid_t child = vfork();
    if (child == 0) {
      execve("/nonexistent", argv, none);
      _exit(0);
    }
    if (child > 0) waitpid(child, NULL, 0);
  }
  return NULL;
}

static void *churn_memory(void *unused) {
  void *block[64] = {NULL};
  unsigned n = 1;
  (void)unused;
  while (!__atomic_load_n(&churn_stop, __ATOMIC_RELAXED)) {
    n = n * 1103515245 + 12345;
    free(block[n >> 16 & 63]);
    block[n >> 16 & 63] = malloc(n >> 12 & 0x3ffff);
    if (block[n >> 16 & 63]) memset(block[n >> 16 & 63], 1, 1);
  }
  for (int i = 0; i < 64; i++) free(block[i]);
  return NULL;
}

static void many(const char *name, bool churning, int each) {
  static const struct {
    void *(*run)(void *);
  } churns[] = {{churn_forks}, {churn_programs}, {churn_memory}};
  pthread_t thread[THREADS], churn[3];
  __atomic_store_n(&churn_stop, 0, __ATOMIC_RELAXED);
  bad_lanes = 0;
  for (int i = 0; i < 3 && churning; i++) pthread_create(&churn[i], NULL, churns[i].run, NULL);
  for (int i = 0; i < THREADS; i++) pthread_create(&thread[i], NULL, launches, &each);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  __atomic_store_n(&churn_stop, 1, __ATOMIC_RELAXED);
  for (int i = 0; i < 3 && churning; i++) pthread_join(churn[i], NULL);
  OK(bad_lanes == 0, "%s: %d launches, each with its own descriptors and no others", name, THREADS * each);
  if (bad_lanes) printf("# %ld bad, the first: %s\n", bad_lanes, first_bad);
  OK(prctl(PR_GET_DUMPABLE) == 1, "%s: the launcher is dumpable again", name);
}

/* One plan, many threads: a plan is const to a spawn. */
static jailer_plan *one_plan;

static void *spawns(void *unused) {
  (void)unused;
  for (int i = 0; i < 10; i++) {
    jailer_proc proc;
    jailer_error err;
    jailer_status status;
    jailer_code code = jailer_spawn(one_plan, &proc, &err);
    if (code == JAILER_OK) code = jailer_wait(&proc, -1, &status, &err);
    if (code || !status.exited || status.exit_code) bad(code ? err.message : "the canary failed");
  }
  return NULL;
}

static void shared_plan(void) {
  pthread_t thread[THREADS];
  lane l;
  jailer_error err;
  jailer_config config;
  struct canary c;
  const char *argv[] = {canary_program, NULL};
  lane_open(&l);
  const jailer_fd fds[] = {{l.write_fd, true, 1}};
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.fds = fds;
  config.fd_count = 1;
  config.without_system = true;
  bad_lanes = 0;
  if (jailer_plan_new(&config, NULL, &one_plan, &err)) canary_bail(err.message);
  fcntl(l.read_fd, F_SETPIPE_SZ, 1 << 20);
  for (int i = 0; i < THREADS; i++) pthread_create(&thread[i], NULL, spawns, NULL);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  jailer_plan_free(one_plan);
  int accounts = 0;
  while (canary_get(l.read_fd, &c) == 1) accounts++;
  OK(bad_lanes == 0 && accounts == THREADS * 10, "one plan spawned by %d threads at once", THREADS);
  if (bad_lanes) printf("# %s\n", first_bad);
  lane_close(&l);
}

/* --- odd launchers --- */

static void handler(int signal) {
  (void)signal;
  handled++;
  if (canary_bare(SYS_getpid, 0, 0, 0, 0, 0, 0) != launcher_pid) in_child_handler++;
}

static void reaper(int signal) {
  int error = errno;
  (void)signal;
  while (waitpid(-1, NULL, WNOHANG) > 0) {}
  errno = error;
}

static void children_gone(const char *name) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  OK(waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == -1, "%s: no child is left", name);
}

/* With the status of children ignored or taken: the launch works, and the end is still told. */
static void without_status(const char *name, void (*action)(int), int flags) {
  struct sigaction odd, old;
  lane l;
  struct canary c;
  jailer_proc proc, was;
  jailer_error err;
  jailer_status status;
  memset(&odd, 0, sizeof odd);
  odd.sa_handler = action;
  odd.sa_flags = flags;
  lane_open(&l);
  sigaction(SIGCHLD, &odd, &old);
  int fine = 0, lost = 0;
  for (int i = 0; i < 20; i++) {
    jailer_code code = lane_spawn(&l, &proc, &err);
    if (code) {
      printf("# %s: %s\n", jailer_code_name(code), err.message);
      break;
    }
    was = proc;
    code = jailer_wait(&proc, 20000, &status, &err);
    const bool told = code == JAILER_E_STATUS_LOST || (code == JAILER_OK && status.exited && status.exit_code == 0);
    lost += code == JAILER_E_STATUS_LOST;
    if (told && proc.pid == 0 && !lane_wrong(&l, &was, &c)) fine++;
  }
  const char *argv[] = {"/nonexistent/program", NULL};
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.without_system = true;
  jailer_code code = jailer_launch(&config, &proc, &err);
  sigaction(SIGCHLD, &old, NULL);
  OK(fine == 20, "%s: launches, and their end is told or said to be lost (%s)", name, lost == 0 ? "told" : lost == 20 ? "lost" : "both");
  OK(code == JAILER_E_EXEC || code == JAILER_E_NOT_FOUND, "%s: a program that is not there is an error", name);
  children_gone(name);
  lane_close(&l);
}

static void not_dumpable(void) {
  lane l;
  struct canary c;
  jailer_proc proc;
  jailer_error err;
  lane_open(&l);
  prctl(PR_SET_DUMPABLE, 0);
  if (as_root) {
    const char *why = lane_run(&l, &c);
    OK(!why && prctl(PR_GET_DUMPABLE) == 0, "a launcher that is not dumpable: launches, and stays so");
    if (why) printf("# %s\n", why);
  } else {
    jailer_code code = lane_spawn(&l, &proc, &err);
    OK(code == JAILER_E_DENIED && err.layer == JAILER_LAYER_USERNS && strstr(err.message, "dumpable"),
       "a launcher that is not dumpable: E_DENIED, and the message says so");
    if (code) printf("# %s\n", err.message);
    if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  }
  prctl(PR_SET_DUMPABLE, 1);
  lane_close(&l);
}

static void masks(void) {
  sigset_t set, now, old;
  lane l;
  struct canary c;
  struct sigaction ignore, old_int, old_pipe;
  lane_open(&l);
  for (int round = 0; round < 2; round++) {
    sigemptyset(&set);
    if (round == 0) sigfillset(&set);
    if (round == 1) sigaddset(&set, SIGCHLD);
    pthread_sigmask(SIG_SETMASK, &set, &old);
    sigprocmask(SIG_BLOCK, NULL, &set); /* as it is: some cannot be blocked */
    const char *why = lane_run(&l, &c);
    pthread_sigmask(SIG_SETMASK, &old, &now);
    OK(!why && !memcmp(&now, &set, 8), "%s blocked: launches, none blocked inside, the mask is put back",
       round == 0 ? "everything" : "SIGCHLD");
    if (why) printf("# %s\n", why);
  }
  memset(&ignore, 0, sizeof ignore);
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGINT, &ignore, &old_int);
  sigaction(SIGPIPE, &ignore, &old_pipe);
  const char *why = lane_run(&l, &c);
  OK(!why && c.ignored == 0, "signals that the launcher ignores are not ignored inside");
  if (why) printf("# %s\n", why);
  sigaction(SIGINT, &old_int, NULL);
  sigaction(SIGPIPE, &old_pipe, NULL);
  lane_close(&l);
}

static void environments(void) {
  extern char **environ;
  char **before = environ;
  enum { BIG = 2 << 20, ROW = 100000 };
  lane l;
  struct canary c;
  lane_open(&l);
  char *huge = malloc(BIG + 16), *row[3];
  memset(huge, 'x', BIG + 15);
  memcpy(huge, "HUGE=", 5);
  huge[BIG + 15] = 0;
  row[0] = huge;
  row[1] = NULL;
  environ = row;
  const char *why = lane_run(&l, &c);
  environ = before;
  OK(!why && c.environment == 1, "a launcher with 2 MiB of environment: nothing of it inside");
  if (why) printf("# %s\n", why);
  environ = row + 1;
  why = lane_run(&l, &c);
  environ = before;
  OK(!why && c.environment == 1, "a launcher without HOME and with no environment at all");
  if (why) printf("# %s\n", why);

  const char *many_rows[41];
  char *text[40];
  for (int i = 0; i < 40; i++) {
    many_rows[i] = text[i] = malloc(ROW + 1);
    memset(text[i], 'y', ROW);
    text[i][snprintf(text[i], 16, "N%d", i)] = '=';
    text[i][ROW] = 0;
  }
  many_rows[40] = NULL;
  l.env = many_rows;
  jailer_proc proc;
  jailer_error err;
  jailer_code code = lane_spawn(&l, &proc, &err);
  OK(code == JAILER_E_EXEC && err.sys_errno == E2BIG, "a configured environment larger than the kernel takes: E_EXEC, E2BIG");
  if (code == JAILER_OK) jailer_wait(&proc, -1, NULL, NULL);
  many_rows[10] = NULL; /* 1 MB */
  why = lane_run(&l, &c);
  OK(!why && c.environment == 11, "one of a megabyte, with PATH added");
  if (why) printf("# %s\n", why);
  for (int i = 0; i < 40; i++) free(text[i]);
  free(huge);
  lane_close(&l);
}

/* Signals rain on the launcher: its handler runs in it, never in a child, and disturbs no launch. */
static void signal_storm(void) {
  struct sigaction catch, old;
  struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
  lane l;
  struct canary c;
  memset(&catch, 0, sizeof catch);
  catch.sa_handler = handler;
  sigaction(SIGUSR1, &catch, &old);
  sigaction(SIGALRM, &catch, NULL);
  lane_open(&l);
  in_child_handler = 0;
  handled = 0;
  const pid_t parent = getpid(), sender = fork();
  if (sender == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
      kill(parent, SIGUSR1);
      for (volatile int i = 0; i < 2000; i++) {}
    }
    _exit(0);
  }
  setitimer(ITIMER_REAL, &often, NULL);
  const char *why = NULL;
  for (int i = 0; i < 60 && !why; i++) why = lane_run(&l, &c);
  setitimer(ITIMER_REAL, &never, NULL);
  kill(sender, SIGKILL);
  while (waitpid(sender, NULL, 0) < 0 && errno == EINTR) {} /* its last signals may arrive here */
  OK(!why && handled > 60 && in_child_handler == 0, "a storm of signals: handlers run in the launcher and never in a child");
  printf("# %ld signals handled%s%s\n", handled, why ? ", " : "", why ? why : "");
  sigaction(SIGUSR1, &old, NULL);
  signal(SIGALRM, SIG_DFL);
  lane_close(&l);
}

/* --- the parent-death signal belongs to the launching thread --- */

static lane sleeper;
static jailer_proc sleeping;
static jailer_code sleeping_code;

static void *launch_and_end(void *unused) {
  jailer_error err;
  (void)unused;
  sleeping_code = lane_spawn(&sleeper, &sleeping, &err);
  if (sleeping_code) printf("# %s\n", err.message);
  return NULL;
}

static void thread_ends(bool outlive) {
  pthread_t thread;
  jailer_status status;
  jailer_error err;
  lane_open(&sleeper);
  sleeper.sleeps = true;
  sleeper.outlive = outlive;
  pthread_create(&thread, NULL, launch_and_end, NULL);
  pthread_join(thread, NULL);
  jailer_code code = sleeping_code ? sleeping_code : jailer_wait(&sleeping, outlive ? 200 : 10000, &status, &err);
  if (!outlive) {
    OK(code == JAILER_OK && !status.exited && status.signal == SIGKILL, "the target ends with the thread that launched it");
  } else {
    OK(code == JAILER_E_TIMEOUT, "with outlive_launcher it does not");
    if (sleeping_code == JAILER_OK && jailer_kill(&sleeping, SIGKILL, NULL) == JAILER_OK) jailer_wait(&sleeping, -1, NULL, NULL);
  }
  lane_close(&sleeper);
}

/* --- jailer_kill beside jailer_wait and jailer_release --- */

enum { KILLERS = 3, NO_SIGNAL = -1 };

/* The launcher is alone in its process group but for a bystander: whatever goes astray goes there. */
static struct {
  jailer_proc proc;
  int round, over, idle;       /* atomic: the launch, whether the killers are to stop, how many have */
  int signals[KILLERS];        /* of this round; NO_SIGNAL: that thread does nothing */
  bool released;               /* the handle may hold nothing: E_INVALID is right */
  long sent, refused;          /* atomic */
  int code;                    /* atomic: of the first that was refused */
} K;

static volatile long strays;

static void stray(int signal) {
  (void)signal;
  strays++;
}

static void *kills(void *which) {
  const int i = *(const int *)which;
  for (int round = 1;; round++) {
    int now;
    while ((now = __atomic_load_n(&K.round, __ATOMIC_ACQUIRE)) != round && now >= 0) sched_yield();
    if (now < 0) return NULL;
    for (int after = 0; after < 4 && K.signals[i] != NO_SIGNAL;) { /* and a few more when it is over */
      jailer_error err;
      jailer_code code = jailer_kill(&K.proc, K.signals[i], &err);
      __atomic_fetch_add(&K.sent, 1, __ATOMIC_RELAXED);
      if (code && !(K.released && code == JAILER_E_INVALID)) {
        __atomic_store_n(&K.code, (int)code, __ATOMIC_RELAXED);
        __atomic_fetch_add(&K.refused, 1, __ATOMIC_RELAXED);
      }
      if (K.signals[i] == SIGKILL) usleep(200); /* not before the others had their turn */
      else sched_yield();
      after += __atomic_load_n(&K.over, __ATOMIC_ACQUIRE);
    }
    __atomic_fetch_add(&K.idle, 1, __ATOMIC_ACQ_REL);
  }
}

/* NULL, or what is wrong with one launch that is waited for, or let go of, while the killers are at it. */
static const char *killed_beside(const lane *l, const int *signals, bool release) {
  static char why[900];
  jailer_error err;
  jailer_status status;
  siginfo_t info;
  K.released = release;
  memcpy(K.signals, signals, sizeof K.signals);
  __atomic_store_n(&K.over, 0, __ATOMIC_RELAXED);
  __atomic_store_n(&K.idle, 0, __ATOMIC_RELAXED);
  jailer_code code = lane_spawn(l, &K.proc, &err);
  if (code) return snprintf(why, sizeof why, "%s: %s", jailer_code_name(code), err.message), why;
  const int own = release ? fcntl(K.proc.pidfd, F_DUPFD_CLOEXEC, 3) : -1;
  __atomic_fetch_add(&K.round, 1, __ATOMIC_RELEASE);
  if (release) usleep(100), jailer_release(&K.proc);
  else code = jailer_wait(&K.proc, 20000, &status, &err);
  __atomic_store_n(&K.over, 1, __ATOMIC_RELEASE);
  while (__atomic_load_n(&K.idle, __ATOMIC_ACQUIRE) < KILLERS) sched_yield();
  canary_drain(l->read_fd);
  if (release) {
    syscall(SYS_pidfd_send_signal, own, SIGKILL, NULL, 0);
    if (own < 0 || waitid((idtype_t)3, (id_t)own, &info, WEXITED | __WALL)) return "what was released is no child";
    close(own);
    if (jailer_kill(&K.proc, SIGTERM, &err) != JAILER_E_INVALID || jailer_kill(&K.proc, 0, &err) != JAILER_E_INVALID)
      return "after jailer_release a signal is not E_INVALID";
    return NULL;
  }
  if (code) return snprintf(why, sizeof why, "wait: %s: %s", jailer_code_name(code), err.message), why;
  if (status.exited ? status.exit_code != 0 : status.signal != SIGTERM && status.signal != SIGKILL)
    return snprintf(why, sizeof why, "exited %d code %d signal %d", status.exited, status.exit_code, status.signal), why;
  if (jailer_kill(&K.proc, SIGKILL, &err) || jailer_kill(&K.proc, 0, &err)) return "after the end a signal is an error";
  return NULL;
}

static void kill_storm(int launches) {
  static const int mixes[4][KILLERS] = {
      {0, SIGTERM, SIGTERM}, {SIGTERM, SIGTERM, SIGKILL}, {0, SIGTERM, NO_SIGNAL}, {0, SIGKILL, SIGKILL}};
  const int numbers[KILLERS] = {0, 1, 2};
  pthread_t thread[KILLERS];
  struct sigaction count, old;
  lane l;
  int status = 0;
  const char *why = NULL;
  const pid_t group = getpgrp();
  memset(&count, 0, sizeof count);
  count.sa_handler = stray;
  sigaction(SIGTERM, &count, &old);
  fflush(stdout);
  setpgid(0, 0);
  const pid_t parent = getpid(), bystander = fork();
  if (bystander == 0) {
    signal(SIGTERM, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) pause();
    _exit(0);
  }
  lane_open(&l);
  for (int i = 0; i < KILLERS; i++) pthread_create(&thread[i], NULL, kills, (void *)(uintptr_t)&numbers[i]);
  int i = 0;
  for (; i < launches && !why; i++) {
    char pause[16];
    snprintf(pause, sizeof pause, "%d", i * 37 % 1500); /* microseconds: the end comes at another moment each time */
    l.block = pause;
    why = killed_beside(&l, mixes[i % 4], i % 8 == 6);
  }
  __atomic_store_n(&K.round, -1, __ATOMIC_RELEASE);
  for (int k = 0; k < KILLERS; k++) pthread_join(thread[k], NULL);
  const bool lives = bystander > 0 && waitpid(bystander, &status, WNOHANG) == 0;
  OK(!why && K.refused == 0 && i == launches && K.sent > launches, "%d launches, each killed by %d threads while another waits or lets go: no error",
     launches, KILLERS);
  if (why || K.refused) printf("# launch %d: %s; %ld of %ld signals refused: %s\n", i, why ? why : "", K.refused, K.sent, jailer_code_name((jailer_code)K.code));
  OK(lives && strays == 0, "and none of these signals reaches the launcher's own process group");
  printf("# %ld signals, %ld astray\n", K.sent, (long)strays);
  if (bystander > 0) kill(bystander, SIGKILL), waitpid(bystander, NULL, 0);
  setpgid(0, group);
  sigaction(SIGTERM, &old, NULL);
  lane_close(&l);
}

/* --- root: an attacker with the target's uid --- */

static char secret[32] = "not the secret yet";

static void attacker(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (setresgid(ATTACKED_UID, ATTACKED_UID, ATTACKED_UID) || setresuid(ATTACKED_UID, ATTACKED_UID, ATTACKED_UID)) _exit(1);
  while (!X->stop) {
    const int pid = X->pid;
    static const char told[] = "the launcher's secret";
    char path[48], bytes[sizeof secret];
    if (!pid) continue;
    struct iovec to = {bytes, sizeof bytes}, from = {secret, sizeof bytes};
    X->tries++;
    memset(bytes, 0, sizeof bytes);
    if (process_vm_readv(pid, &to, 1, &from, 1, 0) == (ssize_t)sizeof bytes && !memcmp(bytes, told, sizeof told)) X->reads++;
    snprintf(path, sizeof path, "/proc/%d/mem", pid);
    int mem = open(path, O_RDWR | O_CLOEXEC);
    if (mem >= 0) {
      memset(bytes, 0, sizeof bytes);
      if (pread(mem, bytes, sizeof bytes, (off_t)(uintptr_t)secret) > 0 && !memcmp(bytes, told, sizeof told)) X->reads++;
      close(mem);
    }
    if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) == 0) {
      X->attaches++;
      errno = 0;
      memset(bytes, 0, sizeof bytes);
      for (size_t i = 0; i < sizeof bytes; i += sizeof(long)) {
        long word = ptrace(PTRACE_PEEKDATA, pid, secret + i, NULL);
        memcpy(bytes + i, &word, sizeof word);
      }
      if (!memcmp(bytes, told, sizeof told)) X->reads++;
      ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
      waitpid(pid, NULL, __WALL);
      ptrace(PTRACE_DETACH, pid, NULL, NULL);
    }
  }
  _exit(0);
}

static void attacked(bool userns) {
  lane l;
  struct canary c;
  const char *why = NULL;
  X->stop = X->pid = 0;
  X->tries = X->reads = X->attaches = 0;
  X->no_userns = !userns;
  lane_open(&l);
  l.uid = ATTACKED_UID;
  if (!userns) l.may_degrade = JAILER_BIT(JAILER_LAYER_USERNS);
  const pid_t child = fork();
  if (child == 0) attacker();
  memcpy(secret, "the launcher's secret", 22); /* after the fork: the attacker has no copy */
  X->watching = 1;
  for (int i = 0; i < 150 && !why; i++) {
    X->pid = 0;
    why = lane_run(&l, &c);
  }
  X->watching = 0;
  X->stop = 1;
  kill(child, SIGKILL);
  waitpid(child, NULL, 0);
  OK(!why && X->tries > 100 && X->reads == 0 && (!userns || X->attaches == 0),
     "%s: a process of the target's uid never reads the launcher's memory%s", userns ? "as root" : "as root without a user namespace",
     userns ? " nor traces a child" : "");
  printf("# %ld tries, %ld attached%s%s\n", X->tries, X->attaches, why ? ", " : "", why ? why : "");
  OK(prctl(PR_GET_DUMPABLE) == 1, "and the launcher is dumpable again");
  lane_close(&l);
}

int main(void) {
  char here;
  canary_launcher_stack = &here;
  launcher_pid = getpid();
  as_root = geteuid() == 0;
  canary_setup();
  X = mmap(NULL, sizeof *X, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (X == MAP_FAILED) canary_bail("mmap");
  prctl(PR_SET_DUMPABLE, 1);

  many("8 threads", false, EACH);
  many("8 threads beside threads that fork, execute and allocate", true, EACH / 5);
  shared_plan();
  own_descriptors();
  without_status("SIGCHLD ignored", SIG_IGN, 0);
  without_status("SA_NOCLDWAIT", SIG_DFL, SA_NOCLDWAIT);
  without_status("a handler that reaps every child", reaper, SA_RESTART | SA_NOCLDSTOP);
  not_dumpable();
  masks();
  environments();
  signal_storm();
  thread_ends(false);
  thread_ends(true);
  kill_storm(CANARY_PLAIN ? 400 : 120);
  if (as_root) {
    attacked(true);
    attacked(false);
  }
  children_gone("at the end");
  canary_remove(canary_scratch);
  return tap_done();
}
