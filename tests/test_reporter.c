/* test_reporter: a jailed program tells what ended it. The parser against hostile lines; the handler in every bad moment
 * (tests/probe_reporter.c); a box whose program tells, tells lies, or does not; and what `jail` prints of it. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"

#if defined(__x86_64__)
#define ARCH "x86_64"
#else
#define ARCH "aarch64"
#endif

static char probe[PATH_MAX], jail[PATH_MAX], file[PATH_MAX];

/* --- the line, and what is none ----------------------------------------------------------------------------------- */

static const char denied[] =
    "{\"denied\": \"ptrace\", \"number\": 101, \"arch\": \"x86_64\", \"args\": [\"0x4206\", \"0x0\", \"0x1\", \"0xffffffffffffffff\", "
    "\"0x4\", \"0x5\"], \"ip\": \"0x401000\", \"tid\": 2, \"role\": \"launch\"}\n";
static const char crash[] =
    "{\"crash\": \"SIGSEGV\", \"code\": 1, \"address\": \"0x10\", \"ip\": \"0x401000\", \"tid\": 3, \"role\": \"\"}\n";

/* A line with one part of it exchanged; good for the next three calls. */
static const char *with(const char *line, const char *part, const char *other) {
  static char ring[4][2048];
  static unsigned next;
  char *text = ring[next++ % 4];
  const char *at = strstr(line, part);
  if (!at) printf("Bail out! %s is not in %s", part, line), exit(1);
  snprintf(text, sizeof ring[0], "%.*s%s%s", (int)(at - line), line, other, at + strlen(part));
  return text;
}

static bool parses(const char *text, jailer_denial *d) { return jailer_denial_last(text, strlen(text), d); }

static void test_lines(void) {
  jailer_denial d, again;
  char text[1024], line[1024];
  OK(parses(denied, &d) && d.kind == JAILER_TOLD_DENIED && d.signal == 31 && !strcmp(d.call, "ptrace") && d.number == 101 &&
         d.audit_arch == 0xc000003eu && d.args[0] == 0x4206 && d.args[3] == UINT64_MAX && d.args[5] == 5 && d.ip == 0x401000 &&
         d.tid == 2 && !strcmp(d.role, "launch"),
     "a denial is read");
  jailer_denial_text(&d, text, sizeof text);
  OK(!strcmp(text, "denied: ptrace(0x4206, 0x0, 0x1, 0xffffffffffffffff, 0x4, 0x5) by the launch filter (reads or steers another process)"),
     "and is a sentence: %s", text);
  OK(parses(crash, &d) && d.kind == JAILER_TOLD_CRASHED && d.signal == 11 && d.code == 1 && d.address == 16 && d.tid == 3 && !d.role[0],
     "a crash is read");
  jailer_denial_text(&d, text, sizeof text);
  OK(!strcmp(text, "crashed: SIGSEGV at address 0x10, ip 0x401000"), "and is a sentence: %s", text);
  OK(parses(with(with(crash, "1,", "-6,"), "\"\"", "\"vm\""), &d) && d.code == -6 && jailer_denial_text(&d, text, sizeof text) &&
         !strcmp(text, "crashed: SIGSEGV, which was sent, ip 0x401000, in vm"),
     "one that was sent, in a thread with a name: %s", text);
  OK(parses(with(denied, "\"ptrace\"", "null"), &d) && !strcmp(d.call, "ptrace"), "a call without a name gets ours");
  OK(parses(with(with(denied, "\"ptrace\"", "null"), "101", "1073741925"), &d) && !d.call[0] &&
         jailer_denial_text(&d, text, sizeof text) && strstr(text, "denied: system call 1073741925 of x86_64(0x4206, ") == text,
     "an x32 number has none: %s", text);
  OK(parses(with(with(denied, "\"ptrace\"", "null"), "x86_64", "0x40000003"), &d) && d.audit_arch == 0x40000003u && !d.call[0] &&
         jailer_denial_text(&d, text, sizeof text) && strstr(text, "denied: system call 101 of 0x40000003(0x4206, ") == text,
     "nor has another machine's: %s", text);
  OK(parses(with(with(denied, "\"ptrace\"", "\"newest_call\""), "101", "511"), &d) && !strcmp(d.call, "newest_call"),
     "a call that the program knows and we do not has its name from there");

  memset(&d, 0, sizeof d); /* the longest line there can be */
  d.kind = JAILER_TOLD_DENIED;
  d.number = UINT32_MAX, d.audit_arch = UINT32_MAX, d.tid = UINT32_MAX, d.ip = UINT64_MAX;
  for (int i = 0; i < 6; i++) d.args[i] = UINT64_MAX;
  memset(d.role, 'r', sizeof d.role - 1);
  memset(d.call, 'c', sizeof d.call - 1);
  jl_buf b = jl_buf_fixed(line, JL_DENIAL_MAX);
  jl_denial_write(&b, &d);
  OK(!b.failed && b.len < JL_DENIAL_MAX - 100, "the longest line fits: %zu bytes", b.len);
  d.call[0] = 0;
  b = jl_buf_fixed(line, JL_DENIAL_MAX);
  jl_denial_write(&b, &d);
  memset(d.call, 0, sizeof d.call);
  d.signal = 31;
  OK(parses(line, &again) && !memcmp(&d, &again, sizeof d), "the longest line is read back");
  d.call[0] = d.role[0] = '\x1b';
  memset(d.role, '"', sizeof d.role), memset(d.call, '\x1b', sizeof d.call);
  size_t n = jailer_denial_text(&d, text, sizeof text);
  OK(n == strlen(text) && strstr(text, "\\x1b\\x1b") && !strchr(text, '\x1b') && !strchr(text, '"'), "a caller's own bytes are escaped, and end");
  OK(jailer_denial_text(&d, text, 5) == 4 && !strcmp(text, "deni") && !jailer_denial_text(&d, text, 0) && !jailer_denial_text(NULL, text, 5) && !text[0],
     "a sentence is cut to its room, and nothing told is none");
}

static void test_hostile_lines(void) {
  static char rows[80][1024];
  jailer_denial d, zero;
  char text[2048];
  int count = 0;
  memset(&zero, 0, sizeof zero);
#define BAD(line) snprintf(rows[count++], sizeof rows[0], "%s", line)
  BAD("");
  BAD("\n");
  BAD("{}\n");
  BAD("{\"code\":0}\n");
  BAD("{\"denied\": \n");
  BAD(with(denied, "\n", ""));
  BAD(with(denied, "\n", "x"));
  BAD(with(denied, "}\n", "\n"));
  BAD(with(denied, "}\n", "} \n"));
  BAD(with(denied, "}\n", "}}\n"));
  BAD(with(denied, "}\n", "}\r\n"));
  BAD(with(denied, "{", " {"));
  BAD(with(denied, "{", "[{"));
  BAD(with(denied, ": ", ":"));
  BAD(with(denied, "\"denied\"", "\"Denied\""));
  BAD(with(denied, "\"denied\"", "\"denied\": 1, \"denied\""));
  BAD(with(denied, "\"ptrace\"", "\"read\""));
  BAD(with(denied, "\"ptrace\"", "\"\""));
  BAD(with(denied, "\"ptrace\"", "ptrace"));
  BAD(with(denied, "\"ptrace\"", "true"));
  BAD(with(denied, "\"ptrace\"", "nullnull"));
  BAD(with(denied, "\"ptrace\"", "[\"ptrace\"]"));
  BAD(with(denied, "\"ptrace\"", "\"\\u0070trace\""));
  BAD(with(denied, "\"ptrace\"", "\"\\\"\""));
  BAD(with(denied, "\"ptrace\"", "\"pt\x1b[2Jrace\""));
  BAD(with(denied, "\"ptrace\"", "\"p\xc3\xa9\""));
  BAD(with(with(denied, "\"ptrace\"", "\"abcdefghijklmnopqrstuvwxyz_012345\""), "101", "511"));
  BAD(with(with(denied, "\"ptrace\"", "\"made_up\""), "101", "1073741925"));
  BAD(with(with(denied, "\"ptrace\"", "\"made_up\""), "x86_64", "0x40000003"));
  BAD(with(denied, "\"number\"", "\"numbers\""));
  BAD(with(denied, "101", "-101"));
  BAD(with(denied, "101", "0101"));
  BAD(with(denied, "101", "101.0"));
  BAD(with(denied, "101", "1e2"));
  BAD(with(denied, "101", "\"101\""));
  BAD(with(denied, "101", "4294967296"));
  BAD(with(denied, "101", "18446744073709551717"));
  BAD(with(denied, "101", ""));
  BAD(with(denied, "x86_64", "x86"));
  BAD(with(denied, "x86_64", "X86_64"));
  BAD(with(denied, "x86_64", "0xc000003e"));
  BAD(with(denied, "x86_64", "0x1c000003e"));
  BAD(with(denied, "\"x86_64\"", "62"));
  BAD(with(denied, "0x4206", "4206"));
  BAD(with(denied, "0x4206", "0X4206"));
  BAD(with(denied, "0x4206", "0x04206"));
  BAD(with(denied, "0x4206", "0x"));
  BAD(with(denied, "0xffffffffffffffff", "0xFFFFFFFFFFFFFFFF"));
  BAD(with(denied, "0xffffffffffffffff", "0x10000000000000000"));
  BAD(with(denied, ", \"0x5\"", ""));
  BAD(with(denied, ", \"0x5\"", ", \"0x5\", \"0x6\""));
  BAD(with(denied, "\"0x5\"]", "\"0x5\"], \"more\": {}"));
  BAD(with(denied, "\"tid\": 2, ", ""));
  BAD(with(denied, "\"tid\": 2, ", "\"tid\": 2, \"pid\": 3, "));
  BAD(with(denied, "\"tid\": 2", "\"tid\": 4294967296"));
  BAD(with(denied, "\"launch\"", "\"the launch\""));
  BAD(with(denied, "\"launch\"", "\"launch\\n\""));
  BAD(with(denied, "\"launch\"", "\"abcdefghijklmnopqrstuvwxyz-012345\""));
  BAD(with(denied, "\"launch\"", "null"));
  BAD(with(denied, ", \"ip\"", "\n, \"ip\""));
  BAD(with(crash, "SIGSEGV", "SIGKILL"));
  BAD(with(crash, "SIGSEGV", "sigsegv"));
  BAD(with(crash, "SIGSEGV", "SIGSEGVX"));
  BAD(with(crash, "SIGSEGV", ""));
  BAD(with(crash, "1,", "-0,"));
  BAD(with(crash, "1,", "2147483648,"));
  BAD(with(crash, "1,", "+1,"));
  BAD(with(crash, "1,", "--1,"));
  BAD(with(crash, "\"0x10\"", "\"0x1g\""));
  BAD(with(crash, "\"0x10\"", "16"));
#undef BAD
  for (int i = 0; i < count; i++) {
    memset(&d, 'x', sizeof d);
    jl_buf b = jl_buf_fixed(text, sizeof text);
    jl_buf_escaped(&b, rows[i], strlen(rows[i]));
    OK(!parses(rows[i], &d) && !memcmp(&d, &zero, sizeof d), "not a reporter's: %.90s", text);
  }
  OK(count > 60, "%d hostile lines", count);
  OK(!jailer_denial_last("{\"denied\": null\0", 16, &d) && !jailer_denial_last(NULL, 0, &d) && !jailer_denial_last(NULL, 9, &d) &&
         !jailer_denial_last(denied, sizeof denied - 1, NULL),
     "a NUL, no bytes, nowhere to put it");
  bool any = false;
  for (size_t n = 0; n + 1 < sizeof denied; n++) any = any || jailer_denial_last(denied, n, &d);
  OK(!any, "no beginning of the line is one");

  snprintf(text, sizeof text, "%s%s{\"code\":1}\nrest", denied, crash);
  OK(parses(text, &d) && d.signal == 11, "the last that is one counts, whatever follows");
  snprintf(text, sizeof text, "%s%s", crash, with(denied, "\n", ""));
  OK(parses(text, &d) && d.signal == 11, "a cut one does not");
  snprintf(text, sizeof text, "%s\xff\n", denied);
  OK(parses(text, &d) && d.signal == 31, "garbage after it changes nothing");
  char *big = malloc(1 << 20);
  memset(big, '\n', 1 << 20);
  OK(big && !jailer_denial_last(big, 1 << 20, &d), "a megabyte of nothing");
  memset(big, '{', 1 << 20);
  OK(!jailer_denial_last(big, 1 << 20, &d), "a megabyte without an end");
  memcpy(big + (1 << 20) - sizeof denied + 1, denied, sizeof denied - 1);
  OK(!jailer_denial_last(big, 1 << 20, &d), "a line that ends like one");
  free(big);
}

/* --- the handler -------------------------------------------------------------------------------------------------- */

typedef struct told {
  int status;           /* of waitpid */
  char text[1 << 18];   /* the file */
  char output[4096];    /* standard output */
  int lines;            /* of a reporter */
  int others;           /* neither that nor empty */
  jailer_denial last;
} told;

static told ran;

/* The probe with a file of its own, and these operations, in a string with blanks between. */
static void run(const char *ops) {
  char copy[1024], name[PATH_MAX + 8], *argv[40] = {probe};
  int n = 1, out[2];
  memset(&ran, 0, sizeof ran);
  snprintf(copy, sizeof copy, "%s", ops);
  snprintf(name, sizeof name, "file:%s", file);
  argv[n++] = name;
  for (char *word = strtok(copy, " "); word && n < 39; word = strtok(NULL, " ")) argv[n++] = word;
  unlink(file);
  int fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || pipe2(out, O_CLOEXEC)) box_die(file);
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    dup2(out[1], 1);
    alarm(30);
    execv(probe, argv);
    _exit(99);
  }
  close(out[1]);
  size_t got = 0;
  for (ssize_t r; got + 1 < sizeof ran.output && (r = read(out[0], ran.output + got, sizeof ran.output - 1 - got)) > 0;) got += (size_t)r;
  close(out[0]);
  waitpid(child, &ran.status, 0);
  ssize_t r = pread(fd, ran.text, sizeof ran.text - 1, 0);
  close(fd);
  jailer_denial_last(ran.text, r > 0 ? (size_t)r : 0, &ran.last);
  for (char *at = ran.text, *end; *at; at = end) {
    jailer_denial d;
    end = strchr(at, '\n') ? strchr(at, '\n') + 1 : at + strlen(at);
    if (jailer_denial_last(at, (size_t)(end - at), &d)) ran.lines++;
    else if (end - at > 1) ran.others++;
  }
}

/* One row: ended by this signal (or with 1000 + an exit code), this many lines, the last one of this signal and role. */
static void ends(const char *ops, int end, int lines, int signal, const char *role) {
  run(ops);
  int how = WIFSIGNALED(ran.status) ? WTERMSIG(ran.status) : 1000 + WEXITSTATUS(ran.status);
  bool good = how == end && ran.lines == lines && ran.last.signal == signal && !strcmp(ran.last.role, role) && !ran.others;
  if (!OK(good, "%s", ops)) printf("# ended %d with %d lines and %d others: %s# %s\n", how, ran.lines, ran.others, ran.text, ran.output);
}

#if defined(__x86_64__)
static const char *maps(void) {
  static char text[65536];
  FILE *f = fopen("/proc/self/maps", "r");
  if (f) text[fread(text, 1, sizeof text - 1, f)] = 0, fclose(f);
  return text;
}
#endif

static void test_handler(void) {
  long ptrace_number = jailer_call_number(JAILER_ARCH_NATIVE, "ptrace");
  ends("role:vm install filter:0 ptrace", SIGSYS, 1, SIGSYS, "vm");
  OK(ran.last.kind == JAILER_TOLD_DENIED && !strcmp(ran.last.call, "ptrace") && ran.last.number == (uint32_t)ptrace_number &&
         ran.last.audit_arch == (ARCH[0] == 'x' ? 0xc000003eu : 0xc00000b7u) && ran.last.args[0] == 0x4206 && ran.last.args[1] == 0x11 &&
         ran.last.args[2] == 0x22 && ran.last.args[3] == UINT64_MAX && ran.last.args[4] == 0x44 && ran.last.args[5] == 0x55 &&
         ran.last.ip && ran.last.tid,
     "the call, its number, machine, all six arguments, place and thread");
  ends("role:vm install filter:3 ptrace", SIGSYS, 1, SIGSYS, "vcpu");
  ends("role:vm install filter:77 ptrace", SIGSYS, 1, SIGSYS, "vm");
  ends("install role-filter:launch ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("install role-filter:vmm ptrace", SIGSYS, 1, SIGSYS, "vmm");
  ends("install role-filter:vcpu ptrace", SIGSYS, 1, SIGSYS, "vcpu");
  ends("install role-filter:api ptrace", SIGSYS, 1, SIGSYS, "api");
  ends("install role-filter:vcpu segv", SIGSEGV, 1, SIGSEGV, "");
  ends("install role-filter:launch role-filter:vmm ptrace", SIGSYS, 1, SIGSYS, "vmm"); /* the newest speaks first */
  ends("install filter:1 filter:2+getppid getppid", SIGSYS, 1, SIGSYS, "vmm");
  OK(!strcmp(ran.last.call, "getppid"), "two filters: the one above told of what it alone refuses");
  ends("install filter:1 filter:2+getppid exit:5", 1005, 0, 0, "");
#if defined(__x86_64__)
  ends("install filter:1 x32", SIGSYS, 1, SIGSYS, "launch");
  OK(!ran.last.call[0] && ran.last.number == 0x40000000u + (uint32_t)ptrace_number && strstr(ran.text, "{\"denied\": null, "), "an x32 number has no name");
  ends("install odd-address", SIGSEGV, 1, SIGSEGV, "");
  if (strstr(maps(), "[vsyscall]")) ends("install filter:1+gettimeofday vsyscall exit:8", SIGSYS, 1, SIGSYS, "launch");
#endif
  ends("install filter:1 thread:ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("install filter:1 small", SIGSYS, 1, SIGSYS, "launch");
  ends("install filter:1 bare", SIGSEGV, 0, 0, ""); /* the same without an alternate stack: no room for a frame */
  ends("install overruns", SIGSEGV, 1, SIGSEGV, "");
  ends("install overrun", SIGSEGV, 0, 0, "");
  ends("install unframed exit:8", SIGSEGV, 1, SIGSEGV, "");
  ends("install stack bad-return", SIGSEGV, 1, SIGSEGV, "");
  ends("install stack role-filter:vcpu bad-return", SIGSEGV, 1, SIGSEGV, "");
  ends("install filter:1 holding", SIGSYS, 1, SIGSYS, "launch");
  run("install filter:1 heap ptrace");
  OK(WIFSIGNALED(ran.status) && WTERMSIG(ran.status) == ran.last.signal && ran.lines == 1, "inside malloc, or at least with a heap that cannot be touched");

  ends("role:vm install segv", SIGSEGV, 1, SIGSEGV, "vm");
  OK(ran.last.kind == JAILER_TOLD_CRASHED && ran.last.code == 1 && ran.last.address == 0 && ran.last.ip, "SEGV_MAPERR at 0");
  ends("install bus", SIGBUS, 1, SIGBUS, "");
  ends("install trap", SIGTRAP, 1, SIGTRAP, "");
  ends("install abort", SIGABRT, 1, SIGABRT, "");
  ends("install raise:31", SIGSYS, 1, SIGSYS, "");
  OK(ran.last.kind == JAILER_TOLD_CRASHED && ran.last.code <= 0 && !ran.last.address, "a SIGSYS that was sent is no denial");
  ends("install raise:11", SIGSEGV, 1, SIGSEGV, "");
  ends("install raise:8", SIGFPE, 1, SIGFPE, "");
  ends("install raise:4", SIGILL, 1, SIGILL, "");
  ends("only install segv", SIGSEGV, 0, 0, "");
  ends("only install filter:1 ptrace", SIGSYS, 1, SIGSYS, "launch");

  ends("install closed filter:1 ptrace", SIGSYS, 0, 0, "");
  ends("install closed segv", SIGSEGV, 0, 0, "");
  struct stat st;
  char ops[PATH_MAX + 64], *other = strdup(box_path("^/other"));
  snprintf(ops, sizeof ops, "install start-over:%s segv", other);
  ends(ops, SIGSEGV, 0, 0, "");
  OK(stat(other, &st) == 0 && st.st_size == 0, "whose descriptor is gone writes into no other file");
  free(other);
  ends("install limit filter:1 ptrace", SIGSYS, 0, 0, "");
  ends("install limit segv", SIGSEGV, 0, 0, "");
  ends("install limit abort", SIGABRT, 0, 0, "");
  ends("install gone filter:1 ptrace", SIGSEGV, 0, 0, "");
  ends("install gone segv", SIGSEGV, 0, 0, "");
  ends("install filter:1+write ptrace", SIGSYS, 0, 0, "");
  ends("install filter:1+gettid ptrace", SIGSYS, 0, 0, "");
  ends("install filter:1+rt_sigreturn ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("install filter:1+rt_sigaction ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("install filter:1+tgkill segv", SIGSEGV, 1, SIGSEGV, "");

  ends("before:ignore install filter:1 ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("before:ignore install segv", SIGSEGV, 1, SIGSEGV, "");
  ends("before:ignore install raise:11 exit:6", 1006, 0, 0, "");
  ends("before:plain install filter:1 ptrace", 1041, 1, SIGSYS, "launch");
  ends("before:exits install segv", 1000 + 128 + SIGSEGV, 1, SIGSEGV, "");
  ends("before:crashes install filter:1 ptrace", SIGSEGV, 2, SIGSEGV, "");
  ends("before:returns install filter:1 ptrace ptrace seen exit:7", 1007, 2, SIGSYS, "launch");
  OK(!strcmp(ran.output, "seen 2, 1\n"), "who was there before is called each time, with the same arguments");
  ends("before:returns install interrupted exit:0", 1000, 1, SIGSEGV, "");
  OK(!strcmp(ran.output, "read -1, seen 1\n"), "a call that was interrupted before is interrupted: %s", ran.output);
  ends("before:restarts install interrupted exit:0", 1000, 1, SIGSEGV, "");
  OK(!strcmp(ran.output, "read 1, seen 1\n"), "one that went on goes on: %s", ran.output);
  ends("before:ignore install interrupted exit:0", 1000, 0, 0, "");
  OK(!strcmp(ran.output, "read 1, seen 0\n"), "nor does what is ignored interrupt one: %s", ran.output);
  ends("before:once install segv", SIGSEGV, 1, SIGSEGV, "");
  ends("before:once install filter:1 ptrace ptrace", SIGSYS, 1, SIGSYS, "launch");
  ends("before:returns install limit filter:1 ptrace seen exit:7", 1007, 0, 0, "");
  ends("before:returns install filter:1 measure exit:0", 1000, 1, SIGSYS, "launch");
  long stack = 1 << 20, kept = 0;
  sscanf(ran.output, "stack %ld errno %ld", &stack, &kept);
  OK(stack < 2048, "less than 2 KiB of stack besides the kernel's frame: %ld", stack);
  OK(kept == 1234, "errno is what it was");

  ends("before:returns install filter:1 storm:50 exit:0", 1000, 400, SIGSYS, "launch");
  for (int i = 0; i < 20; i++) {
    run("install filter:1 storm:1");
    if (!WIFSIGNALED(ran.status) || WTERMSIG(ran.status) != SIGSYS || ran.lines < 1 || ran.lines > 8 || ran.others) break;
    if (i == 19) stack = 0;
  }
  OK(stack == 0, "eight threads at once, twenty times: whole lines only, at least one, and the right end");
  run("install put:no-newline filter:1 ptrace");
  OK(ran.lines == 1 && ran.others == 1 && !strncmp(ran.text, "no-newline\n{", 12), "a last line without a newline stays one of its own");
}

/* --- installing --------------------------------------------------------------------------------------------------- */

static void refused(const char *what, jailer_reporter *r, jailer_code want) {
  jailer_error err;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_reporter_install(r, &err);
  OK(code == want && err.code == want && err.message[0], "%s: %s", what, jailer_code_name(code));
}

static void test_install(void) {
  static char stack[JAILER_REPORTER_STACK];
  static jailer_reporter good;
  struct sigaction before, after;
  jailer_reporter r;
  jailer_error err;
  char long_role[40];
  int fd;
  memset(&r, 0, sizeof r);
  refused("no reporter", NULL, JAILER_E_INVALID);
  int zero = dup(0);
  close(0);
  refused("nothing but zero, and no descriptor 0", &r, JAILER_E_INVALID);
  if (open("/dev/null", O_RDWR | O_APPEND) != 0) box_die("/dev/null");
  refused("a device", &r, JAILER_E_INVALID);
  dup2(zero, 0);
  close(zero);
  r.fd = fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  refused("not for appending", &r, JAILER_E_INVALID);
  close(fd);
  r.fd = fd = open(file, O_RDONLY | O_APPEND | O_CLOEXEC);
  refused("not for writing", &r, JAILER_E_INVALID);
  close(fd);
  r.path = box_path("^/none");
  refused("no such file", &r, JAILER_E_NOT_FOUND);
  r.path = box_top;
  refused("a directory", &r, JAILER_E_SYSTEM);
  r.path = file;
  r.role = "a role";
  refused("a role with a blank", &r, JAILER_E_INVALID);
  memset(long_role, 'r', 32);
  long_role[32] = 0;
  r.role = long_role;
  refused("a role of 32", &r, JAILER_E_INVALID);
  sigaction(SIGSYS, NULL, &before);
  OK(before.sa_handler == SIG_DFL, "nothing was installed");
  long_role[31] = 0;
  good.path = file;
  good.role = long_role;
  OK(jailer_reporter_install(&good, &err) == JAILER_OK && good.fd > 2, "a role of 31");
  sigaction(SIGSEGV, NULL, &after);
  OK((after.sa_flags & (SA_ONSTACK | SA_SIGINFO)) == (SA_ONSTACK | SA_SIGINFO) && fcntl(good.fd, F_GETFD) == FD_CLOEXEC, "installed");
  r.role = NULL;
  refused("a second one", &r, JAILER_E_BUSY);
  stack_t now;
  OK(jailer_reporter_thread(stack, sizeof stack, &err) == JAILER_OK && sigaltstack(NULL, &now) == 0 && now.ss_sp == stack &&
         now.ss_size == sizeof stack,
     "an alternate stack");
  OK(jailer_reporter_thread(stack, 2048, &err) == JAILER_E_INVALID && strstr(err.message, " bytes"), "one that is too small: %s", err.message);
  OK(jailer_reporter_thread(NULL, 0, &err) == JAILER_OK && sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE, "and none again");
}

/* --- boxes -------------------------------------------------------------------------------------------------------- */

static box_ran boxed;

static void in_box(const jailer_config *config, const char *ops) {
  char copy[1024], name[PATH_MAX + 8], *argv[40];
  int n = 0;
  snprintf(copy, sizeof copy, "%s", ops);
  snprintf(name, sizeof name, "file:%s", box_path("./exit"));
  argv[n++] = name;
  for (char *word = strtok(copy, " "); word && n < 39; word = strtok(NULL, " ")) argv[n++] = word;
  argv[n] = NULL;
  box_start(&boxed, config, argv);
  box_finish(&boxed);
}

/* The end (as above) and what was told: 0, or the signal. */
static void box_ends(const char *title, const jailer_config *config, const char *ops, int end, int signal) {
  in_box(config, ops);
  char text[1024];
  int how = boxed.status.exited ? 1000 + boxed.status.exit_code : boxed.status.signal;
  jailer_denial_text(&boxed.status.denial, text, sizeof text);
  if (!OK(boxed.code == JAILER_OK && how == end && boxed.status.denial.signal == signal, "%s: %s: %s", title, ops, text))
    printf("# %s, ended %d: %s%s# %s\n", jailer_code_name(boxed.code), how, boxed.text, boxed.err.message, box_read("./exit"));
}

static void test_boxes(void) {
  char text[1024];
  jailer_config config = box_config();
  config.shim = probe;
  for (int i = 0; i < 2; i++) {
    const char *title = i ? "below an init" : "PID 1";
    config.with_init = i;
    config.trap_denied = true;
    box_ends(title, &config, "install ptrace", SIGSYS, SIGSYS);
    jailer_denial_text(&boxed.status.denial, text, sizeof text);
    OK(!strcmp(text, "denied: ptrace(0x4206, 0x11, 0x22, 0xffffffffffffffff, 0x44, 0x55) by the launch filter (reads or steers another process)"),
       "%s: the sentence", title);
    box_ends(title, &config, "install filter:3+getppid getppid", SIGSYS, SIGSYS);
    OK(!strcmp(boxed.status.denial.role, "vcpu"), "%s: a filter above the launch filter", title);
    box_ends(title, &config, "install segv", SIGSEGV, SIGSEGV);
    box_ends(title, &config, "install trap", i ? SIGTRAP : 1000 + 128 + SIGTRAP, SIGTRAP);
    box_ends(title, &config, "install abort", i ? SIGABRT : 1000 + 128 + SIGABRT, SIGABRT);
    box_ends(title, &config, "before:exits install segv", 1000 + 128 + SIGSEGV, SIGSEGV);
    box_ends(title, &config, "before:plain install ptrace", 1041, 0);
    box_ends(title, &config, "ptrace", SIGSYS, 0);
    box_ends(title, &config, "install exit:3", 1003, 0);
    config.trap_denied = false;
    box_ends(title, &config, "install ptrace exit:4", 1004, 0);
  }

  /* A program that tells what is not so. */
  char script[3 * PATH_MAX];
  static const struct {
    const char *what, *before, *after;
    int end;
    bool told;
  } rows[] = {{"a denial, and ends with 0", "", "exit 0", 1000, false},
              {"a denial, and ends with 1", "", "exit 1", 1001, false},
              {"a denial, and ends by another signal", "", "kill -9 $$", SIGKILL, false},
              {"a denial, and ends by a crash", "", "kill -11 $$", SIGSEGV, false},
              {"a denial, and ends with the code of a crash", "", "exit 139", 1139, false},
              {"a denial, and ends with the code of SIGSYS", "", "exit 159", 1159, true},
              {"a denial, and ends by SIGSYS", "", "kill -31 $$", SIGSYS, true},
              {"the same, below ten thousand lines of its own", "i=0; while [ $i -lt 10000 ]; do echo \"{$i}\"; i=$((i+1)); done >>\"$E\"", "kill -31 $$", SIGSYS, true},
              {"the same, and garbage without an end after it", "", "printf 'x%.0s' 1 2 3 >>\"$E\"; kill -31 $$", SIGSYS, true},
              {"the same, and 16 KiB after it", "", "head -c 16384 /dev/zero >>\"$E\"; kill -31 $$", SIGSYS, false},
              {"a crash without a newline", "", "printf '%s' '{\"crash\": \"SIGSYS\"' >\"$E\"; kill -31 $$", SIGSYS, false},
              {"a denial at the end of a longer line, where reading begins", "printf x >>\"$E\"", "head -c $((8192 - N)) /dev/zero | tr '\\0' '\\n' >>\"$E\"; kill -31 $$", SIGSYS, false},
              {"a denial, in a file that it empties after it", "", ": >\"$E\"; kill -31 $$", SIGSYS, false}};
  jailer_config liar = box_config();
  liar.shim = NULL;
  liar.with_init = true;
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *argv[] = {"sh", "-c", script, NULL};
    snprintf(script, sizeof script, "E='%s'; N=%d; %s\ncat >>\"$E\" <<'T'\n%sT\n%s", box_path("./exit"), (int)sizeof denied - 1, rows[i].before, denied, rows[i].after);
    liar.argv = argv;
    box_start(&boxed, &liar, NULL);
    box_finish(&boxed);
    int how = boxed.status.exited ? 1000 + boxed.status.exit_code : boxed.status.signal;
    if (!OK(boxed.code == JAILER_OK && how == rows[i].end && (boxed.status.denial.signal != 0) == rows[i].told, "it tells of %s", rows[i].what))
      printf("# %s, ended %d, told %d: %s%s\n", jailer_code_name(boxed.code), how, boxed.status.denial.signal, boxed.text, boxed.err.message);
  }
}

static void test_plan(void) {
  static const char *const argv[] = {"true", NULL};
  char text[65536];
  jailer_config config;
  jailer_plan *plan;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  for (int i = 0; i < 2; i++) {
    config.trap_denied = i;
    text[0] = 0;
    if (jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK) jailer_plan_text(plan, text, sizeof text, NULL, NULL);
    jailer_plan_free(plan);
    OK(text[0] && (strstr(text, "\ndenied SIGSYS\n") != NULL) == i, "the plan says %s of it", i ? "so" : "nothing");
  }
  jailer_proc proc;
  jailer_report report;
  OK(jailer_launch(&config, &proc, &err) == JAILER_OK && jailer_report_read(&proc, &report, NULL) == JAILER_OK &&
         strstr(report.layer[JAILER_LAYER_SECCOMP].detail, "(SIGSYS)"),
     "the report says so");
  jailer_wait(&proc, 10000, NULL, NULL);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* The exit status; what it printed, both streams, in a static array. */
static int jailed(const char *options, const char *program, const char **says) {
  static char line[16 * PATH_MAX], text[4096];
  snprintf(line, sizeof line, "'%s' %s -- %s 2>&1 </dev/null", jail, options, program);
  fflush(stdout);
  FILE *f = popen(line, "r");
  size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
  int status = f ? pclose(f) : -1;
  text[n] = 0;
  *says = text;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void command(const char *title, const char *options, const char *program, int code, const char *want) {
  const char *says;
  int ended = jailed(options, program, &says);
  if (!OK(ended == code && !strcmp(says, want), "jail: %s", title)) printf("# exit %d: %s\n", ended, says);
}

static void test_command(void) {
  static const char plain[] = "jail: ended by SIGSYS: a system call that a filter refuses; the program does not report which (jailer_reporter_install)\n";
  char options[2 * PATH_MAX], program[3 * PATH_MAX];
  const char *says;
  snprintf(options, sizeof options, "--trap --home '%s' --id demo", box_home);
  snprintf(program, sizeof program, "'%s' 'file:%s' install ptrace", probe, box_path("./exit"));
  command("a shim that tells", options, program, 128 + SIGSYS,
          "jail: denied: ptrace(0x4206, 0x11, 0x22, 0xffffffffffffffff, 0x44, 0x55) by the launch filter (reads or steers another process)\n");
  snprintf(program, sizeof program, "'%s' ptrace", probe);
  command("one that does not", options, program, 128 + SIGSYS, plain);
  snprintf(options, sizeof options, "--home '%s' --id demo", box_home);
  snprintf(program, sizeof program, "'%s' 'file:%s' install raise:11", probe, box_path("./exit"));
  bool good = jailed(options, program, &says) == 128 + SIGSEGV && strstr(says, "jail: crashed: SIGSEGV, which was sent, ip 0x") == says;
  OK(good && strchr(says, '\n') == says + strlen(says) - 1, "jail: a crash, in one line");
  snprintf(program, sizeof program, "'%s' ptrace exit:3", probe);
  command("without --trap it gets an error and goes on", options, program, 3, "");
  snprintf(options, sizeof options, "--trap --exec '%s'", probe);
  snprintf(program, sizeof program, "'%s' ptrace", probe);
  command("without a box", options, program, 128 + SIGSYS, plain);
  snprintf(options, sizeof options, "--trap --pid1 --exec '%s'", probe);
  command("as PID 1", options, program, 128 + SIGSYS, plain);
  command("a program that is refused nothing", "--trap", "true", 0, "");
}

int main(void) {
  const char *build = getenv("JAILER_BUILD");
  char name[PATH_MAX];
  box_begin();
  snprintf(name, sizeof name, "%s/probe_reporter", build && *build ? build : "build");
  if (!realpath(name, probe)) box_die(name);
  snprintf(name, sizeof name, "%s/jail", build && *build ? build : "build");
  if (!realpath(name, jail)) box_die(name);
  snprintf(file, sizeof file, "%s", box_path("^/told"));
  test_lines();
  test_hostile_lines();
  test_handler();
  test_boxes();
  test_plan();
  test_command();
  test_install(); /* last: it stays */
  box_end();
  return tap_done();
}
