#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rules.sh - what no tool checks: forbidden words, SPDX lines
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# ban WHY PATTERN FILE... - no line of the files matches (comments included)
ban() {
	local why=$1 pattern=$2 hits
	shift 2
	[ $# -gt 0 ] || return 0
	hits=$(grep -nEH -- "$pattern" "$@" /dev/null)
	[ -z "$hits" ] || found "$hits: $why"
}

# The libraries that speak libc's language, and programs that are plain libc.
mapfile -t ours < <(files '*.c' '*.h' |
	grep -vE '^(purelibc|tests|bench)/|^um_cmds/um_lib(_test)?\.c$')
mapfile -t all_c < <(files '*.c' '*.h' '*.S')
mapfile -t code < <(files '*.c' '*.h' | grep -v '^tests/')

ban 'errors are -errno, not -1' '\breturn -1;' "${ours[@]}"
ban 'no dead code' '^[[:space:]]*#[[:space:]]*if[[:space:]]+0\b' "${all_c[@]}"
ban 'unbounded copy' '\b(strcpy|strcat|sprintf|vsprintf|gets|stpcpy)[[:space:]]*\(' \
	"${all_c[@]}"
ban 'no alloca' '\b(__builtin_)?alloca[[:space:]]*\(' "${all_c[@]}"
ban 'no constructors' '__attribute__.*\b(con|de)structor\b' "${code[@]}"
ban 'commented-out logging' '(/\*|//)[[:space:]]*(um_(err|warn|info|debug|trace|log)|f?printf)[[:space:]]*\(' \
	"${all_c[@]}"
ban 'a TODO needs the number of its issue' '\b(TODO|FIXME|XXX)\b([^(]|$|\([^0-9#])' \
	"${all_c[@]}"
mapfile -t tests < <(shell_files | grep -E '^tests/(fs|scenario|sys)/')
ban 'a trap loses the test its status: t_at_end' '^[[:space:]]*trap .*t_cleanup' \
	"${tests[@]}"
# The SPDX line may be a // comment, nothing else.
mapfile -t all_lines < <(grep -nE '^[[:space:]]*//|[;{})][[:space:]]+//' \
	"${all_c[@]}" /dev/null | grep -v '// SPDX-License-Identifier: ')
for line in "${all_lines[@]}"; do
	found "$line: comments are /* */"
done

while read -r file; do
	head -n 5 "$file" | grep -q 'SPDX-License-Identifier: ' ||
		found "$file: no SPDX-License-Identifier in its first lines"
done < <(
	files '*.c' '*.h' '*.S' '*.ld' '*.def' '*.py' '*.cmake' \
		CMakeLists.txt Kbuild
	files '*.[1-8]' | grep -vE '\.so\.[0-9]$'
	shell_files
)
nothing_found
