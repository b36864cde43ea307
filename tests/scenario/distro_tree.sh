#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# distro_tree.sh - a system's own tree, ≥ 150 MB, in an image
#
# The host's /usr (programs, python, perl, their libraries), or the tree that
# UM_DISTRO_TREE names (debootstrap --variant=minbase bookworm DIR).
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck tar perl ldd
T_TIMEOUT=${T_TIMEOUT:-600}
tree=$T_TMP/tree

# libraries FILE... - the shared objects that the programs load
libraries() {
	ldd "$@" 2>/dev/null | sed -nE 's,.*[[:space:]](/[^ ]+) \(0x.*,\1,p' |
		sort -u
}

make_tree() {
	local python lib
	as_user mkdir -p "$tree/usr/bin" "$tree/etc" "$tree/proc" \
		"$tree/dev" "$tree/tmp" "$tree/home"
	as_user bash -c 'ln -s usr/bin "$1/bin"; ln -s usr/lib "$1/lib"
		mkdir -p "$1/usr/lib64" && ln -s usr/lib64 "$1/lib64"
		ln -s usr/sbin "$1/sbin"; mkdir "$1/usr/sbin"
		: >"$1/dev/null" # perl -e opens it
		cp /etc/passwd /etc/group /etc/ld.so.cache "$1/etc/"' \
		bash "$tree"
	# What any user may read; set-uid bits do not come along.
	as_user sh -c 'cd / && find usr/bin usr/lib/python3* usr/share/perl* \
			usr/lib/*/perl* usr/lib/*/perl-base usr/share/perl \
			\( -type l -o -type d -o -type f -readable -size -6M \) \
			-print0 2>/dev/null |
		tar --null --no-recursion -T - -cf - 2>/dev/null |
		tar -C "$1" -xf -' sh "$tree"
	python=$(readlink -f /usr/bin/python3)
	as_user cp "$python" "$tree$python"
	libraries /usr/bin/perl "$python" /bin/bash /bin/ls /usr/bin/find \
		/usr/bin/tar /usr/lib/python3*/lib-dynload/*.so |
		while read -r lib; do
			as_user sh -c 'mkdir -p "$2${1%/*}" &&
				cp -L "$1" "$2$1"' sh "$lib" "$tree"
		done
	# On hosts without merged /usr or with less in it: more real files.
	for lib in /usr/lib/gcc /usr/include /usr/share /usr/lib; do
		[ "$(du -sm "$tree" | cut -f 1)" -lt 160 ] || break
		as_user sh -c 'cd / && find "${1#/}" -type f -readable \
			-size -4M -print0 2>/dev/null | head -z -n 8000 |
			tar --null -T - -cf - 2>/dev/null |
			tar -C "$2" -xf -' sh "$lib" "$tree"
	done
}

if [ -n "${UM_DISTRO_TREE:-}" ]; then
	tree=$UM_DISTRO_TREE
else
	make_tree
fi
size=$(du -sm "$tree" | cut -f 1)
[ "$size" -ge 150 ] || fail "the tree has $size MB only"
pack_image "$IMG" $((size * 2 + 100))M "$tree"
printf 'tree: %s MB, %s names\n' "$size" "$(find "$tree" | wc -l)"

must_guest TREE="$tree" <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
list() { (cd "$1" && find . -path ./lost+found -prune -o \
	-printf '%P %y %m %s %l\n' | sed -E 's/( d [0-7]+) [0-9]+/\1/' |
	LC_ALL=C sort); }
list "$TREE" >want.list
list "$MNT" >got.list
cmp want.list got.list || die "find: $(diff want.list got.list | head -n 5)"

must diff -r --no-dereference -x lost+found "$TREE" "$MNT"
sum() { tar -C "$1" --exclude=lost+found --sort=name --numeric-owner \
	--mode=u+rw --mtime=@0 -cf - . | sha256sum; }
same "tar" "$(sum "$TREE")" "$(sum "$MNT")"

lib=$(cd "$MNT" && echo usr/lib/python3.*)
must cp -a "$MNT/${lib%% *}" "$MNT/copy"
must diff -r --no-dereference "$TREE/${lib%% *}" "$MNT/copy"
must rm -rf "$MNT/copy"
[ ! -e "$MNT/copy" ] || die "rm -rf left it"

# Run from inside it: every program, library and module comes from the image.
cat >inside.sh <<'INSIDE'
set -e
for p in python3 perl bash; do
	case $p in
	python3) out=$(python3 -c 'import json,os,sys,ctypes,subprocess
print(json.dumps([sys.version_info[0], os.path.exists("/usr/bin/perl"),
	subprocess.check_output(["/bin/echo", "x"]).decode().strip()]))')
		want='[3, true, "x"]' ;;
	perl) out=$(perl -MPOSIX -e 'print join ",", map { $_ * 2 } 1..3')
		want=2,4,6 ;;
	bash) out=$(bash -c 'set -- a b; echo $#; [ ! -e /proc/self ] ||
			readlink /proc/self/exe') # a chroot has an empty /proc
		want=2
		[ ! -e /proc/self ] || want="2
$(readlink -f /usr/bin/readlink)" ;;
	esac
	[ "$out" = "$want" ] || { echo "FAIL: $p: <$out>"; exit 1; }
done
[ -e /in-the-image ] || { echo "FAIL: not in the image"; exit 1; }
echo inside: done
INSIDE
must cp inside.sh "$MNT/in-the-image"
bin=$(dirname "$(command -v viewumount)")
must mkdir -p "$MNT/$bin"
if chroot "$MNT" /bin/true 2>chroot.err; then
	must chroot "$MNT" bash /in-the-image
elif grep -q 'not permitted' chroot.err; then
	echo "note: chroot is for root, here as natively"
else
	die "chroot: $(cat chroot.err)"
fi
must umount "$MNT"

# The image's umount is not set-uid root; the view's own command is kept.
must mount -t umfuseext2 -o except=/proc,except=/dev,except="$bin" "$IMG" /
cd / || exit 1
same "/ is the image" "$(cat /in-the-image | sha256sum)" \
	"$(sha256sum </in-the-image)"
must bash /in-the-image
# Busy by this shell's directory and by the program itself, as anywhere.
refused 1 'in use' viewumount /
must viewumount -l /
[ ! -e /in-the-image ] || die "still there after umount /"
cd "${IMG%/*}" || die "no way back"

for _ in $(seq 25); do # until the last user is gone
	mount -t umfuseext2 "$IMG" "$MNT" 2>/dev/null && break
	sleep 0.2
done
must rm -rf "${MNT:?}/usr"
[ ! -e "$MNT/usr" ] || die "rm -rf usr"
must umount "$MNT"
EOS
fsck_img "$IMG"
nothing_outside
