/* test_host.c: what a launch does on other kernels; run by init.c in the virtual machines of run.sh.
 *   test_host abi N[+]         Landlock has ABI N here (or more), and a strict launch and its report say so
 *   test_host lacks landlock   a strict launch is refused for want of Landlock and nothing runs; with may_degrade it runs,
 *                              without Landlock and with everything else
 *   test_host lacks SYSCTL     the same for user namespaces, which SYSCTL switches off and the refusal names */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"

static char dir[] = "/tmp/host.XXXXXX", rw[64], ro[64], sub[64], mark[72];
static jailer_error err;
static jailer_status status;
static jailer_report report;

__attribute__((noreturn)) static void give_up(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

static bool marked(void) { return access(mark, F_OK) == 0; }

/* The target makes a file, so that whether it ran is to be seen from outside, and tries what the accesses of its grants
   forbid: which layer does that differs from kernel to kernel. Its exit status tells what went wrong. */
static const char script[] = "read line\n"
                             ": >\"$0/mark\"\n"
                             "e=0\n"
                             "(: >\"$1/x\") 2>/dev/null && e=$((e+1))\n"
                             "(: >>\"$1/id\") 2>/dev/null && e=$((e+2))\n"
                             "(: >\"$1/sub/x\") 2>/dev/null && e=$((e+4))\n"
                             "cp /bin/true \"$0/copy\" && chmod 755 \"$0/copy\" || e=$((e+8))\n"
                             "\"$0/copy\" 2>/dev/null && e=$((e+16))\n"
                             "read id <\"$1/id\" && test \"$id\" = granted || e=$((e+32))\n"
                             "exit $e\n";

/* report is of the target while it lives. */
static jailer_code launch(uint32_t may_degrade) {
  const char *const argv[] = {"/bin/sh", "-c", script, rw, ro, NULL};
  const jailer_grant grants[] = {{rw, rw, JAILER_WRITE, false}, {ro, ro, JAILER_READ, false}};
  int ends[2];
  jailer_config config = {.argv = argv, .grants = grants, .grant_count = 2, .may_degrade = may_degrade};
  jailer_proc proc;
  memset(&report, 0, sizeof report);
  memset(&status, 0, sizeof status);
  unlink(mark);
  if (pipe2(ends, O_CLOEXEC)) return JAILER_E_SYSTEM;
  const jailer_fd input = {ends[0], true, 0};
  config.fds = &input;
  config.fd_count = 1;
  if (geteuid() == 0) config.uid = config.gid = 12345;
  jailer_code code = jailer_launch(&config, &proc, &err);
  close(ends[0]);
  if (code == JAILER_OK) {
    code = jailer_report_read(&proc, &report, &err);
    close(ends[1]);
    jailer_code waited = jailer_wait(&proc, 20000, &status, &err);
    if (waited == JAILER_E_TIMEOUT && jailer_kill(&proc, 9, NULL) == JAILER_OK) jailer_wait(&proc, -1, &status, NULL);
    if (code == JAILER_OK) code = waited;
  } else {
    close(ends[1]);
    usleep(200000); /* for what must not run */
  }
  return code;
}

static void told(void) {
  char text[1200];
  jailer_error_text(&err, text, sizeof text);
  printf("# %s\n", text);
}

static void ran(jailer_code code, const char *what) {
  if (!OK(code == JAILER_OK && marked(), "%s: it runs", what)) told();
  OK(status.exited && status.exit_code == 0, "%s: its grants are what they say (%d)", what, status.exit_code);
}

/* Every layer of the report but those of `degraded`, the cgroup that nobody names, and that of macOS is applied. */
static void states(uint32_t degraded, const char *what) {
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    jailer_state wanted = degraded & JAILER_BIT(i) ? JAILER_DEGRADED : JAILER_APPLIED;
    if (i == JAILER_LAYER_CGROUP || i == JAILER_LAYER_SEATBELT) wanted = JAILER_NOT_REQUESTED;
    OK(report.layer[i].state == wanted, "%s: %s is %s (%s)", what, jailer_layer_name((jailer_layer)i),
       jailer_state_name(wanted), jailer_state_name(report.layer[i].state));
  }
}

static void test_abi(const char *wanted) {
  jailer_host host;
  char *end;
  uint32_t abi = (uint32_t)strtoul(wanted, &end, 10);
  jailer_code code = jailer_probe(&host, &err);
  OK(code == JAILER_OK && abi > 0 && (host.landlock_abi == abi || (*end == '+' && host.landlock_abi > abi)),
     "the kernel has Landlock ABI %u, %s is expected", (unsigned)host.landlock_abi, wanted);
  ran(launch(0), "strict");
  states(0, "strict");
  OK(report.landlock_abi == host.landlock_abi, "and the report says ABI %u", (unsigned)report.landlock_abi);
}

static void test_refused(jailer_code code, jailer_code wanted, jailer_layer layer, const char *text) {
  if (!OK(code == wanted && err.layer == layer && strstr(err.message, text), "strict: refused with %s, naming %s",
          jailer_code_name(wanted), text))
    told();
  OK(!marked(), "strict: the target has not run");
}

static void test_no_landlock(void) {
  const uint32_t gone = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  jailer_host host;
  OK(jailer_probe(&host, &err) == JAILER_OK && host.landlock_abi == 0, "the probe finds no Landlock");
  test_refused(launch(0), JAILER_E_UNSUPPORTED, JAILER_LAYER_LANDLOCK, "Landlock");
  test_refused(launch(~gone & (JAILER_BIT(JAILER_LAYER_COUNT) - 2)), JAILER_E_UNSUPPORTED, JAILER_LAYER_LANDLOCK,
               "Landlock");
  ran(launch(gone), "may_degrade");
  states(gone, "may_degrade");
  OK(report.landlock_abi == 0, "and the report says ABI 0");
  if (geteuid() != 0) return;
  if (mount("none", sub, "tmpfs", 0, "mode=1777")) give_up(sub);
  jailer_code code = launch(gone);
  if (host.kernel_major > 5 || (host.kernel_major == 5 && host.kernel_minor >= 12)) {
    ran(code, "a grant with a mount below it");
  } else {
    OK(code != JAILER_OK && err.layer == JAILER_LAYER_MOUNTS && strstr(err.message, "5.12") && !marked(),
       "a grant with a mount below it is refused before 5.12");
    told();
  }
  umount2(sub, MNT_DETACH);
}

static void test_no_userns(const char *sysctl) {
  const bool root = geteuid() == 0;
  uint32_t gone = JAILER_BIT(JAILER_LAYER_USERNS);
  if (!root) /* without a user namespace an ordinary user has no other; capabilities it has none to give up */
    gone |= JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC) | JAILER_BIT(JAILER_LAYER_PIDNS) |
            JAILER_BIT(JAILER_LAYER_NETNS) | JAILER_BIT(JAILER_LAYER_IPCNS) | JAILER_BIT(JAILER_LAYER_UTSNS) |
            JAILER_BIT(JAILER_LAYER_CGROUPNS);
  if (root && strcmp(sysctl, "kernel.unprivileged_userns_clone") == 0) { /* not meant for root */
    ran(launch(0), "strict, root");
    states(0, "strict, root");
    return;
  }
  test_refused(launch(0), JAILER_E_DENIED, JAILER_LAYER_USERNS, sysctl);
  ran(launch(gone), "may_degrade");
  states(gone, "may_degrade");
}

/* Below dir, a directory whose path goes to `path`, or a file; the target's own, so that only the jail stops it. */
static void make(char path[64], const char *name) {
  char text[64];
  snprintf(text, sizeof text, "%s/%s", dir, name);
  if (path) memcpy(path, text, sizeof text);
  int fd = path ? mkdir(text, 0755) : open(text, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  bool good = fd >= 0 && (path || (write(fd, "granted\n", 8) == 8 && close(fd) == 0));
  if (!good || (geteuid() == 0 && chown(text, 12345, 12345))) give_up(text);
}

static int removed(const char *path, const struct stat *st, int type, struct FTW *where) {
  (void)st, (void)type, (void)where;
  remove(path);
  return 0;
}

int main(int argc, char **argv) {
  if (argc != 3 || (strcmp(argv[1], "abi") && strcmp(argv[1], "lacks"))) return fprintf(stderr, "usage: test_host abi N | lacks landlock | lacks SYSCTL\n"), 2;
  if (!mkdtemp(dir) || chmod(dir, 0755)) return perror(dir), 1;
  make(rw, "rw"), make(ro, "ro"), make(sub, "ro/sub"), make(NULL, "ro/id");
  snprintf(mark, sizeof mark, "%s/mark", rw);
  if (strcmp(argv[1], "abi") == 0) test_abi(argv[2]);
  else if (strcmp(argv[2], "landlock") == 0) test_no_landlock();
  else test_no_userns(argv[2]);
  nftw(dir, removed, 16, FTW_DEPTH | FTW_PHYS);
  return tap_done();
}
