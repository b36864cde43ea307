#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# sys-run.sh - runs one program of tests/sys natively or on a mounted image
#
# usage: sys-run.sh native|slow|agent|idle|beside|cow|bind|net|netslow|netns|tap|tapslow|nethost|netkern PROG
#
# native: on a directory of $TMPDIR (default /var/tmp); the host is the oracle
# slow:   on an image mounted in a view, umview --no-agent
# agent:  the same with the agent
# idle:   on a directory of the host, in a view where nothing is mounted
# beside: likewise, with an image mounted elsewhere in the view
# cow:    on a directory of the host that a copy-on-write view lies over; what
#	  is in it must be as before
# bind:   on a directory of the host that is shown at another place
# net:    on a directory of the host, its sockets on a network stack of the view
# netslow: likewise, umview --no-agent
# netns:  natively, as root in a network namespace; for /dev/net/tun
# tap:    as net, with umdevtap at /dev/net/tun
# tapslow: likewise, umview --no-agent, and T_SLOW=1 for the program
# nethost, netkern: likewise, on umnetnative, umnetkern
#
# Environment: see common.sh; FS=ext2|ext3|ext4, IMG_SIZE (128M), MOUNT_OPTS.

here=$(dirname "$0")
# shellcheck source=tests/harness/common.sh
. "$here/common.sh"

usage() {
	printf 'usage: %s native|slow|agent|idle|beside|cow|bind|net|netslow|netns|tap|tapslow|nethost|netkern PROG\n' \
		"$0" >&2
	exit 2
}

run_native() {
	as_user mkdir "$T_TMP/d" "$T_TMP/host" || fail "mkdir"
	as_user "$prog" "$T_TMP/d" "$T_TMP/host"
}

# 9: the image could not be unmounted, 8: it could not be mounted.
run_in_view() {
	command -v "$UMVIEW" >/dev/null 2>&1 || fail "no umview: $UMVIEW"
	mkimg "$T_TMP/img" "${IMG_SIZE:-128M}"
	as_user mkdir "$T_TMP/mnt" "$T_TMP/host" || fail "mkdir"
	# shellcheck disable=SC2016
	in_view sh -c '
		mount -t umfuseext2 $3 "$1/img" "$1/mnt" || exit 8
		mkdir "$1/mnt/d" || exit 8
		"$2" "$1/mnt/d" "$1/host"
		s=$?
		umount "$1/mnt" || exit 9
		exit $s' sh "$T_TMP" "$prog" "${MOUNT_OPTS:-}"
	s=$?
	fsck_img "$T_TMP/img"
	return $s
}

run_idle() {
	as_user mkdir "$T_TMP/d" "$T_TMP/host" || fail "mkdir"
	in_view "$prog" "$T_TMP/d" "$T_TMP/host"
}

run_beside() {
	mkimg "$T_TMP/img" 16M
	as_user mkdir "$T_TMP/d" "$T_TMP/mnt" "$T_TMP/host" || fail "mkdir"
	# shellcheck disable=SC2016
	in_view sh -c '
		mount -t umfuseext2 "$1/img" "$1/mnt" || exit 8
		echo there >"$1/mnt/there" || exit 8
		exec 9<"$1/mnt/there"
		"$2" "$1/d" "$1/host" 9<&-
		s=$?
		exec 9<&-
		umount "$1/mnt" || exit 9
		exit $s' sh "$T_TMP" "$prog"
}

# 7: something of the host's directory was changed.
run_cow() {
	as_user mkdir "$T_TMP/low" "$T_TMP/low/d" "$T_TMP/up" "$T_TMP/host" ||
		fail "mkdir"
	as_user touch -d 2001-01-01 "$T_TMP/low/d" "$T_TMP/low"
	before=$(list_all "$T_TMP/low")
	# shellcheck disable=SC2016
	in_view sh -c '
		mount -t viewfs -o cow "$1/up" "$1/low" || exit 8
		T_OTHER_MOUNT=1 "$2" "$1/low/d" "$1/host"
		s=$?
		umount "$1/low" || exit 9
		exit $s' sh "$T_TMP" "$prog"
	s=$?
	[ "$before" = "$(list_all "$T_TMP/low")" ] || return 7
	return $s
}

list_all() {
	find "$1" -printf '%P %y %m %U %s %n %i %T@ %C@\n' | sort
}

run_bind() {
	as_user mkdir "$T_TMP/from" "$T_TMP/from/d" "$T_TMP/at" "$T_TMP/host" ||
		fail "mkdir"
	# shellcheck disable=SC2016
	in_view sh -c '
		mount -t viewfs "$1/from" "$1/at" || exit 8
		T_OTHER_MOUNT=1 "$2" "$1/at/d" "$1/host"
		s=$?
		umount "$1/at" || exit 9
		exit $s' sh "$T_TMP" "$prog"
}

run_netns() {
	if [ "$(id -u)" != 0 ] || ! unshare -n -m true 2>/dev/null; then
		skip "root, who may make a network namespace, is needed"
	fi
	unshare -n sh -c ': <>/dev/net/tun' 2>/dev/null ||
		skip "no /dev/net/tun here"
	mkdir "$T_TMP/d" "$T_TMP/host" || fail "mkdir"
	timeout "$T_TIMEOUT" unshare -n -m sh -c '
		echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6
		ip link set lo up
		mount -t sysfs none /sys
		exec "$@"' sh "$prog" "$T_TMP/d" "$T_TMP/host"
}

run_tap() {
	as_user mkdir "$T_TMP/d" "$T_TMP/host" || fail "mkdir"
	# shellcheck disable=SC2016
	in_view sh -c '
		mount -t umdevtap none /dev/net/tun || exit 8
		"$@"
		s=$?
		n=0
		until umount /dev/net/tun 2>/dev/null; do
			n=$((n + 1))
			[ "$n" -lt 200 ] || exit 9
			sleep 0.1
		done
		exit $s' sh "$prog" "$T_TMP/d" "$T_TMP/host"
}

[ $# -eq 2 ] || usage
mode=$1
prog=$(realpath "$2") || fail "no program $2"

t_setup
out=$T_TMP/out
case $mode in
native)
	run_native >"$out" 2>&1
	;;
net)
	UMVIEW_FLAGS="--net=umnetlwip,lo ${UMVIEW_FLAGS:-}"
	(run_idle) >"$out" 2>&1
	;;
netslow)
	UMVIEW_FLAGS="--no-agent --net=umnetlwip,lo ${UMVIEW_FLAGS:-}"
	(run_idle) >"$out" 2>&1
	;;
netns)
	run_netns >"$out" 2>&1
	;;
tap)
	UMVIEW_FLAGS="--net=umnetlwip,lo ${UMVIEW_FLAGS:-}"
	(run_tap) >"$out" 2>&1
	;;
tapslow)
	export T_SLOW=1
	UMVIEW_FLAGS="--no-agent --net=umnetlwip,lo ${UMVIEW_FLAGS:-}"
	(run_tap) >"$out" 2>&1
	;;
nethost)
	UMVIEW_FLAGS="--net=native ${UMVIEW_FLAGS:-}"
	(run_idle) >"$out" 2>&1
	;;
netkern)
	as_user unshare -Un true 2>/dev/null || skip "no user namespaces here"
	UMVIEW_FLAGS="--net=umnetkern ${UMVIEW_FLAGS:-}"
	(run_idle) >"$out" 2>&1
	;;
slow)
	UMVIEW_FLAGS="--no-agent ${UMVIEW_FLAGS:-}"
	(run_in_view) >"$out" 2>&1
	;;
agent)
	(run_in_view) >"$out" 2>&1
	;;
idle)
	(run_idle) >"$out" 2>&1
	;;
beside)
	(run_beside) >"$out" 2>&1
	;;
cow)
	(run_cow) >"$out" 2>&1
	;;
bind)
	(run_bind) >"$out" 2>&1
	;;
*)
	usage
	;;
esac
status=$?
cat "$out"
case $status in
0) ;;
7) fail "what the view lies over was changed" ;;
8) fail "mount" ;;
9) fail "umount" ;;
77) grep -q '^skip: ' "$out" || fail "skipped without a reason" ;;
124 | 137) fail "deadline of $T_TIMEOUT seconds passed" ;;
129 | 1[3-9]?) fail "ended by signal $((status - 128))" ;;
1) ;;
*) fail "exit status $status" ;;
esac
exit $status
