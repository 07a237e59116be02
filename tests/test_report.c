/* test_report.c: what jailer_report_read says of a target, against /proc and against what was asked; the JSON of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

static jailer_error err;

static int count(const char *text, const char *word) {
  int n = 0;
  for (; (text = strstr(text, word)); text++) n++;
  return n;
}

/* --- JSON --- */

/* A reader of JSON that takes nothing but JSON (RFC 8259): the end of the value, or NULL. */
static const char *json_value(const char *s);

static const char *json_space(const char *s) {
  while (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r') s++;
  return s;
}

static const char *json_string(const char *s) {
  if (*s++ != '"') return NULL;
  for (; *s != '"'; s++) {
    if ((unsigned char)*s < 32 || (unsigned char)*s > 126) return NULL;
    if (*s != '\\') continue;
    s++;
    if (*s == 'u') {
      for (int i = 0; i < 4; i++)
        if (!strchr("0123456789abcdefABCDEF", *++s) || !*s) return NULL;
    } else if (!*s || !strchr("\"\\/bfnrt", *s)) {
      return NULL;
    }
  }
  return s + 1;
}

static const char *json_list(const char *s, char close, bool names) {
  s = json_space(s + 1);
  if (*s == close) return s + 1;
  for (;;) {
    if (names) {
      if (!(s = json_string(json_space(s)))) return NULL;
      s = json_space(s);
      if (*s++ != ':') return NULL;
    }
    if (!(s = json_value(s))) return NULL;
    s = json_space(s);
    if (*s == close) return s + 1;
    if (*s++ != ',') return NULL;
  }
}

static const char *json_value(const char *s) {
  s = json_space(s);
  if (*s == '{') return json_list(s, '}', true);
  if (*s == '[') return json_list(s, ']', false);
  if (*s == '"') return json_string(s);
  if (!strncmp(s, "true", 4)) return s + 4;
  if (!strncmp(s, "false", 5)) return s + 5;
  if (!strncmp(s, "null", 4)) return s + 4;
  if (*s == '-') s++;
  if (*s < '0' || *s > '9') return NULL;
  if (*s == '0') return s + 1;
  while (*s >= '0' && *s <= '9') s++;
  return s;
}

static bool json_whole(const char *s) {
  const char *tail = json_value(s);
  return tail && *json_space(tail) == 0;
}

static void test_json(void) {
  static char text[65536], again[65536];
  size_t length = 0;
  jailer_report r;
  OK(json_whole("{\"a\": [1, -20, true, null, {}], \"b\\u00ff\": \"\"}") && !json_whole("{\"a\": 01}") &&
         !json_whole("{\"a\" 1}") && !json_whole("{\"a\": \"\n\"}") && !json_whole("{} x") &&
         !json_whole("{\"a\": 1,}"),
     "json: the reader of this test can refuse");
  memset(&r, 0, sizeof r);
  OK(jailer_report_json(&r, text, sizeof text, &length, &err) == 0 && length == strlen(text) && json_whole(text),
     "json: an empty report");
  OK(jailer_report_json(NULL, text, sizeof text, &length, &err) == JAILER_E_INVALID, "json: NULL");
  r.engine = JAILER_ENGINE_NATIVE;
  r.pid = 12345;
  r.uid = UINT32_MAX - 1;
  r.landlock_abi = 7;
  r.layer[JAILER_LAYER_SECCOMP].state = JAILER_APPLIED;
  r.layer[JAILER_LAYER_SECCOMP].verified = true;
  r.layer[JAILER_LAYER_NETNS].state = JAILER_DEGRADED;
  r.layer[JAILER_LAYER_USERNS].state = JAILER_UNAVAILABLE;
  OK(jailer_report_json(&r, text, sizeof text, &length, &err) == 0 && json_whole(text) &&
         strstr(text, "\"engine\": \"native\"") && strstr(text, "\"pid\": 12345") &&
         strstr(text, "\"uid\": 4294967294") && strstr(text, "\"landlock_abi\": 7") &&
         strstr(text, "\"seccomp\": {\"state\": \"applied\", \"verified\": true") &&
         strstr(text, "\"netns\": {\"state\": \"degraded\", \"verified\": false") &&
         strstr(text, "\"userns\": {\"state\": \"unavailable\"") &&
         strstr(text, "\"pidns\": {\"state\": \"not_requested\""),
     "json: engine, numbers and the states");
  bool all = true;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\": {\"state\"", jailer_layer_name((jailer_layer)i));
    const char *at = strstr(text, key);
    all = all && at && !strstr(at + 1, key);
  }
  OK(all && !strstr(text, "\"none\""), "json: each layer once");
  bool good = true;
  for (int byte = 1; byte < 256; byte++) {
    snprintf(r.layer[1].detail, JAILER_DETAIL_MAX, "a%c\"%c\\", byte, byte);
    good = good && jailer_report_json(&r, again, sizeof again, NULL, &err) == 0 && json_whole(again);
  }
  OK(good, "json: any byte in a detail");
  memset(r.layer[2].detail, 0x01, JAILER_DETAIL_MAX - 1);
  for (int i = 0; i < JAILER_LAYER_COUNT; i++)
    memset(r.layer[i].detail, 0xff, JAILER_DETAIL_MAX - 1), r.layer[i].detail[JAILER_DETAIL_MAX - 1] = 0;
  r.engine = (jailer_engine)77;
  r.layer[3].state = (jailer_state)77;
  OK(jailer_report_json(&r, again, sizeof again, &length, &err) == 0 && json_whole(again),
     "json: the longest details, unknown engine and state");
  r.layer[4].detail[JAILER_DETAIL_MAX - 1] = (char)0xff;
  r.layer[5].state = (jailer_state)0x01010101; /* what lies behind it */
  OK(jailer_report_json(&r, again, sizeof again, &length, &err) == 0 && json_whole(again) && !strstr(again, "\\u0001"),
     "json: a detail that does not end");
  r.layer[4].detail[JAILER_DETAIL_MAX - 1] = 0;
  size_t whole = 0;
  jailer_report_json(&r, NULL, 0, &whole, NULL);
  good = whole > 1000;
  for (size_t size = 0; size <= whole; size += size + 5 < whole ? whole / 7 : 1) {
    memset(again, 'x', 8);
    length = 0;
    good = good && jailer_report_json(&r, again, size, &length, &err) == JAILER_E_LIMIT && length == whole &&
           (!size || !again[0]);
  }
  OK(good, "json: an array that is too small: E_LIMIT, the length, and nothing written");
  OK(jailer_report_json(&r, again, whole + 1, &length, &err) == 0 && length == whole && json_whole(again),
     "json: an array that just fits");
}

/* --- a launch that was refused --- */

static bool error_is(const char *text, const char *wanted) {
  const char *at = strstr(text, "\"error\": ");
  bool same = at && !strncmp(at + 9, wanted, strlen(wanted));
  if (!same) printf("# got %.400s\n", at ? at : "no error");
  return same;
}

static void test_refused(void) {
  static char text[65536];
  static jailer_report r, zero;
  jailer_error why;
  size_t length = 0;
  memset(&why, 0, sizeof why);
  why.code = JAILER_E_UNSUPPORTED;
  why.layer = JAILER_LAYER_LANDLOCK;
  why.sys_errno = 38;
  why.step = "a step";
  strcpy(why.item, "an \\x0aitem");
  strcpy(why.message, "why, \"and\" what to do");
  memset(&r, 0xff, sizeof r);
  OK(jailer_report_refused(&why, &r) == JAILER_OK && r.error.code == why.code && r.error.layer == why.layer &&
         r.error.sys_errno == 38 && r.error.step == why.step && !strcmp(r.error.item, why.item) &&
         !strcmp(r.error.message, why.message),
     "refused: the error is in the report");
  bool rest = r.engine == JAILER_ENGINE_AUTO && r.pid == 0 && !r.uid && !r.gid && !r.landlock_abi;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    rest = rest && !r.layer[i].verified;
    if (i != JAILER_LAYER_LANDLOCK) rest = rest && r.layer[i].state == JAILER_NOT_REQUESTED && !r.layer[i].detail[0];
  }
  OK(rest && r.layer[JAILER_LAYER_LANDLOCK].state == JAILER_UNAVAILABLE &&
         !strcmp(r.layer[JAILER_LAYER_LANDLOCK].detail, "a step"),
     "refused: its layer is unavailable, everything else not requested");
  OK(jailer_report_json(&r, text, sizeof text, &length, &err) == 0 && length == strlen(text) && json_whole(text) &&
         error_is(text, "{\"code\": \"E_UNSUPPORTED\", \"layer\": \"landlock\",\n  \"step\": \"a step\", \"item\": "
                        "\"an \\\\x0aitem\", \"errno\": 38,\n  \"message\": \"why, \\\"and\\\" what to do\"}, "
                        "\"layers\": {") &&
         strstr(text, "\"landlock\": {\"state\": \"unavailable\"") &&
         count(text, "not_requested") == JAILER_LAYER_COUNT - 2,
     "refused: as JSON, every member of the error");
  r.error.code = JAILER_OK;
  OK(jailer_report_json(&r, text, sizeof text, NULL, &err) == 0 && json_whole(text) && !strstr(text, "\"error\""),
     "refused: no error, no key");

  why.layer = JAILER_LAYER_NONE;
  why.step = NULL;
  why.sys_errno = 0;
  memset(why.item, 0xff, sizeof why.item);
  memset(why.message, '"', sizeof why.message);
  OK(jailer_report_refused(&why, &r) == JAILER_OK && jailer_report_json(&r, text, sizeof text, &length, &err) == 0 &&
         json_whole(text) && strstr(text, "\"layer\": \"none\",\n  \"step\": \"\"") && strstr(text, "\"errno\": 0,") &&
         count(text, "not_requested") == JAILER_LAYER_COUNT - 1,
     "refused: no layer, no step, texts without an end");
  why.layer = (jailer_layer)77;
  why.code = (jailer_code)77;
  OK(jailer_report_refused(&why, &r) == JAILER_OK && jailer_report_json(&r, text, sizeof text, NULL, &err) == 0 &&
         json_whole(text) && strstr(text, "{\"code\": \"E_UNKNOWN\", \"layer\": \"unknown\""),
     "refused: an unknown code and layer");
  OK(jailer_report_refused(&why, NULL) == JAILER_E_INVALID, "refused: no place for the report");
  memset(&r, 0xff, sizeof r);
  OK(jailer_report_refused(NULL, &r) == JAILER_E_INVALID && !memcmp(&r, &zero, sizeof r), "refused: no error");
  why.code = JAILER_OK;
  memset(&r, 0xff, sizeof r);
  OK(jailer_report_refused(&why, &r) == JAILER_E_INVALID && !memcmp(&r, &zero, sizeof r),
     "refused: what is no failure is not told as one");
}

#if JL_LINUX
#include <sys/prctl.h>
#include <sys/sysmacros.h>

/* --- what is told of a target --- */

static jailer_host host;
static const char *const sleeper[] = {"/bin/sh", "-c", "echo ready; exec sleep 100", NULL};
/* What a launch on Linux asks for that names no cgroup. */
static const uint32_t everything = (JAILER_BIT(JAILER_LAYER_COUNT) - 1) & ~JAILER_BIT(JAILER_LAYER_NONE) &
                                   ~JAILER_BIT(JAILER_LAYER_CGROUP) & ~JAILER_BIT(JAILER_LAYER_SEATBELT);

static jailer_config config_new(void) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.argv = sleeper;
  return c;
}

/* Launches the sleeper and waits until it says it runs. */
static bool start(jailer_config *c, const jailer_host *h, jailer_proc *proc) {
  int ends[2];
  char text[16];
  jailer_plan *plan = NULL;
  if (pipe2(ends, O_CLOEXEC)) return false;
  jailer_fd fd = {ends[1], true, 1};
  c->fds = &fd;
  c->fd_count = 1;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_plan_new(c, h, &plan, &err);
  if (!code) code = jailer_spawn(plan, proc, &err);
  jailer_plan_free(plan);
  close(ends[1]);
  bool good = !code && read(ends[0], text, sizeof text) == 6;
  close(ends[0]);
  c->fds = NULL;
  c->fd_count = 0;
  if (!good) printf("# %s: %s: %s: %s\n", jailer_code_name(code), err.step ? err.step : "", err.item, err.message);
  return good;
}

static void end(jailer_proc *proc) {
  jailer_kill(proc, SIGKILL, NULL);
  jailer_wait(proc, -1, NULL, NULL);
}

static char *slurp(pid_t pid, const char *name) {
  static char text[1 << 20];
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  size_t at = 0;
  ssize_t n;
  while (fd >= 0 && at < sizeof text - 1 && (n = read(fd, text + at, sizeof text - 1 - at)) > 0) at += (size_t)n;
  text[at] = 0;
  if (fd >= 0) close(fd);
  return text;
}

static bool says(const char *status, const char *line) { return strstr(status, line) != NULL; }

static const struct {
  jailer_layer layer;
  const char *name;
} namespaces[] = {{JAILER_LAYER_USERNS, "ns/user"},    {JAILER_LAYER_MOUNTS, "ns/mnt"}, {JAILER_LAYER_PIDNS, "ns/pid"},
                  {JAILER_LAYER_NETNS, "ns/net"},      {JAILER_LAYER_IPCNS, "ns/ipc"},  {JAILER_LAYER_UTSNS, "ns/uts"},
                  {JAILER_LAYER_CGROUPNS, "ns/cgroup"}};

/* The links of both sides: true when they differ. Stores the target's. */
static bool other_namespace(pid_t pid, const char *name, char theirs[64]) {
  char path[64], ours[64] = "";
  snprintf(path, sizeof path, "/proc/self/%s", name);
  if (readlink(path, ours, 63) <= 0) return false;
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  memset(theirs, 0, 64);
  return readlink(path, theirs, 63) > 0 && strcmp(ours, theirs) != 0;
}

static void test_strict(void) {
  jailer_config c = config_new();
  jailer_proc proc;
  jailer_report r;
  if (!OK(start(&c, NULL, &proc), "strict: launched")) return;
  memset(&r, 0xff, sizeof r);
  OK(jailer_report_read(&proc, &r, &err) == 0, "strict: read");
  OK(r.engine == JAILER_ENGINE_NATIVE && r.pid == proc.pid && r.landlock_abi == host.landlock_abi,
     "strict: engine, pid and Landlock's ABI");
  bool applied = true;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++)
    applied = applied && r.layer[i].state == (everything & JAILER_BIT(i) ? JAILER_APPLIED : JAILER_NOT_REQUESTED);
  OK(applied, "strict: every layer is applied, but for the cgroup that nobody named");
  static const jailer_layer verified[] = {JAILER_LAYER_USERNS, JAILER_LAYER_IDS,      JAILER_LAYER_MOUNTS,
                                          JAILER_LAYER_PIDNS,  JAILER_LAYER_NETNS,    JAILER_LAYER_IPCNS,
                                          JAILER_LAYER_UTSNS,  JAILER_LAYER_CGROUPNS, JAILER_LAYER_CAPS,
                                          JAILER_LAYER_NNP,    JAILER_LAYER_LANDLOCK, JAILER_LAYER_SECCOMP};
  for (size_t i = 0; i < sizeof verified / sizeof verified[0]; i++)
    OK(r.layer[verified[i]].verified, "strict: %s is verified", jailer_layer_name(verified[i]));
  bool terminated = true;
  for (int i = 0; i < JAILER_LAYER_COUNT; i++)
    terminated = terminated && memchr(r.layer[i].detail, 0, JAILER_DETAIL_MAX);
  OK(terminated, "strict: every detail is a string");
  /* and /proc itself says the same */
  char theirs[64], line[64];
  for (size_t i = 0; i < sizeof namespaces / sizeof namespaces[0]; i++)
    OK(other_namespace(proc.pid, namespaces[i].name, theirs) && strstr(r.layer[namespaces[i].layer].detail, theirs),
       "strict: %s is its own, %s", namespaces[i].name, r.layer[namespaces[i].layer].detail);
  const char *status = slurp(proc.pid, "status");
  OK(says(status, "\nNoNewPrivs:\t1\n") && says(status, "\nSeccomp:\t2\n") &&
         says(status, "\nCapPrm:\t0000000000000000\n") && says(status, "\nCapBnd:\t0000000000000000\n") &&
         says(status, "\nCapAmb:\t0000000000000000\n"),
     "strict: capabilities, no_new_privs and seccomp in /proc");
  snprintf(line, sizeof line, "\nUid:\t%u\t%u\t%u\t%u\n", r.uid, r.uid, r.uid, r.uid);
  OK(says(status, line) && (geteuid() ? r.uid == geteuid() : r.uid != 0), "strict: uid %u", r.uid);
  snprintf(line, sizeof line, "\nGid:\t%u\t%u\t%u\t%u\n", r.gid, r.gid, r.gid, r.gid);
  OK(says(status, line) && (geteuid() ? r.gid == getegid() : r.gid != 0), "strict: gid %u", r.gid);
  snprintf(line, sizeof line, "uid %u", r.uid);
  OK(strstr(r.layer[JAILER_LAYER_IDS].detail, line), "strict: %s", r.layer[JAILER_LAYER_IDS].detail);
  OK(jailer_report_read(&proc, &r, NULL) == 0 && jailer_report_read(&proc, &r, NULL) == 0,
     "strict: as often as one likes, without an error");

  /* an account that disagrees */
  static const jailer_layer lies[] = {JAILER_LAYER_IDS};
  jailer_proc forged = proc;
  forged.uid++;
  OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == lies[0] &&
         !r.layer[JAILER_LAYER_IDS].verified,
     "forged: another uid than the kernel's is an error, and the report is filled");
  forged = proc;
  forged.gid++;
  OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == JAILER_LAYER_IDS,
     "forged: another gid");
  OK(jailer_report_read(NULL, &r, &err) == JAILER_E_INVALID &&
         jailer_report_read(&proc, NULL, &err) == JAILER_E_INVALID,
     "read: NULL");

  /* ended, not waited for; then waited for */
  jailer_kill(&proc, SIGKILL, NULL);
  struct timespec tick = {0, 1000000};
  for (int i = 0; i < 3000 && !says(slurp(proc.pid, "status"), "\nState:\tZ"); i++) nanosleep(&tick, NULL);
  memset(&r, 0xff, sizeof r);
  OK(jailer_report_read(&proc, &r, &err) == 0 && r.layer[JAILER_LAYER_SECCOMP].state == JAILER_APPLIED,
     "ended: what the launch knew is told");
  OK(r.layer[JAILER_LAYER_NETNS].verified && r.layer[JAILER_LAYER_IDS].verified && !r.layer[JAILER_LAYER_NETNS].detail[0],
     "ended: what the child read back before exec stays verified, nothing is told of a process that is no more");
  jailer_wait(&proc, -1, NULL, NULL);
  OK(jailer_report_read(&proc, &r, &err) == 0 && r.layer[JAILER_LAYER_MOUNTS].state == JAILER_APPLIED &&
         r.layer[JAILER_LAYER_MOUNTS].verified && !r.layer[JAILER_LAYER_ENV].verified && r.pid == 0,
     "waited for: the same");
}

/* What is asked, is missing, or is not asked, layer by layer. */
static void test_states(void) {
  jailer_proc proc;
  jailer_report r;
  jailer_config c = config_new();
  c.allow_network = true;
  c.outlive_launcher = true;
  if (OK(start(&c, NULL, &proc), "states: network and outliving granted")) {
    jailer_code code = jailer_report_read(&proc, &r, &err);
    char theirs[64];
    OK(code == 0 && r.layer[JAILER_LAYER_NETNS].state == JAILER_NOT_REQUESTED &&
           !r.layer[JAILER_LAYER_NETNS].verified && !other_namespace(proc.pid, "ns/net", theirs),
       "states: the network namespace is the host's and not requested");
    OK(r.layer[JAILER_LAYER_DEATH].state == JAILER_NOT_REQUESTED, "states: parent-death is not requested");
    OK(r.layer[JAILER_LAYER_USERNS].state == JAILER_APPLIED && r.layer[JAILER_LAYER_USERNS].verified,
       "states: the others are applied");
    end(&proc);
  }
  c = config_new();
  c.engine = JAILER_ENGINE_NONE;
  if (OK(start(&c, NULL, &proc), "states: engine none")) {
    const uint32_t plain = JAILER_BIT(JAILER_LAYER_SESSION) | JAILER_BIT(JAILER_LAYER_DEATH) |
                           JAILER_BIT(JAILER_LAYER_FDS) | JAILER_BIT(JAILER_LAYER_ENV) |
                           JAILER_BIT(JAILER_LAYER_RLIMITS) |
                           (host.privileged ? JAILER_BIT(JAILER_LAYER_IDS) | JAILER_BIT(JAILER_LAYER_CAPS) : 0u); /* root is given up */
    jailer_code code = jailer_report_read(&proc, &r, &err);
    bool good = code == 0 && r.engine == JAILER_ENGINE_NONE && r.landlock_abi == 0;
    for (int i = 1; i < JAILER_LAYER_COUNT; i++)
      good = good && r.layer[i].state == (plain & JAILER_BIT(i) ? JAILER_APPLIED : JAILER_NOT_REQUESTED) &&
             (plain & JAILER_BIT(i) || !r.layer[i].verified);
    OK(good, "states: without walls only session, parent-death, descriptors, environment, limits are claimed");
    for (int i = 1; i < JAILER_LAYER_COUNT;
         i++) { /* a layer that is claimed against the kernel's account is found out */
      static const uint32_t readable = JAILER_BIT(JAILER_LAYER_USERNS) | JAILER_BIT(JAILER_LAYER_MOUNTS) |
                                       JAILER_BIT(JAILER_LAYER_PIDNS) | JAILER_BIT(JAILER_LAYER_NETNS) |
                                       JAILER_BIT(JAILER_LAYER_IPCNS) | JAILER_BIT(JAILER_LAYER_UTSNS) |
                                       JAILER_BIT(JAILER_LAYER_CGROUPNS) | JAILER_BIT(JAILER_LAYER_CAPS) |
                                       JAILER_BIT(JAILER_LAYER_NNP) | JAILER_BIT(JAILER_LAYER_SECCOMP);
      jailer_proc forged = proc;
      if (!(readable & JAILER_BIT(i) & ~plain)) continue; /* root's is true */
      forged.layers |= JAILER_BIT(i);
      OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == (jailer_layer)i &&
             !r.layer[i].verified,
         "states: %s claimed falsely", jailer_layer_name((jailer_layer)i));
    }
    end(&proc);
  }
  static const struct {
    jailer_layer layer;
    size_t offset, size;
  } rows[] = {{JAILER_LAYER_NETNS, offsetof(jailer_host, netns), sizeof(bool)},
              {JAILER_LAYER_IPCNS, offsetof(jailer_host, ipcns), sizeof(bool)},
              {JAILER_LAYER_UTSNS, offsetof(jailer_host, utsns), sizeof(bool)},
              {JAILER_LAYER_CGROUPNS, offsetof(jailer_host, cgroupns), sizeof(bool)},
              {JAILER_LAYER_LANDLOCK, offsetof(jailer_host, landlock_abi), sizeof(uint32_t)},
              {JAILER_LAYER_SECCOMP, offsetof(jailer_host, seccomp), sizeof(bool)}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const jailer_layer layer = rows[i].layer;
    jailer_host without = host;
    memset((char *)&without + rows[i].offset, 0, rows[i].size);
    c = config_new();
    c.may_degrade = JAILER_BIT(layer);
    if (!OK(start(&c, &without, &proc), "degraded: %s", jailer_layer_name(layer))) continue;
    jailer_code code = jailer_report_read(&proc, &r, &err);
    bool others = true;
    for (int k = 1; k < JAILER_LAYER_COUNT; k++)
      others = others && (k == (int)layer || !(everything & JAILER_BIT(k)) || r.layer[k].state == JAILER_APPLIED);
    OK(code == 0 && r.layer[layer].state == JAILER_DEGRADED && !r.layer[layer].verified && r.layer[layer].detail[0],
       "degraded: %s is told: %s", jailer_layer_name(layer), r.layer[layer].detail);
    OK(others && proc.degraded == JAILER_BIT(layer) && proc.layers == (everything & ~JAILER_BIT(layer)),
       "degraded: %s, and all others are applied", jailer_layer_name(layer));
    if (layer == JAILER_LAYER_LANDLOCK) OK(r.landlock_abi == 0, "degraded: no ABI of Landlock is claimed");
    end(&proc);
  }
}

/* A target with allow_userns in a user namespace of its own making has every capability there: no contradiction. Without the
   field it would be one, and it cannot make one. */
static void test_own_userns(void) {
  const char *build = getenv("JAILER_BUILD");
  char probe[PATH_MAX], path[PATH_MAX], theirs[64];
  snprintf(path, sizeof path, "%s/probe_spawn", build && *build ? build : "build");
  if (!OK(realpath(path, probe), "userns: %s is built", path)) return;
  const char *argv[] = {probe, "userns", "0", NULL};
  for (int allowed = 1; allowed >= 0; allowed--) {
    jailer_config c = config_new();
    jailer_proc proc;
    jailer_report r;
    int ends[2];
    char text[64] = "", wanted[64];
    if (pipe2(ends, O_CLOEXEC)) return;
    jailer_fd fd = {ends[1], true, 1};
    c.argv = argv;
    c.fds = &fd;
    c.fd_count = 1;
    c.allow_userns = allowed;
    jailer_code code = jailer_launch(&c, &proc, &err);
    close(ends[1]);
    if (!OK(code == 0, "userns: launched: %s", code ? err.message : "")) return;
    for (size_t at = 0; !strstr(text, "ready\n") && at < sizeof text - 1;) {
      ssize_t n = read(ends[0], text + at, sizeof text - 1 - at);
      if (n <= 0) break;
      at += (size_t)n;
    }
    close(ends[0]);
    snprintf(wanted, sizeof wanted, "errno %d\nready\n", allowed ? 0 : EPERM);
    OK(!strcmp(text, wanted), "userns: the target %s one", allowed ? "makes" : "cannot make");
    const bool every = !says(slurp(proc.pid, "status"), "\nCapEff:\t0000000000000000\n");
    code = jailer_report_read(&proc, &r, &err);
    OK(every == (bool)allowed && code == 0 && r.layer[JAILER_LAYER_CAPS].state == JAILER_APPLIED && r.layer[JAILER_LAYER_USERNS].verified &&
           r.layer[JAILER_LAYER_IDS].verified && r.layer[JAILER_LAYER_NNP].verified && r.layer[JAILER_LAYER_SECCOMP].verified,
       "userns: the report of it: %s%s", code ? jailer_code_name(code) : "OK, ", code ? err.item : r.layer[JAILER_LAYER_CAPS].detail);
    OK(other_namespace(proc.pid, "ns/user", theirs) && !strcmp(theirs, r.layer[JAILER_LAYER_USERNS].detail), "userns: and it tells the namespace that it is in now");
    if (allowed) {
      jailer_proc forged = proc;
      forged.allow_userns = false;
      OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == JAILER_LAYER_CAPS, "userns: the same capabilities without the field are E_READBACK, caps");
    }
    end(&proc);
  }
}

/* An ordinary user with very many groups keeps them, the report says so, and its lines are found behind them. */
static void test_groups(void) {
  if (geteuid() != 0) return;
  pid_t pid = fork();
  if (pid == 0) {
    static gid_t groups[3000];
    for (int i = 0; i < 3000; i++) groups[i] = (gid_t)(2000000000 + i);
    if (setgroups(3000, groups) || setresgid(4321, 4321, 4321) || setresuid(4321, 4321, 4321) ||
        prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
      _exit(10);
    jailer_config c = config_new();
    jailer_proc proc;
    jailer_report r;
    jailer_status status;
    if (!start(&c, NULL, &proc)) _exit(11);
    jailer_code code = jailer_report_read(&proc, &r, &err);
    bool good = code == 0 && r.layer[JAILER_LAYER_CAPS].verified && r.layer[JAILER_LAYER_SECCOMP].verified &&
                strstr(r.layer[JAILER_LAYER_IDS].detail, "3000 supplementary groups");
    if (!good) printf("# %s: %s %s\n", jailer_code_name(code), err.item, r.layer[JAILER_LAYER_IDS].detail);
    fflush(stdout);
    bool ended = jailer_kill(&proc, SIGTERM, &err) == 0 && jailer_wait(&proc, 3000, &status, &err) == 0 &&
                 status.signal == SIGTERM;
    if (!ended) end(&proc);
    _exit(!good ? 12 : !ended ? 13 : 0);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  OK(status == 0, "groups: an ordinary launcher with 3000 groups: report and jailer_kill (%d)", WEXITSTATUS(status));
}

/* A root launcher's target has the groups of its granted devices and no other; the report reads that back. */
static void test_device_groups(void) {
  static const jailer_grant grants[] = {{"/dev/jailer-test-a", NULL, JAILER_DEVICE, false},
                                        {"/dev/jailer-test-b", NULL, JAILER_DEVICE, false}};
  const gid_t groups[2] = {43210, 4321};
  jailer_config c = config_new();
  jailer_proc proc;
  jailer_report r;
  if (!host.privileged) return;
  for (int i = 0; i < 2; i++) {
    unlink(grants[i].path);
    if (mknod(grants[i].path, S_IFCHR | 0600, makedev(1, 3)) || chown(grants[i].path, 0, groups[i]) ||
        chmod(grants[i].path, 0660))
      printf("# %s: %s\n", grants[i].path, strerror(errno));
  }
  const gid_t own[3] = {7, 8, 9};
  setgroups(3, own); /* none of these may stay */
  c.grants = grants;
  c.grant_count = 2;
  if (OK(start(&c, NULL, &proc), "device groups: launched")) {
    OK(jailer_report_read(&proc, &r, &err) == 0 && r.layer[JAILER_LAYER_IDS].verified &&
           strstr(r.layer[JAILER_LAYER_IDS].detail, "groups of granted devices: 43210 4321"),
       "device groups: read back and told: %s", r.layer[JAILER_LAYER_IDS].detail);
    OK(says(slurp(proc.pid, "status"), "\nGroups:\t4321 43210 \n"), "device groups: /proc has these two and no other");
    jailer_proc forged = proc;
    forged.group_count = 1;
    OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == JAILER_LAYER_IDS,
       "device groups: one more than was given is found out");
    forged.group_count = 2;
    forged.groups[0] = 43211;
    OK(jailer_report_read(&forged, &r, &err) == JAILER_E_READBACK && err.layer == JAILER_LAYER_IDS,
       "device groups: another than was given is found out");
    end(&proc);
  }
  setgroups(0, NULL);
  for (int i = 0; i < 2; i++) unlink(grants[i].path);
}

static void test_json_of_target(void) {
  static char text[65536];
  size_t length = 0;
  jailer_report r;
  jailer_config c = config_new();
  jailer_proc proc;
  if (!OK(start(&c, NULL, &proc), "json: of a target")) return;
  OK(jailer_report_read(&proc, &r, &err) == 0 && jailer_report_json(&r, text, sizeof text, &length, &err) == 0 &&
         json_whole(text) && count(text, "not_requested") == 2 && !strstr(text, "degraded"),
     "json: of a strict target");
  end(&proc);
}

static void test_real_refusal(void) {
  static char text[65536];
  jailer_report r;
  jailer_error why;
  const char *const argv[] = {"/nonexistent/program", NULL};
  jailer_config c;
  jailer_proc proc;
  memset(&c, 0, sizeof c);
  c.argv = argv;
  OK(jailer_launch(&c, &proc, &why) != JAILER_OK && jailer_report_refused(&why, &r) == JAILER_OK &&
         jailer_report_json(&r, text, sizeof text, NULL, &err) == 0 && json_whole(text) &&
         error_is(text, "{\"code\": \"E_EXEC\"") &&
         strstr(text, "\"item\": \"/nonexistent/program\", \"errno\": 2,"),
     "refused: a real launch");
}

static int test_targets(void) {
  if (jailer_probe(&host, &err)) {
    printf("Bail out! no probe\n");
    return 1;
  }
  OK(jailer_probe(NULL, &err) == JAILER_E_INVALID, "probe: NULL");
  test_strict();
  test_states();
  test_own_userns();
  test_groups();
  test_device_groups();
  test_json_of_target();
  test_real_refusal();
  return 0;
}
#else
static int test_targets(void) { return 0; } /* nothing is launched here */
#endif

int main(void) {
  test_json();
  test_refused();
  return test_targets() || tap_done();
}
