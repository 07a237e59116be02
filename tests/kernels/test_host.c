/* test_host.c: what a launch does on other kernels; run by init.c in the virtual machines of run.sh.
 *   test_host abi N[+]         Landlock has ABI N here (or more), and a strict launch and its report say so
 *   test_host lacks landlock   a strict launch is refused for want of Landlock and nothing runs; with may_degrade it runs,
 *                              without Landlock and with everything else
 *   test_host lacks SYSCTL     the same for user namespaces, which SYSCTL switches off and the refusal names */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../tap.h"

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"

static char dir[] = "/tmp/host.XXXXXX", mark[64];
static jailer_error err;
static jailer_status status;
static jailer_report report;

static bool marked(void) { return access(mark, F_OK) == 0; }

/* The target makes a file; whether it ran is then to be seen from outside. report is of the target while it lives. */
static jailer_code launch(uint32_t may_degrade) {
  const char *const argv[] = {"/bin/sh", "-c", "read line; : >\"$0\"", mark, NULL};
  const jailer_grant grant = {dir, dir, JAILER_WRITE, false};
  int ends[2];
  jailer_config config = {.argv = argv, .grants = &grant, .grant_count = 1, .may_degrade = may_degrade};
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
  if (!OK(code == JAILER_OK && status.exited && status.exit_code == 0 && marked(), "%s: it runs", what)) told();
}

/* Every layer of the report but those of `degraded` is applied. */
static void states(uint32_t degraded, const char *what) {
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    jailer_state wanted = degraded & JAILER_BIT(i) ? JAILER_DEGRADED : JAILER_APPLIED;
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
}

static void test_no_userns(const char *sysctl) {
  const bool root = geteuid() == 0;
  uint32_t gone = JAILER_BIT(JAILER_LAYER_USERNS);
  if (!root) /* without a user namespace an ordinary user has no other, nor the right to give up what it could get back */
    gone |= JAILER_BIT(JAILER_LAYER_CAPS) | JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC) | JAILER_BIT(JAILER_LAYER_PIDNS) |
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

int main(int argc, char **argv) {
  if (argc != 3 || (strcmp(argv[1], "abi") && strcmp(argv[1], "lacks"))) return fprintf(stderr, "usage: test_host abi N | lacks landlock | lacks SYSCTL\n"), 2;
  if (!mkdtemp(dir) || chmod(dir, 0755) || (geteuid() == 0 && chown(dir, 12345, 12345))) return perror(dir), 1;
  snprintf(mark, sizeof mark, "%s/mark", dir);
  if (strcmp(argv[1], "abi") == 0) test_abi(argv[2]);
  else if (strcmp(argv[2], "landlock") == 0) test_no_landlock();
  else test_no_userns(argv[2]);
  unlink(mark);
  rmdir(dir);
  return tap_done();
}
