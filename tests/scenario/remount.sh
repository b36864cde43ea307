#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# remount.sh - mounts are moved, bound, made read-only and limited as by the
# kernel
#
# remount.expected is what the kernel's own mounts gave. As root that is looked
# at as well, in a mount namespace; UM_UPDATE=1 writes it anew.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mount umount findmnt diff
want=$here/remount.expected

natively() {
	[ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null || return 0
	mkdir "$T_TMP/kernel"
	# mount(8) writes into /run/mount: not into the host's
	# shellcheck disable=SC2016 # for that shell
	timeout 60 unshare -m --propagation private bash -c '
		mount -t tmpfs none /run && exec bash "$@"' bash \
		"$here/remount_list.sh" "$T_TMP/kernel" >"$T_TMP/got" 2>&1
	[ -z "${UM_UPDATE:-}" ] || cp "$T_TMP/got" "$want"
	diff -u "$want" "$T_TMP/got" || fail "the kernel does not do as expected"
}

natively
for flags in '' --no-agent; do
	as_user mkdir "$T_TMP/view$flags"
	as_user "$UMVIEW" -q $flags bash "$here/remount_list.sh" \
		"$T_TMP/view$flags" 2>&1 | grep -v '^umview: ' >"$T_TMP/got"
	diff -u "$want" "$T_TMP/got" || fail "not as the kernel: $flags"
done

printf -- '- another view, and what was bound before, have it where it was\n'
must_guest <<'EOS'
mkdir -p d e f g
must mount -t tmpfs t d
mkdir d/sub && echo here >d/sub/who || die make
must mount --bind d/sub f
must mkfifo up end
umview -q sh -c 'echo >up; read -r _ <end; cat d/sub/who && ! ls e/sub 2>/dev/null
	mount -n --move d g && cat g/sub/who && echo >up' >nested.out &
read -r _ <up
must mount -n --move d e
same "moved" here "$(cat e/sub/who)"
[ ! -e d/sub ] || die "still there"
same "bound before" here "$(cat f/who)"
echo >end
read -r _ <up
wait
same "in the other view" "here here" "$(echo $(cat nested.out))"
same "not moved by it" here "$(cat e/sub/who)"
must umount f e
EOS
nothing_outside
