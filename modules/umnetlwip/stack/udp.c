// SPDX-License-Identifier: GPL-2.0-or-later
/* udp.c - sockets of UDP; udp(7) */
#include <errno.h>
#include <string.h>

#include "dgram.h"
#include "lwip/icmp.h"
#include "lwip/udp.h"
#include "pmtu.h"
#include "share.h"

enum { UDP_MAX = 65507 };

/* Bound to one address by SO_REUSEPORT, connected to nobody. */
static bool in_group(const struct udp_pcb *p, const struct udp_pcb *of)
{
	const struct st_sock *s = p->recv_arg;

	return p->recv == of->recv && s->so.reuseport && !s->connected &&
	       p->local_port == of->local_port &&
	       p->netif_idx == of->netif_idx &&
	       IP_GET_TYPE(&p->local_ip) == IP_GET_TYPE(&of->local_ip) &&
	       ip_addr_cmp(&p->local_ip, &of->local_ip) && st_sock_is_open(s);
}

/* Which of those that share hears of this sender. */
static struct st_sock *choose(struct udp_pcb *pcb, const ip_addr_t *from,
			      u16_t port)
{
	struct st_flow f = { .from = *from,
			     .to = *ip_current_dest_addr(),
			     .sport = port,
			     .dport = pcb->local_port };
	struct st_sock *s = pcb->recv_arg;
	size_t n = 0;

	if (!s->so.reuseport || s->connected)
		return s;
	for (const struct udp_pcb *p = udp_pcbs; p; p = p->next)
		n += in_group(p, pcb);
	n = st_flow_choose(&f, n);
	for (const struct udp_pcb *p = udp_pcbs; p; p = p->next)
		if (in_group(p, pcb) && n-- == 0)
			return p->recv_arg;
	return s;
}

static bool to_many(void)
{
	return ip_addr_ismulticast(ip_current_dest_addr()) ||
	       ip_addr_isbroadcast(ip_current_dest_addr(), ip_current_netif());
}

/* What is for a group, or for all, lwIP gives to all at the port. */
static bool is_for(const struct st_sock *s, const struct udp_pcb *pcb,
		   const ip_addr_t *from, uint16_t port)
{
	const ip_addr_t *to = ip_current_dest_addr();

	/* Its address is that by which it speaks to its peer. */
	if (s->guessed)
		return false;
	if ((pcb->flags & UDP_FLAGS_CONNECTED) &&
	    (pcb->remote_port != port || !ip_addr_cmp(&pcb->remote_ip, from)))
		return false;
	if (!ip_addr_isany(&pcb->local_ip) && !ip_addr_cmp(&pcb->local_ip, to))
		return false;
	return !ip_addr_ismulticast(to) ||
	       st_group_hears(s, to, st_dgram_input_index());
}

static void on_recv(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		    const ip_addr_t *from, u16_t port)
{
	struct st_sock *s = arg;

	if (!to_many()) {
		s = choose(pcb, from, port);
	} else if (!is_for(s, pcb, from, port)) {
		pbuf_free(p);
		return;
	}
	/* Closed already, though the loop has not heard of it yet. */
	if (!st_dgram_deliver(s, p, 0, from, port) && !st_sock_is_open(s)) {
		pbuf_header_force(
			p, (s16_t)(ip_current_header_tot_len() + UDP_HLEN));
		icmp_port_unreach(ip_current_is_v6(), p);
	}
	pbuf_free(p);
}

static int udp_init_sock(struct st_sock *s)
{
	struct st_dgram *d = st_dgram_new(s);

	if (!d)
		return -ENOBUFS;
	d->udp = udp_new_ip_type(s->domain == AF_INET6 ? IPADDR_TYPE_ANY
						       : IPADDR_TYPE_V4);
	if (!d->udp) {
		st_dgram_fini(s);
		return -ENOBUFS;
	}
	ip_set_option(d->udp, SOF_REUSEADDR); /* st_port_check() decides */
	udp_recv(d->udp, on_recv, s);
	return 0;
}

static int bind_port(struct st_sock *s, ip_addr_t *ip, uint16_t port)
{
	struct st_dgram *d = s->priv;
	ip_addr_t shown = *ip;
	err_t err;

	if (!port)
		port = st_port_ephemeral();
	if (!port)
		return -EADDRINUSE;
	if (IP_IS_V6_VAL(*ip) && ip_addr_isany(ip) && !s->ip.v6only)
		*ip = (ip_addr_t)IPADDR_ANY_TYPE_INIT;
	err = udp_bind(d->udp, ip, port);
	if (err != ERR_OK)
		return -st_errno(err);
	st_addr_out(s->domain, &shown, port, &s->local);
	s->bound = true;
	return 0;
}

static int bind_any(struct st_sock *s)
{
	ip_addr_t any = { 0 };

	if (s->bound)
		return 0;
	IP_SET_TYPE_VAL(any, s->domain == AF_INET6 ? IPADDR_TYPE_V6
						   : IPADDR_TYPE_V4);
	return bind_port(s, &any, 0);
}

static int udp_bind_sock(struct st_sock *s, const union st_sockaddr *addr,
			 socklen_t len)
{
	ip_addr_t ip;
	uint16_t port;
	int ret = st_dgram_bind(s, addr, len);

	if (ret < 0)
		return ret;
	ret = st_addr_in(s, addr, len, &ip, &port);
	return ret < 0 ? ret : bind_port(s, &ip, port);
}

static int udp_connect_sock(struct st_sock *s, const union st_sockaddr *addr,
			    socklen_t len, int fd, uint32_t tag)
{
	struct st_dgram *d = s->priv;
	ip_addr_t ip;
	uint16_t port;
	int ret = bind_any(s);

	if (ret == 0)
		ret = st_dgram_connect(s, addr, len, fd, tag);
	if (ret < 0)
		return ret;
	if (!s->connected) {
		udp_disconnect(d->udp);
		return 0;
	}
	st_addr_in(s, &s->remote, sizeof(s->remote), &ip, &port);
	return -st_errno(udp_connect(d->udp, &ip, port));
}

static void set_head(const struct st_sock *s, const struct st_dest *to,
		     bool six)
{
	struct udp_pcb *pcb = ((struct st_dgram *)s->priv)->udp;
	int ttl = to->ttl >= 0 ? to->ttl : six ? s->ip.hops6 : s->ip.ttl;
	int many = to->ttl >= 0 ? to->ttl
		   : six	? s->ip.mcast_hops6
				: s->ip.mcast_ttl;
	int tos = to->tos >= 0 ? to->tos : six ? s->ip.tclass : s->ip.tos;

	pcb->ttl = (u8_t)(ttl >= 0 ? ttl : 64);
	pcb->mcast_ttl = (u8_t)many;
	pcb->tos = (u8_t)tos;
	if (s->so.broadcast)
		ip_set_option(pcb, SOF_BROADCAST);
	else
		ip_reset_option(pcb, SOF_BROADCAST);
}

static const ip_addr_t *first_address(struct netif *nif, const ip_addr_t *to)
{
	return IP_IS_V6(to) ? ip6_select_source_address(nif, ip_2_ip6(to))
			    : netif_ip_addr4(nif);
}

/* By where, and from which address: lwIP knows but the first of a netif. */
static struct netif *find_way(struct st_sock *s, const struct st_dest *to,
			      const ip_addr_t *ip, ip_addr_t *source)
{
	const ip_addr_t *bound = &((struct st_dgram *)s->priv)->udp->local_ip;
	struct netif *nif = st_dgram_netif(s, to, ip, source);
	const ip_addr_t *first;

	if (!to->has_source && st_dgram_is_source(bound) &&
	    IP_GET_TYPE(bound) == IP_GET_TYPE(ip))
		*source = *bound;
	IP_SET_TYPE(source, IP_GET_TYPE(ip));
	if (!nif)
		nif = ip_route(source, ip);
	first = nif && ip_addr_isany(source) ? first_address(nif, ip) : NULL;
	if (first)
		*source = *first;
	return nif;
}

static int transmit(struct st_sock *s, const struct st_dest *to, struct pbuf *p,
		    const ip_addr_t *ip, uint16_t port)
{
	struct st_dgram *d = s->priv;
	size_t len =
		p->tot_len + UDP_HLEN + (IP_IS_V4(ip) ? IP_HLEN : IP6_HLEN);
	ip_addr_t source = { 0 };
	struct netif *nif;
	uint32_t limit;
	uint16_t mtu;
	err_t err;

	set_head(s, to, IP_IS_V6(ip));
	nif = find_way(s, to, ip, &source);
	if (!nif || (IP_IS_V6(ip) && ip_addr_isany(&source)))
		return -ENETUNREACH;
	if (st_pmtu_check(s, p, len, ip, nif, &limit) < 0) {
		st_dgram_too_large(s, ip, port, limit);
		return -EMSGSIZE;
	}
	st_dgram_loop_back(s, p, ip, nif);
	mtu = st_pmtu_clamp(nif, limit);
	err = udp_sendto_if_src(d->udp, p, ip, port, nif, &source);
	nif->mtu = mtu;
	/* lwIP's word for a broadcast without leave. */
	return err == ERR_VAL ? -EACCES : -st_errno(err);
}

static ssize_t udp_send_sock(struct st_sock *s, const struct st_dest *to,
			     const void *data, size_t len, int flags)
{
	ip_addr_t ip;
	uint16_t port;
	struct pbuf *p;
	int ret = st_dgram_target(s, to, &ip, &port);

	(void)flags;
	if (ret == 0)
		ret = bind_any(s);
	if (ret < 0)
		return ret;
	if (!port)
		return -EINVAL;
	if (len > UDP_MAX)
		return -EMSGSIZE;
	p = st_dgram_pbuf(PBUF_TRANSPORT, data, len);
	if (!p)
		return -ENOBUFS;
	ret = transmit(s, to, p, &ip, port);
	pbuf_free(p);
	return ret < 0 ? ret : (ssize_t)len;
}

static int udp_setopt(struct st_sock *s, int level, int name, const void *value,
		      socklen_t len)
{
	int ret = st_group_option(s, level, name, value, len);

	if (ret != -ENOPROTOOPT)
		return ret;
	return st_ipopt_set(s, level, name, value, len);
}

static bool udp_release(struct st_sock *s)
{
	struct st_dgram *d = s->priv;

	udp_remove(d->udp);
	st_dgram_fini(s);
	return false;
}

const struct st_proto st_udp = {
	.init = udp_init_sock,
	.ready = st_dgram_ready,
	.bind = udp_bind_sock,
	.connect = udp_connect_sock,
	.send = udp_send_sock,
	.sockname = st_dgram_sockname,
	.peername = st_dgram_peername,
	.setopt = udp_setopt,
	.getopt = st_ipopt_get,
	.ioctl = st_ioctl,
	.release = udp_release,
};
