#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# two_sessions.sh - an image that one session writes to is refused to another;
# to look at it is allowed to both
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck mkfs.vfat mount umount tar
as_user mkdir "$T_TMP/tree"
pack_image "$IMG" 16M "$T_TMP/tree"
as_user sh -c 'truncate -s 16M "$1" && mkfs.vfat "$1"' sh "$T_TMP/fat.img" \
	>/dev/null

# first WORDS...: a session that runs them, and stays until `first_ends`
first() {
	as_user mkfifo "$T_TMP/up" "$T_TMP/end"
	guest <<EOS &
must $*
echo >up
read -r _ <end
must umount $MNT
EOS
	job=$!
	read -r _ <"$T_TMP/up"
}

first_ends() {
	echo >"$T_TMP/end"
	wait "$job" || fail "the first session: exit status $?"
	rm "$T_TMP/up" "$T_TMP/end"
}

for type in umfuseext2 ext4; do
	printf -- '- %s: the second is refused, and can when the first has ended\n' \
		"$type"
	first mount -t $type "$IMG" "$MNT"
	must_guest TYPE=$type <<'EOS'
mount -t "$TYPE" "$IMG" "$MNT" 2>/dev/null && die "mounted twice"
mount -r -t umfuseext2 "$IMG" "$MNT" 2>/dev/null && die "looked into"
mount -t umdevpart "$IMG" ./dev || die "a device may read it"
dd if=/dev/zero of=dev bs=512 count=1 2>/dev/null && die "written to"
must umount ./dev
EOS
	first_ends
	must_guest TYPE=$type <<'EOS'
must mount -t "$TYPE" "$IMG" "$MNT"
echo "$TYPE" >"$MNT/$TYPE" || die "write"
must umount "$MNT"
EOS
done
fsck_img "$IMG"

printf -- '- FAT\n'
first mount -t umfusefat "$T_TMP/fat.img" "$MNT"
must_guest <<'EOS'
mount -t umfusefat fat.img "$MNT" 2>/dev/null && die "mounted twice"
true
EOS
first_ends

printf -- '- an archive, also after a new one has taken its place\n'
as_user tar cf "$T_TMP/a.tar" -C "$T_TMP/tree" .
first "mount -t umfusearchive '$T_TMP/a.tar' '$MNT'; echo x >'$MNT/x'; sync '$MNT'"
must_guest <<'EOS'
mount -t umfusearchive a.tar "$MNT" 2>/dev/null && die "mounted twice"
mount -r -t umfusearchive a.tar "$MNT" 2>/dev/null && die "looked into"
true
EOS
first_ends
first mount -r -t umfusearchive "$T_TMP/a.tar" "$MNT"
must_guest <<'EOS'
must mount -r -t umfusearchive a.tar "$MNT"
same "content" x "$(cat "$MNT/x")"
must umount "$MNT"
mount -t umfusearchive a.tar "$MNT" 2>/dev/null && die "one reads, one writes"
true
EOS
first_ends

printf -- '- both may read\n'
first mount -r -t umfuseext2 "$IMG" "$MNT"
must_guest <<'EOS'
must mount -r -t umfuseext2 "$IMG" "$MNT"
same "content" umfuseext2 "$(cat "$MNT/umfuseext2")"
must umount "$MNT"
mount -t umfuseext2 "$IMG" "$MNT" 2>/dev/null && die "one reads, one writes"
true
EOS
first_ends

printf -- '- within a session a device may stand beside another, as in the kernel\n'
must_guest <<'EOS'
must mount -t umdevpart "$IMG" ./dev
must dd if=/dev/zero of=dev bs=512 count=1 2>/dev/null
must mount -t umfuseext2 "$IMG" "$MNT"
must umount "$MNT" ./dev
EOS
nothing_outside
