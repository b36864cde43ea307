#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tidy.sh - clang-tidy over the compilation database, checks in .clang-tidy
#
# usage: tidy.sh [FILE-REGEX]
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need clang-tidy

db=$UM_BUILD_DIR/compile_commands.json
[ -e "$db" ] || {
	printf '%s is missing: configure first\n' "$db"
	exit 1
}
want=${1:-.}
# clang-tidy does not read assembly, and what the build made is not ours.
mapfile -t sources < <(sed -nE 's/^ *"file": "(.*\.c)",?$/\1/p' "$db" |
	grep -v "^$UM_BUILD_DIR/" | grep -E -- "$want" | LC_ALL=C sort -u)
# One file a process: more make clang-tidy 14 see uninitialised va_lists.
# The database may be gcc's: clang need not know all its flags.
out=$(printf '%s\0' "${sources[@]}" |
	xargs -0 -r -n 1 -P "$(nproc)" clang-tidy --quiet -p "$UM_BUILD_DIR" \
		--extra-arg=-Wno-unknown-warning-option \
		--extra-arg=-Wno-ignored-optimization-argument \
		--header-filter="^$UM_SOURCE_DIR/(umview|modules|um_cmds|purelibc)/" \
		2>/dev/null)
status=$?
printf '%s' "$out"
[ "$status" -eq 0 ] || found "clang-tidy is not content"
nothing_found
