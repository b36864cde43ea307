#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# loop_mount.sh - mount(8) and losetup(8) as they are used on any Linux: a loop
# device stands before the image, and the view has it
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck mount umount losetup sfdisk
[ ! -w /dev/loop-control ] || [ "$(id -u)" -eq 0 ] ||
	skip "the host's own loop devices serve this user"
as_user mkdir "$T_TMP/tree"
printf 'from the image\n' | user_write "$T_TMP/tree/hello"
for type in ext2 ext3 ext4; do
	FS=$type pack_image "$T_TMP/$type.img" 16M "$T_TMP/tree"
done
as_user cp "$T_TMP/ext4.img" "$IMG"
as_user sh -c 'truncate -s 1M "$2" && cat "$1" >>"$2"' sh "$IMG" \
	"$T_TMP/offset.img"

# losetup -a lists the host's devices too: only those of our files count.
printf -- '- every type, by name and by probing\n'
must_guest <<'EOS'
for type in ext2 ext3 ext4; do
	must mount -t "$type" "$type.img" "$MNT"
	same "$type" "from the image" "$(cat "$MNT/hello")"
	echo "by name" >"$MNT/named" || die "$type: write"
	must umount "$MNT"
	same "$type: device freed" "" "$(losetup -a | grep -F "($PWD/")"
	must mount "$type.img" "$MNT"
	same "$type, kept" "by name" "$(cat "$MNT/named")"
	must rm "$MNT/named"
	echo "by probing" >"$MNT/probed" || die "$type: write"
	must umount "$MNT"
	same "$type: device freed" "" "$(losetup -a | grep -F "($PWD/")"
done
EOS
for type in ext2 ext3 ext4; do
	fsck_img "$T_TMP/$type.img"
	[ "$(debugfs -R 'cat probed' "$T_TMP/$type.img" 2>/dev/null)" = \
		"by probing" ] || fail "$type: not in the image"
done

printf -- '- -o loop, ro, offset; what the tools show\n'
must_guest <<'EOS'
must mount -o loop disk.img "$MNT"
dev=$(findmnt -n -o SOURCE "$MNT")
case $dev in
/dev/loop[0-9]*) ;;
*) die "the source is <$dev>" ;;
esac
same "df" "$dev" "$(df --output=source "$MNT" | tail -n 1)"
must test -b "$dev"
same "backing file" "$IMG" "$(losetup -n -O BACK-FILE -l "$dev")"
ls /dev | grep -qx "${dev#/dev/}" || die "$dev is not listed"
must cp /etc/passwd "$MNT/passwd"
must umount "$dev"
same "device freed" "" "$(losetup -a | grep -F "($PWD/")"
[ "$(losetup -f)" = "$dev" ] || die "another number: $(losetup -f)"

must mount -t ext4 -o loop,ro disk.img "$MNT"
refused any 'read-only' touch "$MNT/x"
must cmp /etc/passwd "$MNT/passwd"
must umount -d "$MNT"
same "device freed" "" "$(losetup -a | grep -F "($PWD/")"

# One image has one device, and what writes to it is alone.
must mkdir second
must mount -t ext4 disk.img "$MNT"
refused 32 'already mounted|busy' mount -t ext4 disk.img second
must umount "$MNT"
must mount -t ext4 -o ro disk.img "$MNT"
must mount -t ext4 -o ro disk.img second
same "one device" 1 "$(losetup -a | grep -cF "($PWD/")"
must umount "$MNT"
must cmp /etc/passwd second/passwd
must umount second
same "device freed" "" "$(losetup -a | grep -F "($PWD/")"

must chmod a-w ext2.img
must mount -t ext2 ext2.img "$MNT"
refused any 'read-only' touch "$MNT/x"
must umount "$MNT"

must mount -o loop,offset=1048576 offset.img "$MNT"
same "at an offset" "from the image" "$(cat "$MNT/hello")"
must cp /etc/passwd "$MNT/passwd"
must umount "$MNT"
same "device freed" "" "$(losetup -a | grep -F "($PWD/")"
EOS
fsck_img "$IMG"
as_user dd if="$T_TMP/offset.img" of="$T_TMP/cut.img" bs=1M skip=1 status=none
fsck_img "$T_TMP/cut.img"
debugfs -R 'cat passwd' "$T_TMP/cut.img" 2>/dev/null | cmp - /etc/passwd ||
	fail "not written at the offset"

printf -- '- losetup\n'
must_guest <<'EOS'
dev=$(losetup -f --show disk.img) || die "losetup -f"
must cmp "$dev" disk.img
same "size" "$(stat -c %s disk.img)" "$(blockdev --getsize64 "$dev")"
must mount "$dev" "$MNT"
same "mounted" "from the image" "$(cat "$MNT/hello")"
must losetup -d "$dev"
same "in use still" "$dev" "$(losetup -n -O NAME -j disk.img)"
must umount "$MNT"
same "freed by the mount" "" "$(losetup -a | grep -F "($PWD/")"

dev=$(losetup -r -f --show disk.img) || die "losetup -r"
refused any 'denied|not permitted|read-only' dd if=/dev/zero of="$dev" count=1
mount -t ext4 "$dev" "$MNT" 2>/dev/null || die "mount of a read-only device"
refused any 'read-only' touch "$MNT/x"
must umount "$MNT"
must losetup -d "$dev"

truncate -s 16M new.img
dev=$(losetup -f --show new.img) || die "losetup -f"
must mke2fs -q -t ext4 -E "root_owner=$(id -u):$(id -g)" "$dev"
must mount "$dev" "$MNT"
echo made in the view >"$MNT/f" || die "write"
must umount "$MNT"
must losetup -d "$dev"
same "none left" "" "$(losetup -a | grep -F "($PWD/")"
EOS
fsck_img "$T_TMP/new.img"
fsck_img "$IMG"

printf -- '- partitions\n'
as_user truncate -s 64M "$T_TMP/parts.img"
printf 'start=2048, size=65536\nstart=67584\n' |
	as_user sfdisk -q "$T_TMP/parts.img" || fail "sfdisk"
must_guest <<'EOS'
dev=$(losetup -P -f --show parts.img) || die "losetup -P"
must test -b "${dev}p2"
other=$(losetup -P -f --show parts.img) || die "losetup -P again"
same "numbers of two disks and their partitions" "" \
	"$(stat -c %t:%T "$dev" "$dev"p* "$other" "$other"p* | sort | uniq -d)"
same "its size, which lsblk(8) finds by the number" 32M \
	"$(lsblk -dno SIZE "${dev}p1" | tr -d ' ')"
must losetup -d "$other"
same "size" 65536 "$(blockdev --getsz "${dev}p1")"
must mke2fs -q -t ext4 -E "root_owner=$(id -u):$(id -g)" "${dev}p1"
must mount "${dev}p1" "$MNT"
must cp /etc/passwd "$MNT/passwd"
must umount "$MNT"
exec 3<"${dev}p2"
must losetup -d "$dev"
must test -b "${dev}p2"
exec 3<&-
n=0
while [ -b "${dev}p2" ]; do
	n=$((n + 1))
	[ "$n" -lt 100 ] || die "bound after the last close"
	sleep 0.1
done

must mount -o loop,offset=1048576,sizelimit=33554432 parts.img "$MNT"
must cmp /etc/passwd "$MNT/passwd"
same "not beyond" 65536 "$(blockdev --getsz "$(findmnt -n -o SOURCE "$MNT")")"
must umount "$MNT"

# told later
dev=$(losetup -f --show parts.img) || die "losetup"
refused any '' blockdev --rereadpt "$dev"
must test ! -e "${dev}p1"
must losetup -o 1048576 --sizelimit 4096 -f --show parts.img
must losetup -D
same "none left" "" "$(losetup -a | grep -F "($PWD/")"
EOS

printf -- '- an image in an image; what cannot be mounted\n'
as_user mkdir "$T_TMP/outer"
as_user cp "$T_TMP/ext3.img" "$T_TMP/outer/inner.img"
FS=ext4 pack_image "$T_TMP/outer.img" 48M "$T_TMP/outer"
must_guest <<'EOS'
must mkdir inner
must mount -t ext4 outer.img "$MNT"
must mount -t ext3 "$MNT/inner.img" inner
same "inner" "from the image" "$(cat inner/hello)"
echo deep >inner/deep || die "write"
refused 32 busy umount "$MNT"
must umount inner
must umount "$MNT"
same "none left" "" "$(losetup -a | grep -F "($PWD/")"

head -c 4M /dev/zero >garbage.img
refused any 'wrong fs|superblock|fs type' mount -t ext4 garbage.img "$MNT"
refused any '' mount garbage.img "$MNT"
refused any 'no such file|not exist|failed to setup' \
	mount -t ext4 missing.img "$MNT"
same "none left" "" "$(losetup -a | grep -F "($PWD/")"
EOS
fsck_img "$T_TMP/outer.img"
debugfs -R "dump inner.img $T_TMP/inner.img" "$T_TMP/outer.img" 2>/dev/null
fsck_img "$T_TMP/inner.img"
nothing_outside
! losetup -a | grep -q "$T_TMP" || fail "a device of the host is in use"
