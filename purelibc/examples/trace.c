// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * trace.c - tell each system call that a program makes, on standard error
 *
 *	LD_PRELOAD=.../trace.so ls
 *
 * What the program executes is traced as well, by its own copy. Calls before
 * main(), of the loader, are over by then.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <purelibc.h>

void trace_start(void);

static sfun native;

static long trace(long nr, ...)
{
	long arg[6];
	va_list ap;
	long ret;
	int error;

	va_start(ap, nr);
	for (int i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	ret = native(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
	error = errno;
	_pure_debug_printf("[%d] call %ld (%#lx, %#lx, %#lx) = %ld\n",
			   (int)native(SYS_getpid), nr, arg[0], arg[1], arg[2],
			   ret == -1 ? -error : ret);
	errno = error;
	return ret;
}

__attribute__((visibility("default"))) void trace_start(void)
{
	native = _pure_start(trace, 0);
	if (!native)
		perror("trace: _pure_start");
}
