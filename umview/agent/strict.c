// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * strict.c - seccomp's strict mode
 *
 * The kernel has either that or filters for a process, and a guest has the
 * view's. So it gets a filter that is the same: four calls, and the thread's
 * end for others. (By SIGSYS, where the kernel takes SIGKILL.)
 */
#include "agent/fast.h"

#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#define ALLOW(nr, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##nr, skip, 0)
#define RETURN(value)	BPF_STMT(BPF_RET | BPF_K, value)

static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		 __builtin_offsetof(struct seccomp_data, nr)),
	ALLOW(read, 4),
	ALLOW(write, 3),
	ALLOW(exit, 2),
	ALLOW(rt_sigreturn, 1),
	RETURN(SECCOMP_RET_KILL_THREAD),
	RETURN(SECCOMP_RET_ALLOW),
};
static struct sock_fprog strict = { sizeof(code) / sizeof(code[0]), code };

long um_fast_prctl(long nr, const long *a)
{
	if ((int)a[0] == PR_SET_SECCOMP && a[1] == SECCOMP_MODE_STRICT)
		return um_viewed6(nr, a[0], SECCOMP_MODE_FILTER, (long)&strict,
				  0, 0, 0);
	return um_ask(nr, a);
}

long um_fast_seccomp(long nr, const long *a)
{
	if ((int)a[0] == SECCOMP_SET_MODE_STRICT && !a[1] && !a[2])
		return um_viewed6(nr, SECCOMP_SET_MODE_FILTER, 0, (long)&strict,
				  0, 0, 0);
	return um_ask(nr, a);
}
