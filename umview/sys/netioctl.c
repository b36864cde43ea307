// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netioctl.c - ioctl(2) on sockets of a stack; netdevice(7)
 *
 * Their numbers do not tell the size of the argument, and two of them have
 * pointers in it: what they point to is put behind the argument.
 */
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <net/route.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/net.h"

#define MAX_CONF 65536

static long call(struct um_standin *s, unsigned int cmd, void *data,
		 size_t size)
{
	return UM_STACK_CALL(s->stack, ioctl, -ENOTTY, s->id, cmd, data, size);
}

static long get_conf(struct um_req *r, struct um_standin *s)
{
	struct ifconf theirs, *mine;
	size_t room;
	long ret =
		um_copy_in(r, um_uptr_of(r->arg[2]), &theirs, sizeof(theirs));

	if (ret < 0)
		return ret;
	if (theirs.ifc_len < 0)
		return -EINVAL;
	room = theirs.ifc_len < MAX_CONF ? (size_t)theirs.ifc_len : MAX_CONF;
	if (!theirs.ifc_buf)
		room = 0;
	mine = um_req_alloc(r, sizeof(*mine) + room);
	if (!mine)
		return -ENOMEM;
	memset(mine, 0, sizeof(*mine) + room);
	mine->ifc_len = (int)room;
	ret = call(s, SIOCGIFCONF, mine, sizeof(*mine) + room);
	if (ret < 0)
		return ret;
	if (theirs.ifc_buf && (size_t)mine->ifc_len <= room)
		ret = um_copy_out(r, um_uptr_of((uintptr_t)theirs.ifc_buf),
				  mine + 1, (size_t)mine->ifc_len);
	theirs.ifc_len = mine->ifc_len;
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[2]), &theirs,
				     sizeof(theirs));
}

static long change_route(struct um_req *r, struct um_standin *s,
			 unsigned int cmd)
{
	struct {
		struct rtentry e;
		char name[IFNAMSIZ];
	} a = { 0 };
	char *name;
	long ret = um_copy_in(r, um_uptr_of(r->arg[2]), &a.e, sizeof(a.e));

	if (ret == 0 && a.e.rt_dev) {
		ret = um_copy_in_str(r, um_uptr_of((uintptr_t)a.e.rt_dev),
				     IFNAMSIZ, &name);
		if (ret == 0)
			memcpy(a.name, name, strlen(name) + 1);
	}
	return ret < 0 ? ret : call(s, cmd, &a, sizeof(a));
}

static size_t size_of(unsigned int cmd)
{
	return cmd == SIOCGARP || cmd == SIOCSARP || cmd == SIOCDARP
		       ? sizeof(struct arpreq)
		       : sizeof(struct ifreq);
}

static long simple(struct um_req *r, struct um_standin *s, unsigned int cmd)
{
	union {
		struct ifreq ifr;
		struct arpreq arp;
	} a = { 0 };
	long ret = um_copy_in(r, um_uptr_of(r->arg[2]), &a, size_of(cmd));

	if (ret == 0)
		ret = call(s, cmd, &a, size_of(cmd));
	if (ret < 0)
		return ret;
	return um_copy_out(r, um_uptr_of(r->arg[2]), &a, size_of(cmd)) < 0
		       ? -EFAULT
		       : ret;
}

/* Of a packet, its head is not the guest's. */
static long next_length(struct um_req *r)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	struct um_net_head head;
	int left = 0;
	ssize_t got;

	if (sock < 0)
		return sock;
	got = recv(sock, &head, sizeof(head),
		   MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (got > (ssize_t)(sizeof(head) + head.controllen))
		left = (int)(got - (ssize_t)sizeof(head) - head.controllen);
	return um_copy_out(r, um_uptr_of(r->arg[2]), &left, sizeof(left));
}

/* A packet is the stack's at once; of a stream, the stack knows. */
static long unsent(struct um_req *r, struct um_standin *s)
{
	int left = 0;
	long ret = s->packets ? 0 : call(s, SIOCOUTQ, &left, sizeof(left));

	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[2]), &left,
				     sizeof(left));
}

long um_net_ioctl(struct um_req *r, struct um_standin *s, unsigned int cmd)
{
	switch (cmd) {
	case FIONREAD:
		return s->packets ? next_length(r) : UM_CONTINUE;
	case SIOCOUTQ:
		return unsent(r, s);
	case SIOCATMARK:
		return s->packets ? -ENOTTY : UM_CONTINUE;
	case FIOSETOWN:
	case SIOCSPGRP:
	case FIOGETOWN:
	case SIOCGPGRP:
		return UM_CONTINUE;
	case SIOCGIFCONF:
		return get_conf(r, s);
	case SIOCADDRT:
	case SIOCDELRT:
		return change_route(r, s, cmd);
	default:
		return cmd >> 8 == 0x89 ? simple(r, s, cmd) : UM_CONTINUE;
	}
}
