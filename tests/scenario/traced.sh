#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# traced.sh - strace and gdb start programs that lie on an image
#
# The tracer sees one exec, of the program itself; its breakpoints and the
# program's own calls are where they belong.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need mke2fs e2fsck strace gdb cc
as_user mkdir -p "$T_TMP/tree/bin"
printf 'data\n' | user_write "$T_TMP/tree/data"
user_write "$T_TMP/traced.c" <<'EOS'
#include <stdio.h>
#include <string.h>
#include <unistd.h>

__attribute__((noinline)) static int inner(int n)
{
	printf("inner %d\n", n);
	return n * 2;
}

int main(int argc, char **argv)
{
	FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
	char line[64] = "";
	char exe[256] = "";

	if (argc > 2)
		*(volatile char *)NULL = 1;
	if (!f || !fgets(line, sizeof(line), f) ||
	    readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		return 2;
	printf("%s is %s: %s", argv[0], exe, line);
	return inner(argc) == 4 ? 7 : 1;
}
EOS
for kind in pie no-pie static; do
	as_user cc -g -O1 "-$kind" -fno-omit-frame-pointer \
		-o "$T_TMP/tree/bin/$kind" "$T_TMP/traced.c" ||
		fail "cannot build the program"
done
printf '#!%s/mnt/bin/static\n' "$T_TMP" | user_write "$T_TMP/tree/bin/script"
as_user chmod 755 "$T_TMP/tree/bin/script"
pack_image "$IMG" 32M "$T_TMP/tree"

must_guest <<'EOS'
must mount -t umfuseext2 "$IMG" "$MNT"
for kind in pie no-pie static; do
	prog=$MNT/bin/$kind
	strace -f -o trace "$prog" "$MNT/data" >out 2>&1
	same "exit status of $kind" 7 $?
	same "said by $kind" "$prog is $prog: data inner 2" "$(xargs <out)"
	same "execs of $kind" 1 "$(grep -cE '(execve|execveat)\(.* = 0$' trace)"
	grep -q "open.*\"$MNT/data\"" trace || die "not seen: $(cat trace)"

	# a shell of gdb's own starts it, without an agent
	for SHELL in /bin/sh /bin/bash; do
		export SHELL
		gdb -nx -batch -ex 'break inner' -ex run -ex bt -ex 'p n' -ex cont \
			--args "$prog" "$MNT/data" </dev/null >out 2>&1
		grep -q '^\$1 = 2$' out || die "gdb, $SHELL, $kind: $(cat out)"
		grep -q '^#1 .* main (argc=2' out || die "frames, $SHELL, $kind: $(cat out)"
		grep -q "^$prog is $prog: data" out || die "program, $SHELL, $kind: $(cat out)"
		grep -q 'exited with code 07' out || die "end, $SHELL, $kind: $(cat out)"
	done
	gdb -nx -batch -ex run -ex bt --args "$prog" "$MNT/data" x </dev/null >out 2>&1
	grep -q 'SIGSEGV' out || die "crash, $kind: $(cat out)"
	grep -q '^#0 .* main (argc=3' out || die "crash, $kind: $(cat out)"
	gdb -nx -batch -iex 'set startup-with-shell off' -ex 'break inner' -ex run \
		-ex 'p n' --args "$prog" "$MNT/data" </dev/null >out 2>&1
	grep -q '^\$1 = 2$' out || die "no shell, $kind: $(cat out)"
done

# A script takes the agent.
strace -f -o trace "$MNT/bin/script" >out 2>&1
same "a script" 7 $?
same "said by a script" "$MNT/bin/static is $MNT/bin/static: #!$MNT/bin/static inner 2" "$(xargs <out)"
# A traced shell, and what it starts.
strace -f -o trace bash -c "$MNT/bin/pie $MNT/data; $MNT/bin/static $MNT/data; exit 3" >out 2>&1
same "a shell" 3 $?
same "what it starts" 2 "$(grep -c '^inner 2' out)"
must umount "$MNT"
EOS
fsck_img "$IMG"
