#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bad_input.sh - what cannot be mounted: the right error, one line that says
# why, nothing mounted, the image as it was
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs dumpe2fs
as_user mkdir "$T_TMP/tree"
as_user cp -r /etc/services /etc/protocols "$T_TMP/tree" 2>/dev/null
pack_image "$IMG" 16M "$T_TMP/tree"

# broken NAME DD-WORDS... - a copy of the image, damaged
broken() {
	local name=$1
	shift
	as_user cp "$IMG" "$T_TMP/$name"
	as_user dd of="$T_TMP/$name" conv=notrunc status=none "$@" ||
		fail "dd for $name"
}
head -c 300000 /dev/urandom | user_write "$T_TMP/noise.img"
printf 'short' | user_write "$T_TMP/short.img"
: | user_write "$T_TMP/empty.img"
as_user cp "$IMG" "$T_TMP/cut.img"
as_user truncate -s 1M "$T_TMP/cut.img"
# Magic number, block count, block size, inode size, one at a time.
broken magic.img if=/dev/zero bs=1 seek=$((1024 + 56)) count=2
broken blocks.img if=/dev/zero bs=1 seek=$((1024 + 4)) count=4
printf '\377\377\377\377' | broken logsize.img bs=1 seek=$((1024 + 24))
printf '\001\000' | broken inode.img bs=1 seek=$((1024 + 88))
broken feature.img if=/dev/zero bs=1 seek=$((1024 + 96)) count=0
printf '\377\377\377\377' | broken feature.img bs=1 seek=$((1024 + 96))
# Group descriptors and the root inode's table in noise.
broken groups.img if=/dev/urandom bs=1024 seek=2 count=64
# The root: its inode, then its block.
table=$(as_user dumpe2fs "$IMG" 2>/dev/null |
	sed -n 's/^ *Inode table at \([0-9]*\).*/\1/p' | head -n 1)
size=$(as_user dumpe2fs -h "$IMG" 2>/dev/null | sed -n 's/^Inode size:[[:space:]]*//p')
block=$(as_user dumpe2fs -h "$IMG" 2>/dev/null | sed -n 's/^Block size:[[:space:]]*//p')
broken root.img if=/dev/urandom bs=1 seek=$((table * block + size)) count="$size"
root=$(as_user debugfs -R 'blocks <2>' "$IMG" 2>/dev/null | tr -d ' \n')
broken rootblock.img if=/dev/urandom bs="$block" seek="$root" count=1
as_user cp "$IMG" "$T_TMP/readonly.img"
as_user chmod 444 "$T_TMP/readonly.img"
as_user cp "$IMG" "$T_TMP/unclean.img"
as_user debugfs -w -R 'feature needs_recovery' "$T_TMP/unclean.img" \
	>/dev/null 2>&1
as_user mkdir "$T_TMP/folder"
sums=$(cd "$T_TMP" && sha256sum ./*.img)

# says FILE: umview's one line about the last failure
must_guest UM_MODULES="$(dirname "$UMVIEW")/../modules" -- --log "$T_TMP/log" <<'EOS'
# Other mounts of the host come and go meanwhile: look at ours alone.
nothing_mounted() {
	! grep -qF "${IMG%/*}" /proc/self/mountinfo || die "mounted: $*"
}

# fails ERROR-TEXT ARG... - viewmount says that error, umview says one line
# why, and nothing is mounted
fails() {
	local text=$1 before after lines
	shift
	before=$(wc -l <log)
	refused 1 "$text" viewmount "$@"
	nothing_mounted "$@"
	after=$(wc -l <log)
	lines=$((after - before))
	[ "$lines" -eq 1 ] ||
		die "$*: umview said $lines lines: $(tail -n "$lines" log)"
	[ "$(tail -n 1 log | wc -c)" -gt 20 ] || die "$*: $(tail -n 1 log)"
	! tail -n 1 log | grep -qE '0x[0-9a-f]{6}|assert' || die "$(tail -n 1 log)"
}
touch log
um_add_service umfuse 2>/dev/null
t=umfuseext2
for bad in noise short empty cut magic blocks logsize inode feature; do
	fails 'not a file system of this type' \
		-t $t "$bad.img" "$MNT"
	refused 32 'mount: ' mount -t $t "$bad.img" "$MNT"
done
for bad in root rootblock; do
	for how in -r -w; do
		fails 'damaged' $how -t $t "$bad.img" "$MNT"
	done
	tail -n 1 log | grep -q 'root directory' || die "$bad: $(tail -n 1 log)"
done
# Damage behind a good superblock: an error now or later, never a crash.
if viewmount -t $t groups.img "$MNT" 2>/dev/null; then
	find "$MNT" >/dev/null 2>&1
	viewumount "$MNT" || die "umount of a damaged image"
fi
fails 'permission denied|read-only' -t $t -o rw readonly.img "$MNT"
must viewmount -r -t $t readonly.img "$MNT"
must viewumount "$MNT"
must mount -t $t -o ro readonly.img "$MNT"
must umount "$MNT"
refused 1 'does not exist' viewmount -t $t missing.img "$MNT"
refused 1 'does not exist' viewmount -t $t disk.img no/such/parent
refused 1 'no module serves' viewmount -t gibberish disk.img "$MNT"
# mount(8) without a type tries many, and says itself that none would do.
refused any 'wrong fs type' mount noise.img "$MNT"
refused 32 'unknown filesystem type|no such device' \
	mount -t gibberish disk.img "$MNT"
refused 1 'no module serves' viewmount -t umfusegibberish disk.img "$MNT"
fails '-t fuse.PROGRAM' -t bindfs folder "$MNT"
tail -n 1 log | grep -q 'mount -t umfusebind, or fuse.bindfs' || die "$(tail -n 1 log)"
fails 'an option is wrong' -t $t -o no-such-option disk.img "$MNT"
fails 'an option is wrong' -r -t $t -o attr_timeout=-1 disk.img "$MNT"
tail -n 1 log | grep -q 'timeout is a number' || die "$(tail -n 1 log)"
for path in /../.. /a/../b /. //a; do
	refused 1 'an option is wrong' viewmount -r -t $t -o except=$path disk.img "$MNT"
	nothing_mounted "$path"
	tail -n 2 log | grep -q "except=$path: without" || die "$(tail -n 2 log)"
done
refused 1 'neither an image nor a block device|is a directory' \
	viewmount -t $t folder "$MNT"
# Nobody is at the other end of a FIFO; mount is not to wait for them.
must mkfifo fifo
must viewmount -t ramfs none "$PWD/ram"
must mkfifo ram/fifo
for type in $t umfusefat umfusesquash umfuseiso9660 umfusearchive; do
	[ -e "$UM_MODULES/$type.so" ] || continue
	for f in fifo ram/fifo; do
		refused 1 'neither an image nor a block device' \
			timeout 10 viewmount -t $type $f "$MNT"
	done
done
must viewumount "$PWD/ram"
must um_del_service ramfs
refused any '' viewmount -t $t disk.img "$(printf 'x%.0s' $(seq 300))"
nothing_mounted "in the end"

# Modules that do not load.
printf 'not an object\n' >noise.so
refused 1 'noise' um_add_service ./noise.so
refused 1 'no such|not found|find' um_add_service no-such-module
same "services" "umfuse" "$(um_ls_service | sed 's/:.*//' | grep -v ext2)"

# Journal to be recovered: not on a read-only mount; on a read-write one.
if viewmount -t $t -o ro unclean.img "$MNT" 2>/dev/null; then
	must viewumount "$MNT"
fi
EOS
[ "$(cd "$T_TMP" && sha256sum ./*.img)" = "$sums" ] || fail "an image was changed:
$(cd "$T_TMP" && sha256sum ./*.img | diff - <(printf '%s\n' "$sums"))"

must_guest <<'EOS'
must mount -t umfuseext2 unclean.img "$MNT"
must touch "$MNT/new"
must umount "$MNT"
EOS
fsck_img "$T_TMP/unclean.img"

printf -- '- umview itself\n'
status() { # WANT ARG...
	local want=$1 got
	shift
	as_user "$UMVIEW" "$@" >"$T_TMP/out" 2>"$T_TMP/err"
	got=$?
	[ "$got" -eq "$want" ] || fail "umview $*: exit $got, want $want"
	[ -s "$T_TMP/err" ] || fail "umview $*: says nothing"
	[ "$(wc -l <"$T_TMP/err")" -le 2 ] || fail "$(cat "$T_TMP/err")"
}
status 2 --no-such-option
status 127 no-such-command
status 126 "$T_TMP/tree"
status 1 -p no-such-module true
nothing_outside

printf -- '- types that mount(8) only tries: nothing is said of each\n'
as_user "$UMVIEW" -q mount "$T_TMP/noise.img" "$MNT" >"$T_TMP/out" 2>"$T_TMP/err"
grep -q 'wrong fs type' "$T_TMP/err" || fail "mount says: $(cat "$T_TMP/err")"
! grep -q '^um' "$T_TMP/err" || fail "said: $(cat "$T_TMP/err")"
as_user "$UMVIEW" -q mount -o no-such-option "$T_TMP/noise.img" "$MNT" \
	>"$T_TMP/out" 2>"$T_TMP/err"
! grep -q '^um' "$T_TMP/err" || fail "said: $(cat "$T_TMP/err")"
as_user "$UMVIEW" -q mount -t ext4 "$T_TMP/noise.img" "$MNT" \
	>"$T_TMP/out" 2>"$T_TMP/err"
grep -q '^umfuseext2: .*not an ext2' "$T_TMP/err" ||
	fail "asked for one type: $(cat "$T_TMP/err")"
