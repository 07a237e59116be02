/* <fcntl.h> of the emulation: see ../darwin.h. Linux's own, and what only Darwin has. The flags of open have numbers
 * that Linux does not use; where Darwin and Linux share a name, the number is Linux's. */
#ifndef DARWIN_FCNTL_H
#define DARWIN_FCNTL_H
#include_next <fcntl.h>

#define F_GETPATH 50
#define F_FULLFSYNC 51
#define F_SETNOSIGPIPE 73
#define F_BARRIERFSYNC 85
#define O_EVTONLY 0x10000000
#define O_NOFOLLOW_ANY 0x20000000
#define O_SYMLINK 0x40000000

/* struct stat comes with this file. */
#define st_atimespec st_atim
#define st_mtimespec st_mtim
#define st_ctimespec st_ctim
#endif
