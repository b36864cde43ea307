#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nested_images.sh - an image in an image in an image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
as_user mkdir -p "$T_TMP"/{t1,t2,t3,m1,m2,m3}
as_user cp /etc/services "$T_TMP/t3/services"
pack_image "$T_TMP/t2/three.img" 8M "$T_TMP/t3"
FS=ext2 pack_image "$T_TMP/t1/two.img" 24M "$T_TMP/t2"
FS=ext3 pack_image "$IMG" 64M "$T_TMP/t1"

must_guest <<'EOS'
must mount -t umfuseext2 disk.img m1
must mount -t umfuseext2 m1/two.img m2
must mount -t umfuseext2 m2/three.img m3
must cmp m3/services /etc/services
must cp m3/services m3/copy
must mkdir -p m3/a/b/c
echo deep >m3/a/b/c/file || die "write"
must cp -a m3/a m2/a
refused any 'busy' umount m1
refused any 'busy' umount m2
must umount m3
must umount m2
must umount m1
# And a second time, from what was written.
must mount -t umfuseext2 disk.img m1
must mount -t umfuseext2 m1/two.img m2
must mount -t umfuseext2 m2/three.img m3
same deep deep "$(cat m3/a/b/c/file)"
must cmp m3/copy /etc/services
must cp m2/three.img three.out
must umount m3 m2 m1
EOS
fsck_img "$IMG"
must_guest <<'EOS'
must mount -t umfuseext2 -o ro disk.img m1
must cp m1/two.img two.out
must mount -t umfuseext2 -o ro two.out m2
must cp m2/three.img three.out
must cat m2/a/b/c/file
must umount m2 m1
EOS
fsck_img "$T_TMP/two.out"
fsck_img "$T_TMP/three.out"
nothing_outside
