#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_over.sh - a daemon whose mount is taken away unmounts nothing else: not
# what its mount lay over
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need bindfs pgrep
as_user mkdir "$T_TMP/back"

guest <<'EOS' || fail "in the view"
must mount -t ramfs none "$MNT"
echo lower >"$MNT/file"
for how in "" -f -l; do
	for i in $(seq 25); do
		must bindfs -o nonempty back "$MNT"
		same "over it $i" "" "$(ls "$MNT")"
		# shellcheck disable=SC2086
		must umount $how "$MNT"
		same "umount $how $i" lower "$(cat "$MNT/file")"
	done
	# by then all of them have ended
	for i in $(seq 300); do
		pgrep -f "^bindfs -o nonempty back $MNT" >/dev/null || break
		sleep 0.1
	done
	same "umount $how" lower "$(cat "$MNT/file")"
done
must umount "$MNT"
EOS
nothing_outside
