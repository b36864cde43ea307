#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# session.sh - how a view starts and ends: exit status, background guests,
# streams, terminal signals, rc files, options
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs

# exits WANT CMD... - umview CMD ends with that status
exits() {
	local want=$1 got
	shift
	as_user "$UMVIEW" -q "$@" >"$T_TMP/out" 2>&1
	got=$?
	[ "$got" -eq "$want" ] ||
		fail "umview $*: exit $got, want $want: $(cat "$T_TMP/out")"
}

printf -- '- exit status\n'
exits 0 true
exits 1 false
exits 42 sh -c 'exit 42'
for signal in 1 2 3 6 9 11 13 15; do
	exits $((128 + signal)) sh -c 'ulimit -c 0; kill -$1 $$; sleep 5' sh "$signal"
done
exits 127 no-such-command
exits 126 "$T_TMP"

printf -- '- streams and descriptors\n'
[ "$(printf 'a\nb\n' | as_user "$UMVIEW" -q cat)" = "a
b" ] || fail "stdin to stdout"
[ "$(as_user "$UMVIEW" -q sh -c 'echo err >&2; echo out' 2>/dev/null)" = out ] ||
	fail "stderr apart"
[ "$(as_user "$UMVIEW" -q sh -c 'cat <&7' 7<<<inherited)" = inherited ] ||
	fail "an inherited descriptor"
as_user "$UMVIEW" -q ls /proc/self/fd 2>&1 </dev/null | cat >"$T_TMP/out"
as_user ls /proc/self/fd 2>&1 </dev/null | cat >"$T_TMP/fds"
cmp -s "$T_TMP/out" "$T_TMP/fds" ||
	fail "descriptors of the monitor leak: $(cat "$T_TMP/out")"
[ "$(as_user env A=1 "$UMVIEW" -q sh -c 'echo $A$((1 + 1))')" = 12 ] ||
	fail "environment"
as_user "$UMVIEW" -q yes | head -n 1 >/dev/null

printf -- '- background guests keep the session alive\n'
as_user "$UMVIEW" -q bash -c 'mount -t umfuseext2 "$1" "$2" 2>/dev/null
	(sleep 1; ls "$2" >"$3/ls"; echo late >"$3/late") >/dev/null 2>&1 &
	exit 3' bash "$IMG" "$MNT" "$T_TMP"
status=$?
[ "$status" -eq 3 ] || fail "exit $status, want the command's 3"
[ "$(cat "$T_TMP/late" 2>/dev/null)" = late ] ||
	fail "umview ended before its last guest"
# Orphans of orphans as well, and one in a session of its own.
as_user rm -f "$T_TMP/late"
as_user "$UMVIEW" -q sh -c 'setsid sh -c "(sleep 1; echo late >\"$1/late\") &" sh "$1" &' \
	sh "$T_TMP"
[ -e "$T_TMP/late" ] || fail "umview did not wait for an orphan"

printf -- '- rc files\n'
as_user mkdir "$T_TMP/home"
printf '#!/bin/sh\necho "rc $# $*" >>"$HOME/trace"\n' |
	user_write "$T_TMP/home/.viewosrc"
with_home() {
	as_user env HOME="$T_TMP/home" "$UMVIEW" -q "$@"
}
trace() { # WANT
	local got
	got=$(cat "$T_TMP/home/trace" 2>/dev/null)
	as_user rm -f "$T_TMP/home/trace"
	[ "$got" = "$1" ] || fail "rc: want <$1>, got <$got>"
}
with_home true
trace ""
as_user chmod +x "$T_TMP/home/.viewosrc"
with_home sh -c 'echo command >>"$HOME/trace"'
trace "rc 0 
command"
with_home "$UMVIEW" -q true
trace "rc 0 
rc 1 nested"
as_user cp "$T_TMP/home/.viewosrc" "$T_TMP/home/other"
as_user sed -i s/rc/other/ "$T_TMP/home/other"
with_home -f "$T_TMP/home/other" true
trace "other 0 "
printf '#!/bin/sh\nviewname from-rc\n' | user_write "$T_TMP/home/.viewosrc"
[ "$(with_home viewname)" = from-rc ] || fail "rc runs outside of the view"

printf -- '- options\n'
as_user "$UMVIEW" -q -f "$T_TMP/nothing" touch "$T_TMP/ran" 2>"$T_TMP/err"
[ $? -eq 125 ] || fail "-f of a missing file: not 125"
grep -q 'nothing: No such' "$T_TMP/err" || fail "-f says: $(cat "$T_TMP/err")"
[ ! -e "$T_TMP/ran" ] || fail "the command ran without its rc file"
[ "$(as_user "$UMVIEW" -q -V some-name viewname)" = some-name ] || fail "-V"
as_user "$UMVIEW" -q -p umfuse um_ls_service | grep -q '^umfuse:' || fail "-p"
as_user "$UMVIEW" --help | grep -q '^Usage: umview' || fail "--help"
as_user "$UMVIEW" --version | grep -qE '[0-9]+\.[0-9]+' || fail "--version"
as_user "$UMVIEW" -q --log "$T_TMP/the-log" true || fail "--log"

printf -- '- limits\n'
out=$(as_user bash -c "ulimit -Sf 10; exec $UMVIEW -q bash -c 'ulimit -f'" 2>&1)
[ "$out" = 10 ] || fail "a small limit of size: $out"
out=$(as_user bash -c "ulimit -n 6; exec $UMVIEW -q true" 2>&1)
status=$?
{ [ "$status" -eq 125 ] && [ -n "$out" ]; } || fail "too few descriptors: $status, $out"

printf -- '- terminal\n'
need python3
on_tty() {
	as_user python3 "$here/on_pty.py" 30 "$@" >"$T_TMP/tty" 2>&1
}
tty_fail() {
	cat -v "$T_TMP/tty"
	fail "$*"
}
# The pause: a shell that is just forking loses a Ctrl-C natively too.
for flags in '' --no-agent; do
	# shellcheck disable=SC2086
	on_tty wait:ready pause:0.5 'send:\x03' -- "$UMVIEW" -q $flags \
		sh -c 'echo ready; sleep 60'
	[ $? -eq 130 ] || tty_fail "Ctrl-C ends the command, umview says 130"
	on_tty wait:ready 'send:\x03' wait:caught -- "$UMVIEW" -q \
		bash -c 'trap "echo caught; exit 5" INT; echo ready; while :; do sleep 0.1; done'
	[ $? -eq 5 ] || tty_fail "a guest that handles Ctrl-C goes on"
	on_tty wait:ready pause:0.5 'send:\x1c' -- "$UMVIEW" -q \
		sh -c 'ulimit -c 0; echo ready; sleep 60'
	[ $? -eq 131 ] || tty_fail "Ctrl-\\"
done
# Job control of an interactive shell, and a wait inside the monitor.
as_user truncate -s 8M "$IMG"
as_user mke2fs -q -F -t ext4 -E "root_owner=$(stat -c %u:%g "$IMG")" "$IMG"
on_tty 'wait:$ ' "send:mount -t umfuseext2 $IMG $MNT; mkfifo $MNT/f; echo mnt-\$?\n" \
	wait:mnt-0 "send:echo cat-\$((1)); cat $MNT/f\n" wait:cat-1 pause:1 'send:\x03' \
	'send:echo int-$?\n' wait:int-130 \
	'send:echo sl-$((1)); sleep 60\n' wait:sl-1 pause:1 'send:\x1a' wait:Stopped \
	'send:echo st-$?\n' wait:st-148 'send:kill %1; wait; echo k-$?\n' 'wait:k-' \
	"send:umount $MNT; echo um-\$?\n" wait:um-0 'send:exit 6\n' \
	-- "$UMVIEW" -q bash --norc -i
[ $? -eq 6 ] || tty_fail "an interactive shell"
on_tty wait:ready size:17x71 'send:\n' 'wait:17 71' -- "$UMVIEW" -q \
	sh -c 'echo ready; read -r _; stty size' || tty_fail "window size"
