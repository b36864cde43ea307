# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck disable=SC2034,SC2154 # they share variables with run
# daemons.sh - FUSE programs: the same daemon in a view and under the kernel's
# FUSE, the unpacked tree beside them
#
# A group has a daemon's name. What it serves is made once, by daemon_data.

daemons=(squashfuse fuse2fs archivemount sshfs)
daemon_groups='squashfuse|fuse2fs|archivemount|sshfs'
daemon_sides=(native kernel-fuse view)

# What costs names (find, ls, open, grep), and what costs bytes.
daemon_rows() {
	local name
	for name in "${daemons[@]}"; do
		printf '%s|%s\n' "$name" 'stat|value|micro stat @ms@|' \
			"$name" 'open+close|value|micro open+close @ms@|' \
			"$name" 'find|time|find src -xdev -name absent|' \
			"$name" 'find -ls|time|! find src -xdev -ls >/dev/null|' \
			"$name" 'grep -r|time|! grep -r um_mount src >/dev/null|' \
			"$name" 'tar|time|! tar -cf - src >/dev/null|'
		# It reads an archive from its begin for each read.
		[ "$name" = archivemount ] ||
			printf '%s|read 128k|time|files read big 131072|\n' "$name"
	done
}

# daemon_data - $work/served, a smaller tree, and what the daemons show of it
daemon_data() {
	local name dir=$work/served
	um_as_user "$work/home" mkdir -p "$dir/src"
	um_as_user "$work/home" cp -r "$work/tree/src/1" "$dir/src"
	um_as_user "$work/home" cp -r "$work"/tree/{file,link,dir,big} "$dir"
	for name in "${daemons[@]}"; do
		! have "$name" || "data_$name" "$dir" >"$work/log.$name" 2>&1 ||
			say "no $name: $(tail -n 1 "$work/log.$name")"
	done
}

data_squashfuse() {
	um_as_user "$work/home" mksquashfs "$1" "$work/served.sqfs" \
		-comp zstd -noappend
}

data_fuse2fs() {
	um_as_user "$work/home" mke2fs -q -F -t ext4 -d "$1" -E \
		"root_owner=$(id -u "$um_user"):$(id -g "$um_user")" \
		"$work/served.img" 256M
}

data_archivemount() {
	um_as_user "$work/home" tar -C "$1" --exclude=./big -cf \
		"$work/served.tar" .
}

# An sshd of the ordinary user's own, on loopback. It ends with its directory.
data_sshfs() {
	local dir=$work/ssh port=$((20000 + $$ % 20000)) _
	um_as_user "$work/home" mkdir "$dir" || return 1
	um_as_user "$work/home" ssh-keygen -q -t ed25519 -N '' -f "$dir/host"
	um_as_user "$work/home" ssh-keygen -q -t ed25519 -N '' -f "$dir/user"
	chmod 644 "$dir/user"
	cat >"$dir/sshd_config" <<-E
		Port $port
		ListenAddress 127.0.0.1
		HostKey $dir/host
		AuthorizedKeysFile $dir/user.pub
		PidFile $dir/pid
		StrictModes no
		UsePAM no
		Subsystem sftp internal-sftp
	E
	cat >"$dir/config" <<-E
		Host *
		Hostname 127.0.0.1
		Port $port
		User $um_user
		IdentityFile $dir/user
		StrictHostKeyChecking no
		UserKnownHostsFile /dev/null
		LogLevel ERROR
	E
	# ssh wants its key to be nobody else's, whoever runs it.
	cp "$dir/user" "$dir/user-root"
	chmod 600 "$dir/user" "$dir/user-root"
	sed "s,$dir/user$,$dir/user-root," "$dir/config" >"$dir/config-root"
	um_as_user "$work/home" /usr/sbin/sshd -f "$dir/sshd_config" || return 1
	for _ in {1..50}; do
		[ ! -s "$dir/pid" ] || return 0
		sleep 0.1
	done
	return 1
}

stop_sshd() {
	[ ! -s "$work/ssh/pid" ] || kill "$(cat "$work/ssh/pid")" 2>/dev/null
}

# daemon_command NAME DIR ROOT-SUFFIX OPTION... - sets $command, to mount on DIR
daemon_command() {
	local name=$1 dir=$2 suffix=$3
	shift 3
	case $name in
	squashfuse) command="squashfuse $* $work/served.sqfs $dir" ;;
	fuse2fs) command="fuse2fs $* -o ro $work/served.img $dir" ;;
	archivemount) command="archivemount $* -o readonly $work/served.tar $dir" ;;
	sshfs) command="sshfs $* -o 'ssh_command=ssh -F $work/ssh/config$suffix' \
		localhost:$work/served $dir" ;;
	esac
	command="$command </dev/null >/dev/null"
}

# plan_daemon NAME SIDE
plan_daemon() {
	local dir=$work/mnt-$1-$2 command
	have "$1" || return 1
	[ "$1" != sshfs ] || [ -s "$work/ssh/pid" ] || {
		why='no sshd here'
		return 1
	}
	[ -d "$dir" ] || um_as_user "$work/home" mkdir "$dir"
	side_dir[$2]=$dir
	if [ "$2" = kernel-fuse ]; then
		[ -c /dev/fuse ] || {
			why='no /dev/fuse'
			return 1
		}
		daemon_command "$1" "$dir" -root -o allow_other
		plan_kernel "$2" "$command"
		return
	fi
	daemon_command "$1" "$dir" ''
	# shellcheck disable=SC2016 # for the shell inside
	cmd=("$umview" -q sh -c 'eval "$1" || exit 1; exec runner' sh "$command")
}

measure_daemons() {
	local name
	rows_of "$daemon_groups"
	[ ${#rows[@]} -gt 0 ] || return 0
	daemon_data
	for name in "${daemons[@]}"; do
		measure_groups "$name" "$name" "${daemon_sides[@]}"
	done
}
