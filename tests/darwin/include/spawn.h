/* <spawn.h> of the emulation: see ../darwin.h. Not Linux's, whose objects and flags are others: so the functions have
 * names of their own behind Darwin's. */
#ifndef DARWIN_SPAWN_H
#define DARWIN_SPAWN_H
#include <signal.h>
#include <sys/types.h>

#define POSIX_SPAWN_RESETIDS 0x0001
#define POSIX_SPAWN_SETPGROUP 0x0002
#define POSIX_SPAWN_SETSIGDEF 0x0004
#define POSIX_SPAWN_SETSIGMASK 0x0008
#define POSIX_SPAWN_SETEXEC 0x0040
#define POSIX_SPAWN_START_SUSPENDED 0x0080
#define POSIX_SPAWN_SETSID 0x0400
#define POSIX_SPAWN_CLOEXEC_DEFAULT 0x4000

#define posix_spawnattr_t darwin_spawnattr
#define posix_spawn_file_actions_t darwin_spawn_actions
#define posix_spawn darwin_spawn
#define posix_spawnattr_init darwin_spawnattr_init
#define posix_spawnattr_destroy darwin_spawnattr_destroy
#define posix_spawnattr_setflags darwin_spawnattr_setflags
#define posix_spawnattr_setsigdefault darwin_spawnattr_setsigdefault
#define posix_spawnattr_setsigmask darwin_spawnattr_setsigmask
#define posix_spawn_file_actions_init darwin_spawn_actions_init
#define posix_spawn_file_actions_destroy darwin_spawn_actions_destroy
#define posix_spawn_file_actions_addclose darwin_spawn_actions_addclose
#define posix_spawn_file_actions_adddup2 darwin_spawn_actions_adddup2
#define posix_spawn_file_actions_addinherit_np darwin_spawn_actions_addinherit
#define posix_spawn_file_actions_addopen darwin_spawn_actions_addopen
#define posix_spawn_file_actions_addchdir_np darwin_spawn_actions_addchdir
#define posix_spawn_file_actions_addfchdir_np darwin_spawn_actions_addfchdir

typedef void *posix_spawnattr_t;
typedef void *posix_spawn_file_actions_t;

/* All answer an errno number; 0 is success. */
int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]);
int posix_spawnattr_init(posix_spawnattr_t *attributes);
int posix_spawnattr_destroy(posix_spawnattr_t *attributes);
int posix_spawnattr_setflags(posix_spawnattr_t *attributes, short flags);
int posix_spawnattr_setsigdefault(posix_spawnattr_t *attributes, const sigset_t *set);
int posix_spawnattr_setsigmask(posix_spawnattr_t *attributes, const sigset_t *set);
int posix_spawn_file_actions_init(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t *actions);
int posix_spawn_file_actions_addclose(posix_spawn_file_actions_t *actions, int fd);
int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t *actions, int from, int to);
int posix_spawn_file_actions_addinherit_np(posix_spawn_file_actions_t *actions, int fd);
int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t *actions, int fd, const char *path, int flags,
                                     mode_t mode);
int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t *actions, const char *path);
int posix_spawn_file_actions_addfchdir_np(posix_spawn_file_actions_t *actions, int fd);
#endif
