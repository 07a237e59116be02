/* denied FILE PROGRAM [ARG...]: runs a program that makes a jail, and writes to FILE what the launch filter refused in
 * there, one line for each call and answer: `clone3 ENOSYS its flags cannot be filtered; clone is there`. The filter is
 * the one that the launcher gave the kernel, read from its memory as it did so; each call of everything below it is put
 * to it here with its real arguments, because an errno alone does not tell who answered. Exits with PROGRAM's status.
 * With ptrace, as strace does it; for the user who runs it. x86-64 and aarch64, little-endian. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define JAILER_STATIC
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "bpf_run.h"

enum { PIDS = 4 << 20, MOST = 64 }; /* the kernel's PID_MAX_LIMIT */
enum { NEW = 0, OPEN, CONFINED };

static unsigned char state[PIDS];
static bpf_run_insn filter[4096];
static size_t filter_length;

static struct refusal {
  uint32_t number, answer;
  uint64_t detail;
} seen[MOST];
static size_t seen_count;

/* The calls that are many calls in one, and the argument that tells which. */
static const struct {
  const char *name;
  int arg;
} manifold[] = {{"clone", 0},   {"fcntl", 1},     {"ioctl", 1},     {"memfd_create", 1}, {"personality", 0},
                {"prctl", 0},   {"prlimit64", 1}, {"setrlimit", 0}, {"socket", 0},       {"socketpair", 0},
                {"unshare", 0}, {"chmod", 1},     {"fchmod", 1},    {"fchmodat", 2},     {"mkdir", 1},
                {"mkdirat", 2}, {"mknod", 1},     {"mknodat", 2}};

static _Noreturn void die(const char *what) {
  fprintf(stderr, "denied: %s: %s\n", what, strerror(errno));
  exit(99);
}

static const char *name_of(uint32_t number) { return jailer_call_name(JAILER_ARCH_NATIVE, number); }

static int detail_of(const char *name) {
  for (size_t i = 0; name && i < sizeof manifold / sizeof manifold[0]; i++)
    if (!strcmp(manifold[i].name, name)) return manifold[i].arg;
  return -1;
}

static const char *name_of_answer(uint32_t answer) {
  static char text[32];
  switch (answer) {
  case JL_RET_EPERM: return "EPERM";
  case JL_RET_EACCES: return "EACCES";
  case JL_RET_EINVAL: return "EINVAL";
  case JL_RET_ENOSYS: return "ENOSYS";
  case JL_RET_EAFNOSUPPORT: return "EAFNOSUPPORT";
  case JL_RET_EPROTONOSUPPORT: return "EPROTONOSUPPORT";
  default: snprintf(text, sizeof text, "0x%x", (unsigned)answer); return text;
  }
}

/* The first filter that anybody installs: PROGRAM's launch filter. `struct sock_fprog` is a count and a pointer. */
static void read_filter(pid_t pid, uint64_t prog) {
  long words[2];
  if (filter_length) return;
  for (int i = 0; i < 2; i++) {
    errno = 0;
    words[i] = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)(prog + 8u * (unsigned)i), NULL);
    if (errno) die("read the filter's length");
  }
  const size_t length = (size_t)words[0] & 0xffffu;
  size_t at;
  for (size_t i = 0; i < length; i++) {
    errno = 0;
    const long word = ptrace(PTRACE_PEEKDATA, pid, (void *)(uintptr_t)((uint64_t)words[1] + 8u * i), NULL);
    if (errno) die("read the filter");
    memcpy(&filter[i], &word, sizeof filter[i]);
  }
  if (bpf_run_check(filter, length, &at)) errno = EPROTO, die("the filter is no program");
  filter_length = length;
}

/* Whether a filter is on this thread: it says so itself, once, and after each filter that it installs. */
static unsigned char look(pid_t pid) {
  char path[64], line[256];
  int mode = 0;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "re");
  if (!f) return NEW; /* it is gone */
  while (fgets(line, sizeof line, f))
    if (sscanf(line, "Seccomp: %d", &mode) == 1) break;
  fclose(f);
  return mode == 2 ? CONFINED : OPEN;
}

static void note(const bpf_run_data *data, uint32_t answer) {
  const int arg = detail_of(name_of((uint32_t)data->nr));
  struct refusal now = {(uint32_t)data->nr, answer, arg < 0 ? 0 : data->args[arg] & 0xffffffffu};
  for (size_t i = 0; i < seen_count; i++)
    if (seen[i].number == now.number && seen[i].answer == now.answer && seen[i].detail == now.detail) return;
  if (seen_count == MOST) errno = E2BIG, die("so many refusals");
  seen[seen_count++] = now;
}

static void on_call(pid_t pid) {
  struct __ptrace_syscall_info info;
  unsigned steps;
  memset(&info, 0, sizeof info);
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof info, &info) < 0) {
    if (errno == ESRCH) return; /* killed in this moment */
    die("PTRACE_GET_SYSCALL_INFO (Linux 5.3)");
  }
  if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
  if (state[pid] == NEW) state[pid] = look(pid);
  bpf_run_data data = {(int32_t)info.entry.nr, info.arch, info.instruction_pointer, {0}};
  memcpy(data.args, info.entry.args, sizeof data.args);
  if (state[pid] == CONFINED) {
    const uint32_t answer = bpf_run(filter, filter_length, &data, &steps);
    if (answer != JL_RET_ALLOW) note(&data, answer);
  } else if (info.entry.nr == SYS_seccomp && info.entry.args[0] == 1) { /* SECCOMP_SET_MODE_FILTER */
    read_filter(pid, info.entry.args[2]);
    state[pid] = NEW; /* asked again at its next call */
  }
}

/* One stop of one thread; what to resume it with. */
static void on_stop(pid_t pid, int status) {
  const int signal = WSTOPSIG(status), event = status >> 16;
  int deliver = 0;
  if (signal == (SIGTRAP | 0x80)) on_call(pid);
  else if (event == PTRACE_EVENT_STOP && signal != SIGTRAP) { /* stopped by job control: stays so */
    ptrace(PTRACE_LISTEN, pid, NULL, NULL);
    return;
  } else if (!event) deliver = signal;
  ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(intptr_t)deliver); /* ESRCH: killed in this moment; waitpid says so next */
}

static pid_t start(char **argv) {
  const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                       PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
  int ready[2], status;
  char byte = 0;
  if (pipe2(ready, O_CLOEXEC)) die("pipe");
  const pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid == 0) {
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1) _exit(99);
    execvp(argv[0], argv);
    fprintf(stderr, "denied: %s: %s\n", argv[0], strerror(errno));
    _exit(99);
  }
  if (ptrace(PTRACE_SEIZE, pid, NULL, (void *)(uintptr_t)options)) die("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) || waitpid(pid, &status, __WALL) != pid || !WIFSTOPPED(status))
    die("stop the program");
  if (ptrace(PTRACE_SYSCALL, pid, NULL, NULL) || write(ready[1], &byte, 1) != 1) die("start the program");
  close(ready[0]);
  close(ready[1]);
  return pid;
}

static void write_list(const char *path) {
  FILE *f = fopen(path, "we");
  if (!f) die(path);
  for (size_t i = 0; i < seen_count; i++) {
    const char *name = name_of(seen[i].number);
    if (name) fprintf(f, "%s", name);
    else fprintf(f, "call_%u", (unsigned)seen[i].number);
    if (detail_of(name) >= 0) fprintf(f, ":0x%llx", (unsigned long long)seen[i].detail);
    fprintf(f, " %s %s\n", name_of_answer(seen[i].answer),
            jl_tab_why(JL_X86_64 ? JL_ARCH_X86_64 : JL_ARCH_AARCH64, seen[i].number));
  }
  if (fclose(f)) die(path);
}

int main(int argc, char **argv) {
  int status, result = 99;
  pid_t pid;
  if (argc < 3) return fprintf(stderr, "usage: denied FILE PROGRAM [ARG...]\n"), 99;
  const pid_t first = start(argv + 2);
  while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
    if (pid <= 0 || pid >= PIDS) continue;
    if (WIFSTOPPED(status)) {
      on_stop(pid, status);
      continue;
    }
    state[pid] = NEW;
    if (pid == first) result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  if (!filter_length) errno = ENOMSG, die("no filter was installed");
  write_list(argv[1]);
  return result;
}
