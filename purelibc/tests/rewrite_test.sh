#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rewrite_test.sh - the rewriter makes of each NAME.in.S what NAME.out.S says
#
# usage: rewrite_test.sh REWRITE
set -u
rewrite=$1
dir=$(cd "$(dirname "$0")" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
bad=0
pairs=0

# assemble SOURCE NAME - NAME.text and NAME.stubs, raw bytes
assemble() {
	gcc -c -Wa,-I"$dir" "$1" -o "$tmp/$2.o" &&
		ld --defsym=entry=0x40000 --defsym=slots=0x30000 -e 0x10000 \
			-Ttext=0x10000 --section-start=.stubs=0x20000 \
			"$tmp/$2.o" -o "$tmp/$2.elf" &&
		objcopy -O binary -j .text "$tmp/$2.elf" "$tmp/$2.text" &&
		objcopy -O binary -j .stubs "$tmp/$2.elf" "$tmp/$2.stubs"
}

for in in "$dir"/*.in.S; do
	name=$(basename "$in" .in.S)
	pairs=$((pairs + 1))
	if ! assemble "$in" in || ! assemble "$dir/$name.out.S" want ||
		! "$rewrite" "$tmp/in.text" "$tmp/got.text" "$tmp/got.stubs"; then
		printf 'FAIL %s: no result\n' "$name"
		bad=1
		continue
	fi
	for part in text stubs; do
		cmp "$tmp/got.$part" "$tmp/want.$part" && continue
		printf 'FAIL %s: %s differs\n' "$name" "$part"
		for side in got want; do
			objdump -D -b binary -m i386:x86-64 \
				"$tmp/$side.$part" >"$tmp/$side.dis"
		done
		diff "$tmp/want.dis" "$tmp/got.dis"
		bad=1
	done
done
printf '%d pairs\n' "$pairs"
[ "$pairs" -gt 0 ] && [ "$bad" -eq 0 ]
