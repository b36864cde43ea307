#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# attach.sh - a debugger comes to a program in the middle of its calls, and goes
#
# Wherever it is stopped, in a stub, in the agent or asking the monitor, the
# program goes on as if nothing had been. The debugger finds its libraries and
# its variables.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck gdb cc
prog=$T_TMP/busy
as_user cc -g -O1 -o "$prog" "$here/runtimes/busy.c" ||
	fail "cannot build the program"
mkimg "$IMG"

must_guest prog="$prog" <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
mkdir plain
for dir in "$PWD/plain" "$MNT"; do
	"$prog" "$dir" &
	pid=$!
	until [ -e "$dir/started" ]; do
		kill -0 "$pid" || die "$prog ended early"
	done
	for i in 1 2 3 4 5; do
		gdb -nx -batch -p "$pid" -ex 'p turns >= 0' \
			-ex 'info sharedlibrary' -ex detach </dev/null \
			>gdb.out 2>&1 || die "gdb: $(cat gdb.out)"
		grep -q '^\$1 = 1' gdb.out || die "variables: $(cat gdb.out)"
		grep -q 'libc\.so' gdb.out || die "libraries: $(cat gdb.out)"
	done
	touch "$dir/stop"
	wait "$pid"
	same "exit status in $dir" 0 $?
	rm "$dir/stop" "$dir/started" "$dir/f"
done
must umount "$MNT"
EOS
fsck_img "$IMG"
