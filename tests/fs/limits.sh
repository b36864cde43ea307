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
	*) lacks=$(daemon_limits "$1") ;;
	esac
	printf '%s\n' "$lacks"
}

# What FUSE's protocol has no words for, and what libfuse 2 had none for yet.
moves='collapse,insert'
fuse2="$moves,room,keep,punch,zero,exchange,noreplace,linktime,unlink-open,link"

# Each of these is so with the kernel's FUSE, too (UM_NATIVE=1), but for
# xattr-unlinked.
daemon_limits() {
	local lacks='xattr-unlinked'
	case $1 in
	bindfs) lacks+=",$fuse2,xattr" ;;
	fuse2fs) lacks+=",$fuse2,ns" ;;
	ntfs3g) lacks+=",$fuse2,long,bytes,ns,mode,dirlinks" ;;
	exfat) lacks+=",$fuse2,bytes,case,link,symlink,special,mode,xattr,time,dirlinks,ino" ;;
	sshfs) lacks+=",$fuse2,ino,special,xattr,ns,dirlinks,errno" ;;
	gocryptfs) lacks+=",$moves,punch,zero,fsync-unlinked,unlink-open,long,seek" ;;
	encfs) lacks+=",$fuse2,long,ns" ;;
	mergerfs) lacks+=",exchange,noreplace,ino,unlink-open,link,errno" ;;
	# It keeps files of its own beside those with long names.
	fuse_overlayfs) lacks+=",long,dirlinks,nolinks,ino,errno" ;;
	unionfs) lacks+=",$fuse2,xattr,dirlinks,ino" ;;
	esac
	printf '%s\n' "$lacks"
}
