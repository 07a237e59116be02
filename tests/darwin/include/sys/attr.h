/* <sys/attr.h> of the emulation: see ../../darwin.h. getattrlist is declared in <unistd.h> on macOS. */
#ifndef DARWIN_SYS_ATTR_H
#define DARWIN_SYS_ATTR_H
#include <stddef.h>
#include <stdint.h>

#define ATTR_BIT_MAP_COUNT 5
#define ATTR_CMN_FULLPATH 0x08000000
#define FSOPT_NOFOLLOW 0x00000001
#define FSOPT_NOFOLLOW_ANY 0x00000800

struct attrlist {
  unsigned short bitmapcount;
  uint16_t reserved;
  uint32_t commonattr, volattr, dirattr, fileattr, forkattr;
};

typedef struct attrreference {
  int32_t attr_dataoffset; /* from this structure on */
  uint32_t attr_length;
} attrreference_t;

int getattrlist(const char *path, void *list, void *to, size_t size, unsigned options);
#endif
