# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what the scenarios share, on top of tests/harness/common.sh
#
#   guest [NAME=VALUE]... [-- UMVIEW-OPTION...] <<'EOS' … EOS
#	Runs the script on stdin as an ordinary user inside a new view, under
#	bash, with the words of guest.sh, in the directory $T_TMP.
#   native … the same without a view: shows that a script asks for what the
#	kernel gives. UM_NATIVE=1 turns every guest into native where there is
#	a native way to do it ($MNT is then a plain directory).
#   pack_image FILE SIZE TREE	image with the content of TREE, by mke2fs -d
#   user_write FILE		stdin into a file of the user's
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/harness/common.sh
. "$here/../harness/common.sh"
UMVIEW=$(command -v "$UMVIEW") || fail "no umview: set UMVIEW to its binary"
PATH=$(dirname "$UMVIEW"):$PATH
t_setup
IMG=$T_TMP/disk.img
MNT=$T_TMP/mnt
as_user mkdir "$MNT"
export IMG MNT here

run_script() {
	local vars=() file
	while [ $# -gt 0 ] && [[ $1 == [A-Za-z_]*=* ]]; do
		vars+=("$1")
		shift
	done
	[ "${1:-}" != -- ] || shift
	file=$(mktemp "$T_TMP/script.XXXXXX")
	{
		cat "$here/guest.sh"
		cat
	} >"$file"
	chmod 755 "$file"
	RUN=(env "${vars[@]}" IMG="$IMG" MNT="$MNT" bash "$file")
	OPTIONS=("$@")
}

guest() {
	run_script "$@"
	# shellcheck disable=SC2086 # UMVIEW_FLAGS is a list of words
	as_user "$UMVIEW" -q ${UMVIEW_FLAGS:-} "${OPTIONS[@]}" "${RUN[@]}"
}

native() {
	run_script "$@"
	as_user "${RUN[@]}"
}

# must_guest: as guest, and the scenario ends when it fails.
must_guest() {
	guest "$@" || fail "in the view: exit status $?"
}

user_write() {
	as_user sh -c 'cat >"$1"' sh "$1"
}

pack_image() {
	need mke2fs
	as_user sh -c 'mke2fs -q -F -t "$1" -d "$4" \
		-E "root_owner=$(id -u):$(id -g)" "$2" "$3"' sh \
		"${FS:-ext4}" "$1" "$2" "$3" || fail "mke2fs -d $3"
}

# outside: nothing of the view is seen here
nothing_outside() {
	[ -z "$(ls -A "$MNT")" ] || fail "the mount is seen outside: $(ls "$MNT")"
	! grep -q "$T_TMP" /proc/self/mountinfo ||
		fail "the mount is in the host's mountinfo"
}

# wait_for SECONDS CMD... - until CMD succeeds
wait_for() {
	local end=$((SECONDS + $1))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}
