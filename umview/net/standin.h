/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * standin.h - which AF_UNIX sockets of guests stand for sockets of a stack
 *
 * A stand-in is known by its inode, as dup, fork, exec and SCM_RIGHTS leave that
 * alone. Nothing tells the monitor that a guest closed the last descriptor of
 * one. So entries are looked through now and then, and before a stack is called
 * busy: the kernel lists the sockets that there are (/proc/net/unix).
 */
#ifndef UM_NET_STANDIN_H
#define UM_NET_STANDIN_H

#include "net/stack.h"

/**
 * struct um_standin - one stand-in
 * @serial: how many there were before, and this one
 * @id: what the stack calls it
 * @stack: a mount (ref)
 * @packets: a SOCK_SEQPACKET one; see <umview/net.h>
 * @ring: it has a ring for what comes: counted in um_shared.polls
 */
struct um_standin {
	atomic_int refs;
	struct um_standin *next;
	ino_t inode;
	unsigned int serial;
	uint64_t id;
	struct um_mount *stack;
	int domain;
	int type;
	bool packets;
	atomic_bool ring;
};

/* The socket fd (borrowed) is one from now on. 0 or -ENOMEM. */
UM_MUST_CHECK int um_standin_add(int fd, struct um_mount *stack, uint64_t id,
				 int domain, int type);
/* What argument n of the call is (ref); NULL: none. */
struct um_standin *um_standin_arg(struct um_req *r, int n);
struct um_standin *um_standin_of(struct um_req *r, um_gfd fd);
void um_standin_put(struct um_standin *s);
/* There was one in this session. */
bool um_standin_any(void);
/* Is it one with a ring? */
bool um_standin_has_ring(ino_t inode);
/* Forget those that are gone. */
void um_standin_sweep(void);
/* Is a guest's socket of this stack left? */
bool um_standin_busy(struct um_mount *stack);

/* Shut down, in the guests, what streams of this stack they have. */
void um_standin_end(const struct um_net *net);

#define UM_STANDIN __attribute__((cleanup(um_standin_cleanup)))
void um_standin_cleanup(struct um_standin **s);

#endif
