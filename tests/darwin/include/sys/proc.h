/* <sys/proc.h> of the emulation: see ../../darwin.h. */
#ifndef DARWIN_SYS_PROC_H
#define DARWIN_SYS_PROC_H
#define SIDL 1
#define SRUN 2
#define SSLEEP 3
#define SSTOP 4
#define SZOMB 5
#endif
