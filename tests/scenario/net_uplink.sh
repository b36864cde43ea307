#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_uplink.sh - umnetkern with a way out: NAT, a wire, a switch
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping pgrep vde_switch tcpdump
as_user unshare -Un true 2>/dev/null || skip "no user namespaces here"
need_stack
if ! as_user "$UMVIEW" -q --net="kern,wire:try$$" \
	sh -c '[ -e /sys/class/net/wr0 ]' 2>"$T_TMP/why"; then
	grep -q 'no cable' "$T_TMP/why" || fail "kern,wire: $(cat "$T_TMP/why")"
	skip "no veth here: $(cat "$T_TMP/why")"
fi
# shellcheck source=tests/scenario/echo_lib.sh
. "$here/echo_lib.sh"

printf -- '- behind NAT\n'
must_guest -- --net=kern,slirp <<'EOS'
ip -4 addr show dev sl0 | grep -q 'inet 10.0.2.15/24' || die "$(ip addr)"
ip route | grep -q '^default via 10.0.2.2 dev sl0' || die "$(ip route)"
same resolv.conf 'nameserver 10.0.2.3' "$(cat /etc/resolv.conf)"
ping -c1 -w30 10.0.2.2 >out || die "$(cat out)"
# the router is heard, and gives an address
for _ in $(seq 300); do
	ip -6 addr show dev sl0 | grep -q fec0 && break
	sleep 0.1
done
ip -6 addr show dev sl0 | grep -q fec0 || die "$(ip -6 addr)"
EOS

# serving NET IFACE - a view that answers; ended by stop
serving() {
	rm -f "$T_TMP/log"
	# shellcheck disable=SC2016
	in_view --net="$1" sh -c '
		ip addr add 10.3.0.1/24 dev $1; ip link set $1 up
		exec python3 serve 10.3.0.1' sh "$2" >"$T_TMP/log" 2>&1 &
	VIEW=$!
	wait_for 20 grep -qs ready "$T_TMP/log" ||
		fail "server on $1: $(cat "$T_TMP/log")"
}
stop() {
	kill "$(cat "$T_TMP/pid")"
	wait "$VIEW"
}
# asking NET IFACE [SCRIPT] - another one asks it
asking() {
	# shellcheck disable=SC2016
	in_view --net="$1" sh -ec '
		ip addr add 10.3.0.2/24 dev $1; ip link set $1 up
		ping -c1 -w30 10.3.0.1
		python3 talk 10.3.0.1 3000000
		eval "$2"' sh "$2" "${3:-}" >"$T_TMP/out" 2>&1 ||
		fail "$1: $(cat "$T_TMP/out") $(cat "$T_TMP/log")"
}

W=up$$
for pair in "kern,wire:$W wire:$W" "wire:$W kern,wire:$W" \
	"kern,wire:$W kern,wire:$W"; do
	printf -- '- a wire, %s\n' "${pair//$W/W}"
	serving "${pair% *}" wr0
	asking "${pair#* }" wr0
	stop
done

printf -- '- tags of VLAN pass\n'
rm -f "$T_TMP/seen"
user_write "$T_TMP/tagged" <<'EOS'
import os, socket, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("wr0", 0))
frame = b"\xff" * 6 + b"\2\0\0\0\0\1" + b"\x81\0\0\5" + b"\x88\xb5" + b"x" * 60
for n in range(300):
    try:
        s.send(frame)
    except OSError:
        pass  # ENOBUFS: it is not plugged in yet
    if os.path.exists("seen"):
        break
    time.sleep(0.1)
EOS
in_view --net="wire:v$$" sh -c '
	timeout 40 tcpdump -ne -i wr0 -c 1 vlan 5 2>tagged.err
	: >seen' >"$T_TMP/tagged.out" 2>&1 &
VIEW=$!
in_view --net="kern,wire:v$$" python3 tagged >"$T_TMP/out" 2>&1 ||
	fail "vlan: $(cat "$T_TMP/out")"
wait "$VIEW"
grep -q '02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff, ethertype 802.1Q (0x8100), length 78: vlan 5' \
	"$T_TMP/tagged.out" || fail "vlan: $(cat "$T_TMP/tagged."*)"

SW=$T_TMP/sw
t_at_end 'stop_switch 2>/dev/null'
start_switch() {
	as_user vde_switch -s "$SW" -d -p "$SW.pid" </dev/null >/dev/null 2>&1 ||
		fail "vde_switch"
	wait_for 20 test -s "$SW.pid" || fail "no switch"
}
stop_switch() {
	[ -s "$SW.pid" ] || return
	kill "$(cat "$SW.pid")"
	rm -f "$SW.pid"
	wait_for 20 test ! -e "$SW/ctl" || fail "the switch is still there"
}
in_view --net="kern,vde://$T_TMP/nowhere" ip link >"$T_TMP/nowhere.out" 2>&1 ||
	fail "no switch: $(cat "$T_TMP/nowhere.out")"
grep -q '1: lo' "$T_TMP/nowhere.out" || fail "$(cat "$T_TMP/nowhere.out")"
if grep -q 'incompatible with sanitizer' "$T_TMP/nowhere.out"; then
	printf 'note: libvdeplug loads its plug-ins as sanitizers cannot have it\n'
else
	grep -q "interface vd0: cannot plug into vde://$T_TMP/nowhere" \
		"$T_TMP/nowhere.out" || fail "$(cat "$T_TMP/nowhere.out")"
	printf -- '- a switch, which ends and comes back\n'
	start_switch
	serving "kern,vde://$SW" vd0
	asking "vde://$SW" vd0
	asking "kern,vde://$SW" vd0
	stop_switch
	start_switch
	asking "vde://$SW" vd0
	stop
	stop_switch
fi

printf -- '- what cannot be had is said\n'
export UMVIEW_FLAGS=
refused() {
	in_view "$@" true >"$T_TMP/out" 2>&1 && fail "succeeded: $*"
	grep -q "$WANT" "$T_TMP/out" || fail "$*: $(cat "$T_TMP/out")"
}
WANT="take none, native, kern" refused --net=kern,native
WANT="take none, native, kern" refused --net=kern,kern
WANT='no interface; they are' refused --net=umnetkern,xx0=a

printf -- '- a router between a wire and NAT\n'
must_guest -- --net="umnetkern,wr0=r$$,sl0,dhcp,forward" 2>"$T_TMP/err" <<'EOS'
same ip_forward 1 "$(cat /proc/sys/net/ipv4/ip_forward)"
ip link show wr0 >/dev/null || die "$(ip link)"
ping -c1 -w30 10.0.2.2 >out || die "$(cat out)"
EOS
grep -q 'interface wr0: up, without an address: the kernel asks no DHCP' \
	"$T_TMP/err" || fail "$(cat "$T_TMP/err")"

! pgrep -f "umnetkern-plug .*$$" >/dev/null ||
	fail "left: $(pgrep -a -f "umnetkern-plug .*$$")"
exit 0
