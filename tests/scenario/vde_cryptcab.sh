#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# vde_cryptcab.sh - two switches joined by an encrypted cable, which is then ill-treated
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/scenario/vde_lib.sh
. "$here/vde_lib.sh"
need ip ping python3 vde_cryptcab
need_stack
port=$((20000 + $$ % 20000))

cab() {
	local log=$1
	shift
	start "$log" vde_cryptcab -v -k 1 "$@"
	cab=$started
}
said() {
	grep -aq "$1" "$2"
}
await() {
	wait_for 30 said "$1" "$2" || fail "no '$1' in $2: $(cat "$2")"
}
serve() {
	rm -f server.log
	cab server.log -P key -s "$T_TMP/left" -p "$port"
	server=$cab
	wait_for 30 bound || fail "no server: $(cat server.log)"
}
bound() {
	ss -lunH "sport = :$port" | grep -q .
}
# join PORT [OPTION...]
join() {
	rm -f client.log
	cab client.log -P key -s "$T_TMP/right" -c "127.0.0.1:$1" "${@:2}"
	client=$cab
}
# A frame passes, in a view at each end.
passes() {
	as_user touch again
	wait_for 60 test ! -e again || fail "nothing passes: $*
$(cat server.log client.log)"
}
relay() {
	local answers
	answers=$(wc -l <relay.log)
	printf '%s\n' "$1" >orders
	wait_for 20 more_lines relay.log "$answers" || fail "relay: $1"
}
more_lines() {
	[ "$(wc -l <"$1")" -gt "$2" ]
}

switch_on left
switch_on right
as_user vde_cryptcab --genkey key
as_user vde_cryptcab --genkey other
start left.view "$UMVIEW" -q --net="vde://$T_TMP/left" sh -ec '
	ip addr add 10.7.0.1/24 dev vd0
	ip link set vd0 up
	while [ ! -e end ]; do sleep 0.2; done'
start right.view "$UMVIEW" -q --net="vde://$T_TMP/right" sh -ec '
	ip addr add 10.7.0.2/24 dev vd0
	ip link set vd0 up
	while [ ! -e end ]; do
		sleep 0.1
		[ ! -e again ] || ! ping -c1 -W1 -p 5a5a5a5a 10.7.0.1 || rm again
	done'

printf -- '- frames pass, and nobody can read them\n'
serve
as_user mkfifo orders
start relay.log python3 "$here/vde_relay.py" orders "$port"
relay=$started
wait_for 20 test -s relay.log || fail "no relay"
join "$(head -n 1 relay.log)" -r 2
await 'joined with' server.log
await 'joined with' client.log
passes
relay dump
[ -s wire ] || fail 'nothing was seen on the way'
! grep -aq 'ZZZZZZZZ' wire || fail 'plain text on the way'

printf -- '- the client has another address\n'
relay move
passes 'from another address'

printf -- '- what was recorded, and what is damaged, is dropped\n'
relay replay
await 'it came before' server.log
passes 'after a replay'
relay garble
await 'not genuine' server.log
await 'somebody has another key' server.log
passes 'after damaged packets'
[ "$(grep -c 'joined with' server.log)" -eq 1 ] ||
	fail "somebody else was joined: $(cat server.log)"

printf -- '- keys are changed while it is used\n'
# Recordings of older handshakes are answered, and come to nothing.
for i in {1..6}; do
	passes "$i"
	sleep 1
done
relay replay
passes 'with new keys'

printf -- '- another key is refused\n'
cab wrong.log -P other -s "$T_TMP/right" -c "127.0.0.1:$port"
wrong=$cab
before=$(grep -c 'another key' server.log)
enough() { [ "$(grep -c 'another key' server.log)" -gt $((before + 1)) ]; }
wait_for 30 enough || fail 'nobody is refused'
! said joined wrong.log || fail "joined with a wrong key"
stop "$wrong" INT || fail "status $? of one that was not joined"

printf -- '- the server is killed, and another takes its place\n'
stop "$server" KILL
serve
await 'joined with' server.log
passes 'with another server'

printf -- '- the client is killed, and another comes\n'
stop "$client" KILL
stop "$relay"
rm orders
join "$port"
await 'joined with' client.log
await 'not heard any more' server.log
passes 'with another client'

printf -- '- a switch is restarted\n'
switch_off right
await 'the switch is gone' client.log
switch_on right
await 'plugged into the switch again' client.log
passes 'with another switch'

printf -- '- Ctrl-C ends both\n'
stop "$server" INT || fail "status $? of the server: $(cat server.log)"
await 'goodbye' client.log
stop "$client" INT || fail "status $? of the client: $(cat client.log)"

printf -- '- as a daemon\n'
as_user vde_cryptcab -P key -s "$T_TMP/left" -p "$port" -d \
	--pidfile daemon.pid || fail 'no daemon'
join "$port"
await 'joined with' client.log
kill "$(cat daemon.pid)"
await 'goodbye' client.log
wait_for 20 test ! -e daemon.pid || fail 'its pidfile is left'
stop "$client" INT

printf -- '- wrong use\n'
refused() {
	local want=$1 status=0
	shift
	as_user timeout 10 vde_cryptcab "$@" >out 2>&1 </dev/null || status=$?
	[ "$status" -eq "$want" ] || fail "$*: status $status: $(cat out)"
	[ -s out ] || fail "$*: no message"
}
refused 2 -s "$T_TMP/left"
refused 2 -P key -c user@host
refused 2 -P key -k 0
refused 1 -P absent -s "$T_TMP/left"
refused 1 -P key -s "$T_TMP/absent" -c 127.0.0.1
refused 1 -P key -s "$T_TMP/left" -c 127.0.0.1:no-such-port
refused 1 --genkey key
chmod 644 key
refused 1 -P key -s "$T_TMP/left"

as_user touch end
wait
switch_off left
switch_off right
rm -f "$T_TMP"/*.pid
vde_all_gone
