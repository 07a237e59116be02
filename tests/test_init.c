/* test_init.c: with_init. The init's machine code is what its listing says, and it behaves: exit codes and signals come
 * through, signals are forwarded, orphans are reaped, and the target never runs beside a process that still is the launcher. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tap.h"

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

static const char x86_64_listing[] =
    "_start: sub $16, %rsp\n"
    "next: lea full(%rip), %rdi\n xor %esi, %esi\n xor %edx, %edx\n push $8\n pop %r10\n mov $128, %eax\n syscall\n"
    " cmp $17, %eax\n je reap\n test %eax, %eax\n jle next\n"
    " cmp $20, %eax\n jne send\n dec %eax\n"
    "send: mov %eax, %esi\n push $-2\n pop %rdi\n push $62\n pop %rax\n syscall\n jmp next\n"
    "reap: push $-1\n pop %rdi\n mov %rsp, %rsi\n mov $0x40000001, %edx\n xor %r10d, %r10d\n push $61\n pop %rax\n syscall\n"
    " cmp $2, %eax\n je done\n test %eax, %eax\n jg reap\n jmp next\n"
    "done: push $3\n pop %rdi\n mov %rsp, %rsi\n push $4\n pop %rdx\n push $1\n pop %rax\n syscall\n"
    " xor %edi, %edi\n mov $231, %eax\n syscall\n"
    "full: .quad -1\n";

static const char aarch64_listing[] =
    "_start: sub sp, sp, #16\n movn x9, #0\n str x9, [sp, #8]\n"
    "next: add x0, sp, #8\n mov x1, xzr\n mov x2, xzr\n mov x3, #8\n mov x8, #137\n svc #0\n"
    " cmp w0, #17\n b.eq reap\n cmp w0, #0\n b.le next\n"
    " cmp w0, #20\n cset w9, eq\n sub w1, w0, w9\n movn x0, #1\n mov x8, #129\n svc #0\n b next\n"
    "reap: movn x0, #0\n mov x1, sp\n mov w2, #0x40000000\n orr w2, w2, #1\n mov x3, xzr\n mov x8, #260\n svc #0\n"
    " cmp w0, #2\n b.eq done\n cmp w0, #0\n b.gt reap\n b next\n"
    "done: mov x0, #3\n mov x1, sp\n mov x2, #4\n mov x8, #64\n svc #0\n mov x0, xzr\n mov x8, #94\n svc #0\n";

static char scratch[64];

static int tool(const char *name) {
  char command[256];
  snprintf(command, sizeof command, "command -v %s >/dev/null 2>&1", name);
  return system(command) == 0;
}

/* Assembles a listing and reads its code back; -1 when that failed. */
static long assemble(const char *prefix, const char *listing, unsigned char *code, size_t size) {
  char source[128], command[512], binary[128];
  snprintf(source, sizeof source, "%s/init.s", scratch);
  snprintf(binary, sizeof binary, "%s/init.bin", scratch);
  FILE *file = fopen(source, "w");
  if (!file) return -1;
  fputs(listing, file);
  fclose(file);
  snprintf(command, sizeof command, "%sas -o %s/init.o %s && %sobjcopy -O binary -j .text %s/init.o %s", prefix, scratch,
           source, prefix, scratch, binary);
  if (system(command)) return -1;
  file = fopen(binary, "r");
  if (!file) return -1;
  size_t n = fread(code, 1, size, file);
  fclose(file);
  return (long)n;
}

static void test_code(void) {
  unsigned char code[512];
  if (tool("as") && tool("objcopy") && JL_X86_64) {
    long n = assemble("", x86_64_listing, code, sizeof code);
    OK(n == (long)sizeof jl_tab_init_x86_64 && memcmp(code, jl_tab_init_x86_64, (size_t)n) == 0,
       "the x86-64 init is what its listing assembles to");
  } else {
    tap_skip("the x86-64 init is what its listing assembles to", "as or objcopy for x86-64 is not installed");
  }
  if (tool("aarch64-linux-gnu-as")) {
    long n = assemble("aarch64-linux-gnu-", aarch64_listing, code, sizeof code);
    uint8_t file[512];
    size_t total = jl_tab_init(file, false);
    OK(n == (long)sizeof jl_tab_init_aarch64 && (size_t)n + JL_TAB_ELF_HEAD == total &&
           memcmp(code, file + JL_TAB_ELF_HEAD, (size_t)n) == 0,
       "the aarch64 init is what its listing assembles to");
  } else {
    tap_skip("the aarch64 init is what its listing assembles to", "aarch64-linux-gnu-as is not installed");
  }
}

static int launch(const char *script, jailer_proc *proc, int out_fd) {
  const char *argv[] = {"sh", "-c", script, NULL};
  jailer_fd kept = {out_fd, true, 1};
  jailer_config config;
  jailer_error err;
  char text[1024];
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.with_init = true;
  if (out_fd >= 0) {
    config.fds = &kept;
    config.fd_count = 1;
  }
  if (jailer_launch(&config, proc, &err) == JAILER_OK) return 1;
  jailer_error_text(&err, text, sizeof text);
  printf("# %s\n", text);
  return 0;
}

static void test_ends(void) {
  static const struct {
    const char *script;
    int code, signal;
  } rows[] = {{"exit 0", 0, 0},         {"exit 1", 1, 0},          {"exit 255", 255, 0},     {"kill -TERM $$", 0, 15},
              {"kill -SEGV $$", 0, 11}, {"kill -ABRT $$", 0, 6},   {"kill -KILL $$", 0, 9},  {"sleep 0.01 & exit 7", 7, 0},
              {"(sleep 100 &) ; exit 3", 3, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    jailer_proc proc;
    jailer_status status;
    jailer_error err;
    if (!OK(launch(rows[i].script, &proc, -1), "launched: %s", rows[i].script)) continue;
    OK(jailer_wait(&proc, 5000, &status, &err) == JAILER_OK && status.exit_code == rows[i].code &&
           status.signal == rows[i].signal && status.exited == !rows[i].signal,
       "the end of the target comes through the init: %s", rows[i].script);
  }
}

static void test_signals(void) {
  static const int deadly[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGKILL};
  for (size_t i = 0; i < sizeof deadly / sizeof deadly[0]; i++) {
    jailer_proc proc;
    jailer_status status;
    jailer_error err;
    if (!OK(launch("exec sleep 100", &proc, -1), "launched for signal %d", deadly[i])) continue;
    jailer_kill(&proc, deadly[i], &err);
    OK(jailer_wait(&proc, 5000, &status, &err) == JAILER_OK && !status.exited && status.signal == deadly[i],
       "signal %d is forwarded and ends a target without a handler", deadly[i]);
  }
  int ends[2];
  char got[2] = "";
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  if (pipe(ends) == 0 && OK(launch("trap 'exit 9' TERM; echo; while :; do sleep 0.01; done", &proc, ends[1]), "launched with a trap")) {
    OK(read(ends[0], got, 1) == 1, "the trap is set");
    jailer_kill(&proc, SIGTERM, &err);
    OK(jailer_wait(&proc, 5000, &status, &err) == JAILER_OK && status.exited && status.exit_code == 9,
       "a handler of the target runs");
  }
  close(ends[0]);
  close(ends[1]);
}

/* ^Z and fg: the init turns SIGTSTP into SIGSTOP, because the target's process group has no shell that could continue it. */
static void test_stop(void) {
  int ends[2];
  char bytes[4096];
  jailer_proc proc;
  jailer_error err;
  if (pipe2(ends, O_NONBLOCK)) return;
  if (OK(launch("while :; do echo; sleep 0.01; done", &proc, ends[1]), "launched a ticking target")) {
    usleep(100000);
    jailer_kill(&proc, SIGTSTP, &err);
    usleep(100000);
    while (read(ends[0], bytes, sizeof bytes) > 0) {}
    usleep(100000);
    OK(read(ends[0], bytes, sizeof bytes) < 0, "SIGTSTP stops the target");
    jailer_kill(&proc, SIGCONT, &err);
    usleep(200000);
    OK(read(ends[0], bytes, sizeof bytes) > 0, "SIGCONT lets it go on");
    jailer_kill(&proc, SIGKILL, &err);
    jailer_wait(&proc, 5000, NULL, &err);
  }
  close(ends[0]);
  close(ends[1]);
}

/* What the target can see of PID 1 from its very first instruction on: sh reads /proc/1 at once. */
static void test_window(void) {
  int secret = open("/dev/zero", O_RDONLY), bad = 0, ran = 0; /* inherited by the child unless closed */
  for (int i = 0; i < 40; i++) {
    int ends[2];
    char text[4096];
    jailer_proc proc;
    jailer_status status;
    jailer_error err;
    if (pipe(ends)) break;
    if (launch("cat /proc/1/cmdline; for f in /proc/1/fd/*; do echo $f; done", &proc, ends[1])) {
      close(ends[1]);
      size_t n = 0;
      ssize_t r;
      while (n < sizeof text - 1 && (r = read(ends[0], text + n, sizeof text - 1 - n)) > 0) n += (size_t)r;
      for (size_t k = 0; k < n; k++)
        if (!text[k]) text[k] = '|';
      text[n] = 0;
      ran++;
      if (strcmp(text, "jail-init|/proc/1/fd/*\n")) bad++, printf("# PID 1 was: %s\n", text);
      jailer_wait(&proc, 5000, &status, &err);
    } else {
      close(ends[1]);
    }
    close(ends[0]);
  }
  OK(ran == 40 && bad == 0, "PID 1 is the init, and its descriptors are shut, before the target runs (%d launches)", ran);
  close(secret);
}

static void test_zombies(void) {
  int ends[2];
  char text[256];
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  if (pipe(ends)) return;
  if (OK(launch("for i in 1 2 3 4 5; do (sleep 0.01 &); done; sleep 0.3; grep -l 'State:.*Z' /proc/[0-9]*/status; echo end", &proc,
                ends[1]),
         "launched with orphans")) {
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text - 1);
    text[n > 0 ? n : 0] = 0;
    OK(strcmp(text, "end\n") == 0, "orphans are reaped: no zombie is left");
    jailer_wait(&proc, 5000, &status, &err);
  }
  close(ends[0]);
}

static void test_refused(void) {
  const char *argv[] = {"sh", NULL};
  jailer_config config;
  jailer_proc proc;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.with_init = true;
  config.engine = JAILER_ENGINE_NONE;
  OK(jailer_launch(&config, &proc, &err) == JAILER_E_UNSUPPORTED && err.layer == JAILER_LAYER_PIDNS,
     "an init without a pid namespace is refused");
}

int main(void) {
  snprintf(scratch, sizeof scratch, "/tmp/test_init.XXXXXX");
  if (!mkdtemp(scratch)) return 1;
  test_code();
  test_ends();
  test_signals();
  test_stop();
  test_window();
  test_zombies();
  test_refused();
  char command[128];
  snprintf(command, sizeof command, "rm -r %s", scratch);
  if (system(command)) printf("# %s is left\n", scratch);
  return tap_done();
}
