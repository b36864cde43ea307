// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netmsg.c - data on sockets of a stack, where the kernel's own call is not it
 *
 * Streams are the kernel's but for names, which a connected one has none of.
 * A packet to the guest has a head (struct um_net_head) that is taken off
 * here; one from the guest goes to the stack by a call, so that its errors come
 * back.
 */
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "guest/wait.h"
#include "sys/net.h"

#define MAX_PACKET (64 * 1024 + 512)
#define MAX_STREAM (1024 * 1024)
#define MAX_VECTOR 1024
#define MAX_SENT   (64 * 1024)

/* ---- vectors of the guest ---- */

static int copy_vector(struct um_req *r, const struct msghdr *m,
		       struct iovec **out)
{
	size_t n = m->msg_iovlen;

	if (n > MAX_VECTOR)
		return -EMSGSIZE;
	*out = um_req_alloc(r, n * sizeof(**out) + 1);
	if (!*out)
		return -ENOMEM;
	return um_copy_in(r, um_uptr_of((uintptr_t)m->msg_iov), *out,
			  n * sizeof(**out));
}

static size_t total(const struct iovec *iov, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += iov[i].iov_len < MAX_PACKET ? iov[i].iov_len
						   : MAX_PACKET;
	return sum;
}

/* ---- from the stack ---- */

/* A packet that came: parts of one buffer of the request's. */
struct packet {
	struct um_net_head head;
	const char *control;
	const char *data;
	size_t len;  /* what is there of the payload */
	size_t full; /* and how much it was */
};

static long unpack(const char *buf, size_t got, size_t all, struct packet *out)
{
	size_t before = sizeof(out->head);

	if (got < before)
		return -EIO;
	memcpy(&out->head, buf, before);
	if (out->head.error)
		return -out->head.error;
	out->control = buf + before;
	before += out->head.controllen;
	if (got < before || out->head.namelen > sizeof(out->head.name))
		return -EIO;
	out->data = buf + before;
	out->len = got - before;
	out->full = all - before;
	return 1;
}

static long receive_error(struct um_req *r, struct um_standin *s, size_t room,
			  int flags, struct packet *out)
{
	size_t size = room + sizeof(out->head) + UM_NET_CONTROL_MAX;
	char *buf = um_req_alloc(r, size);
	long got;

	if (!buf)
		return -ENOMEM;
	got = UM_STACK_CALL(s->stack, errqueue, -EAGAIN, s->id, buf, size,
			    flags);
	if (got >= 0)
		um_net_error_sent(r, 0);
	return got < 0 ? got : unpack(buf, (size_t)got, (size_t)got, out);
}

/*
 * Every packet has a head, so no byte is an end: the stack's, or what the guest
 * has shut down itself; who does not wait is told of that by EAGAIN, udp(7).
 */
static long at_end(int sock, int flags)
{
	struct pollfd p = { .fd = sock };

	if (poll(&p, 1, 0) > 0 && (p.revents & POLLHUP))
		return -ENETDOWN;
	return (flags & MSG_DONTWAIT) || (fcntl(sock, F_GETFL) & O_NONBLOCK)
		       ? -EAGAIN
		       : 0;
}

/* It is none; and is no longer there. */
static bool was_token(int sock, const char *buf, long got, int flags)
{
	struct um_net_head head;

	if (got != (long)sizeof(head))
		return false;
	memcpy(&head, buf, sizeof(head));
	if (head.namelen != UM_NET_TOKEN)
		return false;
	if (flags & MSG_PEEK)
		(void)!recv(sock, &head, sizeof(head), MSG_DONTWAIT);
	return true;
}

/* The next packet: 1; 0: the end; -errno. */
static long receive(struct um_req *r, struct um_standin *s, size_t room,
		    int flags, struct packet *out)
{
	size_t size = (room < MAX_PACKET ? room : MAX_PACKET) +
		      sizeof(out->head) + UM_NET_CONTROL_MAX;
	UM_CLOSE int sock = -1;
	char *buf;
	long got;

	*out = (struct packet){ 0 };
	if (flags & MSG_ERRQUEUE)
		return receive_error(r, s, room, flags, out);
	sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	buf = um_req_alloc(r, size);
	if (sock < 0 || !buf)
		return sock < 0 ? sock : -ENOMEM;
	do {
		um_wait_begin(r);
		got = UM_SYS(
			recv(sock, buf, size,
			     (flags & (MSG_PEEK | MSG_DONTWAIT)) | MSG_TRUNC));
		um_wait_end();
	} while ((got == -EINTR && um_wait_again(r, &got)) ||
		 was_token(sock, buf, got, flags));
	if (got == 0)
		return at_end(sock, flags);
	if (got < 0)
		return got;
	got = unpack(buf, (size_t)got < size ? (size_t)got : size, (size_t)got,
		     out);
	if (out->head.error)
		um_net_error_read(r, s, flags);
	return got;
}

/* What the call returns for a packet of which `room` bytes were wanted. */
static long length(const struct packet *p, size_t room, int flags)
{
	if (flags & MSG_TRUNC)
		return (long)p->full;
	return (long)(p->full < room ? p->full : room);
}

static size_t given(const struct packet *p, size_t room)
{
	return p->len < room ? p->len : room;
}

long um_net_read(struct um_req *r, struct um_standin *s,
		 const struct iovec *iov, size_t n)
{
	size_t room = total(iov, n);
	struct packet p;
	long ret = receive(r, s, room, 0, &p);

	if (ret <= 0)
		return ret;
	ret = um_copy_out_vec(r, iov, n, p.data, given(&p, room));
	return ret < 0 ? ret : length(&p, room, 0);
}

/* Up to n bytes of a stream. */
static long recv_stream(struct um_req *r, size_t n, int flags, void **buf)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	long got;

	*buf = um_req_alloc(r, n + 1);
	if (sock < 0 || !*buf)
		return sock < 0 ? sock : -ENOMEM;
	do {
		um_wait_begin(r);
		got = UM_SYS(recv(sock, *buf, n, flags));
		um_wait_end();
	} while (got == -EINTR && um_wait_again(r, &got));
	return got;
}

/* A connected stream tells no name. */
static long recvfrom_stream(struct um_req *r)
{
	size_t n = r->arg[2] < MAX_STREAM ? r->arg[2] : MAX_STREAM;
	socklen_t none = 0;
	void *buf;
	long got = recv_stream(r, n, (int)r->arg[3], &buf);

	if (got < 0)
		return got;
	if (um_copy_out(r, um_uptr_of(r->arg[1]), buf, (size_t)got) < 0)
		return -EFAULT;
	if (r->arg[5] &&
	    um_copy_out(r, um_uptr_of(r->arg[5]), &none, sizeof(none)) < 0)
		return -EFAULT;
	return got;
}

long um_net_recvfrom(struct um_req *r, struct um_standin *s)
{
	int flags = (int)r->arg[3];
	size_t room = r->arg[2];
	struct packet p;
	long ret;

	if (!s->packets)
		return r->arg[4] ? recvfrom_stream(r) : UM_CONTINUE;
	ret = receive(r, s, room, flags, &p);
	if (ret < 0)
		return ret;
	ret = um_copy_out(r, um_uptr_of(r->arg[1]), p.data, given(&p, room));
	if (ret == 0 && r->arg[4])
		ret = um_net_give_addr(r, r->arg[4], r->arg[5], p.head.name,
				       p.head.namelen);
	return ret < 0 ? ret : length(&p, room, flags);
}

/* As much control data as there is room for, in whole messages. */
static size_t fitting(const struct packet *p, size_t room)
{
	size_t at = 0;

	while (at + sizeof(struct cmsghdr) <= p->head.controllen) {
		struct cmsghdr c;
		size_t next;

		memcpy(&c, p->control + at, sizeof(c));
		if (c.cmsg_len < sizeof(c))
			break;
		next = at + CMSG_ALIGN(c.cmsg_len);
		if (at + c.cmsg_len > room)
			break;
		at = next < room ? next : room;
	}
	return at < p->head.controllen ? at : p->head.controllen;
}

static long give_message(struct um_req *r, uint64_t at, struct msghdr *m,
			 const struct packet *p, int flags)
{
	struct iovec *iov = NULL;
	int ret = copy_vector(r, m, &iov);
	size_t room = ret == 0 ? total(iov, m->msg_iovlen) : 0;
	size_t control = fitting(p, m->msg_controllen);
	socklen_t name = m->msg_namelen < p->head.namelen ? m->msg_namelen
							  : p->head.namelen;

	if (ret == 0)
		ret = um_copy_out_vec(r, iov, m->msg_iovlen, p->data,
				      given(p, room));
	if (ret == 0 && m->msg_name)
		ret = um_copy_out(r, um_uptr_of((uintptr_t)m->msg_name),
				  p->head.name, name);
	if (ret == 0 && control)
		ret = um_copy_out(r, um_uptr_of((uintptr_t)m->msg_control),
				  p->control, control);
	m->msg_flags = (p->full > room ? MSG_TRUNC : 0) |
		       (control < p->head.controllen ? MSG_CTRUNC : 0) |
		       (flags & MSG_ERRQUEUE);
	m->msg_namelen = m->msg_name ? p->head.namelen : 0;
	m->msg_controllen = control;
	if (ret == 0)
		ret = um_copy_out(r, um_uptr_of(at), m, sizeof(*m));
	return ret < 0 ? ret : length(p, room, flags);
}

static long recv_message(struct um_req *r, struct um_standin *s, uint64_t at,
			 int flags)
{
	struct iovec *iov = NULL;
	struct msghdr m;
	struct packet p;
	long ret = um_copy_in(r, um_uptr_of(at), &m, sizeof(m));

	if (ret == 0)
		ret = copy_vector(r, &m, &iov);
	if (ret < 0)
		return ret;
	ret = receive(r, s, total(iov, m.msg_iovlen), flags, &p);
	return ret < 0 ? ret : give_message(r, at, &m, &p, flags);
}

/* What the kernel's own call would tell of names is not the stack's. */
static long recvmsg_stream(struct um_req *r)
{
	struct iovec *iov = NULL;
	struct packet p = { 0 };
	struct msghdr m;
	long ret = um_copy_in(r, um_uptr_of(r->arg[1]), &m, sizeof(m));
	size_t room;
	void *buf;

	if (ret < 0)
		return ret;
	if ((int)r->arg[2] & MSG_ERRQUEUE)
		return -EAGAIN;
	if (!m.msg_name)
		return UM_CONTINUE;
	ret = copy_vector(r, &m, &iov);
	if (ret < 0)
		return ret;
	room = total(iov, m.msg_iovlen);
	ret = recv_stream(r, room < MAX_STREAM ? room : MAX_STREAM,
			  (int)r->arg[2], &buf);
	if (ret < 0)
		return ret;
	p.data = buf;
	p.len = p.full = (size_t)ret;
	return give_message(r, r->arg[1], &m, &p, 0);
}

long um_net_recvmsg(struct um_req *r, struct um_standin *s)
{
	return s->packets ? recv_message(r, s, r->arg[1], (int)r->arg[2])
			  : recvmsg_stream(r);
}

/* How long the message of the struct mmsghdr at `at` was. */
static int give_length(struct um_req *r, uint64_t at, unsigned int len)
{
	return um_copy_out(r,
			   um_uptr_of(at + offsetof(struct mmsghdr, msg_len)),
			   &len, sizeof(len));
}

long sys_recvmmsg(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	unsigned int want = (unsigned int)r->arg[2], n = 0;
	int flags = (int)r->arg[3];
	long ret = 0;

	if (!s || !s->packets)
		return UM_CONTINUE;
	for (; n < want && n < MAX_VECTOR; n++) {
		uint64_t at = r->arg[1] + n * sizeof(struct mmsghdr);

		/* What is there; it waits for the first alone. */
		ret = recv_message(r, s, at, n ? flags | MSG_DONTWAIT : flags);
		if (ret < 0)
			break;
		ret = give_length(r, at, (unsigned int)ret);
		if (ret < 0)
			break;
	}
	return n ? (long)n : ret;
}

/* ---- to the stack ---- */

static long transmit(struct um_req *r, struct um_standin *s, struct msghdr *m,
		     int flags)
{
	long ret =
		UM_STACK_CALL(s->stack, sendmsg, -EOPNOTSUPP, s->id, m, flags);

	if (ret < 0)
		um_net_error_sent(r, (int)-ret);
	return ret;
}

/* The guest's vector in one piece, with what goes with it in m. */
static long send_vector(struct um_req *r, struct um_standin *s,
			const struct iovec *iov, size_t n,
			const struct msghdr *m, int flags)
{
	size_t len = total(iov, n);
	struct iovec one = { .iov_len = len };
	struct msghdr whole = *m;
	int ret;

	if (len > MAX_SENT)
		return -EMSGSIZE;
	one.iov_base = um_req_alloc(r, len + 1);
	if (!one.iov_base)
		return -ENOMEM;
	ret = um_copy_in_vec(r, iov, n, one.iov_base, len);
	whole.msg_iov = &one;
	whole.msg_iovlen = 1;
	return ret < 0 ? ret : transmit(r, s, &whole, flags);
}

long um_net_write(struct um_req *r, struct um_standin *s,
		  const struct iovec *iov, size_t n)
{
	struct msghdr m = { 0 };

	return send_vector(r, s, iov, n, &m, 0);
}

/* An address is ignored where the socket is a stream that is connected. */
static long sendto_stream(struct um_req *r)
{
	UM_CLOSE int sock = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	size_t n = r->arg[2] < MAX_SENT ? r->arg[2] : MAX_SENT;
	void *buf = um_req_alloc(r, n + 1);
	long ret;

	if (sock < 0 || !buf)
		return sock < 0 ? sock : -ENOMEM;
	ret = um_copy_in(r, um_uptr_of(r->arg[1]), buf, n);
	if (ret < 0)
		return ret;
	do {
		um_wait_begin(r);
		ret = UM_SYS(send(sock, buf, n, (int)r->arg[3] | MSG_NOSIGNAL));
		um_wait_end();
	} while (ret == -EINTR && um_wait_again(r, &ret));
	return ret;
}

long um_net_sendto(struct um_req *r, struct um_standin *s)
{
	struct iovec iov = { (void *)(uintptr_t)r->arg[1], r->arg[2] };
	struct sockaddr_storage addr;
	struct msghdr m = { 0 };
	int len;

	if (!s->packets)
		return r->arg[4] ? sendto_stream(r) : UM_CONTINUE;
	if (r->arg[4] && r->arg[5]) {
		len = um_net_copy_addr(r, r->arg[4], r->arg[5], &addr);
		if (len < 0)
			return len;
		m.msg_name = &addr;
		m.msg_namelen = (socklen_t)len;
	}
	return send_vector(r, s, &iov, 1, &m, (int)r->arg[3]);
}

static int copy_control(struct um_req *r, const struct msghdr *theirs,
			struct msghdr *mine)
{
	size_t n = theirs->msg_controllen;

	if (!n || !theirs->msg_control)
		return 0;
	if (n > 4 * UM_NET_CONTROL_MAX)
		return -ENOBUFS;
	mine->msg_control = um_req_alloc(r, n);
	mine->msg_controllen = n;
	if (!mine->msg_control)
		return -ENOMEM;
	return um_copy_in(r, um_uptr_of((uintptr_t)theirs->msg_control),
			  mine->msg_control, n);
}

static long send_message(struct um_req *r, struct um_standin *s, uint64_t at,
			 int flags)
{
	struct sockaddr_storage addr;
	struct msghdr theirs, mine = { 0 };
	struct iovec *iov = NULL;
	int ret = um_copy_in(r, um_uptr_of(at), &theirs, sizeof(theirs));

	if (ret == 0)
		ret = copy_vector(r, &theirs, &iov);
	if (ret)
		return ret;
	if (theirs.msg_name && theirs.msg_namelen) {
		ret = um_net_copy_addr(r, (uintptr_t)theirs.msg_name,
				       theirs.msg_namelen, &addr);
		mine.msg_name = &addr;
		mine.msg_namelen = (socklen_t)(ret < 0 ? 0 : ret);
	}
	if (ret >= 0)
		ret = copy_control(r, &theirs, &mine);
	if (ret < 0)
		return ret;
	return send_vector(r, s, iov, theirs.msg_iovlen, &mine, flags);
}

long um_net_sendmsg(struct um_req *r, struct um_standin *s)
{
	return s->packets ? send_message(r, s, r->arg[1], (int)r->arg[2])
			  : UM_CONTINUE;
}

long um_net_sendmmsg(struct um_req *r, struct um_standin *s)
{
	unsigned int want = (unsigned int)r->arg[2], n = 0;
	long ret = 0;

	if (!s->packets)
		return UM_CONTINUE;
	for (; n < want && n < MAX_VECTOR; n++) {
		uint64_t at = r->arg[1] + n * sizeof(struct mmsghdr);

		ret = send_message(r, s, at, (int)r->arg[3]);
		if (ret < 0)
			break;
		ret = give_length(r, at, (unsigned int)ret);
		if (ret < 0)
			break;
	}
	return n ? (long)n : ret;
}
