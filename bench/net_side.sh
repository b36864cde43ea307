#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2016 # for the shells inside
# net_side.sh - a server in one place and a runner in another, and what is between
#
# usage: net_side.sh SIDE UMVIEW DIR [UID GID]
#
# The runner reads standard input. DIR is a directory of the user's. What is
# started here ends with the runner. UID and GID: this is root; programs of the
# side are the user's, where they can be.
side=$1 umview=$2 dir=$3
shift 3
pids=()
trap 'kill "${pids[@]}" 2>/dev/null' EXIT
trap 'exit 143' TERM

# What is before a command that is the ordinary user's.
prefix=(env "HOME=$dir")
[ $# -ne 2 ] ||
	prefix=(setpriv "--reuid=$1" "--regid=$2" --clear-groups "${prefix[@]}")

# keep CMD... - in the background, until the end
keep() {
	"$@" </dev/null >/dev/null 2>&1 &
	pids+=("$!")
	last=$!
}

# reach CMD... - sets BENCH_NET for CMD and waits until its server is there
reach='export BENCH_NET; n=0
until netbench ping 1 >/dev/null 2>&1; do
	n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1
done
exec runner "$@"'
# shellcheck disable=SC2016
in_net='ip addr add "$1/24" dev "$2" && ip link set "$2" up || exit 1
shift 2; exec "$@"'

# two NET IFACE - server and runner in two views
two() {
	keep "${prefix[@]}" "$umview" -q --net="$1" sh -c "$in_net" sh 10.9.0.1 "$2" \
		netbench serve 10.9.0.1
	"${prefix[@]}" env BENCH_NET=10.9.0.1 "$umview" -q --net="$1" \
		sh -c "$in_net" sh 10.9.0.2 "$2" sh -c "$reach" sh
}

# switch NAME - a switch of its own; without a daemon it ends with its input
switch() {
	"${prefix[@]}" vde_switch -d -s "$dir/$1" -p "$dir/$1.pid" </dev/null \
		>/dev/null 2>&1 || exit 1
	until [ -s "$dir/$1.pid" ]; do sleep 0.1; done
	pids+=("$(cat "$dir/$1.pid")")
}

# cable SHARE - two switches with a cable that loses that share, in percent
cable() {
	switch "$side-a"
	switch "$side-b"
	keep "${prefix[@]}" wirefilter --daemon --pidfile "$dir/$side.pid" \
		-v "$dir/$side-a:$dir/$side-b" -l "$1"
	until [ -s "$dir/$side.pid" ]; do sleep 0.1; done
	pids+=("$(cat "$dir/$side.pid")")
	vnl_a=$dir/$side-a vnl_b=$dir/$side-b
}

one_switch() {
	switch "$side"
	vnl_a=$dir/$side vnl_b=$vnl_a
}

views_on_switch() {
	keep "${prefix[@]}" "$umview" -q --net="vde://$vnl_a" sh -c "$in_net" sh \
		10.9.0.1 vd0 netbench serve 10.9.0.1
	"${prefix[@]}" env BENCH_NET=10.9.0.1 "$umview" -q --net="vde://$vnl_b" \
		sh -c "$in_net" sh 10.9.0.2 vd0 sh -c "$reach" sh
}

# As root: an ordinary user may not open /dev/net/tun everywhere.
vdens_on_switch() {
	keep vdens "vde://$vnl_a" sh -c "$in_net" sh 10.9.0.1 vde0 \
		netbench serve 10.9.0.1
	BENCH_NET=10.9.0.1 vdens "vde://$vnl_b" sh -c "$in_net" sh \
		10.9.0.2 vde0 sh -c "$reach" sh
}

# host_server - on the host's loopback, for those with NAT
host_server() {
	keep netbench serve 127.0.0.1
}

# A network namespace held by a process that sleeps.
namespace() {
	keep unshare "$@" sleep 100000
	while [ "$(readlink "/proc/$last/ns/net")" = \
		"$(readlink /proc/self/ns/net)" ]; do sleep 0.1; done
}

case $side in
native | kern)
	set -- sh -c 'netbench serve 127.0.0.1 </dev/null >/dev/null 2>&1 & server=$!
		BENCH_NET=127.0.0.1 sh -c "$0" sh; kill $server' "$reach"
	[ "$side" = native ] || set -- "$umview" -q --net=umnetkern "$@"
	"${prefix[@]}" "$@"
	;;
wire) two "wire:bench$$" wr0 ;;
switch)
	one_switch
	views_on_switch
	;;
loss*)
	cable "${side#loss}"
	views_on_switch
	;;
vdens)
	one_switch
	vdens_on_switch
	;;
vdens-loss*)
	cable "${side#vdens-loss}"
	vdens_on_switch
	;;
slirp)
	host_server
	BENCH_NET=10.0.2.2 "${prefix[@]}" "$umview" -q --net=slirp sh -c "$reach" sh
	;;
slirp4netns)
	host_server
	namespace -n
	held=$last
	keep slirp4netns -c -m 65520 "$held" tap0
	BENCH_NET=10.0.2.2 nsenter -n -t "$held" sh -c "$reach" sh
	;;
pasta)
	host_server
	BENCH_NET=$(ip -4 route show default | awk '{ print $3; exit }') \
		"${prefix[@]}" pasta --config-net -q -- sh -c "$reach" "bench$$" || status=$?
	# Where it gets no tun device it fails, and leaves a child behind.
	pkill -KILL -f "^pasta .* bench$$\$" || :
	exit "${status:-0}"
	;;
kernel-veth)
	namespace -n
	held=$last
	keep nsenter -n -t "$held" sh -c '
		until ip link show veth1 2>/dev/null; do sleep 0.1; done
		ip addr add 10.9.0.1/24 dev veth1; ip link set veth1 up
		exec netbench serve 10.9.0.1'
	unshare -n sh -c '
		ip link add veth0 type veth peer name veth1 netns "$1" || exit 1
		ip addr add 10.9.0.2/24 dev veth0; ip link set veth0 up
		BENCH_NET=10.9.0.1 sh -c "$2" sh' sh \
		"$held" "$reach"
	;;
*) exit 2 ;;
esac
