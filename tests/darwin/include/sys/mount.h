/* <sys/mount.h> of the emulation: see ../../darwin.h. Linux has no such flag, so a test sets it for one volume. */
#ifndef DARWIN_SYS_MOUNT_H
#define DARWIN_SYS_MOUNT_H
#include <sys/statfs.h>

#define MNT_IGNORE_OWNERSHIP 0x00200000
#endif
