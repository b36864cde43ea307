#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# daemon.sh - what posix says of a daemon's file system in a view is what it says
# of the same daemon's with the kernel's FUSE
#
# usage: daemon.sh KIND POSIX [ARGUMENT...]
#
# KIND is a daemon of scenario/daemons.sh. Known differences, each with its
# reason, are in differs/fuse (of all daemons) and differs/fuse.KIND: a line of
# diff(1)'s (< the kernel, > in a view), a # and the reason before it. Where the
# kernel lets nobody mount there is nothing to compare with.
# What the kernel's side says may be a matter of chance too: RELEASE and FORGET are
# sent when it suits the kernel. So where it differs the kernel is asked once more,
# of a new file system; the view's answer must be one of the two. A view is never
# asked again.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/../scenario/lib.sh"
# shellcheck source=tests/fs/kinds.sh
. "$here/../fs/kinds.sh"
kind=$1
posix=$(realpath "$2")
shift 2
file_system "$kind"
need fusermount3 mountpoint pgrep unshare
T_TIMEOUT=250
# These let only root mount with the kernel's FUSE: it is root's then, for all.
# And of root libfuse takes no image that is not on a device, which goes with its
# last user.
as_root=
exfat_as_root() {
	local loop ret=0
	loop=$(losetup -f --show "$IMG") || return
	mount.exfat-fuse -o "allow_other,uid=$(id -u "$T_USER"),gid=$(id -g "$T_USER")" \
		"$loop" "$MNT" || ret=1
	losetup -d "$loop"
	return $ret
}
mergerfs_as_root() { mergerfs -o allow_other up:tree "$MNT"; }
case $kind in
exfat | mergerfs) as_root=${kind}_as_root ;;
esac

# A name space of mounts where the ordinary user may mount: nothing of the
# machine is changed, and what is left mounted goes with it.
if [ -z "${IN_NAMESPACE:-}" ]; then
	[ "$(id -u)" = 0 ] || skip "it takes root to let a user mount"
	[ -c /dev/fuse ] || skip "no /dev/fuse"
	IN_NAMESPACE=1 unshare -m --propagation private "$here/../fs/daemon.sh" "$kind" "$posix" \
		"$@"
	exit
fi
may_mount() {
	mount -t tmpfs -o mode=755 none /mnt &&
		mknod -m 666 /mnt/fuse c 10 229 &&
		mount --bind /mnt/fuse /dev/fuse &&
		echo user_allow_other >/mnt/fuse.conf &&
		mount --bind /mnt/fuse.conf /etc/fuse.conf
}
may_mount || skip "no place to mount from"
[ "$kind" != exfat ] || [ -e /dev/loop-control ] || skip "no loop devices"

at_work() { pgrep -u "$T_USER" -a -f "$T_TMP"; }
none_at_work() { [ -z "$(at_work)" ]; }

# said_by WORD FILE - posix on a new file system of this kind
said_by() {
	# an sshd has a port
	stop_sshd || :
	wait_for 10 test ! -e sshd.pid || fail "sshd stays"
	# a daemon may still be writing, to a file that is made anew here
	wait_for 30 none_at_work || fail "a daemon stays: $(at_work)"
	find . -mindepth 1 -maxdepth 1 ! -path ./mnt ! -name 'said.*' \
		-exec rm -rf {} +
	prepare
	as_user touch "$2"
	start_as=$start
	if [ "$1" = native ] && [ -n "$as_root" ]; then
		"$as_root" >/dev/null || fail "$as_root"
		start_as=:
	fi
	"$1" START="$start_as" POSIX="$posix" ARGS="$*" SAID="$2" \
		ENTRIES="$entries" PARTS="$parts" <<'EOS' || fail "$1: exit status $?"
eval "must $START" >/dev/null
for _ in $(seq 100); do
	mountpoint -q "$MNT" && break
	sleep 0.1
done
must mkdir "$MNT/d"
# what a file system lacks altogether ends a part
for part in $PARTS; do
	# shellcheck disable=SC2086 # words
	"$POSIX" --only $part $ENTRIES "$MNT/d" || echo "$part: ends"
done >"$SAID"
[ "$SAID" != said.view ] || must umount "$MNT"
EOS
	[ "$1" = guest ] ||
		# a request of a process that has ended keeps it busy
		wait_for 20 umount "$MNT" || fail "umount"
}

entries=$*
parts="names modes links renames holes entries times"
# What changes a time of whole seconds is a matter of chance.
case $kind in
fuse2fs | fuse_zip | sshfs | rclone) parts=${parts/ times/} ;;
esac
# They write what is a hole elsewhere, for minutes.
case $kind in
cryfs | rclone) parts=${parts/ holes/} ;;
esac
said_by native said.kernel
said_by guest said.view
nothing_outside
differs=$here/../fs/differs/fuse
# differences FILE - of the view to what the kernel's side said, unless known
differences() {
	diff "$1" said.view | grep '^[<>]' | sort -u | comm -13 <(
		cat "$differs" "$differs.$kind" 2>/dev/null | grep -v '^#' | sort -u
	) -
}
new=$(differences said.kernel)
if [ -n "$new" ]; then
	printf '%s: the kernel is asked again, for these differences:\n%s\n' "$kind" "$new"
	said_by native said.again
	new=$(differences said.again)
	[ -z "$new" ] || fail "$kind: other differences, also to its second answer
$new"
fi
