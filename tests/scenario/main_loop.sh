#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# main_loop.sh - an image filled by the kernel, changed in a view, read back
# by the kernel
#
# Root is needed for the kernel's own mount only.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
[ "$(id -u)" -eq 0 ] || skip "only root can mount natively"
loop=$T_TMP/loop
mkdir "$loop"
mkimg "$IMG" 64M
mount -o loop "$IMG" "$loop" 2>"$T_TMP/loop.err" ||
	skip "no loop mounts here: $(head -n 1 "$T_TMP/loop.err")"
t_at_end "umount '$loop' 2>/dev/null"

as_user mkdir "$loop/d"
as_user cp -a /etc/services "$loop/d/services"
as_user dd if=/dev/urandom of="$loop/d/big" bs=1M count=9 status=none
as_user bash -c 'cd "$1" && truncate -s 5M sparse && for i in $(seq 500); do
	echo $i >d/file-$i; done && ln -s d/big link && mkfifo fifo' bash "$loop"
setfattr -n user.colour -v blue "$loop/d/big" 2>/dev/null &&
	xattr=blue || xattr=
want=$(cd "$loop" && find . -type f -exec sha256sum {} + | sort -k 2 |
	sha256sum)
umount "$loop" || fail "umount of the loop"

must_guest WANT="$want" XATTR="$xattr" <<'EOS'
must mount -t ext4 "$IMG" "$MNT"
cd "$MNT" || exit 1
same "content" "$WANT" "$(find . -type f -exec sha256sum {} + | sort -k 2 |
	sha256sum)"
same "link" d/big "$(readlink link)"
[ -p fifo ] || die "no fifo"
[ -z "$XATTR" ] || same "xattr" blue \
	"$(getfattr --only-values -n user.colour d/big)"
must rm d/file-100
must mv d/file-200 d/moved
must cp d/big big2
echo more >>d/services || die "append"
cd / && must umount "$MNT"
EOS
fsck_img "$IMG"
mount -o loop,ro "$IMG" "$loop" || fail "the kernel refuses the image"
[ ! -e "$loop/d/file-100" ] || fail "file-100 is back"
[ "$(cat "$loop/d/moved")" = 200 ] || fail "moved"
cmp "$loop/d/big" "$loop/big2" || fail "big2"
[ "$(tail -n 1 "$loop/d/services")" = more ] || fail "append"
