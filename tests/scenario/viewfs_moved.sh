#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# viewfs_moved.sh - who stands in a directory that is moved in a copy-on-write
# view goes on there, as on the kernel's overlayfs
#
# viewfs_moved.expected is what that gave. As root it is looked at as well, in a
# mount namespace; UM_UPDATE=1 writes it anew.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 diff find
want=$here/viewfs_moved.expected
list=$here/viewfs_moved_list.sh

natively() {
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null || return 0
	mkdir "$T_TMP"/{upper,work,merged}
	# shellcheck disable=SC2016 # for that shell
	timeout 60 unshare -m --propagation private bash -c '
		cd "$1" && mount -t overlay -o \
			lowerdir=low,upperdir=upper,workdir=work,redirect_dir=on \
			overlay merged || exit 9
		exec bash "$2" merged' bash "$T_TMP" "$list" >"$T_TMP/got" 2>&1
	[ $? -ne 9 ] || { printf 'no overlay here\n' && return 0; }
	sed -i "s,$list: line [0-9]*: ,,; s,$T_TMP/merged,TOP,g" "$T_TMP/got"
	[ -z "${UM_UPDATE:-}" ] || cp "$T_TMP/got" "$want"
	diff -u "$want" "$T_TMP/got" || fail "the kernel does not do as expected"
}

as_user mkdir -p "$T_TMP"/low/{d/sub,e}
for name in d/f d/k d/sub/g e/f; do
	user_write "$T_TMP/low/$name" <<<"$name"
done
all() {
	(cd "$T_TMP/low" && find . -printf '%p %y %m %i %T@ %C@\n') | sort
}
before=$(all)
natively
for flags in '' --no-agent; do
	as_user mkdir "$T_TMP/up$flags"
	# shellcheck disable=SC2086 # none, or one
	as_user "$UMVIEW" -q $flags bash -c '
		mount -t viewfs -o cow "$1" "$2" && bash "$3" "$2"' bash \
		"$T_TMP/up$flags" "$T_TMP/low" "$list" >"$T_TMP/got" 2>&1
	sed -i "s,$list: line [0-9]*: ,,; s,$T_TMP/low,TOP,g" "$T_TMP/got"
	diff -u "$want" "$T_TMP/got" || fail "not as the kernel: $flags"
done
[ "$(all)" = "$before" ] || fail "the tree beneath was changed"
nothing_outside
