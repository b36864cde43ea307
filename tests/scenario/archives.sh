#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# archives.sh - archives are read as the tools unpack them, and what is changed
# in a view the tools find in them
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need tar cpio zip unzip 7z python3 diff
[ -e "$(dirname "$UMVIEW")/../modules/umfusearchive.so" ] ||
	skip "no module umfusearchive here"

user() {
	as_user bash -eu
}

printf -- '- a tree, and archives of it\n'
user <<'EOS'
mkdir -p tree/d1/d2/d3 tree/many
cd tree
seq 1 60000 >text
head -c 300001 /dev/urandom >noise
: >empty
ln text hard
ln -s d2 d1/link
printf 'utf8' >'ünï—ç'
printf 'long' >"$(printf 'n%.0s' $(seq 1 240))"
chmod 640 noise
touch -d '1999-12-31 23:59:58 UTC' text
for i in $(seq 1 500); do echo "$i" >"many/file-$i"; done
cd ..
tar -C tree -cf a.tar .
tar -C tree -czf a.tgz .
tar -C tree -cJf a.txz .
tar -C tree --zstd -cf a.tar.zst . 2>/dev/null || cp a.tgz a.tar.zst
tar -C tree --format=gnu -cf a.gnu.tar .
(cd tree && zip -qry ../a.zip . && 7z a -bd -bso0 ../a.7z . >/dev/null &&
	find . | cpio -o -H newc --quiet >../a.cpio)
EOS

printf -- '- every kind shows the tree\n'
must_guest <<'EOS'
for a in a.tar a.tgz a.txz a.tar.zst a.gnu.tar a.zip a.7z a.cpio; do
	must mount -t umfusearchive -o ro "$a" "$MNT"
	diff -r --no-dereference tree "$MNT" || die "$a: differs"
	same "$a: mode, time" "640 946684798" \
		"$(stat -c %a "$MNT/noise") $(stat -c %Y "$MNT/text")"
	# from the last to the first, and again
	find "$MNT" -type f | sort -r | while read -r f; do
		cmp "$f" "tree/${f#"$MNT/"}" || die "$a: $f"
	done || exit 1
	refused any 'read-only' touch "$MNT/x"
	must umount "$MNT"
done
must mount -t umfusearchive -o ro a.tar "$MNT"
same "hard links" "$(stat -c %i "$MNT/text")" "$(stat -c %i "$MNT/hard")"
must umount "$MNT"
same "nothing is written" "" "$(ls | grep -E 'orig|new')"
EOS

printf -- '- changes reach the archive, the old one stays\n'
must_guest <<'EOS'
for a in a.tar a.tgz a.txz a.gnu.tar a.zip a.7z a.cpio; do
	cp "$a" "$a.old"
	must mount -t umfusearchive "$a" "$MNT"
	cd "$MNT" || die cd
	echo new >d1/new
	echo more >>text
	printf X | dd of=noise bs=1 seek=100000 conv=notrunc status=none
	must rm empty
	must mkdir dir
	must mv many/file-1 dir/moved
	must ln -s moved dir/sl
	must chmod 600 many/file-2
	must touch -d '2001-02-03 04:05:06 UTC' many/file-3
	must mv d1 d9
	head -c 200000 /dev/zero >zeros
	cd "$T_TMP" || die cd
	same "$a: not yet" "" "$(cmp "$a" "$a.old" 2>&1)"
	must umount "$MNT"
	must cmp "$a.orig" "$a.old"
	must rm -rf out
	must mkdir out
	case $a in
	*.zip) must unzip -q "$a" -d out ;;
	*.7z) must 7z x -y -bd -bso0 -oout "$a" ;;
	*.cpio) (cd out && cpio -idm --quiet <"../$a") || die cpio ;;
	*) must tar -C out -xf "$a" ;;
	esac
	same "$a" "new moved" "$(cat out/d9/new) $(readlink out/dir/sl)"
	same "$a" 1 "$(cat out/dir/moved)"
	same "$a" more "$(tail -n 1 out/text)"
	(cat tree/noise | head -c 100000; printf X
		tail -c 200000 tree/noise) | cmp - out/noise || die "$a: noise"
	must test ! -e out/empty
	must test ! -e out/d1
	same "$a" "600 981173106" \
		"$(stat -c %a out/many/file-2) $(stat -c %Y out/many/file-3)"
	same "$a: zeros" 200000 "$(stat -c %s out/zeros)"
	# the other 497
	for f in out/many/*; do
		cmp -s "$f" "tree/many/${f##*/}" || die "$a: $f"
	done
	must rm -f "$a.orig" "$a.old"
done
EOS

printf -- '- nobackup, sync, the end of the session; a new archive\n'
must_guest <<'EOS'
tar -C tree -cf b.tar .
must mount -t umfusearchive -o nobackup b.tar "$MNT"
echo x >"$MNT/synced"
must sync -f "$MNT"
tar -tf b.tar | grep -q synced || die "sync did not write"
echo y >"$MNT/later"
must umount "$MNT"
must test ! -e b.tar.orig
must tar -xOf b.tar later
: >new.tgz
must mount -t umfusearchive new.tgz "$MNT"
must cp -a tree/d1 tree/text "$MNT"
must umount "$MNT"
must sh -c 'tar -xzOf new.tgz text | cmp - tree/text'
: >new.zip
must mount -t umfusearchive new.zip "$MNT"
must cp tree/text "$MNT"
refused any 'permitted' mkfifo "$MNT/fifo"
must umount "$MNT"
must unzip -qt new.zip
tar -C tree -cf left.tar .
must mount -t umfusearchive left.tar "$MNT"
echo at the end >"$MNT/left"
EOS
[ "$(tar -xOf "$T_TMP/left.tar" left)" = "at the end" ] ||
	fail "the session's end lost a change"

printf -- '- strange names, duplicates, links, sparse and large files, bombs\n'
user <<'EOS'
cat >strange.py <<'EOF'
import io, tarfile
t = tarfile.open("strange.tar", "w")
def add(name, text=b"", **more):
    e = tarfile.TarInfo(name)
    e.size = len(text)
    for k, v in more.items():
        setattr(e, k, v)
    t.addfile(e, io.BytesIO(text))
add("/abs/olute", b"abs")
add("./dot/./x//y", b"dots")
add("twice", b"first, and longer")
add("twice", b"second")
add("dev", type=tarfile.CHRTYPE, devmajor=1, devminor=3)
add("pipe", type=tarfile.FIFOTYPE)
add("hard", type=tarfile.LNKTYPE, linkname="twice")
add("caf\udce9", b"latin")
t.close()
t = tarfile.open("evil.tar", "w")
add("../../escape", b"no")
add("a/../b", b"no")
add("hard", type=tarfile.LNKTYPE, linkname="nowhere")
add("good", b"good")
t.close()
EOF
python3 strange.py
mkdir s
truncate -s 5G s/huge
printf end >>s/huge
printf begin | dd of=s/huge conv=notrunc status=none
tar -C s -cSzf sparse.tgz .
gzip -c tree/text >text.gz
python3 -c '
import zipfile
z = zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED)
chunk = bytes(1 << 20)
with z.open("noise-to-the-cache", "w", force_zip64=True) as f:
    for i in range(64):
        f.write(chunk.replace(b"\0", b"x"))
z.writestr("small", "small")
z.close()'
python3 -c '
import tarfile
t = tarfile.open("many.tgz", "w:gz")
for i in range(3000):
    t.addfile(tarfile.TarInfo("f%d" % i))
t.close()'
head -c 100000 a.tgz >cut.tgz
head -c 100000 /dev/urandom >garbage
EOS
must_guest 2>"$T_TMP/said" <<'EOS'
must mount -t umfusearchive strange.tar "$MNT"
same "absolute" abs "$(cat "$MNT/abs/olute")"
same "dots" dots "$(cat "$MNT/dot/x/y")"
same "twice" second "$(cat "$MNT/twice")"
same "hard" "second 2" "$(cat "$MNT/hard") $(stat -c %h "$MNT/twice")"
same "bytes" latin "$(cat "$MNT"/$'caf\xe9')"
same "device" "1:3" "$(stat -c %t:%T "$MNT/dev")"
must test -p "$MNT/pipe"
must mv "$MNT"/$'caf\xe9' "$MNT"/$'th\xe9'
must umount "$MNT"
must sh -c "tar -tf strange.tar 2>/dev/null | LC_ALL=C grep -aq 'th'"

must mount -t umfusearchive evil.tar "$MNT"
same "evil" good "$(ls "$MNT" | xargs)"
refused any 'read-only' touch "$MNT/x"
must umount "$MNT"

must mount -t umfusearchive sparse.tgz "$MNT"
same "size" 5368709123 "$(stat -c %s "$MNT/huge")"
same "begin, end" "begin end" \
	"$(head -c 5 "$MNT/huge") $(tail -c 3 "$MNT/huge")"
echo x >"$MNT/x"
must umount "$MNT"
[ "$(stat -c %s sparse.tgz)" -lt 100000 ] || die "the hole was written"
same "kept" "5368709123" "$(tar -tvf sparse.tgz ./huge huge 2>/dev/null |
	awk '{ print $3; exit }')"

must mount -t umfusearchive -o unpacked=8m bomb.zip "$MNT"
refused any 'no space' cat "$MNT/noise-to-the-cache"
same "small" small "$(cat "$MNT/small")"
must umount "$MNT"
refused any '' \
	mount -t umfusearchive -o entries=1k many.tgz "$MNT"
refused any '' mount -t umfusearchive text.gz "$MNT"
refused any '' mount -t umfusearchive garbage "$MNT"
refused any 'bad option' \
	mount -t umfusearchive -o nonsense a.tar "$MNT"
refused any 'bad option' mount -t umfusearchive -o unpacked=x a.tar "$MNT"
refused any 'no such file|not exist' \
	mount -t umfusearchive "$PWD/missing.tar" "$MNT"

refused any 'bad option' \
	mount -t umfusearchive -o charset=no-such-set a.zip "$MNT"

printf 'secret\n' >plain
must zip -q -P pw locked.zip plain
rm plain
for words in password=pw password=wrong ro; do
	must mount -t umfusearchive -o "$words" locked.zip "$MNT"
	refused any 'read-only' touch "$MNT/x"
	[ "$words" != password=pw ] || same "unlocked" secret "$(cat "$MNT/plain")"
	[ "$words" = password=pw ] || refused any 'input/output' cat "$MNT/plain"
	must umount "$MNT"
done

must mount -t umfusearchive cut.tgz "$MNT"
refused any 'read-only' touch "$MNT/x"
must umount "$MNT"
chmod a-w a.tgz
must mount -t umfusearchive a.tgz "$MNT"
refused any 'read-only' touch "$MNT/x"
must umount "$MNT"
EOS
for message in 'evil.tar: 3 entries left out, read-only' \
	'many.tgz: too many entries' 'garbage: not an archive' \
	'text.gz: not an archive' 'unknown option nonsense' \
	'bad option unpacked=x' 'bad option charset=no' \
	'locked.zip: read-only: what is encrypted' 'cut.tgz: damaged after' 'a.tgz: read-only'; do
	grep -qF "$message" "$T_TMP/said" ||
		fail "not said: $message; but: $(cat "$T_TMP/said")"
done
nothing_outside
