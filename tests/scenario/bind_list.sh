# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bind_list.sh - what a bind shows when its source is unmounted; what is printed
# is the same in a view and in a mount namespace of root's
#	bind_list.sh DIR MOUNT-OPTIONS-AND-SOURCE...
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
cd "$1" || exit 1
shift
mkdir -p src bind again file_at low low2 over other
echo under >src/who
: >file_at/f

# try CMD...: what it says, and its status
try() {
	local out
	out=$("$@" 2>&1)
	printf '%s: %s\n' "$*" "$?" | sed "s,$PWD,.,g"
	[ -z "$out" ] || printf '%s\n' "${out//$PWD/.}"
}
# source: a file system at src, with something in it
source_at() {
	mount "$@" || exit 1
	mkdir -p "${!#}/d/sub"
	echo over >"${!#}/who"
	echo deep >"${!#}/d/f"
}

printf -- '- a directory\n'
source_at "$@" src
try mount --bind src bind
try umount src
cat src/who bind/who bind/d/f
echo new >bind/new
ls src bind
try mv bind/new bind/d/moved
try cat bind/d/moved
try umount bind
ls bind src

printf -- '- a bind of a bind, and what is mounted there since\n'
source_at "$@" src
try mount --bind src bind
try mount --bind bind/d again
try umount src
source_at -t tmpfs none src
echo other >src/who
cat src/who bind/who again/f
try umount bind
cat again/f
echo more >>again/f
cat again/f
try umount again src
cat src/who

printf -- '- a file, a part of the tree, a mount in it\n'
source_at "$@" src
try mount --bind src/who file_at/f
try mount --bind src/d bind
try umount src
cat file_at/f bind/f
echo written >file_at/f
cat file_at/f
try umount file_at/f bind
source_at "$@" src
mount -t tmpfs none src/d
echo inner >src/d/f
try mount --rbind src bind
try umount -R src
cat bind/who bind/d/f src/who
try umount -R bind

printf -- '- who is in it\n'
source_at "$@" src
try mount --bind src bind
cd src || exit 1
try umount "$OLDPWD/src"
cd .. || exit 1
exec 3<bind/who
try umount src
cat <&3
exec 3<&-
cd bind/d || exit 1
pwd -P | sed "s,$OLDPWD,.,"
cat f ../who
cd ../.. || exit 1
try umount -l bind
ls bind

printf -- '- an overlay of it\n'
source_at "$@" low
source_at -t tmpfs none low2
rm low2/who
echo top >low2/d/f
mount -t overlay -o "lowerdir=$PWD/low2:$PWD/low" overlay over || exit 1
try umount low low2
cat over/who over/d/f
try umount over
ls low low2
