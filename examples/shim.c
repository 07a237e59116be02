/* Demonstrates a small virtual machine monitor as the jailed process: run_box.c launches it in a box.
 *   cc -o shim examples/shim.c -pthread
 *   ./shim --box HOME/boxes/ID [--kvm-fd N] [--try PATH]... [--stay]
 * It opens its disk and every layer below by the names in the headers, reads through the chain, makes a virtual machine
 * where /dev/kvm is to be had, and tries what a jail must refuse. Then it needs no more than what it has opened and the
 * directories of its box: it confines itself (role vmm), runs a guest of a few instructions in a thread that confines
 * itself further (role vcpu), and tries what that must refuse.
 * Exit status: 0 when all was as it should be, 1 when something was allowed that should not be, 2 when it cannot work.
 * --try: one more path that must not open. --stay: goes on until standard input ends, as a monitor does with its guest.
 * Outside a jail it works too, and says ALLOWED a lot. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#endif

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#if defined(__linux__) && defined(__x86_64__) && defined(__has_include)
#if __has_include(<linux/kvm.h>)
#include <linux/kvm.h>
#define HAVE_GUEST 1
#endif
#endif

static const char *box; /* HOME/boxes/ID */
static int allowed, refused;

static const char *in_box(char *to, const char *name) {
  if (snprintf(to, JAILER_PATH_MAX, "%s/%s", box, name) >= JAILER_PATH_MAX) fprintf(stderr, "too long: %s\n", name), exit(2);
  return to;
}

static int give_up(const char *what, const char *name) {
  printf("shim: %s %s: %s\n", what, name, strerror(errno));
  exit(2);
}

static void write_file(const char *name, int flags, const char *text, size_t size) {
  char path[JAILER_PATH_MAX];
  int fd = open(in_box(path, name), O_WRONLY | O_CLOEXEC | flags, 0755);
  if (fd < 0 || write(fd, text, size) != (ssize_t)size || close(fd)) give_up("cannot write", path);
  printf("wrote: %s\n", name);
}

/* --- the disk: layer 0 read-write, all others read-only, found by the names in the headers ------------------------ */

typedef struct layer {
  int fd;
  bool qcow2;
  unsigned cluster_bits;
  char name[JAILER_PATH_MAX]; /* as opened */
} layer;

/* QEMU's rule: a relative name counts from the directory of the overlay's name as it was opened. */
static void backing_path(const char *overlay, const char *name, char *to) {
  const char *slash = strrchr(overlay, '/');
  size_t keep = name[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - overlay);
  if (snprintf(to, JAILER_PATH_MAX, "%.*s%s", (int)keep, overlay, name) >= JAILER_PATH_MAX) errno = ENAMETOOLONG, give_up("name", name);
}

static size_t open_chain(layer *layers, size_t max) {
  bool qcow2 = true; /* formats are stated: the top's by the tree, each other one's by its overlay */
  in_box(layers[0].name, "disks/disk.qcow2");
  for (size_t n = 0; n < max; n++) {
    jailer_qcow2 header;
    jailer_error err;
    layer *at = &layers[n];
    at->qcow2 = qcow2;
    at->fd = open(at->name, (n ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY);
    if (at->fd < 0) give_up("cannot open", at->name);
    printf("layer %zu: %s, %s, %s\n", n, n ? "read-only" : "read-write", qcow2 ? "qcow2" : "raw", at->name);
    if (!qcow2) return n + 1;
    if (jailer_qcow2_read_fd(at->fd, &header, &err)) printf("shim: %s: %s\n", at->name, err.message), exit(2);
    at->cluster_bits = header.cluster_bits;
    if (!header.backing_name[0]) return n + 1;
    if (n + 1 < max) backing_path(at->name, header.backing_name, layers[n + 1].name);
    qcow2 = strcmp(header.backing_format, "raw") != 0;
  }
  errno = ELOOP;
  return give_up("too many layers below", layers[0].name), 0;
}

static uint64_t big_endian(int fd, uint64_t at, size_t size) {
  unsigned char bytes[8];
  uint64_t value = 0;
  if (at > INT64_MAX || pread(fd, bytes, size, (off_t)at) != (ssize_t)size) give_up("cannot read", "a table of the disk");
  for (size_t i = 0; i < size; i++) value = value << 8 | bytes[i];
  return value;
}

/* Where a guest offset lies in a qcow2 file; 0: not in this layer. docs/interop/qcow2.txt, "Cluster mapping". */
static uint64_t find_cluster(const layer *l, uint64_t guest) {
  const uint64_t offset_mask = 0x00fffffffffffe00;
  uint64_t cluster = guest >> l->cluster_bits, per_table = (uint64_t)1 << (l->cluster_bits - 3);
  if (cluster / per_table >= big_endian(l->fd, 36, 4)) return 0;
  uint64_t l2 = big_endian(l->fd, big_endian(l->fd, 40, 8) + cluster / per_table * 8, 8) & offset_mask;
  return l2 ? big_endian(l->fd, l2 + cluster % per_table * 8, 8) & offset_mask : 0;
}

/* The first bytes of a guest's cluster, from the topmost layer that has it. */
static void read_guest(const layer *layers, size_t count, uint64_t guest) {
  char text[64];
  for (size_t n = 0; n < count; n++) {
    uint64_t at = layers[n].qcow2 ? find_cluster(&layers[n], guest) : guest;
    if (!at && layers[n].qcow2) continue;
    ssize_t got = pread(layers[n].fd, text, sizeof text - 1, (off_t)at);
    if (got < 0) give_up("cannot read", layers[n].name);
    text[got] = 0;
    text[strcspn(text, "\n")] = 0;
    printf("guest offset %llu: \"%s\" (layer %zu)\n", (unsigned long long)guest, text, n);
    if (n == 0 && pwrite(layers[0].fd, "written by the guest's monitor\n", 31, (off_t)at) != 31) give_up("cannot write", layers[0].name);
    return;
  }
}

/* --- the guest ---------------------------------------------------------------------------------------------------- */

typedef struct machine {
  int kvm, vm, vcpu; /* -1: none */
  char console[128]; /* what the guest has printed */
  const char *why;   /* there is no guest; NULL: there is one */
  struct kvm_run *run;
} machine;

#ifdef HAVE_GUEST
/* 16-bit code at 0x1000: mov dx, 0x3f8; mov si, 0x100f; next: lodsb; test al, al; jz end; out dx, al; jmp next; end: hlt */
static const unsigned char guest_code[] = {0xba, 0xf8, 0x03, 0xbe, 0x0f, 0x10, 0xac, 0x84, 0xc0, 0x74, 0x03, 0xee, 0xeb, 0xf8, 0xf4};

static const char *make_machine(machine *m) {
  struct kvm_sregs sregs;
  struct kvm_regs regs = {.rip = 0x1000, .rflags = 2};
  if (m->kvm < 0) return strerror(errno);
  m->vm = ioctl(m->kvm, KVM_GET_API_VERSION, 0) == KVM_API_VERSION ? ioctl(m->kvm, KVM_CREATE_VM, 0) : -1;
  if (m->vm < 0) return "it makes no virtual machine";
  unsigned char *memory = mmap(NULL, 0x10000, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return "no memory for the guest";
  memcpy(memory + 0x1000, guest_code, sizeof guest_code);
  strcpy((char *)memory + 0x1000 + sizeof guest_code, "hello from the guest\n");
  struct kvm_userspace_memory_region region = {.memory_size = 0x10000, .userspace_addr = (uintptr_t)memory};
  ioctl(m->vm, KVM_SET_TSS_ADDR, 0xfffbd000ul); /* only some Intel machines need it, and only they would miss it */
  m->vcpu = ioctl(m->vm, KVM_SET_USER_MEMORY_REGION, &region) ? -1 : ioctl(m->vm, KVM_CREATE_VCPU, 0);
  int run_size = m->vcpu < 0 ? -1 : ioctl(m->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_size < (int)sizeof(struct kvm_run)) return "it makes no virtual processor";
  m->run = mmap(NULL, (size_t)run_size, PROT_READ | PROT_WRITE, MAP_SHARED, m->vcpu, 0);
  if (m->run == MAP_FAILED || ioctl(m->vcpu, KVM_GET_SREGS, &sregs)) return "the virtual processor cannot be set up";
  sregs.cs.base = sregs.cs.selector = 0;
  return ioctl(m->vcpu, KVM_SET_SREGS, &sregs) || ioctl(m->vcpu, KVM_SET_REGS, &regs) ? "the registers cannot be set" : NULL;
}

static const char *run_guest(machine *m) {
  size_t length = 0;
  for (int exits = 0; exits < 1000; exits++) {
    if (ioctl(m->vcpu, KVM_RUN, 0)) return "the guest does not run";
    if (m->run->exit_reason == KVM_EXIT_HLT) return m->console[length] = 0, NULL;
    if (m->run->exit_reason != KVM_EXIT_IO || m->run->io.port != 0x3f8 || length + 1 == sizeof m->console) return "the guest did something else";
    m->console[length++] = *((const char *)m->run + m->run->io.data_offset);
  }
  return "the guest does not halt";
}
#else
static const char *make_machine(machine *m) { return (void)m, "this build has no guest for this machine"; }
static const char *run_guest(machine *m) { return m->why; }
#endif

/* --- what a jail must refuse: each attempt answers 0 when it got through, else errno ------------------------------ */

static const char *errno_name(int e) {
  static const struct { int number; const char *name; } names[] = {
      {EPERM, "EPERM"}, {ENOENT, "ENOENT"}, {EACCES, "EACCES"}, {EROFS, "EROFS"}, {ENOSYS, "ENOSYS"}, {EINVAL, "EINVAL"},
      {ENODEV, "ENODEV"}, {ENOTDIR, "ENOTDIR"}, {ETXTBSY, "ETXTBSY"}, {EAFNOSUPPORT, "EAFNOSUPPORT"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].number == e) return names[i].name;
  return strerror(e);
}

static void attempt(const char *what, const char *name, long result) {
  int e = errno;
  if (result < 0) refused++, printf("refused: %s%s (%s)\n", what, name, errno_name(e));
  else allowed++, printf("ALLOWED: %s%s\n", what, name);
}

static long try_open(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  return fd < 0 ? -1 : close(fd);
}

static long closed(long fd) { return fd < 0 ? -1 : close((int)fd); }

/* A directory is fine as long as nothing but the one name is to be seen in it. */
static long try_list(const char *path, const char *only) {
  DIR *dir = opendir(path);
  long others = 0;
  if (!dir) return -1;
  for (struct dirent *e; (e = readdir(dir));) others += e->d_name[0] != '.' && strcmp(e->d_name, only) != 0;
  closedir(dir);
  return others ? others : (errno = ENOENT, -1);
}

/* In a child, so that outside a jail, where the attempt succeeds, nothing stays changed. */
static long in_child(long (*call)(const char *), const char *arg) {
  int status = 0;
  pid_t child = fork();
  if (child < 0) return -1;
  if (child == 0) _exit(call(arg) < 0 ? errno : 0);
  if (waitpid(child, &status, 0) != child || !WIFEXITED(status) || !WEXITSTATUS(status)) return 0;
  errno = WEXITSTATUS(status);
  return -1;
}

static long do_execute(const char *path) { return execl(path, path, (char *)NULL); }
static long do_setuid(const char *unused) { return (void)unused, setuid(0); }

#ifdef __linux__
static long do_unshare(const char *unused) { return (void)unused, unshare(CLONE_NEWUSER); }
static long do_ptrace(const char *unused) { return (void)unused, ptrace(PTRACE_TRACEME, 0, NULL, NULL); }

/* On a directory of the box, and taken away again where it works. */
static long try_mount(const char *path) {
  long r = mount("none", path, "tmpfs", 0, NULL);
  return r == 0 ? umount2(path, MNT_DETACH) : r;
}

static void refusals_of_linux(const char *directory) {
  attempt("executable memory file", "", closed(syscall(SYS_memfd_create, "x", 0x10 /* MFD_EXEC */)));
  attempt("socket: ", "packet", closed(socket(AF_PACKET, SOCK_RAW, 0)));
  attempt("mount", "", try_mount(directory));
  attempt("unshare: ", "user namespace", in_child(do_unshare, NULL));
  attempt("ptrace", "", in_child(do_ptrace, NULL));
}
#else
static void refusals_of_linux(const char *directory) { (void)directory; }
#endif

static void refusals(const layer *layers, size_t count) {
  static const char script[] = "#!/bin/sh\nexit 0\n";
  char path[JAILER_PATH_MAX], boxes[JAILER_PATH_MAX];
  snprintf(boxes, sizeof boxes, "%.*s", (int)(strrchr(box, '/') - box), box);
  attempt("read ", "/etc/shadow", try_open("/etc/shadow", O_RDONLY));
  attempt("list ", "/root", try_open("/root", O_RDONLY | O_DIRECTORY));
  attempt("list other boxes in ", boxes, try_list(boxes, strrchr(box, '/') + 1));
  static const char *const absent[] = {"mounts", "shim.pid", "shim.stderr", "lock", "record"};
  for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
    attempt("open the box's ", absent[i], try_open(in_box(path, absent[i]), O_RDONLY));
  for (size_t n = 1; n < count; n++) attempt("write to ", layers[n].name, try_open(layers[n].name, O_WRONLY));
  attempt("write to ", "bin/shim", try_open(in_box(path, "bin/shim"), O_WRONLY));
  write_file("tmp/script", O_CREAT | O_TRUNC, script, sizeof script - 1);
  attempt("execute what it wrote: ", "tmp/script", in_child(do_execute, in_box(path, "tmp/script")));
  attempt("socket: ", "IPv4", closed(socket(AF_INET, SOCK_STREAM, 0)));
  refusals_of_linux(in_box(path, "tmp"));
  attempt("become root", "", in_child(do_setuid, NULL));
}

#ifdef __linux__
/* --- it confines itself ------------------------------------------------------------------------------------------- */

/* Here EPERM, so that it can go on and tell what it tried. A monitor that is in earnest leaves `denied` zero: the process
 * ends; or has it reported (JAILER_ANSWER_TRAP). */
static const jailer_role_options told = {.denied = JAILER_ANSWER_ERRNO(1)};

static jailer_policy *policy_of(jailer_role role) {
  jailer_policy *policy = NULL;
  jailer_role_options options = told;
  jailer_error err;
  options.pid = (uint32_t)getpid(); /* signals to itself: abort, pthread_kill */
  if (jailer_policy_role(role, &options, &policy, &err)) printf("shim: %s\n", err.message), exit(2);
  return policy;
}

/* Everything is open: what it goes on using of the file system are the directories of its box. */
static void confine(const int *open_fds, size_t count) {
  static const char *const directories[] = {"shared", "sockets", "tmp", "logs"};
  char paths[4][JAILER_PATH_MAX], text[1024];
  jailer_grant grants[4] = {{0}};
  jailer_fd fds[JAILER_CHAIN_DEPTH + 6] = {{0}};
  jailer_config config = {.grants = grants, .grant_count = 4, .fds = fds, .policy = policy_of(JAILER_ROLE_VMM)};
  jailer_report report;
  jailer_error err;
  for (size_t i = 0; i < 4; i++) grants[i].path = in_box(paths[i], directories[i]), grants[i].access = JAILER_WRITE;
  for (size_t i = 0; i < count; i++)
    if (open_fds[i] >= 0) fds[config.fd_count++].fd = open_fds[i];
  if (jailer_confine_self(&config, &report, &err)) {
    jailer_error_text(&err, text, sizeof text);
    printf("shim: %s\n", text), exit(2);
  }
  for (int i = 1; i < JAILER_LAYER_COUNT; i++)
    if (report.layer[i].state == JAILER_APPLIED)
      printf("confined: %s%s%s%s\n", jailer_layer_name((jailer_layer)i), report.layer[i].verified ? ", verified" : "",
             report.layer[i].detail[0] ? ": " : "", report.layer[i].detail);
}

/* What the outer jail lets the shim do, and the shim does not let itself do any more. */
static void own_refusals(const layer *disk) {
  char path[JAILER_PATH_MAX];
  printf("opens again: shared/from-shim: %s\n", try_open(in_box(path, "shared/from-shim"), O_RDWR) ? strerror(errno) : "yes");
  attempt("by itself, open ", "/usr", try_open("/usr", O_RDONLY | O_DIRECTORY));
  attempt("by itself, open ", "its disk again", try_open(disk->name, O_RDWR));
  attempt("by itself, open ", "the exit file again", try_open(in_box(path, "exit"), O_WRONLY));
  attempt("by itself, change the mode of ", "its disk", fchmod(disk->fd, 0666));
  attempt("by itself, make ", "a process", fork());
  attempt("by itself, execute ", "/bin/sh", do_execute("/bin/sh"));
  attempt("by itself, make ", "executable memory",
          mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0);
}

static void *vcpu_thread(void *arg) {
  machine *m = arg;
  jailer_policy *policy = policy_of(JAILER_ROLE_VCPU);
  jailer_error err;
  char path[JAILER_PATH_MAX];
  if (jailer_seccomp_apply(policy, false, NULL, &err)) printf("shim: %s\n", err.message), exit(2);
  if (!m->why) m->why = run_guest(m);
  attempt("in the vcpu thread, open ", "what the process may", try_open(in_box(path, "shared"), O_RDONLY | O_DIRECTORY));
  attempt("in the vcpu thread, make ", "a socket", socket(AF_UNIX, SOCK_STREAM, 0));
  return NULL;
}

/* Prints what the guest printed; false when there was no guest. */
static bool guest(machine *m, int console) {
  pthread_t thread;
  errno = pthread_create(&thread, NULL, vcpu_thread, m);
  if (errno || (errno = pthread_join(thread, NULL))) give_up("no thread", "for the guest");
  if (m->why) return printf("kvm: not usable here (%s); no guest was run\n", m->why), false;
  printf("kvm: %s", m->console);
  if (write(console, m->console, strlen(m->console)) < 0) give_up("cannot write", "logs/console.log");
  printf("wrote: logs/console.log\n");
  return true;
}

static bool run_confined(machine *m, const layer *layers, const int *fds, size_t count) {
  confine(fds, count);
  const bool ran = guest(m, fds[4]);
  own_refusals(layers);
  return ran;
}
#else
/* Elsewhere a running program cannot confine itself: the jail that it is in is all there is. */
static bool run_confined(machine *m, const layer *layers, const int *fds, size_t count) {
  (void)layers, (void)fds, (void)count;
  printf("kvm: not usable here (%s); no guest was run\n", run_guest(m));
  return false;
}
#endif

static int listen_on(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  char path[JAILER_PATH_MAX];
  int api = socket(AF_UNIX, SOCK_STREAM, 0);
  in_box(path, name);
  if (strlen(path) >= sizeof address.sun_path) errno = ENAMETOOLONG, give_up("socket path", path);
  strcpy(address.sun_path, path);
  unlink(path);
  if (api < 0 || fcntl(api, F_SETFD, FD_CLOEXEC) || bind(api, (struct sockaddr *)&address, sizeof address) || listen(api, 1)) give_up("cannot listen on", path);
  printf("listens: %s\n", name);
  return api;
}

/* `exit` has one JSON object a line: what ended us is one more, after whatever we write ourselves. Where a program cannot
   have its end reported (E_UNSUPPORTED) there is just the file. */
static int open_exit(const char *path) {
  static jailer_reporter reporter; /* used until the end */
  jailer_error err;
  reporter.path = path;
  reporter.role = "shim";
  jailer_code code = jailer_reporter_install(&reporter, &err);
  if (code == JAILER_OK) return reporter.fd;
  int fd = code == JAILER_E_UNSUPPORTED ? open(path, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
  if (fd < 0) fprintf(stderr, "shim: %s: %s\n", path, err.message), exit(2);
  return fd;
}

static int open_for_writing(const char *name) {
  char path[JAILER_PATH_MAX];
  int fd = open(in_box(path, name), O_WRONLY | O_CLOEXEC | O_CREAT | O_TRUNC, 0644);
  if (fd < 0) give_up("cannot open", path);
  return fd;
}

int main(int argc, char **argv) {
  const char *tries[16];
  char path[JAILER_PATH_MAX], line[160];
  size_t try_count = 0;
  machine m = {.kvm = -1, .vm = -1, .vcpu = -1};
  bool stay = false;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--stay")) stay = true;
    else if (value && !strcmp(argv[i], "--box")) box = value, i++;
    else if (value && !strcmp(argv[i], "--kvm-fd")) m.kvm = atoi(value), i++;
    else if (value && !strcmp(argv[i], "--try") && try_count < 16) tries[try_count++] = value, i++;
    else return fprintf(stderr, "shim: what is %s?\n", argv[i]), 2;
  }
  if (!box || box[0] != '/' || !strrchr(box + 1, '/')) return fprintf(stderr, "shim: --box HOME/boxes/ID is needed\n"), 2;
  for (int fd = 3; fd < 1024; fd++)
    if (fd != m.kvm) close(fd); /* in a jail there is none; outside somebody may have left one open */
  int last = open_exit(in_box(path, "exit"));
  printf("shim: pid %d, uid %d\n", (int)getpid(), (int)getuid());

  static layer layers[JAILER_CHAIN_DEPTH];
  size_t count = open_chain(layers, JAILER_CHAIN_DEPTH);
  for (uint64_t n = 0; n < count; n++) read_guest(layers, count, n << layers[0].cluster_bits);
  if (m.kvm < 0) m.kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  m.why = make_machine(&m);
  int fds[JAILER_CHAIN_DEPTH + 6] = {m.kvm, m.vm, m.vcpu, listen_on("sockets/api.sock"), open_for_writing("logs/console.log"), last};
  for (size_t n = 0; n < count; n++) fds[6 + n] = layers[n].fd;
  write_file("shared/from-shim", O_CREAT | O_TRUNC, "hello from the shim\n", 20);
  fprintf(stderr, "this goes to shim.stderr\n");
  refusals(layers, count);
  for (size_t i = 0; i < try_count; i++) attempt("open ", tries[i], try_open(tries[i], O_RDONLY));

  bool ran = run_confined(&m, layers, fds, 6 + count);

  int size = snprintf(line, sizeof line, "{\"code\":%d,\"guest\":\"%s\",\"refused\":%d,\"allowed\":%d}\n", allowed != 0,
                      ran ? "halted" : "none", refused, allowed);
  if (write(last, line, (size_t)size) != size) give_up("cannot write", "exit");
  printf("wrote: exit\n");
  while (stay && read(0, line, sizeof line) > 0) {}
  return allowed != 0;
}
