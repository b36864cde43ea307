#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# debian-source.sh - the source of a Debian package, as apt verifies it
#
# usage: debian-source.sh PACKAGE DIR
#
# Leaves the unpacked source in DIR/PACKAGE. The lists of sources are fetched
# into DIR, from where the system's binary packages come from: nothing of the
# system is changed, and no root is needed.
set -euo pipefail
[ $# -eq 2 ] || {
	echo "usage: ${0##*/} PACKAGE DIR" >&2
	exit 2
}
package=$1
[ ! -d "$2/$package" ] || exit 0
mkdir -p "$2"
dir=$(cd "$2" && pwd)
work=$(mktemp -d "$dir/apt.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/parts"

# Debian's own entries, as entries of sources.
shopt -s nullglob
for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
	[ -f "$list" ] || continue
	sed -n 's/^deb\(-src\)\? \(.*debian.*\)$/deb-src \2/p' "$list" \
		>"$work/parts/$(basename "$list" .list).list"
done
for list in /etc/apt/sources.list.d/*.sources; do
	grep -q debian "$list" || continue
	sed 's/^Types:.*/Types: deb-src/' "$list" \
		>"$work/parts/$(basename "$list")"
done
options=(-qq -o "Dir::State::lists=$work/lists" -o "Dir::Cache=$work/cache"
	-o Dir::Etc::sourcelist=/dev/null
	-o "Dir::Etc::sourceparts=$work/parts" -o APT::Sandbox::User=)
apt-get "${options[@]}" update
cd "$work"
apt-get "${options[@]}" source "$package"
unpacked=("$work/$package"-*/)
[ ${#unpacked[@]} -eq 1 ] || {
	echo "${0##*/}: $package: no source unpacked" >&2
	exit 1
}
mv "${unpacked[0]}" "$dir/$package"
