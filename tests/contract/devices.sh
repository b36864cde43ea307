#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# devices.sh - device_check on each kind of block device
#
# usage: devices.sh PROGRAM KIND, of the case below; kernel: no view, the host's
# loop device, which says what is right
# shellcheck source=tests/harness/common.sh
. "$(dirname "$0")/../harness/common.sh"
PROGRAM=$1
KIND=$2
t_setup
cp "$PROGRAM" "$T_TMP/check"
as_user truncate -s 8M image

on_kernel() {
	local dev status
	need losetup
	[ "$(id -u)" -eq 0 ] || skip "loop devices of the host are root's"
	dev=$(losetup -f --show image) || skip "the host has no loop devices"
	"$T_TMP/check" "$dev"
	status=$?
	losetup -d "$dev"
	return "$status"
}

# partitions, and the disk, of an image with one partition
on_partition() {
	need sfdisk
	echo 'start=2048, size=4096' | as_user sfdisk -q "$1" || fail sfdisk
	in_view sh -c "mount -t $2 $1 /dev/ucheck &&
		./check /dev/ucheck1 && umount /dev/ucheck"
}

case $KIND in
kernel) on_kernel ;;
ramdisk) in_view sh -c 'mount -t umdevramdisk -o size=8M none disk && ./check disk' ;;
trivhd) in_view sh -c 'mount -t umdevtrivhd none disk && ./check disk' ;;
part) in_view sh -c 'mount -t umdevpart image disk && ./check disk' ;;
partition) on_partition image umdevpart ;;
sector4096)
	in_view sh -c 'mount -t umdevpart -o sector=4096 image disk &&
		grep -qx 4096 /sys/class/block/disk/queue/logical_block_size &&
		blockdev --getss disk | grep -qx 4096'
	;;
loop)
	# shellcheck disable=SC2016 # for the inner shell
	in_view sh -c 'dev=$(losetup -f --show image) && ./check "$dev"'
	;;
raw) in_view sh -c 'mount -t umdevimg image disk && ./check disk' ;;
qcow2 | vdi | vmdk | vpc | vhdx)
	need qemu-img qemu-nbd
	as_user qemu-img create -q -f "$KIND" vm 8M || fail "qemu-img"
	in_view sh -c 'mount -t umdevimg vm disk && ./check disk && umount disk'
	;;
*) fail "no kind $KIND" ;;
esac || fail "$KIND"
