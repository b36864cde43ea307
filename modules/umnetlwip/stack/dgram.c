// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dgram.c - what sockets of packets share: delivery, names, the way out
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "dgram.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "iface.h"
#include "lwip/ip.h"
#include "lwip/ip6.h"
#include "route.h"
#include "share.h"

enum { ERRORS_MAX = 16 };

struct st_error {
	struct st_error *next;
	struct sock_extended_err ee;
	union st_sockaddr offender, target;
	socklen_t target_len;
	size_t len;
	uint8_t data[];
};

struct st_dgram *st_dgram_new(struct st_sock *s)
{
	struct st_dgram *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->errors_end = &d->errors;
	s->priv = d;
	return d;
}

void st_dgram_fini(struct st_sock *s)
{
	struct st_dgram *d = s->priv;

	st_group_fini(s);
	while (d->errors) {
		struct st_error *e = d->errors;

		d->errors = e->next;
		free(e);
	}
	free(d);
	s->priv = NULL;
}

/* ---- control data ---- */

void st_put_cmsg(struct msghdr *m, struct cmsghdr **at, int level, int type,
		 const void *data, size_t len)
{
	struct cmsghdr *c = *at ? CMSG_NXTHDR(m, *at) : CMSG_FIRSTHDR(m);

	if (!c)
		return;
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
	*at = c;
}

static void put_stamp(const struct st_sock *s, struct msghdr *m,
		      struct cmsghdr **at)
{
	struct timespec ts;
	struct timeval tv;

	if (!s->so.timestamp && !s->so.timestampns)
		return;
	clock_gettime(CLOCK_REALTIME, &ts);
	tv = (struct timeval){ ts.tv_sec, ts.tv_nsec / 1000 };
	if (s->so.timestampns)
		st_put_cmsg(m, at, SOL_SOCKET, SCM_TIMESTAMPNS, &ts,
			    sizeof(ts));
	else
		st_put_cmsg(m, at, SOL_SOCKET, SCM_TIMESTAMP, &tv, sizeof(tv));
}

int st_dgram_input_index(void)
{
	struct netif *nif = ip_current_input_netif();

	return nif ? st_iface_of(nif)->index : 0;
}

static void put_v4(const struct st_sock *s, struct msghdr *m,
		   struct cmsghdr **at)
{
	const struct ip_hdr *h = ip4_current_header();
	struct in_pktinfo info = { .ipi_ifindex = st_dgram_input_index() };
	int ttl = IPH_TTL(h);
	uint8_t tos = IPH_TOS(h);

	info.ipi_addr.s_addr = ip4_current_dest_addr()->addr;
	info.ipi_spec_dst = info.ipi_addr;
	if (s->ip.pktinfo)
		st_put_cmsg(m, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	if (s->ip.recvttl)
		st_put_cmsg(m, at, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (s->ip.recvtos)
		st_put_cmsg(m, at, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
}

static void put_v6(const struct st_sock *s, struct msghdr *m,
		   struct cmsghdr **at)
{
	const struct ip6_hdr *h = ip6_current_header();
	struct in6_pktinfo info = {
		.ipi6_ifindex = (unsigned int)st_dgram_input_index()
	};
	int hops, tclass;

	if (ip_current_is_v6()) {
		hops = IP6H_HOPLIM(h);
		tclass = IP6H_TC(h);
		memcpy(&info.ipi6_addr, ip6_current_dest_addr()->addr, 16);
	} else {
		hops = IPH_TTL(ip4_current_header());
		tclass = IPH_TOS(ip4_current_header());
		info.ipi6_addr.s6_addr[10] = info.ipi6_addr.s6_addr[11] = 0xff;
		memcpy(info.ipi6_addr.s6_addr + 12,
		       &ip4_current_dest_addr()->addr, 4);
	}
	if (s->ip.recvpktinfo6)
		st_put_cmsg(m, at, IPPROTO_IPV6, IPV6_PKTINFO, &info,
			    sizeof(info));
	if (s->ip.recvhoplimit)
		st_put_cmsg(m, at, IPPROTO_IPV6, IPV6_HOPLIMIT, &hops,
			    sizeof(hops));
	if (s->ip.recvtclass)
		st_put_cmsg(m, at, IPPROTO_IPV6, IPV6_TCLASS, &tclass,
			    sizeof(tclass));
}

static uint16_t used(struct msghdr *m, struct cmsghdr *last)
{
	uint8_t *begin = m->msg_control;

	return last ? (uint16_t)((uint8_t *)last - begin +
				 CMSG_ALIGN(last->cmsg_len))
		    : 0;
}

bool st_dgram_deliver(struct st_sock *s, const struct pbuf *p, size_t skip,
		      const ip_addr_t *from, uint16_t port)
{
	static uint8_t data[65536];
	uint8_t control[UM_NET_CONTROL_MAX] __attribute__((aligned(8))) = { 0 };
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct um_net_head head = { 0 };
	struct cmsghdr *at = NULL;
	union st_sockaddr name;
	size_t len = p->tot_len - skip;

	if (p->tot_len < skip || len > sizeof(data))
		return true;
	head.namelen = (uint16_t)st_addr_out(s->domain, from, port, &name);
	memcpy(head.name, &name, head.namelen);
	put_stamp(s, &m, &at);
	if (s->domain == AF_INET6)
		put_v6(s, &m, &at);
	else
		put_v4(s, &m, &at);
	head.controllen = used(&m, at);
	pbuf_copy_partial(p, data, (u16_t)len, (u16_t)skip);
	return st_sock_give(s, &head, control, data, len);
}

/* ---- from the guest ---- */

static void gone(struct st_sock *s)
{
	s->released = true;
	if (!s->proto->release(s))
		st_sock_free(s);
}

void st_dgram_ready(struct st_sock *s, uint32_t events)
{
	static uint8_t data[65536];
	struct st_dest none = { .ttl = -1, .tos = -1 };

	for (int n = 0; n < 64 && (events & EPOLLIN); n++) {
		ssize_t got =
			recv(s->watch.fd, data, sizeof(data), MSG_DONTWAIT);
		ssize_t ret;

		/* A packet may be empty; at the end there is a hang-up too. */
		if (got < 0 || (got == 0 && (events & EPOLLHUP)))
			break;
		if (s->shut_wr)
			continue;
		ret = s->proto->send(s, &none, data, (size_t)got, 0);
		if (ret < 0)
			st_sock_fail(s, (int)-ret);
	}
	if (events & (EPOLLHUP | EPOLLERR))
		gone(s);
}

static uint16_t port_in(const union st_sockaddr *a)
{
	return ntohs(a->in.sin_port); /* at the same place in both families */
}

static bool addr_is_any(const union st_sockaddr *a)
{
	return a->sa.sa_family == AF_INET6
		       ? IN6_IS_ADDR_UNSPECIFIED(&a->in6.sin6_addr)
		       : a->in.sin_addr.s_addr == INADDR_ANY;
}

int st_dgram_bind(struct st_sock *s, const union st_sockaddr *addr,
		  socklen_t len)
{
	ip_addr_t ip;
	uint16_t port;
	int ret = st_addr_in(s, addr, len, &ip, &port);

	if (ret < 0)
		return ret;
	if (s->bound && port_in(&s->local))
		return -EINVAL;
	return s->proto == &st_udp ? st_port_check(s, &ip, port)
	       : s->ip.freebind	   ? 0
				   : st_port_check(s, &ip, 0);
}

/* The source that a packet to remote will have. */
static void guess_local(struct st_sock *s, const ip_addr_t *remote,
			uint16_t port)
{
	ip_addr_t local = { 0 };
	uint32_t four;

	IP_SET_TYPE_VAL(local, IP_GET_TYPE(remote));
	if (IP_IS_V4_VAL(*remote)) {
		if (st_route_source4(ip_2_ip4(remote)->addr, s->so.oif,
				     &four) == 0)
			ip_2_ip4(&local)->addr = four;
	} else {
		struct netif *nif =
			ip6_route(ip_2_ip6(&local), ip_2_ip6(remote));
		const ip_addr_t *src =
			nif ? ip6_select_source_address(nif, ip_2_ip6(remote))
			    : NULL;

		if (src)
			local = *src;
	}
	st_addr_out(s->domain, &local, port, &s->local);
	s->guessed = true;
}

/* The address that connect(2) chose goes with the peer; the port stays. */
static void forget_peer(struct st_sock *s)
{
	ip_addr_t any = { 0 };

	s->connected = false;
	memset(&s->remote, 0, sizeof(s->remote));
	if (!s->guessed)
		return;
	IP_SET_TYPE_VAL(any, s->domain == AF_INET6 ? IPADDR_TYPE_V6
						   : IPADDR_TYPE_V4);
	st_addr_out(s->domain, &any, port_in(&s->local), &s->local);
	s->guessed = false;
}

static int may_send(const struct st_sock *s, const ip_addr_t *ip, int oif)
{
	if (!IP_IS_V4(ip))
		return st_route_check(AF_INET6, ip_2_ip6(ip), oif);
	if (!s->so.broadcast && st_is_broadcast4(ip_2_ip4(ip)->addr))
		return -EACCES;
	return st_route_check(AF_INET, &ip_2_ip4(ip)->addr, oif);
}

int st_dgram_connect(struct st_sock *s, const union st_sockaddr *addr,
		     socklen_t len, int fd, uint32_t tag)
{
	ip_addr_t ip;
	uint16_t port;
	int ret;

	(void)fd;
	(void)tag;
	if (len >= sizeof(sa_family_t) && addr->sa.sa_family == AF_UNSPEC) {
		forget_peer(s);
		return 0;
	}
	ret = st_addr_in(s, addr, len, &ip, &port);
	if (ret < 0)
		return ret;
	ret = may_send(s, &ip,
		       s->so.oif || !ip_addr_ismulticast(&ip) ? s->so.oif
							      : s->ip.mcast_if);
	if (ret < 0)
		return ret;
	st_addr_out(s->domain, &ip, port, &s->remote);
	s->connected = true;
	if (!s->bound || addr_is_any(&s->local))
		guess_local(s, &ip, port_in(&s->local));
	return 0;
}

int st_dgram_sockname(struct st_sock *s, union st_sockaddr *out, socklen_t *len)
{
	*out = s->local;
	out->sa.sa_family = (sa_family_t)s->domain;
	*len = s->domain == AF_INET6 ? sizeof(out->in6) : sizeof(out->in);
	return 0;
}

int st_dgram_peername(struct st_sock *s, union st_sockaddr *out, socklen_t *len)
{
	if (!s->connected)
		return -ENOTCONN;
	*out = s->remote;
	*len = s->domain == AF_INET6 ? sizeof(out->in6) : sizeof(out->in);
	return 0;
}

/* What control data say of the interface holds for a scoped address, too. */
static int rescope(const struct st_dest *to, ip6_addr_t *ip)
{
	struct st_iface *i = st_iface_by_index(to->oif);
	uint32_t scope = to->has_addr ? to->addr.in6.sin6_scope_id : 0;

	if (!i)
		return -ENODEV;
	if (scope && scope != (uint32_t)to->oif)
		return -EINVAL;
	ip6_addr_set_zone(ip, netif_get_index(i->nif));
	return 0;
}

/*
 * The interface that is asked for; 0: by route, or by the zone that a scoped
 * address has.
 */
static int out_index(const struct st_sock *s, const struct st_dest *to,
		     const ip_addr_t *ip)
{
	bool six = IP_IS_V6_VAL(*ip);

	if (to->oif)
		return to->oif;
	if (s->so.oif)
		return s->so.oif;
	if (six && ip6_addr_has_zone(ip_2_ip6(ip)))
		return 0;
	if (six && s->ip.oif6)
		return s->ip.oif6;
	return ip_addr_ismulticast(ip) ? s->ip.mcast_if : 0;
}

int st_dgram_target(struct st_sock *s, const struct st_dest *to, ip_addr_t *ip,
		    uint16_t *port)
{
	int oif, ret;

	if (to->has_addr)
		ret = st_addr_in(s, &to->addr, to->addrlen, ip, port);
	else if (s->connected)
		ret = st_addr_in(s, &s->remote, sizeof(s->remote), ip, port);
	else
		ret = -EDESTADDRREQ;
	if (ret == 0 && to->oif && IP_IS_V6_VAL(*ip) &&
	    ip6_addr_has_zone(ip_2_ip6(ip)))
		ret = rescope(to, ip_2_ip6(ip));
	if (ret < 0)
		return ret;
	st_addr_somewhere(ip);
	oif = out_index(s, to, ip);
	return may_send(s, ip, oif);
}

static void choose_source6(struct netif *nif, const ip6_addr_t *to,
			   ip_addr_t *source)
{
	const ip_addr_t *found = ip6_select_source_address(nif, to);

	*source = found ? *found : *IP6_ADDR_ANY;
}

struct netif *st_dgram_netif(const struct st_sock *s, const struct st_dest *to,
			     const ip_addr_t *ip, ip_addr_t *source)
{
	int oif = out_index(s, to, ip);
	struct st_iface *i = oif ? st_iface_by_index(oif) : NULL;
	struct netif *nif = i ? i->nif : NULL;

	*source = to->source;
	if (to->has_source && IP_IS_V4_VAL(to->source)) {
		struct st_addr4 *a =
			st_addr4_find(ip_2_ip4(&to->source)->addr, NULL);

		return a && (!i || st_iface_of(a->nif) == i) ? a->nif : nif;
	}
	if (nif && IP_IS_V4_VAL(*ip))
		ip_addr_copy_from_ip4(*source, *netif_ip4_addr(nif));
	else if (nif && !to->has_source)
		choose_source6(nif, ip_2_ip6(ip), source);
	return nif;
}

bool st_dgram_is_source(const ip_addr_t *ip)
{
	return !ip_addr_isany(ip) && !ip_addr_ismulticast(ip) &&
	       !(IP_IS_V4(ip) && st_is_broadcast4(ip_2_ip4(ip)->addr));
}

/* On lo all comes back anyway. */
void st_dgram_loop_back(const struct st_sock *s, struct pbuf *p,
			const ip_addr_t *to, const struct netif *nif)
{
	bool all = IP_IS_V4(to) && st_is_broadcast4(ip_2_ip4(to)->addr);

	if (nif && !st_iface_is_lo(st_iface_of(nif)) &&
	    (all || (ip_addr_ismulticast(to) && s->ip.mcast_loop)))
		p->flags |= PBUF_FLAG_MCASTLOOP;
}

struct pbuf *st_dgram_pbuf(pbuf_layer layer, const void *data, size_t len)
{
	struct pbuf *p = pbuf_alloc(layer, (u16_t)len, PBUF_RAM);

	if (p && len > 0)
		memcpy(p->payload, data, len);
	return p;
}

/* ---- errors ---- */

static bool wants_errors(const struct st_sock *s, const ip_addr_t *about)
{
	const struct st_dgram *d = s->priv;

	return d->error_count < ERRORS_MAX &&
	       (IP_IS_V4(about) ? s->ip.recverr : s->ip.recverr6);
}

static void keep_error(struct st_sock *s, const struct st_icmp_error *from)
{
	struct st_dgram *d = s->priv;
	struct st_error *e = calloc(1, sizeof(*e) + from->len);

	if (!e)
		return;
	e->ee = (struct sock_extended_err){
		.ee_errno = (uint32_t)from->error,
		.ee_origin = (uint8_t)from->origin,
		.ee_type = (uint8_t)from->type,
		.ee_code = (uint8_t)from->code,
		.ee_info = from->info,
	};
	if (from->origin != SO_EE_ORIGIN_LOCAL)
		st_addr_out(s->domain, &from->offender, 0, &e->offender);
	st_addr_out(s->domain, &from->to,
		    s->proto == &st_udp ? ntohs(from->dport) : 0, &e->target);
	e->len = from->len;
	if (e->len)
		memcpy(e->data, from->data, e->len);
	*d->errors_end = e;
	d->errors_end = &e->next;
	d->error_count++;
}

void st_dgram_error(struct st_sock *s, const struct st_icmp_error *e)
{
	bool four = IP_IS_V4_VAL(e->to), large = e->error == EMSGSIZE;
	int how = four ? s->ip.mtu_discover : s->ip.mtu_discover6;
	bool cares = how != IP_PMTUDISC_DONT;

	if (large && four && !cares)
		return;
	if (wants_errors(s, &e->to)) {
		keep_error(s, e);
		st_sock_fail(s, e->error);
	} else if (s->connected && (large ? cares : e->hard)) {
		/* Without the option it hears of hard errors alone. */
		st_sock_fail(s, e->error);
	}
}

void st_dgram_too_large(struct st_sock *s, const ip_addr_t *to, uint16_t port,
			uint32_t mtu)
{
	struct st_icmp_error e = { .to = *to,
				   .dport = htons(port),
				   .error = EMSGSIZE,
				   .origin = SO_EE_ORIGIN_LOCAL,
				   .info = mtu };

	if (wants_errors(s, to))
		keep_error(s, &e);
}

ssize_t st_dgram_errqueue(struct st_sock *s, void *buf, size_t room)
{
	struct st_dgram *d = s->priv;
	struct st_error *e = d ? d->errors : NULL;
	uint8_t control[256] __attribute__((aligned(8))) = { 0 };
	struct msghdr m = { .msg_control = control,
			    .msg_controllen = sizeof(control) };
	struct um_net_head head = { 0 };
	struct cmsghdr *at = NULL;
	struct {
		struct sock_extended_err ee;
		union st_sockaddr from;
	} told;
	bool six = s->domain == AF_INET6;
	size_t n;

	if (!e)
		return -EAGAIN;
	d->errors = e->next;
	if (!d->errors)
		d->errors_end = &d->errors;
	d->error_count--;
	s->error = d->errors ? (int)d->errors->ee.ee_errno : 0;
	told.ee = e->ee;
	told.from = e->offender;
	st_put_cmsg(&m, &at, six ? IPPROTO_IPV6 : IPPROTO_IP,
		    six ? IPV6_RECVERR : IP_RECVERR, &told,
		    sizeof(told.ee) + (six ? sizeof(told.from.in6)
					   : sizeof(told.from.in)));
	head.controllen = used(&m, at);
	head.namelen =
		six ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
	memcpy(head.name, &e->target, head.namelen);
	n = sizeof(head) + head.controllen + e->len;
	if (n <= room) {
		memcpy(buf, &head, sizeof(head));
		memcpy((uint8_t *)buf + sizeof(head), control, head.controllen);
		memcpy((uint8_t *)buf + sizeof(head) + head.controllen, e->data,
		       e->len);
	}
	free(e);
	return n <= room ? (ssize_t)n : -EMSGSIZE;
}
