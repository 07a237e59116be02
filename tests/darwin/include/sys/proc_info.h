/* <sys/proc_info.h> of the emulation: see ../../darwin.h. What is there has Apple's names, types, order and numbers. */
#ifndef DARWIN_SYS_PROC_INFO_H
#define DARWIN_SYS_PROC_INFO_H
#include <stdint.h>
#include <sys/proc.h>
#include <sys/types.h>

#define PROC_ALL_PIDS 1
#define PROC_UID_ONLY 4
#define PROC_PIDLISTFDS 1
#define PROC_PIDTBSDINFO 3
#define PROC_PIDT_SHORTBSDINFO 13
#define PROC_PIDPATHINFO_SIZE 1024
#define PROC_PIDPATHINFO_MAXSIZE 4096
#define PROC_FLAG_LP64 0x10
#define PROC_FLAG_SLEADER 0x20
#define PROC_FLAG_CONTROLT 0x80
#define PROC_FLAG_EXEC 0x4000

struct proc_bsdinfo {
  uint32_t pbi_flags, pbi_status, pbi_xstatus, pbi_pid, pbi_ppid;
  uid_t pbi_uid;
  gid_t pbi_gid;
  uid_t pbi_ruid;
  gid_t pbi_rgid;
  uid_t pbi_svuid;
  gid_t pbi_svgid;
  uint32_t rfu_1;
  char pbi_comm[16];
  char pbi_name[32];
  uint32_t pbi_nfiles, pbi_pgid, pbi_pjobc, e_tdev, e_tpgid;
  int32_t pbi_nice;
  uint64_t pbi_start_tvsec, pbi_start_tvusec;
};
#define PROC_PIDTBSDINFO_SIZE (sizeof(struct proc_bsdinfo))

struct proc_bsdshortinfo {
  uint32_t pbsi_pid, pbsi_ppid, pbsi_pgid, pbsi_status;
  char pbsi_comm[16];
  uint32_t pbsi_flags;
  uid_t pbsi_uid;
  gid_t pbsi_gid;
  uid_t pbsi_ruid;
  gid_t pbsi_rgid;
  uid_t pbsi_svuid;
  gid_t pbsi_svgid;
  uint32_t pbsi_rfu;
};
#define PROC_PIDT_SHORTBSDINFO_SIZE (sizeof(struct proc_bsdshortinfo))

#define PROX_FDTYPE_VNODE 1
#define PROX_FDTYPE_SOCKET 2
#define PROX_FDTYPE_PIPE 6

struct proc_fdinfo {
  int32_t proc_fd;
  uint32_t proc_fdtype;
};
#define PROC_PIDLISTFD_SIZE (sizeof(struct proc_fdinfo))
#endif
