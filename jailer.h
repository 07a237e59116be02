/* jailer.h 0.1.0: confine a process. One header, libc only. Linux 5.13 and later, x86-64 and aarch64; macOS: see below.
 * MIT licence.
 *
 * // >>manual
 *
 * WHAT IT DOES
 *   Launches a program behind walls that the kernel keeps, or puts the running one behind those that a running program
 *   can have (jailer_confine_self). A launch gives the program its own user, mount, pid, network, IPC, UTS and cgroup
 *   namespaces, a tmpfs root with nothing in it but what was granted, Landlock rules for the same grants, a seccomp
 *   filter, no capabilities, no_new_privs, a session of its own, an environment from nothing, and no descriptor but the
 *   named ones. For the shim of a VM runtime it also keeps the box directory, its disks' backing chains and the shim's
 *   copy.
 *
 * HOW TO USE IT
 *   In one C file:                        In all others (C or C++):
 *     #define JAILER_IMPLEMENTATION         #include "jailer.h"
 *     #include "jailer.h"
 *
 *   The shortest launch; everything left zero is the strict profile:
 *
 *     const char *const argv[] = {"sh", "-c", "id; ls -l /", NULL};
 *     jailer_config config = {0};
 *     jailer_proc proc;
 *     jailer_status status;
 *     jailer_error err;
 *     char text[1024];
 *     config.argv = argv;
 *     if (jailer_launch(&config, &proc, &err) || jailer_wait(&proc, -1, &status, &err)) {
 *       jailer_error_text(&err, text, sizeof text);
 *       ... print it; nothing ran if the launch failed
 *     }
 *
 *   To reach a path, grant it:       jailer_grant grants[] = {{.path = "/srv/in"},
 *                                                             {.path = "/srv/out", .access = JAILER_WRITE}};
 *   To reach the network, grant it:  allow_network, narrowed to single ports by jailer_port ports[]
 *   To confine the running program:  jailer_confine_self, with a role (vmm, ...) and the grants that it still needs
 *   To launch often, plan once:      jailer_plan_new, jailer_spawn as often as needed, jailer_plan_free
 *   To see what would happen:        jailer_plan_text
 *   A filter of one's own:           jailer_policy_load (a text as minijail's), jailer_policy_rules, jailer_policy_text
 *   To see what is in force:         jailer_report_read, jailer_report_json (jailer_report_refused: why nothing is)
 *   A box with disks (a VM shim):    jailer_layout_init, jailer_layout_prepare, jailer_box_record, config.layout,
 *                                    config.shim
 *   In the shim, to tell why it died: jailer_reporter_install; jailer_wait then has it in status.denial
 *
 * WHAT IT PROMISES
 *   1. Zero is safe: every weakening is a named field of jailer_config that reads as a grant (allow_network, ...).
 *   2. Apply, fail, or report a permitted degrade: a layer that cannot be had is an error before the target runs,
 *      unless its bit is in may_degrade; then the report says so.
 *   3. Nothing untrusted decides a grant: a file that the jailed process can write never changes what it gets next.
 *   4. The parent prepares, the child performs: after the clone there are system calls only, on a const plan.
 *   5. Errors are values: code, layer, step, item, errno and a sentence with the remedy. The library never prints,
 *      exits, aborts, or keeps hidden state, but for one pointer in the jailed program that asked for it: a signal
 *      handler has to find the jailer_reporter that jailer_reporter_install was given.
 *
 * WHAT IT DOES NOT
 *   It is no virtual machine: the kernel is shared, and a kernel bug reachable through the allowed calls is a way out.
 *   It makes no cgroup: memory, processor and process count are limited by one that the caller made and named
 *   (config.cgroup). It stops what the target writes from being *executed*, not interpreted. THREAT_MODEL.md has the
 *   whole list, each claim with its test.
 *
 * ON MACOS
 *   The same configuration, grants, boxes, reports and errors; the wall is a sandbox profile (SBPL) that is written
 *   from the same plan and installed by /usr/bin/sandbox-exec. jailer_sbpl_plan prints it, on Linux too. Nothing is
 *   mounted and there are no namespaces: files are where they are, /tmp is no private one (a box has its tmp/, in
 *   TMPDIR), and `at`, hostname, cgroup, ports, policy and the like are errors by name. Nothing there ends a target
 *   with its launcher: set outlive_launcher, or let parent-death degrade. Nobody has run this on a Mac yet; what was
 *   tried instead stands in THREAT_MODEL.md, "macOS".
 *
 * COMPILE-TIME SWITCHES (size and plumbing, never safety)
 *   JAILER_IMPLEMENTATION   compile the bodies here                    JAILER_STATIC       every function static
 *   JAILER_MALLOC(size) JAILER_REALLOC(p, size) JAILER_FREE(p)         another allocator: all three or none
 *   JAILER_NO_QCOW2         leave the disk image reader out; boxes then have no disks
 *   JAILER_NO_SEATBELT      leave the macOS profile writer and engine out; a launch on macOS is then an error
 *   JAILER_USE_LIBSECCOMP   libseccomp (2.5.0 or later, -lseccomp) writes filters: same answers, longer programs
 *   JAILER_SYS_HOOK         for tests: see the room sys
 *
 * THREADS
 *   Every function may be called from any thread. A jailer_proc belongs to one thread at a time, but any number may be
 *   in jailer_kill while that one waits. A jailer_plan may be spawned from many. The target dies with the *thread* that
 *   launched it (prctl(2) PR_SET_PDEATHSIG): launch from a thread that stays, or set outlive_launcher.
 *
 * THE ROOMS, from top to bottom; a room calls only rooms above it. Search for the tag.
 *   >>manual      this text
 *   >>config      version, limits, linkage
 *   >>types       every public type, each default beside its field
 *   >>api         every public function                                (the declarations end here)
 *   >>implementation
 *   >>platform    which system this is; the only room that asks
 *   >>base        bounded buffer, arena, checked arithmetic
 *   >>error       one way to say what failed
 *   >>tables      names, Landlock rights by ABI, the steps of a launch
 *   >>entries     the tree of a home and of a box
 *   >>syscalls    system calls: numbers, and what each role says to them
 *   >>constants   the kernel's numbers by name
 *   >>layout      box ids and paths
 *   >>plan        grants = f(config, host): defaults, conflicts, order
 *   >>policy      who may call what: rules by system call
 *   >>bpf         the compiler: from a policy to a filter
 *   >>policytext  policies as text: parser and printer
 *   >>denial      how a jailed program tells of its end: one line, written and parsed
 *   >>sbpl        a macOS sandbox profile, written from a plan
 *   >>qcow2       image headers, names in them, records of chains
 *   --- above: pure, values in and bytes out; below: effects ---
 *   >>sys         one function per system call
 *   >>reporter    in the jailed program: a handler that writes that line
 *   >>libseccomp  the other compiler of filters, where JAILER_USE_LIBSECCOMP asks for it
 *   >>probe       what this host can do, what a path is
 *   >>files       the box directory: lock, copies, uids, pid file, removal
 *   >>chain       backing chains on disk, under the trust policy
 *   >>child       between clone and exec: system calls only
 *   >>parent      vetting, rules, maps, the clone, the reply
 *   >>proc        a running target: its end, signals, the handle
 *   >>report      what the kernel says of it
 *   >>seatbelt    macOS: the launch through sandbox-exec, its end, what the kernel says of it
 *   >>confine     this process confines itself
 *   >>survey      a configuration on this host: paths, program, box
 *   >>public      the bodies of the public functions, thin
 *   >>history     what changed for users
 */

/* ============================================================================================
 * // >>config    version, limits, linkage
 * May touch: the preprocessor. May call: nothing.
 * ============================================================================================ */
#ifndef JAILER_H
#define JAILER_H

#define JAILER_VERSION_MAJOR 0
#define JAILER_VERSION_MINOR 1
#define JAILER_VERSION_PATCH 0
#define JAILER_VERSION "0.1.0"

/* Sizes, all in bytes and all including the final NUL. They bound what the library accepts; a longer value is an
   error, never a truncation. */
#define JAILER_PATH_MAX 4096  /* Linux PATH_MAX */
#define JAILER_ID_MAX 65      /* a box id: 1 to 64 characters */
#define JAILER_ITEM_MAX 256   /* the item an error names, escaped */
#define JAILER_TEXT_MAX 512   /* the sentence of an error */
#define JAILER_DETAIL_MAX 160 /* the detail of one layer in a report */

/* JAILER_STATIC makes every public function static: for a single translation unit that keeps the library private. */
#ifdef JAILER_STATIC
#if defined(__GNUC__)
#define JAILER_API static __attribute__((unused))
#else
#define JAILER_API static
#endif
#else
#define JAILER_API extern
#endif

/* ============================================================================================
 * // >>types    every public type, with each default beside its field
 * May touch: stddef, stdint, stdbool, pid_t. May call: nothing.
 * ============================================================================================ */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a call came to. Zero is success; every other value has a test that provokes it (tests/test_errors.c). */
typedef enum jailer_code {
  JAILER_OK = 0,
  JAILER_E_INVALID,     /* the configuration or an argument is wrong as written */
  JAILER_E_CONFLICT,    /* two grants, or a grant and the box, contradict each other */
  JAILER_E_NOT_FOUND,   /* a path that was asked for does not exist */
  JAILER_E_UNSAFE,      /* a file, directory or descriptor is not what a safe launch needs: owner, mode, link, type */
  JAILER_E_CHANGED,     /* what was checked is not what is there now */
  JAILER_E_CHAIN,       /* a backing chain breaks the trust policy */
  JAILER_E_FORMAT,      /* bytes that do not parse: qcow2 header, record, pid file */
  JAILER_E_NO_RECORD,   /* a disk has no recorded chain and trust on first use was not asked for */
  JAILER_E_BUSY,        /* the box is running already, or another launch holds it */
  JAILER_E_UNSUPPORTED, /* this host or build cannot enforce a layer that was required */
  JAILER_E_DENIED,      /* the host refuses: user namespaces, permissions */
  JAILER_E_SYSTEM,      /* a system call failed; see sys_errno */
  JAILER_E_NO_MEMORY,   /* the allocator answered NULL */
  JAILER_E_LIMIT,       /* something is larger than its stated maximum */
  JAILER_E_TIMEOUT,     /* a deadline passed */
  JAILER_E_DIED,        /* the child was killed before it reached exec */
  JAILER_E_EXEC,        /* the program could not be executed */
  JAILER_E_READBACK,    /* the kernel's own account of a layer disagrees with what was asked */
  JAILER_E_STATUS_LOST, /* the process ended and somebody else took its status */
  JAILER_CODE_COUNT
} jailer_code;

/* One independent protection. A report has a row for each, may_degrade a bit for each (JAILER_BIT). */
typedef enum jailer_layer {
  JAILER_LAYER_NONE = 0, /* an error that is not about one layer */
  JAILER_LAYER_USERNS,   /* own user namespace */
  JAILER_LAYER_IDS,      /* uid, gid and groups of the target */
  JAILER_LAYER_MOUNTS,   /* own mount namespace: tmpfs root, grants, pivot_root */
  JAILER_LAYER_PROC,     /* /proc with subset=pid */
  JAILER_LAYER_PIDNS,    /* own pid namespace */
  JAILER_LAYER_NETNS,    /* own, empty network namespace */
  JAILER_LAYER_IPCNS,    /* own System V IPC and POSIX message queues */
  JAILER_LAYER_UTSNS,    /* own host name */
  JAILER_LAYER_CGROUPNS, /* own view of the cgroup tree */
  JAILER_LAYER_CGROUP,   /* placed in the cgroup of the configuration: its limits hold from the first instruction */
  JAILER_LAYER_SESSION,  /* own session: no controlling terminal */
  JAILER_LAYER_DEATH,    /* SIGKILL when the launching thread ends */
  JAILER_LAYER_FDS,      /* only the named descriptors, each vetted */
  JAILER_LAYER_ENV,      /* environment built from nothing */
  JAILER_LAYER_RLIMITS,  /* resource limits */
  JAILER_LAYER_CAPS,     /* empty capability sets, locked securebits */
  JAILER_LAYER_NNP,      /* no_new_privs */
  JAILER_LAYER_LANDLOCK, /* Landlock rules for every grant */
  JAILER_LAYER_SECCOMP,  /* the launch filter */
  JAILER_LAYER_SEATBELT, /* macOS: a sandbox profile for every grant, sandbox-exec(1) */
  JAILER_LAYER_COUNT
} jailer_layer;

#define JAILER_BIT(layer) (1u << (unsigned)(layer))

/* What went wrong. Owned by the caller; every call that takes one accepts NULL, and writes it only when it fails. */
typedef struct jailer_error {
  jailer_code code;
  jailer_layer layer;
  int sys_errno;                 /* 0 when no system call is behind it */
  const char *step;              /* what was being done: a constant string, never NULL after a failure */
  char item[JAILER_ITEM_MAX];    /* to what: a path, a descriptor, a name; control bytes escaped; may be empty */
  char message[JAILER_TEXT_MAX]; /* why, and what to do about it */
} jailer_error;

typedef enum jailer_engine {
  JAILER_ENGINE_AUTO = 0, /* the strongest that is built: native on Linux, seatbelt on macOS */
  JAILER_ENGINE_NATIVE,   /* Linux namespaces made by this header */
  JAILER_ENGINE_NONE,     /* no walls at all: only descriptors, environment and limits. Never chosen by AUTO */
  JAILER_ENGINE_SELF,     /* the running process, by jailer_confine_self: Landlock, a role's filter, limits, ... */
  JAILER_ENGINE_SEATBELT  /* macOS: a profile for sandbox-exec(1). A plan of it can be made and printed on Linux too */
} jailer_engine;

/* The least access a path needs, weakest first. */
typedef enum jailer_access {
  JAILER_READ = 0, /* read; nothing below it can be executed */
  JAILER_EXEC,     /* read and execute */
  JAILER_WRITE,    /* read and write; nothing below it can be executed, no devices, no set-id */
  JAILER_DEVICE    /* one character device: read, write, ioctl */
} jailer_access;

/* One path of the host that the target may reach. Strings are borrowed until the call returns. */
typedef struct jailer_grant {
  const char *path;     /* absolute; symbolic links in it are resolved when the plan is made */
  const char *at;       /* where it is seen inside; NULL: the same path */
  jailer_access access; /* default: read */
  bool optional;        /* a path that does not exist is skipped instead of being an error */
} jailer_grant;

/* One descriptor that the target keeps. */
typedef struct jailer_fd {
  int fd;        /* in the launcher */
  bool renumber; /* false: the same number inside */
  int as;        /* with renumber: the number inside */
} jailer_fd;

/* What the target may do with one port of its own kind. jailer_port_use_name says each: "connect-tcp", ... */
typedef enum jailer_port_use {
  JAILER_CONNECT_TCP = 0, /* connect to this port of any address; needs Landlock ABI 4 (Linux 6.7) */
  JAILER_BIND_TCP,        /* bind to this port, so that others can connect; likewise */
  JAILER_CONNECT_UDP,     /* connect and send to this port of any address; needs Landlock ABI 10 (Linux 7.2) */
  JAILER_BIND_UDP         /* bind to this port and receive there; likewise */
} jailer_port_use;

/* One port that the target may use. Ports are told apart, addresses are not: port 443 is that of every host. */
typedef struct jailer_port {
  uint16_t port;       /* host byte order. 0 to bind: one that the kernel chooses from ip_local_port_range (ip(7),
                          landlock(7)); the target can make it any free one of these (IP_LOCAL_PORT_RANGE). 0 to
                          connect is no port: E_INVALID. Connecting by UDP brings bind 0 along: without a port of its
                          own nobody can send */
  jailer_port_use use; /* default: connect by TCP */
} jailer_port;

/* Limits. Zero means the default named beside each field. */
typedef struct jailer_limits {
  uint64_t nofile;         /* RLIMIT_NOFILE; default 1024, or the launcher's hard limit where that is lower */
  uint64_t fsize_bytes;    /* RLIMIT_FSIZE; default unlimited: it would also cap guest memory in a memfd */
  uint64_t tmp_size_bytes; /* size of /tmp; default 64 MiB */
  uint64_t shm_size_bytes; /* size of /dev/shm; default 64 MiB */
  uint64_t tmp_inodes;     /* inodes in each of them; default 16384 */
} jailer_limits;

/* Where a box lives. Filled by jailer_layout_init; plain data, may be copied. */
typedef struct jailer_layout {
  char home[JAILER_PATH_MAX]; /* absolute, no "." or "..", no trailing slash */
  char id[JAILER_ID_MAX];     /* [A-Za-z0-9][A-Za-z0-9_-]{0,63} */
} jailer_layout;

/* Every path of the tree that a caller may want; jailer_layout_path turns one into text. (ID/uid, which remembers the
   box's uid, is the library's alone.) */
typedef enum jailer_entry {
  JAILER_ENTRY_HOME = 0, /* HOME */
  JAILER_ENTRY_BASES,    /* HOME/bases/                    shared backing files */
  JAILER_ENTRY_IMAGES,   /* HOME/images/                   image cache */
  JAILER_ENTRY_BOXES,    /* HOME/boxes/ */
  JAILER_ENTRY_UIDS,     /* HOME/uids/                     which box owns which uid */
  JAILER_ENTRY_BOX,      /* HOME/boxes/ID/                 never granted whole */
  JAILER_ENTRY_BIN,      /* HOME/boxes/ID/bin/             read and execute */
  JAILER_ENTRY_SHARED,   /* HOME/boxes/ID/shared/          write */
  JAILER_ENTRY_SOCKETS,  /* HOME/boxes/ID/sockets/         write */
  JAILER_ENTRY_TMP,      /* HOME/boxes/ID/tmp/             write */
  JAILER_ENTRY_LOGS,     /* HOME/boxes/ID/logs/            write */
  JAILER_ENTRY_CONSOLE,  /* HOME/boxes/ID/logs/console.log write, through logs/ */
  JAILER_ENTRY_DISKS,    /* HOME/boxes/ID/disks/ */
  JAILER_ENTRY_DISK,     /* HOME/boxes/ID/disks/disk.qcow2         write */
  JAILER_ENTRY_ROOTFS,   /* HOME/boxes/ID/disks/guest-rootfs.qcow2 write */
  JAILER_ENTRY_MOUNTS,   /* HOME/boxes/ID/mounts/          the host writes, the shim reads through shared/ */
  JAILER_ENTRY_EXIT,     /* HOME/boxes/ID/exit             write, pre-created */
  JAILER_ENTRY_PID,      /* HOME/boxes/ID/shim.pid         launcher only */
  JAILER_ENTRY_STDERR,   /* HOME/boxes/ID/shim.stderr      launcher only, opened before the launch */
  JAILER_ENTRY_LOCK,     /* HOME/boxes/ID/lock             launcher only */
  JAILER_ENTRY_RECORD,   /* HOME/boxes/ID/record           launcher only: expected chains */
  JAILER_ENTRY_COPIES,   /* HOME/boxes/ID/copies           launcher only: what bin/ holds and from where */
  JAILER_ENTRY_COUNT
} jailer_entry;

/* What descriptors 0, 1 and 2 are. Those named in jailer_config.fds are placed after this. */
typedef enum jailer_stdio {
  JAILER_STDIO_INHERIT = 0, /* the launcher's, vetted like every kept descriptor; a closed one becomes /dev/null */
  JAILER_STDIO_NULL         /* /dev/null */
} jailer_stdio;

/* How the bytes of an image are to be read. Always stated, never probed: what a guest writes into a raw disk may look
   like any other format (CVE-2008-2004). */
typedef enum jailer_format {
  JAILER_FORMAT_UNSTATED = 0, /* not a format; in a configuration: what the tree's disks are, qcow2 */
  JAILER_FORMAT_RAW,
  JAILER_FORMAT_QCOW2
} jailer_format;

/* --- filters: what a process may ask of the kernel (seccomp(2)) --- */

/* The machines whose system calls are in the table; all little-endian, 64 bits. */
typedef enum jailer_arch {
  JAILER_ARCH_NATIVE = 0, /* the one this was compiled for; E_UNSUPPORTED where that is none of these */
  JAILER_ARCH_X86_64,     /* the 64-bit entry only: no x32, no int 0x80 */
  JAILER_ARCH_AARCH64,
  JAILER_ARCH_RISCV64,
  JAILER_ARCH_COUNT
} jailer_arch;

/* What a filter answers to a call, as in linux/seccomp.h. Zero, what nobody chose, ends the thread. Calls that are let
   through: ALLOW, LOG. ERRNO's number is 1 to 4095 and Linux's, TRAP's data 0 to 65535. */
#define JAILER_ANSWER_KILL_THREAD 0x00000000u
#define JAILER_ANSWER_KILL_PROCESS 0x80000000u
#define JAILER_ANSWER_TRAP 0x00030000u /* SIGSYS, which a handler can report: jailer_reporter_install */
#define JAILER_ANSWER_ERRNO(number) (0x00050000u | (uint32_t)(number))
#define JAILER_ANSWER_NOTIFY 0x7fc00000u /* asks a supervisor; without one ENOSYS (seccomp_unotify(2)) */
#define JAILER_ANSWER_LOG 0x7ffc0000u    /* allowed, and told to the audit log */
#define JAILER_ANSWER_ALLOW 0x7fff0000u

typedef enum jailer_op { JAILER_EQ = 0, JAILER_NE, JAILER_LT, JAILER_LE, JAILER_GT, JAILER_GE } jailer_op;

/* One condition: (argument & mask) op value, unsigned. bits says what the kernel reads of the argument: with 32 the
   high word is ignored as the kernel ignores it, with 64 all of it counts. A comparison wider than the kernel's misses
   when somebody sets a bit that the kernel drops (CVE-2019-10063), a narrower one overlooks a bit that it heeds. */
typedef struct jailer_test {
  uint8_t arg;  /* 0 to 5 */
  uint8_t bits; /* 32 or 64; there is no default */
  jailer_op op;
  uint64_t mask; /* 0: every bit */
  uint64_t value;
} jailer_test;

/* One alternative of a rule: the answer when all of its tests hold; without tests, always. */
typedef struct jailer_clause {
  uint32_t answer;
  uint32_t test_count;
  const jailer_test *tests;
} jailer_clause;

/* One system call. The first clause whose tests all hold answers; otherwise `otherwise` does. */
typedef struct jailer_rule {
  const char *call; /* by name: "openat" */
  uint32_t otherwise;
  uint32_t clause_count;
  const jailer_clause *clauses;
  uint32_t weight; /* how often it is asked, beside others; 0: 1. Only the speed depends on it */
  bool optional;   /* a name that the table does not know is skipped instead of being E_NOT_FOUND */
} jailer_rule;

/* A policy as data. A call that the machine does not have counts for nothing there; one named twice is E_CONFLICT. */
typedef struct jailer_rules {
  const char *name; /* for reports and errors; NULL: "custom" */
  const jailer_rule *rules;
  size_t rule_count;
  uint32_t otherwise; /* to calls of the table that no rule names */
  uint32_t unknown;   /* to numbers that the table does not know: newer than it, and x32, 512 to 547 included (never
                         let through: where this answer would, x32 gets ENOSYS) */
} jailer_rules;

/* The policies that come with the library. */
typedef enum jailer_role {
  JAILER_ROLE_NONE = 0,
  JAILER_ROLE_LAUNCH, /* what a program of an ordinary distribution needs to start and work */
  JAILER_ROLE_VMM,    /* a virtual machine monitor that has started: its devices, disks and sockets */
  JAILER_ROLE_VCPU,   /* the thread that runs a virtual processor */
  JAILER_ROLE_API,    /* the thread that answers requests on a socket */
  JAILER_ROLE_COUNT
} jailer_role;

/* What a role lets through beyond its strict form. All zero is the strictest. */
typedef struct jailer_role_options {
  bool allow_network;    /* launch, vmm: sockets of AF_INET and AF_INET6 for TCP, UDP and ping, and NETLINK_ROUTE */
  bool allow_tcp;        /* of these TCP alone, without MPTCP and fast open: for Landlock to tell ports apart */
  bool allow_udp;        /* UDP alone, likewise. Both may be set; allow_network is wider than either */
  bool allow_userns;     /* launch: namespaces by clone, clone3 and unshare, and mounts in them */
  bool allow_exec_memfd; /* launch, vmm: memfd_create without MFD_NOEXEC_SEAL */
  bool allow_pty;        /* launch: TIOCSCTTY */
  bool allow_tkill;      /* vmm, vcpu, api: tkill, which musl's pthread_kill and raise are made of */
  uint32_t denied;       /* what is answered to what the role refuses; 0: launch EPERM, others KILL_PROCESS. TRAP lets a
                      reporter tell it: data that is 0 here becomes the jailer_role. Answers other than EPERM by which
                      the launch role makes libraries take another way stay */
  uint32_t pid;          /* vmm, vcpu, api: the process that kill, tgkill and their like may signal; 0: none; above
                      INT32_MAX, as a failed fork leaves it: E_INVALID */
} jailer_role_options;

/* A policy, ready to be compiled, printed, asked or installed. Opaque, read-only once made, for any number of
   threads. */
typedef struct jailer_policy jailer_policy;

#define JAILER_POLICY_TEXT_MAX 1048576 /* bytes in one file of a policy */

/* A policy as text, for jailer_policy_parse. Strings are borrowed until it returns. */
typedef struct jailer_policy_source {
  const char *name; /* of the file: errors begin with it, and ./FILE is looked for beside it; NULL: "policy" */
  const char *text; /* NULL: none */
  size_t length;    /* at most JAILER_POLICY_TEXT_MAX */

  /* What reads the file of an @include or @frequency: at most size bytes into text, their number in *length. Its error
     becomes jailer_policy_parse's, with the place that asked. NULL: such a line is E_INVALID. */
  jailer_code (*include)(void *user, const char *path, char *text, size_t size, size_t *length, jailer_error *err);
  void *user; /* handed to include */
} jailer_policy_source;

/* One instruction of classic BPF: struct sock_filter of linux/filter.h, the same layout. */
typedef struct jailer_insn {
  uint16_t code;
  uint8_t jt, jf; /* instructions to skip when a test holds, and when it does not */
  uint32_t k;
} jailer_insn;

#define JAILER_FILTER_MAX 4096 /* instructions in one filter: BPF_MAXINSNS */

/* Everything about one launch, or about a process that confines itself. All zero except argv is the strict profile:
   system directories read-only, nothing of the host writable, no network, no other process, every layer required. Every
   field that weakens it is a grant by name. Strings and arrays are borrowed until jailer_plan_new returns.
   Of these jailer_confine_self takes role (with trap_denied) or policy, grants, fds, ports, limits.nofile and
   fsize_bytes, allow_network, allow_exec_memfd, allow_unsafe_fds, allow_unconfined_threads, with the role launch
   allow_userns, log_denials, may_degrade and launch_timeout_ms; all others are E_INVALID there, by name. */
typedef struct jailer_config {
  /* What runs. */
  const char *const *argv; /* required, ends with NULL. argv[0]: an absolute path, or a bare name looked up in the
                              jail's PATH; a relative path is E_INVALID */
  const char *const *env;  /* NAME=VALUE, ends with NULL; NULL: none. PATH is added where it is missing; nothing else */
  const char *cwd;         /* working directory inside; NULL: "/" */
  const char *hostname;    /* NULL: "jail" */
  jailer_engine engine;    /* default: AUTO */

  /* What it reaches. */
  const jailer_grant *grants;
  size_t grant_count;
  bool without_system; /* true: not even /usr and the synthesised /etc; the program must then be static */
  const jailer_fd *fds;
  size_t fd_count;
  jailer_stdio stdio;
  const jailer_port *ports; /* with allow_network: the only ports, and no other protocol; NULL: no such limit. Without
                               allow_network there is no network at all, so that is E_INVALID; so is an empty list */
  size_t port_count;
  jailer_limits limits;
  const char *cgroup; /* a directory of cgroup v2, absolute, made and limited by the caller (memory.max, pids.max, ...),
                         where the target starts; NULL: the launcher's own. See cgroups(7), "delegation" */

  /* What it may ask of the kernel. A launch has the role launch, and NONE means that; jailer_confine_self needs a role
     or a policy (of rules, of text, or of a role with options). There signals go to the process itself alone. */
  jailer_role role;

  /* A box: the grants of its tree. NULL: none. */
  const jailer_layout *layout;
  const char *shim;             /* with layout: copied to bin/ and run as argv[0] says; NULL: argv[0] itself is run */
  const char *const *libraries; /* with shim: libraries copied to bin/ and found by it; ends with NULL; NULL: none */
  jailer_format disk_format;    /* of disks/disk.qcow2; default: qcow2 */
  jailer_format rootfs_format;  /* of disks/guest-rootfs.qcow2; default: qcow2 */
  const char *const *trusted_roots; /* beside bases/ and images/, where backing files may lie; ends with NULL */
  bool trust_chain_on_first_use;    /* false: a disk without a recorded chain is an error */
  bool allow_whole_bases;           /* grant all of bases/ read-only instead of the chain's files alone */

  /* Who it is. Zero: chosen. Root launchers: an unprivileged uid and gid of its own. Ordinary users: their own, or as
     seen from inside, the number given here. */
  uint32_t uid, gid;

  /* Grants of power. */
  bool allow_network;    /* the host's network namespace and IP sockets; `ports` narrows it */
  bool allow_userns;     /* namespaces of its own making */
  bool allow_host_root;  /* uid 0 of the host, where the launcher has it */
  bool allow_exec_memfd; /* memfd_create without MFD_NOEXEC_SEAL: code from memory through execve */
  bool allow_full_proc;  /* all of /proc instead of subset=pid */
  bool allow_unsafe_fds; /* descriptors that lead out: directories, O_PATH, block devices, namespaces, pidfds, ... */
  bool allow_pty;        /* a private devpts at /dev/pts and /dev/tty */
  bool outlive_launcher; /* not killed when the launching thread ends */
  bool controlling_tty;  /* descriptor 0, a terminal, becomes the controlling terminal of the new session */
  bool with_init;        /* an init as PID 1 that forwards signals and reaps; false: the target is PID 1 itself */
  bool allow_unconfined_threads; /* jailer_confine_self: confines the calling thread and what it starts from then on;
                                    the process's other threads stay as they are. Limits are the process's */

  /* The kernel's audit log, where auditing is on, tells what Landlock refuses to the target, as often as the target
     tries: it can fill the log. Needs ABI 7. What the launch filter refuses is not told: every libc asks for things
     that it answers with ENOSYS. */
  bool log_denials;
  /* Stricter than the default. */
  bool trap_denied; /* what the launch filter answers with EPERM ends the target with SIGSYS instead: where a program
                       would try something else, it does not come to that, and a reporter in it can tell what it was */
  const char *seatbelt_profile; /* engine seatbelt: a file with a profile (SBPL) that is used instead of the one written
                                   from the grants, which then count for nothing; absolute, a regular file, or a link to
                                   one, of the launcher's or root's that nobody else can write. NULL: none. What it
                                   allows nobody checks */
  const jailer_policy *policy;  /* a filter of the target's own, on top of the launch filter, from its first instruction
                                  on; NULL: none. It has to allow execve, with which the target starts (E_CONFLICT), and
                                  what the program then needs to start. A launch leaves it out for no may_degrade.
                                  jailer_confine_self: instead of a role; used until it returns, and by a plan of the
                                  engine self until that is freed */

  uint32_t may_degrade;       /* JAILER_BIT(layer) | ...: layers that may be missing where the host cannot do them */
  uint32_t launch_timeout_ms; /* for everything before exec; default 30000 */
} jailer_config;

/* What this host can do, as far as asking tells; only a launch proves it. Plain data. */
typedef struct jailer_host {
  uint32_t kernel_major, kernel_minor;
  uint32_t landlock_abi;    /* 0: none */
  uint32_t landlock_errata; /* bit n - 1: erratum n of Landlock is fixed (Linux 6.15, and older ones with backports) */
  uint32_t uid, gid;        /* effective, of the caller */
  bool mixed_ids;           /* its real, effective and saved ids differ (a set-uid program): see jailer_plan_new */
  bool privileged;          /* root with CAP_SYS_ADMIN, SETUID, SETGID, CHOWN, KILL: may make namespaces by right */
  bool nested;              /* in a user namespace without all ids (a rootless container): uid 0 is not the host's */
  bool seccomp;             /* filters with the actions that the launch filter uses */
  bool seatbelt;            /* macOS, and /usr/bin/sandbox-exec is there */
  bool dumpable;            /* PR_GET_DUMPABLE of the caller */
  bool userns, mntns, pidns, netns, ipcns, utsns, cgroupns; /* the kernel has the kind of namespace */
  uint64_t ns_ino[7]; /* the caller's own, in that order, as inodes of /proc/self/ns; 0: not known */
  uint64_t nofile_hard, fsize_hard;
} jailer_host;

/* A launch, decided: what jailer_plan_new makes and jailer_spawn performs. Opaque; may be used by many threads. */
typedef struct jailer_plan jailer_plan;

/* What a jailed program told of its end: the line that a reporter in it wrote. Its word alone: a hostile program tells
   what it likes. Plain data; texts are NUL-terminated. */
typedef enum jailer_told {
  JAILER_TOLD_NOTHING = 0,
  JAILER_TOLD_DENIED, /* a filter answered a system call with SIGSYS: number, audit_arch, call, args */
  JAILER_TOLD_CRASHED /* signal, code, address */
} jailer_told;

#define JAILER_TOLD_NAME_MAX 32 /* bytes of a system call's and of a role's name, with the NUL */

typedef struct jailer_denial {
  jailer_told kind;
  int signal;                      /* SIGSYS (31), or that of a crash */
  int code;                        /* si_code of a crash; 0 or less: it was sent, and is no fault */
  uint32_t number;                 /* of the call, on its machine */
  uint32_t audit_arch;             /* which machine: AUDIT_ARCH_... of linux/audit.h */
  uint32_t tid;                    /* the thread, as numbered inside; 0: not known */
  uint64_t args[6];                /* registers: what the call does not take is chance */
  uint64_t address;                /* what a crash stumbled over */
  uint64_t ip;                     /* where */
  char call[JAILER_TOLD_NAME_MAX]; /* "": no name is known for the number */
  char role[JAILER_TOLD_NAME_MAX]; /* whose filter, or whose thread: [A-Za-z0-9_-]; may be empty */
} jailer_denial;

/* For a program that wants to tell: the fields above the line are the caller's, those below are private. */
typedef struct jailer_reporter {
  const char *path;  /* of the file to append to (a box's exit file), which exists; NULL: fd */
  int fd;            /* open for appending, a regular file; stays open, also in children that do not execute: the line
                        goes to what has that number. With `path` it is written by the call (500 or more, if it may) */
  const char *role;  /* told where the filter does not say: at most 31 of [A-Za-z0-9_-]; NULL: "" */
  bool denials_only; /* SIGSYS alone; false: also SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE and SIGSEGV */
  /* --- */
  char name[JAILER_TOLD_NAME_MAX];
  uint64_t previous[7][4]; /* the kernel's struct sigaction of each signal, as it was before */
} jailer_reporter;

#define JAILER_REPORTER_STACK 32768 /* bytes of an alternate stack that are enough on every machine known */

/* How the target ended. */
typedef struct jailer_status {
  bool exited;   /* true: exit_code counts; false: signal does */
  int exit_code; /* 0 to 255 */
  int signal;
  jailer_denial denial; /* what the program in a box told of it, where that agrees: it explains, and decides nothing */
} jailer_status;

/* A running target. Owned by the caller: one jailer_wait that sees the end, or jailer_release, gives back what it
   holds. Not for two threads at once, except jailer_kill. Not to be copied, nor given to jailer_spawn while it holds a
   target. */
typedef struct jailer_proc {
  pid_t pid;         /* in the launcher's pid namespace; 0: not a launched process */
  int pidfd;         /* pollable: readable when the target has ended; -1 on kernels before 5.3 */
  int init_fd;       /* private: the init's report; -1: none */
  uint32_t layers;   /* applied, JAILER_BIT each */
  uint32_t degraded; /* asked, not to be had here, or not whole (then also in layers), permitted by may_degrade */
  uint32_t uid, gid; /* on the host */
  uint32_t landlock_abi;
  uint32_t landlock_errata; /* as in jailer_host */
  uint32_t landlock_lacks;  /* private: what this ABI could not do of what was asked */
  uint32_t readback;        /* layers that the child read back from the kernel before exec */
  jailer_engine engine;
  bool own_pid1;         /* the target is PID 1 of its namespace */
  int asked_signal;      /* private: the signal whose default action jailer_kill carried out */
  bool allow_userns;     /* private: capabilities in a namespace of its own making are no contradiction */
  bool keeps_bounding;   /* private: without CAP_SETPCAP the bounding set stays, void under no_new_privs */
  bool trap_denied;      /* private: what the launch filter answers */
  bool has_policy;       /* private: a filter on top of it */
  bool own_profile;      /* private: seatbelt_profile */
  uint32_t busy;         /* private: how many threads are in jailer_kill, and whether the end is settled */
  uint32_t keeps_groups; /* supplementary groups of the launcher that the target keeps (ordinary users cannot drop) */
  uint32_t groups[8];    /* of granted devices, which a root launcher's target has; all others are dropped */
  uint32_t group_count;
  jailer_layout *box; /* private: whose pid file goes at the end; NULL: none */
} jailer_proc;

typedef enum jailer_state {
  JAILER_NOT_REQUESTED = 0,
  JAILER_APPLIED,
  JAILER_DEGRADED,   /* asked, not to be had or not whole (see detail), and the configuration permits that */
  JAILER_UNAVAILABLE /* asked and not to be had: of a host or of a refused launch, never of a running target */
} jailer_state;

/* Per layer, what was asked and what the kernel says now; or why a launch was refused. Plain data. */
typedef struct jailer_report {
  jailer_engine engine;
  pid_t pid;
  uint32_t uid, gid;
  uint32_t landlock_abi;
  struct {
    jailer_state state;
    bool verified; /* the kernel's own account was read and agrees */
    char detail[JAILER_DETAIL_MAX];
  } layer[JAILER_LAYER_COUNT];
  jailer_error error; /* of a refused launch; code JAILER_OK: none */
} jailer_report;

/* ============================================================================================
 * // >>api    every public function. Each says shapes, units, NULL, ownership, threads and errors
 * ============================================================================================ */

/* -- layout: where a box lives, and every path in it ------------------------------------------------------------- */

/* Fills *out from a home directory and a box id; asks nothing of the file system. `home` is absolute; doubled and
   trailing slashes are dropped, "." and "..", control bytes, components over 255 bytes and "/" itself are refused
   (INVALID), as is an id that is not [A-Za-z0-9][A-Za-z0-9_-]{0,63}. A home so long that some path of the tree would
   not fit JAILER_PATH_MAX is LIMIT. *out is written only on success, borrows nothing. Any thread. err may be NULL. */
JAILER_API jailer_code jailer_layout_init(jailer_layout *out, const char *home, const char *id, jailer_error *err);

/* Writes the absolute path of one entry, without a trailing slash, NUL-terminated, into buf of `size` bytes; LIMIT
   and an empty string when it does not fit whole. The path need not exist. Any thread. err may be NULL. */
JAILER_API jailer_code jailer_layout_path(const jailer_layout *layout, jailer_entry entry, char *buf, size_t size,
                                          jailer_error *err);

/* Writes HOME/boxes/ID/sockets/NAME. name is [A-Za-z0-9][A-Za-z0-9._-]{0,63} (else INVALID). LIMIT when the path does
   not fit buf or the 107 bytes (macOS: 103) that a socket address carries (sun_path, unix(7)). Any thread. err may be
   NULL. */
JAILER_API jailer_code jailer_layout_socket_path(const jailer_layout *layout, const char *name, char *buf, size_t size,
                                                 jailer_error *err);

/* Creates what is missing of the tree (HOME and its parents too) with modes that do not depend on the umask, checks
   what is there, and gives the entries that the jailed process writes to the uid and gid it will run as. May be
   called again at any time the box is not running: the content of directories stays, `exit` is emptied,
   logs/console.log and the disks are kept. Nothing is followed, nothing is changed recursively. As root: uid 0 means
   the box's own uid from HOME/uids (never shared with another box of this home, remembered), gid 0 the same number as
   the uid. As an ordinary user, and as root of a user namespace that does not map every id (a rootless container),
   both are 0 or the caller's own, else INVALID. UNSAFE: HOME or its parents, boxes/, ID/, bin/ or disks/ belong to
   somebody else (root is acceptable for parents; in such a namespace so is an owner without a uid in it), are group- or
   other-writable (for parents: without the sticky bit), or are symbolic links; or a file is not a regular file with one
   link. BUSY: the box runs, or another launch holds it. DENIED: root without CAP_CHOWN, before anything is made, and
   what the file system refuses. NOT_FOUND, FORMAT, SYSTEM as the error says. Any thread; needs no other lock. err may
   be NULL. Linux, macOS. Source: THREAT_MODEL.md, "The box". */
JAILER_API jailer_code jailer_layout_prepare(const jailer_layout *layout, uint32_t uid, uint32_t gid,
                                             jailer_error *err);

/* Removes HOME/boxes/ID with everything in it and releases its uid. However deep the tree is, it takes a fixed number
   of descriptors and no memory; symbolic links are removed, not followed; a mount found inside stops it with UNSAFE
   before anything in the mount is touched (what had been removed by then is gone; unmount and call again). BUSY: the
   box runs or another launch holds it. NOT_FOUND: no such box. Any thread. err may be NULL. Linux, macOS. */
JAILER_API jailer_code jailer_layout_remove(const jailer_layout *layout, jailer_error *err);

#ifndef JAILER_NO_QCOW2
/* --- Disk images: the qcow2 header and the backing chain (docs/interop/qcow2.txt of QEMU) ------------------------- */

#define JAILER_QCOW2_HEADER_MAX 65536 /* bytes that header, extensions and backing name together may take */
#define JAILER_QCOW2_NAME_MAX 1024    /* a backing or data file name with its NUL: 1023 bytes by the format */
#define JAILER_CHAIN_DEPTH 16         /* layers of a chain, the top one included, when the policy does not say */
#define JAILER_CHAIN_DEPTH_MAX 64     /* the most that a policy may ask for */

/* What a qcow2 header says. Plain data. Every text is NUL-terminated and holds no other NUL; an empty one is absent. */
typedef struct jailer_qcow2 {
  uint32_t version;                                                        /* 2 or 3 */
  uint32_t cluster_bits;                                                   /* 9 to 21 */
  uint32_t header_length;                                                  /* bytes; 72 in version 2 */
  uint32_t crypt_method;                                                   /* 0 none, 1 AES, 2 LUKS */
  uint64_t virtual_size_bytes;                                             /* what the guest sees */
  uint64_t incompatible_features, compatible_features, autoclear_features; /* as stored; 0 in version 2 */
  bool dirty;                                                              /* incompatible bit 0: not closed cleanly */
  bool corrupt;                                                            /* incompatible bit 1 */
  bool has_data_file;                       /* incompatible bit 2, or the extension that names the file */
  bool extended_l2;                         /* incompatible bit 4 */
  bool encrypted;                           /* crypt_method, or the encryption extension */
  bool has_bitmaps;                         /* the bitmaps extension */
  uint8_t compression_type;                 /* 0 zlib, 1 zstd; incompatible bit 3 */
  char backing_name[JAILER_QCOW2_NAME_MAX]; /* as stored: relative, absolute or with a protocol */
  char backing_format[16];                  /* as stored: "qcow2", "raw", or anything else */
  char data_file[JAILER_QCOW2_NAME_MAX];    /* the external data file's name */
  size_t needed_bytes; /* how far the header reaches; after JAILER_E_LIMIT: bytes to give the next time, at least */
} jailer_qcow2;

/* Parses the first `len` bytes of an image that is `file_size` bytes long (UINT64_MAX: not known). Pure: no I/O, no
   allocation, on every system. `bytes` may be NULL when len is 0; `out` is written in every case and, but for
   needed_bytes, is all zero after a failure. Any thread.
   JAILER_E_FORMAT: not qcow2, cut short, or a field that QEMU or the format refuses (unknown incompatible feature
   included). JAILER_E_LIMIT: well-formed so far, but the header goes on past len, or past JAILER_QCOW2_HEADER_MAX; give
   out->needed_bytes or more. JAILER_E_INVALID: out is NULL, bytes is NULL, or len is more than file_size. */
JAILER_API jailer_code jailer_qcow2_parse(const uint8_t *bytes, size_t len, uint64_t file_size, jailer_qcow2 *out,
                                          jailer_error *err);

/* The same from a descriptor of a regular file that is open for reading. The file offset neither matters nor moves; one
   read of 4 KiB, and where the header is longer one more. Linux, macOS. Errors: those of jailer_qcow2_parse, and
   JAILER_E_UNSAFE (not a regular file), JAILER_E_CHANGED (it shrank meanwhile), JAILER_E_SYSTEM, JAILER_E_NO_MEMORY. */
JAILER_API jailer_code jailer_qcow2_read_fd(int fd, jailer_qcow2 *out, jailer_error *err);

/* What a backing chain may look like. All zero is the strictest: nothing below the top layer is trusted. */
typedef struct jailer_chain_policy {
  const char *const *trusted_roots; /* absolute directories; a backing file must lie below one, both resolved */
  size_t trusted_root_count;        /* default 0: an image with a backing file is refused */
  unsigned max_depth;               /* layers with the top one; default 16, at most 64 */
  bool allow_encrypted;             /* default: an encrypted layer is refused */
} jailer_chain_policy;

/* One file of a chain. dev and ino identify it; the names are what they were during the walk. */
typedef struct jailer_chain_layer {
  const char *path;     /* absolute, no symbolic link in it: where the file is */
  const char *named;    /* absolute, as the overlay's header leads to it: the name that QEMU opens */
  jailer_format format; /* as stated by the caller or by the overlay */
  bool encrypted, dirty;
  uint64_t dev; /* major << 32 | minor */
  uint64_t ino;
  uint64_t size_bytes; /* of the file */
} jailer_chain_layer;

/* A whole chain, the top layer first. Made by jailer_chain_walk, freed by jailer_chain_free, read-only between. */
typedef struct jailer_chain {
  size_t count; /* at least 1 */
  const jailer_chain_layer *layers;
  void *memory; /* the library's */
} jailer_chain;

/* Follows the backing chain of the image at `path` (absolute, symbolic links followed; a link of /proc/PID is refused)
   whose format the caller states. policy may be NULL: all zero. The format of every further layer is what its overlay
   states. Relative names resolve against the directory of the overlay's name as opened, as QEMU does. Nothing but
   regular files is opened, no descriptor stays open, and no layer is read more than twice. Any thread.
   On success *out is a chain that the caller frees. A chain that cannot be followed to its end is an error, never a
   shorter chain: *out is then NULL and err->item says which layer, as "layer 2: /path".
   JAILER_E_CHAIN: outside the roots, protocol name, no or another backing format, external data file, encryption,
   corrupt, loop, too deep. JAILER_E_UNSAFE: not a regular file. JAILER_E_CHANGED: files moved during the walk.
   JAILER_E_NOT_FOUND, JAILER_E_DENIED, JAILER_E_FORMAT, JAILER_E_LIMIT, JAILER_E_INVALID (path, format, policy),
   JAILER_E_UNSUPPORTED (no /proc), JAILER_E_SYSTEM, JAILER_E_NO_MEMORY as their names say. Linux, macOS. */
JAILER_API jailer_code jailer_chain_walk(const char *path, jailer_format format, const jailer_chain_policy *policy,
                                         jailer_chain **out, jailer_error *err);

/* NULL is fine. */
JAILER_API void jailer_chain_free(jailer_chain *chain);

/* "raw", "qcow2", or "unstated" for anything else. A constant. */
JAILER_API const char *jailer_format_name(jailer_format format);
#endif /* JAILER_NO_QCOW2 */

/* --- filters: pure, on every system ---------------------------------------------------------------------------- */

/* A policy that comes with the library. opt: NULL for the strictest. On success *out is a policy that the caller frees;
   on failure it is NULL. Any thread. E_INVALID: no such role, or an answer or pid in opt that is none. E_NO_MEMORY.
   Under vmm, vcpu and api nothing is mapped to be executed, so no library is loaded: glibc's pthread_exit,
   pthread_cancel and backtrace want libgcc_s, iconv and getaddrinfo others; link it, or use them once before. */
JAILER_API jailer_code jailer_policy_role(jailer_role role, const jailer_role_options *opt, jailer_policy **out,
                                          jailer_error *err);

/* A policy from rules; everything is copied. Errors name the rule: E_NOT_FOUND (a call that the table does not know),
   E_CONFLICT (a call named twice), E_INVALID (an argument, width, operator, mask, value or answer that is none; a
   comparison that can never hold), E_LIMIT, E_NO_MEMORY. Ownership and threads as above. */
JAILER_API jailer_code jailer_policy_rules(const jailer_rules *rules, jailer_policy **out, jailer_error *err);

/* A policy from text in the language of minijail's policy files (minijail0(5), and the braces and brackets of its newer
   compiler; the whole grammar: >>policytext):

     # comment                            a `\` at the very end continues a line
     read: allow                          or 1; log, user-notify, kill, kill-process, kill-thread, trap, return ERRNO
     mmap: arg2 in ~PROT_EXEC || arg2 & PROT_READ && arg3 == MAP_PRIVATE|MAP_ANONYMOUS
     openat: arg2 == O_RDONLY; return EACCES             what holds is allowed, all else gets the errno
     {open, creat}: return ENOENT
     ioctl: { arg1 == TIOCSTI; return EPERM, arg1 in 0xffff; allow, kill }     the first that holds answers
     epoll_wait[arch=x86_64]: 1
     @include ./FILE                      @frequency /FILE, @default ACTION, @denylist

   and beyond that: `newcall?: 1` and `arg1 == NEWNAME?` for names that may be unknown (all others are E_NOT_FOUND),
   `arg1[32] == X` (as the kernel reads an int), `arg1 & MASK == X`, `trap N`, `@unknown ACTION`, `[weight=N]`.
   Comparisons are unsigned and of 64 bits; `&`: any of these bits is set; `in`: no other bit is. arch: whose constants
   and whose [arch=...] rules count; the policy is meant for it alone. On success *out is a policy that the caller
   frees; on failure it is NULL, and the error's item is FILE:LINE:COLUMN (bytes, from 1). Any thread. Pure but for
   include. E_FORMAT: no such syntax, or bytes that are no text. E_NOT_FOUND: a call, constant, errno, machine or file
   that is not known. E_CONFLICT: a statement about a call that has an answer to all arguments already; two @defaults;
   a rule that allows in a denylist. E_INVALID: an errno, argument or width that is none; a comparison that is always
   or never so; no source, out, or include. E_LIMIT: a file above JAILER_POLICY_TEXT_MAX, 4 MiB or 256 files in all,
   more than 10 that include each other, 65536 conditions or names, 64 bits, 16 parentheses. E_UNSUPPORTED: no such
   machine. E_NO_MEMORY, and what include answers. */
JAILER_API jailer_code jailer_policy_parse(const jailer_policy_source *source, jailer_arch arch, jailer_policy **out,
                                           jailer_error *err);

/* The same from a file, and those that it includes. Symbolic links are followed: whoever can write one of the files or
   directories decides the policy. Further errors: E_NOT_FOUND, E_DENIED, E_UNSAFE (no regular file), E_LIMIT, E_SYSTEM;
   E_UNSUPPORTED where this build has no effects. */
JAILER_API jailer_code jailer_policy_load(const char *path, jailer_arch arch, jailer_policy **out, jailer_error *err);

/* A policy as such a text, with the reason of each rule where it came with a role. Only what concerns that machine;
   jailer_policy_parse makes of it a policy with the same answers there. The rules of jailer_plan_text; E_INVALID: no
   policy; E_UNSUPPORTED: no such machine. */
JAILER_API jailer_code jailer_policy_text(const jailer_policy *policy, jailer_arch arch, char *text, size_t size,
                                          size_t *length, jailer_error *err);

/* NULL is fine. */
JAILER_API void jailer_policy_free(jailer_policy *policy);

/* The name of a role ("vmm"), or of a policy; never NULL. The role by name, or JAILER_ROLE_NONE. */
JAILER_API const char *jailer_role_name(jailer_role role);
JAILER_API jailer_role jailer_role_by_name(const char *name);
JAILER_API const char *jailer_policy_name(const jailer_policy *policy);

/* The name of a system call by its number, NULL for a number that the table does not know (x32 numbers among them); the
   number by name, -1 where the machine has no such call. Constant strings; any thread. */
JAILER_API const char *jailer_call_name(jailer_arch arch, uint32_t number);
JAILER_API int jailer_call_number(jailer_arch arch, const char *name);

/* What the policy says to one call: an answer (JAILER_ANSWER_...). Goes through the rules as they are written, without
   the compiled filter: each is the other's test. Any thread. */
JAILER_API uint32_t jailer_policy_answer(const jailer_policy *policy, jailer_arch arch, uint32_t number,
                                         const uint64_t args[6]);

/* Compiles a policy to a filter for the machines archs[0..arch_count) (none: the native one), as seccomp(2) takes it:
   another machine's entry ends the process. Writes at most `max` instructions and stores their number in *len. The
   same bytes on every system. Errors: E_INVALID (no policy, a machine named twice), E_UNSUPPORTED (no such machine),
   E_LIMIT (more than `max` or JAILER_FILTER_MAX instructions; *len is 0), E_NO_MEMORY. Any thread.
   With JAILER_USE_LIBSECCOMP other bytes that answer the same, E_LIMIT sooner, and E_SYSTEM: libseccomp or its memory
   file failed. That takes memfd_create, write, statx, pread64 and close from the filters that are in force, and the
   first time in a process all of seccomp(2), for libseccomp asks what the kernel can do. A shim that puts on its role
   and then one for a thread has that. */
JAILER_API jailer_code jailer_policy_compile(const jailer_policy *policy, const jailer_arch *archs, size_t arch_count,
                                             jailer_insn *out, size_t max, size_t *len, jailer_error *err);

/* --- this process confines itself ------------------------------------------------------------------------------- */

/* Installs a policy on the calling thread, or with all_threads on every thread of the process, and sets no_new_privs
   (seccomp(2), SECCOMP_FILTER_FLAG_TSYNC). It comes on top of the filters that are there: what one of them refuses
   stays refused. A thread that is made later has the filters of its maker. Afterwards /proc/self/task/TID/status of all
   those threads is read and has to agree (E_READBACK: the process should then end). That takes read and close, with
   all_threads also openat and getdents64, for the descriptors that come; where the policy refuses one of these nothing
   is read, since the call could end the process, and *verified, which may be NULL, is false. (Where other threads make
   descriptors meanwhile, one may come that cannot be closed any more: it stays open.) Filters that are there already
   have to allow mmap, openat, read, close, prctl and seccomp. No call that the policy refuses is made; where that is
   munmap, 32 KiB stay mapped. Any thread. Errors, err may be NULL: E_CONFLICT (with all_threads: the thread that the
   item names has filters of its own), E_LIMIT (the filter, or all of the process's, are too long), E_INVALID, E_SYSTEM,
   E_NO_MEMORY: the process is as it was, but for no_new_privs. E_UNSUPPORTED (another system). */
JAILER_API jailer_code jailer_seccomp_apply(const jailer_policy *policy, bool all_threads, bool *verified,
                                            jailer_error *err);

/* Confines the running process: Landlock for the grants, the filter of the role or policy, limits, no capabilities,
   no_new_privs, and no descriptor but 0 to 2 and the named ones. Made for a program that has opened what it needs, as a
   VM's shim after its start-up; then role vmm for the process, and vcpu or api in its threads (jailer_seccomp_apply).
   Nothing can be taken back, and a second call only takes away more: where the filter of the first lets through what
   the second needs (launch does; vmm does not, and ends the process) and "/proc" was granted for reading.
   - role or policy: one of them has to be there. Grants: as for a launch, where they are (`at` NULL or the same path),
     without the system's directories: what is opened later, libraries for example, has to be granted. Landlock adds
     up: a grant inside another one that has more than it is E_CONFLICT. Of /proc only all of it can be granted, for
     reading: it shows what the process sees now.
   - Threads: all of them are confined. Where there are several, that takes Landlock ABI 8 (Linux 7.0), else
     E_UNSUPPORTED: call it before threads are made, or set allow_unconfined_threads; where landlock may degrade the
     calling thread alone gets the domain, and the report says so. Another thread with capabilities is E_CONFLICT: those
     are each thread's own. Beside more than 256 threads the filter is installed on all, and not claimed verified.
   - Descriptors: one that is open and not named is E_UNSAFE and not closed, since another thread may use it; the item
     has number and file. Named ones are vetted as for a launch. What other threads open meanwhile is not seen, nor a
     table of descriptors that a thread has for itself.
   - Limits: as for a launch; soft and hard ones are lowered to them and never raised. A descriptor above nofile stays.
   - The bounding set and the securebits stay where CAP_SETPCAP is missing: no_new_privs makes both void.
   Everything is checked before anything is changed: the plan, descriptors, threads, ruleset and filter. Then come
   limits, no_new_privs, capabilities, Landlock and last seccomp; an error there leaves the process with what is in
   force already, and it should end. *report, which may be NULL, is written in every case: the layers in force, which of
   them the kernel was seen to keep, and after a failure the error. jailer_plan_new with the engine self and
   jailer_plan_text are the dry run. /proc is needed. err may be NULL. Errors: those of jailer_plan_new for grants and
   descriptors, E_INVALID (a field that has no meaning for a running process, by name), E_UNSAFE, E_CONFLICT, E_DENIED
   (real, effective and saved ids that differ, also root's), E_UNSUPPORTED, E_LIMIT, E_READBACK (end the process),
   E_SYSTEM, E_NO_MEMORY.
   Source: landlock(7), seccomp(2), capabilities(7). */
JAILER_API jailer_code jailer_confine_self(const jailer_config *config, jailer_report *report, jailer_error *err);

/* --- in the jailed program: telling what ended it -------------------------------------------------------------- */

/* From here on a system call that a filter answers with SIGSYS, and a crash, is told by one line in the file, and then
   the process ends as it would have (or the handler that was there before is called with the same arguments). The
   line, written with one write(2) and a newline before it, in case the file's last line has none:
     {"denied": "ptrace", "number": 101, "arch": "x86_64", "args": ["0x4206", ... six], "ip": "0x...", "tid": 2,
     "role": "launch"}
     {"crash": "SIGSEGV", "code": 1, "address": "0x0", "ip": "0x...", "tid": 2, "role": "..."}
   (without the break; "denied" is null for a number without a name). Who can read the file learns addresses and
   registers of the process. For a denial the role is that of the filter where its answer says so
   (jailer_role_options.denied), else reporter->role.
   The handler makes system calls only, on less than 2 KiB of stack; it takes no lock and leaves errno alone. A filter
   has to let it make: write, gettid, rt_sigreturn, and for signals that were sent (abort(3)) getpid, rt_sigaction,
   tgkill; a write that fails is a line less, and the end is the same. As PID 1 an abort ends as exit code 134, since
   the kernel would not end that process by its own signal.
   Call it once, early, before there are threads; *reporter is used until the process ends, and stays where and as it
   is (path and role are read here and not again). err may be NULL. Linux only. E_INVALID (no reporter; role; a
   descriptor that is no regular file open for appending), E_BUSY (there is one), E_NOT_FOUND, E_DENIED, E_SYSTEM (the
   file, rt_sigaction(2)). Source: sigaction(2), seccomp(2), "SECCOMP_RET_TRAP". */
JAILER_API jailer_code jailer_reporter_install(jailer_reporter *reporter, jailer_error *err);

/* Gives the calling thread an alternate stack for it, sigaltstack(2): without one a thread that has overrun its stack
   ends with nothing told. memory is the caller's, JAILER_REPORTER_STACK bytes or what the processor needs (the error
   says it), until the thread has ended or called this with NULL and 0, which takes the stack away. A stack that the
   thread had is replaced (Go and Rust give their threads one, which is as good). Any thread. err may be NULL. Linux
   only. E_INVALID (too small), E_SYSTEM. */
JAILER_API jailer_code jailer_reporter_thread(void *memory, size_t size, jailer_error *err);

/* The last line of a reporter among bytes[0..length), the content of an exit file: false, and *out all zero, when
   there is none. Strict: lines that a reporter does not write, in each byte, are not its. bytes may be NULL when length
   is 0. Pure, any thread. */
JAILER_API bool jailer_denial_last(const char *bytes, size_t length, jailer_denial *out);

/* One line for a person: "denied: ptrace(0x4206, ...) by the launch filter (reads or steers another process)", or
   "crashed: SIGSEGV at address 0x0, ip 0x4011d6"; "" when nothing was told. What is not printable is escaped. Writes a
   NUL-terminated text into text[0..size) and returns its length; a text that does not fit is cut. Pure, any thread. */
JAILER_API size_t jailer_denial_text(const jailer_denial *denial, char *text, size_t size);

/* --- seatbelt: the profile of a macOS sandbox, SBPL; pure, on every system ---------------------------------------- */

#define JAILER_SANDBOX_EXEC "/usr/bin/sandbox-exec" /* never looked up along PATH */

#ifndef JAILER_NO_SEATBELT

/* What every profile begins with ("(version 1)", "(deny default)", what a process needs to start), and what
   allow_network adds to it. Constant strings, NUL-terminated; any thread. */
JAILER_API const char *jailer_sbpl_base(void);
JAILER_API const char *jailer_sbpl_network(void);

/* The profile of a configuration, with its paths and those of its layout taken as they are written: no file is looked
   at, so links are not resolved (but /tmp, /var and /etc, which are links into /private on every Mac, and the data
   volume's directories, which stand in "/"), and the files of disks' chains are not in it. What is a file and what a
   directory is not known of grants: each is written as both. The same rules for text, size and length as
   jailer_plan_text. Any thread. err may be NULL. E_INVALID (the configuration; a path with control bytes or "${", or
   that is no UTF-8), E_LIMIT (a path over 1023 bytes; a profile over 1 MiB; text too small), E_CONFLICT (grants),
   E_NO_MEMORY. */
JAILER_API jailer_code jailer_sbpl_text(const jailer_config *config, char *text, size_t size, size_t *length,
                                        jailer_error *err);

/* The profile of a plan with the engine seatbelt, which is what jailer_spawn uses: paths resolved, the files of disks'
   chains among them; or the caller's own (seatbelt_profile). The same rules. E_INVALID: a plan of another engine. */
JAILER_API jailer_code jailer_sbpl_plan(const jailer_plan *plan, char *text, size_t size, size_t *length,
                                        jailer_error *err);
#endif /* JAILER_NO_SEATBELT */

/* --- hosts, plans, launches ----------------------------------------------------------------------------------- */

/* The name of a code ("E_CONFLICT"), layer ("landlock"), engine ("native"), state ("applied") or use of a port
   ("connect-tcp"); never NULL. The layer by name, or JAILER_LAYER_NONE. Constant strings; any thread. */
JAILER_API const char *jailer_code_name(jailer_code code);
JAILER_API const char *jailer_layer_name(jailer_layer layer);
JAILER_API jailer_layer jailer_layer_by_name(const char *name);
JAILER_API const char *jailer_engine_name(jailer_engine engine);
JAILER_API const char *jailer_state_name(jailer_state state);
JAILER_API const char *jailer_port_use_name(jailer_port_use use);

/* One line for a person: layer, step, item, errno and remedy. Writes a NUL-terminated text into text[0..size) and
   returns its length; a text that does not fit is cut (it is for a log, nothing is decided by it). */
JAILER_API size_t jailer_error_text(const jailer_error *error, char *text, size_t size);

/* Asks the kernel what it can do. Reads only; never mounts, clones or walks. E_UNSUPPORTED where this build has no
   effects (another operating system or machine), E_SYSTEM where /proc cannot be read. */
JAILER_API jailer_code jailer_probe(jailer_host *host, jailer_error *err);

#ifndef JAILER_NO_QCOW2
/* The creator's call: walks the chains of the box's disks (config->layout, the formats and trusted_roots; nothing
   else of the configuration counts) and records them outside every grant. A launch compares: a header that the
   jailed process rewrote, or a file that was replaced, is then an error. Call it after making or changing a disk,
   while the box does not run. Errors: those of jailer_chain_walk, E_BUSY, E_UNSAFE, E_SYSTEM. */
JAILER_API jailer_code jailer_box_record(const jailer_config *config, jailer_error *err);
#endif

/* Decides a launch: resolves and opens every granted path (the plan keeps an O_PATH descriptor of each, so the inode
   that was checked is the inode that is mounted), refuses contradictions, compiles the filter. With config->layout it
   also locks the box, makes its tree, copies the shim and checks the disks' chains against their record. host: NULL
   probes now. On success *out is a plan that the caller frees; on failure *out is NULL and nothing is left. Any
   thread. A launcher with mixed ids that is not privileged is refused (E_DENIED): its target could take up each of
   them; so is one with the engine self, privileged or not. Errors, err may be NULL: E_INVALID (the configuration),
   E_CONFLICT (grants), E_NOT_FOUND, E_DENIED, E_UNSAFE, E_CHANGED, E_EXEC (a program that is no file), E_LIMIT
   (descriptors), E_TIMEOUT and E_DIED (a path that does not answer within launch_timeout_ms, and the process that looks
   at it), E_UNSUPPORTED, E_NO_MEMORY, E_SYSTEM; with a layout also E_BUSY, E_CHAIN, E_NO_RECORD, E_FORMAT. */
JAILER_API jailer_code jailer_plan_new(const jailer_config *config, const jailer_host *host, jailer_plan **out,
                                       jailer_error *err);
JAILER_API void jailer_plan_free(jailer_plan *plan); /* NULL is fine */

/* The plan as text, one decision a line: the dry run. Writes at most size bytes with the NUL and stores the length
   the whole text has in *length (may be NULL); E_LIMIT when it did not fit, and text is then empty. Any thread.
   E_NO_MEMORY, E_INVALID (no plan). */
JAILER_API jailer_code jailer_plan_text(const jailer_plan *plan, char *text, size_t size, size_t *length,
                                        jailer_error *err);

/* Launches. When it returns JAILER_OK the target has been executed with every layer of proc->layers in force;
   otherwise the target never ran and nothing is left. A plan can be spawned many times, from many threads (a plan of a
   box once at a time: E_BUSY). The launching thread's signals are blocked meanwhile; its memory is shared with the
   child until exec (clone(2) CLONE_VM), which makes the cost independent of the launcher's size.
   The target gets SIGKILL when the *thread* that called this ends (prctl(2) PR_SET_PDEATHSIG) unless outlive_launcher.
   Root launchers: see THREAT_MODEL.md, "Root"; concurrent launches of one process wait for each other.
   macOS: the child is a fork(2), and by the time the call returns sandbox-exec has installed the profile and executed
   the program; the launcher must not ignore SIGCHLD (E_INVALID).
   The handle is written in every case, and owned by the caller; it must not hold a target. Errors, err may be NULL:
   E_INVALID, E_UNSAFE (a kept descriptor), E_CONFLICT, E_CHANGED and E_NOT_FOUND (a path since the plan), E_DENIED,
   E_EXEC, E_READBACK, E_TIMEOUT, E_DIED, E_BUSY, E_UNSUPPORTED, E_LIMIT, E_NO_MEMORY, E_SYSTEM. */
JAILER_API jailer_code jailer_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err);

/* jailer_plan_new, jailer_spawn, jailer_plan_free: their errors. */
JAILER_API jailer_code jailer_launch(const jailer_config *config, jailer_proc *out, jailer_error *err);

/* Waits for the end. timeout_ms: < 0 for ever, 0 only looks; E_TIMEOUT leaves proc as it is. status may be NULL. On
   JAILER_OK the process is gone and proc holds nothing any more (pid 0); so it is on E_STATUS_LOST: the launcher
   ignores SIGCHLD or another wait took the status. For a box status->denial is what the program told in the exit file
   (jailer_reporter_install), provided that it agrees with the status: ended by that signal, or with the code 128 + that
   signal. For a box its pid file is taken away as well; where that fails the error says so, *status is filled all the
   same, and proc->pid is 0: only the file is left, for the next launch to look at. Any other error leaves proc as it
   is. Below an init, a target that was killed inside execve(2), before its first instruction, counts as launched and
   ends here with that signal. macOS: what the target left in its process group ends with it, and of a box all that is
   in its sandbox, for which any process counts that a profile lets write both tmp/ and shared/ of the box and not its
   lock. That takes up to two seconds more, and where something does not end it is E_BUSY, as above. While a plan of the
   box is kept it is not looked for: the next launch from that plan does it, or jailer_plan_free. */
JAILER_API jailer_code jailer_wait(jailer_proc *proc, int timeout_ms, jailer_status *status, jailer_error *err);

/* Sends a signal to the target and the process group that it leads, as a terminal does: a shell's child gets it too. 0
   sends nothing and only looks. A target that is PID 1 of its namespace and neither handles, ignores nor blocks the
   signal would not see it (pid_namespaces(7)); the signal's default action, to end it, is then carried out with
   SIGKILL and jailer_wait reports the signal that was asked for. A target that has ended already is not an error. Any
   thread, also while another is in jailer_wait; it may take 50 ms where the target blocks the signal. E_INVALID: no
   target, or no such signal (0 to 64, on macOS to 31); E_SYSTEM. err may be NULL. */
JAILER_API jailer_code jailer_kill(jailer_proc *proc, int signal, jailer_error *err);

/* Lets go of a target that goes on by itself: closes what the handle holds, once no thread is in jailer_kill any more.
   Waits for no target, kills none. NULL, or a handle that holds nothing, is fine. */
JAILER_API void jailer_release(jailer_proc *proc);

/* What is in force now, read from /proc/PID (macOS: proc_pidinfo, getsid(2), sandbox_check) and compared with the plan;
   E_READBACK where they disagree. After the
   target has ended only what the launch itself knew is told, not verified. */
JAILER_API jailer_code jailer_report_read(const jailer_proc *proc, jailer_report *out, jailer_error *err);

/* The report of a launch that failed, for readers who want one shape for both ends. *error is what jailer_plan_new,
   jailer_spawn, jailer_launch or jailer_report_read answered; *out then holds a copy of it in out->error, its layer (if
   it has one) is unavailable with the step as detail, everything else is not_requested, pid 0. Nothing is borrowed but
   error->step, a constant. Pure: no I/O, no allocation, on every system; any thread. E_INVALID: error or out is NULL,
   or error->code is JAILER_OK, which is no failure; *out, where there is one, is then all zero. */
JAILER_API jailer_code jailer_report_refused(const jailer_error *error, jailer_report *out);

/* What the jailed process wrote into the box's `exit` file: at most size bytes, as they are (hostile: escape them
   before they are shown), not terminated; their number in *length. E_LIMIT when there is more. The box may be
   running. */
JAILER_API jailer_code jailer_box_exit(const jailer_layout *layout, char *bytes, size_t size, size_t *length,
                                       jailer_error *err);

/* A report as one JSON object; the same rules as jailer_plan_text. A report with an error has one key more:
   "error": {"code": "E_...", "layer": "...", "step": "...", "item": "...", "errno": N, "message": "..."}, where the
   layer may be "none" and the errno 0. */
JAILER_API jailer_code jailer_report_json(const jailer_report *report, char *text, size_t size, size_t *length,
                                          jailer_error *err);

#ifdef __cplusplus
}
#endif
#endif /* JAILER_H */

#ifdef JAILER_IMPLEMENTATION
#ifdef __cplusplus
#error "jailer.h: the implementation is C99; compile it in a .c file and include only the declarations from C++"
#endif
#ifndef JAILER_IMPLEMENTATION_ONCE
#define JAILER_IMPLEMENTATION_ONCE
/* // >>implementation    below this line there are no static prototypes: a room calls only rooms printed above it */

/* ============================================================================================
 * // >>platform    0/1 macros, includes, the kernel's constants with their sources
 * The only room that asks which system this is. May call: nothing.
 * ============================================================================================ */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* The effects need GNU inline assembly (gcc, clang); a compiler without it builds the pure part. */
#if defined(__linux__) && defined(__x86_64__) && defined(__LP64__) && defined(__GNUC__) && !defined(__TINYC__)
#define JL_X86_64 1
#define JL_AARCH64 0
#elif defined(__linux__) && defined(__aarch64__) && defined(__LP64__) && defined(__GNUC__) && !defined(__TINYC__)
#define JL_X86_64 0
#define JL_AARCH64 1
#else
#define JL_X86_64 0
#define JL_AARCH64 0
#endif
#define JL_LINUX (JL_X86_64 || JL_AARCH64) /* Linux on a machine whose system calls this header knows */
#if defined(__APPLE__) && defined(__MACH__) && defined(__LP64__)
#define JL_DARWIN 1
#else
#define JL_DARWIN 0
#endif
#define JL_EFFECTS (JL_LINUX || JL_DARWIN) /* systems for which more than the pure part is built */
#if JL_LINUX
#define JL_SPAWN jl_parent_spawn
#else
#define JL_SPAWN jl_seatbelt_spawn
#endif
#ifdef JAILER_NO_SEATBELT
#define JL_SEATBELT 0
#else
#define JL_SEATBELT 1
#endif

#ifdef JAILER_USE_LIBSECCOMP
#if !JL_LINUX
#error "jailer.h: JAILER_USE_LIBSECCOMP is for Linux on x86-64 and aarch64, with gcc or clang"
#endif
#include <seccomp.h>
#define JL_LIBSECCOMP 1
#define JL_COMPILE jl_scmp_compile
#else
#define JL_LIBSECCOMP 0
#define JL_COMPILE jl_bpf_compile
#endif

/* AddressSanitizer does not see a mapping that is made by a bare system call: what it remembers of the address, a
   thread's stack that is gone for example, would be held against the child's stack. */
#if defined(__SANITIZE_ADDRESS__)
#define JL_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define JL_ASAN 1
#endif
#endif
#ifdef JL_ASAN
/* sanitizer/asan_interface.h */
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
#define JL_FRESH_MEMORY(address, size) __asan_unpoison_memory_region(address, size)
#else
#define JL_FRESH_MEMORY(address, size) ((void)0)
#endif

#if defined(__GNUC__)
#define JL_UNUSED __attribute__((unused))
#else
#define JL_UNUSED
#endif

#if defined(JAILER_MALLOC) != defined(JAILER_FREE) || defined(JAILER_MALLOC) != defined(JAILER_REALLOC)
#error "jailer.h: define JAILER_MALLOC(size), JAILER_REALLOC(p, size) and JAILER_FREE(p) together, or none of them"
#endif
#ifndef JAILER_MALLOC
#define JAILER_MALLOC(size) malloc(size)
#define JAILER_REALLOC(p, size) realloc(p, size)
#define JAILER_FREE(p) free(p)
#endif

/* errno values by the names of errno.h: asm-generic/errno-base.h and asm-generic/errno.h, the same on both machines. */
#include <errno.h>

#if JL_DARWIN
/* What of macOS is used beyond POSIX: the SDK's own headers. */
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <libproc.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h> /* renameat */
#include <sys/acl.h>
#include <sys/attr.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysctl.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if !defined(F_GETPATH) || !defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
#error "jailer.h: the headers of macOS hide what is needed: define _DARWIN_C_SOURCE before the first one"
#endif
/* In libSystem, without a header (libsandbox, sandbox_check(3) of 10.7 and later): 0 allowed, 1 denied, -1 not to be
   told. Without an operation: whether the process is in a sandbox at all. */
int sandbox_check(pid_t pid, const char *operation, int type, ...);
#endif

/* What stat tells, in one shape on every system. Times in nanoseconds since 1970. */
typedef struct jl_stat {
  uint64_t dev, ino, size, rdev;
  int64_t mtime_ns, ctime_ns;
  uint32_t mode, uid, gid, nlink;
} jl_stat;

/* clang-format off */
/* The type bits of a mode: inode(7), the same on every system. */
enum {
  JL_S_IFMT = 0170000, JL_S_IFSOCK = 0140000, JL_S_IFLNK = 0120000, JL_S_IFREG = 0100000, JL_S_IFBLK = 0060000,
  JL_S_IFDIR = 0040000, JL_S_IFCHR = 0020000, JL_S_IFIFO = 0010000
};
/* clang-format on */

/* ============================================================================================
 * // >>base    bounded buffer, arena, sorting, checked arithmetic, text helpers
 * May touch: the allocator hook. May call: platform.
 * ============================================================================================ */

/* Adds without wrapping: false when the sum does not fit. */
static bool jl_add(size_t a, size_t b, size_t *sum) {
  if (b > SIZE_MAX - a) return false;
  *sum = a + b;
  return true;
}

static bool jl_mul(size_t a, size_t b, size_t *product) {
  if (a != 0 && b > SIZE_MAX / a) return false;
  *product = a * b;
  return true;
}

static bool jl_streq(const char *a, const char *b) { return strcmp(a, b) == 0; }

static bool jl_starts(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

/* strlen that looks at no more than max bytes; max when there is no NUL among them. */
static size_t jl_strnlen(const char *text, size_t max) {
  const char *end = memchr(text, 0, max);
  return end ? (size_t)(end - text) : max;
}

/* A text buffer with a stated maximum. It either owns heap memory (base NULL at first) or writes into a caller's
   array, which never grows. `failed` is sticky, so a writer checks once, at the end; the text is then not used. */
typedef struct jl_buf {
  char *data;
  size_t len, cap, max;
  bool fixed, failed, no_memory;
} jl_buf;

static jl_buf jl_buf_heap(size_t max) {
  jl_buf b = {0};
  b.max = max;
  return b;
}

static jl_buf jl_buf_fixed(char *array, size_t size) {
  jl_buf b = {0};
  b.data = array;
  b.cap = b.max = size;
  b.fixed = true;
  if (size) array[0] = 0;
  return b;
}

static void jl_buf_free(jl_buf *b) {
  if (!b->fixed) JAILER_FREE(b->data);
  memset(b, 0, sizeof *b);
}

/* Room for n more bytes and a NUL. */
static bool jl_buf_room(jl_buf *b, size_t n) {
  size_t need, cap = b->cap ? b->cap : 256;
  if (b->failed) return false;
  if (!jl_add(b->len, n, &need) || !jl_add(need, 1, &need) || need > b->max) return b->failed = true, false;
  if (need <= b->cap) return true;
  if (b->fixed) return b->failed = true, false;
  while (cap < need) cap = cap > b->max / 2 ? b->max : cap * 2;
  char *grown = JAILER_REALLOC(b->data, cap);
  if (!grown) return b->failed = b->no_memory = true, false;
  b->data = grown;
  b->cap = cap;
  return true;
}

static void jl_buf_bytes(jl_buf *b, const void *bytes, size_t n) {
  if (!jl_buf_room(b, n)) return;
  if (n) memcpy(b->data + b->len, bytes, n);
  b->len += n;
  b->data[b->len] = 0;
}

static void jl_buf_str(jl_buf *b, const char *text) { jl_buf_bytes(b, text, strlen(text)); }

static void jl_buf_char(jl_buf *b, char c) { jl_buf_bytes(b, &c, 1); }

static void jl_buf_u64(jl_buf *b, uint64_t value) {
  char digits[20];
  size_t at = sizeof digits;
  do {
    digits[--at] = (char)('0' + value % 10);
    value /= 10;
  } while (value);
  jl_buf_bytes(b, digits + at, sizeof digits - at);
}

static void jl_buf_i64(jl_buf *b, int64_t value) {
  if (value < 0) jl_buf_char(b, '-');
  jl_buf_u64(b, value < 0 ? (uint64_t)0 - (uint64_t)value : (uint64_t)value);
}

/* Untrusted text for a person or a log: control bytes, backslash, quote and bytes above 126 as \xNN. */
static void jl_buf_escaped(jl_buf *b, const char *text, size_t n) {
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c < 32 || c > 126 || c == '\\' || c == '"') {
      jl_buf_str(b, "\\x");
      jl_buf_char(b, "0123456789abcdef"[c >> 4]);
      jl_buf_char(b, "0123456789abcdef"[c & 15]);
    } else {
      jl_buf_char(b, (char)c);
    }
  }
}

/* A JSON string. Bytes above 126 are written as \u00NN, so the text stays valid whatever the bytes are. */
static void jl_buf_json(jl_buf *b, const char *text) {
  jl_buf_char(b, '"');
  for (; *text; text++) {
    unsigned char c = (unsigned char)*text;
    if (c == '"' || c == '\\') {
      jl_buf_char(b, '\\');
      jl_buf_char(b, (char)c);
    } else if (c < 32 || c > 126) {
      jl_buf_str(b, "\\u00");
      jl_buf_char(b, "0123456789abcdef"[c >> 4]);
      jl_buf_char(b, "0123456789abcdef"[c & 15]);
    } else {
      jl_buf_char(b, (char)c);
    }
  }
  jl_buf_char(b, '"');
}

/* Copies text into a caller's array of `size` bytes; false, and an empty string, when it does not fit whole. */
static bool jl_copy(char *to, size_t size, const char *text) {
  size_t n = strlen(text);
  if (n >= size) {
    if (size) to[0] = 0;
    return false;
  }
  memcpy(to, text, n + 1);
  return true;
}

/* The length of the first character of text[0..n) when people can be shown it: printable ASCII, a tab, or UTF-8 (RFC
   3629) without controls and without what changes the order in which others are shown (U+061C, 200E, 200F, 2028 to
   202E, 2066 to 2069). 0: they cannot. */
static size_t jl_utf8_shown(const char *text, size_t n) {
  const unsigned char *s = (const unsigned char *)text;
  const size_t length = s[0] < 0x80 ? 1 : s[0] >> 5 == 6 ? 2 : s[0] >> 4 == 14 ? 3 : s[0] >> 3 == 30 ? 4 : 0;
  uint32_t c;
  if (length == 1) return (s[0] >= 32 && s[0] != 127) || s[0] == '\t' ? 1 : 0;
  if (length == 0 || length > n) return 0;
  c = s[0] & (0x7fu >> length);
  for (size_t i = 1; i < length; i++) {
    if (s[i] >> 6 != 2) return 0;
    c = c << 6 | (s[i] & 63u);
  }
  if (c < 0xa0 || (length == 3 && c < 0x800) || (length == 4 && c < 0x10000) || c > 0x10ffff) return 0;
  if ((c >= 0xd800 && c <= 0xdfff) || c == 0x61c || c == 0x200e || c == 0x200f || c == 0xfeff) return 0;
  return (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) ? 0 : length;
}

/* Reads an unsigned decimal that must be the whole of text[0..n): digits only, no sign, no overflow. */
JL_UNUSED static bool jl_parse_u64(const char *text, size_t n, uint64_t *out) {
  uint64_t value = 0;
  if (n == 0) return false;
  for (size_t i = 0; i < n; i++) {
    if (text[i] < '0' || text[i] > '9') return false;
    unsigned digit = (unsigned)(text[i] - '0');
    if (value > (UINT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  *out = value;
  return true;
}

/* An arena: everything of a plan in blocks that are freed together. Blocks double, so n allocations cost O(n). */
typedef struct jl_block {
  struct jl_block *next;
  size_t used, cap;
} jl_block;

typedef struct jl_arena {
  jl_block *head;
} jl_arena;

/* Zeroed memory, aligned for any type, or NULL. */
static void *jl_arena_get(jl_arena *arena, size_t size) {
  const size_t align = 16, header = (sizeof(jl_block) + 15) & ~(size_t)15;
  size_t need;
  if (!jl_add(size, align - 1, &need)) return NULL;
  need &= ~(align - 1);
  if (!arena->head || arena->head->cap - arena->head->used < need) {
    size_t cap = arena->head ? arena->head->cap * 2 : 8192, total;
    if (cap > ((size_t)1 << 24)) cap = (size_t)1 << 24;
    if (cap < need) cap = need;
    if (!jl_add(cap, header, &total)) return NULL;
    jl_block *block = JAILER_MALLOC(total);
    if (!block) return NULL;
    block->next = arena->head;
    block->used = 0;
    block->cap = cap;
    arena->head = block;
  }
  char *p = (char *)arena->head + header + arena->head->used;
  arena->head->used += need;
  memset(p, 0, need);
  return p;
}

static void *jl_arena_array(jl_arena *arena, size_t count, size_t size) {
  size_t total;
  return jl_mul(count, size, &total) ? jl_arena_get(arena, total) : NULL;
}

static char *jl_arena_text(jl_arena *arena, const char *text, size_t n) {
  char *copy = n < SIZE_MAX ? jl_arena_get(arena, n + 1) : NULL;
  if (copy && n) memcpy(copy, text, n);
  return copy;
}

/* Merges two sorted runs that stand side by side. Runs that are in order already cost one comparison. */
static void jl_sort_merge(char *left, char *right, const char *end, char *scratch, size_t size,
                          int (*compare)(const void *, const void *)) {
  const size_t kept = (size_t)(right - left);
  const char *from = scratch, *last = scratch + kept;
  if (compare(right - size, right) <= 0) return;
  memcpy(scratch, left, kept); /* which makes room: what is written next never reaches what is read next */
  while (from < last && right < end) {
    bool second = compare(from, right) > 0;
    memcpy(left, second ? right : from, size);
    left += size;
    if (second) right += size;
    else from += size;
  }
  memcpy(left, from, (size_t)(last - from)); /* the rest of the right run stands where it belongs */
}

/* qsort without its liberties: glibc's may call malloc, past the allocator hook, and every libc has an order of its own
   for equal elements, so that one configuration could be refused with different words. A merge sort from the bottom up:
   stable, at most count * log2(count) comparisons, no recursion, no allocation. scratch has room for all of the items
   and the same alignment. */
static void jl_sort(void *items, void *scratch, size_t count, size_t size, int (*compare)(const void *, const void *)) {
  char *first = items;
  for (size_t run = 1; run < count; run *= 2)
    for (size_t at = 0; count - at > run; at += 2 * run) {
      const size_t both = count - at < 2 * run ? count - at : 2 * run;
      jl_sort_merge(first + at * size, first + (at + run) * size, first + (at + both) * size, scratch, size, compare);
      if (both < 2 * run) break;
    }
}

/* The same with room from an arena; false when there is no memory, and the items are then as they were. */
JL_UNUSED static bool jl_arena_sort(jl_arena *arena, void *items, size_t count, size_t size,
                                    int (*compare)(const void *, const void *)) {
  void *scratch = jl_arena_array(arena, count, size);
  if (scratch) jl_sort(items, scratch, count, size, compare);
  return scratch != NULL;
}

JL_UNUSED static void jl_arena_free(jl_arena *arena) {
  while (arena->head) {
    jl_block *next = arena->head->next;
    JAILER_FREE(arena->head);
    arena->head = next;
  }
}

/* ============================================================================================
 * // >>error    one way to say what failed
 * May touch: the caller's jailer_error. May call: base.
 * ============================================================================================ */

/* Fills the caller's error (may be NULL) and returns the code, so that `return jl_fail(...)` reads as one thought.
   item is untrusted text and is escaped; a long one is cut with "..." (the error stays an error either way). */
static jailer_code jl_fail(jailer_error *err, jailer_code code, jailer_layer layer, const char *step, const char *item,
                           int sys_errno, const char *message) {
  if (!err) return code;
  memset(err, 0, sizeof *err);
  err->code = code;
  err->layer = layer;
  err->step = step;
  err->sys_errno = sys_errno;
  if (item) {
    size_t n = strlen(item), room = (sizeof err->item - 4) / 4; /* every byte may need four */
    jl_buf b = jl_buf_fixed(err->item, sizeof err->item);
    bool plain = true;
    for (size_t i = 0; i < n && plain; i++) plain = item[i] >= 32 && item[i] < 127 && item[i] != '\\' && item[i] != '"';
    if (plain) room = sizeof err->item - 4;
    jl_buf_escaped(&b, item, n < room ? n : room);
    if (n > room) jl_buf_str(&b, "...");
  }
  jl_buf text = jl_buf_fixed(err->message, sizeof err->message);
  jl_buf_bytes(&text, message, jl_strnlen(message, sizeof err->message - 1)); /* ours fit; a built one may be cut */
  return code;
}

static jailer_code jl_no_memory(jailer_error *err, const char *step) {
  return jl_fail(err, JAILER_E_NO_MEMORY, JAILER_LAYER_NONE, step, NULL, ENOMEM, "out of memory; nothing was started");
}

/* clang-format off */
/* The name of an errno, or NULL: "EPERM" reads better than 1, and strerror is not thread-safe. */
static const char *jl_err_name(int number) {
  static const struct {
    int number;
    const char *name;
  } names[] = {
      {E2BIG, "E2BIG"}, {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"}, {EBADF, "EBADF"}, {EBUSY, "EBUSY"},
      {ECHILD, "ECHILD"}, {EDQUOT, "EDQUOT"}, {EEXIST, "EEXIST"}, {EFAULT, "EFAULT"}, {EFBIG, "EFBIG"},
      {EINTR, "EINTR"}, {EINVAL, "EINVAL"}, {EIO, "EIO"}, {EISDIR, "EISDIR"}, {ELOOP, "ELOOP"}, {EMFILE, "EMFILE"},
      {EMLINK, "EMLINK"}, {ENAMETOOLONG, "ENAMETOOLONG"}, {ENFILE, "ENFILE"}, {ENODATA, "ENODATA"},
      {ENODEV, "ENODEV"}, {ENOENT, "ENOENT"}, {ENOEXEC, "ENOEXEC"}, {ENOMEM, "ENOMEM"}, {ENOSPC, "ENOSPC"},
      {ENOSYS, "ENOSYS"}, {ENOTCONN, "ENOTCONN"}, {ENOTDIR, "ENOTDIR"}, {ENOTEMPTY, "ENOTEMPTY"}, {ENOTTY, "ENOTTY"},
      {ENXIO, "ENXIO"}, {EOPNOTSUPP, "EOPNOTSUPP"}, {EOVERFLOW, "EOVERFLOW"}, {EPERM, "EPERM"}, {EPIPE, "EPIPE"},
      {EPROTO, "EPROTO"}, {EROFS, "EROFS"}, {ESRCH, "ESRCH"}, {ESTALE, "ESTALE"}, {ETIMEDOUT, "ETIMEDOUT"},
      {ETXTBSY, "ETXTBSY"}, {EUSERS, "EUSERS"}, {EXDEV, "EXDEV"}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (names[i].number == number) return names[i].name;
  return NULL;
}
/* clang-format on */

/* ============================================================================================
 * // >>tables    names, Landlock rights by ABI, the steps of a launch, the init
 * May touch: const data. May call: platform, base.
 * ============================================================================================ */

/* clang-format off */
static const char *const jl_tab_codes[JAILER_CODE_COUNT] = {
    "OK",      "E_INVALID",     "E_CONFLICT", "E_NOT_FOUND", "E_UNSAFE",    "E_CHANGED", "E_CHAIN",
    "E_FORMAT", "E_NO_RECORD",  "E_BUSY",     "E_UNSUPPORTED", "E_DENIED",  "E_SYSTEM",  "E_NO_MEMORY",
    "E_LIMIT", "E_TIMEOUT",     "E_DIED",     "E_EXEC",      "E_READBACK",  "E_STATUS_LOST"};

static const char *const jl_tab_layers[JAILER_LAYER_COUNT] = {
    "none",    "userns",       "ids", "mounts", "proc",    "pidns", "netns",        "ipcns",    "utsns",  "cgroupns",
    "cgroup",  "session", "parent-death", "fds", "env",    "rlimits", "caps",  "no-new-privs", "landlock", "seccomp",
    "seatbelt"};
/* clang-format on */

/* clang-format off */
/* Landlock (linux/landlock.h): a right, and the ABI that brought it. Asking an older kernel for one is EINVAL. */
enum {
  JL_LL_EXECUTE = 1 << 0, JL_LL_WRITE_FILE = 1 << 1, JL_LL_READ_FILE = 1 << 2, JL_LL_READ_DIR = 1 << 3,
  JL_LL_REMOVE_DIR = 1 << 4, JL_LL_REMOVE_FILE = 1 << 5, JL_LL_MAKE_CHAR = 1 << 6, JL_LL_MAKE_DIR = 1 << 7,
  JL_LL_MAKE_REG = 1 << 8, JL_LL_MAKE_SOCK = 1 << 9, JL_LL_MAKE_FIFO = 1 << 10, JL_LL_MAKE_BLOCK = 1 << 11,
  JL_LL_MAKE_SYM = 1 << 12, JL_LL_REFER = 1 << 13, JL_LL_TRUNCATE = 1 << 14, JL_LL_IOCTL_DEV = 1 << 15,
  JL_LL_RESOLVE_UNIX = 1 << 16,
  JL_LL_NET_BIND_TCP = 1 << 0, JL_LL_NET_CONNECT_TCP = 1 << 1, JL_LL_NET_BIND_UDP = 1 << 2,
  JL_LL_NET_CONNECT_SEND_UDP = 1 << 3,
  JL_LL_SCOPE_ABSTRACT_UNIX = 1 << 0, JL_LL_SCOPE_SIGNAL = 1 << 1,
  JL_LL_LOG_SAME_EXEC_OFF = 1 << 0, JL_LL_LOG_NEW_EXEC_ON = 1 << 1, JL_LL_LOG_SUBDOMAINS_OFF = 1 << 2,
  JL_LL_TSYNC = 1 << 3, JL_LL_NO_NEW_PRIVS = 1 << 4
};

/* What each ABI adds: file system rights, network rights, scopes, flags of landlock_restrict_self(2). Row n is ABI n; a
   newer kernel gets the last row. */
static const struct {
  uint32_t fs, net, scoped, flags;
} jl_tab_landlock[] = {{0, 0, 0, 0},                                               /* no Landlock */
                       {0x1fff, 0, 0, 0},                                          /* 5.13 */
                       {JL_LL_REFER, 0, 0, 0},                                     /* 5.19 */
                       {JL_LL_TRUNCATE, 0, 0, 0},                                  /* 6.2 */
                       {0, JL_LL_NET_BIND_TCP | JL_LL_NET_CONNECT_TCP, 0, 0},      /* 6.7 */
                       {JL_LL_IOCTL_DEV, 0, 0, 0},                                 /* 6.10 */
                       {0, 0, JL_LL_SCOPE_ABSTRACT_UNIX | JL_LL_SCOPE_SIGNAL, 0},  /* 6.12 */
                       {0, 0, 0, JL_LL_LOG_SAME_EXEC_OFF | JL_LL_LOG_NEW_EXEC_ON | JL_LL_LOG_SUBDOMAINS_OFF}, /* 6.15 */
                       {0, 0, 0, JL_LL_TSYNC},                                     /* 7.0 */
                       {JL_LL_RESOLVE_UNIX, 0, 0, 0},                              /* 7.1 */
                       {0, JL_LL_NET_BIND_UDP | JL_LL_NET_CONNECT_SEND_UDP, 0, 0}, /* 7.2 */
                       {0, 0, 0, JL_LL_NO_NEW_PRIVS}};                             /* 7.3 */

/* The uses of a port, in the order of jailer_port_use: name, right, and what it takes to bring that right to use. */
static const struct {
  const char *name;
  uint32_t right;
  bool udp, bind;
} jl_tab_ports[] = {{"connect-tcp", JL_LL_NET_CONNECT_TCP, false, false},
                    {"bind-tcp", JL_LL_NET_BIND_TCP, false, true},
                    {"connect-udp", JL_LL_NET_CONNECT_SEND_UDP, true, false},
                    {"bind-udp", JL_LL_NET_BIND_UDP, true, true}};
/* clang-format on */

/* struct landlock_ruleset_attr: its first 8, 16 or 24 bytes, as far as the running ABI knows it. */
typedef struct jl_landlock {
  uint64_t fs, net, scoped;
} jl_landlock;

/* Everything the running ABI can deny, cumulated. */
JL_UNUSED static jl_landlock jl_tab_landlock_all(uint32_t abi) {
  const size_t last = sizeof jl_tab_landlock / sizeof jl_tab_landlock[0] - 1;
  jl_landlock all = {0, 0, 0};
  for (size_t i = 0; i <= last && i <= abi; i++) {
    all.fs |= jl_tab_landlock[i].fs;
    all.net |= jl_tab_landlock[i].net;
    all.scoped |= jl_tab_landlock[i].scoped;
  }
  return all;
}

/* The flags that landlock_restrict_self(2) knows, cumulated; others are EINVAL. */
JL_UNUSED static uint32_t jl_tab_landlock_flags(uint32_t abi) {
  const size_t last = sizeof jl_tab_landlock / sizeof jl_tab_landlock[0] - 1;
  uint32_t flags = 0;
  for (size_t i = 0; i <= last && i <= abi; i++) flags |= jl_tab_landlock[i].flags;
  return flags;
}

JL_UNUSED static size_t jl_tab_landlock_size(uint32_t abi) { return abi >= 6 ? 24 : abi >= 4 ? 16 : 8; }

/* The rights of one grant, before they are masked by the ABI. A file cannot have directory rights (EINVAL). */
JL_UNUSED static uint64_t jl_tab_landlock_rights(jailer_access access, bool directory) {
  const uint64_t file_only =
      JL_LL_EXECUTE | JL_LL_WRITE_FILE | JL_LL_READ_FILE | JL_LL_TRUNCATE | JL_LL_IOCTL_DEV | JL_LL_RESOLVE_UNIX;
  uint64_t rights = JL_LL_READ_FILE | JL_LL_READ_DIR;
  switch (access) {
  case JAILER_READ: break;
  case JAILER_EXEC: rights |= JL_LL_EXECUTE; break;
  case JAILER_WRITE:
    rights |= JL_LL_WRITE_FILE | JL_LL_REMOVE_DIR | JL_LL_REMOVE_FILE | JL_LL_MAKE_DIR | JL_LL_MAKE_REG |
              JL_LL_MAKE_SOCK | JL_LL_MAKE_FIFO | JL_LL_MAKE_SYM | JL_LL_REFER | JL_LL_TRUNCATE | JL_LL_RESOLVE_UNIX;
    break;
  case JAILER_DEVICE: rights = JL_LL_READ_FILE | JL_LL_WRITE_FILE | JL_LL_IOCTL_DEV; break;
  }
  return directory ? rights : rights & file_only;
}

/* The steps of a launch in the child, in order. The reply names one; the table says whose layer it is and what to
   do. */
typedef enum jl_step {
  JL_STEP_START = 0,
  JL_STEP_CGROUP,
  JL_STEP_MAPS,
  JL_STEP_IDS,
  JL_STEP_DEATH,
  JL_STEP_LAUNCHER,
  JL_STEP_SESSION,
  JL_STEP_PROPAGATION,
  JL_STEP_ROOT,
  JL_STEP_NODE,
  JL_STEP_SOURCE,
  JL_STEP_IDENTITY,
  JL_STEP_ATTRIBUTES,
  JL_STEP_DESTINATION,
  JL_STEP_MOVE,
  JL_STEP_TMPFS,
  JL_STEP_PROC,
  JL_STEP_DEVPTS,
  JL_STEP_STDERR,
  JL_STEP_PIVOT,
  JL_STEP_READ_ONLY,
  JL_STEP_HOSTNAME,
  JL_STEP_FDS,
  JL_STEP_TTY,
  JL_STEP_SIGNALS,
  JL_STEP_PERSONALITY,
  JL_STEP_RLIMITS,
  JL_STEP_CAPS,
  JL_STEP_REACH,
  JL_STEP_CWD,
  JL_STEP_NNP,
  JL_STEP_LANDLOCK_RULE,
  JL_STEP_LANDLOCK,
  JL_STEP_CLOSE,
  JL_STEP_INIT,
  JL_STEP_SECCOMP,
  JL_STEP_READBACK,
  JL_STEP_POLICY,
  JL_STEP_GATE,
  JL_STEP_EXEC,
  JL_STEP_COUNT
} jl_step;

static const struct {
  jailer_layer layer;
  const char *name, *remedy;
} jl_tab_steps[JL_STEP_COUNT] = {
    {JAILER_LAYER_NONE, "start the child",
     "the child ended before its first step: killed from outside, or out of memory"},
    {JAILER_LAYER_CGROUP, "enter the cgroup",
     "moving a process needs write permission to cgroup.procs of the named cgroup and of the nearest ancestor that it "
     "shares with the launcher's own (cgroups(7), \"delegation\")"},
    {JAILER_LAYER_USERNS, "write the id maps",
     "the kernel refused the user namespace's maps; an ordinary launcher must be dumpable (prctl PR_SET_DUMPABLE 1)"},
    {JAILER_LAYER_IDS, "change uid, gid and groups", "the ids must be valid in the launcher's user namespace"},
    {JAILER_LAYER_DEATH, "set the parent-death signal", "prctl(PR_SET_PDEATHSIG) was refused"},
    {JAILER_LAYER_DEATH, "check that the launcher lives", "the launcher ended during the launch"},
    {JAILER_LAYER_SESSION, "make a new session", "setsid was refused"},
    {JAILER_LAYER_MOUNTS, "make mount propagation private", "the kernel refused a change of mounts in a new namespace"},
    {JAILER_LAYER_MOUNTS, "mount the new root", "the kernel refused a tmpfs in the new mount namespace"},
    {JAILER_LAYER_MOUNTS, "make a name in the new root", "a destination is taken by something else, or too long"},
    {JAILER_LAYER_MOUNTS, "open a granted path",
     "it went away or lies where the target's user cannot look; grant a path that exists for the whole launch"},
    {JAILER_LAYER_MOUNTS, "compare a granted path with the plan",
     "another file is there now than when the plan was made: something swaps paths; nothing was launched"},
    {JAILER_LAYER_MOUNTS, "make a grant's mount read-only, nosuid, nodev or noexec",
     "mount_setattr(2) needs Linux 5.12; on an older kernel grant a directory without submounts"},
    {JAILER_LAYER_MOUNTS, "find a grant's destination",
     "a grant below another grant needs an existing destination without symbolic links"},
    {JAILER_LAYER_MOUNTS, "attach a grant", "the kernel refused to attach a mount"},
    {JAILER_LAYER_MOUNTS, "mount a private tmpfs", "the kernel refused a tmpfs; check the size limits"},
    {JAILER_LAYER_PROC, "mount /proc",
     "the outer /proc is partly covered (a container) or the kernel older than 5.8; or let the layer proc degrade"},
    {JAILER_LAYER_MOUNTS, "mount a private devpts", "the kernel refused devpts in a user namespace"},
    {JAILER_LAYER_FDS, "open the box's stderr file", "shim.stderr was replaced during the launch"},
    {JAILER_LAYER_MOUNTS, "change the root",
     "pivot_root(2) refused; it cannot leave an initramfs: mount a real root there first"},
    {JAILER_LAYER_MOUNTS, "make the root read-only", "the kernel refused a change of mount attributes"},
    {JAILER_LAYER_UTSNS, "set the host name", "at most 64 bytes"},
    {JAILER_LAYER_FDS, "place descriptors",
     "a kept descriptor was closed during the launch, or RLIMIT_NOFILE is too low"},
    {JAILER_LAYER_SESSION, "take the controlling terminal", "descriptor 0 must be a terminal no other session owns"},
    {JAILER_LAYER_SESSION, "reset signals", "rt_sigaction was refused"},
    {JAILER_LAYER_SESSION, "reset the personality", "personality(2) was refused"},
    {JAILER_LAYER_RLIMITS, "set a resource limit", "a limit cannot be raised above the launcher's hard limit"},
    {JAILER_LAYER_CAPS, "drop capabilities", "the kernel refused to empty a capability set"},
    {JAILER_LAYER_IDS, "reach a granted path as the target's user",
     "the target's uid has no permission on it: change its owner or mode, or choose the uid"},
    {JAILER_LAYER_MOUNTS, "enter the working directory",
     "it must exist inside the jail and be searchable by the target"},
    {JAILER_LAYER_NNP, "set no_new_privs", "prctl(PR_SET_NO_NEW_PRIVS) was refused"},
    {JAILER_LAYER_LANDLOCK, "add a Landlock rule", "landlock_add_rule(2) was refused"},
    {JAILER_LAYER_LANDLOCK, "enforce Landlock", "landlock_restrict_self(2) was refused"},
    {JAILER_LAYER_FDS, "close all other descriptors", "close_range(2) was refused and /proc/self/fd cannot be read"},
    {JAILER_LAYER_PIDNS, "start the init", "the init could not be started"},
    {JAILER_LAYER_SECCOMP, "install the launch filter", "the kernel refused the filter"},
    {JAILER_LAYER_NONE, "read the layers back",
     "the kernel's own account disagrees with what was asked; this is a fault of the host or of this library"},
    {JAILER_LAYER_SECCOMP, "install the policy", "the kernel refused this filter on top of the launch filter"},
    {JAILER_LAYER_NONE, "wait for the launcher", "the launcher did not release the child in time"},
    {JAILER_LAYER_NONE, "execute the program",
     "it must exist inside the jail, be executable by the target, and have its interpreter and libraries granted"}};

/* ============================================================================================
 * // >>entries    the tree of a home and of a box as a table
 * May touch: const data. May call: nothing.
 * ============================================================================================ */

/* What the jailed process gets of an entry. */
typedef enum jl_inside { JL_INSIDE_NONE = 0, JL_INSIDE_READ, JL_INSIDE_EXEC, JL_INSIDE_WRITE } jl_inside;

typedef struct jl_tab_entry {
  const char *path; /* relative to HOME, or with in_box to HOME/boxes/ID; "" is that directory itself */
  bool in_box;      /* below HOME/boxes/ID */
  bool is_dir;
  bool box_owned; /* belongs to the uid of the box, all else to the launcher */
  bool made;      /* jailer_layout_prepare creates it; the others appear when they are needed, or by the caller */
  bool checked;   /* launcher-owned and not group- or other-writable, or no launch */
  unsigned mode;  /* permission bits; 0: as it is found */
  jl_inside inside;
} jl_tab_entry;

/* 0711 and not 0700 on the way to the box: the uid of a root launcher's box must be able to pass where the engine
   makes no mounts of its own. Nothing below can be listed that way, and the leaves have their own modes. */
static const jl_tab_entry jl_tab_entries[JAILER_ENTRY_COUNT] = {
    /*                        path                        box    dir    owned  made   check  mode  inside */
    [JAILER_ENTRY_HOME] = {"", false, true, false, true, true, 0711, JL_INSIDE_NONE},
    [JAILER_ENTRY_BASES] = {"bases", false, true, false, true, false, 0755, JL_INSIDE_NONE},
    [JAILER_ENTRY_IMAGES] = {"images", false, true, false, true, false, 0755, JL_INSIDE_NONE},
    [JAILER_ENTRY_BOXES] = {"boxes", false, true, false, true, true, 0711, JL_INSIDE_NONE},
    [JAILER_ENTRY_UIDS] = {"uids", false, true, false, true, true, 0700, JL_INSIDE_NONE},
    [JAILER_ENTRY_BOX] = {"", true, true, false, true, true, 0700, JL_INSIDE_NONE},
    [JAILER_ENTRY_BIN] = {"bin", true, true, false, true, true, 0755, JL_INSIDE_EXEC},
    [JAILER_ENTRY_SHARED] = {"shared", true, true, true, true, false, 0700, JL_INSIDE_WRITE},
    [JAILER_ENTRY_SOCKETS] = {"sockets", true, true, true, true, false, 0700, JL_INSIDE_WRITE},
    [JAILER_ENTRY_TMP] = {"tmp", true, true, true, true, false, 0700, JL_INSIDE_WRITE},
    [JAILER_ENTRY_LOGS] = {"logs", true, true, true, true, false, 0700, JL_INSIDE_WRITE},
    [JAILER_ENTRY_CONSOLE] = {"logs/console.log", true, false, true, true, false, 0600, JL_INSIDE_WRITE},
    [JAILER_ENTRY_DISKS] = {"disks", true, true, false, true, true, 0711, JL_INSIDE_NONE},
    [JAILER_ENTRY_DISK] = {"disks/disk.qcow2", true, false, true, false, false, 0, JL_INSIDE_WRITE},
    [JAILER_ENTRY_ROOTFS] = {"disks/guest-rootfs.qcow2", true, false, true, false, false, 0, JL_INSIDE_WRITE},
    [JAILER_ENTRY_MOUNTS] = {"mounts", true, true, false, true, false, 0755, JL_INSIDE_NONE},
    [JAILER_ENTRY_EXIT] = {"exit", true, false, true, true, false, 0600, JL_INSIDE_WRITE},
    [JAILER_ENTRY_PID] = {"shim.pid", true, false, false, false, true, 0600, JL_INSIDE_NONE},
    [JAILER_ENTRY_STDERR] = {"shim.stderr", true, false, false, false, true, 0600, JL_INSIDE_NONE},
    [JAILER_ENTRY_LOCK] = {"lock", true, false, false, false, true, 0600, JL_INSIDE_NONE},
    [JAILER_ENTRY_RECORD] = {"record", true, false, false, false, true, 0600, JL_INSIDE_NONE},
    [JAILER_ENTRY_COPIES] = {"copies", true, false, false, false, true, 0600, JL_INSIDE_NONE},
};

/* ============================================================================================
 * // >>syscalls    every call of three machines, and what each role says to it
 * May touch: const data. May call: platform. A verdict is a rule; a rule is a list of clauses over the arguments.
 * Numbers: arch/x86/entry/syscalls/syscall_64.tbl and scripts/syscall.tbl of Linux 7.0.
 * ============================================================================================ */

/* Columns of the table; jailer_arch, one lower. */
typedef enum jl_arch { JL_ARCH_X86_64 = 0, JL_ARCH_AARCH64, JL_ARCH_RISCV64, JL_ARCH_COUNT } jl_arch;

/* The answers of the launch filter. An errno is Linux's number whatever system compiles this: others number them
   differently. Two answers to what is not allowed: EPERM says no, ENOSYS makes libraries take their older way. */
#define JL_RET_ALLOW JAILER_ANSWER_ALLOW
#define JL_RET_EPERM JAILER_ANSWER_ERRNO(1)
#define JL_RET_EACCES JAILER_ANSWER_ERRNO(13)
#define JL_RET_EINVAL JAILER_ANSWER_ERRNO(22)
#define JL_RET_ENOSYS JAILER_ANSWER_ERRNO(38)
#define JL_RET_EPROTONOSUPPORT JAILER_ANSWER_ERRNO(93)
#define JL_RET_EOPNOTSUPP JAILER_ANSWER_ERRNO(95)
#define JL_RET_EAFNOSUPPORT JAILER_ANSWER_ERRNO(97)

/* The tests that the tables are made of. */
#define JL_IS32(arg, value) \
  { arg, 32, JAILER_EQ, 0, value }
#define JL_IS_NOT32(arg, value) \
  { arg, 32, JAILER_NE, 0, value }
#define JL_BITS32(arg, mask, value) \
  { arg, 32, JAILER_EQ, mask, value }
#define JL_HAS32(arg, mask) \
  { arg, 32, JAILER_NE, mask, 0 } /* any of the bits */
#define JL_IS64(arg, value) \
  { arg, 64, JAILER_EQ, 0, value }
#define JL_WHEN(...) \
  (uint32_t)(sizeof((const jailer_test[]){__VA_ARGS__}) / sizeof(jailer_test)), (const jailer_test[]) { __VA_ARGS__ }
#define JL_ALWAYS 0, NULL
#define JL_SELF(arg) \
  { arg, JL_BITS_SELF, JAILER_EQ, 0, 0 } /* `pid_t`: the process itself; its number is put in with the role */
enum { JL_BITS_SELF = 1 };

static const char *const jl_tab_roles[JAILER_ROLE_COUNT] = {"none", "launch", "vmm", "vcpu", "api"};

/* The first clause whose tests all hold gives the answer. One with a grant only exists where that was given. */
enum { JL_GRANT_NETWORK = 1, JL_GRANT_USERNS = 2, JL_GRANT_EXEC_MEMFD = 4, JL_GRANT_PTY = 8 };
enum { JL_GRANT_PORTS = 16, JL_GRANT_TCP = 32, JL_GRANT_UDP = 64 }; /* with NETWORK, which they narrow */
enum { JL_GRANT_TKILL = 128 };
typedef struct jl_tab_clause {
  unsigned grant;
  uint32_t answer;
  uint32_t count; /* of tests */
  const jailer_test *test;
} jl_tab_clause;

/* What /proc/PID/ns calls them, in the order of jailer_host.ns_ino. */
static const struct {
  jailer_layer layer;
  const char *path, *name;
} jl_tab_namespaces[] = {
    {JAILER_LAYER_USERNS, "/proc/self/ns/user", "user"},      {JAILER_LAYER_MOUNTS, "/proc/self/ns/mnt", "mnt"},
    {JAILER_LAYER_PIDNS, "/proc/self/ns/pid", "pid"},         {JAILER_LAYER_NETNS, "/proc/self/ns/net", "net"},
    {JAILER_LAYER_IPCNS, "/proc/self/ns/ipc", "ipc"},         {JAILER_LAYER_UTSNS, "/proc/self/ns/uts", "uts"},
    {JAILER_LAYER_CGROUPNS, "/proc/self/ns/cgroup", "cgroup"}};

/* The namespace flags of clone and unshare: NEWNS 0x00020000, NEWCGROUP 0x02000000, NEWUTS 0x04000000,
   NEWIPC 0x08000000, NEWUSER 0x10000000, NEWPID 0x20000000, NEWNET 0x40000000. */
#define JL_TAB_NEW_NAMESPACE 0x7e020000u
#define JL_TAB_NEW_TIME 0x00000080u /* unshare only: in clone these bits are the exit signal */

static const jl_tab_clause jl_tab_userns[] = {{JL_GRANT_USERNS, JL_RET_ALLOW, JL_ALWAYS}};

/* `unsigned long clone_flags`, of which the kernel keeps lower_32_bits(): every flag is in the low word. */
static const jl_tab_clause jl_tab_clone[] = {{JL_GRANT_USERNS, JL_RET_ALLOW, JL_ALWAYS},
                                             {0, JL_RET_EPERM, JL_WHEN(JL_HAS32(0, JL_TAB_NEW_NAMESPACE))}};

/* `unsigned long unshare_flags`: the kernel refuses any bit that is not a flag, and all flags are in the low word.
   Without namespaces it only parts threads from their shared cwd and umask, as virtio-fs servers do. */
static const jl_tab_clause jl_tab_unshare[] = {
    {JL_GRANT_USERNS, JL_RET_ALLOW, JL_ALWAYS},
    {0, JL_RET_EPERM, JL_WHEN(JL_HAS32(0, JL_TAB_NEW_NAMESPACE | JL_TAB_NEW_TIME))}};

/* `unsigned int cmd`: 32 bits. A test of all 64 is CVE-2019-10063: set a high bit and it misses. A terminal among the
   kept descriptors is the launcher's too: nobody inside locks it (TIOCEXCL), changes its line discipline (TIOCSETD),
   or makes it the controlling terminal of a session, but with a pty of the jail's own. 0x8900 to 0x89ff ask and
   configure the interfaces of the network that a socket was made in (sockios.h), which for a kept one is the host's.
   */
static const jl_tab_clause jl_tab_ioctl[] = {
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 0x5412u))},                               /* TIOCSTI, CVE-2017-5226 */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 0x541cu))},                               /* TIOCLINUX, CVE-2023-1523 */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 0x540cu))},                               /* TIOCEXCL */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 0x5423u))},                               /* TIOCSETD */
    {JL_GRANT_PTY, JL_RET_ALLOW, JL_WHEN(JL_IS32(1, 0x540eu))},                    /* TIOCSCTTY */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 0x540eu))},                               /* TIOCSCTTY */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 0xffffff00u, 0x8900u))}, /* SIOC... */
    {0, JL_RET_EPERM, JL_WHEN(JL_BITS32(1, 0xffffff00u, 0x8900u))}};

/* `int family, int type, int protocol`: 32 bits each; the low four of type are the type, the others flags. A protocol
   that is not named here would make the kernel load its module for anybody who asks (SCTP, L2TP, SMC, ...). With ports
   there is only what Landlock's rights for ports are about: its hooks look at TCP and UDP (security/landlock/net.c) but
   not at MPTCP and ICMP; and TCP or UDP only where one of its ports is granted. */
static const jl_tab_clause jl_tab_socket[] = {
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 1))},                                /* AF_UNIX */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 16), JL_IS32(2, 0))}, /* AF_NETLINK, NETLINK_ROUTE */
    {JL_GRANT_NETWORK, JL_RET_EAFNOSUPPORT,
     JL_WHEN(JL_IS_NOT32(0, 2), JL_IS_NOT32(0, 10))},                                /* AF_INET, AF_INET6 go on */
    {JL_GRANT_TCP, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 1), JL_IS32(2, 0))},       /* SOCK_STREAM, default */
    {JL_GRANT_TCP, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 1), JL_IS32(2, 6))},       /* TCP */
    {JL_GRANT_UDP, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 0))},       /* SOCK_DGRAM, default */
    {JL_GRANT_UDP, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 17))},      /* UDP */
    {JL_GRANT_PORTS, JL_RET_EPERM, JL_WHEN(JL_BITS32(1, 15, 3))},                    /* SOCK_RAW */
    {JL_GRANT_PORTS, JL_RET_EPROTONOSUPPORT, JL_ALWAYS},                             /* all else */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 1), JL_IS32(2, 0))},   /* SOCK_STREAM, default */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 1), JL_IS32(2, 6))},   /* TCP */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 1), JL_IS32(2, 262))}, /* MPTCP */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 0))},   /* SOCK_DGRAM, default */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 17))},  /* UDP */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 1))},   /* ICMP: ping */
    {JL_GRANT_NETWORK, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 15, 2), JL_IS32(2, 58))},  /* ICMPv6 */
    {JL_GRANT_NETWORK, JL_RET_EPERM, JL_WHEN(JL_BITS32(1, 15, 3))},                  /* SOCK_RAW */
    {JL_GRANT_NETWORK, JL_RET_EPROTONOSUPPORT, JL_ALWAYS}};

/* `unsigned int flags`: 32 bits. MSG_FASTOPEN (0x20000000) connects without connect(2), and so past Landlock's hook.
   The answer is the kernel's own where fast open is switched off (tcp(7)). */
static const jl_tab_clause jl_tab_sendto[] = {{JL_GRANT_PORTS, JL_RET_EOPNOTSUPP, JL_WHEN(JL_HAS32(3, 0x20000000u))}};
static const jl_tab_clause jl_tab_sendmsg[] = {{JL_GRANT_PORTS, JL_RET_EOPNOTSUPP, JL_WHEN(JL_HAS32(2, 0x20000000u))}};

/* `int level, int optname`: 32 bits each. IPPROTO_TCP, TCP_ULP: "smc" makes an SMC socket of one of TCP, which Landlock
   does not look at; "tls" goes along, whose users do without. TCP_FASTOPEN_CONNECT needs no clause: connect(2) is still
   the way, and is looked at. */
static const jl_tab_clause jl_tab_setsockopt[] = {
    {JL_GRANT_PORTS, JL_RET_EOPNOTSUPP, JL_WHEN(JL_IS32(1, 6), JL_IS32(2, 31))}};

/* `int family`: 32 bits. */
static const jl_tab_clause jl_tab_socketpair[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 1))}}; /* AF_UNIX */

/* `int option`: 32 bits. The signal of PR_SET_PDEATHSIG is an `unsigned long` and read whole: 64 bits. Any signal but
   SIGKILL, 0 included, is one that PID 1 ignores: the box would outlive its launcher. (A PID 1 that executes from
   another thread than its first sheds the signal without a call that a filter could see; an init has one thread.) */
static const jl_tab_clause jl_tab_prctl[] = {
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 1), JL_IS64(1, 9))}, /* PR_SET_PDEATHSIG, SIGKILL */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(0, 1))},                /* PR_SET_PDEATHSIG, anything else */
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(0, 35))}};              /* PR_SET_MM: moves what /proc says about a process */

/* `unsigned int personality`: 32 bits. READ_IMPLIES_EXEC and ADDR_NO_RANDOMIZE undo hardening; the other bits select
   kernel code that is hardly ever run. */
static const jl_tab_clause jl_tab_personality[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 0))},            /* PER_LINUX */
                                                   {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 0xffffffffu))}}; /* only asks */

/* `unsigned int flags`: 32 bits. A kernel before 6.3 has no MFD_NOEXEC_SEAL and answers EINVAL to it: there the box
   has no memfd, which is what is promised. */
static const jl_tab_clause jl_tab_memfd[] = {{JL_GRANT_EXEC_MEMFD, JL_RET_ALLOW, JL_ALWAYS},
                                             {0, JL_RET_EACCES, JL_WHEN(JL_HAS32(1, 0x10u))}, /* MFD_EXEC */
                                             {0, JL_RET_ALLOW, JL_WHEN(JL_HAS32(1, 0x08u))}}; /* MFD_NOEXEC_SEAL */

/* `umode_t mode`: 16 bits, of which the top four are the type (S_IFMT). */
static const jl_tab_clause jl_tab_mknod[] = {{0, JL_RET_EPERM, JL_WHEN(JL_BITS32(1, 0170000u, 0020000u))}, /* S_IFCHR */
                                             {0, JL_RET_EPERM, JL_WHEN(JL_BITS32(1, 0170000u, 0060000u))}, /* S_IFBLK */
                                             {0, JL_RET_EPERM, JL_WHEN(JL_HAS32(1, 06000u))}};
static const jl_tab_clause jl_tab_mknodat[] = {{0, JL_RET_EPERM, JL_WHEN(JL_BITS32(2, 0170000u, 0020000u))},
                                               {0, JL_RET_EPERM, JL_WHEN(JL_BITS32(2, 0170000u, 0060000u))},
                                               {0, JL_RET_EPERM, JL_WHEN(JL_HAS32(2, 06000u))}};

/* `umode_t mode`: 16 bits. A set-id file in a writable grant would hand the target's ids to anybody on the host:
   nosuid only holds inside. The bit is refused where a file is made as well: without execute permission for the group
   a set-group-id bit survives writing, and an ACL can give that permission afterwards. The mode only counts with
   O_CREAT (0100) or __O_TMPFILE (020000000), the same on both machines. */
static const jl_tab_clause jl_tab_chmod[] = {{0, JL_RET_EPERM, JL_WHEN(JL_HAS32(1, 06000u))}};
static const jl_tab_clause jl_tab_fchmodat[] = {{0, JL_RET_EPERM, JL_WHEN(JL_HAS32(2, 06000u))}};
static const jl_tab_clause jl_tab_open[] = {{0, JL_RET_EPERM, JL_WHEN(JL_HAS32(1, 020000100u), JL_HAS32(2, 06000u))}};
static const jl_tab_clause jl_tab_openat[] = {{0, JL_RET_EPERM, JL_WHEN(JL_HAS32(2, 020000100u), JL_HAS32(3, 06000u))}};

/* `unsigned int resource`: 32 bits; the new limit is a pointer, NULL only asks. RLIMIT_CORE (4) stays at 1: with 0
   the kernel feeds a piped core handler of the host again (core(5)). EINVAL, because gpg and ssh-agent take EPERM
   for fatal. */
static const jl_tab_clause jl_tab_prlimit[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_IS64(2, 0))},
                                               {0, JL_RET_EINVAL, JL_WHEN(JL_IS32(1, 4))}};
static const jl_tab_clause jl_tab_setrlimit[] = {{0, JL_RET_EINVAL, JL_WHEN(JL_IS32(0, 4))}};

/* --- the roles of a virtual machine monitor. What EPERM stands for is what the role's `denied` says: by default the
   process ends. What libc asks in a thread without being told to (the size of the host for qsort, of the heap for free,
   the time zone, newfstatat as some glibcs' fstat) gets ENOSYS in vcpu and api: it goes on without. --- */

/* `unsigned int cmd`. Of KVM's commands only type and number are looked at: size and direction differ by machine, and
   the kernel compares all of it. The vCPU's own come first in both lists, KVM_RUN before all. */
/* clang-format off */
#define JL_IOCTL(command) { 0, JL_RET_ALLOW, JL_WHEN(JL_IS32(1, command)) }
#define JL_KVM(number) { 0, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 0xffffu, 0xae00u | (number))) }
#define JL_KVM_VCPU \
    JL_KVM(0x80),                                           /* RUN */ \
    JL_KVM(0x81), JL_KVM(0x82), JL_KVM(0x83), JL_KVM(0x84), /* REGS, SREGS */ \
    JL_KVM(0x86), JL_KVM(0x8b), JL_KVM(0x9a), JL_KVM(0xb7), /* INTERRUPT, SIGNAL_MASK, NMI, SMI */ \
    JL_KVM(0x88), JL_KVM(0x89), JL_KVM(0x8c), JL_KVM(0x8d), /* MSRS, FPU */ \
    JL_KVM(0x8e), JL_KVM(0x8f), JL_KVM(0x90), JL_KVM(0x91), /* LAPIC, CPUID2 */ \
    JL_KVM(0x98), JL_KVM(0x99), JL_KVM(0x9f), JL_KVM(0xa0), /* MP_STATE; VCPU_EVENTS and PIT2 */ \
    JL_KVM(0xa1), JL_KVM(0xa2), JL_KVM(0xa3), JL_KVM(0xad), /* DEBUGREGS and TSC_KHZ, KVMCLOCK_CTRL */ \
    JL_KVM(0xa4), JL_KVM(0xa5), JL_KVM(0xa6), JL_KVM(0xa7), /* XSAVE and SIGNAL_MSI, XCRS */ \
    JL_KVM(0xcf), JL_KVM(0xab), JL_KVM(0xac), JL_KVM(0xb0), /* GET_XSAVE2, ONE_REG, GET_REG_LIST */ \
    JL_KVM(0xae), JL_KVM(0xc2), JL_KVM(0x61), JL_KVM(0x67)  /* ARM_VCPU_INIT, ARM_VCPU_FINALIZE, IRQ_LINE */

static const jl_tab_clause jl_tab_vcpu_ioctl[] = {JL_KVM_VCPU, JL_IOCTL(0x5413u)}; /* TIOCGWINSZ: musl's stdio */
static const jl_tab_clause jl_tab_vmm_ioctl[] = {
    JL_KVM_VCPU,
    JL_KVM(0x00), JL_KVM(0x01), JL_KVM(0x02), JL_KVM(0x03), /* GET_API_VERSION, CREATE_VM, MSR_INDEX_LIST, EXTENSION */
    JL_KVM(0x04), JL_KVM(0x05), JL_KVM(0x41), JL_KVM(0x42), /* VCPU_MMAP_SIZE, SUPPORTED_CPUID, VCPU, DIRTY_LOG */
    JL_KVM(0x46), JL_KVM(0x47), JL_KVM(0x48), JL_KVM(0x49), /* USER_MEMORY_REGION, TSS_ADDR, IDENTITY_MAP_ADDR */
    JL_KVM(0x60), JL_KVM(0x62), JL_KVM(0x63), JL_KVM(0x6a), /* IRQCHIP, SET_GSI_ROUTING */
    JL_KVM(0x76), JL_KVM(0x77), JL_KVM(0x79), JL_KVM(0x7b), /* IRQFD, CREATE_PIT2, IOEVENTFD, SET_CLOCK */
    JL_KVM(0x7c), JL_KVM(0xaf), JL_KVM(0xe0), JL_KVM(0xe1), /* GET_CLOCK, ARM_PREFERRED_TARGET, CREATE_DEVICE */
    JL_KVM(0xe2), JL_KVM(0xe3), JL_KVM(0xd2), JL_KVM(0xd4), /* DEVICE_ATTR, MEMORY_ATTRIBUTES, GUEST_MEMFD */
    {0, JL_RET_ALLOW, JL_WHEN(JL_BITS32(1, 0xff00u, 0xaf00u))}, /* VHOST_..., where the device was granted */
    JL_IOCTL(0x5401u), JL_IOCTL(0x5402u), JL_IOCTL(0x5403u),    /* TCGETS, TCSETS, TCSETSW: a terminal as console */
    JL_IOCTL(0x5404u), JL_IOCTL(0x5413u), JL_IOCTL(0x541bu),    /* TCSETSF, TIOCGWINSZ, FIONREAD */
    JL_IOCTL(0x5421u), JL_IOCTL(0x5451u),                       /* FIONBIO, FIOCLEX */
    JL_IOCTL(0x400454d0u), JL_IOCTL(0x400454d8u)};              /* TUNSETOFFLOAD, TUNSETVNETHDRSZ */
static const jl_tab_clause jl_tab_api_ioctl[] = {JL_IOCTL(0x541bu), JL_IOCTL(0x5421u), JL_IOCTL(0x5413u)};
/* clang-format on */

/* `unsigned long prot` of mmap and mprotect, of which all bits are in the low word: PROT_EXEC is 4. */
static const jl_tab_clause jl_tab_no_exec[] = {{0, JL_RET_EPERM, JL_WHEN(JL_HAS32(2, 4))}};

/* `int option`. PR_SET_NO_NEW_PRIVS is what comes before a further filter. */
static const jl_tab_clause jl_tab_role_prctl[] = {
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 15))},           /* PR_SET_NAME */
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 16))},           /* PR_GET_NAME */
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 38))},           /* PR_SET_NO_NEW_PRIVS */
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 39))},           /* PR_GET_NO_NEW_PRIVS */
    {0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 0x53564d41u))}}; /* PR_SET_VMA: names for anonymous memory */

/* `unsigned int cmd, int flags`. No F_SETOWN, F_SETSIG, F_NOTIFY: they send signals. So does O_ASYNC, of a terminal to
   its foreground process group, whoever that is (tty_fasync of drivers/tty/tty_io.c): the shell behind a launcher. */
#define JL_FCNTL(command) \
  { 0, JL_RET_ALLOW, JL_WHEN(JL_IS32(1, command)) }
/* clang-format off */
static const jl_tab_clause jl_tab_role_fcntl[] = {
    {0, JL_RET_EPERM, JL_WHEN(JL_IS32(1, 4), JL_HAS32(2, 020000))}, /* SETFL, O_ASYNC */
    JL_FCNTL(3),    JL_FCNTL(4),    JL_FCNTL(1),  JL_FCNTL(2), /* GETFL, SETFL, GETFD, SETFD */
    JL_FCNTL(0),    JL_FCNTL(1030),                            /* DUPFD, DUPFD_CLOEXEC */
    JL_FCNTL(5),    JL_FCNTL(6),    JL_FCNTL(7),               /* GETLK, SETLK, SETLKW */
    JL_FCNTL(36),   JL_FCNTL(37),   JL_FCNTL(38),              /* the same with OFD: locks on disk images */
    JL_FCNTL(1033), JL_FCNTL(1034)};                           /* ADD_SEALS, GET_SEALS */
/* clang-format on */

/* `pid_t`: 32 bits. tkill names a thread alone, of any process of the same uid in the pid namespace. */
static const jl_tab_clause jl_tab_self[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_SELF(0))}};
static const jl_tab_clause jl_tab_tkill[] = {{JL_GRANT_TKILL, JL_RET_ALLOW, JL_ALWAYS}};

/* All of CLONE_VM, FS, FILES, SIGHAND and THREAD, and no namespace. */
static const jl_tab_clause jl_tab_thread[] = {
    {0, JL_RET_ALLOW, JL_WHEN(JL_BITS32(0, 0x10f00u, 0x10f00u), JL_BITS32(0, JL_TAB_NEW_NAMESPACE, 0))}};

/* `unsigned int op, unsigned int flags`: SECCOMP_SET_MODE_FILTER with no flag but TSYNC, to go on confining. */
static const jl_tab_clause jl_tab_seccomp[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_IS32(0, 1), JL_BITS32(1, 0xfffffffeu, 0))}};

/* The new limit is a pointer, NULL only asks. */
static const jl_tab_clause jl_tab_limits_read[] = {{0, JL_RET_ALLOW, JL_WHEN(JL_IS64(2, 0))}};

typedef enum jl_rule {
  JL_RULE_UNKNOWN = 0, /* what an empty row means, too */
  JL_RULE_ALLOW,
  JL_RULE_MOUNT,
  JL_RULE_SETNS,
  JL_RULE_TRACE,
  JL_RULE_KERNEL,
  JL_RULE_IO_URING,
  JL_RULE_KEYS,
  JL_RULE_CLOCK,
  JL_RULE_ADMIN,
  JL_RULE_HANDLE,
  JL_RULE_HARDWARE,
  JL_RULE_PAGES,
  JL_RULE_OBSOLETE,
  JL_RULE_ABSENT,
  JL_RULE_CLONE3,
  JL_RULE_CLONE,
  JL_RULE_UNSHARE,
  JL_RULE_IOCTL,
  JL_RULE_SOCKET,
  JL_RULE_SOCKETPAIR,
  JL_RULE_SENDTO,
  JL_RULE_SENDMSG,
  JL_RULE_SETSOCKOPT,
  JL_RULE_PRCTL,
  JL_RULE_PERSONALITY,
  JL_RULE_MEMFD,
  JL_RULE_MKNOD,
  JL_RULE_MKNODAT,
  JL_RULE_CHMOD,
  JL_RULE_FCHMODAT,
  JL_RULE_OPEN,
  JL_RULE_OPENAT,
  JL_RULE_OPENAT2,
  JL_RULE_AIO,
  JL_RULE_PRLIMIT,
  JL_RULE_SETRLIMIT,
  JL_RULE_VMM_IOCTL,
  JL_RULE_VCPU_IOCTL,
  JL_RULE_API_IOCTL,
  JL_RULE_NO_EXEC,
  JL_RULE_ROLE_PRCTL,
  JL_RULE_ROLE_FCNTL,
  JL_RULE_SELF,
  JL_RULE_TKILL,
  JL_RULE_THREAD,
  JL_RULE_SECCOMP,
  JL_RULE_LIMITS_READ,
  JL_RULE_COUNT
} jl_rule;

typedef struct jl_tab_rule {
  const char *why;             /* half a sentence for a person who meets it */
  uint32_t otherwise;          /* the answer when no clause holds */
  uint32_t count;              /* of clauses */
  const jl_tab_clause *clause; /* NULL: the same answer whatever the arguments */
} jl_tab_rule;

#define JL_CLAUSES(array) (uint32_t)(sizeof(array) / sizeof(array)[0]), array

static const jl_tab_rule jl_tab_rules[JL_RULE_COUNT] = {
    [JL_RULE_UNKNOWN] = {"newer than this filter", JL_RET_ENOSYS, 0, NULL},
    [JL_RULE_ALLOW] = {"allowed", JL_RET_ALLOW, 0, NULL},
    [JL_RULE_MOUNT] = {"would change what the box sees of the file system", JL_RET_EPERM, JL_CLAUSES(jl_tab_userns)},
    [JL_RULE_SETNS] = {"would enter a namespace that is not the box's", JL_RET_EPERM, 0, NULL},
    [JL_RULE_TRACE] = {"reads or steers another process", JL_RET_EPERM, 0, NULL},
    [JL_RULE_KERNEL] = {"puts code or page faults of its own into the kernel", JL_RET_EPERM, 0, NULL},
    [JL_RULE_IO_URING] = {"does system calls that no filter sees", JL_RET_EPERM, 0, NULL},
    [JL_RULE_KEYS] = {"kernel keyrings belong to a uid, not to a box", JL_RET_EPERM, 0, NULL},
    [JL_RULE_CLOCK] = {"sets the clock of the host", JL_RET_EPERM, 0, NULL},
    [JL_RULE_ADMIN] = {"administers the host", JL_RET_EPERM, 0, NULL},
    [JL_RULE_HANDLE] = {"opens or watches files past their names", JL_RET_EPERM, 0, NULL},
    [JL_RULE_HARDWARE] = {"reaches I/O ports or the segment tables", JL_RET_EPERM, 0, NULL},
    [JL_RULE_PAGES] = {"moves or lends pages under their owner", JL_RET_EPERM, 0, NULL},
    [JL_RULE_OBSOLETE] = {"obsolete, and without users that are missed", JL_RET_EPERM, 0, NULL},
    [JL_RULE_ABSENT] = {"answered as on a kernel without it", JL_RET_ENOSYS, 0, NULL},
    /* clone3 has its flags behind a pointer, where no filter can read them; on ENOSYS libc falls back to clone. */
    [JL_RULE_CLONE3] = {"its flags cannot be filtered; clone is there", JL_RET_ENOSYS, JL_CLAUSES(jl_tab_userns)},
    [JL_RULE_CLONE] = {"no new namespaces", JL_RET_ALLOW, JL_CLAUSES(jl_tab_clone)},
    [JL_RULE_UNSHARE] = {"no new namespaces", JL_RET_ALLOW, JL_CLAUSES(jl_tab_unshare)},
    [JL_RULE_IOCTL] = {"the launcher's terminal and the host's interfaces are left alone", JL_RET_ALLOW,
                       JL_CLAUSES(jl_tab_ioctl)},
    [JL_RULE_SOCKET] = {"only AF_UNIX; with the network also TCP, UDP and ping", JL_RET_EAFNOSUPPORT,
                        JL_CLAUSES(jl_tab_socket)},
    [JL_RULE_SOCKETPAIR] = {"only AF_UNIX", JL_RET_EAFNOSUPPORT, JL_CLAUSES(jl_tab_socketpair)},
    [JL_RULE_SENDTO] = {"would connect past the granted ports", JL_RET_ALLOW, JL_CLAUSES(jl_tab_sendto)},
    [JL_RULE_SENDMSG] = {"would connect past the granted ports", JL_RET_ALLOW, JL_CLAUSES(jl_tab_sendmsg)},
    [JL_RULE_SETSOCKOPT] = {"would leave TCP and its granted ports", JL_RET_ALLOW, JL_CLAUSES(jl_tab_setsockopt)},
    [JL_RULE_PRCTL] = {"the box ends with its launcher, and says the truth in /proc", JL_RET_ALLOW,
                       JL_CLAUSES(jl_tab_prctl)},
    [JL_RULE_PERSONALITY] = {"only the plain personality", JL_RET_EPERM, JL_CLAUSES(jl_tab_personality)},
    [JL_RULE_MEMFD] = {"memory files only with MFD_NOEXEC_SEAL", JL_RET_EACCES, JL_CLAUSES(jl_tab_memfd)},
    [JL_RULE_MKNOD] = {"no device nodes, no set-id files", JL_RET_ALLOW, JL_CLAUSES(jl_tab_mknod)},
    [JL_RULE_MKNODAT] = {"no device nodes, no set-id files", JL_RET_ALLOW, JL_CLAUSES(jl_tab_mknodat)},
    [JL_RULE_CHMOD] = {"no set-id files for the host", JL_RET_ALLOW, JL_CLAUSES(jl_tab_chmod)},
    [JL_RULE_FCHMODAT] = {"no set-id files for the host", JL_RET_ALLOW, JL_CLAUSES(jl_tab_fchmodat)},
    [JL_RULE_OPEN] = {"no set-id files for the host", JL_RET_ALLOW, JL_CLAUSES(jl_tab_open)},
    [JL_RULE_OPENAT] = {"no set-id files for the host", JL_RET_ALLOW, JL_CLAUSES(jl_tab_openat)},
    /* its mode lies behind a pointer, where no filter can read it; whoever has it also has openat for older kernels */
    [JL_RULE_OPENAT2] = {"its mode cannot be filtered; openat is there", JL_RET_ENOSYS, 0, NULL},
    [JL_RULE_AIO] = {"counted for the whole host (fs.aio-max-nr): one box would take it from all others", JL_RET_ENOSYS,
                     0, NULL},
    [JL_RULE_PRLIMIT] = {"the core limit stays", JL_RET_ALLOW, JL_CLAUSES(jl_tab_prlimit)},
    [JL_RULE_SETRLIMIT] = {"the core limit stays", JL_RET_ALLOW, JL_CLAUSES(jl_tab_setrlimit)},
    [JL_RULE_VMM_IOCTL] = {"KVM, vhost, its console and its tap device", JL_RET_EPERM, JL_CLAUSES(jl_tab_vmm_ioctl)},
    [JL_RULE_VCPU_IOCTL] = {"KVM's commands for one virtual processor, and TIOCGWINSZ", JL_RET_EPERM,
                            JL_CLAUSES(jl_tab_vcpu_ioctl)},
    [JL_RULE_API_IOCTL] = {"FIONREAD, FIONBIO and TIOCGWINSZ", JL_RET_EPERM, JL_CLAUSES(jl_tab_api_ioctl)},
    [JL_RULE_NO_EXEC] = {"no new executable memory", JL_RET_ALLOW, JL_CLAUSES(jl_tab_no_exec)},
    [JL_RULE_ROLE_PRCTL] = {"names, and no_new_privs", JL_RET_EPERM, JL_CLAUSES(jl_tab_role_prctl)},
    [JL_RULE_ROLE_FCNTL] = {"flags, duplicates, locks and seals", JL_RET_EPERM, JL_CLAUSES(jl_tab_role_fcntl)},
    [JL_RULE_SELF] = {"signals only to the process itself", JL_RET_EPERM, JL_CLAUSES(jl_tab_self)},
    [JL_RULE_TKILL] = {"its target may be another process", JL_RET_EPERM, JL_CLAUSES(jl_tab_tkill)},
    [JL_RULE_THREAD] = {"threads, no processes", JL_RET_EPERM, JL_CLAUSES(jl_tab_thread)},
    [JL_RULE_SECCOMP] = {"one more filter", JL_RET_EPERM, JL_CLAUSES(jl_tab_seccomp)},
    [JL_RULE_LIMITS_READ] = {"limits are read, not set", JL_RET_EPERM, JL_CLAUSES(jl_tab_limits_read)}};

typedef struct jl_tab_call {
  const char *name;
  int16_t number[JL_ARCH_COUNT];       /* x86-64, aarch64, riscv64; -1 where the machine does not have it */
  uint8_t rule[JAILER_ROLE_COUNT - 1]; /* a jl_rule for launch, vmm, vcpu, api; 0: not in that role */
} jl_tab_call;

enum { JL_TAB_NUMBERS = 512 }; /* every number is below; test_seccomp checks it */

static const jl_tab_call jl_tab_calls[] = {
    /* what is mounted, and where the root is */
    {"chroot", {161, 51, 51}, {JL_RULE_MOUNT}},
    {"fsconfig", {431, 431, 431}, {JL_RULE_MOUNT}},
    {"fsmount", {432, 432, 432}, {JL_RULE_MOUNT}},
    {"fsopen", {430, 430, 430}, {JL_RULE_MOUNT}},
    {"fspick", {433, 433, 433}, {JL_RULE_MOUNT}},
    {"mount", {165, 40, 40}, {JL_RULE_MOUNT}},
    {"mount_setattr", {442, 442, 442}, {JL_RULE_MOUNT}},
    {"move_mount", {429, 429, 429}, {JL_RULE_MOUNT}},
    {"open_tree", {428, 428, 428}, {JL_RULE_MOUNT}},
    {"open_tree_attr", {467, 467, 467}, {JL_RULE_MOUNT}},
    {"pivot_root", {155, 41, 41}, {JL_RULE_MOUNT}},
    {"umount2", {166, 39, 39}, {JL_RULE_MOUNT}},

    /* somebody else's namespaces */
    {"setns", {308, 268, 268}, {JL_RULE_SETNS}},

    /* other processes' memory, registers and descriptors */
    {"kcmp", {312, 272, 272}, {JL_RULE_TRACE}},
    {"pidfd_getfd", {438, 438, 438}, {JL_RULE_TRACE}},
    {"process_madvise", {440, 440, 440}, {JL_RULE_TRACE}},
    {"process_mrelease", {448, 448, 448}, {JL_RULE_TRACE}},
    {"process_vm_readv", {310, 270, 270}, {JL_RULE_TRACE}},
    {"process_vm_writev", {311, 271, 271}, {JL_RULE_TRACE}},
    {"ptrace", {101, 117, 117}, {JL_RULE_TRACE}},

    /* code that runs in the kernel, or replaces it */
    {"bpf", {321, 280, 280}, {JL_RULE_KERNEL}},
    {"delete_module", {176, 106, 106}, {JL_RULE_KERNEL}},
    {"finit_module", {313, 273, 273}, {JL_RULE_KERNEL}},
    {"init_module", {175, 105, 105}, {JL_RULE_KERNEL}},
    {"kexec_file_load", {320, 294, 294}, {JL_RULE_KERNEL}},
    {"kexec_load", {246, 104, 104}, {JL_RULE_KERNEL}},
    {"perf_event_open", {298, 241, 241}, {JL_RULE_KERNEL}},
    {"userfaultfd", {323, 282, 282}, {JL_RULE_KERNEL}},

    /* system calls that pass no filter */
    {"io_uring_enter", {426, 426, 426}, {JL_RULE_IO_URING}},
    {"io_uring_register", {427, 427, 427}, {JL_RULE_IO_URING}},
    {"io_uring_setup", {425, 425, 425}, {JL_RULE_IO_URING}},

    /* kernel keyrings */
    {"add_key", {248, 217, 217}, {JL_RULE_KEYS}},
    {"keyctl", {250, 219, 219}, {JL_RULE_KEYS}},
    {"request_key", {249, 218, 218}, {JL_RULE_KEYS}},

    /* the host's clock */
    {"adjtimex", {159, 171, 171}, {JL_RULE_CLOCK}},
    {"clock_adjtime", {305, 266, 266}, {JL_RULE_CLOCK}},
    {"clock_settime", {227, 112, 112}, {JL_RULE_CLOCK}},
    {"settimeofday", {164, 170, 170}, {JL_RULE_CLOCK}},

    /* the host itself */
    {"acct", {163, 89, 89}, {JL_RULE_ADMIN}},
    {"quotactl", {179, 60, 60}, {JL_RULE_ADMIN}},
    {"quotactl_fd", {443, 443, 443}, {JL_RULE_ADMIN}},
    {"reboot", {169, 142, 142}, {JL_RULE_ADMIN}},
    {"setdomainname", {171, 162, 162}, {JL_RULE_ADMIN}},
    {"sethostname", {170, 161, 161}, {JL_RULE_ADMIN}},
    {"swapoff", {168, 225, 225}, {JL_RULE_ADMIN}},
    {"swapon", {167, 224, 224}, {JL_RULE_ADMIN}},
    {"syslog", {103, 116, 116}, {JL_RULE_ADMIN}},
    {"vhangup", {153, 58, 58}, {JL_RULE_ADMIN}},

    /* files by number instead of by name */
    {"fanotify_init", {300, 262, 262}, {JL_RULE_HANDLE}},
    {"fanotify_mark", {301, 263, 263}, {JL_RULE_HANDLE}},
    {"lookup_dcookie", {212, 18, 18}, {JL_RULE_HANDLE}},
    {"name_to_handle_at", {303, 264, 264}, {JL_RULE_HANDLE}},
    {"open_by_handle_at", {304, 265, 265}, {JL_RULE_HANDLE}},

    /* I/O ports and segment descriptors */
    {"ioperm", {173, -1, -1}, {JL_RULE_HARDWARE}},
    {"iopl", {172, -1, -1}, {JL_RULE_HARDWARE}},
    {"modify_ldt", {154, -1, -1}, {JL_RULE_HARDWARE}},

    /* other processes' pages, and pages lent to a pipe (vmsplice: CVE-2020-29374) */
    {"migrate_pages", {256, 238, 238}, {JL_RULE_PAGES}},
    {"move_pages", {279, 239, 239}, {JL_RULE_PAGES}},
    {"vmsplice", {278, 75, 75}, {JL_RULE_PAGES}},

    /* calls that no program of this century needs */
    {"create_module", {174, -1, -1}, {JL_RULE_OBSOLETE}},
    {"get_kernel_syms", {177, -1, -1}, {JL_RULE_OBSOLETE}},
    {"nfsservctl", {180, 42, 42}, {JL_RULE_OBSOLETE}},
    {"query_module", {178, -1, -1}, {JL_RULE_OBSOLETE}},
    {"_sysctl", {156, -1, -1}, {JL_RULE_OBSOLETE}},
    {"sysfs", {139, -1, -1}, {JL_RULE_OBSOLETE}},
    {"uselib", {134, -1, -1}, {JL_RULE_OBSOLETE}},
    {"ustat", {136, -1, -1}, {JL_RULE_OBSOLETE}},

    /* numbers without a call behind them on these machines */
    {"afs_syscall", {183, -1, -1}, {JL_RULE_ABSENT}},
    {"epoll_ctl_old", {214, -1, -1}, {JL_RULE_ABSENT}},
    {"epoll_wait_old", {215, -1, -1}, {JL_RULE_ABSENT}},
    {"get_thread_area", {211, -1, -1}, {JL_RULE_ABSENT}},
    {"getpmsg", {181, -1, -1}, {JL_RULE_ABSENT}},
    {"putpmsg", {182, -1, -1}, {JL_RULE_ABSENT}},
    {"security", {185, -1, -1}, {JL_RULE_ABSENT}},
    {"set_thread_area", {205, -1, -1}, {JL_RULE_ABSENT}},
    {"tuxcall", {184, -1, -1}, {JL_RULE_ABSENT}},
    {"vserver", {236, -1, -1}, {JL_RULE_ABSENT}},

    /* calls whose callers have another way, which ENOSYS makes them take */
    {"listmount", {458, 458, 458}, {JL_RULE_ABSENT}},
    {"listns", {470, 470, 470}, {JL_RULE_ABSENT}},
    {"lsm_get_self_attr", {459, 459, 459}, {JL_RULE_ABSENT}},
    {"lsm_list_modules", {461, 461, 461}, {JL_RULE_ABSENT}},
    {"lsm_set_self_attr", {460, 460, 460}, {JL_RULE_ABSENT}},
    {"memfd_secret", {447, 447, 447}, {JL_RULE_ABSENT}},
    {"remap_file_pages", {216, 234, 234}, {JL_RULE_ABSENT}},
    {"statmount", {457, 457, 457}, {JL_RULE_ABSENT}},

    /* the arguments decide */
    {"clone3", {435, 435, 435}, {JL_RULE_CLONE3, JL_RULE_ABSENT}},
    {"clone", {56, 220, 220}, {JL_RULE_CLONE, JL_RULE_THREAD}},
    {"unshare", {272, 97, 97}, {JL_RULE_UNSHARE}},
    {"ioctl", {16, 29, 29}, {JL_RULE_IOCTL, JL_RULE_VMM_IOCTL, JL_RULE_VCPU_IOCTL, JL_RULE_API_IOCTL}},
    {"socket", {41, 198, 198}, {JL_RULE_SOCKET, JL_RULE_SOCKET}},
    {"socketpair", {53, 199, 199}, {JL_RULE_SOCKETPAIR, JL_RULE_SOCKETPAIR}},
    {"prctl", {157, 167, 167}, {JL_RULE_PRCTL, JL_RULE_ROLE_PRCTL, JL_RULE_ROLE_PRCTL, JL_RULE_ROLE_PRCTL}},
    {"personality", {135, 92, 92}, {JL_RULE_PERSONALITY}},
    {"memfd_create", {319, 279, 279}, {JL_RULE_MEMFD, JL_RULE_MEMFD}},
    {"mknod", {133, -1, -1}, {JL_RULE_MKNOD}},
    {"mknodat", {259, 33, 33}, {JL_RULE_MKNODAT}},
    {"fchmodat2", {452, 452, 452}, {JL_RULE_FCHMODAT}},
    {"fchmodat", {268, 53, 53}, {JL_RULE_FCHMODAT}},
    {"fchmod", {91, 52, 52}, {JL_RULE_CHMOD}},
    {"chmod", {90, -1, -1}, {JL_RULE_CHMOD}},
    {"setrlimit", {160, 164, 164}, {JL_RULE_SETRLIMIT}},
    {"prlimit64", {302, 261, 261}, {JL_RULE_PRLIMIT, JL_RULE_LIMITS_READ}},

    /* allowed: programs and processes */
    {"arch_prctl", {158, -1, -1}, {JL_RULE_ALLOW}},
    {"execve", {59, 221, 221}, {JL_RULE_ALLOW}},
    {"execveat", {322, 281, 281}, {JL_RULE_ALLOW}},
    {"exit", {60, 93, 93}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"exit_group", {231, 94, 94}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"fork", {57, -1, -1}, {JL_RULE_ALLOW}},
    {"get_robust_list", {274, 100, 100}, {JL_RULE_ALLOW}},
    {"getcpu", {309, 168, 168}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getpgid", {121, 155, 155}, {JL_RULE_ALLOW}},
    {"getpgrp", {111, -1, -1}, {JL_RULE_ALLOW}},
    {"getpid", {39, 172, 172}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getppid", {110, 173, 173}, {JL_RULE_ALLOW}},
    {"getrlimit", {97, 163, 163}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getrusage", {98, 165, 165}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getsid", {124, 156, 156}, {JL_RULE_ALLOW}},
    {"gettid", {186, 178, 178}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"kill", {62, 129, 129}, {JL_RULE_ALLOW, JL_RULE_SELF, JL_RULE_SELF, JL_RULE_SELF}},
    {"pidfd_open", {434, 434, 434}, {JL_RULE_ALLOW}},
    {"pidfd_send_signal", {424, 424, 424}, {JL_RULE_ALLOW}},
    {"restart_syscall", {219, 128, 128}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rseq", {334, 293, 293}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rseq_slice_yield", {471, 471, 471}, {JL_RULE_ALLOW}},
    {"set_robust_list", {273, 99, 99}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"set_tid_address", {218, 96, 96}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"setpgid", {109, 154, 154}, {JL_RULE_ALLOW}},
    {"setsid", {112, 157, 157}, {JL_RULE_ALLOW}},
    {"sysinfo", {99, 179, 179}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ABSENT, JL_RULE_ABSENT}},
    {"tgkill", {234, 131, 131}, {JL_RULE_ALLOW, JL_RULE_SELF, JL_RULE_SELF, JL_RULE_SELF}},
    {"times", {100, 153, 153}, {JL_RULE_ALLOW}},
    {"tkill", {200, 130, 130}, {JL_RULE_ALLOW, JL_RULE_TKILL, JL_RULE_TKILL, JL_RULE_TKILL}},
    {"umask", {95, 166, 166}, {JL_RULE_ALLOW}},
    {"uname", {63, 160, 160}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"riscv_flush_icache", {-1, -1, 259}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"riscv_hwprobe", {-1, -1, 258}, {JL_RULE_ALLOW}},
    {"uprobe", {336, -1, -1}, {JL_RULE_ALLOW}},
    {"uretprobe", {335, -1, -1}, {JL_RULE_ALLOW}},
    {"vfork", {58, -1, -1}, {JL_RULE_ALLOW}},
    {"wait4", {61, 260, 260}, {JL_RULE_ALLOW}},
    {"waitid", {247, 95, 95}, {JL_RULE_ALLOW}},

    /* allowed: ids and capabilities; without privilege these only give up */
    {"capget", {125, 90, 90}, {JL_RULE_ALLOW}},
    {"capset", {126, 91, 91}, {JL_RULE_ALLOW}},
    {"getegid", {108, 177, 177}, {JL_RULE_ALLOW}},
    {"geteuid", {107, 175, 175}, {JL_RULE_ALLOW}},
    {"getgid", {104, 176, 176}, {JL_RULE_ALLOW}},
    {"getgroups", {115, 158, 158}, {JL_RULE_ALLOW}},
    {"getresgid", {120, 150, 150}, {JL_RULE_ALLOW}},
    {"getresuid", {118, 148, 148}, {JL_RULE_ALLOW}},
    {"getuid", {102, 174, 174}, {JL_RULE_ALLOW}},
    {"setfsgid", {123, 152, 152}, {JL_RULE_ALLOW}},
    {"setfsuid", {122, 151, 151}, {JL_RULE_ALLOW}},
    {"setgid", {106, 144, 144}, {JL_RULE_ALLOW}},
    {"setgroups", {116, 159, 159}, {JL_RULE_ALLOW}},
    {"setregid", {114, 143, 143}, {JL_RULE_ALLOW}},
    {"setresgid", {119, 149, 149}, {JL_RULE_ALLOW}},
    {"setresuid", {117, 147, 147}, {JL_RULE_ALLOW}},
    {"setreuid", {113, 145, 145}, {JL_RULE_ALLOW}},
    {"setuid", {105, 146, 146}, {JL_RULE_ALLOW}},

    /* allowed: walls that a process raises around itself */
    {"landlock_add_rule", {445, 445, 445}, {JL_RULE_ALLOW}},
    {"landlock_create_ruleset", {444, 444, 444}, {JL_RULE_ALLOW}},
    {"landlock_restrict_self", {446, 446, 446}, {JL_RULE_ALLOW}},
    {"seccomp", {317, 277, 277}, {JL_RULE_ALLOW, JL_RULE_SECCOMP}},

    /* allowed: memory */
    {"brk", {12, 214, 214}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"get_mempolicy", {239, 236, 236}, {JL_RULE_ALLOW}},
    {"getrandom", {318, 278, 278}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"madvise", {28, 233, 233}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"map_shadow_stack", {453, 453, 453}, {JL_RULE_ALLOW}},
    {"mbind", {237, 235, 235}, {JL_RULE_ALLOW}},
    {"membarrier", {324, 283, 283}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mincore", {27, 232, 232}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mlock", {149, 228, 228}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mlock2", {325, 284, 284}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mlockall", {151, 230, 230}, {JL_RULE_ALLOW}},
    {"mmap", {9, 222, 222}, {JL_RULE_ALLOW, JL_RULE_NO_EXEC, JL_RULE_NO_EXEC, JL_RULE_NO_EXEC}},
    {"mprotect", {10, 226, 226}, {JL_RULE_ALLOW, JL_RULE_NO_EXEC, JL_RULE_NO_EXEC, JL_RULE_NO_EXEC}},
    {"mremap", {25, 216, 216}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mseal", {462, 462, 462}, {JL_RULE_ALLOW}},
    {"msync", {26, 227, 227}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"munlock", {150, 229, 229}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"munlockall", {152, 231, 231}, {JL_RULE_ALLOW}},
    {"munmap", {11, 215, 215}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"pkey_alloc", {330, 289, 289}, {JL_RULE_ALLOW}},
    {"pkey_free", {331, 290, 290}, {JL_RULE_ALLOW}},
    {"pkey_mprotect", {329, 288, 288}, {JL_RULE_ALLOW}},
    {"set_mempolicy", {238, 237, 237}, {JL_RULE_ALLOW}},
    {"set_mempolicy_home_node", {450, 450, 450}, {JL_RULE_ALLOW}},

    /* allowed: signals */
    {"alarm", {37, -1, -1}, {JL_RULE_ALLOW}},
    {"pause", {34, -1, -1}, {JL_RULE_ALLOW}},
    {"rt_sigaction", {13, 134, 134}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_sigpending", {127, 136, 136}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_sigprocmask", {14, 135, 135}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_sigqueueinfo", {129, 138, 138}, {JL_RULE_ALLOW}},
    {"rt_sigreturn", {15, 139, 139}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_sigsuspend", {130, 133, 133}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_sigtimedwait", {128, 137, 137}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"rt_tgsigqueueinfo", {297, 240, 240}, {JL_RULE_ALLOW, JL_RULE_SELF, JL_RULE_SELF, JL_RULE_SELF}},
    {"sigaltstack", {131, 132, 132}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"signalfd", {282, -1, -1}, {JL_RULE_ALLOW}},
    {"signalfd4", {289, 74, 74}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},

    /* allowed: time */
    {"clock_getres", {229, 114, 114}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"clock_gettime", {228, 113, 113}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"clock_nanosleep", {230, 115, 115}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getitimer", {36, 102, 102}, {JL_RULE_ALLOW}},
    {"gettimeofday", {96, 169, 169}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"nanosleep", {35, 101, 101}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"setitimer", {38, 103, 103}, {JL_RULE_ALLOW}},
    {"time", {201, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"timer_create", {222, 107, 107}, {JL_RULE_ALLOW}},
    {"timer_delete", {226, 111, 111}, {JL_RULE_ALLOW}},
    {"timer_getoverrun", {225, 109, 109}, {JL_RULE_ALLOW}},
    {"timer_gettime", {224, 108, 108}, {JL_RULE_ALLOW}},
    {"timer_settime", {223, 110, 110}, {JL_RULE_ALLOW}},
    {"timerfd_create", {283, 85, 85}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"timerfd_gettime", {287, 87, 87}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"timerfd_settime", {286, 86, 86}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},

    /* allowed: scheduling */
    {"getpriority", {140, 141, 141}, {JL_RULE_ALLOW}},
    {"ioprio_get", {252, 31, 31}, {JL_RULE_ALLOW}},
    {"ioprio_set", {251, 30, 30}, {JL_RULE_ALLOW}},
    {"sched_get_priority_max", {146, 125, 125}, {JL_RULE_ALLOW}},
    {"sched_get_priority_min", {147, 126, 126}, {JL_RULE_ALLOW}},
    {"sched_getaffinity", {204, 123, 123}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ABSENT, JL_RULE_ABSENT}},
    {"sched_getattr", {315, 275, 275}, {JL_RULE_ALLOW}},
    {"sched_getparam", {143, 121, 121}, {JL_RULE_ALLOW}},
    {"sched_getscheduler", {145, 120, 120}, {JL_RULE_ALLOW}},
    {"sched_rr_get_interval", {148, 127, 127}, {JL_RULE_ALLOW}},
    {"sched_setaffinity", {203, 122, 122}, {JL_RULE_ALLOW}},
    {"sched_setattr", {314, 274, 274}, {JL_RULE_ALLOW}},
    {"sched_setparam", {142, 118, 118}, {JL_RULE_ALLOW}},
    {"sched_setscheduler", {144, 119, 119}, {JL_RULE_ALLOW}},
    {"sched_yield", {24, 124, 124}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"setpriority", {141, 140, 140}, {JL_RULE_ALLOW}},

    /* allowed: waiting */
    {"epoll_create", {213, -1, -1}, {JL_RULE_ALLOW}},
    {"epoll_create1", {291, 20, 20}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"epoll_ctl", {233, 21, 21}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"epoll_pwait", {281, 22, 22}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"epoll_pwait2", {441, 441, 441}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"epoll_wait", {232, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"eventfd", {284, -1, -1}, {JL_RULE_ALLOW}},
    {"eventfd2", {290, 19, 19}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futex", {202, 98, 98}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futex_requeue", {456, 456, 456}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futex_wait", {455, 455, 455}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futex_waitv", {449, 449, 449}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futex_wake", {454, 454, 454}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"inotify_add_watch", {254, 27, 27}, {JL_RULE_ALLOW}},
    {"inotify_init", {253, -1, -1}, {JL_RULE_ALLOW}},
    {"inotify_init1", {294, 26, 26}, {JL_RULE_ALLOW}},
    {"inotify_rm_watch", {255, 28, 28}, {JL_RULE_ALLOW}},
    {"poll", {7, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"ppoll", {271, 73, 73}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"pselect6", {270, 72, 72}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"select", {23, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},

    /* allowed: reading and writing */
    {"cachestat", {451, 451, 451}, {JL_RULE_ALLOW}},
    {"copy_file_range", {326, 285, 285}, {JL_RULE_ALLOW}},
    {"fadvise64", {221, 223, 223}, {JL_RULE_ALLOW}},
    {"fallocate", {285, 47, 47}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"fdatasync", {75, 83, 83}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"flock", {73, 32, 32}, {JL_RULE_ALLOW}},
    {"fsync", {74, 82, 82}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"ftruncate", {77, 46, 46}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"io_cancel", {210, 3, 3}, {JL_RULE_ALLOW}},
    {"io_destroy", {207, 1, 1}, {JL_RULE_ALLOW}},
    {"io_getevents", {208, 4, 4}, {JL_RULE_ALLOW}},
    {"io_pgetevents", {333, 292, 292}, {JL_RULE_ALLOW}},
    {"io_setup", {206, 0, 0}, {JL_RULE_AIO}},
    {"io_submit", {209, 2, 2}, {JL_RULE_ALLOW}},
    {"lseek", {8, 62, 62}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"pread64", {17, 67, 67}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"preadv", {295, 69, 69}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"preadv2", {327, 286, 286}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"pwrite64", {18, 68, 68}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"pwritev", {296, 70, 70}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"pwritev2", {328, 287, 287}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"read", {0, 63, 63}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"readahead", {187, 213, 213}, {JL_RULE_ALLOW}},
    {"readv", {19, 65, 65}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"sendfile", {40, 71, 71}, {JL_RULE_ALLOW}},
    {"splice", {275, 76, 76}, {JL_RULE_ALLOW}},
    {"sync", {162, 81, 81}, {JL_RULE_ALLOW}},
    {"sync_file_range", {277, 84, 84}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"syncfs", {306, 267, 267}, {JL_RULE_ALLOW}},
    {"tee", {276, 77, 77}, {JL_RULE_ALLOW}},
    {"truncate", {76, 45, 45}, {JL_RULE_ALLOW}},
    {"write", {1, 64, 64}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"writev", {20, 66, 66}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},

    /* allowed: descriptors */
    {"close", {3, 57, 57}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"close_range", {436, 436, 436}, {JL_RULE_ALLOW}},
    {"dup", {32, 23, 23}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"dup2", {33, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"dup3", {292, 24, 24}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"fcntl", {72, 25, 25}, {JL_RULE_ALLOW, JL_RULE_ROLE_FCNTL, JL_RULE_ROLE_FCNTL, JL_RULE_ROLE_FCNTL}},
    {"pipe", {22, -1, -1}, {JL_RULE_ALLOW}},
    {"pipe2", {293, 59, 59}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},

    /* allowed: names; what they reach is for the mounts and Landlock to say */
    {"access", {21, -1, -1}, {JL_RULE_ALLOW}},
    {"chdir", {80, 49, 49}, {JL_RULE_ALLOW}},
    {"chown", {92, -1, -1}, {JL_RULE_ALLOW}},
    {"creat", {85, -1, -1}, {JL_RULE_CHMOD}},
    {"faccessat", {269, 48, 48}, {JL_RULE_ALLOW}},
    {"faccessat2", {439, 439, 439}, {JL_RULE_ALLOW}},
    {"fchdir", {81, 50, 50}, {JL_RULE_ALLOW}},
    {"fchown", {93, 55, 55}, {JL_RULE_ALLOW}},
    {"fchownat", {260, 54, 54}, {JL_RULE_ALLOW}},
    {"fgetxattr", {193, 10, 10}, {JL_RULE_ALLOW}},
    {"file_getattr", {468, 468, 468}, {JL_RULE_ALLOW}},
    {"file_setattr", {469, 469, 469}, {JL_RULE_ALLOW}},
    {"flistxattr", {196, 13, 13}, {JL_RULE_ALLOW}},
    {"fremovexattr", {199, 16, 16}, {JL_RULE_ALLOW}},
    {"fsetxattr", {190, 7, 7}, {JL_RULE_ALLOW}},
    {"fstat", {5, 80, 80}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"fstatfs", {138, 44, 44}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"futimesat", {261, -1, -1}, {JL_RULE_ALLOW}},
    {"getcwd", {79, 17, 17}, {JL_RULE_ALLOW}},
    {"getdents", {78, -1, -1}, {JL_RULE_ALLOW}},
    {"getdents64", {217, 61, 61}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getxattr", {191, 8, 8}, {JL_RULE_ALLOW}},
    {"getxattrat", {464, 464, 464}, {JL_RULE_ALLOW}},
    {"lchown", {94, -1, -1}, {JL_RULE_ALLOW}},
    {"lgetxattr", {192, 9, 9}, {JL_RULE_ALLOW}},
    {"link", {86, -1, -1}, {JL_RULE_ALLOW}},
    {"linkat", {265, 37, 37}, {JL_RULE_ALLOW}},
    {"listxattr", {194, 11, 11}, {JL_RULE_ALLOW}},
    {"listxattrat", {465, 465, 465}, {JL_RULE_ALLOW}},
    {"llistxattr", {195, 12, 12}, {JL_RULE_ALLOW}},
    {"lremovexattr", {198, 15, 15}, {JL_RULE_ALLOW}},
    {"lsetxattr", {189, 6, 6}, {JL_RULE_ALLOW}},
    {"lstat", {6, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"mkdir", {83, -1, -1}, {JL_RULE_ALLOW}},
    {"mkdirat", {258, 34, 34}, {JL_RULE_ALLOW}},
    {"newfstatat", {262, 79, 79}, {JL_RULE_ALLOW, JL_RULE_ALLOW, JL_RULE_ABSENT, JL_RULE_ABSENT}},
    {"open", {2, -1, -1}, {JL_RULE_OPEN, JL_RULE_OPEN, JL_RULE_ABSENT, JL_RULE_ABSENT}},
    {"openat", {257, 56, 56}, {JL_RULE_OPENAT, JL_RULE_OPENAT, JL_RULE_ABSENT, JL_RULE_ABSENT}},
    {"openat2", {437, 437, 437}, {JL_RULE_OPENAT2, JL_RULE_ABSENT}},
    {"readlink", {89, -1, -1}, {JL_RULE_ALLOW}},
    {"readlinkat", {267, 78, 78}, {JL_RULE_ALLOW}},
    {"removexattr", {197, 14, 14}, {JL_RULE_ALLOW}},
    {"removexattrat", {466, 466, 466}, {JL_RULE_ALLOW}},
    {"rename", {82, -1, -1}, {JL_RULE_ALLOW}},
    {"renameat", {264, 38, -1}, {JL_RULE_ALLOW}},
    {"renameat2", {316, 276, 276}, {JL_RULE_ALLOW}},
    {"rmdir", {84, -1, -1}, {JL_RULE_ALLOW}},
    {"setxattr", {188, 5, 5}, {JL_RULE_ALLOW}},
    {"setxattrat", {463, 463, 463}, {JL_RULE_ALLOW}},
    {"stat", {4, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"statfs", {137, 43, 43}, {JL_RULE_ALLOW}},
    {"statx", {332, 291, 291}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"symlink", {88, -1, -1}, {JL_RULE_ALLOW}},
    {"symlinkat", {266, 36, 36}, {JL_RULE_ALLOW}},
    {"unlink", {87, -1, -1}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"unlinkat", {263, 35, 35}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"utime", {132, -1, -1}, {JL_RULE_ALLOW}},
    {"utimensat", {280, 88, 88}, {JL_RULE_ALLOW}},
    {"utimes", {235, -1, -1}, {JL_RULE_ALLOW}},

    /* allowed: sockets, once there is one */
    {"accept", {43, 202, 202}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"accept4", {288, 242, 242}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"bind", {49, 200, 200}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"connect", {42, 203, 203}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"getpeername", {52, 205, 205}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"getsockname", {51, 204, 204}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"getsockopt", {55, 209, 209}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"listen", {50, 201, 201}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"recvfrom", {45, 207, 207}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"recvmmsg", {299, 243, 243}, {JL_RULE_ALLOW, JL_RULE_ALLOW}},
    {"recvmsg", {47, 212, 212}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},
    {"sendmmsg", {307, 269, 269}, {JL_RULE_SENDTO, JL_RULE_SENDTO}},
    {"sendmsg", {46, 211, 211}, {JL_RULE_SENDMSG, JL_RULE_SENDMSG, 0, JL_RULE_SENDMSG}},
    {"sendto", {44, 206, 206}, {JL_RULE_SENDTO, JL_RULE_SENDTO, 0, JL_RULE_SENDTO}},
    {"setsockopt", {54, 208, 208}, {JL_RULE_SETSOCKOPT, JL_RULE_SETSOCKOPT, 0, JL_RULE_SETSOCKOPT}},
    {"shutdown", {48, 210, 210}, {JL_RULE_ALLOW, JL_RULE_ALLOW, 0, JL_RULE_ALLOW}},

    /* allowed: System V and POSIX IPC, in the box's own IPC namespace */
    {"mq_getsetattr", {245, 185, 185}, {JL_RULE_ALLOW}},
    {"mq_notify", {244, 184, 184}, {JL_RULE_ALLOW}},
    {"mq_open", {240, 180, 180}, {JL_RULE_ALLOW}},
    {"mq_timedreceive", {243, 183, 183}, {JL_RULE_ALLOW}},
    {"mq_timedsend", {242, 182, 182}, {JL_RULE_ALLOW}},
    {"mq_unlink", {241, 181, 181}, {JL_RULE_ALLOW}},
    {"msgctl", {71, 187, 187}, {JL_RULE_ALLOW}},
    {"msgget", {68, 186, 186}, {JL_RULE_ALLOW}},
    {"msgrcv", {70, 188, 188}, {JL_RULE_ALLOW}},
    {"msgsnd", {69, 189, 189}, {JL_RULE_ALLOW}},
    {"semctl", {66, 191, 191}, {JL_RULE_ALLOW}},
    {"semget", {64, 190, 190}, {JL_RULE_ALLOW}},
    {"semop", {65, 193, 193}, {JL_RULE_ALLOW}},
    {"semtimedop", {220, 192, 192}, {JL_RULE_ALLOW}},
    {"shmat", {30, 196, 196}, {JL_RULE_ALLOW}},
    {"shmctl", {31, 195, 195}, {JL_RULE_ALLOW}},
    {"shmdt", {67, 197, 197}, {JL_RULE_ALLOW}},
    {"shmget", {29, 194, 194}, {JL_RULE_ALLOW}}};

enum { JL_TAB_CALLS = sizeof jl_tab_calls / sizeof jl_tab_calls[0] };

/* The row of a number, or NULL. It looks at every row. */
static const jl_tab_call *jl_tab_call_of(jl_arch arch, uint32_t number) {
  if ((unsigned)arch >= JL_ARCH_COUNT || number >= JL_TAB_NUMBERS) return NULL;
  for (size_t i = 0; i < JL_TAB_CALLS; i++)
    if (jl_tab_calls[i].number[arch] == (int16_t)number) return &jl_tab_calls[i];
  return NULL;
}

/* Why the launch filter has an opinion on a call: half a sentence, for diagnostics. */
JL_UNUSED static const char *jl_tab_why(jl_arch arch, uint32_t number) {
  const jl_tab_call *call = jl_tab_call_of(arch, number);
  return jl_tab_rules[call ? call->rule[0] : JL_RULE_UNKNOWN].why;
}

/* The row of name[0..n), or NULL. It looks at every row. */
static const jl_tab_call *jl_tab_call_named(const char *name, size_t n) {
  for (size_t i = 0; i < JL_TAB_CALLS; i++)
    if (strncmp(jl_tab_calls[i].name, name, n) == 0 && jl_tab_calls[i].name[n] == 0) return &jl_tab_calls[i];
  return NULL;
}

/* The init of `with_init`: PID 1 with memory of its own, 115 bytes of machine code in a sealed memfd. Written out here
   so that it needs no compiler at run time; tests/test_init.c assembles the listing and compares.

     next:  signal = rt_sigtimedwait(all, NULL, NULL, 8)           every signal is blocked, so none is lost
            if signal == SIGCHLD: goto reap
            if signal == SIGTSTP: signal = SIGSTOP                 ^Z outside: the target's orphaned group ignores TSTP
            if signal > 0: kill(-2, signal)                        the target is the first child of PID 1: always 2,
                                                                   and the leader of its own process group
            goto next
     reap:  pid = wait4(-1, &status, WNOHANG | __WALL, NULL)
            if pid == 2: write(3, &status, 4), exit_group(0)       the kernel ends what is left of the namespace
            if pid > 0: goto reap
            goto next                                                                                             */
/* clang-format off */
static const uint8_t jl_tab_init_x86_64[] = {
    0x48, 0x83, 0xec, 0x10,                         /* _start: sub $16, %rsp */
    0x48, 0x8d, 0x3d, 0x60, 0x00, 0x00, 0x00,       /* next:  lea full(%rip), %rdi */
    0x31, 0xf6,                                     /*        xor %esi, %esi */
    0x31, 0xd2,                                     /*        xor %edx, %edx */
    0x6a, 0x08, 0x41, 0x5a,                         /*        push $8; pop %r10 */
    0xb8, 0x80, 0x00, 0x00, 0x00,                   /*        mov $128, %eax           rt_sigtimedwait */
    0x0f, 0x05,                                     /*        syscall */
    0x83, 0xf8, 0x11,                               /*        cmp $17, %eax            SIGCHLD */
    0x74, 0x17,                                     /*        je reap */
    0x85, 0xc0,                                     /*        test %eax, %eax */
    0x7e, 0xe1,                                     /*        jle next */
    0x83, 0xf8, 0x14,                               /*        cmp $20, %eax            SIGTSTP: ^Z outside */
    0x75, 0x02,                                     /*        jne send */
    0xff, 0xc8,                                     /*        dec %eax                 SIGSTOP */
    0x89, 0xc6,                                     /* send:  mov %eax, %esi */
    0x6a, 0xfe, 0x5f,                               /*        push $-2; pop %rdi */
    0x6a, 0x3e, 0x58,                               /*        push $62; pop %rax       kill */
    0x0f, 0x05,                                     /*        syscall */
    0xeb, 0xce,                                     /*        jmp next */
    0x6a, 0xff, 0x5f,                               /* reap:  push $-1; pop %rdi */
    0x48, 0x89, 0xe6,                               /*        mov %rsp, %rsi */
    0xba, 0x01, 0x00, 0x00, 0x40,                   /*        mov $0x40000001, %edx */
    0x45, 0x31, 0xd2,                               /*        xor %r10d, %r10d */
    0x6a, 0x3d, 0x58,                               /*        push $61; pop %rax       wait4 */
    0x0f, 0x05,                                     /*        syscall */
    0x83, 0xf8, 0x02,                               /*        cmp $2, %eax */
    0x74, 0x06,                                     /*        je done */
    0x85, 0xc0,                                     /*        test %eax, %eax */
    0x7f, 0xe4,                                     /*        jg reap */
    0xeb, 0xb0,                                     /*        jmp next */
    0x6a, 0x03, 0x5f,                               /* done:  push $3; pop %rdi */
    0x48, 0x89, 0xe6,                               /*        mov %rsp, %rsi */
    0x6a, 0x04, 0x5a,                               /*        push $4; pop %rdx */
    0x6a, 0x01, 0x58,                               /*        push $1; pop %rax        write */
    0x0f, 0x05,                                     /*        syscall */
    0x31, 0xff,                                     /*        xor %edi, %edi */
    0xb8, 0xe7, 0x00, 0x00, 0x00,                   /*        mov $231, %eax           exit_group */
    0x0f, 0x05,                                     /*        syscall */
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, /* full:  .quad -1 */
};
/* clang-format on */

/* clang-format off */
static const uint32_t jl_tab_init_aarch64[] = {
    0xd10043ff, /* _start: sub sp, sp, #16 */
    0x92800009, /*        movn x9, #0 */
    0xf90007e9, /*        str x9, [sp, #8] */
    0x910023e0, /* next:  add x0, sp, #8 */
    0xaa1f03e1, /*        mov x1, xzr */
    0xaa1f03e2, /*        mov x2, xzr */
    0xd2800103, /*        mov x3, #8 */
    0xd2801128, /*        mov x8, #137             rt_sigtimedwait */
    0xd4000001, /*        svc #0 */
    0x7100441f, /*        cmp w0, #17              SIGCHLD */
    0x54000140, /*        b.eq reap */
    0x7100001f, /*        cmp w0, #0 */
    0x54fffeed, /*        b.le next */
    0x7100501f, /*        cmp w0, #20              SIGTSTP: ^Z outside */
    0x1a9f17e9, /*        cset w9, eq */
    0x4b090001, /*        sub w1, w0, w9           then SIGSTOP */
    0x92800020, /*        movn x0, #1              -2 */
    0xd2801028, /*        mov x8, #129             kill */
    0xd4000001, /*        svc #0 */
    0x17fffff0, /*        b next */
    0x92800000, /* reap:  movn x0, #0 */
    0x910003e1, /*        mov x1, sp */
    0x52a80002, /*        mov w2, #0x40000000 */
    0x32000042, /*        orr w2, w2, #1 */
    0xaa1f03e3, /*        mov x3, xzr */
    0xd2802088, /*        mov x8, #260             wait4 */
    0xd4000001, /*        svc #0 */
    0x7100081f, /*        cmp w0, #2 */
    0x54000080, /*        b.eq done */
    0x7100001f, /*        cmp w0, #0 */
    0x54fffecc, /*        b.gt reap */
    0x17ffffe4, /*        b next */
    0xd2800060, /* done:  mov x0, #3 */
    0x910003e1, /*        mov x1, sp */
    0xd2800082, /*        mov x2, #4 */
    0xd2800808, /*        mov x8, #64              write */
    0xd4000001, /*        svc #0 */
    0xaa1f03e0, /*        mov x0, xzr */
    0xd2800bc8, /*        mov x8, #94              exit_group */
    0xd4000001, /*        svc #0 */
};
/* clang-format on */

enum { JL_TAB_ELF_HEAD = 64 + 56 };

static void jl_tab_little(uint8_t *to, size_t bytes, uint64_t value) {
  for (size_t i = 0; i < bytes; i++) to[i] = (uint8_t)(value >> (8 * i));
}

/* An ELF executable around the code: one header, one read-and-execute segment (elf(5)). Returns its size; to[] needs
   512 bytes. machine: EM_X86_64 62, EM_AARCH64 183. */
static size_t jl_tab_elf(uint8_t to[512], unsigned machine, const void *code, size_t size) {
  const uint64_t base = 0x400000, total = JL_TAB_ELF_HEAD + size;
  memset(to, 0, 512);
  memcpy(to, "\177ELF\2\1\1", 7); /* 64 bits, little-endian, version 1 */
  jl_tab_little(to + 16, 2, 2);   /* ET_EXEC */
  jl_tab_little(to + 18, 2, machine);
  jl_tab_little(to + 20, 4, 1);
  jl_tab_little(to + 24, 8, base + JL_TAB_ELF_HEAD); /* entry */
  jl_tab_little(to + 32, 8, 64);                     /* program header */
  jl_tab_little(to + 52, 2, 64);
  jl_tab_little(to + 54, 2, 56);
  jl_tab_little(to + 56, 2, 1);
  jl_tab_little(to + 64, 4, 1); /* PT_LOAD */
  jl_tab_little(to + 68, 4, 5); /* read, execute */
  jl_tab_little(to + 80, 8, base);
  jl_tab_little(to + 88, 8, base);
  jl_tab_little(to + 96, 8, total);
  jl_tab_little(to + 104, 8, total);
  jl_tab_little(to + 112, 8, 0x10000);
  memcpy(to + JL_TAB_ELF_HEAD, code, size);
  return (size_t)total;
}

/* The init for one machine, as a whole file. */
JL_UNUSED static size_t jl_tab_init(uint8_t to[512], bool x86_64) {
  uint8_t code[sizeof jl_tab_init_aarch64];
  if (x86_64) return jl_tab_elf(to, 62, jl_tab_init_x86_64, sizeof jl_tab_init_x86_64);
  for (size_t i = 0; i < sizeof jl_tab_init_aarch64 / 4; i++) jl_tab_little(code + 4 * i, 4, jl_tab_init_aarch64[i]);
  return jl_tab_elf(to, 183, code, sizeof code);
}

/* ============================================================================================
 * // >>constants    the kernel's numbers by name, for policies that come as text
 * May touch: const data. May call: syscalls.
 * Values: include/uapi of Linux 7.2, and of 6.12 for what each machine and the devices bring. Where libc has another
 * value than the kernel, the kernel's stands here, for that is what a filter sees: O_LARGEFILE, which is 0 in libc.
 * What only libc names (AF_*, SOCK_*, MSG_*, O_ASYNC) has libc's value. Left out: SIGRTMIN and SIGRTMAX, because the
 * kernel's 32 is not libc's 34.
 * ============================================================================================ */

/* Names and values, a space before each. Decimal, 0x or octal as in C; negative where the kernel's is. Where machines
   differ there are three values in the order of jl_arch, and "-" where the name means nothing to a machine. It is text
   because rows with pointers would be twice the size, and each pointer is work for the linker of every program that
   starts. No string is longer than the 4095 bytes of C99. */
/* clang-format off */
static const char *const jl_const_values[] = {
    /* open(2) */
    " O_ACCMODE 3 O_RDONLY 0 O_WRONLY 1 O_RDWR 2 O_CREAT 0x40 O_EXCL 0x80 O_NOCTTY 0x100 O_TRUNC 0x200 O_APPEND 0x400"
    " O_NONBLOCK 0x800 O_DSYNC 0x1000 O_DIRECT 0x4000/0x10000/0x4000 O_LARGEFILE 0x8000/0x20000/0x8000"
    " O_DIRECTORY 0x10000/0x4000/0x10000 O_NOFOLLOW 0x20000/0x8000/0x20000 O_NOATIME 0x40000 O_CLOEXEC 0x80000"
    " O_SYNC 0x101000 O_PATH 0x200000 O_EMPTYPATH 0x4000000 O_TMPFILE 0x410000/0x404000/0x410000 O_NDELAY 0x800"
    " O_FSYNC 0x101000 O_ASYNC 0x2000 O_RSYNC 0x101000 FASYNC 0x2000",
    /* fcntl(2), flock(2), lseek(2), access(2) */
    " F_DUPFD 0 F_GETFD 1 F_SETFD 2 F_GETFL 3 F_SETFL 4 F_GETLK 5 F_SETLK 6 F_SETLKW 7 F_SETOWN 8 F_GETOWN 9"
    " F_SETSIG 10 F_GETSIG 11 F_SETOWN_EX 15 F_GETOWN_EX 16 F_GETOWNER_UIDS 17 F_OFD_GETLK 36 F_OFD_SETLK 37"
    " F_OFD_SETLKW 38 F_RDLCK 0 F_WRLCK 1 F_UNLCK 2 F_EXLCK 4 F_SHLCK 8 F_SETLEASE 1024 F_GETLEASE 1025 F_NOTIFY 1026"
    " F_DUPFD_QUERY 1027 F_CREATED_QUERY 1028 F_CANCELLK 1029 F_DUPFD_CLOEXEC 1030 F_SETPIPE_SZ 1031"
    " F_GETPIPE_SZ 1032 F_ADD_SEALS 1033 F_GET_SEALS 1034 F_SEAL_SEAL 1 F_SEAL_SHRINK 2 F_SEAL_GROW 4 F_SEAL_WRITE 8"
    " F_SEAL_FUTURE_WRITE 0x10 F_SEAL_EXEC 0x20 F_GET_RW_HINT 1035 F_SET_RW_HINT 1036 F_GET_FILE_RW_HINT 1037"
    " F_SET_FILE_RW_HINT 1038 F_GETDELEG 1039 F_SETDELEG 1040 F_GETLK64 5 F_SETLK64 6 F_SETLKW64 7 F_OK 0"
    " FD_CLOEXEC 1 LOCK_SH 1 LOCK_EX 2 LOCK_NB 4 LOCK_UN 8 LOCK_MAND 0x20 LOCK_READ 0x40 LOCK_WRITE 0x80 LOCK_RW 0xc0"
    " DN_ACCESS 1 DN_MODIFY 2 DN_CREATE 4 DN_DELETE 8 DN_RENAME 0x10 DN_ATTRIB 0x20 DN_MULTISHOT 0x80000000"
    " SEEK_SET 0 SEEK_CUR 1 SEEK_END 2 SEEK_DATA 3 SEEK_HOLE 4 R_OK 4 W_OK 2 X_OK 1",
    /* names: openat(2), renameat2(2), statx(2), setxattr(2), close_range(2) */
    " RESOLVE_NO_XDEV 1 RESOLVE_NO_MAGICLINKS 2 RESOLVE_NO_SYMLINKS 4 RESOLVE_BENEATH 8 RESOLVE_IN_ROOT 0x10"
    " RESOLVE_CACHED 0x20 AT_FDCWD -100 AT_SYMLINK_NOFOLLOW 0x100 AT_SYMLINK_FOLLOW 0x400 AT_NO_AUTOMOUNT 0x800"
    " AT_EMPTY_PATH 0x1000 AT_STATX_SYNC_TYPE 0x6000 AT_STATX_SYNC_AS_STAT 0 AT_STATX_FORCE_SYNC 0x2000"
    " AT_STATX_DONT_SYNC 0x4000 AT_RECURSIVE 0x8000 AT_EACCESS 0x200 AT_REMOVEDIR 0x200 AT_HANDLE_FID 0x200"
    " AT_HANDLE_MNT_ID_UNIQUE 1 AT_HANDLE_CONNECTABLE 2 AT_EXECVE_CHECK 0x10000 STATX_TYPE 1 STATX_MODE 2"
    " STATX_NLINK 4 STATX_UID 8 STATX_GID 0x10 STATX_ATIME 0x20 STATX_MTIME 0x40 STATX_CTIME 0x80 STATX_INO 0x100"
    " STATX_SIZE 0x200 STATX_BLOCKS 0x400 STATX_BASIC_STATS 0x7ff STATX_BTIME 0x800 STATX_MNT_ID 0x1000"
    " STATX_DIOALIGN 0x2000 STATX_MNT_ID_UNIQUE 0x4000 STATX_SUBVOL 0x8000 STATX_WRITE_ATOMIC 0x10000"
    " STATX_DIO_READ_ALIGN 0x20000 STATX_ALL 0xfff RENAME_NOREPLACE 1 RENAME_EXCHANGE 2 RENAME_WHITEOUT 4"
    " CLOSE_RANGE_UNSHARE 2 CLOSE_RANGE_CLOEXEC 4 XATTR_CREATE 1 XATTR_REPLACE 2",
    /* chmod(2), open(2): modes */
    " S_IFMT 0170000 S_IFSOCK 0140000 S_IFLNK 0120000 S_IFREG 0100000 S_IFBLK 060000 S_IFDIR 040000 S_IFCHR 020000"
    " S_IFIFO 010000 S_ISUID 04000 S_ISGID 02000 S_ISVTX 01000 S_IRWXU 0700 S_IRUSR 0400 S_IWUSR 0200 S_IXUSR 0100"
    " S_IRWXG 070 S_IRGRP 040 S_IWGRP 020 S_IXGRP 010 S_IRWXO 07 S_IROTH 04 S_IWOTH 02 S_IXOTH 01",
    /* contents: fallocate(2), posix_fadvise(2), splice(2), sync_file_range(2), preadv2(2), getrandom(2) */
    " GRND_NONBLOCK 1 GRND_RANDOM 2 GRND_INSECURE 4 SYNC_FILE_RANGE_WAIT_BEFORE 1 SYNC_FILE_RANGE_WRITE 2"
    " SYNC_FILE_RANGE_WAIT_AFTER 4 SYNC_FILE_RANGE_WRITE_AND_WAIT 7 RWF_HIPRI 1 RWF_DSYNC 2 RWF_SYNC 4 RWF_NOWAIT 8"
    " RWF_APPEND 0x10 RWF_NOAPPEND 0x20 RWF_ATOMIC 0x40 RWF_DONTCACHE 0x80 RWF_NOSIGNAL 0x100 FALLOC_FL_KEEP_SIZE 1"
    " FALLOC_FL_PUNCH_HOLE 2 FALLOC_FL_NO_HIDE_STALE 4 FALLOC_FL_COLLAPSE_RANGE 8 FALLOC_FL_ZERO_RANGE 0x10"
    " FALLOC_FL_INSERT_RANGE 0x20 FALLOC_FL_UNSHARE_RANGE 0x40 FALLOC_FL_WRITE_ZEROES 0x80 POSIX_FADV_NORMAL 0"
    " POSIX_FADV_RANDOM 1 POSIX_FADV_SEQUENTIAL 2 POSIX_FADV_WILLNEED 3 POSIX_FADV_DONTNEED 4 POSIX_FADV_NOREUSE 5"
    " SPLICE_F_MOVE 1 SPLICE_F_NONBLOCK 2 SPLICE_F_MORE 4 SPLICE_F_GIFT 8",
    /* memory: mmap(2), mremap(2), mlock2(2), msync(2) */
    " MAP_32BIT 0x40/-/- MAP_ABOVE4G 0x80/-/- MAP_TYPE 0xf MAP_FIXED 0x10 MAP_ANONYMOUS 0x20 MAP_POPULATE 0x8000"
    " MAP_NONBLOCK 0x10000 MAP_STACK 0x20000 MAP_HUGETLB 0x40000 MAP_SYNC 0x80000 MAP_FIXED_NOREPLACE 0x100000"
    " MAP_UNINITIALIZED 0x4000000 MAP_FILE 0 MAP_GROWSDOWN 0x100 MAP_DENYWRITE 0x800 MAP_EXECUTABLE 0x1000"
    " MAP_LOCKED 0x2000 MAP_NORESERVE 0x4000 MAP_SHARED 1 MAP_PRIVATE 2 MAP_SHARED_VALIDATE 3 MAP_DROPPABLE 8"
    " MAP_HUGE_16KB 0x38000000 MAP_HUGE_64KB 0x40000000 MAP_HUGE_512KB 0x4c000000 MAP_HUGE_1MB 0x50000000"
    " MAP_HUGE_2MB 0x54000000 MAP_HUGE_8MB 0x5c000000 MAP_HUGE_16MB 0x60000000 MAP_HUGE_32MB 0x64000000"
    " MAP_HUGE_256MB 0x70000000 MAP_HUGE_512MB 0x74000000 MAP_HUGE_1GB 0x78000000 MAP_HUGE_2GB 0x7c000000"
    " MAP_HUGE_16GB 0x88000000 MAP_ANON 0x20 PROT_READ 1 PROT_WRITE 2 PROT_EXEC 4 PROT_SEM 8 PROT_NONE 0"
    " PROT_GROWSDOWN 0x1000000 PROT_GROWSUP 0x2000000 PROT_BTI -/0x10/- PROT_MTE -/0x20/- MLOCK_ONFAULT 1 MS_ASYNC 1"
    " MS_INVALIDATE 2 MS_SYNC 4 MCL_CURRENT 1 MCL_FUTURE 2 MCL_ONFAULT 4 MREMAP_MAYMOVE 1 MREMAP_FIXED 2"
    " MREMAP_DONTUNMAP 4",
    /* madvise(2) */
    " MADV_NORMAL 0 MADV_RANDOM 1 MADV_SEQUENTIAL 2 MADV_WILLNEED 3 MADV_DONTNEED 4 MADV_FREE 8 MADV_REMOVE 9"
    " MADV_DONTFORK 10 MADV_DOFORK 11 MADV_HWPOISON 100 MADV_SOFT_OFFLINE 101 MADV_MERGEABLE 12 MADV_UNMERGEABLE 13"
    " MADV_HUGEPAGE 14 MADV_NOHUGEPAGE 15 MADV_DONTDUMP 16 MADV_DODUMP 17 MADV_WIPEONFORK 18 MADV_KEEPONFORK 19"
    " MADV_COLD 20 MADV_PAGEOUT 21 MADV_POPULATE_READ 22 MADV_POPULATE_WRITE 23 MADV_DONTNEED_LOCKED 24"
    " MADV_COLLAPSE 25 MADV_GUARD_INSTALL 102 MADV_GUARD_REMOVE 103",
    /* memfd_create(2), pkey_alloc(2) */
    " PKEY_DISABLE_ACCESS 1 PKEY_DISABLE_WRITE 2 PKEY_DISABLE_EXECUTE -/4/- PKEY_DISABLE_READ -/8/- MFD_CLOEXEC 1"
    " MFD_ALLOW_SEALING 2 MFD_HUGETLB 4 MFD_NOEXEC_SEAL 8 MFD_EXEC 0x10 MFD_HUGE_64KB 0x40000000"
    " MFD_HUGE_512KB 0x4c000000 MFD_HUGE_1MB 0x50000000 MFD_HUGE_2MB 0x54000000 MFD_HUGE_8MB 0x5c000000"
    " MFD_HUGE_16MB 0x60000000 MFD_HUGE_32MB 0x64000000 MFD_HUGE_256MB 0x70000000 MFD_HUGE_512MB 0x74000000"
    " MFD_HUGE_1GB 0x78000000 MFD_HUGE_2GB 0x7c000000 MFD_HUGE_16GB 0x88000000",
    /* mbind(2), membarrier(2) */
    " MPOL_F_STATIC_NODES 0x8000 MPOL_F_RELATIVE_NODES 0x4000 MPOL_F_NUMA_BALANCING 0x2000 MPOL_F_NODE 1"
    " MPOL_F_ADDR 2 MPOL_F_MEMS_ALLOWED 4 MPOL_MF_STRICT 1 MPOL_MF_MOVE 2 MPOL_MF_MOVE_ALL 4 MPOL_DEFAULT 0"
    " MPOL_PREFERRED 1 MPOL_BIND 2 MPOL_INTERLEAVE 3 MPOL_LOCAL 4 MPOL_PREFERRED_MANY 5 MPOL_WEIGHTED_INTERLEAVE 6"
    " MEMBARRIER_CMD_QUERY 0 MEMBARRIER_CMD_GLOBAL 1 MEMBARRIER_CMD_GLOBAL_EXPEDITED 2"
    " MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED 4 MEMBARRIER_CMD_PRIVATE_EXPEDITED 8"
    " MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED 0x10 MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE 0x20"
    " MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE 0x40 MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ 0x80"
    " MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ 0x100 MEMBARRIER_CMD_GET_REGISTRATIONS 0x200"
    " MEMBARRIER_CMD_SHARED 1 MEMBARRIER_CMD_FLAG_CPU 1",
    /* mount(2) and the calls that replace it */
    " MS_RDONLY 1 MS_NOSUID 2 MS_NODEV 4 MS_NOEXEC 8 MS_SYNCHRONOUS 0x10 MS_REMOUNT 0x20 MS_MANDLOCK 0x40"
    " MS_DIRSYNC 0x80 MS_NOSYMFOLLOW 0x100 MS_NOATIME 0x400 MS_NODIRATIME 0x800 MS_BIND 0x1000 MS_MOVE 0x2000"
    " MS_REC 0x4000 MS_SILENT 0x8000 MS_POSIXACL 0x10000 MS_UNBINDABLE 0x20000 MS_PRIVATE 0x40000 MS_SLAVE 0x80000"
    " MS_SHARED 0x100000 MS_RELATIME 0x200000 MS_I_VERSION 0x800000 MS_STRICTATIME 0x1000000 MS_LAZYTIME 0x2000000"
    " MS_MGC_VAL 0xc0ed0000 OPEN_TREE_CLONE 1 OPEN_TREE_NAMESPACE 2 OPEN_TREE_CLOEXEC 0x80000 MOVE_MOUNT_F_SYMLINKS 1"
    " MOVE_MOUNT_F_AUTOMOUNTS 2 MOVE_MOUNT_F_EMPTY_PATH 4 MOVE_MOUNT_T_SYMLINKS 0x10 MOVE_MOUNT_T_AUTOMOUNTS 0x20"
    " MOVE_MOUNT_T_EMPTY_PATH 0x40 MOVE_MOUNT_SET_GROUP 0x100 MOVE_MOUNT_BENEATH 0x200 FSOPEN_CLOEXEC 1"
    " FSPICK_CLOEXEC 1 FSPICK_SYMLINK_NOFOLLOW 2 FSPICK_NO_AUTOMOUNT 4 FSPICK_EMPTY_PATH 8 FSMOUNT_CLOEXEC 1"
    " FSMOUNT_NAMESPACE 2 MOUNT_ATTR_RDONLY 1 MOUNT_ATTR_NOSUID 2 MOUNT_ATTR_NODEV 4 MOUNT_ATTR_NOEXEC 8"
    " MOUNT_ATTR__ATIME 0x70 MOUNT_ATTR_RELATIME 0 MOUNT_ATTR_NOATIME 0x10 MOUNT_ATTR_STRICTATIME 0x20"
    " MOUNT_ATTR_NODIRATIME 0x80 MOUNT_ATTR_IDMAP 0x100000 MOUNT_ATTR_NOSYMFOLLOW 0x200000 FSCONFIG_SET_FLAG 0"
    " FSCONFIG_SET_STRING 1 FSCONFIG_SET_BINARY 2 FSCONFIG_SET_PATH 3 FSCONFIG_SET_PATH_EMPTY 4 FSCONFIG_SET_FD 5"
    " FSCONFIG_CMD_CREATE 6 FSCONFIG_CMD_RECONFIGURE 7 FSCONFIG_CMD_CREATE_EXCL 8 MNT_FORCE 1 MNT_DETACH 2"
    " MNT_EXPIRE 4 UMOUNT_NOFOLLOW 8",
    /* clone(2), wait4(2), waitid(2), pidfd_open(2) */
    " CSIGNAL 0xff WNOHANG 1 WUNTRACED 2 WSTOPPED 2 WEXITED 4 WCONTINUED 8 WNOWAIT 0x1000000 __WNOTHREAD 0x20000000"
    " __WALL 0x40000000 __WCLONE 0x80000000 CLONE_VM 0x100 CLONE_FS 0x200 CLONE_FILES 0x400 CLONE_SIGHAND 0x800"
    " CLONE_PIDFD 0x1000 CLONE_PTRACE 0x2000 CLONE_VFORK 0x4000 CLONE_PARENT 0x8000 CLONE_THREAD 0x10000"
    " CLONE_NEWNS 0x20000 CLONE_SYSVSEM 0x40000 CLONE_SETTLS 0x80000 CLONE_PARENT_SETTID 0x100000"
    " CLONE_CHILD_CLEARTID 0x200000 CLONE_DETACHED 0x400000 CLONE_UNTRACED 0x800000 CLONE_CHILD_SETTID 0x1000000"
    " CLONE_NEWCGROUP 0x2000000 CLONE_NEWUTS 0x4000000 CLONE_NEWIPC 0x8000000 CLONE_NEWUSER 0x10000000"
    " CLONE_NEWPID 0x20000000 CLONE_NEWNET 0x40000000 CLONE_IO 0x80000000 CLONE_CLEAR_SIGHAND 0x100000000"
    " CLONE_INTO_CGROUP 0x200000000 CLONE_AUTOREAP 0x400000000 CLONE_NNP 0x800000000"
    " CLONE_PIDFD_AUTOKILL 0x1000000000 CLONE_EMPTY_MNTNS 0x2000000000 CLONE_NEWTIME 0x80 P_ALL 0 P_PID 1 P_PGID 2"
    " P_PIDFD 3 PIDFD_NONBLOCK 0x800 PIDFD_THREAD 0x80 PIDFD_SIGNAL_THREAD 1 PIDFD_SIGNAL_THREAD_GROUP 2"
    " PIDFD_SIGNAL_PROCESS_GROUP 4",
    /* prctl(2) */
    " PR_SET_PDEATHSIG 1 PR_GET_PDEATHSIG 2 PR_GET_DUMPABLE 3 PR_SET_DUMPABLE 4 PR_GET_UNALIGN 5 PR_SET_UNALIGN 6"
    " PR_UNALIGN_NOPRINT 1 PR_UNALIGN_SIGBUS 2 PR_GET_KEEPCAPS 7 PR_SET_KEEPCAPS 8 PR_GET_FPEMU 9 PR_SET_FPEMU 10"
    " PR_FPEMU_NOPRINT 1 PR_FPEMU_SIGFPE 2 PR_GET_FPEXC 11 PR_SET_FPEXC 12 PR_FP_EXC_SW_ENABLE 0x80"
    " PR_FP_EXC_DIV 0x10000 PR_FP_EXC_OVF 0x20000 PR_FP_EXC_UND 0x40000 PR_FP_EXC_RES 0x80000 PR_FP_EXC_INV 0x100000"
    " PR_FP_EXC_DISABLED 0 PR_FP_EXC_NONRECOV 1 PR_FP_EXC_ASYNC 2 PR_FP_EXC_PRECISE 3 PR_GET_TIMING 13"
    " PR_SET_TIMING 14 PR_TIMING_STATISTICAL 0 PR_TIMING_TIMESTAMP 1 PR_SET_NAME 15 PR_GET_NAME 16 PR_GET_ENDIAN 19"
    " PR_SET_ENDIAN 20 PR_ENDIAN_BIG 0 PR_ENDIAN_LITTLE 1 PR_ENDIAN_PPC_LITTLE 2 PR_GET_SECCOMP 21 PR_SET_SECCOMP 22"
    " PR_CAPBSET_READ 23 PR_CAPBSET_DROP 24 PR_GET_TSC 25 PR_SET_TSC 26 PR_TSC_ENABLE 1 PR_TSC_SIGSEGV 2"
    " PR_GET_SECUREBITS 27 PR_SET_SECUREBITS 28 PR_SET_TIMERSLACK 29 PR_GET_TIMERSLACK 30"
    " PR_TASK_PERF_EVENTS_DISABLE 31 PR_TASK_PERF_EVENTS_ENABLE 32 PR_MCE_KILL 33 PR_MCE_KILL_CLEAR 0"
    " PR_MCE_KILL_SET 1 PR_MCE_KILL_LATE 0 PR_MCE_KILL_EARLY 1 PR_MCE_KILL_DEFAULT 2 PR_MCE_KILL_GET 34 PR_SET_MM 35"
    " PR_SET_MM_START_CODE 1 PR_SET_MM_END_CODE 2 PR_SET_MM_START_DATA 3 PR_SET_MM_END_DATA 4 PR_SET_MM_START_STACK 5"
    " PR_SET_MM_START_BRK 6 PR_SET_MM_BRK 7 PR_SET_MM_ARG_START 8 PR_SET_MM_ARG_END 9 PR_SET_MM_ENV_START 10"
    " PR_SET_MM_ENV_END 11 PR_SET_MM_AUXV 12 PR_SET_MM_EXE_FILE 13 PR_SET_MM_MAP 14 PR_SET_MM_MAP_SIZE 15"
    " PR_SET_PTRACER 0x59616d61 PR_SET_PTRACER_ANY 0xffffffffffffffff PR_SET_CHILD_SUBREAPER 36"
    " PR_GET_CHILD_SUBREAPER 37 PR_SET_NO_NEW_PRIVS 38 PR_GET_NO_NEW_PRIVS 39 PR_GET_TID_ADDRESS 40"
    " PR_SET_THP_DISABLE 41 PR_THP_DISABLE_EXCEPT_ADVISED 2 PR_GET_THP_DISABLE 42 PR_SET_FP_MODE 45 PR_GET_FP_MODE 46"
    " PR_FP_MODE_FR 1 PR_FP_MODE_FRE 2 PR_CAP_AMBIENT 47 PR_CAP_AMBIENT_IS_SET 1 PR_CAP_AMBIENT_RAISE 2"
    " PR_CAP_AMBIENT_LOWER 3 PR_CAP_AMBIENT_CLEAR_ALL 4 PR_SVE_SET_VL 50 PR_SVE_SET_VL_ONEXEC 0x40000"
    " PR_SVE_GET_VL 51 PR_SVE_VL_INHERIT 0x20000 PR_GET_SPECULATION_CTRL 52 PR_SET_SPECULATION_CTRL 53"
    " PR_SPEC_STORE_BYPASS 0 PR_SPEC_INDIRECT_BRANCH 1 PR_SPEC_L1D_FLUSH 2 PR_SPEC_NOT_AFFECTED 0 PR_SPEC_PRCTL 1"
    " PR_SPEC_ENABLE 2 PR_SPEC_DISABLE 4 PR_SPEC_FORCE_DISABLE 8 PR_SPEC_DISABLE_NOEXEC 0x10 PR_PAC_RESET_KEYS 54"
    " PR_PAC_APIAKEY 1 PR_PAC_APIBKEY 2 PR_PAC_APDAKEY 4 PR_PAC_APDBKEY 8 PR_PAC_APGAKEY 16"
    " PR_SET_TAGGED_ADDR_CTRL 55 PR_GET_TAGGED_ADDR_CTRL 56 PR_TAGGED_ADDR_ENABLE 1 PR_MTE_TCF_NONE 0"
    " PR_MTE_TCF_SYNC 2 PR_MTE_TCF_ASYNC 4 PR_MTE_STORE_ONLY 0x80000 PR_SET_IO_FLUSHER 57 PR_GET_IO_FLUSHER 58"
    " PR_SET_SYSCALL_USER_DISPATCH 59 PR_SYS_DISPATCH_OFF 0 PR_SYS_DISPATCH_EXCLUSIVE_ON 1"
    " PR_SYS_DISPATCH_INCLUSIVE_ON 2 PR_SYS_DISPATCH_ON 1 PR_PAC_SET_ENABLED_KEYS 60 PR_PAC_GET_ENABLED_KEYS 61"
    " PR_SCHED_CORE 62 PR_SCHED_CORE_GET 0 PR_SCHED_CORE_CREATE 1 PR_SCHED_CORE_SHARE_TO 2 PR_SCHED_CORE_SHARE_FROM 3"
    " PR_SCHED_CORE_SCOPE_THREAD 0 PR_SCHED_CORE_SCOPE_THREAD_GROUP 1 PR_SCHED_CORE_SCOPE_PROCESS_GROUP 2"
    " PR_SME_SET_VL 63 PR_SME_SET_VL_ONEXEC 0x40000 PR_SME_GET_VL 64 PR_SME_VL_INHERIT 0x20000 PR_SET_MDWE 65"
    " PR_MDWE_REFUSE_EXEC_GAIN 1 PR_MDWE_NO_INHERIT 2 PR_GET_MDWE 66 PR_SET_VMA 0x53564d41 PR_SET_VMA_ANON_NAME 0"
    " PR_GET_AUXV 0x41555856 PR_SET_MEMORY_MERGE 67 PR_GET_MEMORY_MERGE 68 PR_RISCV_V_SET_CONTROL 69"
    " PR_RISCV_V_GET_CONTROL 70 PR_RISCV_V_VSTATE_CTRL_DEFAULT 0 PR_RISCV_V_VSTATE_CTRL_OFF 1"
    " PR_RISCV_V_VSTATE_CTRL_ON 2 PR_RISCV_V_VSTATE_CTRL_INHERIT 0x10 PR_RISCV_SET_ICACHE_FLUSH_CTX 71"
    " PR_RISCV_CTX_SW_FENCEI_ON 0 PR_RISCV_CTX_SW_FENCEI_OFF 1 PR_RISCV_SCOPE_PER_PROCESS 0"
    " PR_RISCV_SCOPE_PER_THREAD 1 PR_GET_SHADOW_STACK_STATUS 74 PR_SET_SHADOW_STACK_STATUS 75"
    " PR_SHADOW_STACK_ENABLE 1 PR_SHADOW_STACK_WRITE 2 PR_SHADOW_STACK_PUSH 4 PR_LOCK_SHADOW_STACK_STATUS 76"
    " PR_TIMER_CREATE_RESTORE_IDS 77 PR_TIMER_CREATE_RESTORE_IDS_OFF 0 PR_TIMER_CREATE_RESTORE_IDS_ON 1"
    " PR_TIMER_CREATE_RESTORE_IDS_GET 2 PR_FUTEX_HASH 78 PR_FUTEX_HASH_SET_SLOTS 1 PR_FUTEX_HASH_GET_SLOTS 2"
    " PR_RSEQ_SLICE_EXTENSION 79 PR_RSEQ_SLICE_EXTENSION_GET 1 PR_RSEQ_SLICE_EXTENSION_SET 2",
    " PR_RSEQ_SLICE_EXT_ENABLE 1 PR_GET_CFI 80 PR_SET_CFI 81 PR_CFI_BRANCH_LANDING_PADS 0 PR_CFI_ENABLE 1"
    " PR_CFI_DISABLE 2 PR_CFI_LOCK 4",
    /* capabilities and securebits, for prctl(2) */
    " CAP_CHOWN 0 CAP_DAC_OVERRIDE 1 CAP_DAC_READ_SEARCH 2 CAP_FOWNER 3 CAP_FSETID 4 CAP_KILL 5 CAP_SETGID 6"
    " CAP_SETUID 7 CAP_SETPCAP 8 CAP_LINUX_IMMUTABLE 9 CAP_NET_BIND_SERVICE 10 CAP_NET_BROADCAST 11 CAP_NET_ADMIN 12"
    " CAP_NET_RAW 13 CAP_IPC_LOCK 14 CAP_IPC_OWNER 15 CAP_SYS_MODULE 16 CAP_SYS_RAWIO 17 CAP_SYS_CHROOT 18"
    " CAP_SYS_PTRACE 19 CAP_SYS_PACCT 20 CAP_SYS_ADMIN 21 CAP_SYS_BOOT 22 CAP_SYS_NICE 23 CAP_SYS_RESOURCE 24"
    " CAP_SYS_TIME 25 CAP_SYS_TTY_CONFIG 26 CAP_MKNOD 27 CAP_LEASE 28 CAP_AUDIT_WRITE 29 CAP_AUDIT_CONTROL 30"
    " CAP_SETFCAP 31 CAP_MAC_OVERRIDE 32 CAP_MAC_ADMIN 33 CAP_SYSLOG 34 CAP_WAKE_ALARM 35 CAP_BLOCK_SUSPEND 36"
    " CAP_AUDIT_READ 37 CAP_PERFMON 38 CAP_BPF 39 CAP_CHECKPOINT_RESTORE 40 SECBIT_NOROOT 1 SECBIT_NOROOT_LOCKED 2"
    " SECBIT_NO_SETUID_FIXUP 4 SECBIT_NO_SETUID_FIXUP_LOCKED 8 SECBIT_KEEP_CAPS 0x10 SECBIT_KEEP_CAPS_LOCKED 0x20"
    " SECBIT_NO_CAP_AMBIENT_RAISE 0x40 SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED 0x80 SECBIT_EXEC_RESTRICT_FILE 0x100"
    " SECBIT_EXEC_RESTRICT_FILE_LOCKED 0x200 SECBIT_EXEC_DENY_INTERACTIVE 0x400"
    " SECBIT_EXEC_DENY_INTERACTIVE_LOCKED 0x800",
    /* seccomp(2), landlock_create_ruleset(2) and its like */
    " LANDLOCK_CREATE_RULESET_VERSION 1 LANDLOCK_CREATE_RULESET_ERRATA 2 LANDLOCK_ADD_RULE_QUIET 1"
    " LANDLOCK_RESTRICT_SELF_LOG_SAME_EXEC_OFF 1 LANDLOCK_RESTRICT_SELF_LOG_NEW_EXEC_ON 2"
    " LANDLOCK_RESTRICT_SELF_LOG_SUBDOMAINS_OFF 4 LANDLOCK_RESTRICT_SELF_TSYNC 8 LANDLOCK_ACCESS_FS_EXECUTE 1"
    " LANDLOCK_ACCESS_FS_WRITE_FILE 2 LANDLOCK_ACCESS_FS_READ_FILE 4 LANDLOCK_ACCESS_FS_READ_DIR 8"
    " LANDLOCK_ACCESS_FS_REMOVE_DIR 0x10 LANDLOCK_ACCESS_FS_REMOVE_FILE 0x20 LANDLOCK_ACCESS_FS_MAKE_CHAR 0x40"
    " LANDLOCK_ACCESS_FS_MAKE_DIR 0x80 LANDLOCK_ACCESS_FS_MAKE_REG 0x100 LANDLOCK_ACCESS_FS_MAKE_SOCK 0x200"
    " LANDLOCK_ACCESS_FS_MAKE_FIFO 0x400 LANDLOCK_ACCESS_FS_MAKE_BLOCK 0x800 LANDLOCK_ACCESS_FS_MAKE_SYM 0x1000"
    " LANDLOCK_ACCESS_FS_REFER 0x2000 LANDLOCK_ACCESS_FS_TRUNCATE 0x4000 LANDLOCK_ACCESS_FS_IOCTL_DEV 0x8000"
    " LANDLOCK_ACCESS_FS_RESOLVE_UNIX 0x10000 LANDLOCK_ACCESS_NET_BIND_TCP 1 LANDLOCK_ACCESS_NET_CONNECT_TCP 2"
    " LANDLOCK_ACCESS_NET_BIND_UDP 4 LANDLOCK_ACCESS_NET_CONNECT_SEND_UDP 8 LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET 1"
    " LANDLOCK_SCOPE_SIGNAL 2 LANDLOCK_RULE_PATH_BENEATH 1 LANDLOCK_RULE_NET_PORT 2 SECCOMP_MODE_DISABLED 0"
    " SECCOMP_MODE_STRICT 1 SECCOMP_MODE_FILTER 2 SECCOMP_SET_MODE_STRICT 0 SECCOMP_SET_MODE_FILTER 1"
    " SECCOMP_GET_ACTION_AVAIL 2 SECCOMP_GET_NOTIF_SIZES 3 SECCOMP_FILTER_FLAG_TSYNC 1 SECCOMP_FILTER_FLAG_LOG 2"
    " SECCOMP_FILTER_FLAG_SPEC_ALLOW 4 SECCOMP_FILTER_FLAG_NEW_LISTENER 8 SECCOMP_FILTER_FLAG_TSYNC_ESRCH 0x10"
    " SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 0x20 SECCOMP_RET_KILL_PROCESS 0x80000000 SECCOMP_RET_KILL_THREAD 0"
    " SECCOMP_RET_KILL 0 SECCOMP_RET_TRAP 0x30000 SECCOMP_RET_ERRNO 0x50000 SECCOMP_RET_USER_NOTIF 0x7fc00000"
    " SECCOMP_RET_TRACE 0x7ff00000 SECCOMP_RET_LOG 0x7ffc0000 SECCOMP_RET_ALLOW 0x7fff0000"
    " SECCOMP_IOCTL_NOTIF_RECV 0xc0502100 SECCOMP_IOCTL_NOTIF_SEND 0xc0182101 SECCOMP_IOCTL_NOTIF_ID_VALID 0x40082102"
    " SECCOMP_IOCTL_NOTIF_ADDFD 0x40182103 SECCOMP_IOCTL_NOTIF_SET_FLAGS 0x40082104",
    /* ptrace(2), kcmp(2) */
    " PTRACE_TRACEME 0 PTRACE_PEEKTEXT 1 PTRACE_PEEKDATA 2 PTRACE_PEEKUSR 3 PTRACE_POKETEXT 4 PTRACE_POKEDATA 5"
    " PTRACE_POKEUSR 6 PTRACE_CONT 7 PTRACE_KILL 8 PTRACE_SINGLESTEP 9 PTRACE_ATTACH 16 PTRACE_DETACH 17"
    " PTRACE_SYSCALL 24 PTRACE_SETOPTIONS 0x4200 PTRACE_GETEVENTMSG 0x4201 PTRACE_GETSIGINFO 0x4202"
    " PTRACE_SETSIGINFO 0x4203 PTRACE_GETREGSET 0x4204 PTRACE_SETREGSET 0x4205 PTRACE_SEIZE 0x4206"
    " PTRACE_INTERRUPT 0x4207 PTRACE_LISTEN 0x4208 PTRACE_PEEKSIGINFO 0x4209 PTRACE_GETSIGMASK 0x420a"
    " PTRACE_SETSIGMASK 0x420b PTRACE_SECCOMP_GET_FILTER 0x420c PTRACE_SECCOMP_GET_METADATA 0x420d"
    " PTRACE_GET_SYSCALL_INFO 0x420e PTRACE_GET_RSEQ_CONFIGURATION 0x420f"
    " PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG 0x4210 PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG 0x4211"
    " PTRACE_GETREGS 12/-/- PTRACE_SETREGS 13/-/- PTRACE_GETFPREGS 14/-/- PTRACE_SETFPREGS 15/-/-"
    " PTRACE_GETFPXREGS 18/-/- PTRACE_SETFPXREGS 19/-/- PTRACE_OLDSETOPTIONS 21/-/- PTRACE_GET_THREAD_AREA 25/-/-"
    " PTRACE_SET_THREAD_AREA 26/-/- PTRACE_ARCH_PRCTL 30/-/- PTRACE_SYSEMU 31/31/- PTRACE_SYSEMU_SINGLESTEP 32/32/-"
    " PTRACE_SINGLEBLOCK 33/-/- PTRACE_PEEKMTETAGS -/33/- PTRACE_POKEMTETAGS -/34/- PTRACE_PEEKUSER 3"
    " PTRACE_POKEUSER 6 KCMP_FILE 0 KCMP_VM 1 KCMP_FILES 2 KCMP_FS 3 KCMP_SIGHAND 4 KCMP_IO 5 KCMP_SYSVSEM 6"
    " KCMP_EPOLL_TFD 7",
    /* scheduling, limits, use of resources */
    " SCHED_NORMAL 0 SCHED_FIFO 1 SCHED_RR 2 SCHED_BATCH 3 SCHED_IDLE 5 SCHED_DEADLINE 6 SCHED_EXT 7"
    " SCHED_RESET_ON_FORK 0x40000000 SCHED_OTHER 0 SCHED_ISO 4 RUSAGE_SELF 0 RUSAGE_CHILDREN -1 RUSAGE_BOTH -2"
    " RUSAGE_THREAD 1 RUSAGE_LWP 1 PRIO_MIN -20 PRIO_MAX 20 PRIO_PROCESS 0 PRIO_PGRP 1 PRIO_USER 2 RLIMIT_CPU 0"
    " RLIMIT_FSIZE 1 RLIMIT_DATA 2 RLIMIT_STACK 3 RLIMIT_CORE 4 RLIMIT_RSS 5 RLIMIT_NPROC 6 RLIMIT_NOFILE 7"
    " RLIMIT_MEMLOCK 8 RLIMIT_AS 9 RLIMIT_LOCKS 10 RLIMIT_SIGPENDING 11 RLIMIT_MSGQUEUE 12 RLIMIT_NICE 13"
    " RLIMIT_RTPRIO 14 RLIMIT_RTTIME 15 RLIMIT_OFILE 7 IOPRIO_WHO_PROCESS 1 IOPRIO_WHO_PGRP 2 IOPRIO_WHO_USER 3"
    " RLIM_INFINITY 0xffffffffffffffff",
    /* personality(2) */
    " UNAME26 0x20000 ADDR_NO_RANDOMIZE 0x40000 ADDR_COMPAT_LAYOUT 0x200000 ADDR_LIMIT_32BIT 0x800000"
    " ADDR_LIMIT_3GB 0x8000000 MMAP_PAGE_ZERO 0x100000 READ_IMPLIES_EXEC 0x400000 SHORT_INODE 0x1000000"
    " WHOLE_SECONDS 0x2000000 STICKY_TIMEOUTS 0x4000000 PER_LINUX 0 PER_LINUX_32BIT 0x800000 PER_LINUX32 8"
    " PER_LINUX32_3GB 0x8000008",
    /* clocks and timers */
    " ITIMER_REAL 0 ITIMER_VIRTUAL 1 ITIMER_PROF 2 CLOCK_REALTIME 0 CLOCK_MONOTONIC 1 CLOCK_PROCESS_CPUTIME_ID 2"
    " CLOCK_THREAD_CPUTIME_ID 3 CLOCK_MONOTONIC_RAW 4 CLOCK_REALTIME_COARSE 5 CLOCK_MONOTONIC_COARSE 6"
    " CLOCK_BOOTTIME 7 CLOCK_REALTIME_ALARM 8 CLOCK_BOOTTIME_ALARM 9 CLOCK_SGI_CYCLE 10 CLOCK_TAI 11 TIMER_ABSTIME 1",
    /* signals */
    " SIGHUP 1 SIGINT 2 SIGQUIT 3 SIGILL 4 SIGTRAP 5 SIGABRT 6 SIGIOT 6 SIGBUS 7 SIGFPE 8 SIGKILL 9 SIGUSR1 10"
    " SIGSEGV 11 SIGUSR2 12 SIGPIPE 13 SIGALRM 14 SIGTERM 15 SIGSTKFLT 16 SIGCHLD 17 SIGCONT 18 SIGSTOP 19 SIGTSTP 20"
    " SIGTTIN 21 SIGTTOU 22 SIGURG 23 SIGXCPU 24 SIGXFSZ 25 SIGVTALRM 26 SIGPROF 27 SIGWINCH 28 SIGIO 29 SIGPOLL 29"
    " SIGPWR 30 SIGSYS 31 SIG_BLOCK 0 SIG_UNBLOCK 1 SIG_SETMASK 2 SIGCLD 17",
    /* futex(2), rseq(2) */
    " FUTEX_WAIT 0 FUTEX_WAKE 1 FUTEX_FD 2 FUTEX_REQUEUE 3 FUTEX_CMP_REQUEUE 4 FUTEX_WAKE_OP 5 FUTEX_LOCK_PI 6"
    " FUTEX_UNLOCK_PI 7 FUTEX_TRYLOCK_PI 8 FUTEX_WAIT_BITSET 9 FUTEX_WAKE_BITSET 10 FUTEX_WAIT_REQUEUE_PI 11"
    " FUTEX_CMP_REQUEUE_PI 12 FUTEX_LOCK_PI2 13 FUTEX_PRIVATE_FLAG 128 FUTEX_CLOCK_REALTIME 256"
    " FUTEX_ROBUST_UNLOCK 512 FUTEX_ROBUST_LIST32 1024 FUTEX_WAIT_PRIVATE 128 FUTEX_WAKE_PRIVATE 129"
    " FUTEX_REQUEUE_PRIVATE 131 FUTEX_CMP_REQUEUE_PRIVATE 132 FUTEX_WAKE_OP_PRIVATE 133 FUTEX_LOCK_PI_PRIVATE 134"
    " FUTEX_LOCK_PI2_PRIVATE 141 FUTEX_UNLOCK_PI_PRIVATE 135 FUTEX_TRYLOCK_PI_PRIVATE 136"
    " FUTEX_WAIT_BITSET_PRIVATE 137 FUTEX_WAKE_BITSET_PRIVATE 138 FUTEX_WAIT_REQUEUE_PI_PRIVATE 139"
    " FUTEX_CMP_REQUEUE_PI_PRIVATE 140 FUTEX_UNLOCK_PI_LIST64 519 FUTEX_UNLOCK_PI_LIST64_PRIVATE 647"
    " FUTEX_UNLOCK_PI_LIST32 1543 FUTEX_UNLOCK_PI_LIST32_PRIVATE 1671 FUTEX_UNLOCK_WAKE_LIST64 513"
    " FUTEX_UNLOCK_WAKE_LIST64_PRIVATE 641 FUTEX_UNLOCK_WAKE_LIST32 1537 FUTEX_UNLOCK_WAKE_LIST32_PRIVATE 1665"
    " FUTEX_UNLOCK_BITSET_LIST64 522 FUTEX_UNLOCK_BITSET_LIST64_PRIVATE 650 FUTEX_UNLOCK_BITSET_LIST32 1546"
    " FUTEX_UNLOCK_BITSET_LIST32_PRIVATE 1674 RSEQ_FLAG_UNREGISTER 1",
    /* socket(2) */
    " IPPROTO_IP 0 IPPROTO_ICMP 1 IPPROTO_IGMP 2 IPPROTO_IPIP 4 IPPROTO_TCP 6 IPPROTO_EGP 8 IPPROTO_PUP 12"
    " IPPROTO_UDP 17 IPPROTO_IDP 22 IPPROTO_TP 29 IPPROTO_DCCP 33 IPPROTO_IPV6 41 IPPROTO_RSVP 46 IPPROTO_GRE 47"
    " IPPROTO_ESP 50 IPPROTO_AH 51 IPPROTO_MTP 92 IPPROTO_BEETPH 94 IPPROTO_ENCAP 98 IPPROTO_PIM 103 IPPROTO_COMP 108"
    " IPPROTO_L2TP 115 IPPROTO_SCTP 132 IPPROTO_UDPLITE 136 IPPROTO_MPLS 137 IPPROTO_ETHERNET 143 IPPROTO_AGGFRAG 144"
    " IPPROTO_RAW 255 IPPROTO_SMC 256 IPPROTO_MPTCP 262 IPPROTO_HOPOPTS 0 IPPROTO_ROUTING 43 IPPROTO_FRAGMENT 44"
    " IPPROTO_ICMPV6 58 IPPROTO_NONE 59 IPPROTO_DSTOPTS 60 NETLINK_ROUTE 0 NETLINK_UNUSED 1 NETLINK_USERSOCK 2"
    " NETLINK_FIREWALL 3 NETLINK_SOCK_DIAG 4 NETLINK_NFLOG 5 NETLINK_XFRM 6 NETLINK_SELINUX 7 NETLINK_ISCSI 8"
    " NETLINK_AUDIT 9 NETLINK_FIB_LOOKUP 10 NETLINK_CONNECTOR 11 NETLINK_NETFILTER 12 NETLINK_IP6_FW 13"
    " NETLINK_DNRTMSG 14 NETLINK_KOBJECT_UEVENT 15 NETLINK_GENERIC 16 NETLINK_SCSITRANSPORT 18 NETLINK_ECRYPTFS 19"
    " NETLINK_RDMA 20 NETLINK_CRYPTO 21 NETLINK_SMC 22 SOCK_STREAM 1 SOCK_DGRAM 2 SOCK_RAW 3 SOCK_RDM 4"
    " SOCK_SEQPACKET 5 SOCK_DCCP 6 SOCK_PACKET 10 SOCK_CLOEXEC 0x80000 SOCK_NONBLOCK 2048 PF_UNSPEC 0 PF_LOCAL 1"
    " PF_UNIX 1 PF_FILE 1 PF_INET 2 PF_AX25 3 PF_IPX 4 PF_APPLETALK 5 PF_NETROM 6 PF_BRIDGE 7 PF_ATMPVC 8 PF_X25 9"
    " PF_INET6 10 PF_ROSE 11 PF_NETBEUI 13 PF_SECURITY 14 PF_KEY 15 PF_NETLINK 16 PF_ROUTE 16 PF_PACKET 17 PF_ASH 18"
    " PF_ECONET 19 PF_ATMSVC 20 PF_RDS 21 PF_SNA 22 PF_IRDA 23 PF_PPPOX 24 PF_WANPIPE 25 PF_LLC 26 PF_IB 27"
    " PF_MPLS 28 PF_CAN 29 PF_TIPC 30 PF_BLUETOOTH 31 PF_IUCV 32 PF_RXRPC 33 PF_ISDN 34 PF_PHONET 35 PF_IEEE802154 36"
    " PF_CAIF 37 PF_ALG 38 PF_NFC 39 PF_VSOCK 40 PF_KCM 41 PF_QIPCRTR 42 PF_SMC 43 PF_XDP 44 PF_MCTP 45 AF_UNSPEC 0"
    " AF_LOCAL 1 AF_UNIX 1 AF_FILE 1 AF_INET 2 AF_AX25 3 AF_IPX 4 AF_APPLETALK 5 AF_NETROM 6 AF_BRIDGE 7 AF_ATMPVC 8"
    " AF_X25 9 AF_INET6 10 AF_ROSE 11 AF_NETBEUI 13 AF_SECURITY 14 AF_KEY 15 AF_NETLINK 16 AF_ROUTE 16 AF_PACKET 17"
    " AF_ASH 18 AF_ECONET 19 AF_ATMSVC 20 AF_RDS 21 AF_SNA 22 AF_IRDA 23 AF_PPPOX 24 AF_WANPIPE 25 AF_LLC 26 AF_IB 27"
    " AF_MPLS 28 AF_CAN 29 AF_TIPC 30 AF_BLUETOOTH 31 AF_IUCV 32 AF_RXRPC 33 AF_ISDN 34 AF_PHONET 35 AF_IEEE802154 36"
    " AF_CAIF 37 AF_ALG 38 AF_NFC 39 AF_VSOCK 40 AF_KCM 41 AF_QIPCRTR 42 AF_SMC 43 AF_XDP 44 AF_MCTP 45",
    /* setsockopt(2) */
    " IP_TOS 1 IP_TTL 2 IP_HDRINCL 3 IP_OPTIONS 4 IP_ROUTER_ALERT 5 IP_RECVOPTS 6 IP_RETOPTS 7 IP_PKTINFO 8"
    " IP_PKTOPTIONS 9 IP_MTU_DISCOVER 10 IP_RECVERR 11 IP_RECVTTL 12 IP_RECVTOS 13 IP_MTU 14 IP_FREEBIND 15"
    " IP_TRANSPARENT 19 IP_ORIGDSTADDR 20 IP_RECVORIGDSTADDR 20 IP_BIND_ADDRESS_NO_PORT 24 IP_MULTICAST_IF 32"
    " IP_MULTICAST_TTL 33 IP_MULTICAST_LOOP 34 IP_ADD_MEMBERSHIP 35 IP_DROP_MEMBERSHIP 36 IP_UNBLOCK_SOURCE 37"
    " IP_BLOCK_SOURCE 38 IP_ADD_SOURCE_MEMBERSHIP 39 IP_DROP_SOURCE_MEMBERSHIP 40 IP_MULTICAST_ALL 49"
    " IP_UNICAST_IF 50 MCAST_JOIN_GROUP 42 MCAST_BLOCK_SOURCE 43 MCAST_UNBLOCK_SOURCE 44 MCAST_LEAVE_GROUP 45"
    " MCAST_JOIN_SOURCE_GROUP 46 MCAST_LEAVE_SOURCE_GROUP 47 IPV6_UNICAST_HOPS 16 IPV6_MULTICAST_IF 17"
    " IPV6_MULTICAST_HOPS 18 IPV6_MULTICAST_LOOP 19 IPV6_ADD_MEMBERSHIP 20 IPV6_DROP_MEMBERSHIP 21"
    " IPV6_ROUTER_ALERT 22 IPV6_MTU_DISCOVER 23 IPV6_MTU 24 IPV6_RECVERR 25 IPV6_V6ONLY 26 IPV6_MULTICAST_ALL 29"
    " IPV6_RECVPKTINFO 49 IPV6_PKTINFO 50 IPV6_RECVHOPLIMIT 51 IPV6_HOPLIMIT 52 IPV6_DONTFRAG 62 IPV6_RECVTCLASS 66"
    " IPV6_TCLASS 67 IPV6_TRANSPARENT 75 IPV6_FREEBIND 78 IPV6_JOIN_GROUP 20 IPV6_LEAVE_GROUP 21 TCP_NODELAY 1"
    " TCP_MAXSEG 2 TCP_CORK 3 TCP_KEEPIDLE 4 TCP_KEEPINTVL 5 TCP_KEEPCNT 6 TCP_SYNCNT 7 TCP_LINGER2 8"
    " TCP_DEFER_ACCEPT 9 TCP_WINDOW_CLAMP 10 TCP_INFO 11 TCP_QUICKACK 12 TCP_CONGESTION 13 TCP_MD5SIG 14"
    " TCP_THIN_LINEAR_TIMEOUTS 16 TCP_THIN_DUPACK 17 TCP_USER_TIMEOUT 18 TCP_REPAIR 19 TCP_REPAIR_QUEUE 20"
    " TCP_QUEUE_SEQ 21 TCP_REPAIR_OPTIONS 22 TCP_FASTOPEN 23 TCP_TIMESTAMP 24 TCP_NOTSENT_LOWAT 25 TCP_CC_INFO 26"
    " TCP_SAVE_SYN 27 TCP_SAVED_SYN 28 TCP_REPAIR_WINDOW 29 TCP_FASTOPEN_CONNECT 30 TCP_ULP 31 TCP_MD5SIG_EXT 32"
    " TCP_FASTOPEN_KEY 33 TCP_FASTOPEN_NO_COOKIE 34 TCP_ZEROCOPY_RECEIVE 35 TCP_INQ 36 TCP_CM_INQ 36 TCP_TX_DELAY 37"
    " TCP_AO_ADD_KEY 38 TCP_AO_DEL_KEY 39 TCP_AO_INFO 40 TCP_AO_GET_KEYS 41 TCP_AO_REPAIR 42 TCP_IS_MPTCP 43"
    " TCP_RTO_MAX_MS 44 TCP_RTO_MIN_US 45 TCP_DELACK_MAX_US 46 UDP_CORK 1 UDP_ENCAP 100 UDP_NO_CHECK6_TX 101"
    " UDP_NO_CHECK6_RX 102 UDP_SEGMENT 103 UDP_GRO 104 SOL_SOCKET 1 SOL_VSOCK 287 SOL_CAN_BASE 100 SOL_RAW 255"
    " SOL_DECNET 261 SOL_X25 262 SOL_PACKET 263 SOL_ATM 264 SOL_AAL 265 SOL_IRDA 266 SOL_NETBEUI 267 SOL_LLC 268"
    " SOL_DCCP 269 SOL_NETLINK 270 SOL_TIPC 271 SOL_RXRPC 272 SOL_PPPOL2TP 273 SOL_BLUETOOTH 274 SOL_PNPIPE 275"
    " SOL_RDS 276 SOL_IUCV 277 SOL_CAIF 278 SOL_ALG 279 SOL_NFC 280 SOL_KCM 281 SOL_TLS 282 SOL_XDP 283 SOL_MPTCP 284"
    " SOL_MCTP 285 SOL_SMC 286 SOL_IP 0 SOL_IPV6 41 SOL_ICMPV6 58 SOL_TCP 6 SOL_UDP 17 SO_DEBUG 1 SO_REUSEADDR 2"
    " SO_TYPE 3 SO_ERROR 4 SO_DONTROUTE 5 SO_BROADCAST 6 SO_SNDBUF 7 SO_RCVBUF 8 SO_SNDBUFFORCE 32 SO_RCVBUFFORCE 33"
    " SO_KEEPALIVE 9 SO_OOBINLINE 10 SO_NO_CHECK 11 SO_PRIORITY 12 SO_LINGER 13 SO_BSDCOMPAT 14 SO_REUSEPORT 15"
    " SO_PASSCRED 16 SO_PEERCRED 17 SO_RCVLOWAT 18 SO_SNDLOWAT 19 SO_RCVTIMEO_OLD 20 SO_SNDTIMEO_OLD 21"
    " SO_SECURITY_AUTHENTICATION 22 SO_SECURITY_ENCRYPTION_TRANSPORT 23 SO_SECURITY_ENCRYPTION_NETWORK 24"
    " SO_BINDTODEVICE 25 SO_ATTACH_FILTER 26 SO_DETACH_FILTER 27 SO_GET_FILTER 26 SO_PEERNAME 28 SO_ACCEPTCONN 30"
    " SO_PEERSEC 31 SO_PASSSEC 34 SO_MARK 36 SO_PROTOCOL 38 SO_DOMAIN 39 SO_RXQ_OVFL 40 SO_WIFI_STATUS 41"
    " SO_PEEK_OFF 42 SO_NOFCS 43 SO_LOCK_FILTER 44 SO_SELECT_ERR_QUEUE 45 SO_BUSY_POLL 46 SO_MAX_PACING_RATE 47"
    " SO_BPF_EXTENSIONS 48 SO_INCOMING_CPU 49 SO_ATTACH_BPF 50 SO_DETACH_BPF 27 SO_ATTACH_REUSEPORT_CBPF 51"
    " SO_ATTACH_REUSEPORT_EBPF 52 SO_CNX_ADVICE 53 SO_MEMINFO 55 SO_INCOMING_NAPI_ID 56 SO_COOKIE 57 SO_PEERGROUPS 59"
    " SO_ZEROCOPY 60 SO_TXTIME 61 SO_BINDTOIFINDEX 62 SO_TIMESTAMP_OLD 29 SO_TIMESTAMPNS_OLD 35"
    " SO_TIMESTAMPING_OLD 37 SO_TIMESTAMP_NEW 63 SO_TIMESTAMPNS_NEW 64 SO_TIMESTAMPING_NEW 65 SO_RCVTIMEO_NEW 66"
    " SO_SNDTIMEO_NEW 67 SO_DETACH_REUSEPORT_BPF 68 SO_PREFER_BUSY_POLL 69 SO_BUSY_POLL_BUDGET 70 SO_NETNS_COOKIE 71"
    " SO_BUF_LOCK 72 SO_RESERVE_MEM 73 SO_TXREHASH 74 SO_RCVMARK 75 SO_PASSPIDFD 76 SO_PEERPIDFD 77"
    " SO_DEVMEM_LINEAR 78 SO_DEVMEM_DMABUF 79 SO_DEVMEM_DONTNEED 80 SO_TIMESTAMP 29 SO_TIMESTAMPNS 35"
    " SO_TIMESTAMPING 37 SO_RCVTIMEO 20 SO_SNDTIMEO 21",
    /* recv(2), send(2), shutdown(2) */
    " MSG_OOB 1 MSG_PEEK 2 MSG_DONTROUTE 4 MSG_TRYHARD 4 MSG_CTRUNC 8 MSG_PROXY 0x10 MSG_TRUNC 0x20 MSG_DONTWAIT 0x40"
    " MSG_EOR 0x80 MSG_WAITALL 0x100 MSG_FIN 0x200 MSG_SYN 0x400 MSG_CONFIRM 0x800 MSG_RST 0x1000 MSG_ERRQUEUE 0x2000"
    " MSG_NOSIGNAL 0x4000 MSG_MORE 0x8000 MSG_WAITFORONE 0x10000 MSG_BATCH 0x40000 MSG_ZEROCOPY 0x4000000"
    " MSG_FASTOPEN 0x20000000 MSG_CMSG_CLOEXEC 0x40000000 SHUT_RD 0 SHUT_WR 1 SHUT_RDWR 2",
    /* epoll, eventfd, signalfd, timerfd, inotify */
    " EPOLL_CLOEXEC 0x80000 EPOLL_CTL_ADD 1 EPOLL_CTL_DEL 2 EPOLL_CTL_MOD 3 EPOLLIN 1 EPOLLPRI 2 EPOLLOUT 4"
    " EPOLLERR 8 EPOLLHUP 0x10 EPOLLNVAL 0x20 EPOLLRDNORM 0x40 EPOLLRDBAND 0x80 EPOLLWRNORM 0x100 EPOLLWRBAND 0x200"
    " EPOLLMSG 0x400 EPOLLRDHUP 0x2000 EPOLLEXCLUSIVE 0x10000000 EPOLLWAKEUP 0x20000000 EPOLLONESHOT 0x40000000"
    " EPOLLET 0x80000000 EFD_SEMAPHORE 1 EFD_CLOEXEC 0x80000 EFD_NONBLOCK 0x800 SFD_CLOEXEC 0x80000"
    " SFD_NONBLOCK 0x800 TFD_TIMER_ABSTIME 1 TFD_TIMER_CANCEL_ON_SET 2 TFD_CLOEXEC 0x80000 TFD_NONBLOCK 0x800"
    " IN_ACCESS 1 IN_MODIFY 2 IN_ATTRIB 4 IN_CLOSE_WRITE 8 IN_CLOSE_NOWRITE 0x10 IN_OPEN 0x20 IN_MOVED_FROM 0x40"
    " IN_MOVED_TO 0x80 IN_CREATE 0x100 IN_DELETE 0x200 IN_DELETE_SELF 0x400 IN_MOVE_SELF 0x800 IN_UNMOUNT 0x2000"
    " IN_Q_OVERFLOW 0x4000 IN_IGNORED 0x8000 IN_CLOSE 0x18 IN_MOVE 0xc0 IN_ONLYDIR 0x1000000 IN_DONT_FOLLOW 0x2000000"
    " IN_EXCL_UNLINK 0x4000000 IN_MASK_CREATE 0x10000000 IN_MASK_ADD 0x20000000 IN_ISDIR 0x40000000"
    " IN_ONESHOT 0x80000000 IN_ALL_EVENTS 0xfff IN_CLOEXEC 0x80000 IN_NONBLOCK 0x800",
    /* System V IPC */
    " IPC_PRIVATE 0 IPC_CREAT 0x200 IPC_EXCL 0x400 IPC_NOWAIT 0x800 IPC_RMID 0 IPC_SET 1 IPC_STAT 2 IPC_INFO 3"
    " SEM_UNDO 0x1000 SEM_STAT 18 SEM_INFO 19 SEM_STAT_ANY 20 GETPID 11 GETVAL 12 GETALL 13 GETNCNT 14 GETZCNT 15"
    " SETVAL 16 SETALL 17 SHM_HUGETLB 0x800 SHM_NORESERVE 0x1000 SHM_RDONLY 0x1000 SHM_RND 0x2000 SHM_REMAP 0x4000"
    " SHM_EXEC 0x8000 SHM_LOCK 11 SHM_UNLOCK 12 SHM_STAT 13 SHM_INFO 14 SHM_STAT_ANY 15 MSG_STAT 0xb MSG_INFO 0xc"
    " MSG_STAT_ANY 0xd MSG_NOERROR 0x1000 MSG_EXCEPT 0x2000 MSG_COPY 0x4000",
    /* keyctl(2), bpf(2), reboot(2) */
    " LINUX_REBOOT_MAGIC1 0xfee1dead LINUX_REBOOT_MAGIC2 0x28121969 LINUX_REBOOT_MAGIC2A 0x5121996"
    " LINUX_REBOOT_MAGIC2B 0x16041998 LINUX_REBOOT_MAGIC2C 0x20112000 LINUX_REBOOT_CMD_RESTART 0x1234567"
    " LINUX_REBOOT_CMD_HALT 0xcdef0123 LINUX_REBOOT_CMD_CAD_ON 0x89abcdef LINUX_REBOOT_CMD_CAD_OFF 0"
    " LINUX_REBOOT_CMD_POWER_OFF 0x4321fedc LINUX_REBOOT_CMD_RESTART2 0xa1b2c3d4"
    " LINUX_REBOOT_CMD_SW_SUSPEND 0xd000fce2 LINUX_REBOOT_CMD_KEXEC 0x45584543 KEY_SPEC_THREAD_KEYRING -1"
    " KEY_SPEC_PROCESS_KEYRING -2 KEY_SPEC_SESSION_KEYRING -3 KEY_SPEC_USER_KEYRING -4"
    " KEY_SPEC_USER_SESSION_KEYRING -5 KEY_SPEC_GROUP_KEYRING -6 KEY_SPEC_REQKEY_AUTH_KEY -7"
    " KEY_SPEC_REQUESTOR_KEYRING -8 KEYCTL_GET_KEYRING_ID 0 KEYCTL_JOIN_SESSION_KEYRING 1 KEYCTL_UPDATE 2"
    " KEYCTL_REVOKE 3 KEYCTL_CHOWN 4 KEYCTL_SETPERM 5 KEYCTL_DESCRIBE 6 KEYCTL_CLEAR 7 KEYCTL_LINK 8 KEYCTL_UNLINK 9"
    " KEYCTL_SEARCH 10 KEYCTL_READ 11 KEYCTL_INSTANTIATE 12 KEYCTL_NEGATE 13 KEYCTL_SET_REQKEY_KEYRING 14"
    " KEYCTL_SET_TIMEOUT 15 KEYCTL_ASSUME_AUTHORITY 16 KEYCTL_GET_SECURITY 17 KEYCTL_SESSION_TO_PARENT 18"
    " KEYCTL_REJECT 19 KEYCTL_INSTANTIATE_IOV 20 KEYCTL_INVALIDATE 21 KEYCTL_GET_PERSISTENT 22 KEYCTL_DH_COMPUTE 23"
    " KEYCTL_PKEY_QUERY 24 KEYCTL_PKEY_ENCRYPT 25 KEYCTL_PKEY_DECRYPT 26 KEYCTL_PKEY_SIGN 27 KEYCTL_PKEY_VERIFY 28"
    " KEYCTL_RESTRICT_KEYRING 29 KEYCTL_MOVE 30 KEYCTL_CAPABILITIES 31 KEYCTL_WATCH_KEY 32 BPF_MAP_CREATE 0"
    " BPF_MAP_LOOKUP_ELEM 1 BPF_MAP_UPDATE_ELEM 2 BPF_MAP_DELETE_ELEM 3 BPF_MAP_GET_NEXT_KEY 4 BPF_PROG_LOAD 5"
    " BPF_OBJ_PIN 6 BPF_OBJ_GET 7 BPF_PROG_ATTACH 8 BPF_PROG_DETACH 9 BPF_PROG_TEST_RUN 10 BPF_PROG_RUN 10"
    " BPF_PROG_GET_NEXT_ID 11 BPF_MAP_GET_NEXT_ID 12 BPF_PROG_GET_FD_BY_ID 13 BPF_MAP_GET_FD_BY_ID 14"
    " BPF_OBJ_GET_INFO_BY_FD 15 BPF_PROG_QUERY 16 BPF_RAW_TRACEPOINT_OPEN 17 BPF_BTF_LOAD 18 BPF_BTF_GET_FD_BY_ID 19"
    " BPF_TASK_FD_QUERY 20 BPF_MAP_LOOKUP_AND_DELETE_ELEM 21 BPF_MAP_FREEZE 22 BPF_BTF_GET_NEXT_ID 23"
    " BPF_MAP_LOOKUP_BATCH 24 BPF_MAP_LOOKUP_AND_DELETE_BATCH 25 BPF_MAP_UPDATE_BATCH 26 BPF_MAP_DELETE_BATCH 27"
    " BPF_LINK_CREATE 28 BPF_LINK_UPDATE 29 BPF_LINK_GET_FD_BY_ID 30 BPF_LINK_GET_NEXT_ID 31 BPF_ENABLE_STATS 32"
    " BPF_ITER_CREATE 33 BPF_LINK_DETACH 34 BPF_PROG_BIND_MAP 35 BPF_TOKEN_CREATE 36",
    /* ioctl(2): terminals and any descriptor */
    " TCGETS 0x5401 TCSETS 0x5402 TCSETSW 0x5403 TCSETSF 0x5404 TCGETA 0x5405 TCSETA 0x5406 TCSETAW 0x5407"
    " TCSETAF 0x5408 TCSBRK 0x5409 TCXONC 0x540a TCFLSH 0x540b TCSBRKP 0x5425 TCGETS2 0x802c542a TCSETS2 0x402c542b"
    " TCSETSW2 0x402c542c TCSETSF2 0x402c542d TCGETX 0x5432 TCSETX 0x5433 TCSETXF 0x5434 TCSETXW 0x5435"
    " TIOCEXCL 0x540c TIOCNXCL 0x540d TIOCSCTTY 0x540e TIOCGPGRP 0x540f TIOCSPGRP 0x5410 TIOCOUTQ 0x5411"
    " TIOCSTI 0x5412 TIOCGWINSZ 0x5413 TIOCSWINSZ 0x5414 TIOCMGET 0x5415 TIOCMBIS 0x5416 TIOCMBIC 0x5417"
    " TIOCMSET 0x5418 TIOCGSOFTCAR 0x5419 TIOCSSOFTCAR 0x541a TIOCINQ 0x541b TIOCLINUX 0x541c TIOCCONS 0x541d"
    " TIOCGSERIAL 0x541e TIOCSSERIAL 0x541f TIOCPKT 0x5420 TIOCNOTTY 0x5422 TIOCSETD 0x5423 TIOCGETD 0x5424"
    " TIOCSBRK 0x5427 TIOCCBRK 0x5428 TIOCGSID 0x5429 TIOCGRS485 0x542e TIOCSRS485 0x542f TIOCGPTN 0x80045430"
    " TIOCSPTLCK 0x40045431 TIOCGDEV 0x80045432 TIOCSIG 0x40045436 TIOCVHANGUP 0x5437 TIOCGPKT 0x80045438"
    " TIOCGPTLCK 0x80045439 TIOCGEXCL 0x80045440 TIOCGPTPEER 0x5441 TIOCGISO7816 0x80285442 TIOCSISO7816 0xc0285443"
    " TIOCSERCONFIG 0x5453 TIOCSERGWILD 0x5454 TIOCSERSWILD 0x5455 TIOCGLCKTRMIOS 0x5456 TIOCSLCKTRMIOS 0x5457"
    " TIOCSERGSTRUCT 0x5458 TIOCSERGETLSR 0x5459 TIOCSERGETMULTI 0x545a TIOCSERSETMULTI 0x545b TIOCMIWAIT 0x545c"
    " TIOCGICOUNT 0x545d FIONREAD 0x541b FIONBIO 0x5421 FIONCLEX 0x5450 FIOCLEX 0x5451 FIOASYNC 0x5452"
    " FIOQSIZE 0x5460 TCOOFF 0 TCOON 1 TCIOFF 2 TCION 3 TCIFLUSH 0 TCOFLUSH 1 TCIOFLUSH 2",
    /* ioctl(2): sockets and interfaces */
    " FIOSETOWN 0x8901 FIOGETOWN 0x8903 SIOCSPGRP 0x8902 SIOCGPGRP 0x8904 SIOCATMARK 0x8905 SIOCUNIXFILE 0x89e0"
    " SIOCINQ 0x541b SIOCOUTQ 0x5411 SIOCGSTAMP 0x8906 SIOCGSTAMPNS 0x8907 SIOCADDRT 0x890b SIOCDELRT 0x890c"
    " SIOCRTMSG 0x890d SIOCGIFNAME 0x8910 SIOCSIFLINK 0x8911 SIOCGIFCONF 0x8912 SIOCGIFFLAGS 0x8913"
    " SIOCSIFFLAGS 0x8914 SIOCGIFADDR 0x8915 SIOCSIFADDR 0x8916 SIOCGIFDSTADDR 0x8917 SIOCSIFDSTADDR 0x8918"
    " SIOCGIFBRDADDR 0x8919 SIOCSIFBRDADDR 0x891a SIOCGIFNETMASK 0x891b SIOCSIFNETMASK 0x891c SIOCGIFMETRIC 0x891d"
    " SIOCSIFMETRIC 0x891e SIOCGIFMEM 0x891f SIOCSIFMEM 0x8920 SIOCGIFMTU 0x8921 SIOCSIFMTU 0x8922 SIOCSIFNAME 0x8923"
    " SIOCSIFHWADDR 0x8924 SIOCGIFENCAP 0x8925 SIOCSIFENCAP 0x8926 SIOCGIFHWADDR 0x8927 SIOCGIFSLAVE 0x8929"
    " SIOCSIFSLAVE 0x8930 SIOCADDMULTI 0x8931 SIOCDELMULTI 0x8932 SIOCGIFINDEX 0x8933 SIOCSIFPFLAGS 0x8934"
    " SIOCGIFPFLAGS 0x8935 SIOCDIFADDR 0x8936 SIOCSIFHWBROADCAST 0x8937 SIOCGIFCOUNT 0x8938 SIOCGIFBR 0x8940"
    " SIOCSIFBR 0x8941 SIOCGIFTXQLEN 0x8942 SIOCSIFTXQLEN 0x8943 SIOCETHTOOL 0x8946 SIOCGMIIPHY 0x8947"
    " SIOCGMIIREG 0x8948 SIOCSMIIREG 0x8949 SIOCWANDEV 0x894a SIOCOUTQNSD 0x894b SIOCGSKNS 0x894c SIOCDARP 0x8953"
    " SIOCGARP 0x8954 SIOCSARP 0x8955 SIOCDRARP 0x8960 SIOCGRARP 0x8961 SIOCSRARP 0x8962 SIOCGIFMAP 0x8970"
    " SIOCSIFMAP 0x8971 SIOCADDDLCI 0x8980 SIOCDELDLCI 0x8981 SIOCGIFVLAN 0x8982 SIOCSIFVLAN 0x8983"
    " SIOCBONDENSLAVE 0x8990 SIOCBONDRELEASE 0x8991 SIOCBONDSETHWADDR 0x8992 SIOCBONDSLAVEINFOQUERY 0x8993"
    " SIOCBONDINFOQUERY 0x8994 SIOCBONDCHANGEACTIVE 0x8995 SIOCBRADDBR 0x89a0 SIOCBRDELBR 0x89a1 SIOCBRADDIF 0x89a2"
    " SIOCBRDELIF 0x89a3 SIOCSHWTSTAMP 0x89b0 SIOCGHWTSTAMP 0x89b1 SIOCGSTAMP_OLD 0x8906 SIOCGSTAMP_NEW 0x80108906"
    " SIOCGSTAMPNS_OLD 0x8907 SIOCGSTAMPNS_NEW 0x80108907 TUNSETNOCSUM 0x400454c8 TUNSETDEBUG 0x400454c9"
    " TUNSETIFF 0x400454ca TUNSETPERSIST 0x400454cb TUNSETOWNER 0x400454cc TUNSETLINK 0x400454cd"
    " TUNSETGROUP 0x400454ce TUNGETFEATURES 0x800454cf TUNSETOFFLOAD 0x400454d0 TUNSETTXFILTER 0x400454d1"
    " TUNGETIFF 0x800454d2 TUNGETSNDBUF 0x800454d3 TUNSETSNDBUF 0x400454d4 TUNATTACHFILTER 0x401054d5"
    " TUNDETACHFILTER 0x401054d6 TUNGETVNETHDRSZ 0x800454d7 TUNSETVNETHDRSZ 0x400454d8 TUNSETQUEUE 0x400454d9"
    " TUNSETIFINDEX 0x400454da TUNGETFILTER 0x801054db TUNSETVNETLE 0x400454dc TUNGETVNETLE 0x800454dd"
    " TUNSETVNETBE 0x400454de TUNGETVNETBE 0x800454df TUNSETSTEERINGEBPF 0x800454e0 TUNSETFILTEREBPF 0x800454e1"
    " TUNSETCARRIER 0x400454e2 TUNGETDEVNETNS 0x54e3",
    /* ioctl(2): KVM */
    " KVM_GET_API_VERSION 0xae00 KVM_CREATE_VM 0xae01 KVM_GET_MSR_INDEX_LIST 0xc004ae02/-/-"
    " KVM_CHECK_EXTENSION 0xae03 KVM_GET_VCPU_MMAP_SIZE 0xae04 KVM_GET_SUPPORTED_CPUID 0xc008ae05/-/-"
    " KVM_GET_EMULATED_CPUID 0xc008ae09/-/- KVM_GET_MSR_FEATURE_INDEX_LIST 0xc004ae0a/-/- KVM_CREATE_VCPU 0xae41"
    " KVM_GET_DIRTY_LOG 0x4010ae42 KVM_SET_NR_MMU_PAGES 0xae44 KVM_GET_NR_MMU_PAGES 0xae45"
    " KVM_SET_USER_MEMORY_REGION 0x4020ae46 KVM_SET_TSS_ADDR 0xae47 KVM_SET_IDENTITY_MAP_ADDR 0x4008ae48"
    " KVM_SET_USER_MEMORY_REGION2 0x40a0ae49 KVM_CREATE_IRQCHIP 0xae60 KVM_IRQ_LINE 0x4008ae61"
    " KVM_GET_IRQCHIP 0xc208ae62 KVM_SET_IRQCHIP 0x8208ae63 KVM_CREATE_PIT 0xae64 KVM_GET_PIT 0xc048ae65/-/-"
    " KVM_SET_PIT 0x8048ae66/-/- KVM_IRQ_LINE_STATUS 0xc008ae67 KVM_REGISTER_COALESCED_MMIO 0x4010ae67"
    " KVM_UNREGISTER_COALESCED_MMIO 0x4010ae68 KVM_SET_GSI_ROUTING 0x4008ae6a KVM_REINJECT_CONTROL 0xae71"
    " KVM_IRQFD 0x4020ae76 KVM_CREATE_PIT2 0x4040ae77 KVM_SET_BOOT_CPU_ID 0xae78 KVM_IOEVENTFD 0x4040ae79"
    " KVM_XEN_HVM_CONFIG 0x4038ae7a/-/- KVM_SET_CLOCK 0x4030ae7b KVM_GET_CLOCK 0x8030ae7c KVM_GET_PIT2 0x8070ae9f/-/-"
    " KVM_SET_PIT2 0x4070aea0/-/- KVM_SET_TSC_KHZ 0xaea2 KVM_GET_TSC_KHZ 0xaea3 KVM_SIGNAL_MSI 0x4020aea5"
    " KVM_ARM_SET_DEVICE_ADDR 0x4010aeab KVM_SET_PMU_EVENT_FILTER 0x4020aeb2/0x4008aeb2/-"
    " KVM_ARM_MTE_COPY_TAGS -/0x8030aeb4/- KVM_ARM_SET_COUNTER_OFFSET -/0x4010aeb5/-"
    " KVM_ARM_GET_REG_WRITABLE_MASKS -/0x8040aeb6/- KVM_CREATE_DEVICE 0xc00caee0 KVM_SET_DEVICE_ATTR 0x4018aee1"
    " KVM_GET_DEVICE_ATTR 0x4018aee2 KVM_HAS_DEVICE_ATTR 0x4018aee3 KVM_RUN 0xae80"
    " KVM_GET_REGS 0x8090ae81/0x8360ae81/0x8000ae81 KVM_SET_REGS 0x4090ae82/0x4360ae82/0x4000ae82"
    " KVM_GET_SREGS 0x8138ae83/0x8000ae83/0x8000ae83 KVM_SET_SREGS 0x4138ae84/0x4000ae84/0x4000ae84"
    " KVM_TRANSLATE 0xc018ae85 KVM_INTERRUPT 0x4004ae86 KVM_GET_MSRS 0xc008ae88/-/- KVM_SET_MSRS 0x4008ae89/-/-"
    " KVM_SET_CPUID 0x4008ae8a/-/- KVM_SET_SIGNAL_MASK 0x4004ae8b KVM_GET_FPU 0x81a0ae8c/0x8000ae8c/0x8000ae8c"
    " KVM_SET_FPU 0x41a0ae8d/0x4000ae8d/0x4000ae8d KVM_GET_LAPIC 0x8400ae8e/-/- KVM_SET_LAPIC 0x4400ae8f/-/-"
    " KVM_SET_CPUID2 0x4008ae90/-/- KVM_GET_CPUID2 0xc008ae91/-/- KVM_TPR_ACCESS_REPORTING 0xc028ae92"
    " KVM_SET_VAPIC_ADDR 0x4008ae93 KVM_GET_MP_STATE 0x8004ae98 KVM_SET_MP_STATE 0x4004ae99 KVM_NMI 0xae9a"
    " KVM_SET_GUEST_DEBUG 0x4048ae9b/0x4208ae9b/0x4008ae9b KVM_X86_SETUP_MCE 0x4008ae9c"
    " KVM_X86_GET_MCE_CAP_SUPPORTED 0x8008ae9d KVM_X86_SET_MCE 0x4040ae9e/-/-"
    " KVM_GET_VCPU_EVENTS 0x8040ae9f/0x8040ae9f/- KVM_SET_VCPU_EVENTS 0x4040aea0/0x4040aea0/-"
    " KVM_GET_DEBUGREGS 0x8080aea1/-/- KVM_SET_DEBUGREGS 0x4080aea2/-/- KVM_ENABLE_CAP 0x4068aea3"
    " KVM_GET_XSAVE 0x9000aea4/-/- KVM_SET_XSAVE 0x5000aea5/-/- KVM_GET_XCRS 0x8188aea6/-/-"
    " KVM_SET_XCRS 0x4188aea7/-/- KVM_DIRTY_TLB 0x4010aeaa KVM_GET_ONE_REG 0x4010aeab KVM_SET_ONE_REG 0x4010aeac"
    " KVM_KVMCLOCK_CTRL 0xaead KVM_ARM_VCPU_INIT -/0x4020aeae/- KVM_ARM_PREFERRED_TARGET -/0x8020aeaf/-"
    " KVM_GET_REG_LIST 0xc008aeb0 KVM_SMI 0xaeb7 KVM_MEMORY_ENCRYPT_OP 0xc008aeba"
    " KVM_MEMORY_ENCRYPT_REG_REGION 0x8010aebb KVM_MEMORY_ENCRYPT_UNREG_REGION 0x8010aebc"
    " KVM_HYPERV_EVENTFD 0x4018aebd/-/- KVM_GET_NESTED_STATE 0xc080aebe/-/- KVM_SET_NESTED_STATE 0x4080aebf/-/-"
    " KVM_CLEAR_DIRTY_LOG 0xc018aec0 KVM_GET_SUPPORTED_HV_CPUID 0xc008aec1/-/- KVM_ARM_VCPU_FINALIZE 0x4004aec2"
    " KVM_X86_SET_MSR_FILTER 0x4188aec6/-/- KVM_RESET_DIRTY_RINGS 0xaec7 KVM_XEN_HVM_GET_ATTR 0xc048aec8/-/-"
    " KVM_XEN_HVM_SET_ATTR 0x4048aec9/-/- KVM_XEN_VCPU_GET_ATTR 0xc048aeca/-/- KVM_XEN_VCPU_SET_ATTR 0x4048aecb/-/-"
    " KVM_XEN_HVM_EVTCHN_SEND 0x400caed0 KVM_GET_SREGS2 0x8140aecc/-/- KVM_SET_SREGS2 0x4140aecd/-/-"
    " KVM_GET_STATS_FD 0xaece KVM_GET_XSAVE2 0x9000aecf/-/- KVM_SET_MEMORY_ATTRIBUTES 0x4020aed2"
    " KVM_CREATE_GUEST_MEMFD 0xc040aed4 KVM_PRE_FAULT_MEMORY 0xc040aed5",
    /* ioctl(2): vhost, VFIO, iommufd */
    " VHOST_GET_FEATURES 0x8008af00 VHOST_SET_FEATURES 0x4008af00 VHOST_SET_OWNER 0xaf01 VHOST_RESET_OWNER 0xaf02"
    " VHOST_SET_MEM_TABLE 0x4008af03 VHOST_SET_LOG_BASE 0x4008af04 VHOST_SET_LOG_FD 0x4004af07"
    " VHOST_NEW_WORKER 0x8004af08 VHOST_FREE_WORKER 0x4004af09 VHOST_SET_VRING_NUM 0x4008af10"
    " VHOST_SET_VRING_ADDR 0x4028af11 VHOST_SET_VRING_BASE 0x4008af12 VHOST_GET_VRING_BASE 0xc008af12"
    " VHOST_SET_VRING_ENDIAN 0x4008af13 VHOST_GET_VRING_ENDIAN 0x4008af14 VHOST_ATTACH_VRING_WORKER 0x4008af15"
    " VHOST_GET_VRING_WORKER 0xc008af16 VHOST_SET_VRING_KICK 0x4008af20 VHOST_SET_VRING_CALL 0x4008af21"
    " VHOST_SET_VRING_ERR 0x4008af22 VHOST_SET_VRING_BUSYLOOP_TIMEOUT 0x4008af23"
    " VHOST_GET_VRING_BUSYLOOP_TIMEOUT 0x4008af24 VHOST_SET_BACKEND_FEATURES 0x4008af25"
    " VHOST_GET_BACKEND_FEATURES 0x8008af26 VHOST_NET_SET_BACKEND 0x4008af30 VHOST_SCSI_SET_ENDPOINT 0x40e8af40"
    " VHOST_SCSI_CLEAR_ENDPOINT 0x40e8af41 VHOST_SCSI_SET_EVENTS_MISSED 0x4004af43"
    " VHOST_SCSI_GET_EVENTS_MISSED 0x4004af44 VHOST_VSOCK_SET_GUEST_CID 0x4008af60 VHOST_VSOCK_SET_RUNNING 0x4004af61"
    " VHOST_VDPA_GET_DEVICE_ID 0x8004af70 VHOST_VDPA_GET_STATUS 0x8001af71 VHOST_VDPA_SET_STATUS 0x4001af72"
    " VHOST_VDPA_GET_CONFIG 0x8008af73 VHOST_VDPA_SET_CONFIG 0x4008af74 VHOST_VDPA_SET_VRING_ENABLE 0x4008af75"
    " VHOST_VDPA_GET_VRING_NUM 0x8002af76 VHOST_VDPA_SET_CONFIG_CALL 0x4004af77 VHOST_VDPA_GET_IOVA_RANGE 0x8010af78"
    " VHOST_VDPA_GET_CONFIG_SIZE 0x8004af79 VHOST_VDPA_GET_AS_NUM 0x8004af7a VHOST_VDPA_GET_VRING_GROUP 0xc008af7b"
    " VHOST_VDPA_SET_GROUP_ASID 0x4008af7c VHOST_VDPA_SUSPEND 0xaf7d VHOST_VDPA_RESUME 0xaf7e"
    " VHOST_VDPA_GET_VRING_DESC_GROUP 0xc008af7f VHOST_VDPA_GET_VQS_COUNT 0x8004af80"
    " VHOST_VDPA_GET_GROUP_NUM 0x8004af81 VHOST_VDPA_GET_VRING_SIZE 0xc008af82 VFIO_GET_API_VERSION 0x3b64"
    " VFIO_CHECK_EXTENSION 0x3b65 VFIO_SET_IOMMU 0x3b66 VFIO_GROUP_GET_STATUS 0x3b67 VFIO_GROUP_SET_CONTAINER 0x3b68"
    " VFIO_GROUP_UNSET_CONTAINER 0x3b69 VFIO_GROUP_GET_DEVICE_FD 0x3b6a VFIO_DEVICE_GET_INFO 0x3b6b"
    " VFIO_DEVICE_GET_REGION_INFO 0x3b6c VFIO_DEVICE_GET_IRQ_INFO 0x3b6d VFIO_DEVICE_SET_IRQS 0x3b6e"
    " VFIO_DEVICE_RESET 0x3b6f VFIO_DEVICE_GET_PCI_HOT_RESET_INFO 0x3b70 VFIO_DEVICE_PCI_HOT_RESET 0x3b71"
    " VFIO_DEVICE_QUERY_GFX_PLANE 0x3b72 VFIO_DEVICE_GET_GFX_DMABUF 0x3b73 VFIO_DEVICE_IOEVENTFD 0x3b74"
    " VFIO_DEVICE_FEATURE 0x3b75 VFIO_DEVICE_BIND_IOMMUFD 0x3b76 VFIO_DEVICE_ATTACH_IOMMUFD_PT 0x3b77"
    " VFIO_DEVICE_DETACH_IOMMUFD_PT 0x3b78 VFIO_MIG_GET_PRECOPY_INFO 0x3b79 VFIO_IOMMU_GET_INFO 0x3b70"
    " VFIO_IOMMU_MAP_DMA 0x3b71 VFIO_IOMMU_UNMAP_DMA 0x3b72 VFIO_IOMMU_DIRTY_PAGES 0x3b75 IOMMU_DESTROY 0x3b80"
    " IOMMU_IOAS_ALLOC 0x3b81 IOMMU_IOAS_IOVA_RANGES 0x3b84 IOMMU_IOAS_ALLOW_IOVAS 0x3b82 IOMMU_IOAS_MAP 0x3b85"
    " IOMMU_IOAS_COPY 0x3b83 IOMMU_IOAS_UNMAP 0x3b86 IOMMU_OPTION 0x3b87 IOMMU_VFIO_IOAS 0x3b88"
    " IOMMU_HWPT_ALLOC 0x3b89 IOMMU_GET_HW_INFO 0x3b8a IOMMU_HWPT_SET_DIRTY_TRACKING 0x3b8b"
    " IOMMU_HWPT_GET_DIRTY_BITMAP 0x3b8c IOMMU_HWPT_INVALIDATE 0x3b8d IOMMU_FAULT_QUEUE_ALLOC 0x3b8e",
    /* ioctl(2): userfaultfd, files, block devices, loop devices, floppy disks */
    " FS_IOC_SET_ENCRYPTION_POLICY 0x800c6613 FS_IOC_GET_ENCRYPTION_PWSALT 0x40106614"
    " FS_IOC_GET_ENCRYPTION_POLICY 0x400c6615 FS_IOC_GET_ENCRYPTION_POLICY_EX 0xc0096616"
    " FS_IOC_ADD_ENCRYPTION_KEY 0xc0506617 FS_IOC_REMOVE_ENCRYPTION_KEY 0xc0406618"
    " FS_IOC_REMOVE_ENCRYPTION_KEY_ALL_USERS 0xc0406619 FS_IOC_GET_ENCRYPTION_KEY_STATUS 0xc080661a"
    " FS_IOC_GET_ENCRYPTION_NONCE 0x8010661b FS_IOC_GETFLAGS 0x80086601 FS_IOC_SETFLAGS 0x40086602"
    " FS_IOC_GETVERSION 0x80087601 FS_IOC_SETVERSION 0x40087602 FS_IOC_FIEMAP 0xc020660b FS_IOC32_GETFLAGS 0x80046601"
    " FS_IOC32_SETFLAGS 0x40046602 FS_IOC32_GETVERSION 0x80047601 FS_IOC32_SETVERSION 0x40047602"
    " FS_IOC_FSGETXATTR 0x801c581f FS_IOC_FSSETXATTR 0x401c5820 FS_IOC_GETFSLABEL 0x81009431"
    " FS_IOC_SETFSLABEL 0x41009432 FS_IOC_GETFSUUID 0x80111500 FS_IOC_GETFSSYSFSPATH 0x80811501"
    " FS_IOC_GETLBMD_CAP 0xc0101502 FS_IOC_SHUTDOWN 0x8004587d FS_IOC_ENABLE_VERITY 0x40806685"
    " FS_IOC_MEASURE_VERITY 0xc0046686 FS_IOC_READ_VERITY_METADATA 0xc0286687 BLKROSET 0x125d BLKROGET 0x125e"
    " BLKRRPART 0x125f BLKGETSIZE 0x1260 BLKFLSBUF 0x1261 BLKRASET 0x1262 BLKRAGET 0x1263 BLKFRASET 0x1264"
    " BLKFRAGET 0x1265 BLKSECTSET 0x1266 BLKSECTGET 0x1267 BLKSSZGET 0x1268 BLKBSZGET 0x80081270 BLKBSZSET 0x40081271"
    " BLKGETSIZE64 0x80081272 BLKTRACESTART 0x1274 BLKTRACESTOP 0x1275 BLKTRACETEARDOWN 0x1276 BLKDISCARD 0x1277"
    " BLKIOMIN 0x1278 BLKIOOPT 0x1279 BLKALIGNOFF 0x127a BLKPBSZGET 0x127b BLKDISCARDZEROES 0x127c"
    " BLKSECDISCARD 0x127d BLKROTATIONAL 0x127e BLKZEROOUT 0x127f BLKGETDISKSEQ 0x80081280 BLKREPORTZONE 0xc0101282"
    " BLKRESETZONE 0x40101283 BLKGETZONESZ 0x80041284 BLKGETNRZONES 0x80041285 BLKOPENZONE 0x40101286"
    " BLKCLOSEZONE 0x40101287 BLKFINISHZONE 0x40101288 BLKREPORTZONEV2 0xc010128e BLKPG 0x1269 FIBMAP 1 FIGETBSZ 2"
    " FIFREEZE 0xc0045877 FITHAW 0xc0045878 FITRIM 0xc0185879 FICLONE 0x40049409 FICLONERANGE 0x4020940d"
    " FIDEDUPERANGE 0xc0189436 PAGEMAP_SCAN 0xc0606610 PROCMAP_QUERY 0xc0686611 LOOP_SET_FD 0x4c00 LOOP_CLR_FD 0x4c01"
    " LOOP_SET_STATUS 0x4c02 LOOP_GET_STATUS 0x4c03 LOOP_SET_STATUS64 0x4c04 LOOP_GET_STATUS64 0x4c05"
    " LOOP_CHANGE_FD 0x4c06 LOOP_SET_CAPACITY 0x4c07 LOOP_SET_DIRECT_IO 0x4c08 LOOP_SET_BLOCK_SIZE 0x4c09"
    " LOOP_CONFIGURE 0x4c0a LOOP_CTL_ADD 0x4c80 LOOP_CTL_REMOVE 0x4c81 LOOP_CTL_GET_FREE 0x4c82 FDCLRPRM 0x241"
    " FDSETPRM 0x40200242 FDSETMEDIAPRM 0x40200242 FDDEFPRM 0x40200243 FDGETPRM 0x80200204 FDDEFMEDIAPRM 0x40200243"
    " FDGETMEDIAPRM 0x80200204 FDMSGON 0x245 FDMSGOFF 0x246 FDFMTBEG 0x247 FDFMTTRK 0x400c0248 FDFMTEND 0x249"
    " FDSETEMSGTRESH 0x24a FDFLUSH 0x24b FDSETMAXERRS 0x4014024c FDGETMAXERRS 0x8014020e FDGETDRVTYP 0x8010020f"
    " FDSETDRVPRM 0x40800290 FDGETDRVPRM 0x80800211 FDGETDRVSTAT 0x80500212 FDPOLLDRVSTAT 0x80500213 FDRESET 0x254"
    " FDGETFDCSTAT 0x80280215 FDWERRORCLR 0x256 FDWERRORGET 0x80280217 FDRAWCMD 0x258 FDTWADDLE 0x259 FDEJECT 0x25a"
    " USERFAULTFD_IOC_NEW 0xaa00 UFFDIO_API 0xc018aa3f UFFDIO_REGISTER 0xc020aa00 UFFDIO_UNREGISTER 0x8010aa01"
    " UFFDIO_WAKE 0x8010aa02 UFFDIO_COPY 0xc028aa03 UFFDIO_ZEROPAGE 0xc020aa04 UFFDIO_MOVE 0xc028aa05"
    " UFFDIO_WRITEPROTECT 0xc018aa06 UFFDIO_CONTINUE 0xc020aa07 UFFDIO_POISON 0xc020aa08 UFFD_USER_MODE_ONLY 1",
    /* ioctl(2): randomness, namespaces, performance counters, buffers */
    " RNDGETENTCNT 0x80045200 RNDADDTOENTCNT 0x40045201 RNDGETPOOL 0x80085202 RNDADDENTROPY 0x40085203"
    " RNDZAPENTCNT 0x5204 RNDCLEARPOOL 0x5206 RNDRESEEDCRNG 0x5207 PERF_EVENT_IOC_ENABLE 0x2400"
    " PERF_EVENT_IOC_DISABLE 0x2401 PERF_EVENT_IOC_REFRESH 0x2402 PERF_EVENT_IOC_RESET 0x2403"
    " PERF_EVENT_IOC_PERIOD 0x40082404 PERF_EVENT_IOC_SET_OUTPUT 0x2405 PERF_EVENT_IOC_SET_FILTER 0x40082406"
    " PERF_EVENT_IOC_ID 0x80082407 PERF_EVENT_IOC_SET_BPF 0x40042408 PERF_EVENT_IOC_PAUSE_OUTPUT 0x40042409"
    " PERF_EVENT_IOC_QUERY_BPF 0xc008240a PERF_EVENT_IOC_MODIFY_ATTRIBUTES 0x4008240b NS_GET_USERNS 0xb701"
    " NS_GET_PARENT 0xb702 NS_GET_NSTYPE 0xb703 NS_GET_OWNER_UID 0xb704 NS_GET_PID_FROM_PIDNS 0x8004b706"
    " NS_GET_TGID_FROM_PIDNS 0x8004b707 NS_GET_PID_IN_PIDNS 0x8004b708 NS_GET_TGID_IN_PIDNS 0x8004b709"
    " NS_GET_MNTNS_ID 0x8008b705 NS_GET_ID 0x8008b70d DMA_BUF_IOCTL_SYNC 0x40086200 DMA_BUF_SET_NAME 0x40086201"
    " DMA_BUF_SET_NAME_A 0x40046201 DMA_BUF_SET_NAME_B 0x40086201 DMA_BUF_IOCTL_EXPORT_SYNC_FILE 0xc0086202"
    " DMA_BUF_IOCTL_IMPORT_SYNC_FILE 0x40086203 UDMABUF_CREATE 0x40187542 UDMABUF_CREATE_LIST 0x40087543",
    /* arch_prctl(2) */
    " ARCH_SET_GS 0x1001/-/- ARCH_SET_FS 0x1002/-/- ARCH_GET_FS 0x1003/-/- ARCH_GET_GS 0x1004/-/-"
    " ARCH_GET_CPUID 0x1011/-/- ARCH_SET_CPUID 0x1012/-/- ARCH_GET_XCOMP_SUPP 0x1021/-/-"
    " ARCH_GET_XCOMP_PERM 0x1022/-/- ARCH_REQ_XCOMP_PERM 0x1023/-/- ARCH_GET_XCOMP_GUEST_PERM 0x1024/-/-"
    " ARCH_REQ_XCOMP_GUEST_PERM 0x1025/-/- ARCH_MAP_VDSO_X32 0x2001/-/- ARCH_MAP_VDSO_32 0x2002/-/-"
    " ARCH_MAP_VDSO_64 0x2003/-/- ARCH_GET_UNTAG_MASK 0x4001/-/- ARCH_ENABLE_TAGGED_ADDR 0x4002/-/-"
    " ARCH_GET_MAX_TAG_BITS 0x4003/-/- ARCH_FORCE_TAGGED_SVA 0x4004/-/- ARCH_SHSTK_ENABLE 0x5001/-/-"
    " ARCH_SHSTK_DISABLE 0x5002/-/- ARCH_SHSTK_LOCK 0x5003/-/- ARCH_SHSTK_UNLOCK 0x5004/-/-"
    " ARCH_SHSTK_STATUS 0x5005/-/-"};
/* clang-format on */

enum { JL_CONST_NAME_MAX = 63 };

/* Reads the number at *text and leaves *text behind it; false where there is none. */
static bool jl_const_number(const char **text, uint64_t *value) {
  const char *p = *text;
  const bool negative = *p == '-';
  if (negative) p++;
  unsigned base = *p == '0' ? 8 : 10;
  if (base == 8 && p[1] == 'x') {
    p += 2;
    base = 16;
  }
  const char *first = p;
  uint64_t sum = 0;
  for (;; p++) {
    const unsigned digit = *p >= 'a' && *p <= 'f' ? (unsigned)(*p - 'a') + 10 : (unsigned)(*p - '0');
    if (digit >= base) break;
    sum = sum * base + digit;
  }
  *text = p;
  *value = negative ? 0 - sum : sum;
  return p > first;
}

/* What a name of n bytes means on a machine. False, and *value as it was, where it means nothing there; errnos are not
   found here. A negative value has all 64 bits, AT_FDCWD is 0xffffffffffffff9c: of an argument that it takes for an int
   the kernel reads 32 of them. At worst it looks through all of the text, 2 to 15 us by libc. */
JL_UNUSED static bool jl_const_value(const char *name, size_t n, jl_arch arch, uint64_t *value) {
  char key[JL_CONST_NAME_MAX + 3];
  if (n == 0 || n > JL_CONST_NAME_MAX || (unsigned)arch >= JL_ARCH_COUNT) return false;
  for (size_t i = 0; i < n; i++) { /* no space, or it could span two names; no digit first, or it could be a value */
    const char c = name[i];
    if (!(c == '_' || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9' && i > 0))) return false;
    key[i + 1] = c;
  }
  key[0] = key[n + 1] = ' ';
  key[n + 2] = '\0';
  for (size_t i = 0; i < sizeof jl_const_values / sizeof jl_const_values[0]; i++) {
    const char *p = strstr(jl_const_values[i], key);
    if (!p) continue;
    uint64_t found;
    p += n + 2;
    bool there = jl_const_number(&p, &found);
    for (unsigned column = 0; *p == '/' && column < (unsigned)arch; column++) {
      p++;
      there = jl_const_number(&p, &found);
    }
    if (there) *value = found;
    return there;
  }
  return false;
}

/* The names of Linux's errnos, each at its number (asm-generic/errno.h: one table for these machines), whatever system
   compiles this. */
/* clang-format off */
static const char jl_const_errnos[][16] = {
    "", "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN",
    "ENOMEM", "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL",
    "ENFILE", "EMFILE", "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM",
    "ERANGE", "EDEADLK", "ENAMETOOLONG", "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP", "", "ENOMSG", "EIDRM", "ECHRNG",
    "EL2NSYNC", "EL3HLT", "EL3RST", "ELNRNG", "EUNATCH", "ENOCSI", "EL2HLT", "EBADE", "EBADR", "EXFULL", "ENOANO",
    "EBADRQC", "EBADSLT", "", "EBFONT", "ENOSTR", "ENODATA", "ETIME", "ENOSR", "ENONET", "ENOPKG", "EREMOTE",
    "ENOLINK", "EADV", "ESRMNT", "ECOMM", "EPROTO", "EMULTIHOP", "EDOTDOT", "EBADMSG", "EOVERFLOW", "ENOTUNIQ",
    "EBADFD", "EREMCHG", "ELIBACC", "ELIBBAD", "ELIBSCN", "ELIBMAX", "ELIBEXEC", "EILSEQ", "ERESTART", "ESTRPIPE",
    "EUSERS", "ENOTSOCK", "EDESTADDRREQ", "EMSGSIZE", "EPROTOTYPE", "ENOPROTOOPT", "EPROTONOSUPPORT",
    "ESOCKTNOSUPPORT", "EOPNOTSUPP", "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE", "EADDRNOTAVAIL", "ENETDOWN",
    "ENETUNREACH", "ENETRESET", "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN", "ENOTCONN", "ESHUTDOWN",
    "ETOOMANYREFS", "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "EALREADY", "EINPROGRESS", "ESTALE",
    "EUCLEAN", "ENOTNAM", "ENAVAIL", "EISNAM", "EREMOTEIO", "EDQUOT", "ENOMEDIUM", "EMEDIUMTYPE", "ECANCELED",
    "ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED", "EOWNERDEAD", "ENOTRECOVERABLE", "ERFKILL", "EHWPOISON"};
/* clang-format on */

/* Second names: of EAGAIN, EDEADLK and EOPNOTSUPP. */
static const struct {
  char name[12];
  uint32_t number;
} jl_const_errno_aliases[] = {{"EWOULDBLOCK", 11}, {"EDEADLOCK", 35}, {"ENOTSUP", 95}};

/* The number of an errno's name of n bytes. */
JL_UNUSED static bool jl_const_errno(const char *name, size_t n, uint32_t *number) {
  if (n == 0) return false;
  for (uint32_t i = 1; i < sizeof jl_const_errnos / sizeof jl_const_errnos[0]; i++) {
    if (strlen(jl_const_errnos[i]) != n || memcmp(jl_const_errnos[i], name, n) != 0) continue;
    *number = i;
    return true;
  }
  for (size_t i = 0; i < sizeof jl_const_errno_aliases / sizeof jl_const_errno_aliases[0]; i++) {
    if (strlen(jl_const_errno_aliases[i].name) != n || memcmp(jl_const_errno_aliases[i].name, name, n) != 0) continue;
    *number = jl_const_errno_aliases[i].number;
    return true;
  }
  return false;
}

/* The name of an errno of Linux, or NULL for a number that has none. */
JL_UNUSED static const char *jl_const_errno_name(uint32_t number) {
  if (number >= sizeof jl_const_errnos / sizeof jl_const_errnos[0] || !jl_const_errnos[number][0]) return NULL;
  return jl_const_errnos[number];
}

/* ============================================================================================
 * // >>layout    box ids and the paths of a box
 * May touch: memory. May call: base, error, entries.
 * ============================================================================================ */

static bool jl_layout_alnum(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* An alphanumeric first character and then alphanumerics or one of `more`; at most max characters. Nothing that passes
   is ".", "..", hidden, an option or a path. */
static bool jl_layout_word(const char *name, size_t n, size_t max, const char *more) {
  if (n == 0 || n > max || !jl_layout_alnum(name[0])) return false;
  for (size_t i = 1; i < n; i++) /* strchr finds the NUL too, which is in no name */
    if (!jl_layout_alnum(name[i]) && (!name[i] || !strchr(more, name[i]))) return false;
  return true;
}

/* The same for a text that ends in a NUL. */
static bool jl_layout_name(const char *name, size_t max, const char *more) {
  return jl_layout_word(name, jl_strnlen(name, max + 1), max, more);
}

static bool jl_layout_id(const char *id) { return jl_layout_name(id, JAILER_ID_MAX - 1, "_-"); }

/* The absolute path of a table row; false when it does not fit. */
static bool jl_layout_text(const jailer_layout *layout, const jl_tab_entry *e, char *buf, size_t size) {
  jl_buf b = jl_buf_fixed(buf, size);
  jl_buf_str(&b, layout->home);
  if (e->in_box) {
    jl_buf_str(&b, "/boxes/");
    jl_buf_str(&b, layout->id);
  }
  if (e->path[0]) jl_buf_char(&b, '/');
  jl_buf_str(&b, e->path);
  if (b.failed && size) buf[0] = 0;
  return !b.failed;
}

/* Copies home with single slashes; NULL when it is fine, else the sentence that says what is wrong with it. */
static const char *jl_layout_home(jl_buf *out, const char *home) {
  if (home[0] != '/') return "the home directory must be an absolute path";
  for (const char *at = home; *at;) {
    while (*at == '/') at++;
    size_t n = strcspn(at, "/");
    if (n == 0) break;
    if (n > 255) return "a component of the home directory is longer than the 255 bytes that Linux allows";
    if ((n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
      return "the home directory must not contain \".\" or \"..\"; write the path that is meant";
    for (size_t i = 0; i < n; i++)
      if ((unsigned char)at[i] < 32 || at[i] == 127) return "the home directory must not contain control bytes";
    jl_buf_char(out, '/');
    jl_buf_bytes(out, at, n);
    at += n;
  }
  return out->len || out->failed ? NULL : "the root directory cannot be a home; name a directory of its own";
}

JAILER_API jailer_code jailer_layout_init(jailer_layout *out, const char *home, const char *id, jailer_error *err) {
  const char *step = "check the layout";
  jailer_layout made;
  char path[JAILER_PATH_MAX];
  memset(&made, 0, sizeof made);
  if (!out || !home || !id)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, NULL, 0, "layout, home and id must not be NULL");
  if (!jl_layout_id(id))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, id, 0,
                   "a box id is 1 to 64 of A-Z a-z 0-9 _ - and begins with a letter or digit");
  jl_buf b = jl_buf_fixed(made.home, sizeof made.home);
  const char *wrong = jl_layout_home(&b, home);
  if (wrong) return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, home, 0, wrong);
  bool fits = !b.failed && jl_copy(made.id, sizeof made.id, id);
  for (size_t i = 0; fits && i < JAILER_ENTRY_COUNT; i++)
    fits = jl_layout_text(&made, &jl_tab_entries[i], path, sizeof path);
  if (!fits)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_NONE, step, home, 0,
                   "the paths of this box would be longer than 4095 bytes; choose a shorter home directory");
  *out = made;
  return JAILER_OK;
}

/* A layout is plain data that a caller may have built by hand: it is checked wherever it is used. */
static jailer_code jl_layout_check(const jailer_layout *layout, jailer_error *err) {
  char home[JAILER_PATH_MAX];
  jl_buf b = jl_buf_fixed(home, sizeof home);
  if (layout && memchr(layout->home, 0, sizeof layout->home) && jl_layout_id(layout->id) &&
      !jl_layout_home(&b, layout->home) && jl_streq(home, layout->home))
    return JAILER_OK;
  return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "check the layout", NULL, 0,
                 "the layout was not made by jailer_layout_init");
}

JAILER_API jailer_code jailer_layout_path(const jailer_layout *layout, jailer_entry entry, char *buf, size_t size,
                                          jailer_error *err) {
  const char *step = "build a path of the box";
  if (buf && size) buf[0] = 0;
  jailer_code code = jl_layout_check(layout, err);
  if (code != JAILER_OK) return code;
  if (!buf || (unsigned)entry >= (unsigned)JAILER_ENTRY_COUNT)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, NULL, 0, "no buffer, or no such entry");
  if (jl_layout_text(layout, &jl_tab_entries[entry], buf, size)) return JAILER_OK;
  return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_NONE, step, jl_tab_entries[entry].path, 0,
                 "the path does not fit the buffer; JAILER_PATH_MAX bytes always suffice");
}

JAILER_API jailer_code jailer_layout_socket_path(const jailer_layout *layout, const char *name, char *buf, size_t size,
                                                 jailer_error *err) {
  const size_t sun_path = JL_DARWIN ? 104 : 108; /* sys/un.h; linux/un.h UNIX_PATH_MAX: the NUL included */
  const char *step = "build a socket path";
  if (buf && size) buf[0] = 0;
  jailer_code code = jl_layout_check(layout, err);
  if (code != JAILER_OK) return code;
  if (!buf || !name || !jl_layout_name(name, 64, "._-"))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, name, 0,
                   "a socket name is 1 to 64 of A-Z a-z 0-9 . _ - and begins with a letter or digit");
  jl_tab_entry socket = jl_tab_entries[JAILER_ENTRY_SOCKETS];
  char relative[sizeof "sockets/" + 64];
  jl_buf b = jl_buf_fixed(relative, sizeof relative);
  jl_buf_str(&b, "sockets/");
  jl_buf_str(&b, name);
  socket.path = relative;
  if (jl_layout_text(layout, &socket, buf, size < sun_path ? size : sun_path)) return JAILER_OK;
  return jl_fail(
      err, JAILER_E_LIMIT, JAILER_LAYER_NONE, step, relative, 0,
      "the path is longer than the buffer, or than the 107 bytes (macOS: 103) of a socket address; choose a shorter "
      "home");
}

/* ============================================================================================
 * // >>plan    grants = f(config, host): validation, defaults, conflicts, the order of mounts
 * May touch: memory. May call: base, error, tables, layout. Pure: facts about paths come in as sources, decisions go
 * out as nodes; the survey between the two is an effect and lives below the line.
 * ============================================================================================ */

/* Where a wanted path comes from decides who wins: the configuration over the system's defaults. */
typedef enum jl_origin {
  JL_FROM_SYSTEM = 0,
  JL_FROM_CONFIG,
  JL_FROM_BOX,
  JL_FROM_PROGRAM,
  JL_FENCE_HOME,
  JL_FENCE_ROOT
} jl_origin;

/* One wanted path, and what the survey found there. */
typedef struct jl_source {
  const char *path;     /* on the host, as asked */
  const char *at;       /* inside */
  const char *resolved; /* on the host, without symbolic links */
  const char *link;     /* a link that is made again inside instead of being granted: its target */
  const char *named;    /* engine seatbelt: the name by which the target walks to it */
  jailer_access access;
  jl_origin origin;
  bool optional, keep_link, exists, dropped, check;
  bool procfs;                     /* lies on a proc file system */
  bool looked, plain;              /* opened and asked already; and by a name without symbolic links */
  int32_t found;                   /* the errno of looking at it, negated; 0: none */
  bool twice;                      /* the same directory is writable at another place inside as well */
  bool planted, makeable;          /* on the way to it is a link that the target can make; it is missing there */
  int fd;                          /* O_PATH, pins the inode; -1: none */
  uint64_t expect_dev, expect_ino; /* of a chain's file: what was recorded; expect_ino 0: nothing */
  jl_stat st;
} jl_source;

typedef enum jl_kind { JL_DIR = 0, JL_LINK, JL_FILE, JL_TREE, JL_TMPFS, JL_PROC, JL_DEVPTS } jl_kind;

/* One thing the child makes in the new root, in order: a parent always stands before what is below it. */
typedef struct jl_node {
  const char *at;   /* relative to the new root, no leading slash */
  const char *text; /* link target, file content, mount options */
  size_t text_len;
  const jl_source *source; /* of a tree */
  uint64_t attr;           /* MOUNT_ATTR_* of a tree */
  jl_kind kind;
  bool enclosed; /* below another grant: the destination must exist, and is looked for without following links */
  bool system;
} jl_node;

/* A growing list of nodes in an arena; the abandoned halves are freed with it. */
typedef struct jl_nodes {
  jl_node *item;
  size_t count, cap;
} jl_nodes;

/* One placed descriptor. */
typedef struct jl_placed {
  int from, to; /* from -1: /dev/null */
} jl_placed;

/* A symbolic link on the way to a source, where it lies. */
typedef struct jl_link {
  struct jl_link *next;
  const char *path;
} jl_link;

struct jailer_plan {
  jl_arena arena;
  jailer_host host;
  jailer_engine engine;
  uint32_t layers, may_degrade; /* JAILER_BIT */
  bool allow_network, allow_userns, allow_host_root, allow_exec_memfd, allow_full_proc, allow_unsafe_fds, allow_pty;
  bool outlive_launcher, controlling_tty, with_init, without_system, log_denials, trap_denied;
  uint32_t timeout_ms;
  uint32_t inside_uid, inside_gid, host_uid, host_gid;
  uint32_t groups[8]; /* of granted devices, for a root launcher */
  size_t group_count;
  const char **argv, **envp;
  size_t env_count;
  const char *program, *cwd, *hostname;
  const char *cgroup; /* without symbolic links; NULL: none */
  int cgroup_fd;      /* O_PATH, pins it; -1: none */
  jl_source *sources;
  size_t source_count;
  jl_link *links; /* engine seatbelt: all that a walk to the sources follows */
  size_t link_count;
  jl_nodes nodes;
  jl_placed *fds;
  size_t fd_count;
  int fd_max;         /* the highest number that a kept descriptor has inside */
  jailer_port *ports; /* of a narrowed network; NULL: none */
  size_t port_count;
  uint64_t nofile, fsize;
  jailer_insn *filter, *policy; /* the launch filter, and what comes on top of it; NULL: nothing */
  size_t filter_len, policy_len;
  const char *policy_name;
  bool policy_pauses;               /* the policy allows nanosleep */
  jailer_role role;                 /* of the engine self, as all that follows */
  const jailer_policy *self_policy; /* of the role, or the caller's */
  jailer_policy *own_policy;        /* the same, where it is the plan's; NULL: the caller's */
  bool allow_unconfined_threads;
  const char *profile; /* of the engine seatbelt: the whole text; NULL: not written yet */
  size_t profile_len;
  bool own_profile;   /* the caller's, and not written from the grants */
  struct jl_box *box; /* NULL: none */
};

/* MOUNT_ATTR_*: linux/mount.h. */
enum { JL_MOUNT_RDONLY = 1, JL_MOUNT_NOSUID = 2, JL_MOUNT_NODEV = 4, JL_MOUNT_NOEXEC = 8 };

/* Paths in the order of their components: a directory comes directly before what is below it ('/' sorts lowest). */
static int jl_plan_path_cmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  int x = *a == '/' ? 1 : *a ? (unsigned char)*a + 2 : 0, y = *b == '/' ? 1 : *b ? (unsigned char)*b + 2 : 0;
  return (x > y) - (x < y);
}

/* Whether path lies below dir (component-wise, not itself). */
static bool jl_plan_below(const char *path, const char *dir) {
  size_t n = strlen(dir);
  if (n == 1 && dir[0] == '/') return path[0] == '/' && path[1];
  return strncmp(path, dir, n) == 0 && path[n] == '/';
}

static bool jl_plan_at_or_below(const char *path, const char *dir) {
  return jl_streq(path, dir) || jl_plan_below(path, dir);
}

/* An absolute path without "//", "." and a trailing slash. ".." is refused (what it means depends on links) unless
   `lexical`, for names inside disk images, where every component above is a real directory of the jail. */
static jailer_code jl_plan_normal(jl_arena *arena, const char *path, bool lexical, const char **out,
                                  jailer_error *err) {
  size_t n = jl_strnlen(path, JAILER_PATH_MAX), len = 0;
  if (n >= JAILER_PATH_MAX)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_MOUNTS, "check a path", path, 0, "a path has at most 4095 bytes");
  if (path[0] != '/')
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_MOUNTS, "check a path", path, 0, "write an absolute path");
  char *to = jl_arena_get(arena, n + 2);
  if (!to) return jl_no_memory(err, "check a path");
  for (size_t i = 0; i < n;) {
    size_t start = i;
    while (i < n && path[i] == '/') start = ++i;
    while (i < n && path[i] != '/') i++;
    size_t size = i - start;
    if (size == 0 || (size == 1 && path[start] == '.')) continue;
    if (size == 2 && path[start] == '.' && path[start + 1] == '.') {
      if (!lexical)
        return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_MOUNTS, "check a path", path, 0,
                       "write the path without \"..\": what it means depends on symbolic links");
      while (len && to[--len] != '/') {
      }
      continue;
    }
    to[len++] = '/';
    memcpy(to + len, path + start, size);
    len += size;
  }
  if (len == 0) to[len++] = '/';
  to[len] = 0;
  *out = to;
  return JAILER_OK;
}

static char *jl_plan_join(jl_arena *arena, const char *a, const char *b, const char *c) {
  size_t x = strlen(a), y = strlen(b), z = strlen(c);
  char *text = jl_arena_get(arena, x + y + z + 1);
  if (!text) return NULL;
  memcpy(text, a, x);
  memcpy(text + x, b, y);
  memcpy(text + x + y, c, z);
  return text;
}

/* --- the configuration, checked as written --- */

static jailer_code jl_plan_invalid(jailer_error *err, const char *item, const char *message) {
  return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "check the configuration", item, 0, message);
}

/* The order of environment entries by their names: up to and with the '='. */
static int jl_plan_by_name(const void *a, const void *b) {
  const char *x = *(const char *const *)a, *y = *(const char *const *)b;
  while (*x == *y && *x != '=') x++, y++;
  if (*x == '=' || *y == '=') return (*y == '=') - (*x == '=');
  return (*x > *y) - (*x < *y);
}

/* What macOS's dynamic linker heeds. sandbox-exec, a program of the system's, loses such variables on the way. */
static bool jl_plan_steers_linker(const jailer_plan *plan, const char *entry) {
  return plan->engine == JAILER_ENGINE_SEATBELT && (jl_starts(entry, "DYLD_") || jl_starts(entry, "LD_LIBRARY_PATH="));
}

/* What a box has in its environment beside PATH: on Linux the directory of its libraries, and on macOS, where the
   libraries of a shim name their places and no private /tmp is mounted, the box's own tmp/. */
static jailer_code jl_plan_env_box(jailer_plan *plan, const jailer_config *config, const char *library_dir,
                                   bool has_tmp, const char **out, jailer_error *err) {
  const bool seatbelt = plan->engine == JAILER_ENGINE_SEATBELT;
  char tmp[JAILER_PATH_MAX];
  *out = NULL;
  if (seatbelt ? !config->layout || has_tmp : !library_dir) return JAILER_OK;
  jailer_code code = seatbelt ? jailer_layout_path(config->layout, JAILER_ENTRY_TMP, tmp, sizeof tmp, err) : JAILER_OK;
  if (code) return code;
  *out = seatbelt ? jl_plan_join(&plan->arena, "TMPDIR=", tmp, "")
                  : jl_plan_join(&plan->arena, "LD_LIBRARY_PATH=", library_dir, "");
  return *out ? JAILER_OK : jl_no_memory(err, "build the environment");
}

/* NAME=VALUE entries, each name once; PATH is added, and what a box has. */
JL_UNUSED static jailer_code jl_plan_env(jailer_plan *plan, const jailer_config *config, const char *library_dir,
                                         jailer_error *err) {
  static const char default_path[] = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin";
  size_t count = 0, at = 0;
  bool has_path = false, has_tmp = false;
  while (config->env && config->env[count]) count++;
  const char **env = jl_arena_array(&plan->arena, count + 3, sizeof *env);
  const char **sorted = jl_arena_array(&plan->arena, count + 1, sizeof *sorted);
  if (!env || !sorted) return jl_no_memory(err, "build the environment");
  for (size_t i = 0; i < count; i++) {
    const char *entry = sorted[i] = config->env[i], *equals = strchr(entry, '=');
    if (!equals || equals == entry) return jl_plan_invalid(err, entry, "an environment entry is NAME=VALUE");
    if (jl_starts(entry, "PATH=")) has_path = true;
    if (jl_starts(entry, "TMPDIR=")) has_tmp = true;
    if (jl_plan_steers_linker(plan, entry))
      return jl_plan_invalid(err, entry, "macOS keeps this from what runs in a sandbox: leave it out");
    if (library_dir && jl_starts(entry, "LD_LIBRARY_PATH="))
      return jl_plan_invalid(err, entry, "with a shim the library path is the box's bin/; leave it out");
    if (!(env[at++] = jl_arena_text(&plan->arena, entry, strlen(entry))))
      return jl_no_memory(err, "build the environment");
  }
  if (!jl_arena_sort(&plan->arena, sorted, count, sizeof *sorted, jl_plan_by_name))
    return jl_no_memory(err, "build the environment");
  for (size_t i = 1; i < count; i++)
    if (jl_plan_by_name(&sorted[i - 1], &sorted[i]) == 0)
      return jl_plan_invalid(err, sorted[i],
                             "this variable stands twice in the environment; which one counts is unsafe");
  if (!has_path) env[at++] = default_path;
  jailer_code code = jl_plan_env_box(plan, config, library_dir, has_tmp, &env[at], err);
  if (code) return code;
  if (env[at]) at++;
  plan->envp = env;
  plan->env_count = at;
  return JAILER_OK;
}

static jailer_code jl_plan_argv(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  size_t count = 0;
  while (config->argv && config->argv[count]) count++;
  if (count == 0 || !config->argv[0][0]) return jl_plan_invalid(err, "argv", "name a program: argv[0] is required");
  plan->argv = jl_arena_array(&plan->arena, count + 1, sizeof *plan->argv);
  if (!plan->argv) return jl_no_memory(err, "copy the arguments");
  for (size_t i = 0; i < count; i++)
    if (!(plan->argv[i] = jl_arena_text(&plan->arena, config->argv[i], strlen(config->argv[i]))))
      return jl_no_memory(err, "copy the arguments");
  return JAILER_OK;
}

static jailer_code jl_plan_fds(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  if (config->fd_count && !config->fds) return jl_plan_invalid(err, "fds", "fd_count without fds");
  if (config->fd_count > 65536) return jl_plan_invalid(err, "fds", "at most 65536 descriptors can be kept");
  if ((unsigned)config->stdio > JAILER_STDIO_NULL) return jl_plan_invalid(err, "stdio", "no such kind of stdio");
  uint8_t *taken = jl_arena_get(&plan->arena, 65536 / 8); /* one bit for each number inside */
  plan->fds = jl_arena_array(&plan->arena, config->fd_count + 3, sizeof *plan->fds);
  if (!plan->fds || !taken) return jl_no_memory(err, "plan the descriptors");
  plan->fd_count = 3;
  for (int i = 0; i < 3; i++) {
    plan->fds[i].from = config->stdio == JAILER_STDIO_NULL ? -1 : i;
    plan->fds[i].to = i;
  }
  plan->fd_max = 2;
  for (size_t i = 0; i < config->fd_count; i++) {
    jl_placed placed = {config->fds[i].fd, config->fds[i].renumber ? config->fds[i].as : config->fds[i].fd};
    char number[24];
    jl_buf b = jl_buf_fixed(number, sizeof number);
    jl_buf_i64(&b, placed.to);
    if (placed.from < 0 || placed.to < 0 || placed.to > 65535)
      return jl_plan_invalid(err, number, "a kept descriptor is 0 to 65535, inside and outside");
    const size_t slot = placed.to < 3 ? (size_t)placed.to : plan->fd_count, byte = (size_t)placed.to / 8;
    if (taken[byte] >> (placed.to % 8) & 1)
      return jl_plan_invalid(err, number, "two descriptors want the same number inside");
    taken[byte] = (uint8_t)(taken[byte] | 1 << (placed.to % 8));
    plan->fds[slot] = placed;
    if (slot == plan->fd_count) plan->fd_count++;
    if (placed.to > plan->fd_max) plan->fd_max = placed.to;
  }
  return JAILER_OK;
}

/* --- ports, and what else is asked of Landlock beside grants --- */

/* Whether a port of TCP, or of UDP, is granted: with ports given, the other kind has no sockets at all. */
static bool jl_plan_port_kind(const jailer_plan *plan, bool udp) {
  for (size_t i = 0; i < plan->port_count; i++)
    if (jl_tab_ports[plan->ports[i].use].udp == udp) return true;
  return false;
}

static jailer_code jl_plan_ports(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  if (config->port_count && !config->ports) return jl_plan_invalid(err, "ports", "port_count without ports");
  if (!config->ports) return JAILER_OK;
  if (config->port_count == 0)
    return jl_plan_invalid(err, "ports", "an empty list: for no port at all leave allow_network and ports out");
  if (config->port_count > 262144) /* every port, for every use */
    return jl_plan_invalid(err, "ports", "more entries than there are ports");
  if (!config->allow_network)
    return jl_plan_invalid(err, "ports",
                           "ports narrow the host's network, and without it there is none: set "
                           "allow_network too");
  if (plan->engine == JAILER_ENGINE_NONE)
    return jl_plan_invalid(err, "ports", "the engine none has no walls: it cannot keep to ports");
  plan->ports = jl_arena_array(&plan->arena, config->port_count, sizeof *plan->ports);
  if (!plan->ports) return jl_no_memory(err, "copy the ports");
  plan->port_count = config->port_count;
  for (size_t i = 0; i < config->port_count; i++) {
    plan->ports[i] = config->ports[i];
    if ((unsigned)plan->ports[i].use > JAILER_BIND_UDP) return jl_plan_invalid(err, "ports", "no such use of a port");
    if (plan->ports[i].port == 0 && !jl_tab_ports[plan->ports[i].use].bind)
      return jl_plan_invalid(err, "ports", "nobody can be connected to at port 0; it only means something to bind");
  }
  return JAILER_OK;
}

/* What a plan's ruleset denies unless a rule allows it. The network: everything, the ports' kinds, or with
   allow_network alone nothing. */
JL_UNUSED static jl_landlock jl_plan_landlock(const jailer_plan *plan) {
  jl_landlock handled = jl_tab_landlock_all(plan->host.landlock_abi);
  if (plan->allow_network && !plan->port_count) handled.net = 0;
  return handled;
}

/* What was asked of Landlock, and this host's is too old for. */
enum { JL_LACKS_TCP = 1, JL_LACKS_UDP = 2, JL_LACKS_LOG = 4 };
static uint32_t jl_plan_lacks(const jailer_plan *plan) {
  const uint64_t net = jl_tab_landlock_all(plan->host.landlock_abi).net;
  const bool logs = (jl_tab_landlock_flags(plan->host.landlock_abi) & JL_LL_LOG_NEW_EXEC_ON) != 0;
  uint32_t lacks = plan->log_denials && !logs ? JL_LACKS_LOG : 0;
  if (jl_plan_port_kind(plan, false) && !(net & JL_LL_NET_CONNECT_TCP)) lacks |= JL_LACKS_TCP;
  if (jl_plan_port_kind(plan, true) && !(net & JL_LL_NET_CONNECT_SEND_UDP)) lacks |= JL_LACKS_UDP;
  return lacks;
}

/* Such a thing is an error as a missing layer is, unless the layer may degrade; the report then says what it lacks. */
static jailer_code jl_plan_lacks_nothing(const jailer_plan *plan, jailer_error *err) {
  const uint32_t lacks = jl_plan_lacks(plan);
  const char *item = "ports", *why;
  if (!lacks || (plan->may_degrade & JAILER_BIT(JAILER_LAYER_LANDLOCK))) return JAILER_OK;
  if (lacks & JL_LACKS_TCP)
    why = "TCP ports can be told apart from Landlock ABI 4 (Linux 6.7) on; or let the layer degrade";
  else if (lacks & JL_LACKS_UDP)
    why = "UDP ports can be told apart from Landlock ABI 10 (Linux 7.2) on: grant TCP only; or let the layer degrade";
  else item = "log_denials", why = "Landlock logs from ABI 7 (Linux 6.15) on; or let the layer degrade";
  return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_LANDLOCK, "compare the layers with the host", item, 0, why);
}

/* The layers of an engine. Ordinary launchers can only make namespaces inside a user namespace of their own. */
static jailer_code jl_plan_layers(jailer_plan *plan, jailer_error *err) {
  const uint32_t plain = JAILER_BIT(JAILER_LAYER_SESSION) | JAILER_BIT(JAILER_LAYER_DEATH) |
                         JAILER_BIT(JAILER_LAYER_FDS) | JAILER_BIT(JAILER_LAYER_ENV) | JAILER_BIT(JAILER_LAYER_RLIMITS);
  const uint32_t all =
      (JAILER_BIT(JAILER_LAYER_COUNT) - 1) & ~JAILER_BIT(JAILER_LAYER_NONE) & ~JAILER_BIT(JAILER_LAYER_SEATBELT);
  const uint32_t self = JAILER_BIT(JAILER_LAYER_FDS) | JAILER_BIT(JAILER_LAYER_RLIMITS) |
                        JAILER_BIT(JAILER_LAYER_CAPS) | JAILER_BIT(JAILER_LAYER_NNP) |
                        JAILER_BIT(JAILER_LAYER_LANDLOCK) | JAILER_BIT(JAILER_LAYER_SECCOMP);
  const bool seatbelt = plan->engine == JAILER_ENGINE_SEATBELT;
  plan->layers = plan->engine == JAILER_ENGINE_NONE ? plain : plan->engine == JAILER_ENGINE_SELF ? self : all;
  if (seatbelt) plan->layers = plain | JAILER_BIT(JAILER_LAYER_SEATBELT);
  if (plan->host.privileged && plan->engine != JAILER_ENGINE_SELF) /* root is given up whatever the engine */
    plan->layers |= JAILER_BIT(JAILER_LAYER_IDS) | (seatbelt || JL_DARWIN ? 0 : JAILER_BIT(JAILER_LAYER_CAPS));
  if (plan->allow_network) plan->layers &= ~JAILER_BIT(JAILER_LAYER_NETNS);
  if (plan->cgroup) plan->layers |= JAILER_BIT(JAILER_LAYER_CGROUP);
  else plan->layers &= ~JAILER_BIT(JAILER_LAYER_CGROUP);
  if (plan->outlive_launcher) plan->layers &= ~JAILER_BIT(JAILER_LAYER_DEATH);
  const struct {
    jailer_layer layer;
    bool there;
    const char *message;
  } needs[] = {
      {JAILER_LAYER_USERNS, plan->host.userns, "this kernel has no user namespaces (CONFIG_USER_NS)"},
      {JAILER_LAYER_MOUNTS, plan->host.mntns, "this kernel has no mount namespaces"},
      {JAILER_LAYER_PIDNS, plan->host.pidns, "this kernel has no pid namespaces (CONFIG_PID_NS)"},
      {JAILER_LAYER_NETNS, plan->host.netns, "this kernel has no network namespaces (CONFIG_NET_NS)"},
      {JAILER_LAYER_IPCNS, plan->host.ipcns, "this kernel has no IPC namespaces (CONFIG_IPC_NS)"},
      {JAILER_LAYER_UTSNS, plan->host.utsns, "this kernel has no UTS namespaces (CONFIG_UTS_NS)"},
      {JAILER_LAYER_CGROUPNS, plan->host.cgroupns, "this kernel has no cgroup namespaces (before 4.6)"},
      {JAILER_LAYER_LANDLOCK, plan->host.landlock_abi > 0,
       "this kernel has no Landlock: it needs 5.13 and \"landlock\" in the lsm= list; or let the layer degrade"},
      {JAILER_LAYER_SECCOMP, plan->host.seccomp, "this kernel has no seccomp filters (CONFIG_SECCOMP_FILTER)"},
      {JAILER_LAYER_SEATBELT, plan->host.seatbelt || !JL_DARWIN, /* elsewhere the plan is a dry run */
       "this Mac has no /usr/bin/sandbox-exec"},
      {JAILER_LAYER_DEATH, !seatbelt && !JL_DARWIN,
       "macOS cannot end a process because another one has ended: set outlive_launcher; or let the layer degrade"}};
  for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
    uint32_t bit = JAILER_BIT(needs[i].layer);
    if (!(plan->layers & bit) || needs[i].there || (plan->may_degrade & bit)) continue;
    return jl_fail(err, JAILER_E_UNSUPPORTED, needs[i].layer, "compare the layers with the host",
                   jl_tab_layers[needs[i].layer], 0, needs[i].message);
  }
  return jl_plan_lacks_nothing(plan, err);
}

/* The layers that the first try of a launch asks the kernel for. */
JL_UNUSED static uint32_t jl_plan_wanted_layers(const jailer_plan *plan) {
  uint32_t layers = plan->layers;
  const jailer_host *h = &plan->host;
  if (!h->userns) layers &= ~JAILER_BIT(JAILER_LAYER_USERNS);
  if (!h->mntns) layers &= ~(JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PROC));
  if (!h->pidns) layers &= ~JAILER_BIT(JAILER_LAYER_PIDNS);
  if (!h->netns) layers &= ~JAILER_BIT(JAILER_LAYER_NETNS);
  if (!h->ipcns) layers &= ~JAILER_BIT(JAILER_LAYER_IPCNS);
  if (!h->utsns) layers &= ~JAILER_BIT(JAILER_LAYER_UTSNS);
  if (!h->cgroupns) layers &= ~JAILER_BIT(JAILER_LAYER_CGROUPNS);
  if (!h->landlock_abi) layers &= ~JAILER_BIT(JAILER_LAYER_LANDLOCK);
  if (!h->seccomp) layers &= ~JAILER_BIT(JAILER_LAYER_SECCOMP);
  if (plan->cgroup_fd < 0) layers &= ~JAILER_BIT(JAILER_LAYER_CGROUP);
  if (plan->engine == JAILER_ENGINE_SEATBELT) layers &= ~JAILER_BIT(JAILER_LAYER_DEATH);
  return layers;
}

/* Root that has not all it takes to become somebody else would leave the target root. */
JL_UNUSED static jailer_code jl_plan_root(const jailer_host *h, const jailer_config *config, jailer_error *err) {
  if (h->privileged || h->uid != 0 || h->nested || config->allow_host_root) return JAILER_OK;
  return jl_fail(err, JAILER_E_DENIED, JAILER_LAYER_IDS, "choose the target's uid", NULL, EPERM,
                 "the launcher is root without CAP_SYS_ADMIN, SETUID, SETGID, CHOWN and KILL: it cannot give root up; "
                 "run it as an ordinary user, with these capabilities, or set allow_host_root");
}

/* Who the target is, inside and on the host. fresh: an unprivileged id for a root launcher that names none. */
JL_UNUSED static jailer_code jl_plan_ids(jailer_plan *plan, const jailer_config *config, uint32_t fresh_uid,
                                         uint32_t fresh_gid, jailer_error *err) {
  const jailer_host *h = &plan->host;
  if (config->uid == UINT32_MAX || config->gid == UINT32_MAX)
    return jl_plan_invalid(err, "uid", "4294967295 is not an id: it means \"unchanged\" to the kernel");
  if ((plan->engine == JAILER_ENGINE_NONE || plan->engine == JAILER_ENGINE_SEATBELT) && !h->privileged) {
    if ((config->uid && config->uid != h->uid) || (config->gid && config->gid != h->gid))
      return jl_plan_invalid(err, "uid", "an ordinary user cannot become somebody else without a user namespace");
  }
  if (h->privileged && config->allow_host_root) {
    plan->host_uid = config->uid;
    plan->host_gid = config->gid;
  } else if (h->privileged) {
    plan->host_uid = config->uid ? config->uid : fresh_uid;
    plan->host_gid = config->gid ? config->gid : fresh_gid;
  } else {
    jailer_code code = jl_plan_root(h, config, err);
    if (code) return code;
    plan->host_uid = h->uid;
    plan->host_gid = h->gid;
  }
  plan->inside_uid = h->privileged || !config->uid ? plan->host_uid : config->uid;
  plan->inside_gid = h->privileged || !config->gid ? plan->host_gid : config->gid;
  if (!config->allow_host_root && (plan->host_uid == 0 || plan->host_gid == 0) && h->privileged)
    return jl_plan_invalid(err, "uid", "uid or gid 0 of the host needs allow_host_root");
  return JAILER_OK;
}

JL_UNUSED static jailer_code jl_plan_formats(const jailer_config *config, jailer_error *err) {
  if ((unsigned)config->disk_format > JAILER_FORMAT_QCOW2 || (unsigned)config->rootfs_format > JAILER_FORMAT_QCOW2)
    return jl_plan_invalid(err, "disk_format", "no such format: raw or qcow2");
  return JAILER_OK;
}

/* What launches and a process that confines itself have in common. */
static jailer_code jl_plan_common(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const uint32_t all = (JAILER_BIT(JAILER_LAYER_COUNT) - 1) & ~JAILER_BIT(JAILER_LAYER_NONE);
  jailer_code code;
  if (config->may_degrade & ~all) /* a layer's number instead of its bit would let other layers degrade */
    return jl_plan_invalid(err, "may_degrade", "write JAILER_BIT(layer) for each layer, joined with |");
  plan->may_degrade = config->may_degrade;
  if (config->policy && config->engine != JAILER_ENGINE_SELF) /* it would go with the launch filter */
    plan->may_degrade &= ~JAILER_BIT(JAILER_LAYER_SECCOMP);
  plan->may_degrade &= ~JAILER_BIT(JAILER_LAYER_SEATBELT); /* without it there is no wall: that is the engine none */
  plan->allow_network = config->allow_network;
  plan->allow_userns = config->allow_userns;
  plan->allow_exec_memfd = config->allow_exec_memfd;
  plan->allow_unsafe_fds = config->allow_unsafe_fds;
  plan->trap_denied = config->trap_denied;
  plan->log_denials = config->log_denials;
  plan->timeout_ms = config->launch_timeout_ms ? config->launch_timeout_ms : 30000;
  if ((code = jl_plan_fds(plan, config, err)) || (code = jl_plan_ports(plan, config, err))) return code;
  if (config->grant_count && !config->grants) return jl_plan_invalid(err, "grants", "grant_count without grants");
  const uint64_t hard = plan->host.nofile_hard;
  plan->nofile = config->limits.nofile ? config->limits.nofile : hard < 1024 ? hard : 1024;
  plan->fsize = config->limits.fsize_bytes ? config->limits.fsize_bytes : UINT64_MAX;
  if (plan->nofile > hard)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_RLIMITS, "check the limits", "nofile", 0,
                   "more descriptors than the launcher's own hard limit: raise that first (ulimit -Hn)");
  if (plan->fsize > plan->host.fsize_hard && plan->fsize != UINT64_MAX)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_RLIMITS, "check the limits", "fsize_bytes", 0,
                   "larger than the launcher's own hard limit: raise that first (ulimit -Hf)");
  if (plan->fsize > plan->host.fsize_hard) plan->fsize = plan->host.fsize_hard;
  return jl_plan_layers(plan, err);
}

/* What only a launch has. */
static jailer_code jl_plan_target(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  jailer_code code;
  plan->allow_host_root = config->allow_host_root;
  plan->allow_full_proc = config->allow_full_proc;
  plan->allow_pty = config->allow_pty;
  plan->outlive_launcher = config->outlive_launcher;
  plan->controlling_tty = config->controlling_tty;
  plan->with_init = config->with_init;
  plan->without_system = config->without_system;
  plan->hostname = config->hostname ? config->hostname : "jail";
  if (!plan->hostname[0] || strlen(plan->hostname) > 64)
    return jl_plan_invalid(err, plan->hostname, "a host name has 1 to 64 bytes");
  for (const char *c = plan->hostname; *c; c++) /* it also stands in /etc/hosts: no blank, no line end */
    if (!jl_layout_alnum(*c) && !strchr(".-_", *c))
      return jl_plan_invalid(err, plan->hostname, "a host name has letters, digits, '.', '-' and '_' only");
  plan->hostname = jl_arena_text(&plan->arena, plan->hostname, strlen(plan->hostname));
  if (!plan->hostname) return jl_no_memory(err, "check the configuration");
  if ((code = jl_plan_normal(&plan->arena, config->cwd ? config->cwd : "/", false, &plan->cwd, err))) return code;
  if (config->cgroup && (code = jl_plan_normal(&plan->arena, config->cgroup, false, &plan->cgroup, err))) return code;
  if ((code = jl_plan_argv(plan, config, err))) return code;
  if (config->log_denials && plan->engine == JAILER_ENGINE_NONE)
    return jl_plan_invalid(err, "log_denials", "the engine none has no Landlock whose refusals could be logged");
  if (!config->layout && (config->shim || config->libraries))
    return jl_plan_invalid(err, "shim", "a shim is copied into a box: set layout too");
  if (!config->layout && (config->trust_chain_on_first_use || config->allow_whole_bases || config->trusted_roots))
    return jl_plan_invalid(err, "layout", "disks, bases and trusted roots belong to a box: set layout too");
  if (config->role != JAILER_ROLE_NONE && config->role != JAILER_ROLE_LAUNCH)
    return jl_plan_invalid(err, "role",
                           "a program that is launched needs the role launch; it takes on a narrower one when it has "
                           "started, with jailer_confine_self");
  if (config->allow_unconfined_threads)
    return jl_plan_invalid(err, "allow_unconfined_threads",
                           "a launch has no threads yet: for jailer_confine_self only");
  if (config->seatbelt_profile && plan->engine != JAILER_ENGINE_SEATBELT)
    return jl_plan_invalid(err, "seatbelt_profile", "a profile is for the engine seatbelt alone");
  return jl_plan_formats(config, err);
}

/* The data volume's directories stand in "/" as well (firmlinks), and that is what the kernel calls them. */
#define JL_PLAN_DATA "/System/Volumes/Data"
static const char *jl_plan_firmlink(const char *path) {
  static const char *const shown[] = {"/Applications", "/Library", "/Users",   "/Volumes",
                                      "/cores",        "/opt",     "/private", "/usr/local"};
  const char *rest = path + sizeof JL_PLAN_DATA - 1;
  for (size_t i = 0; jl_plan_below(path, JL_PLAN_DATA) && i < sizeof shown / sizeof shown[0]; i++)
    if (jl_plan_at_or_below(rest, shown[i])) return rest;
  return path;
}

/* A link that every Mac has in "/", to its namesake in /private, and that leads to the path; NULL: none does. */
static const char *jl_plan_root_link(const char *path) {
  static const char *const links[] = {"/etc", "/tmp", "/var"};
  for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
    if (jl_plan_at_or_below(path, links[i])) return links[i];
  return NULL;
}

/* What the kernel calls a path when it asks a profile, as far as that is the same on every Mac. NULL: no memory. */
static const char *jl_plan_real_name(jl_arena *arena, const char *path) {
  path = jl_plan_firmlink(path);
  return jl_plan_root_link(path) ? jl_plan_join(arena, "/private", path, "") : path;
}

/* What a profile is written with has at most macOS's PATH_MAX, 1024 with the NUL, by its real name too, and is shown to
   people: a name that is no text, or that would make the profile look like another one, is refused whole. */
static jailer_code jl_plan_seatbelt_path(const char *path, jailer_error *err) {
  static const char step[] = "write a profile";
  const size_t length = strlen(path), more = jl_plan_root_link(path) ? sizeof "/private" - 1 : 0;
  if (length + more > 1023)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_SEATBELT, step, path, 0, "a path has at most 1023 bytes on macOS");
  for (size_t i = 0, n; i < length; i += n)
    if (path[i] == '\t' || (n = jl_utf8_shown(path + i, length - i)) == 0)
      return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SEATBELT, step, path, 0,
                     "this path has control characters, or is no UTF-8: rename what it names");
  if (strstr(path, "${"))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SEATBELT, step, path, 0,
                   "macOS may read \"${\" in a profile as a variable: rename what this path names");
  return JAILER_OK;
}

/* What has no meaning on macOS, whatever the engine, by the field's name; NULL: all is well. */
static const char *jl_plan_macos_field(const jailer_config *c) {
  const struct {
    bool set;
    const char *name;
  } fields[] = {{c->hostname != NULL, "hostname"},
                {c->ports != NULL || c->port_count != 0, "ports"},
                {c->limits.tmp_size_bytes != 0, "tmp_size_bytes"},
                {c->limits.shm_size_bytes != 0, "shm_size_bytes"},
                {c->limits.tmp_inodes != 0, "tmp_inodes"},
                {c->cgroup != NULL, "cgroup"},
                {c->with_init, "with_init"},
                {c->log_denials, "log_denials"},
                {c->trap_denied, "trap_denied"},
                {c->policy != NULL, "policy"}};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (fields[i].set) return fields[i].name;
  return NULL;
}

static jailer_code jl_plan_seatbelt(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  if (!JL_SEATBELT)
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT, "check the configuration", "engine", 0,
                   "this build leaves the engine seatbelt out (JAILER_NO_SEATBELT)");
  plan->own_profile = config->seatbelt_profile != NULL;
  if (plan->own_profile && config->seatbelt_profile[0] != '/')
    return jl_plan_invalid(err, config->seatbelt_profile, "write the profile's absolute path");
  jailer_code code = jl_plan_target(plan, config, err);
  return code ? code : jl_plan_seatbelt_path(plan->cwd, err);
}

/* What has no meaning for a running process, by the field's name; NULL: all is well. */
static const char *jl_plan_self_field(const jailer_config *c) {
  const struct {
    bool set;
    const char *name;
  } fields[] = {{c->argv != NULL, "argv"},
                {c->env != NULL, "env"},
                {c->cwd != NULL, "cwd"},
                {c->hostname != NULL, "hostname"},
                {c->without_system, "without_system"},
                {c->stdio != JAILER_STDIO_INHERIT, "stdio"},
                {c->limits.tmp_size_bytes != 0, "tmp_size_bytes"},
                {c->limits.shm_size_bytes != 0, "shm_size_bytes"},
                {c->limits.tmp_inodes != 0, "tmp_inodes"},
                {c->cgroup != NULL, "cgroup"},
                {c->layout != NULL, "layout"},
                {c->shim != NULL, "shim"},
                {c->libraries != NULL, "libraries"},
                {c->disk_format != JAILER_FORMAT_UNSTATED, "disk_format"},
                {c->rootfs_format != JAILER_FORMAT_UNSTATED, "rootfs_format"},
                {c->trusted_roots != NULL, "trusted_roots"},
                {c->trust_chain_on_first_use, "trust_chain_on_first_use"},
                {c->allow_whole_bases, "allow_whole_bases"},
                {c->uid != 0, "uid"},
                {c->gid != 0, "gid"},
                {c->allow_userns && c->role != JAILER_ROLE_LAUNCH, "allow_userns"},
                {c->allow_host_root, "allow_host_root"},
                {c->allow_full_proc, "allow_full_proc"},
                {c->allow_pty, "allow_pty"},
                {c->outlive_launcher, "outlive_launcher"},
                {c->controlling_tty, "controlling_tty"},
                {c->with_init, "with_init"},
                {c->seatbelt_profile != NULL, "seatbelt_profile"}};
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
    if (fields[i].set) return fields[i].name;
  return NULL;
}

static jailer_code jl_plan_self(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const char *field = jl_plan_self_field(config);
  if (field)
    return jl_plan_invalid(err, field, "this says how a program is launched; for a process that runs leave it zero");
  if ((unsigned)config->role >= JAILER_ROLE_COUNT)
    return jl_plan_invalid(err, "role", "there is no such role: launch, vmm, vcpu and api are there");
  if (config->role == JAILER_ROLE_NONE && !config->policy)
    return jl_plan_invalid(err, "role", "choose what the process may ask of the kernel: a role (vmm, ...) or a policy");
  if (config->role != JAILER_ROLE_NONE && config->policy)
    return jl_plan_invalid(err, "policy",
                           "a role or a policy, not both: jailer_policy_role makes a policy of a role with options");
  if (config->policy && config->trap_denied)
    return jl_plan_invalid(err, "trap_denied", "a policy says itself what it answers; this is for a role");
  for (size_t i = 0; i < config->fd_count && config->fds; i++)
    if (config->fds[i].renumber)
      return jl_plan_invalid(err, "fds",
                             "a running process keeps its descriptors where they are: leave renumber false");
  plan->role = config->role;
  plan->self_policy = config->policy;
  plan->allow_unconfined_threads = config->allow_unconfined_threads;
  return JAILER_OK;
}

/* Whoever may be two users at will gives the target both: a uid that it has saved it can take up again. */
static jailer_code jl_plan_one_user(const jailer_plan *plan, jailer_error *err) {
  if (!plan->host.mixed_ids || (plan->host.privileged && plan->engine != JAILER_ENGINE_SELF)) return JAILER_OK;
  return jl_fail(err, JAILER_E_DENIED, JAILER_LAYER_IDS, "choose the target's uid", NULL, EPERM,
                 "this process has real, effective and saved ids that differ, as a set-uid program has: choose one of "
                 "them first, with setresuid(2) and setresgid(2), on macOS setreuid(2) and setregid(2)");
}

/* Everything of the configuration that can be judged without looking at the host's files. */
JL_UNUSED static jailer_code jl_plan_config(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  jailer_code code;
  plan->engine = config->engine;
  if ((unsigned)plan->engine > JAILER_ENGINE_SEATBELT)
    return jl_plan_invalid(err, "engine", "no such engine in this build");
  if (plan->engine == JAILER_ENGINE_AUTO) plan->engine = JL_DARWIN ? JAILER_ENGINE_SEATBELT : JAILER_ENGINE_NATIVE;
  if (JL_DARWIN && plan->engine == JAILER_ENGINE_NATIVE) /* whatever may degrade: all of it would */
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_NONE, "check the configuration", "engine", 0,
                   "the engine native is for Linux: choose auto or seatbelt");
  const bool macos = plan->engine == JAILER_ENGINE_SEATBELT || (JL_DARWIN && plan->engine == JAILER_ENGINE_NONE);
  const char *field = macos ? jl_plan_macos_field(config) : NULL;
  if (field) return jl_plan_invalid(err, field, "macOS has nothing to do this with: leave it zero, or launch on Linux");
  if ((code = jl_plan_one_user(plan, err))) return code;
  if (plan->engine == JAILER_ENGINE_SELF) code = jl_plan_self(plan, config, err);
  else if (plan->engine == JAILER_ENGINE_SEATBELT) code = jl_plan_seatbelt(plan, config, err);
  else code = jl_plan_target(plan, config, err);
  return code ? code : jl_plan_common(plan, config, err);
}

/* --- what is wanted --- */

/* The system's share of every jail. `keep_link`: a symbolic link on the host is made again inside. */
static const struct {
  const char *path;
  jailer_access access;
  bool keep_link, network;
} jl_plan_system[] = {
    {"/usr", JAILER_EXEC, false, false},
    {"/bin", JAILER_EXEC, true, false},
    {"/sbin", JAILER_EXEC, true, false},
    {"/lib", JAILER_EXEC, true, false},
    {"/lib32", JAILER_EXEC, true, false},
    {"/lib64", JAILER_EXEC, true, false},
    {"/libx32", JAILER_EXEC, true, false},
    {"/etc/ld.so.cache", JAILER_READ, false, false},  /* the dynamic linker's index: without it every start is slow */
    {"/etc/alternatives", JAILER_READ, false, false}, /* Debian: awk and cc are links through here */
    {"/etc/localtime", JAILER_READ, true, false},
    {"/etc/resolv.conf", JAILER_READ, false, true},
    {"/etc/ssl/certs", JAILER_READ, false, true},
    {"/etc/pki/tls/certs", JAILER_READ, false, true},
    {"/etc/ca-certificates", JAILER_READ, false, true},
};

static const char *const jl_plan_devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};

static jl_source *jl_plan_want(jailer_plan *plan, const char *path, const char *at, jailer_access access,
                               jl_origin origin) {
  jl_source *s = &plan->sources[plan->source_count++];
  s->path = path;
  s->at = at;
  s->access = access;
  s->origin = origin;
  s->fd = -1;
  return s;
}

/* System directories, devices, then the configuration's grants. The array has room for `more` further sources. */
JL_UNUSED static jailer_code jl_plan_wants(jailer_plan *plan, const jailer_config *config, size_t more,
                                           jailer_error *err) {
  const bool self = plan->engine == JAILER_ENGINE_SELF; /* what it has of the system it has already */
  /* or, on macOS, from a table of its own, or as it is there */
  const bool bare = self || plan->engine == JAILER_ENGINE_SEATBELT || JL_DARWIN;
  const size_t system_count = bare ? 0 : sizeof jl_plan_system / sizeof jl_plan_system[0];
  const size_t device_count = bare ? 0 : sizeof jl_plan_devices / sizeof jl_plan_devices[0];
  const size_t grant_count = plan->own_profile ? 0 : config->grant_count;
  size_t count;
  if (!jl_add(grant_count, more + system_count + device_count + 1, &count) ||
      !(plan->sources = jl_arena_array(&plan->arena, count, sizeof *plan->sources)))
    return jl_no_memory(err, "list the grants");
  for (size_t i = 0; i < system_count && !plan->without_system; i++) {
    if (jl_plan_system[i].network && !plan->allow_network) continue;
    jl_source *s =
        jl_plan_want(plan, jl_plan_system[i].path, jl_plan_system[i].path, jl_plan_system[i].access, JL_FROM_SYSTEM);
    s->keep_link = jl_plan_system[i].keep_link;
    s->optional = true;
  }
  for (size_t i = 0; i < device_count; i++)
    jl_plan_want(plan, jl_plan_devices[i], jl_plan_devices[i], JAILER_DEVICE, JL_FROM_SYSTEM);
  if (plan->allow_pty && !bare)
    jl_plan_want(plan, "/dev/tty", "/dev/tty", JAILER_DEVICE, JL_FROM_SYSTEM)->optional = true;
  for (size_t i = 0; i < grant_count; i++) {
    const jailer_grant *g = &config->grants[i];
    const char *path, *at;
    jailer_code code;
    if (!g->path) return jl_plan_invalid(err, "grants", "a grant without a path");
    if ((unsigned)g->access > JAILER_DEVICE) return jl_plan_invalid(err, g->path, "no such access");
    if ((code = jl_plan_normal(&plan->arena, g->path, false, &path, err))) return code;
    at = path;
    if (g->at && (code = jl_plan_normal(&plan->arena, g->at, false, &at, err))) return code;
    if (bare && !jl_streq(at, path))
      return jl_fail(err, JAILER_E_CONFLICT, self ? JAILER_LAYER_LANDLOCK : JAILER_LAYER_SEATBELT, "compare the grants",
                     at, 0,
                     self ? "a running process sees its files where they are: leave `at` out"
                          : "on macOS the target sees its files where they are: leave `at` out");
    jl_source *s = jl_plan_want(plan, path, at, g->access, JL_FROM_CONFIG);
    s->optional = g->optional;
    s->check = true;
  }
  return JAILER_OK;
}

/* One entry of the tree as a source. */
static jailer_code jl_plan_entry(jailer_plan *plan, const jailer_layout *layout, jailer_entry entry,
                                 jailer_access access, jl_origin origin, jl_source **out, jailer_error *err) {
  char path[JAILER_PATH_MAX];
  jailer_code code = jailer_layout_path(layout, entry, path, sizeof path, err);
  if (code) return code;
  const char *copy = jl_arena_text(&plan->arena, path, strlen(path));
  if (!copy) return jl_no_memory(err, "list the box's entries");
  jl_source *s = jl_plan_want(plan, copy, copy, access, origin);
  s->check = origin == JL_FROM_BOX;
  s->optional = origin != JL_FROM_BOX;
  if (out) *out = s;
  return JAILER_OK;
}

/* What of the tree the target sees: the table of THREAT_MODEL.md, row by row. mounts/, the pid file, the lock, the
   records and the box directory itself are not in it. */
JL_UNUSED static jailer_code jl_plan_tree(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  static const jailer_entry written[] = {JAILER_ENTRY_SHARED, JAILER_ENTRY_SOCKETS, JAILER_ENTRY_TMP, JAILER_ENTRY_LOGS,
                                         JAILER_ENTRY_EXIT};
  jailer_code code = jl_plan_entry(plan, config->layout, JAILER_ENTRY_BOXES, JAILER_READ, JL_FENCE_HOME, NULL, err);
  if (code == JAILER_OK)
    code = jl_plan_entry(plan, config->layout, JAILER_ENTRY_UIDS, JAILER_READ, JL_FENCE_HOME, NULL, err);
  if (code == JAILER_OK)
    code = jl_plan_entry(plan, config->layout, JAILER_ENTRY_BIN, JAILER_EXEC, JL_FROM_BOX, NULL, err);
  for (size_t i = 0; code == JAILER_OK && i < sizeof written / sizeof written[0]; i++)
    code = jl_plan_entry(plan, config->layout, written[i], JAILER_WRITE, JL_FROM_BOX, NULL, err);
  if (code == JAILER_OK && config->allow_whole_bases)
    code = jl_plan_entry(plan, config->layout, JAILER_ENTRY_BASES, JAILER_READ, JL_FROM_BOX, NULL, err);
  return code;
}

/* --- conflicts --- */

static jailer_code jl_plan_conflict(jailer_error *err, const char *item, const char *message) {
  return jl_fail(err, JAILER_E_CONFLICT, JAILER_LAYER_MOUNTS, "compare the grants", item, 0, message);
}

/* /proc itself, /proc/PID and what is below: they show the host's processes, and /proc/PID/root is the host's "/". */
static bool jl_plan_host_processes(const char *resolved) {
  return jl_streq(resolved, "/proc") || (jl_starts(resolved, "/proc/") && resolved[6] >= '0' && resolved[6] <= '9');
}

/* Where a source lies that a running process asks for. What is below /proc is made anew whenever the kernel drops it
   from its caches, and a rule on it would then be one on nothing: only the root stays (inode 1, PROC_ROOT_INO). */
static jailer_code jl_plan_judge_place_self(const jl_source *s, jailer_error *err) {
  if (s->procfs && (s->st.ino != 1 || s->access != JAILER_READ))
    return jl_plan_conflict(err, s->path, "of /proc all can be granted, and for reading: write /proc");
  return JAILER_OK;
}

/* Where a source of a launch lies, on the host and inside. */
static jailer_code jl_plan_judge_place(const jl_source *s, jailer_error *err) {
  if (jl_plan_at_or_below(s->at, "/proc"))
    return jl_plan_conflict(err, s->at, "/proc inside is the jail's own; grant the path somewhere else with `at`");
  if (jl_plan_host_processes(s->resolved) || (s->procfs && !jl_plan_below(s->resolved, "/proc")))
    return jl_plan_conflict(err, s->path,
                            "this is the host's processes: the jail has a /proc of its own (allow_full_proc)");
  return JAILER_OK;
}

/* Where a source of a macOS sandbox lies, by all names that the profile has of it. */
static jailer_code jl_plan_judge_place_seatbelt(const jl_source *s, jailer_error *err) {
  const char *const names[] = {s->resolved, s->path, s->named};
  for (size_t i = 0; i < 3; i++) {
    jailer_code code = jl_plan_seatbelt_path(names[i], err);
    if (code) return code;
  }
  if (jl_plan_at_or_below(s->resolved, "/dev") && s->access != JAILER_DEVICE)
    return jl_plan_conflict(err, s->path, "what lies in /dev is a device: grant each that is needed as one");
  return JAILER_OK;
}

/* Type and place of one source, after the survey. */
static jailer_code jl_plan_judge(const jailer_plan *plan, const jl_source *s, jailer_error *err) {
  uint32_t type = s->st.mode & JL_S_IFMT;
  if (jl_streq(s->at, "/") || jl_streq(s->resolved, "/"))
    return jl_plan_conflict(err, s->path,
                            "the root directory cannot be granted: name the directories below it that are needed");
  jailer_code code = plan->engine == JAILER_ENGINE_SELF       ? jl_plan_judge_place_self(s, err)
                     : plan->engine == JAILER_ENGINE_SEATBELT ? jl_plan_judge_place_seatbelt(s, err)
                                                              : jl_plan_judge_place(s, err);
  if (code) return code;
  if (s->access == JAILER_DEVICE && type != JL_S_IFCHR)
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_MOUNTS, "check a device", s->path, 0,
                   "a device grant is one character device");
  if (s->access != JAILER_DEVICE && (type == JL_S_IFCHR || type == JL_S_IFBLK))
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_MOUNTS, "check a grant", s->path, 0,
                   "this is a device: grant a character device as a device; a block device cannot be granted");
  if ((type == JL_S_IFSOCK || type == JL_S_IFIFO) && s->access != JAILER_WRITE)
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_MOUNTS, "check a grant", s->path, 0,
                   "a socket or FIFO can only be granted for writing");
  return JAILER_OK;
}

static bool jl_plan_is_fence(const jl_source *s) { return s->origin == JL_FENCE_HOME || s->origin == JL_FENCE_ROOT; }

/* The system's sources come first; how many they are. */
static size_t jl_plan_system_count(const jailer_plan *plan) {
  size_t n = 0;
  while (n < plan->source_count && plan->sources[n].origin == JL_FROM_SYSTEM) n++;
  return n;
}

/* /bin/x is asked for and /bin is a link to usr/bin inside: it stands at /usr/bin/x. Only links of the root count; the
   kernel's own limit of links in a path is 40, no system has more than two here. */
static jailer_code jl_plan_through_links(jailer_plan *plan, size_t system_count, jl_source *s, jailer_error *err) {
  for (int hops = 0; hops < 8; hops++) {
    const jl_source *link = NULL;
    for (size_t i = 0; i < system_count && !link; i++) {
      const jl_source *l = &plan->sources[i];
      if (l->link && !l->dropped && !strchr(l->at + 1, '/') && jl_plan_below(s->at, l->at)) link = l;
    }
    if (!link) return JAILER_OK;
    const char *target = jl_plan_join(&plan->arena, "/", link->link, s->at + strlen(link->at));
    if (!target) return jl_no_memory(err, "follow the system's links");
    jailer_code code = jl_plan_normal(&plan->arena, target, true, &s->at, err);
    if (code) return code;
  }
  return jl_plan_conflict(err, s->path, "the system's links in \"/\" lead in a circle");
}

/* Final places: a system default whose place the configuration takes is dropped, then places go through the links that
   are left. Before anything is compared: a place that changes later would escape the comparison. */
static jailer_code jl_plan_places(jailer_plan *plan, jailer_error *err) {
  const size_t system_count = jl_plan_system_count(plan);
  for (size_t k = system_count; k < plan->source_count; k++) {
    const jl_source *s = &plan->sources[k];
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    for (size_t i = 0; i < system_count; i++)
      if (jl_streq(plan->sources[i].at, s->at)) plan->sources[i].dropped = true;
  }
  for (size_t k = system_count; k < plan->source_count; k++) {
    jl_source *s = &plan->sources[k];
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    jailer_code code = jl_plan_through_links(plan, system_count, s, err);
    if (code) return code;
  }
  return JAILER_OK;
}

static bool jl_plan_same_file(const jl_source *a, const jl_source *b) {
  return a->st.dev == b->st.dev && a->st.ino == b->st.ino;
}

/* One source against one fence of a box: where the boxes live, or a trusted root of backing files. */
static jailer_code jl_plan_fence(const jl_source *f, const jl_source *s, jailer_error *err) {
  const bool boxes = f->origin == JL_FENCE_HOME, below = jl_plan_below(s->resolved, f->resolved);
  const bool holds = jl_plan_at_or_below(f->resolved, s->resolved) || jl_plan_same_file(f, s);
  if (s->origin == JL_FROM_SYSTEM) {
    if (boxes && holds)
      return jl_plan_conflict(err, f->path,
                              "the boxes lie in a system directory that every jail sees: use another home");
    return JAILER_OK;
  }
  if (holds)
    return jl_plan_conflict(err, s->path,
                            "this holds the boxes' home or a trusted root of backing files; the box's own entries and "
                            "its disks' files are granted one by one: leave this grant out");
  if (boxes && below)
    return jl_plan_conflict(err, s->path, "this belongs to a box; another box's files are never granted");
  if (!boxes && below && s->access == JAILER_WRITE)
    return jl_plan_conflict(err, s->path, "a writable grant below a trusted root lets the target change backing files");
  return JAILER_OK;
}

/* The fences of a box against every source, and against each other: a trusted root that holds boxes, or lies in one,
   would make what targets write into trusted backing files. */
static jailer_code jl_plan_fences(jailer_plan *plan, jailer_error *err) {
  size_t count = 0;
  const jl_source **fences = jl_arena_array(&plan->arena, plan->source_count + 1, sizeof *fences);
  if (!fences) return jl_no_memory(err, "compare the grants");
  for (size_t i = 0; i < plan->source_count; i++)
    if (jl_plan_is_fence(&plan->sources[i]) && plan->sources[i].exists) fences[count++] = &plan->sources[i];
  for (size_t i = 0; i < count; i++) {
    for (size_t k = 0; k < plan->source_count; k++) {
      const jl_source *s = &plan->sources[k];
      if (!s->exists || s->dropped || s->link || s->origin == JL_FROM_BOX || jl_plan_is_fence(s)) continue;
      jailer_code code = jl_plan_fence(fences[i], s, err);
      if (code) return code;
    }
    for (size_t k = 0; k < count && fences[i]->origin == JL_FENCE_HOME; k++)
      if (fences[k]->origin == JL_FENCE_ROOT && (jl_plan_at_or_below(fences[k]->resolved, fences[i]->resolved) ||
                                                 jl_plan_below(fences[i]->resolved, fences[k]->resolved)))
        return jl_plan_conflict(err, fences[k]->path,
                                "a trusted root holds boxes or lies in one: what a target writes there "
                                "would be trusted; name the directory of the images alone");
  }
  return JAILER_OK;
}

static int jl_plan_by_resolved(const void *a, const void *b) {
  const jl_source *x = *(const jl_source *const *)a, *y = *(const jl_source *const *)b;
  int order = jl_plan_path_cmp(x->resolved, y->resolved);
  return order ? order : (x->access > y->access) - (x->access < y->access);
}

static int jl_plan_by_identity(const void *a, const void *b) {
  const jl_source *x = *(const jl_source *const *)a, *y = *(const jl_source *const *)b;
  if (x->st.dev != y->st.dev) return x->st.dev < y->st.dev ? -1 : 1;
  if (x->st.ino != y->st.ino) return x->st.ino < y->st.ino ? -1 : 1;
  return (x->access > y->access) - (x->access < y->access);
}

/* Whether `inner`, granted without write access below the writable `outer`, can be taken over from inside: unless it is
   a direct child at the same place, the level between can be renamed and the path made again. */
static bool jl_plan_exposed(const jl_source *outer, const jl_source *inner) {
  const char *rest = inner->resolved + strlen(outer->resolved);
  if (!jl_plan_below(inner->at, outer->at)) return true;
  return strchr(rest + 1, '/') != NULL || !jl_streq(inner->at + strlen(outer->at), rest);
}

/* Conflicts on the host's side, first part: the same inode, by whatever name. A directory that is writable at two
   places is marked: what is kept from writing in it at one of them is not at the other. */
static jailer_code jl_plan_inodes_agree(jailer_plan *plan, jl_source **list, size_t count, jailer_error *err) {
  if (!jl_arena_sort(&plan->arena, list, count, sizeof *list, jl_plan_by_identity))
    return jl_no_memory(err, "compare the grants");
  for (size_t i = 1; i < count; i++) {
    jl_source *a = list[i - 1], *b = list[i];
    if (!jl_plan_same_file(a, b)) continue;
    if ((a->access == JAILER_WRITE) != (b->access == JAILER_WRITE))
      return jl_plan_conflict(err, b->origin == JL_FROM_SYSTEM ? a->path : b->path,
                              "one file or directory is granted both read-only and writable; choose one");
    if (a->access == JAILER_WRITE && !jl_streq(a->at, b->at)) a->twice = b->twice = true;
  }
  return JAILER_OK;
}

/* Whether what is written through `s` could be executed through the executable grant `e` around it. It cannot where s
   itself is mounted over its place in e. */
static bool jl_plan_executes(const jl_source *e, const jl_source *s) {
  const char *rest = s->resolved + strlen(e->resolved);
  return !jl_plan_at_or_below(s->at, e->at) || !jl_streq(s->at + strlen(e->at), rest);
}

/* A name of a directory that the target can write: as asked, or resolved. */
typedef struct jl_opener {
  const char *path;
  const jl_source *source;
} jl_opener;

static int jl_plan_by_opener(const void *a, const void *b) {
  return jl_plan_path_cmp(((const jl_opener *)a)->path, ((const jl_opener *)b)->path);
}

/* The next writable directory above `path`, from *at on; *at is then where its name ends. NULL: none. */
static const jl_source *jl_plan_above(const char *path, size_t *at, const jl_opener *openers, size_t count) {
  char prefix[JAILER_PATH_MAX];
  const size_t n = strlen(path);
  for (++*at; *at < n && n < sizeof prefix; ++*at) {
    if (path[*at] != '/') continue;
    memcpy(prefix, path, *at);
    prefix[*at] = 0;
    const jl_opener key = {prefix, NULL}, *o = bsearch(&key, openers, count, sizeof *openers, jl_plan_by_opener);
    if (o) return o->source;
  }
  return NULL;
}

/* Whether a link below a writable directory leads `s` somewhere else: the target may have planted it. */
static bool jl_plan_planted(const jl_source *s, const jl_opener *openers, size_t count) {
  size_t at = 0;
  for (const jl_source *o; (o = jl_plan_above(s->path, &at, openers, count));) {
    const size_t m = strlen(o->resolved);
    if (strncmp(s->resolved, o->resolved, m) != 0 || !jl_streq(s->resolved + m, s->path + at)) return true;
  }
  return false;
}

/* A grant that may be missing, and is, inside a writable one: what the target makes there would be granted the next
   time, for executing even. */
static jailer_code jl_plan_missing(const jailer_plan *plan, const jl_opener *openers, size_t count, jailer_error *err) {
  for (size_t i = 0; i < plan->source_count && count; i++) {
    const jl_source *s = &plan->sources[i];
    size_t at = 0;
    if (s->exists || s->origin != JL_FROM_CONFIG || s->access == JAILER_WRITE) continue;
    if (s->makeable || jl_plan_above(s->path, &at, openers, count))
      return jl_plan_conflict(
          err, s->path,
          "this optional grant is missing, and lies in a writable one: the target could make it, and "
          "have it granted the next time; create it first, or leave it out");
  }
  return JAILER_OK;
}

/* A grant named through a writable one must be what the name says: a link in between would let the target choose, for
   the next launch, what of the host it gets. */
static jailer_code jl_plan_links_agree(jailer_plan *plan, jl_source **list, size_t count, jailer_error *err) {
  size_t opener_count = 0;
  jl_opener *openers = jl_arena_array(&plan->arena, 2 * count + 1, sizeof *openers);
  if (!openers) return jl_no_memory(err, "compare the grants");
  for (size_t i = 0; i < count; i++) {
    const jl_opener asked = {list[i]->path, list[i]}, resolved = {list[i]->resolved, list[i]};
    if (list[i]->access != JAILER_WRITE) continue;
    openers[opener_count++] = asked;
    if (!jl_streq(asked.path, resolved.path)) openers[opener_count++] = resolved;
  }
  if (!jl_arena_sort(&plan->arena, openers, opener_count, sizeof *openers, jl_plan_by_opener))
    return jl_no_memory(err, "compare the grants");
  for (size_t i = 0; i < count && opener_count; i++)
    if (list[i]->origin != JL_FROM_SYSTEM && !jl_streq(list[i]->path, list[i]->resolved) &&
        (list[i]->planted || jl_plan_planted(list[i], openers, opener_count)))
      return jl_fail(
          err, JAILER_E_UNSAFE, JAILER_LAYER_MOUNTS, "compare the grants", list[i]->path, 0,
          "a symbolic link inside a writable grant leads it elsewhere: whoever writes there would choose what is "
          "granted; remove the link, or grant the real path");
  return jl_plan_missing(plan, openers, opener_count, err);
}

/* Second part: nested sources. `outer` is the outermost writable directory around the current source, `exec` the stack
   of executable grants around it. */
static jailer_code jl_plan_trees_agree(jailer_plan *plan, jl_source **list, size_t count, jailer_error *err) {
  const jl_source *outer = NULL, **exec = jl_arena_array(&plan->arena, count + 1, sizeof *exec);
  size_t depth = 0;
  if (!exec || !jl_arena_sort(&plan->arena, list, count, sizeof *list, jl_plan_by_resolved))
    return jl_no_memory(err, "compare the grants");
  for (size_t i = 0; i < count; i++) {
    const jl_source *s = list[i];
    if (outer && !jl_plan_below(s->resolved, outer->resolved)) outer = NULL;
    while (depth && !jl_plan_at_or_below(s->resolved, exec[depth - 1]->resolved)) depth--;
    if (outer && s->access != JAILER_WRITE && (outer->twice || jl_plan_exposed(outer, s)))
      return jl_plan_conflict(
          err, s->path,
          s->origin == JL_FROM_PROGRAM
              ? "the program lies in a writable grant, and not directly in it: the target could put another in its "
                "place; grant another directory for writing, or run a program that lies outside"
              : "a grant without write access lies deeper than a direct child of a writable one, or the writable one "
                "shows it at another place too: the target could take it over; grant it directly below, or outside");
    if (outer && s->access != JAILER_WRITE && (s->st.mode & JL_S_IFMT) == JL_S_IFREG && s->st.nlink > 1)
      return jl_plan_conflict(
          err, s->path,
          "this file has hard links, and lies in a writable grant: another name of it there would be "
          "writable; make it a copy of its own, or keep it outside");
    for (size_t k = 0; k < depth && s->access == JAILER_WRITE; k++)
      if (jl_plan_executes(exec[k], s))
        return jl_plan_conflict(
            err, s->path,
            "this is writable at one place inside and executable at another, through the grant or system "
            "directory that holds it: grant it at the same place, or keep it outside");
    if (!outer && s->access == JAILER_WRITE) outer = s;
    if (s->access != JAILER_EXEC) continue;
    bool known = depth && jl_streq(exec[depth - 1]->resolved, s->resolved) && jl_streq(exec[depth - 1]->at, s->at);
    if (!known) exec[depth++] = s;
  }
  return JAILER_OK;
}

/* --- nodes: the new root, in order --- */

static jl_node *jl_plan_node(jailer_plan *plan, jl_kind kind, const char *at, const char *text) {
  jl_nodes *nodes = &plan->nodes;
  if (nodes->count == nodes->cap) {
    size_t cap = nodes->cap ? nodes->cap * 2 : 64;
    jl_node *grown = jl_arena_array(&plan->arena, cap, sizeof *grown);
    if (!grown) return NULL;
    if (nodes->count) memcpy(grown, nodes->item, nodes->count * sizeof *grown);
    nodes->item = grown;
    nodes->cap = cap;
  }
  jl_node *node = &nodes->item[nodes->count++];
  memset(node, 0, sizeof *node);
  node->kind = kind;
  node->at = at;
  node->text = text;
  node->text_len = text ? strlen(text) : 0;
  return node;
}

/* passwd, group, nsswitch.conf and hosts: enough for programs that ask who they are. */
static bool jl_plan_etc(jailer_plan *plan) {
  char uid[24], gid[24];
  jl_buf u = jl_buf_fixed(uid, sizeof uid), g = jl_buf_fixed(gid, sizeof gid);
  jl_buf_u64(&u, plan->inside_uid);
  jl_buf_u64(&g, plan->inside_gid);
  const char *ids = jl_plan_join(&plan->arena, uid, ":", gid);
  const char *user = ids ? jl_plan_join(&plan->arena, "jail:x:", ids, ":jail:/tmp:/bin/sh\n") : NULL;
  const char *passwd =
      user ? jl_plan_join(&plan->arena, user, "nobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n", "") : NULL;
  const char *group = jl_plan_join(&plan->arena, "jail:x:", gid, ":\nnogroup:x:65534:\n");
  const char *hosts =
      jl_plan_join(&plan->arena, "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 ", plan->hostname, "\n");
  if (!passwd || !group || !hosts) return false;
  const struct {
    const char *at, *text;
  } files[] = {{"etc/group", group},
               {"etc/hosts", hosts},
               {"etc/nsswitch.conf", "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"},
               {"etc/passwd", passwd}};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
    jl_node *node = jl_plan_node(plan, JL_FILE, files[i].at, files[i].text);
    if (!node) return false;
    node->system = true;
  }
  return true;
}

/* What every root has besides grants. */
static bool jl_plan_fixed_nodes(jailer_plan *plan, const jailer_limits *limits) {
  static const struct {
    jl_kind kind;
    const char *at, *text;
    bool pty;
  } fixed[] = {{JL_LINK, "dev/fd", "/proc/self/fd", false},
               {JL_LINK, "dev/stdin", "/proc/self/fd/0", false},
               {JL_LINK, "dev/stdout", "/proc/self/fd/1", false},
               {JL_LINK, "dev/stderr", "/proc/self/fd/2", false},
               {JL_LINK, "dev/ptmx", "pts/ptmx", true},
               {JL_DEVPTS, "dev/pts", "newinstance,ptmxmode=0666,mode=0620", true},
               {JL_PROC, "proc", NULL, false}};
  for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
    if (fixed[i].pty && !plan->allow_pty) continue;
    bool subset = fixed[i].kind == JL_PROC && !plan->allow_full_proc; /* only processes: proc(5), 5.8 */
    jl_node *node = jl_plan_node(plan, fixed[i].kind, fixed[i].at, subset ? "subset=pid" : fixed[i].text);
    if (!node) return false;
    node->system = true;
  }
  const struct {
    const char *at;
    uint64_t size;
  } tmpfs[] = {{"dev/shm", limits->shm_size_bytes ? limits->shm_size_bytes : (uint64_t)64 << 20},
               {"tmp", limits->tmp_size_bytes ? limits->tmp_size_bytes : (uint64_t)64 << 20}};
  for (size_t i = 0; i < 2; i++) {
    char options[96];
    jl_buf b = jl_buf_fixed(options, sizeof options);
    jl_buf_str(&b, "mode=1777,size=");
    jl_buf_u64(&b, tmpfs[i].size);
    jl_buf_str(&b, ",nr_inodes=");
    jl_buf_u64(&b, limits->tmp_inodes ? limits->tmp_inodes : 16384);
    const char *text = jl_arena_text(&plan->arena, options, b.len);
    jl_node *node = text ? jl_plan_node(plan, JL_TMPFS, tmpfs[i].at, text) : NULL;
    if (!node) return false;
    node->system = true;
  }
  return plan->without_system || jl_plan_etc(plan);
}

/* Mount attributes by access: only an exec grant can be executed, only a write grant written. */
static uint64_t jl_plan_attr(jailer_access access) {
  switch (access) {
  case JAILER_READ: return JL_MOUNT_RDONLY | JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC;
  case JAILER_EXEC: return JL_MOUNT_RDONLY | JL_MOUNT_NOSUID | JL_MOUNT_NODEV;
  case JAILER_WRITE: return JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC;
  case JAILER_DEVICE: /* a read-only mount does not stop writing to a device, but touching the node: every jail's */
    return JL_MOUNT_RDONLY | JL_MOUNT_NOSUID | JL_MOUNT_NOEXEC;
  }
  return JL_MOUNT_RDONLY | JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC;
}

static bool jl_plan_source_nodes(jailer_plan *plan) {
  for (size_t i = 0; i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    jl_node *node = jl_plan_node(plan, s->link ? JL_LINK : JL_TREE, s->at + 1, s->link);
    if (!node) return false;
    node->system = s->origin == JL_FROM_SYSTEM;
    if (s->link) continue;
    node->source = s;
    node->attr = jl_plan_attr(s->access);
  }
  return true;
}

static int jl_plan_by_place(const void *a, const void *b) {
  const jl_node *x = a, *y = b;
  int order = jl_plan_path_cmp(x->at, y->at);
  if (order) return order;
  if (x->system != y->system)
    return (int)y->system - (int)x->system; /* what replaces the system's default follows it */
  /* what has no source stands before all that have one: equal to each of them it would be no order at all */
  const int first = x->source ? (int)x->source->access : -1, second = y->source ? (int)y->source->access : -1;
  return (first > second) - (first < second);
}

static bool jl_plan_is_dir(const jl_node *node) {
  return node->kind == JL_TREE && (node->source->st.mode & JL_S_IFMT) == JL_S_IFDIR;
}

/* Two nodes at one place: the configuration replaces the system's; equal grants are one, and reading and executing the
   same file is executing it; anything else is a conflict. */
static jailer_code jl_plan_same_place(const jl_node *first, const jl_node *second, bool *replace, jailer_error *err) {
  *replace = first->system && !second->system;
  if (*replace) return JAILER_OK;
  if (first->kind == JL_TREE && second->kind == JL_TREE && jl_plan_same_file(first->source, second->source) &&
      (first->source->access == second->source->access || second->source->access == JAILER_EXEC))
    return JAILER_OK; /* sorted: before an executable grant stands a read-only one */
  return jl_plan_conflict(err, second->source ? second->source->path : second->at,
                          "the same place inside is granted twice, with different access or from different paths");
}

/* Emits the directories between the enclosing node and `at` that no earlier node made. */
static bool jl_plan_parents(jailer_plan *plan, const char *at, const char *previous) {
  size_t common = 0;
  for (size_t i = 0; previous && at[i] && at[i] == previous[i]; i++)
    if (at[i] == '/') common = i + 1;
  for (size_t i = common; at[i]; i++) {
    if (at[i] != '/') continue;
    if (previous && strncmp(previous, at, i) == 0 && (previous[i] == 0 || previous[i] == '/')) continue;
    const char *dir = jl_arena_text(&plan->arena, at, i);
    if (!dir || !jl_plan_node(plan, JL_DIR, dir, NULL)) return false;
  }
  return true;
}

/* Sorts the nodes, settles who wins at one place, marks what lies below a grant, and adds missing directories. `open`
   is a stack: the trees and private tmpfs that enclose the current node. */
static jailer_code jl_plan_order(jailer_plan *plan, jailer_error *err) {
  jl_nodes sorted = plan->nodes;
  const jl_node **open = jl_arena_array(&plan->arena, sorted.count + 1, sizeof *open);
  const char *previous = NULL;
  size_t depth = 0;
  if (!open || !jl_arena_sort(&plan->arena, sorted.item, sorted.count, sizeof *sorted.item, jl_plan_by_place))
    return jl_no_memory(err, "order the mounts");
  memset(&plan->nodes, 0, sizeof plan->nodes);
  for (size_t i = 0; i < sorted.count; i++) {
    jl_node *node = &sorted.item[i];
    if (i + 1 < sorted.count && jl_streq(node->at, sorted.item[i + 1].at)) {
      bool replace;
      jailer_code code = jl_plan_same_place(node, &sorted.item[i + 1], &replace, err);
      if (code) return code;
      continue; /* the next one stands for both */
    }
    while (depth && !jl_plan_below(node->at, open[depth - 1]->at)) depth--;
    const jl_node *outer = depth ? open[depth - 1] : NULL, *writable = NULL; /* the outermost around this one */
    for (size_t k = depth; k-- > 0 && open[k]->kind == JL_TREE;)
      if (open[k]->source->access == JAILER_WRITE) writable = open[k];
    if (outer && outer->kind != JL_TMPFS) {
      if (node->system) continue; /* a granted /etc brings its own files */
      if (!jl_plan_is_dir(outer))
        return jl_plan_conflict(err, node->source ? node->source->path : node->at,
                                "the grant above it is not a directory");
      if (node->kind == JL_TREE && writable && node->source->access != JAILER_WRITE &&
          strchr(node->at + strlen(writable->at) + 1, '/'))
        return jl_plan_conflict(
            err, node->source->path,
            "inside, this lies deeper than a direct child of a writable grant: the target could rename "
            "the directory between");
      node->enclosed = true;
    } else if (!jl_plan_parents(plan, node->at, previous)) {
      return jl_no_memory(err, "order the mounts");
    }
    jl_node *copy = jl_plan_node(plan, node->kind, node->at, node->text);
    if (!copy) return jl_no_memory(err, "order the mounts");
    *copy = *node;
    if (!node->enclosed) previous = node->at;
    if (node->kind != JL_DIR) {
      jl_node *kept = jl_arena_get(&plan->arena, sizeof *kept);
      if (!kept) return jl_no_memory(err, "order the mounts");
      *kept = *node;
      open[depth++] = kept;
    }
  }
  return JAILER_OK;
}

/* --- without mounts: Landlock adds up --- */

/* Whether Landlock alone gives the inner of two nested grants what it was not granted. Of the system's directories what
   is read below them may be executed as well: so it may under its other names. */
static bool jl_plan_adds_up(const jl_source *outer, const jl_source *inner) {
  const bool dir = (inner->st.mode & JL_S_IFMT) == JL_S_IFDIR;
  const uint64_t asked = jl_tab_landlock_rights(inner->access, dir);
  uint64_t has = jl_tab_landlock_rights(outer->access, dir);
  if (outer->origin == JL_FROM_SYSTEM && inner->access == JAILER_READ) has &= ~(uint64_t)JL_LL_EXECUTE;
  return (has & ~asked) != 0;
}

/* Nodes are in order; `open` is the stack of the grants around the current one. */
static jailer_code jl_plan_nested(jl_arena *scratch, const jl_nodes *nodes, bool self, jailer_error *err) {
  static const char *const why[2][2] = {
      {"without mounts a grant below an executable one can be executed as well: grant it elsewhere, "
       "or do not let mounts degrade",
       "without mounts a grant below a writable one cannot be kept from being written: grant it elsewhere, "
       "or do not let mounts degrade"},
      {"Landlock adds up: a grant below an executable one can be executed as well; grant it elsewhere",
       "Landlock adds up: a grant below a writable one can be written as well; grant it elsewhere"}};
  const jl_node **open = jl_arena_array(scratch, nodes->count + 1, sizeof *open);
  size_t depth = 0;
  if (!open) return jl_no_memory(err, "compare the grants");
  for (size_t i = 0; i < nodes->count; i++) {
    const jl_node *node = &nodes->item[i];
    if (node->kind != JL_TREE) continue;
    while (depth && !jl_plan_below(node->at, open[depth - 1]->at)) depth--;
    for (size_t k = 0; k < depth; k++)
      if (jl_plan_adds_up(open[k]->source, node->source))
        return jl_plan_conflict(err, node->source->path, why[self][open[k]->source->access == JAILER_WRITE]);
    open[depth++] = node;
  }
  return JAILER_OK;
}

/* The grants of a running process, in order; there is nothing to be made. */
static jailer_code jl_plan_order_self(jailer_plan *plan, jailer_error *err) {
  jl_nodes *nodes = &plan->nodes;
  if (!jl_arena_sort(&plan->arena, nodes->item, nodes->count, sizeof *nodes->item, jl_plan_by_place))
    return jl_no_memory(err, "order the grants");
  return jl_plan_nested(&plan->arena, nodes, true, err);
}

/* --- macOS: paths are not mounted but matched --- */

/* Every source stands at its real name; what else it is called is walked through as well. */
static jailer_code jl_plan_places_seatbelt(jailer_plan *plan, jailer_error *err) {
  for (size_t i = 0; i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    if (!s->exists) continue;
    s->named = s->at;
    if (!(s->resolved = jl_plan_real_name(&plan->arena, s->resolved))) return jl_no_memory(err, "compare the grants");
    s->at = s->resolved;
  }
  return JAILER_OK;
}

/* The grants of a profile, in order. What is granted twice is one, as everywhere. */
static jailer_code jl_plan_order_seatbelt(jailer_plan *plan, jailer_error *err) {
  jl_nodes *nodes = &plan->nodes;
  size_t count = 0;
  if (!jl_arena_sort(&plan->arena, nodes->item, nodes->count, sizeof *nodes->item, jl_plan_by_place))
    return jl_no_memory(err, "order the grants");
  for (size_t i = 0; i < nodes->count; i++) {
    const jl_node *node = &nodes->item[i];
    const jailer_access access = node->source->access;
    if (count && jl_streq(nodes->item[count - 1].at, node->at)) {
      if (nodes->item[count - 1].source->access != access && access != JAILER_EXEC)
        return jl_plan_conflict(err, node->source->path, "this path is granted twice, with different access");
      count--; /* sorted: an executable grant follows the read-only one that it stands for as well */
    }
    nodes->item[count++] = *node;
  }
  nodes->count = count;
  return JAILER_OK;
}

/* All of it: from surveyed sources to ordered nodes. */
JL_UNUSED static jailer_code jl_plan_build(jailer_plan *plan, const jailer_limits *limits, jailer_error *err) {
  jl_source **list = jl_arena_array(&plan->arena, plan->source_count + 1, sizeof *list);
  size_t count = 0;
  jailer_code code;
  if (!list) return jl_no_memory(err, "compare the grants");
  code = plan->engine == JAILER_ENGINE_SEATBELT ? jl_plan_places_seatbelt(plan, err) : jl_plan_places(plan, err);
  if (code) return code;
  for (size_t i = 0; i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    if (!s->exists || s->dropped || s->link || jl_plan_is_fence(s)) continue;
    if (plan->engine == JAILER_ENGINE_SELF) s->at = s->resolved; /* rules follow inodes: what they are called is one */
    if ((code = jl_plan_judge(plan, s, err))) return code;
    if (s->origin != JL_FROM_SYSTEM || s->access == JAILER_EXEC) list[count++] = s;
  }
  if ((code = jl_plan_fences(plan, err))) return code;
  if ((code = jl_plan_links_agree(plan, list, count, err))) return code;
  if ((code = jl_plan_inodes_agree(plan, list, count, err)) || (code = jl_plan_trees_agree(plan, list, count, err)))
    return code;
  const bool mounts = plan->engine != JAILER_ENGINE_SELF && plan->engine != JAILER_ENGINE_SEATBELT;
  if ((mounts && !jl_plan_fixed_nodes(plan, limits)) || !jl_plan_source_nodes(plan))
    return jl_no_memory(err, "list the mounts");
  if (mounts) return jl_plan_order(plan, err);
  return plan->engine == JAILER_ENGINE_SELF ? jl_plan_order_self(plan, err) : jl_plan_order_seatbelt(plan, err);
}

/* ============================================================================================
 * // >>policy    who may call what: rules by system call, from a role or from data; and asked directly
 * May touch: memory. May call: base, error, syscalls. Compiles and is tested on every system.
 * ============================================================================================ */

/* A rule as the compiler and the printer want it: no grants and no names left to resolve. */
typedef struct jl_verdict {
  uint32_t otherwise; /* the answer when no clause holds */
  uint32_t count;     /* of clauses */
  const jailer_clause *clause;
  uint32_t weight;
  const char *why; /* the table's reason, or NULL */
} jl_verdict;

struct jailer_policy {
  jl_arena arena;
  const char *name;
  jl_verdict fallback, unknown;       /* for calls that no rule names, and for numbers that are no call */
  const jl_verdict *of[JL_TAB_CALLS]; /* by row of the table; NULL: fallback */
};

#define JL_POLICY_X32_BIT 0x40000000u /* __X32_SYSCALL_BIT: x32 shares the arch value of x86-64 */
enum { JL_POLICY_X32_FIRST = JL_TAB_NUMBERS, JL_POLICY_X32_END = 548 }; /* x32's own, before 5.4 without that bit */

/* What the kernel would take, and what means one thing: a filter's other bits are never set by accident. */
static bool jl_policy_is_answer(uint32_t answer) {
  const uint32_t data = answer & 0xffffu;
  switch (answer & 0xffff0000u) {
  case 0x00030000u: return true; /* TRAP: any data */
  case 0x00050000u: return data >= 1 && data <= 4095;
  case JAILER_ANSWER_KILL_THREAD:
  case JAILER_ANSWER_KILL_PROCESS:
  case JAILER_ANSWER_NOTIFY:
  case JAILER_ANSWER_LOG:
  case JAILER_ANSWER_ALLOW: return data == 0;
  default: return false;
  }
}

static bool jl_policy_passes(uint32_t answer) {
  return answer == JAILER_ANSWER_ALLOW || answer == JAILER_ANSWER_LOG || answer == JAILER_ANSWER_NOTIFY;
}

/* x32 numbers are the calls of x86-64 under other names: whatever the policy says to what it does not know, they are
   not let through. Before Linux 5.4 a kernel with x32 took 512 to 547 as well, 521 being ptrace (seccomp(2)). */
static bool jl_policy_is_x32(uint32_t number) {
  return number >= JL_POLICY_X32_BIT || (number >= JL_POLICY_X32_FIRST && number < JL_POLICY_X32_END);
}

static uint32_t jl_policy_x32(const jailer_policy *policy) {
  return jl_policy_passes(policy->unknown.otherwise) ? JL_RET_ENOSYS : policy->unknown.otherwise;
}

static uint64_t jl_policy_mask(const jailer_test *t) {
  const uint64_t whole = t->bits == 32 ? UINT32_MAX : UINT64_MAX;
  return t->mask ? t->mask & whole : whole;
}

static bool jl_policy_holds(const jailer_test *t, uint64_t argument) {
  const uint64_t a = argument & jl_policy_mask(t);
  switch (t->op) {
  case JAILER_EQ: return a == t->value;
  case JAILER_NE: return a != t->value;
  case JAILER_LT: return a < t->value;
  case JAILER_LE: return a <= t->value;
  case JAILER_GT: return a > t->value;
  case JAILER_GE: return a >= t->value;
  }
  return false;
}

/* The answer of a verdict to arguments, by the rules alone. */
static uint32_t jl_policy_ask(const jl_verdict *v, const uint64_t args[6]) {
  for (uint32_t i = 0; i < v->count; i++) {
    uint32_t t = 0;
    while (t < v->clause[i].test_count && jl_policy_holds(&v->clause[i].tests[t], args[v->clause[i].tests[t].arg])) t++;
    if (t == v->clause[i].test_count) return v->clause[i].answer;
  }
  return v->otherwise;
}

/* The verdict on a row of the table. */
static const jl_verdict *jl_policy_of(const jailer_policy *policy, size_t row) {
  return policy->of[row] ? policy->of[row] : &policy->fallback;
}

static jailer_code jl_policy_new(const char *name, uint32_t otherwise, uint32_t unknown, jailer_policy **out,
                                 jailer_error *err) {
  jailer_policy *policy = JAILER_MALLOC(sizeof *policy);
  if (!policy) return jl_no_memory(err, "make a policy");
  memset(policy, 0, sizeof *policy);
  policy->name = jl_arena_text(&policy->arena, name, strlen(name));
  policy->fallback.otherwise = otherwise;
  policy->unknown.otherwise = unknown;
  *out = policy;
  return policy->name ? JAILER_OK : jl_no_memory(err, "make a policy");
}

static void jl_policy_free(jailer_policy *policy) {
  if (!policy) return;
  jl_arena_free(&policy->arena);
  JAILER_FREE(policy);
}

/* --- from a role --- */

typedef struct jl_policy_role {
  jailer_policy *policy;
  const jailer_role_options *opt;
  uint32_t denied;
  unsigned grants;
} jl_policy_role;

static uint32_t jl_policy_denied(const jl_policy_role *r, uint32_t answer) {
  return answer == JL_RET_EPERM ? r->denied : answer;
}

/* Copies the tests of a clause where they ask for the own process; false when that is nobody: the clause is void. */
static bool jl_policy_tests(const jl_policy_role *r, const jl_tab_clause *from, jailer_clause *to, bool *memory) {
  bool self = false;
  for (uint32_t i = 0; i < from->count; i++) self = self || from->test[i].bits == JL_BITS_SELF;
  to->answer = jl_policy_denied(r, from->answer);
  to->test_count = from->count;
  to->tests = from->test;
  if (!self) return true;
  jailer_test *own = jl_arena_array(&r->policy->arena, from->count, sizeof *own);
  if (!own) return *memory = false;
  for (uint32_t i = 0; i < from->count; i++) {
    own[i] = from->test[i];
    if (own[i].bits != JL_BITS_SELF) continue;
    own[i].bits = 32; /* pid_t */
    own[i].value = r->opt->pid;
  }
  to->tests = own;
  return r->opt->pid != 0;
}

/* A rule of the table under the grants. */
static bool jl_policy_resolve(const jl_policy_role *r, const jl_tab_rule *rule, jl_verdict *out) {
  jailer_clause *clause = jl_arena_array(&r->policy->arena, rule->count, sizeof *clause);
  bool memory = clause != NULL;
  out->otherwise = jl_policy_denied(r, rule->otherwise);
  out->clause = clause;
  out->why = rule->why;
  for (uint32_t i = 0; i < rule->count && memory; i++) {
    const jl_tab_clause *from = &rule->clause[i];
    if (from->grant & ~r->grants) continue;
    if (from->count == 0) return out->otherwise = jl_policy_denied(r, from->answer), true;
    if (jl_policy_tests(r, from, &clause[out->count], &memory)) out->count++;
  }
  return memory;
}

static jailer_code jl_policy_from_role(jailer_role role, const jailer_role_options *opt, jailer_policy **out,
                                       jailer_error *err) {
  static const jailer_role_options strict;
  jl_policy_role r = {NULL, opt ? opt : &strict, 0, 0};
  const bool launch = role == JAILER_ROLE_LAUNCH;
  r.denied = r.opt->denied == JAILER_ANSWER_TRAP ? JAILER_ANSWER_TRAP | (uint32_t)role : r.opt->denied;
  if (!r.denied) r.denied = launch ? JL_RET_EPERM : JAILER_ANSWER_KILL_PROCESS;
  if (r.opt->pid > INT32_MAX)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, "choose a role", "pid", 0,
                   "this is no process: kill(2) takes a negative number for a group, or for every process");
  if (!jl_policy_is_answer(r.denied) || jl_policy_passes(r.denied))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, "choose a role", "denied", 0,
                   "this is no answer that denies: KILL_PROCESS, KILL_THREAD, TRAP or ERRNO(1 to 4095)");
  if (r.opt->allow_network) r.grants |= JL_GRANT_NETWORK;
  else if (r.opt->allow_tcp || r.opt->allow_udp)
    r.grants |= JL_GRANT_NETWORK | JL_GRANT_PORTS | (r.opt->allow_tcp ? (unsigned)JL_GRANT_TCP : 0) |
                (r.opt->allow_udp ? (unsigned)JL_GRANT_UDP : 0);
  if (r.opt->allow_userns) r.grants |= JL_GRANT_USERNS;
  if (r.opt->allow_exec_memfd) r.grants |= JL_GRANT_EXEC_MEMFD;
  if (r.opt->allow_pty) r.grants |= JL_GRANT_PTY;
  if (r.opt->allow_tkill) r.grants |= JL_GRANT_TKILL;
  jailer_code code =
      jl_policy_new(jl_tab_roles[role], launch ? JL_RET_ENOSYS : r.denied, JL_RET_ENOSYS, &r.policy, err);
  jl_verdict *verdict = code ? NULL : jl_arena_array(&r.policy->arena, JL_RULE_COUNT, sizeof *verdict);
  bool memory = verdict != NULL;
  for (size_t i = 0; i < JL_RULE_COUNT && memory; i++) memory = jl_policy_resolve(&r, &jl_tab_rules[i], &verdict[i]);
  for (size_t i = 0; i < JL_TAB_CALLS && memory; i++) {
    const uint8_t rule = jl_tab_calls[i].rule[role - 1];
    r.policy->of[i] = rule ? &verdict[rule] : NULL;
  }
  *out = memory ? r.policy : NULL;
  if (memory) return JAILER_OK;
  jl_policy_free(r.policy);
  return jl_no_memory(err, "choose a role");
}

/* --- from data --- */

/* NULL, or what is wrong with one condition. */
static const char *jl_policy_test_wrong(const jailer_test *t) {
  const uint64_t most = jl_policy_mask(t);
  bool idle;
  if (t->arg > 5) return "system calls have the arguments 0 to 5";
  if (t->bits != 32 && t->bits != 64) return "bits is 32 or 64: what the kernel reads of the argument";
  if (t->bits == 32 && (t->mask > UINT32_MAX || t->value > UINT32_MAX))
    return "a mask or value with more than 32 bits in a comparison of 32";
  switch (t->op) {
  case JAILER_EQ:
  case JAILER_NE: idle = (t->value & ~most) != 0; break;
  case JAILER_LT:
  case JAILER_GE: idle = t->value == 0 || t->value > most; break;
  case JAILER_LE:
  case JAILER_GT: idle = t->value >= most; break;
  default: return "this is no comparison";
  }
  return idle ? "this comparison comes out the same whatever the argument is" : NULL;
}

static const char *jl_policy_rule_wrong(const jailer_rule *rule) {
  if (!jl_policy_is_answer(rule->otherwise)) return "`otherwise` is no answer of a filter";
  if (rule->clause_count && !rule->clauses) return "clauses is NULL and clause_count is not 0";
  for (uint32_t i = 0; i < rule->clause_count; i++) {
    const jailer_clause *c = &rule->clauses[i];
    if (!jl_policy_is_answer(c->answer)) return "a clause has an answer that is none of a filter";
    if (c->test_count && !c->tests) return "tests is NULL and test_count is not 0";
    for (uint32_t t = 0; t < c->test_count; t++) {
      const char *wrong = jl_policy_test_wrong(&c->tests[t]);
      if (wrong) return wrong;
    }
  }
  return NULL;
}

/* A copy of a rule that was found to be right; NULL: no memory. A clause without tests ends the list. */
static const jl_verdict *jl_policy_copy(jl_arena *arena, const jailer_rule *rule) {
  jl_verdict *v = jl_arena_get(arena, sizeof *v);
  jailer_clause *clause = jl_arena_array(arena, rule->clause_count, sizeof *clause);
  if (!v || !clause) return NULL;
  v->otherwise = rule->otherwise;
  v->clause = clause;
  v->weight = rule->weight;
  for (uint32_t i = 0; i < rule->clause_count; i++) {
    const jailer_clause *from = &rule->clauses[i];
    if (from->test_count == 0) return v->otherwise = from->answer, v;
    jailer_test *tests = jl_arena_array(arena, from->test_count, sizeof *tests);
    if (!tests) return NULL;
    memcpy(tests, from->tests, from->test_count * sizeof *tests);
    clause[i].answer = from->answer;
    clause[i].test_count = from->test_count;
    clause[i].tests = tests;
    v->count++;
  }
  return v;
}

static jailer_code jl_policy_add(jailer_policy *policy, const jailer_rule *rule, jailer_error *err) {
  static const char step[] = "read a policy";
  const jl_tab_call *call = rule->call ? jl_tab_call_named(rule->call, strlen(rule->call)) : NULL;
  const char *wrong = rule->call ? jl_policy_rule_wrong(rule) : "a rule without the name of its call";
  if (wrong) return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step, rule->call, 0, wrong);
  if (!call && rule->optional) return JAILER_OK;
  if (!call)
    return jl_fail(err, JAILER_E_NOT_FOUND, JAILER_LAYER_SECCOMP, step, rule->call, 0,
                   "no system call of that name is known; a rule for one that may be newer can be optional");
  const jl_verdict **slot = &policy->of[call - jl_tab_calls];
  if (*slot)
    return jl_fail(err, JAILER_E_CONFLICT, JAILER_LAYER_SECCOMP, step, rule->call, 0,
                   "this system call has a rule already; put the clauses of both into one, in order");
  *slot = jl_policy_copy(&policy->arena, rule);
  return *slot ? JAILER_OK : jl_no_memory(err, step);
}

static jailer_code jl_policy_from_rules(const jailer_rules *rules, jailer_policy **out, jailer_error *err) {
  if (!jl_policy_is_answer(rules->otherwise) || !jl_policy_is_answer(rules->unknown))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, "read a policy", rules->name, 0,
                   "`otherwise` or `unknown` is no answer of a filter");
  if (rules->rule_count && !rules->rules)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, "read a policy", rules->name, 0,
                   "rules is NULL and rule_count is not 0");
  jailer_policy *policy = NULL;
  jailer_code code =
      jl_policy_new(rules->name ? rules->name : "custom", rules->otherwise, rules->unknown, &policy, err);
  for (size_t i = 0; i < rules->rule_count && code == JAILER_OK; i++)
    code = jl_policy_add(policy, &rules->rules[i], err);
  if (code == JAILER_OK) *out = policy;
  else jl_policy_free(policy);
  return code;
}

/* ============================================================================================
 * // >>bpf    the compiler: from a policy to a classic BPF program
 * May touch: memory. May call: base, error, syscalls, policy. Compiles and is tested on every system.
 *
 * The program:   1. which machine's entry was used; of none that was asked for -> the process ends
 *                2. x32 numbers (x86-64)
 *                3. a balanced tree over ranges of numbers with the same verdict
 *                4. its leaves: an answer, or the clauses of one rule
 * It is written from its end to its beginning, because a jump only goes forward: where it leads is then known. What was
 * written once and would do the same is not written again but jumped to, so equal tails of rules are shared. An
 * instruction's number counts from the end; jl_bpf_finish turns the program round and drops what nothing leads to.
 * ============================================================================================ */

enum {
  JL_BPF_LOAD = 0x20, /* A = word at offset k   BPF_LD | BPF_W | BPF_ABS */
  JL_BPF_AND = 0x54,  /* A &= k                 BPF_ALU | BPF_AND | BPF_K */
  JL_BPF_JUMP = 0x05, /* skip k instructions    BPF_JMP | BPF_JA */
  JL_BPF_JEQ = 0x15,  /* A == k ?               BPF_JMP | BPF_JEQ | BPF_K */
  JL_BPF_JGT = 0x25,  /* A > k ?                BPF_JMP | BPF_JGT | BPF_K */
  JL_BPF_JGE = 0x35,  /* A >= k ?               BPF_JMP | BPF_JGE | BPF_K */
  JL_BPF_JSET = 0x45, /* A & k ?                BPF_JMP | BPF_JSET | BPF_K */
  JL_BPF_RET = 0x06,  /* the answer is k        BPF_RET | BPF_K */
  JL_BPF_REACH = 250, /* a conditional jump skips at most 255 (8 bits); less the way stations beside it */
  JL_BPF_DRAFT = 2 * JAILER_FILTER_MAX, /* with what is dropped at the end */
  JL_BPF_BUCKETS = 4096
};

/* struct seccomp_data of linux/seccomp.h: nr at 0, arch at 4, instruction pointer at 8, arguments of 64 bits from 16.
   The machines are little-endian: an argument's low word comes first. */
enum { JL_BPF_AT_NR = 0, JL_BPF_AT_ARCH = 4, JL_BPF_AT_ARGS = 16 };
enum { JL_BPF_NO_WORD = 1, JL_BPF_MASKED = 2 }; /* no offsets: what the accumulator holds is no word as it was loaded */
#define JL_BPF_AT_LOW(arg) (JL_BPF_AT_ARGS + 8u * (arg))
#define JL_BPF_AT_HIGH(arg) (JL_BPF_AT_ARGS + 8u * (arg) + 4u)
#define JL_BPF_ALL 0xffffffffu

/* linux/audit.h: AUDIT_ARCH_X86_64, AUDIT_ARCH_AARCH64, AUDIT_ARCH_RISCV64 */
static const uint32_t jl_bpf_audit[JL_ARCH_COUNT] = {0xc000003eu, 0xc00000b7u, 0xc00000f3u};

/* A place to go on: `warm` for those who come with `word` in the accumulator, `cold` for all others. */
typedef struct jl_bpf_entry {
  uint32_t word;
  uint16_t warm, cold;
} jl_bpf_entry;

typedef struct jl_bpf_draft {
  struct {
    uint32_t k;
    uint16_t code, yes, no; /* where it leads; a load and an AND only to the one before, which comes next */
    uint16_t same;          /* the next in its bucket, plus 1 */
  } insn[JL_BPF_DRAFT];
  uint16_t bucket[JL_BPF_BUCKETS]; /* the newest instruction with this hash, plus 1 */
  uint16_t moved[JL_BPF_DRAFT];    /* jl_bpf_finish: its number among those that stay, plus 1 */
  size_t len;
  bool full; /* sticky */

  /* The ranges of one machine: the first number, the verdict, and the weights summed up. */
  size_t ranges;
  uint32_t first[JL_TAB_NUMBERS + 2];
  const jl_verdict *verdict[JL_TAB_NUMBERS + 2];
  uint64_t weight[JL_TAB_NUMBERS + 3];

  /* The leaves written so far: rules of different calls that say the same are one. */
  size_t leaves;
  const jl_verdict *leaf[JL_TAB_CALLS + 1];
  jl_bpf_entry leaf_at[JL_TAB_CALLS + 1];
  const jailer_clause *run[JAILER_FILTER_MAX]; /* jl_bpf_switch: clauses in the order of their values */
} jl_bpf_draft;

/* --- instructions --- */

/* Adds an instruction, even where there is one like it, and makes it the one that is found. */
static uint16_t jl_bpf_append(jl_bpf_draft *d, unsigned code, uint32_t k, uint16_t yes, uint16_t no) {
  const uint32_t hash = (code * 31u + k * 2654435761u + yes * 40503u + no * 9176u) >> 7 & (JL_BPF_BUCKETS - 1);
  if (d->len >= JL_BPF_DRAFT) d->full = true;
  if (d->full) return 0;
  const uint16_t at = (uint16_t)d->len++;
  d->insn[at].code = (uint16_t)code;
  d->insn[at].k = k;
  d->insn[at].yes = yes;
  d->insn[at].no = no;
  d->insn[at].same = d->bucket[hash];
  d->bucket[hash] = (uint16_t)(at + 1);
  return at;
}

static uint16_t jl_bpf_put(jl_bpf_draft *d, unsigned code, uint32_t k, uint16_t yes, uint16_t no) {
  const uint32_t hash = (code * 31u + k * 2654435761u + yes * 40503u + no * 9176u) >> 7 & (JL_BPF_BUCKETS - 1);
  for (uint16_t i = d->bucket[hash]; i; i = d->insn[i - 1].same)
    if (d->insn[i - 1].code == code && d->insn[i - 1].k == k && d->insn[i - 1].yes == yes && d->insn[i - 1].no == no)
      return (uint16_t)(i - 1);
  return jl_bpf_append(d, code, k, yes, no);
}

/* The same place, not farther than `reach` from where the next instruction will stand: itself, a copy of an answer, or
   an unconditional jump, which has 32 bits. */
static uint16_t jl_bpf_near(jl_bpf_draft *d, uint16_t target, size_t reach) {
  if (d->len - target <= reach) return target;
  if (d->insn[target].code == JL_BPF_RET) return jl_bpf_append(d, JL_BPF_RET, d->insn[target].k, 0, 0);
  return jl_bpf_append(d, JL_BPF_JUMP, 0, target, 0);
}

static jl_bpf_entry jl_bpf_answer(jl_bpf_draft *d, uint32_t answer) {
  const uint16_t at = jl_bpf_put(d, JL_BPF_RET, answer, 0, 0);
  const jl_bpf_entry entry = {JL_BPF_NO_WORD, at, at};
  return entry;
}

static uint16_t jl_bpf_enter(jl_bpf_entry entry, uint32_t held) { return entry.word == held ? entry.warm : entry.cold; }

/* A test of a word that is in the accumulator. After it the accumulator still holds the word, unless it was masked. */
static uint16_t jl_bpf_branch(jl_bpf_draft *d, uint32_t word, uint32_t mask, unsigned code, uint32_t k,
                              jl_bpf_entry yes, jl_bpf_entry no) {
  const uint32_t held = mask == JL_BPF_ALL ? word : (uint32_t)JL_BPF_NO_WORD;
  const uint16_t to_yes = jl_bpf_near(d, jl_bpf_enter(yes, held), JL_BPF_REACH);
  const uint16_t to_no = jl_bpf_near(d, jl_bpf_enter(no, held), JL_BPF_REACH);
  const uint16_t jump = jl_bpf_put(d, code, k, to_yes, to_no);
  if (mask == JL_BPF_ALL) return jump;
  return jl_bpf_put(d, JL_BPF_AND, mask, jl_bpf_near(d, jump, 1), 0);
}

/* The same for those who come without the word, too. */
static jl_bpf_entry jl_bpf_step(jl_bpf_draft *d, uint32_t word, uint32_t mask, unsigned code, uint32_t k,
                                jl_bpf_entry yes, jl_bpf_entry no) {
  jl_bpf_entry entry = {word, 0, 0};
  entry.warm = jl_bpf_branch(d, word, mask, code, k, yes, no);
  entry.cold = jl_bpf_put(d, JL_BPF_LOAD, word, jl_bpf_near(d, entry.warm, 1), 0);
  return entry;
}

/* --- arguments --- */

/* (word & mask) op value. JSET tests bits without changing the accumulator. */
static jl_bpf_entry jl_bpf_word(jl_bpf_draft *d, uint32_t word, uint32_t mask, jailer_op op, uint32_t value,
                                jl_bpf_entry yes, jl_bpf_entry no) {
  switch (op) {
  case JAILER_NE: return jl_bpf_word(d, word, mask, JAILER_EQ, value, no, yes);
  case JAILER_LT: return jl_bpf_step(d, word, mask, JL_BPF_JGE, value, no, yes);
  case JAILER_LE: return jl_bpf_step(d, word, mask, JL_BPF_JGT, value, no, yes);
  case JAILER_GT: return jl_bpf_step(d, word, mask, JL_BPF_JGT, value, yes, no);
  case JAILER_GE: return jl_bpf_step(d, word, mask, JL_BPF_JGE, value, yes, no);
  case JAILER_EQ: break;
  }
  if (mask != JL_BPF_ALL && value == 0) return jl_bpf_step(d, word, JL_BPF_ALL, JL_BPF_JSET, mask, no, yes);
  return jl_bpf_step(d, word, mask, JL_BPF_JEQ, value, yes, no);
}

/* One condition. All 64 bits count: a half is left out only where the mask, or the width, says that it does. */
static jl_bpf_entry jl_bpf_test(jl_bpf_draft *d, const jailer_test *t, jl_bpf_entry yes, jl_bpf_entry no) {
  const uint64_t mask = jl_policy_mask(t);
  const uint32_t low_mask = (uint32_t)(mask & JL_BPF_ALL), high_mask = (uint32_t)(mask >> 32);
  const uint32_t low_value = (uint32_t)(t->value & JL_BPF_ALL), high_value = (uint32_t)(t->value >> 32);
  const uint32_t high_word = JL_BPF_AT_HIGH(t->arg);
  const bool upward = t->op == JAILER_GT || t->op == JAILER_GE;
  const jailer_test nothing = {t->arg, 64, t->op, 0, low_value}; /* a low word of which the mask leaves nothing */
  jl_bpf_entry low = jl_policy_holds(&nothing, 0) ? yes : no;
  if (low_mask) low = jl_bpf_word(d, JL_BPF_AT_LOW(t->arg), low_mask, t->op, low_value, yes, no);
  if (!high_mask) return low;
  if (t->op == JAILER_EQ) return jl_bpf_word(d, high_word, high_mask, JAILER_EQ, high_value, low, no);
  if (t->op == JAILER_NE) return jl_bpf_word(d, high_word, high_mask, JAILER_EQ, high_value, low, yes);
  low = jl_bpf_word(d, high_word, high_mask, JAILER_EQ, high_value, low, upward ? no : yes);
  return jl_bpf_word(d, high_word, high_mask, JAILER_GT, high_value, upward ? yes : no, low);
}

/* Whether a clause is one comparison with ==, which is decided by the low word: `arg1 == TCGETS`. */
static bool jl_bpf_plain(const jailer_clause *c) {
  return c->test_count == 1 && c->tests->op == JAILER_EQ && c->tests->mask <= JL_BPF_ALL;
}

/* Whether two such clauses differ only in the low word's value. */
static bool jl_bpf_alike(const jailer_clause *a, const jailer_clause *b) {
  return jl_bpf_plain(a) && jl_bpf_plain(b) && a->tests->arg == b->tests->arg && a->tests->bits == b->tests->bits &&
         a->tests->mask == b->tests->mask && a->tests->value >> 32 == b->tests->value >> 32;
}

static uint32_t jl_bpf_low(const jailer_clause *c) { return (uint32_t)(c->tests->value & JL_BPF_ALL); }

/* d->run[from..to) as a tree. The accumulator holds `word` throughout: a low word, or what a mask has left of one. */
static jl_bpf_entry jl_bpf_run(jl_bpf_draft *d, size_t from, size_t to, uint32_t word, jl_bpf_entry next) {
  jl_bpf_entry entry = {word, 0, 0};
  if (to - from == 1) {
    const jl_bpf_entry answer = jl_bpf_answer(d, d->run[from]->answer);
    entry.warm = jl_bpf_branch(d, word, JL_BPF_ALL, JL_BPF_JEQ, jl_bpf_low(d->run[from]), answer, next);
  } else {
    const size_t middle = from + (to - from) / 2;
    const jl_bpf_entry right = jl_bpf_run(d, middle, to, word, next), left = jl_bpf_run(d, from, middle, word, next);
    entry.warm = jl_bpf_branch(d, word, JL_BPF_ALL, JL_BPF_JGE, jl_bpf_low(d->run[middle]), right, left);
  }
  return entry;
}

/* Sorts clauses by value into d->run, by insertion; of equal values the earlier clause answers. */
static size_t jl_bpf_sort(jl_bpf_draft *d, const jailer_clause *clause, size_t count) {
  size_t n = 0;
  for (size_t i = 0; i < count; i++) {
    size_t at = n;
    while (at && jl_bpf_low(d->run[at - 1]) > jl_bpf_low(&clause[i])) at--;
    if (at && jl_bpf_low(d->run[at - 1]) == jl_bpf_low(&clause[i])) continue;
    memmove(&d->run[at + 1], &d->run[at], (n - at) * sizeof *d->run);
    d->run[at] = &clause[i];
    n++;
  }
  return n;
}

/* Clauses that are alike, as ioctl's list of commands: the first one by itself, because a rule puts its hot one there,
   the others by halving. */
static jl_bpf_entry jl_bpf_switch(jl_bpf_draft *d, const jailer_clause *clause, size_t count, jl_bpf_entry next) {
  const jailer_test *t = clause->tests;
  const uint32_t mask = t->mask ? (uint32_t)t->mask : JL_BPF_ALL, loaded = JL_BPF_AT_LOW(t->arg);
  const uint32_t word = mask == JL_BPF_ALL ? loaded : (uint32_t)JL_BPF_MASKED;
  if (count > JAILER_FILTER_MAX) return d->full = true, next;
  const jl_bpf_entry others = jl_bpf_run(d, 0, jl_bpf_sort(d, clause + 1, count - 1), word, next);
  const jl_bpf_entry first = jl_bpf_answer(d, clause->answer);
  jl_bpf_entry low = {loaded, 0, 0};
  low.warm = jl_bpf_branch(d, word, JL_BPF_ALL, JL_BPF_JEQ, jl_bpf_low(clause), first, others);
  if (mask != JL_BPF_ALL) low.warm = jl_bpf_put(d, JL_BPF_AND, mask, jl_bpf_near(d, low.warm, 1), 0);
  low.cold = jl_bpf_put(d, JL_BPF_LOAD, loaded, jl_bpf_near(d, low.warm, 1), 0);
  if (t->bits == 32 || t->mask) return low;
  return jl_bpf_step(d, JL_BPF_AT_HIGH(t->arg), JL_BPF_ALL, JL_BPF_JEQ, (uint32_t)(t->value >> 32), low, next);
}

/* The clauses of a verdict, the last one first. */
static jl_bpf_entry jl_bpf_clauses(jl_bpf_draft *d, const jl_verdict *v) {
  enum { SWITCH = 4 }; /* from here on halving beats one comparison after the other */
  jl_bpf_entry next = jl_bpf_answer(d, v->otherwise);
  for (size_t end = v->count; end > 0 && !d->full;) {
    size_t from = end - 1;
    while (from > 0 && jl_bpf_alike(&v->clause[from - 1], &v->clause[end - 1])) from--;
    if (end - from >= SWITCH) {
      next = jl_bpf_switch(d, &v->clause[from], end - from, next);
      end = from;
      continue;
    }
    const jailer_clause *c = &v->clause[--end];
    const jl_bpf_entry miss = next;
    next = jl_bpf_answer(d, c->answer);
    for (uint32_t t = c->test_count; t > 0; t--) next = jl_bpf_test(d, &c->tests[t - 1], next, miss);
  }
  return next;
}

/* --- numbers --- */

static bool jl_bpf_same(const jl_verdict *a, const jl_verdict *b) {
  if (a == b) return true;
  if (a->otherwise != b->otherwise || a->count != b->count) return false;
  for (uint32_t i = 0; i < a->count; i++) {
    const jailer_clause *x = &a->clause[i], *y = &b->clause[i];
    if (x->answer != y->answer || x->test_count != y->test_count) return false;
    for (uint32_t t = 0; t < x->test_count && x->tests != y->tests; t++)
      if (x->tests[t].arg != y->tests[t].arg || x->tests[t].op != y->tests[t].op ||
          x->tests[t].bits != y->tests[t].bits || x->tests[t].value != y->tests[t].value ||
          jl_policy_mask(&x->tests[t]) != jl_policy_mask(&y->tests[t]))
        return false;
  }
  return true;
}

/* A range's place. A = the number on entry, which no clause asks for. */
static jl_bpf_entry jl_bpf_leaf(jl_bpf_draft *d, const jl_verdict *v) {
  if (v->count == 0) return jl_bpf_answer(d, v->otherwise);
  for (size_t i = 0; i < d->leaves; i++)
    if (jl_bpf_same(d->leaf[i], v)) return d->leaf_at[i];
  d->leaf[d->leaves] = v;
  d->leaf_at[d->leaves] = jl_bpf_clauses(d, v);
  return d->leaf_at[d->leaves++];
}

/* The weight of the heavier side when from..to-1 is parted before `middle`. */
static uint64_t jl_bpf_heavier(const jl_bpf_draft *d, size_t from, size_t middle, size_t to) {
  const uint64_t left = d->weight[middle] - d->weight[from], right = d->weight[to] - d->weight[middle];
  return left > right ? left : right;
}

/* Where from..to-1 is parted: as evenly by weight as a tree of that depth allows. */
static size_t jl_bpf_middle(const jl_bpf_draft *d, size_t from, size_t to, unsigned depth) {
  const size_t most = depth > 16 ? 65536 : (size_t)1 << (depth - 1); /* ranges of one half */
  size_t low = to - from > most ? to - most : from + 1, high = from + most < to ? from + most : to - 1;
  while (low < high && jl_bpf_heavier(d, from, low + 1, to) <= jl_bpf_heavier(d, from, low, to)) low++;
  return low;
}

/* The ranges from..to-1 as a tree of at most `depth` questions; A = the number throughout. */
static jl_bpf_entry jl_bpf_tree(jl_bpf_draft *d, size_t from, size_t to, unsigned depth) {
  if (to - from == 1) return jl_bpf_leaf(d, d->verdict[from]);
  const size_t middle = jl_bpf_middle(d, from, to, depth);
  const jl_bpf_entry right = jl_bpf_tree(d, middle, to, depth - 1), left = jl_bpf_tree(d, from, middle, depth - 1);
  const uint16_t warm = jl_bpf_branch(d, JL_BPF_AT_NR, JL_BPF_ALL, JL_BPF_JGE, d->first[middle], right, left);
  const jl_bpf_entry entry = {JL_BPF_AT_NR, warm, warm};
  return entry;
}

/* How often a verdict is looked for. Since Linux 5.11 the kernel remembers which numbers are allowed whatever the
   arguments (seccomp_cache_check_allow) and does not run the filter for them: the others are worth a shorter way. */
static uint32_t jl_bpf_weight(const jl_verdict *v) { return v->weight ? v->weight : v->count ? 8 : 1; }

/* From the number `first` on, up to the next call of this, a verdict holds. */
static void jl_bpf_range(jl_bpf_draft *d, uint32_t first, const jl_verdict *v) {
  if (d->ranges == 0 || !jl_bpf_same(v, d->verdict[d->ranges - 1])) {
    d->first[d->ranges] = first;
    d->verdict[d->ranges] = v;
    d->weight[d->ranges + 1] = d->weight[d->ranges];
    d->ranges++;
  }
  d->weight[d->ranges] += jl_bpf_weight(v);
}

/* One machine: its numbers in ranges, and the tree. */
static jl_bpf_entry jl_bpf_machine(jl_bpf_draft *d, const jailer_policy *policy, jl_arch arch) {
  const bool x86_64 = arch == JL_ARCH_X86_64;
  const jl_verdict x32_verdict = {.otherwise = jl_policy_x32(policy)};
  const jl_verdict *by_number[JL_TAB_NUMBERS];
  for (size_t n = 0; n < JL_TAB_NUMBERS; n++) by_number[n] = &policy->unknown;
  for (size_t i = 0; i < JL_TAB_CALLS; i++)
    if (jl_tab_calls[i].number[arch] >= 0) by_number[jl_tab_calls[i].number[arch]] = jl_policy_of(policy, i);
  d->ranges = 0;
  for (uint32_t n = 0; n < JL_TAB_NUMBERS; n++) jl_bpf_range(d, n, by_number[n]);
  const bool apart = x86_64 && !jl_bpf_same(&x32_verdict, &policy->unknown);
  if (apart) jl_bpf_range(d, JL_POLICY_X32_FIRST, &x32_verdict);
  jl_bpf_range(d, apart ? (uint32_t)JL_POLICY_X32_END : (uint32_t)JL_TAB_NUMBERS, &policy->unknown);
  unsigned depth = 1; /* one more question than a tree without weights would need */
  while ((size_t)1 << (depth - 1) < d->ranges) depth++;
  const jl_bpf_entry tree = jl_bpf_tree(d, 0, d->ranges, depth);
  const jl_bpf_entry x32 = x86_64 ? jl_bpf_answer(d, x32_verdict.otherwise) : tree;
  if (x86_64) return jl_bpf_step(d, JL_BPF_AT_NR, JL_BPF_ALL, JL_BPF_JGE, JL_POLICY_X32_BIT, x32, tree);
  jl_bpf_entry entry = tree; /* others start here as well, to have the number loaded */
  if (tree.word == JL_BPF_AT_NR) entry.cold = jl_bpf_put(d, JL_BPF_LOAD, JL_BPF_AT_NR, jl_bpf_near(d, tree.warm, 1), 0);
  return entry;
}

/* Turns the program round: from `root` to the end, without what nothing leads to. Zero: it does not fit. */
static size_t jl_bpf_finish(jl_bpf_draft *d, uint16_t root, jailer_insn *out, size_t max) {
  size_t live = 0, n = 0;
  memset(d->moved, 0, sizeof d->moved);
  d->moved[root] = 1;
  for (size_t i = (size_t)root + 1; i-- > 0;) {
    if (!d->moved[i]) continue;
    live++;
    if (d->insn[i].code == JL_BPF_RET) continue;
    d->moved[d->insn[i].yes] = 1;
    if ((d->insn[i].code & 7u) == (JL_BPF_JUMP & 7u) && d->insn[i].code != JL_BPF_JUMP) d->moved[d->insn[i].no] = 1;
  }
  if (live > max || live > JAILER_FILTER_MAX) return 0;
  for (size_t i = 0; i <= root; i++)
    if (d->moved[i]) d->moved[i] = (uint16_t)(n++ + 1);
  for (size_t i = 0; i <= root; i++) {
    if (!d->moved[i]) continue;
    const size_t at = d->moved[i] - 1u, code = d->insn[i].code;
    jailer_insn *insn = &out[live - 1 - at];
    insn->code = (uint16_t)code;
    insn->k = d->insn[i].k;
    insn->jt = insn->jf = 0;
    if (code == JL_BPF_JUMP) insn->k = (uint32_t)(at - d->moved[d->insn[i].yes]);
    if ((code & 7u) != (JL_BPF_JUMP & 7u) || code == JL_BPF_JUMP) continue;
    insn->jt = (uint8_t)(at - d->moved[d->insn[i].yes]);
    insn->jf = (uint8_t)(at - d->moved[d->insn[i].no]);
  }
  return live;
}

/* archs[0..count), each once. *len is 0 after a failure. */
JL_UNUSED static jailer_code jl_bpf_compile(const jailer_policy *policy, const jl_arch *archs, size_t count,
                                            jailer_insn *out, size_t max, size_t *len, jailer_error *err) {
  *len = 0;
  jl_bpf_draft *d = JAILER_MALLOC(sizeof *d);
  if (!d) return jl_no_memory(err, "compile a filter");
  memset(d->bucket, 0, sizeof d->bucket);
  d->weight[0] = 0;
  d->len = d->leaves = 0;
  d->full = false;
  jl_bpf_entry entry = jl_bpf_answer(d, JAILER_ANSWER_KILL_PROCESS);
  for (size_t i = count; i > 0; i--) {
    const jl_bpf_entry machine = jl_bpf_machine(d, policy, archs[i - 1]);
    entry = jl_bpf_step(d, JL_BPF_AT_ARCH, JL_BPF_ALL, JL_BPF_JEQ, jl_bpf_audit[archs[i - 1]], machine, entry);
  }
  if (!d->full) *len = jl_bpf_finish(d, entry.cold, out, max);
  JAILER_FREE(d);
  if (*len) return JAILER_OK;
  return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_SECCOMP, "compile a filter", policy->name, 0,
                 "the filter needs more instructions than there is room for, or than the kernel takes (4096)");
}

/* ============================================================================================
 * // >>policytext    policies as text: the parser, and the printer whose text it takes
 * May touch: memory; other files only through the caller's include. May call: base, error, syscalls, constants,
 * policy. Compiles and is tested on every system.
 *
 * The language is that of minijail's policy files, minijail0(5), with the braces and brackets of its newer compiler.
 * What only this parser takes is marked +; minijail refuses each of these texts, so none has two meanings.
 *
 *   line    = [ "@include" path | "@frequency" path | "@default" action | "@unknown" action + | "@denylist"
 *             | calls ":" filter ]                              `\` as its last byte continues a line; # is a comment
 *   calls   = call | "{" call { "," call } "}"
 *   call    = NAME [ "?" + ] [ "[" attr { ";" attr } "]" ]            "?": skipped where the table does not know it
 *   attr    = "arch" "=" NAME { "," NAME } | "weight" "=" NUMBER +    weight: as from a file of frequencies
 *   filter  = action | any [ ";" "return" errno ] | "{" branch { "," branch } "}"
 *   branch  = action | any [ ";" action ]                             the first that holds answers; none: @default
 *   any     = all { "||" all }
 *   all     = test { "&&" test }
 *   test    = arg ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) value     unsigned, all 64 bits
 *           | arg "&" value                                           any of the bits is set
 *           | arg "&" value ( " ==" | ... ) value +                   the bits under a mask compared; with the blank
 *           | arg "in" value                                          no other bit is set
 *   arg     = "arg0" ... "arg5" [ "[32]" + | "[64]" + ]               32: as the kernel reads an int; 64: the default
 *   value   = term { "|" term }
 *   term    = [ "~" ] ( NUMBER | NAME [ "?" + ] | "(" value ")" )     "?": where unknown, the test's `all` is left out
 *   action  = "allow" | "1" | "log" | "user-notify" | "kill" | "kill-process" | "kill-thread" | "trap" [ NUMBER + ]
 *           | "return" errno
 *   path    = "/" ... | "./" ...                                      no "..", relative to the file that says it
 *
 * A file of frequencies has the lines `call ":" NUMBER`. `kill` is kill-process. @default and @unknown take any action
 * (minijail: only those that refuse); without them it is kill, and @unknown is what @default is. With @denylist it is
 * allow, and rules only refuse.
 * `any; return N` outside braces is as in minijail0(5): what holds is allowed, the rest gets N. minijail's newer
 * compiler reads it the other way round; inside braces, which only that one has, it is as there: what holds gets the
 * action. Statements about one call add up in their order; one after an answer to all arguments is an error.
 * ============================================================================================ */

enum {
  JL_TEXT_DEPTH = 10,      /* files that are open at a time, the first one counted: minijail's bound */
  JL_TEXT_FILES = 256,     /* files in all */
  JL_TEXT_NESTED = 16,     /* parentheses in each other */
  JL_TEXT_TESTS = 1 << 16, /* conditions, and alternatives that are put together: no filter holds as many */
  JL_TEXT_NAMES = 1 << 16  /* names of calls and constants: looking one up takes a microsecond or so */
};
#define JL_TEXT_TOTAL ((size_t)4 * JAILER_POLICY_TEXT_MAX) /* bytes in all files */

static const char jl_text_step[] = "read a policy";

/* What a token is: one of these, or its character. */
enum {
  JL_TEXT_BAD = 256, /* after an error */
  JL_TEXT_END,       /* of the line, or of the file */
  JL_TEXT_NAME,
  JL_TEXT_NUMBER,
  JL_TEXT_DIRECTIVE, /* @name */
  JL_TEXT_PATH,
  JL_TEXT_OR,
  JL_TEXT_AND,
  JL_TEXT_EQ,
  JL_TEXT_NE,
  JL_TEXT_LE,
  JL_TEXT_GE
};

typedef struct jl_text_place {
  const char *file;
  uint32_t line, column; /* from 1; columns are bytes */
} jl_text_place;

typedef struct jl_text_token {
  int kind;
  const char *at;
  size_t length;
  jl_text_place place;
  uint64_t value; /* of a number, without its sign */
  bool negative;
} jl_text_token;

/* A file that is being read. */
typedef struct jl_text_file {
  const char *name, *text;
  char *owned; /* the same as text where it was included */
  size_t length, at, line_start;
  uint32_t line;
  bool frequency;
} jl_text_file;

typedef struct jl_text_clause {
  struct jl_text_clause *next;
  struct jl_text_test {
    struct jl_text_test *next;
    jailer_test test;
  } * test;
  uint32_t answer, count;
} jl_text_clause;

/* What one statement says, after its colon. */
typedef struct jl_text_body {
  const jailer_clause *clause;
  uint32_t count, otherwise;
  bool closed; /* otherwise is stated: nothing can follow */
  jl_text_place place;
} jl_text_body;

typedef struct jl_text_part {
  struct jl_text_part *next;
  const jl_text_body *body;
} jl_text_part;

/* What the statements say of one call. */
typedef struct jl_text_rule {
  jl_text_part *first, *last;
  uint32_t statement; /* the newest that names it */
  uint64_t weight;
} jl_text_rule;

typedef struct jl_text_fixed { /* @default and @unknown */
  bool given;
  uint32_t answer;
  jl_text_place place;
} jl_text_fixed;

typedef struct jl_text {
  const jailer_policy_source *source;
  jl_arch arch;
  jailer_policy *policy;
  jl_arena scratch; /* what is not needed once it is read */
  jailer_error *err;
  jailer_code code; /* sticky: the first error counts */
  jl_text_file file[JL_TEXT_DEPTH];
  size_t depth, files, bytes;
  jl_text_token token; /* the next one, not taken yet */

  jl_text_fixed fallback, unknown;
  bool denylist, ruled;
  uint32_t statement;
  jl_text_rule rule[JL_TAB_CALLS];

  uint16_t row[JL_TAB_CALLS]; /* the calls of this statement */
  size_t rows;
  bool idle; /* none of them is one of this machine: what it says need not make sense here */
  uint32_t weight;
  jl_text_clause *clause, **tail;
  uint32_t clauses, tests, copies, names;
  bool absent;         /* this conjunction has an optional constant that nobody knows */
  const char *dropped; /* the same of one of this branch */
} jl_text;

/* --- errors --- */

/* FILE:LINE:COLUMN; of a long name the end. */
static void jl_text_item(char item[JAILER_ITEM_MAX], const jl_text_place *place) {
  const size_t n = strlen(place->file);
  size_t most = 200;
  jl_buf b = jl_buf_fixed(item, JAILER_ITEM_MAX);
  for (size_t i = 0; i < n; i++) /* as jl_fail sees it: these need four bytes each */
    if (place->file[i] < 32 || place->file[i] > 126 || place->file[i] == '\\' || place->file[i] == '"') most = 36;
  if (n > most) jl_buf_str(&b, "...");
  jl_buf_str(&b, place->file + (n > most ? n - most : 0));
  jl_buf_char(&b, ':');
  jl_buf_u64(&b, place->line);
  jl_buf_char(&b, ':');
  jl_buf_u64(&b, place->column);
}

/* The first error ends it all. Always false, so that `return jl_text_stop(...)` reads as one thought. */
static bool jl_text_stop(jl_text *p, jailer_code code, const jl_text_place *place, const char *what) {
  char item[JAILER_ITEM_MAX];
  if (p->code) return false;
  jl_text_item(item, place);
  p->token.kind = JL_TEXT_BAD;
  p->code = jl_fail(p->err, code, JAILER_LAYER_SECCOMP, jl_text_step, item, 0, what);
  return false;
}

static bool jl_text_no_memory(jl_text *p) {
  if (p->code == JAILER_OK) p->code = jl_no_memory(p->err, jl_text_step);
  p->token.kind = JL_TEXT_BAD;
  return false;
}

/* `text` is not what stands here. */
static void jl_text_quote(jl_buf *b, const char *text, size_t n) {
  jl_buf_char(b, '`');
  jl_buf_escaped(b, text, n < 40 ? n : 40);
  jl_buf_str(b, n < 40 ? "`" : "...`");
}

/* Something else than the next token was to come. */
static bool jl_text_unlike(jl_text *p, const char *wanted) {
  char message[JAILER_TEXT_MAX];
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_buf_str(&b, "here is wanted: ");
  jl_buf_str(&b, wanted);
  jl_buf_str(&b, "; not ");
  if (p->token.kind == JL_TEXT_END) jl_buf_str(&b, "the end of the line");
  else jl_text_quote(&b, p->token.at, p->token.length);
  return jl_text_stop(p, JAILER_E_FORMAT, &p->token.place, message);
}

/* A name that stands for nothing. */
static bool jl_text_unknown(jl_text *p, const jl_text_token *name, const char *what) {
  char message[JAILER_TEXT_MAX];
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_text_quote(&b, name->at, name->length);
  jl_buf_str(&b, what);
  return jl_text_stop(p, JAILER_E_NOT_FOUND, &name->place, message);
}

/* What stands at `place` contradicts what was said before. */
static bool jl_text_conflict(jl_text *p, const jl_text_place *place, const char *name, const char *what,
                             const jl_text_place *before) {
  char message[JAILER_TEXT_MAX], item[JAILER_ITEM_MAX];
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_text_item(item, before);
  jl_buf_str(&b, name);
  jl_buf_str(&b, what);
  jl_buf_str(&b, ", at ");
  jl_buf_escaped(&b, item, strlen(item));
  return jl_text_stop(p, JAILER_E_CONFLICT, place, message);
}

/* --- tokens --- */

static jl_text_file *jl_text_top(jl_text *p) { return &p->file[p->depth - 1]; }

/* A byte of the file, counted from where it is read; -1 behind its end. */
static int jl_text_peek(const jl_text_file *f, size_t ahead) {
  return ahead < f->length - f->at ? (unsigned char)f->text[f->at + ahead] : -1;
}

static jl_text_place jl_text_here(const jl_text_file *f) {
  const jl_text_place place = {f->name, f->line, (uint32_t)(f->at - f->line_start + 1)};
  return place;
}

static void jl_text_newline(jl_text_file *f) {
  f->at++;
  f->line++;
  f->line_start = f->at;
}

/* How many bytes the end of a line has here: LF, or CR LF as other systems write; 0: none. */
static size_t jl_text_eol(const jl_text_file *f, size_t ahead) {
  if (jl_text_peek(f, ahead) == '\n') return 1;
  return jl_text_peek(f, ahead) == '\r' && jl_text_peek(f, ahead + 1) == '\n' ? 2 : 0;
}

static bool jl_text_byte(jl_text *p, const jl_text_file *f) {
  char message[96];
  const unsigned c = (unsigned)jl_text_peek(f, 0);
  const jl_text_place place = jl_text_here(f);
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_buf_str(&b, "a byte that has no place here: 0x");
  jl_buf_char(&b, "0123456789abcdef"[c >> 4 & 15]);
  jl_buf_char(&b, "0123456789abcdef"[c & 15]);
  if (c > 32 && c < 127 && c != '"' && c != '\\') {
    jl_buf_str(&b, ", ");
    jl_buf_char(&b, (char)c);
  }
  return jl_text_stop(p, JAILER_E_FORMAT, &place, message);
}

static bool jl_text_comment(jl_text *p, jl_text_file *f) {
  jl_text_place last = jl_text_here(f);
  int c = 0;
  while (jl_text_peek(f, 0) >= 0 && !jl_text_eol(f, 0)) {
    const size_t n = jl_utf8_shown(f->text + f->at, f->length - f->at);
    if (n == 0) return jl_text_byte(p, f);
    last = jl_text_here(f);
    c = jl_text_peek(f, 0);
    f->at += n;
  }
  if (c != '\\') return true;
  return jl_text_stop(
      p, JAILER_E_FORMAT, &last,
      "a comment that ends with a backslash: some read the next line as a part of it, some do not; take "
      "the backslash away");
}

/* Goes to the next token of this line and of those that continue it. */
static bool jl_text_blank(jl_text *p) {
  jl_text_file *f = jl_text_top(p);
  for (;;) {
    const int c = jl_text_peek(f, 0);
    const size_t eol = c == '\\' ? jl_text_eol(f, 1) : 0;
    const jl_text_place place = jl_text_here(f);
    if (c == '#') return jl_text_comment(p, f);
    if (c == '\\') {
      if (eol == 0 || jl_text_peek(f, 1 + eol) < 0)
        return jl_text_stop(p, JAILER_E_FORMAT, &place,
                            "a backslash is the last byte of a line, and another line follows");
      f->at += eol;
      jl_text_newline(f);
    } else if (c == ' ' || c == '\t') {
      f->at++;
    } else {
      return true;
    }
  }
}

static bool jl_text_is_word(int c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static int jl_text_digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : 99;
}

/* Decimal, 0x or octal, as C has them. */
static bool jl_text_number(jl_text *p, jl_text_file *f) {
  jl_text_token *t = &p->token;
  size_t n = jl_text_peek(f, 0) == '-', from = n, base = 10;
  t->kind = JL_TEXT_NUMBER;
  t->negative = n != 0;
  while (jl_text_is_word(jl_text_peek(f, n))) n++;
  t->length = n;
  if (t->at[from] == '0' && n - from > 1) {
    base = t->at[from + 1] == 'x' || t->at[from + 1] == 'X' ? 16 : 8;
    from += base == 16 ? 2 : 1;
  }
  bool good = from < n;
  for (size_t i = from; i < n && good; i++) {
    const uint64_t digit = (uint64_t)jl_text_digit(t->at[i]);
    good = digit < base;
    if (good && t->value > (UINT64_MAX - digit) / base)
      return jl_text_stop(p, JAILER_E_LIMIT, &t->place, "a number of more than 64 bits");
    t->value = t->value * base + digit;
  }
  f->at += n;
  return good || jl_text_unlike(p, "a number: decimal, 0x and hexadecimal, or 0 and octal");
}

/* Reads the next token. What follows an error is JL_TEXT_BAD. */
static bool jl_text_next(jl_text *p) {
  static const struct {
    char text[3];
    int kind;
  } doubles[] = {{"||", JL_TEXT_OR}, {"&&", JL_TEXT_AND}, {"==", JL_TEXT_EQ},
                 {"!=", JL_TEXT_NE}, {"<=", JL_TEXT_LE},  {">=", JL_TEXT_GE}};
  jl_text_file *f = jl_text_top(p);
  jl_text_token *t = &p->token;
  if (p->code || !jl_text_blank(p)) return false;
  const int c = jl_text_peek(f, 0), second = jl_text_peek(f, 1);
  memset(t, 0, sizeof *t);
  t->at = f->text + f->at;
  t->place = jl_text_here(f);
  t->kind = JL_TEXT_END;
  if (c < 0 || jl_text_eol(f, 0)) return true;
  if ((c >= '0' && c <= '9') || (c == '-' && second >= '0' && second <= '9')) return jl_text_number(p, f);
  t->length = 1;
  t->kind = c;
  if (c == '@' || jl_text_is_word(c)) {
    t->kind = c == '@' ? JL_TEXT_DIRECTIVE : JL_TEXT_NAME;
    for (int next = second; jl_text_is_word(next) || next == '-' || next == '@'; next = jl_text_peek(f, t->length))
      t->length++;
  }
  for (size_t i = 0; i < sizeof doubles / sizeof doubles[0]; i++) {
    if (c != doubles[i].text[0] || second != doubles[i].text[1]) continue;
    t->length = 2;
    t->kind = doubles[i].kind;
  }
  if (t->kind < JL_TEXT_BAD && !strchr(":;,~(){}[]=?|&<>", c)) return jl_text_byte(p, f);
  if (c == 0) return jl_text_byte(p, f);
  f->at += t->length;
  return true;
}

static bool jl_text_is(const jl_text *p, const char *name) {
  const jl_text_token *t = &p->token;
  return (t->kind == JL_TEXT_NAME || t->kind == JL_TEXT_DIRECTIVE) && strlen(name) == t->length &&
         memcmp(t->at, name, t->length) == 0;
}

/* Takes the next token where it is of this kind. An error behind it makes the token after it a bad one. */
static bool jl_text_accept(jl_text *p, int kind) {
  if (p->code || p->token.kind != kind) return false;
  (void)jl_text_next(p);
  return true;
}

static bool jl_text_expect(jl_text *p, int kind, const char *wanted) {
  if (jl_text_accept(p, kind)) return p->code == JAILER_OK;
  return jl_text_unlike(p, wanted);
}

/* --- answers --- */

static bool jl_text_errno(jl_text *p, uint32_t *answer) {
  const jl_text_token t = p->token;
  uint32_t number = 0;
  if (t.kind == JL_TEXT_NAME) {
    if (!jl_const_errno(t.at, t.length, &number)) return jl_text_unknown(p, &t, " is no errno of Linux");
  } else if (t.kind == JL_TEXT_NUMBER) {
    if (t.negative || t.value < 1 || t.value > 4095)
      return jl_text_stop(p, JAILER_E_INVALID, &t.place,
                          "an errno is 1 to 4095; 0 would tell the caller that all went well");
    number = (uint32_t)t.value;
  } else {
    return jl_text_unlike(p, "an errno, by name or number");
  }
  *answer = JAILER_ANSWER_ERRNO(number);
  return jl_text_next(p);
}

static bool jl_text_action(jl_text *p, uint32_t *answer) {
  static const struct {
    const char *name;
    uint32_t answer;
  } names[] = {{"allow", JAILER_ANSWER_ALLOW},
               {"log", JAILER_ANSWER_LOG},
               {"user-notify", JAILER_ANSWER_NOTIFY},
               {"kill", JAILER_ANSWER_KILL_PROCESS},
               {"kill-process", JAILER_ANSWER_KILL_PROCESS},
               {"kill-thread", JAILER_ANSWER_KILL_THREAD},
               {"trap", JAILER_ANSWER_TRAP}};
  if (p->token.kind == JL_TEXT_NUMBER && p->token.value == 1 && !p->token.negative)
    return *answer = JAILER_ANSWER_ALLOW, jl_text_next(p);
  if (jl_text_is(p, "return")) return jl_text_next(p) && jl_text_errno(p, answer);
  if (jl_text_is(p, "trace"))
    return jl_text_stop(p, JAILER_E_INVALID, &p->token.place,
                        "trace asks a tracer, and there is none; user-notify asks a supervisor");
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (!jl_text_is(p, names[i].name)) continue;
    *answer = names[i].answer;
    if (!jl_text_next(p)) return false;
    if (*answer != JAILER_ANSWER_TRAP || p->token.kind != JL_TEXT_NUMBER) return true;
    if (p->token.negative || p->token.value > 0xffff)
      return jl_text_stop(p, JAILER_E_INVALID, &p->token.place, "what trap tells the handler is 0 to 65535");
    *answer |= (uint32_t)p->token.value;
    return jl_text_next(p);
  }
  return jl_text_unlike(p,
                        "an answer: allow or 1, log, user-notify, kill, kill-process, kill-thread, trap, return ERRNO");
}

/* --- values --- */

static uint64_t jl_text_whole(unsigned bits) { return bits == 32 ? UINT32_MAX : UINT64_MAX; }

/* A number as the kernel reads it in an argument of that width; a negative one in two's complement. */
static bool jl_text_fits(jl_text *p, const jl_text_token *t, unsigned bits, uint64_t *value) {
  const uint64_t whole = jl_text_whole(bits), least = whole / 2 + 1;
  if (t->value > (t->negative ? least : whole))
    return jl_text_stop(p, JAILER_E_LIMIT, &t->place,
                        bits == 32 ? "a number of more than 32 bits where 32 are compared"
                                   : "a number of more than 64 bits");
  *value = t->negative ? (0 - t->value) & whole : t->value;
  return true;
}

/* One name more to look up. */
static bool jl_text_lookup(jl_text *p, const jl_text_token *name) {
  if (p->names++ < JL_TEXT_NAMES) return true;
  return jl_text_stop(p, JAILER_E_LIMIT, &name->place, "more than 65536 names of calls and constants");
}

/* Whether a machine knows the name; which one does not count for a rule of another machine. */
static bool jl_text_constant(const jl_text *p, const jl_text_token *t, uint64_t *value) {
  *value = 0;
  if (jl_const_value(t->at, t->length, p->arch, value)) return true;
  for (int i = 0; i < JL_ARCH_COUNT && p->idle; i++)
    if (jl_const_value(t->at, t->length, (jl_arch)i, value)) return true;
  return false;
}

static bool jl_text_named(jl_text *p, unsigned bits, uint64_t *value) {
  const jl_text_token t = p->token;
  if (t.kind != JL_TEXT_NAME) return jl_text_unlike(p, "a value: a number, a constant's name, ~ or (");
  if (!jl_text_lookup(p, &t) || !jl_text_next(p)) return false;
  const bool optional = jl_text_accept(p, '?'), known = jl_text_constant(p, &t, value);
  if (!known && optional) return p->absent = true, p->code == JAILER_OK;
  if (!known)
    return jl_text_unknown(p, &t,
                           " is no constant that is known for this machine; write its number, or `?` behind the "
                           "name to leave the alternative out where it is unknown");
  if (bits == 32 && *value >> 31 == 0x1ffffffffu) *value &= UINT32_MAX; /* a negative int */
  if (*value > jl_text_whole(bits))
    return jl_text_stop(p, JAILER_E_LIMIT, &t.place, "a constant of more than 32 bits where 32 are compared");
  return p->code == JAILER_OK;
}

static bool jl_text_value(jl_text *p, unsigned bits, unsigned nested, uint64_t *value) {
  *value = 0;
  do {
    const bool inverted = jl_text_accept(p, '~');
    const jl_text_token t = p->token;
    uint64_t term = 0;
    if (t.kind == '(') {
      if (nested == JL_TEXT_NESTED)
        return jl_text_stop(p, JAILER_E_LIMIT, &t.place, "more than 16 parentheses in each other");
      if (!jl_text_next(p) || !jl_text_value(p, bits, nested + 1, &term) || !jl_text_expect(p, ')', "| or )"))
        return false;
    } else if (t.kind == JL_TEXT_NUMBER) {
      if (!jl_text_fits(p, &t, bits, &term) || !jl_text_next(p)) return false;
    } else if (!jl_text_named(p, bits, &term)) {
      return false;
    }
    *value |= inverted ? ~term & jl_text_whole(bits) : term;
  } while (jl_text_accept(p, '|'));
  return p->code == JAILER_OK;
}

/* --- conditions --- */

static bool jl_text_is_argument(const jl_text *p) {
  return p->token.kind == JL_TEXT_NAME && p->token.length >= 4 && memcmp(p->token.at, "arg", 3) == 0 &&
         p->token.at[3] >= '0' && p->token.at[3] <= '9';
}

static bool jl_text_argument(jl_text *p, jailer_test *test) {
  const jl_text_token t = p->token;
  if (!jl_text_is_argument(p)) return jl_text_unlike(p, "an argument, arg0 to arg5");
  if (t.length != 4 || t.at[3] > '5')
    return jl_text_stop(p, JAILER_E_INVALID, &t.place, "system calls have the arguments arg0 to arg5");
  test->arg = (uint8_t)(t.at[3] - '0');
  test->bits = 64;
  if (!jl_text_next(p)) return false;
  if (!jl_text_accept(p, '[')) return p->code == JAILER_OK;
  const jl_text_token width = p->token;
  if (width.kind != JL_TEXT_NUMBER) return jl_text_unlike(p, "the width of the argument, 32 or 64");
  if (width.negative || (width.value != 32 && width.value != 64))
    return jl_text_stop(p, JAILER_E_INVALID, &width.place, "the kernel reads 32 or 64 bits of an argument");
  test->bits = (uint8_t)width.value;
  return jl_text_next(p) && jl_text_expect(p, ']', "]");
}

/* Whether the next token compares, and how; it is not taken. */
static bool jl_text_compares(const jl_text *p, jailer_op *op) {
  static const struct {
    int kind;
    jailer_op op;
  } ops[] = {{JL_TEXT_EQ, JAILER_EQ}, {JL_TEXT_NE, JAILER_NE}, {'<', JAILER_LT},
             {JL_TEXT_LE, JAILER_LE}, {'>', JAILER_GT},        {JL_TEXT_GE, JAILER_GE}};
  for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++) {
    if (ops[i].kind != p->token.kind) continue;
    *op = ops[i].op;
    return true;
  }
  return false;
}

/* arg & MASK, or arg & MASK == VALUE: then with a blank, because one of minijail's parsers overlooks what sticks to a
   number and takes 5==4 for 5. */
static bool jl_text_masked(jl_text *p, jailer_test *test) {
  test->op = JAILER_NE;
  if (!jl_text_next(p) || !jl_text_value(p, test->bits, 0, &test->mask)) return false;
  if (!jl_text_compares(p, &test->op)) return true;
  if ((unsigned char)p->token.at[-1] > 32)
    return jl_text_stop(p, JAILER_E_FORMAT, &p->token.place, "a blank belongs between the mask and the comparison");
  return jl_text_next(p) && jl_text_value(p, test->bits, 0, &test->value);
}

/* One condition. A mask of no bits, which in a jailer_test would be every bit, is refused like all that is ever so. */
static bool jl_text_test(jl_text *p, jailer_test *test) {
  const jl_text_place place = p->token.place;
  bool masked = true;
  memset(test, 0, sizeof *test);
  if (!jl_text_argument(p, test)) return false;
  if (jl_text_compares(p, &test->op)) {
    masked = false;
    if (!jl_text_next(p) || !jl_text_value(p, test->bits, 0, &test->value)) return false;
  } else if (p->token.kind == '&') {
    if (!jl_text_masked(p, test)) return false;
  } else if (jl_text_is(p, "in")) {
    if (!jl_text_next(p) || !jl_text_value(p, test->bits, 0, &test->mask)) return false;
    test->mask = ~test->mask & jl_text_whole(test->bits);
  } else {
    return jl_text_unlike(p, "a comparison: == != < <= > >= & in");
  }
  if (++p->tests > JL_TEXT_TESTS)
    return jl_text_stop(p, JAILER_E_LIMIT, &place, "more than 65536 conditions; a filter has 4096 instructions");
  if (p->idle || p->absent) return true;
  const char *wrong = masked && test->mask == 0 ? "this comparison comes out the same whatever the argument is"
                                                : jl_policy_test_wrong(test);
  if (test->mask == jl_text_whole(test->bits)) test->mask = 0; /* every bit: `in 0` is `== 0`, and compiled like it */
  return !wrong || jl_text_stop(p, JAILER_E_INVALID, &place, wrong);
}

/* test && test: one alternative. */
static bool jl_text_all(jl_text *p) {
  jl_text_clause *clause = jl_arena_get(&p->scratch, sizeof *clause);
  if (!clause) return jl_text_no_memory(p);
  struct jl_text_test **tail = &clause->test;
  const char *start = p->token.at;
  p->absent = false;
  do {
    *tail = jl_arena_get(&p->scratch, sizeof **tail);
    if (!*tail) return jl_text_no_memory(p);
    if (!jl_text_test(p, &(*tail)->test)) return false;
    tail = &(*tail)->next;
    clause->count++;
  } while (jl_text_accept(p, JL_TEXT_AND));
  if (p->absent) p->dropped = start;
  else *p->tail = clause, p->tail = &clause->next, p->clauses++;
  return p->code == JAILER_OK;
}

/* all || all, and the answer where it is stated. Outside braces `; return` is for what does not hold. */
static bool jl_text_any(jl_text *p, bool braces, jl_text_body *body) {
  jl_text_clause **from = p->tail;
  const jl_text_place place = p->token.place;
  uint32_t answer = JAILER_ANSWER_ALLOW;
  p->dropped = NULL;
  do {
    if (!jl_text_all(p)) return false;
  } while (jl_text_accept(p, JL_TEXT_OR));
  if (jl_text_accept(p, ';')) {
    if (!braces && p->denylist)
      return jl_text_stop(p, JAILER_E_CONFLICT, &place,
                          "with @denylist write { CONDITION; ANSWER }: without the braces the "
                          "condition would say what is allowed");
    if (!braces && p->code == JAILER_OK && !jl_text_is(p, "return"))
      return jl_text_unlike(p, "return ERRNO for what does not hold; or, for what holds, { CONDITION; ANSWER }");
    body->closed = !braces;
    if (!jl_text_action(p, braces ? &answer : &body->otherwise)) return false;
  }
  if (p->dropped && !jl_policy_passes(answer))
    return jl_text_stop(p, JAILER_E_INVALID, &place,
                        "an optional constant in a condition that refuses: without it the refusal would be gone");
  for (jl_text_clause *c = *from; c; c = c->next) c->answer = answer;
  return p->code == JAILER_OK;
}

static bool jl_text_branch(jl_text *p, bool braces, jl_text_body *body) {
  if (body->closed)
    return jl_text_stop(p, JAILER_E_CONFLICT, &p->token.place,
                        "what stands before this answers to all arguments already");
  if (jl_text_is_argument(p)) return jl_text_any(p, braces, body);
  body->closed = true;
  return jl_text_action(p, &body->otherwise);
}

/* With @denylist everything is allowed that no rule refuses; a rule that allows would be a rule about nothing, or one
   from a file that was meant to be read without. */
static bool jl_text_refuses(jl_text *p, const jl_text_body *body) {
  bool passes = body->closed && jl_policy_passes(body->otherwise);
  for (uint32_t i = 0; i < body->count; i++) passes = passes || jl_policy_passes(body->clause[i].answer);
  return !passes || jl_text_stop(p, JAILER_E_CONFLICT, &body->place,
                                 "with @denylist a rule says what is refused, and this one allows");
}

/* The clauses that were read, as arrays that the policy keeps. */
static bool jl_text_keep(jl_text *p, jl_text_body *body) {
  jl_arena *arena = &p->policy->arena;
  jailer_clause *clause = jl_arena_array(arena, p->clauses, sizeof *clause);
  if (!clause) return jl_text_no_memory(p);
  body->clause = clause;
  for (const jl_text_clause *c = p->clause; c; c = c->next, body->count++) {
    jailer_test *tests = jl_arena_array(arena, c->count, sizeof *tests), *to = tests;
    if (!tests) return jl_text_no_memory(p);
    for (const struct jl_text_test *t = c->test; t; t = t->next) *to++ = t->test;
    clause[body->count].answer = c->answer;
    clause[body->count].test_count = c->count;
    clause[body->count].tests = tests;
  }
  return true;
}

static bool jl_text_filter(jl_text *p, jl_text_body *body) {
  const bool braces = jl_text_accept(p, '{');
  p->clause = NULL;
  p->tail = &p->clause;
  p->clauses = 0;
  body->place = p->token.place;
  do {
    if (!jl_text_branch(p, braces, body)) return false;
  } while (braces && jl_text_accept(p, ','));
  if (braces && !jl_text_expect(p, '}', ", or }")) return false;
  if (p->token.kind != JL_TEXT_END) return jl_text_unlike(p, "the end of the line");
  return p->code == JAILER_OK && jl_text_keep(p, body) && (!p->denylist || jl_text_refuses(p, body));
}

/* --- calls --- */

/* minijail's names of machines, those of uname(2), and others of minijail's whose rules are never for us. */
static bool jl_text_arch(jl_text *p, bool *here) {
  static const struct {
    const char *name;
    int arch;
  } names[] = {{"x86_64", JL_ARCH_X86_64},
               {"arm64", JL_ARCH_AARCH64},
               {"aarch64", JL_ARCH_AARCH64},
               {"riscv64", JL_ARCH_RISCV64},
               {"arm", -1},
               {"x86", -1},
               {"mips", -1},
               {"mips64", -1}};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (!jl_text_is(p, names[i].name)) continue;
    if (names[i].arch == (int)p->arch) *here = true;
    return jl_text_next(p);
  }
  if (p->token.kind != JL_TEXT_NAME) return jl_text_unlike(p, "the name of a machine");
  return jl_text_unknown(p, &p->token,
                         " is no machine: x86_64, aarch64, arm64 and riscv64 are; arm, x86, mips and mips64 are "
                         "known and never this one");
}

static bool jl_text_weight(jl_text *p, uint32_t *weight) {
  if (p->token.kind != JL_TEXT_NUMBER) return jl_text_unlike(p, "a number, how often the call is made");
  if (p->token.negative || p->token.value > UINT32_MAX)
    return jl_text_stop(p, JAILER_E_LIMIT, &p->token.place, "a frequency is 0 to 4294967295");
  *weight = (uint32_t)p->token.value;
  return jl_text_next(p);
}

/* [arch=x86_64,arm64; weight=3] */
static bool jl_text_attributes(jl_text *p, bool *here) {
  bool arch = false, weight = false;
  do {
    const jl_text_token key = p->token;
    const bool is_arch = jl_text_is(p, "arch");
    bool *seen = is_arch ? &arch : &weight;
    if (key.kind != JL_TEXT_NAME) return jl_text_unlike(p, "arch=NAME or weight=NUMBER");
    if (!is_arch && !jl_text_is(p, "weight"))
      return jl_text_unknown(p, &key, " is not known here: arch and weight are");
    if (*seen) return jl_text_stop(p, JAILER_E_CONFLICT, &key.place, "this is stated twice");
    *seen = true;
    if (!jl_text_next(p) || !jl_text_expect(p, '=', "=")) return false;
    if (is_arch) *here = false;
    if (!is_arch && !jl_text_weight(p, &p->weight)) return false;
    for (bool more = is_arch; more; more = jl_text_accept(p, ','))
      if (!jl_text_arch(p, here)) return false;
  } while (jl_text_accept(p, ';'));
  return jl_text_expect(p, ']', arch ? ", or ; or ]" : "; or ]");
}

/* One call: to p->row, where it is one of this machine or of no stated one. */
static bool jl_text_call(jl_text *p) {
  const jl_text_token name = p->token;
  bool here = true;
  if (name.kind != JL_TEXT_NAME)
    return jl_text_unlike(p, p->rows ? "the name of a system call" : "the name of a system call, { or @");
  p->weight = 0;
  if (!jl_text_lookup(p, &name) || !jl_text_next(p)) return false;
  const bool optional = jl_text_accept(p, '?');
  if (jl_text_accept(p, '[') && !jl_text_attributes(p, &here)) return false;
  if (p->code || !here) return p->code == JAILER_OK;
  const jl_tab_call *call = jl_tab_call_named(name.at, name.length);
  if (!call && optional) return true;
  if (!call)
    return jl_text_unknown(p, &name,
                           memchr(name.at, '@', name.length)
                               ? " would be a group of calls, and there are none here: name them"
                               : " is no system call that is known; one that may be newer is written with a `?` "
                                 "behind its name");
  const size_t row = (size_t)(call - jl_tab_calls);
  if (p->rule[row].statement == p->statement)
    return jl_text_stop(p, JAILER_E_CONFLICT, &name.place, "this call is named twice here");
  p->rule[row].statement = p->statement;
  p->rule[row].weight += p->weight;
  p->row[p->rows++] = (uint16_t)row;
  if (call->number[p->arch] >= 0) p->idle = false;
  return true;
}

static bool jl_text_calls(jl_text *p) {
  p->rows = 0;
  p->idle = true;
  p->statement++;
  if (!jl_text_accept(p, '{')) return jl_text_call(p);
  do {
    if (!jl_text_call(p)) return false;
  } while (jl_text_accept(p, ','));
  return jl_text_expect(p, '}', ", or }");
}

/* What a statement says joins what others said of these calls. */
static bool jl_text_join(jl_text *p, const jl_text_body *body) {
  for (size_t i = 0; i < p->rows; i++) {
    jl_text_rule *rule = &p->rule[p->row[i]];
    if (rule->last && rule->last->body->closed)
      return jl_text_conflict(p, &body->place, jl_tab_calls[p->row[i]].name,
                              " has an answer to all arguments already; this would never be reached",
                              &rule->last->body->place);
    if (rule->last) p->copies += body->count + (rule->last == rule->first ? rule->first->body->count : 0);
    if (p->copies > JL_TEXT_TESTS)
      return jl_text_stop(p, JAILER_E_LIMIT, &body->place,
                          "more than 65536 alternatives; a filter has 4096 instructions");
    jl_text_part *part = jl_arena_get(&p->scratch, sizeof *part);
    if (!part) return jl_text_no_memory(p);
    part->body = body;
    if (rule->last) rule->last->next = part;
    else rule->first = part;
    rule->last = part;
  }
  return true;
}

static bool jl_text_rule_line(jl_text *p) {
  jl_text_body *body = jl_arena_get(&p->scratch, sizeof *body);
  if (!body) return jl_text_no_memory(p);
  p->ruled = true;
  return jl_text_calls(p) && jl_text_expect(p, ':', "`:` and what the call is answered") && jl_text_filter(p, body) &&
         jl_text_join(p, body);
}

/* A line of a file of frequencies. */
static bool jl_text_frequency_line(jl_text *p) {
  uint32_t weight = 0;
  p->rows = 0;
  p->statement++;
  if (!jl_text_call(p) || !jl_text_expect(p, ':', "`:` and how often the call is made") || !jl_text_weight(p, &weight))
    return false;
  if (p->rows) p->rule[p->row[0]].weight += weight;
  return p->token.kind == JL_TEXT_END || jl_text_unlike(p, "the end of the line");
}

/* --- directives --- */

static bool jl_text_state(jl_text *p, jl_text_fixed *fixed, const jl_text_token *t, uint32_t answer) {
  if (fixed->given && fixed->answer != answer)
    return jl_text_conflict(p, &t->place, "", "another answer was stated for this", &fixed->place);
  fixed->given = true;
  fixed->answer = answer;
  fixed->place = t->place;
  return p->token.kind == JL_TEXT_END || jl_text_unlike(p, "the end of the line");
}

static bool jl_text_denylist(jl_text *p, const jl_text_token *t) {
  if (p->ruled && !p->denylist)
    return jl_text_stop(p, JAILER_E_CONFLICT, &t->place,
                        "@denylist comes before the first rule: it says how rules are read");
  if (p->depth > 1 && !p->denylist)
    return jl_text_stop(p, JAILER_E_CONFLICT, &t->place,
                        "a denylist is included by a file that is none; it would allow all that it "
                        "does not name");
  p->denylist = true;
  return jl_text_next(p) && jl_text_state(p, &p->fallback, t, JAILER_ANSWER_ALLOW);
}

/* The path behind @include, up to the next blank, as the token. */
static bool jl_text_path(jl_text *p) {
  jl_text_file *f = jl_text_top(p);
  jl_text_token *t = &p->token;
  if (!jl_text_blank(p)) return false;
  memset(t, 0, sizeof *t);
  t->at = f->text + f->at;
  t->place = jl_text_here(f);
  t->kind = JL_TEXT_END;
  while (jl_text_peek(f, t->length) > 32 && jl_text_peek(f, t->length) < 127) t->length++;
  if (t->length) t->kind = JL_TEXT_PATH;
  if (t->length < 2 || !(t->at[0] == '/' || memcmp(t->at, "./", 2) == 0) || t->at[t->length - 1] == '/')
    return jl_text_unlike(p, "the path of a file, which begins with / or ./");
  for (size_t i = 0; i + 2 < t->length; i++)
    if (memcmp(t->at + i, "/..", 3) == 0 && (i + 3 == t->length || t->at[i + 3] == '/'))
      return jl_text_stop(p, JAILER_E_FORMAT, &t->place,
                          "`..` leads elsewhere than it says where a directory is a link; write the "
                          "whole path");
  f->at += t->length;
  return true;
}

/* The path from the launcher's directory: `./x` is beside the file that says it. NULL: an error was told. */
static const char *jl_text_resolve(jl_text *p, const jl_text_token *t) {
  const char *name = jl_text_top(p)->name, *slash = strrchr(name, '/');
  const size_t skip = t->at[0] == '.' ? 2 : 0, dir = t->at[0] == '.' && slash ? (size_t)(slash - name) + 1 : 0;
  char *path = jl_arena_get(&p->scratch, dir + t->length + 1);
  if (!path) return jl_text_no_memory(p), NULL;
  if (dir + t->length >= JAILER_PATH_MAX)
    return jl_text_stop(p, JAILER_E_LIMIT, &t->place, "the path has more than 4095 bytes"), NULL;
  if (dir) memcpy(path, name, dir);
  memcpy(path + dir, t->at + skip, t->length - skip);
  return path;
}

/* What an include could not do, with the place that asked for it. */
static bool jl_text_include_failed(jl_text *p, const jl_text_token *t, const char *path, jailer_code code,
                                   const jailer_error *why) {
  char message[JAILER_TEXT_MAX];
  jl_buf b = jl_buf_fixed(message, sizeof message);
  const size_t n = strlen(path);
  if (n > 60) jl_buf_str(&b, "...");
  jl_buf_escaped(&b, path + (n > 60 ? n - 60 : 0), n > 60 ? 60 : n);
  jl_buf_str(&b, ": ");
  jl_buf_bytes(&b, why->message, jl_strnlen(why->message, 200));
  if (!why->message[0]) jl_buf_str(&b, "could not be read");
  (void)jl_text_stop(p, (unsigned)code < JAILER_CODE_COUNT ? code : JAILER_E_INVALID, &t->place, message);
  if (p->err) p->err->sys_errno = why->sys_errno;
  return false;
}

/* @include and @frequency: the file comes next, and then the rest of this one. */
static bool jl_text_include(jl_text *p, bool frequency) {
  jailer_error why = {0};
  size_t length = 0;
  if (!jl_text_path(p)) return false;
  const jl_text_token t = p->token;
  const char *path = jl_text_resolve(p, &t);
  if (!path || !jl_text_next(p)) return false;
  if (p->token.kind != JL_TEXT_END) return jl_text_unlike(p, "the end of the line");
  if (!p->source->include)
    return jl_text_stop(p, JAILER_E_INVALID, &t.place, "this text was given without a way to read other files");
  for (size_t i = 0; i < p->depth; i++)
    if (jl_streq(p->file[i].name, path)) return jl_text_stop(p, JAILER_E_FORMAT, &t.place, "this file includes itself");
  if (p->depth == JL_TEXT_DEPTH || p->files == JL_TEXT_FILES)
    return jl_text_stop(p, JAILER_E_LIMIT, &t.place,
                        p->files == JL_TEXT_FILES ? "more than 256 files are included"
                                                  : "more than 10 files include each other");
  char *text = JAILER_MALLOC(JAILER_POLICY_TEXT_MAX);
  if (!text) return jl_text_no_memory(p);
  jailer_code code = p->source->include(p->source->user, path, text, JAILER_POLICY_TEXT_MAX, &length, &why);
  jl_text_file *f = &p->file[p->depth++]; /* which frees the text, too */
  memset(f, 0, sizeof *f);
  f->name = path;
  f->text = f->owned = text;
  f->length = length;
  f->line = 1;
  f->frequency = frequency;
  if (code) return jl_text_include_failed(p, &t, path, code, &why);
  if (length > JAILER_POLICY_TEXT_MAX || length > JL_TEXT_TOTAL - p->bytes)
    return jl_text_stop(p, JAILER_E_LIMIT, &t.place, "the files of a policy have more than 4 MiB");
  p->files++;
  p->bytes += length;
  return true;
}

static bool jl_text_directive(jl_text *p) {
  const jl_text_token t = p->token;
  uint32_t answer = 0;
  if (jl_text_is(p, "@include")) return jl_text_include(p, false);
  if (jl_text_is(p, "@frequency")) return jl_text_include(p, true);
  if (jl_text_is(p, "@denylist")) return jl_text_denylist(p, &t);
  const bool unknown = jl_text_is(p, "@unknown");
  if (!unknown && !jl_text_is(p, "@default"))
    return jl_text_unlike(p, "@include, @frequency, @default, @unknown or @denylist");
  return jl_text_next(p) && jl_text_action(p, &answer) &&
         jl_text_state(p, unknown ? &p->unknown : &p->fallback, &t, answer);
}

/* --- files --- */

static bool jl_text_line(jl_text *p) {
  if (!jl_text_next(p)) return false;
  jl_text_file *f = jl_text_top(p);
  if (p->token.kind == JL_TEXT_END) {
    const size_t eol = jl_text_eol(f, 0);
    if (eol) {
      f->at += eol - 1;
      jl_text_newline(f);
    } else { /* the end of the file */
      JAILER_FREE(f->owned);
      p->depth--;
    }
    return true;
  }
  if (f->frequency) return jl_text_frequency_line(p);
  return p->token.kind == JL_TEXT_DIRECTIVE ? jl_text_directive(p) : jl_text_rule_line(p);
}

/* What was said of one call, as the policy has it; NULL: no memory. */
static const jl_verdict *jl_text_verdict(jl_text *p, const jl_text_rule *rule) {
  jl_verdict *v = jl_arena_get(&p->policy->arena, sizeof *v);
  const jl_text_body *last = rule->last->body;
  size_t count = 0;
  if (!v) return NULL;
  for (const jl_text_part *part = rule->first; part; part = part->next) count += part->body->count;
  v->otherwise = last->closed ? last->otherwise : p->policy->fallback.otherwise;
  v->weight = rule->weight < UINT32_MAX ? (uint32_t)rule->weight : UINT32_MAX;
  v->count = (uint32_t)count;
  v->clause = last->clause;
  if (rule->first == rule->last) return v; /* calls of one statement share its clauses */
  jailer_clause *clause = jl_arena_array(&p->policy->arena, count, sizeof *clause), *to = clause;
  if (!clause) return NULL;
  v->clause = clause;
  for (const jl_text_part *part = rule->first; part; part = part->next) {
    memcpy(to, part->body->clause, part->body->count * sizeof *clause);
    to += part->body->count;
  }
  return v;
}

static bool jl_text_build(jl_text *p) {
  jailer_policy *policy = p->policy;
  if (p->fallback.given) policy->fallback.otherwise = p->fallback.answer;
  policy->unknown.otherwise = p->unknown.given ? p->unknown.answer : policy->fallback.otherwise;
  for (size_t i = 0; i < JL_TAB_CALLS; i++) {
    if (!p->rule[i].first) continue;
    policy->of[i] = jl_text_verdict(p, &p->rule[i]);
    if (!policy->of[i]) return jl_text_no_memory(p);
  }
  return true;
}

static bool jl_text_run(jl_text *p) {
  const char *name = p->source->name ? p->source->name : "policy", *slash = strrchr(name, '/');
  p->code = jl_policy_new(slash ? slash + 1 : name, JAILER_ANSWER_KILL_PROCESS, JAILER_ANSWER_KILL_PROCESS, &p->policy,
                          p->err);
  if (p->code) return false;
  p->file[0].name = name;
  p->file[0].text = p->source->text ? p->source->text : "";
  p->file[0].length = p->bytes = p->source->length;
  p->file[0].line = 1;
  p->depth = p->files = 1;
  while (p->depth)
    if (!jl_text_line(p)) return false;
  return jl_text_build(p);
}

static jailer_code jl_text_parse(const jailer_policy_source *source, jl_arch arch, jailer_policy **out,
                                 jailer_error *err) {
  jl_text *p = JAILER_MALLOC(sizeof *p);
  if (!p) return jl_no_memory(err, jl_text_step);
  memset(p, 0, sizeof *p);
  p->source = source;
  p->arch = arch;
  p->err = err;
  if (jl_text_run(p)) *out = p->policy;
  else jl_policy_free(p->policy);
  while (p->depth) JAILER_FREE(p->file[--p->depth].owned);
  jl_arena_free(&p->scratch);
  const jailer_code code = p->code;
  JAILER_FREE(p);
  return code;
}

/* --- the printer --- */

static void jl_text_put_hex(jl_buf *b, uint64_t value) {
  unsigned shift = 60;
  jl_buf_str(b, "0x");
  while (shift && !(value >> shift & 15)) shift -= 4;
  for (;; shift -= 4) {
    jl_buf_char(b, "0123456789abcdef"[value >> shift & 15]);
    if (!shift) return;
  }
}

static void jl_text_put_answer(jl_buf *b, uint32_t answer) {
  const char *name = NULL;
  if (answer >> 16 == JAILER_ANSWER_TRAP >> 16) {
    jl_buf_str(b, "trap");
    if (answer & 0xffff) jl_buf_char(b, ' '), jl_buf_u64(b, answer & 0xffff);
    return;
  }
  switch (answer) {
  case JAILER_ANSWER_ALLOW: jl_buf_str(b, "allow"); return;
  case JAILER_ANSWER_LOG: jl_buf_str(b, "log"); return;
  case JAILER_ANSWER_NOTIFY: jl_buf_str(b, "user-notify"); return;
  case JAILER_ANSWER_KILL_PROCESS: jl_buf_str(b, "kill-process"); return;
  case JAILER_ANSWER_KILL_THREAD: jl_buf_str(b, "kill-thread"); return;
  default: break;
  }
  jl_buf_str(b, "return ");
  name = jl_const_errno_name(answer & 0xffff);
  if (name) jl_buf_str(b, name);
  else jl_buf_u64(b, answer & 0xffff);
}

static void jl_text_put_test(jl_buf *b, const jailer_test *t) {
  static const char *const ops[] = {" == ", " != ", " < ", " <= ", " > ", " >= "};
  const uint64_t mask = jl_policy_mask(t);
  const bool masked = mask != jl_text_whole(t->bits);
  jl_buf_str(b, "arg");
  jl_buf_u64(b, t->arg);
  if (t->bits == 32) jl_buf_str(b, "[32]");
  if (masked) {
    jl_buf_str(b, " & ");
    jl_text_put_hex(b, mask);
    if (t->op == JAILER_NE && t->value == 0) return;
  }
  jl_buf_str(b, ops[t->op]);
  jl_text_put_hex(b, t->value);
}

/* The clauses that stand in a row with one answer, as one condition. Returns how many. */
static uint32_t jl_text_put_any(jl_buf *b, const jailer_clause *clause, uint32_t count, const char *between) {
  uint32_t n = 0;
  do {
    if (n) jl_buf_str(b, " ||"), jl_buf_str(b, between);
    for (uint32_t t = 0; t < clause[n].test_count; t++) {
      if (t) jl_buf_str(b, " && ");
      jl_text_put_test(b, &clause[n].tests[t]);
    }
    n++;
  } while (n < count && clause[n].answer == clause->answer);
  return n;
}

static void jl_text_put_rule(jl_buf *b, const char *name, const jl_verdict *v, uint32_t fallback) {
  static const char next[] = " \\\n    ";
  jl_buf_str(b, name);
  if (v->weight) {
    jl_buf_str(b, "[weight=");
    jl_buf_u64(b, v->weight);
    jl_buf_char(b, ']');
  }
  jl_buf_str(b, ": ");
  bool plain = v->otherwise == fallback; /* `call: CONDITION`, the rest being what @default says */
  for (uint32_t i = 0; i < v->count; i++) plain = plain && v->clause[i].answer == JAILER_ANSWER_ALLOW;
  if (v->count == 0) {
    jl_text_put_answer(b, v->otherwise);
  } else if (plain) {
    (void)jl_text_put_any(b, v->clause, v->count, next);
  } else {
    jl_buf_char(b, '{');
    for (uint32_t i = 0; i < v->count;) {
      jl_buf_str(b, next);
      const uint32_t answer = v->clause[i].answer;
      i += jl_text_put_any(b, &v->clause[i], v->count - i, " \\\n      ");
      jl_buf_str(b, "; ");
      jl_text_put_answer(b, answer);
      jl_buf_char(b, ',');
    }
    jl_buf_str(b, next);
    jl_text_put_answer(b, v->otherwise);
    jl_buf_str(b, " }");
  }
  jl_buf_char(b, '\n');
}

/* What the policy says on that machine, in the order of the table, under the reasons that the table has. */
static void jl_text_print(jl_buf *b, const jailer_policy *policy, jl_arch arch) {
  static const char *const machines[JL_ARCH_COUNT] = {"x86_64", "aarch64", "riscv64"};
  const char *why = NULL;
  jl_buf_str(b, "# policy ");
  jl_buf_escaped(b, policy->name, strlen(policy->name));
  jl_buf_str(b, ", as it is on ");
  jl_buf_str(b, machines[arch]);
  jl_buf_str(b, "\n@default ");
  jl_text_put_answer(b, policy->fallback.otherwise);
  jl_buf_str(b, "\n@unknown ");
  jl_text_put_answer(b, policy->unknown.otherwise);
  jl_buf_str(b, "\n\n");
  for (size_t i = 0; i < JL_TAB_CALLS && !b->failed; i++) {
    const jl_verdict *v = policy->of[i];
    if (!v || jl_tab_calls[i].number[arch] < 0) continue;
    if (v->why && v->why != why) {
      if (why) jl_buf_char(b, '\n');
      jl_buf_str(b, "# ");
      jl_buf_str(b, v->why);
      jl_buf_char(b, '\n');
    }
    why = v->why;
    jl_text_put_rule(b, jl_tab_calls[i].name, v, policy->fallback.otherwise);
  }
}

/* ============================================================================================
 * // >>denial    how a jailed program tells of its end: one line, its writer, its parser, its sentence
 * May touch: memory. May call: base, syscalls, bpf. Compiles and is tested on every system. The writer runs in a signal
 * handler: it allocates nothing.
 * ============================================================================================ */

/* The longest line has 389 bytes; test_reporter writes it. */
enum { JL_DENIAL_MAX = 512, JL_DENIAL_SYS = 31, JL_DENIAL_SIGNALS = 7 };

/* asm-generic/signal.h: the same numbers on all three machines. */
static const struct {
  int number;
  const char *name;
} jl_denial_signals[JL_DENIAL_SIGNALS] = {{JL_DENIAL_SYS, "SIGSYS"},
                                          {4, "SIGILL"},
                                          {5, "SIGTRAP"},
                                          {6, "SIGABRT"},
                                          {7, "SIGBUS"},
                                          {8, "SIGFPE"},
                                          {11, "SIGSEGV"}};

static const char *const jl_denial_machines[JL_ARCH_COUNT] = {"x86_64", "aarch64", "riscv64"};

/* The column of the table; JL_ARCH_COUNT for a machine that is not in it. */
static jl_arch jl_denial_arch(uint32_t audit) {
  int arch = 0;
  while (arch < (int)JL_ARCH_COUNT && jl_bpf_audit[arch] != audit) arch++;
  return (jl_arch)arch;
}

/* What the table calls it; NULL: it does not know the number. */
static const char *jl_denial_call(uint32_t audit, uint32_t number) {
  const jl_tab_call *call = jl_tab_call_of(jl_denial_arch(audit), number);
  return call ? call->name : NULL;
}

/* "SIGSEGV", or NULL. */
static const char *jl_denial_signal(int number) {
  for (size_t i = 0; i < JL_DENIAL_SIGNALS; i++)
    if (jl_denial_signals[i].number == number) return jl_denial_signals[i].name;
  return NULL;
}

static bool jl_denial_role_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool jl_denial_call_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

/* --- the line --- */

static void jl_denial_hex(jl_buf *b, uint64_t value) {
  char digits[16];
  size_t at = sizeof digits;
  do {
    digits[--at] = "0123456789abcdef"[value & 15];
    value >>= 4;
  } while (value);
  jl_buf_bytes(b, "0x", 2);
  jl_buf_bytes(b, digits + at, sizeof digits - at);
}

static void jl_denial_quoted_hex(jl_buf *b, uint64_t value) {
  jl_buf_char(b, '"');
  jl_denial_hex(b, value);
  jl_buf_char(b, '"');
}

static void jl_denial_write_call(jl_buf *b, const jailer_denial *d) {
  const jl_arch arch = jl_denial_arch(d->audit_arch);
  jl_buf_str(b, "{\"denied\": ");
  if (d->call[0]) {
    jl_buf_char(b, '"');
    jl_buf_str(b, d->call);
    jl_buf_char(b, '"');
  } else {
    jl_buf_str(b, "null");
  }
  jl_buf_str(b, ", \"number\": ");
  jl_buf_u64(b, d->number);
  jl_buf_str(b, ", \"arch\": ");
  if (arch < JL_ARCH_COUNT) {
    jl_buf_char(b, '"');
    jl_buf_str(b, jl_denial_machines[arch]);
    jl_buf_char(b, '"');
  } else {
    jl_denial_quoted_hex(b, d->audit_arch);
  }
  for (size_t i = 0; i < 6; i++) {
    jl_buf_str(b, i ? ", " : ", \"args\": [");
    jl_denial_quoted_hex(b, d->args[i]);
  }
  jl_buf_char(b, ']');
}

/* The line with its newline. What it is given is well-formed: the writer checks nothing. */
JL_UNUSED static void jl_denial_write(jl_buf *b, const jailer_denial *d) {
  if (d->kind == JAILER_TOLD_DENIED) {
    jl_denial_write_call(b, d);
  } else {
    const char *name = jl_denial_signal(d->signal);
    jl_buf_str(b, "{\"crash\": \"");
    jl_buf_str(b, name ? name : "");
    jl_buf_str(b, "\", \"code\": ");
    jl_buf_i64(b, d->code);
    jl_buf_str(b, ", \"address\": ");
    jl_denial_quoted_hex(b, d->address);
  }
  jl_buf_str(b, ", \"ip\": ");
  jl_denial_quoted_hex(b, d->ip);
  jl_buf_str(b, ", \"tid\": ");
  jl_buf_u64(b, d->tid);
  jl_buf_str(b, ", \"role\": \"");
  jl_buf_str(b, d->role);
  jl_buf_str(b, "\"}\n");
}

/* --- read back: hostile bytes. One spelling is right, that of the writer --- */

typedef struct jl_denial_text {
  const char *at, *end;
  bool wrong; /* sticky */
} jl_denial_text;

static bool jl_denial_is(jl_denial_text *t, const char *literal) {
  const size_t n = strlen(literal);
  if (t->wrong || (size_t)(t->end - t->at) < n || memcmp(t->at, literal, n) != 0) return false;
  t->at += n;
  return true;
}

static void jl_denial_expect(jl_denial_text *t, const char *literal) {
  if (!jl_denial_is(t, literal)) t->wrong = true;
}

/* Digits without leading zeros, in a base of 10 or 16, at most `max`. */
static uint64_t jl_denial_number(jl_denial_text *t, unsigned base, uint64_t max) {
  const char *first = t->at;
  uint64_t value = 0;
  for (; !t->wrong && t->at < t->end; t->at++) {
    const char c = *t->at;
    unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 99;
    if (digit >= base) break;
    if (digit > max || value > (max - digit) / base) t->wrong = true;
    else value = value * base + digit;
  }
  if (t->at == first || (*first == '0' && t->at - first > 1)) t->wrong = true;
  return t->wrong ? 0 : value;
}

static uint64_t jl_denial_quoted_number(jl_denial_text *t, uint64_t max) {
  jl_denial_expect(t, "\"0x");
  const uint64_t value = jl_denial_number(t, 16, max);
  jl_denial_expect(t, "\"");
  return value;
}

/* A name and the quote that ends it. No escapes: what would need one is in no name. */
static void jl_denial_name(jl_denial_text *t, char to[JAILER_TOLD_NAME_MAX], bool (*fits)(char)) {
  size_t n = 0;
  while (!t->wrong && t->at < t->end && fits(*t->at)) {
    if (n + 1 < JAILER_TOLD_NAME_MAX) to[n++] = *t->at++;
    else t->wrong = true;
  }
  jl_denial_expect(t, "\"");
  to[t->wrong ? 0 : n] = 0;
}

static void jl_denial_read_machine(jl_denial_text *t, jailer_denial *d) {
  jl_denial_expect(t, ", \"arch\": ");
  for (size_t i = 0; i < JL_ARCH_COUNT; i++) {
    jl_denial_text name = *t;
    jl_denial_expect(&name, "\"");
    jl_denial_expect(&name, jl_denial_machines[i]);
    jl_denial_expect(&name, "\"");
    if (name.wrong) continue;
    *t = name;
    d->audit_arch = jl_bpf_audit[i];
    return;
  }
  d->audit_arch = (uint32_t)jl_denial_quoted_number(t, UINT32_MAX);
  if (jl_denial_arch(d->audit_arch) < JL_ARCH_COUNT) t->wrong = true; /* that one has a name */
}

/* After {"denied": . The name is the table's where it knows the number; another one is a lie. A number beyond every
   table has none. */
static void jl_denial_read_call(jl_denial_text *t, jailer_denial *d) {
  d->kind = JAILER_TOLD_DENIED;
  d->signal = JL_DENIAL_SYS;
  if (!jl_denial_is(t, "null")) {
    jl_denial_expect(t, "\"");
    jl_denial_name(t, d->call, jl_denial_call_char);
    if (!d->call[0]) t->wrong = true;
  }
  jl_denial_expect(t, ", \"number\": ");
  d->number = (uint32_t)jl_denial_number(t, 10, UINT32_MAX);
  jl_denial_read_machine(t, d);
  for (size_t i = 0; i < 6; i++) {
    jl_denial_expect(t, i ? ", " : ", \"args\": [");
    d->args[i] = jl_denial_quoted_number(t, UINT64_MAX);
  }
  jl_denial_expect(t, "]");
  const char *known = jl_denial_call(d->audit_arch, d->number);
  if (d->call[0] && known && !jl_streq(d->call, known)) t->wrong = true;
  if (d->call[0] && (d->number >= JL_TAB_NUMBERS || jl_denial_arch(d->audit_arch) == JL_ARCH_COUNT)) t->wrong = true;
  if (known) jl_copy(d->call, sizeof d->call, known);
}

/* After {"crash": " */
static void jl_denial_read_crash(jl_denial_text *t, jailer_denial *d) {
  d->kind = JAILER_TOLD_CRASHED;
  for (size_t i = 0; i < JL_DENIAL_SIGNALS && !d->signal; i++)
    if (jl_denial_is(t, jl_denial_signals[i].name)) d->signal = jl_denial_signals[i].number;
  if (!d->signal) t->wrong = true;
  jl_denial_expect(t, "\", \"code\": ");
  const bool negative = jl_denial_is(t, "-");
  const int code = (int)jl_denial_number(t, 10, INT32_MAX);
  if (negative && code == 0) t->wrong = true;
  d->code = negative ? -code : code;
  jl_denial_expect(t, ", \"address\": ");
  d->address = jl_denial_quoted_number(t, UINT64_MAX);
}

/* One line without its newline. False: a reporter does not write that; *out is then all zero. */
static bool jl_denial_parse(const char *line, size_t length, jailer_denial *out) {
  jl_denial_text t = {line, line + length, false};
  memset(out, 0, sizeof *out);
  if (jl_denial_is(&t, "{\"denied\": ")) jl_denial_read_call(&t, out);
  else if (jl_denial_is(&t, "{\"crash\": \"")) jl_denial_read_crash(&t, out);
  else t.wrong = true;
  jl_denial_expect(&t, ", \"ip\": ");
  out->ip = jl_denial_quoted_number(&t, UINT64_MAX);
  jl_denial_expect(&t, ", \"tid\": ");
  out->tid = (uint32_t)jl_denial_number(&t, 10, UINT32_MAX);
  jl_denial_expect(&t, ", \"role\": \"");
  jl_denial_name(&t, out->role, jl_denial_role_char);
  jl_denial_expect(&t, "}");
  if (!t.wrong && t.at == t.end) return true;
  memset(out, 0, sizeof *out);
  return false;
}

/* The last line that a reporter wrote. A line that has no newline is not whole. */
static bool jl_denial_find(const char *bytes, size_t length, jailer_denial *out) {
  memset(out, 0, sizeof *out);
  while (length > 0 && bytes[length - 1] != '\n') length--;
  while (length > 0) {
    const size_t end = length - 1;
    size_t from = end;
    while (from > 0 && bytes[from - 1] != '\n') from--;
    if (end - from < JL_DENIAL_MAX && jl_denial_parse(bytes + from, end - from, out)) return true;
    length = from;
  }
  return false;
}

/* Whether the kernel's word and the program's are about the same end. 128 + N: what a process that could not end by a
   signal makes of it, and shells. */
JL_UNUSED static bool jl_denial_agrees(const jailer_denial *d, const jailer_status *status) {
  return status->exited ? status->exit_code == 128 + d->signal : status->signal == d->signal;
}

/* --- the sentence; *d may have come from anywhere --- */

static void jl_denial_foreign(jl_buf *b, const char *text, size_t size) {
  jl_buf_escaped(b, text, jl_strnlen(text, size));
}

/* Why the launch filter refuses, where it is that and it does. */
static void jl_denial_reason(jl_buf *b, const jailer_denial *d) {
  const jl_tab_call *call = jl_tab_call_of(jl_denial_arch(d->audit_arch), d->number);
  if (!jl_streq(d->role, jl_tab_roles[JAILER_ROLE_LAUNCH]) || !call || call->rule[0] <= JL_RULE_ALLOW) return;
  jl_buf_str(b, " (");
  jl_buf_str(b, jl_tab_why(jl_denial_arch(d->audit_arch), d->number));
  jl_buf_char(b, ')');
}

static void jl_denial_say_call(jl_buf *b, const jailer_denial *d) {
  const jl_arch arch = jl_denial_arch(d->audit_arch);
  jl_buf_str(b, "denied: ");
  if (d->call[0]) {
    jl_denial_foreign(b, d->call, sizeof d->call);
  } else {
    jl_buf_str(b, "system call ");
    jl_buf_u64(b, d->number);
    jl_buf_str(b, " of ");
    if (arch < JL_ARCH_COUNT) jl_buf_str(b, jl_denial_machines[arch]);
    else jl_denial_hex(b, d->audit_arch);
  }
  for (size_t i = 0; i < 6; i++) {
    jl_buf_str(b, i ? ", " : "(");
    jl_denial_hex(b, d->args[i]);
  }
  jl_buf_str(b, d->role[0] ? ") by the " : ") by a ");
  jl_denial_foreign(b, d->role, sizeof d->role);
  jl_buf_str(b, d->role[0] ? " filter" : "filter");
}

static void jl_denial_say(jl_buf *b, const jailer_denial *d) {
  if (d->kind == JAILER_TOLD_DENIED) {
    jl_denial_say_call(b, d);
    if (d->role[sizeof d->role - 1] == 0) jl_denial_reason(b, d);
  }
  if (d->kind != JAILER_TOLD_CRASHED) return;
  const char *name = jl_denial_signal(d->signal);
  jl_buf_str(b, "crashed: ");
  if (name) jl_buf_str(b, name);
  else jl_buf_i64(b, d->signal);
  if (d->code > 0) {
    jl_buf_str(b, " at address ");
    jl_denial_hex(b, d->address);
  } else {
    jl_buf_str(b, ", which was sent");
  }
  jl_buf_str(b, ", ip ");
  jl_denial_hex(b, d->ip);
  if (!d->role[0]) return;
  jl_buf_str(b, ", in ");
  jl_denial_foreign(b, d->role, sizeof d->role);
}

#ifndef JAILER_NO_SEATBELT
/* ============================================================================================
 * // >>sbpl    a macOS sandbox profile, written from a plan
 * May touch: memory. May call: base, error, entries, layout, plan. Compiles and is tested on every system.
 *
 * A profile is a text of rules in a Scheme, and Apple documents little of it. What is relied on here others have
 * measured or read out of the system; where they differ, the profile is written so that it means the same either way:
 * - Of the rules for one operation the last that matches decides. Some saw that one with a filter comes before one
 *   without, and that one for file-write-data comes before one for file-write*, wherever they stand. So what was given
 *   is taken back by the same name and with a filter, and a narrow name that is allowed is never taken back by a wider.
 * - Some operations are allowed unless they are denied by name, whatever (deny default) says. Left as they are: what
 *   programs may need to start, and nobody was seen to deny (dynamic-code-generation, file-test-existence,
 *   mach-cross-domain-lookup, socket-ioctl, syscall-unix).
 * - A path is compared, byte by byte, with what the kernel calls a file: absolute, without links and firmlinks, without
 *   "//" and a trailing "/". A rule that is spelled in another way never matches.
 * ============================================================================================ */

enum { JL_SBPL_MAX = 1 << 20 }; /* bytes of a profile, with the NUL; it is an argument, and macOS's ARG_MAX is that */

/* No rule of IOKit is among them: Hypervisor.framework asks the kernel without it (its entitlement is the program's),
   and monitors on libkrun are reported to run without one. */
/* clang-format off */
static const char jl_sbpl_base[] =
    "(version 1)\n"
    "(deny default)\n"
    "\n"
    "; Allowed unless denied by name: other names for a file that may only be read, code from any file, what tells\n"
    "; of the machine and of other processes, or speaks to them. And set-id bits, part of writing on some systems.\n"
    "(deny file-link file-clone file-map-executable file-write-setugid)\n"
    "(deny process-info* process-info-codesignature nvram* iokit-get-properties)\n"
    "(deny darwin-notification-post system-privilege)\n"
    "\n"
    "; The dynamic linker opens the root directory, that alone: without it every program ends before it starts.\n"
    "(allow file-read* (literal \"/\"))\n"
    "\n"
    "; Children. Signals to, and questions about, the processes of this sandbox alone.\n"
    "(allow process-fork)\n"
    "(allow signal (target same-sandbox))\n"
    "(allow process-info* process-info-codesignature (target same-sandbox))\n"
    "\n"
    "; The C library: users by name and number, changes of the time zone, the log.\n"
    "(allow mach-lookup\n"
    "  (global-name \"com.apple.system.opendirectoryd.libinfo\")\n"
    "  (global-name \"com.apple.system.notification_center\")\n"
    "  (global-name \"com.apple.logd\"))\n"
    "(allow ipc-posix-shm-read-data (ipc-posix-name \"apple.shm.notification_center\"))\n"
    "\n"
    "; What the C library, runtimes and a virtual machine monitor ask about processor, memory and version, one by\n"
    "; one: among the others are the arguments and environment of every process of the user.\n"
    "(allow sysctl-read\n"
    "  (sysctl-name \"hw.activecpu\" \"hw.byteorder\" \"hw.cacheconfig\" \"hw.cachelinesize\"\n"
    "     \"hw.cachelinesize_compat\" \"hw.cpufamily\" \"hw.cpufrequency\"\n"
    "     \"hw.cpufrequency_compat\" \"hw.cputype\" \"hw.l1dcachesize_compat\"\n"
    "     \"hw.l1icachesize_compat\" \"hw.l2cachesize_compat\" \"hw.l3cachesize_compat\"\n"
    "     \"hw.logicalcpu\" \"hw.logicalcpu_max\" \"hw.machine\" \"hw.memsize\" \"hw.model\"\n"
    "     \"hw.ncpu\" \"hw.nperflevels\" \"hw.packages\" \"hw.pagesize\" \"hw.pagesize_compat\"\n"
    "     \"hw.physicalcpu\" \"hw.physicalcpu_max\" \"hw.tbfrequency_compat\" \"hw.vectorunit\")\n"
    "  (sysctl-name-prefix \"hw.optional.\" \"hw.perflevel\" \"machdep.cpu.\")\n"
    "  (sysctl-name \"kern.argmax\" \"kern.hostname\" \"kern.hv_support\" \"kern.hv_vmm_present\"\n"
    "     \"kern.iossupportversion\" \"kern.maxfilesperproc\" \"kern.maxproc\" \"kern.ngroups\"\n"
    "     \"kern.osproductversion\" \"kern.osrelease\" \"kern.ostype\" \"kern.osvariant_status\"\n"
    "     \"kern.osversion\" \"kern.usrstack64\" \"kern.version\" \"machdep.ptrauth_enabled\"\n"
    "     \"security.mac.lockdown_mode_state\" \"sysctl.proc_cputype\" \"vm.loadavg\"))\n";

static const char jl_sbpl_network[] =
    "; The host's IP network. Sockets that have a path are no part of it: without the filter they would be.\n"
    "(allow network-outbound (remote ip))\n"
    "(allow network-bind network-inbound (local ip))\n"
    "; Host names, certificates, and which way packets go.\n"
    "(allow network-outbound (literal \"/private/var/run/mDNSResponder\"))\n"
    "(allow mach-lookup\n"
    "  (global-name \"com.apple.SystemConfiguration.DNSConfiguration\")\n"
    "  (global-name \"com.apple.SystemConfiguration.configd\")\n"
    "  (global-name \"com.apple.trustd.agent\"))\n"
    "(allow system-socket (require-all (socket-domain AF_SYSTEM) (socket-protocol 2)) (socket-domain AF_ROUTE))\n"
    "(allow sysctl-read (sysctl-name-prefix \"net.routetable\"))\n";

/* A terminal that the target has open it may ask and set; nothing here lets it open another one of the user's. */
static const char jl_sbpl_terminal[] =
    "; Modes and job control of terminals: its controlling one, and those that it has open already.\n"
    "(allow file-read* file-write-data (literal \"/dev/tty\"))\n"
    "(allow file-ioctl (literal \"/dev/tty\") (regex #\"^/dev/ttys[0-9]+$\"))\n";

static const char jl_sbpl_pty[] =
    "; Terminals of its own making: the kernel marks those that it made.\n"
    "(allow pseudo-tty)\n"
    "(allow file-read* file-write* file-ioctl (literal \"/dev/ptmx\"))\n"
    "(allow file-read* file-write*\n"
    "  (require-all (regex #\"^/dev/ttys[0-9]+$\") (extension \"com.apple.sandbox.pty\")))\n";

/* What no grant brings, after all of them. */
static const char jl_sbpl_end[] =
    "; Whatever was granted: no set-id bits, no flags and lists of access that would keep a file's owner from\n"
    "; removing it (chflags uchg, chmod +a), and no typing into a terminal (TIOCSTI, CVE-2017-5226).\n"
    "(deny file-write-setugid file-write-flags file-write-acl (subpath \"/\"))\n"
    "(deny file-ioctl (ioctl-command #x80017472))\n";

/* What can be given of a path. EXEC and MAP: as a program, and into a program's memory as code. UNIX: the sockets that
   have it as their name. */
enum {
  JL_SBPL_READ = 1, JL_SBPL_WRITE = 2, JL_SBPL_EXEC = 4, JL_SBPL_MAP = 8, JL_SBPL_DATA = 16, JL_SBPL_IOCTL = 32,
  JL_SBPL_UNIX = 64, JL_SBPL_META = 128
};
/* clang-format on */

static const struct {
  uint32_t right;
  const char *operations;
} jl_sbpl_rights[] = {
    {JL_SBPL_META, " file-read-metadata"}, {JL_SBPL_READ, " file-read*"},
    {JL_SBPL_WRITE, " file-write*"},       {JL_SBPL_DATA, " file-write-data"},
    {JL_SBPL_IOCTL, " file-ioctl"},        {JL_SBPL_EXEC, " process-exec*"},
    {JL_SBPL_MAP, " file-map-executable"}, {JL_SBPL_UNIX, " network-bind network-inbound network-outbound"}};

/* The system's share. A row without a reason belongs to the one above it. */
static const struct {
  const char *reason, *path;
  uint32_t rights;
  bool tree, network;
} jl_sbpl_system[] = {
    {"Libraries, and the dynamic linker's cache of them: up to macOS 11, and from 12 and 13 on.", "/usr/lib",
     JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {NULL, "/System/Library", JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {NULL, "/Library/Apple/System/Library", JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {NULL, "/private/var/db/dyld", JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {NULL, "/System/Cryptexes", JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {NULL, "/System/Volumes/Preboot/Cryptexes", JL_SBPL_READ | JL_SBPL_MAP, true, false},
    {"Rosetta, which runs x86-64 programs on arm64.", "/Library/Apple/usr/libexec/oah", JL_SBPL_READ | JL_SBPL_MAP,
     true, false},
    {"Programs of the system.", "/bin", JL_SBPL_READ | JL_SBPL_EXEC | JL_SBPL_MAP, true, false},
    {NULL, "/sbin", JL_SBPL_READ | JL_SBPL_EXEC | JL_SBPL_MAP, true, false},
    {NULL, "/usr/bin", JL_SBPL_READ | JL_SBPL_EXEC | JL_SBPL_MAP, true, false},
    {NULL, "/usr/sbin", JL_SBPL_READ | JL_SBPL_EXEC | JL_SBPL_MAP, true, false},
    {"Which shell /bin/sh is; time zones, languages, terminals; users and groups.", "/private/var/select", JL_SBPL_READ,
     true, false},
    {NULL, "/usr/share", JL_SBPL_READ, true, false},
    {NULL, "/private/var/db/timezone", JL_SBPL_READ, true, false},
    {NULL, "/private/etc/localtime", JL_SBPL_READ, false, false},
    {NULL, "/private/etc/passwd", JL_SBPL_READ, false, false},
    {NULL, "/private/etc/group", JL_SBPL_READ, false, false},
    {"The devices that every program expects. The C library opens dtracehelper at each start, for writing.",
     "/dev/null", JL_SBPL_READ | JL_SBPL_DATA | JL_SBPL_IOCTL, false, false},
    {NULL, "/dev/zero", JL_SBPL_READ | JL_SBPL_DATA | JL_SBPL_IOCTL, false, false},
    {NULL, "/dev/dtracehelper", JL_SBPL_READ | JL_SBPL_DATA | JL_SBPL_IOCTL, false, false},
    {NULL, "/dev/random", JL_SBPL_READ, false, false},
    {NULL, "/dev/urandom", JL_SBPL_READ, false, false},
    {"Its own descriptors by name.", "/dev/fd", JL_SBPL_READ | JL_SBPL_DATA, true, false},
    {"Names of hosts and services; certificates as files.", "/private/etc/hosts", JL_SBPL_READ, false, true},
    {NULL, "/private/etc/protocols", JL_SBPL_READ, false, true},
    {NULL, "/private/etc/resolv.conf", JL_SBPL_READ, false, true},
    {NULL, "/private/etc/services", JL_SBPL_READ, false, true},
    {NULL, "/private/etc/ssl", JL_SBPL_READ, true, true},
    {NULL, "/private/var/run/resolv.conf", JL_SBPL_READ, false, true},
};

enum { JL_SBPL_ROWS = sizeof jl_sbpl_system / sizeof jl_sbpl_system[0] };

/* without_system leaves the devices, as everywhere. */
static bool jl_sbpl_row(const jailer_plan *plan, size_t row) {
  if (jl_sbpl_system[row].network && !plan->allow_network) return false;
  return !plan->without_system || jl_starts(jl_sbpl_system[row].path, "/dev/");
}

static uint32_t jl_sbpl_access(jailer_access access) {
  switch (access) {
  case JAILER_READ: return JL_SBPL_READ;
  case JAILER_EXEC: return JL_SBPL_READ | JL_SBPL_EXEC | JL_SBPL_MAP;
  case JAILER_WRITE: return JL_SBPL_READ | JL_SBPL_WRITE | JL_SBPL_UNIX;
  case JAILER_DEVICE: return JL_SBPL_READ | JL_SBPL_DATA | JL_SBPL_IOCTL;
  }
  return 0;
}

/* Whether a path can be executed: the innermost grant around it decides, and the system's share where there is none. */
JL_UNUSED static bool jl_sbpl_executable(const jailer_plan *plan, const char *path, const jl_source *but) {
  const jl_source *inner = NULL;
  for (size_t i = 0; i < plan->source_count; i++) {
    const jl_source *s = &plan->sources[i];
    if (s == but || !s->exists || jl_plan_is_fence(s) || !jl_plan_at_or_below(path, s->resolved)) continue;
    const size_t length = inner ? strlen(inner->resolved) : 0, own = strlen(s->resolved);
    if (own > length || (own == length && s->access == JAILER_EXEC)) inner = s;
  }
  if (inner) return inner->access == JAILER_EXEC;
  for (size_t i = 0; i < JL_SBPL_ROWS; i++)
    if (jl_sbpl_row(plan, i) && (jl_sbpl_system[i].rights & JL_SBPL_EXEC) &&
        jl_plan_at_or_below(path, jl_sbpl_system[i].path))
      return true;
  return false;
}

/* --- rules --- */

/* A string of the language. Of what a backslash can begin there only \\ and \" are written. The bytes of UTF-8 stand as
   they are, which was seen to match: one saw sandbox-exec end on a profile that is not ASCII, and then nothing runs,
   but an escape (\xHH) that it did not read would make a rule that takes an access back one that never matches. The
   path was checked: jl_plan_seatbelt_path. */
static void jl_sbpl_string(jl_buf *b, const char *path, size_t n) {
  jl_buf_char(b, '"');
  for (size_t i = 0; i < n; i++) {
    if (path[i] == '\\' || path[i] == '"') jl_buf_char(b, '\\');
    jl_buf_char(b, path[i]);
  }
  jl_buf_char(b, '"');
}

static void jl_sbpl_filter(jl_buf *b, const char *filter, const char *path, size_t n) {
  jl_buf_str(b, filter);
  jl_sbpl_string(b, path, n);
  jl_buf_char(b, ')');
}

static void jl_sbpl_verb(jl_buf *b, const char *verb, uint32_t rights) {
  jl_buf_str(b, verb);
  for (size_t i = 0; i < sizeof jl_sbpl_rights / sizeof jl_sbpl_rights[0]; i++)
    if (rights & jl_sbpl_rights[i].right) jl_buf_str(b, jl_sbpl_rights[i].operations);
}

/* A rule about one path: the node itself, and of a directory all that is below it. */
static void jl_sbpl_rule(jl_buf *b, const char *verb, uint32_t rights, const char *path, bool tree) {
  jl_sbpl_verb(b, verb, rights);
  jl_sbpl_filter(b, " (literal ", path, strlen(path));
  if (tree) jl_sbpl_filter(b, " (subpath ", path, strlen(path));
  jl_buf_str(b, ")\n");
}

static void jl_sbpl_rows(jl_buf *b, const jailer_plan *plan) {
  const char *reason = NULL, *written = NULL;
  for (size_t i = 0; i < JL_SBPL_ROWS; i++) {
    if (jl_sbpl_system[i].reason) reason = jl_sbpl_system[i].reason;
    if (!jl_sbpl_row(plan, i)) continue;
    if (reason != written) {
      jl_buf_str(b, "; ");
      jl_buf_str(b, reason);
      jl_buf_char(b, '\n');
      written = reason;
    }
    jl_sbpl_rule(b, "(allow", jl_sbpl_system[i].rights, jl_sbpl_system[i].path, jl_sbpl_system[i].tree);
  }
}

/* --- the way to what is granted --- */

/* A growing list of names whose directories have to be seen. One that ends in '/' has to be seen itself too. */
typedef struct jl_sbpl_names {
  jl_arena *arena;
  const char **item;
  size_t count;
  bool no_memory;
} jl_sbpl_names;

static void jl_sbpl_name(jl_sbpl_names *names, const char *path, bool itself) {
  const char *copy = path && itself ? jl_plan_join(names->arena, path, "/", "") : path;
  if (copy) names->item[names->count++] = copy;
  else names->no_memory = true;
}

/* A name as the target may write it: through the links that every Mac has in "/", and perhaps through others. */
static void jl_sbpl_walk(jl_sbpl_names *names, const char *path, const char *resolved) {
  const char *shown = jl_plan_firmlink(path), *link = jl_plan_root_link(shown);
  if (shown != path) jl_sbpl_name(names, JL_PLAN_DATA, true);
  if (link) jl_sbpl_name(names, link, true);
  const char *real = jl_plan_real_name(names->arena, path);
  jl_sbpl_name(names, real, real && !jl_streq(real, resolved));
}

static void jl_sbpl_gather(jl_sbpl_names *names, const jailer_plan *plan) {
  jl_sbpl_walk(names, plan->cwd, "/");
  if (!plan->without_system) { /* by these names everybody asks for the system's files */
    jl_sbpl_name(names, "/etc", true);
    jl_sbpl_name(names, "/var", true);
  }
  for (size_t i = 0; i < JL_SBPL_ROWS; i++)
    if (jl_sbpl_row(plan, i)) jl_sbpl_name(names, jl_sbpl_system[i].path, false);
  for (size_t i = 0; i < plan->source_count; i++) {
    const jl_source *s = &plan->sources[i];
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    jl_sbpl_name(names, s->resolved, false);
    jl_sbpl_walk(names, s->path, s->resolved);
    jl_sbpl_walk(names, s->named, s->resolved);
  }
  for (const jl_link *link = plan->links; link; link = link->next) jl_sbpl_name(names, link->path, true);
}

static int jl_sbpl_by_path(const void *a, const void *b) {
  return jl_plan_path_cmp(*(const char *const *)a, *(const char *const *)b);
}

/* Every directory above a name, each once: what lies below one stands together. A rule has at most about 16 KiB of
   text: a set of filters is compiled into one pattern, and that has at most 65535 bytes. */
static void jl_sbpl_ancestors(jl_buf *b, const jl_sbpl_names *names) {
  const char *previous = "";
  size_t begun = 0; /* where the rule begins that is being written; 0: none */
  for (size_t i = 0; i < names->count; i++) {
    const char *name = names->item[i];
    bool shared = previous[0] == '/';
    for (size_t at = 0; name[at]; at++) {
      if (name[at] == '/' && !(shared && previous[at] == '/')) {
        if (begun && b->len - begun > 16384 - 2 * 1024) {
          jl_buf_str(b, ")\n");
          begun = 0;
        }
        if (!begun) {
          begun = b->len;
          jl_sbpl_verb(b, "(allow", JL_SBPL_META);
        }
        jl_sbpl_filter(b, "\n  (literal ", name, at ? at : 1);
      }
      shared = shared && previous[at] == name[at];
    }
    previous = name;
  }
  if (begun) jl_buf_str(b, ")\n");
}

/* The names, gathered, sorted and written; false: no memory. */
static bool jl_sbpl_ways(jl_buf *b, const jailer_plan *plan) {
  jl_arena scratch = {NULL};
  jl_sbpl_names names = {&scratch, NULL, 0, false};
  const size_t each = 7, few = 5 + JL_SBPL_ROWS; /* a source: its place, and two names of at most three parts */
  size_t room;
  if (jl_mul(plan->source_count, each, &room) && jl_add(room, few, &room) && jl_add(room, plan->link_count, &room))
    names.item = jl_arena_array(&scratch, room, sizeof *names.item);
  if (names.item) jl_sbpl_gather(&names, plan);
  const bool sorted = names.item && !names.no_memory &&
                      jl_arena_sort(&scratch, names.item, names.count, sizeof *names.item, jl_sbpl_by_path);
  if (sorted) jl_sbpl_ancestors(b, &names);
  jl_arena_free(&scratch);
  return sorted;
}

/* --- grants --- */

/* What the system's share gives at, above or below a path: a grant takes its place there, as a mount does on Linux. */
static uint32_t jl_sbpl_shared(const jailer_plan *plan, const char *path) {
  uint32_t rights = 0;
  for (size_t i = 0; i < JL_SBPL_ROWS; i++) {
    const char *row = jl_sbpl_system[i].path;
    if (jl_sbpl_row(plan, i) && (jl_plan_at_or_below(path, row) || jl_plan_below(row, path)))
      rights |= jl_sbpl_system[i].rights;
  }
  return rights;
}

/* Grants in the order of their paths; `open` is the stack of those around the current one. Each takes back what it does
   not give itself, so that the innermost decides. A place to write cannot be renamed, removed or put in another's
   place: what is below it would get other names, and other rights (file-write-unlink is asked of what is renamed,
   file-write-create of where it goes). What is taken back of a file is taken back below it too: its resource fork has
   the name FILE/..namedfork/rsrc. */
static bool jl_sbpl_grants(jl_buf *b, const jailer_plan *plan) {
  jl_arena scratch = {NULL};
  const jl_node **open = jl_arena_array(&scratch, plan->nodes.count + 1, sizeof *open);
  size_t depth = 0;
  for (size_t i = 0; open && i < plan->nodes.count; i++) {
    const jl_node *node = &plan->nodes.item[i];
    const jl_source *s = node->source;
    const uint32_t type = s->st.mode & JL_S_IFMT;
    const bool tree = type == JL_S_IFDIR || type == 0; /* 0: nobody looked */
    uint32_t rights = jl_sbpl_access(s->access), around = jl_sbpl_shared(plan, s->resolved);
    if (type == JL_S_IFREG) rights &= ~(uint32_t)JL_SBPL_UNIX; /* no socket has that name */
    while (depth && !jl_plan_below(s->resolved, open[depth - 1]->source->resolved)) depth--;
    for (size_t k = 0; k < depth; k++) around |= jl_sbpl_access(open[k]->source->access);
    if (around & ~rights) jl_sbpl_rule(b, "(deny", around & ~rights, s->resolved, tree || type == JL_S_IFREG);
    jl_sbpl_rule(b, "(allow", rights, s->resolved, tree);
    if (s->access == JAILER_WRITE)
      jl_sbpl_filter(b, "(deny file-write-unlink file-write-create (literal ", s->resolved, strlen(s->resolved));
    if (s->access == JAILER_WRITE) jl_buf_str(b, ")\n");
    if (tree) open[depth++] = node;
  }
  jl_arena_free(&scratch);
  return open != NULL;
}

/* All of it. false: no memory; b->failed says the same of the text. */
static bool jl_sbpl_write(jl_buf *b, const jailer_plan *plan) {
  jl_buf_str(b, jl_sbpl_base);
  jl_buf_char(b, '\n');
  jl_sbpl_rows(b, plan);
  if (plan->allow_network) {
    jl_buf_char(b, '\n');
    jl_buf_str(b, jl_sbpl_network);
  }
  if (plan->allow_pty || plan->controlling_tty) {
    jl_buf_char(b, '\n');
    jl_buf_str(b, jl_sbpl_terminal);
  }
  if (plan->allow_pty) jl_buf_str(b, jl_sbpl_pty);
  jl_buf_str(b, "\n; The directories on the way, without their lists of names.\n");
  if (!jl_sbpl_ways(b, plan)) return false;
  if (plan->nodes.count) jl_buf_str(b, "\n; What is granted, outer before inner.\n");
  if (!jl_sbpl_grants(b, plan)) return false;
  jl_buf_char(b, '\n');
  jl_buf_str(b, jl_sbpl_end);
  return true;
}

/* Where boxes live no sandbox may look by the system's share. */
static jailer_code jl_sbpl_homes(const jailer_plan *plan, jailer_error *err) {
  for (size_t i = 0; i < plan->source_count; i++) {
    const jl_source *s = &plan->sources[i];
    for (size_t row = 0; row < JL_SBPL_ROWS && s->exists && s->origin == JL_FENCE_HOME; row++)
      if (jl_plan_at_or_below(s->resolved, jl_sbpl_system[row].path))
        return jl_plan_conflict(err, s->path,
                                "the boxes lie in a system directory that every sandbox sees: use another home");
  }
  return JAILER_OK;
}

/* The last step of a plan: its profile. */
JL_UNUSED static jailer_code jl_sbpl_finish(jailer_plan *plan, jailer_error *err) {
  static const char step[] = "write a profile";
  jailer_code code = jl_sbpl_homes(plan, err);
  if (code || plan->own_profile) return code;
  jl_buf b = jl_buf_heap(JL_SBPL_MAX);
  const bool written = jl_sbpl_write(&b, plan) && !b.no_memory;
  if (written && !b.failed) {
    plan->profile = jl_arena_text(&plan->arena, b.data, b.len);
    plan->profile_len = b.len;
  }
  const bool large = written && b.failed;
  jl_buf_free(&b);
  if (large)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_SEATBELT, step, NULL, 0,
                   "the profile would be larger than 1 MiB: grant directories instead of what is in them");
  return plan->profile ? JAILER_OK : jl_no_memory(err, step);
}

/* --- a configuration as it is written --- */

/* Every entry of a box, its disks among them, and the fences. */
static jailer_code jl_sbpl_box(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  static const jailer_entry disks[] = {JAILER_ENTRY_DISK, JAILER_ENTRY_ROOTFS};
  static const jailer_entry roots[] = {JAILER_ENTRY_BASES, JAILER_ENTRY_IMAGES};
  jailer_code code = jl_plan_tree(plan, config, err);
  for (size_t i = 0; code == JAILER_OK && i < 2; i++) {
    code = jl_plan_entry(plan, config->layout, disks[i], JAILER_WRITE, JL_FROM_BOX, NULL, err);
    if (code == JAILER_OK) code = jl_plan_entry(plan, config->layout, roots[i], JAILER_READ, JL_FENCE_ROOT, NULL, err);
  }
  for (size_t i = 0; code == JAILER_OK && config->trusted_roots && config->trusted_roots[i]; i++) {
    const char *path;
    code = jl_plan_normal(&plan->arena, config->trusted_roots[i], false, &path, err);
    if (code == JAILER_OK) jl_plan_want(plan, path, path, JAILER_READ, JL_FENCE_ROOT);
  }
  return code;
}

/* Everything is there, is where it is said to be, and is another file than all else. What it is, is known of a device
   and of a box's entries; type 0 is a file or a directory. */
static void jl_sbpl_believe(jailer_plan *plan) {
  for (size_t i = 0; i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    s->exists = true;
    s->resolved = s->path;
    s->st.ino = i + 1;
    if (s->access == JAILER_DEVICE) s->st.mode = JL_S_IFCHR;
  }
}

/* The types of what jl_plan_tree and jl_sbpl_box made of a layout, by the table of its entries. */
static jailer_code jl_sbpl_types(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  char path[JAILER_PATH_MAX];
  for (int e = 0; e < JAILER_ENTRY_COUNT; e++) {
    jailer_code code = jailer_layout_path(config->layout, (jailer_entry)e, path, sizeof path, err);
    if (code) return code;
    for (size_t i = 0; i < plan->source_count; i++)
      if (plan->sources[i].origin == JL_FROM_BOX && jl_streq(plan->sources[i].path, path))
        plan->sources[i].st.mode = jl_tab_entries[e].is_dir ? JL_S_IFDIR : JL_S_IFREG;
  }
  return JAILER_OK;
}

/* The program, where it is named by its path and nothing else makes it one. */
static jailer_code jl_sbpl_program(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const char *path;
  if (config->shim || plan->argv[0][0] != '/') return JAILER_OK;
  jailer_code code = jl_plan_normal(&plan->arena, plan->argv[0], false, &path, err);
  if (code || jl_sbpl_executable(plan, path, NULL)) return code;
  jl_source *s = jl_plan_want(plan, path, path, JAILER_EXEC, JL_FROM_PROGRAM);
  s->exists = true;
  s->resolved = path;
  s->st.mode = JL_S_IFREG; /* ino stays 0, which no other one has */
  return JAILER_OK;
}

/* A plan of which nothing counts but the profile. */
static jailer_code jl_sbpl_as_written(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  static const char *const nothing[] = {"program", NULL};
  jailer_config c = *config;
  size_t more = JAILER_ENTRY_COUNT;
  jailer_code code;
  if (c.engine == JAILER_ENGINE_AUTO) c.engine = JAILER_ENGINE_SEATBELT;
  if (c.engine != JAILER_ENGINE_SEATBELT)
    return jl_plan_invalid(err, "engine", "a profile is for the engine seatbelt alone");
  if (c.seatbelt_profile)
    return jl_plan_invalid(err, "seatbelt_profile", "no file is read here: that one is the profile");
  if (!c.argv) c.argv = nothing;
  c.outlive_launcher = true; /* how it is launched is nothing to its profile */
  plan->host.nofile_hard = plan->host.fsize_hard = UINT64_MAX;
  for (size_t i = 0; c.trusted_roots && c.trusted_roots[i]; i++) more++;
  if ((code = jl_plan_config(plan, &c, err)) || (code = jl_plan_wants(plan, &c, more, err))) return code;
  if (c.layout && (code = jl_sbpl_box(plan, &c, err))) return code;
  jl_sbpl_believe(plan);
  if (c.layout && (code = jl_sbpl_types(plan, &c, err))) return code;
  if ((code = jl_sbpl_program(plan, &c, err)) || (code = jl_plan_build(plan, &c.limits, err))) return code;
  return jl_sbpl_finish(plan, err);
}

#endif /* JAILER_NO_SEATBELT */

#ifndef JAILER_NO_QCOW2
/* ============================================================================================
 * // >>qcow2    the qcow2 header, the names in it, and the text of a recorded chain
 * May touch: memory. May call: base, error. Everything here reads bytes that somebody hostile may have written.
 * ============================================================================================ */

enum { /* where the fields are: docs/interop/qcow2.txt */
       JL_QCOW2_V2_LENGTH = 72,
       JL_QCOW2_V3_LENGTH = 104,
       JL_QCOW2_FIRST_READ = 4096 /* holds the header that every known writer makes */
};

static uint32_t jl_qcow2_u32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t jl_qcow2_u64(const uint8_t *p) { return (uint64_t)jl_qcow2_u32(p) << 32 | jl_qcow2_u32(p + 4); }

/* One parse. Offsets are 64 bits wide so that no sum of two 32-bit fields can wrap. */
typedef struct jl_qcow2_job {
  const uint8_t *bytes;
  uint64_t len, file_size, cluster_size;
  uint64_t backing_offset, backing_size;
  jailer_qcow2 *out;
  jailer_error *err;
} jl_qcow2_job;

static jailer_code jl_qcow2_bad(jl_qcow2_job *job, const char *message) {
  return jl_fail(job->err, JAILER_E_FORMAT, JAILER_LAYER_NONE, "read qcow2 header", NULL, 0, message);
}

/* Bytes [0, end) are there to be read. A cut-short file is malformed; a cut-short buffer only asks for more. */
static jailer_code jl_qcow2_need(jl_qcow2_job *job, uint64_t end) {
  if (end > job->file_size) return jl_qcow2_bad(job, "the file ends inside its qcow2 header: it was cut short");
  if (end > job->out->needed_bytes) job->out->needed_bytes = (size_t)end; /* end is at most a cluster: 2 MiB */
  if (end <= job->len) return JAILER_OK;
  return jl_fail(job->err, JAILER_E_LIMIT, JAILER_LAYER_NONE, "read qcow2 header", NULL, 0,
                 "the qcow2 header is longer than what may be read of it (64 KiB); rewrite the image with "
                 "`qemu-img convert`");
}

static jailer_code jl_qcow2_features(jl_qcow2_job *job) {
  jailer_qcow2 *q = job->out;
  q->incompatible_features = jl_qcow2_u64(job->bytes + 72);
  q->compatible_features = jl_qcow2_u64(job->bytes + 80);
  q->autoclear_features = jl_qcow2_u64(job->bytes + 88);
  if (q->incompatible_features & ~(uint64_t)31)
    return jl_qcow2_bad(job,
                        "the image uses an incompatible feature that this reader does not know, so what its header "
                        "means is not known either; convert it with `qemu-img convert`");
  q->dirty = q->incompatible_features & 1;
  q->corrupt = q->incompatible_features & 2;
  q->has_data_file = q->incompatible_features & 4;
  q->extended_l2 = q->incompatible_features & 16;
  return JAILER_OK;
}

static jailer_code jl_qcow2_version3(jl_qcow2_job *job) {
  jailer_qcow2 *q = job->out;
  jailer_code code = jl_qcow2_need(job, JL_QCOW2_V3_LENGTH);
  if (code) return code;
  if ((code = jl_qcow2_features(job))) return code;
  q->header_length = jl_qcow2_u32(job->bytes + 100);
  if (q->header_length < JL_QCOW2_V3_LENGTH || q->header_length % 8 || q->header_length > job->cluster_size)
    return jl_qcow2_bad(job, "header_length is not a multiple of 8 between 104 and the cluster size");
  if ((code = jl_qcow2_need(job, q->header_length))) return code;
  if (q->header_length > JL_QCOW2_V3_LENGTH) q->compression_type = job->bytes[104];
  if (!(q->incompatible_features & 8) != !q->compression_type)
    return jl_qcow2_bad(job, "the compression type and its incompatible feature bit contradict each other");
  return JAILER_OK;
}

/* The fixed part. Everything later trusts the bounds that are checked here. */
static jailer_code jl_qcow2_fixed(jl_qcow2_job *job) {
  jailer_qcow2 *q = job->out;
  jailer_code code = jl_qcow2_need(job, JL_QCOW2_V2_LENGTH);
  if (job->len >= 4 && jl_qcow2_u32(job->bytes) != 0x514649fbu)
    return jl_qcow2_bad(job, "the file does not start with the qcow2 magic; if it is a raw image, say so");
  if (code) return code;
  q->version = jl_qcow2_u32(job->bytes + 4);
  if (q->version != 2 && q->version != 3) return jl_qcow2_bad(job, "the qcow2 version is neither 2 nor 3");
  q->cluster_bits = jl_qcow2_u32(job->bytes + 20);
  if (q->cluster_bits < 9 || q->cluster_bits > 21) return jl_qcow2_bad(job, "cluster_bits is not between 9 and 21");
  job->cluster_size = (uint64_t)1 << q->cluster_bits;
  q->virtual_size_bytes = jl_qcow2_u64(job->bytes + 24);
  q->crypt_method = jl_qcow2_u32(job->bytes + 32);
  if (q->crypt_method > 2) return jl_qcow2_bad(job, "the encryption method is not known");
  q->encrypted = q->crypt_method != 0;
  q->header_length = JL_QCOW2_V2_LENGTH;
  if (q->version == 3 && (code = jl_qcow2_version3(job))) return code;

  job->backing_offset = jl_qcow2_u64(job->bytes + 8);
  if (!job->backing_offset) return JAILER_OK; /* whatever the size says: `qemu-img rebase -b ""` leaves the old one */
  job->backing_size = jl_qcow2_u32(job->bytes + 16);
  if (job->backing_size > JAILER_QCOW2_NAME_MAX - 1)
    return jl_qcow2_bad(job, "the backing file name is over 1023 bytes");
  if (job->backing_offset < q->header_length || job->backing_offset > job->cluster_size ||
      job->backing_size > job->cluster_size - job->backing_offset)
    return jl_qcow2_bad(job, "the backing file name does not lie between the header and the end of the first cluster");
  return JAILER_OK;
}

/* Copies a name out of the header. Empty names, and names in which C would see an earlier end than the length says,
   mean different files to different readers: refused. An extension that comes twice is refused for the same reason. */
static jailer_code jl_qcow2_text(jl_qcow2_job *job, uint64_t at, uint64_t n, char *to, size_t size) {
  if (to[0]) return jl_qcow2_bad(job, "a header extension that names a format or file is there twice");
  if (n == 0 || n >= size) return jl_qcow2_bad(job, "a name in the header is empty or too long");
  jailer_code code = jl_qcow2_need(job, at + n);
  if (code) return code;
  if (memchr(job->bytes + at, 0, (size_t)n)) return jl_qcow2_bad(job, "a name in the header contains a NUL byte");
  memcpy(to, job->bytes + at, (size_t)n);
  to[n] = 0;
  return JAILER_OK;
}

static jailer_code jl_qcow2_extension(jl_qcow2_job *job, uint32_t type, uint64_t at, uint64_t n) {
  jailer_qcow2 *q = job->out;
  switch (type) {
  case 0xe2792acau: return jl_qcow2_text(job, at, n, q->backing_format, sizeof q->backing_format);
  case 0x44415441u: q->has_data_file = true; return jl_qcow2_text(job, at, n, q->data_file, sizeof q->data_file);
  case 0x0537be77u: q->encrypted = true; return JAILER_OK;
  case 0x23852875u: q->has_bitmaps = true; return JAILER_OK;
  default: return JAILER_OK; /* feature names, and whatever comes later: the format says to skip what is not known */
  }
}

/* Extensions end at type 0, at the backing name, or with the first cluster, whichever is first, as in QEMU's reader. */
static jailer_code jl_qcow2_extensions(jl_qcow2_job *job) {
  uint64_t at = job->out->header_length, end = job->backing_offset ? job->backing_offset : job->cluster_size;
  while (at < end) {
    if (end - at < 8) return jl_qcow2_bad(job, "a header extension runs into the backing file name or the cluster end");
    jailer_code code = jl_qcow2_need(job, at + 8);
    if (code) return code;
    uint32_t type = jl_qcow2_u32(job->bytes + at), n = jl_qcow2_u32(job->bytes + at + 4);
    at += 8;
    if (n > end - at) return jl_qcow2_bad(job, "a header extension runs into the backing file name or the cluster end");
    if (type == 0) return JAILER_OK;
    if ((code = jl_qcow2_extension(job, type, at, n))) return code;
    at += ((uint64_t)n + 7) & ~(uint64_t)7;
  }
  return JAILER_OK;
}

static jailer_code jl_qcow2_run(jl_qcow2_job *job) {
  jailer_code code = jl_qcow2_fixed(job);
  if (code) return code;
  if ((code = jl_qcow2_extensions(job))) return code;
  if (!job->backing_offset) return JAILER_OK;
  return jl_qcow2_text(job, job->backing_offset, job->backing_size, job->out->backing_name, JAILER_QCOW2_NAME_MAX);
}

JAILER_API jailer_code jailer_qcow2_parse(const uint8_t *bytes, size_t len, uint64_t file_size, jailer_qcow2 *out,
                                          jailer_error *err) {
  jl_qcow2_job job;
  memset(&job, 0, sizeof job);
  if (out) memset(out, 0, sizeof *out);
  if (!out || (!bytes && len) || len > file_size)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "read qcow2 header", NULL, 0,
                   "give the first bytes of the image, at most file_size of them, and a place for the answer");
  job.bytes = bytes;
  job.len = len < JAILER_QCOW2_HEADER_MAX ? len : JAILER_QCOW2_HEADER_MAX;
  job.file_size = file_size;
  job.out = out;
  job.err = err;
  jailer_code code = jl_qcow2_run(&job);
  if (code) { /* half an answer could be taken for a whole one */
    size_t needed = out->needed_bytes;
    memset(out, 0, sizeof *out);
    out->needed_bytes = needed;
  }
  return code;
}

JAILER_API const char *jailer_format_name(jailer_format format) {
  return format == JAILER_FORMAT_RAW ? "raw" : format == JAILER_FORMAT_QCOW2 ? "qcow2" : "unstated";
}

static jailer_format jl_qcow2_format(const char *name, size_t n) {
  if (n == 3 && memcmp(name, "raw", 3) == 0) return JAILER_FORMAT_RAW;
  if (n == 5 && memcmp(name, "qcow2", 5) == 0) return JAILER_FORMAT_QCOW2;
  return JAILER_FORMAT_UNSTATED;
}

/* QEMU's rule: a colon before the first slash. */
JL_UNUSED static bool jl_qcow2_has_protocol(const char *name) { return name[strcspn(name, ":/")] == ':'; }

/* The name that QEMU opens for `name` in the header of `overlay` (absolute): what precedes the overlay's last slash,
   and the name. Neither "." nor ".." is folded: with symbolic links in the way that would be another file. */
JL_UNUSED static bool jl_qcow2_join(const char *overlay, const char *name, char *to, size_t size) {
  jl_buf b = jl_buf_fixed(to, size);
  const char *slash = strrchr(overlay, '/');
  if (name[0] != '/' && slash) jl_buf_bytes(&b, overlay, (size_t)(slash - overlay) + 1);
  jl_buf_str(&b, name);
  return !b.failed;
}

/* The arguments of jailer_chain_walk, which are wrong in the same way on every system. */
static jailer_code jl_qcow2_walk_args(const char *path, jailer_format format, jailer_chain **out, jailer_error *err) {
  if (out && path && path[0] == '/' && jl_strnlen(path, JAILER_PATH_MAX) < JAILER_PATH_MAX &&
      (format == JAILER_FORMAT_RAW || format == JAILER_FORMAT_QCOW2))
    return JAILER_OK;
  return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "walk backing chain", path, 0,
                 "give the image's absolute path, its format (raw or qcow2), and a place for the chain");
}

/* --- the recorded chains: text that the launcher keeps where no jailed process can write --------------------------

   jailer-chains 1
   disk NAME COUNT
   layer DEV INO FORMAT PATH NAMED        COUNT times, the top layer first
   end

   One blank between words, decimal numbers, paths with every byte outside [A-Za-z0-9/._+,@=~-] as %XX. There is one
   way to write a record and the parser takes no other, so a record that was edited or cut is noticed. */

#define JL_RECORD_MAX ((size_t)1 << 20) /* bytes of a record file */
#define JL_RECORD_DISKS 16              /* disks in it */
#define JL_RECORD_NAME 65               /* a disk's name with its NUL: [A-Za-z0-9][A-Za-z0-9._-]{0,63} */

typedef struct jl_record_disk {
  char name[JL_RECORD_NAME];
  size_t count;
  const jailer_chain_layer *layers; /* of these only dev, ino, format, path and named are recorded */
} jl_record_disk;

typedef struct jl_record {
  size_t count;
  jl_record_disk disks[JL_RECORD_DISKS];
  jl_arena arena; /* the layers and texts that the parser made */
} jl_record;

static void jl_record_free(jl_record *record) {
  jl_arena_free(&record->arena);
  memset(record, 0, sizeof *record);
}

/* The bytes that stand for themselves. strchr finds the NUL too, hence the first test. */
static bool jl_record_plain(char c) {
  return c && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("/._+,@=~-", c));
}

static void jl_record_put_path(jl_buf *b, const char *path) {
  for (; *path; path++) {
    unsigned char c = (unsigned char)*path;
    if (jl_record_plain(*path)) {
      jl_buf_char(b, *path);
    } else {
      jl_buf_char(b, '%');
      jl_buf_char(b, "0123456789ABCDEF"[c >> 4]);
      jl_buf_char(b, "0123456789ABCDEF"[c & 15]);
    }
  }
}

static void jl_record_put_layer(jl_buf *b, const jailer_chain_layer *layer) {
  jl_buf_str(b, "layer ");
  jl_buf_u64(b, JL_DARWIN ? 0 : layer->dev); /* macOS numbers its volumes anew with every boot: no identity there */
  jl_buf_char(b, ' ');
  jl_buf_u64(b, layer->ino);
  jl_buf_char(b, ' ');
  jl_buf_str(b, jailer_format_name(layer->format));
  jl_buf_char(b, ' ');
  jl_record_put_path(b, layer->path);
  jl_buf_char(b, ' ');
  jl_record_put_path(b, layer->named);
  jl_buf_char(b, '\n');
}

/* Appends the text of a record; the buffer says whether all of it fitted. */
JL_UNUSED static void jl_record_write(jl_buf *b, const jl_record *record) {
  jl_buf_str(b, "jailer-chains 1\n");
  for (size_t i = 0; i < record->count; i++) {
    jl_buf_str(b, "disk ");
    jl_buf_str(b, record->disks[i].name);
    jl_buf_char(b, ' ');
    jl_buf_u64(b, record->disks[i].count);
    jl_buf_char(b, '\n');
    for (size_t k = 0; k < record->disks[i].count; k++) jl_record_put_layer(b, &record->disks[i].layers[k]);
  }
  jl_buf_str(b, "end\n");
}

typedef struct jl_record_word {
  const char *at;
  size_t n;
} jl_record_word;

typedef struct jl_record_job {
  const char *at, *end;
  jl_record *record;
  bool no_memory;
} jl_record_job;

/* Splits off one line of exactly `count` words with one blank between them. */
static bool jl_record_line(jl_record_job *job, jl_record_word *words, size_t count) {
  const char *newline = job->at < job->end ? memchr(job->at, '\n', (size_t)(job->end - job->at)) : NULL;
  if (!newline) return false;
  for (size_t i = 0; i < count; i++) {
    const char *blank = memchr(job->at, ' ', (size_t)(newline - job->at)), *stop = blank ? blank : newline;
    if (!blank != (i + 1 == count)) return false;
    words[i].at = job->at;
    words[i].n = (size_t)(stop - job->at);
    if (words[i].n == 0) return false;
    job->at = stop + 1;
  }
  return true;
}

static bool jl_record_is(jl_record_word word, const char *text) {
  return word.n == strlen(text) && memcmp(word.at, text, word.n) == 0;
}

static bool jl_record_number(jl_record_word word, uint64_t *out) {
  return (word.n == 1 || word.at[0] != '0') && jl_parse_u64(word.at, word.n, out);
}

static int jl_record_nibble(char c) {
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* An absolute path, unescaped into the arena. Escapes that were not needed are refused: one path, one spelling. */
static const char *jl_record_path(jl_record_job *job, jl_record_word word) {
  if (word.at[0] != '/' || word.n > 3 * (size_t)JAILER_PATH_MAX) return NULL;
  char *text = jl_arena_get(&job->record->arena, word.n + 1);
  size_t len = 0;
  if (!text) return job->no_memory = true, NULL;
  for (size_t i = 0; i < word.n; i++) {
    char c = word.at[i];
    if (c == '%') {
      int high = word.n - i > 2 ? jl_record_nibble(word.at[i + 1]) : -1;
      int low = word.n - i > 2 ? jl_record_nibble(word.at[i + 2]) : -1;
      if (high < 0 || low < 0 || high + low == 0) return NULL;
      c = (char)(unsigned char)(high * 16 + low);
      if (jl_record_plain(c)) return NULL;
      i += 2;
    } else if (!jl_record_plain(c)) {
      return NULL;
    }
    text[len++] = c;
  }
  return len < JAILER_PATH_MAX ? text : NULL;
}

static bool jl_record_layer(jl_record_job *job, jailer_chain_layer *layer) {
  jl_record_word w[6];
  if (!jl_record_line(job, w, 6) || !jl_record_is(w[0], "layer")) return false;
  if (!jl_record_number(w[1], &layer->dev) || !jl_record_number(w[2], &layer->ino)) return false;
  layer->format = jl_qcow2_format(w[3].at, w[3].n);
  if (layer->format == JAILER_FORMAT_UNSTATED) return false;
  layer->path = jl_record_path(job, w[4]);
  layer->named = layer->path ? jl_record_path(job, w[5]) : NULL;
  return layer->named != NULL;
}

static jl_record_disk *jl_record_find(jl_record *record, const char *name) {
  for (size_t i = 0; i < record->count; i++)
    if (jl_streq(record->disks[i].name, name)) return &record->disks[i];
  return NULL;
}

/* One "disk" line, whose words are given, and its layers. */
static bool jl_record_disk_lines(jl_record_job *job, jl_record_word name, jl_record_word number) {
  jl_record *record = job->record;
  jl_record_disk disk;
  uint64_t count;
  memset(&disk, 0, sizeof disk);
  if (record->count == JL_RECORD_DISKS || !jl_layout_word(name.at, name.n, JL_RECORD_NAME - 1, "._-")) return false;
  if (!jl_record_number(number, &count) || count == 0 || count > JAILER_CHAIN_DEPTH_MAX) return false;
  memcpy(disk.name, name.at, name.n);
  if (jl_record_find(record, disk.name)) return false;
  jailer_chain_layer *layers = jl_arena_array(&record->arena, (size_t)count, sizeof *layers);
  if (!layers) return job->no_memory = true, false;
  for (size_t i = 0; i < count; i++)
    if (!jl_record_layer(job, &layers[i])) return false;
  disk.count = (size_t)count;
  disk.layers = layers;
  record->disks[record->count++] = disk;
  return true;
}

/* All of text[0..n) is a record. */
static bool jl_record_lines(jl_record_job *job) {
  jl_record_word w[3];
  if (!jl_record_line(job, w, 2) || !jl_record_is(w[0], "jailer-chains") || !jl_record_is(w[1], "1")) return false;
  while (job->end - job->at != 4) {
    if (!jl_record_line(job, w, 3) || !jl_record_is(w[0], "disk")) return false;
    if (!jl_record_disk_lines(job, w[1], w[2])) return false;
  }
  return memcmp(job->at, "end\n", 4) == 0;
}

/* Parses a record. On success the caller frees it; on failure there is nothing to free. JAILER_E_FORMAT, JAILER_E_LIMIT
   (over JL_RECORD_MAX bytes), JAILER_E_NO_MEMORY. */
JL_UNUSED static jailer_code jl_record_parse(const char *text, size_t n, jl_record *record, jailer_error *err) {
  jl_record_job job = {0};
  memset(record, 0, sizeof *record);
  if (n > JL_RECORD_MAX)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_NONE, "read chain record", NULL, 0,
                   "the record of the disks' chains is over 1 MiB; this program did not write it");
  job.at = text;
  job.end = text + n;
  job.record = record;
  if (n && jl_record_lines(&job)) return JAILER_OK;
  jl_record_free(record);
  if (job.no_memory) return jl_no_memory(err, "read chain record");
  return jl_fail(err, JAILER_E_FORMAT, JAILER_LAYER_NONE, "read chain record", NULL, 0,
                 "the record of the disks' chains is damaged or was edited; find out why, then remove it and record "
                 "the disks again");
}

/* Puts a chain under a disk's name, in place of what was there. The layers are borrowed. False: too many disks. */
JL_UNUSED static bool jl_record_put(jl_record *record, const char *name, const jailer_chain *chain) {
  jl_record_disk *disk = jl_record_find(record, name);
  if (!disk && record->count == JL_RECORD_DISKS) return false;
  if (!disk) disk = &record->disks[record->count++];
  jl_copy(disk->name, sizeof disk->name, name);
  disk->count = chain->count;
  disk->layers = chain->layers;
  return true;
}

/* What differs first between the record and the chain that is there now: a sentence, or NULL when nothing does. *layer
   is where. The top layer is the box's own disk, so only its identity and format count; below it the names count too:
   another name for the same file would still put a file where the header's author chose. */
JL_UNUSED static const char *jl_record_differs(const jl_record_disk *disk, const jailer_chain *chain, size_t *layer) {
  size_t shared = disk->count < chain->count ? disk->count : chain->count;
  for (size_t i = 0; i < shared; i++) {
    const jailer_chain_layer *was = &disk->layers[i], *is = &chain->layers[i];
    *layer = i;
    if (was->format != is->format) return "the format of this layer changed since it was recorded";
    if (i && !jl_streq(was->path, is->path)) return "this layer is another path than the one that was recorded";
    if ((!JL_DARWIN && was->dev != is->dev) || was->ino != is->ino)
      return "this layer is another file since it was recorded";
    if (i && !jl_streq(was->named, is->named)) return "the overlay names this layer otherwise since it was recorded";
  }
  *layer = shared;
  if (disk->count < chain->count) return "this layer was added since the chain was recorded";
  if (disk->count > chain->count) return "this layer is gone from the chain since it was recorded";
  return NULL;
}
#endif /* JAILER_NO_QCOW2 */

/* ============================================================================================
 * // >>sys    one function per system call: EINTR retried where that is safe, no policy
 * May touch: the kernel. May call: platform, base. Results are the kernel's: >= 0, or a negated errno.
 * On Linux every call of the library goes through jl_sys_call, so a test can watch, delay or fail each one
 * (JAILER_SYS_HOOK), and errno itself is never touched, because the child shares the thread-local storage of the thread
 * that cloned it. macOS has no stable system calls: there the same functions are libc's, and a tests' libc can do that.
 * ============================================================================================ */
#if JL_LINUX

/* clang-format off */
/* System call numbers: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
enum {
#if JL_X86_64
  JL_NR_read = 0, JL_NR_write = 1, JL_NR_close = 3, JL_NR_mmap = 9, JL_NR_mprotect = 10,
  JL_NR_munmap = 11, JL_NR_rt_sigaction = 13, JL_NR_rt_sigprocmask = 14, JL_NR_ioctl = 16, JL_NR_pread64 = 17,
  JL_NR_socket = 41, JL_NR_clone = 56, JL_NR_execve = 59, JL_NR_fcntl = 72, JL_NR_flock = 73, JL_NR_fsync = 74,
  JL_NR_ftruncate = 77, JL_NR_chdir = 80, JL_NR_fchdir = 81, JL_NR_fchmod = 91, JL_NR_fchown = 93, JL_NR_umask = 95,
  JL_NR_getuid = 102, JL_NR_getgid = 104, JL_NR_geteuid = 107, JL_NR_getegid = 108, JL_NR_setsid = 112,
  JL_NR_getresuid = 118, JL_NR_getresgid = 120, JL_NR_statfs = 137,
  JL_NR_getgroups = 115, JL_NR_setgroups = 116, JL_NR_setresuid = 117,
  JL_NR_setresgid = 119, JL_NR_capget = 125,
  JL_NR_capset = 126, JL_NR_personality = 135, JL_NR_fstatfs = 138, JL_NR_pivot_root = 155, JL_NR_prctl = 157,
  JL_NR_mount = 165, JL_NR_umount2 = 166, JL_NR_sethostname = 170, JL_NR_futex = 202, JL_NR_getdents64 = 217,
  JL_NR_clock_gettime = 228, JL_NR_exit_group = 231, JL_NR_waitid = 247, JL_NR_openat = 257, JL_NR_mkdirat = 258,
  JL_NR_unlinkat = 263, JL_NR_linkat = 265, JL_NR_renameat = 264, JL_NR_symlinkat = 266, JL_NR_readlinkat = 267,
  JL_NR_faccessat = 269, JL_NR_unshare = 272, JL_NR_dup3 = 292, JL_NR_pipe2 = 293, JL_NR_prlimit64 = 302,
  JL_NR_getrandom = 318, JL_NR_memfd_create = 319, JL_NR_seccomp = 317, JL_NR_statx = 332, JL_NR_nanosleep = 35,
  JL_NR_execveat = 322, JL_NR_fchownat = 260, JL_NR_fchmodat = 268, JL_NR_copy_file_range = 326,
  JL_NR_tgkill = 234, JL_NR_sigaltstack = 131, JL_NR_rt_sigtimedwait = 128,
  JL_NR_getpid = 39, JL_NR_getsid = 124, JL_NR_kill = 62, JL_NR_uname = 63, JL_NR_gettid = 186, JL_NR_ppoll = 271,
#else
  JL_NR_read = 63, JL_NR_write = 64, JL_NR_close = 57, JL_NR_mmap = 222, JL_NR_mprotect = 226,
  JL_NR_munmap = 215, JL_NR_rt_sigaction = 134, JL_NR_rt_sigprocmask = 135, JL_NR_ioctl = 29, JL_NR_pread64 = 67,
  JL_NR_socket = 198, JL_NR_clone = 220, JL_NR_execve = 221, JL_NR_fcntl = 25, JL_NR_flock = 32, JL_NR_fsync = 82,
  JL_NR_ftruncate = 46, JL_NR_chdir = 49, JL_NR_fchdir = 50, JL_NR_fchmod = 52, JL_NR_fchown = 55, JL_NR_umask = 166,
  JL_NR_getuid = 174, JL_NR_getgid = 176, JL_NR_geteuid = 175, JL_NR_getegid = 177, JL_NR_setsid = 157,
  JL_NR_getresuid = 148, JL_NR_getresgid = 150, JL_NR_statfs = 43,
  JL_NR_getgroups = 158, JL_NR_setgroups = 159, JL_NR_setresuid = 147,
  JL_NR_setresgid = 149, JL_NR_capget = 90,
  JL_NR_capset = 91, JL_NR_personality = 92, JL_NR_fstatfs = 44, JL_NR_pivot_root = 41, JL_NR_prctl = 167,
  JL_NR_mount = 40, JL_NR_umount2 = 39, JL_NR_sethostname = 161, JL_NR_futex = 98, JL_NR_getdents64 = 61,
  JL_NR_clock_gettime = 113, JL_NR_exit_group = 94, JL_NR_waitid = 95, JL_NR_openat = 56, JL_NR_mkdirat = 34,
  JL_NR_unlinkat = 35, JL_NR_linkat = 37, JL_NR_renameat = 38, JL_NR_symlinkat = 36, JL_NR_readlinkat = 78,
  JL_NR_faccessat = 48, JL_NR_unshare = 97, JL_NR_dup3 = 24, JL_NR_pipe2 = 59, JL_NR_prlimit64 = 261,
  JL_NR_getrandom = 278, JL_NR_memfd_create = 279, JL_NR_seccomp = 277, JL_NR_statx = 291, JL_NR_nanosleep = 101,
  JL_NR_execveat = 281, JL_NR_fchownat = 54, JL_NR_fchmodat = 53, JL_NR_copy_file_range = 285,
  JL_NR_tgkill = 131, JL_NR_sigaltstack = 132, JL_NR_rt_sigtimedwait = 137,
  JL_NR_getpid = 172, JL_NR_getsid = 156, JL_NR_kill = 129, JL_NR_uname = 160, JL_NR_gettid = 178, JL_NR_ppoll = 73,
#endif
  /* from 424 on every architecture has the same numbers */
  JL_NR_pidfd_send_signal = 424, JL_NR_open_tree = 428, JL_NR_move_mount = 429, JL_NR_fsopen = 430,
  JL_NR_fsconfig = 431, JL_NR_fsmount = 432, JL_NR_pidfd_open = 434, JL_NR_clone3 = 435, JL_NR_close_range = 436,
  JL_NR_openat2 = 437, JL_NR_faccessat2 = 439, JL_NR_mount_setattr = 442, JL_NR_landlock_create_ruleset = 444,
  JL_NR_fchmodat2 = 452,
  JL_NR_landlock_add_rule = 445, JL_NR_landlock_restrict_self = 446
};
/* clang-format on */

/* The bare instruction, used by test hooks too, to let a call through; and the clone, which in the child calls fn(arg)
   on the child's own stack and exits with what it returns. That sequence cannot be C: after it the child must not
   return into the caller's frame. */
#if JL_X86_64
static long jl_sys_raw(long nr, long a, long b, long c, long d, long e, long f) {
  long ret;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register long r9 __asm__("r9") = f;
  __asm__ volatile("syscall"
                   : "=a"(ret)
                   : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                   : "rcx", "r11", "memory");
  return ret;
}

static long jl_sys_raw_clone(long nr, long a, long b, long c, long d, long e, int (*fn)(void *), void *arg) {
  long ret;
  register long r10 __asm__("r10") = d;
  register long r8 __asm__("r8") = e;
  register int (*r12)(void *) __asm__("r12") = fn;
  register void *r13 __asm__("r13") = arg;
  __asm__ volatile("syscall\n\t"
                   "testq %%rax, %%rax\n\t"
                   "jnz 1f\n\t"
                   "xorl %%ebp, %%ebp\n\t" /* the end of the stack, for debuggers */
                   "movq %%r13, %%rdi\n\t"
                   "callq *%%r12\n\t"
                   "movl %%eax, %%edi\n\t"
                   "movl $231, %%eax\n\t" /* exit_group */
                   "syscall\n\t"
                   "hlt\n"
                   "1:"
                   : "=a"(ret)
                   : "0"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r12), "r"(r13)
                   : "rcx", "r11", "memory", "cc");
  return ret;
}
#else
static long jl_sys_raw(long nr, long a, long b, long c, long d, long e, long f) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register long x5 __asm__("x5") = f;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory", "cc");
  return x0;
}

static long jl_sys_raw_clone(long nr, long a, long b, long c, long d, long e, int (*fn)(void *), void *arg) {
  register long x8 __asm__("x8") = nr;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  register long x3 __asm__("x3") = d;
  register long x4 __asm__("x4") = e;
  register int (*x10)(void *) __asm__("x10") = fn;
  register void *x11 __asm__("x11") = arg;
  __asm__ volatile("svc 0\n\t"
                   "cbnz x0, 1f\n\t"
                   "mov x29, xzr\n\t"
                   "mov x0, x11\n\t"
                   "blr x10\n\t"
                   "mov x8, #94\n\t" /* exit_group */
                   "svc 0\n\t"
                   "brk #1\n"
                   "1:"
                   : "+r"(x0)
                   : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x10), "r"(x11)
                   : "memory", "cc");
  return x0;
}
#endif

/* JAILER_SYS_HOOK names a function `bool hook(long nr, const long args[6], long *result)` declared before this header
   is included; true means "*result is the answer, do not ask the kernel". For tests only: it runs in the child too. */
#if defined(JAILER_SYS_HOOK) && defined(__GNUC__)
/* The child leaves this frame for good at exec: AddressSanitizer's marks around `args` would stay on a stack that
   the next child gets again. */
__attribute__((no_sanitize("address")))
#endif
static long
jl_sys_call(long nr, long a, long b, long c, long d, long e, long f) {
#ifdef JAILER_SYS_HOOK
  const long args[6] = {a, b, c, d, e, f};
  long result = 0;
  if (JAILER_SYS_HOOK(nr, args, &result)) return result;
#endif
  return jl_sys_raw(nr, a, b, c, d, e, f);
}

static long jl_sys_clone(long nr, long a, long b, long c, long d, long e, int (*fn)(void *), void *arg) {
#ifdef JAILER_SYS_HOOK
  const long args[6] = {a, b, c, d, e, 0};
  long result = 0;
  if (JAILER_SYS_HOOK(nr, args, &result)) return result;
#endif
  return jl_sys_raw_clone(nr, a, b, c, d, e, fn, arg);
}

/* clone(2) as it was before clone3, whose order of arguments differs by machine. top: the end of the child's stack. */
#if JL_X86_64
static long jl_sys_clone_old(long flags, long top, long parent_tid, long child_tid, int (*fn)(void *), void *arg) {
  return jl_sys_clone(JL_NR_clone, flags, top, parent_tid, child_tid, 0, fn, arg);
}
#else
static long jl_sys_clone_old(long flags, long top, long parent_tid, long child_tid, int (*fn)(void *), void *arg) {
  return jl_sys_clone(JL_NR_clone, flags, top, parent_tid, 0, child_tid, fn, arg);
}
#endif

/* clang-format off */
/* The kernel's flags (asm-generic/fcntl.h and the linux headers), named here because -std=c99 hides libc's. */
enum {
  JL_AT_FDCWD = -100, JL_AT_SYMLINK_NOFOLLOW = 0x100, JL_AT_REMOVEDIR = 0x200, JL_AT_EACCESS = 0x200,
  JL_AT_SYMLINK_FOLLOW = 0x400, JL_AT_EMPTY_PATH = 0x1000, JL_AT_STATX_DONT_SYNC = 0x4000, JL_AT_RECURSIVE = 0x8000,
  JL_O_RDONLY = 0, JL_O_WRONLY = 1, JL_O_RDWR = 2, JL_O_ACCMODE = 3, JL_O_CREAT = 0100, JL_O_EXCL = 0200,
  JL_O_NOCTTY = 0400, JL_O_TRUNC = 01000, JL_O_APPEND = 02000, JL_O_NONBLOCK = 04000, JL_O_CLOEXEC = 02000000,
  JL_O_PATH = 010000000,
#if JL_X86_64
  JL_O_DIRECTORY = 0200000, JL_O_NOFOLLOW = 0400000,
#else
  JL_O_DIRECTORY = 040000, JL_O_NOFOLLOW = 0100000,
#endif
  JL_F_DUPFD_CLOEXEC = 1030, JL_F_GETFD = 1, JL_F_GETFL = 3, JL_F_SETFL = 4, JL_F_ADD_SEALS = 1033,
  JL_LOCK_SH = 1, JL_LOCK_EX = 2, JL_LOCK_NB = 4, JL_LOCK_UN = 8,
  JL_ACCESS_X = 1, JL_ACCESS_W = 2, JL_ACCESS_R = 4,
  /* openat2: linux/openat2.h */
  JL_RESOLVE_NO_XDEV = 1, JL_RESOLVE_NO_MAGICLINKS = 2, JL_RESOLVE_NO_SYMLINKS = 4, JL_RESOLVE_BENEATH = 8,
  JL_RESOLVE_IN_ROOT = 16, JL_RESOLVE_CACHED = 32
};
/* clang-format on */

static long jl_sys_openat(int dir, const char *path, int flags, unsigned mode) {
  long r;
  do r = jl_sys_call(JL_NR_openat, dir, (long)path, flags | JL_O_CLOEXEC, (long)mode, 0, 0);
  while (r == -EINTR);
  return r;
}

/* openat2 (5.6). The only way to open a name below a directory that somebody hostile can write. */
static long jl_sys_openat2(int dir, const char *path, int flags, unsigned mode, unsigned resolve) {
  uint64_t how[3]; /* struct open_how: flags, mode, resolve */
  long r;
  how[0] = (uint64_t)(unsigned)(flags | JL_O_CLOEXEC);
  how[1] = mode;
  how[2] = resolve;
  r = -EAGAIN;
  /* EAGAIN: a rename raced with the walk (openat2(2)). Somebody hostile can rename for ever: tried again, not for
     ever */
  for (int tries = 0; tries < 128; tries++) {
    r = jl_sys_call(JL_NR_openat2, dir, (long)path, (long)how, sizeof how, 0, 0);
    if (r != -EINTR && r != -EAGAIN) break;
  }
  return r;
}

/* close is never retried: after EINTR Linux has released the descriptor (close(2)). */
static long jl_sys_close(int fd) { return jl_sys_call(JL_NR_close, fd, 0, 0, 0, 0, 0); }

static long jl_sys_read(int fd, void *to, size_t n) {
  long r;
  do r = jl_sys_call(JL_NR_read, fd, (long)to, (long)n, 0, 0, 0);
  while (r == -EINTR);
  return r;
}

static long jl_sys_write(int fd, const void *from, size_t n) {
  long r;
  do r = jl_sys_call(JL_NR_write, fd, (long)from, (long)n, 0, 0, 0);
  while (r == -EINTR);
  return r;
}

static long jl_sys_pread(int fd, void *to, size_t n, uint64_t offset) {
  long r;
  do r = jl_sys_call(JL_NR_pread64, fd, (long)to, (long)n, (long)offset, 0, 0);
  while (r == -EINTR);
  return r;
}

/* For what runs on a child's stack, on memory that sanitizers know nothing of. */
#if defined(__GNUC__)
#define JL_CHILD_CODE __attribute__((no_sanitize("address"), no_sanitize("thread")))
#else
#define JL_CHILD_CODE
#endif

/* statx (4.11): the one stat whose layout is the same everywhere. flags: JL_AT_*. */
JL_CHILD_CODE static long jl_sys_stat(int dir, const char *path, int flags, jl_stat *out) {
  struct { /* linux/stat.h struct statx, 256 bytes */
    uint32_t mask, blksize;
    uint64_t attributes;
    uint32_t nlink, uid, gid;
    uint16_t mode, spare0;
    uint64_t ino, size, blocks, attributes_mask;
    struct {
      int64_t sec;
      uint32_t nsec;
      int32_t pad;
    } atime, btime, ctime, mtime;
    uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
    uint64_t spare[14];
  } x;
  long r;
  memset(&x, 0, sizeof x);
  do r = jl_sys_call(JL_NR_statx, dir, (long)path, flags, 0x7ff, (long)&x, 0); /* STATX_BASIC_STATS */
  while (r == -EINTR);
  if (r < 0) return r;
  if ((x.mask & 0x7ffu) != 0x7ffu) return -EOPNOTSUPP; /* a file system that hides owner or inode cannot be checked */
  out->dev = (uint64_t)x.dev_major << 32 | x.dev_minor;
  out->rdev = (uint64_t)x.rdev_major << 32 | x.rdev_minor;
  out->ino = x.ino;
  out->size = x.size;
  out->mtime_ns = x.mtime.sec * 1000000000 + x.mtime.nsec;
  out->ctime_ns = x.ctime.sec * 1000000000 + x.ctime.nsec;
  out->mode = x.mode;
  out->uid = x.uid;
  out->gid = x.gid;
  out->nlink = x.nlink;
  return 0;
}

static long jl_sys_fstat(int fd, jl_stat *out) { return jl_sys_stat(fd, "", JL_AT_EMPTY_PATH, out); }

static long jl_sys_mkdirat(int dir, const char *path, unsigned mode) {
  return jl_sys_call(JL_NR_mkdirat, dir, (long)path, (long)mode, 0, 0, 0);
}

static long jl_sys_symlinkat(const char *target, int dir, const char *path) {
  return jl_sys_call(JL_NR_symlinkat, (long)target, dir, (long)path, 0, 0, 0);
}

static long jl_sys_unlinkat(int dir, const char *path, int flags) {
  return jl_sys_call(JL_NR_unlinkat, dir, (long)path, flags, 0, 0, 0);
}

static long jl_sys_renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return jl_sys_call(JL_NR_renameat, from_dir, (long)from, to_dir, (long)to, 0, 0);
}

static long jl_sys_readlinkat(int dir, const char *path, char *to, size_t size) {
  return jl_sys_call(JL_NR_readlinkat, dir, (long)path, (long)to, (long)size, 0, 0);
}

static long jl_sys_fchmod(int fd, unsigned mode) { return jl_sys_call(JL_NR_fchmod, fd, (long)mode, 0, 0, 0, 0); }

static long jl_sys_ftruncate(int fd, uint64_t size) { return jl_sys_call(JL_NR_ftruncate, fd, (long)size, 0, 0, 0, 0); }

static long jl_sys_fsync(int fd) { return jl_sys_call(JL_NR_fsync, fd, 0, 0, 0, 0, 0); }

static long jl_sys_flock(int fd, int how) {
  long r;
  do r = jl_sys_call(JL_NR_flock, fd, how, 0, 0, 0, 0);
  while (r == -EINTR);
  return r;
}

static long jl_sys_fcntl(int fd, int command, long arg) { return jl_sys_call(JL_NR_fcntl, fd, command, arg, 0, 0, 0); }

static long jl_sys_getdents(int fd, void *to, size_t size) {
  return jl_sys_call(JL_NR_getdents64, fd, (long)to, (long)size, 0, 0, 0);
}

static uint32_t jl_sys_geteuid(void) { return (uint32_t)jl_sys_call(JL_NR_geteuid, 0, 0, 0, 0, 0, 0); }
static uint32_t jl_sys_getegid(void) { return (uint32_t)jl_sys_call(JL_NR_getegid, 0, 0, 0, 0, 0, 0); }

static long jl_sys_getrandom(void *to, size_t n) {
  long r;
  do r = jl_sys_call(JL_NR_getrandom, (long)to, (long)n, 0, 0, 0, 0);
  while (r == -EINTR);
  return r == (long)n ? 0 : r < 0 ? r : -EIO;
}

/* Monotonic clock in milliseconds. Cannot fail on Linux (CLOCK_MONOTONIC is always there). */
static uint64_t jl_sys_now_ms(void) {
  struct {
    int64_t sec, nsec;
  } t = {0, 0};
  jl_sys_call(JL_NR_clock_gettime, 1, (long)&t, 0, 0, 0, 0);
  return (uint64_t)t.sec * 1000 + (uint64_t)t.nsec / 1000000;
}

static void jl_sys_sleep_ms(unsigned ms) {
  struct {
    int64_t sec, nsec;
  } t;
  t.sec = ms / 1000;
  t.nsec = (int64_t)(ms % 1000) * 1000000;
  jl_sys_call(JL_NR_nanosleep, (long)&t, 0, 0, 0, 0, 0); /* a signal only makes the caller look again sooner */
}

/* One name below a directory, with no link and no mount on the way; ENOSYS where the kernel has no openat2. Not
   jl_sys_openat2, which retries EAGAIN: with O_NONBLOCK that is also the answer for a file on which somebody holds a
   lease (fcntl(2)), and a jailed owner could keep the launcher spinning. */
static long jl_sys_open_beneath(int dir, const char *name, int flags, unsigned mode) {
  uint64_t how[3];
  long r;
  how[0] = (uint64_t)(unsigned)(flags | JL_O_NOFOLLOW | JL_O_CLOEXEC);
  how[1] = mode;
  how[2] = JL_RESOLVE_BENEATH | JL_RESOLVE_NO_SYMLINKS | JL_RESOLVE_NO_MAGICLINKS | JL_RESOLVE_NO_XDEV;
  do r = jl_sys_call(JL_NR_openat2, dir, (long)name, (long)how, sizeof how, 0, 0);
  while (r == -EINTR);
  return r;
}

/* thread-self, not self: a thread may have a descriptor table of its own, and self, whose first thread may have ended,
   has then none at all. */
static void jl_sys_fd_path(char text[40], int fd) {
  jl_buf b = jl_buf_fixed(text, 40);
  jl_buf_str(&b, "/proc/thread-self/fd/");
  jl_buf_i64(&b, fd);
}

/* What a path descriptor refers to, opened for reading. */
JL_UNUSED static long jl_sys_reopen(int path_fd) {
  char link[40];
  jl_sys_fd_path(link, path_fd);
  return jl_sys_openat(JL_AT_FDCWD, link, JL_O_RDONLY | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
}

/* Where the kernel says it is, into `to` of JAILER_PATH_MAX bytes, not terminated: the length, or a negated errno. */
static long jl_sys_place(int fd, char *to) {
  char link[40];
  jl_sys_fd_path(link, fd);
  return jl_sys_readlinkat(JL_AT_FDCWD, link, to, JAILER_PATH_MAX);
}

/* Changes the mode behind an O_PATH descriptor: fchmodat2 is 6.6, before that only the /proc link reaches it. */
static long jl_sys_path_chmod(int path_fd, unsigned mode) {
  char link[40];
  long r = jl_sys_call(JL_NR_fchmodat2, path_fd, (long)"", (long)mode, JL_AT_EMPTY_PATH, 0, 0);
  if (r != -ENOSYS && r != -EPERM) return r; /* EPERM: an old container filter, or the next call says it again */
  jl_sys_fd_path(link, path_fd);
  return jl_sys_call(JL_NR_fchmodat, JL_AT_FDCWD, (long)link, (long)mode, 0, 0, 0);
}

static long jl_sys_path_chown(int path_fd, uint32_t uid, uint32_t gid) {
  return jl_sys_call(JL_NR_fchownat, path_fd, (long)"", (long)uid, (long)gid, JL_AT_EMPTY_PATH, 0);
}

static const char *jl_sys_owners(int fd) { return (void)fd, NULL; }

/* An access list shows in the mode. */
static const char *jl_sys_acl(int fd) { return (void)fd, NULL; }

static long jl_sys_kill(int pid, int signal) { return jl_sys_call(JL_NR_kill, pid, signal, 0, 0, 0, 0); }

#define JL_FICLONE 0x40049409L /* linux/fs.h: _IOW(0x94, 9, int) */

/* Copies without the bytes coming by: shared blocks where the file system has them, in the kernel where it can. How
   many of them are left to be copied by hand; the file positions go along. */
static uint64_t jl_sys_copy(int from, int to, uint64_t size) {
  uint64_t left = size;
  long r = jl_sys_call(JL_NR_ioctl, to, JL_FICLONE, from, 0, 0, 0);
  if (r >= 0) return 0;
  for (r = 1; left && r > 0;) {
    size_t want = left > ((uint64_t)1 << 30) ? (size_t)1 << 30 : (size_t)left;
    r = jl_sys_call(JL_NR_copy_file_range, from, 0, to, 0, (long)want, 0);
    if (r > 0) left -= (uint64_t)r < left ? (uint64_t)r : left;
  }
  return left;
}

/* The names in an open directory, one after another, "." and ".." left out. */
typedef struct jl_names {
  uint64_t block[512]; /* struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name */
  int fd;
  long size, at;
} jl_names;

static long jl_sys_names(jl_names *names, int fd) {
  names->fd = fd;
  names->size = names->at = 0;
  return 0;
}

/* 1 and *name, which is good until the next call; 0 at the end; or a negated errno. */
static long jl_sys_names_next(jl_names *names, const char **name) {
  const char *bytes = (const char *)names->block;
  for (;;) {
    uint16_t reclen;
    if (names->at + 20 > names->size) {
      names->at = 0;
      names->size = jl_sys_getdents(names->fd, names->block, sizeof names->block);
      if (names->size <= 0) return names->size;
    }
    memcpy(&reclen, bytes + names->at + 16, sizeof reclen);
    if (reclen < 20 || reclen > names->size - names->at) return -EIO;
    *name = bytes + names->at + 19;
    names->at += reclen;
    if (!jl_streq(*name, ".") && !jl_streq(*name, "..")) return 1;
  }
}

static void jl_sys_names_end(jl_names *names) { (void)names; }

#elif JL_DARWIN

/* The flags by the names of the Linux block. There is no O_PATH: such a descriptor is open for reading here. */
enum {
  JL_AT_FDCWD = AT_FDCWD,
  JL_AT_SYMLINK_NOFOLLOW = AT_SYMLINK_NOFOLLOW,
  JL_AT_REMOVEDIR = AT_REMOVEDIR,
  JL_O_RDONLY = O_RDONLY,
  JL_O_WRONLY = O_WRONLY,
  JL_O_RDWR = O_RDWR,
  JL_O_ACCMODE = O_ACCMODE,
  JL_O_CREAT = O_CREAT,
  JL_O_EXCL = O_EXCL,
  JL_O_NOCTTY = O_NOCTTY,
  JL_O_APPEND = O_APPEND,
  JL_O_NONBLOCK = O_NONBLOCK,
  JL_O_CLOEXEC = O_CLOEXEC,
  JL_O_DIRECTORY = O_DIRECTORY,
  JL_O_NOFOLLOW = O_NOFOLLOW,
  JL_O_PATH = 0x08000000, /* no flag of open(2) there; never handed to it */
  JL_F_GETFD = F_GETFD,
  JL_F_GETFL = F_GETFL,
  JL_F_SETFL = F_SETFL,
  JL_F_DUPFD_CLOEXEC = F_DUPFD_CLOEXEC,
  JL_LOCK_EX = LOCK_EX,
  JL_LOCK_NB = LOCK_NB,
  JL_LOCK_UN = LOCK_UN,
  JL_SIGKILL = SIGKILL,
  JL_RESOLVE_NO_MAGICLINKS = 0 /* there are none */
};

/* What a call of libc came to. */
static long jl_sys_result(long r) { return r < 0 ? -(long)errno : r; }

static void jl_sys_stat_fill(jl_stat *out, const struct stat *st) {
  out->dev = (uint64_t)(uint32_t)st->st_dev;
  out->rdev = (uint64_t)(uint32_t)st->st_rdev;
  out->ino = (uint64_t)st->st_ino;
  out->size = (uint64_t)st->st_size;
  out->mtime_ns = (int64_t)st->st_mtimespec.tv_sec * 1000000000 + (int64_t)st->st_mtimespec.tv_nsec;
  out->ctime_ns = (int64_t)st->st_ctimespec.tv_sec * 1000000000 + (int64_t)st->st_ctimespec.tv_nsec;
  out->mode = (uint32_t)st->st_mode;
  out->uid = (uint32_t)st->st_uid;
  out->gid = (uint32_t)st->st_gid;
  out->nlink = (uint32_t)st->st_nlink;
}

/* flags: JL_AT_SYMLINK_NOFOLLOW or 0. */
static long jl_sys_stat(int dir, const char *path, int flags, jl_stat *out) {
  struct stat st;
  const long r = jl_sys_result(fstatat(dir, path, &st, flags));
  if (r >= 0) jl_sys_stat_fill(out, &st);
  return r;
}

static long jl_sys_readlinkat(int dir, const char *path, char *to, size_t size) {
  return jl_sys_result(readlinkat(dir, path, to, size));
}

static long jl_sys_fstat(int fd, jl_stat *out) {
  struct stat st;
  const long r = jl_sys_result(fstat(fd, &st));
  if (r >= 0) jl_sys_stat_fill(out, &st);
  return r;
}

static long jl_sys_open(int dir, const char *path, int flags, unsigned mode) {
  long r;
  do r = jl_sys_result(openat(dir, path, flags | O_CLOEXEC, (mode_t)mode));
  while (r == -EINTR);
  return r;
}

/* The stand-in for O_PATH: only a directory or a regular file is opened, anything else would be woken or waited for.
   One of the caller's own whose mode shuts out its owner, as a jailed process can leave it, is made readable first.
   Between the look and the open somebody can put a FIFO there: O_NONBLOCK does not wait for it, and who asked looks at
   the type of what was opened. */
static long jl_sys_open_path(int dir, const char *path, int flags) {
  const int link = flags & JL_O_NOFOLLOW ? JL_AT_SYMLINK_NOFOLLOW : 0;
  jl_stat st;
  long r = jl_sys_stat(dir, path, link, &st);
  if (r < 0) return r;
  const uint32_t type = st.mode & JL_S_IFMT;
  if (type == JL_S_IFLNK) return -ELOOP;
  if (type != JL_S_IFDIR && type != JL_S_IFREG) return -ENXIO;
  flags = (flags & ~JL_O_PATH) | O_RDONLY | O_NONBLOCK | O_NOCTTY;
  r = jl_sys_open(dir, path, flags, 0);
  const unsigned need = type == JL_S_IFDIR ? 0700 : 0400;
  if (r != -EACCES || !link || st.uid != (uint32_t)geteuid() || (st.mode & need) == need) return r;
  r = jl_sys_result(fchmodat(dir, path, (mode_t)((st.mode & 07777) | need), AT_SYMLINK_NOFOLLOW));
  return r < 0 ? r : jl_sys_open(dir, path, flags, 0);
}

static long jl_sys_openat(int dir, const char *path, int flags, unsigned mode) {
  return flags & JL_O_PATH ? jl_sys_open_path(dir, path, flags) : jl_sys_open(dir, path, flags, mode);
}

JL_UNUSED static long jl_sys_openat2(int dir, const char *path, int flags, unsigned mode, unsigned resolve) {
  (void)dir, (void)path, (void)flags, (void)mode, (void)resolve;
  return -ENOSYS;
}

static long jl_sys_open_beneath(int dir, const char *name, int flags, unsigned mode) {
  (void)dir, (void)name, (void)flags, (void)mode;
  return -ENOSYS;
}

/* close is never retried: after EINTR macOS, like Linux, has released the descriptor. */
static long jl_sys_close(int fd) { return jl_sys_result(close(fd)); }

static long jl_sys_read(int fd, void *to, size_t n) {
  long r;
  do r = jl_sys_result((long)read(fd, to, n));
  while (r == -EINTR);
  return r;
}

static long jl_sys_write(int fd, const void *from, size_t n) {
  long r;
  do r = jl_sys_result((long)write(fd, from, n));
  while (r == -EINTR);
  return r;
}

static long jl_sys_pread(int fd, void *to, size_t n, uint64_t offset) {
  long r;
  do r = jl_sys_result((long)pread(fd, to, n, (off_t)offset));
  while (r == -EINTR);
  return r;
}

static long jl_sys_mkdirat(int dir, const char *path, unsigned mode) {
  return jl_sys_result(mkdirat(dir, path, (mode_t)mode));
}

static long jl_sys_unlinkat(int dir, const char *path, int flags) { return jl_sys_result(unlinkat(dir, path, flags)); }

static long jl_sys_renameat(int from_dir, const char *from, int to_dir, const char *to) {
  return jl_sys_result(renameat(from_dir, from, to_dir, to));
}

static long jl_sys_fchmod(int fd, unsigned mode) { return jl_sys_result(fchmod(fd, (mode_t)mode)); }
static long jl_sys_path_chmod(int path_fd, unsigned mode) { return jl_sys_fchmod(path_fd, mode); }

static long jl_sys_path_chown(int path_fd, uint32_t uid, uint32_t gid) {
  return jl_sys_result(fchown(path_fd, (uid_t)uid, (gid_t)gid));
}

static long jl_sys_ftruncate(int fd, uint64_t size) { return jl_sys_result(ftruncate(fd, (off_t)size)); }

/* fsync(2) there only hands the bytes to the drive; F_FULLFSYNC waits for the drive, where the file system has it. */
static long jl_sys_fsync(int fd) { return fcntl(fd, F_FULLFSYNC, 0) >= 0 ? 0 : jl_sys_result(fsync(fd)); }

static long jl_sys_flock(int fd, int how) {
  long r;
  do r = jl_sys_result(flock(fd, how));
  while (r == -EINTR);
  return r;
}

static long jl_sys_fcntl(int fd, int command, long arg) { return jl_sys_result(fcntl(fd, command, (int)arg)); }

static uint32_t jl_sys_geteuid(void) { return (uint32_t)geteuid(); }
static uint32_t jl_sys_getegid(void) { return (uint32_t)getegid(); }

static long jl_sys_getrandom(void *to, size_t n) {
  arc4random_buf(to, n);
  return 0;
}

static uint64_t jl_sys_now_ms(void) {
  struct timespec t = {0, 0};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void jl_sys_sleep_ms(unsigned ms) {
  struct timespec t = {0, 0};
  t.tv_sec = (time_t)(ms / 1000);
  t.tv_nsec = (long)(ms % 1000) * 1000000;
  nanosleep(&t, NULL); /* a signal only makes the caller look again sooner */
}

/* A path descriptor is open for reading already. */
JL_UNUSED static long jl_sys_reopen(int path_fd) { return jl_sys_result(fcntl(path_fd, F_DUPFD_CLOEXEC, 3)); }

/* F_GETPATH (fcntl(2)) writes up to MAXPATHLEN, 1024 bytes, with the NUL. */
static long jl_sys_place(int fd, char *to) {
  const long r = jl_sys_result(fcntl(fd, F_GETPATH, to));
  return r < 0 ? r : (long)jl_strnlen(to, JAILER_PATH_MAX);
}

/* A volume for which owners are ignored, as external ones are at first, shows everybody as the owner of everything, and
   lets everybody do what owners may: why nothing there is the launcher's alone, or NULL. */
static const char *jl_sys_owners(int fd) {
  struct statfs volume;
  if (fstatfs(fd, &volume) < 0) return "its volume cannot be asked (fstatfs(2))";
  return (uint32_t)volume.f_flags & MNT_IGNORE_OWNERSHIP
             ? "its volume ignores who owns what, so everybody could replace what is in it: use another one, or turn "
               "owners on (diskutil enableOwnership)"
             : NULL;
}

/* An access list that lets somebody write, which no mode shows (acl(3)): why a directory or file is not the launcher's
   alone, or NULL. What an entry denies, as "group:everyone deny delete" in every home, is no harm. */
static const char *jl_sys_acl(int fd) {
  const acl_permset_mask_t writes = ACL_WRITE_DATA | ACL_APPEND_DATA | ACL_DELETE | ACL_DELETE_CHILD |
                                    ACL_WRITE_ATTRIBUTES | ACL_WRITE_SECURITY | ACL_CHANGE_OWNER;
  const char *why = NULL;
  acl_entry_t entry;
  const acl_t acl = acl_get_fd_np(fd, ACL_TYPE_EXTENDED);
  if (!acl && errno != ENOENT && errno != ENOTSUP && errno != EOPNOTSUPP) return "its access list cannot be read";
  for (int which = ACL_FIRST_ENTRY; acl && !why && acl_get_entry(acl, which, &entry) == 0; which = ACL_NEXT_ENTRY) {
    acl_tag_t tag = ACL_UNDEFINED_TAG;
    acl_permset_mask_t mask = 0;
    const bool known = acl_get_tag_type(entry, &tag) == 0 && acl_get_permset_mask_np(entry, &mask) == 0;
    if (!known || (tag != ACL_EXTENDED_DENY && (mask & writes)))
      why = "its access list lets somebody write it, so they could change what is in it; look with ls -led, and take "
            "the entry away (chmod -a, or all of them: chmod -N)";
  }
  if (acl) acl_free(acl);
  return why;
}

static long jl_sys_kill(int pid, int signal) { return jl_sys_result(kill((pid_t)pid, signal)); }

/* Nothing: fclonefileat(2) makes a file with a name, and the name is given to a whole copy only. */
static uint64_t jl_sys_copy(int from, int to, uint64_t size) {
  (void)from, (void)to;
  return size;
}

/* The names in an open directory, one after another, "." and ".." left out. */
typedef struct jl_names {
  DIR *dir;
} jl_names;

static long jl_sys_names(jl_names *names, int fd) {
  long own = jl_sys_result(fcntl(fd, F_DUPFD_CLOEXEC, 3));
  names->dir = own < 0 ? NULL : fdopendir((int)own);
  if (names->dir) return 0;
  if (own < 0) return own;
  const long why = -(long)errno;
  jl_sys_close((int)own);
  return why;
}

/* 1 and *name, which is good until the next call; 0 at the end; or a negated errno. */
static long jl_sys_names_next(jl_names *names, const char **name) {
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(names->dir);
    if (!entry) return -(long)errno;
    *name = entry->d_name;
    if (!jl_streq(*name, ".") && !jl_streq(*name, "..")) return 1;
  }
}

static void jl_sys_names_end(jl_names *names) { closedir(names->dir); }

#endif /* JL_LINUX, JL_DARWIN */

#if JL_EFFECTS
/* Writes all of it; 0 or a negated errno. A short write that makes no progress is EIO. */
static long jl_sys_write_all(int fd, const void *from, size_t n) {
  const char *at = from;
  while (n) {
    long r = jl_sys_write(fd, at, n);
    if (r < 0) return r;
    if (r == 0) return -EIO;
    at += r;
    n -= (size_t)r;
  }
  return 0;
}

/* Reads until the end or until `size` bytes; the count, or a negated errno. */
static long jl_sys_read_all(int fd, void *to, size_t size) {
  char *at = to;
  size_t got = 0;
  while (got < size) {
    long r = jl_sys_read(fd, at + got, size - got);
    if (r < 0) return r;
    if (r == 0) break;
    got += (size_t)r;
  }
  return (long)got;
}
#endif /* JL_EFFECTS */

#if JL_LIBSECCOMP
/* ============================================================================================
 * // >>libseccomp    the other compiler: the same verdicts from a program that libseccomp writes
 * May touch: the kernel (a memory file that the program is exported to), libseccomp. May call: base, error, syscalls,
 * policy, bpf, sys. Only with JAILER_USE_LIBSECCOMP.
 *
 * libseccomp has no order among the rules of a call, one comparison for each argument in a rule, 32 bits only as a
 * masked ==, and one default for all calls. So:
 *   - a clause becomes rules that exclude each other: its tests of one argument are parted into masked == (a comparison
 *     into a prefix for each bit that can decide it), and every choice of one for each argument is a rule;
 *   - where those would be many, its tests are made one after the other, each in a stage of its own: a filter whose
 *     rules are where the test fails, with "go on after this clause" for an answer;
 *   - rules of a later clause that could hold together with those before them go to a further stage, too. A stage's
 *     default is to go on with the next one, the last one's is the policy's answer to unknown numbers;
 *   - the stages are exported and joined: what they return to go on becomes a jump.
 * libseccomp only sees what stands for answers (ERRNO(n) for the n-th one): TRAP with data and NOTIFY are none that it
 * takes. Numbers are the machine's own, given as if they were native, for it knows no name that is newer than itself;
 * the token of the machine that a stage asks for is then put right. In front of the stages: which machine, x32, and
 * numbers above the table, as in our own compiler.
 * ============================================================================================ */

enum {
  JL_SCMP_RULES = 16384, /* all stages, one machine */
  JL_SCMP_CUBES = 128,   /* of one argument in one clause; one test has at most 65 */
  JL_SCMP_STAGES = 1024,
  JL_SCMP_ANSWERS = 4095, /* as many ERRNOs as libseccomp takes */
  JL_SCMP_HEAD = 8        /* instructions in front of the stages, for each machine */
};

#define JL_SCMP_GO 0x01000000u /* no answer of a filter */

/* What a rule wants of one argument. A mask of 0: nothing. */
typedef struct jl_scmp_cond {
  enum scmp_compare op;
  uint64_t mask, value; /* op other than MASKED_EQ: the mask is whole */
} jl_scmp_cond;

typedef struct jl_scmp_rule {
  uint32_t stage, number, answer; /* answer: what stands for it */
  jl_scmp_cond cond[6];
} jl_scmp_rule;

typedef struct jl_scmp_list {
  jl_scmp_cond cond[JL_SCMP_CUBES];
  size_t count;
  bool full; /* there would be more */
} jl_scmp_list;

/* One compilation. */
typedef struct jl_scmp {
  const jailer_policy *policy;
  jl_scmp_rule *rule; /* of one machine */
  size_t rules, room;
  uint32_t stages;
  jl_scmp_list hit[6], spare;       /* of the clause that is being lowered */
  uint32_t answer[JL_SCMP_ANSWERS]; /* what ERRNO(0), ERRNO(1), ... stand for; JL_SCMP_GO | a stage: to go there */
  size_t answers;
  size_t start[JL_SCMP_STAGES + 1]; /* of the stages of one machine, in out */
  jailer_insn *out;                 /* the caller's */
  size_t len, max;
  jailer_code code; /* the first failure */
  jailer_error *err;
} jl_scmp;

static const char jl_scmp_step[] = "compile a filter with libseccomp";

/* --- from clauses to rules --- */

static void jl_scmp_fail(jl_scmp *s, jailer_code code, int sys_errno, const char *message) {
  if (s->code == JAILER_OK)
    s->code = jl_fail(s->err, code, JAILER_LAYER_SECCOMP, jl_scmp_step, s->policy->name, sys_errno, message);
}

static void jl_scmp_too_much(jl_scmp *s) {
  jl_scmp_fail(s, JAILER_E_LIMIT, 0,
               "the policy takes more rules, stages or answers than libseccomp is given: compare fewer arguments "
               "with < or != in one clause, or build with this header's own compiler");
}

static void jl_scmp_push(jl_scmp_list *list, jl_scmp_cond cond) {
  if (list->count < JL_SCMP_CUBES) list->cond[list->count++] = cond;
  else list->full = true;
}

/* The parts of `c`, a masked ==, in which a test holds; no two of them overlap. From the highest bit down: as long as
   all bits above are equal, this one decides, where it can differ. */
static void jl_scmp_split(jl_scmp_list *to, jl_scmp_cond c, const jailer_test *t) {
  const bool less = t->op == JAILER_LT || t->op == JAILER_LE || t->op == JAILER_NE;
  const bool more = t->op == JAILER_GT || t->op == JAILER_GE || t->op == JAILER_NE;
  const uint64_t mask = jl_policy_mask(t);
  for (uint64_t bit = (uint64_t)1 << 63; bit; bit >>= 1) {
    const uint64_t want = t->value & bit, has = c.value & bit;
    if (!(mask & bit) || c.mask & bit) { /* no choice; what the test leaves out counts as 0 */
      if ((mask & bit ? has : 0) == want) continue;
      if (want ? less : more) jl_scmp_push(to, c);
      return;
    }
    c.mask |= bit;
    c.value |= want ^ bit;
    if (want ? less : more) jl_scmp_push(to, c);
    c.value ^= bit;
  }
  if (t->op == JAILER_EQ || t->op == JAILER_LE || t->op == JAILER_GE) jl_scmp_push(to, c);
}

static enum scmp_compare jl_scmp_op(jailer_op op) {
  switch (op) {
  case JAILER_EQ: return SCMP_CMP_EQ;
  case JAILER_NE: return SCMP_CMP_NE;
  case JAILER_LT: return SCMP_CMP_LT;
  case JAILER_LE: return SCMP_CMP_LE;
  case JAILER_GT: return SCMP_CMP_GT;
  case JAILER_GE: return SCMP_CMP_GE;
  }
  return SCMP_CMP_EQ;
}

static jailer_op jl_scmp_inverse(jailer_op op) {
  switch (op) {
  case JAILER_EQ: return JAILER_NE;
  case JAILER_NE: return JAILER_EQ;
  case JAILER_LT: return JAILER_GE;
  case JAILER_LE: return JAILER_GT;
  case JAILER_GT: return JAILER_LE;
  case JAILER_GE: return JAILER_LT;
  }
  return op;
}

/* Where one test holds. All of 64 bits: the one thing that libseccomp has by itself. */
static void jl_scmp_test(jl_scmp_list *to, const jailer_test *t, jailer_op op) {
  const jl_scmp_cond free_one = {SCMP_CMP_MASKED_EQ, 0, 0}, whole = {jl_scmp_op(op), UINT64_MAX, t->value};
  jailer_test test = *t;
  test.op = op;
  to->count = 0;
  to->full = false;
  if (jl_policy_mask(t) == UINT64_MAX) jl_scmp_push(to, whole);
  else jl_scmp_split(to, free_one, &test);
}

/* s->hit[arg]: where all tests of one argument hold, as alternatives that exclude each other. */
static void jl_scmp_argument(jl_scmp *s, const jailer_clause *clause, unsigned arg) {
  const jl_scmp_cond free_one = {SCMP_CMP_MASKED_EQ, 0, 0};
  jl_scmp_list *hit = &s->hit[arg];
  const jailer_test *only = NULL;
  size_t tests = 0;
  hit->count = 0;
  hit->full = false;
  jl_scmp_push(hit, free_one);
  for (uint32_t i = 0; i < clause->test_count; i++)
    if (clause->tests[i].arg == arg) only = &clause->tests[i], tests++;
  if (tests == 1) {
    jl_scmp_test(hit, only, only->op);
    return;
  }
  for (uint32_t i = 0; i < clause->test_count; i++) {
    if (clause->tests[i].arg != arg) continue;
    s->spare.count = 0;
    s->spare.full = hit->full;
    for (size_t k = 0; k < hit->count; k++) jl_scmp_split(&s->spare, hit->cond[k], &clause->tests[i]);
    *hit = s->spare;
  }
}

/* Whether a condition asks for bits, and not for an order or a difference. For these libseccomp writes what follows
   twice, after the high word and after the low one; a few such rules of one call, and it does not end. */
static bool jl_scmp_bits(const jl_scmp_cond *c) { return c->op == SCMP_CMP_MASKED_EQ || c->op == SCMP_CMP_EQ; }

/* Whether it is certain that two conditions never hold together. */
static bool jl_scmp_apart(const jl_scmp_cond *a, const jl_scmp_cond *b) {
  return jl_scmp_bits(a) && jl_scmp_bits(b) && ((a->value ^ b->value) & a->mask & b->mask) != 0;
}

/* Whether the rules from..to-1 exclude those of from on and those of `stage` that `first` begins. */
static bool jl_scmp_fits(const jl_scmp *s, size_t first, size_t from, uint32_t stage) {
  for (size_t i = first; i < from; i++) {
    if (s->rule[i].stage != stage) continue;
    for (size_t k = from; k < s->rules; k++) {
      bool apart = false;
      for (int arg = 0; arg < 6 && !apart; arg++) apart = jl_scmp_apart(&s->rule[i].cond[arg], &s->rule[k].cond[arg]);
      if (!apart) return false;
    }
  }
  return true;
}

static jl_scmp_rule *jl_scmp_new_rule(jl_scmp *s) {
  if (s->rules == JL_SCMP_RULES) return jl_scmp_too_much(s), NULL;
  if (s->rules == s->room) {
    const size_t room = s->room ? 2 * s->room : 512;
    jl_scmp_rule *more = JAILER_REALLOC(s->rule, room * sizeof *more);
    if (!more) return jl_scmp_fail(s, JAILER_E_NO_MEMORY, ENOMEM, "out of memory"), NULL;
    s->rule = more;
    s->room = room;
  }
  memset(&s->rule[s->rules], 0, sizeof *s->rule);
  return &s->rule[s->rules++];
}

/* What stands for an answer. */
static uint32_t jl_scmp_stand_in(jl_scmp *s, uint32_t answer) {
  size_t i = 0;
  while (i < s->answers && s->answer[i] != answer) i++;
  if (i == JL_SCMP_ANSWERS) return jl_scmp_too_much(s), SCMP_ACT_ERRNO(0);
  if (i == s->answers) s->answer[s->answers++] = answer;
  return SCMP_ACT_ERRNO((uint32_t)i);
}

/* Puts the rules from..to the end into `stage`, or into the next one where they could hold together with some of this
   call, which begin at `first`, that are there already. The stage where they are. */
static uint32_t jl_scmp_place(jl_scmp *s, size_t first, size_t from, uint32_t stage) {
  if (!jl_scmp_fits(s, first, from, stage)) stage++;
  if (stage >= JL_SCMP_STAGES) return jl_scmp_too_much(s), 0;
  for (size_t i = from; i < s->rules; i++) s->rule[i].stage = stage;
  if (stage >= s->stages) s->stages = stage + 1;
  return stage;
}

/* Every choice of one condition for each argument is a rule: counts through them as an odometer does. */
static void jl_scmp_product(jl_scmp *s, uint32_t answer, uint32_t number) {
  size_t at[6] = {0, 0, 0, 0, 0, 0};
  for (unsigned arg = 0; arg < 6;) {
    jl_scmp_rule *rule = jl_scmp_new_rule(s);
    if (!rule) return;
    rule->number = number;
    rule->answer = jl_scmp_stand_in(s, answer);
    for (unsigned i = 0; i < 6; i++) rule->cond[i] = s->hit[i].cond[at[i]];
    for (arg = 0; arg < 6 && ++at[arg] == s->hit[arg].count; arg++) at[arg] = 0;
  }
}

/* Rules for one argument alone; an empty list: for all that comes. */
static void jl_scmp_alone(jl_scmp *s, const jl_scmp_list *list, unsigned arg, uint32_t answer, uint32_t number) {
  for (size_t i = 0; i < (list ? list->count : 1); i++) {
    jl_scmp_rule *rule = jl_scmp_new_rule(s);
    if (!rule) return;
    rule->number = number;
    rule->answer = jl_scmp_stand_in(s, answer);
    for (unsigned k = 0; k < 6; k++) rule->cond[k].op = SCMP_CMP_MASKED_EQ;
    if (list) rule->cond[arg] = list->cond[i];
  }
}

/* Whether to ask where a test fails; otherwise where it holds, which takes a stage more. */
static bool jl_scmp_by_miss(jl_scmp *s, const jailer_test *t, size_t *rules) {
  jl_scmp_test(&s->hit[0], t, t->op);
  jl_scmp_test(&s->spare, t, jl_scmp_inverse(t->op));
  const bool by_miss = s->spare.count <= s->hit[0].count + 1;
  *rules = by_miss ? s->spare.count : s->hit[0].count + 1;
  return by_miss;
}

/* One test after the other: where one fails goes on after the clause, where none does gets the answer. All in stages in
   which the call has nothing else. The stage after the clause. */
static uint32_t jl_scmp_serial(jl_scmp *s, const jailer_clause *clause, uint32_t number, uint32_t stage) {
  uint32_t end = stage + 1;
  size_t rules, from;
  for (uint32_t i = 0; i < clause->test_count; i++) end += jl_scmp_by_miss(s, &clause->tests[i], &rules) ? 1 : 2;
  if (end >= JL_SCMP_STAGES) return jl_scmp_too_much(s), stage;
  for (uint32_t i = 0; i < clause->test_count && s->code == JAILER_OK; i++) {
    const jailer_test *t = &clause->tests[i];
    const bool by_miss = jl_scmp_by_miss(s, t, &rules);
    from = s->rules;
    jl_scmp_alone(s, by_miss ? &s->spare : &s->hit[0], t->arg, JL_SCMP_GO | (by_miss ? end : stage + 2), number);
    for (size_t k = from; k < s->rules; k++) s->rule[k].stage = stage;
    stage++;
    if (by_miss) continue;
    jl_scmp_alone(s, NULL, 0, JL_SCMP_GO | end, number);
    s->rule[s->rules - 1].stage = stage++;
  }
  jl_scmp_alone(s, NULL, 0, clause->answer, number);
  if (s->code == JAILER_OK) s->rule[s->rules - 1].stage = stage;
  if (end >= s->stages) s->stages = end + 1;
  return end;
}

/* Whether the tests of a clause have to be made one after the other. s->hit is there for each argument. */
static bool jl_scmp_is_serial(jl_scmp *s, const jailer_clause *clause) {
  size_t product = 1, serial = 1, rules, asked = 0;
  bool ordered = false;
  for (unsigned arg = 0; arg < 6; arg++) {
    if (s->hit[arg].full) return true;
    product *= s->hit[arg].count;
    if (product > JL_SCMP_RULES) return true;
    asked += s->hit[arg].cond[0].mask != 0;
    ordered = ordered || !jl_scmp_bits(&s->hit[arg].cond[0]);
  }
  if (ordered && asked > 1) return true;
  if (product <= 6) return false;
  for (uint32_t i = 0; i < clause->test_count; i++) {
    jl_scmp_by_miss(s, &clause->tests[i], &rules);
    serial += rules;
  }
  return product > 2 * serial;
}

/* The rules of a clause; the stage where those of the next one may be. */
static uint32_t jl_scmp_clause(jl_scmp *s, const jailer_clause *clause, uint32_t number, size_t first, uint32_t stage) {
  const size_t from = s->rules;
  for (unsigned arg = 0; arg < 6; arg++) {
    jl_scmp_argument(s, clause, arg);
    if (s->hit[arg].count == 0 && !s->hit[arg].full) return stage; /* its tests exclude each other */
  }
  if (jl_scmp_is_serial(s, clause)) {
    for (size_t i = first; i < from; i++)
      if (s->rule[i].stage == stage) return jl_scmp_serial(s, clause, number, stage + 1);
    return jl_scmp_serial(s, clause, number, stage);
  }
  jl_scmp_argument(s, clause, 0); /* jl_scmp_by_miss has used its place */
  jl_scmp_product(s, clause->answer, number);
  return jl_scmp_place(s, first, from, stage);
}

/* The rules of one call. What its clauses leave goes to a stage after theirs, or falls through to the end. */
static void jl_scmp_call(jl_scmp *s, const jl_verdict *v, uint32_t number) {
  const jailer_clause always = {v->otherwise, 0, NULL};
  const size_t first = s->rules;
  uint32_t stage = 0;
  for (uint32_t i = 0; i < v->count && s->code == JAILER_OK; i++)
    stage = jl_scmp_clause(s, &v->clause[i], number, first, stage);
  if (v->otherwise != s->policy->unknown.otherwise) jl_scmp_clause(s, &always, number, first, stage);
}

static void jl_scmp_lower(jl_scmp *s, jl_arch arch) {
  s->rules = 0;
  s->stages = 1;
  for (size_t i = 0; i < JL_TAB_CALLS && s->code == JAILER_OK; i++)
    if (jl_tab_calls[i].number[arch] >= 0)
      jl_scmp_call(s, jl_policy_of(s->policy, i), (uint32_t)jl_tab_calls[i].number[arch]);
}

/* --- libseccomp --- */

/* The rules of one stage. 0 or a negated errno. */
static int jl_scmp_fill(const jl_scmp *s, scmp_filter_ctx ctx, uint32_t stage, uint32_t otherwise) {
  int r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_THREAD); /* see jl_scmp_join */
  if (r == 0) r = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree over the numbers; since 2.5.0 */
  for (size_t i = 0; i < s->rules && r == 0; i++) {
    const jl_scmp_rule *rule = &s->rule[i];
    struct scmp_arg_cmp cmp[6];
    unsigned n = 0;
    if (rule->stage != stage || rule->answer == otherwise) continue; /* it refuses what says the same as the default */
    for (unsigned arg = 0; arg < 6; arg++) {
      const jl_scmp_cond *c = &rule->cond[arg];
      if (c->mask == 0) continue;
      cmp[n].arg = arg;
      cmp[n].op = c->op;
      cmp[n].datum_a = c->op == SCMP_CMP_MASKED_EQ ? c->mask : c->value;
      cmp[n].datum_b = c->op == SCMP_CMP_MASKED_EQ ? c->value : 0;
      n++;
    }
    r = seccomp_rule_add_exact_array(ctx, rule->answer, (int)rule->number, n, cmp);
  }
  return r;
}

/* libseccomp writes to a descriptor: a memory file, because a pipe may hold less than a filter. On a host where such
   files must not be executable it has to be said so; before Linux 6.3 it cannot be said. */
static void jl_scmp_export(jl_scmp *s, scmp_filter_ctx ctx) {
  enum { CLOEXEC = 1, NOEXEC_SEAL = 8 };
  static const char name[] = "jailer-filter";
  jailer_insn *to = &s->out[s->len];
  const size_t most = (s->max - s->len) * sizeof *to;
  size_t got = 0;
  long fd = jl_sys_call(JL_NR_memfd_create, (long)name, CLOEXEC | NOEXEC_SEAL, 0, 0, 0, 0), r = 0;
  if (fd == -EINVAL) fd = jl_sys_call(JL_NR_memfd_create, (long)name, CLOEXEC, 0, 0, 0, 0);
  if (fd < 0) {
    jl_scmp_fail(s, JAILER_E_SYSTEM, (int)-fd, "no memory file for the filter (memfd_create)");
    return;
  }
  const int exported = seccomp_export_bpf(ctx, (int)fd);
  jl_stat st = {0};
  if (exported == 0) r = jl_sys_fstat((int)fd, &st);
  while (exported == 0 && r >= 0 && st.size <= most && got < st.size) {
    r = jl_sys_call(JL_NR_pread64, fd, (long)((char *)to + got), (long)(st.size - got), (long)got, 0, 0);
    if (r == 0) r = -EIO;
    if (r == -EINTR) r = 0;
    else if (r > 0) got += (size_t)r;
  }
  jl_sys_close((int)fd); /* memory only: nothing is lost whatever close says */
  if (exported) jl_scmp_fail(s, JAILER_E_SYSTEM, -exported, "libseccomp could not write the filter");
  else if (r < 0) jl_scmp_fail(s, JAILER_E_SYSTEM, (int)-r, "the filter could not be read back");
  else if (st.size > most)
    jl_scmp_fail(s, JAILER_E_LIMIT, 0,
                 "the filter needs more instructions than there is room for, or than the kernel "
                 "takes (4096)");
  else s->len += got / sizeof *to;
}

/* One stage, as libseccomp writes it. */
static void jl_scmp_stage(jl_scmp *s, uint32_t stage) {
  const bool last = stage + 1 == s->stages;
  const uint32_t next = last ? s->policy->unknown.otherwise : JL_SCMP_GO | (stage + 1);
  const uint32_t otherwise = jl_scmp_stand_in(s, next);
  if (s->code) return;
  scmp_filter_ctx ctx = seccomp_init(otherwise);
  if (!ctx) {
    jl_scmp_fail(s, JAILER_E_SYSTEM, 0, "libseccomp does not start (seccomp_init)");
    return;
  }
  const int r = jl_scmp_fill(s, ctx, stage, otherwise);
  if (r) jl_scmp_fail(s, JAILER_E_SYSTEM, -r, "libseccomp (2.5.0 or later is needed) refuses a rule");
  else jl_scmp_export(s, ctx);
  seccomp_release(ctx);
}

/* Puts a stage's instructions right: the machine, the answers for what stood for them, the way to other stages. */
static void jl_scmp_join(jl_scmp *s, uint32_t stage, jl_arch arch) {
  unsigned asked = 0;
  for (size_t i = s->start[stage]; i < s->start[stage + 1]; i++) {
    jailer_insn *insn = &s->out[i];
    const bool loaded = i > s->start[stage] && insn[-1].code == JL_BPF_LOAD && insn[-1].k == JL_BPF_AT_ARCH;
    if (loaded && insn->code == JL_BPF_JEQ && insn->k == seccomp_arch_native()) {
      insn->k = jl_bpf_audit[arch];
      asked++;
    }
    if (insn->code != JL_BPF_RET) continue;
    if (insn->k == SCMP_ACT_KILL_THREAD) { /* another machine; it takes KILL_PROCESS only where it may ask for it */
      insn->k = JAILER_ANSWER_KILL_PROCESS;
      continue;
    }
    const uint32_t stand_in = insn->k - SCMP_ACT_ERRNO(0);
    const uint32_t answer = stand_in < s->answers ? s->answer[stand_in] : JL_SCMP_GO;
    const uint32_t target = answer - JL_SCMP_GO;
    insn->k = answer;
    if (jl_policy_is_answer(answer)) continue;
    if (target <= stage || target >= s->stages) { /* back, or nowhere */
      jl_scmp_fail(s, JAILER_E_UNSUPPORTED, 0, "this libseccomp answers with what it was not given");
      return;
    }
    insn->code = JL_BPF_JUMP;
    insn->k = (uint32_t)(s->start[target] - i - 1);
  }
  if (asked != 1) jl_scmp_fail(s, JAILER_E_UNSUPPORTED, 0, "this libseccomp does not ask for the machine once");
}

static void jl_scmp_machine(jl_scmp *s, jl_arch arch) {
  s->answers = 0;
  jl_scmp_lower(s, arch);
  for (uint32_t stage = 0; stage < s->stages && s->code == JAILER_OK; stage++) {
    s->start[stage] = s->len;
    jl_scmp_stage(s, stage);
  }
  s->start[s->stages] = s->len;
  for (uint32_t stage = 0; stage < s->stages && s->code == JAILER_OK; stage++) jl_scmp_join(s, stage, arch);
}

static void jl_scmp_put(jl_scmp *s, unsigned code, uint32_t k, unsigned yes, unsigned no) {
  if (s->len == s->max) {
    jl_scmp_fail(s, JAILER_E_LIMIT, 0, "there is no room for the filter");
    return;
  }
  jailer_insn *insn = &s->out[s->len++];
  insn->code = (uint16_t)code;
  insn->jt = (uint8_t)yes;
  insn->jf = (uint8_t)no;
  insn->k = k;
}

/* In front of everything: which machine's entry was used. On entry to a machine's part A = the machine. */
static void jl_scmp_head(jl_scmp *s, const jl_arch *archs, size_t count) {
  jl_scmp_put(s, JL_BPF_LOAD, JL_BPF_AT_ARCH, 0, 0);
  for (size_t i = 0; i < count; i++) {
    const uint32_t unknown = s->policy->unknown.otherwise;
    jl_scmp_put(s, JL_BPF_JEQ, jl_bpf_audit[archs[i]], 0, JL_SCMP_HEAD - 1);
    jl_scmp_put(s, JL_BPF_LOAD, JL_BPF_AT_NR, 0, 0);
    jl_scmp_put(s, JL_BPF_JGE, JL_POLICY_X32_BIT, 3, 0);
    jl_scmp_put(s, JL_BPF_JGE, JL_POLICY_X32_END, 3, 0);
    jl_scmp_put(s, JL_BPF_JGE, JL_POLICY_X32_FIRST, 1, 0); /* above the table */
    jl_scmp_put(s, JL_BPF_JUMP, 0, 0, 0);                  /* to the first stage; filled in when that is written */
    jl_scmp_put(s, JL_BPF_RET, archs[i] == JL_ARCH_X86_64 ? jl_policy_x32(s->policy) : unknown, 0, 0);
    jl_scmp_put(s, JL_BPF_RET, unknown, 0, 0);
  }
  jl_scmp_put(s, JL_BPF_RET, JAILER_ANSWER_KILL_PROCESS, 0, 0);
}

/* As jl_bpf_compile. */
static jailer_code jl_scmp_compile(const jailer_policy *policy, const jl_arch *archs, size_t count, jailer_insn *out,
                                   size_t max, size_t *len, jailer_error *err) {
  *len = 0;
  jl_scmp *s = JAILER_MALLOC(sizeof *s);
  if (!s) return jl_no_memory(err, jl_scmp_step);
  memset(s, 0, sizeof *s);
  s->policy = policy;
  s->out = out;
  s->max = max < JAILER_FILTER_MAX ? max : JAILER_FILTER_MAX;
  s->err = err;
  jl_scmp_head(s, archs, count);
  for (size_t i = 0; i < count && s->code == JAILER_OK; i++) {
    const size_t jump = 1 + i * JL_SCMP_HEAD + 5; /* see jl_scmp_head */
    out[jump].k = (uint32_t)(s->len - jump - 1);
    jl_scmp_machine(s, archs[i]);
  }
  const jailer_code code = s->code;
  if (code == JAILER_OK) *len = s->len;
  if (s->rule) JAILER_FREE(s->rule);
  JAILER_FREE(s);
  return code;
}
#endif /* JL_LIBSECCOMP */

#if JL_LINUX

/* ============================================================================================
 * // >>reporter    in the jailed program: a handler that writes the line of >>denial
 * May touch: the kernel, the caller's jailer_reporter. May call: base, error, denial, sys. The handler may have
 * interrupted anything, the allocator with its lock held too: system calls only, on a stack that may be a small one.
 * ============================================================================================ */

/* The one variable of the library: a handler is told nothing of who installed it. NULL: none is installed. */
static jailer_reporter *jl_reporter_installed = NULL;

/* struct sigaction of the kernel: handler, flags, restorer, mask. asm-generic/signal-defs.h, asm/signal.h. */
enum { JL_SA_HANDLER = 0, JL_SA_FLAGS, JL_SA_RESTORER, JL_SA_MASK };
#define JL_SA_SIGINFO 0x00000004u
#define JL_SA_HAS_RESTORER 0x04000000u
#define JL_SA_ONSTACK 0x08000000u
#define JL_SA_RESTART 0x10000000u
#define JL_SA_NODEFER 0x40000000u
#define JL_SA_RESETHAND 0x80000000u
enum { JL_SIG_DFL = 0, JL_SIG_IGN = 1, JL_SIGXFSZ = 25, JL_SIGSEGV = 11, JL_SIGBUS = 7, JL_SIGTRAP = 5 };
#define JL_REPORTER_BIT(signal) ((uint64_t)1 << ((signal)-1))

/* siginfo_t, from its start: asm-generic/siginfo.h. */
typedef struct jl_siginfo {
  int32_t signal, error, code, pad;
  uint64_t address; /* si_addr, or si_call_addr of SIGSYS */
  int32_t number;   /* SIGSYS: si_syscall, si_arch */
  uint32_t arch;
  uint64_t rest[12];
} jl_siginfo;

/* Where a machine's ucontext has the signal mask, the instruction pointer, what leads to the floating-point state (a
   pointer, or the mark of the first record) and the six arguments of a system call, in words of 64 bits:
   arch/x86/include/uapi/asm/sigcontext.h, arch/arm64/include/uapi/asm/ucontext.h and sigcontext.h. And how long the
   instruction is that makes the call. */
#if JL_X86_64
enum { JL_UC_MASK = 37, JL_UC_IP = 21, JL_UC_STATE = 28, JL_REPORTER_CALL = 2 };
static const uint8_t jl_reporter_args[6] = {13, 14, 17, 7, 5, 6};         /* rdi rsi rdx r10 r8 r9 */
static const uint8_t jl_reporter_args_i386[6] = {16, 19, 17, 14, 13, 15}; /* ebx ecx edx esi edi ebp: int 0x80 */
enum { JL_REPORTER_I386 = 0x40000003 };                                   /* AUDIT_ARCH_I386 */

/* How a handler returns: x86-64 has no vDSO for it. The bytes are those that unwinders look for. */
__attribute__((naked)) static void jl_reporter_return(void) { __asm__ volatile("movq $15, %rax\n\tsyscall"); }

static uint64_t jl_reporter_arg(const uint64_t *context, uint32_t arch, size_t i) {
  return arch == JL_REPORTER_I386 ? context[jl_reporter_args_i386[i]] & UINT32_MAX : context[jl_reporter_args[i]];
}

static void jl_reporter_restorer(uint64_t action[4]) {
  action[JL_SA_FLAGS] |= JL_SA_HAS_RESTORER;
  action[JL_SA_RESTORER] = (uint64_t)(uintptr_t)jl_reporter_return;
}
#else
enum { JL_UC_MASK = 5, JL_UC_IP = 55, JL_UC_STATE = 58, JL_REPORTER_CALL = 4 };

static uint64_t jl_reporter_arg(const uint64_t *context, uint32_t arch, size_t i) {
  (void)arch;
  return context[23 + i]; /* x0 to x5 */
}

static void jl_reporter_restorer(uint64_t action[4]) { (void)action; } /* the kernel's own, in the vDSO */
#endif

static long jl_reporter_action(int signal, const uint64_t *set, uint64_t *get) {
  return jl_sys_call(JL_NR_rt_sigaction, signal, (long)set, (long)get, 8, 0, 0);
}

/* --- in the handler --- */

static void jl_reporter_text(char to[JAILER_TOLD_NAME_MAX], const char *text) {
  size_t n = 0;
  for (; text && text[n] && n + 1 < JAILER_TOLD_NAME_MAX; n++) to[n] = text[n];
  to[n] = 0;
}

/* SYS_SECCOMP is 1. si_errno carries the data of the filter's answer: for a role's filter that is the role. */
static void jl_reporter_look(const jailer_reporter *r, const jl_siginfo *info, const uint64_t *context,
                             jailer_denial *d) {
  const bool named = info->error > JAILER_ROLE_NONE && info->error < JAILER_ROLE_COUNT;
  const bool denied = info->signal == JL_DENIAL_SYS && info->code == 1;
  d->kind = denied ? JAILER_TOLD_DENIED : JAILER_TOLD_CRASHED;
  d->signal = info->signal;
  d->code = info->code;
  d->number = denied ? (uint32_t)info->number : 0;
  d->audit_arch = denied ? info->arch : 0;
  d->tid = 0;
  for (size_t i = 0; i < 6; i++) d->args[i] = denied ? jl_reporter_arg(context, info->arch, i) : 0;
  d->address = info->code > 0 ? info->address : 0; /* otherwise who sent it */
  d->ip = denied ? info->address : context[JL_UC_IP];
  jl_reporter_text(d->call, denied ? jl_denial_call(d->audit_arch, d->number) : NULL);
  jl_reporter_text(d->role, denied && named ? jl_tab_roles[info->error] : r->name);
}

/* One write, of a newline and the line. Where it does not fit, RLIMIT_FSIZE sends SIGXFSZ, which is blocked here and
   would end the process when the handler returns: taken away. */
static void jl_reporter_tell(const jailer_reporter *r, jailer_denial *d) {
  char line[JL_DENIAL_MAX];
  jl_buf b = jl_buf_fixed(line, sizeof line);
  const long tid = jl_sys_call(JL_NR_gettid, 0, 0, 0, 0, 0, 0);
  d->tid = tid > 0 ? (uint32_t)tid : 0;
  jl_buf_char(&b, '\n');
  jl_denial_write(&b, d);
  if (b.failed || jl_sys_write(r->fd, line, b.len) != -EFBIG) return;
  const uint64_t excess = JL_REPORTER_BIT(JL_SIGXFSZ), now[2] = {0, 0};
  jl_sys_call(JL_NR_rt_sigtimedwait, (long)&excess, 0, (long)now, 8, 0, 0);
}

/* Whether the kernel raises it again when the interrupted instruction is executed once more. Not: what was sent; a
   breakpoint, after which the instruction pointer stands; errors of memory that were found by the way (BUS_MCEERR_AO
   5, SEGV_MTEAERR 8); a system call that was no instruction of its own (x86-64's vsyscall page). */
static bool jl_reporter_repeats(const jl_siginfo *info, const uint64_t *context) {
  if (info->code <= 0 || info->signal == JL_SIGTRAP) return false;
  if (info->signal == JL_DENIAL_SYS) return context[JL_UC_IP] == info->address;
  return !(info->signal == JL_SIGBUS && info->code == 5) && !(info->signal == JL_SIGSEGV && info->code == 8);
}

/* The default action. What repeats is blocked and executed again: the kernel then ends the process by exactly that
   signal, PID 1 too, and asks for no system call but the handler's return. What does not is sent again. A SIGSEGV of
   the kernel's own (SI_KERNEL, 0x80) may be either: an odd address, or a frame of a signal that it could not store or
   load, after which the program would run on. Its handler's return is made to fail, which the kernel answers by the
   same signal, all general registers being back. */
static void jl_reporter_end(const jl_siginfo *info, uint64_t *context) {
  const uint64_t none[4] = {JL_SIG_DFL, 0, 0, 0};
  const int signal = info->signal;
  if (signal == JL_SIGSEGV && info->code == 0x80) context[JL_UC_STATE] = UINT64_MAX;
  if (jl_reporter_repeats(info, context)) {
    context[JL_UC_MASK] |= JL_REPORTER_BIT(signal);
    /* the kernel has put the registers back as they were before the call, but for the instruction pointer */
    if (signal == JL_DENIAL_SYS) context[JL_UC_IP] -= JL_REPORTER_CALL;
    return;
  }
  const long pid = jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0), tid = jl_sys_call(JL_NR_gettid, 0, 0, 0, 0, 0, 0);
  long r = pid > 1 ? jl_reporter_action(signal, none, NULL) : -EPERM; /* PID 1 would not see it: pid_namespaces(7) */
  if (r == 0) r = jl_sys_call(JL_NR_tgkill, pid, tid, signal, 0, 0, 0);
  if (r < 0) jl_sys_call(JL_NR_exit_group, 128 + signal, 0, 0, 0, 0, 0);
}

/* Who was there before gets the same arguments, under the mask that it asked for. */
static void jl_reporter_hand_on(const uint64_t action[4], jl_siginfo *info, uint64_t *context) {
  const uint64_t own = JL_REPORTER_BIT(info->signal);
  if (action[JL_SA_FLAGS] & JL_SA_NODEFER)
    jl_sys_call(JL_NR_rt_sigprocmask, 1, (long)&own, 0, 8, 0, 0); /* SIG_UNBLOCK */
  if (action[JL_SA_FLAGS] & JL_SA_SIGINFO)
    ((void (*)(int, void *, void *))(uintptr_t)action[JL_SA_HANDLER])(info->signal, info, context);
  else ((void (*)(int))(uintptr_t)action[JL_SA_HANDLER])(info->signal);
}

static void jl_reporter_handler(int signal, void *information, void *ucontext) {
  const jailer_reporter *r = __atomic_load_n(&jl_reporter_installed, __ATOMIC_ACQUIRE);
  jl_siginfo *info = information;
  uint64_t *context = ucontext;
  jailer_denial d;
  size_t i = 0;
  while (i + 1 < JL_DENIAL_SIGNALS && jl_denial_signals[i].number != signal) i++;
  const uint64_t before = r ? r->previous[i][JL_SA_HANDLER] : JL_SIG_DFL;
  if (before == JL_SIG_IGN && info->code <= 0) return; /* sent, and to be ignored; a fault ends the process even so */
  if (r) {
    jl_reporter_look(r, info, context, &d);
    jl_reporter_tell(r, &d);
  }
  if (before == JL_SIG_DFL || before == JL_SIG_IGN) jl_reporter_end(info, context);
  else jl_reporter_hand_on(r->previous[i], info, context);
}

/* --- installing it --- */

static const char jl_reporter_step[] = "install the reporter";

static jailer_code jl_reporter_system(const char *item, long r, const char *message, jailer_error *err) {
  const jailer_code code = r == -ENOENT                  ? JAILER_E_NOT_FOUND
                           : r == -EACCES || r == -EPERM ? JAILER_E_DENIED
                                                         : JAILER_E_SYSTEM;
  return jl_fail(err, code, JAILER_LAYER_NONE, jl_reporter_step, item, (int)-r, message);
}

/* One write has to be one line, whoever else writes; and it must neither block nor raise SIGPIPE: a regular file. */
static jailer_code jl_reporter_file(const jailer_reporter *r, jailer_error *err) {
  jl_stat st;
  const long flags = jl_sys_fcntl(r->fd, JL_F_GETFL, 0);
  const bool appends = flags >= 0 && (flags & JL_O_APPEND) && (flags & JL_O_ACCMODE) != JL_O_RDONLY;
  if (appends && !(flags & JL_O_PATH) && jl_sys_fstat(r->fd, &st) == 0 && (st.mode & JL_S_IFMT) == JL_S_IFREG)
    return JAILER_OK;
  return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, jl_reporter_step, r->path ? r->path : "fd", 0,
                 "a reporter needs a regular file that is open for appending (O_APPEND)");
}

static jailer_code jl_reporter_name(jailer_reporter *r, jailer_error *err) {
  size_t n = 0;
  while (r->role && n < JAILER_TOLD_NAME_MAX && jl_denial_role_char(r->role[n])) n++;
  if (r->role && (n >= JAILER_TOLD_NAME_MAX || r->role[n]))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, jl_reporter_step, r->role, 0,
                   "role is at most 31 of the characters A-Z, a-z, 0-9, _ and -");
  jl_reporter_text(r->name, r->role);
  return JAILER_OK;
}

/* The writer once, before it counts: a dynamic linker that binds late needs locks, and kilobytes of stack. */
static void jl_reporter_rehearse(const jailer_reporter *r) {
  jl_siginfo info;
  uint64_t context[64];
  char line[JL_DENIAL_MAX];
  jailer_denial d;
  jl_buf b = jl_buf_fixed(line, sizeof line);
  memset(&info, 0xff, sizeof info);
  memset(context, 0xff, sizeof context);
  for (info.code = 0; info.code < 2; info.code++) {
    info.signal = JL_DENIAL_SYS;
    jl_reporter_look(r, &info, context, &d);
    jl_denial_write(&b, &d);
  }
}

/* All of them or none. What was asked of the kernel before is asked of it again: to call a handler only once
   (SA_RESETHAND: it returns to be ended by the same fault), to go on with a call that was interrupted. */
static long jl_reporter_actions(jailer_reporter *r) {
  const int count = r->denials_only ? 1 : JL_DENIAL_SIGNALS; /* SIGSYS is the first */
  long result = 0;
  int i = 0;
  for (; i < count && result == 0; i++) {
    uint64_t action[4] = {(uint64_t)(uintptr_t)jl_reporter_handler, JL_SA_SIGINFO | JL_SA_ONSTACK, 0, 0};
    result = jl_reporter_action(jl_denial_signals[i].number, NULL, r->previous[i]);
    const bool handled = r->previous[i][JL_SA_HANDLER] > JL_SIG_IGN;
    action[JL_SA_FLAGS] |= handled ? r->previous[i][JL_SA_FLAGS] & (JL_SA_RESETHAND | JL_SA_RESTART) : JL_SA_RESTART;
    if (handled) action[JL_SA_MASK] = r->previous[i][JL_SA_MASK];
    action[JL_SA_MASK] |= JL_REPORTER_BIT(JL_SIGXFSZ);
    jl_reporter_restorer(action);
    if (result == 0) result = jl_reporter_action(jl_denial_signals[i].number, action, NULL);
  }
  if (result < 0)
    while (--i > 0) jl_reporter_action(jl_denial_signals[i - 1].number, r->previous[i - 1], NULL);
  return result;
}

/* Where the limit has room (RLIMIT_NOFILE), a number that nobody gets by chance: a program that closes all and opens
   files of its own would have the line in one of them. */
enum { JL_REPORTER_FD = 500 };

static jailer_code jl_reporter_start(jailer_reporter *r, jailer_error *err) {
  jailer_reporter *none = NULL;
  jailer_code code = jl_reporter_name(r, err);
  if (code) return code;
  if (__atomic_load_n(&jl_reporter_installed, __ATOMIC_ACQUIRE))
    return jl_fail(err, JAILER_E_BUSY, JAILER_LAYER_NONE, jl_reporter_step, NULL, 0, "this process has a reporter");
  if (r->path) {
    const long fd = jl_sys_openat(JL_AT_FDCWD, r->path, JL_O_WRONLY | JL_O_APPEND | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
    if (fd < 0) return jl_reporter_system(r->path, fd, "the file must exist and be writable", err);
    const long high = jl_sys_fcntl((int)fd, JL_F_DUPFD_CLOEXEC, JL_REPORTER_FD);
    if (high >= 0) jl_sys_close((int)fd);
    r->fd = (int)(high >= 0 ? high : fd);
  }
  memset(r->previous, 0, sizeof r->previous);
  code = jl_reporter_file(r, err);
  if (code == JAILER_OK) jl_reporter_rehearse(r);
  if (code == JAILER_OK &&
      !__atomic_compare_exchange_n(&jl_reporter_installed, &none, r, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
    code = jl_fail(err, JAILER_E_BUSY, JAILER_LAYER_NONE, jl_reporter_step, NULL, 0, "this process has a reporter");
  const long result = code ? 0 : jl_reporter_actions(r);
  if (result < 0) {
    __atomic_store_n(&jl_reporter_installed, NULL, __ATOMIC_RELEASE);
    code = jl_reporter_system(NULL, result, "rt_sigaction(2) was refused: install it before a filter", err);
  }
  if (code && r->path) jl_sys_close(r->fd);
  return code;
}

/* AT_MINSIGSTKSZ of getauxval(3), what the kernel stores of the processor at a signal: 11 KiB with AMX. 0: not
   known. */
static size_t jl_reporter_frame(void) {
  enum { JL_PR_GET_AUXV = 0x41555856, JL_AT_MINSIGSTKSZ = 51 };
  uint64_t auxv[128];
  memset(auxv, 0, sizeof auxv);
  if (jl_sys_call(JL_NR_prctl, JL_PR_GET_AUXV, (long)auxv, sizeof auxv, 0, 0, 0) <= 0) { /* Linux 6.4 */
    const long fd = jl_sys_openat(JL_AT_FDCWD, "/proc/self/auxv", JL_O_RDONLY, 0);
    if (fd < 0) return 0;
    jl_sys_read_all((int)fd, auxv, sizeof auxv);
    jl_sys_close((int)fd);
  }
  for (size_t i = 0; i + 1 < sizeof auxv / sizeof auxv[0] && auxv[i]; i += 2)
    if (auxv[i] == JL_AT_MINSIGSTKSZ && auxv[i + 1] < (1u << 20)) return (size_t)auxv[i + 1];
  return 0;
}

/* Room for the handler, and for one more in it that tells of a crash in the first. */
static jailer_code jl_reporter_stack(void *memory, size_t size, jailer_error *err) {
  static const char step[] = "give a thread an alternate stack";
  enum { JL_SS_DISABLE = 2, OWN_BYTES = 2048 };
  const size_t frame = jl_reporter_frame(), need = 2 * ((frame ? frame : 5120) + OWN_BYTES);
  const uint64_t stack[3] = {(uint64_t)(uintptr_t)memory, memory ? 0 : JL_SS_DISABLE, size};
  if (memory && size < need) {
    char message[96];
    jl_buf b = jl_buf_fixed(message, sizeof message);
    jl_buf_str(&b, "on this processor it takes ");
    jl_buf_u64(&b, need);
    jl_buf_str(&b, " bytes; JAILER_REPORTER_STACK is enough everywhere");
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, "size", 0, message);
  }
  const long r = jl_sys_call(JL_NR_sigaltstack, (long)stack, 0, 0, 0, 0, 0);
  if (r == 0) return JAILER_OK;
  return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, step, NULL, (int)-r,
                 "sigaltstack(2) failed; a thread cannot change the stack that it runs on");
}

#endif /* JL_LINUX */

/* ============================================================================================
 * // >>probe    fills jailer_host; finds out what paths are
 * May touch: the kernel, read-only. May call: base, error, sys.
 * ============================================================================================ */
#if JL_EFFECTS

/* Who this process is, as far as owners and namespaces ask. */
typedef struct jl_self {
  uint32_t uid, gid;  /* effective */
  bool mixed;         /* the real or saved ones differ */
  bool gives;         /* may give files to other uids: CAP_CHOWN, or root of macOS */
  bool nested;        /* in a user namespace that does not map every uid */
  uint64_t caps;      /* effective, of Linux */
  uint32_t overflow;  /* the owner that the kernel shows for files whose owner has no uid in here */
  bool overflow_used; /* some uid of this namespace has that number as well */
} jl_self;

#endif /* JL_EFFECTS */
#if JL_LINUX

/* clang-format off */
/* prctl(2), capability(7), landlock(7), seccomp(2) numbers. */
enum {
  JL_PR_SET_PDEATHSIG = 1, JL_PR_GET_PDEATHSIG = 2, JL_PR_GET_DUMPABLE = 3, JL_PR_SET_DUMPABLE = 4,
  JL_PR_SET_KEEPCAPS = 8,
  JL_PR_GET_SECCOMP = 21, JL_PR_CAPBSET_READ = 23, JL_PR_CAPBSET_DROP = 24, JL_PR_GET_SECUREBITS = 27,
  JL_PR_SET_SECUREBITS = 28, JL_PR_SET_NO_NEW_PRIVS = 38, JL_PR_GET_NO_NEW_PRIVS = 39, JL_PR_CAP_AMBIENT = 47,
  JL_PR_CAP_AMBIENT_CLEAR_ALL = 4,
  JL_CAP_CHOWN = 0, JL_CAP_KILL = 5, JL_CAP_SETGID = 6, JL_CAP_SETUID = 7, JL_CAP_SETPCAP = 8, JL_CAP_SYS_ADMIN = 21,
  JL_LANDLOCK_VERSION_FLAG = 1, JL_LANDLOCK_ERRATA_FLAG = 2,
  JL_SECCOMP_SET_MODE_FILTER = 1, JL_SECCOMP_GET_ACTION_AVAIL = 2, JL_SECCOMP_MODE_FILTER = 2
};
/* clang-format on */

static long jl_probe_prctl(long option, long a, long b) { return jl_sys_call(JL_NR_prctl, option, a, b, 0, 0, 0); }

/* The effective capabilities, as one 64-bit mask (capget(2), version 3). */
static long jl_probe_caps(uint64_t *effective) {
  struct {
    uint32_t version;
    int32_t pid;
  } head = {0x20080522, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2] = {{0, 0, 0}, {0, 0, 0}};
  long r = jl_sys_call(JL_NR_capget, (long)&head, (long)data, 0, 0, 0, 0);
  *effective = (uint64_t)data[1].effective << 32 | data[0].effective;
  return r;
}

/* "6.18.44-x" from uname(2). A text that does not start with two numbers is no kernel this code knows. */
static long jl_probe_kernel(jailer_host *host) {
  char names[6][65];
  long r = jl_sys_call(JL_NR_uname, (long)names, 0, 0, 0, 0, 0);
  if (r < 0) return r;
  uint32_t part[2] = {0, 0};
  const char *p = names[2];
  for (int i = 0; i < 2; i++) {
    if (*p < '0' || *p > '9') return -EINVAL;
    for (; *p >= '0' && *p <= '9' && part[i] < 10000; p++) part[i] = part[i] * 10 + (uint32_t)(*p - '0');
    if (i == 0 && *p++ != '.') return -EINVAL;
  }
  host->kernel_major = part[0];
  host->kernel_minor = part[1];
  return 0;
}

static long jl_probe_limit(int resource, uint64_t *hard) {
  uint64_t limit[2] = {0, 0};
  long r = jl_sys_call(JL_NR_prlimit64, 0, resource, 0, (long)limit, 0, 0);
  *hard = limit[1];
  return r;
}

/* Whether a kind of namespace is built in: each has a link in /proc/self/ns. */
static bool jl_probe_ns(jailer_host *host, size_t i) {
  jl_stat st;
  if (jl_sys_stat(JL_AT_FDCWD, jl_tab_namespaces[i].path, 0, &st) < 0) return false;
  host->ns_ino[i] = st.ino;
  return true;
}

/* The first `size` bytes of a file of /proc: their number, or a negated errno. */
static long jl_probe_text(const char *path, char *text, size_t size) {
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY, 0);
  if (fd < 0) return fd;
  long n = jl_sys_read_all((int)fd, text, size);
  jl_sys_close((int)fd);
  return n;
}

/* Three numbers and the end of the line, as uid_map has them; *at goes behind it. */
static bool jl_probe_map_line(const char *text, size_t n, size_t *at, uint64_t number[3]) {
  for (int i = 0; i < 3; i++) {
    while (*at < n && text[*at] == ' ') ++*at;
    const size_t from = *at;
    while (*at < n && text[*at] >= '0' && text[*at] <= '9') ++*at;
    if (!jl_parse_u64(text + from, *at - from, &number[i])) return false;
  }
  return *at < n && text[(*at)++] == '\n';
}

/* The owner that the kernel shows where there is none: kernel/overflowuid, as stat uses it (fs/overflowuid is for file
   systems with uids of 16 bits). A wrong guess, where /proc/sys is not to be seen, is a number that no file shows. */
static uint32_t jl_probe_overflow(void) {
  char text[16];
  uint64_t value;
  long n = jl_probe_text("/proc/sys/kernel/overflowuid", text, sizeof text);
  return n > 1 && jl_parse_u64(text, (size_t)n - 1, &value) && value <= UINT32_MAX ? (uint32_t)value : 65534;
}

/* What root may do in a namespace that maps only some ids ends at its mounts and those ids, so it launches and keeps
   boxes as an ordinary user does. user_namespaces(7): the host's map is "0 0 4294967295"; a map has 340 lines at most;
   without a line nobody has a uid. */
static long jl_probe_uid_map(jl_self *self) {
  char text[340 * 33 + 1];
  uint64_t number[3];
  size_t at = 0;
  long n = jl_probe_text("/proc/self/uid_map", text, sizeof text);
  if (n == -ENOENT) return 0; /* a kernel without user namespaces */
  if (n < 0) return n;
  if (jl_probe_map_line(text, (size_t)n, &at, number) && !number[0] && !number[1] && number[2] == UINT32_MAX) return 0;
  self->nested = true;
  self->overflow = jl_probe_overflow();
  for (at = 0; at < (size_t)n;) {
    if (!jl_probe_map_line(text, (size_t)n, &at, number)) return -EPROTO;
    if (self->overflow >= number[0] && self->overflow - number[0] < number[2]) self->overflow_used = true;
  }
  return 0;
}

static long jl_probe_self(jl_self *self) {
  uint32_t u[3] = {0, 0, 0}, g[3] = {0, 0, 0}; /* real, effective, saved */
  memset(self, 0, sizeof *self);
  long r = jl_sys_call(JL_NR_getresuid, (long)&u[0], (long)&u[1], (long)&u[2], 0, 0, 0);
  if (r >= 0) r = jl_sys_call(JL_NR_getresgid, (long)&g[0], (long)&g[1], (long)&g[2], 0, 0, 0);
  self->uid = u[1];
  self->gid = g[1];
  self->mixed = u[0] != u[1] || u[2] != u[1] || g[0] != g[1] || g[2] != g[1];
  if (r >= 0) r = jl_probe_caps(&self->caps);
  if (r >= 0) r = jl_probe_uid_map(self);
  self->gives = self->uid == 0 && !self->nested && (self->caps >> JL_CAP_CHOWN & 1);
  return r;
}

/* CAP_KILL is among the needed: a child that has become another user must still be killed when its launch fails. */
static jailer_code jl_probe_host(jailer_host *host, jailer_error *err) {
  const uint64_t needed = (uint64_t)1 << JL_CAP_SYS_ADMIN | (uint64_t)1 << JL_CAP_SETUID |
                          (uint64_t)1 << JL_CAP_SETGID | (uint64_t)1 << JL_CAP_CHOWN | (uint64_t)1 << JL_CAP_KILL;
  uint32_t action = 0x00050000; /* SECCOMP_RET_ERRNO */
  jl_self self;
  long r;
  memset(host, 0, sizeof *host);
  if ((r = jl_probe_kernel(host)) < 0 || (r = jl_probe_self(&self)) < 0 ||
      (r = jl_probe_limit(7, &host->nofile_hard)) < 0 || (r = jl_probe_limit(1, &host->fsize_hard)) < 0)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "probe the host", NULL, (int)-r,
                   "uname, getresuid, capget, prlimit64 or /proc/self/uid_map failed; is a seccomp filter of somebody "
                   "else in force?");
  host->uid = self.uid;
  host->gid = self.gid;
  host->mixed_ids = self.mixed;
  host->nested = self.nested;
  host->privileged = host->uid == 0 && !host->nested && (self.caps & needed) == needed;
  r = jl_sys_call(JL_NR_landlock_create_ruleset, 0, 0, JL_LANDLOCK_VERSION_FLAG, 0, 0, 0);
  host->landlock_abi = r > 0 ? (uint32_t)r : 0;
  r = jl_sys_call(JL_NR_landlock_create_ruleset, 0, 0, JL_LANDLOCK_ERRATA_FLAG, 0, 0, 0); /* before 6.15: EINVAL */
  host->landlock_errata = r > 0 ? (uint32_t)r : 0;
  host->seccomp = jl_sys_call(JL_NR_seccomp, JL_SECCOMP_GET_ACTION_AVAIL, 0, (long)&action, 0, 0, 0) == 0;
  host->dumpable = jl_probe_prctl(JL_PR_GET_DUMPABLE, 0, 0) == 1;
  host->userns = jl_probe_ns(host, 0);
  host->mntns = jl_probe_ns(host, 1);
  host->pidns = jl_probe_ns(host, 2);
  host->netns = jl_probe_ns(host, 3);
  host->ipcns = jl_probe_ns(host, 4);
  host->utsns = jl_probe_ns(host, 5);
  host->cgroupns = jl_probe_ns(host, 6);
  if (!host->mntns)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "probe the host", "/proc/self/ns", ENOENT,
                   "/proc must be mounted in the launcher");
  return JAILER_OK;
}

#elif JL_DARWIN

static long jl_probe_self(jl_self *self) {
  struct proc_bsdshortinfo info;
  memset(self, 0, sizeof *self);
  self->uid = jl_sys_geteuid();
  self->gid = jl_sys_getegid();
  self->gives = self->uid == 0;
  errno = 0;
  const int n = proc_pidinfo(getpid(), PROC_PIDT_SHORTBSDINFO, 0, &info, (int)sizeof info); /* the saved ids too */
  if (n != (int)sizeof info) return n <= 0 && errno ? -(long)errno : -EPROTO;
  self->mixed =
      getuid() != self->uid || info.pbsi_svuid != self->uid || getgid() != self->gid || info.pbsi_svgid != self->gid;
  return 0;
}

/* RLIM_INFINITY is another number there. */
static long jl_probe_limit(int resource, uint64_t *hard) {
  struct rlimit limit;
  const long r = jl_sys_result(getrlimit(resource, &limit));
  *hard = r < 0 || limit.rlim_max == RLIM_INFINITY ? UINT64_MAX : (uint64_t)limit.rlim_max;
  return r;
}

/* "23.5.0" from uname(3): the version of Darwin. */
static long jl_probe_kernel(jailer_host *host) {
  struct utsname names;
  uint64_t major, minor;
  long r = jl_sys_result(uname(&names));
  if (r < 0) return r;
  const char *dot = strchr(names.release, '.');
  if (!dot || !jl_parse_u64(names.release, (size_t)(dot - names.release), &major) ||
      !jl_parse_u64(dot + 1, strspn(dot + 1, "0123456789"), &minor) || major > UINT32_MAX || minor > UINT32_MAX)
    return -EINVAL;
  host->kernel_major = (uint32_t)major;
  host->kernel_minor = (uint32_t)minor;
  return 0;
}

/* Of sandbox-exec only that it is there: a file that root alone can change, on the volume that macOS signs. */
static jailer_code jl_probe_host(jailer_host *host, jailer_error *err) {
  jl_self self;
  jl_stat st;
  long r;
  memset(host, 0, sizeof *host);
  if ((r = jl_probe_kernel(host)) < 0 || (r = jl_probe_self(&self)) < 0 ||
      (r = jl_probe_limit(RLIMIT_NOFILE, &host->nofile_hard)) < 0 ||
      (r = jl_probe_limit(RLIMIT_FSIZE, &host->fsize_hard)) < 0)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "probe the host", NULL, (int)-r,
                   "uname(3), getrlimit(2) or proc_pidinfo failed");
  host->uid = self.uid;
  host->gid = self.gid;
  host->mixed_ids = self.mixed;
  host->privileged = self.uid == 0;
  r = JL_SEATBELT ? jl_sys_stat(JL_AT_FDCWD, JAILER_SANDBOX_EXEC, 0, &st) : -ENOENT;
  host->seatbelt = r >= 0 && (st.mode & JL_S_IFMT) == JL_S_IFREG && (st.mode & 0111) && st.uid == 0 && !(st.mode & 022);
  return JAILER_OK;
}

#endif /* JL_LINUX, JL_DARWIN */

#if JL_EFFECTS

/* Where the file behind a descriptor is, without symbolic links, into `to` of JAILER_PATH_MAX bytes. 0, or a negated
   errno: ENOENT (no /proc), ENAMETOOLONG, ESTALE (not there, or not there any more). The kernel's answer for a removed
   file is its old name and " (deleted)", which may as well be the name of another file; beyond a chroot it is
   "(unreachable)...". Such an answer counts only when it leads back to the same inode; with `always` every answer must:
   that is for whoever judges by the path. A grant needs it not, the launch compares the inode again, and thousands of
   grants are thousands of lookups. */
static long jl_probe_place(int fd, const jl_stat *st, bool always, char *to) {
  jl_stat there;
  long n = jl_sys_place(fd, to);
  if (n < 0) return n;
  if (n >= JAILER_PATH_MAX) return -ENAMETOOLONG;
  to[n] = 0;
  if (to[0] != '/') return -ESTALE;
  if (!always && (n <= 10 || !jl_streq(to + n - 10, " (deleted)"))) return 0;
  const long r = jl_sys_stat(JL_AT_FDCWD, to, JL_AT_SYMLINK_NOFOLLOW, &there);
  if (r < 0) return r == -ENOENT || r == -ENOTDIR || r == -ELOOP ? -ESTALE : r;
  return there.dev == st->dev && there.ino == st->ino ? 0 : -ESTALE;
}

/* The same for a grant, in the plan's memory: 0 and *out; or a negated errno, -ENOMEM for no memory. */
static long jl_probe_resolved(jl_arena *arena, int fd, const jl_stat *st, const char **out) {
  char path[JAILER_PATH_MAX];
  const long r = jl_probe_place(fd, st, false, path);
  *out = r < 0 ? NULL : jl_arena_text(arena, path, strlen(path));
  return r < 0 ? r : *out ? 0 : -ENOMEM;
}

static jailer_code jl_probe_full(jailer_error *err, const char *path, long r) {
  return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_MOUNTS, "open a granted path", path, (int)-r,
                 "a plan keeps one descriptor for each grant: raise RLIMIT_NOFILE of the launcher (ulimit -n)");
}

/* What the look at a wanted path came to, when it could not be looked at: whether it may be missing. */
static jailer_code jl_probe_missing(const jl_source *s, jailer_error *err) {
  const long r = s->found;
  if (s->fd < 0 && (r == -ENOENT || r == -ENOTDIR)) {
    if (s->optional) return JAILER_OK;
    return jl_fail(err, JAILER_E_NOT_FOUND, JAILER_LAYER_MOUNTS, "open a granted path", s->path, (int)-r,
                   "it does not exist; create it first, or mark the grant optional");
  }
  if (r == -EMFILE || r == -ENFILE) return jl_probe_full(err, s->path, r);
  if (s->fd < 0)
    return jl_fail(err, r == -EACCES ? JAILER_E_DENIED : JAILER_E_SYSTEM, JAILER_LAYER_MOUNTS, "open a granted path",
                   s->path, (int)-r, "the launcher itself cannot reach it");
  return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_MOUNTS, "look at a granted path", s->path, (int)-r,
                 "statx or fstatfs failed");
}

#endif /* JL_EFFECTS */
#if JL_LINUX

/* What a link of the system leads to, which is made again inside. */
static jailer_code jl_probe_link(jl_arena *arena, jl_source *s, jailer_error *err) {
  char target[JAILER_PATH_MAX];
  const long r = jl_sys_readlinkat(s->fd, "", target, sizeof target);
  if (r <= 0 || (size_t)r >= sizeof target)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_MOUNTS, "read a system link", s->path, (int)-r,
                   "readlink failed");
  s->link = jl_arena_text(arena, target, (size_t)r);
  s->resolved = s->path;
  if (!s->link) return jl_no_memory(err, "look at a granted path");
  jl_sys_close(s->fd); /* an O_PATH descriptor of our own: nothing is lost whatever close says */
  s->fd = -1;
  return JAILER_OK;
}

/* What the look at a wanted path (jl_child_look) comes to: whether it may be missing, what link it is, and its place
   without links. */
static jailer_code jl_probe_source(jl_arena *arena, jl_source *s, jailer_error *err) {
  if (s->fd < 0 || s->found < 0) return jl_probe_missing(s, err);
  s->exists = true;
  if ((s->st.mode & JL_S_IFMT) == JL_S_IFLNK) return jl_probe_link(arena, s, err);
  if (s->expect_ino && (s->st.dev != s->expect_dev || s->st.ino != s->expect_ino))
    return jl_fail(err, JAILER_E_CHANGED, JAILER_LAYER_MOUNTS, "compare a disk's file with its chain", s->path, 0,
                   "it was replaced while the chain was read; nothing was launched");
  s->resolved = s->path;
  const long r = s->plain ? 0 : jl_probe_resolved(arena, s->fd, &s->st, &s->resolved);
  if (r == -ENOMEM) return jl_no_memory(err, "resolve a granted path");
  if (!s->resolved && s->procfs) /* a process that has ended: /proc/self of the one that looked, for example */
    return jl_fail(err, JAILER_E_CONFLICT, JAILER_LAYER_MOUNTS, "compare the grants", s->path, 0,
                   "this is one of the host's processes: the jail has a /proc of its own");
  if (!s->resolved)
    return jl_fail(err, JAILER_E_CHANGED, JAILER_LAYER_MOUNTS, "resolve a granted path", s->path, ENOENT,
                   "it was removed meanwhile, or lies outside the launcher's root");
  return JAILER_OK;
}

#elif JL_DARWIN

/* The path that the sandbox will see: without symbolic links and firmlinks, and in the letters that the volume has (it
   may take others for the same). getattrlist(2), ATTR_CMN_FULLPATH; like the sandbox it asks the file, not its name.
   0 or a negated errno; to has JAILER_PATH_MAX bytes. */
static long jl_probe_full_path(const char *path, char *to) {
  struct attrlist wanted;
  union {
    struct {
      uint32_t length;
      attrreference_t path;
    } head;
    char bytes[16 + JAILER_PATH_MAX];
  } got;
  memset(&wanted, 0, sizeof wanted);
  memset(&got, 0, sizeof got);
  wanted.bitmapcount = ATTR_BIT_MAP_COUNT;
  wanted.commonattr = ATTR_CMN_FULLPATH;
  const long r = jl_sys_result(getattrlist(path, &wanted, &got, sizeof got, 0));
  if (r < 0) return r;
  const size_t base = sizeof got.head.length, n = got.head.path.attr_length; /* with the NUL */
  const int32_t offset = got.head.path.attr_dataoffset;
  if (offset < 0 || n < 2 || n > JAILER_PATH_MAX || base + (size_t)offset + n > sizeof got.bytes) return -EIO;
  memcpy(to, got.bytes + base + offset, n);
  return to[0] == '/' && !to[n - 1] ? 0 : -EIO;
}

/* What the look at a wanted path comes to. No descriptor pins it: the sandbox judges by path at every access, so the
   inode is compared again before the launch; what lies there later is the business of whoever may change it. */
static jailer_code jl_probe_source(jl_arena *arena, jl_source *s, jailer_error *err) {
  char path[JAILER_PATH_MAX];
  jl_stat there;
  if (s->found < 0) return jl_probe_missing(s, err);
  s->exists = true;
  if (s->expect_ino && (s->st.dev != s->expect_dev || s->st.ino != s->expect_ino))
    return jl_fail(err, JAILER_E_CHANGED, JAILER_LAYER_SEATBELT, "compare a disk's file with its chain", s->path, 0,
                   "it was replaced while the chain was read; nothing was launched");
  long r = jl_probe_full_path(s->path, path);
  if (r >= 0) r = jl_sys_stat(JL_AT_FDCWD, path, JL_AT_SYMLINK_NOFOLLOW, &there);
  if (r < 0 || there.dev != s->st.dev || there.ino != s->st.ino)
    return jl_fail(err, r < 0 && r != -ENOENT ? JAILER_E_SYSTEM : JAILER_E_CHANGED, JAILER_LAYER_SEATBELT,
                   "resolve a granted path", s->path, r < 0 ? (int)-r : 0,
                   "its place on the volume could not be told, or it was replaced meanwhile");
  s->resolved = jl_arena_text(arena, path, strlen(path));
  return s->resolved ? JAILER_OK : jl_no_memory(err, "resolve a granted path");
}

#endif /* JL_LINUX, JL_DARWIN */

/* ============================================================================================
 * // >>files    the box directory: safe opens, lock, copies, uids, pid file, removal
 * May touch: the kernel, relative to descriptors; the heap only for policies and for the list of processes of macOS.
 * May call: base, error, entries, layout, policytext, sys, probe.
 *
 * Three zones. HOME, boxes/, ID/, bin/, disks/ and uids/ belong to the launcher alone (checked at every launch), so a
 * name in them is what the launcher made it. shared/, sockets/, tmp/ and logs/ are written by the jailed process: every
 * name in them is hostile, also after it has ended. And exit and the disks, whose names are safe, but whose content and
 * mode are the box's.
 * ============================================================================================ */
#if JL_EFFECTS

#define JL_FILES_UID "uid"             /* ID/uid: which uid of HOME/uids is this box's */
#define JL_FILES_TEMP ".jl-new"        /* the one temporary name in ID/ and in bin/; the lock makes it ours */
#define JL_FILES_UID_FIRST 0x70000000u /* uids of boxes: FIRST <= uid < END; free of systemd's ranges (UIDS-GIDS.md) */
#define JL_FILES_UID_END 0x7ffe0000u
#define JL_FILES_UID_TRIES 4096u
#define JL_FILES_COPIES_MAX 32u                /* copies that are remembered */
#define JL_FILES_NAME_MAX 128u                 /* a file name in bin/, with the NUL */
#define JL_FILES_COPY_MAX ((uint64_t)1 << 34)  /* bytes of one copied file */
#define JL_FILES_SWEEP_MAX ((uint64_t)1 << 26) /* entries that one removal handles */
#define JL_FILES_PASSES 64u                    /* how often a directory may turn out not to be empty after all */

/* An opened box. Made by jl_files_box_open, released by jl_files_box_close; descriptors are -1 when not open. */
typedef struct jl_box {
  jailer_layout layout;
  int home_fd, boxes_fd, dir_fd; /* O_PATH */
  int lock_fd;                   /* ID/lock, locked for as long as it is open */
  uint32_t launching;            /* atomic: 1 while a thread of this process is in a launch of the box */
  uint32_t launcher;             /* effective uid of this process */
  bool gives;                    /* each box gets a uid of its own: jl_files_box_launcher */
  uint32_t outsider;             /* the owner that may stand for the host's root: jl_files_distrust. 0: none */
  uint32_t uid, gid; /* who owns the box's writable entries; if it gives, 0 until jl_files_box_uid or _give */
} jl_box;

/* How jl_files_box_open opens. */
enum {
  JL_BOX_MAKE = 1,   /* create what is missing of the directories above the box and the box directory */
  JL_BOX_REMOVE = 2, /* for removal: what is in the box is not looked at */
  JL_BOX_HELD = 4,   /* the caller holds the lock already: neither lock nor pid file is looked at */
  JL_BOX_ROOT = 8,   /* with MAKE: the entries may stay root's (allow_host_root) */
  JL_BOX_ENDED = 16  /* after the end of a target: the lock alone, the pid file is the caller's to look at */
};

static const char jl_files_odd[] = "this is not what the launcher leaves here; look who put it there, then remove it";

/* --- errors ------------------------------------------------------------------------------------------------------ */

/* A name relative to the box as a full path in the error. */
static jailer_code jl_files_fail(const jl_box *box, jailer_code code, const char *step, const char *name, long r,
                                 const char *message, jailer_error *err) {
  char path[JAILER_PATH_MAX + JL_FILES_NAME_MAX];
  if (!err) return code;
  jl_buf b = jl_buf_fixed(path, sizeof path);
  jl_buf_str(&b, box->layout.home);
  jl_buf_str(&b, "/boxes/");
  jl_buf_str(&b, box->layout.id);
  if (name && name[0]) jl_buf_char(&b, '/');
  if (name) jl_buf_str(&b, name);
  return jl_fail(err, code, JAILER_LAYER_NONE, step, b.failed ? name : path, r < 0 ? (int)-r : 0, message);
}

/* What a failed system call on a box's file means. */
static jailer_code jl_files_code(long r) {
  switch (-r) {
  case ENOENT: return JAILER_E_NOT_FOUND;
  case EACCES:
  case EPERM:
  case EROFS: return JAILER_E_DENIED;
  case ELOOP:
  case ENOTDIR:
  case EISDIR:
  case EXDEV:
  case ENXIO:
  case ENODEV: return JAILER_E_UNSAFE;
  case EAGAIN: return JAILER_E_BUSY;
  default: return JAILER_E_SYSTEM;
  }
}

static const char *jl_files_why(jailer_code code) {
  switch ((int)code) {
  case JAILER_E_NOT_FOUND: return "it does not exist; jailer_layout_prepare makes the tree of a box";
  case JAILER_E_DENIED: return "the launcher may not do this here; check owner, mode and mount options";
  case JAILER_E_UNSAFE: return "a symbolic link, a mount, or another type of file is in the way; nothing is followed";
  case JAILER_E_BUSY: return "another process holds a lease on it; end that process and try again";
  default: return "the file system answered with an error; see the errno (disk full, quota, I/O error)";
  }
}

static jailer_code jl_files_sys(const jl_box *box, const char *step, const char *name, long r, jailer_error *err) {
  jailer_code code = jl_files_code(r);
  return jl_files_fail(box, code, step, name, r, jl_files_why(code), err);
}

/* For a step whose NOT_FOUND may be no failure at all: the caller's error is written only when it is one. */
static jailer_code jl_files_report(jailer_code code, const jailer_error *local, jailer_error *err) {
  if (code != JAILER_OK && err) *err = *local;
  return code;
}

static void jl_files_close(int *fd) {
  if (*fd >= 0) jl_sys_close(*fd);
  *fd = -1;
}

/* --- opening names ----------------------------------------------------------------------------------------------- */

/* One name in one directory, never a link, never a mount. Kernels before 5.6 and macOS have no openat2, and old
   container filters answer EPERM for it: a single name with O_NOFOLLOW says the same, but for a mount of the same file
   system, which only root could have put there. */
static long jl_files_at(int dir, const char *name, int flags, unsigned mode) {
  jl_stat here, there;
  long fd;
  if (!name[0] || strchr(name, '/') || jl_streq(name, ".") || jl_streq(name, "..")) return -EINVAL;
  long r = jl_sys_open_beneath(dir, name, flags, mode);
  if (r != -ENOSYS && r != -EPERM) return r;
  fd = jl_sys_openat(dir, name, flags | JL_O_NOFOLLOW, mode);
  if (fd < 0) return fd;
  r = jl_sys_fstat(dir, &here);
  if (r >= 0) r = jl_sys_fstat((int)fd, &there);
  if (r >= 0 && here.dev != there.dev) r = -EXDEV;
  if (r >= 0) return fd;
  jl_sys_close((int)fd);
  return r;
}

/* The only way the host opens a name in a directory that a jailed process can write, and good enough for all others.
   First O_PATH, which starts nothing (no FIFO partner, no device, no lease), and the checks: the expected type, for
   files one link; only then the open that was asked for, which must give the same inode. With JL_O_PATH in flags the
   first descriptor is the result: that is how sockets are reached, through /proc/self/fd/N. `shown` names it in
   errors. */
static jailer_code jl_files_open(const jl_box *box, int dir, const char *name, const char *shown, int flags,
                                 uint32_t type, int *fd, jl_stat *st, jailer_error *err) {
  const char *step = "open a file of the box";
  jl_stat again;
  *fd = -1;
  long p = jl_files_at(dir, name, JL_O_PATH, 0);
  if (p < 0) return jl_files_sys(box, step, shown, p, err);
  long r = jl_sys_fstat((int)p, st), opened = -1;
  bool odd = r >= 0 && ((st->mode & JL_S_IFMT) != type || (type != JL_S_IFDIR && st->nlink != 1));
  if (r >= 0 && !odd && (flags & JL_O_PATH)) {
    *fd = (int)p;
    return JAILER_OK;
  }
  if (r >= 0 && !odd) r = opened = jl_files_at(dir, name, flags | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
  jl_sys_close((int)p);
  if (odd)
    return jl_files_fail(box, JAILER_E_UNSAFE, step, shown, 0,
                         (st->mode & JL_S_IFMT) == type
                             ? "it has a second name (a hard link); remove it, it could be anybody's file"
                             : "it is not the type of file that belongs here (a link, FIFO, device, ...); remove it",
                         err);
  if (r >= 0) r = jl_sys_fstat((int)opened, &again);
  if (r >= 0 && again.dev == st->dev && again.ino == st->ino) {
    *fd = (int)opened;
    return JAILER_OK;
  }
  if (opened >= 0) jl_sys_close((int)opened);
  if (r < 0) return jl_files_sys(box, step, shown, r, err);
  return jl_files_fail(box, JAILER_E_CHANGED, step, shown, 0, "another file took its place meanwhile; try again", err);
}

/* A file of the launcher's own in ID/: as jl_files_open, and nobody else may own or write it. */
static jailer_code jl_files_own_open(const jl_box *box, const char *name, int flags, int *fd, jl_stat *st,
                                     jailer_error *err) {
  jailer_code code = jl_files_open(box, box->dir_fd, name, name, flags, JL_S_IFREG, fd, st, err);
  if (code != JAILER_OK) return code;
  const char *list = jl_sys_acl(*fd);
  if (st->uid == box->launcher && !(st->mode & 022) && !list) return JAILER_OK;
  jl_files_close(fd);
  return jl_files_fail(box, JAILER_E_UNSAFE, "open a file of the box", name, 0, list ? list : jl_files_odd, err);
}

/* Creates a file that must not be there; its mode does not depend on the umask. */
static long jl_files_create(int dir, const char *name, unsigned mode) {
  long fd = jl_files_at(dir, name, JL_O_RDWR | JL_O_CREAT | JL_O_EXCL | JL_O_NOCTTY, 0600);
  if (fd < 0) return fd;
  long r = jl_sys_fchmod((int)fd, mode);
  if (r >= 0) return fd;
  jl_sys_close((int)fd);
  jl_sys_unlinkat(dir, name, 0);
  return r;
}

/* Reads a launcher's file whole: LIMIT when it is larger than the buffer. */
static jailer_code jl_files_read(const jl_box *box, const char *name, char *buf, size_t size, size_t *len,
                                 jailer_error *err) {
  jl_stat st;
  int fd;
  *len = 0;
  jailer_code code = jl_files_own_open(box, name, JL_O_RDONLY, &fd, &st, err);
  if (code != JAILER_OK) return code;
  long r = st.size > size ? 0 : jl_sys_read_all(fd, buf, size);
  jl_files_close(&fd);
  if (r < 0) return jl_files_sys(box, "read a file of the box", name, r, err);
  if (st.size > size) return jl_files_fail(box, JAILER_E_LIMIT, "read a file of the box", name, 0, jl_files_odd, err);
  *len = (size_t)r;
  return JAILER_OK;
}

/* Writes bytes under the temporary name, then moves them over the real one: a reader sees the old or the new, whole.
   `sync` is for what must survive a power cut. No allocation and little stack: shim.pid is written this way while a
   child shares this memory. */
static jailer_code jl_files_replace(const jl_box *box, const char *name, const char *bytes, size_t n, bool sync,
                                    jailer_error *err) {
  long r = jl_sys_unlinkat(box->dir_fd, JL_FILES_TEMP, 0), closed;
  if (r < 0 && r != -ENOENT) return jl_files_sys(box, "write a file of the box", JL_FILES_TEMP, r, err);
  long fd = jl_files_create(box->dir_fd, JL_FILES_TEMP, 0600);
  if (fd < 0) return jl_files_sys(box, "write a file of the box", name, fd, err);
  r = jl_sys_write_all((int)fd, bytes, n);
  if (r >= 0 && sync) r = jl_sys_fsync((int)fd);
  closed = jl_sys_close((int)fd); /* network file systems report a full disk here */
  if (r >= 0) r = closed;
  if (r >= 0) r = jl_sys_renameat(box->dir_fd, JL_FILES_TEMP, box->dir_fd, name);
  if (r >= 0) return JAILER_OK;
  jl_sys_unlinkat(box->dir_fd, JL_FILES_TEMP, 0);
  return jl_files_sys(box, "write a file of the box", name, r, err);
}

/* --- the launcher's directories ---------------------------------------------------------------------------------- */

/* Opens a directory by one name; with `make` creates it first. The parent is trusted, so the new directory is ours
   until its mode is set. */
static long jl_files_step(int parent, const char *name, bool make, unsigned mode) {
  const int flags = JL_O_DIRECTORY | JL_O_NOFOLLOW;
  long fd = jl_sys_openat(parent, name, JL_O_PATH | flags, 0), r;
  if (fd != -ENOENT || !make) return fd;
  r = jl_sys_mkdirat(parent, name, mode);
  if (r == -EEXIST) return jl_sys_openat(parent, name, JL_O_PATH | flags, 0); /* another launcher was faster */
  if (r < 0) return r;
  fd = jl_sys_openat(parent, name, JL_O_PATH | flags, 0);
  if (fd < 0) return fd;
  r = jl_sys_path_chmod((int)fd, mode); /* whatever the umask took, and a group bit inherited from the parent */
  if (r >= 0) return fd;
  jl_sys_close((int)fd);
  jl_sys_unlinkat(parent, name, JL_AT_REMOVEDIR); /* else it would stay with the wrong mode */
  return r;
}

/* Owner and mode of a directory of the launcher's. A write permission given by an ACL shows as the group's on Linux
   (acl(5)); what macOS has is asked for (jl_sys_acl).
   For a parent of HOME root is as good an owner, and a sticky directory (/tmp) lets nobody move what is ours.

   In a user namespace that does not map the host's root, "/" and "/home" belong to the overflow uid (box->outsider),
   and so does what any other user of the host owns who has no uid in here: the two cannot be told apart. Such an owner
   is accepted, for parents only. Who could then move HOME? Nobody in the container, for no process in it can have a uid
   that is not mapped (where the overflow uid itself is mapped, to the container's nobody, nothing is accepted). On the
   host: root, which is trusted, and a user to whom the container's maker gave a directory above HOME. The latter could
   put another directory in HOME's place, but only one that belongs to this very launcher (or that a target of it made,
   if the two work together): HOME and all below it are held to the launcher's own uid as everywhere. An ordinary
   launcher of the host's own namespace is told the real owner, so nothing is accepted there. */
static const char *jl_files_distrust(const jl_box *box, const jl_stat *st, bool parent) {
  const bool above = st->uid == 0 || (box->outsider && st->uid == box->outsider);
  if (st->uid != box->launcher && !(parent && above))
    return "it belongs to another user; use a home that belongs to the launcher (its parents: to it or to root)";
  if ((st->mode & 022) && !(parent && (st->mode & 01000)))
    return "other users may write it, so they could replace what is in it; take the permission away (chmod go-w)";
  return NULL;
}

/* From / to HOME by single names. A link on the way is refused: whoever may change it moves the home. */
static jailer_code jl_files_home(jl_box *box, bool make, jailer_error *err) {
  const char *step = "open the home directory", *wrong = NULL;
  char path[JAILER_PATH_MAX];
  jl_stat st;
  size_t at = 0; /* path[0..at) is what fd refers to; "" is the root */
  long fd = jl_sys_openat(JL_AT_FDCWD, "/", JL_O_PATH | JL_O_DIRECTORY, 0), r = fd;
  memcpy(path, box->layout.home, sizeof path);
  while (r >= 0) {
    bool last = path[at] == 0;
    r = jl_sys_fstat((int)fd, &st);
    if (r >= 0) wrong = jl_files_distrust(box, &st, !last);
    if (r >= 0 && !wrong) wrong = jl_sys_acl((int)fd);
    if (r >= 0 && !wrong && last) wrong = jl_sys_owners((int)fd);
    if (r >= 0 && !wrong && last) return box->home_fd = (int)fd, JAILER_OK;
    if (r >= 0 && !wrong) {
      size_t end = at + 1 + strcspn(path + at + 1, "/");
      path[end] = 0;
      r = jl_files_step((int)fd, path + at + 1, make, box->layout.home[end] ? 0755 : 0711);
      if (r >= 0) path[at = end] = box->layout.home[end];
    }
    jl_sys_close((int)fd);
    if (wrong) {
      path[at ? at : 1] = 0;
      return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_NONE, step, path, 0, wrong);
    }
    fd = r;
  }
  jailer_code code = jl_files_code(r);
  return jl_fail(err, code, JAILER_LAYER_NONE, step, path, (int)-r,
                 code == JAILER_E_UNSAFE ? "it is a symbolic link or no directory; name the home by its resolved path"
                                         : jl_files_why(code));
}

/* One of the launcher's directories by its row of the table; the last name of the row, in `parent`. */
static jailer_code jl_files_dir(const jl_box *box, int parent, const char *name, jailer_entry entry, bool make, int *fd,
                                jailer_error *err) {
  const jl_tab_entry *e = &jl_tab_entries[entry];
  char path[JAILER_PATH_MAX];
  jl_stat st;
  long opened = jl_files_step(parent, name, make, e->mode), r = opened;
  const char *why = NULL;
  *fd = -1;
  if (r >= 0) r = jl_sys_fstat((int)opened, &st);
  if (r >= 0 && e->checked) why = jl_files_distrust(box, &st, false);
  if (r >= 0 && e->checked && !why) why = jl_sys_acl((int)opened);
  /* a mode left tighter by a launch that was interrupted: the box could not reach its own entries. A box directory that
     lets its box's group pass (jl_files_box_give) is as it should be. */
  const bool passing = entry == JAILER_ENTRY_BOX && (st.mode & 07777) == 0710;
  if (r >= 0 && !why && make && !passing && st.uid == box->launcher && (st.mode & 07777) != e->mode)
    r = jl_sys_path_chmod((int)opened, e->mode);
  if (r >= 0 && !why) {
    *fd = (int)opened;
    return JAILER_OK;
  }
  if (opened >= 0) jl_sys_close((int)opened);
  jailer_code code = why ? JAILER_E_UNSAFE : jl_files_code(r);
  jl_layout_text(&box->layout, e, path, sizeof path);
  return jl_fail(err, code, JAILER_LAYER_NONE, "open a directory of the box", path, r < 0 ? (int)-r : 0,
                 why ? why : jl_files_why(code));
}

/* As jl_files_dir, checked or made and closed again. */
static jailer_code jl_files_dir_check(const jl_box *box, int parent, jailer_entry entry, bool make, jailer_error *err) {
  int fd;
  jailer_code code = jl_files_dir(box, parent, jl_tab_entries[entry].path, entry, make, &fd, err);
  jl_files_close(&fd);
  return code;
}

/* --- process identity -------------------------------------------------------------------------------------------- */

#if JL_LINUX

/* This boot of the machine, 36 characters and a NUL (/proc/sys/kernel/random/boot_id). */
static jailer_code jl_files_boot_id(char out[37], jailer_error *err) {
  const char *path = "/proc/sys/kernel/random/boot_id";
  char text[64];
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY, 0), r = fd;
  if (fd >= 0) {
    r = jl_sys_read_all((int)fd, text, sizeof text);
    jl_sys_close((int)fd);
  }
  if (r == 37 && text[36] == '\n' && strspn(text, "0123456789abcdef-") == 36) {
    memcpy(out, text, 36);
    out[36] = 0;
    return JAILER_OK;
  }
  return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "read the boot id", path, r < 0 ? (int)-r : 0,
                 "without it a pid file proves nothing; is /proc mounted?");
}

typedef struct jl_pid_stat {
  uint64_t start; /* field 22, clock ticks since boot */
  bool ended;     /* only an entry to be waited for: no thread of it runs */
} jl_pid_stat;

/* proc_pid_stat(5). Field 2 is the process's own choice of name, so what counts comes after the LAST ')'. A leader
   that is a zombie may have threads that run on, so the number of threads (field 20) counts too. */
static bool jl_files_stat_parse(const char *text, size_t n, jl_pid_stat *out) {
  uint64_t threads = 0, start = 0;
  bool zombie = false;
  while (n && text[n - 1] != ')') n--;
  const char *at = text + n;
  for (unsigned field = 3; field <= 22; field++) {
    if (*at != ' ') return false;
    size_t len = strcspn(++at, " \n");
    if (field == 3) zombie = *at == 'Z' || *at == 'X';
    if (field == 20 && !jl_parse_u64(at, len, &threads)) return false;
    if (field == 22 && !jl_parse_u64(at, len, &start)) return false;
    at += len;
  }
  out->start = start;
  out->ended = zombie && threads <= 1;
  return true;
}

/* 0, or a negated errno: -ENOENT and -ESRCH for no such process (or no view of it), -EPROTO for an unknown format. */
static long jl_files_pid_stat(int pid, jl_pid_stat *out) {
  char path[40], text[1024];
  jl_buf b = jl_buf_fixed(path, sizeof path);
  jl_buf_str(&b, "/proc/");
  jl_buf_u64(&b, (uint64_t)pid);
  jl_buf_str(&b, "/stat");
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY, 0);
  if (fd < 0) return fd;
  long r = jl_sys_read_all((int)fd, text, sizeof text - 1);
  jl_sys_close((int)fd);
  if (r < 0) return r;
  text[r] = 0;
  return jl_files_stat_parse(text, (size_t)r, out) ? 0 : -EPROTO;
}

#elif JL_DARWIN

/* This boot of the machine: a UUID, written here as Linux writes its own (sysctl kern.bootsessionuuid). */
static jailer_code jl_files_boot_id(char out[37], jailer_error *err) {
  const char *name = "kern.bootsessionuuid";
  char text[64];
  size_t n = sizeof text;
  memset(text, 0, sizeof text);
  const long r = jl_sys_result(sysctlbyname(name, text, &n, NULL, 0));
  for (size_t i = 0; i < sizeof text; i++)
    if (text[i] >= 'A' && text[i] <= 'F') text[i] = (char)(text[i] - 'A' + 'a');
  if (r == 0 && text[36] == 0 && strspn(text, "0123456789abcdef-") == 36) {
    memcpy(out, text, 37);
    return JAILER_OK;
  }
  return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "read the boot id", name, r < 0 ? (int)-r : 0,
                 "without it a pid file proves nothing");
}

typedef struct jl_pid_stat {
  uint64_t start; /* microseconds since 1970 */
  bool ended;     /* only an entry to be waited for */
} jl_pid_stat;

/* An ordinary user is told nothing of the processes of others but whose they are (PROC_PIDT_SHORTBSDINFO): none of them
   is a target of that user's, and no process has started at 0. What runs a set-uid program is one of both, and not
   told. */
static long jl_files_pid_foreign(int pid, jl_pid_stat *out) {
  struct proc_bsdshortinfo brief;
  out->start = 0;
  out->ended = false;
  if (geteuid() == 0) return -EPERM;
  const int n = proc_pidinfo(pid, PROC_PIDT_SHORTBSDINFO, 1, &brief, (int)sizeof brief);
  return n == (int)sizeof brief && brief.pbsi_uid != geteuid() && brief.pbsi_ruid != getuid() ? 0 : -EPERM;
}

/* libproc.h: 0, or a negated errno; -ESRCH for no such process. */
static long jl_files_pid_stat(int pid, jl_pid_stat *out) {
  struct proc_bsdinfo info;
  errno = 0;
  const int n = proc_pidinfo(pid, PROC_PIDTBSDINFO, 1, &info, (int)sizeof info); /* 1: zombies too */
  if (n <= 0 && errno == EPERM) return jl_files_pid_foreign(pid, out);
  if (n <= 0) return errno ? -(long)errno : -ESRCH;
  if (n != (int)sizeof info) return -EPROTO;
  out->start = info.pbi_start_tvsec * 1000000 + info.pbi_start_tvusec;
  out->ended = info.pbi_status == 5; /* SZOMB: sys/proc.h */
  return 0;
}

#endif /* JL_LINUX, JL_DARWIN */

/* --- what a box leaves behind ------------------------------------------------------------------------------------ */

#if JL_DARWIN && JL_SEATBELT

/* A process in the box's sandbox, which it cannot leave and shares with nobody: by the kernel's answers (sandbox_check)
   it may write the box's tmp/ and shared/, and not the lock beside them. dir: the box, as the kernel spells it. 1 it is
   one; 0 it is none; -1 nothing is said: it has ended, or is only being made. */
static int jl_files_in_box(const char *dir, int pid) {
  static const struct {
    const char *name;
    int answer;
  } asked[] = {{"/tmp", 0}, {"/shared", 0}, {"/lock", 1}};
  const int path = 1, no_report = 0x40000000; /* SANDBOX_FILTER_PATH, SANDBOX_CHECK_NO_REPORT: no line in the log */
  char text[JAILER_PATH_MAX];
  int answer = sandbox_check(pid, NULL, 0);
  if (answer != 1) return answer == 0 ? 0 : -1;
  for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
    jl_buf b = jl_buf_fixed(text, sizeof text);
    jl_buf_str(&b, dir);
    jl_buf_str(&b, asked[i].name);
    answer = b.failed ? !asked[i].answer : sandbox_check(pid, "file-write-data", path | no_report, text);
    if (answer != asked[i].answer) return answer == 0 || answer == 1 ? 0 : -1;
  }
  return 1;
}

/* The processes of this machine at one moment; an ordinary user's are that user's own. libproc.h, proc_listpids. */
typedef struct jl_pids {
  int *pid; /* 0 and less: one that has to be looked at again; less: that has said nothing */
  size_t count;
} jl_pids;

/* 0, or a negated errno: -EAGAIN where there may be more of them. */
static long jl_files_pids(jl_pids *out) {
  const uint32_t uid = geteuid(), type = uid == 0 ? PROC_ALL_PIDS : PROC_UID_ONLY;
  out->count = 0;
  errno = 0;
  const int size = proc_listpids(type, uid, NULL, 0); /* some more than there are */
  if (size <= 0) return errno ? -(long)errno : -EPROTO;
  out->pid = JAILER_MALLOC((size_t)size);
  if (!out->pid) return -ENOMEM;
  errno = 0;
  const int got = proc_listpids(type, uid, out->pid, size);
  if (got <= 0 || got > size) return errno ? -(long)errno : -EPROTO;
  out->count = (size_t)got / sizeof *out->pid;
  return got == size ? -EAGAIN : 0;
}

/* What an earlier look has of a process, 0: nothing. Two looks have most of them in the same order: at is where the
   next may be. */
static int jl_files_pid_known(const jl_pids *before, size_t *at, int pid) {
  for (size_t i = 0; i < before->count; i++) {
    const size_t k = (*at + i) % before->count;
    if (before->pid[k] != pid && before->pid[k] != -pid) continue;
    *at = k + 1;
    return before->pid[k];
  }
  return 0;
}

/* One look at those that the look before did not know: what is of the box is killed. *again: there was one, or one has
   ended since it was listed, and by then may have made another, which no list has yet and which may go on like that.
   One of which the kernel says nothing at all is being made, or ends: with patience it is waited for, later one that is
   so for more than a look is taken for what some device keeps from ending. Numbers of processes go round: one that ends
   after it was looked at is not at once another's. 0, or a negated errno. */
static long jl_files_rest_once(const char *dir, const jl_pids *before, jl_pids *now, bool patient, bool *again) {
  struct proc_bsdshortinfo info;
  size_t at = 0;
  long r = jl_files_pids(now);
  *again = r == -EAGAIN;
  if (*again) r = 0;
  for (size_t i = 0; r == 0 && i < now->count; i++) {
    const int pid = now->pid[i], known = pid > 1 && pid != getpid() ? jl_files_pid_known(before, &at, pid) : pid;
    const int in_box = known > 0 || pid <= 1 ? 0 : jl_files_in_box(dir, pid);
    if (in_box == 0) continue;
    /* one that waits to be taken away (1: zombies too) made what it made before the next list */
    const bool silent =
        in_box < 0 && proc_pidinfo(pid, PROC_PIDT_SHORTBSDINFO, 1, &info, (int)sizeof info) != (int)sizeof info;
    if (silent && known < 0 && !patient) continue;
    *again = true;
    if (in_box == 1) r = jl_sys_kill(pid, JL_SIGKILL);
    if (r == -ESRCH) r = 0;
    if (in_box == 1 || silent) now->pid[i] = silent ? -pid : 0;
  }
  return r;
}

/* Under the lock, when the target has ended: a process that it started and that made a session of its own goes on, with
   the box's disks open. Nobody else is in the box's sandbox, so it is found, and ended before the next launch. The end
   is a look that left nothing open: whoever lives then was made before, and has been looked at. */
static jailer_code jl_files_rest(const jl_box *box, jailer_error *err) {
  const char *step = "end what an earlier launch left";
  const uint64_t began = jl_sys_now_ms();
  jl_pids before = {NULL, 0}, now = {NULL, 0};
  char dir[JAILER_PATH_MAX];
  bool again = true;
  uint64_t spent = 0;
  long r = jl_sys_place(box->dir_fd, dir);
  for (unsigned looks = 1; r >= 0 && again && spent < 2000; looks++) {
    r = jl_files_rest_once(dir, &before, &now, spent < 500, &again);
    JAILER_FREE(before.pid);
    before = now;
    now.pid = NULL;
    if (again && (looks % 16 == 0 || spent >= 500)) jl_sys_sleep_ms(1);
    spent = jl_sys_now_ms() - began;
  }
  JAILER_FREE(before.pid);
  if (r < 0)
    return jl_files_fail(box, r == -ENOMEM ? JAILER_E_NO_MEMORY : JAILER_E_SYSTEM, step, "", r,
                         "the processes of this machine could not be listed, or one of the box's not ended", err);
  if (!again) return JAILER_OK;
  return jl_files_fail(box, JAILER_E_BUSY, step, "", 0, "there are processes in its sandbox that do not end", err);
}

#else

/* Nothing: with PID 1 of its namespace all of it has ended, or there are no walls to know it by. */
static jailer_code jl_files_rest(const jl_box *box, jailer_error *err) {
  (void)box, (void)err;
  return JAILER_OK;
}

#endif

/* The start time of a process, for its pid file. */
static jailer_code jl_files_pid_start(int pid, uint64_t *start, jailer_error *err) {
  jl_pid_stat st;
  long r = jl_files_pid_stat(pid, &st);
  if (r < 0)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "read a process's start time", NULL, (int)-r,
                   "without it a pid file proves nothing; on Linux: is /proc mounted?");
  *start = st.start;
  return JAILER_OK;
}

/* Whether the process that a pid file names still runs. When that cannot be seen (hidepid, no /proc) it does: a box
   that is wrongly called running is a nuisance, the other mistake is two VMMs on one disk. */
static jailer_code jl_files_pid_alive(int pid, uint64_t start, const char *boot_id, bool *alive, jailer_error *err) {
  char boot[37];
  jl_pid_stat st;
  *alive = true;
  jailer_code code = jl_files_boot_id(boot, err);
  if (code != JAILER_OK) return code;
  if (!jl_streq(boot, boot_id)) return *alive = false, JAILER_OK;
  if (jl_sys_kill(pid, 0) == -ESRCH) return *alive = false, JAILER_OK;
  long r = jl_files_pid_stat(pid, &st);
  if (r >= 0) *alive = st.start == start && !st.ended;
  if (r == -ENOENT || r == -ESRCH) *alive = jl_sys_kill(pid, 0) != -ESRCH;
  return JAILER_OK;
}

/* --- pid file: "PID START_TICKS BOOT_ID\n" ----------------------------------------------------------------------- */

typedef struct jl_pid_file {
  int pid; /* 0: there is no pid file */
  uint64_t start;
  char boot_id[37];
} jl_pid_file;

static jailer_code jl_files_pid_remove(const jl_box *box, jailer_error *err) {
  long r = jl_sys_unlinkat(box->dir_fd, "shim.pid", 0);
  return r >= 0 || r == -ENOENT ? JAILER_OK : jl_files_sys(box, "remove the pid file", "shim.pid", r, err);
}

/* Called while a child shares this memory: no allocation. A stale file is removed first: under the lock nobody needs
   it, and a rename over an existing file makes ext4 write the new one to disk before it returns (milliseconds). */
static jailer_code jl_files_pid_write(const jl_box *box, int pid, uint64_t start, const char *boot_id,
                                      jailer_error *err) {
  char text[96];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_i64(&b, pid);
  jl_buf_char(&b, ' ');
  jl_buf_u64(&b, start);
  jl_buf_char(&b, ' ');
  jl_buf_str(&b, boot_id);
  jl_buf_char(&b, '\n');
  if (b.failed || pid <= 0)
    return jl_files_fail(box, JAILER_E_INVALID, "write the pid file", "shim.pid", 0, "no such pid or boot id", err);
  jailer_code code = jl_files_pid_remove(box, err);
  return code == JAILER_OK ? jl_files_replace(box, "shim.pid", text, b.len, false, err) : code;
}

static bool jl_files_pid_parse(const char *text, size_t n, jl_pid_file *out) {
  uint64_t pid;
  const char *a = memchr(text, ' ', n);
  const char *c = a ? memchr(a + 1, ' ', n - (size_t)(a + 1 - text)) : NULL;
  if (!c || n - (size_t)(c + 1 - text) != 37 || text[n - 1] != '\n') return false;
  if (!jl_parse_u64(text, (size_t)(a - text), &pid) || pid == 0 || pid > INT_MAX) return false;
  if (!jl_parse_u64(a + 1, (size_t)(c - a - 1), &out->start)) return false;
  memcpy(out->boot_id, c + 1, 36);
  out->boot_id[36] = 0;
  out->pid = (int)pid;
  return strspn(out->boot_id, "0123456789abcdef-") == 36;
}

/* out->pid is 0 when there is none. An empty one is none, too: what a power cut may leave, and no process survives
   that. */
static jailer_code jl_files_pid_read(const jl_box *box, jl_pid_file *out, jailer_error *err) {
  char text[96];
  jailer_error local;
  size_t n = 0;
  memset(out, 0, sizeof *out);
  jailer_code code = jl_files_read(box, "shim.pid", text, sizeof text, &n, &local);
  if (code == JAILER_E_NOT_FOUND || (code == JAILER_OK && n == 0)) return JAILER_OK;
  if (code != JAILER_OK) return jl_files_report(code, &local, err);
  if (jl_files_pid_parse(text, n, out)) return JAILER_OK;
  memset(out, 0, sizeof *out);
  return jl_files_fail(box, JAILER_E_FORMAT, "read the pid file", "shim.pid", 0,
                       "it is not \"PID START BOOTID\"; make sure the box does not run, then remove the file", err);
}

/* Under the lock: no process of an earlier launch is left. */
static jailer_code jl_files_pid_check(const jl_box *box, jailer_error *err) {
  jl_pid_file file;
  bool alive = false;
  jailer_code code = jl_files_pid_read(box, &file, err);
  if (code == JAILER_OK && file.pid) code = jl_files_pid_alive(file.pid, file.start, file.boot_id, &alive, err);
  if (code != JAILER_OK) return code;
  if (!alive) return jl_files_rest(box, err);
  return jl_files_fail(box, JAILER_E_BUSY, "check the pid file", "shim.pid", 0,
                       "the process in the pid file runs; stop the box first", err);
}

/* --- open and close ---------------------------------------------------------------------------------------------- */

static jl_box jl_files_box_none(void) {
  jl_box box;
  memset(&box, 0, sizeof box);
  box.home_fd = box.boxes_fd = box.dir_fd = box.lock_fd = -1;
  return box;
}

/* Unlocked by name before the close: a thread that forked in this moment would keep the lock until its exec. */
static void jl_files_unlock(int *lock_fd) {
  if (*lock_fd >= 0) jl_sys_flock(*lock_fd, JL_LOCK_UN);
  jl_files_close(lock_fd);
}

/* May be called on a box that was never opened or is closed already. */
static void jl_files_box_close(jl_box *box) {
  jl_files_unlock(&box->lock_fd);
  jl_files_close(&box->dir_fd);
  jl_files_close(&box->boxes_fd);
  jl_files_close(&box->home_fd);
}

/* The lock must still be ID/lock, and ID still boxes/ID: a removal may have come between open and flock. */
static jailer_code jl_files_lock(jl_box *box, jailer_error *err) {
  const char *step = "lock the box";
  jl_stat held, lock, here, there;
  long r = jl_files_create(box->dir_fd, "lock", 0600);
  jailer_code code = JAILER_OK;
  if (r >= 0) box->lock_fd = (int)r;
  if (r == -EEXIST) code = jl_files_own_open(box, "lock", JL_O_RDWR, &box->lock_fd, &lock, err);
  if (code != JAILER_OK) return code;
  if (box->lock_fd < 0) return jl_files_sys(box, step, "lock", r, err);
  r = jl_sys_flock(box->lock_fd, JL_LOCK_EX | JL_LOCK_NB);
  if (r == -EAGAIN)
    return jl_files_fail(box, JAILER_E_BUSY, step, "lock", r, "the box runs, or is being launched or removed", err);
  if (r >= 0) r = jl_sys_fstat(box->lock_fd, &held);
  if (r >= 0) r = jl_sys_stat(box->dir_fd, "lock", JL_AT_SYMLINK_NOFOLLOW, &lock);
  if (r >= 0) r = jl_sys_fstat(box->dir_fd, &here);
  if (r >= 0) r = jl_sys_stat(box->boxes_fd, box->layout.id, JL_AT_SYMLINK_NOFOLLOW, &there);
  if (r < 0 && r != -ENOENT) return jl_files_sys(box, step, "lock", r, err);
  if (r >= 0 && held.ino == lock.ino && here.ino == there.ino && here.dev == there.dev) return JAILER_OK;
  return jl_files_fail(box, JAILER_E_BUSY, step, "lock", 0, "the box was removed in this moment; try again", err);
}

/* What a launch that was killed may have left. Only under the lock. */
static jailer_code jl_files_tidy(const jl_box *box, jailer_error *err) {
  long r = jl_sys_unlinkat(box->dir_fd, JL_FILES_TEMP, 0), bin;
  if (r == -ENOENT) r = 0;
  bin = r < 0 ? r : jl_files_step(box->dir_fd, "bin", false, 0);
  if (bin == -ENOENT) return JAILER_OK;
  if (bin >= 0) {
    r = jl_sys_unlinkat((int)bin, JL_FILES_TEMP, 0);
    jl_sys_close((int)bin);
  } else {
    r = bin;
  }
  return r >= 0 || r == -ENOENT ? JAILER_OK : jl_files_sys(box, "clean up after an earlier launch", "", r, err);
}

/* A target of the launcher's own uid can change the mode of what it holds open, shim.stderr and exit: put back, through
   O_PATH, which no mode shuts out. Whose file it is the next step asks. */
static jailer_code jl_files_mend(const jl_box *box, const char *name, jailer_error *err) {
  jailer_error local;
  jl_stat st;
  int fd;
  jailer_code code = jl_files_open(box, box->dir_fd, name, name, JL_O_PATH, JL_S_IFREG, &fd, &st, &local);
  if (code == JAILER_E_NOT_FOUND) return JAILER_OK;
  if (code != JAILER_OK) return jl_files_report(code, &local, err);
  long r = (st.mode & 07777) == 0600 ? 0 : jl_sys_path_chmod(fd, 0600);
  jl_files_close(&fd);
  return r < 0 && r != -EPERM ? jl_files_sys(box, "put a file's mode back", name, r, err) : JAILER_OK;
}

/* Every file of the launcher's that exists is what it should be, before anything is read, written or emptied. */
static jailer_code jl_files_vet(const jl_box *box, jailer_error *err) {
  jailer_error local;
  jailer_code code = jl_files_mend(box, "shim.stderr", err);
  if (code != JAILER_OK) return code;
  for (unsigned i = 0; i < JAILER_ENTRY_COUNT; i++) {
    const jl_tab_entry *e = &jl_tab_entries[i];
    jl_stat st;
    int fd;
    if (!e->in_box || e->is_dir || !e->checked) continue;
    code = jl_files_own_open(box, e->path, JL_O_PATH, &fd, &st, &local);
    jl_files_close(&fd);
    if (code != JAILER_OK && code != JAILER_E_NOT_FOUND) return jl_files_report(code, &local, err);
  }
  return JAILER_OK;
}

static jailer_code jl_files_box_checks(jl_box *box, unsigned how, jailer_error *err) {
  bool make = how & JL_BOX_MAKE;
  if (how & JL_BOX_HELD) return JAILER_OK;
  jailer_code code = jl_files_lock(box, err);
  if (code == JAILER_OK && !(how & JL_BOX_ENDED)) code = jl_files_pid_check(box, err);
  if (code != JAILER_OK || (how & (JL_BOX_REMOVE | JL_BOX_ENDED))) return code;
  code = jl_files_dir_check(box, box->dir_fd, JAILER_ENTRY_BIN, make, err);
  if (code == JAILER_OK) code = jl_files_dir_check(box, box->dir_fd, JAILER_ENTRY_DISKS, make, err);
  if (code == JAILER_OK) code = jl_files_tidy(box, err);
  if (code == JAILER_OK) code = jl_files_vet(box, err);
  return code;
}

/* Who the launcher is decides whose the box's entries are. Root gives each box a uid of its own. An ordinary user has
   one uid to give, and so has root of a namespace that does not map every id (a rootless container): the uids of
   HOME/uids do not exist in there (chown says EINVAL). Root without CAP_CHOWN is neither: it can give nothing away, and
   a box of its own would be root's. That is said before anything is made; what exists can still be read and removed. */
static jailer_code jl_files_box_launcher(jl_box *box, unsigned how, jailer_error *err) {
  const char *step = "look who the launcher is";
  jl_self self;
  long r = jl_probe_self(&self);
  if (r < 0)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, step, JL_DARWIN ? NULL : "/proc/self/uid_map", (int)-r,
                   "getresuid(2), capget(2) or proc_pidinfo failed, or /proc cannot be read: whose a box's files are "
                   "could not be told");
  /* a container's nobody, whose uid is mapped, is told from strangers by the kernel: it cannot lock a box of theirs */
  if (self.nested && self.uid == self.overflow && !self.overflow_used)
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_NONE, step, NULL, 0,
                   "the launcher has no uid in its user namespace, so that everybody's files look like its own; write "
                   "the namespace's uid_map first");
  box->launcher = box->uid = self.uid;
  box->gives = self.gives;
  box->gid = box->gives ? 0 : self.gid;
  box->outsider = self.nested && !self.overflow_used ? self.overflow : 0;
  if (!(how & JL_BOX_MAKE) || (how & JL_BOX_ROOT) || self.uid != 0 || self.nested || box->gives) return JAILER_OK;
  return jl_fail(err, JAILER_E_DENIED, JAILER_LAYER_NONE, step, NULL, EPERM,
                 "root without CAP_CHOWN cannot give a box a uid of its own; nothing was made: run the launcher with "
                 "this capability, or as an ordinary user");
}

/* Opens HOME, boxes/ and ID/ step by step, checks that they, bin/ and disks/ are the launcher's alone, takes the lock
   and checks that no process of an earlier launch is left. BUSY, UNSAFE, NOT_FOUND, ...; on failure *out holds
   nothing. how: JL_BOX_* */
static jailer_code jl_files_box_open(const jailer_layout *layout, unsigned how, jl_box *out, jailer_error *err) {
  bool make = how & JL_BOX_MAKE;
  *out = jl_files_box_none();
  jailer_code code = jl_layout_check(layout, err);
  if (code != JAILER_OK) return code;
  out->layout = *layout;
  code = jl_files_box_launcher(out, how, err);
  if (code == JAILER_OK) code = jl_files_home(out, make, err);
  if (code == JAILER_OK) code = jl_files_dir(out, out->home_fd, "boxes", JAILER_ENTRY_BOXES, make, &out->boxes_fd, err);
  if (code == JAILER_OK)
    code = jl_files_dir(out, out->boxes_fd, out->layout.id, JAILER_ENTRY_BOX, make, &out->dir_fd, err);
  if (code == JAILER_OK) code = jl_files_box_checks(out, how, err);
  if (code != JAILER_OK) jl_files_box_close(out);
  return code;
}

/* --- uids: HOME/uids/N holds the id of the box that owns uid N, ID/uid holds N ----------------------------------- */

static void jl_files_uid_text(char text[12], uint32_t uid) {
  jl_buf b = jl_buf_fixed(text, 12);
  jl_buf_u64(&b, uid);
}

/* Who holds a uid: 0 and *mine, or a negated errno. A file still empty is somebody's claim in the making, not ours. */
static long jl_files_uid_holder(const jl_box *box, int uids_fd, uint32_t uid, bool *mine) {
  char name[12], text[JAILER_ID_MAX + 1];
  size_t n = strlen(box->layout.id);
  jl_files_uid_text(name, uid);
  *mine = false;
  long fd = jl_files_at(uids_fd, name, JL_O_RDONLY | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
  if (fd < 0) return fd;
  long r = jl_sys_read_all((int)fd, text, sizeof text);
  jl_sys_close((int)fd);
  if (r >= 0) *mine = (size_t)r == n + 1 && !memcmp(text, box->layout.id, n) && text[n] == '\n';
  return r < 0 ? r : 0;
}

/* Claims one uid. -EEXIST: it has a holder, or just gets one. An empty file that nobody locks was left by a launcher
   that was killed in here: it is filled as a new one is. */
static long jl_files_uid_claim(const jl_box *box, int uids_fd, uint32_t uid) {
  char name[12], text[JAILER_ID_MAX + 1];
  size_t n = strlen(box->layout.id);
  jl_stat st, named;
  jl_files_uid_text(name, uid);
  memcpy(text, box->layout.id, n);
  text[n] = '\n';
  long fd = jl_files_create(uids_fd, name, 0600), r;
  if (fd == -EEXIST) fd = jl_files_at(uids_fd, name, JL_O_RDWR | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
  if (fd < 0) return fd;
  r = jl_sys_flock((int)fd, JL_LOCK_EX | JL_LOCK_NB);
  if (r >= 0) r = jl_sys_fstat((int)fd, &st);
  if (r >= 0) r = jl_sys_stat(uids_fd, name, JL_AT_SYMLINK_NOFOLLOW, &named); /* or it was released meanwhile */
  if (r == -EAGAIN || (r >= 0 && (st.size || st.ino != named.ino))) r = -EEXIST;
  if (r < 0) {
    jl_sys_close((int)fd); /* the file stays: somebody may have filled it since */
    return r;
  }
  r = jl_sys_write_all((int)fd, text, n + 1);
  if (r >= 0) r = jl_sys_fsync((int)fd); /* before ID/uid says so: a claim that a power cut empties would be lost */
  if (r < 0) jl_sys_unlinkat(uids_fd, name, 0); /* while it is locked, so that it is nobody else's */
  jl_sys_close((int)fd);                        /* fsync has reported all there is */
  return r;
}

/* FNV-1a over the id and the home's identity, so that boxes of one name in two homes start at different uids. */
static uint32_t jl_files_uid_hash(const jl_box *box, const jl_stat *home) {
  uint64_t h = 0xcbf29ce484222325u, seed[2];
  seed[0] = home->dev;
  seed[1] = home->ino;
  for (size_t i = 0; i < sizeof seed; i++) h = (h ^ ((const unsigned char *)seed)[i]) * 0x100000001b3u;
  for (const char *c = box->layout.id; *c; c++) h = (h ^ (unsigned char)*c) * 0x100000001b3u;
  return (uint32_t)(h >> 32 ^ h) % (JL_FILES_UID_END - JL_FILES_UID_FIRST);
}

/* The first uid from the hash on that is free, or that an interrupted launch of this box claimed; *claimed says
   which. */
static long jl_files_uid_search(const jl_box *box, int uids_fd, uint32_t *uid, bool *claimed) {
  jl_stat home;
  long r = jl_sys_fstat(box->home_fd, &home);
  if (r < 0) return r;
  uint32_t from = jl_files_uid_hash(box, &home);
  *claimed = false;
  for (uint32_t i = 0; i < JL_FILES_UID_TRIES; i++) {
    bool mine = false;
    *uid = JL_FILES_UID_FIRST + (from + i) % (JL_FILES_UID_END - JL_FILES_UID_FIRST);
    r = jl_files_uid_claim(box, uids_fd, *uid);
    *claimed = r >= 0;
    if (r == -EEXIST) r = jl_files_uid_holder(box, uids_fd, *uid, &mine);
    if (*claimed || mine || (r < 0 && r != -ENOENT)) return r; /* ENOENT: released in this moment; the next will do */
  }
  return -ENOSPC;
}

/* What ID/uid remembers; *uid is 0 when there is none. */
static jailer_code jl_files_uid_read(const jl_box *box, uint32_t *uid, jailer_error *err) {
  jailer_error local;
  char text[16];
  uint64_t value = 0;
  size_t n = 0;
  *uid = 0;
  jailer_code code = jl_files_read(box, JL_FILES_UID, text, sizeof text, &n, &local);
  if (code == JAILER_E_NOT_FOUND) return JAILER_OK;
  if (code != JAILER_OK) return jl_files_report(code, &local, err);
  if (n == 0 || text[n - 1] != '\n' || !jl_parse_u64(text, n - 1, &value) || value < JL_FILES_UID_FIRST ||
      value >= JL_FILES_UID_END)
    return jl_files_fail(box, JAILER_E_FORMAT, "read the box's uid", JL_FILES_UID, 0, jl_files_odd, err);
  *uid = (uint32_t)value;
  return JAILER_OK;
}

/* A remembered uid counts only while the registry agrees: a box directory that was copied brings its uid file along. */
static jailer_code jl_files_uid_confirm(const jl_box *box, int uids_fd, uint32_t uid, jailer_error *err) {
  const char *step = "confirm the box's uid";
  bool mine = false;
  long r = jl_files_uid_holder(box, uids_fd, uid, &mine);
  if (r == -ENOENT) {
    r = jl_files_uid_claim(box, uids_fd, uid);
    mine = r >= 0;
    if (r == -EEXIST) r = 0;
  }
  if (r < 0) return jl_files_sys(box, step, JL_FILES_UID, r, err);
  if (mine) return JAILER_OK;
  return jl_files_fail(box, JAILER_E_UNSAFE, step, JL_FILES_UID, 0,
                       "HOME/uids gives this uid to another box; remove ID/uid, and this box gets a new one", err);
}

static jailer_code jl_files_uid_new(const jl_box *box, int uids_fd, uint32_t *uid, jailer_error *err) {
  char name[12], text[13];
  bool claimed = false;
  long r = jl_files_uid_search(box, uids_fd, uid, &claimed);
  if (r == -ENOSPC && !claimed)
    return jl_files_fail(box, JAILER_E_LIMIT, "choose a uid", JL_FILES_UID, r,
                         "no free uid was found (or the disk is full); remove boxes that are no longer needed", err);
  if (r < 0) return jl_files_sys(box, "choose a uid", JL_FILES_UID, r, err);
  jl_files_uid_text(name, *uid);
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_str(&b, name);
  jl_buf_char(&b, '\n');
  jailer_code code = jl_files_replace(box, JL_FILES_UID, text, b.len, true, err);
  if (code != JAILER_OK) jl_sys_unlinkat(uids_fd, name, 0);
  return code;
}

/* The default uid of a root launcher's box: its own, never shared with another box of this home, the same at every
   launch, released when the box is removed. Safe against other launchers. Also sets box->uid and box->gid. */
static jailer_code jl_files_box_uid(jl_box *box, uint32_t *uid, jailer_error *err) {
  int uids_fd = -1;
  jailer_code code = jl_files_uid_read(box, uid, err);
  if (code == JAILER_OK) code = jl_files_dir(box, box->home_fd, "uids", JAILER_ENTRY_UIDS, true, &uids_fd, err);
  if (code == JAILER_OK)
    code = *uid ? jl_files_uid_confirm(box, uids_fd, *uid, err) : jl_files_uid_new(box, uids_fd, uid, err);
  jl_files_close(&uids_fd);
  if (code != JAILER_OK) *uid = 0;
  if (code == JAILER_OK) box->uid = box->gid = *uid;
  return code;
}

/* --- giving the box its entries ---------------------------------------------------------------------------------- */

/* Owner and mode of one entry through its O_PATH descriptor, so that a mode of 0 that the box set does not lock us
   out. The old owner must be one that is expected: the box, the uid the box had before, or, with `ours`, the launcher:
   in a directory that the target can write, a file of the launcher's may be another one under this name. mode 0: kept.
   */
static jailer_code jl_files_give_one(const jl_box *box, int fd, const jl_stat *st, bool ours, uint32_t before,
                                     unsigned mode, const char *shown, jailer_error *err) {
  const char *step = "give an entry to the box";
  long r = 0;
  if (!(ours && st->uid == box->launcher) && st->uid != box->uid && st->uid != before)
    return jl_files_fail(box, JAILER_E_UNSAFE, step, shown, 0, jl_files_odd, err);
  /* an ordinary user cannot choose the group; a set-group-id parent directory may have */
  if (st->uid != box->uid || (box->gives && st->gid != box->gid)) r = jl_sys_path_chown(fd, box->uid, box->gid);
  if (r >= 0 && mode && (st->mode & 07777) != mode) r = jl_sys_path_chmod(fd, mode);
  return r < 0 ? jl_files_sys(box, step, shown, r, err) : JAILER_OK;
}

static jailer_code jl_files_give_dir(const jl_box *box, const jl_tab_entry *e, uint32_t before, jailer_error *err) {
  jl_stat st;
  long r, fd = jl_files_step(box->dir_fd, e->path, true, e->mode);
  if (fd < 0) return jl_files_sys(box, "give an entry to the box", e->path, fd, err);
  int opened = (int)fd;
  r = jl_sys_fstat(opened, &st);
  jailer_code code = r < 0 ? jl_files_sys(box, "give an entry to the box", e->path, r, err)
                           : jl_files_give_one(box, opened, &st, true, before, e->mode, e->path, err);
  jl_files_close(&opened);
  return code;
}

/* One file of the table in its already opened directory: created when it is missing and `made`, then given. */
static jailer_code jl_files_give_file(const jl_box *box, int dir, const char *name, const jl_tab_entry *e, bool ours,
                                      uint32_t before, jailer_error *err) {
  const char *step = "create a file of the box";
  jailer_error local;
  jl_stat st;
  int fd = -1;
  jailer_code code = jl_files_open(box, dir, name, e->path, JL_O_PATH, JL_S_IFREG, &fd, &st, &local);
  if (code == JAILER_E_NOT_FOUND) {
    if (!e->made) return JAILER_OK;
    long made = jl_files_create(dir, name, e->mode);
    if (made < 0) return jl_files_sys(box, step, e->path, made, err);
    jl_sys_close((int)made);
    ours = true;
    code = jl_files_open(box, dir, name, e->path, JL_O_PATH, JL_S_IFREG, &fd, &st, &local);
  }
  if (code != JAILER_OK) return jl_files_report(code, &local, err);
  code = jl_files_give_one(box, fd, &st, ours, before, e->mode, e->path, err);
  jl_files_close(&fd);
  return code;
}

/* Empties `exit`: what an earlier run said there must not speak for the next. */
static jailer_code jl_files_exit_clear(const jl_box *box, jailer_error *err) {
  jl_stat st;
  int fd = -1;
  jailer_code code = jl_files_mend(box, "exit", err);
  if (code == JAILER_OK) code = jl_files_open(box, box->dir_fd, "exit", "exit", JL_O_WRONLY, JL_S_IFREG, &fd, &st, err);
  if (code != JAILER_OK) return code;
  long r = st.size ? jl_sys_ftruncate(fd, 0) : 0;
  jl_files_close(&fd);
  return r < 0 ? jl_files_sys(box, "empty the exit file", "exit", r, err) : JAILER_OK;
}

/* logs/console.log, disks/disk.qcow2: the directory is opened by its own name, then the file in it. */
static jailer_code jl_files_give_path(const jl_box *box, const jl_tab_entry *e, uint32_t before, jailer_error *err) {
  char parent[16];
  jl_stat st;
  const char *slash = strchr(e->path, '/');
  size_t n = slash ? (size_t)(slash - e->path) : 0;
  if (!slash) return jl_files_give_file(box, box->dir_fd, e->path, e, true, before, err);
  memcpy(parent, e->path, n < sizeof parent ? n : 0);
  parent[n < sizeof parent ? n : 0] = 0;
  long fd = jl_files_step(box->dir_fd, parent, true, 0700);
  if (fd < 0) return jl_files_sys(box, "open a directory of the box", parent, fd, err);
  int dir = (int)fd;
  jailer_code code = JAILER_OK;
  long r = jl_sys_fstat(dir, &st);
  /* a box of our own uid can take our permission to enter logs/ */
  if (r >= 0 && (st.mode & 0700) != 0700) r = jl_sys_path_chmod(dir, 0700);
  if (r < 0) code = jl_files_sys(box, "open a directory of the box", parent, r, err);
  if (code == JAILER_OK) code = jl_files_give_file(box, dir, slash + 1, e, st.uid == box->launcher, before, err);
  jl_files_close(&dir);
  return code;
}

/* Makes what the table says is made below ID/ and gives the box's entries to uid and gid (as root; otherwise they
   must be the caller's own). Sets box->uid and box->gid. Files before directories: logs/ tells who owned the box
   before, so a launch that is interrupted between them is repeated with the same answer. */
static jailer_code jl_files_box_give(jl_box *box, uint32_t uid, uint32_t gid, jailer_error *err) {
  jailer_code code = JAILER_OK;
  jl_stat logs;
  long r = jl_sys_stat(box->dir_fd, "logs", JL_AT_SYMLINK_NOFOLLOW, &logs);
  if (r < 0 && r != -ENOENT) return jl_files_sys(box, "look at the box's directories", "logs", r, err);
  uint32_t before = r < 0 ? box->launcher : logs.uid;
  box->uid = uid;
  box->gid = gid;
  if (box->gives) { /* the box's group may pass, and nobody else: what the target opens to all stays shut */
    r = jl_sys_path_chown(box->dir_fd, UINT32_MAX, gid);
    if (r >= 0) r = jl_sys_path_chmod(box->dir_fd, 0710);
    if (r < 0) return jl_files_sys(box, "give an entry to the box", "", r, err);
  }
  for (unsigned pass = 0; pass < 2; pass++) {
    for (unsigned i = 0; i < JAILER_ENTRY_COUNT && code == JAILER_OK; i++) {
      const jl_tab_entry *e = &jl_tab_entries[i];
      if (!e->in_box || i == JAILER_ENTRY_BOX || e->is_dir != (pass == 1)) continue;
      if (!e->box_owned && e->is_dir) code = jl_files_dir_check(box, box->dir_fd, (jailer_entry)i, true, err);
      if (e->box_owned)
        code = e->is_dir ? jl_files_give_dir(box, e, before, err) : jl_files_give_path(box, e, before, err);
    }
  }
  return code == JAILER_OK ? jl_files_exit_clear(box, err) : code;
}

/* A launcher that cannot give is one uid; root gives each box its own unless told a number. */
static jailer_code jl_files_box_ids(jl_box *box, uint32_t *uid, uint32_t *gid, jailer_error *err) {
  if (!box->gives) {
    if ((*uid && *uid != box->launcher) || (*gid && *gid != box->gid))
      return jl_files_fail(box, JAILER_E_INVALID, "choose a uid", "", 0,
                           "only root can give a box another uid or gid, and not root of a rootless container; pass 0 "
                           "for your own",
                           err);
    *uid = box->launcher;
    *gid = box->gid;
    return JAILER_OK;
  }
  if (*uid == UINT32_MAX || *gid == UINT32_MAX)
    return jl_files_fail(box, JAILER_E_INVALID, "choose a uid", "", 0, "4294967295 is not a uid or gid", err);
  jailer_code code = *uid ? JAILER_OK : jl_files_box_uid(box, uid, err);
  if (!*gid) *gid = *uid;
  return code;
}

/* Opens and locks a box, making what is missing above it. how: JL_BOX_ROOT or 0. */
static jailer_code jl_files_prepare(const jailer_layout *layout, unsigned how, jl_box *box, jailer_error *err) {
  jailer_code code = jl_files_box_open(layout, JL_BOX_MAKE | how, box, err);
  if (code != JAILER_OK) return code;
  long r = jl_files_step(box->home_fd, "bases", true, jl_tab_entries[JAILER_ENTRY_BASES].mode);
  if (r >= 0) {
    jl_sys_close((int)r);
    r = jl_files_step(box->home_fd, "images", true, jl_tab_entries[JAILER_ENTRY_IMAGES].mode);
  }
  if (r >= 0) jl_sys_close((int)r);
  if (r < 0 && r != -ENOTDIR) /* a link to a larger disk is the owner's business: chains are checked when resolved */
    code = jl_fail(err, jl_files_code(r), JAILER_LAYER_NONE, "create bases and images", box->layout.home, (int)-r,
                   jl_files_why(jl_files_code(r)));
  if (code == JAILER_OK) code = jl_files_dir_check(box, box->home_fd, JAILER_ENTRY_UIDS, true, err);
  if (code != JAILER_OK) jl_files_box_close(box);
  return code;
}

JAILER_API jailer_code jailer_layout_prepare(const jailer_layout *layout, uint32_t uid, uint32_t gid,
                                             jailer_error *err) {
  jl_box box;
  jailer_code code = jl_files_prepare(layout, 0, &box, err);
  if (code != JAILER_OK) return code;
  code = jl_files_box_ids(&box, &uid, &gid, err);
  if (code == JAILER_OK) code = jl_files_box_give(&box, uid, gid, err);
  jl_files_box_close(&box);
  return code;
}

/* --- stderr and exit --------------------------------------------------------------------------------------------- */

/* shim.stderr for the launch: emptied, appended to, the launcher's, 0600. The caller closes *fd. */
static jailer_code jl_files_stderr_open(const jl_box *box, int *fd, jailer_error *err) {
  const char *step = "open the stderr file";
  jailer_code code = JAILER_OK;
  jl_stat st;
  *fd = -1;
  long r = jl_files_create(box->dir_fd, "shim.stderr", 0600);
  if (r >= 0) jl_sys_close((int)r); /* opened again for appending only: what the target gets must not read */
  if (r < 0 && r != -EEXIST) return jl_files_sys(box, step, "shim.stderr", r, err);
  if ((code = jl_files_mend(box, "shim.stderr", err))) return code;
  code = jl_files_own_open(box, "shim.stderr", JL_O_WRONLY | JL_O_APPEND, fd, &st, err);
  if (code != JAILER_OK) return code;
  r = jl_sys_fchmod(*fd, 0600); /* a target with the launcher's uid may have changed it through its descriptor */
  if (r >= 0) r = jl_sys_ftruncate(*fd, 0);
  if (r >= 0) r = jl_sys_fcntl(*fd, JL_F_SETFL, JL_O_APPEND); /* O_NONBLOCK was for the open */
  if (r >= 0) return JAILER_OK;
  jl_files_close(fd);
  return jl_files_sys(box, step, "shim.stderr", r, err);
}

/* What the jailed process left in `exit`: at most `size` bytes, hostile, not terminated. LIMIT when there is more (the
   first `size` bytes are in buf). *len is what was read. */
static jailer_code jl_files_exit_read(const jl_box *box, char *buf, size_t size, size_t *len, jailer_error *err) {
  const char *step = "read the exit file";
  char more;
  jl_stat st;
  int fd = -1;
  *len = 0;
  jailer_code code = jl_files_mend(box, "exit", err);
  if (code == JAILER_OK) code = jl_files_open(box, box->dir_fd, "exit", "exit", JL_O_RDONLY, JL_S_IFREG, &fd, &st, err);
  if (code != JAILER_OK) return code;
  long r = jl_sys_read_all(fd, buf, size), rest = 0;
  if (r >= 0) *len = (size_t)r;
  if (r >= 0 && (size_t)r == size) rest = jl_sys_read(fd, &more, 1);
  jl_files_close(&fd);
  if (r >= 0 && rest < 0) r = rest;
  if (r < 0) return jl_files_sys(box, step, "exit", r, err);
  return rest ? jl_files_fail(box, JAILER_E_LIMIT, step, "exit", 0, "it is longer than anything expected there", err)
              : JAILER_OK;
}

/* The end of what the jailed process left in `exit`, at most `size` bytes, from the beginning of a line on; 0 when it
   cannot be read. */
static size_t jl_files_exit_tail(const jl_box *box, char *buf, size_t size) {
  jl_stat st;
  int fd = -1;
  if (jl_files_open(box, box->dir_fd, "exit", "exit", JL_O_RDONLY, JL_S_IFREG, &fd, &st, NULL)) return 0;
  const uint64_t from = st.size > size ? st.size - size : 0;
  const long r = jl_sys_pread(fd, buf, size, from);
  jl_files_close(&fd);
  const size_t n = r > 0 ? (size_t)r : 0;
  const char *line = n && from ? memchr(buf, '\n', n) : NULL;
  if (!from) return n;
  if (!line) return 0;
  memmove(buf, line + 1, (size_t)(buf + n - (line + 1)));
  return (size_t)(buf + n - (line + 1));
}

/* --- copies into bin/ -------------------------------------------------------------------------------------------- */

/* One line of ID/copies: what a file of bin/ was copied from, and the copy as it was then. Anything that writes, links,
   renames or changes the mode of either shows in the change time, which no user can set. */
typedef struct jl_copied {
  char name[JL_FILES_NAME_MAX];
  uint64_t src_dev, src_ino, src_size, src_mtime, src_ctime, dst_dev, dst_ino, dst_size, dst_ctime;
} jl_copied;

typedef struct jl_copies {
  jl_copied at[JL_FILES_COPIES_MAX];
  size_t count;
} jl_copies;

#define JL_FILES_COPIES_HEAD "jailer copies 1\n"
#define JL_FILES_COPIES_TEXT (sizeof JL_FILES_COPIES_HEAD + (size_t)JL_FILES_COPIES_MAX * (JL_FILES_NAME_MAX + 9 * 21))

/* The nine numbers of a line, in the order of the text. */
static uint64_t *jl_files_copy_field(jl_copied *c, unsigned i) {
  uint64_t *fields[9];
  fields[0] = &c->src_dev, fields[1] = &c->src_ino, fields[2] = &c->src_size, fields[3] = &c->src_mtime;
  fields[4] = &c->src_ctime, fields[5] = &c->dst_dev, fields[6] = &c->dst_ino, fields[7] = &c->dst_size;
  fields[8] = &c->dst_ctime;
  return fields[i];
}

static jl_copied *jl_files_copy_find(jl_copies *all, const char *name) {
  for (size_t i = 0; i < all->count; i++)
    if (jl_streq(all->at[i].name, name)) return &all->at[i];
  return NULL;
}

/* "NAME n n n n n n n n n\n", single spaces, nothing else. */
static bool jl_files_copy_line(const char *line, size_t n, jl_copied *c) {
  const char *end = line + n, *at = memchr(line, ' ', n);
  if (!at || (size_t)(at - line) >= sizeof c->name) return false;
  memset(c, 0, sizeof *c);
  memcpy(c->name, line, (size_t)(at - line));
  for (unsigned i = 0; i < 9; i++) {
    const char *from = at + 1;
    at = i < 8 ? memchr(from, ' ', (size_t)(end - from)) : end;
    if (!at || !jl_parse_u64(from, (size_t)(at - from), jl_files_copy_field(c, i))) return false;
  }
  return jl_layout_name(c->name, sizeof c->name - 1, "._+-");
}

/* Strict; text that is not exactly a record is no record, and everything is copied again, which is always safe. */
static bool jl_files_copies_parse(const char *text, size_t n, jl_copies *out) {
  const size_t head = sizeof JL_FILES_COPIES_HEAD - 1;
  out->count = 0;
  if (n < head || memcmp(text, JL_FILES_COPIES_HEAD, head) != 0) return false;
  for (size_t at = head; at < n;) {
    const char *newline = memchr(text + at, '\n', n - at);
    jl_copied c;
    if (!newline || out->count == JL_FILES_COPIES_MAX) return false;
    if (!jl_files_copy_line(text + at, (size_t)(newline - text) - at, &c)) return false;
    if (jl_files_copy_find(out, c.name)) return false;
    out->at[out->count++] = c;
    at = (size_t)(newline - text) + 1;
  }
  return true;
}

static jailer_code jl_files_copies_read(const jl_box *box, jl_copies *out, jailer_error *err) {
  char text[JL_FILES_COPIES_TEXT];
  jailer_error local;
  size_t n = 0;
  out->count = 0;
  jailer_code code = jl_files_read(box, "copies", text, sizeof text, &n, &local);
  if (code == JAILER_E_NOT_FOUND || code == JAILER_E_LIMIT) return JAILER_OK;
  if (code == JAILER_OK && !jl_files_copies_parse(text, n, out)) out->count = 0;
  return jl_files_report(code, &local, err);
}

static jailer_code jl_files_copies_write(const jl_box *box, jl_copies *all, jailer_error *err) {
  char text[JL_FILES_COPIES_TEXT];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_str(&b, JL_FILES_COPIES_HEAD);
  for (size_t i = 0; i < all->count; i++) {
    jl_buf_str(&b, all->at[i].name);
    for (unsigned f = 0; f < 9; f++) {
      jl_buf_char(&b, ' ');
      jl_buf_u64(&b, *jl_files_copy_field(&all->at[i], f));
    }
    jl_buf_char(&b, '\n');
  }
  if (b.failed) return jl_files_fail(box, JAILER_E_LIMIT, "write the record of copies", "copies", 0, jl_files_odd, err);
  return jl_files_replace(box, "copies", text, b.len, false, err);
}

static bool jl_files_copy_same(const jl_copied *c, const jl_stat *src, const jl_stat *dst) {
  return c->src_dev == src->dev && c->src_ino == src->ino && c->src_size == src->size &&
         c->src_mtime == (uint64_t)src->mtime_ns && c->src_ctime == (uint64_t)src->ctime_ns && c->dst_dev == dst->dev &&
         c->dst_ino == dst->ino && c->dst_size == dst->size && c->dst_ctime == (uint64_t)dst->ctime_ns;
}

/* A source that changed in the same clock tick in which it was copied looks unchanged for ever after: such a copy is
   not recorded and made again at the next launch. `filled` is the file's time before the last look at the source: what
   came after that, a slow fsync(2) or rename(2), makes no source older. Kernel ticks are at most 10 ms; whole seconds
   mean a coarse file system. */
static bool jl_files_copy_settled(const jl_stat *src, int64_t filled_ns) {
  int64_t margin = src->ctime_ns % 1000000000 == 0 ? 2000000000 : 20000000;
  return src->ctime_ns < filled_ns - margin && src->mtime_ns < filled_ns - margin;
}

/* Moves the bytes, by hand what the kernel does not move itself. */
static long jl_files_copy_bytes(int from, int to, uint64_t size) {
  char chunk[16384];
  uint64_t left = jl_sys_copy(from, to, size);
  while (left) {
    long r = jl_sys_read(from, chunk, left < sizeof chunk ? (size_t)left : sizeof chunk);
    if (r < 0) return r;
    if (r == 0) return -ESTALE; /* shorter than it was */
    left -= (uint64_t)r;
    r = jl_sys_write_all(to, chunk, (size_t)r);
    if (r < 0) return r;
  }
  return 0;
}

/* Fills the new file, and only calls it done when the source is what it was before. The file's change time is then that
   of the fchmod. */
static long jl_files_copy_fill(int from, int to, const jl_stat *before, int64_t *filled_ns) {
  jl_stat after, copy;
  long r = jl_files_copy_bytes(from, to, before->size);
  if (r >= 0) r = jl_sys_fchmod(to, 0555);
  if (r >= 0) r = jl_sys_fsync(to);
  if (r >= 0) r = jl_sys_fstat(from, &after);
  if (r >= 0) r = jl_sys_fstat(to, &copy);
  if (r < 0) return r;
  *filled_ns = copy.ctime_ns;
  return after.size == before->size && after.mtime_ns == before->mtime_ns && after.ctime_ns == before->ctime_ns &&
                 copy.size == before->size
             ? 0
             : -ESTALE;
}

/* The new file under the temporary name, then in its place. The writer is closed before the name appears: an exec of a
   file that is open for writing anywhere is ETXTBSY, and other threads' children may hold it for a moment longer. */
static jailer_code jl_files_copy_make(const jl_box *box, int bin, int from, const jl_stat *src, const char *name,
                                      const char *shown, jl_stat *dst, bool *settled, jailer_error *err) {
  const char *step = "copy into bin/";
  int64_t filled_ns = 0;
  long r = jl_sys_unlinkat(bin, JL_FILES_TEMP, 0), closed;
  if (r < 0 && r != -ENOENT) return jl_files_sys(box, step, "bin/" JL_FILES_TEMP, r, err);
  long to = jl_files_create(bin, JL_FILES_TEMP, 0600);
  if (to < 0) return jl_files_sys(box, step, shown, to, err);
  r = jl_files_copy_fill(from, (int)to, src, &filled_ns);
  closed = jl_sys_close((int)to);
  if (r >= 0) r = closed;
  if (r >= 0) r = jl_sys_renameat(bin, JL_FILES_TEMP, bin, name);
  if (r >= 0) {
    *settled = jl_files_copy_settled(src, filled_ns);
    r = jl_sys_stat(bin, name, JL_AT_SYMLINK_NOFOLLOW, dst); /* after the rename, which is a change too */
    return r < 0 ? jl_files_sys(box, step, shown, r, err) : JAILER_OK;
  }
  jl_sys_unlinkat(bin, JL_FILES_TEMP, 0);
  if (r == -ESTALE)
    return jl_files_fail(box, JAILER_E_CHANGED, step, shown, 0,
                         "the source was changed while it was copied; try again when it is complete", err);
  return jl_files_sys(box, step, shown, r, err);
}

/* The existing copy is the recorded one, untouched: regular, one link, 0555, the launcher's. */
static bool jl_files_copy_fresh(const jl_box *box, int bin, const char *name, const jl_stat *src, const jl_copied *c) {
  jl_stat dst;
  return c && jl_sys_stat(bin, name, JL_AT_SYMLINK_NOFOLLOW, &dst) >= 0 && dst.mode == (JL_S_IFREG | 0555) &&
         dst.nlink == 1 && dst.uid == box->launcher && jl_files_copy_same(c, src, &dst);
}

static jailer_code jl_files_copy_record(const jl_box *box, jl_copies *all, const char *name, const jl_stat *src,
                                        const jl_stat *dst, bool settled, jailer_error *err) {
  jl_copied *c = jl_files_copy_find(all, name);
  if (!settled) {
    if (!c) return JAILER_OK;
    *c = all->at[--all->count];
    return jl_files_copies_write(box, all, err);
  }
  if (!c && all->count == JL_FILES_COPIES_MAX) /* the oldest goes: it would only be copied once more */
    memmove(all->at, all->at + 1, --all->count * sizeof all->at[0]);
  if (!c) c = &all->at[all->count++];
  memset(c, 0, sizeof *c);
  memcpy(c->name, name, strlen(name)); /* checked to fit */
  c->src_dev = src->dev, c->src_ino = src->ino, c->src_size = src->size;
  c->src_mtime = (uint64_t)src->mtime_ns, c->src_ctime = (uint64_t)src->ctime_ns;
  c->dst_dev = dst->dev, c->dst_ino = dst->ino, c->dst_size = dst->size, c->dst_ctime = (uint64_t)dst->ctime_ns;
  return jl_files_copies_write(box, all, err);
}

/* Opens the source once; everything after is about this descriptor. Links are followed (libkrunfw.so.4 is one): the
   caller chose the path. */
static jailer_code jl_files_copy_source(const char *path, int *fd, jl_stat *st, jailer_error *err) {
  const char *step = "open the file to copy", *why = NULL;
  *fd = -1;
  if (!path || path[0] != '/')
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, path, 0, "the path must be absolute");
  long r = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY | JL_O_NONBLOCK | JL_O_NOCTTY, 0), opened = r;
  if (r >= 0) r = jl_sys_fstat((int)opened, st);
  if (r >= 0 && (st->mode & JL_S_IFMT) != JL_S_IFREG) why = "it is not a regular file";
  if (r >= 0 && !why && st->size > JL_FILES_COPY_MAX) why = "it is larger than 16 GiB; that is no program";
  if (r >= 0 && !why) return *fd = (int)opened, JAILER_OK;
  if (opened >= 0) jl_sys_close((int)opened);
  if (why) return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, step, path, 0, why);
  jailer_code code = jl_files_code(r);
  return jl_fail(err, code, JAILER_LAYER_NONE, step, path, (int)-r,
                 code == JAILER_E_NOT_FOUND ? "there is no such file; name the shim or library by its full path"
                                            : jl_files_why(code));
}

/* A private copy of source_path as bin/name: 0555, one link, the launcher's. Not made again while source and copy are
   what the record says. An error leaves no half copy: bin/name is then absent, or the complete earlier or new file. */
static jailer_code jl_files_copy(const jl_box *box, const char *source_path, const char *name, jailer_error *err) {
  char shown[JL_FILES_NAME_MAX + 4] = "bin/";
  jl_copies all;
  jl_stat src, dst;
  int from, bin = -1;
  if (!name || !jl_layout_name(name, JL_FILES_NAME_MAX - 1, "._+-"))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "copy into bin/", name, 0,
                   "the name in bin/ is 1 to 127 of A-Z a-z 0-9 . _ + - and begins with a letter or digit");
  jl_copy(shown + 4, sizeof shown - 4, name);
  jailer_code code = jl_files_copy_source(source_path, &from, &src, err);
  if (code != JAILER_OK) return code;
  code = jl_files_dir(box, box->dir_fd, "bin", JAILER_ENTRY_BIN, false, &bin, err);
  if (code == JAILER_OK) code = jl_files_copies_read(box, &all, err);
  if (code == JAILER_OK && !jl_files_copy_fresh(box, bin, name, &src, jl_files_copy_find(&all, name))) {
    bool settled = false;
    code = jl_files_copy_make(box, bin, from, &src, name, shown, &dst, &settled, err);
    if (code == JAILER_OK) code = jl_files_copy_record(box, &all, name, &src, &dst, settled, err);
  }
  jl_files_close(&bin);
  jl_files_close(&from);
  return code;
}

/* --- removal ----------------------------------------------------------------------------------------------------- */

/* Every directory that is not empty is first renamed to ID/.rm-N, then emptied there; what it holds of directories goes
   the same way. So the names .rm-HEAD to .rm-TAIL are the list of what is left to do: no recursion, no memory, three
   descriptors at any depth. Renaming and removing a mount point are EBUSY, so a mount is met before it is entered. */
typedef struct jl_sweep {
  const jl_box *box;
  int top; /* ID/ */
  uint64_t dev, head, tail, seen;
} jl_sweep;

static void jl_files_sweep_name(char out[32], uint64_t n) {
  jl_buf b = jl_buf_fixed(out, 32);
  jl_buf_str(&b, ".rm-");
  jl_buf_u64(&b, n);
}

static jailer_code jl_files_sweep_fail(const jl_sweep *s, const char *name, long r, jailer_error *err) {
  char shown[JAILER_PATH_MAX];
  jl_buf b = jl_buf_fixed(shown, sizeof shown);
  jl_buf_escaped(&b, name, jl_strnlen(name, 256));
  if (r == -EBUSY || r == -EXDEV)
    return jl_files_fail(s->box, JAILER_E_UNSAFE, "remove the box", shown, r,
                         "something is mounted there; unmount it and try again. Nothing in it was touched", err);
  return jl_files_sys(s->box, "remove the box", shown, r, err);
}

/* Opens a directory of the list, or to be put there, and lets its owner in where the box took the permission away. */
static long jl_files_sweep_permit(const jl_sweep *s, int dir, const char *name) {
  jl_stat st;
  long p = jl_files_at(dir, name, JL_O_PATH | JL_O_DIRECTORY, 0), r;
  if (p < 0) return p;
  r = jl_sys_fstat((int)p, &st);
  if (r >= 0 && st.dev != s->dev) r = -EXDEV;
  if (r >= 0 && (st.mode & 0700) != 0700) r = jl_sys_path_chmod((int)p, 0700);
  if (r >= 0) return p;
  jl_sys_close((int)p);
  return r;
}

/* Moves a directory to the end of the list. A number may be taken by what an interrupted removal left: it is then in
   the list with that name, and the next number is tried. */
static long jl_files_sweep_defer(jl_sweep *s, int dir, const char *name) {
  char to[32];
  long r;
  bool permitted = false;
  for (;;) {
    jl_files_sweep_name(to, s->tail);
    r = jl_sys_renameat(dir, name, s->top, to);
    if (r == -EACCES && !permitted) { /* its ".." changes, so it must be writable itself (rename(2)) */
      long p = jl_files_sweep_permit(s, dir, name);
      if (p < 0) return p;
      jl_sys_close((int)p);
      permitted = true;
      continue;
    }
    if (r != -ENOTEMPTY && r != -EEXIST && r != -ENOTDIR && r != -EISDIR) break;
    if (++s->seen > JL_FILES_SWEEP_MAX) return -EOVERFLOW;
    s->tail++;
  }
  if (r >= 0) s->tail++;
  return r;
}

/* One name: a file or an empty directory goes at once, a full one to the list. */
static long jl_files_sweep_one(jl_sweep *s, int dir, const char *name) {
  if (++s->seen > JL_FILES_SWEEP_MAX) return -EOVERFLOW;
  long r = jl_sys_unlinkat(dir, name, 0);
  if (r == -EISDIR || r == -EPERM) {
    r = jl_sys_unlinkat(dir, name, JL_AT_REMOVEDIR);
    if (r == -ENOTDIR) r = -EPERM; /* a file that may not be removed: immutable, or in a directory that is */
    if (r == -ENOTEMPTY || r == -EEXIST) r = jl_files_sweep_defer(s, dir, name);
  }
  return r == -ENOENT ? 0 : r;
}

/* Whether a name in ID/ stays for now: the lock, the uid's memory, and what is in the list already. */
static bool jl_files_sweep_keep(const jl_sweep *s, const char *name) {
  uint64_t n;
  if (jl_streq(name, "lock") || jl_streq(name, JL_FILES_UID)) return true;
  return jl_starts(name, ".rm-") && jl_parse_u64(name + 4, strlen(name + 4), &n) && n >= s->head && n < s->tail;
}

/* Everything in one open directory, once through. *found counts what was there to do. */
static jailer_code jl_files_sweep_dir(jl_sweep *s, int dir, size_t *found, jailer_error *err) {
  jl_names names;
  const char *name = "";
  *found = 0;
  long r = jl_sys_names(&names, dir);
  if (r < 0) return jl_files_sweep_fail(s, "", r, err);
  while ((r = jl_sys_names_next(&names, &name)) > 0) {
    if (dir == s->top && jl_files_sweep_keep(s, name)) continue;
    ++*found;
    r = jl_files_sweep_one(s, dir, name);
    if (r >= 0) continue;
    jailer_code code = jl_files_sweep_fail(s, name, r, err);
    jl_sys_names_end(&names);
    return code;
  }
  jl_sys_names_end(&names);
  return r < 0 ? jl_files_sweep_fail(s, "", r, err) : JAILER_OK;
}

/* Empties and removes the first of the list. Reading a directory while it shrinks may miss names, so until rmdir
   agrees. */
static jailer_code jl_files_sweep_first(jl_sweep *s, jailer_error *err) {
  char name[32];
  jl_files_sweep_name(name, s->head++);
  for (unsigned pass = 0; pass < JL_FILES_PASSES; pass++) {
    size_t found;
    long p = jl_files_sweep_permit(s, s->top, name), fd = p;
    if (p == -ENOENT) return JAILER_OK;
    if (p == -ENOTDIR) fd = jl_sys_unlinkat(s->top, name, 0);
    if (p == -ENOTDIR && fd >= 0) return JAILER_OK;
    if (p >= 0) {
      fd = jl_sys_openat((int)p, ".", JL_O_RDONLY | JL_O_DIRECTORY, 0);
      jl_sys_close((int)p);
    }
    if (fd < 0) return jl_files_sweep_fail(s, name, fd, err);
    jailer_code code = jl_files_sweep_dir(s, (int)fd, &found, err);
    jl_sys_close((int)fd);
    if (code != JAILER_OK) return code;
    long r = jl_sys_unlinkat(s->top, name, JL_AT_REMOVEDIR);
    if (r >= 0) return JAILER_OK;
    if (r != -ENOTEMPTY && r != -EEXIST) return jl_files_sweep_fail(s, name, r, err);
  }
  return jl_files_fail(s->box, JAILER_E_BUSY, "remove the box", name, 0,
                       "something keeps filling it; find the process that writes there", err);
}

/* ID/ until only the lock and the uid's memory are in it. */
static jailer_code jl_files_sweep(const jl_box *box, jailer_error *err) {
  jl_sweep s;
  jl_stat st;
  memset(&s, 0, sizeof s);
  memset(&st, 0, sizeof st);
  s.box = box;
  for (unsigned pass = 0; pass < JL_FILES_PASSES; pass++) {
    size_t found = 0;
    long fd = jl_sys_openat(box->dir_fd, ".", JL_O_RDONLY | JL_O_DIRECTORY, 0), r = fd;
    if (r >= 0) r = jl_sys_fstat((int)fd, &st);
    jailer_code code = JAILER_OK;
    s.top = (int)fd;
    s.dev = st.dev;
    if (r >= 0) code = jl_files_sweep_dir(&s, s.top, &found, err);
    while (r >= 0 && code == JAILER_OK && s.head < s.tail) code = jl_files_sweep_first(&s, err);
    if (fd >= 0) jl_sys_close((int)fd);
    if (r < 0) return jl_files_sweep_fail(&s, "", r, err);
    if (code != JAILER_OK || !found) return code;
  }
  return jl_files_fail(box, JAILER_E_BUSY, "remove the box", "", 0,
                       "something keeps filling it; find the process that writes there", err);
}

/* Gives the uid back, after everything that belongs to it is gone. */
static jailer_code jl_files_uid_release(const jl_box *box, jailer_error *err) {
  uint32_t uid;
  char name[12];
  bool mine = false;
  jailer_code code = jl_files_uid_read(box, &uid, err);
  if (code != JAILER_OK || uid == 0) return code;
  long fd = jl_files_step(box->home_fd, "uids", false, 0), r = fd;
  if (r >= 0) r = jl_files_uid_holder(box, (int)fd, uid, &mine);
  jl_files_uid_text(name, uid);
  if (r >= 0 && mine) r = jl_sys_unlinkat((int)fd, name, 0);
  if (fd >= 0) jl_sys_close((int)fd);
  if (r >= 0 || r == -ENOENT) r = jl_sys_unlinkat(box->dir_fd, JL_FILES_UID, 0);
  return r < 0 ? jl_files_sys(box, "release the box's uid", JL_FILES_UID, r, err) : JAILER_OK;
}

JAILER_API jailer_code jailer_layout_remove(const jailer_layout *layout, jailer_error *err) {
  jl_box box;
  jailer_code code = jl_files_box_open(layout, JL_BOX_REMOVE, &box, err);
  if (code != JAILER_OK) return code;
  code = jl_files_sweep(&box, err);
  if (code == JAILER_OK) code = jl_files_uid_release(&box, err);
  if (code == JAILER_OK) {
    long r = jl_sys_unlinkat(box.dir_fd, "lock", 0);
    if (r >= 0) r = jl_sys_unlinkat(box.boxes_fd, box.layout.id, JL_AT_REMOVEDIR);
    if (r == -ENOTEMPTY)
      code = jl_files_fail(&box, JAILER_E_BUSY, "remove the box", "", r, "another launch makes it anew", err);
    else if (r < 0) code = jl_files_sys(&box, "remove the box", "", r, err);
  }
  jl_files_box_close(&box);
  return code;
}

/* --- policies as text --- */

static jailer_code jl_files_policy_fail(jailer_error *err, const char *path, jailer_code code, long r,
                                        const char *why) {
  return jl_fail(err, code, JAILER_LAYER_SECCOMP, "read a policy", path, r < 0 ? (int)-r : 0, why);
}

/* What jl_files_whole saw of a file. */
typedef struct jl_whole {
  jl_stat st;
  const char *list; /* why its access list (macOS) makes it somebody else's too, or NULL */
  const char *why;  /* what is wrong, or NULL; r is the errno of it, negated */
  long r;
} jl_whole;

/* All of a regular file of at most size bytes, or nothing. Nothing else than a regular file is read, and a FIFO is not
   waited for. */
static jailer_code jl_files_whole(const char *path, char *text, size_t size, size_t *length, jl_whole *file) {
  char more;
  long n = 0;
  *length = 0;
  memset(file, 0, sizeof *file);
  long fd = file->r = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
  file->why = fd == -ENOENT ? "there is no such file" : "the file cannot be opened";
  if (fd < 0) return jl_files_code(fd);
  file->r = jl_sys_fstat((int)fd, &file->st);
  file->list = jl_sys_acl((int)fd);
  const bool regular = file->r >= 0 && (file->st.mode & JL_S_IFMT) == JL_S_IFREG;
  if (regular && file->st.size <= size) file->r = n = jl_sys_read_all((int)fd, text, size);
  bool large = regular && file->st.size > size;
  if (file->r >= 0 && (size_t)n == size) {
    file->r = jl_sys_read_all((int)fd, &more, 1);
    large = large || file->r > 0;
  }
  (void)jl_sys_close((int)fd); /* it was only read */
  file->why = file->r < 0 ? "the file cannot be read" : !regular ? "this is no regular file" : NULL;
  if (file->r < 0) return jl_files_code(file->r);
  file->r = 0;
  if (!regular) return JAILER_E_UNSAFE;
  *length = (size_t)n;
  return large ? JAILER_E_LIMIT : JAILER_OK;
}

/* The include of jailer_policy_load. */
static jailer_code jl_files_policy(void *user, const char *path, char *text, size_t size, size_t *length,
                                   jailer_error *err) {
  jl_whole file;
  (void)user;
  jailer_code code = jl_files_whole(path, text, size, length, &file);
  if (code == JAILER_OK) return JAILER_OK;
  *length = 0;
  return jl_files_policy_fail(err, path, code, file.r, file.why ? file.why : "a file of a policy has at most 1 MiB");
}

static jailer_code jl_files_policy_load(const char *path, jl_arch arch, jailer_policy **out, jailer_error *err) {
  jailer_policy_source source = {path, NULL, 0, jl_files_policy, NULL};
  char *text = JAILER_MALLOC(JAILER_POLICY_TEXT_MAX);
  if (!text) return jl_no_memory(err, "read a policy");
  source.text = text;
  jailer_code code = jl_files_policy(NULL, path, text, JAILER_POLICY_TEXT_MAX, &source.length, err);
  if (code == JAILER_OK) code = jl_text_parse(&source, arch, out, err);
  JAILER_FREE(text);
  return code;
}

#ifndef JAILER_NO_SEATBELT
/* --- profiles --- */

/* The caller's own profile: of those who could change the launch anyway, and whole. */
static jailer_code jl_files_profile(const char *path, uint32_t uid, char *text, size_t size, size_t *length,
                                    jailer_error *err) {
  jl_whole file;
  jailer_code code = jl_files_whole(path, text, size, length, &file);
  if (code == JAILER_OK && ((file.st.uid != uid && file.st.uid != 0) || (file.st.mode & 0022) || file.list)) {
    code = JAILER_E_UNSAFE;
    file.why = file.list ? file.list
                         : "a profile belongs to the launcher or to root, and is written by nobody else: chown it, and "
                           "chmod go-w";
  } else if (code == JAILER_OK && (*length == 0 || memchr(text, 0, *length))) {
    code = JAILER_E_FORMAT;
    file.why = "this is no profile: it is empty, or has a NUL";
  }
  if (code == JAILER_OK) return JAILER_OK;
  *length = 0;
  return jl_fail(err, code, JAILER_LAYER_SEATBELT, "read a profile", path, (int)-file.r,
                 file.why ? file.why : "a profile has less than 1 MiB");
}
#endif

#endif /* JL_EFFECTS */

#if JL_EFFECTS && !defined(JAILER_NO_QCOW2)
/* ============================================================================================
 * // >>chain    walks a backing chain, keeps and compares the record of it
 * May touch: the kernel: files by name and by descriptor. May call: base, error, layout, plan, qcow2, sys, probe.
 * ============================================================================================ */

static const char jl_chain_step[] = "walk backing chain";
static const char jl_chain_record_step[] = "chain record";

static jailer_code jl_chain_code(long r) {
  if (r == -ENOENT || r == -ENOTDIR) return JAILER_E_NOT_FOUND;
  if (r == -EACCES || r == -EPERM) return JAILER_E_DENIED;
  if (r == -ELOOP) return JAILER_E_CHAIN;
  if (r == -ENAMETOOLONG) return JAILER_E_LIMIT;
  if (r == -ENOMEM) return JAILER_E_NO_MEMORY;
  return JAILER_E_SYSTEM;
}

/* A close that fails is an error of its own, but never hides an earlier one. */
static jailer_code jl_chain_close(int fd, jailer_code code, jailer_error *err) {
  long r = jl_sys_close(fd);
  if (r >= 0 || code) return code;
  return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "close", NULL, (int)-r,
                 "a file that was only looked at could not be closed; the file system reports a fault");
}

/* --- one header --------------------------------------------------------------------------------------------------- */

/* One read, all of it or an error: a file that is shorter than it was a moment ago is being changed. */
static jailer_code jl_chain_pread(int fd, uint8_t *to, size_t n, jailer_error *err) {
  long r = n ? jl_sys_pread(fd, to, n, 0) : 0;
  if (r < 0)
    return jl_fail(err, jl_chain_code(r), JAILER_LAYER_NONE, "read qcow2 header", NULL, (int)-r,
                   "the image's first bytes could not be read");
  if ((size_t)r != n)
    return jl_fail(err, JAILER_E_CHANGED, JAILER_LAYER_NONE, "read qcow2 header", NULL, 0,
                   "the image shrank while it was read; something else is writing it");
  return JAILER_OK;
}

/* The second read starts at 0 again, so that what is parsed is one state of the file and not two halves of two. Its
   buffer has the same size whatever the header says. */
static jailer_code jl_chain_read_long(int fd, uint64_t size, jailer_qcow2 *out, jailer_error *err) {
  size_t n = size < JAILER_QCOW2_HEADER_MAX ? (size_t)size : JAILER_QCOW2_HEADER_MAX;
  uint8_t *bytes = JAILER_MALLOC(JAILER_QCOW2_HEADER_MAX);
  if (!bytes) return jl_no_memory(err, "read qcow2 header");
  jailer_code code = jl_chain_pread(fd, bytes, n, err);
  if (!code) code = jailer_qcow2_parse(bytes, n, size, out, err);
  JAILER_FREE(bytes);
  return code;
}

static jailer_code jl_chain_read(int fd, uint64_t size, jailer_qcow2 *out, jailer_error *err) {
  uint8_t bytes[JL_QCOW2_FIRST_READ];
  size_t n = size < sizeof bytes ? (size_t)size : sizeof bytes;
  jailer_code code = jl_chain_pread(fd, bytes, n, err);
  if (code) return code;
  code = jailer_qcow2_parse(bytes, n, size, out, err);
  if (code == JAILER_E_LIMIT && out->needed_bytes <= JAILER_QCOW2_HEADER_MAX)
    return jl_chain_read_long(fd, size, out, err);
  return code;
}

JAILER_API jailer_code jailer_qcow2_read_fd(int fd, jailer_qcow2 *out, jailer_error *err) {
  jl_stat st;
  if (!out) return jailer_qcow2_parse(NULL, 0, 0, NULL, err);
  memset(out, 0, sizeof *out);
  long r = jl_sys_fstat(fd, &st);
  if (r < 0)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "read qcow2 header", NULL, (int)-r,
                   "the descriptor cannot be examined; is it open?");
  if ((st.mode & JL_S_IFMT) != JL_S_IFREG)
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_NONE, "read qcow2 header", NULL, 0,
                   "the descriptor is not a regular file");
  return jl_chain_read(fd, st.size, out, err);
}

/* --- opening without being led astray ----------------------------------------------------------------------------- */

/* O_PATH opens nothing: no FIFO blocks, no device wakes, no lease breaks. A link of /proc/PID means another file to the
   jailed process than to this one, so none is followed (openat2, 5.6; before it the resolved path is all there is). */
static long jl_chain_open_path(const char *name, int flags) {
  long fd = jl_sys_openat2(JL_AT_FDCWD, name, JL_O_PATH | flags, 0, JL_RESOLVE_NO_MAGICLINKS);
  return fd == -ENOSYS ? jl_sys_openat(JL_AT_FDCWD, name, JL_O_PATH | flags, 0) : fd;
}

/* The trust policy judges this path, so it is always looked up again. to has JAILER_PATH_MAX bytes. */
static jailer_code jl_chain_resolve(int fd, const jl_stat *st, char *to, const char **why, long *failed) {
  const long r = *failed = jl_probe_place(fd, st, true, to);
  if (r == 0) return JAILER_OK;
  if (r == -ENOENT) return *why = "/proc is not mounted here; without it no path can be checked", JAILER_E_UNSUPPORTED;
  if (r == -ENAMETOOLONG) return *why = "the resolved path is over 4095 bytes", JAILER_E_LIMIT;
  if (r != -ESTALE) return *why = "the file's path could not be read from /proc, or not be examined", jl_chain_code(r);
  *failed = 0;
  return *why = "it was removed, renamed or replaced during the walk; try again when nothing changes it",
         JAILER_E_CHANGED;
}

/* --- the walk ----------------------------------------------------------------------------------------------------- */

typedef struct jl_chain_walk {
  jl_arena arena;
  const jailer_chain_policy *policy;
  size_t max_depth;
  const char **roots; /* resolved */
  jailer_chain_layer *layers;
  size_t count;                /* complete layers; the one at hand has this index */
  char named[JAILER_PATH_MAX]; /* of the layer at hand */
  char path[JAILER_PATH_MAX];
  char next[JAILER_PATH_MAX];
  jailer_format format;
  jailer_qcow2 header;
  const jl_record_disk *expected; /* the recorded chain, which no name may leave; NULL: none */
  jailer_error *err;
} jl_chain_walk;

static jailer_code jl_chain_fail_at(jl_chain_walk *w, jailer_code code, const char *step, const char *path,
                                    int sys_errno, const char *message) {
  char item[JAILER_ITEM_MAX]; /* jl_fail cuts there anyway */
  jl_buf b = jl_buf_fixed(item, sizeof item);
  jl_buf_str(&b, "layer ");
  jl_buf_u64(&b, w->count);
  jl_buf_str(&b, ": ");
  size_t n = strlen(path), room = sizeof item - 1 - b.len;
  jl_buf_bytes(&b, path, n < room ? n : room);
  return jl_fail(w->err, code, JAILER_LAYER_NONE, step, item, sys_errno, message);
}

static jailer_code jl_chain_fail(jl_chain_walk *w, jailer_code code, long r, const char *message) {
  return jl_chain_fail_at(w, code, jl_chain_step, w->named, r < 0 ? (int)-r : 0, message);
}

/* A root must be a directory, and not the whole file system: that would check nothing. */
static jailer_code jl_chain_root(jl_chain_walk *w, const char *root, const char **out) {
  const char *why = "a trusted root must be an absolute path to a directory other than /";
  jl_stat st;
  long r = root && root[0] == '/' ? jl_chain_open_path(root, JL_O_DIRECTORY) : -EINVAL;
  if (r == -EINVAL) return jl_fail(w->err, JAILER_E_INVALID, JAILER_LAYER_NONE, "trusted root", root, 0, why);
  if (r < 0)
    return jl_fail(w->err, jl_chain_code(r), JAILER_LAYER_NONE, "trusted root", root, (int)-r,
                   "the trusted root cannot be opened as a directory; create it or take it off the list");
  int fd = (int)r;
  jailer_code code = (r = jl_sys_fstat(fd, &st)) < 0 ? jl_chain_code(r) : JAILER_OK;
  if (code) why = "the trusted root could not be examined";
  if (!code) code = jl_chain_resolve(fd, &st, w->path, &why, &r);
  if (!code && jl_streq(w->path, "/")) code = JAILER_E_INVALID;
  if (code) jl_fail(w->err, code, JAILER_LAYER_NONE, "trusted root", root, r < 0 ? (int)-r : 0, why);
  else if (!(*out = jl_arena_text(&w->arena, w->path, strlen(w->path)))) code = jl_no_memory(w->err, "trusted root");
  return jl_chain_close(fd, code, w->err);
}

static jailer_code jl_chain_start(jl_chain_walk *w) {
  const jailer_chain_policy *p = w->policy;
  size_t n = p->trusted_root_count;
  if (p->max_depth > JAILER_CHAIN_DEPTH_MAX || (n && !p->trusted_roots))
    return jl_fail(w->err, JAILER_E_INVALID, JAILER_LAYER_NONE, jl_chain_step, NULL, 0,
                   "the policy is wrong as written: max_depth is at most 64, and roots that are counted must be there");
  w->max_depth = p->max_depth ? p->max_depth : JAILER_CHAIN_DEPTH;
  w->layers = jl_arena_array(&w->arena, w->max_depth, sizeof *w->layers);
  w->roots = jl_arena_array(&w->arena, n, sizeof *w->roots);
  if (!w->layers || !w->roots) return jl_no_memory(w->err, jl_chain_step);
  for (size_t i = 0; i < n; i++) {
    jailer_code code = jl_chain_root(w, p->trusted_roots[i], &w->roots[i]);
    if (code) return code;
  }
  return JAILER_OK;
}

/* What can be said before the file is opened for reading: type, place, loop. */
static jailer_code jl_chain_vet(jl_chain_walk *w, int fd, const jl_stat *st) {
  const char *why = NULL;
  long failed = 0;
  bool trusted = w->count == 0; /* the top layer is the caller's own word */
  if ((st->mode & JL_S_IFMT) != JL_S_IFREG)
    return jl_chain_fail(w, JAILER_E_UNSAFE, 0,
                         "a layer must be a regular file; this is a directory, device, FIFO or socket");
  jailer_code code = jl_chain_resolve(fd, st, w->path, &why, &failed);
  if (code) return jl_chain_fail(w, code, failed, why);
  for (size_t i = 0; i < w->policy->trusted_root_count && !trusted; i++) trusted = jl_plan_below(w->path, w->roots[i]);
  if (!trusted)
    return jl_chain_fail_at(w, JAILER_E_CHAIN, jl_chain_step, w->path, 0,
                            "the backing file lies outside the trusted roots; if it is meant to be there, add its "
                            "directory to them");
  for (size_t i = 0; i < w->count; i++)
    if (w->layers[i].dev == st->dev && w->layers[i].ino == st->ino)
      return jl_chain_fail(w, JAILER_E_CHAIN, 0, "the chain comes back to a file that is in it already: it has no end");
  return JAILER_OK;
}

static jailer_code jl_chain_header(jl_chain_walk *w, int fd, uint64_t size) {
  jailer_error inner;
  jailer_code code = jl_chain_read(fd, size, &w->header, &inner);
  if (code) return jl_chain_fail_at(w, code, inner.step, w->named, inner.sys_errno, inner.message);
  if (w->header.corrupt)
    return jl_chain_fail(w, JAILER_E_CHAIN, 0, "the image is marked corrupt; repair it with `qemu-img check -r all`");
  if (w->header.has_data_file)
    return jl_chain_fail(w, JAILER_E_CHAIN, 0,
                         "the image keeps its data in an external file, which is refused "
                         "(CVE-2024-32498); convert it with `qemu-img convert`");
  if (w->header.encrypted && !w->policy->allow_encrypted)
    return jl_chain_fail(w, JAILER_E_CHAIN, 0, "the image is encrypted; set allow_encrypted where that is meant");
  return JAILER_OK;
}

static jailer_code jl_chain_keep(jl_chain_walk *w, const jl_stat *st) {
  jailer_chain_layer *layer = &w->layers[w->count];
  layer->path = jl_arena_text(&w->arena, w->path, strlen(w->path));
  layer->named = jl_arena_text(&w->arena, w->named, strlen(w->named));
  if (!layer->path || !layer->named) return jl_no_memory(w->err, jl_chain_step);
  layer->format = w->format;
  layer->encrypted = w->header.encrypted;
  layer->dirty = w->header.dirty;
  layer->dev = st->dev;
  layer->ino = st->ino;
  layer->size_bytes = st->size;
  return JAILER_OK;
}

/* Reading: through the O_PATH descriptor, so the name is not looked up again. O_NONBLOCK: a write lease held by
   somebody else answers EAGAIN instead of stopping the launcher. A raw layer is opened too, to say early that it
   cannot be read. */
static jailer_code jl_chain_read_layer(jl_chain_walk *w, int path_fd, const jl_stat *st) {
  jl_stat now;
  long r = jl_sys_reopen(path_fd);
  if (r == -EAGAIN) return jl_chain_fail(w, JAILER_E_BUSY, r, "another process holds a lease on this file");
  if (r == -ENOENT)
    return jl_chain_fail(w, JAILER_E_UNSUPPORTED, r,
                         "/proc is not mounted here; without it no file can be opened safely");
  if (r < 0)
    return jl_chain_fail(w, jl_chain_code(r), r, "the file cannot be opened for reading; check its mode and owner");
  int fd = (int)r;
  jailer_code code = JAILER_OK;
  r = jl_sys_fstat(fd, &now);
  if (r < 0) code = jl_chain_fail(w, jl_chain_code(r), r, "the file could not be examined");
  else if (now.dev != st->dev || now.ino != st->ino || (now.mode & JL_S_IFMT) != JL_S_IFREG)
    code = jl_chain_fail(w, JAILER_E_CHANGED, 0, "the file that was opened is not the one that was checked");
  memset(&w->header, 0, sizeof w->header);
  if (!code && w->format == JAILER_FORMAT_QCOW2) code = jl_chain_header(w, fd, now.size);
  if (!code) code = jl_chain_keep(w, &now);
  return jl_chain_close(fd, code, w->err);
}

static jailer_code jl_chain_layer(jl_chain_walk *w) {
  jl_stat st;
  long r = jl_chain_open_path(w->named, 0);
  if (r == -ELOOP)
    return jl_chain_fail(w, JAILER_E_CHAIN, r,
                         "symbolic links go in a circle, or through /proc, on the way to this layer");
  if (r < 0)
    return jl_chain_fail(w, jl_chain_code(r), r,
                         "the layer's file cannot be reached, and without it the disk is incomplete");
  int fd = (int)r;
  jailer_code code = JAILER_OK;
  r = jl_sys_fstat(fd, &st);
  if (r < 0) code = jl_chain_fail(w, jl_chain_code(r), r, "the layer's file could not be examined");
  if (!code) code = jl_chain_vet(w, fd, &st);
  if (!code) code = jl_chain_read_layer(w, fd, &st);
  return jl_chain_close(fd, code, w->err);
}

/* From the header of the layer just read to the name and format of the next one. */
static jailer_code jl_chain_descend(jl_chain_walk *w) {
  const jailer_qcow2 *q = &w->header;
  if (jl_qcow2_has_protocol(q->backing_name))
    return jl_chain_fail_at(w, JAILER_E_CHAIN, jl_chain_step, q->backing_name, 0,
                            "the overlay names this layer by a protocol (a colon before the first slash); only files "
                            "are followed: `qemu-img rebase -u -b FILE -F FORMAT OVERLAY`");
  if (!jl_qcow2_join(w->named, q->backing_name, w->next, sizeof w->next))
    return jl_chain_fail_at(w, JAILER_E_LIMIT, jl_chain_step, q->backing_name, 0,
                            "the name of this layer is over 4095 bytes");
  memcpy(w->named, w->next, sizeof w->named);
  if (w->expected && (w->count >= w->expected->count || !jl_streq(w->named, w->expected->layers[w->count].named)))
    return jl_chain_fail(
        w, JAILER_E_CHAIN, 0,
        "the overlay names another file than the recorded chain; what a jailed process wrote into its "
        "disk is not believed, nor looked at. If you changed the disk yourself, record its chain again");
  if (!q->backing_format[0])
    return jl_chain_fail(w, JAILER_E_CHAIN, 0,
                         "the overlay does not say in which format this layer is, and formats are "
                         "never guessed: `qemu-img rebase -u -b FILE -F FORMAT OVERLAY`");
  w->format = jl_qcow2_format(q->backing_format, strlen(q->backing_format));
  if (w->format == JAILER_FORMAT_UNSTATED)
    return jl_chain_fail(w, JAILER_E_CHAIN, 0, "the overlay says that this layer is neither raw nor qcow2; convert it");
  if (w->count == w->max_depth)
    return jl_chain_fail(w, JAILER_E_CHAIN, 0,
                         "the chain is deeper than the policy allows; `qemu-img commit` or raise "
                         "max_depth (at most 64)");
  return JAILER_OK;
}

static jailer_code jl_chain_run(jl_chain_walk *w) {
  jailer_code code = jl_chain_start(w);
  while (!code) {
    code = jl_chain_layer(w);
    if (code) break;
    w->count++;
    if (!w->header.backing_name[0]) break; /* a raw layer has no header: it ends the chain whatever its bytes are */
    code = jl_chain_descend(w);
  }
  return code;
}

/* The walk. With `expected` (may be NULL) a name that is not the recorded one ends it before it is looked up: a hostile
   header could name a file system that never answers, or one that mounts something when it is looked at. */
static jailer_code jl_chain_walk_expecting(const char *path, jailer_format format, const jailer_chain_policy *policy,
                                           const jl_record_disk *expected, jailer_chain **out, jailer_error *err) {
  static const jailer_chain_policy strictest = {0};
  jl_arena arena = {0};
  jl_chain_walk *w = jl_arena_get(&arena, sizeof *w);
  jailer_chain *chain = w ? jl_arena_get(&arena, sizeof *chain) : NULL;
  if (!chain) return jl_arena_free(&arena), jl_no_memory(err, jl_chain_step);
  w->arena = arena;
  w->policy = policy ? policy : &strictest;
  w->expected = expected;
  w->format = format;
  w->err = err;
  jl_copy(w->named, sizeof w->named, path);
  jailer_code code = jl_chain_run(w);
  arena = w->arena; /* w itself lies in it */
  if (code) return jl_arena_free(&arena), code;
  chain->count = w->count;
  chain->layers = w->layers;
  chain->memory = arena.head;
  *out = chain;
  return JAILER_OK;
}

JAILER_API jailer_code jailer_chain_walk(const char *path, jailer_format format, const jailer_chain_policy *policy,
                                         jailer_chain **out, jailer_error *err) {
  if (out) *out = NULL;
  jailer_code code = jl_qcow2_walk_args(path, format, out, err);
  return code ? code : jl_chain_walk_expecting(path, format, policy, NULL, out, err);
}

JAILER_API void jailer_chain_free(jailer_chain *chain) {
  jl_arena arena = {0};
  if (!chain) return;
  arena.head = chain->memory; /* the chain lies in it */
  jl_arena_free(&arena);
}

/* --- the record in the box directory -------------------------------------------------------------------------------
   dir is a descriptor (O_PATH will do) of a directory that only the launcher writes; record is a plain name in it. Two
   writers of one record must hold the box's lock. */

static jailer_code jl_chain_record_bad(jailer_error *err, jailer_code code, const char *record, long r,
                                       const char *why) {
  return jl_fail(err, code, JAILER_LAYER_NONE, jl_chain_record_step, record, r < 0 ? (int)-r : 0, why);
}

/* Opens and vets. *fd is -1 when there is no such file. O_NONBLOCK: a FIFO in its place must not stop the launcher. */
static jailer_code jl_chain_record_open(int dir, const char *record, int *fd, uint64_t *size, jailer_error *err) {
  jl_stat st;
  *fd = -1;
  long r = jl_sys_openat(dir, record, JL_O_RDONLY | JL_O_NOFOLLOW | JL_O_NONBLOCK | JL_O_NOCTTY, 0);
  if (r == -ENOENT) return JAILER_OK;
  if (r == -ELOOP)
    return jl_chain_record_bad(err, JAILER_E_UNSAFE, record, r, "the record is a symbolic link; remove it");
  if (r == -ENXIO)
    return jl_chain_record_bad(err, JAILER_E_UNSAFE, record, r, "the record is a socket or device; remove it");
  if (r < 0) return jl_chain_record_bad(err, jl_chain_code(r), record, r, "the record cannot be opened");
  int opened = (int)r;
  jailer_code code = JAILER_OK;
  r = jl_sys_fstat(opened, &st);
  const char *list = jl_sys_acl(opened);
  if (r < 0) code = jl_chain_record_bad(err, jl_chain_code(r), record, r, "the record could not be examined");
  else if (list) code = jl_chain_record_bad(err, JAILER_E_UNSAFE, record, 0, list);
  else if ((st.mode & JL_S_IFMT) != JL_S_IFREG || st.nlink != 1 || (st.mode & 022) || st.uid != jl_sys_geteuid())
    code = jl_chain_record_bad(err, JAILER_E_UNSAFE, record, 0,
                               "the record must be a regular file with one name, owned by this user and writable by "
                               "nobody else; find out who changed that, then remove it and record the disks again");
  else if (st.size > JL_RECORD_MAX)
    code = jl_chain_record_bad(err, JAILER_E_LIMIT, record, 0, "the record is over 1 MiB: not written by this library");
  if (code) return jl_chain_close(opened, code, err);
  *fd = opened;
  *size = st.size;
  return JAILER_OK;
}

static jailer_code jl_chain_record_read(int fd, const char *name, size_t size, jl_record *record, jailer_error *err) {
  jailer_error inner;
  char *text = JAILER_MALLOC(size + 1); /* at most JL_RECORD_MAX + 1; the byte more shows a file that grew */
  if (!text) return jl_no_memory(err, jl_chain_record_step);
  long r = jl_sys_read_all(fd, text, size + 1);
  jailer_code code;
  if (r < 0) code = jl_chain_record_bad(err, jl_chain_code(r), name, r, "the record cannot be read");
  else if ((size_t)r != size)
    code = jl_chain_record_bad(err, JAILER_E_CHANGED, name, 0, "the record changed while it was read");
  else if ((code = jl_record_parse(text, size, record, &inner)))
    jl_chain_record_bad(err, code, name, -(long)inner.sys_errno, inner.message);
  JAILER_FREE(text);
  return code;
}

/* The record, empty when there is no file. The caller frees it after success. */
static jailer_code jl_chain_record_load(int dir, const char *name, jl_record *record, jailer_error *err) {
  uint64_t size = 0;
  int fd;
  memset(record, 0, sizeof *record);
  jailer_code code = jl_chain_record_open(dir, name, &fd, &size, err);
  if (code || fd < 0) return code;
  code = jl_chain_close(fd, jl_chain_record_read(fd, name, (size_t)size, record, err), err);
  if (code) jl_record_free(record);
  return code;
}

/* The new file's bytes are on the disk, and its mode is exactly what it should be. */
static jailer_code jl_chain_record_fill(int fd, const char *name, const jl_buf *text, jailer_error *err) {
  long r = jl_sys_fchmod(fd, 0600); /* the umask may have taken the owner's own bits */
  if (r >= 0) r = jl_sys_write_all(fd, text->data, text->len);
  if (r >= 0) r = jl_sys_fsync(fd);
  if (r < 0)
    return jl_chain_record_bad(err, jl_chain_code(r), name, r, "the new record cannot be written; is the disk full?");
  return JAILER_OK;
}

static jailer_code jl_chain_record_sync_dir(int dir, const char *name, jailer_error *err) {
  long r = jl_sys_openat(dir, ".", JL_O_RDONLY | JL_O_DIRECTORY, 0); /* dir may be O_PATH, which cannot be synced */
  if (r < 0) return jl_chain_record_bad(err, jl_chain_code(r), name, r, "the record's directory cannot be opened");
  int fd = (int)r;
  jailer_code code = JAILER_OK;
  r = jl_sys_fsync(fd);
  if (r < 0) code = jl_chain_record_bad(err, jl_chain_code(r), name, r, "the record's directory cannot be synced");
  return jl_chain_close(fd, code, err);
}

/* A reader sees the old record or the new one, after a crash too. The new file's name is fixed, so that a launcher that
   died half way leaves one file at most, which is removed here; O_EXCL then makes sure that the file is ours. */
static jailer_code jl_chain_record_replace(int dir, const char *name, const jl_buf *text, jailer_error *err) {
  char fresh[JL_RECORD_NAME + 8];
  jl_buf b = jl_buf_fixed(fresh, sizeof fresh);
  jl_buf_char(&b, '.');
  jl_buf_str(&b, name);
  jl_buf_str(&b, ".new");
  long r = jl_sys_unlinkat(dir, fresh, 0);
  if (r < 0 && r != -ENOENT)
    return jl_chain_record_bad(err, jl_chain_code(r), fresh, r, "an earlier, unfinished record cannot be removed");
  r = jl_sys_openat(dir, fresh, JL_O_WRONLY | JL_O_CREAT | JL_O_EXCL | JL_O_NOFOLLOW, 0600);
  if (r < 0) return jl_chain_record_bad(err, jl_chain_code(r), fresh, r, "the new record cannot be created");
  int fd = (int)r;
  jailer_code code = jl_chain_close(fd, jl_chain_record_fill(fd, fresh, text, err), err);
  if (!code && (r = jl_sys_renameat(dir, fresh, dir, name)) < 0)
    code = jl_chain_record_bad(err, jl_chain_code(r), name, r, "the new record cannot be put in place");
  if (code) return jl_sys_unlinkat(dir, fresh, 0), code;
  return jl_chain_record_sync_dir(dir, name, err);
}

static jailer_code jl_chain_record_args(const char *record, const char *disk, const jailer_chain *chain,
                                        jailer_error *err) {
  if (record && disk && chain && jl_layout_name(record, JL_RECORD_NAME - 1, "._-") &&
      jl_layout_name(disk, JL_RECORD_NAME - 1, "._-"))
    return JAILER_OK;
  return jl_chain_record_bad(err, JAILER_E_INVALID, record, 0,
                             "records and disks have plain names: [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
}

/* loaded + one chain → file. Takes `loaded` over. */
static jailer_code jl_chain_record_store(int dir, const char *name, const char *disk, jl_record *loaded,
                                         const jailer_chain *chain, jailer_error *err) {
  jl_buf text = jl_buf_heap(JL_RECORD_MAX + 1);
  jailer_code code = JAILER_OK;
  bool room = jl_record_put(loaded, disk, chain);
  if (room) jl_record_write(&text, loaded);
  if (text.no_memory) code = jl_no_memory(err, jl_chain_record_step);
  else if (!room || text.failed)
    code = jl_chain_record_bad(err, JAILER_E_LIMIT, name, 0, "a record holds at most 16 disks and 1 MiB");
  else code = jl_chain_record_replace(dir, name, &text, err);
  jl_buf_free(&text);
  jl_record_free(loaded);
  return code;
}

/* Records a chain as the expected one of a disk, whatever was recorded before; other disks' chains stay. A record that
   is there but cannot be trusted is an error, not overwritten. */
static jailer_code jl_chain_record_set(int dir, const char *record, const char *disk, const jailer_chain *chain,
                                       jailer_error *err) {
  jl_record loaded;
  jailer_code code = jl_chain_record_args(record, disk, chain, err);
  if (!code) code = jl_chain_record_load(dir, record, &loaded, err);
  return code ? code : jl_chain_record_store(dir, record, disk, &loaded, chain, err);
}

static jailer_code jl_chain_record_mismatch(const jailer_chain *chain, size_t layer, const char *why,
                                            jailer_error *err) {
  char item[JAILER_ITEM_MAX], message[JAILER_TEXT_MAX];
  jl_buf b = jl_buf_fixed(item, sizeof item), m = jl_buf_fixed(message, sizeof message);
  const char *path = layer < chain->count ? chain->layers[layer].path : chain->layers[0].path;
  jl_buf_str(&b, "layer ");
  jl_buf_u64(&b, layer);
  jl_buf_str(&b, layer < chain->count ? ": " : ": gone from the chain of ");
  size_t n = strlen(path), room = sizeof item - 1 - b.len;
  jl_buf_bytes(&b, path, n < room ? n : room);
  jl_buf_str(&m, why);
  jl_buf_str(&m,
             "; what a jailed process wrote into its disk is not believed. If you changed the disk yourself, record "
             "its chain again");
  return jl_fail(err, JAILER_E_CHAIN, JAILER_LAYER_NONE, "compare with chain record", item, 0, message);
}

/* The chain is the recorded one, or JAILER_E_CHAIN and which layer differs. Without a record: JAILER_E_NO_RECORD, or,
   where the caller asked for trust on first use, the chain is recorded. */
static jailer_code jl_chain_record_check(int dir, const char *record, const char *disk, const jailer_chain *chain,
                                         bool trust_on_first_use, jailer_error *err) {
  jl_record loaded;
  size_t layer = 0;
  jailer_code code = jl_chain_record_args(record, disk, chain, err);
  if (!code) code = jl_chain_record_load(dir, record, &loaded, err);
  if (code) return code;
  const jl_record_disk *known = jl_record_find(&loaded, disk);
  if (!known && trust_on_first_use) return jl_chain_record_store(dir, record, disk, &loaded, chain, err);
  const char *why = known ? jl_record_differs(known, chain, &layer) : NULL;
  jl_record_free(&loaded);
  if (!known)
    return jl_fail(err, JAILER_E_NO_RECORD, JAILER_LAYER_NONE, jl_chain_record_step, disk, 0,
                   "no chain was recorded for this disk; record it when making the disk, or ask to trust first use");
  return why ? jl_chain_record_mismatch(chain, layer, why, err) : JAILER_OK;
}
#endif /* JL_EFFECTS, JAILER_NO_QCOW2 */

#if JL_LINUX
/* ============================================================================================
 * // >>child    what the cloned child does before exec: system calls from a const plan, one reply, no return
 * May touch: the kernel. May call: tables, sys. It runs in the launcher's memory (CLONE_VM) on a stack of its own while
 * other threads go on, so: no allocation, no locks, no libc but memset, memcpy and strlen, no errno, no write but to
 * its own stack, the reply, and the room for its moves.
 * ============================================================================================ */

/* For the parent's side of the shared mapping: it comes and goes by system calls that ThreadSanitizer does not see,
   and a reused address would look like a race. */
#if defined(__GNUC__)
#define JL_BESIDE_CHILD __attribute__((no_sanitize("thread")))
#else
#define JL_BESIDE_CHILD
#endif

/* The last gate. Whoever moves it from OPEN decides, once: the child that is about to execute the target takes it, or
   the parent whose deadline has passed shuts it, and then nothing is executed. */
enum { JL_GATE_CLOSED = 0, JL_GATE_OPEN = 1, JL_GATE_TAKEN = 2, JL_GATE_SHUT = 3 };

/* What the child tells. Shared with the parent; the parent reads it after the child has executed or ended. */
typedef struct jl_reply {
  volatile uint32_t running; /* the kernel clears and wakes it when the child execs or ends (CLONE_CHILD_CLEARTID) */
  volatile uint32_t target_running; /* the same for the target below an init */
  volatile uint32_t maps_gate;      /* the parent sets it to 1 when the id maps are written */
  volatile uint32_t exec_gate;      /* likewise when the pid file is in place; then see jl_gate */
  volatile int32_t step, item, error;
  volatile uint32_t readback;   /* layers that the kernel confirmed to the child */
  volatile bool keeps_bounding; /* it had no CAP_SETPCAP to drop the bounding set with */
} jl_reply;

/* One spawn of a plan: what the parent prepared for it. Const to the child. */
typedef struct jl_launch {
  const jailer_plan *plan;
  jl_reply *reply;
  uint32_t layers; /* to apply in this try */
  bool maps_by_parent, own_memory;
  int procs_fd;      /* cgroup.procs, for a child that the clone could not put into its cgroup; -1: it did */
  bool host_cannot;  /* the failure tells of the host, not of a path somebody may have made so: the layer may degrade */
  int *trees;        /* per node: a detached tree of a privileged parent; NULL: none */
  jl_placed *placed; /* the kept descriptors, vetted: `from` is the duplicate below, null_fd or stderr_fd */
  int *kept;         /* per kept descriptor: the duplicate that was vetted; -1: none */
  int *lifted;       /* per kept descriptor: room for the child */
  int ruleset_fd, launcher_fd, null_fd, stderr_fd, pid_fd, pipe_read, pipe_write, init_fd, status_read, status_write;
  jl_landlock landlock;
  uint32_t landlock_flags; /* of landlock_restrict_self */
  char uid_map[64], gid_map[320], root_inodes[24];
  char *map; /* guard page, stack, reply */
  size_t map_size;
  long stack_size; /* the reply follows the stack */
  int pid;
  uint32_t seen; /* namespaces that are not the launcher's, by the kernel's account */
  uint64_t deadline_ms;
} jl_launch;

typedef struct jl_child {
  const jl_launch *launch;
  const jailer_plan *plan;
  jl_reply *reply;
  int root_fd, ruleset_fd, init_fd;
  int own[2];      /* stay open until exec: the init's report, and the pipe that tells the parent of exec; -1: none */
  bool in_cgroup;  /* the kernel's own account of the cgroup was read and agrees */
  bool tells;      /* what jl_child_sees_landlock opens could be opened before the domain */
  bool below_init; /* this is the target's process, cloned by the init's */
  bool only_own;   /* this is becoming the init: none of the target's descriptors stays */
} jl_child;

/* clang-format off */
/* mount(2), mount_setattr(2), open_tree(2), fsopen(2), move_mount(2) flags: linux/mount.h. */
enum {
  JL_MS_RDONLY = 1, JL_MS_NOSUID = 2, JL_MS_NODEV = 4, JL_MS_NOEXEC = 8, JL_MS_REMOUNT = 32, JL_MS_BIND = 4096,
  JL_MS_REC = 16384, JL_MS_SILENT = 32768, JL_MS_PRIVATE = 1 << 18, JL_MS_RELATIME = 1 << 21, JL_MNT_DETACH = 2,
  JL_OPEN_TREE_CLONE = 1, JL_OPEN_TREE_CLOEXEC = 02000000, JL_FSOPEN_CLOEXEC = 1, JL_FSCONFIG_SET_STRING = 1,
  JL_FSCONFIG_CREATE = 6, JL_FSMOUNT_CLOEXEC = 1, JL_MOVE_F_EMPTY = 4, JL_MOVE_T_EMPTY = 0x40,
  JL_FUTEX_WAIT = 0, JL_FUTEX_WAKE = 1, JL_TIOCSCTTY = 0x540E, JL_SIGKILL = 9, JL_SIGCHLD = 17, JL_SIGCONT = 18,
  JL_SIGSTOP = 19,
  JL_LANDLOCK_RULE_PATH = 1, JL_LANDLOCK_RULE_PORT = 2
};
/* clang-format on */

JL_CHILD_CODE static long jl_child_mount(const char *from, const char *at, const char *type, long flags,
                                         const char *text) {
  return jl_sys_call(JL_NR_mount, (long)from, (long)at, (long)type, flags, (long)text, 0);
}

/* The signal is only sent for a death that comes after it was asked for; one that came before shows on the pidfd. */
JL_CHILD_CODE static long jl_child_launcher(const jl_child *c) {
  struct {
    int fd;
    int16_t events, revents;
  } poll = {c->launch->launcher_fd, 1, 0};
  int64_t now[2] = {0, 0};
  if (poll.fd < 0) return 0; /* no pidfds before 5.3: the report says so */
  long r = jl_sys_call(JL_NR_ppoll, (long)&poll, 1, (long)now, 0, 0, 0);
  return r < 0 ? r : r > 0 ? -ESRCH : 0;
}

/* Waits until the parent opens a gate. A gate is opened once, so a spurious wake only looks again. A launcher that
   is killed meanwhile never opens it, and the parent-death signal may not be set yet: nobody waits longer than the
   deadline. */
JL_CHILD_CODE static long jl_child_gate(const jl_child *c, volatile uint32_t *gate) {
  const int64_t tick[2] = {0, 100000000};
  while (__atomic_load_n(gate, __ATOMIC_ACQUIRE) == 0) {
    long r = jl_sys_call(JL_NR_futex, (long)gate, JL_FUTEX_WAIT, 0, (long)tick, 0, 0);
    if (r < 0 && r != -EAGAIN && r != -EINTR && r != -ETIMEDOUT) return r;
    if (r == -ETIMEDOUT && jl_sys_now_ms() >= c->launch->deadline_ms) return r;
    if (r == -ETIMEDOUT && (r = jl_child_launcher(c)) < 0) return r;
  }
  return 0;
}

JL_CHILD_CODE static long jl_child_put(const char *path, const char *text) {
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_WRONLY, 0);
  if (fd < 0) return fd;
  long n = (long)strlen(text), r = jl_sys_write((int)fd, text, (size_t)n);
  jl_sys_close((int)fd); /* a /proc file: the write itself reported everything */
  return r == n ? 0 : r < 0 ? r : -EIO;
}

/* Whether cgroup.procs of the planned cgroup names this process. It tells numbers of the reader's pid namespace, and 0
   for everybody outside it (cgroups(7)). */
JL_CHILD_CODE static long jl_child_in_cgroup(jl_child *c) {
  const long self = jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0);
  char text[512];
  long n, pid = 0, fd = jl_sys_openat(c->plan->cgroup_fd, "cgroup.procs", JL_O_RDONLY, 0);
  if (fd < 0) return fd;
  while ((n = jl_sys_read((int)fd, text, sizeof text)) > 0) {
    for (long i = 0; i < n; i++) {
      if (text[i] == '\n' && pid == self) c->in_cgroup = true;
      pid = text[i] == '\n' ? 0 : pid * 10 + (text[i] - '0');
    }
  }
  jl_sys_close((int)fd); /* only read from */
  return n < 0 ? n : c->in_cgroup ? 0 : -EPROTO;
}

/* The clone has put this process into its cgroup (CLONE_INTO_CGROUP), or it moves itself: "0" is who writes. Only then
   comes the cgroup namespace, whose root is where its maker is: as a flag of the clone that would be the launcher's
   cgroup (copy_cgroup_ns takes the caller's). */
JL_CHILD_CODE static long jl_child_cgroup(jl_child *c) {
  long r = c->launch->procs_fd < 0 ? 1 : jl_sys_write(c->launch->procs_fd, "0", 1);
  if (r != 1) return r < 0 ? r : -EIO;
  if ((r = jl_child_in_cgroup(c)) < 0 || !(c->launch->layers & JAILER_BIT(JAILER_LAYER_CGROUPNS))) return r;
  return jl_sys_call(JL_NR_unshare, 0x02000000, 0, 0, 0, 0, 0); /* CLONE_NEWCGROUP */
}

/* Id maps: an ordinary launcher's child may map its own ids only, and must give up setgroups first
   (user_namespaces(7)); for a root launcher the parent writes them, so that host root is not mapped. */
JL_CHILD_CODE static long jl_child_maps(jl_child *c) {
  long r;
  if (c->launch->maps_by_parent) return jl_child_gate(c, &c->reply->maps_gate);
  if ((r = jl_child_put("/proc/self/setgroups", "deny")) < 0) return r;
  if ((r = jl_child_put("/proc/self/uid_map", c->launch->uid_map)) < 0) return r;
  return jl_child_put("/proc/self/gid_map", c->launch->gid_map);
}

/* A privileged launcher's child becomes the box's user here, before it touches a file. PR_SET_KEEPCAPS keeps the
   permitted set across the change where uid 0 is real; capset raises the effective set again. */
JL_CHILD_CODE static long jl_child_ids(jl_child *c) {
  const jailer_plan *p = c->plan;
  struct {
    uint32_t version;
    int32_t pid;
  } head = {0x20080522, 0};
  struct {
    uint32_t effective, permitted, inheritable;
  } data[2];
  long r;
  if (!p->host.privileged) return 0;
  if ((r = jl_sys_call(JL_NR_prctl, JL_PR_SET_KEEPCAPS, 1, 0, 0, 0, 0)) < 0) return r;
  if ((r = jl_sys_call(JL_NR_setgroups, (long)p->group_count, (long)p->groups, 0, 0, 0, 0)) < 0) return r;
  if ((r = jl_sys_call(JL_NR_setresgid, p->inside_gid, p->inside_gid, p->inside_gid, 0, 0, 0)) < 0) return r;
  if ((r = jl_sys_call(JL_NR_setresuid, p->inside_uid, p->inside_uid, p->inside_uid, 0, 0, 0)) < 0) return r;
  if ((r = jl_sys_call(JL_NR_capget, (long)&head, (long)data, 0, 0, 0, 0)) < 0) return r;
  data[0].effective = data[0].permitted;
  data[1].effective = data[1].permitted;
  return jl_sys_call(JL_NR_capset, (long)&head, (long)data, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_death(jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_prctl, JL_PR_SET_PDEATHSIG, JL_SIGKILL, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_launcher_step(jl_child *c) { return jl_child_launcher(c); }

JL_CHILD_CODE static long jl_child_session(jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_setsid, 0, 0, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_propagation(jl_child *c) {
  (void)c;
  return jl_child_mount(NULL, "/", NULL, JL_MS_REC | JL_MS_PRIVATE | JL_MS_SILENT, NULL);
}

/* The new root is a tmpfs stacked on "/": lookups of absolute paths still start in the old root, which is what grants
   are opened from, and no directory of the host is needed as a place to mount it. */
JL_CHILD_CODE static long jl_child_root(jl_child *c) {
  static const char *const keys[] = {"mode", "size", "nr_inodes"};
  const char *values[3];
  long fs = jl_sys_call(JL_NR_fsopen, (long)"tmpfs", JL_FSOPEN_CLOEXEC, 0, 0, 0, 0), r = fs;
  values[0] = "0755";
  values[1] = "4m";
  values[2] = c->launch->root_inodes;
  if (fs < 0) return fs;
  for (int i = 0; i < 3 && r >= 0; i++)
    r = jl_sys_call(JL_NR_fsconfig, fs, JL_FSCONFIG_SET_STRING, (long)keys[i], (long)values[i], 0, 0);
  if (r >= 0) r = jl_sys_call(JL_NR_fsconfig, fs, JL_FSCONFIG_CREATE, 0, 0, 0, 0);
  if (r >= 0)
    r = jl_sys_call(JL_NR_fsmount, fs, JL_FSMOUNT_CLOEXEC, JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC, 0, 0, 0);
  jl_sys_close((int)fs);
  if (r < 0) return r;
  c->root_fd = (int)r;
  r = jl_sys_call(JL_NR_move_mount, c->root_fd, (long)"", JL_AT_FDCWD, (long)"/", JL_MOVE_F_EMPTY, 0);
  return r < 0 ? r : jl_sys_call(JL_NR_fchdir, c->root_fd, 0, 0, 0, 0, 0);
}

/* The same on kernels before 5.2: the mount on "/" is reached through "/..", which crosses what is mounted there. */
JL_CHILD_CODE static long jl_child_root_any(jl_child *c) {
  char options[64] = "mode=0755,size=4m,nr_inodes=";
  long r = jl_child_root(c);
  if (r != -ENOSYS || c->root_fd >= 0) return r;
  size_t n = strlen(options);
  memcpy(options + n, c->launch->root_inodes, strlen(c->launch->root_inodes) + 1);
  if ((r = jl_child_mount("tmpfs", "/", "tmpfs", JL_MS_NOSUID | JL_MS_NODEV | JL_MS_NOEXEC, options)) < 0) return r;
  if ((r = jl_sys_openat(JL_AT_FDCWD, "/..", JL_O_PATH | JL_O_DIRECTORY, 0)) < 0) return r;
  c->root_fd = (int)r;
  return jl_sys_call(JL_NR_fchdir, c->root_fd, 0, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_make_file(jl_child *c, const jl_node *node) {
  long fd = jl_sys_openat(c->root_fd, node->at, JL_O_WRONLY | JL_O_CREAT | JL_O_EXCL | JL_O_NOFOLLOW, 0444), r = 0;
  if (fd < 0) return fd;
  if (node->text_len) r = jl_sys_write_all((int)fd, node->text, node->text_len);
  jl_sys_close((int)fd); /* tmpfs: nothing is written at close */
  return r;
}

JL_CHILD_CODE static bool jl_child_same(const jl_stat *a, const jl_stat *b) {
  return a->dev == b->dev && a->ino == b->ino && (a->mode & JL_S_IFMT) == (b->mode & JL_S_IFMT);
}

/* Whether a destination below a grant is there. Its directories may be writable for a hostile process, so no link in
   the name is followed; before 5.6 each component is opened by itself. */
JL_CHILD_CODE static long jl_child_enclosed(jl_child *c, const char *at) {
  long r = jl_sys_openat2(c->root_fd, at, JL_O_PATH, 0,
                          JL_RESOLVE_IN_ROOT | JL_RESOLVE_NO_SYMLINKS | JL_RESOLVE_NO_MAGICLINKS);
  if (r != -ENOSYS) return r;
  int dir = c->root_fd;
  for (;;) {
    char part[256];
    size_t n = 0;
    while (at[n] && at[n] != '/') n++;
    if (n >= sizeof part) return -ENAMETOOLONG;
    memcpy(part, at, n);
    part[n] = 0;
    r = jl_sys_openat(dir, part, JL_O_PATH | JL_O_NOFOLLOW | (at[n] ? JL_O_DIRECTORY : 0), 0);
    if (dir != c->root_fd) jl_sys_close(dir);
    if (r < 0 || !at[n]) return r;
    dir = (int)r;
    at += n + 1;
  }
}

/* A detached copy of the granted tree, proven to be the inode of the plan: the copy is looked at, not the path, so a
   path that is swapped at any moment yields either the right inode or an error. */
JL_CHILD_CODE static long jl_child_tree(jl_child *c, const jl_node *node) {
  jl_stat now;
  c->reply->step = JL_STEP_SOURCE;
  long tree =
      jl_sys_call(JL_NR_open_tree, JL_AT_FDCWD, (long)node->source->resolved,
                  JL_OPEN_TREE_CLONE | JL_OPEN_TREE_CLOEXEC | JL_AT_RECURSIVE | JL_AT_SYMLINK_NOFOLLOW, 0, 0, 0);
  if (tree < 0) return tree;
  c->reply->step = JL_STEP_IDENTITY;
  long r = jl_sys_fstat((int)tree, &now);
  if (r == 0 && !jl_child_same(&now, &node->source->st)) r = -ESTALE;
  if (r < 0) {
    jl_sys_close((int)tree);
    return r;
  }
  return tree;
}

JL_CHILD_CODE static long jl_child_attributes(int tree, uint64_t attr) {
  uint64_t set[4] = {attr, 0, 0, 0}; /* struct mount_attr: set, clear, propagation, userns_fd */
  return jl_sys_call(JL_NR_mount_setattr, tree, (long)"", JL_AT_EMPTY_PATH | JL_AT_RECURSIVE, (long)set, sizeof set, 0);
}

/* "/proc/self/fd/N", without a library. */
JL_CHILD_CODE static void jl_child_fd_path(char text[32], int fd) {
  char digits[12];
  size_t n = 0, at = 14;
  memcpy(text, "/proc/self/fd/", 14);
  do digits[n++] = (char)('0' + fd % 10);
  while ((fd /= 10) > 0);
  while (n) text[at++] = digits[--n];
  text[at] = 0;
}

/* Before 5.12: bind and remount, through descriptors. Without MS_REC the kernel refuses a source with submounts in a
   user namespace (EINVAL: they are locked together), which is what is wanted: a remount would leave them writable.
   The flags a mount already has must be named again, or the remount is refused as a weakening. */
JL_CHILD_CODE static long jl_child_bind(jl_child *c, const jl_node *node, int target) {
  char from[32], to[32];
  uint64_t fs[16];
  jl_stat now;
  c->reply->step = JL_STEP_SOURCE;
  long fd = jl_sys_openat(JL_AT_FDCWD, node->source->resolved, JL_O_PATH | JL_O_NOFOLLOW, 0);
  if (fd < 0) return fd;
  jl_child_fd_path(from, (int)fd);
  jl_child_fd_path(to, target);
  c->reply->step = JL_STEP_IDENTITY;
  long r = jl_sys_fstat((int)fd, &now);
  if (r == 0 && !jl_child_same(&now, &node->source->st)) r = -ESTALE;
  c->reply->step = r < 0 ? JL_STEP_IDENTITY : JL_STEP_ATTRIBUTES; /* whose remedy is about submounts */
  if (r == 0) r = jl_child_mount(from, to, NULL, JL_MS_BIND, NULL);
  if (r == 0) r = jl_sys_call(JL_NR_fstatfs, fd, (long)fs, 0, 0, 0, 0);
  jl_sys_close((int)fd);
  if (r < 0) return r;
  long flags = JL_MS_REMOUNT | JL_MS_BIND | (long)node->attr | (long)(fs[10] & (1 | 2 | 4 | 8 | 1024 | 2048));
  if (fs[10] & 4096) flags |= JL_MS_RELATIME;
  /* the descriptor is of what lies under the mount; the name leads to the mount itself */
  long top = node->enclosed ? jl_child_enclosed(c, node->at) : jl_sys_openat(c->root_fd, node->at, JL_O_PATH, 0);
  if (top < 0) return top;
  jl_child_fd_path(to, (int)top);
  r = jl_child_mount(NULL, to, NULL, flags, NULL);
  jl_sys_close((int)top);
  return r;
}

/* A grant's mount point: made in our own tmpfs, or found below another grant. */
JL_CHILD_CODE static long jl_child_target(jl_child *c, const jl_node *node) {
  long r;
  c->reply->step = JL_STEP_DESTINATION;
  if (node->enclosed) return jl_child_enclosed(c, node->at);
  c->reply->step = JL_STEP_NODE;
  if ((node->source->st.mode & JL_S_IFMT) == JL_S_IFDIR) r = jl_sys_mkdirat(c->root_fd, node->at, 0755);
  else r = jl_child_make_file(c, node);
  return r < 0 ? r : -ENODATA; /* no descriptor needed: nobody else can reach our tmpfs */
}

JL_CHILD_CODE static long jl_child_grant(jl_child *c, const jl_node *node, int prepared) {
  long target = jl_child_target(c, node), r, tree = prepared;
  if (target < 0 && target != -ENODATA) return target;
  if (tree < 0) {
    tree = jl_child_tree(c, node);
    r = tree;
    if (tree >= 0) {
      c->reply->step = JL_STEP_ATTRIBUTES;
      r = jl_child_attributes((int)tree, node->attr);
    }
    if (r == -ENOSYS) { /* an older kernel */
      if (tree >= 0) jl_sys_close((int)tree);
      long fd = target >= 0 ? target : jl_sys_openat(c->root_fd, node->at, JL_O_PATH, 0);
      r = fd < 0 ? fd : jl_child_bind(c, node, (int)fd);
      if (fd >= 0) jl_sys_close((int)fd);
      return r;
    }
    if (r < 0) return r;
  }
  c->reply->step = JL_STEP_MOVE;
  if (target >= 0) {
    r = jl_sys_call(JL_NR_move_mount, tree, (long)"", target, (long)"", JL_MOVE_F_EMPTY | JL_MOVE_T_EMPTY, 0);
    jl_sys_close((int)target);
  } else {
    r = jl_sys_call(JL_NR_move_mount, tree, (long)"", c->root_fd, (long)node->at, JL_MOVE_F_EMPTY, 0);
  }
  jl_sys_close((int)tree);
  return r;
}

JL_CHILD_CODE static long jl_child_special(jl_child *c, const jl_node *node, jl_step step, const char *type,
                                           long flags) {
  c->reply->step = JL_STEP_NODE;
  long r = jl_sys_mkdirat(c->root_fd, node->at, 0755);
  if (r < 0) return r;
  c->reply->step = (int32_t)step;
  return jl_child_mount(type, node->at, type, flags, node->text);
}

/* Everything in the new root, in the plan's order. The working directory is the new root, so `at` is its own path. */
JL_CHILD_CODE static long jl_child_nodes(jl_child *c) {
  const jailer_plan *p = c->plan;
  const long quiet = JL_MS_NOSUID | JL_MS_NODEV | JL_MS_NOEXEC;
  long r = 0;
  jl_sys_call(JL_NR_umask, 022, 0, 0, 0, 0, 0);
  for (size_t i = 0; i < p->nodes.count && r >= 0; i++) {
    const jl_node *node = &p->nodes.item[i];
    c->reply->item = (int32_t)i;
    c->reply->step = JL_STEP_NODE;
    switch (node->kind) {
    case JL_DIR: r = jl_sys_mkdirat(c->root_fd, node->at, 0755); break;
    case JL_LINK: r = jl_sys_symlinkat(node->text, c->root_fd, node->at); break;
    case JL_FILE: r = jl_child_make_file(c, node); break;
    case JL_TREE: r = jl_child_grant(c, node, c->launch->trees ? c->launch->trees[i] : -1); break;
    case JL_TMPFS: r = jl_child_special(c, node, JL_STEP_TMPFS, "tmpfs", quiet); break;
    case JL_DEVPTS: r = jl_child_special(c, node, JL_STEP_DEVPTS, "devpts", JL_MS_NOSUID | JL_MS_NOEXEC); break;
    case JL_PROC:
      if (c->launch->layers & JAILER_BIT(JAILER_LAYER_PROC)) r = jl_child_special(c, node, JL_STEP_PROC, "proc", quiet);
      else r = jl_sys_mkdirat(c->root_fd, node->at, 0755);
      break;
    }
  }
  if (r >= 0) c->reply->item = -1;
  return r < 0 ? r : 0;
}

/* The box's stderr file, opened again through a noexec copy of its mount: a descriptor of a host file that could be
   made executable and executed through /proc/self/fd is a way around noexec. */
JL_CHILD_CODE static long jl_child_stderr(jl_child *c) {
  jl_stat now, then;
  char path[32], own[32];
  int fd = c->launch->stderr_fd;
  if (fd < 0 || c->plan->host.privileged) return 0; /* a privileged parent did it */
  jl_child_fd_path(own, fd);
  char name[JAILER_PATH_MAX];
  long r = jl_sys_readlinkat(JL_AT_FDCWD, own, name, sizeof name - 1);
  if (r <= 0 || r >= (long)sizeof name - 1) return r < 0 ? r : -ENAMETOOLONG;
  name[r] = 0;
  long tree = jl_sys_call(JL_NR_open_tree, JL_AT_FDCWD, (long)name,
                          JL_OPEN_TREE_CLONE | JL_OPEN_TREE_CLOEXEC | JL_AT_SYMLINK_NOFOLLOW, 0, 0, 0);
  if (tree == -ENOSYS) return 0;
  if (tree < 0) return tree;
  r = jl_child_attributes((int)tree, JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC);
  jl_child_fd_path(path, (int)tree);
  if (r == 0) r = jl_sys_openat(JL_AT_FDCWD, path, JL_O_WRONLY | JL_O_APPEND | JL_O_NOCTTY, 0);
  jl_sys_close((int)tree);
  if (r < 0) return r == -ENOSYS ? 0 : r;
  long again = r;
  if ((r = jl_sys_fstat((int)again, &now)) == 0) r = jl_sys_fstat(fd, &then);
  if (r == 0 && !jl_child_same(&now, &then)) r = -ESTALE;
  if (r == 0) r = jl_sys_call(JL_NR_dup3, again, fd, JL_O_CLOEXEC, 0, 0, 0);
  jl_sys_close((int)again);
  return r < 0 ? r : 0;
}

/* pivot_root(".", "."): the old root ends up stacked on the new one and is detached from there (pivot_root(2)). */
JL_CHILD_CODE static long jl_child_pivot(jl_child *c) {
  long r;
  (void)c;
  if ((r = jl_sys_call(JL_NR_pivot_root, (long)".", (long)".", 0, 0, 0, 0)) < 0) return r;
  if ((r = jl_sys_call(JL_NR_umount2, (long)".", JL_MNT_DETACH, 0, 0, 0, 0)) < 0) return r;
  return jl_sys_call(JL_NR_chdir, (long)"/", 0, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_read_only(jl_child *c) {
  uint64_t set[4] = {JL_MOUNT_RDONLY, 0, 0, 0};
  long r = jl_sys_call(JL_NR_mount_setattr, c->root_fd, (long)"", JL_AT_EMPTY_PATH, (long)set, sizeof set, 0);
  if (r != -ENOSYS) return r;
  return jl_child_mount(NULL, "/", NULL,
                        JL_MS_REMOUNT | JL_MS_BIND | JL_MS_RDONLY | JL_MS_NOSUID | JL_MS_NODEV | JL_MS_NOEXEC, NULL);
}

/* The new UTS namespace is a copy of the host's: its domain name goes too. */
JL_CHILD_CODE static long jl_child_hostname(jl_child *c) {
  const long setdomainname = JL_X86_64 ? 171 : 162;
  long r = jl_sys_call(JL_NR_sethostname, (long)c->plan->hostname, (long)strlen(c->plan->hostname), 0, 0, 0, 0);
  return r < 0 ? r : jl_sys_call(setdomainname, (long)"(none)", 6, 0, 0, 0, 0);
}

/* Moves a private descriptor above the kept numbers, and above 3, where an init expects its pipe. */
JL_CHILD_CODE static long jl_child_lift(const jl_child *c, int *fd) {
  const int above = c->plan->fd_max > 3 ? c->plan->fd_max : 3;
  if (*fd < 0 || *fd > above) return 0;
  long r = jl_sys_fcntl(*fd, JL_F_DUPFD_CLOEXEC, above + 1);
  if (r >= 0) *fd = (int)r;
  return r < 0 ? r : 0;
}

/* The kept descriptors are a permutation that may have cycles: each is first above all of them (the parent's duplicates
   are, unless its limit was too low for that), then put in place, so that no order can overwrite one that is still
   needed. dup3 also clears close-on-exec. */
JL_CHILD_CODE static long jl_child_fds(jl_child *c) {
  const jailer_plan *p = c->plan;
  const jl_placed *placed = c->launch->placed;
  int *lifted = c->launch->lifted;
  uint64_t limit[2] = {0, 0};
  long r;
  /* numbers up to the hard limit can be placed; RLIMIT_NOFILE itself is set later. Limits are the child's own. */
  if (jl_sys_call(JL_NR_prlimit64, 0, 7, 0, (long)limit, 0, 0) >= 0 && limit[0] < limit[1]) {
    limit[0] = limit[1];
    jl_sys_call(JL_NR_prlimit64, 0, 7, (long)limit, 0, 0, 0);
  }
  if ((r = jl_child_lift(c, &c->ruleset_fd)) < 0 || (r = jl_child_lift(c, &c->init_fd)) < 0 ||
      (r = jl_child_lift(c, &c->own[0])) < 0 || (r = jl_child_lift(c, &c->own[1])) < 0)
    return r;
  for (size_t i = 0; i < p->fd_count; i++) {
    c->reply->item = placed[i].to;
    lifted[i] = placed[i].from;
    if (lifted[i] > p->fd_max) continue;
    if ((r = jl_sys_fcntl(lifted[i], JL_F_DUPFD_CLOEXEC, p->fd_max + 1)) < 0) return r;
    lifted[i] = (int)r;
  }
  for (size_t i = 0; i < p->fd_count; i++) {
    c->reply->item = placed[i].to;
    if ((r = jl_sys_call(JL_NR_dup3, lifted[i], placed[i].to, 0, 0, 0, 0)) < 0) return r;
  }
  c->reply->item = -1;
  return 0;
}

JL_CHILD_CODE static long jl_child_tty(jl_child *c) {
  if (!c->plan->controlling_tty || (c->plan->with_init && !c->below_init)) return 0;
  return jl_sys_call(JL_NR_ioctl, 0, JL_TIOCSCTTY, 0, 0, 0, 0);
}

/* Every signal to its default, none blocked. CLONE_CLEAR_SIGHAND would leave ignored signals ignored. */
JL_CHILD_CODE static long jl_child_signals(jl_child *c) {
  uint64_t action[4] = {0, 0, 0, 0}, none = 0; /* handler SIG_DFL, flags, restorer, mask */
  (void)c;
  for (int signal = 1; signal <= 64; signal++) {
    if (signal == JL_SIGKILL || signal == JL_SIGSTOP) continue;
    long r = jl_sys_call(JL_NR_rt_sigaction, signal, (long)action, 0, 8, 0, 0);
    if (r < 0) return r;
  }
  return jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&none, 0, 8, 0, 0); /* SIG_SETMASK */
}

JL_CHILD_CODE static long jl_child_personality(jl_child *c) {
  long now = jl_sys_call(JL_NR_personality, 0xffffffffL, 0, 0, 0, 0, 0);
  (void)c;
  if (now <= 0) return now;
  now = jl_sys_call(JL_NR_personality, 0, 0, 0, 0, 0, 0);
  return now < 0 ? now : 0;
}

JL_CHILD_CODE static long jl_child_rlimit(int resource, uint64_t value) {
  uint64_t limit[2];
  limit[0] = limit[1] = value;
  return jl_sys_call(JL_NR_prlimit64, 0, resource, (long)limit, 0, 0, 0);
}

/* No more than `most`; a hard limit that is lower already stays. */
JL_CHILD_CODE static long jl_child_lower(int resource, uint64_t most) {
  uint64_t limit[2] = {0, 0};
  long r = jl_sys_call(JL_NR_prlimit64, 0, resource, 0, (long)limit, 0, 0);
  return r < 0 ? r : jl_child_rlimit(resource, limit[1] < most ? limit[1] : most);
}

/* Queued signals, POSIX timers among them, and message queues are counted for the user who made the user namespace as
   well (user_namespaces(7)): for a root launcher that is root, and a target with its limits would take them from the
   whole host. RLIMIT_CORE 1 and not 0: with 0 the kernel still runs a core_pattern pipe handler, as root, outside the
   jail (core(5)). Where the hard limit is 0 already it cannot be raised and stays. */
JL_CHILD_CODE static long jl_child_rlimits(jl_child *c) {
  long r;
  c->reply->item = 4; /* RLIMIT_CORE */
  if ((r = jl_child_lower(4, 1)) < 0) return r;
  c->reply->item = 11; /* RLIMIT_SIGPENDING */
  if ((r = jl_child_lower(11, 1024)) < 0) return r;
  c->reply->item = 12; /* RLIMIT_MSGQUEUE, in bytes */
  if ((r = jl_child_lower(12, 65536)) < 0) return r;
  c->reply->item = 7; /* RLIMIT_NOFILE */
  if ((r = jl_child_rlimit(7, c->plan->nofile)) < 0) return r;
  c->reply->item = 1; /* RLIMIT_FSIZE */
  if ((r = jl_child_rlimit(1, c->plan->fsize)) < 0) return r;
  c->reply->item = -1;
  return 0;
}

/* 0xef: NOROOT, NO_SETUID_FIXUP, NO_CAP_AMBIENT_RAISE and the lock of each, and the lock of KEEP_CAPS (off). */
enum { JL_CHILD_SECUREBITS = 0xef };

/* The bounding set and the securebits are CAP_SETPCAP's to change. Who has not got that may have nothing left of them,
   as a target of a launch. Otherwise they are kept, and void under no_new_privs: execve then gives nobody a capability
   that was not there before (cap_bprm_creds_from_file of security/commoncap.c). */
JL_CHILD_CODE static bool jl_child_keeps_bounding(void) {
  for (int cap = 0; cap < 64; cap++) {
    const long r = jl_sys_call(JL_NR_prctl, JL_PR_CAPBSET_READ, cap, 0, 0, 0, 0);
    if (r < 0 && cap > JL_CAP_SYS_ADMIN) break; /* above the kernel's last capability */
    if (r != 0) return true;
  }
  return jl_sys_call(JL_NR_prctl, JL_PR_GET_SECUREBITS, 0, 0, 0, 0, 0) != JL_CHILD_SECUREBITS;
}

/* Ambient, bounding, then the three sets; the securebits are locked so that no exec and no uid gives any back. */
JL_CHILD_CODE static long jl_child_drop_caps(bool *kept) {
  struct {
    uint32_t version;
    int32_t pid;
  } head = {0x20080522, 0};
  uint32_t sets[6] = {0, 0, 0, 0, 0, 0}, none[6] = {0, 0, 0, 0, 0, 0}; /* effective, permitted, inheritable, twice */
  long r = jl_sys_call(JL_NR_capget, (long)&head, (long)sets, 0, 0, 0, 0);
  const bool may = (sets[0] >> JL_CAP_SETPCAP & 1) != 0;
  *kept = r == 0 && !may && jl_child_keeps_bounding();
  if (r < 0) return r;
  if ((r = jl_sys_call(JL_NR_prctl, JL_PR_CAP_AMBIENT, JL_PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0, 0)) < 0) return r;
  for (int cap = 0; cap < 64 && may; cap++) {
    r = jl_sys_call(JL_NR_prctl, JL_PR_CAPBSET_DROP, cap, 0, 0, 0, 0);
    if (r == -EINVAL && cap > JL_CAP_SYS_ADMIN && /* above the kernel's last capability */
        jl_sys_call(JL_NR_prctl, JL_PR_CAPBSET_READ, cap, 0, 0, 0, 0) < 0)
      break;
    if (r < 0) return r;
  }
  if (may && (r = jl_sys_call(JL_NR_prctl, JL_PR_SET_SECUREBITS, JL_CHILD_SECUREBITS, 0, 0, 0, 0)) < 0) return r;
  return jl_sys_call(JL_NR_capset, (long)&head, (long)none, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_caps(jl_child *c) {
  bool kept;
  const long r = jl_child_drop_caps(&kept);
  c->reply->keeps_bounding = kept;
  return r == 0 && kept && !(c->launch->layers & JAILER_BIT(JAILER_LAYER_NNP)) ? -EPERM : r;
}

/* A grant that the target's user cannot use is a mistake that shows now, with its path, and not as a puzzling EACCES
   later. Asked with the target's ids and no capabilities. */
JL_CHILD_CODE static long jl_child_reach(jl_child *c) {
  const jailer_plan *p = c->plan;
  if (!(c->launch->layers & JAILER_BIT(JAILER_LAYER_MOUNTS))) return 0;
  for (size_t i = 0; i < p->nodes.count; i++) {
    const jl_node *node = &p->nodes.item[i];
    if (node->kind != JL_TREE || !node->source->check) continue;
    bool dir = (node->source->st.mode & JL_S_IFMT) == JL_S_IFDIR;
    long mode = JL_ACCESS_R | (dir ? JL_ACCESS_X : 0);
    if (node->source->access == JAILER_WRITE || node->source->access == JAILER_DEVICE) mode |= JL_ACCESS_W;
    if (node->source->access == JAILER_EXEC) mode |= JL_ACCESS_X;
    if (node->source->origin == JL_FROM_PROGRAM) mode = JL_ACCESS_X;
    c->reply->item = (int32_t)i;
    long r = jl_sys_call(JL_NR_faccessat, JL_AT_FDCWD, (long)node->at, mode, 0, 0, 0);
    if (r < 0 && node->source->origin == JL_FROM_PROGRAM) c->reply->step = JL_STEP_EXEC; /* what exec would say */
    if (r < 0) return r;
  }
  c->reply->item = -1;
  return 0;
}

JL_CHILD_CODE static long jl_child_cwd(jl_child *c) {
  return jl_sys_call(JL_NR_chdir, (long)c->plan->cwd, 0, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_nnp(jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_prctl, JL_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_rule(jl_child *c, const char *path, uint64_t rights) {
  struct {
    uint32_t access_low, access_high; /* struct landlock_path_beneath_attr is packed: u64, s32 */
    int32_t fd;
  } rule;
  rights &= c->launch->landlock.fs;
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_PATH, 0);
  if (fd < 0) return fd;
  rule.access_low = (uint32_t)rights; /* both machines are little-endian */
  rule.access_high = (uint32_t)(rights >> 32);
  rule.fd = (int32_t)fd;
  long r = jl_sys_call(JL_NR_landlock_add_rule, c->ruleset_fd, JL_LANDLOCK_RULE_PATH, (long)&rule, 0, 0, 0);
  jl_sys_close((int)fd);
  return r;
}

/* Rules for what only exists since the mounts: the parent added those of the grants, which follow their inodes here.
   The root itself may be listed, nothing in it read. */
JL_CHILD_CODE static long jl_child_rules(jl_child *c) {
  const jailer_plan *p = c->plan;
  long r;
  if (!(c->launch->layers & JAILER_BIT(JAILER_LAYER_MOUNTS))) return 0;
  if ((r = jl_child_rule(c, "/", JL_LL_READ_DIR)) < 0) return r;
  if (!p->without_system && (r = jl_child_rule(c, "/etc", JL_LL_READ_FILE | JL_LL_READ_DIR)) < 0) return r;
  for (size_t i = 0; i < p->nodes.count; i++) {
    const jl_node *node = &p->nodes.item[i];
    c->reply->item = (int32_t)i;
    r = 0;
    if (node->kind == JL_TMPFS) r = jl_child_rule(c, node->at, jl_tab_landlock_rights(JAILER_WRITE, true));
    if (node->kind == JL_PROC) r = jl_child_rule(c, node->at, jl_tab_landlock_rights(JAILER_READ, true));
    if (node->kind == JL_DEVPTS)
      r = jl_child_rule(c, node->at, jl_tab_landlock_rights(JAILER_DEVICE, true) | JL_LL_READ_DIR);
    if (r < 0) return r;
  }
  c->reply->item = -1;
  return 0;
}

/* An open that only Landlock refuses: for writing, a file of the process itself whose mode is 0666, and which there is
   wherever Landlock is (CONFIG_SECURITY). A root launcher's child has changed its uid and is not dumpable: other files
   are root's alone. */
JL_CHILD_CODE static long jl_child_own_file(void) {
  long fd = jl_sys_openat(JL_AT_FDCWD, "/proc/self/attr/current", JL_O_WRONLY, 0);
  if (fd >= 0) jl_sys_close((int)fd);
  return fd < 0 ? fd : 0;
}

/* Without /proc nothing can be told of a domain, nor where something else refuses that open already: AppArmor and
   SELinux by a policy of the launcher's. */
JL_CHILD_CODE static long jl_child_landlock(jl_child *c) {
  const long own = c->launch->layers & JAILER_BIT(JAILER_LAYER_PROC) ? jl_child_own_file() : -ENOENT;
  c->tells = own == 0;
  if (own < 0 && own != -EACCES && own != -EPERM && own != -ENOENT) return own;
  return jl_sys_call(JL_NR_landlock_restrict_self, c->ruleset_fd, c->launch->landlock_flags, 0, 0, 0, 0);
}

/* The lowest descriptor from `from` on that stays open; -1: none. */
JL_CHILD_CODE static int jl_child_next_kept(const jl_child *c, int from) {
  const size_t count = c->only_own ? 0 : c->plan->fd_count;
  int lowest = -1;
  for (size_t i = 0; i < count + 3; i++) {
    int fd = i < 3 ? (i < 2 ? c->own[i] : c->init_fd) : c->plan->fds[i - 3].to;
    if (fd >= from && (lowest < 0 || fd < lowest)) lowest = fd;
  }
  return lowest;
}

static int jl_child_number(const char *text) {
  int n = 0;
  if (!*text) return -1;
  for (; *text; text++) {
    if (*text < '0' || *text > '9' || n > 100000000) return -1;
    n = n * 10 + (*text - '0');
  }
  return n;
}

/* Before 5.9: the numbers in /proc/self/fd, read again from the start until a pass finds nothing to close. */
JL_CHILD_CODE static long jl_child_close_old(jl_child *c) {
  char entries[1024];
  long dir = jl_sys_openat(JL_AT_FDCWD, "/proc/self/fd", JL_O_RDONLY | JL_O_DIRECTORY, 0), r = dir;
  bool again = dir >= 0;
  while (again && r >= 0) {
    again = false;
    if ((r = jl_sys_close((int)dir)) < 0) return r;
    if ((dir = r = jl_sys_openat(JL_AT_FDCWD, "/proc/self/fd", JL_O_RDONLY | JL_O_DIRECTORY, 0)) < 0) return r;
    while ((r = jl_sys_getdents((int)dir, entries, sizeof entries)) > 0) {
      for (long at = 0; at < r;) {
        uint16_t size;
        memcpy(&size, entries + at + 16, sizeof size); /* struct linux_dirent64: ino, off, reclen, type, name */
        int fd = jl_child_number(entries + at + 19);
        at += size;
        if (fd < 0 || fd == dir || jl_child_next_kept(c, fd) == fd) continue;
        jl_sys_close(fd);
        again = true;
      }
    }
  }
  if (dir >= 0) jl_sys_close((int)dir);
  return r;
}

/* Everything that is not kept, the numbers between the kept ones included (runc CVE-2024-21626 was one such
   descriptor). What stays for the launch itself is close-on-exec. */
JL_CHILD_CODE static long jl_child_close(jl_child *c) {
  for (int from = 0;;) {
    int kept = jl_child_next_kept(c, from);
    long r = 0, last = kept < 0 ? 0xffffffffL : kept - 1;
    if (last >= from) r = jl_sys_call(JL_NR_close_range, from, last, 0, 0, 0, 0);
    if (r == -ENOSYS) return jl_child_close_old(c);
    if (r < 0 || kept < 0) return r;
    from = kept + 1;
  }
}

JL_CHILD_CODE static long jl_child_exec_gate(jl_child *c) { return jl_child_gate(c, &c->reply->exec_gate); }

JL_CHILD_CODE static long jl_child_install(const jailer_insn *filter, size_t len) {
  struct {
    uint16_t len;
    const jailer_insn *filter;
  } program; /* struct sock_fprog */
  memset(&program, 0, sizeof program);
  program.len = (uint16_t)len;
  program.filter = filter;
  return jl_sys_call(JL_NR_seccomp, JL_SECCOMP_SET_MODE_FILTER, 0, (long)&program, 0, 0, 0);
}

JL_CHILD_CODE static long jl_child_seccomp(jl_child *c) {
  return jl_child_install(c->plan->filter, c->plan->filter_len);
}

/* After all else: it may refuse every call but execve, and so the exit of a child that could not execute, which the
   kernel then ends. */
JL_CHILD_CODE static long jl_child_policy(jl_child *c) {
  return c->plan->policy ? jl_child_install(c->plan->policy, c->plan->policy_len) : 0;
}

/* --- the kernel's own account, before the target exists. Each answers whether it agrees. --- */

JL_CHILD_CODE static bool jl_child_sees_no_caps(bool kept) {
  struct {
    uint32_t version;
    int32_t pid;
  } head = {0x20080522, 0};
  uint32_t sets[6] = {1, 1, 1, 1, 1, 1}, any = 0;
  if (jl_sys_call(JL_NR_capget, (long)&head, (long)sets, 0, 0, 0, 0) < 0) return false;
  for (int i = 0; i < 6; i++) any |= sets[i];
  return !any && (kept || jl_sys_call(JL_NR_prctl, JL_PR_GET_SECUREBITS, 0, 0, 0, 0, 0) == JL_CHILD_SECUREBITS);
}

JL_CHILD_CODE static bool jl_child_sees_caps(const jl_child *c) {
  return jl_child_sees_no_caps(c->reply->keeps_bounding);
}

JL_CHILD_CODE static bool jl_child_sees_nnp(const jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_prctl, JL_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) == 1;
}

JL_CHILD_CODE static bool jl_child_sees_seccomp(const jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_prctl, JL_PR_GET_SECCOMP, 0, 0, 0, 0, 0) == JL_SECCOMP_MODE_FILTER;
}

JL_CHILD_CODE static bool jl_child_sees_session(const jl_child *c) {
  (void)c;
  return jl_sys_call(JL_NR_getsid, 0, 0, 0, 0, 0, 0) == jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0);
}

/* Below an init the signal is the init's: the target dies with its namespace. */
JL_CHILD_CODE static bool jl_child_sees_death(const jl_child *c) {
  int32_t signal = 0;
  if (c->below_init) return true;
  return jl_sys_call(JL_NR_prctl, JL_PR_GET_PDEATHSIG, (long)&signal, 0, 0, 0, 0) == 0 && signal == JL_SIGKILL;
}

JL_CHILD_CODE static bool jl_child_sees_rlimits(const jl_child *c) {
  uint64_t nofile[2] = {0, 0}, fsize[2] = {0, 0};
  if (jl_sys_call(JL_NR_prlimit64, 0, 7, 0, (long)nofile, 0, 0) < 0) return false;
  if (jl_sys_call(JL_NR_prlimit64, 0, 1, 0, (long)fsize, 0, 0) < 0) return false;
  return nofile[0] == c->plan->nofile && nofile[1] == c->plan->nofile && fsize[1] == c->plan->fsize;
}

/* With subset=pid the system's files are not there; the process's own are. */
JL_CHILD_CODE static bool jl_child_sees_proc(const jl_child *c) {
  long own = jl_sys_call(JL_NR_faccessat, JL_AT_FDCWD, (long)"/proc/self/status", 0, 0, 0, 0);
  long system = jl_sys_call(JL_NR_faccessat, JL_AT_FDCWD, (long)"/proc/uptime", 0, 0, 0, 0);
  return own == 0 && (system == -ENOENT || c->plan->allow_full_proc);
}

JL_CHILD_CODE static bool jl_child_sees_landlock(const jl_child *c) {
  return !c->tells || jl_child_own_file() == -EACCES;
}

/* The target's ids, and its groups where the launcher could choose them. */
JL_CHILD_CODE static bool jl_child_sees_ids(const jl_child *c) {
  const jailer_plan *p = c->plan;
  const bool mapped = (c->launch->layers & JAILER_BIT(JAILER_LAYER_USERNS)) != 0;
  const uint32_t uid = mapped ? p->inside_uid : p->host_uid, gid = mapped ? p->inside_gid : p->host_gid;
  uint32_t u[3] = {0, 0, 0}, g[3] = {0, 0, 0}, groups[8];
  if (jl_sys_call(JL_NR_getresuid, (long)&u[0], (long)&u[1], (long)&u[2], 0, 0, 0) < 0 ||
      jl_sys_call(JL_NR_getresgid, (long)&g[0], (long)&g[1], (long)&g[2], 0, 0, 0) < 0)
    return false;
  for (int i = 0; i < 3; i++)
    if (u[i] != uid || g[i] != gid) return false;
  if (!p->host.privileged) return true;
  long n = jl_sys_call(JL_NR_getgroups, 8, (long)groups, 0, 0, 0, 0);
  if (n != (long)p->group_count) return false;
  for (long i = 0; i < n; i++) { /* the kernel sorts them */
    bool given = false;
    for (size_t k = 0; k < p->group_count; k++) given = given || p->groups[k] == groups[i];
    if (!given) return false;
  }
  return true;
}

/* The root is the tmpfs, and cannot be written; what the caller granted is mounted as planned. */
JL_CHILD_CODE static bool jl_child_sees_mounts(const jl_child *c) {
  const uint64_t root = JL_MOUNT_RDONLY | JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC; /* the values of ST_* */
  const jailer_plan *p = c->plan;
  uint64_t fs[16];
  memset(fs, 0, sizeof fs);
  if (jl_sys_call(JL_NR_statfs, (long)"/", (long)fs, 0, 0, 0, 0) < 0) return false;
  if (fs[0] != 0x01021994 || (fs[10] & root) != root) return false; /* TMPFS_MAGIC */
  for (size_t i = 0; i < p->nodes.count; i++) {
    const jl_node *node = &p->nodes.item[i];
    if (node->kind != JL_TREE || !node->source->check) continue;
    if (jl_sys_call(JL_NR_statfs, (long)node->source->at, (long)fs, 0, 0, 0, 0) < 0) return false;
    if ((fs[10] & node->attr) != node->attr) return false;
  }
  return true;
}

static const struct {
  jailer_layer layer;
  bool (*agrees)(const jl_child *);
} jl_child_accounts[] = {
    {JAILER_LAYER_IDS, jl_child_sees_ids},         {JAILER_LAYER_MOUNTS, jl_child_sees_mounts},
    {JAILER_LAYER_CAPS, jl_child_sees_caps},       {JAILER_LAYER_NNP, jl_child_sees_nnp},
    {JAILER_LAYER_SECCOMP, jl_child_sees_seccomp}, {JAILER_LAYER_SESSION, jl_child_sees_session},
    {JAILER_LAYER_DEATH, jl_child_sees_death},     {JAILER_LAYER_RLIMITS, jl_child_sees_rlimits},
    {JAILER_LAYER_PROC, jl_child_sees_proc},       {JAILER_LAYER_LANDLOCK, jl_child_sees_landlock}};

/* Whatever the kernel says otherwise ends the launch. The namespaces are the parent's to look at: it has the time. */
JL_CHILD_CODE static long jl_child_readback(jl_child *c) {
  uint32_t seen = 0;
  for (size_t i = 0; i < sizeof jl_child_accounts / sizeof jl_child_accounts[0]; i++) {
    const uint32_t bit = JAILER_BIT(jl_child_accounts[i].layer);
    if (!(c->launch->layers & bit)) continue;
    c->reply->item = (int32_t)jl_child_accounts[i].layer;
    if (!jl_child_accounts[i].agrees(c)) return -EPROTO;
    seen |= bit;
  }
  if (!c->tells) seen &= ~JAILER_BIT(JAILER_LAYER_LANDLOCK);
  if (c->in_cgroup) seen |= JAILER_BIT(JAILER_LAYER_CGROUP);
  c->reply->item = -1;
  c->reply->readback = seen;
  return 0;
}

/* Another thread that clones while a copied program is still open for writing keeps it busy for a moment (ETXTBSY):
   tried again for up to two seconds, the gate open between. On success this never returns. */
JL_CHILD_CODE static long jl_child_exec(jl_child *c) {
  const int64_t pause[2] = {0, 1000000};
  long r;
  for (int tries = 0; tries < 2000; tries++) {
    uint32_t open = JL_GATE_OPEN;
    if (!__atomic_compare_exchange_n(&c->reply->exec_gate, &open, JL_GATE_TAKEN, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE))
      return -ETIMEDOUT; /* shut: the parent has given up */
    r = jl_sys_call(JL_NR_execve, (long)c->plan->program, (long)c->plan->argv, (long)c->plan->envp, 0, 0, 0);
    if (r != -ETXTBSY) return r;
    c->reply->error = ETXTBSY; /* who is killed in this pause was never executed, and the parent must be able to tell */
    __atomic_store_n(&c->reply->exec_gate, JL_GATE_OPEN, __ATOMIC_RELEASE);
    if (!c->plan->policy || c->plan->policy_pauses) jl_sys_call(JL_NR_nanosleep, (long)pause, 0, 0, 0, 0, 0);
    c->reply->error = 0;
  }
  return -ETXTBSY;
}

/* The launch, in order. A step without a layer is part of every launch. */
typedef struct jl_child_step {
  jl_step step;
  jailer_layer layer;
  long (*run)(jl_child *);
} jl_child_step;

/* Runs steps until one fails. A step that fails is the last one: the target is not executed. */
JL_CHILD_CODE static long jl_child_run(jl_child *c, const jl_child_step *steps, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (steps[i].layer && !(c->launch->layers & JAILER_BIT(steps[i].layer))) continue;
    c->reply->item = -1;
    c->reply->step = (int32_t)steps[i].step;
    long r = steps[i].run(c);
    if (r >= 0) continue;
    c->reply->error = (int32_t)-r;
    return r;
  }
  return 0;
}

/* From here on the process is the target's own. */
static const jl_child_step jl_child_last[] = {
    {JL_STEP_GATE, JAILER_LAYER_NONE, jl_child_exec_gate},     {JL_STEP_CLOSE, JAILER_LAYER_FDS, jl_child_close},
    {JL_STEP_SECCOMP, JAILER_LAYER_SECCOMP, jl_child_seccomp}, {JL_STEP_READBACK, JAILER_LAYER_NONE, jl_child_readback},
    {JL_STEP_POLICY, JAILER_LAYER_SECCOMP, jl_child_policy},   {JL_STEP_EXEC, JAILER_LAYER_NONE, jl_child_exec}};

/* The target below an init. It waits until the init's process has executed: until then that process still holds the
   launcher's memory and descriptors, and the target, of the same uid, could look into it through /proc/1. Then a
   session of its own, so that a terminal's ^C reaches it once and not through the init again. */
JL_CHILD_CODE static int jl_child_target_main(void *arg) {
  jl_child c = *(const jl_child *)arg;
  long r = jl_child_gate(&c, &c.reply->exec_gate);
  c.below_init = true;
  c.reply->step = (int32_t)JL_STEP_SESSION;
  if (r >= 0) r = jl_child_session(&c);
  if (r >= 0) c.reply->step = JL_STEP_TTY;
  if (r >= 0) r = jl_child_tty(&c);
  if (r >= 0) c.reply->step = JL_STEP_SIGNALS;
  if (r >= 0) r = jl_child_signals(&c);
  if (r < 0) {
    c.reply->error = (int32_t)-r;
    return 125;
  }
  jl_child_run(&c, jl_child_last, sizeof jl_child_last / sizeof jl_child_last[0]);
  return 125;
}

/* with_init: this process becomes the init. It clones the target (PID 2), which waits, and executes the init under the
   same filter and domain: an init is no way to more rights. The parent frees this stack when both have left it. */
JL_CHILD_CODE static long jl_child_init(jl_child *c) {
  enum { VM_CLEARTID = 0x100 | 0x200000 };
  static const char *const argv[] = {"jail-init", NULL};
  const uint64_t all = UINT64_MAX;
  long r = jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&all, 0, 8, 0, 0);
  if (r < 0) return r;
  jl_child target = *c; /* stays as it is in this frame, while c changes */
  const long top = (long)(uintptr_t)c->reply - c->launch->stack_size / 2;
  c->reply->target_running = 1;
  r = jl_sys_clone_old(VM_CLEARTID | JL_SIGCHLD, top, 0, (long)(uintptr_t)&c->reply->target_running,
                       jl_child_target_main, &target);
  if (r < 0) return r;
  if ((r = jl_sys_call(JL_NR_dup3, c->own[0], 3, 0, 0, 0, 0)) < 0) return r;
  c->own[0] = 3;
  c->only_own = true;
  if ((r = jl_child_close(c)) < 0) return r;
  if ((c->launch->layers & JAILER_BIT(JAILER_LAYER_SECCOMP)) && (r = jl_child_seccomp(c)) < 0) return r;
  return jl_sys_call(JL_NR_execveat, c->init_fd, (long)"", (long)argv, (long)(argv + 1), JL_AT_EMPTY_PATH, 0);
}

JL_CHILD_CODE static long jl_child_maybe_init(jl_child *c) {
  if (!c->plan->with_init) return 0;
  return jl_child_init(c);
}

static const jl_child_step jl_child_first[] = {{JL_STEP_CGROUP, JAILER_LAYER_CGROUP, jl_child_cgroup},
                                               {JL_STEP_MAPS, JAILER_LAYER_USERNS, jl_child_maps},
                                               {JL_STEP_IDS, JAILER_LAYER_NONE, jl_child_ids},
                                               {JL_STEP_DEATH, JAILER_LAYER_DEATH, jl_child_death},
                                               {JL_STEP_LAUNCHER, JAILER_LAYER_DEATH, jl_child_launcher_step},
                                               {JL_STEP_SESSION, JAILER_LAYER_SESSION, jl_child_session},
                                               {JL_STEP_PROPAGATION, JAILER_LAYER_MOUNTS, jl_child_propagation},
                                               {JL_STEP_ROOT, JAILER_LAYER_MOUNTS, jl_child_root_any},
                                               {JL_STEP_NODE, JAILER_LAYER_MOUNTS, jl_child_nodes},
                                               {JL_STEP_STDERR, JAILER_LAYER_MOUNTS, jl_child_stderr},
                                               {JL_STEP_PIVOT, JAILER_LAYER_MOUNTS, jl_child_pivot},
                                               {JL_STEP_READ_ONLY, JAILER_LAYER_MOUNTS, jl_child_read_only},
                                               {JL_STEP_HOSTNAME, JAILER_LAYER_UTSNS, jl_child_hostname},
                                               {JL_STEP_FDS, JAILER_LAYER_FDS, jl_child_fds},
                                               {JL_STEP_TTY, JAILER_LAYER_SESSION, jl_child_tty},
                                               {JL_STEP_SIGNALS, JAILER_LAYER_NONE, jl_child_signals},
                                               {JL_STEP_PERSONALITY, JAILER_LAYER_NONE, jl_child_personality},
                                               {JL_STEP_CAPS, JAILER_LAYER_CAPS, jl_child_caps},
                                               {JL_STEP_REACH, JAILER_LAYER_MOUNTS, jl_child_reach},
                                               {JL_STEP_NNP, JAILER_LAYER_NNP, jl_child_nnp},
                                               {JL_STEP_LANDLOCK_RULE, JAILER_LAYER_LANDLOCK, jl_child_rules},
                                               {JL_STEP_CWD, JAILER_LAYER_NONE, jl_child_cwd},
                                               {JL_STEP_LANDLOCK, JAILER_LAYER_LANDLOCK, jl_child_landlock},
                                               /* after the last open: a plan may hold more descriptors than the
                                                  target */
                                               {JL_STEP_RLIMITS, JAILER_LAYER_RLIMITS, jl_child_rlimits},
                                               {JL_STEP_INIT, JAILER_LAYER_NONE, jl_child_maybe_init}};

/* Runs on the child's own stack. Comes back only when something failed: the target was not executed. */
JL_CHILD_CODE static int jl_child_main(void *arg) {
  const jl_launch *launch = arg;
  jl_child c;
  c.launch = launch;
  c.plan = launch->plan;
  c.reply = launch->reply;
  c.root_fd = -1;
  c.ruleset_fd = launch->ruleset_fd;
  c.init_fd = launch->init_fd;
  c.own[0] = launch->status_write;
  c.own[1] = launch->pipe_write;
  c.in_cgroup = c.tells = c.below_init = c.only_own = false;
  if (jl_child_run(&c, jl_child_first, sizeof jl_child_first / sizeof jl_child_first[0]) < 0) return 125;
  jl_child_run(&c, jl_child_last, sizeof jl_child_last / sizeof jl_child_last[0]);
  return 125;
}

/* Looks at one wanted path: opens it O_PATH (which blocks on no FIFO and wakes no device), learns type, owner, identity
   and whether it is part of a proc file system. */
JL_CHILD_CODE static void jl_child_look(jl_source *s) {
  uint64_t fs[16];
  long r = jl_sys_openat(JL_AT_FDCWD, s->path, JL_O_PATH | (s->keep_link ? JL_O_NOFOLLOW : 0), 0);
  if (r >= 0) {
    s->fd = (int)r;
    r = jl_sys_fstat(s->fd, &s->st);
  }
  if (r >= 0 && s->origin != JL_FROM_SYSTEM && (r = jl_sys_call(JL_NR_fstatfs, s->fd, (long)fs, 0, 0, 0, 0)) >= 0)
    s->procfs = fs[0] == 0x9fa0; /* linux/magic.h PROC_SUPER_MAGIC */
  s->found = (int32_t)(r < 0 ? r : 0);
  s->looked = true;
}

/* Looks at every path that a plan wants. A file system that does not answer (a dead server, a hung FUSE daemon) stops
   this process, which can be killed, and not the launcher; what it opened is the launcher's, whose descriptors it
   shares. A launcher that is killed meanwhile takes it along, or it would hang there with the launcher's memory; a
   signal that cannot be asked for changes nothing else. */
JL_CHILD_CODE static int jl_child_touch(void *arg) {
  const jl_launch *launch = arg;
  jl_child c;
  memset(&c, 0, sizeof c);
  c.launch = launch;
  jl_child_death(&c);
  if (jl_child_launcher(&c) < 0) return 0;
  for (size_t i = 0; i < launch->plan->source_count; i++) {
    launch->reply->item = (int32_t)i;
    if (!launch->plan->sources[i].looked) jl_child_look(&launch->plan->sources[i]);
  }
  launch->reply->item = -1;
  return 0;
}

#endif /* JL_LINUX */

/* ============================================================================================
 * // >>parent    vetting, id maps, Landlock rules, the clone, the reply
 * May touch: the kernel, the heap before the clone. May call: base to child.
 * ============================================================================================ */

#if JL_EFFECTS

/* Closes each descriptor once and forgets it. What close answers changes nothing: the number is free either way, and
   nothing here was written through a descriptor whose close could still report it. */
static void jl_parent_close(int *fd) {
  if (*fd >= 0) jl_sys_close(*fd);
  *fd = -1;
}

static jailer_code jl_parent_system(jailer_error *err, jailer_layer layer, const char *step, const char *item, long r,
                                    const char *message) {
  return jl_fail(err, r == -ENOMEM ? JAILER_E_NO_MEMORY : JAILER_E_SYSTEM, layer, step, item, (int)-r, message);
}

static void jl_parent_number(char text[24], int64_t value) {
  jl_buf b = jl_buf_fixed(text, 24);
  jl_buf_i64(&b, value);
}

/* Takes the closed ones of 0, 1 and 2 while descriptors are opened, so that none of ours gets such a number: it
   would pass for the launcher's stdin, or hide that there is none. What cannot be taken is caught when descriptors
   are vetted. */
static void jl_parent_hold(int held[3]) {
  for (int i = 0; i < 3; i++) {
    held[i] = -1;
    if (jl_sys_fcntl(i, JL_F_GETFD, 0) != -EBADF) continue;
    long fd = jl_sys_openat(JL_AT_FDCWD, "/dev/null", JL_O_RDWR | JL_O_NOCTTY, 0);
    if (fd >= 0) held[i] = (int)fd;
  }
}

static void jl_parent_unhold(int held[3]) {
  for (int i = 0; i < 3; i++) jl_parent_close(&held[i]);
}

/* /dev/null, which stands in for a closed 0, 1 or 2, opened once. */
static jailer_code jl_parent_null_fd(int *null_fd, jailer_error *err) {
  if (*null_fd >= 0) return JAILER_OK;
  long r = jl_sys_openat(JL_AT_FDCWD, "/dev/null", JL_O_RDWR | JL_O_NOCTTY, 0);
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_FDS, "open /dev/null", NULL, r, "it stands in for a closed descriptor");
  *null_fd = (int)r;
  return JAILER_OK;
}

#endif /* JL_EFFECTS */
#if JL_LINUX

/* Whether a child is gone and its number free for others: a launcher that ignores SIGCHLD never waits for it. What was
   opened or read by number before this says no was the child's own. Without a pidfd (before 5.3) nothing can be told.
   */
static bool jl_parent_gone(int pidfd) {
  return pidfd >= 0 && jl_sys_call(JL_NR_pidfd_send_signal, pidfd, 0, 0, 0, 0, 0) == -ESRCH;
}

/* --- descriptors that the target keeps --- */

/* The anonymous inodes that are harmless in a jail: they count, tell time, or belong to a virtual machine. */
static bool jl_parent_known_anon(const char *link) {
  static const char *const known[] = {"anon_inode:[eventfd]",  "anon_inode:[eventpoll]", "anon_inode:[timerfd]",
                                      "anon_inode:[signalfd]", "anon_inode:inotify",     "anon_inode:kvm-vm",
                                      "anon_inode:kvm-vcpu",   "anon_inode:[kvm-device]"};
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (jl_starts(link, known[i])) return true;
  return false;
}

enum {
  JL_NR_getsockopt = JL_X86_64 ? 55 : 209,
  JL_NR_getpeername = JL_X86_64 ? 52 : 205,
  JL_F_GET_SEALS = 1034,
  JL_F_SEAL_WRITE = 0x08,
  JL_F_SEAL_FUTURE_WRITE = 0x10,
  JL_F_SEAL_EXEC = 0x20
};

static long jl_parent_sockopt(int fd, int option) {
  int32_t value = -1, size = sizeof value;
  long r = jl_sys_call(JL_NR_getsockopt, fd, 1, option, (long)&value, (long)&size, 0); /* SOL_SOCKET */
  return r < 0 ? r : value;
}

/* A kept socket of a network that is narrowed to ports: one of a protocol whose ports Landlock does not see (MPTCP, or
   UDP before ABI 10) would reach all of them. The launch filter makes no such sockets. */
static const char *jl_parent_unsafe_port(int fd, const jailer_plan *p, long type) {
  const long protocol = jl_parent_sockopt(fd, 38); /* SO_PROTOCOL */
  if (type == 1 && protocol == 6) return NULL;
  if (type == 2 && protocol == 17 && jl_plan_port_kind(p, true)) return NULL;
  return "a socket that goes past the granted ports: neither TCP, nor UDP with a port of UDP granted";
}

/* A socket belongs to the network that it was made in, whoever holds it. A connected one is no better: connect(2) with
   AF_UNSPEC frees it, and TCP fast open and UDP (below ABI 10) go past Landlock. So does AF_UNIX with datagrams or
   before it is connected: it binds and reaches the host's abstract names. A stream that is connected stays with its
   peer (connect on it is EISCONN), one that listens only takes who comes. */
static const char *jl_parent_unsafe_socket(int fd, const jailer_plan *p) {
  int32_t peer[32], size = sizeof peer;
  const long domain = jl_parent_sockopt(fd, 39), type = jl_parent_sockopt(fd, 3); /* SO_DOMAIN, SO_TYPE */
  if (domain < 0 || type < 0) return "a socket of unknown kind";
  if (domain != 1 && (!p->allow_network || (domain != 2 && domain != 10))) return "a socket of the host's network";
  if (domain != 1) return p->port_count ? jl_parent_unsafe_port(fd, p, type) : NULL;
  if (p->allow_network) return NULL;
  if (type != 1 && type != 5)
    return "a datagram socket: it reaches every abstract name of the host"; /* STREAM, SEQPACKET */
  if (jl_parent_sockopt(fd, 30) == 1) return NULL;                          /* SO_ACCEPTCONN */
  return jl_sys_call(JL_NR_getpeername, fd, (long)peer, (long)&size, 0, 0, 0) >= 0
             ? NULL
             : "a socket without a peer: it could be connected to any abstract name of the host";
}

/* A regular file: some file systems are the kernel's own mouth (linux/magic.h), and a memfd can be filled by the target
   and executed, past Landlock and noexec, unless it is sealed against one of the two. One that is only open for reading
   can be opened again for writing through /proc/self/fd, unless it is sealed against that. */
static const char *jl_parent_unsafe_file(int fd, uint64_t magic, long flags, bool exec_memfd) {
  static const uint32_t kernel[] = {0x9fa0,     0x62656572, 0x63677270, 0x27e0eb,   0x64626720, 0x74726163, 0x73636673,
                                    0x62656570, 0xcafe4a11, 0xde5e81e4, 0x42494e4d, 0xf97cff8c, 0x43415d53, 0x6165676c,
                                    0x7655821,  0x65735543, 0x6e667364, 0x67596969, 0xabba1974, 0x19800202};
  char name[40], link[8];
  for (size_t i = 0; i < sizeof kernel / sizeof kernel[0]; i++)
    if (magic == kernel[i]) return "a file of /proc, /sys, cgroup, debugfs or their like: it speaks for the host";
  if (magic != 0x01021994 && magic != 0x958458f6) return NULL; /* tmpfs, hugetlbfs */
  jl_sys_fd_path(name, fd);
  long n = jl_sys_readlinkat(JL_AT_FDCWD, name, link, sizeof link);
  if (n < 0) return "a file of unknown kind";
  if (n < 8 || memcmp(link, "/memfd:", 7) != 0) return NULL;
  long seals = jl_sys_fcntl(fd, JL_F_GET_SEALS, 0);
  if (seals < 0) return "a memfd whose seals cannot be asked";
  if ((flags & JL_O_ACCMODE) == JL_O_RDONLY && !(seals & (JL_F_SEAL_WRITE | JL_F_SEAL_FUTURE_WRITE)))
    return "a memfd that is open for reading and could be opened again for writing: seal it (F_SEAL_FUTURE_WRITE)";
  return exec_memfd || (seals & (JL_F_SEAL_WRITE | JL_F_SEAL_EXEC))
             ? NULL
             : "a memfd that can be written and executed: make it with MFD_NOEXEC_SEAL (Linux 6.3)";
}

/* Why a descriptor leads out of the jail, or NULL when it does not. */
static const char *jl_parent_unsafe(const jailer_plan *p, int fd, long flags, const jl_stat *st) {
  uint64_t fs[16];
  char name[40], link[64];
  if (flags & JL_O_PATH) return "an O_PATH descriptor: openat on it reaches the host";
  memset(fs, 0, sizeof fs);
  if (jl_sys_call(JL_NR_fstatfs, fd, (long)fs, 0, 0, 0, 0) < 0) return "a descriptor whose file system cannot be asked";
  if (fs[0] == 0x6e736673) return "a namespace: setns leads out";
  if (fs[0] == 0x50494446) return "a pidfd: it controls a process outside";
  switch (st->mode & JL_S_IFMT) {
  case JL_S_IFDIR: return "a directory: openat on it reaches the host";
  case JL_S_IFBLK: return "a block device: it holds a whole file system";
  case JL_S_IFREG: return jl_parent_unsafe_file(fd, fs[0], flags, p->allow_exec_memfd);
  case JL_S_IFSOCK: return jl_parent_unsafe_socket(fd, p);
  case JL_S_IFIFO: return NULL;
  case JL_S_IFCHR: /* mem, kmem, port and kmsg are the host itself: Documentation/admin-guide/devices.txt */
    return st->rdev >> 32 == 1 &&
                   ((st->rdev & 0xffffffff) < 3 || (st->rdev & 0xffffffff) == 4 || (st->rdev & 0xffffffff) == 11)
               ? "a device that is the host's memory or log"
               : NULL;
  default: break;
  }
  jl_sys_fd_path(name, fd);
  long n = jl_sys_readlinkat(JL_AT_FDCWD, name, link, sizeof link - 1);
  if (n <= 0) return "a descriptor of unknown kind";
  link[n] = 0;
  return jl_parent_known_anon(link)
             ? NULL
             : "a descriptor of a kind that is not known to be harmless (pidfd, mount, bpf, ...)";
}

/* A duplicate, above every number that is kept inside where the launcher's limit has room for that. */
static long jl_parent_duplicate(const jailer_plan *p, int fd) {
  long r = jl_sys_fcntl(fd, JL_F_DUPFD_CLOEXEC, p->fd_max + 1);
  return r == -EINVAL ? jl_sys_fcntl(fd, JL_F_DUPFD_CLOEXEC, 3) : r;
}

/* One kept descriptor. The duplicate is what is vetted and what the target gets: another thread of the launcher that
   closes the number and opens something else there changes nothing. */
static jailer_code jl_parent_vet_one(jl_launch *l, size_t i, jailer_error *err) {
  const jailer_plan *p = l->plan;
  char number[24], message[JAILER_TEXT_MAX];
  jl_stat st;
  jl_placed *placed = &l->placed[i];
  jl_parent_number(number, placed->from);
  long r = placed->from < 0 ? -EBADF : jl_parent_duplicate(p, placed->from);
  if (r == -EBADF && (placed->from < 0 || (i < 3 && placed->from == placed->to))) {
    jailer_code code = jl_parent_null_fd(&l->null_fd, err);
    placed->from = l->null_fd;
    return code;
  }
  if (r == -EBADF)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_FDS, "vet a kept descriptor", number, EBADF,
                   "it is not open in the launcher");
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_FDS, "vet a kept descriptor", number, r,
                            "it could not be duplicated: raise RLIMIT_NOFILE of the launcher (ulimit -n)");
  placed->from = l->kept[i] = (int)r;
  const long flags = jl_sys_fcntl(placed->from, JL_F_GETFL, 0);
  if ((r = flags < 0 ? flags : jl_sys_fstat(placed->from, &st)) < 0)
    return jl_parent_system(err, JAILER_LAYER_FDS, "vet a kept descriptor", number, r, "its kind cannot be told");
  const char *why = p->allow_unsafe_fds ? NULL : jl_parent_unsafe(p, placed->from, flags, &st);
  if (!why) return JAILER_OK;
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_buf_str(&b, "it is ");
  jl_buf_str(&b, why);
  jl_buf_str(&b, "; close it, open it inside by a grant, or set allow_unsafe_fds");
  return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_FDS, "vet a kept descriptor", number, 0, message);
}

/* Vets the kept descriptors and fills launch->placed. A closed 0, 1 or 2 becomes /dev/null: a program that starts with
   one of them free would get its next file there. */
static jailer_code jl_parent_vet(jl_launch *l, jailer_error *err) {
  const jailer_plan *p = l->plan;
  const size_t count = p->fd_count; /* 3 to 65539: no product below overflows */
  l->placed = JAILER_MALLOC(count * sizeof *l->placed);
  l->lifted = JAILER_MALLOC(count * sizeof *l->lifted);
  l->kept = JAILER_MALLOC(count * sizeof *l->kept);
  for (size_t i = 0; l->kept && i < count; i++) l->kept[i] = -1;
  if (!l->placed || !l->lifted || !l->kept) return jl_no_memory(err, "vet the kept descriptors");
  for (size_t i = 0; i < count; i++) {
    jailer_code code = JAILER_OK;
    l->placed[i] = p->fds[i];
    if (l->placed[i].to == 2 && l->stderr_fd >= 0) l->placed[i].from = l->stderr_fd; /* the box's own file */
    else code = jl_parent_vet_one(l, i, err);
    if (code) return code;
  }
  return JAILER_OK;
}

/* --- Landlock --- */

static long jl_parent_rule(int ruleset, int fd, uint64_t rights) {
  struct {
    uint32_t low, high;
    int32_t fd;
  } rule;
  rule.low = (uint32_t)rights;
  rule.high = (uint32_t)(rights >> 32);
  rule.fd = fd;
  return jl_sys_call(JL_NR_landlock_add_rule, ruleset, JL_LANDLOCK_RULE_PATH, (long)&rule, 0, 0, 0);
}

static long jl_parent_port_rule(int ruleset, uint16_t port, uint64_t rights) {
  const uint64_t rule[2] = {rights, port}; /* struct landlock_net_port_attr */
  return rights ? jl_sys_call(JL_NR_landlock_add_rule, ruleset, JL_LANDLOCK_RULE_PORT, (long)rule, 0, 0, 0) : 0;
}

/* The four parts of a domain, for a launch and for a process that confines itself. First an empty ruleset, whose rights
   are those of this ABI (jl_tab_landlock_all), or fewer. */
static jailer_code jl_parent_landlock_new(const jl_landlock *handled, uint32_t abi, int *ruleset, jailer_error *err) {
  long r = jl_sys_call(JL_NR_landlock_create_ruleset, (long)handled, (long)jl_tab_landlock_size(abi), 0, 0, 0, 0);
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_LANDLOCK, "create a Landlock ruleset", NULL, r,
                            "the kernel refused rights that its ABI number promises");
  *ruleset = (int)r;
  return JAILER_OK;
}

/* Second a rule for each looked-at source. Rules follow inodes, so they hold for the bind mounts in a jail. */
static jailer_code jl_parent_landlock_source(int ruleset, const jl_landlock *handled, const jl_source *s,
                                             jailer_error *err) {
  const bool dir = (s->st.mode & JL_S_IFMT) == JL_S_IFDIR;
  long r = jl_parent_rule(ruleset, s->fd, jl_tab_landlock_rights(s->access, dir) & handled->fs);
  return r < 0 ? jl_parent_system(err, JAILER_LAYER_LANDLOCK, "add a Landlock rule", s->path, r,
                                  "landlock_add_rule(2) refused this grant")
               : JAILER_OK;
}

/* Third the ports, as far as the ruleset tells their kind apart. Who sends by UDP is bound to a port of the kernel's
   choosing, and asked for the right to bind 0 (hook_socket_sendmsg of security/landlock/net.c). */
static jailer_code jl_parent_landlock_ports(int ruleset, const jl_landlock *handled, const jailer_port *ports,
                                            size_t count, jailer_error *err) {
  for (size_t i = 0; i < count; i++) {
    char number[24];
    const uint64_t right = jl_tab_ports[ports[i].use].right & handled->net;
    long r = jl_parent_port_rule(ruleset, ports[i].port, right);
    if (r == 0 && right == JL_LL_NET_CONNECT_SEND_UDP)
      r = jl_parent_port_rule(ruleset, 0, JL_LL_NET_BIND_UDP & handled->net);
    jl_parent_number(number, ports[i].port);
    if (r < 0)
      return jl_parent_system(err, JAILER_LAYER_LANDLOCK, "add a Landlock rule", number, r,
                              "landlock_add_rule(2) refused this port");
  }
  return JAILER_OK;
}

static const char *jl_parent_landlock_cause(int error) {
  if (error == E2BIG)
    return "the launcher is in 16 Landlock domains already, the most that can be stacked (64 before Linux 5.19): start "
           "it where fewer jails, services or sandboxes surround it; or let the layer degrade";
  if (error == EPERM) return "landlock_restrict_self(2) needs no_new_privs, or CAP_SYS_ADMIN in the user namespace";
  return jl_tab_steps[JL_STEP_LANDLOCK].remedy;
}

/* Fourth, where a process confines itself: this thread and what it starts from now on, or with JL_LL_TSYNC every thread
   of the process at once. A flag that the ABI does not know is an error before anything is done. */
JL_UNUSED static jailer_code jl_parent_landlock_self(int ruleset, uint32_t abi, uint32_t flags, jailer_error *err) {
  if (flags & ~jl_tab_landlock_flags(abi))
    return jl_fail(
        err, JAILER_E_UNSUPPORTED, JAILER_LAYER_LANDLOCK, jl_tab_steps[JL_STEP_LANDLOCK].name, NULL, 0,
        "all threads at once need Landlock ABI 8 (Linux 7.0), logs ABI 7 (6.15), no_new_privs with it ABI 11 "
        "(7.3)");
  long r = jl_sys_call(JL_NR_landlock_restrict_self, ruleset, flags, 0, 0, 0, 0);
  return r < 0 ? jl_parent_system(err, JAILER_LAYER_LANDLOCK, jl_tab_steps[JL_STEP_LANDLOCK].name, NULL, r,
                                  jl_parent_landlock_cause((int)-r))
               : JAILER_OK;
}

/* The ruleset of a launch; the child adds rules for what it mounts. What is refused before the target's execve is the
   launch's own look at the domain (jl_child_sees_landlock), and no news for the audit log. Domains that the target
   makes in its own are logged by default: without log_denials it could fill the host's log through one. */
static jailer_code jl_parent_ruleset(jl_launch *l, jailer_error *err) {
  const jailer_plan *p = l->plan;
  const uint32_t wanted =
      JL_LL_LOG_SAME_EXEC_OFF | (uint32_t)(p->log_denials ? JL_LL_LOG_NEW_EXEC_ON : JL_LL_LOG_SUBDOMAINS_OFF);
  if (!(l->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK))) return JAILER_OK;
  l->landlock = jl_plan_landlock(p);
  l->landlock_flags = wanted & jl_tab_landlock_flags(p->host.landlock_abi);
  jailer_code code = jl_parent_landlock_new(&l->landlock, p->host.landlock_abi, &l->ruleset_fd, err);
  l->host_cannot = code != JAILER_OK;
  for (size_t i = 0; i < p->nodes.count && code == JAILER_OK; i++)
    if (p->nodes.item[i].kind == JL_TREE)
      code = jl_parent_landlock_source(l->ruleset_fd, &l->landlock, p->nodes.item[i].source, err);
  if (code == JAILER_OK) code = jl_parent_landlock_ports(l->ruleset_fd, &l->landlock, p->ports, p->port_count, err);
  return code;
}

/* A terminal or device among 0 to 2 may be opened again by name (>/dev/stderr), no further than it is open already. */
static jailer_code jl_parent_stdio_rules(jl_launch *l, jailer_error *err) {
  if (!(l->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK))) return JAILER_OK;
  for (size_t i = 0; i < 3; i++) {
    jl_stat st;
    uint64_t rights = JL_LL_IOCTL_DEV;
    int fd = l->placed[i].from;
    long flags = jl_sys_fcntl(fd, JL_F_GETFL, 0), r = flags < 0 ? flags : jl_sys_fstat(fd, &st);
    if (r == 0 && (st.mode & JL_S_IFMT) != JL_S_IFCHR) continue;
    if (r == 0 && (flags & JL_O_ACCMODE) != JL_O_WRONLY) rights |= JL_LL_READ_FILE;
    if (r == 0 && (flags & JL_O_ACCMODE) != JL_O_RDONLY) rights |= JL_LL_WRITE_FILE;
    if (r == 0) r = jl_parent_rule(l->ruleset_fd, fd, rights & l->landlock.fs);
    if (r < 0)
      return jl_parent_system(err, JAILER_LAYER_LANDLOCK, "add a Landlock rule", "standard descriptors", r,
                              "landlock_add_rule(2) refused");
  }
  return JAILER_OK;
}

/* --- a privileged launcher: trees from descriptors --- */

static jailer_code jl_parent_trees(jl_launch *l, jailer_error *err) {
  const jailer_plan *p = l->plan;
  const size_t count = p->nodes.count;
  size_t bytes;
  if (!p->host.privileged || !(l->layers & JAILER_BIT(JAILER_LAYER_MOUNTS)) || l->trees) return JAILER_OK;
  if (!jl_mul(count ? count : 1, sizeof *l->trees, &bytes) || !(l->trees = JAILER_MALLOC(bytes)))
    return jl_no_memory(err, "prepare the grants");
  for (size_t i = 0; i < count; i++) l->trees[i] = -1;
  for (size_t i = 0; i < count; i++) {
    const jl_node *node = &p->nodes.item[i];
    uint64_t set[4] = {0, 0, 0, 0};
    if (node->kind != JL_TREE) continue;
    long r = jl_sys_call(JL_NR_open_tree, node->source->fd, (long)"",
                         JL_OPEN_TREE_CLONE | JL_OPEN_TREE_CLOEXEC | JL_AT_EMPTY_PATH | JL_AT_RECURSIVE, 0, 0, 0);
    if (r == -ENOSYS) return JAILER_OK; /* an older kernel: the child binds by itself */
    if (r < 0)
      return jl_parent_system(err, JAILER_LAYER_MOUNTS, "copy a granted tree", node->source->path, r,
                              "open_tree(2) refused; RLIMIT_NOFILE must hold one descriptor for each grant");
    l->trees[i] = (int)r;
    set[0] = node->attr;
    set[2] = JL_MS_PRIVATE; /* or what the host mounts below it later would show up inside, without these attributes */
    r = jl_sys_call(JL_NR_mount_setattr, l->trees[i], (long)"", JL_AT_EMPTY_PATH | JL_AT_RECURSIVE, (long)set,
                    sizeof set, 0);
    if (r == -ENOSYS) {
      jl_parent_close(&l->trees[i]);
      return JAILER_OK;
    }
    if (r < 0)
      return jl_parent_system(err, JAILER_LAYER_MOUNTS, "restrict a granted tree", node->source->path, r,
                              "mount_setattr(2) refused");
  }
  return JAILER_OK;
}

/* --- id maps --- */

static void jl_parent_map_line(jl_buf *b, uint32_t inside, uint32_t outside) {
  jl_buf_u64(b, inside);
  jl_buf_char(b, ' ');
  jl_buf_u64(b, outside);
  jl_buf_str(b, " 1\n");
}

static void jl_parent_map_texts(jl_launch *l) {
  const jailer_plan *p = l->plan;
  jl_buf u = jl_buf_fixed(l->uid_map, sizeof l->uid_map), g = jl_buf_fixed(l->gid_map, sizeof l->gid_map);
  jl_buf n = jl_buf_fixed(l->root_inodes, sizeof l->root_inodes);
  jl_parent_map_line(&u, p->inside_uid, p->host_uid);
  jl_parent_map_line(&g, p->inside_gid, p->host_gid);
  for (size_t i = 0; i < p->group_count; i++)
    if (p->groups[i] != p->inside_gid) jl_parent_map_line(&g, p->groups[i], p->groups[i]);
  jl_buf_u64(&n, (uint64_t)p->nodes.count + 64);
}

/* A map of the child, written by a root launcher. */
static long jl_parent_put(const jl_launch *l, const char *name, const char *text) {
  char path[64];
  jl_buf b = jl_buf_fixed(path, sizeof path);
  jl_buf_str(&b, "/proc/");
  jl_buf_i64(&b, l->pid);
  jl_buf_str(&b, name);
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_WRONLY, 0);
  if (fd < 0) return fd == -ENOENT ? -ESRCH : fd;
  const long n = (long)strlen(text), r = jl_parent_gone(l->pid_fd) ? -ESRCH : jl_sys_write((int)fd, text, (size_t)n);
  jl_sys_close((int)fd); /* a /proc file: the write itself reported everything */
  return r == n ? 0 : r < 0 ? r : -EIO;
}

JL_BESIDE_CHILD static void jl_parent_open_gate(volatile uint32_t *gate) {
  uint32_t closed = JL_GATE_CLOSED; /* opened once, whoever has gone through since */
  __atomic_compare_exchange_n(gate, &closed, JL_GATE_OPEN, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
  jl_sys_call(JL_NR_futex, (long)gate, JL_FUTEX_WAKE, 1, 0, 0, 0);
}

/* --- the dumpable flag of a root launcher ---
   A child that changes its uid while it shares this memory makes the memory undumpable (commit_creds), which is what
   keeps the new uid from tracing it: while any such child lives, nobody may set the flag back. The flag belongs to the
   process and so must the lock: flock on /proc/self/environ, an inode that each process has for itself and only its
   owner can open. A global variable would not do: two copies of this header may live in one process. */
typedef struct jl_dump_lock {
  int fd;
  bool was_dumpable;
} jl_dump_lock;

static jailer_code jl_parent_dump_lock(const jl_launch *l, jl_dump_lock *lock, jailer_error *err) {
  char mode[8] = "";
  lock->fd = -1;
  if (!l->plan->host.privileged || l->plan->host_uid == 0) return JAILER_OK;
  long fd = jl_sys_openat(JL_AT_FDCWD, "/proc/sys/fs/suid_dumpable", JL_O_RDONLY, 0), r = fd;
  if (fd >= 0) {
    r = jl_sys_read_all((int)fd, mode, sizeof mode - 1);
    jl_sys_close((int)fd);
  }
  if (r <= 0)
    return jl_parent_system(err, JAILER_LAYER_IDS, "read fs.suid_dumpable", NULL, r ? r : -EIO,
                            "/proc must be mounted");
  if (mode[0] == '1')
    return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_IDS, "check fs.suid_dumpable", "1", 0,
                   "with this debugging setting the target's user could trace the launcher during a launch; set "
                   "fs.suid_dumpable to 0 or 2");
  if (l->own_memory) return JAILER_OK; /* a copy: its own flag stays cleared until exec, and ours is not touched */
  fd = jl_sys_openat(JL_AT_FDCWD, "/proc/self/environ", JL_O_RDONLY, 0);
  if (fd < 0)
    return jl_parent_system(err, JAILER_LAYER_IDS, "lock the dumpable flag", "/proc/self/environ", fd,
                            "/proc must be mounted");
  while ((r = jl_sys_flock((int)fd, JL_LOCK_EX | JL_LOCK_NB)) == -EWOULDBLOCK && jl_sys_now_ms() < l->deadline_ms)
    jl_sys_sleep_ms(1);
  if (r < 0) {
    jl_sys_close((int)fd);
    return jl_fail(err, r == -EWOULDBLOCK ? JAILER_E_TIMEOUT : JAILER_E_SYSTEM, JAILER_LAYER_IDS,
                   "lock the dumpable flag", NULL, (int)-r,
                   "another root launch of this process did not finish in time");
  }
  lock->fd = (int)fd;
  lock->was_dumpable = jl_probe_prctl(JL_PR_GET_DUMPABLE, 0, 0) == 1;
  return JAILER_OK;
}

/* Only after the child has left this memory. A flag that cannot be put back leaves the launcher stricter, not
   weaker. */
static void jl_parent_dump_unlock(jl_dump_lock *lock) {
  if (lock->fd < 0) return;
  if (lock->was_dumpable) jl_probe_prctl(JL_PR_SET_DUMPABLE, 1, 0);
  jl_sys_flock(lock->fd,
               JL_LOCK_UN); /* a clone of another thread may hold a copy of the descriptor: unlock it by name */
  jl_parent_close(&lock->fd);
}

/* --- the clone --- */

/* clang-format off */
enum {
  JL_STACK_SIZE = 64 * 1024,
  JL_PAGE = 65536, /* the largest page either machine can have: guard and reply are whole pages everywhere */
  JL_PROT_NONE = 0, JL_PROT_RW = 3, JL_MAP_SHARED = 1, JL_MAP_PRIVATE = 2, JL_MAP_ANON = 0x20, JL_MAP_STACK = 0x20000,
  JL_CLONE_VM = 0x100, JL_CLONE_FILES = 0x400, JL_CLONE_PIDFD = 0x1000, JL_CLONE_CHILD_CLEARTID = 0x200000
};
#define JL_CLONE_INTO_CGROUP ((uint64_t)0x200000000) /* clone3 only, 5.7 */
/* clang-format on */

/* linux/sched.h CLONE_NEW*. */
static const struct {
  jailer_layer layer;
  uint32_t flag;
} jl_parent_namespaces[] = {{JAILER_LAYER_USERNS, 0x10000000},  {JAILER_LAYER_MOUNTS, 0x00020000},
                            {JAILER_LAYER_PIDNS, 0x20000000},   {JAILER_LAYER_NETNS, 0x40000000},
                            {JAILER_LAYER_IPCNS, 0x08000000},   {JAILER_LAYER_UTSNS, 0x04000000},
                            {JAILER_LAYER_CGROUPNS, 0x02000000}};

/* One mapping: guard page, stack, reply. Shared with a child that has memory of its own, so that it can still
   answer. */
JL_BESIDE_CHILD static long jl_parent_map(jl_launch *l) {
  l->map_size = (size_t)JL_PAGE + JL_STACK_SIZE + JL_PAGE;
  long kind = l->own_memory ? JL_MAP_SHARED : JL_MAP_PRIVATE;
  long r = jl_sys_call(JL_NR_mmap, 0, (long)l->map_size, JL_PROT_RW, kind | JL_MAP_ANON | JL_MAP_STACK, -1, 0);
  if (r < 0 && r > -4096) return r;
  l->map = (char *)r;
  JL_FRESH_MEMORY(l->map, l->map_size);
  if ((r = jl_sys_call(JL_NR_mprotect, (long)l->map, JL_PAGE, JL_PROT_NONE, 0, 0, 0)) < 0) return r;
  l->stack_size = JL_STACK_SIZE;
  l->reply = (jl_reply *)(void *)(l->map + JL_PAGE + JL_STACK_SIZE);
  return 0;
}

/* The flags of the clone. With a cgroup its namespace is made by the child, once it is in there (jl_child_cgroup). */
static uint64_t jl_parent_clone_flags(const jl_launch *l) {
  uint64_t flags = JL_CLONE_PIDFD | (l->own_memory ? 0 : JL_CLONE_VM | JL_CLONE_CHILD_CLEARTID);
  const uint32_t later = l->layers & JAILER_BIT(JAILER_LAYER_CGROUP) ? JAILER_BIT(JAILER_LAYER_CGROUPNS) : 0;
  for (size_t i = 0; i < sizeof jl_parent_namespaces / sizeof jl_parent_namespaces[0]; i++)
    if (l->layers & ~later & JAILER_BIT(jl_parent_namespaces[i].layer)) flags |= jl_parent_namespaces[i].flag;
  return flags;
}

/* clone3 (5.3), or clone where it is missing or hidden by somebody's filter. The child's exit signal is SIGCHLD after
   exec whatever is asked here (de_thread), so it is that from the start. */
JL_BESIDE_CHILD static long jl_parent_clone(jl_launch *l) {
  const uint64_t flags = jl_parent_clone_flags(l);
  const bool cgroup = (l->layers & JAILER_BIT(JAILER_LAYER_CGROUP)) != 0;
  int pidfd = -1;
  uint64_t args[11]; /* struct clone_args: flags pidfd child_tid parent_tid exit_signal stack stack_size tls set_tid
                        set_tid_size cgroup */
  memset(args, 0, sizeof args);
  args[0] = flags;
  args[1] = (uint64_t)(uintptr_t)&pidfd;
  args[2] = (uint64_t)(uintptr_t)&l->reply->running;
  args[4] = JL_SIGCHLD;
  args[5] = (uint64_t)(uintptr_t)(l->map + JL_PAGE);
  args[6] = JL_STACK_SIZE;
  long r = -ENOSYS;
  if (cgroup) { /* size 88: CLONE_ARGS_SIZE_VER2 */
    args[0] |= JL_CLONE_INTO_CGROUP;
    args[10] = (uint64_t)l->plan->cgroup_fd;
    r = jl_sys_clone(JL_NR_clone3, (long)args, 88, 0, 0, 0, jl_child_main, l);
    if (r == -ENOSYS || r == -E2BIG || r == -EINVAL) { /* before 5.7, or hidden: the child moves itself */
      if ((r = jl_sys_openat(l->plan->cgroup_fd, "cgroup.procs", JL_O_WRONLY, 0)) < 0) return r;
      l->procs_fd = (int)r;
      args[0] = flags;
      r = -ENOSYS;
    }
  }
  if (r == -ENOSYS) r = jl_sys_clone(JL_NR_clone3, (long)args, 64, 0, 0, 0, jl_child_main, l);
  if (r == -ENOSYS) {
    long top = (long)(uintptr_t)(l->map + JL_PAGE + JL_STACK_SIZE), running = (long)(uintptr_t)&l->reply->running;
    r = jl_sys_clone_old((long)flags | JL_SIGCHLD, top, (long)&pidfd, running, jl_child_main, l);
  }
  l->pid_fd = r > 0 ? pidfd : -1;
  return r;
}

/* Milliseconds to the deadline as a struct timespec of two 64-bit numbers; false when it has passed. */
static bool jl_parent_left(uint64_t deadline_ms, int64_t left[2]) {
  uint64_t now = jl_sys_now_ms();
  if (now >= deadline_ms) return false;
  left[0] = (int64_t)((deadline_ms - now) / 1000);
  left[1] = (int64_t)((deadline_ms - now) % 1000) * 1000000;
  return true;
}

/* Waits until the kernel has cleared the word of a child that shares this memory: it executed or ended. */
JL_BESIDE_CHILD static long jl_parent_wait_word(const jl_launch *l, volatile uint32_t *word) {
  int64_t left[2];
  while (__atomic_load_n(word, __ATOMIC_ACQUIRE) != 0) {
    if (!jl_parent_left(l->deadline_ms, left)) return -ETIMEDOUT;
    long r = jl_sys_call(JL_NR_futex, (long)word, JL_FUTEX_WAIT, 1, (long)left, 0, 0);
    if (r < 0 && r != -EAGAIN && r != -EINTR && r != -ETIMEDOUT) jl_sys_sleep_ms(1); /* looked at without its help */
  }
  return 0;
}

/* Reads an open file of /proc/PID: the number of bytes, terminated, or a negated errno. Of the line "Groups:", which
   alone can have 700 KB, only the first 128 bytes: more than the groups that a launch gives. */
static long jl_parent_proc_text(int fd, char *text, size_t size) {
  char part[512];
  size_t used = 0, column = 0;
  bool groups = false; /* in that line */
  long n;
  while ((n = jl_sys_read(fd, part, sizeof part)) > 0 && used < size - 1) {
    for (long i = 0; i < n && used < size - 1; i++) {
      if (column++ == 1) groups = used > 0 && text[used - 1] == 'G' && part[i] == 'r';
      if (part[i] == '\n') column = 0;
      if (!groups || column < 128 || part[i] == '\n') text[used++] = part[i];
      if (part[i] == '\n') groups = false;
    }
  }
  text[used] = 0;
  return n < 0 ? n : (long)used;
}

static long jl_parent_proc_read(pid_t pid, const char *name, char *text, size_t size) {
  char path[64];
  jl_buf b = jl_buf_fixed(path, sizeof path);
  jl_buf_str(&b, "/proc/");
  jl_buf_i64(&b, pid);
  jl_buf_str(&b, name);
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY, 0);
  if (fd < 0) return fd;
  const long n = jl_parent_proc_text((int)fd, text, size);
  jl_sys_close((int)fd);
  return n;
}

/* What the kernel says of a child: 1 it has executed, or is gone and tells by its status; 0 not yet; -1 it ends
   without. PF_FORKNOEXEC goes with the exec, PF_EXITING comes with the end (linux/sched.h). */
static int jl_parent_exec_look(const jl_launch *l) {
  enum { EXITING = 0x4, FORKNOEXEC = 0x40, FIELDS_BEFORE = 7 }; /* proc(5): state ppid pgrp session tty tpgid flags */
  char text[512];
  uint64_t flags;
  if (jl_parent_proc_read(l->pid, "/stat", text, sizeof text) <= 0) return 1;
  const char *at = strrchr(text, ')');
  for (int i = 0; at && i < FIELDS_BEFORE; i++) at = strchr(at + 1, ' ');
  if (!at || !jl_parse_u64(at + 1, strcspn(at + 1, " "), &flags) || !(flags & FORKNOEXEC)) return 1;
  return flags & EXITING ? -1 : 0;
}

/* A child that is killed in execve(2) leaves this memory as one does that succeeds: the word alone does not tell. */
static bool jl_parent_executed(const jl_launch *l) {
  int64_t left[2];
  int look = jl_parent_exec_look(l);
  while (look == 0 && jl_parent_left(l->deadline_ms, left)) look = jl_parent_exec_look(l);
  return look >= 0;
}

/* The kernel wakes us a moment before the init's new memory is in place (until then its arguments are ours); its own
   arguments are the last thing that is put there. An init that died instead takes the target with it. */
JL_BESIDE_CHILD static long jl_parent_wait_init(const jl_launch *l) {
  char name[16];
  int64_t left[2];
  if (!jl_parent_executed(l)) return -ECHILD;
  while (jl_parent_proc_read(l->pid, "/cmdline", name, sizeof name) <= 0) {
    if (__atomic_load_n(&l->reply->target_running, __ATOMIC_ACQUIRE) == 0) return 0;
    if (!jl_parent_left(l->deadline_ms, left)) return -ETIMEDOUT;
  }
  return 0;
}

/* A child with memory of its own: a close-on-exec pipe tells when it has executed. But the child of another thread's
   fork may hold the pipe for as long as it lives, so the kernel's account is looked at as well, now and then. */
JL_BESIDE_CHILD static long jl_parent_wait_pipe(const jl_launch *l) {
  const int64_t slice = 20000000;
  int64_t left[2];
  while (jl_parent_left(l->deadline_ms, left)) {
    struct {
      int fd;
      int16_t events, revents;
    } poll[2] = {{l->pipe_read, 1, 0}, {l->pid_fd, 1, 0}};
    if (left[0] > 0 || left[1] > slice) left[0] = 0, left[1] = slice;
    long r = jl_sys_call(JL_NR_ppoll, (long)poll, l->pid_fd >= 0 ? 2 : 1, (long)left, 0, 0, 0);
    if (r > 0 || jl_parent_exec_look(l) != 0) return 0;
    if (r < 0 && r != -EINTR) jl_sys_sleep_ms(1); /* looked at without its help */
  }
  return -ETIMEDOUT;
}

/* Waits until the child has executed or ended. With shared memory the kernel itself says so (CLONE_CHILD_CLEARTID wakes
   at exec too); that is vfork with a deadline, and it leaves this thread free to write maps and the pid file. */
JL_BESIDE_CHILD static long jl_parent_wait_exec(jl_launch *l) {
  if (l->own_memory) return jl_parent_wait_pipe(l);
  long r = jl_parent_wait_word(l, &l->reply->running);
  if (r < 0 || !l->plan->with_init || l->reply->error) return r;
  if ((r = jl_parent_wait_init(l)) < 0) return r;
  /* the init is a program of its own now: its process no longer is a window through which the target could look in */
  jl_parent_open_gate(&l->reply->exec_gate);
  return jl_parent_wait_word(l, &l->reply->target_running);
}

/* waitid(2). status: the wait status as exit code and signal. */
static long jl_parent_reap(int pid, int pidfd, bool block, jailer_status *status) {
  int32_t info[32];
  long r;
  memset(info, 0, sizeof info);
  const long options = 4 | 0x40000000 | (block ? 0 : 1); /* WEXITED, __WALL, WNOHANG */
  do {
    r = pidfd >= 0 ? jl_sys_call(JL_NR_waitid, 3, pidfd, (long)info, options, 0, 0) : -EINVAL; /* P_PIDFD: 5.4 */
    if (r == -EINVAL) r = jl_sys_call(JL_NR_waitid, 1, pid, (long)info, options, 0, 0);        /* P_PID */
  } while (r == -EINTR);
  if (r < 0) return r;
  if (info[4] == 0) return -EAGAIN; /* si_pid: nothing has ended */
  status->exited = info[2] == 1;    /* si_code CLD_EXITED */
  status->exit_code = status->exited ? info[6] & 0xff : 0;
  status->signal = status->exited ? 0 : info[6];
  return 0;
}

/* To one process that is not reaped yet, so that its number is ours. The second way is tried whatever the first
   answered: a child that must not live has to go. */
static long jl_parent_signal(int pid, int pidfd, int signal) {
  long r = pidfd >= 0 ? jl_sys_call(JL_NR_pidfd_send_signal, pidfd, signal, 0, 0, 0, 0) : -ENOSYS;
  return r < 0 && r != -ESRCH && pid > 0 ? jl_sys_call(JL_NR_kill, pid, signal, 0, 0, 0, 0) : r;
}

/* To the process group that the target leads, as a terminal sends ^C: PIDFD_SIGNAL_PROCESS_GROUP is 6.9
   (linux/pidfd.h). A target without a session of its own (a permitted degrade) leads none, and gets it alone. */
static long jl_parent_signal_group(int pid, int pidfd, int signal) {
  long r = pidfd >= 0 ? jl_sys_call(JL_NR_pidfd_send_signal, pidfd, signal, 0, 4, 0, 0) : -EINVAL;
  if (r < 0 && r != -ESRCH && pid > 1 && !jl_parent_gone(pidfd)) r = jl_sys_call(JL_NR_kill, -pid, signal, 0, 0, 0, 0);
  return r < 0 ? jl_parent_signal(pid, pidfd, signal) : r;
}

/* The deadline has passed. True when the launch goes on all the same: the child has taken the gate and is in execve(2),
   which gets two seconds more. When even they pass, it is stopped and looked at once more: with SIGSTOP pending it
   executes no instruction of a program that it does not have yet. (Below an init the target itself cannot be reached;
   there the last look is the end of its wait.) */
JL_BESIDE_CHILD static bool jl_parent_late(jl_launch *l) {
  const uint64_t last = jl_sys_now_ms() + 2000;
  while (jl_sys_now_ms() < last) {
    uint32_t open = JL_GATE_OPEN;
    if (__atomic_compare_exchange_n(&l->reply->exec_gate, &open, JL_GATE_SHUT, false, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE) ||
        open != JL_GATE_TAKEN)
      return false;
    l->deadline_ms = jl_sys_now_ms() + 10;
    if (jl_parent_wait_exec(l) >= 0) return true;
  }
  if (l->plan->with_init) return false;
  jl_parent_signal(l->pid, l->pid_fd, JL_SIGSTOP);
  if (jl_parent_exec_look(l) <= 0) return false;
  jl_parent_signal(l->pid, l->pid_fd, JL_SIGCONT);
  return true;
}

/* Ends a child that must not live and takes its status. It shares memory with us: nothing of it may be freed before it
   is gone. False when even SIGKILL did not end it in two seconds (a hung network file system). */
JL_BESIDE_CHILD static bool jl_parent_kill_child(jl_launch *l) {
  jailer_status status;
  const uint64_t deadline = jl_sys_now_ms() + 2000;
  jl_parent_signal(l->pid, l->pid_fd, JL_SIGKILL);
  for (;;) {
    long r = jl_parent_reap(l->pid, l->pid_fd, false, &status);
    if (r == 0 || r == -ECHILD) {
      if (l->own_memory) return true;
      if (r == 0 || __atomic_load_n(&l->reply->running, __ATOMIC_ACQUIRE) == 0) return true;
    }
    if (jl_sys_now_ms() > deadline) return false;
    jl_sys_sleep_ms(1);
  }
}

/* Gives everything of a spawn back. */
static void jl_parent_release(jl_launch *l) {
  for (size_t i = 0; l->trees && i < l->plan->nodes.count; i++) jl_parent_close(&l->trees[i]);
  JAILER_FREE(l->trees);
  for (size_t i = 0; l->kept && i < l->plan->fd_count; i++) jl_parent_close(&l->kept[i]);
  JAILER_FREE(l->placed);
  JAILER_FREE(l->kept);
  JAILER_FREE(l->lifted);
  l->trees = NULL;
  l->placed = NULL;
  l->kept = l->lifted = NULL;
  jl_parent_close(&l->ruleset_fd);
  jl_parent_close(&l->launcher_fd);
  jl_parent_close(&l->null_fd);
  jl_parent_close(&l->stderr_fd);
  jl_parent_close(&l->pipe_read);
  jl_parent_close(&l->pipe_write);
  jl_parent_close(&l->init_fd);
  jl_parent_close(&l->status_write);
  jl_parent_close(&l->procs_fd);
  if (l->map) jl_sys_call(JL_NR_munmap, (long)l->map, (long)l->map_size, 0, 0, 0, 0);
  l->map = NULL;
}

/* --- explaining a failure --- */

static long jl_parent_sysctl(const char *path) {
  char text[24];
  uint64_t value;
  long fd = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY, 0);
  if (fd < 0) return -1;
  long n = jl_sys_read_all((int)fd, text, sizeof text);
  jl_sys_close((int)fd);
  while (n > 0 && text[n - 1] == '\n') n--;
  return n > 0 && jl_parse_u64(text, (size_t)n, &value) && value < LONG_MAX ? (long)value : -1;
}

/* Why this host refuses a user namespace: the known causes, most specific first. */
static const char *jl_parent_userns_cause(void) {
  if (jl_parent_sysctl("/proc/sys/user/max_user_namespaces") == 0)
    return "user namespaces are switched off: sysctl user.max_user_namespaces is 0";
  if (jl_parent_sysctl("/proc/sys/kernel/unprivileged_userns_clone") == 0)
    return "unprivileged user namespaces are switched off: sysctl kernel.unprivileged_userns_clone is 0";
  if (jl_parent_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
    return "AppArmor lets only named programs make user namespaces "
           "(kernel.apparmor_restrict_unprivileged_userns is 1): "
           "give this program a profile with `userns,`";
  return "the kernel refused namespaces: the launcher is in a chroot, under a container's filter, or nested too "
         "deep; or the limit of namespaces for this user is reached (sysctl user.max_*_namespaces)";
}

/* What clone answers about a cgroup, as opposed to namespaces (kernel/cgroup/cgroup.c, cgroup_css_set_fork); NULL: it
   was not about that. AppArmor's answer for a user namespace is EACCES too. */
static const char *jl_parent_cgroup_cause(long r, uint32_t layers) {
  if (!(layers & JAILER_BIT(JAILER_LAYER_CGROUP))) return NULL;
  if (r == -EBUSY)
    return "this cgroup has controllers enabled for its children (cgroup.subtree_control), so it can hold no process: "
           "name a child of it";
  if (r == -EOPNOTSUPP) return "a threaded or invalid cgroup cannot hold a process (cgroup.type): make it a domain";
  if (r == -ENODEV || r == -ENOENT) return "the cgroup was removed since the plan was made";
  if (r == -EACCES && jl_parent_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") != 1)
    return jl_tab_steps[JL_STEP_CGROUP].remedy;
  return NULL;
}

static jailer_code jl_parent_clone_failed(const jl_launch *l, long r, jailer_error *err) {
  const bool userns = (l->layers & JAILER_BIT(JAILER_LAYER_USERNS)) != 0;
  const char *cause = jl_parent_cgroup_cause(r, l->layers);
  if (cause)
    return jl_fail(err,
                   r == -EACCES                   ? JAILER_E_DENIED
                   : r == -ENODEV || r == -ENOENT ? JAILER_E_CHANGED
                                                  : JAILER_E_SYSTEM,
                   JAILER_LAYER_CGROUP, jl_tab_steps[JL_STEP_CGROUP].name, l->plan->cgroup, (int)-r, cause);
  if (r == -ENOMEM || r == -EAGAIN)
    return jl_fail(err, r == -ENOMEM ? JAILER_E_NO_MEMORY : JAILER_E_SYSTEM, JAILER_LAYER_NONE, "clone", NULL, (int)-r,
                   r == -ENOMEM
                       ? "the kernel has no memory for another process"
                       : "no more processes: RLIMIT_NPROC of this user, or pids.max of the launcher's cgroup or "
                         "of the target's");
  return jl_fail(err, userns ? JAILER_E_DENIED : JAILER_E_SYSTEM, userns ? JAILER_LAYER_USERNS : JAILER_LAYER_NONE,
                 "clone", NULL, (int)-r, userns ? jl_parent_userns_cause() : "clone was refused");
}

/* The item a step was at, as text: a path, a descriptor, a limit or a layer. */
static const char *jl_parent_item(const jl_launch *l, int step, int item, char number[24]) {
  const jailer_plan *p = l->plan;
  if (step == JL_STEP_EXEC) return p->program;
  if (step == JL_STEP_CWD) return p->cwd;
  if (step == JL_STEP_HOSTNAME) return p->hostname;
  if (step == JL_STEP_CGROUP) return p->cgroup;
  if (item < 0) return NULL;
  if (step == JL_STEP_READBACK) return item < JAILER_LAYER_COUNT ? jl_tab_layers[item] : NULL;
  if (step == JL_STEP_RLIMITS)
    return item == 4 ? "core" : item == 7 ? "nofile" : item == 11 ? "sigpending" : item == 12 ? "msgqueue" : "fsize";
  if (step == JL_STEP_FDS || step == JL_STEP_CLOSE) return jl_parent_number(number, item), number;
  if ((size_t)item >= p->nodes.count) return NULL;
  return p->nodes.item[item].source ? p->nodes.item[item].source->path : p->nodes.item[item].at;
}

static jailer_code jl_parent_step_code(int step, int error) {
  if (step == JL_STEP_EXEC) return JAILER_E_EXEC;
  if (step == JL_STEP_READBACK || (step == JL_STEP_CGROUP && error == EPROTO)) return JAILER_E_READBACK;
  if (step == JL_STEP_IDENTITY) return JAILER_E_CHANGED;
  if (step == JL_STEP_REACH) return JAILER_E_DENIED;
  if (step == JL_STEP_MAPS) return JAILER_E_DENIED;
  if (step == JL_STEP_SOURCE && (error == ENOENT || error == ENOTDIR)) return JAILER_E_CHANGED;
  if ((step == JL_STEP_DESTINATION || step == JL_STEP_CWD) && (error == ENOENT || error == ENOTDIR))
    return JAILER_E_NOT_FOUND;
  if (step == JL_STEP_DESTINATION && error == ELOOP) return JAILER_E_UNSAFE;
  return JAILER_E_SYSTEM;
}

/* Steps whose failure says what this host can do. Those about a grant, a descriptor or the program are not among
   them: a hostile process may have caused them, and must not be able to take a layer away. */
static bool jl_parent_tells_host(int step) {
  static const jl_step steps[] = {JL_STEP_CGROUP,      JL_STEP_MAPS, JL_STEP_DEATH, JL_STEP_SESSION,
                                  JL_STEP_PROPAGATION, JL_STEP_ROOT, JL_STEP_PROC,  JL_STEP_PIVOT,
                                  JL_STEP_HOSTNAME,    JL_STEP_CAPS, JL_STEP_NNP,   JL_STEP_LANDLOCK,
                                  JL_STEP_SECCOMP};
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
    if ((int)steps[i] == step) return true;
  return false;
}

static const char *jl_parent_exec_cause(int error) {
  switch (error) {
  case ENOENT:
    return "inside the jail it does not exist, or what it needs to start does not: the interpreter of a script's first "
           "line, the loader of a dynamic program";
  case EACCES:
    return "the target may not execute it: it is no regular file, lacks the execute bit, or lies in a grant without "
           "execution";
  case ENOEXEC:
    return "the kernel does not know its format: a script needs a first line with #!, a program this machine's "
           "architecture";
  case ETXTBSY: return "somebody holds it open for writing; close it there first";
  default: return jl_tab_steps[JL_STEP_EXEC].remedy;
  }
}

/* Turns the reply into the caller's error. A child that ended without an answer was killed. */
JL_BESIDE_CHILD static jailer_code jl_parent_failed(jl_launch *l, jailer_error *err) {
  int step = l->reply->step, error = l->reply->error, item = l->reply->item;
  char number[24];
  if (step < 0 || step >= JL_STEP_COUNT) step = JL_STEP_START;
  l->host_cannot = jl_parent_tells_host(step);
  const char *what = jl_parent_item(l, step, item, number), *remedy = jl_tab_steps[step].remedy;
  jailer_layer layer = jl_tab_steps[step].layer;
  if (step == JL_STEP_READBACK && item > 0 && item < JAILER_LAYER_COUNT) layer = (jailer_layer)item;
  if (error == 0)
    return jl_fail(
        err, JAILER_E_DIED, layer, jl_tab_steps[step].name, what, 0,
        "the child was killed in this step (the OOM killer, or somebody with this uid); nothing was executed");
  if (step == JL_STEP_EXEC) remedy = jl_parent_exec_cause(error);
  if (step == JL_STEP_LANDLOCK) remedy = jl_parent_landlock_cause(error);
  if (step == JL_STEP_MAPS && l->plan->host.dumpable) remedy = jl_parent_userns_cause();
  if (step == JL_STEP_CGROUP && jl_parent_cgroup_cause(-error, l->layers))
    remedy = jl_parent_cgroup_cause(-error, l->layers);
  if ((step == JL_STEP_PROPAGATION || step == JL_STEP_ROOT) && (error == EPERM || error == EACCES) &&
      !l->plan->host.privileged)
    remedy = jl_parent_userns_cause();
  return jl_fail(err, jl_parent_step_code(step, error), layer, jl_tab_steps[step].name, what, error, remedy);
}

/* --- one try of a launch --- */

/* Without mounts (a permitted degrade) Landlock alone holds the grants, and its rules only add up: what is read-only
   below a writable grant would be writable, what is writable below an executable one executable. */
static jailer_code jl_parent_unmounted(const jl_launch *l, jailer_error *err) {
  const jailer_plan *p = l->plan;
  jl_arena scratch = {NULL};
  if (p->engine != JAILER_ENGINE_NATIVE || (l->layers & JAILER_BIT(JAILER_LAYER_MOUNTS))) return JAILER_OK;
  jailer_code code = jl_plan_nested(&scratch, &p->nodes, false, err);
  jl_arena_free(&scratch);
  return code;
}

/* A box's launch: nobody of an earlier one is left, and stderr is a fresh file, seen through a noexec mount: a
   descriptor of a host file that could be made executable would be a way around noexec. A privileged parent can make
   that mount; otherwise the child does (jl_child_stderr). */
static jailer_code jl_parent_box(jl_launch *l, jailer_error *err) {
  const jl_box *box = l->plan->box;
  jailer_code code = jl_files_pid_check(box, err);
  if (code == JAILER_OK) code = jl_files_exit_clear(box, err);
  if (code == JAILER_OK) code = jl_files_stderr_open(box, &l->stderr_fd, err);
  if (code || !l->plan->host.privileged || !(l->layers & JAILER_BIT(JAILER_LAYER_MOUNTS))) return code;
  char path[32];
  long r, tree = jl_sys_call(JL_NR_open_tree, l->stderr_fd, (long)"",
                             JL_OPEN_TREE_CLONE | JL_OPEN_TREE_CLOEXEC | JL_AT_EMPTY_PATH, 0, 0, 0);
  if (tree == -ENOSYS) return JAILER_OK;
  if (tree < 0)
    return jl_parent_system(err, JAILER_LAYER_FDS, "open the box's stderr file", NULL, tree, "open_tree(2) refused");
  r = jl_child_attributes((int)tree, JL_MOUNT_NOSUID | JL_MOUNT_NODEV | JL_MOUNT_NOEXEC);
  jl_child_fd_path(path, (int)tree);
  if (r == 0) r = jl_sys_openat(JL_AT_FDCWD, path, JL_O_WRONLY | JL_O_APPEND | JL_O_NOCTTY, 0);
  jl_sys_close((int)tree);
  if (r == -ENOSYS) return JAILER_OK;
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_FDS, "open the box's stderr file", NULL, r,
                            "it could not be opened again");
  jl_parent_close(&l->stderr_fd);
  l->stderr_fd = (int)r;
  return JAILER_OK;
}

/* The init's file, sealed against every change, and the pipe it reports through. MFD_EXEC is known since 6.3; before, a
   memfd is executable anyway. */
static jailer_code jl_parent_init(jl_launch *l, jailer_error *err) {
  uint8_t file[512];
  int ends[2] = {-1, -1};
  const size_t size = jl_tab_init(file, JL_X86_64);
  long r =
      jl_sys_call(JL_NR_memfd_create, (long)"jail-init", 1 | 2 | 0x10, 0, 0, 0, 0); /* CLOEXEC, ALLOW_SEALING, EXEC */
  if (r == -EINVAL) r = jl_sys_call(JL_NR_memfd_create, (long)"jail-init", 1 | 2, 0, 0, 0, 0);
  if (r < 0)
    return jl_parent_system(
        err, JAILER_LAYER_PIDNS, "make the init", NULL, r,
        "memfd_create(2) refused an executable memfd (sysctl vm.memfd_noexec 2?); go without with_init");
  l->init_fd = (int)r;
  /* who cannot read a program gets a process that is not dumpable: its /proc/1/fd, and so the report, is shut to the
     target */
  if ((r = jl_sys_write_all(l->init_fd, file, size)) < 0 || (r = jl_sys_fchmod(l->init_fd, 0111)) < 0 ||
      (r = jl_sys_fcntl(l->init_fd, JL_F_ADD_SEALS, 0xf)) < 0)
    return jl_parent_system(err, JAILER_LAYER_PIDNS, "make the init", NULL, r,
                            "the memfd could not be written or sealed");
  if ((r = jl_sys_call(JL_NR_pipe2, (long)ends, JL_O_CLOEXEC | JL_O_NONBLOCK, 0, 0, 0, 0)) < 0)
    return jl_parent_system(err, JAILER_LAYER_PIDNS, "make the init", NULL, r, "pipe2(2) failed");
  l->status_read = ends[0];
  l->status_write = ends[1];
  return JAILER_OK;
}

/* A pidfd of the launcher itself, by which a child sees its end. None before 5.3: ENOSYS. */
static long jl_parent_launcher_fd(jl_launch *l) {
  long r = jl_sys_call(JL_NR_pidfd_open, jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0), 0, 0, 0, 0, 0);
  if (r >= 0) l->launcher_fd = (int)r;
  return r;
}

JL_BESIDE_CHILD static jailer_code jl_parent_prepare(jl_launch *l, jailer_error *err) {
  const jailer_plan *p = l->plan;
  jailer_code code;
  long r;
  if ((code = jl_parent_unmounted(l, err))) return code;
  if ((code = jl_parent_vet(l, err)) || (code = jl_parent_ruleset(l, err)) || (code = jl_parent_stdio_rules(l, err)) ||
      (code = jl_parent_trees(l, err)))
    return code;
  if (p->with_init && (l->own_memory || !(l->layers & JAILER_BIT(JAILER_LAYER_PIDNS))))
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_PIDNS, "make the init", NULL, 0,
                   "an init needs a user and a pid namespace, and this launch has not both; go without with_init");
  if (p->with_init && (code = jl_parent_init(l, err))) return code;
  if (l->layers & JAILER_BIT(JAILER_LAYER_DEATH)) {
    r = jl_parent_launcher_fd(l);
    if (r < 0 && r != -ENOSYS)
      return jl_parent_system(err, JAILER_LAYER_DEATH, "open a pidfd of the launcher", NULL, r, "pidfd_open(2) failed");
  }
  if (l->own_memory) {
    int ends[2] = {-1, -1};
    if ((r = jl_sys_call(JL_NR_pipe2, (long)ends, JL_O_CLOEXEC, 0, 0, 0, 0)) < 0)
      return jl_parent_system(err, JAILER_LAYER_NONE, "make a pipe", NULL, r, "pipe2(2) failed");
    l->pipe_read = ends[0];
    l->pipe_write = ends[1];
  }
  jl_parent_map_texts(l);
  if ((r = jl_parent_map(l)) < 0)
    return jl_parent_system(err, JAILER_LAYER_NONE, "map the child's stack", NULL, r, "mmap(2) failed");
  l->reply->running = 1;
  l->reply->item = -1;
  return JAILER_OK;
}

/* The pid file, in place before the target runs. A pid alone proves nothing: it goes with its start time and boot. */
static jailer_code jl_parent_publish(jl_launch *l, jailer_error *err) {
  uint64_t start = 0;
  char boot_id[37];
  jailer_code code = jl_files_pid_start(l->pid, &start, err);
  if (jl_parent_gone(l->pid_fd)) return jl_parent_failed(l, err);
  if (code == JAILER_OK) code = jl_files_boot_id(boot_id, err);
  if (code == JAILER_OK) code = jl_files_pid_write(l->plan->box, l->pid, start, boot_id, err);
  return code;
}

/* The namespaces of the child, compared with the launcher's own while the child is busy with its mounts: an account
   that is the same ends the launch. What may not be read proves nothing, nor does the cgroup's, which with a cgroup is
   made later. */
JL_BESIDE_CHILD static jailer_code jl_parent_namespaces_seen(jl_launch *l, jailer_error *err) {
  uint32_t seen = 0;
  for (size_t i = 0; i < sizeof jl_tab_namespaces / sizeof jl_tab_namespaces[0]; i++) {
    const jailer_layer layer = jl_tab_namespaces[i].layer;
    const bool later = layer == JAILER_LAYER_CGROUPNS && (l->layers & JAILER_BIT(JAILER_LAYER_CGROUP));
    char path[64], theirs[64];
    uint64_t number = 0;
    if (!(l->layers & JAILER_BIT(layer)) || !l->plan->host.ns_ino[i] || later) continue;
    jl_buf b = jl_buf_fixed(path, sizeof path);
    jl_buf_str(&b, "/proc/");
    jl_buf_i64(&b, l->pid);
    jl_buf_str(&b, "/ns/");
    jl_buf_str(&b, jl_tab_namespaces[i].name);
    long n = jl_sys_readlinkat(JL_AT_FDCWD, path, theirs, sizeof theirs - 1); /* "user:[4026531837]" */
    if (n <= 0) continue;
    theirs[n] = 0;
    const char *at = strchr(theirs, '[');
    if (!at || !jl_parse_u64(at + 1, strcspn(at + 1, "]"), &number)) continue;
    if (number == l->plan->host.ns_ino[i] && !jl_parent_gone(l->pid_fd))
      return jl_fail(err, JAILER_E_READBACK, layer, jl_tab_steps[JL_STEP_READBACK].name, jl_tab_layers[layer], 0,
                     jl_tab_steps[JL_STEP_READBACK].remedy);
    seen |= JAILER_BIT(layer);
  }
  if (!jl_parent_gone(l->pid_fd)) l->seen = seen;
  return JAILER_OK;
}

/* What only the parent can do while the child is being set up. Runs beside a child that shares this memory: system
   calls and the stack only. */
JL_BESIDE_CHILD static jailer_code jl_parent_beside(jl_launch *l, jailer_error *err) {
  long r;
  if (l->maps_by_parent) {
    r = jl_parent_put(l, "/uid_map", l->uid_map);
    if (r >= 0) r = jl_parent_put(l, "/gid_map", l->gid_map);
    if (r == -ESRCH) return jl_parent_failed(l, err);
    if (r < 0)
      return jl_parent_system(err, JAILER_LAYER_USERNS, "write the id maps", l->uid_map, r,
                              "the ids must be valid in the launcher's own user namespace");
    jl_parent_open_gate(&l->reply->maps_gate);
  }
  jailer_code code = jl_parent_namespaces_seen(l, err);
  if (code == JAILER_OK && l->plan->box) code = jl_parent_publish(l, err);
  if (code) return code;
  if (!l->plan->with_init) jl_parent_open_gate(&l->reply->exec_gate);
  return JAILER_OK;
}

/* Clone to exec, with every signal of this thread blocked: a handler must not run in the child, on shared memory. */
JL_BESIDE_CHILD static jailer_code jl_parent_try(jl_launch *l, jailer_error *err) {
  const uint64_t all = UINT64_MAX;
  uint64_t mask = 0;
  jl_dump_lock lock = {-1, false};
  jailer_code code = jl_parent_dump_lock(l, &lock, err);
  if (code) return code;
  long r = jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&all, (long)&mask, 8, 0, 0);
  if (r < 0) {
    jl_parent_dump_unlock(&lock);
    return jl_parent_system(err, JAILER_LAYER_NONE, "block signals", NULL, r, "rt_sigprocmask(2) failed");
  }
  r = jl_parent_clone(l);
  bool gone = true;
  if (r < 0) {
    code = jl_parent_clone_failed(l, r, err);
    l->host_cannot = true;
  } else {
    l->pid = (int)r;
    jl_parent_close(&l->pipe_write);
    code = jl_parent_beside(l, err);
    if (code == JAILER_OK && (r = jl_parent_wait_exec(l)) == -ETIMEDOUT && jl_parent_late(l)) r = 0;
    if (code == JAILER_OK && r < 0 && r != -ECHILD) {
      int step = l->reply->step;
      char number[24];
      if (step < 0 || step >= JL_STEP_COUNT) step = JL_STEP_START;
      code =
          jl_fail(err, r == -ETIMEDOUT ? JAILER_E_TIMEOUT : JAILER_E_SYSTEM, jl_tab_steps[step].layer,
                  jl_tab_steps[step].name, jl_parent_item(l, step, l->reply->item, number), (int)-r,
                  "the child did not reach exec in time and was killed; a granted path on a dead network file system?");
    } else if (code == JAILER_OK && (r == -ECHILD || l->reply->error || l->reply->step != JL_STEP_EXEC ||
                                     (!l->plan->with_init && !jl_parent_executed(l)))) {
      code = jl_parent_failed(l, err);
    }
    if (code) gone = jl_parent_kill_child(l);
  }
  if (gone) {
    jl_parent_dump_unlock(&lock);
  } else { /* a child that cannot be killed still uses the mapping and the flag: both stay as they are */
    l->map = NULL;
    jl_parent_close(&lock.fd);
  }
  jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&mask, 0, 8, 0, 0);
  if (code) {
    if (l->plan->box && l->pid > 0) jl_files_pid_remove(l->plan->box, NULL); /* the first error is the one to tell */
    jl_parent_close(&l->pid_fd);
  }
  return code;
}

/* --- launches, from the first try to the end of the target --- */

/* Namespaces are switched off: a limit of theirs is 0. A limit that is only reached (ENOSPC) says nothing of the host:
   any process of the same user, a jailed one among them, can hold all there are. */
static bool jl_parent_namespaces_off(void) {
  static const char *const limits[] = {"/proc/sys/user/max_user_namespaces",  "/proc/sys/user/max_mnt_namespaces",
                                       "/proc/sys/user/max_pid_namespaces",   "/proc/sys/user/max_net_namespaces",
                                       "/proc/sys/user/max_ipc_namespaces",   "/proc/sys/user/max_uts_namespaces",
                                       "/proc/sys/user/max_cgroup_namespaces"};
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
    if (jl_parent_sysctl(limits[i]) == 0) return true;
  return false;
}

/* Whether a failed try says "this host cannot do the layer", as opposed to a fault that must stop the launch. */
static bool jl_parent_cannot(const jailer_error *e) {
  if (e->sys_errno == ENOSPC && !jl_parent_namespaces_off()) return false;
  switch (e->sys_errno) {
  case ENOSYS:
  case EOPNOTSUPP:
  case EINVAL:
  case EPERM:
  case EACCES:
  case ENOSPC:
  case EUSERS:
  case ENODEV:
  case E2BIG: return e->code == JAILER_E_SYSTEM || e->code == JAILER_E_DENIED;
  default: return false;
  }
}

/* What else is gone when a layer is: an ordinary user has no namespace without a user namespace, and /proc needs the
   mounts and the pid namespace it shows. */
static uint32_t jl_parent_with(const jailer_plan *p, jailer_layer layer) {
  uint32_t bits = JAILER_BIT(layer);
  if (layer == JAILER_LAYER_USERNS && !p->host.privileged)
    for (size_t i = 0; i < sizeof jl_parent_namespaces / sizeof jl_parent_namespaces[0]; i++)
      bits |= JAILER_BIT(jl_parent_namespaces[i].layer);
  if (bits & (JAILER_BIT(JAILER_LAYER_MOUNTS) | JAILER_BIT(JAILER_LAYER_PIDNS))) bits |= JAILER_BIT(JAILER_LAYER_PROC);
  return bits;
}

static void jl_parent_launch_init(jl_launch *l, const jailer_plan *plan, uint32_t layers) {
  memset(l, 0, sizeof *l);
  l->plan = plan;
  l->layers = layers;
  l->ruleset_fd = l->launcher_fd = l->null_fd = l->stderr_fd = l->pid_fd = l->pipe_read = l->pipe_write = -1;
  l->init_fd = l->status_read = l->status_write = l->procs_fd = -1;
  l->deadline_ms = jl_sys_now_ms() + plan->timeout_ms;
  l->maps_by_parent = plan->host.privileged && (layers & JAILER_BIT(JAILER_LAYER_USERNS));
  /* a uid change without a user namespace around it: the new uid's processes are kept from this memory by the dumpable
     flag alone, so the child gets memory of its own */
  l->own_memory = plan->host.privileged && !(layers & JAILER_BIT(JAILER_LAYER_USERNS));
}

/* Looks at one wanted path as far as the kernel knows it without asking a file system (RESOLVE_CACHED, 5.12), so that
   nothing can hang; what it finds without a symbolic link on the way is where its name says. A file system without a
   device (network, FUSE, proc) is left to the other process. False: nothing was found out. */
static bool jl_parent_look(jl_source *s) {
  const int flags = JL_O_PATH | JL_O_CLOEXEC | (s->keep_link ? JL_O_NOFOLLOW : 0);
  uint64_t how[3] = {0, 0, JL_RESOLVE_NO_SYMLINKS | JL_RESOLVE_CACHED};
  how[0] = (uint64_t)(unsigned)flags;
  long fd = jl_sys_call(JL_NR_openat2, JL_AT_FDCWD, (long)s->path, (long)how, sizeof how, 0, 0);
  if (fd < 0) return false;
  if (jl_sys_stat((int)fd, "", JL_AT_EMPTY_PATH | JL_AT_STATX_DONT_SYNC, &s->st) < 0 || s->st.dev >> 32 == 0) {
    jl_sys_close((int)fd);
    return false;
  }
  s->fd = (int)fd;
  return s->looked = s->plain = true;
}

/* Looks at the wanted paths; those that are not in the kernel's caches in a process of its own, with the launch's
   deadline. Its exit signal is none, so no handler and no waitpid(-1) of the launcher sees it. The system's own paths
   need none. (A process that is killed between the return of its open and the next instruction leaves one descriptor,
   close-on-exec, of nobody.) */
JL_BESIDE_CHILD static jailer_code jl_parent_touch(const jailer_plan *plan, jailer_error *err) {
  const uint64_t all = UINT64_MAX;
  uint64_t mask = 0;
  jailer_code code = JAILER_OK;
  jl_launch l;
  bool rest = false;
  for (size_t i = 0; i < plan->source_count; i++) {
    if (jl_parent_look(&plan->sources[i])) continue;
    if (plan->sources[i].origin == JL_FROM_SYSTEM) jl_child_look(&plan->sources[i]);
    else rest = true;
  }
  if (!rest) return JAILER_OK;
  jl_parent_launch_init(&l, plan, 0);
  l.own_memory = false;
  long r = jl_parent_launcher_fd(&l);
  if (r >= 0 || r == -ENOSYS) r = jl_parent_map(&l);
  if (r == 0) r = jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&all, (long)&mask, 8, 0, 0);
  if (r == 0) {
    l.reply->running = 1;
    long top = (long)(uintptr_t)l.reply, running = (long)(uintptr_t)&l.reply->running;
    r = jl_sys_clone_old(JL_CLONE_VM | JL_CLONE_FILES | JL_CLONE_CHILD_CLEARTID, top, 0, running, jl_child_touch, &l);
    l.pid = (int)r;
    bool over = false;
    if (r > 0) over = (r = jl_parent_wait_word(&l, &l.reply->running)) == 0;
    if (r < 0 && l.pid > 0)
      code = jl_fail(err, r == -ETIMEDOUT ? JAILER_E_TIMEOUT : JAILER_E_SYSTEM, JAILER_LAYER_MOUNTS,
                     "touch a granted path", l.reply->item >= 0 ? plan->sources[l.reply->item].path : NULL, (int)-r,
                     "its file system did not answer in time: a dead server or a hung FUSE daemon");
    else if (over && l.reply->item >= 0)
      code = jl_fail(err, JAILER_E_DIED, JAILER_LAYER_MOUNTS, "touch a granted path", plan->sources[l.reply->item].path,
                     0, "the process that looks at it was killed (the OOM killer, or somebody with this uid)");
    jailer_status status;
    if (over) jl_parent_reap(l.pid, -1, true, &status);            /* it is past its last instruction */
    else if (l.pid > 0 && !jl_parent_kill_child(&l)) l.map = NULL; /* stuck in the kernel: what it stands on stays */
    jl_sys_call(JL_NR_rt_sigprocmask, 2, (long)&mask, 0, 8, 0, 0);
  }
  if (code == JAILER_OK && (r == -EMFILE || r == -ENFILE)) code = jl_probe_full(err, NULL, r);
  if (code == JAILER_OK && r < 0)
    code = jl_parent_system(err, JAILER_LAYER_MOUNTS, "touch the granted paths", NULL, r,
                            "no memory or no process to be had");
  jl_parent_release(&l);
  return code;
}

JL_BESIDE_CHILD static void jl_parent_fill(const jl_launch *l, jailer_proc *out) {
  const jailer_plan *p = l->plan;
  out->pid = (pid_t)l->pid;
  out->pidfd = l->pid_fd;
  out->init_fd = l->status_read;
  out->layers = l->layers;
  if (l->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK)) out->landlock_lacks = jl_plan_lacks(p);
  out->degraded = (p->layers & ~l->layers) | (out->landlock_lacks ? JAILER_BIT(JAILER_LAYER_LANDLOCK) : 0);
  out->uid = p->host_uid;
  out->gid = p->host_gid;
  out->landlock_abi = p->host.landlock_abi;
  out->landlock_errata = p->host.landlock_errata;
  out->readback = l->reply->readback | l->seen;
  out->engine = p->engine;
  out->allow_userns = p->allow_userns;
  out->keeps_bounding = l->reply->keeps_bounding;
  out->trap_denied = p->trap_denied;
  out->has_policy = p->policy != NULL;
  out->own_pid1 = !p->with_init && (l->layers & JAILER_BIT(JAILER_LAYER_PIDNS));
  if (!p->host.privileged) {
    long n = jl_sys_call(JL_NR_getgroups, 0, 0, 0, 0, 0, 0);
    out->keeps_groups = n > 0 ? (uint32_t)n : 0;
  } else {
    out->group_count = (uint32_t)p->group_count;
    memcpy(out->groups, p->groups, sizeof out->groups);
  }
}

/* Tries with every wanted layer; where the host cannot do one that may degrade, once more without it. Each round takes
   at least one layer away, so it ends. */
static jailer_code jl_parent_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err) {
  uint32_t layers = jl_plan_wanted_layers(plan);
  for (;;) {
    jl_launch l;
    jl_parent_launch_init(&l, plan, layers);
    jailer_code code = JAILER_OK;
    if (plan->box) code = jl_parent_box(&l, err);
    if (code == JAILER_OK) code = jl_parent_prepare(&l, err);
    if (code == JAILER_OK) code = jl_parent_try(&l, err);
    if (code == JAILER_OK) jl_parent_fill(&l, out);
    const bool cannot = l.host_cannot && jl_parent_cannot(err);
    jl_parent_release(&l);
    if (code == JAILER_OK) return code;
    jl_parent_close(&l.status_read);
    uint32_t gone = jl_parent_with(plan, err->layer) & layers;
    if (err->layer == JAILER_LAYER_NONE || !gone || (gone & ~plan->may_degrade) || !cannot) return code;
    layers &= ~gone;
  }
}

#endif /* JL_LINUX */

/* ============================================================================================
 * // >>proc    a running target: how it ends, signals, the handle that its owner and others share
 * May touch: the kernel. May call: base to parent.
 * ============================================================================================ */

#if JL_EFFECTS

/* --- the handle: one thread waits, any number kill --- */

enum { JL_PROC_ENDED = 1 << 30, JL_PROC_SETTLED = 1 << 29, JL_PROC_USERS = (1 << 29) - 1 };

/* A thread of jailer_kill comes in, and the handle stays whole until it leaves. When the handle is settled, what is
   said of it instead: 0 the target has ended, or else that the handle holds none. */
static bool jl_proc_enter(jailer_proc *proc, bool *ended) {
  uint32_t now = __atomic_load_n(&proc->busy, __ATOMIC_ACQUIRE);
  do {
    *ended = (now & JL_PROC_ENDED) != 0;
    if (now & JL_PROC_SETTLED) return false;
  } while (!__atomic_compare_exchange_n(&proc->busy, &now, now + 1, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
  return true;
}

static void jl_proc_leave(jailer_proc *proc) { __atomic_fetch_sub(&proc->busy, 1u, __ATOMIC_RELEASE); }

/* The thread that owns the handle takes it for itself: those in jailer_kill finish first (50 ms at most), and no more
   come in. Before the process is reaped, or its number could be another's by the time it gets a signal. */
static void jl_proc_settle(jailer_proc *proc, uint32_t how) {
  __atomic_fetch_or(&proc->busy, JL_PROC_SETTLED | how, __ATOMIC_ACQ_REL);
  while (__atomic_load_n(&proc->busy, __ATOMIC_ACQUIRE) & JL_PROC_USERS) jl_sys_sleep_ms(1);
}

static void jl_proc_unsettle(jailer_proc *proc) {
  __atomic_fetch_and(&proc->busy, (uint32_t)JL_PROC_USERS, __ATOMIC_RELEASE);
}

/* The first signal that jailer_kill ends a target with is the one that jailer_wait tells. */
static void jl_proc_asked(jailer_proc *proc, int signal) {
  int none = 0;
  __atomic_compare_exchange_n(&proc->asked_signal, &none, signal, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

#endif /* JL_EFFECTS */
#if JL_LINUX

/* The exit status of a process whose parent took or ignored it, from the pidfd: PIDFD_GET_INFO with PIDFD_INFO_EXIT,
   Linux 6.15 (linux/pidfd.h). */
static long jl_proc_status_from_pidfd(int pidfd, jailer_status *status) {
  uint64_t info[8];
  int32_t wait_status;
  /* A pidfd is readable a moment before a process that nobody waits for is gone, and only then the status is there. */
  for (int tries = 0; tries < 100; tries++) {
    memset(info, 0, sizeof info);
    info[0] = 8; /* PIDFD_INFO_EXIT */
    long r = jl_sys_call(JL_NR_ioctl, pidfd, 0xC040FF0BL, (long)info, 0, 0, 0);
    if (r < 0) return r;
    if (info[0] & 8) break;
    jl_sys_sleep_ms(1);
  }
  if (!(info[0] & 8)) return -ENODATA;
  memcpy(&wait_status, (const char *)info + 60, sizeof wait_status);
  status->exited = (wait_status & 0x7f) == 0;
  status->exit_code = status->exited ? (wait_status >> 8) & 0xff : 0;
  status->signal = status->exited ? 0 : wait_status & 0x7f;
  return 0;
}

/* Waits for the pidfd to say that the process has ended; without one (before 5.3) looks every few milliseconds. */
static long jl_proc_wait_end(const jailer_proc *proc, int timeout_ms) {
  const uint64_t deadline = jl_sys_now_ms() + (timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
  int64_t left[2] = {0, 0};
  while (proc->pidfd >= 0) {
    struct {
      int fd;
      int16_t events, revents;
    } poll = {proc->pidfd, 1, 0};
    bool more = timeout_ms < 0 || jl_parent_left(deadline, left);
    if (!more) left[0] = left[1] = 0;
    long r = jl_sys_call(JL_NR_ppoll, (long)&poll, 1, timeout_ms < 0 ? 0 : (long)left, 0, 0, 0);
    if (r > 0) return 0;
    if (r < 0 && r != -EINTR) return r;
    if (!more) return -ETIMEDOUT;
  }
  for (;;) {
    int32_t info[32];
    memset(info, 0, sizeof info);
    long r = jl_sys_call(JL_NR_waitid, 1, proc->pid, (long)info, 4 | 0x40000000 | 1 | 0x01000000, 0, 0); /* WNOWAIT */
    if (r == -ECHILD || (r == 0 && info[4] != 0)) return 0;
    if (r < 0 && r != -EINTR) return r;
    if (timeout_ms >= 0 && jl_sys_now_ms() >= deadline) return -ETIMEDOUT;
    jl_sys_sleep_ms(5);
  }
}

/* An init reports its child's wait status through a pipe: the target's own end, not the init's. False when the init was
   ended before it could. */
static bool jl_proc_init_status(int fd, jailer_status *status) {
  int32_t wait_status;
  if (fd < 0 || jl_sys_read_all(fd, &wait_status, sizeof wait_status) != (long)sizeof wait_status) return false;
  status->exited = (wait_status & 0x7f) == 0;
  status->exit_code = status->exited ? (wait_status >> 8) & 0xff : 0;
  status->signal = status->exited ? 0 : wait_status & 0x7f;
  return true;
}

/* What becomes of a signal to PID 1 of the target's namespace, read from /proc/PID/status: 0 it is caught or ignored, 1
   it would never be seen, 2 it is blocked and would never be seen when that ends; -1 when it cannot be read. */
static int jl_proc_look(int pid, int signal) {
  static const char *const names[] = {"\nSigIgn:\t", "\nSigCgt:\t", "\nSigBlk:\t"};
  char text[4096];
  if (jl_parent_proc_read(pid, "/status", text, sizeof text) <= 0) return -1;
  if (strstr(text, "\nState:\tZ")) return -1; /* it has ended: how is settled */
  for (int i = 0; i < 3; i++) {
    const char *at = strstr(text, names[i]);
    if (!at) return -1;
    uint64_t mask = 0;
    for (at += strlen(names[i]); *at && *at != '\n'; at++)
      mask = mask << 4 | (uint64_t)(*at <= '9' ? *at - '0' : *at - 'a' + 10);
    if (mask >> (signal - 1) & 1) return i == 2 ? 2 : 0;
  }
  return 1;
}

/* Whether PID 1 would never see it. A shell blocks everything for the moment of a vfork: a signal sent into that moment
   would be lost, so it is waited out. Who blocks for longer waits for the signal (sigwait, signalfd) and gets it. */
static bool jl_proc_unseen(int pid, int signal) {
  int seen = jl_proc_look(pid, signal);
  for (int tries = 0; seen == 2 && tries < 50; tries++) {
    jl_sys_sleep_ms(1);
    seen = jl_proc_look(pid, signal);
  }
  return seen == 1;
}

/* Signals whose default action does not end a process: CHLD, CONT, URG, WINCH and the stop signals (signal(7)). */
static bool jl_proc_deadly(int signal) {
  static const int harmless[] = {17, 18, 19, 20, 21, 22, 23, 28};
  for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++)
    if (signal == harmless[i]) return false;
  return true;
}

/* Takes the status of a target that has ended: 0; -ECHILD when somebody else took it; or another negated errno, and it
   is still to be taken. The init's word and the pidfd's count where there is one. */
static long jl_proc_take(const jailer_proc *proc, jailer_status *status) {
  long r = jl_parent_reap(proc->pid, proc->pidfd, true, status);
  if (r < 0 && r != -ECHILD) return r;
  if (r == -ECHILD && proc->pidfd >= 0 && jl_proc_status_from_pidfd(proc->pidfd, status) == 0) r = 0;
  return jl_proc_init_status(proc->init_fd, status) ? 0 : r;
}

/* One signal, to the group or with the default action of what a PID 1 would not see: jailer_kill. */
static long jl_proc_send(jailer_proc *proc, int signal) {
  int send = signal;
  if (proc->own_pid1 && signal > 0 && signal != JL_SIGKILL && jl_proc_deadly(signal) &&
      jl_proc_unseen(proc->pid, signal))
    send = JL_SIGKILL;
  if (send == JL_SIGKILL) jl_proc_asked(proc, signal);
  /* a PID 1 that is killed takes the others along, an init hands the signal on to them */
  const bool alone = proc->init_fd >= 0 || (proc->own_pid1 && send == JL_SIGKILL);
  return alone ? jl_parent_signal(proc->pid, proc->pidfd, send) : jl_parent_signal_group(proc->pid, proc->pidfd, send);
}

#elif JL_DARWIN

/* Waits until the target has ended and leaves its status where it is (waitid(2), WNOWAIT). There is nothing to poll
   with a deadline, so with one it looks every few milliseconds. */
static long jl_proc_wait_end(const jailer_proc *proc, int timeout_ms) {
  const uint64_t deadline = jl_sys_now_ms() + (timeout_ms > 0 ? (uint64_t)timeout_ms : 0);
  const int options = WEXITED | WNOWAIT | (timeout_ms < 0 ? 0 : WNOHANG);
  for (unsigned pause = 1;; pause = pause < 5 ? pause + 1 : 5) {
    siginfo_t info;
    memset(&info, 0, sizeof info);
    const long r = jl_sys_result(waitid(P_PID, (id_t)proc->pid, &info, options));
    if (r == -ECHILD || (r == 0 && info.si_pid != 0)) return 0;
    if (r == -EINTR || (r == 0 && timeout_ms < 0)) continue;
    if (r < 0) return r;
    if (jl_sys_now_ms() >= deadline) return -ETIMEDOUT;
    jl_sys_sleep_ms(pause);
  }
}

/* What a target that has ended leaves in its process group would go on with the box's disks: it ends too, as below a
   PID 1 on Linux. As long as nobody took the target's status the number of the group is nobody else's. */
static void jl_proc_rest(const jailer_proc *proc) {
  siginfo_t info;
  memset(&info, 0, sizeof info);
  const long r = jl_sys_result(waitid(P_PID, (id_t)proc->pid, &info, WEXITED | WNOWAIT | WNOHANG));
  if (r == 0 && info.si_pid == proc->pid && proc->pid > 1) jl_sys_kill(-proc->pid, JL_SIGKILL);
}

/* A target that asks to be traced (ptrace(2), PT_TRACE_ME) is by that its parent's to debug, and wait(2) then tells of
   its stops too. */
static long jl_proc_take(const jailer_proc *proc, jailer_status *status) {
  int how = 0;
  long r;
  if (proc->engine == JAILER_ENGINE_SEATBELT) jl_proc_rest(proc);
  do r = jl_sys_result(waitpid(proc->pid, &how, 0));
  while (r == -EINTR || (r >= 0 && WIFSTOPPED(how)));
  if (r < 0) return r;
  status->exited = WIFEXITED(how);
  status->exit_code = status->exited ? WEXITSTATUS(how) : 0;
  status->signal = status->exited ? 0 : WTERMSIG(how);
  return 0;
}

/* To the process group that the target leads; alone where it leads none any more. */
static long jl_proc_send(jailer_proc *proc, int signal) {
  if (signal == JL_SIGKILL) jl_proc_asked(proc, signal);
  const long r = proc->pid > 1 ? jl_sys_kill(-proc->pid, signal) : -ESRCH;
  return r < 0 ? jl_sys_kill(proc->pid, signal) : r;
}

#endif /* JL_LINUX, JL_DARWIN */

#if JL_EFFECTS

/* Under the lock: takes a pid file away whose process has ended, and what that left. */
static jailer_code jl_proc_pid_stale(const jl_box *box, jailer_error *err) {
  jl_pid_file file;
  bool alive = true;
  if (box->lock_fd < 0) return JAILER_OK;
  jailer_code code = jl_files_pid_read(box, &file, err);
  if (code || file.pid == 0) return code;
  code = jl_files_pid_alive(file.pid, file.start, file.boot_id, &alive, err);
  if (code || alive) return code;
  code = jl_files_rest(box, err);
  return code ? code : jl_files_pid_remove(box, err);
}

/* The pid file of a box whose target has ended goes away, under the lock. A box that somebody launches (BUSY) or has
   removed (NOT_FOUND) is left to them; where it is our own plan that holds the lock, freeing the plan does it. */
static jailer_code jl_proc_box_ended(const jailer_layout *layout, jailer_error *err) {
  jl_box box;
  jailer_error local;
  jailer_code code = jl_files_box_open(layout, JL_BOX_ENDED, &box, &local);
  if (code == JAILER_E_BUSY || code == JAILER_E_NOT_FOUND) return JAILER_OK;
  if (code == JAILER_OK) code = jl_proc_pid_stale(&box, &local);
  jl_files_box_close(&box);
  return jl_files_report(code, &local, err);
}

/* What the program in the box told of its end, where that is the end that the kernel tells of. It explains and decides
   nothing: what cannot be read was not told, and an end that nobody tells of is no reason to look. */
static void jl_proc_told(const jailer_layout *layout, jailer_status *status) {
  enum { TAIL = 8192 };
  char tail[TAIL];
  jailer_denial told;
  jl_box box;
  if (!jl_denial_signal(status->exited ? status->exit_code - 128 : status->signal)) return;
  if (jl_files_box_open(layout, JL_BOX_HELD, &box, NULL)) return;
  const size_t n = jl_files_exit_tail(&box, tail, sizeof tail);
  jl_files_box_close(&box);
  if (jl_denial_find(tail, n, &told) && jl_denial_agrees(&told, status)) status->denial = told;
}

/* ============================================================================================
 * // >>report    what the kernel says of a running target
 * May touch: the kernel, read-only. May call: base to proc.
 * ============================================================================================ */

static void jl_report_detail(jailer_report *report, jailer_layer layer, const char *text) {
  if (report->layer[layer].state != JAILER_APPLIED) return;
  jl_buf b = jl_buf_fixed(report->layer[layer].detail, JAILER_DETAIL_MAX);
  jl_buf_str(&b, text);
}

/* Marks an applied layer as confirmed, or remembers in *wrong the first whose account is another one. */
static void jl_report_confirm(jailer_report *report, jailer_layer layer, bool agrees, jailer_layer *wrong) {
  if (report->layer[layer].state != JAILER_APPLIED) return;
  report->layer[layer].verified = agrees;
  if (!agrees && *wrong == JAILER_LAYER_NONE) *wrong = layer;
}

/* Which Landlock holds: its ABI, its fixed errata, and what it lacks of what was asked. */
static void jl_report_landlock(jailer_report *report, const jailer_proc *proc) {
  char text[JAILER_DETAIL_MAX];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_str(&b, "ABI ");
  jl_buf_u64(&b, proc->landlock_abi);
  if (proc->landlock_lacks & JL_LACKS_TCP) jl_buf_str(&b, "; TCP ports are not told apart");
  if (proc->landlock_lacks & JL_LACKS_UDP) jl_buf_str(&b, "; UDP ports are not told apart");
  if (proc->landlock_lacks & JL_LACKS_LOG) jl_buf_str(&b, "; denials are not logged");
  for (unsigned i = 0; i < 32; i++) {
    if (!(proc->landlock_errata >> i & 1)) continue;
    jl_buf_str(&b, proc->landlock_errata & ((1u << i) - 1) ? " " : "; fixed errata ");
    jl_buf_u64(&b, i + 1);
  }
  jl_report_detail(report, JAILER_LAYER_LANDLOCK, text);
  if (proc->landlock_lacks && (proc->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK)))
    report->layer[JAILER_LAYER_LANDLOCK].state = JAILER_DEGRADED;
}

static void jl_report_known(jailer_report *report, const jailer_proc *proc) {
  report->engine = proc->engine;
  report->pid = proc->pid;
  report->uid = proc->uid;
  report->gid = proc->gid;
  report->landlock_abi = proc->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK) ? proc->landlock_abi : 0;
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    jl_buf b = jl_buf_fixed(report->layer[i].detail, JAILER_DETAIL_MAX);
    if (proc->layers & JAILER_BIT(i)) {
      report->layer[i].state = JAILER_APPLIED;
      report->layer[i].verified = (proc->readback & JAILER_BIT(i)) != 0;
    } else if (proc->degraded & JAILER_BIT(i)) {
      report->layer[i].state = JAILER_DEGRADED;
      jl_buf_str(&b, "not available on this host; the configuration permits that");
    }
  }
  char text[JAILER_DETAIL_MAX];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  jl_buf_str(&b, "uid ");
  jl_buf_u64(&b, proc->uid);
  jl_buf_str(&b, ", gid ");
  jl_buf_u64(&b, proc->gid);
  jl_buf_str(&b, " on the host");
  if (proc->keeps_groups) {
    jl_buf_str(&b, "; keeps ");
    jl_buf_u64(&b, proc->keeps_groups);
    jl_buf_str(&b, " supplementary groups of the launcher: an ordinary user cannot drop them");
  }
  if (proc->group_count) jl_buf_str(&b, "; groups of granted devices:");
  for (uint32_t i = 0; i < proc->group_count && i < sizeof proc->groups / sizeof proc->groups[0]; i++) {
    jl_buf_char(&b, ' ');
    jl_buf_u64(&b, proc->groups[i]);
  }
  jl_report_detail(report, JAILER_LAYER_IDS, text);
  jl_report_landlock(report, proc);
  if (proc->keeps_bounding)
    jl_report_detail(report, JAILER_LAYER_CAPS,
                     "none; bounding set and securebits stay (no CAP_SETPCAP), void under no_new_privs");
  b = jl_buf_fixed(text, sizeof text);
  jl_buf_str(&b, "launch filter");
  if (proc->has_policy) jl_buf_str(&b, ", and a policy on top of it");
  if (proc->trap_denied) jl_buf_str(&b, "; what the launch filter refuses ends the target (SIGSYS)");
  jl_report_detail(report, JAILER_LAYER_SECCOMP, text);
  jl_report_detail(report, JAILER_LAYER_SEATBELT,
                   proc->own_profile ? "a profile of the caller's own" : "a profile of the grants");
}

#endif /* JL_EFFECTS */
#if JL_LINUX

/* The n-th number (from 0) of a line of /proc/PID/status, in a base of 10 or 16; false when it is not there. */
static bool jl_report_number(const char *status, const char *key, int n, unsigned base, uint64_t *out) {
  const char *at = strstr(status, key);
  if (!at) return false;
  for (at += strlen(key); *at == '\t' || *at == ' '; at++) {
  }
  for (; n > 0; n--) {
    while (*at && *at != '\t' && *at != ' ' && *at != '\n') at++;
    while (*at == '\t' || *at == ' ') at++;
  }
  if (*at == '\n' || !*at) return false;
  *out = 0;
  for (; *at && *at != '\t' && *at != ' ' && *at != '\n'; at++) {
    unsigned digit = *at >= '0' && *at <= '9'   ? (unsigned)(*at - '0')
                     : *at >= 'a' && *at <= 'f' ? (unsigned)(*at - 'a' + 10)
                                                : 99;
    if (digit >= base || *out > (UINT64_MAX - digit) / base) return false;
    *out = *out * base + digit;
  }
  return true;
}

/* A namespace is the target's own when its link is not the launcher's. A link that may not be read confirms nothing. */
static void jl_report_ns(jailer_report *report, pid_t pid, jailer_layer *wrong) {
  for (size_t i = 0; i < sizeof jl_tab_namespaces / sizeof jl_tab_namespaces[0]; i++) {
    const jailer_layer layer = jl_tab_namespaces[i].layer;
    char path[64], theirs[64], ours[64];
    jl_buf b = jl_buf_fixed(path, sizeof path);
    jl_buf_str(&b, "/proc/");
    jl_buf_i64(&b, pid);
    jl_buf_str(&b, "/ns/");
    jl_buf_str(&b, jl_tab_namespaces[i].name);
    long n = jl_sys_readlinkat(JL_AT_FDCWD, path, theirs, sizeof theirs - 1);
    long m = jl_sys_readlinkat(JL_AT_FDCWD, jl_tab_namespaces[i].path, ours, sizeof ours - 1);
    if (n <= 0 || m <= 0) continue;
    theirs[n] = ours[m] = 0;
    jl_report_detail(report, layer, theirs);
    jl_report_confirm(report, layer, !jl_streq(theirs, ours), wrong);
  }
}

/* Where in the tree of cgroup v2 it is now, as the launcher sees that. Somebody else may have moved it: no
   contradiction, the target itself cannot. */
static void jl_report_cgroup(jailer_report *report, pid_t pid) {
  char text[4096];
  if (jl_parent_proc_read(pid, "/cgroup", text, sizeof text) <= 0) return;
  for (char *line = text; line; line = strchr(line, '\n')) {
    if (*line == '\n') line++;
    if (!jl_starts(line, "0::")) continue;
    line[strcspn(line, "\n")] = 0;
    jl_report_detail(report, JAILER_LAYER_CGROUP, strlen(line + 3) < JAILER_DETAIL_MAX ? line + 3 : "");
    return;
  }
}

/* The supplementary groups are those that were given, and no others. What an ordinary launcher could not drop proves
   nothing. */
static bool jl_report_groups(const jailer_proc *proc, const char *status) {
  uint64_t value;
  if (proc->keeps_groups) return true;
  for (uint32_t i = 0; i < proc->group_count; i++) {
    bool given = false;
    if (!jl_report_number(status, "\nGroups:", (int)i, 10, &value)) return false;
    for (uint32_t k = 0; k < proc->group_count; k++) given = given || proc->groups[k] == value;
    if (!given) return false;
  }
  return !jl_report_number(status, "\nGroups:", (int)proc->group_count, 10, &value);
}

/* Ids, capabilities, no_new_privs and seccomp, from /proc/PID/status. */
static void jl_report_status(jailer_report *report, const jailer_proc *proc, const char *status, jailer_layer *wrong) {
  static const char *const sets[] = {"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapAmb:", "\nCapBnd:"};
  uint64_t value, any = 0;
  bool known = true, ids = true;
  for (int i = 0; i < 4; i++) { /* real, effective, saved, file system */
    ids = ids && jl_report_number(status, "\nUid:", i, 10, &value) && value == proc->uid;
    ids = ids && jl_report_number(status, "\nGid:", i, 10, &value) && value == proc->gid;
  }
  jl_report_confirm(report, JAILER_LAYER_IDS, ids && jl_report_groups(proc, status), wrong);
  for (size_t i = 0; i < sizeof sets / sizeof sets[0] - proc->keeps_bounding; i++) {
    known = known && jl_report_number(status, sets[i], 0, 16, &value);
    if (known) any |= value;
  }
  if (!proc->allow_userns || !any) jl_report_confirm(report, JAILER_LAYER_CAPS, known && any == 0, wrong);
  else jl_report_detail(report, JAILER_LAYER_CAPS, "none outside the user namespace that it made");
  jl_report_confirm(report, JAILER_LAYER_NNP, jl_report_number(status, "\nNoNewPrivs:", 0, 10, &value) && value == 1,
                    wrong);
  bool filtered = jl_report_number(status, "\nSeccomp:", 0, 10, &value) && value == 2;
  if (jl_report_number(status, "\nSeccomp_filters:", 0, 10, &value))                   /* Linux 5.9 */
    filtered = filtered && value >= (proc->has_policy && proc->init_fd < 0 ? 2u : 1u); /* an init has the first alone */
  jl_report_confirm(report, JAILER_LAYER_SECCOMP, filtered, wrong);
}

/* What the kernel says of it now. False when it says nothing any more: the target has ended. */
static bool jl_report_live(jailer_report *out, const jailer_proc *proc, jailer_layer *wrong) {
  char status[4096];
  if (jl_parent_proc_read(proc->pid, "/status", status, sizeof status) <= 0) return false;
  if (strstr(status, "\nState:\tZ") || strstr(status, "\nState:\tX")) return false;
  jl_report_status(out, proc, status, wrong);
  jl_report_ns(out, proc->pid, wrong);
  jl_report_cgroup(out, proc->pid);
  return !jl_parent_gone(proc->pidfd); /* meanwhile: what was read may be another process's */
}

/* ============================================================================================
 * // >>confine    this process confines itself: a filter on its threads; all layers that a running process can have
 * May touch: the calling process. May call: base to report.
 * ============================================================================================ */

/* The kernel's account is read back by calls that the new filter has to let through: one that it refuses would end the
   process. So it is asked first, and what is needed is opened before. */
enum { JL_CONFINE_STATUS = 4096, JL_CONFINE_BLOCK = 2048, JL_CONFINE_TSYNC = 1, JL_CONFINE_THREADS = 256 };
enum { JL_NR_lseek = JL_X86_64 ? 8 : 62 };

typedef struct jl_confine_look {
  const jailer_policy *policy; /* with tasks only: otherwise it may be gone when they are looked at */
  int status, tasks;           /* /proc/thread-self/status, /proc/self/task; -1: the policy does not let them be read */
  uint64_t filters; /* "Seccomp_filters:" before (Linux 5.9); 0 where there is no such line or no filter yet */
  /* Where Landlock comes between and /proc/self/task cannot be read any more: the other threads that were there, and
     their status, opened before. */
  int thread[JL_CONFINE_THREADS], tid[JL_CONFINE_THREADS];
  size_t threads;
  bool kept, again; /* all of them are in the list; what is read can be read once more */
  bool blind;       /* a descriptor came that the policy does not let be read or closed: it stays as it is */
} jl_confine_look;

static bool jl_confine_lets(const jailer_policy *policy, const char *name, uint64_t a, uint64_t b, uint64_t c,
                            uint64_t d) {
  const uint64_t args[6] = {a, b, c, d, 0, 0};
  const jl_tab_call *call = jl_tab_call_named(name, strlen(name));
  const uint32_t answer = call ? jl_policy_ask(jl_policy_of(policy, (size_t)(call - jl_tab_calls)), args) : 0;
  return answer == JAILER_ANSWER_ALLOW || answer == JAILER_ANSWER_LOG;
}

/* Whether a status file that has this number may be read and closed. address: of the stack where its text will be. */
static bool jl_confine_readable(const jailer_policy *policy, long fd, uint64_t address) {
  return fd >= 0 && jl_confine_lets(policy, "read", (uint64_t)fd, address, 512, 0) &&
         jl_confine_lets(policy, "close", (uint64_t)fd, 0, 0, 0);
}

/* What /proc says of one thread. */
typedef struct jl_confine_thread {
  uint64_t mode, nnp, filters; /* filters: 0 where the kernel does not tell (before 5.9) */
  uint64_t caps;               /* inheritable, permitted, effective and ambient */
  bool ended;
} jl_confine_thread;

/* One status file, not read yet; false when it is not what it should be. */
static bool jl_confine_account(int fd, jl_confine_thread *out) {
  static const char *const sets[] = {"\nCapInh:", "\nCapPrm:", "\nCapEff:", "\nCapAmb:"};
  char text[JL_CONFINE_STATUS];
  uint64_t caps;
  memset(out, 0, sizeof *out);
  const long n = jl_parent_proc_text(fd, text, sizeof text);
  if (n <= 0) return n == -ESRCH && (out->ended = true);
  const char *state = strstr(text, "\nState:\t");
  out->ended = state && (state[8] == 'Z' || state[8] == 'X');
  jl_report_number(text, "\nSeccomp_filters:", 0, 10, &out->filters);
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
    if (!jl_report_number(text, sets[i], 0, 16, &caps)) return out->ended; /* what has ended has none */
    out->caps |= caps;
  }
  return jl_report_number(text, "\nSeccomp:", 0, 10, &out->mode) &&
         jl_report_number(text, "\nNoNewPrivs:", 0, 10, &out->nnp);
}

static void jl_confine_forget_threads(jl_confine_look *look) {
  for (size_t i = 0; i < look->threads; i++) jl_parent_close(&look->thread[i]);
  look->threads = 0;
  look->kept = false;
}

static void jl_confine_forget(jl_confine_look *look) {
  jl_parent_close(&look->status);
  jl_parent_close(&look->tasks);
  jl_confine_forget_threads(look);
}

static void jl_confine_look_init(jl_confine_look *look) {
  memset(look, 0, sizeof *look);
  look->status = look->tasks = -1;
}

/* Opens what is read afterwards, as far as the policy lets it be read and closed. listed: the threads are in the list
   already. */
static void jl_confine_prepare(jl_confine_look *look, const jailer_policy *policy, bool all_threads, bool listed) {
  static const char account[] = "/proc/thread-self/status", list[] = "/proc/self/task";
  const uint64_t address = (uintptr_t)look; /* the texts will be on this stack as well */
  jl_confine_thread self;
  const long before = jl_sys_openat(JL_AT_FDCWD, account, JL_O_RDONLY, 0);
  const bool known = before >= 0 && jl_confine_account((int)before, &self);
  if (before >= 0) jl_sys_close((int)before);
  if (known) {
    look->filters = self.filters;
    look->status = (int)jl_sys_openat(JL_AT_FDCWD, account, JL_O_RDONLY, 0);
  }
  if (!jl_confine_readable(policy, look->status, address)) {
    jl_confine_forget(look);
    return;
  }
  bool readable = look->again = true;
  for (size_t i = 0; i < look->threads; i++) {
    readable = readable && jl_confine_readable(policy, look->thread[i], address);
    look->again = look->again && jl_confine_lets(policy, "lseek", (uint64_t)look->thread[i], 0, 0, 0);
  }
  if (!readable) jl_confine_forget_threads(look);
  if (!all_threads || listed) return;
  look->policy = policy;
  look->tasks = (int)jl_sys_openat(JL_AT_FDCWD, list, JL_O_RDONLY | JL_O_DIRECTORY, 0);
  const uint64_t dir = (uint64_t)look->tasks;
  const long next = jl_sys_openat(JL_AT_FDCWD, account, JL_O_RDONLY, 0); /* as the files of the threads will have */
  if (next >= 0) jl_sys_close((int)next);
  if (!jl_confine_readable(policy, next, address) ||
      !jl_confine_lets(policy, "getdents64", dir, address, JL_CONFINE_BLOCK, 0) ||
      !jl_confine_lets(policy, "openat", dir, address, JL_O_RDONLY | JL_O_CLOEXEC, 0) ||
      !jl_confine_lets(policy, "close", dir, 0, 0, 0))
    jl_parent_close(&look->tasks);
}

/* More filters are no disagreement: a thread may confine itself further, or all of them, while this one looks. */
static bool jl_confine_thread_agrees(const jl_confine_thread *t, uint64_t filters) {
  return t->ended || (t->mode == 2 && t->nnp == 1 && t->filters >= filters);
}

/* One thread of the process; one that has ended meanwhile agrees. A thread loses its filters (5.10) a moment before it
   says that it is ending, so a disagreement is looked at again; without a pause, whose call may be refused. */
static bool jl_confine_task_agrees(jl_confine_look *look, const char *tid, uint64_t filters) {
  jl_confine_thread thread;
  char name[64];
  jl_buf b = jl_buf_fixed(name, sizeof name);
  jl_buf_str(&b, tid);
  jl_buf_str(&b, "/status");
  for (int tries = 0; tries < 1000; tries++) {
    const long fd = jl_sys_openat(look->tasks, name, JL_O_RDONLY, 0);
    if (fd < 0) return fd == -ENOENT || fd == -ESRCH;
    look->blind = !jl_confine_readable(look->policy, fd, (uintptr_t)&thread);
    if (look->blind) return true;
    const bool read = jl_confine_account((int)fd, &thread);
    jl_sys_close((int)fd);
    if (read && jl_confine_thread_agrees(&thread, filters)) return true;
  }
  return false;
}

/* One whose status was opened before, likewise. */
static bool jl_confine_kept_agrees(const jl_confine_look *look, int fd, uint64_t filters) {
  jl_confine_thread thread;
  for (int tries = 0; tries < 1000; tries++) {
    if (jl_confine_account(fd, &thread) && jl_confine_thread_agrees(&thread, filters)) return true;
    if (!look->again || jl_sys_call(JL_NR_lseek, fd, 0, 0, 0, 0, 0) < 0) return false;
  }
  return false;
}

/* Calls visit for each name in a directory of /proc; false ends it. *r: 0 at the end, or a negated errno. */
static bool jl_confine_each(int dir, bool (*visit)(void *, const char *), void *arg, long *r) {
  uint64_t block[JL_CONFINE_BLOCK / 8]; /* struct linux_dirent64: ino 8, off 8, reclen 2, type 1, name */
  const char *bytes = (const char *)block;
  uint16_t reclen;
  while ((*r = jl_sys_getdents(dir, block, sizeof block)) > 0)
    for (long at = 0; at + 20 <= *r; at += reclen) {
      memcpy(&reclen, bytes + at + 16, sizeof reclen);
      if (reclen < 20 || reclen > *r - at) return *r = -EPROTO, false;
      if (bytes[at + 19] != '.' && !visit(arg, bytes + at + 19)) return *r = 0, false;
    }
  return *r == 0;
}

typedef struct jl_confine_tasks {
  jl_confine_look *look;
  uint64_t filters;
} jl_confine_tasks;

static bool jl_confine_visit_task(void *arg, const char *tid) {
  const jl_confine_tasks *tasks = arg;
  return jl_confine_task_agrees(tasks->look, tid, tasks->filters) && !tasks->look->blind;
}

/* What the kernel says now; closes what was opened. *told: whether it could be asked about all that counts. */
static bool jl_confine_agrees(jl_confine_look *look, bool all_threads, bool *told) {
  jl_confine_thread self = {0};
  long r;
  *told = look->status >= 0 && (!all_threads || look->tasks >= 0 || look->kept);
  bool agrees = look->status < 0 || (jl_confine_account(look->status, &self) && self.mode == 2 && self.nnp == 1);
  if (look->status >= 0 && self.filters) agrees = agrees && self.filters > look->filters;
  jl_confine_tasks tasks = {look, self.filters};
  if (look->tasks >= 0)
    agrees = agrees && (jl_confine_each(look->tasks, jl_confine_visit_task, &tasks, &r) || look->blind);
  if (look->blind) *told = false;
  for (size_t i = 0; i < look->threads; i++)
    agrees = agrees && jl_confine_kept_agrees(look, look->thread[i], self.filters);
  jl_confine_forget(look);
  return agrees;
}

static jailer_code jl_confine_refused(long r, bool all_threads, jailer_error *err) {
  static const char step[] = "install a filter";
  char tid[24];
  if (r > 0) { /* seccomp(2), SECCOMP_FILTER_FLAG_TSYNC: the thread that could not follow */
    jl_parent_number(tid, r);
    return jl_fail(err, JAILER_E_CONFLICT, JAILER_LAYER_SECCOMP, step, tid, 0,
                   "this thread has a filter that the calling one does not have, so it cannot take over the same "
                   "filters: install for all threads first, and what is one thread's own afterwards");
  }
  if (r == -ENOMEM)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_SECCOMP, step, NULL, ENOMEM,
                   "no memory, or the filters of this process together have more than 32768 instructions");
  return jl_parent_system(err, JAILER_LAYER_SECCOMP, step, NULL, r,
                          all_threads ? "seccomp(2) refused the filter for all threads (it needs Linux 3.17, and a "
                                        "filter below it that allows seccomp)"
                                      : "seccomp(2) refused the filter; a filter below it may not allow seccomp");
}

/* A filter on its way to the kernel. The program is in pages of its own, not on the heap: giving those back may take a
   call that the policy refuses. */
typedef struct jl_confine_filter {
  long pages; /* 0: none */
  size_t len;
  bool all_threads, unmap; /* unmap: the policy lets the pages be given back afterwards */
  jl_confine_look look;
} jl_confine_filter;

enum { JL_CONFINE_BYTES = JAILER_FILTER_MAX * sizeof(jailer_insn) };

static void jl_confine_filter_drop(jl_confine_filter *f) {
  jl_confine_forget(&f->look);
  if (f->pages) jl_sys_call(JL_NR_munmap, f->pages, JL_CONFINE_BYTES, 0, 0, 0, 0);
  f->pages = 0;
}

/* Compiles; look is initialised. */
static jailer_code jl_confine_filter_new(jl_confine_filter *f, const jailer_policy *policy, bool all_threads,
                                         jailer_error *err) {
  enum { READ_WRITE = 3, PRIVATE_ANONYMOUS = 0x22 };
  const jl_arch arch = JL_X86_64 ? JL_ARCH_X86_64 : JL_ARCH_AARCH64;
  f->all_threads = all_threads;
  f->pages = jl_sys_call(JL_NR_mmap, 0, JL_CONFINE_BYTES, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
  if (f->pages < 0 && f->pages > -4096) return f->pages = 0, jl_no_memory(err, "install a filter");
  f->unmap = jl_confine_lets(policy, "munmap", (uint64_t)f->pages, JL_CONFINE_BYTES, 0, 0);
  return JL_COMPILE(policy, &arch, 1, (jailer_insn *)(uintptr_t)f->pages, JAILER_FILTER_MAX, &f->len, err);
}

/* Sets no_new_privs, installs, reads back. *told: the kernel's account was read, and agrees. After a success, and after
   E_READBACK, nothing is called that the policy refuses. */
static jailer_code jl_confine_filter_install(jl_confine_filter *f, bool *told, jailer_error *err) {
  struct {
    uint16_t len;
    const jailer_insn *filter;
  } program; /* struct sock_fprog */
  memset(&program, 0, sizeof program);
  program.len = (uint16_t)f->len;
  program.filter = (const jailer_insn *)(uintptr_t)f->pages;
  *told = false;
  long r = jl_sys_call(JL_NR_prctl, JL_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
  if (r < 0) return jl_parent_system(err, JAILER_LAYER_NNP, "set no_new_privs", NULL, r, "prctl(2) refused it");
  r = jl_sys_call(JL_NR_seccomp, JL_SECCOMP_SET_MODE_FILTER, f->all_threads ? JL_CONFINE_TSYNC : 0, (long)&program, 0,
                  0, 0);
  if (r != 0) return jl_confine_refused(r, f->all_threads, err);
  const bool agrees = jl_confine_agrees(&f->look, f->all_threads, told);
  if (f->unmap) jl_sys_call(JL_NR_munmap, f->pages, JL_CONFINE_BYTES, 0, 0, 0, 0);
  f->pages = 0;
  if (agrees) return JAILER_OK;
  *told = false;
  return jl_fail(err, JAILER_E_READBACK, JAILER_LAYER_SECCOMP, "install a filter", NULL, 0,
                 "/proc/self/task does not show the filter on every thread that should have it; end the process");
}

/* A filter for the calling thread, or all of the process. */
static jailer_code jl_confine_seccomp(const jailer_policy *policy, bool all_threads, bool *told, jailer_error *err) {
  jl_confine_filter f;
  memset(&f, 0, sizeof f);
  jl_confine_look_init(&f.look);
  *told = false;
  jailer_code code = jl_confine_filter_new(&f, policy, all_threads, err);
  if (code == JAILER_OK) {
    jl_confine_prepare(&f.look, policy, all_threads, false);
    code = jl_confine_filter_install(&f, told, err);
  }
  if (code && code != JAILER_E_READBACK) jl_confine_filter_drop(&f);
  return code;
}

/* --- all layers that a running process can have: what is checked and made before anything changes --- */

typedef struct jl_confine {
  jailer_plan *plan; /* until everything is ready; its descriptors are closed on the way */
  jailer_proc as;    /* what is in force, in the words of a launch */
  uint32_t layers, may_degrade;
  int held[3], ruleset;
  uint32_t landlock_flags;
  const char *canary; /* what could be opened before Landlock; NULL: nothing that it refuses for certain */
  int canary_flags;
  uint64_t nofile, fsize;
  size_t others; /* threads beside this one */
  bool fresh;    /* a pass over the threads found one that was not known */
  int dir;       /* of /proc, while it is walked */
  pid_t tid;
  char policy[64];
  jl_confine_filter filter;
  jailer_code code;
  jailer_error *err;
} jl_confine;

static void jl_confine_init(jl_confine *c, jailer_plan *plan, jailer_error *err) {
  memset(c, 0, sizeof *c);
  c->plan = plan;
  c->ruleset = c->dir = c->held[0] = c->held[1] = c->held[2] = -1;
  c->err = err;
  jl_confine_look_init(&c->filter.look);
  c->as.engine = JAILER_ENGINE_SELF;
  c->as.pidfd = c->as.init_fd = -1;
  c->as.pid = (pid_t)jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0);
  c->as.uid = jl_sys_geteuid();
  c->as.gid = jl_sys_getegid();
  c->tid = (pid_t)jl_sys_call(JL_NR_gettid, 0, 0, 0, 0, 0, 0);
}

static bool jl_confine_stop(jl_confine *c, jailer_code code) {
  c->code = code;
  return code == JAILER_OK;
}

/* A directory of /proc, walked from its start. */
static jailer_code jl_confine_walk(jl_confine *c, const char *path, bool (*visit)(void *, const char *),
                                   jailer_layer layer) {
  long r = jl_sys_openat(JL_AT_FDCWD, path, JL_O_RDONLY | JL_O_DIRECTORY, 0);
  c->code = JAILER_OK;
  if (r >= 0) {
    c->dir = (int)r;
    jl_confine_each(c->dir, visit, c, &r);
    jl_parent_close(&c->dir);
  }
  if (c->code == JAILER_OK && r < 0)
    return jl_parent_system(
        c->err, layer, "read what the process has", path, r,
        "/proc has to be there, and to be granted for reading when the process confines itself once "
        "more");
  return c->code;
}

/* Whether a descriptor is the library's: it is closed before this is over. */
static bool jl_confine_owns(const jl_confine *c, int fd) {
  bool owns = fd == c->dir;
  for (int i = 0; i < 3; i++) owns = owns || fd == c->held[i];
  for (size_t i = 0; i < c->plan->source_count && !owns; i++) owns = fd == c->plan->sources[i].fd;
  return owns;
}

static bool jl_confine_named(const jailer_plan *p, int fd) {
  for (size_t i = 0; i < p->fd_count; i++)
    if (p->fds[i].from == fd) return true;
  return false;
}

/* Number and file of a descriptor: "7 /etc/hosts". */
static void jl_confine_fd_item(char item[JAILER_ITEM_MAX], int fd) {
  char name[40], link[200];
  jl_buf b = jl_buf_fixed(item, JAILER_ITEM_MAX);
  jl_sys_fd_path(name, fd);
  const long n = jl_sys_readlinkat(JL_AT_FDCWD, name, link, sizeof link);
  jl_buf_i64(&b, fd);
  if (n > 0) {
    jl_buf_char(&b, ' ');
    jl_buf_bytes(&b, link, (size_t)n);
  }
}

/* One open descriptor: it is named, and does not lead out. */
static bool jl_confine_visit_fd(void *arg, const char *name) {
  jl_confine *c = arg;
  const int fd = jl_child_number(name);
  char item[JAILER_ITEM_MAX], message[JAILER_TEXT_MAX];
  jl_stat st;
  if (fd < 0 || jl_confine_owns(c, fd)) return true;
  const bool named = jl_confine_named(c->plan, fd);
  const long flags = jl_sys_fcntl(fd, JL_F_GETFL, 0), r = flags < 0 ? flags : jl_sys_fstat(fd, &st);
  if (r == -EBADF && !named) return true; /* another thread has closed it meanwhile */
  jl_confine_fd_item(item, fd);
  if (!named)
    return jl_confine_stop(
        c, jl_fail(c->err, JAILER_E_UNSAFE, JAILER_LAYER_FDS, "look at the open descriptors", item, 0,
                   "it is open and not among fds: close it first, or name it; another thread may be using it, so it is "
                   "not closed here"));
  if (r < 0)
    return jl_confine_stop(
        c, jl_parent_system(c->err, JAILER_LAYER_FDS, "vet a kept descriptor", item, r, "its kind cannot be told"));
  const char *why = c->plan->allow_unsafe_fds ? NULL : jl_parent_unsafe(c->plan, fd, flags, &st);
  if (!why) return true;
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_buf_str(&b, "it is ");
  jl_buf_str(&b, why);
  jl_buf_str(&b, "; close it, or set allow_unsafe_fds");
  return jl_confine_stop(c,
                         jl_fail(c->err, JAILER_E_UNSAFE, JAILER_LAYER_FDS, "vet a kept descriptor", item, 0, message));
}

static jailer_code jl_confine_fds(jl_confine *c) {
  const jailer_plan *p = c->plan;
  char number[24];
  for (size_t i = 3; i < p->fd_count; i++) { /* 0 to 2 may be closed */
    jl_parent_number(number, p->fds[i].from);
    if (jl_confine_owns(c, p->fds[i].from) || jl_sys_fcntl(p->fds[i].from, JL_F_GETFD, 0) == -EBADF)
      return jl_fail(c->err, JAILER_E_INVALID, JAILER_LAYER_FDS, "vet a kept descriptor", number, EBADF,
                     "it is not open in this process");
  }
  return jl_confine_walk(c, "/proc/thread-self/fd", jl_confine_visit_fd, JAILER_LAYER_FDS);
}

/* --- threads --- */

/* Opens the status of a thread below /proc/self/task. */
static long jl_confine_status(const jl_confine *c, const char *tid) {
  char name[64];
  jl_buf b = jl_buf_fixed(name, sizeof name);
  jl_buf_str(&b, tid);
  jl_buf_str(&b, "/status");
  return jl_sys_openat(c->dir, name, JL_O_RDONLY, 0);
}

static bool jl_confine_thread_wrong(jl_confine *c, const char *tid, jailer_code code, jailer_layer layer,
                                    const char *message) {
  return jl_confine_stop(c, jl_fail(c->err, code, layer, "look at the process's threads", tid, 0, message));
}

/* One thread: capabilities are its own to drop, no_new_privs comes to it with the filter. It is remembered, and its
   status kept open to be read again when the filter is there. */
static bool jl_confine_visit_thread(void *arg, const char *name) {
  jl_confine *c = arg;
  jl_confine_look *look = &c->filter.look;
  jl_confine_thread thread;
  const int tid = jl_child_number(name);
  if (tid < 0 || tid == c->tid) return true;
  for (size_t i = 0; i < look->threads; i++)
    if (look->tid[i] == tid) return true;
  long fd = jl_confine_status(c, name);
  if (fd == -ENOENT || fd == -ESRCH) return true;
  const bool known = fd >= 0 && jl_confine_account((int)fd, &thread);
  if (fd >= 0) jl_sys_close((int)fd);
  if (!known)
    return jl_confine_thread_wrong(c, name, JAILER_E_SYSTEM, JAILER_LAYER_NONE,
                                   "its status in /proc cannot be read: no descriptor to be had?");
  if (thread.ended) return true;
  c->others++;
  c->fresh = true;
  if ((c->layers & JAILER_BIT(JAILER_LAYER_CAPS)) && thread.caps)
    return jl_confine_thread_wrong(c, name, JAILER_E_CONFLICT, JAILER_LAYER_CAPS,
                                   "this thread has capabilities, and nobody else can take them from it: confine the "
                                   "process before it makes threads, or drop them in each one");
  if (!(c->layers & JAILER_BIT(JAILER_LAYER_SECCOMP)) && !thread.nnp)
    return jl_confine_thread_wrong(c, name, JAILER_E_UNSUPPORTED, JAILER_LAYER_NNP,
                                   "without a filter no_new_privs does not come to other threads: confine the process "
                                   "before it makes them");
  fd = look->threads < JL_CONFINE_THREADS ? jl_confine_status(c, name) : -EMFILE;
  if (fd == -ENOENT || fd == -ESRCH) return true; /* it has ended */
  if (fd < 0) return look->kept = false, true;    /* confined all the same, and not read back */
  look->tid[look->threads] = tid;
  look->thread[look->threads++] = (int)fd;
  return true;
}

/* All threads of the process, again until no new one shows: a list that is read while threads end may leave some
   out. */
static jailer_code jl_confine_threads(jl_confine *c) {
  if (c->plan->allow_unconfined_threads) return JAILER_OK;
  c->filter.look.kept = c->fresh = true;
  for (int passes = 0; passes < 16 && c->fresh; passes++) {
    const size_t before = c->filter.look.threads;
    c->others = before;
    c->fresh = false;
    jailer_code code = jl_confine_walk(c, "/proc/self/task", jl_confine_visit_thread, JAILER_LAYER_NONE);
    if (code) return code;
    c->fresh = c->filter.look.threads > before;
  }
  if (c->fresh) c->filter.look.kept = false; /* they come faster than they are listed */
  return JAILER_OK;
}

/* --- Landlock --- */

/* What Landlock will refuse for certain and nothing else refuses now: "/" is never granted, and /proc for reading only.
   Where neither can be opened, as in a process that is confined already, the kernel's word is all there is. */
static void jl_confine_canary(jl_confine *c) {
  static const struct {
    const char *path;
    int flags;
  } candidates[] = {{"/", JL_O_RDONLY | JL_O_DIRECTORY}, {"/proc/thread-self/attr/current", JL_O_WRONLY}};
  for (size_t i = 0; i < sizeof candidates / sizeof candidates[0] && !c->canary; i++) {
    const long fd = jl_sys_openat(JL_AT_FDCWD, candidates[i].path, candidates[i].flags, 0);
    if (fd < 0) continue;
    jl_sys_close((int)fd);
    c->canary = candidates[i].path;
    c->canary_flags = candidates[i].flags;
  }
}

/* The ruleset, and which threads it will bind. */
static jailer_code jl_confine_ruleset(jl_confine *c) {
  const jailer_plan *p = c->plan;
  const uint32_t abi = p->host.landlock_abi, known = jl_tab_landlock_flags(abi);
  const jl_landlock handled = jl_plan_landlock(p);
  if (!(c->layers & JAILER_BIT(JAILER_LAYER_LANDLOCK))) return JAILER_OK;
  if (c->others && !(known & JL_LL_TSYNC)) {
    if (!(c->may_degrade & JAILER_BIT(JAILER_LAYER_LANDLOCK)))
      return jl_fail(c->err, JAILER_E_UNSUPPORTED, JAILER_LAYER_LANDLOCK, "compare the layers with the host", NULL, 0,
                     "the process has other threads, and Landlock binds all of them from ABI 8 (Linux 7.0) on: confine "
                     "it before it makes threads, set allow_unconfined_threads, or let the layer degrade");
    c->as.degraded |= JAILER_BIT(JAILER_LAYER_LANDLOCK);
  } else if (c->others) {
    c->landlock_flags = JL_LL_TSYNC;
  }
  c->landlock_flags |=
      known & (p->log_denials ? JL_LL_LOG_NEW_EXEC_ON : JL_LL_LOG_SAME_EXEC_OFF | JL_LL_LOG_SUBDOMAINS_OFF);
  c->as.landlock_lacks = jl_plan_lacks(p);
  jailer_code code = jl_parent_landlock_new(&handled, abi, &c->ruleset, c->err);
  for (size_t i = 0; i < p->nodes.count && code == JAILER_OK; i++)
    code = jl_parent_landlock_source(c->ruleset, &handled, p->nodes.item[i].source, c->err);
  if (code == JAILER_OK) code = jl_parent_landlock_ports(c->ruleset, &handled, p->ports, p->port_count, c->err);
  if (code == JAILER_OK) jl_confine_canary(c);
  return code;
}

static jailer_code jl_confine_filter_ready(jl_confine *c) {
  const jailer_policy *policy = c->plan->self_policy;
  const bool all = !c->plan->allow_unconfined_threads;
  if (!(c->layers & JAILER_BIT(JAILER_LAYER_SECCOMP))) return jl_confine_forget(&c->filter.look), JAILER_OK;
  jailer_code code = jl_confine_filter_new(&c->filter, policy, all, c->err);
  if (code == JAILER_OK) jl_confine_prepare(&c->filter.look, policy, all, true);
  return code;
}

/* Everything that can fail before anything is changed. What is made of the plan is taken along; it may then be freed,
   and has to be: giving back memory may take a call that the filter refuses. */
static jailer_code jl_confine_ready(jl_confine *c) {
  const jailer_plan *p = c->plan;
  jl_buf name = jl_buf_fixed(c->policy, sizeof c->policy);
  c->layers = jl_plan_wanted_layers(p);
  c->as.degraded = p->layers & ~c->layers;
  c->as.landlock_abi = p->host.landlock_abi;
  c->as.landlock_errata = p->host.landlock_errata;
  c->may_degrade = p->may_degrade;
  c->nofile = p->nofile;
  c->fsize = p->fsize;
  jl_buf_bytes(&name, p->self_policy->name,
               jl_strnlen(p->self_policy->name, sizeof c->policy - 1)); /* for a log: may be cut */
  jl_parent_hold(c->held);
  jailer_code code = jl_confine_fds(c);
  if (code == JAILER_OK) code = jl_confine_threads(c);
  if (code == JAILER_OK) code = jl_confine_ruleset(c);
  if (code == JAILER_OK) code = jl_confine_filter_ready(c);
  jl_parent_unhold(c->held);
  c->plan = NULL;
  return code;
}

/* --- and what changes the process, in this order --- */

/* Soft and hard limit are lowered to `most`, and the kernel asked what they are. */
static jailer_code jl_confine_lower(jl_confine *c, const char *name, int resource, uint64_t most) {
  static const char step[] = "set a resource limit";
  uint64_t limit[2] = {0, 0}, now[2] = {0, 0};
  long r = jl_sys_call(JL_NR_prlimit64, 0, resource, 0, (long)limit, 0, 0);
  const bool lower = r == 0 && (limit[0] > most || limit[1] > most);
  for (int i = 0; i < 2; i++)
    if (limit[i] > most) limit[i] = most;
  if (lower) r = jl_sys_call(JL_NR_prlimit64, 0, resource, (long)limit, 0, 0, 0);
  if (r == 0) r = jl_sys_call(JL_NR_prlimit64, 0, resource, 0, (long)now, 0, 0);
  if (r < 0) return jl_parent_system(c->err, JAILER_LAYER_RLIMITS, step, name, r, "prlimit64(2) refused");
  if (now[0] <= most && now[1] <= most) return JAILER_OK;
  return jl_fail(c->err, JAILER_E_READBACK, JAILER_LAYER_RLIMITS, step, name, 0, "the kernel keeps a higher one");
}

/* As jl_child_rlimits, whose comment says why. */
static jailer_code jl_confine_rlimits(jl_confine *c) {
  jailer_code code = jl_confine_lower(c, "RLIMIT_CORE", 4, 1);
  if (code == JAILER_OK) code = jl_confine_lower(c, "RLIMIT_SIGPENDING", 11, 1024);
  if (code == JAILER_OK) code = jl_confine_lower(c, "RLIMIT_MSGQUEUE", 12, 65536);
  if (code == JAILER_OK) code = jl_confine_lower(c, "RLIMIT_NOFILE", 7, c->nofile);
  return code ? code : jl_confine_lower(c, "RLIMIT_FSIZE", 1, c->fsize);
}

static jailer_code jl_confine_nnp(jl_confine *c) {
  const long r = jl_sys_call(JL_NR_prctl, JL_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0);
  if (r < 0) return jl_parent_system(c->err, JAILER_LAYER_NNP, "set no_new_privs", NULL, r, "prctl(2) refused it");
  if (jl_sys_call(JL_NR_prctl, JL_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) == 1) return JAILER_OK;
  return jl_fail(c->err, JAILER_E_READBACK, JAILER_LAYER_NNP, "set no_new_privs", NULL, 0,
                 "the kernel does not show it");
}

static jailer_code jl_confine_caps(jl_confine *c) {
  const char *step = jl_tab_steps[JL_STEP_CAPS].name;
  long r = jl_child_drop_caps(&c->as.keeps_bounding);
  if (r == 0 && c->as.keeps_bounding && !(c->as.layers & JAILER_BIT(JAILER_LAYER_NNP)))
    r = -EPERM; /* nothing voids it */
  if (r < 0)
    return jl_parent_system(c->err, JAILER_LAYER_CAPS, step, NULL, r,
                            "the kernel refused to empty a capability set, or the securebits are locked otherwise");
  if (jl_child_sees_no_caps(c->as.keeps_bounding) && jl_child_keeps_bounding() == c->as.keeps_bounding)
    return JAILER_OK;
  return jl_fail(c->err, JAILER_E_READBACK, JAILER_LAYER_CAPS, step, NULL, 0, "the kernel shows some still");
}

static jailer_code jl_confine_landlock(jl_confine *c) {
  jailer_code code = jl_parent_landlock_self(c->ruleset, c->as.landlock_abi, c->landlock_flags, c->err);
  jl_parent_close(&c->ruleset);
  if (code || !c->canary) return code;
  const long fd = jl_sys_openat(JL_AT_FDCWD, c->canary, c->canary_flags, 0);
  if (fd >= 0) jl_sys_close((int)fd);
  if (fd == -EACCES) return JAILER_OK;
  return jl_fail(c->err, JAILER_E_READBACK, JAILER_LAYER_LANDLOCK, jl_tab_steps[JL_STEP_LANDLOCK].name, c->canary, 0,
                 "it can be opened still, which Landlock should refuse; end the process");
}

static jailer_code jl_confine_last(jl_confine *c) {
  bool told = false;
  jailer_code code = jl_confine_filter_install(&c->filter, &told, c->err);
  if (code == JAILER_OK && told) c->as.readback |= JAILER_BIT(JAILER_LAYER_SECCOMP);
  if (code == JAILER_OK && !told && c->others) c->as.readback &= ~JAILER_BIT(JAILER_LAYER_NNP);
  return code;
}

/* A layer that fails as one that the host cannot do may be missing where that is permitted; not the filter where there
   are other threads, because no_new_privs comes to them with it. */
static bool jl_confine_may_miss(const jl_confine *c, uint32_t bit) {
  return (c->may_degrade & bit) && jl_parent_cannot(c->err) &&
         (bit != JAILER_BIT(JAILER_LAYER_SECCOMP) || c->others == 0);
}

static jailer_code jl_confine_apply(jl_confine *c) {
  static const struct {
    jailer_layer layer;
    jailer_code (*apply)(jl_confine *);
  } steps[] = {{JAILER_LAYER_RLIMITS, jl_confine_rlimits},
               {JAILER_LAYER_NNP, jl_confine_nnp},
               {JAILER_LAYER_CAPS, jl_confine_caps},
               {JAILER_LAYER_LANDLOCK, jl_confine_landlock},
               {JAILER_LAYER_SECCOMP, jl_confine_last}};
  c->as.layers = c->as.readback = c->layers & JAILER_BIT(JAILER_LAYER_FDS);
  for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
    const uint32_t bit = JAILER_BIT(steps[i].layer);
    if (!(c->layers & bit)) continue;
    if (bit != JAILER_BIT(JAILER_LAYER_SECCOMP) && (bit != JAILER_BIT(JAILER_LAYER_LANDLOCK) || c->canary))
      c->as.readback |= bit;
    jailer_code code = steps[i].apply(c);
    if (code == JAILER_OK) c->as.layers |= bit;
    else c->as.readback &= ~bit;
    if (code == JAILER_OK) continue;
    if (!jl_confine_may_miss(c, bit)) return code;
    c->as.degraded |= bit;
  }
  if (!(c->as.layers & JAILER_BIT(JAILER_LAYER_SECCOMP))) jl_confine_filter_drop(&c->filter);
  return JAILER_OK;
}

/* After a failure; nothing is left but what is in force. A filter that is in force and was not read back as it should
   stays where it is, since giving it back may end the process before its caller is told. */
static void jl_confine_end(jl_confine *c, jailer_code code) {
  if (code == JAILER_OK || (code == JAILER_E_READBACK && c->filter.pages == 0)) return;
  jl_parent_close(&c->ruleset);
  jl_confine_filter_drop(&c->filter);
}

/* What is in force, and after a failure why no more is. Pure: nothing is called any more. */
static void jl_confine_report(const jl_confine *c, jailer_code code, jailer_report *out) {
  char text[JAILER_DETAIL_MAX];
  jl_buf b = jl_buf_fixed(text, sizeof text);
  memset(out, 0, sizeof *out);
  jl_report_known(out, &c->as);
  jl_buf_str(&b, c->filter.all_threads ? "policy " : "this thread alone; policy ");
  jl_buf_escaped(&b, c->policy, strlen(c->policy) < 30 ? strlen(c->policy) : 30);
  jl_report_detail(out, JAILER_LAYER_SECCOMP, text);
  if (out->layer[JAILER_LAYER_LANDLOCK].state == JAILER_APPLIED &&
      (c->as.degraded & JAILER_BIT(JAILER_LAYER_LANDLOCK))) {
    jl_report_detail(out, JAILER_LAYER_LANDLOCK, "binds the calling thread alone: the others take ABI 8 (Linux 7.0)");
    out->layer[JAILER_LAYER_LANDLOCK].state = JAILER_DEGRADED;
  }
  if (code == JAILER_OK) return;
  out->error = *c->err;
  if (c->err->layer == JAILER_LAYER_NONE) return;
  out->layer[c->err->layer].state = JAILER_UNAVAILABLE;
  out->layer[c->err->layer].verified = false;
  jl_copy(out->layer[c->err->layer].detail, JAILER_DETAIL_MAX, c->err->step);
}

#endif /* JL_LINUX */

/* ============================================================================================
 * // >>seatbelt    macOS: the launch through sandbox-exec, its end, what the kernel says of it
 * May touch: the kernel through libc, the heap before the fork. May call: base to report.
 *
 * Limits and ids cannot be given to posix_spawn(2), so the child is forked, and becomes sandbox-exec with
 * POSIX_SPAWN_SETEXEC. Between the two it makes system calls only: what locks other threads held were copied with the
 * memory. sandbox-exec installs the profile and executes the program in its turn; that this has happened, and not that
 * it failed, is told by the kernel's name of the process (proc_bsdinfo, which knows it of a zombie too).
 * ============================================================================================ */
#if JL_DARWIN

#define JL_SEATBELT_NAME "sandbox-exec" /* as the kernel calls the process until it has executed the program */

/* What the child does before it is another program, in order. */
typedef enum jl_start_step {
  JL_START_GATE = 0,
  JL_START_SESSION,
  JL_START_FDS,
  JL_START_TTY,
  JL_START_RLIMITS,
  JL_START_IDS,
  JL_START_CWD,
  JL_START_EXEC,
  JL_START_COUNT
} jl_start_step;

/* What a launch is made of. All of it is there before the fork. */
typedef struct jl_start {
  const jailer_plan *plan;
  const char *path; /* what is executed: sandbox-exec, or without walls the program itself */
  const char **argv;
  int *kept;       /* by the plan's order: duplicates above every number that the target keeps */
  gid_t groups[9]; /* the target's, for a root launcher */
  int stderr_fd;   /* the box's; -1: none */
  int null_fd;     /* -1: none */
  int reply[2];    /* from the child: a jl_start_reply when a step failed */
  int gate[2];     /* to the child: one byte, when the pid file is written */
  pid_t launcher;  /* the process of this */
  pid_t pid;       /* 0: none */
  uint64_t deadline_ms;
  bool named; /* the pid file is this launch's; until then it may be that of a box that runs */
  bool has_actions, has_attr;
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attr;
} jl_start;

typedef struct jl_start_reply {
  int32_t step, error;
} jl_start_reply;

static const struct {
  jailer_layer layer;
  const char *step, *remedy;
} jl_start_steps[JL_START_COUNT] = {
    {JAILER_LAYER_NONE, "wait for the launcher", "poll(2) or read(2) failed"},
    {JAILER_LAYER_SESSION, "start a session", "setsid(2) failed"},
    {JAILER_LAYER_FDS, "place the descriptors",
     "dup2(2) failed: keep them at lower numbers, or raise RLIMIT_NOFILE; a kqueue(2) cannot be kept"},
    {JAILER_LAYER_SESSION, "take the controlling terminal", "descriptor 0 is no terminal, or it is another session's"},
    {JAILER_LAYER_RLIMITS, "set the limits", "setrlimit(2) failed: ask for less than the launcher's own hard limits"},
    {JAILER_LAYER_IDS, "become the box's user",
     "setgroups(2), setgid(2) or setuid(2) failed, or the plan was made by another user"},
    {JAILER_LAYER_NONE, "enter the working directory", "it does not exist, or the target's user cannot enter it"},
    {JAILER_LAYER_NONE, "execute", "posix_spawn(2) failed"}};

/* Nothing but the engine none goes without a profile. */
static bool jl_seatbelt_walls(const jailer_plan *plan) { return plan->engine != JAILER_ENGINE_NONE; }

/* --- the child: system calls only --- */

/* The fork has brought a copy of the launcher's end of the gate, which goes first: else nobody would see that the
   launcher is gone, and the child would hold the box's lock for ever. A fork of somebody else's may have brought
   another one into the world, so the launcher is looked for as well. */
static long jl_seatbelt_gate(const jl_start *s) {
  struct pollfd wait_for;
  char go;
  long r;
  jl_sys_close(s->gate[1]);
  do {
    wait_for.fd = s->gate[0];
    wait_for.events = POLLIN;
    wait_for.revents = 0;
    r = jl_sys_result(poll(&wait_for, 1, 100));
    if ((r == 0 || r == -EINTR) && getppid() != s->launcher) return -EPIPE;
  } while (r == 0 || r == -EINTR);
  if (r > 0) r = jl_sys_read(s->gate[0], &go, 1);
  return r == 1 ? 0 : r < 0 ? r : -EPIPE; /* the launcher gave up, or is gone */
}

static long jl_seatbelt_session(const jl_start *s) {
  (void)s;
  return jl_sys_result(setsid());
}

static long jl_seatbelt_place(const jl_start *s) {
  for (size_t i = 0; i < s->plan->fd_count; i++) {
    const long r = jl_sys_result(dup2(s->kept[i], s->plan->fds[i].to));
    if (r < 0) return r;
  }
  return 0;
}

static long jl_seatbelt_tty(const jl_start *s) {
  return s->plan->controlling_tty ? jl_sys_result(ioctl(0, TIOCSCTTY, 0)) : 0;
}

static long jl_seatbelt_limit(int resource, uint64_t value) {
  struct rlimit limit;
  limit.rlim_cur = limit.rlim_max = value == UINT64_MAX ? RLIM_INFINITY : (rlim_t)value;
  return jl_sys_result(setrlimit(resource, &limit));
}

static long jl_seatbelt_rlimits(const jl_start *s) {
  long r = jl_seatbelt_limit(RLIMIT_CORE, 0);
  if (r >= 0) r = jl_seatbelt_limit(RLIMIT_NOFILE, s->plan->nofile);
  if (r >= 0) r = jl_seatbelt_limit(RLIMIT_FSIZE, s->plan->fsize);
  return r;
}

/* Groups first, the uid last: what is given up is needed for what comes before it. */
static long jl_seatbelt_ids(const jl_start *s) {
  const jailer_plan *p = s->plan;
  long r = 0;
  if (p->host.privileged) {
    r = jl_sys_result(setgroups((int)p->group_count + 1, s->groups));
    if (r >= 0) r = jl_sys_result(setgid((gid_t)p->host_gid));
    if (r >= 0) r = jl_sys_result(setuid((uid_t)p->host_uid));
  }
  if (r < 0) return r;
  const bool is = getuid() == (uid_t)p->host_uid && geteuid() == getuid() && getgid() == (gid_t)p->host_gid &&
                  getegid() == getgid();
  return is && (p->host_uid == 0 || setuid(0) < 0) ? 0 : -EPERM;
}

static long jl_seatbelt_cwd(const jl_start *s) {
  umask(022);
  return jl_sys_result(chdir(s->plan->cwd));
}

/* Comes back only when it fails. The prototype of argv and envp is history's: nothing is written to them. */
static long jl_seatbelt_exec(const jl_start *s) {
  union {
    const char **from;
    char *const *to;
  } argv, envp;
  argv.from = s->argv;
  envp.from = s->plan->envp;
  return -(long)posix_spawn(NULL, s->path, &s->actions, &s->attr, argv.to, envp.to);
}

static void jl_seatbelt_child(const jl_start *s) {
  static long (*const run[JL_START_COUNT])(const jl_start *) = {
      jl_seatbelt_gate,    jl_seatbelt_session, jl_seatbelt_place, jl_seatbelt_tty,
      jl_seatbelt_rlimits, jl_seatbelt_ids,     jl_seatbelt_cwd,   jl_seatbelt_exec};
  jl_start_reply reply = {0, 0};
  for (int i = 0; i < JL_START_COUNT; i++) {
    const long r = run[i](s);
    if (r >= 0) continue;
    reply.step = i;
    reply.error = (int32_t)-r;
    jl_sys_write_all(s->reply[1], &reply, sizeof reply); /* a launcher that is gone needs no answer */
    break;
  }
  _exit(125);
}

/* --- descriptors that the target keeps --- */

/* The character devices that are harmless in a jail; others are disks, memory, or another way to the host. */
static bool jl_seatbelt_known_device(int fd) {
  static const char *const known[] = {"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/ptmx"};
  char path[JAILER_PATH_MAX];
  const long n = jl_sys_place(fd, path);
  if (n <= 0 || n >= JAILER_PATH_MAX) return false;
  path[n] = 0;
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (jl_streq(path, known[i])) return true;
  return jl_starts(path, "/dev/ttys");
}

static int jl_seatbelt_sockopt(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

/* The profile is asked when a socket is connected or bound, not when what is connected already is used. */
static const char *jl_seatbelt_unsafe_socket(const jailer_plan *p, int fd) {
  union {
    struct sockaddr head;
    struct sockaddr_storage room;
  } name;
  socklen_t size = sizeof name;
  memset(&name, 0, sizeof name);
  if (getsockname(fd, &name.head, &size) < 0) return "a socket of unknown kind";
  const int family = name.head.sa_family;
  if (family == AF_INET || family == AF_INET6) return p->allow_network ? NULL : "a socket of the host's network";
  if (family != AF_UNIX) return "a socket of unknown kind";
  if (p->allow_network) return NULL;
  if (jl_seatbelt_sockopt(fd, SO_TYPE) != SOCK_STREAM) return "a datagram socket: it may reach who listens on the host";
  if (jl_seatbelt_sockopt(fd, SO_ACCEPTCONN) == 1) return NULL;
  size = sizeof name;
  return getpeername(fd, &name.head, &size) >= 0 ? NULL : "a socket without a peer";
}

/* Why a descriptor leads out of the jail, or NULL when it does not. */
static const char *jl_seatbelt_unsafe(const jailer_plan *p, int fd, const jl_stat *st) {
  switch (st->mode & JL_S_IFMT) {
  case JL_S_IFREG:
  case JL_S_IFIFO: return NULL;
  case JL_S_IFDIR: return "a directory: openat on it reaches the host";
  case JL_S_IFBLK: return "a block device: it holds a whole file system";
  case JL_S_IFSOCK: return jl_seatbelt_unsafe_socket(p, fd);
  case JL_S_IFCHR: return jl_seatbelt_known_device(fd) ? NULL : "a device that is not known to be harmless";
  default: return "a descriptor of a kind that is not known to be harmless (kqueue, shared memory, ...)";
  }
}

/* A duplicate above every number that the target keeps, so that placing one never takes another's source away. */
static jailer_code jl_seatbelt_above(const jailer_plan *p, int fd, int *out, jailer_error *err) {
  const long r = jl_sys_fcntl(fd, JL_F_DUPFD_CLOEXEC, p->fd_max + 1);
  if (r >= 0) return *out = (int)r, JAILER_OK;
  if (r == -EINVAL || r == -EMFILE)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_FDS, "keep a descriptor", NULL, (int)-r,
                   "no number is free above those that the target keeps: raise RLIMIT_NOFILE of the launcher (ulimit "
                   "-n), or keep lower numbers");
  return jl_parent_system(err, JAILER_LAYER_FDS, "keep a descriptor", NULL, r, "fcntl(2) F_DUPFD_CLOEXEC failed");
}

/* One kept descriptor: the duplicate is what is vetted and what the target gets. */
static jailer_code jl_seatbelt_keep(jl_start *s, size_t i, jailer_error *err) {
  const jl_placed *placed = &s->plan->fds[i];
  const bool own = placed->to == 2 && s->stderr_fd >= 0;
  char number[24], message[JAILER_TEXT_MAX];
  jl_stat st;
  jailer_code code;
  const int from = own ? s->stderr_fd : placed->from;
  jl_parent_number(number, from);
  const bool open = from >= 0 && jl_sys_fcntl(from, JL_F_GETFD, 0) >= 0;
  if (!open && from >= 0 && !(i < 3 && placed->from == placed->to))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_FDS, "vet a kept descriptor", number, EBADF,
                   "it is not open in the launcher");
  if (!open && (code = jl_parent_null_fd(&s->null_fd, err))) return code;
  if ((code = jl_seatbelt_above(s->plan, open ? from : s->null_fd, &s->kept[i], err))) return code;
  if (own || !open || s->plan->allow_unsafe_fds) return JAILER_OK;
  const long r = jl_sys_fstat(s->kept[i], &st);
  if (r < 0) return jl_parent_system(err, JAILER_LAYER_FDS, "vet a kept descriptor", number, r, "fstat(2) failed");
  const char *why = jl_seatbelt_unsafe(s->plan, s->kept[i], &st);
  if (!why) return JAILER_OK;
  jl_buf b = jl_buf_fixed(message, sizeof message);
  jl_buf_str(&b, "this is ");
  jl_buf_str(&b, why);
  jl_buf_str(&b, "; close it, open it inside by a grant, or set allow_unsafe_fds");
  return jl_fail(err, JAILER_E_UNSAFE, JAILER_LAYER_FDS, "vet a kept descriptor", number, 0, message);
}

/* A pipe whose child's end (0 the reading one, 1 the writing one) lies above the kept numbers. There is no pipe2(2): a
   fork of somebody else's in this moment may take an end along, so nothing depends on the end of a stream. To write to
   one whose reader is gone is an error, and not SIGPIPE for the launcher. */
static jailer_code jl_seatbelt_pipe(const jailer_plan *p, int ends[2], int child, jailer_error *err) {
  int low[2];
  long r = jl_sys_result(pipe(low));
  if (r < 0) return jl_parent_system(err, JAILER_LAYER_NONE, "make a pipe", NULL, r, "pipe(2) failed");
  jailer_code code = JAILER_OK;
  for (int i = 0; i < 2; i++) {
    ends[i] = low[i];
    if ((r = jl_sys_fcntl(low[i], F_SETFD, FD_CLOEXEC)) < 0 && code == JAILER_OK)
      code = jl_parent_system(err, JAILER_LAYER_NONE, "make a pipe", NULL, r, "fcntl(2) F_SETFD failed");
  }
  if (code == JAILER_OK && (r = jl_sys_fcntl(low[1], F_SETNOSIGPIPE, 1)) < 0)
    code = jl_parent_system(err, JAILER_LAYER_NONE, "make a pipe", NULL, r, "fcntl(2) F_SETNOSIGPIPE failed");
  int above = -1;
  if (code == JAILER_OK) code = jl_seatbelt_above(p, low[child], &above, err);
  if (code) return code;
  jl_parent_close(&ends[child]);
  ends[child] = above;
  return JAILER_OK;
}

/* --- before the fork --- */

static jl_start jl_seatbelt_none(const jailer_plan *plan) {
  jl_start s;
  memset(&s, 0, sizeof s);
  s.plan = plan;
  s.stderr_fd = s.null_fd = s.reply[0] = s.reply[1] = s.gate[0] = s.gate[1] = -1;
  s.launcher = getpid();
  s.deadline_ms = jl_sys_now_ms() + plan->timeout_ms;
  return s;
}

/* Gives everything back but the process. */
static void jl_seatbelt_release(jl_start *s) {
  if (s->has_actions) posix_spawn_file_actions_destroy(&s->actions);
  if (s->has_attr) posix_spawnattr_destroy(&s->attr);
  for (size_t i = 0; s->kept && i < s->plan->fd_count; i++) jl_parent_close(&s->kept[i]);
  for (int i = 0; i < 2; i++) {
    jl_parent_close(&s->reply[i]);
    jl_parent_close(&s->gate[i]);
  }
  jl_parent_close(&s->stderr_fd);
  jl_parent_close(&s->null_fd);
  JAILER_FREE(s->kept);
  JAILER_FREE(s->argv);
}

/* What was found when the plan was made is still there: the profile names paths, and the launch is the last moment in
   which somebody looks whose they are. */
static jailer_code jl_seatbelt_unchanged(const jailer_plan *p, jailer_error *err) {
  for (size_t i = 0; i < p->source_count; i++) {
    const jl_source *s = &p->sources[i];
    jl_stat st;
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    const long r = jl_sys_stat(JL_AT_FDCWD, s->resolved, JL_AT_SYMLINK_NOFOLLOW, &st);
    if (r >= 0 && st.dev == s->st.dev && st.ino == s->st.ino) continue;
    return jl_fail(err, r == -ENOENT ? JAILER_E_NOT_FOUND : JAILER_E_CHANGED, JAILER_LAYER_SEATBELT,
                   "compare a granted path with the plan", s->path, r < 0 ? (int)-r : 0,
                   "it was removed or replaced since the plan was made: make a new plan");
  }
  return JAILER_OK;
}

/* A status that nobody keeps could not be told from that of a sandbox-exec that failed. */
static jailer_code jl_seatbelt_sigchld(jailer_error *err) {
  struct sigaction now;
  memset(&now, 0, sizeof now);
  const long r = jl_sys_result(sigaction(SIGCHLD, NULL, &now));
  if (r < 0) return jl_parent_system(err, JAILER_LAYER_NONE, "look at SIGCHLD", NULL, r, "sigaction(2) failed");
  if (!(now.sa_flags & SA_NOCLDWAIT) && ((now.sa_flags & SA_SIGINFO) || now.sa_handler != SIG_IGN)) return JAILER_OK;
  return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "look at SIGCHLD", NULL, 0,
                 "the launcher ignores SIGCHLD: on macOS how a launch ended could not be told; give it its default");
}

/* The kernel's name of the process is what tells the program from sandbox-exec. */
static jailer_code jl_seatbelt_name(const jailer_plan *p, jailer_error *err) {
  char path[JAILER_PATH_MAX];
  if (jl_probe_full_path(p->program, path) < 0) return JAILER_OK; /* sandbox-exec will say it */
  if (!jl_streq(strrchr(path, '/') + 1, JL_SEATBELT_NAME)) return JAILER_OK;
  return jl_plan_invalid(err, p->program,
                         "a program called sandbox-exec could not be told from the one that starts it: give it another "
                         "name");
}

/* sandbox-exec -p PROFILE PROGRAM ARGUMENTS; it takes the first word that is no option for the program. */
static jailer_code jl_seatbelt_argv(jl_start *s, jailer_error *err) {
  const jailer_plan *p = s->plan;
  const bool walls = jl_seatbelt_walls(p);
  size_t count = 0, at = 0;
  if (walls && !p->profile) /* our own mistake */
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SEATBELT, "launch", NULL, 0, "this plan has no profile");
  while (p->argv[count]) count++;
  s->argv = JAILER_MALLOC((count + 4) * sizeof *s->argv);
  if (!s->argv) return jl_no_memory(err, "copy the arguments");
  s->path = walls ? JAILER_SANDBOX_EXEC : p->program;
  if (walls) {
    const jailer_code code = jl_seatbelt_name(p, err);
    if (code) return code;
    s->argv[at++] = JL_SEATBELT_NAME;
    s->argv[at++] = "-p";
    s->argv[at++] = p->profile;
  }
  s->argv[at++] = walls ? p->program : p->argv[0];
  for (size_t i = 1; i < count; i++) s->argv[at++] = p->argv[i];
  s->argv[at] = NULL;
  return JAILER_OK;
}

/* Nothing is inherited but what is named, and signals are as in a new process. */
static jailer_code jl_seatbelt_spawn_attr(jl_start *s, jailer_error *err) {
  const short flags =
      (short)(POSIX_SPAWN_SETEXEC | POSIX_SPAWN_CLOEXEC_DEFAULT | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  sigset_t all, none;
  sigfillset(&all);
  sigdelset(&all, SIGKILL);
  sigdelset(&all, SIGSTOP);
  sigemptyset(&none);
  int r = posix_spawn_file_actions_init(&s->actions);
  s->has_actions = r == 0;
  if (r == 0) r = posix_spawnattr_init(&s->attr);
  s->has_attr = s->has_actions && r == 0;
  if (r == 0) r = posix_spawnattr_setflags(&s->attr, flags);
  if (r == 0) r = posix_spawnattr_setsigdefault(&s->attr, &all);
  if (r == 0) r = posix_spawnattr_setsigmask(&s->attr, &none);
  for (size_t i = 0; i < s->plan->fd_count && r == 0; i++)
    r = posix_spawn_file_actions_addinherit_np(&s->actions, s->plan->fds[i].to);
  if (r == 0) return JAILER_OK;
  if (r == EBADF)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_FDS, "keep a descriptor", NULL, r,
                   "macOS hands on numbers below 10240 (OPEN_MAX) alone: keep it at a lower one");
  return jl_parent_system(err, JAILER_LAYER_FDS, "prepare posix_spawn(2)", NULL, -(long)r, "no memory for its actions");
}

static jailer_code jl_seatbelt_prepare(jl_start *s, jailer_error *err) {
  const jailer_plan *p = s->plan;
  jailer_code code = jl_seatbelt_sigchld(err);
  if (code == JAILER_OK) code = jl_seatbelt_unchanged(p, err);
  if (code == JAILER_OK && p->box) code = jl_files_pid_check(p->box, err);
  if (code == JAILER_OK && p->box) code = jl_files_exit_clear(p->box, err);
  if (code == JAILER_OK && p->box) code = jl_files_stderr_open(p->box, &s->stderr_fd, err);
  if (code) return code;
  s->kept = JAILER_MALLOC(p->fd_count * sizeof *s->kept); /* 3 to 65539 */
  if (!s->kept) return jl_no_memory(err, "vet the kept descriptors");
  for (size_t i = 0; i < p->fd_count; i++) s->kept[i] = -1;
  for (size_t i = 0; i < p->fd_count; i++)
    if ((code = jl_seatbelt_keep(s, i, err))) return code;
  if ((code = jl_seatbelt_pipe(p, s->reply, 1, err)) || (code = jl_seatbelt_pipe(p, s->gate, 0, err))) return code;
  s->groups[0] = (gid_t)p->host_gid;
  for (size_t i = 0; i < p->group_count; i++) s->groups[i + 1] = (gid_t)p->groups[i];
  code = jl_seatbelt_argv(s, err);
  return code ? code : jl_seatbelt_spawn_attr(s, err);
}

/* --- the fork, and what comes of it --- */

/* With every signal blocked: a handler of the launcher's in the child would be its code at work in there. */
static jailer_code jl_seatbelt_fork(jl_start *s, jailer_error *err) {
  sigset_t all, before;
  sigfillset(&all);
  int blocked = pthread_sigmask(SIG_SETMASK, &all, &before);
  if (blocked)
    return jl_parent_system(err, JAILER_LAYER_NONE, "block signals", NULL, -(long)blocked, "pthread_sigmask(3) failed");
  const pid_t pid = fork();
  const int why = errno;
  if (pid == 0) jl_seatbelt_child(s);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (pid < 0)
    return jl_parent_system(err, JAILER_LAYER_NONE, "fork", NULL, -(long)why,
                            "no more processes for this user, or no memory");
  s->pid = pid;
  jl_parent_close(&s->gate[0]);
  jl_parent_close(&s->reply[1]);
  return JAILER_OK;
}

typedef enum jl_start_state {
  JL_START_BEFORE = 0, /* it is the launcher's copy, or sandbox-exec */
  JL_START_RUNS,       /* it is the program */
  JL_START_RAN,        /* it was the program, and has ended */
  JL_START_FAILED      /* it has ended, and never was the program */
} jl_start_state;

/* The kernel's short account of a process, which it gives also of a set-uid program, and of one that has ended: 0, or a
   negated errno. */
static long jl_seatbelt_ask(pid_t pid, struct proc_bsdshortinfo *info) {
  memset(info, 0, sizeof *info);
  errno = 0;
  const int n = proc_pidinfo(pid, PROC_PIDT_SHORTBSDINFO, 1, info, (int)sizeof *info); /* 1: zombies too */
  if (n <= 0) return errno ? -(long)errno : -ESRCH;
  return n == (int)sizeof *info ? 0 : -EPROTO;
}

/* What the child is now, from the kernel: its name is that of the file it executed last, also when it has ended. An
   exec writes first the name and then the flag, and the kernel reads them in that order too, without a lock: a name
   that goes with the flag is that of the next account. */
static long jl_seatbelt_look(const jl_start *s, jl_start_state *state, bool *stopped) {
  struct proc_bsdshortinfo info;
  long r = jl_seatbelt_ask(s->pid, &info);
  if (r >= 0 && (info.pbsi_flags & PROC_FLAG_EXEC)) r = jl_seatbelt_ask(s->pid, &info);
  if (r < 0) return r;
  const bool executed = (info.pbsi_flags & PROC_FLAG_EXEC) != 0, ended = info.pbsi_status == 5; /* SZOMB: sys/proc.h */
  const bool walls = jl_seatbelt_walls(s->plan);
  const bool is = executed && !(walls && strncmp(info.pbsi_comm, JL_SEATBELT_NAME, sizeof info.pbsi_comm) == 0);
  *state = ended ? is ? JL_START_RAN : JL_START_FAILED : is ? JL_START_RUNS : JL_START_BEFORE;
  if (stopped) *stopped = info.pbsi_status == 4; /* SSTOP */
  return 0;
}

/* The pid file before the child goes on: there is no moment in which the box runs and nobody knows. And a look at the
   child: where the kernel tells nothing of it, nothing is executed. */
static jailer_code jl_seatbelt_publish(jl_start *s, jailer_error *err) {
  uint64_t start = 0;
  char boot_id[37];
  jl_start_state state;
  jailer_code code = JAILER_OK;
  long r = jl_seatbelt_look(s, &state, NULL);
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_NONE, "look at the child", NULL, r, "the kernel tells nothing of it");
  if (s->plan->box) {
    code = jl_files_pid_start(s->pid, &start, err);
    if (code == JAILER_OK) code = jl_files_boot_id(boot_id, err);
    s->named = code == JAILER_OK;
    if (code == JAILER_OK) code = jl_files_pid_write(s->plan->box, s->pid, start, boot_id, err);
  }
  if (code) return code;
  r = jl_sys_write_all(s->gate[1], "", 1);
  jl_parent_close(&s->gate[1]);
  if (r >= 0 || r == -EPIPE) return JAILER_OK; /* EPIPE: the child has ended, which is seen next */
  return jl_parent_system(err, JAILER_LAYER_NONE, "let the child go on", NULL, r, "write(2) to its pipe failed");
}

/* The deadline has passed. It is stopped and looked at once more: a stopped sandbox-exec executes nothing any more. 0
   and what it is now, or a negated errno. */
static long jl_seatbelt_late(const jl_start *s, jl_start_state *state) {
  bool stopped = false;
  long r = jl_sys_kill(s->pid, SIGSTOP);
  for (int tries = 0; tries < 2000 && r >= 0; tries++) {
    r = jl_seatbelt_look(s, state, &stopped);
    if (r < 0 || stopped || *state == JL_START_RAN || *state == JL_START_FAILED) break;
    jl_sys_sleep_ms(1);
  }
  if (r >= 0 && *state == JL_START_RUNS) jl_sys_kill(s->pid, SIGCONT);
  return r;
}

/* A failed step of the child as the caller's error. */
static jailer_code jl_seatbelt_step_failed(const jl_start *s, const jl_start_reply *reply, jailer_error *err) {
  if (reply->step < 0 || reply->step >= JL_START_COUNT)
    return jl_fail(err, JAILER_E_SYSTEM, JAILER_LAYER_NONE, "launch", NULL, 0, "the child's answer makes no sense");
  const char *remedy = jl_start_steps[reply->step].remedy;
  jailer_code code = reply->error == ENOMEM ? JAILER_E_NO_MEMORY : JAILER_E_SYSTEM;
  if (reply->step == JL_START_CWD) code = reply->error == ENOENT ? JAILER_E_NOT_FOUND : JAILER_E_DENIED;
  if (reply->step == JL_START_EXEC) code = JAILER_E_EXEC;
  if (reply->step == JL_START_EXEC && reply->error == E2BIG) {
    code = JAILER_E_LIMIT;
    remedy = "profile, arguments and environment are over 1 MiB: grant directories instead of files";
  } else if (reply->step == JL_START_EXEC && jl_seatbelt_walls(s->plan)) {
    code = JAILER_E_UNSUPPORTED;
    remedy = "sandbox-exec cannot be executed here";
  }
  const char *item = reply->step == JL_START_CWD ? s->plan->cwd : reply->step == JL_START_EXEC ? s->path : NULL;
  return jl_fail(err, code, jl_start_steps[reply->step].layer, jl_start_steps[reply->step].step, item, reply->error,
                 remedy);
}

/* It ended before it was the program: why, as far as its status tells (sysexits(3)). Takes the status. */
static jailer_code jl_seatbelt_ended(jl_start *s, jailer_error *err) {
  jailer_proc proc;
  jailer_status status;
  char number[24];
  memset(&proc, 0, sizeof proc);
  memset(&status, 0, sizeof status);
  proc.pid = s->pid;
  const long r = jl_proc_take(&proc, &status);
  s->pid = 0;
  if (r < 0 || !status.exited)
    return jl_fail(err, JAILER_E_DIED, JAILER_LAYER_NONE, "launch", NULL, r < 0 ? (int)-r : 0,
                   "the child was killed before it could execute the program");
  jl_parent_number(number, status.exit_code);
  if (status.exit_code == 71 && sandbox_check(getpid(), NULL, 0) == 1)
    return jl_fail(
        err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT, "install the profile: exit code", number, 0,
        "the launcher is in a sandbox itself (an app's, perhaps), and macOS lets no process in a sandbox put "
        "another one around a child: launch from outside");
  if (status.exit_code == 71) /* EX_OSERR */
    return jl_fail(
        err, JAILER_E_EXEC, JAILER_LAYER_NONE, "execute", s->plan->program, 0,
        "sandbox-exec could not execute it inside: it must exist, be a program of this machine, and lie in an "
        "executable grant; what it says is on the target's stderr");
  return jl_fail(
      err, status.exit_code == 125 ? JAILER_E_DIED : JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT,
      "install the profile: exit code", number, 0,
      "sandbox-exec refused the profile (65), or ended for another reason; what it says is on the target's stderr");
}

/* Whether the child has answered that a step failed. */
static bool jl_seatbelt_answered(const jl_start *s, jl_start_reply *reply) {
  struct pollfd poll_for;
  poll_for.fd = s->reply[0];
  poll_for.events = POLLIN;
  poll_for.revents = 0;
  if (s->reply[0] < 0 || poll(&poll_for, 1, 0) <= 0 || !(poll_for.revents & POLLIN)) return false;
  return jl_sys_read_all(s->reply[0], reply, sizeof *reply) == (long)sizeof *reply;
}

/* Until the child is the program. The answer is looked for again after the end: a failed child writes it first. The
   kernel has told of the child before, so that it does not just now is believed at the deadline only. */
static jailer_code jl_seatbelt_wait(jl_start *s, jailer_error *err) {
  jl_start_reply reply;
  jl_start_state state = JL_START_BEFORE;
  for (unsigned pause = 0;; pause = pause < 5 ? pause + 1 : 5) {
    const bool late = jl_sys_now_ms() >= s->deadline_ms;
    const long r = late ? jl_seatbelt_late(s, &state) : jl_seatbelt_look(s, &state, NULL);
    if (jl_seatbelt_answered(s, &reply)) return jl_seatbelt_step_failed(s, &reply, err);
    if (r == -ESRCH || (r < 0 && late))
      return jl_fail(err, r == -ESRCH ? JAILER_E_DIED : JAILER_E_SYSTEM, JAILER_LAYER_NONE, "look at the child", NULL,
                     (int)-r, "the kernel does not tell what became of it; does somebody else wait for it?");
    if (state == JL_START_RUNS || state == JL_START_RAN) return JAILER_OK;
    if (state == JL_START_FAILED) return jl_seatbelt_ended(s, err);
    if (late)
      return jl_fail(err, JAILER_E_TIMEOUT, JAILER_LAYER_NONE, "execute", s->plan->program, ETIMEDOUT,
                     "it had not started when the time for the launch was over");
    jl_sys_sleep_ms(pause);
  }
}

/* The kernel's word: 1 the process is in a sandbox, and one that refuses what every profile of this library refuses, to
   write "/" (of a caller's own profile nothing is known); 0 it is not; -1 it cannot be told. */
static int jl_seatbelt_inside(pid_t pid, bool own_profile) {
  const int path = 1, no_report = 0x40000000; /* SANDBOX_FILTER_PATH, SANDBOX_CHECK_NO_REPORT: no line in the log */
  const int inside = sandbox_check(pid, NULL, 0);
  return inside != 1 || own_profile ? inside : sandbox_check(pid, "file-write-data", path | no_report, "/");
}

/* One that has ended, as the kernel says or as somebody else who waits for it knows, is no contradiction. */
static jailer_code jl_seatbelt_verify(const jl_start *s, jailer_proc *out, jailer_error *err) {
  jl_start_state state = JL_START_RUNS;
  if (getsid(s->pid) == s->pid) out->readback |= JAILER_BIT(JAILER_LAYER_SESSION);
  if (!jl_seatbelt_walls(s->plan)) return JAILER_OK;
  const int inside = jl_seatbelt_inside(s->pid, s->plan->own_profile);
  if (inside == 1) out->readback |= JAILER_BIT(JAILER_LAYER_SEATBELT);
  if (inside != 0) return JAILER_OK;
  const long r = jl_seatbelt_look(s, &state, NULL);
  if (r == -ESRCH || (r >= 0 && state == JL_START_RAN)) return JAILER_OK;
  return jl_fail(err, JAILER_E_READBACK, JAILER_LAYER_SEATBELT, "ask for the sandbox", NULL, 0,
                 "the kernel says that the target is in no sandbox: it was ended");
}

static void jl_seatbelt_fill(const jl_start *s, jailer_proc *out) {
  const jailer_plan *p = s->plan;
  out->pid = s->pid;
  out->layers = p->layers & ~JAILER_BIT(JAILER_LAYER_DEATH);
  out->degraded = p->layers & JAILER_BIT(JAILER_LAYER_DEATH); /* permitted, or there were no plan */
  out->engine = p->engine;
  out->own_profile = p->own_profile;
  out->uid = p->host_uid;
  out->gid = p->host_gid;
  if (!p->host.privileged) {
    const int n = getgroups(0, NULL);
    out->keeps_groups = n > 0 ? (uint32_t)n : 0;
    return;
  }
  out->group_count = (uint32_t)p->group_count;
  memcpy(out->groups, p->groups, sizeof out->groups);
}

/* One launch: 0 and a running target in *out, or an error and nothing left. */
static jailer_code jl_seatbelt_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err) {
  jl_start s = jl_seatbelt_none(plan);
  jailer_code code = jl_seatbelt_prepare(&s, err);
  if (code == JAILER_OK) code = jl_seatbelt_fork(&s, err);
  if (code == JAILER_OK) code = jl_seatbelt_publish(&s, err);
  if (code == JAILER_OK) code = jl_seatbelt_wait(&s, err);
  if (code == JAILER_OK) code = jl_seatbelt_verify(&s, out, err);
  if (code == JAILER_OK) jl_seatbelt_fill(&s, out);
  if (code && s.pid > 0) {
    jailer_proc proc;
    jailer_status status;
    memset(&proc, 0, sizeof proc);
    proc.pid = s.pid;
    jl_proc_send(&proc, JL_SIGKILL); /* with what it may have started already */
    jl_proc_take(&proc, &status);
  }
  if (code && s.named) jl_files_pid_remove(plan->box, NULL); /* nobody to tell: the next launch says so */
  jl_seatbelt_release(&s);
  return code;
}

/* --- what the kernel says of a running target --- */

static bool jl_report_live(jailer_report *out, const jailer_proc *proc, jailer_layer *wrong) {
  struct proc_bsdshortinfo info;
  if (jl_seatbelt_ask(proc->pid, &info) < 0 || info.pbsi_status == 5) return false; /* SZOMB */
  jl_report_confirm(out, JAILER_LAYER_IDS,
                    info.pbsi_uid == proc->uid && info.pbsi_ruid == proc->uid && info.pbsi_svuid == proc->uid &&
                        info.pbsi_gid == proc->gid && info.pbsi_rgid == proc->gid && info.pbsi_svgid == proc->gid,
                    wrong);
  jl_report_confirm(out, JAILER_LAYER_SESSION, getsid(proc->pid) == proc->pid, wrong);
  const int inside = jl_seatbelt_inside(proc->pid, proc->own_profile);
  if (inside >= 0) jl_report_confirm(out, JAILER_LAYER_SEATBELT, inside == 1, wrong);
  return jl_seatbelt_ask(proc->pid, &info) >= 0 && info.pbsi_status != 5; /* meanwhile */
}

#endif /* JL_DARWIN */

/* ============================================================================================
 * // >>survey    a configuration on this host: looks at its paths, finds the program, opens the box; then the plan
 * May touch: the kernel, the box directory, the heap. May call: base to report.
 * ============================================================================================ */
#if JL_EFFECTS

/* Looks at every wanted path; what it finds there is told by jl_probe_source. */
#if JL_LINUX
static jailer_code jl_survey_touch(const jailer_plan *plan, jailer_error *err) { return jl_parent_touch(plan, err); }
#else
static jailer_code jl_survey_touch(const jailer_plan *plan, jailer_error *err) {
  (void)err;
  for (size_t i = 0; i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    const long r = jl_sys_stat(JL_AT_FDCWD, s->path, 0, &s->st);
    s->found = (int32_t)(r < 0 ? r : 0);
    s->looked = true;
  }
  return JAILER_OK;
}
#endif

/* --- the links on the way to a wanted path --- */

/* How far a name was walked: `at` is without links, `rest` is what is left of it. */
typedef struct jl_way {
  char at[JAILER_PATH_MAX], rest[JAILER_PATH_MAX];
  size_t open; /* as many bytes of `at` name the outermost directory there that the target can write; SIZE_MAX: none */
  int links;
  bool planted; /* a link below such a directory was followed */
  jl_stat st;
  jailer_plan *plan; /* keeps the links that were followed; NULL: nobody does */
} jl_way;

/* Whether this is a directory or file that is granted for writing, by whatever name. */
static bool jl_survey_writable(const jl_stat *st, jl_source *const *writable, size_t count) {
  jl_source like;
  const jl_source *key = &like;
  memset(&like, 0, sizeof like);
  like.st = *st;
  like.access = JAILER_WRITE;
  return bsearch(&key, writable, count, sizeof *writable, jl_plan_by_identity) != NULL;
}

/* Back to the first n bytes of `at`. */
static void jl_survey_back(jl_way *w, size_t n) {
  w->at[n] = 0;
  if (n < w->open) w->open = SIZE_MAX;
}

/* `at` is a link that the plan keeps; false: no memory. */
static bool jl_survey_keep(const jl_way *w) {
  jl_link *link = jl_arena_array(&w->plan->arena, 1, sizeof *link);
  if (!link || !(link->path = jl_plan_real_name(&w->plan->arena, w->at))) return false;
  link->next = w->plan->links;
  w->plan->links = link;
  w->plan->link_count++;
  return true;
}

/* `at` is a link: what it says takes its place in the name. */
static long jl_survey_follow(jl_way *w, size_t parent) {
  char target[JAILER_PATH_MAX];
  const long r = jl_sys_readlinkat(JL_AT_FDCWD, w->at, target, sizeof target);
  if (r < 0) return r;
  if (w->plan && !jl_survey_keep(w)) return -ENOMEM;
  const size_t n = (size_t)r, left = strlen(w->rest);
  if (++w->links > 40) return -ELOOP; /* the kernel's own limit */
  if (n + 1 + left >= sizeof w->rest) return -ENAMETOOLONG;
  if (w->open != SIZE_MAX) w->planted = true;
  memmove(w->rest + n + 1, w->rest, left + 1);
  memcpy(w->rest, target, n);
  w->rest[n] = '/';
  jl_survey_back(w, target[0] == '/' ? 0 : parent);
  return 1;
}

/* The next part of the name. 1: there may be more; 0: there was none; else a negated errno. */
static long jl_survey_step(jl_way *w, jl_source *const *writable, size_t count) {
  const char *name = w->rest + strspn(w->rest, "/");
  const size_t n = strcspn(name, "/"), parent = strlen(w->at);
  if (n == 2 && name[0] == '.' && name[1] == '.') {
    const char *slash = strrchr(w->at, '/');
    jl_survey_back(w, slash ? (size_t)(slash - w->at) : 0);
  } else if (n && !(n == 1 && name[0] == '.')) {
    if (parent + 1 + n >= sizeof w->at) return -ENAMETOOLONG;
    w->at[parent] = '/';
    memcpy(w->at + parent + 1, name, n);
    w->at[parent + 1 + n] = 0;
  }
  memmove(w->rest, name + n, strlen(name + n) + 1);
  const long r = jl_sys_stat(JL_AT_FDCWD, w->at[0] ? w->at : "/", JL_AT_SYMLINK_NOFOLLOW, &w->st);
  if (r < 0) return r;
  if ((w->st.mode & JL_S_IFMT) == JL_S_IFLNK) return jl_survey_follow(w, parent);
  if (w->open == SIZE_MAX && count && jl_survey_writable(&w->st, writable, count)) w->open = strlen(w->at);
  return n != 0;
}

/* Walks to one source by its name, part by part. Directories are compared by inode, since one of them has many names
   (links above it, bind mounts, on macOS another case or normal form). It must end where opening it did. */
static jailer_code jl_survey_way(jl_source *s, jl_source *const *writable, size_t count, jailer_error *err) {
  jl_way w;
  long r;
  memset(&w, 0, sizeof w);
  w.open = SIZE_MAX;
  memcpy(w.rest, s->path, strlen(s->path) + 1); /* jl_plan_normal: it has room */
  while ((r = jl_survey_step(&w, writable, count)) > 0) {
  }
  s->planted = w.planted;
  s->makeable = !s->exists && (w.planted || w.open != SIZE_MAX);
  if (s->exists ? r == 0 && w.st.dev == s->st.dev && w.st.ino == s->st.ino : r == -ENOENT || r == -ENOTDIR)
    return JAILER_OK;
  return jl_fail(err, r < 0 && r != -ENOENT ? JAILER_E_SYSTEM : JAILER_E_CHANGED, JAILER_LAYER_MOUNTS,
                 "resolve a granted path", s->path, r < 0 ? (int)-r : 0,
                 "the links on the way to it could not be followed, or changed meanwhile");
}

/* The links on the way that a name leads: macOS asks the profile at each of them, and so it names them. One that cannot
   be followed is followed by nobody. */
static jailer_code jl_survey_links(jailer_plan *plan, const char *name, jailer_error *err) {
  const jl_link *known = plan->links;
  jailer_code code = JAILER_OK;
  jl_way w;
  long r;
  memset(&w, 0, sizeof w);
  w.open = SIZE_MAX;
  w.plan = plan;
  memcpy(w.rest, name, strlen(name) + 1);
  while ((r = jl_survey_step(&w, NULL, 0)) > 0) {
  }
  if (r == -ENOMEM) return jl_no_memory(err, "resolve a granted path");
  for (const jl_link *link = plan->links; link != known && code == JAILER_OK; link = link->next)
    code = jl_plan_seatbelt_path(link->path, err);
  return code;
}

/* The target walks by the names of the configuration and of the disks' headers. */
static jailer_code jl_survey_all_links(jailer_plan *plan, jailer_error *err) {
  jailer_code code = JAILER_OK;
  if (plan->engine != JAILER_ENGINE_SEATBELT) return JAILER_OK;
  for (size_t i = 0; i < plan->source_count && code == JAILER_OK; i++) {
    const jl_source *s = &plan->sources[i];
    if (!s->exists || s->dropped || jl_plan_is_fence(s)) continue;
    if (!jl_streq(s->path, s->resolved)) code = jl_survey_links(plan, s->path, err);
    if (code == JAILER_OK && !jl_streq(s->at, s->path)) code = jl_survey_links(plan, s->at, err);
  }
  return code;
}

/* The ways that can lead through what the target writes: of names with links in them, and of what is missing. */
static jailer_code jl_survey_ways(jailer_plan *plan, jailer_error *err) {
  jl_arena scratch = {NULL};
  jl_source **writable = jl_arena_array(&scratch, plan->source_count + 1, sizeof *writable);
  size_t count = 0;
  for (size_t i = 0; writable && i < plan->source_count; i++)
    if (plan->sources[i].exists && plan->sources[i].access == JAILER_WRITE) writable[count++] = &plan->sources[i];
  jailer_code code = JAILER_OK;
  if (!writable || !jl_arena_sort(&scratch, writable, count, sizeof *writable, jl_plan_by_identity))
    code = jl_no_memory(err, "resolve a granted path");
  for (size_t i = 0; code == JAILER_OK && count && i < plan->source_count; i++) {
    jl_source *s = &plan->sources[i];
    if (s->origin == JL_FROM_SYSTEM || jl_plan_is_fence(s)) continue;
    if (!s->exists || !jl_streq(s->path, s->resolved)) code = jl_survey_way(s, writable, count, err);
  }
  jl_arena_free(&scratch);
  return code;
}

static jailer_code jl_survey_paths(jailer_plan *plan, jailer_error *err) {
  jailer_code code = jl_survey_touch(plan, err);
  for (size_t i = 0; i < plan->source_count && code == JAILER_OK; i++)
    code = jl_probe_source(&plan->arena, &plan->sources[i], err);
  return code ? code : jl_survey_ways(plan, err);
}

#ifndef JAILER_NO_SEATBELT
/* The caller's own profile, instead of one that is written from the plan. */
static jailer_code jl_survey_profile(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  if (!plan->own_profile) return JAILER_OK;
  char *text = JAILER_MALLOC(JL_SBPL_MAX - 1);
  if (!text) return jl_no_memory(err, "read a profile");
  jailer_code code =
      jl_files_profile(config->seatbelt_profile, plan->host.uid, text, JL_SBPL_MAX - 1, &plan->profile_len, err);
  if (code == JAILER_OK && !(plan->profile = jl_arena_text(&plan->arena, text, plan->profile_len)))
    code = jl_no_memory(err, "read a profile");
  JAILER_FREE(text);
  return code;
}
#else /* such a plan is refused before it comes to these */
static jailer_code jl_survey_profile(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  (void)plan, (void)config, (void)err;
  return JAILER_OK;
}

static jailer_code jl_sbpl_finish(jailer_plan *plan, jailer_error *err) {
  (void)plan;
  return jl_plan_invalid(err, "engine", "this build leaves the engine seatbelt out");
}

static bool jl_sbpl_executable(const jailer_plan *plan, const char *path, const jl_source *but) {
  (void)plan, (void)path, (void)but;
  return false;
}
#endif

/* Whether nothing here says what can be executed: there are no walls, or a profile of the caller's says it. */
static bool jl_survey_anything(const jailer_plan *plan) {
  return plan->engine == JAILER_ENGINE_NONE || plan->own_profile;
}

/* Whether an executable grant already covers a path of the host at the same place inside. */
static bool jl_survey_covered(const jailer_plan *plan, const char *path, const char *resolved, const jl_source *self) {
  bool covered = false;
  size_t longest = 0;
  if (plan->engine == JAILER_ENGINE_SEATBELT) return jl_sbpl_executable(plan, resolved, self);
  for (size_t i = 0; i < plan->source_count; i++) {
    const jl_source *s = &plan->sources[i];
    if (s == self || !s->exists || s->link || s->dropped) continue;
    if (s->origin == JL_FENCE_HOME || s->origin == JL_FENCE_ROOT) continue;
    size_t n = strlen(s->resolved);
    if (!jl_plan_at_or_below(resolved, s->resolved) || n < longest) continue;
    longest = n; /* the innermost grant decides */
    covered = s->access == JAILER_EXEC && (jl_streq(s->at, s->resolved) || jl_plan_at_or_below(path, s->at));
  }
  return covered;
}

/* Whether a program could be at this place: below an executable grant, or below a link of the system that may lead to
   one. Other directories of PATH are not looked into: their file systems may not answer. */
static bool jl_survey_maybe(const jailer_plan *plan, const char *path) {
  if (jl_survey_anything(plan)) return true;
  if (plan->engine == JAILER_ENGINE_SEATBELT && jl_sbpl_executable(plan, path, NULL)) return true;
  for (size_t i = 0; i < plan->source_count; i++) {
    const jl_source *s = &plan->sources[i];
    if (s->exists && (s->link || s->access == JAILER_EXEC) && jl_plan_at_or_below(path, s->at)) return true;
  }
  return false;
}

/* A bare name, looked up along the jail's own PATH as the jail will see it: only where an executable grant is. */
static jailer_code jl_survey_search(jailer_plan *plan, const char *name, const char **out, jailer_error *err) {
  const char *path = NULL;
  for (size_t i = 0; i < plan->env_count; i++)
    if (jl_starts(plan->envp[i], "PATH=")) path = plan->envp[i] + 5;
  while (path && *path) {
    size_t n = strcspn(path, ":");
    char dir[JAILER_PATH_MAX];
    if (n && n < sizeof dir && path[0] == '/') {
      memcpy(dir, path, n);
      dir[n] = 0;
      const char *full = jl_plan_join(&plan->arena, dir, "/", name);
      jl_stat st;
      if (!full) return jl_no_memory(err, "look the program up");
      long fd = jl_survey_maybe(plan, full) ? jl_sys_openat(JL_AT_FDCWD, full, JL_O_PATH, 0) : -ENOENT;
      if (fd >= 0) {
        long r = jl_sys_fstat((int)fd, &st);
        const char *resolved = NULL;
        if (r >= 0) r = jl_probe_resolved(&plan->arena, (int)fd, &st, &resolved);
        jl_sys_close((int)fd);
        if (r == -ENOMEM) return jl_no_memory(err, "look the program up");
        if (resolved && (st.mode & JL_S_IFMT) == JL_S_IFREG && (st.mode & 0111) &&
            (jl_survey_anything(plan) || jl_survey_covered(plan, full, resolved, NULL))) {
          *out = full;
          return JAILER_OK;
        }
      }
    }
    path += n + (path[n] == ':');
  }
  return jl_fail(
      err, JAILER_E_NOT_FOUND, JAILER_LAYER_MOUNTS, "look the program up", name, ENOENT,
      "no executable grant has a program of this name along PATH; write its path, or grant its directory with exec");
}

/* A program that is named by its path is wanted too, and looked at with all others. */
static jailer_code jl_survey_program_wanted(jailer_plan *plan, jailer_error *err) {
  const char *name = plan->argv[0], *path = name;
  if (plan->program || !strchr(name, '/')) return JAILER_OK;
  if (name[0] != '/')
    return jl_plan_invalid(err, name,
                           "write the program's absolute path, or a bare name: the target's working directory is "
                           "another one");
  jailer_code code = jl_plan_normal(&plan->arena, name, false, &path, err);
  if (code) return code;
  plan->program = path;
  if (jl_survey_anything(plan)) return JAILER_OK;
  jl_source *s = jl_plan_want(plan, path, path, JAILER_EXEC, JL_FROM_PROGRAM);
  s->check = true;
  s->optional = true; /* it may exist only inside: a grant with another `at` brings it */
  return JAILER_OK;
}

/* The program: a bare name is looked up, a path that no grant covers is an executable grant of that one file. */
static jailer_code jl_survey_program(jailer_plan *plan, jailer_error *err) {
  if (!plan->program) return jl_survey_search(plan, plan->argv[0], &plan->program, err);
  jl_source *s = plan->source_count ? &plan->sources[plan->source_count - 1] : NULL; /* the last that is wanted */
  if (!s || s->origin != JL_FROM_PROGRAM) return JAILER_OK;                          /* a shim, or no walls */
  const char *path = s->path;
  if (s->exists && jl_survey_covered(plan, path, s->resolved, s)) s->dropped = true;
  for (size_t i = 0; i + 1 < plan->source_count; i++) {
    const jl_source *g = &plan->sources[i];
    if (!g->exists || g->link || g->dropped || g->origin != JL_FROM_CONFIG) continue;
    if (jl_plan_at_or_below(path, g->at) && !jl_streq(g->at, g->path)) s->dropped = true; /* brought by that grant */
  }
  if (s->exists && !s->dropped && (s->st.mode & JL_S_IFMT) != JL_S_IFREG)
    return jl_fail(err, JAILER_E_EXEC, JAILER_LAYER_NONE, "look the program up", path, EACCES,
                   "it is not a regular file");
  return JAILER_OK;
}

/* A uid nobody else uses, for a root launcher without a box: random in the range that boxes use. */
static jailer_code jl_survey_fresh_id(const jailer_plan *plan, uint32_t *id, jailer_error *err) {
  *id = 0;
  if (!plan->host.privileged) return JAILER_OK;
  long r = jl_sys_getrandom(id, sizeof *id);
  *id = JL_FILES_UID_FIRST + *id % (JL_FILES_UID_END - JL_FILES_UID_FIRST);
  return r < 0 ? jl_parent_system(err, JAILER_LAYER_IDS, "choose a uid", NULL, r, "getrandom(2) failed") : JAILER_OK;
}

/* A device keeps its group for the target where the launcher may give it: /dev/kvm is root:kvm 0660. Not group 0. */
static void jl_survey_groups(jailer_plan *plan) {
  for (size_t i = 0; i < plan->source_count && plan->host.privileged; i++) {
    const jl_source *s = &plan->sources[i];
    bool known = false;
    if (!s->exists || s->access != JAILER_DEVICE || s->origin != JL_FROM_CONFIG || s->st.gid == 0) continue;
    if ((s->st.mode & 0060) != 0060 || (s->st.mode & 0006) == 0006) continue;
    for (size_t k = 0; k < plan->group_count; k++) known = known || plan->groups[k] == s->st.gid;
    if (!known && plan->group_count < sizeof plan->groups / sizeof plan->groups[0])
      plan->groups[plan->group_count++] = s->st.gid;
  }
}

/* --- a box --- */

static const char *jl_survey_basename(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The shim and its libraries in bin/, and the program's name there. */
static jailer_code jl_survey_shim(jailer_plan *plan, const jailer_config *config, const char **library_dir,
                                  jailer_error *err) {
  char bin[JAILER_PATH_MAX];
  jailer_code code;
  *library_dir = NULL;
  if (!config->shim) return JAILER_OK;
  if ((code = jailer_layout_path(&plan->box->layout, JAILER_ENTRY_BIN, bin, sizeof bin, err))) return code;
  if (strpbrk(bin, ":;$"))
    return jl_plan_invalid(err, bin,
                           "the dynamic linker reads ':', ';' and '$' in a library path as more than a name: use "
                           "another home");
  if ((code = jl_files_copy(plan->box, config->shim, jl_survey_basename(config->shim), err))) return code;
  for (size_t i = 0; config->libraries && config->libraries[i]; i++)
    if ((code = jl_files_copy(plan->box, config->libraries[i], jl_survey_basename(config->libraries[i]), err)))
      return code;
  *library_dir = jl_arena_text(&plan->arena, bin, strlen(bin));
  plan->program = *library_dir ? jl_plan_join(&plan->arena, *library_dir, "/", jl_survey_basename(config->shim)) : NULL;
  return plan->program ? JAILER_OK : jl_no_memory(err, "copy the shim");
}

/* Opens and locks the box, makes its tree for the ids of the launch, and copies the shim. */
static jailer_code jl_survey_box(jailer_plan *plan, const jailer_config *config, const char **library_dir,
                                 jailer_error *err) {
  const jailer_host *h = &plan->host;
  const bool root = h->uid == 0 && !h->nested && config->allow_host_root; /* the target stays what the launcher is */
  uint32_t uid = config->uid, gid = config->gid;
  jailer_code code = jl_plan_root(h, config, err); /* before anything is made */
  if (code) return code;
  plan->box = JAILER_MALLOC(sizeof *plan->box);
  if (!plan->box) return jl_no_memory(err, "open the box");
  *plan->box = jl_files_box_none();
  if ((code = jl_files_prepare(config->layout, root && !h->privileged ? JL_BOX_ROOT : 0, plan->box, err))) return code;
  if (!h->privileged) uid = gid = 0; /* its own; config->uid is only how it looks from inside */
  if (root && !h->privileged) gid = h->gid;
  if (!root && (code = jl_files_box_ids(plan->box, &uid, &gid, err))) return code;
  if ((code = jl_files_box_give(plan->box, uid, gid, err))) return code;
  return jl_survey_shim(plan, config, library_dir, err);
}

/* Where backing files may lie: bases/, images/, and what the caller trusts. A directory that does not exist holds
   none. */
static jailer_code jl_survey_roots(jailer_plan *plan, const jailer_config *config, const char ***out, size_t *count,
                                   jailer_error *err) {
  size_t extra = 0;
  while (config->trusted_roots && config->trusted_roots[extra]) extra++;
  const char **roots = jl_arena_array(&plan->arena, extra + 2, sizeof *roots);
  if (!roots) return jl_no_memory(err, "list the trusted roots");
  *count = 0;
  for (int i = 0; i < 2; i++) {
    char path[JAILER_PATH_MAX];
    jl_stat st;
    jailer_code code =
        jailer_layout_path(&plan->box->layout, i ? JAILER_ENTRY_IMAGES : JAILER_ENTRY_BASES, path, sizeof path, err);
    if (code) return code;
    if (jl_sys_stat(JL_AT_FDCWD, path, 0, &st) == -ENOENT) continue;
    if (!(roots[(*count)++] = jl_arena_text(&plan->arena, path, strlen(path))))
      return jl_no_memory(err, "list the trusted roots");
  }
  for (size_t i = 0; i < extra; i++) roots[(*count)++] = config->trusted_roots[i];
  *out = roots;
  return JAILER_OK;
}

/* The trusted roots as fences: sources that are looked at and not granted. */
static jailer_code jl_survey_root_fences(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const char **roots;
  size_t count;
  jailer_code code = jl_survey_roots(plan, config, &roots, &count, err);
  for (size_t i = 0; code == JAILER_OK && i < count; i++) {
    const char *path;
    if ((code = jl_plan_normal(&plan->arena, roots[i], false, &path, err))) return code;
    jl_plan_want(plan, path, path, JAILER_READ, JL_FENCE_ROOT)->optional = true;
  }
  return code;
}

static const struct {
  jailer_entry entry;
  const char *name; /* in the record */
} jl_survey_disks[] = {{JAILER_ENTRY_DISK, "disk"}, {JAILER_ENTRY_ROOTFS, "guest-rootfs"}};

/* Everything of a box but its disks, with room for `more` sources. */
static jailer_code jl_survey_box_sources(jailer_plan *plan, const jailer_config *config, size_t more,
                                         jailer_error *err) {
  for (size_t i = 0; config->trusted_roots && config->trusted_roots[i]; i++) more++;
  jailer_code code = jl_plan_wants(plan, config, more + JAILER_ENTRY_COUNT, err);
  if (code == JAILER_OK) code = jl_plan_tree(plan, config, err);
  return code ? code : jl_survey_root_fences(plan, config, err);
}

#ifndef JAILER_NO_QCOW2
/* The chain of one disk, walked under the trust policy and, where a record is given, as far as the record goes; NULL
   where the disk does not exist. */
static jailer_code jl_survey_chain(jailer_plan *plan, const jailer_config *config, int disk, jl_record *record,
                                   jailer_chain **out, jailer_error *err) {
  char path[JAILER_PATH_MAX];
  jl_stat st;
  jailer_chain_policy policy;
  const char **roots;
  jailer_format format = disk == 0 ? config->disk_format : config->rootfs_format;
  *out = NULL;
  jailer_code code = jailer_layout_path(&plan->box->layout, jl_survey_disks[disk].entry, path, sizeof path, err);
  if (code) return code;
  if (jl_sys_stat(JL_AT_FDCWD, path, JL_AT_SYMLINK_NOFOLLOW, &st) == -ENOENT) return JAILER_OK;
  memset(&policy, 0, sizeof policy);
  if ((code = jl_survey_roots(plan, config, &roots, &policy.trusted_root_count, err))) return code;
  policy.trusted_roots = roots;
  if (format == JAILER_FORMAT_UNSTATED) format = JAILER_FORMAT_QCOW2;
  return jl_chain_walk_expecting(path, format, &policy,
                                 record ? jl_record_find(record, jl_survey_disks[disk].name) : NULL, out, err);
}

/* A disk writable, each file of its chain read-only under the name that its overlay gives it. */
static jailer_code jl_survey_disk_sources(jailer_plan *plan, const jailer_chain *chain, jailer_entry entry,
                                          jailer_error *err) {
  jl_source *s;
  jailer_code code = jl_plan_entry(plan, &plan->box->layout, entry, JAILER_WRITE, JL_FROM_BOX, &s, err);
  if (code) return code;
  s->expect_dev = chain->layers[0].dev;
  s->expect_ino = chain->layers[0].ino;
  for (size_t i = 1; i < chain->count; i++) {
    const char *path = jl_arena_text(&plan->arena, chain->layers[i].path, strlen(chain->layers[i].path)), *at;
    if (!path) return jl_no_memory(err, "list the disks' files");
    if ((code = jl_plan_normal(&plan->arena, chain->layers[i].named, true, &at, err))) return code;
    s = jl_plan_want(plan, path, at, JAILER_READ, JL_FROM_BOX);
    s->check = true;
    s->expect_dev = chain->layers[i].dev;
    s->expect_ino = chain->layers[i].ino;
  }
  return JAILER_OK;
}

static jailer_code jl_survey_disks_plan(jailer_plan *plan, const jailer_config *config, jailer_chain *const chains[2],
                                        jailer_error *err) {
  for (int i = 0; i < 2; i++) {
    if (!chains[i]) continue;
    jailer_code code = jl_chain_record_check(plan->box->dir_fd, "record", jl_survey_disks[i].name, chains[i],
                                             config->trust_chain_on_first_use, err);
    if (code == JAILER_OK) code = jl_survey_disk_sources(plan, chains[i], jl_survey_disks[i].entry, err);
    if (code) return code;
  }
  return JAILER_OK;
}

/* The sources of a box: how many there can be is known before the first is listed. */
static jailer_code jl_survey_box_all(jailer_plan *plan, const jailer_config *config, size_t more, jailer_error *err) {
  jailer_chain *chains[2] = {NULL, NULL};
  jl_record record;
  jailer_code code = jl_chain_record_load(plan->box->dir_fd, "record", &record, err);
  if (code) return code;
  for (int i = 0; i < 2 && code == JAILER_OK; i++) {
    code = jl_survey_chain(plan, config, i, &record, &chains[i], err);
    if (chains[i]) more += chains[i]->count;
  }
  if (code == JAILER_OK) code = jl_survey_box_sources(plan, config, more, err);
  if (code == JAILER_OK) code = jl_survey_disks_plan(plan, config, chains, err);
  jailer_chain_free(chains[0]);
  jailer_chain_free(chains[1]);
  jl_record_free(&record);
  return code;
}
#else
/* A build without the reader cannot tell what a disk's header leads to: a box that has one is not launched without it.
   */
static jailer_code jl_survey_box_all(jailer_plan *plan, const jailer_config *config, size_t more, jailer_error *err) {
  for (int i = 0; i < 2; i++) {
    char path[JAILER_PATH_MAX];
    jl_stat st;
    jailer_code code = jailer_layout_path(&plan->box->layout, jl_survey_disks[i].entry, path, sizeof path, err);
    if (code) return code;
    if (jl_sys_stat(JL_AT_FDCWD, path, JL_AT_SYMLINK_NOFOLLOW, &st) == -ENOENT) continue;
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_MOUNTS, "look for disks", path, 0,
                   "this build has no reader of disk images (JAILER_NO_QCOW2), so the box's disk cannot be granted");
  }
  return jl_survey_box_sources(plan, config, more, err);
}
#endif

static jailer_code jl_survey_sources(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const size_t program = 1;
  return plan->box ? jl_survey_box_all(plan, config, program, err) : jl_plan_wants(plan, config, program, err);
}

#endif /* JL_EFFECTS */
#if JL_LINUX

/* The target's cgroup: pinned, and proven to be a directory of cgroup v2 (statfs(2), CGROUP2_SUPER_MAGIC). */
static jailer_code jl_survey_cgroup(jailer_plan *plan, jailer_error *err) {
  const char *step = "open the cgroup", *asked = plan->cgroup;
  uint64_t fs[16];
  jl_stat st;
  if (!asked) return JAILER_OK;
  long r = jl_sys_openat(JL_AT_FDCWD, asked, JL_O_PATH | JL_O_DIRECTORY, 0);
  if (r < 0)
    return jl_fail(err,
                   r == -ENOENT    ? JAILER_E_NOT_FOUND
                   : r == -EACCES  ? JAILER_E_DENIED
                   : r == -ENOTDIR ? JAILER_E_INVALID
                                   : JAILER_E_SYSTEM,
                   JAILER_LAYER_CGROUP, step, asked, (int)-r,
                   "make the cgroup first (mkdir below where cgroup2 is mounted), and name its directory");
  plan->cgroup_fd = (int)r;
  memset(fs, 0, sizeof fs);
  if ((r = jl_sys_call(JL_NR_fstatfs, plan->cgroup_fd, (long)fs, 0, 0, 0, 0)) < 0)
    return jl_parent_system(err, JAILER_LAYER_CGROUP, step, asked, r, "its file system cannot be asked");
  if (fs[0] == 0x27e0eb && (plan->may_degrade & JAILER_BIT(JAILER_LAYER_CGROUP))) { /* CGROUP_SUPER_MAGIC: version 1 */
    jl_parent_close(&plan->cgroup_fd);
    return JAILER_OK;
  }
  if (fs[0] != 0x63677270)
    return jl_fail(err, fs[0] == 0x27e0eb ? JAILER_E_UNSUPPORTED : JAILER_E_INVALID, JAILER_LAYER_CGROUP, step, asked,
                   0, "this is no directory of cgroup v2: name one below a mounted cgroup2 file system");
  if ((r = jl_sys_fstat(plan->cgroup_fd, &st)) < 0)
    return jl_parent_system(err, JAILER_LAYER_CGROUP, step, asked, r, "statx failed");
  if ((r = jl_probe_resolved(&plan->arena, plan->cgroup_fd, &st, &plan->cgroup)) == -ENOMEM)
    return jl_no_memory(err, step);
  return r == 0 ? JAILER_OK
                : jl_fail(err, JAILER_E_CHANGED, JAILER_LAYER_CGROUP, step, asked, ENOENT,
                          "it was removed meanwhile, or lies outside the launcher's root");
}

/* A policy as a filter in the plan's memory. */
static jailer_code jl_survey_compile(jailer_plan *plan, const jailer_policy *policy, jailer_insn **out, size_t *len,
                                     jailer_error *err) {
  const jl_arch arch = JL_X86_64 ? JL_ARCH_X86_64 : JL_ARCH_AARCH64;
  jailer_insn *whole = JAILER_MALLOC(JAILER_FILTER_MAX * sizeof *whole);
  if (!whole) return jl_no_memory(err, "compile a filter");
  jailer_code code = JL_COMPILE(policy, &arch, 1, whole, JAILER_FILTER_MAX, len, err);
  if (code == JAILER_OK) {
    *out = jl_arena_array(&plan->arena, *len, sizeof **out);
    if (*out) memcpy(*out, whole, *len * sizeof *whole);
    else code = jl_no_memory(err, "compile a filter");
  }
  JAILER_FREE(whole);
  return code;
}

/* The target's own policy: installed right before execve, which it has to let through. */
static jailer_code jl_survey_policy(jailer_plan *plan, const jailer_policy *policy, jailer_error *err) {
  if (!policy) return JAILER_OK;
  if (plan->engine == JAILER_ENGINE_NONE)
    return jl_plan_invalid(err, "policy", "the engine none installs no filter; confine the program in itself");
  if (!jl_confine_lets(policy, "execve", (uintptr_t)plan->program, (uintptr_t)plan->argv, (uintptr_t)plan->envp, 0))
    return jl_fail(err, JAILER_E_CONFLICT, JAILER_LAYER_SECCOMP, "compile a filter", policy->name, 0,
                   "this policy refuses execve(2), with which the target starts: allow it, or let the program install "
                   "the policy itself once it has started (jailer_seccomp_apply)");
  plan->policy_pauses = jl_confine_lets(policy, "nanosleep", 0, 0, 0, 0);
  plan->policy_name = jl_arena_text(&plan->arena, policy->name, strlen(policy->name));
  if (!plan->policy_name) return jl_no_memory(err, "compile a filter");
  return jl_survey_compile(plan, policy, &plan->policy, &plan->policy_len, err);
}

/* The policy of the role, with what the configuration grants. A process that confines itself signals itself alone. */
static jailer_code jl_survey_role(const jailer_plan *plan, jailer_policy **out, jailer_error *err) {
  const bool self = plan->engine == JAILER_ENGINE_SELF;
  jailer_role_options options;
  memset(&options, 0, sizeof options);
  options.allow_network = plan->allow_network && !plan->port_count;
  options.allow_tcp = jl_plan_port_kind(plan, false);
  options.allow_udp = jl_plan_port_kind(plan, true);
  options.allow_userns = plan->allow_userns;
  options.allow_exec_memfd = plan->allow_exec_memfd;
  options.allow_pty = plan->allow_pty;
  options.denied = plan->trap_denied ? JAILER_ANSWER_TRAP : 0;
  if (self) options.pid = (uint32_t)jl_sys_call(JL_NR_getpid, 0, 0, 0, 0, 0, 0);
  return jl_policy_from_role(self ? plan->role : JAILER_ROLE_LAUNCH, &options, out, err);
}

static jailer_code jl_survey_filter(jailer_plan *plan, jailer_error *err) {
  jailer_policy *policy = NULL;
  jailer_code code = jl_survey_role(plan, &policy, err);
  if (code == JAILER_OK) code = jl_survey_compile(plan, policy, &plan->filter, &plan->filter_len, err);
  jl_policy_free(policy);
  return code;
}

/* What the launched target may ask of the kernel. */
static jailer_code jl_survey_filters(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  const jailer_code code = jl_survey_filter(plan, err);
  return code ? code : jl_survey_policy(plan, config->policy, err);
}

/* A process that confines itself: no target, no program, no box. */
static jailer_code jl_survey_self(jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  jailer_code code = jl_plan_wants(plan, config, 0, err);
  if (code == JAILER_OK) code = jl_survey_paths(plan, err);
  if (code == JAILER_OK) code = jl_plan_build(plan, &config->limits, err);
  if (code == JAILER_OK && !plan->self_policy) code = jl_survey_role(plan, &plan->own_policy, err);
  if (code) return code;
  if (!plan->self_policy) plan->self_policy = plan->own_policy;
  return jl_survey_compile(plan, plan->self_policy, &plan->filter, &plan->filter_len, err);
}

#elif JL_DARWIN

static jailer_code jl_survey_cgroup(const jailer_plan *plan, jailer_error *err) {
  if (!plan->cgroup) return JAILER_OK;
  return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_CGROUP, "open the cgroup", plan->cgroup, 0,
                 "macOS has no cgroups: leave the field out");
}

static jailer_code jl_survey_self(const jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  (void)plan, (void)config;
  return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_NONE, "confine the process", NULL, 0,
                 "a running process can only be confined on Linux");
}

static jailer_code jl_survey_filters(const jailer_plan *plan, const jailer_config *config, jailer_error *err) {
  (void)plan, (void)config, (void)err; /* the profile is the plan, written when it is needed */
  return JAILER_OK;
}

#endif /* JL_LINUX, JL_DARWIN */

#if JL_EFFECTS

static jailer_code jl_survey_plan(jailer_plan *plan, const jailer_config *config, const jailer_host *host,
                                  jailer_error *err) {
  jailer_code code;
  uint32_t fresh_uid = 0, fresh_gid;
  const char *library_dir = NULL;
  if (host) plan->host = *host;
  else if ((code = jl_probe_host(&plan->host, err))) return code;
  if ((code = jl_plan_config(plan, config, err)) || (code = jl_survey_cgroup(plan, err))) return code;
  if (plan->engine == JAILER_ENGINE_SELF) return jl_survey_self(plan, config, err);
  if ((code = jl_survey_profile(plan, config, err))) return code;
  if (config->layout && (code = jl_survey_box(plan, config, &library_dir, err))) return code;
  if (!config->layout && (code = jl_survey_fresh_id(plan, &fresh_uid, err))) return code;
  fresh_gid = fresh_uid;
  if (plan->box) {
    fresh_uid = plan->box->uid;
    fresh_gid = plan->box->gid;
  }
  if ((code = jl_plan_ids(plan, config, fresh_uid, fresh_gid, err))) return code;
  if ((code = jl_survey_sources(plan, config, err)) || (code = jl_plan_env(plan, config, library_dir, err)))
    return code;
  if ((code = jl_survey_program_wanted(plan, err)) || (code = jl_survey_paths(plan, err)) ||
      (code = jl_survey_program(plan, err)) || (code = jl_survey_all_links(plan, err)))
    return code;
  jl_survey_groups(plan);
  if ((code = jl_plan_build(plan, &config->limits, err))) return code;
  if (plan->engine == JAILER_ENGINE_SEATBELT) return jl_sbpl_finish(plan, err);
  return jl_survey_filters(plan, config, err);
}

#endif /* JL_EFFECTS */

/* ============================================================================================
 * // >>public    the bodies of the public functions, thin
 * May touch: what they need. May call: all rooms above.
 * ============================================================================================ */

JAILER_API const char *jailer_code_name(jailer_code code) {
  return (unsigned)code < JAILER_CODE_COUNT ? jl_tab_codes[code] : "E_UNKNOWN";
}

JAILER_API const char *jailer_layer_name(jailer_layer layer) {
  return (unsigned)layer < JAILER_LAYER_COUNT ? jl_tab_layers[layer] : "unknown";
}

JAILER_API jailer_layer jailer_layer_by_name(const char *name) {
  for (int i = 1; name && i < JAILER_LAYER_COUNT; i++)
    if (jl_streq(name, jl_tab_layers[i])) return (jailer_layer)i;
  return JAILER_LAYER_NONE;
}

JAILER_API const char *jailer_engine_name(jailer_engine engine) {
  static const char *const names[] = {"auto", "native", "none", "self", "seatbelt"};
  return (unsigned)engine < sizeof names / sizeof names[0] ? names[engine] : "unknown";
}

JAILER_API const char *jailer_state_name(jailer_state state) {
  static const char *const names[] = {"not_requested", "applied", "degraded", "unavailable"};
  return (unsigned)state < 4 ? names[state] : "unknown";
}

JAILER_API const char *jailer_port_use_name(jailer_port_use use) {
  return (unsigned)use <= JAILER_BIND_UDP ? jl_tab_ports[use].name : "unknown";
}

JAILER_API size_t jailer_error_text(const jailer_error *error, char *text, size_t size) {
  char line[JAILER_ITEM_MAX + JAILER_TEXT_MAX + 256];
  jl_buf b = jl_buf_fixed(line, sizeof line);
  if (!error || !text || !size) return 0;
  jl_buf_str(&b, jailer_code_name(error->code));
  if (error->layer != JAILER_LAYER_NONE) {
    jl_buf_str(&b, ": ");
    jl_buf_str(&b, jailer_layer_name(error->layer));
  }
  jl_buf_str(&b, ": ");
  jl_buf_str(&b, error->step ? error->step : "nothing failed");
  if (error->item[0]) {
    jl_buf_str(&b, ": ");
    jl_buf_str(&b, error->item);
  }
  if (error->sys_errno) {
    jl_buf_str(&b, ": errno ");
    jl_buf_i64(&b, error->sys_errno);
    const char *name = jl_err_name(error->sys_errno);
    if (name) {
      jl_buf_str(&b, " ");
      jl_buf_str(&b, name);
    }
  }
  if (error->message[0]) {
    jl_buf_str(&b, ": ");
    jl_buf_str(&b, error->message);
  }
  size_t n = b.len < size ? b.len : size - 1;
  memcpy(text, line, n);
  text[n] = 0;
  return n;
}

/* Hands a text to the caller's array, whole or not at all. */
static jailer_code jl_public_text(jl_buf *b, char *text, size_t size, size_t *length, const char *step,
                                  jailer_error *err) {
  jailer_code code = JAILER_OK;
  if (!text) size = 0;
  if (size) text[0] = 0;
  if (length) *length = 0;
  if (b->failed) {
    code = b->no_memory
               ? jl_no_memory(err, step)
               : jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_NONE, step, NULL, 0, "the text is larger than 64 MiB");
  } else {
    if (length) *length = b->len;
    if (b->len < size) memcpy(text, b->data ? b->data : "", b->len + 1);
    else code = jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_NONE, step, NULL, 0, "give an array of *length + 1 bytes");
  }
  jl_buf_free(b);
  return code;
}

/* --- arguments: wrong ones get the same answer where the effects are not built --- */

static jailer_code jl_public_given(const void *argument, const char *name, jailer_error *err) {
  return argument ? JAILER_OK : jl_plan_invalid(err, name, "NULL where this argument is needed");
}

static jailer_code jl_public_running(const jailer_proc *proc, jailer_error *err) {
  return proc && proc->pid > 0 ? JAILER_OK : jl_plan_invalid(err, "proc", "this handle holds no process");
}

static jailer_code jl_public_signal(const jailer_proc *proc, int signal, jailer_error *err) {
  jailer_code code = jl_public_running(proc, err);
  if (code == JAILER_OK && (signal < 0 || signal > (JL_DARWIN ? 31 : 64)))
    code = jl_plan_invalid(err, "signal", JL_DARWIN ? "a signal is 0 to 31" : "a signal is 0 to 64");
  return code;
}

static jailer_code jl_public_room(const char *bytes, size_t size, size_t *length, jailer_error *err) {
  jailer_code code = jl_public_given(length, "length", err);
  if (code == JAILER_OK) *length = 0;
  return code || !size ? code : jl_public_given(bytes, "bytes", err);
}

/* A handle that holds no process, whatever comes after. */
static jailer_code jl_public_handle(jailer_proc *out, jailer_error *err) {
  jailer_code code = jl_public_given(out, "out", err);
  if (code) return code;
  memset(out, 0, sizeof *out);
  out->pidfd = out->init_fd = -1;
  return JAILER_OK;
}

/* --- filters: pure --- */

/* The column of the table; JL_ARCH_COUNT for a machine that is not in it. */
static jl_arch jl_public_arch(jailer_arch arch) {
  if (arch == JAILER_ARCH_NATIVE) return JL_X86_64 ? JL_ARCH_X86_64 : JL_AARCH64 ? JL_ARCH_AARCH64 : JL_ARCH_COUNT;
  return (unsigned)arch < JAILER_ARCH_COUNT ? (jl_arch)(arch - 1) : JL_ARCH_COUNT;
}

JAILER_API const char *jailer_role_name(jailer_role role) {
  return (unsigned)role < JAILER_ROLE_COUNT ? jl_tab_roles[role] : "unknown";
}

JAILER_API jailer_role jailer_role_by_name(const char *name) {
  for (int i = 1; name && i < JAILER_ROLE_COUNT; i++)
    if (jl_streq(jl_tab_roles[i], name)) return (jailer_role)i;
  return JAILER_ROLE_NONE;
}

JAILER_API const char *jailer_policy_name(const jailer_policy *policy) { return policy ? policy->name : "none"; }

JAILER_API const char *jailer_call_name(jailer_arch arch, uint32_t number) {
  const jl_tab_call *call = jl_tab_call_of(jl_public_arch(arch), number);
  return call ? call->name : NULL;
}

JAILER_API int jailer_call_number(jailer_arch arch, const char *name) {
  const jl_arch column = jl_public_arch(arch);
  const jl_tab_call *call = name && column < JL_ARCH_COUNT ? jl_tab_call_named(name, strlen(name)) : NULL;
  return call ? call->number[column] : -1;
}

JAILER_API jailer_code jailer_policy_role(jailer_role role, const jailer_role_options *opt, jailer_policy **out,
                                          jailer_error *err) {
  static const char step[] = "choose a role";
  if (!out) return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step, "out", 0, "NULL where it is needed");
  *out = NULL;
  if (role <= JAILER_ROLE_NONE || role >= JAILER_ROLE_COUNT)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step, "role", 0,
                   "there is no such role: launch, vmm, vcpu and api are there");
  return jl_policy_from_role(role, opt, out, err);
}

JAILER_API jailer_code jailer_policy_rules(const jailer_rules *rules, jailer_policy **out, jailer_error *err) {
  if (out) *out = NULL;
  if (!out || !rules)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, "read a policy", out ? "rules" : "out", 0,
                   "NULL where it is needed");
  return jl_policy_from_rules(rules, out, err);
}

JAILER_API void jailer_policy_free(jailer_policy *policy) { jl_policy_free(policy); }

/* The arguments of what makes a policy from text; *out is NULL from here on. */
static jailer_code jl_public_policy_args(const void *from, const char *name, jailer_arch arch, jailer_policy **out,
                                         jailer_error *err) {
  if (out) *out = NULL;
  if (!out || !from)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, jl_text_step, from ? "out" : name, 0,
                   "NULL where it is needed");
  if (jl_public_arch(arch) < JL_ARCH_COUNT) return JAILER_OK;
  return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SECCOMP, jl_text_step, NULL, 0,
                 "the system calls of this machine are not in the table: x86-64, aarch64 and riscv64 are");
}

JAILER_API jailer_code jailer_policy_parse(const jailer_policy_source *source, jailer_arch arch, jailer_policy **out,
                                           jailer_error *err) {
  jailer_code code = jl_public_policy_args(source, "source", arch, out, err);
  if (code) return code;
  if (source->length && !source->text)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, jl_text_step, "text", 0,
                   "text is NULL and length is not 0");
  if (source->length > JAILER_POLICY_TEXT_MAX)
    return jl_fail(err, JAILER_E_LIMIT, JAILER_LAYER_SECCOMP, jl_text_step, source->name, 0,
                   "a file of a policy has at most 1 MiB");
  return jl_text_parse(source, jl_public_arch(arch), out, err);
}

JAILER_API jailer_code jailer_policy_text(const jailer_policy *policy, jailer_arch arch, char *text, size_t size,
                                          size_t *length, jailer_error *err) {
  static const char step[] = "print a policy";
  const jl_arch column = jl_public_arch(arch);
  if (text && size) text[0] = 0;
  if (length) *length = 0;
  if (!policy)
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step, "policy", 0, "NULL where it is needed");
  if (column >= JL_ARCH_COUNT)
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SECCOMP, step, NULL, 0,
                   "the system calls of this machine are not in the table: x86-64, aarch64 and riscv64 are");
  jl_buf b = jl_buf_heap((size_t)64 << 20);
  jl_text_print(&b, policy, column);
  return jl_public_text(&b, text, size, length, step, err);
}

JAILER_API uint32_t jailer_policy_answer(const jailer_policy *policy, jailer_arch arch, uint32_t number,
                                         const uint64_t args[6]) {
  const jl_arch column = jl_public_arch(arch);
  if (!policy || !args || column >= JL_ARCH_COUNT) return JAILER_ANSWER_KILL_PROCESS;
  if (column == JL_ARCH_X86_64 && jl_policy_is_x32(number)) return jl_policy_x32(policy);
  const jl_tab_call *call = jl_tab_call_of(column, number);
  return jl_policy_ask(call ? jl_policy_of(policy, (size_t)(call - jl_tab_calls)) : &policy->unknown, args);
}

JAILER_API jailer_code jailer_policy_compile(const jailer_policy *policy, const jailer_arch *archs, size_t arch_count,
                                             jailer_insn *out, size_t max, size_t *len, jailer_error *err) {
  static const char step[] = "compile a filter";
  static const jailer_arch native = JAILER_ARCH_NATIVE;
  jl_arch column[JL_ARCH_COUNT];
  if (len) *len = 0;
  if (!policy || !out || !len || (arch_count && !archs))
    return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step,
                   !policy ? "policy"
                   : !out  ? "out"
                           : "len or archs",
                   0, "NULL where it is needed");
  if (arch_count == 0) archs = &native, arch_count = 1;
  for (size_t i = 0; i < arch_count; i++) {
    const jl_arch one = jl_public_arch(archs[i]);
    if (one >= JL_ARCH_COUNT)
      return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SECCOMP, step, NULL, 0,
                     "the system calls of this machine are not in the table: x86-64, aarch64 and riscv64 are");
    for (size_t k = 0; k < i; k++)
      if (column[k] == one)
        return jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_SECCOMP, step, "archs", 0, "a machine is named twice");
    column[i] = one; /* below JL_ARCH_COUNT: a longer list names one twice */
  }
  return JL_COMPILE(policy, column, arch_count, out, max, len, err);
}

/* --- what a jailed program told: pure --- */

JAILER_API bool jailer_denial_last(const char *bytes, size_t length, jailer_denial *out) {
  if (!out) return false;
  return jl_denial_find(bytes, bytes ? length : 0, out);
}

JAILER_API size_t jailer_denial_text(const jailer_denial *denial, char *text, size_t size) {
  char line[1024];
  jl_buf b = jl_buf_fixed(line, sizeof line);
  if (!text || !size) return 0;
  if (denial) jl_denial_say(&b, denial);
  const size_t n = b.len < size ? b.len : size - 1;
  memcpy(text, line, n);
  text[n] = 0;
  return n;
}

#ifndef JAILER_NO_SEATBELT
/* --- profiles: pure --- */

JAILER_API const char *jailer_sbpl_base(void) { return jl_sbpl_base; }

JAILER_API const char *jailer_sbpl_network(void) { return jl_sbpl_network; }

JAILER_API jailer_code jailer_sbpl_plan(const jailer_plan *plan, char *text, size_t size, size_t *length,
                                        jailer_error *err) {
  if (text && size) text[0] = 0;
  if (length) *length = 0;
  jailer_code code = jl_public_given(plan, "plan", err);
  if (code) return code;
  if (!plan->profile) return jl_plan_invalid(err, "plan", "only a plan of the engine seatbelt has a profile");
  jl_buf b = jl_buf_heap((size_t)64 << 20);
  jl_buf_bytes(&b, plan->profile, plan->profile_len);
  return jl_public_text(&b, text, size, length, "print a profile", err);
}

JAILER_API jailer_code jailer_sbpl_text(const jailer_config *config, char *text, size_t size, size_t *length,
                                        jailer_error *err) {
  jailer_plan plan; /* of which only the profile is of use */
  if (text && size) text[0] = 0;
  if (length) *length = 0;
  jailer_code code = jl_public_given(config, "config", err);
  if (code) return code;
  memset(&plan, 0, sizeof plan);
  code = jl_sbpl_as_written(&plan, config, err);
  if (code == JAILER_OK) code = jailer_sbpl_plan(&plan, text, size, length, err);
  jl_arena_free(&plan.arena);
  return code;
}
#endif

static jailer_code jl_public_reporter(const jailer_reporter *reporter, jailer_error *err) {
  return reporter ? JAILER_OK
                  : jl_fail(err, JAILER_E_INVALID, JAILER_LAYER_NONE, "install the reporter", "reporter", 0,
                            "NULL where it is needed");
}

#if JL_EFFECTS

JAILER_API jailer_code jailer_policy_load(const char *path, jailer_arch arch, jailer_policy **out, jailer_error *err) {
  jailer_code code = jl_public_policy_args(path, "path", arch, out, err);
  return code ? code : jl_files_policy_load(path, jl_public_arch(arch), out, err);
}

JAILER_API jailer_code jailer_probe(jailer_host *host, jailer_error *err) {
  jailer_code code = jl_public_given(host, "host", err);
  return code ? code : jl_probe_host(host, err);
}

static const char *const jl_public_access[] = {"ro", "exec", "rw", "dev"};

static void jl_public_node_text(jl_buf *b, const jl_node *node, bool mounted) {
  static const char *const kinds[] = {"dir", "link", "file", "grant", "tmpfs", "proc", "devpts"};
  jl_buf_str(b, kinds[node->kind]);
  jl_buf_str(b, " /");
  jl_buf_escaped(b, node->at, strlen(node->at));
  if (node->kind == JL_LINK || node->kind == JL_TMPFS || node->kind == JL_DEVPTS) {
    jl_buf_str(b, node->kind == JL_LINK ? " -> " : " ");
    jl_buf_escaped(b, node->text, node->text_len);
  }
  if (node->kind == JL_TREE) {
    jl_buf_char(b, ' ');
    jl_buf_str(b, jl_public_access[node->source->access]);
    if (!jl_streq(node->source->resolved, node->source->at)) {
      jl_buf_str(b, " from ");
      jl_buf_escaped(b, node->source->resolved, strlen(node->source->resolved));
    }
    if (mounted) {
      jl_buf_str(b, node->attr & JL_MOUNT_NOEXEC ? " nosuid" : " nosuid exec");
      if (node->attr & JL_MOUNT_NODEV) jl_buf_str(b, " nodev");
      if (node->attr & JL_MOUNT_NOEXEC) jl_buf_str(b, " noexec");
    }
  }
  jl_buf_char(b, '\n');
}

/* Who is launched, and as whom. */
static void jl_public_target_text(jl_buf *b, const jailer_plan *plan) {
  jl_buf_str(b, "\nprogram ");
  jl_buf_escaped(b, plan->program, strlen(plan->program));
  for (size_t i = 0; plan->argv[i]; i++) {
    jl_buf_str(b, "\narg ");
    jl_buf_escaped(b, plan->argv[i], strlen(plan->argv[i]));
  }
  for (size_t i = 0; i < plan->env_count; i++) {
    jl_buf_str(b, "\nenv ");
    jl_buf_escaped(b, plan->envp[i], strlen(plan->envp[i]));
  }
  jl_buf_str(b, "\ncwd ");
  jl_buf_escaped(b, plan->cwd, strlen(plan->cwd));
  if (plan->engine == JAILER_ENGINE_SEATBELT) {
    jl_buf_str(b, plan->own_profile ? "\nprofile the caller's" : "\nprofile written");
    if (plan->allow_network && !plan->own_profile) jl_buf_str(b, "\nnetwork");
  } else {
    jl_buf_str(b, "\nhostname ");
    jl_buf_escaped(b, plan->hostname, strlen(plan->hostname));
  }
  jl_buf_str(b, "\nids ");
  jl_buf_u64(b, plan->inside_uid);
  jl_buf_char(b, ':');
  jl_buf_u64(b, plan->inside_gid);
  jl_buf_str(b, " on the host ");
  jl_buf_u64(b, plan->host_uid);
  jl_buf_char(b, ':');
  jl_buf_u64(b, plan->host_gid);
  jl_buf_char(b, '\n');
  if (plan->cgroup) {
    jl_buf_str(b, "cgroup ");
    jl_buf_escaped(b, plan->cgroup, strlen(plan->cgroup));
    jl_buf_char(b, '\n');
  }
}

/* The layers, and what is said about them. */
static void jl_public_layers_text(jl_buf *b, const jailer_plan *plan) {
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    if (!(plan->layers & JAILER_BIT(i))) continue;
    jl_buf_str(b, plan->may_degrade & JAILER_BIT(i) ? "layer? " : "layer ");
    jl_buf_str(b, jl_tab_layers[i]);
    jl_buf_char(b, '\n');
  }
  for (size_t i = 0; i < plan->port_count; i++) {
    jl_buf_str(b, "port ");
    jl_buf_str(b, jl_tab_ports[plan->ports[i].use].name);
    jl_buf_char(b, ' ');
    jl_buf_u64(b, plan->ports[i].port);
    jl_buf_char(b, '\n');
  }
  if (plan->log_denials) jl_buf_str(b, "denials logged\n");
  if (plan->trap_denied) jl_buf_str(b, "denied SIGSYS\n");
  if (plan->policy) {
    jl_buf_str(b, "policy ");
    jl_buf_escaped(b, plan->policy_name, strlen(plan->policy_name));
    jl_buf_char(b, '\n');
  }
}

/* What a running process will be held to beside grants, ports and descriptors. */
static void jl_public_self_text(jl_buf *b, const jailer_plan *plan) {
  jl_buf_str(b, "\npolicy ");
  jl_buf_escaped(b, plan->self_policy->name, strlen(plan->self_policy->name));
  jl_buf_str(b, plan->allow_unconfined_threads ? "\nthreads the calling one\nlimit nofile "
                                               : "\nthreads all\nlimit nofile ");
  jl_buf_u64(b, plan->nofile);
  if (plan->fsize != UINT64_MAX) {
    jl_buf_str(b, "\nlimit fsize ");
    jl_buf_u64(b, plan->fsize);
  }
  jl_buf_char(b, '\n');
}

JAILER_API jailer_code jailer_plan_text(const jailer_plan *plan, char *text, size_t size, size_t *length,
                                        jailer_error *err) {
  jailer_code code = jl_public_given(plan, "plan", err);
  if (code) return code;
  jl_buf b = jl_buf_heap((size_t)64 << 20);
  jl_buf_str(&b, "engine ");
  jl_buf_str(&b, jailer_engine_name(plan->engine));
  if (plan->engine == JAILER_ENGINE_SELF) jl_public_self_text(&b, plan);
  else jl_public_target_text(&b, plan);
  jl_public_layers_text(&b, plan);
  for (size_t i = 0; i < plan->fd_count; i++) {
    jl_buf_str(&b, "fd ");
    jl_buf_i64(&b, plan->fds[i].to);
    jl_buf_str(&b, " from ");
    if (plan->fds[i].from < 0) jl_buf_str(&b, "/dev/null");
    else jl_buf_i64(&b, plan->fds[i].from);
    jl_buf_char(&b, '\n');
  }
  for (size_t i = 0; i < plan->nodes.count; i++)
    jl_public_node_text(&b, &plan->nodes.item[i], plan->engine != JAILER_ENGINE_SEATBELT);
  return jl_public_text(&b, text, size, length, "print the plan", err);
}

JAILER_API void jailer_plan_free(jailer_plan *plan) {
  if (!plan) return;
  for (size_t i = 0; i < plan->source_count; i++) jl_parent_close(&plan->sources[i].fd);
  jl_parent_close(&plan->cgroup_fd);
  if (plan->box) {
    jl_proc_pid_stale(plan->box, NULL); /* nobody to tell: the next launch meets it again, and says so */
    jl_files_box_close(plan->box);
  }
  JAILER_FREE(plan->box);
  jl_policy_free(plan->own_policy);
  jl_arena_free(&plan->arena);
  JAILER_FREE(plan);
}

JAILER_API jailer_code jailer_plan_new(const jailer_config *config, const jailer_host *host, jailer_plan **out,
                                       jailer_error *err) {
  jailer_code code = jl_public_given(out, "out", err);
  if (code) return code;
  *out = NULL;
  if ((code = jl_public_given(config, "config", err))) return code;
  jailer_plan *plan = JAILER_MALLOC(sizeof *plan);
  if (!plan) return jl_no_memory(err, "make a plan");
  memset(plan, 0, sizeof *plan);
  plan->cgroup_fd = -1;
  int held[3];
  jl_parent_hold(held);
  code = jl_survey_plan(plan, config, host, err);
  jl_parent_unhold(held);
  if (code) {
    jailer_plan_free(plan);
    return code;
  }
  *out = plan;
  return JAILER_OK;
}

#ifndef JAILER_NO_QCOW2
JAILER_API jailer_code jailer_box_record(const jailer_config *config, jailer_error *err) {
  jailer_plan plan; /* only as the owner of an arena and a box */
  jl_box box = jl_files_box_none();
  jailer_code code = jl_public_given(config, "config", err);
  if (code) return code;
  memset(&plan, 0, sizeof plan);
  plan.box = &box;
  code = jl_plan_formats(config, err);
  if (code == JAILER_OK) code = jl_files_box_open(config->layout, 0, &box, err);
  for (int i = 0; i < 2 && code == JAILER_OK; i++) {
    jailer_chain *chain = NULL;
    code = jl_survey_chain(&plan, config, i, NULL, &chain, err);
    if (chain) code = jl_chain_record_set(box.dir_fd, "record", jl_survey_disks[i].name, chain, err);
    jailer_chain_free(chain);
  }
  jl_files_box_close(&box);
  jl_arena_free(&plan.arena);
  return code;
}
#endif

/* --- running it --- */

/* The plan holds the box's lock against other processes and other plans; within one plan a flag does: between the
   look at the pid file and the own one there is room for a second thread, and then two VMMs would have one disk. */
static jailer_code jl_public_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err) {
  jailer_error own;
  if (!err) err = &own;
  if (!plan->box) return JL_SPAWN(plan, out, err);
  if (__atomic_exchange_n(&plan->box->launching, 1u, __ATOMIC_ACQUIRE))
    return jl_files_fail(plan->box, JAILER_E_BUSY, "launch the box", NULL, 0, "another thread is launching it", err);
  jailer_code code = JAILER_OK;
  if (!(out->box = JAILER_MALLOC(sizeof *out->box))) code = jl_no_memory(err, "launch a box");
  if (code == JAILER_OK) {
    *out->box = plan->box->layout;
    code = JL_SPAWN(plan, out, err);
  }
  if (code) {
    JAILER_FREE(out->box);
    out->box = NULL;
  }
  __atomic_store_n(&plan->box->launching, 0u, __ATOMIC_RELEASE);
  return code;
}

JAILER_API jailer_code jailer_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err) {
  jailer_code code = jl_public_handle(out, err);
  if (code || (code = jl_public_given(plan, "plan", err))) return code;
  if (plan->engine == JAILER_ENGINE_SELF)
    return jl_plan_invalid(err, "engine", "there is nothing to launch: the engine self is for jailer_confine_self");
  if (plan->engine == JAILER_ENGINE_SEATBELT && !JL_DARWIN)
    return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_SEATBELT, "launch", "engine", 0,
                   "a plan for macOS can be printed here, and launched there: on Linux choose the engine native");
  int held[3];
  jl_parent_hold(held);
  code = jl_public_spawn(plan, out, err);
  jl_parent_unhold(held);
  return code;
}

JAILER_API jailer_code jailer_launch(const jailer_config *config, jailer_proc *out, jailer_error *err) {
  jailer_plan *plan;
  jailer_code code = jl_public_handle(out, err);
  if (code || (code = jailer_plan_new(config, NULL, &plan, err))) return code;
  code = jailer_spawn(plan, out, err);
  jailer_plan_free(plan);
  return code;
}

JAILER_API void jailer_release(jailer_proc *proc) {
  if (!proc || proc->pid <= 0) return;
  jl_proc_settle(proc, 0);
  jl_parent_close(&proc->pidfd);
  jl_parent_close(&proc->init_fd);
  JAILER_FREE(proc->box);
  proc->box = NULL;
  proc->pid = 0;
}

JAILER_API jailer_code jailer_wait(jailer_proc *proc, int timeout_ms, jailer_status *status, jailer_error *err) {
  jailer_status own;
  jailer_code code = jl_public_running(proc, err);
  if (code) return code;
  if (!status) status = &own;
  memset(status, 0, sizeof *status);
  long r = jl_proc_wait_end(proc, timeout_ms);
  if (r == -ETIMEDOUT)
    return jl_fail(err, JAILER_E_TIMEOUT, JAILER_LAYER_NONE, "wait for the target", NULL, ETIMEDOUT, "it still runs");
  if (r < 0)
    return jl_parent_system(err, JAILER_LAYER_NONE, "wait for the target", NULL, r, "ppoll(2) or waitid(2) failed");
  jl_proc_settle(proc, JL_PROC_ENDED);
  r = jl_proc_take(proc, status);
  if (r < 0 && r != -ECHILD) jl_proc_unsettle(proc);
  if (r < 0 && r != -ECHILD)
    return jl_parent_system(err, JAILER_LAYER_NONE, "wait for the target", NULL, r, "waitid(2) failed");
  if (r == 0 && !status->exited && status->signal == JL_SIGKILL && proc->asked_signal)
    status->signal = proc->asked_signal;
  if (proc->box && r == 0) jl_proc_told(proc->box, status);
  code = proc->box ? jl_proc_box_ended(proc->box, err) : JAILER_OK;
  jailer_release(proc);
  if (r == 0) return code;
  return jl_fail(err, JAILER_E_STATUS_LOST, JAILER_LAYER_NONE, "wait for the target", NULL, ECHILD,
                 "it has ended, but its status is gone: the launcher ignores SIGCHLD, or another wait took it");
}

JAILER_API jailer_code jailer_kill(jailer_proc *proc, int signal, jailer_error *err) {
  bool ended = false;
  const bool entered = proc && jl_proc_enter(proc, &ended);
  if (ended) return JAILER_OK;
  if (!entered) return jl_public_running(NULL, err); /* let go of, or about to be: pid and pidfd are not ours to read */
  jailer_code code = jl_public_signal(proc, signal, err);
  if (code) {
    jl_proc_leave(proc);
    return code;
  }
  const long r = jl_proc_send(proc, signal);
  jl_proc_leave(proc);
  if (r == -ESRCH || r == 0) return JAILER_OK;
  return jl_parent_system(err, JAILER_LAYER_NONE, "send a signal", NULL, r, "kill(2) or pidfd_send_signal(2) failed");
}

JAILER_API jailer_code jailer_report_read(const jailer_proc *proc, jailer_report *out, jailer_error *err) {
  jailer_code code = jl_public_given(proc, "proc", err);
  if (code || (code = jl_public_given(out, "out", err))) return code;
  memset(out, 0, sizeof *out);
  jl_report_known(out, proc);
  if (proc->pid <= 0) return JAILER_OK;
  jailer_layer wrong = JAILER_LAYER_NONE;
  if (!jl_report_live(out, proc, &wrong)) { /* it has ended: nothing to read, or of another process */
    memset(out, 0, sizeof *out);
    jl_report_known(out, proc);
    return JAILER_OK;
  }
  if (wrong == JAILER_LAYER_NONE) return JAILER_OK;
  return jl_fail(err, JAILER_E_READBACK, wrong, "read the report", jl_tab_layers[wrong], 0,
                 "the kernel's account of the running target disagrees with the launch: end it");
}

JAILER_API jailer_code jailer_box_exit(const jailer_layout *layout, char *bytes, size_t size, size_t *length,
                                       jailer_error *err) {
  jl_box box;
  jailer_code code = jl_public_room(bytes, size, length, err);
  if (code || (code = jl_files_box_open(layout, JL_BOX_HELD, &box, err))) return code;
  code = jl_files_exit_read(&box, bytes, size, length, err);
  jl_files_box_close(&box);
  return code;
}

#endif /* JL_EFFECTS */

/* --- a process that confines itself, or tells of its end: Linux --- */

#if JL_LINUX

JAILER_API jailer_code jailer_seccomp_apply(const jailer_policy *policy, bool all_threads, bool *verified,
                                            jailer_error *err) {
  bool told = false;
  jailer_code code = jl_public_given(policy, "policy", err);
  if (code == JAILER_OK) code = jl_confine_seccomp(policy, all_threads, &told, err);
  if (verified) *verified = told;
  return code;
}

JAILER_API jailer_code jailer_reporter_install(jailer_reporter *reporter, jailer_error *err) {
  const jailer_code code = jl_public_reporter(reporter, err);
  return code ? code : jl_reporter_start(reporter, err);
}

JAILER_API jailer_code jailer_reporter_thread(void *memory, size_t size, jailer_error *err) {
  return jl_reporter_stack(memory, size, err);
}

JAILER_API jailer_code jailer_confine_self(const jailer_config *config, jailer_report *report, jailer_error *err) {
  jailer_plan *plan = NULL;
  jailer_error failed;
  jl_confine c;
  jailer_code code = jl_public_given(config, "config", &failed);
  if (code == JAILER_OK && config->engine != JAILER_ENGINE_AUTO && config->engine != JAILER_ENGINE_SELF)
    code = jl_plan_invalid(&failed, "engine", "a running process is confined by the engine self, or auto");
  if (code == JAILER_OK) {
    jailer_config self = *config;
    self.engine = JAILER_ENGINE_SELF;
    code = jailer_plan_new(&self, NULL, &plan, &failed);
  }
  jl_confine_init(&c, plan, &failed);
  if (code == JAILER_OK) code = jl_confine_ready(&c);
  jailer_plan_free(plan); /* here: afterwards the filter may not let memory be given back */
  if (code == JAILER_OK) code = jl_confine_apply(&c);
  jl_confine_end(&c, code);
  if (report) jl_confine_report(&c, code, report);
  if (code && err) *err = failed;
  return code;
}

#else

static jailer_code jl_public_nowhere(jailer_error *err, const char *step) {
  return jl_fail(err, JAILER_E_UNSUPPORTED, JAILER_LAYER_NONE, step, NULL, 0,
                 JL_DARWIN ? "macOS has no such thing; it exists on Linux, x86-64 and aarch64"
                           : "this build has no effects: they exist on Linux, x86-64 and aarch64, and on macOS");
}

JAILER_API jailer_code jailer_reporter_install(jailer_reporter *reporter, jailer_error *err) {
  const jailer_code code = jl_public_reporter(reporter, err);
  return code ? code : jl_public_nowhere(err, "install the reporter");
}

JAILER_API jailer_code jailer_reporter_thread(void *memory, size_t size, jailer_error *err) {
  (void)memory, (void)size;
  return jl_public_nowhere(err, "give a thread an alternate stack");
}

JAILER_API jailer_code jailer_seccomp_apply(const jailer_policy *policy, bool all_threads, bool *verified,
                                            jailer_error *err) {
  (void)all_threads;
  if (verified) *verified = false;
  jailer_code code = jl_public_given(policy, "policy", err);
  return code ? code : jl_public_nowhere(err, "install a filter");
}

JAILER_API jailer_code jailer_confine_self(const jailer_config *config, jailer_report *report, jailer_error *err) {
  jailer_error failed;
  jailer_code code = jl_public_given(config, "config", &failed);
  if (code == JAILER_OK) code = jl_public_nowhere(&failed, "confine the process");
  if (report) {
    memset(report, 0, sizeof *report);
    report->error = failed;
  }
  if (err) *err = failed;
  return code;
}

#endif /* JL_LINUX */

#if !JL_EFFECTS /* everything pure works, everything else says so */

JAILER_API jailer_code jailer_policy_load(const char *path, jailer_arch arch, jailer_policy **out, jailer_error *err) {
  jailer_code code =
      jl_public_policy_args(path, "path", arch == JAILER_ARCH_NATIVE ? JAILER_ARCH_X86_64 : arch, out, err);
  return code ? code : jl_public_nowhere(err, "read a policy");
}

JAILER_API jailer_code jailer_probe(jailer_host *host, jailer_error *err) {
  jailer_code code = jl_public_given(host, "host", err);
  if (code) return code;
  memset(host, 0, sizeof *host);
  return jl_public_nowhere(err, "probe the host");
}

JAILER_API jailer_code jailer_layout_prepare(const jailer_layout *layout, uint32_t uid, uint32_t gid,
                                             jailer_error *err) {
  (void)uid, (void)gid;
  jailer_code code = jl_layout_check(layout, err);
  return code ? code : jl_public_nowhere(err, "prepare a box");
}

JAILER_API jailer_code jailer_layout_remove(const jailer_layout *layout, jailer_error *err) {
  jailer_code code = jl_layout_check(layout, err);
  return code ? code : jl_public_nowhere(err, "remove a box");
}

JAILER_API jailer_code jailer_box_exit(const jailer_layout *layout, char *bytes, size_t size, size_t *length,
                                       jailer_error *err) {
  jailer_code code = jl_public_room(bytes, size, length, err);
  if (code || (code = jl_layout_check(layout, err))) return code;
  return jl_public_nowhere(err, "read the exit file");
}

#ifndef JAILER_NO_QCOW2
JAILER_API jailer_code jailer_box_record(const jailer_config *config, jailer_error *err) {
  jailer_code code = jl_public_given(config, "config", err);
  if (code || (code = jl_layout_check(config->layout, err))) return code;
  return jl_public_nowhere(err, "record a box's disks");
}

JAILER_API jailer_code jailer_qcow2_read_fd(int fd, jailer_qcow2 *out, jailer_error *err) {
  (void)fd;
  if (!out) return jailer_qcow2_parse(NULL, 0, 0, NULL, err);
  memset(out, 0, sizeof *out);
  return jl_public_nowhere(err, "read an image header");
}

JAILER_API jailer_code jailer_chain_walk(const char *path, jailer_format format, const jailer_chain_policy *policy,
                                         jailer_chain **out, jailer_error *err) {
  (void)policy;
  if (out) *out = NULL;
  jailer_code code = jl_qcow2_walk_args(path, format, out, err);
  return code ? code : jl_public_nowhere(err, "walk a backing chain");
}

JAILER_API void jailer_chain_free(jailer_chain *chain) { (void)chain; }
#endif

JAILER_API jailer_code jailer_plan_new(const jailer_config *config, const jailer_host *host, jailer_plan **out,
                                       jailer_error *err) {
  (void)host;
  jailer_code code = jl_public_given(out, "out", err);
  if (code) return code;
  *out = NULL;
  code = jl_public_given(config, "config", err);
  return code ? code : jl_public_nowhere(err, "make a plan");
}

JAILER_API void jailer_plan_free(jailer_plan *plan) { (void)plan; }

JAILER_API jailer_code jailer_plan_text(const jailer_plan *plan, char *text, size_t size, size_t *length,
                                        jailer_error *err) {
  (void)text, (void)size, (void)length;
  jailer_code code = jl_public_given(plan, "plan", err);
  return code ? code : jl_public_nowhere(err, "print a plan");
}

JAILER_API jailer_code jailer_spawn(const jailer_plan *plan, jailer_proc *out, jailer_error *err) {
  jailer_code code = jl_public_handle(out, err);
  if (code || (code = jl_public_given(plan, "plan", err))) return code;
  return jl_public_nowhere(err, "launch");
}

JAILER_API jailer_code jailer_launch(const jailer_config *config, jailer_proc *out, jailer_error *err) {
  jailer_plan *plan;
  jailer_code code = jl_public_handle(out, err);
  return code ? code : jailer_plan_new(config, NULL, &plan, err);
}

JAILER_API jailer_code jailer_wait(jailer_proc *proc, int timeout_ms, jailer_status *status, jailer_error *err) {
  (void)timeout_ms, (void)status;
  jailer_code code = jl_public_running(proc, err);
  return code ? code : jl_public_nowhere(err, "wait");
}

JAILER_API jailer_code jailer_kill(jailer_proc *proc, int signal, jailer_error *err) {
  jailer_code code = jl_public_signal(proc, signal, err);
  return code ? code : jl_public_nowhere(err, "kill");
}

JAILER_API void jailer_release(jailer_proc *proc) { (void)proc; }

JAILER_API jailer_code jailer_report_read(const jailer_proc *proc, jailer_report *out, jailer_error *err) {
  jailer_code code = jl_public_given(proc, "proc", err);
  if (code || (code = jl_public_given(out, "out", err))) return code;
  memset(out, 0, sizeof *out);
  return jl_public_nowhere(err, "read the report");
}

#endif /* JL_EFFECTS */

JAILER_API jailer_code jailer_report_refused(const jailer_error *error, jailer_report *out) {
  if (out) memset(out, 0, sizeof *out);
  if (!error || !out || error->code == JAILER_OK) return JAILER_E_INVALID;
  out->error = *error;
  if (error->layer == JAILER_LAYER_NONE || (unsigned)error->layer >= JAILER_LAYER_COUNT) return JAILER_OK;
  out->layer[error->layer].state = JAILER_UNAVAILABLE;
  jl_copy(out->layer[error->layer].detail, JAILER_DETAIL_MAX, error->step ? error->step : "");
  return JAILER_OK;
}

/* A string of a report. The caller's may have come from anywhere: the array's last byte ends it. */
static void jl_public_json_array(jl_buf *b, const char *text, size_t size) {
  char copy[JAILER_TEXT_MAX];
  if (size > sizeof copy) size = sizeof copy;
  memcpy(copy, text, size);
  copy[size - 1] = 0;
  jl_buf_json(b, copy);
}

static void jl_public_json_error(jl_buf *b, const jailer_error *error) {
  jl_buf_str(b, ", \"error\": {\"code\": \"");
  jl_buf_str(b, jailer_code_name(error->code));
  jl_buf_str(b, "\", \"layer\": \"");
  jl_buf_str(b, jailer_layer_name(error->layer));
  jl_buf_str(b, "\",\n  \"step\": ");
  jl_buf_json(b, error->step ? error->step : "");
  jl_buf_str(b, ", \"item\": ");
  jl_public_json_array(b, error->item, sizeof error->item);
  jl_buf_str(b, ", \"errno\": ");
  jl_buf_i64(b, error->sys_errno);
  jl_buf_str(b, ",\n  \"message\": ");
  jl_public_json_array(b, error->message, sizeof error->message);
  jl_buf_char(b, '}');
}

JAILER_API jailer_code jailer_report_json(const jailer_report *report, char *text, size_t size, size_t *length,
                                          jailer_error *err) {
  jailer_code code = jl_public_given(report, "report", err);
  if (code) return code;
  jl_buf b = jl_buf_heap(65536);
  jl_buf_str(&b, "{\"jailer\": \"" JAILER_VERSION "\", \"engine\": \"");
  jl_buf_str(&b, jailer_engine_name(report->engine));
  jl_buf_str(&b, "\", \"pid\": ");
  jl_buf_i64(&b, report->pid);
  jl_buf_str(&b, ", \"uid\": ");
  jl_buf_u64(&b, report->uid);
  jl_buf_str(&b, ", \"gid\": ");
  jl_buf_u64(&b, report->gid);
  jl_buf_str(&b, ", \"landlock_abi\": ");
  jl_buf_u64(&b, report->landlock_abi);
  if (report->error.code != JAILER_OK) jl_public_json_error(&b, &report->error);
  jl_buf_str(&b, ", \"layers\": {");
  for (int i = 1; i < JAILER_LAYER_COUNT; i++) {
    jl_buf_str(&b, i > 1 ? ",\n  \"" : "\n  \"");
    jl_buf_str(&b, jl_tab_layers[i]);
    jl_buf_str(&b, "\": {\"state\": \"");
    jl_buf_str(&b, jailer_state_name(report->layer[i].state));
    jl_buf_str(&b, "\", \"verified\": ");
    jl_buf_str(&b, report->layer[i].verified ? "true" : "false");
    jl_buf_str(&b, ", \"detail\": ");
    jl_public_json_array(&b, report->layer[i].detail, JAILER_DETAIL_MAX);
    jl_buf_char(&b, '}');
  }
  jl_buf_str(&b, "\n}}\n");
  return jl_public_text(&b, text, size, length, "print the report", err);
}

#endif /* JAILER_IMPLEMENTATION_ONCE */
#endif /* JAILER_IMPLEMENTATION */

/* ============================================================================================
 * // >>history
 * 0.1.0  first version: native engine, boxes, qcow2 chains; filters as roles, data and text, Landlock to ABI 11,
 *        processes that confine themselves, denials that are told.
 *
 * MIT License. Copyright (c) 2026 the jailer.h authors. The text is in the file LICENSE of the repository: Permission
 * is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation
 * files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use,
 * copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to
 * whom the Software is furnished to do so, subject to the following conditions: The above copyright notice and this
 * permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS PROVIDED
 * "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
 * MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
 * HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
 * ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
 * ============================================================================================ */
