#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples_test.sh - the examples do what their comments say
#
# usage: examples_test.sh DIR
set -u
dir=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

check() { # WHAT CONDITION...
	local what=$1
	shift
	"$@" && return
	printf 'FAIL: %s\n' "$what"
	failed=1
}

mkdir "$tmp/a" "$tmp/b"
printf 'in a\n' >"$tmp/a/file"
printf 'in b\n' >"$tmp/b/file"

LD_PRELOAD=$dir/pure-trace.so cat "$tmp/a/file" >"$tmp/out" 2>"$tmp/err"
check "the traced program works" grep -qx 'in a' "$tmp/out"
check "its open is told" grep -q ' call 257 ' "$tmp/err"
check "its copying is told" grep -qE ' call (1|326) ' "$tmp/err"
LD_PRELOAD=$dir/pure-trace.so bash -c "cat $tmp/a/file | tr a b" \
	>"$tmp/out" 2>"$tmp/err"
check "a traced pipeline works" grep -qx 'in b' "$tmp/out"
check "children are told" [ "$(cut -d']' -f1 "$tmp/err" | sort -u | wc -l)" -ge 3 ]

REDIRECT=$tmp/a=$tmp/b LD_PRELOAD=$dir/pure-redirect.so \
	cat "$tmp/a/file" >"$tmp/out" 2>"$tmp/err"
check "the other file is read" grep -qx 'in b' "$tmp/out"
REDIRECT=$tmp/a=$tmp/none LD_PRELOAD=$dir/pure-redirect.so \
	cat "$tmp/a/file" >"$tmp/out" 2>"$tmp/err"
check "no other file: an error" grep -q 'No such file' "$tmp/err"
REDIRECT=$tmp/a=$tmp/b LD_PRELOAD=$dir/pure-redirect.so \
	cat "$tmp/b/file" >"$tmp/out" 2>"$tmp/err"
check "other paths are left alone" grep -qx 'in b' "$tmp/out"
[ "$failed" -eq 0 ]
