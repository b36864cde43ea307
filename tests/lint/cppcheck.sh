#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cppcheck.sh - cppcheck over the compilation database
#
# What the build fetched or made is not ours and is left out.
# Suppressions are inline, with a reason; for all files:
# variableScope: declarations stand at the start of a function.
# constParameter: a handle that is only read here is still the op's handle.
# unusedStructMember: structs of the kernel's ABI are whole.
# ctuuninitvar: an init function gets what is not initialized yet (it
# heeds no inline suppression; the compilers and clang-tidy look too).
# unreadVariable: the cleanup attribute reads (clang-tidy has DeadStores).
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
need cppcheck

db=$UM_BUILD_DIR/compile_commands.json
[ -e "$db" ] || {
	printf '%s is missing: configure first\n' "$db"
	exit 1
}
cache=$UM_BUILD_DIR/cppcheck
mkdir -p "$cache"
cppcheck -q -j "$(nproc)" --project="$db" -i"$UM_BUILD_DIR" \
	--cppcheck-build-dir="$cache" \
	--enable=warning,style,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress=variableScope \
	--suppress=constParameter --suppress=unusedStructMember \
	--suppress=ctuuninitvar --suppress=unreadVariable --suppress='*:*/obj/modules/*' \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	--error-exitcode=1 || found "cppcheck is not content"
nothing_found
