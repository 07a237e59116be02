/* Demonstrates the shortest useful program: a shell command confined by the strict profile.
 *   cc -o hello_jail examples/hello_jail.c
 *   ./hello_jail 'id; ls /; touch /usr/x' */
#include <stdio.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

int main(int argc, char **argv) {
  const char *command[] = {"/bin/sh", "-c", argc > 1 ? argv[1] : "id; ls /; ls /home || echo 'there is no /home in here'", NULL};
  jailer_config config = {.argv = command}; /* everything else is zero: nothing of the host but /usr, no network */
  jailer_proc proc;
  jailer_status status;
  jailer_error err;
  char text[1024];
  if (jailer_launch(&config, &proc, &err) || jailer_wait(&proc, -1, &status, &err)) {
    jailer_error_text(&err, text, sizeof text);
    fprintf(stderr, "hello_jail: %s\n", text);
    return 125;
  }
  return status.exited ? status.exit_code : 128 + status.signal;
}
