/* Policies as text: what the parser makes of each form, that it says where a wrong text is wrong, and that what the
 * printer writes means the same. cc -o test_policy tests/test_policy.c && ./test_policy */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static long mem_live, mem_seen, mem_refuse_at; /* blocks in use, asked for so far, and the one that is refused */

static void *mem_get(size_t n) {
  void *p = ++mem_seen == mem_refuse_at ? NULL : malloc(n);
  if (p) mem_live++;
  return p;
}

static void *mem_again(void *old, size_t n) {
  void *p = ++mem_seen == mem_refuse_at ? NULL : realloc(old, n);
  if (p && !old) mem_live++;
  return p;
}

static void mem_put(void *p) {
  if (p) mem_live--;
  free(p);
}

#if defined(__linux__)
#include <sys/syscall.h>
static bool sizes_lie; /* statx says that a file is empty, as it does in /proc */

static bool hook(long nr, const long args[6], long *result) {
  if (nr != SYS_statx || !sizes_lie) return false;
  *result = syscall(nr, args[0], args[1], args[2], args[3], args[4]);
  memset((char *)args[4] + 40, 0, 8); /* stx_size */
  return true;
}
#define JAILER_SYS_HOOK hook
#endif

#define JAILER_MALLOC(size) mem_get(size)
#define JAILER_REALLOC(p, size) mem_again(p, size)
#define JAILER_FREE(p) mem_put(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define X86 JAILER_ARCH_X86_64
#define ARM JAILER_ARCH_AARCH64
#define RISCV JAILER_ARCH_RISCV64
#define ALLOW JAILER_ANSWER_ALLOW
#define KILL JAILER_ANSWER_KILL_PROCESS
#define THREAD JAILER_ANSWER_KILL_THREAD
#define TRAP JAILER_ANSWER_TRAP
#define LOG JAILER_ANSWER_LOG
#define NOTIFY JAILER_ANSWER_NOTIFY
#define ERR JAILER_ANSWER_ERRNO
#define HIGH ((uint64_t)1 << 32)

static jailer_error err;

/* --- texts and files of these tests --- */

static struct {
  const char *path, *text;
} const files[] = {{"/p/one", "read: 1\n"},
                   {"dir/a", "@include ./b\nwrite: 1"},
                   {"dir/b", "@include ./c/c\nclose: 1"},
                   {"dir/c/c", "dup: 1"},
                   {"/loop", "read: 1\n@include /loop"},
                   {"/ping", "@include ./pong"},
                   {"/pong", "# there\n  @include /ping"},
                   {"/bad", "read: 1\nwrite: 2\n"},
                   {"/deny", "@denylist\nptrace: return 1"},
                   {"/twice", "@include /one\n@include /one"},
                   {"/one", "# nothing"},
                   {"/default", "@default trap"},
                   {"/often", "read: 7\nwrite[arch=arm64]: 9\nread: 0x10 # twice\n\nnewcall?: 3\nclose: 4294967295"},
                   {"/often_bad", "read: 7\n@include /one"}};

static jailer_code from_memory(void *user, const char *path, char *text, size_t size, size_t *length,
                               jailer_error *e) {
  unsigned n = 0;
  ++*(int *)user;
  if (sscanf(path, "/deep/%u", &n) == 1) return *length = (size_t)sprintf(text, "@include ./%u", n + 1), JAILER_OK;
  if (!strcmp(path, "/lies")) return *length = size + 1, JAILER_OK;
  if (!strcmp(path, "/mute")) return JAILER_E_DENIED;
  if (!strcmp(path, "/odd")) return (jailer_code)77;
  if (!strcmp(path, "/large")) return memset(text, '\n', size), *length = size, JAILER_OK;
  for (size_t i = 0; i < COUNT(files); i++) {
    if (strcmp(files[i].path, path)) continue;
    *length = strlen(files[i].text);
    memcpy(text, files[i].text, *length);
    return JAILER_OK;
  }
  return jl_fail(e, JAILER_E_NOT_FOUND, JAILER_LAYER_NONE, "test", path, ENOENT, "there is no such file");
}

static int includes; /* how often it was asked */

static jailer_code parse_named(const char *name, const char *text, size_t length, jailer_arch arch, jailer_policy **out) {
  const jailer_policy_source source = {name, text, length, from_memory, &includes};
  memset(&err, 0, sizeof err);
  *out = (jailer_policy *)(void *)&err;
  return jailer_policy_parse(&source, arch, out, &err);
}

static jailer_code parse(const char *text, jailer_arch arch, jailer_policy **out) {
  return parse_named("t.policy", text, strlen(text), arch, out);
}

static uint32_t ask(const jailer_policy *p, jailer_arch arch, const char *call, const uint64_t args[6]) {
  const int number = jailer_call_number(arch, call);
  return jailer_policy_answer(p, arch, number < 0 ? 1023 : (uint32_t)number, args);
}

/* --- what texts mean --- */

typedef struct meaning {
  const char *text, *call;
  uint64_t args[6];
  uint32_t answer;
} meaning;

static const meaning meanings[] = {
    {"", "read", {0}, KILL},
    {"\n\n  # nothing\n\t\n", "read", {0}, KILL},
    {"# caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8d\nread: 1", "read", {0}, ALLOW},
    {"read: 1", "read", {0}, ALLOW},
    {"read: 1", "write", {0}, KILL},
    {"read:1", "read", {0}, ALLOW},
    {"  read\t:  1  # yes\r\n", "read", {0}, ALLOW},
    {"read: 0x1", "read", {0}, ALLOW},
    {"read: allow", "read", {0}, ALLOW},
    {"read: log", "read", {0}, LOG},
    {"read: user-notify", "read", {0}, NOTIFY},
    {"read: kill\n@default trap", "read", {0}, KILL},
    {"read: kill-process\n@default trap", "read", {0}, KILL},
    {"read: kill-thread", "read", {0}, THREAD},
    {"read: trap", "read", {0}, TRAP},
    {"read: trap 65535", "read", {0}, TRAP | 65535},
    {"read: return 1", "read", {0}, ERR(1)},
    {"read: return EPERM", "read", {0}, ERR(1)},
    {"read: return ENOTSUP", "read", {0}, ERR(95)},
    {"read: return 4095", "read", {0}, ERR(4095)},
    {"kill: 1", "kill", {0}, ALLOW},
    {"_sysctl: 1", "_sysctl", {0}, ALLOW},
    {"read: \\\n 1", "read", {0}, ALLOW},
    {"read\\\n:\\\r\n1\\\n\n", "read", {0}, ALLOW},
    {"read: 1\r\nwrite: 1\r\n", "write", {0}, ALLOW},
    {"@default kill-thread", "read", {0}, THREAD},
    {"@default allow", "read", {0}, ALLOW},
    {"@default return ENOSYS\n@default return 38", "read", {0}, ERR(38)},
    {"@default trap\n@unknown return ENOSYS", "no such call", {0}, ERR(38)},
    {"@default trap\n@unknown return ENOSYS", "read", {0}, TRAP},
    {"@default trap", "no such call", {0}, TRAP},
    {"@denylist\nread: return 5", "read", {0}, ERR(5)},
    {"@denylist\nread: return 5", "write", {0}, ALLOW},
    {"@denylist\nread: { arg0 == 1; kill }", "read", {1}, KILL},
    {"@denylist\nread: { arg0 == 1; kill }", "read", {2}, ALLOW},
    {"@denylist\n@include /deny", "ptrace", {0}, ERR(1)},
    {"@default allow\n@denylist", "read", {0}, ALLOW},
    {"read: arg0 == 3", "read", {3}, ALLOW},
    {"read: arg0 == 3", "read", {4}, KILL},
    {"read: arg0 == 3", "read", {3 + HIGH}, KILL},
    {"read: arg0[64] == 3", "read", {3 + HIGH}, KILL},
    {"read: arg0[32] == 3", "read", {3 + HIGH}, ALLOW},
    {"read: arg0 [ 32 ] == 3", "read", {3 + HIGH}, ALLOW},
    {"read: arg0 != 3", "read", {3}, KILL},
    {"read: arg0 != 3", "read", {3 + HIGH}, ALLOW},
    {"read: arg0[32] != 3", "read", {3 + HIGH}, KILL},
    {"read: arg1 < 3", "read", {9, 2}, ALLOW},
    {"read: arg1 < 3", "read", {9, 3}, KILL},
    {"read: arg1 < 3", "read", {9, (uint64_t)-1}, KILL},
    {"read: arg2 <= 3", "read", {9, 9, 3}, ALLOW},
    {"read: arg2 <= 3", "read", {9, 9, 4}, KILL},
    {"read: arg3 > 3", "read", {9, 9, 9, 4}, ALLOW},
    {"read: arg3 > 3", "read", {9, 9, 9, 3}, KILL},
    {"read: arg4 >= 3", "read", {0, 0, 0, 0, 3}, ALLOW},
    {"read: arg4 >= 3", "read", {9, 9, 9, 9, 2}, KILL},
    {"read: arg5 == 1", "read", {0, 0, 0, 0, 0, 1}, ALLOW},
    {"read: arg0 & 6", "read", {2}, ALLOW},
    {"read: arg0 & 6", "read", {4 + HIGH}, ALLOW},
    {"read: arg0 & 6", "read", {9}, KILL},
    {"read: arg0 & 0x200000000", "read", {2 * HIGH}, ALLOW},
    {"read: arg0 & 6 == 2", "read", {2}, ALLOW},
    {"read: arg0 & 6 == 2", "read", {11 + HIGH}, ALLOW},
    {"read: arg0 & 6 == 2", "read", {6}, KILL},
    {"read: arg0 & 6 == 0", "read", {HIGH + 1}, ALLOW},
    {"read: arg0 & 2|4 == 2", "read", {10}, ALLOW},
    {"read: arg0 & 2|4\\\n==2", "read", {10}, ALLOW},
    {"read: arg0 & 6 != 0", "read", {4}, ALLOW},
    {"read: arg0 & 0xf0 > 0x20", "read", {0x3f}, ALLOW},
    {"read: arg0 & 0xf0 > 0x20", "read", {0x2f}, KILL},
    {"read: arg0 in 6", "read", {6}, ALLOW},
    {"read: arg0 in 6", "read", {0}, ALLOW},
    {"read: arg0 in 6", "read", {7}, KILL},
    {"read: arg0 in 6", "read", {6 + HIGH}, KILL},
    {"read: arg0[32] in 6", "read", {6 + HIGH}, ALLOW},
    {"read: arg0 in 0", "read", {0}, ALLOW},
    {"read: arg0 in 0", "read", {HIGH}, KILL},
    {"read: arg0 & ~0", "read", {HIGH}, ALLOW},
    {"read: arg0[32] & 0xffffffff == 7", "read", {HIGH + 7}, ALLOW},
    {"read: arg0 in ~4", "read", {3 + HIGH}, ALLOW},
    {"read: arg0 in ~4", "read", {4}, KILL},
    {"read: arg0 == ~0", "read", {UINT64_MAX}, ALLOW},
    {"read: arg0[32] == ~0", "read", {UINT32_MAX}, ALLOW},
    {"read: arg0 == -1", "read", {UINT64_MAX}, ALLOW},
    {"read: arg0[32] == -1", "read", {UINT32_MAX}, ALLOW},
    {"read: arg0 == -9223372036854775808", "read", {(uint64_t)1 << 63}, ALLOW},
    {"read: arg0[32] == -2147483648", "read", {(uint64_t)1 << 31}, ALLOW},
    {"read: arg0 == 18446744073709551615", "read", {UINT64_MAX}, ALLOW},
    {"read: arg0 == 0XfFfFfFfFfFfFfFfF", "read", {UINT64_MAX}, ALLOW},
    {"read: arg0 == 0777", "read", {0777}, ALLOW},
    {"read: arg0 == 00", "read", {0}, ALLOW},
    {"read: arg0 == 1|2|(4|8)", "read", {15}, ALLOW},
    {"read: arg0 == (((((((((((((((( 5 ))))))))))))))))", "read", {5}, ALLOW},
    {"read: arg0 == ~(~1|2)&&arg1==2", "read", {1, 2}, ALLOW},
    {"openat: arg0[32] == AT_FDCWD", "openat", {0xffffff9cu}, ALLOW},
    {"openat: arg0 == AT_FDCWD", "openat", {(uint64_t)-100}, ALLOW},
    {"openat: arg0 == AT_FDCWD", "openat", {0xffffff9cu}, KILL},
    {"mmap: arg2 in ~PROT_EXEC", "mmap", {0, 0, 3}, ALLOW},
    {"mmap: arg2 in ~PROT_EXEC", "mmap", {0, 0, 7}, KILL},
    {"mmap: arg3 == MAP_PRIVATE|MAP_ANONYMOUS", "mmap", {0, 0, 0, 0x22}, ALLOW},
    {"read: arg0 == 1 || arg0 == 2", "read", {2}, ALLOW},
    {"read: arg0 == 1 || arg0 == 2", "read", {3}, KILL},
    {"read: arg0 == 1 && arg1 == 2", "read", {1, 2}, ALLOW},
    {"read: arg0 == 1 && arg1 == 2", "read", {1, 3}, KILL},
    {"read: arg0 == 1 || arg0 & 4 && arg2 in ~2", "read", {4, 0, 4}, ALLOW},
    {"read: arg0 == 1 || arg0 & 4 && arg2 in ~2", "read", {4, 0, 6}, KILL},
    {"read: arg0 == 1; return EBADF", "read", {1}, ALLOW},
    {"read: arg0 == 1; return EBADF", "read", {2}, ERR(9)},
    {"{read, write}: 1", "write", {0}, ALLOW},
    {"{ read,write }: arg0 == 1; return 5", "write", {0}, ERR(5)},
    {"{read}: 1", "read", {0}, ALLOW},
    {"read: {1}", "read", {0}, ALLOW},
    {"read: { arg0 == 1 }", "read", {1}, ALLOW},
    {"read: { arg0 == 1; kill-thread, arg0 < 9; return 4, allow }", "read", {1}, THREAD},
    {"read: { arg0 == 1; kill-thread, arg0 < 9; return 4, allow }", "read", {2}, ERR(4)},
    {"read: { arg0 == 1; kill-thread, arg0 < 9; return 4, allow }", "read", {9}, ALLOW},
    {"read: { arg0 == 1; kill-thread, arg0 < 9; return 4 }", "read", {9}, KILL},
    {"read: { arg0 == 1; 1, log }", "read", {1}, ALLOW},
    {"read: { arg0 == 1; trap 3, log }", "read", {1}, TRAP | 3},
    {"read: arg0 == 1\nread: arg0 == 2", "read", {2}, ALLOW},
    {"read: arg0 == 1\nread: arg0 == 2", "read", {1}, ALLOW},
    {"read: { arg0 == 1; kill-thread }\nwrite: 1\nread: arg0 < 9\nread: return 3", "read", {1}, THREAD},
    {"read: { arg0 == 1; kill-thread }\nwrite: 1\nread: arg0 < 9\nread: return 3", "read", {2}, ALLOW},
    {"read: { arg0 == 1; kill-thread }\nwrite: 1\nread: arg0 < 9\nread: return 3", "read", {10}, ERR(3)},
    {"read[arch=x86_64]: 1", "read", {0}, ALLOW},
    {"read[arch=arm64]: 1", "read", {0}, KILL},
    {"read[arch=aarch64,x86_64]: 1", "read", {0}, ALLOW},
    {"mmap2[arch=arm]: 1\nread: 1", "read", {0}, ALLOW},
    {"{mmap2[arch=arm], read}: 1", "read", {0}, ALLOW},
    {"read[weight=5]: 1", "read", {0}, ALLOW},
    {"read[arch=x86_64;weight=5]: 1", "read", {0}, ALLOW},
    {"read[ weight = 5 ; arch = x86 ]: 1", "read", {0}, KILL},
    {"read?: 1", "read", {0}, ALLOW},
    {"read?[arch=x86_64]: 1", "read", {0}, ALLOW},
    {"newcall?: 1", "no such call", {0}, KILL},
    {"{newcall?, read}: 1", "read", {0}, ALLOW},
    {"read: arg0 == NEWNAME? || arg0 == 2", "read", {2}, ALLOW},
    {"read: arg0 == NEWNAME? || arg0 == 2", "read", {0}, KILL},
    {"read: arg0 == 1 && arg1 == NEWNAME?", "read", {1, 0}, KILL},
    {"read: arg0 in 1|NEWNAME?", "read", {1}, KILL},
    {"read: arg0 == AF_UNIX?", "read", {1}, ALLOW},
    {"read: arg0 == NEWNAME?; return 7", "read", {0}, ERR(7)},
    {"mmap: arg3 & MAP_32BIT", "mmap", {0, 0, 0, 0x40}, ALLOW},
    {"riscv_hwprobe: arg0 == 5", "read", {0}, KILL},
    {"@include /p/one", "read", {0}, ALLOW},
    {"@include /p/one # and a comment\nwrite: 1", "write", {0}, ALLOW},
    {"@include ./dir/a", "dup", {0}, ALLOW},
    {"@include /twice", "dup", {0}, KILL},
    {"@include /default\n", "read", {0}, TRAP},
    {"@frequency /often\nread: 1", "read", {0}, ALLOW},
    {"@frequency /often", "read", {0}, KILL},
};

static void meaning_rows(void) {
  for (size_t i = 0; i < COUNT(meanings); i++) {
    const meaning *m = &meanings[i];
    jailer_policy *p = NULL;
    char line[1024] = "";
    const jailer_code code = parse(m->text, X86, &p);
    if (code) jailer_error_text(&err, line, sizeof line);
    const uint32_t got = code ? 0xeeeeeeeeu : ask(p, X86, m->call, m->args);
    char shown[200];
    size_t n = 0;
    for (const char *t = m->text; *t && n < sizeof shown - 1; t++) shown[n++] = *t >= 32 && *t < 127 ? *t : ' ';
    shown[n] = 0;
    OK(got == m->answer, "%s(%#llx): %#x by %s", m->call, (unsigned long long)m->args[0], m->answer, shown);
    if (got != m->answer) printf("# %#x %s\n", got, line);
    jailer_policy_free(p);
  }
}

/* --- what is wrong, and where --- */

typedef struct wrong {
  const char *text;
  size_t length;
  jailer_code code;
  uint32_t line, column;
} wrong;

#define T(text) text, sizeof(text) - 1
#define F JAILER_E_FORMAT
#define N JAILER_E_NOT_FOUND
#define C JAILER_E_CONFLICT
#define V JAILER_E_INVALID
#define L JAILER_E_LIMIT

static const wrong wrongs[] = {
    /* bytes */
    {T("\0"), F, 1, 1},
    {T("read: 1\0"), F, 1, 8},
    {T("re\0ad: 1"), F, 1, 3},
    {T("read: 1 # \0"), F, 1, 11},
    {T("\xef\xbb\xbfread: 1"), F, 1, 1},
    {T("read: 1\n\xc3\xa9: 1"), F, 2, 1},
    {T("# \xc3"), F, 1, 3},
    {T("# \xc3("), F, 1, 3},
    {T("# \xc0\xaf"), F, 1, 3},
    {T("# \xe0\x80\xaf"), F, 1, 3},
    {T("# \xed\xa0\x80"), F, 1, 3},
    {T("# \xe0\x82\xa9"), F, 1, 3},
    {T("# \xf0\x82\x82\xac"), F, 1, 3},
    {T("# \xf4\x90\x80\x80"), F, 1, 3},
    {T("# \xff"), F, 1, 3},
    {T("# \x80"), F, 1, 3},
    {T("# ok \xe2\x80\xae: 1"), F, 1, 6},
    {T("# ok \xe2\x81\xa6"), F, 1, 6},
    {T("# ok \xef\xbb\xbf"), F, 1, 6},
    {T("# \xc2\x85"), F, 1, 3},
    {T("# \x1b[31m"), F, 1, 3},
    {T("# \x7f"), F, 1, 3},
    {T("read: 1\rwrite: 1"), F, 1, 8},
    {T("read: 1\r"), F, 1, 8},
    {T("# a\rb"), F, 1, 4},
    {T("read:\f1"), F, 1, 6},
    {T("read: \v1"), F, 1, 7},
    {T("read: 1\x7f"), F, 1, 8},
    {T("read: \"1\""), F, 1, 7},
    {T("read: '1'"), F, 1, 7},
    {T("read: $x"), F, 1, 7},
    {T("read: !(arg0 == 1)"), F, 1, 7},
    {T("read: arg0 ^ 1"), F, 1, 12},
    {T("read: arg0 == 1 + 1"), F, 1, 17},
    {T("%read: 1"), F, 1, 1},
    /* lines and comments */
    {T("read: \\ \n1"), F, 1, 7},
    {T("read: \\1"), F, 1, 7},
    {T("read: 1\\"), F, 1, 8},
    {T("read: 1 \\\n"), F, 1, 9},
    {T("read: 1 \\\r\n"), F, 1, 9},
    {T("\\"), F, 1, 1},
    {T("# comment \\\nread: 1"), F, 1, 11},
    {T("# comment \\\r\nread: 1"), F, 1, 11},
    {T("# comment\\"), F, 1, 10},
    {T("read: # 1 \\\n1"), F, 1, 11},
    {T("read:\n1"), F, 1, 6},
    {T("read\n: 1"), F, 1, 5},
    {T("\n\nread: \\\n  arg0 == 1 ||\\\n # rest\n"), F, 5, 8},
    {T("read: arg0 == 1 || \\\n\nwrite: 1"), F, 2, 1},
    {T("read: {1\n}"), F, 1, 9},
    {T("read: 1 write: 1"), F, 1, 9},
    {T("read: 1;"), F, 1, 8},
    {T("read: 1 1"), F, 1, 9},
    {T("read: allow return 1"), F, 1, 13},
    {T("read: return 1 2"), F, 1, 16},
    /* calls */
    {T(": 1"), F, 1, 1},
    {T("= 1"), F, 1, 1},
    {T("0: 1"), F, 1, 1},
    {T("-1: 1"), F, 1, 1},
    {T("read"), F, 1, 5},
    {T("read 1"), F, 1, 6},
    {T("read = 1"), F, 1, 6},
    {T("read, write: 1"), F, 1, 5},
    {T("raed: 1"), N, 1, 1},
    {T("READ: 1"), N, 1, 1},
    {T("read: 1\n writ: 1"), N, 2, 2},
    {T("read_: 1"), N, 1, 1},
    {T("rea: 1"), N, 1, 1},
    {T("read-: 1"), N, 1, 1},
    {T("read@group: 1"), N, 1, 1},
    {T("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: 1"), N, 1, 1},
    {T("newcall: 1"), N, 1, 1},
    {T("newcall??: 1"), F, 1, 9},
    {T("read[arch=x86_64]?: 1"), F, 1, 18},
    {T("{read, raed}: 1"), N, 1, 8},
    {T("{}: 1"), F, 1, 2},
    {T("{read,}: 1"), F, 1, 7},
    {T("{read write}: 1"), F, 1, 7},
    {T("{read: 1"), F, 1, 6},
    {T("{read, write"), F, 1, 13},
    {T("{read, read}: 1"), C, 1, 8},
    {T("{{read}}: 1"), F, 1, 2},
    {T("read}: 1"), F, 1, 5},
    {T("allow: 1"), N, 1, 1},
    {T("arg0: 1"), N, 1, 1},
    /* attributes */
    {T("read[]: 1"), F, 1, 6},
    {T("read[arch]: 1"), F, 1, 10},
    {T("read[arch=]: 1"), F, 1, 11},
    {T("read[arch=x86_64: 1"), F, 1, 17},
    {T("read[arch=x86_64,]: 1"), F, 1, 18},
    {T("read[arch=x86_64;]: 1"), F, 1, 18},
    {T("read[arch==x86_64]: 1"), F, 1, 10},
    {T("read[arch=x86-64]: 1"), N, 1, 11},
    {T("read[arch=amd64]: 1"), N, 1, 11},
    {T("read[os=linux]: 1"), N, 1, 6},
    {T("read[arch=arm;arch=x86_64]: 1"), C, 1, 15},
    {T("read[weight=x]: 1"), F, 1, 13},
    {T("read[weight=-1]: 1"), L, 1, 13},
    {T("read[weight=4294967296]: 1"), L, 1, 13},
    {T("read[weight=1;weight=1]: 1"), C, 1, 15},
    {T("read[32]: 1"), F, 1, 6},
    {T("read[arch=x86_64][weight=1]: 1"), F, 1, 18},
    /* answers */
    {T("read:"), F, 1, 6},
    {T("read: # 1"), F, 1, 10},
    {T("read: 0"), F, 1, 7},
    {T("read: 2"), F, 1, 7},
    {T("read: -1"), F, 1, 7},
    {T("read: yes"), F, 1, 7},
    {T("read: Allow"), F, 1, 7},
    {T("read: errno"), F, 1, 7},
    {T("read: kill-everything"), F, 1, 7},
    {T("read: trace"), V, 1, 7},
    {T("read: trap 65536"), V, 1, 12},
    {T("read: trap -1"), V, 1, 12},
    {T("read: trap x"), F, 1, 12},
    {T("read: kill 9"), F, 1, 12},
    {T("read: return"), F, 1, 13},
    {T("read: return 0"), V, 1, 14},
    {T("read: return -1"), V, 1, 14},
    {T("read: return 4096"), V, 1, 14},
    {T("read: return EPREM"), N, 1, 14},
    {T("read: return eperm"), N, 1, 14},
    {T("read: return AF_UNIX"), N, 1, 14},
    {T("read: return EPERM|1"), F, 1, 19},
    {T("read: return (1)"), F, 1, 14},
    {T("read: return ~1"), F, 1, 14},
    /* conditions */
    {T("read: arg0"), F, 1, 11},
    {T("read: arg0 1"), F, 1, 12},
    {T("read: arg0 = 1"), F, 1, 12},
    {T("read: arg0 in"), F, 1, 14},
    {T("read: arg0 ~1"), F, 1, 12},
    {T("read: arg0 out 1"), F, 1, 12},
    {T("read: arg0 in-1"), F, 1, 12},
    {T("read: arg0 =="), F, 1, 14},
    {T("read: arg0 == =="), F, 1, 15},
    {T("read: arg0 == arg1"), N, 1, 15},
    {T("read: arg0 === 1"), F, 1, 14},
    {T("read: arg6 == 1"), V, 1, 7},
    {T("read: arg9 == 1"), V, 1, 7},
    {T("read: arg00 == 1"), V, 1, 7},
    {T("read: arg10 == 1"), V, 1, 7},
    {T("read: arg == 1"), F, 1, 7},
    {T("read: argx == 1"), F, 1, 7},
    {T("read: Arg0 == 1"), F, 1, 7},
    {T("read: 1 == arg0"), F, 1, 9},
    {T("read: arg0 == 1 &&"), F, 1, 19},
    {T("read: arg0 == 1 ||"), F, 1, 19},
    {T("read: && arg0 == 1"), F, 1, 7},
    {T("read: arg0 == 1 && && arg1 == 1"), F, 1, 20},
    {T("read: arg0 == 1 || 1"), F, 1, 20},
    {T("read: arg0 == 1 || return 1"), F, 1, 20},
    {T("read: (arg0 == 1)"), F, 1, 7},
    {T("read: arg0 == 1 arg1 == 2"), F, 1, 17},
    {T("read: arg0 == 1 == 1"), F, 1, 17},
    {T("read: arg0 in 1 == 1"), F, 1, 17},
    {T("read: arg0 & 3 == 1 == 1"), F, 1, 21},
    {T("read: arg0 & 3 & 1"), F, 1, 16},
    {T("read: arg0 & 3==1"), F, 1, 15},
    {T("read: arg0 & (3)!= 1"), F, 1, 17},
    {T("read: arg0 == 1 & 1"), F, 1, 17},
    {T("read: arg0[] == 1"), F, 1, 12},
    {T("read: arg0[16] == 1"), V, 1, 12},
    {T("read: arg0[-32] == 1"), V, 1, 12},
    {T("read: arg0[32 == 1"), F, 1, 15},
    {T("read: arg0[int] == 1"), F, 1, 12},
    {T("read: arg0[32]"), F, 1, 15},
    {T("read: arg0:32 == 1"), F, 1, 11},
    {T("read: arg0[32] == 1[32]"), F, 1, 20},
    /* values */
    {T("read: arg0 == 0x"), F, 1, 15},
    {T("read: arg0 == 0xg"), F, 1, 15},
    {T("read: arg0 == 08"), F, 1, 15},
    {T("read: arg0 == 0779"), F, 1, 15},
    {T("read: arg0 == 12a"), F, 1, 15},
    {T("read: arg0 == 0b11"), F, 1, 15},
    {T("read: arg0 == 1u"), F, 1, 15},
    {T("read: arg0 == 1_000"), F, 1, 15},
    {T("read: arg0 == - 1"), F, 1, 15},
    {T("read: arg0 == --1"), F, 1, 15},
    {T("read: arg0 == 18446744073709551616"), L, 1, 15},
    {T("read: arg0 == 0x10000000000000000"), L, 1, 15},
    {T("read: arg0 == 99999999999999999999999999999999"), L, 1, 15},
    {T("read: arg0 == -9223372036854775809"), L, 1, 15},
    {T("read: arg0[32] == 4294967296"), L, 1, 19},
    {T("read: arg0[32] == -2147483649"), L, 1, 19},
    {T("read: arg0[32] & 0x100000000"), L, 1, 18},
    {T("read: arg0[32] & CLONE_CLEAR_SIGHAND"), L, 1, 18},
    {T("read: arg0 == AF_UNIXX"), N, 1, 15},
    {T("read: arg0 == 1|AF_UNIXX"), N, 1, 17},
    {T("read: arg0 == af_unix"), N, 1, 15},
    {T("read: arg0 == NEWNAME??"), F, 1, 23},
    {T("read: arg0 == ?"), F, 1, 15},
    {T("read: arg0 == ~"), F, 1, 16},
    {T("read: arg0 == ~~1"), F, 1, 16},
    {T("read: arg0 == 1|"), F, 1, 17},
    {T("read: arg0 == |1"), F, 1, 15},
    {T("read: arg0 == (1"), F, 1, 17},
    {T("read: arg0 == (1|2"), F, 1, 19},
    {T("read: arg0 == ()"), F, 1, 16},
    {T("read: arg0 == 1)"), F, 1, 16},
    {T("read: arg0 == ((((((((((((((((( 5 )))))))))))))))))"), L, 1, 31},
    {T("read: { arg0 == NEWNAME?; kill, allow }"), V, 1, 9},
    {T("read: { arg0 == 1 || arg0 == NEWNAME?; return 5, allow }"), V, 1, 9},
    /* always or never so */
    {T("read: arg0 >= 0"), V, 1, 7},
    {T("read: arg0 < 0"), V, 1, 7},
    {T("read: arg0 <= ~0"), V, 1, 7},
    {T("read: arg0 > -1"), V, 1, 7},
    {T("read: arg0[32] > 0xffffffff"), V, 1, 7},
    {T("read: arg0 & 0"), V, 1, 7},
    {T("read: arg0 & 0 == 0"), V, 1, 7},
    {T("read: arg0 in ~0"), V, 1, 7},
    {T("read: arg0[32] in 0xffffffff"), V, 1, 7},
    {T("read: arg0 & 4 == 3"), V, 1, 7},
    {T("read: arg1 == 1 && arg0 & 4 != 3"), V, 1, 20},
    {T("read: arg0 & 6 > 6"), V, 1, 7},
    /* alternatives */
    {T("read: {}"), F, 1, 8},
    {T("read: {,}"), F, 1, 8},
    {T("read: { arg0 == 1; }"), F, 1, 20},
    {T("read: { arg0 == 1: allow }"), F, 1, 18},
    {T("read: { arg0 == 1; allow"), F, 1, 25},
    {T("read: { arg0 == 1; allow,"), F, 1, 26},
    {T("read: { arg0 == 1; allow; kill }"), F, 1, 25},
    {T("read: { { allow } }"), F, 1, 9},
    {T("read: { allow } allow"), F, 1, 17},
    {T("read: { allow, kill }"), C, 1, 16},
    {T("read: { kill, arg0 == 1; allow }"), C, 1, 15},
    {T("read: arg0 == 1; allow"), F, 1, 18},
    {T("read: arg0 == 1; kill"), F, 1, 18},
    {T("read: arg0 == 1;"), F, 1, 17},
    {T("read: arg0 == 1; return"), F, 1, 24},
    {T("read: arg0 == 1; return 1; return 2"), F, 1, 26},
    {T("read: arg0 == 1, kill"), F, 1, 16},
    {T("read: return 1; arg0 == 1"), F, 1, 15},
    /* two statements */
    {T("read: 1\nread: 1"), C, 2, 7},
    {T("read: 1\nread: kill"), C, 2, 7},
    {T("read: 1\n{write, read}: 1"), C, 2, 16},
    {T("read: 1\nread: arg0 == 1"), C, 2, 7},
    {T("read: arg0 == 1; return 1\nread: arg0 == 2"), C, 2, 7},
    {T("read: arg0 == 1\nread: 1\nread: arg0 == 2"), C, 3, 7},
    {T("read: 1\n@include /p/one"), C, 1, 7},
    {T("@default kill\n@default trap"), C, 2, 1},
    {T("@default trap\n@default trap 1"), C, 2, 1},
    {T("@default kill\n@include /default"), C, 1, 1},
    {T("@unknown kill\n@unknown trap"), C, 2, 1},
    {T("@default kill\n@denylist"), C, 2, 1},
    {T("@denylist\n@default kill"), C, 2, 1},
    {T("@denylist\nread: 1"), C, 2, 7},
    {T("@denylist\nread: log"), C, 2, 7},
    {T("@denylist\nread: arg0 == 1"), C, 2, 7},
    {T("@denylist\nread: arg0 == 1; return 1"), C, 2, 7},
    {T("@denylist\nread: { arg0 == 1; return 1, allow }"), C, 2, 9},
    {T("@denylist\nread: { arg0 == 1, kill }"), C, 2, 9},
    {T("read: return 1\n@denylist"), C, 2, 1},
    {T("@include /deny"), C, 1, 1},
    /* directives */
    {T("@"), F, 1, 1},
    {T("@ include /p/one"), F, 1, 1},
    {T("@included /p/one"), F, 1, 1},
    {T("@Include /p/one"), F, 1, 1},
    {T("@default"), F, 1, 9},
    {T("@default 1|2"), F, 1, 11},
    {T("@default maybe"), F, 1, 10},
    {T("@default return 0"), V, 1, 17},
    {T("@default kill kill"), F, 1, 15},
    {T("@default: kill"), F, 1, 9},
    {T("@denylist 1"), F, 1, 11},
    {T("@unknown"), F, 1, 9},
    {T("@include"), F, 1, 9},
    {T("@include # /p/one"), F, 1, 18},
    {T("@include one"), F, 1, 10},
    {T("@include \"/p/one\""), F, 1, 10},
    {T("@include ../one"), F, 1, 10},
    {T("@include ."), F, 1, 10},
    {T("@include ./../one"), F, 1, 10},
    {T("@include /"), F, 1, 10},
    {T("@include ./"), F, 1, 10},
    {T("@include /p/"), F, 1, 10},
    {T("@include /p/../one"), F, 1, 10},
    {T("@include /p/.."), F, 1, 10},
    {T("@include /p/one /p/one"), F, 1, 17},
    {T("@include /p\xc3\xa9"), F, 1, 12},
    {T("@include /nowhere"), N, 1, 10},
    {T("  @include   ./nowhere"), N, 1, 14},
    {T("@include /mute"), JAILER_E_DENIED, 1, 10},
    {T("@include /odd"), V, 1, 10},
    {T("@include /lies"), L, 1, 10},
    {T("@frequency"), F, 1, 11},
    {T("@frequency often"), F, 1, 12},
    {T("@frequency /nowhere"), N, 1, 12},
};

/* FILE:LINE:COLUMN is what the error is about. */
static bool is_at(const char *file, uint32_t line, uint32_t column) {
  char want[256];
  snprintf(want, sizeof want, "%s:%u:%u", file, line, column);
  return !strcmp(err.item, want);
}

static const char *shown(const char *text, size_t length) {
  static char line[120];
  size_t n = 0;
  for (size_t i = 0; i < length && n < sizeof line - 5; i++)
    n += (size_t)snprintf(line + n, 5, text[i] >= 32 && text[i] < 127 && text[i] != '#' && text[i] != '\\' ? "%c" : "<%02x>",
                          (unsigned char)text[i]);
  line[n] = 0;
  return line;
}

static void wrong_rows(void) {
  for (size_t i = 0; i < COUNT(wrongs); i++) {
    const wrong *w = &wrongs[i];
    jailer_policy *p = NULL;
    const char *file = "t.policy";
    const jailer_code code = parse_named("t.policy", w->text, w->length, X86, &p);
    if (strstr(w->text, "read: 1\n@include /p/one")) file = "/p/one";
    if (strstr(w->text, "@include /default")) file = "/default";
    if (!strcmp(w->text, "@include /deny")) file = "/deny";
    if (!OK(code == w->code && err.code == code && p == NULL && err.layer == JAILER_LAYER_SECCOMP && err.message[0] &&
                is_at(file, w->line, w->column),
            "%s at %u:%u: %s", jailer_code_name(w->code), w->line, w->column, shown(w->text, w->length)))
      printf("# %s %s: %s\n", jailer_code_name(code), err.item, err.message);
    if (code == JAILER_OK) jailer_policy_free(p);
    const jailer_policy_source source = {"t.policy", w->text, w->length, from_memory, &includes};
    if (jailer_policy_parse(&source, X86, &p, NULL) != code) OK(0, "the same without a place for the error");
  }
}

/* --- what else an error says --- */

static void error_rows(void) {
  char line[1024], name[600], text[JAILER_ITEM_MAX + 64];
  jailer_policy *p = NULL;
  parse("read: 1\nwrite: 1\n  read: kill\n", X86, &p);
  jailer_error_text(&err, line, sizeof line);
  OK(!strcmp(line, "E_CONFLICT: seccomp: read a policy: t.policy:3:9: read has an answer to all arguments already; this "
                   "would never be reached, at t.policy:1:7"),
     "a conflict says where the other one is");
  parse("read: 1\n@include /p/one", X86, &p);
  OK(is_at("/p/one", 1, 7) && strstr(err.message, "at t.policy:1:7"), "in another file, too");
  parse("@default kill\n@include /default", X86, &p);
  OK(is_at("/default", 1, 1) && strstr(err.message, "at t.policy:1:1"), "and two defaults");
  parse("@include /bad", X86, &p);
  OK(err.code == F && is_at("/bad", 2, 8) && strstr(err.message, "`2`"), "an error in an included file names that file");
  parse("@frequency /often_bad\n", X86, &p);
  OK(err.code == F && is_at("/often_bad", 2, 1), "and one in a file of frequencies");
  parse("@frequency /bad\n", X86, &p);
  OK(err.code == JAILER_OK, "a frequency file is read as one");
  jailer_policy_free(p);
  parse("@include /nowhere/at/all", X86, &p);
  OK(err.sys_errno == ENOENT && strstr(err.message, "/nowhere/at/all: there is no such file"), "what include said is told");
  parse("@include /mute", X86, &p);
  OK(strstr(err.message, "/mute: could not be read"), "or that it said nothing");
  parse_named(NULL, "x", 1, X86, &p);
  OK(is_at("policy", 1, 1), "a text without a name is `policy`");
  memset(name, 'n', sizeof name);
  memcpy(name + sizeof name - 6, "/t.po", 6);
  parse_named(name, "\n\nread: x", 10, X86, &p);
  snprintf(text, sizeof text, "...%s:3:7", name + sizeof name - 1 - 200);
  OK(!strcmp(err.item, text), "of a long name the end is told, and the place in any case");
  for (size_t i = 0; i < sizeof name - 6; i++) name[i] = (char)(128 + i % 100);
  parse_named(name, "\n\nread: x", 10, X86, &p);
  OK(strstr(err.item, "/t.po:3:7") && !strstr(err.item + 3, "..."), "also where every byte is escaped");
  parse("read: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", X86, &p);
  OK(strstr(err.message, "not `abcdefghijklmnopqrstuvwxyzabcdefghijklmn...`"), "a long word is cut");
}

/* --- arguments --- */

static void argument_rows(void) {
  jailer_policy *p = NULL;
  char text[64] = "x";
  size_t n = 7;
  jailer_policy_source source = {"t", "read: 1", 7, NULL, NULL};
  OK(jailer_policy_parse(NULL, X86, &p, &err) == V && err.code == V && !p, "no source");
  OK(jailer_policy_parse(&source, X86, NULL, &err) == V, "no place for the policy");
  OK(jailer_policy_parse(&source, (jailer_arch)9, &p, &err) == JAILER_E_UNSUPPORTED && !p, "no such machine");
  source.text = NULL;
  OK(jailer_policy_parse(&source, X86, &p, &err) == V && !p, "a length without a text");
  source.length = 0;
  OK(jailer_policy_parse(&source, X86, &p, &err) == JAILER_OK && p, "no text is an empty one");
  OK(!strcmp(jailer_policy_name(p), "t"), "a policy has the name of its file");
  OK(jailer_policy_text(NULL, X86, text, sizeof text, &n, &err) == V && n == 0 && !text[0], "nothing to print");
  OK(jailer_policy_text(p, (jailer_arch)-1, text, sizeof text, &n, &err) == JAILER_E_UNSUPPORTED && n == 0, "for no machine");
  OK(jailer_policy_text(p, X86, text, 10, &n, &err) == L && n > 10 && !text[0], "a text that does not fit");
  const size_t needs = n;
  OK(jailer_policy_text(p, X86, NULL, 0, &n, &err) == L && n == needs, "or is only measured");
  char *whole = malloc(needs + 1);
  OK(jailer_policy_text(p, X86, whole, needs, &n, NULL) == L && jailer_policy_text(p, X86, whole, needs + 1, NULL, &err) == JAILER_OK &&
         strlen(whole) == needs,
     "one with room for the NUL fits");
  free(whole);
  jailer_policy_free(p);
  source.text = "@include /p/one";
  source.length = strlen(source.text);
  OK(jailer_policy_parse(&source, X86, &p, &err) == V && is_at("t", 1, 10) && !p, "an include that nobody can read");
  OK(jailer_policy_load(NULL, X86, &p, &err) == V && jailer_policy_load("/", X86, NULL, &err) == V, "no path, no place");
  OK(jailer_policy_load("/", (jailer_arch)4, &p, &err) == JAILER_E_UNSUPPORTED && !p, "a file for no machine");
}

/* --- machines --- */

static void machine_rows(void) {
  static const char text[] = "open: 1\nriscv_hwprobe: 1\nread[arch=arm64]: 1\nwrite[arch=riscv64,x86_64]: 1\n"
                             "arch_prctl[arch=x86_64]: arg3 & MAP_32BIT\nclose: arg0 == O_DIRECT";
  static const uint64_t zero[6], direct[3][6] = {{040000}, {0200000}, {040000}};
  const jailer_arch archs[] = {X86, ARM, RISCV};
  for (int i = 0; i < 3; i++) {
    jailer_policy *p = NULL;
    const jailer_arch a = archs[i];
    OK(parse(text, a, &p) == JAILER_OK, "one text for three machines: %d", i);
    if (!p) continue;
    OK((ask(p, a, "read", zero) == ALLOW) == (a == ARM) && (ask(p, a, "write", zero) == ALLOW) == (a != ARM) &&
           (ask(p, a, "open", zero) == ALLOW) == (a == X86) && (ask(p, a, "riscv_hwprobe", zero) == ALLOW) == (a == RISCV),
       "each has what is meant for it");
    OK(ask(p, a, "close", direct[i]) == ALLOW && ask(p, a, "close", zero) == KILL, "a constant has the machine's value");
    jailer_policy_free(p);
  }
  jailer_policy *p = NULL;
  OK(parse("mmap: arg3 & MAP_32BIT", ARM, &p) == N && is_at("t.policy", 1, 14), "a constant of another machine is unknown");
  OK(parse("open: arg1 == NO_SUCH_NAME", ARM, &p) == N, "in a rule that is for another machine only what no machine knows");
  OK(parse("mmap[arch=x86_64]: arg3 & MAP_32BIT", ARM, &p) == JAILER_OK, "and there it may be used");
  jailer_policy_free(p);
}

/* --- weights --- */

static uint32_t weight_of(const jailer_policy *p, const char *call) {
  const jl_verdict *v = p->of[jl_tab_call_named(call, strlen(call)) - jl_tab_calls];
  return v ? v->weight : 0xffffffffu;
}

static void weight_rows(void) {
  jailer_policy *p = NULL;
  OK(parse("read: 1\n@frequency /often\nwrite: arg0 == 1\ndup[weight=3]: 1\ndup2: 1", X86, &p) == JAILER_OK &&
         weight_of(p, "read") == 23 && weight_of(p, "write") == 0 && weight_of(p, "dup") == 3 && weight_of(p, "dup2") == 0 &&
         weight_of(p, "close") == 0xffffffffu,
     "frequencies are added up, for calls that have a rule");
  jailer_policy_free(p);
  OK(parse("@frequency /often\n@frequency /often\n{close[weight=1], read[weight=9]}: 1", X86, &p) == JAILER_OK &&
         weight_of(p, "close") == 0xffffffffu && weight_of(p, "read") == 55,
     "from every file, up to 2^32 - 1");
  jailer_policy_free(p);
  /* what is asked for most is found with the fewest questions */
  const jailer_arch arch = X86;
  jailer_insn insn[512];
  size_t n = 0;
  OK(parse("read[weight=1000000]: arg0 == 1\nwrite: arg0 == 2\nclose: arg0 == 3\nioctl: arg0 == 4\ndup: arg0 == 5", X86, &p) ==
             JAILER_OK &&
         jailer_policy_compile(p, &arch, 1, insn, 512, &n, &err) == JAILER_OK && n > 10,
     "a policy with weights is compiled");
  jailer_policy_free(p);
}

/* --- the printer --- */

static char printed[1 << 20], again[1 << 20];
static jailer_insn program[2][JAILER_FILTER_MAX];

static uint64_t random_state = 88172645463325252u;
static uint64_t any(void) { /* xorshift: the same numbers everywhere */
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state;
}
static unsigned below(unsigned n) { return (unsigned)(any() >> 33) % n; }

static const char *differs; /* what did */

static bool answers_alike(const jailer_policy *p, const jailer_policy *q, jailer_arch arch, uint32_t number,
                          const uint64_t args[6]) {
  static char text[120];
  const uint32_t a = jailer_policy_answer(p, arch, number, args), b = jailer_policy_answer(q, arch, number, args);
  if (a == b) return true;
  snprintf(text, sizeof text, "call %u(%#llx, %#llx): %#x, then %#x", number, (unsigned long long)args[0],
           (unsigned long long)args[1], a, b);
  differs = text;
  return false;
}

/* Arguments on, beside and across the edge of one condition. */
static uint64_t edge(const jailer_test *t, unsigned which) {
  const uint64_t mask = jl_policy_mask(t);
  switch (which) {
  case 0: return t->value;
  case 1: return t->value + 1;
  case 2: return t->value - 1;
  case 3: return t->value | ~mask;
  case 4: return t->value ^ (mask & (0 - mask));
  case 5: return t->value ^ HIGH;
  case 6: return t->value ^ ((uint64_t)1 << 63);
  case 7: return mask;
  case 8: return ~mask;
  case 9: return ~t->value;
  case 10: return 0;
  default: return any();
  }
}
enum { EDGES = 12 };

static bool edges_alike(const jailer_policy *p, const jailer_policy *q, jailer_arch arch, uint32_t number,
                        const jl_verdict *v) {
  for (uint32_t c = 0; c < v->count; c++) {
    const jailer_clause *clause = &v->clause[c];
    for (uint32_t t = 0; t < clause->test_count; t++)
      for (unsigned which = 0; which < EDGES; which++) {
        uint64_t args[6] = {0};
        for (uint32_t other = 0; other < clause->test_count; other++) {
          const jailer_test *o = &clause->tests[other];
          for (unsigned e = 0; e < EDGES && !jl_policy_holds(o, args[o->arg]); e++) args[o->arg] = edge(o, e);
        }
        if (!answers_alike(p, q, arch, number, args)) return false;
        args[clause->tests[t].arg] = edge(&clause->tests[t], which);
        if (!answers_alike(p, q, arch, number, args)) return false;
      }
  }
  return true;
}

static bool alike(const jailer_policy *p, const jailer_policy *q, jailer_arch arch) {
  static const uint64_t zero[6];
  for (uint32_t n = 0; n < 1024; n++) {
    uint64_t some[6];
    for (int i = 0; i < 6; i++) some[i] = any() >> below(64);
    if (!answers_alike(p, q, arch, n, zero) || !answers_alike(p, q, arch, n, some) ||
        !answers_alike(p, q, arch, JL_POLICY_X32_BIT | n, zero))
      return false;
  }
  if (!answers_alike(p, q, arch, UINT32_MAX, zero)) return false;
  for (size_t i = 0; i < JL_TAB_CALLS; i++) {
    const int16_t number = jl_tab_calls[i].number[arch - 1];
    if (number < 0 || !p->of[i]) continue;
    if (!edges_alike(p, q, arch, (uint32_t)number, p->of[i])) return false;
    if (q->of[i] && !edges_alike(p, q, arch, (uint32_t)number, q->of[i])) return false;
  }
  return true;
}

/* Prints, parses, compares; prints and compiles again: the same text, and the same program. */
static bool survives(const jailer_policy *p, jailer_arch arch) {
  jailer_policy *q = NULL;
  size_t n = 0, m = 0, length[2] = {0, 0};
  differs = "print";
  if (jailer_policy_text(p, arch, printed, sizeof printed, &n, &err)) return false;
  differs = "parse";
  if (parse_named(jailer_policy_name(p), printed, n, arch, &q)) {
    jailer_error_text(&err, again, sizeof again);
    return differs = again, false;
  }
  bool good = alike(p, q, arch);
  if (good && (jailer_policy_text(q, arch, again, sizeof again, &m, &err) || strstr(again, "@default") == NULL)) {
    differs = "print again";
    good = false;
  }
  const jailer_code one = jailer_policy_compile(p, &arch, 1, program[0], JAILER_FILTER_MAX, &length[0], NULL);
  const jailer_code two = jailer_policy_compile(q, &arch, 1, program[1], JAILER_FILTER_MAX, &length[1], NULL);
  if (good && (one != two || length[0] != length[1] || memcmp(program[0], program[1], length[0] * sizeof(jailer_insn)))) {
    differs = "the program";
    good = false;
  }
  jailer_policy_free(q);
  return good;
}

static void role_rows(void) {
  static const uint32_t denied[] = {0, TRAP | 9, THREAD, ERR(38)};
  for (int role = 1; role < JAILER_ROLE_COUNT; role++)
    for (int arch = 1; arch < JAILER_ARCH_COUNT; arch++) {
      int bad = 0, count = 0;
      for (unsigned bits = 0; bits < 32; bits++)
        for (size_t d = 0; d < COUNT(denied); d++) {
          jailer_role_options o = {0};
          jailer_policy *p = NULL;
          o.allow_network = (bits & 1) != 0;
          o.allow_userns = (bits & 2) != 0;
          o.allow_exec_memfd = (bits & 4) != 0;
          o.allow_pty = (bits & 8) != 0;
          o.pid = bits & 16 ? 4242 : 0;
          o.denied = denied[d];
          if (jailer_policy_role((jailer_role)role, &o, &p, &err) || !survives(p, (jailer_arch)arch)) {
            if (!bad++) printf("# options %u, denied %#x: %s\n", bits, denied[d], differs);
          }
          count++;
          jailer_policy_free(p);
        }
      OK(bad == 0, "%s on machine %d, %d sets of options: printed and parsed it answers the same",
         jailer_role_name((jailer_role)role), arch, count);
    }
  jailer_policy *p = NULL;
  jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &p, &err);
  jailer_policy_text(p, X86, printed, sizeof printed, NULL, &err);
  OK(strstr(printed, "# policy launch, as it is on x86_64\n@default return ENOSYS\n@unknown return ENOSYS\n") == printed,
     "it begins with what it is");
  OK(strstr(printed, "\n# reads or steers another process\nkcmp: return EPERM\n"), "rules stand under their reason");
  OK(strstr(printed, "\nclone: { \\\n    arg0[32] & 0x7e020000; return EPERM, \\\n    allow }\n"), "alternatives are readable");
  OK(strstr(printed, "\nopen: ") && jailer_policy_text(p, ARM, printed, sizeof printed, NULL, &err) == JAILER_OK &&
         !strstr(printed, "\nopen: "),
     "a machine has its calls, not others'");
  jailer_policy_free(p);
}

/* --- random policies --- */

static uint32_t random_answer(void) {
  static const uint32_t plain[] = {ALLOW, KILL, THREAD, LOG, NOTIFY};
  switch (below(4)) {
  case 0: return ERR(1 + below(below(2) ? 150 : 4095));
  case 1: return TRAP | below(below(2) ? 2 : 65536);
  default: return plain[below(COUNT(plain))];
  }
}

static jailer_test random_test(void) {
  jailer_test t;
  do {
    memset(&t, 0, sizeof t);
    t.arg = (uint8_t)below(6);
    t.bits = below(2) ? 32 : 64;
    t.op = (jailer_op)below(6);
    t.mask = below(2) ? 0 : any() >> below(64);
    t.value = any() >> below(64);
    if (t.bits == 32) t.mask &= UINT32_MAX, t.value &= UINT32_MAX;
    if (t.mask && below(2)) t.value &= t.mask;
  } while (jl_policy_test_wrong(&t));
  return t;
}

static void random_rows(void) {
  static jailer_test tests[64][8][4];
  static jailer_clause clauses[64][8];
  static jailer_rule rules[64];
  int bad = 0;
  for (int round = 0; round < 900; round++) {
    jailer_rules all = {"random", rules, 1 + below(64), random_answer(), random_answer()};
    const size_t first = below(JL_TAB_CALLS);
    for (size_t r = 0; r < all.rule_count; r++) {
      memset(&rules[r], 0, sizeof rules[r]);
      rules[r].call = jl_tab_calls[(first + 7 * r) % JL_TAB_CALLS].name;
      rules[r].otherwise = below(3) ? random_answer() : all.otherwise;
      rules[r].clauses = clauses[r];
      rules[r].clause_count = below(2) ? 0 : below(8);
      rules[r].weight = below(4) ? 0 : (uint32_t)any();
      for (uint32_t c = 0; c < rules[r].clause_count; c++) {
        clauses[r][c].answer = below(2) ? ALLOW : random_answer();
        clauses[r][c].tests = tests[r][c];
        clauses[r][c].test_count = 1 + below(4);
        for (uint32_t t = 0; t < clauses[r][c].test_count; t++) tests[r][c][t] = random_test();
      }
    }
    jailer_policy *p = NULL;
    if (jailer_policy_rules(&all, &p, &err)) {
      if (!bad++) printf("# round %d: %s\n", round, err.message);
      continue;
    }
    if (!survives(p, (jailer_arch)(1 + round % 3)) && !bad++) printf("# round %d: %s\n%s\n", round, differs, printed);
    jailer_policy_free(p);
  }
  OK(bad == 0, "900 random policies survive print and parse");
}

/* --- bounds --- */

static char large[JAILER_POLICY_TEXT_MAX + 1];

/* `head`, then `piece` until the text has at least `size` bytes, then `tail`. */
static size_t fill(const char *head, const char *piece, size_t size, const char *tail) {
  size_t n = strlen(head);
  memcpy(large, head, n);
  for (const size_t one = strlen(piece); n + one + strlen(tail) <= size; n += one) memcpy(large + n, piece, one);
  memcpy(large + n, tail, strlen(tail));
  return n + strlen(tail);
}

static jailer_code parse_large(size_t n) {
  jailer_policy *p = NULL;
  const jailer_code code = parse_named("large", large, n, X86, &p);
  if (code == JAILER_OK) jailer_policy_free(p);
  return code;
}

static void bound_rows(void) {
  enum { MAX = JAILER_POLICY_TEXT_MAX };
  char text[8192];
  size_t n;
  OK(parse_large(fill("", "\n", MAX, "read: 1")) == JAILER_OK, "1 MiB is read");
  OK(parse_large(fill("", "\n", MAX + 1, "read: 1")) == L, "1 MiB and a byte is not");
  OK(parse_large(fill("", "#\xc3\xa9\n", MAX, "")) == JAILER_OK, "a megabyte of comments");
  OK(parse_large(fill("read: 1", " \\\n", MAX, "\n")) == JAILER_OK, "of continued lines");
  OK(parse_large(fill("read: 1", " ", MAX, "\n")) == JAILER_OK, "of blanks");
  OK(parse_large(fill("", "a", MAX, "")) == N && parse_large(fill("read: arg0 == ", "9", MAX, "")) == L &&
         parse_large(fill("read: arg0 == ", "0", MAX, "")) == JAILER_OK,
     "one word, one number");
  OK(parse_large(fill("read: arg0 == ", "1|", MAX, "1")) == JAILER_OK, "one value of half a million terms");
  OK(parse_large(fill("read: arg0 == ", "AF_PPPOX|", 65536 * 9, "1")) == JAILER_OK, "and one of names");
  OK(parse_large(fill("read: arg0 == ", "AF_PPPOX|", MAX, "1")) == L && strstr(err.message, "names"), "of too many names");
  OK(parse_large(fill("{read", ",a?", MAX, "}: 1")) == L && strstr(err.message, "names"), "too many names of calls");
  OK(parse_large(fill("read: arg0 == ", "(", MAX, "1")) == L && parse_large(fill("read: arg0 == ", "~(", MAX, "1")) == L,
     "parentheses, in each other");
  OK(parse_large(fill("read: arg0 == 1", "||arg0==1", MAX, "")) == L && strstr(err.message, "65536"), "conditions without end");
  OK(parse_large(fill("", "{", MAX, "")) == F && parse_large(fill("{read", ",read", MAX, "}: 1")) == C, "calls without end");
  OK(parse_large(fill("", "read: arg0==1\n", 65536 * 14, "")) == JAILER_OK, "statements about one call");
  n = fill("", "{read,write,close,dup,dup2,dup3}: arg0==1\n", MAX, "");
  OK(parse_large(n) == L && strstr(err.message, "65536"), "about several, each with all alternatives");
  n = fill("{read,write,close,dup,dup2,dup3}: arg0==1", "||arg0==1", 2000, "\n");
  char *piece = malloc(n + 1);
  memcpy(piece, large, n);
  piece[n] = 0;
  OK(parse_large(fill("", piece, 49 * n, "")) == JAILER_OK && parse_large(fill("", piece, 51 * n, "")) == L &&
         strstr(err.message, "65536 alternatives"),
     "and those that have to be put together for them");
  free(piece);
  OK(parse_large(fill("", "read[arch=arm]: arg0==1\n", MAX, "")) == JAILER_OK, "about another machine's");
  OK(parse_large(fill("", "@default kill\n", MAX, "")) == JAILER_OK, "one default, many times");
  OK(parse_large(fill("", "@include /one\n", MAX, "")) == L && err.item[0] && strstr(err.message, "256 files"),
     "256 files are the most");
  jailer_policy *p = NULL;
  includes = 0;
  n = fill("", "@include /one\n", 255 * 14, "");
  OK(parse_named("t", large, n, X86, &p) == JAILER_OK && includes == 255, "and may be as many");
  jailer_policy_free(p);
  OK(parse("@include /large\n@include /large\n@include /large\nread: 1", X86, &p) == JAILER_OK, "4 MiB in all");
  jailer_policy_free(p);
  OK(parse("@include /large\n@include /large\n@include /large\n@include /large", X86, &p) == L && is_at("t.policy", 4, 10) &&
         strstr(err.message, "4 MiB"),
     "and no more");
  OK(parse("@include /loop", X86, &p) == F && is_at("/loop", 2, 10) && strstr(err.message, "itself"), "a file that includes itself");
  OK(parse("@include /ping", X86, &p) == F && is_at("/pong", 2, 12), "two that include each other");
  OK(parse("@include /deep/2", X86, &p) == L && is_at("/deep/10", 1, 10) && strstr(err.message, "10 files"),
     "ten files include each other, the eleventh does not");
  memset(text, 'x', sizeof text);
  memcpy(text, "@include /", 10);
  OK(parse_named("t", text, 9 + JAILER_PATH_MAX - 1, X86, &p) == N && parse_named("t", text, 9 + JAILER_PATH_MAX, X86, &p) == L,
     "a path of 4095 bytes, and one of 4096");
}

static void shape_rows(void) {
  static const char *const texts[] = {"read: arg0 in 0 || arg0 == 1 || arg0 == 2 || arg0 == 3 || arg0 == 4",
                                      "read: arg0 & ~0 == 9 || arg0 == 1 || arg0 == 2 || arg0 == 3 || arg0 == 4",
                                      "read: arg1[32] & 0xffffffff == 9 || arg1[32] == 1 || arg1[32] == 2 || arg1[32] == 3"};
  for (size_t i = 0; i < COUNT(texts); i++) {
    jailer_policy *p = NULL;
    OK(parse(texts[i], X86, &p) == JAILER_OK && survives(p, X86), "a mask of every bit is none: %s", texts[i]);
    jailer_policy_free(p);
  }
}

/* --- memory --- */

static void memory_rows(void) {
  static const char text[] = "@include /p/one\n@include ./dir/a\n@frequency /often\nread: arg0 == 1\nioctl: { arg0 == 1 || "
                             "arg1 & 5 == 4 && arg2 in ~3; return 3, arg0 == 9; trap 3, kill }\nioctl: 1";
  const long before = mem_live;
  jailer_policy *p = NULL;
  long refused = 0;
  jailer_code code = JAILER_E_NO_MEMORY;
  bool clean = true;
  const size_t n = fill("@include /p/one\n{write,ioctl}: arg0 == 1", "|| arg1 == 2 && arg2 == 3", 60000, "\nioctl: arg0 == 2");
  for (mem_refuse_at = 1; code == JAILER_E_NO_MEMORY; mem_refuse_at++) {
    mem_seen = 0;
    code = parse_named("t", large, n, X86, &p);
    if (code) clean = clean && err.code == JAILER_E_NO_MEMORY && err.sys_errno == ENOMEM && !p && mem_live == before;
    refused++;
  }
  jailer_policy_free(p);
  OK(code == JAILER_OK && refused > 8 && clean && mem_live == before,
     "parse: each of %ld allocations refused is E_NO_MEMORY and leaves nothing", refused - 1);
  mem_refuse_at = 0;
  OK(parse(text, X86, &p) == C && mem_live == before, "an error leaves nothing");
  OK(parse("@include /loop", X86, &p) == F && mem_live == before, "nor one with files open");
}

#if JL_LINUX

/* --- files --- */

static char tmp[512];

static void bail(const char *what) {
  printf("Bail out! %s: %s\n", what, strerror(errno));
  exit(1);
}

static const char *in(const char *name) { /* a path below tmp; eight live at a time */
  static char ring[8][600];
  static unsigned turn;
  char *to = ring[turn++ % 8];
  snprintf(to, sizeof ring[0], "%s/%s", tmp, name);
  return to;
}

static int fds_open(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static void put(const char *name, const char *text) {
  FILE *f = fopen(in(name), "w");
  if (!f || fputs(text, f) < 0 || fclose(f)) bail(name);
}

static jailer_code load(const char *path, jailer_policy **out) {
  memset(&err, 0, sizeof err);
  return jailer_policy_load(path, X86, out, &err);
}

static void file_rows(void) {
  jailer_policy *p = NULL;
  char path[700], want[800];
  static const uint64_t zero[6];
  const char *base = getenv("TMPDIR");
  snprintf(tmp, sizeof tmp, "%s/jailer-test.XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(tmp)) bail(tmp);
  if (mkdir(in("d"), 0755) || mkdir(in("d/e"), 0755) || mkfifo(in("d/fifo"), 0644)) bail("d");
  put("d/main", "@include ./e/part\n@include ./link\nread: 1\n");
  put("d/e/part", "@include ./beside\nwrite: 1\n");
  put("d/e/beside", "close: 1\n");
  put("d/linked", "dup: 1\n");
  put("d/empty", "");
  if (symlink("linked", in("d/link")) || symlink("nowhere", in("d/dangling")) ||
      symlink("round", in("d/round")))
    bail("symlink");
  const int fds = fds_open();
  OK(load(in("d/main"), &p) == JAILER_OK && ask(p, X86, "read", zero) == ALLOW && ask(p, X86, "write", zero) == ALLOW &&
         ask(p, X86, "close", zero) == ALLOW && ask(p, X86, "dup", zero) == ALLOW && ask(p, X86, "dup2", zero) == KILL,
     "a file with files beside it and below it, one of them a link");
  OK(p && !strcmp(jailer_policy_name(p), "main"), "it has the file's name");
  jailer_policy_free(p);
  OK(load(in("d/empty"), &p) == JAILER_OK, "an empty file");
  jailer_policy_free(p);
  OK(load(in("d/link"), &p) == JAILER_OK, "a link to a file");
  jailer_policy_free(p);
  OK(load(in("nothing"), &p) == N && err.sys_errno == ENOENT && !strcmp(err.item, in("nothing")) && !p, "no file");
  OK(load(in("d/dangling"), &p) == N, "a link to nothing");
  OK(load(in("d/round"), &p) == JAILER_E_UNSAFE && err.sys_errno == ELOOP, "a link to itself");
  OK(load(in("d"), &p) == JAILER_E_UNSAFE, "a directory");
  OK(load(in("d/fifo"), &p) == JAILER_E_UNSAFE, "a FIFO is not waited for");
  OK(load("/dev/null", &p) == JAILER_E_UNSAFE, "a device");
  OK(load(in("d/main/x"), &p) == JAILER_E_UNSAFE && err.sys_errno == ENOTDIR, "something below a file");
  static const struct {
    const char *line, *file;
    jailer_code code;
  } bad[] = {{"@include ./nothing", "nothing", N},      {"@include ./fifo", "fifo", JAILER_E_UNSAFE},
             {"@include ./e", "/e", JAILER_E_UNSAFE},   {"@include ./round", "round", JAILER_E_UNSAFE},
             {"@frequency ./huge", "huge", L},          {"@include ./huge", "huge", L},
             {"@include ./bad", "itself", F},           {"@include ./main/x", "main/x", JAILER_E_UNSAFE},
             {"@include /dev/zero", "/dev/zero", JAILER_E_UNSAFE}};
  put("d/huge", "");
  if (truncate(in("d/huge"), JAILER_POLICY_TEXT_MAX + 1)) bail("huge");
  for (size_t i = 0; i < COUNT(bad); i++) {
    snprintf(path, sizeof path, "# a policy\n  %s", bad[i].line);
    put("d/bad", path);
    snprintf(path, sizeof path, "%s/d/bad", tmp);
    snprintf(want, sizeof want, "%s:2:%d", path, (int)(strchr(bad[i].line, ' ') - bad[i].line) + 4);
    OK(load(path, &p) == bad[i].code && !strcmp(err.item, want) && strstr(err.message, bad[i].file) && !p, "%s: %s", bad[i].line,
       jailer_code_name(bad[i].code));
  }
  OK(load(in("d/huge"), &p) == L, "a file that is too large");
  sizes_lie = true;
  OK(load(in("d/huge"), &p) == L, "also where its size is not told");
  sizes_lie = false;
  if (truncate(in("d/huge"), JAILER_POLICY_TEXT_MAX)) bail("huge");
  OK(load(in("d/huge"), &p) == F && strstr(err.item, "huge:1:1"), "one of 1 MiB is read");
  OK(load("/proc/self/maps", &p) == F || load("/proc/self/maps", &p) == N, "a file that does not say its size is read");
  if (geteuid() != 0) {
    chmod(in("d/empty"), 0);
    OK(load(in("d/empty"), &p) == JAILER_E_DENIED && err.sys_errno == EACCES, "a file that may not be read");
  }
  OK(fds_open() == fds, "no descriptor is left");
  static const char *const made[] = {"d/main", "d/e/part", "d/e/beside", "d/linked", "d/empty", "d/link", "d/dangling",
                                     "d/round", "d/fifo",  "d/bad",      "d/huge"};
  for (size_t i = 0; i < COUNT(made); i++) unlink(in(made[i]));
  rmdir(in("d/e"));
  rmdir(in("d"));
  OK(rmdir(tmp) == 0, "nor a file");
}

/* The files under tests/data/policy, as people write them. */
static void example_rows(void) {
  static const struct {
    const char *file, *call;
    uint64_t args[6];
    uint32_t answer;
  } rows[] = {{"block", "read", {0}, ALLOW},
              {"block", "openat", {0}, ERR(2)},
              {"block", "ioctl", {3, 0x1277}, ALLOW},
              {"block", "ioctl", {3, 0x1277 + HIGH}, ALLOW},
              {"block", "ioctl", {3, 0x1278}, KILL},
              {"block", "mmap", {0, 0, 3}, ALLOW},
              {"block", "mmap", {0, 0, 4}, KILL},
              {"block", "prctl", {15}, ALLOW},
              {"block", "prctl", {16}, ALLOW},
              {"block", "prctl", {1}, KILL},
              {"block", "madvise", {0, 0, 16}, ALLOW},
              {"block", "execve", {0}, KILL},
              {"block", "no such call", {0}, KILL},
              {"net", "execve", {0}, NOTIFY},
              {"net", "no such call", {0}, ERR(38)},
              {"net", "socket", {1 + HIGH, 0x80001}, ALLOW},
              {"net", "socket", {1, 2}, LOG},
              {"net", "socket", {2, 1}, ERR(13)},
              {"net", "socket", {10, 1}, ERR(13)},
              {"net", "socket", {17, 1}, TRAP | 7},
              {"net", "socket", {16, 1}, ERR(97)},
              {"net", "kill", {1, 6}, ALLOW},
              {"net", "tgkill", {1, 1, 9}, ERR(1)},
              {"net", "ioctl", {1, 0x400454d0}, ALLOW},
              {"net", "ioctl", {1, 1}, THREAD},
              {"deny", "ptrace", {0}, ERR(1)},
              {"deny", "process_vm_readv", {0}, KILL},
              {"deny", "ioctl", {0, 0x5412 + HIGH}, ERR(1)},
              {"deny", "ioctl", {0, 0x5413}, ALLOW}};
  const char *last = "";
  jailer_policy *p = NULL;
  for (size_t i = 0; i < COUNT(rows); i++) {
    char path[64], line[1024] = "";
    snprintf(path, sizeof path, "tests/data/policy/%s.policy", rows[i].file);
    if (strcmp(last, rows[i].file)) {
      jailer_policy_free(p);
      p = NULL;
      if (load(path, &p)) jailer_error_text(&err, line, sizeof line);
      OK(p && survives(p, X86), "%s is read, printed and read again %s", path, line);
      jailer_insn insn[JAILER_FILTER_MAX];
      size_t n;
      OK(p && jailer_policy_compile(p, NULL, 0, insn, JAILER_FILTER_MAX, &n, &err) == JAILER_OK, "and compiled");
    }
    last = rows[i].file;
    OK(p && ask(p, X86, rows[i].call, rows[i].args) == rows[i].answer, "%s: %s is answered %#x", rows[i].file, rows[i].call,
       rows[i].answer);
  }
  jailer_policy_free(p);
  OK(load("tests/data/policy/block.policy", &p) == JAILER_OK && weight_of(p, "ioctl") == 9000 && weight_of(p, "futex") == 512,
     "with their frequencies");
  jailer_policy_free(p);
}

static void loaded_memory_rows(void) {
  const long before = mem_live;
  jailer_policy *p = NULL;
  long refused = 0;
  jailer_code code = JAILER_E_NO_MEMORY;
  bool clean = true;
  for (mem_refuse_at = 1; code == JAILER_E_NO_MEMORY; mem_refuse_at++) {
    mem_seen = 0;
    code = load("tests/data/policy/net.policy", &p);
    if (code) clean = clean && !p && mem_live == before;
    refused++;
  }
  OK(code == JAILER_OK && refused > 5 && clean, "load: each of %ld", refused - 1);
  refused = 0;
  code = JAILER_E_NO_MEMORY;
  for (mem_refuse_at = 1; code == JAILER_E_NO_MEMORY; mem_refuse_at++) {
    mem_seen = 0;
    code = jailer_policy_text(p, X86, printed, sizeof printed, NULL, &err);
    if (code) clean = clean && !printed[0];
    refused++;
  }
  mem_refuse_at = 0;
  jailer_policy_free(p);
  OK(code == JAILER_OK && refused > 3 && clean && mem_live == before, "print: each of %ld", refused - 1);
}

static void rows_of_files(void) {
  file_rows();
  example_rows();
  loaded_memory_rows();
}
#else
static void rows_of_files(void) {} /* none is read here */
#endif

int main(void) {
  meaning_rows();
  wrong_rows();
  error_rows();
  argument_rows();
  machine_rows();
  weight_rows();
  bound_rows();
  role_rows();
  random_rows();
  shape_rows();
  memory_rows();
  rows_of_files();
  return tap_done();
}
