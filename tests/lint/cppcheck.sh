#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cppcheck.sh - cppcheck over the compilation database
#
# Suppressions are inline, with a reason.
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
cppcheck -q -j "$(nproc)" --project="$db" --cppcheck-build-dir="$cache" \
	--enable=warning,style,performance,portability --inline-suppr \
	--suppress=missingIncludeSystem --suppress='*:*/obj/modules/*' \
	--template='{file}:{line}: {severity}: {message} [{id}]' \
	--error-exitcode=1 || found "cppcheck is not content"
nothing_found
