/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pending.h - what waits for an agent that was execed, by its process's id
 *
 * um_exec_sweep() (sys.h) drops what is of processes that are gone.
 */
#ifndef UM_SYS_PENDING_H
#define UM_SYS_PENDING_H

#include "agent/proto.h"
#include "base/hash.h"
#include "sys/sys.h"

/*
 * What a process will find when its agent asks.
 * @is_real: the program is a file of the host's
 * @keeps_interp: interp_fd stays open (interp.h)
 */
struct um_exec_pending {
	struct um_hnode node;
	struct um_exec_info info;
	char args[UM_EXEC_ARGS_MAX];
	size_t nargs;
	const struct um_attr *attr;
	int fd;
	int interp_fd;
	int exec_fd;
	bool is_real;
	bool keeps_interp;
};

/* Takes p, instead of what the process had. 0 or -ENOMEM. */
UM_MUST_CHECK int um_pending_put(pid_t tgid, struct um_exec_pending *p);
/* The caller's; NULL: there is none. */
struct um_exec_pending *um_pending_take(pid_t tgid);
void um_pending_free(struct um_exec_pending *p);

#endif
