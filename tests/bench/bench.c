/* bench.c: what a launch costs, beside its peers in the same run. Prints NAME VALUE lines.
 *
 * Absolute times are noisy, so every ratio comes from rounds in which both sides take turns; a figure is the median of
 * the rounds. As root the launch figures are taken twice: as an ordinary user (the names that count) and as root
 * (NAME.root). A peer that is not installed is left out, and a comment on stderr says so. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The hook measures the child's stack in one launch and is out of the way in all others. */
static int watch_stack;
static unsigned long stack_base, stack_size, stack_used;
static _Bool bench_hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK bench_hook
#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "../bpf_run.h"
#include "measure.h"

static _Bool bench_hook(long nr, const long args[6], long *result) {
  (void)result;
  if (!watch_stack) return 0;
  if (nr == SYS_clone3) {
    const unsigned long long *clone = (const unsigned long long *)args[0];
    stack_base = (unsigned long)clone[5];
    stack_size = (unsigned long)clone[6];
  } else if (nr == SYS_execve && stack_base) {
    const unsigned char *p = (const unsigned char *)stack_base;
    while (!*p) p++;
    stack_used = stack_base + stack_size - (unsigned long)p;
  }
  return 0;
}

enum { ROUNDS = 9, PER_ROUND = 40, MAX_GRANTS = 64 };

/* JAILER_BENCH_ROUNDS=n, 1 to 9, each of four launches: a short run that shows that every figure
   can be taken; its values are not to be judged. */
static int rounds = ROUNDS, per_round = PER_ROUND;

static char noop[4096], floor_program[4096], scratch[64], grant_path[MAX_GRANTS][96];
static const char *suffix = "";
extern char **environ;

static void report(double value, const char *format, ...) {
  va_list list;
  va_start(list, format);
  vprintf(format, list);
  va_end(list);
  printf("%s %.3f\n", suffix, value);
  fflush(stdout);
}

static void die(const char *what, const jailer_error *err) {
  char text[1200] = "";
  if (err) jailer_error_text(err, text, sizeof text);
  fprintf(stderr, "bench: %s: %s\n", what, err ? text : strerror(errno));
  exit(1);
}

/* --- the sides: each answers the median microseconds of PER_ROUND launches of the no-op --- */

static double spawn_argv(const char *const *argv) {
  double times[PER_ROUND];
  for (int i = 0; i < per_round; i++) {
    pid_t pid;
    int status;
    double start = now_us();
    if (posix_spawn(&pid, argv[0], NULL, NULL, (char *const *)(size_t)argv, environ) || waitpid(pid, &status, 0) < 0)
      return -1;
    times[i] = now_us() - start;
    if (status) return -1;
  }
  return median(times, per_round);
}

/* floor.c takes its own times, in the same kind of loop. */
static double floor_us(int grants, int net) {
  char command[9000];
  double spawn, jail, ratio;
  snprintf(command, sizeof command, "'%s' %d %d %d '%s'", floor_program, per_round, grants, net, noop);
  FILE *pipe = popen(command, "r");
  if (!pipe) return -1;
  int got = fscanf(pipe, "spawn_us %lf jail_us %lf ratio %lf", &spawn, &jail, &ratio);
  return pclose(pipe) == 0 && got == 3 ? jail : -1;
}

static const char *find_program(const char *name) {
  static char path[4096];
  static const char *const dirs[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"};
  for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
    snprintf(path, sizeof path, "%s/%s", dirs[i], name);
    if (access(path, X_OK) == 0) return path;
  }
  return NULL;
}

/* bubblewrap with the same grants and namespaces, its target PID 1 like ours, without Landlock or seccomp. */
static double bwrap_us(const char *bwrap, int grants, int net) {
  const char *argv[MAX_GRANTS * 3 + 40];
  int n = 0;
  const char *fixed[] = {bwrap, "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup",
                         "--as-pid-1", "--die-with-parent", "--new-session", "--clearenv", "--hostname", "jail",
                         "--ro-bind", "/usr", "/usr", "--ro-bind", noop, noop, "--proc", "/proc", "--dev", "/dev"};
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) argv[n++] = fixed[i];
  if (net) argv[n++] = "--unshare-net";
  for (int i = 0; i < grants - 2; i++) {
    argv[n++] = "--ro-bind";
    argv[n++] = grant_path[i];
    argv[n++] = grant_path[i];
  }
  argv[n++] = "--";
  argv[n++] = noop;
  argv[n] = NULL;
  return spawn_argv(argv);
}

static jailer_plan *make_plan(int grants, int net) {
  static jailer_grant list[MAX_GRANTS];
  const char *argv[] = {noop, NULL};
  jailer_config config;
  jailer_plan *plan;
  jailer_error err;
  memset(list, 0, sizeof list);
  for (int i = 0; i < grants - 2; i++) list[i].path = grant_path[i];
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = list;
  config.grant_count = (size_t)(grants - 2);
  config.allow_network = !net;
  if (jailer_plan_new(&config, NULL, &plan, &err)) die("plan", &err);
  return plan;
}

/* One launch and its end. */
static double launch_once(const jailer_plan *plan) {
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  double start = now_us();
  if (jailer_spawn(plan, &proc, &err) || jailer_wait(&proc, -1, &status, &err)) die("launch", &err);
  double end = now_us();
  if (!status.exited || status.exit_code) die("the no-op failed", NULL);
  return end - start;
}

static double jail_us(const jailer_plan *plan) {
  double times[PER_ROUND];
  for (int i = 0; i < per_round; i++) times[i] = launch_once(plan);
  return median(times, per_round);
}

/* A plan made for each launch, as a program that launches once pays it. */
static double jail_with_plan_us(int grants, int net) {
  double times[PER_ROUND];
  for (int i = 0; i < per_round; i++) {
    double start = now_us();
    jailer_plan *plan = make_plan(grants, net);
    launch_once(plan);
    jailer_plan_free(plan);
    times[i] = now_us() - start;
  }
  return median(times, per_round);
}

/* --- the figures --- */

static void bench_launch(const char *name, int grants, int net) {
  const char *bwrap = find_program("bwrap"), *plain[] = {noop, NULL};
  char bwrap_path[4096] = "";
  double jail[ROUNDS], to_floor[ROUNDS], to_bwrap[ROUNDS], to_spawn[ROUNDS], planned[ROUNDS],
      planned_to_bwrap[ROUNDS];
  int peers = bwrap != NULL;
  jailer_plan *plan = make_plan(grants, net);
  if (bwrap) snprintf(bwrap_path, sizeof bwrap_path, "%s", bwrap);
  for (int i = 0; i < rounds; i++) {
    double before = jail_us(plan), floor = floor_us(grants, net), after = jail_us(plan);
    if (floor < 0) die("floor", NULL);
    jail[i] = (before + after) / 2;
    to_floor[i] = jail[i] / floor;
    double with_plan = jail_with_plan_us(grants, net);
    planned[i] = with_plan / floor;
    to_spawn[i] = jail[i] / spawn_argv(plain);
    double other = peers ? bwrap_us(bwrap_path, grants, net) : -1;
    if (other < 0) peers = 0;
    to_bwrap[i] = jail[i] / other;
    planned_to_bwrap[i] = with_plan / other;
  }
  jailer_plan_free(plan);
  report(median(jail, rounds), "%s.us", name);
  report(median(to_floor, rounds), "%s.vs_floor", name);
  report(median(planned, rounds), "%s.with_plan.vs_floor", name);
  report(median(to_spawn, rounds), "%s.vs_posix_spawn", name);
  if (peers) {
    report(median(to_bwrap, rounds), "%s.vs_bwrap", name);
    report(median(planned_to_bwrap, rounds), "%s.with_plan.vs_bwrap", name);
  } else {
    fprintf(stderr, "bench: bwrap is not installed or cannot run here\n");
  }
}

/* With 4 GiB resident (256 MiB in a run of one or two rounds): the pages are touched, and the two sides take turns by mapping and unmapping them. */
static void bench_rss(void) {
  const int times = rounds < 3 ? 1 : 3;
  const size_t size = rounds < 3 ? (size_t)1 << 28 : (size_t)4 << 30;
  double ratio[3];
  jailer_plan *plan = make_plan(2, 0);
  for (int i = 0; i < times; i++) {
    double small = jail_us(plan);
    char *big = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (big == MAP_FAILED) die("4 GiB", NULL);
    ratio[i] = jail_us(plan) / small;
    munmap(big, size);
  }
  jailer_plan_free(plan);
  report(median(ratio, times), "launch.rss4g.vs_small");
}

static void bench_init(void) {
  const char *argv[] = {noop, NULL};
  jailer_config config;
  jailer_plan *with, *without = make_plan(2, 0);
  jailer_error err;
  double ratio[ROUNDS];
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.allow_network = true;
  config.with_init = true;
  if (jailer_plan_new(&config, NULL, &with, &err)) die("plan", &err);
  for (int i = 0; i < rounds; i++) ratio[i] = jail_us(with) / jail_us(without);
  jailer_plan_free(with);
  jailer_plan_free(without);
  report(median(ratio, rounds), "launch.init.vs_without");
}

/* The pure part of planning, with facts made up instead of surveyed. */
static double plan_us_per_grant(int count) {
  static jailer_limits limits;
  jailer_plan plan;
  jailer_config config;
  jailer_error err;
  const char *argv[] = {"/bin/true", NULL};
  jailer_grant *grants = calloc((size_t)count, sizeof *grants);
  char(*paths)[48] = calloc((size_t)count, sizeof *paths);
  if (!grants || !paths) die("memory", NULL);
  for (int i = 0; i < count; i++) {
    snprintf(paths[i], sizeof paths[i], "/srv/data/%02d/%02d/grant-%d", i * 7 % 100, i * 13 % 100, i);
    grants[i].path = paths[i];
    grants[i].access = i % 3 == 0 ? JAILER_WRITE : JAILER_READ;
  }
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.grants = grants;
  config.grant_count = (size_t)count;
  memset(&plan, 0, sizeof plan);
  if (jailer_probe(&plan.host, &err)) die("probe", &err);
  double start = now_us();
  if (jl_plan_config(&plan, &config, &err) || jl_plan_wants(&plan, &config, 1, &err)) die("plan", &err);
  for (size_t i = 0; i < plan.source_count; i++) {
    jl_source *s = &plan.sources[i];
    s->exists = true;
    s->resolved = s->path;
    s->st.dev = 1;
    s->st.ino = i + 1;
    s->st.mode = s->access == JAILER_DEVICE ? JL_S_IFCHR | 0666 : JL_S_IFDIR | 0755;
  }
  if (jl_plan_build(&plan, &limits, &err)) die("plan", &err);
  double took = now_us() - start;
  jl_arena_free(&plan.arena);
  free(paths);
  free(grants);
  return took / count;
}

static void bench_plan(void) {
  double small[ROUNDS], large[ROUNDS];
  for (int i = 0; i < rounds; i++) {
    double sum = 0;
    for (int k = 0; k < per_round / 2; k++) sum += plan_us_per_grant(100);
    small[i] = sum / (per_round / 2);
    large[i] = plan_us_per_grant(10000);
  }
  report(median(small, rounds), "plan.100.us_per_grant");
  report(median(large, rounds), "plan.10000.us_per_grant");
}

static void bench_qcow2(void) {
  const char *tool = find_program("qemu-img");
  char qemu[4096], command[9000], top[160];
  double ratio[ROUNDS], us[ROUNDS];
  if (!tool) {
    fprintf(stderr, "bench: qemu-img is not installed\n");
    return;
  }
  snprintf(qemu, sizeof qemu, "%s", tool);
  snprintf(command, sizeof command,
           "cd %s && '%s' create -q -f raw l0 1M && p=l0 f=raw && for i in 1 2 3 4 5 6 7; do '%s' create -q -f qcow2 -b $p -F $f "
           "l$i && p=l$i f=qcow2; done",
           scratch, qemu, qemu);
  if (system(command)) die("qemu-img create", NULL);
  snprintf(top, sizeof top, "%s/l7", scratch);
  const char *roots[] = {scratch}, *info[] = {"/bin/sh", "-c", command, NULL};
  jailer_chain_policy policy;
  memset(&policy, 0, sizeof policy);
  policy.trusted_roots = roots;
  policy.trusted_root_count = 1;
  snprintf(command, sizeof command, "exec '%s' info --backing-chain --output=json %s >/dev/null", qemu, top);
  for (int i = 0; i < rounds; i++) {
    jailer_error err;
    double times[PER_ROUND];
    for (int k = 0; k < per_round; k++) {
      jailer_chain *chain;
      double start = now_us();
      if (jailer_chain_walk(top, JAILER_FORMAT_QCOW2, &policy, &chain, &err)) die("walk", &err);
      times[k] = now_us() - start;
      jailer_chain_free(chain);
    }
    us[i] = median(times, per_round);
    ratio[i] = us[i] / spawn_argv(info);
  }
  report(median(us, rounds) / 8, "qcow2.layer.us");
  report(median(ratio, rounds), "qcow2.layer.vs_qemu_img");
  for (int i = 0; i < 8; i++) {
    snprintf(top, sizeof top, "%s/l%d", scratch, i);
    unlink(top);
  }
}

static void bench_stack(void) {
  jailer_plan *plan = make_plan(20, 1);
  watch_stack = 1;
  launch_once(plan);
  watch_stack = 0;
  jailer_plan_free(plan);
  report((double)stack_used, "child.stack_bytes");
}

/* --- filters --- */

enum { CALLS = 10000, CHUNKS = 21 };

static size_t launch_filter(jailer_insn *out) {
  jailer_policy *policy;
  jailer_error err;
  size_t len = 0;
  if (jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err) ||
      jailer_policy_compile(policy, NULL, 0, out, JAILER_FILTER_MAX, &len, &err))
    die("filter", &err);
  jailer_policy_free(policy);
  return len;
}

/* Instructions that the longest way to an allowed call takes, of those that are allowed whatever the arguments. */
static unsigned worst_steps(const jailer_insn *filter, size_t len) {
  const jl_arch arch = JL_X86_64 ? JL_ARCH_X86_64 : JL_ARCH_AARCH64;
  jailer_policy *policy;
  jailer_error err;
  unsigned worst = 0;
  if (jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err)) die("policy", &err);
  for (size_t i = 0; i < JL_TAB_CALLS; i++) {
    const jl_verdict *v = jl_policy_of(policy, i);
    bpf_run_data data = {jl_tab_calls[i].number[arch], jl_bpf_audit[arch], 0, {0}};
    unsigned steps;
    if (data.nr < 0 || v->count || v->otherwise != JAILER_ANSWER_ALLOW) continue;
    if (bpf_run(filter, len, &data, &steps) != JAILER_ANSWER_ALLOW) die("the filter refuses what it allows", NULL);
    if (steps > worst) worst = steps;
  }
  jailer_policy_free(policy);
  return worst;
}

/* Nanoseconds of one getppid in a child under a filter; len 0: under none. */
static double getppid_ns(const jailer_insn *filter, size_t len) {
  struct {
    unsigned short len;
    const jailer_insn *filter;
  } program = {(unsigned short)len, filter};
  int pipe_fd[2], status;
  double ns = -1;
  if (pipe(pipe_fd)) die("pipe", NULL);
  const pid_t pid = fork();
  if (pid < 0) die("fork", NULL);
  if (pid == 0) {
    double times[CHUNKS];
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || (len && syscall(SYS_seccomp, 1, 0, &program))) _exit(1);
    for (int i = 0; i < CHUNKS; i++) {
      const double start = now_us();
      for (int k = 0; k < CALLS; k++) syscall(SYS_getppid);
      times[i] = (now_us() - start) * 1e3 / CALLS;
    }
    ns = median(times, CHUNKS);
    _exit(write(pipe_fd[1], &ns, sizeof ns) != (ssize_t)sizeof ns);
  }
  close(pipe_fd[1]);
  const ssize_t got = read(pipe_fd[0], &ns, sizeof ns);
  close(pipe_fd[0]);
  if (waitpid(pid, &status, 0) < 0 || status || got != (ssize_t)sizeof ns) die("a child under a filter", NULL);
  return ns;
}

static void bench_filter(const char *peer) {
  static jailer_insn filter[JAILER_FILTER_MAX];
  const jailer_insn allow = {6, 0, 0, JAILER_ANSWER_ALLOW};
  const size_t len = launch_filter(filter);
  double to_allow[ROUNDS], to_none[ROUNDS];
  char command[4200];
  report(worst_steps(filter, len), "bpf.launch.worst_steps");
  report((double)len, "bpf.launch.len");
  for (int i = 0; i < rounds; i++) {
    const double before = getppid_ns(filter, len), none = getppid_ns(NULL, 0), one = getppid_ns(&allow, 1),
                 after = getppid_ns(filter, len);
    to_allow[i] = (before + after) / 2 / one;
    to_none[i] = (before + after) / 2 / none;
  }
  report(median(to_allow, rounds), "seccomp.getppid.vs_none");
  report(median(to_none, rounds), "seccomp.getppid.vs_unfiltered");
  snprintf(command, sizeof command, "exec '%s' %d", peer, 11 * rounds);
  if (system(command)) die("seccomp_peer", NULL);
}

/* What a launch with 20 grants spends on its Landlock ruleset: made, filled, thrown away. */
static void bench_landlock(void) {
  jailer_plan *plan = make_plan(20, 1);
  jl_launch launch;
  jailer_error err;
  double us[ROUNDS];
  for (int i = 0; i < rounds; i++) {
    const double began = now_us();
    for (int n = 0; n < per_round; n++) {
      memset(&launch, 0, sizeof launch);
      launch.plan = plan;
      launch.layers = JAILER_BIT(JAILER_LAYER_LANDLOCK);
      if (jl_parent_ruleset(&launch, &err)) die("a ruleset", &err);
      close(launch.ruleset_fd);
    }
    us[i] = (now_us() - began) / per_round;
  }
  report(median(us, rounds), "landlock.ruleset_us");
  jailer_plan_free(plan);
}

static void make_grants(void) {
  snprintf(scratch, sizeof scratch, "/tmp/jailer-bench.XXXXXX");
  if (!mkdtemp(scratch) || chmod(scratch, 0755)) die("scratch", NULL);
  for (int i = 0; i < 18; i++) {
    snprintf(grant_path[i], sizeof grant_path[i], "%s/%d", scratch, i);
    if (mkdir(grant_path[i], 0755)) die(grant_path[i], NULL);
  }
}

static void remove_grants(void) {
  for (int i = 0; i < 18; i++) rmdir(grant_path[i]);
  rmdir(scratch);
}

static void launches(void) {
  make_grants();
  bench_launch("launch.2grants", 2, 0);
  bench_launch("launch.20grants", 20, 0);
  bench_launch("launch.20grants.net", 20, 1);
  bench_init();
  bench_rss();
  bench_stack();
  remove_grants();
}

int main(void) {
  const char *build = getenv("JAILER_BUILD"), *few = getenv("JAILER_BENCH_ROUNDS");
  if (few && *few) {
    rounds = atoi(few);
    if (rounds < 1 || rounds > ROUNDS) die("JAILER_BENCH_ROUNDS is 1 to 9", NULL);
    per_round = PER_ROUND / 10;
  }
  char path[4096], peer[4096];
  snprintf(path, sizeof path, "%s/seccomp_peer", build ? build : "build");
  if (!realpath(path, peer)) die(path, NULL);
  snprintf(path, sizeof path, "%s/noop", build ? build : "build");
  if (!realpath(path, noop)) die(path, NULL);
  snprintf(path, sizeof path, "%s/floor", build ? build : "build");
  if (!realpath(path, floor_program)) die(path, NULL);
  pid_t pid = fork();
  if (pid == 0) { /* the figures that count: an ordinary user's */
    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(65534) || setuid(65534))) die("become an ordinary user", NULL);
    if (prctl(4, 1, 0, 0, 0)) die("dumpable", NULL);
    launches();
    exit(0);
  }
  int status;
  if (waitpid(pid, &status, 0) < 0 || status) return 1;
  if (geteuid() == 0) {
    suffix = ".root";
    launches();
    suffix = "";
  }
  make_grants();
  bench_plan();
  bench_qcow2();
  bench_landlock();
  remove_grants();
  bench_filter(peer);
  return 0;
}
