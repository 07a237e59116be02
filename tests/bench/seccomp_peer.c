/* seccomp_peer.c: our compiler beside libseccomp, for bench.c: NAME VALUE lines. Its own program, because libseccomp need
 * not be there. libseccomp is given rules that are ready (the first stage of what JAILER_USE_LIBSECCOMP makes of the
 * launch policy: one rule for each call and a part of the clauses), its tree over numbers on: less than the whole policy,
 * so the ratios are rather too bad for us than too good. Ours starts with the role. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#ifndef JAILER_USE_LIBSECCOMP
int main(void) {
  fprintf(stderr, "bench: libseccomp-dev is not installed\n");
  return 0;
}
#else
#define JAILER_IMPLEMENTATION
#include "../../jailer.h"
#include "../bpf_run.h"
#include "measure.h"
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 99 };
static const jl_arch arch = JL_X86_64 ? JL_ARCH_X86_64 : JL_ARCH_AARCH64;
static jailer_insn ours[JAILER_FILTER_MAX], theirs[JAILER_FILTER_MAX];
static size_t our_len, their_len;
static jl_scmp lowered;

static void die(const char *what) {
  fprintf(stderr, "bench: %s\n", what);
  exit(1);
}

static double we_compile(void) {
  jailer_policy *policy;
  const double start = now_us();
  if (jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, NULL) ||
      jl_bpf_compile(policy, &arch, 1, ours, JAILER_FILTER_MAX, &our_len, NULL))
    die("our compiler");
  jailer_policy_free(policy);
  return now_us() - start;
}

static double they_compile(int fd) {
  const uint32_t otherwise = SCMP_ACT_ERRNO(4000); /* none of the rules' */
  if (lseek(fd, 0, SEEK_SET)) die("lseek");
  const double start = now_us();
  scmp_filter_ctx ctx = seccomp_init(otherwise);
  if (!ctx || jl_scmp_fill(&lowered, ctx, 0, otherwise) || seccomp_export_bpf(ctx, fd)) die("libseccomp");
  seccomp_release(ctx);
  const double took = now_us() - start;
  const off_t end = lseek(fd, 0, SEEK_CUR);
  if (end <= 0 || pread(fd, theirs, (size_t)end, 0) != end) die("read what libseccomp wrote");
  their_len = (size_t)end / sizeof *theirs;
  return took;
}

int main(int argc, char **argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 0, fd = memfd_create("filter", MFD_CLOEXEC);
  double we[MOST], they[MOST];
  jailer_policy *policy;
  if (rounds < 1 || rounds > MOST || fd < 0) die("how many rounds?");
  if (jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, NULL)) die("the launch role");
  lowered.policy = policy;
  jl_scmp_lower(&lowered, arch);
  if (lowered.code) die("the launch policy for libseccomp");
  for (int i = 0; i < rounds; i++) {
    we[i] = we_compile();
    they[i] = they_compile(fd);
  }
  double steps[2] = {0, 0};
  for (size_t i = 0; i < JL_TAB_CALLS; i++) {
    const jl_verdict *v = jl_policy_of(policy, i);
    bpf_run_data data = {jl_tab_calls[i].number[arch], jl_bpf_audit[arch], 0, {0}};
    unsigned our_steps, their_steps;
    if (data.nr < 0 || v->count || v->otherwise != JAILER_ANSWER_ALLOW) continue;
    const uint32_t answer = bpf_run(theirs, their_len, &data, &their_steps) - SCMP_ACT_ERRNO(0);
    if (bpf_run(ours, our_len, &data, &our_steps) != JAILER_ANSWER_ALLOW || answer >= lowered.answers ||
        lowered.answer[answer] != JAILER_ANSWER_ALLOW)
      die("the two do not allow the same");
    steps[0] += our_steps;
    steps[1] += their_steps;
  }
  const double our_us = median(we, rounds), their_us = median(they, rounds);
  printf("bpf.compile.us %.3f\n", our_us);
  printf("bpf.compile.vs_libseccomp %.3f\n", our_us / their_us);
  printf("bpf.steps.vs_libseccomp_tree %.3f\n", steps[0] / steps[1]);
  free(lowered.rule);
  jailer_policy_free(policy);
  return 0;
}
#endif
