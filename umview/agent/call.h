/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * call.h - the two ways the agent makes a system call
 *
 * um_native() goes through the gate and is never caught. um_viewed() is an
 * ordinary call: the monitor answers it as it answers the program's own.
 */
#ifndef UM_AGENT_CALL_H
#define UM_AGENT_CALL_H

#include "agent/proto.h"

static inline long um_native(long nr, long a, long b, long c, long d, long e,
			     long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("call um_gate"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long um_viewed6(long nr, long a, long b, long c, long d, long e,
			      long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8),
			   "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long um_viewed(long nr, long a, long b, long c, long d)
{
	return um_viewed6(nr, a, b, c, d, 0, 0);
}

#endif
