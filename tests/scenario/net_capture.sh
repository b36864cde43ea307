#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_capture.sh - tcpdump on a stack of the view
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip ping python3 tcpdump
need_stack
user_write "$T_TMP/lib" <<'EOS'
# capture NAME OPTION... - begins; it has begun when this returns
capture() {
	local name=$1
	shift
	rm -f "$name.out" "$name.err"
	timeout 60 tcpdump -n "$@" >"$name.out" 2>"$name.err" &
	PID=$!
	for _ in $(seq 600); do
		! grep -qs 'listening on' "$name.err" || return 0
		sleep 0.1
	done
	die "tcpdump $*: $(cat "$name.err")"
}
# ended NAME COUNT - it has seen so many, and ends by itself
ended() {
	wait "$PID" || die "tcpdump: $? $(cat "$1.err")"
	grep -q "^$2 packets* captured" "$1.err" || die "$(cat "$1.err")"
	grep -q '^0 packets dropped by kernel' "$1.err" || die "$(cat "$1.err")"
}
# hello ADDRESS PORT WORD
hello() {
	python3 -c '
import socket, sys
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(sys.argv[3].encode(), (sys.argv[1], int(sys.argv[2])))' "$@"
}
EOS

for flags in '' --no-agent; do
	export UMVIEW_FLAGS=$flags
	printf -- '- on lo, on any, with a filter, into a file %s\n' "$flags"
	must_guest -- --net=umnetlwip,lo <<'EOS'
. ./lib
for mode in '' --immediate-mode; do
	capture lo $mode -i lo -c 4 icmp
	must ping -c2 -i0.2 127.0.0.1 >/dev/null
	ended lo 4
	same requests 2 "$(grep -c 'ICMP echo request' lo.out)"
	same replies 2 "$(grep -c 'ICMP echo reply' lo.out)"

	# what the filter does not want is not told
	capture any $mode -i any -c 2 -w any.pcap 'udp dst port 4001'
	hello 127.0.0.1 4000 unwanted
	hello 127.0.0.1 4001 first
	hello 127.0.0.1 4002 unwanted
	hello 127.0.0.1 4001 second
	ended any 2
	tcpdump -Anr any.pcap >any.out 2>any.err || die "$(cat any.err)"
	same frames 2 "$(grep -c 'lo .* 127.0.0.1.4001: UDP' any.out)"
	grep -q first any.out || die "$(cat any.out)"
	grep -q second any.out || die "$(cat any.out)"
	! grep -q unwanted any.out || die "$(cat any.out)"

	# TCP, whole segments
	capture tcp $mode -i lo -U -w tcp.pcap tcp port 4003
	python3 -c '
import socket
l = socket.create_server(("127.0.0.1", 4003))
c = socket.create_connection(("127.0.0.1", 4003))
s, _ = l.accept()
c.sendall(b"w" * 50000)
c.shutdown(1)
while s.recv(65536):
    pass
c.close()'
	for _ in $(seq 600); do
		n=$(tcpdump -nr tcp.pcap 2>/dev/null | grep -c 'Flags \[F')
		[ "$n" -lt 1 ] || break
		sleep 0.1
	done
	kill -INT "$PID"
	wait "$PID"
	same bytes 50000 "$(tcpdump -nr tcp.pcap 2>/dev/null |
		sed -n 's/.* length //p' | paste -sd+ | python3 -c '
print(eval(input()))')"
done
refused 1 'No such device' tcpdump -i nothing0
refused 1 'syntax error' tcpdump -i lo no filter
tcpdump -D >all
grep -q '^[0-9]*\.lo .*Up' all || die "$(cat all)"
grep -q '^[0-9]*\.any ' all || die "$(cat all)"
EOS
done
export UMVIEW_FLAGS=

printf -- '- on a wire: what comes, what goes, ARP; the end of the interface\n'
must_guest -- --net="umnetlwip,wr0=cap$$,wr1=cap$$" <<'EOS'
. ./lib
refused 1 'not up' tcpdump -i wr1
ip link set wr0 up && ip link set wr1 up
ip addr add 10.4.0.1/24 dev wr0
capture wr1 -i wr1 -e -c 1 arp
hello 10.4.0.2 4000 nobody
ended wr1 1
grep -q 'ff:ff:ff:ff:ff:ff, ethertype ARP .*who-has 10.4.0.2 tell 10.4.0.1' wr1.out ||
	die "$(cat wr1.out)"
capture wr0 -i wr0 arp
must ip link del wr0
wait "$PID"
same "exit status without the interface" 1 $?
grep -q 'The interface disappeared' wr0.err || die "$(cat wr0.err)"
EOS
exit 0
