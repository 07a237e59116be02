/* replay.h: runs a fuzzer's function on files instead of a fuzzer's inputs, for a compiler without libFuzzer. */
#ifndef REPLAY_H
#define REPLAY_H
#include <stdint.h>
#include <stdio.h>

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
