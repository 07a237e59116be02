/* macos_rows.h: a tree of files, grants of it, and what a program in the sandbox may do there: test_macos has it
 * tried on macOS itself, and test_sbpl asks tests/sbpl/eval.scm about the same. Include it after jailer.h. */
#ifndef MACOS_ROWS_H
#define MACOS_ROWS_H
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { ROW_MAX = 256, ROW_PATH = 256, ROW_READ = 1, ROW_WRITE = 2, ROW_EXEC = 4, ROW_NEVER = 8 };

/* What the profile is asked: an operation, and of what: 'a' or 'b', the row's paths; 'u', the first as a socket. */
typedef struct row_ask {
  const char *op;
  char about;
} row_ask;

/* Something to try: allowed, if and only if each of what is asked is. */
typedef struct row {
  const char *op;
  char a[ROW_PATH], b[ROW_PATH];
  bool allowed;
  row_ask ask[3];
} row;

/* The directories, from the outermost on. rights: of what is in them. */
static const struct {
  const char *path;
  jailer_access access;
  int rights; /* 0: not granted */
} row_places[] = {
    {"r", JAILER_READ, ROW_READ},
    {"r/w", JAILER_WRITE, ROW_READ | ROW_WRITE},
    {"w", JAILER_WRITE, ROW_READ | ROW_WRITE},
    {"w/r", JAILER_READ, ROW_READ},
    {"w/x", JAILER_EXEC, ROW_READ | ROW_EXEC},
    {"x", JAILER_EXEC, ROW_READ | ROW_EXEC},
    {"x/r", JAILER_READ, ROW_READ},
    {"x/w", JAILER_WRITE, ROW_READ | ROW_WRITE},
    {"o", JAILER_READ, 0},
};

/* Single files, of a directory that is not granted. */
static const struct {
  const char *path;
  jailer_access access;
} row_files[] = {{"f/r", JAILER_READ}, {"f/w", JAILER_WRITE}, {"f/x", JAILER_EXEC}};

/* What is tried in each directory, on what it holds, and what right that takes. */
static const struct {
  const char *op, *a, *b;
  int needs;
  row_ask ask[3];
} row_ops[] = {
    {"read", "/file", NULL, ROW_READ, {{"file-read-data", 'a'}}},
    {"list", "", NULL, ROW_READ, {{"file-read-data", 'a'}}},
    {"stat", "/file", NULL, ROW_READ, {{"file-read-metadata", 'a'}}},
    {"write", "/file", NULL, ROW_WRITE, {{"file-write-data", 'a'}}},
    {"create", "/new", NULL, ROW_WRITE, {{"file-write-create", 'a'}}},
    {"unlink", "/gone", NULL, ROW_WRITE, {{"file-write-unlink", 'a'}}},
    {"rename", "/old", "/moved", ROW_WRITE, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"mkdir", "/made", NULL, ROW_WRITE, {{"file-write-create", 'a'}}},
    {"symlink", "/symlink", NULL, ROW_WRITE, {{"file-write-create", 'a'}}},
    {"mkfifo", "/fifo", NULL, ROW_WRITE, {{"file-write-create", 'a'}}},
    {"chmod", "/file", NULL, ROW_WRITE, {{"file-write-mode", 'a'}}},
    {"setid", "/file", NULL, ROW_NEVER, {{"file-write-setugid", 'a'}}},
    {"chflags", "/file", NULL, ROW_NEVER, {{"file-write-flags", 'a'}}},
    {"link", "/file", "/linked", ROW_NEVER, {{"file-link", 'a'}}},
    {"exec", "/tool", NULL, ROW_EXEC, {{"process-exec*", 'a'}}},
    {"map", "/tool", NULL, ROW_EXEC, {{"file-map-executable", 'a'}}},
    {"bind", "/bound", NULL, ROW_WRITE, {{"file-write-create", 'a'}, {"network-bind", 'u'}}},
    {"connect", "/sock", NULL, ROW_WRITE, {{"network-outbound", 'u'}}},
};

/* And across them. real: what the kernel calls the first path, where that is another name. */
static const struct {
  const char *op, *a, *b, *real;
  bool allowed;
  row_ask ask[3];
} row_others[] = {
    {"read", "f/r", NULL, NULL, true, {{"file-read-data", 'a'}}},
    {"write", "f/r", NULL, NULL, false, {{"file-write-data", 'a'}}},
    {"read", "f/w", NULL, NULL, true, {{"file-read-data", 'a'}}},
    {"write", "f/w", NULL, NULL, true, {{"file-write-data", 'a'}}},
    {"exec", "f/x", NULL, NULL, true, {{"process-exec*", 'a'}}},
    {"write", "f/x", NULL, NULL, false, {{"file-write-data", 'a'}}},
    {"read", "f/o", NULL, NULL, false, {{"file-read-data", 'a'}}},
    {"list", "f", NULL, NULL, false, {{"file-read-data", 'a'}}},
    {"stat", "f", NULL, NULL, true, {{"file-read-metadata", 'a'}}},
    {"create", "f/new", NULL, NULL, false, {{"file-write-create", 'a'}}},
    {"read", "w/escape", NULL, "o/file", false, {{"file-read-data", 'a'}}},
    {"read", "w/../o/file", NULL, "o/file", false, {{"file-read-data", 'a'}}},
    {"read", "w/../r/file", NULL, "r/file", true, {{"file-read-data", 'a'}}},
    {"rename", "w/old2", "o/from_w", NULL, false, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"rename", "o/old2", "w/from_o", NULL, false, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"rename", "r/old2", "w/from_r", NULL, false, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"rename", "w/old3", "r/w/from_w", NULL, true, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"link", "r/file", "w/of_r", NULL, false, {{"file-link", 'a'}}},
    {"unlink", "f/w", NULL, NULL, false, {{"file-write-unlink", 'a'}}},
    {"rename", "w/r", "w/away", NULL, false, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
    {"rename", "w/x", "w/away_too", NULL, false, {{"file-write-unlink", 'a'}, {"file-write-create", 'b'}}},
};

/* What is about no file. subject: of the question to the profile. */
static const struct {
  const char *op, *sbpl, *subject;
  bool allowed, network; /* network: allowed with allow_network */
} row_free[] = {
    {"tcp", "network-outbound", "tcp4:127.0.0.1:80", false, true},
    {"udp", "network-outbound", "udp4:127.0.0.1:53", false, true},
    {"listen", "network-bind", "tcp4:127.0.0.1:80", false, true},
    {"signal_launcher", "signal", "others", false, false},
    {"procargs", "sysctl-read", "kern.procargs2", false, false},
    {"signal_child", "signal", "same-sandbox", true, true},
    {"fork", "process-fork", NULL, true, true},
    {"random", "file-read-data", "/dev/urandom", true, true},
    {"processors", "sysctl-read", "hw.ncpu", true, true},
    {"user", "mach-lookup", "com.apple.system.opendirectoryd.libinfo", true, true},
};

enum { ROW_COUNT_FREE = sizeof row_free / sizeof row_free[0] };

/* PLACE and what is in it; the test's directories have short names. */
static void row_path(char *to, const char *top, const char *place, const char *name) {
  snprintf(to, ROW_PATH, "%.120s/%.60s%.60s", top, place, name);
}

static const char *row_in(const char *top, const char *name) {
  static char ring[16][ROW_PATH];
  static unsigned next;
  char *to = ring[next++ % 16];
  row_path(to, top, name, "");
  return to;
}

/* The grants; their paths are kept in `paths`. */
static size_t row_grants(const char *top, jailer_grant *grants, char paths[][ROW_PATH]) {
  size_t n = 0;
  memset(grants, 0,
         (sizeof row_places / sizeof row_places[0] + sizeof row_files / sizeof row_files[0]) * sizeof *grants);
  for (size_t i = 0; i < sizeof row_places / sizeof row_places[0]; i++) {
    if (!row_places[i].rights) continue;
    row_path(paths[n], top, row_places[i].path, "");
    grants[n].access = row_places[i].access;
    grants[n].path = paths[n];
    n++;
  }
  for (size_t i = 0; i < sizeof row_files / sizeof row_files[0]; i++) {
    row_path(paths[n], top, row_files[i].path, "");
    grants[n].access = row_files[i].access;
    grants[n].path = paths[n];
    n++;
  }
  return n;
}

/* All rows about files. kernel: the first paths as the kernel calls them, and not as they are written. */
static size_t row_list(const char *top, bool kernel, row *rows) {
  size_t n = 0;
  for (size_t p = 0; p < sizeof row_places / sizeof row_places[0]; p++)
    for (size_t i = 0; i < sizeof row_ops / sizeof row_ops[0]; i++) {
      row *to = &rows[n++];
      to->op = row_ops[i].op;
      row_path(to->a, top, row_places[p].path, row_ops[i].a);
      row_path(to->b, top, row_places[p].path, row_ops[i].b ? row_ops[i].b : "");
      to->allowed = (row_places[p].rights & row_ops[i].needs) != 0;
      memcpy(to->ask, row_ops[i].ask, sizeof to->ask);
    }
  for (size_t i = 0; i < sizeof row_others / sizeof row_others[0]; i++) {
    row *to = &rows[n++];
    to->op = row_others[i].op;
    row_path(to->a, top, kernel && row_others[i].real ? row_others[i].real : row_others[i].a, "");
    row_path(to->b, top, row_others[i].b ? row_others[i].b : "", "");
    to->allowed = row_others[i].allowed;
    memcpy(to->ask, row_others[i].ask, sizeof to->ask);
  }
  return n;
}

static bool row_file(const char *path, const void *bytes, size_t size, unsigned mode) {
  const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  const bool good = fd >= 0 && write(fd, bytes, size) == (ssize_t)size && fchmod(fd, (mode_t)mode) == 0;
  if (fd >= 0) close(fd);
  return good;
}

/* Makes the tree below `top`, which is empty; tool: a program. In each directory a socket listens, and goes on when the
   descriptor in `listening` (one for each place) is closed. */
static bool row_tree(const char *top, const void *tool, size_t size, int *listening) {
  bool good = mkdir(row_in(top, "f"), 0755) == 0 && row_file(row_in(top, "f/r"), "text\n", 5, 0644) &&
              row_file(row_in(top, "f/w"), "text\n", 5, 0644) && row_file(row_in(top, "f/o"), "text\n", 5, 0644) &&
              row_file(row_in(top, "f/x"), tool, size, 0755);
  static const char *const names[] = {"file", "gone", "old", "old2", "old3"};
  for (size_t p = 0; p < sizeof row_places / sizeof row_places[0]; p++) {
    char dir[ROW_PATH];
    struct sockaddr_un at;
    memset(&at, 0, sizeof at);
    at.sun_family = AF_UNIX;
    row_path(dir, top, row_places[p].path, "");
    snprintf(at.sun_path, sizeof at.sun_path, "%.80s/sock", dir);
    good = good && mkdir(dir, 0755) == 0 && row_file(row_in(dir, "tool"), tool, size, 0755);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
      good = good && row_file(row_in(dir, names[i]), "text\n", 5, 0644);
    listening[p] = socket(AF_UNIX, SOCK_STREAM, 0);
    good = good && listening[p] >= 0 && bind(listening[p], (struct sockaddr *)&at, sizeof at) == 0 &&
           chmod(at.sun_path, 0666) == 0 && listen(listening[p], 8) == 0;
  }
  return good && symlink("../o/file", row_in(top, "w/escape")) == 0;
}
#endif
