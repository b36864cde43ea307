#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_router.sh - three views on two wires: the middle one routes, advertises
# itself, translates addresses, and filters
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping sysctl
as_user "$UMVIEW" -q --net=umnetlwip,lo true 2>/dev/null ||
	skip "umnetlwip was not built"

# serve ADDRESS PORT: says who called, over TCP and UDP
user_write "$T_TMP/serve" <<'EOS'
import socket, sys, threading
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
at = (sys.argv[1], int(sys.argv[2]))
l = socket.create_server(at, family=family)
u = socket.socket(family, socket.SOCK_DGRAM)
u.bind(at)
def datagrams():
    while True:
        data, who = u.recvfrom(65536)
        u.sendto(f"{who[0]} {len(data)}".encode(), who)
threading.Thread(target=datagrams, daemon=True).start()
print("ready", flush=True)
while True:
    s, who = l.accept()
    n = 0
    while data := s.recv(65536):
        n += len(data)
    s.sendall(f"{who[0]} {n}".encode())
    s.close()
EOS
# ask KIND ADDRESS PORT BYTES
user_write "$T_TMP/ask" <<'EOS'
import socket, sys
kind, host, port, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
family = socket.AF_INET6 if ":" in host else socket.AF_INET
data = b"x" * n
try:
    if kind == "tcp":
        with socket.socket(family) as s:
            s.settimeout(20)
            s.connect((host, port))
            s.sendall(data)
            s.shutdown(1)
            got = b""
            while more := s.recv(999):
                got += more
    else:
        with socket.socket(family, socket.SOCK_DGRAM) as s:
            s.settimeout(1)
            s.connect((host, port))
            for attempt in range(20):
                try:
                    s.send(data)
                    got = s.recv(999)
                    break
                except TimeoutError:
                    got = b"timeout"
                    if kind == "udp1":
                        break
    print(got.decode())
except OSError as e:
    print(type(e).__name__, e.errno or "")
EOS

# The script runs in the middle; `left CMD` and `right CMD` in the others.
user_write "$T_TMP/words" <<'EOS'
# until CMD - CMD succeeds within a generous time
until_() {
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	die "never: $*"
}
# start NAME WORDS: a view that obeys, line by line
start() {
	rm -f "$1.in" "$1.done"
	mkfifo "$1.in"
	umview -q "--net=umnetlwip,$2,up" bash -c '
		while read -r line <&8; do
			bash -c "$line" </dev/null >"$1.out" 2>&1
			echo $? >"$1.status.new"
			mv "$1.status.new" "$1.status"
		done' sh "$1" 8<>"$1.in" &
}
# in_other NAME COMMAND: its output; its exit status
in_other() {
	local name=$1
	shift
	rm -f "$name.status"
	printf '%s\n' "$*" >"$name.in"
	for _ in $(seq 600); do
		[ ! -e "$name.status" ] || break
		sleep 0.05
	done
	cat "$name.out"
	return "$(cat "$name.status")"
}
left() { in_other left "$@"; }
right() { in_other right "$@"; }
rules() { printf '%s\n' "$@" >/proc/sys/net/um/rules; }
serve() { # NAME ADDRESS PORT
	in_other "$1" "python3 serve $2 $3 >serve.$2.$3 2>&1 & echo \$! >>pids"
	until_ grep -q ready "serve.$2.$3"
}
start left "wr0=rl$WIRE"
start right "wr0=rr$WIRE"
trap 'touch pids; kill $(jobs -p) $(cat pids); rm pids' EXIT
must ip addr add 10.1.0.1/24 dev wr0
must ip addr add 10.2.0.1/24 dev wr1
must left ip addr add 10.1.0.2/24 dev wr0
must left ip route add default via 10.1.0.1
must right ip addr add 10.2.0.2/24 dev wr0
until_ left ping -c1 -W1 10.1.0.1
until_ right ping -c1 -W1 10.2.0.1
EOS
ROUTER=--net=umnetlwip,wr0=rl$$,wr1=rr$$,up
part() { # NAME, script on stdin
	printf -- '- %s\n' "$1"
	cat "$T_TMP/words" - >"$T_TMP/part"
	must_guest WIRE=$$ -- "$ROUTER" <"$T_TMP/part"
}

part 'IPv4 forwarding' <<'EOS'
must right ip route add default via 10.2.0.1
refused any '100% packet loss' left ping -c1 -W1 10.2.0.2
must sysctl -qw net.ipv4.ip_forward=1
same "for all" "1 1" "$(cat /proc/sys/net/ipv4/conf/wr1/forwarding \
	/proc/sys/net/ipv4/conf/default/forwarding | xargs)"
until_ left ping -c1 -W1 10.2.0.2
left ping -c1 -W10 10.2.0.2 | grep -q 'ttl=63' || die "hops: $(cat left.out)"
refused 1 'From 10.1.0.1 .*Time to live exceeded' left ping -c1 -W10 -t1 10.2.0.2
refused 1 'From 10.1.0.1 .*Net Unreachable' left ping -c1 -W10 10.77.0.1
must ip route add prohibit 10.78.0.0/16
refused 1 'From 10.1.0.1 .*filtered' left ping -c1 -W10 10.78.0.1
must ip link set wr1 mtu 1400
until_ left ping -c1 -W1 -s 3000 10.2.0.2
serve right 10.2.0.2 4000
same tcp "10.1.0.2 3000000" "$(left python3 ask tcp 10.2.0.2 4000 3000000)"
same udp "10.1.0.2 9000" "$(left python3 ask udp 10.2.0.2 4000 9000)"
must sysctl -qw net.ipv4.conf.wr0.forwarding=0
refused any '100% packet loss' left ping -c1 -W1 10.2.0.2
EOS

part 'IPv6: advertised, forwarded' <<'EOS'
must ip -6 addr add fd00:a::1/64 dev wr0
must ip -6 addr add fd00:b::1/64 dev wr1
must sysctl -qw net.ipv6.conf.all.forwarding=1
cat >/proc/sys/net/um/radv <<'RA' || die "radv"
[wr0]
AdvSendAdvert = on
MaxRtrAdvInterval = 30
AddPrefix = fd00:a::/64 , AdvValidLifetime = 7200 , AdvPreferredLifetime = 3600
RDNSS = fd00:a::1
AdvLinkMTU = 1400
[wr1]
AdvSendAdvert = on
RA
refused any 'Invalid' sh -c 'echo "[wr0] bad" >/proc/sys/net/um/radv'
grep -q 'AddPrefix = fd00:a::/64' /proc/sys/net/um/radv || die "radv is lost"
until_ left 'ip -6 addr show dev wr0 | grep -q "fd00:a:.*scope global"'
until_ left 'ip -6 route | grep -q "^default via fe80"'
until_ left 'grep -q fd00:a::1 /etc/resolv.conf'
# the prefix of wr1's own address, where none is named
until_ right 'ip -6 addr show dev wr0 | grep -q "fd00:b:.*scope global"'
b=$(right 'ip -6 -o addr show dev wr0 scope global' | sed 's/.*inet6 \([^/]*\).*/\1/')
until_ left ping -c1 -W1 "$b"
left ping -c1 -W10 "$b" | grep -q 'ttl=63' || die "hops: $(cat left.out)"
refused 1 'From fd00:a::1 .*Time exceeded: Hop limit' left ping -c1 -W10 -t1 "$b"
refused 1 'From fd00:a::1 .*No route' left ping -c1 -W10 fd77::1
must ip link set wr1 mtu 1400
refused 1 'From fd00:a::1 .*too big: mtu=1400' left ping -c1 -W10 -s 3000 "$b"
must ip link set wr1 mtu 61440
serve right "$b" 4000
a=$(left 'ip -6 -o addr show dev wr0 scope global' | sed 's/.*inet6 \([^/]*\).*/\1/')
same tcp "$a 3000000" "$(left python3 ask tcp "$b" 4000 3000000)"
# a router that ends says so
echo >/proc/sys/net/um/radv
until_ left '! ip -6 route | grep -q "^default via fe80"'
EOS
exit 0
