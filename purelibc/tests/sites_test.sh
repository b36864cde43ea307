#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# sites_test.sh - the search for sites, on the system's own libraries
#
# usage: sites_test.sh SITES
# objdump reads the same text: all instructions have the same length, sites
# begin and end where instructions do, their call is where it says, no branch
# goes inside, and at least 95 % of the calls are found. musl has more calls
# between instructions that cannot move: 90 %.
set -u
sites=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
seen=0

# check FILE PERCENT
check() {
	local file=$1 percent=$2
	[ -e "$file" ] || return 0
	seen=$((seen + 1))
	objdump -d -w "$file" | grep -P '^\s*[0-9a-f]+:\t' >"$tmp/dis"
	sed -E 's/^ *([0-9a-f]+):.*/\1/' "$tmp/dis" >"$tmp/addresses"
	if ! "$sites" "$file" <"$tmp/addresses" >"$tmp/sites"; then
		printf 'FAIL %s: no result\n' "$file"
		bad=1
		return
	fi
	awk -F '\t' -v file="$file" -v percent="$percent" '
	function fail(what) { print "FAIL " file ": " what; bad = 1 }
	function hex(s,  i, n) {
		for (i = 1; i <= length(s); i++)
			n = n * 16 + index("0123456789abcdef",
				substr(s, i, 1)) - 1
		return n
	}
	FNR == NR {
		at = $1
		gsub(/[ :]/, "", at)
		at = hex(at)
		len[at] = split($2, unused, " ")
		text[at] = $3
		if ($3 ~ /^syscall/)
			calls++
		if (match($3, /(j[a-z]+|call|loop[a-z]*) +[0-9a-f]+( |$)/)) {
			split(substr($3, RSTART), word, " ")
			to[at] = hex(word[2])
		}
		next
	}
	{ split($0, f, " ") }
	# objdump takes a wait (9b) for a part of what follows.
	f[1] == "length" && f[3] != 0 && len[hex(f[2])] != f[3] &&
	!(f[3] == 1 && text[hex(f[2])] ~ /^f(st|save|clex|init)/) {
		fail("length of " f[2] ": " f[3] ", " text[hex(f[2])])
	}
	f[1] == "length" && f[3] == 0 && text[hex(f[2])] !~ /bad/ {
		unread++
	}
	f[1] == "site" {
		at = hex(f[2])
		sites++
		if (!(at in len) || !(at + f[4] in len))
			fail(f[2] " is no boundary")
		if (text[at + f[3]] !~ /^syscall/)
			fail(f[2] ": no call")
		for (i = 1; i < f[4]; i++)
			inside[at + i] = f[2]
	}
	f[1] == "ms" { ms = f[2] }
	END {
		for (from in to)
			if (to[from] in inside)
				fail("branch " text[from] " into " \
					inside[to[from]])
		if (!calls || sites * 100 < calls * percent)
			fail("only " sites " of " calls)
		if (unread * 1000 > length(len))
			fail(unread " instructions not read")
		printf "%s: %d of %d, %s ms, %d not read\n", file, sites,
			calls, ms, unread
		exit bad
	}' "$tmp/dis" "$tmp/sites" || bad=1
}

for libc in /lib/x86_64-linux-gnu/libc.so.6 /lib64/libc.so.6; do
	[ -e "$libc" ] && check "$libc" 95 && break
done
check /lib64/ld-linux-x86-64.so.2 95
check /usr/bin/busybox 95
check /usr/lib/x86_64-linux-musl/libc.so 90
if [ "$seen" -eq 0 ]; then
	echo "skip: none of the libraries is here"
	exit 77
fi
exit "$bad"
