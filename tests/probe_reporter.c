/* probe_reporter OP[:ARG]...: a program that tells what ends it, and ends in every way. The operations are performed in order;
 * standard output is for what the test cannot see from outside. Exit code 9: it could not even try. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The library allocates through this lock; whoever holds it and is interrupted must still be able to tell. */
static pthread_mutex_t heap = PTHREAD_MUTEX_INITIALIZER;
static void *locked_realloc(void *p, size_t size) {
  pthread_mutex_lock(&heap);
  p = realloc(p, size);
  pthread_mutex_unlock(&heap);
  return p;
}
#define JAILER_MALLOC(size) locked_realloc(NULL, size)
#define JAILER_REALLOC(p, size) locked_realloc(p, size)
#define JAILER_FREE(p) free(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

static jailer_reporter *reporter;
static char *volatile nowhere;

static void fail(const char *what) {
  printf("%s: %s\n", what, strerror(errno));
  exit(9);
}

static void perform(char *op);

/* --- filters --- */

static void apply(jailer_policy *policy) {
  jailer_error err;
  const jailer_code code = jailer_seccomp_apply(policy, false, NULL, &err);
  if (code) printf("filter: %s\n", err.message), exit(9);
  jailer_policy_free(policy);
}

/* Everything is allowed but ptrace, what `more` names, and numbers that are no call, which get `answer`. */
static void filter(uint32_t answer, const char *more) {
  const jailer_rule rules[] = {{"ptrace", answer, 0, NULL, 0, false}, {more, answer, 0, NULL, 0, false}};
  const jailer_rules all = {"test", rules, more ? 2 : 1, JAILER_ANSWER_ALLOW, answer};
  jailer_policy *policy;
  if (jailer_policy_rules(&all, &policy, NULL)) exit(9);
  apply(policy);
}

/* A role's own policy, refusals by SIGSYS: its answers carry the role. */
static void role_filter(const char *name) {
  const jailer_role_options options = {.denied = JAILER_ANSWER_TRAP};
  jailer_policy *policy;
  if (jailer_policy_role(jailer_role_by_name(name), &options, &policy, NULL)) exit(9);
  apply(policy);
}

/* --- who was there before --- */

static volatile sig_atomic_t seen, same_info;

static void returns(int signal, siginfo_t *info, void *context) {
  same_info = info && context && info->si_signo == signal;
  __atomic_fetch_add(&seen, 1, __ATOMIC_RELAXED);
}
static void plain(int signal) { _exit(signal == SIGSYS ? 41 : 42); }
static void exits(int signal) { _exit(128 + signal); }
static void crashes(int signal) {
  (void)signal;
  *nowhere = 1;
}

static void before(const char *what) {
  static const int signals[] = {SIGSYS, SIGSEGV};
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = !strcmp(what, "plain") ? plain : !strcmp(what, "exits") ? exits : SIG_IGN;
  if (!strcmp(what, "crashes")) action.sa_handler = crashes;
  if (!strcmp(what, "returns")) action.sa_sigaction = returns, action.sa_flags = SA_SIGINFO;
  if (!strcmp(what, "restarts")) action.sa_sigaction = returns, action.sa_flags = SA_SIGINFO | SA_RESTART;
  if (!strcmp(what, "once")) action.sa_sigaction = returns, action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  for (int i = 0; i < 2; i++)
    if (i == 0 || strcmp(what, "crashes") != 0) sigaction(signals[i], &action, NULL);
}

/* --- threads --- */

static void *in_thread(void *op) {
  perform(op);
  return NULL;
}

static void start(pthread_t *thread, size_t stack, void *(*body)(void *), void *arg) {
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  if (stack) pthread_attr_setstacksize(&attr, stack);
  if ((errno = pthread_create(thread, &attr, body, arg))) fail("thread");
}

static void denied(void) { syscall(SYS_ptrace, 0x4206L, 0x11L, 0x22L, -1L, 0x44L, 0x55L); }

static volatile int usr1;

/* Goes down until less of the stack is left than the smallest frame of a signal takes: 1 KiB. */
__attribute__((noinline)) static void deep(const char *end) {
  volatile char here[128];
  here[0] = 1;
  if ((const char *)here - end > 1024) deep(end);
  else if (usr1) syscall(SYS_tgkill, getpid(), (long)syscall(SYS_gettid), SIGUSR1);
  else denied();
  here[1] = 1;
}

__attribute__((noinline)) static int overrun(int n) {
  volatile char here[1024];
  here[n % 1024] = 1;
  return n < 0 ? 0 : overrun(n + 1) + here[n % 1024];
}

static void *bare(void *unused) {
  pthread_attr_t attr;
  void *end;
  size_t size;
  if (pthread_getattr_np(pthread_self(), &attr) || pthread_attr_getstack(&attr, &end, &size)) exit(9);
  syscall(SYS_gettid); /* a dynamic linker that looks it up below would want more */
  deep(end);
  return unused;
}

static char alternate[JAILER_REPORTER_STACK];

static void *small(void *unused) {
  if (jailer_reporter_thread(alternate, sizeof alternate, NULL)) exit(9);
  return bare(unused);
}

static void *overruns(void *unused) {
  if (jailer_reporter_thread(alternate, sizeof alternate, NULL)) exit(9);
  printf("%d\n", overrun(0));
  return unused;
}

/* A signal for which the stack has no room: the kernel makes a SIGSEGV of it, which no instruction would raise again. */
static void *unframed(void *unused) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = exits;
  sigaction(SIGUSR1, &action, NULL);
  if (jailer_reporter_thread(alternate, sizeof alternate, NULL)) exit(9);
  syscall(SYS_gettid);
  usr1 = 1;
  return bare(unused);
}

static pthread_barrier_t together;

static void *storm(void *times) {
  pthread_barrier_wait(&together);
  for (int i = 0; i < atoi(times); i++) denied();
  return NULL;
}

static void storms(char *times) {
  enum { THREADS = 8 };
  pthread_t thread[THREADS];
  pthread_barrier_init(&together, NULL, THREADS);
  for (int i = 0; i < THREADS; i++) start(&thread[i], 0, storm, times);
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
}

/* A signal that is sent to a thread in read(2), and then a byte for it. */
static int calls[2];
static volatile pid_t caller;

static void *called(void *unused) {
  char c;
  caller = (pid_t)syscall(SYS_gettid);
  const ssize_t n = read(calls[0], &c, 1);
  printf("read %d, seen %d\n", (int)n, (int)seen);
  return unused;
}

static void interrupted(void) {
  char name[64], text[256] = "";
  pthread_t thread;
  if (pipe(calls)) fail("pipe");
  start(&thread, 0, called, NULL);
  for (int sent = 0, looks = 0; looks < 2; usleep(1000)) { /* it sleeps, is sent the signal, and sleeps or has answered */
    snprintf(name, sizeof name, "/proc/self/task/%d/syscall", (int)caller);
    int fd = caller ? open(name, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) close(fd);
    text[n > 0 ? n : 0] = 0;
    const bool gone = caller && n < 0;
    if (!gone && (n <= 0 || strncmp(text, "running", 7) == 0 || atoi(text) != SYS_read)) continue;
    if (sent) looks++;
    else if (syscall(SYS_tgkill, getpid(), caller, SIGSEGV)) fail("tgkill");
    sent = 1;
  }
  if (write(calls[1], "", 1) != 1) fail("pipe");
  pthread_join(thread, NULL);
}

/* How much of an alternate stack the handler takes, besides what the kernel stores there. */
static void *measure(void *unused) {
  static unsigned char stack[65536];
  memset(stack, 0xa5, sizeof stack);
  if (jailer_reporter_thread(stack, sizeof stack, NULL)) exit(9);
  errno = 1234;
  denied();
  size_t clean = 0;
  int e = errno;
  while (clean < sizeof stack && stack[clean] == 0xa5) clean++;
  size_t frame = getauxval(AT_MINSIGSTKSZ);
  printf("stack %ld errno %d\n", (long)(sizeof stack - clean) - (long)(frame ? frame : 2048), e);
  return unused;
}

/* --- ends --- */

static void *holding(void *unused) {
  pthread_mutex_lock(&heap);
  denied();
  return unused;
}

/* A fault inside malloc, its lock held where there is one: the heap cannot be touched any more, by a handler neither. */
static void broken_heap(void) {
  /* What a static program may have in the same mapping stays: its variables, which end here, and the main thread's own,
     where the kernel itself writes to (rseq(2)) and kills who took that away. */
  extern char end[];
  const unsigned long kept[] = {(unsigned long)(uintptr_t)end, (unsigned long)(uintptr_t)&errno + 4096};
  char line[512];
  unsigned long from, to;
  FILE *maps = fopen("/proc/self/maps", "r");
  while (maps && fgets(line, sizeof line, maps))
    if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx", &from, &to) == 2) {
      for (int i = 0; i < 2; i++)
        if (kept[i] >= from && kept[i] < to) from = (kept[i] | 4095) + 1;
      if (mprotect((void *)from, to - from, PROT_NONE)) _exit(9);
      break;
    }
  for (int i = 0; i < 4096; i++) *(char *volatile *)&nowhere = malloc(1000);
  nowhere = NULL;
}

static void limit(void) {
  const struct rlimit none = {0, 0};
  setrlimit(RLIMIT_FSIZE, &none);
}

static void bus(void) {
  int fd = memfd_create("empty", 8 /* MFD_NOEXEC_SEAL */);
  if (fd < 0) fd = memfd_create("empty", 0);
  volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
  if (fd < 0 || page == MAP_FAILED) fail("bus");
  (void)*page;
}

/* As programs do that start over, or a child before it executes another: all closed, and the lowest number is a file of
   its own. */
static void start_over(const char *name) {
  for (int fd = 3; fd < 4096; fd++) close(fd);
  if (open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) != 3) fail(name);
}

static void trap(void) {
#if defined(__x86_64__)
  __asm__ volatile("int3");
#else
  __asm__ volatile("brk #0");
#endif
}


#if defined(__x86_64__)
/* gettimeofday by the page at the end of the address space: the kernel does it on a fault, no instruction calls it. */
static void vsyscall(void) {
  long time[2];
  ((int (*)(long *, void *))0xffffffffff600000ul)(time, NULL);
}
/* An address that cannot be: the fault says neither where nor why (SI_KERNEL). */
static void odd_address(void) { *(volatile char *)0x8000000000000000ul = 1; }
/* A handler's return without a frame; whoever lives on after it ends with 7. */
static void bad_return(void) {
  __asm__ volatile("mov $4096, %rsp\n\tmov $15, %eax\n\tsyscall\n\tmov $231, %eax\n\tmov $7, %edi\n\tsyscall");
}
#else
static void bad_return(void) {
  __asm__ volatile("mov x0, #4096\n\tmov sp, x0\n\tmov x8, #139\n\tsvc #0\n\tmov x8, #94\n\tmov x0, #7\n\tsvc #0");
}
static void vsyscall(void) { exit(9); }
static void odd_address(void) { exit(9); }
#endif

static void install(void) {
  jailer_error err;
  if (jailer_reporter_install(reporter, &err) == JAILER_OK) return;
  printf("%s: %s: %s\n", jailer_code_name(err.code), err.item, err.message);
  exit(9);
}

static void perform(char *op) {
  char *arg = strchr(op, ':');
  const size_t least = PTHREAD_STACK_MIN > 16384 ? (size_t)PTHREAD_STACK_MIN : 16384;
  pthread_t thread;
  if (arg) *arg++ = 0;
  else arg = op + strlen(op);
  if (!strcmp(op, "file")) reporter->path = arg;
  else if (!strcmp(op, "role")) reporter->role = arg;
  else if (!strcmp(op, "only")) reporter->denials_only = true;
  else if (!strcmp(op, "before")) before(arg);
  else if (!strcmp(op, "install")) install();
  else if (!strcmp(op, "filter")) filter(JAILER_ANSWER_TRAP | (uint32_t)atoi(arg), strchr(arg, '+') ? strchr(arg, '+') + 1 : NULL);
  else if (!strcmp(op, "role-filter")) role_filter(arg);
  else if (!strcmp(op, "ptrace")) denied();
  else if (!strcmp(op, "getppid")) syscall(SYS_getppid);
  else if (!strcmp(op, "x32")) syscall(0x40000000L + SYS_ptrace);
  else if (!strcmp(op, "thread")) start(&thread, 0, in_thread, arg), pthread_join(thread, NULL);
  else if (!strcmp(op, "small")) start(&thread, least, small, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "bare")) start(&thread, least, bare, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "overruns")) start(&thread, least, overruns, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "unframed")) start(&thread, least, unframed, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "bad-return")) bad_return();
  else if (!strcmp(op, "stack")) { if (jailer_reporter_thread(alternate, sizeof alternate, NULL)) exit(9); }
  else if (!strcmp(op, "interrupted")) interrupted();
  else if (!strcmp(op, "overrun")) printf("%d\n", overrun(0));
  else if (!strcmp(op, "storm")) storms(arg);
  else if (!strcmp(op, "measure")) start(&thread, 0, measure, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "holding")) start(&thread, 0, holding, NULL), pthread_join(thread, NULL);
  else if (!strcmp(op, "heap")) broken_heap();
  else if (!strcmp(op, "closed")) close(reporter->fd);
  else if (!strcmp(op, "start-over")) start_over(arg);
  else if (!strcmp(op, "limit")) limit();
  else if (!strcmp(op, "gone")) munmap(reporter, 4096);
  else if (!strcmp(op, "segv")) *nowhere = 1;
  else if (!strcmp(op, "bus")) bus();
  else if (!strcmp(op, "trap")) trap();
  else if (!strcmp(op, "vsyscall")) vsyscall();
  else if (!strcmp(op, "odd-address")) odd_address();
  else if (!strcmp(op, "raise")) raise(atoi(arg));
  else if (!strcmp(op, "abort")) abort();
  else if (!strcmp(op, "put")) { if (write(reporter->fd, arg, strlen(arg)) < 0) fail("put"); }
  else if (!strcmp(op, "seen")) printf("seen %d, %d\n", (int)seen, (int)same_info), fflush(stdout);
  else if (!strcmp(op, "exit")) exit(atoi(arg));
  else printf("no such operation: %s\n", op), exit(9);
}

int main(int argc, char **argv) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  reporter = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (reporter == MAP_FAILED) fail("memory");
  for (int i = 1; i < argc; i++) perform(argv[i]);
  return 0;
}
