/* test_self.c: the running process confines itself (jailer_confine_self). Each row does it for real in a child of its own,
 * tries what has to be refused and what has to work, and reads the kernel's account. At the end every system call of it
 * fails in turn, and calls that lie about what they did are found out. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the hook does to the library's calls; set in a row's child. */
static struct {
  int armed;
  long calls, fail_at;        /* counted from 1; 0: none fails */
  int error;
  long failed;                /* the number of the call that failed; -1: none */
  long lie;                   /* this call answers 0 and is not made; -1: none */
  long lie_arg;               /* with this first argument; -1: any */
  const char *hidden;         /* openat and statx of what begins so answer ENOENT */
  int abi;                    /* of Landlock; 0: the kernel's */
  long refused, refused_arg;  /* this call answers EPERM; -1: none; with this first argument; -1: any */
} H = {.lie = -1, .refused = -1, .refused_arg = -1, .failed = -1};

/* Every allocation of the library: the fail_alloc-th fails. */
static long allocs, fail_alloc, live;
static void *row_realloc(void *p, size_t size) {
  if (H.armed && ++allocs == fail_alloc) return NULL;
  live += !p;
  return realloc(p, size);
}
static void row_free(void *p) {
  live -= p != NULL;
  free(p);
}

static bool hook(long nr, const long args[6], long *result);
#define JAILER_MALLOC(size) row_realloc(NULL, size)
#define JAILER_REALLOC(p, size) row_realloc(p, size)
#define JAILER_FREE(p) row_free(p)
#define JAILER_SYS_HOOK hook
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "tap.h"

static bool starts(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

static bool hook(long nr, const long args[6], long *result) {
  if (!H.armed) return false;
  H.calls++;
  if (H.hidden && (nr == SYS_openat || nr == SYS_statx || nr == SYS_readlinkat) && args[1] &&
      starts((const char *)args[1], H.hidden))
    return *result = -ENOENT, true;
  if (H.abi && nr == SYS_landlock_create_ruleset && args[2] == 1) return *result = H.abi, true;
  if (nr == H.refused && (H.refused_arg < 0 || args[0] == H.refused_arg)) return *result = -EPERM, true;
  if (nr == H.lie && (H.lie_arg < 0 || args[0] == H.lie_arg)) return *result = 0, true;
  if (H.calls != H.fail_at) return false;
  /* these have no way to fail */
  if (nr == SYS_clock_gettime || nr == SYS_getpid || nr == SYS_gettid || nr == SYS_geteuid || nr == SYS_getegid ||
      nr == SYS_rt_sigprocmask)
    return false;
  H.failed = nr;
  if (nr == SYS_close || nr == SYS_munmap) jl_sys_raw(nr, args[0], args[1], 0, 0, 0, 0); /* released whatever it says */
  return *result = -H.error, true;
}

/* --- children: a row's function runs in a fork; a line that gave up is told through shared memory ------------------ */

static volatile struct {
  int line;
  char text[1024];
} *said;

#define NEED(condition)                                                                                               \
  do {                                                                                                                 \
    if (!(condition)) said->line = __LINE__, syscall(SYS_exit_group, 1);                                               \
  } while (0)

static void close_others(void) {
  for (int fd = 3; fd < 1024; fd++) close(fd);
}

static int in_child(void (*row)(void)) {
  int status = 0;
  said->line = 0;
  said->text[0] = 0;
  fflush(stdout);
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(60);
    close_others();
    row();
    syscall(SYS_exit_group, 0);
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

static void tell(const char *what, int status) {
  printf("# %s: status %#x, line %d, %s\n", what, (unsigned)status, said->line, (const char *)(uintptr_t)said->text);
}

static void row(void (*fn)(void), const char *what) {
  const int status = in_child(fn);
  if (!OK(status == 0, "%s", what)) tell(what, status);
}

/* The role refuses by ending the process. */
static void row_killed(void (*fn)(void), const char *what) {
  const int status = in_child(fn);
  if (!OK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s", what)) tell(what, status);
}

/* --- the world: a directory with what rows need -------------------------------------------------------------------- */

static char top[] = "/tmp/jailer-self.XXXXXX";
static char probe[512];
static bool as_root;
static jailer_host host;

static const char *in_top(const char *name) {
  static char paths[16][256];
  static unsigned next;
  char *path = paths[next++ % 16];
  snprintf(path, sizeof paths[0], "%s/%s", top, name);
  return path;
}

static void put(const char *name, const char *text) {
  int fd = open(in_top(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) perror(name), exit(1);
  close(fd);
}

static void world(void) {
  const char *build = getenv("JAILER_BUILD");
  char link[256];
  jailer_error err;
  if (!mkdtemp(top) || chmod(top, 0755)) perror(top), exit(1);
  static const char *const dirs[] = {"ro", "rw", "rw/below", "exec", "outside"};
  for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) mkdir(in_top(dirs[i]), 0755);
  put("ro/file", "ro\n");
  put("rw/file", "rw\n");
  put("outside/file", "outside\n");
  if (symlink("ro", strcpy(link, in_top("link")))) perror(link), exit(1);
  snprintf(probe, sizeof probe, "%s/probe_inside", build && *build ? build : "build");
  if (!realpath(probe, link)) perror(probe), exit(1);
  snprintf(probe, sizeof probe, "%s", link);
  as_root = geteuid() == 0;
  if (jailer_probe(&host, &err)) printf("# %s\n", err.message), exit(1);
  said = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void world_end(void) {
  char line[600];
  snprintf(line, sizeof line, "rm -rf '%s'", top);
  if (system(line)) printf("# %s\n", line);
}

static long try_open(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC, 0644);
  if (fd >= 0) close(fd);
  return fd < 0 ? -errno : 0;
}

/* --- the usual call: role launch, because with it a row can go on and look ------------------------------------------ */

static jailer_grant grants_of[4];
static jailer_fd fds_of[8];
static jailer_report report;
static jailer_error failure;

static jailer_config usual(void) {
  jailer_config config = {.role = JAILER_ROLE_LAUNCH, .grants = grants_of, .grant_count = 3, .fds = fds_of};
  grants_of[0] = (jailer_grant){.path = in_top("ro")};
  grants_of[1] = (jailer_grant){.path = in_top("rw"), .access = JAILER_WRITE};
  grants_of[2] = (jailer_grant){.path = "/proc"};
  return config;
}

static jailer_code confine(const jailer_config *config) {
  H.armed = 1;
  const jailer_code code = jailer_confine_self(config, &report, &failure);
  H.armed = 0;
  if (code) jailer_error_text(&failure, (char *)(uintptr_t)said->text, sizeof said->text);
  return code;
}

static bool applied(jailer_layer layer) { return report.layer[layer].state == JAILER_APPLIED && report.layer[layer].verified; }

/* "Key:" of /proc/self/task/TID/status as text after the colon; needs /proc. */
static bool status_is(const char *task, const char *key, const char *value) {
  char path[64], line[256];
  bool is = false;
  snprintf(path, sizeof path, "/proc/%s/status", task);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f))
    if (starts(line, key)) line[strcspn(line, "\n")] = 0, is = !strcmp(line + strlen(key), value);
  if (f) fclose(f);
  return is;
}

/* Everything that the usual call has to leave behind, asked of the kernel. */
static int what_lacks(void) {
  struct rlimit limit;
  if (try_open(in_top("ro/file"), O_RDONLY)) return __LINE__;
  if (try_open(in_top("rw/file"), O_RDWR) || try_open(in_top("rw/new"), O_WRONLY | O_CREAT)) return __LINE__;
  if (try_open(in_top("outside/file"), O_RDONLY) != -EACCES) return __LINE__;
  if (try_open(in_top("ro/file"), O_RDWR) != -EACCES) return __LINE__;
  if (try_open("/", O_RDONLY | O_DIRECTORY) != -EACCES) return __LINE__;
  if (!status_is("thread-self", "Seccomp:", "\t2") || !status_is("thread-self", "NoNewPrivs:", "\t1")) return __LINE__;
  static const char *const sets[] = {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"};
  for (int i = 0; i < 4; i++)
    if (!status_is("thread-self", sets[i], "\t0000000000000000")) return __LINE__;
  if (as_root && !status_is("thread-self", "CapBnd:", "\t0000000000000000")) return __LINE__;
  if (getrlimit(RLIMIT_CORE, &limit) || limit.rlim_cur > 1 || limit.rlim_max > 1) return __LINE__;
  if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_max > 1024) return __LINE__;
  if (socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EAFNOSUPPORT) return __LINE__;
  return 0;
}

static int open_fds(void) {
  int n = 0;
  for (int fd = 0; fd < 1024; fd++) n += fcntl(fd, F_GETFD) >= 0;
  return n;
}

/* --- rows: what is in force ----------------------------------------------------------------------------------------- */

static void everything(void) {
  jailer_config config = usual();
  const int before = open_fds();
  NEED(confine(&config) == JAILER_OK);
  NEED(what_lacks() == 0);
  NEED(open_fds() == before);
  NEED(report.engine == JAILER_ENGINE_SELF && report.pid == getpid() && report.landlock_abi == host.landlock_abi);
  NEED(report.uid == geteuid() && report.error.code == JAILER_OK);
  static const jailer_layer own[] = {JAILER_LAYER_FDS,  JAILER_LAYER_RLIMITS,  JAILER_LAYER_CAPS,
                                     JAILER_LAYER_NNP,  JAILER_LAYER_LANDLOCK, JAILER_LAYER_SECCOMP};
  int n = 0;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) n += report.layer[i].state != JAILER_NOT_REQUESTED;
  NEED(n == 6);
  for (int i = 0; i < 6; i++) NEED(applied(own[i]));
  NEED(!strcmp(report.layer[JAILER_LAYER_SECCOMP].detail, "policy launch"));
  NEED((strstr(report.layer[JAILER_LAYER_CAPS].detail, "bounding set") != NULL) == !as_root);
}

static void links_and_devices(void) {
  jailer_config config = usual();
  grants_of[0].path = in_top("link"); /* resolved when the plan is made */
  grants_of[1] = (jailer_grant){.path = "/dev/zero", .access = JAILER_DEVICE};
  grants_of[3] = (jailer_grant){.path = in_top("missing"), .optional = true};
  config.grant_count = 4;
  NEED(confine(&config) == JAILER_OK);
  NEED(try_open(in_top("ro/file"), O_RDONLY) == 0 && try_open(in_top("link/file"), O_RDONLY) == 0);
  NEED(try_open("/dev/zero", O_RDWR) == 0 && try_open("/dev/full", O_RDWR) == -EACCES);
  NEED(mkdir(in_top("rw/dir"), 0755) < 0 && errno == EACCES);
}

static int run_probe(const char *path) {
  int status = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    execl(path, path, "exit", "42", (char *)NULL);
    syscall(SYS_exit_group, errno == EACCES ? 13 : 14);
  }
  NEED(pid > 0 && waitpid(pid, &status, 0) == pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The one that is granted is executed, the copy that is writable is not, nor one that is only read. */
static void executes(void) {
  static char copy[1 << 20];
  static const char *const libraries[] = {"/usr", "/lib", "/lib64", "/bin"};
  jailer_grant grants[8] = {{0}};
  jailer_config config = usual();
  int from = open(probe, O_RDONLY | O_CLOEXEC);
  static const char *const to[] = {"ro/probe", "rw/probe", "exec/probe"};
  for (int i = 0; i < 3; i++) {
    int fd = open(in_top(to[i]), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    ssize_t n;
    lseek(from, 0, SEEK_SET);
    while ((n = read(from, copy, sizeof copy)) > 0) NEED(write(fd, copy, (size_t)n) == n);
    close(fd);
  }
  close(from);
  grants[0] = (jailer_grant){.path = in_top("ro")};
  grants[1] = (jailer_grant){.path = in_top("rw"), .access = JAILER_WRITE};
  grants[2] = (jailer_grant){.path = in_top("exec"), .access = JAILER_EXEC};
  for (int i = 0; i < 4; i++) grants[3 + i] = (jailer_grant){.path = libraries[i], .access = JAILER_EXEC, .optional = true};
  config.grants = grants;
  config.grant_count = 7;
  NEED(confine(&config) == JAILER_OK);
  NEED(run_probe(in_top("exec/probe")) == 42);
  NEED(run_probe(in_top("ro/probe")) == 13);
  NEED(run_probe(in_top("rw/probe")) == 13);
}

static void in_role(jailer_role role) {
  jailer_config config = usual();
  config.role = role;
  NEED(confine(&config) == JAILER_OK && applied(JAILER_LAYER_SECCOMP));
}

static void vmm_works(void) {
  in_role(JAILER_ROLE_VMM);
  NEED(try_open(in_top("ro/file"), O_RDONLY) == 0 && try_open(in_top("outside/file"), O_RDONLY) == -EACCES);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  NEED(fd >= 0 && socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT);
  NEED(kill(getpid(), 0) == 0); /* signals to itself */
}

static volatile int trapped, trap_data;
static void on_sigsys(int signal, siginfo_t *info, void *unused) {
  (void)signal, (void)unused;
  trapped++;
  trap_data = info->si_errno; /* the data of the answer: the role */
}

static void vmm_is_told(void) {
  struct sigaction action;
  jailer_config config = usual();
  memset(&action, 0, sizeof action);
  action.sa_sigaction = on_sigsys;
  action.sa_flags = SA_SIGINFO;
  NEED(sigaction(SIGSYS, &action, NULL) == 0);
  config.role = JAILER_ROLE_VMM;
  config.trap_denied = true;
  NEED(confine(&config) == JAILER_OK);
  syscall(SYS_setuid, 0); /* what it comes to is the handler's to say (seccomp(2), SECCOMP_RET_TRAP) */
  NEED(trapped == 1 && trap_data == JAILER_ROLE_VMM);
}

static void vmm_executes(void) {
  in_role(JAILER_ROLE_VMM);
  execl(probe, probe, (char *)NULL);
}

static void vmm_signals(void) {
  in_role(JAILER_ROLE_VMM);
  kill(getppid(), 0);
}

static void vmm_again(void) {
  jailer_config config = usual();
  in_role(JAILER_ROLE_VMM);
  confine(&config);
}

static void api_opens(void) {
  in_role(JAILER_ROLE_API);
  NEED(try_open(in_top("ro/file"), O_RDONLY) == -ENOSYS);
}

static void vcpu_makes_a_socket(void) {
  in_role(JAILER_ROLE_VCPU);
  socket(AF_UNIX, SOCK_STREAM, 0);
}

/* A policy with which almost any call would end the process: none is made after it is there. */
static void the_strictest(void) {
  static const jailer_rule two[] = {{.call = "write", .otherwise = JAILER_ANSWER_ALLOW},
                                    {.call = "exit_group", .otherwise = JAILER_ANSWER_ALLOW}};
  const jailer_rules rules = {.name = "two calls", .rules = two, .rule_count = 2};
  jailer_policy *policy = NULL;
  jailer_config config = usual();
  config.role = JAILER_ROLE_NONE;
  NEED(jailer_policy_rules(&rules, &policy, NULL) == JAILER_OK);
  config.policy = policy;
  NEED(jailer_confine_self(&config, &report, &failure) == JAILER_OK);
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_APPLIED && !report.layer[JAILER_LAYER_SECCOMP].verified);
  NEED(!strcmp(report.layer[JAILER_LAYER_SECCOMP].detail, "policy two calls"));
}

static void again(void) {
  jailer_config config = usual();
  NEED(confine(&config) == JAILER_OK);
  grants_of[1] = grants_of[2]; /* without rw */
  config.grant_count = 2;
  NEED(confine(&config) == JAILER_OK);
  NEED(try_open(in_top("ro/file"), O_RDONLY) == 0 && try_open(in_top("rw/file"), O_RDONLY) == -EACCES);
  /* nothing that the second could open and the first refuses: the kernel's word is all there is */
  NEED(report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_APPLIED && !report.layer[JAILER_LAYER_LANDLOCK].verified);
  NEED(status_is("self", "Seccomp:", "\t2") && applied(JAILER_LAYER_SECCOMP));
}

static void again_without_proc(void) {
  jailer_config config = usual();
  config.grant_count = 2;
  NEED(confine(&config) == JAILER_OK);
  NEED(confine(&config) == JAILER_E_SYSTEM && failure.sys_errno == EACCES);
  NEED(report.error.code == JAILER_E_SYSTEM && report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_NOT_REQUESTED);
}

/* --- limits --- */

static void limits(void) {
  jailer_config config = usual();
  struct rlimit limit = {200, 700};
  NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  const int high = fcntl(open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD_CLOEXEC, 150);
  NEED(high >= 150 && close(3) == 0);
  fds_of[0].fd = high;
  config.fd_count = 1;
  config.limits.nofile = 100;
  config.limits.fsize_bytes = 4096;
  NEED(confine(&config) == JAILER_OK && applied(JAILER_LAYER_RLIMITS));
  NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 100 && limit.rlim_max == 100);
  NEED(getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur == 4096 && limit.rlim_max == 4096);
  NEED(write(high, "x", 1) == 1); /* what is open stays, whatever its number */
}

static void soft_is_not_raised(void) {
  jailer_config config = usual();
  struct rlimit limit = {200, 700};
  NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  config.limits.nofile = 300;
  NEED(confine(&config) == JAILER_OK);
  NEED(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 200 && limit.rlim_max == 300);
}

static void above_the_hard_limit(void) {
  jailer_config config = usual();
  struct rlimit limit = {200, 700};
  NEED(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  config.limits.nofile = 701;
  NEED(confine(&config) == JAILER_E_INVALID && !strcmp(failure.item, "nofile"));
}

/* --- descriptors --- */

static void refused_fd(int fd, jailer_code code, const char *item) {
  jailer_config config = usual();
  fds_of[0].fd = fd;
  config.fd_count = 1;
  NEED(confine(&config) == code && failure.layer == JAILER_LAYER_FDS && starts(failure.item, item));
  NEED(fcntl(fd, F_GETFD) >= 0 || code == JAILER_E_INVALID); /* not closed */
  NEED(!status_is("self", "NoNewPrivs:", "\t1"));            /* and nothing is changed */
}

static void unnamed(void) {
  jailer_config config = usual();
  char item[300];
  int fd = open(in_top("outside/file"), O_RDONLY | O_CLOEXEC);
  snprintf(item, sizeof item, "%d %s", fd, in_top("outside/file"));
  NEED(confine(&config) == JAILER_E_UNSAFE && failure.layer == JAILER_LAYER_FDS && !strcmp(failure.item, item));
  NEED(fcntl(fd, F_GETFD) >= 0 && !status_is("self", "NoNewPrivs:", "\t1") && try_open("/", O_RDONLY) == 0);
  NEED(report.error.code == JAILER_E_UNSAFE && report.layer[JAILER_LAYER_FDS].state == JAILER_UNAVAILABLE);
  fds_of[0].fd = fd;
  config.fd_count = 1;
  NEED(confine(&config) == JAILER_OK);
  char byte;
  NEED(read(fd, &byte, 1) == 1 && byte == 'o');
}

static void unsafe(void) {
  int dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  refused_fd(dir, JAILER_E_UNSAFE, "3 /");
  close(dir);
  int path = open(in_top("ro/file"), O_PATH | O_CLOEXEC);
  refused_fd(path, JAILER_E_UNSAFE, "3 /");
  close(path);
  int status = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
  refused_fd(status, JAILER_E_UNSAFE, "3 /proc");
  close(status);
  int inet = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  refused_fd(inet, JAILER_E_UNSAFE, "3 socket:");
  close(inet);
  refused_fd(9, JAILER_E_INVALID, "9");
  NEED(dup3(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0, 0) == 0 && close(3) == 0); /* 0 to 2 as well */
  jailer_config config = usual();
  NEED(confine(&config) == JAILER_E_UNSAFE && starts(failure.item, "0 /"));
}

static void unsafe_allowed(void) {
  jailer_config config = usual();
  int dir = open(in_top("outside"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  fds_of[0].fd = dir;
  config.fd_count = 1;
  config.allow_unsafe_fds = true;
  NEED(confine(&config) == JAILER_OK);
  int fd = openat(dir, "file", O_RDONLY); /* Landlock looks at the path all the same */
  NEED(fd < 0 && errno == EACCES);
}

static void closed_stdio(void) {
  jailer_config config = usual();
  close(0);
  close(2);
  NEED(confine(&config) == JAILER_OK);
  NEED(fcntl(0, F_GETFD) < 0 && fcntl(1, F_GETFD) >= 0 && fcntl(2, F_GETFD) < 0);
}

/* --- threads --- */

enum { THREADS = 4 };
static pthread_barrier_t gate;
static long opened[THREADS], socketed[THREADS];
static pid_t tids[THREADS];
static int filtered = -1;

static void *waits(void *arg) {
  const size_t me = (size_t)(uintptr_t)arg;
  tids[me] = (pid_t)syscall(SYS_gettid);
  if ((int)me == filtered) {
    static const jailer_rule rule[] = {{.call = "getpgid", .otherwise = JAILER_ANSWER_ERRNO(1)}};
    const jailer_rules rules = {.rules = rule, .rule_count = 1, .otherwise = JAILER_ANSWER_ALLOW, .unknown = JAILER_ANSWER_ERRNO(38)};
    jailer_policy *policy = NULL;
    NEED(jailer_policy_rules(&rules, &policy, NULL) == JAILER_OK && jailer_seccomp_apply(policy, false, NULL, NULL) == JAILER_OK);
  }
  pthread_barrier_wait(&gate);
  pthread_barrier_wait(&gate);
  opened[me] = try_open(in_top("outside/file"), O_RDONLY);
  socketed[me] = socket(AF_INET, SOCK_STREAM, 0);
  pthread_barrier_wait(&gate);
  return NULL;
}

static void start_threads(void) {
  pthread_t thread;
  NEED(pthread_barrier_init(&gate, NULL, THREADS + 1) == 0);
  for (size_t i = 0; i < THREADS; i++) NEED(pthread_create(&thread, NULL, waits, (void *)(uintptr_t)i) == 0);
  pthread_barrier_wait(&gate);
}

static void no_caps(void) {
  bool kept;
  NEED(jl_child_drop_caps(&kept) == 0);
}

/* Whatever numbers of descriptors a policy lets be read and closed: nothing that it refuses is called. */
static int border;
static jailer_op side;
static void few_descriptors(void) {
  const jailer_test low = {0, 32, side, 0, (uint64_t)border};
  const jailer_clause allowed = {JAILER_ANSWER_ALLOW, 1, &low};
  const jailer_rule rule[] = {{"read", JAILER_ANSWER_KILL_PROCESS, 1, &allowed, 0, false},
                              {"close", JAILER_ANSWER_KILL_PROCESS, 1, &allowed, 0, false},
                              {"lseek", JAILER_ANSWER_KILL_PROCESS, 1, &allowed, 0, false}};
  const jailer_rules rules = {.rules = rule, .rule_count = 3, .otherwise = JAILER_ANSWER_ALLOW, .unknown = JAILER_ANSWER_ERRNO(38)};
  jailer_config config = usual();
  jailer_policy *policy = NULL;
  no_caps();
  start_threads();
  NEED(jailer_policy_rules(&rules, &policy, NULL) == JAILER_OK);
  config.role = JAILER_ROLE_NONE;
  config.policy = policy;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK); /* below ABI 8 it does not bind the other threads */
  NEED(jailer_confine_self(&config, &report, &failure) == JAILER_OK);
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_APPLIED);
  if (border == 64 && side == JAILER_LE) NEED(report.layer[JAILER_LAYER_SECCOMP].verified);
}

static void all_descriptors(void) {
  int status = 0;
  const int numbers[] = {2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 16, 64};
  for (size_t i = 0; i < 2 * (sizeof numbers / sizeof numbers[0]) && status == 0; i++) {
    side = i % 2 ? JAILER_GE : JAILER_LE;
    border = numbers[i / 2];
    status = in_child(few_descriptors);
  }
  if (!OK(status == 0, "policies that tell descriptors apart: no call is made that they refuse"))
    printf("# %s %d\n", side == JAILER_LE ? "to" : "from", border), tell("descriptors", status);
}

static void ask_threads(void) {
  pthread_barrier_wait(&gate);
  pthread_barrier_wait(&gate);
}

static void threads_without_tsync(void) {
  jailer_config config = usual();
  no_caps();
  start_threads();
  H.abi = host.landlock_abi < 7 ? 0 : 7;
  NEED(confine(&config) == JAILER_E_UNSUPPORTED && failure.layer == JAILER_LAYER_LANDLOCK);
  NEED(strstr(failure.message, "allow_unconfined_threads") && !status_is("self", "NoNewPrivs:", "\t1"));
  ask_threads();
  for (int i = 0; i < THREADS; i++) NEED(opened[i] == 0);
}

/* The filter for all threads, Landlock for the calling one: a permitted degrade, and the report says so. */
static void threads_degraded(void) {
  jailer_config config = usual();
  no_caps();
  start_threads();
  H.abi = host.landlock_abi < 7 ? 0 : 7;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_OK && applied(JAILER_LAYER_SECCOMP));
  NEED(report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_DEGRADED);
  NEED(strstr(report.layer[JAILER_LAYER_LANDLOCK].detail, "calling thread alone"));
  NEED(what_lacks() == 0);
  ask_threads();
  for (int i = 0; i < THREADS; i++) NEED(opened[i] == 0 && socketed[i] < 0);
}

/* The kernel's own ABI: with TSYNC all threads have it, without it is an error. */
static void threads_by_the_kernel(void) {
  jailer_config config = usual();
  char task[64];
  no_caps();
  start_threads();
  const jailer_code code = confine(&config);
  NEED(code == (host.landlock_abi >= 8 ? JAILER_OK : JAILER_E_UNSUPPORTED));
  if (code == JAILER_OK) {
    NEED(what_lacks() == 0 && applied(JAILER_LAYER_LANDLOCK) && applied(JAILER_LAYER_SECCOMP) && applied(JAILER_LAYER_NNP));
    for (int i = 0; i < THREADS; i++) {
      snprintf(task, sizeof task, "self/task/%d", (int)tids[i]);
      NEED(status_is(task, "Seccomp:", "\t2") && status_is(task, "NoNewPrivs:", "\t1"));
    }
  }
  ask_threads();
  for (int i = 0; i < THREADS; i++) NEED(code ? opened[i] == 0 : opened[i] == -EACCES && socketed[i] < 0);
}

static void this_thread_alone(void) {
  jailer_config config = usual();
  char task[64];
  start_threads();
  config.allow_unconfined_threads = true;
  NEED(confine(&config) == JAILER_OK && applied(JAILER_LAYER_LANDLOCK) && applied(JAILER_LAYER_SECCOMP));
  NEED(strstr(report.layer[JAILER_LAYER_SECCOMP].detail, "this thread alone"));
  NEED(what_lacks() == 0);
  for (int i = 0; i < THREADS; i++) {
    snprintf(task, sizeof task, "self/task/%d", (int)tids[i]);
    NEED(status_is(task, "Seccomp:", "\t0") && status_is(task, "NoNewPrivs:", "\t0"));
  }
  ask_threads();
  for (int i = 0; i < THREADS; i++) NEED(opened[i] == 0);
}

/* Root: the others have its capabilities, and they are theirs. */
static void threads_with_capabilities(void) {
  jailer_config config = usual();
  start_threads();
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_E_CONFLICT && failure.layer == JAILER_LAYER_CAPS);
  bool one_of_them = false;
  for (int i = 0; i < THREADS; i++) one_of_them = one_of_them || atoi(failure.item) == (int)tids[i];
  NEED(one_of_them && !status_is("self", "NoNewPrivs:", "\t1") && !status_is("self", "CapEff:", "\t0000000000000000"));
}

/* The last step fails: the error says which thread, the report what is in force. */
static void a_thread_that_cannot_follow(void) {
  jailer_config config = usual();
  no_caps();
  filtered = 2;
  start_threads();
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_E_CONFLICT && failure.layer == JAILER_LAYER_SECCOMP && atoi(failure.item) == (int)tids[2]);
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_UNAVAILABLE && applied(JAILER_LAYER_CAPS));
  NEED(try_open(in_top("outside/file"), O_RDONLY) == -EACCES && status_is("thread-self", "Seccomp:", "\t0"));
}

static volatile int stop;
static void *comes_and_goes(void *unused) { return unused; }
static void *makes_threads(void *unused) {
  pthread_t thread;
  while (!stop)
    if (pthread_create(&thread, NULL, comes_and_goes, NULL) == 0) pthread_join(thread, NULL);
  return unused;
}

static void in_a_crowd(void) {
  pthread_t maker[3];
  jailer_config config = usual();
  no_caps();
  for (int i = 0; i < 3; i++) NEED(pthread_create(&maker[i], NULL, makes_threads, NULL) == 0);
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  for (int i = 0; i < 10; i++) {
    NEED(confine(&config) == JAILER_OK);
    NEED(applied(JAILER_LAYER_SECCOMP));
  }
  stop = 1;
  for (int i = 0; i < 3; i++) pthread_join(maker[i], NULL);
}

/* More threads than are read back: the filter is on all of them, and nothing is claimed. */
enum { MANY = 300 };
static int filtered_of_many;
static void *one_of_many(void *unused) {
  pthread_barrier_wait(&gate);
  pthread_barrier_wait(&gate);
  if (socket(AF_INET, SOCK_STREAM, 0) < 0) __atomic_fetch_add(&filtered_of_many, 1, __ATOMIC_RELAXED);
  pthread_barrier_wait(&gate);
  return unused;
}

static void many_threads(void) {
  pthread_t thread;
  jailer_config config = usual();
  no_caps();
  NEED(pthread_barrier_init(&gate, NULL, MANY + 1) == 0);
  for (int i = 0; i < MANY; i++) NEED(pthread_create(&thread, NULL, one_of_many, NULL) == 0);
  pthread_barrier_wait(&gate);
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_OK);
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_APPLIED && !report.layer[JAILER_LAYER_SECCOMP].verified);
  ask_threads();
  NEED(filtered_of_many == MANY);
}

/* --- the host cannot --- */

static void without_proc(void) {
  jailer_config config = usual();
  H.hidden = "/proc";
  NEED(confine(&config) == JAILER_E_SYSTEM && strstr(failure.message, "/proc"));
  H.hidden = NULL;
  NEED(!status_is("self", "NoNewPrivs:", "\t1") && try_open("/", O_RDONLY) == 0);
}

static void without_landlock(void) {
  jailer_config config = usual();
  H.abi = -ENOSYS;
  NEED(confine(&config) == JAILER_E_UNSUPPORTED && failure.layer == JAILER_LAYER_LANDLOCK);
  NEED(!status_is("self", "NoNewPrivs:", "\t1"));
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_OK && report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_DEGRADED);
  NEED(applied(JAILER_LAYER_SECCOMP) && try_open(in_top("outside/file"), O_RDONLY) == 0 && report.landlock_abi == 0);
}

static void without_seccomp(void) {
  jailer_config config = usual();
  H.refused = SYS_seccomp;
  NEED(confine(&config) == JAILER_E_UNSUPPORTED && failure.layer == JAILER_LAYER_SECCOMP);
  config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP);
  const int before = open_fds();
  NEED(confine(&config) == JAILER_OK && report.layer[JAILER_LAYER_SECCOMP].state == JAILER_DEGRADED);
  NEED(applied(JAILER_LAYER_LANDLOCK) && status_is("self", "Seccomp:", "\t0") && open_fds() == before);
}

/* With other threads it may not: they would go without no_new_privs. */
static void seccomp_fails_with_threads(void) {
  jailer_config config = usual();
  no_caps();
  start_threads();
  H.refused = SYS_seccomp;
  H.refused_arg = 1;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP) | JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_E_SYSTEM && failure.layer == JAILER_LAYER_SECCOMP);
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_UNAVAILABLE);
}

static void without_seccomp_with_threads(void) {
  jailer_config config = usual();
  no_caps();
  start_threads();
  H.refused = SYS_seccomp;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP) | JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_E_UNSUPPORTED && failure.layer == JAILER_LAYER_NNP);
  NEED(!status_is("self", "NoNewPrivs:", "\t1"));
}

/* The kernel says that it has filters, and refuses this one. */
static void seccomp_fails_and_may(void) {
  jailer_config config = usual();
  H.refused = SYS_seccomp;
  H.refused_arg = 1; /* SECCOMP_SET_MODE_FILTER */
  config.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP);
  const int before = open_fds();
  NEED(confine(&config) == JAILER_OK && report.layer[JAILER_LAYER_SECCOMP].state == JAILER_DEGRADED);
  NEED(applied(JAILER_LAYER_LANDLOCK) && status_is("self", "Seccomp:", "\t0") && open_fds() == before);
}

/* A layer that fails in the middle and may: the others are in force. */
static void landlock_fails(void) {
  jailer_config config = usual();
  H.refused = SYS_landlock_restrict_self;
  NEED(confine(&config) == JAILER_E_SYSTEM && failure.layer == JAILER_LAYER_LANDLOCK);
  NEED(report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_UNAVAILABLE && applied(JAILER_LAYER_NNP));
  NEED(report.layer[JAILER_LAYER_SECCOMP].state == JAILER_NOT_REQUESTED && status_is("self", "Seccomp:", "\t0"));
}

static void landlock_fails_and_may(void) {
  jailer_config config = usual();
  H.refused = SYS_landlock_restrict_self;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  NEED(confine(&config) == JAILER_OK && report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_DEGRADED);
  NEED(applied(JAILER_LAYER_SECCOMP) && status_is("self", "Seccomp:", "\t2"));
}

/* --- the configuration --- */

static const char *const one_arg[] = {"x", NULL};
static jailer_layout a_layout;

static void set_field(jailer_config *c, int i) {
  switch (i) {
  case 0: c->argv = one_arg; break;
  case 1: c->env = one_arg; break;
  case 2: c->cwd = "/"; break;
  case 3: c->hostname = "x"; break;
  case 4: c->without_system = true; break;
  case 5: c->stdio = JAILER_STDIO_NULL; break;
  case 6: c->limits.tmp_size_bytes = 1; break;
  case 7: c->limits.shm_size_bytes = 1; break;
  case 8: c->limits.tmp_inodes = 1; break;
  case 9: c->cgroup = "/x"; break;
  case 10: c->layout = &a_layout; break;
  case 11: c->shim = "/x"; break;
  case 12: c->libraries = one_arg; break;
  case 13: c->disk_format = JAILER_FORMAT_RAW; break;
  case 14: c->rootfs_format = JAILER_FORMAT_RAW; break;
  case 15: c->trusted_roots = one_arg; break;
  case 16: c->trust_chain_on_first_use = true; break;
  case 17: c->allow_whole_bases = true; break;
  case 18: c->uid = 7; break;
  case 19: c->gid = 7; break;
  case 20: c->allow_userns = true; break;
  case 21: c->allow_host_root = true; break;
  case 22: c->allow_full_proc = true; break;
  case 23: c->allow_pty = true; break;
  case 24: c->outlive_launcher = true; break;
  case 25: c->controlling_tty = true; break;
  case 26: c->with_init = true; break;
  case 27: c->seatbelt_profile = "/etc/passwd"; break;
  default: break;
  }
}

static void no_meaning(void) {
  static const char *const names[] = {
      "argv", "env", "cwd", "hostname", "without_system", "stdio", "tmp_size_bytes", "shm_size_bytes", "tmp_inodes", "cgroup",
      "layout", "shim", "libraries", "disk_format", "rootfs_format", "trusted_roots", "trust_chain_on_first_use",
      "allow_whole_bases", "uid", "gid", "allow_userns", "allow_host_root", "allow_full_proc", "allow_pty", "outlive_launcher",
      "controlling_tty", "with_init", "seatbelt_profile"};
  for (int i = 0; i < (int)(sizeof names / sizeof names[0]); i++) {
    jailer_config config = usual();
    config.role = JAILER_ROLE_VMM;
    set_field(&config, i);
    const jailer_code code = confine(&config);
    if (code != JAILER_E_INVALID || strcmp(failure.item, names[i])) strcpy((char *)(uintptr_t)said->text, names[i]);
    NEED(code == JAILER_E_INVALID && !strcmp(failure.item, names[i]));
  }
  NEED(!status_is("self", "NoNewPrivs:", "\t1"));
}

static void invalid(jailer_config config, const char *item) {
  NEED(confine(&config) == JAILER_E_INVALID);
  NEED(!strcmp(failure.item, item));
  NEED(report.error.code == JAILER_E_INVALID && !strcmp(report.error.item, item));
}

static void as_written(void) {
  jailer_policy *policy = NULL;
  jailer_config config = usual();
  NEED(jailer_policy_role(JAILER_ROLE_API, NULL, &policy, NULL) == JAILER_OK);
  config.role = JAILER_ROLE_NONE;
  invalid(config, "role");
  config.role = JAILER_ROLE_COUNT;
  invalid(config, "role");
  config.role = JAILER_ROLE_VMM;
  config.policy = policy;
  invalid(config, "policy");
  config.role = JAILER_ROLE_NONE;
  config.trap_denied = true;
  invalid(config, "trap_denied");
  config = usual();
  config.engine = JAILER_ENGINE_NATIVE;
  invalid(config, "engine");
  config = usual();
  config.fd_count = 1;
  fds_of[0] = (jailer_fd){.fd = 1, .renumber = true, .as = 1};
  invalid(config, "fds");
  fds_of[0] = (jailer_fd){.fd = 0};
  config = usual();
  config.may_degrade = JAILER_BIT(JAILER_LAYER_COUNT);
  invalid(config, "may_degrade");
  NEED(jailer_confine_self(NULL, &report, &failure) == JAILER_E_INVALID && report.error.code == JAILER_E_INVALID);
  config = usual();
  config.role = JAILER_ROLE_NONE;
  NEED(jailer_confine_self(&config, NULL, NULL) == JAILER_E_INVALID);
}

static void conflict(const char *a, jailer_access access, const char *b, jailer_access other, jailer_code code) {
  jailer_config config = usual();
  grants_of[0] = (jailer_grant){.path = a, .access = access};
  grants_of[1] = (jailer_grant){.path = b ? b : a, .access = other};
  config.grant_count = b ? 2 : 1;
  const jailer_code got = confine(&config);
  if (got != code) snprintf((char *)(uintptr_t)said->text, sizeof said->text, "%s %s: %s", a, b ? b : "", jailer_code_name(got));
  NEED(got == code);
}

static void grants(void) {
  jailer_config config = usual();
  conflict(in_top("rw"), JAILER_WRITE, in_top("rw/below"), JAILER_READ, JAILER_E_CONFLICT);
  conflict(in_top("rw"), JAILER_WRITE, in_top("rw/file"), JAILER_EXEC, JAILER_E_CONFLICT);
  conflict(in_top("rw"), JAILER_EXEC, in_top("rw/below"), JAILER_WRITE, JAILER_E_CONFLICT);
  conflict(in_top("rw"), JAILER_EXEC, in_top("rw/below"), JAILER_READ, JAILER_E_CONFLICT);
  conflict(in_top("ro"), JAILER_READ, in_top("link"), JAILER_WRITE, JAILER_E_CONFLICT);
  conflict("/", JAILER_READ, NULL, 0, JAILER_E_CONFLICT);
  conflict("/proc/self", JAILER_READ, NULL, 0, JAILER_E_CONFLICT);
  conflict("/proc/sys", JAILER_READ, NULL, 0, JAILER_E_CONFLICT);
  conflict("/proc", JAILER_WRITE, NULL, 0, JAILER_E_CONFLICT);
  conflict(in_top("missing"), JAILER_READ, NULL, 0, JAILER_E_NOT_FOUND);
  conflict("relative", JAILER_READ, NULL, 0, JAILER_E_INVALID);
  grants_of[0].at = "/elsewhere";
  grants_of[0].path = in_top("ro");
  config.grant_count = 1;
  NEED(confine(&config) == JAILER_E_CONFLICT && !strcmp(failure.item, "/elsewhere"));
  NEED(!status_is("self", "NoNewPrivs:", "\t1"));
  grants_of[0].at = in_top("ro/");
  NEED(confine(&config) == JAILER_OK);
}

/* What adds up as it was asked. */
static void nested_grants(void) {
  jailer_config config = usual();
  grants_of[0] = (jailer_grant){.path = in_top("")};
  grants_of[1] = (jailer_grant){.path = in_top("rw"), .access = JAILER_WRITE};
  grants_of[2] = (jailer_grant){.path = in_top("rw/below"), .access = JAILER_WRITE};
  grants_of[3] = (jailer_grant){.path = in_top("exec"), .access = JAILER_EXEC};
  config.grant_count = 4;
  NEED(confine(&config) == JAILER_OK);
  NEED(try_open(in_top("outside/file"), O_RDONLY) == 0 && try_open(in_top("outside/file"), O_WRONLY) == -EACCES);
  NEED(try_open(in_top("rw/below/x"), O_WRONLY | O_CREAT) == 0);
}

/* --- ports --- */

static int listener(uint16_t *port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 4) || getsockname(fd, (struct sockaddr *)&a, &size)) return -1;
  *port = ntohs(a.sin_port);
  return fd;
}

static long connects(uint16_t port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  long r = fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a) ? -errno : 0;
  if (fd >= 0) close(fd);
  return r;
}

static void ports_in(jailer_role role) {
  uint16_t one = 0, two = 0;
  jailer_config config = usual();
  fds_of[0].fd = listener(&one);
  fds_of[1].fd = listener(&two);
  NEED(fds_of[0].fd >= 0 && fds_of[1].fd >= 0);
  const jailer_port ports[] = {{.port = one}};
  config.fd_count = 2;
  config.allow_network = true;
  config.ports = ports;
  config.port_count = 1;
  config.role = role;
  const jailer_code code = confine(&config);
  NEED(code == (host.landlock_abi >= 4 ? JAILER_OK : JAILER_E_UNSUPPORTED));
  if (code) return;
  NEED(connects(one) == 0 && connects(two) == -EACCES);
  NEED(socket(AF_INET, SOCK_DGRAM, 0) < 0); /* no port of UDP is granted */
}

static void ports(void) { ports_in(JAILER_ROLE_LAUNCH); }
static void ports_vmm(void) { ports_in(JAILER_ROLE_VMM); }

static void network(void) {
  uint16_t port = 0;
  jailer_config config = usual();
  fds_of[0].fd = listener(&port);
  config.fd_count = 1;
  NEED(confine(&config) == JAILER_E_UNSAFE); /* a socket of the network, which is not granted */
  config.allow_network = true;
  NEED(confine(&config) == JAILER_OK && connects(port) == 0);
}

/* --- the dry run, and what is not for launches --- */

static void dry_run(void) {
  jailer_config config = usual();
  jailer_plan *plan = NULL;
  jailer_proc proc;
  jailer_error err;
  static char text[8192];
  char line[300];
  config.engine = JAILER_ENGINE_SELF;
  config.role = JAILER_ROLE_VMM;
  NEED(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK);
  NEED(jailer_plan_text(plan, text, sizeof text, NULL, &err) == JAILER_OK);
  NEED(starts(text, "engine self\npolicy vmm\nthreads all\nlimit nofile 1024\n"));
  snprintf(line, sizeof line, "grant %s rw ", in_top("rw"));
  NEED(strstr(text, line) && strstr(text, "layer landlock\n") && !strstr(text, "layer mounts") && !strstr(text, "program"));
  NEED(strstr(text, "grant /proc ro ") && !strstr(text, "tmpfs") && !strstr(text, "/usr"));
  NEED(jailer_spawn(plan, &proc, &err) == JAILER_E_INVALID && !strcmp(err.item, "engine"));
  jailer_plan_free(plan);
  NEED(jailer_launch(&config, &proc, &err) == JAILER_E_INVALID);
  NEED(!status_is("self", "NoNewPrivs:", "\t1") && open_fds() == 3);
}

static void launches(void) {
  static const char *const argv[] = {"/bin/true", NULL};
  jailer_config config = {.argv = argv, .role = JAILER_ROLE_VMM};
  jailer_plan *plan = NULL;
  jailer_error err;
  NEED(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_INVALID && !strcmp(err.item, "role"));
  config.role = JAILER_ROLE_NONE;
  config.allow_unconfined_threads = true;
  NEED(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_INVALID && !strcmp(err.item, "allow_unconfined_threads"));
  config.allow_unconfined_threads = false;
  config.engine = (jailer_engine)(JAILER_ENGINE_SEATBELT + 1);
  NEED(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_E_INVALID && !strcmp(err.item, "engine"));
}

static void logs(void) {
  jailer_config config = usual();
  config.log_denials = true;
  NEED(confine(&config) == (host.landlock_abi >= 7 ? JAILER_OK : JAILER_E_UNSUPPORTED));
  if (host.landlock_abi >= 7) NEED(what_lacks() == 0);
}

/* A bounding set that stays is void under no_new_privs, even for uid 0, to whom execve would give it. */
static int bounding_after_exec(bool nnp) {
  int status = 0;
  const pid_t pid = fork();
  if (pid == 0) {
    uint32_t head[2] = {0x20080522, 0}, none[6] = {0};
    if (syscall(SYS_capset, head, none) || (nnp && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))) syscall(SYS_exit_group, 9);
    execl("/bin/sh", "sh", "-c", "grep -q '^CapPrm:.*0000000000000000' /proc/self/status", (char *)NULL);
    syscall(SYS_exit_group, 8);
  }
  NEED(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
  return WEXITSTATUS(status);
}

static void bounding_is_void(void) { NEED(bounding_after_exec(true) == 0 && bounding_after_exec(false) == 1); }

/* And nothing voids it where no_new_privs is missing: then caps is no layer that is in force. */
static void caps_without_nnp(void) {
  jailer_config config = usual();
  H.refused = SYS_prctl;
  H.refused_arg = PR_SET_NO_NEW_PRIVS;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_NNP);
  NEED(confine(&config) != JAILER_OK);
  if (!as_root) NEED(failure.layer == JAILER_LAYER_CAPS && report.layer[JAILER_LAYER_CAPS].state == JAILER_UNAVAILABLE);
}

/* Who has kept another id could take it up again. */
static void mixed_ids(void) {
  jailer_config config = usual();
  NEED(setresuid(12345, 12345, 0) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
  NEED(confine(&config) == JAILER_E_DENIED && failure.layer == JAILER_LAYER_IDS);
  NEED(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
}

static void mixed_ids_of_root(void) {
  jailer_config config = usual();
  NEED(setresuid(12345, 0, 0) == 0);
  NEED(confine(&config) == JAILER_E_DENIED && failure.layer == JAILER_LAYER_IDS);
}

/* --- lies and faults ------------------------------------------------------------------------------------------------ */

/* A call that answers 0 and did nothing is found out by the kernel's own account. */
static const struct {
  const char *what;
  long nr, arg;
  jailer_layer layer;
} lies[] = {{"landlock_restrict_self", SYS_landlock_restrict_self, -1, JAILER_LAYER_LANDLOCK},
            {"seccomp", SYS_seccomp, 1, JAILER_LAYER_SECCOMP},
            {"prctl PR_SET_NO_NEW_PRIVS", SYS_prctl, PR_SET_NO_NEW_PRIVS, JAILER_LAYER_NNP},
            {"capset", SYS_capset, -1, JAILER_LAYER_CAPS},
            {"prctl PR_CAPBSET_DROP", SYS_prctl, PR_CAPBSET_DROP, JAILER_LAYER_CAPS},
            {"prctl PR_SET_SECUREBITS", SYS_prctl, PR_SET_SECUREBITS, JAILER_LAYER_CAPS}};
static size_t a_lie;

static void lied_to(void) {
  jailer_config config = usual();
  H.lie = lies[a_lie].nr;
  H.lie_arg = lies[a_lie].arg;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_COUNT) - 2; /* a lie is nothing that the host cannot do */
  NEED(confine(&config) == JAILER_E_READBACK && failure.layer == lies[a_lie].layer);
  NEED(report.layer[failure.layer].state == JAILER_UNAVAILABLE && !report.layer[failure.layer].verified);
}

/* The n-th call fails. Then there is an error, and every layer that the report calls applied is; or everything is in
   force. */
static volatile long fault_at;
static volatile int fault_error;
static volatile struct faults {
  long fired, errors, calls, number;
} *faults;

static bool in_force(jailer_layer layer) {
  struct rlimit limit;
  switch (layer) {
  case JAILER_LAYER_FDS: return true;
  case JAILER_LAYER_RLIMITS: return getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max <= 1024;
  case JAILER_LAYER_CAPS: return status_is("thread-self", "CapPrm:", "\t0000000000000000");
  case JAILER_LAYER_NNP: return status_is("thread-self", "NoNewPrivs:", "\t1");
  case JAILER_LAYER_LANDLOCK: return try_open(in_top("outside/file"), O_RDONLY) == -EACCES;
  case JAILER_LAYER_SECCOMP: return status_is("thread-self", "Seccomp:", "\t2");
  default: return false;
  }
}

static void with_a_fault(void) {
  jailer_config config = usual();
  H.fail_at = fault_at;
  H.error = fault_error;
  const int before = open_fds();
  const jailer_code code = confine(&config);
  faults->calls = H.calls;
  faults->number = H.failed;
  if (H.failed >= 0) faults->fired++;
  if (code == JAILER_OK) {
    NEED(what_lacks() == 0 && open_fds() == before);
    for (int i = 1; i < JAILER_LAYER_COUNT; i++) NEED(report.layer[i].state != JAILER_DEGRADED);
    return;
  }
  faults->errors++;
  NEED(failure.code == code && failure.message[0] && failure.step && report.error.code == code);
  for (int i = 1; i < JAILER_LAYER_COUNT; i++)
    if (report.layer[i].state == JAILER_APPLIED) NEED(in_force((jailer_layer)i));
  /* seccomp is the last: where it is missing there is nothing after it, and no error without it */
  if (code != JAILER_E_READBACK) NEED(status_is("thread-self", "Seccomp:", "\t0"));
  NEED(open_fds() == before);
}

/* The n-th allocation fails: an error, nothing is changed, nothing is left. The last row has none that fails. */
static void without_memory(void) {
  for (long n = 1; n < 100; n++) {
    jailer_config config = usual();
    const int before = open_fds();
    allocs = 0;
    fail_alloc = n;
    live = 0;
    const jailer_code code = confine(&config);
    NEED(live == 0 && open_fds() == before);
    if (code == JAILER_OK) NEED(allocs < n && n > 3);
    if (code == JAILER_OK) return;
    NEED(code == JAILER_E_NO_MEMORY && !status_is("self", "NoNewPrivs:", "\t1"));
  }
  NEED(0);
}

static void test_faults(int error, const char *name) {
  int bad = 0;
  faults->fired = faults->errors = 0;
  fault_error = error;
  fault_at = 0;
  if (in_child(with_a_fault)) tell("no fault", 0);
  const long last = faults->calls;
  for (long n = 1; n <= last; n++) {
    fault_at = n;
    const int status = in_child(with_a_fault);
    if (!status) continue;
    if (bad++ < 5) printf("# %s at call %ld (number %ld): status %#x, line %d, %s\n", name, n, faults->number, (unsigned)status, said->line, (const char *)(uintptr_t)said->text);
  }
  OK(bad == 0 && faults->fired > 60 && faults->errors > 30,
     "%s at each call in turn: an error and what the report says, or all layers (%ld faults, %ld errors)", name, faults->fired, faults->errors);
}

int main(void) {
  world();
  faults = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  row(everything, "all layers are in force, verified, and no descriptor is left");
  row(links_and_devices, "grants through a link, of a device, and one that may be missing");
  row(executes, "only what is granted for executing is executed");
  row(vmm_works, "role vmm: files of the grants, AF_UNIX, signals to itself");
  row(vmm_is_told, "role vmm, trap_denied: what it refuses is a signal with the role's number");
  row_killed(vmm_executes, "role vmm: execve ends the process");
  row_killed(vmm_signals, "role vmm: a signal to somebody else ends the process");
  row_killed(vmm_again, "role vmm: confining once more ends the process");
  row(api_opens, "role api: nothing is opened, ENOSYS");
  row_killed(vcpu_makes_a_socket, "role vcpu: socket ends the process");
  all_descriptors();
  row(the_strictest, "a policy of write and exit_group: no call is made that it refuses, and nothing is claimed verified");
  row(again, "a second call takes away more");
  row(again_without_proc, "a second call without /proc is an error, and what is in force stays");
  row(limits, "limits: soft and hard are lowered, open descriptors stay");
  row(soft_is_not_raised, "limits: a lower soft limit stays");
  row(above_the_hard_limit, "limits: more than the hard limit is E_INVALID");
  row(unnamed, "descriptors: an unnamed one is named and not closed; named it stays");
  row(unsafe, "descriptors: a directory, O_PATH, /proc, a socket of the network and a closed one are refused, 0 to 2 as well");
  row(unsafe_allowed, "descriptors: allow_unsafe_fds; Landlock holds beneath a directory all the same");
  row(closed_stdio, "descriptors: 0 to 2 may be closed, and stay so");
  row(threads_without_tsync, "threads: without Landlock for all of them E_UNSUPPORTED, nothing is changed");
  row(threads_degraded, "threads: where Landlock may degrade it binds the calling one, and the report says so");
  row(threads_by_the_kernel, host.landlock_abi >= 8 ? "threads: all of them are confined (Landlock ABI 8)" : "threads: this kernel's Landlock cannot bind them all");
  row(this_thread_alone, "threads: allow_unconfined_threads confines the calling one alone");
  if (as_root) row(threads_with_capabilities, "threads: one with capabilities is named, nothing is changed");
  row(a_thread_that_cannot_follow, "threads: one with a filter of its own is named, and the report says what is in force");
  row(in_a_crowd, "threads: while others come and go");
  row(many_threads, "threads: beside 300 the filter is on all of them, and not claimed verified");
  row(without_proc, "without /proc: an error, nothing is changed");
  row(without_landlock, "without Landlock: E_UNSUPPORTED, or degraded where that is permitted");
  row(without_seccomp, "without seccomp: E_UNSUPPORTED, or degraded where that is permitted");
  row(landlock_fails, "a failure in the middle: the error, and what is in force already");
  row(landlock_fails_and_may, "a failure in the middle that is permitted: the rest is in force");
  row(seccomp_fails_and_may, "a filter that is refused where that is permitted: nothing of it is left");
  row(seccomp_fails_with_threads, "with other threads it is an error, since no_new_privs would not come to them");
  row(without_seccomp_with_threads, "and so it is on a kernel without filters, before anything is changed");
  if (as_root) row(bounding_is_void, "a bounding set that stays gives uid 0 nothing by execve under no_new_privs, and all without");
  if (as_root) row(mixed_ids, "a saved uid that another one is: refused, nothing is changed");
  if (as_root) row(mixed_ids_of_root, "a real uid that another one is: root too is refused");
  row(caps_without_nnp, "without no_new_privs a bounding set that stays is no applied layer");
  row(no_meaning, "fields that say how a program is launched are E_INVALID, each by name");
  row(as_written, "role, policy, engine, descriptors, NULL: E_INVALID");
  row(grants, "grants that Landlock cannot keep apart, /, /proc in parts, other places: errors");
  row(nested_grants, "grants within grants that have less");
  row(ports, host.landlock_abi >= 4 ? "ports: the granted one and no other" : "ports: E_UNSUPPORTED before ABI 4");
  row(ports_vmm, host.landlock_abi >= 4 ? "ports, role vmm: the granted one and no other" : "ports, role vmm: E_UNSUPPORTED before ABI 4");
  row(network, "allow_network: a socket may be kept and made");
  row(dry_run, "the plan is the dry run, and cannot be launched");
  row(launches, "launches take no narrower role and no unconfined threads");
  row(logs, "log_denials");
  for (a_lie = 0; a_lie < sizeof lies / sizeof lies[0]; a_lie++) {
    char what[100];
    if ((lies[a_lie].arg == PR_SET_SECUREBITS || lies[a_lie].arg == PR_CAPBSET_DROP) && !as_root) continue; /* not called */
    if (lies[a_lie].nr == SYS_capset && !as_root) continue;         /* nothing to be taken */
    snprintf(what, sizeof what, "%s that does nothing is found out", lies[a_lie].what);
    row(lied_to, what);
  }
  row(without_memory, "each allocation fails in turn: E_NO_MEMORY, nothing is changed, nothing is left");
  test_faults(EPERM, "EPERM");
  test_faults(ENOMEM, "ENOMEM");
  test_faults(EINVAL, "EINVAL");
  world_end();
  return tap_done();
}
