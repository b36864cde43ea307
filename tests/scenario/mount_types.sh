#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount_types.sh - mount -t of what programs serve: one command mounts it, and
# what was written is there afterwards; usage: mount_types.sh TYPE
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/sshd.sh
. "$(dirname "$0")/sshd.sh"
type=$1
need mount umount
options=rw
source=back
stdin=/dev/null
guessed=no
writable=yes
# shellcheck disable=SC2317 # each type may put its own in their places
check() { :; }
has_seq() {
	seq 20000 | cmp - "$1" || fail "not what was written: $1"
}

case $type in
umfusefat | vfat | msdos)
	need mkfs.vfat fsck.vfat mcopy
	as_user truncate -s 40M "$IMG"
	as_user mkfs.vfat "$IMG" >/dev/null || fail mkfs.vfat
	source=$IMG guessed=yes
	check() {
		as_user fsck.vfat -n "$IMG" >fsck || fail "fsck.vfat: $(cat fsck)"
		as_user env MTOOLS_SKIP_CHECK=1 mcopy -n -i "$IMG" ::/many back/ ||
			fail mcopy
		has_seq back/many
		as_user rm back/many
	}
	;;
umfuseexfat | exfat)
	need mount.exfat-fuse mkfs.exfat fsck.exfat
	as_user truncate -s 40M "$IMG"
	as_user mkfs.exfat "$IMG" >/dev/null || fail mkfs.exfat
	source=$IMG guessed=yes
	check() { as_user fsck.exfat -n "$IMG" >/dev/null || fail fsck.exfat; }
	;;
umfusentfs3g | ntfs | ntfs3)
	need ntfs-3g mkntfs ntfsfix ntfscat
	# the program is set-uid root: it gives its files to whom it runs as
	owner=root
	as_user truncate -s 40M "$IMG"
	as_user mkntfs -q -F "$IMG" >/dev/null 2>&1 || fail mkntfs
	source=$IMG guessed=yes
	check() {
		as_user ntfsfix -n "$IMG" >/dev/null || fail ntfsfix
		as_user ntfscat "$IMG" many >ntfs.out || fail ntfscat
		has_seq ntfs.out
	}
	;;
umfusessh | sshfs | fuse.sshfs)
	need sshfs /usr/sbin/sshd ssh-keygen
	start_sshd
	source=localhost:$PWD/back
	options=ssh_command="ssh -F $PWD/ssh_config"
	check() { has_seq back/many; }
	;;
umfuseencfs | encfs)
	need encfs
	options="pre='-S --standard'" stdin=password
	;;
umfusegocryptfs | gocryptfs)
	need gocryptfs
	as_user mkdir back
	as_user sh -c 'echo pw | gocryptfs -q -init -scryptn 10 back' ||
		fail "gocryptfs -init"
	stdin=password
	;;
umfusebind | fuse.bindfs)
	need bindfs
	check() { has_seq back/many; }
	;;
umfuserclone)
	need rclone
	source=:local:$PWD/back
	options="pre='--config=',post='--vfs-cache-mode=writes --vfs-write-back=0'"
	check() { has_seq back/many; }
	;;
umfuse2fs)
	need fuse2fs mke2fs
	mkimg "$IMG" 40M
	source=$IMG
	check() { fsck_img "$IMG"; }
	;;
umfusegrub | xfs | btrfs | f2fs | udf)
	kind=$type
	[ "$kind" != umfusegrub ] || kind=btrfs
	need grub-mount "mkfs.$kind"
	size=120M
	[ "$kind" != xfs ] || size=400M
	as_user truncate -s "$size" "$IMG"
	as_user "mkfs.$kind" "$IMG" >/dev/null 2>&1 || fail "mkfs.$kind"
	source=$IMG writable=no
	;;
*) fail "no such type here: $type" ;;
esac
as_user mkdir -p back
echo pw | user_write password

# With the type, then by what the image looks like where that can be known.
for how in "-t $type" ""; do
	[ -n "$how" ] || [ "$guessed" = yes ] || continue
	for by in mount viewmount; do
		[ -n "$how" ] || [ "$by" = mount ] || continue
		must_guest HOW="$how" BY="$by" OPTIONS="$options" \
			WRITABLE="$writable" SOURCE="$source" STDIN="$stdin" OWNER="${owner:-}" <<'EOS'
# shellcheck disable=SC2086 # two words or none
"$BY" $HOW -o "$OPTIONS" "$SOURCE" "$MNT" <"$STDIN" >out 2>&1 ||
	die "$BY $HOW $SOURCE: exit status $?: $(cat out)"
grep -q " $MNT fuse\| $MNT umfuse" /proc/self/mounts || die "not mounted"
if [ "$WRITABLE" = yes ]; then
	seq 20000 >"$MNT/many" || die "cannot write"
	mkdir -p "$MNT/dir" && echo x >"$MNT/dir/a" && mv "$MNT/dir/a" "$MNT/dir/b"
	same dir b "$(ls "$MNT/dir")"
	[ "$OWNER" = root ] || [ -O "$MNT/many" ] || die "whose is it"
else
	refused any 'read-only' touch "$MNT/new"
	ls "$MNT" >/dev/null || die ls
fi
must umount "$MNT"
same beneath "" "$(ls -A "$MNT")"
EOS
		check
	done
done
case $type in
umfusessh | sshfs | fuse.sshfs) stop_sshd ;;
umfusegrub)
	printf -- '- on a directory that is not empty\n'
	must_guest SOURCE="$source" <<'EOS'
mkdir full && echo beneath >full/file
must mount -t umfusegrub "$SOURCE" full >out 2>&1
ls full | grep -q file && die "seen through it"
grep -q " $PWD/full fuse" /proc/self/mounts || die "not mounted there"
must umount full
same "beneath" beneath "$(cat full/file)"
true
EOS
	;;
esac
nothing_outside
