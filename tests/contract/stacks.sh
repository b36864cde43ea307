#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# stacks.sh - every socket call, in every state, on one kind of stack
#
# usage: stacks.sh kernel|null|native|lwip|lwip-slow|kern MATRIX KERNEL
#
# MATRIX: net/matrix. KERNEL: the file with what the kernel says, written by
# `kernel`, read by the others. Where a stack differs from the kernel, net/STACK.sed
# makes the one into the other.
# shellcheck source=tests/harness/common.sh
. "$(dirname "$0")/../harness/common.sh"
here=$(cd "$(dirname "$0")" && pwd)
kind=$1 matrix=$2 kernel=$3
T_TIMEOUT=400
t_setup

# matrix OPTION... - in the place that is asked for
run() {
	case $kind in
	kernel) as_user "$matrix" "$@" ;;
	lwip) in_view --net=umnetlwip,lo "$matrix" "$@" ;;
	lwip-slow) in_view --no-agent --net=umnetlwip,lo "$matrix" "$@" ;;
	*) in_view --net="umnet$kind" "$matrix" "$@" ;;
	esac
}

# What is to be said, in $T_TMP/want.
rewrite() {
	local rules=$here/net/${kind%-slow}.sed
	if [ "$kind" = null ]; then
		sed 's/: .*/: cannot: socket(p->family, p->type, 0): EAFNOSUPPORT/' "$1"
	elif [ -e "$rules" ]; then
		sed -f "$rules" "$1"
	else
		cat "$1"
	fi >"$T_TMP/want"
}

# What differs, in $T_TMP/differs.
compare() {
	run --want "$T_TMP/want" --cells "$T_TMP/want" >"$T_TMP/got" ||
		fail "$kind: exit status $?"
	diff "$T_TMP/want" "$T_TMP/got" >"$T_TMP/differs"
}

if [ "$kind" = kernel ]; then
	run >"$T_TMP/got" || fail "kernel: exit status $?"
	! grep -q ': cannot: ' "$T_TMP/got" || fail "$(grep ': cannot: ' "$T_TMP/got")"
	mkdir -p "$(dirname "$kernel")" && mv "$T_TMP/got" "$kernel"
	printf 'note: %d cells\n' "$(wc -l <"$kernel")"
	exit 0
fi
run --cells /dev/null 2>"$T_TMP/err" ||
	skip "no such stack here: $(head -n 1 "$T_TMP/err")"
rewrite "$kernel"
printf 'note: %d cells\n' "$(wc -l <"$T_TMP/want")"
if ! compare; then
	# How long the kernel takes was a guess: with more time for those alone.
	sed -n 's/^[<>] //p' "$T_TMP/differs" >"$T_TMP/again"
	kind=kernel run --cells "$T_TMP/again" --patience 3000 >"$T_TMP/kernel"
	rewrite "$T_TMP/kernel"
	compare || fail "$kind (<: as the kernel): $(cat "$T_TMP/differs")"
fi
exit 0
