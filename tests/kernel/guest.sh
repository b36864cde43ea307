#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest.sh - init of the machine that run.sh boots: runs the tests, prints the
# output of those that fail and a line for each, powers off
export PATH=/usr/bin:/usr/sbin:/opt/umview/bin
export TMPDIR=/var/tmp UMVIEW=/opt/umview/bin/umview
export T_TIMEOUT=240 T_DEADLINE=120
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts
mount -t devpts pts /dev/pts
ip link set lo up
for dir in /dev/shm /tmp /var/tmp /run; do
	mount -t tmpfs -o mode=1777 tmpfs $dir
done
ln -s /proc/self/fd /dev/fd
exec </dev/null >/dev/ttyS0 2>&1

# one NAME CMD... - run a test, print what came of it
one() {
	local name=$1 out status
	shift
	out=$("$@" 2>&1)
	status=$?
	case $status in
	0) printf 'ok %s\n' "$name" ;;
	77) printf 'skip %s: %s\n' "$name" "$(grep '^skip: ' <<<"$out")" ;;
	*) printf '%s\nFAIL %s: %d\n' "$out" "$name" "$status" ;;
	esac
}
export -f one

# The tests, one a line: NAME, then the command.
tests() {
	local program mode story
	for program in /opt/sys/*; do
		for mode in native slow agent idle beside cow bind net netslow; do
			grep -qxF "sys/${program##*/}@$mode" /opt/names ||
				continue
			printf 'sys/%s@%s sh /opt/tests/harness/sys-run.sh %s %s\n' \
				"${program##*/}" $mode $mode "$program"
		done
	done
	printf 'scenario/main_%s bash /opt/tests/scenario/main_job.sh %s\n' \
		ext2 ext2 ext4 ext4
	for story in mount_points nested_images nested_views services \
		proc_views bad_input; do
		printf 'scenario/%s bash /opt/tests/scenario/%s.sh\n' \
			$story $story
	done
}

uname -a
cd /
# shellcheck disable=SC2016 # the inner shell's
tests | grep -E -- "$(cat /opt/regex)" |
	xargs -P "$(nproc)" -I '{}' bash -c 'one {}' | tee /tmp/results
dmesg | grep -iE 'BUG|Oops|segfault|umview' | head -n 20
printf 'passed %d, skipped %d, failed %d\n' "$(grep -c '^ok ' /tmp/results)" \
	"$(grep -c '^skip ' /tmp/results)" "$(grep -c '^FAIL ' /tmp/results)"
sync
echo o >/proc/sysrq-trigger
sleep 60
