// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcp.c - sockets of TCP: bind, connect, and their ends
 *
 * Where the guest waits for connect(2), its descriptor becomes a stand-in only when
 * the connection stands, so that a failed one may be tried again. Where it does
 * not, the stand-in is connected at once and full, hence not writable; it is
 * emptied as the connection stands.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "iface.h"
#include "route.h"
#include "share.h"
#include "stream.h"

enum { PORT_TRIES = 200 };

static int tcp_init_sock(struct st_sock *s)
{
	struct st_stream *t = st_stream_new(s);
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

int st_tcp_bind_port(struct st_sock *s, ip_addr_t *ip, uint16_t port)
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
	return ret < 0 ? ret : st_tcp_bind_port(s, &ip, port);
}

/* ---- connect ---- */

void st_tcp_show_names(struct st_sock *s, struct tcp_pcb *pcb)
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
	st_tcp_show_names(t->s, pcb);
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
	st_addr_somewhere(ip);
	if (IP_IS_V4_VAL(*ip) &&
	    (st_is_broadcast4(ip_2_ip4(ip)->addr) || ip_addr_ismulticast(ip)))
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
		ret = st_tcp_bind_port(s, &any, 0);
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
	st_tcp_show_names(s, t->pcb);
	if (!tag)
		return -EINPROGRESS;
	t->guest_fd = dup(fd);
	return wait_on(t, tag, -EINPROGRESS);
}

/* ---- the end ---- */

static bool tcp_release(struct st_sock *s)
{
	struct st_stream *t = s->priv;
	struct tcp_pcb *pcb;

	if (t->listener)
		return st_tcp_listener_release(t);
	st_tcp_forget_waiting(t);
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
	st_stream_detach(s, pcb);
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
	return t->established && !t->pcb;
}

static int tcp_peername(struct st_sock *s, union st_sockaddr *out,
			socklen_t *len)
{
	struct st_stream *t = s->priv;

	if (!t || !t->established || (is_over(t) && !t->fresh))
		return -ENOTCONN;
	t->fresh = false; /* accept(2) has it, even if it is over */
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
	.listen = st_tcp_listen,
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
