#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images.sh - ISO 9660 and squashfs images, made by the tools that everybody
# makes them with, against the tree that they were made of
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mksquashfs xorriso genisoimage diff
[ -e "$(dirname "$UMVIEW")/../modules/umfusesquash.so" ] ||
	skip "no module umfusesquash here"

# as_user runs programs: a function of bash goes to it as a script on stdin.
user() {
	as_user bash -eu
}

printf -- '- a tree, and images of it\n'
user <<'EOS'
mkdir -p tree/d1/d2/d3/d4/d5/d6/d7/d8/d9/d10 tree/many tree/sticky
cd tree
seq 1 60000 >text
printf x >d1/d2/d3/d4/d5/d6/d7/d8/d9/d10/deep
head -c 300001 /dev/urandom >noise
truncate -s 5000000 hole && printf end >>hole
: >empty
ln text hard
ln -s ../text d1/link
ln -s "$(printf 'way/%.0s' $(seq 1 40))end" long-link
ln -s /abs/./x/.. abs
printf 'latin' >$'caf\xe9'
printf 'utf8' >'ünï—ç'
printf 'long' >"$(printf 'n%.0s' $(seq 1 240))"
mkfifo fifo
chmod 4711 empty
chmod 1777 sticky
touch -h -d '1999-12-31 23:59:58 UTC' abs text
for i in $(seq 1 2000); do : >"many/file-$i"; done
cd ..
for comp in gzip xz zstd lz4; do
	mksquashfs tree "$comp.sqfs" -comp "$comp" -noappend -quiet \
		-no-progress >/dev/null
done
(head -c 8192 /dev/zero; cat gzip.sqfs) >offset.sqfs
xorriso -outdev rock.iso -hardlinks on -map tree / -commit >log 2>&1
rm tree/fifo
genisoimage -quiet -R -J -joliet-long -hide-rr-moved -o geniso.iso tree \
	2>>log
xorriso -outdev zisofs.iso -map tree / \
	-zisofs level=9:block_size=32k -find / -type f \
	-exec set_filter --zisofs -- -commit >>log 2>&1
xorriso -outdev zisofs2.iso -map tree / \
	-zisofs level=9:block_size=128k:version_2=on -find / -type f \
	-exec set_filter --zisofs -- -commit >>log 2>&1
mkfifo tree/fifo
EOS
[ -s "$T_TMP/zisofs2.iso" ] || fail "no images: $(cat "$T_TMP/log")"

printf -- '- every kind of image shows the tree\n'
must_guest <<'EOS'
list() {
	(cd "$1" && find . ! -name . ! -type d ! -name fifo \
		-printf '%p %y %m %s %T@ %l\n' | sed 's/\.[0-9]* / /' | sort)
}
list tree >want
for image in gzip.sqfs xz.sqfs zstd.sqfs lz4.sqfs rock.iso geniso.iso \
	zisofs.iso zisofs2.iso; do
	type=umfuseiso9660
	case $image in *.sqfs) type=umfusesquash ;; esac
	must mount -t "$type" "$image" "$MNT"
	rm -f tree/fifo
	diff -r --no-dereference tree "$MNT" | grep -vE '^Only in .*: (fifo|.rr_moved)$' &&
		die "$image: differs"
	mkfifo tree/fifo
	list "$MNT" >got
	diff want got || die "$image: attributes differ"
	same "$image: sticky" 1777 "$(stat -c %a "$MNT/sticky")"
	refused any 'read-only' touch "$MNT/x"
	refused any 'read-only' rm -f "$MNT/text"
	refused any 'no such file' cat "$MNT/absent"
	must umount "$MNT"
done
for image in gzip.sqfs rock.iso; do
	type=umfuseiso9660
	case $image in *.sqfs) type=umfusesquash ;; esac
	must mount -t "$type" "$image" "$MNT"
	same "$image: fifo" p "$(stat -c %F "$MNT/fifo" | cut -c1 | tr f p)"
	same "$image: hard links" "$(stat -c %i "$MNT/text")" \
		"$(stat -c %i "$MNT/hard")"
	must umount "$MNT"
done
EOS

printf -- '- the types of the kernel, and no type\n'
must_guest <<'EOS'
for how in '-t squashfs gzip.sqfs' '-t auto xz.sqfs' 'zstd.sqfs' \
	'-t squashfs -o loop,offset=8192 offset.sqfs' \
	'-t umfusesquash -o offset=0x2000 offset.sqfs' \
	'-t iso9660 rock.iso' '-t auto rock.iso' 'geniso.iso' \
	'-o ro,loop rock.iso'; do
	# shellcheck disable=SC2086 # words
	must mount $how "$MNT"
	must cmp tree/text "$MNT/text"
	must umount "$MNT"
done
EOS

printf -- '- names without Rock Ridge\n'
must_guest <<'EOS'
must mount -t iso9660 -o norock geniso.iso "$MNT"
must cmp tree/text "$MNT/text"
must test -e "$MNT/ünï—ç"
same "mode" 555 "$(stat -c %a "$MNT/text")"
must umount "$MNT"
must mount -t iso9660 -o norock,nojoliet,mode=440,dmode=550 geniso.iso "$MNT"
must cmp tree/text "$MNT/text"
same "modes" "440 550" "$(stat -c %a "$MNT/text" "$MNT/d1" | xargs)"
must umount "$MNT"
must mount -t umfuseiso9660 -o norock,nojoliet,map=off geniso.iso "$MNT"
must cmp tree/text "$MNT/TEXT.;1"
must umount "$MNT"
EOS

printf -- '- sessions; an image in an image; a raw image; large files\n'
user <<'EOS'
mkdir s1 s2 huge outer
echo one >s1/one
echo two >s2/two
genisoimage -quiet -R -J -o 1.iso s1
end=$((($(stat -c %s 1.iso) / 2048 + 15) / 16 * 16))
cp 1.iso sessions.iso
truncate -s $((end * 2048)) sessions.iso
genisoimage -quiet -R -J -C "0,$end" -M 1.iso -o 2.iso s2
cat 2.iso >>sessions.iso
echo "$end" >end
truncate -s 4500M huge/file && printf end >>huge/file
mksquashfs huge huge.sqfs -noappend -quiet -no-progress >/dev/null
cp rock.iso gzip.sqfs outer
mksquashfs outer outer.sqfs -noappend -quiet -no-progress >/dev/null
: >raw.bin
i=0
size=$(stat -c %s 1.iso)
head=$(printf '\\0%s\\0\\0\\0\\0\\1' "$(printf '\\377%.0s' $(seq 1 10))")
tail=$(printf '\\0%.0s' $(seq 1 288))
while [ $((i * 2048)) -lt "$size" ]; do
	printf "$head"
	dd if=1.iso bs=2048 skip=$i count=1 status=none
	printf "$tail"
	i=$((i + 1))
done >raw.bin
EOS
must_guest <<'EOS'
same_names() {
	must mount -t iso9660 -o "$1" sessions.iso "$MNT"
	same "$1" "$2" "$(ls "$MNT" | xargs)"
	must umount "$MNT"
}
same_names ro 'one two'
same_names session=0 one
same_names session=1 'one two'
same_names "sbsector=$(cat end)" 'one two'
refused any '' mount -t iso9660 -o session=2 sessions.iso "$MNT"
must mount -t umfuseiso9660 raw.bin "$MNT"
same "raw" one "$(cat "$MNT/one")"
must umount "$MNT"
must mount huge.sqfs "$MNT"
same "size" 4718592003 "$(stat -c %s "$MNT/file")"
same "end" end "$(tail -c 3 "$MNT/file")"
must umount "$MNT"
must mount outer.sqfs "$MNT"
must mkdir in1 in2
must mount "$MNT/rock.iso" in1
must mount -t umfusesquash "$MNT/gzip.sqfs" in2
must cmp tree/text in1/text
must cmp tree/noise in2/noise
must umount in1
must umount in2
must umount "$MNT"
EOS

printf -- '- what is no image, and wrong options\n'
must_guest 2>"$T_TMP/said" <<'EOS'
head -c 200000 /dev/urandom >garbage
: >nothing
for type in umfuseiso9660 umfusesquash; do
	refused any '' mount -t $type garbage "$MNT"
	refused any '' mount -t $type nothing "$MNT"
	refused any '' mount -t $type tree "$MNT"
	refused any 'no such file|not exist' mount -t $type "$PWD/missing" "$MNT"
done
refused any 'wrong fs type' mount -t umfusesquash rock.iso "$MNT"
refused any 'wrong fs type' mount -t umfuseiso9660 gzip.sqfs "$MNT"
refused any 'bad option' mount -t umfusesquash -o nonsense gzip.sqfs "$MNT"
refused any 'bad option' mount -t umfuseiso9660 -o rocky rock.iso "$MNT"
refused any 'bad option' mount -t umfuseiso9660 -o map=up rock.iso "$MNT"
refused any 'bad option' mount -t umfuseiso9660 -o session=-2 rock.iso "$MNT"
same "nothing is mounted" "" "$(ls -A "$MNT")"
for image in rock.iso gzip.sqfs; do
	head -c 150000 $image >cut
	type=umfuseiso9660
	case $image in *.sqfs) type=umfusesquash ;; esac
	mount -t $type cut "$MNT" 2>/dev/null || continue
	refused any 'input/output|no such' cat "$MNT/noise"
	must umount "$MNT"
done
EOS
for message in 'garbage: not an ISO 9660 image' \
	'garbage: not a squashfs image' 'rock.iso: not a squashfs image' \
	'gzip.sqfs: not an ISO 9660 image' 'unknown option nonsense' \
	'unknown option rocky' 'bad option map=up' 'bad option session=-2'; do
	grep -qF "$message" "$T_TMP/said" ||
		fail "not said: $message; but: $(cat "$T_TMP/said")"
done
nothing_outside
