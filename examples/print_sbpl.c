/* Demonstrates how to see, on any system, the profile by which macOS would confine a launch.
 *   cc -o print_sbpl examples/print_sbpl.c
 *   ./print_sbpl [--as-written] [--home DIR --id ID] [--ro|--exec|--rw|--dev PATH]... [--net] [--pty] [PROGRAM]
 * On Linux and macOS it makes a plan, as a launch does: paths are looked at, and a box's tree is made. With
 * --as-written, or where this header has no effects, nothing is looked at: paths stand as they were given. Exit status:
 * 0, or 125 when there is no such profile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

enum { GRANTS_MAX = 256 };

static int refuse(const jailer_error *err) {
  char text[1024];
  jailer_error_text(err, text, sizeof text);
  fprintf(stderr, "print_sbpl: %s\n", text);
  return 125;
}

static int usage(const char *what) {
  fprintf(stderr, "print_sbpl: %s; the first lines of examples/print_sbpl.c say what it takes\n", what);
  return 125;
}

/* The profile of a plan, or of the configuration alone. Without an array only the length is told. */
static jailer_code profile(const jailer_config *config, const jailer_plan *plan, char *text, size_t size,
                           size_t *length, jailer_error *err) {
  return plan ? jailer_sbpl_plan(plan, text, size, length, err) : jailer_sbpl_text(config, text, size, length, err);
}

static int print(const jailer_config *config, const jailer_plan *plan) {
  jailer_error err;
  size_t length = 0;
  profile(config, plan, NULL, 0, &length, &err);
  if (length == 0) return refuse(&err);
  char *text = malloc(length + 1);
  if (!text) return usage("out of memory");
  int status = profile(config, plan, text, length + 1, NULL, &err) ? refuse(&err) : 0;
  if (status == 0 && fputs(text, stdout) < 0) status = 125;
  free(text);
  return status;
}

static bool add(jailer_config *config, jailer_grant *grants, const char *option, const char *path) {
  static const char *const options[] = {"--ro", "--exec", "--rw", "--dev"}; /* in the order of jailer_access */
  for (int i = 0; i < 4; i++) {
    if (strcmp(option, options[i]) || config->grant_count == GRANTS_MAX) continue;
    grants[config->grant_count].access = (jailer_access)i;
    grants[config->grant_count++].path = path;
    return true;
  }
  return false;
}

int main(int argc, char **argv) {
  static jailer_grant grants[GRANTS_MAX];
  static jailer_layout layout;
  const char *program[] = {"/usr/bin/true", NULL}, *home = NULL, *id = NULL;
  jailer_config config = {.engine = JAILER_ENGINE_SEATBELT, .argv = program, .grants = grants};
  jailer_plan *plan = NULL;
  jailer_host host;
  jailer_error err;
  bool as_written = false;
  for (int i = 1; i < argc; i++) {
    const char *value = i + 1 < argc ? argv[i + 1] : NULL;
    if (!strcmp(argv[i], "--as-written")) as_written = true;
    else if (!strcmp(argv[i], "--net")) config.allow_network = true;
    else if (!strcmp(argv[i], "--pty")) config.allow_pty = true;
    else if (argv[i][0] != '-') program[0] = argv[i];
    else if (!value) return usage("an option without its value, or unknown");
    else if (!strcmp(argv[i], "--home")) home = argv[++i];
    else if (!strcmp(argv[i], "--id")) id = argv[++i];
    else if (!add(&config, grants, argv[i++], value)) return usage("an unknown option, or more than 256 grants");
  }
  if (home || id) {
    if (jailer_layout_init(&layout, home, id, &err)) return refuse(&err);
    config.layout = &layout;
    config.trust_chain_on_first_use = true; /* nothing is launched */
  }
  config.outlive_launcher = true; /* macOS cannot do otherwise, and the profile is the same */
  if (jailer_probe(&host, &err) == JAILER_E_UNSUPPORTED) as_written = true;
  if (!as_written && jailer_plan_new(&config, NULL, &plan, &err)) return refuse(&err);
  const int status = print(&config, plan);
  jailer_plan_free(plan);
  return status;
}
