#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# chattr.sh - lsattr(1), chattr(1), and what immutable and append-only files
# refuse: as the kernel's ext4
#
# chattr.expected is what the kernel says. Where root can mount, it is asked
# again.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck lsattr chattr python3

image() {
	rm -f "$1"
	MKE2FS_OPTS="-O ^metadata_csum,^has_journal,^orphan_file" \
		mkimg "$1" 16M 2>/dev/null ||
		MKE2FS_OPTS="-O ^metadata_csum,^has_journal" mkimg "$1" 16M
}

printf -- '- the kernel\n'
image "$IMG"
if [ "$(id -u)" -eq 0 ] && mkdir "$T_TMP/native" &&
	mount -o loop "$IMG" "$T_TMP/native" 2>"$T_TMP/why"; then
	python3 "$here/chattr.py" "$T_TMP/native" >"$T_TMP/kernel.out" 2>&1
	status=$?
	umount "$T_TMP/native"
	[ $status -eq 0 ] || fail "natively: $(tail -n 5 "$T_TMP/kernel.out")"
	diff "$here/chattr.expected" "$T_TMP/kernel.out" >"$T_TMP/diff" ||
		fail "another kernel than expected: $(cat "$T_TMP/diff")"
else
	printf 'not asked: %s\n' "$(cat "$T_TMP/why" 2>/dev/null || echo 'not root')"
fi

printf -- '- a view\n'
image "$IMG"
guest >"$T_TMP/view.out" 2>&1 <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
must python3 "$here/chattr.py" "$MNT"
must umount "$MNT"
EOS
# shellcheck disable=SC2181
[ $? -eq 0 ] || fail "in the view: $(tail -n 5 "$T_TMP/view.out")"
diff "$here/chattr.expected" "$T_TMP/view.out" >"$T_TMP/diff" ||
	fail "the kernel, and the view: $(cat "$T_TMP/diff")"
fsck_img "$IMG"

printf -- '- kept on the image; read-only; not the owner'"'"'s\n'
must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
touch "$MNT/kept" && chattr +ia "$MNT/kept" || die "chattr +ia"
must umount "$MNT"
must mount -t umfuseext2 -o ro "$IMG" "$MNT"
case $(lsattr "$MNT/kept") in
----ia*) ;;
*) die "kept: $(lsattr "$MNT/kept")" ;;
esac
refused any 'read-only' chattr -i "$MNT/kept"
must umount "$MNT"
must mount -t umfuseext2 -o human "$IMG" "$MNT"
refused any 'not permitted' chattr -i "$MNT/kept"
touch "$MNT/own" || die touch
must chattr +d "$MNT/own"
refused any 'not permitted' chattr +a "$MNT/own"
must umount "$MNT"
must mount -t umfuseext2 "$IMG" "$MNT"
must chattr -ia "$MNT/kept"
must rm "$MNT/kept"
must umount "$MNT"
EOS
fsck_img "$IMG"
