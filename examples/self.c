/* Demonstrates a program that confines itself once it has opened what it needs.
 *   cc -o self examples/self.c
 *   ./self [DIR]
 * From then on it reads below DIR (default: /usr/share) and uses its open descriptors; the rest of the file system, the
 * network, programs and capabilities are gone for good. Exit status: 0 when it is so. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

static int attempt(const char *what, long result, bool expected) {
  printf("%-24s %s\n", what, result >= 0 ? "works" : strerror(errno));
  return (result >= 0) != expected;
}

int main(int argc, char **argv) {
  const char *dir = argc > 1 ? argv[1] : "/usr/share";
  for (int fd = 3; fd < 1024; fd++) close(fd); /* what it inherited and has no use for: an unnamed one is an error */
  int log = open("/dev/null", O_WRONLY | O_CLOEXEC); /* what it writes to: opened before, and named */
  const jailer_grant grants[] = {{.path = dir}};
  const jailer_fd fds[] = {{.fd = log}};
  const jailer_role_options options = {.denied = JAILER_ANSWER_ERRNO(1)}; /* EPERM, to go on and tell; without: the end */
  jailer_config config = {.grants = grants, .grant_count = 1, .fds = fds, .fd_count = 1};
  jailer_policy *vmm = NULL;
  jailer_report report;
  jailer_error err;
  char text[8192];
  if (jailer_policy_role(JAILER_ROLE_VMM, &options, &vmm, &err) == JAILER_OK) config.policy = vmm;
  if (!vmm || jailer_confine_self(&config, &report, &err)) { /* or just config.role = JAILER_ROLE_VMM */
    jailer_error_text(&err, text, sizeof text);
    return fprintf(stderr, "self: %s\n", text), 125;
  }
  if (jailer_report_json(&report, text, sizeof text, NULL, NULL) == JAILER_OK) printf("%s", text);
  int wrong = attempt("write to the open log", write(log, "x", 1), true);
  wrong += attempt("open the granted path", open(dir, O_RDONLY | O_CLOEXEC), true);
  wrong += attempt("open /etc/passwd", open("/etc/passwd", O_RDONLY | O_CLOEXEC), false);
  wrong += attempt("make a file in /tmp", open("/tmp/self-was-here", O_WRONLY | O_CREAT | O_CLOEXEC, 0600), false);
  wrong += attempt("an IPv4 socket", socket(AF_INET, SOCK_STREAM, 0), false);
  wrong += attempt("run a program", execl("/bin/true", "true", (char *)NULL), false);
  wrong += attempt("be another user", setuid(1), false);
  return wrong ? 1 : 0;
}
