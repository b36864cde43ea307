# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# limits.sh - what each file system is known to lack, in the words of the
# programs' --without
#
# limits KIND - prints them. Reasons stand beside; "protocol" is FUSE's.
limits() {
	local lacks
	case $1 in
	native | kernel) lacks='' ;;
	# Blocks of files can be dropped anywhere, not moved.
	ext4) lacks='collapse,insert,xattr-unlinked' ;;
	# Files without extents have no blocks that are set aside.
	ext2 | ext3) lacks='collapse,insert,room,keep,zero,xattr-unlinked' ;;
	ramfs) lacks='room,keep,punch,zero,collapse,insert,xattr' ;;
	ramfile) lacks='room,keep,punch,zero,collapse,insert' ;;
	# Sockets are nothing that archives hold.
	archive) lacks='room,keep,punch,zero,collapse,insert,xattr-unlinked,socket' ;;
	hide) lacks='xattr-unlinked' ;;
	*) lacks="$(daemon_limits "$1")" ;;
	esac
	printf '%s\n' "$lacks"
}

daemon_limits() {
	:
}
