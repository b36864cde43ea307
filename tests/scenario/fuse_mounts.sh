#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_mounts.sh - what becomes of a FUSE daemon's mount: daemons that die,
# hang and end late, stacks of them, mount(8), nested views
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need bindfs sshfs /usr/lib/openssh/sftp-server mount umount fusermount3 python3
as_user mkdir -p back two three
printf 'content\n' | user_write back/file

printf -- '- the device, by every name and by its descriptor\n'
must_guest <<'EOS'
cat >device.py <<'PY'
import errno, os, stat
def check(st):
    assert stat.S_ISCHR(st.st_mode) and st.st_rdev == os.makedev(10, 229), st
dev = os.open("/dev", os.O_RDONLY)
check(os.stat("/dev/fuse"))
check(os.stat("fuse", dir_fd=dev))
os.chdir("/dev")
check(os.lstat("fuse"))
assert os.access("fuse", os.R_OK | os.W_OK)
for fd in os.open("/dev/fuse", os.O_RDWR), os.open("fuse", os.O_RDWR), \
        os.open("fuse", os.O_RDWR, dir_fd=dev):
    check(os.fstat(fd))
    check(os.stat(fd))
    for call in lambda: os.read(fd, 9000), lambda: os.write(fd, b"x" * 16):
        try:
            call()
            assert False
        except OSError as e:
            assert e.errno == errno.EPERM, e
PY
must python3 device.py
must mount -t ramfs none "$MNT"
must python3 device.py
must umount "$MNT"
EOS

printf -- '- a daemon dies: ENOTCONN, at once, to those who wait too\n'
must_guest <<'EOS'
bindfs -f back "$MNT" & daemon=$!
until grep -q " $MNT fuse" /proc/self/mounts; do :; done
same file content "$(cat "$MNT/file")"
kill -STOP $daemon
cat "$MNT/missing" 2>said & reader=$!
until grep -q futex /proc/$reader/wchan 2>/dev/null ||
	grep -q seccomp /proc/$reader/wchan 2>/dev/null; do :; done
kill -KILL $daemon
wait $daemon
wait $reader
grep -q "Transport endpoint is not connected" said || die "$(cat said)"
refused any "not connected" cat "$MNT/file"
refused any "not connected" ls "$MNT"
must umount "$MNT"
same beneath "" "$(ls "$MNT")"
EOS

printf -- '- auto_unmount: a daemon dies, and its mount goes\n'
must_guest <<'EOS'
bindfs -f -o auto_unmount back "$MNT" & daemon=$!
until grep -q " $MNT fuse" /proc/self/mounts; do :; done
kill -KILL $daemon
wait $daemon
for _ in $(seq 50); do
	grep -q " $MNT fuse" /proc/self/mounts || break
	sleep 0.1
done
same beneath "" "$(ls "$MNT")"
EOS

printf -- '- a daemon hangs: its guests can be interrupted; umount -f, -l\n'
must_guest <<'EOS'
for way in -f -l; do
	bindfs -f back "$MNT" & daemon=$!
	until grep -q " $MNT fuse" /proc/self/mounts; do :; done
	kill -STOP $daemon
	timeout 1 cat "$MNT/file" 2>/dev/null
	same "a reader killed by SIGTERM" 124 $?
	python3 - "$MNT/file" <<'PY' || die "not interrupted"
import os, signal, sys
class Alarm(Exception): pass
def ring(*_): raise Alarm
signal.signal(signal.SIGALRM, ring)
signal.alarm(1)
try:
    open(sys.argv[1])
except Alarm:
    sys.exit(0)
sys.exit(1)
PY
	cat "$MNT/file" >/dev/null 2>&1 & reader=$!
	must umount $way "$MNT"
	same beneath "" "$(ls "$MNT")"
	kill -CONT $daemon
	wait $daemon
	same "the daemon after umount $way" 0 $?
	# it may have come too late to find the file
	wait $reader || true
done
EOS

printf -- '- what close flushes is seen by the next name, virtual or not\n'
printf '#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n' | user_write sftp
as_user chmod 755 sftp
must_guest <<'EOS'
must sshfs -o ssh_command="$PWD/sftp" host:"$PWD/back" "$MNT"
python3 - "$MNT" back <<'PY' || die "too early"
import os, sys
mnt, back = sys.argv[1:]
for i in range(200):
    with open(f"{mnt}/f{i}", "w") as f:
        f.write("x" * 5000)
    assert os.stat(f"{back}/f{i}").st_size == 5000, i
PY
rm back/f[0-9]*
must umount "$MNT"
EOS

printf -- '- a stack of three; unmounted in order, and lazily from below\n'
must_guest <<'EOS'
stack() {
	bindfs back two && bindfs two three && bindfs three "$MNT"
}
must stack
same "through three" content "$(cat "$MNT/file")"
seq 50000 >"$MNT/deep" || die "write through three"
seq 50000 | cmp - back/deep || die "what arrived"
cp "$MNT/deep" "$MNT/copy" && cmp back/deep back/copy || die "copied"
refused 32 "busy" umount two
must umount "$MNT"
must umount three
must umount two
must stack
must umount -l two
must umount -l three
same "still" content "$(cat "$MNT/file")"
must umount "$MNT"
grep " ${MNT%/*}/.* fuse" /proc/self/mounts && die "left over"
true
EOS

printf -- '- mount(8) finds the program; programs run from the mount\n'
must_guest <<'EOS'
must mount -t fuse.bindfs "$PWD/back" "$MNT"
same "-t fuse.bindfs" content "$(cat "$MNT/file")"
printf '#!/bin/sh\necho "ran in $(pwd)"\n' >"$MNT/prog"
chmod 755 "$MNT/prog" || die chmod
same "a script" "ran in $MNT" "$(cd "$MNT" && ./prog)"
cp /bin/true "$MNT/true" && must "$MNT/true"
must umount "$MNT"
EOS

printf -- '- the daemon and its mount in a nested view\n'
must_guest <<'EOS'
must bindfs back "$MNT"
umview -q sh -c '
	cat "$MNT/file" || exit 1
	umount "$MNT" && [ ! -e "$MNT/file" ] || exit 2
	bindfs back two && cat two/file' >inner || die "inner view: $?"
same "inner view" "content content" "$(echo $(cat inner))"
same "outer view" content "$(cat "$MNT/file")"
same "the inner one's" "" "$(ls two)"
EOS

printf -- '- options that make no sense, and an unwilling daemon\n'
must_guest <<'EOS'
refused any "." mount -i -t fuse -o fd=3,rootmode=40000 x "$MNT"
python3 - "$MNT" <<'PY' || die "a daemon of no use"
import ctypes, errno, os, sys, threading
libc = ctypes.CDLL(None, use_errno=True)
def mount(options):
    ctypes.set_errno(0)
    libc.mount(b"x", sys.argv[1].encode(), b"fuse", 0, options.encode())
    return ctypes.get_errno()
fd = os.open("/dev/fuse", os.O_RDWR)
rest = ",rootmode=40000,user_id=0,group_id=0"
assert mount("fd=%d" % fd) == errno.EINVAL
assert mount("fd=0" + rest) == errno.EINVAL
assert mount("fd=%d,nonsense%s" % (fd, rest)) == errno.EINVAL
assert mount("fd=%d%s" % (fd, rest)) == 0
assert mount("fd=%d%s" % (fd, rest)) == errno.EINVAL
init = os.read(fd, 1 << 20)
for bad in (b"", b"x", b"\x10\0\0\0\0\0\0\0" + b"\xf0" * 8):
    try:
        os.write(fd, bad)
        assert False
    except OSError as e:
        assert e.errno in (errno.EINVAL, errno.ENOENT), e
unique = init[8:16]
os.write(fd, b"\x10\0\0\0" + b"\xfb\xff\xff\xff" + unique)
try:
    os.listdir(sys.argv[1])
    assert False
except OSError as e:
    assert e.errno == errno.ECONNREFUSED, e
PY
true
EOS
nothing_outside
