#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_known.sh - what agents know of names in a copy-on-write view ends as
# soon as it is not so any more
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 diff
list=$here/viewfs_known.py
tree() {
	as_user mkdir -p "$1"/{there/more,other,dir}
	for name in there/f there/more/f other/f other/only file one two \
		dir/f; do
		user_write "$1/$name" <<<"$name"
	done
	as_user ln -s there "$1/link"
	as_user ln -s other "$1/link2"
}
tree "$T_TMP/native"
as_user python3 "$list" "$T_TMP/native" >"$T_TMP/want" || fail "natively"
tree "$T_TMP/low"
for flags in '' --no-agent; do
	for over in "$T_TMP/low" /; do
		as_user rm -rf "$T_TMP/up"
		as_user mkdir "$T_TMP/up"
		# shellcheck disable=SC2086 # none, or one
		as_user "$UMVIEW" -q $flags sh -c '
			mount -t viewfs -o cow "$1" "$2" && exec python3 "$3" "$4"' \
			sh "$T_TMP/up" "$over" "$list" "$T_TMP/low" \
			>"$T_TMP/got" || fail "over $over $flags"
		diff "$T_TMP/want" "$T_TMP/got" || fail "over $over $flags"
	done
done
nothing_outside
