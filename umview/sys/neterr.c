// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * neterr.c - an error of a packet socket is told once
 *
 * The stack keeps it for SO_ERROR and the next send, and queues a head with it at
 * the stand-in, so that poll(2) shows that there is something. Whichever tells
 * it to the guest takes it from both.
 */
#include <sys/socket.h>

#include "sys/net.h"

void um_net_error_sent(struct um_req *r, int error)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	struct um_net_head head;

	if (sock >= 0 &&
	    recv(sock, &head, sizeof(head), MSG_PEEK | MSG_DONTWAIT) ==
		    (ssize_t)sizeof(head) &&
	    head.error && (!error || (int)head.error == error))
		recv(sock, &head, sizeof(head), MSG_DONTWAIT);
}

void um_net_error_read(struct um_req *r, struct um_standin *s, int flags)
{
	int forgotten = 0;
	socklen_t len = sizeof(forgotten);

	if (UM_STACK_CALL(s->stack, getsockopt, -ENOPROTOOPT, s->id, SOL_SOCKET,
			  SO_ERROR, &forgotten, &len) < 0)
		return;
	if (flags & MSG_PEEK)
		um_net_error_sent(r, forgotten);
}
