# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# session.sh - what a session costs: time to start, memory, growth
#
# Memory is PSS in KiB, of all processes of a session. That of the session is
# what front, monitor and reaper take; that of a guest is the mean over guests
# that do nothing, natively over the same program without a view.

session_sides=(native view no-agent proot)

# in_side SIDE - sets cmd: what CMD is to be preceded by
in_side() {
	case $1 in
	native) cmd=() ;;
	view) cmd=("$umview" -q) ;;
	no-agent) cmd=("$umview" -q --no-agent) ;;
	proot) cmd=(proot) ;;
	esac
}

session_rows() {
	printf 'session|umview true|start\n'
	local n
	for n in $size_crowds; do
		printf 'session|memory, %s guest%s|memory|%s\n' "$n" \
			"$([ "$n" = 1 ] || echo s)" "$n"
		printf 'session|memory of a guest of %s|guest|%s\n' "$n" "$n"
	done
	for n in 1 10; do
		printf 'session|memory, %s mount%s|mounts|%s\n' "$n" \
			"$([ "$n" = 1 ] || echo s)" "$n"
		printf 'session|umview mount x %s|start|%s\n' "$n" "$n"
	done
	printf 'session|memory, %s open files|files|%s\n' "$size_files" \
		"$size_files"
	printf 'session|stat, %s guests|crowd|%s|0\n' "${size_crowds##* }" \
		"${size_crowds##* }"
	printf 'session|stat, %s open files|crowd|1|%s\n' "$size_files" \
		"$size_files"
}

# A shell that mounts $1 images of $2 and then becomes the command that follows.
# It travels in one line.
# shellcheck disable=SC2016 # for that shell
with_mounts='n=$1; work=$2; shift 2; while [ $n -gt 0 ]; do
	mount -t umfuseext2 -o ro "$work/small-$n.img" "$work/elsewhere-$n" ||
	exit 1; n=$((n - 1)); done; exec "$@"'
# shellcheck disable=SC2016
with_ramfs='mount -t ramfs none "$1" || exit 1; shift; exec "$@"'

# session_command SIDE MOUNTS - sets cmd to what starts a session
session_command() {
	in_side "$1"
	if [ "$2" -gt 0 ]; then
		case $1 in
		view | no-agent) cmd+=(sh -c "$with_mounts" sh "$2" "$work") ;;
		*) return 1 ;;
		esac
	fi
}

# pss PID GUEST - prints KiB of PID and all below it that are not called
# GUEST, of those that are, and how many they are
pss() {
	ps -e -o pid=,ppid=,comm= | awk -v root="$1" -v guest="$2" '
		{ parent[$1] = $2; name[$1] = $3 }
		END {
			for (pid in parent) {
				p = pid
				while (p != root && p in parent)
					p = parent[p]
				if (p == root)
					print pid, name[pid] == guest
			}
		}' |
		while read -r pid is_guest; do
			awk -v guest="$is_guest" '/^Pss:/ { print guest, $2 }' \
				"/proc/$pid/smaps_rollup" 2>/dev/null
		done |
		awk '$1 { guests += $2; n++ } !$1 { rest += $2 }
			END { print rest + 0, guests + 0, n + 0 }'
}

# session_memory GUESTS MOUNTS FILES SIDE - sets $rest, $each: KiB of the
# session and of one guest
session_memory() {
	local io=$work/fifo.idle in out pid n sum dir=$work/data/new
	session_command "$4" "$2" || return 1
	[ "$3" -eq 0 ] || session_on_ramfs "$4" || return 1
	rm -f "$io.in" "$io.out"
	mkfifo -m 666 "$io.in" "$io.out"
	exec {in}<>"$io.in" {out}<>"$io.out"
	(
		exec {in}>&- {out}>&-
		exec "${um_prefix[@]}" "${cmd[@]}" "$bin/idle" "$1" "$3" "$dir"
	) <"$io.in" >"$io.out" 2>>"$work/log.$4" &
	pid=$!
	answer=
	read -r -t "$deadline" -u "$out" answer || :
	[ "$answer" != ready ] || read -r rest sum n < <(pss "$pid" idle)
	printf 'end' >&"$in"
	exec {in}>&-
	end_process "$pid"
	exec {out}>&-
	[ "$answer" = ready ] && [ "$n" -eq "$1" ] || return 1
	each=$((sum / n))
}

# session_on_ramfs SIDE - its command gets a ramfs on $work/data/new
session_on_ramfs() {
	[ "$1" != proot ] || return 1
	[ "$1" = native ] || cmd+=(sh -c "$with_ramfs" sh "$work/data/new")
}

# end_process PID - its input has ended; it may need a signal
end_process() {
	local signal
	for signal in 0 TERM KILL; do
		[ "$signal" = 0 ] || kill -"$signal" "$1" 2>/dev/null || :
		for _ in {1..30}; do
			kill -0 "$1" 2>/dev/null || break 2
			sleep 0.1
		done
	done
	wait "$1" 2>/dev/null || :
}

# session_once KIND ARG ARG SIDE - sets $answer and $unit
session_once() {
	unit=KiB
	case $1 in
	memory) session_memory "$2" 0 0 "$4" && answer=$rest ;;
	guest) session_memory "$2" 0 0 "$4" && answer=$each ;;
	mounts) session_memory 1 "$2" 0 "$4" && answer=$rest ;;
	files) session_memory 1 0 "$2" "$4" && answer=$rest ;;
	*) unit=ns && session_time "$@" ;;
	esac
}

# session_time: the native side's runner starts the session
session_time() {
	local kind=time
	session_command "$4" "$([ "$1" = start ] && echo "${2:-0}" || echo 0)" ||
		return 1
	case $1 in
	start) cmd+=(true) ;;
	crowd)
		[ "$3" -eq 0 ] || session_on_ramfs "$4" || return 1
		kind=value
		cmd+=("$bin/idle" "$2" "$3" "$work/data/new" micro stat
			"$size_ms")
		;;
	esac
	side_ask_words native "$kind" "${cmd[@]}"
}

session_row() {
	local row kind one two turn side unit answer rest each
	IFS='|' read -r _ row kind one two <<<"$1"
	for ((turn = 1; turn <= size_turns; turn++)); do
		for side in "${session_sides[@]}"; do
			[[ $side = native || $side =~ ^($side_filter)$ ]] ||
				continue
			[ "$side" != proot ] || have proot || continue
			[ "$kind" != files ] || rm -rf "$work/data/new/"*
			if session_once "$kind" "$one" "$two" "$side"; then
				sample session "$row" "$side" "$unit" "$turn" \
					"$answer"
			elif [ "$side" = view ] || [ "$side" = no-agent ]; then
				sample session "$row" "$side" "$unit" - \
					"${why:-failed}"
			fi
		done
	done
	show_row session "$row"
}

measure_session() {
	local row live
	mapfile -t rows < <(session_rows | while IFS= read -r row; do
		! wanted "$row" || printf '%s\n' "$row"
	done)
	[ ${#rows[@]} -gt 0 ] || return 0
	start_sides plain native
	show_head "${session_sides[@]}"
	for row in "${rows[@]}"; do
		session_row "$row"
	done
	stop_sides
}
