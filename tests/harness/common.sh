# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-or-later
# common.sh - what the test scripts share; source it, then call t_setup
#
# After t_setup:
#   $T_TMP             a directory of the ordinary user's, removed at the end
#   as_user CMD...     runs CMD as an ordinary user, with the deadline
#   need TOOL...       ends the test with a printed reason and 77 if one lacks
#   mkimg FILE [SIZE]  makes an ext image owned by the user (FS, MKE2FS_OPTS)
#   fsck_img FILE      fails unless e2fsck finds the image clean
#   in_view CMD...     runs CMD in a new view (UMVIEW, UMVIEW_FLAGS)
#   fail TEXT          prints TEXT and ends the test with 1
#   skip TEXT          prints TEXT and ends the test with 77
#   t_at_end CMD       runs CMD when the test ends, the last one told first; the
#                      test's exit status stays what it is
#
# Environment: UMVIEW the binary (default: from PATH), UMVIEW_FLAGS more
# options for it, T_TIMEOUT seconds for one command (default 55), TMPDIR,
# T_KEEP=1 keeps $T_TMP, T_USER the ordinary user when started by root.

UMVIEW=${UMVIEW:-umview}
T_TIMEOUT=${T_TIMEOUT:-55}
T_USER=${T_USER:-umtest}
PATH=$PATH:/usr/sbin:/sbin
export PATH

fail() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

skip() {
	printf 'skip: %s\n' "$*"
	exit 77
}

need() {
	for t_tool; do
		command -v "$t_tool" >/dev/null 2>&1 ||
			skip "$t_tool is not installed"
	done
}

# need_stack: umnetlwip is built only where its source is to be had. A stack that
# was built and does not start is no reason to skip.
need_stack() {
	[ -e "$(dirname "$UMVIEW")/../modules/umnetlwip.so" ] ||
		skip "umnetlwip was not built"
}

# t_user: the name of an ordinary user for tests started by root.
t_user() {
	id "$T_USER" >/dev/null 2>&1 && return
	useradd -m "$T_USER" 2>/dev/null || id "$T_USER" >/dev/null 2>&1 ||
		fail "cannot make the ordinary user $T_USER"
}

as_user() {
	if [ "$(id -u)" -ne 0 ]; then
		timeout -k 5 "$T_TIMEOUT" "$@"
		return
	fi
	timeout -k 5 "$T_TIMEOUT" setpriv --reuid="$T_USER" \
		--regid="$T_USER" --clear-groups --inh-caps=-all \
		env HOME="$T_TMP" USER="$T_USER" LOGNAME="$T_USER" "$@"
}

# A trap of a test's own would give it the status of its last command.
t_at_end() {
	t_ends="$1; ${t_ends:-}"
}

t_cleanup() {
	t_status=$?
	trap - EXIT HUP INT TERM
	eval "${t_ends:-}"
	cd / || exit 1
	if [ -n "${T_KEEP:-}" ]; then
		printf 'note: kept %s\n' "$T_TMP"
	else
		chmod -R u+rwX "$T_TMP" 2>/dev/null
		rm -rf "$T_TMP"
	fi
	exit "$t_status"
}

t_setup() {
	T_TMP=$(mktemp -d "${TMPDIR:-/var/tmp}/umtest.XXXXXX") ||
		fail "no temporary directory"
	trap t_cleanup EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	if [ "$(id -u)" -eq 0 ]; then
		need setpriv
		t_user
		chown "$T_USER" "$T_TMP" || fail "chown $T_TMP"
	fi
	TMPDIR=$T_TMP
	export T_TMP TMPDIR
	cd "$T_TMP" || fail "cd $T_TMP"
}

mkimg() {
	need mke2fs
	# The image belongs to the user: nothing inside needs root.
	# shellcheck disable=SC2016,SC2086
	as_user sh -c 'truncate -s "$2" "$1" && shift 2 &&
		mke2fs -q -F -E root_owner="$(id -u):$(id -g)" "$@"' sh \
		"$1" "${2:-128M}" -t "${FS:-ext4}" ${MKE2FS_OPTS:-} "$1" ||
		fail "mke2fs of $1"
}

fsck_img() {
	need e2fsck
	as_user e2fsck -fn "$1" >"$T_TMP/fsck.out" 2>&1 && return
	cat "$T_TMP/fsck.out"
	fail "e2fsck -fn $1 is not clean"
}

in_view() {
	# shellcheck disable=SC2086
	as_user "$UMVIEW" -q ${UMVIEW_FLAGS:-} "$@"
}
