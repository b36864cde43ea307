#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# exit_flushes.sh - leaving a view without umount loses nothing
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs
mkimg "$IMG" 16M

printf -- '- with the working directory, a FIFO and a mapping on the image\n'
as_user "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && cd "$2" && mkfifo p || exit 2
	cat p & echo x >p
	wait
	echo data >f
' bash "$IMG" "$MNT" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
fsck_img "$IMG"
[ "$(debugfs -R 'cat /f' "$IMG" 2>/dev/null)" = data ] || fail 'f is lost'

printf -- '- from a nested view, too\n'
as_user "$UMVIEW" -q bash -c '
	"$3" -q bash -c "mount -t umfuseext2 \"\$1\" \"\$2\" && echo inner >\"\$2/g\"" \
		bash "$1" "$2"
' bash "$IMG" "$MNT" "$UMVIEW" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
fsck_img "$IMG"
[ "$(debugfs -R 'cat /g' "$IMG" 2>/dev/null)" = inner ] || fail 'g is lost'

printf -- '- umount -l of the working directory: it goes on, and to the image\n'
as_user "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && cd "$2" && umount -l "$2" || exit 2
	echo kept >stray || exit 3
	[ ! -e "$2/stray" ] && [ "$(cat stray)" = kept ] || exit 4
' bash "$IMG" "$MNT" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
[ ! -e "$MNT/stray" ] || fail 'written to the host'
fsck_img "$IMG"
[ "$(debugfs -R 'cat /stray' "$IMG" 2>/dev/null)" = kept ] ||
	fail 'not in the image'

printf -- '- a reader killed in open() of a FIFO takes nobody along\n'
as_user "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && rm -f "$2/p" && mkfifo "$2/p" || exit 2
	timeout 0.3 cat "$2/p"
	echo hello >"$2/p" &
	[ "$(timeout 30 cat "$2/p")" = hello ] || exit 3
	wait $! || exit 4
' bash "$IMG" "$MNT" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
fsck_img "$IMG"


printf -- '- umount -l of what lies on a device: the device waits for it\n'
as_user "$UMVIEW" -q bash -c '
	mount -t umdevpart "$1" /dev/hdl && mount -t umfuseext2 /dev/hdl "$2" &&
		cd "$2" && umount -l "$2" || exit 2
	echo later >late || exit 3
' bash "$IMG" "$MNT" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
[ ! -s "$T_TMP/out" ] || fail "$(cat "$T_TMP/out")"
fsck_img "$IMG"
[ "$(debugfs -R 'cat /late' "$IMG" 2>/dev/null)" = later ] ||
	fail 'late is lost'

printf -- '- and is free once it is out of use\n'
as_user "$UMVIEW" -q bash -c '
	mount -t umdevpart "$1" /dev/hdl && mount -t umfuseext2 /dev/hdl "$2" &&
		cd "$2" && umount -l "$2" || exit 2
	! umount /dev/hdl 2>/dev/null || exit 3
	cd / && umount /dev/hdl || exit 4
	mount -t umdevpart "$1" /dev/hdl && mount -t umfuseext2 /dev/hdl "$2" &&
		cd "$2" && umount -l "$2" && umount -l /dev/hdl || exit 5
	cd / && mount -t umdevpart "$1" /dev/hdl && umount /dev/hdl || exit 6
' bash "$IMG" "$MNT" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "status $?: $(cat "$T_TMP/out")"
fsck_img "$IMG"
