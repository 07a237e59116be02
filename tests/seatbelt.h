/* seatbelt.h: what a macOS sandbox profile says, asked of tests/sbpl/eval.scm: profiles and questions are collected,
 * and one run of guile answers them all. Include it after tap.h. */
#ifndef SEATBELT_H
#define SEATBELT_H
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SB_UNUSED __attribute__((unused))

static char *sb_script, **sb_answers; /* an answer is a line, or the lines of a list */
static size_t sb_size, sb_room, sb_count, sb_answered;
static bool *sb_lists, sb_failed;

/* Whether there is a guile; where there is none the row says so, which CI takes for a failure. */
SB_UNUSED static bool sb_there(const char *what) {
  static int there = -1;
  if (there < 0) there = system("command -v guile-3.0 >/dev/null 2>&1") == 0;
  if (!there) tap_skip(what, "guile-3.0 is not installed");
  return there;
}

static void sb_append(const void *bytes, size_t size) {
  if (sb_size + size + 1 > sb_room) {
    sb_room = 2 * (sb_size + size + 1);
    sb_script = realloc(sb_script, sb_room);
    if (!sb_script) abort();
  }
  memcpy(sb_script + sb_size, bytes, size);
  sb_size += size;
  sb_script[sb_size] = 0;
}

static size_t sb_asked(bool list) {
  if (sb_count % 1024 == 0) {
    sb_lists = realloc(sb_lists, (sb_count + 1024) * sizeof *sb_lists);
    if (!sb_lists) abort();
  }
  sb_lists[sb_count] = list;
  return sb_count++;
}

/* Forgets all. */
SB_UNUSED static void sb_begin(void) {
  for (size_t i = 0; i < sb_answered; i++) free(sb_answers[i]);
  free(sb_answers);
  free(sb_lists);
  sb_answers = NULL;
  sb_lists = NULL;
  sb_size = sb_count = sb_answered = 0;
  sb_failed = false;
}

/* The profile that the next questions are about; its answer is "ok", or "refused " and why. */
SB_UNUSED static size_t sb_profile(const char *text, size_t length) {
  char head[48];
  sb_append(head, (size_t)snprintf(head, sizeof head, "profile %zu\n", length));
  sb_append(text, length);
  return sb_asked(false);
}

/* One question. about: the subject; NULL: none. size: of about, SIZE_MAX: up to its NUL. more: "\tKEY=VALUE..." or
   NULL. The answer is that of eval.scm. */
SB_UNUSED static size_t sb_ask_bytes(const char *op, const char *kind, const char *about, size_t size,
                                     const char *more) {
  sb_append(op, strlen(op));
  if (about) {
    sb_append("\t", 1);
    sb_append(kind, strlen(kind));
    if (size == SIZE_MAX) size = strlen(about);
    for (size_t i = 0; i < size; i++) {
      char byte[4];
      const unsigned char c = (unsigned char)about[i];
      const bool plain = c > 32 && c < 127 && c != '%';
      sb_append(plain ? &about[i] : byte, plain ? 1 : (size_t)snprintf(byte, sizeof byte, "%%%02x", c));
    }
  }
  if (more) sb_append(more, strlen(more));
  sb_append("\n", 1);
  return sb_asked(false);
}

SB_UNUSED static size_t sb_ask(const char *op, const char *about) {
  return sb_ask_bytes(op, "", about, SIZE_MAX, NULL);
}

/* Every rule's operations and filters, a line each: ACTION OPERATION FILTER ARGUMENT, with tabs between. */
SB_UNUSED static size_t sb_grants(void) {
  sb_append("grants\n", 7);
  return sb_asked(true);
}

static char *sb_line(FILE *from) {
  char *line = NULL;
  size_t room = 0;
  ssize_t n = getline(&line, &room, from);
  if (n <= 0) return free(line), NULL;
  if (line[n - 1] == '\n') line[n - 1] = 0;
  return line;
}

static char *sb_list(FILE *from) {
  char *all = calloc(1, 1), *line;
  size_t size = 0;
  while ((line = sb_line(from)) && strcmp(line, ".")) {
    const size_t n = strlen(line);
    all = realloc(all, size + n + 2);
    if (!all) abort();
    memcpy(all + size, line, n);
    all[size + n] = '\n';
    all[size += n + 1] = 0;
    free(line);
  }
  if (!line) return free(all), NULL;
  return free(line), all;
}

/* Asks. Answers whether guile answered everything. What it compiled stays in the build directory for the next time. */
SB_UNUSED static bool sb_run(void) {
  const char *build = getenv("JAILER_BUILD"), *tmp = getenv("TMPDIR");
  char script[512], command[2048];
  snprintf(script, sizeof script, "%.400s/jailer-sbpl.XXXXXX", tmp && *tmp ? tmp : "/tmp");
  int fd = mkstemp(script);
  FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
  if (!out || fwrite(sb_script, 1, sb_size, out) != sb_size || fclose(out)) abort();
  snprintf(command, sizeof command,
           "XDG_CACHE_HOME='%.800s/guile' GUILE_AUTO_COMPILE=1 guile-3.0 tests/sbpl/eval.scm --batch %s 2>%s.err",
           build && *build ? build : "build", script, script);
  FILE *in = popen(command, "r");
  sb_answers = calloc(sb_count + 1, sizeof *sb_answers);
  if (!in || !sb_answers) abort();
  while (sb_answered < sb_count && (sb_answers[sb_answered] = sb_lists[sb_answered] ? sb_list(in) : sb_line(in)))
    sb_answered++;
  char *rest = sb_line(in);
  const int status = pclose(in);
  sb_failed = sb_answered < sb_count || rest || status != 0;
  free(rest);
  unlink(script);
  snprintf(script + strlen(script), 8, ".err");
  if (sb_failed) {
    printf("# guile answered %zu of %zu\n", sb_answered, sb_count);
    fflush(stdout);
    snprintf(command, sizeof command, "sed 's/^/# /' %s", script);
    if (system(command)) printf("# and said nothing\n");
  }
  unlink(script);
  return !sb_failed;
}

SB_UNUSED static const char *sb_said(size_t which) { return which < sb_answered ? sb_answers[which] : "nothing"; }
SB_UNUSED static bool sb_allows(size_t which) { return strcmp(sb_said(which), "allow") == 0; }
SB_UNUSED static bool sb_denies(size_t which) { return strcmp(sb_said(which), "deny") == 0; }
#endif
