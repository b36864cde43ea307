#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vde_telweb.sh - a switch is managed over its own network: telnet, curl, a browser
#
# vdetelweb runs on the stack of a view that is plugged into the switch; whoever uses
# it, in another view.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/vde_lib.sh
. "$here/vde_lib.sh"
need ip curl telnet python3 vdetelweb
need_stack
node='lab<b>'
user_write rc <<-END
	# addresses are this view's
	password secret
	ip4 10.8.0.1/24
	ip6 fd08::1/64
END
chmod 600 rc

switch_on sw
start telweb.log "$UMVIEW" -q --net="vde://$T_TMP/sw" \
	vdetelweb -t -w -f rc -n "$node" --pidfile telweb.pid sw.mgmt
telweb=$started
wait_for 60 grep -q serving telweb.log || fail "no vdetelweb: $(cat telweb.log)"

must_guest node="$node" -- --net="vde://$T_TMP/sw" <<'EOS'
must ip addr add 10.8.0.2/24 dev vd0
must ip addr add fd08::2/64 dev vd0
must ip link set vd0 up

get() {
	curl -g -s -o page -w '%{http_code}' -u "admin:${pass:-secret}" "$@"
}
same 'a page' 200 "$(get http://10.8.0.1/)"
grep -q 'lab&lt;b&gt;' page || die "the name: $(cat page)"
# The addresses are looked for twice on the wire first.
for i in {1..60}; do
	! curl -g -s -o page 'http://[fd08::1]/' || break
	sleep 0.5
done
same 'over IPv6' 200 "$(get 'http://[fd08::1]/vlan')"
same 'a wrong password' 401 "$(pass=wrong get http://10.8.0.1/)"
same 'no password' 401 "$(curl -s -o page -w '%{http_code}' http://10.8.0.1/)"
grep -q 'vlan' page && die "a page without a password: $(cat page)"
same 'no such menu' 404 "$(get http://10.8.0.1/nothing)"
same 'a command that is none' 400 "$(get http://10.8.0.1/port -d cmd=port/nothing)"
same 'a menu' 400 "$(get http://10.8.0.1/port -d cmd=port)"
same 'two commands in one' 400 "$(get http://10.8.0.1/port -d cmd=port/create \
	--data-urlencode arg=$'8\nshutdown')"
same 'a long argument' 400 "$(get http://10.8.0.1/port -d cmd=port/create \
	-d "arg=$(printf '%0999d' 8)")"
same 'another site' 403 "$(get http://10.8.0.1/port -d cmd=port/create -d arg=8 \
	-H 'Origin: http://10.8.0.9')"
same 'its own site' 200 "$(get http://10.8.0.1/port -d cmd=port/create -d arg=8 \
	-H 'Origin: http://10.8.0.1')"
same 'another method' 405 "$(get -X DELETE http://10.8.0.1/)"
same 'what it did' 200 "$(get http://10.8.0.1/port -d cmd=port/allprint)"
grep -q 'Port 0008' page || die "port 8 was not made: $(cat page)"

must python3 "$here/vde_telnet.py" 10.8.0.1 "$node"

if command -v chromium >/dev/null; then
	python3 "$here/vde_browser.py" 10.8.0.1 "$node" "$PWD/profile" 2>browser.err ||
		die "browser: $(tail -n 5 browser.err)"
else
	echo 'note: chromium is not installed'
fi

# Seventeen are one too many; who leaves makes room.
python3 - <<'PY' || die 'too many sessions'
import socket
def session():
    s = socket.create_connection(("10.8.0.1", 23), 30)
    s.settimeout(30)
    return s, b"lab" in s.recv(100)
many = [session() for i in range(16)]
assert all(ok for s, ok in many)
assert not session()[1]
many.pop()[0].close()
for i in range(300):
    s, ok = session()
    if ok:
        break
assert ok
PY
EOS
grep -q 'wrong password' telweb.log || fail "not told: $(cat telweb.log)"

printf -- '- the switch is restarted\n'
switch_off sw
switch_on sw
# shellcheck disable=SC2016
in_view --net="vde://$T_TMP/sw" sh -ec '
	ip addr add 10.8.0.3/24 dev vd0
	ip link set vd0 up
	for i in $(seq 30); do
		curl -sf -m 5 -u admin:secret http://10.8.0.1/port >page && exit
		sleep 0.5
	done
	exit 1' || fail "not served after a restart of the switch"

printf -- '- Ctrl-C ends it\n'
kill -INT "$(cat telweb.pid)"
wait "$telweb" || fail "status $? of vdetelweb: $(cat telweb.log)"
[ ! -e telweb.pid ] || fail 'its pidfile is left'

printf -- '- wrong use\n'
refused() {
	local want=$1 status=0
	shift
	as_user timeout 10 vdetelweb "$@" >out 2>&1 </dev/null || status=$?
	[ "$status" -eq "$want" ] || fail "$*: status $status: $(cat out)"
	[ -s out ] || fail "$*: no message"
}
user_write empty </dev/null
user_write local <<<'password secret'
refused 2 -t
refused 2 -f local sw.mgmt
refused 1 -t -f absent sw.mgmt
refused 1 -t -f empty sw.mgmt
grep -q 'no password' out || fail "$(cat out)"
refused 1 -t -f local absent
refused 1 -t -f rc sw.mgmt
grep -q 'stack of its own' out || fail "$(cat out)"
refused 1 -t -f local --telnet-port no-such-port sw.mgmt

switch_off sw
vde_all_gone
