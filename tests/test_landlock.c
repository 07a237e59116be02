/* test_landlock.c: Landlock from the table to the kernel. The table against numbers that are written out here; every right
 * of the running ABI with and without its grant, in a child that the header's functions confine and nothing else does, so
 * that the answer is Landlock's; then jails: without mounts, with ports, with logged denials, and one domain too many. */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "bpf_run.h"
#include "tap.h"

#include "inside.h"

#include <arpa/inet.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static jailer_host host;

/* ---------------------------------------------------------------- the table */

/* Documentation/userspace-api/landlock.rst and include/uapi/linux/landlock.h of Linux 7.3. */
static void test_table(void) {
  static const struct {
    uint32_t abi;
    uint64_t fs, net, scoped;
    size_t size;
    uint32_t flags;
  } rows[] = {{0, 0, 0, 0, 8, 0},
              {1, 0x1fff, 0, 0, 8, 0},
              {2, 0x3fff, 0, 0, 8, 0},
              {3, 0x7fff, 0, 0, 8, 0},
              {4, 0x7fff, 0x3, 0, 16, 0},
              {5, 0xffff, 0x3, 0, 16, 0},
              {6, 0xffff, 0x3, 0x3, 24, 0},
              {7, 0xffff, 0x3, 0x3, 24, 0x7},
              {8, 0xffff, 0x3, 0x3, 24, 0xf},
              {9, 0x1ffff, 0x3, 0x3, 24, 0xf},
              {10, 0x1ffff, 0xf, 0x3, 24, 0xf},
              {11, 0x1ffff, 0xf, 0x3, 24, 0x1f},
              {12, 0x1ffff, 0xf, 0x3, 24, 0x1f},
              {1000, 0x1ffff, 0xf, 0x3, 24, 0x1f},
              {UINT32_MAX, 0x1ffff, 0xf, 0x3, 24, 0x1f}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    const jl_landlock all = jl_tab_landlock_all(rows[i].abi);
    OK(all.fs == rows[i].fs && all.net == rows[i].net && all.scoped == rows[i].scoped &&
           jl_tab_landlock_size(rows[i].abi) == rows[i].size && jl_tab_landlock_flags(rows[i].abi) == rows[i].flags,
       "table: ABI %u: rights, scopes, size and flags", rows[i].abi);
  }
  static const struct {
    jailer_access access;
    uint64_t dir, file;
  } grants[] = {{JAILER_READ, 0xc, 0x4},
                {JAILER_EXEC, 0xd, 0x5},
                {JAILER_WRITE, 0x177be, 0x14006},
                {JAILER_DEVICE, 0x8006, 0x8006}};
  for (size_t i = 0; i < COUNT(grants); i++)
    OK(jl_tab_landlock_rights(grants[i].access, true) == grants[i].dir &&
           jl_tab_landlock_rights(grants[i].access, false) == grants[i].file,
       "table: the rights of access %d, on a directory and on a file", (int)grants[i].access);
  static const struct {
    jailer_port_use use;
    uint32_t right;
    const char *name;
  } uses[] = {{JAILER_CONNECT_TCP, 0x2, "connect-tcp"},
              {JAILER_BIND_TCP, 0x1, "bind-tcp"},
              {JAILER_CONNECT_UDP, 0x8, "connect-udp"},
              {JAILER_BIND_UDP, 0x4, "bind-udp"}};
  for (size_t i = 0; i < COUNT(uses); i++)
    OK(jl_tab_ports[uses[i].use].right == uses[i].right && !strcmp(jailer_port_use_name(uses[i].use), uses[i].name),
       "table: %s is right 0x%x", uses[i].name, (unsigned)uses[i].right);
  OK(!strcmp(jailer_port_use_name((jailer_port_use)4), "unknown"), "table: a use that is none");
}

/* The kernel takes the flags of its ABI and no others (EINVAL comes before EBADF since ABI 7's check order; a kernel that
   looks at the descriptor first answers the same to all, which says nothing). */
static void test_probe(void) {
  const long errata = syscall(SYS_landlock_create_ruleset, NULL, 0, 2);
  const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
  OK(host.landlock_abi == (uint32_t)abi && host.landlock_errata == (errata > 0 ? (uint32_t)errata : 0),
     "probe: ABI %u, errata 0x%x, as the kernel answers", host.landlock_abi, host.landlock_errata);
  if (host.landlock_abi >= 7) OK(errata >= 0, "probe: from ABI 7 on the kernel tells its errata");
}

/* ---------------------------------------------------------------- what a configuration may ask */

static jailer_error err;

static jailer_code planned(jailer_config *config, uint32_t abi, char *text, size_t size) {
  const char *const argv[] = {"/probe", "exit", "0", NULL};
  const jailer_grant grants[] = {{inside_probe, "/probe", JAILER_EXEC, false}};
  jailer_host old = host;
  jailer_plan *plan = NULL;
  memset(&err, 0, sizeof err);
  old.landlock_abi = abi;
  config->argv = argv;
  config->grants = grants;
  config->grant_count = 1;
  jailer_code code = jailer_plan_new(config, &old, &plan, &err);
  if (code == JAILER_OK && text) code = jailer_plan_text(plan, text, size, NULL, &err);
  jailer_plan_free(plan);
  return code;
}

static void test_refusals(void) {
  static const jailer_port web = {443, JAILER_CONNECT_TCP}, none = {0, JAILER_CONNECT_TCP},
                           none_udp = {0, JAILER_CONNECT_UDP}, odd = {1, (jailer_port_use)4},
                           any = {0, JAILER_BIND_TCP}, any_udp = {0, JAILER_BIND_UDP};
  static const struct {
    const jailer_port *ports;
    size_t count;
    bool network, log;
    jailer_engine engine;
    jailer_code code;
    const char *item, *why;
  } rows[] = {{&web, 1, false, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "allow_network"},
              {NULL, 1, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "without ports"},
              {&web, 0, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "empty list"},
              {&none, 1, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "port 0"},
              {&none_udp, 1, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "port 0"},
              {&odd, 1, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "no such use"},
              {&web, SIZE_MAX, true, false, JAILER_ENGINE_AUTO, JAILER_E_INVALID, "ports", "more entries"},
              {&web, 1, true, false, JAILER_ENGINE_NONE, JAILER_E_INVALID, "ports", "no walls"},
              {NULL, 0, false, true, JAILER_ENGINE_NONE, JAILER_E_INVALID, "log_denials", "no Landlock"},
              {&any, 1, true, false, JAILER_ENGINE_AUTO, JAILER_OK, "", ""},
              {&any_udp, 1, true, false, JAILER_ENGINE_AUTO, JAILER_OK, "", ""},
              {&web, 1, true, true, JAILER_ENGINE_AUTO, JAILER_OK, "", ""}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    jailer_config config = {.ports = rows[i].ports, .port_count = rows[i].count, .allow_network = rows[i].network};
    config.log_denials = rows[i].log;
    config.engine = rows[i].engine;
    const jailer_code code = planned(&config, 11, NULL, 0);
    OK(code == rows[i].code && !strcmp(err.item, rows[i].item) && strstr(err.message, rows[i].why),
       "asked: row %zu is %s (%s: %s)", i, jailer_code_name(rows[i].code), jailer_code_name(code), err.message);
  }
}

/* What needs a newer ABI than the host has: an error, or, where the layer may degrade, no error. */
static void test_old_hosts(void) {
  static const jailer_port tcp = {443, JAILER_CONNECT_TCP}, serve = {80, JAILER_BIND_TCP},
                           udp = {53, JAILER_CONNECT_UDP}, serve_udp = {53, JAILER_BIND_UDP};
  static const struct {
    const jailer_port *port; /* NULL: log_denials */
    uint32_t abi;
    const char *item, *why;
  } rows[] = {{&tcp, 4, "ports", "ABI 4 "},
              {&serve, 4, "ports", "ABI 4 "},
              {&udp, 10, "ports", "ABI 10 "},
              {&serve_udp, 10, "ports", "ABI 10 "},
              {NULL, 7, "log_denials", "ABI 7 "}};
  for (size_t i = 0; i < COUNT(rows); i++)
    for (uint32_t abi = 1; abi <= 12; abi++) {
      jailer_config config = {
          .ports = rows[i].port, .port_count = rows[i].port ? 1 : 0, .allow_network = rows[i].port != NULL};
      config.log_denials = !rows[i].port;
      const jailer_code code = planned(&config, abi, NULL, 0);
      bool good = abi >= rows[i].abi ? code == JAILER_OK
                                     : code == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_LANDLOCK &&
                                           !strcmp(err.item, rows[i].item) && strstr(err.message, rows[i].why);
      config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
      good = good && planned(&config, abi, NULL, 0) == JAILER_OK;
      if (!good || abi == 12)
        OK(good, "old: %s needs ABI %u (%u)", rows[i].port ? jailer_port_use_name(rows[i].port->use) : "log_denials",
           rows[i].abi, abi);
      if (!good) break;
    }
}

static void test_plan_text(void) {
  static char text[65536];
  static const jailer_port ports[] = {
      {443, JAILER_CONNECT_TCP}, {0, JAILER_BIND_UDP}, {65535, JAILER_BIND_TCP}, {53, JAILER_CONNECT_UDP}};
  jailer_config config = {.ports = ports, .port_count = 4, .allow_network = true, .log_denials = true};
  OK(planned(&config, 11, text, sizeof text) == JAILER_OK &&
         strstr(text,
                "\nport connect-tcp 443\nport bind-udp 0\nport bind-tcp 65535\nport connect-udp 53\ndenials logged\n"),
     "plan: its text tells the ports and that denials are logged");
  jailer_config plain = {.allow_network = true};
  OK(planned(&plain, 11, text, sizeof text) == JAILER_OK && !strstr(text, "\nport ") && !strstr(text, "denials"),
     "plan: and neither where not asked");
}

/* ---------------------------------------------------------------- confined by the header's functions alone */

enum { BROKEN = 200 }; /* an exit code that is no errno: the child could not be confined */

/* What a child is confined to. */
typedef struct domain {
  jl_landlock handled;
  const char *path; /* one rule; NULL: none */
  uint64_t rights;
  const jailer_access *access; /* instead of rights */
  const jailer_port *ports;
  size_t port_count;
} domain;

static int confine(const domain *d, uint32_t flags) {
  int ruleset = -1;
  jl_source source;
  memset(&source, 0, sizeof source);
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return BROKEN;
  if (jl_parent_landlock_new(&d->handled, host.landlock_abi, &ruleset, &err)) return BROKEN + 1;
  if (d->path) {
    source.path = d->path;
    source.fd = open(d->path, O_PATH | O_CLOEXEC);
    if (source.fd < 0 || jl_sys_fstat(source.fd, &source.st) < 0) return BROKEN + 2;
    if (d->access) source.access = *d->access;
    if (d->access && jl_parent_landlock_source(ruleset, &d->handled, &source, &err)) return BROKEN + 3;
    if (!d->access && d->rights && jl_parent_rule(ruleset, source.fd, d->rights) < 0) return BROKEN + 4;
  }
  if (jl_parent_landlock_ports(ruleset, &d->handled, d->ports, d->port_count, &err)) return BROKEN + 5;
  return jl_parent_landlock_self(ruleset, host.landlock_abi, flags, &err) ? BROKEN + 6 : 0;
}

/* The errno of an operation in a child of that domain; 0: it worked. */
static int confined(const domain *d, int (*operation)(void)) {
  int status = 0;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    const int broken = d ? confine(d, 0) : 0;
    alarm(20);
    _exit(broken ? broken : operation());
  }
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : BROKEN + 50;
}

static int answer(long result) { return result < 0 ? errno : 0; }

/* --- one operation for each right of the file system, on a tree that is made anew for each --- */

static int listener = -1;

static int op_execute(void) {
  char *const none[] = {NULL};
  return answer(execve(in_dir("tree/text"), none, none)); /* ENOEXEC: it was opened, and is no program */
}
static int op_write(void) { return answer(open(in_dir("tree/text"), O_WRONLY | O_CLOEXEC)); }
static int op_read(void) { return answer(open(in_dir("tree/text"), O_RDONLY | O_CLOEXEC)); }
static int op_list(void) { return answer(open(in_dir("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)); }
static int op_rmdir(void) { return answer(rmdir(in_dir("tree/empty"))); }
static int op_unlink(void) { return answer(unlink(in_dir("tree/text"))); }
static int op_char(void) { return answer(mknod(in_dir("tree/new"), S_IFCHR | 0600, makedev(1, 3))); }
static int op_mkdir(void) { return answer(mkdir(in_dir("tree/new"), 0700)); }
static int op_create(void) { return answer(mknod(in_dir("tree/new"), S_IFREG | 0600, 0)); }
static int op_fifo(void) { return answer(mkfifo(in_dir("tree/new"), 0600)); }
static int op_block(void) { return answer(mknod(in_dir("tree/new"), S_IFBLK | 0600, makedev(7, 0))); }
static int op_symlink(void) { return answer(symlink("text", in_dir("tree/new"))); }
static int op_refer(void) { return answer(rename(in_dir("tree/a/f"), in_dir("tree/b/f"))); }
static int op_truncate(void) { return answer(truncate(in_dir("tree/text"), 0)); }
static int op_ioctl(void) {
  int number = 0, fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? EBADF : answer(ioctl(fd, TIOCGPTN, &number)); /* ENOTTY: the driver was asked */
}

static int socket_at(const char *name, bool serve, int *kept) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  const char *path = in_dir("%s", name);
  if (strlen(path) >= sizeof at.sun_path) return ENAMETOOLONG;
  strcpy(at.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (kept) *kept = fd;
  if (!serve) return answer(connect(fd, (struct sockaddr *)&at, sizeof at));
  if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0) return errno;
  return kept ? answer(listen(fd, 16)) : 0;
}

static int op_bind(void) { return socket_at("tree/new", true, NULL); }
static int op_resolve(void) { return socket_at("tree/socket", false, NULL); }

static void tree_remove(void) {
  nftw(in_dir("tree"), inside_remove, 32, FTW_DEPTH | FTW_PHYS);
  if (listener >= 0) close(listener);
  listener = -1;
}

static void tree_make(void) {
  tree_remove();
  make_dir("tree"), make_dir("tree/empty"), make_dir("tree/a"), make_dir("tree/b");
  make_file("tree/a/f", "f\n");
  if (chmod(make_file("tree/text", "no program\n"), 0755) < 0) inside_die("tree");
  if (socket_at("tree/socket", true, &listener)) inside_die("tree/socket");
}

/* `allowed`: how it ends when Landlock lets it pass; for device nodes an ordinary user then lacks CAP_MKNOD. */
static const struct {
  const char *name;
  uint32_t abi;
  int (*run)(void);
  int allowed, denied;
} fs_rights[17] = {{"execute", 1, op_execute, ENOEXEC, EACCES},
                   {"write file", 1, op_write, 0, EACCES},
                   {"read file", 1, op_read, 0, EACCES},
                   {"read directory", 1, op_list, 0, EACCES},
                   {"remove directory", 1, op_rmdir, 0, EACCES},
                   {"remove file", 1, op_unlink, 0, EACCES},
                   {"make character device", 1, op_char, EPERM, EACCES},
                   {"make directory", 1, op_mkdir, 0, EACCES},
                   {"make file", 1, op_create, 0, EACCES},
                   {"make socket", 1, op_bind, 0, EACCES},
                   {"make fifo", 1, op_fifo, 0, EACCES},
                   {"make block device", 1, op_block, EPERM, EACCES},
                   {"make symbolic link", 1, op_symlink, 0, EACCES},
                   {"refer", 2, op_refer, 0, EXDEV},
                   {"truncate", 3, op_truncate, 0, EACCES},
                   {"ioctl of a device", 5, op_ioctl, ENOTTY, EACCES},
                   {"resolve a socket", 9, op_resolve, 0, EACCES}};

static int fs_try(size_t bit, domain *d) {
  tree_make();
  d->path = bit == 15 ? "/dev/null" : in_dir("tree");
  return confined(d, fs_rights[bit].run);
}

/* Whether Landlock let it pass; root may make device nodes as well. */
static bool fs_passed(size_t bit, int result) {
  return result == fs_rights[bit].allowed || (fs_rights[bit].allowed == EPERM && result == 0);
}

/* Each right of this ABI alone decides over what it is named after: with all rights it passes, with all but it not. */
static void test_fs_rights(void) {
  const uint64_t file = 0x1c007; /* execute, write, read, truncate, ioctl, resolve: what a rule on a file takes */
  for (size_t bit = 0; bit < COUNT(fs_rights); bit++) {
    domain d = {.handled = jl_tab_landlock_all(host.landlock_abi)};
    const uint64_t all = bit == 15 ? d.handled.fs & file : d.handled.fs, one = (uint64_t)1 << bit;
    d.rights = all;
    const int with = fs_try(bit, &d);
    d.rights = all & ~one;
    const int without = fs_try(bit, &d);
    if (host.landlock_abi >= fs_rights[bit].abi) {
      OK(fs_passed(bit, with), "right: %s passes with it (%d)", fs_rights[bit].name, with);
      OK(without == fs_rights[bit].denied, "right: %s is refused without it (%d)", fs_rights[bit].name, without);
    } else if (bit == 13) {
      OK(with == EXDEV, "right: %s, before ABI 2, is refused whatever is granted (%d)", fs_rights[bit].name, with);
    } else {
      OK(fs_passed(bit, with), "right: %s is nothing that this ABI refuses (%d)", fs_rights[bit].name, with);
    }
  }
  tree_remove();
}

/* What each access of a grant comes to, by the function that makes its rule. */
static void test_accesses(void) {
  static const struct {
    const char *name;
    jailer_access access;
    uint64_t passes;
  } rows[] = {{"read", JAILER_READ, 0xc},
              {"exec", JAILER_EXEC, 0xd},
              {"write", JAILER_WRITE, 0x177be},
              {"device", JAILER_DEVICE, 0x8006}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    domain d = {.handled = jl_tab_landlock_all(host.landlock_abi), .access = &rows[i].access};
    bool good = true;
    for (size_t bit = 0; bit < COUNT(fs_rights); bit++) {
      if (host.landlock_abi < fs_rights[bit].abi || (rows[i].access == JAILER_DEVICE && bit != 15)) continue;
      const int result = fs_try(bit, &d);
      const bool passes = rows[i].passes >> bit & 1;
      if (passes ? fs_passed(bit, result) : result == EACCES || result == EXDEV) continue;
      printf("# %s is %d\n", fs_rights[bit].name, result);
      good = false;
    }
    OK(good, "access: %s passes what it is for, and nothing else", rows[i].name);
  }
  tree_remove();
}

/* --- ports --- */

/* Two neighbours, each served by TCP and by UDP on 127.0.0.1, which keeps others from taking these numbers; 127.0.0.2 is
   free to be bound. */
static uint16_t port_given, port_other;
static int servers[4] = {-1, -1, -1, -1};

static struct sockaddr_in loopback(unsigned last, uint16_t port) {
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
  at.sin_addr.s_addr = htonl(0x7f000000u + last);
  return at;
}

static uint16_t serve(int *tcp, int *udp) {
  for (int tries = 0; tries < 100; tries++) {
    struct sockaddr_in at = loopback(1, 0);
    socklen_t n = sizeof at;
    *tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), *udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (bind(*tcp, (struct sockaddr *)&at, sizeof at) || getsockname(*tcp, (struct sockaddr *)&at, &n) ||
        listen(*tcp, 512))
      inside_die("a port");
    if (bind(*udp, (struct sockaddr *)&at, sizeof at) == 0) return ntohs(at.sin_port);
    close(*tcp), close(*udp);
  }
  inside_die("two ports");
}

static uint16_t op_port;
static int op_type;

static int op_ip_connect(void) {
  const struct sockaddr_in at = loopback(1, op_port);
  return answer(connect(socket(AF_INET, op_type, 0), (const struct sockaddr *)&at, sizeof at));
}

static int op_ip_bind(void) {
  const struct sockaddr_in at = loopback(2, op_port);
  return answer(bind(socket(AF_INET, op_type, 0), (const struct sockaddr *)&at, sizeof at));
}

static int op_ip_send(void) {
  const struct sockaddr_in at = loopback(1, op_port);
  return answer(sendto(socket(AF_INET, SOCK_DGRAM, 0), "x", 1, 0, (const struct sockaddr *)&at, sizeof at));
}

static bool op_mapped; /* 127.0.0.1 as an address of IPv6 */

static int op_ip6_connect(void) {
  struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(op_port), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  if (op_mapped) inet_pton(AF_INET6, "::ffff:127.0.0.1", &at.sin6_addr);
  return answer(connect(socket(AF_INET6, op_type, 0), (const struct sockaddr *)&at, sizeof at));
}

static int op_fast_connect(void) { /* TCP_FASTOPEN_CONNECT */
  const struct sockaddr_in at = loopback(1, op_port);
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  if (setsockopt(fd, IPPROTO_TCP, 30, &on, sizeof on) < 0) return EBADF;
  return answer(connect(fd, (const struct sockaddr *)&at, sizeof at));
}

static int port_try(const domain *d, int (*operation)(void), int type, uint16_t port) {
  op_type = type;
  op_port = port;
  return confined(d, operation);
}

/* Each use of a port: that port and no other, and no other use of it. */
static void test_port_rights(void) {
  static const struct {
    jailer_port_use use;
    int (*run)(void);
    int type;
  } ways[] = {{JAILER_CONNECT_TCP, op_ip_connect, SOCK_STREAM},
              {JAILER_BIND_TCP, op_ip_bind, SOCK_STREAM},
              {JAILER_CONNECT_UDP, op_ip_connect, SOCK_DGRAM},
              {JAILER_CONNECT_UDP, op_ip_send, SOCK_DGRAM},
              {JAILER_BIND_UDP, op_ip_bind, SOCK_DGRAM}};
  const domain nothing = {.handled = {0, 0, jl_tab_landlock_all(host.landlock_abi).scoped}};
  for (size_t i = 0; i < 4; i++) {
    const jailer_port_use use = (jailer_port_use)i;
    const jailer_port granted = {port_given, use};
    const domain d = {
        .handled = {0, jl_tab_landlock_all(host.landlock_abi).net, 0}, .ports = &granted, .port_count = 1};
    const uint32_t needs = jl_tab_ports[use].udp ? 10 : 4;
    if (host.landlock_abi < needs) continue;
    for (size_t k = 0; k < COUNT(ways); k++) {
      const bool other_kind = host.landlock_abi < 10 && ways[k].type == SOCK_DGRAM;
      const int given = port_try(&d, ways[k].run, ways[k].type, port_given);
      const int other = port_try(&d, ways[k].run, ways[k].type, port_other);
      const int wanted = ways[k].use == use || other_kind ? 0 : EACCES;
      OK(given == wanted && other == (other_kind ? 0 : EACCES),
         "port: %s granted: %s, way %zu, there %d, at the next port %d", jailer_port_use_name(use),
         jailer_port_use_name(ways[k].use), k, given, other);
    }
    if (use == JAILER_CONNECT_TCP)
      OK(port_try(&d, op_fast_connect, SOCK_STREAM, port_other) == EACCES,
         "port: TCP_FASTOPEN_CONNECT is no way past connect(2)");
  }
  if (nothing.handled.scoped)
    for (size_t k = 0; k < COUNT(ways); k++)
      OK(port_try(&nothing, ways[k].run, ways[k].type, port_other) == 0,
         "port: way %zu works where the network is not handled", k);
}

/* The same by IPv6, where it is: nobody may serve the port there, but that is not Landlock's answer. */
static void test_port_ipv6(void) {
  const jailer_port granted = {port_given, JAILER_CONNECT_TCP};
  const domain d = {.handled = {0, jl_tab_landlock_all(host.landlock_abi).net, 0}, .ports = &granted, .port_count = 1};
  int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || host.landlock_abi < 4) return;
  for (int mapped = 0; mapped < 2; mapped++) {
    op_mapped = mapped;
    const int given = port_try(&d, op_ip6_connect, SOCK_STREAM, port_given),
              other = port_try(&d, op_ip6_connect, SOCK_STREAM, port_other);
    OK(given != EACCES && given < BROKEN && other == EACCES, "port: by IPv6%s: at the granted port %d, at the next %d",
       mapped ? ", mapped" : "", given, other);
  }
  close(fd);
}

/* The zero port: to bind it, a rule for it; then the kernel chooses. */
static void test_port_zero(void) {
  for (int udp = 0; udp < 2; udp++) {
    const jailer_port granted[] = {{0, udp ? JAILER_BIND_UDP : JAILER_BIND_TCP}};
    const domain with = {
        .handled = {0, jl_tab_landlock_all(host.landlock_abi).net, 0}, .ports = granted, .port_count = 1};
    const domain without = {.handled = with.handled};
    const int type = udp ? SOCK_DGRAM : SOCK_STREAM;
    if (host.landlock_abi < (udp ? 10u : 4u)) continue;
    OK(port_try(&with, op_ip_bind, type, 0) == 0 && port_try(&with, op_ip_bind, type, port_other) == EACCES &&
           port_try(&without, op_ip_bind, type, 0) == EACCES,
       "port: %s of 0 is a port that the kernel chooses, and no other", udp ? "bind-udp" : "bind-tcp");
  }
}

/* --- scopes --- */

static char abstract_name[32];

static int op_abstract(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  const size_t n = strlen(abstract_name);
  memcpy(at.sun_path + 1, abstract_name, n);
  return answer(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&at,
                        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n)));
}
static int op_signal(void) { return answer(kill(getppid(), 0)); }
static int op_signal_own(void) {
  int status = 0;
  pid_t pid = fork();
  if (pid == 0)
    for (;;) pause();
  const int result = answer(kill(pid, SIGKILL));
  return waitpid(pid, &status, 0) == pid ? result : EIO;
}

static void test_scopes(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(abstract_name, sizeof abstract_name, "jail-ll-%d", (int)getpid());
  memcpy(at.sun_path + 1, abstract_name, strlen(abstract_name));
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (struct sockaddr *)&at,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract_name))) ||
      listen(fd, 16))
    inside_die("abstract");
  OK(confined(NULL, op_abstract) == 0 && confined(NULL, op_signal) == 0,
     "scope: unconfined, the socket and the process are in reach");
  if (host.landlock_abi >= 6) {
    const domain sockets = {.handled = {0, 0, JL_LL_SCOPE_ABSTRACT_UNIX}},
                 signals = {.handled = {0, 0, JL_LL_SCOPE_SIGNAL}};
    OK(confined(&sockets, op_abstract) == EPERM && confined(&sockets, op_signal) == 0,
       "scope: abstract sockets of others, and not signals");
    OK(confined(&signals, op_signal) == EPERM && confined(&signals, op_abstract) == 0,
       "scope: signals to others, and not abstract sockets");
    OK(confined(&signals, op_signal_own) == 0, "scope: a signal to a child of its own passes");
  }
  close(fd);
}

/* --- all threads at once --- */

static volatile int threads_go;
static int thread_result;

static void *thread_main(void *arg) {
  (void)arg;
  while (!__atomic_load_n(&threads_go, __ATOMIC_ACQUIRE)) usleep(1000);
  thread_result = op_list();
  return NULL;
}

/* 0: the other thread is confined too; EALREADY: it is not; EOPNOTSUPP: refused for the ABI, and nothing is confined. */
static int op_tsync(void) {
  const domain d = {.handled = jl_tab_landlock_all(host.landlock_abi)};
  pthread_t thread;
  if (pthread_create(&thread, NULL, thread_main, NULL)) return BROKEN;
  const int r = confine(&d, JL_LL_TSYNC);
  __atomic_store_n(&threads_go, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  if (r == BROKEN + 6 && err.code == JAILER_E_UNSUPPORTED && strstr(err.message, "ABI 8"))
    return op_list() == 0 ? EOPNOTSUPP : EIO;
  return r ? r : thread_result == EACCES && op_list() == EACCES ? 0 : EALREADY;
}

static int op_thread(void) {
  const domain d = {.handled = jl_tab_landlock_all(host.landlock_abi)};
  pthread_t thread;
  if (pthread_create(&thread, NULL, thread_main, NULL)) return BROKEN;
  const int r = confine(&d, 0);
  __atomic_store_n(&threads_go, 1, __ATOMIC_RELEASE);
  pthread_join(thread, NULL);
  return r ? r : op_list() == EACCES && thread_result == 0 ? EALREADY : 0;
}

static void test_threads(void) {
  make_dir("tree");
  OK(confined(NULL, op_thread) == EALREADY, "threads: without the flag the other thread stays free");
  const int r = confined(NULL, op_tsync);
  OK(r == (host.landlock_abi >= 8 ? 0 : EOPNOTSUPP), "threads: with it %s (%d)",
     host.landlock_abi >= 8 ? "every thread is confined" : "this ABI is refused, and nothing is confined", r);
  tree_remove();
}

/* ---------------------------------------------------------------- jails */

static bool without_pids;

/* A jail whose mounts are given up (as a host without mount namespaces has it), so that Landlock alone answers; with
   `without_pids` its pid namespace as well. */
static jailer_code unmounted(const jailer_grant *given, size_t count, const char *first, ...) {
  const char *argv[INSIDE_ARGS];
  jailer_grant grants[8];
  jailer_config config = {.argv = argv, .grants = grants, .grant_count = count + 1};
  jailer_host bare = host;
  jailer_plan *plan = NULL;
  jailer_proc proc;
  int ends[2];
  va_list list;
  va_start(list, first);
  inside_arguments(argv, inside_probe, first, list);
  va_end(list);
  memset(&inside_last, 0, sizeof inside_last);
  for (size_t i = 0; i < count; i++) grants[i] = given[i];
  grants[count] = (jailer_grant){inside_probe, NULL, JAILER_EXEC, false};
  if (pipe2(ends, O_CLOEXEC) < 0) inside_die("pipe2");
  const jailer_fd out = {ends[1], true, 1};
  config.fds = &out;
  config.fd_count = 1;
  if (geteuid() == 0) config.uid = inside_uid, config.gid = inside_gid;
  config.may_degrade = JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC);
  bare.mntns = false;
  if (without_pids) bare.pidns = false, config.may_degrade |= JAILER_BIT(JAILER_LAYER_PIDNS);
  inside_last.code = jailer_plan_new(&config, &bare, &plan, &inside_last.err);
  if (inside_last.code == JAILER_OK) inside_last.code = jailer_spawn(plan, &proc, &inside_last.err);
  jailer_plan_free(plan);
  close(ends[1]);
  if (inside_last.code == JAILER_OK) {
    inside_read(ends[0]);
    inside_last.code = jailer_wait(&proc, 20000, &inside_last.status, &inside_last.err);
    if (inside_last.code == JAILER_E_TIMEOUT) jailer_kill(&proc, SIGKILL, NULL), jailer_wait(&proc, -1, NULL, NULL);
  }
  close(ends[0]);
  return inside_last.code;
}

/* The accesses of grants where no mount helps: what would be EROFS or ENOENT with mounts is Landlock's EACCES here. */
static void test_landlock_alone(void) {
  static const struct {
    const char *verb, *name, *read, *exec, *write, *none;
  } rows[] = {{"read:", "/r", "ok", "ok", "ok", "EACCES"},
              {"list:", "", "ok", "ok", "ok", "EACCES"},
              {"write:", "/w", "EACCES", "EACCES", "ok", "EACCES"},
              {"create:", "/c", "EACCES", "EACCES", "ok", "EACCES"},
              {"mkdir:", "/m", "EACCES", "EACCES", "ok", "EACCES"},
              {"unlink:", "/u", "EACCES", "EACCES", "ok", "EACCES"},
              {"rmdir:", "/d", "EACCES", "EACCES", "ok", "EACCES"},
              {"mkfifo:", "/f", "EACCES", "EACCES", "ok", "EACCES"},
              {"bind:", "/s", "EACCES", "EACCES", "ok", "EACCES"},
              {"symlink:x,", "/l", "EACCES", "EACCES", "ok", "EACCES"},
              {"exec:", "/p", "EACCES", "ok", "EACCES", "EACCES"},
              {"truncate:", "/t", "EACCES", "EACCES", "ok", "EACCES"},
              {"stat:", "/r", "ok", "ok", "ok", "ok"}};
  static const char *const names[] = {"lread", "lexec", "lwrite", "lnone"};
  char dirs[4][PATH_MAX];
  for (size_t k = 0; k < 4; k++) {
    snprintf(dirs[k], sizeof dirs[k], "%s", make_dir(names[k]));
    make_file(text_of("%s/r", names[k]), "r"), make_file(text_of("%s/w", names[k]), "w"),
        make_file(text_of("%s/u", names[k]), "u");
    make_file(text_of("%s/t", names[k]), "t"), make_dir(text_of("%s/d", names[k])),
        make_program(text_of("%s/p", names[k]));
    make_dir(text_of("%s/e", names[k])), make_file(text_of("%s/e/f", names[k]), "f");
  }
  const jailer_grant grants[] = {
      {dirs[0], NULL, JAILER_READ, false}, {dirs[1], NULL, JAILER_EXEC, false}, {dirs[2], NULL, JAILER_WRITE, false}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    const char *row[4];
    const char *wanted[4] = {rows[i].read, rows[i].exec, rows[i].write, rows[i].none};
    bool good = true;
    for (size_t k = 0; k < 4; k++) row[k] = text_of("%s%s%s", rows[i].verb, dirs[k], rows[i].name);
    unmounted(grants, 3, "do", row[0], row[1], row[2], row[3], NULL);
    good = inside_last.code == JAILER_OK;
    for (size_t k = 0; k < 4; k++) {
      const bool late = !strncmp(row[k], "truncate", 8) && host.landlock_abi < 3;
      if (!strcmp(value_of(row[k]), late ? "ok" : wanted[k])) continue;
      printf("# %s is %s\n", row[k], value_of(row[k]));
      good = false;
    }
    OK(good, "alone: %s...%s is refused and allowed by Landlock, by access (%s)", rows[i].verb, rows[i].name,
       jailer_code_name(inside_last.code));
  }
}

/* Renaming from one directory to another, signals, abstract sockets: what has no path to be granted by itself. */
static void test_landlock_alone_else(void) {
  const jailer_grant grants[] = {{in_dir("lread"), NULL, JAILER_READ, false},
                                 {in_dir("lwrite"), NULL, JAILER_WRITE, false}};
  const char *moves = text_of("rename:%s,%s", in_dir("lwrite/e/f"), in_dir("lwrite/f2")),
             *takes = text_of("rename:%s,%s", in_dir("lread/e/f"), in_dir("lwrite/f3"));
  unmounted(grants, 2, "do", takes, moves, NULL);
  ROW_IS(takes, "EACCES");
  ROW_IS(moves, host.landlock_abi >= 2 ? "ok" : "EXDEV");
  const char *signals = text_of("kill:%d,0", (int)getpid());
  without_pids = true;
  unmounted(NULL, 0, "do", signals, NULL);
  without_pids = false;
  ROW_IS(signals, geteuid() == 0 || host.landlock_abi >= 6 ? "EPERM" : "ok");
  run_outside("do", signals, NULL);
  ROW_IS(signals, "ok");
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memcpy(at.sun_path + 1, abstract_name, strlen(abstract_name));
  if (bind(fd, (struct sockaddr *)&at,
           (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract_name))) ||
      listen(fd, 16))
    inside_die("abstract");
  const jailer_config config = {.allow_network = true}; /* abstract names are the network namespace's */
  const char *reaches = text_of("abstract:%s", abstract_name);
  run_inside(&config, "do", reaches, NULL);
  ROW_IS(reaches, host.landlock_abi >= 6 ? "EPERM" : "ok");
  run_outside("do", reaches, NULL);
  ROW_IS(reaches, "ok");
  close(fd);
}

/* --- ports --- */

static const char *port_row(const char *verb, unsigned port) { return text_of("%s:%u", verb, port); }

/* Rows of a jail with those ports: each verb at both ports. NULL as `other`: not tried there. */
typedef struct port_rows {
  const char *verb, *given, *other;
} port_rows;

static void ports_are(const jailer_config *config, const char *what, const port_rows *rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const char *given = port_row(rows[i].verb, port_given), *other = port_row(rows[i].verb, port_other);
    run_inside(config, "do", given, other, NULL);
    const bool good = !strcmp(value_of(given), rows[i].given) && !strcmp(value_of(other), rows[i].other);
    if (!OK(inside_last.code == JAILER_OK && good, "%s: %s is %s, and %s at the next port (%s, %s)", what, rows[i].verb,
            rows[i].given, rows[i].other, value_of(given), value_of(other)) &&
        inside_last.code)
      printf("# %s: %s\n", jailer_code_name(inside_last.code), inside_last.err.message);
  }
}

/* The same from outside: what passes there is stopped inside by the jail and not by this machine. */
static void test_ports_outside(void) {
  static const char *const verbs[] = {"tcp", "tcpbind", "udpsend", "udpconnect", "udpbind"};
  for (size_t i = 0; i < COUNT(verbs); i++) {
    const char *row = port_row(verbs[i], port_other);
    run_outside("do", row, NULL);
    ROW_IS(row, "ok");
  }
  const char *fast = port_row("fastto", port_other);
  run_outside("do", fast, "listen:0", NULL);
  ROW_IS(fast, "ok");
  ROW_IS("listen:0", "ok");
}

static void test_tcp_ports(void) {
  static const port_rows clients[] = {
      {"tcp", "ok", "EACCES"}, {"tcpbind", "EACCES", "EACCES"}, {"fastconnect", "ok", "EACCES"}};
  static const port_rows servers_rows[] = {{"tcp", "EACCES", "EACCES"}, {"tcpbind", "ok", "EACCES"}};
  const jailer_port client = {port_given, JAILER_CONNECT_TCP}, server = {port_given, JAILER_BIND_TCP};
  jailer_config config = {.allow_network = true, .ports = &client, .port_count = 1};
  if (host.landlock_abi < 4) {
    jailer_code code = run_inside(&config, "exit", "0", NULL);
    OK(code == JAILER_E_UNSUPPORTED && inside_last.err.layer == JAILER_LAYER_LANDLOCK, "tcp: before ABI 4 refused (%s)",
       jailer_code_name(code));
    return;
  }
  ports_are(&config, "connect-tcp", clients, COUNT(clients));
  /* a limit that THREAT_MODEL tells: no hook of Landlock sees the port that the kernel gives to who listens unbound */
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (bind(fd, (struct sockaddr *)&at, size) || getsockname(fd, (struct sockaddr *)&at, &size)) inside_die("bind");
  close(fd);
  const char *chosen = port_row("listen", ntohs(at.sin_port));
  run_inside(&config, "do", "listen:0", chosen, NULL);
  ROW_IS("listen:0", "ok");
  const unsigned major = host.kernel_major, minor = host.kernel_minor;
  ROW_IS(chosen, major > 6 || (major == 6 && minor >= 3) ? "ok" : "ENOPROTOOPT"); /* nor that it is the target's choice */
  config.ports = &server;
  ports_are(&config, "bind-tcp", servers_rows, COUNT(servers_rows));
}

static void test_udp_ports(void) {
  static const port_rows clients[] = {
      {"udpsend", "ok", "EACCES"}, {"udpconnect", "ok", "EACCES"}, {"udpbind", "EACCES", "EACCES"}};
  static const port_rows servers_rows[] = {
      {"udpsend", "EACCES", "EACCES"}, {"udpconnect", "EACCES", "EACCES"}, {"udpbind", "ok", "EACCES"}};
  const jailer_port client = {port_given, JAILER_CONNECT_UDP}, server = {port_given, JAILER_BIND_UDP};
  jailer_config config = {.allow_network = true, .ports = &client, .port_count = 1};
  if (host.landlock_abi < 10) {
    jailer_code code = run_inside(&config, "exit", "0", NULL);
    OK(code == JAILER_E_UNSUPPORTED && inside_last.err.layer == JAILER_LAYER_LANDLOCK,
       "udp: before ABI 10 refused (%s)", jailer_code_name(code));
    return;
  }
  ports_are(&config, "connect-udp", clients, COUNT(clients));
  config.ports = &server;
  ports_are(&config, "bind-udp", servers_rows, COUNT(servers_rows));
}

/* Where the host is too old and Landlock may degrade, the report says so, and the target has what it was given. */
static void test_degraded_ports(void) {
  const jailer_port ports[] = {{port_given, JAILER_CONNECT_TCP}, {port_given, JAILER_CONNECT_UDP}};
  const uint32_t abis[] = {0, 3, 9};
  for (size_t i = 0; i < COUNT(abis); i++) {
    const char *const argv[] = {inside_probe, "exit", "0", NULL};
    const jailer_grant grant = {inside_probe, NULL, JAILER_EXEC, false};
    jailer_config config = {
        .argv = argv, .grants = &grant, .grant_count = 1, .allow_network = true, .ports = ports, .port_count = 2};
    jailer_host old = host;
    jailer_plan *plan = NULL;
    jailer_proc proc;
    static jailer_report report;
    if (abis[i] > host.landlock_abi) continue; /* it would be asked for what it has not */
    old.landlock_abi = abis[i];
    config.log_denials = true;
    config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
    jailer_code code = jailer_plan_new(&config, &old, &plan, &err);
    if (code == JAILER_OK) code = jailer_spawn(plan, &proc, &err);
    jailer_plan_free(plan);
    if (code == JAILER_OK) {
      code = jailer_report_read(&proc, &report, &err);
      jailer_wait(&proc, -1, NULL, NULL);
    }
    const char *detail = report.layer[JAILER_LAYER_LANDLOCK].detail;
    OK(code == JAILER_OK && report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_DEGRADED &&
           (abis[i] == 0 || strstr(detail, "UDP ports are not told apart")) &&
           (abis[i] != 3 ||
            (strstr(detail, "TCP ports are not told apart") && strstr(detail, "denials are not logged"))) &&
           (abis[i] != 9 || (!strstr(detail, "TCP") && !strstr(detail, "denials"))) && (report.landlock_abi == abis[i]),
       "degraded: with ABI %u the report says: %s", abis[i], detail);
  }
}

/* Kept sockets: TCP is looked at when it is used; what has no ports to Landlock is refused. */
static void test_kept_sockets(void) {
  const jailer_port client = {port_given, JAILER_CONNECT_TCP};
  static const struct {
    int type, protocol;
    jailer_code code;
    const char *name;
  } rows[] = {{SOCK_STREAM, 0, JAILER_OK, "TCP"},
              {SOCK_STREAM, 262, JAILER_E_UNSAFE, "MPTCP"},
              {SOCK_DGRAM, 0, JAILER_E_UNSAFE, "UDP"}};
  if (host.landlock_abi < 4) return;
  for (size_t i = 0; i < COUNT(rows); i++) {
    const struct sockaddr_in at = loopback(1, port_given);
    int fd = socket(AF_INET, rows[i].type | SOCK_CLOEXEC, rows[i].protocol);
    if (fd < 0 && rows[i].protocol) continue; /* a kernel without MPTCP */
    const jailer_fd kept = {fd, true, 5};
    jailer_config config = {.allow_network = true, .ports = &client, .port_count = 1, .fds = &kept, .fd_count = 1};
    if (connect(fd, (const struct sockaddr *)&at, sizeof at)) inside_die("connect");
    const jailer_code code = run_inside(&config, "exit", "0", NULL);
    OK(code == rows[i].code, "kept: a connected socket of %s: %s", rows[i].name, jailer_code_name(code));
    close(fd);
  }
}

/* --- what the launch filter closes because Landlock does not see it --- */

/* Rows of the program itself, on every machine: a call with its arguments, and what it answers with no ports, with ports of
   TCP, of UDP, of both. */
static void test_port_filter(void) {
  enum {
    ALLOW = 0x7fff0000,
    EPERM_ = 0x50000 + 1,
    EPROTO_ = 0x50000 + 93,
    EOPNOTSUPP_ = 0x50000 + 95,
    EAFNO_ = 0x50000 + 97
  };
  static const struct {
    const char *name;
    int nr[2]; /* x86-64; aarch64 and riscv64 */
    uint64_t args[4];
    uint32_t answers[4];
  } rows[] = {
      {"socket AF_UNIX", {41, 198}, {1, 1, 0, 0}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"socket NETLINK_ROUTE", {41, 198}, {16, 3, 0, 0}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"socket AF_PACKET", {41, 198}, {17, 3, 0, 0}, {EAFNO_, EAFNO_, EAFNO_, EAFNO_}},
      {"socket TCP by default", {41, 198}, {2, 1, 0, 0}, {ALLOW, ALLOW, EPROTO_, ALLOW}},
      {"socket TCP, nonblocking", {41, 198}, {2, 0x801, 0, 0}, {ALLOW, ALLOW, EPROTO_, ALLOW}},
      {"socket TCP", {41, 198}, {10, 1, 6, 0}, {ALLOW, ALLOW, EPROTO_, ALLOW}},
      {"socket MPTCP", {41, 198}, {2, 1, 262, 0}, {ALLOW, EPROTO_, EPROTO_, EPROTO_}},
      {"socket UDP by default", {41, 198}, {2, 2, 0, 0}, {ALLOW, EPROTO_, ALLOW, ALLOW}},
      {"socket UDP", {41, 198}, {10, 0x80002, 17, 0}, {ALLOW, EPROTO_, ALLOW, ALLOW}},
      {"socket ICMP", {41, 198}, {2, 2, 1, 0}, {ALLOW, EPROTO_, EPROTO_, EPROTO_}},
      {"socket ICMPv6", {41, 198}, {10, 2, 58, 0}, {ALLOW, EPROTO_, EPROTO_, EPROTO_}},
      {"socket UDP-Lite", {41, 198}, {2, 2, 136, 0}, {EPROTO_, EPROTO_, EPROTO_, EPROTO_}},
      {"socket SCTP", {41, 198}, {2, 1, 132, 0}, {EPROTO_, EPROTO_, EPROTO_, EPROTO_}},
      {"socket SMC", {41, 198}, {2, 1, 256, 0}, {EPROTO_, EPROTO_, EPROTO_, EPROTO_}},
      {"socket raw", {41, 198}, {2, 3, 1, 0}, {EPERM_, EPERM_, EPERM_, EPERM_}},
      {"sendto", {44, 206}, {3, 0, 1, 0x4000}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"sendto, fast open", {44, 206}, {3, 0, 1, 0x20000000}, {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"sendto, fast open and more",
       {44, 206},
       {3, 0, 1, 0xffffffff20004040},
       {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"sendmsg", {46, 211}, {3, 1, 0x4000, 0x20000000}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"sendmsg, fast open", {46, 211}, {3, 1, 0x20004000, 0}, {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"sendmmsg", {307, 269}, {3, 1, 0x20000000, 0}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"sendmmsg, fast open", {307, 269}, {3, 1, 1, 0x20000000}, {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"setsockopt TCP_NODELAY", {54, 208}, {3, 6, 1, 0}, {ALLOW, ALLOW, ALLOW, ALLOW}},
      {"setsockopt TCP_ULP", {54, 208}, {3, 6, 31, 0}, {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"setsockopt TCP_ULP, high bits",
       {54, 208},
       {3, 0xf00000006, 0xf0000001f, 0},
       {ALLOW, EOPNOTSUPP_, EOPNOTSUPP_, EOPNOTSUPP_}},
      {"setsockopt SOL_SOCKET 31", {54, 208}, {3, 1, 31, 0}, {ALLOW, ALLOW, ALLOW, ALLOW}}};
  static const uint32_t machine[3] = {0xc000003e, 0xc00000b7, 0xc00000f3};
  static const jailer_arch arches[3] = {JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64, JAILER_ARCH_RISCV64};
  static jailer_insn filter[3][4][JAILER_FILTER_MAX];
  size_t len[3][4], at;
  for (int ports = 0; ports < 4; ports++) {
    const jailer_role_options options = {.allow_network = ports == 0, .allow_tcp = ports & 1, .allow_udp = ports >> 1};
    jailer_policy *policy = NULL;
    if (jailer_policy_role(JAILER_ROLE_LAUNCH, &options, &policy, &err)) inside_die("policy");
    for (int arch = 0; arch < 3; arch++) {
      if (jailer_policy_compile(policy, &arches[arch], 1, filter[arch][ports], JAILER_FILTER_MAX, &len[arch][ports],
                                &err))
        inside_die("filter");
      OK(!bpf_run_check(filter[arch][ports], len[arch][ports], &at),
         "filter: machine %d, ports %d: one that the kernel takes", arch, ports);
    }
    jailer_policy_free(policy);
  }
  for (size_t i = 0; i < COUNT(rows); i++) {
    bool good = true;
    unsigned steps = 0;
    for (int k = 0; k < 12; k++) {
      bpf_run_data data = {rows[i].nr[k / 4 > 0], machine[k / 4], 0, {0}};
      memcpy(data.args, rows[i].args, sizeof rows[i].args);
      good = good && bpf_run(filter[k / 4][k % 4], len[k / 4][k % 4], &data, &steps) == rows[i].answers[k % 4];
    }
    OK(good, "filter: %s", rows[i].name);
  }
}

/* The same in a jail, whatever the ABI: where Landlock is too old for TCP ports it may degrade here. */
static void test_closed(void) {
  const jailer_port client = {port_given, JAILER_CONNECT_TCP};
  jailer_config config = {.allow_network = true, .ports = &client, .port_count = 1};
  static const struct {
    const char *verb, *answer;
  } rows[] = {{"mptcp", "EPROTONOSUPPORT"},   {"udpsend", "EPROTONOSUPPORT"}, {"udpconnect", "EPROTONOSUPPORT"},
              {"udpbind", "EPROTONOSUPPORT"}, {"fastto", "EOPNOTSUPP"},       {"fastmsg", "EOPNOTSUPP"},
              {"fastmmsg", "EOPNOTSUPP"}};
  if (host.landlock_abi < 4) config.may_degrade = JAILER_BIT(JAILER_LAYER_LANDLOCK);
  for (size_t i = 0; i < COUNT(rows); i++) {
    const char *given = port_row(rows[i].verb, port_given), *other = port_row(rows[i].verb, port_other);
    run_inside(&config, "do", given, other, NULL);
    OK(!strcmp(value_of(given), rows[i].answer) && !strcmp(value_of(other), rows[i].answer),
       "closed: %s is %s at any port (%s, %s)", rows[i].verb, rows[i].answer, value_of(given), value_of(other));
  }
  run_inside(&config, "do", "socket:2,2,1", "socket:10,2,58", "socket:2,3,1", "socket:1,2,0", "ulp:smc", "ulp:tls",
             NULL);
  ROW_IS("socket:2,2,1", "EPROTONOSUPPORT");
  ROW_IS("socket:10,2,58", "EPROTONOSUPPORT");
  ROW_IS("socket:2,3,1", "EPERM");
  ROW_IS("socket:1,2,0", "ok");
  ROW_IS("ulp:smc", "EOPNOTSUPP");
  ROW_IS("ulp:tls", "EOPNOTSUPP");
  const struct sockaddr_in at = loopback(1, port_given);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (const struct sockaddr *)&at, sizeof at)) inside_die("connect");
  const jailer_fd kept = {fd, true, 5};
  const char *row = text_of("fastopen:5,%u", port_other);
  config.fds = &kept;
  config.fd_count = 1;
  run_inside(&config, "do", row, NULL);
  ROW_IS(row, "EOPNOTSUPP");
  close(fd);
  if (host.landlock_abi < 10) return;
  const jailer_port datagrams = {port_given, JAILER_CONNECT_UDP};
  const char *tcp = port_row("tcp", port_given);
  config = (jailer_config){.allow_network = true, .ports = &datagrams, .port_count = 1};
  run_inside(&config, "do", tcp, "listen:0", NULL);
  ROW_IS(tcp, "EPROTONOSUPPORT");
  ROW_IS("listen:0", "EPROTONOSUPPORT");
}

/* --- logged denials --- */

static int audit_fd = -1;
static uint32_t audit_was;

static bool audit_tell(uint16_t type, const void *data, size_t size) {
  struct {
    struct nlmsghdr head;
    char data[64];
  } message;
  memset(&message, 0, sizeof message);
  message.head.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + size);
  message.head.nlmsg_type = type;
  message.head.nlmsg_flags = NLM_F_REQUEST;
  if (size) memcpy(message.data, data, size);
  const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
  return sendto(audit_fd, &message, message.head.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof kernel) >= 0;
}

static bool audit_set(uint32_t enabled) {
  struct audit_status status;
  memset(&status, 0, sizeof status);
  status.mask = AUDIT_STATUS_ENABLED;
  status.enabled = enabled;
  return audit_tell(AUDIT_SET, &status, 40 < sizeof status ? 40 : sizeof status);
}

/* The next message, within 10 s: its type, its text in `text`; 0: none. */
static int audit_next(char *text, size_t size) {
  static char buffer[16384];
  struct pollfd ready = {audit_fd, POLLIN, 0};
  if (poll(&ready, 1, 10000) <= 0) return 0;
  ssize_t n = recv(audit_fd, buffer, sizeof buffer, 0);
  if (n < (ssize_t)NLMSG_HDRLEN) return 0;
  const struct nlmsghdr *head = (const struct nlmsghdr *)(const void *)buffer;
  size_t length = (size_t)n - NLMSG_HDRLEN;
  if (length >= size) length = size - 1;
  memcpy(text, buffer + NLMSG_HDRLEN, length);
  text[length] = 0;
  return head->nlmsg_type;
}

/* Auditing is the whole machine's: one test program at a time, by an abstract name that only one can hold. */
static int audit_lock(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  memcpy(at.sun_path + 1, "jailer-test-audit", 17);
  for (int tries = 0; bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 18)) < 0;
       tries++) {
    if (errno != EADDRINUSE || tries == 600) inside_die("the audit log is busy");
    usleep(100000);
  }
  return fd;
}

/* Opens the log's multicast group and switches auditing on, which only the host's root may; remembers what was. */
static bool audit_open(void) {
  static char text[16384];
  const struct sockaddr_nl self = {.nl_family = AF_NETLINK, .nl_groups = 1}; /* AUDIT_NLGRP_READLOG */
  audit_fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
  if (audit_fd < 0 || bind(audit_fd, (const struct sockaddr *)&self, sizeof self) < 0 ||
      !audit_tell(AUDIT_GET, NULL, 0))
    return false;
  for (int type = 1; (type = audit_next(text, sizeof text)) && type != NLMSG_ERROR;) {
    struct audit_status status;
    if (type != AUDIT_GET) continue;
    memcpy(&status, text, 8);
    audit_was = status.enabled;
    return audit_was != 0 || audit_set(1);
  }
  return false;
}

/* A launch that asks for it tells of the target's denial; one that does not tells nothing, and neither tells of the
   launch's own look at its domain, which is a denial too. The kernel hands records on in order: what is not there before
   the last launch's is not coming. Files of /proc, which only Landlock refuses. */
static void test_log(void) {
  static char text[16384];
  static const char quiet[] = "write:/proc/self/coredump_filter", own[] = "subdomain:/proc/self/limits", loud[] = "write:/proc/self/oom_score_adj";
  jailer_config config = {.log_denials = true};
  if (host.landlock_abi < 7) {
    OK(run_inside(&config, "exit", "0", NULL) == JAILER_E_UNSUPPORTED, "log: before ABI 7 refused");
    return;
  }
  const int lock = audit_lock();
  const bool listens = geteuid() == 0 && audit_open();
  bool told = false, told_quiet = false, told_own = false;
  config.log_denials = false;
  run_inside(&config, "do", quiet, own, NULL);
  RAN("log: not asked");
  ROW_IS(quiet, "EACCES");
  ROW_IS(own, "EACCES"); /* by a domain of the target's own, whose denials are logged by default */
  config.log_denials = true;
  run_inside(&config, "do", loud, NULL);
  RAN("log: asked");
  ROW_IS(loud, "EACCES");
  for (int type = 1; listens && !told && (type = audit_next(text, sizeof text));) {
    if (type != 1423) continue; /* AUDIT_LANDLOCK_ACCESS */
    printf("# %s\n", text);
    told = strstr(text, "/oom_score_adj") != NULL;
    told_quiet = told_quiet || strstr(text, "/coredump_filter") || strstr(text, "/limits");
    told_own = told_own || strstr(text, "/attr/current");
  }
  if (listens) {
    OK(told, "log: the audit log tells what Landlock refused to the target");
    OK(!told_quiet, "log: and nothing where that was not asked for");
    OK(!told_own, "log: nor what the launch tried itself");
    if (audit_was == 0) audit_set(0);
  } else {
    printf("# there is no audit log to be read here\n"); /* an ordinary user, a container */
  }
  if (audit_fd >= 0) close(audit_fd);
  close(lock);
}

/* --- one domain too many --- */

/* Sixteen domains around this process that deny it next to nothing, so that a launch gets as far as its own. */
static bool stack_domains(unsigned count) {
  domain d = {
      .handled = {host.landlock_abi >= 4 ? 0 : JL_LL_MAKE_BLOCK, host.landlock_abi >= 4 ? JL_LL_NET_BIND_TCP : 0, 0}};
  for (unsigned i = 0; i < count; i++)
    if (confine(&d, 0)) return false;
  return true;
}

static int op_too_many(void) {
  jailer_config config = {.may_degrade = 0};
  if (!stack_domains(host.landlock_abi >= 2 ? 16 : 64)) return BROKEN;
  const domain more = {.handled = jl_tab_landlock_all(host.landlock_abi)};
  if (confine(&more, 0) != BROKEN + 6 || err.sys_errno != E2BIG || !strstr(err.message, "16 Landlock domains"))
    return BROKEN + 1;
  if (host.landlock_abi < 4) config.may_degrade = JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC);
  const char *const argv[] = {inside_probe, "exit", "0", NULL};
  const jailer_grant grant = {inside_probe, NULL, JAILER_EXEC, false};
  jailer_proc proc;
  jailer_report report;
  config.argv = argv;
  config.grants = &grant;
  config.grant_count = 1;
  if (jailer_launch(&config, &proc, &err) != JAILER_E_SYSTEM) return BROKEN + 2;
  if (err.layer != JAILER_LAYER_LANDLOCK || err.sys_errno != E2BIG || !strstr(err.message, "16 Landlock domains"))
    return BROKEN + 3;
  config.may_degrade |= JAILER_BIT(JAILER_LAYER_LANDLOCK);
  if (jailer_launch(&config, &proc, &err)) return BROKEN + 4;
  if (jailer_report_read(&proc, &report, &err)) return BROKEN + 5;
  jailer_wait(&proc, -1, NULL, NULL);
  return report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_DEGRADED ? 0 : BROKEN + 6;
}

static void test_too_many(void) {
  const int r = confined(NULL, op_too_many);
  OK(r == 0,
     "layers: the domain that is one too many is refused with its reason, or told where Landlock may degrade (%d)", r);
}

int main(void) {
  inside_start("landlock");
  if (jailer_probe(&host, &err) != JAILER_OK) inside_die("probe");
  port_given = serve(&servers[0], &servers[1]);
  port_other = serve(&servers[2], &servers[3]);
  test_table();
  test_probe();
  test_refusals();
  test_old_hosts();
  test_plan_text();
  test_fs_rights();
  test_accesses();
  test_port_rights();
  test_port_ipv6();
  test_port_zero();
  test_scopes();
  test_threads();
  test_landlock_alone();
  test_landlock_alone_else();
  test_ports_outside();
  test_tcp_ports();
  test_udp_ports();
  test_degraded_ports();
  test_kept_sockets();
  test_port_filter();
  test_closed();
  test_log();
  test_too_many();
  return tap_done();
}
