# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# remount_list.sh - mounts that are moved, bound, changed, limited; what is
# printed is the same in a view and in a mount namespace of root's
export LC_ALL=C PATH=$PATH:/usr/sbin:/sbin
cd "$1" || exit 1
mkdir -p a/in b c d
echo x >a/f

here() { sed "s,$PWD,.,g"; }
# try CMD...: what it says, and its status
try() {
	local out
	out=$("$@" 2>&1)
	printf '%s: %s\n' "$*" "$?" | here
	[ -z "$out" ] || grep -v 'dmesg(1)' <<<"$out" | here
}
lines() { findmnt -rn -o TARGET,"${1:-VFS-OPTIONS}" | grep "^$PWD/" | here; }
tree() { findmnt -n -R -o TARGET "$1" | here; }

printf -- '- limits of tmpfs\n'
try mount -t tmpfs -o size=1M,nr_inodes=10,mode=750,uid=5,gid=6 none b
stat -c '%a %u %g' b
stat -f -c '%T %b %a %c %d' b
lines FSTYPE
head -c 2M /dev/zero >b/f
stat -c '%s %b' b/f
df b | here
df -i b | here
rm b/f
df b | here
for i in 1 2 3 4 5 6 7 8 9 10 11; do try touch "b/$i"; done
try mount -o remount,nr_inodes=20,size=2M b
try touch b/11
try mount -o remount,nr_inodes=3 b
try mount -o remount,size=4k b
try mount -o remount,foo=1 b
head -c 2M /dev/zero >b/1
stat -c '%s %b' b/1
rm b/1
truncate -s 1T b/big
stat -c '%s %b' b/big
echo hi | dd of=b/big bs=1 seek=1000000000000 conv=notrunc status=none
tail -c +1000000000001 b/big | head -c 3
stat -c '%s %b' b/big
try umount b
for o in foo=1 size=x size= mode=9 uid=-1 nr_inodes=1.5; do
	try mount -t tmpfs -o "$o" none b
done
try mount -t tmpfs -o size=0,nr_inodes=0 none b
stat -f -c '%b %c' b
try mount -o remount,size=1M b
try umount b
try mount -t tmpfs none b
stat -c %a b
[ "$(stat -f -c %b b)" -gt 1000 ] && echo 'a default'
try umount b

printf -- '- moved\n'
try mount -t tmpfs -o size=1M t b
echo y >b/g
mkdir b/sub
try mount -t tmpfs t2 b/sub
echo z >b/sub/h
exec 3<b/g
try mount -n --move b c
ls b
cat c/g c/sub/h
cat <&3
lines
cd c/sub || exit 1
try mount -n --move ../../c ../../d
cat h
pwd -P | sed "s,$1,.,"
cd ../.. || exit 1
cat d/sub/h
exec 3<&-
tree d
try umount c
try umount d
try umount -R d
lines

printf -- '- bound\n'
try mount --bind a b
try mount -o remount,bind,ro b
try touch b/n
try touch a/n
lines
try mount -o remount,bind,rw b
try touch b/n2
try umount b
try mount -o bind,ro a b
try touch b/n3
lines
try umount b
try mount --bind a a
try mount -n --move a c
ls a c
try umount c
try mount -o bind,nosuid,nodev,noexec a c
lines
try umount c
echo t >target
echo f >file
try mount --bind a/f target
cat target
try mount --bind a/f file
try mount -n --move target a/n2
cat target a/n2 file
try umount a/n2 file
try mount -t tmpfs t a/in
echo deep >a/in/deep
try mount --rbind a b
cat b/in/deep
try umount -R b
lines
try umount a/in

printf -- '- what cannot be\n'
try mount -n --move a b
try mount -t tmpfs t b
mkdir b/x
try mount -n --move b b/x
try mount -n --move b file
try mount -n --move b nowhere
try mount -n --move nowhere b
try umount b
try mount -o remount,ro b
try mount -o remount,bind,ro b

printf -- '- propagation\n'
try mount --make-rprivate /
try mount -t tmpfs t b
for how in shared slave private unbindable rshared rslave rprivate; do
	try mount "--make-$how" b
done
try mount --make-private a
try mount --make-shared --make-private b
try mount --make-unbindable b
try mount --bind b c
try mount --make-private b
try mount --bind b c
try umount c
try mount -t tmpfs --make-private t c
try umount c b
lines
