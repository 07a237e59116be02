/* test_leaks.c: 5,000 launches leave the process and the machine as they were: descriptors, children, mounts, mappings,
 * memory, files, signal mask, dumpable flag, and the namespaces that the kernel counts for a user. */
#define _GNU_SOURCE
#include "canary.h"
#include <sched.h>
#include <time.h>

#define JAILER_MALLOC(size) canary_malloc(size)
#define JAILER_REALLOC(p, size) canary_realloc(p, size)
#define JAILER_FREE(p) canary_free(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "canary.h" /* again: now with what it knows of layers */
#include "tap.h"

static const char *ro, *rw;

enum { GOOD = 0, SYSTEM, NETWORK, INIT, KILLED, REFUSED_PLAN, REFUSED_EXEC, KINDS };
static long outcomes[KINDS];
static long wrong;

static void complain(int kind, const char *why) {
  if (wrong++ < 3) printf("# kind %d: %s\n", kind, why);
}

/* One launch, in one of seven ways. */
static void launch(int kind) {
  const char *sleeping[] = {canary_program, "sleep", NULL}, *argv[] = {canary_program, ro, rw, NULL};
  const char *absent[] = {"/no/such/program", NULL};
  const jailer_grant grants[] = {{ro, NULL, JAILER_READ, false}, {rw, NULL, JAILER_WRITE, false}, {"/no/such/path", NULL, JAILER_READ, false}};
  const jailer_fd fds[] = {{canary_write_fd, true, 1}};
  struct canary c;
  jailer_config config;
  jailer_proc proc;
  jailer_error err;
  jailer_status status;
  memset(&config, 0, sizeof config);
  config.argv = kind == KILLED ? sleeping : kind == REFUSED_EXEC ? absent : argv;
  config.grants = grants;
  config.grant_count = kind == REFUSED_PLAN ? 3 : 2;
  config.fds = fds;
  config.fd_count = 1;
  config.without_system = kind != SYSTEM;
  config.allow_network = kind == NETWORK;
  config.with_init = kind == INIT;
  jailer_code code = jailer_launch(&config, &proc, &err);
  if (kind == REFUSED_PLAN || kind == REFUSED_EXEC) {
    if (code != (kind == REFUSED_PLAN ? JAILER_E_NOT_FOUND : JAILER_E_EXEC) && code != JAILER_E_NOT_FOUND) complain(kind, jailer_code_name(code));
    outcomes[kind] += code != JAILER_OK;
    return;
  }
  if (code) return complain(kind, err.message);
  if (kind == KILLED) code = jailer_kill(&proc, SIGTERM, &err);
  if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
  if (code) return complain(kind, err.message);
  if (kind == KILLED) {
    if (status.exited || status.signal != SIGTERM) complain(kind, "not ended by SIGTERM");
    canary_drain(canary_read_fd);
  } else {
    if (canary_get(canary_read_fd, &c) != 1 || !status.exited || status.exit_code) complain(kind, "the canary did not report");
  }
  outcomes[kind]++;
}

static int kind_of(int i) { return i % 50 == 7 ? SYSTEM : i % 50 == 17 ? INIT : i % 50 == 27 ? KILLED : i % 50 == 37 ? REFUSED_PLAN : i % 50 == 47 ? REFUSED_EXEC : i % 10 == 0 ? NETWORK : GOOD; }

static long resident_kb(void) {
  char text[256];
  long total = 0, resident = 0;
  canary_read("/proc/self/statm", text, sizeof text);
  if (sscanf(text, "%ld %ld", &total, &resident) != 2) return 0;
  return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY);
  if (fd < 0 || write(fd, text, strlen(text)) < 0) printf("# %s: %s\n", path, strerror(errno));
  if (fd >= 0) close(fd);
}

/* A user namespace has its own limits of namespaces. With room for 40 of each kind, 300 launches only work when each gives
 * back what it took. Answers how many worked. */
static int counted_namespaces(void) {
  static const char *const kinds[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};
  int ends[2], worked = 0;
  if (pipe(ends)) canary_bail("pipe");
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    char text[64], path[64];
    if (geteuid() == 0 && (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))) _exit(1);
    prctl(PR_SET_DUMPABLE, 1);
    const unsigned uid = geteuid(), gid = getegid();
    if (unshare(CLONE_NEWUSER)) {
      printf("# unshare: %s\n", strerror(errno));
      _exit(1);
    }
    put("/proc/self/setgroups", "deny");
    snprintf(text, sizeof text, "%u %u 1", uid, uid);
    put("/proc/self/uid_map", text);
    snprintf(text, sizeof text, "%u %u 1", gid, gid);
    put("/proc/self/gid_map", text);
    for (int i = 0; i < 7; i++) {
      snprintf(path, sizeof path, "/proc/sys/user/max_%s_namespaces", kinds[i]);
      put(path, "40");
    }
    for (int i = 0; i < 300; i++) {
      const char *argv[] = {"/bin/true", NULL};
      jailer_config config;
      jailer_proc proc;
      jailer_error err;
      jailer_status status;
      memset(&config, 0, sizeof config);
      config.argv = argv;
      jailer_code code = JAILER_E_DENIED;
      for (int tries = 0; tries < 60 && code == JAILER_E_DENIED; tries++) { /* namespaces are taken apart in the background */
        struct timespec pause = {0, 50000000};
        if (tries) nanosleep(&pause, NULL);
        code = jailer_launch(&config, &proc, &err);
      }
      if (code == JAILER_OK) code = jailer_wait(&proc, 20000, &status, &err);
      if (code == JAILER_OK) worked++;
      else printf("# launch %d: %s\n", i, err.message);
      if (code) break;
    }
    fflush(stdout);
    if (write(ends[1], &worked, sizeof worked) < 0) _exit(1);
    _exit(0);
  }
  close(ends[1]);
  if (read(ends[0], &worked, sizeof worked) != sizeof worked) worked = -1;
  close(ends[0]);
  waitpid(child, NULL, 0);
  return worked;
}

int main(void) {
  static canary_state before;
  struct timespec began, now;
  canary_maps_count = canary_maps_count && CANARY_PLAIN;
  canary_setup();
  prctl(PR_SET_DUMPABLE, 1);
  setenv("TMPDIR", canary_scratch, 1);
  canary_pipe();
  ro = canary_dir("ro", "ro");
  rw = canary_dir("rw", "rw");
  chmod(rw, 0777);
  clock_gettime(CLOCK_MONOTONIC, &began);
  for (int i = 0; i < 200; i++) launch(kind_of(i)); /* libc's own first-time mappings */
  canary_take(&before);
  before.dumpable = 1; /* as it was at first */
  const long resident = resident_kb();
  for (int i = 0; i < 5000; i++) launch(kind_of(i));
  const long grown = resident_kb() - resident;
  const char *why = canary_differs(&before);
  clock_gettime(CLOCK_MONOTONIC, &now);
  OK(wrong == 0 && outcomes[GOOD] > 4000 && outcomes[INIT] >= 100 && outcomes[KILLED] >= 100 && outcomes[REFUSED_PLAN] >= 100,
     "5,000 launches: good, with an init, killed, refused");
  OK(why == NULL, "descriptors, children, mounts, mappings, files, allocations, mask and flags are as they were");
  if (why) printf("# %s\n", why);
  OK(!CANARY_PLAIN || grown < 512, "and so is the memory, within half a megabyte");
  printf("# %ld KiB more, %ld s\n", grown, (long)(now.tv_sec - began.tv_sec));
  const int worked = counted_namespaces();
  OK(worked == 300, "where a user has 40 namespaces of each kind, 300 launches go through");
  if (worked != 300) printf("# %d of 300\n", worked);
  why = canary_differs(&before);
  OK(why == NULL, "and at the end everything is as it was");
  if (why) printf("# %s\n", why);
  canary_remove(canary_scratch);
  return tap_done();
}
