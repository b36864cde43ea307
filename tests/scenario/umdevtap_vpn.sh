#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdevtap_vpn.sh - a VPN for the processes of one view: openvpn in two views, on
# one wire
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin
need openvpn ip python3 ping
need_stack
as_user openvpn --genkey secret "$T_TMP/key" || fail "openvpn --genkey"
# shellcheck source=tests/scenario/echo_lib.sh
. "$here/echo_lib.sh"
# side OWN OTHER KIND COMMAND... - this end of the tunnel, then the command
user_write "$T_TMP/side" <<'EOS'
own=$1 other=$2 kind=$3
shift 3
mount -t umdevtap none /dev/net/tun || exit 1
ip addr add 10.1.0.$own/24 dev wr0
ip link set wr0 up
if [ $kind = tun ]; then address=10.8.0.$other; else address=255.255.255.0; fi
openvpn --dev $kind --ifconfig 10.8.0.$own $address --secret key \
	--cipher AES-256-CBC --remote 10.1.0.$other --ping 1 --verb 3 \
	--script-security 1 >vpn$own 2>&1 &
vpn=$!
n=0
until grep -q 'Initialization Sequence Completed' vpn$own; do
	n=$((n + 1))
	[ $n -lt 300 ] || { cat vpn$own; exit 1; }
	sleep 0.1
done
"$@"
status=$?
kill $vpn
wait $vpn
# what it made went with it
n=0
while ip link show ${kind}0 >/dev/null 2>&1; do
	n=$((n + 1))
	[ $n -lt 300 ] || { echo "${kind}0 is left"; exit 1; }
	sleep 0.1
done
exit $status
EOS
host_links=$(ip -br link | cut -d' ' -f1)
finish() {
	[ ! -s "$T_TMP/pid" ] || kill "$(cat "$T_TMP/pid")" 2>/dev/null
	rm -f "$T_TMP/pid"
}
t_at_end finish
for kind in tun tap; do
	printf -- '- %s\n' "$kind"
	in_view --net="wire:vpn$$" sh side 2 1 $kind timeout 100 python3 serve 10.8.0.2 \
		>"$T_TMP/log" 2>&1 &
	# shellcheck disable=SC2016
	in_view --net="wire:vpn$$" sh side 1 2 $kind sh -c '
		ping -c2 -i0.2 -W30 -s 1300 10.8.0.2 &&
		n=0 &&
		until python3 talk 10.8.0.2 300000; do
			n=$((n + 1))
			[ $n -lt 30 ] || exit 1
			sleep 1
		done' >"$T_TMP/out" 2>&1 ||
		fail "$kind: $(cat "$T_TMP/out" "$T_TMP/log" "$T_TMP"/vpn?)"
	grep -q ' 0% packet loss' "$T_TMP/out" || fail "$(cat "$T_TMP/out")"
	same_links=$(ip -br link | cut -d' ' -f1)
	[ "$host_links" = "$same_links" ] || fail "the host has other links now"
	finish
	wait
done
exit 0
