# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016,SC2034,SC2154,SC2317 # for those who source this
# kinds.sh - file systems that can be written, by name: modules of ours, and the
# daemons of scenario/daemons.sh
#
# file_system KIND sets prepare, start, check_image as daemon does; lost=yes where
# nothing is kept over umount.
# shellcheck source=tests/scenario/daemons.sh
. "$here/daemons.sh"

# module KIND - as daemon, for file systems of our own
module() {
	prepare() { :; }
	check_image() { :; }
	case $1 in
	ext2 | ext3 | ext4)
		FS=$1
		prepare() { mkimg "$IMG" 2G; }
		start='mount -t umfuseext2 "$IMG" "$MNT"'
		check_image() { fsck_img "$IMG"; }
		;;
	ramfs) start='mount -t ramfs none "$MNT"' lost=yes ;;
	ramfile) start='mount -t umfuseramfile -o size=256m none "$MNT"' lost=yes ;;
	archive)
		prepare() { as_user tar cf a.tar -T /dev/null; }
		start='mount -t umfusearchive -o nobackup a.tar "$MNT"'
		;;
	hide)
		prepare() { as_user mkdir back; }
		start='mount -t hide -o "hide=*.secret" "$PWD/back" "$MNT"'
		;;
	*) return 1 ;;
	esac
}

file_system() {
	lost=no
	module "$1" || daemon "$1"
}
