/* bpf_run.h: checks and runs a classic BPF program as the kernel does for seccomp (net/core/filter.c and
 * kernel/seccomp.c), counting the instructions that it executes. No kernel headers: it runs wherever the tests run. */
#ifndef BPF_RUN_H
#define BPF_RUN_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct bpf_run_insn { /* struct sock_filter */
  uint16_t code;
  uint8_t jt, jf;
  uint32_t k;
} bpf_run_insn;

typedef struct bpf_run_data { /* struct seccomp_data */
  int32_t nr;
  uint32_t arch;
  uint64_t instruction_pointer;
  uint64_t args[6];
} bpf_run_data;

enum {
  BPF_RUN_LD_ABS = 0x20,
  BPF_RUN_LD_IMM = 0x00,
  BPF_RUN_LD_MEM = 0x60,
  BPF_RUN_LD_LEN = 0x80,
  BPF_RUN_LDX_IMM = 0x01,
  BPF_RUN_LDX_MEM = 0x61,
  BPF_RUN_LDX_LEN = 0x81,
  BPF_RUN_ST = 0x02,
  BPF_RUN_STX = 0x03,
  BPF_RUN_JA = 0x05,
  BPF_RUN_RET_K = 0x06,
  BPF_RUN_RET_A = 0x16,
  BPF_RUN_TAX = 0x07,
  BPF_RUN_TXA = 0x87
};

/* The second operand of an ALU or jump instruction: k, or X where bit 3 is set. */
#define BPF_RUN_X 0x08

/* NULL when the kernel would take the program; otherwise what is wrong with it. *at: the instruction. */
__attribute__((unused)) static const char *bpf_run_check(const void *program, size_t len, size_t *at) {
  const bpf_run_insn *p = program;
  *at = 0;
  if (len == 0 || len > 4096) return "length";
  for (size_t i = 0; i < len; i++) {
    const unsigned class = p[i].code & 7u, op = p[i].code & 0xf0u;
    *at = i;
    if (class == 5 && p[i].code == BPF_RUN_JA) {
      if (p[i].k >= len - i - 1) return "jump out of the program";
    } else if (class == 5) {
      if (op != 0x10 && op != 0x20 && op != 0x30 && op != 0x40) return "unknown jump";
      if (i + 1 + p[i].jt >= len || i + 1 + p[i].jf >= len) return "jump out of the program";
    } else if (class == 4) {
      if (op > 0xa0 || op == 0x90) return "unknown arithmetic"; /* modulo is not allowed to seccomp */
      if (p[i].code == 0x34 && p[i].k == 0) return "division by zero";
    } else {
      switch (p[i].code) {
      case BPF_RUN_LD_ABS:
        if (p[i].k % 4 || p[i].k >= sizeof(bpf_run_data)) return "load beside the data or not aligned";
        break;
      case BPF_RUN_LD_MEM:
      case BPF_RUN_LDX_MEM:
      case BPF_RUN_ST:
      case BPF_RUN_STX:
        if (p[i].k > 15) return "no such scratch word";
        break;
      case BPF_RUN_LD_IMM:
      case BPF_RUN_LDX_IMM:
      case BPF_RUN_LD_LEN:
      case BPF_RUN_LDX_LEN:
      case BPF_RUN_RET_K:
      case BPF_RUN_RET_A:
      case BPF_RUN_TAX:
      case BPF_RUN_TXA: break;
      default: return "unknown instruction";
      }
    }
  }
  *at = len - 1;
  return p[len - 1].code == BPF_RUN_RET_K || p[len - 1].code == BPF_RUN_RET_A ? NULL : "does not end in a return";
}

static uint32_t bpf_run_alu(unsigned op, uint32_t a, uint32_t b) {
  switch (op) {
  case 0x00: return a + b;
  case 0x10: return a - b;
  case 0x20: return a * b;
  case 0x30: return b ? a / b : 0;
  case 0x40: return a | b;
  case 0x50: return a & b;
  case 0x60: return b < 32 ? a << b : 0;
  case 0x70: return b < 32 ? a >> b : 0;
  case 0x80: return 0u - a;
  default: return a ^ b;
  }
}

static int bpf_run_jump(unsigned op, uint32_t a, uint32_t b) {
  return op == 0x10 ? a == b : op == 0x20 ? a > b : op == 0x30 ? a >= b : (a & b) != 0;
}

/* The answer of a program that bpf_run_check likes; *steps: instructions executed. Only for little-endian machines,
 * as the words of an argument lie as they do in memory. */
static uint32_t bpf_run(const void *program, size_t len, const bpf_run_data *data, unsigned *steps) {
  const bpf_run_insn *p = program;
  uint32_t a = 0, x = 0, mem[16] = {0};
  *steps = 0;
  for (size_t i = 0; i < len; i++) {
    const uint32_t k = p[i].k, b = p[i].code & BPF_RUN_X ? x : k;
    ++*steps;
    switch (p[i].code & 7u) {
    case 4: a = bpf_run_alu(p[i].code & 0xf0u, a, b); continue;
    case 5:
      if (p[i].code == BPF_RUN_JA) i += k;
      else i += bpf_run_jump(p[i].code & 0xf0u, a, b) ? p[i].jt : p[i].jf;
      continue;
    }
    switch (p[i].code) {
    case BPF_RUN_LD_ABS: memcpy(&a, (const char *)data + k, 4); break;
    case BPF_RUN_LD_IMM: a = k; break;
    case BPF_RUN_LD_MEM: a = mem[k]; break;
    case BPF_RUN_LD_LEN: a = sizeof *data; break;
    case BPF_RUN_LDX_IMM: x = k; break;
    case BPF_RUN_LDX_MEM: x = mem[k]; break;
    case BPF_RUN_LDX_LEN: x = sizeof *data; break;
    case BPF_RUN_ST: mem[k] = a; break;
    case BPF_RUN_STX: mem[k] = x; break;
    case BPF_RUN_TAX: x = a; break;
    case BPF_RUN_TXA: a = x; break;
    case BPF_RUN_RET_K: return k;
    case BPF_RUN_RET_A: return a;
    }
  }
  return 0; /* ran off the end: kill */
}
#endif
