#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# net_netlink.sh - ip(8) on a stack says what it says on the kernel's
#
# The same commands are run in a network namespace of the host's, and their
# words and exit statuses are compared.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need ip
need_stack
[ "$(id -u)" -eq 0 ] || skip "only root makes a network namespace to compare with"
unshare -n ip link add v0 type veth peer name v1 2>/dev/null ||
	skip "no network namespace with a veth here"

user_write "$T_TMP/commands" <<'EOS'
ip link set nosuch up
ip link del nosuch
ip link set D mtu 10
ip link add x type nosuchtype
ip link set D name lo
ip link show nosuch
ip addr add 10.7.0.1/24 dev D
ip addr add 10.7.0.1/24 dev D
ip addr del 10.7.0.77/24 dev D
ip addr add 10.7.0.2/24 dev nosuch
ip addr add 10.7.0.300/24 dev D
ip addr add fd00::1/64 dev D nodad
ip addr add fd00::1/64 dev D
ip addr del fd00::9/64 dev D
ip route add 10.8.0.0/16 via 10.9.0.1
ip route add 10.8.0.0/16 via 10.7.0.9
ip route add 10.8.0.0/16 via 10.7.0.9
ip route replace 10.8.0.0/16 via 10.7.0.8
ip route del 10.99.0.0/16
ip route add default via 10.7.0.3
ip route add default dev nosuch
ip route add 10.8.1.1/16 via 10.7.0.9
ip route add unreachable 10.66.0.0/16
ip route get 10.66.1.1
ip route get 10.8.1.1
ip -6 route add fd01::/64 via fd00::2
ip -6 route add fd01::/64 via fd00::2
ip -6 route del fd09::/64
ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:01 dev D nud permanent
ip neigh add 10.7.0.9 lladdr 02:00:00:00:00:01 dev D
ip neigh del 10.7.0.55 dev D
ip neigh show
ip neigh del 10.7.0.9 dev D
ip neigh show
ip route show
ip -o -4 addr show dev D
ip rule show
ip addr del 10.7.0.1/24 dev D
ip -o -4 addr show dev D
ip route show
ip link del lo
EOS
user_write "$T_TMP/run" <<'EOS'
while read -r command; do
	printf '+ %s\n' "$command"
	# shellcheck disable=SC2086
	${command//D/$1} </dev/null 2>&1 |
		sed "s/\<$1\>/D/g; s/^[0-9]*: //; s/ uid [0-9]*//; s/ *\$//"
	printf '= %s\n' "${PIPESTATUS[0]}"
done <commands
EOS
# shellcheck disable=SC2016
unshare -n bash -c '
	ip link add v0 type veth peer name v1 &&
	ip link set v0 up && ip link set v1 up && ip link set lo up
	bash ./run v0' >"$T_TMP/want" 2>&1
# Somebody is at the other end of the wire: it has a carrier.
# shellcheck disable=SC2016
in_view --net=umnetlwip,wr0=nl$$,up bash -c '
	umview -q "--net=umnetlwip,wr0=nl$1,up" sleep 30 &
	for i in $(seq 100); do
		[ "$(cat /sys/class/net/wr0/carrier)" = 1 ] && break
		sleep 0.05
	done
	bash ./run wr0
	kill %1' sh $$ >"$T_TMP/got" 2>&1 || fail "in the view: $(cat "$T_TMP/got")"
diff -u "$T_TMP/want" "$T_TMP/got" || fail "ip says something else"

printf -- '- what changes is told\n'
must_guest -- --net=umnetlwip,wr0=nm$$ <<'EOS'
ip monitor link address route >told &
for _ in $(seq 50); do
	ip addr add 10.7.0.1/24 dev wr0 && ip addr del 10.7.0.1/24 dev wr0
	grep -q Deleted told && break
	sleep 0.1
done
kill %1
grep -q 'wr0 *inet 10.7.0.1/24' told || die "ip monitor: $(cat told)"
EOS
exit 0
