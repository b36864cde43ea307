// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * exits.c - the ends of a process, called by a module
 *
 * The monitor exports these names, so a module's calls of exit(3), abort(3) and
 * their kin come here; libc's own calls of them do not. Where a module may not
 * end the monitor they do not return (guest/contain.h).
 */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <umview/log.h>

#include "guest/contain.h"

void exit(int status)
{
	void (*real)(int);

	um_contain_exited(status);
	*(void **)&real = dlsym(RTLD_NEXT, "exit");
	real(status);
	__builtin_unreachable();
}

void _exit(int status)
{
	um_contain_exited(status);
	for (;;)
		syscall(SYS_exit_group, status);
}

void _Exit(int status)
{
	_exit(status);
}

void quick_exit(int status)
{
	exit(status);
}

void abort(void)
{
	void (*real)(void);

	um_contain_aborted("abort");
	*(void **)&real = dlsym(RTLD_NEXT, "abort");
	real();
	__builtin_unreachable();
}

/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
void __assert_fail(const char *text, const char *file, unsigned int line,
		   const char *function)
{
	um_err("%s:%u: %s: `%s' does not hold", file, line, function, text);
	um_contain_aborted("assert");
	abort();
}
