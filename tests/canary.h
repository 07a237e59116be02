/* canary.h: what probe_canary tells from inside a jail, and the state of a launcher that a launch must leave as it was.
 * Shared by probe_canary.c and the tests that launch it (faults, race, threads, leaks). */
#ifndef CANARY_H
#define CANARY_H
#include <stdint.h>

enum { CANARY_MAGIC = 0x63616e61, CANARY_PATHS = 8, CANARY_FDS = 64 };

/* One path that the canary was told to look at. */
struct canary_path {
  int32_t error; /* of stat */
  int32_t write_error; /* of opening a file for writing, of making a file in a directory; 0: it worked */
  uint64_t dev, ino, flags;
  char word[16]; /* what the file, or the file "id" in the directory, begins with */
};

/* Everything is asked of the kernel by the canary itself, after exec. Written to descriptor 1 in one piece. */
struct canary {
  uint32_t magic;
  int32_t pid, session, uid, euid, gid, egid, groups;
  uint64_t inheritable, permitted, effective, bounding, ambient;
  int32_t no_new_privs, seccomp, securebits, death_signal;
  int32_t policy_error; /* of getppid: only a policy of the test refuses that */
  uint64_t blocked, ignored;
  uint64_t ns[7]; /* user mnt pid net ipc uts cgroup; 0: no /proc */
  int32_t comm_error; /* of opening /proc/self/comm for writing: only Landlock refuses that */
  int32_t root_flags, root_error, shadow_error, sys_error, tty_error, inet_error;
  uint64_t nofile, nofile_max;
  int32_t environment, mask, interfaces;
  uint64_t fd_ino[CANARY_FDS]; /* 0: closed */
  int32_t fds_above;
  char hostname[65];
  uint32_t path_count;
  struct canary_path path[CANARY_PATHS];
};

static const char *const canary_ns_names[7] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};

#ifndef CANARY_PROBE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CANARY_UNUSED __attribute__((unused))

/* --- for tests that hook every system call (JAILER_SYS_HOOK): code that runs in the child too --- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CANARY_PLAIN 0 /* a sanitizer has mappings of its own, and takes its time */
#else
#define CANARY_PLAIN 1
#endif

/* A child leaves the hook's frames for good at exec, and has no thread-local storage of its own: no sanitizer there. */
#define CANARY_BARE CANARY_UNUSED __attribute__((no_sanitize("address", "undefined", "thread")))

/* The bare instruction: answers as the kernel does, and leaves errno alone. */
CANARY_BARE static long canary_bare(long nr, long a, long b, long c, long d, long e, long f) {
  long ret;
#if defined(__x86_64__)
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall" : "=a"(ret) : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9) : "rcx", "r11", "memory");
#else
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  ret = x0;
#endif
  return ret;
}

/* Whether the caller is the launcher: a child has a stack of its own, far away. */
static char *canary_launcher_stack; /* anywhere in main() */

CANARY_BARE static bool canary_launcher_calls(void) {
  char here;
  const long distance = &here - canary_launcher_stack;
  return distance < 4000000 && distance > -4000000;
}

/* The caller's pid as the host numbers it: "/proc/self" is the launcher's until the root is changed. */
CANARY_BARE static int canary_host_pid(void) {
  char text[16];
  const long size = canary_bare(SYS_readlinkat, AT_FDCWD, (long)"/proc/self", (long)text, sizeof text, 0, 0);
  int pid = 0;
  for (long i = 0; i < size; i++) pid = pid * 10 + (text[i] - '0');
  return pid;
}

/* A clone that asks for a user namespace. */
CANARY_BARE static bool canary_wants_userns(long nr, const long args[6]) {
  if (nr != SYS_clone3 && nr != SYS_clone) return false;
  return ((nr == SYS_clone ? (uint64_t)args[0] : *(const uint64_t *)args[0]) & CLONE_NEWUSER) != 0;
}

/* --- for tests that count or refuse allocations: JAILER_MALLOC and its like --- */

static long canary_allocated; /* blocks in use now */
static long canary_allocations, canary_refuse_at, canary_refuse_from; /* asked for so far; the one, or all from the one, that fail */

static bool canary_refused(void) {
  canary_allocations++;
  return canary_allocations == canary_refuse_at || (canary_refuse_from && canary_allocations >= canary_refuse_from);
}

CANARY_UNUSED static void *canary_malloc(size_t size) {
  void *p = canary_refused() ? NULL : malloc(size);
  if (p) canary_allocated++;
  return p;
}

CANARY_UNUSED static void *canary_realloc(void *old, size_t size) {
  void *p = canary_refused() ? NULL : realloc(old, size);
  if (p && !old) canary_allocated++;
  return p;
}

CANARY_UNUSED static void canary_free(void *p) {
  if (p) canary_allocated--;
  free(p);
}

/* --- a place to work in --- */

static char canary_scratch[512]; /* a new directory under ${TMPDIR:-/tmp}, 0755 so that a root launcher's target sees it */
static char canary_program[PATH_MAX];

CANARY_UNUSED static void canary_bail(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

CANARY_UNUSED static const char *canary_in(const char *name) { /* a path in the scratch directory; the text stays */
  static char texts[64][600];
  static int used;
  if (used == 64) canary_bail("too many paths");
  snprintf(texts[used], sizeof texts[0], "%s/%s", canary_scratch, name);
  return texts[used++];
}

CANARY_UNUSED static const char *canary_file(const char *name, const char *word) {
  const char *path = canary_in(name);
  FILE *f = fopen(path, "w");
  if (!f) canary_bail(path);
  fputs(word, f);
  fclose(f);
  chmod(path, 0644);
  return path;
}

CANARY_UNUSED static const char *canary_dir(const char *name, const char *word) { /* a directory with a file "id" */
  const char *path = canary_in(name);
  char id[600];
  if (mkdir(path, 0755) || chmod(path, 0755)) canary_bail(path);
  snprintf(id, sizeof id, "%s/id", name);
  canary_file(id, word);
  return path;
}

CANARY_UNUSED static void canary_remove(const char *path) {
  DIR *d = opendir(path);
  struct dirent *e;
  while (d && (e = readdir(d))) {
    struct stat st;
    if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
    if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
    if (S_ISDIR(st.st_mode)) {
      char below[PATH_MAX];
      snprintf(below, sizeof below, "%s/%s", path, e->d_name);
      canary_remove(below);
    } else {
      unlinkat(dirfd(d), e->d_name, 0);
    }
  }
  if (d) closedir(d);
  rmdir(path);
}

static uint64_t canary_ns[7]; /* the launcher's own namespaces */

CANARY_UNUSED static void canary_setup(void) {
  const char *tmp = getenv("TMPDIR"), *build = getenv("JAILER_BUILD");
  char name[PATH_MAX];
  int null = open("/dev/null", O_RDWR);
  if (null > 0) {
    dup2(null, 0);
    close(null);
  }
  for (int i = 0; i < 7; i++) {
    struct stat st;
    snprintf(name, sizeof name, "/proc/self/ns/%s", canary_ns_names[i]);
    canary_ns[i] = stat(name, &st) ? 0 : st.st_ino;
  }
  snprintf(name, sizeof name, "%s/probe_canary", build && *build ? build : "build");
  if (!realpath(name, canary_program)) canary_bail(name);
  snprintf(name, sizeof name, "%s/jailer-test.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(name) || !realpath(name, canary_scratch) || chmod(canary_scratch, 0755)) canary_bail(name);
}

/* The pipe that a target writes its account to: reading it never waits. */
static int canary_read_fd, canary_write_fd;

CANARY_UNUSED static void canary_pipe(void) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK)) canary_bail("pipe2");
  canary_read_fd = ends[0];
  canary_write_fd = ends[1];
}

/* --- the launcher's state --- */

typedef struct canary_state {
  char fds[2048];     /* numbers and what they are */
  char mounts[65536]; /* /proc/self/mountinfo */
  char files[4096];   /* names in the scratch directory, five levels */
  int maps, dumpable;
  mode_t mask;
  uint64_t cwd_ino;
  sigset_t signals;
  long allocated;
} canary_state;

CANARY_UNUSED static int canary_environment = 1; /* variables: PATH */
CANARY_UNUSED static int canary_policy_error; /* what the launch's policy answers to getppid; 0: it has none */
CANARY_UNUSED static bool canary_full_proc; /* the launch asked for all of /proc */
#ifdef __GLIBC__
static int canary_maps_count = 1; /* 0: the maps are not counted (a sanitizer's own come and go) */
#else
static int canary_maps_count = 0; /* the allocator of other libcs maps and unmaps as it likes */
#endif

static int canary_name_cmp(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static void canary_names(char *to, size_t size, const char *path, int depth) {
  char *names[256];
  size_t count = 0, at = strlen(to);
  DIR *d = opendir(path);
  struct dirent *e;
  while (d && count < 256 && (e = readdir(d)))
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) names[count++] = strdup(e->d_name);
  if (d) closedir(d);
  qsort(names, count, sizeof *names, canary_name_cmp);
  for (size_t i = 0; i < count; i++) {
    at += (size_t)snprintf(to + at, size - at, "%s ", names[i]);
    if (at >= size) at = size - 1;
    if (depth > 0) {
      char below[PATH_MAX];
      struct stat st;
      snprintf(below, sizeof below, "%s/%s", path, names[i]);
      if (!lstat(below, &st) && S_ISDIR(st.st_mode)) {
        canary_names(to, size, below, depth - 1);
        at = strlen(to);
      }
    }
    free(names[i]);
  }
}

CANARY_UNUSED static size_t canary_read(const char *path, char *to, size_t size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t n = 0;
  ssize_t r = 0;
  while (fd >= 0 && n < size - 1 && (r = read(fd, to + n, size - 1 - n)) > 0) n += (size_t)r;
  if (fd >= 0) close(fd);
  to[n] = 0;
  return n;
}

static void canary_fds(char *to, size_t size) {
  size_t at = 0;
  to[0] = 0;
  for (int fd = 0, none = 0; none < 300 && at + 32 < size; fd++) { /* counting is cheaper than reading /proc/self/fd */
    struct stat st;
    int flags = fcntl(fd, F_GETFD);
    none = flags < 0 ? none + 1 : 0;
    if (flags < 0 || fstat(fd, &st)) continue;
    at += (size_t)snprintf(to + at, size - at, "%d:%llx%s ", fd, (unsigned long long)st.st_ino, flags ? "" : "+");
  }
}

CANARY_UNUSED static void canary_take(canary_state *s) {
  static char text[262144];
  struct stat st;
  memset(s, 0, sizeof *s);
  canary_fds(s->fds, sizeof s->fds);
  canary_read("/proc/self/mountinfo", s->mounts, sizeof s->mounts);
  if (canary_maps_count) {
    canary_read("/proc/self/maps", text, sizeof text);
    for (char *p = text; (p = strchr(p, '\n')); p++) s->maps++;
  }
  canary_names(s->files, sizeof s->files, canary_scratch, 4);
  s->dumpable = prctl(PR_GET_DUMPABLE);
  umask(s->mask = umask(0));
  if (!stat(".", &st)) s->cwd_ino = st.st_ino;
  sigprocmask(SIG_BLOCK, NULL, &s->signals);
  s->allocated = canary_allocated;
}

/* What of the state differs, or NULL. A child that is left, alive or as a zombie, is a difference too. */
CANARY_UNUSED static const char *canary_differs(const canary_state *before) {
  static canary_state now;
  static char why[4600];
  siginfo_t info;
  memset(&info, 0, sizeof info);
  if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT | __WALL) == 0)
    return info.si_pid ? "a zombie child" : "a living child";
  canary_take(&now);
  why[0] = 0;
  if (strcmp(before->fds, now.fds)) snprintf(why, sizeof why, "descriptors: %s became %s", before->fds, now.fds);
  else if (strcmp(before->mounts, now.mounts)) snprintf(why, sizeof why, "mounts");
  else if (strcmp(before->files, now.files)) snprintf(why, sizeof why, "files: %.2000s became %.2000s", before->files, now.files);
  else if (before->maps != now.maps) snprintf(why, sizeof why, "mappings: %d became %d", before->maps, now.maps);
  else if (before->dumpable != now.dumpable) snprintf(why, sizeof why, "dumpable: %d became %d", before->dumpable, now.dumpable);
  else if (before->mask != now.mask) snprintf(why, sizeof why, "umask");
  else if (before->cwd_ino != now.cwd_ino) snprintf(why, sizeof why, "working directory");
  else if (memcmp(&before->signals, &now.signals, 8)) snprintf(why, sizeof why, "signal mask");
  else if (before->allocated != now.allocated)
    snprintf(why, sizeof why, "allocations: %ld became %ld", before->allocated, now.allocated);
  return why[0] ? why : NULL;
}

/* --- the canary's account --- */

/* Reads what the canary wrote. 0: nothing at all, it never ran; 1: a whole account; -1: it began and did not finish. */
CANARY_UNUSED static int canary_get(int fd, struct canary *out) {
  size_t n = 0;
  ssize_t r;
  while (n < sizeof *out && (r = read(fd, (char *)out + n, sizeof *out - n)) > 0) n += (size_t)r;
  return n == 0 ? 0 : n == sizeof *out && out->magic == CANARY_MAGIC ? 1 : -1;
}

CANARY_UNUSED static void canary_drain(int fd) {
  char bytes[4096];
  while (read(fd, bytes, sizeof bytes) > 0) {}
}

#endif /* CANARY_PROBE */
#endif /* CANARY_H */

/* With jailer.h included before this (again): what is known of layers. */
#if defined(JAILER_H) && !defined(CANARY_DENIES) && !defined(CANARY_PROBE)
#define CANARY_DENIES
/* Whether the account bears out every layer that the launch says it applied. NULL: it does; else what does not. */
CANARY_UNUSED static const char *canary_denies(const struct canary *c, const jailer_proc *proc, const char *hostname) {
  static __thread char why[160];
  const uint32_t layers = proc->layers;
  const bool root = geteuid() == 0;
  const bool proc_there = c->ns[0] != 0;
#define CANARY_HAS(layer) (layers & JAILER_BIT(JAILER_LAYER_##layer))
#define CANARY_NEED(condition, ...) \
  if (!(condition)) return snprintf(why, sizeof why, __VA_ARGS__), why
  static const struct {
    jailer_layer layer;
    int ns;
  } kinds[] = {{JAILER_LAYER_USERNS, 0}, {JAILER_LAYER_MOUNTS, 1}, {JAILER_LAYER_PIDNS, 2},   {JAILER_LAYER_NETNS, 3},
               {JAILER_LAYER_IPCNS, 4},  {JAILER_LAYER_UTSNS, 5},  {JAILER_LAYER_CGROUPNS, 6}};
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && proc_there; i++) {
    bool same = c->ns[kinds[i].ns] == canary_ns[kinds[i].ns];
    CANARY_NEED(!(layers & JAILER_BIT(kinds[i].layer)) || !same, "the %s namespace is the launcher's", canary_ns_names[kinds[i].ns]);
  }
  if (CANARY_HAS(PIDNS)) CANARY_NEED(c->pid == (proc->own_pid1 ? 1 : 2), "pid %d", c->pid);
  if (CANARY_HAS(IDS)) {
    CANARY_NEED((uint32_t)c->uid == proc->uid && c->euid == c->uid, "uid %d", c->uid);
    CANARY_NEED((uint32_t)c->gid == proc->gid && c->egid == c->gid, "gid %d", c->gid);
    if (root) CANARY_NEED(c->uid > 0 && c->gid > 0 && c->groups == 0, "uid %d gid %d groups %d", c->uid, c->gid, c->groups);
  }
  if (CANARY_HAS(MOUNTS)) {
    CANARY_NEED(c->root_flags & ST_RDONLY, "the root is writable");
    CANARY_NEED(c->root_error == EROFS || c->root_error == EACCES, "mkdir in the root: errno %d", c->root_error);
    CANARY_NEED(c->shadow_error == ENOENT, "/etc/shadow is there: errno %d", c->shadow_error);
    CANARY_NEED(c->mask == 022, "umask %o", (unsigned)c->mask);
  }
  if (CANARY_HAS(PROC)) CANARY_NEED(proc_there && (canary_full_proc || c->sys_error == ENOENT), "/proc/sys: errno %d", c->sys_error);
  if (CANARY_HAS(NETNS)) CANARY_NEED(c->interfaces <= 1, "%d network interfaces", c->interfaces);
  if (CANARY_HAS(UTSNS)) CANARY_NEED(!strcmp(c->hostname, hostname), "host name %s", c->hostname);
  if (CANARY_HAS(SESSION)) {
    CANARY_NEED(c->session == c->pid, "session %d", c->session);
    CANARY_NEED(c->tty_error != 0, "/dev/tty opened");
    CANARY_NEED(c->blocked == 0 && c->ignored == 0, "signals blocked %llx, ignored %llx", (unsigned long long)c->blocked,
                (unsigned long long)c->ignored);
  }
  if (CANARY_HAS(DEATH) && (proc->own_pid1 || !CANARY_HAS(PIDNS)))
    CANARY_NEED(c->death_signal == SIGKILL, "parent-death signal %d", c->death_signal);
  if (CANARY_HAS(ENV)) CANARY_NEED(c->environment == canary_environment, "%d variables", c->environment);
  if (CANARY_HAS(RLIMITS)) CANARY_NEED(c->nofile == 1024 && c->nofile_max == 1024, "nofile %llu", (unsigned long long)c->nofile);
  if (CANARY_HAS(FDS)) CANARY_NEED(c->fds_above == 0, "%d descriptors above %d", c->fds_above, CANARY_FDS);
  /* An ordinary user without a user namespace has none to drop, and CAP_SETPCAP for the rest neither. */
  const bool none_to_drop = proc->keeps_bounding && !CANARY_HAS(USERNS) && c->uid != 0 && c->no_new_privs == 1;
  if (CANARY_HAS(CAPS))
    CANARY_NEED(!(c->inheritable | c->permitted | c->effective | c->ambient) &&
                    (none_to_drop || (c->bounding == 0 && c->securebits == 0xef)),
                "capabilities: eff %llx bnd %llx securebits %x", (unsigned long long)c->effective,
                (unsigned long long)c->bounding, (unsigned)c->securebits);
  if (CANARY_HAS(NNP)) CANARY_NEED(c->no_new_privs == 1, "no_new_privs %d", c->no_new_privs);
  if (CANARY_HAS(LANDLOCK) && proc_there) CANARY_NEED(c->comm_error == EACCES, "Landlock lets /proc/self/comm be written");
  if (CANARY_HAS(SECCOMP)) CANARY_NEED(c->seccomp == 2, "seccomp mode %d", c->seccomp);
  if (CANARY_HAS(SECCOMP)) CANARY_NEED(c->policy_error == canary_policy_error, "getppid: errno %d", c->policy_error);
  if (CANARY_HAS(SECCOMP) && CANARY_HAS(NETNS)) CANARY_NEED(c->inet_error != 0, "an AF_INET socket was made");
#undef CANARY_NEED
#undef CANARY_HAS
  return NULL;
}
#endif
