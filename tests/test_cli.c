/* The command `jail`, run for real: every option shown from inside, exit codes, signals, --tty, odd surroundings. */
#define _GNU_SOURCE
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "box.h"

#define TEXT_SIZE (512 * 1024)

static char jail[PATH_MAX], noop[PATH_MAX], tmp[PATH_MAX];

/* --- running it --- */

/* What a child does between fork and exec, for odd surroundings. */
typedef void (*setup)(void);

typedef struct job {
  pid_t pid;
  int out, err;
  int code;  /* exit code, or 1000 + signal */
  int reads; /* how many times there was something to read */
  size_t out_len, err_len;
  char out_text[TEXT_SIZE], err_text[TEXT_SIZE];
} job;

static job run_job;          /* what RUN ran last */
static job polite, heeding, stubborn; /* these take seconds: started first, looked at in the end */

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void nap(int ms) {
  struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
  nanosleep(&t, NULL);
}

/* Good for the next 64 calls. */
static char *path_of(const char *name) {
  static char text[64][PATH_MAX + 64];
  static int next;
  char *p = text[next++ % 64];
  snprintf(p, sizeof text[0], "%s/%s", tmp, name);
  return p;
}

static void start(job *j, const char *const *args, const char *input, setup before) {
  const char *argv[64] = {"jail"};
  int in[2], out[2], err[2], n = 1;
  for (; args[n - 1]; n++) argv[n] = args[n - 1];
  if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) perror("pipe"), exit(1);
  j->out_len = j->err_len = 0;
  j->reads = 0;
  fflush(stdout);
  j->pid = fork();
  if (j->pid < 0) perror("fork"), exit(1);
  if (j->pid == 0) {
    dup2(in[0], 0);
    dup2(out[1], 1);
    dup2(err[1], 2);
    if (before) before();
    execv(jail, (char *const *)(uintptr_t)argv);
    _exit(99);
  }
  close(in[0]);
  close(out[1]);
  close(err[1]);
  if (input && write(in[1], input, strlen(input)) < 0) perror("write");
  close(in[1]);
  j->out = out[0];
  j->err = err[0];
}

static bool take(int *fd, char *text, size_t *len) {
  ssize_t n = read(*fd, text + *len, TEXT_SIZE - 1 - *len);
  if (n > 0) *len += (size_t)n;
  text[*len] = 0;
  if (n > 0) return true;
  close(*fd);
  *fd = -1;
  return false;
}

/* Reads until both pipes end, or until `needle` stands in the output; false when 20 seconds were not enough. */
static bool follow(job *j, const char *needle) {
  double deadline = now() + 20;
  j->out_text[j->out_len] = j->err_text[j->err_len] = 0;
  while (j->out >= 0 || j->err >= 0) {
    struct pollfd p[2] = {{j->out, POLLIN, 0}, {j->err, POLLIN, 0}};
    if (needle && strstr(j->out_text, needle)) return true;
    int left = (int)((deadline - now()) * 1000);
    if (left <= 0 || poll(p, 2, left) < 0) return false;
    if (p[0].revents && take(&j->out, j->out_text, &j->out_len)) j->reads++;
    if (p[1].revents) take(&j->err, j->err_text, &j->err_len);
  }
  return !needle;
}

static int code_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status); }

static int finish(job *j) {
  int status = 0;
  if (!follow(j, NULL)) kill(j->pid, SIGKILL), printf("# killed: it did not end in time\n");
  if (j->out >= 0) close(j->out);
  if (j->err >= 0) close(j->err);
  waitpid(j->pid, &status, 0);
  return j->code = code_of(status);
}

static int run_with(const char *const *args, const char *input, setup before) {
  start(&run_job, args, input, before);
  return finish(&run_job);
}

#define ARGS(...) \
  (const char *const[]) { __VA_ARGS__, NULL }
#define RUN(...) run_with(ARGS(__VA_ARGS__), NULL, NULL)
#define RUN_FROM(before, ...) run_with(ARGS(__VA_ARGS__), NULL, before)
#define RUN_IN(input, ...) run_with(ARGS(__VA_ARGS__), input, NULL)
#define SH(script) "--", "sh", "-c", script, "sh", tmp /* in the script, $1 is the scratch directory */

static bool out_is(const char *text) {
  bool same = !strcmp(run_job.out_text, text);
  if (!same) printf("# got: %.600s# stderr: %.600s\n", run_job.out_text, run_job.err_text);
  return same;
}

/* One line on stderr that says `needle` and begins as all of them do. */
static bool err_says(const char *needle) {
  const char *text = run_job.err_text, *end = strchr(text, '\n');
  bool good = !strncmp(text, "jail: ", 6) && end && !end[1] && strstr(text, needle);
  if (!good) printf("# stderr: %.600s\n", text);
  return good;
}

static void put(const char *name, const char *text, mode_t mode) {
  int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (fd < 0 || write(fd, text, strlen(text)) < 0 || fchmod(fd, mode) || close(fd)) perror(name), exit(1);
}

static void put_dir(const char *name, mode_t mode) {
  if (mkdir(path_of(name), 0700) || chmod(path_of(name), mode)) perror(name), exit(1);
}

static bool there(const char *name) { return access(path_of(name), F_OK) == 0; }

/* --- reading what it says --- */

/* A reader of JSON that only says whether a text is one value; NULL: it is not. */
static const char *json_space(const char *p) { return p ? p + strspn(p, " \t\r\n") : NULL; }

static const char *json_string(const char *p) {
  if (!p || *p++ != '"') return NULL;
  for (; *p && *p != '"'; p++) {
    if ((unsigned char)*p < 32) return NULL;
    if (*p == '\\' && !strchr("\"\\/bfnrtu", *++p)) return NULL;
    if (!*p) return NULL;
  }
  return *p ? p + 1 : NULL;
}

static const char *json_value(const char *p, int depth) {
  char *end;
  p = json_space(p);
  if (!p || depth > 20) return NULL;
  if (*p == '"') return json_string(p);
  if (*p == '{' || *p == '[') {
    const char close = *p == '{' ? '}' : ']';
    const char *next = json_space(p + 1);
    if (*next == close) return next + 1;
    for (p = next;; p = json_space(p + 1)) {
      if (close == '}') {
        p = json_space(json_string(p));
        if (!p || *p++ != ':') return NULL;
      }
      p = json_space(json_value(p, depth + 1));
      if (!p) return NULL;
      if (*p == close) return p + 1;
      if (*p != ',') return NULL;
    }
  }
  static const char *const words[] = {"true", "false", "null"};
  for (int i = 0; i < 3; i++)
    if (!strncmp(p, words[i], strlen(words[i]))) return p + strlen(words[i]);
  strtod(p, &end);
  return end == p ? NULL : end;
}

static bool is_json(const char *text) {
  const char *end = json_space(json_value(text, 0));
  return end && !*end;
}

static int count(const char *text, const char *needle) {
  int n = 0;
  for (; (text = strstr(text, needle)); text += strlen(needle)) n++;
  return n;
}

static char *slurp(const char *name) {
  static char text[65536];
  int fd = open(path_of(name), O_RDONLY);
  ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
  if (fd >= 0) close(fd);
  text[n < 0 ? 0 : n] = 0;
  return text;
}

static bool layer_is(const char *json, const char *layer, const char *state) {
  char text[128];
  snprintf(text, sizeof text, "\"%s\": {\"state\": \"%s\"", layer, state);
  return strstr(json, text) != NULL;
}

/* --- whose words --- */

/* A whole file of the sources, NUL-terminated; ends the test when it cannot be read. */
static char *source_text(const char *path) {
  FILE *f = fopen(path, "r");
  char *text = calloc(1, 4 << 20);
  if (!f || !text || !fread(text, 1, (4 << 20) - 1, f)) {
    printf("Bail out! %s: run this from the repository\n", path);
    exit(1);
  }
  fclose(f);
  return text;
}

/* Blanks out comments, so that what is left is code and strings. */
static void blank_comments(char *text) {
  bool quoted = false;
  for (char *p = text; *p; p++) {
    if (quoted && *p == '\\' && p[1]) p++;
    else if (*p == '"' && p[-1] != '\'') quoted = !quoted;
    else if (!quoted && p[0] == '/' && p[1] == '*')
      for (char *end = strstr(p, "*/"); end && p < end + 2; p++) *p = ' ';
  }
}

/* The next string from *at on, adjacent ones joined, escapes resolved; false at the end. */
static bool next_string(const char **at, const char *end, char *out, size_t size) {
  size_t n = 0;
  const char *p = *at;
  while (p < end && *p && (*p != '"' || p[-1] == '\'')) p++;
  if (p >= end || !*p) return false;
  while (*p == '"') {
    for (p++; *p && *p != '"'; p++) {
      if (*p == '\\') p++;
      if (n + 1 < size) out[n++] = *p;
    }
    p++;
    p += strspn(p, " \n");
  }
  out[n] = 0;
  *at = p;
  return true;
}

static char *header; /* jailer.h without comments */

/* Whether a word is a field of what the library is told with: those with an underscore cannot be English. */
static bool is_field(const char *word, size_t length) {
  static const char *const structs[] = {"jailer_config", "jailer_grant", "jailer_fd", "jailer_limits",
                                        "jailer_chain_policy"};
  char name[64], open[64], close[64];
  if (!memchr(word, '_', length) || length >= sizeof name) return false;
  snprintf(name, sizeof name, "%.*s", (int)length, word);
  if (!strncmp(name, "jailer_", 7) || !strncmp(name, "JAILER_", 7)) return true;
  for (size_t i = 0; i < sizeof structs / sizeof structs[0]; i++) {
    snprintf(open, sizeof open, "typedef struct %s {", structs[i]);
    snprintf(close, sizeof close, "} %s;", structs[i]);
    const char *at = strstr(header, open), *end = at ? strstr(at, close) : NULL;
    if (!end) printf("# no %s in jailer.h\n", structs[i]), exit(1);
    while ((at = strstr(at, name)) && at < end)
      if (strchr(" *", at[-1]) && strchr(";, ", at[length])) return true;
      else at++;
  }
  return false;
}

/* The word by which a sentence names something that only a caller of the library has; NULL: none. */
static const char *library_word(const char *text) {
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  static const char *const words[] = {"`at`", "argv[0]", "grant optional", "a shim", "shim or library", " degrade"};
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (strstr(text, words[i])) return words[i];
  for (const char *p = text; *p; p += !!*p) {
    size_t length = strspn(p, letters);
    if (length && is_field(p, length)) return p;
    p += length;
  }
  return NULL;
}

/* Every message that names a field is translated by examples/jail.c, and everything that it translates is a message. */
static void test_words(void) {
  /* jail calls the library so that these cannot come; how they begin */
  static const char *const not_from_jail[] = {"fd_count without fds",
                                              "grant_count without grants",
                                              "port_count without ports",
                                              "an empty list: for no port at all",
                                              "write JAILER_BIT(layer) for each layer",
                                              "a shim is copied into a box: set layout too",
                                              "the layout was not made by jailer_layout_init",
                                              "disks, bases and trusted roots belong to a box: set layout too",
                                              "this build has no reader of disk images (JAILER_NO_QCOW2)",
                                              "the path does not fit the buffer; JAILER_PATH_MAX",
                                              "the policy is wrong as written: max_depth",
                                              " bytes; JAILER_REPORTER_STACK is enough",
                                              "a program that is launched needs the role launch",
                                              "a launch has no threads yet",
                                              "a role or a policy, not both",
                                              "a running process sees its files where they are",
                                              "on macOS the target sees its files where they are",
                                              "this build leaves the engine seatbelt out (JAILER_NO_SEATBELT)",
                                              "; close it, or set allow_unsafe_fds",
                                              "the process has other threads, and Landlock",
                                              "this policy refuses execve(2), with which the target starts",
                                              "there is nothing to launch: the engine self"};
  static struct {
    char library[256], command[256];
    bool met;
  } table[64];
  static char text[8192], told[8192];
  char *runner = source_text("examples/jail.c"), *start = strstr(runner, "} words[] = {");
  const char *at = start, *end = start ? strstr(start, "};") : NULL;
  size_t count = 0, named = 0;
  bool all = true, used = true;
  while (at && end && count < 64 && next_string(&at, end, table[count].library, 256) &&
         next_string(&at, end, table[count].command, 256))
    count++;
  at = strstr(header, "#ifdef JAILER_IMPLEMENTATION");
  end = header + strlen(header);
  while (at && next_string(&at, end, text, sizeof text)) {
    bool exempt = !strchr(text, ' ') || !strncmp(text, "jailer.h: ", 10); /* a name; for the compiler */
    for (size_t i = 0; i < sizeof not_from_jail / sizeof not_from_jail[0]; i++)
      exempt = exempt || !strncmp(text, not_from_jail[i], strlen(not_from_jail[i]));
    snprintf(told, sizeof told, "%s", text);
    for (size_t i = 0; i < count; i++) {
      char *found = strstr(told, table[i].library), rest[8192];
      if (!found) continue;
      table[i].met = true;
      snprintf(rest, sizeof rest, "%s", found + strlen(table[i].library));
      snprintf(found, sizeof told - (size_t)(found - told), "%s%s", table[i].command, rest);
    }
    if (exempt || !library_word(text)) continue;
    named++;
    if (!library_word(told) && strlen(told) < JAILER_TEXT_MAX) continue;
    printf("# \"%s\" names \"%.20s\"\n", told, library_word(told));
    all = false;
  }
  OK(all && named >= 10, "every message of jailer.h that names a field is said in options (%zu of them)", named);
  for (size_t i = 0; i < count; i++)
    if (!table[i].met) printf("# no message of jailer.h says \"%s\"\n", table[i].library), used = false;
  OK(used && count > 10, "and whatever jail translates is said by jailer.h (%zu phrases)", count);
  free(runner);
}

/* --- what is refused --- */

static void in_tmp(void) {
  if (chdir(tmp)) _exit(98);
}

static void test_refusals(void) {
  static const struct {
    const char *args[10], *says;
    int code;
  } rows[] = {{{"--nope", "--", "true"}, "--nope: unknown option", 125},
              {{"-x", "--", "true"}, "unknown option", 125},
              {{"--r", "/x", "--", "true"}, "unknown option", 125},
              {{"true"}, "write -- before PROGRAM", 125},
              {{"--net", "yes", "--", "true"}, "write -- before PROGRAM", 125},
              {{"--"}, "usage:", 125},
              {{"--net"}, "usage:", 125},
              {{"--", ""}, "name a program", 125},
              {{"--ro"}, "--ro: this option needs a value", 125},
              {{"--net=1", "--", "true"}, "takes no value", 125},
              {{"--version=3"}, "--version=3: this option takes no value", 125},
              {{"--version="}, "--version=: this option takes no value", 125},
              {{"--help=x"}, "--help=x: this option takes no value", 125},
              {{"-h=x"}, "unknown option", 125},
              {{"-hx"}, "unknown option", 125},
              {{"--ro", "", "--", "true"}, "--ro ''", 125},
              {{"--rw=", "--", "true"}, "--rw ''", 125},
              {{"--exec", "", "--", "true"}, "--exec ''", 125},
              {{"--dev", "", "--", "true"}, "--dev ''", 125},
              {{"--cwd", "", "--", "true"}, "--cwd ''", 125},
              {{"--cgroup", "", "--", "true"}, "--cgroup ''", 125},
              {{"--home", "", "--id", "x", "--", "true"}, "--home ''", 125},
              {{"--report", "", "--", "true"}, "--report ''", 125},
              {{"--keep-env", "", "--", "true"}, "--keep-env ''", 125},
              {{"--degrade", "", "--", "true"}, "--degrade ''", 125},
              {{"--engine", "", "--", "true"}, "--engine ''", 125},
              {{"--engine", "bwrap", "--", "true"}, "not built yet", 125},
              {{"--engine", "landlock", "--", "true"}, "not built yet", 125},
              {{"--engine", "self", "--", "true"}, "no such engine", 125},
              {{"--engine", "seatbelt", "--", "true"}, "give this layer to --degrade", 125},
              {{"--engine", "seatbelt", "--degrade", "parent-death", "--", "true"}, "on Linux choose the engine native", 125},
              {{"--engine", "seatbelt", "--degrade", "parent-death", "--hostname", "x", "--", "true"}, "hostname", 125},
              {{"--uid", "-1", "--", "true"}, "--uid -1: an id is a number", 125},
              {{"--uid", "4294967295", "--", "true"}, "--uid 4294967295: an id is a number", 125},
              {{"--uid", "1x", "--", "true"}, "--uid 1x: an id is a number", 125},
              {{"--gid", " 1", "--", "true"}, "--gid  1: an id is a number", 125},
              {{"--uid", "0", "--", "true"}, "--allow-host-root", 125},
              {{"--gid", "0", "--", "true"}, "--allow-host-root", 125},
              {{"--nofile", "0", "--", "true"}, "--nofile 0: a number from 1 on", 125},
              {{"--nofile", "18446744073709551616", "--", "true"}, "--nofile 18446744073709551616: a number", 125},
              {{"--fsize", "0", "--", "true"}, "--fsize 0: a number from 1 on", 125},
              {{"--fsize", "1k", "--", "true"}, "--fsize 1k: a number from 1 on", 125},
              {{"--fsize", "", "--", "true"}, "--fsize '': a number from 1 on", 125},
              {{"--fsize", "1", "--fsize", "2", "--", "true"}, "given twice", 125},
              {{"--cwd", "/", "--cwd", "/", "--", "true"}, "given twice", 125},
              {{"--timeout", "0", "--", "true"}, "--timeout 0: a number from 1 on", 125},
              {{"--timeout", "-1", "--", "true"}, "--timeout -1: a number from 1 on", 125},
              {{"--timeout", "1.5", "--", "true"}, "--timeout 1.5: a number from 1 on", 125},
              {{"--env", "NAME", "--", "true"}, "NAME=VALUE", 125},
              {{"--env", "=x", "--", "true"}, "NAME=VALUE", 125},
              {{"--env", "A=1", "--env", "A=2", "--", "true"}, "twice", 125},
              {{"--keep-env", "A=1", "--", "true"}, "name of a variable", 125},
              {{"--keep-env", "", "--", "true"}, "name of a variable", 125},
              {{"--keep-fd", "77", "--", "true"}, "not open", 125},
              {{"--keep-fd", "x", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "0:", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", ":0", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd"}, "--keep-fd: this option needs a value", 125},
              {{"--keep-fd", "", "--", "true"}, "--keep-fd '': this option takes N or N:M", 125},
              {{"--keep-fd", ":", "--", "true"}, "--keep-fd :: this option takes N or N:M", 125},
              {{"--keep-fd", "-1", "--", "true"}, "--keep-fd -1: this option takes N or N:M", 125},
              {{"--keep-fd", "0:-1", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "+1", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "1 ", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "0x1", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "0:1:2", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "0,1", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "2147483648", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "0:2147483648", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "00000000000000000", "--", "true"}, "N or N:M", 125},
              {{"--keep-fd", "2147483647", "--", "true"}, "--keep-fd 2147483647: this descriptor is not open", 125},
              {{"--keep-fd", "0:65536", "--", "true"}, "65536: a kept descriptor is 0 to 65535", 125},
              {{"--keep-fd", "0:5", "--keep-fd", "1:5", "--", "true"}, "same number inside", 125},
              {{"--keep-fd", "0", "--keep-fd", "0", "--", "true"}, "same number inside", 125},
              {{"--net", "--port", "443", "--", "true"}, "--port 443: this option takes connect-tcp, bind-tcp,", 125},
              {{"--net", "--port", "tcp:443", "--", "true"}, "--port tcp:443: this option takes connect-tcp", 125},
              {{"--net", "--port", "connect-tcp", "--", "true"}, "a colon and a port", 125},
              {{"--net", "--port", "connect-tcp:", "--", "true"}, "a colon and a port", 125},
              {{"--net", "--port", "connect-tcp:65536", "--", "true"}, "a colon and a port", 125},
              {{"--net", "--port", "connect-tcp:-1", "--", "true"}, "a colon and a port", 125},
              {{"--net", "--port", "bind-tcp:80:81", "--", "true"}, "a colon and a port", 125},
              {{"--net", "--port", "", "--", "true"}, "--port '': this option takes connect-tcp", 125},
              {{"--net", "--port", "connect-udp:0", "--", "true"}, "--port: nobody can be connected to at port 0", 125},
              {{"--port", "connect-tcp:443", "--", "true"}, "--port: ports narrow the host's network, and without it "
                                                            "there is none: give --net too", 125},
              {{"--net", "--port", "bind-tcp:80", "--engine", "none", "--", "true"}, "--port: the engine none", 125},
              {{"--log-denials", "--engine", "none", "--", "true"}, "--log-denials: the engine none", 125},
              {{"--cgroup"}, "--cgroup: this option needs a value", 125},
              {{"--cgroup", "/nonexistent", "--", "true"}, "E_NOT_FOUND: cgroup: open the cgroup: /nonexistent: ", 125},
              {{"--cgroup", "/", "--", "true"}, "E_INVALID: cgroup: open the cgroup: /: ", 125},
              {{"--cgroup", "plain", "--", "true"}, "E_INVALID: cgroup: open the cgroup: ", 125},
              {{"--degrade", "nonsense", "--", "true"}, "no such layer", 125},
              {{"--degrade", "landlock,", "--", "true"}, "no such layer", 125},
              {{"--degrade", "none", "--", "true"}, "no such layer", 125},
              {{"--home", "/x", "--", "true"}, "both --home and --id", 125},
              {{"--id", "x", "--", "true"}, "both --home and --id", 125},
              {{"--home", "/x", "--id", "../y", "--", "true"}, "layout", 125},
              {{"--ro", "/nonexistent/path", "--", "true"}, "/path: errno 2 ENOENT: it does not exist", 125},
              {{"--ro", "/proc/version", "--", "true"}, "--full-proc", 125},
              {{"--ro", "/dev/null", "--", "true"}, "a character device with --dev", 125},
              {{"--ro", "nonexistent/../x", "--", "true"}, "No such file", 125},
              {{"--ro", "/", "--", "true"}, "root directory cannot be granted", 125},
              {{"--dev", "/etc/passwd", "--", "true"}, "character device", 125},
              {{"--cwd", "/nonexistent", "--", "true"}, "working directory", 125},
              {{"--hostname", "", "--", "true"}, "host name", 125},
              {{"--report", "/nonexistent/report", "--", "true"}, "/nonexistent/report", 125},
              {{"--", "nosuchprogram"}, "nosuchprogram: errno 2 ENOENT: ", 127},
              {{"--", "nosuchprogram"}, "grant its directory with --exec", 127},
              {{"--", "nosuch/../program"}, "nosuch/../program", 127},
              {{"--", "plain/../program"}, "plain/../program", 126},
              {{"--pid1", "--", "nosuchprogram"}, "nosuchprogram", 127},
              {{"--pid1", "--", "./nosuchprogram"}, "nosuchprogram", 127},
              {{"--", "/nosuch/program"}, "/nosuch/program", 127},
              {{"--", "./nosuchprogram"}, "nosuchprogram", 127},
              {{"--", "/etc"}, "/etc", 126},
              {{"--", "./plain"}, "plain", 126},
              {{"--", "./plain/x"}, "plain/x", 127}, /* inside there is no ./plain either */
              {{"--", "/etc/passwd/x"}, "ENOTDIR", 126},
              {{"--pid1", "--", "./plain"}, "plain", 126},
              {{"--engine", "none", "--", "./plain"}, "plain", 126},
              {{"--engine", "none", "--", "./nosuchprogram"}, "nosuchprogram", 127},
              {{"--", "./bad-interpreter"}, "bad-interpreter", 127},
              {{"--", "./garbage"}, "ENOEXEC", 126}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char name[256] = "";
    for (int k = 0; rows[i].args[k]; k++) {
      strcat(name, " ");
      strcat(name, rows[i].args[k]);
    }
    int code = run_with(rows[i].args, NULL, in_tmp);
    const char *foreign = library_word(run_job.err_text);
    OK(code == rows[i].code && err_says(rows[i].says) && !run_job.out_len && !foreign, "jail%s: %d, %s", name,
       rows[i].code, rows[i].says);
    if (code != rows[i].code) printf("# code %d\n", code);
    if (foreign) printf("# %.20s is a word of the library in %s", foreign, run_job.err_text);
  }
  char line[64];
  RUN("--", "/etc/\n\033[31m/nothing");
  snprintf(line, sizeof line, "%.40s", run_job.err_text);
  OK(run_job.code == 127 && err_says("\\x1b") && !strchr(run_job.err_text, 27),
     "control bytes of a name do not reach the terminal");
  RUN("--\n\033", "--", "true");
  OK(run_job.code == 125 && err_says("\\x1b"), "nor those of an option");
  OK(RUN("--help", "--nope") == 0 && strstr(run_job.out_text, "usage: jail [options] -- PROGRAM [ARG...]") &&
         !run_job.err_len,
     "--help is for standard output");
  bool wide = false, listed = true;
  for (const char *p = run_job.out_text; *p; p += strcspn(p, "\n") + 1) wide = wide || strcspn(p, "\n") > 110;
  static const char *const options[] = {
      "--engine", "--ro",     "--rw",      "--exec",   "--dev",     "--no-system",  "--net",             "--uid",
      "--gid",    "--env",    "--cwd",     "--nofile", "--fsize",   "--keep-env",   "--hostname",        "--keep-fd",
      "--home",   "--id",     "--degrade", "--report", "--tty",     "--dry-run",    "--version",         "--help",
      "--cgroup", "--pid1",   "--timeout", "-h",       "124",       "--trust-first", "--allow-host-root", "--full-proc",
      "125",      "126",      "127",       "128+N",    "--allow-userns", "--allow-exec-memfd"};
  for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
    listed = listed && strstr(run_job.out_text, options[i]);
  OK(listed && !wide, "--help names every option and exit code, in lines of at most 110 columns");
  OK(strstr(run_job.out_text, "DIR/boxes/ID/shim.stderr"), "--help says where a box's standard error goes");
  OK(strstr(run_job.out_text, "PROGRAM copied, and with --trust-first the chain recorded"),
     "--help says what --dry-run leaves in a box");
  OK(strstr(run_job.out_text, "a FILE or /dev/stderr keeps them apart"), "--help says how a report stays apart");
  static char help[TEXT_SIZE];
  strcpy(help, run_job.out_text);
  OK(RUN("-h") == 0 && out_is(help), "-h is --help");
  OK(RUN("--version") == 0 && out_is("jail " JAILER_VERSION "\n"), "--version");
}

/* --- exit codes --- */

static void test_exits(void) {
  OK(RUN("--", "true") == 0 && !run_job.out_len && !run_job.err_len, "0, and jail itself says nothing");
  OK(RUN("--", "sh", "-c", "exit 3") == 3, "the program's own code");
  OK(RUN("--", "sh", "-c", "exit 255") == 255, "255");
  OK(RUN("--", "sh", "-c", "exit 125") == 125 && !run_job.err_len, "125 of the program itself comes without a message");
  OK(RUN("--", "sh", "-c", "echo out; echo err >&2") == 0 && out_is("out\n") && !strcmp(run_job.err_text, "err\n"),
     "stdout and stderr are the caller's");
  OK(RUN_IN("from outside", "--", "cat") == 0 && out_is("from outside"), "so is stdin");
  OK(RUN("--", "printf", "%s.", "--net", "--", "-x") == 0 && out_is("--net.--.-x."),
     "what follows -- is the program's, options too");
  OK(RUN("--engine", "native", "--", "true") == 0, "--engine native");
  OK(RUN("--engine=auto", "--", "true") == 0, "--engine=auto: a value may follow an equals sign");
  OK(RUN("--engine", "none", "--env", "A=b", "--", "sh", "-c", "echo $A; test -e /proc/1/stat && echo host") == 0 &&
         out_is("b\nhost\n"),
     "--engine none: no walls, the environment is still clean");
  OK(RUN("--", "sh", "-c", "test $$ != 1 && echo under; exit 4") == 4 && out_is("under\n"),
     "the program is not PID 1");
  OK(RUN("--pid1", "--", "sh", "-c", "test $$ = 1 && echo over; exit 4") == 4 && out_is("over\n"), "--pid1: it is");
  static const int deadly[] = {SIGHUP, SIGINT,  SIGQUIT, SIGILL,  SIGABRT, SIGFPE,
                               SIGKILL, SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGUSR1};
  for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
    char script[32];
    snprintf(script, sizeof script, "kill -%d $$", deadly[i]);
    OK(RUN("--", "sh", "-c", script) == 128 + deadly[i] && !run_job.err_len, "128 + %d when it ends itself with that",
       deadly[i]);
  }
  OK(RUN("--", "sh", "-c", "exit 124") == 124 && RUN("--", "sh", "-c", "exit 127") == 127 && !run_job.err_len,
     "124 and 127 of the program itself come without a message");
  OK(RUN("--", "sh", "-c", "yes | head -n 1; yes | head -n 1 >/dev/null; echo done") == 0 && out_is("y\ndone\n"),
     "SIGPIPE ends a writer as it does outside");
  OK(RUN("--", "sh", "-c", "(sleep 100 &) ; exit 0") == 0, "an orphan does not outlive it");
  OK(RUN("--", "sh", "-c",
         "(true &); sleep 0.1; grep -l 'State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l") == 0 &&
         out_is("0\n"),
     "orphans are reaped");
  OK(RUN("--tty", "--", "sh", "-c", "test -t 0 && (: </dev/tty) && exit 8") == 8, "the init with --tty");
}

/* --- what is reached --- */

static void test_grants(void) {
  put_dir("ro", 0755);
  put_dir("rw", 0777);
  put_dir("exec", 0755);
  put("ro/file", "content\n", 0644);
  put("ro/prog", "#!/bin/sh\necho ran\n", 0755);
  put("exec/prog", "#!/bin/sh\necho ran\n", 0755);
  char *ro = path_of("ro"), *rw = path_of("rw"), *ex = path_of("exec");
  const char *look =
      "cd \"$1/$2\" || exit 9; cat file 2>/dev/null; (echo x >new) 2>/dev/null && echo wrote; ./prog 2>/dev/null; true";
#define LOOK(option, path, name) RUN(option, path, "--", "sh", "-c", look, "sh", tmp, name)
  OK(LOOK("--ro", ro, "ro") == 0 && out_is("content\n"), "--ro: readable, not writable, not executable");
  OK(LOOK("--exec", ex, "exec") == 0 && out_is("ran\n"), "--exec: executable, not writable");
  const char *own =
      "cd \"$1/rw\" && printf '#!/bin/sh\\necho ran\\n' >prog && chmod 755 prog && cat prog; "
      "./prog 2>/dev/null || echo refused $?";
  OK(RUN("--rw", rw, SH(own)) == 0 && out_is("#!/bin/sh\necho ran\nrefused 126\n"),
     "--rw: writable, what is written cannot be executed");
  OK(there("rw/prog"), "and it is on the host");
  OK(RUN(SH("test -e \"$1\" || echo absent; ls /tmp")) == 0 && out_is("absent\n"),
     "without options nothing of it is there");
  OK(RUN_FROM(in_tmp, "--ro", "ro", SH("cat \"$1/ro/file\"")) == 0 && out_is("content\n"),
     "a relative path counts from here");
  OK(RUN_FROM(in_tmp, "--ro=./exec/../ro/", SH("cat \"$1/ro/file\"")) == 0 && out_is("content\n"), "with .. in it too");
  OK(RUN_FROM(in_tmp, "--ro", "ro/..", SH("cat \"$1/ro/file\"")) == 0 && out_is("content\n"), "and at its end");
  OK(RUN_FROM(in_tmp, "--rw", "rw", "--cwd", "rw", "--", "sh", "-c", "echo x >made; pwd") == 0 && there("rw/made"),
     "--cwd with a relative path, as --rw");
  OK(RUN_FROM(in_tmp, "--", "exec/prog") == 0 && out_is("ran\n"), "PROGRAM by a relative path, granted by itself");
  OK(RUN_FROM(in_tmp, "--ro", "ro", "--", "./ro/prog") == 0 && out_is("ran\n"),
     "PROGRAM inside a --ro grant is granted by itself, as anywhere");
  OK(RUN_FROM(in_tmp, "--ro", "ro", "--", "sh", "-c", "\"$0\"", path_of("ro/prog")) == 126,
     "and what another program starts there is not");
  OK(RUN("--ro", ro, "--rw", rw, "--exec", ex, SH("test -r \"$1/ro/file\" && test -w \"$1/rw\" && \"$1/exec/prog\"")) ==
             0 &&
         out_is("ran\n"),
     "several grants");
  OK(RUN("--ro", rw, "--rw", rw, "--", "true") == 125 && err_says("E_CONFLICT"),
     "one path both --ro and --rw is refused");
  OK(RUN("--", "sh", "-c", "test -c /dev/null && ! test -e /dev/tty && echo no tty") == 0 && out_is("no tty\n"),
     "/dev is small");
  OK(RUN("--dev", "/dev/tty", "--", "sh", "-c", "test -c /dev/tty && echo tty") == 0 && out_is("tty\n"),
     "--dev brings a device");
  OK(RUN("--dev", "/dev/full", "--", "sh", "-c", "echo x | cat >/dev/full") != 0 &&
         strstr(run_job.err_text, "No space left"),
     "--dev: it is the device");
  OK(RUN("--", "sh", "-c", "test -d /usr && test -e /etc/passwd") == 0, "the system's programs are there");
  if (RUN("--engine", "none", "--env", "LD_LIBRARY_PATH=/nonexistent", "--", noop) == 0) {
    OK(RUN("--no-system", "--", noop) == 0, "--no-system: a static program runs");
    OK(RUN("--no-system", "--exec", "/bin", "--", "sh", "-c", "true") != 0,
       "--no-system: a dynamic one does not find its libraries");
    OK(RUN("--no-system", "--", "true") == 127, "--no-system: there is nothing on PATH");
  }
}

static void keep_pipe_at_5(void) {
  int ends[2];
  if (pipe(ends) || write(ends[1], "through\n", 8) != 8 || dup2(ends[0], 5) != 5) _exit(98);
  close(ends[1]);
  dup2(open("/dev/null", O_RDONLY), 6);
  dup2(open("/dev/null", O_RDONLY), 40);
}

static void keep_directory(void) {
  if (dup2(open("/", O_RDONLY | O_DIRECTORY), 5) != 5) _exit(98);
}

static void close_3(void) { close(3); }

static void file_stdout(void) {
  if (dup2(open(path_of("stdout"), O_WRONLY | O_CREAT | O_TRUNC, 0666), 1) != 1 || fchmod(1, 0666)) _exit(98);
}

static void directory_stdin(void) {
  if (dup2(open("/", O_RDONLY | O_DIRECTORY), 0) != 0) _exit(98);
}

static void test_descriptors(void) {
  const char *list = "ls /proc/self/fd | tr '\\n' ' '"; /* 3 is what ls opened itself */
  OK(RUN("--", "sh", "-c", list) == 0 && out_is("0 1 2 3 "), "no descriptor of jail's own is inside");
  OK(RUN_FROM(keep_pipe_at_5, "--", "sh", "-c", list) == 0 && out_is("0 1 2 3 "), "nor one of its caller");
  OK(RUN_FROM(keep_pipe_at_5, "--report", path_of("rw/report"), "--timeout", "10", "--tty", "--", "sh", "-c", list) ==
             0 &&
         out_is("0 1 2 3 "),
     "nor those of --report, --timeout and --tty");
  OK(RUN_FROM(keep_pipe_at_5, "--keep-fd", "5", "--", "sh", "-c", "cat <&5; (: <&6) 2>/dev/null || echo closed") == 0 &&
         out_is("through\nclosed\n"),
     "--keep-fd N");
  OK(RUN_FROM(keep_pipe_at_5, "--keep-fd", "5:7", "--", "sh", "-c", "cat <&7; (: <&5) 2>/dev/null || echo closed") ==
             0 &&
         out_is("through\nclosed\n"),
     "--keep-fd N:M");
  OK(RUN_FROM(keep_pipe_at_5, "--keep-fd", "5:6", "--keep-fd", "6:5", "--", "sh", "-c", "cat <&6; cat <&5; echo end") ==
             0 &&
         out_is("through\nend\n"),
     "--keep-fd: two change places");
  OK(RUN_FROM(keep_pipe_at_5, "--keep-fd", "5:0", "--", "cat") == 0 && out_is("through\n"), "--keep-fd N:0 is stdin");
  OK(RUN_FROM(keep_directory, "--keep-fd", "5", "--", "true") == 125 && err_says("E_UNSAFE: fds: ") &&
         strstr(run_job.err_text, "; close it, or open it inside by a grant\n"),
     "--keep-fd: a directory is refused, and no field of the library is advised");
  OK(RUN_FROM(keep_directory, "--keep-fd", "5:0", "--", "true") == 125 && err_says("E_UNSAFE: fds: "),
     "--keep-fd N:M: the same");
  OK(RUN_FROM(keep_pipe_at_5, "--keep-fd", "5:0", "--keep-fd", "6:0", "--", "true") == 125 && err_says("0: two desc"),
     "--keep-fd: two for one number inside, a standard one");
  OK(RUN_FROM(keep_pipe_at_5, "--tty", "--keep-fd", "5:0", "--", "true") == 125 && err_says("0: two desc"),
     "--keep-fd: descriptor 0 belongs to --tty");
  OK(RUN_FROM(close_3, "--keep-fd", "3", "--", "true") == 125 && err_says("not open"),
     "--keep-fd: a number that only jail itself could open");
  OK(RUN_FROM(directory_stdin, "--", "true") == 125 && err_says("E_UNSAFE"), "a directory as stdin is refused");
  const char *again = "echo plain; (echo again >/dev/stdout) 2>/dev/null || echo denied"; /* README.md, "Limits" */
  OK(RUN("--", "sh", "-c", again) == 0 && out_is(geteuid() ? "plain\nagain\n" : "plain\ndenied\n"),
     "/dev/stdout, a pipe: opened again by an ordinary user's program, not by root's, which has another uid");
  OK(RUN("--tty", "--", "sh", "-c", again) == 0 &&
         out_is(geteuid() ? "plain\r\nagain\r\n" : "plain\r\ndenied\r\n"),
     "/dev/stdout, a terminal: the same");
  OK(RUN_FROM(file_stdout, "--", "sh", "-c", again) == 0 && !strcmp(slurp("stdout"), "plain\ndenied\n"),
     "/dev/stdout, a file of the host: by nobody's");
}

/* --- what is found --- */

static void with_variables(void) {
  clearenv();
  setenv("KEPT", "v a l", 1);
  setenv("SECRET", "s", 1);
  setenv("TERM", "dumb", 1);
  setenv("LD_PRELOAD", "/nonexistent.so", 1);
}

static void test_environment(void) {
  OK(RUN_FROM(with_variables, "--", "env") == 0 &&
         out_is("PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin\n"),
     "the environment is PATH alone");
  OK(RUN_FROM(with_variables, "--env", "A=b=c", "--keep-env", "KEPT", "--keep-env", "UNSET", "--env", "PATH=/bin", "--",
              "env") == 0 &&
         out_is("A=b=c\nKEPT=v a l\nPATH=/bin\n"),
     "--env and --keep-env");
  OK(RUN("--env", "PATH=/nonexistent", "--", "sh", "-c", "true") == 127,
     "a bare name is looked up along the jail's own PATH");
  OK(RUN("--", "pwd") == 0 && out_is("/\n"), "the working directory is /");
  OK(RUN("--cwd", "/usr/bin", "--", "pwd") == 0 && out_is("/usr/bin\n"), "--cwd");
  OK(RUN("--", "uname", "-n") == 0 && out_is("jail\n"), "the host name is jail");
  OK(RUN("--hostname", "box-7", "--", "sh", "-c", "uname -n; grep -c box-7 /etc/hosts") == 0 && out_is("box-7\n1\n"),
     "--hostname");
  OK(RUN("--uid", "4321", "--gid", "8765", "--", "sh", "-c", "id -u; id -g") == 0 && out_is("4321\n8765\n"),
     "--uid and --gid are what the program sees");
  RUN("--", "id", "-u");
  if (geteuid() == 0) {
    OK(atol(run_job.out_text) >= 0x70000000, "root is dropped to a uid that nobody else has");
    OK(RUN("--uid", "0", "--gid=0", "--allow-host-root", "--", "id", "-u") == 0 && out_is("0\n"),
       "--allow-host-root keeps uid 0");
    put_dir("roots", 0700);
    OK(RUN("--ro", path_of("roots"), "--", "true") == 125 && err_says("E_DENIED: ids: ") &&
           strstr(run_job.err_text, ", or choose it with --uid\n"),
       "a grant that the other uid cannot reach: --uid is advised");
  } else {
    OK(atol(run_job.out_text) == (long)geteuid(), "an ordinary user keeps his uid");
    OK(RUN("--uid", "0", "--allow-host-root", "--", "true") == 125, "an ordinary user cannot have uid 0");
    OK(RUN("--engine", "none", "--uid", "1", "--", "true") == 125 && err_says(": --uid: an ordinary user"),
       "nor, without walls, another one");
  }
  OK(RUN("--", "sh", "-c", "ulimit -n") == 0 && out_is("1024\n"), "1024 descriptors by default");
  OK(RUN("--nofile", "77", "--", "sh", "-c", "ulimit -n; ulimit -Hn") == 0 && out_is("77\n77\n"), "--nofile");
  OK(RUN("--nofile", "99999999999", "--", "true") == 125 && err_says(": --nofile: more descriptors"),
     "--nofile above the hard limit is refused, by its own name");
  OK(RUN("--fsize", "1000", "--", "sh", "-c", "head -c 3000 /dev/zero >/tmp/x; echo $?; wc -c </tmp/x") == 0 &&
         out_is("153\n1000\n"),
     "--fsize: SIGXFSZ, and the file ends there");
}

static void interfaces(char *text, size_t size) {
  FILE *f = fopen("/proc/net/dev", "r");
  char line[512];
  text[0] = 0;
  for (int n = 0; f && fgets(line, sizeof line, f); n++) {
    char name[64];
    if (n < 2 || sscanf(line, " %63[^:]", name) != 1) continue;
    snprintf(text + strlen(text), size - strlen(text), "%s\n", name);
  }
  if (f) fclose(f);
}

static void test_network(void) {
  char host[4096], link[128];
  const char *script = "sed -n 's/^ *\\([^:]*\\):.*/\\1/p' /proc/self/net/dev";
  ssize_t n = readlink("/proc/self/ns/net", link, sizeof link - 2);
  link[n < 0 ? 0 : n] = '\n';
  link[n < 0 ? 1 : n + 1] = 0;
  interfaces(host, sizeof host);
  OK(RUN("--", "sh", "-c", script) == 0 && out_is("lo\n"), "no interface but its own lo");
  OK(RUN("--net", "--", "sh", "-c", script) == 0 && out_is(host), "--net: the host's interfaces");
  OK(RUN("--net", "--", "readlink", "/proc/self/ns/net") == 0 && out_is(link), "--net: the host's namespace");
  OK(RUN("--", "readlink", "/proc/self/ns/net") == 0 && strcmp(run_job.out_text, link), "without it another one");
}

/* Something over a file of /proc, as containers have it: the kernel then mounts no new one in a user namespace. */
static void cover_proc(void) {
  if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
      mount("/dev/null", "/proc/version", NULL, MS_BIND, NULL))
    _exit(98);
}

static char cgroup_root[PATH_MAX]; /* where cgroup2 is mounted; "": nowhere */

static void in_cgroup_root(void) {
  if (chdir(cgroup_root)) _exit(98);
}

static void test_cgroup(void) {
  char line[PATH_MAX + 64], path[PATH_MAX], type[64], wanted[2 * PATH_MAX];
  snprintf(wanted, sizeof wanted, "E_INVALID: cgroup: open the cgroup: %s/ro: ", tmp);
  OK(RUN_FROM(in_tmp, "--cgroup", "ro", "--", "true") == 125 && err_says(wanted),
     "--cgroup: a directory that is no cgroup is refused; a relative path counts from here");
  OK(RUN_FROM(in_tmp, "--cgroup", "./exec/../ro/", "--", "true") == 125 && err_says(wanted), "with .. in it too");
  FILE *f = fopen("/proc/self/mounts", "r");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "%*s %4095s %63s", path, type) == 2 && !strcmp(type, "cgroup2")) strcpy(cgroup_root, path);
  if (f) fclose(f);
  if (!cgroup_root[0]) return;
  char name[32];
  snprintf(name, sizeof name, "jail-cli.%d", (int)getpid());
  snprintf(path, sizeof path, "%.4000s/%s", cgroup_root, name);
  if (mkdir(path, 0755)) {
    OK(RUN("--cgroup", cgroup_root, "--", "true") == 125 && err_says(": cgroup: "),
       "--cgroup: one that the caller has no right to is refused");
    return;
  }
  snprintf(wanted, sizeof wanted, "%s\"}", name); /* the end of the layer's detail */
  OK(RUN_FROM(in_cgroup_root, "--cgroup", name, "--report", "-", "--", "sleep", "0.1") == 0 &&
         layer_is(run_job.out_text, "cgroup", "applied") && strstr(run_job.out_text, wanted),
     "--cgroup DIR: started in it, by a relative path");
  OK(RUN("--cgroup", path, "--", "cat", "/proc/self/cgroup") == 0 && strstr(run_job.out_text, "0::/\n"),
     "and inside that is the root of the tree");
  for (int tries = 0; rmdir(path) && tries < 100; tries++) nap(20);
  OK(access(path, F_OK) != 0, "nothing is left in it");
}

static void test_strictness(void) {
  const char *unshare = "unshare -U true 2>/dev/null && echo made || echo refused";
  OK(RUN("--", "sh", "-c", unshare) == 0 && out_is("refused\n"), "no namespaces of its own making");
  OK(RUN("--allow-userns", "--", "sh", "-c", unshare) == 0 && out_is("made\n"), "--allow-userns");
  OK(RUN("--", "sh", "-c", "test -e /proc/meminfo || echo hidden") == 0 && out_is("hidden\n"),
     "/proc has processes only");
  /* the same for root and for everybody else: a host that refuses this /proc refuses the strict one too */
  OK(RUN("--full-proc", "--", "sh", "-c", "test -e /proc/meminfo && echo shown") == 0 && out_is("shown\n"),
     "--full-proc");
  if (geteuid() == 0) {
    OK(RUN_FROM(cover_proc, "--full-proc", "--", "true") == 125 && err_says("E_SYSTEM: proc: mount /proc: ") &&
           strstr(run_job.err_text, "; or give --degrade proc\n"),
       "--full-proc where the outer /proc is partly covered: 125, and --degrade proc is advised");
    OK(RUN_FROM(cover_proc, "--", "true") == 125 && err_says("; or give --degrade proc"), "so without it");
    OK(RUN_FROM(cover_proc, "--degrade", "proc", "--report", "-", "--", "true") == 0 &&
           layer_is(run_job.out_text, "proc", "degraded"),
       "and the advice is good");
  }
  OK(RUN("--degrade", "landlock,proc", "--degrade=cgroupns", "--", "true") == 0,
     "--degrade takes a list, and more than once");
  OK(RUN("--net", "--port", "connect-tcp:443", "--port=bind-udp:0", "--log-denials", "--degrade", "landlock", "--dry-run", "--",
         "true") == 0 &&
         strstr(run_job.out_text, "\nport connect-tcp 443\nport bind-udp 0\ndenials logged\n"),
     "--port and --log-denials are in the plan");
  OK(RUN("--degrade", "landlock", "--dry-run", "--", "true") == 0 && strstr(run_job.out_text, "layer? landlock\n") &&
         strstr(run_job.out_text, "layer seccomp\n"),
     "--degrade is in the plan");
}

static void test_policy(void) {
  const char *policy = path_of("p/policy"), *make = "mkdir /tmp/x 2>&1 && echo made";
  put_dir("p", 0755);
  put("p/part", "{mkdir?, mkdirat}: return ENOSPC # as on a full disk\n", 0644);
  put("p/policy", "@default allow\n@include ./part\nuname: kill\n", 0644);
  OK(RUN("--", "sh", "-c", make) == 0 && out_is("made\n"), "without a policy");
  OK(RUN("--policy", policy, "--", "sh", "-c", make) != 0 && strstr(run_job.out_text, "No space left on device"),
     "--policy: what a file with another one beside it refuses is refused inside");
  OK(RUN("--policy", policy, "--pid1", "--", "sh", "-c", make) != 0 && strstr(run_job.out_text, "No space left on device"),
     "also as PID 1");
  OK(RUN("--policy", policy, "--", "uname") == 128 + SIGSYS && err_says("ended by SIGSYS"), "and what it kills for ends PROGRAM");
  OK(RUN("--policy", policy, "--dry-run", "--", "true") == 0 && strstr(run_job.out_text, "\npolicy policy\n"),
     "it is in the plan");
  OK(RUN("--policy", policy, "--report", "-", "--", "true") == 0 && strstr(run_job.out_text, "a policy on top of it"),
     "and in the report");
  put("p/part", "mkdirat: return ENOSPC\nmkdirat: return ENOPSC\n", 0644);
  OK(RUN("--policy", policy, "--", "true") == 125 && err_says("E_NOT_FOUND: seccomp: read a policy: ") &&
         err_says("/p/part:2:17: `ENOPSC` is no errno"),
     "an error in it, and where: 125");
  OK(RUN("--policy", policy, "--report", "-", "--", "true") == 125 && strstr(run_job.out_text, "\"code\": \"E_NOT_FOUND\"") &&
         strstr(run_job.out_text, "/p/part:2:17"),
     "in the report as well");
  put("p/policy", "# nothing is allowed\n", 0644);
  OK(RUN("--policy", policy, "--", "true") == 125 && err_says("E_CONFLICT") && err_says("with which the target starts: allow it\n"),
     "a policy under which nothing could start: 125");
  put("p/policy", "@default allow\n", 0644);
  OK(RUN("--engine", "none", "--policy", policy, "--", "true") == 125 && err_says("--policy"), "or that the engine has no place for");
  OK(RUN("--policy", path_of("p/nothing"), "--", "true") == 125 && err_says("there is no such file"), "no such file: 125, too");
  OK(RUN("--policy", path_of("p"), "--", "true") == 125 && err_says("no regular file"), "a directory");
}

/* --- --report and --dry-run --- */

/* Each write() to standard output is then one read(). */
static void packets(void) {
  if (fcntl(1, F_SETFL, O_DIRECT)) _exit(98);
}

/* A report of a launch that was refused, with the code and layer of its error. */
static bool refused_report(const char *json, const char *code, const char *layer) {
  char text[128];
  snprintf(text, sizeof text, "\"error\": {\"code\": \"%s\", \"layer\": \"%s\",", code, layer);
  bool good = is_json(json) && strstr(json, text) && !strstr(json, "\"applied\"") && strstr(json, "\"pid\": 0,");
  good = good && (!strcmp(layer, "none") || layer_is(json, layer, "unavailable"));
  good = good && count(json, "\"not_requested\"") == JAILER_LAYER_COUNT - (strcmp(layer, "none") ? 2 : 1);
  if (!good) printf("# wanted %s in: %.900s\n", text, json);
  return good;
}

/* A launch that fails leaves a report too, whatever it fails at. */
static void test_refused_report(void) {
  static const struct {
    const char *args[8], *code, *layer;
    int exit;
  } rows[] = {{{"--", "nosuchprogram"}, "E_NOT_FOUND", "mounts", 127},
              {{"--", "./nosuchprogram"}, "E_EXEC", "none", 127},
              {{"--", "nosuch/../program"}, "E_EXEC", "none", 127},
              {{"--", "./garbage"}, "E_EXEC", "none", 126},
              {{"--ro", "/nonexistent", "--", "true"}, "E_NOT_FOUND", "mounts", 125},
              {{"--cgroup", "/", "--", "true"}, "E_INVALID", "cgroup", 125},
              {{"--cwd", "/nonexistent", "--", "true"}, "E_NOT_FOUND", "mounts", 125},
              {{"--hostname", "a b", "--", "true"}, "E_INVALID", "none", 125},
              {{"--home", "/x", "--id", "../y", "--", "true"}, "E_INVALID", "none", 125},
              {{"--tty", "--keep-fd", "0", "--", "true"}, "E_INVALID", "none", 125}};
  char *file = path_of("refused.json");
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *args[16] = {"--report", file};
    memcpy(args + 2, rows[i].args, sizeof rows[i].args);
    put("refused.json", "of an earlier run", 0644);
    int code = run_with(args, NULL, in_tmp);
    OK(code == rows[i].exit && err_says(rows[i].code) && !run_job.out_len &&
           refused_report(slurp("refused.json"), rows[i].code, rows[i].layer),
       "--report FILE of a launch that fails with %d: JSON with error %s, layer %s", rows[i].exit, rows[i].code,
       rows[i].layer);
    args[1] = "-";
    code = run_with(args, NULL, in_tmp);
    OK(code == rows[i].exit && err_says(rows[i].code) &&
           refused_report(run_job.out_text, rows[i].code, rows[i].layer),
       "--report - of the same: on standard output, the message on stderr");
  }
  OK(RUN("--report", "-", "--", "nosuchprogram") == 127 &&
         strstr(run_job.out_text, "\"item\": \"nosuchprogram\", \"errno\": 2,") &&
         strstr(run_job.out_text, "\"step\": \"look the program up\"") && strstr(run_job.out_text, "with --exec\"}"),
     "step, item, errno and message are in it, in options");
  OK(RUN("--report", "/dev/full", "--", "nosuchprogram") == 127 && strstr(run_job.err_text, "nosuchprogram") &&
         strstr(run_job.err_text, "\njail: /dev/full: No space left"),
     "a refusal whose report cannot be written: both are told, and the exit code is the refusal's");
  OK(RUN("--report", "-", "--", "true") == 0 && !strstr(run_job.out_text, "\"error\""),
     "a launch that succeeds has no error in it");
}

static void test_report(void) {
  char *file = path_of("report.json"), text[65536];
  OK(RUN("--report", file, "--", "sh", "-c", "sleep 0.2; exit 5") == 5 && !run_job.out_len,
     "--report FILE: the program's exit code stays");
  snprintf(text, sizeof text, "%s", slurp("report.json"));
  OK(is_json(text) && strstr(text, "\"engine\": \"native\"") && strstr(text, "\"pid\": "),
     "it is JSON with engine and pid");
  bool all = true;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    const bool absent = i == JAILER_LAYER_CGROUP || i == JAILER_LAYER_SEATBELT; /* no --cgroup, and this is no Mac */
    const char *wanted = absent ? "not_requested" : "applied";
    bool applied = layer_is(text, jailer_layer_name((jailer_layer)i), wanted);
    if (!applied) printf("# %s is not applied\n", jailer_layer_name((jailer_layer)i));
    all = all && applied;
  }
  OK(all && count(text, "\"state\"") == JAILER_LAYER_COUNT - 1, "every layer is there and applied");
  OK(RUN("--net", "--report", file, "--", "true") == 0 && layer_is(slurp("report.json"), "netns", "not_requested"),
     "--net: netns was not requested");
  OK(is_json(slurp("report.json")), "the file of an earlier run is replaced whole");
  OK(RUN("--report", "-", "--", "true") == 0 && is_json(run_job.out_text) &&
         layer_is(run_job.out_text, "seccomp", "applied"),
     "--report - is standard output");
  OK(RUN("--engine", "none", "--report", "-", "--", "true") == 0 && is_json(run_job.out_text) &&
         strstr(run_job.out_text, "\"engine\": \"none\"") && layer_is(run_job.out_text, "mounts", "not_requested") &&
         layer_is(run_job.out_text, "env", "applied"),
     "--engine none says what there is not");
  OK(RUN_FROM(packets, "--report", "-", "--", "true") == 0 && run_job.reads == 1 && is_json(run_job.out_text),
     "--report -: the report is one write()");
  OK(RUN("--report", "/dev/stderr", "--", "echo", "hello") == 0 && out_is("hello\n") && is_json(run_job.err_text),
     "--report /dev/stderr keeps it apart from the program's output");
  OK(RUN("--report", "/dev/stdout", "--", "true") == 0 && is_json(run_job.out_text), "--report /dev/stdout is -");
  put("untouched", "untouched", 0644);
  if (symlink("untouched", path_of("link"))) perror("symlink");
  char *rw = path_of("rw");
  OK(RUN("--report", path_of("link"), "--rw", rw, SH("echo x >\"$1/rw/ran1\"")) == 125 && !there("rw/ran1") &&
         !strcmp(slurp("untouched"), "untouched"),
     "a symbolic link as report: 125, nothing ran, nothing was written");
  OK(RUN("--report", path_of("no/such"), "--rw", rw, SH("echo x >\"$1/rw/ran2\"")) == 125 && !there("rw/ran2"),
     "a report that cannot be made: 125, nothing ran");
  OK(RUN("--report", "/dev/full", "--", "sleep", "100") == 125 && err_says("No space left"),
     "a report that cannot be written: 125, the program is ended");
  OK(RUN("--dry-run", "--rw", rw, SH("echo x >\"$1/rw/ran3\"")) == 0 && !there("rw/ran3"),
     "--dry-run launches nothing");
  char line[PATH_MAX + 32];
  snprintf(line, sizeof line, "grant %s rw nosuid nodev noexec\n", rw);
  OK(strstr(run_job.out_text, line) && strstr(run_job.out_text, "layer landlock\n") &&
         strstr(run_job.out_text, "\narg -c\n"),
     "it prints grants, layers and arguments");
  OK(RUN("--dry-run", "--report", path_of("report3"), "--", "true") == 0 && !there("report3"),
     "--dry-run writes no report");
  OK(RUN("--engine", "seatbelt", "--degrade", "parent-death", "--dry-run", "--ro", "/usr/share", "--", "true") == 0 &&
         strstr(run_job.out_text, "engine seatbelt\n") && strstr(run_job.out_text, "\ngrant /usr/share ro\n"),
     "--dry-run shows a plan for macOS");
  OK(RUN("--dry-run", "--ro", "/nonexistent", "--", "true") == 125 && RUN("--dry-run", "--", "nosuchprogram") == 127,
     "--dry-run fails as the launch would");
}

/* --- signals --- */

static long report_pid(const char *text) {
  const char *at = strstr(text, "\"pid\": ");
  return at ? atol(at + 7) : -1;
}

static char state_of(long pid) {
  char path[64], text[512] = "";
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  FILE *f = fopen(path, "r");
  if (!f) return 0;
  size_t n = fread(text, 1, sizeof text - 1, f);
  fclose(f);
  text[n] = 0;
  char *at = strrchr(text, ')');
  return at ? at[2] : 0;
}

static bool becomes(long pid, const char *states) {
  for (double until = now() + 5; now() < until; nap(10)) {
    char state = state_of(pid);
    if (state ? strchr(states, state) != NULL : strchr(states, 'X') != NULL) return true;
  }
  printf("# process %ld is in state %c\n", pid, state_of(pid));
  return false;
}

static void own_group(void) { setpgid(0, 0); }
static void ignore_hup(void) { signal(SIGHUP, SIG_IGN); }

static void test_signals(void) {
  static const struct {
    int signal;
    const char *name;
  } rows[] = {{SIGTERM, "TERM"}, {SIGINT, "INT"},   {SIGHUP, "HUP"},
              {SIGQUIT, "QUIT"}, {SIGUSR1, "USR1"}, {SIGUSR2, "USR2"}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char script[256];
    start(&run_job, ARGS("--pid1", "--report", "-", "--", "sleep", "100"), NULL, NULL);
    follow(&run_job, "}}");
    double began = now();
    kill(run_job.pid, rows[i].signal);
    finish(&run_job);
    OK(run_job.code == 128 + rows[i].signal && now() - began < 1, "SIG%s to jail ends sleep within a second: %d",
       rows[i].name, 128 + rows[i].signal);
    snprintf(script, sizeof script, "trap 'echo got; exit 7' %s; echo ready; while :; do sleep 0.05; done",
             rows[i].name);
    start(&run_job, ARGS("--", "sh", "-c", script), NULL, NULL);
    follow(&run_job, "ready\n");
    kill(run_job.pid, rows[i].signal);
    OK(finish(&run_job) == 7 && out_is("ready\ngot\n"), "SIG%s reaches the program's own handler", rows[i].name);
    start(&run_job, ARGS("--", "sh", "-c", "echo ready; exec sleep 100"), NULL, NULL);
    follow(&run_job, "ready\n");
    kill(run_job.pid, rows[i].signal);
    OK(finish(&run_job) == 128 + rows[i].signal, "below the init SIG%s ends it too", rows[i].name);
  }
  start(&run_job,
        ARGS("--", "sh", "-c",
             "n=0; trap 'n=$((n+1)); echo $n; test $n = 2 && exit 6' INT; echo ready; while :; do sleep 0.05; done"),
        NULL, NULL);
  follow(&run_job, "ready\n");
  kill(run_job.pid, SIGINT);
  follow(&run_job, "1\n");
  kill(run_job.pid, SIGINT);
  OK(finish(&run_job) == 6 && out_is("ready\n1\n2\n"), "a second SIGINT is passed on as the first");
  start(&run_job, ARGS("--", "sh", "-c", "trap '' TERM INT; echo ready; sleep 0.3; exit 8"), NULL, NULL);
  follow(&run_job, "ready\n");
  kill(run_job.pid, SIGTERM);
  kill(run_job.pid, SIGINT);
  OK(finish(&run_job) == 8, "a program that ignores signals goes on");
  start(&run_job, ARGS("--", "sh", "-c", "echo ready; sleep 0.3; exit 9"), NULL, NULL);
  follow(&run_job, "ready\n");
  kill(run_job.pid, SIGALRM);
  kill(run_job.pid, SIGPIPE);
  kill(run_job.pid, SIGRTMIN + 3);
  OK(finish(&run_job) == 9, "jail itself dies of none (ALRM, PIPE, RTMIN+3)");
  start(&run_job, ARGS("--", "sh", "-c", "echo ready; sleep 0.3; exit 10"), NULL, ignore_hup);
  follow(&run_job, "ready\n");
  kill(run_job.pid, SIGHUP);
  OK(finish(&run_job) == 10, "nohup: a signal that jail was started ignoring is not passed on");
}

static void test_ends(void) {
  start(&run_job, ARGS("--report", "-", "--", "sleep", "100"), NULL, NULL);
  follow(&run_job, "}}");
  kill((pid_t)report_pid(run_job.out_text), SIGKILL);
  OK(finish(&run_job) == 128 + 9, "128 + 9 when the program is killed");

  start(&run_job, ARGS("--report", "-", "--", "sh", "-c", "sleep 100 & wait"), NULL, NULL);
  follow(&run_job, "}}");
  long pid = report_pid(run_job.out_text);
  bool ran = state_of(pid) != 0;
  kill(run_job.pid, SIGKILL);
  OK(ran && becomes(pid, "XZ"), "SIGKILL of jail ends the program");
  finish(&run_job);

  start(&run_job, ARGS("--pid1", "--report", "-", "--", "sleep", "100"), NULL, own_group);
  follow(&run_job, "}}");
  pid = report_pid(run_job.out_text);
  kill(run_job.pid, SIGTSTP);
  OK(becomes(pid, "Tt") && becomes(run_job.pid, "Tt"), "SIGTSTP stops the program and jail");
  kill(run_job.pid, SIGCONT);
  OK(becomes(pid, "SR") && becomes(run_job.pid, "SR"), "SIGCONT continues both");
  kill(run_job.pid, SIGTERM);
  OK(finish(&run_job) == 128 + 15, "and signals are passed on as before");

  OK(finish(&polite) == 124 && !polite.err_len, "--timeout: 124");
  OK(finish(&heeding) == 124 && !strcmp(heeding.out_text, "heard\n"),
     "--timeout: the program hears SIGTERM; 124 although it then ends well");
  OK(finish(&stubborn) == 124 && !strcmp(stubborn.out_text, "heard\n"),
     "--timeout: a program that goes on after SIGTERM is killed");
  OK(RUN("--timeout", "100", "--", "sh", "-c", "exit 2") == 2, "--timeout: the program's own end comes first");
  OK(RUN("--timeout=100", "--", "sh", "-c", "kill -TERM $$") == 128 + 15, "and its own signal");
  OK(RUN("--timeout", "18446744073709551614", "--", "true") == 0, "--timeout: the longest there is");
}

/* --- odd surroundings --- */

static void close_0(void) { close(0); }
static void close_012(void) { close(0), close(1), close(2); }
static void no_environment(void) { clearenv(); }
static void no_children(void) { signal(SIGCHLD, SIG_IGN); }
static void odd_mask(void) {
  sigset_t all;
  sigfillset(&all);
  sigprocmask(SIG_SETMASK, &all, NULL);
}
static void all_ignored(void) {
  for (int i = 1; i < 65; i++) signal(i, SIG_IGN);
}

static void test_surroundings(void) {
  char *rw = path_of("rw");
  OK(RUN_FROM(close_0, "--", "sh", "-c", "cat; readlink /proc/self/fd/0") == 0 && out_is("/dev/null\n"),
     "stdin closed: the program has /dev/null there");
  OK(RUN_FROM(close_0, "--report", path_of("report0"), "--tty", "--", "sh", "-c", "cat; exit 4") == 4,
     "stdin closed, with --report and --tty");
  OK(RUN_FROM(close_0, "--keep-fd", "0", "--", "true") == 0, "stdin closed, and kept by name");
  OK(RUN_FROM(
         close_012, "--report", path_of("report1"), "--rw", rw,
         SH("readlink /proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 >\"$1/rw/three\"; "
             "ls /proc/self/fd | wc -l >\"$1/rw/number\"")) ==
         0,
     "all three closed");
  OK(count(slurp("rw/three"), "/dev/null\n") == 2 && atoi(slurp("rw/number")) == 4, "and none of them is the report's");
  OK(RUN_FROM(no_environment, "--", "sh", "-c", "exit 4") == 4, "no environment, no HOME");
  OK(RUN_FROM(no_children, "--", "sh", "-c", "(exit 1); wait; exit 4") == 4, "SIGCHLD ignored");
  OK(RUN_FROM(odd_mask, "--timeout", "1", "--", "sleep", "100") == 124, "every signal blocked");
  start(&run_job, ARGS("--", "sh", "-c", "grep -E 'Sig(Blk|Ign)' /proc/self/status; sleep 100"), NULL, odd_mask);
  follow(&run_job, "SigIgn:\t0000000000000000\n");
  kill(run_job.pid, SIGTERM);
  OK(finish(&run_job) == 128 + 15 && strstr(run_job.out_text, "SigBlk:\t0000000000000000\n"),
     "the caller's mask is neither jail's nor the program's");
  OK(RUN_FROM(all_ignored, "--", "grep", "SigIgn", "/proc/self/status") == 0 && out_is("SigIgn:\t0000000000000000\n"),
     "every signal ignored: the program starts with none");
}

/* --- --tty --- */

static int outer = -1, outer_slave = -1;

static void on_terminal(void) {
  setsid();
  if (ioctl(outer_slave, TIOCSCTTY, 0) || dup2(outer_slave, 0) || dup2(outer_slave, 1) != 1 ||
      dup2(outer_slave, 2) != 2)
    _exit(98);
}

static void nothing(int signal) { (void)signal; }

/* What a shell with job control is to jail: on a terminal of its own, jail in a process group of its own, in front. When
   jail stops it says so and takes the terminal back; SIGUSR1 to it is `fg`. Only jail's side returns from here. */
static void under_job_control(void) {
  sigset_t fg;
  int status;
  on_terminal();
  signal(SIGUSR1, nothing);
  signal(SIGTTOU, SIG_IGN);
  sigemptyset(&fg);
  sigaddset(&fg, SIGUSR1);
  sigprocmask(SIG_BLOCK, &fg, NULL);
  pid_t shell = getpid(), pid = fork();
  if (pid <= 0) {
    setpgid(0, 0);
    tcsetpgrp(0, getpid());
    signal(SIGTTOU, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
    sigprocmask(SIG_UNBLOCK, &fg, NULL);
    return;
  }
  setpgid(pid, pid);
  while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
    tcsetpgrp(0, shell);
    if (write(1, "[stopped]\n", 10) < 0) _exit(97);
    while (sigwaitinfo(&fg, NULL) < 0) {}
    tcsetpgrp(0, pid);
    kill(-pid, SIGCONT);
  }
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 200);
}

/* A terminal driven by this program, and jail on it. out_text collects what it shows. */
static void start_on(job *j, const char *const *args, setup before) {
  struct winsize size = {33, 101, 0, 0};
  outer = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (outer < 0 || grantpt(outer) || unlockpt(outer) ||
      (outer_slave = open(ptsname(outer), O_RDWR | O_NOCTTY | O_CLOEXEC)) < 0)
    perror("pty"), exit(1);
  ioctl(outer, TIOCSWINSZ, &size);
  setenv("TERM", "vt220", 1);
  start(j, args, NULL, before);
  close(j->out);
  j->out = dup(outer);
}

static void start_tty(job *j, const char *const *args) { start_on(j, args, on_terminal); }

static int finish_tty(job *j) {
  int status = 0, tries = 500;
  while (tries-- && waitpid(j->pid, &status, WNOHANG) == 0) {
    struct pollfd p = {j->out, POLLIN, 0};
    if (poll(&p, 1, 20) > 0) take(&j->out, j->out_text, &j->out_len);
  }
  if (tries < 0) kill(j->pid, SIGKILL), waitpid(j->pid, &status, 0), printf("# killed: it did not end in time\n");
  for (struct pollfd p = {j->out, POLLIN, 0}; j->out >= 0 && poll(&p, 1, 0) > 0;)
    take(&j->out, j->out_text, &j->out_len);
  if (j->out >= 0) close(j->out);
  if (j->err >= 0) close(j->err);
  if (outer_slave >= 0) close(outer_slave);
  if (outer >= 0) close(outer);
  outer = outer_slave = -1;
  return j->code = code_of(status);
}

static void type(const char *keys) {
  if (write(outer, keys, strlen(keys)) < 0) perror("type");
}

static bool shows(job *j, const char *text) {
  bool good = follow(j, text);
  if (!good) printf("# no \"%s\" in: %.600s\n", text, j->out_text);
  return good;
}

static bool is_raw(void) {
  struct termios t;
  return tcgetattr(outer_slave, &t) == 0 && !(t.c_lflag & (ICANON | ECHO | ISIG));
}

static bool becomes_raw(bool wanted) {
  for (double until = now() + 3; now() < until; nap(10))
    if (is_raw() == wanted) return true;
  return false;
}

static void test_tty(void) {
  job *j = &run_job;
  start_tty(
      j,
      ARGS(
          "--tty", "--", "sh", "-c",
          "test -t 0 && test -t 1 && test -t 2 && echo terminal; stty size; echo $TERM; "
           " (: </dev/tty) && echo controlling; exit 9"));
  OK(finish_tty(j) == 9 && strstr(j->out_text, "terminal\r\n33 101\r\nvt220\r\ncontrolling\r\n"),
     "--tty: a terminal inside, its size, TERM, the controlling one, the exit code");

  start_tty(
      j,
      ARGS("--tty", "--", "sh", "-c",
           "trap : INT; sh -c 'echo ready; exec sleep 100'; echo slept $?; read line; echo \"<$line>\"; cat; exit 5"));
  shows(j, "ready\r\n");
  OK(becomes_raw(true), "the outer terminal is in raw mode");
  type("\003");
  OK(shows(j, "slept 130\r\n"), "^C ends the sleep under sh");
  type("words\n");
  OK(shows(j, "<words>\r\n"), "what is typed is read");
  type("\004");
  OK(finish_tty(j) == 5, "^D ends cat");

  start_tty(j, ARGS("--tty", "--", "sh", "-c", "trap 'stty size' WINCH; echo ready; while :; do sleep 0.05; done"));
  shows(j, "ready\r\n");
  becomes_raw(true);
  struct winsize size = {44, 55, 0, 0};
  ioctl(outer, TIOCSWINSZ, &size);
  OK(shows(j, "44 55\r\n"), "a new window size is passed on");
  kill(j->pid, SIGTERM);
  struct termios unused;
  bool restored = becomes_raw(false) && tcgetattr(outer_slave, &unused) == 0;
  OK(finish_tty(j) == 128 + 15 && restored, "SIGTERM ends it, and the terminal is as it was");

  start_tty(j, ARGS("--tty", "--", "sh", "-c", "seq 1 20000; exit 6"));
  OK(finish_tty(j) == 6 && strstr(j->out_text, "\r\n19999\r\n20000\r\n") && count(j->out_text, "\r\n") == 20000,
     "all output arrives before the end");

  start_tty(j, ARGS("--tty", "--", "sh", "-c", "echo ready; sleep 100"));
  shows(j, "ready\r\n");
  close(j->out);
  close(outer);
  close(outer_slave);
  outer = outer_slave = j->out = -1;
  OK(finish_tty(j) == 128 + 1, "a terminal that goes away ends it with SIGHUP");

  start_tty(j, ARGS("--tty", "--", "nosuchprogram"));
  restored = !is_raw();
  OK(finish_tty(j) == 127 && restored, "--tty: a launch that fails leaves the terminal alone");

  OK(RUN_IN("one\ntwo", "--tty", "--", "sh", "-c", "test -t 0 && cat; stty size; exit 3") == 3 &&
         count(j->out_text, "one\r\n") == 2 && count(j->out_text, "two") == 2 && strstr(j->out_text, "24 80\r\n"),
     "--tty without a terminal: input from a pipe, its end, 24 by 80");
  OK(RUN("--tty", "--", "sh", "-c", "seq 1 30000") == 0 && count(j->out_text, "\r\n") == 30000,
     "--tty into a pipe: all output arrives");
  /* more than a pipe holds, less than pipe and terminal together: the program ends with its output still on the way */
  start(j, ARGS("--tty", "--report", path_of("rw/slow"), "--", "seq", "1", "11300"), NULL, NULL);
  for (double until = now() + 5; now() < until && !strstr(slurp("rw/slow"), "}}"); nap(10)) {}
  bool ended = becomes(report_pid(slurp("rw/slow")), "XZ");
  OK(finish(j) == 0 && ended && count(j->out_text, "\r\n") == 11300, "output that is read after the end is whole");
  OK(RUN("--", "sh", "-c", "test -t 0 || echo none; (: </dev/tty) 2>/dev/null || echo none") == 0 &&
         out_is("none\nnone\n"),
     "without --tty there is no terminal");
}

/* --- ^C and ^Z on the caller's own terminal, without --tty --- */

/* Takes what the terminal has shown by now, and answers how many ticks that were in all. */
static int ticks(job *j) {
  for (struct pollfd p = {j->out, POLLIN, 0}; j->out >= 0 && poll(&p, 1, 50) > 0;)
    if (!take(&j->out, j->out_text, &j->out_len)) break;
  return count(j->out_text, "tick");
}

/* ^C under a program that waits for a child: the child hears it too, as when both were started by a shell. */
static void row_interrupt(const char *mode, const char *shell, const char *script) {
  job *j = &run_job;
  const char *const args[] = {mode, "--", shell, "-c", script, NULL};
  start_on(j, *mode ? args : args + 1, under_job_control);
  shows(j, "ready\r\n");
  double began = now();
  type("\003");
  int code = finish_tty(j);
  bool good = code == 130 && now() - began < 4 && !strstr(j->out_text, "after");
  OK(good, "^C%s%s ends %s and the child that it waits for: 130, at once", *mode ? " with " : "", mode, shell);
  if (!good) printf("# code %d after %.1f s: %s\n", code, now() - began, j->out_text);
}

/* ^Z: the program and its child stand still until `fg`, then both go on, and ^C ends both. */
static void row_suspend(const char *mode) {
  static const char script[] = "sh -c 'while :; do echo tick; sleep 0.05; done'; echo after";
  job *j = &run_job;
  const char *const args[] = {mode, "--", "sh", "-c", script, NULL};
  const char *with = *mode ? " with " : "";
  start_on(j, *mode ? args : args + 1, under_job_control);
  shows(j, "tick\r\n");
  type("\032");
  bool stopped = shows(j, "[stopped]\r\n");
  nap(300); /* whatever was on its way is there now */
  int before = ticks(j);
  nap(700);
  int still = ticks(j);
  OK(stopped && before == still, "^Z%s%s: jail stops, and the child of the program too", with, mode);
  kill(j->pid, SIGUSR1);
  bool goes_on = false;
  for (double until = now() + 10; now() < until && !goes_on;) goes_on = ticks(j) >= still + 3;
  OK(goes_on, "fg%s%s: both go on", with, mode);
  type("\003");
  OK(finish_tty(j) == 130 && !strstr(j->out_text, "after"), "and ^C%s%s ends both", with, mode);
}

static void test_job_control(void) {
  static const char *const modes[] = {"", "--pid1"};
  for (size_t i = 0; i < 2; i++) {
    row_interrupt(modes[i], "sh", "trap 'exit 130' INT; sh -c 'echo ready; exec sleep 5'; echo after");
    if (access("/bin/bash", X_OK) == 0)
      row_interrupt(modes[i], "bash", "sh -c 'echo ready; exec sleep 5'; echo after");
    row_suspend(modes[i]);
  }
}

/* --- a box --- */

static void test_box(void) {
  char *home = path_of("home");
  const char *look =
      "cd $1 && ls -d shared sockets tmp logs exit bin; echo x >shared/new && echo wrote; "
      "(echo x >bin/new) 2>/dev/null || echo refused; ls .. 2>/dev/null";
  char box[PATH_MAX + 64];
  snprintf(box, sizeof box, "%s/boxes/one", home);
  OK(RUN("--home", home, "--id", "one", "--", "sh", "-c", look, "sh", box) == 0 &&
         strstr(run_job.out_text, "wrote\nrefused\n"),
     "--home and --id: the box's directories, shared/ writable, bin/ not");
  OK(there("home/boxes/one/shared/new"), "and it is the tree of the host");
  OK(RUN("--home", home, "--id", "one", "--", noop) == 0 && there("home/boxes/one/bin/noop"),
     "PROGRAM is copied into bin/ and run from there");
  struct stat st;
  OK(stat(path_of("home/boxes/one/bin/noop"), &st) == 0 && (st.st_mode & 07777) == 0555 && st.st_nlink == 1,
     "as a private copy that nobody writes");
  OK(!there("home/boxes/one/shim.pid"), "no pid file is left behind");
  static job first;
  start(&first, ARGS("--home", home, "--id", "one", "--report", path_of("rw/first"), "--", "sleep", "100"), NULL, NULL);
  for (double until = now() + 5; now() < until && !strstr(slurp("rw/first"), "}}"); nap(10)) {
  }
  OK(RUN("--home", home, "--id", "one", "--", "true") == 125 && err_says("E_BUSY"),
     "a box that runs cannot be started again");
  kill(first.pid, SIGTERM);
  OK(finish(&first) == 128 + 15 && RUN("--home", home, "--id", "one", "--", "true") == 0, "afterwards it can");
}

/* What a box adds to the exit codes, and its standard error. */
static void test_box_exits(void) {
  char *home = path_of("home");
#define BOX(...) RUN_FROM(in_tmp, "--home", home, "--id", "exits", __VA_ARGS__)
  OK(BOX("--", "sh", "-c", "echo out; echo err >&2; exit 3") == 3 && out_is("out\n") && !run_job.err_len &&
         !strcmp(slurp("home/boxes/exits/shim.stderr"), "err\n"),
     "a box's standard error is its shim.stderr, its standard output the caller's");
  OK(BOX("--", "true") == 0 && !*slurp("home/boxes/exits/shim.stderr"), "which the next start empties");
  OK(BOX("--", "/bin/nonexist") == 127 && err_says("E_NOT_FOUND: open the file to copy: /bin/nonexist: ") &&
         !library_word(run_job.err_text),
     "a box's PROGRAM that does not exist: 127");
  OK(BOX("--", "./nosuchprogram") == 127, "by a relative path too");
  OK(BOX("--", "nosuchprogram") == 127, "and by a bare name");
  OK(BOX("--", "./bad-interpreter") == 127, "one whose interpreter does not exist: 127");
  OK(BOX("--", "/etc") == 126 && err_says("not a regular file"), "a directory: 126");
  OK(BOX("--", "./plain/x") == 126 && err_says("ENOTDIR"), "something below a file: 126");
  OK(BOX("--", "./garbage") == 126 && err_says("ENOEXEC"), "what is no program: 126");
  OK(BOX("--", "./circle") == 126 && err_says("ELOOP"), "a link to itself: 126");
  if (geteuid() != 0) OK(BOX("--", "./unreadable") == 126 && err_says("EACCES"), "what cannot be read: 126");
  OK(BOX("--ro", "/nonexistent", "--", noop) == 125, "a grant that does not exist: 125, as ever");
  OK(BOX("--report", "-", "--", "/bin/nonexist") == 127 && refused_report(run_job.out_text, "E_NOT_FOUND", "none"),
     "and the report says so");
  OK(BOX("--env", "LD_LIBRARY_PATH=/x", "--", noop) == 125 && err_says("with a PROGRAM that is copied into the box"),
     "LD_LIBRARY_PATH is the box's own, said in options");
#undef BOX
}

/* --trust-first: what is recorded, when, and that it is not asked again. */
static void test_trust(void) {
  char *home = path_of("home"), *record = path_of("home/boxes/trust/record");
#define BOX(...) RUN("--home", home, "--id", "trust", __VA_ARGS__)
  snprintf(box_home, sizeof box_home, "%s", home);
  snprintf(box_dir, sizeof box_dir, "%s/boxes/trust", home);
  if (!OK(BOX("--", "true") == 0 && !there("home/boxes/trust/record") && box_text("~/bases/base", "base\n") &&
              box_qcow2("./disks/disk.qcow2", "~/bases/base", "raw"),
          "a box, and a disk with a backing file"))
    return;
  OK(BOX("--", "true") == 125 && err_says("E_NO_RECORD: ") && strstr(run_job.err_text, "--trust-first") &&
         !there("home/boxes/trust/record"),
     "a disk without a record: 125, --trust-first is advised, nothing is recorded");
  OK(BOX("--trust-first", "--dry-run", "--", "true") == 0 && there("home/boxes/trust/record"),
     "--dry-run --trust-first records, as --help says");
  if (unlink(record)) perror(record);
  OK(BOX("--trust-first", "--", "cat", box_path("~/bases/base")) == 0 && out_is("base\n") &&
         there("home/boxes/trust/record"),
     "--trust-first records the chain, and the program reads it");
  OK(BOX("--", "cat", box_path("~/bases/base")) == 0 && out_is("base\n"), "afterwards it is not needed");
  OK(BOX("--trust-first", "--trust-first", "--", "true") == 0, "and does no harm");
  /* the disk's owner is the box now; the test may write where it stands all the same: it owns disks/ */
  if (unlink(box_path("./disks/disk.qcow2")) || !box_text("~/bases/other", "other\n") ||
      !box_qcow2("./disks/disk.qcow2", "~/bases/other", "raw"))
    perror("disk");
  OK(BOX("--", "true") == 125 && err_says("E_CHAIN: ") && strstr(run_job.err_text, "launch with --trust-first"),
     "a disk whose chain is another one: 125");
  OK(BOX("--trust-first", "--", "true") == 125 && err_says("E_CHAIN: "), "--trust-first trusts the first alone");
  if (unlink(record)) perror(record);
  OK(BOX("--trust-first", "--", "cat", box_path("~/bases/other")) == 0 && out_is("other\n"),
     "without the record, as the message advises, it is the first again");
  if (unlink(record) || unlink(box_path("./disks/disk.qcow2"))) perror(record);
  char *outside = path_of("outside");
  if (!box_qcow2("./disks/disk.qcow2", outside, "raw")) perror("disk");
  put("outside", "outside\n", 0644);
  OK(BOX("--trust-first", "--", "true") == 125 && err_says("E_CHAIN: ") &&
         strstr(run_job.err_text, "outside the home's bases/ and images/; put it there") &&
         !there("home/boxes/trust/record"),
     "--trust-first does not trust what lies outside the home");
  if (unlink(box_path("./disks/disk.qcow2")) || !box_text("./disks/disk.qcow2", "raw bytes\n")) perror("disk");
  OK(BOX("--trust-first", "--", "true") == 125 && err_says("E_FORMAT: ") &&
         strstr(run_job.err_text, "qemu-img convert"),
     "a raw disk is refused; converting is advised, not a field");
#undef BOX
}

static void find_program(const char *name, char *to) {
  const char *build = getenv("JAILER_BUILD");
  char path[PATH_MAX];
  snprintf(path, sizeof path, "%s/%s", build && *build ? build : "build", name);
  if (!realpath(path, to)) perror(path), exit(1);
}

int main(void) {
  const char *base = getenv("TMPDIR");
  char path[PATH_MAX], command[PATH_MAX + 32];
  signal(SIGPIPE, SIG_IGN);
  find_program("jail", jail);
  find_program("noop", noop);
  snprintf(path, sizeof path, "%s/jail-cli.XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(path) || !realpath(path, tmp) || chmod(tmp, 0755)) return perror(path), 1;
  put("plain", "not a program", 0644);
  put("bad-interpreter", "#!/nonexistent/interpreter\n", 0755);
  put("garbage", "\001\002\003", 0755);
  put("unreadable", "#!/bin/sh\n", 0100);
  if (symlink("circle", path_of("circle"))) perror("symlink");
  start(&polite, ARGS("--timeout", "1", "--", "sleep", "100"), NULL, NULL);
  start(&heeding,
        ARGS("--timeout", "1", "--", "sh", "-c", "trap 'echo heard; exit 0' TERM; while :; do sleep 0.1; done"), NULL,
        NULL);
  start(&stubborn, ARGS("--timeout", "1", "--", "sh", "-c", "trap 'echo heard' TERM; while :; do sleep 0.1; done"),
        NULL, NULL);
  header = source_text("jailer.h");
  blank_comments(header);
  test_words();
  test_refusals();
  test_exits();
  test_grants();
  test_descriptors();
  test_environment();
  test_network();
  test_cgroup();
  test_strictness();
  test_policy();
  test_report();
  test_refused_report();
  test_signals();
  test_ends();
  test_surroundings();
  test_tty();
  test_job_control();
  test_box();
  test_box_exits();
  test_trust();
  snprintf(command, sizeof command, "rm -rf '%s'", tmp);
  OK(system(command) == 0, "clean up");
  return tap_done();
}
