/* A configuration from foreign bytes into the writer of macOS profiles: what it takes becomes a profile with no string in it
 * but what was asked for, what lies on the way there, and what every profile has.
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_sbpl tests/fuzz/fuzz_sbpl.c && ./fuzz_sbpl CORPUS_DIR
 *   cc -DFUZZ_MAIN -o fuzz_sbpl tests/fuzz/fuzz_sbpl.c && ./fuzz_sbpl FILE...
 * As a plain main, `--seed DIR` writes a few inputs to start from.
 * An input: one byte of switches (network, pty, terminal, without_system, a box, all bases, a working directory, a program),
 * then texts that end with a NUL: home, working directory and program where they are asked for, then grants, each one with a byte of access
 * before its path. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "fuzz.h"

enum { TEXT = 1 << 20, STRINGS = 1 << 16, GRANTS = 24 };

/* Strings, as a set: sorted when it is complete. */
typedef struct set {
  size_t count;
  char *item[STRINGS];
} set;

static void set_add(set *s, const char *text, size_t n) {
  if (s->count == STRINGS) return;
  char *copy = malloc(n + 1);
  MUST(copy);
  memcpy(copy, text, n);
  copy[n] = 0;
  s->item[s->count++] = copy;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static bool set_has(set *s, const char *text) { return bsearch(&text, s->item, s->count, sizeof *s->item, by_text) != NULL; }

static void set_sort(set *s) { qsort(s->item, s->count, sizeof *s->item, by_text); }

static void set_empty(set *s) {
  while (s->count) free(s->item[--s->count]);
}

/* --- a reader of profiles: strings and symbols, and that all else is as it should be --- */

static const char *read_string(const char *at, set *strings) { /* after the quote; answers what follows the other one */
  char text[8192];
  size_t n = 0;
  for (; *at != '"'; at++) {
    MUST((unsigned char)*at >= 32 && *at != 127 && n + 1 < sizeof text);
    if (*at == '\\') {
      at++;
      MUST(*at == '\\' || *at == '"');
    }
    text[n++] = *at;
  }
  set_add(strings, text, n);
  return at + 1;
}

/* Every rule begins in the first column, and after the last one nothing is open. */
static void read_profile(const char *text, set *strings, set *symbols) {
  size_t depth = 0, rules = 0;
  for (const char *at = text; *at;) {
    if (*at == ';') {
      for (; *at != '\n'; at++) MUST(*at >= 32 && *at < 127);
    } else if (*at == '(') {
      MUST(depth || at == text || at[-1] == '\n');
      if (!depth++) rules++;
      MUST(rules != 1 || depth > 1 || !strncmp(at, "(version 1)\n", 12));
      MUST(rules != 2 || depth > 1 || !strncmp(at, "(deny default)\n", 15));
      MUST(rules < 3 || depth > 1 || !strncmp(at, "(allow ", 7) || !strncmp(at, "(deny ", 6));
      at++;
    } else if (*at == ')') {
      MUST(depth);
      depth--;
      at++;
    } else if (*at == '"') {
      MUST(depth >= 2);
      at = read_string(at + 1, strings);
    } else if (*at == '#' && at[1] == '"') {
      const char *end = strchr(at + 2, '"');
      MUST(depth >= 2 && end);
      set_add(strings, at + 2, (size_t)(end - at - 2));
      at = end + 1;
    } else if (*at == ' ' || *at == '\n') {
      at++;
    } else {
      const size_t n = strcspn(at, " \n()\";");
      MUST(depth && n);
      for (size_t i = 0; i < n; i++) MUST(at[i] > 32 && at[i] < 127);
      set_add(symbols, at, n);
      at += n;
    }
  }
  MUST(depth == 0 && rules > 2);
}

/* --- what may stand in it --- */

/* A path, and every directory above it. */
static void allow_path(set *allowed, const char *path) {
  size_t n = strlen(path);
  set_add(allowed, path, n);
  while (n > 1) {
    if (path[--n] == '/') set_add(allowed, path, n ? n : 1);
  }
}

/* As it is written, without what means nothing; and as the kernel calls it. */
static void allow_written(set *allowed, const char *written) {
  static const char data[] = "/System/Volumes/Data";
  char clean[2 * JAILER_PATH_MAX] = "", real[2 * JAILER_PATH_MAX + 16];
  size_t at = 0;
  for (const char *c = written; *c;) {
    const size_t n = strcspn(c, "/");
    if (n && !(n == 1 && *c == '.')) {
      clean[at++] = '/';
      memcpy(clean + at, c, n);
      at += n;
    }
    c += n + (c[n] == '/');
  }
  if (!at) clean[at++] = '/';
  clean[at] = 0;
  allow_path(allowed, clean);
  for (const char *path = clean; path; path = path == clean && !strncmp(clean, data, sizeof data - 1) ? clean + sizeof data - 1 : NULL) {
    allow_path(allowed, path);
    if (!strncmp(path, "/tmp", 4) || !strncmp(path, "/var", 4) || !strncmp(path, "/etc", 4)) {
      snprintf(real, sizeof real, "/private%s", path);
      allow_path(allowed, real);
      set_add(allowed, path, 4);
    }
  }
}

static jailer_code write_profile(const jailer_config *c, char *text) {
  size_t length = 0, again = 0;
  char few[8] = "few";
  jailer_error err = {0};
  memset(text, 'x', 16);
  const jailer_code code = jailer_sbpl_text(c, text, TEXT, &length, &err);
  if (code == JAILER_OK) {
    MUST(length < TEXT && strlen(text) == length && text[length - 1] == '\n');
    MUST(jailer_sbpl_text(c, few, sizeof few, &again, NULL) == JAILER_E_LIMIT && again == length && !few[0]);
  } else {
    MUST(!text[0] && err.code == code && err.message[0] && err.step);
    MUST(code == JAILER_E_INVALID || code == JAILER_E_LIMIT || code == JAILER_E_CONFLICT || code == JAILER_E_UNSAFE);
  }
  return code;
}

/* What profiles are made of: strings without any grant, and symbols with grants of every kind. */
static set fixed_strings, fixed_symbols;

static void learn(char *text) {
  static const jailer_grant grants[] = {{"/a", NULL, JAILER_WRITE, false},       {"/a/b", NULL, JAILER_READ, false}, {"/a/c", NULL, JAILER_EXEC, false},
                                        {"/a/c/d/e", NULL, JAILER_WRITE, false}, {"/dev/a", NULL, JAILER_DEVICE, false}, {"/bin/a", NULL, JAILER_READ, false},
                                        {"/usr/lib/a", NULL, JAILER_WRITE, false}};
  static set ignored;
  jailer_config c = {0};
  c.allow_network = c.allow_pty = c.controlling_tty = true;
  MUST(write_profile(&c, text) == JAILER_OK);
  read_profile(text, &fixed_strings, &fixed_symbols);
  c.grants = grants;
  c.grant_count = sizeof grants / sizeof grants[0];
  MUST(write_profile(&c, text) == JAILER_OK);
  read_profile(text, &ignored, &fixed_symbols);
  set_empty(&ignored);
  set_sort(&fixed_strings);
  set_sort(&fixed_symbols);
}

static void check(const jailer_config *c, const char *text) {
  static set strings, symbols, allowed;
  read_profile(text, &strings, &symbols);
  for (size_t i = 0; i < c->grant_count; i++) allow_written(&allowed, c->grants[i].path);
  if (c->cwd) allow_written(&allowed, c->cwd);
  if (c->argv && c->argv[0][0] == '/') allow_written(&allowed, c->argv[0]);
  for (int e = 0; c->layout && e < JAILER_ENTRY_COUNT; e++) {
    char path[JAILER_PATH_MAX];
    MUST(jailer_layout_path(c->layout, (jailer_entry)e, path, sizeof path, NULL) == JAILER_OK);
    allow_written(&allowed, path);
  }
  set_sort(&allowed);
  for (size_t i = 0; i < strings.count; i++) MUST(set_has(&fixed_strings, strings.item[i]) || set_has(&allowed, strings.item[i]));
  for (size_t i = 0; i < symbols.count; i++) MUST(set_has(&fixed_symbols, symbols.item[i]));
  set_empty(&strings);
  set_empty(&symbols);
  set_empty(&allowed);
}

static const char *next_text(const uint8_t **data, size_t *size) {
  const uint8_t *end = memchr(*data, 0, *size);
  const char *text = (const char *)*data;
  if (!end) return NULL;
  *size -= (size_t)(end + 1 - *data);
  *data = end + 1;
  return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char text[TEXT];
  jailer_grant grants[GRANTS];
  jailer_layout layout;
  const char *argv[2] = {NULL, NULL};
  jailer_config c = {0};
  if (!fixed_symbols.count) learn(text);
  if (!size) return 0;
  const uint8_t switches = data[0];
  data++, size--;
  c.allow_network = switches & 1;
  c.allow_pty = switches & 2;
  c.controlling_tty = switches & 4;
  c.without_system = switches & 8;
  if (switches & 16) {
    const char *home = next_text(&data, &size);
    if (!home || jailer_layout_init(&layout, home, "demo", NULL)) return 0;
    c.layout = &layout;
    c.allow_whole_bases = switches & 32;
  }
  if (switches & 64 && !(c.cwd = next_text(&data, &size))) return 0;
  if (switches & 128) {
    if (!(argv[0] = next_text(&data, &size))) return 0;
    c.argv = argv;
  }
  while (size > 1 && c.grant_count < GRANTS) {
    jailer_grant *g = &grants[c.grant_count];
    memset(g, 0, sizeof *g);
    g->access = (jailer_access)(*data % 5); /* 4 is none */
    g->optional = *data >= 128;
    data++, size--;
    if (!(g->path = next_text(&data, &size))) break;
    c.grant_count++;
  }
  c.grants = grants;
  if (write_profile(&c, text) == JAILER_OK) check(&c, text);
  return 0;
}

#ifdef FUZZ_MAIN
static void seed(const char *dir, const char *name, const void *bytes, size_t n) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) perror(path), exit(1);
}

#define SEED(dir, name, bytes) seed(dir, name, bytes, sizeof bytes - 1)

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--seed")) {
    SEED(argv[2], "grants", "\0" "\2/Users/u/w\0" "\0/Users/u/w/r\0" "\1/Users/u/w/x\0" "\2/Users/u/w/x/a/b\0" "\3/dev/cu.modem\0");
    SEED(argv[2], "names", "\0" "\0/a\"b\0" "\1/a\\b\0" "\2/a)(b\0" "\0/\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8d\0" "\1/a\")(allow default)\0" "\2/a;b#\"c\0");
    SEED(argv[2], "refused", "\0" "\0/a\nb\0" "\0/\xed\xa0\x80\0" "\0/a\xe2\x80\xae\0" "\0/a${b}\0" "\0/a/../b\0" "\0a\0" "\4/a\0");
    SEED(argv[2], "box", "\x31/Users/u/.jailer\0" "\0/tmp/in\0" "\2/var/out\0" "\0//etc/./ssl//\0");
    SEED(argv[2], "system", "\xc7/Users/u/w\0/opt/tool\0" "\2/usr/lib/x\0" "\0/bin/x\0" "\1/System/Volumes/Data/Users/u\0" "\2/System/Library\0");
    SEED(argv[2], "bare", "\x08" "\2/a\0" "\2/a\0" "\0/b\0" "\1/b\0");
    return 0;
  }
  return replay(LLVMFuzzerTestOneInput, argc, argv);
}
#endif
