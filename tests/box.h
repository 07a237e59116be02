/* box.h: a home, disk images and launches, for the tests of boxes. Include it after jailer.h and tap.h. */
#ifndef BOX_H
#define BOX_H
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOX_UNUSED __attribute__((unused))

static char box_top[JAILER_PATH_MAX];   /* a fresh directory for everything */
static char box_home[JAILER_PATH_MAX];  /* box_top/home */
static char box_dir[JAILER_PATH_MAX];   /* box_home/boxes/demo */
static char box_probe[JAILER_PATH_MAX]; /* the program that runs in the box */
static jailer_layout box_layout;

/* "~/x" is below the home, "./x" below the box, "^/x" below the test's own directory; also after a '|'. Several results
   may be in use at once. */
static char *box_path(const char *name) {
  static char ring[64][JAILER_PATH_MAX];
  static unsigned next;
  char *to = ring[next++ % 64];
  size_t at = 0;
  for (const char *c = name; *c && at + 1 < JAILER_PATH_MAX;) {
    const char *base = c[1] != '/' ? NULL : *c == '~' ? box_home : *c == '.' ? box_dir : *c == '^' ? box_top : NULL;
    if (base && (c == name || c[-1] == '|')) {
      at += (size_t)snprintf(to + at, JAILER_PATH_MAX - at, "%s", base);
      c++;
    } else {
      to[at++] = *c++;
    }
  }
  to[at < JAILER_PATH_MAX ? at : JAILER_PATH_MAX - 1] = 0;
  return to;
}

static int box_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

/* As the owner of everything below, whatever modes the box has set. */
static int box_open_up(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)ftw;
  if (type == FTW_D || type == FTW_DNR) chmod(path, st->st_mode | 0700);
  return 0;
}

static void box_end(void) {
  if (!box_top[0]) return;
  nftw(box_top, box_open_up, 16, FTW_PHYS);
  nftw(box_top, box_remove_one, 16, FTW_PHYS | FTW_DEPTH);
  if (access(box_top, F_OK) == 0) printf("# %s could not be removed\n", box_top);
}

BOX_UNUSED static void box_die(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  box_end();
  exit(1);
}

/* Makes the home and the box `demo` in it. Not in /tmp where that can be helped: a jail has a /tmp of its own, so the
   directories on the way to the box would be writable in there (on that private /tmp, not on the host). */
BOX_UNUSED static void box_begin(void) {
  const char *tmp = getenv("TMPDIR"), *build = getenv("JAILER_BUILD");
  char name[JAILER_PATH_MAX];
  jailer_error err;
  if (!tmp || !*tmp) tmp = access("/var/tmp", W_OK | X_OK) == 0 ? "/var/tmp" : "/tmp";
  snprintf(name, sizeof name, "%s/jailer-box.XXXXXX", tmp);
  if (!mkdtemp(name) || !realpath(name, box_top)) box_die("a directory for the test");
  snprintf(name, sizeof name, "%s/probe_box", build && *build ? build : "build");
  if (!realpath(name, box_probe)) box_die("probe_box");
  if (chmod(box_top, 0755)) box_die(box_top);
  snprintf(box_home, sizeof box_home, "%.4000s/home", box_top);
  snprintf(box_dir, sizeof box_dir, "%.4000s/boxes/demo", box_home);
  if (jailer_layout_init(&box_layout, box_home, "demo", &err) || jailer_layout_prepare(&box_layout, 0, 0, &err))
    printf("Bail out! %s: %s\n", err.item, err.message), box_end(), exit(1);
}

BOX_UNUSED static bool box_write(const char *name, const void *bytes, size_t size) {
  int fd = open(box_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  bool good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size;
  if (fd >= 0) close(fd);
  return good;
}

BOX_UNUSED static bool box_text(const char *name, const char *text) { return box_write(name, text, strlen(text)); }

/* A file's content, at most 4095 bytes, in a static array; "" when it cannot be read. */
BOX_UNUSED static char *box_read(const char *name) {
  static char text[4096];
  int fd = open(box_path(name), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[n > 0 ? n : 0] = 0;
  return text;
}

BOX_UNUSED static struct stat box_stat(const char *name) {
  struct stat st;
  memset(&st, 0, sizeof st);
  if (lstat(box_path(name), &st)) memset(&st, 0, sizeof st);
  return st;
}

/* --- images ------------------------------------------------------------------------------------------------------- */

static void box_big(unsigned char *at, size_t size, uint64_t value) {
  while (size) at[--size] = (unsigned char)value, value >>= 8;
}

/* A valid version 3 image of 1 MiB, clusters of 4 KiB, without data. backing may be NULL. */
BOX_UNUSED static bool box_qcow2(const char *name, const char *backing, const char *format) {
  enum { CLUSTER = 4096 };
  static unsigned char image[4 * CLUSTER];
  const char *path = backing ? box_path(backing) : "";
  memset(image, 0, sizeof image);
  box_big(image, 4, 0x514649fb);
  box_big(image + 4, 4, 3);
  if (backing) box_big(image + 8, 8, 200);
  box_big(image + 16, 4, strlen(path));
  box_big(image + 20, 4, 12);
  box_big(image + 24, 8, 1 << 20);
  box_big(image + 36, 4, 1);
  box_big(image + 40, 8, 3 * CLUSTER);
  box_big(image + 48, 8, CLUSTER);
  box_big(image + 56, 4, 1);
  box_big(image + 96, 4, 4);
  box_big(image + 100, 4, 104);
  if (backing) {
    box_big(image + 104, 4, 0xe2792aca);
    box_big(image + 108, 4, strlen(format));
    memcpy(image + 112, format, strlen(format));
    memcpy(image + 200, path, strlen(path));
  }
  box_big(image + CLUSTER, 8, 2 * CLUSTER);
  for (unsigned i = 0; i < 4; i++) box_big(image + 2 * CLUSTER + 2 * i, 2, 1);
  return box_write(name, image, sizeof image);
}

/* disks/disk.qcow2 -> images/disk-images/middle.qcow2 -> bases/base.raw, the first name relative; next to them a base that
   nobody names. */
BOX_UNUSED static bool box_disks(void) {
  static unsigned char raw[65536];
  mkdir(box_path("~/images/disk-images"), 0755);
  memcpy(raw, "base\n", 5);
  return box_write("~/bases/base.raw", raw, sizeof raw) && box_write("~/bases/other.raw", raw, sizeof raw) &&
         box_qcow2("~/images/disk-images/middle.qcow2", "~/bases/base.raw", "raw") &&
         box_qcow2("./disks/disk.qcow2", "../../../images/disk-images/middle.qcow2", "qcow2") &&
         box_qcow2("./disks/guest-rootfs.qcow2", "~/bases/base.raw", "raw");
}

/* --- launches ----------------------------------------------------------------------------------------------------- */

typedef struct box_ran {
  jailer_code code; /* of the launch, or else of the wait */
  jailer_error err;
  jailer_proc proc;
  jailer_status status;
  int in, out; /* while it runs: its standard input's other end, its output's */
  char text[32768];
  size_t length;
} box_ran;

static const char *box_extra_env[] = {NULL};

BOX_UNUSED static jailer_config box_config(void) {
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.layout = &box_layout;
  config.shim = box_probe;
  config.env = box_extra_env;
  return config;
}

/* Starts the probe with these operations; config->argv, where it is set, comes instead of them. */
BOX_UNUSED static void box_start(box_ran *ran, const jailer_config *wanted, char *const *ops) {
  const char *argv[128] = {"probe_box"};
  int in[2], out[2];
  jailer_config config = *wanted;
  memset(ran, 0, sizeof *ran);
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) box_die("pipe");
  const jailer_fd fds[] = {{in[0], true, 0}, {out[1], true, 1}};
  for (size_t i = 0; ops && ops[i] && i + 2 < sizeof argv / sizeof argv[0]; i++) argv[i + 1] = ops[i];
  if (!config.argv) config.argv = argv;
  config.fds = fds;
  config.fd_count = 2;
  ran->code = jailer_launch(&config, &ran->proc, &ran->err);
  close(in[0]);
  close(out[1]);
  ran->in = in[1];
  ran->out = out[0];
}

/* Reads its output until it has said `until`, or (NULL) until it ends; gives up after ten seconds. */
BOX_UNUSED static bool box_listen(box_ran *ran, const char *until) {
  while (!until || !strstr(ran->text, until)) {
    struct pollfd ready = {ran->out, POLLIN, 0};
    if (poll(&ready, 1, 10000) <= 0) return false;
    ssize_t n = read(ran->out, ran->text + ran->length, sizeof ran->text - 1 - ran->length);
    if (n <= 0) return !until;
    ran->length += (size_t)n;
    ran->text[ran->length] = 0;
  }
  return true;
}

BOX_UNUSED static void box_finish(box_ran *ran) {
  close(ran->in);
  if (ran->code == JAILER_OK) {
    bool heard = box_listen(ran, NULL);
    ran->code = jailer_wait(&ran->proc, heard ? 10000 : 0, &ran->status, &ran->err);
    if (ran->code == JAILER_E_TIMEOUT && jailer_kill(&ran->proc, 9, NULL) == JAILER_OK) jailer_wait(&ran->proc, 10000, NULL, NULL);
  }
  close(ran->out);
}

/* Launches, with the operations up to a NULL, and waits. */
BOX_UNUSED static void box_run(box_ran *ran, const jailer_config *config, ...) {
  char *ops[64];
  size_t n = 0;
  va_list list;
  va_start(list, config);
  for (const char *op; n < 63 && (op = va_arg(list, const char *));) {
    const char *arg = strchr(op, ':');
    size_t head = arg ? (size_t)(arg + 1 - op) : strlen(op);
    const char *path = arg ? box_path(arg + 1) : "";
    ops[n] = malloc(head + strlen(path) + 1);
    memcpy(ops[n], op, head);
    strcpy(ops[n++] + head, path);
  }
  va_end(list);
  ops[n] = NULL;
  box_start(ran, config, ops);
  box_finish(ran);
  for (size_t i = 0; i < n; i++) free(ops[i]);
}

static bool box_ended_well(const box_ran *ran) { return ran->code == JAILER_OK && ran->status.exited && ran->status.exit_code == 0; }

/* What the probe said of one operation, "" when nothing; in a static array. */
BOX_UNUSED static const char *box_said(const box_ran *ran, const char *op, const char *arg) {
  static char text[2048];
  char line[JAILER_PATH_MAX + 32];
  snprintf(line, sizeof line, "%s:%s=", op, box_path(arg));
  const char *at = ran->text;
  while (at && strncmp(at, line, strlen(line)) != 0) at = (at = strchr(at, '\n')) ? at + 1 : NULL;
  if (!at) return "";
  snprintf(text, sizeof text, "%s", at + strlen(line));
  text[strcspn(text, "\n")] = 0;
  return text;
}

/* One attempt and what must come of it: "ok", a text, "no": refused with an errno that says so, whichever, or "apart":
   refused, or with the home in /tmp done in the jail's own /tmp (the caller then looks at the host). */
typedef struct box_row {
  const char *op, *arg, *want;
} box_row;

BOX_UNUSED static bool box_refusal(const char *said) {
  static const char *const names[] = {"EPERM", "EACCES", "EROFS", "ENOENT", "EBUSY", "EXDEV"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (!strcmp(said, names[i])) return true;
  return false;
}

/* One launch for all rows, one line of TAP for each. */
BOX_UNUSED static void box_rows(const char *title, const jailer_config *config, const box_row *rows, size_t count) {
  static box_ran ran;
  char *ops[128];
  char text[1024];
  if (count > 120) abort();
  for (size_t i = 0; i < count; i++) {
    const char *arg = box_path(rows[i].arg);
    ops[i] = malloc(strlen(rows[i].op) + strlen(arg) + 2);
    sprintf(ops[i], "%s:%s", rows[i].op, arg);
  }
  ops[count] = NULL;
  box_start(&ran, config, ops);
  box_finish(&ran);
  jailer_error_text(&ran.err, text, sizeof text);
  bool ended = OK(box_ended_well(&ran), "%s: launched and ended well%s%s", title, ran.code ? ": " : "", ran.code ? text : "");
  for (size_t i = 0; i < count && ended; i++) {
    const char *said = box_said(&ran, rows[i].op, rows[i].arg);
    bool good = !strcmp(said, rows[i].want);
    if (!strcmp(rows[i].want, "no") || !strcmp(rows[i].want, "apart")) good = box_refusal(said);
    if (!strcmp(rows[i].want, "apart") && !strncmp(box_home, "/tmp/", 5)) good = true;
    OK(good, "%s: %s %s: %s", title, rows[i].op, rows[i].arg, good ? said : "something else");
    if (!good) printf("# wanted %s, the probe said \"%s\"\n", rows[i].want, said);
  }
  for (size_t i = 0; i < count; i++) free(ops[i]);
}

#define BOX_COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#endif
