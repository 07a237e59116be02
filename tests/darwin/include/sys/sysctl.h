/* <sys/sysctl.h> of the emulation: see ../../darwin.h. */
#ifndef DARWIN_SYS_SYSCTL_H
#define DARWIN_SYS_SYSCTL_H
#include <stddef.h>

int sysctlbyname(const char *name, void *old, size_t *old_size, void *fresh, size_t fresh_size);
#endif
