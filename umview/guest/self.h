/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * self.h - the engine for the monitor's own threads, inside module code
 *
 * What a module's code asks of libc is answered by the view beneath its mount:
 * a program written for the host, linked into a module, works on what is
 * mounted there. The thread's system calls come as signals (Syscall User
 * Dispatch, see Documentation/admin-guide/syscall-user-dispatch.rst in the
 * kernel's source) and are requests like any guest's.
 *
 * Off where the view beneath has no mounts: then it costs nothing.
 */
#ifndef UM_GUEST_SELF_H
#define UM_GUEST_SELF_H

#include <signal.h>

#include "guest/contain.h"
#include "guest/req.h"

/* What a thread's calls mean; put back by um_self_restore(). */
struct um_self {
	struct um_list *list;
	bool on;
	struct um_contain *contained;
};

/* handle answers captured calls; 0 or -errno where the kernel has no dispatch. */
int um_self_setup(long (*handle)(struct um_req *r));
/*
 * sigaction(2) for handlers that may interrupt module code: their return is no
 * call of the module's. SA_SIGINFO is added.
 */
int um_self_sigaction(int sig,
		      void (*handle)(int sig, siginfo_t *info, void *context),
		      int flags);
/* From here on this thread's calls are for `list`; NULL: the kernel's. */
struct um_self um_self_enter(struct um_list *list);
void um_self_restore(const struct um_self *before);

/* In a function of the core that module code calls: its own calls are real. */
#define UM_CORE_CODE                                                           \
	struct um_self um_core_code                                            \
		__attribute__((cleanup(um_self_restore_cleanup), unused)) =    \
			um_self_enter(NULL)

static inline void um_self_restore_cleanup(struct um_self *before)
{
	um_self_restore(before);
}

extern const struct um_engine um_engine_self;

#endif
