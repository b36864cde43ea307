#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_dead.sh - a stack's process is killed, or stuck: the session goes on
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need python3 ip mount pgrep timeout
need_stack
user_write "$T_TMP/words" <<'EOS'
stack_pid() { pgrep -P "$(vuname -U)" -x umnetlwip-stack | head -1; }
until_() {
	for _ in $(seq 200); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	die "never: $*"
}
EOS
part() {
	printf -- '- %s\n' "$1"
	cat "$T_TMP/words" - >"$T_TMP/part"
	must_guest WHO=$$ <"$T_TMP/part" 2>"$T_TMP/told" || fail "$(cat "$T_TMP/told")"
}

part 'killed: told, unmounted, mounted anew' <<'EOS'
must mount -t umnetlwip -o lo none /dev/net/default
must ip addr add 10.9.9.9/32 dev lo
for _ in 1 2 3; do
	must kill -9 "$(stack_pid)"
	until_ eval '! ip link'
	refused any 'Network is down' python3 -c 'import socket; socket.socket()'
	refused any '' cat /sys/class/net/lo/mtu
	same "the session" works "$(echo works)"
	must umount /dev/net/default
	must mount -t umnetlwip -o lo none /dev/net/default
	! ip -br addr | grep -q 10.9.9.9 || die "it is the old one"
	must python3 -c '
import socket
l = socket.create_server(("127.0.0.1", 0))
c = socket.create_connection(l.getsockname())
l.accept()[0].sendall(b"x")
assert c.recv(1) == b"x"'
done
EOS
grep -q 'network stack has ended by itself (signal 9)' "$T_TMP/told" ||
	fail "not told: $(cat "$T_TMP/told")"

part 'stuck: guests can be interrupted, the stack unmounted' <<'EOS'
must mount -t umnetlwip -o lo none /dev/net/default
stack=$(stack_pid)
must kill -STOP "$stack"
# what Ctrl-C is: one in each call that asks the stack
for call in 'socket.socket()' 'open("/proc/net/dev").read()' \
	'socket.if_nameindex()'; do
	timeout -s INT 1 python3 -c "
import socket
$call" >out 2>&1
	same "interrupted: $call" 124 $?
	grep -q KeyboardInterrupt out || die "$call: $(cat out)"
done
# so many that the stack's queue is full
cat >many <<'PY'
import os, signal, socket, time
pids = []
for n in range(600):
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        socket.socket()
        os._exit(1)
    pids.append(pid)
time.sleep(1)
for pid in pids:
    os.kill(pid, signal.SIGINT)
ends = {os.waitpid(pid, 0)[1] for pid in pids}
assert ends == {signal.SIGINT}, ends
PY
must timeout 60 python3 many
must timeout 30 umount /dev/net/default
until_ eval "! kill -0 $stack"
must mount -t umnetlwip -o "wr0=dead$WHO" none /dev/net/default
must python3 -c 'import socket; socket.create_server(("127.0.0.1", 0))'
must kill -STOP "$(stack_pid)"
EOS
printf -- '- the session ends although its stack is stuck\n'
wait_for 20 eval '! pgrep -f "[u]mnetlwip-stack 3 wr0=wire:dead$$" >/dev/null' ||
	fail "the stack outlives its session"
exit 0
