/* <libproc.h> of the emulation: see ../darwin.h. */
#ifndef DARWIN_LIBPROC_H
#define DARWIN_LIBPROC_H
#include <stdint.h>
#include <sys/proc_info.h>

/* All answer 0 and not -1 when they fail. */
int proc_pidinfo(int pid, int flavor, uint64_t arg, void *buffer, int buffersize);
int proc_listpids(uint32_t type, uint32_t typeinfo, void *buffer, int buffersize);
int proc_pidpath(int pid, void *buffer, uint32_t buffersize);
#endif
