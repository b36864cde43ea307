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

printf -- '- in a view\n'
must_guest <<'EOS' >"$T_TMP/view"
must ./testfs "$MNT"
python3 guest.py "$MNT" || die "guest.py: $?"
must umount "$MNT"
EOS
nothing_outside

printf -- '- with the kernel\n'
if [ "$(id -u)" = 0 ] && [ -w /dev/fuse ] && "$TESTFS" "$MNT"; then
	timeout 90 python3 "$here/../fuse/guest.py" "$MNT" >"$T_TMP/kernel"
	umount "$MNT" || fail "umount"
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
	if [ "$(id -u)" = 0 ] && [ -w /dev/fuse ] &&
		"$TESTFS" -o allow_other "$MNT"; then
		as_user python3 guest.py "$MNT" acl >"$T_TMP/kernel"
		umount "$MNT" || fail "umount"
		diff "$T_TMP/kernel" "$T_TMP/view" || fail "$list: it differs"
	fi
done

printf -- '- what the kernel has no way to do\n'
must_guest <<'EOS' >"$T_TMP/view"
must ./testfs "$MNT"
python3 guest.py "$MNT" late_lookup || die "guest.py: $?"
EOS
! grep -E "False$" "$T_TMP/view" || fail "late answers"
