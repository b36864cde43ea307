# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# lib.sh - what the lint scripts share: the list of files, need, found
#
# Environment: UM_SOURCE_DIR (default: two folders up), UM_BUILD_DIR.

UM_SOURCE_DIR=${UM_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." &&
	pwd)}
UM_BUILD_DIR=${UM_BUILD_DIR:-$UM_SOURCE_DIR/build/gcc}
cd "$UM_SOURCE_DIR" || exit 1
lint_bad=0

need() {
	local tool
	for tool; do
		if ! command -v "$tool" >/dev/null 2>&1; then
			printf 'skip: %s is not installed\n' "$tool"
			exit 77
		fi
	done
}

# files GLOB... - the files of the project whose names match, sorted
files() {
	local expr=() glob
	for glob; do
		expr+=(-o -name "$glob")
	done
	find . -name .git -prune -o -path ./build -prune -o -type f \
		\( "${expr[@]:1}" \) -print | sed 's,^\./,,' | LC_ALL=C sort
}

# shell_files - every shell script, by name or by its first line
shell_files() {
	local file first
	files '*.sh'
	files run test 'rc*' '*.bash' | while read -r file; do
		IFS= read -r first <"$file" || continue
		case $first in
		'#!'*sh) printf '%s\n' "$file" ;;
		esac
	done
}

# found WHAT - one complaint
found() {
	printf '%s\n' "$*"
	lint_bad=1
}

# nothing_found - the end of a script
nothing_found() {
	exit "$lint_bad"
}
