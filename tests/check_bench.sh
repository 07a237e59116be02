#!/bin/sh
# Runs `make bench` short (JAILER_BENCH_ROUNDS=1) and looks whether every figure that the issue names comes out as a number,
# once. The values are not judged: machines are noisy, and four launches are no measurement. TAP, for .ci/run.
set -u
. tests/tap.sh
build=${JAILER_BUILD:-build}

row "make bench" env JAILER_BENCH_ROUNDS=1 "${MAKE:-make}" -s "BUILD=$build" bench
for name in \
  launch.2grants.vs_floor launch.20grants.vs_floor launch.20grants.net.vs_floor \
  launch.2grants.vs_bwrap launch.20grants.vs_bwrap launch.20grants.net.vs_bwrap \
  launch.2grants.with_plan.vs_bwrap launch.20grants.with_plan.vs_bwrap launch.20grants.net.with_plan.vs_bwrap \
  launch.2grants.with_plan.vs_floor launch.20grants.with_plan.vs_floor launch.20grants.net.with_plan.vs_floor \
  launch.rss4g.vs_small plan.100.us_per_grant plan.10000.us_per_grant qcow2.layer.vs_qemu_img \
  bpf.launch.worst_steps bpf.launch.len bpf.compile.us bpf.compile.vs_libseccomp bpf.steps.vs_libseccomp_tree \
  landlock.ruleset_us seccomp.getppid.vs_none seccomp.getppid.vs_unfiltered \
  header.compile_s header.text_bytes child.stack_bytes; do
  awk -v name="$name" '$1 == name && NF == 2 && $2 ~ /^[0-9]+(\.[0-9]+)?$/ && $2 > 0 { seen++ } END { exit seen != 1 }' \
    "$build/bench.txt" >"$tap_log" 2>&1
  ok $? "$name is a number"
done
tap_done
