// SPDX-License-Identifier: GPL-2.0-or-later
/* netsockopt.c - options of sockets of a stack */
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/net.h"

#define MAX_OPTION 65536

/* ---- got ---- */

/*
 * The stand-in of a stream knows whether its error was told by some call; the
 * stack, which error it is.
 */
static long stream_error(struct um_req *r, int *value)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	socklen_t len = sizeof(int);
	int mine = 0;

	if (sock < 0)
		return sock;
	if (getsockopt(sock, SOL_SOCKET, SO_ERROR, &mine, &len) < 0)
		return -errno;
	if (!mine || !*value)
		*value = mine;
	return 0;
}

static long tell_error(struct um_req *r, const struct um_standin *s, int *value)
{
	if (!s->packets)
		return stream_error(r, value);
	if (*value)
		um_net_error_sent(r, *value);
	return 0;
}

static bool is_error(const struct um_req *r, socklen_t len)
{
	return (int)r->arg[1] == SOL_SOCKET && (int)r->arg[2] == SO_ERROR &&
	       len == sizeof(int);
}

/* The answer depends on what the guest has there. */
static bool is_in_and_out(const struct um_req *r)
{
	return (int)r->arg[1] == SOL_PACKET && (int)r->arg[2] == PACKET_HDRLEN;
}

long sys_getsockopt(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	socklen_t len;
	void *value;
	long ret;

	if (!s)
		return UM_CONTINUE;
	ret = um_copy_in(r, um_uptr_of(r->arg[4]), &len, sizeof(len));
	if (ret < 0)
		return ret;
	if ((int)len < 0)
		return -EINVAL;
	if (len > MAX_OPTION)
		len = MAX_OPTION;
	value = um_req_alloc(r, len + 1);
	if (!value)
		return -ENOMEM;
	if (is_in_and_out(r)) {
		ret = um_copy_in(r, um_uptr_of(r->arg[3]), value, len);
		if (ret < 0)
			return ret;
	}
	ret = UM_STACK_CALL(s->stack, getsockopt, -ENOPROTOOPT, s->id,
			    (int)r->arg[1], (int)r->arg[2], value, &len);
	if (ret == 0 && is_error(r, len))
		ret = tell_error(r, s, value);
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(r->arg[3]), value, len);
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[4]), &len,
				     sizeof(len));
}

/* ---- set ---- */

/* What the guest's own calls wait for is the kernel's to know. */
static bool is_of_standin(const struct um_req *r)
{
	int name = (int)r->arg[2];

	return (int)r->arg[1] == SOL_SOCKET &&
	       (name == SO_RCVTIMEO || name == SO_SNDTIMEO ||
		name == SO_RCVLOWAT || name == SO_OOBINLINE);
}

/* A program of BPF is behind a pointer; what is sent are its instructions. */
static long copy_program(struct um_req *r, void **value, socklen_t *len)
{
	struct sock_fprog p;
	long ret;

	if (*len != sizeof(p))
		return -EINVAL;
	ret = um_copy_in(r, um_uptr_of(r->arg[3]), &p, sizeof(p));
	if (ret < 0)
		return ret;
	if (!p.filter)
		return -EINVAL;
	*len = p.len * (socklen_t)sizeof(*p.filter);
	*value = um_req_alloc(r, *len + 1);
	if (!*value)
		return -ENOMEM;
	return um_copy_in(r, um_uptr_of((uintptr_t)p.filter), *value, *len);
}

static long copy_option(struct um_req *r, void **value, socklen_t *len)
{
	if (*len > MAX_OPTION) /* or below 0 */
		return -EINVAL;
	if ((int)r->arg[1] == SOL_SOCKET && (int)r->arg[2] == SO_ATTACH_FILTER)
		return copy_program(r, value, len);
	*value = um_req_alloc(r, *len + 1);
	if (!*value)
		return -ENOMEM;
	return um_copy_in(r, um_uptr_of(r->arg[3]), *value, *len);
}

static bool makes_ring(const struct um_req *r)
{
	return (int)r->arg[1] == SOL_PACKET && (int)r->arg[2] == PACKET_RX_RING;
}

long sys_setsockopt(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	socklen_t len = (socklen_t)r->arg[4];
	void *value;
	long ret;

	if (!s)
		return UM_CONTINUE;
	ret = copy_option(r, &value, &len);
	if (ret == 0)
		ret = UM_STACK_CALL(s->stack, setsockopt, -ENOPROTOOPT, s->id,
				    (int)r->arg[1], (int)r->arg[2], value, len);
	if (ret == 0 && makes_ring(r))
		um_net_ring_set(s, value, len);
	return ret == 0 && is_of_standin(r) ? UM_CONTINUE : ret;
}
