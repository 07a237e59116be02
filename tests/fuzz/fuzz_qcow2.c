/* Foreign bytes into the qcow2 parser, the backing name rules and the parser of recorded chains.
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_qcow2 tests/fuzz/fuzz_qcow2.c && ./fuzz_qcow2 CORPUS_DIR
 *   cc -DFUZZ_MAIN -o fuzz_qcow2 tests/fuzz/fuzz_qcow2.c && ./fuzz_qcow2 FILE...
 * As a plain main, `--seed DIR` writes a few inputs to start from.
 * An input's first byte chooses: even for a header, odd for a record. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "fuzz.h"

static bool terminated(const char *text, size_t size) { return memchr(text, 0, size) != NULL; }

/* What holds for every header that is accepted, and that fewer bytes never give another answer. */
static void one_header(const uint8_t *data, size_t size) {
  static const char overlay[] = "/a/b/top.qcow2";
  char joined[64];
  jailer_qcow2 q, part;
  jailer_error err;
  uint64_t file_size = size % 3 ? (uint64_t)size : UINT64_MAX;
  jailer_code code = jailer_qcow2_parse(data, size, file_size, &q, &err);
  MUST(code == JAILER_OK || code == JAILER_E_FORMAT || code == JAILER_E_LIMIT);
  MUST(code == JAILER_OK || (err.code == code && err.message[0] && !q.backing_name[0] && !q.version));
  MUST(code != JAILER_E_LIMIT || q.needed_bytes > (size < JAILER_QCOW2_HEADER_MAX ? size : JAILER_QCOW2_HEADER_MAX));
  if (code == JAILER_OK) {
    MUST(q.version == 2 || q.version == 3);
    MUST(q.cluster_bits >= 9 && q.cluster_bits <= 21 && q.needed_bytes <= size && !(q.incompatible_features >> 5));
    MUST(terminated(q.backing_name, sizeof q.backing_name) && terminated(q.data_file, sizeof q.data_file));
    MUST(terminated(q.backing_format, sizeof q.backing_format));
    if (jl_qcow2_join(overlay, q.backing_name, joined, sizeof joined)) MUST(joined[0] == '/');
    (void)jl_qcow2_has_protocol(q.backing_name);
    MUST(!jl_plan_below(q.backing_name, q.backing_name));
    MUST(jailer_qcow2_parse(data, q.needed_bytes, file_size, &part, NULL) == JAILER_OK && !memcmp(&q, &part, sizeof q));
  }
  if (size && jailer_qcow2_parse(data, size / 2, file_size, &part, NULL) == JAILER_OK)
    MUST(code == JAILER_OK && !memcmp(&q, &part, sizeof q));
}

/* A record that is accepted is written again byte for byte: there is one spelling. */
static void one_record(const char *data, size_t size) {
  jl_record record;
  jailer_error err;
  jailer_code code = jl_record_parse(data, size, &record, &err);
  MUST(code == JAILER_OK || code == JAILER_E_FORMAT || code == JAILER_E_LIMIT);
  if (code) return;
  jl_buf text = jl_buf_heap(JL_RECORD_MAX + 1);
  jl_record_write(&text, &record);
  MUST(!text.failed && text.len == size && memcmp(text.data, data, size) == 0);
  for (size_t i = 0; i < record.count; i++) {
    jailer_chain chain = {record.disks[i].count, record.disks[i].layers, NULL};
    size_t layer = 0;
    MUST(jl_record_find(&record, record.disks[i].name) == &record.disks[i]);
    MUST(!jl_record_differs(&record.disks[i], &chain, &layer));
  }
  jl_buf_free(&text);
  jl_record_free(&record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (!size) return 0;
  if (data[0] & 1)
    one_record((const char *)data + 1, size - 1);
  else
    one_header(data + 1, size - 1);
  return 0;
}

#ifdef FUZZ_MAIN
static void seed(const char *dir, const char *name, const void *bytes, size_t n) {
  char path[4096];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(bytes, 1, n, f) != n || fclose(f)) {
    perror(path);
    exit(1);
  }
}

static void seeds(const char *dir) {
  static const char record[] = "\1jailer-chains 1\ndisk disk.qcow2 2\nlayer 1 2 qcow2 /a/d /a/d\n"
                               "layer 1 3 raw /b/c%20%C3%A9 /a/../b/c%20%C3%A9\ndisk r 1\nlayer 9 9 raw /r /r\nend\n";
  uint8_t b[513] = {0};
  static const uint8_t head[] = {'Q', 'F', 'I', 0xfb, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 136, 0, 0, 0, 7, 0, 0, 0, 9};
  static const uint8_t format[] = {0xe2, 0x79, 0x2a, 0xca, 0, 0, 0, 5, 'q', 'c', 'o', 'w', '2'};
  static const uint8_t data_file[] = {0x44, 0x41, 0x54, 0x41, 0, 0, 0, 3, 'r', 'a', 'w'};
  memcpy(b + 1, head, sizeof head);
  b[1 + 103] = 104;
  memcpy(b + 1 + 104, format, sizeof format);
  memcpy(b + 1 + 136, "../base", 7);
  seed(dir, "v3", b, sizeof b);
  memcpy(b + 1 + 120, data_file, sizeof data_file);
  b[1 + 79] = 4;
  seed(dir, "data-file", b, sizeof b);
  memset(b + 1 + 72, 0, 64);
  memcpy(b + 1 + 72, format, sizeof format);
  b[1 + 7] = 2;
  seed(dir, "v2", b, sizeof b);
  seed(dir, "record", record, sizeof record - 1);
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--seed")) return seeds(argv[2]), 0;
  return replay(LLVMFuzzerTestOneInput, argc, argv);
}
#endif
