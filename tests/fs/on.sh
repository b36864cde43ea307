#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# on.sh - runs a program of tests/fs on a file system, in a view
#
# usage: on.sh KIND PROGRAM [ARGUMENT...]
#
# KIND is native (a directory of the host), a module of ours (ext2 ext3 ext4
# ramfs ramfile archive hide), or a daemon of scenario/daemons.sh. Afterwards it
# is mounted anew: what was left must be there; and its own fsck must be
# content. What it is known to lack is told to the program: limits.sh.
#
# Environment: UMVIEW, UMVIEW_FLAGS as everywhere. UM_NATIVE=1: a daemon is started
# without a view, by the kernel's FUSE: shows what is the daemon's own doing.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/../scenario/lib.sh"
# shellcheck source=tests/fs/kinds.sh
. "$here/../fs/kinds.sh"
# shellcheck source=tests/fs/limits.sh
. "$here/../fs/limits.sh"

[ $# -ge 2 ] || fail "usage: on.sh KIND PROGRAM [ARGUMENT...]"
kind=$1
program=$(realpath "$2") || fail "no program $2"
shift 2
as_user mkdir left
without=$(limits "$kind")
if [ "$kind" = native ]; then
	as_user "$program" --without "$without" "$@" "$MNT"
	exit
fi
file_system "$kind"
need mount umount
prepare
run=must_guest
[ -z "${UM_NATIVE:-}" ] || run=native
"$run" START="$start" LOST="$lost" PROGRAM="$program" \
	ARGS="$(printf '%q ' --without "$without" "$@")" <<'EOS' || fail "exit status $?"
[ -z "${UM_NATIVE:-}" ] || trap 'fusermount3 -uz "$MNT" 2>/dev/null' EXIT
eval "must $START" >/dev/null
eval "set -- $ARGS"
unmount() {
	umount "$MNT" 2>/dev/null || fusermount3 -u "$MNT"
}
tree() {
	find "$MNT/d" -type f -printf '%P %s\n' -o -printf '%P %y %l\n' | sort
}
if [ -d "$MNT" ]; then
	must mkdir "$MNT/d"
	must "$PROGRAM" "$@" --leave "$PWD/left" "$MNT/d"
	tree >before
else
	must "$PROGRAM" "$@" --file "$MNT"
fi
must unmount
[ "$LOST" = no ] || exit 0
eval "must $START" >/dev/null
tree | must diff before -
for f in left/*; do
	[ ! -e "$f" ] || must cmp "$f" "$MNT/d/${f##*/}"
done
must unmount
EOS
check_image
nothing_outside
