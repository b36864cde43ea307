// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rpc.c - requests of the module, taken to sockets and answered
 *
 * Nearly all are answered at once. A connect that waits is remembered with its
 * tag by its socket; here the pair of both is kept, for ST_CANCEL.
 */
#include "rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"
#include "dgram.h"
#include "files.h"
#include "iface.h"
#include "loop.h"
#include "message.h"
#include "packetsock.h"
#include "sock.h"
#include "stream.h"
#include "sysctl.h"
#include "tap.h"

enum { BURST = 32, WAITING = 4096 };

static struct st_watch control;
static struct {
	uint32_t tag;
	uint64_t id;
} waiting[WAITING];
static uint8_t in[ST_DATA_MAX] __attribute__((aligned(16)));
static uint8_t result[ST_DATA_MAX] __attribute__((aligned(16)));

/* One request, with what came with it and what its answer carries. */
struct call {
	struct st_req q;
	const uint8_t *data;
	int fd;	     /* that came; -1: none; closed in the end */
	int give_fd; /* goes with the answer; closed then */
	uint64_t id;
	uint32_t len; /* bytes of `result` */
	bool later;
};

void st_reply(uint32_t tag, int ret)
{
	for (size_t n = 0; n < WAITING; n++)
		if (waiting[n].tag == tag)
			waiting[n].tag = 0;
	message_answer(control.fd, &(struct st_rep){ .tag = tag, .ret = ret },
		       NULL, -1);
}

static bool remember(uint32_t tag, uint64_t id)
{
	for (size_t n = 0; n < WAITING; n++)
		if (!waiting[n].tag) {
			waiting[n].tag = tag;
			waiting[n].id = id;
			return true;
		}
	return false;
}

static void cancel(uint32_t tag)
{
	for (size_t n = 0; n < WAITING; n++)
		if (waiting[n].tag == tag) {
			struct st_sock *s = st_sock_find(waiting[n].id);

			if (s && s->proto->cancel)
				s->proto->cancel(s);
			return;
		}
}

/* ---- socket ---- */

static int inet_kind(int type, int *protocol, bool six,
		     const struct st_proto **out)
{
	int icmp = six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;

	if (*protocol < 0 || *protocol >= IPPROTO_MAX)
		return -EINVAL;
	switch (type) {
	case SOCK_STREAM:
		if (*protocol && *protocol != IPPROTO_TCP)
			return -EPROTONOSUPPORT;
		*protocol = IPPROTO_TCP;
		*out = &st_tcp;
		return 0;
	case SOCK_DGRAM:
		if (*protocol == icmp) {
			*out = &st_raw;
			return 0;
		}
		if (*protocol && *protocol != IPPROTO_UDP)
			return -EPROTONOSUPPORT;
		*protocol = IPPROTO_UDP;
		*out = &st_udp;
		return 0;
	case SOCK_RAW:
		if (!*protocol)
			return -EPROTONOSUPPORT;
		*out = &st_raw;
		return 0;
	default:
		return -ESOCKTNOSUPPORT;
	}
}

static int kind_of(int domain, int type, int *protocol,
		   const struct st_proto **out)
{
	switch (domain) {
	case AF_INET:
	case AF_INET6:
		return inet_kind(type, protocol, domain == AF_INET6, out);
	case AF_PACKET:
		*protocol = ntohs((uint16_t)*protocol);
		*out = &st_packet;
		return type == SOCK_RAW || type == SOCK_DGRAM
			       ? 0
			       : -ESOCKTNOSUPPORT;
	case AF_NETLINK:
		*out = &st_netlink;
		return type == SOCK_RAW || type == SOCK_DGRAM
			       ? 0
			       : -ESOCKTNOSUPPORT;
	default:
		return -EAFNOSUPPORT;
	}
}

static int stream_fd(struct st_sock *s)
{
	struct stat st;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0)
		s->inode = st.st_ino;
	return fd;
}

static int do_socket(struct call *c)
{
	const struct st_proto *proto = NULL;
	int protocol = c->q.c, ret, fd;
	struct st_sock *s;

	ret = kind_of(c->q.a, c->q.b, &protocol, &proto);
	if (ret < 0)
		return ret;
	s = st_sock_new(proto, c->q.a, c->q.b, protocol);
	if (!s)
		return -ENOBUFS;
	s->pid = c->q.pid;
	ret = proto->init(s);
	if (ret < 0) {
		st_sock_free(s);
		return ret;
	}
	fd = s->type == SOCK_STREAM ? stream_fd(s) : st_sock_pair(s);
	if (fd < 0) {
		s->proto->release(s);
		st_sock_free(s);
		return fd;
	}
	c->id = s->id;
	c->give_fd = fd;
	return 0;
}

/* ---- the calls on one socket ---- */

static int do_connect(struct st_sock *s, struct call *c)
{
	union st_sockaddr addr = { 0 };
	uint32_t tag = c->q.a ? c->q.tag : 0;
	int ret;

	if (!s->proto->connect)
		return -EOPNOTSUPP;
	if (c->q.len > sizeof(addr))
		return -EINVAL;
	memcpy(&addr, c->data, c->q.len);
	if (tag && s->type == SOCK_STREAM && !remember(tag, s->id))
		return -ENOBUFS;
	ret = s->proto->connect(s, &addr, c->q.len, c->fd, tag);
	c->later = ret == 1;
	if (ret != 1 && tag)
		for (size_t n = 0; n < WAITING; n++)
			if (waiting[n].tag == tag)
				waiting[n].tag = 0;
	return ret;
}

static int do_bind(struct st_sock *s, struct call *c)
{
	union st_sockaddr addr = { 0 };

	if (!s->proto->bind)
		return -EOPNOTSUPP;
	if (c->q.len > sizeof(addr))
		return -EINVAL;
	memcpy(&addr, c->data, c->q.len);
	return s->proto->bind(s, &addr, c->q.len);
}

static int do_name(struct st_sock *s, struct call *c, bool peer)
{
	union st_sockaddr addr = { 0 };
	socklen_t len = 0;
	int ret;

	if (peer && !s->proto->peername)
		return -EOPNOTSUPP;
	ret = peer ? s->proto->peername(s, &addr, &len)
		   : s->proto->sockname(s, &addr, &len);
	if (ret < 0)
		return ret;
	memcpy(result, &addr, len);
	c->len = len;
	return 0;
}

static int do_getopt(struct st_sock *s, struct call *c)
{
	socklen_t len =
		(socklen_t)(c->q.c < 0			   ? 0
			    : c->q.c > (int)sizeof(result) ? (int)sizeof(result)
							   : c->q.c);
	int ret;

	/* the answer may depend on what the guest has there */
	memcpy(result, c->data, c->q.len < len ? c->q.len : len);
	ret = c->q.a == SOL_SOCKET
		      ? st_so_get(s, c->q.b, result, &len)
		      : s->proto->getopt(s, c->q.a, c->q.b, result, &len);

	if (ret == 0)
		c->len = len;
	return ret;
}

static int do_map(struct st_sock *s, struct call *c)
{
	uint64_t where[2];
	int fd;

	if (c->q.len != sizeof(where))
		return -EINVAL;
	memcpy(where, c->data, sizeof(where));
	fd = st_packet_map(s, where[0], where[1]);
	c->give_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

static int do_setopt(struct st_sock *s, struct call *c)
{
	if (c->q.a == SOL_SOCKET)
		return st_so_set(s, c->q.b, c->data, c->q.len);
	return s->proto->setopt(s, c->q.a, c->q.b, c->data, c->q.len);
}

static int do_ioctl(struct st_sock *s, struct call *c)
{
	int ret;

	memcpy(result, c->data, c->q.len);
	ret = s->proto->ioctl(s, (unsigned int)c->q.a, result, c->q.len);
	if (ret >= 0)
		c->len = c->q.len;
	return ret;
}

static int control4(const struct cmsghdr *h, struct st_dest *to)
{
	struct in_pktinfo info;
	size_t len = h->cmsg_len - CMSG_LEN(0);

	switch (h->cmsg_type) {
	case IP_PKTINFO:
		if (len < sizeof(info))
			return -EINVAL;
		memcpy(&info, CMSG_DATA(h), sizeof(info));
		to->oif = info.ipi_ifindex;
		if (info.ipi_spec_dst.s_addr != INADDR_ANY) {
			to->has_source = true;
			IP_SET_TYPE_VAL(to->source, IPADDR_TYPE_V4);
			ip_2_ip4(&to->source)->addr = info.ipi_spec_dst.s_addr;
		}
		return 0;
	case IP_TTL:
		return st_opt_int(CMSG_DATA(h), (socklen_t)len, &to->ttl);
	case IP_TOS:
		return st_opt_int(CMSG_DATA(h), (socklen_t)len, &to->tos);
	default:
		return -EINVAL;
	}
}

static int control6(const struct cmsghdr *h, struct st_dest *to)
{
	struct in6_pktinfo info;
	size_t len = h->cmsg_len - CMSG_LEN(0);

	switch (h->cmsg_type) {
	case IPV6_PKTINFO:
		if (len < sizeof(info))
			return -EINVAL;
		memcpy(&info, CMSG_DATA(h), sizeof(info));
		to->oif = (int)info.ipi6_ifindex;
		if (!IN6_IS_ADDR_UNSPECIFIED(&info.ipi6_addr)) {
			to->has_source = true;
			IP_SET_TYPE_VAL(to->source, IPADDR_TYPE_V6);
			memcpy(ip_2_ip6(&to->source)->addr, &info.ipi6_addr,
			       16);
		}
		return 0;
	case IPV6_HOPLIMIT:
		return st_opt_int(CMSG_DATA(h), (socklen_t)len, &to->ttl);
	case IPV6_TCLASS:
		return st_opt_int(CMSG_DATA(h), (socklen_t)len, &to->tos);
	default:
		return 0;
	}
}

static int read_control(const uint8_t *data, size_t len, struct st_dest *to)
{
	static uint8_t copy[UM_NET_CONTROL_MAX * 4] __attribute__((aligned(8)));
	struct msghdr m = { .msg_control = copy, .msg_controllen = len };

	if (len > sizeof(copy))
		return -EINVAL;
	memcpy(copy, data, len);
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
		int ret = 0;

		if (h->cmsg_len < CMSG_LEN(0) ||
		    h->cmsg_len > len - (size_t)((uint8_t *)h - copy))
			return -EINVAL;
		if (h->cmsg_level == IPPROTO_IP)
			ret = control4(h, to);
		else if (h->cmsg_level == IPPROTO_IPV6)
			ret = control6(h, to);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int do_send(struct st_sock *s, struct call *c)
{
	struct st_dest to = { .ttl = -1, .tos = -1 };
	size_t name = (size_t)c->q.b, ctl = (size_t)c->q.c;
	int ret;

	if (c->q.b < 0 || c->q.c < 0 || name + ctl > c->q.len ||
	    name > sizeof(to.addr))
		return -EINVAL;
	if (s->shut_wr)
		return -EPIPE;
	if (s->error && (s->proto == &st_udp || s->proto == &st_raw)) {
		ret = -s->error;
		s->error = 0;
		return ret;
	}
	to.has_addr = name > 0;
	to.addrlen = (socklen_t)name;
	memcpy(&to.addr, c->data, name);
	ret = read_control(c->data + name, ctl, &to);
	if (ret < 0)
		return ret;
	ret = (int)s->proto->send(s, &to, c->data + name + ctl,
				  c->q.len - name - ctl, c->q.a);
	/* What is for ourselves is there when the call returns. */
	st_clock_settle();
	return ret;
}

/* One that is not connected is shut down all the same, as in the kernel. */
static int do_shutdown(struct st_sock *s, int how)
{
	if (s->proto->shutdown)
		return s->proto->shutdown(s, how);
	s->shut_wr = s->shut_wr || how != SHUT_RD;
	return s->connected ? 0 : -ENOTCONN;
}

static int do_close(struct st_sock *s)
{
	s->released = true;
	if (!s->proto->release(s))
		st_sock_free(s);
	return 0;
}

static int on_socket(struct st_sock *s, struct call *c)
{
	ssize_t n;

	switch ((enum st_op)c->q.op) {
	case ST_BIND:
		return do_bind(s, c);
	case ST_CONNECT:
		return do_connect(s, c);
	case ST_LISTEN:
		return s->proto->listen ? s->proto->listen(s, c->fd, c->q.a)
					: -EOPNOTSUPP;
	case ST_SOCKNAME:
		return do_name(s, c, false);
	case ST_PEERNAME:
		return do_name(s, c, true);
	case ST_GETOPT:
		return do_getopt(s, c);
	case ST_SETOPT:
		return do_setopt(s, c);
	case ST_SHUTDOWN:
		return do_shutdown(s, c->q.a);
	case ST_IOCTL:
		return do_ioctl(s, c);
	case ST_SEND:
		return do_send(s, c);
	case ST_ERRQUEUE:
		n = s->proto == &st_udp || s->proto == &st_raw
			    ? st_dgram_errqueue(s, result, sizeof(result))
			    : -EAGAIN;
		c->len = n > 0 ? (uint32_t)n : 0;
		return n > 0 ? 0 : (int)n;
	case ST_CLOSE:
		return do_close(s);
	case ST_MAP:
		return do_map(s, c);
	case ST_AWAIT:
		return st_packet_await(s);
	case ST_SOCKET:
	case ST_ACCEPTED:
	case ST_FILE:
	case ST_CANCEL:
	case ST_STORE:
	case ST_TUN_OPEN:
	case ST_TUN:
	default:
		return -ENOSYS;
	}
}

/* ---- what is of no socket ---- */

/* "umnetlwip-PID-ID": the name that tcp.c gave its end. */
static int do_accepted(struct call *c)
{
	const struct sockaddr_un *name = (const void *)c->data;
	struct st_stream *t;
	struct st_sock *s;
	char text[64] = "";
	unsigned long long id;
	int pid;

	if (c->q.len <= 3 || c->q.len - 3 >= sizeof(text))
		return -ENOENT;
	memcpy(text, name->sun_path + 1, c->q.len - 3);
	if (sscanf(text, "umnetlwip-%d-%llu", &pid, &id) != 2 ||
	    pid != (int)getpid())
		return -ENOENT;
	s = st_sock_find(id);
	t = s && s->proto == &st_tcp ? s->priv : NULL;
	if (!t)
		return -ENOENT;
	c->id = id;
	if (t->queue && c->fd >= 0)
		st_stream_accepted(t, c->fd);
	return 0;
}

static int do_file(struct call *c)
{
	char path[512] = "", *text = NULL;
	ssize_t len;

	if (c->q.len >= sizeof(path))
		return -ENOENT;
	memcpy(path, c->data, c->q.len);
	len = st_file_text(path, &text);
	if (len < 0)
		return (int)len;
	if (c->q.a >= 0 && c->q.a < len) {
		c->len = (uint32_t)(len - c->q.a);
		if (c->len > sizeof(result))
			c->len = sizeof(result);
		memcpy(result, text + c->q.a, c->len);
	}
	free(text);
	return (int)len;
}

static int do_store(const struct call *c)
{
	char path[256];
	size_t len = (size_t)c->q.a;

	if (c->q.a < 0 || len > c->q.len || len >= sizeof(path))
		return -EINVAL;
	memcpy(path, c->data, len);
	path[len] = '\0';
	return st_sysctl_store(path, (const char *)c->data + len,
			       c->q.len - len, c->q.b);
}

static int serve(struct call *c)
{
	struct st_sock *s;

	switch ((enum st_op)c->q.op) {
	case ST_SOCKET:
		return do_socket(c);
	case ST_ACCEPTED:
		return do_accepted(c);
	case ST_FILE:
		return do_file(c);
	case ST_STORE:
		return do_store(c);
	case ST_TUN_OPEN:
		c->len = sizeof(struct ifreq);
		return st_tap_open(&c->q, c->data, &c->fd, &c->id, result);
	case ST_TUN:
		c->len = c->q.len;
		return st_tap_call(&c->q, c->data, result);
	case ST_CANCEL:
		cancel((uint32_t)c->q.a);
		c->later = true; /* it has no answer of its own */
		return 0;
	case ST_BIND:
	case ST_CONNECT:
	case ST_LISTEN:
	case ST_SOCKNAME:
	case ST_PEERNAME:
	case ST_GETOPT:
	case ST_SETOPT:
	case ST_SHUTDOWN:
	case ST_IOCTL:
	case ST_SEND:
	case ST_ERRQUEUE:
	case ST_CLOSE:
	case ST_MAP:
	case ST_AWAIT:
	default:
		s = st_sock_find(c->q.id);
		return s ? on_socket(s, c) : -ENOTCONN;
	}
}

/* 1: one was served; 0: there is none; -1: the module is gone. */
static int one(void)
{
	struct call c = { .data = in, .give_fd = -1 };
	int ret = message_request(control.fd, MSG_DONTWAIT, &c.q, in, &c.fd);

	if (ret < 0 && ret != -EPROTO)
		return ret == -EAGAIN ? 0 : ret;
	if (ret == 0)
		ret = serve(&c);
	if (!c.later) {
		const struct st_rep rep = { .tag = c.q.tag,
					    .ret = ret,
					    .id = c.id,
					    .len = ret < 0 ? 0 : c.len };

		message_answer(control.fd, &rep, result, c.give_fd);
	}
	if (c.fd >= 0)
		close(c.fd);
	if (c.give_fd >= 0)
		close(c.give_fd);
	return 1;
}

static void on_control(struct st_watch *w, uint32_t events)
{
	int ret = 1;

	(void)w;
	st_clock_touch();
	for (int n = 0; n < BURST && ret == 1; n++)
		ret = one();
	if (ret < 0 || (ret == 0 && (events & (EPOLLHUP | EPOLLERR)))) {
		st_watch_del(&control);
		st_loop_stop();
	}
}

int st_rpc_init(int fd)
{
	control.fd = fd;
	control.ready = on_control;
	return st_watch_add(&control, EPOLLIN);
}

void st_rpc_ready(void)
{
	st_reply(0, 0);
}
