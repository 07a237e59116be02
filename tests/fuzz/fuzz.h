/* fuzz.h: what the fuzzers share: what has to hold, and a main that runs files where there is no libFuzzer. */
#ifndef FUZZ_H
#define FUZZ_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                                                \
  do {                                                                                                                 \
    if (!(condition)) {                                                                                                \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                  \
      abort();                                                                                                         \
    }                                                                                                                  \
  } while (0)

#ifdef FUZZ_MAIN
static int replay(int (*one)(const uint8_t *, size_t), int argc, char **argv) {
  static uint8_t bytes[1 << 21];
  for (int i = 1; i < argc; i++) {
    FILE *f = fopen(argv[i], "rb");
    if (!f) return perror(argv[i]), 1;
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    one(bytes, n);
  }
  printf("%d inputs, no fault\n", argc - 1);
  return 0;
}
#endif
#endif
