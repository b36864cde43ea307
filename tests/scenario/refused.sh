#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# refused.sh - a host that refuses ptrace, pidfd_getfd and process_vm_*, as
# default containers do: mounts are made, read and written, programs on them
# run, and they can be the working directory.
# shellcheck source=tests/scenario/lib.sh
. "$(dirname "$0")/lib.sh"
need gcc mke2fs e2fsck
mkimg "$IMG" 16M

cat > "$T_TMP/deny.c" <<'C'
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define DENY(nr) \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1), \
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM)
int main(int argc, char **argv)
{
	struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		DENY(SYS_ptrace), DENY(438 /* pidfd_getfd */),
		DENY(SYS_process_vm_readv), DENY(SYS_process_vm_writev),
		DENY(SYS_kcmp),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog p = { sizeof(f) / sizeof(f[0]), f };

	if (argc < 2 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		return 99;
	execvp(argv[1], argv + 1);
	return 98;
}
C
gcc -o "$T_TMP/deny" "$T_TMP/deny.c"

printf -- '- mounted, written, read, unmounted\n'
as_user "$T_TMP/deny" "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" || exit 2
	for i in 1 2 3; do echo "line $i" || exit 3; done > "$2/f"
	echo more >> "$2/f"
	[ "$(cat "$2/f")" = "$(printf "line 1\nline 2\nline 3\nmore")" ] ||
		exit 4
	cp /etc/passwd "$2/p" && cmp /etc/passwd "$2/p" || exit 5
	[ "$(ls "$2" | tr "\n" " ")" = "f lost+found p " ] || exit 6
	exec 3<>"$2/f" 4<>"$2/f"
	read -r a <&3; read -r b <&4; read -r c <&4
	[ "$a$b$c" = "line 1line 1line 2" ] || exit 7
	echo X >&4
	exec 3>&- 4>&-
	umount "$2" || exit 8
' bash "$IMG" "$T_TMP/mnt" >"$T_TMP/out" 2>&1 </dev/null
status=$?
[ $status -eq 0 ] || fail "step $status: $(cat "$T_TMP/out")"
fsck_img "$IMG"

printf -- '- a program, and the working directory, on the image\n'
as_user "$T_TMP/deny" "$UMVIEW" -q bash -c '
	mount -t umfuseext2 "$1" "$2" && cp /bin/cat "$2/cat" || exit 2
	[ "$(echo hi | "$2/cat")" = hi ] || exit 3
	cd "$2" && mkdir d && cd d && [ "$(pwd -P)" = "$2/d" ] || exit 4
	[ "$(echo there | ../cat)" = there ] || exit 5
	cd / && umount "$2" || exit 6
' bash "$IMG" "$T_TMP/mnt" >"$T_TMP/out" 2>&1 </dev/null ||
	fail "step $?: $(cat "$T_TMP/out")"
fsck_img "$IMG"
