/* The layout of a box: ids, paths, the tree and its owners, the lock, planted files, copies, uids, the pid file,
 * removal, and every system call of it failing in turn. Runs as root and as an ordinary user; root has more rows. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tap.h"

#if defined(__linux__)
#include <sys/prctl.h>
#include <sys/sysmacros.h>
static bool hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK hook
#endif
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

static char base[256];
static jailer_error err;

/* --- pure -------------------------------------------------------------------------------------------------------- */

static void test_ids(void) {
  char long64[65], long65[66];
  jailer_layout l;
  memset(long64, 'x', 64), long64[64] = 0;
  memset(long65, 'x', 65), long65[65] = 0;
  const char *good[] = {"a", "Z", "0", "a-b", "a_b", "9-_-", "vm-0001", long64};
  const char *bad[] = {"",    "-a",    "_a",       ".",     "..",    ".a", "a.b", "a/b", "/",  "a b",
                       "a\n", "a\x01", "\xc3\xa9", "a\xff", "a\x7f", "a:", "a*",  "a\\", "a~", long65};
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    OK(jailer_layout_init(&l, "/h", good[i], NULL) == JAILER_OK && !strcmp(l.id, good[i]), "id \"%.10s\" is valid",
       good[i]);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    OK(jailer_layout_init(&l, "/h", bad[i], NULL) == JAILER_E_INVALID, "invalid id %zu is refused", i);
  OK(jl_layout_word("a.b c", 3, 64, "._-") && !jl_layout_word("a.b c", 4, 64, "._-") &&
         !jl_layout_word("a\0b", 3, 64, "._-") && !jl_layout_word("abc", 3, 2, "._-") && !jl_layout_word("", 0, 2, "."),
     "a word in a text: its length counts, and no NUL is in it");
}

static void test_homes(void) {
  static char far[JAILER_PATH_MAX + 8], component[300];
  const struct {
    const char *home, *is;
  } good[] = {
      {"/h", "/h"}, {"/h/", "/h"}, {"//h///i//", "/h/i"}, {"/a b/\xc3\xa9", "/a b/\xc3\xa9"}, {"/..a/.b", "/..a/.b"}};
  const char *bad[] = {"", "h", "./h", "/", "///", "/a/.", "/./a", "/a/../b", "/..", "/a\nb", "/a\x01", "/a\x7f"};
  jailer_layout l;
  for (size_t i = 0; i < sizeof good / sizeof *good; i++)
    OK(jailer_layout_init(&l, good[i].home, "a", NULL) == JAILER_OK && !strcmp(l.home, good[i].is), "home %s",
       good[i].is);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    OK(jailer_layout_init(&l, bad[i], "a", &err) == JAILER_E_INVALID && err.message[0], "invalid home %zu is refused",
       i);
  memset(component, 'c', sizeof component);
  component[0] = '/', component[256] = 0;
  OK(jailer_layout_init(&l, component, "a", NULL) == JAILER_OK, "a component of 255 bytes");
  component[256] = 'c', component[257] = 0;
  OK(jailer_layout_init(&l, component, "a", NULL) == JAILER_E_INVALID, "a component of 256 bytes is refused");
  const size_t fit = JAILER_PATH_MAX - 1 - strlen("/boxes/a/disks/guest-rootfs.qcow2");
  for (size_t i = 0; i < sizeof far; i++) far[i] = i % 100 ? 'f' : '/';
  if (far[fit - 1] == '/') far[fit - 2] = '/', far[fit - 1] = 'f';
  far[fit] = 0;
  OK(jailer_layout_init(&l, far, "a", NULL) == JAILER_OK, "the longest home that fits");
  far[fit] = 'f', far[fit + 1] = 0;
  OK(jailer_layout_init(&l, far, "a", &err) == JAILER_E_LIMIT, "one byte more is LIMIT");
  memset(far, 'f', sizeof far - 1), far[sizeof far - 1] = 0;
  for (size_t i = 0; i < sizeof far - 1; i += 100) far[i] = '/';
  OK(jailer_layout_init(&l, far, "a", &err) == JAILER_E_LIMIT, "a home over PATH_MAX is LIMIT");
  OK(jailer_layout_init(NULL, "/h", "a", NULL) == JAILER_E_INVALID && jailer_layout_init(&l, NULL, "a", NULL) &&
         jailer_layout_init(&l, "/h", NULL, NULL),
     "NULL arguments are INVALID");
}

static void test_paths(void) {
  const struct {
    jailer_entry entry;
    const char *is;
  } rows[] = {{JAILER_ENTRY_HOME, "/h"},
              {JAILER_ENTRY_BASES, "/h/bases"},
              {JAILER_ENTRY_IMAGES, "/h/images"},
              {JAILER_ENTRY_BOXES, "/h/boxes"},
              {JAILER_ENTRY_UIDS, "/h/uids"},
              {JAILER_ENTRY_BOX, "/h/boxes/i-d"},
              {JAILER_ENTRY_BIN, "/h/boxes/i-d/bin"},
              {JAILER_ENTRY_SHARED, "/h/boxes/i-d/shared"},
              {JAILER_ENTRY_SOCKETS, "/h/boxes/i-d/sockets"},
              {JAILER_ENTRY_TMP, "/h/boxes/i-d/tmp"},
              {JAILER_ENTRY_LOGS, "/h/boxes/i-d/logs"},
              {JAILER_ENTRY_CONSOLE, "/h/boxes/i-d/logs/console.log"},
              {JAILER_ENTRY_DISKS, "/h/boxes/i-d/disks"},
              {JAILER_ENTRY_DISK, "/h/boxes/i-d/disks/disk.qcow2"},
              {JAILER_ENTRY_ROOTFS, "/h/boxes/i-d/disks/guest-rootfs.qcow2"},
              {JAILER_ENTRY_MOUNTS, "/h/boxes/i-d/mounts"},
              {JAILER_ENTRY_EXIT, "/h/boxes/i-d/exit"},
              {JAILER_ENTRY_PID, "/h/boxes/i-d/shim.pid"},
              {JAILER_ENTRY_STDERR, "/h/boxes/i-d/shim.stderr"},
              {JAILER_ENTRY_LOCK, "/h/boxes/i-d/lock"},
              {JAILER_ENTRY_RECORD, "/h/boxes/i-d/record"},
              {JAILER_ENTRY_COPIES, "/h/boxes/i-d/copies"}};
  char path[JAILER_PATH_MAX];
  jailer_layout l, forged;
  jailer_layout_init(&l, "/h", "i-d", NULL);
  OK(sizeof rows / sizeof *rows == JAILER_ENTRY_COUNT, "every entry has a row here");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    OK(jailer_layout_path(&l, rows[i].entry, path, sizeof path, NULL) == JAILER_OK && !strcmp(path, rows[i].is), "%s",
       rows[i].is);
  OK(jailer_layout_path(&l, JAILER_ENTRY_LOCK, path, strlen("/h/boxes/i-d/lock"), &err) == JAILER_E_LIMIT && !path[0],
     "a buffer one byte short is LIMIT and stays empty");
  OK(jailer_layout_path(&l, (jailer_entry)JAILER_ENTRY_COUNT, path, sizeof path, NULL) == JAILER_E_INVALID,
     "no such entry");
  OK(jailer_layout_path(&l, JAILER_ENTRY_LOCK, NULL, 10, NULL) == JAILER_E_INVALID, "no buffer");
  memset(&forged, 0, sizeof forged);
  OK(jailer_layout_path(&forged, JAILER_ENTRY_LOCK, path, sizeof path, NULL) == JAILER_E_INVALID, "a zeroed layout");
  forged = l, strcpy(forged.id, "../x");
  OK(jailer_layout_path(&forged, JAILER_ENTRY_LOCK, path, sizeof path, NULL) == JAILER_E_INVALID, "a forged id");
  forged = l, snprintf(forged.home, sizeof forged.home, "%s/h/../x", base); /* broken code makes it here, not in / */
  OK(jailer_layout_prepare(&forged, 0, 0, NULL) == JAILER_E_INVALID, "a forged home");
  memset(&forged, 'a', sizeof forged);
  OK(jailer_layout_remove(&forged, NULL) == JAILER_E_INVALID, "a layout without any NUL");
}

static void test_socket_paths(void) {
  char path[JAILER_PATH_MAX], want[200], name[66];
  jailer_layout l;
  jailer_layout_init(&l, "/h", "b", NULL);
  OK(jailer_layout_socket_path(&l, "vsock.sock_1", path, sizeof path, NULL) == JAILER_OK &&
         !strcmp(path, "/h/boxes/b/sockets/vsock.sock_1"),
     "a socket path");
  const char *bad[] = {"", ".", "..", "a/b", "../x", ".hid", "-x", "a b", "a\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    OK(jailer_layout_socket_path(&l, bad[i], path, sizeof path, NULL) == JAILER_E_INVALID && !path[0], "bad name %zu",
       i);
  memset(name, 'n', 65), name[65] = 0;
  OK(jailer_layout_socket_path(&l, name, path, sizeof path, NULL) == JAILER_E_INVALID, "a name of 65");
  name[64] = 0;
  OK(jailer_layout_socket_path(&l, name, path, sizeof path, NULL) == JAILER_OK, "a name of 64");
  memset(want, 'w', sizeof want), want[0] = '/';
  const size_t most = JL_DARWIN ? 103 : 107;
  want[most - strlen("/boxes/b/sockets/s")] = 0;
  jailer_layout_init(&l, want, "b", NULL);
  OK(jailer_layout_socket_path(&l, "s", path, sizeof path, NULL) == JAILER_OK && strlen(path) == most, "%zu bytes fit",
     most);
  OK(jailer_layout_socket_path(&l, "ss", path, sizeof path, NULL) == JAILER_E_LIMIT && !path[0], "one more is LIMIT");
  OK(jailer_layout_socket_path(&l, "s", path, most, NULL) == JAILER_E_LIMIT, "a short buffer is LIMIT");
}

#if JL_LINUX

/* --- the hook: the nth call fails, or something happens before a call -------------------------------------------- */

static long hook_left, hook_errno, hook_hit_nr;
static bool hook_hit, hook_no_openat2, hook_no_chmod2, hook_no_clone_range;
static void (*hook_before)(long nr, const long args[6]);
static bool hook_no_unlink;

static bool hook(long nr, const long args[6], long *result) {
  if (hook_before) hook_before(nr, args);
  if ((hook_no_openat2 && nr == JL_NR_openat2) || (hook_no_chmod2 && nr == JL_NR_fchmodat2) ||
      (hook_no_clone_range && (nr == JL_NR_copy_file_range || (nr == JL_NR_ioctl && args[1] == JL_FICLONE)))) {
    *result = -ENOSYS;
    return true;
  }
  if (hook_no_unlink && nr == JL_NR_unlinkat) return *result = -EIO, true;
  if (hook_left == 0 || --hook_left != 0) return false;
  hook_hit = true;
  hook_hit_nr = nr;
  if (nr == JL_NR_close) jl_sys_raw(nr, args[0], 0, 0, 0, 0, 0); /* the descriptor is gone whatever close says */
  *result = -hook_errno;
  return true;
}

/* --- fixture ----------------------------------------------------------------------------------------------------- */

static char home[512];
static jailer_layout box_layout;
static bool root;

static void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void sh(const char *format, ...) {
  char command[4096];
  va_list list;
  va_start(list, format);
  vsnprintf(command, sizeof command, format, list);
  va_end(list);
  if (system(command) != 0) printf("# failed: %s\n", command);
}

/* A path of the box, in one of a few rotating buffers. */
static const char *at(const char *name) {
  static char paths[8][1024];
  static unsigned next;
  char *path = paths[next++ % 8];
  snprintf(path, sizeof paths[0], "%s/boxes/b1%s%s", home, *name ? "/" : "", name);
  return path;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
  (void)st, (void)type, (void)ftw;
  return remove(path);
}

/* Removes the home without a process where that works: hundreds of fixtures are made. */
static void fresh(void) {
  if (nftw(home, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
    sh("chmod -R u+rwx '%s'; rm -rf '%s'", home, home);
  jailer_layout_init(&box_layout, home, "b1", NULL);
}

static void prepared(void) {
  fresh();
  if (jailer_layout_prepare(&box_layout, 0, 0, &err) != JAILER_OK) printf("# prepare: %s %s\n", err.step, err.item);
}

static void put(const char *path, const char *text) {
  FILE *f = fopen(path, "w");
  if (!f) {
    printf("# cannot write %s\n", path);
    return;
  }
  fputs(text, f);
  fclose(f);
}

static const char *get(const char *path) {
  static char text[4096];
  FILE *f = fopen(path, "r");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f) fclose(f);
  text[n] = 0;
  return f ? text : "(none)";
}

static int count_fds(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static bool exists(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0;
}

static unsigned mode_of(const char *path) {
  struct stat st;
  return lstat(path, &st) == 0 ? st.st_mode & 07777 : 0xffff;
}

static jailer_code open_box(jl_box *box, unsigned how) {
  memset(&err, 0, sizeof err);
  return jl_files_box_open(&box_layout, how, box, &err);
}

static jailer_code open_close(void) {
  jl_box box;
  jailer_code code = open_box(&box, 0);
  jl_files_box_close(&box);
  return code;
}

static jailer_code prepare(void) {
  memset(&err, 0, sizeof err);
  return jailer_layout_prepare(&box_layout, 0, 0, &err);
}

/* --- the tree ---------------------------------------------------------------------------------------------------- */

static void check_tree(uint32_t uid, uint32_t gid, const char *how) {
  bool modes = true, owners = true;
  char path[JAILER_PATH_MAX];
  for (int i = 0; i < JAILER_ENTRY_COUNT; i++) {
    const jl_tab_entry *e = &jl_tab_entries[i];
    struct stat st;
    jailer_layout_path(&box_layout, (jailer_entry)i, path, sizeof path, NULL);
    if (!e->made) continue;
    const bool box = i == JAILER_ENTRY_BOX && geteuid() == 0; /* root's: the box's group may pass */
    const mode_t want = box ? 0710 : e->mode;
    if (lstat(path, &st) < 0 || S_ISDIR(st.st_mode) != e->is_dir || (st.st_mode & 07777) != want ||
        (box && st.st_gid != gid))
      modes = false, printf("# %s %o\n", path, st.st_mode);
    if (st.st_uid != (e->box_owned ? uid : geteuid()) || (e->box_owned && st.st_gid != gid))
      owners = false, printf("# %s %u %u\n", path, st.st_uid, st.st_gid);
    if (st.st_mode & 022) modes = false;
  }
  OK(modes, "types and modes: %s", how);
  OK(owners, "owners: %s", how);
}

static void test_tree(void) {
  const mode_t masks[] = {0, 077};
  for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
    fresh();
    umask(masks[i]);
    OK(prepare() == JAILER_OK, "prepare with umask %03o", masks[i]);
    umask(022);
    struct stat st;
    lstat(at("exit"), &st);
    if (root)
      OK(st.st_uid >= JL_FILES_UID_FIRST && st.st_uid < JL_FILES_UID_END, "root: the box gets a uid of its own");
    check_tree(root ? st.st_uid : geteuid(), root ? st.st_uid : getegid(), "fresh");
  }
  put(at("logs/console.log"), "kept");
  put(at("exit"), "old news");
  put(at("shared/file"), "kept too");
  chmod(at("logs"), 0), chmod(at("exit"), 0), chmod(at("tmp"), 07777), chmod(at("bin"), 0700);
  OK(prepare() == JAILER_OK, "prepare again, after the box took all permission from its entries");
  struct stat st;
  lstat(at("exit"), &st);
  check_tree(root ? st.st_uid : geteuid(), root ? st.st_uid : getegid(), "again");
  OK(!strcmp(get(at("logs/console.log")), "kept") && !strcmp(get(at("shared/file")), "kept too"), "contents are kept");
  OK(!strcmp(get(at("exit")), ""), "exit is emptied");
  snprintf(home, sizeof home, "%s/new/parents/home", base);
  fresh();
  OK(prepare() == JAILER_OK && mode_of(home) == 0711, "missing parents of the home are made");
  snprintf(home, sizeof home, "%s/home", base);
  OK(jailer_layout_prepare(&box_layout, 0, 0, NULL) == JAILER_OK, "err may be NULL");
}

static void test_owners(void) {
  struct stat st;
  fresh();
  if (!root) {
    OK(jailer_layout_prepare(&box_layout, geteuid(), getegid(), &err) == JAILER_OK,
       "an ordinary user's own uid and gid");
    OK(jailer_layout_prepare(&box_layout, geteuid() + 1, 0, &err) == JAILER_E_INVALID, "another uid is INVALID");
    OK(jailer_layout_prepare(&box_layout, 0, getegid() + 1, &err) == JAILER_E_INVALID, "another gid is INVALID");
    return;
  }
  OK(jailer_layout_prepare(&box_layout, 12345, 23456, &err) == JAILER_OK, "root: a uid and gid by number");
  check_tree(12345, 23456, "by number");
  put(at("disks/disk.qcow2"), "disk");
  put(at("shared/theirs"), "x");
  OK(jailer_layout_prepare(&box_layout, 12346, 0, &err) == JAILER_OK, "another uid later");
  check_tree(12346, 12346, "changed");
  OK(lstat(at("disks/disk.qcow2"), &st) == 0 && st.st_uid == 12346, "a disk is given too");
  OK(lstat(at("shared/theirs"), &st) == 0 && st.st_uid == 0, "nothing is changed recursively");
  OK(jailer_layout_prepare(&box_layout, UINT32_MAX, 0, &err) == JAILER_E_INVALID, "uid -1 is INVALID");
  fresh();
  OK(prepare() == JAILER_OK && lstat(at("exit"), &st) == 0, "default uid");
  uid_t first = st.st_uid;
  OK(prepare() == JAILER_OK && lstat(at("exit"), &st) == 0 && st.st_uid == first, "the default uid is stable");
  if (chown(at("exit"), 4321, 4321) == 0)
    OK(prepare() == JAILER_E_UNSAFE, "root: an exit file of a stranger is refused");
}

/* --- hostile directories ----------------------------------------------------------------------------------------- */

static void test_directories(void) {
  const char *names[] = {"", "boxes", "boxes/b1", "boxes/b1/disks", "boxes/b1/bin"};
  char path[1024], moved[1100], item[1024];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    const mode_t writable[] = {0020, 0002};
    snprintf(path, sizeof path, "%s%s%s", home, *names[i] ? "/" : "", names[i]);
    prepared();
    mode_t mode = mode_of(path);
    for (int w = 0; w < 2; w++) {
      chmod(path, mode | writable[w]);
      snprintf(item, sizeof item, "%.250s", path);
      OK(open_close() == JAILER_E_UNSAFE && !strcmp(err.item, item), "%s writable by %s is refused",
         path + strlen(base), w ? "others" : "the group");
      OK(prepare() == JAILER_E_UNSAFE, "and prepare refuses it");
      chmod(path, mode);
    }
    if (root) {
      OK(chown(path, 4321, 0) == 0 && open_close() == JAILER_E_UNSAFE && !strcmp(err.item, item), "of another owner");
      OK(chown(path, 0, 0) == 0 && open_close() == JAILER_OK, "and given back");
    }
    snprintf(moved, sizeof moved, "%s.moved", path);
    OK(rename(path, moved) == 0 && symlink(moved, path) == 0, "replaced by a link to itself");
    OK(open_close() == JAILER_E_UNSAFE, "a link is refused: %s", err.message);
    OK(prepare() == JAILER_E_UNSAFE, "also by prepare");
    OK(i != 2 || jailer_layout_remove(&box_layout, &err) == JAILER_E_UNSAFE, "and by remove");
    sh("rm -rf '%s' '%s'", path, moved);
  }
  fresh();
  OK(open_close() == JAILER_E_NOT_FOUND && strstr(err.message, "prepare"), "no home: NOT_FOUND");
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_E_NOT_FOUND, "remove of nothing: NOT_FOUND");
  snprintf(home, sizeof home, "%s/loose/home", base);
  prepared();
  sh("chmod 0777 '%s/loose'", base);
  OK(open_close() == JAILER_E_UNSAFE && strstr(err.item, "/loose") && !strstr(err.item, "home"),
     "a loose parent is refused");
  sh("chmod 1777 '%s/loose'", base);
  OK(open_close() == JAILER_OK, "a sticky one is not");
  if (root) {
    sh("chmod 755 '%s/loose'; chown 4321 '%s/loose'", base, base);
    OK(open_close() == JAILER_E_UNSAFE, "a parent of another user is refused");
  }
  sh("rm -rf '%s/loose'", base);
  snprintf(home, sizeof home, "%s/home", base);
}

/* Plants something where a file is expected; false when this user cannot. */
static bool plant(int kind, const char *path) {
  char other[600];
  snprintf(other, sizeof other, "%s/other", base);
  unlink(path);
  rmdir(path);
  put(other, "someone's file");
  switch (kind) {
  case 0: return mkfifo(path, 0600) == 0;
  case 1: return symlink(other, path) == 0;
  case 2: return link(other, path) == 0;
  case 3: return root && mknod(path, S_IFCHR | 0600, makedev(1, 3)) == 0;
  case 4: return mkdir(path, 0700) == 0;
  case 5: return symlink("/nonexistent/dangling", path) == 0;
  default: return false;
  }
}

static void test_planted(void) {
  const char *kinds[] = {"FIFO", "symlink", "hard link", "device", "directory", "dangling symlink"};
  const char *names[] = {"exit",
                         "logs/console.log",
                         "disks/disk.qcow2",
                         "disks/guest-rootfs.qcow2",
                         "shim.pid",
                         "shim.stderr",
                         "lock",
                         "record",
                         "copies"};
  char other[600];
  snprintf(other, sizeof other, "%s/other", base);
  for (int old = 0; old < 2; old++) {
    hook_no_openat2 = hook_no_chmod2 = old;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
      for (int k = 0; k < 6; k++) {
        if (!exists(at("exit")) || prepare() != JAILER_OK) prepared();
        if (!plant(k, at(names[n]))) continue;
        alarm(5);
        int fds = count_fds();
        jailer_code code = prepare();
        alarm(0);
        OK(code == JAILER_E_UNSAFE && strstr(err.item, names[n]) && err.message[0], "a %s at %s is refused%s", kinds[k],
           names[n], old ? " without openat2" : "");
        if (n >= 4) OK(open_close() == JAILER_E_UNSAFE, "and by a launch");
        OK(count_fds() == fds && !strcmp(get(other), "someone's file"), "nothing leaks, nothing behind it is touched");
        unlink(at(names[n])), rmdir(at(names[n]));
      }
    }
  }
  hook_no_openat2 = hook_no_chmod2 = false;
  const char *dirs[] = {"shared", "sockets", "tmp", "logs", "mounts"};
  char victim[600]; /* a directory of ours: a test of broken code must not hurt the machine */
  snprintf(victim, sizeof victim, "%s/victim", base);
  mkdir(victim, 0755);
  for (size_t n = 0; n < sizeof dirs / sizeof *dirs; n++) {
    prepared();
    sh("rm -rf '%s'", at(dirs[n]));
    OK(symlink(victim, at(dirs[n])) == 0 && prepare() == JAILER_E_UNSAFE, "a link instead of %s/ is refused", dirs[n]);
  }
  prepared();
  chmod(at("shim.pid"), 0666);
  put(at("shim.pid"), "");
  chmod(at("shim.pid"), 0666);
  OK(open_close() == JAILER_E_UNSAFE, "a pid file that others can write is refused");
  unlink(at("shim.pid"));
  if (root) {
    put(at("record"), "");
    OK(chown(at("record"), 4321, 0) == 0 && open_close() == JAILER_E_UNSAFE,
       "root: a record of another owner is refused");
  }
}

/* --- who passes a box directory, and what its owner may move in it ------------------------------------------------ */

/* As another user of this machine: 0, or the errno of what was tried. */
static int as_user(uid_t uid, gid_t gid, int (*act)(void)) {
  int status = -1;
  pid_t pid = fork();
  if (pid == 0) {
    if (setgroups(0, NULL) || setgid(gid) || setuid(uid)) _exit(255);
    _exit(act() >= 0 ? 0 : errno);
  }
  return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int look_shared(void) {
  struct stat st;
  return stat(at("shared/open"), &st);
}
static int read_shared(void) { return open(at("shared/open"), O_RDONLY); }
static int write_shared(void) { return open(at("shared/new"), O_WRONLY | O_CREAT, 0666); }
static int enter_shared(void) { return chdir(at("shared")); }
static int list_box(void) { return open(at(""), O_RDONLY | O_DIRECTORY); }
static int rename_to_console(void) {
  return unlink(at("logs/console.log")) && errno != ENOENT ? -1 : rename(at("shared/precious"), at("logs/console.log"));
}
static int drop_console(void) { return unlink(at("logs/console.log")); }

static bool owned(const char *name, uid_t uid, unsigned mode) {
  struct stat st;
  return lstat(at(name), &st) == 0 && st.st_uid == uid && (st.st_mode & 07777) == mode;
}

static void test_shut(void) {
  jl_box held;
  struct stat st;
  prepared();
  OK(mode_of(at("")) == (root ? 0710 : 0700), "the box directory is shut: %o", mode_of(at("")));
  OK(open_box(&held, 0) == JAILER_OK, "a box that runs");
  const unsigned was = mode_of(at(""));
  lstat(at(""), &st);
  const gid_t gid = st.st_gid;
  OK(prepare() == JAILER_E_BUSY && mode_of(at("")) == was && lstat(at(""), &st) == 0 && st.st_gid == gid,
     "preparing it is BUSY, and leaves its directory as it is");
  if (root)
    OK(jailer_layout_prepare(&box_layout, 54321, 54321, &err) == JAILER_E_BUSY && lstat(at(""), &st) == 0 &&
           st.st_gid == gid && mode_of(at("")) == was,
       "also for other ids");
  jl_files_box_close(&held);
  if (!root) return;
  chmod(base, 0755); /* all the way to the box directory is free for everybody */
  lstat(at("exit"), &st);
  const uid_t box = st.st_uid, stranger = 54321;
  put(at("shared/open"), "for all");
  OK(chown(at("shared"), box, box) == 0 && chmod(at("shared"), 0777) == 0 && chmod(at("shared/open"), 0666) == 0,
     "the target opens shared/ to everybody");
  const struct {
    const char *what;
    int (*act)(void);
    int box_gets;
  } rows[] = {{"looks at a file in shared/", look_shared, 0},
              {"reads it", read_shared, 0},
              {"makes one there", write_shared, 0},
              {"enters shared/", enter_shared, 0},
              {"lists the box directory", list_box, EACCES}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    int other = as_user(stranger, stranger, rows[i].act), own = as_user(box, box, rows[i].act);
    OK(other == EACCES, "another user %s: errno %d", rows[i].what, other);
    OK(own == rows[i].box_gets, "the box's uid %s: errno %d", rows[i].what, own);
  }
  OK(chmod(at(""), 0711) == 0 && as_user(stranger, stranger, read_shared) == 0 && prepare() == JAILER_OK &&
         as_user(stranger, stranger, read_shared) == EACCES,
     "a box directory that lets everybody pass is shut by the next launch");
}

/* In logs/ the target renames: what lies under a name of the table there may be any file of the file system. */
static void test_moved(void) {
  struct stat st;
  if (!root) return;
  prepared();
  chmod(base, 0755);
  lstat(at("exit"), &st);
  const uid_t box = st.st_uid;
  put(at("shared/precious"), "root's");
  chmod(at("shared/precious"), 0640);
  OK(as_user(box, box, rename_to_console) == 0 && owned("logs/console.log", 0, 0640),
     "the box makes a file of root's its logs/console.log");
  for (int i = 0; i < 2; i++) {
    OK(prepare() == JAILER_E_UNSAFE && strstr(err.item, "logs/console.log"), "the next launch is refused: %s",
       err.message);
    OK(owned("logs/console.log", 0, 0640) && !strcmp(get(at("logs/console.log")), "root's"),
       "and it is not given away: owner, mode and content are what they were");
    OK(jailer_layout_prepare(&box_layout, 54321, 54321, &err) == JAILER_E_UNSAFE && owned("logs/console.log", 0, 0640),
       "not to another uid either");
  }
  OK(unlink(at("logs/console.log")) == 0 && prepare() == JAILER_OK && owned("logs/console.log", box, 0600),
     "without it the box is prepared again");
  put(at("logs/console.log"), "said");
  OK(as_user(box, box, drop_console) == 0 && !exists(at("logs/console.log")), "the box removes its log");
  OK(prepare() == JAILER_OK && owned("logs/console.log", box, 0600) && !strcmp(get(at("logs/console.log")), ""),
     "it is made anew");
  OK(chown(at("logs"), 0, 0) == 0 && chown(at("logs/console.log"), 0, 0) == 0 && prepare() == JAILER_OK &&
         owned("logs/console.log", box, 0600) && owned("logs", box, 0700),
     "a first preparation that ended before logs/ was given is repeated");
  OK(chown(at("logs"), 0, 0) == 0 && prepare() == JAILER_OK && owned("logs/console.log", box, 0600) &&
         owned("logs", box, 0700),
     "also one that had given the file already");
}

/* What a target of the launcher's uid does to the modes of its open files. */
static void test_modes_back(void) {
  char bytes[8];
  size_t length = 99;
  prepared();
  OK(jailer_layout_prepare(&box_layout, 0, 0, &err) == JAILER_OK, "a box that ran");
  jl_box box;
  int fd = -1;
  OK(open_box(&box, 0) == JAILER_OK && jl_files_stderr_open(&box, &fd, &err) == JAILER_OK && fchmod(fd, 0666) == 0,
     "its shim.stderr is opened to everybody, through the descriptor");
  close(fd);
  jl_files_box_close(&box);
  put(at("exit"), "7");
  OK(chmod(at("exit"), 0) == 0 && jailer_box_exit(&box_layout, bytes, sizeof bytes, &length, &err) == JAILER_OK &&
         length == 1 && bytes[0] == '7',
     "exit at mode 000 is read: %s", err.message);
  chmod(at("exit"), 0);
  OK(prepare() == JAILER_OK && mode_of(at("shim.stderr")) == 0600 && mode_of(at("exit")) == 0600,
     "the next launch puts both modes back: %o %o", mode_of(at("shim.stderr")), mode_of(at("exit")));
  chmod(at("shim.stderr"), 0), chmod(at("exit"), 0777);
  OK(open_box(&box, 0) == JAILER_OK && jl_files_stderr_open(&box, &fd, &err) == JAILER_OK &&
         mode_of(at("shim.stderr")) == 0600,
     "also from 000");
  close(fd);
  jl_files_box_close(&box);
}

/* --- opening in hostile directories ------------------------------------------------------------------------------ */

static void swap_exit(long nr, const long args[6]) {
  static int calls;
  if (nr != JL_NR_openat2 || strcmp((const char *)args[1], "exit") || ++calls != 3)
    return; /* after the look at its mode */
  hook_before = NULL;
  unlink(at("exit"));
  put(at("exit"), "another");
}

static void test_open(void) {
  jl_box box;
  jl_stat st;
  int fd = -1;
  char file[16];
  prepared();
  OK(open_box(&box, 0) == JAILER_OK, "a good box opens");
  long logs = jl_files_step(box.dir_fd, "logs", false, 0);
  const char *names[] = {"../exit", "a/b", ".", "..", ""};
  for (size_t i = 0; i < 5; i++)
    OK(jl_files_at((int)logs, names[i], JL_O_PATH, 0) == -EINVAL, "only single names: %s", names[i]);
  struct sockaddr_un sun = {.sun_family = AF_UNIX};
  jailer_layout_socket_path(&box_layout, "s", sun.sun_path, sizeof sun.sun_path, NULL);
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  bool bound = bind(server, (struct sockaddr *)&sun, sizeof sun) == 0 && listen(server, 1) == 0;
  long sockets = jl_files_step(box.dir_fd, "sockets", false, 0);
  OK(bound && jl_files_open(&box, (int)sockets, "s", "sockets/s", JL_O_PATH, JL_S_IFSOCK, &fd, &st, &err) == JAILER_OK,
     "a socket opens");
  snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d", fd);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  OK(connect(client, (struct sockaddr *)&sun, sizeof sun) == 0, "and is connected to through its descriptor");
  close(client), close(server), close(fd);
  OK(symlink("../exit", at("sockets/l")) == 0 &&
         jl_files_open(&box, (int)sockets, "l", "sockets/l", JL_O_PATH, JL_S_IFSOCK, &fd, &st, &err) ==
             JAILER_E_UNSAFE &&
         fd == -1,
     "a link to it does not");
  hook_before = swap_exit;
  size_t len;
  OK(jl_files_exit_read(&box, file, sizeof file, &len, &err) == JAILER_E_CHANGED,
     "a file swapped between check and open");
  hook_before = NULL;
  close((int)logs), close((int)sockets);
  jl_files_box_close(&box);
}

static void test_exit(void) {
  jl_box box;
  char buf[32];
  size_t len = 99;
  prepared();
  OK(open_box(&box, 0) == JAILER_OK && jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_OK && len == 0,
     "an empty exit file");
  put(at("exit"), "{\"code\":1}\x1b[31m");
  OK(jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_OK && len == 15 && !memcmp(buf, "{\"code\"", 7),
     "what was written, raw");
  put(at("exit"), "0123456789abcdef0123456789abcdef");
  OK(jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_OK && len == 32, "exactly the bound");
  OK(truncate(at("exit"), (off_t)1 << 40) == 0 &&
         jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_E_LIMIT && len == 32,
     "a terabyte is LIMIT");
  for (int k = 0; k < 6; k++) {
    if (!plant(k, at("exit"))) continue;
    alarm(5);
    OK(jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_E_UNSAFE && len == 0, "planted thing %d", k);
    alarm(0);
  }
  unlink(at("exit")), rmdir(at("exit"));
  OK(jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_E_NOT_FOUND, "no exit file");
  put(at("exit"), "leased");
  int ready[2];
  if (pipe(ready) < 0) return;
  pid_t pid = fork();
  if (pid == 0) { /* a hostile owner that holds a lease makes opens with O_NONBLOCK answer EAGAIN */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGIO, SIG_IGN);
    int fd = open(at("exit"), O_RDWR);
    char ok = fcntl(fd, F_SETLEASE, F_WRLCK) == 0 ? 'y' : 'n';
    if (write(ready[1], &ok, 1) == 1) pause();
    _exit(0);
  }
  char ok = 0;
  if (read(ready[0], &ok, 1) == 1 && ok == 'y') {
    alarm(5);
    OK(jl_files_exit_read(&box, buf, sizeof buf, &len, &err) == JAILER_E_BUSY, "a lease on it does not hold us up");
    alarm(0);
  }
  kill(pid, SIGKILL), waitpid(pid, NULL, 0);
  close(ready[0]), close(ready[1]);
  jl_files_box_close(&box);
}

static void test_stderr(void) {
  jl_box box;
  int fd = -1;
  prepared();
  OK(open_box(&box, 0) == JAILER_OK && jl_files_stderr_open(&box, &fd, &err) == JAILER_OK, "stderr opens");
  OK(write(fd, "one", 3) == 3 && mode_of(at("shim.stderr")) == 0600, "0600 and written");
  int flags = fcntl(fd, F_GETFL);
  OK((flags & O_APPEND) && (flags & O_ACCMODE) == O_WRONLY && !(flags & O_NONBLOCK) &&
         (fcntl(fd, F_GETFD) & FD_CLOEXEC),
     "append, write only, blocking, close-on-exec");
  close(fd);
  chmod(at("shim.stderr"), 04700);
  OK(jl_files_stderr_open(&box, &fd, &err) == JAILER_OK && !strcmp(get(at("shim.stderr")), "") &&
         mode_of(at("shim.stderr")) == 0600,
     "emptied for the next launch, its mode put back");
  close(fd);
  for (int k = 0; k < 6; k++) {
    if (!plant(k, at("shim.stderr"))) continue;
    alarm(5);
    OK(jl_files_stderr_open(&box, &fd, &err) == JAILER_E_UNSAFE && fd == -1, "planted thing %d", k);
    alarm(0);
  }
  jl_files_box_close(&box);
}

/* --- lock and pid file ------------------------------------------------------------------------------------------- */

static int elsewhere(jailer_code (*what)(void)) {
  int status = -1;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) _exit((int)what());
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static jailer_code remove_it(void) { return jailer_layout_remove(&box_layout, NULL); }

static void remove_under(long nr, const long args[6]) {
  if (nr != JL_NR_flock || !(args[1] & LOCK_EX)) return;
  hook_before = NULL;
  sh("rm -rf '%s'; mkdir -m 711 '%s'", at(""), at(""));
}

static void test_lock(void) {
  jl_box one, two;
  prepared();
  OK(open_box(&one, 0) == JAILER_OK, "one launch holds the box");
  int fds = count_fds();
  OK(open_box(&two, 0) == JAILER_E_BUSY && count_fds() == fds, "a second in the same process is BUSY");
  OK(elsewhere(open_close) == JAILER_E_BUSY, "in another process too");
  OK(prepare() == JAILER_E_BUSY, "prepare is BUSY");
  OK(remove_it() == JAILER_E_BUSY && exists(at("exit")), "remove is BUSY and removes nothing");
  pid_t pid = fork(); /* inherits the lock's open file; the close of the owner must still release it */
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), pause(), _exit(0);
  jl_files_box_close(&one);
  OK(open_close() == JAILER_OK, "released by close, even while a forked process lives");
  kill(pid, SIGKILL), waitpid(pid, NULL, 0);
  jl_files_box_close(&one);
  OK(1, "a second close is harmless");
  hook_before = remove_under;
  OK(open_close() == JAILER_E_BUSY, "a box that is removed while it is being locked: %s", err.message);
  hook_before = NULL;
  prepared();
  OK(open_box(&one, 0) == JAILER_OK && open_box(&two, JL_BOX_HELD) == JAILER_OK && two.lock_fd == -1,
     "the holder opens it again without the lock");
  jl_files_box_close(&two);
  OK(elsewhere(open_close) == JAILER_E_BUSY, "and keeps it");
  jl_files_box_close(&one);
}

static void *sleep_thread(void *p) {
  pause();
  return p;
}

/* A process whose first thread has ended but another runs: its stat says Z. */
static void leaderless(void) {
  pthread_t t;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pthread_create(&t, NULL, sleep_thread, NULL);
  pthread_exit(NULL);
}

static jailer_code write_pid(pid_t pid, uint64_t start, const char *boot) {
  jl_box box;
  jailer_code code = open_box(&box, 0);
  if (code == JAILER_OK) code = jl_files_pid_write(&box, pid, start, boot, &err);
  jl_files_box_close(&box);
  return code;
}

static void test_pid(void) {
  char boot[37], text[128];
  uint64_t start = 0;
  jl_pid_file file;
  jl_box box;
  prepared();
  OK(jl_files_boot_id(boot, &err) == JAILER_OK && strlen(boot) == 36, "boot id");
  OK(jl_files_pid_start(getpid(), &start, &err) == JAILER_OK && start > 0, "start time");
  OK(write_pid(getpid(), start, boot) == JAILER_OK && mode_of(at("shim.pid")) == 0600, "written, 0600");
  snprintf(text, sizeof text, "%d %llu %s\n", getpid(), (unsigned long long)start, boot);
  OK(!strcmp(get(at("shim.pid")), text), "as PID START BOOTID");
  OK(open_close() == JAILER_E_BUSY && strstr(err.item, "shim.pid"), "a live one is BUSY");
  OK(remove_it() == JAILER_E_BUSY, "for remove too");
  snprintf(text, sizeof text, "%d %llu %s\n", getpid(), (unsigned long long)start + 1, boot);
  put(at("shim.pid"), text);
  OK(open_close() == JAILER_OK, "another start time is another process");
  boot[0] = boot[0] == '0' ? '1' : '0';
  snprintf(text, sizeof text, "%d %llu %s\n", getpid(), (unsigned long long)start, boot);
  put(at("shim.pid"), text);
  OK(open_close() == JAILER_OK, "another boot is another process");
  jl_files_boot_id(boot, NULL);
  const char *bad[] = {"x",
                       "\n",
                       "1",
                       "1 2",
                       "1 2 3\n",
                       "0 1 %s\n",
                       "-1 1 %s\n",
                       "1  1 %s\n",
                       "1 1 %s",
                       "1 1 %s\n\n",
                       " 1 1 %s\n",
                       "1 1x %s\n",
                       "99999999999 1 %s\n",
                       "1 18446744073709551616 %s\n",
                       "+1 1 %s\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    FILE *f = fopen(at("shim.pid"), "w");
    if (!f) break;
    for (const char *c = bad[i]; *c; c++) *c == '%' ? (void)(c++, fputs(boot, f)) : (void)fputc(*c, f);
    fclose(f);
    OK(open_close() == JAILER_E_FORMAT, "malformed pid file %zu", i);
  }
  put(at("shim.pid"), "");
  OK(open_close() == JAILER_OK, "an empty one is none");
  sh("head -c 4000 /dev/zero > '%s'", at("shim.pid"));
  OK(open_close() == JAILER_E_LIMIT, "a long one is LIMIT");
  unlink(at("shim.pid"));
  OK(open_box(&box, 0) == JAILER_OK && jl_files_pid_read(&box, &file, &err) == JAILER_OK && file.pid == 0, "none");
  OK(jl_files_pid_write(&box, 77, 88, boot, &err) == JAILER_OK && jl_files_pid_read(&box, &file, &err) == JAILER_OK &&
         file.pid == 77 && file.start == 88 && !strcmp(file.boot_id, boot),
     "read back");
  OK(jl_files_pid_write(&box, 0, 88, boot, &err) == JAILER_E_INVALID, "pid 0 is INVALID");
  OK(jl_files_pid_remove(&box, &err) == JAILER_OK && !exists(at("shim.pid")), "removed");
  OK(jl_files_pid_remove(&box, &err) == JAILER_OK, "twice is fine");
  jl_files_box_close(&box);

  bool alive = true;
  pid_t pid = fork();
  if (pid == 0) prctl(PR_SET_PDEATHSIG, SIGKILL), prctl(PR_SET_NAME, ") Z 1 (\n"), pause(), _exit(0);
  usleep(20000);
  OK(jl_files_pid_start(pid, &start, &err) == JAILER_OK &&
         jl_files_pid_alive(pid, start, boot, &alive, &err) == JAILER_OK && alive,
     "a process named like a stat line");
  kill(pid, SIGKILL);
  waitid(P_PID, (id_t)pid, NULL, WEXITED | WNOWAIT);
  OK(jl_files_pid_alive(pid, start, boot, &alive, &err) == JAILER_OK && !alive, "a zombie is not alive");
  waitpid(pid, NULL, 0);
  OK(jl_files_pid_alive(pid, start, boot, &alive, &err) == JAILER_OK && !alive, "an ended one is not");
  OK(jl_files_pid_start(pid, &start, &err) == JAILER_E_SYSTEM, "and has no start time");
  pid = fork();
  if (pid == 0) leaderless();
  usleep(50000);
  OK(jl_files_pid_start(pid, &start, &err) == JAILER_OK &&
         jl_files_pid_alive(pid, start, boot, &alive, &err) == JAILER_OK && alive,
     "a process without its first thread is alive");
  kill(pid, SIGKILL), waitpid(pid, NULL, 0);
  jl_pid_stat ps;
  const char *lines[] = {
      "", "1", "1 (x", "1 (x)", "1 (x) R", "1 (x) R 1 1", "1 (x) R 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 1 0 x"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
    OK(!jl_files_stat_parse(lines[i], strlen(lines[i]), &ps), "stat line %zu is refused", i);
}

/* --- copies ------------------------------------------------------------------------------------------------------ */

static char source[600];
static void grow_source(long nr, const long args[6]) {
  (void)args;
  if (nr != JL_NR_fsync) return;
  hook_before = NULL;
  sh("printf more >> '%s'", source);
}

/* The new copy gets its name a tenth of a second late; how old the source was when it was full is measured. */
static int64_t filled_after_ns;
static int64_t ns_of(const struct timespec *t) { return (int64_t)t->tv_sec * 1000000000 + t->tv_nsec; }
static void slow_rename(long nr, const long args[6]) {
  struct stat src, dst;
  if (nr != JL_NR_renameat || strcmp((const char *)args[1], JL_FILES_TEMP) || strcmp((const char *)args[3], "shim"))
    return;
  if (stat(source, &src) == 0 && stat(at("bin/" JL_FILES_TEMP), &dst) == 0)
    filled_after_ns = ns_of(&dst.st_ctim) - ns_of(&src.st_ctim);
  usleep(100000);
}

static ino_t inode(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 ? st.st_ino : 0;
}

static jailer_code copy(const char *name) {
  jl_box box;
  jailer_code code = open_box(&box, 0);
  if (code == JAILER_OK) code = jl_files_copy(&box, source, name, &err);
  jl_files_box_close(&box);
  return code;
}

/* A source that changed in the tick in which it was copied. On a busy machine the copy may be full only when the source
   is older than that: such a round shows nothing and is repeated, and the first that shows something decides. */
static void test_copy_young(void) {
  const int64_t second = 1000000000, ms = 1000000, now = 1000 * second + 1;
  const struct {
    int64_t ctime, mtime, filled;
    bool settled;
  } rows[] = {{now, now, now, false},
              {now, now, now + 20 * ms, false},
              {now, now, now + 20 * ms + 1, true},
              {now, now + 1, now + 20 * ms + 1, false},
              {now, now + second, now + 20 * ms + 1, false},
              {now, now - second, now + 20 * ms + 1, true},
              {now, now, now - second, false},
              {1000 * second, 0, 1002 * second, false},
              {1000 * second, 0, 1002 * second + 1, true}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    jl_stat st;
    memset(&st, 0, sizeof st);
    st.ctime_ns = rows[i].ctime, st.mtime_ns = rows[i].mtime;
    OK(jl_files_copy_settled(&st, rows[i].filled) == rows[i].settled, "a source's age, row %zu: %s", i,
       rows[i].settled ? "settled" : "too young");
  }
  for (int slow = 0; slow < 2; slow++) {
    ino_t first = 0, second_copy = 0;
    jailer_code code = JAILER_OK;
    int tries = 0;
    do {
      put(source, "fresh source");
      filled_after_ns = INT64_MAX;
      hook_before = slow_rename;
      if (!slow) hook_before = NULL;
      code = copy("shim");
      hook_before = NULL;
      struct stat src, dst;
      first = inode(at("bin/shim"));
      if (!slow && stat(source, &src) == 0 && stat(at("bin/shim"), &dst) == 0)
        filled_after_ns = ns_of(&dst.st_ctim) - ns_of(&src.st_ctim); /* no less than at the fchmod */
      if (code == JAILER_OK) code = copy("shim");
      second_copy = inode(at("bin/shim"));
    } while (filled_after_ns > 20 * ms && ++tries < 1000);
    OK(code == JAILER_OK && filled_after_ns <= 20 * ms && second_copy != first,
       "a source changed in this clock tick is not trusted yet%s", slow ? ", however late its copy gets its name" : "");
  }
}

static void test_copy(void) {
  struct stat st;
  snprintf(source, sizeof source, "%s/shim", base);
  sh("head -c 70000 /dev/urandom > '%s'; chmod 700 '%s'", source, source);
  while (stat(source, &st) == 0 && st.st_ctim.tv_nsec == 0) { /* by chance: would pass for a coarse file system's */
    usleep(20000);
    chmod(source, 0700);
  }
  usleep(60000); /* older than a clock tick, or it is copied anew each time */
  for (int plain = 0; plain < 2; plain++) {
    hook_no_clone_range = plain;
    prepared();
    OK(copy("shim") == JAILER_OK && stat(at("bin/shim"), &st) == 0, "copied%s", plain ? " by read and write" : "");
    OK(st.st_mode == (S_IFREG | 0555) && st.st_nlink == 1 && st.st_uid == geteuid(), "0555, one link, the launcher's");
    char cmp[1800];
    snprintf(cmp, sizeof cmp, "cmp -s '%s' '%s'", source, at("bin/shim"));
    OK(system(cmp) == 0, "the same bytes");
  }
  hook_no_clone_range = false;
  ino_t was = inode(at("bin/shim"));
  OK(copy("shim") == JAILER_OK && inode(at("bin/shim")) == was, "unchanged: not copied again");
  OK(copy("libkrunfw.so.4") == JAILER_OK && copy("shim") == JAILER_OK && inode(at("bin/shim")) == was,
     "two copies in the record");
  const struct {
    const char *how, *command;
  } changes[] = {
      {"source touched", "touch \"$src\""},
      {"source rewritten with its times kept",
       "cp -p \"$src\" \"${src}.t\"; printf x | dd of=\"$src\" conv=notrunc status=none; "
       "touch -r \"${src}.t\" \"$src\""},
      {"source replaced", "cp -p \"$src\" \"${src}.n\"; mv \"${src}.n\" \"$src\""},
      {"copy written", "chmod 755 \"$copy\"; printf x | dd of=\"$copy\" conv=notrunc status=none; chmod 555 \"$copy\""},
      {"copy replaced", "cp -p \"$copy\" \"${copy}.n\"; mv -f \"${copy}.n\" \"$copy\""},
      {"copy hard-linked", "ln \"$copy\" \"${base}/elsewhere\""},
      {"copy chmodded and back", "chmod 755 \"$copy\"; chmod 555 \"$copy\""},
      {"copy made writable", "chmod 755 \"$copy\""},
      {"copy missing", "rm -f \"$copy\""},
      {"copy is a link", "ln -sf \"$src\" \"$copy\""},
      {"copy is a FIFO", "rm -f \"$copy\"; mkfifo \"$copy\""},
      {"record missing", "rm \"$record\""},
      {"record empty", ": > \"$record\""},
      {"record torn", "sed -i '$s/.$//' \"$record\""},
      {"record with another number", "sed -i 's/ \\([0-9]*\\)$/ 1\\1/' \"$record\""},
      {"record with a space more", "sed -i 's/^shim /shim  /' \"$record\""},
      {"record with a line twice", "sed -i 's/^shim .*/&\\n&/' \"$record\""},
      {"record of another version", "sed -i '1s/1/2/' \"$record\""},
      {"record of 100000 bytes", "head -c 100000 /dev/zero >> \"$record\""}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    char elsewhere_path[600];
    copy("shim");
    usleep(60000);
    copy("shim"); /* settled */
    was = inode(at("bin/shim"));
    int held = open(at("bin/shim"), O_RDONLY | O_NONBLOCK); /* or the number of the inode is used again */
    sh("src='%s'; copy='%s'; base='%s'; record='%s'; %s", source, at("bin/shim"), base, at("copies"),
       changes[i].command);
    alarm(5);
    jailer_code code = copy("shim");
    alarm(0);
    char cmp[1800];
    snprintf(cmp, sizeof cmp, "cmp -s '%s' '%s'", source, at("bin/shim"));
    OK(code == JAILER_OK && lstat(at("bin/shim"), &st) == 0 && st.st_ino != was && st.st_mode == (S_IFREG | 0555) &&
           st.st_nlink == 1 && system(cmp) == 0,
       "%s: copied again, from the source", changes[i].how);
    close(held);
    OK(!exists(at("bin/" JL_FILES_TEMP)) && !exists(at(JL_FILES_TEMP)), "no temporary file");
    snprintf(elsewhere_path, sizeof elsewhere_path, "%s/elsewhere", base);
    unlink(elsewhere_path);
  }
  test_copy_young();
}

static void test_copy_errors(void) {
  jl_box box;
  char keep[600];
  strcpy(keep, source);
  prepared();
  sh("head -c 70000 /dev/urandom > '%s'", source);
  usleep(60000);
  copy("shim");
  ino_t was = inode(at("bin/shim"));
  sh("touch '%s'", source);
  hook_before = grow_source;
  OK(copy("shim") == JAILER_E_CHANGED, "a source that changes while it is copied is CHANGED");
  hook_before = NULL;
  OK(inode(at("bin/shim")) == was && !exists(at("bin/" JL_FILES_TEMP)), "the earlier copy stays, nothing else");
  const char *bad[] = {"", ".", "..", "a/b", "../x", ".jl-new", "-x", "a b", "a\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) OK(copy(bad[i]) == JAILER_E_INVALID, "bad name %zu", i);
  snprintf(source, sizeof source, "%s/none", base);
  OK(copy("shim") == JAILER_E_NOT_FOUND && strstr(err.item, "/none"), "no source: NOT_FOUND");
  mkfifo(source, 0600);
  alarm(5);
  OK(copy("shim") == JAILER_E_INVALID, "a FIFO as source");
  alarm(0);
  unlink(source);
  strcpy(source, base);
  OK(copy("shim") == JAILER_E_INVALID, "a directory as source");
  strcpy(source, "/dev/zero");
  OK(copy("shim") == JAILER_E_INVALID, "a device as source");
  strcpy(source, "relative");
  OK(copy("shim") == JAILER_E_INVALID, "a relative source");
  strcpy(source, keep);
  OK(mkdir(at("bin/dir"), 0755) == 0 && copy("dir") == JAILER_E_UNSAFE && !exists(at("bin/" JL_FILES_TEMP)),
     "a directory in its place is an error");
  rmdir(at("bin/dir"));
  usleep(60000);
  jailer_code many = JAILER_OK;
  for (unsigned i = 0; i < JL_FILES_COPIES_MAX + 3 && many == JAILER_OK; i++) {
    char name[16];
    snprintf(name, sizeof name, "lib%u.so", i);
    many = copy(name);
  }
  was = inode(at("bin/lib34.so"));
  OK(many == JAILER_OK && copy("lib34.so") == JAILER_OK && inode(at("bin/lib34.so")) == was,
     "more copies than are remembered");
  put(at("bin/" JL_FILES_TEMP), "left by a crash");
  put(at(JL_FILES_TEMP), "left by a crash");
  OK(open_box(&box, 0) == JAILER_OK && !exists(at("bin/" JL_FILES_TEMP)) && !exists(at(JL_FILES_TEMP)),
     "temporary files of a crashed launch are removed");
  jl_files_box_close(&box);
}

/* --- uids -------------------------------------------------------------------------------------------------------- */

static int compare_u32(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static uint32_t uid_of(const char *id, jailer_code *code) {
  jl_box box;
  uint32_t uid = 0;
  jailer_layout l;
  jailer_layout_init(&l, home, id, NULL);
  *code = jl_files_box_open(&l, JL_BOX_MAKE, &box, &err);
  if (*code == JAILER_OK) *code = jl_files_box_uid(&box, &uid, &err);
  jl_files_box_close(&box);
  return uid;
}

static void test_uids(void) {
  enum { BOXES = 300 };
  static uint32_t uids[BOXES], sorted[BOXES];
  char id[32], path[700];
  jailer_code code;
  bool good = true;
  fresh();
  for (int i = 0; i < BOXES; i++) {
    snprintf(id, sizeof id, "box-%d", i);
    uids[i] = sorted[i] = uid_of(id, &code);
    good = good && code == JAILER_OK && uids[i] >= JL_FILES_UID_FIRST && uids[i] < JL_FILES_UID_END;
  }
  OK(good, "%d boxes get a uid in the range", BOXES);
  qsort(sorted, BOXES, sizeof *sorted, compare_u32);
  for (int i = 1; i < BOXES; i++) good = good && sorted[i] != sorted[i - 1];
  OK(good, "all different");
  for (int i = 0; i < BOXES; i += 37) {
    snprintf(id, sizeof id, "box-%d", i);
    good = good && uid_of(id, &code) == uids[i];
  }
  OK(good, "and the same again");
  fresh();
  uint32_t first = uid_of("b1", &code);
  jailer_layout_remove(&box_layout, NULL);
  snprintf(path, sizeof path, "%s/uids/%u", home, first);
  OK(!exists(path), "released with the box");
  put(path, "other\n");
  OK(uid_of("b1", &code) == first + 1 && code == JAILER_OK, "a uid that another box holds is not taken");
  unlink(path);
  OK(uid_of("b1", &code) == first + 1, "and stays when the other is gone");
  unlink(at("uid"));
  put(path, "b1\n");
  OK(uid_of("b1", &code) == first, "a claim of an interrupted launch is found again");
  put(path, "other\n");
  OK(uid_of("b1", &code) == 0 && code == JAILER_E_UNSAFE,
     "a remembered uid that the registry gives to another is UNSAFE");
  unlink(path);
  OK(uid_of("b1", &code) == first && exists(path), "a lost claim is made again");
  const char *bad[] = {"", "\n", "0\n", "1000\n", "1879048192", "x\n", "-1\n", "4294967295\n", "99999999999999\n"};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put(at("uid"), bad[i]);
    OK(uid_of("b1", &code) == 0 && code == JAILER_E_FORMAT, "malformed uid file %zu", i);
  }
  unlink(at("uid"));
  snprintf(path, sizeof path, "%s/uids", home);
  chmod(path, 0770);
  OK(uid_of("b1", &code) == 0 && code == JAILER_E_UNSAFE, "a registry that the group can write is refused");
  chmod(path, 0700);
}

/* Eight processes want the same 60 uids: each uid has one winner, and the file names it. */
static void test_uid_race(void) {
  enum { RACERS = 8, UIDS = 60 };
  int won[2], total = 0;
  pid_t pids[RACERS];
  prepared();
  if (pipe(won) < 0) return;
  for (int p = 0; p < RACERS; p++) {
    pids[p] = fork();
    if (pids[p]) continue;
    jl_box box;
    jailer_layout l;
    char id[16];
    snprintf(id, sizeof id, "r%d", p);
    jailer_layout_init(&l, home, id, NULL);
    if (jl_files_box_open(&l, JL_BOX_MAKE, &box, NULL) != JAILER_OK) _exit(1);
    long uids = jl_files_step(box.home_fd, "uids", true, 0700);
    for (uint32_t u = 0; u < UIDS; u++) {
      bool mine = false;
      uint32_t uid = JL_FILES_UID_FIRST + u;
      if (jl_files_uid_claim(&box, (int)uids, uid) < 0) continue;
      if (jl_files_uid_holder(&box, (int)uids, uid, &mine) != 0 || !mine || write(won[1], "w", 1) != 1) _exit(1);
    }
    _exit(0);
  }
  close(won[1]);
  bool good = true;
  for (int p = 0; p < RACERS; p++) {
    int status = 1;
    waitpid(pids[p], &status, 0);
    good = good && status == 0;
  }
  char c;
  while (read(won[0], &c, 1) == 1) total++;
  close(won[0]);
  OK(good && total == UIDS, "%d uids, %d racers, %d winners", UIDS, RACERS, total);
}

/* One box, eight launchers: one at a time. */
static jailer_code hold_briefly(void) {
  jl_box box;
  jailer_code code = open_box(&box, JL_BOX_MAKE);
  uint32_t uid;
  if (code == JAILER_OK) code = jl_files_box_uid(&box, &uid, &err);
  if (code == JAILER_OK) usleep(100000);
  jl_files_box_close(&box);
  return code;
}

static void test_launch_race(void) {
  int ok = 0, busy = 0, status;
  fresh();
  fflush(stdout);
  for (int p = 0; p < 8; p++)
    if (fork() == 0) _exit((int)hold_briefly());
  while (wait(&status) > 0) {
    ok += status == 0;
    busy += WIFEXITED(status) && WEXITSTATUS(status) == JAILER_E_BUSY;
  }
  OK(ok >= 1 && ok + busy == 8, "eight launches of a new box at once: %d won, %d BUSY", ok, busy);
}

/* --- removal ----------------------------------------------------------------------------------------------------- */

static void deep(const char *path, int levels) {
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < levels && fd >= 0; i++) {
    mkdirat(fd, "d", 0700);
    if (i % 50 == 0) close(openat(fd, "file", O_CREAT | O_WRONLY, 0400)), symlinkat("../../outside", fd, "link");
    int next = openat(fd, "d", O_RDONLY | O_DIRECTORY);
    close(fd);
    fd = next;
  }
  close(fd);
}

static int most_fds;
static void watch_fds(long nr, const long args[6]) {
  static unsigned renames;
  (void)args;
  if (nr != JL_NR_renameat || ++renames % 100 != 0) return;
  int n = count_fds();
  if (n > most_fds) most_fds = n;
}

static void test_remove(void) {
  char outside[600];
  snprintf(outside, sizeof outside, "%s/outside", base);
  prepared();
  int fds = count_fds();
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "an empty box");
  prepared();
  sh("mkdir -p '%s/dir'; echo x > '%s/dir/file'", outside, outside);
  sh("cd '%s' && ln -s '%s' out && ln -s '%s/dir' shared/out && ln -s . shared/self && ln -s ../../.. logs/up && "
     "mkfifo tmp/fifo",
     at(""), outside, outside);
  sh("cd '%s/shared' && ln -s loop loop && mkdir -p a/b/c .rm-0/x .rm-1 && : > .rm-2 && : > '-rf' && : > 'new\nline'",
     at(""));
  sh("mkdir -p '%s/.rm-0/left' '%s/.rm-2/left'; : > '%s/.rm-1'", at(""), at(""), at(""));
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")),
     "links, loops, FIFOs, odd names, leftovers");
  OK(exists(outside) && !strcmp(get(strcat(strcpy((char[700]){0}, outside), "/dir/file")), "x\n"),
     "links were not followed");
  prepared();
  sh("mkdir -p '%s/wide/a/b/c'; chmod 0 '%s/wide/a/b/c' '%s/wide/a/b' '%s/wide/a'; chmod 500 '%s/wide'; chmod 0 '%s'",
     at("shared"), at("shared"), at("shared"), at("shared"), at("shared"), at("tmp"));
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "directories without any permission: %s",
     err.item);
  prepared();
  int wide = open(at("shared"), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 1500; i++) {
    char name[64];
    snprintf(name, sizeof name, "a-file-with-a-rather-long-name-%d", i);
    close(openat(wide, name, O_CREAT | O_WRONLY, 0600));
  }
  close(wide);
  sh("cd '%s' && mkdir -p w/1/2 w/2/2 w/3/2 w/4/2 v/x u/x", at("shared"));
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "a wide one");
  prepared();
  deep(at("shared"), 2000);
  hook_before = watch_fds;
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "2,000 levels: %s", err.message);
  hook_before = NULL;
  OK(most_fds > 0 && most_fds <= fds + 8, "with at most %d descriptors more", most_fds - fds);
  prepared();
  hook_no_openat2 = hook_no_chmod2 = true;
  deep(at("shared"), 100);
  chmod(at("tmp"), 0);
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")),
     "on a kernel without openat2 and fchmodat2");
  hook_no_openat2 = hook_no_chmod2 = false;
  OK(count_fds() == fds, "no descriptor leaks");
  fresh();
  sh("mkdir -p '%s'; chmod 711 '%s' '%s/boxes' '%s'", at(""), home, home, at(""));
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "a half made one");
  prepared();
  plant(0, at("exit")), plant(1, at("record")), plant(4, at("copies"));
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "what a launch refuses can be removed");
}

/* In a mount namespace of its own; the exit code says which check failed. */
static int mounted(int kind) {
  char target[1100], victim[600], command[2400];
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return 77;
  snprintf(victim, sizeof victim, "%s/victim", base);
  snprintf(command, sizeof command, "mkdir -p '%s/sub' && echo x > '%s/sub/file'", victim, victim);
  if (system(command) != 0) return 2;
  snprintf(target, sizeof target, "%s", at(kind == 2 ? "tmp" : "shared/a/m"));
  snprintf(command, sizeof command, "mkdir -p '%s'", target);
  if (system(command) != 0) return 3;
  if (mount(kind == 1 ? "none" : victim, target, kind == 1 ? "tmpfs" : NULL, kind == 1 ? 0 : MS_BIND, NULL) < 0)
    return 4;
  int inside = open(target, O_RDONLY | O_DIRECTORY); /* removal may have renamed a directory above the mount */
  close(openat(inside, "kept", O_CREAT | O_WRONLY, 0600));
  hook_no_openat2 = kind == 3;
  jailer_code code = jailer_layout_remove(&box_layout, &err);
  if (code != JAILER_E_UNSAFE || !strstr(err.message, "mounted")) return 5;
  if (faccessat(inside, "kept", F_OK, 0) < 0) return 6;
  if (kind != 1 && faccessat(inside, "sub/file", F_OK, 0) < 0) return 7;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", inside);
  ssize_t n = readlink(link, target, sizeof target - 1);
  if (n < 0) return 8;
  target[n] = 0;
  if (umount2(target, MNT_DETACH) < 0) return 8;
  if (jailer_layout_remove(&box_layout, &err) != JAILER_OK) return 9;
  return exists(at("")) ? 10 : 0;
}

/* Also there: a file mounted over one of the box's is not the box's. */
static int mounted_file(const char *name) {
  char other[600];
  if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return 77;
  snprintf(other, sizeof other, "%s/other", base);
  put(other, "someone's file");
  if (mount(other, at(name), NULL, MS_BIND, NULL) < 0) return 2;
  if (prepare() != JAILER_E_UNSAFE) return 3;
  return strcmp(get(other), "someone's file") ? 4 : 0;
}

static void test_file_mounts(void) {
  const char *names[] = {"exit", "logs/console.log", "disks/disk.qcow2"};
  for (size_t i = 0; root && i < sizeof names / sizeof *names; i++) {
    int status = 0;
    prepared();
    put(at("disks/disk.qcow2"), "disk");
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) _exit(mounted_file(names[i]));
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) return;
    OK(status == 0, "a file mounted over %s is refused (%d)", names[i], WEXITSTATUS(status));
  }
}

static void test_remove_mounts(void) {
  const char *kinds[] = {"a bind mount of the same file system", "a tmpfs", "one directly in the box",
                         "without openat2"};
  if (!root) return;
  for (int k = 0; k < 4; k++) {
    int status = 0;
    prepared();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) _exit(mounted(k));
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
      printf("# root without the right to mount: nothing to test\n");
      return;
    }
    OK(status == 0, "a mount inside stops removal, untouched: %s (%d)", kinds[k], WEXITSTATUS(status));
  }
}

/* --- every system call fails in turn ----------------------------------------------------------------------------- */

static jl_box fault_box;

static jailer_code op_prepare(void) { return prepare(); }
static jailer_code op_open(void) { return open_close(); }
static jailer_code op_remove(void) { return jailer_layout_remove(&box_layout, &err); }
static jailer_code op_copy(void) { return jl_files_copy(&fault_box, source, "shim", &err); }
static jailer_code op_pid(void) {
  return jl_files_pid_write(&fault_box, 7, 8, "0123456789abcdef-0123456789abcdef-01", &err);
}
static jailer_code op_uid(void) {
  uint32_t uid;
  return jl_files_box_uid(&fault_box, &uid, &err);
}
static jailer_code op_stderr(void) {
  int fd;
  jailer_code code = jl_files_stderr_open(&fault_box, &fd, &err);
  if (code == JAILER_OK) close(fd);
  return code;
}
static jailer_code op_exit(void) {
  char buf[8];
  size_t len;
  return jl_files_exit_read(&fault_box, buf, sizeof buf, &len, &err);
}

/* A prepared box; the one of the round before serves again, making directories is what costs here. */
static void ready(void) {
  if (!exists(at("exit")) || jailer_layout_prepare(&box_layout, 0, 0, NULL) != JAILER_OK) prepared();
  put(at("exit"), "text");
  unlink(at("bin/shim")), unlink(at("copies")), unlink(at("shim.stderr"));
}
static void in_box(void) {
  ready();
  if (jl_files_box_open(&box_layout, 0, &fault_box, &err) != JAILER_OK) printf("# cannot open\n");
}
static void in_new_box(void) {
  fresh();
  if (jl_files_box_open(&box_layout, JL_BOX_MAKE, &fault_box, &err) != JAILER_OK) printf("# cannot open\n");
}
static void filled(void) {
  ready();
  mkdir(at("shared/a"), 0700), mkdir(at("shared/a/b"), 0700), mkdir(at("shared/d"), 0700);
  put(at("shared/a/b/f"), "file");
  if (!root) chmod(at("shared/a"), 0);
}

/* Calls whose failure changes nothing that matters: a descriptor that was only read; kernels without the newer call,
   where the older one is used; shared blocks and in-kernel copies, where reading and writing is; unlocking, which close
   does too; looking at the copy, which is then made again; a kill(0), after which /proc decides; the group of a root
   launcher, which is not used; the first look for a file that the next call makes. */
static bool harmless(jailer_code (*op)(void), long nr, int error) {
  if (nr == JL_NR_close || nr == JL_NR_flock || nr == JL_NR_kill || nr == JL_NR_getegid) return true;
  if (nr == JL_NR_copy_file_range || nr == JL_NR_ioctl) return true;
  if ((error == ENOSYS || error == EPERM) && (nr == JL_NR_openat2 || nr == JL_NR_fchmodat2)) return true;
  if (error == EPERM && nr == JL_NR_unlinkat && op == op_remove)
    return true; /* taken for "is a directory", then retried */
  return op == op_copy && nr == JL_NR_statx;
}

static void fault(const char *name, void (*setup)(void), jailer_code (*op)(void), int error) {
  bool refused = true, clean = true, said = true, recovers = true, ended = false;
  int calls = 0, failures = 0;
  for (int n = 1; n < 2000 && !ended; n++) {
    fault_box = jl_files_box_none();
    setup();
    memset(&err, 0, sizeof err);
    int fds = count_fds();
    hook_hit = false, hook_left = n, hook_errno = error;
    jailer_code code = op();
    hook_left = 0;
    ended = !hook_hit;
    if (ended) OK(code == JAILER_OK, "%s succeeds when nothing fails", name);
    else calls++;
    if (code != JAILER_OK) failures++;
    if (code == JAILER_OK && !ended && !harmless(op, hook_hit_nr, error))
      refused = false, printf("# %s: call %d (nr %ld) failed unnoticed\n", name, n, hook_hit_nr);
    if (code != JAILER_OK && (!err.step || !err.message[0] || err.code != code))
      said = false, printf("# %s: call %d (nr %ld): no words\n", name, n, hook_hit_nr);
    if (count_fds() != fds)
      clean = false, printf("# %s: call %d (nr %ld): %d descriptors left\n", name, n, hook_hit_nr, count_fds() - fds);
    if (exists(at(JL_FILES_TEMP)) || exists(at("bin/" JL_FILES_TEMP)))
      clean = false, printf("# %s: call %d (nr %ld): temporary file left\n", name, n, hook_hit_nr);
    if (code != JAILER_OK && op() != JAILER_OK && !(op == op_remove && !exists(at(""))))
      recovers = false,
      printf("# %s: call %d (nr %ld): not repeatable: %s %s\n", name, n, hook_hit_nr, err.step, err.item);
    jl_files_box_close(&fault_box);
  }
  OK(refused && ended, "%s: %d calls fail in turn (errno %d), %d errors, none unnoticed", name, calls, error, failures);
  OK(said, "%s: every error says step and remedy", name);
  OK(clean, "%s: no descriptor, no temporary file left", name);
  OK(recovers, "%s: works when called again", name);
}

/* What cannot be cleaned up is told, by name; test_faults has every single call of it. */
static void test_unlink_fails(void) {
  prepared();
  put(at("shared/file"), "x");
  const int fds = count_fds();
  hook_no_unlink = true;
  jailer_code code = prepare();
  OK(code == JAILER_E_SYSTEM && err.sys_errno == EIO && strstr(err.step, "clean up") && strstr(err.item, "b1"),
     "prepare tells that it could not clean up: %s %s", jailer_code_name(code), err.item);
  memset(&err, 0, sizeof err);
  code = jailer_layout_remove(&box_layout, &err);
  OK(code == JAILER_E_SYSTEM && err.sys_errno == EIO && err.item[0] && err.message[0] && exists(at("")),
     "remove tells that it could not: %s %s", jailer_code_name(code), err.item);
  hook_no_unlink = false;
  OK(count_fds() == fds, "no descriptor is left by either");
  OK(jailer_layout_remove(&box_layout, &err) == JAILER_OK && !exists(at("")), "and when it can, it does");
}

static void test_faults(void) {
  const int errors[] = {EIO, ENOSYS};
  snprintf(source, sizeof source, "%s/shim", base);
  sh("head -c 5000 /dev/urandom > '%s'", source);
  usleep(60000);
  for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
    fault("prepare, new", fresh, op_prepare, errors[e]);
    fault("prepare, again", ready, op_prepare, errors[e]);
    fault("box_open", ready, op_open, errors[e]);
    fault("box_uid", in_new_box, op_uid, errors[e]);
    fault("copy", in_box, op_copy, errors[e]);
    fault("pid_write", in_box, op_pid, errors[e]);
    fault("stderr_open", in_box, op_stderr, errors[e]);
    fault("exit_read", in_box, op_exit, errors[e]);
    fault("remove", filled, op_remove, errors[e]);
  }
  fault("copy", in_box, op_copy, EPERM);
  fault("remove", filled, op_remove, EPERM);
}

static void test_boxes(void) {
  snprintf(home, sizeof home, "%s/home", base);
  root = geteuid() == 0;
  umask(022);
  test_tree();
  test_owners();
  test_directories();
  test_planted();
  test_shut();
  test_moved();
  test_modes_back();
  test_open();
  test_exit();
  test_stderr();
  test_lock();
  test_pid();
  test_copy();
  test_copy_errors();
  test_uids();
  test_uid_race();
  test_launch_race();
  test_remove();
  test_remove_mounts();
  test_file_mounts();
  test_unlink_fails();
  test_faults();
  sh("chmod -R u+rwx '%s'", base);
}
#else
static void test_boxes(void) {} /* none is made here */
#endif

int main(void) {
  char command[300];
  const char *tmp = getenv("TMPDIR");
  snprintf(base, sizeof base, "%.200s/jailer-layout-XXXXXX", tmp && *tmp == '/' ? tmp : "/tmp");
  if (!mkdtemp(base)) return perror("mkdtemp"), 1;
  test_ids();
  test_homes();
  test_paths();
  test_socket_paths();
  test_boxes();
  snprintf(command, sizeof command, "rm -rf '%s'", base);
  OK(system(command) == 0 && access(base, F_OK) != 0, "nothing is left behind");
  return tap_done();
}
