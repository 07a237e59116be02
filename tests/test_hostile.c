/* test_hostile.c: a jailed process that attacks. Each attack is made by the probe inside, and, where that is possible
 * without harm, by the same probe outside, where it works: so a row that cannot fail is not here. */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "tap.h"

#include "inside.h"

#include <linux/landlock.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>

static const jailer_config strict;

/* ---------------------------------------------------------------- system calls */

/* What each attack answers inside. Outside, in namespaces that are thrown away and with all capabilities over them, it
   must answer something else: BOTH for every user, ROOT only for root (the kernel asks for a capability of the host),
   NEVER where the kernel refuses it to everybody or a control would say nothing. */
enum { BOTH, ROOT, NEVER };
static const struct {
  const char *name, *inside;
  int control;
} attacks[] = {
    {"mount_tmpfs", "EPERM", BOTH},
    {"mount_bind", "EPERM", BOTH},
    {"mount_proc", "EPERM", BOTH},
    {"remount_rw", "EPERM", NEVER},
    {"propagation", "EPERM", BOTH},
    {"umount", "EPERM", BOTH},
    {"pivot_root", "EPERM", BOTH},
    {"chroot", "EPERM", BOTH},
    {"fsopen", "EPERM", BOTH},
    {"fsconfig", "EPERM", BOTH},
    {"fsmount", "EPERM", BOTH},
    {"fspick", "EPERM", ROOT},
    {"open_tree", "EPERM", ROOT},
    {"open_tree_plain", "EPERM", BOTH},
    {"move_mount", "EPERM", BOTH},
    {"mount_setattr", "EPERM", BOTH},
    {"unshare_user", "EPERM", BOTH},
    {"unshare_mnt", "EPERM", BOTH},
    {"unshare_net", "EPERM", BOTH},
    {"unshare_pid", "EPERM", BOTH},
    {"unshare_ipc", "EPERM", BOTH},
    {"unshare_uts", "EPERM", BOTH},
    {"unshare_cgroup", "EPERM", BOTH},
    {"unshare_time", "EPERM", BOTH},
    {"unshare_high", "EPERM", BOTH},
    {"clone_user", "EPERM", BOTH},
    {"clone_mnt", "EPERM", BOTH},
    {"clone_pid", "EPERM", BOTH},
    {"clone_net", "EPERM", BOTH},
    {"clone_ipc", "EPERM", BOTH},
    {"clone_uts", "EPERM", BOTH},
    {"clone_cgroup", "EPERM", BOTH},
    {"clone_high", "EPERM", BOTH},
    {"clone3", "ENOSYS", BOTH},
    {"setns", "EPERM", BOTH},
    {"traceme", "EPERM", BOTH},
    {"trace_child", "EPERM", BOTH},
    {"vm_readv", "EPERM", BOTH},
    {"vm_writev", "EPERM", BOTH},
    {"process_madvise", "EPERM", BOTH},
    {"pidfd_getfd", "EPERM", BOTH},
    {"kcmp", "EPERM", BOTH},
    {"keyctl", "EPERM", BOTH},
    {"add_key", "EPERM", BOTH},
    {"request_key", "EPERM", BOTH},
    {"bpf", "EPERM", ROOT},
    {"perf", "EPERM", ROOT},
    {"userfaultfd", "EPERM", ROOT},
    {"uring_setup", "EPERM", ROOT},
    {"uring_enter", "EPERM", ROOT},
    {"uring_register", "EPERM", ROOT},
    {"init_module", "EPERM", ROOT},
    {"finit_module", "EPERM", ROOT},
    {"delete_module", "EPERM", ROOT},
    {"kexec", "EPERM", NEVER},
    {"clock_settime", "EPERM", BOTH},
    {"settimeofday", "EPERM", BOTH},
    {"adjtimex", "EPERM", BOTH},
    {"clock_adjtime", "EPERM", BOTH},
    {"reboot", "EPERM", BOTH},
    {"swapon", "EPERM", ROOT},
    {"swapoff", "EPERM", ROOT},
    {"sethostname", "EPERM", BOTH},
    {"setdomainname", "EPERM", BOTH},
    {"syslog", "EPERM", ROOT},
    {"acct", "EPERM", ROOT},
    {"quotactl", "EPERM", BOTH},
    {"name_to_handle", "EPERM", BOTH},
    {"open_by_handle", "EPERM", BOTH},
    {"fanotify", "EPERM", BOTH},
    {"vmsplice", "EPERM", BOTH},
    {"move_pages", "EPERM", BOTH},
    {"migrate_pages", "EPERM", BOTH},
    {"memfd_secret", "ENOSYS", NEVER},
    {"statmount", "ENOSYS", NEVER},
    {"listmount", "ENOSYS", NEVER},
    {"norandomize", "EPERM", BOTH},
    {"read_implies_exec", "EPERM", BOTH},
    {"death_clear", "EPERM", BOTH},
    {"death_term", "EPERM", BOTH},
    {"death_by_ids", "EPERM", NEVER},
    {"death_by_userns", "EPERM", NEVER},
    {"set_mm", "EPERM", NEVER},
    {"tiocsti", "EPERM", BOTH},
    {"tiocsti_high", "EPERM", BOTH},
    {"tioclinux", "EPERM", BOTH},
    {"mknod_char", "EPERM", ROOT},
    {"mknod_block", "EPERM", ROOT},
    {"memfd", "EACCES", BOTH},
    {"memfd_exec", "EACCES", BOTH},
    {"memfd_sealed_exec", "EACCES", NEVER},
    {"memfd_plain_exec", "EACCES", BOTH},
    {"map_files_exec", "EPERM", ROOT},
    {"tmpfile_exec", "EACCES", BOTH},
    {"newer_call", "ENOSYS", NEVER},
    {"setuid_0", "EINVAL", NEVER},
    {"setgid_0", "EINVAL", NEVER},
    {"setgroups", "EPERM", ROOT},
    {"capset", "EPERM", BOTH},
    {"securebits", "EPERM", BOTH},
    {"ambient", "EPERM", NEVER},
    {"nnp_off", "EINVAL", NEVER},
    {"nice_up", "EACCES", ROOT},
    {"fifo_scheduler", "EPERM", ROOT},
    {"core_0", "EINVAL", BOTH},
    {"core_0_old", "EINVAL", BOTH},
    {"nofile_up", "EPERM", NEVER},
    {"ns_parent_pid", "EPERM", NEVER},
    {"ns_parent_user", "EPERM", NEVER},
    {"ns_owner", "EPERM", NEVER},
    {"write_comm", "EACCES", BOTH},
    {"write_oom", "EACCES", BOTH},
    {"write_uid_map", "EACCES", BOTH},
    {"write_mem", "EACCES", BOTH},
    {"write_core_filter", "EACCES", BOTH},
    {"write_clear_refs", "EACCES", BOTH},
    {"set_id_fchmod", "EPERM", BOTH},
    {"set_gid_creat", "EPERM", BOTH},
    {"set_id_tmpfile", "EPERM", BOTH},
    {"set_id_openat", "EPERM", BOTH},
    {"set_gid_openat", "EPERM", BOTH},
    {"set_id_mknodat", "EPERM", BOTH},
    {"set_gid_mknodat", "EPERM", BOTH},
    {"set_id_fifo", "EPERM", BOTH},
    {"openat2", "ENOSYS", BOTH},
    {"openat2_set_id", "ENOSYS", BOTH},
    {"io_setup", "ENOSYS", BOTH},
#if defined(__x86_64__)
    {"set_id_open", "EPERM", BOTH},
    {"set_gid_open", "EPERM", BOTH},
    {"set_id_open_tmpfile", "EPERM", BOTH},
    {"set_id_old_creat", "EPERM", BOTH},
    {"set_gid_old_creat", "EPERM", BOTH},
    {"set_id_mknod", "EPERM", BOTH},
    {"set_gid_mknod", "EPERM", BOTH},
    {"x32", "ENOSYS", NEVER},
    {"int80", "signal31", BOTH},
    {"iopl", "EPERM", NEVER},
    {"ioperm", "EPERM", NEVER},
    {"modify_ldt", "EPERM", BOTH},
#endif
};

static int kernel; /* the running one: major * 1000 + minor */

/* What kernels before `since` answer, and to whom outside they answer something else. */
static const struct {
  const char *name;
  int since;
  const char *inside;
  int control;
} older[] = {
    {"open_by_handle", 6011, "EPERM", ROOT},     /* asked for a capability of the host */
    {"memfd_sealed_exec", 6003, "EINVAL", NEVER} /* there was no MFD_NOEXEC_SEAL */
};

static void test_calls(void) {
  const char *inside[sizeof attacks / sizeof attacks[0]];
  const char *const argv[] = {inside_probe, "attack", NULL};
  run_inside(&strict, "attack", NULL);
  if (!RAN("attack")) return;
  for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) inside[i] = strdup(value_of(attacks[i].name));
  inside_control(true, argv);
  OK(inside_last.status.exit_code == 0, "the same attacks run in namespaces to throw away");
  for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
    const char *outside = value_of(attacks[i].name);
    const char *wanted = attacks[i].inside;
    int control = attacks[i].control;
    for (size_t k = 0; k < sizeof older / sizeof older[0]; k++)
      if (strcmp(older[k].name, attacks[i].name) == 0 && kernel < older[k].since)
        wanted = older[k].inside, control = older[k].control;
    const bool counts = control == BOTH || (control == ROOT && geteuid() == 0);
    OK(strcmp(inside[i], wanted) == 0 && (!counts || (*outside && strcmp(outside, inside[i]) != 0)),
       "%s is %s (%s), outside %s", attacks[i].name, wanted, inside[i], outside);
    free((void *)(uintptr_t)inside[i]);
  }
}

/* The program itself: whose file it is decides which refusal comes first, busy text or missing permission. */
static void test_own_program(void) {
  run_inside(&strict, "attack", NULL);
  const char *value = value_of("write_exe");
  OK(strcmp(value, "EACCES") == 0 || strcmp(value, "EROFS") == 0 || strcmp(value, "ETXTBSY") == 0,
     "the program cannot write its own file (%s)", value);
}

/* What may be done to "all processes of this user" ends at the jail, though the user is the launcher's. */
static void test_user_wide(void) {
  const int before = getpriority(PRIO_PROCESS, 0);
  const long io = syscall(SYS_ioprio_get, 1, 0);
  run_inside(&strict, "attack", "nice_user", "ioprio_user", NULL);
  ROW_IS("nice_user", "ok");
  ROW_IS("ioprio_user", "ok");
  OK(getpriority(PRIO_PROCESS, 0) == before, "the launcher's niceness is what it was");
  OK(syscall(SYS_ioprio_get, 1, 0) == io, "and so is its I/O priority");
}

/* A crash leaves no core file, whatever the launcher's limit was: 1 byte is allowed, and a pipe handler is not fed. */
static void test_core(void) {
  struct rlimit old, most;
  char pattern[256] = "";
  make_dir("crash");
  const jailer_grant grants[] = {{in_dir("crash"), "/crash", JAILER_WRITE, false}};
  jailer_config config = strict;
  getrlimit(RLIMIT_CORE, &old);
  most.rlim_cur = most.rlim_max = old.rlim_max;
  setrlimit(RLIMIT_CORE, &most);
  config.grants = grants;
  config.grant_count = 1;
  run_inside(&config, "do", "crash:/crash", "ls:/crash", NULL);
  ROW_IS("crash:/crash", "signal11");
  ROW_IS("ls:/crash", "empty");
  FILE *f = fopen("/proc/sys/kernel/core_pattern", "r");
  if (f && !fgets(pattern, sizeof pattern, f)) pattern[0] = 0;
  if (f) fclose(f);
  if (most.rlim_cur > 4096 && !strpbrk(pattern, "|/@")) {
    const char *list = text_of("ls:%s", in_dir("crash"));
    run_outside("do", text_of("crash:%s", in_dir("crash")), list, NULL);
    ROW_IS_NOT(list, "empty");
  }
  setrlimit(RLIMIT_CORE, &old);
}

/* ---------------------------------------------------------------- descriptors */

/* Keeps `fd` as 5, and as standard input; both must end in the same way. Closes it. What cannot be made is a failure. */
static void keep(int fd, jailer_code wanted, const char *what) {
  jailer_config config = strict;
  jailer_fd kept = {fd, true, 5};
  if (!OK(fd >= 0, "made to be kept: %s%s%s", what, fd < 0 ? ": " : "", fd < 0 ? strerror(errno) : "")) return;
  config.fds = &kept;
  config.fd_count = 1;
  jailer_code code = run_inside(&config, "exit", "0", NULL);
  OK(code == wanted && (code == JAILER_OK || inside_last.err.layer == JAILER_LAYER_FDS), "kept %s: %s (%s)", what,
     jailer_code_name(wanted), jailer_code_name(code));
  int saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
  dup2(fd, 0);
  code = run_inside(&strict, "exit", "0", NULL);
  OK(code == wanted, "%s as standard input: %s (%s)", what, jailer_code_name(wanted), jailer_code_name(code));
  dup2(saved, 0);
  close(saved);
  close(fd);
}

/* The same for what not every kernel has or every user may make. The row says which it was; no skip, because no tool would
   change it. Any other errno is a mistake of the attempt. */
static void keep_if(int fd, jailer_code wanted, const char *what) {
  static const int reasons[] = {EPERM, EACCES, ENOENT, ENOSYS, ENXIO, ENODEV, EAFNOSUPPORT, EINVAL};
  const int number = errno;
  bool told = false;
  if (fd >= 0) {
    keep(fd, wanted, what);
    return;
  }
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) told = told || reasons[i] == number;
  OK(told, "this kernel or user cannot make one to be kept: %s: %s", what, strerror(number));
}

static int call3(long number, long a, long b, long c) { return (int)syscall(number, a, b, c, 0, 0); }

static void test_refused_descriptors(void) {
  static const char *const spaces[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"};
  static char parameters[256];
  struct landlock_ruleset_attr rules;
  memset(&rules, 0, sizeof rules);
  rules.handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE;
  keep(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), JAILER_E_UNSAFE, "directory");
  keep(open(inside_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), JAILER_E_UNSAFE, "directory of our own");
  keep(open(inside_probe, O_PATH | O_CLOEXEC), JAILER_E_UNSAFE, "O_PATH of a file");
  keep(open("/", O_PATH | O_CLOEXEC), JAILER_E_UNSAFE, "O_PATH of a directory");
  keep(call3(SYS_pidfd_open, getpid(), 0, 0), JAILER_E_UNSAFE, "pidfd");
  for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
    keep_if(open(text_of("/proc/self/ns/%s", spaces[i]), O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE,
         text_of("namespace %s", spaces[i]));
  keep_if(call3(428, AT_FDCWD, (long)"/", 02000001), JAILER_E_UNSAFE, "mount");     /* open_tree */
  keep_if(call3(430, (long)"tmpfs", 1, 0), JAILER_E_UNSAFE, "file system context"); /* fsopen */
  keep_if(call3(444, (long)&rules, 8, 0), JAILER_E_UNSAFE, "Landlock ruleset");
  keep_if(call3(SYS_userfaultfd, O_CLOEXEC | 1, 0, 0), JAILER_E_UNSAFE, "userfaultfd");
  keep_if(call3(425, 4, (long)parameters, 0), JAILER_E_UNSAFE, "io_uring");
  keep_if(call3(SYS_fanotify_init, 0x201, 0, 0), JAILER_E_UNSAFE, "fanotify");
  keep(open("/proc/self/mem", O_RDWR | O_CLOEXEC), JAILER_E_UNSAFE, "file of /proc");
  keep(open("/proc/sys/kernel/hostname", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "file of /proc/sys");
  keep_if(open("/sys/kernel/mm/transparent_hugepage/enabled", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "file of /sys");
  keep_if(open("/sys/fs/cgroup/cgroup.procs", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "file of the cgroup tree");
  keep_if(open("/dev/mem", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "/dev/mem");
  keep_if(open("/dev/kmsg", O_RDONLY | O_CLOEXEC | O_NONBLOCK), JAILER_E_UNSAFE, "/dev/kmsg");
  keep_if(open("/dev/vda", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "block device");
  keep_if(open("/dev/loop0", O_RDONLY | O_CLOEXEC), JAILER_E_UNSAFE, "loop device");
  keep(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "TCP socket");
  keep_if(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "TCP socket over IPv6");
  keep(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "UDP socket");
  keep(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "netlink socket");
  keep_if(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "packet socket");
  keep_if(socket(40, SOCK_STREAM | SOCK_CLOEXEC, 0), JAILER_E_UNSAFE, "vsock");
  keep_if((int)syscall(SYS_memfd_create, "x", 1), JAILER_E_UNSAFE, "memfd that can be executed");
}

/* One end of a pair, a fresh socket, or one that listens at an abstract name. */
enum { PAIR, FRESH, BOUND, LISTENS, CONNECTED };

static int unix_socket(int type, int how) {
  int ends[2];
  if (how == PAIR) return socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0 ? -1 : ends[0]; /* the other stays open */
  struct sockaddr_un name;
  socklen_t size = sizeof(sa_family_t);
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  if (how == FRESH || fd < 0) return fd;
  memset(&name, 0, sizeof name);
  name.sun_family = AF_UNIX;
  if (bind(fd, (struct sockaddr *)&name, size) < 0) return -1; /* the kernel chooses an abstract name */
  if (how == BOUND) return fd;
  if (type != SOCK_DGRAM && listen(fd, 1) < 0) return -1;
  if (how == LISTENS) return fd;
  size = sizeof name;
  if (getsockname(fd, (struct sockaddr *)&name, &size) < 0) return -1;
  int client = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  return client < 0 || connect(client, (struct sockaddr *)&name, size) < 0 ? -1 : client; /* fd stays open */
}

/* A stream that is connected stays with its peer, one that listens takes who comes. Anything else of AF_UNIX reaches the
   abstract names of the host, so with the host's network they may come in. */
static void test_unix_sockets(void) {
  static const struct {
    int type, how;
    jailer_code code;
    const char *what;
  } rows[] = {{SOCK_STREAM, PAIR, JAILER_OK, "stream pair"},
              {SOCK_SEQPACKET, PAIR, JAILER_OK, "seqpacket pair"},
              {SOCK_DGRAM, PAIR, JAILER_E_UNSAFE, "datagram pair"},
              {SOCK_STREAM, CONNECTED, JAILER_OK, "connected stream"},
              {SOCK_SEQPACKET, CONNECTED, JAILER_OK, "connected seqpacket"},
              {SOCK_DGRAM, CONNECTED, JAILER_E_UNSAFE, "connected datagram socket"},
              {SOCK_STREAM, LISTENS, JAILER_OK, "listening stream"},
              {SOCK_SEQPACKET, LISTENS, JAILER_OK, "listening seqpacket"},
              {SOCK_STREAM, FRESH, JAILER_E_UNSAFE, "stream without a peer"},
              {SOCK_SEQPACKET, FRESH, JAILER_E_UNSAFE, "seqpacket without a peer"},
              {SOCK_DGRAM, FRESH, JAILER_E_UNSAFE, "datagram socket"},
              {SOCK_STREAM, BOUND, JAILER_E_UNSAFE, "bound stream that does not listen"},
              {SOCK_DGRAM, BOUND, JAILER_E_UNSAFE, "bound datagram socket"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int fd = unix_socket(rows[i].type, rows[i].how), again = fcntl(fd, F_DUPFD_CLOEXEC, 40);
    keep(fd, rows[i].code, text_of("AF_UNIX %s", rows[i].what));
    jailer_config config = strict;
    jailer_fd kept = {again, true, 5};
    config.fds = &kept;
    config.fd_count = 1;
    for (int field = 0; field < 2 && rows[i].code; field++) {
      config.allow_network = field == 0;
      config.allow_unsafe_fds = field == 1;
      OK(run_inside(&config, "do", "isopen:5", NULL) == JAILER_OK && strcmp(value_of("isopen:5"), "ok") == 0,
         "AF_UNIX %s with %s: kept (%s)", rows[i].what, field ? "allow_unsafe_fds" : "allow_network",
         jailer_code_name(inside_last.code));
    }
    close(again);
  }
}

/* What a kept socket could ask of the host's network namespace, and whom the refused kinds would reach. */
static void test_what_sockets_reach(void) {
  static const char *const asks[] = {"ioctl:5,8912", "ioctl:5,8910", "ioctl:5,8933"}; /* SIOCGIFCONF, ..NAME, ..INDEX */
  int ends[2];
  char byte[8];
  jailer_config config = strict;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) inside_die("socketpair");
  jailer_fd kept = {ends[0], true, 5};
  config.fds = &kept;
  config.fd_count = 1;
  for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
    run_inside(&config, "do", asks[i], NULL);
    ROW_IS(asks[i], "EPERM");
  }
  config.allow_network = true;
  run_inside(&config, "do", asks[0], NULL);
  ROW_IS(asks[0], "ok");
  config.allow_network = false;
  close(ends[0]), close(ends[1]);

  struct sockaddr_un name;
  socklen_t size = sizeof name;
  int host = unix_socket(SOCK_DGRAM, BOUND);
  if (host < 0 || getsockname(host, (struct sockaddr *)&name, &size) < 0 || fcntl(host, F_SETFL, O_NONBLOCK) < 0) inside_die("an abstract name");
  const char *row = text_of("unixto:5,%.*s", (int)(size - sizeof(sa_family_t) - 1), name.sun_path + 1);
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, ends) < 0) inside_die("socketpair");
  kept.fd = ends[0];
  OK(run_inside(&config, "do", row, NULL) == JAILER_E_UNSAFE && recv(host, byte, sizeof byte, 0) < 0,
     "a datagram pair is refused, and no abstract name of the host is reached");
  config.allow_unsafe_fds = true;
  run_inside(&config, "do", row, NULL);
  /* from Landlock's ABI 6 on (6.12) its scopes stop this as well */
  const bool sent = strcmp(value_of(row), "ok") == 0 && recv(host, byte, sizeof byte, 0) == 1;
  OK(sent || (kernel >= 6012 && strcmp(value_of(row), "EPERM") == 0),
     "with allow_unsafe_fds it reaches one, where Landlock does not stop it (%s)", value_of(row));
  close(ends[0]), close(ends[1]), close(host);

  host = unix_socket(SOCK_STREAM, LISTENS);
  size = sizeof name;
  if (host < 0 || getsockname(host, (struct sockaddr *)&name, &size) < 0) inside_die("an abstract name");
  row = text_of("reconnect:5,%.*s", (int)(size - sizeof(sa_family_t) - 1), name.sun_path + 1);
  config.allow_unsafe_fds = false;
  kept.fd = unix_socket(SOCK_STREAM, CONNECTED);
  run_inside(&config, "do", row, NULL);
  ROW_IS(row, "EISCONN");
  close(kept.fd);
  kept.fd = unix_socket(SOCK_STREAM, FRESH);
  OK(run_inside(&config, "do", row, NULL) == JAILER_E_UNSAFE, "a stream without a peer is refused: it could be connected");
  config.allow_unsafe_fds = true;
  run_inside(&config, "do", row, NULL);
  OK(strcmp(value_of(row), "ok") == 0 || (kernel >= 6012 && strcmp(value_of(row), "EPERM") == 0),
     "with allow_unsafe_fds it is, where Landlock does not stop it (%s)", value_of(row));
  close(kept.fd), close(host);
}

enum { MFD_SEALABLE = 2, MFD_NOEXEC = 8, SEAL_SEAL = 1, SEAL_GROW = 4, SEAL_WRITE = 8, SEAL_FUTURE = 16 };

/* A memfd with these seals, open for both or opened again for reading only. */
static int memfd(unsigned flags, int seals, bool read_only) {
  int fd = (int)syscall(SYS_memfd_create, "x", 1 | flags);
  if (fd < 0) return -1;
  if (seals && fcntl(fd, 1033, seals) < 0) return close(fd), -1; /* F_ADD_SEALS */
  if (!read_only) return fd;
  int again = open(text_of("/proc/self/fd/%d", fd), O_RDONLY | O_CLOEXEC);
  close(fd);
  return again;
}

static void test_memfds(void) {
  static const struct {
    unsigned flags;
    int seals;
    bool read_only;
    jailer_code code;
    const char *what;
  } rows[] = {{MFD_SEALABLE, 0, true, JAILER_E_UNSAFE, "memfd open for reading, no seal"},
              {MFD_SEALABLE, SEAL_GROW, true, JAILER_E_UNSAFE, "memfd open for reading, sealed against growth"},
              {MFD_NOEXEC, 0, true, JAILER_E_UNSAFE, "memfd open for reading, MFD_NOEXEC_SEAL"},
              {MFD_SEALABLE, SEAL_WRITE, true, JAILER_OK, "memfd open for reading, F_SEAL_WRITE"},
              {MFD_NOEXEC, SEAL_FUTURE, true, JAILER_OK, "memfd open for reading, MFD_NOEXEC_SEAL and F_SEAL_FUTURE_WRITE"},
              {MFD_NOEXEC, SEAL_WRITE, true, JAILER_OK, "memfd open for reading, MFD_NOEXEC_SEAL and F_SEAL_WRITE"},
              {MFD_SEALABLE, 0, false, JAILER_E_UNSAFE, "memfd open for writing, no seal"},
              {MFD_SEALABLE, SEAL_GROW | SEAL_SEAL, false, JAILER_E_UNSAFE, "memfd open for writing, other seals"},
              {MFD_SEALABLE, SEAL_FUTURE, false, JAILER_E_UNSAFE, "memfd open for writing, F_SEAL_FUTURE_WRITE"},
              {MFD_SEALABLE, SEAL_WRITE, false, JAILER_OK, "memfd open for writing, F_SEAL_WRITE"},
              {MFD_NOEXEC, 0, false, JAILER_OK, "memfd open for writing, MFD_NOEXEC_SEAL"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int fd = memfd(rows[i].flags, rows[i].seals, rows[i].read_only);
    if (rows[i].flags == MFD_NOEXEC) keep_if(fd, rows[i].code, rows[i].what);
    else keep(fd, rows[i].code, rows[i].what);
  }
  /* The refusal matters: who can open it again for writing fills what its maker only wanted to show. */
  jailer_config config = strict;
  jailer_fd kept = {memfd(MFD_SEALABLE, 0, true), true, 5};
  config.fds = &kept;
  config.fd_count = 1;
  config.allow_unsafe_fds = true;
  run_inside(&config, "do", "rewrite:5", NULL);
  ROW_IS("rewrite:5", "ok");
  close(kept.fd);
  config.allow_unsafe_fds = false;
  kept.fd = memfd(MFD_SEALABLE, SEAL_WRITE, true);
  run_inside(&config, "do", "rewrite:5", NULL);
  ROW_IS("rewrite:5", "EPERM");
  close(kept.fd);
}

static void test_kept_descriptors(void) {
  int ends[2];
  sigset_t none;
  sigemptyset(&none);
  keep(open("/dev/null", O_RDWR | O_CLOEXEC), JAILER_OK, "/dev/null");
  keep(open(make_file("plain", "text"), O_RDWR | O_CLOEXEC), JAILER_OK, "regular file");
  if (pipe2(ends, O_CLOEXEC) < 0) inside_die("pipe2");
  keep(ends[0], JAILER_OK, "pipe"), close(ends[1]);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) inside_die("socketpair");
  keep(ends[0], JAILER_OK, "AF_UNIX socket"), close(ends[1]);
  keep(eventfd(0, EFD_CLOEXEC), JAILER_OK, "eventfd");
  keep(epoll_create1(EPOLL_CLOEXEC), JAILER_OK, "epoll");
  keep(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC), JAILER_OK, "timerfd");
  keep(signalfd(-1, &none, SFD_CLOEXEC), JAILER_OK, "signalfd");
  keep_if((int)syscall(SYS_memfd_create, "x", 9), JAILER_OK, "memfd with MFD_NOEXEC_SEAL");
  int fixed = (int)syscall(SYS_memfd_create, "x", 3);
  OK(fixed >= 0 && fcntl(fixed, 1033, 8) == 0, "a memfd is sealed against writing"); /* F_SEAL_WRITE */
  keep(fixed, JAILER_OK, "memfd that cannot be written");
}

/* What the refused kinds would be good for, where a field lets them in: the rows above matter. */
static void test_what_they_reach(void) {
  jailer_config config = strict;
  jailer_fd kept = {open("/", O_RDONLY | O_CLOEXEC), true, 5};
  config.fds = &kept;
  config.fd_count = 1;
  config.allow_unsafe_fds = true;
  run_inside(&config, "do", "stat:/proc/self/fd/5/proc/sys", "isdir:/proc/self/fd/5/proc", NULL);
  ROW_IS("isdir:/proc/self/fd/5/proc", "ok");
  close(kept.fd);

  kept.fd = (int)syscall(SYS_memfd_create, "x", 1);
  run_inside(&config, "do", "fdfill:5", "fdexecat:5", NULL);
  ROW_IS("fdfill:5", "ok");
  ROW_IS("fdexecat:5", "ok");
  config.allow_unsafe_fds = false;
  config.allow_exec_memfd = true;
  OK(run_inside(&config, "do", "fdchmod:5", NULL) == JAILER_OK, "allow_exec_memfd lets an executable memfd in");
  close(kept.fd);
  config.allow_exec_memfd = false;

  kept.fd = (int)syscall(SYS_memfd_create, "x", 9);
  if (kernel < 6003) { /* every memfd can be executed, and what cannot be made cannot be kept */
    OK(kept.fd < 0 && errno == EINVAL, "there is no MFD_NOEXEC_SEAL before 6.3");
    return;
  }
  run_inside(&config, "do", "fdfill:5", "fdexecat:5", NULL);
  ROW_IS("fdfill:5", "EACCES");
  ROW_IS("fdexecat:5", "EACCES");
  close(kept.fd);
}

/* A connected TCP socket and a UDP socket would be the whole network of the host. */
static void test_inherited_network(void) {
  struct sockaddr_in first, second;
  socklen_t n = sizeof first;
  jailer_config config = strict;
  jailer_fd kept = {-1, true, 5};
  int a = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
      b = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int u = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  char byte;
  memset(&first, 0, sizeof first);
  first.sin_family = AF_INET;
  first.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  second = first;
  if (bind(a, (struct sockaddr *)&first, n) < 0 || listen(a, 5) < 0 ||
      getsockname(a, (struct sockaddr *)&first, &n) < 0 || bind(b, (struct sockaddr *)&second, n) < 0 ||
      listen(b, 5) < 0 || getsockname(b, (struct sockaddr *)&second, &n) < 0 ||
      connect(client, (struct sockaddr *)&first, n) < 0)
    inside_die("loopback");
  kept.fd = client;
  config.fds = &kept;
  config.fd_count = 1;
  const char *row = text_of("fastopen:5,%d", ntohs(second.sin_port));
  OK(run_inside(&config, "do", row, NULL) == JAILER_E_UNSAFE && accept(b, NULL, NULL) < 0,
     "a connected TCP socket is refused, and no other listener is reached");
  config.allow_unsafe_fds = true;
  run_inside(&config, "do", row, NULL);
  /* Landlock missed this way to connect; a kernel whose ABI has TCP rights may be mended, older ones in their stable lines */
  OK(strcmp(value_of(row), "ok") == 0 || (kernel >= 6007 && strcmp(value_of(row), "EACCES") == 0),
     "with allow_unsafe_fds it reaches another listener by TCP fast open, where the kernel does not stop it (%s)",
     value_of(row));
  close(client);

  n = sizeof second;
  second.sin_port = 0;
  if (bind(u, (struct sockaddr *)&second, n) < 0 || getsockname(u, (struct sockaddr *)&second, &n) < 0)
    inside_die("loopback");
  kept.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  config.allow_unsafe_fds = false;
  row = text_of("udp:5,%d", ntohs(second.sin_port));
  OK(run_inside(&config, "do", row, NULL) == JAILER_E_UNSAFE && recv(u, &byte, 1, 0) < 0, "so is a UDP socket");
  config.allow_network = true;
  run_inside(&config, "do", row, NULL);
  OK(strcmp(value_of(row), "ok") == 0 && recv(u, &byte, 1, 0) == 1, "with allow_network it is kept, and reaches (%s)",
     value_of(row));
  close(kept.fd);
  close(a);
  close(b);
  close(u);
}

/* Host files that come in as descriptors: not executable, not to be opened for more than they were. */
static void test_host_files_by_descriptor(void) {
  jailer_config config = strict;
  jailer_fd kept[3];
  make_program("tool");
  make_file("log", "text");
  make_file("empty", "");
  kept[0] = (jailer_fd){open(in_dir("tool"), O_RDONLY | O_CLOEXEC), true, 5};
  kept[1] = (jailer_fd){open(in_dir("log"), O_WRONLY | O_APPEND | O_CLOEXEC), true, 6};
  kept[2] = (jailer_fd){open(in_dir("empty"), O_RDWR | O_CLOEXEC), true, 7};
  config.fds = kept;
  config.fd_count = 3;
  run_inside(&config, "do", "exec:/proc/self/fd/5", "fdexec:5", "fdexecat:5", "fdreopen:5", "fdreopen:6",
             "read:/proc/self/fd/6", "fdfill:7", "fdexecat:7", "ioctl:5,ff0b", NULL);
  if (!RAN("host files as descriptors")) return;
  ROW_IS("exec:/proc/self/fd/5", "EACCES");
  ROW_IS("fdexec:5", "EACCES");
  ROW_IS("fdexecat:5", "EACCES");
  ROW_IS("fdreopen:5", "EACCES");
  ROW_IS("fdreopen:6", "EACCES");
  ROW_IS("read:/proc/self/fd/6", "EACCES");
  ROW_IS("fdfill:7", "EACCES");
  ROW_IS("fdexecat:7", "EACCES");
  const char *tool = text_of("exec:%s", in_dir("tool"));
  run_outside("do", tool, text_of("read:%s", in_dir("log")), NULL);
  ROW_IS(tool, "ok");
  ROW_IS(text_of("read:%s", in_dir("log")), "ok");
  for (int i = 0; i < 3; i++) close(kept[i].fd);
}

/* The launcher at the other end of a socket: its pidfd is no handle on it. */
static void test_peer(void) {
  int ends[2];
  jailer_config config = strict;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) inside_die("socketpair");
  jailer_fd kept = {ends[0], true, 5};
  config.fds = &kept;
  config.fd_count = 1;
  run_inside(&config, "do", "peer:5", NULL);
  ROW_IS_NOT("peer:5", "ok");
  close(ends[0]);
  close(ends[1]);
}

/* ---------------------------------------------------------------- writable grants, now and for the next launch */

static jailer_config with_grants(const jailer_grant *grants, size_t count) {
  jailer_config config = strict;
  config.grants = grants;
  config.grant_count = count;
  return config;
}

/* Links out of a writable grant lead nowhere: they are resolved in the jail. */
static void test_links_now(void) {
  make_dir("now");
  make_dir("secrets");
  make_file("secrets/key", "secret");
  const char *key = in_dir("secrets/key");
  const jailer_grant grants[] = {{in_dir("now"), "/w", JAILER_WRITE, false},
                                 {in_dir("plain"), "/r", JAILER_READ, false}};
  make_file("plain", "text");
  jailer_config config = with_grants(grants, 2);
  const char *plant = text_of("symlink:%s,/w/abs", key);
  run_inside(&config, "do", plant, "symlink:../secrets/key,/w/rel", "symlink:../../../../../../etc/shadow,/w/up",
             "symlink:/proc/1/root/etc/shadow,/w/proc", "read:/w/abs", "read:/w/rel", "read:/w/up", "read:/w/proc",
             "read:/w/../secrets/key", "link:/r,/w/hard", "rename:/r,/w/moved", "unlink:/r", "list:/w/..", NULL);
  if (!RAN("links out of a writable grant")) return;
  ROW_IS(plant, "ok");
  ROW_IS("read:/w/abs", "ENOENT");
  ROW_IS("read:/w/rel", "ENOENT");
  ROW_IS("read:/w/up", "ENOENT");
  ROW_IS("read:/w/proc", "ENOENT");
  ROW_IS("read:/w/../secrets/key", "ENOENT");
  ROW_IS("link:/r,/w/hard", "EXDEV");
  ROW_IS_NOT("rename:/r,/w/moved", "ok");
  ROW_IS_NOT("unlink:/r", "ok");
  run_outside("do", text_of("read:%s", in_dir("now/abs")), text_of("read:%s", in_dir("now/rel")), NULL);
  ROW_IS(text_of("read:%s", in_dir("now/abs")), "ok");
  ROW_IS(text_of("read:%s", in_dir("now/rel")), "ok");
}

/* One launch plants a link where the next launch's grant is: the next one refuses, whatever the grant is for. */
static void planted(const char *name, jailer_grant inner, const char *plant, jailer_code first, jailer_code second,
                    const char *what) {
  jailer_grant grants[2];
  memset(grants, 0, sizeof grants);
  make_dir(name);
  grants[0] = (jailer_grant){in_dir("%s", name), "/w", JAILER_WRITE, false};
  jailer_config config = with_grants(grants, 1);
  run_inside(&config, "do", plant, NULL);
  OK(strcmp(value_of(plant), "ok") == 0, "planted: %s (%s)", what, value_of(plant));
  grants[1] = inner;
  config.grant_count = 2;
  REFUSED(&config, first, second, what);
  grants[0].at = NULL; /* the same, all at its own place */
  grants[1].at = NULL;
  REFUSED(&config, first, second, text_of("%s, at its own place", what));
}

static void test_planted(void) {
  const char *secrets = in_dir("secrets");
  planted("p1", (jailer_grant){in_dir("p1/cfg"), "/cfg", JAILER_READ, true}, text_of("symlink:%s,/w/cfg", secrets),
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link to a directory, where an optional grant is");
  planted("p2", (jailer_grant){in_dir("p2/key"), "/key", JAILER_READ, false}, text_of("symlink:%s/key,/w/key", secrets),
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link to a file");
  planted("p3", (jailer_grant){in_dir("p3/out"), "/out", JAILER_WRITE, false}, text_of("symlink:%s,/w/out", secrets),
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link to a directory, to be written");
  planted("p4", (jailer_grant){in_dir("p4/bin"), "/bin2", JAILER_EXEC, false}, "symlink:/usr/bin,/w/bin",
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link to programs");
  planted("p5", (jailer_grant){in_dir("p5/up/key"), "/key", JAILER_READ, false}, text_of("symlink:%s,/w/up", secrets),
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link in the middle of a path");
  planted("p6", (jailer_grant){in_dir("p6/file"), "/file", JAILER_READ, false}, "mkfifo:/w/file", JAILER_E_UNSAFE,
          JAILER_E_CONFLICT, "a FIFO where a file was");
  planted("p7", (jailer_grant){in_dir("p7/file"), "/file", JAILER_DEVICE, false}, "create:/w/file", JAILER_E_UNSAFE,
          JAILER_E_CONFLICT, "a file where a device was");
  planted("p8", (jailer_grant){in_dir("p8/sock"), "/sock", JAILER_READ, false}, "bind:/w/sock", JAILER_E_UNSAFE,
          JAILER_E_CONFLICT, "a socket where a file was");
  planted("p9", (jailer_grant){in_dir("p9/null"), "/null", JAILER_DEVICE, false}, "symlink:/dev/zero,/w/null",
          JAILER_E_UNSAFE, JAILER_E_CONFLICT, "a link to a device");

  /* hard links: a second name of a file that the next launch wants to protect */
  make_dir("hard");
  make_file("hard/conf", "trusted");
  jailer_grant grants[3];
  memset(grants, 0, sizeof grants);
  grants[0] = (jailer_grant){in_dir("hard"), NULL, JAILER_WRITE, false};
  grants[1] = (jailer_grant){in_dir("hard/conf"), NULL, JAILER_READ, false};
  jailer_config config = with_grants(grants, 2);
  OK(run_inside(&config, "exit", "0", NULL) == JAILER_OK, "a read-only file directly below a writable grant is fine");
  config.grant_count = 1;
  const char *link = text_of("link:%s,%s", in_dir("hard/conf"), in_dir("hard/alias"));
  run_inside(&config, "do", link, NULL);
  ROW_IS(link, "ok");
  config.grant_count = 2;
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_UNSAFE, "a hard link to a file that is to be read-only");

  /* renames: what lies two levels below a writable grant belongs to the target */
  make_dir("deep");
  make_dir("deep/mid");
  make_dir("deep/mid/ro");
  grants[0] = (jailer_grant){in_dir("deep"), NULL, JAILER_WRITE, false};
  grants[1] = (jailer_grant){in_dir("deep/mid/ro"), NULL, JAILER_READ, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "read-only two levels below a writable grant");
  grants[1].at = "/elsewhere";
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "the same, at another place");
  grants[1] = (jailer_grant){in_dir("deep/mid"), "/elsewhere", JAILER_READ, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "read-only at one place, writable through its parent");

  /* executable at one place, writable at another */
  make_dir("app");
  make_dir("app/data");
  grants[0] = (jailer_grant){in_dir("app"), NULL, JAILER_EXEC, false};
  grants[1] = (jailer_grant){in_dir("app/data"), "/data", JAILER_WRITE, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "executable through its parent, writable at another place");
  grants[1].path = in_dir("app");
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "one directory executable and writable");
  grants[0] = (jailer_grant){inside_probe, "/w/prog", JAILER_READ, false};
  grants[1] = (jailer_grant){"/", "/host", JAILER_READ, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "the root directory");
  grants[1] = (jailer_grant){"/proc/self/root", "/host", JAILER_READ, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "the root directory by another name");
  grants[1] = (jailer_grant){"/proc", "/host", JAILER_READ, false};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "the host's processes");
}

/* An optional grant that is missing inside a writable one: what the target makes there would be granted the next time. */
static void test_missing(void) {
  jailer_grant grants[2];
  memset(grants, 0, sizeof grants);
  make_dir("miss");
  make_dir("miss2");
  grants[0] = (jailer_grant){in_dir("miss"), NULL, JAILER_WRITE, false};
  grants[1] = (jailer_grant){in_dir("miss/bin"), NULL, JAILER_EXEC, true};
  jailer_config config = with_grants(grants, 2);
  const char *make = text_of("mkdir:%s", in_dir("miss/bin")), *file = text_of("create:%s", in_dir("miss/ran"));
  run_inside(&config, "do", make, file, NULL);
  OK(inside_last.code == JAILER_E_CONFLICT && strcmp(inside_last.err.item, in_dir("miss/bin")) == 0,
     "missing: an optional exec grant inside a writable one refuses the first launch: %s", inside_last.err.message);
  OK(access(in_dir("miss/ran"), F_OK) != 0 && access(in_dir("miss/bin"), F_OK) != 0, "missing: and its target did not run");
  grants[1].at = "/bin2";
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "missing: the same at another place");
  grants[1] = (jailer_grant){in_dir("miss/etc/conf"), NULL, JAILER_READ, true};
  REFUSED(&config, JAILER_E_CONFLICT, JAILER_E_CONFLICT, "missing: an optional read grant, deeper");
  grants[1] = (jailer_grant){in_dir("miss/new"), NULL, JAILER_WRITE, true};
  run_inside(&config, "do", file, NULL);
  ROW_IS(file, "ok");
  grants[1] = (jailer_grant){in_dir("miss2/bin"), NULL, JAILER_EXEC, true};
  const char *outside = text_of("list:%s", in_dir("miss2/bin"));
  run_inside(&config, "do", outside, make, NULL);
  ROW_IS(outside, "ENOENT");
  ROW_IS(make, "ok");
}

static const char *host_mode(const char *name) {
  struct stat st;
  return lstat(in_dir("%s", name), &st) ? "absent" : text_of("%o", (unsigned)(st.st_mode & 07777));
}

/* No set-id file comes to be on the host: neither chmod nor open with such a mode makes one, and mkdir drops the bits. */
static void test_set_id(void) {
  make_dir("setid");
  const jailer_grant grants[] = {{in_dir("setid"), "/w", JAILER_WRITE, false}};
  jailer_config config = with_grants(grants, 1);
  run_inside(&config, "do", "createmode:/w/empty,4755", "createmode:/w/group,2755", "createmode:/w/acl,2644", "mkdirmode:/w/dir,2755", "create:/w/plain",
             "chmod:/w/plain,4755", "chmod:/w/plain,2755", "chmod:/w/dir,2755", NULL);
  if (!RAN("set-id bits")) return;
  ROW_IS("createmode:/w/empty,4755", "EPERM");
  ROW_IS("createmode:/w/group,2755", "EPERM");
  ROW_IS("createmode:/w/acl,2644", "EPERM"); /* writing would leave this bit, and an ACL make it executable */
  ROW_IS("mkdirmode:/w/dir,2755", "ok");
  ROW_IS("chmod:/w/plain,4755", "EPERM");
  ROW_IS("chmod:/w/plain,2755", "EPERM");
  ROW_IS("chmod:/w/dir,2755", "EPERM");
  OK(!strcmp(host_mode("setid/empty"), "absent") && !strcmp(host_mode("setid/group"), "absent") &&
         !strcmp(host_mode("setid/acl"), "absent"),
     "and open made nothing with a set-id mode");
  OK(!strcmp(host_mode("setid/dir"), "755"), "mkdir makes no set-gid directory: %s", host_mode("setid/dir"));
  OK(!strcmp(host_mode("setid/plain"), "700"), "and the refused chmod changed nothing: %s", host_mode("setid/plain"));
}

/* ---------------------------------------------------------------- sockets, terminals, mounts of the host */

static int listen_at(const char *path) {
  struct sockaddr_un address = {AF_UNIX, ""};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  if (strlen(path) >= sizeof address.sun_path || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 ||
      listen(fd, 5) < 0 || chmod(path, 0777) < 0)
    inside_die(path);
  return fd;
}

static void test_sockets(void) {
  jailer_host host;
  jailer_probe(&host, NULL);
  make_dir("run");
  make_dir("wrun");
  int hidden = listen_at(in_dir("hidden")), seen = listen_at(in_dir("run/s")), given = listen_at(in_dir("wrun/s"));
  const jailer_grant grants[] = {{in_dir("run"), "/run", JAILER_READ, false},
                                 {in_dir("wrun"), "/wrun", JAILER_WRITE, false}};
  jailer_config config = with_grants(grants, 2);
  const char *row = text_of("connect:%s", in_dir("hidden"));
  run_inside(&config, "do", row, "connect:/run/s", "connect:/wrun/s", "bind:/wrun/mine", NULL);
  ROW_IS(row, "ENOENT");
  ROW_IS("connect:/wrun/s", "ok");
  ROW_IS("bind:/wrun/mine", "ok");
  /* a limit that THREAT_MODEL tells: below Landlock ABI 9 nothing keeps a process from a socket that it can name */
  ROW_IS("connect:/run/s", host.landlock_abi >= 9 ? "EACCES" : "ok");
  run_outside("do", row, NULL);
  ROW_IS(row, "ok");
  close(hidden);
  close(seen);
  close(given);
}

/* A terminal as standard input: no typing into it, not the controlling one. */
static void test_terminal(void) {
  int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), number = -1, unlock = 0;
  if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0) inside_die("pty");
  int slave = open(text_of("/dev/pts/%d", number), O_RDONLY | O_NOCTTY | O_CLOEXEC), saved = fcntl(0, F_DUPFD_CLOEXEC, 3);
  if (slave < 0) inside_die("pty");
  dup2(slave, 0);
  run_inside(&strict, "self", NULL);
  ROW_IS("tty_number", "0");
  ROW_IS("dev_tty", "ENOENT");
  run_inside(&strict, "do", "ioctl:0,5412", "ioctl:0,541c", "tiocsctty:0", "fdreopen:0", "ioctl:0,5413", NULL);
  ROW_IS("ioctl:0,5412", "EPERM");
  ROW_IS("ioctl:0,541c", "EPERM");
  ROW_IS("tiocsctty:0", "EPERM");
  ROW_IS("fdreopen:0", "EACCES"); /* for more than it is open for */
  ROW_IS("ioctl:0,5413", "ok");
  static const struct {
    const char *row, *name;
  } locks[] = {{"ioctl:0,540c", "TIOCEXCL"}, {"ioctl:0,5423", "TIOCSETD"}, {"ioctl:0,ffffffff0000540c", "TIOCEXCL, high bits set"}};
  const size_t lock_count = sizeof locks / sizeof locks[0];
  for (size_t i = 0; i < lock_count; i++) {
    run_inside(&strict, "do", locks[i].row, NULL);
    OK(strcmp(value_of(locks[i].row), "EPERM") == 0, "%s on a kept terminal (%s)", locks[i].name, value_of(locks[i].row));
    run_outside("do", locks[i].row, "ioctl:0,540d", NULL);
    OK(strcmp(value_of(locks[i].row), "ok") == 0, "and outside it works (%s)", value_of(locks[i].row));
  }
  int both = open(text_of("/dev/pts/%d", number), O_RDWR | O_NOCTTY | O_CLOEXEC);
  dup2(both, 0);
  close(both);
  run_inside(&strict, "do", "fdreopen:0", NULL);
  ROW_IS("fdreopen:0", geteuid() == 0 ? "EACCES" : "ok"); /* >/dev/stderr; a root launcher's terminal is not its target's */
  dup2(slave, 0);
  jailer_config config = strict;
  config.allow_pty = true;
  run_inside(&config, "do", "ioctl:0,5412", "ioctl:0,541c", "read:/dev/tty", NULL);
  ROW_IS("ioctl:0,5412", "EPERM");
  ROW_IS("ioctl:0,541c", "EPERM");
  ROW_IS_NOT("read:/dev/tty", "ok");
  for (size_t i = 0; i < lock_count; i++) {
    run_inside(&config, "do", locks[i].row, NULL);
    OK(strcmp(value_of(locks[i].row), "EPERM") == 0, "%s with allow_pty (%s)", locks[i].name, value_of(locks[i].row));
  }
  run_inside(&config, "do", "ownpty:/dev/ptmx", NULL);
  ROW_IS("ownpty:/dev/ptmx", "ok"); /* TIOCSCTTY, in a session of its own */
  run_inside(&strict, "do", "ownpty:/dev/ptmx", NULL);
  ROW_IS("ownpty:/dev/ptmx", "ENOENT");
  run_outside("do", "fdreopen:0", "ownpty:/dev/ptmx", "tiocsctty:0", NULL);
  ROW_IS("fdreopen:0", "ok");
  ROW_IS("ownpty:/dev/ptmx", "ok");
  ROW_IS("tiocsctty:0", "ok"); /* which hangs the terminal up: nothing is tried on it after this */
  dup2(saved, 0);
  close(saved);
  close(slave);
  close(master);
}

/* Root: what the host mounts below a grant after the launch does not appear inside, not even where mounts are shared. */
static void test_late_mounts(void) {
  int input[2], status;
  if (geteuid() != 0) return; /* an ordinary launcher cannot mount; test_jail looks at the sharing of every mount */
  make_dir("shared");
  if (pipe2(input, O_CLOEXEC) < 0) inside_die("pipe2");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    const char *at = in_dir("shared"), *below = in_dir("shared/usb");
    const jailer_grant grants[] = {{at, "/shared", JAILER_READ, false}, {inside_probe, "/probe", JAILER_EXEC, false}};
    static const char *const argv[] = {"/probe", "hold", NULL};
    jailer_config config = with_grants(grants, 2);
    jailer_proc proc;
    jailer_fd kept = {input[0], true, 0};
    config.argv = argv;
    config.fds = &kept;
    config.fd_count = 1;
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) _exit(10);
    if (mount("t", at, "tmpfs", 0, "mode=0755") < 0 || mount(NULL, at, NULL, MS_SHARED, NULL) < 0) _exit(11);
    if (mkdir(below, 0755) < 0 || jailer_launch(&config, &proc, NULL)) _exit(12);
    if (mount("t", below, "tmpfs", 0, "mode=0777") < 0) _exit(13);
    FILE *f = fopen(text_of("/proc/%d/mountinfo", (int)proc.pid), "r");
    char line[4096];
    int found = 0, lines = 0;
    while (f && fgets(line, sizeof line, f)) lines++, found += strstr(line, "/shared/usb") != NULL;
    jailer_kill(&proc, SIGKILL, NULL);
    jailer_wait(&proc, 5000, NULL, NULL);
    _exit(lines < 5 ? 14 : found ? 15 : 0);
  }
  waitpid(pid, &status, 0);
  OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a mount that the host makes later stays outside (%d)",
     WIFEXITED(status) ? WEXITSTATUS(status) : -1);
  close(input[0]);
  close(input[1]);
}

/* Root: the domain name of the host is not the jail's. */
static void test_domain_name(void) {
  int status;
  if (geteuid() != 0) return;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWUTS) < 0 || setdomainname("host.example", 12) < 0) _exit(10);
    run_inside(&strict, "self", NULL);
    _exit(strcmp(value_of("domain"), "(none)") == 0 ? 0 : 11);
  }
  waitpid(pid, &status, 0);
  OK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the host's domain name is not seen");
}

/* The init is no handle either: it cannot be ended, stopped or read, and its report cannot be written for it. A signal
   to it is no error and comes to nothing (pid_namespaces(7); others are handed on to the target): the later rows
   and the target's exit code show that it lives. */
static void test_init(void) {
  jailer_config config = strict;
  config.with_init = true;
  run_inside(&config, "do", "write:/proc/1/fd/3", "list:/proc/1/fd", "read:/proc/1/environ", "write:/proc/1/mem",
             "read:/proc/1/mem", "kill:1", "kill:1,9", "kill:1,19", "ptrace:1", "exec:/proc/1/exe",
             "text:/proc/1/stat", NULL);
  if (!RAN("with_init, and killing it")) return;
  ROW_IS("kill:1", "ok");
  ROW_IS("kill:1,9", "ok");
  ROW_IS("kill:1,19", "ok");
  const char *state = strrchr(value_of("text:/proc/1/stat"), ')');
  OK(state && (state[2] == 'S' || state[2] == 'R'), "SIGKILL and SIGSTOP did not stop or end the init: %.3s",
     state ? state : "");
  ROW_IS("write:/proc/1/fd/3", "EACCES");
  ROW_IS("list:/proc/1/fd", "EACCES");
  ROW_IS("read:/proc/1/environ", "EACCES");
  ROW_IS("write:/proc/1/mem", "EACCES");
  ROW_IS("read:/proc/1/mem", "EACCES");
  ROW_IS("ptrace:1", "EPERM");
  ROW_IS("exec:/proc/1/exe", "EACCES");
  run_inside(&config, "self", NULL);
  ROW_IS("pid", "2");
  ROW_IS("processes_visible", "2");
  ROW_IS("Seccomp", "2");
  ROW_IS("CapBnd", "0000000000000000");
}

int main(void) {
  jailer_host host;
  inside_start("test_hostile");
  if (jailer_probe(&host, NULL)) inside_die("jailer_probe");
  kernel = (int)(host.kernel_major * 1000 + host.kernel_minor);
  make_file("plain", "text");
  test_calls();
  test_own_program();
  test_user_wide();
  test_core();
  test_refused_descriptors();
  test_kept_descriptors();
  test_unix_sockets();
  test_what_sockets_reach();
  test_memfds();
  test_what_they_reach();
  test_inherited_network();
  test_host_files_by_descriptor();
  test_peer();
  test_links_now();
  test_planted();
  test_missing();
  test_set_id();
  test_sockets();
  test_terminal();
  test_late_mounts();
  test_domain_name();
  test_init();
  return tap_done();
}
