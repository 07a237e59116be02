/* <sys/acl.h> of the emulation: see ../../darwin.h. */
#ifndef DARWIN_SYS_ACL_H
#define DARWIN_SYS_ACL_H
#include <stdint.h>

enum {
  ACL_READ_DATA = 1 << 1,
  ACL_WRITE_DATA = 1 << 2,
  ACL_DELETE = 1 << 4,
  ACL_APPEND_DATA = 1 << 5,
  ACL_DELETE_CHILD = 1 << 6,
  ACL_WRITE_ATTRIBUTES = 1 << 8,
  ACL_WRITE_SECURITY = 1 << 12,
  ACL_CHANGE_OWNER = 1 << 13
};
typedef enum { ACL_UNDEFINED_TAG = 0, ACL_EXTENDED_ALLOW = 1, ACL_EXTENDED_DENY = 2 } acl_tag_t;
typedef enum { ACL_TYPE_EXTENDED = 0x100 } acl_type_t;
typedef enum { ACL_FIRST_ENTRY = 0, ACL_NEXT_ENTRY = -1 } acl_entry_id_t;
typedef struct _acl *acl_t;
typedef struct _acl_entry *acl_entry_t;
typedef uint64_t acl_permset_mask_t;

acl_t acl_get_fd_np(int fd, acl_type_t type);
int acl_get_entry(acl_t acl, int which, acl_entry_t *entry);
int acl_get_tag_type(acl_entry_t entry, acl_tag_t *tag);
int acl_get_permset_mask_np(acl_entry_t entry, acl_permset_mask_t *mask);
int acl_free(void *acl);
#endif
