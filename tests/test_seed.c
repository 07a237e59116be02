/* test_seed: what the seed's own tests check of its path list, checked here from inside a launched box; and every row of
 * the tree in DESIGN section 5. Where the behaviour differs on purpose the row says "unlike the seed". */
#define _GNU_SOURCE
#define JAILER_IMPLEMENTATION
#include "../jailer.h"

#include "tap.h"

#include "box.h"
#include "seatbelt.h"

static char plan_text[65536];

/* The dry run of a launch: what is granted, one line each. */
static bool plan_of(const jailer_config *wanted) {
  const char *argv[] = {"probe_box", NULL};
  jailer_config config = *wanted;
  jailer_plan *plan;
  jailer_error err;
  config.argv = argv;
  plan_text[0] = 0;
  if (jailer_plan_new(&config, NULL, &plan, &err)) return printf("# %s: %s\n", err.item, err.message), false;
  bool good = jailer_plan_text(plan, plan_text, sizeof plan_text, NULL, &err) == JAILER_OK;
  jailer_plan_free(plan);
  return good;
}

/* How a path is granted: "rw", "ro", "exec", or "" when it is no grant of its own. */
static const char *granted(const char *name) {
  static char access[8];
  char line[JAILER_PATH_MAX + 16];
  snprintf(line, sizeof line, "grant %s ", box_path(name));
  const char *at = strstr(plan_text, line);
  size_t n = at ? strcspn(at + strlen(line), " \n") : 0;
  snprintf(access, sizeof access, "%.*s", (int)n, at ? at + strlen(line) : "");
  return access;
}

static size_t grants_below(const char *name) {
  char line[JAILER_PATH_MAX + 16];
  size_t count = 0;
  snprintf(line, sizeof line, "grant %s/", box_path(name));
  for (const char *at = plan_text; (at = strstr(at, line)); at++) count++;
  return count;
}

/* test_build_path_access_empty_box_dir, _writable_dirs, _writable_files, _ro_dirs, _no_whole_box_dir, _mounts_dir_excluded,
   _shared_dir_is_writable, _captures_all_precreated_files: the list itself. */
static void test_list(void) {
  jailer_config config = box_config();
  OK(plan_of(&config), "a box without disks can be planned");
  OK(grants_below("~/bases") + grants_below("~/images") == 0, "an empty box gets no backing file");
  OK(strstr(plan_text, "qcow2") == NULL, "an empty box gets no disk");
  static const char *const written[] = {"./shared", "./sockets", "./tmp", "./logs", "./exit"};
  for (size_t i = 0; i < BOX_COUNT(written); i++) OK(!strcmp(granted(written[i]), "rw"), "%s is granted writable", written[i]);
  OK(!strcmp(granted("./bin"), "exec"), "./bin is granted for reading and executing");
  static const char *const absent[] = {"./mounts", "./logs/console.log", "./disks", "./shim.pid", "./shim.stderr", "./lock", "./record",
                                       "./copies", "./uid", "~/boxes", "~/bases", "~/images", "~/uids"};
  for (size_t i = 0; i < BOX_COUNT(absent); i++) OK(!strcmp(granted(absent[i]), ""), "%s is no grant of its own", absent[i]);
  OK(!strcmp(granted("~/boxes/demo"), "") && !strcmp(granted("^/home"), ""), "neither the box directory nor the home is granted whole");
  OK(grants_below("^/home") == 6, "an empty box has exactly six grants in its home");
  OK(S_ISDIR(box_stat("./mounts").st_mode), "mounts/ exists all the same: the host writes there");
  OK(S_ISREG(box_stat("./exit").st_mode) && S_ISREG(box_stat("./logs/console.log").st_mode), "exit and logs/console.log are made beforehand");
}

/* Every row of the tree, from inside. */
static void test_tree(void) {
  static const box_row rows[] = {
      /* the way to the box is a skeleton */
      {"list", "~/", "bases,boxes,images"},
      {"list", "~/boxes", "demo"},
      {"list", "./", "bin,disks,exit,logs,shared,sockets,tmp"},
      {"create", "~/new", "apart"}, {"create", "~/boxes/new", "apart"}, {"create", "./new", "apart"}, {"mkdir", "./new", "apart"},
      {"rename", "./tmp|./tmp2", "no"}, {"rename", "./exit|./exit2", "no"}, {"rmdir", "./shared", "no"}, {"chmod", "./", "apart"},
      /* bases/ and images/: only the files of the chain, as single files */
      {"list", "~/bases", "base.raw"}, {"list", "~/images", "disk-images"}, {"list", "~/images/disk-images", "middle.qcow2"},
      {"line", "~/bases/base.raw", "base"}, {"write", "~/bases/base.raw", "no"}, {"exec", "~/bases/base.raw", "no"},
      {"unlink", "~/bases/base.raw", "no"}, {"chmod", "~/bases/base.raw", "no"}, {"create", "~/bases/new", "apart"},
      {"read", "~/images/disk-images/middle.qcow2", "ok"}, {"write", "~/images/disk-images/middle.qcow2", "no"},
      {"read", "~/bases/other.raw", "ENOENT"},
      /* bin/: read and execute */
      {"list", "./bin", "probe_box"}, {"read", "./bin/probe_box", "ok"}, {"exec", "./bin/probe_box", "ok"},
      {"write", "./bin/probe_box", "no"}, {"chmod", "./bin/probe_box", "no"}, {"unlink", "./bin/probe_box", "no"},
      {"create", "./bin/new", "no"}, {"rename", "./bin/probe_box|./bin/other", "no"},
      /* shared/, sockets/, tmp/, logs/: read and write, nothing below executes */
      {"put", "./shared/file|#!/bin/sh", "ok"}, {"line", "./shared/file", "#!/bin/sh"}, {"exec", "./shared/file", "EACCES"},
      {"mkdir", "./shared/dir", "ok"}, {"create", "./shared/dir/file", "ok"}, {"rename", "./shared/dir|./shared/dir2", "ok"},
      {"unlink", "./shared/dir2/file", "ok"}, {"rmdir", "./shared/dir2", "ok"},
      {"bind", "./sockets/a.sock", "ok"}, {"put", "./sockets/file|#!/bin/sh", "ok"}, {"exec", "./sockets/file", "EACCES"},
      {"put", "./tmp/file|#!/bin/sh", "ok"}, {"exec", "./tmp/file", "EACCES"}, {"unlink", "./tmp/file", "ok"},
      {"put", "./logs/file|#!/bin/sh", "ok"}, {"exec", "./logs/file", "EACCES"},
      {"list", "./logs", "console.log,file"}, {"put", "./logs/console.log|console", "ok"}, {"line", "./logs/console.log", "console"},
      {"link", "./tmp|./shared/hard", "no"}, {"link", "./exit|./shared/hard", "no"}, {"link", "./bin/probe_box|./shared/hard", "no"},
      {"rename", "./shared/file|./tmp/file", "no"},
      /* exit: one writable file */
      {"read", "./exit", "ok"}, {"put", "./exit|{}", "ok"}, {"line", "./exit", "{}"}, {"exec", "./exit", "no"}, {"unlink", "./exit", "no"},
      /* disks/: the two images, and nothing else of the directory */
      {"list", "./disks", "disk.qcow2,guest-rootfs.qcow2"}, {"read", "./disks/disk.qcow2", "ok"}, {"write", "./disks/disk.qcow2", "ok"},
      {"read", "./disks/guest-rootfs.qcow2", "ok"}, {"write", "./disks/guest-rootfs.qcow2", "ok"}, {"exec", "./disks/disk.qcow2", "no"},
      {"unlink", "./disks/disk.qcow2", "no"}, {"create", "./disks/new", "apart"},
      /* each grant is a mount of its own, as restricted as its access */
      {"mount", "./bin", "ro,nosuid,nodev"}, {"mount", "./shared", "rw,nosuid,nodev,noexec"}, {"mount", "./sockets", "rw,nosuid,nodev,noexec"},
      {"mount", "./tmp", "rw,nosuid,nodev,noexec"}, {"mount", "./logs", "rw,nosuid,nodev,noexec"}, {"mount", "./exit", "rw,nosuid,nodev,noexec"},
      {"mount", "./disks/disk.qcow2", "rw,nosuid,nodev,noexec"}, {"mount", "~/bases/base.raw", "ro,nosuid,nodev,noexec"},
      /* what belongs to the launcher is not there */
      {"list", "./mounts", "ENOENT"}, {"read", "./mounts/from-host", "ENOENT"}, {"read", "./shim.pid", "ENOENT"},
      {"read", "./shim.stderr", "ENOENT"}, {"read", "./lock", "ENOENT"}, {"read", "./record", "ENOENT"}, {"read", "./copies", "ENOENT"},
      {"read", "./uid", "ENOENT"}, {"list", "~/uids", "ENOENT"}, {"list", "~/boxes/neighbour", "ENOENT"},
      {"read", "~/boxes/neighbour/disks/disk.qcow2", "ENOENT"}, {"list", "~/boxes/demo/../neighbour", "ENOENT"},
  };
  jailer_config config = box_config();
  jailer_error err;
  OK(box_disks(), "the disks are made");
  OK(box_text("./mounts/from-host", "host\n"), "the host writes in mounts/");
  OK(jailer_box_record(&config, &err) == JAILER_OK, "their chains are recorded");
  box_rows("tree", &config, rows, BOX_COUNT(rows));
  static const char *const news[] = {"~/new", "~/boxes/new", "./new", "~/bases/new", "./disks/new", "./bin/new", "./tmp2", "./exit2"};
  for (size_t i = 0; i < BOX_COUNT(news); i++) OK(box_stat(news[i]).st_ino == 0, "tree: no %s on the host", news[i]);
  OK(!(box_stat("./").st_mode & 022), "tree: the box directory's mode is as it was");
  OK(!strcmp(box_read("./exit"), "{}") && !strcmp(box_read("./logs/console.log"), "console"), "the host sees what was written");
  OK(S_ISSOCK(box_stat("./sockets/a.sock").st_mode), "and the socket");
  OK(!strncmp(box_read("~/bases/base.raw"), "base\n", 5), "the base is as it was");
}

/* test_build_path_access_includes_qcow2_backing_file: unlike the seed without the directory around it. */
static void test_backing(void) {
  jailer_config config = box_config();
  OK(plan_of(&config), "a box with disks can be planned");
  OK(!strcmp(granted("./disks/disk.qcow2"), "rw") && !strcmp(granted("./disks/guest-rootfs.qcow2"), "rw"), "both disks are granted writable");
  OK(!strcmp(granted("~/bases/base.raw"), "ro"), "the base is granted read-only, once for both chains");
  OK(!strcmp(granted("~/images/disk-images/middle.qcow2"), "ro"), "the middle layer is granted read-only");
  OK(!strcmp(granted("~/images/disk-images"), "") && !strcmp(granted("~/bases"), ""), "unlike the seed, not the directories they lie in");
  OK(grants_below("~/bases") == 1 && grants_below("~/images") == 1, "and nothing else beside them");
}

/* test_build_path_access_shared_bases_dir: unlike the seed only where a field asks for it. */
static void test_whole_bases(void) {
  static const box_row rows[] = {{"list", "~/bases", "base.raw,other.raw"}, {"line", "~/bases/other.raw", "base"},
                                 {"write", "~/bases/other.raw", "no"},      {"create", "~/bases/new", "apart"},
                                 {"write", "~/bases/base.raw", "no"},       {"exec", "~/bases/other.raw", "no"},
                                 {"list", "~/images/disk-images", "middle.qcow2"}};
  jailer_config config = box_config();
  config.allow_whole_bases = true;
  box_rows("allow_whole_bases", &config, rows, BOX_COUNT(rows));
}

/* test_build_path_access_volumes, _nonexistent_volume_skipped */
static void test_volumes(void) {
  static const box_row rows[] = {{"line", "/mnt/input/file", "input"}, {"write", "/mnt/input/file", "no"}, {"create", "/mnt/input/new", "no"},
                                 {"create", "/mnt/output/new", "ok"},  {"list", "/mnt", "input,output"},   {"list", "^/", "home"},
                                 {"put", "/mnt/output/tool|#!/bin/sh", "ok"}, {"exec", "/mnt/output/tool", "EACCES"}};
  static const box_row same_place[] = {{"line", "^/input/file", "input"}, {"write", "^/input/file", "no"}, {"create", "^/output/new2", "ok"}};
  static const box_row skipped[] = {{"list", "/mnt", "ENOENT"}, {"read", "/does/not/exist", "ENOENT"}};
  static box_ran ran;
  jailer_config config = box_config();
  /* a volume that a box writes belongs to the box's uid, as its shared/ does */
  struct stat shared = box_stat("./shared");
  mkdir(box_path("^/input"), 0755);
  mkdir(box_path("^/output"), 0755);
  OK(box_text("^/input/file", "input\n") && chown(box_path("^/output"), shared.st_uid, shared.st_gid) == 0, "the volumes are made");
  const jailer_grant moved[] = {{box_path("^/input"), "/mnt/input", JAILER_READ, false}, {box_path("^/output"), "/mnt/output", JAILER_WRITE, false}};
  const jailer_grant in_place[] = {{box_path("^/input"), NULL, JAILER_READ, false}, {box_path("^/output"), NULL, JAILER_WRITE, false}};
  const jailer_grant optional[] = {{"/does/not/exist", "/mnt/data", JAILER_READ, true}};
  const jailer_grant missing[] = {{"/does/not/exist", "/mnt/data", JAILER_READ, false}};
  config.grants = moved;
  config.grant_count = 2;
  box_rows("volumes", &config, rows, BOX_COUNT(rows));
  OK(S_ISREG(box_stat("^/output/new").st_mode), "what was written in a volume is on the host");
  config.grants = in_place;
  box_rows("volumes in place", &config, same_place, BOX_COUNT(same_place));
  config.grants = optional;
  config.grant_count = 1;
  box_rows("an optional volume that does not exist", &config, skipped, BOX_COUNT(skipped));
  config.grants = missing;
  box_run(&ran, &config, "put:./shared/ran|x", NULL);
  OK(ran.code == JAILER_E_NOT_FOUND && strstr(ran.err.item, "/does/not/exist"), "unlike the seed a volume that does not exist is an error");
  OK(box_stat("./shared/ran").st_ino == 0, "and the target did not run");
  static const char *const inside[] = {"~/", "~/boxes", "./", "./disks", "./mounts", "~/boxes/neighbour/shared", "~/bases", "~/images"};
  for (size_t i = 0; i < BOX_COUNT(inside); i++) {
    const jailer_grant grant[] = {{box_path(inside[i]), "/mnt/data", JAILER_READ, false}};
    config.grants = grant;
    box_run(&ran, &config, "put:./shared/ran|x", NULL);
    OK(ran.code == JAILER_E_CONFLICT && box_stat("./shared/ran").st_ino == 0, "a volume that is %s is refused", inside[i]);
  }
}

/* test_jailer_full_flow_with_real_tempdir, from nothing to the end of the target */
static void test_flow(void) {
  static box_ran ran;
  jailer_layout layout;
  jailer_error err;
  struct stat shared;
  jailer_config config = box_config();
  OK(jailer_layout_init(&layout, box_home, "e2e-test", &err) == JAILER_OK, "flow: a layout");
  config.layout = &layout;
  OK(box_stat("~/boxes/e2e-test").st_ino == 0, "flow: nothing was made by that");
  box_run(&ran, &config, "put:~/boxes/e2e-test/exit|{\"code\":0}", "code:3", NULL);
  OK(ran.code == JAILER_OK && ran.status.exited && ran.status.exit_code == 3, "flow: a launch makes the box and runs the shim");
  OK(!strcmp(box_read("~/boxes/e2e-test/exit"), "{\"code\":0}"), "flow: the exit file holds its last words");
  shared = box_stat("~/boxes/e2e-test/shared");
  OK(S_ISDIR(shared.st_mode) && S_ISDIR(box_stat("~/boxes/e2e-test/logs").st_mode), "flow: the directories are there");
  OK(S_ISREG(box_stat("~/boxes/e2e-test/logs/console.log").st_mode), "flow: so is logs/console.log");
  OK(box_stat("~/boxes/e2e-test/shim.pid").st_ino == 0, "flow: the pid file is gone");
  if (geteuid() == 0)
    OK(shared.st_uid != 0 && shared.st_uid != box_stat("./shared").st_uid, "flow: as root each box has a uid of its own");
  else
    OK(shared.st_uid == geteuid(), "flow: as an ordinary user a box has the user's uid");
  OK(jailer_layout_remove(&layout, &err) == JAILER_OK && box_stat("~/boxes/e2e-test").st_ino == 0, "flow: the box can be removed");
}

/* --- sandbox::seatbelt ---------------------------------------------------------------------------------------------- */

static char profile[1 << 20];
static size_t profile_size;

/* The profile of a plan for macOS; false: none. Nothing there ends a target with its launcher, so that has to be said. */
static bool profile_of(const jailer_config *wanted, jailer_error *err) {
  static const char *const argv[] = {"probe_box", NULL};
  jailer_config config = *wanted;
  jailer_plan *plan = NULL;
  config.argv = argv;
  config.engine = JAILER_ENGINE_SEATBELT;
  config.outlive_launcher = true;
  if (jailer_plan_new(&config, NULL, &plan, err)) return false;
  const bool good = jailer_sbpl_plan(plan, profile, sizeof profile, &profile_size, err) == JAILER_OK;
  jailer_plan_free(plan);
  return good;
}

/* As a Mac's kernel calls it. */
static const char *on_macos(const char *name) {
  static char path[JAILER_PATH_MAX + 16];
  const char *real = box_path(name);
  const bool linked = !strncmp(real, "/var/", 5) || !strncmp(real, "/tmp/", 5) || !strncmp(real, "/etc/", 5);
  snprintf(path, sizeof path, "%s%s", linked ? "/private" : "", real);
  return path;
}

/* SANDBOX_EXEC_PATH, get_base_policy, get_network_policy, is_sandbox_available, and what command() does without one. */
static void test_seatbelt(void) {
  static const char *const argv[] = {"/bin/sh", "-c", ":", NULL};
  static const char *const asked[][2] = {{"file-read-data", "/usr/lib/libSystem.B.dylib"}, {"file-read-data", "/Users/u/x"}, {"file-write-data", "/dev/null"},
                                         {"network-outbound", "tcp4:1.2.3.4:80"}, {"network-bind", "tcp4:0.0.0.0:80"}, {"process-exec*", "/usr/bin/true"}};
  char both[1 << 16];
  jailer_error err;
  jailer_host host;
  jailer_config config;
  jailer_plan *plan = NULL;
  jailer_proc proc;
  OK(!strcmp(JAILER_SANDBOX_EXEC, "/usr/bin/sandbox-exec"), "sandbox-exec is called by its path");
  OK(jailer_probe(&host, &err) == JAILER_OK && !host.seatbelt, "is_sandbox_available: not on Linux, whatever lies at that path");
  memset(&config, 0, sizeof config);
  config.engine = JAILER_ENGINE_SEATBELT;
  config.outlive_launcher = true;
  config.argv = argv;
  OK(jailer_plan_new(&config, NULL, &plan, &err) == JAILER_OK && jailer_spawn(plan, &proc, &err) == JAILER_E_UNSUPPORTED && proc.pid == 0,
     "unlike the seed nothing runs without a sandbox");
  jailer_plan_free(plan);
  if (!sb_there("get_base_policy, get_network_policy")) return;
  snprintf(both, sizeof both, "%s%s", jailer_sbpl_base(), jailer_sbpl_network());
  sb_begin();
  for (int net = 0; net < 2; net++) {
    sb_profile(net ? both : jailer_sbpl_base(), strlen(net ? both : jailer_sbpl_base()));
    for (size_t i = 0; i < BOX_COUNT(asked); i++) sb_ask(asked[i][0], asked[i][1]);
  }
  if (!OK(sb_run() && !strcmp(sb_said(0), "ok") && !strcmp(sb_said(BOX_COUNT(asked) + 1), "ok"), "the base alone is a profile, and so it is with the network's")) return;
  bool nothing = true;
  for (size_t i = 0; i < BOX_COUNT(asked); i++) nothing = nothing && sb_denies(1 + i);
  OK(nothing, "unlike the seed's the base grants no path: those of the system are grants like others");
  OK(sb_allows(BOX_COUNT(asked) + 2 + 3) && sb_allows(BOX_COUNT(asked) + 2 + 4) && sb_denies(BOX_COUNT(asked) + 2 + 1), "the network's brings IP, both ways, and no path");
}

/* sandbox_profile: another profile by path. */
static void test_own_profile(void) {
  static const char own[] = "(version 1)\n(allow default)\n";
  jailer_config config = box_config();
  jailer_error err;
  const jailer_grant grant[] = {{box_path("^/input"), NULL, JAILER_READ, false}};
  config.grants = grant;
  config.grant_count = 1;
  config.seatbelt_profile = box_path("^/own.sb");
  OK(box_text("^/own.sb", own) && profile_of(&config, &err) && profile_size == strlen(own) && !strcmp(profile, own), "sandbox_profile: a file with a profile replaces it whole");
  chmod(box_path("^/own.sb"), 0666);
  OK(!profile_of(&config, &err) && err.code == JAILER_E_UNSAFE, "unlike the seed not one that everybody can write");
  config.seatbelt_profile = box_path("^/absent.sb");
  OK(!profile_of(&config, &err) && err.code == JAILER_E_NOT_FOUND, "nor is one that is not there passed over");
}

/* build_path_access: each path of it, and what the profile says of it. y, n: reading, writing, executing. */
static void test_seatbelt_paths(void) {
  static const struct {
    const char *path, *says, *why;
  } rows[] = {
      {"./sockets/x", "yyn", "sockets/ is written"},
      {"./tmp/x", "yyn", "tmp/ is written"},
      {"./logs/x", "yyn", "logs/ is written"},
      {"./logs/console.log", "yyn", "the console's log, through logs/"},
      {"./shared/x", "yyn", "shared/ is written: the root of a virtio-fs share"},
      {"./exit", "yyn", "exit is written"},
      {"./disks/disk.qcow2", "yyn", "the disk is written"},
      {"./disks/guest-rootfs.qcow2", "yyn", "so is the guest's root"},
      {"./disks/other", "nnn", "nothing else of disks/"},
      {"./bin/probe_box", "yny", "bin/ is read and executed"},
      {"./mounts/x", "nnn", "mounts/ is not in it"},
      {"./shim.pid", "nnn", "nor is shim.pid"},
      {"./shim.stderr", "nnn", "nor shim.stderr"},
      {"./x", "nnn", "nor the box directory as a whole"},
      {"~/bases/base.raw", "ynn", "the base of both chains is read"},
      {"~/images/disk-images/middle.qcow2", "ynn", "the layer between as well"},
      {"~/bases/other.raw", "nnn", "unlike the seed not the directory of bases"},
      {"~/images/disk-images/x", "nnn", "unlike the seed not the directory of a layer"},
      {"~/boxes/neighbour/disks/disk.qcow2", "nnn", "not another box"},
      {"^/input/file", "ynn", "a volume for reading"},
      {"^/output/file", "yyn", "a volume for writing"},
      {"/does/not/exist", "nnn", "a volume that is not there and may be missing"},
  };
  const jailer_grant volumes[] = {{box_path("^/input"), NULL, JAILER_READ, false}, {box_path("^/output"), NULL, JAILER_WRITE, false},
                                  {"/does/not/exist", NULL, JAILER_READ, true}};
  jailer_config config = box_config();
  jailer_error err;
  if (!sb_there("build_path_access in a profile")) return;
  config.grants = volumes;
  config.grant_count = BOX_COUNT(volumes);
  if (!OK(profile_of(&config, &err), "a profile of the box")) return;
  sb_begin();
  sb_profile(profile, profile_size);
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    sb_ask("file-read-data", on_macos(rows[i].path));
    sb_ask("file-write-data", on_macos(rows[i].path));
    sb_ask("process-exec*", on_macos(rows[i].path));
  }
  config.grant_count = 0;
  config.allow_whole_bases = true;
  OK(profile_of(&config, &err), "and one with all bases");
  sb_profile(profile, profile_size);
  sb_ask("file-read-data", on_macos("~/bases/other.raw"));
  sb_ask("file-write-data", on_macos("~/bases/other.raw"));
  if (!OK(sb_run() && !strcmp(sb_said(0), "ok"), "what they say")) return;
  for (size_t i = 0; i < BOX_COUNT(rows); i++) {
    char said[4] = "";
    for (size_t k = 0; k < 3; k++) said[k] = sb_allows(1 + 3 * i + k) ? 'y' : sb_denies(1 + 3 * i + k) ? 'n' : '?';
    OK(!strcmp(said, rows[i].says), "profile: %s: %s", rows[i].path, rows[i].why);
    if (strcmp(said, rows[i].says)) printf("# it says %s\n", said);
  }
  const size_t last = 1 + 3 * BOX_COUNT(rows);
  OK(sb_allows(last + 1) && sb_denies(last + 2), "profile: allow_whole_bases grants the directory, for reading");
}

int main(void) {
  jailer_layout neighbour;
  jailer_error err;
  umask(022);
  box_begin();
  OK(jailer_layout_init(&neighbour, box_home, "neighbour", &err) == JAILER_OK && jailer_layout_prepare(&neighbour, 0, 0, &err) == JAILER_OK,
     "there is a neighbour");
  box_qcow2("~/boxes/neighbour/disks/disk.qcow2", NULL, NULL);
  test_list();
  test_tree();
  test_backing();
  test_whole_bases();
  test_volumes();
  test_seatbelt();
  test_own_profile();
  test_seatbelt_paths();
  test_flow();
  box_end();
  return tap_done();
}
