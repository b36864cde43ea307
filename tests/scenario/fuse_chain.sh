#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_chain.sh - an image in an encrypted directory in a remote directory, the
# image mounted over the remote directory's own mount point; torn down in
# reverse, and lazily from below
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/sshd.sh
. "$(dirname "$0")/sshd.sh"
need ps sshfs encfs gocryptfs fuse2fs mke2fs /usr/sbin/sshd ssh-keygen
start_sshd
as_user mkdir back clear

# The image by a module, and by a daemon.
for crypt in encfs gocryptfs; do
	for ext in umfuseext2 fuse2fs; do
		printf -- '- sshfs, %s, %s\n' "$crypt" "$ext"
		as_user rm -rf back clear
		as_user mkdir -p back clear
		must_guest CRYPT="$crypt" EXT="$ext" <<'EOS'
remote() {
	sshfs -o "ssh_command=ssh -F $PWD/ssh_config" \
		localhost:"$PWD/back" "$MNT"
}
encrypted() {
	case $CRYPT in
	encfs) echo pw | encfs -S --standard "$MNT/vault" "$PWD/clear" ;;
	*) echo pw | gocryptfs -q -nosyslog "$MNT/vault" clear ;;
	esac
}
image() {
	case $EXT in
	fuse2fs) fuse2fs clear/disk.img "$MNT" -o nonempty ;;
	*) mount -t "$EXT" clear/disk.img "$MNT" ;;
	esac
}
must remote
must mkdir "$MNT/vault"
[ "$CRYPT" = encfs ] ||
	echo pw | gocryptfs -q -init -scryptn 10 "$MNT/vault" || die init
must encrypted >/dev/null
truncate -s 4M clear/disk.img
must mke2fs -q -F -E "root_owner=$(id -u):$(id -g)" clear/disk.img
must image
echo deep >"$MNT/file" || die "cannot write through all three"
mkdir "$MNT/dir" && cp /etc/passwd "$MNT/dir/" || die cp
cmp /etc/passwd "$MNT/dir/passwd" || die "cmp"
same "the third covers the first" "dir file lost+found" "$(echo $(ls "$MNT"))"
must umount "$MNT"
must umount clear
must umount "$MNT"
grep -E " $PWD/.*(fuse|ext2)" /proc/self/mounts && die "left over"

# Gone by -l in any order: what was written arrives all the same.
want=deep
for order in "clear $MNT $MNT" "$MNT clear $MNT" "$MNT $MNT clear"; do
	must remote
	must encrypted >/dev/null
	must image
	same "before $order" "$want" "$(echo $(cat "$MNT/file"))"
	echo more >>"$MNT/file" || die append
	want="$want more"
	for target in $order; do
		must umount -l "$target"
	done
	same beneath "" "$(ls "$MNT")$(ls clear)"
	! grep -E " $PWD/.*(fuse|ext2)" /proc/self/mounts || die "left over"
	# the programs go when nothing is left of them
	for i in $(seq 200); do
		ps -eo args | grep -v -e grep -e script[.] |
			grep -qF -e "${MNT%/mnt}/clear" -e "$MNT" || break
		sleep 0.1
	done
done
EOS
		must_guest CRYPT="$crypt" <<'EOS'
case $CRYPT in
encfs) echo pw | encfs -S "$PWD/back/vault" "$PWD/clear" ;;
*) echo pw | gocryptfs -q -nosyslog back/vault clear ;;
esac
e2fsck -fn clear/disk.img >fsck 2>&1 || die "e2fsck: $(cat fsck)"
same "what is kept" "deep more more more" \
	"$(echo $(debugfs -R 'cat file' clear/disk.img 2>/dev/null))"
EOS
	done
done
stop_sshd
nothing_outside
