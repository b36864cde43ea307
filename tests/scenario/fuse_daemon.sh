#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_daemon.sh - a FUSE program of the distribution, started in a view by an
# ordinary user, mounts and serves; usage: fuse_daemon.sh NAME
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/daemons.sh
. "$here/daemons.sh"
need mount umount fusermount3
daemon "$1"

prepare
must_guest START="$start" WRITABLE="$writable" LINKS="$links" \
	MOVES="$moves" REMOVES="$removes" <<'EOS'
[ -c /dev/fuse ] || die "no /dev/fuse"
eval "must $START" >/dev/null
grep -q " $MNT fuse" /proc/self/mounts || die "not in /proc/self/mounts"
if [ "$WRITABLE" = no ]; then
	same hello "from the tree" "$(cat "$MNT/hello")"
	same "dir/file" deeper "$(cat "$MNT/dir/file")"
	same link "from the tree" "$(cat "$MNT/link")"
	refused any "read-only|not implemented|permitted|denied" \
		touch "$MNT/new"
else
	echo "from the tree" >"$MNT/hello" || die "cannot write"
	mkdir -p "$MNT/dir" || die mkdir
	echo "deeper" >"$MNT/dir/file" || die "cannot write"
	lines=$MNT/lines
	[ "$MOVES" = yes ] || lines=$MNT/many
	seq 20000 >"$lines" || die "cannot write much"
	[ "$MOVES" = no ] || must mv "$lines" "$MNT/many"
	seq 20000 | cmp - "$MNT/many" || die "what was written is not read"
	dd if="$MNT/many" bs=1000 skip=50 count=3 status=none |
		cmp - <(seq 20000 | dd bs=1000 skip=50 count=3 iflag=fullblock \
			status=none) ||
		die "a part of it"
	same listing "dir hello many" "$(echo $(ls "$MNT" | grep -xE 'dir|hello|many'))"
	if [ "$LINKS" = yes ]; then
		must ln -s hello "$MNT/soft"
		same soft "from the tree" "$(cat "$MNT/soft")"
		must rm "$MNT/soft"
	fi
	if [ "$REMOVES" = yes ]; then
		echo gone >"$MNT/gone" && must rm "$MNT/gone"
		[ ! -e "$MNT/gone" ] || die "rm"
	fi
	mkdir "$MNT/sub" && must rmdir "$MNT/sub"
fi
df "$MNT" >/dev/null || die df
must umount "$MNT"
grep -q " $MNT fuse" /proc/self/mounts && die "still mounted"
same "beneath" "" "$(ls -A "$MNT")"
EOS
check
check_image

# Nobody unmounts: the session's end does, and what was written is there.
[ "$writable" = yes ] || exit 0
must_guest START="$start" <<'EOS'
eval "must $START" >/dev/null
echo kept >"$MNT/kept" || die "cannot write"
EOS
must_guest START="$start" <<'EOS'
eval "must $START" >/dev/null
same kept kept "$(cat "$MNT/kept")"
must fusermount3 -u "$MNT"
EOS
check
check_image
nothing_outside
