/* floor.c: what a confined launch costs when nothing but the system calls is left.
 *
 * Launches BINARY N times behind user/mount/pid/ipc/uts/cgroup namespaces (and net with NET=1), a tmpfs
 * root with GRANTS read-only binds, fresh /proc /dev /tmp, pivot_root, empty capability sets, rlimits,
 * no_new_privs, Landlock, a 245-instruction seccomp program and closed descriptors, all fixed at compile
 * time, unchecked by any policy. It is the comparator for the launch benchmark, not an example to
 * follow: it validates nothing. Next to it, plain posix_spawn of the same binary.
 *
 *   cc -O2 -o floor tests/bench/floor.c && ./floor N GRANTS NET /path/to/static/binary
 * prints: spawn_us MEDIAN  jail_us MEDIAN  ratio R
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NR_open_tree 428
#define NR_move_mount 429
#define NR_close_range 436
#define NR_mount_setattr 442
#define NR_landlock 444
#define CHECK(x) \
  do { \
    if ((x) < 0) { \
      dprintf(2, "%s: %s\n", #x, strerror(errno)); \
      _exit(99); \
    } \
  } while (0)

struct ruleset {
  uint64_t fs, net, scoped;
};
struct __attribute__((packed)) beneath {
  uint64_t access;
  int32_t fd;
};
struct mattr {
  uint64_t set, clr, propagation, userns;
};

static char grants[256][120];
static int ngrants, ruleset_fd;
static const char *binary;
static struct sock_fprog filter;
static const char *const devices[] = {"null", "zero", "full", "random", "urandom"};

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}
static void put(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CLOEXEC);
  CHECK(fd);
  CHECK(write(fd, text, strlen(text)));
  close(fd);
}
static void make_dirs(char *path) {
  for (char *p = path + 4; *p; p++)
    if (*p == '/') {
      *p = 0;
      mkdir(path, 0755);
      *p = '/';
    }
  mkdir(path, 0755);
}
static int child(void *arg) {
  (void)arg;
  char src[256], dst[256];
  setsid();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  CHECK(mount(0, "/", 0, MS_REC | MS_SLAVE | MS_SILENT, 0));
  CHECK(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"));
  CHECK(chdir("/tmp"));
  CHECK(mkdir("new", 0755));
  CHECK(mkdir("old", 0755));
  CHECK(mount("new", "new", 0, MS_BIND | MS_REC, 0));
  CHECK(syscall(SYS_pivot_root, ".", "old"));
  CHECK(chdir("/"));
  for (int i = 0; i < ngrants; i++) {
    snprintf(src, sizeof src, "old%.119s", grants[i]);
    snprintf(dst, sizeof dst, "new%.119s", grants[i]);
    make_dirs(dst);
    int tree = (int)syscall(NR_open_tree, AT_FDCWD, src, 1 | O_CLOEXEC | 0x8000);
    CHECK(tree);
    struct mattr attr = {.set = 1 | 2 | 4};
    CHECK(syscall(NR_mount_setattr, tree, "", AT_EMPTY_PATH | 0x8000, &attr, sizeof attr));
    CHECK(syscall(NR_move_mount, tree, "", AT_FDCWD, dst, 4));
    close(tree);
  }
  CHECK(mkdir("new/proc", 0755));
  CHECK(mount("proc", "new/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, 0));
  mkdir("new/tmp", 0755);
  CHECK(mkdir("new/dev", 0755));
  CHECK(mount("tmpfs", "new/dev", "tmpfs", MS_NOSUID, "mode=755"));
  for (int i = 0; i < 5; i++) {
    snprintf(src, sizeof src, "old/dev/%s", devices[i]);
    snprintf(dst, sizeof dst, "new/dev/%s", devices[i]);
    int fd = open(dst, O_CREAT | O_WRONLY | O_CLOEXEC, 0666);
    CHECK(fd);
    close(fd);
    CHECK(mount(src, dst, 0, MS_BIND, 0));
  }
  CHECK(umount2("old", MNT_DETACH));
  CHECK(chdir("/new"));
  CHECK(syscall(SYS_pivot_root, ".", "."));
  CHECK(umount2(".", MNT_DETACH));
  CHECK(chdir("/"));
  CHECK(mount(0, "/", 0, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, 0));
  CHECK(sethostname("box", 3));
  for (int c = 0; c <= 40; c++) prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
  struct rlimit limit = {1024, 1024};
  setrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max = 0;
  setrlimit(RLIMIT_CORE, &limit);
  struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {{0, 0, 0}, {0, 0, 0}};
  CHECK(syscall(SYS_capset, &head, data));
  CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  CHECK(syscall(NR_landlock + 2, ruleset_fd, 0));
  CHECK(syscall(NR_close_range, 3u, ~0u, 0));
  CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter));
  char *argv[] = {(char *)"floor", 0}, *envp[] = {0};
  execve(binary, argv, envp);
  _exit(98);
}
struct go {
  int uid, gid;
};
static int mapped_child(void *arg) {
  struct go *go = arg;
  char text[64];
  put("/proc/self/setgroups", "deny");
  snprintf(text, sizeof text, "%d %d 1\n", go->uid, go->uid);
  put("/proc/self/uid_map", text);
  snprintf(text, sizeof text, "%d %d 1\n", go->gid, go->gid);
  put("/proc/self/gid_map", text);
  return child(0);
}
static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}
int main(int argc, char **argv) {
  if (argc != 5) {
    fprintf(stderr, "usage: floor N GRANTS NET BINARY\n");
    return 2;
  }
  int n = atoi(argv[1]), extra = atoi(argv[2]), net = atoi(argv[3]);
  binary = argv[4];
  char copy[256], scratch[] = "/tmp/floor.XXXXXX";
  snprintf(copy, sizeof copy, "%s", binary);
  snprintf(grants[ngrants++], sizeof grants[0], "/usr");
  snprintf(grants[ngrants++], sizeof grants[0], "%s", dirname(copy));
  if (extra > 2 && !mkdtemp(scratch)) return 1;
  while (ngrants < extra && ngrants < 256) {
    snprintf(grants[ngrants], sizeof grants[0], "%s/%d", scratch, ngrants);
    mkdir(grants[ngrants++], 0755);
  }
  static struct sock_filter prog[300];
  int k = 0;
#if defined(__x86_64__)
  const unsigned arch = AUDIT_ARCH_X86_64;
#else
  const unsigned arch = AUDIT_ARCH_AARCH64;
#endif
  prog[k++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 4);
  prog[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
  prog[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
  prog[k++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0);
  for (unsigned i = 0; i < 120; i++) {
    prog[k++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 600 + i, 0, 1);
    prog[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 1);
  }
  prog[k++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  filter.len = (unsigned short)k;
  filter.filter = prog;
  char *stack = mmap(0, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  double *spawn_us = calloc((size_t)n, sizeof(double)), *jail_us = calloc((size_t)n, sizeof(double));
  struct go go = {(int)getuid(), (int)getgid()};
  for (int i = 0; i < n; i++) {
    int status;
    pid_t pid;
    char *av[] = {(char *)"floor", 0}, *ev[] = {0};
    double t = now_us();
    if (posix_spawn(&pid, binary, 0, 0, av, ev) || waitpid(pid, &status, 0) < 0 || status) return 1;
    spawn_us[i] = now_us() - t;
    t = now_us();
    struct ruleset attr = {0xffff, 3, 3};
    ruleset_fd = (int)syscall(NR_landlock, &attr, sizeof attr, 0);
    if (ruleset_fd < 0) {
      perror("landlock");
      return 1;
    }
    for (int g = 0; g < ngrants + 5; g++) {
      char path[160] = "";
      if (g < ngrants) snprintf(path, sizeof path, "%.119s", grants[g]);
      else snprintf(path, sizeof path, "/dev/%s", devices[g - ngrants]);
      int fd = open(path, O_PATH | O_CLOEXEC);
      struct beneath rule = {g < ngrants ? 1 | 4 | 8 : 2 | 4, fd};
      if (syscall(NR_landlock + 1, ruleset_fd, 1, &rule, 0)) {
        perror("rule");
        return 1;
      }
      close(fd);
    }
    int flags = SIGCHLD | CLONE_VM | CLONE_VFORK | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                CLONE_NEWUTS | CLONE_NEWCGROUP | (net ? CLONE_NEWNET : 0);
    pid = clone(mapped_child, stack + (1 << 20), flags, &go);
    if (pid < 0) {
      perror("clone");
      return 1;
    }
    close(ruleset_fd);
    if (waitpid(pid, &status, 0) < 0 || status) {
      fprintf(stderr, "status %x\n", (unsigned)status);
      return 1;
    }
    jail_us[i] = now_us() - t;
  }
  qsort(spawn_us, (size_t)n, sizeof(double), by_value);
  qsort(jail_us, (size_t)n, sizeof(double), by_value);
  printf("spawn_us %.0f  jail_us %.0f  ratio %.2f\n", spawn_us[n / 2], jail_us[n / 2],
         jail_us[n / 2] / spawn_us[n / 2]);
  for (int i = 2; i < ngrants; i++) rmdir(grants[i]);
  if (extra > 2) rmdir(scratch);
  return 0;
}
