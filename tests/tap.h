/* tap.h: the Test Anything Protocol in one page. Every test program prints its rows as it goes and the plan at the end,
 * so that a program that dies half way is a failure. */
#ifndef TAP_H
#define TAP_H
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 4, 5), unused)) static int tap_row(int good, const char *file, int line,
                                                                 const char *format, ...) {
  va_list list;
  va_start(list, format);
  printf("%sok %d - ", good ? "" : "not ", ++tap_count);
  vprintf(format, list);
  va_end(list);
  if (good) {
    printf("\n");
  } else {
    printf("\n# failed at %s:%d\n", file, line);
    tap_failures++;
  }
  fflush(stdout);
  return good;
}

/* OK(condition, format, ...): one row. Answers the condition, so a test can stop where going on makes no sense. */
#define OK(condition, ...) tap_row(!!(condition), __FILE__, __LINE__, __VA_ARGS__)

/* A row that cannot run here, and why: a tool by name. Where JAILER_TEST_NO_SKIP is set a skip is a failure. */
__attribute__((unused)) static void tap_skip(const char *what, const char *why) {
  const char *strict = getenv("JAILER_TEST_NO_SKIP");
  if (strict && *strict) {
    printf("not ok %d - %s\n# skipped (%s), and this run allows no skips\n", ++tap_count, what, why);
    tap_failures++;
  } else {
    printf("ok %d - %s # SKIP %s\n", ++tap_count, what, why);
  }
  fflush(stdout);
}

__attribute__((unused)) static int tap_done(void) {
  printf("1..%d\n", tap_count);
  return tap_failures != 0;
}
#endif
