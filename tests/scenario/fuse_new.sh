#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_new.sh - what few or only newer FUSE daemons have: poll, O_TMPFILE, statx,
# the write-back cache, files that cannot be sought, long names. The same is seen in a view as with the kernel's FUSE
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 cmp
NEWFS=$UM_BUILD_DIR/tests/fuse/newfs
cp "$NEWFS" "$here/../fuse/newguest.py" "$T_TMP" && chmod 755 "$T_TMP/newfs"
may_mount() { [ "$(id -u)" = 0 ] && [ -w /dev/fuse ]; }

# compare OPTIONS CHECK... - the program's lines in a view, on both roads, and
# with the kernel
compare() {
	local options=$1 ret
	shift
	printf -- '- %s\n' "$*"
	for road in "" --no-agent; do
		# shellcheck disable=SC2086 # none, or an option
		must_guest "OPTIONS=$options" "CHECKS=$*" -- $road <<'EOS' \
			>"$T_TMP/view$road"
# shellcheck disable=SC2086 # lists
must ./newfs $OPTIONS "$MNT"
python3 newguest.py "$MNT" $CHECKS || die "newguest.py: $?"
must umount "$MNT"
EOS
	done
	diff "$T_TMP/view" "$T_TMP/view--no-agent" || fail "two roads"
	if may_mount; then
		# shellcheck disable=SC2086 # a list
		"$NEWFS" $options "$MNT" || fail "newfs"
		timeout 90 python3 "$here/../fuse/newguest.py" "$MNT" "$@" \
			>"$T_TMP/kernel"
		ret=$?
		umount "$MNT"
		[ $ret = 0 ] || fail "newguest.py: $ret"
		diff "$T_TMP/kernel" "$T_TMP/view" || fail "it differs"
	else
		printf 'not compared: the kernel lets nobody here mount FUSE\n'
		! grep -E "(False|-1)$" "$T_TMP/view" || fail "see above"
	fi
}

compare "" poll poll_select poll_epoll poll_signals
compare "" tmpfiles
compare "" seeks long_names wrong_listings
compare "" statx
compare -s statx
compare -w writeback writeback_changes

printf -- '- a daemon that dies while it is waited for\n'
must_guest <<'EOS' >"$T_TMP/view"
must ./newfs "$MNT"
DAEMON=$(pgrep -u "$(id -u)" -f "^./newfs $MNT") || die "no daemon"
export DAEMON
python3 newguest.py "$MNT" poll_dies || die "newguest.py: $?"
umount -l "$MNT"
EOS
grep -q "error \[True\]" "$T_TMP/view" || fail "$(cat "$T_TMP/view")"
nothing_outside
