// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netioctl.c - ioctl(2) on sockets of a stack; netdevice(7)
 *
 * Their numbers do not tell the size of the argument, and two of them have
 * pointers in it: what they point to is put behind the argument.
 *
 * Requests about interfaces are made of sockets of any family: if_nametoindex(3)
 * makes one of AF_UNIX, which is the host's. The guest means the interfaces it
 * has, so a socket of its stack is made to ask.
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

/* The socket that is asked; id 0: fd is the socket itself, the kernel's. */
struct asked {
	struct um_mount *stack;
	uint64_t id;
	int fd;
};

static long call(const struct asked *s, unsigned int cmd, void *data,
		 size_t size)
{
	if (!s->id)
		return UM_SYS(ioctl(s->fd, cmd, data));
	return UM_STACK_CALL(s->stack, ioctl, -ENOTTY, s->id, cmd, data, size);
}

static long get_conf(struct um_req *r, const struct asked *s)
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
	if (!s->id && theirs.ifc_buf)
		mine->ifc_buf = (void *)(mine + 1);
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

static long change_route(struct um_req *r, const struct asked *s,
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

static long simple(struct um_req *r, const struct asked *s, unsigned int cmd)
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
	long ret = s->packets ? 0
			      : UM_STACK_CALL(s->stack, ioctl, -ENOTTY, s->id,
					      SIOCOUTQ, &left, sizeof(left));

	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[2]), &left,
				     sizeof(left));
}

static long ask(struct um_req *r, const struct asked *s, unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFCONF:
		return get_conf(r, s);
	case SIOCADDRT:
	case SIOCDELRT:
		return change_route(r, s, cmd);
	default:
		return cmd >> 8 == 0x89 ? simple(r, s, cmd) : UM_CONTINUE;
	}
}

long um_net_ioctl(struct um_req *r, struct um_standin *s, unsigned int cmd)
{
	struct asked asked = { .stack = s->stack, .id = s->id, .fd = -1 };

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
	default:
		return ask(r, &asked, cmd);
	}
}

/* What Linux answers whatever the family; none of these has pointers inside. */
static bool is_of_interfaces(unsigned int cmd)
{
	switch (cmd) {
	case SIOCGIFCONF:
	case SIOCGIFNAME:
	case SIOCGIFINDEX:
	case SIOCGIFFLAGS:
	case SIOCSIFFLAGS:
	case SIOCGIFMETRIC:
	case SIOCSIFMETRIC:
	case SIOCGIFMTU:
	case SIOCSIFMTU:
	case SIOCGIFHWADDR:
	case SIOCSIFHWADDR:
	case SIOCGIFMAP:
	case SIOCGIFTXQLEN:
	case SIOCSIFTXQLEN:
	case SIOCSIFNAME:
		return true;
	default:
		return false;
	}
}

static bool is_unix_socket(struct um_req *r, um_gfd fd)
{
	UM_CLOSE int sock = um_gfd_dup(r, fd);
	int domain = 0;
	socklen_t len = sizeof(domain);

	return sock >= 0 &&
	       getsockopt(sock, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0 &&
	       domain == AF_UNIX;
}

static long ask_stack(struct um_req *r, struct um_mount *m, unsigned int cmd)
{
	struct asked asked = { .stack = m };
	UM_CLOSE int fd = (int)UM_STACK_CALL(m, socket, -EAFNOSUPPORT, AF_INET,
					     SOCK_DGRAM, 0, &asked.id);

	if (fd < 0)
		return fd;
	asked.fd = fd;
	return ask(r, &asked, cmd);
}

bool um_net_unix_ioctl(struct um_req *r, unsigned int cmd, long *ret)
{
	struct um_mount *m;

	if (!is_of_interfaces(cmd) || !is_unix_socket(r, um_gfd_of(r->arg[0])))
		return false;
	m = um_stack_of(r, AF_INET);
	if (!m)
		return false;
	*ret = ask_stack(r, m, cmd);
	um_mount_put(m);
	return true;
}
