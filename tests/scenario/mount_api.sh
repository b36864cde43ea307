#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# mount_api.sh - fsopen, fsconfig, fsmount, fspick, open_tree, move_mount and
# mount_setattr answer as the kernel's
#
# mount_api.expected is what the kernel's own said. As root that is looked at as
# well, in a mount namespace; UM_UPDATE=1 writes it anew.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 diff mke2fs debugfs e2fsck
want=$here/mount_api.expected
api=$here/mount_api.py

natively() {
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null || return 0
	mkdir "$T_TMP/kernel"
	timeout 60 unshare -m --propagation private python3 "$api" \
		"$T_TMP/kernel" >"$T_TMP/got" 2>&1
	[ -z "${UM_UPDATE:-}" ] || cp "$T_TMP/got" "$want"
	diff -u "$want" "$T_TMP/got" || fail "the kernel does not do as expected"
}

as_user mkdir -p "$T_TMP"/{tree,types/src,types/low,types/a}
user_write "$T_TMP/tree/hello" <<<hello
user_write "$T_TMP/types/src/f" <<<source
user_write "$T_TMP/types/low/f" <<<hidden
user_write "$T_TMP/types/low/g" <<<low
natively
for flags in '' --no-agent; do
	printf -- '- %s\n' "${flags:-fast}"
	as_user mkdir "$T_TMP/view$flags"
	# what the modules say goes to standard error, too
	# shellcheck disable=SC2086 # none, or one
	as_user "$UMVIEW" -q $flags python3 "$api" "$T_TMP/view$flags" \
		>"$T_TMP/got" 2>"$T_TMP/said" || fail "$(cat "$T_TMP/said")"
	diff -u "$want" "$T_TMP/got" || fail "not as the kernel: $flags"
	FS=ext4 pack_image "$IMG" 8M "$T_TMP/tree"
	# shellcheck disable=SC2086
	as_user "$UMVIEW" -q $flags python3 "$api" "$T_TMP/types" "$IMG" \
		>"$T_TMP/said" 2>&1 || fail "$(cat "$T_TMP/said")"
	as_user e2fsck -fn "$IMG" >"$T_TMP/said" 2>&1 || fail "$(cat "$T_TMP/said")"
	[ "$(debugfs -R 'cat late' "$IMG" 2>/dev/null)" = late ] ||
		fail "what was written last is not in the image"
	rm "$IMG"
done

printf -- '- who is not root in a secure view may not\n'
as_user "$UMVIEW" -q --secure setpriv --reuid 1234 python3 -c '
import ctypes, errno
libc = ctypes.CDLL(None, use_errno=True)
for args in (430, b"tmpfs", 0), (428, -100, b"/tmp", 1), (429, -100, b"/tmp",
        -100, b"/tmp", 0), (433, -100, b"/", 0), (432, 0, 0, 0):
    assert libc.syscall(*args) == -1
    assert ctypes.get_errno() == errno.EPERM, (args, ctypes.get_errno())
' || fail "exit status $?"
nothing_outside
