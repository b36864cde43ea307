#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_life.sh - a stack's files, its use, its end
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 ip mount pgrep
need_stack

printf -- '- /sys/class/net\n'
must_guest -- --net=umnetlwip,wr0=life,up <<'EOS'
same "names" "lo wr0" "$(cd /sys/class/net && echo *)"
same "mtu" 65536 "$(cat /sys/class/net/lo/mtu)"
must ip link set wr0 mtu 1400
same "mtu changed" 1400 "$(cat /sys/class/net/wr0/mtu)"
same "address" "$(ip -o link show wr0 | sed 's/.*ether \([^ ]*\).*/\1/')" \
	"$(cat /sys/class/net/wr0/address)"
same "type" directory "$(stat -c %F /sys/class/net/wr0/statistics)"
refused any 'No such file' cat /sys/class/net/eth7/mtu
refused any 'Not a directory' ls /sys/class/net/wr0/mtu/
cd /sys/class/net/lo && same "relative" 1 "$(cat ifindex)"
cd / || die cd
# the host's, for who asks for the host's stack
must mount -t umnetnative none /dev/net/host
ls /sys/class/net >"$HOME/view" && mstack /dev/net/host ls /sys/class/net >"$HOME/host"
cmp -s "$HOME/view" "$HOME/host" && die "mstack shows the view's interfaces"
grep -q wr0 /proc/net/dev || die /proc/net/dev
EOS

printf -- '- for a whole view, without a mount\n'
must_guest <<'EOS'
must um_add_service lwipv6,lo
same "all sockets" lo "$(ip -br link | cut -d' ' -f1)"
same "no mount" "" "$(grep umlwip /proc/self/mounts)"
same "a default is asked first" "" \
	"$(umview -q --net=none ip -br link 2>/dev/null)"
coproc python3 -uc '
import socket, sys
s = socket.socket()
print("ready")
sys.stdin.readline()'
# shellcheck disable=SC2153
exec 7<&"${COPROC[0]}" 8>&"${COPROC[1]}"
read -r _ <&7
refused 1 'in use' um_del_service umlwip
echo >&8
wait
must um_del_service umlwip
ls /sys/class/net | grep -qvx lo || exit 0
[ "$(ip -br link | wc -l)" -gt 1 ] || die "the host's links are not back"
EOS

printf -- '- in use\n'
must_guest <<'EOS'
must mount -t umnetlwip -o lo none /dev/net/default
coproc python3 -uc '
import socket, sys
l = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(l.getsockname())
print("ready")
sys.stdin.readline()
s, _ = l.accept()
s.sendall(b"still")
assert c.recv(9) == b"still"
print("works")'
# shellcheck disable=SC2153
exec 7<&"${COPROC[0]}" 8>&"${COPROC[1]}"
read -r word <&7
same "server" ready "$word"
refused any 'busy' umount /dev/net/default
must umount -l /dev/net/default
echo >&8
read -r word <&7
same "after umount -l" works "$word"
wait
must mount -t umnetlwip -o lo none /dev/net/default
must python3 -c 'import socket; socket.create_server(("127.0.0.1", 0))'
must umount /dev/net/default
EOS

printf -- '- its process dies\n'
for flags in '' --no-agent; do
	UMVIEW_FLAGS=$flags must_guest -- --net=umnetlwip,lo <<'EOS'
MONITOR=$(vuname -U) must python3 - <<'PY'
import os, select, signal, socket, threading, time
l = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(l.getsockname())
s, _ = l.accept()
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 0))
said = {}
def wait(name, call):
    try:
        said[name] = call()
    except OSError as e:
        said[name] = e.strerror
def poll():
    p = select.poll()
    p.register(l.fileno(), select.POLLIN)
    return len(p.poll(10000))
threads = [threading.Thread(target=wait, args=a) for a in
           (("stream", lambda: c.recv(1)), ("datagram", lambda: u.recv(1)),
            ("accept", l.accept), ("poll", poll))]
for t in threads:
    t.start()
time.sleep(0.2)
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        if os.stat("/proc/" + pid).st_uid != os.getuid():
            continue
        words = open(f"/proc/{pid}/cmdline").read().split("\0")
        parent = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[1]
    except OSError:
        continue
    # the monitor is the parent of both
    if words[0].endswith("umnetlwip-stack") and parent == os.environ["MONITOR"]:
        os.kill(int(pid), signal.SIGKILL)
for t in threads:
    t.join(10)
assert not any(t.is_alive() for t in threads), said
assert said["stream"] == "Connection reset by peer", said
assert said["datagram"] == "Network is down", said
assert said["poll"] == 1, said
for call in (socket.socket, c.getpeername, l.getsockname):
    try:
        call()
    except OSError as e:
        assert e.strerror == "Network is down", e
    else:
        assert False, call
PY
must umount -l /dev/net/default
EOS
done

printf -- '- nothing is left\n'
marker=wr$$
# shellcheck disable=SC2009,SC2317
alive() {
	ps -eo args | grep -q "[u]mnetlwip-stack 3 wr0=wire:$marker"
}
in_view --net="umnetlwip,wr0=$marker" true || fail "a short session"
wait_for 10 eval '! alive' || fail "a stack outlives its session"
for who in monitor first; do
	as_user "$UMVIEW" -q --net="umnetlwip,wr0=$marker" sleep 40 &
	wait_for 10 alive || fail "no stack"
	stack=$(pgrep -f "umnetlwip-stack 3 wr0=wire:$marker")
	monitor=$(ps -o ppid= -p "$stack" | tr -d ' ')
	victim=$monitor
	[ "$who" = monitor ] || victim=$(ps -o ppid= -p "$monitor" | tr -d ' ')
	kill -9 "$victim"
	wait_for 10 eval '! alive' || fail "a stack outlives its $who"
	wait
done

printf -- '- what was sent arrives, though the view has ended\n'
user_write "$T_TMP/slow" <<'EOS'
ip addr add 10.8.0.1/24 dev wr0
exec python3 -c '
import socket, time
l = socket.create_server(("10.8.0.1", 5099))
print("ready", flush=True)
c = l.accept()[0]
time.sleep(1)
n = 0
while d := c.recv(65536):
    n += len(d)
print(n)'
EOS
as_user "$UMVIEW" -q --net=umnetlwip,wr0=tail,up sh "$T_TMP/slow" >"$T_TMP/slow.out" &
wait_for 20 grep -q ready "$T_TMP/slow.out" || fail "no server"
must_guest -- --net=umnetlwip,wr0=tail,up <<'EOS'
must ip addr add 10.8.0.2/24 dev wr0
must python3 -c '
import socket
c = socket.create_connection(("10.8.0.1", 5099))
c.sendall(bytes(2000000))'
EOS
wait $! || fail "the server: $(cat "$T_TMP/slow.out")"
grep -qx 2000000 "$T_TMP/slow.out" || fail "short: $(cat "$T_TMP/slow.out")"
exit 0
