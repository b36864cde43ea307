#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_tools.sh - the tools for disks say of a loop device in a view what they
# say of the kernel's
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need losetup sfdisk fdisk parted partx lsblk blkid wipefs blkdiscard badblocks \
	mkfs.ext4 resize2fs e2fsck mkfs.vfat mkswap
cp "$here/umdev_tools_list.sh" "$T_TMP/list.sh"

# What tells the two apart: names, numbers, random identifiers; how far the
# kernel reads ahead, which depends on the host's disk; and in what order
# xfs_repair's threads get to the groups.
normal() {
	grep -vE 'btrfs-control|^ +- agno = ' | sed -E 's#/dev/loop[0-9]+#DEV#g; s#loop[0-9]+#LOOP#g; s#7:[0-9]+#7:N#g
		s/ +/ /g; s/Read time.*//'
}

guest >"$T_TMP/view.out" 2>&1 <<'EOS'
truncate -s 400M view.img
dev=$(losetup -f --show -P view.img) || die "losetup"
bash list.sh "$dev" 2>&1
losetup -d "$dev"
rm view.img
EOS
normal <"$T_TMP/view.out" >"$T_TMP/view"
! grep -B 1 '^= 127$' "$T_TMP/view" || fail "a program is missing"
grep -q '^= 0$' "$T_TMP/view" || fail "nothing works: $(cat "$T_TMP/view.out")"

printf -- '- the kernel says\n'
[ "$(id -u)" -eq 0 ] || skip "loop devices of the host are root's"
truncate -s 400M "$T_TMP/kernel.img"
dev=$(losetup -f --show -P "$T_TMP/kernel.img") ||
	skip "the host has no loop devices"
bash "$T_TMP/list.sh" "$dev" >"$T_TMP/kernel.out" 2>&1
losetup -d "$dev"
normal <"$T_TMP/kernel.out" >"$T_TMP/kernel"
diff "$T_TMP/kernel" "$T_TMP/view" ||
	fail "not what the kernel says (<), but (>)"
