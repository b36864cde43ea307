#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_nodes.sh - nodes of devices: options, numbers, sub devices, attributes
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs sfdisk mount umount
as_user truncate -s 16M "$IMG"
echo 'start=2048, size=8192' | as_user sfdisk -q "$IMG" || fail sfdisk
as_user sh -c 'printf "in the image" | dd of="$1" bs=512 seek=2048 \
	conv=notrunc status=none' sh "$IMG"

printf -- '- type, mode, owner, number\n'
must_guest <<'EOS'
attr() { stat -c '%F %a %u %g %t:%T' "$@"; }
me="$(id -u) $(id -g)"
must mount -t umdevnull none ./nil
same "plain" "character special file 600 $me 0:0" "$(attr nil)"
must umount nil
refused any 'no such' ls nil
must mount -t umdevnull -o mode=644,uid=7,gid=8,major=60,minor=5 none nil
same "options" "character special file 644 7 8 3c:5" "$(attr nil)"
must chmod 600 nil
must chown 9:10 nil
same "chmod, chown" "character special file 600 9 10 3c:5" "$(attr nil)"
must umount nil
must mount -t umdevnull -o block nil nil
must test -b nil
must umount nil
must mount -t umdevnull -o debug none /dev/null
same "takes over" "character special file 600 $me 1:3" "$(attr /dev/null)"
must umount /dev/null
must mount -t umdevnull none "$PWD/disk.img"
must test -c "$PWD/disk.img"
must umount "$PWD/disk.img"
must test -f "$PWD/disk.img"
EOS

printf -- '- a null device: what is written is gone\n'
must_guest <<'EOS'
must mount -t umdevnull none nil
must sh -c 'echo gone >nil'
same "reads" "" "$(cat nil)"
same "size" 0 "$(stat -c %s nil)"
refused any 'ioctl|not a tty|inappropriate' blockdev --getsize64 nil
same "not a terminal" "not a tty" "$(tty <nil)"
exec 3<nil
refused 32 busy umount nil
exec 3<&-
must umount nil
EOS

printf -- '- sub devices\n'
must_guest <<'EOS'
must mkdir d
must mount -t umdevnull -o nsubdev=3,major=60,minor=8 none d/line
same "listed" "line line1 line2 line3" "$(echo $(ls d))"
same "numbers" "8 9 a b" "$(echo $(stat -c %T d/line d/line1 d/line2 d/line3))"
cd d
must test -c line2
refused any 'no such' ls line4
refused any 'no such' ls line02
exec 3<line3
cd ..
refused 32 busy umount d/line
exec 3<&-
must umount d/line
same "gone" "" "$(ls d)"
EOS

printf -- '- by its number, whatever the name\n'
must_guest <<'EOS'
must mount -t umdevpart "$IMG" /dev/hda
must mount -t ramfs none "$MNT"
number=$(stat -c '0x%t 0x%T' /dev/hda1)
must mknod "$MNT/other" b $number
same "data" "in the image" "$(head -c 12 "$MNT/other")"
printf changed | dd of="$MNT/other" conv=notrunc status=none || die write
same "one device" "changedimage" "$(head -c 12 /dev/hda1)"
same "size" 8192 "$(blockdev --getsz "$MNT/other")"
must mkfs.ext4 -q -F -E "root_owner=$(id -u):$(id -g)" "$MNT/other"
must mkdir m
must mount -t umfuseext2 "$MNT/other" m
must touch m/x
refused 32 busy umount /dev/hda
must umount m
must umount "$MNT"
must umount /dev/hda
EOS

# A number of the host's: any node that has it. /dev/loop0 is root's there.
printf -- '- a node of the host\n'
if [ -b /dev/loop0 ]; then
	must_guest <<'EOS'
must mount -t umdevramdisk -o size=1M,major=7,minor=0 none mine
echo hello | dd of=mine conv=notrunc status=none || die write
same "the host's node" hello "$(head -n 1 /dev/loop0)"
cd /dev
same "a bare name" hello "$(head -n 1 loop0)"
must test -c null
same "others are the host's" "" "$(cat null)"
EOS
else
	printf 'note: left out: the host has no /dev/loop0\n'
fi

printf -- '- names of partitions that the disk has not\n'
must_guest <<'EOS'
must mkdir e
touch e/disk1 e/disk2 e/disk17 e/diskette
must mount -t umdevpart "$IMG" e/disk
same "seen" "disk disk1 disk17 disk2 diskette" "$(echo $(ls e))"
must test -b e/disk1
must touch e/disk2 e/disk3
must rm e/disk3
must umount e/disk
must mount -t umdevpart -o major=8,minor=0 "$IMG" e/disk
same "hidden" "disk disk1 diskette" "$(echo $(ls e))"
must test -b e/disk1
refused any 'no such' cat e/disk2
must umount e/disk
same "back" "disk1 disk17 disk2 diskette" "$(echo $(ls e))"
EOS

printf -- '- each view has its own\n'
must_guest <<'EOS'
must mount -t umdevramdisk -o size=4M,mbr none /dev/ra
must umview -q sh -c 'umount /dev/ra && ! ls /dev/ra 2>/dev/null &&
	! grep -q " ra$" /proc/partitions'
must test -b /dev/ra
must umview -q sh -c 'mount -t umdevramdisk -o size=8M none /dev/rb &&
	grep -q " rb$" /proc/partitions'
refused any 'no such' ls /dev/rb
same "two of one name" "disk disk-1" "$(
	mkdir -p a b
	mount -t umdevramdisk -o size=4M none a/disk
	mount -t umdevramdisk -o size=4M none b/disk
	echo $(ls /sys/class/block | grep ^disk))"
EOS

printf -- '- on an image, over one another, and below a later mount\n'
as_user mkdir "$T_TMP/tree"
as_user mkdir "$T_TMP/tree/dev"
pack_image "$T_TMP/root.img" 16M "$T_TMP/tree"
must_guest <<'EOS'
must mount -t umfuseext2 root.img "$MNT"
must mount -t umdevpart "$IMG" "$MNT/dev/hda"
same "listed" "hda hda1" "$(echo $(ls "$MNT/dev"))"
cd "$MNT/dev"
same "relative" 8192 "$(blockdev --getsz hda1)"
cd - >/dev/null
refused 32 busy umount "$MNT"
must mount -t umdevramdisk -o size=4M none "$MNT/dev/hda"
same "the newer one" 4194304 "$(blockdev --getsize64 "$MNT/dev/hda")"
must umount "$MNT/dev/hda"
same "the older one" 16777216 "$(blockdev --getsize64 "$MNT/dev/hda")"
must umount "$MNT/dev/hda"
must umount "$MNT"
EOS
fsck_img "$T_TMP/root.img"
nothing_outside
