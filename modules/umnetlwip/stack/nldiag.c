// SPDX-License-Identifier: GPL-2.0-or-later
/* nldiag.c - sock_diag(7) of TCP, UDP and raw sockets, as ss(8) asks */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <string.h>

#include "lwip/priv/tcp_priv.h"
#include "nl.h"
#include "stream.h"

enum { DIAG_ESTABLISHED = 1, DIAG_TIME_WAIT = 6, DIAG_CLOSE = 7 };

static const struct st_proto *proto_of(int protocol)
{
	return protocol == IPPROTO_TCP	 ? &st_tcp
	       : protocol == IPPROTO_UDP ? &st_udp
	       : protocol == IPPROTO_RAW ? &st_raw
					 : NULL;
}

static int state_of(const struct st_sock *s)
{
	if (s->proto == &st_tcp)
		return st_tcp_state(s->priv);
	return s->connected ? DIAG_ESTABLISHED : DIAG_CLOSE;
}

static void put_addr(const union st_sockaddr *a, __be16 *port, __be32 addr[4])
{
	*port = a->in.sin_port;
	if (a->sa.sa_family == AF_INET6)
		memcpy(addr, &a->in6.sin6_addr, 16);
	else
		addr[0] = a->in.sin_addr.s_addr;
}

static void queues(const struct st_sock *s, struct inet_diag_msg *m)
{
	const struct st_stream *t = s->priv;

	if (s->proto != &st_tcp || !t)
		return;
	m->idiag_wqueue = (uint32_t)t->filled;
	m->idiag_rqueue = (uint32_t)t->rx_len;
	if (t->listener)
		m->idiag_wqueue = 128;
}

static void put_sock(struct st_nl_out *o, const struct nlmsghdr *h,
		     const struct st_sock *s, uint8_t ext, int flags)
{
	struct inet_diag_msg *m =
		st_nl_begin(o, h, SOCK_DIAG_BY_FAMILY, flags, sizeof(*m));
	struct tcp_info info;
	uint8_t shut = 0;

	if (!m)
		return;
	m->idiag_family = (uint8_t)s->domain;
	m->idiag_state = (uint8_t)state_of(s);
	put_addr(&s->local, &m->id.idiag_sport, m->id.idiag_src);
	if (s->connected)
		put_addr(&s->remote, &m->id.idiag_dport, m->id.idiag_dst);
	m->id.idiag_if = (uint32_t)s->so.oif;
	m->id.idiag_cookie[0] = (uint32_t)s->id;
	m->id.idiag_cookie[1] = (uint32_t)(s->id >> 32);
	m->idiag_inode = (uint32_t)s->inode;
	queues(s, m);
	st_nl_attr(o, INET_DIAG_SHUTDOWN, &shut, 1);
	if (s->proto == &st_tcp && (ext & 1 << (INET_DIAG_INFO - 1))) {
		st_tcp_info(s->priv, &info);
		st_nl_attr(o, INET_DIAG_INFO, &info, sizeof(info));
	}
	if (s->proto == &st_tcp && (ext & 1 << (INET_DIAG_CONG - 1)))
		st_nl_attr_str(o, INET_DIAG_CONG, "reno");
	st_nl_end(o);
}

/* Connections whose sockets are gone: they are lwIP's alone. */
static void put_time_wait(struct st_nl_out *o, const struct nlmsghdr *h,
			  int family)
{
	for (struct tcp_pcb *p = tcp_tw_pcbs; p; p = p->next) {
		bool six = IP_IS_V6_VAL(p->local_ip);
		struct st_sock s = { .domain = six ? AF_INET6 : AF_INET };
		struct inet_diag_msg *m;

		if (s.domain != family)
			continue;
		m = st_nl_begin(o, h, SOCK_DIAG_BY_FAMILY, NLM_F_MULTI,
				sizeof(*m));
		if (!m)
			return;
		m->idiag_family = (uint8_t)family;
		m->idiag_state = DIAG_TIME_WAIT;
		st_addr_out(family, &p->local_ip, p->local_port, &s.local);
		st_addr_out(family, &p->remote_ip, p->remote_port, &s.remote);
		put_addr(&s.local, &m->id.idiag_sport, m->id.idiag_src);
		put_addr(&s.remote, &m->id.idiag_dport, m->id.idiag_dst);
		st_nl_end(o);
	}
}

static bool is_shown(const struct st_sock *s, const struct inet_diag_req_v2 *q,
		     const struct st_proto *proto)
{
	return s->proto == proto && s->priv && s->domain == q->sdiag_family &&
	       (q->idiag_states >> state_of(s) & 1) &&
	       (proto != &st_tcp || state_of(s) != DIAG_CLOSE) &&
	       (proto == &st_raw || s->bound) &&
	       (!q->id.idiag_sport ||
		q->id.idiag_sport == s->local.in.sin_port) &&
	       (!q->id.idiag_dport ||
		q->id.idiag_dport == s->remote.in.sin_port);
}

int st_nl_diag(const struct nlmsghdr *h, struct st_nl_out *o)
{
	const struct inet_diag_req_v2 *q = st_nl_data(h);
	const struct st_proto *proto;
	bool dump = (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	if (h->nlmsg_type != SOCK_DIAG_BY_FAMILY)
		return -EOPNOTSUPP;
	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*q)))
		return -EINVAL;
	if (q->sdiag_family != AF_INET && q->sdiag_family != AF_INET6)
		return dump ? 0 : -ENOENT;
	proto = proto_of(q->sdiag_protocol);
	if (!proto)
		return dump ? 0 : -ENOENT;
	st_sock_reap(NULL);
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		if (is_shown(s, q, proto)) {
			put_sock(o, h, s, q->idiag_ext, dump ? NLM_F_MULTI : 0);
			if (!dump)
				return 0;
		}
	if (!dump)
		return -ENOENT;
	if (proto == &st_tcp && (q->idiag_states >> DIAG_TIME_WAIT & 1))
		put_time_wait(o, h, q->sdiag_family);
	return 0;
}
