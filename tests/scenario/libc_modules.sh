#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# libc_modules.sh - a module that makes plain libc calls works on the view
# beneath its mount: it mirrors a directory of a mounted image
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck debugfs
mkimg "$IMG" 16M
as_user mkdir "$T_TMP/mirror"
modules=$(dirname "$UMVIEW")/../tests/umfuse
[ -e "$modules/umfusemirror.so" ] || skip "no test program umfusemirror here"

printf -- '- a mirror of a mounted image is read and written\n'
as_user env UMVIEW_MODULE_PATH="$modules" "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && echo beneath >"$2/f" || exit 2
	mount -t umfusemirror "$2" "$3" || exit 3
	[ "$(cat "$3/f")" = beneath ] || exit 4
	[ "$(ls "$3" | tr "\n" " ")" = "f lost+found " ] || exit 5
	echo through >"$3/g" && mkdir "$3/d" && echo deep >"$3/d/h" || exit 6
	[ "$(cat "$2/g" "$2/d/h")" = "$(printf "through\ndeep")" ] || exit 7
	rm "$3/f" && [ ! -e "$2/f" ] || exit 8
	umount "$3" && umount "$2" || exit 9
' bash "$IMG" "$MNT" "$T_TMP/mirror" >"$T_TMP/out" 2>&1 </dev/null
status=$?
[ $status -eq 0 ] || fail "step $status: $(cat "$T_TMP/out")"
fsck_img "$IMG"
[ "$(debugfs -R 'cat /g' "$IMG" 2>/dev/null)" = through ] || fail 'g is lost'
