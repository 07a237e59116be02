/* Foreign bytes as a box's exit file: the parser of what a program told of its end.
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_denial tests/fuzz/fuzz_denial.c && ./fuzz_denial CORPUS_DIR
 *   cc -DFUZZ_MAIN -o fuzz_denial tests/fuzz/fuzz_denial.c && ./fuzz_denial FILE...
 * As a plain main, `--seed DIR` writes a few inputs to start from. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "fuzz.h"

/* What holds for a line that was taken: it fits its fields, is a sentence of printable characters, and written again is
 * the same line, but for a name that the table added. */
static void one_line(const jailer_denial *d, const char *bytes, size_t size) {
  char text[1024], line[JL_DENIAL_MAX];
  MUST(memchr(d->call, 0, sizeof d->call) && memchr(d->role, 0, sizeof d->role) && jl_denial_signal(d->signal));
  MUST(d->kind == JAILER_TOLD_DENIED || d->kind == JAILER_TOLD_CRASHED);
  size_t n = jailer_denial_text(d, text, sizeof text);
  MUST(n > 20 && n + 1 < sizeof text && n == strlen(text));
  for (size_t i = 0; i < n; i++) MUST(text[i] >= 32 && text[i] < 127);
  jailer_denial same = *d;
  for (int nameless = 0; nameless < 2; nameless++) {
    jl_buf b = jl_buf_fixed(line, sizeof line);
    if (nameless) same.call[0] = 0;
    jl_denial_write(&b, &same);
    MUST(!b.failed);
    for (size_t at = 0; at + b.len <= size; at++)
      if ((at == 0 || bytes[at - 1] == '\n') && !memcmp(bytes + at, line, b.len)) return;
  }
  MUST(!"the line is among the bytes");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const jailer_denial nothing;
  const char *bytes = (const char *)data;
  jailer_denial d, more;
  memset(&d, 'x', sizeof d);
  if (!jailer_denial_last(bytes, size, &d)) {
    MUST(!memcmp(&d, &nothing, sizeof d));
    return 0;
  }
  one_line(&d, bytes, size);
  char *longer = malloc(size + 7);
  memcpy(longer, bytes, size);
  memcpy(longer + size, "{\n{\n\xff}", 7); /* after whatever had no end */
  MUST(jailer_denial_last(longer, size + 7, &more) && !memcmp(&d, &more, sizeof d));
  free(longer);
  return 0;
}

#ifdef FUZZ_MAIN
static void seed(const char *dir, const char *name, const char *text) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  if (!f || fputs(text, f) < 0 || fclose(f)) perror(path), exit(1);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--seed")) {
    seed(argv[2], "denied",
         "\n{\"denied\": \"ptrace\", \"number\": 101, \"arch\": \"x86_64\", \"args\": [\"0x4206\", \"0x0\", \"0x0\", \"0x0\", "
         "\"0x0\", \"0xffffffffffffffff\"], \"ip\": \"0x401000\", \"tid\": 2, \"role\": \"launch\"}\n");
    seed(argv[2], "foreign",
         "{\"denied\": null, \"number\": 1073741925, \"arch\": \"0x40000003\", \"args\": [\"0x0\", \"0x0\", \"0x0\", \"0x0\", "
         "\"0x0\", \"0x0\"], \"ip\": \"0x0\", \"tid\": 0, \"role\": \"\"}\n");
    seed(argv[2], "crash", "{\"code\":1}\n{\"crash\": \"SIGSEGV\", \"code\": -6, \"address\": \"0x0\", \"ip\": \"0x401000\", \"tid\": 2, \"role\": \"vm\"}\n");
    return 0;
  }
  return replay(LLVMFuzzerTestOneInput, argc, argv);
}
#endif
