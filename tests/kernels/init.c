/* init.c: the first process of a virtual machine of run.sh. Makes a root as installed systems have it, runs jobs one
 * after the other, writes what they said to the second serial port and switches the machine off.
 *
 * /jobs says which, and for which kind of boot; "kind" comes from the kernel's command line. Of each job comes, without
 * passing rows but for their number:
 *   job NAME UID
 *   | what it printed
 *   end NAME UID PASSED MILLISECONDS STATUS      STATUS: a number, "signal N" or "deadline"
 * The last line of all is "done". Only when it is there did everything else get through. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <net/if.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <sys/io.h>
#endif

enum { LINE = 4096 };

static int result = -1;

/* The exit port takes QEMU down at once and with a status of its own: 2 * 0 + 1. Elsewhere "done" has to do. */
static void machine_off(void) {
  if (result >= 0) tcdrain(result);
  sync();
#ifdef __x86_64__
  if (ioperm(0xf4, 4, 1) == 0) outl(0, 0xf4);
#endif
  reboot(RB_POWER_OFF);
  reboot(RB_AUTOBOOT); /* -no-reboot: QEMU ends */
  for (;;) pause();
}

static void die(const char *what) {
  printf("init: %s: %s\n", what, strerror(errno));
  fflush(stdout);
  machine_off();
}

__attribute__((format(printf, 1, 2))) static void tell(const char *format, ...) {
  char text[LINE + 64];
  va_list list;
  va_start(list, format);
  int n = vsnprintf(text, sizeof text, format, list);
  va_end(list);
  if (n >= (int)sizeof text) n = sizeof text - 1;
  for (int at = 0; at < n;) {
    ssize_t wrote = write(result, text + at, (size_t)(n - at));
    if (wrote < 0 && errno != EINTR) die("the result port");
    if (wrote > 0) at += (int)wrote;
  }
}

static void run(char *const *argv) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0) {
    execv(argv[0], argv);
    _exit(127);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid || status) die(argv[1]);
}

static void mounted(const char *type, const char *path, unsigned long flags, const char *options) {
  if (mkdir(path, 0755) && errno != EEXIST) die(path);
  if (mount(type, path, type, flags, options)) die(path);
}

/* The initramfs is no root that pivot_root can leave (before 7.x), and in a chroot ordinary users get no user namespace:
   so a tmpfs takes its place, as switch_root does it. /payload is what the root shall hold. */
static void new_root(void) {
  char *const copy[] = {"/payload/usr/bin/busybox", "cp", "-a", "/payload/.", "/new", NULL};
  char *const applets[] = {"/usr/bin/busybox", "--install", "-s", "/usr/bin", NULL};
  mounted("tmpfs", "/new", 0, "mode=755,size=75%");
  run(copy);
  if (chdir("/new") || mount(".", "/", NULL, MS_MOVE, NULL) || chroot(".") || chdir("/")) die("the new root");
  run(applets);
}

static void system_mounts(void) {
  const unsigned long safe = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  mounted("proc", "/proc", safe, NULL);
  mounted("sysfs", "/sys", safe, NULL);
  mounted("devtmpfs", "/dev", MS_NOSUID, "mode=755");
  mounted("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "mode=620,ptmxmode=666");
  mounted("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777");
  mounted("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755");
  mounted("tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777");
  mounted("cgroup2", "/sys/fs/cgroup", safe, NULL);
  if (mount(NULL, "/", NULL, MS_REC | MS_SHARED, NULL)) die("shared mounts"); /* as systemd has them */
  static const char *const links[][2] = {{"/proc/self/fd", "/dev/fd"}, {"/proc/self/fd/0", "/dev/stdin"},
                                         {"/proc/self/fd/1", "/dev/stdout"}, {"/proc/self/fd/2", "/dev/stderr"}};
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (symlink(links[i][0], links[i][1]) && errno != EEXIST) die(links[i][1]);
}

static void loopback_up(void) {
  struct ifreq request = {.ifr_name = "lo"};
  int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request)) die("lo");
  request.ifr_flags |= IFF_UP | IFF_RUNNING;
  if (ioctl(fd, SIOCSIFFLAGS, &request)) die("lo");
  close(fd);
}

static void open_result(void) {
  struct termios mode;
  result = open("/dev/ttyS1", O_WRONLY | O_NOCTTY | O_CLOEXEC);
#ifndef __x86_64__
  if (result < 0 || tcgetattr(result, &mode)) result = open("/dev/ttyS0", O_WRONLY | O_NOCTTY | O_CLOEXEC);
#endif
  if (result < 0 || tcgetattr(result, &mode)) die("the result port");
  cfmakeraw(&mode);
  if (tcsetattr(result, TCSANOW, &mode)) die("the result port");
}

static long now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const char *word(const char *name) { /* of the kernel's command line */
  const char *value = getenv(name);
  return value ? value : "";
}

/* The job's own process: a session, an identity without groups, a small environment. */
__attribute__((noreturn)) static void become(uid_t uid, const char *command, int out) {
  char abi[64], version[64];
  char *const environment[] = {"PATH=/usr/bin", "LC_ALL=C", "TMPDIR=/tmp", "JAILER_BUILD=/jailer/build", "JAILER_EMULATED=1",
                               abi, version, NULL};
  snprintf(abi, sizeof abi, "abi=%s", word("abi"));
  snprintf(version, sizeof version, "version=%s", word("version"));
  int null = open("/dev/null", O_RDONLY);
  setsid();
  if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0) _exit(126);
  if (null > 2) close(null);
  if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) _exit(126);
  execle("/bin/sh", "sh", "-c", command, (char *)NULL, environment);
  _exit(127);
}

static bool passing(const char *line) {
  return strncmp(line, "ok ", 3) == 0 && !strcasestr(line, "# skip");
}

/* Hands on the whole lines of text[0..used) and, at the end of the output, what follows the last of them. Answers how much
   is left. */
static size_t hand_on(char *text, size_t used, bool ended, long *passed) {
  size_t at = 0;
  for (;;) {
    char *end = memchr(text + at, '\n', used - at);
    if (!end && (at == used || (!ended && !(at == 0 && used == LINE - 1)))) break;
    size_t stop = end ? (size_t)(end - text) : used;
    text[stop] = 0;
    if (passing(text + at)) ++*passed;
    else tell("| %s\n", text + at);
    at = end ? stop + 1 : used;
  }
  memmove(text, text + at, used - at);
  return used - at;
}

static void job(uid_t uid, long seconds, const char *name, const char *command) {
  char text[LINE];
  size_t used = 0;
  long passed = 0, began = now_ms(), until = began + seconds * 1000, took;
  int ends[2], status = 0;
  bool late = false;
  if (pipe2(ends, O_CLOEXEC)) die("pipe2");
  tell("job %s %u\n", name, (unsigned)uid);
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) become(uid, command, ends[1]);
  close(ends[1]);
  for (;;) {
    struct pollfd ready = {ends[0], POLLIN, 0};
    long left = until - now_ms();
    late = left <= 0 || poll(&ready, 1, (int)left) == 0;
    ssize_t n = late ? 0 : read(ends[0], text + used, LINE - 1 - used);
    if (n > 0) used += (size_t)n;
    used = hand_on(text, used, n <= 0, &passed);
    if (n <= 0) break;
  }
  close(ends[0]);
  if (late) kill(-pid, SIGKILL);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
  took = now_ms() - began;
  kill(-1, SIGKILL); /* what is left of it: every process but this one */
  while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
  tell("end %s %u %ld %ld ", name, (unsigned)uid, passed, took);
  if (late) tell("deadline\n");
  else if (WIFSIGNALED(status)) tell("signal %d\n", WTERMSIG(status));
  else tell("%d\n", WEXITSTATUS(status));
}

/* Whether the list of words between commas holds this one. */
static bool listed(const char *list, const char *wanted) {
  const size_t n = strlen(wanted);
  for (const char *at = list; at; at = strchr(at, ',')) {
    if (*at == ',') at++;
    if (strncmp(at, wanted, n) == 0 && (at[n] == ',' || !at[n])) return true;
  }
  return false;
}

int main(void) {
  char line[LINE], kinds[64], uids[64], name[64];
  setvbuf(stdout, NULL, _IOLBF, 0);
  umask(022);
  new_root();
  system_mounts();
  loopback_up();
  open_result();
  FILE *jobs = fopen("/jobs", "re");
  if (!jobs || chdir("/jailer")) die("/jobs");
  while (fgets(line, sizeof line, jobs)) {
    long seconds;
    int at = 0;
    line[strcspn(line, "\n")] = 0;
    if (line[0] == '#') continue;
    if (sscanf(line, "%63s %63s %ld %63s %n", kinds, uids, &seconds, name, &at) < 4) die("a line of /jobs");
    if (!listed(kinds, word("kind"))) continue;
    if (strcmp(uids, "heavy") == 0) snprintf(uids, sizeof uids, "%s", word("heavy"));
    if (listed(uids, "0")) job(0, seconds, name, line + at);
    if (listed(uids, "1000")) job(1000, seconds, name, line + at);
  }
  tell("done\n");
  machine_off();
}
