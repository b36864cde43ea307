#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount_points.sh - where a mount may stand, and how it goes away
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck findmnt python3
as_user mkdir -p "$T_TMP/tree/sub" "$T_TMP/d/keep"
printf 'from the image\n' | user_write "$T_TMP/tree/hello"
printf 'from the host\n' | user_write "$T_TMP/d/host"
pack_image "$T_TMP/d/in.img" 16M "$T_TMP/tree"
as_user cp "$T_TMP/d/in.img" "$IMG"

printf -- '- an image hidden by its own mount\n'
must_guest <<'EOS'
must mount -t umfuseext2 d/in.img d
same "hello" "from the image" "$(cat d/hello)"
[ ! -e d/in.img ] || die "the image shows through"
echo more >d/more || die "write"
must umount d
same "host file is back" "from the host" "$(cat d/host)"
must mount -t umfuseext2 "$PWD/d/in.img" "$PWD/d/in.img"
same "mounted on itself" "from the image" "$(cat d/in.img/hello)"
same "kept" more "$(cat d/in.img/more)"
must umount d/in.img
[ -f d/in.img ] || die "the image is not a file again"
EOS
fsck_img "$T_TMP/d/in.img"

printf -- '- the names above a mount point stay\n'
must_guest <<'EOS'
must mkdir -p w/low/in st other
echo original >w/low/file
must mount -t viewfs -o cow st w/low
refused 1 'busy' mv w W
refused any 'busy' python3 -c "
import ctypes
if ctypes.CDLL(None, use_errno=True).renameat2(-100, b'w', -100, b'other', 2):
    raise OSError(ctypes.get_errno(), 'busy')"
echo changed >w/low/file
must umount w/low
same "never written to" original "$(cat w/low/file)"
must mount -t umfuseext2 "$IMG" d
must mkdir -p d/x/y
must mount -t ramfs none d/x/y
refused 1 'busy' mv d/x d/z
must umount d/x/y
must mv d/x d/z
must rm -r d/z
must umount d
# what a newer mount hides is in nobody's way
must mount -t ramfs none w/low/in
must mount -t ramfs none w
must mkdir -p w/low/in
must mv w/low w/high
must umount w
must umount w/low/in
EOS

printf -- '- a real file seen from a virtual directory is no directory\n'
must_guest <<'EOS'
echo new >plain
must mount -t ramfs none "$MNT"
cd "$MNT" && echo newer >file || die cd
must cp file ../plain
same "copied over" newer "$(cat ../plain)"
must python3 -c "
import os
try:
    os.open('../plain', os.O_PATH | os.O_DIRECTORY)
    raise SystemExit('opened as a directory')
except NotADirectoryError:
    pass"
EOS

printf -- '- what a module finds beneath is not what programs find\n'
must_guest <<'EOS'
must mount -t hide -o hide=passwd /etc /etc
for name in passwd passwd; do
	refused any 'no such file' stat "/etc/$name"
	[ ! -e "/etc/$name" ] || die "hidden, and there: /etc/$name"
done
EOS

printf -- '- over a file, over a name that does not exist\n'
must_guest <<'EOS'
must mount -t umfuseext2 disk.img d/host
same "over a file" "from the image" "$(cat d/host/hello)"
same "type in the listing" d "$(find d -mindepth 1 -maxdepth 1 -name host -printf %y)"
must umount d/host
same "the file again" "from the host" "$(cat d/host)"

must mount -t umfuseext2 disk.img d/new-name
same "not there before" "from the image" "$(cat d/new-name/hello)"
same "listed in the parent" "host in.img keep new-name" "$(echo $(ls d))"
same "found by find" ./new-name "$(cd d && find . -maxdepth 1 -name new-name)"
must test -d d/new-name
must umount d/new-name
same "gone from the parent" "host in.img keep" "$(echo $(ls d))"
[ ! -e d/new-name ] || die "d/new-name stays"
refused 32 'mount point does not exist|no such file' \
	mount -t umfuseext2 disk.img no/such/parent

# Within a mounted image as well.
must mount -t umfuseext2 disk.img "$MNT"
must mount -t umfuseext2 -o ro d/in.img "$MNT/virtual"
same "inside" "from the image" "$(cat "$MNT/virtual/hello")"
ls "$MNT" | grep -qx virtual || die "not listed inside the image"
must umount "$MNT/virtual"
! ls "$MNT" | grep -qx virtual || die "still listed"
must umount "$MNT"
EOS

printf -- '- over a busy place; over another mount\n'
must_guest <<'EOS'
exec 7<d/host
cd d/keep || exit 1
must mount -t umfuseext2 "$IMG" "$PWD/.."
same "an open file stays" "from the host" "$(cat <&7)"
same "the new content" "from the image" "$(cat "${IMG%/*}/d/hello")"
cd "${IMG%/*}" || exit 1
must umount d

must mount -t umfuseext2 -o ro disk.img "$MNT"
must mount -t umfuseext2 -o ro d/in.img "$MNT"
same "two mounts on one place" 2 "$(grep -c " $MNT " /proc/self/mountinfo)"
same "the upper one" more "$(cat "$MNT/more")"
must umount "$MNT"
[ ! -e "$MNT/more" ] || die "the upper one stays"
must umount "$MNT"
refused any 'not mounted' umount "$MNT"
EOS

printf -- '- EBUSY, -l, -f, permanent, remount\n'
must_guest <<'EOS'
must mount -t umfuseext2 disk.img "$MNT"
exec 7<"$MNT/hello"
refused 32 'busy' umount "$MNT"
same "still there" "from the image" "$(cat "$MNT/hello")"
exec 7<&-
cd "$MNT" || exit 1
refused 32 'busy' umount "$MNT"
cd "${IMG%/*}" || exit 1
exec 7<"$MNT/hello"
must umount -l "$MNT"
same "detached" "" "$(ls -A "$MNT")"
same "an open file still reads" "from the image" "$(cat <&7)"
same "not in mountinfo" 0 "$(grep -c " $MNT " /proc/self/mountinfo)"
refused 1 'use' viewmount -t umfuseext2 disk.img "$PWD/d/new-name"
exec 7<&-
# The last close lets go of the image: it can be mounted again.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	mount -t umfuseext2 disk.img "$MNT" 2>/dev/null && break
	sleep 0.2
done
same "mounted again" "from the image" "$(cat "$MNT/hello")"
exec 7<"$MNT/hello"
umount -f "$MNT" || must umount -l "$MNT"
exec 7<&-

must mount -t umfuseext2 -o permanent d/in.img d/keep
refused 32 'busy' umount d/keep
EOS

printf -- '- ro, rw, except\n'
must_guest <<'EOS'
must mount -t umfuseext2 -o ro disk.img "$MNT"
refused any 'read-only' touch "$MNT/x"
refused any 'read-only' rm "$MNT/hello"
must umount "$MNT"
must mount -t umfuseext2 -o rw disk.img "$MNT"
must touch "$MNT/x"
must umount "$MNT"
must mount -t umfuseext2 -o except=/keep disk.img d
must touch d/keep/on-the-host
must umount d
must test -e d/keep/on-the-host
must mkdir -p d/over
must mount -t ramfs none d/over/s
must mount -t ramfs none d/over
same "what is hidden does not show" "" "$(ls -A d/over)"
must umount d/over
same "and is there again" s "$(ls -A d/over)"
must umount d/over/s
must mount -t umfuseext2 -o errors=remount-ro,acl,user_xattr disk.img "$MNT"
must umount "$MNT"
EOS
fsck_img "$IMG"
[ -e "$T_TMP/d/keep/on-the-host" ] || fail "except= wrote elsewhere"
nothing_outside
