#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# no_agent.sh - umview --no-agent: the host's programs as the kernel execs them
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck
mkimg "$IMG" 16M

printf -- '- mounted, entered, written, split, unmounted\n'
guest -- --no-agent <<'EOS' || fail "exit status $?"
must mount -t umfuseext2 "$IMG" "$MNT"
same "virtual root is gone after mount" "$UID" "$(id -u)"
must cp /etc/passwd "$MNT/p"
must cmp /etc/passwd "$MNT/p"
must mkdir "$MNT/d"
cd "$MNT/d" || die "cd"
same "pwd" "$MNT/d" "$(/bin/pwd)"
printf '#!/bin/sh\necho run\n' >s
must chmod 755 s
same "read as a script" run "$(sh s)"
refused 126 'denied' ./s
refused 126 'denied' sh -c 'cp /bin/true t && ./t'
printf '#!%s/d/t\n' "$MNT" >"${IMG%/*}/interp"
must chmod 755 "${IMG%/*}/interp"
refused 126 'denied' "${IMG%/*}/interp"
same "nested" "gone" "$(umview -q sh -c "cd / && umount '$MNT' &&
	test ! -e '$MNT/p' && echo gone")"
must test -e "$MNT/p"
same "a script's name" "$0" "$(tr '\0' '\n' </proc/$$/cmdline | sed -n 2p)"
cd / || die "cd /"
must umount "$MNT"
EOS
fsck_img "$IMG"

printf -- '- said, once\n'
guest -- --no-agent <<'EOS' >"$T_TMP/out" 2>&1
mount -t umfuseext2 "$IMG" "$MNT"
"$MNT/d/s"
"$MNT/d/s"
EOS
[ "$(grep -c 'cannot be run with --no-agent' "$T_TMP/out")" -eq 1 ] ||
	fail "said: $(cat "$T_TMP/out")"

printf -- '- there is no agent\n'
# started FLAGS... - what the host's kernel has for a guest's program
started() {
	as_user rm -f "$T_TMP/pid"
	as_user mkfifo "$T_TMP/hold" 2>/dev/null
	as_user "$UMVIEW" -q "$@" sh -c 'echo $$ >"$1.new" && mv "$1.new" "$1" &&
		exec cat "$2"' sh "$T_TMP/pid" "$T_TMP/hold" &
	wait_for 10 test -s "$T_TMP/pid" || fail "it did not start"
	wait_for 10 grep -q '^cat' "/proc/$(cat "$T_TMP/pid")/comm"
	readlink "/proc/$(cat "$T_TMP/pid")/exe"
	: >"$T_TMP/hold"
	wait
}
case $(started --no-agent) in
*/cat | */coreutils | */busybox) ;;
*) fail "not the kernel's own exec" ;;
esac
case $(started) in
*/umview-agent) ;;
*) fail "without the option there is an agent" ;;
esac
