// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * raw.c - raw sockets, and ping sockets (SOCK_DGRAM of ICMP); raw(7), icmp(7)
 *
 * A ping socket has a port, which is the id of what it sends and the only id it
 * hears of; it sees replies from the ICMP header on. A raw socket of IPv4 sees
 * whole packets, one of IPv6 what follows the IPv6 header.
 */
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <string.h>

#include "dgram.h"
#include "lwip/inet_chksum.h"
#include "lwip/ip.h"
#include "pmtu.h"

static bool is_ping(const struct st_sock *s)
{
	return s->type == SOCK_DGRAM;
}

/* The bytes before the payload of the protocol. */
static size_t header_len(void)
{
	return ip_current_header_tot_len();
}

static bool filtered(const struct st_sock *s, uint8_t type)
{
	if (s->protocol == IPPROTO_ICMP)
		return type < 32 && (s->ip.icmp_filter >> type & 1);
	if (s->protocol == IPPROTO_ICMPV6 && s->ip.has_filter6)
		return s->ip.icmp6_filter[type / 32] >> (type % 32) & 1;
	return false;
}

static bool for_ping(const struct st_sock *s, const struct pbuf *p, size_t skip)
{
	const struct st_dgram *d = s->priv;
	struct icmphdr h;

	if (pbuf_copy_partial(p, &h, sizeof(h), (u16_t)skip) != sizeof(h))
		return false;
	return h.type == (s->domain == AF_INET6 ? ICMP6_ECHO_REPLY
						: ICMP_ECHOREPLY) &&
	       ntohs(h.un.echo.id) == d->ident;
}

static bool from_other_peer(const struct st_sock *s, const ip_addr_t *from)
{
	ip_addr_t ip;
	uint16_t port;

	return s->connected &&
	       st_addr_in(s, &s->remote, sizeof(s->remote), &ip, &port) == 0 &&
	       !ip_addr_cmp_zoneless(&ip, from);
}

static u8_t on_recv(void *arg, struct raw_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *from)
{
	struct st_sock *s = arg;
	size_t skip = header_len();
	uint8_t type = p->tot_len > skip ? pbuf_get_at(p, (u16_t)skip) : 0;

	(void)pcb;
	if (from_other_peer(s, from))
		return 0;
	if (is_ping(s)) {
		if (for_ping(s, p, skip))
			st_dgram_deliver(s, p, skip, from, 0);
	} else if (!filtered(s, type)) {
		st_dgram_deliver(s, p, s->domain == AF_INET6 ? skip : 0, from,
				 0);
	}
	return 0; /* lwIP goes on with it */
}

static int raw_init_sock(struct st_sock *s)
{
	struct st_dgram *d = st_dgram_new(s);

	if (!d)
		return -ENOBUFS;
	d->raw = raw_new_ip_type(s->domain == AF_INET6 ? IPADDR_TYPE_V6
						       : IPADDR_TYPE_V4,
				 (u8_t)s->protocol);
	if (!d->raw) {
		st_dgram_fini(s);
		return -ENOBUFS;
	}
	raw_recv(d->raw, on_recv, s);
	if (s->protocol == IPPROTO_RAW) {
		s->ip.hdrincl = s->domain == AF_INET;
		raw_set_flags(d->raw, RAW_FLAGS_HDRINCL);
	}
	if (s->domain == AF_INET6 && s->protocol == IPPROTO_ICMPV6) {
		d->raw->chksum_reqd = 1;
		d->raw->chksum_offset = 2;
	}
	return 0;
}

static bool ident_taken(uint16_t ident)
{
	for (struct st_sock *o = st_sock_each(NULL); o; o = st_sock_each(o))
		if (o->proto == &st_raw && o->priv && is_ping(o) &&
		    ((struct st_dgram *)o->priv)->ident == ident)
			return true;
	return false;
}

static int take_ident(struct st_sock *s, uint16_t port)
{
	struct st_dgram *d = s->priv;

	if (d->ident)
		return port && port != d->ident ? -EINVAL : 0;
	if (port && ident_taken(port))
		return -EADDRINUSE;
	while (!port || ident_taken(port))
		port = (uint16_t)st_random();
	d->ident = port;
	s->local.in.sin_port = htons(port);
	s->local.sa.sa_family = (sa_family_t)s->domain;
	s->bound = true;
	return 0;
}

static int raw_bind_sock(struct st_sock *s, const union st_sockaddr *addr,
			 socklen_t len)
{
	struct st_dgram *d = s->priv;
	ip_addr_t ip;
	uint16_t port;
	int ret = st_dgram_bind(s, addr, len);

	if (ret < 0)
		return ret;
	ret = st_addr_in(s, addr, len, &ip, &port);
	if (ret == 0 && is_ping(s))
		ret = take_ident(s, port);
	if (ret < 0)
		return ret;
	raw_bind(d->raw, &ip);
	st_addr_out(s->domain, &ip, is_ping(s) ? d->ident : 0, &s->local);
	s->bound = true;
	return 0;
}

static int raw_connect_sock(struct st_sock *s, const union st_sockaddr *addr,
			    socklen_t len, int fd, uint32_t tag)
{
	int ret = is_ping(s) ? take_ident(s, 0) : 0;

	return ret < 0 ? ret : st_dgram_connect(s, addr, len, fd, tag);
}

/* ICMP of a ping socket: its id and its checksum are the stack's. */
static int finish_echo(struct st_sock *s, struct pbuf *p)
{
	struct st_dgram *d = s->priv;
	struct icmphdr *h = p->payload;
	bool six = s->domain == AF_INET6;

	if (p->tot_len < sizeof(*h) ||
	    h->type != (six ? ICMP6_ECHO_REQUEST : ICMP_ECHO) || h->code)
		return -EINVAL;
	h->un.echo.id = htons(d->ident);
	h->checksum = 0;
	if (!six)
		h->checksum = inet_chksum_pbuf(p);
	return 0;
}

/* With the head of IP, which may be in it already. */
static size_t whole_len(const struct st_sock *s, const struct pbuf *p, bool six)
{
	return p->tot_len + (s->ip.hdrincl ? 0U : six ? IP6_HLEN : IP_HLEN);
}

static int transmit(struct st_sock *s, const struct st_dest *to, struct pbuf *p,
		    const ip_addr_t *ip)
{
	struct st_dgram *d = s->priv;
	bool six = IP_IS_V6_VAL(*ip), group = ip_addr_ismulticast(ip);
	int own = six	  ? group ? s->ip.mcast_hops6 : s->ip.hops6
		  : group ? s->ip.mcast_ttl
			  : s->ip.ttl;
	int ttl = to->ttl >= 0 ? to->ttl : own;
	int tos = to->tos >= 0 ? to->tos : six ? s->ip.tclass : s->ip.tos;
	ip_addr_t source = { 0 };
	struct netif *nif = st_dgram_netif(s, to, ip, &source);
	struct netif *way = nif ? nif : ip_route(&source, ip);
	uint32_t limit;
	uint16_t mtu;
	err_t err;

	if (!way)
		return -ENETUNREACH;
	d->raw->ttl = (u8_t)(ttl >= 0 ? ttl : 64);
	d->raw->tos = (u8_t)tos;
	ip_set_option(d->raw, SOF_BROADCAST);
	if (st_pmtu_check(s, p, whole_len(s, p, six), ip, way, &limit) < 0) {
		st_dgram_too_large(s, ip, 0, limit);
		return -EMSGSIZE;
	}
	st_dgram_loop_back(s, p, ip, way);
	mtu = st_pmtu_clamp(way, limit);
	if (nif && !ip_addr_isany(&source))
		err = raw_sendto_if_src(d->raw, p, ip, nif, &source);
	else
		err = raw_sendto(d->raw, p, ip);
	way->mtu = mtu;
	return -st_errno(err);
}

static ssize_t raw_send_sock(struct st_sock *s, const struct st_dest *to,
			     const void *data, size_t len, int flags)
{
	ip_addr_t ip;
	uint16_t port;
	struct pbuf *p;
	int ret = st_dgram_target(s, to, &ip, &port);

	(void)flags;
	if (ret == 0 && is_ping(s))
		ret = take_ident(s, 0);
	if (ret < 0)
		return ret;
	if (len > 65535)
		return -EMSGSIZE;
	p = st_dgram_pbuf(PBUF_IP, data, len);
	if (!p)
		return -ENOBUFS;
	ret = is_ping(s) ? finish_echo(s, p) : 0;
	if (ret < 0) {
		pbuf_free(p);
		return ret;
	}
	ret = transmit(s, to, p, &ip);
	pbuf_free(p);
	return ret < 0 ? ret : (ssize_t)len;
}

static int raw_setopt(struct st_sock *s, int level, int name, const void *value,
		      socklen_t len)
{
	struct st_dgram *d = s->priv;
	int ret = st_group_option(s, level, name, value, len);

	if (ret != -ENOPROTOOPT)
		return ret;
	ret = st_ipopt_set(s, level, name, value, len);
	if (ret == 0 && level == IPPROTO_IP && name == IP_HDRINCL) {
		if (s->ip.hdrincl)
			raw_set_flags(d->raw, RAW_FLAGS_HDRINCL);
		else
			raw_clear_flags(d->raw, RAW_FLAGS_HDRINCL);
	}
	if (ret == 0 && name == IPV6_CHECKSUM &&
	    (level == IPPROTO_IPV6 || level == IPPROTO_RAW) &&
	    s->protocol != IPPROTO_ICMPV6) {
		d->raw->chksum_reqd = s->ip.checksum6 >= 0;
		d->raw->chksum_offset =
			(u16_t)(s->ip.checksum6 >= 0 ? s->ip.checksum6 : 0);
	}
	return ret;
}

static bool raw_release(struct st_sock *s)
{
	struct st_dgram *d = s->priv;

	raw_remove(d->raw);
	st_dgram_fini(s);
	return false;
}

const struct st_proto st_raw = {
	.init = raw_init_sock,
	.ready = st_dgram_ready,
	.bind = raw_bind_sock,
	.connect = raw_connect_sock,
	.send = raw_send_sock,
	.sockname = st_dgram_sockname,
	.peername = st_dgram_peername,
	.setopt = raw_setopt,
	.getopt = st_ipopt_get,
	.ioctl = st_ioctl,
	.release = raw_release,
};
