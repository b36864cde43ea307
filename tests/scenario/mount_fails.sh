#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount_fails.sh - mount -t of what programs serve, when it does not come to
# be: a message, an exit status, nothing half-mounted and no process left
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need sshfs bindfs gocryptfs python3 ps
as_user mkdir back vault bin
as_user sh -c 'echo pw | gocryptfs -q -init -scryptn 10 vault' || fail init

# Programs that mount by themselves, as badly as they can.
bad_program() { # NAME WHAT-COMES-AFTER-THE-MOUNT
	user_write "bin/$1" <<-E
		#!/bin/bash
		exec 3<>/dev/fuse
		/bin/mount -i -t fuse -o fd=3,rootmode=40000,user_id=0,group_id=0 x "\$2" ||
			exit 3
		$2
	E
	as_user chmod 755 "bin/$1"
}
bad_program dies-at-once 'exit 0'
bad_program never-answers 'exec sleep 1000'
bad_program answers-garbage 'head -c 60 /dev/zero >&3; exit 4'
bad_program fails-late 'exit 5'
bad_program leaves-a-child '(setsid sleep 1000 &) ; exit 6'
printf '#!/bin/sh\nexit 0\n' | user_write bin/does-nothing
printf '#!/bin/sh\necho "this is why" >&2; exit 7\n' | user_write bin/explains
printf '#!/bin/sh\nkill -SEGV $$\n' | user_write bin/crashes
as_user chmod 755 bin/*

must_guest <<'EOS'
PATH=$PWD/bin:$PATH
# This test's own processes have the name of its script in their arguments.
programs() {
	ps -eo pid,args | grep -F "$MNT" | grep -v -e grep -e script[.]
}
clean() {
	! grep -qF " $MNT " /proc/self/mounts || die "half mounted: $*"
	left=$(programs) &&
		die "left over after $*: $left"
	return 0
}
# fails STATUS REGEX MOUNT-WORDS...
fails() {
	refused "$1" "$2" timeout 30 "${@:3}"
	clean "${@:3}"
}
echo wrong >wrong
for by in mount viewmount; do
	fails 32 'is not installed' $by -t fuse.no-such-program a "$MNT"
	fails 32 'connection|refused|reset' $by -t sshfs \
		-o port=1,directport=1 localhost:/ "$MNT"
	fails 32 'nosuchoption' $by -t umfusebind -o nosuchoption back "$MNT"
	fails 32 'nosuchoption' $by -t sshfs -o nosuchoption localhost:/ "$MNT"
	fails any 'quote|usage' $by -t sshfs -o "pre='x" localhost:/ "$MNT"
	fails 32 'begin it with a slash|take the options' \
		$by -t umfusebind -o except=x back "$MNT"
	fails 32 'in the monitor' $by -t umfusebind -o fuseuid=1 back "$MNT"
	fails 32 'password|cipher' $by -t gocryptfs vault "$MNT" <wrong
	fails 32 'does not serve' $by -t fuse.dies-at-once a "$MNT"
	fails 32 'does not serve|failed' $by -t fuse.answers-garbage a "$MNT"
	fails 32 'status 5' $by -t fuse.fails-late a "$MNT"
	fails 32 'status 6' $by -t fuse.leaves-a-child a "$MNT"
	fails 32 'ended without mounting' $by -t fuse.does-nothing a "$MNT"
	fails 32 'this is why' $by -t fuse.explains a "$MNT"
	fails 32 'ended by a signal' $by -t fuse.crashes a "$MNT"
	fails any 'no such file|not found|does not exist|cannot|failed' \
		$by -t umfusebind back no/such/target
done

# The program that a table names, when it is not there.
must mount -t hide -o hide=sshfs /usr/bin /usr/bin
fails 32 'package sshfs' mount -t sshfs localhost:/ "$MNT"
must umount -l /usr/bin

# mount(2) by itself says whose work it is.
refused any 'no such device|ENODEV' python3 -c "
import ctypes, os
c = ctypes.CDLL(None, use_errno=True)
if c.mount(b'a', b'$MNT', b'umfusessh', 0, None) < 0:
    raise SystemExit(os.strerror(ctypes.get_errno()))"

# One that never answers: a signal to mount(8) alone, and Ctrl-C.
refused 124 '' timeout 1 mount -t fuse.never-answers a "$MNT"
for i in $(seq 100); do
	programs >/dev/null || break
	sleep 0.1
done
clean killed
PATH=$PATH timeout 30 python3 "$here/on_pty.py" 20 pause:1 'send:\x03' \
	-- mount -t fuse.never-answers a "$MNT" >out 2>&1 </dev/null
[ $? -ne 0 ] || die "Ctrl-C: $(cat out)"
for i in $(seq 100); do
	programs >/dev/null || break
	sleep 0.1
done
clean Ctrl-C

# The password is asked for on the terminal of the one who mounts.
PATH=$PATH timeout 40 python3 "$here/on_pty.py" 30 wait:assword 'send:pw\n' \
	-- mount -t gocryptfs vault "$MNT" >out 2>&1 </dev/null ||
	die "on a terminal: $(cat out)"
echo kept >"$MNT/f" || die write
must umount "$MNT"
PATH=$PATH timeout 40 python3 "$here/on_pty.py" 30 wait:assword 'send:no\n' \
	-- mount -t gocryptfs vault "$MNT" >out 2>&1 </dev/null &&
	die "a wrong password: $(cat out)"
clean "wrong password"

# What mount(2) and the core take, programs never see.
mkdir other
MNT=$PWD/other
mkdir "$MNT/keep" && echo own >"$MNT/keep/f"
must mount -t umfusebind -o except=/keep,ro,noexec,relatime,user,nofail,x-a=b \
	back "$MNT"
same excepted own "$(cat "$MNT/keep/f")"
refused any 'read-only' touch "$MNT/new"
grep -q " $MNT .*ro,.*noexec" /proc/self/mounts || die "$(cat /proc/self/mounts)"
must umount "$MNT"
must mount -t umfusebind -o permanent,showcall back "$MNT" 2>out
grep -q 'argv\[0\] = bindfs' out || die showcall
refused any busy umount "$MNT"
EOS
nothing_outside
