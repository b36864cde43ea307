#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# purelibc.sh - programs that capture their own calls do so in a view, too
#
# usage: purelibc.sh TESTS LIB: where the programs of purelibc/tests and the
# library are
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
tests=$1
lib=$2
need mke2fs e2fsck
mkimg "$IMG" 16M

for kind in shared static musl; do
	[ -x "$tests/pure-capture-$kind" ] || continue
	for way in dispatch replace; do
		printf -- '- %s, %s\n' "$kind" "$way"
		in_view "$tests/pure-capture-$kind" "$way" >"$T_TMP/out" 2>&1 ||
			fail "$(grep -v '^ok' "$T_TMP/out")"
	done
done

printf -- '- preloaded into umview itself\n'
status=0
as_user env LD_PRELOAD="$lib/examples/pure-trace.so" "$UMVIEW" -q true \
	>"$T_TMP/out" 2>&1 || status=$?
[ "$status" -eq 125 ] || fail "umview: exit status $status"
grep -q 'umview env LD_PRELOAD=' "$T_TMP/out" || fail "not said how"

printf -- '- preloaded, on an image\n'
guest -- <<EOS || fail "exit status $?"
must mount -t umfuseext2 "\$IMG" "\$MNT"
must cp /etc/passwd "\$MNT/p"
export LD_PRELOAD=$lib/examples/pure-trace.so
cat "\$MNT/p" >"\$T_TMP/copy" 2>"\$T_TMP/err"
bash -c 'cd "\$MNT"; mkdir d; cat p | wc -c' >"\$T_TMP/n" 2>>"\$T_TMP/err"
LD_PRELOAD=
must cmp "\$T_TMP/copy" /etc/passwd
same "a pipeline" "\$(wc -c </etc/passwd)" "\$(cat "\$T_TMP/n")"
must grep -q ' call 257 ' "\$T_TMP/err"
must test -d "\$MNT/d"
must umount "\$MNT"
EOS
fsck_img "$IMG"
