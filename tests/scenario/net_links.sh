#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_links.sh - two views on one wire, on one switch; the switch is restarted
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping pgrep
need_stack
# shellcheck source=tests/scenario/echo_lib.sh
. "$here/echo_lib.sh"

# two NET IFACE - a view that serves
two() {
	rm -f "$T_TMP/log"
	# shellcheck disable=SC2016
	in_view --net="$1" sh -c '
		ip addr add 10.3.0.1/24 dev $1; ip link set $1 up
		ip -6 -o addr show dev $1 | grep -o "fe80[^/]*" >there
		exec python3 serve 10.3.0.1' sh "$2" >"$T_TMP/log" 2>&1 &
	wait_for 20 grep -q ready "$T_TMP/log" || fail "server: $(cat "$T_TMP/log")"
}

# ask NET IFACE SCRIPT - in another view
ask() {
	# shellcheck disable=SC2016
	in_view --net="$1" sh -ec '
		ip addr add 10.3.0.2/24 dev $1; ip link set $1 up
		eval "$2"' sh "$2" "$3"
}

# neighbours NET IFACE - the other is reached by the name of the interface. With
# -w it is asked each second: at first its address may be a tentative one.
neighbours() {
	# shellcheck disable=SC2016
	ask "$1" "$2" '
		ping -c1 -w30 -I '"$2"' 10.3.0.1
		ping -c1 -w30 "$(cat there)%'"$2"'"
		ping -c1 -w30 -I '"$2"' "$(cat there)"' >"$T_TMP/out" 2>&1 ||
		fail "neighbours on $2: $(cat "$T_TMP/out")"
}

finish() {
	[ ! -s "$T_TMP/pid" ] || kill "$(cat "$T_TMP/pid")" 2>/dev/null
	rm -f "$T_TMP/pid"
}
t_at_end finish

printf -- '- a wire\n'
two "wire:w$$" wr0
ask "wire:w$$" wr0 'ping -c1 -W10 10.3.0.1 >/dev/null && python3 talk 10.3.0.1 3000000 &&
	ip neigh show | grep -q "^10.3.0.1 "' || fail "over a wire"
neighbours "wire:w$$" wr0
finish

command -v vde_switch >/dev/null || {
	printf 'note: vde_switch is not installed\n'
	exit 0
}
# shellcheck source=tests/scenario/vde_lib.sh
. "$here/vde_lib.sh"

printf -- '- a switch\n'
switch_on sw
two "vde://$T_TMP/sw" vd0
ask "vde://$T_TMP/sw" vd0 'ping -c1 -W10 10.3.0.1 >/dev/null &&
	python3 talk 10.3.0.1 500000' || fail "over a switch"
neighbours "vde://$T_TMP/sw" vd0

printf -- '- a switch that is gone, and comes back\n'
# shellcheck disable=SC2016
ask "vde://$T_TMP/sw" vd0 '
	python3 talk 10.3.0.1 1000
	touch joined
	while [ ! -e back ]; do sleep 0.1; done
	for i in $(seq 40); do
		ping -c1 -W1 10.3.0.1 >/dev/null && break
	done
	python3 talk 10.3.0.1 100000' &
asker=$!
wait_for 20 test -e "$T_TMP/joined" || fail "not joined"
switch_off sw
switch_on sw
as_user touch "$T_TMP/back"
wait "$asker" || fail "not connected again"
finish

printf -- '- no switch at all\n'
in_view --net="vde://$T_TMP/absent" ip -br link >"$T_TMP/out" 2>&1 ||
	fail "no switch, no view: $(cat "$T_TMP/out")"
grep -q '^lo ' "$T_TMP/out" || fail "$(cat "$T_TMP/out")"
exit 0
