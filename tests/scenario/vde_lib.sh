# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vde_lib.sh - switches and what hangs on them, for scenarios; source after lib.sh
#
#   switch_on NAME	a vde_switch at $T_TMP/NAME, managed at $T_TMP/NAME.mgmt
#   switch_off NAME
#   start LOG CMD...	CMD in the background, as the user; sets $started
#   stop PID [SIGNAL]	ends what start started; its exit status
#   vde_all_gone	fails if a process or a socket of this test is left
# shellcheck disable=SC2034 # for those who source this
need vde_switch vde_plug pgrep
t_at_end vde_stop

start() {
	local log=$1
	shift
	as_user "$@" </dev/null >"$log" 2>&1 &
	started=$!
	vde_jobs+=("$started")
}
vde_jobs=()

# What is waited for is a shell; timeout(1) is its child, the command that one's.
vde_kill() {
	local signal=$1 pid
	shift
	for pid; do
		pgrep -P "$pid" | xargs -r -n1 pgrep -P |
			xargs -r kill -"$signal" 2>/dev/null
	done
}

stop() {
	vde_kill "${2:-TERM}" "$1"
	wait "$1"
}

switch_on() {
	as_user vde_switch -s "$T_TMP/$1" -M "$T_TMP/$1.mgmt" -d \
		-p "$T_TMP/$1.pid" </dev/null >"$T_TMP/$1.log" 2>&1 ||
		fail "vde_switch: $(cat "$T_TMP/$1.log")"
	wait_for 20 test -s "$T_TMP/$1.pid" || fail "no switch $1"
	wait_for 20 test -S "$T_TMP/$1.mgmt" || fail "no management of $1"
}

switch_off() {
	local pid
	[ -s "$T_TMP/$1.pid" ] || return 0
	pid=$(cat "$T_TMP/$1.pid")
	kill "$pid" 2>/dev/null
	wait_for 20 vde_ended "$pid" || fail "switch $1 does not end"
	rm -rf "${T_TMP:?}/$1" "$T_TMP/$1.pid" "$T_TMP/$1.mgmt"
}

vde_ended() {
	! kill -0 "$1" 2>/dev/null ||
		[ "$(ps -o stat= -p "$1" | cut -c1)" = Z ]
}

vde_stop() {
	local pidfile
	for pidfile in "$T_TMP"/*.pid; do
		[ ! -s "$pidfile" ] || kill "$(cat "$pidfile")" 2>/dev/null
	done
	[ ${#vde_jobs[@]} -eq 0 ] || {
		vde_kill TERM "${vde_jobs[@]}"
		wait "${vde_jobs[@]}"
	}
}

vde_left() {
	pgrep -u "$T_USER" -f "$T_TMP" | while read -r pid; do
		[ "$pid" = "$BASHPID" ] || ps -o pid=,stat=,args= -p "$pid"
	done | grep -v ' Z '
}

vde_all_gone() {
	# shellcheck disable=SC2317 # called by wait_for
	none() { [ -z "$(vde_left)" ]; }
	wait_for 20 none || fail "left behind: $(vde_left)"
	[ -z "$(find "$T_TMP" -type s)" ] ||
		fail "left behind: $(find "$T_TMP" -type s)"
}
