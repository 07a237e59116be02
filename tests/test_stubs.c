/* test_stubs: the header as a system sees it whose effects are not built. Every public function with effects says so, as
 * E_UNSUPPORTED; wrong arguments are as INVALID as elsewhere, and what is stored then holds nothing. Pure ones work. */
#include "tap.h"
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#undef __linux__ /* what >>platform asks for: from here on this is no system that it knows, */
#undef __APPLE__ /* as no header of the system is read any more that asks for it too */

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#if JL_EFFECTS
#error "this is to be compiled as on a system that the header does not know"
#endif

static jailer_error err;
static jailer_layout layout;
static jailer_config config;

/* One row: the code, and an error that says it; without a place for the error the code is the same. */
#define IS(want, call, what)                                                                                          \
  do {                                                                                                                 \
    memset(&err, 0, sizeof err);                                                                                       \
    jailer_error *e = &err;                                                                                            \
    jailer_code code_ = (call);                                                                                        \
    bool said = code_ == (want) && err.code == (want) && err.step && err.message[0];                                   \
    e = NULL;                                                                                                          \
    OK(said && (call) == (want), "%s: %s", what, jailer_code_name(want));                                              \
  } while (0)
#define NOWHERE(call) IS(JAILER_E_UNSUPPORTED, call, #call)
#define INVALID(call) IS(JAILER_E_INVALID, call, #call)

static bool zero(const void *p, size_t n) {
  const unsigned char *bytes = p;
  while (n && !bytes[n - 1]) n--;
  return n == 0;
}

static bool holds_nothing(const jailer_proc *proc) {
  return proc->pid == 0 && proc->pidfd == -1 && proc->init_fd == -1 && !proc->box && !proc->layers;
}

static void test_filters(void) {
  jailer_policy *policy = NULL;
  jailer_insn insn[512];
  const jailer_arch arch = JAILER_ARCH_X86_64;
  const uint64_t args[6] = {0};
  bool verified = true;
  size_t len = 9;
  OK(jailer_policy_role(JAILER_ROLE_LAUNCH, NULL, &policy, &err) == JAILER_OK, "a policy is made on every system");
  OK(jailer_policy_compile(policy, &arch, 1, insn, 512, &len, &err) == JAILER_OK && len > 100, "and compiled");
  OK(jailer_policy_answer(policy, arch, 101, args) == JAILER_ANSWER_ERRNO(1), "and asked");
  NOWHERE(jailer_policy_compile(policy, NULL, 0, insn, 512, &len, e));
  NOWHERE(jailer_seccomp_apply(policy, true, &verified, e));
  OK(!verified, "and nothing was verified");
  {
    jailer_config self = {.role = JAILER_ROLE_VMM};
    jailer_report report;
    NOWHERE(jailer_confine_self(&self, &report, e));
    OK(report.error.code == JAILER_E_UNSUPPORTED && report.layer[JAILER_LAYER_LANDLOCK].state == JAILER_NOT_REQUESTED,
       "and the report says so");
    INVALID(jailer_confine_self(NULL, NULL, e));
  }
  INVALID(jailer_seccomp_apply(NULL, true, NULL, e));
  jailer_policy_free(policy);
}

static void test_box(void) {
  jailer_layout made_up;
  char bytes[8];
  size_t n = 7;
  memset(&made_up, 'x', sizeof made_up);
  NOWHERE(jailer_layout_prepare(&layout, 0, 0, e));
  INVALID(jailer_layout_prepare(NULL, 0, 0, e));
  INVALID(jailer_layout_prepare(&made_up, 0, 0, e));
  NOWHERE(jailer_layout_remove(&layout, e));
  INVALID(jailer_layout_remove(NULL, e));
  INVALID(jailer_layout_remove(&made_up, e));
  NOWHERE(jailer_box_exit(&layout, bytes, sizeof bytes, &n, e));
  OK(n == 0, "and no bytes were read");
  NOWHERE(jailer_box_exit(&layout, NULL, 0, &n, e));
  INVALID(jailer_box_exit(NULL, bytes, sizeof bytes, &n, e));
  INVALID(jailer_box_exit(&layout, NULL, 1, &n, e));
  INVALID(jailer_box_exit(&layout, bytes, sizeof bytes, NULL, e));
  NOWHERE(jailer_box_record(&config, e));
  INVALID(jailer_box_record(NULL, e));
  config.layout = NULL;
  INVALID(jailer_box_record(&config, e));
  config.layout = &layout;
}

static void test_images(void) {
  static jailer_qcow2 image;
  jailer_chain *chain = (jailer_chain *)(void *)&image;
  memset(&image, 'x', sizeof image);
  NOWHERE(jailer_qcow2_read_fd(0, &image, e));
  OK(zero(&image, sizeof image), "and the image says nothing");
  INVALID(jailer_qcow2_read_fd(0, NULL, e));
  NOWHERE(jailer_chain_walk("/image", JAILER_FORMAT_QCOW2, NULL, &chain, e));
  OK(chain == NULL, "and there is no chain");
  INVALID(jailer_chain_walk("/image", JAILER_FORMAT_QCOW2, NULL, NULL, e));
  INVALID(jailer_chain_walk(NULL, JAILER_FORMAT_QCOW2, NULL, &chain, e));
  INVALID(jailer_chain_walk("image", JAILER_FORMAT_QCOW2, NULL, &chain, e));
  INVALID(jailer_chain_walk("/image", JAILER_FORMAT_UNSTATED, NULL, &chain, e));
  jailer_chain_free(NULL);
  INVALID(jailer_qcow2_parse(NULL, 1, 1, &image, e));
}

static void test_profiles(void) {
  static char text[65536];
  const jailer_grant grant = {.path = "/srv/in"};
  jailer_config c = {.grants = &grant, .grant_count = 1, .layout = &layout};
  size_t length = 0;
  OK(jailer_sbpl_text(&c, text, sizeof text, &length, &err) == JAILER_OK && strlen(text) == length &&
         !strncmp(text, jailer_sbpl_base(), strlen(jailer_sbpl_base())) && !strstr(text, jailer_sbpl_network()),
     "a profile is written on every system");
  c.allow_network = true;
  OK(jailer_sbpl_text(&c, text, sizeof text, &length, &err) == JAILER_OK && strstr(text, jailer_sbpl_network()),
     "and with the network");
  INVALID(jailer_sbpl_text(NULL, text, sizeof text, &length, e));
  INVALID(jailer_sbpl_plan(NULL, text, sizeof text, &length, e));
  IS(JAILER_E_LIMIT, jailer_sbpl_text(&c, NULL, 0, &length, e), "an array that is too small");
}

static void test_reporter(void) {
  jailer_reporter reporter;
  jailer_denial told;
  static const char line[] = "{\"crash\": \"SIGSEGV\", \"code\": 1, \"address\": \"0x0\", \"ip\": \"0x1\", \"tid\": 2, \"role\": \"\"}\n";
  memset(&reporter, 0, sizeof reporter);
  NOWHERE(jailer_reporter_install(&reporter, e));
  INVALID(jailer_reporter_install(NULL, e));
  NOWHERE(jailer_reporter_thread(&reporter, sizeof reporter, e));
  OK(jailer_denial_last(line, sizeof line - 1, &told) && told.signal == 11, "what a reporter wrote elsewhere can be read");
}

static void test_launches(void) {
  jailer_host host;
  jailer_plan *plan = (jailer_plan *)(void *)&host, *some = plan;
  jailer_proc proc;
  jailer_status status;
  jailer_report report;
  char text[4096];
  size_t n = 7;
  memset(&host, 'x', sizeof host);
  NOWHERE(jailer_probe(&host, e));
  OK(zero(&host, sizeof host), "and the host can do nothing");
  INVALID(jailer_probe(NULL, e));
  NOWHERE(jailer_plan_new(&config, &host, &plan, e));
  OK(plan == NULL, "and there is no plan");
  INVALID(jailer_plan_new(&config, NULL, NULL, e));
  INVALID(jailer_plan_new(NULL, NULL, &plan, e));
  jailer_plan_free(NULL);
  NOWHERE(jailer_plan_text(some, text, sizeof text, &n, e)); /* nobody has a plan: any address will do */
  INVALID(jailer_plan_text(NULL, text, sizeof text, &n, e));
  memset(&proc, 'x', sizeof proc);
  NOWHERE(jailer_spawn(some, &proc, e));
  OK(holds_nothing(&proc), "and the handle holds no process");
  INVALID(jailer_spawn(NULL, &proc, e));
  INVALID(jailer_spawn(some, NULL, e));
  memset(&proc, 'x', sizeof proc);
  NOWHERE(jailer_launch(&config, &proc, e));
  OK(holds_nothing(&proc), "and the handle holds no process");
  INVALID(jailer_launch(&config, NULL, e));
  INVALID(jailer_launch(NULL, &proc, e));
  INVALID(jailer_wait(&proc, 0, &status, e));
  INVALID(jailer_wait(NULL, 0, &status, e));
  INVALID(jailer_kill(&proc, 9, e));
  INVALID(jailer_kill(NULL, 9, e));
  jailer_release(&proc);
  jailer_release(NULL);
  memset(&report, 'x', sizeof report);
  NOWHERE(jailer_report_read(&proc, &report, e));
  OK(zero(&report, sizeof report), "and the report says nothing");
  INVALID(jailer_report_read(NULL, &report, e));
  INVALID(jailer_report_read(&proc, NULL, e));
  OK(jailer_report_json(&report, text, sizeof text, &n, &err) == JAILER_OK && n == strlen(text), "it can be printed");
  INVALID(jailer_report_json(NULL, text, sizeof text, &n, e));
  proc.pid = 1; /* a handle that nobody has got from this build */
  NOWHERE(jailer_wait(&proc, 0, &status, e));
  NOWHERE(jailer_kill(&proc, 9, e));
  INVALID(jailer_kill(&proc, 65, e));
}

static void test_policies(void) {
  static const jailer_policy_source source = {"t", "read: 1", 7, NULL, NULL};
  jailer_policy *policy = (jailer_policy *)(void *)&err;
  char text[256];
  size_t n = 7;
  NOWHERE(jailer_policy_load("/policy", JAILER_ARCH_X86_64, &policy, e));
  OK(policy == NULL, "and there is no policy");
  NOWHERE(jailer_policy_load("/policy", JAILER_ARCH_NATIVE, &policy, e));
  INVALID(jailer_policy_load(NULL, JAILER_ARCH_X86_64, &policy, e));
  INVALID(jailer_policy_load("/policy", JAILER_ARCH_X86_64, NULL, e));
  NOWHERE(jailer_policy_load("/policy", JAILER_ARCH_COUNT, &policy, e));
  NOWHERE(jailer_policy_parse(&source, JAILER_ARCH_NATIVE, &policy, e));
  OK(jailer_policy_parse(&source, JAILER_ARCH_AARCH64, &policy, &err) == JAILER_OK && policy, "a policy can be parsed");
  OK(jailer_policy_text(policy, JAILER_ARCH_AARCH64, text, sizeof text, &n, &err) == JAILER_OK && n == strlen(text) &&
         strstr(text, "read: allow"),
     "and printed");
  jailer_policy_free(policy);
}

int main(void) {
  static const char *const argv[] = {"true", NULL};
  config.argv = argv;
  config.layout = &layout;
  OK(jailer_layout_init(&layout, "/home", "demo", &err) == JAILER_OK, "a layout can be made");
  test_filters();
  test_box();
  test_images();
  test_profiles();
  test_reporter();
  test_launches();
  test_policies();
  return tap_done();
}
