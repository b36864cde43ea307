# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# rows.sh - what is measured
#
# A row: group | name | kind of request | command | not timed, before each
# (runner.c has the kinds). A command that begins with "! " is a shell's, any
# other is words with spaces between. @X@ stands for the value of size_X.

# set_sizes quick|full|test
set_sizes() {
	size_ms=100 size_turns=11 size_copies=6 size_big=48 size_lazy=96
	size_create=1000 size_true=200 size_tests=15 size_inserts=2000
	size_layers='base guest vnode view sys' size_crowds='1 10 100'
	size_random=20000 size_files=1000
	size_mib=256 size_writes=50000 size_pings=5000 size_dials=500
	size_many=1000 size_lossy=16 size_idle=5
	case $1 in
	quick)
		size_ms=4 size_turns=5 size_copies=2 size_big=16 size_lazy=72
		size_create=200 size_true=20 size_tests=3 size_inserts=200
		size_layers=base size_crowds='1 10' size_random=2000
		size_files=200
		size_mib=64 size_writes=20000 size_pings=1000 size_dials=200
		size_lossy=4 size_idle=2
		;;
	test)
		size_ms=0 size_turns=1 size_copies=1 size_big=1 size_lazy=65
		size_create=10 size_true=2 size_tests=1 size_inserts=5
		size_layers=base size_crowds='1 3' size_random=10 size_files=5
		size_mib=1 size_writes=10 size_pings=5 size_dials=3
		size_many=5 size_lossy=1 size_idle=0.1
		;;
	esac
}

micro_calls=(getppid clock_gettime open+close open-fails stat stat-8-threads
	access readlink read write write-4k pread lseek fstat getdents mmap
	ping-pong fork fork+exec fork+exec-static thread)

# Of these some are timed on the image too.
image_calls=(open+close open-fails stat readlink pread fstat getdents write-4k)

program_rows() {
	cat <<'ROWS'
program|git status|time|git -C src status --short|
program|find|time|find . -xdev -name absent|
program|tar|time|! tar -cf - src >/dev/null|
program|grep -r|time|! grep -r um_mount src >/dev/null|
program|gcc -c|time|gcc -O1 -c -o one.o one.c|
program|make -j2|time|make -s -j2 -C project|make -s -C project clean
program|configure|time|sh configure.sh @tests@|
program|python|time|python3 imports.py|
program|perl|time|perl count.pl src|
program|sh loop|time|sh loop.sh @true@|
program|true x 200|time|sh true.sh @true@|
program|sqlite insert|time|! sqlite3 new.db <insert.sql|rm -f new.db
program|rsync|time|rsync -a src/ copy/|rm -rf copy
ROWS
}

image_rows() {
	cat <<'ROWS'
image|read 4k|time|files read big 4096|
image|read 128k|time|files read big 131072|
image|read random|time|files random big @random@|
image|lazy 128k|time|files read lazy 131072|
image|lazy random|time|files random lazy @random@|
image|create|time|files create new @create@|! rm -rf new && mkdir new
image|find|time|find src usr -xdev -name absent|
image|tar|time|! tar -cf - src >/dev/null|
image|git status|time|git -C src status --short|
image|gcc -c|time|gcc -O1 -c -o one.o one.c|
image|python|time|usr/bin/python3 imports.py|
cold|read 128k|time|files read big 131072|@cold@
cold|find|time|find src usr -xdev -name absent|@cold@
cold|tar|time|! tar -cf - src >/dev/null|@cold@
cold|git status|time|git -C src status --short|@cold@
cold|python|time|usr/bin/python3 imports.py|@cold@
ROWS
}

disk_rows() {
	cat <<'ROWS'
disk|mkfs, mount, copy, umount|time|sh disk.sh|
ROWS
}

# all_rows - every row, but for those of the group session
all_rows() {
	local call
	for call in "${micro_calls[@]}"; do
		printf 'micro|%s|value|micro %s @ms@|\n' "$call" "$call"
	done
	program_rows
	for call in "${image_calls[@]}"; do
		printf 'image|%s|value|micro %s @ms@|\n' "$call" "$call"
	done
	image_rows
	disk_rows
	daemon_rows
	net_rows
}

# sized TEXT - sets $sized: TEXT with the sizes in it
sized() {
	local name var
	sized=$1
	for name in ms tests true random create mib writes pings dials many \
		lossy; do
		var=size_$name
		sized=${sized//@$name@/${!var}}
	done
}
