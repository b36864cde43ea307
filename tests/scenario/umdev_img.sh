#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdev_img.sh - an image of a virtual machine: partitioned, filled, read by QEMU
#
# usage: umdev_img.sh FORMAT
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need qemu-img qemu-nbd sfdisk mke2fs e2fsck debugfs mount umount
FORMAT=$1
as_user qemu-img create -q -f "$FORMAT" "$IMG" 64M || fail "qemu-img create"

must_guest FORMAT="$FORMAT" <<'EOS'
must mount -t umdevimg "$IMG" /dev/sdx
must sh -c 'printf "label: gpt\n,16M\n,\n" | sfdisk -q /dev/sdx'
must mkfs.ext4 -q -E "root_owner=$(id -u):$(id -g)" /dev/sdx2
must mount -t umfuseext2 /dev/sdx2 "$MNT"
must cp /etc/passwd "$MNT/"
refused 32 busy umount /dev/sdx
must umount "$MNT"
refused 32 'busy|already' mount -t umdevimg "$IMG" /dev/sdy
must umount /dev/sdx
must mount -t umdevimg -o "format=$FORMAT" -r "$IMG" /dev/sdx
refused any 'not permitted' dd if=/dev/zero of=/dev/sdx1 count=1
must mount -r /dev/sdx2 "$MNT"
must cmp /etc/passwd "$MNT/passwd"
must umount "$MNT"
must umount /dev/sdx
EOS
as_user qemu-img convert -f "$FORMAT" -O raw "$IMG" raw.img || fail convert
start=$(sfdisk -d raw.img | awk '/start=/ { gsub(",", ""); print $4 }' | tail -n 1)
as_user dd if=raw.img of=part.img bs=512 skip="$start" status=none
fsck_img "$T_TMP/part.img"
debugfs -R 'cat passwd' part.img 2>/dev/null | cmp - /etc/passwd ||
	fail "not in the image"

# The session's end is the server's, with all written.
must_guest <<'EOS'
must mount -t umdevimg "$IMG" /dev/sdx
printf last | dd of=/dev/sdx1 conv=notrunc status=none || die write
EOS
as_user qemu-img convert -f "$FORMAT" -O raw "$IMG" raw.img || fail convert
dd if=raw.img bs=512 skip=2048 count=1 status=none | head -c 4 | grep -qx last ||
	fail "what was written last is lost"
gone() { ! pgrep -f "qemu-nbd.*$IMG" >/dev/null; }
wait_for 10 gone || fail "a server is left"

printf -- '- what is no such image\n'
as_user cp "$IMG" cut.img
as_user truncate -s 100 cut.img
must_guest FORMAT="$FORMAT" <<'EOS'
if [ "$FORMAT" != raw ]; then
	refused any '' mount -t umdevimg -o "format=$FORMAT" cut.img /dev/sdx
fi
refused any '' mount -t umdevimg -o format=nonsense "$IMG" /dev/sdx
refused any '' mount -t umdevimg -o format= "$IMG" /dev/sdx
refused any '' mount -t umdevimg missing.img /dev/sdx
if [ "$FORMAT" != raw ]; then
	must mount -t umdevimg "$IMG" /dev/sdx
	pkill -KILL -f "qemu-nbd .*$IMG" || die "no server"
	for i in 1 2; do
		refused any 'output error' \
			dd if=/dev/sdx of=/dev/null iflag=direct bs=4k count=1
	done
	refused any 'output error' \
		dd if=/dev/zero of=/dev/sdx bs=4k count=1 conv=fsync,notrunc
	must umount /dev/sdx
fi
must mount -t ramfs none "$MNT"
must cp "$IMG" "$MNT/vm"
if [ "$FORMAT" = raw ]; then
	must mount -t umdevimg "$MNT/vm" /dev/sdx
	must test -b /dev/sdx2
else
	refused any '' mount -t umdevimg "$MNT/vm" /dev/sdx
fi
EOS
nothing_outside
