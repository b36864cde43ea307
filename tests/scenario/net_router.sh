#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_router.sh - three views on two wires: the middle one routes, advertises
# itself, translates addresses, and filters
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping sysctl
need_stack

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
[wr1]
AdvSendAdvert = on
RA
refused any 'Invalid' bash -c 'echo "[wr0] bad" >/proc/sys/net/um/radv'
grep -q 'AddPrefix = fd00:a::/64' /proc/sys/net/um/radv || die "radv is lost"
until_ left 'ip -6 addr show dev wr0 | grep -q "fd00:a:.*scope global"'
until_ left 'ip -6 route | grep -q "^default via fe80"'
until_ left 'grep -q fd00:a::1 /etc/resolv.conf'
# the prefix of wr1's own address, where none is named
until_ right 'ip -6 addr show dev wr0 | grep -q "fd00:b:.*scope global"'
b=$(right 'ip -6 -o addr show dev wr0 scope global' | sed 's/.*inet6 \([^/]*\).*/\1/')
until_ left ping -c1 -W1 "$b"
left ping -c1 -W10 "$b" | grep -q "ttl=254" || die "hops: $(cat left.out)"
refused 1 'From fd00:a::1 .*Time exceeded: Hop limit' left ping -c1 -W10 -t1 "$b"
refused 1 'From fd00:a::1 .*No route' left ping -c1 -W10 fd77::1
must ip link set wr1 mtu 1400
refused 1 'From fd00:a::1 .*too big: mtu=1400' left ping -c1 -W10 -s 3000 "$b"
must ip link set wr1 mtu 61440
serve right "$b" 4000
a=$(left 'ip -6 -o addr show dev wr0 scope global' | sed 's/.*inet6 \([^/]*\).*/\1/')
same tcp "$a 3000000" "$(left python3 ask tcp "$b" 4000 3000000)"
rules 'add forward ip6 daddr fd00:b::/64 reject with tcp reset'
same reset "ConnectionRefusedError 111" "$(left python3 ask tcp "$b" 4000 9)"
left ping -c1 -W10 "$b" >/dev/null || die "not of TCP: $(cat left.out)"
rules flush
# a router that ends says so
echo >/proc/sys/net/um/radv
until_ left '! ip -6 route | grep -q "^default via fe80"'
EOS

part 'IPv6: advertised from the start' <<'EOS'
# another stack of this view, whose mount says what
cat >ra.conf <<'RA'
[wr0]
AdvSendAdvert = on
MaxRtrAdvInterval = 4
AddPrefix = fd00:c::/64
RA
start told "wr0=rt$WIRE"
mount -t umnetlwip -o "ra=$PWD/ra.conf,wr0=rt$WIRE,forward,up" none /dev/net/told ||
	die "mount"
same "as it says" "AddPrefix = fd00:c::/64" "$(mstack /dev/net/told \
	grep -o 'AddPrefix = [^ ]*' /proc/sys/net/um/radv)"
until_ in_other told 'ip -6 addr show dev wr0 | grep -q "fd00:c:.*scope global"'
umount /dev/net/told
refused any 'does not exist' mount -t umnetlwip -o "ra=$PWD/none,lo" none /dev/net/told
EOS

part 'NAT' <<'EOS'
must sysctl -qw net.ipv4.ip_forward=1
rules 'add postrouting oifname wr1 masquerade'
serve right 10.2.0.2 4000
serve left 10.1.0.2 80
# the other side knows no way back: it sees the router
until_ left ping -c1 -W1 10.2.0.2
same tcp "10.2.0.1 3000000" "$(left python3 ask tcp 10.2.0.2 4000 3000000)"
same udp "10.2.0.1 9000" "$(left python3 ask udp 10.2.0.2 4000 9000)"
same fragments "10.2.0.1 62000" "$(left python3 ask udp 10.2.0.2 4000 62000)"
must ip link set wr1 mtu 1400
# the first is lost, its sender is told, and knows from then on
same "too large" "OSError 90" "$(left python3 ask udp 10.2.0.2 4000 9000)"
same "small pieces" "10.2.0.1 9000" "$(left python3 ask udp 10.2.0.2 4000 9000)"
same "TCP in pieces" "10.2.0.1 500000" \
	"$(left python3 ask tcp 10.2.0.2 4000 500000)"
must ip link set wr1 mtu 61440
grep -q 'tcp .*src=10.1.0.2 dst=10.2.0.2 .*src=10.2.0.2 dst=10.2.0.1 ' \
	/proc/net/nf_conntrack || die "$(cat /proc/net/nf_conntrack)"
# errors about translated packets come back
same "port unreachable" "ConnectionRefusedError 111" \
	"$(left python3 ask udp1 10.2.0.2 4999 1)"
same "refused" "ConnectionRefusedError 111" \
	"$(left python3 ask tcp 10.2.0.2 4999 1)"
refused 1 'From 10.1.0.1 .*Time to live exceeded' left ping -c1 -W10 -t1 10.2.0.2
# in: to a host inside, to the router itself
rules 'add prerouting iifname wr1 tcp dport 8080 dnat to 10.1.0.2:80' \
	'add prerouting iifname wr1 tcp dport 8081 redirect to :9000'
same dnat "10.2.0.2 100000" "$(right python3 ask tcp 10.2.0.1 8080 100000)"
python3 serve 10.2.0.1 9000 >own 2>&1 &
echo $! >>pids
until_ grep -q ready own
same redirect "10.2.0.2 100000" "$(right python3 ask tcp 10.2.0.1 8081 100000)"
# two that come from the same port
cat >twice <<'PY'
import socket
first, second = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in "12")
first.bind(("10.1.0.2", 5353)); second.bind(("10.1.0.3", 5353))
for attempt in range(20):
    for n, s in enumerate((first, second)):
        s.settimeout(1)
        s.sendto(b"x" * (n + 1), ("10.2.0.2", 4000))
    try:
        print(first.recv(99), second.recv(99)); break
    except TimeoutError:
        pass
PY
must left ip addr add 10.1.0.3/24 dev wr0
same "one port, two hosts" "b'10.2.0.1 1' b'10.2.0.1 2'" "$(left python3 twice)"
rules flush 'add postrouting oifname wr1 meta l4proto tcp snat to 10.2.0.1:6000-6100'
same snat "10.2.0.1 10" "$(left python3 ask tcp 10.2.0.2 4000 10)"
grep -q 'dport=60[0-9][0-9] ' /proc/net/nf_conntrack ||
	die "$(cat /proc/net/nf_conntrack)"
# more connections than there can be: the oldest that nobody answered go
cat >flood <<'PY'
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(20000):
    try:
        s.sendto(b"x", ("10.2.0.2", 10000 + n))
    except OSError:
        pass
print(s.getsockname()[1] > 0)
PY
same flood True "$(left python3 flood)"
full() { [ "$(sysctl -n net.netfilter.nf_conntrack_count)" -gt 16000 ]; }
until_ full
[ "$(sysctl -n net.netfilter.nf_conntrack_count)" -le \
	"$(sysctl -n net.netfilter.nf_conntrack_max)" ] || die "too many"
same "after a flood" "10.2.0.1 10" "$(left python3 ask tcp 10.2.0.2 4000 10)"
rules flush
same "forgotten" "" "$(cat /proc/net/nf_conntrack)"
EOS

part 'NAT of IPv6' <<'EOS'
must sysctl -qw net.ipv6.conf.all.forwarding=1
must ip -6 addr add fd00:a::1/64 dev wr0 nodad
must ip -6 addr add fd00:b::1/64 dev wr1 nodad
must left ip -6 addr add fd00:a::2/64 dev wr0 nodad
must left ip -6 route add default via fd00:a::1
must right ip -6 addr add fd00:b::2/64 dev wr0 nodad
rules 'add postrouting oifname wr1 masquerade' \
	'add prerouting iifname wr1 ip6 daddr fd00:b::1 udp dport 53 dnat [fd00:a::2]:80'
until_ left ping -c1 -W1 fd00:b::2
serve right fd00:b::2 4000
serve left fd00:a::2 80
same tcp "fd00:b::1 3000000" "$(left python3 ask tcp fd00:b::2 4000 3000000)"
same udp "fd00:b::1 9000" "$(left python3 ask udp fd00:b::2 4000 9000)"
same dnat "fd00:b::2 77" "$(right python3 ask udp fd00:b::1 53 77)"
same "port unreachable" "ConnectionRefusedError 111" \
	"$(left python3 ask udp1 fd00:b::2 4999 1)"
EOS

part 'a packet filter' <<'EOS'
must sysctl -qw net.ipv4.ip_forward=1
must right ip route add default via 10.2.0.1
until_ left ping -c1 -W1 10.2.0.2
serve right 10.2.0.2 4000
serve left 10.1.0.2 80
# from the left to the right, and what answers; nothing else
rules 'policy forward drop' 'add forward ct state established,related accept' \
	'add forward iifname wr0 tcp dport 4000-4010 accept' \
	'add forward iifname wr0 udp dport != 1-1000 accept'
same tcp "10.1.0.2 99" "$(left python3 ask tcp 10.2.0.2 4000 99)"
same udp "10.1.0.2 99" "$(left python3 ask udp 10.2.0.2 4000 99)"
same related "ConnectionRefusedError 111" \
	"$(left python3 ask udp1 10.2.0.2 4999 1)"
same dropped timeout "$(right python3 ask udp1 10.1.0.2 80 1)"
refused any '100% packet loss' left ping -c1 -W1 10.2.0.2
rules 'insert forward iifname wr1 udp dport 80 reject'
same rejected "ConnectionRefusedError 111" \
	"$(right python3 ask udp1 10.1.0.2 80 1)"
grep -q '^add forward .* reject # packets 1 bytes 29$' \
	/proc/sys/net/um/rules || die "$(cat /proc/sys/net/um/rules)"
rules 'insert forward iifname wr0 tcp dport 4000 reject with tcp reset'
same reset "ConnectionRefusedError 111" \
	"$(left python3 ask tcp 10.2.0.2 4000 9)"
rules 'delete forward 1' 'delete forward 1'
same "dropped again" timeout "$(right python3 ask udp1 10.1.0.2 80 1)"
# what was read can be written
cat /proc/sys/net/um/rules >saved
rules flush
until_ left ping -c1 -W1 10.2.0.2
cat saved >/proc/sys/net/um/rules
refused any '100% packet loss' left ping -c1 -W1 10.2.0.2
# the router itself
rules flush 'add input icmp type echo-request drop' 'policy output drop' \
	'add output ip daddr 10.1.0.0/24 accept'
refused any '100% packet loss' left ping -c1 -W1 10.1.0.1
refused any '' ping -c1 -W1 10.2.0.2
rules flush
until_ left ping -c1 -W1 10.1.0.1
until_ ping -c1 -W1 10.2.0.2
# all lines or none
for bad in 'add forward tcp dprt 1 drop' 'add nowhere drop' 'add input masquerade' \
	'add forward ip saddr 1.2.3.4.5 drop' 'add forward tcp dport 70000 drop' \
	'add forward' 'add prerouting dnat 10.0.0.1:80' 'policy input reject' \
	'add input udp dport 9 reject with tcp reset' \
	'add output reject with tcp reset' 'add input reject with nothing' \
	'add input oifname wr0 drop' 'delete forward 9' 'nonsense'; do
	refused 1 'Invalid argument' bash -c \
		"printf 'add input drop\n%s\n' '$bad' >all; cat all >/proc/sys/net/um/rules"
	same "after: $bad" "" "$(cat /proc/sys/net/um/rules)"
done
EOS
exit 0
