/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * contain.h - a crash of module code is not the end of the session
 *
 * Where the core calls a module it leaves a point to come back to. A SIGSEGV,
 * SIGBUS, SIGFPE or SIGILL in the module, and abort(3), exit(3) and a failed
 * assert(3) called by it, lead there instead of ending the monitor. Code of
 * the core that the module calls is not covered: its own crashes are bugs of
 * ours, and its locks would stay taken. Nor is a crash in malloc(3): the heap
 * is everybody's, and its lock may be held.
 *
 *	struct um_contain c;
 *
 *	um_contain_enter(&c);
 *	if (sigsetjmp(c.at, 0) == 0)
 *		module code
 *	um_contain_leave(&c);
 *	if (c.what)
 *		it crashed
 *
 * What the crashed code held (memory, its own locks, threads) is lost. Whoever
 * waits for such a lock is called back by um_contain_eject().
 */
#ifndef UM_GUEST_CONTAIN_H
#define UM_GUEST_CONTAIN_H

#include <setjmp.h>
#include <stdbool.h>

/**
 * struct um_contain - a point to come back to
 * @owner: what the code works for; um_contain_eject() names it. May be NULL
 * @what: how it ended, when by a crash; else NULL
 * @exited, @status: by exit(3), with this status
 */
struct um_contain {
	sigjmp_buf at;
	struct um_contain *outer;
	const void *owner;
	const char *volatile what;
	volatile bool exited;
	volatile int status;
};

/* Before the first guest; not done: every crash is the end. 0 or -errno. */
int um_contain_setup(void);
bool um_contain_works(void);

void um_contain_enter(struct um_contain *c, const void *owner);
void um_contain_leave(struct um_contain *c);

/* From here on it is the core's code that this thread runs. */
struct um_contain *um_contain_pause(void);
void um_contain_resume(struct um_contain *before);

/* Threads that wait for a lock in code that works for the owner give up. */
void um_contain_eject(const void *owner);

/* What exit(3), abort(3) and the like of the monitor do first; they may return. */
void um_contain_exited(int status);
void um_contain_aborted(const char *what);

#endif
