#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_disk.sh - a file becomes the disk /dev/hda: partitions are made on it,
# one gets a file system, is mounted, used and unmounted; the kernel agrees
#
# usage: umdev_disk.sh dos|gpt
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need sfdisk fdisk mke2fs e2fsck debugfs mount umount
LABEL=$1
as_user truncate -s 64M "$IMG"

must_guest LABEL="$LABEL" <<'EOS'
refused any 'cannot open|no such' sfdisk -l /dev/hda
must mount -t umdevpart "$IMG" /dev/hda
must test -b /dev/hda
same "no partitions yet" "hda" "$(ls /dev | grep '^hda')"
if [ "$LABEL" = dos ]; then
	# d, n e 2, n l: the editor that people know
	printf 'o\nn\np\n1\n\n+8M\nn\ne\n2\n\n\nn\nl\n\n+30M\nn\nl\n\n\nw\n' |
		fdisk /dev/hda >fdisk.out || die "fdisk: $(cat fdisk.out)"
	part=5
	want='hda hda1 hda2 hda5 hda6'
else
	printf 'label: gpt\n,8M\n,30M\n,\n' | must sfdisk -q /dev/hda
	part=2
	want='hda hda1 hda2 hda3'
fi
same "partitions appear" "$want" "$(echo $(ls /dev | grep '^hda'))"
same "lsblk" "$want" "$(echo $(lsblk -n -l -o NAME /dev/hda))"
same "/proc/partitions" "$want" \
	"$(echo $(sed -n 's/.* \(hda[0-9]*\)$/\1/p' /proc/partitions))"
same "fdisk -l" "$((${#want} / 5))" "$(fdisk -l /dev/hda | grep -c '^/dev/hda')"
same "/sys" "$(blockdev --getsz /dev/hda$part)" \
	"$(cat /sys/class/block/hda$part/size)"

must mkfs.ext4 -q -E "root_owner=$(id -u):$(id -g)" /dev/hda$part
must mount -t umfuseext2 /dev/hda$part "$MNT"
must cp /etc/passwd "$MNT/passwd"
must mkdir "$MNT/dir"
must sh -c 'echo deep >"$1/dir/file"' sh "$MNT"
same "df" "/dev/hda$part" "$(df --output=source "$MNT" | tail -n 1)"
refused 32 busy umount /dev/hda
refused 1 'in use|busy' mkfs.ext4 -q /dev/hda$part
refused 1 'in use|busy' mkfs.ext4 -q -F /dev/hda
refused any 'busy|in use' blockdev --rereadpt /dev/hda
must umount "$MNT"
must e2fsck -fn /dev/hda$part
# by probing, which goes by the content
must mount /dev/hda$part "$MNT"
must cmp /etc/passwd "$MNT/passwd"
must umount "$MNT"
must umount /dev/hda
refused any 'no such' ls /dev/hda
EOS

# What others find in the image.
start=$(sfdisk -d "$IMG" | awk '/start=/ {
	gsub(",", ""); if ($4 + 0) print $4 }' | tail -n 2 | head -n 1)
[ "$LABEL" = dos ] || start=$(sfdisk -d "$IMG" |
	awk '/start=/ { gsub(",", ""); print $4 }' | sed -n 2p)
as_user dd if="$IMG" of="$T_TMP/part.img" bs=512 skip="$start" count=61440 \
	status=none
fsck_img "$T_TMP/part.img"
debugfs -R 'cat dir/file' "$T_TMP/part.img" 2>/dev/null | grep -qx deep ||
	fail "not in the image"
nothing_outside

printf -- '- the kernel mounts it\n'
[ "$(id -u)" -eq 0 ] || skip "mounts of the kernel are root's"
mkdir "$T_TMP/kernel"
mount -t ext4 -o "loop,offset=$((start * 512)),sizelimit=31457280" "$IMG" \
	"$T_TMP/kernel" || skip "the kernel has no loop device, or no ext4"
cmp /etc/passwd "$T_TMP/kernel/passwd"
status=$?
umount "$T_TMP/kernel"
[ "$status" -eq 0 ] || fail "the kernel reads something else"
