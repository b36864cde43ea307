#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# umdevtap.sh - /dev/net/tun: interfaces of a stack, of a switch; what goes wrong
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip python3 ping pgrep mount umount
need_stack
cp "$here/umdevtap.py" "$T_TMP/"
user_write "$T_TMP/words" <<'EOS'
# until CMD... - it comes to succeed
until_is() {
	local end=$((SECONDS + 30))
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || die "it never comes: $*"
		sleep 0.1
	done
}
# start NAME KIND ADDRESS [persist] - a peer; its words come by line
start() {
	coproc python3 -u umdevtap.py peer "$@"
	PEER=$COPROC_PID
	exec 7<&"${COPROC[0]}"
	line
	same "peer" "ready $1" "$LINE"
}
line() {
	read -r -t 30 LINE <&7 || die "the peer says nothing"
}
stop() {
	kill "$PEER"
	wait "$PEER" 2>/dev/null
}
is_gone() {
	! ip link show "$1"
}
EOS

for options in '' --no-agent; do
	printf -- '- ip tuntap, and a program that moves packets %s\n' "$options"
	# shellcheck disable=SC2086
	must_guest -- --net=umnetlwip,lo $options <<'EOS'
. ./words
must mount -t umdevtap none /dev/net/tun
same "it is" "character special file 10 200" \
	"$(stat -c '%F %Hr %Lr' /dev/net/tun)"
must ip tuntap add dev tap0 mode tap user "$(id -un)"
must ip tuntap add dev tun0 mode tun pi
refused 1 'busy' ip tuntap add dev tap0 mode tap
refused 1 'Invalid argument' ip tuntap add dev many mode tap multi_queue
refused 2 'not supported' ip link add x type tun
same "tuntap show" "tap0: tap persist user $(id -u)
tun0: tun pi persist filter" "$(ip tuntap show)"
ip -d link show tap0 | grep -q 'tun type tap pi off vnet_hdr off persist on' ||
	die "$(ip -d link show tap0)"
must ip tuntap del dev tap0 mode tap
until_is is_gone tap0
for kind in tun tap; do
	name=${kind}0
	start $name $kind 10.66.0.2 persist
	must ip addr add 10.66.0.1/24 dev $name
	must ip link set $name up
	must ping -c3 -i0.2 -W20 -s 1000 10.66.0.2 >out
	refused 32 'busy' umount /dev/net/tun
	stop
	# it stays, without a carrier
	until_is grep -qx 0 /sys/class/net/$name/carrier
	same "its flags" "$([ $kind = tap ] && echo 0x1802 || echo 0x1801)" \
		"$(cat /sys/class/net/$name/tun_flags)"
	start $name $kind 10.66.0.2
	must ping -c1 -W20 10.66.0.2 >out
	must ip link set $name alias 'a text'
	must ip link set $name down
	must ip link set $name name other
	must ip link set other up
	must ping -c1 -W20 10.66.0.2 >out
	# removed while it is read
	must ip link del other
	line
	same "removed" end "$LINE"
	line
	same "then" "File descriptor in bad state" "$LINE"
	stop
done
until_is umount /dev/net/tun
EOS
done

printf -- '- the stack dies\n'
must_guest WIRE="dies$$" -- --net="umnetlwip,wr0=dies$$" <<'EOS'
. ./words
must mount -t umdevtap none /dev/net/tun
start tap0 tap 10.66.0.2
must kill -9 "$(pgrep -f "umnetlwip-stack 3 wr0=wire:$WIRE")"
line
same "the stack is dead" end "$LINE"
line
same "then" "File descriptor in bad state" "$LINE"
EOS

printf -- '- no stack, wrong options\n'
must_guest <<'EOS' 2>"$T_TMP/err"
. ./words
refused 32 'wrong fs type' mount -t umdevtap -o bad none /dev/net/tun
refused 32 'wrong fs type' mount -t umdevtap -o a/b=vde:// none /dev/net/tun
must mount -t umdevtap -o tap1=vde:///nowhere none /dev/net/tun
refused 1 'No such device' python3 umdevtap.py peer tap0 tap 1.2.3.4
refused 1 'Invalid argument' python3 umdevtap.py peer tap1 tun 1.2.3.4
until_is umount /dev/net/tun
EOS
grep -q 'umdevtap: no stack of the view' "$T_TMP/err" ||
	fail "no word about the stack: $(cat "$T_TMP/err")"

[ -z "${1:-}" ] || {
	printf 'note: built with -fsanitize=%s, which loads no plugins of libvdeplug\n' "$1"
	exit 0
}
printf -- '- no switch\n'
must_guest <<'EOS' 2>"$T_TMP/err"
must mount -t umdevtap vde:///nowhere /dev/net/tun
refused 1 'No such file' python3 umdevtap.py peer any0 tap 1.2.3.4
EOS
grep -q 'any0: cannot plug into vde:///nowhere' "$T_TMP/err" ||
	fail "no word about the switch: $(cat "$T_TMP/err")"
command -v vde_switch >/dev/null || {
	printf 'note: vde_switch is not installed\n'
	exit 0
}
# shellcheck source=tests/scenario/vde_lib.sh
. "$here/vde_lib.sh"
# shellcheck disable=SC2317
finish() {
	[ ! -s "$T_TMP/pid" ] || kill "$(cat "$T_TMP/pid")" 2>/dev/null
	rm -f "$T_TMP/pid"
}
t_at_end finish

# ask COMMANDS - in a view with a stack on the switch
ask() {
	# shellcheck disable=SC2016
	in_view --net="vde://$T_TMP/sw" sh -ec '
		ip addr add 10.66.0.1/24 dev vd0; ip link set vd0 up
		eval "$1"' sh "$1"
}

printf -- '- plugged into a switch, which comes back\n'
switch_on sw
# shellcheck disable=SC2016
in_view sh -c '
	mount -t umdevtap -o tap7=vde://$1 none /dev/net/tun
	echo $$ >pid
	exec python3 -u umdevtap.py peer tap7 tap 10.66.0.7' sh "$T_TMP/sw" \
	>"$T_TMP/log" 2>&1 &
wait_for 30 grep -q 'ready tap7' "$T_TMP/log" || fail "$(cat "$T_TMP/log")"
ask 'ping -c2 -i0.2 -W20 -s 1400 10.66.0.7 >/dev/null' ||
	fail "not over the switch"
switch_off sw
switch_on sw
ask 'n=0; until ping -c1 -W1 10.66.0.7 >/dev/null; do
	n=$((n + 1)); [ $n -lt 40 ]; done' || fail "not after the switch came back"
exit 0
