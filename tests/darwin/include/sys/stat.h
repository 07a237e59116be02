/* <sys/stat.h> of the emulation: see ../../darwin.h. Linux's own, with Darwin's names for the times. */
#ifndef DARWIN_SYS_STAT_H
#define DARWIN_SYS_STAT_H
#include_next <sys/stat.h>
#include <fcntl.h>
#endif
