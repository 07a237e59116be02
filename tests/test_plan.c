/* test_plan.c: the plan room. What is granted, in which order it is mounted, what is refused and why; first with
 * made-up sources (the pure part), then through jailer_plan_new with real files. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <sys/syscall.h>
static bool hook(long nr, const long args[6], long *result);
#define JAILER_SYS_HOOK hook
#endif
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

static jailer_error err;

/* Of the processor, not of the wall: what else runs on this machine does not count. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- the pure part: made-up sources --- */

#define R JAILER_READ
#define X JAILER_EXEC
#define W JAILER_WRITE
#define D JAILER_DEVICE
enum {
  DIR_ = JL_S_IFDIR | 0755,
  FILE_ = JL_S_IFREG | 0644,
  CHAR_ = JL_S_IFCHR | 0666,
  BLOCK_ = JL_S_IFBLK | 0660,
  SOCK_ = JL_S_IFSOCK | 0777,
  FIFO_ = JL_S_IFIFO | 0666
};

typedef struct row {
  const char *path, *at; /* at NULL: the same */
  jailer_access access;
  jl_origin origin;
  uint32_t mode;        /* 0: a directory */
  uint64_t ino;         /* 0: one of its own for every path */
  const char *link;     /* a kept link */
  const char *resolved; /* NULL: path */
  bool missing;
} row;

/* FNV-1a: one inode number for every path. */
static uint64_t number_of(const char *path) {
  uint64_t h = 1469598103934665603ull;
  for (; *path; path++) h = (h ^ (unsigned char)*path) * 1099511628211ull;
  return h | 1;
}

static jailer_plan plan;
static jailer_engine build_engine = JAILER_ENGINE_NATIVE;

static void plan_drop(void) {
  jl_arena_free(&plan.arena);
  memset(&plan, 0, sizeof plan);
}

/* System rows must come first, as they do in a real plan. */
static jailer_code build(const row *rows, size_t count) {
  plan_drop();
  memset(&err, 0, sizeof err);
  plan.engine = build_engine;
  plan.hostname = "jail";
  plan.without_system = true;
  plan.sources = jl_arena_array(&plan.arena, count + 1, sizeof *plan.sources);
  for (size_t i = 0; i < count; i++) {
    jl_source *s =
        jl_plan_want(&plan, rows[i].path, rows[i].at ? rows[i].at : rows[i].path, rows[i].access, rows[i].origin);
    s->resolved = rows[i].resolved ? rows[i].resolved : rows[i].path;
    s->link = rows[i].link;
    s->exists = !rows[i].missing;
    s->st.mode = rows[i].mode ? rows[i].mode : DIR_;
    s->st.dev = 7;
    s->st.ino = rows[i].ino ? rows[i].ino : number_of(s->resolved);
  }
  jailer_limits limits;
  memset(&limits, 0, sizeof limits);
  return jl_plan_build(&plan, &limits, &err);
}

static const jl_node *node_at(const char *at) {
  const jl_node *found = NULL;
  for (size_t i = 0; i < plan.nodes.count; i++)
    if (!strcmp(plan.nodes.item[i].at, at)) {
      if (found) return NULL; /* twice is as wrong as never */
      found = &plan.nodes.item[i];
    }
  return found;
}

#define C JAILER_E_CONFLICT
#define U JAILER_E_UNSAFE
#define CFG JL_FROM_CONFIG
#define SYS JL_FROM_SYSTEM
#define BOX JL_FROM_BOX
#define PRG JL_FROM_PROGRAM
#define HOME JL_FENCE_HOME
#define ROOT JL_FENCE_ROOT
#define G(p, a, acc) \
  { p, a, acc, CFG, 0, 0, NULL, NULL, false }
#define GF(p, a, acc) \
  { p, a, acc, CFG, FILE_, 0, NULL, NULL, false }
#define GI(p, a, acc, i) \
  { p, a, acc, CFG, 0, i, NULL, NULL, false }
#define S(p, acc) \
  { p, NULL, acc, SYS, 0, 0, NULL, NULL, false }
#define L(p, to) \
  { p, NULL, X, SYS, 0, 0, to, NULL, false }
#define F(p, kind) \
  { p, NULL, R, kind, 0, 0, NULL, NULL, false }
#define M(p, acc) \
  { p, NULL, acc, CFG, 0, 0, NULL, NULL, true }
#define GR(p, a, acc, res) \
  { p, a, acc, CFG, 0, 0, NULL, res, false }

static const struct {
  const char *name;
  jailer_code code;
  row rows[7];
} cases[] = {
    {"one grant", 0, {G("/a", 0, R)}},
    {"the same grant twice is one", 0, {G("/a", 0, W), G("/a", 0, W)}},
    {"read and exec of one path is exec", 0, {G("/a", 0, X), G("/a", 0, R)}},
    {"same path ro and rw", C, {G("/a", 0, R), G("/a", 0, W)}},
    {"same path rw and exec", C, {G("/a", 0, W), G("/a", 0, X)}},
    {"same inode by another name, ro and rw", C, {GI("/a", 0, R, 5), GI("/b", 0, W, 5)}},
    {"same inode by three names, the writable one last", C, {GI("/a", 0, R, 5), GI("/c", 0, X, 5), GI("/b", 0, W, 5)}},
    {"same inode ro at two places", 0, {GI("/a", 0, R, 5), GI("/b", 0, R, 5)}},
    {"same inode ro and exec at two places", 0, {GI("/a", 0, R, 5), GI("/b", 0, X, 5)}},
    {"same inode rw at two places", 0, {GI("/a", 0, W, 5), GI("/b", 0, W, 5)}},
    {"one place from two paths", C, {G("/a", "/x", R), G("/b", "/x", R)}},
    {"same path ro and rw at different places", C, {G("/a", "/x", R), G("/a", "/y", W)}},
    {"\"/\" as a path", C, {G("/", "/host", R)}},
    {"\"/\" as a place", C, {G("/a", "/", R)}},
    {"\"/\" by a symbolic link", C, {GR("/a/slash", "/host", R, "/")}},
    {"/proc as a place", C, {G("/a", "/proc", R)}},
    {"below /proc as a place", C, {G("/a", "/proc/a", R)}},
    {"/process is not /proc", 0, {G("/a", "/process", R)}},
    {"the host's /proc as a path", C, {G("/proc", "/hostproc", R)}},
    {"a process of the host as a path", C, {G("/proc/1", "/one", R)}},
    {"/proc/PID/root by name", C, {G("/proc/1/root", "/one", R)}},
    {"/proc/sys is no process", 0, {G("/proc/sys/kernel", "/k", R)}},
    /* nesting on the host's side */
    {"rw below ro", 0, {G("/a", 0, R), G("/a/b/c", 0, W)}},
    {"ro as a direct child of rw", 0, {G("/a", 0, W), G("/a/b", 0, R)}},
    {"exec as a direct child of rw", 0, {G("/a", 0, W), G("/a/b", 0, X)}},
    {"ro two levels below rw", C, {G("/a", 0, W), G("/a/b/c", 0, R)}},
    {"exec two levels below rw", C, {G("/a", 0, W), G("/a/b/c", 0, X)}},
    {"a device two levels below rw", C, {G("/a", 0, W), {"/a/b/c", 0, D, CFG, CHAR_, 0, 0, 0, false}}},
    {"ro deep below rw below ro", C, {G("/a", 0, R), G("/a/b", 0, W), G("/a/b/c/d", 0, R)}},
    {"ro directly below rw below rw", C, {G("/a", 0, W), G("/a/b", 0, W), G("/a/b/c", 0, R)}},
    {"a name that only begins alike", 0, {G("/a", 0, W), G("/ab/c/d", 0, R)}},
    {"names around '/' in the byte order",
     0,
     {G("/a", 0, W), G("/a-b/c/d", 0, R), G("/a.b/c/d", 0, R), G("/a/b", 0, R)}},
    {"names around '/', the conflict behind them",
     C,
     {G("/a", 0, W), G("/a-b", 0, R), G("/a.b", 0, R), G("/a/b/c", 0, R)}},
    {"high bytes in names", C, {G("/\xff", 0, W), G("/\xff/\x80/\xfe", 0, R)}},
    /* places that differ from paths */
    {"rw with its ro child at another place", C, {G("/a", 0, W), G("/a/b", "/b", R)}},
    {"rw at another place with its ro child at home", C, {G("/a", "/x", W), G("/a/b", 0, R)}},
    {"rw and its ro child moved together", 0, {G("/a", "/x", W), G("/a/b", "/x/b", R)}},
    {"ro child renamed on the way", C, {G("/a", "/x", W), G("/a/b", "/x/c", R)}},
    {"ro child of rw, and rw shown a second time", C, {G("/a", 0, W), G("/a", "/x", W), G("/a/b", 0, R)}},
    {"the same, the second rw by a bind mount", C, {GI("/a", 0, W, 5), GI("/m", 0, W, 5), G("/a/b", 0, R)}},
    {"ro deeper than a direct child inside only", C, {G("/a", "/x", W), G("/b", "/x/y/z", R)}},
    {"ro as a direct child inside only", 0, {G("/a", "/x", W), G("/b", "/x/y", R)}},
    {"ro in rw in rw, inside only", C, {G("/a", "/x", W), G("/b", "/x/y/z", W), G("/c", "/x/y/z/w", R)}},
    {"rw deep below rw, inside only", 0, {G("/a", "/x", W), G("/b", "/x/y/z", W)}},
    {"written at one place, executed at another", C, {G("/a", 0, X), G("/a/b", "/y", W)}},
    {"written and executed at the same place: noexec covers it", 0, {G("/a", 0, X), G("/a/b", 0, W)}},
    {"written and moved with its exec parent", 0, {G("/a", "/x", X), G("/a/b/c", "/x/b/c", W)}},
    {"written below a second, moved exec parent", C, {G("/a", 0, X), G("/a", "/x", X), G("/a/b", 0, W)}},
    {"written at one place, executed through a system directory", C, {S("/usr", X), G("/usr/share/d", "/d", W)}},
    {"a system directory itself, written elsewhere", C, {S("/usr", X), G("/usr", "/d", W)}},
    {"written below a system directory at the same place", 0, {S("/usr", X), G("/usr/share/d", 0, W)}},
    {"read at one place, executed at another", 0, {G("/a", 0, X), G("/a/b", "/y", R)}},
    /* files and types */
    {"below a granted file", C, {GF("/a", 0, R), G("/b", "/a/b", R)}},
    {"a file in a granted directory", 0, {G("/a", 0, R), GF("/a/b", 0, W)}},
    {"a directory as a device", U, {G("/a", 0, D)}},
    {"a file as a device", U, {GF("/a", 0, D)}},
    {"a block device as a device", U, {{"/a", 0, D, CFG, BLOCK_, 0, 0, 0, false}}},
    {"a block device as a file", U, {{"/a", 0, W, CFG, BLOCK_, 0, 0, 0, false}}},
    {"a character device as a file", U, {{"/a", 0, R, CFG, CHAR_, 0, 0, 0, false}}},
    {"a character device as a device", 0, {{"/a", 0, D, CFG, CHAR_, 0, 0, 0, false}}},
    {"a socket read-only", U, {{"/a", 0, R, CFG, SOCK_, 0, 0, 0, false}}},
    {"a socket writable", 0, {{"/a", 0, W, CFG, SOCK_, 0, 0, 0, false}}},
    {"a FIFO read-only", U, {{"/a", 0, X, CFG, FIFO_, 0, 0, 0, false}}},
    {"an optional read grant that is missing, in a writable one", C, {G("/a", 0, W), M("/a/b", R)}},
    {"an optional exec grant that is missing, in a writable one", C, {G("/a", 0, W), M("/a/b", X)}},
    {"an optional device that is missing, in a writable one", C, {G("/a", 0, W), M("/a/b", D)}},
    {"the same, far below", C, {G("/a", 0, W), M("/a/b/c/d", X)}},
    {"the same, of several the last", C, {G("/a", 0, R), G("/c", 0, W), M("/b", X), M("/a/x", R), M("/c/x", R)}},
    {"the same, in the second of two", C, {G("/a", 0, W), G("/c", 0, W), M("/c/b", X)}},
    {"the same, the writable one by a link, missing by the link", C, {GR("/l", 0, W, "/a"), M("/l/b", X)}},
    {"the same, the writable one by a link, missing where it leads", C, {GR("/l", 0, W, "/a"), M("/a/b", X)}},
    {"the same, the writable one at another place", C, {G("/a", "/x", W), M("/a/b", X)}},
    {"an optional grant that is missing, outside", 0, {G("/a", 0, W), M("/b/c", R), M("/b/d", X), M("/ab/c", X)}},
    {"an optional grant that is missing, above a writable one", 0, {G("/a/b", 0, W), M("/a/c", X), M("/c", R)}},
    {"an optional grant that is missing, in a read-only one", 0, {G("/a", 0, R), M("/a/b", X)}},
    {"an optional writable grant that is missing, in a writable one", 0, {G("/a", 0, W), M("/a/b", W)}},
    {"an optional grant in a writable one, both missing", 0, {M("/a", W), M("/a/b", X)}},
    {"a missing program in a writable grant", 0, {G("/a", 0, W), {"/a/b", 0, X, PRG, 0, 0, 0, 0, true}}},
    {"a path that does not exist counts for nothing", 0, {{"/a", 0, W, CFG, 0, 0, 0, 0, true}, G("/a/b/c", 0, R)}},
    /* the jail's own things */
    {"/tmp replaced", 0, {G("/a", "/tmp", W)}},
    {"below the private /tmp", 0, {G("/a", "/tmp/x/y", R)}},
    {"below the private /dev/shm", 0, {G("/a", "/dev/shm/x", W)}},
    {"below a link of /dev", C, {G("/a", "/dev/fd/x", R)}},
    {"all of /dev replaced", 0, {{"/dev/null", 0, D, SYS, CHAR_, 0, 0, 0, false}, G("/a", "/dev", R)}},
    {"a device of the system replaced",
     0,
     {{"/dev/null", 0, D, SYS, CHAR_, 0, 0, 0, false}, {"/b", "/dev/null", D, CFG, CHAR_, 0, 0, 0, false}}},
    {"a system directory replaced", 0, {S("/usr", X), G("/usr", 0, W)}},
    {"a system directory replaced by another", 0, {S("/usr", X), G("/a", "/usr", X)}},
    /* links of the root */
    {"through a link of the root", 0, {S("/usr", X), L("/bin", "usr/bin"), GF("/a", "/bin/x", X)}},
    {"through a link to what is there already",
     C,
     {S("/usr", X), L("/bin", "usr/bin"), G("/a", "/bin/x", R), G("/b", "/usr/bin/x", R)}},
    {"through a link, ro deep in rw",
     C,
     {S("/usr", X), L("/bin", "usr/bin"), G("/a", "/bin/w", W), G("/b", "/usr/bin/w/y/z", R)}},
    {"a link that is replaced does not lead away",
     C,
     {S("/usr", X), L("/bin", "usr/bin"), G("/w", "/bin", W), G("/q", "/bin/ro/x", R)}},
    {"through a link whose target ends in '/'",
     C,
     {S("/usr", X), L("/bin", "usr/bin/"), G("/a", "/bin/x", R), G("/b", "/usr/bin/x", R)}},
    {"links in a circle", C, {L("/bin", "sbin"), L("/sbin", "bin"), G("/a", "/bin/x", R)}},
    {"below a link that is not in the root",
     C,
     {L("/etc/localtime", "../usr/share/z"), G("/a", "/etc/localtime/x", R)}},
    /* the fences of a box */
    {"beside the boxes", 0, {G("/h/images/k", 0, R), F("/h/boxes", HOME)}},
    {"the boxes' directory", C, {G("/h/boxes", 0, R), F("/h/boxes", HOME)}},
    {"a parent of the boxes", C, {G("/h", "/elsewhere", R), F("/h/boxes", HOME)}},
    {"a box", C, {G("/h/boxes/other", 0, R), F("/h/boxes", HOME)}},
    {"a file in a box", C, {GF("/h/boxes/other/x/y", "/y", R), F("/h/boxes", HOME)}},
    {"the boxes by a bind mount", C, {GI("/mnt", 0, R, 9), {"/h/boxes", 0, R, HOME, 0, 9, 0, 0, false}}},
    {"a program in a box", C, {{"/h/boxes/other/p", 0, X, PRG, FILE_, 0, 0, 0, false}, F("/h/boxes", HOME)}},
    {"the box's own entries", 0, {{"/h/boxes/me/tmp", 0, W, BOX, 0, 0, 0, 0, false}, F("/h/boxes", HOME)}},
    {"boxes in a system directory", C, {S("/usr", X), F("/usr/local/boxes", HOME)}},
    {"a name that only begins like the boxes", 0, {G("/h/boxes2", 0, W), F("/h/boxes", HOME)}},
    {"a trusted root", C, {G("/t", 0, R), F("/t", ROOT)}},
    {"a parent of a trusted root", C, {G("/t", 0, R), F("/t/images", ROOT)}},
    {"a file of a trusted root, read", 0, {GF("/t/base", 0, R), F("/t", ROOT)}},
    {"a file of a trusted root, written", C, {GF("/t/base", 0, W), F("/t", ROOT)}},
    {"a trusted root in a system directory", 0, {S("/usr", X), F("/usr/share/images", ROOT)}},
    {"a trusted root that holds the boxes", C, {F("/h/boxes", HOME), F("/h", ROOT)}},
    {"a trusted root in a box", C, {F("/h/boxes", HOME), F("/h/boxes/me/shared", ROOT)}},
    {"a trusted root that does not exist", 0, {G("/t", 0, R), {"/t/images", 0, R, ROOT, 0, 0, 0, 0, true}}},
};

static void test_cases(void) {
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t n = 0;
    while (n < 7 && cases[i].rows[n].path) n++;
    jailer_code code = build(cases[i].rows, n);
    OK(code == cases[i].code &&
           (!code || (err.message[0] && err.step && err.item[0] && err.layer == JAILER_LAYER_MOUNTS)),
       "grants: %s: %s", cases[i].name, code ? err.item : "accepted");
    row backwards[7]; /* the order of the configuration decides nothing; the system's stay in front */
    size_t front = 0, at = 0;
    while (front < n && cases[i].rows[front].origin == SYS) front++;
    for (size_t k = 0; k < front; k++) backwards[at++] = cases[i].rows[k];
    for (size_t k = n; k-- > front;) backwards[at++] = cases[i].rows[k];
    if (build(backwards, n) != cases[i].code) OK(false, "grants: %s, listed the other way round", cases[i].name);
  }
}

/* What comes out where, in the cases that are more than yes or no. */
static void test_nodes(void) {
  const jl_node *node;
  const row both[] = {G("/a", 0, X), G("/a", 0, R)};
  build(both, 2);
  OK((node = node_at("a")) && node->source->access == JAILER_EXEC, "nodes: read and exec of one path is exec");
  const row twice[] = {GF("/a", 0, R), GF("/a", 0, R), GF("/a", 0, R)};
  build(twice, 3);
  OK(node_at("a") != NULL, "nodes: three equal grants are one");

  const row etc[] = {{"/etc/alternatives", 0, R, SYS, 0, 0, 0, 0, false}, G("/a", "/etc", R)};
  plan_drop();
  OK(build(etc, 2) == 0 && (node = node_at("etc")) && node->kind == JL_TREE && !node_at("etc/alternatives"),
     "nodes: a granted /etc brings its own alternatives");
  plan.without_system = false;
  plan.nodes.count = 0;
  jailer_limits limits;
  memset(&limits, 0, sizeof limits);
  OK(jl_plan_fixed_nodes(&plan, &limits) && node_at("etc/passwd") && node_at("etc/group") && node_at("etc/hosts") &&
         node_at("etc/nsswitch.conf"),
     "nodes: passwd, group, hosts and nsswitch.conf are made up");
  OK(jl_plan_source_nodes(&plan) && jl_plan_order(&plan, &err) == 0 && !node_at("etc/passwd") && !node_at("etc/hosts"),
     "nodes: but not below a granted /etc");

  const row passwd[] = {GF("/a", "/etc/passwd", R)};
  build(passwd, 1);
  OK((node = node_at("etc/passwd")) && node->kind == JL_TREE && node_at("etc") && node_at("etc")->kind == JL_DIR,
     "nodes: a granted /etc/passwd stands for the made-up one");

  const row tmp[] = {G("/a", "/tmp/x/y", R), G("/b", "/tmp/x/z", W)};
  OK(build(tmp, 2) == 0 && (node = node_at("tmp")) && node->kind == JL_TMPFS && node_at("tmp/x") &&
         node_at("tmp/x")->kind == JL_DIR && node_at("tmp/x/y") && !node_at("tmp/x/y")->enclosed,
     "nodes: directories are made in the private /tmp");
  const row own_tmp[] = {G("/a", "/tmp", W)};
  OK(build(own_tmp, 1) == 0 && (node = node_at("tmp")) && node->kind == JL_TREE,
     "nodes: a granted /tmp stands for the private one");
  const row dev[] = {{"/dev/null", 0, D, SYS, CHAR_, 0, 0, 0, false}, G("/a", "/dev", R)};
  OK(build(dev, 2) == 0 && node_at("dev") && !node_at("dev/null") && !node_at("dev/shm") && !node_at("dev/fd"),
     "nodes: a granted /dev brings its own devices");

  const row links[] = {S("/usr", X), L("/bin", "usr/bin"), GF("/a", "/bin/x", X), L("/sbin", "bin")};
  const row chain[] = {S("/usr", X), L("/bin", "usr/bin"), L("/sbin", "bin"), GF("/a", "/sbin/x", X)};
  OK(build(links, 3) == 0 && (node = node_at("usr/bin/x")) && node->enclosed && !node_at("bin/x") &&
         node_at("bin")->kind == JL_LINK,
     "nodes: /bin/x stands at /usr/bin/x where /bin is a link");
  OK(build(chain, 4) == 0 && node_at("usr/bin/x"), "nodes: through two links");
  const row absolute[] = {S("/usr", X), L("/bin", "/usr/./lib/../bin/"), GF("/a", "/bin/x", X)};
  OK(build(absolute, 3) == 0 && node_at("usr/bin/x"), "nodes: through an absolute, untidy link");
  const row instead[] = {S("/usr", X), L("/bin", "usr/bin"), G("/b", "/bin", X), GF("/a", "/bin/x", X)};
  OK(build(instead, 4) == 0 && (node = node_at("bin/x")) && node->enclosed && node_at("bin")->kind == JL_TREE &&
         !node_at("usr/bin/x"),
     "nodes: a grant stands for the link /bin, and what is below it stays below it");

  const row missing[] = {{"/a", 0, W, CFG, 0, 0, 0, 0, true}};
  OK(build(missing, 1) == 0 && !node_at("a"), "nodes: what does not exist is not mounted");
  const row fence[] = {F("/h/boxes", HOME), F("/t", ROOT)};
  OK(build(fence, 2) == 0 && !node_at("h/boxes") && !node_at("t") && !node_at("h"), "nodes: fences are not mounted");

  static const struct {
    jailer_access access;
    uint64_t attr;
  } attrs[] = {
      {JAILER_READ, 1 | 2 | 4 | 8}, {JAILER_EXEC, 1 | 2 | 4}, {JAILER_WRITE, 2 | 4 | 8}, {JAILER_DEVICE, 1 | 2 | 8}};
  for (size_t i = 0; i < 4; i++)
    OK(jl_plan_attr(attrs[i].access) == attrs[i].attr, "nodes: mount attributes of access %d", (int)attrs[i].access);
  OK(jl_plan_attr((jailer_access)99) == 15, "nodes: an access that does not exist gets nothing");
  plan_drop();
}

static void test_normal(void) {
  static const struct {
    const char *path;
    bool lexical;
    const char *out; /* NULL: refused */
  } rows[] = {{"/", false, "/"},
              {"//", false, "/"},
              {"/.", false, "/"},
              {"/a", false, "/a"},
              {"/a/", false, "/a"},
              {"//a///b//", false, "/a/b"},
              {"/./a/./b/.", false, "/a/b"},
              {"/a/..", false, NULL},
              {"/..", false, NULL},
              {"/a/../b", false, NULL},
              {"/...", false, "/..."},
              {"/..a/.b/b..", false, "/..a/.b/b.."},
              {"", false, NULL},
              {"a", false, NULL},
              {"./a", false, NULL},
              {" /a", false, NULL},
              {"/a b\n\xff\"\\", false, "/a b\n\xff\"\\"},
              {"/..", true, "/"},
              {"/a/..", true, "/"},
              {"/a/../b", true, "/b"},
              {"/a/b/../../../../c/./d", true, "/c/d"},
              {"/a/.../..", true, "/a"},
              {"a/b", true, NULL}};
  jl_arena arena = {NULL};
  const char *out;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    out = NULL;
    jailer_code code = jl_plan_normal(&arena, rows[i].path, rows[i].lexical, &out, &err);
    OK(rows[i].out ? code == 0 && !strcmp(out, rows[i].out) : code == JAILER_E_INVALID && !out, "path: row %zu", i);
  }
  char path[4200];
  memset(path, 'a', sizeof path);
  for (size_t i = 0; i < sizeof path; i += 200) path[i] = '/';
  path[4095] = 0;
  OK(jl_plan_normal(&arena, path, false, &out, &err) == 0 && strlen(out) == 4095, "path: 4095 bytes are whole");
  path[4095] = 'a', path[4096] = 0;
  OK(jl_plan_normal(&arena, path, false, &out, &err) == JAILER_E_LIMIT, "path: 4096 bytes are too many");
  path[4196] = 0;
  OK(jl_plan_normal(&arena, path, true, &out, &err) == JAILER_E_LIMIT && strstr(err.item, "..."), "path: more are too");
  jl_arena_free(&arena);

  static const char *const sorted[] = {"",    "a",  "a/b", "a/b/c", "a/b-", "a/b0", "a-b",
                                       "a.b", "a0", "aa",  "b",     "\x7f", "\x80", "\xff"};
  bool good = true;
  for (size_t i = 0; i < sizeof sorted / sizeof sorted[0]; i++)
    for (size_t k = 0; k < sizeof sorted / sizeof sorted[0]; k++)
      good = good && jl_plan_path_cmp(sorted[i], sorted[k]) == (i > k) - (i < k);
  OK(good, "path: what is below a directory follows it directly, whatever the bytes");
  OK(jl_plan_below("/a/b", "/a") && !jl_plan_below("/ab", "/a") && !jl_plan_below("/a", "/a") &&
         jl_plan_below("/a", "/") && !jl_plan_below("/", "/") && jl_plan_at_or_below("/a", "/a"),
     "path: below");
}

/* --- a property: random grants against an independent model --- */

static uint64_t seed = 42;

static unsigned dice(unsigned n) {
  seed = seed * 6364136223846793005ull + 1442695040888963407ull;
  return (unsigned)(seed >> 33) % n;
}

static bool starts_at(const char *path, const char *dir) { /* dir itself or below */
  size_t n = strlen(dir);
  return !strncmp(path, dir, n) && (path[n] == 0 || path[n] == '/');
}

/* The rules by definition, pair by pair. */
static bool rules_allow(const row *r, size_t n) {
  for (size_t i = 0; i < n; i++)
    for (size_t k = 0; k < n; k++) {
      const row *a = &r[i], *b = &r[k];
      const bool wa = a->access == W, wb = b->access == W, file = (a->mode & JL_S_IFMT) == JL_S_IFREG;
      const char *rest = b->path + strlen(a->path), *inside = b->at + strlen(a->at);
      if (i == k) continue;
      if (!strcmp(a->at, b->at) && (strcmp(a->path, b->path) || wa != wb)) return false;
      if (!strcmp(a->path, b->path) && wa != wb) return false;
      if (file && starts_at(b->at, a->at) && strcmp(b->at, a->at)) return false;
      if (wa && !wb && starts_at(b->path, a->path) && strcmp(a->path, b->path) &&
          (!starts_at(b->at, a->at) || strcmp(inside, rest) || strchr(rest + 1, '/')))
        return false;
      if (wa && !wb && starts_at(b->at, a->at) && strcmp(a->at, b->at) && strchr(inside + 1, '/')) return false;
      if (a->access == X && wb && starts_at(b->path, a->path) && (!starts_at(b->at, a->at) || strcmp(inside, rest)))
        return false;
    }
  return true;
}

/* What a path inside shows, by the grants alone: the innermost grant's place decides. -1: nothing of the host. */
static int model_shows(const row *r, size_t n, const char *inside, char *host) {
  int best = -1;
  for (size_t i = 0; i < n; i++) {
    if (!starts_at(inside, r[i].at)) continue;
    size_t have = best < 0 ? 0 : strlen(r[best].at), len = strlen(r[i].at);
    if (best < 0 || len > have || (len == have && r[i].access == X)) best = (int)i;
  }
  if (best < 0) return -1;
  sprintf(host, "%s%s", r[best].path, inside + strlen(r[best].at));
  return (int)r[best].access;
}

/* What it shows when the plan's nodes are mounted in their order; sets *root where the path is a mount point itself. */
static int plan_shows(const char *inside, char *host, bool *root) {
  const jl_node *top = NULL;
  for (size_t i = 0; i < plan.nodes.count; i++) { /* a later mount at or above hides all before it */
    const jl_node *node = &plan.nodes.item[i];
    if (node->kind == JL_DIR || node->kind == JL_LINK || node->kind == JL_FILE) continue;
    if (starts_at(inside + 1, node->at)) top = node;
  }
  *root = top && !strcmp(top->at, inside + 1);
  if (!top || top->kind != JL_TREE) return -1;
  sprintf(host, "%s%s", top->source->resolved, inside + 1 + strlen(top->at));
  return (int)top->source->access;
}

/* Parents before children, nothing twice, every directory there before it is needed. */
static const char *order_is_wrong(void) {
  for (size_t i = 0; i < plan.nodes.count; i++) {
    const jl_node *node = &plan.nodes.item[i];
    const jl_node *enclosing = NULL;
    if (node->at[0] == '/' || node->at[0] == 0 || strstr(node->at, "//"))
      return "a place that is not relative and clean";
    for (size_t k = 0; k < plan.nodes.count; k++) {
      const jl_node *other = &plan.nodes.item[k];
      if (k != i && !strcmp(node->at, other->at)) return "a place twice";
      if (k != i && starts_at(node->at, other->at) && k > i) return "a child before its parent";
      if (k < i && starts_at(node->at, other->at) && other->kind != JL_DIR) enclosing = other;
    }
    const bool below_tree = enclosing && enclosing->kind == JL_TREE;
    if (enclosing && enclosing->kind != JL_TREE && enclosing->kind != JL_TMPFS)
      return "something below a file or a link";
    if (node->enclosed != below_tree) return "enclosed is wrong";
    if (below_tree && node->kind != JL_TREE) return "something made below a grant";
    if (below_tree) continue;
    char dir[64];
    strcpy(dir, node->at);
    for (char *slash = strrchr(dir, '/'); slash; slash = strrchr(dir, '/')) {
      bool made = false;
      *slash = 0;
      for (size_t k = 0; k < i; k++)
        made = made || (!strcmp(plan.nodes.item[k].at, dir) &&
                        (plan.nodes.item[k].kind == JL_DIR || plan.nodes.item[k].kind == JL_TMPFS));
      if (!made) return "a directory that nobody made";
    }
  }
  return NULL;
}

/* Two promises, over every pair of places: nothing written at one can be executed at another; and nothing granted
   without write access can be replaced by renaming it or a directory above it through a writable place. */
static const char *walls_leak(const row *r, size_t n, char (*universe)[48], size_t count) {
  static char host[512][96];
  static int access[512];
  static bool root[512];
  for (size_t i = 0; i < count; i++) access[i] = plan_shows(universe[i], host[i], &root[i]);
  for (size_t i = 0; i < count; i++) {
    if (access[i] != W) continue;
    for (size_t k = 0; k < count; k++)
      if (access[k] == X && !strcmp(host[i], host[k])) return "written here, executed there";
    for (size_t k = 0; k < n && !root[i]; k++)
      if (r[k].access != W && starts_at(r[k].path, host[i])) return "a read-only grant can be renamed away";
  }
  return NULL;
}

static void random_path(char *out, unsigned deepest) {
  unsigned depth = 1 + dice(deepest);
  *out = 0;
  for (unsigned i = 0; i < depth; i++) sprintf(out + strlen(out), "/%c", "abc"[dice(i ? 2 : 3)]);
}

static void test_property(void) {
  static char universe[512][48];
  size_t count = 0;
  static const char *const tops[] = {"/a", "/b", "/c", "/m", "/n", "/tmp", "/tmp/a"};
  for (size_t t = 0; t < sizeof tops / sizeof tops[0]; t++)
    for (int bits = 1; bits < 64; bits++) { /* a leading 1, then one bit for each component: a or b */
      char *p = universe[count++];
      strcpy(p, tops[t]);
      int top = 5;
      while (!(bits >> top & 1)) top--;
      for (int b = top - 1; b >= 0; b--) sprintf(p + strlen(p), "/%c", bits >> b & 1 ? 'b' : 'a');
    }
  size_t accepted = 0, refused = 0, nested = 0;
  for (int round = 0; round < 2000; round++) {
    char text[8][2][64];
    row rows[8];
    size_t n = 1 + dice(7);
    memset(rows, 0, sizeof rows);
    for (size_t i = 0; i < n; i++) {
      random_path(text[i][0], 4);
      strcpy(text[i][1], text[i][0]);
      if (dice(4) == 0)
        sprintf(text[i][1], "%s%s", (const char *[]){"/m", "/n", "/tmp", ""}[dice(4)], text[i][0] + (dice(2) ? 2 : 0));
      if (!text[i][1][0] || !strcmp(text[i][1], "/tmp")) strcpy(text[i][1], "/m");
      rows[i].path = text[i][0];
      rows[i].at = text[i][1];
      rows[i].access = (jailer_access)dice(3);
      rows[i].origin = CFG;
      /* a path that ends in its own kind: files only where nothing can be below them */
      rows[i].mode = strlen(text[i][0]) == 8 && text[i][0][7] == 'a' ? FILE_ : DIR_;
    }
    jailer_code code = build(rows, n);
    bool allowed = rules_allow(rows, n);
    const char *wrong = code && code != C ? "another code than E_CONFLICT" : NULL;
    if (!wrong && allowed != (code == 0)) wrong = code ? "refused, but no rule says so" : "accepted against the rules";
    if (!wrong && !code) wrong = order_is_wrong();
    if (!wrong && !code) wrong = walls_leak(rows, n, universe, count);
    for (size_t u = 0; !wrong && !code && u < count; u++) {
      char one[128] = "", two[128] = "";
      bool root;
      int a = model_shows(rows, n, universe[u], one), b = plan_shows(universe[u], two, &root);
      if (a != b || strcmp(one, two)) wrong = universe[u];
    }
    for (size_t i = 0; !code && i < plan.nodes.count; i++) nested += plan.nodes.item[i].enclosed;
    if (wrong) {
      OK(false, "property: round %d: %s", round, wrong);
      for (size_t i = 0; i < n; i++)
        printf("#   %s at %s access %d%s\n", rows[i].path, rows[i].at, rows[i].access,
               rows[i].mode == FILE_ ? " file" : "");
      printf("#   code %d %s %s\n", (int)code, err.item, err.message);
      plan_drop();
      return;
    }
    if (code) refused++;
    else accepted++;
  }
  OK(true, "property: 2000 random sets of grants: %zu accepted (%zu nested mounts), %zu refused, as the rules say",
     accepted, nested, refused);
  OK(accepted > 300 && refused > 300 && nested > 100, "property: each kind often enough");
  plan_drop();
}

/* --- time --- */

/* Microseconds for each of n made-up grants: nested three deep, with places of their own. The best of some runs. */
static double us_per_grant(size_t n, bool fences) {
  char(*text)[2][64] = malloc(n * sizeof *text);
  row *rows = calloc(n + 20, sizeof *rows);
  size_t at = 0;
  rows[at++] = (row)S("/usr", X);
  rows[at++] = (row)L("/bin", "usr/bin");
  rows[at++] = (row)L("/lib", "usr/lib");
  for (size_t i = 0; i < n; i++) {
    sprintf(text[i][0], "/d%zu/e%zu/f%zu", i % 10, i / 10 % 100, i);
    sprintf(text[i][1], i % 3 ? "/x%zu/y%zu/z%zu" : "/bin/%zu%zu%zu", i % 7, i / 7 % 100, i);
    rows[at].path = text[i][0];
    rows[at].at = text[i][1];
    rows[at].access = i % 5 == 0 ? W : R;
    rows[at++].origin = CFG;
  }
  for (size_t i = 0; fences && i < 8; i++) rows[at++] = (row)F("/home/x/boxes", i ? ROOT : HOME);
  if (fences) rows[at - 1].path = "/t";
  for (size_t i = at - 7; fences && i < at; i++) rows[i].path = "/t";
  const int runs = n < 1000 ? 400 : 8; /* all together: a kernel may count processor time in ticks */
  double spent = 0;
  for (int run = 0; run < runs; run++) {
    double start = now();
    if (build(rows, at)) spent = -1e9;
    spent += now() - start;
  }
  plan_drop();
  free(rows);
  free(text);
  return spent * 1e6 / (double)n / runs;
}

/* How much longer one of many grants may take than one of few. Linear is 1, and quadratic the ratio of their numbers, 100;
   caches and above all an emulator, which knows no processor time, are between. */
static double tolerance(void) { return getenv("JAILER_EMULATED") ? 35 : 6; }

static void test_time(void) {
  for (int fences = 0; fences < 2; fences++) {
    double few = us_per_grant(100, fences), many = us_per_grant(10000, fences);
    OK(few > 0 && many > 0 && many <= tolerance() * few + 1, "time: %.2f us a grant of 100, %.2f of 10000%s", few, many,
       fences ? ", with the fences of a box" : "");
  }
}

/* --- Landlock --- */

static void test_landlock(void) {
  static const struct {
    uint64_t fs, net, scoped;
    size_t size;
  } rows[] = {{0, 0, 0, 8},         {0x1fff, 0, 0, 8},    {0x3fff, 0, 0, 8},   {0x7fff, 0, 0, 8},  {0x7fff, 3, 0, 16},
              {0xffff, 3, 0, 16},   {0xffff, 3, 3, 24},   {0xffff, 3, 3, 24},  {0xffff, 3, 3, 24}, {0x1ffff, 3, 3, 24},
              {0x1ffff, 15, 3, 24}, {0x1ffff, 15, 3, 24}, {0x1ffff, 15, 3, 24}};
  for (uint32_t abi = 0; abi < sizeof rows / sizeof rows[0]; abi++) {
    jl_landlock all = jl_tab_landlock_all(abi);
    OK(all.fs == rows[abi].fs && all.net == rows[abi].net && all.scoped == rows[abi].scoped &&
           jl_tab_landlock_size(abi) == rows[abi].size,
       "landlock: what ABI %u can deny", abi);
  }
  OK(jl_tab_landlock_all(UINT32_MAX).fs == 0x1ffff, "landlock: an ABI of the future");
  const uint64_t directory_only = 0x1ff8 & ~(uint64_t)0; /* READ_DIR to MAKE_SYM, bits 3 to 12 */
  for (int access = 0; access < 4; access++) {
    uint64_t file = jl_tab_landlock_rights((jailer_access)access, false),
             dir = jl_tab_landlock_rights((jailer_access)access, true);
    OK(!(file & (directory_only | JL_LL_REFER)), "landlock: no directory right on a file, access %d", access);
    OK(!(dir & JL_LL_EXECUTE) == ((jailer_access)access != X), "landlock: only exec executes, access %d", access);
    OK(!(dir & (JL_LL_WRITE_FILE | JL_LL_MAKE_REG | JL_LL_REMOVE_FILE | JL_LL_TRUNCATE | JL_LL_REFER)) ==
           ((jailer_access)access == R || (jailer_access)access == X),
       "landlock: only write and device write, access %d", access);
    OK(!(dir & (JL_LL_MAKE_CHAR | JL_LL_MAKE_BLOCK)), "landlock: nobody makes device nodes, access %d", access);
    OK(!(dir & JL_LL_IOCTL_DEV) == ((jailer_access)access != D), "landlock: only a device has ioctl, access %d",
       access);
  }
}

#if JL_LINUX

static void test_landlock_here(void) {
  long abi = syscall(444, NULL, 0, 1);
  if (abi > 0) { /* the running kernel is the judge of the table */
    jl_landlock all = jl_tab_landlock_all((uint32_t)abi);
    long fd = syscall(444, &all, jl_tab_landlock_size((uint32_t)abi), 0);
    OK(fd >= 0, "landlock: this kernel (ABI %ld) takes the whole mask", abi);
    if (fd >= 0) close((int)fd);
    if (abi <= 11) {
      all = jl_tab_landlock_all((uint32_t)abi);
      all.fs |= all.fs + 1;
      fd = syscall(444, &all, jl_tab_landlock_size((uint32_t)abi), 0);
      OK(fd < 0 && errno == EINVAL, "landlock: and not one right more");
    }
  }
}

/* --- the hook: what is opened is counted, and the process that touches paths hangs or dies at one of them --- */

static volatile struct {
  long at;           /* this call on `path`: openat, statx, fstatfs; 0: none */
  const char *path;
  int fd;            /* what its openat gave */
  bool deadly;       /* killed there, and not stopped */
  int launcher;      /* whose own calls go on */
  int times;         /* the hook struck */
  const char *below; /* openat of anything at or below this is counted */
  int opened;
} touch_hook;

JL_CHILD_CODE static bool hook(long nr, const long args[6], long *result) {
  if (nr == SYS_openat && touch_hook.below && jl_plan_at_or_below((const char *)args[1], touch_hook.below))
    touch_hook.opened++;
  if ((touch_hook.at || touch_hook.below) && nr == JL_NR_openat2 && ((const uint64_t *)args[2])[2] & JL_RESOLVE_CACHED)
    return *result = -EAGAIN, true; /* nothing is in the kernel's caches */
  if (!touch_hook.at || (int)jl_sys_raw(SYS_getpid, 0, 0, 0, 0, 0, 0) == touch_hook.launcher) return false;
  const bool named = nr == SYS_openat && jl_streq((const char *)args[1], touch_hook.path);
  if (named && touch_hook.at != SYS_openat) {
    *result = jl_sys_raw(nr, args[0], args[1], args[2], args[3], 0, 0);
    touch_hook.fd = (int)*result;
    return true;
  }
  if (nr != touch_hook.at || (nr == SYS_openat ? !named : touch_hook.fd < 0 || args[0] != touch_hook.fd)) return false;
  touch_hook.times++;
  const long long_time[2] = {60, 0};
  if (touch_hook.deadly) jl_sys_raw(SYS_kill, jl_sys_raw(SYS_getpid, 0, 0, 0, 0, 0, 0), SIGKILL, 0, 0, 0, 0);
  jl_sys_raw(SYS_nanosleep, (long)long_time, 0, 0, 0, 0, 0);
  return false;
}

static void touch_hook_set(long at, const char *path, bool deadly) {
  touch_hook.at = 0;
  touch_hook.path = path;
  touch_hook.fd = -1;
  touch_hook.deadly = deadly;
  touch_hook.launcher = (int)getpid();
  touch_hook.times = touch_hook.opened = 0;
  touch_hook.at = at;
}

static int count_fds(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

/* --- the configuration --- */

static jailer_host host;
static const char *const sh[] = {"/bin/sh", "-c", "true", NULL};

static jailer_config config_new(void) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.argv = sh;
  return c;
}

static jailer_code plan_of(const jailer_config *c, const jailer_host *h) {
  jailer_plan *p = NULL;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_plan_new(c, h, &p, &err);
  if ((code == 0) != (p != NULL)) OK(false, "plan_new: a plan exactly when it succeeds");
  jailer_plan_free(p);
  return code;
}

#define REFUSED(want, ...) \
  OK(plan_of(&c, &host) == (want) && err.code == (want) && err.message[0] && err.step, __VA_ARGS__)
#define ACCEPTED(...) OK(plan_of(&c, &host) == JAILER_OK, __VA_ARGS__)

static void test_config(void) {
  jailer_plan *p = (jailer_plan *)(void *)&p;
  jailer_config c = config_new();
  OK(jailer_plan_new(NULL, NULL, &p, &err) == JAILER_E_INVALID && p == NULL, "config: NULL");
  OK(jailer_plan_new(&c, NULL, NULL, &err) == JAILER_E_INVALID, "config: no place for the plan");
  OK(jailer_plan_new(NULL, NULL, NULL, NULL) == JAILER_E_INVALID, "config: nothing at all");
  jailer_plan_free(NULL);
  OK(jailer_plan_text(NULL, NULL, 0, NULL, &err) == JAILER_E_INVALID, "plan_text: NULL");
  ACCEPTED("config: only argv");
  const char *none[] = {NULL}, *empty[] = {"", NULL}, *relative[] = {"bin/sh", NULL}, *dot[] = {"./sh", NULL};
  c.argv = NULL;
  REFUSED(JAILER_E_INVALID, "argv: NULL");
  c.argv = none;
  REFUSED(JAILER_E_INVALID, "argv: empty");
  c.argv = empty;
  REFUSED(JAILER_E_INVALID, "argv: an empty name");
  c.argv = relative;
  REFUSED(JAILER_E_INVALID, "argv: a relative path");
  c.argv = dot;
  REFUSED(JAILER_E_INVALID, "argv: a path relative to the working directory");
  c = config_new();

  static const struct {
    const char *env[4];
    jailer_code code;
  } envs[] = {{{"A=1", "B=2"}, 0},
              {{"A="}, 0},
              {{"A==="}, 0},
              {{"A=1", "AB=1", "A_=1"}, 0},
              {{"A"}, JAILER_E_INVALID},
              {{""}, JAILER_E_INVALID},
              {{"=x"}, JAILER_E_INVALID},
              {{"A=1", "A=2"}, JAILER_E_INVALID},
              {{"A=1", "B=1", "A=1"}, JAILER_E_INVALID},
              {{"AB=1", "A=1", "AB=1"}, JAILER_E_INVALID},
              {{"PATH=/bin", "PATH=/x"}, JAILER_E_INVALID},
              {{"A-=1", "A=1", "A0=2"}, 0}};
  for (size_t i = 0; i < sizeof envs / sizeof envs[0]; i++) {
    c.env = envs[i].env;
    OK(plan_of(&c, &host) == envs[i].code, "env: row %zu", i);
  }
  c = config_new();
  const char **many = malloc(20001 * sizeof *many);
  for (int i = 0; i < 20000; i++)
    if (asprintf((char **)(void *)&many[i], "V%d=%d", i * 7919 % 20000, i) < 0) abort();
  many[20000] = NULL;
  c.env = many;
  double start = now();
  ACCEPTED("env: 20000 variables");
  OK(now() - start < 1, "env: in %.0f ms", (now() - start) * 1e3);
  for (int i = 0; i < 20000; i++) free((void *)(uintptr_t)many[i]);
  free(many);
  c = config_new();

  static const char *const bad_hosts[] = {
      "",    "a b",      "a\n127.0.0.1 x",
      "a/b", "\xc3\xa4", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
  for (size_t i = 0; i < sizeof bad_hosts / sizeof bad_hosts[0]; i++) {
    c.hostname = bad_hosts[i];
    REFUSED(JAILER_E_INVALID, "hostname: row %zu", i);
  }
  c.hostname = "Box-1.example_x";
  ACCEPTED("hostname: letters, digits, dots, dashes");
  c.hostname = bad_hosts[5] + 1;
  ACCEPTED("hostname: 64 bytes");
  c = config_new();
  c.cwd = "relative";
  REFUSED(JAILER_E_INVALID, "cwd: relative");
  c.cwd = "/a/..";
  REFUSED(JAILER_E_INVALID, "cwd: with ..");
  c.cwd = "/tmp//";
  ACCEPTED("cwd: untidy");
  c = config_new();
  c.engine = (jailer_engine)99;
  REFUSED(JAILER_E_INVALID, "engine: none of the list");
  c = config_new();
  c.stdio = (jailer_stdio)9;
  REFUSED(JAILER_E_INVALID, "stdio: none of the list");
  c = config_new();
  c.may_degrade = JAILER_LAYER_SECCOMP; /* 19: bits 0, 1 and 4 */
  REFUSED(JAILER_E_INVALID, "may_degrade: a layer instead of its bit");
  c.may_degrade = 1u << 31;
  REFUSED(JAILER_E_INVALID, "may_degrade: a bit of no layer");
  c.may_degrade = JAILER_BIT(JAILER_LAYER_SECCOMP) | JAILER_BIT(JAILER_LAYER_LANDLOCK);
  ACCEPTED("may_degrade: two layers");
  c = config_new();
  c.shim = "/bin/sh";
  REFUSED(JAILER_E_INVALID, "shim: without a box");
  c = config_new();
  c.libraries = none;
  REFUSED(JAILER_E_INVALID, "libraries: without a box");

  c = config_new();
  c.uid = UINT32_MAX;
  REFUSED(JAILER_E_INVALID, "uid: -1");
  c.uid = 0, c.gid = UINT32_MAX;
  REFUSED(JAILER_E_INVALID, "gid: -1");
  c = config_new();
  c.limits.nofile = host.nofile_hard + 1;
  if (host.nofile_hard != UINT64_MAX) REFUSED(JAILER_E_INVALID, "nofile: above the launcher's hard limit");
  jailer_host small = host;
  small.fsize_hard = 1000;
  c = config_new();
  c.limits.fsize_bytes = 1001;
  OK(plan_of(&c, &small) == JAILER_E_INVALID && err.layer == JAILER_LAYER_RLIMITS,
     "fsize: above the launcher's hard limit");
  c.limits.fsize_bytes = 1000;
  OK(plan_of(&c, &small) == JAILER_OK, "fsize: exactly the hard limit");

  c = config_new();
  c.grant_count = 1;
  REFUSED(JAILER_E_INVALID, "grants: a count without an array");
  jailer_grant g = {NULL, NULL, JAILER_READ, false};
  c.grants = &g;
  REFUSED(JAILER_E_INVALID, "grants: without a path");
  g.path = "/usr";
  g.access = (jailer_access)9;
  REFUSED(JAILER_E_INVALID, "grants: no such access");
  g.access = JAILER_READ;
  g.at = "usr";
  REFUSED(JAILER_E_INVALID, "grants: a relative place");
  g.at = "/x/../y";
  REFUSED(JAILER_E_INVALID, "grants: .. in a place");
  g.at = NULL;
  g.path = "/usr/../etc";
  REFUSED(JAILER_E_INVALID, "grants: .. in a path");
  g.path = "etc";
  REFUSED(JAILER_E_INVALID, "grants: a relative path");
}

/* What belongs to a box, without one. */
static void test_without_box(void) {
  static const char *const roots[] = {"/usr/share", NULL}, *const none[] = {NULL};
  jailer_config c = config_new();
  c.trusted_roots = roots;
  REFUSED(JAILER_E_INVALID, "config: trusted roots without a box: %s", err.message);
  c.trusted_roots = none;
  REFUSED(JAILER_E_INVALID, "config: an empty list of trusted roots without a box");
  c = config_new();
  c.allow_whole_bases = true;
  REFUSED(JAILER_E_INVALID, "config: all bases without a box");
  c = config_new();
  c.trust_chain_on_first_use = true;
  REFUSED(JAILER_E_INVALID, "config: trust on first use without a box");
  for (int i = 0; i < 4; i++) {
    c = config_new();
    *(i % 2 ? &c.rootfs_format : &c.disk_format) = (jailer_format)(i / 2 ? 99 : JAILER_FORMAT_QCOW2 + 1);
    REFUSED(JAILER_E_INVALID, "config: a format of %s that does not exist", i % 2 ? "the root disk" : "the disk");
  }
}

static void test_fds(void) {
  static const struct {
    const char *name;
    jailer_fd fds[4];
    size_t count;
    jailer_code code;
  } rows[] = {{"one", {{7, false, 0}}, 1, 0},
              {"renumbered", {{7, true, 5}}, 1, 0},
              {"as without renumber does not count", {{7, false, -5}}, 1, 0},
              {"onto 0 to 2", {{7, true, 0}, {8, true, 1}, {9, true, 2}}, 3, 0},
              {"a cycle", {{7, true, 8}, {8, true, 7}}, 2, 0},
              {"one descriptor at two numbers", {{7, true, 8}, {7, true, 9}}, 2, 0},
              {"the same number twice", {{7, true, 9}, {8, true, 9}}, 2, JAILER_E_INVALID},
              {"the same number by name and by itself", {{9, false, 0}, {8, true, 9}}, 2, JAILER_E_INVALID},
              {"number 1 twice", {{7, true, 1}, {8, true, 1}}, 2, JAILER_E_INVALID},
              {"number 1 twice, once by itself", {{1, false, 0}, {8, true, 1}}, 2, JAILER_E_INVALID},
              {"negative outside", {{-1, false, 0}}, 1, JAILER_E_INVALID},
              {"negative inside", {{7, true, -1}}, 1, JAILER_E_INVALID},
              {"too high inside", {{7, true, 65536}}, 1, JAILER_E_INVALID},
              {"too high by itself", {{65536, false, 0}}, 1, JAILER_E_INVALID},
              {"the highest", {{7, true, 65535}}, 1, 0}};
  jailer_config c = config_new();
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    c.fds = rows[i].fds;
    c.fd_count = rows[i].count;
    OK(plan_of(&c, &host) == rows[i].code, "fds: %s", rows[i].name);
  }
  c.fds = NULL;
  REFUSED(JAILER_E_INVALID, "fds: a count without an array");
  c.fds = rows[0].fds;
  c.fd_count = SIZE_MAX;
  REFUSED(JAILER_E_INVALID, "fds: a count that wraps");
  jailer_fd *all = calloc(65536, sizeof *all);
  for (int i = 0; i < 65536; i++) all[i].fd = 65535 - i;
  c.fds = all;
  c.fd_count = 65536;
  double start = now();
  ACCEPTED("fds: all of 65536");
  OK(now() - start < 1, "fds: in %.0f ms", (now() - start) * 1e3);
  all[0].fd = 17;
  REFUSED(JAILER_E_INVALID, "fds: 65536, one of them twice");
  free(all);
}

/* A host without a kind of layer: an error that names it, unless the configuration permits that. */
static void test_hosts(void) {
  const struct {
    jailer_layer layer;
    size_t offset, size;
  } rows[] = {{JAILER_LAYER_USERNS, offsetof(jailer_host, userns), sizeof(bool)},
              {JAILER_LAYER_MOUNTS, offsetof(jailer_host, mntns), sizeof(bool)},
              {JAILER_LAYER_PIDNS, offsetof(jailer_host, pidns), sizeof(bool)},
              {JAILER_LAYER_NETNS, offsetof(jailer_host, netns), sizeof(bool)},
              {JAILER_LAYER_IPCNS, offsetof(jailer_host, ipcns), sizeof(bool)},
              {JAILER_LAYER_UTSNS, offsetof(jailer_host, utsns), sizeof(bool)},
              {JAILER_LAYER_CGROUPNS, offsetof(jailer_host, cgroupns), sizeof(bool)},
              {JAILER_LAYER_LANDLOCK, offsetof(jailer_host, landlock_abi), sizeof(uint32_t)},
              {JAILER_LAYER_SECCOMP, offsetof(jailer_host, seccomp), sizeof(bool)}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config c = config_new();
    jailer_host without = host;
    memset((char *)&without + rows[i].offset, 0, rows[i].size);
    OK(plan_of(&c, &without) == JAILER_E_UNSUPPORTED && err.layer == rows[i].layer &&
           !strcmp(err.item, jailer_layer_name(rows[i].layer)) && err.message[0],
       "host without %s: an error that names it", jailer_layer_name(rows[i].layer));
    c.may_degrade = ~JAILER_BIT(rows[i].layer) & (JAILER_BIT(JAILER_LAYER_COUNT) - 2);
    OK(plan_of(&c, &without) == JAILER_E_UNSUPPORTED, "host without %s: permission for the others is none for it",
       jailer_layer_name(rows[i].layer));
    c.may_degrade = JAILER_BIT(rows[i].layer);
    jailer_plan *p = NULL;
    OK(jailer_plan_new(&c, &without, &p, &err) == 0 && (p->layers & JAILER_BIT(rows[i].layer)) &&
           !(jl_plan_wanted_layers(p) & JAILER_BIT(rows[i].layer)),
       "host without %s: permitted, then it is not tried", jailer_layer_name(rows[i].layer));
    jailer_plan_free(p);
  }
  jailer_config c = config_new();
  jailer_host h = host;
  c.allow_network = true;
  h.netns = false;
  OK(plan_of(&c, &h) == 0, "host without netns: nothing is missing where the network is granted");
  c = config_new();
  h = host;
  h.uid = h.gid = 0;
  h.privileged = h.nested = false;
  OK(plan_of(&c, &h) == JAILER_E_DENIED && err.layer == JAILER_LAYER_IDS, "root without capabilities: denied");
  c.allow_host_root = true;
  OK(plan_of(&c, &h) == 0, "root without capabilities: unless that is granted by name");
  c = config_new();
  h.nested = true;
  OK(plan_of(&c, &h) == 0, "root of a nested user namespace: is nobody outside");
  h = host;
  h.mixed_ids = true;
  h.privileged = false;
  h.uid = h.gid = 500;
  OK(plan_of(&c, &h) == JAILER_E_DENIED && err.layer == JAILER_LAYER_IDS, "ids that differ: denied");
  c.engine = JAILER_ENGINE_NONE;
  OK(plan_of(&c, &h) == JAILER_E_DENIED, "ids that differ: without walls too");
  c = config_new();
  h.privileged = true;
  h.uid = h.gid = 0;
  OK(plan_of(&c, &h) == 0, "ids that differ: root gives all of them up");
  memset(&c, 0, sizeof c);
  c.argv = sh;
  c.engine = JAILER_ENGINE_NONE;
  h = host;
  h.landlock_abi = 0;
  h.seccomp = h.userns = h.mntns = h.pidns = h.netns = false;
  OK(plan_of(&c, &h) == 0, "the engine without walls needs none of them");

  static const struct {
    const char *name;
    bool privileged, allow_root;
    uint32_t uid, gid, in_uid, in_gid, host_uid, host_gid; /* host 0 and not allow_root: anything in the boxes' range */
    jailer_code code;
  } ids[] = {{"ordinary, nothing said", false, false, 0, 0, 500, 501, 500, 501, 0},
             {"ordinary, a number for inside", false, false, 7, 8, 7, 8, 500, 501, 0},
             {"root, nothing said", true, false, 0, 0, 0, 0, 0, 0, 0},
             {"root, a number", true, false, 7, 8, 7, 8, 7, 8, 0},
             {"root, root asked by name", true, true, 0, 0, 0, 0, 0, 0, 0}};
  for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
    h = host;
    h.privileged = ids[i].privileged;
    h.uid = ids[i].privileged ? 0 : 500;
    h.gid = ids[i].privileged ? 0 : 501;
    c = config_new();
    c.uid = ids[i].uid;
    c.gid = ids[i].gid;
    c.allow_host_root = ids[i].allow_root;
    jailer_plan *p = NULL;
    jailer_code code = jailer_plan_new(&c, &h, &p, &err);
    bool fresh = ids[i].privileged && !ids[i].allow_root && !ids[i].uid;
    OK(code == ids[i].code && p &&
           (fresh ? p->host_uid >= 0x70000000u && p->host_uid == p->host_gid && p->inside_uid == p->host_uid &&
                        p->host_uid < 0x7ffe0000u
                  : p->inside_uid == ids[i].in_uid && p->inside_gid == ids[i].in_gid &&
                        p->host_uid == ids[i].host_uid && p->host_gid == ids[i].host_gid),
       "ids: %s", ids[i].name);
    jailer_plan_free(p);
  }
}

/* --- through the public functions, with real files --- */

static char dir[256];

static char *in_dir(const char *name) { /* of a few paths at a time */
  static char ring[128][600];
  static int at;
  char *path = ring[at++ % 128];
  snprintf(path, sizeof ring[0], "%s/%s", dir, name);
  return path;
}

static void touch(const char *path) {
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
  if (fd >= 0) close(fd);
}

static jailer_code plan_grants(const jailer_grant *g, size_t n) {
  jailer_config c = config_new();
  c.grants = g;
  c.grant_count = n;
  return plan_of(&c, &host);
}

static void test_real(void) {
  static const char *const dirs[] = {"a", "a/b", "a/b/c", "d", "weird", "weird/x\ny\xff \"\\", "swap"};
  for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) mkdir(in_dir(dirs[i]), 0755);
  touch(in_dir("a/f"));
  touch(in_dir("d/g"));
  if (link(in_dir("a/f"), in_dir("d/hard")) || symlink("a", in_dir("to_a")) || symlink("../d", in_dir("a/way")) ||
      symlink("/", in_dir("to_root")) || symlink("/proc/self", in_dir("to_self")) ||
      symlink("nowhere", in_dir("dangling")) || symlink("loop", in_dir("loop")) || mkfifo(in_dir("d/fifo"), 0644))
    OK(false, "real: made the files");

  const struct {
    const char *name;
    jailer_code code;
    jailer_grant g[3];
  } rows[] = {
      {"a hard link, ro and rw", C, {{in_dir("a/f"), NULL, R, false}, {in_dir("d/hard"), NULL, W, false}}},
      {"a hard link, rw twice", 0, {{in_dir("a/f"), NULL, W, false}, {in_dir("d/hard"), NULL, W, false}}},
      {"one directory by a link, ro and rw", C, {{in_dir("a"), NULL, R, false}, {in_dir("to_a"), NULL, W, false}}},
      {"below a link, deeper than a direct child",
       C,
       {{in_dir("a"), NULL, W, false}, {in_dir("to_a/b/c"), NULL, R, false}}},
      {"below a link, a direct child at another place",
       C,
       {{in_dir("a"), NULL, W, false}, {in_dir("to_a/b"), NULL, R, false}}},
      {"through a link inside a writable grant",
       U,
       {{in_dir("a"), NULL, W, false}, {in_dir("a/way/g"), NULL, R, false}}},
      {"a link inside a writable grant", U, {{in_dir("a"), NULL, W, false}, {in_dir("a/way"), NULL, R, false}}},
      {"a read-only file with a second name, in a writable grant",
       C,
       {{in_dir("a"), NULL, W, false}, {in_dir("a/f"), NULL, R, false}}},
      {"a link to the root", C, {{in_dir("to_root"), "/host", R, false}}},
      {"a link to a process", C, {{in_dir("to_self"), "/me", R, false}}},
      {"this process, as a path", C, {{"/proc/self", "/me", R, false}}},
      {"this thread, as a path", C, {{"/proc/thread-self", "/me", R, false}}},
      {"the root, through this process", C, {{"/proc/self/root", "/host", R, false}}},
      {"a file of this process", C, {{"/proc/self/status", "/status", R, false}}},
      {"a directory of this process, optional", C, {{"/proc/self/fd", "/fd", R, true}}},
      {"/proc/sys is no process", 0, {{"/proc/sys/kernel", "/kernel", R, false}}},
      {"an optional exec grant in a writable one, missing",
       C,
       {{in_dir("a"), NULL, W, false}, {in_dir("a/bin"), NULL, X, true}}},
      {"an optional read grant deep in a writable one, missing",
       C,
       {{in_dir("a"), NULL, W, false}, {in_dir("a/b/c/none"), NULL, R, true}}},
      {"an optional grant in a writable one by a link, missing",
       C,
       {{in_dir("to_a"), NULL, W, false}, {in_dir("a/bin"), NULL, X, true}}},
      {"an optional grant beside a writable one, missing",
       0,
       {{in_dir("a"), NULL, W, false}, {in_dir("bin"), NULL, X, true}}},
      {"an optional writable grant in a writable one, missing",
       0,
       {{in_dir("a"), NULL, W, false}, {in_dir("a/new"), NULL, W, true}}},
      {"a trailing slash", 0, {{in_dir("a/"), NULL, R, false}}},
      {"a trailing slash is the same path", C, {{in_dir("a///"), NULL, R, false}, {in_dir("./a/."), NULL, W, false}}},
      {"a path that does not exist", JAILER_E_NOT_FOUND, {{in_dir("none"), NULL, R, false}}},
      {"an optional path that does not exist", 0, {{in_dir("none"), NULL, R, true}}},
      {"below a file, optional", 0, {{in_dir("a/f/x"), NULL, R, true}}},
      {"below a file", JAILER_E_NOT_FOUND, {{in_dir("a/f/x"), NULL, R, false}}},
      {"a dangling link", JAILER_E_NOT_FOUND, {{in_dir("dangling"), NULL, R, false}}},
      {"a loop of links", JAILER_E_SYSTEM, {{in_dir("loop"), NULL, R, true}}},
      {"a FIFO, read", U, {{in_dir("d/fifo"), NULL, R, false}}},
      {"a FIFO, written", 0, {{in_dir("d/fifo"), NULL, W, false}}},
      {"weird bytes", 0, {{in_dir("weird/x\ny\xff \"\\"), NULL, R, false}}},
      {"a device as a file", U, {{"/dev/null", "/x", R, false}}},
      {"a device as a device", 0, {{"/dev/null", "/x", D, false}}},
      {"a place below a file of the system", C, {{in_dir("a"), "/dev/null/x", R, false}}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t n = 0;
    while (n < 3 && rows[i].g[n].path) n++;
    jailer_code code = plan_grants(rows[i].g, n);
    OK(code == rows[i].code && (!code || (err.item[0] && err.message[0])), "real: %s: %s", rows[i].name,
       code ? err.message : "accepted");
  }
  if (geteuid() != 0) {
    mkdir(in_dir("shut"), 0700);
    mkdir(in_dir("shut/in"), 0700);
    chmod(in_dir("shut"), 0);
    jailer_grant g = {in_dir("shut/in"), NULL, JAILER_READ, true};
    OK(plan_grants(&g, 1) == JAILER_E_DENIED, "real: a path the launcher cannot reach is an error, optional or not");
    chmod(in_dir("shut"), 0700);
  }
  char *text = malloc(5000);
  memset(text, 'a', 4096);
  for (int i = 0; i < 4096; i += 200) text[i] = '/';
  text[4096] = 0;
  jailer_grant g = {text, NULL, JAILER_READ, true};
  OK(plan_grants(&g, 1) == JAILER_E_LIMIT, "real: a path of 4096 bytes");
  text[4095] = 0;
  OK(plan_grants(&g, 1) == JAILER_OK, "real: an optional path of 4095 bytes");
  g.optional = false;
  OK(plan_grants(&g, 1) == JAILER_E_NOT_FOUND, "real: a path of 4095 bytes that is not there");
  free(text);
}

/* A proc file system that is mounted somewhere else is the host's processes all the same. */
static void test_proc_elsewhere(void) {
  const char *names[] = {"proc2", "proc2/uptime", "proc2/1", "proc2/sys/kernel", "proc2/self", "to_proc2"};
  const char *what[] = {"a proc file system at another place", "a file of it", "a process of it", "its sys/", "its self",
                        "a link to it"};
  enum { N = sizeof names / sizeof names[0] };
  int ends[2], got[2 * N + 1];
  ssize_t n = 0;
  if (geteuid() != 0) return;
  mkdir(in_dir("proc2"), 0755);
  if (symlink("proc2", in_dir("to_proc2")) || pipe2(ends, O_CLOEXEC)) OK(false, "proc: made the files");
  pid_t pid = fork();
  if (pid == 0) { /* in mounts of its own */
    int codes[2 * N + 1] = {0};
    codes[2 * N] = unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
                   mount("proc", in_dir("proc2"), "proc", 0, NULL);
    for (int i = 0; i < 2 * N; i++) {
      jailer_grant g = {in_dir(names[i / 2]), i % 2 ? "/x" : NULL, JAILER_READ, false};
      codes[i] = (int)plan_grants(&g, 1);
    }
    _exit(write(ends[1], codes, sizeof codes) != (ssize_t)sizeof codes);
  }
  close(ends[1]);
  memset(got, 0xff, sizeof got);
  n = read(ends[0], got, sizeof got);
  close(ends[0]);
  waitpid(pid, NULL, 0);
  OK(n == (ssize_t)sizeof got && got[2 * N] == 0, "proc: mounted in a mount namespace of its own");
  for (int i = 0; i < N; i++)
    OK(got[2 * i] == C && got[2 * i + 1] == C, "proc: %s cannot be granted, at its own place or another: %d %d", what[i],
       got[2 * i], got[2 * i + 1]);
  jailer_grant g = {in_dir("proc2"), NULL, JAILER_READ, false};
  OK(plan_grants(&g, 1) == JAILER_OK, "proc: without the mount that directory can");
}

static double wall(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Paths that do not answer, and a process that ends while it looks at them. */
static void test_survey(void) {
  static const struct {
    long nr;
    const char *name;
  } calls[] = {{SYS_openat, "open"}, {SYS_statx, "stat"}, {SYS_fstatfs, "statfs"}};
  const char *own[] = {in_dir("prog"), NULL};
  const jailer_grant grants[] = {{in_dir("a"), NULL, JAILER_READ, false}, {in_dir("d"), NULL, JAILER_READ, true}};
  char *d = strdup(in_dir("d"));
  touch(in_dir("prog"));
  chmod(in_dir("prog"), 0755);
  for (int program = 0; program < 2; program++)
    for (size_t i = 0; i < 3; i++)
      for (int deadly = 0; deadly < 2; deadly++) {
        const char *what = program ? "a program named by its path" : "a grant", *path = program ? own[0] : d;
        jailer_config c = config_new();
        c.grants = grants;
        c.grant_count = 2;
        if (program) c.argv = own;
        c.launch_timeout_ms = deadly ? 20000 : 200;
        const int fds = count_fds();
        touch_hook_set(calls[i].nr, path, deadly);
        double begin = wall();
        jailer_code code = plan_of(&c, &host);
        double took = wall() - begin;
        touch_hook.at = 0;
        if (deadly)
          OK(code == JAILER_E_DIED && touch_hook.times == 1 && !strcmp(err.item, path) && took < 10,
             "survey: killed in its %s of %s: %s", calls[i].name, what, err.message);
        else
          OK(code == JAILER_E_TIMEOUT && touch_hook.times == 1 && !strcmp(err.item, path) && took > 0.19 && took < 10,
             "survey: %s of %s that does not answer, for 200 ms: %s after %.3f s", calls[i].name, what,
             jailer_code_name(code), took);
        errno = 0;
        OK(count_fds() == fds && waitpid(-1, NULL, __WALL | WNOHANG) < 0 && errno == ECHILD,
           "survey: and no descriptor and no process is left");
      }
  touch_hook_set(SYS_openat, d, false);
  jailer_proc proc;
  jailer_config c = config_new();
  c.grants = grants;
  c.grant_count = 2;
  c.launch_timeout_ms = 200;
  OK(jailer_launch(&c, &proc, &err) == JAILER_E_TIMEOUT && touch_hook.times == 1, "survey: a launch says so too");
  touch_hook.at = 0;
  OK(plan_of(&c, &host) == JAILER_OK, "survey: and where the paths answer the same grants are accepted");
  free(d);
}

/* A bare name is looked for where an executable grant is, and no other directory of PATH is looked into. */
static void test_search(void) {
  char path_env[600];
  snprintf(path_env, sizeof path_env, "PATH=%s:%s:/usr/bin:/bin", in_dir("far"), in_dir("a"));
  const char *bare[] = {"sh", NULL}, *nowhere[] = {"no-such-program-anywhere", NULL}, *env[] = {path_env, NULL};
  const jailer_grant read = {in_dir("far"), NULL, JAILER_READ, false}, exec = {in_dir("far"), NULL, JAILER_EXEC, false},
                     write = {in_dir("far"), NULL, JAILER_WRITE, false},
                     beside = {in_dir("farther"), NULL, JAILER_EXEC, false};
  mkdir(in_dir("far"), 0755);
  mkdir(in_dir("farther"), 0755);
  const struct {
    const char *name;
    const char *const *argv;
    const jailer_grant *grant;
    jailer_code code;
    int opened;
  } rows[] = {{"outside all grants", bare, NULL, 0, 0},
              {"outside all grants, of a name that is nowhere", nowhere, NULL, JAILER_E_NOT_FOUND, 0},
              {"granted read-only", bare, &read, 0, 1},
              {"granted for writing", bare, &write, 0, 1},
              {"beside an executable grant", bare, &beside, 0, 0},
              {"granted for executing", bare, &exec, 0, 2}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config c = config_new();
    char *far = strdup(in_dir("far"));
    c.argv = rows[i].argv;
    c.env = env;
    c.grants = rows[i].grant;
    c.grant_count = rows[i].grant != NULL;
    touch_hook_set(0, NULL, false);
    touch_hook.below = far;
    jailer_code code = plan_of(&c, &host);
    touch_hook.below = NULL;
    OK(code == rows[i].code && touch_hook.opened == rows[i].opened, "search: a directory of PATH %s: opened %d times (%s)",
       rows[i].name, touch_hook.opened, jailer_code_name(code));
    free(far);
  }
}

/* The program: looked up, and granted alone where nothing grants it yet. */
static void test_program(void) {
  touch(in_dir("prog"));
  chmod(in_dir("prog"), 0755);
  touch(in_dir("a/prog"));
  chmod(in_dir("a/prog"), 0755);
  touch(in_dir("a/plain"));
  const char *bare[] = {"sh", NULL}, *unknown[] = {"no-such-program-anywhere", NULL}, *own[] = {in_dir("prog"), NULL};
  const char *inside[] = {in_dir("a/prog"), NULL}, *folder[] = {in_dir("a"), NULL}, *moved[] = {"/x/prog", NULL};
  const char *bare_prog[] = {"prog", NULL}, *plain[] = {"plain", NULL};
  char path_env[300];
  snprintf(path_env, sizeof path_env, "PATH=:relative:/nowhere:%s", in_dir("a"));
  const char *env[] = {path_env, NULL};
  jailer_grant exec = {in_dir("a"), NULL, JAILER_EXEC, false}, read = {in_dir("a"), NULL, JAILER_READ, false},
               write = {in_dir("a"), NULL, JAILER_WRITE, false}, at_x = {in_dir("a"), "/x", JAILER_EXEC, false},
               file_read = {in_dir("prog"), NULL, JAILER_READ, false},
               file_write = {in_dir("prog"), NULL, JAILER_WRITE, false};
  const struct {
    const char *name;
    const char *const *argv;
    const char *const *env;
    const jailer_grant *grant;
    jailer_code code;
    const char *program;
    int own_grant; /* 1: a grant of its own, 0: none */
  } rows[] = {{"a bare name along the default PATH", bare, NULL, NULL, 0, NULL, 0},
              {"a bare name that is nowhere", unknown, NULL, NULL, JAILER_E_NOT_FOUND, NULL, 0},
              {"a bare name along PATH, not granted", bare_prog, env, NULL, JAILER_E_NOT_FOUND, NULL, 0},
              {"a bare name along PATH, granted read-only", bare_prog, env, &read, JAILER_E_NOT_FOUND, NULL, 0},
              {"a bare name along PATH, granted exec", bare_prog, env, &exec, 0, inside[0], 0},
              {"a bare name of a file that is not executable", plain, env, &exec, JAILER_E_NOT_FOUND, NULL, 0},
              {"a path that nothing grants", own, NULL, NULL, 0, own[0], 1},
              {"a path that a read-only grant covers", inside, NULL, &read, 0, inside[0], 1},
              {"a path that an exec grant covers", inside, NULL, &exec, 0, inside[0], 0},
              {"a path directly in a writable grant", inside, NULL, &write, 0, inside[0], 1},
              {"a path that exists only inside", moved, NULL, &at_x, 0, "/x/prog", 0},
              {"a read-only grant of the program itself", own, NULL, &file_read, 0, own[0], 1},
              {"a writable grant of the program itself", own, NULL, &file_write, C, NULL, 0},
              {"a directory", folder, NULL, NULL, JAILER_E_EXEC, NULL, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config c = config_new();
    c.argv = rows[i].argv;
    c.env = rows[i].env;
    c.grants = rows[i].grant;
    c.grant_count = rows[i].grant != NULL;
    jailer_plan *p = NULL;
    jailer_code code = jailer_plan_new(&c, &host, &p, &err);
    int alone = 0;
    for (size_t k = 0; p && k < p->nodes.count; k++)
      alone += p->nodes.item[k].kind == JL_TREE && p->nodes.item[k].source->origin == JL_FROM_PROGRAM;
    OK(code == rows[i].code &&
           (code || ((!rows[i].program || !strcmp(p->program, rows[i].program)) && alone == rows[i].own_grant)),
       "program: %s: %s", rows[i].name, code ? err.message : "accepted");
    jailer_plan_free(p);
  }
}

/* A box: its own entries and nothing else of the home. */
static void test_box(void) {
  jailer_layout layout;
  char home[300], other[400], *path;
  jailer_error e;
  snprintf(home, sizeof home, "%s/home", dir);
  bool made = jailer_layout_init(&layout, home, "other", &e) == 0 && jailer_layout_prepare(&layout, 0, 0, &e) == 0 &&
              jailer_layout_init(&layout, home, "me", &e) == 0;
  if (!OK(made, "box: a home with a neighbour: %s", made ? "" : e.message)) return;
  snprintf(other, sizeof other, "%s/boxes/other", home);
  mkdir(in_dir("beside"), 0755);
  const struct {
    const char *name, *path;
    jailer_access access;
    jailer_code code;
  } rows[] = {{"nothing more", NULL, 0, 0},
              {"the home", home, R, C},
              {"a parent of the home", dir, R, C},
              {"the boxes", in_dir("home/boxes"), R, C},
              {"the box itself", in_dir("home/boxes/me"), R, C},
              {"an entry of the box itself", in_dir("home/boxes/me/mounts"), W, C},
              {"a neighbour", other, R, C},
              {"a neighbour's directory", in_dir("home/boxes/other/shared"), W, C},
              {"who owns which uid", in_dir("home/uids"), R, C},
              {"the bases, by another name than the field", in_dir("home/bases"), R, C},
              {"the images, writable", in_dir("home/images"), W, C},
              {"a directory beside", in_dir("beside"), W, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config c = config_new();
    jailer_grant g = {rows[i].path, "/g", rows[i].access, false};
    c.layout = &layout;
    c.grants = &g;
    c.grant_count = rows[i].path != NULL;
    jailer_code code = plan_of(&c, &host);
    OK(code == rows[i].code, "box: %s: %s", rows[i].name, code ? err.message : "accepted");
  }
  jailer_config c = config_new();
  jailer_plan *p = NULL;
  c.layout = &layout;
  if (jailer_plan_new(&c, &host, &p, &err) == 0) {
    static const struct {
      const char *entry;
      int access; /* -1: absent */
    } entries[] = {{"bin", X},     {"shared", W},    {"sockets", W},      {"tmp", W},   {"logs", W},    {"exit", W},
                   {"mounts", -1}, {"shim.pid", -1}, {"shim.stderr", -1}, {"lock", -1}, {"record", -1}, {"copies", -1},
                   {"disks", -1},  {"", -1}};
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
      int found = -1;
      path = in_dir("home/boxes/me");
      if (entries[i].entry[0]) strcat(strcat(path, "/"), entries[i].entry);
      for (size_t k = 0; k < p->nodes.count; k++)
        if (p->nodes.item[k].kind == JL_TREE && !strcmp(p->nodes.item[k].source->resolved, path))
          found = (int)p->nodes.item[k].source->access;
      OK(found == entries[i].access, "box: %s/ is %s", entries[i].entry,
         found < 0    ? "absent"
         : found == X ? "exec"
         : found == W ? "writable"
                      : "wrong");
    }
  } else {
    OK(false, "box: planned: %s", err.message);
  }
  jailer_plan *second = NULL;
  OK(jailer_plan_new(&c, &host, &second, &err) == JAILER_E_BUSY && !second, "box: a second plan of it is busy");
  jailer_plan_free(p);
  OK(jailer_plan_new(&c, &host, &second, &err) == 0, "box: and not any more when the first is freed");
  jailer_plan_free(second);
  const char *root[] = {dir, NULL}, *in_box[] = {in_dir("home/boxes/me/shared"), NULL},
             *good[] = {in_dir("beside"), NULL};
  c.trusted_roots = root;
  OK(plan_of(&c, &host) == C, "box: a trusted root that holds the boxes");
  c.trusted_roots = in_box;
  OK(plan_of(&c, &host) == C, "box: a trusted root in a box");
  c.trusted_roots = good;
  OK(plan_of(&c, &host) == 0, "box: a trusted root beside");
  jailer_grant inside = {in_dir("beside"), NULL, JAILER_READ, false};
  c.grants = &inside;
  c.grant_count = 1;
  OK(plan_of(&c, &host) == C, "box: a grant of a trusted root");
  touch(in_dir("beside/base"));
  inside.path = in_dir("beside/base");
  OK(plan_of(&c, &host) == 0, "box: a file of it, read");
  inside.access = JAILER_WRITE;
  OK(plan_of(&c, &host) == C, "box: a file of it, written");
  for (int i = 0; i < 2; i++) {
    jailer_layout_init(&layout, home, i ? "me" : "other", &e);
    OK(jailer_layout_remove(&layout, &e) == 0, "box: removed");
  }
}

/* --- the text --- */

static void test_text(void) {
  jailer_host h = host;
  h.privileged = false;
  h.uid = h.gid = 1234;
  h.nofile_hard = 4096;
  const char *argv[] = {"/opt/p q", "-x\n", NULL}, *env[] = {"A=\"\xff", NULL};
  char from[300];
  mkdir(in_dir("text"), 0755);
  mkdir(in_dir("text/w"), 0755);
  snprintf(from, sizeof from, "%s/text", dir);
  jailer_grant g[] = {{from, "/opt", JAILER_EXEC, false}, {in_dir("text/w"), "/opt/w", JAILER_WRITE, false}};
  jailer_fd fd = {9, true, 3};
  jailer_config c = config_new();
  c.argv = argv;
  c.env = env;
  c.cwd = "/opt/w";
  c.grants = g;
  c.grant_count = 2;
  c.fds = &fd;
  c.fd_count = 1;
  c.stdio = JAILER_STDIO_NULL;
  c.without_system = true;
  c.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  jailer_plan *p = NULL;
  if (!OK(jailer_plan_new(&c, &h, &p, &err) == 0, "text: planned: %s", err.message)) return;
  char want[4096], got[4096];
  snprintf(
      want, sizeof want,
      "engine native\nprogram /opt/p q\narg /opt/p q\narg -x\\x0a\nenv A=\\x22\\xff\n"
      "env PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\ncwd /opt/w\nhostname jail\n"
      "ids 1234:1234 on the host 1234:1234\n"
      "layer userns\nlayer ids\nlayer mounts\nlayer proc\nlayer pidns\nlayer netns\nlayer ipcns\nlayer utsns\n"
      "layer cgroupns\n"
      "layer session\nlayer parent-death\nlayer fds\nlayer env\nlayer rlimits\nlayer caps\nlayer no-new-privs\n"
      "layer? landlock\nlayer seccomp\n"
      "fd 0 from /dev/null\nfd 1 from /dev/null\nfd 2 from /dev/null\nfd 3 from 9\n"
      "dir /dev\nlink /dev/fd -> /proc/self/fd\ngrant /dev/full dev nosuid noexec\ngrant /dev/null dev nosuid noexec\n"
      "grant /dev/random dev nosuid noexec\ntmpfs /dev/shm mode=1777,size=67108864,nr_inodes=16384\n"
      "link /dev/stderr -> /proc/self/fd/2\nlink /dev/stdin -> /proc/self/fd/0\nlink /dev/stdout -> /proc/self/fd/1\n"
      "grant /dev/urandom dev nosuid noexec\ngrant /dev/zero dev nosuid noexec\n"
      "grant /opt exec from %s nosuid exec nodev\ngrant /opt/w rw from %s/w nosuid nodev noexec\n"
      "proc /proc\ntmpfs /tmp mode=1777,size=67108864,nr_inodes=16384\n",
      from, from);
  size_t length = 0;
  OK(jailer_plan_text(p, got, sizeof got, &length, &err) == 0 && length == strlen(got), "text: printed");
  size_t same = 0;
  while (want[same] && want[same] == got[same]) same++;
  OK(!strcmp(want, got), "text: as expected; at byte %zu: \"%.60s\" instead of \"%.60s\"", same, got + same,
     want + same);
  bool clean = true;
  for (const char *s = got; *s; s++) clean = clean && (*s == '\n' || (*s >= 32 && *s < 127));
  OK(clean, "text: only printable bytes");
  size_t whole = length;
  bool good = true;
  for (size_t size = 0; size <= whole; size += size < whole - 3 ? 61 : 1) {
    got[0] = 'x';
    length = 0;
    jailer_code code = jailer_plan_text(p, got, size, &length, &err);
    good = good && code == JAILER_E_LIMIT && length == whole && (!size || !got[0]);
  }
  OK(good, "text: an array that is too small: E_LIMIT, the length, and nothing written");
  OK(jailer_plan_text(p, got, whole + 1, NULL, NULL) == 0 && !strcmp(got, want), "text: an array that just fits");
  OK(jailer_plan_text(p, NULL, 0, &length, NULL) == JAILER_E_LIMIT && length == whole, "text: asked for its length");
  OK(jailer_plan_text(p, NULL, 100, &length, NULL) == JAILER_E_LIMIT && length == whole, "text: no array");
  jailer_plan_free(p);
}

/* The plan owns what it needs: the configuration may change or go when it is made. */
static void test_borrowing(void) {
  char program[] = "/bin/sh", arg[] = "argument", variable[] = "A=1", host_name[] = "first", cwd[] = "/usr", path[300],
       at[] = "/here";
  snprintf(path, sizeof path, "%s", in_dir("a"));
  const char *argv[] = {program, arg, NULL}, *env[] = {variable, NULL};
  jailer_grant g = {path, at, JAILER_READ, false};
  jailer_fd fd = {9, true, 3};
  jailer_config c = config_new();
  c.argv = argv, c.env = env, c.hostname = host_name, c.cwd = cwd;
  c.grants = &g, c.grant_count = 1, c.fds = &fd, c.fd_count = 1;
  char before[8192], after[8192];
  jailer_plan *p = NULL;
  if (!OK(jailer_plan_new(&c, &host, &p, &err) == 0 && jailer_plan_text(p, before, sizeof before, NULL, &err) == 0,
          "borrow: planned"))
    return;
  memset(program, 'x', 3), memset(arg, 'x', 3), memset(variable, 'x', 3), memset(host_name, 'x', 3),
      memset(cwd, 'x', 3);
  memset(path, 'x', 3), memset(at, 'x', 3), memset(&g, 0xff, sizeof g), memset(&fd, 0xff, sizeof fd),
      memset(&c, 0xff, sizeof c);
  argv[0] = argv[1] = env[0] = NULL;
  OK(jailer_plan_text(p, after, sizeof after, NULL, &err) == 0 && !strcmp(before, after),
     "borrow: nothing of the configuration is needed any more");
  jailer_plan_free(p);
}

/* --- 10,000 real grants --- */

static double real_us_per_grant(size_t n, bool *good) {
  jailer_grant *g = calloc(n, sizeof *g);
  char(*text)[300] = malloc(n * sizeof *text);
  for (size_t i = 0; i < n; i++) {
    snprintf(text[i], sizeof text[i], "%s/many/%zu", dir, i);
    g[i].path = text[i];
    g[i].access = i % 2 ? JAILER_READ : JAILER_WRITE;
  }
  double best = 1e9;
  for (int run = 0; run < (n < 1000 ? 20 : 2); run++) {
    double start = now();
    *good = plan_grants(g, n) == 0 && *good;
    double took = (now() - start) * 1e6 / (double)n;
    if (took < best) best = took;
  }
  free(g);
  free(text);
  return best;
}

static void test_many(void) {
  struct rlimit old, limit;
  getrlimit(RLIMIT_NOFILE, &old);
  limit = old;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  size_t n = limit.rlim_max < 10100 ? (size_t)limit.rlim_max - 100 : 10000;
  mkdir(in_dir("many"), 0755);
  for (size_t i = 0; i < n; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/many/%zu", dir, i);
    mkdir(path, 0755);
  }
  bool good = true;
  double few = real_us_per_grant(100, &good), many = real_us_per_grant(n, &good);
  OK(good, "many: %zu real grants planned", n);
  OK(many <= tolerance() * few + 1, "many: %.1f us a grant of 100, %.1f of %zu", few, many, n);
  for (size_t i = 0; i < n; i++) {
    char path[300];
    snprintf(path, sizeof path, "%s/many/%zu", dir, i);
    rmdir(path);
  }
  /* too many for the limit of descriptors: an error that says so, and nothing left open */
  limit.rlim_cur = 64;
  setrlimit(RLIMIT_NOFILE, &limit);
  jailer_grant g[100];
  for (size_t i = 0; i < 100; i++) g[i] = (jailer_grant){in_dir("a"), "/x", JAILER_READ, false};
  jailer_code code = plan_grants(g, 100);
  int next = dup(0);
  OK(code == JAILER_E_LIMIT && err.sys_errno == EMFILE && next >= 0 && next < 10, "many: more than RLIMIT_NOFILE: %s",
     err.message);
  if (next >= 0) close(next);
  setrlimit(RLIMIT_NOFILE, &old);
}

/* A launcher without stdin: no descriptor of a plan may take its place. */
static void test_closed_stdio(void) {
  int saved = dup(0);
  jailer_plan *p = NULL;
  jailer_config c = config_new();
  close(0);
  jailer_code code = jailer_plan_new(&c, &host, &p, &err);
  bool taken = fcntl(0, F_GETFD) >= 0, low = false;
  for (size_t i = 0; p && i < p->source_count; i++) low = low || (p->sources[i].fd >= 0 && p->sources[i].fd < 3);
  if (saved >= 0) dup2(saved, 0);
  if (saved >= 0) close(saved);
  OK(code == 0 && !taken && !low, "stdin closed: it stays closed, the plan's descriptors are above");
  jailer_plan_free(p);
}

/* --- the engine seatbelt: its plans are made here as well --- */

static jailer_config seatbelt_new(void) {
  jailer_config c = config_new();
  c.engine = JAILER_ENGINE_SEATBELT;
  c.outlive_launcher = true;
  return c;
}

/* Each field that means nothing there, one by one; the last is none. */
static bool seatbelt_field(jailer_config *c, int which, const char **name) {
  static const jailer_port port = {443, JAILER_CONNECT_TCP};
  static jailer_policy *policy;
  if (!policy && jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err)) return false;
  switch (which) {
  case 0: return c->hostname = "box", *name = "hostname", true;
  case 1: return c->allow_network = true, c->ports = &port, c->port_count = 1, *name = "ports", true;
  case 2: return c->allow_network = true, c->port_count = 1, *name = "ports", true;
  case 3: return c->limits.tmp_size_bytes = 1, *name = "tmp_size_bytes", true;
  case 4: return c->limits.shm_size_bytes = 1, *name = "shm_size_bytes", true;
  case 5: return c->limits.tmp_inodes = 1, *name = "tmp_inodes", true;
  case 6: return c->cgroup = "/sys/fs/cgroup", *name = "cgroup", true;
  case 7: return c->with_init = true, *name = "with_init", true;
  case 8: return c->log_denials = true, *name = "log_denials", true;
  case 9: return c->trap_denied = true, *name = "trap_denied", true;
  case 10: return c->policy = policy, *name = "policy", true;
  case 11: return c->role = JAILER_ROLE_VMM, *name = "role", true;
  case 12: return c->allow_unconfined_threads = true, *name = "allow_unconfined_threads", true;
  case 13: return c->seatbelt_profile = "own.sb", *name = "own.sb", true;
  default: return false;
  }
}

static void test_seatbelt_fields(void) {
  const char *name = NULL;
  jailer_config c = seatbelt_new();
  ACCEPTED("seatbelt: only argv, and that it may outlive the launcher: %s", err.message);
  for (int i = 0; c = seatbelt_new(), seatbelt_field(&c, i, &name); i++)
    OK(plan_of(&c, &host) == JAILER_E_INVALID && !strcmp(err.item, name), "seatbelt: %s means nothing there", name);
  c = seatbelt_new();
  c.role = JAILER_ROLE_LAUNCH;
  c.allow_userns = c.allow_exec_memfd = c.allow_full_proc = true;
  ACCEPTED("seatbelt: what weakens walls that are not there: %s", err.message);
  c.allow_network = c.allow_pty = c.controlling_tty = c.without_system = true;
  c.stdio = JAILER_STDIO_NULL;
  c.cwd = "/tmp";
  c.limits.nofile = 100;
  c.limits.fsize_bytes = 1000;
  ACCEPTED("seatbelt: what it has: %s", err.message);
  jailer_grant g = {dir, "/elsewhere", JAILER_READ, false};
  c = seatbelt_new();
  c.grants = &g;
  c.grant_count = 1;
  OK(plan_of(&c, &host) == C && err.layer == JAILER_LAYER_SEATBELT && !strcmp(err.item, "/elsewhere"),
     "seatbelt: nothing stands at another place");
  g.at = dir;
  ACCEPTED("seatbelt: a grant at its own place: %s", err.message);
  static const jailer_engine others[] = {JAILER_ENGINE_AUTO, JAILER_ENGINE_NATIVE, JAILER_ENGINE_NONE};
  for (size_t i = 0; i < 3; i++) {
    c = config_new();
    c.engine = others[i];
    c.seatbelt_profile = "/etc/passwd";
    OK(plan_of(&c, &host) == JAILER_E_INVALID && !strcmp(err.item, "seatbelt_profile"),
       "a profile for the engine %s", jailer_engine_name(others[i]));
  }
}

static void test_seatbelt_layers(void) {
  jailer_host h = host;
  jailer_config c = seatbelt_new();
  jailer_plan *p = NULL;
  const uint32_t plain = JAILER_BIT(JAILER_LAYER_SEATBELT) | JAILER_BIT(JAILER_LAYER_SESSION) |
                         JAILER_BIT(JAILER_LAYER_FDS) | JAILER_BIT(JAILER_LAYER_ENV) | JAILER_BIT(JAILER_LAYER_RLIMITS);
  c.outlive_launcher = false;
  OK(plan_of(&c, &host) == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_DEATH,
     "seatbelt: to end with the launcher is not to be had");
  c.may_degrade = JAILER_BIT(JAILER_LAYER_DEATH) | JAILER_BIT(JAILER_LAYER_SEATBELT);
  h.privileged = false;
  h.uid = h.gid = 500;
  OK(jailer_plan_new(&c, &h, &p, &err) == JAILER_OK && p->layers == (plain | JAILER_BIT(JAILER_LAYER_DEATH)) &&
         p->may_degrade == JAILER_BIT(JAILER_LAYER_DEATH) && jl_plan_wanted_layers(p) == plain,
     "seatbelt: unless that may degrade; the sandbox itself may not");
  jailer_plan_free(p);
  c = seatbelt_new();
  c.uid = 501;
  OK(plan_of(&c, &h) == JAILER_E_INVALID && !strcmp(err.item, "uid"), "seatbelt: an ordinary user stays the same");
  c.uid = 500;
  OK(plan_of(&c, &h) == JAILER_OK, "seatbelt: and may say so");
  h.privileged = true;
  h.uid = h.gid = 0;
  c.uid = 0;
  OK(jailer_plan_new(&c, &h, &p, &err) == JAILER_OK && p->layers == (plain | JAILER_BIT(JAILER_LAYER_IDS)) &&
         p->host_uid >= 0x70000000u,
     "seatbelt: root is given up");
  jailer_plan_free(p);
}

static void test_seatbelt_env(void) {
  static const struct {
    const char *env[3];
    jailer_code code;
  } rows[] = {{{"A=1"}, 0},
              {{"DYLD_INSERT_LIBRARIES=/x"}, JAILER_E_INVALID},
              {{"A=1", "DYLD_="}, JAILER_E_INVALID},
              {{"LD_LIBRARY_PATH=/x"}, JAILER_E_INVALID},
              {{"DYLDX=1", "XDYLD_Y=1"}, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_config c = seatbelt_new();
    c.env = rows[i].env;
    OK(plan_of(&c, &host) == rows[i].code, "seatbelt: env: row %zu", i);
    if (rows[i].code) c = config_new(), c.env = rows[i].env, ACCEPTED("native: env: row %zu", i);
  }
}

static void test_seatbelt_paths(void) {
  static const struct {
    const char *path;
    jailer_code code;
  } rows[] = {{"/", 0},
              {"/a b'(c);\"\\", 0},
              {"/\xc3\xa4/\xd7\x90/\xe4\xb8\xad/\xf0\x9f\x98\x80", 0},
              {"/emoji \xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x92\xbb", 0},
              {"/$HOME", 0},
              {"/a${HOME}", JAILER_E_INVALID},
              {"/a\nb", JAILER_E_INVALID},
              {"/a\tb", JAILER_E_INVALID},
              {"/a\x01", JAILER_E_INVALID},
              {"/a\x7f", JAILER_E_INVALID},
              {"/\xc2\x85", JAILER_E_INVALID},         /* U+0085 */
              {"/\xe2\x80\xa8", JAILER_E_INVALID},     /* U+2028, a line's end */
              {"/\xe2\x80\xae", JAILER_E_INVALID},     /* U+202E, right to left from here on */
              {"/\xe2\x81\xa6", JAILER_E_INVALID},     /* U+2066 */
              {"/\xe2\x80\x8f", JAILER_E_INVALID},     /* U+200F */
              {"/\xff", JAILER_E_INVALID},
              {"/\x80", JAILER_E_INVALID},
              {"/\xc3", JAILER_E_INVALID},
              {"/\xe4\xb8", JAILER_E_INVALID},
              {"/\xc0\xaf", JAILER_E_INVALID},         /* "/" in two bytes */
              {"/\xe0\x80\xa2", JAILER_E_INVALID},     /* a quote in three */
              {"/\xed\xa0\x80", JAILER_E_INVALID},     /* a surrogate */
              {"/\xf4\x90\x80\x80", JAILER_E_INVALID}, /* U+110000 */
              {"/\xf0\x80\x80\xaf", JAILER_E_INVALID}};
  char name[1100];
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
    OK(jl_plan_seatbelt_path(rows[i].path, &err) == rows[i].code, "seatbelt: path: row %zu", i);
  memset(name, 'a', sizeof name);
  for (size_t i = 0; i < 1024; i += 100) name[i] = '/';
  name[1023] = 0;
  OK(jl_plan_seatbelt_path(name, &err) == 0, "seatbelt: a path of 1023 bytes");
  name[1023] = 'a', name[1024] = 0;
  OK(jl_plan_seatbelt_path(name, &err) == JAILER_E_LIMIT && err.layer == JAILER_LAYER_SEATBELT,
     "seatbelt: a path of 1024 bytes");
  memcpy(name, "/tmp/", 5);
  name[1016] = 0;
  OK(jl_plan_seatbelt_path(name, &err) == JAILER_E_LIMIT, "seatbelt: a path that has 1024 bytes in /private");
  name[1015] = 0;
  OK(jl_plan_seatbelt_path(name, &err) == 0, "seatbelt: and one that has 1023");
  jailer_grant g = {in_dir("weird/x\ny\xff \"\\"), NULL, JAILER_READ, false};
  jailer_config c = seatbelt_new();
  c.grants = &g;
  c.grant_count = 1;
  REFUSED(JAILER_E_INVALID, "seatbelt: weird bytes, in a plan: %s", err.message);
  c = seatbelt_new();
  c.cwd = "/a\nb";
  REFUSED(JAILER_E_INVALID, "seatbelt: weird bytes, in the working directory");
}

/* What is one path there, and in which order. */
static void test_seatbelt_places(void) {
  static const struct {
    const char *name;
    jailer_code code;
    row rows[3];
    const char *first; /* the node that stands first; NULL: none does */
    size_t count;
  } rows[] = {
      {"by path", 0, {G("/b", 0, R), G("/a/z", 0, R), G("/a", 0, R)}, "a", 3},
      {"links in the root", 0, {G("/tmp/x", 0, W)}, "private/tmp/x", 1},
      {"a link in the root, twice", 0, {G("/var/x", 0, R), GI("/private/var/x", 0, X, 0)}, "private/var/x", 1},
      {"a link in the root by itself", 0, {G("/etc", 0, R)}, "private/etc", 1},
      {"no link in the root", 0, {G("/tmpx", 0, R), G("/a/tmp", 0, R)}, "a/tmp", 2},
      {"the data volume", 0, {G("/System/Volumes/Data/Users/x", 0, R)}, "Users/x", 1},
      {"the data volume itself", 0, {G("/System/Volumes/Data", 0, R)}, "System/Volumes/Data", 1},
      {"what has no place beside it", 0, {G("/System/Volumes/Data/sw", 0, R)}, "System/Volumes/Data/sw", 1},
      {"one path, read and executed", 0, {G("/a", 0, X), G("/a", 0, R), G("/a", 0, X)}, "a", 1},
      {"one path, read and written", C, {G("/a", 0, R), G("/a", 0, W)}, NULL, 0},
      {"one path by a link in the root, read and written", C,
       {GI("/tmp/a", 0, R, 5), GI("/private/tmp/a", 0, W, 6)}, NULL, 0},
      {"deep in a writable grant by a link in the root", C, {G("/private/tmp", 0, W), G("/tmp/a/b", 0, R)}, NULL, 0},
      {"directly in a writable grant", 0, {G("/a", 0, W), G("/a/b", 0, R)}, "a", 2},
      {"the root", C, {G("/", 0, R)}, NULL, 0},
      {"the devices", C, {G("/dev", 0, R)}, NULL, 0},
      {"a file among the devices", C, {GF("/dev/x", 0, W)}, NULL, 0}};
  build_engine = JAILER_ENGINE_SEATBELT;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    size_t n = 0;
    while (n < 3 && rows[i].rows[n].path) n++;
    const jailer_code code = build(rows[i].rows, n);
    OK(code == rows[i].code && (code || (plan.nodes.count == rows[i].count &&
                                         !strcmp(plan.nodes.item[0].at, rows[i].first))),
       "seatbelt: %s: %s", rows[i].name, code ? err.message : plan.nodes.item[0].at);
  }
  build_engine = JAILER_ENGINE_NATIVE;
  plan_drop();
}

/* A box: its grants, its TMPDIR, no path for libraries. */
static void test_seatbelt_box(void) {
  static const char *const argv[] = {"true", NULL};
  jailer_layout layout;
  jailer_plan *p = NULL;
  jailer_proc proc;
  char tmp[500], bin[500], home[400];
  snprintf(home, sizeof home, "%s/mac", dir);
  snprintf(tmp, sizeof tmp, "TMPDIR=%s/boxes/me/tmp", home);
  snprintf(bin, sizeof bin, "%s/boxes/me/bin/true", home);
  jailer_config c = seatbelt_new();
  c.argv = argv;
  c.layout = &layout;
  c.shim = "/usr/bin/true";
  if (!OK(jailer_layout_init(&layout, home, "me", &err) == 0 && jailer_plan_new(&c, &host, &p, &err) == 0,
          "seatbelt: a box is planned: %s", err.message))
    return;
  bool found = false, libraries = false;
  for (size_t i = 0; i < p->env_count; i++) found = found || !strcmp(p->envp[i], tmp);
  for (size_t i = 0; i < p->env_count; i++) libraries = libraries || strstr(p->envp[i], "LIBRARY_PATH");
  OK(found && !libraries, "seatbelt: TMPDIR is the box's tmp/, and no library path is set");
  OK(!strcmp(p->program, bin) && access(bin, X_OK) == 0 && p->nodes.count == 6, "seatbelt: the shim is copied");
  OK(!p->filter && !p->policy && p->cgroup_fd < 0, "seatbelt: no filter, no cgroup");
  OK(jailer_spawn(p, &proc, &err) == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_SEATBELT && err.message[0] &&
         proc.pid == 0,
     "seatbelt: it is not launched here");
  OK(jailer_launch(&c, &proc, &err) == JAILER_E_BUSY, "seatbelt: a second plan of the box is busy");
  jailer_plan_free(p);
  OK(jailer_launch(&c, &proc, &err) == JAILER_E_UNSUPPORTED && proc.pid == 0, "seatbelt: nor by jailer_launch");
  const char *env[] = {"TMPDIR=/x", NULL};
  c.env = env;
  OK(jailer_plan_new(&c, &host, &p, &err) == 0 && p->env_count == 2, "seatbelt: TMPDIR is the caller's where it is set");
  jailer_plan_free(p);
  OK(jailer_layout_remove(&layout, &err) == 0, "seatbelt: the box is removed");
}

/* Programs: the system's own, by the table; others by a grant, which decides for what is in it. */
static void test_seatbelt_program(void) {
  const char *named[] = {"true", NULL}, *own[] = {in_dir("mac_prog"), NULL};
  touch(own[0]);
  chmod(own[0], 0755);
  const struct {
    const char *name, *const *argv;
    jailer_grant g;
    bool without_system;
    jailer_code code;
    size_t nodes;
  } rows[] = {{"a name of the system's", named, {NULL, NULL, R, false}, false, 0, 0},
              {"without the system", named, {NULL, NULL, R, false}, true, JAILER_E_NOT_FOUND, 0},
              {"whose directory is granted", named, {"/usr/bin", NULL, X, false}, true, 0, 1},
              {"whose directory may be read alone", named, {"/usr/bin", NULL, R, false}, false, JAILER_E_NOT_FOUND, 0},
              {"whose directory's directory may be read alone", named, {"/usr", NULL, R, false}, false,
               JAILER_E_NOT_FOUND, 0},
              {"by path", own, {NULL, NULL, R, false}, false, 0, 1},
              {"by path, directly in a writable grant", own, {dir, NULL, W, false}, false, 0, 2},
              {"by path, in an executable grant", own, {dir, NULL, X, false}, false, 0, 1}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_plan *p = NULL;
    jailer_config c = seatbelt_new();
    c.argv = rows[i].argv;
    c.without_system = rows[i].without_system;
    c.grants = &rows[i].g;
    c.grant_count = rows[i].g.path != NULL;
    const jailer_code code = jailer_plan_new(&c, &host, &p, &err);
    OK(code == rows[i].code && (code || p->nodes.count == rows[i].nodes), "seatbelt: a program, %s: %s", rows[i].name,
       code ? err.message : p->program);
    jailer_plan_free(p);
  }
}

static jailer_code write_profile(const char *bytes, size_t n, mode_t mode) {
  char *path = in_dir("own.sb");
  unlink(path);
  int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const bool whole = fd >= 0 && write(fd, bytes, n) == (ssize_t)n && fchmod(fd, mode) == 0;
  if (fd >= 0) close(fd);
  jailer_config c = seatbelt_new();
  c.seatbelt_profile = path;
  return whole ? plan_of(&c, &host) : JAILER_E_SYSTEM;
}

/* The caller's own profile: whose it is, what it is; and then it is the profile, and grants are nothing. */
static void test_seatbelt_profile(void) {
  static const char text[] = "(version 1)\n(allow default)\n", nul[] = "(version 1)\0(deny default)";
  const jailer_grant none[] = {{in_dir("none"), NULL, JAILER_READ, false}, {dir, "/x", JAILER_WRITE, false}};
  char got[100], *big = calloc(1, 1 << 20);
  size_t length = 0;
  jailer_plan *p = NULL;
  if (!big) abort();
  memset(big, ';', 1 << 20);
  OK(write_profile(big, (1 << 20) - 1, 0600) == 0, "profile: of just less than 1 MiB: %s", err.message);
  OK(write_profile(big, 1 << 20, 0600) == JAILER_E_LIMIT, "profile: of 1 MiB");
  free(big);
  OK(write_profile(text, 0, 0600) == JAILER_E_FORMAT, "profile: empty");
  OK(write_profile(nul, sizeof nul - 1, 0600) == JAILER_E_FORMAT, "profile: with a NUL");
  OK(write_profile(text, sizeof text - 1, 0620) == JAILER_E_UNSAFE, "profile: its group may write it");
  OK(write_profile(text, sizeof text - 1, 0602) == JAILER_E_UNSAFE, "profile: everybody may write it");
  OK(write_profile(text, sizeof text - 1, 0644) == 0, "profile: everybody may read it: %s", err.message);
  jailer_config c = seatbelt_new();
  c.seatbelt_profile = in_dir("own.sb");
  c.grants = none;
  c.grant_count = 2;
  OK(jailer_plan_new(&c, &host, &p, &err) == 0 && jailer_sbpl_plan(p, got, sizeof got, &length, &err) == 0 &&
         length == sizeof text - 1 && !strcmp(got, text),
     "profile: it is used as it is, and grants are not even looked at: %s", err.message);
  jailer_plan_free(p);
  if (geteuid() == 0) {
    OK(chown(c.seatbelt_profile, 12345, 0) == 0 && plan_of(&c, &host) == JAILER_E_UNSAFE,
       "profile: somebody else's");
  } else {
    c.seatbelt_profile = "/etc/passwd";
    ACCEPTED("profile: root's: %s", err.message);
  }
  const struct {
    const char *path;
    jailer_code code;
  } rows[] = {{in_dir("none"), JAILER_E_NOT_FOUND}, {dir, JAILER_E_UNSAFE}, {in_dir("d/fifo"), JAILER_E_UNSAFE},
              {"/dev/null", JAILER_E_UNSAFE}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    c.seatbelt_profile = rows[i].path;
    OK(plan_of(&c, &host) == rows[i].code && err.layer == JAILER_LAYER_SEATBELT && !strcmp(err.item, rows[i].path),
       "profile: %s: %s", rows[i].path, err.message);
  }
}

/* The plan as text, and the profile's array. */
static void test_seatbelt_text(void) {
  jailer_host h = host;
  jailer_plan *p = NULL;
  jailer_grant g = {in_dir("a"), NULL, JAILER_WRITE, false};
  char want[1024], got[1024], *profile = malloc(65536), *again = malloc(65536);
  size_t length = 0, told = 0;
  h.privileged = false;
  h.uid = h.gid = 1234;
  jailer_config c = seatbelt_new();
  c.grants = &g;
  c.grant_count = 1;
  c.allow_network = true;
  if (!profile || !again || !OK(jailer_plan_new(&c, &h, &p, &err) == 0, "seatbelt text: planned: %s", err.message))
    return;
  snprintf(want, sizeof want,
           "engine seatbelt\nprogram /bin/sh\narg /bin/sh\narg -c\narg true\n"
           "env PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\ncwd /\nprofile written\nnetwork\n"
           "ids 1234:1234 on the host 1234:1234\n"
           "layer session\nlayer fds\nlayer env\nlayer rlimits\nlayer seatbelt\n"
           "fd 0 from 0\nfd 1 from 1\nfd 2 from 2\ngrant %s%s/a rw\n",
           strncmp(dir, "/tmp/", 5) ? "" : "/private", dir);
  size_t same = 0;
  const jailer_code code = jailer_plan_text(p, got, sizeof got, NULL, &err);
  while (!code && want[same] && want[same] == got[same]) same++;
  OK(!code && !strcmp(got, want), "seatbelt text: as expected; at byte %zu: \"%.60s\"", same, got + same);
  OK(jailer_sbpl_plan(p, profile, 65536, &length, &err) == 0 && strlen(profile) == length, "profile: printed");
  OK(jailer_sbpl_plan(p, again, length, &told, &err) == JAILER_E_LIMIT && told == length && !again[0] &&
         jailer_sbpl_plan(p, NULL, 0, &told, NULL) == JAILER_E_LIMIT && told == length,
     "profile: an array that is too small");
  OK(jailer_sbpl_plan(p, again, length + 1, NULL, NULL) == 0 && !strcmp(profile, again), "profile: one that just fits");
  OK(jailer_sbpl_text(&c, again, 65536, &told, &err) == 0 && told == length && !strcmp(profile, again),
     "profile: where nothing is a link and all is there, the configuration alone gives the same: %s", err.message);
  jailer_plan_free(p);
  OK(jailer_sbpl_plan(NULL, got, sizeof got, &told, &err) == JAILER_E_INVALID && !got[0] && told == 0, "profile: no plan");
  OK(jailer_sbpl_text(NULL, got, sizeof got, &told, &err) == JAILER_E_INVALID, "profile: no configuration");
  c.engine = JAILER_ENGINE_NATIVE;
  OK(jailer_sbpl_text(&c, got, sizeof got, &told, &err) == JAILER_E_INVALID && !strcmp(err.item, "engine"),
     "profile: of a configuration for another engine");
  c.grant_count = 0;
  OK(jailer_plan_new(&c, &host, &p, &err) == 0 &&
         jailer_sbpl_plan(p, got, sizeof got, &told, &err) == JAILER_E_INVALID,
     "profile: of a plan of another engine");
  jailer_plan_free(p);
  c.engine = JAILER_ENGINE_SEATBELT;
  c.seatbelt_profile = "/etc/passwd";
  OK(jailer_sbpl_text(&c, got, sizeof got, &told, &err) == JAILER_E_INVALID && !strcmp(err.item, "seatbelt_profile"),
     "profile: no file is read for the configuration alone");
  free(profile);
  free(again);
}

static int test_here(void) {
  const char *tmp = getenv("TMPDIR");
  snprintf(dir, sizeof dir, "%s/jailer-plan.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  if (!mkdtemp(dir) || jailer_probe(&host, &err)) {
    printf("Bail out! no directory or no probe\n");
    return 1;
  }
  char *real = realpath(dir, NULL);
  if (real) snprintf(dir, sizeof dir, "%s", real);
  free(real);
  chmod(dir, 0755);
  touch(in_dir("x"));
  test_landlock_here();
  test_config();
  test_without_box();
  test_fds();
  test_hosts();
  test_real();
  test_proc_elsewhere();
  test_survey();
  test_search();
  test_program();
  test_box();
  test_text();
  test_borrowing();
  test_many();
  test_closed_stdio();
  test_seatbelt_fields();
  test_seatbelt_layers();
  test_seatbelt_env();
  test_seatbelt_paths();
  test_seatbelt_places();
  test_seatbelt_box();
  test_seatbelt_program();
  test_seatbelt_profile();
  test_seatbelt_text();
  char command[400];
  snprintf(command, sizeof command, "rm -rf '%s'", dir);
  OK(system(command) == 0, "cleaned up");
  return 0;
}
#else
static int test_here(void) { return 0; } /* no configuration is planned here */
#endif

int main(void) {
  test_normal();
  test_cases();
  test_nodes();
  test_property();
  test_time();
  test_landlock();
  return test_here() || tap_done();
}
