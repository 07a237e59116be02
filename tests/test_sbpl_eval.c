/* test_sbpl_eval: the evaluator of macOS sandbox profiles that the other tests ask (tests/sbpl/eval.scm): small profiles with
 * answers that are publicly known, and malformed ones that it has to refuse. */
#define _GNU_SOURCE
#include "tap.h"

#include "seatbelt.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define START "(version 1)(deny default) "

typedef struct question {
  const char *profile, *op, *about, *answer;
} question;

static const question questions[] = {
    /* nothing is granted, but what came later than (deny default) */
    {START, "file-read-data", "/", "deny"},
    {START, "file-write*", "/a", "deny"},
    {START, "process-exec*", "/bin/sh", "deny"},
    {START, "process-fork", NULL, "deny"},
    {START, "mach-lookup", "com.apple.logd", "deny"},
    {START, "network-outbound", "tcp4:1.2.3.4:80", "deny"},
    {START, "sysctl-read", "hw.ncpu", "deny"},
    {START, "signal", "self", "deny"},
    {START, "file-write-setugid", "/a", "deny"},
    {START, "job-creation", NULL, "deny"},
    {START, "file-link", "/a", "allow"},
    {START, "file-clone", "/a", "allow"},
    {START, "file-map-executable", "/a", "allow"},
    {START, "file-test-existence", "/a", "allow"},
    {START, "process-info-pidinfo", "others", "allow"},
    {START, "process-info*", "others", "allow"},
    {START, "process-info-codesignature", "others", "allow"},
    {START, "nvram-set", "boot-args", "allow"},
    {START, "iokit-get-properties", "IOService", "allow"},
    {START, "socket-ioctl", "AF_INET", "allow"},
    {START, "system-privilege", NULL, "allow"},
    {START, "syscall-unix", NULL, "allow"},
    {START, "dynamic-code-generation", NULL, "allow"},
    {START, "mach-cross-domain-lookup", "x", "allow"},
    {START, "darwin-notification-post", "x", "allow"},
    {START "(deny file*)", "file-link", "/a", "allow"},
    {START "(deny file-link)", "file-link", "/a", "deny"},
    {START "(deny process*)", "process-info-pidinfo", "others", "allow"},
    {START "(deny process-info*)(allow process-info* (target self))", "process-info-pidinfo", "self", "allow"},
    {START "(deny process-info*)(allow process-info* (target self))", "process-info-pidinfo", "others", "deny"},
    {START "(deny process-info*)", "process-info-codesignature", "others", "allow"},
    {START "(deny nvram*)", "nvram-get", "x", "deny"},
    {START "(allow file*)", "file-write-setugid", "/a", "deny"},
    {START "(allow file-write*)", "file-write-setugid", "/a", "deny"},
    {START "(allow file*)", "file-read-xattr", "/a", "allow"},
    /* paths */
    {START "(allow file-read* (literal \"/a/b\"))", "file-read-data", "/a/b", "allow"},
    {START "(allow file-read* (literal \"/a/b\"))", "file-read-data", "/a/b/c", "deny"},
    {START "(allow file-read* (literal \"/a/b\"))", "file-read-data", "/a", "deny"},
    {START "(allow file-read* (literal \"/a/b\"))", "file-read-data", "/A/b", "deny"},
    {START "(allow file-read* (literal \"/a\" \"/b\"))", "file-read-data", "/b", "allow"},
    {START "(allow file-read* (literal \"/a\") (subpath \"/b\"))", "file-read-data", "/b/c", "allow"},
    {START "(allow file-read* (subpath \"/a\"))", "file-read-metadata", "/a", "allow"},
    {START "(allow file-read* (subpath \"/a\"))", "file-read-xattr", "/a/b/c", "allow"},
    {START "(allow file-read* (subpath \"/a\"))", "file-read-data", "/ab", "deny"},
    {START "(allow file-read* (subpath \"/a\"))", "file-read-data", "/", "deny"},
    {START "(allow file-read* (subpath \"/a\"))", "file-write-data", "/a/b", "deny"},
    {START "(allow file-read* (subpath \"/\"))", "file-read-data", "/a/b", "allow"},
    {START "(allow file-read* (prefix \"/a\"))", "file-read-data", "/ab", "allow"},
    {START "(allow file-read* (prefix \"/a/\"))", "file-read-data", "/a", "deny"},
    {START "(allow file-read-metadata (literal \"/a\"))", "file-read*", "/a", "mixed"},
    {START "(allow file-read-metadata (literal \"/a\"))", "file-read-data", "/a", "deny"},
    {START "(allow file-write* (literal \"/a\"))", "file-write*", "/a", "allow"},
    {START "(allow file-write-unlink (literal \"/a\"))", "file-write-create", "/a", "deny"},
    {START "(allow file-read* (literal \"/a\\\"b\\\\c\"))", "file-read-data", "/a\"b\\c", "allow"},
    {START "(allow file-read* (literal \"/\xc3\xa9\"))", "file-read-data", "/\xc3\xa9", "allow"},
    {START "(allow file-read* (literal \"/\xc3\xa9\"))", "file-read-data", "/\xc3", "deny"},
    {START "(allow file-read* (literal \"/a;b\")) ; (allow file-write*)", "file-read-data", "/a;b", "allow"},
    {START "(allow file-read* (literal \"/a;b\")) ; (allow file-write*)", "file-write*", "/a;b", "deny"},
    {START "(allow file-read* (literal \"/a)(allow file-write*\"))", "file-write*", "/a", "deny"},
    {START "(allow file-read* (vnode-type DIRECTORY))", "file-read-data\t/a\tvnode=DIRECTORY", NULL, "allow"},
    {START "(allow file-read* (vnode-type DIRECTORY))", "file-read-data\t/a\tvnode=FIFO", NULL, "deny"},
    {START "(allow file-read* (vnode-type DIRECTORY))", "file-read-data", "/a", "error the query does not say its vnode"},
    /* regular expressions: POSIX extended, on bytes */
    {START "(allow file-read* (regex #\"^/dev/ttys[0-9]+$\"))", "file-read-data", "/dev/ttys012", "allow"},
    {START "(allow file-read* (regex #\"^/dev/ttys[0-9]+$\"))", "file-read-data", "/dev/ttys", "deny"},
    {START "(allow file-read* (regex #\"^/dev/ttys[0-9]+$\"))", "file-read-data", "/dev/ttys1/x", "deny"},
    {START "(allow file-read* (regex #\"^/dev/ttys[0-9]+$\"))", "file-read-data", "/x/dev/ttys1", "deny"},
    {START "(allow file-read* (regex #\"/b\"))", "file-read-data", "/a/b/c", "allow"},
    {START "(allow file-read* (regex #\"^/(a|bc)*d{2,3}$\"))", "file-read-data", "/abcadd", "allow"},
    {START "(allow file-read* (regex #\"^/(a|bc)*d{2,3}$\"))", "file-read-data", "/abcadddd", "deny"},
    {START "(allow file-read* (regex #\"^/(a|bc)*d{2,3}$\"))", "file-read-data", "/abd", "deny"},
    {START "(allow file-read* (regex #\"^/a\\.b[^x-z/]?$\"))", "file-read-data", "/a.bc", "allow"},
    {START "(allow file-read* (regex #\"^/a\\.b[^x-z/]?$\"))", "file-read-data", "/a.by", "deny"},
    {START "(allow file-read* (regex #\"^/a\\.b[^x-z/]?$\"))", "file-read-data", "/axb", "deny"},
    {START "(allow file-read* (regex #\"^/(a*)*b$\"))", "file-read-data", "/aaaaab", "allow"},
    {START "(allow file-read* (regex #\"^/ab*c$\"))", "file-read-data", "/ac", "allow"},
    {START "(allow file-read* (regex #\"^/ab+c$\"))", "file-read-data", "/ac", "deny"},
    {START "(allow file-read* (regex #\"^/a\\|b$\" #\"^/c\"))", "file-read-data", "/a|b", "allow"},
    {START "(allow file-read* (regex #\"^/.$\"))", "file-read-data", "/\xff", "allow"},
    /* filters in filters */
    {START "(allow file-read* (require-all (subpath \"/a\") (require-not (subpath \"/a/b\"))))", "file-read-data", "/a/c", "allow"},
    {START "(allow file-read* (require-all (subpath \"/a\") (require-not (subpath \"/a/b\"))))", "file-read-data", "/a/b/c", "deny"},
    {START "(allow file-read* (require-any (literal \"/a\") (literal \"/b\")))", "file-read-data", "/b", "allow"},
    /* the last that matches; wherever the two ways of weighing rules part, the answer says so */
    {START "(allow file-read* (subpath \"/a\"))(deny file-read* (subpath \"/a/b\"))", "file-read-data", "/a/b/c", "deny"},
    {START "(allow file-read* (subpath \"/a\"))(deny file-read* (subpath \"/a/b\"))", "file-read-data", "/a/c", "allow"},
    {START "(deny file-read* (subpath \"/a/b\"))(allow file-read* (subpath \"/a\"))", "file-read-data", "/a/b/c", "allow"},
    {START "(allow file-read-metadata (literal \"/a\"))(deny file-read* (literal \"/a\"))", "file-read-metadata", "/a", "differs"},
    {START "(deny file-read-data (literal \"/a\"))(allow file-read* (literal \"/a\"))", "file-read-data", "/a", "differs"},
    {START "(allow file-write* (subpath \"/a\"))(deny file-write-unlink (literal \"/a\"))", "file-write-unlink", "/a", "deny"},
    {START "(allow file-write* (subpath \"/a\"))(deny file-write-unlink (literal \"/a\"))", "file-write*", "/a", "mixed"},
    {START "(allow file-read* (literal \"/a\"))(deny file-read*)", "file-read-data", "/a", "differs"},
    {START "(deny file-read*)(allow file-read* (literal \"/a\"))", "file-read-data", "/a", "allow"},
    {START "(allow file-read*)(deny file* (literal \"/a\"))", "file-read-data", "/a", "differs"},
    {START "(allow process-exec (literal \"/a\"))", "process-exec*", "/a", "allow"},
    {START "(allow process-exec* (literal \"/a\"))", "process-exec-interpreter", "/a", "allow"},
    /* sockets */
    {START "(allow network-outbound (literal \"/s\"))", "network-outbound", "unix:/s", "allow"},
    {START "(allow network-outbound (subpath \"/d\"))", "network-outbound", "unix:/d/s", "allow"},
    {START "(allow network-outbound (subpath \"/d\"))", "network-outbound", "unix:/e/s", "deny"},
    {START "(allow network-outbound (subpath \"/d\"))", "network-bind", "unix:/d/s", "deny"},
    {START "(allow network-outbound (subpath \"/d\"))", "network-outbound", "tcp4:1.2.3.4:80", "deny"},
    {START "(allow network-outbound (subpath \"/\"))", "network-outbound", "udp6:::1:53", "deny"},
    {START "(allow network-inbound (literal \"/s\"))", "network-bind", "unix:/s", "allow"},
    {START "(allow network-outbound (remote unix-socket (path-literal \"/s\")))", "network-outbound", "unix:/s", "allow"},
    {START "(allow network-outbound (remote unix-socket (path-literal \"/s\")))", "network-outbound", "unix:/t", "deny"},
    {START "(allow network-outbound (remote unix-socket))", "network-outbound", "unix:/t", "allow"},
    {START "(allow network-outbound (remote unix-socket))", "network-outbound", "tcp4:1.2.3.4:80", "deny"},
    {START "(allow network-outbound (remote ip))", "network-outbound", "tcp6:2001::1:80", "allow"},
    {START "(allow network-outbound (remote ip))", "network-outbound", "unix:/t", "deny"},
    {START "(allow network-outbound)", "network-outbound", "unix:/t", "allow"},
    {START "(allow network-outbound (remote tcp \"*:80\"))", "network-outbound", "tcp4:1.2.3.4:80", "allow"},
    {START "(allow network-outbound (remote tcp \"*:80\"))", "network-outbound", "tcp4:1.2.3.4:81", "deny"},
    {START "(allow network-outbound (remote tcp \"*:80\"))", "network-outbound", "udp4:1.2.3.4:80", "deny"},
    {START "(allow network-outbound (remote ip4))", "network-outbound", "udp6:::1:80", "deny"},
    {START "(allow network-outbound (remote ip \"localhost:*\"))", "network-outbound", "tcp4:127.0.0.1:5", "allow"},
    {START "(allow network-outbound (remote ip \"localhost:*\"))", "network-outbound", "tcp4:10.0.0.1:5", "deny"},
    {START "(allow network-inbound (local ip))", "network-bind", "tcp4:0.0.0.0:80", "allow"},
    {START "(allow network-bind (local ip))", "network-inbound", "tcp4:0.0.0.0:80", "deny"},
    {START "(allow network*)", "network-inbound", "tcp4:0.0.0.0:80", "allow"},
    {START "(allow system-socket (require-all (socket-domain AF_SYSTEM) (socket-protocol 2)))", "system-socket\tAF_SYSTEM\tprotocol=2", NULL,
     "allow"},
    {START "(allow system-socket (socket-domain AF_ROUTE))", "system-socket", "AF_SYSTEM", "deny"},
    /* names */
    {START "(allow mach-lookup (global-name \"com.apple.a\" \"com.apple.b\"))", "mach-lookup", "com.apple.b", "allow"},
    {START "(allow mach-lookup (global-name \"com.apple.a\"))", "mach-lookup", "com.apple.ab", "deny"},
    {START "(allow mach-lookup (global-name \"com.apple.a\"))", "mach-register", "com.apple.a", "deny"},
    {START "(allow mach-lookup (global-name-prefix \"com.apple.\"))", "mach-lookup", "com.apple.ab", "allow"},
    {START "(allow mach-lookup (global-name-regex #\"^com\\.apple\\.[a-z]+$\"))", "mach-lookup", "com.apple.ab", "allow"},
    {START "(allow mach-lookup)", "mach-lookup", "x", "allow"},
    {START "(allow mach*)", "mach-priv-task-port", "others", "allow"},
    {START "(allow sysctl-read (sysctl-name \"hw.ncpu\"))", "sysctl-read", "hw.ncpu", "allow"},
    {START "(allow sysctl-read (sysctl-name \"hw.ncpu\"))", "sysctl-write", "hw.ncpu", "deny"},
    {START "(allow sysctl-read (sysctl-name-prefix \"hw.\"))", "sysctl-read", "hw.ncpu", "allow"},
    {START "(allow sysctl-read (sysctl-name-prefix \"hw.\"))", "sysctl-read", "kern.hw.x", "deny"},
    {START "(allow ipc-posix-shm-read-data (ipc-posix-name \"apple.shm\"))", "ipc-posix-shm-read-data", "apple.shm", "allow"},
    {START "(allow ipc-posix-shm-read-data (ipc-posix-name \"apple.shm\"))", "ipc-posix-shm-write-data", "apple.shm", "deny"},
    {START "(allow ipc-posix-shm (ipc-posix-name \"a\"))", "ipc-posix-shm-write-create", "a", "allow"},
    {START "(allow iokit-open (iokit-user-client-class \"RootDomainUserClient\"))", "iokit-open-user-client", "RootDomainUserClient", "allow"},
    {START "(allow iokit-open (iokit-user-client-class \"RootDomainUserClient\"))", "iokit-open*", "AppleHV", "deny"},
    {START "(allow iokit-open (iokit-registry-entry-class \"A\"))", "iokit-set-properties", "A", "deny"},
    {START "(allow signal (target self))", "signal", "self", "allow"},
    {START "(allow signal (target self))", "signal", "others", "deny"},
    {START "(allow signal (target self same-sandbox))", "signal", "same-sandbox", "allow"},
    {START "(allow file-ioctl (extension \"com.apple.sandbox.pty\"))", "file-ioctl", "/dev/ttys1", "deny"},
    {START "(allow file-ioctl (extension \"com.apple.sandbox.pty\"))", "file-ioctl\t/dev/ttys1\textension=com.apple.sandbox.pty", NULL, "allow"},
    {START "(allow file-ioctl)(deny file-ioctl (ioctl-command #x80017472))", "file-ioctl\t/dev/tty\tioctl=2147578994", NULL, "deny"},
    {START "(allow file-ioctl)(deny file-ioctl (ioctl-command #x80017472))", "file-ioctl\t/dev/tty\tioctl=5", NULL, "allow"},
    /* forms */
    {"; a comment \" ( \n (version 1) ;)\n\t(deny default)\n(allow\n  lsopen)", "lsopen", NULL, "allow"},
    {START "(allow lsopen job-creation)", "job-creation", NULL, "allow"},
    {START "(deny file-read* (literal \"/a\") (with no-log))", "file-read-data", "/a", "deny"},
    {START "(allow file-read* (literal \"/a\") (with report))", "file-read-data", "/a", "allow"},
    {START, "file-symlink", "/a", "error unknown operation file-symlink"},
    {START, "network-outbound", "/a", "error an endpoint is KIND:..."},
};

static void test_answers(void) {
  if (!sb_there("questions with answers that are known")) return;
  sb_begin();
  for (size_t i = 0; i < COUNT(questions); i++) {
    sb_profile(questions[i].profile, strlen(questions[i].profile));
    sb_ask(questions[i].op, questions[i].about);
  }
  if (!OK(sb_run(), "the evaluator answers")) return;
  for (size_t i = 0; i < COUNT(questions); i++) {
    const question *q = &questions[i];
    const bool good = !strcmp(sb_said(2 * i), "ok") && !strcmp(sb_said(2 * i + 1), q->answer);
    OK(good, "question %zu: %s %s: %s", i, q->op, q->about && !strchr(q->about, '#') ? q->about : "", q->answer);
    if (!good) printf("# it said %s, %s to %s\n", sb_said(2 * i), sb_said(2 * i + 1), q->profile);
  }
}

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONGER LONG LONG LONG LONG LONG LONG LONG LONG

/* Each with a word of the reason, so that a refusal for another one is seen. */
static const struct {
  const char *profile, *why;
} malformed[] = {
    {"", "version"},
    {"(deny default)", "before"},
    {"(allow lsopen)(version 1)(deny default)", "before"},
    {"(version 1)", "default"},
    {"(version 1)(allow lsopen)", "before"},
    {"(version 1)(allow lsopen)(deny default)", "before"},
    {"(version 1)(allow default)", "before"},
    {"(version 1)(version 1)(deny default)", "twice"},
    {"(version 2)(deny default)", "version"},
    {"(version \"1\")(deny default)", "version"},
    {"(version)(deny default)", "version"},
    {START "(deny default)", "twice"},
    {START "(allow default)", "default"},
    {START "(allow file-read* default)", "default"},
    {START "(import \"system.sb\")", "no%20rule"},
    {START "(define x 1)", "no%20rule"},
    {START "(if #t (allow lsopen))", "#"},
    {START "(debug deny)", "no%20rule"},
    {START "(delegate lsopen)", "no%20rule"},
    {START "()", "no%20rule"},
    {START "(allow)", "operation"},
    {START "(allow (literal \"/a\"))", "operation"},
    {START "(allow file-symlink)", "unknown%20operation"},
    {START "(allow file-read)", "unknown%20operation"},
    {START "(allow network-accept)", "unknown%20operation"},
    {START "(allow FILE-READ*)", "unknown%20operation"},
    {START "(allow sysctl-write)", "sysctl"},
    {START "(allow \"file-read*\")", "operation"},
    {START "(allow file-read* \"/a\")", "no%20filter"},
    {START "(allow file-read* (literal \"/a\") file-write*)", "no%20filter"},
    {START "(allow file-read* (literally \"/a\"))", "unknown%20filter"},
    {START "(allow file-read* (literal))", "without"},
    {START "(allow file-read* (literal 1))", "strings"},
    {START "(allow file-read* (literal a))", "strings"},
    {START "(allow file-read* (literal (literal \"/a\")))", "strings"},
    {START "(allow file-read* (subpath \"/a\" 1))", "strings"},
    {START "(allow file-read* (subpath \"/a/\"))", "slash"},
    {START "(allow file-read* (literal \"/a/\"))", "slash"},
    {START "(allow file-read* (literal \"a\"))", "absolute"},
    {START "(allow file-read* (literal \"\"))", "absolute"},
    {START "(allow file-read* (literal \"/a//b\"))", "no%20file"},
    {START "(allow file-read* (literal \"/a/../b\"))", "no%20file"},
    {START "(allow file-read* (literal \"/a/./b\"))", "no%20file"},
    {START "(allow file-read* (literal \"/a/..\"))", "no%20file"},
    {START "(allow file-read* (literal \"/a/.\"))", "no%20file"},
    {START "(allow file-read* (literal \"/" LONGER "\"))", "longer"},
    {START "(allow file-read* (literal \"/a\\n\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\t\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\x41\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\x8\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\xc3\\xa9\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\101\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\/\"))", "escape"},
    {START "(allow file-read* (literal \"/a\\", "escape"},
    {START "(allow file-read* (literal \"/a\nb\"))", "ASCII"},
    {START "(allow file-read* (literal \"/a\x7f\"))", "ASCII"},
    {START "; caf\xc3\xa9\n", "ASCII"},
    {START "(allow file-read* (literal \"/a", "end"},
    {START "(allow file-read* (literal \"/a\")", "end"},
    {START "(allow file-read* (literal \"/a\"))) ", "outside"},
    {START "allow", "outside"},
    {START "\"/a\"", "outside"},
    {START "'(allow lsopen)", "outside"},
    {START "(allow 'lsopen)", "odd%20byte"},
    {START "(allow lsopen `,x)", "odd%20byte"},
    {START "(allow file-read* (literal \"/a\")]", "odd%20byte"},
    {START "(allow file-read* (regex #\"(\"))", "without"},
    {START "(allow file-read* (regex #\"[a\"))", "without"},
    {START "(allow file-read* (regex #\"*a\"))", "repeats"},
    {START "(allow file-read* (regex #\"a)\"))", "without"},
    {START "(allow file-read* (regex #\"a\\d\"))", "escape"},
    {START "(allow file-read* (regex #\"[[:digit:]]\"))", "class"},
    {START "(allow file-read* (literal #\"/a\"))", "strings"},
    {START "(allow file-read* (require-not (literal \"/a\") (literal \"/b\")))", "filter"},
    {START "(allow file-read* (require-all))", "filter"},
    {START "(allow file-read* (global-name \"a\"))", "about%20mach"},
    {START "(allow mach-lookup (literal \"/a\"))", "about%20path"},
    {START "(allow sysctl-read (literal \"/a\"))", "about%20path"},
    {START "(allow process-fork (literal \"/a\"))", "about%20path"},
    {START "(allow process-exec* (vnode-type REGULAR-FILE))", "about%20vnode"},
    {START "(allow file-read* process-fork (literal \"/a\"))", "about%20path"},
    {START "(allow file-read* (require-not (target self)))", "about%20target"},
    {START "(allow system-socket (remote ip))", "about%20network"},
    {START "(allow network-outbound (remote ip \"1.2.3.4:80\"))", "localhost"},
    {START "(allow network-outbound (remote ip \"*\"))", "HOST"},
    {START "(allow network-outbound (remote ip \"*:0\"))", "port"},
    {START "(allow network-outbound (remote ip \"*:65536\"))", "port"},
    {START "(allow network-outbound (remote ip \"*:x\"))", "port"},
    {START "(allow network-outbound (remote sctp))", "protocol"},
    {START "(allow network-outbound (remote unix-socket (global-name \"a\")))", "path"},
    {START "(allow signal (target everybody))", "unknown"},
    {START "(allow signal (target))", "without"},
    {START "(allow file-read* (vnode-type FILE))", "unknown"},
    {START "(allow mach-lookup (global-name \"\"))", "nothing"},
    {START "(allow file-ioctl (ioctl-command #y1))", "#"},
    {START "(allow process-exec* (literal \"/a\") (with no-sandbox))", "modifier"},
    {START "(allow lsopen (with no-log))", "denied"},
    {START "(deny lsopen (with report))", "reported"},
    {START "(deny lsopen (with send-signal SIGKILL))", "modifier"},
    {START "(allow lsopen (with grant))", "modifier"},
    {START "(allow lsopen (with unheard-of))", "modifier"},
};

static void test_malformed(void) {
  static const char nul[] = START "(allow lsopen)\0(allow job-creation)";
  if (!sb_there("malformed profiles are refused")) return;
  sb_begin();
  for (size_t i = 0; i < COUNT(malformed); i++) {
    sb_profile(malformed[i].profile, strlen(malformed[i].profile));
    sb_ask("lsopen", NULL);
  }
  sb_profile(nul, sizeof nul - 1);
  sb_profile(START, strlen(START));
  sb_ask("lsopen", NULL);
  if (!OK(sb_run(), "the evaluator answers")) return;
  for (size_t i = 0; i < COUNT(malformed); i++) {
    const char *said = sb_said(2 * i);
    const bool good = !strncmp(said, "refused ", 8) && strstr(said, malformed[i].why) && sb_denies(2 * i + 1);
    OK(good, "malformed %zu: %s", i, malformed[i].why);
    if (!good) printf("# it said %s, then %s\n", said, sb_said(2 * i + 1));
  }
  OK(!strncmp(sb_said(2 * COUNT(malformed)), "refused ", 8), "a NUL is malformed");
  OK(!strcmp(sb_said(2 * COUNT(malformed) + 1), "ok"), "and after all these the plain one is taken");
}

/* What a list of rules looks like: everything in it, in order. */
static void test_list(void) {
  static const char profile[] =
      START "(allow file-read* file-ioctl (literal \"/a b\" \"/\xff\") (subpath \"/c\"))\n(deny file-write* (subpath \"/c\"))\n"
            "(allow lsopen)\n(allow network-outbound (remote unix-socket (path-literal \"/s\")) (remote ip) (remote tcp \"*:80\"))\n"
            "(allow file-read-data (require-all (prefix \"/x\") (require-not (regex #\"y z$\"))))\n(allow signal (target self pgrp))";
  static const char list[] = "allow\tfile-read*\tliteral\t/a%20b\nallow\tfile-read*\tliteral\t/%ff\nallow\tfile-read*\tsubpath\t/c\n"
                             "allow\tfile-ioctl\tliteral\t/a%20b\nallow\tfile-ioctl\tliteral\t/%ff\nallow\tfile-ioctl\tsubpath\t/c\n"
                             "deny\tfile-write*\tsubpath\t/c\nallow\tlsopen\t-\t-\n"
                             "allow\tnetwork-outbound\tremote/unix-socket/path-literal\t/s\nallow\tnetwork-outbound\tremote/ip\t-\n"
                             "allow\tnetwork-outbound\tremote/tcp\t*:80\n"
                             "allow\tfile-read-data\trequire-all/prefix\t/x\n"
                             "allow\tfile-read-data\trequire-all/require-not/regex\ty%20z$\n"
                             "allow\tsignal\ttarget\tself\nallow\tsignal\ttarget\tpgrp\n";
  if (!sb_there("the rules of a profile as a list")) return;
  sb_begin();
  sb_profile(profile, sizeof profile - 1);
  const size_t rules = sb_grants();
  sb_profile(START, strlen(START));
  const size_t none = sb_grants();
  OK(sb_run() && !strcmp(sb_said(0), "ok"), "a profile with every form of rule");
  OK(!strcmp(sb_said(rules), list), "its list has every operation, filter and argument");
  if (strcmp(sb_said(rules), list)) printf("# it said:\n%s", sb_said(rules));
  OK(!strcmp(sb_said(none), ""), "a profile without rules has an empty list");
}

/* As a command: one profile, questions on standard input, and what it ends with. */
static void test_command(void) {
  static const struct {
    const char *command;
    int status;
    const char *output;
  } runs[] = {
      {"printf 'file-read-data\\t/a\\nlsopen\\n' | e $D/good.sb", 0, "allow\ndeny\n"},
      {"printf 'file-read-data\\t/a\\n' >$D/q; e $D/good.sb $D/q", 0, "allow\n"},
      {"e --grants $D/good.sb", 0, "allow\tfile-read*\tliteral\t/a\n"},
      {"e --grants $D/bad.sb", 2, ""},
      {"echo lsopen | e $D/bad.sb", 2, ""},
      {"e $D/missing.sb </dev/null", 2, ""},
      {"e --unheard-of", 2, ""},
      {"e", 2, ""},
  };
  char dir[] = "/tmp/jailer-eval.XXXXXX", command[2048], script[512], output[512];
  const char *build = getenv("JAILER_BUILD");
  if (!sb_there("the evaluator as a command")) return;
  if (!mkdtemp(dir)) abort();
  snprintf(script, sizeof script, "GUILE_AUTO_COMPILE=1 XDG_CACHE_HOME='%.300s/guile' guile-3.0 tests/sbpl/eval.scm",
           build && *build ? build : "build");
  snprintf(command, sizeof command,
           "printf '(version 1)(deny default)(allow file-read* (literal \"/a\"))' >%s/good.sb; echo '(version 1)' >%s/bad.sb", dir, dir);
  if (system(command)) abort();
  setenv("D", dir, 1);
  for (size_t i = 0; i < COUNT(runs); i++) {
    snprintf(command, sizeof command, "e() { %s \"$@\"; }; { %s; } 2>$D/err", script, runs[i].command);
    FILE *in = popen(command, "r");
    size_t n = in ? fread(output, 1, sizeof output - 1, in) : 0;
    output[n] = 0;
    const int status = in ? pclose(in) : -1;
    const bool good = status == runs[i].status << 8 && !strcmp(output, runs[i].output);
    OK(good, "command %zu ends with %d", i, runs[i].status);
    if (!good) printf("# %s: status %d, output %s\n", command, status, output);
  }
  snprintf(command, sizeof command, "rm -rf %s", dir);
  if (system(command)) abort();
}

int main(void) {
  test_answers();
  test_malformed();
  test_list();
  test_command();
  return tap_done();
}
