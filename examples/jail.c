/* Demonstrates the whole library as a command: runs one program in a jail. `./jail --help` lists the options.
 *   cc -o jail examples/jail.c
 *   ./jail --ro /srv/data --rw /tmp/out -- sh -c 'wc -l /srv/data/x >/tmp/out/lines'
 * Top to bottom: options, the terminal (--tty), signals and waiting, the launch. */
#define _GNU_SOURCE /* posix_openpt and friends */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/signalfd.h>
#endif

enum { EXIT_TIMEOUT = 124, EXIT_JAIL = 125, EXIT_NOT_EXECUTABLE = 126, EXIT_NOT_FOUND = 127 };

/* --- options ------------------------------------------------------------------------------------------------------ */

typedef enum kind {
  GROUP, FLAG, GRANT, NUMBER, ID, TEXT, PATH, ENGINE, ENV, KEEP_ENV, KEEP_FD, PORT, DEGRADE, HELP, VERSION
} kind;

typedef struct settings {
  jailer_config config;
  jailer_layout layout;
  jailer_grant *grants; /* these six have room for one entry per argument */
  jailer_fd *fds;
  jailer_port *ports;
  const char **env, **argv;
  char **owned; /* every string made here */
  size_t env_count, owned_count;
  const char *home, *id, *report, *policy_file;
  jailer_policy *policy;
  const char *option; /* the one that is being read */
  int report_fd;      /* -1: none */
  uint64_t timeout_s;
  bool tty, dry_run, zero_id, pid1;
} settings;

#define IN(field) offsetof(settings, field)

/* Every option: what follows it, what it is, where it goes (for a grant: the access), and its line of --help. */
static const struct row {
  const char *name, *value;
  kind kind;
  size_t at;
  const char *help;
} rows[] = {
    {"What the program reaches (repeatable; the same path inside; relative paths count from here):", NULL, GROUP, 0,
     NULL},
    {"--ro", "PATH", GRANT, JAILER_READ, "read only, nothing below it can be executed"},
    {"--rw", "PATH", GRANT, JAILER_WRITE, "read and write, nothing below it can be executed"},
    {"--exec", "PATH", GRANT, JAILER_EXEC, "read and execute"},
    {"--dev", "PATH", GRANT, JAILER_DEVICE, "one character device, such as /dev/kvm"},
    {"--keep-fd", "N[:M]", KEEP_FD, 0, "keep descriptor N, inside as M; default: only 0, 1 and 2"},
    {"--no-system", NULL, FLAG, IN(config.without_system), "not even /usr and a minimal /etc; PROGRAM must be static"},
    {"--net", NULL, FLAG, IN(config.allow_network), "the host's network; default: none"},
    {"--port", "USE:N", PORT, 0,
     "with --net, these ports alone (repeatable): connect-tcp:443, bind-tcp:80,\n"
     "connect-udp:53 or bind-udp:53; bind to 0 is any free port of ip_local_port_range"},

    {"What it finds:", NULL, GROUP, 0, NULL},
    {"--env", "NAME=VALUE", ENV, 0, "set a variable (repeatable); default: PATH alone"},
    {"--keep-env", "NAME", KEEP_ENV, 0, "hand on a variable where it is set here (repeatable)"},
    {"--cwd", "DIR", PATH, IN(config.cwd), "working directory inside; default: /"},
    {"--hostname", "NAME", TEXT, IN(config.hostname), "default: jail"},
    {"--uid", "N", ID, IN(config.uid), "default: your own; for root: one that nobody else has"},
    {"--gid", "N", ID, IN(config.gid), "likewise"},
    {"--nofile", "N", NUMBER, IN(config.limits.nofile), "open descriptors; default: 1024"},
    {"--fsize", "BYTES", NUMBER, IN(config.limits.fsize_bytes), "size of a file it writes; default: no limit"},
    {"--cgroup", "DIR", PATH, IN(config.cgroup), "start it in this cgroup (v2), whose limits then hold"},
    {"--pid1", NULL, FLAG, IN(pid1), "PROGRAM is PID 1 itself; default: it sits below a small init, as programs expect"},
    {"--tty", NULL, FLAG, IN(tty), "a terminal of its own, connected to this one; TERM is handed on"},

    {"A box (grants from its directory tree; a PROGRAM with a slash is copied into its bin/, and standard error goes\n"
     "to DIR/boxes/ID/shim.stderr, which each start empties):",
     NULL, GROUP, 0, NULL},
    {"--home", "DIR", PATH, IN(home), "where the boxes are"},
    {"--id", "ID", TEXT, IN(id), "which one; made when it is not there"},
    {"--trust-first", NULL, FLAG, IN(config.trust_chain_on_first_use),
     "record a disk's backing chain when it has no record"},

    {"How strict:", NULL, GROUP, 0, NULL},
    {"--engine", "NAME", ENGINE, 0, "auto, native, bwrap, landlock, seatbelt (macOS; elsewhere for --dry-run)\n"
                               "or none (no walls); default: auto"},
    {"--degrade", "LAYER[,LAYER]", DEGRADE, 0, "layers that may be missing where this host cannot do them"},
    {"--allow-userns", NULL, FLAG, IN(config.allow_userns), "namespaces of its own making"},
    {"--allow-exec-memfd", NULL, FLAG, IN(config.allow_exec_memfd),
     "memory files that could be executed: memfd_create as most programs call it"},
    {"--allow-host-root", NULL, FLAG, IN(config.allow_host_root), "stay uid 0 of the host; --uid 0 needs it"},
    {"--full-proc", NULL, FLAG, IN(config.allow_full_proc), "all of /proc, not only processes"},
    {"--policy", "FILE", TEXT, IN(policy_file),
     "a filter of PROGRAM's own on top of jail's, as text in minijail's language;\n"
     "it has to allow execve, and what PROGRAM needs to start"},
    {"--log-denials", NULL, FLAG, IN(config.log_denials), "the kernel's audit log tells what Landlock refused"},
    {"--trap", NULL, FLAG, IN(config.trap_denied),
     "what the filter refuses ends PROGRAM (SIGSYS), and a box's that tells is quoted;\n"
     "default: it gets an error and goes on"},

    {"The run:", NULL, GROUP, 0, NULL},
    {"--timeout", "SECONDS", NUMBER, IN(timeout_s), "then SIGTERM, and SIGKILL 2 seconds later; default: none"},
    {"--report", "FILE", TEXT, IN(report),
     "write what is in force, or why nothing runs, as JSON; - is standard output,\n"
     "mixed with PROGRAM's: a FILE or /dev/stderr keeps them apart"},
    {"--dry-run", NULL, FLAG, IN(dry_run),
     "print the plan and launch nothing; of a box the tree is made all the same,\n"
     "PROGRAM copied, and with --trust-first the chain recorded"},
    {"--version", NULL, VERSION, 0, "print the version"},
    {"--help", NULL, HELP, 0, "print this; also -h"},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static int print_help(void) {
  printf("usage: jail [options] -- PROGRAM [ARG...]\n"
         "Runs PROGRAM where it sees the system's programs and what the options name, and nothing else.\n");
  for (int i = 0; i < ROW_COUNT; i++) {
    char left[40];
    snprintf(left, sizeof left, "%s %s", rows[i].name, rows[i].value ? rows[i].value : "");
    const char *help = rows[i].help, *second = help ? strchr(help, '\n') : NULL;
    if (rows[i].kind == GROUP)
      printf("\n%s\n", rows[i].name);
    else
      printf("  %-24s %.*s\n", left, (int)strcspn(help, "\n"), help);
    if (second) printf("  %-24s %s\n", "", second + 1);
  }
  printf("\nLayers:");
  for (int i = 1; i < JAILER_LAYER_COUNT; i++)
    printf("%s%s", i == 10 ? "\n        " : " ", jailer_layer_name((jailer_layer)i));
  printf(
      "\n\n"
      "SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1 and SIGUSR2 are passed on, unless jail was started ignoring them.\n"
      "Exit status: PROGRAM's own; 128+N when signal N ended it; 124 after --timeout; 125 when the jail could not be\n"
      "made (PROGRAM did not run); 126 when PROGRAM cannot be executed; 127 when it is not found.\n");
  return 0;
}

/* One line on stderr, whatever bytes the arguments hold. */
static int refuse(const char *item, const char *message) {
  fputs("jail: ", stderr);
  for (const char *p = item; *p; p++) {
    unsigned char c = (unsigned char)*p;
    if (c < 32 || c == 127)
      fprintf(stderr, "\\x%02x", c);
    else
      fputc(c, stderr);
  }
  fprintf(stderr, "%s%s\n", *item ? ": " : "", message);
  return EXIT_JAIL;
}

static int refuse_errno(const char *item) { return refuse(item, strerror(errno)); }

/* A value that cannot be, with the option it was given to. */
static int refuse_value(const settings *s, const char *value, const char *message) {
  char item[PATH_MAX + 32];
  snprintf(item, sizeof item, "%s %s", s->option, *value ? value : "''");
  return refuse(item, message);
}

static int refuse_error(const jailer_error *err) {
  char text[JAILER_ITEM_MAX + JAILER_TEXT_MAX + 256];
  jailer_error_text(err, text, sizeof text);
  return refuse("", text);
}

/* Decimal digits and nothing else. */
static bool parse_number(const char *text, uint64_t max, uint64_t *out) {
  uint64_t value = 0;
  if (!*text) return false;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return false;
    uint64_t digit = (uint64_t)(*text - '0');
    if (value > (max - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

/* directory/name, kept until the end; NULL: no memory. */
static const char *join(settings *s, const char *directory, const char *separator, const char *name) {
  size_t size = strlen(directory) + strlen(separator) + strlen(name) + 1;
  char *text = malloc(size);
  if (!text) return NULL;
  snprintf(text, size, "%s%s%s", directory, separator, name);
  return s->owned[s->owned_count++] = text;
}

static bool has_dotdot(const char *path) {
  for (const char *p = path; (p = strstr(p, "..")); p++)
    if ((p == path || p[-1] == '/') && (p[2] == 0 || p[2] == '/')) return true;
  return false;
}

/* The library takes absolute paths without "..", whose meaning depends on links. Here the caller means what the kernel
   would do with it: the directory part is resolved, the last name is left to the library. NULL with errno. */
static const char *absolute(settings *s, const char *path) {
  char cwd[PATH_MAX], copy[PATH_MAX], real[PATH_MAX];
  if (!*path) return errno = ENOENT, NULL;
  while (path[0] == '.' && path[1] == '/') path += 1 + strspn(path + 1, "/");
  if (!*path || !strcmp(path, ".")) return getcwd(cwd, sizeof cwd) ? join(s, cwd, "", "") : NULL;
  size_t length = strlen(path);
  if (!has_dotdot(path)) {
    if (path[0] == '/') return path;
    if (!getcwd(cwd, sizeof cwd)) return NULL;
    return join(s, cwd, "/", path);
  }
  if (length >= sizeof copy) return errno = ENAMETOOLONG, NULL;
  memcpy(copy, path, length + 1);
  while (length > 1 && copy[length - 1] == '/') copy[--length] = 0;
  char *slash = strrchr(copy, '/');
  const char *last = slash ? slash + 1 : copy;
  if (!strcmp(last, "..") || !strcmp(last, ".") || !slash) return realpath(copy, real) ? join(s, real, "", "") : NULL;
  *slash = 0;
  if (!realpath(*copy ? copy : "/", real)) return NULL;
  return join(s, real, "/", last);
}

static int set_engine(settings *s, const char *value) {
  for (int i = JAILER_ENGINE_AUTO; i <= JAILER_ENGINE_SEATBELT; i++) {
    if (i == JAILER_ENGINE_SELF || strcmp(value, jailer_engine_name((jailer_engine)i))) continue;
    s->config.engine = (jailer_engine)i;
    return 0;
  }
  bool later = !strcmp(value, "bwrap") || !strcmp(value, "landlock");
  return refuse_value(
      s, value, later ? "this engine is not built yet" : "no such engine: auto, native, bwrap, landlock, seatbelt or none");
}

/* The descriptor must be open now: later one of jail's own could have the number. */
static int set_keep_fd(settings *s, const char *value) {
  char from[16] = "";
  const char *colon = strchr(value, ':');
  size_t length = colon ? (size_t)(colon - value) : strlen(value);
  uint64_t n = 0, m = 0;
  if (length < sizeof from) memcpy(from, value, length);
  if (length >= sizeof from || !parse_number(from, INT_MAX, &n) || (colon && !parse_number(colon + 1, INT_MAX, &m)))
    return refuse_value(s, value, "this option takes N or N:M, two descriptor numbers");
  if (fcntl((int)n, F_GETFD) < 0) return refuse_value(s, value, "this descriptor is not open");
  jailer_fd *fd = &s->fds[s->config.fd_count++];
  fd->fd = (int)n;
  fd->renumber = colon != NULL;
  fd->as = (int)m;
  return 0;
}

static int set_port(settings *s, const char *value) {
  const char *colon = strchr(value, ':');
  size_t length = colon ? (size_t)(colon - value) : 0;
  uint64_t number = 0;
  for (int use = JAILER_CONNECT_TCP; colon && use <= JAILER_BIND_UDP; use++) {
    const char *name = jailer_port_use_name((jailer_port_use)use);
    if (strlen(name) != length || strncmp(value, name, length)) continue;
    if (!parse_number(colon + 1, UINT16_MAX, &number)) break;
    jailer_port *port = &s->ports[s->config.port_count++];
    port->port = (uint16_t)number;
    port->use = (jailer_port_use)use;
    s->config.ports = s->ports;
    return 0;
  }
  return refuse_value(s, value, "this option takes connect-tcp, bind-tcp, connect-udp or bind-udp, a colon and a port");
}

static int set_degrade(settings *s, const char *value) {
  while (true) {
    char name[32] = "";
    size_t length = strcspn(value, ",");
    if (length < sizeof name) memcpy(name, value, length);
    jailer_layer layer = jailer_layer_by_name(name);
    if (layer == JAILER_LAYER_NONE) return refuse_value(s, value, "no such layer; jail --help lists them");
    s->config.may_degrade |= JAILER_BIT(layer);
    if (!value[length]) return 0;
    value += length + 1;
  }
}

static int set_env(settings *s, const char *value, bool keep) {
  const char *now = keep ? getenv(value) : NULL;
  if (keep ? !*value || strchr(value, '=') != NULL : !strchr(value, '='))
    return refuse_value(s, value, keep ? "this option takes the name of a variable" : "this option takes NAME=VALUE");
  if (keep && !now) return 0;
  const char *entry = keep ? join(s, value, "=", now) : value;
  if (!entry) return refuse_errno(value);
  s->env[s->env_count++] = entry;
  return 0;
}

static int set_grant(settings *s, const char *value, jailer_access access) {
  const char *path = absolute(s, value);
  if (!path) return refuse_value(s, value, strerror(errno));
  jailer_grant *grant = &s->grants[s->config.grant_count++];
  grant->path = path;
  grant->access = access;
  return 0;
}

static int set(settings *s, const struct row *row, const char *value) {
  char *field = (char *)s + row->at;
  const char *path;
  uint64_t number = 0;
  switch (row->kind) {
    case FLAG: *(bool *)(void *)field = true; return 0;
    case GRANT: return set_grant(s, value, (jailer_access)row->at);
    case NUMBER: /* 0 is "the default" to the library, and means the opposite to a person */
      if (!parse_number(value, UINT64_MAX - 1, &number) || !number)
        return refuse_value(s, value, "a number from 1 on is needed here");
      *(uint64_t *)(void *)field = number;
      return 0;
    case ID:
      if (!parse_number(value, UINT32_MAX - 1, &number))
        return refuse_value(s, value, "an id is a number from 0 to 4294967294");
      *(uint32_t *)(void *)field = (uint32_t)number;
      if (!number) s->zero_id = true;
      return 0;
    case TEXT: *(const char **)(void *)field = value; return 0;
    case PATH:
      if (!(path = absolute(s, value))) return refuse_value(s, value, strerror(errno));
      *(const char **)(void *)field = path;
      return 0;
    case ENGINE: return set_engine(s, value);
    case ENV: return set_env(s, value, false);
    case KEEP_ENV: return set_env(s, value, true);
    case KEEP_FD: return set_keep_fd(s, value);
    case PORT: return set_port(s, value);
    case DEGRADE: return set_degrade(s, value);
    case GROUP:
    case HELP:
    case VERSION: break;
  }
  return 0;
}

static bool repeatable(kind k) {
  return k == GRANT || k == ENV || k == KEEP_ENV || k == KEEP_FD || k == PORT || k == DEGRADE || k == FLAG;
}

/* --name, --name VALUE or --name=VALUE; the one short option is -h. */
static const struct row *find_row(const char *argument, const char **value) {
  if (!strcmp(argument, "-h")) argument = "--help";
  size_t length = strcspn(argument, "=");
  *value = argument[length] ? argument + length + 1 : NULL;
  for (int i = 0; i < ROW_COUNT; i++)
    if (rows[i].kind != GROUP && strlen(rows[i].name) == length && !strncmp(rows[i].name, argument, length))
      return &rows[i];
  return NULL;
}

/* The small init is for a pid namespace, which is the native engine's. */
static bool has_init(jailer_engine engine) {
#ifdef __APPLE__
  return engine == JAILER_ENGINE_NATIVE;
#else
  return engine != JAILER_ENGINE_NONE && engine != JAILER_ENGINE_SEATBELT;
#endif
}

/* What only shows when all options are known. */
static int settle(settings *s) {
  if (s->zero_id && (!s->config.allow_host_root || geteuid() != 0))
    return refuse("--uid 0", "uid and gid 0 are those of the host: only for root, and only with --allow-host-root");
  s->config.with_init = !s->pid1 && has_init(s->config.engine);
  if (!s->home != !s->id) return refuse(s->home ? "--home" : "--id", "a box needs both --home and --id");
  return 0;
}

/* Answers -1 to go on, or the exit status. */
static int parse(settings *s, int argc, char **argv) {
  bool seen[ROW_COUNT] = {false};
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--"); i++) {
    const char *value;
    const struct row *row = find_row(argv[i], &value);
    if (!row && argv[i][0] == '-') return refuse(argv[i], "unknown option; see jail --help");
    if (!row) return refuse(argv[i], "write -- before PROGRAM; see jail --help");
    if (value && !row->value) return refuse(argv[i], "this option takes no value");
    if (row->kind == HELP) return print_help();
    if (row->kind == VERSION) return printf("jail %s\n", JAILER_VERSION), 0;
    if (row->value && !value && !(value = argv[++i]))
      return refuse(row->name, "this option needs a value; see jail --help");
    if (seen[row - rows] && !repeatable(row->kind)) return refuse(row->name, "given twice: which one counts?");
    seen[row - rows] = true;
    s->option = row->name;
    int code = set(s, row, value ? value : "");
    if (code) return code;
  }
  if (i + 1 >= argc) return refuse("", "usage: jail [options] -- PROGRAM [ARG...]; see jail --help");
  memcpy(s->argv, argv + i + 1, (size_t)(argc - i) * sizeof *argv); /* with the NULL at the end */
  int code = settle(s);
  return code ? code : -1;
}

static bool settings_make(settings *s, int argc) {
  const size_t room = (size_t)argc + 4;
  memset(s, 0, sizeof *s);
  s->report_fd = -1;
  s->grants = calloc(room, sizeof *s->grants);
  s->fds = calloc(room, sizeof *s->fds);
  s->ports = calloc(room, sizeof *s->ports);
  s->env = calloc(room, sizeof *s->env);
  s->argv = calloc(room, sizeof *s->argv);
  s->owned = calloc(room, sizeof *s->owned);
  s->config.grants = s->grants;
  s->config.fds = s->fds;
  s->config.env = s->env;
  s->config.argv = s->argv;
  return s->grants && s->fds && s->ports && s->env && s->argv && s->owned;
}

static void settings_free(settings *s) {
  for (size_t i = 0; i < s->owned_count; i++) free(s->owned[i]);
  jailer_policy_free(s->policy);
  free(s->owned);
  free(s->argv);
  free(s->env);
  free(s->ports);
  free(s->fds);
  free(s->grants);
}

/* --- the terminal of --tty ---------------------------------------------------------------------------------------- */

/* Bytes on their way from one descriptor to another. */
typedef struct flow {
  int from, to;
  size_t at, length;
  bool ended, broken; /* nothing more to read; nowhere to write */
  char data[4096];
} flow;

typedef struct terminal {
  int master, slave; /* the program's terminal; -1: no --tty */
  int outer;         /* a descriptor of the terminal outside; -1: there is none */
  int screen_fd;     /* where output goes */
  bool raw, midline; /* the outer terminal is in raw mode; the last byte typed was not a newline */
  struct termios saved;
  flow keyboard, screen;
} terminal;

static void terminal_size(const terminal *t) {
  struct winsize size = {24, 80, 0, 0};
  if (t->outer >= 0) ioctl(t->outer, TIOCGWINSZ, &size);
  ioctl(t->master, TIOCSWINSZ, &size);
}

#ifdef __linux__
static const char *screen_name(void) { return "/proc/self/fd/1"; }
#else
static const char *screen_name(void) { return ttyname(1); }
#endif

/* A pty whose slave end becomes descriptors 0 to 2 of the program. jail keeps the slave open as well, so that the
   master never reports a hang-up while the program lives. False with errno. */
static bool terminal_open(terminal *t, settings *s) {
  const char *name = NULL;
  struct termios like;
  t->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (t->master < 0 || grantpt(t->master) || unlockpt(t->master) || !(name = ptsname(t->master)) ||
      (t->slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0 || fcntl(t->master, F_SETFL, O_NONBLOCK) < 0)
    return false;
  for (int fd = 2; fd >= 0; fd--)
    if (isatty(fd)) t->outer = fd;
  if (t->outer >= 0 && tcgetattr(t->outer, &like) == 0) tcsetattr(t->slave, TCSANOW, &like);
  terminal_size(t);
  /* an open file of its own, so that O_NONBLOCK is not set for everybody who shares this terminal */
  const char *screen = isatty(1) ? screen_name() : NULL;
  if (screen) t->screen_fd = open(screen, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  t->keyboard.from = 0;
  t->keyboard.to = t->screen.from = t->master;
  t->screen.to = t->screen_fd >= 0 ? t->screen_fd : 1;
  for (int fd = 0; fd < 3; fd++) {
    jailer_fd *kept = &s->fds[s->config.fd_count++];
    kept->fd = t->slave;
    kept->renumber = true;
    kept->as = fd;
  }
  s->config.controlling_tty = s->config.allow_pty = true;
  for (size_t i = 0; i < s->env_count; i++)
    if (!strncmp(s->env[i], "TERM=", 5)) return true;
  return set_env(s, "TERM", true) == 0;
}

static void terminal_raw(terminal *t) {
  struct termios raw;
  if (t->master < 0 || !isatty(0) || tcgetattr(0, &raw)) return;
  if (!t->raw) t->saved = raw;
  cfmakeraw(&raw);
  t->raw = tcsetattr(0, TCSADRAIN, &raw) == 0 || t->raw;
}

static void terminal_restore(terminal *t) {
  if (t->raw) tcsetattr(0, TCSADRAIN, &t->saved);
  t->raw = false;
}

static void terminal_close(terminal *t) {
  terminal_restore(t);
  if (t->screen_fd >= 0) close(t->screen_fd);
  if (t->slave >= 0) close(t->slave);
  if (t->master >= 0) close(t->master);
}

static void flow_poll(const flow *f, struct pollfd *in, struct pollfd *out) {
  in->fd = f->length || f->ended ? -1 : f->from;
  in->events = POLLIN;
  out->fd = f->length ? f->to : -1;
  out->events = POLLOUT;
}

/* Small writes: a descriptor that is ready takes at least this much without blocking (a pipe: PIPE_BUF). */
static void flow_step(flow *f, const struct pollfd *in, const struct pollfd *out) {
  ssize_t n;
  if (in->fd >= 0 && in->revents) {
    n = read(f->from, f->data, sizeof f->data);
    f->at = 0;
    f->length = n > 0 ? (size_t)n : 0;
    f->ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
  }
  if (out->fd >= 0 && out->revents) {
    n = write(f->to, f->data + f->at, f->length < 512 ? f->length : 512);
    if (n < 0 && errno != EAGAIN && errno != EINTR) f->broken = true;
    if (n > 0) f->at += (size_t)n, f->length -= (size_t)n;
  }
  if (f->broken) f->length = 0;
}

/* The end of input is what a person would type: Ctrl-D, twice when the line has begun. */
static void keyboard_step(terminal *t, const struct pollfd *in, const struct pollfd *out) {
  struct termios now;
  flow *f = &t->keyboard;
  flow_step(f, in, out);
  if (in->fd >= 0 && f->length) t->midline = f->data[f->length - 1] != '\n';
  if (in->fd < 0 || !f->ended || tcgetattr(t->master, &now)) return;
  f->at = 0;
  f->length = t->midline ? 2 : 1;
  f->data[0] = f->data[1] = (char)now.c_cc[VEOF];
}

/* --- signals and waiting ------------------------------------------------------------------------------------------ */

/* The first six are passed on as they are; the last three are about the terminal and job control. */
static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGWINCH};

typedef struct run {
  jailer_proc proc;
  jailer_status status;
  terminal terminal;
  sigset_t watch; /* blocked, and taken when there is time for them: no handler runs anywhere */
  int signals;    /* a signalfd of these; -1 where there is no such thing */
  bool ended, abandoned, timed_out, below_init;
  uint64_t deadline_ms; /* 0: none */
} run;

static uint64_t now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

#ifdef __linux__
static bool signals_watch(run *r) { return (r->signals = signalfd(-1, &r->watch, SFD_CLOEXEC | SFD_NONBLOCK)) >= 0; }

/* The next one that has arrived; 0: none. */
static int signals_next(const run *r) {
  struct signalfd_siginfo info;
  return read(r->signals, &info, sizeof info) == (ssize_t)sizeof info ? (int)info.ssi_signo : 0;
}
#else
static void not_called(int signal) { (void)signal; }

/* What nobody handles and what does nothing by itself is not kept for later, though it is blocked. */
static bool signals_watch(run *r) {
  struct sigaction kept;
  memset(&kept, 0, sizeof kept);
  kept.sa_handler = not_called;
  return (!sigismember(&r->watch, SIGCONT) || sigaction(SIGCONT, &kept, NULL) == 0) &&
         (!sigismember(&r->watch, SIGWINCH) || sigaction(SIGWINCH, &kept, NULL) == 0);
}

static int signals_next(const run *r) {
  sigset_t arrived;
  int signal = 0;
  if (sigpending(&arrived)) return 0;
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (!sigismember(&r->watch, watched[i])) sigdelset(&arrived, watched[i]);
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (sigismember(&arrived, watched[i])) return sigwait(&r->watch, &signal) ? 0 : signal;
  return 0;
}
#endif

/* From here on no signal ends jail. Those that its parent made it ignore (nohup, a background job) stay ignored; job
   control of a background jail (SIGTTIN, SIGTTOU) goes on as always. False with errno. */
static bool signals_open(run *r) {
  sigset_t block;
  struct sigaction now;
  sigemptyset(&r->watch);
  for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
    if (sigaction(watched[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&r->watch, watched[i]);
  sigfillset(&block);
  sigdelset(&block, SIGTTIN);
  sigdelset(&block, SIGTTOU);
  return sigprocmask(SIG_SETMASK, &block, NULL) == 0 && signals_watch(r);
}

/* ^Z: the program stops, then jail as the shell expects it. SIGSTOP, because PID 1 would not see SIGTSTP; the init turns
   SIGTSTP into it. Not SIGSTOP for jail: where no shell would ever continue it (an orphaned
   process group) SIGTSTP does nothing, which is right. */
static void suspend(run *r) {
  sigset_t stop;
  jailer_kill(&r->proc, r->below_init ? SIGTSTP : SIGSTOP, NULL);
  terminal_restore(&r->terminal);
  sigemptyset(&stop);
  sigaddset(&stop, SIGTSTP);
  raise(SIGTSTP);
  sigprocmask(SIG_UNBLOCK, &stop, NULL); /* stands still here */
  sigprocmask(SIG_BLOCK, &stop, NULL);
  terminal_raw(&r->terminal);
  jailer_kill(&r->proc, SIGCONT, NULL);
}

static void on_signal(run *r, int signal) {
  if (signal == SIGWINCH || signal == SIGCONT) {
    if (r->terminal.master >= 0) terminal_size(&r->terminal);
    if (signal == SIGCONT && !r->ended) terminal_raw(&r->terminal), jailer_kill(&r->proc, SIGCONT, NULL);
  } else if (r->ended) {
    r->abandoned = true; /* only output that nobody takes is left */
  } else if (signal == SIGTSTP) {
    suspend(r);
  } else {
    jailer_kill(&r->proc, signal, NULL);
  }
}

static void read_signals(run *r) {
  for (int signal; (signal = signals_next(r));) on_signal(r, signal);
}

/* Milliseconds that poll may sleep. Without a pidfd (before Linux 5.3) the end is looked for, and so are signals without
   a signalfd. */
static int patience(const run *r) {
  uint64_t now = now_ms(), left = INT_MAX;
  if (r->ended) return !r->terminal.screen.length ? 0 : r->signals < 0 ? 20 : -1;
  if (r->deadline_ms) left = r->deadline_ms > now ? r->deadline_ms - now : 0;
  if ((r->proc.pidfd < 0 || r->signals < 0) && left > 20) left = 20;
  return left < INT_MAX ? (int)left : r->deadline_ms ? INT_MAX : -1;
}

static void check_deadline(run *r) {
  if (!r->deadline_ms || now_ms() < r->deadline_ms || r->ended) return;
  jailer_kill(&r->proc, r->timed_out ? SIGKILL : SIGTERM, NULL);
  r->deadline_ms = r->timed_out ? 0 : now_ms() + 2000;
  r->timed_out = true;
}

/* What ended it, where that is known: the program of a box may have told. */
static void tell_end(const jailer_status *status) {
  char text[1024];
  if (jailer_denial_text(&status->denial, text, sizeof text))
    refuse("", text);
  else if (!status->exited && status->signal == SIGSYS)
    refuse("", "ended by SIGSYS: a system call that a filter refuses; the program does not report which "
               "(jailer_reporter_install)");
}

/* Copies, forwards and waits until the program has ended and its output is out. */
static int attend(run *r) {
  enum { SIGNALS, PROGRAM, KEYS_IN, KEYS_OUT, SCREEN_IN, SCREEN_OUT, COUNT };
  struct pollfd p[COUNT];
  terminal *t = &r->terminal;
  jailer_error err;
  memset(p, 0, sizeof p);
  for (int i = 0; i < COUNT; i++) p[i].fd = -1;
  while (!r->abandoned) {
    p[SIGNALS].fd = r->signals;
    p[PROGRAM].fd = r->ended ? -1 : r->proc.pidfd;
    p[SIGNALS].events = p[PROGRAM].events = POLLIN;
    if (t->master >= 0) {
      flow_poll(&t->keyboard, &p[KEYS_IN], &p[KEYS_OUT]);
      flow_poll(&t->screen, &p[SCREEN_IN], &p[SCREEN_OUT]);
    }
    if (r->ended) p[KEYS_IN].fd = p[KEYS_OUT].fd = -1;
    if (poll(p, COUNT, patience(r)) < 0 && errno != EINTR) return refuse_errno("poll");
    if (r->ended && !t->screen.length && !(p[SCREEN_IN].fd >= 0 && p[SCREEN_IN].revents & POLLIN)) break;
    read_signals(r);
    if (t->master >= 0) {
      bool was_broken = t->screen.broken;
      keyboard_step(t, &p[KEYS_IN], &p[KEYS_OUT]);
      flow_step(&t->screen, &p[SCREEN_IN], &p[SCREEN_OUT]);
      /* nobody sees the screen any more: what a terminal that goes away does */
      if (t->screen.broken && !was_broken && !r->ended) jailer_kill(&r->proc, SIGHUP, NULL);
    }
    check_deadline(r);
    if (r->ended || (p[PROGRAM].fd >= 0 && !p[PROGRAM].revents)) continue;
    jailer_code code = jailer_wait(&r->proc, 0, &r->status, &err);
    if (code == JAILER_E_TIMEOUT) continue;
    if (code) refuse_error(&err);
    if (code == JAILER_E_STATUS_LOST || r->proc.pid) return EXIT_JAIL;
    r->ended = true; /* an error then is about what it left; its exit status stands */
  }
  terminal_restore(t);
  tell_end(&r->status);
  if (r->timed_out) return EXIT_TIMEOUT;
  return r->status.exited ? r->status.exit_code : 128 + r->status.signal;
}

/* --- the launch --------------------------------------------------------------------------------------------------- */

/* What the library advises in the names of its fields, said in options; what no option can do is left out.
   tests/test_cli.c finds every message of jailer.h that belongs here. */
static const struct {
  const char *library, *command;
} words[] = {
    {", or mark the grant optional", ""},
    {"; or let the layer proc degrade", "; or give --degrade proc"},
    {"set outlive_launcher; or let the layer degrade", "give this layer to --degrade"},
    {"; or let the layer degrade", "; or give this layer to --degrade"},
    {"or do not let mounts degrade", "or do not give --degrade mounts"},
    {"or set allow_host_root", "or give --allow-host-root"},
    {"needs allow_host_root", "needs --allow-host-root"},
    {"set allow_network too", "give --net too"},
    {"(allow_full_proc)", "(--full-proc)"},
    {"grant the path somewhere else with `at`", "leave this grant out; --full-proc shows more of it"},
    {"close it, open it inside by a grant, or set allow_unsafe_fds", "close it, or open it inside by a grant"},
    {"go without with_init", "give --pid1"},
    {"or choose the uid", "or choose it with --uid"},
    {"pass 0 for your own", "leave --uid and --gid out"},
    {"name a program: argv[0] is required", "name a program"},
    {"or grant its directory with exec", "or grant its directory with --exec"},
    {"grant a character device as a device", "grant a character device with --dev"},
    {"can only be granted for writing", "can only be granted with --rw"},
    {"with a shim the library path", "with a PROGRAM that is copied into the box the library path"},
    {"; name the shim or library by its full path", ""},
    {"jailer_layout_prepare makes the tree of a box", "a launch with --home and --id makes the tree of a box"},
    {"record it when making the disk, or ask to trust first use", "--trust-first records the one that it has now"},
    {"remove it and record the disks again", "remove it and launch with --trust-first"},
    {"record its chain again", "remove the file `record` of the box and launch with --trust-first"},
    {"if it is a raw image, say so", "if it is a raw image, convert it with `qemu-img convert`"},
    {"; set allow_encrypted where that is meant", ", and a box takes none"},
    {"outside the trusted roots; if it is meant to be there, add its directory to them",
     "outside the home's bases/ and images/; put it there"},
    {" or raise max_depth (at most 64)", ""},
    {"; create it or take it off the list", ""},
    {"; check the size limits", ""},
    {"allow it, or let the program install the policy itself once it has started (jailer_seccomp_apply)", "allow it"},
};

static void translate(jailer_error *err) {
  static const char *const items[][2] = {{"uid", "--uid"},           {"nofile", "--nofile"}, {"fsize_bytes", "--fsize"},
                                         {"ports", "--port"}, {"log_denials", "--log-denials"},
                                         {"policy", "--policy"}};
  for (size_t i = 0; i < sizeof items / sizeof items[0]; i++)
    if ((err->code == JAILER_E_INVALID || err->code == JAILER_E_UNSUPPORTED) && !strcmp(err->item, items[i][0]))
      strcpy(err->item, items[i][1]);
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
    char *at = strstr(err->message, words[i].library);
    size_t before = strlen(words[i].library), after = strlen(words[i].command);
    if (!at || strlen(err->message) - before + after >= sizeof err->message) continue;
    memmove(at + after, at + before, strlen(at + before) + 1);
    memcpy(at, words[i].command, after);
  }
}

static bool write_all(int fd, const char *text, size_t length) {
  while (length) {
    ssize_t n = write(fd, text, length);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text += n;
    length -= (size_t)n;
  }
  return true;
}

/* In one write(), so that it stays whole among other output where the kernel keeps writes whole. */
static int write_report(const jailer_report *report, const settings *s) {
  static char text[64 * 1024];
  jailer_error err;
  size_t length = 0;
  if (jailer_report_json(report, text, sizeof text, &length, &err)) return refuse_error(&err);
  return write_all(s->report_fd, text, length) ? 0 : refuse_errno(s->report);
}

/* What shells answer for a program that is not there, or that cannot be run. */
static int exit_code(const jailer_error *err, const settings *s) {
  const bool copied = !strcmp(err->step, "open the file to copy"); /* jail has nothing copied but PROGRAM */
  switch ((int)err->code) {
    case JAILER_E_EXEC: return err->sys_errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
    case JAILER_E_NOT_FOUND: return copied || !strcmp(err->step, "look the program up") ? EXIT_NOT_FOUND : EXIT_JAIL;
    case JAILER_E_DENIED: return copied || !strcmp(err->item, s->config.argv[0]) ? EXIT_NOT_EXECUTABLE : EXIT_JAIL;
    case JAILER_E_INVALID: /* a directory */
    case JAILER_E_UNSAFE: return copied ? EXIT_NOT_EXECUTABLE : EXIT_JAIL; /* a file used as a directory */
    default: return EXIT_JAIL;
  }
}

/* A launch that failed: one line, the report if there is to be one, and the exit code. */
static int explain(const jailer_error *err, const settings *s) {
  jailer_error told = *err;
  jailer_report report;
  translate(&told);
  refuse_error(&told);
  if (s->report_fd >= 0 && jailer_report_refused(&told, &report) == JAILER_OK) write_report(&report, s);
  return exit_code(err, s);
}

/* The same for what failed here, with errno. */
static int explain_errno(jailer_code code, const char *step, const char *item, const settings *s) {
  jailer_error err;
  memset(&err, 0, sizeof err);
  err.code = code;
  err.sys_errno = errno;
  err.step = step;
  snprintf(err.item, sizeof err.item, "%s", item);
  return explain(&err, s);
}

/* jailer_plan_text and jailer_report_json say how long the text is when there is no room for it. */
static int print_plan(const jailer_plan *plan, const settings *s) {
  jailer_error err;
  size_t length = 0;
  if (jailer_plan_text(plan, NULL, 0, &length, &err) != JAILER_E_LIMIT || !length) return explain(&err, s);
  char *text = malloc(length + 1);
  if (!text) return refuse_errno("--dry-run");
  int code = 0;
  if (jailer_plan_text(plan, text, length + 1, NULL, &err)) code = explain(&err, s);
  if (!code && !write_all(1, text, length)) code = refuse_errno("--dry-run");
  free(text);
  return code;
}

/* From the plan to the end. A report that cannot be had ends the program: what was asked for was not there. */
static int launch(run *r, settings *s, jailer_plan **plan) {
  jailer_report report;
  jailer_error err;
  int code = 0;
  if (!signals_open(r)) return explain_errno(JAILER_E_SYSTEM, "watch signals", "", s);
  if (jailer_spawn(*plan, &r->proc, &err)) return explain(&err, s);
  jailer_plan_free(*plan); /* it holds the box's lock and a descriptor of every grant */
  *plan = NULL;
  if (s->timeout_s) r->deadline_ms = now_ms() + (s->timeout_s > 4000000000u ? 4000000000u : s->timeout_s) * 1000;
  if (s->report_fd >= 0)
    code = jailer_report_read(&r->proc, &report, &err) ? explain(&err, s) : write_report(&report, s);
  if (code) {
    jailer_kill(&r->proc, SIGKILL, NULL);
    jailer_wait(&r->proc, -1, NULL, NULL);
    return code;
  }
  terminal_raw(&r->terminal);
  return attend(r);
}

/* A link as FILE is refused, so the names of jail's own descriptors are taken for what they mean. */
static int report_open(settings *s) {
  const int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC;
  if (!strcmp(s->report, "-") || !strcmp(s->report, "/dev/stdout")) s->report_fd = 1;
  else if (!strcmp(s->report, "/dev/stderr")) s->report_fd = 2;
  else s->report_fd = open(s->report, flags, 0666);
  s->option = "--report";
  return s->report_fd < 0 ? refuse_value(s, s->report, strerror(errno)) : 0;
}

/* PROGRAM by the path that the library takes, and the box. */
static int name_program(settings *s) {
  jailer_error err;
  const char *asked = s->argv[0];
  const bool path = strchr(asked, '/') != NULL;
  if (path && !(s->argv[0] = absolute(s, asked))) {
    s->argv[0] = asked;
    return explain_errno(JAILER_E_EXEC, "look the program up", asked, s);
  }
  if (!s->home) return 0;
  if (jailer_layout_init(&s->layout, s->home, s->id, &err)) return explain(&err, s);
  s->config.layout = &s->layout;
  if (path) s->config.shim = s->argv[0];
  return 0;
}

/* An error in the file says where: FILE:LINE:COLUMN. */
static int load_policy(settings *s) {
  jailer_error err;
  if (jailer_policy_load(s->policy_file, JAILER_ARCH_NATIVE, &s->policy, &err)) return explain(&err, s);
  s->config.policy = s->policy;
  return 0;
}

static int run_all(settings *s) {
  static run r; /* holds two buffers: not for the stack */
  jailer_plan *plan = NULL;
  jailer_error err;
  int code = 0;
  r.signals = r.terminal.master = r.terminal.slave = r.terminal.outer = r.terminal.screen_fd = -1;
  r.below_init = s->config.with_init;
  if (s->report && !s->dry_run) code = report_open(s);
  if (!code && s->policy_file) code = load_policy(s);
  if (!code) code = name_program(s);
  if (!code && s->tty && !terminal_open(&r.terminal, s))
    code = explain_errno(JAILER_E_SYSTEM, "open a pseudo-terminal", "", s);
  if (!code && jailer_plan_new(&s->config, NULL, &plan, &err)) code = explain(&err, s);
  if (!code) code = s->dry_run ? print_plan(plan, s) : launch(&r, s, &plan);
  jailer_plan_free(plan);
  terminal_close(&r.terminal);
  if (r.signals >= 0) close(r.signals);
  if (s->report_fd > 2) close(s->report_fd);
  return code;
}

/* What the caller may have left in disorder: a closed 0, 1 or 2 (the next file opened would get its number), SIGCHLD
   ignored (nobody could be waited for), blocked signals. */
static int tidy(void) {
  sigset_t none;
  for (int fd = 0; fd < 3; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) return EXIT_JAIL;
  signal(SIGCHLD, SIG_DFL);
  sigemptyset(&none);
  return sigprocmask(SIG_SETMASK, &none, NULL) ? EXIT_JAIL : 0;
}

int main(int argc, char **argv) {
  settings s;
  int code = tidy();
  if (code) return code;
  if (!settings_make(&s, argc)) return refuse_errno("start");
  code = parse(&s, argc, argv);
  if (code < 0) code = run_all(&s);
  settings_free(&s);
  if (fflush(stdout) || ferror(stdout)) return refuse_errno("standard output");
  return code;
}
