/* Demonstrates reading a disk image's header and following its backing chain under a trust policy.
 *   cc -o qcow2_info examples/qcow2_info.c
 *   ./qcow2_info [--root DIR]... [--format qcow2|raw] IMAGE
 * Backing files are followed only below the roots; without --root the image must stand alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include <fcntl.h>
#include <unistd.h>

#define ROOTS_MAX 32

/* Names in images are foreign bytes: nothing in them may reach a terminal as it is. */
static void print_name(const char *label, const char *name) {
  printf("%s", label);
  for (; *name; name++) {
    unsigned char c = (unsigned char)*name;
    if (c < 32 || c == 127 || c == '\\')
      printf("\\x%02x", c);
    else
      putchar(c);
  }
  putchar('\n');
}

static int fail(const jailer_error *err) {
  fprintf(stderr, "qcow2_info: %s: %s%s%s", err->step, err->item, err->item[0] ? ": " : "", err->message);
  if (err->sys_errno) fprintf(stderr, " (%s)", strerror(err->sys_errno));
  fprintf(stderr, "\n");
  return 1;
}

static int usage(void) {
  fprintf(stderr, "usage: qcow2_info [--root DIR]... [--format qcow2|raw] IMAGE\n");
  return 2;
}

/* The library takes absolute paths only. Not realpath(): relative backing names count from the name as given. */
static void absolute(const char *path, char *to, size_t size) {
  char cwd[JAILER_PATH_MAX] = "";
  if (path[0] != '/' && !getcwd(cwd, sizeof cwd)) perror("qcow2_info: getcwd"), exit(1);
  if (snprintf(to, size, "%s%s%s", cwd, path[0] == '/' ? "" : "/", path) >= (int)size)
    fprintf(stderr, "qcow2_info: the path is too long\n"), exit(1);
}

static int print_header(const char *path) {
  jailer_qcow2 q;
  jailer_error err;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return perror(path), 1;
  jailer_code code = jailer_qcow2_read_fd(fd, &q, &err);
  close(fd);
  if (code) return fail(&err);
  printf("version        %u\n", (unsigned)q.version);
  printf("virtual size   %llu bytes\n", (unsigned long long)q.virtual_size_bytes);
  printf("cluster size   %lu bytes\n", 1ul << q.cluster_bits);
  printf("header length  %u bytes\n", (unsigned)q.header_length);
  printf("features       incompatible 0x%llx, compatible 0x%llx, autoclear 0x%llx\n",
         (unsigned long long)q.incompatible_features, (unsigned long long)q.compatible_features,
         (unsigned long long)q.autoclear_features);
  if (q.dirty) printf("dirty          not closed cleanly\n");
  if (q.corrupt) printf("corrupt        marked so by its last user\n");
  if (q.encrypted) printf("encrypted      method %u\n", (unsigned)q.crypt_method);
  if (q.has_data_file) print_name("data file      ", q.data_file[0] ? q.data_file : "not named");
  if (q.backing_name[0]) print_name("backing file   ", q.backing_name);
  if (q.backing_format[0]) print_name("backing format ", q.backing_format);
  fflush(stdout);
  return 0;
}

int main(int argc, char **argv) {
  static char roots[ROOTS_MAX][JAILER_PATH_MAX], image[JAILER_PATH_MAX];
  const char *root_list[ROOTS_MAX];
  jailer_chain_policy policy = {0};
  jailer_format format = JAILER_FORMAT_QCOW2;
  int i = 1;
  for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
    if (!strcmp(argv[i], "--root") && policy.trusted_root_count < ROOTS_MAX) {
      absolute(argv[i + 1], roots[policy.trusted_root_count], sizeof roots[0]);
      root_list[policy.trusted_root_count] = roots[policy.trusted_root_count];
      policy.trusted_root_count++;
    } else if (!strcmp(argv[i], "--format") && !strcmp(argv[i + 1], "raw")) {
      format = JAILER_FORMAT_RAW;
    } else if (strcmp(argv[i], "--format") || strcmp(argv[i + 1], "qcow2")) {
      return usage();
    }
  }
  if (i + 1 != argc || argv[i][0] == '-') return usage();
  absolute(argv[i], image, sizeof image);
  if (format == JAILER_FORMAT_QCOW2 && print_header(image)) return 1;

  jailer_chain *chain;
  jailer_error err;
  policy.trusted_roots = root_list;
  policy.allow_encrypted = true; /* looking is all that happens here */
  if (jailer_chain_walk(image, format, &policy, &chain, &err)) return fail(&err);
  for (size_t k = 0; k < chain->count; k++) {
    const jailer_chain_layer *layer = &chain->layers[k];
    printf("layer %-2zu       %s, %llu bytes, inode %llu\n", k, jailer_format_name(layer->format),
           (unsigned long long)layer->size_bytes, (unsigned long long)layer->ino);
    print_name("               ", layer->path);
    if (strcmp(layer->path, layer->named)) print_name("               named ", layer->named);
  }
  jailer_chain_free(chain);
  return 0;
}
