// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * guard.c - SIGSYS is never blocked while user dispatch is on
 *
 * The kernel kills a process whose dispatched call meets a blocked SIGSYS, and
 * libc blocks all signals wherever it makes threads and processes. The masks
 * are copied for the call, for the program's own may be read-only.
 */
#include <sys/syscall.h>
#include <sys/uio.h>

#include "internal.h"

/* As the kernel would: a bad address is an error, not a fault. */
static bool peek(void *to, long from, size_t n)
{
	struct iovec here = { to, n };
	struct iovec there = { (void *)from, n };

	return PURE_CALL(SYS_process_vm_readv, PURE_CALL(SYS_getpid), &here, 1,
			 &there, 1, 0) == (long)n;
}

static void guard_set(long *arg, struct pure_guard *guard)
{
	if (!*arg || !peek(&guard->set, *arg, sizeof(guard->set)) ||
	    !(guard->set & PURE_SIGSYS_BIT))
		return;
	guard->set &= ~PURE_SIGSYS_BIT;
	*arg = (long)&guard->set;
}

/* pselect6: the mask is one step further. */
static void guard_pair(long *arg, struct pure_guard *guard)
{
	long set;

	if (!*arg || !peek(&guard->pair, *arg, sizeof(guard->pair)))
		return;
	set = (long)guard->pair.set;
	guard_set(&set, guard);
	guard->pair.set = (uint64_t)set;
	*arg = (long)&guard->pair;
}

static void guard_action(long *arg, struct pure_guard *guard)
{
	if (!*arg || !peek(&guard->action, *arg, sizeof(guard->action)))
		return;
	guard->action.mask &= ~PURE_SIGSYS_BIT;
	*arg = (long)&guard->action;
}

void pure_guard_masks(struct pure_frame *frame, struct pure_guard *guard)
{
	switch (frame->nr) {
	case SYS_rt_sigprocmask:
		guard_set(&frame->arg[1], guard);
		break;
	case SYS_rt_sigsuspend:
		guard_set(&frame->arg[0], guard);
		break;
	case SYS_ppoll:
		guard_set(&frame->arg[3], guard);
		break;
	case SYS_epoll_pwait:
	case SYS_epoll_pwait2:
		guard_set(&frame->arg[4], guard);
		break;
	case SYS_pselect6:
		guard_pair(&frame->arg[5], guard);
		break;
	case SYS_rt_sigaction:
		guard_action(&frame->arg[1], guard);
		break;
	default:
		break;
	}
}
