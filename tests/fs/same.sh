#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# same.sh - what posix says of a file system is what it says of the kernel's ext4
#
# usage: same.sh kernel POSIX | same.sh KIND POSIX [ARGUMENT...]
#
# posix.expected was said of the kernel's ext4 on a loop device, space.expected of
# a small one. `kernel` (as root) shows that it still is. KIND is as in on.sh;
# known differences, each with its reason, are in differs/KIND: a line of
# diff(1)'s (< expected, > said), a # and the reason before it.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/../scenario/lib.sh"
kind=$1
posix=$(realpath "$2")
shift 2
of=$here/../fs

# compare EXPECTED SAID
compare() {
	local differs=$of/differs/$kind
	[ -e "$differs" ] || differs=/dev/null
	diff "$1" "$2" | grep '^[<>]' >differences
	diff <(grep -v '^#' "$differs" | sort -u) <(sort -u differences) ||
		fail "$kind: other differences (< known, > new)"
}

# on_kernel SIZE ARGUMENT... - posix on ext4 of the kernel's
on_kernel() {
	local size=$1
	shift
	rm -f "$IMG"
	MKE2FS_OPTS='-m 0' mkimg "$IMG" "$size"
	# The mount is gone with its mount namespace.
	# shellcheck disable=SC2016 # for that shell
	unshare -m --propagation private bash -c '
		mount -o loop -t ext4 "$1" "$2" || exit 9
		shift 2
		exec "$@"' bash "$IMG" "$MNT" setpriv --reuid="$T_USER" \
		--regid="$T_USER" --clear-groups "$posix" "$@" "$MNT"
}

if [ "$kind" = kernel ]; then
	[ "$(id -u)" -eq 0 ] || skip "the kernel mounts ext4 for root only"
	[ -e /dev/loop-control ] || skip "no loop devices"
	on_kernel 2G >said || fail "posix: exit status $?"
	compare "$of/posix.expected" said
	on_kernel 8M --only space >said || fail "posix: exit status $?"
	compare "$of/space.expected" said
	exit 0
fi
as_user touch said
if [ "$kind" = space ]; then
	MKE2FS_OPTS='-m 0' FS=${1:-ext4} mkimg "$IMG" 8M
	must_guest POSIX="$posix" <<-'EOS'
		must mount -t umfuseext2 "$IMG" "$MNT"
		must "$POSIX" --only space "$MNT" >said
		must umount "$MNT"
	EOS
	fsck_img "$IMG"
	compare "$of/space.expected" said
	exit 0
fi
# shellcheck source=tests/fs/kinds.sh
. "$of/kinds.sh"
file_system "$kind"
prepare
must_guest START="$start" POSIX="$posix" ARGS="$*" <<'EOS'
eval "must $START" >/dev/null
must mkdir "$MNT/d"
# shellcheck disable=SC2086 # words
must "$POSIX" $ARGS "$MNT/d" >said
must umount "$MNT"
EOS
check_image
compare "$of/posix.expected" said
