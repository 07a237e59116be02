# jailer.h: what there is to build is one header; this file builds its examples, tests and benchmarks under $(BUILD).
#
#   make run      build the runner, a shim and the main job, and run it
#   make test     build everything and run the test suite
#   make bench    measure; the numbers go to $(BUILD)/bench.txt (JAILER_BENCH_ROUNDS=1: only that each can be taken)
#   make check    compile the header with every compiler there is, warnings as errors
#   make analyze  static analysers over the header
#   make fuzz     fuzz what reads foreign bytes, FUZZ_SECONDS for each fuzzer (needs clang)
#   make macos    compile and link what is for macOS, for both kinds of Mac, by a cross compiler (`make zig` brings it)
#   make kernels  run the suite in other kernels, x86-64 and arm64, in QEMU (needs what tests/kernels/run.sh names)
#   make install  copy jailer.h to $(DESTDIR)$(PREFIX)/include
#
# CC, CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are yours: nothing here sets them, and CFLAGS comes after our own flags.
# Plain POSIX make: no pattern rules, no conditionals, no functions. A new program is two lines: its name in one of the
# lists below, and its source in the list of sources. On macOS the same commands build and run what is for every system,
# and test_macos; of the rest each says that it is for Linux alone.

BUILD = build
PREFIX = /usr/local
SANITIZE =
FUZZ_SECONDS = 15

B = $(BUILD)

# Programs that people run. hello_jail, shim and jail are what the README shows.
EXAMPLES = $B/hello_jail $B/self $B/shim $B/run_box $B/qcow2_info $B/print_sbpl $B/jail

# The suite: test programs, for every system and for Linux alone; then scripts, which say themselves what they need.
TESTS_ANYWHERE = \
	$B/test_base $B/test_errors $B/test_layout $B/test_qcow2 $B/test_plan $B/test_seccomp $B/test_report \
	$B/test_stubs $B/test_bpf $B/test_roles $B/test_policy $B/test_sbpl_eval
TESTS_LINUX = \
	$B/test_spawn $B/test_jail $B/test_hostile $B/test_faults $B/test_gates $B/test_race $B/test_threads \
	$B/test_leaks $B/test_cli $B/test_seed $B/test_box $B/test_nested $B/test_init $B/test_cgroup \
	$B/test_constants $B/test_confine $B/test_landlock $B/test_reporter $B/test_libseccomp $B/test_self \
	$B/test_sbpl
TESTS = $(TESTS_ANYWHERE) $(TESTS_LINUX)
# The part for macOS, run on Linux in an emulation of the calls that only Darwin has: tests/darwin/darwin.h.
EMULATED = $B/test_darwin $B/test_seatbelt
# Of it what runs on a Mac too, and there against macOS itself.
TESTS_MACOS = $B/test_macos
DARWIN_TESTS = $(EMULATED) $(TESTS_MACOS)
SCRIPTS = tests/test_header.sh tests/test_policy_constants.sh tests/test_runner.sh tests/test_programs.sh \
	tests/test_qemu.sh

# Programs that run inside the jail: static where the machine has a static libc, and never sanitized.
PROBES = $B/probe_box $B/probe_canary $B/probe_inside $B/probe_reporter $B/probe_seatbelt $B/probe_spawn

# What stands in for sandbox-exec; likewise.
SANDBOX_EXEC = $B/sandbox_exec

# A tracer that looks at a jail from outside.
TRACER = $B/denied

FUZZERS = $B/fuzz_denial $B/fuzz_policy $B/fuzz_qcow2 $B/fuzz_sbpl
BENCHES = $B/bench $B/floor $B/seccomp_peer

# What a change of rebuilds everything.
HEADER = jailer.h
TEST_HEADERS = $(HEADER) tests/tap.h tests/bpf_run.h tests/random_policy.h tests/box.h tests/canary.h \
	tests/inside.h tests/seatbelt.h tests/macos_rows.h
DARWIN_HEADERS = tests/darwin/darwin.h tests/darwin/calls.h tests/darwin/plain.h tests/darwin/tell.h

JL_FLAGS = -std=gnu99 -g -Wall -Wextra -I.
COMPILE = $(CC) -O2 $(JL_FLAGS) $(CPPFLAGS) $(CFLAGS)
COMPILE_TEST = $(CC) -O1 $(JL_FLAGS) $(CPPFLAGS) $(CFLAGS)
LINK = $(LDFLAGS) $(LDLIBS)
# What a program that compares with a library from elsewhere is built with, where that is installed.
PEERS = `sh tests/peers.sh $(@F) $(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS)`
# Where Linux stands in for macOS, the headers that it lacks.
EMULATION = `[ "$$(uname -s)" != Linux ] || echo -isystem tests/darwin/include`
# Before the command that makes a program for Linux alone.
ON_LINUX = sh tests/linux_only.sh $@
TAP = JAILER_BUILD="$B" CC="$(CC)" sh tests/run.sh

all: $(EXAMPLES)

programs: $(EXAMPLES) $(PROBES) $(SANDBOX_EXEC) $(TRACER) $(TESTS) $(DARWIN_TESTS) $(BENCHES) $B/noop

run: $B/jail $B/run_box $B/shim
	$B/run_box

test: $(EXAMPLES) $(PROBES) $(SANDBOX_EXEC) $(TRACER) $(TESTS) $(DARWIN_TESTS) $B/noop
	@$(TAP) $(TESTS) $(DARWIN_TESTS) $(SCRIPTS)

bench: $(EXAMPLES) $(BENCHES) $B/noop
	JAILER_BUILD="$B" $B/bench >$B/bench.tmp
	JAILER_BUILD="$B" CC="$(CC)" sh tests/bench/header_cost.sh >>$B/bench.tmp
	mv $B/bench.tmp $B/bench.txt
	cat $B/bench.txt

check:
	@mkdir -p $B
	@$(TAP) tests/check_compilers.sh

analyze:
	@mkdir -p $B
	@$(TAP) tests/check_analyzers.sh

fuzz: $(FUZZERS)
	@FUZZ_SECONDS="$(FUZZ_SECONDS)" FUZZERS="$(FUZZERS)" $(TAP) tests/fuzz/run.sh

macos:
	@mkdir -p $B
	@MACOS_PROGRAMS="$(EXAMPLES) $(TESTS_ANYWHERE) $(TESTS_MACOS)" $(TAP) tests/check_macos.sh

zig:
	@sh tests/get_zig.sh .cache/zig

kernels:
	@mkdir -p $B
	@$(TAP) tests/kernels/run.sh

version:
	@sed -n 's/^#define JAILER_VERSION "\(.*\)".*/\1/p' $(HEADER)

install:
	mkdir -p $(DESTDIR)$(PREFIX)/include
	cp $(HEADER) $(DESTDIR)$(PREFIX)/include/jailer.h
	chmod 644 $(DESTDIR)$(PREFIX)/include/jailer.h
	@echo "jailer.h `$(MAKE) -s version` is in $(DESTDIR)$(PREFIX)/include"

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/include/jailer.h

clean:
	rm -rf $B

# How each kind of program is built. The source has the program's name.

$B/shim: $(HEADER)
	@mkdir -p $B
	$(COMPILE) -o $@ examples/$(@F).c -pthread $(LINK)

$B/hello_jail $B/self $B/run_box $B/qcow2_info $B/print_sbpl $B/jail: $(HEADER)
	@mkdir -p $B
	$(COMPILE) $(SANITIZE) -o $@ examples/$(@F).c $(LINK)

$(TESTS_ANYWHERE): $(TEST_HEADERS)
	@mkdir -p $B
	$(COMPILE_TEST) $(SANITIZE) -o $@ tests/$(@F).c -pthread $(LINK)

$(TESTS_LINUX) $(TRACER): $(TEST_HEADERS)
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE_TEST) $(SANITIZE) -o $@ tests/$(@F).c -pthread $(PEERS) $(LINK)

$(EMULATED): $(TEST_HEADERS) $(DARWIN_HEADERS) $(PROBES) $(SANDBOX_EXEC)
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE_TEST) $(SANITIZE) -isystem tests/darwin/include -o $@ tests/$(@F).c -pthread $(LINK)

$(TESTS_MACOS): $(TEST_HEADERS) tests/macos_probe.h $(DARWIN_HEADERS) $(SANDBOX_EXEC)
	@mkdir -p $B
	$(COMPILE_TEST) $(SANITIZE) $(EMULATION) -o $@ tests/$(@F).c -pthread $(LINK)

$(SANDBOX_EXEC): $(DARWIN_HEADERS)
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE_TEST) -static -o $@ tests/darwin/$(@F).c $(LINK) 2>/dev/null || \
	  $(ON_LINUX) $(COMPILE_TEST) -o $@ tests/darwin/$(@F).c $(LINK)

$(PROBES): tests/canary.h tests/inside.h tests/darwin/tell.h
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE_TEST) -static -o $@ tests/$(@F).c -pthread $(LINK) 2>/dev/null || \
	  $(ON_LINUX) $(COMPILE_TEST) -o $@ tests/$(@F).c -pthread $(LINK)

$(BENCHES):
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE) -o $@ tests/bench/$(@F).c -pthread $(PEERS) $(LINK)

$B/noop:
	@mkdir -p $B
	$(ON_LINUX) $(COMPILE) -static -o $@ tests/bench/$(@F).c $(LINK) 2>/dev/null || \
	  $(ON_LINUX) $(COMPILE) -o $@ tests/bench/$(@F).c $(LINK)

$(FUZZERS): $(HEADER) tests/fuzz/fuzz.h
	@mkdir -p $B
	clang -std=gnu99 -O1 -g -I. -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	  $(CPPFLAGS) $(CFLAGS) -o $@ tests/fuzz/$(@F).c $(LINK)

# The sources, one line for each program.

$B/hello_jail: examples/hello_jail.c
$B/jail: examples/jail.c
$B/print_sbpl: examples/print_sbpl.c
$B/qcow2_info: examples/qcow2_info.c
$B/run_box: examples/run_box.c
$B/self: examples/self.c
$B/shim: examples/shim.c

$B/test_base: tests/test_base.c
$B/test_box: tests/test_box.c
$B/test_bpf: tests/test_bpf.c
$B/test_cgroup: tests/test_cgroup.c
$B/test_cli: tests/test_cli.c
$B/test_confine: tests/test_confine.c
$B/test_constants: tests/test_constants.c
$B/test_darwin: tests/test_darwin.c
$B/test_errors: tests/test_errors.c
$B/test_faults: tests/test_faults.c
$B/test_gates: tests/test_gates.c
$B/test_hostile: tests/test_hostile.c
$B/test_init: tests/test_init.c
$B/test_jail: tests/test_jail.c
$B/test_landlock: tests/test_landlock.c
$B/test_layout: tests/test_layout.c
$B/test_leaks: tests/test_leaks.c
$B/test_libseccomp: tests/test_libseccomp.c
$B/test_macos: tests/test_macos.c
$B/test_nested: tests/test_nested.c
$B/test_plan: tests/test_plan.c
$B/test_policy: tests/test_policy.c
$B/test_qcow2: tests/test_qcow2.c
$B/test_race: tests/test_race.c
$B/test_report: tests/test_report.c
$B/test_reporter: tests/test_reporter.c
$B/test_roles: tests/test_roles.c
$B/test_sbpl: tests/test_sbpl.c
$B/test_sbpl_eval: tests/test_sbpl_eval.c
$B/test_seccomp: tests/test_seccomp.c
$B/test_seed: tests/test_seed.c
$B/test_seatbelt: tests/test_seatbelt.c
$B/test_self: tests/test_self.c
$B/test_spawn: tests/test_spawn.c
$B/test_stubs: tests/test_stubs.c
$B/test_threads: tests/test_threads.c

$B/probe_box: tests/probe_box.c
$B/probe_canary: tests/probe_canary.c
$B/probe_inside: tests/probe_inside.c
$B/probe_reporter: tests/probe_reporter.c $(HEADER)
$B/probe_seatbelt: tests/probe_seatbelt.c
$B/sandbox_exec: tests/darwin/sandbox_exec.c
$B/probe_spawn: tests/probe_spawn.c

$B/denied: tests/denied.c

$B/bench: tests/bench/bench.c tests/bench/measure.h $(HEADER) tests/bpf_run.h
$B/floor: tests/bench/floor.c
$B/noop: tests/bench/noop.c
$B/seccomp_peer: tests/bench/seccomp_peer.c tests/bench/measure.h $(HEADER) tests/bpf_run.h

$B/fuzz_denial: tests/fuzz/fuzz_denial.c
$B/fuzz_policy: tests/fuzz/fuzz_policy.c
$B/fuzz_qcow2: tests/fuzz/fuzz_qcow2.c
$B/fuzz_sbpl: tests/fuzz/fuzz_sbpl.c

.PHONY: all programs run test bench check analyze fuzz macos zig kernels version install uninstall clean
