/* test_leaks.c: 5,000 launches leave the process and the machine as they were. */
#define _GNU_SOURCE
#include "canary.h"

#include "tap.h"

static long outstanding;
static void *count_malloc(size_t size) { return outstanding++, malloc(size ? size : 1); }
static void *count_realloc(void *p, size_t size) { return outstanding += p == NULL, realloc(p, size); }
static void count_free(void *p) { outstanding -= p != NULL, free(p); }
#define JAILER_MALLOC(size) count_malloc(size)
#define JAILER_REALLOC(p, size) count_realloc(p, size)
#define JAILER_FREE(p) count_free(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

/* A number from a line of a /proc file. */
static long number(const char *path, const char *key) {
  static char text[65536];
  canary_read(path, text, sizeof text);
  const char *at = strstr(text, key);
  return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

static long count_lines(const char *path) {
  FILE *f = fopen(path, "r");
  long n = 0;
  for (int c; f && (c = getc(f)) != EOF;) n += c == '\n';
  if (f) fclose(f);
  return n;
}

static long entries(const char *path) {
  DIR *d = opendir(path);
  long n = 0;
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static int launch(const char *granted, int round) {
  const char *good[] = {canary_program, NULL}, *missing[] = {"/nowhere/at/all", NULL};
  jailer_grant grant = {granted, NULL, JAILER_WRITE, false};
  jailer_config config;
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  memset(&config, 0, sizeof config);
  config.argv = round % 50 == 49 ? missing : good; /* every fiftieth fails at the very end */
  config.grants = &grant;
  config.grant_count = 1;
  config.stdio = JAILER_STDIO_NULL;
  config.allow_network = round % 10 != 0; /* a network namespace takes the kernel long to take down */
  config.with_init = round % 7 == 3;
  jailer_code code = jailer_launch(&config, &proc, &err);
  if (round % 50 == 49) return code == JAILER_E_EXEC;
  if (code) {
    char text[1024];
    jailer_error_text(&err, text, sizeof text);
    printf("# %s\n", text);
    return 0;
  }
  return jailer_wait(&proc, -1, &status, &err) == JAILER_OK && status.exited && status.exit_code == 0;
}

int main(void) {
  canary_state before;
  const int rounds = getenv("JAILER_SANITIZED") ? 1000 : 5000;
  int good = 0;
  canary_setup();
  const char *granted = canary_dir("granted", "word");
  chmod(granted, 0777);
  for (int i = 0; i < 50; i++) launch(granted, i); /* caches of libc and the kernel are warm */
  canary_take(&before);
  long rss = number("/proc/self/status", "VmRSS:"), mounts = count_lines("/proc/mounts"), tmp = entries("/tmp");
  long held = outstanding, fds = number("/proc/sys/fs/file-nr", "");
  for (int i = 0; i < rounds; i++) good += launch(granted, i);
  OK(good == rounds, "%d of %d launches did what they should", good, rounds);
  const char *why = canary_differs(&before);
  OK(!why, "descriptors, children, mounts, files, mappings, masks are as before%s%s", why ? ": " : "", why ? why : "");
  OK(outstanding == held, "no allocation is outstanding (%ld)", outstanding - held);
  long grown = number("/proc/self/status", "VmRSS:") - rss;
  OK(grown < 2048 || getenv("JAILER_SANITIZED"), "resident memory grew by %ld KiB", grown);
  OK(count_lines("/proc/mounts") == mounts, "the mount table has as many lines as before");
  OK(entries("/tmp") <= tmp + 2, "nothing new in /tmp");
  long now = number("/proc/sys/fs/file-nr", "");
  for (int i = 0; i < 100 && now > fds + 400; i++) { /* namespaces are taken down in the background */
    usleep(50000);
    now = number("/proc/sys/fs/file-nr", "");
  }
  OK(now <= fds + 400, "the machine's open files are as many as before (%ld, then %ld)", fds, now);
  canary_remove(canary_scratch);
  return tap_done();
}
