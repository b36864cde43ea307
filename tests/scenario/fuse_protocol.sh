#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fuse_protocol.sh - a daemon that counts what it is asked, and a program that
# tries it: the same is seen in a view as with the kernel's FUSE
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 cmp
TESTFS=$UM_BUILD_DIR/tests/fuse/testfs
[ -x "$TESTFS" ] || skip "no $TESTFS: built where there is libfuse3-dev"
cp "$TESTFS" "$here/../fuse/guest.py" "$T_TMP" && chmod 755 "$T_TMP/testfs"

# with_kernel OPTION... -- CMD... - CMD while testfs is mounted by the kernel;
# who waits for a daemon that hangs can be ended by umount -f alone
with_kernel() {
	local options=() watch ret
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	"$TESTFS" "${options[@]}" "$MNT" || fail "testfs"
	(sleep 100 && umount -f "$MNT") >/dev/null 2>&1 &
	watch=$!
	timeout 90 "$@"
	ret=$?
	kill $watch 2>/dev/null
	umount "$MNT" || fail "umount"
	return $ret
}
may_mount() { [ "$(id -u)" = 0 ] && [ -w /dev/fuse ]; }

printf -- '- in a view\n'
must_guest <<'EOS' >"$T_TMP/view"
must ./testfs "$MNT"
python3 guest.py "$MNT" || die "guest.py: $?"
must umount "$MNT"
EOS
nothing_outside

printf -- '- with the kernel\n'
if may_mount; then
	with_kernel -- python3 guest.py "$MNT" >"$T_TMP/kernel" ||
		fail "guest.py: $?"
	diff "$T_TMP/kernel" "$T_TMP/view" || fail "it differs"
else
	printf 'not compared: the kernel lets nobody here mount FUSE\n'
	! grep -E "(False|-1)$" "$T_TMP/view" || fail "see above"
fi

printf -- '- access control lists: user, group, neither\n'
uid=$(as_user id -u)
gid=$(as_user id -g)
for list in "$uid 1" "1 $gid" "1 1"; do
	export ACL_UID=${list% *} ACL_GID=${list#* }
	must_guest <<'EOS' >"$T_TMP/view"
must ./testfs "$MNT"
python3 guest.py "$MNT" acl || die "guest.py: $?"
EOS
	[ "$list" = "1 1" ] || grep -q "open 0 True" "$T_TMP/view" ||
		fail "$list: $(cat "$T_TMP/view")"
	if may_mount; then
		with_kernel -o allow_other -- \
			env PATH=/usr/bin:/bin setpriv \
			--reuid="$uid" --regid="$gid" --clear-groups \
			python3 guest.py "$MNT" acl >"$T_TMP/kernel" ||
			fail "guest.py: $?"
		diff "$T_TMP/kernel" "$T_TMP/view" || fail "$list: it differs"
	fi
done

printf -- '- what a view does better\n'
must_guest <<'EOS' >"$T_TMP/view"
must ./testfs "$MNT"
python3 guest.py "$MNT" slow_lookup late_lookup ofd_locks_go || die "guest.py: $?"
EOS
! grep -E "False$" "$T_TMP/view" || fail "$(cat "$T_TMP/view")"
