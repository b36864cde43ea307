#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_redirect.sh - directories that the kernel's overlayfs moved by a note
# (redirect_dir=on) show in a view what they show there
#
# The kernel writes these notes where an ordinary user cannot see them
# (trusted.overlay.redirect): they are given the user's name here.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || skip "only root's overlayfs moves directories by notes"
need getfattr setfattr
mkdir -p "$T_TMP"/{lower,upper,work,merged}
(
	cd "$T_TMP/lower" || exit 1
	mkdir -p a/sub/deep b/c d e/f x/y/z
	for dir in a a/sub a/sub/deep b b/c d e/f x/y/z; do
		echo "$dir" >"$dir/file" && echo old >"$dir/gone"
	done
) || fail "a tree"

cat >"$T_TMP/moves.sh" <<'EOS'
mv a moved                     # within its directory
mv moved/sub/deep moved/up     # out of what was moved
mv b/c moved/c                 # into it
mv d d2; mv d2 e/d3            # twice
mv x/y x/y2; mv x x2           # the outer one afterwards
mkdir a && echo new >a/file    # another one at the old place
echo more >moved/sub/more; rm moved/sub/gone x2/y2/z/gone
echo changed >>e/d3/file; mv x2/y2/z zz
EOS
cat >"$T_TMP/more.sh" <<'EOS'
echo late >moved/sub/late; echo late >>zz/file; rm moved/c/gone
mkdir moved/sub/new; mv moved/sub again; mv again/file x2/
rm -r e/d3; mkdir e/d3; chmod 700 moved/up; mv moved/up moved/up2
EOS
cat >"$T_TMP/list.sh" <<'EOS'
cd "$1" || exit 1
find . -mindepth 1 -printf '%P %y\n' | sort
find . -type f | sort | xargs tail -v -n +1
EOS

# kernel SCRIPT OUT - in the kernel's overlay
kernel() {
	# shellcheck disable=SC2016
	unshare -m --propagation private sh -c '
		cd "$1" && mount -t overlay -o \
			lowerdir=lower,upperdir=upper,workdir=work,redirect_dir=on \
			overlay merged || exit 9
		[ ! -e "$2" ] || (cd merged && sh -e "$2") || exit 8
		sh "$1/list.sh" merged' sh "$T_TMP" "$1" >"$2"
}

kernel "$T_TMP/moves.sh" "$T_TMP/k1" 2>"$T_TMP/why"
status=$?
[ "$status" -ne 9 ] || skip "no overlay here: $(cat "$T_TMP/why")"
[ "$status" -eq 0 ] || fail "the kernel: $status $(cat "$T_TMP/why")"
cp -a "$T_TMP/upper" "$T_TMP/kept"
find "$T_TMP/kept" -type d | while read -r dir; do
	for name in redirect opaque; do
		value=$(getfattr --absolute-names --only-values \
			-n "trusted.overlay.$name" "$dir" 2>/dev/null) || continue
		setfattr -n "user.overlay.$name" -v "$value" "$dir" || fail setfattr
		setfattr -x "trusted.overlay.$name" "$dir" || fail setfattr
	done
done
[ "$(getfattr -R -n user.overlay.redirect "$T_TMP/kept" 2>/dev/null |
	grep -c redirect)" -ge 5 ] || fail "the kernel made no notes"
kernel "$T_TMP/more.sh" "$T_TMP/k2" || fail "the kernel, again"
cp -a "$T_TMP/kept" "$T_TMP/kept2"
chown -R "$T_USER" "$T_TMP"/{lower,kept,kept2}

printf -- '- over the tree itself\n'
must_guest <<'EOS'
must mount -t viewfs -o cow "$PWD/kept" "$PWD/lower"
sh list.sh lower >v1 || die list
must diff k1 v1
# the other roads: a directory that is stood in, and descriptors
same "stood in" "a/sub" "$(cd lower/moved/sub && cat file)"
same "by a descriptor" "x/y/z" "$(python3 -c '
import os
d = os.open("lower/zz", os.O_RDONLY)
print(open(os.open("file", os.O_RDONLY, dir_fd=d)).read().strip())')"
(cd lower && sh -e ../more.sh) || die "more changes"
sh list.sh lower >v2 || die list
must diff k2 v2
must umount lower
must mount -t viewfs -o cow "$PWD/kept" "$PWD/lower"
sh list.sh lower >v2 || die list
must diff k2 v2
must umount lower
EOS

printf -- '- elsewhere, and without a word of it\n'
must_guest <<'EOS'
must mount -t overlay -o "lowerdir=$PWD/lower,upperdir=$PWD/kept2" overlay "$MNT"
sh list.sh "$MNT" >v3 || die list
must diff k1 v3
(cd "$MNT" && sh -e ../more.sh) || die "more changes"
sh list.sh "$MNT" >v3 || die list
must diff k2 v3
must umount "$MNT"
EOS
same_tree=$(cd "$T_TMP/lower" && find . -type f | wc -l)
[ "$same_tree" -eq 16 ] || fail "the lower tree was changed: $same_tree files"
nothing_outside
