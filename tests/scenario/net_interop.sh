#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_interop.sh - the kernel at the other end of a cable, which may be a bad one
#
# As root: a network namespace of the test's own, with a tap interface, DHCP and
# router advertisements in it. A view is plugged into the other end.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping unshare nsenter vde_plug sysctl
[ "$(id -u)" -eq 0 ] || skip "a network namespace is made by root"
[ -c /dev/net/tun ] || skip "no /dev/net/tun"
need_stack
T_TIMEOUT=170
PLUG=ptp://$T_TMP/plug
KERNEL=10.4.0.1 KERNEL6=fd00:4::1
cp "$here/interop/"*.py "$T_TMP"

unshare -n sleep 1000 </dev/null >/dev/null 2>&1 &
holder=$!
pids=("$holder")
# shellcheck disable=SC2317
end_all() {
	kill "${pids[@]}" 2>/dev/null
	[ ! -s "$T_TMP/pid" ] || kill "$(cat "$T_TMP/pid")" 2>/dev/null
}
t_at_end end_all

# netns CMD... - there, as root
netns() {
	timeout -k 5 "$T_TIMEOUT" nsenter "--net=/proc/$holder/ns/net" "$@"
}

# keep LOG CMD... - there, until the end
keep() {
	local log=$T_TMP/$1
	shift
	nsenter "--net=/proc/$holder/ns/net" "$@" </dev/null >"$log" 2>&1 &
	pids+=("$!")
}

# cable CONDITION
cable() {
	rm -f "$T_TMP/condition.seen"
	printf '%s\n' "$1" >"$T_TMP/condition"
	[ -z "${cable_pid:-}" ] || kill -HUP "$cable_pid"
	[ -z "${cable_pid:-}" ] ||
		wait_for 20 test -s "$T_TMP/condition.seen" || fail "the cable is gone"
}

# shellcheck disable=SC2317
is_apart() {
	[ "$(readlink "/proc/$holder/ns/net")" != "$(readlink /proc/$$/ns/net)" ]
}

begin() {
	# Before it has one of its own, it is in this one.
	wait_for 20 is_apart || skip "no network namespace"
	cable ''
	keep cable.log python3 "$T_TMP/cable.py" tap0 "$(id -u "$T_USER")" \
		"$PLUG" "$T_TMP/condition"
	cable_pid=${pids[-1]}
	wait_for 20 grep -q ready "$T_TMP/cable.log" ||
		skip "no tap interface: $(tail -n 1 "$T_TMP/cable.log")"
	netns ip link set lo up
	netns sysctl -qw net.ipv6.conf.all.forwarding=1 \
		net.ipv6.conf.tap0.accept_dad=0
	netns ip addr add $KERNEL/24 dev tap0
	netns ip -6 addr add $KERNEL6/64 dev tap0 nodad
	netns ip link set tap0 up
}

advertise() {
	cat >"$T_TMP/radvd.conf" <<-'EOS'
	interface tap0 {
		AdvSendAdvert on;
		MinRtrAdvInterval 3;
		MaxRtrAdvInterval 4;
		prefix fd00:4::/64 { };
	};
	EOS
	keep radvd.log radvd -n -m stderr -C "$T_TMP/radvd.conf" -p "$T_TMP/radvd.pid"
	keep dnsmasq.log dnsmasq -k -C /dev/null -p 0 -i tap0 --bind-interfaces \
		--dhcp-range=10.4.0.50,10.4.0.60,255.255.255.0,1h \
		--dhcp-option=option:dns-server,10.4.0.77 \
		--dhcp-leasefile="$T_TMP/leases" --log-facility=- --pid-file= \
		--dhcp-authoritative
}

# What the view does: it takes what it is offered, adds addresses of its own, and
# serves. $1: the command that says what it was offered.
# shellcheck disable=SC2016
VIEW='
echo $$ >pid
if [ "$1" = offered ]; then
	until ip -4 addr show dev vd0 | grep -q "10\.4\.0\.[56]" &&
		ip -6 addr show dev vd0 | grep -q fd00:4: &&
		ip -6 route | grep -q "^default via fe80"; do
		ip addr show dev vd0 >seen
		ip -6 route >>seen
		sleep 0.1
	done
	ip route | grep "^default via 10.4.0.1" || exit 1
	grep -x "nameserver 10.4.0.77" /etc/resolv.conf || exit 1
	# An address is not used before it is known to be nobody else'"'"'s.
	until ping -c1 -W1 10.4.0.1 && ping -c1 -W1 fd00:4::1; do :; done
fi
ip addr add 10.4.0.2/24 dev vd0
ip -6 addr add fd00:4::2/64 dev vd0 nodad
exec python3 talk.py serve ""'

view() {
	in_view --net="umnetlwip,vd0=$PLUG,$1" sh -c "$VIEW" sh "$2" \
		>"$T_TMP/log" 2>&1 &
	wait_for 60 grep -q ready "$T_TMP/log" ||
		fail "in the view: $(cat "$T_TMP/log" "$T_TMP/seen" \
			"$T_TMP"/*.log 2>/dev/null)"
}

begin
if command -v radvd >/dev/null && command -v dnsmasq >/dev/null; then
	printf -- '- DHCP and router advertisements of the distribution\n'
	advertise
	view dhcp offered
else
	printf 'note: radvd or dnsmasq is not installed\n'
	view up static
fi

ask() {
	netns python3 "$T_TMP/talk.py" "${@:2}" >"$T_TMP/out" 2>&1 ||
		fail "$1: $(tail -n 3 "$T_TMP/out")"
}

printf -- '- both families, fragments\n'
netns ping -q -c2 -i0.2 -s 5000 10.4.0.2 >"$T_TMP/out" || fail "$(cat "$T_TMP/out")"
netns ping -q -c2 -i0.2 -s 5000 fd00:4::2 >"$T_TMP/out" || fail "$(cat "$T_TMP/out")"
ask "IPv4" send 10.4.0.2 2000000
ask "IPv6" send fd00:4::2 2000000

printf -- '- a bad cable\n'
cable 'loss=0.01 delay=0.002'
ask "1 % are lost" send 10.4.0.2 500000
cable 'delay=0.004 reorder=0.05 double=0.02'
ask "out of order" send 10.4.0.2 500000
ask "out of order, IPv6" send fd00:4::2 500000
cable 'loss=0.05 reorder=0.05'
ask "5 % are lost" send 10.4.0.2 60000
cable ''
if netns tc qdisc add dev tap0 root netem loss 1% delay 2ms reorder 5% 2>/dev/null; then
	ask "netem" send 10.4.0.2 500000
	netns tc qdisc del dev tap0 root
else
	printf 'note: no netem in this kernel\n'
fi

printf -- '- 2000 connections\n'
ask "2000 connections" many 10.4.0.2 2000

mac=$(netns ip neigh show 10.4.0.2 | sed 's/.*lladdr \([^ ]*\).*/\1/')
printf -- '- a flood of connections that are none\n'
netns ip route add 198.18.0.0/15 dev lo
netns python3 "$T_TMP/frames.py" tap0 "$mac" 10.4.0.2 syn 4000 20000 &
flood=$!
ask "during the flood" send 10.4.0.2 10000
wait "$flood" || fail "frames.py"
ask "after the flood" send 10.4.0.2 100000

printf -- '- packets that are wrong\n'
for seed in 1 2 3; do
	netns python3 "$T_TMP/frames.py" tap0 "$mac" 10.4.0.2 junk $seed 5000 ||
		fail "frames.py"
	ask "after junk $seed" send 10.4.0.2 10000
	ask "after junk $seed, IPv6" send fd00:4::2 10000
done
exit 0
