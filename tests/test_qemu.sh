#!/bin/sh
# A virtual machine monitor in the jail, with a guest in it: QEMU boots a guest of one sector from a chain of three
# qcow2 layers. Each holds something that the guest reads and prints, and it writes to the top one. No KVM: emulated.
# shellcheck disable=SC2016,SC2086,SC2317 # conditions are evaluated, command lines split, and `check` calls by name
set -u
. tests/tap.sh
linux_only
: "${JAILER_BUILD:=build}"
B=$(cd "$JAILER_BUILD" && pwd) || exit 1

for tool in qemu-system-x86_64 qemu-img qemu-io unshare; do
  (PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin && command -v $tool >/dev/null) && continue
  skip "QEMU boots in the jail" "$tool is not installed"
  tap_done
  exit
done

chmod 755 "$tap_dir"
home=$tap_dir/home
box=$home/boxes/vm
uid=$(id -u)
ids=
if [ "$uid" = 0 ]; then # the box of a root launcher is somebody else
  uid=$((1610612736 + $$))
  ids="--uid $uid --gid $uid"
fi
out=$tap_dir/out
err=$tap_dir/err

# jail OPTION... -- PROGRAM...; the exit status is left in $status.
jail() {
  "$B/jail" --timeout 60 $ids "$@" >"$out" 2>"$err" </dev/null
  status=$?
}
in_box() { jail --home "$home" --id vm "$@"; }

# A row about the last launch: what is in $1 must hold; otherwise all is shown that was said.
check() {
  if eval "$1"; then
    good=0
  else
    good=1
    { echo "exit status $status" && cat "$out" "$err" "$box/shim.stderr"; } >"$tap_log" 2>&1
  fi
  ok $good "$2"
}

# --- the guest --------------------------------------------------------------------------------------------------------

bytes() { for byte; do printf '%b' "\\0$(printf %o "0x$byte")"; done; }

# Real mode, at 7c00. Prints its own line to the first serial port; reads sectors 128 and 384 and prints them; writes
# what it read last to sector 640; then 10 goes to port f4, which is QEMU's exit status 33; another after a disk error.
guest() {
  bytes 31 c0 8e d8 8e d0 bc 00 7c fc # ax = ds = ss = 0, sp = 7c00, cld
  bytes be 47 7c e8 27 00             # si = the line; call say
  bytes b4 42 e8 11 00                # ah = 42, extended read; call disk
  bytes b4 42 e8 0c 00                # again
  bytes b4 43 e8 07 00                # ah = 43, extended write; call disk
  bytes b0 10                         # al = 10
  bytes e6 f4 f4 eb fd                # stop: out f4, al; then hlt for ever
  bytes be 4d 7c b0 00 cd 13 72 f2    # disk: si = packet, al = 0, int 13; on carry to stop
  bytes fe 06 56 7c 90                # the packet's sector number + 256; nop
  bytes be 00 80                      # si = 8000, where sectors come to
  bytes ac 84 c0 74 0a                # say: al = [si++]; at 0 return
  bytes b4 01 52 31 d2 cd 14 5a eb f1 # ah = 1, dx = 0, int 14: al goes to the serial port; next
  bytes c3                            # return
  printf 'base\n\000'                 # at 7c47
  bytes 10 00 01 00 00 80 00 00 80 00 00 00 00 00 00 00 # the packet, at 7c4d: 1 sector, 0:8000, sector 128
  head -c $((510 - 93)) /dev/zero
  bytes 55 aa
}

sector() { (printf '%s\n' "$1" && head -c $((511 - ${#1})) /dev/zero); } # a line

# make_chain: base <- middle <- disk, each by a name relative to the one above.
make_chain() {
  guest >"$tap_dir/guest" && sector middle >"$tap_dir/middle" && sector top >"$tap_dir/top" &&
    qemu-img create -q -f qcow2 "$home/bases/base.qcow2" 1M &&
    qemu-io -f qcow2 -c "write -s $tap_dir/guest 0 512" "$home/bases/base.qcow2" &&
    qemu-img create -q -f qcow2 -F qcow2 -b ../bases/base.qcow2 "$home/images/middle.qcow2" &&
    qemu-io -f qcow2 -c "write -s $tap_dir/middle 64k 512" "$home/images/middle.qcow2" &&
    qemu-img create -q -f qcow2 -F qcow2 -b ../../../images/middle.qcow2 "$box/disks/disk.qcow2" &&
    qemu-io -f qcow2 -c "write -s $tap_dir/top 192k 512" "$box/disks/disk.qcow2"
}

qemu="qemu-system-x86_64 -accel tcg -m 32 -nodefaults -no-user-config -display none -no-reboot -serial stdio"
qemu="$qemu -device isa-debug-exit,iobase=0xf4,iosize=4 -drive if=none,id=disk,format=qcow2,file=$box/disks/disk.qcow2"
pc="-M pc -device virtio-blk-pci,drive=disk"

printf 'base\nmiddle\ntop\ntop\n' >"$tap_dir/want"
booted() { [ "$status" = 33 ] && cmp -s "$tap_dir/want" "$out"; }

# --- a box ------------------------------------------------------------------------------------------------------------

mkdir -p "$home"
in_box -- true
check '[ $status = 0 ]' "a launch makes the tree of the box"
row "qemu-img and qemu-io make three layers" make_chain
[ "$(wc -c <"$tap_dir/guest")" = 512 ]
ok $? "the guest is one sector"
cksum "$home/bases/base.qcow2" "$home/images/middle.qcow2" >"$tap_dir/before"

in_box -- $qemu $pc
check '[ $status = 125 ] && grep -q E_NO_RECORD "$err"' "the chain is refused while nobody has recorded it"
in_box --trust-first -- $qemu $pc
check booted "QEMU boots from three layers (pc, virtio-blk)"
in_box -- $qemu $pc
check booted "again, from the recorded chain"
qemu-img convert -f qcow2 -O raw "$box/disks/disk.qcow2" "$tap_dir/raw" &&
  tail -c +$((640 * 512 + 1)) "$tap_dir/raw" | head -c 512 | cmp - "$tap_dir/top" >"$tap_log" 2>&1
ok $? "what the guest wrote is in the box's disk"
cksum "$home/bases/base.qcow2" "$home/images/middle.qcow2" | cmp - "$tap_dir/before" >"$tap_log" 2>&1
ok $? "the layers below are as they were"

bios=/usr/share/seabios/bios-microvm.bin # QEMU's own bios of this machine boots kernels only
if [ -e $bios ]; then
  in_box -- $qemu -M microvm -bios $bios -device virtio-blk-device,drive=disk
  check booted "QEMU boots from three layers (microvm, virtio-mmio)"
else
  skip "QEMU boots from three layers (microvm, virtio-mmio)" "seabios is not installed in /usr/share/seabios"
fi
in_box -- $qemu $pc -smp 2 -accel tcg,thread=multi -object iothread,id=io
check booted "with two processors, each a thread, and a thread for input and output"
in_box -- $qemu $pc -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny
check booted "with QEMU's own filter on top (-sandbox on, all of it)"

# The guest stands still (-S) while the filters on it are counted; the shell has the jail's alone.
jail -- sh -c '
  filters() { sed -n "s/^Seccomp_filters:[[:space:]]*//p" "/proc/$1/status"; }
  qemu-system-x86_64 -accel tcg -M none -S -nodefaults -no-user-config -display none -sandbox on &
  i=0
  while [ "$(filters $!)" -le "$(filters $$)" ] && [ $((i += 1)) -lt 1000 ]; do sleep 0.01; done
  filters $$
  echo $(($(filters $!) - $(filters $$)))
  kill $!'
check '[ $status = 0 ] && [ "$(head -n 1 "$out")" -ge 1 ] && [ "$(tail -n 1 "$out")" -ge 1 ]' \
  "QEMU's own filter stands on top of the jail's"

# --- the memory of the guest ------------------------------------------------------------------------------------------

shared="-M pc,memory-backend=ram -device virtio-blk-pci,drive=disk"
in_box -- $qemu $shared -object memory-backend-file,id=ram,size=32M,share=on,mem-path=/dev/shm/ram
check booted "guest memory in a shared file of the jail's own /dev/shm"
# QEMU asks at its start for a memfd that could be executed, and leaves the type out where it gets none.
memfd="$shared -object memory-backend-memfd,id=ram,size=32M"
in_box -- $qemu $memfd
check '[ $status = 1 ] && grep -q "invalid object type: memory-backend-memfd" "$box/shim.stderr"' \
  "in a memfd that could be executed: not in the strict profile"
in_box --allow-exec-memfd -- $qemu $memfd
check booted "but with --allow-exec-memfd"

# --- what was refused -------------------------------------------------------------------------------------------------

"$B/denied" "$tap_dir/refused" "$B/jail" --timeout 60 $ids --home "$home" --id vm -- $qemu $pc \
  >"$out" 2>"$err" </dev/null
status=$?
sed "s/^\([^ ]*\) \([^ ]*\) /# QEMU: refused \1 (\2): /" "$tap_dir/refused"
check booted "QEMU boots under the tracer"
[ -e "$tap_dir/refused" ] && ! grep -vE '^(clone3|io_uring_setup|memfd_create:0x3) ' "$tap_dir/refused" >"$tap_log"
ok $? "nothing new is refused meanwhile"

# --- without the middle -----------------------------------------------------------------------------------------------

# In the jail what was not granted is not there. Where Landlock alone holds the grants (a host without namespaces, where
# that was permitted) it is there, and refused.
plain=$tap_dir/plain
mkdir "$plain"
cp "$home/bases/base.qcow2" "$home/images/middle.qcow2" "$box/disks/disk.qcow2" "$plain/"
qemu-img rebase -u -f qcow2 -F qcow2 -b base.qcow2 "$plain/middle.qcow2"
qemu-img rebase -u -f qcow2 -F qcow2 -b middle.qcow2 "$plain/disk.qcow2"
chmod 644 "$plain"/*
chmod 666 "$plain/disk.qcow2"
qemu=$(echo "$qemu" | sed "s|$box/disks|$plain|")

jail --ro "$plain/base.qcow2" --ro "$plain/middle.qcow2" --rw "$plain/disk.qcow2" -- $qemu $pc
check booted "the same chain, each layer granted by its name"
jail --ro "$plain/base.qcow2" --rw "$plain/disk.qcow2" -- $qemu $pc
check '[ $status = 1 ] && grep -q "middle.qcow2.: No such file or directory" "$err"' \
  "without the middle QEMU finds no such file"

cat >"$tap_dir/no_namespaces" <<'S'
for kind in user mnt pid net ipc uts cgroup; do echo 0 >"/proc/sys/user/max_${kind}_namespaces" || exit 99; done
exec "$@"
S
landlock() {
  unshare --user --map-root-user sh "$tap_dir/no_namespaces" "$B/jail" --timeout 60 --pid1 \
    --degrade userns,ids,mounts,proc,pidns,netns,ipcns,utsns,cgroupns "$@" >"$out" 2>"$err" </dev/null
  status=$?
}
landlock --ro "$plain/base.qcow2" --ro "$plain/middle.qcow2" --rw "$plain/disk.qcow2" -- $qemu $pc
check booted "where Landlock alone holds the grants: all three granted, QEMU boots"
landlock --ro "$plain/base.qcow2" --rw "$plain/disk.qcow2" -- $qemu $pc
check '[ $status = 1 ] && grep -q "middle.qcow2.: Permission denied" "$err"' "without the middle: Permission denied"

# A box does not get that far: the launcher looks at the chain first.
chmod 000 "$home/images/middle.qcow2"
in_box -- $qemu $pc
check '[ $status = 125 ] && grep -q "E_DENIED.*middle.qcow2" "$err" && [ ! -s "$out" ]' \
  "a box whose user may not read the middle is not launched, and the error names it"

tap_done
