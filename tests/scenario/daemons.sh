# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154,SC2317 # for those who source this
# daemons.sh - FUSE programs of the distribution: how each is made ready, how it
# is started in a view, what is to be found when it is over
#
# daemon NAME sets
#   prepare	function: what is needed, in $PWD, outside of the view
#   start	the command in the view (run in $PWD, to mount on $MNT)
#   check	function: is what fuse_daemon.sh wrote to be seen from outside?
#   check_image	function: is the image, if there is one, sound?
#   links, moves, removes, writable	"no" where it cannot
# shellcheck source=tests/scenario/sshd.sh
. "$here/sshd.sh"

make_tree() {
	as_user mkdir -p tree/dir
	printf 'from the tree\n' | user_write tree/hello
	printf 'deeper\n' | user_write tree/dir/file
	as_user ln -s hello tree/link
}

same_tree() {
	[ "$(cat "$1/hello" "$1/dir/file")" = "$(printf 'from the tree\ndeeper')" ] ||
		fail "$1 does not hold what was written"
	[ "$(wc -l <"$1/many")" = 20000 ] || fail "$1/many"
}

only_in_up() {
	[ -e up/many ] || fail "not in the upper branch"
	[ ! -e tree/many ] || fail "in the lower branch"
}

image() { # SIZE
	as_user truncate -s "$1" "$IMG"
}

# daemon NAME
daemon() {
	writable=yes links=yes moves=yes removes=yes
	prepare() { :; }
	check() { :; }
	check_image() { :; }
	case $1 in
	bindfs)
		need bindfs
		prepare() { as_user mkdir back; }
		start='bindfs back "$MNT"'
		check() { same_tree back; }
		;;
	gocryptfs)
		# the mount is made by the set-uid helper, the descriptor passed by it
		need gocryptfs
		prepare() {
			as_user mkdir back
			as_user sh -c 'echo pw | gocryptfs -q -init -scryptn 10 back' ||
				fail "gocryptfs -init"
		}
		start='echo pw | gocryptfs -q -nosyslog back "$MNT"'
		check() { [ "$(find back -type f | wc -l)" -ge 5 ] || fail "no files"; }
		;;
	encfs)
		need encfs
		prepare() { as_user mkdir back; }
		start='echo pw | encfs -S --standard "$PWD/back" "$MNT"'
		check() { [ "$(find back -type f | wc -l)" -ge 3 ] || fail "no files"; }
		;;
	cryfs)
		need cryfs
		prepare() { as_user mkdir back; }
		start='echo pw | CRYFS_FRONTEND=noninteractive CRYFS_NO_UPDATE_CHECK=true \
			cryfs back "$MNT"'
		;;
	fuse2fs)
		need fuse2fs mke2fs
		prepare() { mkimg "$IMG" 64M; }
		start='fuse2fs "$IMG" "$MNT"'
		check_image() { fsck_img "$IMG"; }
		;;
	ntfs3g)
		need ntfs-3g mkntfs ntfsfix
		prepare() {
			image 16M
			as_user mkntfs -q -F "$IMG" >/dev/null 2>&1 || fail mkntfs
		}
		start='ntfs-3g "$IMG" "$MNT"'
		check_image() { as_user ntfsfix -n "$IMG" >/dev/null || fail ntfsfix; }
		;;
	exfat)
		need mount.exfat-fuse mkfs.exfat fsck.exfat
		links=no
		prepare() {
			image 16M
			as_user mkfs.exfat "$IMG" >/dev/null || fail mkfs.exfat
		}
		start='mount.exfat-fuse "$IMG" "$MNT"'
		check_image() { as_user fsck.exfat -n "$IMG" >/dev/null || fail fsck.exfat; }
		;;
	fusefat)
		need fusefat mkfs.vfat fsck.vfat
		links=no
		prepare() {
			image 16M
			as_user mkfs.vfat "$IMG" >/dev/null || fail mkfs.vfat
		}
		start='fusefat -o rw+ "$IMG" "$MNT"'
		check_image() { as_user fsck.vfat -n "$IMG" >/dev/null || fail fsck.vfat; }
		;;
	squashfuse | squashfuse_ll)
		need "$1" mksquashfs
		writable=no
		prepare() {
			make_tree
			as_user mksquashfs tree "$IMG" -quiet -no-progress >/dev/null ||
				fail mksquashfs
		}
		start="$1"' "$IMG" "$MNT"'
		;;
	fuseiso)
		need fuseiso genisoimage
		writable=no
		prepare() {
			make_tree
			as_user genisoimage -quiet -R -o "$IMG" tree || fail genisoimage
		}
		start='fuseiso "$IMG" "$MNT"'
		;;
	archivemount)
		need archivemount
		links=no
		# it loses a new file that is renamed before it is saved, anywhere
		moves=no
		prepare() {
			make_tree
			as_user tar czf a.tgz -C tree .
		}
		start='archivemount a.tgz "$MNT"'
		check() { tar tzf a.tgz | grep -q many || fail "not written back"; }
		;;
	fuse_zip)
		need fuse-zip zip unzip
		links=no
		prepare() {
			make_tree
			as_user sh -c 'cd tree && zip -qr ../a.zip .'
		}
		start='fuse-zip a.zip "$MNT"'
		check() { unzip -l a.zip | grep -q many || fail "not written back"; }
		;;
	unionfs)
		need unionfs-fuse
		prepare() { make_tree && as_user mkdir up; }
		start='unionfs-fuse -o cow up=RW:tree=RO "$MNT"'
		check() { only_in_up; }
		;;
	mergerfs)
		need mergerfs
		prepare() { make_tree && as_user mkdir up; }
		start='mergerfs up:tree "$MNT"'
		;;
	fuse_overlayfs)
		need fuse-overlayfs
		prepare() { make_tree && as_user mkdir up work; }
		start='fuse-overlayfs -o lowerdir=tree,upperdir=up,workdir=work "$MNT"'
		check() { only_in_up; }
		;;
	rclone | rclone_mount2)
		need rclone
		links=no
		prepare() { as_user mkdir back; }
		# it may make a file anew that was removed right after it was written
		removes=no
		verb=${1#rclone_}
		start="rclone ${verb/rclone/mount} --config '' --vfs-cache-mode writes"
		start+=' --vfs-write-back 0 --daemon ":local:$PWD/back" "$MNT"'
		;;
	sshfs)
		need sshfs /usr/sbin/sshd ssh-keygen
		prepare() { start_sshd && as_user mkdir back; }
		start='sshfs -o "ssh_command=ssh -F $PWD/ssh_config" localhost:"$PWD/back" "$MNT"'
		check() { same_tree back; }
		;;
	*) fail "no daemon of this name: $1" ;;
	esac
}
