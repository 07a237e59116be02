/* sandbox_exec.c: what stands in for /usr/bin/sandbox-exec under darwin.h. It enforces nothing. It reads its command
 * line as the real one does, refuses a profile that cannot be one, leaves an account of all it was given, and
 * executes the command.
 *
 *   sandbox-exec (-p PROFILE | -f FILE) [-D KEY=VALUE]... COMMAND [ARGUMENT]...
 *
 * It works in its own directory: there it leaves profile.PID, told.PID (tell.h) and, last, mark.PID, whereupon the
 * emulated sandbox_check says that the process is sandboxed, and so is what it starts: by a limit, RLIMIT_RTTIME, that is
 * PID. The file `does` there, when there is one, says in one
 * line what goes wrong:
 *   exit N        says something and exits with N, as for a profile that does not compile (65)
 *   raise N       is ended by signal N
 *   hang          waits for ever, before the mark
 *   absent        executes a command that does not exist
 *   late          waits a second, then executes the command
 *   unmarked      executes the command, but leaves no mark: not sandboxed */
#define _GNU_SOURCE
#include "tell.h"
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>

static char here[4096]; /* the directory of this program */

static FILE *create(const char *what) {
  char path[4200];
  snprintf(path, sizeof path, "%s/%s.%d", here, what, getpid());
  unlink(path);
  FILE *f = fopen(path, "wxe");
  if (!f) fprintf(stderr, "sandbox-exec: %s: %s\n", path, strerror(errno)), exit(70);
  return f;
}

/* Behind spaces and comments. */
static const char *behind_space(const char *at) {
  while (*at == ';' || isspace((unsigned char)*at)) at += *at == ';' ? strcspn(at, "\n") : 1;
  return at;
}

/* A string from its first quote: at its last one, or at what is wrong. A regular expression, #"...", keeps its
   escapes. */
static const char *behind_string(const char *quote, bool regex) {
  const char *at = quote + 1;
  for (; *at && *at != '"'; at++)
    if (*at == '\\' && (at[1] == '"' || at[1] == '\\' || (regex && at[1]))) at++;
    else if (*at == '\\') break;
  return at;
}

/* Whether the text can be a profile: lists only, each closed, strings closed, the first one (version 1). The reason
   why it is none, or NULL. */
static const char *odd(const char *text) {
  const char *at = behind_space(text);
  long depth = 0;
  if (strncmp(at, "(version 1)", 11) != 0) return "it does not begin with (version 1)";
  for (; *at; at = behind_space(at)) {
    if (*at == '"') {
      if (!depth) return "a string that is in no list";
      at = behind_string(at, at[-1] == '#');
      if (*at != '"') return *at ? "an escape that is none" : "a string without an end";
    } else if (*at == '(') {
      depth++;
    } else if (*at == ')') {
      if (--depth < 0) return "a parenthesis too many";
    } else if (!depth) {
      return "a word that is in no list";
    }
    at++;
  }
  return depth ? "a list without an end" : NULL;
}

static char *file_text(const char *path) {
  FILE *f = fopen(path, "re");
  char *text = f ? calloc(1, 1 << 20) : NULL;
  if (text) text[fread(text, 1, (1 << 20) - 1, f)] = 0;
  if (f) fclose(f);
  return text;
}

/* The mishaps that come before the command; those that return go on. */
static void mishap(const char *does) {
  int n = 0;
  if (sscanf(does, "exit %d", &n) == 1) fprintf(stderr, "sandbox-exec: as the test has it\n"), exit(n);
  if (sscanf(does, "raise %d", &n) == 1) raise(n), exit(99);
  if (strcmp(does, "late") == 0) sleep(1);
  if (strcmp(does, "hang") == 0)
    for (;;) pause();
}

static char *profile_of(int argc, char **argv) {
  char *profile = NULL;
  for (int option; (option = getopt(argc, argv, "+p:f:D:")) >= 0;) {
    if (option == 'p') profile = optarg;
    if (option == 'f') profile = file_text(optarg);
    if (option == '?') exit(64);
  }
  if (!profile || optind == argc) fprintf(stderr, "Usage: sandbox-exec [options] command [args]\n"), exit(64);
  return profile;
}

int main(int argc, char **argv, char **envp) {
  char path[4200];
  const ssize_t n = readlink("/proc/self/exe", here, sizeof here - 1);
  here[n > 0 ? n : 0] = 0;
  char *slash = strrchr(here, '/');
  if (slash) *slash = 0;
  char *profile = profile_of(argc, argv);
  FILE *f = create("profile");
  fputs(profile, f);
  fclose(f);
  f = create("told");
  tell(f, argv, envp);
  fclose(f);
  snprintf(path, sizeof path, "%s/does", here);
  char *does = file_text(path);
  if (!does) does = "";
  mishap(does);
  const char *why = odd(profile);
  if (why) fprintf(stderr, "sandbox-exec: %s\n", why), exit(65);
  const struct rlimit number = {(rlim_t)getpid(), (rlim_t)getpid()};
  if (setrlimit(RLIMIT_RTTIME, &number)) fprintf(stderr, "sandbox-exec: setrlimit: %s\n", strerror(errno)), exit(70);
  if (strcmp(does, "unmarked") != 0) {
    f = create("mark");
    fputs("marked\n", f);
    fclose(f);
  }
  char *command = strcmp(does, "absent") == 0 ? "/no/such/command" : argv[optind];
  if (strncmp(command, "/private/", 9) == 0) command += strlen("/private"); /* which is not there */
  execvp(command, argv + optind);
  fprintf(stderr, "sandbox-exec: execvp() of '%s' failed: %s\n", command, strerror(errno));
  return 71;
}
