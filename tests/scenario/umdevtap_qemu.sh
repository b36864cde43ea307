#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdevtap_qemu.sh - qemu -netdev tap in a view: frames go through, and a virtual
# machine gets its address by DHCP, and asks for a file
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need qemu-system-x86_64 ip python3 ping
need_stack
cp "$here/umdevtap.py" "$T_TMP/"
user_write "$T_TMP/start" <<'EOS'
# start QEMU-OPTION... - qemu with the end t of tap0, which is up then
start() {
	must mount -t umdevtap none /dev/net/tun
	qemu-system-x86_64 -display none -monitor none -serial none \
		-nodefaults -netdev \
		tap,id=t,ifname=tap0,script=no,downscript=no "$@" &
	qemu=$!
	n=0
	until ip link show tap0 >/dev/null 2>&1; do
		n=$((n + 1))
		[ $n -lt 300 ] || die "qemu opens no tap0"
		sleep 0.1
	done
	must ip addr add 10.66.0.1/24 dev tap0
	must ip link set tap0 up
}
EOS
user_write "$T_TMP/wire.py" <<'EOS'
import socket
import umdevtap
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("peer")
print("ready", flush=True)
while True:
    frame = s.recv(70000)
    answer = umdevtap.answer_frame(frame, socket.inet_aton("10.66.0.2"))
    if answer:
        s.sendto(answer, "qemu")
EOS
user_write "$T_TMP/boot.py" <<'EOS'
"""DHCP: 10.66.0.9 and a file to be loaded; then waits for who asks for it."""
import socket
import struct

ME = socket.inet_aton("10.66.0.1")


def udp(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    s.bind(("", port))
    s.settimeout(50)
    return s


def offer(asked, kind):
    return (b"\x02" + asked[1:16] + socket.inet_aton("10.66.0.9") + ME
            + asked[24:44] + bytes(64) + b"kernel".ljust(128, b"\0")
            + b"\x63\x82\x53\x63" + bytes([53, 1, kind, 54, 4]) + ME
            + bytes([51, 4, 0, 0, 16, 0, 1, 4, 255, 255, 255, 0, 255]))


tftp = udp(69)
dhcp = udp(67)
while True:
    asked = dhcp.recv(2000)
    kind = asked[asked.index(b"\x63\x82\x53\x63\x35\x01") + 6]
    dhcp.sendto(offer(asked, 2 if kind == 1 else 5), ("255.255.255.255", 68))
    if kind == 3:
        break
request, sender = tftp.recvfrom(2000)
assert sender[0] == "10.66.0.9", sender
assert request[:9] == struct.pack(">H", 1) + b"kernel\0", request
print("asked for kernel", flush=True)
EOS

printf -- '- frames between tap0 and another end of the same qemu\n'
must_guest -- --net=umnetlwip,lo <<'EOS'
. ./start
coproc python3 -u wire.py
read -r -t 30 _ <&"${COPROC[0]}" || die "no peer"
start -M none \
	-netdev dgram,id=d,local.type=unix,local.path=qemu,remote.type=unix,remote.path=peer \
	-netdev hubport,hubid=0,id=h1,netdev=t \
	-netdev hubport,hubid=0,id=h2,netdev=d
ip -d link show tap0 | grep -q 'tun type tap pi off vnet_hdr on' ||
	die "$(ip -d link show tap0)"
must ping -c3 -i0.2 -W20 -s 1400 10.66.0.2 >out
kill $qemu "$COPROC_PID"
wait
EOS

[ -e /usr/lib/ipxe/qemu/pxe-virtio.rom ] || {
	printf 'note: ipxe-qemu is not installed: no machine that boots\n'
	exit 0
}
printf -- '- a machine that boots by its network card\n'
must_guest -- --net=umnetlwip,lo <<'EOS'
. ./start
start -M pc -accel tcg -m 64 -vga none -boot n \
	-device virtio-net-pci,netdev=t,mac=52:54:00:12:34:56
must ip route add 255.255.255.255 dev tap0
must timeout 50 python3 boot.py
same "its neighbour" 52:54:00:12:34:56 \
	"$(ip neigh show 10.66.0.9 | grep -o '..:..:..:..:..:..')"
kill $qemu
wait
EOS
exit 0
