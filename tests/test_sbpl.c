/* test_sbpl: the profiles that are written for macOS, by what they say and not by their text: row by row what the native
 * engine lets through on Linux for the same configuration, what must never be allowed, paths that try to be more than a
 * path, thousands of random ones, and the same conflicts. tests/sbpl/eval.scm says what a profile says; it is tested in
 * test_sbpl_eval. JAILER_SEED=N for other random grants, JAILER_WRITE_GOLDENS=1 to write tests/data/sbpl anew. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"
#include "seatbelt.h"

enum { PROFILE_MAX = 1 << 20 };

static char profile[PROFILE_MAX], plain[PROFILE_MAX];
static size_t profile_size, plain_size;
static jailer_error err;

/* What a launch on macOS has to say beside what it says on Linux: nothing there ends a target with its launcher. */
static jailer_config on_macos(const jailer_config *config) {
  jailer_config c = *config;
  static const char *const argv[] = {"probe_box", NULL};
  c.engine = JAILER_ENGINE_SEATBELT;
  c.outlive_launcher = true;
  if (!c.argv) c.argv = argv;
  return c;
}

/* The profile of a plan, into `profile`. */
static jailer_code plan_profile(const jailer_config *config) {
  const jailer_config c = on_macos(config);
  jailer_plan *plan = NULL;
  profile_size = 0;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_plan_new(&c, NULL, &plan, &err);
  if (code == JAILER_OK) code = jailer_sbpl_plan(plan, profile, sizeof profile, &profile_size, &err);
  jailer_plan_free(plan);
  return code;
}

/* The profile of a configuration as it is written. */
static jailer_code text_profile(const jailer_config *config) {
  const jailer_config c = on_macos(config);
  profile_size = 0;
  memset(&err, 0, sizeof err);
  return jailer_sbpl_text(&c, profile, sizeof profile, &profile_size, &err);
}

static jailer_config with_grants(const jailer_grant *grants, size_t count) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.grants = grants;
  c.grant_count = count;
  return c;
}

/* What the kernel of a Mac calls a path of this machine: its directory resolved, and what is a link on every Mac. */
static const char *kernel_path(const char *path) {
  static char out[2 * JAILER_PATH_MAX];
  static const char *const links[] = {"/tmp", "/var", "/etc"};
  char dir[JAILER_PATH_MAX], real[JAILER_PATH_MAX];
  snprintf(dir, sizeof dir, "%s", path);
  char *slash = strrchr(dir, '/');
  const char *base = path + (slash - dir);
  if (slash > dir) *slash = 0;
  else strcpy(dir, "/");
  if (!realpath(dir, real)) snprintf(real, sizeof real, "%s", dir);
  if (!strcmp(real, "/")) real[0] = 0;
  const char *private = "";
  for (size_t i = 0; i < BOX_COUNT(links); i++) {
    const size_t n = strlen(links[i]);
    if (!strncmp(real, links[i], n) && (!real[n] || real[n] == '/')) private = "/private";
  }
  snprintf(out, sizeof out, "%s%s%s", private, real, base);
  return out;
}

/* --- row by row as on Linux --------------------------------------------------------------------------------------- */

/* What macOS asks its profile for what the probe does: operations, each with what of the path it is about. */
typedef struct act {
  const char *op; /* of the probe */
  struct {
    const char *op, *kind, *suffix;
  } asks[3];
} act;

static const act acts[] = {
    {"stat", {{"file-read-metadata", "", ""}}},
    {"read", {{"file-read-data", "", ""}}},
    {"list", {{"file-read-data", "", ""}}},
    {"write", {{"file-write-data", "", ""}}},
    {"chmod", {{"file-write-mode", "", ""}}},
    {"setid", {{"file-write-mode", "", ""}, {"file-write-setugid", "", ""}}},
    {"exec", {{"process-exec*", "", ""}}},
    {"map", {{"file-read-data", "", ""}, {"file-map-executable", "", ""}}},
    {"move", {{"file-write-unlink", "", ""}, {"file-write-create", "", ".new"}, {"file-write-unlink", "", ".new"}}},
    {"hard", {{"file-link", "", ""}, {"file-write-create", "", ".new"}}},
    {"again", {{"file-write-unlink", "", ""}, {"file-write-create", "", ""}}},
    {"connect", {{"network-outbound", "unix:", ""}}},
    {"makefile", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makedir", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makelink", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makefifo", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makedev", {{"file-mknod", "", ""}, {"file-write-create", "", ""}}},
    {"makesock", {{"network-bind", "unix:", ""}, {"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
};

/* What is tried on a path of each kind. */
static const struct {
  char kind;
  const char *ops;
} kinds[] = {
    {'f', "stat read write chmod setid exec map move hard again"},
    {'d', "stat list chmod setid move"},
    {'n', "makefile makedir makelink makefifo makedev makesock"},
    {'s', "stat connect move"},
    {'l', "stat"},
    {'c', "stat read write chmod exec"},
};

/* Paths of the box, of the grants below, and around them. */
typedef struct spot {
  char kind; /* f: a file, d: a directory, n: a name that is not there, s: a listening socket, l: a link, c: a device */
  const char *path;
} spot;

static const spot spots[] = {
    /* every entry of the tree */
    {'d', "~/"}, {'d', "~/bases"}, {'d', "~/images"}, {'d', "~/boxes"}, {'d', "~/uids"}, {'d', "./"}, {'d', "./bin"}, {'d', "./shared"},
    {'d', "./sockets"}, {'d', "./tmp"}, {'d', "./logs"}, {'f', "./logs/console.log"}, {'d', "./disks"}, {'f', "./disks/disk.qcow2"},
    {'f', "./disks/guest-rootfs.qcow2"}, {'d', "./mounts"}, {'f', "./exit"}, {'f', "./shim.pid"}, {'f', "./shim.stderr"}, {'f', "./lock"},
    {'f', "./record"}, {'f', "./copies"}, {'f', "./uid"},
    /* files in them, and new names */
    {'f', "./bin/probe_box"}, {'f', "./shared/file"}, {'d', "./shared/dir"}, {'f', "./shared/dir/file"}, {'f', "./sockets/file"},
    {'s', "./sockets/host.sock"}, {'f', "./tmp/file"}, {'f', "./logs/file"}, {'f', "./mounts/file"}, {'f', "./disks/other.qcow2"},
    {'n', "./new"}, {'n', "./bin/new"}, {'n', "./shared/new"}, {'n', "./shared/dir/new"}, {'n', "./sockets/new"}, {'n', "./tmp/new"},
    {'n', "./logs/new"}, {'n', "./disks/new"}, {'n', "./mounts/new"}, {'n', "./exit/new"}, {'n', "~/new"}, {'n', "~/boxes/new"},
    /* the chain's files, their directories and neighbours */
    {'d', "~/images/disk-images"}, {'f', "~/images/disk-images/middle.qcow2"}, {'f', "~/images/disk-images/other.qcow2"},
    {'n', "~/images/disk-images/new"}, {'f', "~/bases/base.raw"}, {'f', "~/bases/other.raw"}, {'n', "~/bases/new"},
    /* another box */
    {'d', "~/boxes/neighbour"}, {'d', "~/boxes/neighbour/shared"}, {'f', "~/boxes/neighbour/shared/file"}, {'n', "~/boxes/neighbour/shared/new"},
    {'f', "~/boxes/neighbour/disks/disk.qcow2"}, {'f', "~/boxes/neighbour/exit"},
    {'d', "~/boxes/demo2"}, /* its name begins as the box's does */
    {'f', "~/boxes/demo2/file"},
    /* the launcher's own */
    {'d', "^/"}, {'f', "^/secret"}, {'f', "^/tool"}, {'s', "^/host.sock"}, {'n', "^/new"},
    /* grants: writable, with what is nested in it */
    {'d', "^/g"}, {'n', "^/g/new"}, {'f', "^/g/secret"}, {'d', "^/g/w"}, {'f', "^/g/w/file"}, {'d', "^/g/w/sub"}, {'f', "^/g/w/sub/file"},
    {'s', "^/g/w/host.sock"}, {'n', "^/g/w/new"}, {'n', "^/g/w/sub/new"}, {'d', "^/g/w2"}, {'f', "^/g/w2/file"}, {'n', "^/g/w2/new"},
    {'d', "^/g/w/ro"}, {'f', "^/g/w/ro/file"}, {'n', "^/g/w/ro/new"}, {'s', "^/g/w/ro/host.sock"}, {'d', "^/g/w/ro2"}, {'f', "^/g/w/ro2/file"},
    {'d', "^/g/w/x"}, {'f', "^/g/w/x/file"}, {'n', "^/g/w/x/new"}, {'d', "^/g/w/x/w"}, {'f', "^/g/w/x/w/file"}, {'n', "^/g/w/x/w/new"},
    {'f', "^/g/w/rofile"}, {'d', "^/g/w/deep/w"}, {'f', "^/g/w/deep/w/file"}, {'d', "^/g/w/deep"},
    /* executable */
    {'d', "^/g/x"}, {'f', "^/g/x/file"}, {'n', "^/g/x/new"}, {'d', "^/g/x/sub"}, {'f', "^/g/x/sub/file"}, {'s', "^/g/x/host.sock"},
    {'d', "^/g/x/w"}, {'f', "^/g/x/w/file"}, {'n', "^/g/x/w/new"}, {'d', "^/g/x/r"}, {'f', "^/g/x/r/file"}, {'n', "^/g/x/r/new"},
    /* for reading */
    {'d', "^/g/r"}, {'f', "^/g/r/file"}, {'n', "^/g/r/new"}, {'d', "^/g/r/sub"}, {'f', "^/g/r/sub/file"}, {'s', "^/g/r/host.sock"},
    {'d', "^/g/r/w"}, {'f', "^/g/r/w/file"}, {'n', "^/g/r/w/new"}, {'d', "^/g/r/x"}, {'f', "^/g/r/x/file"}, {'n', "^/g/r/x/new"},
    {'f', "^/g/r/wfile"}, {'f', "^/g/r/xfile"},
    /* single files, and their directory */
    {'d', "^/g/files"}, {'f', "^/g/files/r"}, {'f', "^/g/files/w"}, {'f', "^/g/files/x"}, {'f', "^/g/files/other"}, {'n', "^/g/files/new"},
    {'n', "^/g/files/r/new"}, {'n', "^/g/files/r.new"}, {'s', "^/g/files/sock"},
    /* through a link */
    {'l', "^/g/link"}, {'d', "^/g/link/lw"}, {'f', "^/g/link/lw/file"}, {'n', "^/g/link/lw/new"}, {'f', "^/g/link/secret"}, {'d', "^/g/real"},
    {'d', "^/g/real/lw"}, {'f', "^/g/real/lw/file"}, {'f', "^/g/real/secret"}, {'n', "^/g/real/new"},
    /* what may be missing, and is */
    {'n', "^/g/missing"}, {'n', "^/g/missing/new"},
    /* the system, the launcher's home */
    {'d', "/"}, {'d', "/root"}, {'f', "/root/.profile"}, {'d', "/home"}, {'f', "/etc/shadow"}, {'f', "/etc/sudoers"}, {'l', "/var"},
    {'d', "/var/log"}, {'d', "/opt"}, {'d', "/srv"}, {'d', "/mnt"}, {'n', "/new"}, {'n', "/usr/new"}, {'n', "/usr/lib/new"}, {'n', "/etc/new"},
    {'n', "/var/tmp/new"}, {'n', "/dev/new"}, {'n', "/home/new"}, {'n', "/root/new"}, {'n', "/opt/new"}, {'n', "/System/new"},
    {'n', "/Library/new"}, {'n', "/Users/new"}, {'f', "/boot/vmlinuz"}, {'c', "/dev/null"}, {'c', "/dev/zero"}, {'c', "/dev/urandom"},
    {'c', "/dev/mem"}, {'c', "/dev/kmsg"}, {'c', "/dev/sda"}, {'c', "/dev/disk0"},
};

/* Where the two systems differ, and that this is meant. The first row that fits counts. */
static const struct {
  const char *op, *path; /* "*" at its end: whatever begins so; "SKELETON": what lies on the way to a grant */
  char linux_says, macos_says;
  const char *why;
} differences[] = {
    {"list", "SKELETON", 'y', 'n', "Linux makes a directory with only what was granted; on macOS it would be the real one"},
    {"hard", "*", 'y', 'n', "macOS asks once for both names of a link; with none allowed no file gets a second one that is writable"},
    {"connect", "^/g/r/host.sock", 'y', 'n', "Landlock tells sockets apart from ABI 9 on; before, one that can be seen can be connected to"},
    {"connect", "^/g/x/host.sock", 'y', 'n', "likewise"},
    {"connect", "^/g/w/ro/host.sock", 'y', 'n', "likewise"},
};

static char box_reply[4096];

static bool skeleton(const char *path, const jailer_grant *grants, size_t count) {
  static const char *const inside[] = {"./shared", "./disks/disk.qcow2", "~/bases/base.raw", "~/images/disk-images/middle.qcow2"};
  const size_t n = strlen(path);
  for (size_t i = 0; i < count + BOX_COUNT(inside); i++) {
    const char *g = i < count ? grants[i].path : box_path(inside[i - count]);
    if (!strncmp(g, path, n) && (g[n] == '/' || (n && path[n - 1] == '/')) && g[n]) return true;
  }
  return false;
}

/* y, n, or ? for an answer that is neither. */
static char linux_answer(const char *op, const char *said) {
  static const char *const refusals[] = {"EPERM", "EACCES", "EROFS", "ENOENT", "EBUSY", "EXDEV", "ENOTDIR"};
  if (!strcmp(said, "ok") || (!strcmp(op, "exec") && !strcmp(said, "ENOEXEC")) || (!strcmp(op, "again") && !strcmp(said, "EEXIST"))) return 'y';
  for (size_t i = 0; i < BOX_COUNT(refusals); i++)
    if (!strcmp(said, refusals[i])) return 'n';
  return !strcmp(op, "list") ? 'y' : '?';
}

typedef struct trial {
  const spot *spot;
  const act *act;
  char path[JAILER_PATH_MAX], linux_says, macos_says, said[64];
  size_t asked[3];
} trial;

static trial trials[2048];
static size_t trial_count;

static void list_trials(void) {
  trial_count = 0;
  for (size_t i = 0; i < BOX_COUNT(spots); i++) {
    const char *ops = "";
    for (size_t k = 0; k < BOX_COUNT(kinds); k++)
      if (kinds[k].kind == spots[i].kind) ops = kinds[k].ops;
    for (size_t k = 0; k < BOX_COUNT(acts); k++) {
      const char *at = strstr(ops, acts[k].op);
      if (!at || trial_count == BOX_COUNT(trials)) continue;
      trial *t = &trials[trial_count++];
      t->spot = &spots[i];
      t->act = &acts[k];
      snprintf(t->path, sizeof t->path, "%s", box_path(spots[i].path));
      const size_t n = strlen(t->path);
      if (n > 1 && t->path[n - 1] == '/') t->path[n - 1] = 0;
    }
  }
}

/* As many launches as it takes, each with a hundred operations. */
static bool try_on_linux(const jailer_config *config) {
  static box_ran ran;
  char *ops[101];
  for (size_t from = 0; from < trial_count; from += 100) {
    size_t n = 0;
    for (; n < 100 && from + n < trial_count; n++) {
      ops[n] = malloc(JAILER_PATH_MAX + 32);
      sprintf(ops[n], "%s:%s", trials[from + n].act->op, trials[from + n].path);
    }
    ops[n] = NULL;
    box_start(&ran, config, ops);
    box_finish(&ran);
    char text[1024], *at = ran.text;
    jailer_error_text(&ran.err, text, sizeof text);
    if (!box_ended_well(&ran)) return printf("# %s\n", ran.code ? text : "the probe did not end well"), false;
    for (size_t i = 0; i < n; i++) {
      const size_t head = strlen(ops[i]), line = strcspn(at, "\n");
      if (strncmp(at, ops[i], head) || at[head] != '=') return printf("# the probe said %.*s\n", (int)line, at), false;
      trial *t = &trials[from + i];
      snprintf(t->said, sizeof t->said, "%.*s", (int)(line - head - 1), at + head + 1);
      t->linux_says = linux_answer(t->act->op, t->said);
      at += line + (at[line] != 0);
      free(ops[i]);
    }
  }
  return true;
}

static bool ask_of_profile(void) {
  sb_begin();
  const size_t taken = sb_profile(profile, profile_size);
  for (size_t i = 0; i < trial_count; i++)
    for (size_t k = 0; k < 3 && trials[i].act->asks[k].op; k++) {
      char path[2 * JAILER_PATH_MAX];
      snprintf(path, sizeof path, "%s%s", kernel_path(trials[i].path), trials[i].act->asks[k].suffix);
      trials[i].asked[k] = sb_ask_bytes(trials[i].act->asks[k].op, trials[i].act->asks[k].kind, path, SIZE_MAX, NULL);
    }
  if (!sb_run()) return false;
  if (strcmp(sb_said(taken), "ok")) return printf("# %s\n", sb_said(taken)), false;
  for (size_t i = 0; i < trial_count; i++) {
    trials[i].macos_says = 'y';
    for (size_t k = 0; k < 3 && trials[i].act->asks[k].op; k++) {
      const char *said = sb_said(trials[i].asked[k]);
      if (!strcmp(said, "allow")) continue;
      if (trials[i].macos_says != '?') trials[i].macos_says = !strcmp(said, "deny") ? 'n' : '?';
      if (strcmp(said, "deny")) snprintf(box_reply, sizeof box_reply, "%s: %s", trials[i].act->asks[k].op, said);
    }
  }
  return true;
}

static bool host_socket(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = box_path(name);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* stays open until the end */
  if (fd < 0 || strlen(path) >= sizeof address.sun_path) return false;
  strcpy(address.sun_path, path);
  return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0 && chmod(path, 0777) == 0;
}

/* Everything that the spots name and that is no name to be made, the target's where that is possible: what it is refused
   must not be for want of a permission bit. */
static bool make_spots(void) {
  static const char *const dirs[] = {"^/g",          "^/g/w",    "^/g/w/sub", "^/g/w/ro", "^/g/w/ro2", "^/g/w/x", "^/g/w/x/w", "^/g/w/deep",
                                     "^/g/w/deep/w", "^/g/w2",   "^/g/x",     "^/g/x/sub", "^/g/x/w", "^/g/x/r",  "^/g/r",   "^/g/r/sub",
                                     "^/g/r/w",      "^/g/r/x",  "^/g/files", "^/g/real", "^/g/real/lw", "./shared/dir", "~/boxes/demo2"};
  static const char *const launchers[] = {"./shim.pid", "./shim.stderr", "./lock", "./record", "./copies", "./uid", "./bin/probe_box"};
  const struct stat owner = box_stat("./shared");
  for (size_t i = 0; i < BOX_COUNT(dirs); i++)
    if (mkdir(box_path(dirs[i]), 0777) || chmod(box_path(dirs[i]), 0777)) return false;
  if (symlink("real", box_path("^/g/link"))) return false;
  for (size_t i = 0; i < BOX_COUNT(spots); i++) {
    const char *path = spots[i].path, *mine = path[0] != '/' ? path : NULL;
    struct stat st = box_stat(path);
    for (size_t k = 0; k < BOX_COUNT(launchers) && mine; k++)
      if (!strcmp(path, launchers[k])) mine = NULL;
    if (!mine) continue;
    if (spots[i].kind == 's' && !host_socket(path)) return printf("# no socket %s\n", path), false;
    if (spots[i].kind == 'f' && !st.st_ino && (!box_text(path, "x") || chmod(box_path(path), 0777))) return printf("# no file %s\n", path), false;
  }
  for (size_t i = 0; i < BOX_COUNT(dirs); i++)
    if (lchown(box_path(dirs[i]), owner.st_uid, owner.st_gid)) return false;
  for (size_t i = 0; i < BOX_COUNT(spots); i++)
    if (!strncmp(spots[i].path, "^/g/", 4) || !strncmp(spots[i].path, "./shared", 8) || !strncmp(spots[i].path, "./tmp", 5) ||
        !strncmp(spots[i].path, "./logs", 6) || !strncmp(spots[i].path, "./sockets", 9))
      if (box_stat(spots[i].path).st_ino && lchown(box_path(spots[i].path), owner.st_uid, owner.st_gid)) return false;
  return true;
}

static const char *verdicts(const trial *t, size_t n, bool macos) {
  static char text[2][512];
  size_t at = 0;
  for (size_t i = 0; i < n; i++)
    at += (size_t)snprintf(text[macos] + at, sizeof text[0] - at, "%s%s=%c", i ? " " : "", t[i].act->op, macos ? t[i].macos_says : t[i].linux_says);
  return text[macos];
}

/* Which row of the differences says so; NULL: none. */
static const char *difference(const trial *t, bool *used, const jailer_grant *grants, size_t grant_count) {
  for (size_t i = 0; i < BOX_COUNT(differences); i++) {
    const size_t n = strlen(differences[i].path);
    const bool begins = n && differences[i].path[n - 1] == '*' && !strncmp(t->spot->path, differences[i].path, n - 1);
    const bool is = !strcmp(differences[i].path, t->spot->path);
    const bool on_the_way = !strcmp(differences[i].path, "SKELETON") && skeleton(t->path, grants, grant_count);
    if (strcmp(differences[i].op, t->act->op) || !(begins || is || on_the_way)) continue;
    if (differences[i].linux_says != t->linux_says || differences[i].macos_says != t->macos_says) continue;
    return used[i] = true, differences[i].why;
  }
  return NULL;
}

static void compare(const char *title, const jailer_config *config) {
  bool used[BOX_COUNT(differences)] = {false};
  for (size_t i = 0, n; i < trial_count; i += n) {
    bool good = true;
    for (n = 0; i + n < trial_count && trials[i + n].spot == trials[i].spot; n++) {
      trial *t = &trials[i + n];
      if (t->linux_says == t->macos_says && t->linux_says != '?') continue;
      const char *why = difference(t, used, config->grants, config->grant_count);
      if (why) continue;
      good = false;
      printf("# %s %s: Linux said %s (%c), the profile %c\n", t->act->op, t->spot->path, t->said, t->linux_says, t->macos_says);
    }
    OK(good, "%s: %s: %s", title, trials[i].spot->path, verdicts(trials + i, n, true));
    if (!good) printf("# on Linux %s\n", verdicts(trials + i, n, false));
  }
  jailer_host host;
  const bool tells = jailer_probe(&host, &err) == JAILER_OK && host.landlock_abi >= 9;
  for (size_t i = 0; i < BOX_COUNT(differences); i++)
    if (!tells || strcmp(differences[i].op, "connect"))
      OK(used[i], "%s: there is such a difference: %s: %s", title, differences[i].op, differences[i].why);
}

static void test_rows(void) {
  const char *paths[] = {"^/g/w",       "^/g/w2",      "^/g/w/ro",     "^/g/w/ro2",   "^/g/w/x",     "^/g/w/x/w",      "^/g/w/rofile", "^/g/w/deep/w",
                         "^/g/x",       "^/g/x/w",     "^/g/x/r",      "^/g/r",       "^/g/r/w",     "^/g/r/x",        "^/g/r/wfile",  "^/g/r/xfile",
                         "^/g/files/r", "^/g/files/w", "^/g/files/x",  "^/g/files/sock", "^/g/link/lw", "^/g/missing"};
  static const char access[] = "wwrrxwrw" "xwrrwxwx" "rwxwwr";
  jailer_grant grants[BOX_COUNT(paths)];
  jailer_config config = box_config();
  char text[1024];
  if (!sb_there("row by row as on Linux")) return;
  memset(grants, 0, sizeof grants);
  for (size_t i = 0; i < BOX_COUNT(paths); i++) {
    grants[i].path = strdup(box_path(paths[i]));
    grants[i].access = access[i] == 'w' ? JAILER_WRITE : access[i] == 'x' ? JAILER_EXEC : JAILER_READ;
    grants[i].optional = !strcmp(paths[i], "^/g/missing");
  }
  OK(box_disks() && jailer_box_record(&config, &err) == JAILER_OK, "a box with a chain of three files");
  if (!OK(make_spots(), "every path that is tried")) return;
  config.grants = grants;
  config.grant_count = BOX_COUNT(grants);
  list_trials();
  if (!OK(try_on_linux(&config), "%zu attempts in a box on Linux", trial_count)) return;
  const jailer_code code = plan_profile(&config);
  jailer_error_text(&err, text, sizeof text);
  if (!OK(code == JAILER_OK, "a plan for macOS of the same configuration%s%s", code ? ": " : "", code ? text : "")) return;
  if (!OK(ask_of_profile(), "the same attempts under its profile")) return;
  compare("rows", &config);
  for (size_t i = 0; i < BOX_COUNT(paths); i++) free((void *)(uintptr_t)grants[i].path);
}

int main(void) {
  jailer_layout neighbour;
  umask(022);
  box_begin();
  OK(jailer_layout_init(&neighbour, box_home, "neighbour", &err) == JAILER_OK && jailer_layout_prepare(&neighbour, 0, 0, &err) == JAILER_OK,
     "there is a neighbour");
  box_qcow2("~/boxes/neighbour/disks/disk.qcow2", NULL, NULL);
  test_rows();
  box_end();
  return tap_done();
}
