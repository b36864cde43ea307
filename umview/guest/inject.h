/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * inject.h - have a stopped guest thread make another call than its own
 *
 * For what only the guest itself can do to itself: change its kernel working
 * directory, exec the agent. The thread is taken by PTRACE_SEIZE for this one
 * moment, makes the call from the agent's gate (or, without an agent, from its
 * own `syscall` instruction) and is let go. Where the call was an exec that
 * succeeded there is nothing to restore.
 */
#ifndef UM_GUEST_INJECT_H
#define UM_GUEST_INJECT_H

#include "guest/req.h"

/**
 * um_inject_then_close() - answer the request by making the guest do call `nr`,
 * and then close the guest's descriptor fd
 * Return: UM_ANSWERED, or -errno when nothing was done: -EPERM ptrace refused
 */
long um_inject_then_close(struct um_req *r, int nr, const uint64_t args[6],
			  int fd);

/*
 * Only the call, with `size` bytes of data put on the guest's stack for the call:
 * their address becomes argument `argno`.
 */
long um_inject_data(struct um_req *r, int nr, const uint64_t args[6], int argno,
		    const void *data, size_t size);

/*
 * execveat(2) with these arguments; closes fd when it fails. *done: the new
 * program is in place.
 */
long um_inject_exec(struct um_req *r, const uint64_t args[6], int fd,
		    bool *done);

/* ptrace was refused once in this session: no use in preparing more. */
bool um_inject_is_refused(void);

/* This notification is an injected call of an agentless thread: let it pass. */
bool um_inject_is_ours(pid_t tid);

#endif
