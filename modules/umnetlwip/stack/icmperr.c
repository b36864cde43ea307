// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * icmperr.c - ICMP errors about what guests sent, given to their sockets
 *
 * lwIP throws them away, but for a few. They are looked at on the way in; the
 * packet goes on to lwIP. An error carries the head of the packet it is about,
 * by which the socket is found.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <string.h>

#include "clock.h"
#include "dgram.h"
#include "forward.h"
#include "iface.h"
#include "lwip/pbuf.h"
#include "packet.h"
#include "pmtu.h"
#include "radv.h"
#include "route.h"
#include "share.h"
#include "st_hooks.h"

static bool same_peer(const struct st_sock *s, const struct st_icmp_error *e)
{
	ip_addr_t ip;
	uint16_t port;

	if (!s->connected)
		return true;
	return st_addr_in(s, &s->remote, sizeof(s->remote), &ip, &port) == 0 &&
	       ip_addr_cmp_zoneless(&ip, &e->to);
}

static bool is_about(struct st_sock *s, const struct st_icmp_error *e)
{
	struct st_dgram *d = s->priv;

	if (!d || !same_peer(s, e))
		return false;
	if (s->proto == &st_udp)
		return e->protocol == IPPROTO_UDP &&
		       s->local.in.sin_port == e->sport;
	if (s->proto != &st_raw || s->protocol != e->protocol)
		return false;
	return s->type == SOCK_RAW || htons(d->ident) == e->ident;
}

static void tell(const struct st_icmp_error *e)
{
	bool told = false;

	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		if ((s->proto == &st_udp || s->proto == &st_raw) &&
		    is_about(s, e)) {
			st_dgram_error(s, e);
			told = true;
		}
	/* Not from anybody, about anything. */
	if (told && e->error == EMSGSIZE)
		st_pmtu_learn(&e->to, e->info);
}

/* The embedded head: ports, or the id of an echo. */
static void embedded(struct st_icmp_error *e, const uint8_t *p, size_t len)
{
	if (len < 8)
		return;
	memcpy(&e->sport, p, 2);
	memcpy(&e->dport, p + 2, 2);
	memcpy(&e->ident, p + 4, 2);
	e->data = p + 8;
	e->len = len - 8;
	if (e->protocol != IPPROTO_UDP) {
		e->data = p;
		e->len = len;
	}
	tell(e);
}

static const struct {
	int error;
	bool hard;
} unreach4[] = {
	{ ENETUNREACH, false },	 { EHOSTUNREACH, false },
	{ ENOPROTOOPT, true },	 { ECONNREFUSED, true },
	{ EMSGSIZE, false },	 { EOPNOTSUPP, false },
	{ ENETUNREACH, true },	 { EHOSTDOWN, true },
	{ ENONET, true },	 { ENETUNREACH, true },
	{ EHOSTUNREACH, true },	 { ENETUNREACH, false },
	{ EHOSTUNREACH, false }, { EHOSTUNREACH, true },
	{ EHOSTUNREACH, true },	 { EHOSTUNREACH, true },
};

static bool meaning4(struct st_icmp_error *e, const struct icmphdr *h)
{
	switch (h->type) {
	case ICMP_DEST_UNREACH:
		if (h->code >= sizeof(unreach4) / sizeof(unreach4[0]))
			return false;
		e->error = unreach4[h->code].error;
		e->hard = unreach4[h->code].hard;
		if (h->code == ICMP_FRAG_NEEDED)
			e->info = ntohs(h->un.frag.mtu);
		return true;
	case ICMP_TIME_EXCEEDED:
		e->error = EHOSTUNREACH;
		return true;
	case ICMP_PARAMETERPROB:
		e->error = EPROTO;
		e->hard = true;
		return true;
	default:
		return false;
	}
}

static bool tcp_arrives4(const struct netif *nif, const struct iphdr *ip,
			 const void *header, size_t len)
{
	struct st_flow f = { .nif = nif };

	ip_addr_set_ip4_u32_val(f.from, ip->saddr);
	ip_addr_set_ip4_u32_val(f.to, ip->daddr);
	return st_tcp_arrives(&f, header, len);
}

static bool tcp_arrives6(const struct netif *nif, const uint8_t *ip, size_t len)
{
	struct st_flow f = { .nif = nif };

	IP_SET_TYPE_VAL(f.from, IPADDR_TYPE_V6);
	IP_SET_TYPE_VAL(f.to, IPADDR_TYPE_V6);
	memcpy(ip_2_ip6(&f.from)->addr, ip + 8, 16);
	memcpy(ip_2_ip6(&f.to)->addr, ip + 24, 16);
	ip6_addr_assign_zone(ip_2_ip6(&f.to), IP6_UNKNOWN, nif);
	return st_tcp_arrives(&f, ip + 40, len - 40);
}

int st_hook_input4(struct pbuf *p, struct netif *netif)
{
	const uint8_t *b = p->payload;
	struct iphdr outer, inner;
	struct icmphdr icmp;
	struct st_icmp_error e = { .origin = SO_EE_ORIGIN_ICMP };
	size_t at, head;

	st_packet_looped(p, netif);
	if (st_forward_take(p, netif))
		return 1;
	if (p->len < sizeof(outer))
		return 0;
	memcpy(&outer, b, sizeof(outer));
	st_route_to_loopback(netif, outer.daddr);
	at = outer.ihl * 4U;
	if (ntohs(outer.frag_off) & (IP_MF | IP_OFFMASK))
		st_clock_touch_pieces();
	if (outer.protocol == IPPROTO_TCP && p->len > at &&
	    !(ntohs(outer.frag_off) & IP_OFFMASK) &&
	    !tcp_arrives4(netif, &outer, b + at, p->len - at)) {
		pbuf_free(p);
		return 1;
	}
	if (p->len < sizeof(outer) + sizeof(icmp) + sizeof(inner))
		return 0;
	if (outer.protocol != IPPROTO_ICMP || at < sizeof(outer) ||
	    p->len < at + sizeof(icmp) + sizeof(inner) ||
	    !st_is_local4(outer.daddr))
		return 0;
	memcpy(&icmp, b + at, sizeof(icmp));
	memcpy(&inner, b + at + sizeof(icmp), sizeof(inner));
	if (!meaning4(&e, &icmp) || !st_is_local4(inner.saddr))
		return 0;
	head = at + sizeof(icmp) + inner.ihl * 4U;
	if (inner.ihl < 5 || p->len < head)
		return 0;
	e.type = icmp.type;
	e.code = icmp.code;
	e.protocol = inner.protocol;
	IP_SET_TYPE_VAL(e.to, IPADDR_TYPE_V4);
	IP_SET_TYPE_VAL(e.offender, IPADDR_TYPE_V4);
	ip_2_ip4(&e.to)->addr = inner.daddr;
	ip_2_ip4(&e.offender)->addr = outer.saddr;
	embedded(&e, b + head, p->len - head);
	return 0;
}

static bool meaning6(struct st_icmp_error *e, const struct icmp6_hdr *h)
{
	static const int unreach[] = { ENETUNREACH,  EACCES,	   EHOSTUNREACH,
				       EHOSTUNREACH, ECONNREFUSED, EACCES,
				       EACCES };

	switch (h->icmp6_type) {
	case ICMP6_DST_UNREACH:
		if (h->icmp6_code >= sizeof(unreach) / sizeof(unreach[0]))
			return false;
		e->error = unreach[h->icmp6_code];
		e->hard = h->icmp6_code == 1 || h->icmp6_code >= 4;
		return true;
	case ICMP6_PACKET_TOO_BIG:
		e->error = EMSGSIZE;
		e->info = ntohl(h->icmp6_mtu);
		return true;
	case ICMP6_TIME_EXCEEDED:
		e->error = EHOSTUNREACH;
		return true;
	case ICMP6_PARAM_PROB:
		e->error = EPROTO;
		e->hard = true;
		return true;
	default:
		return false;
	}
}

int st_hook_input6(struct pbuf *p, struct netif *netif)
{
	const uint8_t *b = p->payload;
	struct icmp6_hdr icmp;
	struct st_icmp_error e = { .origin = SO_EE_ORIGIN_ICMP6 };

	st_packet_looped(p, netif);
	if (st_radv_heard(p) || st_forward_take(p, netif))
		return 1;
	if (p->len > 40 && b[6] == IPPROTO_FRAGMENT)
		st_clock_touch_pieces();
	if (p->len > 40 && b[6] == IPPROTO_TCP &&
	    !tcp_arrives6(netif, b, p->len)) {
		pbuf_free(p);
		return 1;
	}
	/* Errors have no extension headers, inside or outside, as a rule. */
	if (p->len < 40 + sizeof(icmp) + 40 + 8 || b[6] != IPPROTO_ICMPV6 ||
	    !st_is_local6(b + 24))
		return 0;
	memcpy(&icmp, b + 40, sizeof(icmp));
	if (icmp.icmp6_type >= 128 || !meaning6(&e, &icmp) ||
	    !st_is_local6(b + 48 + 8))
		return 0;
	e.type = icmp.icmp6_type;
	e.code = icmp.icmp6_code;
	e.protocol = b[48 + 6];
	IP_SET_TYPE_VAL(e.to, IPADDR_TYPE_V6);
	IP_SET_TYPE_VAL(e.offender, IPADDR_TYPE_V6);
	memcpy(ip_2_ip6(&e.to)->addr, b + 48 + 24, 16);
	memcpy(ip_2_ip6(&e.offender)->addr, b + 8, 16);
	embedded(&e, b + 88, p->len - 88U);
	return 0;
}
