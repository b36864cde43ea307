# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# guest.sh - words of the scripts that run inside a view
set -u
cd "${IMG%/*}" || exit 1

die() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

must() {
	"$@" || die "exit status $?: $*"
}

# same WHAT WANT GOT
same() {
	[ "$2" = "$3" ] || die "$1: want <$2>, got <$3>"
}

# refused STATUS REGEX CMD... - CMD fails with that status (any: not 0), says
# something that matches
refused() {
	local status=$1 regex=$2 out got
	shift 2
	out=$("$@" 2>&1)
	got=$?
	[ "$got" -ne 0 ] || die "succeeded: $*"
	[ "$status" = any ] || same "exit status of $*" "$status" "$got"
	grep -qiE -- "$regex" <<<"$out" ||
		die "$*: said <$out>, not /$regex/"
}
# What comes next is the scenario's own.
