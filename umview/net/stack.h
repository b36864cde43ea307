/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * stack.h - network stacks of a view: their special files, and which one a
 * guest's socket is of
 *
 * A stack is a mount whose file system is one node, the stack's special file
 * (S_IFSTACK). A guest's socket is of the stack that its process chose for the
 * family (msocket(2viewos)), else of that which is mounted on UM_STACK_DEFAULT,
 * else of that of a service, else of the host's. A stack may pass it on
 * (um_net_ops.delegate).
 */
#ifndef UM_NET_STACK_H
#define UM_NET_STACK_H

#include <umview/net.h>

#include "view/view.h"

#define UM_STACK_DEFAULT "/dev/net/default"

/* A module set m->fs.net: give the mount the file system of one node. */
int um_stack_init(struct um_mount *m);
/* Services may bring a stack. */
void um_stack_setup(void);
bool um_stack_is(const struct um_mount *m);
/* A socket was made of it. */
void um_stack_touch(struct um_mount *m);

/* Families that stacks have: all but AF_UNIX. */
bool um_stack_has_family(int domain);
/*
 * The stack for a new socket of the request's guest (ref); NULL: the host's.
 */
struct um_mount *um_stack_of(struct um_req *r, int domain);
/* The same of a guest that asks stack m (borrowed). */
struct um_mount *um_stack_follow(struct um_req *r, struct um_mount *m,
				 int domain);
/*
 * From now on sockets of `domain` (0: of every family the stack has) of the
 * request's process are of stack m.
 */
int um_stack_choose(struct um_req *r, struct um_mount *m, int domain);

/* Around an operation of the stack; false: it is gone, and there is no end. */
bool um_stack_enter(struct um_mount *m);
void um_stack_leave(struct um_mount *m);

/* Older modules know fewer operations. */
#define UM_STACK_HAS(m, op)                                                    \
	((m)->fs.net->ops->size > offsetof(struct um_net_ops, op) &&           \
	 (m)->fs.net->ops->op)

/* Call operation `op` of stack m; -ENETDOWN when it is gone. */
#define UM_STACK_CALL(m, op, absent, ...)                                      \
	({                                                                     \
		struct um_mount *_m = (m);                                     \
		long _ret = -ENETDOWN;                                         \
		if (um_stack_enter(_m)) {                                      \
			_ret = (absent);                                       \
			if (UM_STACK_HAS(_m, op))                              \
				_ret = _m->fs.net->ops->op(_m->fs.net,         \
							   __VA_ARGS__);       \
			um_stack_leave(_m);                                    \
		}                                                              \
		_ret;                                                          \
	})

#endif
