/* test_bpf.c: the compiler of policies. Each program is checked as the kernel checks it and run in an interpreter; what
 * it answers is compared with the rules themselves, and rules with what their meaning is, written down here again. */
#define JAILER_IMPLEMENTATION
#include "../jailer.h"
#include "bpf_run.h"
#include "random_policy.h"
#include "tap.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
enum { ALLOW = 0x7fff0000 };
static const uint32_t tokens[] = {0, 0xc000003eu, 0xc00000b7u, 0xc00000f3u}; /* by jailer_arch */
static const uint64_t no_args[6];
static jailer_insn program[JAILER_FILTER_MAX];
static size_t length;

static uint32_t run(jailer_arch arch, uint32_t nr, const uint64_t *args, unsigned *steps) {
  bpf_run_data data = {(int32_t)nr, tokens[arch], 0x123456789abcdef0u, {0}};
  memcpy(data.args, args, sizeof data.args);
  return bpf_run(program, length, &data, steps);
}

static jailer_policy *policy_of(const jailer_rule *rules, size_t count, uint32_t otherwise, uint32_t unknown) {
  const jailer_rules r = {"row", rules, count, otherwise, unknown};
  jailer_policy *policy = NULL;
  jailer_error err;
  if (jailer_policy_rules(&r, &policy, &err)) printf("# %s: %s\n", err.item, err.message);
  return policy;
}

/* Compiles for one machine; false, and says why, where the kernel would not take the program. */
static int compile(const jailer_policy *policy, jailer_arch arch) {
  jailer_error err;
  size_t at;
  if (jailer_policy_compile(policy, &arch, 1, program, JAILER_FILTER_MAX, &length, &err))
    return printf("# %s\n", err.message), 0;
  const char *wrong = bpf_run_check(program, length, &at);
  if (wrong) printf("# instruction %zu: %s\n", at, wrong);
  return wrong == NULL;
}

/* Whether some way leads to every instruction. */
static int all_reached(void) {
  static char reached[JAILER_FILTER_MAX];
  memset(reached, 0, sizeof reached);
  reached[0] = 1;
  for (size_t i = 0; i < length; i++) {
    if (!reached[i]) return printf("# nothing leads to %zu\n", i), 0;
    if ((program[i].code & 7) == 6) continue;
    if (program[i].code == 5) reached[i + 1 + program[i].k] = 1;
    else reached[i + 1 + program[i].jt] = reached[i + 1 + program[i].jf] = 1;
  }
  return 1;
}

/* --- one condition: its meaning, in other words than the library's ------------------------------------------------- */

static int means(int op, uint64_t a, uint64_t b) {
  switch (op) {
  case JAILER_EQ: return !(a > b) && !(a < b);
  case JAILER_NE: return a > b || a < b;
  case JAILER_LT: return b > a;
  case JAILER_LE: return !(a > b);
  case JAILER_GT: return !(b > a || a == b);
  default: return !(b > a);
  }
}

static void one_condition(void) {
  static const uint64_t values[] = {0,
                                    1,
                                    2,
                                    0x7f,
                                    0x80,
                                    0x7fffffff,
                                    0x80000000,
                                    0xfffffffe,
                                    0xffffffff,
                                    0x100000000,
                                    0x100000001,
                                    0x1ffffffff,
                                    0x7fffffffffffffff,
                                    0x8000000000000000,
                                    0xffffffff00000000,
                                    0xfffffffeffffffff,
                                    0xfffffffffffffffe,
                                    0xffffffffffffffff};
  static const uint64_t masks[] = {0,
                                   1,
                                   0x80,
                                   0xff,
                                   0xffffffff,
                                   0x100000000,
                                   0xffffffff00000000,
                                   0x8000000080000000,
                                   0xf0f0f0f0f0f0f0f0,
                                   0xffffffffffffffff};
  static const char *const names[] = {"==", "!=", "<", "<=", ">", ">="};
  for (int op = 0; op <= JAILER_GE; op++) {
    unsigned wrong = 0, tried = 0, refused = 0;
    for (unsigned bits = 32; bits <= 64; bits += 32)
      for (size_t m = 0; m < COUNT(masks); m++)
        for (size_t v = 0; v < COUNT(values); v++) {
          const jailer_test test = {(uint8_t)(v % 6), (uint8_t)bits, (jailer_op)op, masks[m], values[v]};
          const jailer_clause clause = {JAILER_ANSWER_ERRNO(7), 1, &test};
          const jailer_rule rule = {"read", JAILER_ANSWER_ALLOW, 1, &clause, 0, false};
          const jailer_rules rules = {NULL, &rule, 1, 0, 0};
          jailer_policy *policy;
          if (jailer_policy_rules(&rules, &policy, NULL)) {
            refused++;
            continue;
          }
          if (!compile(policy, JAILER_ARCH_X86_64)) wrong++;
          for (size_t a = 0; a < COUNT(values) * 3; a++) {
            const uint64_t argument = values[a % COUNT(values)] + a / COUNT(values) - 1;
            const uint64_t whole = bits == 32 ? argument % 0x100000000u : argument;
            const uint64_t seen = masks[m] ? whole & masks[m] : whole;
            uint64_t args[6] = {99, 99, 99, 99, 99, 99};
            unsigned steps;
            args[test.arg] = argument;
            const uint32_t want = means(op, seen, values[v]) ? JAILER_ANSWER_ERRNO(7) : (uint32_t)ALLOW;
            wrong += run(JAILER_ARCH_X86_64, 0, args, &steps) != want;
            wrong += jailer_policy_answer(policy, JAILER_ARCH_X86_64, 0, args) != want;
            tried++;
          }
          jailer_policy_free(policy);
        }
    OK(wrong == 0 && tried > 5000, "condition: %s in 32 and 64 bits, masked or not: %u cases, %u refused", names[op],
       tried, refused);
  }
}

/* --- rules by chance ----------------------------------------------------------------------------------------------- */

/* Every number of every machine, and for rules with clauses arguments from their edges. */
static unsigned wrong_answers(const jailer_policy *policy, const random_policy *p, jailer_arch arch, uint64_t *state,
                              unsigned *tried) {
  const int passes = p->rules.unknown >= 0x7fc00000u && p->rules.unknown < 0x80000000u;
  unsigned wrong = 0, steps;
  uint64_t args[6];
  for (uint32_t nr = 0; nr < 1024; nr++) {
    const char *name = jailer_call_name(arch, nr);
    const jailer_rule *rule = NULL;
    for (size_t i = 0; name && i < p->rules.rule_count && !rule; i++)
      if (!strcmp(p->rule[i].call, name)) rule = &p->rule[i];
    for (unsigned i = 0; i < (rule ? 4 + 3 * rule->clause_count : 1); i++, ++*tried) {
      random_args(state, rule ? rule->clauses : NULL, rule ? rule->clause_count : 0, args);
      const uint32_t want = jailer_policy_answer(policy, arch, nr, args);
      if (run(arch, nr, args, &steps) != want && wrong++ < 3)
        printf("# %s, %s (%u): %#x, not %#x\n", p->name, name ? name : "?", nr, run(arch, nr, args, &steps), want);
      const int old_x32 = arch == JAILER_ARCH_X86_64 && nr >= 512 && nr < 548; /* seccomp(2), before Linux 5.4 */
      if (!name) wrong += want != (old_x32 && passes ? JAILER_ANSWER_ERRNO(38) : p->rules.unknown);
      if (name && !rule) wrong += want != p->rules.otherwise;
    }
    for (unsigned bit = 10 + nr % 7; bit < 32; bit += 7) {
      const uint32_t odd = nr | 1u << bit;
      const int x32 = arch == JAILER_ARCH_X86_64 && odd >= 0x40000000u;
      const uint32_t want = x32 && passes ? JAILER_ANSWER_ERRNO(38) : p->rules.unknown;
      wrong += run(arch, odd, no_args, &steps) != want || jailer_policy_answer(policy, arch, odd, no_args) != want;
    }
  }
  for (int other = 1; other < JAILER_ARCH_COUNT; other++)
    if (other != (int)arch) wrong += run((jailer_arch)other, 0, no_args, &steps) != JAILER_ANSWER_KILL_PROCESS;
  return wrong;
}

static void by_chance(void) {
  static random_policy p;
  static const struct {
    unsigned rules, clauses, rounds;
  } sizes[] = {{1, 1, 150}, {1, 40, 100}, {2, 300, 20}, {10, 30, 60}, {60, 100, 30}, {200, 250, 8}, {400, 300, 4}};
  uint64_t seed = 1, state = 99;
  for (size_t s = 0; s < COUNT(sizes); s++) {
    unsigned wrong = 0, tried = 0, longest = 0, limits = 0;
    for (unsigned round = 0; round < sizes[s].rounds; round++, seed++) {
      jailer_policy *policy = NULL;
      jailer_error err;
      random_policy_make(&p, seed, sizes[s].rules, sizes[s].clauses);
      if (jailer_policy_rules(&p.rules, &policy, &err)) {
        wrong++, printf("# %s: %s: %s\n", p.name, err.item, err.message);
        continue;
      }
      for (int arch = 1; arch < JAILER_ARCH_COUNT; arch++) {
        const jailer_arch one = (jailer_arch)arch;
        if (jailer_policy_compile(policy, &one, 1, program, JAILER_FILTER_MAX, &length, &err) == JAILER_E_LIMIT) {
          limits++;
          continue;
        }
        wrong += !compile(policy, one) || !all_reached();
        if (length > longest) longest = (unsigned)length;
        wrong += wrong_answers(policy, &p, one, &state, &tried);
      }
      jailer_policy_free(policy);
    }
    OK(wrong == 0 && tried > 1000 && limits < sizes[s].rounds,
       "chance: %u policies of %u rules with %u clauses: %u answers, at most %u instructions, %u too long",
       sizes[s].rounds, sizes[s].rules, sizes[s].clauses, tried, longest, limits);
  }
}

/* --- several machines in one program ------------------------------------------------------------------------------- */

static void several_machines(void) {
  static random_policy p;
  static const jailer_arch orders[][3] = {{JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64, JAILER_ARCH_RISCV64},
                                          {JAILER_ARCH_RISCV64, JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64},
                                          {JAILER_ARCH_AARCH64, JAILER_ARCH_RISCV64, JAILER_ARCH_X86_64}};
  unsigned wrong = 0, steps, tried = 0;
  uint64_t state = 5, args[6];
  for (uint64_t seed = 500; seed < 530; seed++) {
    jailer_policy *policy = NULL;
    size_t at, count = 1 + seed % 3;
    random_policy_make(&p, seed, 30, 60);
    wrong += jailer_policy_rules(&p.rules, &policy, NULL) != JAILER_OK;
    const jailer_arch *order = orders[seed / 3 % 3];
    wrong += jailer_policy_compile(policy, order, count, program, JAILER_FILTER_MAX, &length, NULL) != JAILER_OK;
    wrong += bpf_run_check(program, length, &at) != NULL || !all_reached();
    for (int arch = 1; arch < JAILER_ARCH_COUNT; arch++) {
      int asked = 0;
      for (size_t i = 0; i < count; i++) asked = asked || (int)order[i] == arch;
      for (uint32_t nr = 0; nr < 600; nr++, tried++) {
        random_args(&state, p.clause, p.clauses, args);
        const uint32_t want =
            asked ? jailer_policy_answer(policy, (jailer_arch)arch, nr, args) : JAILER_ANSWER_KILL_PROCESS;
        wrong += run((jailer_arch)arch, nr, args, &steps) != want;
      }
    }
    jailer_policy_free(policy);
  }
  OK(wrong == 0, "machines: one to three in one program, in any order, each by its own numbers (%u answers)", tried);
}

/* --- what is shared, what is far, what does not fit ---------------------------------------------------------------- */

static void shapes(void) {
  static jailer_test tests[300][2];
  static jailer_clause clauses[300];
  unsigned steps, worst = 0, wrong = 0;
  uint64_t args[6] = {0};
  for (uint32_t i = 0; i < COUNT(clauses); i++) {
    const jailer_test first = {1, 32, JAILER_EQ, 0, 1000 + 7 * i}, second = {2, 64, JAILER_EQ, 0, (uint64_t)i << 32};
    tests[i][0] = first, tests[i][1] = second;
    clauses[i].answer = JAILER_ANSWER_ERRNO(1 + i), clauses[i].test_count = 1, clauses[i].tests = tests[i];
  }
  const jailer_rule list[] = {{"ioctl", 0, 250, clauses, 0, false}, {"fcntl", 0, 250, clauses, 0, false}};
  jailer_policy *policy = policy_of(list, 1, JAILER_ANSWER_ALLOW, JAILER_ANSWER_ALLOW);
  compile(policy, JAILER_ARCH_X86_64);
  const size_t once = length;
  for (uint32_t i = 0; i < 250 * 7 + 2000; i++) {
    args[1] = i | (uint64_t)i << 40;
    const uint32_t got = run(JAILER_ARCH_X86_64, 16, args, &steps);
    wrong += got != jailer_policy_answer(policy, JAILER_ARCH_X86_64, 16, args);
    if (steps > worst) worst = steps;
  }
  OK(wrong == 0 && worst <= 24, "shape: 250 values of one argument are searched by halving: at most %u steps", worst);
  jailer_policy_free(policy);
  policy = policy_of(list, 2, JAILER_ANSWER_ALLOW, JAILER_ANSWER_ALLOW);
  compile(policy, JAILER_ARCH_X86_64);
  OK(length < once + 12, "shape: the same list for a second call costs %zu instructions, not %zu", length - once, once);
  jailer_policy_free(policy);

  for (uint32_t i = 0; i < COUNT(clauses); i++) clauses[i].test_count = 2;
  const jailer_rule apart[] = {{"ioctl", 0, 250, clauses, 0, false}, {"fcntl", 0, 200, clauses, 0, false}};
  policy = policy_of(apart, 2, JAILER_ANSWER_ALLOW, JAILER_ANSWER_ALLOW);
  compile(policy, JAILER_ARCH_X86_64);
  unsigned far = 0;
  for (size_t i = 0; i < length; i++) far += program[i].code == 5;
  for (uint32_t i = 0; i < 300; i++) {
    args[1] = 1000 + 7 * i, args[2] = (uint64_t)i << 32;
    wrong += run(JAILER_ARCH_X86_64, 16, args, &steps) != (i < 250 ? JAILER_ANSWER_ERRNO(1 + i) : 0);
    wrong += run(JAILER_ARCH_X86_64, 72, args, &steps) != (i < 200 ? JAILER_ANSWER_ERRNO(1 + i) : 0);
    args[2] |= 1;
    wrong += run(JAILER_ARCH_X86_64, 16, args, &steps) != 0;
  }
  OK(wrong == 0 && far > 0, "shape: what is farther than 8 bits reach is reached (%u far jumps of %zu)", far, length);
  jailer_policy_free(policy);
}

static void does_not_fit(void) {
  static jailer_test tests[4000];
  static jailer_clause clauses[4000];
  static jailer_insn out[JAILER_FILTER_MAX + 8];
  const jailer_arch arch = JAILER_ARCH_X86_64;
  jailer_policy *policy;
  jailer_error err;
  size_t len, whole;
  int good = 1;
  jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, NULL);
  jailer_policy_compile(policy, &arch, 1, out, JAILER_FILTER_MAX, &whole, NULL);
  for (size_t max = 0; max <= whole; max++) {
    memset(out, 0xa5, sizeof out);
    memset(&err, 0, sizeof err);
    len = 77;
    const jailer_code code = jailer_policy_compile(policy, &arch, 1, out, max, &len, &err);
    if (max < whole) good = good && code == JAILER_E_LIMIT && err.layer == JAILER_LAYER_SECCOMP && len == 0;
    else good = good && code == JAILER_OK && len == whole;
    for (size_t i = 0; i < 8 * sizeof *out; i++) good = good && ((unsigned char *)(out + max))[i] == 0xa5;
  }
  OK(good, "limit: every array that is too small is E_LIMIT, and nothing is written behind it");
  jailer_policy_free(policy);

  for (uint32_t n = 500; n <= 4000; n += 500) { /* alternatives that cannot be shared */
    for (uint32_t i = 0; i < n; i++) {
      const jailer_test t = {(uint8_t)(i % 6), 64, JAILER_GT, 0, (uint64_t)(i + 1) << 32 | 5 | (uint64_t)i << 3};
      tests[i] = t;
      clauses[i].answer = JAILER_ANSWER_ERRNO(1 + i % 4000), clauses[i].test_count = 1, clauses[i].tests = &tests[i];
    }
    const jailer_rule rule = {"read", 0, n, clauses, 0, false};
    policy = policy_of(&rule, 1, 0, 0);
    const jailer_code code = jailer_policy_compile(policy, &arch, 1, program, JAILER_FILTER_MAX, &length, &err);
    size_t at;
    unsigned steps, wrong = 0;
    for (uint32_t i = 0; code == JAILER_OK && i < n; i += 37) {
      uint64_t args[6] = {0};
      args[i % 6] = tests[i].value + 1;
      wrong += run(arch, 0, args, &steps) != jailer_policy_answer(policy, arch, 0, args);
    }
    if (code == JAILER_OK) OK(!bpf_run_check(program, length, &at) && !wrong, "limit: %u clauses fit (%zu)", n, length);
    else OK(code == JAILER_E_LIMIT && length == 0 && n > 500, "limit: %u clauses do not, and that is E_LIMIT", n);
    jailer_policy_free(policy);
  }
}

/* --- what is refused ----------------------------------------------------------------------------------------------- */

static const jailer_test plain = {0, 32, JAILER_EQ, 0, 1};
static const struct {
  jailer_test test;
  jailer_code code;
  const char *what;
} test_rows[] = {
    {{6, 32, JAILER_EQ, 0, 1}, JAILER_E_INVALID, "argument 6"},
    {{255, 32, JAILER_EQ, 0, 1}, JAILER_E_INVALID, "argument 255"},
    {{0, 0, JAILER_EQ, 0, 1}, JAILER_E_INVALID, "no width"},
    {{0, 16, JAILER_EQ, 0, 1}, JAILER_E_INVALID, "16 bits"},
    {{0, 1, JAILER_EQ, 0, 1}, JAILER_E_INVALID, "the mark of the own process"},
    {{0, 32, JAILER_EQ, 0, 0x100000000}, JAILER_E_INVALID, "a value of 33 bits in 32"},
    {{0, 32, JAILER_EQ, 0x100000000, 0}, JAILER_E_INVALID, "a mask of 33 bits in 32"},
    {{0, 64, JAILER_EQ, 0xf0, 1}, JAILER_E_INVALID, "== of what the mask clears"},
    {{0, 64, JAILER_NE, 0xf0, 0xff}, JAILER_E_INVALID, "!= of what the mask clears"},
    {{0, 32, JAILER_LT, 0, 0}, JAILER_E_INVALID, "< 0"},
    {{0, 32, JAILER_GE, 0, 0}, JAILER_E_INVALID, ">= 0"},
    {{0, 32, JAILER_GT, 0, 0xffffffff}, JAILER_E_INVALID, "> the largest"},
    {{0, 32, JAILER_LE, 0, 0xffffffff}, JAILER_E_INVALID, "<= the largest"},
    {{0, 64, JAILER_GT, 0xff, 0xff}, JAILER_E_INVALID, "> what the mask leaves"},
    {{0, 64, JAILER_LT, 0xff, 0x100}, JAILER_E_INVALID, "< more than the mask leaves"},
    {{0, 64, JAILER_GE, 0xff, 0x100}, JAILER_E_INVALID, ">= more than the mask leaves"},
    {{0, 32, (jailer_op)6, 0, 1}, JAILER_E_INVALID, "no operator"},
    {{0, 64, JAILER_LT, 0, 1}, JAILER_OK, "< 1"},
    {{5, 64, JAILER_GE, 0xff, 0xff}, JAILER_OK, ">= all that the mask leaves"},
    {{5, 64, JAILER_NE, 0xff00000000, 0}, JAILER_OK, "any bit of a mask in the high word"},
};

static const uint32_t no_answers[] = {1,          0x7fff0001, 0x00050000, 0x00051000, 0x80000001, 0x00060000,
                                      0x7ff00000, 0xffffffff, 0x7ffc0001, 0x7fc00001, 0x00040000};

static void refusals(void) {
  jailer_policy *policy;
  jailer_error err;
  for (size_t i = 0; i < COUNT(test_rows); i++) {
    const jailer_clause clause = {JAILER_ANSWER_ALLOW, 1, &test_rows[i].test};
    const jailer_rule rule = {"read", 0, 1, &clause, 0, false};
    const jailer_rules rules = {NULL, &rule, 1, 0, 0};
    memset(&err, 0, sizeof err);
    const jailer_code code = jailer_policy_rules(&rules, &policy, &err);
    OK(code == test_rows[i].code && (code ? !policy && !strcmp(err.item, "read") && err.message[0] : policy != NULL),
       "refused: %s is %s", test_rows[i].what, jailer_code_name(code));
    jailer_policy_free(policy);
  }
  for (size_t i = 0; i < COUNT(no_answers); i++) {
    const jailer_clause clause = {no_answers[i], 1, &plain};
    const jailer_rule otherwise = {"read", no_answers[i], 0, NULL, 0, false},
                      inside = {"read", 0, 1, &clause, 0, false};
    const jailer_rules r[] = {{NULL, &otherwise, 1, 0, 0},
                              {NULL, &inside, 1, 0, 0},
                              {NULL, NULL, 0, no_answers[i], 0},
                              {NULL, NULL, 0, 0, no_answers[i]}};
    int good = 1;
    for (size_t k = 0; k < COUNT(r); k++)
      good = good && jailer_policy_rules(&r[k], &policy, NULL) == JAILER_E_INVALID && !policy;
    jailer_role_options opt = {0};
    opt.denied = no_answers[i];
    good = good && jailer_policy_role(JAILER_ROLE_LAUNCH, &opt, &policy, NULL) == JAILER_E_INVALID && !policy;
    OK(good, "refused: %#x is no answer, wherever it stands", no_answers[i]);
  }
  static const jailer_rule unknown = {"frobnicate", 0, 0, NULL, 0, false},
                           optional = {"frobnicate", 0, 0, NULL, 0, true};
  static const jailer_rule twice[] = {
      {"read", 0, 0, NULL, 0, false}, {"write", 0, 0, NULL, 0, false}, {"read", 0, 0, NULL, 0, false}};
  static const jailer_rule nameless = {NULL, 0, 0, NULL, 0, false}, no_clauses = {"read", 0, 2, NULL, 0, false};
  static const jailer_clause no_tests = {JAILER_ANSWER_ALLOW, 2, NULL};
  const jailer_rule hollow = {"read", 0, 1, &no_tests, 0, false};
  static const struct {
    const jailer_rule *rule;
    size_t count;
    jailer_code code;
    const char *what;
  } rows[] = {{&unknown, 1, JAILER_E_NOT_FOUND, "a call that is not in the table"},
              {&optional, 1, JAILER_OK, "the same, optional"},
              {twice, 3, JAILER_E_CONFLICT, "a call named twice"},
              {twice, 2, JAILER_OK, "two calls"},
              {&nameless, 1, JAILER_E_INVALID, "a rule without a name"},
              {&no_clauses, 1, JAILER_E_INVALID, "two clauses and no list of them"},
              {NULL, 1, JAILER_E_INVALID, "one rule and no list of them"},
              {NULL, 0, JAILER_OK, "no rules at all"}};
  for (size_t i = 0; i < COUNT(rows); i++) {
    const jailer_rules r = {NULL, rows[i].rule, rows[i].count, 0, 0};
    OK(jailer_policy_rules(&r, &policy, &err) == rows[i].code && !policy == (rows[i].code != JAILER_OK),
       "refused: %s: %s", rows[i].what, jailer_code_name(rows[i].code));
    jailer_policy_free(policy);
  }
  const jailer_rules hollow_rules = {NULL, &hollow, 1, 0, 0};
  OK(jailer_policy_rules(&hollow_rules, &policy, &err) == JAILER_E_INVALID, "refused: two tests and no list of them");
  OK(jailer_policy_rules(NULL, &policy, &err) == JAILER_E_INVALID &&
         jailer_policy_rules(&hollow_rules, NULL, &err) == JAILER_E_INVALID,
     "refused: NULL for the rules, or for the result");
  for (int role = -1; role <= JAILER_ROLE_COUNT; role++)
    if (role <= 0 || role == JAILER_ROLE_COUNT)
      OK(jailer_policy_role((jailer_role)role, NULL, &policy, &err) == JAILER_E_INVALID && !policy, "refused: role %d",
         role);
  static const uint32_t passing[] = {JAILER_ANSWER_ALLOW, JAILER_ANSWER_LOG, JAILER_ANSWER_NOTIFY};
  for (size_t i = 0; i < COUNT(passing); i++) {
    jailer_role_options opt = {0};
    opt.denied = passing[i];
    OK(jailer_policy_role(JAILER_ROLE_VMM, &opt, &policy, NULL) == JAILER_E_INVALID, "refused: denied with %#x",
       passing[i]);
  }
}

static void compile_refusals(void) {
  static const jailer_arch twice[] = {JAILER_ARCH_AARCH64, JAILER_ARCH_X86_64, JAILER_ARCH_AARCH64};
  static const jailer_arch four[] = {JAILER_ARCH_AARCH64, JAILER_ARCH_X86_64, JAILER_ARCH_RISCV64, JAILER_ARCH_X86_64};
  static const jailer_arch none[] = {JAILER_ARCH_COUNT}, below[] = {(jailer_arch)-1};
  jailer_policy *policy = policy_of(NULL, 0, 0, 0);
  size_t len = 5;
  OK(jailer_policy_compile(NULL, NULL, 0, program, 9, &len, NULL) == JAILER_E_INVALID && len == 0,
     "compile: no policy");
  OK(jailer_policy_compile(policy, NULL, 0, NULL, 9, &len, NULL) == JAILER_E_INVALID, "compile: nowhere to write");
  OK(jailer_policy_compile(policy, NULL, 0, program, 9, NULL, NULL) == JAILER_E_INVALID, "compile: no length");
  OK(jailer_policy_compile(policy, NULL, 1, program, 9, &len, NULL) == JAILER_E_INVALID,
     "compile: no list of machines");
  OK(jailer_policy_compile(policy, twice, 3, program, 99, &len, NULL) == JAILER_E_INVALID, "compile: one twice");
  OK(jailer_policy_compile(policy, four, 4, program, 99, &len, NULL) == JAILER_E_INVALID, "compile: four of three");
  OK(jailer_policy_compile(policy, none, 1, program, 99, &len, NULL) == JAILER_E_UNSUPPORTED,
     "compile: no such machine");
  OK(jailer_policy_compile(policy, below, 1, program, 99, &len, NULL) == JAILER_E_UNSUPPORTED, "compile: below them");
  OK(jailer_policy_answer(NULL, JAILER_ARCH_X86_64, 0, no_args) == JAILER_ANSWER_KILL_PROCESS &&
         jailer_policy_answer(policy, JAILER_ARCH_COUNT, 0, no_args) == JAILER_ANSWER_KILL_PROCESS &&
         jailer_policy_answer(policy, JAILER_ARCH_X86_64, 0, NULL) == JAILER_ANSWER_KILL_PROCESS,
     "asked without a policy, a machine or arguments: what denies");
  OK(!strcmp(jailer_policy_name(policy), "row") && !strcmp(jailer_policy_name(NULL), "none"), "names of policies");
  for (int i = 0; i < JAILER_ROLE_COUNT; i++)
    OK(jailer_role_by_name(jailer_role_name((jailer_role)i)) == (jailer_role)i, "role: %s by its name",
       jailer_role_name((jailer_role)i));
  OK(jailer_role_by_name("VMM") == 0 && jailer_role_by_name(NULL) == 0 && jailer_role_name((jailer_role)-1), "no role");
  jailer_policy_free(policy);
  jailer_policy_free(NULL);
}

/* What was given may be changed and freed once there is a policy. */
static void copies(void) {
  char name[8] = "getpid", title[8] = "mine";
  jailer_test test = {0, 32, JAILER_EQ, 0, 5};
  jailer_clause clause = {JAILER_ANSWER_ERRNO(5), 1, &test};
  jailer_rule rule = {name, JAILER_ANSWER_ALLOW, 1, &clause, 0, false};
  const jailer_rules rules = {title, &rule, 1, 0, 0};
  jailer_policy *policy = NULL;
  const uint64_t five[6] = {5};
  jailer_policy_rules(&rules, &policy, NULL);
  memset(&test, 0x55, sizeof test), memset(&clause, 0x55, sizeof clause), memset(&rule, 0x55, sizeof rule);
  memset(name, 'x', 7), memset(title, 'x', 7);
  OK(jailer_policy_answer(policy, JAILER_ARCH_X86_64, 39, five) == JAILER_ANSWER_ERRNO(5) &&
         jailer_policy_answer(policy, JAILER_ARCH_X86_64, 39, no_args) == JAILER_ANSWER_ALLOW &&
         !strcmp(jailer_policy_name(policy), "mine"),
     "a policy holds copies of everything");
  jailer_policy_free(policy);
}

/* Weights move calls nearer; no answer changes, and nothing gets farther than the bound. */
static void weights(void) {
  static jailer_rule rules[150];
  unsigned before, after, worst = 0, steps;
  size_t n = 0;
  for (uint32_t nr = 0; nr < 300 && n < COUNT(rules); nr += 2) /* every other number: many ranges */
    if (jailer_call_name(JAILER_ARCH_X86_64, nr)) {
      rules[n].call = jailer_call_name(JAILER_ARCH_X86_64, nr);
      rules[n++].otherwise = JAILER_ANSWER_ERRNO(1 + nr);
    }
  jailer_policy *policy = policy_of(rules, n, 0, 0);
  compile(policy, JAILER_ARCH_X86_64);
  run(JAILER_ARCH_X86_64, 202, no_args, &before);
  jailer_policy_free(policy);
  for (size_t i = 0; i < n; i++) rules[i].weight = strcmp(rules[i].call, "futex") ? 1 : 100000;
  policy = policy_of(rules, n, 0, 0);
  compile(policy, JAILER_ARCH_X86_64);
  run(JAILER_ARCH_X86_64, 202, no_args, &after);
  unsigned wrong = 0;
  for (uint32_t nr = 0; nr < 600; nr++) {
    wrong +=
        run(JAILER_ARCH_X86_64, nr, no_args, &steps) != jailer_policy_answer(policy, JAILER_ARCH_X86_64, nr, no_args);
    if (steps > worst) worst = steps;
  }
  OK(after + 3 <= before && worst <= 15 && wrong == 0, "weights: a hot call takes %u steps instead of %u, the worst %u",
     after, before, worst);
  jailer_policy_free(policy);
}

int main(void) {
  one_condition();
  by_chance();
  several_machines();
  shapes();
  does_not_fit();
  refusals();
  compile_refusals();
  copies();
  weights();
  return tap_done();
}
