/* qcow2 headers, backing chains, the trust policy and the recorded chains.
 * cc -o test_qcow2 tests/test_qcow2.c && ./test_qcow2 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- faults ------------------------------------------------------------------------------------------------------- */

#if defined(__linux__)
#include <sys/syscall.h>
#include <sys/sysmacros.h>
static long sys_seen, sys_fail_at, sys_fail_with; /* the call with this number (from 1) answers -sys_fail_with */
static long sys_failed_nr;                        /* which system call that was */
static long pread_seen, read_seen, fsync_seen;
static void (*sys_before)(long nr, const long *args); /* runs before each call */
static bool (*sys_answer)(long nr, const long *args, long *result);

static bool hook(long nr, const long args[6], long *result) {
  if (sys_before) sys_before(nr, args);
  if (nr == SYS_pread64) pread_seen++;
  if (nr == SYS_read) read_seen++;
  if (nr == SYS_fsync) fsync_seen++;
  if (sys_answer && sys_answer(nr, args, result)) return true;
  if (++sys_seen != sys_fail_at) return false;
  sys_failed_nr = nr;
  if (nr == SYS_close) syscall(SYS_close, args[0]); /* a close that fails has closed all the same */
  *result = -sys_fail_with;
  return true;
}
#define JAILER_SYS_HOOK hook
#endif

static long mem_live, mem_seen, mem_fail_at;
static size_t mem_largest;

static void *mem_get(size_t n) {
  if (n > mem_largest) mem_largest = n;
  if (++mem_seen == mem_fail_at) return NULL;
  void *p = malloc(n);
  if (p) mem_live++;
  return p;
}

static void *mem_again(void *old, size_t n) {
  if (n > mem_largest) mem_largest = n;
  if (++mem_seen == mem_fail_at) return NULL;
  void *p = realloc(old, n);
  if (p && !old) mem_live++;
  return p;
}

static void mem_put(void *p) {
  if (p) mem_live--;
  free(p);
}

#define JAILER_MALLOC(n) mem_get(n)
#define JAILER_REALLOC(p, n) mem_again(p, n)
#define JAILER_FREE(p) mem_put(p)
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

static void put(uint8_t *to, int width, uint64_t value) {
  for (int i = width - 1; i >= 0; i--, value >>= 8) to[i] = (uint8_t)value;
}

/* A version 3 header: cluster_bits 16, the backing format extension at 104, end of extensions at 120, name at 128. */
static void header(uint8_t *b, size_t size, const char *backing, const char *format) {
  memset(b, 0, size);
  put(b, 4, 0x514649fb);
  put(b + 4, 4, 3);
  put(b + 20, 4, 16);
  put(b + 24, 8, 1 << 20);
  put(b + 96, 4, 4);
  put(b + 100, 4, 104);
  size_t next = 104;
  if (format) {
    put(b + 104, 4, 0xe2792aca);
    put(b + 108, 4, strlen(format));
    memcpy(b + 112, format, strlen(format));
    next = 120;
  }
  if (!backing) return;
  put(b + 8, 8, next + 8);
  put(b + 16, 4, strlen(backing));
  memcpy(b + next + 8, backing, strlen(backing));
}

/* --- headers ------------------------------------------------------------------------------------------------------ */

typedef struct patch {
  unsigned at;
  int width; /* 0: no more patches */
  uint64_t value;
} patch;

typedef struct row {
  const char *what;
  jailer_code code;
  size_t len;         /* 0: 65536 bytes */
  uint64_t file_size; /* 0: 262144; otherwise and when len is 0, len is at most that */
  patch patches[8];
} row;

#define OFF 8
#define NAMELEN 16
#define BITS 20
#define CRYPT 32
#define INCOMPAT 72
#define HLEN 100

static const row rows[] = {
    {"one byte", JAILER_E_FORMAT, 1, 1, {{0, 0, 0}}},
    {"three bytes", JAILER_E_FORMAT, 3, 3, {{0, 0, 0}}},
    {"the magic and no more", JAILER_E_FORMAT, 4, 4, {{0, 0, 0}}},
    {"71 bytes", JAILER_E_FORMAT, 71, 71, {{0, 0, 0}}},
    {"version 3 cut at 103", JAILER_E_FORMAT, 103, 103, {{0, 0, 0}}},
    {"header_length past the file", JAILER_E_FORMAT, 0, 110, {{HLEN, 4, 112}}},
    {"magic of qcow1 byte order", JAILER_E_FORMAT, 0, 0, {{0, 4, 0xfb494651}}},
    {"magic with one bit wrong", JAILER_E_FORMAT, 0, 0, {{3, 1, 0xfa}}},
    {"version 0", JAILER_E_FORMAT, 0, 0, {{4, 4, 0}}},
    {"version 1", JAILER_E_FORMAT, 0, 0, {{4, 4, 1}}},
    {"version 4", JAILER_E_FORMAT, 0, 0, {{4, 4, 4}}},
    {"version little-endian", JAILER_E_FORMAT, 0, 0, {{4, 4, 0x03000000}}},
    {"cluster_bits 0", JAILER_E_FORMAT, 0, 0, {{BITS, 4, 0}}},
    {"cluster_bits 8", JAILER_E_FORMAT, 0, 0, {{BITS, 4, 8}}},
    {"cluster_bits 22", JAILER_E_FORMAT, 0, 0, {{BITS, 4, 22}}},
    {"cluster_bits 64", JAILER_E_FORMAT, 0, 0, {{BITS, 4, 64}}},
    {"cluster_bits all ones", JAILER_E_FORMAT, 0, 0, {{BITS, 4, 0xffffffff}}},
    {"encryption method 3", JAILER_E_FORMAT, 0, 0, {{CRYPT, 4, 3}}},
    {"encryption method all ones", JAILER_E_FORMAT, 0, 0, {{CRYPT, 4, 0xffffffff}}},
    {"incompatible bit 5", JAILER_E_FORMAT, 0, 0, {{INCOMPAT, 8, 32}}},
    {"incompatible bit 32", JAILER_E_FORMAT, 0, 0, {{INCOMPAT, 8, 1ull << 32}}},
    {"incompatible bit 63 beside known ones", JAILER_E_FORMAT, 0, 0, {{INCOMPAT, 8, 1ull << 63 | 1}}},
    {"compression bit without a type", JAILER_E_FORMAT, 0, 0, {{INCOMPAT, 8, 8}}},
    {"compression type without its bit", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 112}, {104, 1, 1}, {112, 8, 0}}},
    {"header_length 0", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 0}}},
    {"header_length 72", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 72}}},
    {"header_length 96", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 96}}},
    {"header_length 108", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 108}, {104, 8, 0}, {112, 8, 0}}},
    {"header_length all ones but the last three", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 0xfffffff8}}},
    {"header_length 4 GiB - 1", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 0xffffffff}}},
    {"header_length over a cluster of 512",
     JAILER_E_FORMAT,
     0,
     0,
     {{BITS, 4, 9}, {OFF, 8, 0}, {HLEN, 4, 520}, {104, 8, 0}}},
    {"header_length over the backing name", JAILER_E_FORMAT, 0, 0, {{HLEN, 4, 136}}},
    {"backing name inside the header", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 80}, {80, 8, ~0ull}, {88, 8, ~0ull}}},
    {"backing name in the header's last byte", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 103}}},
    {"backing name at 1", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 1}}},
    {"backing name at the cluster's end", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 65536}}},
    {"backing name in the second cluster", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 65544}}},
    {"backing name across the cluster's end", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 65530}}},
    {"backing offset 2^63", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 1ull << 63}}},
    {"backing offset all ones", JAILER_E_FORMAT, 0, 0, {{OFF, 8, ~0ull}}},
    {"backing offset that wraps with its length", JAILER_E_FORMAT, 0, 0, {{OFF, 8, ~0ull - 5}}},
    {"backing name of 1024", JAILER_E_FORMAT, 0, 0, {{NAMELEN, 4, 1024}}},
    {"backing name of 4 GiB", JAILER_E_FORMAT, 0, 0, {{NAMELEN, 4, 0xffffffff}}},
    {"backing name of no bytes", JAILER_E_FORMAT, 0, 0, {{NAMELEN, 4, 0}}},
    {"backing name with NUL", JAILER_E_FORMAT, 0, 0, {{131, 1, 0}}},
    {"backing name that starts with NUL", JAILER_E_FORMAT, 0, 0, {{128, 1, 0}}},
    {"backing name cut by the file's end", JAILER_E_FORMAT, 0, 130, {{0, 0, 0}}},
    {"extension of 4 GiB", JAILER_E_FORMAT, 0, 0, {{108, 4, 0xffffffff}}},
    {"extension of 4 GiB, no backing file", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 0}, {108, 4, 0xfffffff8}}},
    {"extension into the backing name", JAILER_E_FORMAT, 0, 0, {{104, 4, 1}, {108, 4, 17}}},
    {"end extension into the backing name", JAILER_E_FORMAT, 0, 0, {{124, 4, 1}}},
    {"half an extension before the name", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 132}, {120, 4, 1}, {138, 8, ~0ull}}},
    {"extension cut by the file's end", JAILER_E_FORMAT, 0, 108, {{OFF, 8, 0}}},
    {"format cut by the file's end", JAILER_E_FORMAT, 0, 114, {{OFF, 8, 0}}},
    {"backing format of no bytes", JAILER_E_FORMAT, 0, 0, {{108, 4, 0}}},
    {"backing format of 16", JAILER_E_FORMAT, 0, 0, {{108, 4, 16}, {117, 3, 0x202020}, {120, 8, ~0ull}}},
    {"backing format with NUL", JAILER_E_FORMAT, 0, 0, {{113, 1, 0}}},
    {"two backing formats",
     JAILER_E_FORMAT,
     0,
     0,
     {{OFF, 8, 144},
      {120, 4, 0xe2792aca},
      {124, 4, 3},
      {128, 3, 0x726177},
      {131, 5, 0},
      {136, 8, 0},
      {144, 8, ~0ull},
      {152, 2, 0xffff}}},
    {"data file name of no bytes", JAILER_E_FORMAT, 0, 0, {{104, 4, 0x44415441}, {108, 4, 0}}},
    {"data file name of 1024", JAILER_E_FORMAT, 0, 0, {{OFF, 8, 0}, {104, 4, 0x44415441}, {108, 4, 1024}}},
    {"data file name with NUL", JAILER_E_FORMAT, 0, 0, {{104, 4, 0x44415441}, {108, 4, 6}}},
    {"version 2 with its name at 71", JAILER_E_FORMAT, 0, 0, {{4, 4, 2}, {OFF, 8, 71}}},
    {"name 1 MiB into a 2 MiB cluster", JAILER_E_LIMIT, 0, 4 << 20, {{BITS, 4, 21}, {OFF, 8, 1 << 20}}},
    {"name across 64 KiB", JAILER_E_LIMIT, 0, 4 << 20, {{BITS, 4, 21}, {OFF, 8, 65530}}},
    {"extension of 1 MiB", JAILER_E_LIMIT, 0, 4 << 20, {{BITS, 4, 21}, {OFF, 8, 0}, {104, 4, 1}, {108, 4, 1 << 20}}},
    {"header_length of 1 MiB", JAILER_E_LIMIT, 0, 4 << 20, {{BITS, 4, 21}, {OFF, 8, 0}, {HLEN, 4, 1 << 20}}},
    {"header_length past a small file", JAILER_E_FORMAT, 0, 4096, {{BITS, 4, 21}, {OFF, 8, 0}, {HLEN, 4, 1 << 20}}},
};

/* What is unusual and right. */
static const row fine[] = {
    {"as made", JAILER_OK, 0, 0, {{0, 0, 0}}},
    {"dirty", JAILER_OK, 0, 0, {{INCOMPAT, 8, 1}}},
    {"corrupt", JAILER_OK, 0, 0, {{INCOMPAT, 8, 2}}},
    {"data file bit", JAILER_OK, 0, 0, {{INCOMPAT, 8, 4}}},
    {"extended L2", JAILER_OK, 0, 0, {{INCOMPAT, 8, 16}}},
    {"AES", JAILER_OK, 0, 0, {{CRYPT, 4, 1}}},
    {"LUKS", JAILER_OK, 0, 0, {{CRYPT, 4, 2}}},
    {"encryption extension only", JAILER_OK, 0, 0, {{104, 4, 0x0537be77}}},
    {"bitmaps extension", JAILER_OK, 0, 0, {{104, 4, 0x23852875}}},
    {"unknown extension", JAILER_OK, 0, 0, {{104, 4, 0x12345678}}},
    {"data file extension without the bit", JAILER_OK, 0, 0, {{104, 4, 0x44415441}}},
    {"zstd", JAILER_OK, 0, 0, {{INCOMPAT, 8, 8}, {HLEN, 4, 112}, {104, 8, 1ull << 56}, {112, 8, 0}}},
    {"a stale length where there is no name", JAILER_OK, 0, 0, {{OFF, 8, 0}, {NAMELEN, 4, 0xffffffff}}},
    {"unknown compatible and autoclear bits", JAILER_OK, 0, 0, {{80, 8, ~0ull}, {88, 8, ~0ull}}},
    {"extensions without an end", JAILER_OK, 0, 0, {{120, 4, 1}}},
    {"cluster of 512", JAILER_OK, 0, 0, {{BITS, 4, 9}}},
    {"version 2, feature fields are not there", JAILER_OK, 0, 0, {{4, 4, 2}, {72, 8, 0}, {80, 8, ~0ull}}},
    {"the smallest file", JAILER_OK, 0, 138, {{0, 0, 0}}},
};

static size_t row_bytes(const row *r, uint8_t *b, uint64_t *size) {
  header(b, 65536, "base.qcow2", "qcow2");
  for (int i = 0; i < 8 && r->patches[i].width; i++)
    put(b + r->patches[i].at, r->patches[i].width, r->patches[i].value);
  *size = r->file_size ? r->file_size : 262144;
  size_t len = r->len ? r->len : 65536;
  return len > *size ? (size_t)*size : len;
}

static bool all_zero(const jailer_qcow2 *q) {
  static const jailer_qcow2 zero;
  return memcmp(q, &zero, offsetof(jailer_qcow2, needed_bytes)) == 0;
}

/* The parser on bytes, and on every shorter buffer. */
static void test_rows(const row *table, size_t n) {
  static uint8_t b[65536];
  for (size_t i = 0; i < n; i++) {
    const row *r = &table[i];
    jailer_qcow2 q, again;
    jailer_error err;
    uint64_t size;
    size_t len = row_bytes(r, b, &size);
    jailer_code code = jailer_qcow2_parse(b, len, size, &q, &err);
    if (!OK(code == r->code && (!code || (err.code == code && err.step && err.message[0] && all_zero(&q))),
            "header: %s", r->what))
      printf("# code %d, expected %d\n", code, r->code);
    bool same = true; /* a shorter buffer gives the same verdict or asks for more, never another answer */
    for (size_t k = 0; k < len && k < 1300; k++) {
      jailer_code part = jailer_qcow2_parse(b, k, size, &again, NULL);
      if (part == JAILER_E_LIMIT)
        same &= again.needed_bytes > k && all_zero(&again);
      else if (part)
        same &= r->code != JAILER_OK;
      else
        same &= !code && memcmp(&again, &q, sizeof q) == 0;
    }
    OK(same, "header: %s: the same from parts", r->what);
  }
}

static void test_fields(void) {
  uint8_t b[4096];
  jailer_qcow2 q;
  jailer_error err;
  header(b, sizeof b, "base.qcow2", "qcow2");
  put(b + CRYPT, 4, 2);
  put(b + INCOMPAT, 8, 1 | 2 | 4 | 16);
  put(b + 80, 8, 0x1122334455667788);
  jailer_code code = jailer_qcow2_parse(b, sizeof b, 262144, &q, &err);
  OK(!code && q.version == 3 && q.cluster_bits == 16 && q.header_length == 104 && q.virtual_size_bytes == 1 << 20 &&
         q.crypt_method == 2 && q.incompatible_features == 23 && q.compatible_features == 0x1122334455667788,
     "fields: numbers");
  OK(q.dirty && q.corrupt && q.has_data_file && q.extended_l2 && q.encrypted && !q.has_bitmaps && !q.compression_type,
     "fields: feature bits");
  OK(!strcmp(q.backing_name, "base.qcow2") && !strcmp(q.backing_format, "qcow2") && !q.data_file[0] &&
         q.needed_bytes == 138,
     "fields: names");
  char name[1024];
  memset(name, 'n', 1023);
  name[1023] = 0;
  header(b, sizeof b, name, "raw");
  OK(!jailer_qcow2_parse(b, sizeof b, UINT64_MAX, &q, &err) && !strcmp(q.backing_name, name), "fields: name of 1023");
  header(b, sizeof b, NULL, NULL);
  put(b + 104, 4, 0x44415441);
  put(b + 108, 4, 8);
  memcpy(b + 112, "data.raw", 8);
  OK(!jailer_qcow2_parse(b, sizeof b, 4096, &q, &err) && q.has_data_file && !strcmp(q.data_file, "data.raw"),
     "fields: data file");
  OK(jailer_qcow2_parse(b, 4096, 4095, &q, &err) == JAILER_E_INVALID, "arguments: more bytes than the file has");
  OK(jailer_qcow2_parse(NULL, 1, 1, &q, &err) == JAILER_E_INVALID, "arguments: no bytes");
  OK(jailer_qcow2_parse(NULL, 0, 0, &q, NULL) == JAILER_E_FORMAT, "arguments: an empty image is malformed");
  OK(jailer_qcow2_parse(b, 1, 1, NULL, &err) == JAILER_E_INVALID && err.message[0], "arguments: nowhere to answer");
  OK(!strcmp(jailer_format_name(JAILER_FORMAT_RAW), "raw") && !strcmp(jailer_format_name((jailer_format)9), "unstated"),
     "format names");
}

#if JL_LINUX

/* --- files -------------------------------------------------------------------------------------------------------- */

static char tmp[512]; /* resolved, so that expected paths can be written down */

static const char *at(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *at(const char *format, ...) { /* a path below tmp; eight live at a time */
  static char ring[8][1400];
  static unsigned turn;
  char *to = ring[turn++ % 8];
  int n = snprintf(to, sizeof ring[0], "%s/", tmp);
  va_list list;
  va_start(list, format);
  vsnprintf(to + n, sizeof ring[0] - (size_t)n, format, list);
  va_end(list);
  return to;
}

static int fds_open(void) {
  int n = 0;
  DIR *d = opendir("/proc/self/fd");
  while (d && readdir(d)) n++;
  if (d) closedir(d);
  return n;
}

static void put_file(const char *path, const void *bytes, size_t n, off_t size) {
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || ftruncate(fd, size) || close(fd)) perror(path), exit(99);
}

static size_t get_file(const char *path, char *to, size_t size) {
  int fd = open(path, O_RDONLY);
  ssize_t n = fd < 0 ? 0 : read(fd, to, size - 1);
  if (fd >= 0) close(fd);
  to[n > 0 ? n : 0] = 0;
  return n > 0 ? (size_t)n : 0;
}

static void put_image(const char *path, const char *backing, const char *format) {
  uint8_t b[4096];
  header(b, sizeof b, backing, format);
  put_file(path, b, sizeof b, 262144);
}

/* The reader of a file says what the parser says of all of its bytes. */
static void test_row_files(const row *table, size_t n) {
  static uint8_t b[65536];
  for (size_t i = 0; i < n; i++) {
    jailer_qcow2 q, file;
    uint64_t size;
    size_t len = row_bytes(&table[i], b, &size);
    jailer_code code = jailer_qcow2_parse(b, len, size, &q, NULL);
    put_file(at("row"), b, len, (off_t)size);
    int fd = open(at("row"), O_RDONLY);
    pread_seen = 0;
    jailer_code read_code = jailer_qcow2_read_fd(fd, &file, NULL);
    close(fd);
    OK(read_code == code && pread_seen <= 2 && (code || memcmp(&file, &q, sizeof q) == 0),
       "header: %s: the same from a file", table[i].what);
  }
}

static void test_read_fd(void) {
  jailer_qcow2 q;
  jailer_error err;
  static uint8_t b[65536];
  header(b, sizeof b, NULL, NULL); /* an extension of 60000 bytes, then the name: two reads */
  put(b + 104, 4, 0x99);
  put(b + 108, 4, 60000);
  put(b + 8, 8, 60120);
  put(b + 16, 4, 3);
  memcpy(b + 60120, "far", 3);
  put_file(at("far"), b, sizeof b, 262144);
  int fd = open(at("far"), O_RDONLY), before = fds_open();
  lseek(fd, 77, SEEK_SET);
  pread_seen = read_seen = 0;
  jailer_code code = jailer_qcow2_read_fd(fd, &q, &err);
  OK(!code && !strcmp(q.backing_name, "far") && pread_seen == 2 && read_seen == 0,
     "descriptor: two reads for a long header");
  OK(lseek(fd, 0, SEEK_CUR) == 77, "descriptor: the offset stays");
  bool ok = true;
  mem_seen = 0, mem_fail_at = 1;
  ok &= jailer_qcow2_read_fd(fd, &q, &err) == JAILER_E_NO_MEMORY && all_zero(&q);
  mem_fail_at = 0;
  for (sys_fail_at = 1; sys_fail_at <= 3; sys_fail_at++) {
    sys_seen = 0, sys_fail_with = EIO;
    ok &= jailer_qcow2_read_fd(fd, &q, &err) == JAILER_E_SYSTEM && err.sys_errno == EIO && all_zero(&q);
  }
  sys_fail_at = 0;
  OK(ok && mem_live == 0 && fds_open() == before, "descriptor: each call and the allocation fail in turn");
  close(fd);
  fd = open(tmp, O_RDONLY | O_DIRECTORY);
  OK(jailer_qcow2_read_fd(fd, &q, &err) == JAILER_E_UNSAFE, "descriptor: a directory is refused");
  close(fd);
  OK(jailer_qcow2_read_fd(-1, &q, &err) == JAILER_E_SYSTEM && err.sys_errno == EBADF, "descriptor: not open");
  OK(jailer_qcow2_read_fd(0, NULL, &err) == JAILER_E_INVALID, "descriptor: nowhere to answer");
}

/* --- chains against qemu-img -------------------------------------------------------------------------------------- */

static bool run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool run(const char *format, ...) { /* in tmp, through the shell; the formats quote their paths */
  char command[4096];
  int n = snprintf(command, sizeof command, "cd '%s' && { ", tmp);
  va_list list;
  va_start(list, format);
  n += vsnprintf(command + n, sizeof command - (size_t)n - 32, format, list);
  va_end(list);
  strcpy(command + n, "; } >/dev/null 2>&1");
  return system(command) == 0;
}

/* The "filename" and "format" of each object of qemu-img's array, not of objects inside those. */
static size_t qemu_chain(const char *path, char names[][1400], char formats[][16], size_t max) {
  static char json[1 << 18];
  char command[2048], key[64] = "", *to = NULL;
  snprintf(command, sizeof command, "cd '%s' && qemu-img info -U --backing-chain --output=json '%s' 2>/dev/null", tmp,
           path);
  FILE *p = popen(command, "r");
  size_t len = p ? fread(json, 1, sizeof json - 1, p) : 0, count = 0;
  if (!p || pclose(p) != 0) return 0;
  json[len] = 0;
  int depth = 0;
  bool value = false;
  for (char *c = json; *c; c++) {
    if (*c == '[' || *c == '{')
      depth++, count += depth == 2 && *c == '{', value = false;
    else if (*c == ']' || *c == '}')
      depth--;
    else if (*c == ':')
      value = true;
    else if (*c == ',')
      value = false;
    else if (*c == '"') {
      char text[1400];
      size_t n = 0;
      for (c++; *c && *c != '"'; c++) {
        unsigned code = 0;
        if (*c == '\\' && *++c == 'u') { /* two bytes of UTF-8 are all that is needed here */
          sscanf(c + 1, "%4x", &code), c += 4;
          if (n < sizeof text - 2) text[n++] = (char)(0xc0 | code >> 6), text[n++] = (char)(0x80 | (code & 63));
        } else if (n < sizeof text - 2) {
          text[n++] = *c;
        }
      }
      text[n] = 0;
      if (depth != 2 || count > max) continue;
      to = !strcmp(key, "filename") ? names[count - 1] : !strcmp(key, "format") ? formats[count - 1] : NULL;
      if (!value)
        snprintf(key, sizeof key, "%.63s", text);
      else if (to)
        strcpy(to, text);
    }
  }
  return count;
}

static jailer_code walk(const char *path, jailer_format format, const char *root, jailer_chain **chain,
                        jailer_error *err) {
  jailer_chain_policy policy = {0};
  policy.trusted_roots = &root;
  policy.trusted_root_count = root ? 1 : 0;
  return jailer_chain_walk(path, format, &policy, chain, err);
}

static void same_as_qemu(const char *what, const char *path, size_t expected) {
  static char names[70][1400], formats[70][16];
  jailer_chain *chain;
  jailer_error err = {0};
  size_t n = qemu_chain(path, names, formats, 70);
  pread_seen = 0;
  jailer_code code = walk(path, JAILER_FORMAT_QCOW2, tmp, &chain, &err);
  bool same = !code && n == expected && chain->count == n && pread_seen <= (long)n;
  for (size_t i = 0; same && i < n; i++) {
    const jailer_chain_layer *l = &chain->layers[i];
    struct stat st;
    char real[PATH_MAX];
    same = !strcmp(l->named, names[i]) && !strcmp(jailer_format_name(l->format), formats[i]) &&
           realpath(names[i], real) && !strcmp(l->path, real) && !stat(real, &st) && l->ino == st.st_ino &&
           l->dev == ((uint64_t)major(st.st_dev) << 32 | minor(st.st_dev)) && l->size_bytes == (uint64_t)st.st_size;
    if (!same)
      printf("# layer %zu: %s is %s %s, qemu-img says %s %s\n", i, l->named, l->path, jailer_format_name(l->format),
             names[i], formats[i]);
  }
  if (!OK(same, "qemu-img: %s", what)) printf("# %d %s %s; qemu-img: %zu layers\n", code, err.item, err.message, n);
  if (!code) jailer_chain_free(chain);
}

static void test_qemu(void) {
  if (!run("qemu-img --version")) {
    tap_skip("chains against qemu-img info --backing-chain", "qemu-img is not installed");
    return;
  }
  run("mkdir q q/base q/over q/link");
  run("qemu-img create -f qcow2 -o compat=0.10 q/base/v2.qcow2 1M");
  same_as_qemu("version 2", at("q/base/v2.qcow2"), 1);
  run("cd q/over && qemu-img create -f qcow2 -o compat=0.10 -F qcow2 -b ../base/v2.qcow2 v2.qcow2");
  same_as_qemu("version 2 over version 2, relative", at("q/over/v2.qcow2"), 2);
  run("qemu-img create -f qcow2 -F qcow2 -b '%s' q/over/abs.qcow2", at("q/base/v2.qcow2"));
  same_as_qemu("version 3 over version 2, absolute", at("q/over/abs.qcow2"), 2);
  static const char *sizes[] = {"512", "1k", "4k", "64k", "2M"};
  for (size_t i = 0; i < 5; i++) {
    run("cd q/over && qemu-img create -f qcow2 -o cluster_size=%s -F qcow2 -b ../base/v2.qcow2 c%s.qcow2", sizes[i],
        sizes[i]);
    char what[64];
    snprintf(what, sizeof what, "cluster size %s", sizes[i]);
    same_as_qemu(what, at("q/over/c%s.qcow2", sizes[i]), 2);
  }
  run("cd q/over && qemu-img create -f qcow2 -o "
      "compression_type=zstd,extended_l2=on,cluster_size=128k,lazy_refcounts=on "
      "-F qcow2 -b ../base/v2.qcow2 ext.qcow2");
  same_as_qemu("zstd, extended L2, lazy refcounts", at("q/over/ext.qcow2"), 2);
  run("cd q/over && qemu-img create -f qcow2 -F qcow2 -b abs.qcow2 bitmap.qcow2 && qemu-img bitmap --add bitmap.qcow2 "
      "b0");
  same_as_qemu("bitmaps, three layers, relative and absolute", at("q/over/bitmap.qcow2"), 3);
  run("cd q/over && qemu-img create -f raw ../base/disk.raw 1M && qemu-img create -f qcow2 -F raw -b ../base/disk.raw "
      "raw.qcow2");
  same_as_qemu("over a raw disk", at("q/over/raw.qcow2"), 2);
  run("cp q/base/v2.qcow2 q/base/looks.raw; cd q/over && qemu-img create -f qcow2 -F raw -b ../base/looks.raw "
      "looks.qcow2");
  same_as_qemu("over a raw disk that looks like qcow2", at("q/over/looks.qcow2"), 2);
  run("cp q/over/abs.qcow2 q/base/guest.raw; cd q/over && qemu-img create -f qcow2 -F raw -b ../base/guest.raw "
      "guest.qcow2");
  same_as_qemu("over a raw disk that names a backing file", at("q/over/guest.qcow2"), 2);
  run("cd q/over && qemu-img create -f qcow2 -F qcow2 -b ./.././base//v2.qcow2 dots.qcow2");
  same_as_qemu("a name with dots and doubled slashes", at("q/over/dots.qcow2"), 2);
  run("cd q/over && qemu-img create -f qcow2 d0 1M; for i in 1 2 3 4 5 6 7; do "
      "qemu-img create -f qcow2 -F qcow2 -b d$((i-1)) d$i; done");
  same_as_qemu("eight layers", at("q/over/d7"), 8);
  run("mv q/over q/moved");
  same_as_qemu("eight layers, the directory renamed", at("q/moved/d7"), 8);
  same_as_qemu("relative name, the directory renamed", at("q/moved/v2.qcow2"), 2);
  /* link/v2.qcow2 -> ../moved/v2.qcow2, whose ../base/v2.qcow2 QEMU looks for from link/: the same file by luck of
     depth; deep/down/v2.qcow2 has another base/ beside it */
  run("ln -s ../moved/v2.qcow2 q/link/v2.qcow2; mkdir -p q/deep/down q/deep/base; cp q/base/v2.qcow2 "
      "q/deep/base/v2.qcow2; "
      "ln -s ../../moved/v2.qcow2 q/deep/down/v2.qcow2; ln -s moved q/dirlink");
  same_as_qemu("a symbolic link to the overlay", at("q/link/v2.qcow2"), 2);
  same_as_qemu("a symbolic link to the overlay, another base beside it", at("q/deep/down/v2.qcow2"), 2);
  same_as_qemu("a symbolic link to the overlay's directory", at("q/dirlink/v2.qcow2"), 2);
  run("cd q/moved && cp ../base/v2.qcow2 './a \"b:c \303\251' && "
      "qemu-img create -u -f qcow2 -F qcow2 -b './a \"b:c \303\251' odd.qcow2 1M");
  same_as_qemu("blanks, quotes, colons after a slash, UTF-8", at("q/moved/odd.qcow2"), 2);
  run("qemu-img rebase -u -b '' q/moved/d7");
  same_as_qemu("backing file taken away by rebase", at("q/moved/d7"), 1);
  jailer_chain *chain;
  jailer_error err;
  run("cd q/moved && qemu-img create -f qcow2 -o data_file=ext.raw data.qcow2 1M");
  OK(walk(at("q/moved/data.qcow2"), JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_CHAIN && !chain &&
         strstr(err.message, "external"),
     "qemu-img: external data file refused");
  run("cd q/moved && qemu-img create -f qcow2 --object secret,id=s,data=abc -o encrypt.format=aes,encrypt.key-secret=s "
      "aes.qcow2 1M");
  OK(walk(at("q/moved/aes.qcow2"), JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_CHAIN &&
         strstr(err.message, "encrypted"),
     "qemu-img: encryption refused");
  jailer_chain_policy policy = {0};
  policy.allow_encrypted = true;
  jailer_code code = jailer_chain_walk(at("q/moved/aes.qcow2"), JAILER_FORMAT_QCOW2, &policy, &chain, &err);
  OK(!code && chain->layers[0].encrypted, "qemu-img: encryption allowed by name and reported");
  if (!code) jailer_chain_free(chain);
  run("cd q/moved && qemu-img create -f vmdk base.vmdk 1M && qemu-img create -f qcow2 -F vmdk -b base.vmdk vmdk.qcow2");
  OK(walk(at("q/moved/vmdk.qcow2"), JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_CHAIN,
     "qemu-img: vmdk backing refused");
  run("cd q/moved && qemu-img create -u -f qcow2 -F raw -b nbd://localhost/x nbd.qcow2 1M");
  OK(walk(at("q/moved/nbd.qcow2"), JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_CHAIN &&
         strstr(err.item, "layer 1: nbd:"),
     "qemu-img: nbd: refused");
}

/* --- the trust policy --------------------------------------------------------------------------------------------- */

/* Walks box/top.qcow2 with the root `root`; the verdict, the layer in err->item, and no descriptor or memory kept. */
static void refused(const char *what, jailer_code expected, const char *layer, const char *root) {
  jailer_chain *chain = (jailer_chain *)1;
  jailer_error err;
  memset(&err, 0x55, sizeof err);
  int before = fds_open();
  jailer_code code = walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err);
  bool ok = code == expected && !chain && err.code == code && err.step && !strncmp(err.item, layer, strlen(layer)) &&
            err.message[0] && mem_live == 0 && fds_open() == before;
  if (!OK(ok, "refused: %s", what)) printf("# code %d: %s: %s\n", code, err.item, err.message);
  if (!code) jailer_chain_free(chain);
}

static void accepted(const char *what, size_t count, const char *root) {
  jailer_chain *chain;
  jailer_error err;
  int before = fds_open();
  jailer_code code = walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err);
  if (!OK(!code && chain->count == count && fds_open() == before, "accepted: %s", what))
    printf("# code %d: %s: %s\n", code, err.item, err.message);
  if (!code) jailer_chain_free(chain);
}

static void top(const char *backing, const char *format) { put_image(at("box/top.qcow2"), backing, format); }

static void test_policy(void) {
  static const char *protocols[] = {"json:{\"driver\":\"file\"}",
                                    "nbd:unix:/x",
                                    "file:../root/base",
                                    "host_device:/dev/sda",
                                    "a:b",
                                    ":x",
                                    "fat:/etc",
                                    "nbd://h/x"};
  static const char *formats[] = {"vmdk", "file", "qcow", "qcow2x", "RAW", "host_device", "luks"};
  mkdir(at("box"), 0755), mkdir(at("root"), 0755), mkdir(at("rootx"), 0755), mkdir(at("root/dir"), 0755);
  put_image(at("root/base"), NULL, NULL);
  put_image(at("rootx/base"), NULL, NULL);
  put_image(at("box/beside"), NULL, NULL);
  char root[600];
  snprintf(root, sizeof root, "%s/root", tmp);

  top(NULL, NULL), accepted("one layer needs no root", 1, NULL);
  top("../root/base", "qcow2"), accepted("a backing file below the root", 2, root);
  refused("no roots: nothing below the top is trusted", JAILER_E_CHAIN, "layer 1: ", NULL);
  top("../rootx/base", "qcow2"), refused("root/ is not rootx/", JAILER_E_CHAIN, "layer 1: ", root);
  top("beside", "qcow2"), refused("outside the roots", JAILER_E_CHAIN, "layer 1: ", root);
  top("../root/../box/beside", "qcow2"), refused("out of the root by ..", JAILER_E_CHAIN, "layer 1: ", root);
  symlink("../box/beside", at("root/out"));
  top("../root/out", "qcow2"), refused("out of the root by a symbolic link", JAILER_E_CHAIN, "layer 1: ", root);
  symlink("../root/base", at("box/in"));
  top("in", "qcow2"), accepted("into the root by a symbolic link", 2, root);
  symlink("root", at("rootlink")); /* a root that is itself a link, and one with a slash at its end */
  top("../root/base", "qcow2"), accepted("a root by a symbolic link", 2, at("rootlink"));
  accepted("a root with a slash at its end", 2, at("root/"));
  top("/etc/passwd", "raw"), refused("/etc/passwd", JAILER_E_CHAIN, "layer 1: /etc/passwd", root);

  for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
    char what[80];
    snprintf(what, sizeof what, "protocol %s", protocols[i]);
    top(protocols[i], "raw"), refused(what, JAILER_E_CHAIN, "layer 1: ", root);
  }
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    uint8_t b[4096];
    char what[80];
    snprintf(what, sizeof what, "backing format %s", formats[i]);
    header(b, sizeof b, NULL, NULL);
    put(b + 104, 4, 0xe2792aca), put(b + 108, 4, strlen(formats[i])), memcpy(b + 112, formats[i], strlen(formats[i]));
    put(b + 8, 8, 136), put(b + 16, 4, 12), memcpy(b + 136, "../root/base", 12);
    put_file(at("box/top.qcow2"), b, sizeof b, 262144), refused(what, JAILER_E_CHAIN, "layer 1: ", root);
  }
  top("../root/base", NULL), refused("no backing format: never probed", JAILER_E_CHAIN, "layer 1: ", root);
  jailer_chain *chain;
  jailer_error err;
  OK(walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err) && strstr(err.message, "rebase -u -b FILE -F"),
     "refused: no backing format, and how to state it");

  mkfifo(at("root/fifo"), 0644), symlink("/dev/zero", at("root/dev")), symlink("loop", at("root/loop"));
  symlink("/proc/self/cwd", at("root/magic"));
  top("../root/fifo", "raw"), refused("FIFO", JAILER_E_UNSAFE, "layer 1: ", root);
  top("../root/dev", "raw"), refused("device", JAILER_E_UNSAFE, "layer 1: ", root);
  top("../root/dir", "raw"), refused("directory", JAILER_E_UNSAFE, "layer 1: ", root);
  top("../root/loop", "raw"), refused("symbolic link loop", JAILER_E_CHAIN, "layer 1: ", root);
  top("../root/none", "raw"), refused("missing", JAILER_E_NOT_FOUND, "layer 1: ", root);
  top("../root/base/x", "raw"), refused("below a file", JAILER_E_NOT_FOUND, "layer 1: ", root);
  top("/proc/self/fd/0", "raw"), refused("magic link", JAILER_E_CHAIN, "layer 1: ", root);
  char name[1024];
  memset(name, 'n', 1000), name[1000] = 0;
  top(name, "raw"), refused("a component over 255", JAILER_E_LIMIT, "layer 1: ", root);

  put_image(at("root/one"), "two", "qcow2"), put_image(at("root/two"), "one", "qcow2");
  top("../root/one", "qcow2"), refused("a loop of two", JAILER_E_CHAIN, "layer 3: ", root);
  put_image(at("root/self"), "self", "qcow2");
  top("../root/self", "qcow2"), refused("a loop of one", JAILER_E_CHAIN, "layer 2: ", root);
  put_image(at("root/hard1"), "hard2", "qcow2"), link(at("root/hard1"), at("root/hard2"));
  top("../root/hard1", "qcow2"), refused("a loop by hard link", JAILER_E_CHAIN, "layer 2: ", root);
  top("top.qcow2", "raw"), refused("the top as its own raw base", JAILER_E_CHAIN, "layer 1: ", tmp);

  put_image(at("root/looks"), "/etc/passwd", "raw"); /* CVE-2008-2004: the bytes name a file, the format is raw */
  top("../root/looks", "raw"), accepted("a raw layer ends the chain whatever its bytes are", 2, root);
  put_file(at("root/zeros"), "", 0, 4096);
  top("../root/zeros", "qcow2"), refused("a raw disk stated as qcow2", JAILER_E_FORMAT, "layer 1: ", root);
  put_file(at("root/empty"), "", 0, 0);
  top("../root/empty", "qcow2"), refused("an empty qcow2", JAILER_E_FORMAT, "layer 1: ", root);
  top("../root/empty", "raw"), accepted("an empty raw disk", 2, root);
}

static void test_headers_in_chain(void) {
  uint8_t b[4096];
  char root[600];
  snprintf(root, sizeof root, "%s/root", tmp);
  static const struct {
    const char *what;
    patch p;
    jailer_code code;
  } bits[] = {
      {"corrupt", {INCOMPAT, 8, 2}, JAILER_E_CHAIN},
      {"external data file", {INCOMPAT, 8, 4}, JAILER_E_CHAIN},
      {"external data file by extension only", {104, 4, 0x44415441}, JAILER_E_CHAIN},
      {"encrypted", {CRYPT, 4, 1}, JAILER_E_CHAIN},
      {"encrypted by extension only", {104, 4, 0x0537be77}, JAILER_E_CHAIN},
      {"unknown incompatible bit", {INCOMPAT, 8, 1 << 9}, JAILER_E_FORMAT},
      {"header of 4 GiB", {HLEN, 4, 0xfffffff8}, JAILER_E_FORMAT},
  };
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++) {
    header(b, sizeof b, "base", "qcow2"), put(b + bits[i].p.at, bits[i].p.width, bits[i].p.value);
    put_file(at("root/bad"), b, sizeof b, 262144), top("../root/bad", "qcow2");
    refused(bits[i].what, bits[i].code, "layer 1: ", root);
    put_file(at("box/top.qcow2"), b, sizeof b, 262144);
    char what[80];
    snprintf(what, sizeof what, "%s, in the top layer", bits[i].what);
    refused(what, bits[i].code, "layer 0: ", root);
  }
  header(b, sizeof b, "../root/base", "qcow2"), put(b + INCOMPAT, 8, 1),
      put_file(at("box/top.qcow2"), b, sizeof b, 262144);
  jailer_chain *chain;
  jailer_code code = walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, NULL);
  OK(!code && chain->layers[0].dirty && !chain->layers[1].dirty, "accepted: dirty, and reported");
  jailer_chain_free(code ? NULL : chain);
}

static void test_arguments(void) {
  jailer_chain *chain = (jailer_chain *)1;
  jailer_chain_policy p = {0};
  jailer_error err;
  const char *roots[2] = {NULL, NULL};
  top("../root/base", "qcow2");
  const char *path = at("box/top.qcow2");
  OK(walk("box/top.qcow2", JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_INVALID && !chain,
     "arguments: relative path");
  OK(walk(NULL, JAILER_FORMAT_QCOW2, tmp, &chain, &err) == JAILER_E_INVALID, "arguments: no path");
  OK(walk(path, JAILER_FORMAT_UNSTATED, tmp, &chain, &err) == JAILER_E_INVALID, "arguments: format not stated");
  OK(walk(path, (jailer_format)3, tmp, &chain, &err) == JAILER_E_INVALID, "arguments: format that is none");
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, NULL, NULL, &err) == JAILER_E_INVALID,
     "arguments: nowhere to answer");
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, NULL, &chain, NULL) == JAILER_E_CHAIN,
     "arguments: no policy is the strictest");
  OK(walk(path, JAILER_FORMAT_RAW, NULL, &chain, &err) == JAILER_OK && chain->count == 1 &&
         chain->layers[0].format == JAILER_FORMAT_RAW,
     "arguments: a top layer stated as raw is raw");
  jailer_chain_free(chain);
  jailer_chain_free(NULL);
  p.max_depth = 65;
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID, "arguments: depth 65");
  p.max_depth = 0, p.trusted_root_count = 1;
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID,
     "arguments: roots counted, not given");
  p.trusted_roots = roots;
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID,
     "arguments: a root that is NULL");
  roots[0] = "root";
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID, "arguments: a relative root");
  roots[0] = "/";
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID, "arguments: / as a root");
  symlink("/", at("slash"));
  roots[0] = at("slash");
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_INVALID,
     "arguments: a link to / as a root");
  roots[0] = at("nowhere");
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_NOT_FOUND &&
         !strcmp(err.item, roots[0]),
     "arguments: a root that is not there is named");
  roots[0] = at("root/base");
  OK(jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err) == JAILER_E_NOT_FOUND,
     "arguments: a file as a root");
  roots[0] = at("rootx"), roots[1] = at("root"), p.trusted_root_count = 2;
  jailer_code code = jailer_chain_walk(path, JAILER_FORMAT_QCOW2, &p, &chain, &err);
  OK(!code && chain->count == 2, "arguments: the second of two roots");
  if (!code) jailer_chain_free(chain);
}

static jailer_code deep(unsigned layers, unsigned max_depth, size_t *count) {
  jailer_chain_policy p = {0};
  const char *root = at("root");
  jailer_chain *chain;
  p.trusted_roots = &root, p.trusted_root_count = 1, p.max_depth = max_depth;
  jailer_code code = jailer_chain_walk(at("root/deep%u", layers - 1), JAILER_FORMAT_QCOW2, &p, &chain, NULL);
  *count = code ? 0 : chain->count;
  if (!code) jailer_chain_free(chain);
  return code;
}

static void test_depth(void) {
  size_t n;
  for (unsigned i = 0; i < 65; i++) {
    char below[32];
    snprintf(below, sizeof below, "deep%u", i - 1);
    put_image(at("root/deep%u", i), i ? below : NULL, i ? "qcow2" : NULL);
  }
  OK(!deep(16, 0, &n) && n == 16, "depth: 16 by default");
  OK(deep(17, 0, &n) == JAILER_E_CHAIN, "depth: 17 is too deep by default");
  OK(!deep(1, 1, &n) && n == 1, "depth: 1 of 1");
  OK(deep(2, 1, &n) == JAILER_E_CHAIN, "depth: 2 of 1");
  OK(!deep(64, 64, &n) && n == 64, "depth: 64 of 64");
  OK(deep(65, 64, &n) == JAILER_E_CHAIN, "depth: 65 of 64");
  pread_seen = 0;
  OK(!deep(16, 0, &n) && pread_seen == 16, "depth: one read per layer");
}

/* --- races, made to happen ---------------------------------------------------------------------------------------- */

static long race_nr;  /* the system call before which the race happens */
static int race_skip; /* how many of those to let pass */
static char race_from[1400], race_to[1400];
static bool race_done;

static void race_rename(long nr, const long *args) {
  if (nr != race_nr || race_done || (nr == SYS_openat && (args[2] & O_PATH))) return;
  if (race_skip-- > 0) return;
  race_done = true;
  if (rename(race_from, race_to)) perror("race");
}

static bool swap_open(long nr, const long *args, long *result) { /* the reopened file is another one */
  if (nr != SYS_openat || strncmp((const char *)args[1], "/proc/thread-self/fd/", 21)) return false;
  *result = open(at("root/decoy"), O_RDONLY | O_CLOEXEC);
  return true;
}

static bool deny_open(long nr, const long *args, long *result) {
  if (nr != SYS_openat || strncmp((const char *)args[1], "/proc/thread-self/fd/", 21)) return false;
  *result = -EACCES;
  return true;
}

static bool no_openat2(long nr, const long *args, long *result) {
  (void)args;
  *result = -ENOSYS;
  return nr == SYS_openat2;
}

static bool shrunk(long nr, const long *args, long *result) {
  (void)args;
  *result = 100;
  return nr == SYS_pread64;
}

static void test_races(void) {
  char root[600];
  snprintf(root, sizeof root, "%s/root", tmp);
  put_image(at("root/mover"), NULL, NULL), put_image(at("root/decoy"), NULL, NULL);
  top("../root/mover", "qcow2");
  /* readlinkat: root, top layer, backing layer */
  race_nr = SYS_readlinkat, race_skip = 2, race_done = false, sys_before = race_rename;
  strcpy(race_from, at("root/mover")), strcpy(race_to, at("box/mover"));
  refused("race: moved out of the root between open and check", JAILER_E_CHAIN, "layer 1: ", root);
  OK(race_done, "race: it happened");
  rename(at("box/mover"), at("root/mover"));
  race_skip = 2, race_done = false, strcpy(race_from, at("root/decoy")), strcpy(race_to, at("root/mover"));
  refused("race: replaced between open and check", JAILER_E_CHANGED, "layer 1: ", root);
  OK(race_done, "race: it happened");
  put_image(at("root/decoy"), NULL, NULL), put_image(at("root/mover (deleted)"), NULL, NULL);
  race_skip = 2, race_done = false;
  refused("race: replaced, and a file has the name that the kernel answers", JAILER_E_CHANGED, "layer 1: ", root);
  OK(race_done, "race: it happened");
  put_image(at("root/decoy"), "/etc/passwd", "raw");
  race_nr = SYS_openat, race_skip = 1, race_done = false;
  strcpy(race_from, at("root/decoy")), strcpy(race_to, at("root/mover"));
  accepted("race: replaced between check and read: the checked file is the one read", 2, root);
  OK(race_done, "race: it happened");
  sys_before = NULL;
  put_image(at("root/mover"), NULL, NULL), put_image(at("root/decoy"), NULL, NULL);
  sys_answer = swap_open, refused("race: another inode is opened", JAILER_E_CHANGED, "layer 0: ", root);
  sys_answer = deny_open, refused("unreadable", JAILER_E_DENIED, "layer 0: ", root);
  sys_answer = shrunk, refused("race: shrunk while read", JAILER_E_CHANGED, "layer 0: ", root);
  sys_answer = no_openat2, accepted("a kernel without openat2", 2, root);
  sys_answer = NULL;
  put_image(at("root/x (deleted)"), NULL, NULL), top("../root/x (deleted)", "qcow2");
  accepted("a file whose name ends in (deleted)", 2, root);
  if (geteuid() != 0) {
    put_image(at("root/secret"), NULL, NULL), chmod(at("root/secret"), 0), top("../root/secret", "raw");
    refused("a raw layer without read permission", JAILER_E_DENIED, "layer 1: ", root);
  }
}

/* --- each system call and each allocation fails in turn ----------------------------------------------------------- */

static const int errnos[] = {EPERM, EACCES, ENOSYS, ENOMEM, EINTR, EAGAIN, EIO, ENOENT};

static void test_walk_faults(void) {
  char root[600];
  snprintf(root, sizeof root, "%s/root", tmp);
  jailer_chain *chain;
  jailer_error err;
  put_image(at("root/f2"), NULL, NULL), put_image(at("root/f1"), "f2", "qcow2"), top("../root/f1", "qcow2");
  char path[600];
  snprintf(path, sizeof path, "%s/box/top.qcow2", tmp);
  int before = fds_open();
  long refusals = 0, wholes = 0, bad = 0;
  for (size_t e = 0; e < sizeof errnos / sizeof *errnos; e++) {
    for (long n = 1;; n++) {
      sys_seen = 0, sys_fail_at = n, sys_fail_with = errnos[e];
      jailer_code code = walk(path, JAILER_FORMAT_QCOW2, root, &chain, &err);
      bool hit = sys_seen >= n;
      bool kept = errnos[e] == EINTR || (errnos[e] == EAGAIN && sys_failed_nr == SYS_openat2) ||
                  (errnos[e] == ENOSYS && sys_failed_nr == SYS_openat2);
      sys_fail_at = 0;
      if (!code) {
        wholes++;
        bad += chain->count != 3 || strcmp(chain->layers[2].path, at("root/f2")) || (hit && !kept);
        jailer_chain_free(chain);
      } else {
        refusals++;
        bad += chain != NULL || !err.step || !err.message[0] || err.code != code || !hit;
      }
      bad += fds_open() != before || mem_live != 0;
      if (!hit) break;
    }
  }
  OK(bad == 0 && refusals > 100 && wholes >= 8, "faults: each system call of a walk (%ld refusals, %ld whole)",
     refusals, wholes);
  bad = refusals = 0;
  for (long n = 1;; n++) {
    mem_seen = 0, mem_fail_at = n;
    jailer_code code = walk(path, JAILER_FORMAT_QCOW2, root, &chain, &err);
    bool hit = mem_seen >= n;
    mem_fail_at = 0;
    if (!code) jailer_chain_free(chain);
    bad += hit != (code == JAILER_E_NO_MEMORY) || mem_live != 0 || fds_open() != before;
    refusals += hit;
    if (!hit) break;
  }
  OK(bad == 0 && refusals >= 1, "faults: each allocation of a walk (%ld)", refusals);
}

/* --- the record --------------------------------------------------------------------------------------------------- */

static jailer_chain_layer sample_layers[3] = {
    {"/h/boxes/a/disks/d", "/h/boxes/a/disks/d", JAILER_FORMAT_QCOW2, false, false, 7ull << 32 | 3, 11, 1},
    {"/h/bases/b", "/h/boxes/a/disks/../../../bases/b", JAILER_FORMAT_QCOW2, false, false, 8, 12, 1},
    {"/h/bases/c %\n\xc3\xa9", "/h/bases/c %\n\xc3\xa9", JAILER_FORMAT_RAW, false, false, 9, UINT64_MAX, 1},
};

static jailer_chain sample(void) {
  jailer_chain c = {3, sample_layers, NULL};
  return c;
}

static jailer_code check_with(int dir, size_t layer, const jailer_chain_layer *changed, size_t count,
                              jailer_error *err) {
  jailer_chain_layer layers[4];
  memcpy(layers, sample_layers, sizeof sample_layers);
  layers[3] = sample_layers[2];
  layers[layer] = *changed;
  jailer_chain c = {count, layers, NULL};
  return jl_chain_record_check(dir, "record", "disk.qcow2", &c, true, err);
}

static void test_mismatch(int dir) {
  static const char *fields[] = {"dev", "ino", "format", "path", "named"};
  jailer_error err;
  for (size_t layer = 0; layer < 3; layer++)
    for (size_t f = 0; f < 5; f++) {
      jailer_chain_layer l = sample_layers[layer];
      if (f == 0) l.dev++;
      if (f == 1) l.ino--;
      if (f == 2) l.format = l.format == JAILER_FORMAT_RAW ? JAILER_FORMAT_QCOW2 : JAILER_FORMAT_RAW;
      if (f == 3) l.path = "/h/bases/other";
      if (f == 4) l.named = "/h/bases/other";
      jailer_code code = check_with(dir, layer, &l, 3, &err);
      char named[16];
      snprintf(named, sizeof named, "layer %zu: ", layer);
      bool passes = layer == 0 && f >= 3; /* the box's own disk may be reached by another name */
      OK(passes ? !code : code == JAILER_E_CHAIN && !strncmp(err.item, named, 9) && strstr(err.message, "recorded"),
         "record: another %s of layer %zu is %s", fields[f], layer, passes ? "fine" : "noticed");
    }
  OK(check_with(dir, 0, &sample_layers[0], 4, &err) == JAILER_E_CHAIN && !strncmp(err.item, "layer 3: ", 9),
     "record: a layer more is noticed");
  OK(check_with(dir, 0, &sample_layers[0], 2, &err) == JAILER_E_CHAIN && !strncmp(err.item, "layer 2: ", 9),
     "record: a layer less is noticed");
}

static void test_record(int dir) {
  jailer_error err;
  jailer_chain c = sample(), other = {1, sample_layers + 2, NULL};
  struct stat st;
  OK(jl_chain_record_check(dir, "record", "disk.qcow2", &c, false, &err) == JAILER_E_NO_RECORD &&
         !strcmp(err.item, "disk.qcow2") && faccessat(dir, "record", F_OK, 0),
     "record: none, and not asked to trust");
  umask(0777);
  jailer_code code = jl_chain_record_check(dir, "record", "disk.qcow2", &c, true, &err);
  umask(022);
  OK(!code && !fstatat(dir, "record", &st, AT_SYMLINK_NOFOLLOW) && (st.st_mode & 07777) == 0600 && st.st_nlink == 1,
     "record: trust on first use writes it, mode 0600 under any umask");
  OK(!jl_chain_record_check(dir, "record", "disk.qcow2", &c, false, &err), "record: the same chain matches");
  OK(jl_chain_record_check(dir, "record", "guest-rootfs.qcow2", &other, false, &err) == JAILER_E_NO_RECORD,
     "record: another disk has none yet");
  OK(!jl_chain_record_set(dir, "record", "guest-rootfs.qcow2", &other, &err) &&
         !jl_chain_record_check(dir, "record", "guest-rootfs.qcow2", &other, false, &err) &&
         !jl_chain_record_check(dir, "record", "disk.qcow2", &c, false, &err),
     "record: several disks in one");
  test_mismatch(dir);
  OK(!jl_chain_record_check(dir, "record", "disk.qcow2", &c, false, &err),
     "record: trust on first use never re-records");
  OK(!jl_chain_record_set(dir, "record", "disk.qcow2", &other, &err) &&
         jl_chain_record_check(dir, "record", "disk.qcow2", &c, true, &err) == JAILER_E_CHAIN &&
         !jl_chain_record_check(dir, "record", "guest-rootfs.qcow2", &other, false, &err),
     "record: set replaces one disk");
  fsync_seen = 0;
  OK(!jl_chain_record_set(dir, "record", "disk.qcow2", &c, &err) && fsync_seen == 2,
     "record: set back; the file and its directory are synced");
  static const char *names[] = {"", ".", "..", "a/b", "-x", "a b", "disk\n", NULL};
  bool ok = true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    ok &= jl_chain_record_set(dir, "record", names[i], &c, &err) == JAILER_E_INVALID &&
          jl_chain_record_check(dir, names[i], "disk", &c, true, &err) == JAILER_E_INVALID;
  OK(ok, "record: names that are not plain are refused");
  for (int i = 0; i < 14; i++) {
    char disk[16];
    snprintf(disk, sizeof disk, "extra%d", i);
    ok &= !jl_chain_record_set(dir, "many", disk, &other, &err);
  }
  ok &=
      !jl_chain_record_set(dir, "many", "d15", &other, &err) && !jl_chain_record_set(dir, "many", "d16", &other, &err);
  OK(ok && jl_chain_record_set(dir, "many", "d17", &other, &err) == JAILER_E_LIMIT &&
         !jl_chain_record_check(dir, "many", "d16", &other, false, &err),
     "record: sixteen disks, not seventeen");
  OK(mem_live == 0, "record: no memory kept");
}

static jailer_code check_text(int dir, const char *text, size_t n) {
  jailer_chain c = sample();
  unlinkat(dir, "forged", 0);
  int fd = openat(dir, "forged", O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (write(fd, text, n) != (ssize_t)n) perror("write");
  close(fd);
  return jl_chain_record_check(dir, "forged", "disk.qcow2", &c, false, NULL);
}

static void test_tampered(int dir) {
  static char text[8192], bent[8192 + 64];
  jailer_chain c = sample();
  jl_chain_record_set(dir, "one", "disk.qcow2", &c, NULL);
  size_t n = get_file(at("rec/one"), text, sizeof text), wrong = 0;
  const char *path = strstr(text, " /h/boxes"), *line = path ? strchr(path, '\n') : NULL;
  OK(n > 100 && line && check_text(dir, text, n) == JAILER_OK, "record: a copy of it is accepted");
  if (!line) return;
  for (size_t i = 0; i < n; i++) { /* the top layer's path is the only thing that may differ */
    bool top_path = text + i > path && text + i < line;
    memcpy(bent, text, n);
    bent[i] = (char)(bent[i] ^ 1);
    jailer_code code = check_text(dir, bent, n);
    wrong +=
        code == JAILER_OK ? !top_path : code != JAILER_E_FORMAT && code != JAILER_E_CHAIN && code != JAILER_E_NO_RECORD;
  }
  OK(wrong == 0, "record: no byte of it can be changed unnoticed");
  for (size_t i = wrong = 0; i < n; i++) wrong += check_text(dir, text, i) != JAILER_E_FORMAT;
  OK(wrong == 0, "record: cut at any byte it is refused");
  for (size_t i = wrong = 0; i <= n; i++) { /* a blank more, anywhere */
    memcpy(bent, text, i), bent[i] = ' ', memcpy(bent + i + 1, text + i, n - i);
    wrong += check_text(dir, bent, n + 1) == JAILER_OK;
  }
  OK(wrong == 0, "record: a blank more anywhere is refused");
  static const char *forged[] = {
      "jailer-chains 2\nend\n",
      "jailer-chains 1\nend\nend\n",
      "jailer-chains 1\r\nend\n",
      "jailer-chains 1\ndisk d 0\nend\n",
      "jailer-chains 1\ndisk d 65\nend\n",
      "jailer-chains 1\ndisk d 99999999999999999999\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 qcow2 rel rel\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 01 2 raw /a /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 vmdk /a /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a%00 /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a%41 /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a%0 /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a%c3 /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 -2 raw /a /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 18446744073709551616 raw /a /a\nend\n",
      "jailer-chains 1\ndisk /d 1\nlayer 1 2 raw /a /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a /a /a\nend\n",
      "jailer-chains 1\ndisk d 1\nlayer 1 2 raw /a /a\ndisk d 1\nlayer 1 2 raw /a /a\nend\n"};
  for (size_t i = wrong = 0; i < sizeof forged / sizeof *forged; i++) {
    wrong += check_text(dir, forged[i], strlen(forged[i])) != JAILER_E_FORMAT;
    if (check_text(dir, forged[i], strlen(forged[i])) != JAILER_E_FORMAT) printf("# accepted: %s", forged[i]);
  }
  OK(wrong == 0, "record: forged ones are refused");
  OK(jl_chain_record_set(dir, "forged", "disk.qcow2", &c, NULL) == JAILER_E_FORMAT,
     "record: a forged one is not overwritten");
  OK(mem_live == 0, "record: no memory kept");
}

/* The record file itself is a link, shared, a FIFO ... */
static void test_record_file(int dir) {
  jailer_chain c = sample();
  jailer_error err;
  symlinkat("one", dir, "sym"), mkfifoat(dir, "fifo", 0600), mkdirat(dir, "dir", 0700);
  OK(jl_chain_record_check(dir, "sym", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE, "record file: symbolic link");
  linkat(dir, "one", dir, "hard", 0);
  OK(jl_chain_record_check(dir, "hard", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE, "record file: hard link");
  unlinkat(dir, "hard", 0);
  OK(jl_chain_record_check(dir, "fifo", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE, "record file: FIFO");
  OK(jl_chain_record_check(dir, "dir", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE, "record file: directory");
  fchmodat(dir, "one", 0620, 0);
  OK(jl_chain_record_check(dir, "one", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE,
     "record file: group may write");
  fchmodat(dir, "one", 0602, 0);
  OK(jl_chain_record_check(dir, "one", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE,
     "record file: others may write");
  fchmodat(dir, "one", 0644, 0);
  OK(!jl_chain_record_check(dir, "one", "disk.qcow2", &c, false, &err), "record file: others may read");
  if (geteuid() == 0) {
    if (fchownat(dir, "one", 12345, 12345, 0)) perror("chown");
    OK(jl_chain_record_check(dir, "one", "disk.qcow2", &c, true, &err) == JAILER_E_UNSAFE,
       "record file: another owner");
    unlinkat(dir, "one", 0);
  } else {
    OK(jl_chain_record_check(dir, "../../../../../../../etc/passwd", "d", &c, true, &err) == JAILER_E_INVALID,
       "record file: another owner's is out of reach by name");
    unlinkat(dir, "one", 0);
  }
  int fd = openat(dir, "big", O_WRONLY | O_CREAT, 0600);
  if (ftruncate(fd, 8 << 20)) perror("truncate");
  close(fd);
  OK(jl_chain_record_check(dir, "big", "disk.qcow2", &c, true, &err) == JAILER_E_LIMIT, "record file: over 1 MiB");
  OK(mem_largest < 2 << 20, "record file: no allocation from a length that is not ours (largest %zu)", mem_largest);
  symlinkat("/etc/passwd", dir, ".one.new"); /* left by nobody we know */
  OK(!jl_chain_record_set(dir, "one", "disk.qcow2", &c, &err) &&
         faccessat(dir, ".one.new", F_OK, AT_SYMLINK_NOFOLLOW) &&
         !jl_chain_record_check(dir, "one", "disk.qcow2", &c, false, &err),
     "record file: a leftover is replaced, not followed");
  int path_dir = open(at("rec"), O_PATH | O_DIRECTORY);
  OK(!jl_chain_record_set(path_dir, "one", "disk.qcow2", &c, &err), "record file: an O_PATH directory will do");
  close(path_dir);
}

/* old: the record before; wanted: after. At every fault the file is one of the two. */
static void test_record_faults(int dir) {
  static char old[4096], wanted[4096], now[4096];
  jailer_chain c = sample(), other = {1, sample_layers + 2, NULL};
  jailer_error err;
  jl_chain_record_set(dir, "fault", "disk.qcow2", &other, NULL), get_file(at("rec/fault"), old, sizeof old);
  jl_chain_record_set(dir, "wanted", "disk.qcow2", &c, NULL), get_file(at("rec/wanted"), wanted, sizeof wanted);
  int before = fds_open();
  long bad = 0, refusals = 0;
  for (size_t e = 0; e < sizeof errnos / sizeof *errnos; e++) {
    for (long n = 1;; n++) {
      jl_chain_record_set(dir, "fault", "disk.qcow2", &other, NULL);
      sys_seen = 0, sys_fail_at = n, sys_fail_with = errnos[e], sys_failed_nr = -1;
      jailer_code code = jl_chain_record_set(dir, "fault", "disk.qcow2", &c, &err);
      bool hit = sys_seen >= n;
      sys_fail_at = 0;
      get_file(at("rec/fault"), now, sizeof now);
      bad += strcmp(now, old) && strcmp(now, wanted);
      bad += !code && strcmp(now, wanted);
      bad += !faccessat(dir, ".fault.new", F_OK, AT_SYMLINK_NOFOLLOW) || fds_open() != before || mem_live;
      refusals += code != JAILER_OK;
      if (!hit) break;
    }
  }
  OK(bad == 0 && refusals > 40, "faults: each system call of recording (%ld refusals)", refusals);
  jl_chain_record_set(dir, "fault", "disk.qcow2", &c, NULL);
  for (size_t e = bad = refusals = 0; e < sizeof errnos / sizeof *errnos; e++) {
    for (long n = 1;; n++) { /* ENOENT on opening looks like no record: still not a match */
      sys_seen = 0, sys_fail_at = n, sys_fail_with = errnos[e];
      jailer_code code = jl_chain_record_check(dir, "fault", "disk.qcow2", &other, false, &err);
      bool hit = sys_seen >= n;
      sys_fail_at = 0;
      bad += !code || fds_open() != before || mem_live;
      refusals += hit;
      if (!hit) break;
    }
  }
  OK(bad == 0 && refusals > 20, "faults: each system call of comparing never makes a match");
  for (long n = 1, done = bad = 0; !done; n++) {
    mem_seen = 0, mem_fail_at = n;
    jailer_code code = jl_chain_record_set(dir, "fault", "extra", &c, &err);
    done = mem_seen < n;
    mem_fail_at = 0;
    bad += done ? code != JAILER_OK : code != JAILER_E_NO_MEMORY;
    bad += mem_live != 0 || fds_open() != before;
  }
  OK(bad == 0, "faults: each allocation of recording");
}

/* The story the record is for: the jailed process rewrites its own disk's header. */
static void test_rewritten_header(int dir) {
  char root[600];
  jailer_chain *chain;
  jailer_error err;
  snprintf(root, sizeof root, "%s/root", tmp);
  put_image(at("root/mine"), NULL, NULL), put_image(at("root/neighbour"), NULL, NULL), top("../root/mine", "qcow2");
  bool ok = !walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err);
  ok = ok && !jl_chain_record_set(dir, "story", "disk.qcow2", chain, &err);
  jailer_chain_free(chain);
  top("../root/neighbour", "qcow2"); /* put_image truncates: the same inode */
  jailer_code code = walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err);
  ok = ok && !code && jl_chain_record_check(dir, "story", "disk.qcow2", chain, true, &err) == JAILER_E_CHAIN;
  OK(ok && strstr(err.item, "layer 1: ") && strstr(err.item, "neighbour"), "story: a rewritten header is noticed");
  jailer_chain_free(chain);
  top("../root/../root/mine", "qcow2");
  code = walk(at("box/top.qcow2"), JAILER_FORMAT_QCOW2, root, &chain, &err);
  OK(!code && jl_chain_record_check(dir, "story", "disk.qcow2", chain, true, &err) == JAILER_E_CHAIN &&
         strstr(err.message, "names"),
     "story: so is another name for the same file");
  jailer_chain_free(chain);
}

static int test_files(void) {
  char template[480];
  const char *base = getenv("TMPDIR");
  signal(SIGALRM, SIG_DFL);
  alarm(60); /* nothing here may block: a FIFO that is opened would */
  umask(022);
  snprintf(template, sizeof template, "%s/qcow2.XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(template) || !realpath(template, tmp)) return perror(template), 99;
  test_row_files(rows, sizeof rows / sizeof *rows);
  test_row_files(fine, sizeof fine / sizeof *fine);
  test_read_fd();
  test_qemu();
  test_policy();
  test_headers_in_chain();
  test_arguments();
  test_depth();
  test_races();
  test_walk_faults();
  mkdir(at("rec"), 0700);
  int dir = open(at("rec"), O_RDONLY | O_DIRECTORY);
  test_record(dir);
  test_tampered(dir);
  test_record_file(dir);
  test_record_faults(dir);
  test_rewritten_header(dir);
  close(dir);
  run("rm -rf -- '%s'", tmp);
  return 0;
}
#else
static int test_files(void) { return 0; } /* none is read here */
#endif

int main(void) {
  test_rows(rows, sizeof rows / sizeof *rows);
  test_rows(fine, sizeof fine / sizeof *fine);
  test_fields();
  const int broken = test_files();
  return broken ? broken : tap_done();
}
