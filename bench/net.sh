# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# net.sh - networks: from one program to another, by what is between them
#
# A side of net/ is a link, one of loss-N/ a cable between two switches that loses N
# percent of the frames; net_side.sh makes them.

net_sides=(native kernel-veth wire switch vdens slirp slirp4netns pasta kern)
loss_sides=(native switch vdens)
losses=(0.1 1)

net_rows() {
	local share
	cat <<'ROWS'
net|send 1 MiB|value|netbench send @mib@|
net|receive 1 MiB|value|netbench receive @mib@|
net|write of 64 bytes|value|netbench small @writes@|
net|ping-pong|value|netbench ping @pings@|
net|connect|value|netbench connect @dials@|
net|ping-pong of many|value|netbench crowd @many@|
ROWS
	for share in "${losses[@]}"; do
		printf 'loss-%s|send 1 MiB|value|netbench send @lossy@|\n' "$share"
	done
}

# What runs under root there; all others are the ordinary user's.
net_needs_root=' kernel-veth vdens slirp4netns '

# plan_net GROUP SIDE
plan_net() {
	local name=$2 dir=$work/$1-$2 ids=()
	case $1:$2 in
	loss-*:switch) name=loss${1#loss-} ;;
	loss-*:vdens) name=vdens-loss${1#loss-} ;;
	esac
	case $2 in
	vdens | slirp4netns | pasta) have "$2" || return 1 ;;
	esac
	case $2 in
	switch | vdens) have vde_switch || return 1 ;;
	esac
	[ "$1" = net ] || [ "$2" = native ] || have wirefilter || return 1
	if [ "$(id -u)" -eq 0 ]; then
		ids=("$(id -u "$um_user")" "$(id -g "$um_user")")
	elif [[ $net_needs_root = *" $2 "* ]]; then
		why='it needs root'
		return 1
	fi
	[ -d "$dir" ] || um_as_user "$work/home" mkdir "$dir"
	root=yes
	side_dir[$2]=/
	cmd=(bash "$here/net_side.sh" "$name" "$umview" "$dir" "${ids[@]}")
}

# stack_pid PID - the stack process of the session whose front it is
stack_pid() {
	local pid
	for pid in $(pgrep -x umnetlwip-stack) $(pgrep -f /umnetlwip-stack); do
		[ "$(ps -o ppid= -p "$(ps -o ppid= -p "$pid")")" -ne "$1" ] ||
			printf '%s\n' "$pid"
	done | head -n 1
}

# measure_idle_stack SIDE NET - its memory, and what it uses while nothing is done
measure_idle_stack() {
	local front stack before after _
	"${um_prefix[@]}" "$umview" -q --net="$2" sleep 600 </dev/null \
		>/dev/null 2>&1 &
	front=$!
	for _ in {1..100}; do
		stack=$(stack_pid "$front")
		[ -z "$stack" ] || break
		sleep 0.1
	done
	if [ -n "$stack" ]; then
		sleep "$size_idle"
		before=$(cpu_of "$stack")
		sleep "$size_idle"
		after=$(cpu_of "$stack")
		sample net 'memory of a stack' "$1" KiB 1 "$(awk \
			'/^Pss:/ { print $2 }' "/proc/$stack/smaps_rollup")"
		sample net 'CPU of an idle stack' "$1" ns 1 $((after - before))
	else
		sample net 'memory of a stack' "$1" KiB - 'no stack'
	fi
	kill "$front"
	wait "$front" 2>/dev/null
}

# cpu_of PID - nanoseconds
cpu_of() {
	awk '{ print $1 }' "/proc/$1/schedstat"
}

measure_net() {
	local share
	measure_groups net net "${net_sides[@]}"
	for share in "${losses[@]}"; do
		measure_groups "loss-$share" "loss-$share" "${loss_sides[@]}"
	done
	! wanted 'net|memory of a stack' || {
		measure_idle_stack wire "wire:bench$$"
		measure_idle_stack slirp slirp
		show_head wire slirp
		show_row net 'memory of a stack'
		show_row net 'CPU of an idle stack'
	}
}
