#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs.sh - what viewfs is for: try software without changing the system, a
# /etc/resolv.conf of one's own, private files out of sight; each mode; and what
# is refused
# shellcheck shell=bash source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mkfs.vfat
as_user mkdir -p "$T_TMP"/{low/d/e,up,from/s,at,hi,lo,home/.ssh,l1,l2}
user_write "$T_TMP/low/a" <<<one
user_write "$T_TMP/low/d/b" <<<two
user_write "$T_TMP/low/l" <<<left
user_write "$T_TMP/low/d/e/f" <<<deep
user_write "$T_TMP/from/f" <<<one
user_write "$T_TMP/from/s/g" <<<two
user_write "$T_TMP/home/.ssh/id" <<<secret
user_write "$T_TMP/home/pub" <<<public
for name in hi lo; do
	user_write "$T_TMP/$name/both" <<<$name
	user_write "$T_TMP/$name/$name" <<<$name
done
user_write "$T_TMP/l1/x" <<<1
user_write "$T_TMP/l2/x" <<<2
user_write "$T_TMP/l2/y" <<<2
as_user ln "$T_TMP/from/f" "$T_TMP/from/hard"
all() {
	find "$T_TMP/low" "$T_TMP/hi" /usr/bin /etc -xdev \
		-printf '%p %y %m %U %s %n %i %T@ %C@\n' 2>/dev/null | sort |
		cksum
}
before=$(all)

printf -- '- a store where it cannot be\n'
guest >"$T_TMP/said" 2>&1 <<'EOS' || fail "$(cat "$T_TMP/said")"
must truncate -s 4M fat.img
must mkfs.vfat fat.img
must mkdir fat ram
must mount -t vfat fat.img fat
must mkdir fat/store
for mode in cow worm; do
	refused 32 . mount -t viewfs -o $mode "$PWD/fat/store" "$PWD/lo"
done
refused 32 . mount -t overlay \
	-o "lowerdir=$PWD/lo,upperdir=$PWD/fat/store" overlay "$PWD/lo"
same "and nothing is left there" "" "$(ls -A fat/store)"
must mount -t viewfs -o merge "$PWD/fat" "$PWD/lo"
must umount lo fat
must mount -t tmpfs none ram
must mkdir ram/store
must mount -t viewfs -o cow "$PWD/ram/store" "$PWD/lo"
echo changed >lo/both || die "a store in memory"
must umount lo ram
must rm -r fat.img fat ram
EOS
[ "$(grep -c 'cannot be kept in .*/fat/store: its file system does not have' \
	"$T_TMP/said")" -eq 3 ] || fail "what is said: $(cat "$T_TMP/said")"

must_guest <<'EOS'
# -- bind
must mount -t viewfs "$PWD/from" "$PWD/at"
same one one "$(cat at/f)"
echo new >at/new || die "write"
same new new "$(cat from/new)"
cd at/s || die "cd"
same "the directory's name" "$T_TMP/at/s" "$(pwd -P)"
same "a name upwards" one "$(cat ../f)"
exec 7<../f
same "an open file's name" "$T_TMP/at/f" "$(readlink /proc/$$/fd/7)"
refused any busy umount "$T_TMP/at"
exec 7<&-
cd ../..
must mount -o remount,bind,ro at
refused any 'Read-only' touch at/z
must umount at
must mount --bind from at
must mount --rbind from/s at/s
same two two "$(cat at/s/g)"
must umount at/s at
must mount --bind from/new from/f
same "a file over a file" new "$(cat from/f)"
must umount from/f

# -- cow
must mount -t viewfs -o cow up low
must find low -mindepth 1
ino=$(stat -c %d:%i low/a)
echo more >>low/a || die "append"
same "the number of a copied file" "$ino" "$(stat -c %d:%i low/a)"
exec 7<low/a
same "and by its descriptor" "$ino" "$(stat -L -c %d:%i /proc/$$/fd/7)"
same "its name" "$T_TMP/low/a" "$(readlink /proc/$$/fd/7)"
must python3 - low/a <<'PY'
import os, sys
for flags in os.O_RDONLY, os.O_RDWR:
    fd = os.open(sys.argv[1], flags)
    assert os.listxattr(fd) == [], os.listxattr(fd)
    try:
        os.getxattr(fd, "user.viewfs.mark")
        raise SystemExit("an attribute of the store's own is told")
    except OSError as e:
        assert e.strerror == "No data available", e
os.setxattr(fd, "user.mine", b"x")
assert os.listxattr(fd) == ["user.mine"]
os.removexattr(fd, "user.mine")
PY
refused any busy umount low
exec 7<&-
# a file that nobody changed, from a directory that was changed
must python3 - <<'PY'
import os
dir = os.open("low", os.O_RDONLY | os.O_DIRECTORY)
path = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW
d = os.open("d", path, dir_fd=dir)
try:
    os.open("b", path, dir_fd=d)
    raise SystemExit("a file was opened as a directory")
except NotADirectoryError:
    pass
assert os.read(os.open("b", os.O_RDONLY, dir_fd=d), 9) == b"two\n"
try:
    os.open("l", path, dir_fd=dir)
    raise SystemExit("a file was opened as a directory")
except NotADirectoryError:
    pass
PY
must rm low/d/b
must mv low/d low/moved
same deep deep "$(cat low/moved/e/f)"
refused any 'No such file' cat low/d/e/f
must mkdir low/d
same "a directory made again" "" "$(ls -A low/d)"
must chown 0:0 low/a
same "an owner" 0:0 "$(stat -c %u:%g low/a)"
must mknod low/pipe p
must dd if=/dev/zero of=low/sparse bs=1 seek=16M count=1 status=none
must umount low
must mount -t viewfs -o cow up low
same "it is all still there" "0:0 $ino" "$(stat -c '%u:%g %d:%i' low/a)"
same "names" "a d l moved pipe sparse" "$(ls low | tr '\n' ' ' | sed 's/ $//')"
refused any 'busy|already' mount -t viewfs -o cow up lo
must umount low
same "the lower file" one "$(cat low/a)"

# -- a store of the first View-OS
must mkdir -p oldlow/d oldup/.-/d
echo b | tee oldlow/d/b oldlow/d/c >oldlow/a || die "write"
: >oldup/.-/a; : >oldup/.-/d/b; : >oldup/dev
printf '000021b60000000000000000%08x' 259 >oldup/.-/dev$'\xff'
must mount -t viewfs -o cow "$PWD/oldup" "$PWD/oldlow"
same "what is gone" "d dev c" "$(ls oldlow oldlow/d | grep -v : | xargs)"
same "a device" "0:0 1:3" "$(stat -c '%u:%g %t:%T' oldlow/dev)"
echo new >oldlow/d/b || die "over a note"
must umount oldlow
must mount -t viewfs -o cow "$PWD/oldup" "$PWD/oldlow"
same "what is gone then" "d dev b c" "$(ls oldlow oldlow/d | grep -v : | xargs)"
must umount oldlow

# -- the whole system
must mkdir sys
must mount -t viewfs -o cow "$PWD/sys" /
echo nameserver 192.0.2.1 >/etc/resolv.conf || die "resolv.conf"
same resolv.conf "nameserver 192.0.2.1" "$(cat /etc/resolv.conf)"
must rm /usr/bin/env
refused any . /usr/bin/env true
echo '#!/bin/sh' >/usr/bin/um-made || die "a program"
must chmod 755 /usr/bin/um-made
must um-made
must cp /usr/bin/true /usr/bin/um-true
must um-true
echo x >/dev/null || die "/dev/null"
must sh -c 'echo 0 >/proc/self/oom_score_adj'
same "what it keeps" "resolv.conf" "$(ls sys/etc)"
# the store by its own name: fts(3) wants one identity for a directory
must mkdir -p moved/1/2/3/4/5/6
must mv moved also
must ln -s also/1 link
found=$(find sys"$PWD"/also) || die "find"
same "the whole store" 7 "$(wc -l <<<"$found")"
must python3 - "sys$PWD/also" "sys$PWD/link/2" <<'PY'
import os, sys
for name in sys.argv[1:]:
    a, b = os.stat(name), os.fstat(os.open(name, os.O_RDONLY))
    assert os.path.samestat(a, b), name
PY
must mkdir shown
must mount --bind sys shown
found=$(find shown"$PWD"/also) || die "find"
must umount shown
must rmdir shown
must umount /

# -- merge, worm, mincow
must mount -t viewfs -o merge "$PWD/hi" "$PWD/lo"
same merged "both hi lo" "$(ls lo | tr '\n' ' ' | sed 's/ $//')"
same "the upper one" hi "$(cat lo/both)"
refused any 'Read-only' sh -c 'echo x >lo/both'
refused any 'Read-only' rm lo/hi
refused any 'Read-only' chmod 600 lo/hi
refused any 'Read-only' mv lo/hi lo/other
refused any 'Read-only' truncate -s 0 lo/hi
echo x >lo/fresh || die "a new name"
must umount lo
[ -f lo/fresh ] && [ ! -e hi/fresh ] || die "where new names go"
must rm -f lo/fresh
must mkdir worm
must mount -t viewfs -o worm "$PWD/worm" "$PWD/lo"
echo x >lo/fresh || die "a new name"
refused any 'Read-only' sh -c 'echo y >>lo/fresh'
refused any 'Read-only' rm lo/both
refused any 'Read-only' mv lo/both lo/other
must umount lo
must chmod 444 lo/lo
must mkdir min
must mount -t viewfs -o mincow "$PWD/min" "$PWD/lo"
echo x >lo/both || die "mincow"
echo x >lo/lo || die "mincow"
must umount lo
same "changed where it lies" x "$(cat lo/both)"
same "kept" lo "$(cat lo/lo)"
must chmod 644 lo/lo
echo lo >lo/both

# -- hide
must mount -t viewfs -o hide=/.ssh "$PWD/home" "$PWD/home"
same "the list" pub "$(ls -A home)"
refused any 'No such file' cat home/.ssh/id
refused any 'Read-only' mkdir home/.ssh
must umount home
must mount -t viewfs -o hide=/.ssh/ "$PWD/home" "$PWD/home"
same "with a slash at the end" pub "$(ls -A home)"
must umount home
must mkdir -p home/a/b/c
must mount -t viewfs -o hide=/a/b "$PWD/home" "$PWD/home"
same "a hidden directory" "" "$(ls home/a)"
refused any 'busy' mv home/a home/z
must umount home
must mount -t viewfs -o 'hide=*d' "$PWD/home" "$PWD/home"
same "by a pattern" "" "$(ls home/.ssh)"
must umount home
must mount -t modifshide x "$PWD/home"
refused any 'No such file' ls home
refused any 'Read-only' mkdir home
ls | grep -q '^home$' && die "home is listed"
must umount home
must cat home/pub

# -- overlay
must mkdir ou ow
must mount -t overlay -o "lowerdir=$PWD/l1:$PWD/l2,upperdir=$PWD/ou,workdir=$PWD/ow" overlay at
same "two layers" "1 2" "$(cat at/x at/y | tr '\n' ' ' | sed 's/ $//')"
must rm at/y
echo 3 >at/x || die "write"
same "after it" x "$(ls at)"
must umount at
must mount -t overlay -o "lowerdir=$PWD/ou:$PWD/l1:$PWD/l2" overlay at
same "read only" "3 x" "$(cat at/x) $(ls at)"
refused any 'Read-only' touch at/x
must umount at

# -- what is of the kernel
must mkdir -p root/proc root/dev root/tmp
must mount -t proc proc root/proc
same "my own name" cat "$(cat root/proc/self/comm)"
must mount --rbind /dev root/dev
echo x >root/dev/null || die "null"
must mount -t tmpfs tmpfs root/tmp
echo x >root/tmp/x || die "tmpfs"
must umount root/tmp root/dev root/proc

# -- what is refused
refused any 'Invalid|wrong fs' mount -t viewfs -o cow,merge up low
refused any . mount -t viewfs -o cow nothing low
refused any . mount -t viewfs -o cow from/f low
refused any . mount -t viewfs -o cow low low
must mkdir c:d
echo colon >c:d/x
must mount -t overlay -o "lowerdir+=$PWD/c:d,lowerdir+=$PWD/l2" overlay at
same "one by one" "colon 2" "$(cat at/x at/y | xargs)"
must umount at
refused any . mount -t overlay -o "lowerdir=$PWD/l1,lowerdir+=$PWD/l2" overlay at
refused any . mount -t overlay overlay at
refused any . mount -t overlay -o lowerdir=rel overlay at
refused any 'wrong fs' mount -t overlay \
	-o "lowerdir=$PWD/l1,upperdir=ou" overlay at
refused any . mount -t viewfs -o hide= home home
refused any . mount -t viewfs -o hide=/.ssh,hide=/a home home
refused any . mount -t viewfs -o hide=a/b home home
refused any . mount -t viewfs nothing home
refused any . mount -t viewfs "$PWD/nothing" home
refused any . mount --bind "$PWD/nothing" home
same "as it was" pub "$(ls home | grep pub)"
must mount -t viewfs -o cow,nonsense up low
must umount low
must mount -t viewfs -o cow,permanent up low
refused any busy umount low
EOS
[ "$before" = "$(all)" ] || fail "something was changed beneath"

# On an image: what it lies over, and the store. And a store that is full.
need mke2fs
pack_image "$IMG" 16M "$T_TMP/from"
as_user sh -c 'mke2fs -q -t ext4 -E "root_owner=$(id -u):$(id -g)" "$1" 4M' \
	sh "$T_TMP/store.img" || fail mke2fs
must_guest <<'EOS'
must mount -t umfuseext2 -o ro "$IMG" "$MNT"
must mkdir imgup
must mount -t viewfs -o cow "$PWD/imgup" "$MNT"
echo more >>"$MNT/f" || die "append"
must mv "$MNT/s" "$MNT/t"
same "on an image" "new more two" "$(cat "$MNT/new" "$MNT/f" "$MNT/t/g" | grep -v one | tr '\n' ' ' | sed 's/ $//')"
must umount "$MNT" "$MNT"
must mount -t umfuseext2 store.img at
must mount -t viewfs -o cow "$PWD/at" "$PWD/low"
refused any busy umount at
must cp /bin/echo low/prog
same "a program of an image's store" hi "$(low/prog hi)"
refused any 'No space' dd if=/dev/zero of=low/big bs=1M count=10
refused any 'No space' cp /bin/bash low/bash
must rm low/big
echo x >>low/a || die "after it"
must umount low
must umount at
EOS
fsck_img "$T_TMP/store.img"
[ "$before" = "$(all)" ] || fail "something was changed beneath"
printf -- '- options that only say something\n'
must_guest <<'EOS'
mkdir -p shown changes && echo x >shown/f && chmod 444 shown/f
must mount -t viewfs -o cow,wok,debug "$PWD/changes" "$PWD/shown"
same "as if" 666 "$(stat -c %a shown/f)"
must test -w shown/f
must umount shown
for options in vstat merge,vstat; do
	viewmount -t viewfs -o "$options" "$PWD/changes" "$PWD/shown" || die "mount"
	must umount shown
done
same "stays" 444 "$(stat -c %a shown/f)"
EOS

printf -- '- names by an open directory that was changed\n'
must_guest <<'EOS'
mkdir -p part/sub changed && echo beneath >part/same && echo old >part/file &&
	echo gone >part/gone && ln -s file part/link || die make
cat >look.py <<'PY'
import os, sys
d = os.open("part", os.O_RDONLY)
def look(name, follow=True):
    try:
        return os.stat(name, dir_fd=d, follow_symlinks=follow).st_size
    except OSError as e:
        return e.strerror
if len(sys.argv) > 1:
    os.set_inheritable(d, True)
    os.execvp(sys.argv[1], sys.argv[1:] + [str(d)])
print(look("same"), look("file"), look("gone"), look("new"), look("link"),
      look("link", False), look("none"), look("same/"), look("../part/same"))
open("part/same", "a").write("more")
os.unlink("part/sub/../link")
print(look("same"), look("link"), look("new"))
PY
cat >other.py <<'PY'
import os, sys
print(*[os.stat(n, dir_fd=int(sys.argv[1])).st_size for n in ("same", "file")])
PY
must mount -t viewfs -o cow "$PWD/changed" "$PWD/part"
echo "quite new" >part/file && rm part/gone && echo n >part/new || die change
same "looked at" "8 10 No such file or directory 2 10 4 No such file or directory Not a directory 8
12 No such file or directory 2" "$(python3 look.py)"
must umview -q sh -c 'umount part; exec "$@"' sh true
same "in another view" "12 10" "$(python3 look.py umview -q sh -c \
	'umount part; exec python3 other.py "$0"')"
must umount part
same "beneath" "8 4" "$(stat -c %s part/same part/file | tr '\n' ' ' | sed 's/ $//')"
EOS

printf -- '- renew\n'
must_guest <<'EOS'
mkdir -p under/sub under/kept over
echo beneath >under/file
refused 32 'not exist|no such' mount -t viewfs -o renew "$PWD/over" "$PWD/under"
must mount -t viewfs -o "cow,except=/kept" "$PWD/over" "$PWD/under"
echo first >under/first
exec 3<under/first
must mount -t tmpfs t under/sub
echo later >under/sub/later
echo seen >under/sub/change
must mount -t tmpfs t under/kept
refused 32 '' mount -t viewfs -o renew "$PWD" "$PWD/under"
must mount -t viewfs -o renew "$PWD/over" "$PWD/under"
same "what it had" first "$(cat under/first)"
same "open" first "$(cat <&3)"
exec 3<&-
same "mounted since" later "$(cat under/sub/later)"
echo changed >>under/sub/change
same "to the store" "seen changed" "$(echo $(cat over/sub/change))"
echo direct >under/kept/f
[ ! -e over/kept/f ] || die "what is excepted is covered"
must umount under
same "beneath it" seen "$(cat under/sub/change)"
same "not written to" "" "$(ls under/kept | grep -v f)"
must umount under/sub under/kept
EOS
nothing_outside
