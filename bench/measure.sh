# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# measure.sh - asks the sides in turn and keeps the samples
#
# $samples is a file of lines: group, row, side, unit, turn, value; a side that
# failed has a line with "-" and the reason instead of turn and value.

# sample GROUP ROW SIDE UNIT TURN VALUE
sample() {
	local IFS=$'\t'
	printf '%s\n' "$*" >>"$samples"
}

# start_sides GROUP SIDE... - sets live: those that can be had and are wanted
start_sides() {
	local group=$1 side
	shift
	live=()
	for side; do
		[[ $side = native || $side =~ ^($side_filter)$ ]] || continue
		if side_start "$group" "$side"; then
			live+=("$side")
		else
			say "no $side: $why"
			printf '%s\t%s\t%s\n' "$group" "$side" "$why" >>"$absent"
		fi
	done
}

stop_sides() {
	local side
	for side in "${!side_pid[@]}"; do
		side_stop "$side"
	done
}

# ask_once SIDE KIND COMMAND BEFORE
ask_once() {
	local before
	sized "$4"
	before=$sized
	[ "$before" != @cold@ ] || before=${side_cold[$1]}
	case $before in
	'') ;;
	'do '*) side_ask "$1" "do" "! ${before#do }" || return 1 ;;
	'root '*) side_ask "$1" root "! ${before#root }" || return 1 ;;
	*) side_ask "$1" "do" "$before" || return 1 ;;
	esac
	sized "$3"
	side_ask "$1" "$2" "$sized"
}

# is_beyond SIDE COMMAND - a program on the image cannot be run without agent
is_beyond() {
	[[ $1 = no-agent* && $2 = usr/* ]]
}

# measure_row PLAN ROW - the sides take turns, each turn begins with another
# side; the first turn warms up and does not count. PLAN is what a lost side is
# started again as.
measure_row() {
	local plan=$1 group row kind command before turn i side first=0
	declare -A failed=()
	IFS='|' read -r group row kind command before <<<"$2"
	[ "$size_turns" -gt 1 ] || first=1
	for ((turn = first; turn <= size_turns; turn++)); do
		for ((i = 0; i < ${#live[@]}; i++)); do
			side=${live[(turn + i) % ${#live[@]}]}
			[ -z "${failed[$side]:-}" ] || continue
			! is_beyond "$side" "$command" || continue
			if [ -z "${side_pid[$side]:-}" ]; then
				side_start "$plan" "$side" || continue
			fi
			if ! ask_once "$side" "$kind" "$command" "$before"; then
				failed[$side]=$why
				sample "$group" "$row" "$side" ns - "$why"
			elif [ "$turn" -gt 0 ]; then
				sample "$group" "$row" "$side" ns "$turn" "$answer"
			fi
		done
	done
	show_row "$group" "$row"
}

# wanted GROUP|ROW...
wanted() {
	local row=${1#*|}
	[[ "${1%%|*}/${row%%|*}" =~ $row_filter ]]
}

# rows_of REGEX - sets rows: the wanted rows of these groups
rows_of() {
	local line
	rows=()
	while IFS= read -r line; do
		[[ $line =~ ^($1)\| ]] || continue
		! wanted "$line" || rows+=("$line")
	done < <(all_rows)
}

# measure_groups PLAN GROUPS SIDE...
measure_groups() {
	local plan=$1 row rows live
	rows_of "$2"
	[ ${#rows[@]} -gt 0 ] || return 0
	shift 2
	start_sides "$plan" "$@"
	show_head "${live[@]}"
	for row in "${rows[@]}"; do
		measure_row "$plan" "$row"
	done
	stop_sides
}
