#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# monitor_killed.sh - the monitor dies by kill -9: guests end or get errors at
# once, none hangs, nothing stays, the image is no worse than after a power cut
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
as_user mkdir "$T_TMP/tree"
printf 'hello\n' | user_write "$T_TMP/tree/hello"
pack_image "$IMG" 32M "$T_TMP/tree"

# What the user has in the places for temporary things; the folders of other
# runs of tests and benchmarks are theirs.
leftovers() {
	find /tmp /run /dev/shm /var/tmp -xdev \
		\( -name 'umtest.*' -o -name 'umbench.*' \) -prune \
		-o -user "$(stat -c %u "$IMG")" -print 2>/dev/null |
		LC_ALL=C sort
	find "$T_TMP" -name '*umview*' | LC_ALL=C sort
}
unset TMPDIR
before=$(leftovers)

guest <<'EOS' &
must mount -t umfuseext2 "$IMG" "$MNT"
mkfifo "$MNT/fifo"
loop() { # CMD... until it fails; in this process and in new ones
	while "$@" >/dev/null 2>&1; do :; done
	exit 1
}
loop cat "$MNT/hello" & echo $! >>pids
loop stat /etc/passwd & echo $! >>pids
loop cp "$MNT/hello" "$MNT/copy" & echo $! >>pids
loop /bin/true & echo $! >>pids
cat "$MNT/fifo" & echo $! >>pids
umview -q bash -c 'while cat "$1" >/dev/null; do :; done' bash "$MNT/hello" \
	2>/dev/null & echo $! >>pids
(cd "$MNT" && while read -r _ <hello; do :; done) 2>/dev/null & echo $! >>pids
python3 -c 'import os, sys
while True: os.stat(sys.argv[1])' "$MNT/hello" 2>/dev/null & echo $! >>pids
vuname -U >monitor.new && mv monitor.new monitor
wait
EOS
session=$!
wait_for 30 test -s "$T_TMP/monitor" || fail "the view did not start"
sleep 1
monitor=$(cat "$T_TMP/monitor")
grep -qa umview "/proc/$monitor/cmdline" || fail "$monitor is not umview"
kill -9 "$monitor" || fail "kill"

gone() {
	local pid
	while read -r pid; do
		[ ! -e "/proc/$pid" ] || grep -q '^State:.Z' \
			"/proc/$pid/status" 2>/dev/null || return 1
	done <"$T_TMP/pids"
}
if ! wait_for 10 gone; then
	xargs -a "$T_TMP/pids" ps -o pid,stat,wchan:20,args -p
	xargs -a "$T_TMP/pids" kill -9 2>/dev/null
	fail "guests that hang"
fi
wait "$session"
status=$?
[ "$status" -ne 0 ] || fail "umview's exit status is 0"
left_behind() { LC_ALL=C comm -13 <(echo "$before") <(leftovers); }
nothing_left() { [ -z "$(left_behind)" ]; }
wait_for 30 nothing_left || fail "left behind: $(left_behind)"

# Guests that ask for nothing end with it too, and at once.
as_user "$UMVIEW" -q sh -c 'vuname -U >"$1"; sleep 60; :' sh \
	"$T_TMP/idle" >/dev/null 2>&1 </dev/null &
session=$!
wait_for 10 test -s "$T_TMP/idle" || fail "the idle view did not start"
kill -9 "$(cat "$T_TMP/idle")"
ended() { ! kill -0 "$session" 2>/dev/null; }
wait_for 10 ended || fail "an idle session outlives its monitor"

# As after a power cut: the journal is replayed, then all is consistent.
as_user e2fsck -fy "$IMG" >"$T_TMP/fsck.out" 2>&1
[ $? -le 1 ] || fail "the image is damaged: $(cat "$T_TMP/fsck.out")"
must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
same "hello" hello "$(cat "$MNT/hello")"
must umount "$MNT"
EOS
nothing_outside
