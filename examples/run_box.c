/* Demonstrates the main job: makes a home with one box, whose disk is a qcow2 image on two layers below it, and launches
 * shim.c in that box.
 *   cc -o run_box examples/run_box.c && cc -o shim examples/shim.c
 *   ./run_box [--home DIR] [--shim PATH]
 * Prints what the shim says, what is enforced layer by layer, and what the launch took; removes everything again, but for
 * the empty directories of a home that was named. Works as root (the box gets a uid of its own) and as an ordinary user. Exit status: 0 when all was as promised. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#ifdef __APPLE__
#include <mach-o/dyld.h> /* _NSGetExecutablePath */
#endif

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#define CLUSTER 65536u

static char home[JAILER_PATH_MAX];
static int broken; /* promises */

static void promise(bool kept, const char *what) {
  if (!kept) printf("BROKEN: %s\n", what), broken++;
}

static void check(jailer_code code, const jailer_error *err) {
  char text[1024];
  if (code == JAILER_OK) return;
  jailer_error_text(err, text, sizeof text);
  fflush(stdout);
  fprintf(stderr, "run_box: %s\n", text);
  broken++;
}

static char *join(char *to, const char *dir, const char *name) {
  if (snprintf(to, JAILER_PATH_MAX, "%s/%s", dir, name) < JAILER_PATH_MAX) return to;
  fprintf(stderr, "run_box: the path of %s is too long\n", name);
  exit(1);
}

/* --- images: a writer of the smallest valid ones ------------------------------------------------------------------ */

static void put(unsigned char *at, size_t size, uint64_t value) {
  while (size) at[--size] = (unsigned char)value, value >>= 8;
}

static bool write_image(const char *path, const unsigned char *bytes, size_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  bool good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
  if (fd >= 0) good = close(fd) == 0 && good;
  if (!good) fprintf(stderr, "run_box: %s: %s\n", path, strerror(errno)), broken++;
  return good;
}

static bool write_raw(const char *path, const char *text) {
  static unsigned char image[16 * CLUSTER];
  memset(image, 0, sizeof image);
  memcpy(image, text, strlen(text));
  return write_image(path, image, sizeof image);
}

/* A version 3 image of 1 MiB with one cluster of its own: `text` in guest cluster `guest`. In the file: cluster 0 header,
   1 refcount table, 2 refcounts, 3 L1 table, 4 L2 table, 5 the data. docs/interop/qcow2.txt of QEMU. */
static bool write_qcow2(const char *path, const char *backing, const char *format, unsigned guest, const char *text) {
  static unsigned char image[6 * CLUSTER];
  const uint64_t copied = (uint64_t)1 << 63; /* its refcount is exactly 1 */
  unsigned char *extension = image + 104;
  memset(image, 0, sizeof image);
  put(image, 4, 0x514649fb); /* "QFI\xfb" */
  put(image + 4, 4, 3);
  put(image + 8, 8, 104 + 32);         /* where the backing file's name is, */
  put(image + 16, 4, strlen(backing)); /* and its size */
  put(image + 20, 4, 16);              /* cluster bits */
  put(image + 24, 8, 16 * CLUSTER);    /* what the guest sees */
  put(image + 36, 4, 1);               /* L1 entries */
  put(image + 40, 8, 3 * CLUSTER);     /* L1 table */
  put(image + 48, 8, CLUSTER);         /* refcount table */
  put(image + 56, 4, 1);               /* its clusters */
  put(image + 96, 4, 4);               /* refcounts of 1 << 4 bits */
  put(image + 100, 4, 104);            /* header length */
  put(extension, 4, 0xe2792aca);       /* backing format: stated, never probed */
  put(extension + 4, 4, strlen(format));
  memcpy(extension + 8, format, strlen(format));
  memcpy(image + 104 + 32, backing, strlen(backing));
  put(image + CLUSTER, 8, 2 * CLUSTER);
  for (unsigned i = 0; i < 6; i++) put(image + 2 * CLUSTER + 2 * i, 2, 1);
  put(image + 3 * CLUSTER, 8, copied | 4 * CLUSTER);
  put(image + 4 * CLUSTER + 8 * guest, 8, copied | 5 * CLUSTER);
  memcpy(image + 5 * CLUSTER, text, strlen(text));
  return write_image(path, image, sizeof image);
}

/* disks/disk.qcow2 -> images/middle.qcow2 -> bases/base.raw by relative names; guest-rootfs.qcow2 -> bases/rootfs.raw. */
static bool make_images(const char *box) {
  char path[JAILER_PATH_MAX], rootfs[JAILER_PATH_MAX];
  return write_raw(join(path, home, "bases/base.raw"), "this is the base image\n") &&
         write_raw(join(path, home, "bases/not-in-the-chain.raw"), "another tenant's\n") &&
         write_raw(join(rootfs, home, "bases/rootfs.raw"), "this is the guest's root\n") &&
         write_qcow2(join(path, home, "images/middle.qcow2"), "../bases/base.raw", "raw", 1,
                     "this is the middle layer\n") &&
         write_qcow2(join(path, box, "disks/disk.qcow2"), "../../../images/middle.qcow2", "qcow2", 2,
                     "this is the box's own disk\n") &&
         write_qcow2(join(path, box, "disks/guest-rootfs.qcow2"), rootfs, "raw", 1, "this is the guest's root disk\n");
}

static void remove_home(bool made) {
  static const char *const ours[] = {"bases/base.raw", "bases/not-in-the-chain.raw", "bases/rootfs.raw",
                                     "images/middle.qcow2"};
  static const char *const dirs[] = {"bases", "images", "boxes", "uids"};
  char path[JAILER_PATH_MAX];
  for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++) unlink(join(path, home, ours[i]));
  if (!made) return;
  for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) rmdir(join(path, home, dirs[i]));
  promise(rmdir(home) == 0, "the home could be removed: nothing but what we know was in it");
}

/* --- the launch --------------------------------------------------------------------------------------------------- */

/* The launcher opens /dev/kvm and hands it in, so that the box's uid needs no right to it. -1: none that works. */
static int open_kvm(void) {
#ifdef __x86_64__
  int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
  int vm = kvm < 0 ? -1 : ioctl(kvm, 0xae01, 0); /* KVM_CREATE_VM: only trying tells */
  if (vm >= 0) return close(vm), kvm;
  if (kvm >= 0) close(kvm);
#endif
  return -1;
}

/* What the box wrote is foreign: escaped when printed. */
static void print_foreign(const char *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) {
    const char c = bytes[i];
    if ((c >= 32 && c < 127) || (c == '\n' && i + 1 == length)) putchar(c);
    else printf("\\x%02x", (unsigned char)c);
  }
}

/* What a box has by its engine. No cgroup is named here. */
#ifdef __APPLE__
static jailer_state expected(jailer_layer layer) {
  switch ((int)layer) {
    case JAILER_LAYER_SEATBELT:
    case JAILER_LAYER_SESSION:
    case JAILER_LAYER_FDS:
    case JAILER_LAYER_ENV:
    case JAILER_LAYER_RLIMITS: return JAILER_APPLIED;
    case JAILER_LAYER_IDS: return geteuid() == 0 ? JAILER_APPLIED : JAILER_NOT_REQUESTED;
    default: return JAILER_NOT_REQUESTED;
  }
}
#else
static jailer_state expected(jailer_layer layer) {
  return layer == JAILER_LAYER_CGROUP || layer == JAILER_LAYER_SEATBELT ? JAILER_NOT_REQUESTED : JAILER_APPLIED;
}
#endif

static void print_report(const jailer_proc *proc) {
  jailer_report report;
  jailer_error err;
  jailer_code code = jailer_report_read(proc, &report, &err);
  check(code, &err);
  if (code) return;
  printf("engine %s, pid %d, uid %u, gid %u\n", jailer_engine_name(report.engine), (int)report.pid,
         (unsigned)report.uid, (unsigned)report.gid);
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    printf("  %-13s %s%s%s%s\n", jailer_layer_name((jailer_layer)i), jailer_state_name(report.layer[i].state),
           report.layer[i].verified ? ", verified" : "", report.layer[i].detail[0] ? ": " : "", report.layer[i].detail);
    promise(report.layer[i].state == expected((jailer_layer)i), "every layer is applied");
  }
}

static bool open_pipe(int ends[2]) {
  return pipe(ends) == 0 && fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0;
}

/* The shim beside this program; "" when it is not to be found. */
static void find_shim(char shim[JAILER_PATH_MAX]) {
  char own[JAILER_PATH_MAX - 8] = "";
#ifdef __APPLE__
  uint32_t size = sizeof own;
  if (_NSGetExecutablePath(own, &size)) own[0] = 0;
#else
  ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
  own[n < 0 ? 0 : n] = 0;
#endif
  char *slash = strrchr(own, '/');
  snprintf(shim, JAILER_PATH_MAX, "%.*s%s", slash ? (int)(slash - own) : 0, own, slash ? "/shim" : "");
}

/* Launches the shim, passes on what it says and looks at it from outside. */
static void run(const jailer_layout *layout, const char *box, jailer_config *config, int kvm) {
  int out[2], in[2];
  char line[512], path[JAILER_PATH_MAX];
  char try_base[JAILER_PATH_MAX], try_box[JAILER_PATH_MAX];
  jailer_proc proc;
  jailer_status status = {0};
  jailer_error err;
  struct timespec before, after;
  bool greeted = false, done = false;
  if (!open_pipe(out) || !open_pipe(in)) perror("run_box: pipe"), exit(1);
  const jailer_fd fds[] = {{.fd = in[0], .renumber = true, .as = 0},
                           {.fd = out[1], .renumber = true, .as = 1},
                           {.fd = kvm, .renumber = true, .as = 3}};
  const char *argv[16] = {"shim",  "--stay",
                          "--box", box,
                          "--try", join(try_base, home, "bases/not-in-the-chain.raw"),
                          "--try", join(try_box, home, "boxes/neighbour/exit")};
  if (kvm >= 0) argv[8] = "--kvm-fd", argv[9] = "3";
  config->argv = argv;
  config->fds = fds;
  config->fd_count = kvm >= 0 ? 3 : 2;

  clock_gettime(CLOCK_MONOTONIC, &before);
  jailer_code code = jailer_launch(config, &proc, &err);
  clock_gettime(CLOCK_MONOTONIC, &after);
  close(in[0]);
  close(out[1]);
  if (code) {
    check(code, &err);
    close(in[1]);
    close(out[0]);
    return;
  }
  FILE *from = fdopen(out[0], "r");
  while (from && !done && fgets(line, sizeof line, from)) {
    printf("  | %s", line);
    greeted = greeted || strcmp(line, "kvm: hello from the guest\n") == 0;
    done = strcmp(line, "wrote: exit\n") == 0;
  }
  promise(done, "the shim did all of its work");
  promise(kvm < 0 || greeted, "the guest printed its line");
  promise(access(join(path, box, "shim.pid"), F_OK) == 0, "there is a pid file while the shim runs");
  print_report(&proc);
  printf("launch: %.2f ms, with the box locked, checked and filled\n",
         (double)(after.tv_sec - before.tv_sec) * 1e3 + (double)(after.tv_nsec - before.tv_nsec) / 1e6);

  close(in[1]); /* the shim stays until then */
  code = jailer_wait(&proc, 10000, &status, &err);
  check(code, &err);
  if (code == JAILER_E_TIMEOUT && jailer_kill(&proc, 9, &err) == JAILER_OK) jailer_wait(&proc, -1, &status, NULL);
  if (from) fclose(from);
  promise(status.exited && status.exit_code == 0, "the shim says that everything was refused that should be");
  promise(access(join(path, box, "shim.pid"), F_OK) != 0, "the pid file is gone afterwards");
  size_t length = 0;
  check(jailer_box_exit(layout, line, sizeof line - 1, &length, &err),
        &err); /* follows nothing that the box put there */
  line[length] = 0;
  printf("exit: ");
  print_foreign(line, length);
  promise(strstr(line, "\"allowed\":0") != NULL, "the exit file holds the shim's last words");
  FILE *said = fopen(join(path, box, "shim.stderr"), "r"); /* the launcher's file: only what is in it is the box's */
  length = said ? fread(line, 1, sizeof line, said) : 0;
  if (said) fclose(said);
  printf("stderr: ");
  print_foreign(line, length);
  printf(length && line[length - 1] == '\n' ? "" : "\n");
}

int main(int argc, char **argv) {
  char shim[JAILER_PATH_MAX] = "", box[JAILER_PATH_MAX];
  jailer_layout layout, neighbour;
  jailer_error err;
  bool made = false;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int i = 1; i < argc; i += 2) {
    bool is_home = !strcmp(argv[i], "--home");
    if (i + 1 == argc || (!is_home && strcmp(argv[i], "--shim")))
      return fprintf(stderr, "usage: run_box [--home DIR] [--shim PATH]\n"), 2;
    if (!realpath(argv[i + 1], is_home ? home : shim)) return perror(argv[i + 1]), 2;
  }
  if (!shim[0]) find_shim(shim);
  if (!home[0]) {
    const char *tmp = getenv("TMPDIR");
    join(home, tmp && tmp[0] == '/' ? tmp : "/tmp", "jailer-home.XXXXXX");
    if (!mkdtemp(home)) return perror(home), 1;
#ifdef __APPLE__
    if (chmod(home, 0711)) return perror(home), 1; /* nothing is mounted: the user of root's box has to pass here */
#endif
    made = true;
  }
  alarm(60); /* the shim ends with us */

  check(jailer_layout_init(&layout, home, "demo", &err), &err);
  check(jailer_layout_init(&neighbour, home, "neighbour", &err), &err);
  if (!broken) check(jailer_layout_prepare(&layout, 0, 0, &err), &err);
  if (!broken) check(jailer_layout_prepare(&neighbour, 0, 0, &err), &err);
  if (!broken) check(jailer_layout_path(&layout, JAILER_ENTRY_BOX, box, sizeof box, &err), &err);
  jailer_config config = {.layout = &layout, .shim = shim}; /* the rest is zero: the strict profile */
#ifdef __APPLE__
  config.outlive_launcher = true; /* nothing ends it with us there; it ends with its standard input */
#endif
  printf("home: %s\n", home);
  if (!broken && make_images(box)) check(jailer_box_record(&config, &err), &err); /* what later launches must find */
  if (!broken) {
    int kvm = open_kvm();
    printf("kvm: %s\n", kvm < 0 ? "not to be had by this user on this machine" : "opened, and handed to the shim");
    run(&layout, box, &config, kvm);
    if (kvm >= 0) close(kvm);
  }

  check(jailer_layout_remove(&layout, &err), &err);
  check(jailer_layout_remove(&neighbour, &err), &err);
  remove_home(made);
  printf(broken ? "run_box: %d promises were not kept\n" : "run_box: all as promised\n", broken);
  return broken != 0;
}
