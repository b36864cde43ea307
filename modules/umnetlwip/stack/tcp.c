// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcp.c - sockets of TCP: connect, listen, and their ends
 *
 * connect(2): where the guest waits, its descriptor becomes a stand-in only when
 * the connection stands, so that a failed one may be tried again. Where it does
 * not, the stand-in is connected at once and full, hence not writable; it is
 * emptied as the connection stands.
 *
 * listen(2): the guest's descriptor listens itself. For each connection that comes
 * the stack connects a socket of its own to it, bound to a name that says
 * which, so that accept, poll and the backlog are the kernel's.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "iface.h"
#include "lwip/priv/tcp_priv.h"
#include "route.h"
#include "stream.h"

enum { RETRY_MS = 20, BACKLOG_MAX = 255, PORT_TRIES = 200 };

static struct st_stream *stream_new(struct st_sock *s)
{
	struct st_stream *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->s = s;
	t->guest_fd = -1;
	s->priv = t;
	return t;
}

static int tcp_init_sock(struct st_sock *s)
{
	struct st_stream *t = stream_new(s);
	struct tcp_pcb *pcb;

	if (!t)
		return -ENOBUFS;
	pcb = tcp_new_ip_type(s->domain == AF_INET6 ? IPADDR_TYPE_ANY
						    : IPADDR_TYPE_V4);
	if (!pcb) {
		st_stream_fini(t);
		return -ENOBUFS;
	}
	ip_set_option(pcb, SOF_REUSEADDR); /* st_port_check() decides */
	st_stream_attach(t, pcb);
	st_so_bind_device(s);
	return 0;
}

/* The address a pcb is to be bound to: any of v6 may be any of both. */
static void bind_ip(const struct st_sock *s, ip_addr_t *ip)
{
	if (IP_IS_V6_VAL(*ip) && ip_addr_isany(ip) && !s->ip.v6only)
		*ip = (ip_addr_t)IPADDR_ANY_TYPE_INIT;
}

static int bind_port(struct st_sock *s, ip_addr_t *ip, uint16_t port)
{
	struct st_stream *t = s->priv;
	ip_addr_t shown = *ip;
	err_t err;

	if (!port)
		port = st_port_ephemeral();
	if (!port)
		return -EADDRINUSE;
	bind_ip(s, ip);
	err = tcp_bind(t->pcb, ip, port);
	if (err != ERR_OK)
		return -st_errno(err);
	st_addr_out(s->domain, &shown, port, &s->local);
	s->bound = true;
	return 0;
}

static int tcp_bind_sock(struct st_sock *s, const union st_sockaddr *addr,
			 socklen_t len)
{
	struct st_stream *t = s->priv;
	ip_addr_t ip;
	uint16_t port;
	int ret = st_addr_in(s, addr, len, &ip, &port);

	if (ret < 0)
		return ret;
	if (s->bound || !t->pcb || t->listener)
		return -EINVAL;
	ret = st_port_check(s, &ip, port);
	return ret < 0 ? ret : bind_port(s, &ip, port);
}

/* ---- connect ---- */

static void show_names(struct st_sock *s, struct tcp_pcb *pcb)
{
	st_addr_out(s->domain, &pcb->local_ip, pcb->local_port, &s->local);
	st_addr_out(s->domain, &pcb->remote_ip, pcb->remote_port, &s->remote);
	s->bound = true;
	st_tcp_limit_window(pcb);
}

static void answer(struct st_stream *t, int ret)
{
	uint32_t tag = t->tag;

	t->tag = 0;
	st_timer_stop(&t->timer);
	if (tag)
		st_reply(tag, ret);
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct st_stream *t = arg;
	int ret = 0;

	(void)err;
	show_names(t->s, pcb);
	if (t->guest_fd >= 0) {
		ret = st_stream_link(t, t->guest_fd, false);
		close(t->guest_fd);
		t->guest_fd = -1;
		t->told = true;
	}
	if (ret < 0) {
		answer(t, ret);
		t->pcb = NULL;
		tcp_arg(pcb, NULL);
		tcp_err(pcb, NULL);
		tcp_abort(pcb);
		return ERR_ABRT;
	}
	st_stream_open(t);
	answer(t, 0);
	return ERR_OK;
}

/* It takes too long for SO_SNDTIMEO, or a signal came: it goes on alone. */
static void stop_waiting(struct st_stream *t, int ret)
{
	if (t->guest_fd >= 0) {
		st_stream_link(t, t->guest_fd, true);
		close(t->guest_fd);
		t->guest_fd = -1;
	}
	answer(t, ret);
}

static void on_timeout(struct st_timer *timer)
{
	struct st_stream *t =
		(void *)((char *)timer - offsetof(struct st_stream, timer));

	stop_waiting(t, t->late);
}

/* The request is answered as the connection stands; late: as time runs out. */
static int wait_on(struct st_stream *t, uint32_t tag, int late)
{
	const struct timeval *most = &t->s->so.sndtimeo;

	t->tag = tag;
	t->late = late;
	if (most->tv_sec || most->tv_usec) {
		t->timer.fire = on_timeout;
		st_timer_set(&t->timer, (uint64_t)most->tv_sec * 1000 +
						(uint64_t)most->tv_usec / 1000);
	}
	return 1;
}

static void tcp_cancel(struct st_sock *s)
{
	stop_waiting(s->priv, -EINTR);
}

/* What connect(2) says to a socket that is on its way, or there. */
static int state_of(struct st_stream *t)
{
	if (t->listener)
		return -EISCONN;
	if (t->connecting)
		return -EALREADY;
	if (t->s->error) {
		int error = t->s->error;

		t->s->error = 0;
		return -error;
	}
	if (t->established && !t->told) {
		t->told = true;
		return 1;
	}
	return t->established ? -EISCONN : 0;
}

static int may_reach(struct st_sock *s, ip_addr_t *ip)
{
	/* To nowhere means to ourselves. */
	if (ip_addr_isany(ip)) {
		if (IP_IS_V4_VAL(*ip))
			ip_addr_set_loopback(0, ip);
		else
			ip_addr_set_loopback(1, ip);
	}
	if (IP_IS_V4_VAL(*ip) &&
	    (ip_2_ip4(ip)->addr == INADDR_BROADCAST || ip_addr_ismulticast(ip)))
		return -ENETUNREACH;
	return IP_IS_V4_VAL(*ip)
		       ? st_route_check(AF_INET, &ip_2_ip4(ip)->addr, s->so.oif)
		       : st_route_check(AF_INET6, ip_2_ip6(ip)->addr,
					s->so.oif);
}

static int new_pcb(struct st_sock *s)
{
	struct st_stream *t = s->priv;

	if (t->pcb)
		return 0;
	st_stream_fini(t);
	s->bound = false;
	return tcp_init_sock(s);
}

/*
 * A connection of before may be in TIME-WAIT between the same two ports: then
 * another port is taken, if it is ours to choose.
 */
static err_t begin(struct st_stream *t, const ip_addr_t *ip, uint16_t port,
		   bool any_port)
{
	err_t err = tcp_connect(t->pcb, ip, port, on_connected);

	for (int n = 0; err == ERR_USE && any_port && n < PORT_TRIES; n++) {
		t->pcb->local_port = st_port_ephemeral();
		err = tcp_connect(t->pcb, ip, port, on_connected);
	}
	return err;
}

static int tcp_connect_sock(struct st_sock *s, const union st_sockaddr *addr,
			    socklen_t len, int fd, uint32_t tag)
{
	struct st_stream *t = s->priv;
	ip_addr_t ip, any = { 0 };
	bool any_port;
	uint16_t port;
	int ret;
	err_t err;

	if (addr->sa.sa_family == AF_UNSPEC && len >= sizeof(sa_family_t))
		return t->established ? -EISCONN : 0;
	if (len < sizeof(sa_family_t))
		return -EINVAL;
	if (t->connecting && tag && !t->tag)
		return wait_on(t, tag, -EALREADY);
	ret = state_of(t);
	if (ret != 0)
		return ret < 0 ? ret : 0;
	ret = st_addr_in(s, addr, len, &ip, &port);
	if (ret < 0)
		return ret;
	ret = new_pcb(s);
	if (ret < 0)
		return ret;
	t = s->priv;
	ret = may_reach(s, &ip);
	if (ret < 0)
		return ret;
	any_port = !s->bound;
	if (any_port) {
		IP_SET_TYPE_VAL(any, IP_GET_TYPE(&ip));
		ret = bind_port(s, &any, 0);
		if (ret < 0)
			return ret;
	}
	if (!tag) {
		ret = st_stream_link(t, fd, true);
		if (ret < 0)
			return ret;
	}
	t->connecting = true;
	err = begin(t, &ip, port, any_port);
	if (err != ERR_OK) {
		t->connecting = false;
		return err == ERR_USE ? -EADDRNOTAVAIL : -st_errno(err);
	}
	show_names(s, t->pcb);
	if (!tag)
		return -EINPROGRESS;
	t->guest_fd = dup(fd);
	return wait_on(t, tag, -EINPROGRESS);
}

/* ---- listen ---- */

static int knock(struct st_stream *child)
{
	struct st_stream *t = child->parent;
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int len, ret,
		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);

	if (fd < 0)
		return -errno;
	len = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
		       "umnetlwip-%d-%llu", (int)getpid(),
		       (unsigned long long)child->s->id);
	if (bind(fd, (void *)&name,
		 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
			     (size_t)len)) < 0 ||
	    connect(fd, (void *)&t->address, t->address_len) < 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return st_sock_watch(child->s, fd,
			     EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

static void abort_stream(struct st_stream *t)
{
	struct tcp_pcb *pcb = t->pcb;
	struct st_sock *s = t->s;

	t->pcb = NULL;
	if (pcb) {
		tcp_arg(pcb, NULL);
		tcp_err(pcb, NULL);
		tcp_abort(pcb);
	}
	st_stream_fini(t);
	st_sock_free(s);
}

static void listener_gone(struct st_stream *t)
{
	struct st_sock *s = t->s;

	s->released = true;
	if (!s->proto->release(s))
		st_sock_free(s);
}

/*
 * Nothing tells of the end of a guest's listening descriptor. So it is looked
 * for when somebody wants to connect, who is refused then.
 */
void st_tcp_arrives(const void *header, size_t len)
{
	struct tcp_pcb_listen *l, *next;
	struct tcphdr h;

	if (len < sizeof(h))
		return;
	memcpy(&h, header, sizeof(h));
	if (!h.syn || h.ack)
		return;
	for (l = tcp_listen_pcbs.listen_pcbs; l; l = next) {
		struct st_stream *t = l->callback_arg;

		next = l->next;
		if (l->local_port == ntohs(h.dest) && t &&
		    !st_sock_is_open(t->s))
			listener_gone(t);
	}
}

/* Hand those who wait to the guest, as far as its backlog has room. */
static bool serve_waiting(struct st_stream *t)
{
	while (t->waiting) {
		struct st_stream *child = t->waiting;
		int ret = child->pcb ? knock(child) : -ECONNRESET;

		if (ret == -EAGAIN) {
			st_timer_set(&t->timer, RETRY_MS);
			return true;
		}
		t->waiting = child->next_waiting;
		child->parent = NULL;
		if (ret < 0)
			abort_stream(child);
		if (ret == -ECONNREFUSED) {
			listener_gone(t);
			return false;
		}
	}
	return true;
}

static void on_retry(struct st_timer *timer)
{
	serve_waiting(
		(void *)((char *)timer - offsetof(struct st_stream, timer)));
}

static void inherit(struct st_sock *child, const struct st_sock *from)
{
	child->so = from->so;
	child->ip = from->ip;
	child->pid = from->pid;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct st_stream *t = arg, *child, **end;
	struct st_sock *s;

	if (err != ERR_OK || !pcb || !t)
		return ERR_VAL;
	s = st_sock_new(&st_tcp, t->s->domain, SOCK_STREAM, t->s->protocol);
	child = s ? stream_new(s) : NULL;
	if (!child) {
		if (s)
			st_sock_free(s);
		return ERR_MEM;
	}
	inherit(s, t->s);
	st_stream_attach(child, pcb);
	show_names(s, pcb);
	s->connected = true;
	child->told = true;
	child->parent = t;
	tcp_backlog_delayed(pcb); /* until the guest has accepted it */
	for (end = &t->waiting; *end; end = &(*end)->next_waiting)
		;
	*end = child;
	/* Not here: a guest that is gone means an abort. */
	t->timer.fire = on_retry;
	st_timer_set(&t->timer, 0);
	return ERR_OK;
}

/* The guest's own descriptor listens, with a name the kernel finds. */
static int listen_standin(struct st_stream *t, int fd, int backlog)
{
	struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct stat st;

	t->address_len = sizeof(t->address);
	if (!t->listener && bind(fd, (void *)&any, sizeof(sa_family_t)) < 0)
		return -errno;
	if (listen(fd, backlog) < 0 ||
	    getsockname(fd, (void *)&t->address, &t->address_len) < 0)
		return -errno;
	if (fstat(fd, &st) == 0)
		t->s->inode = st.st_ino;
	return 0;
}

/* Linux lets in one more than was asked for, and takes no number for wrong. */
static u8_t room_of(int backlog)
{
	return backlog < 0 || backlog >= BACKLOG_MAX ? BACKLOG_MAX
						     : (u8_t)(backlog + 1);
}

static int tcp_listen_sock(struct st_sock *s, int fd, int backlog)
{
	struct st_stream *t = s->priv;
	ip_addr_t any = { 0 };
	err_t err = ERR_OK;
	int ret;

	if (t->listener) {
		tcp_backlog_set(t->listener, room_of(backlog));
		return listen(fd, backlog) < 0 ? -errno : 0;
	}
	if (!t->pcb || t->connecting || t->established)
		return -EINVAL;
	if (!s->bound) {
		IP_SET_TYPE_VAL(any, s->domain == AF_INET6 ? IPADDR_TYPE_V6
							   : IPADDR_TYPE_V4);
		ret = bind_port(s, &any, 0);
		if (ret < 0)
			return ret;
	}
	ret = listen_standin(t, fd, backlog);
	if (ret < 0)
		return ret;
	tcp_err(t->pcb, NULL);
	t->listener =
		tcp_listen_with_backlog_and_err(t->pcb, room_of(backlog), &err);
	if (!t->listener && err == ERR_USE) {
		st_sock_reap(); /* whose guest is gone has it no more */
		t->listener = tcp_listen_with_backlog_and_err(
			t->pcb, room_of(backlog), &err);
	}
	if (!t->listener) {
		st_stream_attach(t, t->pcb);
		return -st_errno(err);
	}
	t->pcb = NULL;
	s->connected = true; /* its port is not to be shared */
	tcp_arg(t->listener, t);
	tcp_accept(t->listener, on_accept);
	return 0;
}

/* ---- the end ---- */

static bool listener_release(struct st_stream *t)
{
	while (t->waiting) {
		struct st_stream *child = t->waiting;

		t->waiting = child->next_waiting;
		child->parent = NULL;
		abort_stream(child);
	}
	tcp_arg(t->listener, NULL);
	tcp_close(t->listener);
	st_stream_fini(t);
	return false;
}

/* A child that nobody has accepted is in its parent's queue. */
static void forget_waiting(struct st_stream *t)
{
	struct st_stream **p;

	if (!t->parent)
		return;
	for (p = &t->parent->waiting; *p; p = &(*p)->next_waiting)
		if (*p == t) {
			*p = t->next_waiting;
			break;
		}
	t->parent = NULL;
}

static bool tcp_release(struct st_sock *s)
{
	struct st_stream *t = s->priv;
	struct tcp_pcb *pcb;

	if (t->listener)
		return listener_release(t);
	forget_waiting(t);
	pcb = t->pcb;
	if (!pcb) {
		st_stream_fini(t);
		return false;
	}
	if (t->established && !(s->so.linger_on && !s->so.linger)) {
		st_stream_ready(s, EPOLLIN | EPOLLRDHUP);
		if (!t->pcb)
			return true;
		if (t->filled > 0)
			return true; /* on_sent() asks again */
	}
	t->pcb = NULL;
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	if ((s->so.linger_on && !s->so.linger) || t->connecting ||
	    tcp_close(pcb) != ERR_OK)
		tcp_abort(pcb);
	st_stream_fini(t);
	return false;
}

static int tcp_sockname(struct st_sock *s, union st_sockaddr *out,
			socklen_t *len)
{
	ip_addr_t none = { 0 };

	if (s->bound) {
		*out = s->local;
		*len = s->domain == AF_INET6 ? sizeof(out->in6)
					     : sizeof(out->in);
		return 0;
	}
	IP_SET_TYPE_VAL(none, s->domain == AF_INET6 ? IPADDR_TYPE_V6
						    : IPADDR_TYPE_V4);
	*len = st_addr_out(s->domain, &none, 0, out);
	return 0;
}

/* Of a connection that is over nothing is known any more, as in the kernel. */
static bool is_over(const struct st_stream *t)
{
	return t->established && (!t->pcb || t->pcb->state == TIME_WAIT);
}

static int tcp_peername(struct st_sock *s, union st_sockaddr *out,
			socklen_t *len)
{
	struct st_stream *t = s->priv;

	if (!t || !t->established || is_over(t))
		return -ENOTCONN;
	*out = s->remote;
	*len = s->domain == AF_INET6 ? sizeof(out->in6) : sizeof(out->in);
	return 0;
}

static ssize_t tcp_send(struct st_sock *s, const struct st_dest *to,
			const void *data, size_t len, int flags)
{
	(void)to;
	/* An address is ignored on a connected stream; tcp(7). */
	if (s->watch.fd < 0)
		return -EPIPE;
	(void)data;
	(void)len;
	(void)flags;
	return -EOPNOTSUPP;
}

static int tcp_ioctl(struct st_sock *s, unsigned int cmd, void *data,
		     size_t size)
{
	struct st_stream *t = s->priv;
	int unsent;

	if (cmd == SIOCOUTQ) {
		if (t->listener || size < sizeof(unsent))
			return -EINVAL;
		unsent = (int)st_stream_unsent(t);
		memcpy(data, &unsent, sizeof(unsent));
		return 0;
	}
	return st_ioctl(s, cmd, data, size);
}

/* The stand-in is shut down by the guest itself, which shows at our end. */
static int tcp_shutdown_sock(struct st_sock *s, int how)
{
	struct st_stream *t = s->priv;

	(void)how;
	return t->connecting || t->listener || (t->established && !is_over(t))
		       ? 0
		       : -ENOTCONN;
}

const struct st_proto st_tcp = {
	.init = tcp_init_sock,
	.ready = st_stream_ready,
	.bind = tcp_bind_sock,
	.connect = tcp_connect_sock,
	.listen = tcp_listen_sock,
	.send = tcp_send,
	.sockname = tcp_sockname,
	.peername = tcp_peername,
	.setopt = st_tcp_setopt,
	.getopt = st_tcp_getopt,
	.shutdown = tcp_shutdown_sock,
	.ioctl = tcp_ioctl,
	.release = tcp_release,
	.cancel = tcp_cancel,
};
