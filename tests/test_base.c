/* test_base.c: the base room: buffers, escapes, JSON strings, numbers, the arena, and every allocation that fails. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static size_t mem_live, mem_seen, mem_fail_at = SIZE_MAX; /* blocks; calls; the call that fails */

static void *hook_malloc(size_t size) {
  if (mem_seen++ >= mem_fail_at) return NULL;
  mem_live++;
  return malloc(size);
}

static void *hook_realloc(void *p, size_t size) {
  if (mem_seen++ >= mem_fail_at) return NULL;
  if (!p) mem_live++;
  return realloc(p, size);
}

static void hook_free(void *p) {
  if (p) mem_live--;
  free(p);
}

#define JAILER_MALLOC(size) hook_malloc(size)
#define JAILER_REALLOC(p, size) hook_realloc(p, size)
#define JAILER_FREE(p) hook_free(p)
#define JAILER_IMPLEMENTATION
#define JAILER_STATIC
#include "../jailer.h"
#include "tap.h"

static void test_arithmetic(void) {
  size_t r = 7;
  OK(jl_add(SIZE_MAX - 1, 1, &r) && r == SIZE_MAX, "add: the largest sum that fits");
  OK(!jl_add(SIZE_MAX, 1, &r) && r == SIZE_MAX, "add: one more does not, and nothing is stored");
  OK(jl_mul(0, SIZE_MAX, &r) && r == 0, "mul: zero times anything");
  OK(jl_mul(SIZE_MAX / 3, 3, &r) && r == SIZE_MAX / 3 * 3, "mul: just fits");
  OK(!jl_mul(SIZE_MAX / 3 + 1, 3, &r), "mul: just does not");
}

static void test_numbers(void) {
  static const struct {
    const char *text;
    bool good;
    uint64_t value;
  } rows[] = {{"0", true, 0},
              {"007", true, 7},
              {"18446744073709551615", true, UINT64_MAX},
              {"18446744073709551616", false, 0},
              {"18446744073709551620", false, 0},
              {"99999999999999999999", false, 0},
              {"", false, 0},
              {"-1", false, 0},
              {"+1", false, 0},
              {" 1", false, 0},
              {"1 ", false, 0},
              {"0x1", false, 0},
              {"1\n", false, 0},
              {"\xb1", false, 0}};
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint64_t value = 42;
    bool good = jl_parse_u64(rows[i].text, strlen(rows[i].text), &value);
    OK(good == rows[i].good && value == (good ? rows[i].value : 42), "parse: row %zu, \"%s\"", i,
       i < 12 ? rows[i].text : "?");
  }
  uint64_t value = 0;
  OK(jl_parse_u64("123456", 3, &value) && value == 123, "parse: no byte beyond the length is read");

  char text[128];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_u64(&b, UINT64_MAX);
  jl_buf_char(&b, ' ');
  jl_buf_i64(&b, INT64_MIN);
  jl_buf_char(&b, ' ');
  jl_buf_i64(&b, -7);
  jl_buf_char(&b, ' ');
  jl_buf_u64(&b, 0);
  OK(!b.failed && !strcmp(text, "18446744073709551615 -9223372036854775808 -7 0"), "decimal: the extremes");
}

static void test_fixed(void) {
  char a[8];
  memset(a, 'x', sizeof a);
  jl_buf b = jl_buf_fixed(a, 4);
  OK(a[0] == 0, "fixed: empty at first");
  jl_buf_str(&b, "abc");
  OK(!b.failed && !strcmp(a, "abc") && a[4] == 'x', "fixed: filled to the last byte");
  jl_buf_char(&b, 'd');
  OK(b.failed && b.len == 3 && a[3] == 0 && a[4] == 'x', "fixed: one more fails and touches nothing");
  jl_buf_str(&b, "");
  OK(b.failed, "fixed: a failure stays");
  b = jl_buf_fixed(a, 4);
  jl_buf_bytes(&b, "abcdef", 6);
  OK(b.failed && b.len == 0 && a[0] == 0, "fixed: what does not fit whole is not written in part");
  b = jl_buf_fixed(NULL, 0);
  jl_buf_str(&b, "");
  OK(b.failed, "fixed: no room, not even for the NUL");
  b = jl_buf_fixed(a, sizeof a);
  jl_buf_bytes(&b, "a", SIZE_MAX);
  OK(b.failed && b.len == 0, "fixed: a length that wraps");
  jl_buf_free(&b);
  OK(b.data == NULL && b.len == 0, "fixed: free forgets the array");
}

static void test_heap(void) {
  jl_buf b = jl_buf_heap(1000);
  for (int i = 0; i < 999; i++) jl_buf_char(&b, (char)('a' + i % 26));
  OK(!b.failed && b.len == 999 && b.data[999] == 0 && b.data[998] == 'a' + 998 % 26, "heap: grows to its maximum");
  jl_buf_char(&b, '!');
  OK(b.failed && !b.no_memory && b.len == 999, "heap: and no further");
  jl_buf_free(&b);
  b = jl_buf_heap(10);
  jl_buf_str(&b, "0123456789");
  OK(b.failed && !b.no_memory, "heap: a small maximum counts the NUL");
  jl_buf_free(&b);
  b = jl_buf_heap(0);
  jl_buf_str(&b, "");
  OK(b.failed, "heap: maximum 0");
  jl_buf_free(&b);
  b = jl_buf_heap(SIZE_MAX);
  jl_buf_str(&b, "x");
  jl_buf_bytes(&b, "x", SIZE_MAX - 1);
  OK(b.failed && b.len == 1, "heap: a length that wraps");
  jl_buf_free(&b);
  mem_seen = 0, mem_fail_at = 1;
  b = jl_buf_heap(100000);
  for (int i = 0; i < 300; i++) jl_buf_char(&b, 'x');
  OK(b.failed && b.no_memory && b.len == 255, "heap: the allocator says no, what was there stays");
  mem_fail_at = SIZE_MAX;
  jl_buf_free(&b);
  OK(mem_live == 0, "heap: nothing leaks");
}

static void test_text(void) {
  char text[4096], bytes[257];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_escaped(&b, "a\n\\\"\x7f\xff z", 8);
  OK(!strcmp(text, "a\\x0a\\x5c\\x22\\x7f\\xff z"), "escape: control bytes, backslash, quote, DEL, high bytes");
  b = jl_buf_fixed(text, sizeof text);
  jl_buf_escaped(&b, "a\0b", 3);
  OK(!strcmp(text, "a\\x00b"), "escape: a NUL is a byte like others");
  for (int i = 0; i < 256; i++) bytes[i] = (char)(i + 1);
  b = jl_buf_fixed(text, sizeof text);
  jl_buf_escaped(&b, bytes, 255);
  bool clean = !b.failed;
  for (size_t i = 0; i < b.len; i++) clean = clean && text[i] >= 32 && text[i] < 127;
  OK(clean, "escape: every byte comes out printable");
  b = jl_buf_fixed(text, 6);
  jl_buf_escaped(&b, "aaa\n", 4);
  OK(b.failed, "escape: what does not fit fails");

  b = jl_buf_fixed(text, sizeof text);
  jl_buf_json(&b, "q\"b\\n\n\t\x01\x7f\xc3\xa4");
  OK(!strcmp(text, "\"q\\\"b\\\\n\\u000a\\u0009\\u0001\\u007f\\u00c3\\u00a4\""), "json: %s", text);
  b = jl_buf_fixed(text, sizeof text);
  jl_buf_json(&b, "");
  OK(!strcmp(text, "\"\""), "json: the empty string");
  b = jl_buf_fixed(text, 3);
  jl_buf_json(&b, "x\"");
  OK(b.failed, "json: what does not fit fails");

  OK(jl_strnlen("abc", 10) == 3 && jl_strnlen("abc", 2) == 2 && jl_strnlen("", 5) == 0, "strnlen");
  OK(jl_starts("/proc/1", "/proc/") && !jl_starts("/pro", "/proc/") && jl_starts("x", ""), "starts");
  memset(text, 'x', 8);
  OK(jl_copy(text, 4, "abc") && !strcmp(text, "abc") && text[4] == 'x', "copy: just fits");
  OK(!jl_copy(text, 4, "abcd") && text[0] == 0 && text[4] == 'x', "copy: one more is an empty string");
  OK(!jl_copy(text, 0, ""), "copy: no room");
}

static void test_arena(void) {
  jl_arena arena = {NULL};
  bool aligned = true, zero = true, apart = true;
  char *last = NULL;
  size_t last_size = 0, before;
  for (size_t i = 0; i < 3000; i++) {
    size_t size = i * 7 % 301;
    char *p = jl_arena_get(&arena, size);
    aligned = aligned && p && (uintptr_t)p % 16 == 0;
    for (size_t k = 0; p && k < size; k++) zero = zero && p[k] == 0;
    if (p && last) apart = apart && (p >= last + last_size || p + size <= last);
    if (p) memset(p, 0xa5, size);
    last = p;
    last_size = size;
  }
  OK(aligned, "arena: aligned for any type");
  OK(zero, "arena: zeroed");
  OK(apart, "arena: no two overlap");
  OK(mem_live > 1 && mem_live < 12, "arena: 3000 pieces live in %zu blocks", mem_live);
  OK(jl_arena_get(&arena, SIZE_MAX) == NULL && jl_arena_get(&arena, SIZE_MAX - 16) == NULL, "arena: sizes that wrap");
  OK(jl_arena_array(&arena, SIZE_MAX / 2, 3) == NULL, "arena: an array that wraps");
  before = mem_live;
  mem_seen = 0, mem_fail_at = 0;
  OK(jl_arena_get(&arena, 1 << 20) == NULL && mem_live == before, "arena: the allocator says no");
  mem_fail_at = SIZE_MAX;
  char *text = jl_arena_text(&arena, "abcdef", 3);
  OK(text && !strcmp(text, "abc"), "arena: a text gets its NUL");
  char *big = jl_arena_get(&arena, 40 << 20);
  OK(big && big[(40 << 20) - 1] == 0, "arena: larger than any block");
  jl_arena_free(&arena);
  OK(arena.head == NULL && mem_live == 0, "arena: all is freed together");
  jl_arena_free(&arena);
  OK(mem_live == 0, "arena: freeing twice is freeing once");
}

/* --- sorting: the same answer as libc's, stable, with a bound on the comparisons and no byte outside --- */

static size_t sort_size, sort_calls;

/* The order is that of the first byte, so elements of more than one byte can be equal and yet be told apart. */
static int by_first_byte(const void *a, const void *b) {
  const unsigned char *x = a, *y = b;
  sort_calls++;
  return (*x > *y) - (*x < *y);
}

static int by_all_bytes(const void *a, const void *b) { return memcmp(a, b, sort_size); }

/* No order at all: what is sorted by it may come out anyhow, but it must come out. */
static int by_chance(const void *a, const void *b) {
  static uint32_t state = 1;
  (void)a, (void)b;
  state = state * 1664525u + 1013904223u;
  return (int)(state >> 30) - 1;
}

typedef enum sort_shape { RANDOM, EQUAL_KEYS, SORTED, REVERSED, ORGAN_PIPE, SORT_SHAPES } sort_shape;

static void sort_fill(unsigned char *items, size_t count, size_t size, sort_shape shape) {
  uint32_t state = (uint32_t)(count * 31 + size);
  for (size_t i = 0; i < count; i++) {
    const size_t pipe = i < count / 2 ? i : count - i;
    const uint32_t keys[] = {0, 7, (uint32_t)(i * 256 / count), (uint32_t)((count - i - 1) * 256 / count),
                             (uint32_t)(pipe * 256 / count)};
    for (size_t k = 0; k < size; k++) {
      state = state * 1664525u + 1013904223u;
      items[i * size + k] = (unsigned char)(state >> 24);
    }
    if (shape != RANDOM) items[i * size] = (unsigned char)keys[shape];
  }
}

/* Equal keys stay in the order in which they stood: each element behind its key carries its old position. */
static bool sort_stable(const unsigned char *items, size_t count, size_t size) {
  uint32_t was = 0, is;
  for (size_t i = 0; i < count; i++) {
    memcpy(&is, items + i * size + 4, sizeof is);
    if (i && (items[(i - 1) * size] > items[i * size] || (items[(i - 1) * size] == items[i * size] && was >= is)))
      return false;
    was = is;
  }
  return true;
}

static void test_sort_one(size_t count, size_t size, sort_shape shape) {
  const size_t bytes = count * size, guard = 64;
  unsigned char *mine = malloc(bytes + guard), *libc = malloc(bytes + guard), *scratch = malloc(bytes + guard);
  bool same, inside = true, counted, stable = true;
  size_t bound = 0;
  if (!mine || !libc || !scratch) exit(1);
  sort_fill(mine, count, size, shape);
  memset(mine + bytes, 'g', guard);
  memset(scratch + bytes, 'g', guard);
  memcpy(libc, mine, bytes);
  sort_size = size;
  jl_sort(mine, scratch, count, size, by_all_bytes);
  qsort(libc, count, size, by_all_bytes);
  same = !memcmp(mine, libc, bytes);

  sort_fill(mine, count, size, shape);
  for (uint32_t i = 0; size >= 8 && i < count; i++) memcpy(mine + i * size + 4, &i, sizeof i);
  for (size_t run = 1; run < count; run *= 2) bound += count;
  sort_calls = 0;
  jl_sort(mine, scratch, count, size, by_first_byte);
  counted = sort_calls <= bound;
  if (shape == SORTED || shape == EQUAL_KEYS) counted = counted && (!count || sort_calls == count - 1);
  if (size >= 8) stable = sort_stable(mine, count, size);

  jl_sort(mine, scratch, count, size, by_chance);
  for (size_t i = 0; i < guard; i++) inside = inside && mine[bytes + i] == 'g' && scratch[bytes + i] == 'g';
  if (!same || !counted || !stable || !inside)
    OK(false, "sort: %zu elements of %zu bytes, shape %d: same %d, comparisons %zu of %zu, stable %d, inside %d", count,
       size, (int)shape, same, sort_calls, bound, stable, inside);
  free(mine);
  free(libc);
  free(scratch);
}

static void test_sort(void) {
  static const size_t counts[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 63, 65, 127, 1000, 1024}, sizes[] = {1, 8, 72};
  const int before = tap_failures;
  for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
      for (int shape = RANDOM; shape < SORT_SHAPES; shape++) test_sort_one(counts[c], sizes[s], (sort_shape)shape);
  OK(tap_failures == before, "sort: every shape, count and size as libc has it, stable, in bounds, n log n at most");

  jl_arena arena = {NULL};
  char few[] = "dacb";
  OK(jl_arena_sort(&arena, few, 4, 1, by_first_byte) && !strcmp(few, "abcd"), "sort: with room from an arena");
  memcpy(few, "dacb", 4);
  mem_seen = 0, mem_fail_at = 0;
  jl_arena_free(&arena);
  OK(!jl_arena_sort(&arena, few, 4, 1, by_first_byte) && !strcmp(few, "dacb"), "sort: without memory nothing moves");
  mem_fail_at = SIZE_MAX;
  jl_arena_free(&arena);
  OK(mem_live == 0, "sort: nothing leaks");
}

/* An error is whole in every case: escaped, cut with a mark, never overrun. */
static void test_fail(void) {
  struct {
    jailer_error e;
    char guard[16];
  } x;
  char item[2000];
  memset(x.guard, 'g', sizeof x.guard);
  OK(jl_fail(NULL, JAILER_E_LIMIT, JAILER_LAYER_PIDNS, "s", "i", 5, "m") == JAILER_E_LIMIT,
     "fail: no place for it is fine");
  jl_fail(&x.e, JAILER_E_LIMIT, JAILER_LAYER_PIDNS, "s", "i\n", 5, "m");
  OK(x.e.code == JAILER_E_LIMIT && x.e.layer == JAILER_LAYER_PIDNS && x.e.sys_errno == 5 && !strcmp(x.e.step, "s") &&
         !strcmp(x.e.item, "i\\x0a") && !strcmp(x.e.message, "m"),
     "fail: every field");
  jl_fail(&x.e, JAILER_E_LIMIT, JAILER_LAYER_NONE, "s", NULL, 0, "m");
  OK(x.e.item[0] == 0 && x.e.sys_errno == 0, "fail: without an item, and nothing of the error before");
  for (size_t n = 0; n < 600; n += n < 40 ? 1 : n < 245 ? 20 : 1) {
    memset(item, n % 2 ? 'a' : '\n', n);
    item[n] = 0;
    jl_fail(&x.e, JAILER_E_LIMIT, JAILER_LAYER_NONE, "s", item, 0, "m");
    size_t whole = n % 2 ? n : n * 4, len = jl_strnlen(x.e.item, sizeof x.e.item);
    bool cut = len >= 3 && !strcmp(x.e.item + len - 3, "...");
    if (len >= sizeof x.e.item || (len != whole && !cut) || (!cut && len != whole) || x.guard[0] != 'g') {
      OK(false, "fail: an item of %zu bytes", n);
      return;
    }
  }
  OK(true, "fail: items of every length are whole or marked as cut");
  memset(item, 'm', sizeof item - 1);
  item[sizeof item - 1] = 0;
  jl_fail(&x.e, JAILER_E_LIMIT, JAILER_LAYER_NONE, "s", NULL, 0, item);
  OK(strlen(x.e.message) == sizeof x.e.message - 1 && x.guard[0] == 'g', "fail: a long message is cut at the end");
}

#if JL_LINUX
/* Every allocation of a plan fails in turn: always E_NO_MEMORY, never a leak of memory or of a descriptor. */
static int open_descriptors(void) {
  int n = 0;
  for (int fd = 0; fd < 256; fd++) n += jl_sys_fcntl(fd, JL_F_GETFD, 0) >= 0;
  return n;
}

static void test_plan_allocations(void) {
  const char *argv[] = {"/bin/sh", "-c", "true", NULL}, *env[] = {"A=1", "B=2", NULL};
  const jailer_grant grants[] = {{"/etc", NULL, JAILER_READ, false}, {"/var", "/data/var", JAILER_READ, false}};
  const jailer_fd fds[] = {{0, true, 9}};
  jailer_config config;
  memset(&config, 0, sizeof config);
  config.argv = argv;
  config.env = env;
  config.grants = grants;
  config.grant_count = 2;
  config.fds = fds;
  config.fd_count = 1;
  jailer_plan *plan;
  jailer_error err;
  const int before = open_descriptors();
  mem_seen = 0;
  jailer_code code = jailer_plan_new(&config, NULL, &plan, &err);
  const size_t count = mem_seen;
  OK(code == JAILER_OK && count > 3, "plan: made with %zu allocations", count);
  size_t length = 0;
  char *text = malloc(1 << 16);
  mem_seen = 0;
  OK(code == JAILER_OK && jailer_plan_text(plan, text, 1 << 16, &length, &err) == JAILER_OK, "plan: printed");
  const size_t printing = mem_seen;
  bool good = true;
  for (size_t i = 0; code == JAILER_OK && i < printing; i++) {
    mem_seen = 0, mem_fail_at = i;
    good = good && jailer_plan_text(plan, text, 1 << 16, &length, &err) == JAILER_E_NO_MEMORY && text[0] == 0;
  }
  mem_fail_at = SIZE_MAX;
  OK(good && printing > 0, "plan: each of %zu allocations of its text fails, the text is then empty", printing);
  jailer_plan_free(plan);
  OK(mem_live == 0 && open_descriptors() == before, "plan: nothing is left");
  for (size_t i = 0; i < count; i++) {
    mem_seen = 0, mem_fail_at = i;
    plan = (jailer_plan *)(void *)&plan;
    code = jailer_plan_new(&config, NULL, &plan, &err);
    mem_fail_at = SIZE_MAX;
    if (code != JAILER_E_NO_MEMORY || plan || mem_live || open_descriptors() != before || err.sys_errno != ENOMEM)
      good = OK(false, "plan: allocation %zu fails: code %d, %zu blocks left", i, (int)code, mem_live);
  }
  OK(good, "plan: each of %zu allocations fails in turn, as E_NO_MEMORY and with nothing left", count);
  free(text);
}
#else
static void test_plan_allocations(void) {} /* no plan is made here */
#endif

static void test_report_allocation(void) {
  char text[64];
  jailer_report report;
  jailer_error err;
  size_t length = 1;
  memset(&report, 0, sizeof report);
  mem_seen = 0, mem_fail_at = 0;
  OK(jailer_report_json(&report, text, sizeof text, &length, &err) == JAILER_E_NO_MEMORY && length == 0,
     "report: no memory");
  mem_fail_at = SIZE_MAX;
  OK(mem_live == 0, "nothing is left at the end");
}

int main(void) {
  test_arithmetic();
  test_numbers();
  test_fixed();
  test_heap();
  test_text();
  test_arena();
  test_sort();
  test_fail();
  test_plan_allocations();
  test_report_allocation();
  return tap_done();
}
