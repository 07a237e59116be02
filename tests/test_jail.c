/* test_jail.c: every promise about the jail's inside, told by a probe that runs there (tests/probe_inside.c). What is
 * refused inside is tried outside too, by the same probe as the same user, so that no row passes by accident. */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "tap.h"

#include "inside.h"

#include <dirent.h>
#include <elf.h>
#include <mqueue.h>
#include <pthread.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif

static const jailer_config strict;

/* ---------------------------------------------------------------- the tree */

static const char *const system_links[] = {"bin", "lib", "lib32", "lib64", "libx32", "sbin"};

/* By name, without what follows a '>'. */
static int by_text(const void *a, const void *b) {
  const char *x = *(char *const *)a, *y = *(char *const *)b;
  while (*x && *x == *y && *x != '>') x++, y++;
  return (*x == '>' ? 0 : (unsigned char)*x) - (*y == '>' ? 0 : (unsigned char)*y);
}

/* Joins names, sorted, with commas: how the probe prints a directory. */
static const char *joined(char **names, size_t count) {
  static char ring[4][8192];
  static unsigned next;
  char *text = ring[next++ % 4];
  text[0] = 0;
  qsort(names, count, sizeof *names, by_text);
  for (size_t i = 0; i < count; i++) {
    if (i) strcat(text, ",");
    strcat(text, names[i]);
  }
  return text;
}

/* A system path as the jail's listing shows it, or NULL where the host has none. */
static char *listed(const char *path) {
  char target[PATH_MAX], text[PATH_MAX + 256];
  struct stat st;
  if (lstat(path, &st) < 0) return NULL;
  ssize_t n = S_ISLNK(st.st_mode) ? readlink(path, target, sizeof target - 1) : 0;
  target[n > 0 ? n : 0] = 0;
  snprintf(text, sizeof text, "%s%s%s", strrchr(path, '/') + 1, n > 0 ? ">" : "", target);
  return strdup(text);
}

static const char *expected_root(const char *more) {
  char *names[32];
  size_t count = 0;
  for (size_t i = 0; i < sizeof system_links / sizeof system_links[0]; i++) {
    char *name = listed(text_of("/%s", system_links[i]));
    if (name) names[count++] = name;
  }
  static const char *const fixed[] = {"dev", "etc", "probe", "proc", "tmp", "usr"};
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) names[count++] = strdup(fixed[i]);
  if (more) names[count++] = strdup(more);
  const char *text = joined(names, count);
  while (count) free(names[--count]);
  return text;
}

/* ld.so.cache and alternatives as far as the host has them, localtime as the link that it is, and what is made up. */
static const char *expected_etc(void) {
  char *names[16];
  size_t count = 0;
  static const char *const host[] = {"/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"};
  for (size_t i = 0; i < 3; i++) {
    char *name = listed(host[i]);
    if (name) names[count++] = name;
  }
  static const char *const fixed[] = {"group", "hosts", "nsswitch.conf", "passwd"};
  for (size_t i = 0; i < 4; i++) names[count++] = strdup(fixed[i]);
  const char *text = joined(names, count);
  while (count) free(names[--count]);
  return text;
}

static const char dev_listing[] = "fd>/proc/self/fd,full,null,random,shm,stderr>/proc/self/fd/2,stdin>/proc/self/fd/0,"
                                  "stdout>/proc/self/fd/1,urandom,zero";

static void test_listings(void) {
  run_inside(&strict, "do", "lsl:/", "lsl:/dev", "lsl:/etc", "ls:/proc", "ls:/tmp", "ls:/dev/shm", "ls:/probe", NULL);
  if (!RAN("listings")) return;
  ROW_IS("lsl:/", expected_root(NULL));
  ROW_IS("lsl:/dev", dev_listing);
  ROW_IS("lsl:/etc", expected_etc());
  ROW_IS("ls:/proc", "self,thread-self");
  ROW_IS("ls:/tmp", "empty");
  ROW_IS("ls:/dev/shm", "empty");
  ROW_IS("ls:/probe", "ENOTDIR");
}

/* Each name of a host directory that the jail does not list must be absent inside, whatever it is. */
static void absent_names(const char *dir, const char *allowed) {
  DIR *d = opendir(dir);
  int tried = 0, wrong = 0;
  for (struct dirent *e; d && (e = readdir(d));) {
    const char *name = e->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, ',') || strchr(name, '\n')) continue;
    const char *hit = allowed;
    size_t n = strlen(name);
    while ((hit = strstr(hit, name)) && !((hit == allowed || hit[-1] == ',') && strchr(",>", hit[n]))) hit += n;
    if (hit) continue;
    const char *row = text_of("stat:%s/%s", strcmp(dir, "/") == 0 ? "" : dir, name);
    run_inside(&strict, "do", row, NULL);
    tried++;
    if (strcmp(value_of(row), "ENOENT") == 0) continue;
    wrong++;
    printf("# %s is %s\n", row, value_of(row));
    if (tried > 60) break; /* enough of a large /etc */
  }
  if (d) closedir(d);
  OK(tried > 0 && wrong == 0, "what the host has in %s and the jail does not list is absent (%d names)", dir, tried);
}

static void test_absent(void) {
  static const char *const paths[] = {"/root",
                                      "/home",
                                      "/var",
                                      "/sys",
                                      "/run",
                                      "/etc/shadow",
                                      "/proc/sys",
                                      "/proc/kcore",
                                      "/proc/kmsg",
                                      "/proc/kallsyms",
                                      "/proc/sysrq-trigger",
                                      "/proc/keys",
                                      "/proc/net",
                                      "/proc/cpuinfo",
                                      "/proc/modules",
                                      "/proc/mounts",
                                      "/proc/filesystems",
                                      "/dev/mem",
                                      "/dev/kmsg",
                                      "/dev/tty",
                                      "/dev/ptmx",
                                      "/dev/pts",
                                      "/dev/kvm",
                                      "/dev/console",
                                      "/etc/hostname",
                                      "/etc/resolv.conf",
                                      "/etc/ssl",
                                      "/etc/machine-id"};
  char own[PATH_MAX + 8]; /* not of text_of's ring, which comes round before the end */
  snprintf(own, sizeof own, "stat:%s", inside_dir);
  absent_names("/", expected_root(NULL));
  absent_names("/etc", expected_etc());
  absent_names("/dev", dev_listing);
  for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
    const char *row = text_of("stat:%s", paths[i]);
    run_inside(&strict, "do", row, NULL);
    /* /proc/net and /proc/mounts are links to self: the first leads to what subset=pid keeps, and that is not the host */
    ROW_IS(row, "ENOENT");
  }
  run_inside(&strict, "do", own, "list:/tmp/..", "stat:/../../../../root", "stat:/proc/1/root/root",
             "stat:/proc/self/cwd/root", "stat:/proc/self/root/../home", NULL);
  ROW_IS(own, "ENOENT");
  ROW_IS("list:/tmp/..", "ok");
  ROW_IS("stat:/../../../../root", "ENOENT");
  ROW_IS("stat:/proc/1/root/root", "ENOENT");
  ROW_IS("stat:/proc/self/cwd/root", "ENOENT");
  ROW_IS("stat:/proc/self/root/../home", "ENOENT");
  run_outside("do", own, "stat:/root", "stat:/proc/sys", "stat:/proc/kcore", "stat:/sys", NULL);
  ROW_IS(own, "ok");
  ROW_IS("stat:/root", "ok");
  ROW_IS("stat:/proc/sys", "ok");
  ROW_IS("stat:/sys", "ok");
}

static void test_writing(void) {
  static const char *const refused[] = {"create:/x",
                                        "create:/etc/x",
                                        "create:/dev/x",
                                        "create:/usr/x",
                                        "mkdir:/x",
                                        "create:/usr/bin/x",
                                        "unlink:/etc/passwd",
                                        "rename:/etc/passwd,/etc/x",
                                        "symlink:/tmp,/x",
                                        "unlink:/dev/null",
                                        "truncate:/etc/hosts",
                                        "touch:/dev/null",
                                        "touch:/dev/full",
                                        "touch:/etc/passwd",
                                        "chmod:/,755",
                                        "chmod:/etc/passwd,644",
                                        "rmdir:/tmp",
                                        "touch:/"};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    run_inside(&strict, "do", refused[i], NULL);
    const char *got = value_of(refused[i]);
    OK(strcmp(got, "EROFS") == 0 || strcmp(got, "EACCES") == 0 || strcmp(got, "EBUSY") == 0, "refused: %s (%s)",
       refused[i], got);
  }
  run_inside(&strict, "do", "create:/tmp/x", "mkdir:/tmp/d", "create:/dev/shm/x", "read:/dev/zero", "read:/dev/urandom",
             "read:/dev/random", "write:/dev/null", "write:/dev/full", "read:/dev/null", "mode:/tmp", "mode:/dev/shm",
             "exec:/tmp/x", "copy:/probe,/tmp/p", "copy:/probe,/dev/shm/p", "exec:/tmp/p", "exec:/dev/shm/p",
             "exec:/probe", "mapexec:/tmp/p", "mapexec:/probe", "chmod:/tmp/p,711", "exec:/usr/bin/true",
             "ldso:/usr/bin/true", "copy:/usr/bin/true,/tmp/true", "ldso:/tmp/true", "size:/tmp", "size:/dev/shm",
             NULL);
  static const char *const good[] = {
      "create:/tmp/x",      "mkdir:/tmp/d",           "create:/dev/shm/x",  "read:/dev/zero",
      "read:/dev/urandom",  "read:/dev/random",       "write:/dev/null",    "read:/dev/null",
      "copy:/probe,/tmp/p", "copy:/probe,/dev/shm/p", "exec:/probe",        "mapexec:/probe",
      "chmod:/tmp/p,711",   "exec:/usr/bin/true",     "ldso:/usr/bin/true", "copy:/usr/bin/true,/tmp/true"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) ROW_IS(good[i], "ok");
  ROW_IS("write:/dev/full", "ENOSPC");
  ROW_IS("mode:/tmp", "1777");
  ROW_IS("mode:/dev/shm", "1777");
  ROW_IS("exec:/tmp/p", "EACCES");
  ROW_IS("exec:/dev/shm/p", "EACCES");
  ROW_IS("mapexec:/tmp/p", "EPERM");
  ROW_IS_NOT("ldso:/tmp/true", "ok");
  ROW_IS("size:/tmp", "67108864/16384");
  ROW_IS("size:/dev/shm", "67108864/16384");

  jailer_config small = strict;
  small.limits.tmp_size_bytes = 1 << 20;
  small.limits.shm_size_bytes = 2 << 20;
  small.limits.tmp_inodes = 100;
  run_inside(&small, "do", "size:/tmp", "size:/dev/shm", "fill:/tmp/f,1048576", "fill:/dev/shm/f,2097152",
             "fill:/tmp/g,65536", NULL);
  ROW_IS("size:/tmp", "1048576/100");
  ROW_IS("size:/dev/shm", "2097152/100");
  ROW_IS("fill:/tmp/f,1048576", "ok");
  ROW_IS("fill:/dev/shm/f,2097152", "ok");
  ROW_IS("fill:/tmp/g,65536", "EFBIG");
}

/* ---------------------------------------------------------------- mounts */

static bool has_option(const char *options, const char *name) {
  size_t n = strlen(name);
  for (const char *at = options; at && *at; at = after(at, ','))
    if (strncmp(at, name, n) == 0 && (at[n] == ',' || at[n] == 0)) return true;
  return false;
}

/* One mount's flags: "rN": r or w, then which of s (nosuid) d (nodev) x (noexec) it must have; the others it must not. */
static bool flags_are(const char *options, const char *wanted) {
  return has_option(options, wanted[0] == 'r' ? "ro" : "rw") &&
         has_option(options, "nosuid") == (strchr(wanted, 's') != NULL) &&
         has_option(options, "nodev") == (strchr(wanted, 'd') != NULL) &&
         has_option(options, "noexec") == (strchr(wanted, 'x') != NULL);
}

static const char *wanted_flags(const char *point, const char *extra, const char *extra_flags) {
  if (extra && strcmp(point, extra) == 0) return extra_flags;
  if (strcmp(point, "/") == 0) return "rsdx";
  if (strcmp(point, "/tmp") == 0 || strcmp(point, "/dev/shm") == 0 || strcmp(point, "/proc") == 0) return "wsdx";
  if (strcmp(point, "/dev/pts") == 0) return "wsx";
  if (strncmp(point, "/dev/", 5) == 0) return "rsx";
  if (strncmp(point, "/etc/", 5) == 0) return "rsdx";
  if (strcmp(point, "/probe") == 0 || strcmp(point, "/usr") == 0 || strncmp(point, "/usr/", 5) == 0) return "rsd";
  for (size_t i = 0; i < sizeof system_links / sizeof system_links[0]; i++)
    if (strcmp(point + 1, system_links[i]) == 0) return "rsd";
  return NULL;
}

static int check_mounts(const char *extra, const char *extra_flags) {
  int count = 0, wrong = 0;
  for (const char *line = inside_last.text; line && *line; line = after(line, '\n')) {
    char point[PATH_MAX], options[512], type[64], super[1024], optional[64] = "";
    if (sscanf(line, "mount:%4095s %511s %63s %1023s %63s", point, options, type, super, optional) != 5) continue;
    const char *wanted = wanted_flags(point, extra, extra_flags);
    bool good = wanted && flags_are(options, wanted) && strcmp(optional, "[]") == 0;
    if (strcmp(point, "/proc") == 0) good = good && has_option(super, "subset=pid");
    if (!good) printf("# %s %s %s %s, wanted %s\n", point, options, super, optional, wanted ? wanted : "no such mount");
    count++;
    wrong += !good;
  }
  OK(count >= 9 && wrong == 0, "each of the %d mounts has its flags and shares nothing with the host", count);
  return count;
}

static void test_mounts(void) {
  jailer_grant grants[1] = {{make_dir("mounted"), "/w", JAILER_WRITE, false}};
  jailer_config config = strict;
  run_inside(&strict, "mounts", NULL);
  if (!RAN("mounts")) return;
  int before = check_mounts(NULL, NULL);
  config.grants = grants;
  config.grant_count = 1;
  run_inside(&config, "mounts", NULL);
  OK(check_mounts("/w", "wsdx") == before + 1, "a writable grant is one mount more: nosuid, nodev, noexec");
  grants[0].access = JAILER_READ;
  run_inside(&config, "mounts", NULL);
  check_mounts("/w", "rsdx");
  grants[0].access = JAILER_EXEC;
  run_inside(&config, "mounts", NULL);
  check_mounts("/w", "rsd");
}

/* ---------------------------------------------------------------- who it is */

static void identity_rows(void) {
  static const char *const zero[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
  ROW_IS("uid", text_of("%u", inside_uid));
  ROW_IS("euid", text_of("%u", inside_uid));
  ROW_IS("gid", text_of("%u", inside_gid));
  ROW_IS("egid", text_of("%u", inside_gid));
  for (size_t i = 0; i < 5; i++) ROW_IS(zero[i], "0000000000000000");
  ROW_IS("NoNewPrivs", "1");
  ROW_IS("Seccomp", "2");
  ROW_IS("securebits", "239");
  ROW_IS("SigBlk", "0000000000000000");
  ROW_IS("SigIgn", "0000000000000000");
  ROW_IS("SigCgt", "0000000000000000");
  ROW_IS("dispositions_not_default", "0");
  ROW_IS("signals_blocked", "0");
  ROW_IS("personality", "0");
  ROW_IS("umask", "022");
  ROW_IS("Threads", "1");
  ROW_IS("hostname", "jail");
  ROW_IS("domain", "(none)");
  ROW_IS("cwd", "/");
  ROW_IS("pid", "1");
  ROW_IS("ppid", "0");
  ROW_IS("session_leader", "1");
  ROW_IS("group_leader", "1");
  ROW_IS("tty_number", "0");
  ROW_IS("dev_tty", "ENOENT");
  ROW_IS("pdeathsig", "9");
  ROW_IS("cgroup", "/");
  ROW_IS("processes_visible", "1");
  ROW_IS("interfaces_with_address", text_of("%d", -EPERM));
  ROW_IS("interfaces", "1");
  struct rlimit limit;
  getrlimit(RLIMIT_CORE, &limit);
  ROW_IS("rlimit_core_soft", limit.rlim_max ? "1" : "0");
  ROW_IS("rlimit_core_hard", limit.rlim_max ? "1" : "0");
  getrlimit(RLIMIT_NOFILE, &limit);
  ROW_IS("rlimit_nofile_soft", text_of("%llu", limit.rlim_max < 1024 ? (unsigned long long)limit.rlim_max : 1024ull));
  ROW_IS("rlimit_nofile_hard", text_of("%llu", limit.rlim_max < 1024 ? (unsigned long long)limit.rlim_max : 1024ull));
  static const struct {
    const char *name;
    int resource;
    unsigned long long most;
  } bounds[] = {{"sigpending", RLIMIT_SIGPENDING, 1024}, {"msgqueue", RLIMIT_MSGQUEUE, 65536}};
  for (int i = 0; i < 2; i++) {
    getrlimit(bounds[i].resource, &limit);
    const char *most = text_of("%llu", limit.rlim_max < bounds[i].most ? (unsigned long long)limit.rlim_max : bounds[i].most);
    ROW_IS(text_of("rlimit_%s_soft", bounds[i].name), most);
    ROW_IS(text_of("rlimit_%s_hard", bounds[i].name), most);
  }
  if (geteuid() == 0) ROW_IS("Groups", "none");
  else ROW_IS("groups", text_of("%d", getgroups(0, NULL)));
}

/* Queued signals and message queues are counted for the launcher's user too: at most so many, and a launcher that has lower
   limits passes those on. In a child, because an ordinary user cannot raise them again. */
static void test_counted_limits(void) {
  const struct rlimit signals = {50, 300}, bytes = {819, 4000};
  run_inside(&strict, "do", "queue:1024", NULL);
  ROW_IS("queue:1024", "ok");
  struct rlimit own;
  getrlimit(RLIMIT_SIGPENDING, &own);
  run_outside("do", "queue:1024", NULL);
  ROW_IS("queue:1024", own.rlim_cur > 1100 ? "EOVERFLOW" : "ok");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    if (setrlimit(RLIMIT_SIGPENDING, &signals) || setrlimit(RLIMIT_MSGQUEUE, &bytes)) _exit(2);
    bool good = run_inside(&strict, "self", NULL) == JAILER_OK && number_of("rlimit_sigpending_hard") == 300 &&
                number_of("rlimit_sigpending_soft") <= 300 && number_of("rlimit_msgqueue_hard") == 4000 &&
                number_of("rlimit_msgqueue_soft") <= 4000;
    if (!good)
      printf("# %s: sigpending %s msgqueue %s\n", jailer_code_name(inside_last.code), value_of("rlimit_sigpending_hard"),
             value_of("rlimit_msgqueue_hard"));
    good = run_inside(&strict, "do", "queue:300", NULL) == JAILER_OK && strcmp(value_of("queue:300"), "ok") == 0 && good;
    fflush(stdout);
    _exit(good ? 0 : 1);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  OK(status == 0, "lower limits of the launcher for queued signals and message queues stay (%d)", WEXITSTATUS(status));
}

/* Namespaces of its own: none of the links is the launcher's. The time namespace is shared and cannot be entered. */
static void test_namespaces(void) {
  static const char *const kinds[] = {"user", "mnt", "pid", "net", "ipc", "uts", "cgroup"};
  run_inside(&strict, "self", NULL);
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
    char link[128] = "";
    ssize_t n = readlink(text_of("/proc/self/ns/%s", kinds[i]), link, sizeof link - 1);
    link[n > 0 ? n : 0] = 0;
    const char *inside = value_of(text_of("ns_%s", kinds[i]));
    OK(n > 0 && strncmp(inside, kinds[i], 3) == 0 && strcmp(inside, link) != 0, "own %s namespace (%s)", kinds[i],
       inside);
  }
}

/* A launcher in an unusual state: nothing of it shows inside. */
static void test_identity(void) {
  static const int ignored[] = {SIGHUP, SIGINT, SIGTERM, SIGPIPE, SIGCHLD, SIGUSR1, SIGTTOU, 40};
  sigset_t all, before;
  run_inside(&strict, "self", NULL);
  if (!RAN("self")) return;
  identity_rows();

  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
    if (ignored[i] != SIGCHLD) signal(ignored[i], SIG_IGN);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  mode_t mask = umask(0077);
  personality(ADDR_NO_RANDOMIZE);
  char cwd[PATH_MAX];
  if (!getcwd(cwd, sizeof cwd) || chdir(inside_dir) < 0) inside_die("chdir");
  setenv("SECRET", "in the environment", 1);
  run_outside("self", NULL);
  ROW_IS_NOT("SigIgn", "0000000000000000");
  ROW_IS_NOT("SigBlk", "0000000000000000");
  ROW_IS_NOT("personality", "0");
  ROW_IS("umask", "077");
  ROW_IS_NOT("pid", "1");
  ROW_IS_NOT("Seccomp", "2");
  ROW_IS_NOT("NoNewPrivs", "1");
  run_inside(&strict, "self", NULL);
  if (RAN("self, from a launcher in an unusual state")) identity_rows();
  if (chdir(cwd) < 0) inside_die("chdir");
  umask(mask);
  personality(0);
  unsetenv("SECRET");
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  for (size_t i = 0; i < sizeof ignored / sizeof ignored[0]; i++)
    if (ignored[i] != SIGPIPE) signal(ignored[i], SIG_DFL);
}

static void test_names_and_limits(void) {
  jailer_config config = strict;
  config.hostname = "box-7";
  config.cwd = "/tmp";
  config.limits.nofile = 64;
  config.limits.fsize_bytes = 4096;
  run_inside(&config, "self", NULL);
  if (!RAN("names and limits")) return;
  ROW_IS("hostname", "box-7");
  ROW_IS("cwd", "/tmp");
  ROW_IS("rlimit_nofile_soft", "64");
  ROW_IS("rlimit_nofile_hard", "64");
  ROW_IS("rlimit_fsize_soft", "4096");
  ROW_IS("rlimit_fsize_hard", "4096");
  run_inside(&config, "do", "manyfds:70", "manyfds:20", "text:/etc/hosts", "text:/etc/passwd", "text:/etc/group", NULL);
  ROW_IS("manyfds:70", "EMFILE");
  ROW_IS("manyfds:20", "ok");
  ROW_IS("text:/etc/hosts", "127.0.0.1 localhost|::1 localhost|127.0.1.1 box-7|");
  ROW_IS("text:/etc/passwd", text_of("jail:x:%u:%u:jail:/tmp:/bin/sh|nobody:x:65534:65534:nobody:/:/usr/sbin/nologin|",
                                     inside_uid, inside_gid));
  ROW_IS("text:/etc/group", text_of("jail:x:%u:|nogroup:x:65534:|", inside_gid));
}

/* Root gives every launch a uid of its own; an ordinary user may look like another one inside. */
static void test_ids(void) {
  uint32_t uid = inside_uid, gid = inside_gid;
  if (geteuid() == 0) {
    inside_uid = inside_gid = 0; /* let the library choose */
    run_inside(&strict, "self", NULL);
    uint32_t first = inside_last.uid;
    OK(first >= 0x70000000u && first < 0x7ffe0000u, "root: a uid is chosen (%u)", first);
    ROW_IS("uid", text_of("%u", first));
    ROW_IS("gid", text_of("%u", first));
    run_inside(&strict, "self", NULL);
    OK(inside_last.uid >= 0x70000000u && inside_last.uid != first, "root: another launch gets another one (%u)",
       inside_last.uid);
  } else {
    jailer_config config = strict;
    config.uid = 4321;
    config.gid = 1234;
    run_inside(&config, "self", NULL);
    ROW_IS("uid", "4321");
    ROW_IS("gid", "1234");
    OK(inside_last.uid == geteuid(), "an ordinary user stays the same on the host (%u)", inside_last.uid);
  }
  inside_uid = uid;
  inside_gid = gid;
}

/* ---------------------------------------------------------------- environment and descriptors */

static void test_environment(void) {
  static const char *const env[] = {"LANG=C", "EMPTY=", "A=b=c", NULL}, *const own_path[] = {"PATH=/nowhere", NULL};
  static const char path[] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  jailer_config config = strict;
  setenv("LD_PRELOAD_NOT", "x", 1);
  run_inside(&strict, "env", NULL);
  ROW_IS("env0", path);
  ROW_IS("env_count", "1");
  config.env = env;
  run_inside(&config, "env", NULL);
  ROW_IS("env0", "LANG=C");
  ROW_IS("env1", "EMPTY=");
  ROW_IS("env2", "A=b=c");
  ROW_IS("env3", path);
  ROW_IS("env_count", "4");
  config.env = own_path;
  run_inside(&config, "env", NULL);
  ROW_IS("env0", "PATH=/nowhere");
  ROW_IS("env_count", "1");
  run_outside("env", NULL);
  OK(number_of("env_count") > 1, "outside there are more (%lld)", number_of("env_count"));
  unsetenv("LD_PRELOAD_NOT");
}

static void test_descriptors(void) {
  int many[40], ends[2];
  jailer_fd fds[3];
  jailer_config config = strict;
  for (int i = 0; i < 40; i++) many[i] = open(i % 2 ? "/" : "/dev/null", O_RDONLY); /* inheritable, on purpose */
  int high = fcntl(many[0], F_DUPFD, 600);
  run_inside(&strict, "fds", NULL);
  ROW_IS("fds", "0,1,2");
  run_outside("fds", NULL);
  ROW_IS_NOT("fds", "0,1,2");
  if (pipe(ends) < 0) inside_die("pipe");
  fds[0] = (jailer_fd){ends[0], true, 30};
  fds[1] = (jailer_fd){ends[1], true, 31};
  fds[2] = (jailer_fd){many[0], true, 900};
  config.fds = fds;
  config.fd_count = 3;
  run_inside(&config, "fds", NULL);
  ROW_IS("fds", "0,1,2,30,31,900");
  OK(strncmp(value_of("fd30"), "pipe:", 5) == 0 && strncmp(value_of("fd31"), "pipe:", 5) == 0,
     "kept descriptors are the right ones");
  ROW_IS("fd900", "/dev/null");
  config.fd_count = 0;
  config.stdio = JAILER_STDIO_NULL;
  run_inside(&config, "fds", NULL);
  ROW_IS("fds", "0,1,2");
  ROW_IS("fd0", "/dev/null");
  ROW_IS("fd2", "/dev/null");
  int saved = dup(0);
  close(0);
  run_inside(&strict, "fds", NULL);
  ROW_IS("fds", "0,1,2");
  ROW_IS("fd0", "/dev/null");
  dup2(saved, 0);
  close(saved);
  close(ends[0]);
  close(ends[1]);
  close(high);
  for (int i = 0; i < 40; i++) close(many[i]);
}

/* ---------------------------------------------------------------- grants */

static jailer_config with_grants(const jailer_grant *grants, size_t count) {
  jailer_config config = strict;
  config.grants = grants;
  config.grant_count = count;
  return config;
}

static void test_read_and_exec(void) {
  make_dir("ro");
  make_file("ro/file", "text");
  make_program("ro/program");
  make_dir("ro/dir");
  const jailer_grant grants[] = {{in_dir("ro"), "/ro", JAILER_READ, false}, {in_dir("ro"), "/ex", JAILER_EXEC, false}};
  jailer_config config = with_grants(grants, 2);
  static const char *const refused[] = {
      "write:/ro/file",         "create:/ro/new",       "unlink:/ro/file",      "mkdir:/ro/new",
      "rename:/ro/file,/ro/f2", "symlink:/tmp,/ro/s",   "link:/ro/file,/ro/l",  "rmdir:/ro/dir",
      "mkfifo:/ro/fifo",        "truncate:/ro/file",    "touch:/ro/file",       "chmod:/ro/file,600",
      "setxattr:/ro/file",      "write:/ex/file",       "create:/ex/new",       "unlink:/ex/program",
      "chmod:/ex/file,700",     "truncate:/ex/program", "link:/ro/file,/tmp/l", "bind:/ro/socket"};
  for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
    run_inside(&config, "do", refused[i], NULL);
    const char *got = value_of(refused[i]);
    OK(strcmp(got, "EROFS") == 0 || strcmp(got, "EACCES") == 0 || strcmp(got, "EXDEV") == 0, "refused: %s (%s)",
       refused[i], got);
  }
  run_inside(&config, "do", "read:/ro/file", "list:/ro", "list:/ro/dir", "exec:/ro/program", "mapexec:/ro/program",
             "read:/ex/file", "exec:/ex/program", "mapexec:/ex/program", "stat:/ro/../root", NULL);
  ROW_IS("read:/ro/file", "ok");
  ROW_IS("list:/ro", "ok");
  ROW_IS("list:/ro/dir", "ok");
  ROW_IS("exec:/ro/program", "EACCES");
  ROW_IS("mapexec:/ro/program", "EPERM");
  ROW_IS("read:/ex/file", "ok");
  ROW_IS("exec:/ex/program", "ok");
  ROW_IS("mapexec:/ex/program", "ok");
  ROW_IS("stat:/ro/../root", "ENOENT");
  run_outside("do", text_of("exec:%s", in_dir("ro/program")), text_of("touch:%s", in_dir("ro/file")),
              text_of("mapexec:%s", in_dir("ro/program")), text_of("create:%s", in_dir("ro/new")), NULL);
  ROW_IS(text_of("exec:%s", in_dir("ro/program")), "ok");
  ROW_IS(text_of("touch:%s", in_dir("ro/file")), "ok");
  ROW_IS(text_of("mapexec:%s", in_dir("ro/program")), "ok");
  ROW_IS(text_of("create:%s", in_dir("ro/new")), "ok");
}

static void test_write(void) {
  make_dir("rw");
  make_file("rw/file", "text");
  make_program("rw/program");
  const jailer_grant grants[] = {{in_dir("rw"), NULL, JAILER_WRITE, false}}; /* the same path inside */
  jailer_config config = with_grants(grants, 1);
  const char *rw = in_dir("rw");
  static const char *const good[] = {
      "write:%s/file",    "create:%s/new",  "mkdir:%s/d",       "symlink:/etc/shadow,%s/s",
      "mkfifo:%s/fifo",   "bind:%s/socket", "copy:/probe,%s/p", "chmod:%s/p,755",
      "truncate:%s/file", "touch:%s/file",  "read:%s/p",        "rmdir:%s/d"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    char row[PATH_MAX + 64];
    const char *hole = strstr(good[i], "%s");
    snprintf(row, sizeof row, "%.*s%s%s", (int)(hole - good[i]), good[i], rw, hole + 2);
    run_inside(&config, "do", row, NULL);
    ROW_IS(row, "ok");
  }
  const char *rows[] = {text_of("exec:%s/program", rw), text_of("exec:%s/p", rw),       text_of("mapexec:%s/p", rw),
                        text_of("read:%s/s", rw),       text_of("chmod:%s/p,4755", rw), text_of("chmod:%s/p,2755", rw)};
  static const char *const wanted[] = {"EACCES", "EACCES", "EPERM", "ENOENT", "EPERM", "EPERM"};
  for (size_t i = 0; i < 6; i++) {
    run_inside(&config, "do", rows[i], NULL);
    ROW_IS(rows[i], wanted[i]);
  }
  struct stat st;
  OK(stat(in_dir("rw/p"), &st) == 0 && st.st_uid == inside_uid && (st.st_mode & 07777) == 0755,
     "what it wrote is on the host, its own, and not set-id (%o)", st.st_mode & 07777);
  run_outside("do", rows[1], rows[2], rows[4], NULL);
  ROW_IS(rows[1], "ok");
  ROW_IS(rows[2], "ok");
  ROW_IS(rows[4], "ok");
  chmod(in_dir("rw/p"), 0755);
}

static void test_file_grants(void) {
  make_file("one", "text");
  make_file("two", "text");
  make_program("three");
  const jailer_grant grants[] = {{in_dir("one"), NULL, JAILER_READ, false},
                                 {in_dir("two"), "/data/two", JAILER_WRITE, false},
                                 {in_dir("three"), "/data/bin/three", JAILER_EXEC, false},
                                 {"/dev/full", "/data/full", JAILER_DEVICE, false},
                                 {in_dir("missing"), "/data/missing", JAILER_READ, true},
                                 {"/dev/kvm", NULL, JAILER_DEVICE, true}};
  jailer_config config = with_grants(grants, 5);
  const char *one = text_of("read:%s", in_dir("one")), *deny = text_of("write:%s", in_dir("one"));
  run_inside(&config, "do", one, deny, "read:/data/two", "write:/data/two", "exec:/data/two", "exec:/data/bin/three",
             "write:/data/bin/three", "write:/data/full", "read:/data/full", "touch:/data/full", "stat:/data/missing",
             "ls:/data", "create:/data/x", "unlink:/data/two", "rename:/data/two,/data/x", text_of("ls:%s", inside_dir),
             NULL);
  if (!RAN("file grants")) return;
  ROW_IS(one, "ok");
  ROW_IS(deny, "EROFS");
  ROW_IS("read:/data/two", "ok");
  ROW_IS("write:/data/two", "ok");
  ROW_IS("exec:/data/two", "EACCES");
  ROW_IS("exec:/data/bin/three", "ok");
  ROW_IS("write:/data/bin/three", "EROFS");
  ROW_IS("write:/data/full", "ENOSPC");
  ROW_IS("read:/data/full", "ok");
  ROW_IS("touch:/data/full", "EROFS");
  ROW_IS("stat:/data/missing", "ENOENT");
  ROW_IS("ls:/data", "bin,full,two");
  ROW_IS("create:/data/x", "EROFS");
  ROW_IS_NOT("unlink:/data/two", "ok");
  ROW_IS_NOT("rename:/data/two,/data/x", "ok");
  ROW_IS(text_of("ls:%s", inside_dir), "one");
  config.grant_count = 6;
  if (geteuid() != 0 && access("/dev/kvm", F_OK) == 0 && access("/dev/kvm", R_OK | W_OK) < 0) {
    REFUSED(&config, JAILER_E_DENIED, JAILER_E_DENIED, "a device that the target's user cannot use");
  } else if (geteuid() == 0 && access("/dev/kvm", F_OK) == 0) {
    struct stat st;
    stat("/dev/kvm", &st);
    bool reach = (st.st_mode & 06) == 06 || (st.st_gid && (st.st_mode & 060) == 060);
    run_inside(&config, "do", "read:/dev/kvm", NULL);
    OK(reach ? inside_last.code == JAILER_OK : inside_last.code == JAILER_E_DENIED,
       "/dev/kvm goes by its mode and group");
  }
}

static void test_nested(void) {
  make_dir("tree");
  make_dir("tree/in");
  make_dir("tree/ro");
  make_file("tree/ro/file", "text");
  make_file("tree/keep", "text");
  make_dir("outer");
  make_dir("outer/state");
  make_program("outer/program");
  const jailer_grant grants[] = {{in_dir("tree"), "/t", JAILER_WRITE, false},
                                 {in_dir("tree/ro"), "/t/ro", JAILER_READ, false},
                                 {in_dir("tree/keep"), "/t/keep", JAILER_READ, false},
                                 {in_dir("outer"), "/o", JAILER_EXEC, false},
                                 {in_dir("outer/state"), "/o/state", JAILER_WRITE, false}};
  jailer_config config = with_grants(grants, 5);
  run_inside(&config, "do", "create:/t/new", "create:/t/ro/new", "write:/t/ro/file", "read:/t/ro/file", "write:/t/keep",
             "rename:/t/ro,/t/x", "rename:/t/keep,/t/x", "unlink:/t/keep", "exchange:/t/ro,/t/in", "rmdir:/t/ro",
             "create:/o/state/new", "copy:/probe,/o/state/p", "exec:/o/state/p", "exec:/o/program", "create:/o/new",
             "link:/t/ro/file,/t/l", "rename:/t/new,/t/ro/new", "chmod:/t/ro,700", NULL);
  if (!RAN("nested grants")) return;
  ROW_IS("create:/t/new", "ok");
  ROW_IS("create:/t/ro/new", "EROFS");
  ROW_IS("write:/t/ro/file", "EROFS");
  ROW_IS("read:/t/ro/file", "ok");
  ROW_IS("write:/t/keep", "EROFS");
  ROW_IS("rename:/t/ro,/t/x", "EBUSY");
  ROW_IS("rename:/t/keep,/t/x", "EBUSY");
  ROW_IS("unlink:/t/keep", "EBUSY");
  ROW_IS("exchange:/t/ro,/t/in", "EBUSY");
  ROW_IS("rmdir:/t/ro", "EBUSY");
  ROW_IS("create:/o/state/new", "ok");
  ROW_IS("copy:/probe,/o/state/p", "ok");
  ROW_IS("exec:/o/state/p", "EACCES");
  ROW_IS("exec:/o/program", "ok");
  ROW_IS("create:/o/new", "EROFS");
  ROW_IS("link:/t/ro/file,/t/l", "EXDEV");
  ROW_IS("rename:/t/new,/t/ro/new", "EXDEV");
  ROW_IS("chmod:/t/ro,700", "EROFS");
}

/* ---------------------------------------------------------------- each field changes its own thing */

static char panel[INSIDE_TEXT];

/* The attacks whose answer differs from the strict jail's, sorted and joined. */
static const char *changed(const jailer_config *config) {
  static char list[4096];
  run_inside(config, "attack", NULL);
  list[0] = 0;
  for (const char *line = panel; line && *line; line = after(line, '\n')) {
    char name[64];
    size_t n = strcspn(line, " \n"), whole = strcspn(line, "\n");
    if (n == 0 || n >= sizeof name || line[n] != ' ') continue;
    memcpy(name, line, n);
    name[n] = 0;
    const char *now = value_of(name);
    if (strlen(now) == whole - n - 1 && strncmp(now, line + n + 1, strlen(now)) == 0) continue;
    if (strlen(list) + n + 2 < sizeof list) strcat(strcat(list, *list ? "," : ""), name);
  }
  return inside_last.code == JAILER_OK ? list : "launch failed";
}

#define CHANGES(config, wanted, what) \
  do { \
    const char *changed_list = changed(config); \
    OK(strcmp(changed_list, wanted) == 0, "%s changes exactly: %s (%s)", what, *(wanted) ? wanted : "nothing", \
       changed_list); \
  } while (0)

static void test_fields(void) {
  jailer_config config = strict;
  run_inside(&strict, "attack", NULL);
  memcpy(panel, inside_last.text, sizeof panel);
  CHANGES(&strict, "", "a second launch");

  config.allow_exec_memfd = true;
  CHANGES(&config, "memfd,memfd_exec,memfd_plain_exec", "allow_exec_memfd");

  config = strict;
  config.allow_network = true;
  CHANGES(&config, "", "allow_network");
  run_inside(&strict, "sockets", NULL);
  ROW_IS("families", "1");
  run_outside("sockets", NULL);
  ROW_IS_NOT("families", "1");
  run_inside(&config, "sockets", NULL);
  const char *families = value_of("families");
  OK(strcmp(families, "1,2,10,16") == 0 || strcmp(families, "1,2,16") == 0, "allow_network: families %s", families);
  run_inside(&config, "self", NULL);
  char link[128] = "";
  ssize_t n = readlink("/proc/self/ns/net", link, sizeof link - 1);
  link[n > 0 ? n : 0] = 0;
  ROW_IS("ns_net", link);
  run_inside(&config, "do", "socket:2,3,1", "socket:17,3,0", "socket:16,3,12", "socket:2,1,132", "socket:40,1,0",
             "stat:/root", "stat:/etc/shadow", NULL);
  ROW_IS("socket:2,3,1", "EPERM");
  ROW_IS("socket:17,3,0", "EAFNOSUPPORT");
  ROW_IS("socket:16,3,12", "EAFNOSUPPORT");
  ROW_IS("socket:2,1,132", "EPROTONOSUPPORT");
  ROW_IS("stat:/root", "ENOENT");
  ROW_IS("stat:/etc/shadow", "ENOENT");

  config = strict;
  config.allow_full_proc = true;
  CHANGES(&config, "", "allow_full_proc");
  run_inside(&config, "do", "read:/proc/cpuinfo", "write:/proc/sysrq-trigger", "write:/proc/sys/kernel/hostname",
             "write:/proc/sys/kernel/core_pattern", "read:/proc/kcore", "stat:/proc/2", NULL);
  ROW_IS("read:/proc/cpuinfo", "ok");
  OK(strcmp(value_of("write:/proc/sysrq-trigger"), access("/proc/sysrq-trigger", F_OK) == 0 ? "EACCES" : "ENOENT") == 0,
     "allow_full_proc: sysrq-trigger stays shut (%s)", value_of("write:/proc/sysrq-trigger"));
  ROW_IS("write:/proc/sys/kernel/hostname", "EACCES");
  ROW_IS("write:/proc/sys/kernel/core_pattern", "EACCES");
  ROW_IS_NOT("read:/proc/kcore", "ok");

  config = strict;
  config.allow_pty = true;
  CHANGES(&config, "", "allow_pty");
  run_inside(&config, "do", "ls:/dev", "ls:/dev/pts", "ls:/", NULL);
  const bool tty = access("/dev/tty", F_OK) == 0;
  ROW_IS("ls:/dev", tty ? "fd,full,null,ptmx,pts,random,shm,stderr,stdin,stdout,tty,urandom,zero"
                        : "fd,full,null,ptmx,pts,random,shm,stderr,stdin,stdout,urandom,zero");
  ROW_IS("ls:/dev/pts", "ptmx");
  run_inside(&config, "mounts", NULL);
  check_mounts(NULL, NULL);

  config = strict;
  config.outlive_launcher = true;
  CHANGES(&config, "", "outlive_launcher");
  run_inside(&config, "self", NULL);
  ROW_IS("pdeathsig", "0");

  config = strict;
  config.allow_unsafe_fds = true;
  CHANGES(&config, "", "allow_unsafe_fds");

  config = strict;
  config.allow_userns = true;
  CHANGES(&config, "fsconfig,open_tree_plain,mount_setattr,unshare_user,unshare_high,clone_user,clone_high,clone3",
          "allow_userns");
}

/* The probe without any of the system's directories. */
static bool probe_is_static(void) {
  Elf64_Ehdr head;
  Elf64_Phdr part;
  bool is = true;
  int fd = open(inside_probe, O_RDONLY | O_CLOEXEC);
  if (fd < 0 || read(fd, &head, sizeof head) != (ssize_t)sizeof head) is = false;
  for (int i = 0; is && i < head.e_phnum; i++) {
    if (pread(fd, &part, sizeof part, (off_t)(head.e_phoff + (size_t)i * head.e_phentsize)) != (ssize_t)sizeof part)
      is = false;
    if (is && part.p_type == PT_INTERP) is = false;
  }
  close(fd);
  return is;
}

static void test_without_system(void) {
  jailer_config config = strict;
  config.without_system = true;
  if (!probe_is_static()) {
    tap_skip("without_system", "a static libc is not installed");
    return;
  }
  run_inside(&config, "do", "lsl:/", "lsl:/dev", "ls:/proc", "exec:/probe", "create:/tmp/x", "stat:/usr", "stat:/etc",
             NULL);
  if (!RAN("without_system")) return;
  ROW_IS("lsl:/", "dev,probe,proc,tmp");
  ROW_IS("lsl:/dev", dev_listing);
  ROW_IS("ls:/proc", "self,thread-self");
  ROW_IS("exec:/probe", "ok");
  ROW_IS("create:/tmp/x", "ok");
  ROW_IS("stat:/usr", "ENOENT");
  ROW_IS("stat:/etc", "ENOENT");
  CHANGES(&config, "", "without_system");
}

/* ---------------------------------------------------------------- others */

/* A process, an abstract socket, shared memory and a queue of the host: in reach outside, nowhere inside. */
static void test_others(void) {
  static int secret = 42;
  const pid_t pid = getpid();
  char name[64];
  struct sockaddr_un address = {AF_UNIX, ""};
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), key = 0x4a000000 + pid;
  snprintf(name, sizeof name, "jail-test-%d", pid);
  memcpy(address.sun_path + 1, name, strlen(name));
  if (bind(listener, (struct sockaddr *)&address,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name))) < 0 ||
      listen(listener, 5) < 0)
    inside_die("abstract socket");
  int shm = shmget(key, 4096, IPC_CREAT | 0666);
  const char *rows[] = {text_of("kill:%d", pid),       text_of("tkill:%d", pid),
                        text_of("pidfd:%d", pid),      text_of("getpgid:%d", pid),
                        text_of("sched:%d", pid),      text_of("prlimit:%d", pid),
                        text_of("abstract:%s", name),  text_of("shm:%d", key),
                        text_of("stat:/proc/%d", pid), text_of("vmread:%d,%lx", pid, (unsigned long)(uintptr_t)&secret),
                        text_of("ptrace:%d", pid)};
  static const char *const wanted[] = {"ESRCH",        "ESRCH",  "ESRCH",  "ESRCH", "ESRCH", "ESRCH",
                                       "ECONNREFUSED", "ENOENT", "ENOENT", "EPERM", "EPERM"};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    run_inside(&strict, "do", rows[i], NULL);
    ROW_IS(rows[i], wanted[i]);
  }
  run_outside("do", rows[0], rows[1], rows[2], rows[3], rows[4], rows[5], rows[6], rows[7], rows[8], NULL);
  for (size_t i = 0; i < 9; i++) ROW_IS(rows[i], "ok");
  jailer_config config = strict;
  config.allow_network =
      true; /* the host's network, and its abstract sockets as far as Landlock (ABI 6) does not scope */
  run_inside(&config, "do", rows[6], NULL);
  jailer_host host;
  jailer_probe(&host, NULL);
  ROW_IS(rows[6], host.landlock_abi >= 6 ? "EPERM" : "ok");
  if (shm >= 0) shmctl(shm, IPC_RMID, NULL);
  close(listener);
}

/* Another jail at the same time, with the same user: it is not seen, and its files are not there. */
static void test_neighbours(void) {
  make_dir("n1");
  make_dir("n2");
  const jailer_grant first[] = {{in_dir("n1"), "/mine", JAILER_WRITE, false},
                                {inside_probe, "/probe", JAILER_EXEC, false}};
  const jailer_grant second[] = {{in_dir("n2"), "/mine", JAILER_WRITE, false}};
  static const char *const argv[] = {"/probe", "sleep", "30", NULL};
  jailer_config config = with_grants(first, 2);
  jailer_proc proc;
  jailer_status status;
  config.argv = argv;
  config.stdio = JAILER_STDIO_NULL;
  config.uid = geteuid() ? 0 : inside_uid;
  config.gid = geteuid() ? 0 : inside_gid;
  if (!OK(jailer_launch(&config, &proc, &inside_last.err) == JAILER_OK, "a neighbour runs")) return;
  config = with_grants(second, 1);
  const char *pid = text_of("kill:%d", (int)proc.pid), *path = text_of("stat:%s", in_dir("n1"));
  run_inside(&config, "do", pid, "stat:/proc/2", path, "ls:/mine", "kill:-1", NULL);
  ROW_IS(pid, "ESRCH");
  ROW_IS(path, "ENOENT");
  ROW_IS("ls:/mine", "empty");
  run_outside("do", pid, path, NULL);
  ROW_IS(pid, "ok");
  ROW_IS(path, "ok");
  jailer_kill(&proc, SIGKILL, NULL);
  OK(jailer_wait(&proc, 5000, &status, NULL) == JAILER_OK && !status.exited && status.signal == SIGKILL,
     "the neighbour ends");
}

/* ---------------------------------------------------------------- the end of the launcher */

/* A launcher of its own process: it launches, tells the target's pid, and waits to be killed. */
static pid_t launcher(bool outlive, bool with_init, pid_t *target) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) inside_die("pipe2");
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    static const char *const argv[] = {"/probe", "sleep", "60", NULL};
    const jailer_grant grants[] = {{inside_probe, "/probe", JAILER_EXEC, false}};
    jailer_config config = with_grants(grants, 1);
    jailer_proc proc;
    int told = -1;
    config.argv = argv;
    config.stdio = JAILER_STDIO_NULL;
    config.outlive_launcher = outlive;
    config.with_init = with_init;
    if (jailer_launch(&config, &proc, NULL) == JAILER_OK) told = (int)proc.pid;
    if (write(ends[1], &told, sizeof told) < 0) _exit(1);
    for (;;) pause();
  }
  int told = -1;
  close(ends[1]);
  if (read(ends[0], &told, sizeof told) != (ssize_t)sizeof told) told = -1;
  close(ends[0]);
  *target = told;
  return pid;
}

static void test_launcher_death(void) {
  for (int round = 0; round < 3; round++) {
    const bool outlive = round == 1, with_init = round == 2;
    const char *what = outlive ? "outlive_launcher" : with_init ? "with_init" : "strict";
    pid_t target, pid = launcher(outlive, with_init, &target);
    int status, fd = target > 0 ? (int)syscall(SYS_pidfd_open, target, 0) : -1;
    struct pollfd ended = {fd, POLLIN, 0};
    OK(target > 0 && fd >= 0 && poll(&ended, 1, 50) == 0, "%s: the target runs", what);
    kill(pid, SIGKILL);
    waitpid(pid, &status, 0);
    if (outlive) {
      OK(fd >= 0 && poll(&ended, 1, 300) == 0, "%s: it goes on after the launcher's death", what);
      if (target > 0) syscall(424, fd, SIGKILL, NULL, 0); /* pidfd_send_signal */
    }
    OK(fd >= 0 && poll(&ended, 1, 1000) == 1, "%s: it is gone within a second%s", what,
       outlive ? ", once it is killed" : "");
    if (fd >= 0) close(fd);
  }
}

/* A thread that launches and ends takes its target with it: PR_SET_PDEATHSIG counts threads. */
static void *launching_thread(void *arg) {
  static const char *const argv[] = {"/probe", "sleep", "60", NULL};
  const jailer_grant grants[] = {{inside_probe, "/probe", JAILER_EXEC, false}};
  jailer_config config = with_grants(grants, 1);
  config.argv = argv;
  config.stdio = JAILER_STDIO_NULL;
  if (jailer_launch(&config, arg, NULL)) memset(arg, 0, sizeof(jailer_proc));
  return NULL;
}

static void test_thread_death(void) {
  pthread_t thread;
  jailer_proc proc;
  jailer_status status;
  if (pthread_create(&thread, NULL, launching_thread, &proc)) inside_die("pthread_create");
  pthread_join(thread, NULL);
  if (!OK(proc.pid > 0, "a thread launches and ends")) return;
  OK(jailer_wait(&proc, 1000, &status, NULL) == JAILER_OK && !status.exited && status.signal == SIGKILL,
     "its target ends with it, as documented");
}

int main(void) {
  inside_start("test_jail");
  test_listings();
  test_absent();
  test_writing();
  test_mounts();
  test_identity();
  test_counted_limits();
  test_namespaces();
  test_names_and_limits();
  test_ids();
  test_environment();
  test_descriptors();
  test_read_and_exec();
  test_write();
  test_file_grants();
  test_nested();
  test_fields();
  test_without_system();
  test_others();
  test_neighbours();
  test_launcher_death();
  test_thread_death();
  return tap_done();
}
