/* random_policy.h: policies and arguments by chance, the same ones for the same seed on every machine. Every policy is
 * one that jailer_policy_rules takes. Values are drawn from a few for each rule, so that clauses overlap, hide each
 * other and leave gaps; arguments are drawn from the edges of what the clauses compare with. Wants jailer.h before it. */
#ifndef RANDOM_POLICY_H
#define RANDOM_POLICY_H
#include <stdio.h>
#include <string.h>

enum { RANDOM_RULES = 400, RANDOM_CLAUSES = 8192, RANDOM_TESTS = 16384, RANDOM_LIST = 60, RANDOM_EDGES = 8 };

typedef struct random_policy {
  uint64_t state; /* of the generator */
  char name[32];
  jailer_rules rules; /* what jailer_policy_rules takes; points into this struct */
  jailer_rule rule[RANDOM_RULES];
  jailer_clause clause[RANDOM_CLAUSES];
  jailer_test test[RANDOM_TESTS];
  size_t clauses, tests; /* used */
  uint64_t values[6];    /* those of the rule that is being made */
} random_policy;

/* --- numbers --- */

__attribute__((unused)) static uint32_t random_next(uint64_t *state) {
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  const uint64_t x = *state ^ *state >> 29;
  return (uint32_t)(x >> 24);
}

/* 0 to n-1 */
__attribute__((unused)) static uint32_t random_below(uint64_t *state, uint32_t n) { return random_next(state) % n; }

__attribute__((unused)) static uint64_t random_wide(uint64_t *state) {
  static const uint64_t edges[] = {0,
                                   1,
                                   2,
                                   0x7fffffffu,
                                   0x80000000u,
                                   0xfffffffeu,
                                   0xffffffffu,
                                   0x100000000,
                                   0x100000001,
                                   0x7fffffff00000000,
                                   0x8000000000000000,
                                   UINT64_MAX - 1,
                                   UINT64_MAX,
                                   0xffffffff00000000};
  const uint32_t high = random_next(state), low = random_next(state);
  switch (random_below(state, 6)) {
  case 0: return edges[random_below(state, sizeof edges / sizeof *edges)];
  case 1: return low & 0xff;
  case 2: return low & 0xffff;
  case 3: return low;
  case 4: return (uint64_t)high << 32;
  default: return (uint64_t)high << 32 | low;
  }
}

/* --- policies --- */

__attribute__((unused)) static uint32_t random_answer(uint64_t *state) {
  switch (random_below(state, 16)) {
  case 0: return JAILER_ANSWER_KILL_THREAD;
  case 1: return JAILER_ANSWER_KILL_PROCESS;
  case 2: return JAILER_ANSWER_TRAP;
  case 3: return JAILER_ANSWER_TRAP | random_below(state, 65536);
  case 4: return JAILER_ANSWER_NOTIFY;
  case 5: return JAILER_ANSWER_LOG;
  case 6: return JAILER_ANSWER_ERRNO(4095);
  case 7: return JAILER_ANSWER_ERRNO(1 + random_below(state, 4095));
  case 8: return JAILER_ANSWER_ERRNO(38);
  case 9:
  case 10: return JAILER_ANSWER_ERRNO(1);
  default: return JAILER_ANSWER_ALLOW;
  }
}

/* 0, which is every bit, or one of the sorts of masks: one bit, a field, a half, all but a bit, anything. */
__attribute__((unused)) static uint64_t random_mask(uint64_t *state, unsigned bits) {
  const uint64_t whole = bits == 32 ? UINT32_MAX : UINT64_MAX;
  const uint64_t bit = (uint64_t)1 << random_below(state, bits);
  const uint32_t field = random_below(state, 32);
  uint64_t mask = random_wide(state);
  switch (random_below(state, 12)) {
  case 0: mask = bit; break;
  case 1: mask = ~bit; break;
  case 2: mask = 0xffu << (field & 24); break;
  case 3: mask = 0xffffffffu; break;
  case 4: mask = 0xffffffff00000000u | (bits == 32 ? bit : 0); break;
  case 5: break;
  default: return 0;
  }
  return mask & whole; /* nothing left of it: every bit, again */
}

/* Makes the value one with which the comparison can come out both ways. */
__attribute__((unused)) static void random_value(jailer_test *t, uint64_t value) {
  const uint64_t whole = t->bits == 32 ? UINT32_MAX : UINT64_MAX, most = t->mask ? t->mask : whole;
  switch (t->op) {
  case JAILER_EQ:
  case JAILER_NE: value &= most; break;
  case JAILER_LT:
  case JAILER_GE:
    value &= whole;
    value = value == 0 ? 1 : value > most ? most : value;
    break;
  case JAILER_LE:
  case JAILER_GT:
    value &= whole;
    if (value >= most) value = most - 1;
    break;
  }
  t->value = value;
}

__attribute__((unused)) static uint64_t random_of_rule(random_policy *p) {
  const uint64_t value = p->values[random_below(&p->state, 6)];
  switch (random_below(&p->state, 8)) {
  case 0: return value + 1;
  case 1: return value - 1;
  case 2: return random_wide(&p->state);
  default: return value;
  }
}

__attribute__((unused)) static void random_test(random_policy *p, jailer_test *t, unsigned arg) {
  memset(t, 0, sizeof *t);
  t->arg = (uint8_t)arg;
  t->bits = random_below(&p->state, 2) ? 32 : 64;
  t->op = random_below(&p->state, 2) ? JAILER_EQ : (jailer_op)random_below(&p->state, 6);
  t->mask = random_mask(&p->state, t->bits);
  random_value(t, random_of_rule(p));
}

/* `arg == value`, nothing else: what compilers make a search of. */
__attribute__((unused)) static void random_list(random_policy *p, jailer_rule *rule, unsigned count) {
  const unsigned arg = random_below(&p->state, 6), bits = random_below(&p->state, 3) ? 32 : 64;
  const uint64_t high = bits == 32 || random_below(&p->state, 2) ? 0 : random_of_rule(p) & ~(uint64_t)UINT32_MAX;
  const uint32_t step = 1 + (random_below(&p->state, 2) ? 0 : random_below(&p->state, 1u << 24));
  const bool one = random_below(&p->state, 2) != 0;
  uint32_t answer = random_answer(&p->state), low = random_next(&p->state);
  for (unsigned i = 0; i < count; i++) {
    jailer_clause *c = &p->clause[p->clauses++];
    jailer_test *t = &p->test[p->tests++];
    memset(t, 0, sizeof *t);
    t->arg = (uint8_t)arg;
    t->bits = (uint8_t)bits;
    if (random_below(&p->state, 8) == 0) low = random_next(&p->state);
    else if (random_below(&p->state, 8)) low += step; /* or once more the same */
    t->value = high | low;
    if (bits == 64 && random_below(&p->state, 32) == 0) t->value = random_of_rule(p);
    if (!one) answer = random_answer(&p->state);
    c->answer = answer;
    c->tests = t;
    c->test_count = 1;
    rule->clause_count++;
  }
}

/* One to four tests; more than one often about the same argument: a range, or a flag and a field. */
__attribute__((unused)) static void random_clause(random_policy *p, jailer_rule *rule) {
  jailer_clause *c = &p->clause[p->clauses++];
  const unsigned chance = random_below(&p->state, 64), first = random_below(&p->state, 6);
  const unsigned count = chance == 0 ? 0 : chance < 40 ? 1 : chance < 56 ? 2 : 1 + random_below(&p->state, 4);
  const bool same = random_below(&p->state, 3) == 0;
  c->answer = random_answer(&p->state);
  c->test_count = count;
  c->tests = &p->test[p->tests];
  for (unsigned i = 0; i < count; i++) random_test(p, &p->test[p->tests++], same ? first : random_below(&p->state, 6));
  rule->clause_count++;
}

__attribute__((unused)) static bool random_has(const random_policy *p, const char *call) {
  for (size_t i = 0; i < p->rules.rule_count; i++)
    if (!strcmp(p->rule[i].call, call)) return true;
  return false;
}

/* A policy of about `rules` calls (1 to RANDOM_RULES; there are fewer calls than that, and chance does not find all)
 * whose clauses are about `clauses` in all (at most 4096). Fewer rules with as many clauses have longer ones. */
__attribute__((unused)) static void random_policy_make(random_policy *p, uint64_t seed, unsigned rules,
                                                       unsigned clauses) {
  memset(p, 0, sizeof *p);
  p->state = seed * 0x9e3779b97f4a7c15u + 1;
  snprintf(p->name, sizeof p->name, "random %llu", (unsigned long long)seed);
  p->rules.name = p->name;
  p->rules.rules = p->rule;
  p->rules.otherwise = random_answer(&p->state);
  p->rules.unknown = random_answer(&p->state);
  const unsigned most = 2 + 2 * clauses / rules;
  for (unsigned tries = 0; tries < 8 * rules + 64 && p->rules.rule_count < rules; tries++) {
    const jailer_arch arch = (jailer_arch)(1 + random_below(&p->state, JAILER_ARCH_COUNT - 1));
    const char *call = jailer_call_name(arch, random_below(&p->state, 512));
    if (!call || random_has(p, call)) continue;
    jailer_rule *rule = &p->rule[p->rules.rule_count++];
    rule->call = call;
    rule->otherwise = random_below(&p->state, 3) ? p->rules.otherwise : random_answer(&p->state);
    rule->weight = random_below(&p->state, 4) ? 0 : random_below(&p->state, 1000);
    rule->clauses = &p->clause[p->clauses];
    for (int i = 0; i < 6; i++) p->values[i] = random_wide(&p->state);
    for (unsigned left = random_below(&p->state, most); left > 0;) {
      const unsigned list = random_below(&p->state, 4) ? 1 : 4 + random_below(&p->state, RANDOM_LIST - 3);
      const unsigned count = list < left ? list : left;
      if (p->clauses + count > RANDOM_CLAUSES || p->tests + 4 * count > RANDOM_TESTS) break;
      if (count >= 4) random_list(p, rule, count);
      else random_clause(p, rule);
      left -= count >= 4 ? count : 1;
    }
  }
}

/* --- arguments --- */

/* Values around what one test compares with: RANDOM_EDGES sorts of them. */
__attribute__((unused)) static uint64_t random_edge(uint64_t *state, const jailer_test *t) {
  const uint64_t whole = t->bits == 32 ? UINT32_MAX : UINT64_MAX, mask = t->mask ? t->mask : whole;
  const uint64_t noise = random_wide(state);
  switch (random_below(state, RANDOM_EDGES)) {
  case 0: return t->value - 1;
  case 1: return t->value + 1;
  case 2: return (t->value & mask) | (noise & ~mask); /* whatever the mask and the width leave out */
  case 3: return t->value ^ (uint64_t)1 << random_below(state, 64);
  case 4: return random_below(state, 2) ? mask + 1 : mask - 1;
  case 5: return t->value | noise << 32;
  case 6: return (t->value & ~(uint64_t)UINT32_MAX) | (uint32_t)noise;
  default: return t->value;
  }
}

/* Arguments for a rule's clauses. Half of the time one clause is aimed at: each of its tests is met or just missed. */
__attribute__((unused)) static void random_args(uint64_t *state, const jailer_clause *clauses, size_t count,
                                                uint64_t args[6]) {
  for (int i = 0; i < 6; i++) {
    const jailer_clause *c = count ? &clauses[random_below(state, (uint32_t)count)] : NULL;
    const jailer_test *t = c && c->test_count ? &c->tests[random_below(state, c->test_count)] : NULL;
    args[i] = t && random_below(state, 2) ? random_edge(state, t) : random_wide(state);
    if (t && random_below(state, 8) == 0) args[t->arg] = random_edge(state, t);
  }
  if (count == 0 || random_below(state, 4) == 0) return;
  const jailer_clause *c = &clauses[random_below(state, (uint32_t)count)];
  for (uint32_t i = 0; i < c->test_count; i++) {
    const jailer_test *t = &c->tests[i];
    const uint64_t whole = t->bits == 32 ? UINT32_MAX : UINT64_MAX, mask = t->mask ? t->mask : whole;
    switch (random_below(state, 8)) {
    case 0: args[t->arg] = random_edge(state, t); break;
    case 1: args[t->arg] = t->value; break;
    case 2: break;
    default: args[t->arg] = (args[t->arg] & ~mask) | (t->value & mask); break; /* what other tests left of it */
    }
  }
}
#endif
