/* <sys/clonefile.h> of the emulation: see ../../darwin.h. */
#ifndef DARWIN_SYS_CLONEFILE_H
#define DARWIN_SYS_CLONEFILE_H
#include <stdint.h>

int fclonefileat(int from, int to_dir, const char *to, uint32_t flags);
#endif
