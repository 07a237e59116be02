/* Foreign bytes into the parser of policies; what it takes is printed, parsed again, and says the same.
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -o fuzz_policy tests/fuzz/fuzz_policy.c && ./fuzz_policy CORPUS_DIR
 *   cc -DFUZZ_MAIN -o fuzz_policy tests/fuzz/fuzz_policy.c && ./fuzz_policy FILE...
 * An input's first byte chooses the machine, and whether a form feed parts it into the first file and those that it
 * includes, as /0, /1 and so on. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "fuzz.h"

typedef struct input {
  const char *text;
  size_t length;
} input;

/* The part that the path names: its last byte counts form feeds. */
static jailer_code from_input(void *user, const char *path, char *text, size_t size, size_t *length, jailer_error *err) {
  const input *in = user;
  const char *at = in->text, *end = in->text + in->length;
  const size_t n = strlen(path);
  MUST(n > 0 && n < JAILER_PATH_MAX && size == JAILER_POLICY_TEXT_MAX && !strstr(path, "/../"));
  for (int parts = path[n - 1] - '0' + 1; parts > 0 && at; parts--) {
    at = memchr(at, '\f', (size_t)(end - at));
    if (at) at++;
  }
  if (!at) return jl_fail(err, JAILER_E_NOT_FOUND, JAILER_LAYER_NONE, "fuzz", path, 0, "no such part");
  const char *stop = memchr(at, '\f', (size_t)(end - at));
  *length = (size_t)((stop ? stop : end) - at);
  if (*length > size) return JAILER_E_LIMIT;
  memcpy(text, at, *length);
  return JAILER_OK;
}

/* FILE:LINE:COLUMN, within the text. */
static void error_is_placed(const jailer_error *err, jailer_code code) {
  MUST(err->code == code && err->message[0] && err->layer == JAILER_LAYER_SECCOMP);
  const char *column = strrchr(err->item, ':');
  MUST(column && column > err->item && atol(column + 1) > 0);
  const char *line = column - 1;
  while (line > err->item && *line != ':') line--;
  MUST(line > err->item && atol(line + 1) > 0);
}

static void same_answers(const jailer_policy *p, const jailer_policy *q, jailer_arch arch, const uint8_t *data, size_t size) {
  uint64_t args[6] = {0};
  for (uint32_t n = 0; n < 520; n++) MUST(jailer_policy_answer(p, arch, n, args) == jailer_policy_answer(q, arch, n, args));
  for (size_t i = 0; i < JL_TAB_CALLS; i++) {
    const jl_verdict *v = p->of[i];
    const int16_t number = jl_tab_calls[i].number[arch - 1];
    for (uint32_t c = 0; v && number >= 0 && c < v->count && c < 64; c++)
      for (uint32_t t = 0; t < v->clause[c].test_count && t < 8; t++) {
        const jailer_test *test = &v->clause[c].tests[t];
        const uint64_t some[] = {test->value, test->value + 1, test->value - 1, ~test->mask, test->mask,
                                 test->value ^ (uint64_t)1 << (data[(c + t) % size] & 63)};
        MUST(test->arg < 6 && (test->bits == 32 || test->bits == 64) && !jl_policy_test_wrong(test));
        for (size_t k = 0; k < sizeof some / sizeof some[0]; k++) {
          args[test->arg] = some[k];
          MUST(jailer_policy_answer(p, arch, (uint32_t)number, args) == jailer_policy_answer(q, arch, (uint32_t)number, args));
        }
      }
  }
}

static void again(const jailer_policy *p, jailer_arch arch, const uint8_t *data, size_t size) {
  static jailer_insn first[JAILER_FILTER_MAX], second[JAILER_FILTER_MAX];
  static char text[JAILER_POLICY_TEXT_MAX];
  size_t n = 0, a = 0, b = 0;
  jailer_error err;
  jailer_policy *q = NULL;
  if (jailer_policy_text(p, arch, text, sizeof text, &n, &err)) {
    MUST(err.code == JAILER_E_LIMIT); /* calls of one statement, printed one by one, may need more than there is room for */
    return;
  }
  const jailer_policy_source source = {jailer_policy_name(p), text, n, NULL, NULL};
  const jailer_code code = jailer_policy_parse(&source, arch, &q, &err);
  if (code == JAILER_E_LIMIT) return; /* for the same reason */
  MUST(code == JAILER_OK);
  same_answers(p, q, arch, data, size);
  const jailer_code one = jailer_policy_compile(p, &arch, 1, first, JAILER_FILTER_MAX, &a, NULL);
  MUST(one == jailer_policy_compile(q, &arch, 1, second, JAILER_FILTER_MAX, &b, NULL));
  MUST(a == b && memcmp(first, second, a * sizeof *first) == 0);
  jailer_policy_free(q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  const jailer_arch arch = (jailer_arch)(1 + data[0] % 3);
  input in = {(const char *)data + 1, size - 1};
  const char *first = memchr(in.text, '\f', in.length);
  const size_t length = first ? (size_t)(first - in.text) : in.length;
  const jailer_policy_source source = {data[0] & 64 ? "/dir/name" : NULL, in.text, length, data[0] & 128 ? NULL : from_input, &in};
  jailer_policy *p = NULL;
  jailer_error err = {0};
  const jailer_code code = jailer_policy_parse(&source, arch, &p, &err);
  MUST(code == JAILER_OK || (!p && code != JAILER_E_NO_MEMORY));
  if (code) error_is_placed(&err, code);
  else again(p, arch, data, size);
  jailer_policy_free(p);
  return 0;
}

#ifdef FUZZ_MAIN
int main(int argc, char **argv) {
  return replay(LLVMFuzzerTestOneInput, argc, argv);
}
#endif
