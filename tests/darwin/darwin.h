/* darwin.h: enough of macOS for Linux to compile and run the part of jailer.h that is for macOS. Include it before
 * jailer.h, and plain.h after it:
 *
 *   #include "darwin/darwin.h"
 *   #define JAILER_IMPLEMENTATION
 *   #include "../jailer.h"
 *   #include "darwin/plain.h"
 *
 * In between __APPLE__ and __MACH__ are defined, __linux__ is not, and the calls of the library go through here:
 * those that Darwin alone has are emulated, the others are Linux's. Each counts, and a test can have one of them fail
 * (dw_fault) or look on before each (dw->before).
 *
 * What it is not: macOS. It shows that the library asks the right things in the right order, survives every refusal
 * and leaves nothing behind. It shows nothing about what Apple's kernel, libsystem_sandbox or sandbox-exec make of
 * it: the profile is not enforced, and no answer here is better than what was known of Darwin when it was written.
 * Where Darwin differs from Linux and the library could fall for it, the emulation does as xnu 11417 (macOS 15) does
 * in bsd/kern:
 *   - a descriptor that a file action duplicates onto itself keeps its close-on-exec flag (kern_descrip.c, dup2,
 *     fdt_exec);
 *   - zombies are found by proc_pidinfo with a non-zero argument only (proc_info.c), other users' processes by root
 *     only;
 *   - setgroups(0, ...) makes group 0 the only one, and the first group is the effective gid (kern_prot.c);
 *   - /tmp, /var and /etc lead into /private, and that is how the kernel tells paths;
 *   - to signal a process group of zombies is EPERM, a zombie alone no error (kern_sig.c);
 *   - waitid with WNOHANG leaves what it was given alone where there is nothing to tell (kern_exit.c).
 * Not emulated are differences in numbers (AT_FDCWD, errno, signals), types (dev_t, mode_t), file names'
 * case. */
#ifndef DARWIN_H
#define DARWIN_H
#ifndef _GNU_SOURCE
#error "darwin.h: define _GNU_SOURCE first"
#endif
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libproc.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/acl.h>
#include <sys/attr.h>
#include <sys/clonefile.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DW_UNUSED __attribute__((unused))
#define DW_SANDBOX_EXEC "/usr/bin/sandbox-exec"

enum { DW_LAUNCHER = 0, DW_CHILD = 1, DW_SEEN = 2048, DW_PATH = 1024 /* MAXPATHLEN */, DW_OPEN_MAX = 10240 };

/* Shared with the children that the launcher forks, which count too. */
static struct dw_state {
  pid_t launcher;
  volatile int armed;                                 /* nothing is counted, refused or shown while 0 */
  volatile long calls[2];                             /* made so far by the launcher, by its children */
  const char *seen[2][DW_SEEN];                       /* their names, from 1 on */
  const char *name;                                   /* the calls that are counted for the fault; NULL: all */
  volatile long index;                                /* the how-manieth of them by `side` fails; 0: none */
  volatile int side, error;                           /* and with what */
  volatile long named;                                /* of them so far */
  const char *volatile fired;                         /* the call that has failed; NULL: none has */
  void (*before)(const char *name, int side, long n); /* before the n-th call of a side; may be NULL */
  volatile long objects;    /* spawn attributes and file actions that the launcher has not destroyed */
  volatile int absent;      /* there is no sandbox-exec */
  volatile int unsandboxed; /* sandbox_check answers 0 whatever was done */
  volatile pid_t immortal;  /* kill has no effect on this process */
  volatile pid_t silent;    /* this process is listed, and nothing else is told of it: it ends, and cannot */
  char dir[512];            /* where the emulated sandbox-exec is, and what it tells */
  char sandbox_exec[600];   /* its path: the program behind DW_SANDBOX_EXEC */
  dev_t dev;                /* and its file */
  ino_t ino;
} * dw;

/* --- the fault injector --- */

/* One call that is about to be made: whether it has to fail, errno is set then. */
static bool dw_fails(const char *name) {
  if (!dw || !dw->armed) return false;
  const int side = getpid() == dw->launcher ? DW_LAUNCHER : DW_CHILD;
  const long n = __atomic_add_fetch(&dw->calls[side], 1, __ATOMIC_RELAXED);
  if (n < DW_SEEN) dw->seen[side][n] = name;
  if (dw->before) dw->before(name, side, n);
  if (!dw->index || side != dw->side || (dw->name && strcmp(dw->name, name) != 0)) return false;
  if (__atomic_add_fetch(&dw->named, 1, __ATOMIC_RELAXED) != dw->index) return false;
  dw->fired = name;
  errno = dw->error;
  return true;
}

/* From now on calls count, and the index-th of that name (NULL: of all) by that side fails. index 0: none. */
DW_UNUSED static void dw_fault(int side, const char *name, long index, int error) {
  dw->calls[0] = dw->calls[1] = dw->named = 0;
  dw->fired = NULL;
  dw->side = side;
  dw->name = name;
  dw->index = index;
  dw->error = error;
  dw->armed = 1;
}

DW_UNUSED static void dw_disarm(void) {
  dw->armed = 0;
  dw->before = NULL;
}

/* --- files: what only Darwin's descriptors can do, and the program that Linux does not have --- */

/* /tmp, /var and /etc are links into /private on macOS: of a path, whether it begins with one of them. */
static bool dw_linked(const char *path) {
  static const char *const links[] = {"/tmp", "/var", "/etc"};
  for (size_t i = 0; i < 3; i++)
    if (strncmp(path, links[i], 4) == 0 && (path[4] == 0 || path[4] == '/')) return true;
  return false;
}

/* A path as macOS tells it, in place: the emulated sandbox-exec and terminals by their names there, and what is below
   those links below /private. False: there is no room. */
static bool dw_tell_path(char *path, size_t size) {
  int terminal;
  if (dw && strcmp(path, dw->sandbox_exec) == 0) strcpy(path, DW_SANDBOX_EXEC);
  if (sscanf(path, "/dev/pts/%d", &terminal) == 1) snprintf(path, size, "/dev/ttys%03d", terminal);
  if (!dw_linked(path)) return true;
  if (strlen(path) + sizeof "/private" > size) return false;
  memmove(path + strlen("/private"), path, strlen(path) + 1);
  memcpy(path, "/private", strlen("/private"));
  return true;
}

/* Where an open file is, as Linux tells it; false where it is no file. */
static bool dw_path_of(int fd, char path[DW_PATH]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const ssize_t n = readlink(link, path, DW_PATH - 1);
  path[n > 0 ? n : 0] = 0;
  return path[0] == '/';
}

/* A path of macOS as one of this machine: /usr/bin/sandbox-exec is the tests' program, or nothing, and /private is not
   there: the root stands for it. */
static const char *dw_file(int dir, const char *path) {
  char of[DW_PATH];
  if (!dw || !path) return path;
  if (strncmp(path, "/private/", 9) == 0 && dw_linked(path + 8)) return path + 8;
  if (strcmp(path, "/private") == 0) return "/";
  bool it = strcmp(path, DW_SANDBOX_EXEC) == 0;
  if (strcmp(path, "sandbox-exec") == 0) it = dw_path_of(dir, of) && strcmp(of, "/usr/bin") == 0;
  return !it ? path : dw->absent ? "/usr/bin/no-sandbox-exec" : dw->sandbox_exec;
}

/* It is the system's, whoever runs the test. */
DW_UNUSED static int dw_stated(int result, struct stat *st) {
  if (result == 0 && dw && st->st_dev == dw->dev && st->st_ino == dw->ino) st->st_uid = st->st_gid = 0;
  return result;
}

DW_UNUSED static int dw_fstatat(int dir, const char *path, struct stat *st, int flags) {
  const int r = dw_stated(fstatat(dir, dw_file(dir, path), st, flags), st);
  if (r == 0 && flags & AT_SYMLINK_NOFOLLOW && dw_linked(path) && !path[4]) st->st_mode = S_IFLNK | 0755;
  return r;
}

DW_UNUSED static ssize_t dw_readlinkat(int dir, const char *path, char *to, size_t size) {
  if (!dw || !dw_linked(path) || path[4]) return readlinkat(dir, dw_file(dir, path), to, size);
  const size_t n = strlen("private/tmp") < size ? strlen("private/tmp") : size;
  memcpy(to, "private", n < 7 ? n : 7);
  if (n > 7) memcpy(to + 7, path, n - 7);
  return (ssize_t)n;
}

DW_UNUSED static int dw_openat(int dir, const char *path, int flags, ...) {
  const int plain = flags & ~(O_EVTONLY | O_SYMLINK | O_NOFOLLOW_ANY);
  unsigned mode = 0;
  struct stat st;
  if (flags & O_CREAT) {
    va_list list;
    va_start(list, flags);
    mode = va_arg(list, unsigned);
    va_end(list);
  }
  if (dw_linked(path) && (flags & O_NOFOLLOW_ANY || (flags & O_NOFOLLOW && !path[4]))) return errno = ELOOP, -1;
  path = dw_file(dir, path);
  if (flags & O_SYMLINK && fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
    return openat(dir, path, O_PATH | O_NOFOLLOW | (flags & O_CLOEXEC));
  if (flags & O_NOFOLLOW_ANY) {
    uint64_t how[3] = {(uint64_t)(unsigned)plain, mode, 4}; /* struct open_how, RESOLVE_NO_SYMLINKS */
    if (flags & O_EVTONLY) how[0] |= O_PATH;
    return (int)syscall(437, dir, path, how, sizeof how); /* openat2 */
  }
  return openat(dir, path, flags & O_EVTONLY ? plain | O_PATH : plain, mode);
}

/* Pipes on which F_SETNOSIGPIPE was set, the last few. */
static ino_t dw_quiet[64];

static bool dw_is_quiet(int fd) {
  struct stat st;
  bool quiet = false;
  for (size_t i = 0; fstat(fd, &st) == 0 && i < 64; i++) quiet = quiet || (dw_quiet[i] && dw_quiet[i] == st.st_ino);
  return quiet;
}

static int dw_set_quiet(int fd) {
  static size_t next;
  struct stat st;
  if (fstat(fd, &st)) return -1;
  if (!dw_is_quiet(fd)) dw_quiet[__atomic_fetch_add(&next, 1, __ATOMIC_RELAXED) % 64] = st.st_ino;
  return 0;
}

DW_UNUSED static ssize_t dw_write(int fd, const void *from, size_t size) {
  sigset_t pipe_signal, before, pending;
  const struct timespec now = {0, 0};
  if (!dw_is_quiet(fd)) return write(fd, from, size);
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
  sigpending(&pending);
  const ssize_t n = write(fd, from, size);
  const int error = errno;
  if (n < 0 && error == EPIPE && !sigismember(&pending, SIGPIPE)) sigtimedwait(&pipe_signal, NULL, &now);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = error;
  return n;
}

/* Nothing here survives a power cut, so nothing is written for one. */
DW_UNUSED static int dw_fsync(int fd) { return fcntl(fd, F_GETFD) < 0 ? -1 : 0; }

DW_UNUSED static int dw_fcntl(int fd, int command, ...) {
  va_list list;
  va_start(list, command);
  void *arg = va_arg(list, void *); /* an int is passed in the same register */
  va_end(list);
  if (command == F_FULLFSYNC || command == F_BARRIERFSYNC) return dw_fsync(fd);
  if (command == F_SETNOSIGPIPE) return dw_set_quiet(fd);
  if (command != F_GETPATH) return fcntl(fd, command, arg);
  if (fcntl(fd, F_GETFD) < 0) return -1;
  char path[DW_PATH];
  if (!dw_path_of(fd, path)) return errno = EBADF, -1; /* a pipe, a socket */
  if (!dw_tell_path(path, sizeof path)) return errno = ENOSPC, -1;
  strcpy(arg, path);
  return 0;
}

DW_UNUSED static char *dw_realpath(const char *path, char *to) {
  char *real = realpath(dw_file(AT_FDCWD, path), to);
  if (!real || !to) return real;
  return dw_tell_path(real, PATH_MAX) ? real : (errno = ENAMETOOLONG, NULL);
}

static dev_t dw_ownerless; /* the volume for which owners are ignored; 0: none */

DW_UNUSED static int dw_fstatfs(int fd, struct statfs *volume) {
  struct stat st;
  if (fstatfs(fd, volume) || fstat(fd, &st)) return -1;
  if (st.st_dev == dw_ownerless) volume->f_flags |= MNT_IGNORE_OWNERSHIP;
  return 0;
}

/* One file may have an access list, of two entries, as the test says. */
struct _acl_entry {
  acl_tag_t tag;
  acl_permset_mask_t mask;
};
static struct _acl {
  struct stat of;
  struct _acl_entry entry[2];
  int at;
} dw_acl;

acl_t acl_get_fd_np(int fd, acl_type_t type) {
  struct stat st;
  if (dw_fails("acl_get_fd_np")) return NULL;
  errno = ENOENT;
  if (type != ACL_TYPE_EXTENDED) return errno = EINVAL, NULL;
  if (fstat(fd, &st) || st.st_ino != dw_acl.of.st_ino || st.st_dev != dw_acl.of.st_dev) return NULL;
  return &dw_acl;
}

int acl_get_entry(acl_t acl, int which, acl_entry_t *entry) {
  acl->at = which == ACL_FIRST_ENTRY ? 0 : acl->at + 1;
  if (acl->at > 1) return errno = EINVAL, -1;
  *entry = &acl->entry[acl->at];
  return 0;
}

int acl_get_tag_type(acl_entry_t entry, acl_tag_t *tag) { return *tag = entry->tag, 0; }
int acl_get_permset_mask_np(acl_entry_t entry, acl_permset_mask_t *mask) { return *mask = entry->mask, 0; }
int acl_free(void *acl) { return (void)acl, 0; }

/* Only the full path, alone: the length of all, a reference to the path behind it, the path with its NUL. */
int getattrlist(const char *path, void *list, void *to, size_t size, unsigned options) {
  const struct attrlist *asked = list;
  char real[PATH_MAX];
  attrreference_t reference = {(int32_t)sizeof reference, 0};
  if (dw_fails("getattrlist")) return -1;
  if (asked->bitmapcount != ATTR_BIT_MAP_COUNT || asked->commonattr != ATTR_CMN_FULLPATH || asked->volattr ||
      asked->dirattr || asked->fileattr || asked->forkattr || options)
    return errno = EINVAL, -1;
  if (!realpath(dw_file(AT_FDCWD, path), real)) return -1;
  if (!dw_tell_path(real, sizeof real)) return errno = ENAMETOOLONG, -1;
  reference.attr_length = (uint32_t)strlen(real) + 1;
  const uint32_t all = (uint32_t)(sizeof all + sizeof reference + (reference.attr_length + 3) / 4 * 4);
  if (all > size) return errno = ERANGE, -1;
  memcpy(to, &all, sizeof all);
  memcpy((char *)to + sizeof all, &reference, sizeof reference);
  memcpy((char *)to + sizeof all + sizeof reference, real, reference.attr_length);
  return 0;
}

/* As on a volume that cannot clone. */
int fclonefileat(int from, int to_dir, const char *to, uint32_t flags) {
  (void)from, (void)to_dir, (void)to, (void)flags;
  if (!dw_fails("fclonefileat")) errno = ENOTSUP;
  return -1;
}

/* --- identities and processes --- */

/* A file's text, at most 1 MiB; the caller frees it. NULL: it cannot be read. */
static char *dw_text(const char *path) {
  FILE *f = fopen(path, "re");
  char *text = f ? calloc(1, 1 << 20) : NULL;
  if (text) text[fread(text, 1, (1 << 20) - 1, f)] = 0;
  if (f) fclose(f);
  return text;
}

DW_UNUSED static int dw_setgroups(int count, const gid_t *groups) {
  const gid_t wheel = 0, first = count > 0 ? groups[0] : wheel;
  if (setgroups(count > 0 ? (size_t)count : 1, count > 0 ? groups : &wheel)) return -1;
  return setegid(first);
}

DW_UNUSED static int dw_waitid(idtype_t type, id_t id, siginfo_t *info, int options) {
  siginfo_t found;
  memset(&found, 0, sizeof found);
  const int r = waitid(type, id, &found, options);
  if (r == 0 && info && found.si_pid) *info = found;
  return r;
}

DW_UNUSED static int dw_uname(struct utsname *name) {
  const int r = uname(name);
  if (r) return r;
  strcpy(name->sysname, "Darwin");
  strcpy(name->release, "24.5.0");
  strcpy(name->version, "Darwin Kernel Version 24.5.0, emulated");
  strcpy(name->machine, "arm64");
  return 0;
}

/* arc4random_buf, which cannot fail and which not every libc has. */
DW_UNUSED static void dw_random(void *to, size_t size) {
  for (size_t at = 0; at < size; at++)
    if (getentropy((char *)to + at, 1)) abort();
}

static int dw_answer(const char *text, void *old, size_t *size) {
  const size_t need = strlen(text) + 1;
  if (old && *size < need) return errno = ENOMEM, -1;
  if (old) memcpy(old, text, need);
  *size = need;
  return 0;
}

int sysctlbyname(const char *name, void *old, size_t *size, void *fresh, size_t fresh_size) {
  char boot[64] = "";
  if (dw_fails("sysctlbyname")) return -1;
  if (fresh || fresh_size) return errno = EPERM, -1;
  if (strcmp(name, "kern.osproductversion") == 0) return dw_answer("15.5", old, size);
  if (strcmp(name, "kern.osrelease") == 0) return dw_answer("24.5.0", old, size);
  if (strcmp(name, "kern.bootsessionuuid") != 0) return errno = ENOENT, -1;
  FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
  if (!f || !fgets(boot, sizeof boot, f)) boot[0] = 0;
  if (f) fclose(f);
  boot[strcspn(boot, "\n")] = 0;
  for (char *c = boot; *c; c++) *c = (char)(*c >= 'a' && *c <= 'f' ? *c - 'a' + 'A' : *c);
  return dw_answer(boot, old, size);
}

/* The state, parent, process group, session, terminal and start (clock ticks) of a process, and the ids that its
   files have; false when there is none. */
typedef struct dw_process {
  char name[64], state;
  bool executed; /* a program of its own, since it was forked */
  int parent, group, session, terminal;
  unsigned long long start;
  unsigned uid[4], gid[4]; /* real, effective, saved, file system */
} dw_process;

static bool dw_process_read(int pid, dw_process *out) {
  char path[64], text[4096];
  unsigned flags = 0;
  memset(out, 0, sizeof *out);
  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  FILE *f = fopen(path, "re");
  const size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  if (f) fclose(f);
  text[n] = 0;
  const char *open = strchr(text, '('), *close = strrchr(text, ')');
  if (!open || !close) return false;
  snprintf(out->name, sizeof out->name, "%.*s", (int)(close - open - 1), open + 1);
  if (sscanf(close + 1, " %c %d %d %d %d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &out->state,
             &out->parent, &out->group, &out->session, &out->terminal, &flags, &out->start) != 7)
    return false;
  out->executed = !(flags & 0x40); /* PF_FORKNOEXEC */
  snprintf(path, sizeof path, "/proc/%d/status", pid);
  if (!(f = fopen(path, "re"))) return false;
  while (fgets(text, sizeof text, f)) {
    sscanf(text, "Uid: %u %u %u %u", &out->uid[0], &out->uid[1], &out->uid[2], &out->uid[3]);
    sscanf(text, "Gid: %u %u %u %u", &out->gid[0], &out->gid[1], &out->gid[2], &out->gid[3]);
  }
  fclose(f);
  /* Linux renames a process after it has set that flag, Darwin before: so its name is its file's, while it has one */
  snprintf(path, sizeof path, "/proc/%d/exe", pid);
  const ssize_t length = readlink(path, text, sizeof text - 1);
  text[length > 0 ? length : 0] = 0;
  if (strrchr(text, '/')) snprintf(out->name, sizeof out->name, "%.63s", strrchr(text, '/') + 1);
  return true;
}

/* To a group of zombies: EPERM, though to a zombie alone it is no error. There are 31 signals. */
DW_UNUSED static int dw_kill(int pid, int number) {
  bool living = false;
  dw_process p;
  if (number >= 32) return errno = EINVAL, -1;
  if (pid > 1 && pid == dw->immortal) return 0;
  if (pid >= -1 || kill(pid, 0)) return kill(pid, number);
  DIR *d = opendir("/proc");
  for (struct dirent *e; d && !living && (e = readdir(d));)
    living = atoi(e->d_name) > 0 && dw_process_read(atoi(e->d_name), &p) && p.group == -pid && p.state != 'Z';
  if (d) closedir(d);
  return living ? kill(pid, number) : (errno = EPERM, -1);
}

/* PROC_PIDLISTFDS. */
static int dw_list_fds(int pid, struct proc_fdinfo *to, size_t room) {
  char path[64], link[128];
  size_t n = 0;
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR *d = opendir(path);
  if (!d) return 0;
  for (struct dirent *e; n < room && (e = readdir(d));) {
    if (e->d_name[0] == '.') continue;
    if (pid == getpid() && atoi(e->d_name) == dirfd(d)) continue;
    const ssize_t length = readlinkat(dirfd(d), e->d_name, link, sizeof link - 1);
    link[length > 0 ? length : 0] = 0;
    to[n].proc_fd = atoi(e->d_name);
    to[n++].proc_fdtype = strncmp(link, "socket:", 7) == 0 ? PROX_FDTYPE_SOCKET
                          : strncmp(link, "pipe:", 5) == 0 ? PROX_FDTYPE_PIPE
                                                           : PROX_FDTYPE_VNODE;
  }
  closedir(d);
  return (int)(n * sizeof *to);
}

static int dw_no(int error) {
  errno = error;
  return 0;
}

static uint32_t dw_status(const dw_process *p) { return p->state == 'Z' ? SZOMB : p->state == 'T' ? SSTOP : SRUN; }

/* Those that both accounts have. */
static uint32_t dw_flags(const dw_process *p) {
  return PROC_FLAG_LP64 | (p->executed ? PROC_FLAG_EXEC : 0u) | (p->terminal ? PROC_FLAG_CONTROLT : 0u);
}

static void dw_bsdinfo(const dw_process *p, int pid, struct proc_bsdinfo *info) {
  memset(info, 0, sizeof *info);
  info->pbi_status = dw_status(p);
  info->pbi_flags = dw_flags(p) | (p->session == pid ? PROC_FLAG_SLEADER : 0u);
  info->pbi_pid = (uint32_t)pid;
  info->pbi_ppid = (uint32_t)p->parent;
  info->pbi_pgid = (uint32_t)p->group;
  info->pbi_ruid = p->uid[0], info->pbi_uid = p->uid[1], info->pbi_svuid = p->uid[2];
  info->pbi_rgid = p->gid[0], info->pbi_gid = p->gid[1], info->pbi_svgid = p->gid[2];
  memcpy(info->pbi_comm, p->name, sizeof info->pbi_comm - 1);
  memcpy(info->pbi_name, p->name, sizeof info->pbi_name - 1);
  /* not the clock's time, but as unique and as constant */
  info->pbi_start_tvsec = 1700000000 + p->start / 100;
  info->pbi_start_tvusec = p->start % 100 * 10000;
}

static void dw_short_bsdinfo(const dw_process *p, int pid, struct proc_bsdshortinfo *info) {
  memset(info, 0, sizeof *info);
  info->pbsi_status = dw_status(p);
  info->pbsi_flags = dw_flags(p);
  info->pbsi_pid = (uint32_t)pid;
  info->pbsi_ppid = (uint32_t)p->parent;
  info->pbsi_pgid = (uint32_t)p->group;
  info->pbsi_ruid = p->uid[0], info->pbsi_uid = p->uid[1], info->pbsi_svuid = p->uid[2];
  info->pbsi_rgid = p->gid[0], info->pbsi_gid = p->gid[1], info->pbsi_svgid = p->gid[2];
  memcpy(info->pbsi_comm, p->name, sizeof info->pbsi_comm - 1);
}

int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int size) {
  dw_process p;
  const size_t need = flavor == PROC_PIDLISTFDS          ? PROC_PIDLISTFD_SIZE
                      : flavor == PROC_PIDTBSDINFO       ? PROC_PIDTBSDINFO_SIZE
                      : flavor == PROC_PIDT_SHORTBSDINFO ? PROC_PIDT_SHORTBSDINFO_SIZE
                                                         : 0;
  if (dw_fails("proc_pidinfo")) return 0;
  if (!need) return dw_no(EINVAL);
  if (size < 0 || (size_t)size < need) return dw_no(ENOMEM);
  if ((dw && pid == dw->silent) || !dw_process_read(pid, &p)) return dw_no(ESRCH);
  if (p.state == 'Z' && (!arg || flavor == PROC_PIDLISTFDS)) return dw_no(ESRCH);
  if (flavor != PROC_PIDT_SHORTBSDINFO && geteuid() != 0 && geteuid() != p.uid[1]) return dw_no(EPERM);
  if (flavor == PROC_PIDLISTFDS) return dw_list_fds(pid, buffer, (size_t)size / sizeof(struct proc_fdinfo));
  if (flavor == PROC_PIDTBSDINFO) dw_bsdinfo(&p, pid, buffer);
  else dw_short_bsdinfo(&p, pid, buffer);
  return (int)need;
}

int proc_pidpath(int pid, void *buffer, uint32_t size) {
  char link[64];
  dw_process p;
  if (dw_fails("proc_pidpath")) return 0;
  if (!buffer || size < PROC_PIDPATHINFO_SIZE || size > PROC_PIDPATHINFO_MAXSIZE)
    return dw_no(size < PROC_PIDPATHINFO_SIZE ? ENOMEM : EOVERFLOW);
  if (!dw_process_read(pid, &p) || p.state == 'Z') return dw_no(ESRCH);
  snprintf(link, sizeof link, "/proc/%d/exe", pid);
  const ssize_t n = readlink(link, buffer, size - 1);
  if (n <= 0) return dw_no(ESRCH);
  ((char *)buffer)[n] = 0;
  if (!dw_tell_path(buffer, size)) return dw_no(ENOSPC);
  return (int)strlen(buffer);
}

/* Zombies too, and without a buffer the room for some more than there are. Darwin lists one moment: one that has ended
   since is listed, whosever it was. */
int proc_listpids(uint32_t type, uint32_t typeinfo, void *buffer, int size) {
  int *to = buffer;
  size_t n = 0;
  dw_process p;
  if (dw_fails("proc_listpids")) return 0;
  if (type != PROC_ALL_PIDS && type != PROC_UID_ONLY) return dw_no(EINVAL);
  DIR *d = opendir("/proc");
  for (struct dirent *e; d && (e = readdir(d));) {
    const int pid = atoi(e->d_name);
    if (pid <= 0 || (type == PROC_UID_ONLY && dw_process_read(pid, &p) && p.uid[1] != typeinfo)) continue;
    if (to && (n + 1) * sizeof *to > (size_t)size) break;
    if (to) to[n] = pid;
    n++;
  }
  if (d) closedir(d);
  return (int)((to ? n : n + 20) * sizeof *to);
}

/* The profile that a process is under, by the number that the emulated sandbox-exec has given it and all that it
   starts: a limit of its own, which has no meaning here and which nothing else sets. 0: none. */
static unsigned long long dw_sandbox_of(int pid) {
  char path[64], line[256];
  unsigned long long number = 0;
  snprintf(path, sizeof path, "/proc/%d/limits", pid);
  FILE *f = fopen(path, "re");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "Max realtime timeout %llu", &number) == 1) break;
  if (f) fclose(f);
  return number;
}

/* Whether a line of a profile, as the library writes them, is about writing a file of this path. */
static bool dw_rule_of(const char *line, const char *path) {
  const size_t end = strcspn(line, "\n");
  const char *ops = line + 1, *at = memchr(ops, '(', end ? end - 1 : 0);
  char text[8192];
  snprintf(text, sizeof text, "%.*s ", (int)((at ? at : line + end) - ops), ops);
  if (!strstr(text, " file-write* ") && !strstr(text, " file-write-data ")) return false;
  snprintf(text, sizeof text, "(literal \"%s\")", path);
  const char *hit = strstr(line, text);
  if (hit && hit < line + end) return true;
  for (const char *sub = line; (sub = strstr(sub, "(subpath \"")) && sub < line + end; sub++) {
    const char *is = sub + strlen("(subpath \"");
    const size_t n = strcspn(is, "\"");
    if (strncmp(is, path, n) == 0 && (path[n] == '/' || !path[n])) return true;
  }
  return false;
}

/* Without an operation: whether the process came through the emulated sandbox-exec, or one that did has started it.
   What the real one answers about a process that does not exist is not known; here it is -1. With the operation
   file-write-data and a path: what the last rule of its profile says that is about it. */
int sandbox_check(pid_t pid, const char *operation, int type, ...);
int sandbox_check(pid_t pid, const char *operation, int type, ...) {
  char path[600];
  dw_process p;
  struct stat st;
  va_list list;
  va_start(list, type);
  const char *file = operation ? va_arg(list, const char *) : NULL;
  va_end(list);
  siginfo_t info;
  if (dw && pid == dw->silent) return errno = ESRCH, -1;
  const unsigned long long number = dw_sandbox_of(pid);
  if (!dw) return 0;
  snprintf(path, sizeof path, "%s/mark.%llu", dw->dir, number);
  const bool noted = number && stat(path, &st) == 0;
  if (!noted && waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT)) /* somebody else's: it does not count */
    return kill(pid, 0) && errno == ESRCH ? -1 : 0;
  if (dw_fails("sandbox_check")) return -1;
  if (!dw_process_read(pid, &p) || p.state == 'Z') return errno = ESRCH, -1;
  if (dw->unsandboxed) return 0;
  if (!noted || !operation) return noted;
  if (strcmp(operation, "file-write-data") != 0) return errno = EINVAL, -1;
  snprintf(path, sizeof path, "%s/profile.%llu", dw->dir, number);
  char *profile = dw_text(path);
  int denied = profile && strstr(profile, "(deny default)");
  for (const char *at = profile; at; at = (at = strchr(at, '\n')) ? at + 1 : NULL)
    if ((strncmp(at, "(allow ", 7) == 0 || strncmp(at, "(deny ", 6) == 0) && dw_rule_of(at, file))
      denied = at[1] == 'd';
  free(profile);
  return denied;
}

/* --- posix_spawn, as a replacement for execve: POSIX_SPAWN_SETEXEC --- */

enum dw_action_kind { DW_CLOSE, DW_DUP2, DW_INHERIT, DW_OPEN, DW_CHDIR, DW_FCHDIR };

typedef struct dw_action {
  enum dw_action_kind kind;
  int fd, to, flags;
  mode_t mode;
  char *path;
} dw_action;

typedef struct dw_actions {
  size_t count;
  dw_action action[1024];
} dw_actions;

typedef struct dw_attributes {
  short flags;
  sigset_t defaults, mask;
} dw_attributes;

/* Both kinds of objects are memory of the process that made them; how many the launcher has is counted. */
static int dw_object_new(const char *call, void **object, size_t size) {
  if (dw_fails(call)) return errno;
  if (!(*object = calloc(1, size))) return ENOMEM;
  if (getpid() == dw->launcher) dw->objects++;
  return 0;
}

static int dw_object_free(void **object) {
  if (!*object) return EINVAL;
  free(*object);
  *object = NULL;
  if (getpid() == dw->launcher) dw->objects--;
  return 0;
}

int posix_spawnattr_init(posix_spawnattr_t *attributes) {
  return dw_object_new("posix_spawnattr_init", attributes, sizeof(dw_attributes));
}

int posix_spawnattr_destroy(posix_spawnattr_t *attributes) { return dw_object_free(attributes); }

int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags) {
  if (dw_fails("posix_spawnattr_setflags")) return errno;
  ((dw_attributes *)*attributes)->flags = flags;
  return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *attributes, const sigset_t *set) {
  if (dw_fails("posix_spawnattr_setsigdefault")) return errno;
  ((dw_attributes *)*attributes)->defaults = *set;
  return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *attributes, const sigset_t *set) {
  if (dw_fails("posix_spawnattr_setsigmask")) return errno;
  ((dw_attributes *)*attributes)->mask = *set;
  return 0;
}

int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions) {
  return dw_object_new("posix_spawn_file_actions_init", actions, sizeof(dw_actions));
}

int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions) {
  dw_actions *list = *actions;
  for (size_t i = 0; list && i < list->count; i++) free(list->action[i].path);
  return dw_object_free(actions);
}

static int dw_add(const char *call, posix_spawn_file_actions_t *actions, const dw_action *action) {
  dw_actions *list = *actions;
  if (dw_fails(call)) return errno;
  if (action->fd < 0 || action->fd >= DW_OPEN_MAX || action->to < 0 || action->to >= DW_OPEN_MAX) return EBADF;
  if (list->count == sizeof list->action / sizeof list->action[0]) return ENOMEM;
  char *path = action->path ? strdup(action->path) : NULL;
  if (action->path && !path) return ENOMEM;
  list->action[list->count] = *action;
  list->action[list->count++].path = path;
  return 0;
}

int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd) {
  const dw_action a = {DW_CLOSE, fd, 0, 0, 0, NULL};
  return dw_add("posix_spawn_file_actions_addclose", actions, &a);
}

int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to) {
  const dw_action a = {DW_DUP2, from, to, 0, 0, NULL};
  return dw_add("posix_spawn_file_actions_adddup2", actions, &a);
}

int posix_spawn_file_actions_addinherit_np(posix_spawn_file_actions_t *actions, int fd) {
  const dw_action a = {DW_INHERIT, fd, 0, 0, 0, NULL};
  return dw_add("posix_spawn_file_actions_addinherit_np", actions, &a);
}

int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags,
                                     mode_t mode) {
  const dw_action a = {DW_OPEN, fd, 0, flags, mode, (char *)(uintptr_t)path};
  return dw_add("posix_spawn_file_actions_addopen", actions, &a);
}

int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path) {
  const dw_action a = {DW_CHDIR, 0, 0, 0, 0, (char *)(uintptr_t)path};
  return dw_add("posix_spawn_file_actions_addchdir_np", actions, &a);
}

int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd) {
  const dw_action a = {DW_FCHDIR, fd, 0, 0, 0, NULL};
  return dw_add("posix_spawn_file_actions_addfchdir_np", actions, &a);
}

static int dw_act(const dw_action *a) {
  int fd, flags;
  switch (a->kind) {
  case DW_CLOSE: return close(a->fd);
  case DW_DUP2: return dup2(a->fd, a->to); /* onto itself: nothing happens, not even to the close-on-exec flag */
  case DW_INHERIT: flags = fcntl(a->fd, F_GETFD); return flags < 0 ? -1 : fcntl(a->fd, F_SETFD, flags & ~FD_CLOEXEC);
  case DW_OPEN:
    fd = dw_openat(AT_FDCWD, a->path, a->flags, a->mode);
    if (fd < 0 || fd == a->fd) return fd;
    if (dup2(fd, a->fd) < 0) return -1;
    return close(fd);
  case DW_CHDIR: return chdir(dw_file(AT_FDCWD, a->path));
  case DW_FCHDIR: return fchdir(a->fd);
  }
  return errno = EINVAL, -1;
}

/* Whether a file action has made or kept this descriptor: under POSIX_SPAWN_CLOEXEC_DEFAULT only those go on. */
static bool dw_goes_on(const dw_actions *list, int fd) {
  for (size_t i = 0; list && i < list->count; i++) {
    const dw_action *a = &list->action[i];
    if (a->kind == DW_DUP2 ? a->to == fd : (a->kind == DW_INHERIT || a->kind == DW_OPEN) && a->fd == fd) return true;
  }
  return false;
}

/* Not by opendir(3): in the child of a process with threads an allocator's lock may be held for ever. */
static void dw_close_others(const dw_actions *list) {
  _Alignas(struct dirent64) char bytes[4096];
  const int dir = open("/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (ssize_t n; (n = syscall(SYS_getdents64, dir, bytes, sizeof bytes)) > 0;)
    for (const char *at = bytes; at < bytes + n; at += ((const struct dirent64 *)(const void *)at)->d_reclen) {
      const char *name = ((const struct dirent64 *)(const void *)at)->d_name;
      if (name[0] != '.' && !dw_goes_on(list, atoi(name))) fcntl(atoi(name), F_SETFD, FD_CLOEXEC);
    }
  close(dir);
}

static void dw_signals(const dw_attributes *with) {
  for (int s = 1; s < NSIG && with->flags & POSIX_SPAWN_SETSIGDEF; s++)
    if (sigismember(&with->defaults, s) == 1) signal(s, SIG_DFL);
  if (with->flags & POSIX_SPAWN_SETSIGMASK) pthread_sigmask(SIG_SETMASK, &with->mask, NULL);
}

/* Replaces the calling process; there is no other way here. What a refused one has done to descriptors stays. */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
  const dw_actions *list = actions ? *actions : NULL;
  const dw_attributes *with = attributes ? *attributes : NULL;
  sigset_t mask;
  (void)pid;
  if (dw_fails("posix_spawn")) return errno;
  if (!with || !(with->flags & POSIX_SPAWN_SETEXEC)) return ENOTSUP;
  for (size_t i = 0; list && i < list->count; i++)
    if (dw_act(&list->action[i]) < 0) return errno;
  if (with->flags & POSIX_SPAWN_CLOEXEC_DEFAULT) dw_close_others(list);
  if (with->flags & POSIX_SPAWN_SETSID && setsid() < 0) return errno;
  if (with->flags & POSIX_SPAWN_START_SUSPENDED) raise(SIGSTOP);
  pthread_sigmask(SIG_SETMASK, NULL, &mask);
  dw_signals(with);
  execve(dw_file(AT_FDCWD, path), argv, envp);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &mask, NULL);
  return error;
}

DW_UNUSED static int dw_execve(const char *path, char *const argv[], char *const envp[]) {
  return execve(dw_file(AT_FDCWD, path), argv, envp);
}

/* --- the emulated sandbox-exec --- */

/* What it does from now on: one line, see sandbox_exec.c. NULL: what it is for. */
DW_UNUSED static void dw_sandbox_exec_does(const char *what) {
  char path[600];
  snprintf(path, sizeof path, "%s/does", dw->dir);
  unlink(path);
  FILE *f = what ? fopen(path, "we") : NULL;
  if (f) fputs(what, f), fclose(f);
  if (f) chmod(path, 0644);
}

/* A file that it has left about a process: "profile", "told", "mark". The caller frees it; NULL: there is none. */
DW_UNUSED static char *dw_sandbox_exec_left(const char *what, pid_t pid) {
  char path[600];
  snprintf(path, sizeof path, "%s/%s.%d", dw->dir, what, (int)pid);
  return dw_text(path);
}

static void dw_die(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

/* Copies the program behind DW_SANDBOX_EXEC into a new directory below `where`, which everybody can write: it runs as
   whoever it was started as, and its directory is where it finds what to do and leaves what it saw. */
DW_UNUSED static void dw_begin(const char *where) {
  const char *build = getenv("JAILER_BUILD");
  char from[600], bytes[65536];
  struct stat st;
  dw = mmap(NULL, sizeof *dw, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (dw == MAP_FAILED) dw_die("mmap");
  dw->launcher = getpid();
  snprintf(dw->dir, sizeof dw->dir, "%s/darwin.XXXXXX", where);
  if (!mkdtemp(dw->dir) || chmod(dw->dir, 01777)) dw_die(dw->dir);
  snprintf(dw->sandbox_exec, sizeof dw->sandbox_exec, "%s/sandbox-exec", dw->dir);
  snprintf(from, sizeof from, "%s/sandbox_exec", build && *build ? build : "build");
  const int in = open(from, O_RDONLY | O_CLOEXEC),
            out = open(dw->sandbox_exec, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
  if (in < 0 || out < 0) dw_die(from);
  for (ssize_t n; (n = read(in, bytes, sizeof bytes)) != 0;)
    if (n < 0 || write(out, bytes, (size_t)n) != n) dw_die(dw->sandbox_exec);
  if (fchmod(out, 0755) || fstat(out, &st)) dw_die(dw->sandbox_exec);
  dw->dev = st.st_dev;
  dw->ino = st.st_ino;
  close(in);
  close(out);
}

DW_UNUSED static void dw_end(void) {
  DIR *d = opendir(dw->dir);
  for (struct dirent *e; d && (e = readdir(d));)
    if (e->d_name[0] != '.') unlinkat(dirfd(d), e->d_name, 0);
  if (d) closedir(d);
  rmdir(dw->dir);
}

#include "calls.h"

#undef __linux__
#define __APPLE__ 1
#define __MACH__ 1
#endif
