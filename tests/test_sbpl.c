/* test_sbpl: the profiles that are written for macOS, by what they say and not by their text: row by row what the native
 * engine lets through on Linux for the same configuration, what must never be allowed, paths that try to be more than a
 * path, thousands of random ones, the same conflicts, and what test_macos tries on a Mac. tests/sbpl/eval.scm says what a profile says; it is tested in
 * test_sbpl_eval. JAILER_SEED=N for other random grants, JAILER_WRITE_GOLDENS=1 to write tests/data/sbpl anew. */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"
#include "macos_rows.h"
#include "seatbelt.h"

enum { PROFILE_MAX = 1 << 20 };

static char profile[PROFILE_MAX], plain[PROFILE_MAX];
static size_t profile_size, plain_size;
static jailer_error err;

/* What a launch on macOS has to say beside what it says on Linux: nothing there ends a target with its launcher. */
static jailer_config on_macos(const jailer_config *config) {
  jailer_config c = *config;
  static const char *const argv[] = {"probe_box", NULL};
  c.engine = JAILER_ENGINE_SEATBELT;
  c.outlive_launcher = true;
  if (!c.argv) c.argv = argv;
  return c;
}

/* The profile of a plan, into `profile`. */
static jailer_code plan_profile(const jailer_config *config) {
  const jailer_config c = on_macos(config);
  jailer_plan *plan = NULL;
  profile_size = 0;
  memset(&err, 0, sizeof err);
  jailer_code code = jailer_plan_new(&c, NULL, &plan, &err);
  if (code == JAILER_OK) code = jailer_sbpl_plan(plan, profile, sizeof profile, &profile_size, &err);
  jailer_plan_free(plan);
  return code;
}

/* The profile of a configuration as it is written. */
static jailer_code text_profile(const jailer_config *config) {
  const jailer_config c = on_macos(config);
  profile_size = 0;
  memset(&err, 0, sizeof err);
  return jailer_sbpl_text(&c, profile, sizeof profile, &profile_size, &err);
}

static jailer_config with_grants(const jailer_grant *grants, size_t count) {
  jailer_config c;
  memset(&c, 0, sizeof c);
  c.grants = grants;
  c.grant_count = count;
  return c;
}

/* What the kernel of a Mac calls a path of this machine: its directory resolved, and what is a link on every Mac. */
static const char *kernel_path(const char *path) {
  static char out[2 * JAILER_PATH_MAX];
  static const char *const links[] = {"/tmp", "/var", "/etc"};
  char dir[JAILER_PATH_MAX], real[JAILER_PATH_MAX];
  snprintf(dir, sizeof dir, "%s", path);
  char *slash = strrchr(dir, '/');
  const char *base = path + (slash - dir);
  if (slash > dir) *slash = 0;
  else strcpy(dir, "/");
  if (!realpath(dir, real)) snprintf(real, sizeof real, "%s", dir);
  if (!strcmp(real, "/")) real[0] = 0;
  const char *private = "";
  for (size_t i = 0; i < BOX_COUNT(links); i++) {
    const size_t n = strlen(links[i]);
    if (!strncmp(real, links[i], n) && (!real[n] || real[n] == '/')) private = "/private";
  }
  snprintf(out, sizeof out, "%s%s%s", private, real, base);
  return out;
}

/* --- what no profile allows --------------------------------------------------------------------------------------- */

/* Asked of every kind of profile. A subject "" is none. */
static const struct {
  const char *op, *about;
} never[] = {
    /* other processes */
    {"signal", "others"}, {"signal", "initproc"}, {"signal", "pgrp"}, {"signal", "children"},
    {"process-info-pidinfo", "others"}, {"process-info-pidfdinfo", "others"}, {"process-info-pidfileportinfo", "others"},
    {"process-info-rusage", "others"}, {"process-info-setcontrol", "others"}, {"process-info-dirtycontrol", "others"},
    {"process-info-ledger", "others"}, {"process-info-codesignature", "others"}, {"process-info-listpids", "others"},
    {"process-codesigning-status-get", "others"}, {"process-codesigning-status-set", "self"}, {"process-codesigning-status-set", "others"},
    {"mach-priv-task-port", "others"}, {"mach-priv-task-port", "self"}, {"mach-task-name", "others"}, {"mach-task-read", "others"},
    {"mach-task-inspect", "others"}, {"mach-task-special-port-set", ""}, {"mach-priv-host-port", ""}, {"mach-host-special-port-set", ""},
    {"mach-host-exception-port-set", ""}, {"system-debug", "others"}, {"system-sched", "others"},
    {"sysctl-read", "kern.procargs"}, {"sysctl-read", "kern.procargs2"}, {"sysctl-read", "kern.proc.all"}, {"sysctl-read", "kern.proc.pid.1"},
    {"sysctl-read", "kern.bootargs"}, {"sysctl-read", "kern.corefile"}, {"sysctl-read", "net.inet.tcp.pcblist_n"}, {"sysctl-read", "x"},
    {"sysctl-write", "hw.ncpu"}, {"sysctl-write", "kern.hostname"}, {"sysctl-write", "x"},
    {"ipc-sysv-msg", ""}, {"ipc-sysv-sem", ""}, {"ipc-sysv-shm", ""}, {"ipc-posix-sem-create", "x"}, {"ipc-posix-sem-open", "x"},
    {"ipc-posix-sem-post", "x"}, {"ipc-posix-shm-write-create", "x"}, {"ipc-posix-shm-write-data", "x"}, {"ipc-posix-shm-read-data", "x"},
    {"ipc-posix-shm-write-data", "apple.shm.notification_center"}, {"ipc-posix-shm-write-unlink", "apple.shm.notification_center"},
    {"ipc-posix-shm-read-data", "apple.cfprefs.501v1"},
    /* programs started by somebody else */
    {"lsopen", ""}, {"job-creation", ""}, {"appleevent-send", "com.apple.Terminal"}, {"authorization-right-obtain", "system.privilege.admin"},
    {"mach-lookup", "com.apple.coreservices.launchservicesd"}, {"mach-lookup", "com.apple.coreservices.appleevents"},
    {"mach-lookup", "com.apple.CoreServices.coreservicesd"}, {"mach-lookup", "com.apple.lsd.mapdb"}, {"mach-lookup", "com.apple.lsd.open"},
    {"mach-lookup", "com.apple.xpc.launchd.domain.user.501"}, {"mach-lookup", "com.apple.distributed_notifications@Uv3"},
    {"mach-lookup", "com.apple.pasteboard.1"}, {"mach-lookup", "com.apple.windowserver.active"}, {"mach-lookup", "com.apple.securityd"},
    {"mach-lookup", "com.apple.SecurityServer"}, {"mach-lookup", "com.apple.secd"}, {"mach-lookup", "com.apple.tccd"},
    {"mach-lookup", "com.apple.cfprefsd.agent"}, {"mach-lookup", "com.apple.cfprefsd.daemon"}, {"mach-lookup", "com.apple.FSEvents"},
    {"mach-lookup", "com.apple.system.opendirectoryd.api"}, {"mach-lookup", "com.apple.audio.audiohald"}, {"mach-lookup", "com.apple.backupd"},
    {"mach-lookup", "com.apple.networkd"}, {"mach-lookup", "com.apple.NetworkSharing"}, {"mach-lookup", "com.apple.diskarbitration"},
    {"mach-lookup", "com.apple.hdiejectd"}, {"mach-lookup", "com.apple.logd.admin"}, {"mach-lookup", "com.apple.logd2"},
    {"mach-register", "com.apple.logd"}, {"mach-register", "x"},
    {"distributed-notification-post", "x"}, {"darwin-notification-post", "com.apple.system.lowpowermode"},
    /* the machine */
    {"iokit-open-user-client", "AppleHVClient"}, {"iokit-open-user-client", "IOUserClient"}, {"iokit-open-user-client", "RootDomainUserClient"},
    {"iokit-open-service", "IOAccelerator"}, {"iokit-open-service", "AppleSMC"}, {"iokit-set-properties", "IOService"},
    {"iokit-get-properties", "IOService"}, {"nvram-get", "boot-args"}, {"nvram-set", "boot-args"}, {"nvram-delete", "boot-args"},
    {"system-acct", ""}, {"system-audit", ""}, {"system-automount", "/"}, {"system-fsctl", ""}, {"system-info", ""}, {"system-kas-info", ""},
    {"system-kext-load", ""}, {"system-kext-unload", ""}, {"system-kext-query", ""}, {"system-mac-label", ""}, {"system-nfssvc", ""},
    {"system-privilege", ""}, {"system-reboot", ""}, {"system-set-time", ""}, {"system-suspend-resume", ""}, {"system-swap", ""},
    {"system-socket\tAF_SYSTEM\tprotocol=1", ""}, {"system-socket\tAF_NDRV\tprotocol=0", ""}, {"system-package-check", ""},
    {"system-memorystatus-control", ""}, {"boot-arg-set", "x"}, {"device-camera", ""}, {"device-microphone", ""}, {"hid-control", ""},
    {"load-unsigned-code", ""}, {"opendirectory-user-modify", ""}, {"qtn-user", ""}, {"fs-rename", ""}, {"fs-snapshot-create", ""},
    {"fs-snapshot-delete", ""}, {"fs-snapshot-mount", ""}, {"fs-snapshot-revert", ""}, {"fs-quota-on", ""},
    {"user-preference-read", "com.apple.Terminal"}, {"user-preference-write", "com.apple.Terminal"},
    {"managed-preference-read", "com.apple.Terminal"}, {"generic-issue-extension", "x"}, {"iokit-issue-extension", ""},
    {"mach-issue-extension", "x"}, {"ipc-posix-issue-extension", "x"}, {"storage-class-map", ""},
    /* files, whatever was granted */
    {"file-link", "PATH"}, {"file-clone", "PATH"}, {"file-mknod", "PATH"}, {"file-write-setugid", "PATH"}, {"file-write-flags", "PATH"}, {"file-write-acl", "PATH"}, {"file-mount", "PATH"},
    {"file-mount-update", "PATH"}, {"file-unmount", "PATH"}, {"file-chroot", "PATH"}, {"file-revoke", "PATH"}, {"file-issue-extension", "PATH"},
    {"file-search", "PATH"}, {"file-ioctl\t/dev/tty\tioctl=2147578994", ""}, {"file-ioctl\t/dev/ttys001\tioctl=2147578994", ""},
    {"file-read-data", "/dev/rdisk0"}, {"file-write-data", "/dev/rdisk0"}, {"file-read-data", "/dev/disk0"}, {"file-read-data", "/dev/bpf0"},
    {"file-read-data", "/dev/ttys000"}, {"file-write-data", "/dev/ttys000"}, {"file-read-data", "/dev/auditpipe"}, {"file-read-data", "/dev/klog"},
    {"file-write*", "/"}, {"file-write*", "/etc"}, {"file-write*", "/private/etc/passwd"}, {"file-write*", "/usr/lib/libSystem.B.dylib"},
    {"file-write*", "/System/Library/x"}, {"file-write*", "/private/tmp/x"}, {"file-write*", "/private/var/tmp/x"}, {"file-write*", "/Users/u/x"},
    {"file-write*", "/private/var/folders/zz/T/x"}, {"file-read*", "/private/tmp/x"}, {"file-read*", "/Users/u/.ssh/id_rsa"},
    {"file-read*", "/private/etc/master.passwd"}, {"file-read*", "/private/var/db/dslocal/nodes/Default/users/root.plist"},
    {"file-read*", "/Library/Keychains/System.keychain"}, {"file-read*", "/Library/Preferences/com.apple.security.plist"},
    {"file-read*", "/private/var/root"}, {"file-read*", "/Volumes/x"}, {"file-read*", "/private/var/run/docker.sock"},
    {"file-write-create", "/dev/null"}, {"file-write-unlink", "/dev/null"}, {"file-write-mode", "/dev/null"}, {"file-write-create", "/dev/fd/3"},
    {"file-write-mode", "/dev/zero"}, {"file-write-data", "/dev/random"}, {"file-write-data", "/dev/urandom"}, {"file-ioctl\t/dev/fd/3\tioctl=1", ""},
    {"file-ioctl\t/dev/random\tioctl=1", ""},
    {"process-exec*", "/Users/v/x"}, {"process-exec*", "/private/tmp/x"}, {"process-exec*", "/dev/null"}, {"process-exec*", "/Applications/A"},
    {"process-exec*", "/dev/fd/3"}, {"process-exec*", "/usr/libexec/x"}, {"process-exec*", "/usr/local/bin/x"}, {"file-map-executable", "/dev/fd/3"},
    {"file-map-executable", "/private/tmp/x"}, {"file-map-executable", "/Users/v/x"}, {"file-map-executable", "/dev/zero"},
    /* sockets with a path */
    {"network-outbound", "unix:/private/var/run/docker.sock"}, {"network-outbound", "unix:/private/tmp/com.apple.launchd.x/Listeners"},
    {"network-outbound", "unix:/private/var/run/syslog"}, {"network-bind", "unix:/private/tmp/x"}, {"network-bind", "unix:/private/var/run/mDNSResponder"},
    {"network-inbound", "unix:/private/tmp/x"}, {"network-outbound", "unix:/Users/u/.gnupg/S.gpg-agent"},
};

/* Without allow_network, or without a terminal, these as well. */
static const struct {
  bool network;
  const char *op, *about;
} unless[] = {
    {true, "network-outbound", "tcp4:1.2.3.4:80"}, {true, "network-outbound", "tcp4:127.0.0.1:80"}, {true, "network-outbound", "tcp6:::1:80"},
    {true, "network-outbound", "udp4:1.2.3.4:53"}, {true, "network-outbound", "udp6:2001:db8::1:53"}, {true, "network-bind", "tcp4:0.0.0.0:80"},
    {true, "network-bind", "udp6:::1:80"}, {true, "network-inbound", "tcp4:0.0.0.0:80"}, {true, "network-inbound", "tcp6:::1:80"},
    {true, "network-outbound", "unix:/private/var/run/mDNSResponder"}, {true, "system-socket\tAF_SYSTEM\tprotocol=2", ""},
    {true, "system-socket\tAF_ROUTE\tprotocol=0", ""}, {true, "mach-lookup", "com.apple.SystemConfiguration.configd"},
    {true, "mach-lookup", "com.apple.SystemConfiguration.DNSConfiguration"}, {true, "mach-lookup", "com.apple.trustd.agent"},
    {true, "sysctl-read", "net.routetable.0.0.3.0"}, {true, "file-read*", "/private/etc/resolv.conf"},
    {false, "pseudo-tty", ""}, {false, "file-read-data", "/dev/ptmx"}, {false, "file-write-data", "/dev/ptmx"}, {false, "file-read-data", "/dev/tty"},
    {false, "file-write-data", "/dev/tty"}, {false, "file-ioctl\t/dev/tty\tioctl=1", ""}, {false, "file-ioctl\t/dev/ttys001\tioctl=1", ""},
};

/* What a program needs to start and work at all, of every profile; system: unless without_system. */
static const struct {
  bool system;
  const char *op, *about;
} always[] = {
    {false, "file-read-data", "/"}, {false, "process-fork", ""}, {false, "signal", "same-sandbox"}, {false, "process-info-pidinfo", "same-sandbox"},
    {false, "process-info-codesignature", "same-sandbox"}, {false, "sysctl-read", "hw.ncpu"}, {false, "sysctl-read", "hw.memsize"},
    {false, "sysctl-read", "hw.pagesize"}, {false, "sysctl-read", "hw.optional.arm64"}, {false, "sysctl-read", "kern.osversion"},
    {false, "sysctl-read", "kern.hv_support"}, {false, "sysctl-read", "machdep.cpu.brand_string"},
    {false, "mach-lookup", "com.apple.system.opendirectoryd.libinfo"}, {false, "mach-lookup", "com.apple.system.notification_center"},
    {false, "ipc-posix-shm-read-data", "apple.shm.notification_center"}, {false, "file-read-data", "/dev/null"}, {false, "file-write-data", "/dev/null"},
    {false, "mach-lookup", "com.apple.logd"}, {false, "file-ioctl\t/dev/null\tioctl=1", ""}, {false, "file-ioctl\t/dev/zero\tioctl=1", ""},
    {false, "file-write-data", "/dev/zero"}, {false, "file-write-data", "/dev/fd/1"}, {false, "file-read-data", "/dev/urandom"},
    {false, "file-read-data", "/dev/random"}, {false, "file-read-data", "/dev/zero"},
    {false, "file-write-data", "/dev/dtracehelper"}, {false, "file-ioctl\t/dev/dtracehelper\tioctl=1", ""}, {false, "file-read-data", "/dev/fd/0"},
    {false, "file-read-metadata", "/dev"}, {true, "file-read-data", "/usr/lib/dyld"}, {true, "file-map-executable", "/usr/lib/libobjc-trampolines.dylib"},
    {true, "file-map-executable", "/System/Library/Frameworks/Hypervisor.framework/Hypervisor"},
    {true, "file-read-data", "/System/Volumes/Preboot/Cryptexes/OS/System/Library/dyld/dyld_shared_cache_arm64e"},
    {true, "file-map-executable", "/System/Cryptexes/OS/usr/lib/libx.dylib"}, {true, "file-read-metadata", "/System/Volumes/Preboot"},
    {true, "process-exec*", "/bin/sh"}, {true, "process-exec*", "/usr/bin/env"}, {true, "file-map-executable", "/bin/sh"},
    {true, "file-read-data", "/private/etc/passwd"}, {true, "file-read-data", "/private/etc/localtime"}, {true, "file-read-metadata", "/etc"},
    {true, "file-read-metadata", "/var"}, {true, "file-read-data", "/usr/share/zoneinfo/UTC"}, {true, "file-read-data", "/private/var/select/sh"},
};

/* What is open by a default of its own and stays so, and why that is no hole: each is said by the profile to be allowed. */
static const struct {
  const char *op, *about, *why;
} left_open[] = {
    {"syscall-unix", "", "the system calls themselves: nothing would run"},
    {"dynamic-code-generation", "", "a just-in-time compiler is let alone on Linux too: what it writes is not executed as a program"},
    {"mach-cross-domain-lookup", "x", "what it stops is not known; the services that may be looked up are a list anyway"},
    {"socket-ioctl", "AF_UNIX", "FIONREAD is one; what changes interfaces takes root"},
    {"file-test-existence", "/x", "whether a name is there"},
};

/* Each profile is asked all of that; `paths` are what its grants are about. */
static void ask_never(const char *title, bool network, bool terminal, const char *const *paths, size_t path_count) {
  static size_t asked[BOX_COUNT(never) * 32 + BOX_COUNT(unless)];
  static char what[BOX_COUNT(never) * 32 + BOX_COUNT(unless)][160];
  size_t n = 0, wrong = 0;
  sb_begin();
  const size_t taken = sb_profile(profile, profile_size);
  for (size_t i = 0; i < BOX_COUNT(never); i++)
    for (size_t k = 0; k < (strcmp(never[i].about, "PATH") ? 1 : path_count + 1) && k < 32; k++) {
      const char *about = strcmp(never[i].about, "PATH") ? never[i].about : k ? paths[k - 1] : "/Users/u/x";
      snprintf(what[n], sizeof what[n], "%s %s", never[i].op, about);
      asked[n++] = sb_ask(never[i].op, *about ? about : NULL);
    }
  for (size_t i = 0; i < BOX_COUNT(unless); i++) {
    if (unless[i].network ? network : terminal) continue;
    snprintf(what[n], sizeof what[n], "%s %s", unless[i].op, unless[i].about);
    asked[n++] = sb_ask(unless[i].op, *unless[i].about ? unless[i].about : NULL);
  }
  if (!OK(sb_run() && !strcmp(sb_said(taken), "ok"), "%s: the profile is taken", title)) {
    printf("# %s\n", sb_said(taken));
    return;
  }
  for (size_t i = 0; i < n; i++) {
    if (sb_denies(asked[i])) continue;
    wrong++;
    printf("# %s: %s\n", what[i], sb_said(asked[i]));
  }
  OK(n > BOX_COUNT(never) - 1 && wrong == 0, "%s: %zu questions, every answer is no", title, n);
}

/* --- row by row as on Linux --------------------------------------------------------------------------------------- */

/* What macOS asks its profile for what the probe does: operations, each with what of the path it is about. */
typedef struct act {
  const char *op; /* of the probe */
  struct {
    const char *op, *kind, *suffix;
  } asks[3];
} act;

static const act acts[] = {
    {"stat", {{"file-read-metadata", "", ""}}},
    {"read", {{"file-read-data", "", ""}}},
    {"list", {{"file-read-data", "", ""}}},
    {"write", {{"file-write-data", "", ""}}},
    {"chmod", {{"file-write-mode", "", ""}}},
    {"setid", {{"file-write-mode", "", ""}, {"file-write-setugid", "", ""}}},
    {"exec", {{"process-exec*", "", ""}}},
    {"map", {{"file-read-data", "", ""}, {"file-map-executable", "", ""}}},
    {"move", {{"file-write-unlink", "", ""}, {"file-write-create", "", ".new"}, {"file-write-unlink", "", ".new"}}},
    {"hard", {{"file-link", "", ""}, {"file-write-create", "", ".new"}}},
    {"again", {{"file-write-unlink", "", ""}, {"file-write-create", "", ""}}},
    {"connect", {{"network-outbound", "unix:", ""}}},
    {"makefile", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makedir", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makelink", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makefifo", {{"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
    {"makedev", {{"file-mknod", "", ""}, {"file-write-create", "", ""}}},
    {"makesock", {{"network-bind", "unix:", ""}, {"file-write-create", "", ""}, {"file-write-unlink", "", ""}}},
};

/* What is tried on a path of each kind. */
static const struct {
  char kind;
  const char *ops;
} kinds[] = {
    {'f', "stat read write chmod setid exec map move hard again"},
    {'d', "stat list chmod setid move"},
    {'n', "makefile makedir makelink makefifo makedev makesock"},
    {'s', "stat connect move"},
    {'l', "stat"},
    {'c', "stat read write chmod exec"},
};

/* Paths of the box, of the grants below, and around them. */
typedef struct spot {
  char kind; /* f: a file, d: a directory, n: a name that is not there, s: a listening socket, l: a link, c: a device */
  const char *path;
} spot;

static const spot spots[] = {
    /* every entry of the tree */
    {'d', "~/"}, {'d', "~/bases"}, {'d', "~/images"}, {'d', "~/boxes"}, {'d', "~/uids"}, {'d', "./"}, {'d', "./bin"}, {'d', "./shared"},
    {'d', "./sockets"}, {'d', "./tmp"}, {'d', "./logs"}, {'f', "./logs/console.log"}, {'d', "./disks"}, {'f', "./disks/disk.qcow2"},
    {'f', "./disks/guest-rootfs.qcow2"}, {'d', "./mounts"}, {'f', "./exit"}, {'f', "./shim.pid"}, {'f', "./shim.stderr"}, {'f', "./lock"},
    {'f', "./record"}, {'f', "./copies"}, {'f', "./uid"},
    /* files in them, and new names */
    {'f', "./bin/probe_box"}, {'f', "./shared/file"}, {'d', "./shared/dir"}, {'f', "./shared/dir/file"}, {'f', "./sockets/file"},
    {'s', "./sockets/host.sock"}, {'f', "./tmp/file"}, {'f', "./logs/file"}, {'f', "./mounts/file"}, {'f', "./disks/other.qcow2"},
    {'n', "./new"}, {'n', "./bin/new"}, {'n', "./shared/new"}, {'n', "./shared/dir/new"}, {'n', "./sockets/new"}, {'n', "./tmp/new"},
    {'n', "./logs/new"}, {'n', "./disks/new"}, {'n', "./mounts/new"}, {'n', "./exit/new"}, {'n', "~/new"}, {'n', "~/boxes/new"},
    /* the chain's files, their directories and neighbours */
    {'d', "~/images/disk-images"}, {'f', "~/images/disk-images/middle.qcow2"}, {'f', "~/images/disk-images/other.qcow2"},
    {'n', "~/images/disk-images/new"}, {'f', "~/bases/base.raw"}, {'f', "~/bases/other.raw"}, {'n', "~/bases/new"},
    /* another box */
    {'d', "~/boxes/neighbour"}, {'d', "~/boxes/neighbour/shared"}, {'f', "~/boxes/neighbour/shared/file"}, {'n', "~/boxes/neighbour/shared/new"},
    {'f', "~/boxes/neighbour/disks/disk.qcow2"}, {'f', "~/boxes/neighbour/exit"},
    {'d', "~/boxes/demo2"}, /* its name begins as the box's does */
    {'f', "~/boxes/demo2/file"},
    /* the launcher's own */
    {'d', "^/"}, {'f', "^/secret"}, {'f', "^/tool"}, {'s', "^/host.sock"}, {'n', "^/new"},
    /* grants: writable, with what is nested in it */
    {'d', "^/g"}, {'n', "^/g/new"}, {'f', "^/g/secret"}, {'d', "^/g/w"}, {'f', "^/g/w/file"}, {'d', "^/g/w/sub"}, {'f', "^/g/w/sub/file"},
    {'s', "^/g/w/host.sock"}, {'n', "^/g/w/new"}, {'n', "^/g/w/sub/new"}, {'d', "^/g/w2"}, {'f', "^/g/w2/file"}, {'n', "^/g/w2/new"},
    {'d', "^/g/w/ro"}, {'f', "^/g/w/ro/file"}, {'n', "^/g/w/ro/new"}, {'s', "^/g/w/ro/host.sock"}, {'d', "^/g/w/ro2"}, {'f', "^/g/w/ro2/file"},
    {'d', "^/g/w/x"}, {'f', "^/g/w/x/file"}, {'n', "^/g/w/x/new"}, {'d', "^/g/w/x/w"}, {'f', "^/g/w/x/w/file"}, {'n', "^/g/w/x/w/new"},
    {'f', "^/g/w/rofile"}, {'n', "^/g/w/rofile/..namedfork/rsrc"}, {'d', "^/g/w/deep/w"}, {'f', "^/g/w/deep/w/file"}, {'d', "^/g/w/deep"},
    /* executable */
    {'d', "^/g/x"}, {'f', "^/g/x/file"}, {'n', "^/g/x/new"}, {'d', "^/g/x/sub"}, {'f', "^/g/x/sub/file"}, {'s', "^/g/x/host.sock"},
    {'d', "^/g/x/w"}, {'f', "^/g/x/w/file"}, {'n', "^/g/x/w/new"}, {'d', "^/g/x/r"}, {'f', "^/g/x/r/file"}, {'n', "^/g/x/r/new"},
    /* for reading */
    {'d', "^/g/r"}, {'f', "^/g/r/file"}, {'n', "^/g/r/new"}, {'d', "^/g/r/sub"}, {'f', "^/g/r/sub/file"}, {'s', "^/g/r/host.sock"},
    {'d', "^/g/r/w"}, {'f', "^/g/r/w/file"}, {'n', "^/g/r/w/new"}, {'d', "^/g/r/x"}, {'f', "^/g/r/x/file"}, {'n', "^/g/r/x/new"},
    {'f', "^/g/r/wfile"}, {'f', "^/g/r/xfile"},
    /* single files, and their directory */
    {'d', "^/g/files"}, {'f', "^/g/files/r"}, {'f', "^/g/files/w"}, {'f', "^/g/files/x"}, {'f', "^/g/files/other"}, {'n', "^/g/files/new"},
    {'n', "^/g/files/r/new"}, {'n', "^/g/files/r.new"}, {'s', "^/g/files/sock"},
    /* through a link */
    {'l', "^/g/link"}, {'d', "^/g/link/lw"}, {'f', "^/g/link/lw/file"}, {'n', "^/g/link/lw/new"}, {'f', "^/g/link/secret"}, {'d', "^/g/real"},
    {'f', "^/g/real/secret"}, {'n', "^/g/real/new"},
    /* what may be missing, and is */
    {'n', "^/g/missing"}, {'n', "^/g/missing/new"},
    /* the system, the launcher's home */
    {'d', "/"}, {'d', "/root"}, {'f', "/root/.profile"}, {'d', "/home"}, {'f', "/etc/shadow"}, {'f', "/etc/sudoers"},
    {'d', "/var/log"}, {'d', "/opt"}, {'d', "/srv"}, {'d', "/mnt"}, {'n', "/new"}, {'n', "/usr/new"}, {'n', "/usr/lib/new"}, {'n', "/etc/new"},
    {'n', "/var/tmp/new"}, {'n', "/dev/new"}, {'n', "/home/new"}, {'n', "/root/new"}, {'n', "/opt/new"}, {'n', "/System/new"},
    {'n', "/Library/new"}, {'n', "/Users/new"}, {'f', "/boot/vmlinuz"}, {'c', "/dev/null"}, {'c', "/dev/zero"}, {'c', "/dev/urandom"},
    {'c', "/dev/mem"}, {'c', "/dev/kmsg"}, {'c', "/dev/sda"}, {'c', "/dev/disk0"},
    {'n', "/tmp/new"}, {'n', "/dev/shm/new"}, {'f', "/usr/bin/true"}, {'f', "/usr/bin/false"}, {'f', "/usr/lib/os-release"}, {'d', "/usr/share"},
    {'d', "/usr/lib"}, {'d', "/usr/bin"}, {'f', "/etc/passwd"}, {'f', "/etc/hosts"}, {'d', "/usr/local"},
};

/* Where the two systems differ, and that this is meant. The first row that fits counts. */
static const struct {
  const char *op, *path; /* "*" at its end: whatever begins so; "SKELETON": what lies on the way to a grant */
  char linux_says, macos_says;
  const char *why;
} differences[] = {
    {"*", "/tmp/new", 'y', 'n', "Linux has a /tmp of its own, in memory; macOS has none to give: TMPDIR is the box's"},
    {"*", "/dev/shm/new", 'y', 'n', "Linux has one of its own; macOS has no such directory"},
    {"*", "/etc/hosts", 'y', 'n', "Linux makes one that names the jail; the real one is for the network"},
    {"*", "/usr/local", 'y', 'n', "of /usr macOS gives what belongs to the system"},
    {"list", "SKELETON", 'y', 'n', "Linux makes a directory with only what was granted; on macOS it would be the real one"},
    {"hard", "*", 'y', 'n', "macOS asks once for both names of a link; with none allowed no file gets a second one that is writable"},
    {"connect", "^/g/r/host.sock", 'y', 'n', "Landlock tells sockets apart from ABI 9 on; before, one that can be seen can be connected to"},
    {"connect", "^/g/x/host.sock", 'y', 'n', "likewise"},
    {"connect", "^/g/w/ro/host.sock", 'y', 'n', "likewise"},
    {"stat", "^/g/real", 'n', 'y', "granted as link/lw: macOS has it at its real place and nowhere else, so the way there is seen"},
    {"write", "/dev/urandom", 'y', 'n', "writing stirs the pool, which no program needs"},
};

static char box_reply[4096];

static bool skeleton(const char *path, const jailer_grant *grants, size_t count) {
  static const char *const inside[] = {"./shared", "./disks/disk.qcow2", "~/bases/base.raw", "~/images/disk-images/middle.qcow2"};
  const size_t n = strlen(path);
  for (size_t i = 0; i < count + BOX_COUNT(inside); i++) {
    const char *g = i < count ? grants[i].path : box_path(inside[i - count]);
    if (!strncmp(g, path, n) && (g[n] == '/' || (n && path[n - 1] == '/')) && g[n]) return true;
  }
  return false;
}

/* y, n, or ? for an answer that is neither. */
static char linux_answer(const char *op, const char *said) {
  static const char *const refusals[] = {"EPERM", "EACCES", "EROFS", "ENOENT", "EBUSY", "EXDEV", "ENOTDIR"};
  if (!strcmp(said, "ok") || (!strcmp(op, "exec") && !strcmp(said, "ENOEXEC")) || (!strcmp(op, "again") && !strcmp(said, "EEXIST"))) return 'y';
  for (size_t i = 0; i < BOX_COUNT(refusals); i++)
    if (!strcmp(said, refusals[i])) return 'n';
  return !strcmp(op, "list") ? 'y' : '?';
}

typedef struct trial {
  const spot *spot;
  const act *act;
  char path[JAILER_PATH_MAX], linux_says, macos_says, said[64];
  size_t asked[3];
} trial;

static trial trials[2048];
static size_t trial_count;

static void list_trials(void) {
  trial_count = 0;
  for (size_t i = 0; i < BOX_COUNT(spots); i++) {
    const char *ops = "";
    for (size_t k = 0; k < BOX_COUNT(kinds); k++)
      if (kinds[k].kind == spots[i].kind) ops = kinds[k].ops;
    for (size_t k = 0; k < BOX_COUNT(acts); k++) {
      const char *at = strstr(ops, acts[k].op);
      if (!at || trial_count == BOX_COUNT(trials)) continue;
      trial *t = &trials[trial_count++];
      t->spot = &spots[i];
      t->act = &acts[k];
      snprintf(t->path, sizeof t->path, "%s", box_path(spots[i].path));
      const size_t n = strlen(t->path);
      if (n > 1 && t->path[n - 1] == '/') t->path[n - 1] = 0;
    }
  }
}

/* As many launches as it takes, each with a hundred operations. */
static bool try_on_linux(const jailer_config *config) {
  static box_ran ran;
  char *ops[101];
  for (size_t from = 0; from < trial_count; from += 100) {
    size_t n = 0;
    for (; n < 100 && from + n < trial_count; n++) {
      ops[n] = malloc(JAILER_PATH_MAX + 32);
      sprintf(ops[n], "%s:%s", trials[from + n].act->op, trials[from + n].path);
    }
    ops[n] = NULL;
    box_start(&ran, config, ops);
    box_finish(&ran);
    char text[1024], *at = ran.text;
    jailer_error_text(&ran.err, text, sizeof text);
    if (!box_ended_well(&ran)) return printf("# %s\n", ran.code ? text : "the probe did not end well"), false;
    for (size_t i = 0; i < n; i++) {
      const size_t head = strlen(ops[i]), line = strcspn(at, "\n");
      if (strncmp(at, ops[i], head) || at[head] != '=') return printf("# the probe said %.*s\n", (int)line, at), false;
      trial *t = &trials[from + i];
      snprintf(t->said, sizeof t->said, "%.*s", (int)(line - head - 1), at + head + 1);
      t->linux_says = linux_answer(t->act->op, t->said);
      at += line + (at[line] != 0);
      free(ops[i]);
    }
  }
  return true;
}

static bool ask_of_profile(void) {
  sb_begin();
  const size_t taken = sb_profile(profile, profile_size);
  for (size_t i = 0; i < trial_count; i++)
    for (size_t k = 0; k < 3 && trials[i].act->asks[k].op; k++) {
      char path[2 * JAILER_PATH_MAX];
      snprintf(path, sizeof path, "%s%s", kernel_path(trials[i].path), trials[i].act->asks[k].suffix);
      trials[i].asked[k] = sb_ask_bytes(trials[i].act->asks[k].op, trials[i].act->asks[k].kind, path, SIZE_MAX, NULL);
    }
  if (!sb_run()) return false;
  if (strcmp(sb_said(taken), "ok")) return printf("# %s\n", sb_said(taken)), false;
  for (size_t i = 0; i < trial_count; i++) {
    trials[i].macos_says = 'y';
    for (size_t k = 0; k < 3 && trials[i].act->asks[k].op; k++) {
      const char *said = sb_said(trials[i].asked[k]);
      if (!strcmp(said, "allow")) continue;
      if (trials[i].macos_says != '?') trials[i].macos_says = !strcmp(said, "deny") ? 'n' : '?';
      if (strcmp(said, "deny")) snprintf(box_reply, sizeof box_reply, "%s: %s", trials[i].act->asks[k].op, said);
    }
  }
  return true;
}

static bool host_socket(const char *name) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = box_path(name);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* stays open until the end */
  if (fd < 0 || strlen(path) >= sizeof address.sun_path) return false;
  strcpy(address.sun_path, path);
  return bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 64) == 0 && chmod(path, 0777) == 0;
}

/* Everything that the spots name and that is no name to be made, the target's where that is possible: what it is refused
   must not be for want of a permission bit. */
static bool make_spots(void) {
  static const char *const dirs[] = {"^/g",          "^/g/w",    "^/g/w/sub", "^/g/w/ro", "^/g/w/ro2", "^/g/w/x", "^/g/w/x/w", "^/g/w/deep",
                                     "^/g/w/deep/w", "^/g/w2",   "^/g/x",     "^/g/x/sub", "^/g/x/w", "^/g/x/r",  "^/g/r",   "^/g/r/sub",
                                     "^/g/r/w",      "^/g/r/x",  "^/g/files", "^/g/real", "^/g/real/lw", "./shared/dir", "~/boxes/demo2"};
  static const char *const launchers[] = {"./shim.pid", "./shim.stderr", "./lock", "./record", "./copies", "./uid", "./bin/probe_box"};
  const struct stat owner = box_stat("./shared");
  for (size_t i = 0; i < BOX_COUNT(dirs); i++)
    if (mkdir(box_path(dirs[i]), 0777) || chmod(box_path(dirs[i]), 0777)) return false;
  if (symlink("real", box_path("^/g/link"))) return false;
  for (size_t i = 0; i < BOX_COUNT(spots); i++) {
    const char *path = spots[i].path, *mine = path[0] != '/' ? path : NULL;
    struct stat st = box_stat(path);
    for (size_t k = 0; k < BOX_COUNT(launchers) && mine; k++)
      if (!strcmp(path, launchers[k])) mine = NULL;
    if (!mine) continue;
    if (spots[i].kind == 's' && !host_socket(path)) return printf("# no socket %s\n", path), false;
    if (spots[i].kind == 'f' && !st.st_ino && (!box_text(path, "x") || chmod(box_path(path), 0777))) return printf("# no file %s\n", path), false;
  }
  for (size_t i = 0; i < BOX_COUNT(dirs); i++)
    if (lchown(box_path(dirs[i]), owner.st_uid, owner.st_gid)) return false;
  for (size_t i = 0; i < BOX_COUNT(spots); i++)
    if (!strncmp(spots[i].path, "^/g/", 4) || !strncmp(spots[i].path, "./shared", 8) || !strncmp(spots[i].path, "./tmp", 5) ||
        !strncmp(spots[i].path, "./logs", 6) || !strncmp(spots[i].path, "./sockets", 9))
      if (box_stat(spots[i].path).st_ino && lchown(box_path(spots[i].path), owner.st_uid, owner.st_gid)) return false;
  return true;
}

static const char *verdicts(const trial *t, size_t n, bool macos) {
  static char text[2][512];
  size_t at = 0;
  for (size_t i = 0; i < n; i++)
    at += (size_t)snprintf(text[macos] + at, sizeof text[0] - at, "%s%s=%c", i ? " " : "", t[i].act->op, macos ? t[i].macos_says : t[i].linux_says);
  return text[macos];
}

/* With TMPDIR=/tmp the way to the box lies in the jail's own /tmp, which it may change as it likes, and nobody else sees. */
static bool on_private_tmp(const trial *t, const jailer_grant *grants, size_t grant_count) {
  static const char *const changes[] = {"chmod", "move", "makefile", "makedir", "makelink", "makefifo", "makesock"};
  char dir[JAILER_PATH_MAX];
  bool change = false;
  for (size_t i = 0; i < BOX_COUNT(changes); i++) change = change || !strcmp(t->act->op, changes[i]);
  snprintf(dir, sizeof dir, "%s", t->path);
  *strrchr(dir, '/') = 0;
  return change && !strncmp(box_top, "/tmp/", 5) && !strncmp(t->path, box_top, strlen(box_top)) && t->linux_says == 'y' && t->macos_says == 'n' &&
         (skeleton(t->path, grants, grant_count) || skeleton(dir, grants, grant_count) || !strcmp(t->path, box_top));
}

/* Which row of the differences says so; NULL: none. */
static const char *difference(const trial *t, bool *used, const jailer_grant *grants, size_t grant_count) {
  for (size_t i = 0; i < BOX_COUNT(differences); i++) {
    const size_t n = strlen(differences[i].path);
    const bool begins = n && differences[i].path[n - 1] == '*' && !strncmp(t->spot->path, differences[i].path, n - 1);
    const bool is = !strcmp(differences[i].path, t->spot->path);
    const bool on_the_way = !strcmp(differences[i].path, "SKELETON") && skeleton(t->path, grants, grant_count);
    if ((strcmp(differences[i].op, "*") && strcmp(differences[i].op, t->act->op)) || !(begins || is || on_the_way)) continue;
    if (differences[i].linux_says != t->linux_says || differences[i].macos_says != t->macos_says) continue;
    return used[i] = true, differences[i].why;
  }
  return NULL;
}

static void compare(const char *title, const jailer_config *config) {
  bool used[BOX_COUNT(differences)] = {false};
  for (size_t i = 0, n; i < trial_count; i += n) {
    bool good = true;
    for (n = 0; i + n < trial_count && trials[i + n].spot == trials[i].spot; n++) {
      trial *t = &trials[i + n];
      if (t->linux_says == t->macos_says && t->linux_says != '?') continue;
      const char *why = difference(t, used, config->grants, config->grant_count);
      if (why || on_private_tmp(t, config->grants, config->grant_count)) continue;
      good = false;
      printf("# %s %s: Linux said %s (%c), the profile %c\n", t->act->op, t->spot->path, t->said, t->linux_says, t->macos_says);
    }
    OK(good, "%s: %s: %s", title, trials[i].spot->path, verdicts(trials + i, n, true));
    if (!good) printf("# on Linux %s\n", verdicts(trials + i, n, false));
  }
  jailer_host host;
  const bool tells = jailer_probe(&host, &err) == JAILER_OK && host.landlock_abi >= 9;
  for (size_t i = 0; i < BOX_COUNT(differences); i++)
    if (!tells || strcmp(differences[i].op, "connect"))
      OK(used[i], "%s: there is such a difference: %s: %s", title, differences[i].op, differences[i].why);
}

/* Renames: from one place to another, and what is put in the place of a grant. macos_says n where Linux says y is a hole
   in the comparison above; y where Linux says n is meant, and why. */
static const struct {
  const char *from, *to;
  char linux_says, macos_says;
} renames[] = {
    {"^/g/w/file", "^/g/w/file9", 'y', 'y'},
    {"^/g/w/file", "^/g/w/sub/file9", 'y', 'y'},
    {"^/g/w/deep", "^/g/w/deep9", 'y', 'y'}, /* with a writable grant in it, which stays one at its new place */
    {"^/g/w/file", "^/g/w2/file9", 'n', 'y'}, /* two mounts on Linux; on macOS from one writable place to another */
    {"^/g/w/sub", "^/g/w2/sub9", 'n', 'y'},
    {"./shared/file", "./tmp/file9", 'n', 'y'},
    {"^/g/w/ro", "^/g/w/ro9", 'n', 'n'},
    {"^/g/w/ro", "^/g/w2/ro9", 'n', 'n'},
    {"^/g/w/x", "^/g/w/x9", 'n', 'n'},
    {"^/g/w/rofile", "^/g/w/rofile9", 'n', 'n'},
    {"^/g/w/file", "^/g/w/rofile", 'n', 'n'},
    {"^/g/w/sub", "^/g/w/ro", 'n', 'n'},
    {"^/g/w/sub", "^/g/w/x", 'n', 'n'},
    {"^/g/w/sub", "^/g/w/x/w", 'n', 'n'},
    {"^/g/w/sub", "^/g/w/deep/w", 'n', 'n'},
    {"^/g/w/x/w", "^/g/w/w9", 'n', 'n'},
    {"^/g/w/x/w/file", "^/g/w/x/file9", 'n', 'n'},
    {"^/g/w/x/w/file", "^/g/w/x/file", 'n', 'n'},
    {"^/g/w/file", "^/g/w/ro/file9", 'n', 'n'},
    {"^/g/w/file", "^/g/w/ro/file", 'n', 'n'},
    {"^/g/w/ro/file", "^/g/w/file9", 'n', 'n'},
    {"^/g/w/file", "^/g/w/x/file9", 'n', 'n'},
    {"^/g/x/file", "^/g/w/file9", 'n', 'n'},
    {"^/g/x/file", "^/g/x/w/file9", 'n', 'n'},
    {"^/g/x/w/file", "^/g/x/file9", 'n', 'n'},
    {"^/g/x/w", "^/g/x/w9", 'n', 'n'},
    {"^/g/x/sub", "^/g/x/w/sub9", 'n', 'n'},
    {"^/g/r/file", "^/g/r/w/file9", 'n', 'n'},
    {"^/g/r/w/file", "^/g/r/file9", 'n', 'n'},
    {"^/g/r/w/file", "^/g/r/x/file9", 'n', 'n'},
    {"^/g/r/wfile", "^/g/r/w/file9", 'n', 'n'},
    {"^/g/r/w/file", "^/g/r/wfile", 'n', 'n'},
    {"^/g/w", "^/g/w9", 'n', 'n'},
    {"^/g/w", "^/g/w2/w9", 'n', 'n'},
    {"^/g/w2/file", "^/g/files/w", 'n', 'n'},
    {"^/g/files/w", "^/g/w/w9", 'n', 'n'},
    {"^/g/w/file", "^/g/file9", 'n', 'n'},
    {"./tmp/file", "./exit", 'n', 'n'},
    {"./exit", "./tmp/exit9", 'n', 'n'},
    {"./tmp/file", "./disks/disk.qcow2", 'n', 'n'},
    {"./tmp/file", "./bin/probe_box", 'n', 'n'},
    {"./bin/probe_box", "./tmp/probe9", 'n', 'n'},
    {"./shared", "./tmp/shared9", 'n', 'n'},
    {"./tmp/file", "./file9", 'n', 'n'},
    {"./disks/disk.qcow2", "./shared/disk9", 'n', 'n'},
};

static void compare_renames(const jailer_config *config) {
  static box_ran ran;
  char *ops[2 * BOX_COUNT(renames) + 1];
  size_t asked[BOX_COUNT(renames)][3];
  for (size_t i = 0; i < BOX_COUNT(renames); i++)
    for (int back = 0; back < 2; back++) {
      ops[2 * i + (size_t)back] = malloc(2 * JAILER_PATH_MAX + 16);
      sprintf(ops[2 * i + (size_t)back], "rename:%s|%s", box_path(back ? renames[i].to : renames[i].from), box_path(back ? renames[i].from : renames[i].to));
    }
  ops[2 * BOX_COUNT(renames)] = NULL;
  box_start(&ran, config, ops);
  box_finish(&ran);
  sb_begin();
  sb_profile(profile, profile_size);
  for (size_t i = 0; i < BOX_COUNT(renames); i++) {
    asked[i][0] = sb_ask("file-write-unlink", kernel_path(box_path(renames[i].from)));
    asked[i][1] = sb_ask("file-write-create", kernel_path(box_path(renames[i].to)));
    asked[i][2] = sb_ask("file-write-unlink", kernel_path(box_path(renames[i].to)));
  }
  if (!OK(box_ended_well(&ran) && sb_run(), "renames in a box, and under its profile")) return;
  for (size_t i = 0; i < BOX_COUNT(renames); i++) {
    const char *at = ran.text;
    for (size_t k = 0; k < 2 * i; k++) at += strcspn(at, "\n") + 1;
    at += strlen(ops[2 * i]) + 1;
    char said[32];
    snprintf(said, sizeof said, "%.*s", (int)strcspn(at, "\n"), at);
    const bool both = sb_allows(asked[i][0]) && sb_allows(asked[i][1]) && sb_allows(asked[i][2]);
    const char on_linux = linux_answer("rename", said), macos = both ? 'y' : 'n';
    OK(on_linux == renames[i].linux_says && macos == renames[i].macos_says, "rename %s to %s: Linux %c, macOS %c", renames[i].from, renames[i].to,
       renames[i].linux_says, renames[i].macos_says);
    if (on_linux != renames[i].linux_says || macos != renames[i].macos_says)
      printf("# Linux said %s; the profile: unlink %s, create %s, unlink there %s\n", said, sb_said(asked[i][0]), sb_said(asked[i][1]), sb_said(asked[i][2]));
  }
  for (size_t i = 0; ops[i]; i++) free(ops[i]);
}

static void test_rows(void) {
  const char *paths[] = {"^/g/w",       "^/g/w2",      "^/g/w/ro",     "^/g/w/ro2",   "^/g/w/x",     "^/g/w/x/w",      "^/g/w/rofile", "^/g/w/deep/w",
                         "^/g/x",       "^/g/x/w",     "^/g/x/r",      "^/g/r",       "^/g/r/w",     "^/g/r/x",        "^/g/r/wfile",  "^/g/r/xfile",
                         "^/g/files/r", "^/g/files/w", "^/g/files/x",  "^/g/files/sock", "^/g/link/lw", "^/g/missing"};
  static const char access[] = "wwrrxwrw" "xwrrwxwx" "rwxwwr";
  jailer_grant grants[BOX_COUNT(paths)];
  jailer_config config = box_config();
  char text[1024];
  if (!sb_there("row by row as on Linux")) return;
  memset(grants, 0, sizeof grants);
  for (size_t i = 0; i < BOX_COUNT(paths); i++) {
    grants[i].path = strdup(box_path(paths[i]));
    grants[i].access = access[i] == 'w' ? JAILER_WRITE : access[i] == 'x' ? JAILER_EXEC : JAILER_READ;
    grants[i].optional = !strcmp(paths[i], "^/g/missing");
  }
  if (!OK(make_spots(), "every path that is tried")) return;
  config.grants = grants;
  config.grant_count = BOX_COUNT(grants);
  list_trials();
  if (!OK(try_on_linux(&config), "%zu attempts in a box on Linux", trial_count)) return;
  const jailer_code code = plan_profile(&config);
  jailer_error_text(&err, text, sizeof text);
  if (!OK(code == JAILER_OK, "a plan for macOS of the same configuration%s%s", code ? ": " : "", code ? text : "")) return;
  if (!OK(ask_of_profile(), "the same attempts under its profile")) return;
  compare("rows", &config);
  compare_renames(&config);
  static const char *const inside[] = {"./shared", "./shared/file", "./exit", "./bin", "./bin/probe_box", "./disks/disk.qcow2", "~/bases/base.raw",
                                       "^/g/w", "^/g/w/ro", "^/g/w/x", "^/g/w/x/w", "^/g/x", "^/g/r", "^/g/files/w"};
  char real[BOX_COUNT(inside)][JAILER_PATH_MAX];
  const char *about[BOX_COUNT(inside)];
  for (size_t i = 0; i < BOX_COUNT(inside); i++) about[i] = strcpy(real[i], kernel_path(box_path(inside[i])));
  ask_never("a box", false, false, about, BOX_COUNT(about));
  for (size_t i = 0; i < BOX_COUNT(paths); i++) free((void *)(uintptr_t)grants[i].path);
}

static void test_never(void) {
  static const jailer_grant grants[] = {
      {"/Users/u/r", NULL, JAILER_READ, false},       {"/Users/u/r/w", NULL, JAILER_WRITE, false}, {"/Users/u/w", NULL, JAILER_WRITE, false},
      {"/Users/u/w/r", NULL, JAILER_READ, false},     {"/Users/u/w/x", NULL, JAILER_EXEC, false},  {"/Users/u/x", NULL, JAILER_EXEC, false},
      {"/Users/u/x/a/b/w", NULL, JAILER_WRITE, false}, {"/dev/cu.modem", NULL, JAILER_DEVICE, false}};
  static const char *const about[] = {"/Users/u/r",   "/Users/u/r/a",   "/Users/u/r/w",     "/Users/u/r/w/a",     "/Users/u/w",    "/Users/u/w/a",
                                      "/Users/u/w/r", "/Users/u/w/r/a", "/Users/u/w/x",     "/Users/u/w/x/a",     "/Users/u/x",    "/Users/u/x/a",
                                      "/Users/u/x/a/b", "/Users/u/x/a/b/w", "/Users/u/x/a/b/w/a", "/dev/cu.modem", "/Users/u"};
  static const struct {
    const char *title;
    bool network, pty, tty, without, grants;
  } rows[] = {{"nothing", 0, 0, 0, 0, 0},      {"network", 1, 0, 0, 0, 0}, {"pty", 0, 1, 0, 0, 0},           {"controlling terminal", 0, 0, 1, 0, 0},
              {"no system", 0, 0, 0, 1, 0},    {"grants", 0, 0, 0, 0, 1},  {"grants, network", 1, 0, 0, 0, 1}, {"grants, pty", 0, 1, 0, 0, 1},
              {"grants, no system", 0, 0, 0, 1, 1}, {"everything", 1, 1, 1, 0, 1}};
  if (!sb_there("what no profile allows")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_config c = with_grants(grants, rows[i].grants ? BOX_COUNT(grants) : 0);
    c.allow_network = rows[i].network;
    c.allow_pty = rows[i].pty;
    c.controlling_tty = rows[i].tty;
    c.without_system = rows[i].without;
    if (!OK(text_profile(&c) == JAILER_OK, "%s: there is a profile", rows[i].title)) continue;
    ask_never(rows[i].title, rows[i].network, rows[i].pty || rows[i].tty, about, BOX_COUNT(about));
    sb_begin();
    sb_profile(profile, profile_size);
    for (size_t k = 0; k < BOX_COUNT(always); k++) sb_ask(always[k].op, *always[k].about ? always[k].about : NULL);
    size_t wrong = sb_run() ? 0 : 1;
    for (size_t k = 0; k < BOX_COUNT(always); k++) {
      const bool want = !always[k].system || !rows[i].without;
      if (want ? sb_allows(k + 1) : sb_denies(k + 1)) continue;
      wrong++;
      printf("# %s %s: %s\n", always[k].op, always[k].about, sb_said(k + 1));
    }
    OK(wrong == 0, "%s: what a program needs to start is there", rows[i].title);
  }
  sb_begin();
  sb_profile(profile, profile_size);
  for (size_t i = 0; i < BOX_COUNT(left_open); i++) sb_ask(left_open[i].op, *left_open[i].about ? left_open[i].about : NULL);
  if (!OK(sb_run(), "what is left open")) return;
  for (size_t i = 0; i < BOX_COUNT(left_open); i++) OK(sb_allows(i + 1), "left open: %s: %s", left_open[i].op, left_open[i].why);
}

/* --- what a set of grants means, once more ------------------------------------------------------------------------ */

typedef struct meant {
  char path[2 * JAILER_PATH_MAX]; /* as the kernel calls it */
  jailer_access access;
} meant;

/* The code point that begins at s, and its length; 0: none that is well-formed (RFC 3629, table of section 4). */
static int decode(const unsigned char *s, size_t n, uint32_t *c) {
  static const struct {
    unsigned char first, last, low, high;
    int length;
  } forms[] = {{0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
               {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
               {0xf4, 0xf4, 0x80, 0x8f, 4}};
  for (size_t i = 0; i < BOX_COUNT(forms); i++) {
    const int length = forms[i].length;
    if (s[0] < forms[i].first || s[0] > forms[i].last) continue;
    if ((size_t)length > n || (length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))) return 0;
    *c = length == 1 ? s[0] : s[0] & (0x7fu >> length);
    for (int k = 1; k < length; k++) {
      if (s[k] < 0x80 || s[k] > 0xbf) return 0;
      *c = *c << 6 | (s[k] & 0x3fu);
    }
    return length;
  }
  return 0;
}

/* Whether people see the path as it is: no controls, nothing that turns the order of what stands beside it. */
static bool showable(const char *path) {
  const unsigned char *s = (const unsigned char *)path;
  size_t n = strlen(path);
  while (n) {
    uint32_t c = 0;
    const int length = decode(s, n, &c);
    if (!length || c < 32 || (c >= 127 && c < 160) || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
        (c >= 0x2066 && c <= 0x2069) || c == 0xfeff)
      return false;
    s += length;
    n -= (size_t)length;
  }
  return true;
}

static bool within(const char *path, const char *dir) {
  const size_t n = strlen(dir);
  return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

/* A path as it may be written to what the kernel calls it, and perhaps the first link on the way. E_INVALID: refused. */
static jailer_code understand(const char *written, char *real, const char **link) {
  static const char *const links[] = {"/tmp", "/var", "/etc"};
  char clean[JAILER_PATH_MAX];
  size_t at = 0;
  *link = NULL;
  if (written[0] != '/') return JAILER_E_INVALID;
  if (strlen(written) >= JAILER_PATH_MAX) return JAILER_E_LIMIT;
  for (const char *c = written; *c;) {
    const size_t n = strcspn(c, "/");
    if (n == 2 && !strncmp(c, "..", 2)) return JAILER_E_INVALID;
    if (n && !(n == 1 && *c == '.')) {
      clean[at++] = '/';
      memcpy(clean + at, c, n);
      at += n;
    }
    c += n + (c[n] == '/');
  }
  clean[at] = 0;
  if (!at) return JAILER_E_CONFLICT;
  for (size_t i = 0; i < BOX_COUNT(links); i++)
    if (within(clean, links[i])) *link = links[i];
  snprintf(real, JAILER_PATH_MAX + 16, "%s%s", *link ? "/private" : "", clean);
  if (strlen(real) > 1023) return JAILER_E_LIMIT;
  return showable(real) && !strstr(real, "${") ? JAILER_OK : JAILER_E_INVALID; /* that begins a variable there */
}

/* What grants as they are written come to: a list, or a bit for each code that is a right answer. Two grants are only
   compared where each is well. */
static uint32_t understand_all(const jailer_grant *grants, size_t count, meant *out, size_t *kept, const char **links) {
  uint32_t faults = 0;
  *kept = 0;
  for (size_t i = 0; i < count; i++) {
    const jailer_code code = understand(grants[i].path, out[i].path, &links[i]);
    out[i].access = grants[i].access;
    if (code) faults |= 1u << code;
    else if (within(out[i].path, "/dev") && grants[i].access != JAILER_DEVICE) faults |= 1u << JAILER_E_CONFLICT;
  }
  if (faults) return faults;
  *kept = count;
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < count; k++) {
      const meant *a = &out[i], *b = &out[k];
      const size_t n = strlen(a->path);
      const bool same = !strcmp(a->path, b->path), reads = (a->access == JAILER_READ || a->access == JAILER_EXEC) &&
                                                           (b->access == JAILER_READ || b->access == JAILER_EXEC);
      if (same && a->access != b->access && !reads) return 1u << JAILER_E_CONFLICT;
      if (a->access == JAILER_WRITE && b->access != JAILER_WRITE && !same && within(b->path, a->path) && strchr(b->path + n + 1, '/'))
        return 1u << JAILER_E_CONFLICT; /* deeper than a direct child */
    }
  return 0;
}

/* Whether a code is one of these, or none where there is no fault. */
static bool rightly(jailer_code code, uint32_t faults) { return code == JAILER_OK ? faults == 0 : (faults >> code & 1) != 0; }

/* The innermost grant around a path; of two at one place the executable one. NULL: none. */
static const meant *innermost(const meant *list, size_t count, const char *path) {
  const meant *best = NULL;
  for (size_t i = 0; i < count; i++) {
    const meant *m = &list[i];
    const bool holds = m->access == JAILER_DEVICE ? !strcmp(path, m->path) : within(path, m->path);
    if (!holds || (best && strlen(best->path) > strlen(m->path))) continue;
    if (best && strlen(best->path) == strlen(m->path) && best->access == JAILER_EXEC) continue;
    best = m;
  }
  return best;
}

enum { ASK_META, ASK_READ, ASK_XATTR, ASK_WRITE, ASK_CREATE, ASK_UNLINK, ASK_MODE, ASK_SETUGID, ASK_FLAGS, ASK_ACL, ASK_LINK, ASK_CLONE, ASK_MKNOD, ASK_EXEC,
       ASK_MAP, ASK_IOCTL, ASK_BIND, ASK_LISTEN, ASK_CONNECT, ASK_COUNT };
static const struct {
  const char *op, *kind, *more;
} asks[ASK_COUNT] = {{"file-read-metadata", "", NULL}, {"file-read-data", "", NULL},   {"file-read-xattr", "", NULL},  {"file-write-data", "", NULL},
                     {"file-write-create", "", NULL},  {"file-write-unlink", "", NULL}, {"file-write-mode", "", NULL},  {"file-write-setugid", "", NULL},
                     {"file-write-flags", "", NULL},   {"file-write-acl", "", NULL},
                     {"file-link", "", NULL},          {"file-clone", "", NULL},        {"file-mknod", "", NULL},       {"process-exec*", "", NULL},
                     {"file-map-executable", "", NULL}, {"file-ioctl", "", "\tioctl=1"}, {"network-bind", "unix:", NULL}, {"network-inbound", "unix:", NULL},
                     {"network-outbound", "unix:", NULL}};

/* y, n, or s: as without any grant. */
static char should(const meant *list, size_t count, const char *const *links, size_t link_count, const char *path, int ask) {
  const meant *m = innermost(list, count, path);
  if (!m) {
    bool way = false;
    for (size_t i = 0; i < count; i++) way = way || (within(list[i].path, path) && strcmp(list[i].path, path)) || !path[1];
    for (size_t i = 0; i < link_count; i++) way = way || (links[i] && !strcmp(path, links[i]));
    return way && ask == ASK_META ? 'y' : 's';
  }
  const bool writes = m->access == JAILER_WRITE, device = m->access == JAILER_DEVICE, runs = m->access == JAILER_EXEC,
             root = !strcmp(m->path, path);
  switch (ask) {
  case ASK_META:
  case ASK_READ:
  case ASK_XATTR: return 'y';
  case ASK_WRITE: return writes || device ? 'y' : 'n';
  case ASK_MODE: return writes ? 'y' : 'n';
  case ASK_CREATE:
  case ASK_UNLINK: return writes && !root ? 'y' : 'n';
  case ASK_EXEC:
  case ASK_MAP: return runs ? 'y' : 'n';
  case ASK_IOCTL: return device ? 'y' : 'n';
  case ASK_BIND:
  case ASK_LISTEN:
  case ASK_CONNECT: return writes ? 'y' : 'n';
  default: return 'n';
  }
}

/* A path as the list of rules shows it. */
static const char *as_listed(const char *path) {
  static char out[4 * JAILER_PATH_MAX];
  size_t at = 0;
  for (const unsigned char *c = (const unsigned char *)path; *c && at + 4 < sizeof out; c++)
    at += (size_t)snprintf(out + at, sizeof out - at, *c > 32 && *c < 127 && *c != '%' ? "%c" : "%%%02x", *c);
  return out;
}

/* Whether a rule of a profile, one line of its list, is there because of these grants. */
static bool accounted(const char *line, const meant *list, size_t count, const char *const *links, size_t link_count) {
  static const char *const given[] = {"file-read*", "file-write*", "file-write-data", "file-write-create", "file-write-unlink", "file-ioctl",
                                      "process-exec*", "file-map-executable", "network-bind", "network-inbound", "network-outbound"};
  char action[16], op[64], filter[64], argument[4 * JAILER_PATH_MAX];
  if (sscanf(line, "%15[^\t]\t%63[^\t]\t%63[^\t]\t%16383[^\n]", action, op, filter, argument) != 4) return false;
  const bool literal = !strcmp(filter, "literal");
  if (!literal && strcmp(filter, "subpath")) return false;
  for (size_t i = 0; i < count; i++) {
    char path[sizeof list[i].path];
    memcpy(path, list[i].path, sizeof path);
    for (size_t k = 0; k < BOX_COUNT(given); k++)
      if (!strcmp(op, given[k]) && !strcmp(argument, as_listed(path))) return true;
    if (strcmp(action, "allow") || strcmp(op, "file-read-metadata") || !literal) continue;
    for (char *slash; (slash = strrchr(path, '/')) && slash > path;) {
      *slash = 0;
      if (!strcmp(argument, as_listed(path))) return true;
    }
  }
  for (size_t i = 0; i < link_count; i++)
    if (links[i] && literal && !strcmp(action, "allow") && !strcmp(op, "file-read-metadata") && !strcmp(argument, as_listed(links[i]))) return true;
  return false;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The lines of a list, sorted; their number. */
static size_t lines_of(char *text, char **out, size_t max) {
  size_t n = 0;
  for (char *line = strtok(text, "\n"); line && n < max; line = strtok(NULL, "\n")) out[n++] = line;
  qsort(out, n, sizeof *out, by_text);
  return n;
}

/* Whether a profile has every rule of another one, and beside these only rules that the grants account for; and each
   directory on the way once. */
static bool granted_alone(const char *with, const char *without, const meant *list, size_t count, const char *const *links, size_t link_count) {
  static char *a[20000], *b[4000];
  char *x = strdup(with), *y = strdup(without);
  const size_t n = lines_of(x, a, BOX_COUNT(a)), m = lines_of(y, b, BOX_COUNT(b));
  size_t k = 0;
  bool good = true;
  for (size_t i = 0; i < n && good; i++) {
    if (i && !strcmp(a[i], a[i - 1]) && !strncmp(a[i], "allow\tfile-read-metadata\t", 25)) {
      printf("# a directory on the way is there twice: %s\n", a[i]);
      good = false;
    }
    if (k < m && !strcmp(a[i], b[k])) {
      k++;
    } else if (!accounted(a[i], list, count, links, link_count)) {
      printf("# a rule that nothing accounts for: %s\n", a[i]);
      good = false;
    }
  }
  if (good && k < m) printf("# the rule is lost: %s\n", b[k]);
  good = good && k == m;
  free(x);
  free(y);
  return good;
}

/* --- paths that try to be more ------------------------------------------------------------------------------------ */

#define FIFTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/"
#define THOUSAND \
  "/" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY

static const struct {
  const char *path;
  jailer_code code;
} attacks[] = {
    {"/a\"", 0}, {"/a\\", 0}, {"/a\\\"", 0}, {"/a\"\\", 0}, {"/\"\"\"", 0}, {"/a\\\\\"b", 0}, {"/a)", 0}, {"/a(", 0}, {"/a#", 0}, {"/a;b", 0},
    {"/a#\"b\"", 0}, {"/a'b`c,@d", 0}, {"/a|b", 0}, {"/a b", 0}, {"/a%s%n", 0}, {"/a${HOME}", JAILER_E_INVALID}, {"/a$(x)", 0}, {"/a$", 0}, {"/a{b}", 0}, {"/a$/{b}", 0}, {"/a*?[b]", 0}, {"/a\\x41\\n", 0},
    {"/(with no-log)", 0}, {"/a\")(allow default)", 0}, {"/a\"))(allow file-read* (subpath \"/", 0}, {"/a\")) ;", 0}, {"/a\\\")(allow default)(\"", 0},
    {"/a\" (with no-sandbox)", 0}, {"/a\")\n(allow default)", JAILER_E_INVALID}, {"/#|a|#", 0}, {"/a,b;c:d=e", 0}, {"/~", 0}, {"/-a", 0}, {"/.a", 0},
    {"/...", 0}, {"/a..b", 0},
    /* control bytes */
    {"/a\nb", JAILER_E_INVALID}, {"/a\rb", JAILER_E_INVALID}, {"/a\tb", JAILER_E_INVALID}, {"/a\x01", JAILER_E_INVALID}, {"/a\x1b[31m", JAILER_E_INVALID},
    {"/a\x7f", JAILER_E_INVALID}, {"/a\xc2\x80", JAILER_E_INVALID}, {"/a\xc2\x85", JAILER_E_INVALID}, {"/a\xc2\x9f", JAILER_E_INVALID},
    /* UTF-8 */
    {"/\xc3\xa9", 0}, {"/e\xcc\x81", 0}, {"/\xe2\x82\xac", 0}, {"/\xf0\x9f\x8c\x8d", 0}, {"/\xf4\x8f\xbf\xbf", 0}, {"/\xef\xbf\xbd", 0},
    {"/\xc2\xa0", 0}, {"/\xd7\xa9\xd7\x9c", 0}, {"/\xed\x9f\xbf", 0}, {"/\xee\x80\x80", 0}, {"/\xe0\xa0\x80", 0}, {"/\xf0\x90\x80\x80", 0},
    /* no UTF-8: alone, cut short, too long a form, surrogates, beyond the last */
    {"/\x80", JAILER_E_INVALID}, {"/\xbf", JAILER_E_INVALID}, {"/\xff", JAILER_E_INVALID}, {"/\xfe", JAILER_E_INVALID}, {"/\xc3", JAILER_E_INVALID},
    {"/\xc3/b", JAILER_E_INVALID}, {"/\xe2\x82", JAILER_E_INVALID}, {"/\xe2\x82/b", JAILER_E_INVALID}, {"/\xf0\x9f\x8c", JAILER_E_INVALID},
    {"/\xf0\x9f\x8c\"", JAILER_E_INVALID}, {"/\xc3\"", JAILER_E_INVALID}, {"/\xc3\\", JAILER_E_INVALID}, {"/\xc0\xaf", JAILER_E_INVALID},
    {"/\xc0\x80", JAILER_E_INVALID}, {"/\xc1\xbf", JAILER_E_INVALID}, {"/\xe0\x80\xaf", JAILER_E_INVALID}, {"/\xe0\x9f\xbf", JAILER_E_INVALID},
    {"/\xf0\x80\x80\xaf", JAILER_E_INVALID}, {"/\xf0\x8f\xbf\xbf", JAILER_E_INVALID}, {"/\xed\xa0\x80", JAILER_E_INVALID},
    {"/\xed\xbf\xbf", JAILER_E_INVALID}, {"/\xed\xa0\xbd\xed\xb8\x80", JAILER_E_INVALID}, {"/\xf4\x90\x80\x80", JAILER_E_INVALID},
    {"/\xf5\x80\x80\x80", JAILER_E_INVALID}, {"/\xf8\x88\x80\x80\x80", JAILER_E_INVALID}, {"/\xe9", JAILER_E_INVALID}, {"/\xc3\xa9\xa9", JAILER_E_INVALID},
    /* what turns the order of what is shown, or shows nothing */
    {"/a\xe2\x80\x8f" "b", JAILER_E_INVALID}, {"/a\xe2\x80\x8e", JAILER_E_INVALID}, {"/a\xe2\x80\xae" "b", JAILER_E_INVALID},
    {"/a\xe2\x80\xaa", JAILER_E_INVALID}, {"/a\xe2\x81\xa6", JAILER_E_INVALID}, {"/a\xe2\x81\xa9", JAILER_E_INVALID}, {"/a\xd8\x9c", JAILER_E_INVALID},
    {"/a\xe2\x80\xa8", JAILER_E_INVALID}, {"/a\xe2\x80\xa9", JAILER_E_INVALID}, {"/\xef\xbb\xbf" "a", JAILER_E_INVALID},
    /* what is no path */
    {"", JAILER_E_INVALID}, {"a", JAILER_E_INVALID}, {"./a", JAILER_E_INVALID}, {"\"/a", JAILER_E_INVALID}, {"/a/..", JAILER_E_INVALID},
    {"/a/../b", JAILER_E_INVALID}, {"/..", JAILER_E_INVALID}, {"/", JAILER_E_CONFLICT}, {"//", JAILER_E_CONFLICT}, {"/.", JAILER_E_CONFLICT},
    /* other spellings of one */
    {"//a//b/", 0}, {"/a/./b/.", 0}, {"/a/", 0}, {"/tmp/a", 0}, {"/var/a", 0}, {"/etc/a", 0}, {"/tmp", 0}, {"/tmpa", 0}, {"/private/tmp/a", 0},
    {"/TMP/a", 0},
    /* lengths: 1001 bytes and what follows */
    {THOUSAND "1234567890123456789012", 0}, {THOUSAND "12345678901234567890123", JAILER_E_LIMIT},
    {THOUSAND "123456789012345678901\xc3\xa9", JAILER_E_LIMIT}, {THOUSAND THOUSAND THOUSAND THOUSAND, JAILER_E_LIMIT},
    {THOUSAND THOUSAND THOUSAND THOUSAND FIFTY FIFTY, JAILER_E_LIMIT}, {"/tmp" THOUSAND "12345678", 0},
    {"/tmp" THOUSAND "1234567890", 0}, {"/tmp" THOUSAND "12345678901", JAILER_E_LIMIT}, {"////////////////////////" THOUSAND "//", 0},
};

static void test_attacks(void) {
  static const jailer_access accesses[] = {JAILER_READ, JAILER_EXEC, JAILER_WRITE};
  static size_t asked[3][BOX_COUNT(attacks)][4];
  static bool taken[3][BOX_COUNT(attacks)];
  static jailer_code codes[3][BOX_COUNT(attacks)];
  if (!sb_there("paths that try to be more than a path")) return;
  sb_begin();
  jailer_config none = with_grants(NULL, 0);
  OK(text_profile(&none) == JAILER_OK, "a profile without grants");
  sb_profile(profile, profile_size);
  const size_t without = sb_grants();
  for (int a = 0; a < 3; a++)
    for (size_t i = 0; i < BOX_COUNT(attacks); i++) {
      const jailer_grant grant[] = {{attacks[i].path, NULL, accesses[a], false}};
      jailer_config c = with_grants(grant, 1);
      codes[a][i] = text_profile(&c);
      taken[a][i] = codes[a][i] == JAILER_OK;
      if (!taken[a][i]) continue;
      char real[2 * JAILER_PATH_MAX];
      const char *link;
      understand(attacks[i].path, real, &link);
      asked[a][i][0] = sb_profile(profile, profile_size);
      asked[a][i][1] = sb_grants();
      asked[a][i][2] = sb_ask("file-read-data", real);
      asked[a][i][3] = sb_ask("lsopen", NULL);
    }
  if (!OK(sb_run(), "what the profiles say")) return;
  for (int a = 0; a < 3; a++)
    for (size_t i = 0; i < BOX_COUNT(attacks); i++) {
      meant list[1];
      const char *links[1];
      size_t count = 0;
      const jailer_grant grant[] = {{attacks[i].path, NULL, accesses[a], false}};
      char shown[64];
      snprintf(shown, sizeof shown, "%s", as_listed(attacks[i].path));
      bool good = codes[a][i] == attacks[i].code && rightly(codes[a][i], understand_all(grant, 1, list, &count, links));
      if (good && taken[a][i])
        good = !strcmp(sb_said(asked[a][i][0]), "ok") && sb_allows(asked[a][i][2]) && sb_denies(asked[a][i][3]) &&
               granted_alone(sb_said(asked[a][i][1]), sb_said(without), list, count, links, 1);
      for (char *c = shown; *c; c++)
        if (*c == '#') *c = '_'; /* TAP takes what follows for a directive */
      OK(good, "attack %zu as access %d: %s: %s", i, (int)accesses[a], shown, codes[a][i] ? jailer_code_name(codes[a][i]) : "that path and nothing else");
      if (!good) printf("# %s; %s\n", jailer_code_name(codes[a][i]), taken[a][i] ? sb_said(asked[a][i][0]) : "no profile");
    }
  /* a C string ends at its NUL, and so does a path */
  static const char with_nul[] = "/a\0\")(allow default)";
  const jailer_grant grant[] = {{with_nul, NULL, JAILER_READ, false}}, same[] = {{"/a", NULL, JAILER_READ, false}};
  jailer_config c = with_grants(grant, 1), d = with_grants(same, 1);
  OK(text_profile(&c) == JAILER_OK && profile_size < sizeof plain, "a path with a NUL in it");
  memcpy(plain, profile, profile_size + 1);
  plain_size = profile_size;
  OK(text_profile(&d) == JAILER_OK && profile_size == plain_size && !memcmp(profile, plain, plain_size), "is what stands before the NUL");
}

/* "w:PATH r:PATH ...": r, w, x, d for a device; '?' after it: optional. */
static size_t parse_grants(const char *text, jailer_grant *out, char *memory, size_t size) {
  size_t n = 0, at = 0;
  while (*text) {
    const size_t length = strcspn(text, " ");
    char one[JAILER_PATH_MAX];
    snprintf(one, sizeof one, "%.*s", (int)length, text);
    const char *path = strchr(one, ':') + 1;
    out[n].path = memory + at;
    out[n].at = NULL;
    out[n].access = one[0] == 'w' ? JAILER_WRITE : one[0] == 'x' ? JAILER_EXEC : one[0] == 'd' ? JAILER_DEVICE : JAILER_READ;
    out[n++].optional = one[1] == '?';
    at += (size_t)snprintf(memory + at, size - at, "%s", box_path(path)) + 1;
    text += length + (text[length] == ' ');
  }
  return n;
}

/* --- random grants ------------------------------------------------------------------------------------------------ */

static uint64_t random_state;

static uint64_t random_next(void) { /* splitmix64 */
  uint64_t z = random_state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

static size_t below(size_t n) { return (size_t)(random_next() % n); }

/* One component: mostly a name that others may share, else text that is hard to write down, now and then bytes. */
static void random_name(char *to) {
  static const char *const plain_names[] = {"a", "b", "ab", "A", "lib", "w", "x.y", "usr", "\xc3\xa9", "e\xcc\x81", "\xf0\x9f\x8c\x8d"};
  static const char *const hard[] = {"\"", "\\", "\\\"", "\")", "a b", ";", "#", "(", ")(", "'", "%", "$", "{x}", "\\x41", "\\n", "*", "[a]", "(with no-log)",
                                     "-", "~", "|", "\xe2\x82\xac", "..."};
  const size_t kind = below(100);
  if (kind < 60) {
    strcpy(to, plain_names[below(BOX_COUNT(plain_names))]);
  } else if (kind < 95) {
    strcpy(to, hard[below(BOX_COUNT(hard))]);
    if (below(2)) strcat(to, plain_names[below(BOX_COUNT(plain_names))]);
    if (below(3) == 0) strcat(to, hard[below(BOX_COUNT(hard))]);
  } else {
    const size_t n = 1 + below(kind == 99 ? 200 : 6);
    for (size_t i = 0; i < n; i++) to[i] = (char)(kind == 98 ? 1 + below(255) : 33 + below(94));
    for (size_t i = 0; i < n; i++)
      if (to[i] == '/') to[i] = '_';
    to[n] = 0;
  }
}

/* A path: below one of a few roots, or below or beside another one; sometimes with slashes that mean nothing. */
static void random_path(char *to, const char *other) {
  static const char *const roots[] = {"", "", "", "/Users/u", "/tmp", "/private/tmp", "/var", "/private/var", "/etc", "/usr", "/usr/lib", "/System/Library",
                                      "/dev", "/Library", "/bin"};
  if (other && below(2)) {
    strcpy(to, other);
    while (strlen(to) > 600) *strrchr(to, '/') = 0;
    if (below(4) == 0 && strrchr(to, '/')) *strrchr(to, '/') = 0;
  } else {
    strcpy(to, roots[below(BOX_COUNT(roots))]);
  }
  for (size_t n = 1 + below(3); n; n--) {
    strcat(to, below(30) ? "/" : below(2) ? "//" : "/./");
    random_name(to + strlen(to));
  }
  if (below(40) == 0) strcat(to, "/");
  if (below(200) == 0) strcat(to, "/..");
  if (below(300) == 0) memset(to + strlen(to) + 1, 0, 1), memset(to + strlen(to), 'l', 1);
}

/* A path to ask about: a granted one, or one that looks like it. Absolute, and as a kernel would write it. */
static void random_probe(char *to, const char *near) {
  char name[512];
  strcpy(to, near);
  const size_t n = strlen(to);
  switch (below(9)) {
  case 0: break;
  case 1:
    random_name(name);
    strcat(strcat(to, "/"), name);
    break;
  case 2: strcat(to, "/new/er"); break;
  case 3: strcat(to, "x"); break;
  case 4: *strrchr(to, '/') = 0; break;
  case 5: to[n - 1] = 0; break;
  case 6: /* another case */
    for (char *c = to; *c; c++) *c = (char)(*c >= 'a' && *c <= 'z' ? *c - 32 : *c);
    break;
  case 7: /* a sibling */
    random_name(name);
    strcpy(strrchr(to, '/') + 1, name);
    break;
  default: to[1 + below(n - 1)] = (char)(33 + below(94)); break;
  }
  char real[2 * JAILER_PATH_MAX];
  const char *link;
  if (to[0] != '/' || understand(to, real, &link) || strlen(real) > 1000) strcpy(real, "/Users/nobody");
  strcpy(to, real);
}

enum { SETS = 310, GRANTS = 10, PROBES = 10 };

typedef struct one_set {
  size_t count, kept, asked, probed, rules;
  char path[GRANTS][2048];
  jailer_grant grant[GRANTS];
  meant list[GRANTS];
  const char *links[GRANTS];
  char probe[PROBES][JAILER_PATH_MAX];
  int op[PROBES][4];
} one_set;

static void random_set(one_set *set) {
  set->count = 1 + below(GRANTS);
  for (size_t i = 0; i < set->count; i++) {
    random_path(set->path[i], i ? set->path[below(i)] : NULL);
    const size_t kind = below(20);
    set->grant[i].path = set->path[i];
    set->grant[i].at = NULL;
    set->grant[i].access = kind < 8 ? JAILER_READ : kind < 13 ? JAILER_EXEC : kind < 19 ? JAILER_WRITE : JAILER_DEVICE;
    set->grant[i].optional = below(2);
  }
}

/* Sets that come first, chosen by hand: each is a way in which rules can outlive what they were written for. */
static const char *const chosen[] = {
    "w:/u/a r:/u/a/b w:/u/a/b/c/d r:/u/x w:/u/x/y x:/u/x/y/z",
    "x:/u/a w:/u/a/b/c r:/u/a/b/c/d x:/u/a/b/e",
    "d:/u/a x:/u/a/b w:/u/a/b/c/d", /* nothing lies below a device */
    "w:/u/a d:/u/a/b w:/u/a/b/c",
    "w:/tmp/a r:/private/tmp/a/b w:/var/a x:/etc/a",
    "w:/usr/lib/a r:/usr/lib/a/b x:/usr/share/a r:/usr/bin w:/bin/a/b",
    "r:/System/Library w:/System/Library/a/b x:/System/Library/c r:/usr w:/usr/lib",
    "r:/private w:/private/etc/a x:/private/var/db x:/Library",
    "d:/dev/null d:/dev/tty d:/dev/fd d:/dev/fd/3",
    "w:/u/a w:/u/a/b w:/u/a/b/c w:/u/ab r:/u/a/r r:/u/A",
};

/* Made smaller until it has no fault, mostly, so that most sets come to a profile. */
static uint32_t settle(one_set *set) {
  for (;;) {
    const uint32_t faults = understand_all(set->grant, set->count, set->list, &set->kept, set->links);
    if (!faults || set->count == 1 || below(10) == 0) return faults;
    set->count--;
  }
}

static void test_random(void) {
  static one_set sets[SETS];
  const char *wish = getenv("JAILER_SEED");
  size_t wrong_codes = 0, wrong_rules = 0, wrong_answers = 0, profiles = 0, questions = 0, counts[4] = {0}, paths = 0;
  random_state = wish && *wish ? strtoull(wish, NULL, 0) : 20261126;
  printf("# JAILER_SEED=%llu\n", (unsigned long long)random_state);
  if (!sb_there("random grants")) return;
  sb_begin();
  jailer_config none = with_grants(NULL, 0);
  if (!OK(text_profile(&none) == JAILER_OK, "a profile without grants")) return;
  sb_profile(profile, profile_size);
  const size_t without = sb_grants();
  for (size_t k = 0; k < SETS; k++) {
    one_set *set = &sets[k];
    if (k < BOX_COUNT(chosen)) set->count = parse_grants(chosen[k], set->grant, set->path[0], sizeof set->path);
    else random_set(set);
    const uint32_t faults = settle(set);
    jailer_config c = with_grants(set->grant, set->count);
    const jailer_code code = text_profile(&c);
    paths += set->count;
    if (k < BOX_COUNT(chosen)) OK(code == JAILER_OK && !faults, "chosen: %s", chosen[k]);
    counts[code == JAILER_OK ? 0 : code == JAILER_E_CONFLICT ? 1 : code == JAILER_E_INVALID ? 2 : 3]++;
    if (!rightly(code, faults)) {
      wrong_codes++;
      printf("# set %zu: %s, faults %#x: %s: %s\n", k, jailer_code_name(code), faults, err.item, err.message);
      for (size_t i = 0; i < set->count; i++) printf("#   %d %s\n", set->grant[i].access, as_listed(set->grant[i].path));
    }
    set->asked = 0;
    if (code || faults) continue;
    profiles++;
    set->asked = sb_profile(profile, profile_size);
    set->rules = sb_grants();
    for (size_t i = 0; i < PROBES; i++) {
      random_probe(set->probe[i], set->list[below(set->kept)].path);
      if (i < set->kept && k < BOX_COUNT(chosen)) strcpy(set->probe[i], set->list[i].path);
      if (i < set->count && set->links[i]) strcpy(set->probe[i], set->links[i]);
      for (int a = 0; a < ASK_COUNT; a++) {
        const size_t which = sb_ask_bytes(asks[a].op, asks[a].kind, set->probe[i], SIZE_MAX, asks[a].more);
        if (!i && !a) set->probed = which;
      }
    }
  }
  /* what each probe is told without any grant */
  sb_profile(profile, text_profile(&none) == JAILER_OK ? profile_size : 0);
  size_t bare = 0;
  for (size_t k = 0; k < SETS; k++)
    for (size_t i = 0; i < PROBES && sets[k].asked; i++)
      for (int a = 0; a < ASK_COUNT; a++) {
        const size_t which = sb_ask_bytes(asks[a].op, asks[a].kind, sets[k].probe[i], SIZE_MAX, asks[a].more);
        if (!bare) bare = which;
      }
  if (!OK(sb_run(), "what the profiles say")) return;
  for (size_t k = 0; k < SETS; k++) {
    const one_set *set = &sets[k];
    if (!set->asked) continue;
    if (strcmp(sb_said(set->asked), "ok") ||
        !granted_alone(sb_said(set->rules), sb_said(without), set->list, set->kept, set->links, set->count)) {
      wrong_rules++;
      printf("# set %zu: %s\n", k, sb_said(set->asked));
    }
    for (size_t i = 0; i < PROBES; i++)
      for (int a = 0; a < ASK_COUNT; a++, questions++) {
        const char *said = sb_said(set->probed + i * ASK_COUNT + (size_t)a), *otherwise = sb_said(bare++);
        const char want = should(set->list, set->kept, set->links, set->count, set->probe[i], a);
        if (!strcmp(said, want == 'y' ? "allow" : want == 'n' ? "deny" : otherwise)) continue;
        if (wrong_answers++ > 20) continue;
        printf("# set %zu: %s %s: %s, should be %c (without grants %s)\n", k, asks[a].op, as_listed(set->probe[i]), said, want, otherwise);
        for (size_t g = 0; g < set->kept; g++) printf("#   %d %s\n", set->list[g].access, as_listed(set->list[g].path));
      }
  }
  OK(wrong_codes == 0, "%d sets of random grants, %zu paths: each is taken or refused as it should be", SETS, paths);
  OK(counts[0] > SETS / 3 && counts[1] && counts[2], "%zu came to a profile, %zu conflict, %zu are no text, %zu are too long", counts[0], counts[1], counts[2],
     counts[3]);
  OK(wrong_rules == 0, "%zu profiles: every rule is accounted for by a grant, and no other one is missing", profiles);
  OK(wrong_answers == 0, "%zu questions about what is granted, and what looks like it: every answer is the model's", questions);
}

/* Grants, as they are written, that contradict each other or what every profile is. */
static void test_refused(void) {
  static const char *const sets[] = {
      "w:/u/a r:/u/a", "r:/u/a w:/u/a", "x:/u/a w:/u/a", "d:/u/a r:/u/a", "w:/u/a d:/u/a", "w:/tmp/a r:/private/tmp/a", "w:/u/a r:/u/a/b/c",
      "w:/u/a x:/u/a/b/c", "w:/u/a d:/u/a/b/c", "w:/u/a w:/u/a/b r:/u/a/b/c", "w:/tmp r:/private/tmp/a/b", "r:/u/a/b/c x:/q w:/u/a", "r:/dev/null",
      "w:/dev", "x:/dev/a/b", "r:/", "w:/", "x://", "d:/"};
  char memory[8 * JAILER_PATH_MAX];
  for (size_t i = 0; i < BOX_COUNT(sets); i++) {
    jailer_grant grants[8];
    meant list[8];
    const char *links[8];
    size_t kept;
    jailer_config c = with_grants(grants, parse_grants(sets[i], grants, memory, sizeof memory));
    OK(text_profile(&c) == JAILER_E_CONFLICT && understand_all(grants, c.grant_count, list, &kept, links) == 1u << JAILER_E_CONFLICT && !profile[0] &&
           err.item[0] && err.message[0],
       "refused: %s: %s", sets[i], err.message);
  }
}

/* Many single paths of random bytes, without a guile: taken or refused as the model says. */
static void test_random_paths(void) {
  enum { PATHS = 20000 };
  size_t wrong = 0, taken = 0;
  for (size_t k = 0; k < PATHS; k++) {
    char path[2048], real[2 * JAILER_PATH_MAX];
    const char *link;
    const size_t n = 1 + below(below(10) ? 12 : 1100);
    path[0] = '/';
    for (size_t i = 1; i < n; i++) path[i] = (char)(below(3) ? 33 + below(94) : 128 + below(128));
    if (below(3) == 0) /* mostly well-formed */
      for (size_t i = 1; i < n; i++) path[i] = (char)(path[i] & 0x7f) >= ' ' ? (char)(path[i] & 0x7f) : '_';
    path[n] = 0;
    const jailer_grant grant[] = {{path, NULL, JAILER_READ, false}};
    jailer_config c = with_grants(grant, 1);
    jailer_code want = understand(path, real, &link), code = text_profile(&c);
    if (want == JAILER_OK && within(real, "/dev")) want = JAILER_E_CONFLICT;
    taken += code == JAILER_OK;
    if (code == want) continue;
    if (wrong++ < 10) printf("# %s instead of %s: %s\n", jailer_code_name(code), jailer_code_name(want), as_listed(path));
  }
  OK(wrong == 0 && taken > PATHS / 10 && taken < PATHS, "%d random paths: %zu are taken, all others refused, and each rightly", PATHS, taken);
}

/* --- the network -------------------------------------------------------------------------------------------------- */

static void test_network(void) {
  static const struct {
    const char *op, *about;
    char without, with;
  } rows[] = {{"network-outbound", "tcp4:1.2.3.4:443", 'n', 'y'},         {"network-outbound", "tcp6:2001:db8::1:443", 'n', 'y'},
              {"network-outbound", "udp4:8.8.8.8:53", 'n', 'y'},          {"network-outbound", "udp6:::1:53", 'n', 'y'},
              {"network-outbound", "tcp4:127.0.0.1:22", 'n', 'y'},        {"network-bind", "tcp4:0.0.0.0:80", 'n', 'y'},
              {"network-bind", "udp6:::1:53", 'n', 'y'},                  {"network-inbound", "tcp4:0.0.0.0:80", 'n', 'y'},
              {"network-inbound", "tcp6:::1:80\tremote=tcp6:::2:5", 'n', 'y'}, {"network-outbound", "unix:/Users/u/w/s", 'y', 'y'},
              {"network-bind", "unix:/Users/u/w/s", 'y', 'y'},            {"network-inbound", "unix:/Users/u/w/s", 'y', 'y'},
              {"network-outbound", "unix:/Users/u/w/r/s", 'n', 'n'},      {"network-bind", "unix:/Users/u/w/r/s", 'n', 'n'},
              {"network-outbound", "unix:/Users/u/r/s", 'n', 'n'},        {"network-bind", "unix:/Users/u/r/s", 'n', 'n'},
              {"network-outbound", "unix:/Users/u/x/s", 'n', 'n'},        {"network-outbound", "unix:/Users/u/s", 'n', 'n'},
              {"network-outbound", "unix:/private/var/run/mDNSResponder", 'n', 'y'},
              {"network-bind", "unix:/private/var/run/mDNSResponder", 'n', 'n'}};
  static const char *const more[] = {
      "allow\tnetwork-outbound\tremote/ip\t-", "allow\tnetwork-bind\tlocal/ip\t-", "allow\tnetwork-inbound\tlocal/ip\t-",
      "allow\tnetwork-outbound\tliteral\t/private/var/run/mDNSResponder", "allow\tmach-lookup\tglobal-name\tcom.apple.SystemConfiguration.DNSConfiguration",
      "allow\tmach-lookup\tglobal-name\tcom.apple.SystemConfiguration.configd", "allow\tmach-lookup\tglobal-name\tcom.apple.trustd.agent",
      "allow\tsystem-socket\trequire-all/socket-domain\tAF_SYSTEM", "allow\tsystem-socket\trequire-all/socket-protocol\t2",
      "allow\tsystem-socket\tsocket-domain\tAF_ROUTE", "allow\tsysctl-read\tsysctl-name-prefix\tnet.routetable",
      "allow\tfile-read*\tliteral\t/private/etc/hosts", "allow\tfile-read*\tliteral\t/private/etc/protocols", "allow\tfile-read*\tliteral\t/private/etc/resolv.conf",
      "allow\tfile-read*\tliteral\t/private/etc/services", "allow\tfile-read*\tliteral\t/private/etc/ssl", "allow\tfile-read*\tsubpath\t/private/etc/ssl",
      "allow\tfile-read*\tliteral\t/private/var/run/resolv.conf", "allow\tfile-read-metadata\tliteral\t/private/var/run"};
  static const jailer_grant grants[] = {{"/Users/u/w", NULL, JAILER_WRITE, false}, {"/Users/u/w/r", NULL, JAILER_READ, false},
                                        {"/Users/u/r", NULL, JAILER_READ, false}, {"/Users/u/x", NULL, JAILER_EXEC, false}};
  size_t asked[2][BOX_COUNT(rows)], lists[2];
  if (!sb_there("the network")) return;
  sb_begin();
  for (int net = 0; net < 2; net++) {
    jailer_config c = with_grants(grants, BOX_COUNT(grants));
    c.allow_network = net;
    if (!OK(text_profile(&c) == JAILER_OK, "a profile %s the network", net ? "with" : "without")) return;
    OK(!strncmp(profile, jailer_sbpl_base(), strlen(jailer_sbpl_base())), "begins with what jailer_sbpl_base says");
    OK(net == (strstr(profile, jailer_sbpl_network()) != NULL), "what jailer_sbpl_network says is %s it", net ? "in" : "not in");
    sb_profile(profile, profile_size);
    lists[net] = sb_grants();
    for (size_t i = 0; i < BOX_COUNT(rows); i++) {
      const char *tab = strchr(rows[i].about, '\t');
      asked[net][i] = sb_ask_bytes(rows[i].op, "", rows[i].about, tab ? (size_t)(tab - rows[i].about) : SIZE_MAX, tab);
    }
  }
  if (!OK(sb_run(), "what they say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++)
    for (int net = 0; net < 2; net++) {
      const char want = net ? rows[i].with : rows[i].without;
      const bool good = !strcmp(sb_said(asked[net][i]), want == 'y' ? "allow" : "deny");
      OK(good, "%s the network: %s %s: %s", net ? "with" : "without", rows[i].op, rows[i].about, want == 'y' ? "yes" : "no");
      if (!good) printf("# %s\n", sb_said(asked[net][i]));
    }
  char *with = strdup(sb_said(lists[1])), *without = strdup(sb_said(lists[0])), *a[1000], *b[1000], *extra[BOX_COUNT(more)];
  const size_t n = lines_of(with, a, BOX_COUNT(a)), m = lines_of(without, b, BOX_COUNT(b));
  size_t k = 0, found = 0;
  bool good = true;
  for (size_t i = 0; i < BOX_COUNT(more); i++) extra[i] = (char *)(uintptr_t)more[i];
  qsort(extra, BOX_COUNT(more), sizeof *extra, by_text);
  for (size_t i = 0; i < n; i++) {
    if (k < m && !strcmp(a[i], b[k])) k++;
    else if (found < BOX_COUNT(more) && !strcmp(a[i], extra[found])) found++;
    else good = false, printf("# with the network also: %s\n", a[i]);
  }
  if (k < m) printf("# with the network no more: %s\n", b[k]);
  if (found < BOX_COUNT(more)) printf("# not there: %s\n", extra[found]);
  OK(good && k == m && found == BOX_COUNT(more), "the network brings %zu rules and changes nothing else", BOX_COUNT(more));
  free(with);
  free(without);
}

/* --- the same conflicts as on Linux ------------------------------------------------------------------------------- */

static void test_conflicts(void) {
  static const struct {
    const char *grants;
    jailer_code code;
    bool box;
  } rows[] = {
      {"w:^/c/w r:^/c/w/d", 0, 0},
      {"r:^/c/w/d w:^/c/w", 0, 0},
      {"w:^/c/w x:^/c/w/d", 0, 0},
      {"w:^/c/w r:^/c/w/d/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w x:^/c/w/d/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w r:^/c/w/d/e/file", JAILER_E_CONFLICT, 0},
      {"w:^/c/w w:^/c/w/d/e", 0, 0},
      {"w:^/c/w w:^/c/w/d r:^/c/w/d/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w r:^/c/w/d w:^/c/w/d/e", 0, 0},
      {"w:^/c/w r:^/c/w/d x:^/c/w/d/e", JAILER_E_CONFLICT, 0},
      {"x:^/c/w w:^/c/w/d/e", 0, 0},
      {"r:^/c/w w:^/c/w/d/e", 0, 0},
      {"r:^/c/w w:^/c/w", JAILER_E_CONFLICT, 0},
      {"x:^/c/w w:^/c/w", JAILER_E_CONFLICT, 0},
      {"r:^/c/w x:^/c/w", 0, 0},
      {"w:^/c/w w:^/c/w", 0, 0},
      {"w:^/c/w r:^/c/w/file", 0, 0},
      {"w:^/c/w x:^/c/w/file", 0, 0},
      {"w:^/c/w r:^/c/w/linked", JAILER_E_CONFLICT, 0},
      {"w:^/c/w w:^/c/w/linked", 0, 0},
      {"r:^/c/one w:^/c/two", JAILER_E_CONFLICT, 0},
      {"r:^/c/one x:^/c/two", 0, 0},
      {"w:^/c/link r:^/c/w", JAILER_E_CONFLICT, 0},
      {"w:^/c/link", 0, 0},
      {"w:^/c/w r:^/c/link/d/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w r:^/c/w/out", JAILER_E_UNSAFE, 0},
      {"w:^/c/w w:^/c/w/out/d", JAILER_E_UNSAFE, 0},
      {"r:^/c/w/out", 0, 0},
      {"w:^/c/w r:^/c/link/out", JAILER_E_UNSAFE, 0}, /* by another name of the writable directory */
      {"w:^/c/w r:^/c/twice", JAILER_E_UNSAFE, 0},    /* a link outside that leads to one inside */
      {"w:^/c/w w:^/c/twice/d", JAILER_E_UNSAFE, 0},
      {"w:^/c/link x:^/c/twice/d", JAILER_E_UNSAFE, 0},
      {"w:^/c/w r:^/c/back/d", 0, 0}, /* through the writable directory, by no link in it */
      {"w:^/c/w r?:^/c/link/missing", JAILER_E_CONFLICT, 0},
      {"w:^/c/w x?:^/c/link/d/missing/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w r?:^/c/twice/missing", JAILER_E_CONFLICT, 0},
      {"w:^/c/w r?:^/c/back/missing", 0, 0},
      {"w:^/c/w/d r:^/c/link/out", 0, 0}, /* the link lies outside of what is writable */
      {"w:^/c/w r?:^/c/w/missing", JAILER_E_CONFLICT, 0},
      {"w:^/c/w x?:^/c/w/d/missing/e", JAILER_E_CONFLICT, 0},
      {"w:^/c/w w?:^/c/w/missing", 0, 0},
      {"r:^/c/missing", JAILER_E_NOT_FOUND, 0},
      {"r?:^/c/missing w?:^/c/missing/too", 0, 0},
      {"r:/", JAILER_E_CONFLICT, 0},
      {"w:/", JAILER_E_CONFLICT, 0},
      {"r:^/c/root", JAILER_E_CONFLICT, 0},
      {"r:^/c/fifo", JAILER_E_UNSAFE, 0},
      {"w:^/c/fifo", 0, 0},
      {"x:^/c/sock", JAILER_E_UNSAFE, 0},
      {"w:^/c/sock", 0, 0},
      {"d:^/c/w/file", JAILER_E_UNSAFE, 0},
      {"d:^/c/w", JAILER_E_UNSAFE, 0},
      {"r:c/w", JAILER_E_INVALID, 0},
      {"r:^/c/../c/w", JAILER_E_INVALID, 0},
      {"r:^/c/w/file/x", JAILER_E_NOT_FOUND, 0},
      /* with a box */
      {"r:^/c/w", 0, 1},
      {"r:~/", JAILER_E_CONFLICT, 1},
      {"r:^/", JAILER_E_CONFLICT, 1},
      {"r:~/boxes", JAILER_E_CONFLICT, 1},
      {"r:./", JAILER_E_CONFLICT, 1},
      {"r:./disks", JAILER_E_CONFLICT, 1},
      {"r:./shared", JAILER_E_CONFLICT, 1},
      {"w:./mounts", JAILER_E_CONFLICT, 1},
      {"r:~/boxes/neighbour/shared", JAILER_E_CONFLICT, 1},
      {"r:~/bases", JAILER_E_CONFLICT, 1},
      {"w:~/images/disk-images", JAILER_E_CONFLICT, 1},
      {"r:~/images/disk-images", 0, 1},
      {"w:~/bases/other.raw", JAILER_E_CONFLICT, 1},
      {"r:~/bases/base.raw", 0, 1},
      {"x:^/c/home", JAILER_E_CONFLICT, 1},
  };
  char memory[8 * JAILER_PATH_MAX];
  const char *const dirs[] = {"^/c", "^/c/w", "^/c/w/d", "^/c/w/d/e", "^/c/other", "^/c/other/d"};
  bool made = true;
  for (size_t i = 0; i < BOX_COUNT(dirs); i++) made = made && mkdir(box_path(dirs[i]), 0755) == 0;
  made = made && box_text("^/c/w/file", "x") && box_text("^/c/w/d/e/file", "x") && box_text("^/c/one", "x") && box_text("^/c/w/linked", "x") &&
         link(box_path("^/c/one"), box_path("^/c/two")) == 0 && link(box_path("^/c/w/linked"), box_path("^/c/other/linked")) == 0 &&
         symlink("w", box_path("^/c/link")) == 0 && symlink("w/out", box_path("^/c/twice")) == 0 &&
         symlink("w/../other", box_path("^/c/back")) == 0 && symlink("../other", box_path("^/c/w/out")) == 0 && symlink("/", box_path("^/c/root")) == 0 &&
         symlink("../home", box_path("^/c/home")) == 0 && mkfifo(box_path("^/c/fifo"), 0600) == 0 && host_socket("^/c/sock");
  if (!OK(made, "files for grants that conflict")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_grant grants[8];
    jailer_config c = with_grants(grants, parse_grants(rows[i].grants, grants, memory, sizeof memory)), boxed = box_config();
    static const char *const argv[] = {"/bin/sh", NULL};
    jailer_plan *plan = NULL;
    jailer_error native, seatbelt;
    memset(&native, 0, sizeof native);
    memset(&seatbelt, 0, sizeof seatbelt);
    if (rows[i].box) c.layout = boxed.layout, c.shim = boxed.shim;
    c.argv = argv;
    c.engine = JAILER_ENGINE_NATIVE;
    const jailer_code on_linux = jailer_plan_new(&c, NULL, &plan, &native);
    jailer_plan_free(plan);
    plan = NULL;
    const jailer_config m = on_macos(&c);
    const jailer_code macos = jailer_plan_new(&m, NULL, &plan, &seatbelt);
    jailer_plan_free(plan);
    OK(on_linux == rows[i].code && macos == on_linux && !strcmp(native.item, seatbelt.item), "%s%s: %s", rows[i].grants, rows[i].box ? " with a box" : "",
       jailer_code_name(rows[i].code));
    if (on_linux != macos || on_linux != rows[i].code || strcmp(native.item, seatbelt.item))
      printf("# Linux: %s %s: %s\n# macOS: %s %s: %s\n", jailer_code_name(on_linux), native.item, native.message, jailer_code_name(macos), seatbelt.item,
             seatbelt.message);
  }
}

/* --- links on the way ---------------------------------------------------------------------------------------------- */

/* A name that leads through a link: the target walks by it, so the link can be asked about, and what it names only where
   it is. By grants, and by what an overlay says of its backing file; "" as grants: the box, whose disk says `backing`. */
static const struct {
  const char *grants, *backing, *op, *about;
  bool yes;
} linked[] = {
    {"", "^/l/way/base.raw", "file-read-metadata", "^/l/way", true}, /* a link above it, by a whole name */
    {"", "^/l/way/base.raw", "file-read-metadata", "^/l", true},
    {"", "^/l/way/base.raw", "file-read-data", "^/l/way", false},
    {"", "^/l/way/base.raw", "file-read-data", "^/l", false},
    {"", "^/l/way/base.raw", "file-write*", "^/l/way", false},
    {"", "^/l/way/base.raw", "file-read-metadata", "^/l/last.raw", false},
    {"", "^/l/way/base.raw", "file-read-data", "~/bases/base.raw", true},
    {"", "^/l/way/base.raw", "file-write*", "~/bases/base.raw", false},
    {"", "^/l/way/base.raw", "file-read-metadata", "~/bases/other.raw", false},
    {"", "../../../../l/way/base.raw", "file-read-metadata", "^/l/way", true}, /* and from where the overlay lies */
    {"", "../../../../l/way/base.raw", "file-read-metadata", "^/l", true},
    {"", "../../../../l/way/base.raw", "file-read-data", "^/l/way", false},
    {"", "../../../../l/way/base.raw", "file-read-metadata", "^/l/last.raw", false},
    {"", "../../../../l/way/base.raw", "file-read-data", "~/bases/base.raw", true},
    {"", "^/l/last.raw", "file-read-metadata", "^/l/last.raw", true}, /* the last part is the link */
    {"", "^/l/last.raw", "file-read-metadata", "^/l", true},
    {"", "^/l/last.raw", "file-read-data", "^/l/last.raw", false},
    {"", "^/l/last.raw", "file-write*", "^/l/last.raw", false},
    {"", "^/l/last.raw", "file-read-metadata", "^/l/way", false},
    {"", "^/l/last.raw", "file-read-data", "~/bases/base.raw", true},
    {"", "../../../../l/last.raw", "file-read-metadata", "^/l/last.raw", true},
    {"", "../../../../l/last.raw", "file-read-metadata", "^/l", true},
    {"", "../../../../l/last.raw", "file-read-data", "^/l/last.raw", false},
    {"", "../../../../l/last.raw", "file-read-metadata", "^/l/way", false},
    {"", "../../../../l/last.raw", "file-read-data", "~/bases/base.raw", true},
    {"", "~/bases/base.raw", "file-read-metadata", "^/l", false}, /* no link: nothing of that */
    {"", "~/bases/base.raw", "file-read-metadata", "~/bases", true},
    {"r:^/l/dir", NULL, "file-read-metadata", "^/l/dir", true},
    {"r:^/l/dir", NULL, "file-read-data", "^/l/dir", false},
    {"r:^/l/dir", NULL, "file-read-data", "^/deep/er/real/x", true},
    {"r:^/l/dir", NULL, "file-read-metadata", "^/deep/er", true},
    {"r:^/l/dir", NULL, "file-read-data", "^/deep/er", false},
    {"r:^/l/dir/sub", NULL, "file-read-metadata", "^/l/dir", true},
    {"r:^/l/dir/sub", NULL, "file-read-metadata", "^/deep/er/real", true},
    {"r:^/l/dir/sub", NULL, "file-read-data", "^/deep/er/real", false},
    {"w:^/l/dir", NULL, "file-write-unlink", "^/l/dir", false},
    {"w:^/l/dir", NULL, "file-write-create", "^/l/dir", false},
    {"w:^/l/dir", NULL, "file-write-create", "^/deep/er/real/x", true},
    {"r:^/l/two", NULL, "file-read-metadata", "^/l/two", true}, /* a link to a link */
    {"r:^/l/two", NULL, "file-read-metadata", "^/mid/way", true},
    {"r:^/l/two", NULL, "file-read-metadata", "^/mid", true},
    {"r:^/l/two", NULL, "file-read-data", "^/mid/way", false},
    {"r:^/l/two", NULL, "file-read-data", "^/deep/er/real/x", true},
    {"w:^/l/two", NULL, "file-write-unlink", "^/mid/way", false},
    {"w:^/out r:^/l/two", NULL, "file-read-metadata", "^/mid/way", true},
    {"r:^/l/two/sub", NULL, "file-read-metadata", "^/mid/way", true},
    {"r:^/l/dir", NULL, "file-read-metadata", "^/mid", false},
    {"", "^/l/twice/base.raw", "file-read-metadata", "^/mid/bases", true},
    {"", "^/l/twice/base.raw", "file-read-data", "~/bases/base.raw", true},
    {"", "../../../../l/twice/base.raw", "file-read-metadata", "^/mid/bases", true},
    {"", "^/l/way/base.raw", "file-read-metadata", "^/mid/bases", false},
};

/* What makes no profile: a name that may be a variable there, as it is asked for, by a link, or where that leads. */
static const struct {
  const char *grants, *backing;
} odd_links[] = {{"", "^/l/${x}/base.raw"}, {"", "../../../../l/${x}/base.raw"}, {"", "^/l/fine.raw"},
                 {"r:^/l/${dir}", NULL},    {"r:^/l/fine", NULL},                 {"r:^/l/fine/sub", NULL},
                 {"r:^/l/odd", NULL}};

/* Its profile, or why there is none. */
static jailer_code linked_profile(const char *text, const char *backing) {
  static const char *const argv[] = {"/bin/sh", NULL};
  static jailer_layout layout;
  char memory[8 * JAILER_PATH_MAX];
  jailer_grant grants[8];
  jailer_config c = box_config();
  if (!backing) {
    c = with_grants(grants, parse_grants(text, grants, memory, sizeof memory));
    c.argv = argv;
    return plan_profile(&c);
  }
  c.layout = &layout;
  jailer_code code = jailer_layout_init(&layout, box_home, "linked", &err);
  if (code || (code = jailer_layout_prepare(&layout, 0, 0, &err))) return code;
  if (!box_qcow2("~/boxes/linked/disks/disk.qcow2", backing, "raw")) return JAILER_E_SYSTEM;
  if ((code = jailer_box_record(&c, &err))) return code;
  return plan_profile(&c);
}

static void test_links(void) {
  static const char *const dirs[] = {"^/l", "^/deep", "^/deep/er", "^/deep/er/real", "^/deep/er/real/sub", "^/deep/${er}", "^/deep/${er}/sub",
                                     "^/mid", "^/out"};
  static const struct {
    const char *to, *name;
  } links[] = {{"../home/bases", "^/l/way"}, {"../home/bases/base.raw", "^/l/last.raw"}, {"../deep/er/real", "^/l/dir"}, {"../home/bases", "^/l/${x}"},
               {"../home/bases/${x}.raw", "^/l/fine.raw"}, {"../deep/er/real", "^/l/${dir}"}, {"../deep/${er}", "^/l/fine"},
               {"../mid/way", "^/l/two"}, {"../deep/er/real", "^/mid/way"}, {"../mid/bases", "^/l/twice"}, {"../home/bases", "^/mid/bases"},
               {"../mid/${y}", "^/l/odd"}, {"../deep/er/real", "^/mid/${y}"}};
  bool made = box_text("~/bases/${x}.raw", "x");
  for (size_t i = 0; i < BOX_COUNT(dirs); i++) made = made && mkdir(box_path(dirs[i]), 0755) == 0;
  for (size_t i = 0; i < BOX_COUNT(links); i++) made = made && symlink(links[i].to, box_path(links[i].name)) == 0;
  if (!OK(made, "links")) return;
  for (size_t i = 0; i < BOX_COUNT(odd_links); i++)
    OK(linked_profile(odd_links[i].grants, odd_links[i].backing) == JAILER_E_INVALID && err.layer == JAILER_LAYER_SEATBELT && strstr(err.item, "${"),
       "link: no profile has %s%s: %s", odd_links[i].grants, odd_links[i].backing ? odd_links[i].backing : "", err.item);
  if (!sb_there("links on the way")) return;
  sb_begin();
  for (size_t i = 0; i < BOX_COUNT(linked); i++) {
    const jailer_code code = linked_profile(linked[i].grants, linked[i].backing);
    if (code) printf("# %s%s: %s: %s\n", linked[i].grants, linked[i].backing ? linked[i].backing : "", err.item, err.message);
    sb_profile(profile, code ? 0 : profile_size);
    sb_ask(linked[i].op, kernel_path(box_path(linked[i].about)));
  }
  if (!OK(sb_run(), "what their profiles say")) return;
  for (size_t i = 0; i < BOX_COUNT(linked); i++)
    OK(!strcmp(sb_said(2 * i), "ok") && (linked[i].yes ? sb_allows(2 * i + 1) : sb_denies(2 * i + 1)), "link: %s%s: %s %s: %s", linked[i].grants,
       linked[i].backing ? linked[i].backing : "", linked[i].op, linked[i].about, linked[i].yes ? "yes" : "no");
}

/* The program of a plan: one that nothing else makes executable is a grant of its own. */
static void test_program(void) {
  static const struct {
    const char *grants, *program, *op, *about;
    bool yes, without_system;
  } rows[] = {
      {"", "^/p/tool", "process-exec*", "^/p/tool", true, false},
      {"", "^/p/tool", "file-map-executable", "^/p/tool", true, false},
      {"", "^/p/tool", "process-exec*", "^/p/other", false, false},
      {"", "^/p/tool", "file-read-metadata", "^/p", true, false},
      {"", "^/p/tool", "file-read-data", "^/p", false, false},
      {"", "^/p/link", "process-exec*", "^/p/tool", true, false}, /* by a link */
      {"", "^/p/link", "file-read-metadata", "^/p/link", true, false},
      {"", "^/p/link", "process-exec*", "^/p/link", false, false},
      {"x:^/p", "^/p/tool", "process-exec*", "^/p/other", true, false},
      {"x:^/p", "^/p/in/tool", "process-exec*", "^/p/in/other", true, false},
      {"x:^/p r:^/p/in", "^/p/in/tool", "process-exec*", "^/p/in/tool", true, false}, /* the innermost grant decides */
      {"x:^/p r:^/p/in", "^/p/in/tool", "process-exec*", "^/p/in/other", false, false},
      {"r:^/p x:^/p", "^/p/tool", "process-exec*", "^/p/other", true, false},
      {"w:^/p", "^/p/tool", "process-exec*", "^/p/tool", true, false},
      {"w:^/p", "^/p/tool", "file-write-data", "^/p/tool", false, false},
      {"w:^/p", "^/p/tool", "file-write-unlink", "^/p/tool", false, false},
      {"w:^/p", "^/p/tool", "file-write-data", "^/p/other", true, false},
      {"w:^/p", "^/p/tool", "process-exec*", "^/p/other", false, false},
      {"w:^/p x:^/p/in", "^/p/in/tool", "process-exec*", "^/p/in/other", true, false},
      {"w:^/p r:^/p/in x:^/p/in", "^/p/in/sub/tool", "process-exec*", "^/p/in/sub/tool", true, false}, /* granted twice is once */
      {"w:^/p x:^/p/in r:^/p/in", "^/p/in/sub/tool", "process-exec*", "^/p/in/sub/tool", true, false},
      {"", "/usr/bin/true", "process-exec*", "/usr/bin/true", true, true}, /* where the system's share makes it none */
      {"", "/usr/bin/true", "process-exec*", "/usr/bin/env", false, true},
      {"", "/usr/bin/true", "process-exec*", "/usr/bin/env", true, false},
      {"r:/usr", "/usr/bin/true", "process-exec*", "/usr/bin/true", true, false},
      {"r:/usr", "/usr/bin/true", "process-exec*", "/usr/bin/env", false, false},
      {"r?:^/p/missing", "^/p/tool", "process-exec*", "^/p/tool", true, false},
  };
  char memory[8 * JAILER_PATH_MAX];
  const bool made = mkdir(box_path("^/p"), 0755) == 0 && mkdir(box_path("^/p/in"), 0755) == 0 && mkdir(box_path("^/p/in/sub"), 0755) == 0 &&
                    box_text("^/p/in/sub/tool", "x") && box_text("^/p/tool", "x") && box_text("^/p/other", "x") &&
                    box_text("^/p/in/tool", "x") && box_text("^/p/in/other", "x") && symlink("tool", box_path("^/p/link")) == 0 &&
                    chmod(box_path("^/p/tool"), 0755) == 0 && chmod(box_path("^/p/in/tool"), 0755) == 0 &&
                    chmod(box_path("^/p/in/sub/tool"), 0755) == 0;
  if (!OK(made, "programs") || !sb_there("the program of a plan")) return;
  sb_begin();
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_grant grants[8];
    jailer_config c = with_grants(grants, parse_grants(rows[i].grants, grants, memory, sizeof memory));
    const char *const argv[] = {box_path(rows[i].program), NULL};
    c.argv = argv;
    c.without_system = rows[i].without_system;
    const jailer_code code = plan_profile(&c);
    if (code) printf("# %s runs %s: %s: %s\n", rows[i].grants, rows[i].program, err.item, err.message);
    sb_profile(profile, code ? 0 : profile_size);
    sb_ask(rows[i].op, kernel_path(box_path(rows[i].about)));
  }
  if (!OK(sb_run(), "what their profiles say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++)
    OK(!strcmp(sb_said(2 * i), "ok") && (rows[i].yes ? sb_allows(2 * i + 1) : sb_denies(2 * i + 1)), "program: %s runs %s%s: %s %s: %s", rows[i].grants,
       rows[i].program, rows[i].without_system ? " without the system" : "", rows[i].op, rows[i].about, rows[i].yes ? "yes" : "no");
}

/* --- the calls themselves ----------------------------------------------------------------------------------------- */

static void test_calls(void) {
  static const jailer_grant grants[] = {{"/Users/u/a", NULL, JAILER_READ, false}};
  jailer_config c = with_grants(grants, 1);
  jailer_plan *plan = NULL;
  char small[64];
  size_t length = 0;
  OK(text_profile(&c) == JAILER_OK && strlen(profile) == profile_size, "a profile, and its length");
  memset(small, 'x', sizeof small);
  OK(jailer_sbpl_text(&c, small, sizeof small, &length, &err) == JAILER_E_LIMIT && !small[0] && length == profile_size,
     "too little room: E_LIMIT, an empty text, and the length it has");
  OK(jailer_sbpl_text(&c, profile, profile_size, &length, &err) == JAILER_E_LIMIT && !profile[0] && length == profile_size, "not even the NUL is cut off");
  OK(jailer_sbpl_text(&c, profile, profile_size + 1, &length, &err) == JAILER_OK && profile[profile_size] == 0 && profile[profile_size - 1] == '\n',
     "exactly enough is enough");
  OK(jailer_sbpl_text(&c, NULL, 0, &length, NULL) == JAILER_E_LIMIT && length == profile_size, "no room at all tells the length");
  OK(jailer_sbpl_text(&c, profile, sizeof profile, NULL, NULL) == JAILER_OK, "length and err may be NULL");
  OK(jailer_sbpl_text(NULL, profile, sizeof profile, &length, &err) == JAILER_E_INVALID, "no configuration: E_INVALID");
  OK(jailer_sbpl_plan(NULL, profile, sizeof profile, &length, &err) == JAILER_E_INVALID, "no plan: E_INVALID");
  static const jailer_engine others[] = {JAILER_ENGINE_NATIVE, JAILER_ENGINE_NONE, JAILER_ENGINE_SELF, (jailer_engine)77};
  for (size_t i = 0; i < BOX_COUNT(others); i++) {
    c.engine = others[i];
    OK(jailer_sbpl_text(&c, profile, sizeof profile, &length, &err) == JAILER_E_INVALID, "the engine %s has no profile", jailer_engine_name(others[i]));
  }
  c = with_grants(NULL, 0);
  c.limits.nofile = 4096;
  c.limits.fsize_bytes = 1u << 30;
  OK(text_profile(&c) == JAILER_OK, "limits are not compared with those of this process: %s", err.message);
  c = with_grants(NULL, 0);
  c.seatbelt_profile = "/etc/passwd";
  OK(text_profile(&c) == JAILER_E_INVALID && !strcmp(err.item, "seatbelt_profile"), "a profile of the caller's own is written already");
  c = with_grants(NULL, 0);
  static const char *const argv[] = {"/bin/sh", NULL};
  c.argv = argv;
  if (OK(jailer_plan_new(&c, NULL, &plan, &err) == JAILER_OK, "a plan for Linux"))
    OK(jailer_sbpl_plan(plan, profile, sizeof profile, &length, &err) == JAILER_E_INVALID && !profile[0], "has no profile: E_INVALID, and an empty text");
  jailer_plan_free(plan);
  c = on_macos(&c);
  jailer_proc proc;
  if (!OK(jailer_plan_new(&c, NULL, &plan, &err) == JAILER_OK, "a plan for macOS")) return;
  OK(jailer_spawn(plan, &proc, &err) == JAILER_E_UNSUPPORTED, "cannot be launched here");
  OK(jailer_sbpl_plan(plan, profile, sizeof profile, &profile_size, &err) == JAILER_OK && strlen(profile) == profile_size, "has a profile");
  OK(jailer_sbpl_plan(plan, small, sizeof small, &length, &err) == JAILER_E_LIMIT && !small[0] && length == profile_size, "with the same rules");
  OK(jailer_sbpl_plan(plan, NULL, 0, NULL, NULL) == JAILER_E_LIMIT, "and NULL where that is fine");
  jailer_plan_free(plan);
}

/* A profile has to get through the arguments of sandbox-exec, and one rule into a pattern of 65535 bytes. */
static void test_size(void) {
  enum { MANY = 200 };
  static char paths[MANY][1024];
  jailer_grant grants[MANY];
  size_t longest = 0, depth = 0, from = 0;
  bool text = false;
  memset(grants, 0, sizeof grants);
  for (size_t i = 0; i < MANY; i++) {
    snprintf(paths[i], sizeof paths[i], "/Users/u/%03zu" THOUSAND, i);
    grants[i].path = paths[i];
    grants[i].access = JAILER_WRITE;
  }
  jailer_config c = with_grants(grants, 5);
  if (!OK(text_profile(&c) == JAILER_OK, "five grants of a thousand bytes and twenty levels")) return;
  for (size_t i = 0; i < profile_size; i++) { /* parentheses outside of strings and comments */
    if (!text && profile[i] == ';') i += strcspn(profile + i, "\n");
    if (profile[i] == '\\' && text) i++;
    else if (profile[i] == '"') text = !text;
    else if (!text && profile[i] == '(' && !depth++) from = i;
    else if (!text && profile[i] == ')' && !--depth && i - from > longest) longest = i - from;
  }
  OK(!text && !depth && longest < 16384, "the longest rule has %zu bytes", longest);
  size_t count = 5, last = 0, length = 1;
  for (; count < MANY && length; count++) { /* without room for it: its length alone is asked */
    c = with_grants(grants, count);
    last = length;
    length = 0;
    memset(&err, 0, sizeof err);
    if (jailer_sbpl_text(&c, NULL, 0, &length, &err) != JAILER_E_LIMIT) break;
  }
  OK(!length && last < PROFILE_MAX && last > PROFILE_MAX - 64 * 1024 && err.code == JAILER_E_LIMIT && err.layer == JAILER_LAYER_SEATBELT,
     "the largest profile of them has %zu bytes: %s", last, err.message);
}

/* The data volume's directories stand in "/" as well, and that is what the kernel calls them. */
static void test_firmlinks(void) {
  static const jailer_grant grants[] = {{"/System/Volumes/Data/Users/u/w", NULL, JAILER_WRITE, false}, {"/Users/u/w/r", NULL, JAILER_READ, false},
                                        {"/System/Volumes/Data/private/var/x", NULL, JAILER_READ, false}, {"/System/Volumes/Data/mine", NULL, JAILER_READ, false},
                                        {"/System/Volumes/Datax/Users", NULL, JAILER_READ, false}};
  static const struct {
    const char *op, *about;
    bool yes;
  } rows[] = {{"file-write-data", "/Users/u/w/a", true},          {"file-write-data", "/Users/u/w/r/a", false}, {"file-read-data", "/Users/u/w/r/a", true},
              {"file-read-data", "/private/var/x/a", true},       {"file-read-data", "/System/Volumes/Data/mine/a", true}, {"file-read-data", "/mine/a", false},
              {"file-read-metadata", "/System/Volumes/Data", true}, {"file-read-data", "/System/Volumes/Data", false}, {"file-read-data", "/Users/u", false},
              {"file-read-data", "/System/Volumes/Datax/Users/a", true}, {"file-read-data", "x/Users/a", false}};
  static const jailer_grant twice[] = {{"/System/Volumes/Data/Users/u/w", NULL, JAILER_WRITE, false}, {"/Users/u/w", NULL, JAILER_READ, false}};
  static const jailer_grant deep[] = {{"/Users/u/w", NULL, JAILER_WRITE, false}, {"/System/Volumes/Data/Users/u/w/a/b", NULL, JAILER_READ, false}};
  jailer_config c = with_grants(grants, BOX_COUNT(grants)), d = with_grants(twice, 2), e = with_grants(deep, 2);
  OK(text_profile(&d) == JAILER_E_CONFLICT && text_profile(&e) == JAILER_E_CONFLICT, "by either name it is the same place: these conflict");
  if (!OK(text_profile(&c) == JAILER_OK, "grants by the name of the data volume") || !sb_there("what they come to")) return;
  sb_begin();
  sb_profile(profile, profile_size);
  for (size_t i = 0; i < BOX_COUNT(rows); i++) sb_ask(rows[i].op, rows[i].about);
  if (!OK(sb_run() && !strcmp(sb_said(0), "ok"), "what they say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++)
    OK(rows[i].yes ? sb_allows(i + 1) : sb_denies(i + 1), "data volume: %s %s: %s", rows[i].op, rows[i].about, rows[i].yes ? "yes" : "no");
}

/* --- single things that a configuration says ---------------------------------------------------------------------- */

static void test_single(void) {
  static const struct {
    const char *grants, *cwd, *program, *op, *about;
    bool yes;
  } rows[] = {
      /* a grant takes the place of the system's share at, above and below it */
      {"r:/usr", NULL, NULL, "process-exec*", "/usr/bin/env", false},
      {"r:/usr", NULL, NULL, "file-map-executable", "/usr/lib/libx.dylib", false},
      {"r:/usr", NULL, NULL, "file-read-data", "/usr/bin/env", true},
      {"r:/usr", NULL, NULL, "process-exec*", "/bin/sh", true},
      {"w:/System", NULL, NULL, "file-map-executable", "/System/Library/x", false},
      {"w:/private/var", NULL, NULL, "file-map-executable", "/private/var/db/dyld/x", false},
      {"x:/usr w:/usr/share", NULL, NULL, "process-exec*", "/usr/share/x", false},
      {"x:/usr w:/usr/share", NULL, NULL, "process-exec*", "/usr/lib/x", true},
      {"r:/bin/sh", NULL, NULL, "process-exec*", "/bin/sh", false},
      {"r:/bin/sh", NULL, NULL, "process-exec*", "/bin/ls", true},
      /* a program that is named by its path, where nothing else makes it one */
      {"", NULL, "/opt/p", "process-exec*", "/opt/p", true},
      {"", NULL, "/opt/p", "file-map-executable", "/opt/p", true},
      {"", NULL, "/opt/p", "process-exec*", "/opt/p/q", false},
      {"", NULL, "/opt/p", "file-write-data", "/opt/p", false},
      {"", NULL, "/opt/p", "file-read-data", "/opt/q", false},
      {"", NULL, "/tmp/p", "process-exec*", "/private/tmp/p", true},
      {"", NULL, "/usr/share/p", "process-exec*", "/usr/share/p", true},
      {"x:/opt r:/opt/a", NULL, "/opt/a/p", "process-exec*", "/opt/a/p", true},
      {"x:/opt r:/opt/a", NULL, "/opt/a/p", "process-exec*", "/opt/a/q", false},
      {"w:/opt", NULL, "/opt/p", "file-write-data", "/opt/p", false},
      {"w:/opt", NULL, "/opt/p", "file-write-data", "/opt/p/..namedfork/rsrc", false},
      {"w:/opt", NULL, "/opt/p", "file-write-data", "/opt/q", true},
      {"w:/opt x:/opt/d", NULL, "/opt/d/e/p", "process-exec*", "/opt/d/e/p", true}, /* of its own it would lie too deep */
      {"", NULL, "p", "process-exec*", "/opt/p", false},
      /* the working directory, and the way to it */
      {"", "/opt/w", NULL, "file-read-metadata", "/opt/w", true},
      {"", "/opt/w", NULL, "file-read-metadata", "/opt", true},
      {"", "/opt/w", NULL, "file-read-data", "/opt/w", false},
      {"", "/opt/w", NULL, "file-read-metadata", "/opt/w/x", false},
      {"", "/tmp/w", NULL, "file-read-metadata", "/private/tmp/w", true},
      {"", "/tmp/w", NULL, "file-read-metadata", "/tmp", true},
      {"", "/System/Volumes/Data/Users/w", NULL, "file-read-metadata", "/Users/w", true},
      {"", "/System/Volumes/Data/Users/w", NULL, "file-read-metadata", "/System/Volumes/Data", true},
      {"", "/", NULL, "file-read-metadata", "/opt", false},
      /* a name that sorts between a directory and what is in it */
      {"w:/u/a r:/u/a/b w:/u/a-c", NULL, NULL, "file-write-data", "/u/a/b/x", false},
      {"r:/u/a x:/u/a", NULL, NULL, "process-exec*", "/u/a/x", true},
      {"r:/System/Volumes/Data/Applications/a", NULL, NULL, "file-read-data", "/Applications/a/x", true},
      {"r:/System/Volumes/Data/usr/local/a", NULL, NULL, "file-read-data", "/usr/local/a/x", true},
      {"r:/System/Volumes/Data/Usersx/a", NULL, NULL, "file-read-data", "/System/Volumes/Data/Usersx/a/x", true},
      {"w:/a/b r:/a/b/c w:/ab/d", NULL, NULL, "file-read-metadata", "/ab", true},
      {"w:/u/a w:/u/a-c r:/u/a/b", NULL, NULL, "network-outbound", "unix:/u/a/b/x", false},
      {"r:/u/a w:/u/a/b", NULL, NULL, "network-outbound", "unix:/u/a/b/x", true},
  };
  char memory[8 * JAILER_PATH_MAX];
  if (!sb_there("single things that a configuration says")) return;
  sb_begin();
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_grant grants[8];
    jailer_config c = with_grants(grants, parse_grants(rows[i].grants, grants, memory, sizeof memory));
    const char *const argv[] = {rows[i].program, NULL};
    c.cwd = rows[i].cwd;
    if (rows[i].program) c.argv = argv;
    const jailer_code code = text_profile(&c);
    sb_profile(profile, code ? 0 : profile_size);
    sb_ask(rows[i].op, rows[i].about);
  }
  if (!OK(sb_run(), "what they say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    const bool good = rows[i].yes ? sb_allows(2 * i + 1) : sb_denies(2 * i + 1);
    OK(!strcmp(sb_said(2 * i), "ok") && good, "single: %s%s%s%s%s: %s %s: %s", rows[i].grants, rows[i].cwd ? " in " : "",
       rows[i].cwd ? rows[i].cwd : "", rows[i].program ? " runs " : "", rows[i].program ? rows[i].program : "", rows[i].op, rows[i].about,
       rows[i].yes ? "yes" : "no");
  }
}

/* A terminal that is controlling, or terminals of its own; and what a trusted root lets be seen of the way to it: nothing. */
static void test_switches(void) {
  static const struct {
    bool tty, pty;
    const char *op, *about;
    bool yes;
  } rows[] = {
      {true, false, "file-ioctl\t/dev/tty\tioctl=1", NULL, true},
      {true, false, "file-ioctl\t/dev/ttys001\tioctl=1", NULL, true},
      {true, false, "file-ioctl\t/dev/ttys001\tioctl=2147578994", NULL, false},
      {true, false, "file-ioctl\t/dev/ttys\tioctl=1", NULL, false},
      {true, false, "file-ioctl\t/dev/ttys001x\tioctl=1", NULL, false},
      {true, false, "file-ioctl\t/Users/u/dev/ttys001\tioctl=1", NULL, false},
      {true, false, "file-read-data", "/dev/tty", true},
      {true, false, "file-write-data", "/dev/tty", true},
      {true, false, "file-read-data\t/dev/ttys001\textension=com.apple.sandbox.pty", NULL, false},
      {true, false, "file-read-data", "/dev/ptmx", false},
      {true, false, "pseudo-tty", NULL, false},
      {false, true, "file-ioctl\t/dev/tty\tioctl=1", NULL, true},
      {false, true, "file-read-data\t/dev/ttys001\textension=com.apple.sandbox.pty", NULL, true},
      {false, true, "file-write-data\t/dev/ttys001\textension=com.apple.sandbox.pty", NULL, true},
      {false, true, "file-read-data\t/dev/ttys001x\textension=com.apple.sandbox.pty", NULL, false},
      {false, true, "file-read-data\t/dev/ttyp0\textension=com.apple.sandbox.pty", NULL, false},
      {false, true, "file-read-data\t/Users/u/dev/ttys001\textension=com.apple.sandbox.pty", NULL, false},
      {false, true, "file-read-data\t/dev/ttys001\textension=com.apple.other", NULL, false},
      {false, true, "file-write-data", "/dev/ttys001", false},
      {false, true, "file-read-data", "/dev/ptmx", true},
      {false, true, "file-write-data", "/dev/ptmx", true},
      {false, true, "file-ioctl\t/dev/ptmx\tioctl=1", NULL, true},
      {false, true, "pseudo-tty", NULL, true},
      {false, false, "network-bind", "unix:/Users/u/j/boxes/demo/sockets/s", true},
      {false, false, "network-bind", "unix:/Users/u/j/boxes/demo/disks/disk.qcow2", false}, /* a file is no socket */
      {false, false, "network-outbound", "unix:/Users/u/j/boxes/demo/exit", false},
      {false, false, "file-write-data", "/Users/u/j/boxes/demo/disks/disk.qcow2", true},
      {false, false, "file-write-data", "/Users/u/j/boxes/demo/disks/guest-rootfs.qcow2", true},
      {false, false, "file-read-metadata", "/srv", false},
      {false, false, "file-read-metadata", "/Users/u", true},
  };
  static const char *const roots[] = {"/srv/trusted", NULL};
  jailer_layout layout;
  if (!sb_there("terminals, and the way to a trusted root")) return;
  sb_begin();
  OK(jailer_layout_init(&layout, "/Users/u/j", "demo", &err) == JAILER_OK, "a layout");
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_config c = with_grants(NULL, 0);
    c.layout = &layout;
    c.trusted_roots = roots;
    c.controlling_tty = rows[i].tty;
    c.allow_pty = rows[i].pty;
    sb_profile(profile, text_profile(&c) ? 0 : profile_size);
    sb_ask(rows[i].op, rows[i].about);
  }
  if (!OK(sb_run(), "what they say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++)
    OK(rows[i].yes ? sb_allows(2 * i + 1) : sb_denies(2 * i + 1), "%s: %.*s %s: %s", rows[i].tty ? "controlling" : rows[i].pty ? "pty" : "neither",
       (int)strcspn(rows[i].op, "\t"), rows[i].op, rows[i].about ? rows[i].about : "", rows[i].yes ? "yes" : "no");
}

/* With a shim the first word is a name and no more: the program is the copy in the box. */
static void test_shim(void) {
  static const char *const argv[] = {"/opt/p", NULL};
  jailer_layout layout;
  jailer_config c = with_grants(NULL, 0);
  if (!sb_there("a shim's first word")) return;
  OK(jailer_layout_init(&layout, "/Users/u/j", "demo", &err) == JAILER_OK, "a layout");
  c.layout = &layout;
  c.argv = argv;
  c.shim = "/opt/shim";
  sb_begin();
  OK(text_profile(&c) == JAILER_OK, "a profile");
  sb_profile(profile, profile_size);
  sb_ask("process-exec*", "/opt/p");
  sb_ask("process-exec*", "/Users/u/j/boxes/demo/bin/shim");
  OK(sb_run() && !strcmp(sb_said(0), "ok") && sb_denies(1) && sb_allows(2), "a shim: its copy in the box is the program, and not its first word");
}

/* A trusted root says where images may lie, and not that what lies there is none of the system's programs. */
static void test_root_of_programs(void) {
  static const char *const argv[] = {"true", NULL}, *const roots[] = {"/usr/bin", NULL};
  jailer_config c = with_grants(NULL, 0);
  jailer_layout layout;
  OK(jailer_layout_init(&layout, box_home, "neighbour", &err) == JAILER_OK, "the layout of a box without a shim");
  unlink(box_path("~/boxes/neighbour/disks/disk.qcow2"));
  c.layout = &layout;
  c.argv = argv;
  c.trusted_roots = roots;
  const jailer_code code = plan_profile(&c);
  OK(code == JAILER_OK && profile_size, "a program is found in a trusted root: %s %s", jailer_code_name(code), code ? err.message : "");
}

/* Boxes of a Mac, as they are written: where they may live, what of them is seen, and what may not be granted beside them. */
static void test_boxes(void) {
  static const struct {
    const char *home, *grants;
    jailer_code code;
  } rows[] = {
      {"/Users/u/j", "", 0},
      {"/usr/share", "", JAILER_E_CONFLICT}, /* every sandbox sees what lies there */
      {"/usr/share/j", "", JAILER_E_CONFLICT},
      {"/System/Library/j", "", JAILER_E_CONFLICT},
      {"/private/var/select/j", "", JAILER_E_CONFLICT},
      {"/etc/ssl/j", "", JAILER_E_CONFLICT},
      {"/usr/sharej", "", 0},
      {"/tmp/j", "r:/private/tmp/j", JAILER_E_CONFLICT},
      {"/tmp/j", "r:/private/tmp/j/boxes/other/shared", JAILER_E_CONFLICT},
      {"/tmp/j", "r:/private/tmp", JAILER_E_CONFLICT},
      {"/tmp/j", "r:/private/tmp/k", 0},
      {"/Users/u/j", "r:/Users", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/System/Volumes/Data/Users/u", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/Users/u/j/boxes", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/Users/u/j/uids", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/Users/u/j/bases", JAILER_E_CONFLICT},
      {"/Users/u/j", "w:/Users/u/j/bases/x", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/Users/u/j/images", JAILER_E_CONFLICT},
      {"/Users/u/j", "w:/Users/u/j/images/x", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/Users/u/j/images/x", 0},
      {"/Users/u/j", "w:/srv/trusted/x", JAILER_E_CONFLICT}, /* a trusted root */
      {"/Users/u/j", "r:/srv/trusted", JAILER_E_CONFLICT},
      {"/Users/u/j", "r:/srv/trusted/x", 0},
      {"/Users/u/j", "d:/Users/u/j/boxes/demo/exit", JAILER_E_CONFLICT}, /* whatever it is */
  };
  static const char *const roots[] = {"/srv/trusted", "/usr/share/images", NULL}; /* where images lie all may read */
  char memory[8 * JAILER_PATH_MAX];
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    jailer_grant grants[8];
    jailer_layout layout;
    jailer_config c = with_grants(grants, parse_grants(rows[i].grants, grants, memory, sizeof memory));
    c.layout = &layout;
    c.trusted_roots = roots;
    const jailer_code made = jailer_layout_init(&layout, rows[i].home, "demo", &err), code = made ? made : text_profile(&c);
    OK(code == rows[i].code, "a box in %s, beside %s: %s: %s", rows[i].home, rows[i].grants, jailer_code_name(code), code ? err.message : "");
  }
}

/* --- goldens ------------------------------------------------------------------------------------------------------ */

static void golden(const char *name, const jailer_config *config) {
  static char kept[PROFILE_MAX];
  char path[128], command[1024], output[16];
  snprintf(path, sizeof path, "tests/data/sbpl/%s.sb", name);
  if (!OK(text_profile(config) == JAILER_OK, "golden %s: there is a profile", name)) return;
  const char *write = getenv("JAILER_WRITE_GOLDENS");
  FILE *f = write && *write ? fopen(path, "wb") : NULL;
  if (f && (fwrite(profile, 1, profile_size, f) != profile_size || fclose(f))) abort();
  f = fopen(path, "rb");
  const size_t n = f ? fread(kept, 1, sizeof kept, f) : 0;
  if (f) fclose(f);
  size_t same = 0, line = 1;
  while (same < n && same < profile_size && kept[same] == profile[same]) line += kept[same++] == '\n';
  OK(n == profile_size && same == n, "golden %s: byte for byte what tests/data/sbpl has", name);
  if (n != profile_size || same != n) printf("# the first difference is in line %zu; JAILER_WRITE_GOLDENS=1 writes it anew\n", line);
  if (!sb_there("the golden as a file of its own")) return;
  const char *build = getenv("JAILER_BUILD");
  snprintf(command, sizeof command, "printf 'file-read-data\\t/\\nlsopen\\n' | XDG_CACHE_HOME='%.200s/guile' guile-3.0 tests/sbpl/eval.scm %s 2>&1",
           build && *build ? build : "build", path);
  FILE *in = popen(command, "r");
  const size_t got = in ? fread(output, 1, sizeof output - 1, in) : 0;
  output[got] = 0;
  OK(in && pclose(in) == 0 && !strcmp(output, "allow\ndeny\n"), "golden %s: is a profile", name);
}

static void test_goldens(void) {
  static const jailer_grant grants[] = {{"/Users/u/in put", NULL, JAILER_READ, false},  {"/tmp/out", NULL, JAILER_WRITE, false},
                                        {"/tmp/out/kept", NULL, JAILER_READ, false},    {"/opt/tool \"2\"", NULL, JAILER_EXEC, false},
                                        {"/Users/u/caf\xc3\xa9", NULL, JAILER_WRITE, false}, {"/dev/cu.modem", NULL, JAILER_DEVICE, false}};
  jailer_layout layout;
  jailer_config none = with_grants(NULL, 0), box = with_grants(grants, BOX_COUNT(grants)), all = none;
  golden("none", &none);
  OK(jailer_layout_init(&layout, "/Users/u/.jailer", "demo", &err) == JAILER_OK, "a layout on a Mac");
  box.layout = &layout;
  box.allow_whole_bases = true;
  golden("box", &box);
  all.allow_network = all.allow_pty = true;
  golden("network-pty", &all);
}

/* --- examples/print_sbpl.c ---------------------------------------------------------------------------------------- */

/* Runs it: what it prints goes to `plain`. Answers its exit status. */
static int print_sbpl(const char *options) {
  const char *build = getenv("JAILER_BUILD");
  char command[JAILER_PATH_MAX];
  snprintf(command, sizeof command, "'%s/print_sbpl' %s 2>/dev/null", build ? build : "build", options);
  FILE *f = popen(command, "r");
  plain_size = f ? fread(plain, 1, sizeof plain - 1, f) : 0;
  plain[plain_size] = 0;
  const int status = f ? pclose(f) : -1;
  return status >= 0 && status % 256 == 0 ? status / 256 : -1;
}

static bool prints_the_profile(void) {
  return profile_size > 0 && plain_size == profile_size && !memcmp(plain, profile, profile_size);
}

static void test_printer(void) {
  const jailer_grant grants[] = {{"/tmp/no such", NULL, JAILER_WRITE, false}, {"/tmp/no such/kept", NULL, JAILER_READ, false},
                                 {"/opt/tool", NULL, JAILER_EXEC, false}, {"/dev/null", NULL, JAILER_DEVICE, false}};
  jailer_config written = with_grants(grants, BOX_COUNT(grants)), there = with_grants(grants + 3, 1);
  static const char *const argv[] = {"/usr/bin/true", NULL};
  written.allow_network = written.allow_pty = true;
  there.argv = argv;
  OK(text_profile(&written) == JAILER_OK &&
         print_sbpl("--as-written --rw '/tmp/no such' --ro '/tmp/no such/kept' --exec /opt/tool --dev /dev/null --net --pty") == 0 &&
         prints_the_profile(),
     "print_sbpl --as-written: what jailer_sbpl_text writes");
  OK(plan_profile(&there) == JAILER_OK && print_sbpl("--dev /dev/null") == 0 && prints_the_profile(),
     "print_sbpl: the profile of a plan");
  OK(print_sbpl("--rw '/tmp/no such'") == 125 && plain_size == 0, "print_sbpl: of what is not there it makes no plan");
  OK(print_sbpl("--as-written --rw tmp") == 125 && plain_size == 0 && print_sbpl("--nosuch /tmp") == 125 && plain_size == 0 &&
         print_sbpl("--as-written --home /tmp") == 125 && plain_size == 0,
     "print_sbpl: what is wrong prints nothing");
}

/* --- what test_macos tries on a Mac ------------------------------------------------------------------------------- */

static const char *const macos_argv[] = {"/bin/sh", NULL};

/* One row's question about `about`: 'u' is the first path as a socket. */
static void ask_row(const row *r, const row_ask *ask) {
  char socket_name[2 * JAILER_PATH_MAX];
  snprintf(socket_name, sizeof socket_name, "unix:%s", kernel_path(r->a));
  sb_ask(ask->op, ask->about == 'u' ? socket_name : kernel_path(ask->about == 'b' ? r->b : r->a));
}

static void test_macos_files(const char *dir) {
  static row rows[ROW_MAX];
  static char paths[16][ROW_PATH];
  jailer_grant grants[16];
  int listening[BOX_COUNT(row_places)];
  const size_t count = row_list(dir, true, rows);
  size_t answer = 1;
  if (!OK(mkdir(dir, 0755) == 0 && row_tree(dir, "x", 1, listening), "macOS: the files of test_macos")) return;
  for (size_t i = 0; i < BOX_COUNT(listening); i++) close(listening[i]);
  jailer_config c = with_grants(grants, row_grants(dir, grants, paths));
  c.argv = macos_argv;
  if (!OK(plan_profile(&c) == JAILER_OK, "macOS: its grants: %s", err.message)) return;
  sb_begin();
  sb_profile(profile, profile_size);
  for (size_t i = 0; i < count; i++)
    for (size_t k = 0; k < BOX_COUNT(rows[i].ask) && rows[i].ask[k].op; k++) ask_row(&rows[i], &rows[i].ask[k]);
  if (!OK(sb_run() && !strcmp(sb_said(0), "ok"), "macOS: what the profile says")) return;
  for (size_t i = 0; i < count; i++) {
    bool all = true, none_differs = true;
    for (size_t k = 0; k < BOX_COUNT(rows[i].ask) && rows[i].ask[k].op; k++, answer++) {
      all = all && sb_allows(answer);
      none_differs = none_differs && (sb_allows(answer) || sb_denies(answer));
    }
    OK(all == rows[i].allowed && none_differs, "macOS: %s %s: %s", rows[i].op, rows[i].a + strlen(dir), rows[i].allowed ? "allowed" : "refused");
  }
}

static void test_macos_free(void) {
  for (int network = 0; network < 2; network++) {
    jailer_config c = with_grants(NULL, 0);
    c.allow_network = network;
    c.argv = macos_argv;
    if (!OK(plan_profile(&c) == JAILER_OK, "macOS: a profile %s network", network ? "with" : "without")) return;
    sb_begin();
    sb_profile(profile, profile_size);
    for (size_t i = 0; i < ROW_COUNT_FREE; i++) sb_ask(row_free[i].sbpl, row_free[i].subject);
    if (!OK(sb_run() && !strcmp(sb_said(0), "ok"), "macOS: what it says")) return;
    for (size_t i = 0; i < ROW_COUNT_FREE; i++) {
      const bool allowed = network ? row_free[i].network : row_free[i].allowed;
      OK(allowed ? sb_allows(i + 1) : sb_denies(i + 1), "macOS: %s: %s %s network", row_free[i].op, allowed ? "allowed" : "refused", network ? "with" : "without");
    }
  }
}

static void test_macos(void) {
  if (!sb_there("the rows of test_macos")) return;
  test_macos_files(box_path("^/m"));
  test_macos_free();
}

int main(void) {
  jailer_layout neighbour;
  umask(022);
  box_begin();
  OK(jailer_layout_init(&neighbour, box_home, "neighbour", &err) == JAILER_OK && jailer_layout_prepare(&neighbour, 0, 0, &err) == JAILER_OK,
     "there is a neighbour");
  box_qcow2("~/boxes/neighbour/disks/disk.qcow2", NULL, NULL);
  const jailer_config config = box_config();
  OK(box_disks() && jailer_box_record(&config, &err) == JAILER_OK, "a box with a chain of three files");
  test_rows();
  test_never();
  test_attacks();
  test_random();
  test_refused();
  test_random_paths();
  test_network();
  test_conflicts();
  test_links();
  test_program();
  test_calls();
  test_size();
  test_firmlinks();
  test_macos();
  test_single();
  test_switches();
  test_shim();
  test_root_of_programs();
  test_boxes();
  test_goldens();
  test_printer();
  box_end();
  return tap_done();
}
