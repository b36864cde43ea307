#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_tools.sh - programs of the distribution on a stack of the view
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip ss python3 ping
need_stack
# tool NAME: whether it is there; what is left out is told
tool() {
	command -v "$1" >/dev/null 2>&1 && return
	printf 'note: %s is not installed\n' "$1"
	return 1
}
LO=--net=umnetlwip,lo

for flags in '' --no-agent; do
	export UMVIEW_FLAGS=$flags
	printf -- '- ping, ss, http %s\n' "$flags"
	must_guest -- $LO <<'EOS'
ping -c2 -i0.2 127.0.0.1 | grep -q ' 0% packet loss' || die ping
ping -c1 ::1 | grep -q ' 0% packet loss' || die "ping ::1"
refused any 'unreachable' ping -c1 -W1 192.0.2.77
mkdir -p www && head -c 3000000 /dev/urandom >www/file
python3 -u -m http.server -b 127.0.0.1 -d www 8000 >http.log 2>&1 &
for _ in $(seq 600); do
	ss -Htln | grep -q 127.0.0.1:8000 && break
	sleep 0.1
done
ss -Htlnp | grep -q '127.0.0.1:8000.*python3' || die "ss: $(ss -Htlnp)"
python3 -c '
import urllib.request
data = urllib.request.urlopen("http://127.0.0.1:8000/file").read()
assert data == open("www/file", "rb").read()' || die urllib
if command -v curl >/dev/null; then
	must curl -sS -o got http://127.0.0.1:8000/file
	must cmp got www/file
	refused 7 'refused|connect' curl -sS http://127.0.0.1:9/
fi
kill %1
wait
same getent 127.0.0.1 "$(getent ahosts 127.0.0.1 | head -1 | cut -d' ' -f1)"
EOS
done
export UMVIEW_FLAGS=

tool busybox && must_guest -- --net=umnetlwip,wr0=bb$$ <<'EOS'
must busybox ifconfig wr0 10.5.0.1 netmask 255.255.255.0 up
busybox ifconfig wr0 | grep -q 'inet addr:10.5.0.1 .*Mask:255.255.255.0' ||
	die "$(busybox ifconfig wr0)"
must busybox route add -net 10.6.0.0/16 gw 10.5.0.9
busybox route -n | grep -q '^10.6.0.0 *10.5.0.9 *255.255.0.0 *UG' || die route
must busybox route del -net 10.6.0.0/16
! ip route | grep -q 10.6.0.0 || die "route del"
python3 -c '
import os, socket
s = socket.create_server(("10.5.0.1", 4000))
c = socket.create_connection(("10.5.0.1", 4000))
os.system("busybox netstat -tan >ns")'
grep -q '10.5.0.1:4000 .*LISTEN' ns || die "netstat: $(cat ns)"
grep -q '10.5.0.1:4000 .*ESTABLISHED' ns || die "netstat: $(cat ns)"
EOS

tool iperf3 && must_guest -- $LO <<'EOS'
iperf3 -s -1 -p 5999 >server 2>&1 &
for _ in $(seq 600); do
	ss -Htln | grep -q :5999 && break
	sleep 0.1
done
iperf3 -c 127.0.0.1 -p 5999 -n 20M -J >client || die "iperf3: $(cat client)"
wait
python3 -c '
import json
e = json.load(open("client"))["end"]
assert e["sum_received"]["bytes"] >= 20000000, e' || die "iperf3: bytes"
EOS

tool nc && must_guest -- $LO <<'EOS'
(nc -l 127.0.0.1 4100 >got) &
for _ in $(seq 600); do
	ss -Htln | grep -q :4100 && break
	sleep 0.1
done
echo hello | must nc -N 127.0.0.1 4100
wait
same nc hello "$(cat got)"
refused 1 '' nc -z 127.0.0.1 4101
(nc -u -l -W 1 127.0.0.1 4102 >got) &
for _ in $(seq 600); do
	ss -Hlun | grep -q :4102 && break
	sleep 0.1
done
echo datagram | must nc -u -w1 127.0.0.1 4102
wait
same "nc -u" datagram "$(cat got)"
EOS

tool dnsmasq && tool dig && must_guest -- $LO <<'EOS'
dnsmasq -C /dev/null -k -p 5353 -a 127.0.0.1 -z --no-resolv --no-hosts \
	--pid-file= -A /there.test/10.1.2.3 -u "$(id -un)" 2>dns.log &
for _ in $(seq 100); do
	same_dig=$(dig +time=1 +tries=1 +short -p 5353 @127.0.0.1 there.test)
	[ "$same_dig" != 10.1.2.3 ] || break
	sleep 0.1
done
same dig 10.1.2.3 "$same_dig"
same "dig +tcp" 10.1.2.3 "$(dig +tcp +short -p 5353 @127.0.0.1 there.test)"
kill %1
EOS

if [ -x /usr/sbin/sshd ] && tool ssh; then
	must_guest -- $LO <<'EOS'
ssh-keygen -q -t ed25519 -N '' -f host
ssh-keygen -q -t ed25519 -N '' -f user
printf '%s\n' "Port 2222" "ListenAddress 127.0.0.1" "HostKey $PWD/host" \
	"AuthorizedKeysFile $PWD/user.pub" "PidFile none" "StrictModes no" \
	"UsePAM no" >sshd_config
/usr/sbin/sshd -D -e -f "$PWD/sshd_config" 2>sshd.log &
for _ in $(seq 600); do
	ss -Htln | grep -q :2222 && break
	sleep 0.1
done
# shellcheck disable=SC2016
said=$(ssh -F none -p 2222 -i user -o StrictHostKeyChecking=no \
	-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR 127.0.0.1 \
	'echo $SSH_CONNECTION; head -c 200000 /dev/zero | wc -c' 2>&1)
kill %1
same ssh "200000" "$(tail -1 <<<"$said")"
grep -q '^127.0.0.1 [0-9]* 127.0.0.1 2222$' <<<"$said" || die "ssh: $said"
EOS
fi

printf -- '- a first program behind NAT finds the way out\n'
for options in umnetlwip,sl0,dhcp slirp; do
	# shellcheck disable=SC2016
	in_view --net="$options" sh -c '[ -e /sys/class/net/sl0 ] || exit 77
		ping -c1 -W5 10.0.2.2' >"$T_TMP/out" 2>&1
	case $? in
	0) ;;
	77) printf 'note: built without libslirp\n' ;;
	*) fail "--net=$options: $(cat "$T_TMP/out")" ;;
	esac
done
exit 0
