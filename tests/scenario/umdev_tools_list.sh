# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_tools_list.sh - what is asked of a disk; for umdev_tools.sh
#
# usage: umdev_tools_list.sh DEVICE, whose name ends in a digit
D=$1
cd "$(dirname "$0")" || exit 1

run() {
	printf '$ %s\n' "$*"
	"$@" 2>&1 </dev/null
	printf '= %s\n' "$?"
}

# A kernel without its parsers of tables needs to be told.
told() {
	partx -u "$D" >/dev/null 2>&1
	[ -b "${D}p1" ] || printf 'no partitions\n'
}

printf 'label: gpt\nlabel-id: 11111111-2222-3333-4444-000000000000\n%s\n%s\n' \
	'size=8M, uuid=11111111-2222-3333-4444-000000000001' \
	'size=40M, uuid=11111111-2222-3333-4444-000000000002' |
	sfdisk -q "$D"
told
run sfdisk -d "$D"
run fdisk -l "$D"
run partx -s "$D"
run partx -s -o NR,START,SECTORS,UUID,SCHEME "$D"
run lsblk -b -n -o NAME,SIZE,TYPE,RO,RM,PHY-SEC,LOG-SEC,MIN-IO,OPT-IO "$D"
run lsblk -b -n -o NAME,ALIGNMENT,PKNAME,FSTYPE "$D"
run lsblk -n -D -b "$D"
run blkid -p "$D"
run blkid -p -o udev "${D}p1"
run blockdev --getss --getpbsz --getiomin --getioopt --getalignoff \
	--getmaxsect --getbsz --getsz --getsize64 --getro \
	--getdiscardzeroes "$D"
run blockdev --getss --getsz --getro "${D}p2"
run blockdev --setbsz 1024 --getbsz "$D"
run blockdev --setra 64 --getra "$D"
run blockdev --flushbufs "$D"
run blockdev --setro --getro --setrw --getro "${D}p1"
run mkfs.ext4 -q -F -U 11111111-2222-3333-4444-555555555555 "${D}p2" 20M
run e2fsck -fn "${D}p2"
run resize2fs "${D}p2"
run e2fsck -fn "${D}p2"
run blkid -p "${D}p2"
run mkfs.vfat -i 12345678 "${D}p1"
run blkid -p "${D}p1"
run wipefs "${D}p1"
run wipefs -a "${D}p1"
run mkswap -U 11111111-2222-3333-4444-555555555556 "${D}p1"
run wipefs "${D}p1"
run badblocks -b 4096 "${D}p1"
[ ! -b "${D}p1" ] || run dd if=/dev/zero of="${D}p1" bs=1M status=none
run hexdump -C "${D}p1"
run blkdiscard -f "${D}p1"
run blkdiscard -o 1 -l 512 -f "${D}p1"
run blkdiscard -z -o 512 -l 512 "${D}p1"
run blkdiscard -s -f "${D}p1"
run delpart "$D" 1
run partx -s -g "$D"
run ls "/sys/class/block/${D##*/}p1"
run addpart "$D" 1 2048 16384
run addpart "$D" 3 2050 10
run addpart "$D" 3 -- -5 10
run resizepart "$D" 1 8192
run blockdev --getsz "${D}p1"
run delpart "$D" 77
run sh -c "exec 3<${D}p1; delpart $D 1"
run parted -s "$D" unit s print
run sfdisk --delete "$D" 2
run partx -s -g "$D"
run wipefs -a -f "$D"
run cat "/sys/class/block/${D##*/}"/{size,ro,removable,hidden,ext_range} \
	"/sys/class/block/${D##*/}"/queue/{logical_block_size,zoned,fua}
run readlink "/sys/class/block/${D##*/}"
run readlink "/sys/class/block/${D##*/}/subsystem"
if command -v mkfs.xfs >/dev/null; then
	run mkfs.xfs -q -f "$D"
	run xfs_repair -n -f "$D"
fi
if command -v mkfs.btrfs >/dev/null; then
	run mkfs.btrfs -q -f -U 11111111-2222-3333-4444-555555555557 "$D"
	run blkid -p -s TYPE "$D"
fi
exit 0
