/* test_darwin.c: the emulation that test_seatbelt runs in (darwin/darwin.h) does what it says of itself: the calls
 * that only Darwin has, the differences it makes a point of, sandbox-exec, and the fault injector. */
#define _GNU_SOURCE
#include "darwin/darwin.h"
#include "tap.h"
#ifdef __linux__
#error "darwin.h: this is still Linux"
#endif

static char top[512], probe[PATH_MAX];

static const char *in(const char *name) { /* a path in the test's directory */
  static char ring[8][600];
  static unsigned next;
  char *to = ring[next++ % 8];
  snprintf(to, sizeof ring[0], "%s/%s", top, name);
  return to;
}

static const char *shown(const char *name) { /* as macOS tells it */
  const char *path = in(name);
  const bool linked = !strncmp(path, "/tmp/", 5) || !strncmp(path, "/var/", 5);
  static char text[700];
  snprintf(text, sizeof text, "%s%s", linked ? "/private" : "", path);
  return text;
}

static int ended(pid_t pid) { /* its exit code, or 1000 + signal */
  int status = 0;
  if (waitpid(pid, &status, 0) != pid) return -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* --- files --- */

static void files(void) {
  char path[DW_PATH];
  int ends[2];
  struct stat st;
  const int fd = open(in("file"), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  OK(fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0640, "open makes a file with its mode");
  OK(fcntl(fd, F_GETPATH, path) == 0 && !strcmp(path, shown("file")), "F_GETPATH tells its path");
  OK(fcntl(fd, F_FULLFSYNC) == 0, "F_FULLFSYNC");
  OK(st.st_mtimespec.tv_sec > 1000000000 && st.st_ctimespec.tv_sec > 1000000000, "Darwin's names for the times");
  close(fd);
  OK(fcntl(fd, F_GETPATH, path) == -1 && errno == EBADF, "F_GETPATH of a closed descriptor is EBADF");
  OK(pipe(ends) == 0 && fcntl(ends[0], F_GETPATH, path) == -1 && errno == EBADF, "F_GETPATH of a pipe is EBADF");
  close(ends[0]);
  close(ends[1]);
  const pid_t writer = fork();
  if (writer == 0) {
    if (pipe(ends) || close(ends[0]) || fcntl(ends[1], F_SETNOSIGPIPE, 1)) _exit(1);
    if (write(ends[1], "x", 1) != -1 || errno != EPIPE || pipe(ends) || close(ends[0])) _exit(2);
    write(ends[1], "x", 1);
    _exit(3);
  }
  OK(ended(writer) == 1000 + SIGPIPE, "with F_SETNOSIGPIPE a pipe without a reader is an error, else a signal");
  OK(fclonefileat(0, AT_FDCWD, in("clone"), 0) == -1 && errno == ENOTSUP, "no clones here");

  if (symlink("file", in("link")) || mkdir(in("dir"), 0755) || symlink("dir", in("dirlink")) ||
      symlinkat("../file", AT_FDCWD, in("dir/up")))
    dw_die("symlink");
  int at = open(in("link"), O_RDONLY | O_SYMLINK | O_CLOEXEC);
  OK(at >= 0 && fstat(at, &st) == 0 && S_ISLNK(st.st_mode), "O_SYMLINK opens the link itself");
  close(at);
  at = open(in("file"), O_RDONLY | O_SYMLINK | O_CLOEXEC);
  OK(at >= 0 && fstat(at, &st) == 0 && S_ISREG(st.st_mode), "O_SYMLINK opens a file as ever");
  close(at);
  at = open(shown("dirlink/up"), O_RDONLY | O_NOFOLLOW_ANY | O_CLOEXEC);
  OK(at == -1 && errno == ELOOP, "O_NOFOLLOW_ANY: no link on the way");
  at = open(shown("link"), O_RDONLY | O_NOFOLLOW_ANY | O_CLOEXEC);
  OK(at == -1 && errno == ELOOP, "O_NOFOLLOW_ANY: no link at the end");
  at = open(shown("file"), O_RDONLY | O_NOFOLLOW_ANY | O_CLOEXEC);
  OK(at >= 0 && fcntl(at, F_GETPATH, path) == 0 && !strcmp(path, shown("file")),
     "O_NOFOLLOW_ANY: a path without links");
  close(at);
  chmod(in("file"), 0);
  at = open(in("file"), O_EVTONLY | O_CLOEXEC);
  OK(at >= 0 && fstat(at, &st) == 0 && read(at, path, 1) == -1, "O_EVTONLY needs no permission and gives none");
  close(at);
  chmod(in("file"), 0640);
}

/* Paths as macOS has them: the test's directory is below /tmp or /var. */
static void places(void) {
  struct {
    uint32_t length;
    attrreference_t path;
    char bytes[2048];
  } got;
  struct attrlist wanted = {ATTR_BIT_MAP_COUNT, 0, ATTR_CMN_FULLPATH, 0, 0, 0, 0};
  char path[PATH_MAX], private_path[700];
  struct stat st, same;
  strcpy(private_path, shown("file"));
  OK(stat(in("file"), &st) == 0 && stat(private_path, &same) == 0 && st.st_ino == same.st_ino &&
         st.st_dev == same.st_dev,
     "what is below /tmp and /var is below /private");
  const int fd = open(in("link"), O_RDONLY | O_CLOEXEC);
  OK(fcntl(fd, F_GETPATH, path) == 0 && !strcmp(path, private_path), "F_GETPATH tells it so, without links");
  close(fd);
  OK(realpath(in("link"), path) && !strcmp(path, private_path), "so does realpath");
  OK(getattrlist(in("dirlink/up"), &wanted, &got, sizeof got, 0) == 0 &&
         !strcmp((char *)&got.path + got.path.attr_dataoffset, private_path) &&
         got.path.attr_length == strlen(private_path) + 1 && got.length >= 12 + got.path.attr_length &&
         got.length % 4 == 0,
     "and getattrlist, in its way");
  OK(getattrlist(in("none"), &wanted, &got, sizeof got, 0) == -1 && errno == ENOENT, "of a file that is there");
  OK(getattrlist(in("file"), &wanted, &got, 16, 0) == -1 && errno == ERANGE, "where there is room");
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  const int tty =
      master < 0 || grantpt(master) || unlockpt(master) ? -1 : open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
  OK(tty >= 0 && fcntl(tty, F_GETPATH, path) == 0 && !strncmp(path, "/dev/ttys", 9), "a terminal is in /dev: %s", path);
  close(tty);
  close(master);
  wanted.fileattr = 1;
  OK(getattrlist(in("file"), &wanted, &got, sizeof got, 0) == -1 && errno == EINVAL, "and nothing else was asked");
  OK(lstat("/var", &st) == 0 && S_ISLNK(st.st_mode) && open("/var", O_RDONLY | O_NOFOLLOW) == -1 && errno == ELOOP,
     "/var is a link");
  OK(open("/var/tmp", O_RDONLY | O_NOFOLLOW_ANY) == -1 && errno == ELOOP, "which O_NOFOLLOW_ANY will not follow");
}

/* The program that Linux does not have. */
static void the_program(void) {
  char path[DW_PATH];
  struct stat st, by_fd, by_name;
  OK(access(DW_SANDBOX_EXEC, X_OK) == 0, DW_SANDBOX_EXEC " can be executed");
  OK(stat(DW_SANDBOX_EXEC, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 && st.st_gid == 0 &&
         (st.st_mode & 022) == 0,
     "it is root's, and nobody else can write it");
  const int bin = open("/usr/bin", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const int fd = openat(bin, "sandbox-exec", O_RDONLY | O_CLOEXEC);
  OK(fd >= 0 && fstat(fd, &by_fd) == 0 && by_fd.st_ino == st.st_ino && by_fd.st_uid == 0, "also from its directory");
  OK(fstatat(bin, "sandbox-exec", &by_name, AT_SYMLINK_NOFOLLOW) == 0 && by_name.st_ino == st.st_ino, "and by fstatat");
  OK(fcntl(fd, F_GETPATH, path) == 0 && !strcmp(path, DW_SANDBOX_EXEC), "its descriptor tells that path");
  close(fd);
  dw->absent = 1;
  OK(access(DW_SANDBOX_EXEC, F_OK) == -1 && errno == ENOENT && openat(bin, "sandbox-exec", O_RDONLY) == -1 &&
         errno == ENOENT,
     "on request it is not there");
  dw->absent = 0;
  close(bin);
}

/* --- processes --- */

static void system_values(void) {
  char text[64];
  size_t size = sizeof text;
  struct utsname name;
  OK(sysctlbyname("kern.bootsessionuuid", text, &size, NULL, 0) == 0 && size == 37 && strlen(text) == 36 &&
         strspn(text, "0123456789ABCDEF-") == 36,
     "kern.bootsessionuuid: %s", text);
  size = 36;
  OK(sysctlbyname("kern.bootsessionuuid", text, &size, NULL, 0) == -1 && errno == ENOMEM,
     "no room for its NUL: ENOMEM");
  OK(sysctlbyname("kern.bootsessionuuid", NULL, &size, NULL, 0) == 0 && size == 37, "without a buffer: its size");
  size = sizeof text;
  OK(sysctlbyname("kern.nothing", text, &size, NULL, 0) == -1 && errno == ENOENT, "another name: ENOENT");
  OK(uname(&name) == 0 && !strcmp(name.sysname, "Darwin"), "uname says Darwin");
}

static void processes(void) {
  struct proc_bsdinfo me, child, again;
  struct proc_fdinfo fds[256];
  char path[PROC_PIDPATHINFO_MAXSIZE + 1], self[PATH_MAX] = "";
  siginfo_t info;
  const int size = (int)sizeof me;
  OK(proc_pidinfo(getpid(), PROC_PIDTBSDINFO, 0, &me, size) == size && me.pbi_pid == (uint32_t)getpid() &&
         me.pbi_ppid == (uint32_t)getppid() && me.pbi_uid == geteuid() && me.pbi_ruid == getuid() &&
         me.pbi_gid == getegid() && me.pbi_pgid == (uint32_t)getpgrp() && me.pbi_status == SRUN,
     "proc_pidinfo knows this process");
  OK(proc_pidinfo(getpid(), PROC_PIDTBSDINFO, 0, &me, size - 1) == 0 && errno == ENOMEM,
     "a small buffer: 0 and ENOMEM");
  OK(proc_pidinfo(getpid(), 77, 0, &me, size) == 0 && errno == EINVAL, "a flavor that it does not have: EINVAL");
  OK(proc_pidinfo(0x3ffffff, PROC_PIDTBSDINFO, 1, &me, size) == 0 && errno == ESRCH, "no such process: ESRCH");
  if (geteuid() != 0)
    OK(proc_pidinfo(1, PROC_PIDTBSDINFO, 0, &me, size) == 0 && errno == EPERM, "another user's process: EPERM");
  struct proc_bsdshortinfo brief;
  OK(proc_pidinfo(1, PROC_PIDT_SHORTBSDINFO, 0, &brief, (int)sizeof brief) == (int)sizeof brief &&
         brief.pbsi_pid == 1 && brief.pbsi_uid == 0 && brief.pbsi_status == SRUN,
     "whose it is, everybody is told");

  const pid_t pid = fork();
  if (pid == 0) {
    setsid();
    for (;;) pause();
  }
  while (getsid(pid) != pid) usleep(1000);
  OK(proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &child, size) == size && child.pbi_flags & PROC_FLAG_SLEADER &&
         child.pbi_ppid == (uint32_t)getpid() && !(child.pbi_flags & PROC_FLAG_EXEC) &&
         !strcmp(child.pbi_comm, me.pbi_comm),
     "a child that leads a session and is still a copy of this process");
  memset(&info, 0x55, sizeof info);
  const siginfo_t before = info;
  OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && !memcmp(&info, &before, sizeof info),
     "waitid with nothing to tell leaves what it was given alone");
  OK(sandbox_check(pid, NULL, 0) == 0, "it is not sandboxed");
  OK(kill(-pid, 0) == 0 && kill(pid, 32) == -1 && errno == EINVAL, "its group can be signalled, with 31 signals");
  kill(pid, SIGKILL);
  OK(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) == 0 && info.si_pid == pid && info.si_status == SIGKILL,
     "waitid tells how it ended");
  OK(proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &again, size) == 0 && errno == ESRCH, "a zombie is not found");
  OK(proc_pidinfo(pid, PROC_PIDTBSDINFO, 1, &again, size) == size && again.pbi_status == SZOMB &&
         again.pbi_start_tvsec == child.pbi_start_tvsec && again.pbi_start_tvusec == child.pbi_start_tvusec,
     "but with a non-zero argument, and started when it did");
  OK(proc_pidpath(pid, path, sizeof path - 1) == 0 && errno == ESRCH, "a zombie has no path");
  OK(kill(-pid, SIGTERM) == -1 && errno == EPERM && kill(pid, SIGTERM) == 0,
     "a group of zombies: EPERM; a zombie: nothing");
  ended(pid);
  OK(sandbox_check(pid, NULL, 0) == -1 && errno == ESRCH, "nobody is not sandboxed either");

  OK(realpath("/proc/self/exe", self) && proc_pidpath(getpid(), path, sizeof path - 1) == (int)strlen(self) &&
         !strcmp(path, self),
     "proc_pidpath knows this program");
  OK(proc_pidpath(getpid(), path, 1023) == 0 && errno == ENOMEM, "room for less than a path: ENOMEM");
  OK(proc_pidpath(getpid(), path, 4097) == 0 && errno == EOVERFLOW, "too much room: EOVERFLOW");
  const int n = proc_pidinfo(getpid(), PROC_PIDLISTFDS, 0, fds, sizeof fds) / (int)sizeof fds[0];
  int listed = 0;
  for (int i = 0; i < n; i++) listed += fds[i].proc_fd == 1;
  OK(n > 1 && listed == 1, "PROC_PIDLISTFDS lists %d descriptors", n);
}

static void groups(void) {
  gid_t set[8] = {4711, 4712};
  if (geteuid() != 0) {
    OK(setgroups(0, NULL) == -1 && errno == EPERM, "setgroups is root's");
    return;
  }
  const pid_t pid = fork();
  if (pid == 0) {
    if (setgroups(2, set) || getegid() != 4711 || getgroups(8, set) != 2) _exit(1);
    if (setgroups(0, NULL) || getegid() != 0 || getgroups(8, set) != 1 || set[0] != 0) _exit(2);
    _exit(0);
  }
  OK(ended(pid) == 0, "setgroups sets the effective gid; no groups are group 0");
}

/* --- posix_spawn --- */

typedef struct launch {
  int from[4], to[4]; /* what is duplicated; to -1: inherited */
  int count;
  short flags;
  const char *path, *argv[12];
  char text[16384]; /* what it said */
} launch;

/* Starts it with its output in a pipe and this process' descriptors; its exit code. */
static int run(launch *l) {
  int out[2];
  char *envp[] = {"A=b", NULL};
  if (pipe(out)) dw_die("pipe");
  const pid_t pid = fork();
  if (pid == 0) {
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_t actions;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
    if (posix_spawnattr_init(&attributes) || posix_spawn_file_actions_init(&actions) ||
        posix_spawnattr_setflags(&attributes, l->flags) || posix_spawnattr_setsigdefault(&attributes, &all) ||
        posix_spawnattr_setsigmask(&attributes, &none) || posix_spawn_file_actions_adddup2(&actions, out[1], 1) ||
        posix_spawn_file_actions_adddup2(&actions, out[1], 2))
      _exit(120);
    for (int i = 0; i < l->count; i++)
      if (l->to[i] < 0 ? posix_spawn_file_actions_addinherit_np(&actions, l->from[i])
                       : posix_spawn_file_actions_adddup2(&actions, l->from[i], l->to[i]))
        _exit(121);
    const int error = posix_spawn(NULL, l->path, &actions, &attributes, (char **)(uintptr_t)l->argv, envp);
    _exit(error == ENOENT ? 122 : error == ENOTSUP ? 123 : error == EBADF ? 124 : 125);
  }
  close(out[1]);
  size_t size = 0;
  for (ssize_t n; size < sizeof l->text - 1 && (n = read(out[0], l->text + size, sizeof l->text - 1 - size)) > 0;)
    size += (size_t)n;
  l->text[size] = 0;
  close(out[0]);
  return ended(pid);
}

static bool has(const launch *l, const char *line) { /* one of its lines begins so */
  const char *at = l->text;
  while (at && strncmp(at, line, strlen(line)) != 0) at = (at = strchr(at, '\n')) ? at + 1 : NULL;
  return at != NULL;
}

enum { ALL_FLAGS = POSIX_SPAWN_SETEXEC | POSIX_SPAWN_CLOEXEC_DEFAULT | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK };

static void spawning(void) {
  const int open_one = open("/dev/null", O_RDONLY), closing = open("/dev/null", O_RDONLY | O_CLOEXEC);
  char open_line[32], closing_line[32];
  snprintf(open_line, sizeof open_line, "fd %d ", open_one);
  snprintf(closing_line, sizeof closing_line, "fd %d ", closing);
  launch l = {{0}, {0}, 0, ALL_FLAGS, probe, {"probe", "tell:-", NULL}, ""};
  OK(run(&l) == 0 && has(&l, "fd 1 ") && has(&l, "fd 2 ") && !has(&l, "fd 0 ") && !has(&l, open_line),
     "only what file actions made goes on: not 0, not a descriptor that is open");
  OK(has(&l, "blocked 0\n") && has(&l, "ignored 0\n") && has(&l, "env A=b\n") && has(&l, "arg tell:-\n"),
     "signals are as at first, arguments and environment as given");
  l.flags &= ~POSIX_SPAWN_CLOEXEC_DEFAULT;
  OK(run(&l) == 0 && has(&l, open_line) && !has(&l, closing_line), "without CLOEXEC_DEFAULT the others go on as ever");
  l.flags = POSIX_SPAWN_SETEXEC;
  OK(run(&l) == 0 && !has(&l, "blocked 0\n") && !has(&l, "ignored 0\n"), "without its flags signals stay");
  l.flags = ALL_FLAGS | POSIX_SPAWN_SETSID;
  OK(run(&l) == 0 && has(&l, "session "), "a session");
  int session = 0, group = 0, pid = 1;
  const char *at = strstr(l.text, "session ");
  OK(at && sscanf(at, "session %d group %d pid %d", &session, &group, &pid) == 3 && session == pid && group == pid,
     "POSIX_SPAWN_SETSID: a session of its own");

  l = (launch){{closing, open_one}, {closing, -1}, 2, ALL_FLAGS, probe, {"probe", "tell:-", NULL}, ""};
  OK(run(&l) == 0 && !has(&l, closing_line) && has(&l, open_line),
     "a duplicate onto itself keeps its close-on-exec flag");
  l.to[0] = -1;
  OK(run(&l) == 0 && has(&l, closing_line), "addinherit_np takes it away");
  l.to[0] = 77;
  OK(run(&l) == 0 && has(&l, "fd 77 ") && !has(&l, closing_line), "a duplicate has none");
  l.from[0] = 999;
  OK(run(&l) == 124, "a closed descriptor: EBADF");
  l.from[0] = 10240;
  OK(run(&l) == 121, "a number that no descriptor can have is refused at once");
  l.count = 0;
  l.path = "/no/such/program";
  OK(run(&l) == 122, "no such program: ENOENT is returned");
  l.flags = POSIX_SPAWN_SETSIGDEF;
  OK(run(&l) == 123, "without SETEXEC it is not emulated");
  close(open_one);
  close(closing);
}

/* --- sandbox-exec --- */

static const struct {
  const char *profile;
  int code; /* 7: the command ran */
} profiles[] = {
    {"(version 1)(deny default)", 7},
    {"; a comment (\n (version 1)\n(allow file-read* (subpath \"/a \\\"b\\\\ (\") (regex #\"^/dev/\\.x\"))\n", 7},
    {"", 65},
    {"(deny default)", 65},
    {"(version 1)(deny default", 65},
    {"(version 1)(deny default))", 65},
    {"(version 1)(allow file-read* (literal \"/a))", 65},
    {"(version 1)(allow file-read* (literal \"/a\"b\")))", 65},
    {"(version 1)(allow file-read* (literal \"/\\a\"))", 65},
    {"(version 1) allow", 65},
    {"(version 1) \"a\"", 65},
};

static void sandboxes(void) {
  launch l = {{0}, {0}, 0, ALL_FLAGS, DW_SANDBOX_EXEC, {"sandbox-exec", "-p", "", probe, "exit:7", NULL}, ""};
  for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
    l.argv[2] = profiles[i].profile;
    const int code = run(&l);
    OK(code == profiles[i].code, "profile %zu: exit code %d", i, code);
  }
  FILE *f = fopen(in("profile.sb"), "w");
  if (f) fputs("(version 1)", f), fclose(f);
  launch file = {{0},
                 {0},
                 0,
                 ALL_FLAGS,
                 DW_SANDBOX_EXEC,
                 {"sandbox-exec", "-D", "K=V", "-f", in("profile.sb"), probe, "exit:7", "-x", NULL},
                 ""};
  OK(run(&file) == 7, "a profile from a file, with a parameter");
  file.argv[5] = NULL;
  OK(run(&file) == 64, "no command: how it is used");

  static const struct {
    const char *does;
    int code;
  } mishaps[] = {{"exit 65", 65}, {"exit 0", 0},   {"raise 9", 1009}, {"absent", 71},
                 {"late", 7},     {"unmarked", 7}, {NULL, 7}};
  l.argv[2] = "(version 1)";
  for (size_t i = 0; i < sizeof mishaps / sizeof mishaps[0]; i++) {
    dw_sandbox_exec_does(mishaps[i].does);
    const int code = run(&l);
    OK(code == mishaps[i].code, "sandbox-exec, %s: %d", mishaps[i].does ? mishaps[i].does : "no mishap", code);
  }
}

/* What it leaves behind, and what is told of the process, while it runs. */
static void sandboxed(void) {
  char path[4096], want[PATH_MAX] = "";
  char *argv[] = {"sandbox-exec", "-p", "", probe, "sleep", NULL}, *envp[] = {NULL};
  if (!realpath(probe, want)) dw_die(probe);
  struct proc_bsdinfo info;
  for (int i = 0; i < 3; i++) {
    const bool marked = i != 1, denies = i == 0;
    dw_sandbox_exec_does(marked ? NULL : "unmarked");
    argv[2] = i == 2 ? "(version 1)(allow default)" : "(version 1)(deny default) ; x\n";
    const pid_t pid = fork();
    if (pid == 0) {
      posix_spawnattr_t attributes;
      posix_spawnattr_init(&attributes);
      posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETEXEC);
      posix_spawn(NULL, DW_SANDBOX_EXEC, NULL, &attributes, argv, envp);
      _exit(1);
    }
    bool seen = false;
    for (int i = 0; i < 5000 && (proc_pidpath(pid, path, sizeof path) <= 0 || strcmp(path, want)); i++) {
      seen = seen || !strcmp(path, DW_SANDBOX_EXEC);
      usleep(1000);
    }
    OK(!strcmp(path, want), "the command runs%s", seen ? ", and was sandbox-exec before" : "");
    OK(proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, (int)sizeof info) > 0 && info.pbi_flags & PROC_FLAG_EXEC &&
           !strcmp(info.pbi_comm, "probe_seatbelt"),
       "it has the command's name");
    OK(sandbox_check(pid, NULL, 0) == marked, marked ? "it is sandboxed" : "without a mark it is not");
    OK(sandbox_check(pid, "file-write-data", 1, "/") == denies,
       denies ? "and denied what is denied by default" : "and denied nothing");
    if (denies) {
      char *profile = dw_sandbox_exec_left("profile", pid), *told = dw_sandbox_exec_left("told", pid);
      OK(profile && !strcmp(profile, argv[2]), "the profile is on record, in each byte");
      OK(told && strstr(told, "\narg -p\narg (version 1)(deny default) ; x%0A\narg ") && strstr(told, "\nend\n"),
         "and what it was started with");
      free(profile);
      free(told);
      dw->unsandboxed = 1;
      OK(sandbox_check(pid, NULL, 0) == 0, "on request it is not sandboxed whatever was done");
      dw->unsandboxed = 0;
    }
    kill(pid, SIGKILL);
    ended(pid);
  }
  dw_sandbox_exec_does("hang");
  const pid_t pid = fork();
  if (pid == 0) {
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETEXEC);
    posix_spawn(NULL, DW_SANDBOX_EXEC, NULL, &attributes, argv, envp);
    _exit(1);
  }
  usleep(100000);
  OK(proc_pidpath(pid, path, sizeof path) > 0 && !strcmp(path, DW_SANDBOX_EXEC) && sandbox_check(pid, NULL, 0) == 0,
     "one that hangs is seen to be sandbox-exec, and not sandboxed");
  OK(proc_pidinfo(pid, PROC_PIDTBSDINFO, 0, &info, (int)sizeof info) > 0 && info.pbi_flags & PROC_FLAG_EXEC &&
         !strcmp(info.pbi_comm, "sandbox-exec"),
     "also by its name");
  kill(pid, SIGKILL);
  siginfo_t end;
  OK(waitid(P_PID, (id_t)pid, &end, WEXITED | WNOWAIT) == 0 &&
         proc_pidinfo(pid, PROC_PIDTBSDINFO, 1, &info, (int)sizeof info) > 0 && !strcmp(info.pbi_comm, "sandbox-exec"),
     "which a zombie keeps");
  ended(pid);
  dw_sandbox_exec_does(NULL);
}

/* --- the injector --- */

static char looked[8][32];
static int looks;

static void look(const char *name, int side, long n) {
  if (looks < 8) snprintf(looked[looks++], sizeof looked[0], "%s %d %ld", name, side, n);
}

static void injector(void) {
  int ends[2];
  struct stat st;
  dw_fault(DW_LAUNCHER, NULL, 2, EIO);
  const int first = dup(0), second = dup(0), error = errno, third = dup(0);
  OK(first >= 0 && second == -1 && error == EIO && third >= 0 && dw->calls[0] == 3,
     "the second of all calls fails, and is counted");
  OK(dw->fired && !strcmp(dw->fired, "dup") && !strcmp(dw->seen[0][3], "dup"), "which it was is known");
  dw_fault(DW_LAUNCHER, "fstat", 1, ENXIO);
  OK(dup2(0, first) == first && fstat(0, &st) == -1 && errno == ENXIO && fstat(0, &st) == 0,
     "the first of a name fails");
  dw_fault(DW_LAUNCHER, "close", 1, EINTR);
  OK(close(first) == -1 && errno == EINTR && fcntl(first, F_GETFD) == -1, "a close that fails has closed");
  dw_fault(DW_LAUNCHER, "proc_pidinfo", 1, ENOMEM);
  OK(proc_pidinfo(getpid(), PROC_PIDTBSDINFO, 0, &st, 4096) == 0 && errno == ENOMEM,
     "emulated calls fail as Darwin's do: 0");
  posix_spawnattr_t attributes = NULL;
  dw_fault(DW_LAUNCHER, "posix_spawnattr_init", 1, ENOMEM);
  OK(posix_spawnattr_init(&attributes) == ENOMEM && dw->objects == 0, "posix_spawn's answer the number");
  OK(posix_spawnattr_init(&attributes) == 0 && dw->objects == 1 && posix_spawnattr_destroy(&attributes) == 0 &&
         dw->objects == 0,
     "its objects are counted");
  dw_fault(DW_CHILD, NULL, 1, EPERM);
  const int spare = dup(0);
  const pid_t pid = fork();
  if (pid == 0) _exit(setsid() == -1 && errno == EPERM && setsid() == getpid() ? 0 : 1);
  OK(spare >= 0 && ended(pid) == 0 && dw->fired && dw->calls[1] == 2, "a child's call fails, not the launcher's");
  close(spare);
  close(third);
  dw_fault(DW_LAUNCHER, NULL, 0, 0);
  dw->before = look;
  const bool piped = pipe(ends) == 0;
  close(ends[0]);
  dw_disarm();
  OK(piped && looks == 2 && !strcmp(looked[0], "pipe 0 1") && !strcmp(looked[1], "close 0 2"),
     "a test can look on before each call");
  const long calls = dw->calls[0];
  close(ends[1]);
  OK(dw->calls[0] == calls && !dw->before, "disarmed, nothing counts");
}

int main(void) {
  const char *tmp = getenv("TMPDIR"), *build = getenv("JAILER_BUILD");
  char name[PATH_MAX];
  snprintf(name, sizeof name, "%s/test-darwin.XXXXXX", tmp && *tmp ? tmp : "/var/tmp");
  if (!mkdtemp(name) || !(realpath)(name, probe)) dw_die(name);
  snprintf(top, sizeof top, "%.500s", probe);
  snprintf(name, sizeof name, "%s/probe_seatbelt", build && *build ? build : "build");
  if (!(realpath)(name, probe)) dw_die(name);
  dw_begin(top);
  files();
  places();
  the_program();
  system_values();
  processes();
  groups();
  spawning();
  sandboxes();
  sandboxed();
  injector();
  dw_end();
  for (const char *const *n = (const char *const[]){"file", "link", "dir/up", "dirlink", "profile.sb", NULL}; *n; n++)
    unlink(in(*n));
  rmdir(in("dir"));
  OK(rmdir(top) == 0, "nothing is left");
  return tap_done();
}
