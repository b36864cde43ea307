#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fat.sh - FAT images of all kinds: names, contents, full disks, and what
# fsck.fat and mtools find afterwards
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mkfs.vfat fsck.vfat mcopy mdir mmd python3
export MTOOLS_SKIP_CHECK=1 LC_ALL=C.UTF-8

clean() {
	as_user fsck.vfat -n "$IMG" >fsck 2>&1 || fail "$1: fsck.vfat: $(cat fsck)"
}

for kind in "-F 12 4M" "-F 12 -s 1 1440k" "-F 16 32M" "-F 16 -S 1024 -s 8 64M" \
	"-F 32 -s 1 64M" "-F 32 -s 8 300M" "-F 32 -f 1 64M"; do
	printf -- '- %s\n' "$kind"
	rm -f "$IMG"
	as_user truncate -s "${kind##* }" "$IMG"
	# shellcheck disable=SC2086 # a list of words
	as_user mkfs.vfat ${kind% *} "$IMG" >mkfs 2>&1 || fail "mkfs: $(cat mkfs)"
	seq 3000 | user_write "out"
	as_user mmd -i "$IMG" ::MADE ::"Made Too" || fail mmd
	as_user mcopy -i "$IMG" out "::Made Too/from mtools – ünïcode.txt" ||
		fail mcopy
	must_guest <<'EOS'
must mount -t vfat disk.img "$MNT"
here=$PWD
cd "$MNT"
same listing "MADE Made Too" "$(echo *)"
seq 3000 | cmp - "Made Too/from mtools – ünïcode.txt" || die "mtools"
seq 3000 | cmp - "MADE TOO/FROM MTOOLS – ünïcode.TXT" || die "case"
for name in a A.TXT lower.ext Mixed.Case "with space" .hidden a.b.c.d x~1 \
	"日本語のファイル" "émoji 🎉" "longer than eight.and three" \
	"$(printf 'n%.0s' {1..255})" "$(printf 'é%.0s' {1..127})"; do
	echo "$name" >"$name" || die "cannot make $name"
	same "$name" "$name" "$(cat "$name")"
	[ -e "./$name" ] || die "not there: $name"
done
same "how they look" "A.TXT a" "$(echo A* a)" ||
	same "how they look" "a A.TXT" "$(echo A* a)"
for name in 'a:b' 'a*b' 'a?b' 'a<b' 'a"b' 'a\b' 'dot.' 'blank ' 'a|b'; do
	refused any 'invalid argument' touch "$name"
done
refused any 'too long' touch "$(printf 'n%.0s' {1..256})"
must mv a B.case
must mv B.case b.CASE
same "the case alone" b.CASE "$(ls | grep -i '^b.case$')"
mkdir -p d/e/f && echo deep >d/e/f/g || die mkdir
must mv d/e moved
same moved deep "$(cat moved/f/g)"
same ".. of what moved" "$(stat -c %i .)" "$(stat -c %i moved/..)"
refused any 'not empty' rmdir moved
refused any 'subdirectory of itself|invalid' mv moved moved/f/x
refused any 'not empty|exists' mv -T d moved
echo 1 >one && echo 2 >two && must mv one two
same replaced 1 "$(cat two)"
chmod a-w two && [ "$(stat -c %A two)" = -r-xr-xr-x ] ||
	die "read-only: $(stat -c %A two)"
must chmod u+w two
must touch -d '2001-02-03 04:05:06' two
same mtime '2001-02-03 04:05:06' "$(stat -c %y two | cut -c1-19)"
must python3 - <<'P'
import os, random, mmap
r = random.Random(3)
want = bytearray()
f = os.open("random", os.O_RDWR | os.O_CREAT)
for i in range(400):
    kind = r.randrange(4)
    if kind == 0:
        at, n = r.randrange(60000), r.randrange(1, 9000)
        data = r.randbytes(n)
        if at > len(want):
            want += bytes(at - len(want))
        want[at:at + n] = data
        assert os.pwrite(f, data, at) == n
    elif kind == 1:
        n = r.randrange(60000)
        os.ftruncate(f, n)
        want = want[:n] + bytes(max(0, n - len(want)))
    else:
        at, n = r.randrange(60000), r.randrange(1, 9000)
        assert os.pread(f, n, at) == want[at:at + n], i
    assert os.fstat(f).st_size == len(want)
g = os.open("other", os.O_RDWR | os.O_CREAT)
os.write(g, b"held")
os.rename("other", "renamed")
os.write(g, b" open")
assert open("renamed").read() == "held open"
os.unlink("renamed")
os.write(g, b" still")
assert os.pread(g, 99, 0) == b"held open still"
os.close(g)
assert open("random", "rb").read() == want
try:
    os.ftruncate(f, 1 << 32)
    raise SystemExit("4 GiB")
except OSError as e:
    assert e.errno == 27, e
P
mkdir many && for i in $(seq 300); do echo $i >"many/file number $i"; done
same "many" 300 "$(ls many | wc -l)"
for i in $(seq 1 2 300); do rm "many/file number $i"; done
same "half of them" 150 "$(ls many | wc -l)"
same "one of them" 200 "$(cat "many/file number 200")"
cp random "$here/random.copy"
free=$(stat -f -c %f .)
dd if=/dev/zero of=full bs=64k 2>"$here/err" && die "never full"
grep -q 'No space' "$here/err" || die "$(cat "$here/err")"
same "none free" 0 "$(stat -f -c %f .)"
refused any 'no space' mkdir nospace
refused any 'no space' truncate -s +100M random
cmp random "$here/random.copy" || die "changed by what had no room"
must rm full
same "as before" "$free" "$(stat -f -c %f .)"
cd /
must umount "$MNT"
EOS
	clean "$kind"
	as_user mcopy -n -i "$IMG" ::random back || fail mcopy
	as_user cmp back random.copy || fail "mtools read something else"
	rm -f back random.copy
	must_guest <<'EOS'
must mount -t vfat -o ro,uid=77,gid=78,fmask=0137,dmask=0027 disk.img "$MNT"
same deep deep "$(cat "$MNT/moved/f/g")"
same options '-rw-r----- 77 78' "$(stat -c '%A %u %g' "$MNT/two")"
same options 'drwxr-x---' "$(stat -c %A "$MNT/moved")"
refused any 'read-only' touch "$MNT/two"
must umount "$MNT"
must mount disk.img "$MNT"
grep -q " $MNT umfusefat" /proc/self/mounts || die "not recognised"
must rm -r "$MNT/many" "$MNT/moved" "$MNT/Made Too"
must umount "$MNT"
EOS
	clean "$kind, emptied"
done

printf -- '- what is refused\n'
as_user truncate -s 1M none.img
as_user sh -c 'head -c 100000 /dev/urandom >noise.img; echo x >short.img'
must_guest <<'EOS'
for image in none noise short; do
	refused 32 'wrong fs type|bad option' mount -t vfat "$image.img" "$MNT"
done
refused 32 'wrong fs type|bad option' mount -t vfat -o nosuch disk.img "$MNT"
refused 32 'wrong fs type|bad option' mount -t vfat -o uid=x disk.img "$MNT"
must mount -t umfusefat -o rw+,utf8,iocharset=utf8,quiet,flush disk.img "$MNT"
must umount "$MNT"
EOS
nothing_outside
