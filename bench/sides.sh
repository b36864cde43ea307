# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# sides.sh - where commands are run: natively, in views, below peers
#
# A side is a runner (runner.c) that was started in that place, with a FIFO
# for its input and one for its output. side_start prints nothing; when a
# side cannot be had here, it sets $why and fails.

plain_sides=(native view view-1 view-10 no-agent no-agent-1 no-agent-10 cow
	kernel-overlay proot bwrap strace vuos)
disk_sides=(native view)
image_sides=(native kernel-ext4 kernel-fuse bindfs view no-agent proot)
quick_sides='view|view-1|view-10|no-agent-1|proot|kernel-.*|wire|switch|vdens|slirp.*|pasta|kern'

declare -A side_pid side_in side_out side_dir side_cold

# side_start GROUP SIDE
side_start() {
	local group=$1 side=$2 plan=$1_$2
	plan=${plan//[-.]/_}
	cmd=() why='' root=no
	side_dir[$side]=$work/data
	side_cold[$side]=''
	case $group:$side in
	disk:*) plan_disk "$side" ;;
	net:* | loss-*) plan_net "$group" "$side" ;;
	*:native) cmd=(runner) ;;
	plain:view | plain:no-agent) plan_view "$side" 0 ;;
	plain:view-* | plain:no-agent-*) plan_view "${side%-*}" "${side##*-}" ;;
	plain:* | image:*) "plan_$plan" ;;
	*) plan_daemon "$group" "$side" ;;
	esac || return 1
	if [ "$group:$side" = image:native ]; then
		side_dir[native]=$work/tree
		side_cold[native]="do files forget $work/tree"
	fi
	if [[ $side = native && $group =~ ^($daemon_groups)$ ]]; then
		side_dir[native]=$work/served
	fi
	side_launch "$side"
}

# side_launch SIDE - starts "${cmd[@]}", waits for its runner
side_launch() {
	local side=$1 io=$work/fifo.$1 in out fds prefix=()
	[ "$root" = yes ] || prefix=("${um_prefix[@]}")
	rm -f "$io.in" "$io.out"
	mkfifo -m 666 "$io.in" "$io.out"
	fds=("${side_in[@]}" "${side_out[@]}")
	exec {in}<>"$io.in" {out}<>"$io.out"
	fds+=("$in" "$out")
	(
		# A runner shall see the end of its input: nobody else keeps it.
		for fd in "${fds[@]}"; do
			exec {fd}>&-
		done
		exec "${prefix[@]}" "${cmd[@]}"
	) <"$io.in" >"$io.out" 2>>"$work/log.$side" &
	side_pid[$side]=$! side_in[$side]=$in side_out[$side]=$out
	if ! side_answer "$side" || [ "$answer" != ready ]; then
		why="it does not start: $(tail -n 1 "$work/log.$side")"
		side_stop "$side"
		return 1
	fi
}

# side_stop SIDE - asks, then kills
side_stop() {
	local side=$1 pid=${side_pid[$1]} in=${side_in[$1]} out=${side_out[$1]}
	printf '\n' >&"$in"
	exec {in}>&-
	for signal in 0 TERM KILL; do
		[ "$signal" = 0 ] || kill -"$signal" "$pid" 2>/dev/null || :
		for _ in {1..30}; do
			kill -0 "$pid" 2>/dev/null || break 2
			read -r -t 0.1 -u "$out" || :
		done
	done
	wait "$pid" 2>/dev/null || :
	exec {out}>&-
	unset "side_pid[$side]" "side_in[$side]" "side_out[$side]"
}

# side_answer SIDE - sets $answer to the next line; fails when none comes
side_answer() {
	local end=$((SECONDS + deadline))
	until IFS= read -r -t 1 -u "${side_out[$1]}" answer; do
		kill -0 "${side_pid[$1]}" 2>/dev/null || return 1
		[ "$SECONDS" -lt "$end" ] || return 1
	done
}

# side_ask SIDE KIND COMMAND - sets $answer to its number; fails with $why
side_ask() {
	local words
	if [[ $3 == '! '* ]]; then
		side_ask_words "$1" "$2" sh -c "${3#! }"
	else
		read -r -a words <<<"$3"
		side_ask_words "$1" "$2" "${words[@]}"
	fi
}

# side_ask_words SIDE KIND WORD...
side_ask_words() {
	local side=$1 kind=$2 IFS=$'\t'
	shift 2
	set -- "${@//[$'\n\t']/ }"
	# A request is one line, tabs are between its fields.
	printf '%s\t%s\t%s\n' "$kind" "${side_dir[$side]}" \
		"$*" >&"${side_in[$side]}"
	if ! side_answer "$side"; then
		why='no answer'
		side_stop "$side"
		return 1
	fi
	why="exit status ${answer#fail }, $(tail -n 1 "$work/log.$side")"
	[[ $answer != fail* ]]
}

have() {
	command -v "$1" >/dev/null 2>&1 && return
	why="$1 is not installed"
	return 1
}

# Views. The runner is started by a shell that does the mounts first.
# plan_view view|no-agent MOUNTS [IMAGE DIR]
plan_view() {
	local flags=() image=${3:-}
	[ -n "$umview" ] || {
		why='no umview'
		return 1
	}
	[ "$1" = view ] || flags=(--no-agent)
	# shellcheck disable=SC2016 # for the shell inside
	cmd=("$umview" -q "${flags[@]}" sh -c '
		i=0
		while [ $i -lt "$2" ]; do
			i=$((i + 1))
			mount -t umfuseext2 -o ro "$1/small-$i.img" \
				"$1/elsewhere-$i" || exit 1
		done
		[ -z "$3" ] || mount -t umfuseext2 "$3" "$4" || exit 1
		exec runner' sh "$work" "$2" "$image" "${4:-}")
}

# The whole tree beneath a copy-on-write view.
plan_plain_cow() {
	local store=$work/store-view
	[ -n "$umview" ] || {
		why='no umview'
		return 1
	}
	[ -d "$store" ] || um_as_user "$work/home" mkdir "$store"
	# shellcheck disable=SC2016 # for the shell inside
	cmd=("$umview" -q sh -c 'mount -t viewfs -o cow "$1" / && exec runner' \
		sh "$store")
}

plan_plain_kernel_overlay() {
	local name
	for name in mnt-overlay store-overlay work-overlay; do
		[ -d "$work/$name" ] ||
			um_as_user "$work/home" mkdir "$work/$name"
	done
	side_dir[kernel-overlay]=$work/mnt-overlay
	plan_kernel kernel-overlay "mount -t overlay overlay -o lowerdir=$work/data,upperdir=$work/store-overlay,workdir=$work/work-overlay $work/mnt-overlay"
}

plan_plain_proot() {
	have proot || return 1
	cmd=(proot -b "$work/elsewhere-1:$work/elsewhere-2" runner)
}

plan_plain_bwrap() {
	have bwrap || return 1
	cmd=(bwrap --dev-bind / / --bind "$work/elsewhere-1"
		"$work/elsewhere-2" runner)
}

plan_plain_strace() {
	have strace || return 1
	cmd=(strace -f -o /dev/null runner)
}

plan_plain_vuos() {
	have vuos || have umvu || {
		why='vuos is not installed (Debian 12 has no package of it)'
		return 1
	}
	cmd=("$(command -v vuos || command -v umvu)" runner)
}

# image_copy SIDE - sets $image, $dir: an image and a mount point of its own
image_copy() {
	image=$work/$1.img dir=$work/mnt-$1
	[ -e "$image" ] || um_as_user "$work/home" cp --sparse=always \
		"$work/tree.img" "$image"
	[ -d "$dir" ] || um_as_user "$work/home" mkdir "$dir"
	side_dir[$1]=$dir
}

plan_image_view() {
	plan_image_mounted view
}

plan_image_no_agent() {
	plan_image_mounted no-agent
}

plan_image_mounted() {
	local image dir
	image_copy "$1"
	plan_view "$1" 0 "$image" "$dir"
	side_cold[$1]="do cd / && umount $dir && files forget $image &&
		mount -t umfuseext2 $image $dir"
}

# Kernel mounts are root's, in a mount namespace that ends with the runner.
# plan_kernel SIDE MOUNT-COMMAND
plan_kernel() {
	if [ "$(id -u)" -ne 0 ]; then
		why='it needs root'
		return 1
	fi
	root=yes
	cmd=(unshare -m --propagation private env HOME="$work/home" sh -c
		"$2"' && exec runner "$@"' sh "$(id -u "$um_user")"
		"$(id -g "$um_user")")
}

# plan_fuse SIDE SOURCE DIR SERVER... - the server is given SOURCE and DIR
plan_fuse() {
	local side=$1 source=$2 dir=$3 command
	have "$4" || return 1
	[ -c /dev/fuse ] || {
		why='no /dev/fuse'
		return 1
	}
	shift 3
	command="$* $source $dir"
	# The server must not keep the runner's FIFOs open.
	plan_kernel "$side" "$command </dev/null >/dev/null" || return 1
	# umount(8) is done before the server is: it still writes.
	side_cold[$side]="root cd / && umount $dir && while
		pgrep -x -f '$command' >/dev/null; do sleep 0.01; done &&
		files forget $source && $command </dev/null >/dev/null"
}

plan_image_kernel_ext4() {
	local image dir
	[ -e /dev/loop-control ] || {
		why='no /dev/loop-control'
		return 1
	}
	image_copy kernel-ext4
	plan_kernel kernel-ext4 "mount -o loop -t ext4 $image $dir" ||
		return 1
	side_cold[kernel-ext4]="root cd / && umount $dir && files forget $image &&
		mount -o loop -t ext4 $image $dir"
}

plan_image_kernel_fuse() {
	local image dir
	image_copy kernel-fuse
	plan_fuse kernel-fuse "$image" "$dir" fuse2fs -o allow_other
}

plan_image_bindfs() {
	local dir=$work/mnt-bindfs
	[ -d "$dir" ] || um_as_user "$work/home" mkdir "$dir"
	side_dir[bindfs]=$dir
	plan_fuse bindfs "$work/tree" "$dir" bindfs
}

# A partition of an image: the kernel's loop device stands for native.
plan_disk() {
	local set=(env "BENCH_MNT=$work/mnt-disk-$1")
	have sfdisk || return 1
	if [ "$1" = view ]; then
		# shellcheck disable=SC2016 # for the shell inside
		cmd=("${set[@]}" BENCH_TYPE=umfuseext2 BENCH_DISK=/dev/bench1
			"$umview" -q sh -c 'mount -t umdevpart "$1" /dev/bench &&
			exec runner' sh "$work/disk-view.img")
		return
	fi
	plan_kernel "$1" : || return 1
	# shellcheck disable=SC2016 # for the shell inside
	cmd=(unshare -m --propagation private "${set[@]}" BENCH_TYPE=ext4 sh -c '
		BENCH_DISK=$(losetup -f --show -o 1048576 "$1") || exit 1
		trap "losetup -d $BENCH_DISK" EXIT
		trap "exit 1" TERM
		export BENCH_DISK
		runner' sh "$work/disk-native.img")
}

plan_image_proot() {
	local dir=$work/mnt-proot
	have proot || return 1
	[ -d "$dir" ] || um_as_user "$work/home" mkdir "$dir"
	side_dir[proot]=$dir
	cmd=(proot -b "$work/tree:$dir" runner)
	side_cold[proot]="do files forget $work/tree"
}
