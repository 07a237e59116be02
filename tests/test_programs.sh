#!/bin/sh
# Programs that people use, in the default jail: each does real work and says what it should, on a host name that only
# the jail has. Then once more with a tracer outside: what the launch filter refused meanwhile is listed, and must be
# among the probes that are known to be harmless: a new refusal is a failing row, before somebody misses what was refused.
set -u
. tests/tap.sh
linux_only
: "${JAILER_BUILD:=build}"
B=$(cd "$JAILER_BUILD" && pwd) || exit 1

chmod 755 "$tap_dir"
work=$tap_dir/work # where programs may write, and begin
src=$tap_dir/src   # what they read
bin=$tap_dir/bin   # what they may execute, once it was built in the jail
out=$tap_dir/out
host=ward$$
mkdir "$work" "$src" "$bin"
uid=$(id -u)
ids=
if [ "$uid" = 0 ]; then # somebody else inside, who owns the work
  uid=$((1610612736 + $$))
  ids="--uid $uid --gid $uid"
  chown "$uid:$uid" "$work"
fi

# What the programs inside find, and nothing of the caller's.
there() { (PATH=/usr/local/bin:/usr/bin:/bin && command -v "$1" >/dev/null); }
source_file() { cat >"$src/$1"; }

# expect: what has to come out, from here on; @HOST@ stands for the name of the jail.
expect() { sed "s/@HOST@/$host/" >"$tap_dir/want"; }

# confined [WRAPPER...] : COMMAND...: runs the command in the default jail, with the grants of this test.
# shellcheck disable=SC2086 # $ids is empty or four words
confined() {
  wrapper=
  while [ "$1" != : ]; do
    wrapper="$wrapper $1"
    shift
  done
  shift
  $wrapper "$B/jail" --timeout 60 --hostname "$host" $ids --env "GOCACHE=$work/cache" \
    --env GO111MODULE=off --ro "$src" --exec "$bin" --rw "$work" --cwd "$work" -- "$@" \
    >"$out" 2>"$tap_dir/err" </dev/null
}

# same STATUS: the command ended with 0 and said what was expected, on standard output and nowhere else.
same() {
  {
    echo "exit status $1"
    cat "$tap_dir/err"
    diff "$tap_dir/want" "$out"
  } >"$tap_log"
  [ "$1" = 0 ] && cmp -s "$tap_dir/want" "$out" && [ ! -s "$tap_dir/err" ]
}

# program NAME TOOL "REFUSED..." COMMAND...: two rows, where TOOL is installed: it works; and meanwhile the filter
# refuses these calls at most (the name of each, with :DETAIL where the name is many calls in one) and clone3, for which
# libc takes clone, as it does on older kernels.
program() {
  name=$1
  tool=$2
  known=" clone3 $3 "
  shift 3
  if ! there "$tool"; then
    skip "$name works in the jail" "$tool is not installed"
    return 1
  fi
  failures=$tap_failures
  rm -rf "${work:?}"/* "$work"/.[!.]*
  confined : "$@"
  same $?
  ok $? "$name works in the jail"
  rm -rf "${work:?}"/* "$work"/.[!.]*
  rm -f "$tap_dir/refused"
  confined "$B/denied" "$tap_dir/refused" : "$@"
  same $?
  status=$?
  if [ -s "$tap_dir/refused" ]; then
    sort -o "$tap_dir/refused" "$tap_dir/refused"
    sed "s/^\([^ ]*\) \([^ ]*\) /# $name: refused \1 (\2): /" "$tap_dir/refused"
  elif [ -e "$tap_dir/refused" ]; then
    echo "# $name: refused nothing"
  else
    status=1
  fi
  while read -r call _; do
    case $known in
    *" $call "*) ;;
    *)
      echo "$call is refused, which was not known" >>"$tap_log"
      status=1
      ;;
    esac
  done <"$tap_dir/refused"
  ok $status "$name: nothing new is refused meanwhile"
  [ "$tap_failures" = "$failures" ]
}

# built NAME: what a program has just built is put where it may be executed. On the way: not where it was written, not
# by its name and not by the loader. (As the PROGRAM of a launch it would run: then the launcher says so.)
built() {
  confined : sh -c './"$0"' "$1"
  [ $? = 126 ] && [ ! -s "$out" ] && grep -q 'Permission denied' "$tap_dir/err"
  ok $? "$1 cannot be executed where it was written"
  confined : sh -c 'for loader in /lib*/ld-linux*.so.*; do "$loader" ./"$0" && echo "$loader ran it"; done' "$1"
  [ ! -s "$out" ] && [ -s "$tap_dir/err" ]
  ok $? "$1 cannot be executed there by the loader either"
  cp "$work/$1" "$bin/$1" && chmod 755 "$bin/$1"
}

# --- the tracer itself ------------------------------------------------------------------------------------------------

confined "$B/denied" "$tap_dir/refused" : unshare --user true
[ $? = 1 ] && [ "$(cut -d ' ' -f 1,2 "$tap_dir/refused")" = "unshare:0x10000000 EPERM" ]
ok $? "a refusal is seen, and what it was about"
confined "$B/denied" "$tap_dir/refused" : true
[ $? = 0 ] && [ -e "$tap_dir/refused" ] && [ ! -s "$tap_dir/refused" ]
ok $? "where nothing is refused, nothing is listed"

# --- shells and text --------------------------------------------------------------------------------------------------

source_file sh <<'S'
uname -n
test ! -e /root && test ! -e /home && echo 'no homes'
trap 'echo usr1' USR1
kill -USR1 $$
(sleep 0.01; exit 7) &
wait $!
echo "child $?"
printf 'b 2\na 1\nc 3\n' | sort | while read -r letter number; do echo "$letter$((number * 2))"; done
mkfifo fifo
(echo through the fifo >fifo) &
cat fifo
seq 1 20000 | xargs -P 3 -n 5000 sh -c 'echo $#' x | sort -u
seq 1 100000 | sort -R --parallel=2 | sort -n | tail -n 1
dd if=/dev/zero of=zeros bs=4096 count=32 2>/dev/null
cp --reflink=auto --sparse=always zeros copy && cmp zeros copy && stat -c %s copy
ln -s copy link && readlink link
find . -type l
chmod 600 copy && stat -c %a copy
echo bye >&1
S
expect <<'E'
@HOST@
no homes
usr1
child 7
a2
b4
c6
through the fifo
5000
100000
131072
copy
./link
600
bye
E
program sh sh "" sh "$src/sh"

source_file bash <<'S'
echo "$HOSTNAME"
declare -A of=([one]=1 [two]=2)
mapfile -t lines < <(printf '%s\n' x y z)
coproc UP { tr a-z A-Z; }
echo "${lines[*]} ${of[two]}" >&"${UP[1]}"
exec {UP[1]}>&-
cat <&"${UP[0]}"
[[ jailer.h =~ ^([a-z]+)\.h$ ]] && echo "${BASH_REMATCH[1]}"
diff <(echo same) <(echo same) && echo same
exec 5<>scratch && echo kept >&5 && cat scratch
read -r -t 0.01 <> <(sleep 1) || echo late
S
expect <<'E'
@HOST@
X Y Z 2
jailer
same
kept
late
E
program bash bash "" bash "$src/bash"

source_file awk <<'S'
BEGIN {
  "uname -n" | getline host
  print host
  while (("seq 1 1000" | getline n) > 0) { sum += n; last[n % 3]++ }
  printf "%d %d %.4f\n", sum, last[1], atan2(0, -1)
  print "c\nb\na" | "sort"
  close("sort")
  print "written" >"file"
  close("file")
  getline line <"file"
  print toupper(line)
  if (system("test -e /root")) print "no /root"
}
S
expect <<'E'
@HOST@
500500 334 3.1416
a
b
c
WRITTEN
no /root
E
program mawk mawk "" mawk -f "$src/awk"
program gawk gawk "" gawk -f "$src/awk"

source_file perl <<'S'
use strict; use warnings;
use Digest::SHA qw(sha256_hex); use File::Temp qw(tempfile); use IO::Select; use IO::Socket::UNIX; use POSIX ();
use Socket; use Time::HiRes qw(sleep alarm);
$| = 1;
print +(POSIX::uname())[1], -e '/root' ? " root\n" : " no root\n";
print sha256_hex('jailer'), "\n";
my ($file, $name) = tempfile(UNLINK => 1);
print $file "kept\n"; close $file; print -s $name, "\n";
socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die $!;
my $pid = fork; die $! unless defined $pid;
if (!$pid) { close $a; my $line = <$b>; print $b uc $line; close $b; POSIX::_exit(3) }
close $b; print $a "to the child\n"; $a->flush; print scalar <$a>; waitpid $pid, 0; print $? >> 8, "\n";
my $server = IO::Socket::UNIX->new(Local => 'socket', Listen => 1) or die $!;
my $client = IO::Socket::UNIX->new(Peer => 'socket') or die $!;
my $served = $server->accept; print $served "served\n"; close $served; print scalar <$client>;
$SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 0.02; sleep 5 }; print $@;
print join(',', map { chomp; $_ } `printf '3\\n1\\n2\\n' | sort`), "\n";
S
expect <<'E'
@HOST@ no root
1506dd3492e546b71b5a49b4bcd026dba9cd4ed550387d995534e7e573c90f0f
5
TO THE CHILD
3
served
alarm
1,2,3
E
program perl perl "" perl "$src/perl"

source_file python <<'S'
import asyncio, hashlib, json, mmap, multiprocessing, os, select, signal, socket, sqlite3, subprocess
import tempfile, threading, zlib

print(socket.gethostname(), os.path.exists('/root'))
print(json.dumps({'a': [1, None, 2.5]}, sort_keys=True), hashlib.sha256(b'jailer').hexdigest()[:16], zlib.crc32(b'x'))

lock, total = threading.Lock(), [0]
def add():
    for _ in range(1000):
        with lock:
            total[0] += 1
threads = [threading.Thread(target=add) for _ in range(8)]
[t.start() for t in threads]
[t.join() for t in threads]
print(total[0])

server = socket.socket(socket.AF_UNIX)
server.bind('socket')
server.listen()
def serve():
    peer, _ = server.accept()
    fd = socket.recv_fds(peer, 16, 1)[1][0]
    os.write(fd, b'through a descriptor that was sent\n')
    peer.sendall(b'done')
thread = threading.Thread(target=serve)
thread.start()
client = socket.socket(socket.AF_UNIX)
client.connect('socket')
reader, writer = os.pipe()
socket.send_fds(client, [b'x'], [writer])
print(client.recv(16), os.read(reader, 64))
thread.join()

print(subprocess.run(['sort', '-r'], input='a\nb\n', capture_output=True, text=True, check=True).stdout.split())
with tempfile.TemporaryDirectory() as directory, tempfile.NamedTemporaryFile(dir=directory) as file:
    file.write(b'0' * 8192)
    file.flush()
    with mmap.mmap(file.fileno(), 0) as memory:
        memory[0:4] = b'jail'
    print(directory.startswith('/tmp/'), open(file.name).read(6))
db = sqlite3.connect('db')
db.execute('create table t(a)')
db.executemany('insert into t values(?)', [(i,) for i in range(10)])
print(db.execute('select sum(a) from t').fetchone())

async def main():
    child = await asyncio.create_subprocess_exec('echo', 'from a child', stdout=subprocess.PIPE)
    rest = await asyncio.gather(child.communicate(), asyncio.sleep(0.01, 'slept'), asyncio.to_thread(os.getcwd))
    print(rest[0][0], rest[1], rest[2] == os.getcwd())
asyncio.run(main())
with multiprocessing.Pool(2) as pool:
    print(pool.map(abs, [-1, -2, 3]))
signal.signal(signal.SIGALRM, lambda *_: print('alarm'))
signal.setitimer(signal.ITIMER_REAL, 0.01)
signal.pause()
S
expect <<'E'
@HOST@ False
{"a": [1, null, 2.5]} 1506dd3492e546b7 2363233923
8000
b'done' b'through a descriptor that was sent\n'
['b', 'a']
True jail00
(45,)
b'from a child\n' slept True
[1, 2, 3]
alarm
E
program python3 python3 "" python3 "$src/python"

source_file node <<'S'
const fs = require('fs'), os = require('os'), net = require('net'), { execFileSync, spawn } = require('child_process');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');
if (!isMainThread) {
  let sum = 0;
  for (let i = 0; i <= workerData; i++) sum += i;
  parentPort.postMessage(sum);
} else {
  (async () => {
    console.log(os.hostname(), fs.existsSync('/root'));
    console.log(require('crypto').createHash('sha256').update('jailer').digest('hex').slice(0, 16));
    const sums = await Promise.all([1000, 2000].map((n) => new Promise((done, failed) =>
      new Worker(__filename, { workerData: n }).on('message', done).on('error', failed))));
    console.log(sums.join(' '));
    await new Promise((done) => setTimeout(done, 10));
    await fs.promises.writeFile('file', 'written');
    await fs.promises.rename('file', 'renamed');
    console.log(await fs.promises.readFile('renamed', 'utf8'), fs.readdirSync('.').join());
    console.log(execFileSync('sort', { input: 'b\na\n' }).toString().split('\n').join('-'));
    const code = await new Promise((done) => spawn('sh', ['-c', 'exit 5']).on('exit', done));
    console.log('child', code);
    const server = net.createServer((c) => c.end('served')).listen('socket', () =>
      net.connect('socket').on('data', (d) => console.log(d.toString())).on('close', () => server.close()));
    await new Promise((done) => server.on('close', done));
    await new Promise((done) => {
      const watcher = fs.watch('.', () => { watcher.close(); console.log('seen'); done(); });
      fs.writeFileSync('new', '');
    });
    const zipped = await require('util').promisify(require('zlib').gzip)('x'.repeat(100000));
    console.log(zipped.length < 1000, WebAssembly.validate(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])));
  })();
}
S
expect <<'E'
@HOST@ false
1506dd3492e546b7
500500 2001000
written renamed
a-b-
child 5
served
seen
true true
E
program node node "" node "$src/node"

# --- files and archives -----------------------------------------------------------------------------------------------

source_file git <<'S'
set -e
export HOME=/tmp GIT_AUTHOR_DATE='1000000000 +0000' GIT_COMMITTER_DATE='1000000000 +0000'
host=$(uname -n)
git config --global user.name "$host"
git config --global user.email nobody@example.org
git init -q --initial-branch=main one
cd one
echo first >file
git add file
git commit -q -m first
printf 'second\n' >>file
git commit -q -a -m second
git log --format='%an %s %ct'
git branch other
git checkout -q other
echo other >other
git add other
git commit -q -m other
git checkout -q main
git merge -q --no-edit --no-ff other
git rev-parse 'HEAD^{tree}'
cd ..
git clone -q one two
git clone -q --depth 1 --branch main "file://$PWD/one" three
git -C three log --oneline | wc -l
git -C one gc -q --aggressive
git -C one fsck --no-progress
git -C two grep -c first
git -C two diff --stat HEAD^ | tail -n 1
git -C two status --short --branch
S
expect <<'E'
@HOST@ second 1000000000
@HOST@ first 1000000000
8333e4587e355302a6327ba9a356169ed80ed5b6
1
file:1
 1 file changed, 1 insertion(+)
## main...origin/main
E
program git git "" sh "$src/git"

source_file tar <<'S'
set -e
mkdir -p tree/below && uname -n >tree/below/name && seq 1 50000 >tree/numbers && ln -s below/name tree/link
ln tree/numbers tree/hard && chmod 640 tree/numbers
for how in cf czf cJf; do
  tar $how archive tree
  mkdir $how && tar xf archive -C $how && diff -r tree $how/tree && cat $how/tree/link
  stat -c '%a %h' $how/tree/numbers
done
xz -T 2 -k tree/below/name && xz -dc tree/below/name.xz
gzip -9 <tree/numbers | gunzip | cksum
tar cf /dev/null /root 2>&1 | grep -c 'No such file'
S
expect <<'E'
@HOST@
640 2
@HOST@
640 2
@HOST@
640 2
@HOST@
2937936293 288894
1
E
program tar tar "" sh "$src/tar"

source_file sqlite3 <<'S'
.bail on
pragma journal_mode = wal;
create table t(id integer primary key, name text unique);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000)
insert into t select i, 'name' || i from n;
begin; delete from t where id > 10; rollback;
select count(*), sum(id) from t;
create virtual table f using fts5(body);
insert into f values ('walls that the kernel keeps');
select body from f where f match 'kernel';
.system uname -n
vacuum;
pragma integrity_check;
.backup copy
S
expect <<'E'
wal
5000|12502500
walls that the kernel keeps
@HOST@
ok
5000
E
program sqlite3 sqlite3 "" sh -c 'sqlite3 db <"$0" && sqlite3 copy "select count(*) from t"' "$src/sqlite3"

source_file qemu-img <<'S'
set -e
uname -n
seq 1 100000 >raw && truncate -s 1M raw
qemu-img create -q -f qcow2 -b raw -F raw top 2M
qemu-img convert -f qcow2 -O qcow2 -c -m 4 -W top copy
qemu-img compare top copy
qemu-img info --output=json copy | grep -E '"(virtual-size|format)"'
qemu-img convert -O raw copy back && cmp -n 1048576 raw back && stat -c %s back
qemu-img snapshot -c one copy && qemu-img check -q copy
qemu-img commit -q top && cmp raw back
S
expect <<'E'
@HOST@
Images are identical.
    "virtual-size": 2097152,
    "format": "qcow2",
2097152
E
program qemu-img qemu-img "io_uring_setup" sh "$src/qemu-img"

source_file openssl <<'S'
set -e
uname -n
printf jailer | openssl dgst -sha256 -r
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key
openssl pkey -in key -pubout -out public
echo 'said by the jail' >message
openssl dgst -sha256 -sign key -out signature message
openssl dgst -sha256 -verify public -signature signature message
openssl enc -aes-256-ctr -pbkdf2 -pass pass:x -in message -out secret
openssl enc -d -aes-256-ctr -pbkdf2 -pass pass:x -in secret
openssl req -x509 -new -key key -subj /CN=jail -days 1 -config /dev/null -out certificate
openssl verify -CAfile certificate certificate
openssl rand 16 | wc -c
S
expect <<'E'
@HOST@
1506dd3492e546b71b5a49b4bcd026dba9cd4ed550387d995534e7e573c90f0f *stdin
Verified OK
said by the jail
certificate: OK
16
E
program openssl openssl "" sh "$src/openssl"

# --- compilers, and what they build -----------------------------------------------------------------------------------

source_file build <<'S'
uname -n
exec "$@"
S
expect_built() { echo '@HOST@' | expect; }

source_file hello.c <<'S'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static int turn;
static void *run(void *mine) {
  pthread_mutex_lock(&lock);
  while (turn != *(int *)mine) pthread_cond_wait(&moved, &lock);
  printf("thread %d\n", turn++);
  pthread_cond_broadcast(&moved);
  pthread_mutex_unlock(&lock);
  return malloc(300000);
}
int main(void) {
  struct utsname name;
  pthread_t threads[8];
  int numbers[8];
  void *memory;
  uname(&name);
  printf("%s, root: %d\n", name.nodename, access("/root", F_OK));
  for (int i = 0; i < 8; i++) pthread_create(&threads[i], NULL, run, (numbers[i] = 7 - i, &numbers[i]));
  for (int i = 0; i < 8; i++) pthread_join(threads[i], &memory), free(memory);
  fflush(stdout);
  if (fork() == 0) _exit(9);
  int status;
  wait(&status);
  FILE *sorted = popen("sort -r", "w");
  for (int i = 0; i < 3; i++) fprintf(sorted, "line %d\n", i);
  return pclose(sorted) + WEXITSTATUS(status) - 9;
}
S
hello() {
  expect <<'E'
@HOST@, root: -1
thread 0
thread 1
thread 2
thread 3
thread 4
thread 5
thread 6
thread 7
line 2
line 1
line 0
E
}

expect_built
if program gcc gcc "" sh "$src/build" gcc -O2 -Wall -pthread -o hello-gcc "$src/hello.c" && built hello-gcc; then
  hello
  program "a threaded glibc program" sh "" "$bin/hello-gcc"
fi
expect_built
program clang clang "" sh "$src/build" clang -O2 -pthread -o hello-clang "$src/hello.c"
expect_built
if program musl-gcc musl-gcc "" sh "$src/build" musl-gcc -static -O2 -pthread -o hello-musl "$src/hello.c" &&
  built hello-musl; then
  hello
  program "a static musl program" sh "" "$bin/hello-musl"
fi

source_file hello.cc <<'S'
#include <algorithm>
#include <filesystem>
#include <future>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <vector>
#include <unistd.h>
int main() {
  char host[256];
  gethostname(host, sizeof host);
  std::cout << host << ' ' << std::filesystem::exists("/root") << std::endl;
  auto sum = std::async(std::launch::async, [] {
    std::vector<int> v(1000);
    std::iota(v.begin(), v.end(), 1);
    return std::accumulate(v.begin(), v.end(), 0);
  });
  std::cout << sum.get() << std::endl;
  try { throw std::runtime_error("caught"); } catch (const std::exception &e) { std::cout << e.what() << std::endl; }
}
S
source_file Makefile <<'S'
all: one two
	@echo all of $$(uname -n)
one:
	@gcc -pthread -o hello-$@ "$(SRC)/hello.c"
two:
	@g++ -std=c++17 -O1 -pthread -o hello-$@ "$(SRC)/hello.cc"
S
expect <<'E'
all of @HOST@
E
if program make g++ "" make -s -j 2 -f "$src/Makefile" "SRC=$src" && built hello-two; then
  expect <<'E'
@HOST@ 0
500500
caught
E
  program "a C++ program" sh "" "$bin/hello-two"
fi

source_file hello.go <<'S'
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"
)

func main() {
	host, _ := os.Hostname()
	_, err := os.Stat("/root")
	fmt.Println(host, os.IsNotExist(err))
	var wait sync.WaitGroup
	sums := make(chan int, 100)
	for i := 0; i < 100; i++ {
		wait.Add(1)
		go func(n int) { defer wait.Done(); time.Sleep(time.Millisecond); sums <- n }(i)
	}
	wait.Wait()
	close(sums)
	total := 0
	for n := range sums {
		total += n
	}
	fmt.Println(total)
	command := exec.Command("sort")
	command.Stdin = strings.NewReader("b\na\n")
	out, err := command.Output()
	fmt.Printf("%q %v\n", out, err)
	server, err := net.Listen("unix", "/tmp/socket")
	if err != nil {
		panic(err)
	}
	go func() { c, _ := server.Accept(); fmt.Fprintln(c, "served"); c.Close() }()
	client, err := net.Dial("unix", "/tmp/socket")
	if err != nil {
		panic(err)
	}
	line, _ := bufio.NewReader(client).ReadString('\n')
	fmt.Print(line)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	syscall.Kill(os.Getpid(), syscall.SIGUSR1)
	fmt.Println(<-signals)
}
S
expect_built
if program go go "" sh "$src/build" go build -o hello-go "$src/hello.go" && built hello-go; then
  expect <<'E'
@HOST@ true
4950
"a\nb\n" <nil>
served
user defined signal 1
E
  program "a Go program" sh "" "$bin/hello-go"
fi

source_file hello.rs <<'S'
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
fn main() {
    let host = Command::new("uname").arg("-n").output().unwrap();
    println!("{} {}", String::from_utf8(host.stdout).unwrap().trim(), std::path::Path::new("/root").exists());
    let (send, receive) = mpsc::channel();
    for i in 0..16u64 {
        let send = send.clone();
        thread::spawn(move || send.send((1..=1000).map(|n| n * i).sum::<u64>()).unwrap());
    }
    drop(send);
    println!("{}", receive.iter().sum::<u64>());
    let listener = UnixListener::bind("/tmp/socket").unwrap();
    let server = thread::spawn(move || listener.accept().unwrap().0.write_all(b"served").unwrap());
    let mut text = String::new();
    UnixStream::connect("/tmp/socket").unwrap().read_to_string(&mut text).unwrap();
    server.join().unwrap();
    println!("{}", text);
    let mut child = Command::new("sort").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"b\na\n").unwrap();
    print!("{}", String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap());
    std::panic::set_hook(Box::new(|_| {}));
    println!("{}", std::panic::catch_unwind(|| panic!("caught")).is_err());
    std::fs::write("/tmp/file", text).unwrap();
    println!("{}", std::fs::metadata("/tmp/file").unwrap().len());
}
S
expect_built
if program rustc rustc "" sh "$src/build" rustc -o hello-rust "$src/hello.rs" && built hello-rust; then
  expect <<'E'
@HOST@ false
60060000
served
a
b
true
6
E
  program "a Rust program" sh "" "$bin/hello-rust"
fi

tap_done
