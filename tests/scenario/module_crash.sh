#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# module_crash.sh - a module that crashes ends its mount, and nothing else;
# usage: module_crash.sh DIRECTORY-OF-THE-TEST-MODULES SANITIZER
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 timeout
modules=$1
[ -z "${2:-}" ] || skip "with -fsanitize=$2 a crash is reported, not survived"
[ -e "$modules/umtestcrash.so" ] || fail "no test modules in $modules"

export UMVIEW_MODULE_PATH=$modules
must_guest -- --log "$T_TMP/log" <<'EOS'
must um_add_service umtestcrash
t() {
	timeout 20 "$@" >out 2>&1
	[ $? -ne 124 ] || die "hangs: $*"
}
py() {
	t python3 -c "import os,fcntl,sys; m='$MNT'; $1"
}
trigger() {
	case $1 in
	getattr) t stat "$MNT/f" ;;
	readlink) t readlink "$MNT/l" ;;
	readdir) t ls "$MNT" ;;
	mknod) t mkfifo "$MNT/p" ;;
	mkdir) t mkdir "$MNT/n" ;;
	unlink) t rm -f "$MNT/f" ;;
	rmdir) t rmdir "$MNT/d" ;;
	symlink) t ln -s x "$MNT/s" ;;
	rename) t mv "$MNT/f" "$MNT/g" ;;
	link) t ln "$MNT/f" "$MNT/h" ;;
	chmod) t chmod 600 "$MNT/f" ;;
	chown) t chown "$(id -u)" "$MNT/f" ;;
	utimens) t touch -d 2001-01-01 "$MNT/f" ;;
	truncate) t truncate -s 3 "$MNT/f" ;;
	statfs) t df "$MNT" ;;
	setxattr) py "os.setxattr(m+'/f','user.a',b'x')" ;;
	getxattr) py "os.getxattr(m+'/f','user.a')" ;;
	listxattr) py "os.listxattr(m+'/f')" ;;
	removexattr) py "os.removexattr(m+'/f','user.a')" ;;
	open) t cat "$MNT/f" ;;
	create) t sh -c ": >$MNT/new" ;;
	read) t cat "$MNT/f" ;;
	write) t sh -c "echo x >>$MNT/f" ;;
	fallocate) py "os.posix_fallocate(os.open(m+'/f',os.O_RDWR),0,99)" ;;
	fsync) py "f=os.open(m+'/f',os.O_RDWR); os.write(f,b'x'); os.fsync(f)" ;;
	release) t cat "$MNT/f"; t sync -f "$MNT" ;;
	syncfs) t sync -f "$MNT" ;;
	access) py "os.access(m+'/f', os.W_OK)" ;;
	umount) : ;;
	esac
}
# crashes OPERATION HOW: the mount is dead, can be unmounted, and that is all
crashes() {
	echo "# $1=$2"
	local before
	before=$(wc -l <log)
	must mount -t umtestcrash -o "$1=$2" none "$MNT"
	trigger "$1"
	if [ "$1" = release ]; then
		# the last close is learned of a moment later
		for i in $(seq 100); do
			stat "$MNT/f" >out 2>&1 || break
			sleep 0.05
		done
	fi
	[ "$1" = umount ] ||
		refused any 'input/output error' stat "$MNT/f"
	[ "$1" = umount ] ||
		refused any 'input/output error' touch "$MNT/other"
	t umount "$MNT"
	! grep -q " $MNT " /proc/self/mounts || die "$1=$2: still mounted"
	tail -n +$((before + 1)) log | grep -q "crashed.*$1" ||
		die "$1=$2: nothing said: $(tail -n 2 log)"
	same "the next mount after $1=$2" hello \
		"$(mount -t umtestcrash none "$MNT" && cat "$MNT/f" && umount "$MNT")"
}
for op in getattr readlink readdir mknod mkdir unlink rmdir symlink rename \
	link chmod chown utimens truncate statfs setxattr getxattr listxattr \
	removexattr open create read write fallocate fsync release syncfs \
	access umount; do
	crashes "$op" segv
done
for how in fpe ill stack abort assert exit raise; do
	crashes getattr "$how"
	crashes write "$how"
	refused 1 'did not start' viewmount -t umtestcrash -o "mount=$how" none "$MNT"
	must um_del_service umtestcrash
	refused 1 'input/output|umtestcrash' um_add_service "umtestcrash,$how"
	must um_add_service umtestcrash
done

# It says that it filled or took more than there was.
for op in getattr readlink readdir getxattr listxattr read write; do
	echo "# $op=more"
	must mount -t umtestcrash -o "$op=more" none "$MNT"
	trigger "$op"
	[ "$op" = readlink ] || grep -qiE '(input/output|I/O) error' out ||
		die "$op=more: $(head -n 3 out)"
	tail -n 3 log | grep -q "$op returned" || die "$op=more: nothing said"
	same "the root after $op=more" directory "$(stat -c %F "$MNT")"
	must umount "$MNT"
done

refused 1 'did not start' viewmount -t umtestcrash -o mount=none none "$MNT"

# The crash holds a lock for which others wait.
must mount -t umtestcrash -o readlink=lock none "$MNT"
timeout 20 readlink "$MNT/l" >/dev/null 2>&1 &
first=$!
sleep 0.3
waiters=()
for i in 1 2 3 4; do
	timeout 20 df "$MNT" >/dev/null 2>&1 &
	waiters+=($!)
done
for pid in $first "${waiters[@]}"; do
	wait "$pid"
	[ $? -ne 124 ] || die "hangs behind a lock"
done
refused any 'input/output error' stat "$MNT/f"
must umount "$MNT"

# One mount's crash is not another's, of the same module.
mkdir second
must mount -t umtestcrash none second
must mount -t umtestcrash -o readdir=segv none "$MNT"
trigger readdir
same "the other mount" hello "$(cat second/f)"
must umount "$MNT" second
must um_del_service umtestcrash
must um_add_service umtestcrash,fini
must um_del_service umtestcrash

# FUSE programs: in main, in an operation.
must um_add_service umfuse
refused any 'input/output|can.t read superblock' mount -t umfusecrash exit "$MNT"
refused any 'input/output|can.t read superblock' mount -t umfusecrash segv "$MNT"
must mount -t umfusecrash read "$MNT"
t cat "$MNT/f"
refused any 'input/output error' stat "$MNT/f"
must umount "$MNT"
must mount -t umfusecrash none "$MNT"
must stat "$MNT/f" >/dev/null
must umount "$MNT"
EOS
nothing_outside
