// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netmap.c - packet sockets that share memory with the guest; packet(7)
 *
 * The memory is the stack's (um_net_ops.map). The guest maps it in the place of
 * its socket: the agent does by itself, any other site is made to. What comes is
 * then seen in memory, without any call, and so poll(2) cannot be told by the
 * stand-in alone whether there is something: the guest may have taken it since.
 * Before it waits the stand-in is emptied, and the stack asked to tell of what
 * there is (um_net_ops.await); then the kernel's own call waits. For a set of
 * epoll(7) the agent asks for that; a program without one may be told once too
 * often.
 */
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "guest/inject.h"
#include "guest/shared.h"
#include "sys/net.h"

/* Entries of sockets that are gone are looked for so often. */
#define SWEEP_EVERY 1024

/* ---- mmap ---- */

long um_net_map_give(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 1);

	if (!s)
		return -ENODEV;
	return um_give_fd(r,
			  (int)UM_STACK_CALL(s->stack, map, -ENODEV, s->id,
					     (size_t)r->arg[2],
					     (off_t)r->arg[3]),
			  true);
}

long um_net_mmap(struct um_req *r, struct um_standin *s)
{
	uint64_t args[6];
	long fd, ret;

	fd = UM_STACK_CALL(s->stack, map, -ENODEV, s->id, (size_t)r->arg[1],
			   (off_t)r->arg[5]);
	if (fd >= 0)
		fd = um_inject_is_refused() ? -EACCES
					    : um_give_fd(r, (int)fd, true);
	if (fd < 0)
		return fd;
	memcpy(args, r->arg, sizeof(args));
	args[4] = (uint64_t)fd;
	args[5] = 0;
	ret = um_inject_then_close(r, SYS_mmap, args, (int)fd);
	return ret == UM_ANSWERED ? ret : -EACCES;
}

/* ---- poll ---- */

void um_net_ring_set(struct um_standin *s, const void *value, socklen_t len)
{
	struct tpacket_req q;
	bool on;

	if (len < sizeof(q))
		return;
	memcpy(&q, value, sizeof(q));
	on = q.tp_block_nr;
	if (atomic_exchange(&s->ring, on) != on)
		um_shared_add_polls(on ? 1 : -1);
}

/* Tokens, and errors, which the stack keeps itself. */
static void empty(int sock)
{
	struct um_net_head head;

	while (recv(sock, &head, sizeof(head), MSG_DONTWAIT) > 0)
		;
}

int um_net_settle(struct um_req *r, um_gfd fd)
{
	static atomic_uint asked;
	struct um_standin *s UM_STANDIN = um_standin_of(r, fd);
	UM_CLOSE int sock = -1;

	if (!s || !atomic_load(&s->ring))
		return 0;
	if (atomic_fetch_add(&asked, 1) % SWEEP_EVERY == SWEEP_EVERY - 1)
		um_standin_sweep();
	sock = um_gfd_dup(r, fd);
	if (sock < 0)
		return 0;
	empty(sock);
	return UM_STACK_CALL(s->stack, await, 0, s->id) < 0 ? POLLERR : 0;
}

/* What is in the set, the kernel tells: a line each. */
long um_net_settle_set(struct um_req *r)
{
	unsigned long inode;
	char path[64], *line = NULL;
	size_t size = 0;
	FILE *info;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fdinfo/%d", (int)r->tid,
		 (int)r->arg[1]);
	info = fopen(path, "re");
	if (!info)
		return -errno;
	while (getline(&line, &size, info) > 0)
		if (sscanf(line, "tfd: %d %*[^i]ino:%lx", &fd, &inode) == 2 &&
		    um_standin_has_ring(inode))
			(void)um_net_settle(r, (um_gfd){ fd });
	free(line);
	fclose(info);
	return 0;
}
