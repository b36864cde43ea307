// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * route.c - the table of routes, and lwIP's questions about it
 *
 * One array, sorted: the longest prefix first, of equal ones the least metric,
 * of equal ones the older. The first that matches is the way, so a search is a
 * loop. Routes of routers that advertise themselves are lwIP's own (nd6.c): its
 * table is asked where ours has nothing better than a default.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "route.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "nl.h"
#include "st_hooks.h"

static struct st_route *routes;
static size_t count, room;

static size_t addr_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

static bool in_prefix(const uint8_t *addr, const uint8_t *net, int prefix)
{
	int whole = prefix / 8, rest = prefix % 8;

	if (memcmp(addr, net, (size_t)whole) != 0)
		return false;
	return !rest || ((addr[whole] ^ net[whole]) >> (8 - rest)) == 0;
}

static bool same_key(const struct st_route *a, const struct st_route *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       a->table == b->table && a->metric == b->metric &&
	       !memcmp(a->dst, b->dst, addr_len(a->family));
}

/* Does b come after a? */
static bool is_after(const struct st_route *a, const struct st_route *b)
{
	if (a->family != b->family)
		return a->family < b->family;
	if (a->prefix != b->prefix)
		return a->prefix > b->prefix;
	return a->metric <= b->metric;
}

/* What lwIP remembers of the way to places. */
static void forget_ways(void)
{
	nd6_clear_destination_cache();
}

static int insert(const struct st_route *r, bool first)
{
	size_t at = 0;

	if (count == room) {
		size_t more = room ? room * 2 : 32;
		struct st_route *p = reallocarray(routes, more, sizeof(*p));

		if (!p)
			return -ENOBUFS;
		routes = p;
		room = more;
	}
	while (at < count && is_after(&routes[at], r) &&
	       !(first && same_key(&routes[at], r)))
		at++;
	memmove(&routes[at + 1], &routes[at], (count - at) * sizeof(*r));
	routes[at] = *r;
	count++;
	forget_ways();
	st_nl_route_changed(r, false);
	return 0;
}

static void remove_at(size_t at)
{
	struct st_route gone = routes[at];

	count--;
	memmove(&routes[at], &routes[at + 1], (count - at) * sizeof(gone));
	forget_ways();
	st_nl_route_changed(&gone, true);
}

static bool same_way(const struct st_route *a, const struct st_route *b)
{
	return a->oif == b->oif && a->type == b->type &&
	       a->has_gateway == b->has_gateway &&
	       !memcmp(a->gateway, b->gateway, sizeof(a->gateway));
}

int st_route_add(const struct st_route *r, enum st_route_mode mode)
{
	size_t n = 0;

	while (n < count && !same_key(&routes[n], r))
		n++;
	if (n == count) {
		if (mode == ST_ROUTE_CHANGE)
			return -ENOENT;
		return insert(r, false);
	}
	if (mode == ST_ROUTE_ADD)
		return -EEXIST;
	if (mode == ST_ROUTE_REPLACE || mode == ST_ROUTE_CHANGE) {
		remove_at(n);
		return insert(r, true);
	}
	for (; n < count && same_key(&routes[n], r); n++)
		if (same_way(&routes[n], r))
			return -EEXIST;
	return insert(r, mode == ST_ROUTE_PREPEND);
}

static bool is_like(const struct st_route *r, const struct st_route *like)
{
	size_t len = addr_len(r->family);

	return r->family == like->family && r->prefix == like->prefix &&
	       !memcmp(r->dst, like->dst, len) &&
	       (!like->table || r->table == like->table) &&
	       (!like->oif || r->oif == like->oif) &&
	       (!like->metric || r->metric == like->metric) &&
	       (!like->proto || r->proto == like->proto) &&
	       (!like->type || r->type == like->type) &&
	       (like->scope == RT_SCOPE_NOWHERE || r->scope == like->scope) &&
	       (!like->has_gateway ||
		(r->has_gateway && !memcmp(r->gateway, like->gateway, len))) &&
	       (!like->has_source ||
		(r->has_source && !memcmp(r->source, like->source, len)));
}

int st_route_del(const struct st_route *like, struct st_route *out)
{
	for (size_t n = 0; n < count; n++)
		if (is_like(&routes[n], like)) {
			if (out)
				*out = routes[n];
			remove_at(n);
			return 0;
		}
	return -ESRCH;
}

void st_route_flush(int oif, int family)
{
	for (size_t n = count; n-- > 0;)
		if (routes[n].oif == oif &&
		    (!family || routes[n].family == family))
			remove_at(n);
}

const struct st_route *st_route_at(size_t n)
{
	return n < count ? &routes[n] : NULL;
}

static void connected(struct st_route *r, bool add)
{
	r->table = RT_TABLE_MAIN;
	r->proto = RTPROT_KERNEL;
	r->type = RTN_UNICAST;
	/* Two interfaces may be in one net: the older comes first. */
	if (add)
		st_route_add(r, ST_ROUTE_APPEND);
	else
		st_route_del(r, NULL);
}

/* 127/8 and host addresses need none: they are local. */
void st_route_connected4(const struct st_iface *i, const struct st_addr4 *a,
			 bool add)
{
	struct st_route r = { .family = AF_INET,
			      .prefix = a->prefix,
			      .scope = RT_SCOPE_LINK,
			      .has_source = true,
			      .oif = i->index };
	uint32_t net = a->prefix ? a->peer & htonl(~0U << (32 - a->prefix)) : 0;

	if (st_iface_is_lo(i) || (a->flags & IFA_F_NOPREFIXROUTE) ||
	    (a->prefix == 32 && a->peer == a->local))
		return;
	memcpy(r.dst, &net, 4);
	memcpy(r.source, &a->local, 4);
	connected(&r, add);
}

static void mask6(uint8_t *addr, int prefix)
{
	for (int n = 0; n < 16; n++) {
		int bits = prefix - 8 * n;

		if (bits <= 0)
			addr[n] = 0;
		else if (bits < 8)
			addr[n] &= (uint8_t)(0xff << (8 - bits));
	}
}

void st_route_connected6(const struct st_iface *i, int slot, bool add)
{
	struct st_route r = { .family = AF_INET6,
			      .prefix = i->prefix6[slot],
			      .metric = 256,
			      .oif = i->index };

	if (st_iface_is_lo(i))
		return;
	memcpy(r.dst, netif_ip6_addr(i->nif, slot)->addr, 16);
	mask6(r.dst, r.prefix);
	/* Where several addresses are in one net, its route stays for them. */
	if (!add)
		for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++)
			if (n != slot && i->prefix6[n] == r.prefix &&
			    !ip6_addr_isinvalid(
				    netif_ip6_addr_state(i->nif, n)) &&
			    in_prefix((const void *)netif_ip6_addr(i->nif, n)
					      ->addr,
				      r.dst, r.prefix))
				return;
	connected(&r, add);
}

static bool is_usable(const struct st_route *r)
{
	struct st_iface *i;

	if (!r->oif)
		return true;
	i = st_iface_by_index(r->oif);
	return i && st_iface_is_up(i);
}

const struct st_route *st_route_find(int family, const void *dst, int oif)
{
	for (size_t n = 0; n < count; n++)
		if (routes[n].family == family &&
		    (!oif || routes[n].oif == oif) &&
		    (routes[n].table == RT_TABLE_MAIN ||
		     routes[n].table == RT_TABLE_DEFAULT) &&
		    in_prefix(dst, routes[n].dst, routes[n].prefix) &&
		    is_usable(&routes[n]))
			return &routes[n];
	return NULL;
}

static int verdict(const struct st_route *r)
{
	switch (r->type) {
	case RTN_UNREACHABLE:
		return -EHOSTUNREACH;
	case RTN_BLACKHOLE:
		return -EINVAL;
	case RTN_PROHIBIT:
		return -EACCES;
	case RTN_THROW:
		return -ENETUNREACH;
	default:
		return 0;
	}
}

/* A prefix or a router that lwIP heard of. */
static bool advertised(const void *dst, int oif)
{
	ip6_addr_t ip = { 0 };
	struct netif *nif;

	memcpy(ip.addr, dst, 16);
	nif = nd6_find_route(&ip);
	return nif && (!oif || st_iface_of(nif)->index == oif);
}

static bool scoped_up(const uint8_t *dst, int oif)
{
	struct st_iface *i = oif ? st_iface_by_index(oif) : NULL;
	bool scoped =
		dst[0] == 0xff || (dst[0] == 0xfe && (dst[1] & 0xc0) == 0x80);

	return scoped && (i ? st_iface_is_up(i) : st_iface_any_link_up());
}

int st_route_check(int family, const void *dst, int oif)
{
	const struct st_route *r;
	uint32_t four;

	memcpy(&four, dst, 4);
	if (family == AF_INET && st_is_local4(four))
		return 0;
	if (family == AF_INET6 && (st_is_local6(dst) || scoped_up(dst, oif)))
		return 0;
	r = st_route_find(family, dst, oif);
	if (r)
		return verdict(r);
	if (family == AF_INET6)
		return advertised(dst, oif) ? 0 : -ENETUNREACH;
	/* Broadcasts and groups leave through a given interface. */
	if (oif && (four == INADDR_BROADCAST || IN_MULTICAST(ntohl(four))))
		return 0;
	return -ENETUNREACH;
}

/* The netif with the address that fits a route, else the first's. */
static struct netif *netif_of(const struct st_route *r)
{
	struct st_iface *i = st_iface_by_index(r->oif);
	uint32_t source, near;

	if (!i)
		return NULL;
	if (r->family == AF_INET6)
		return i->nif;
	memcpy(&source, r->source, 4);
	memcpy(&near, r->has_gateway ? r->gateway : r->dst, 4);
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (r->has_source && a->local == source)
			return a->nif;
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (!a->prefix ||
		    !((a->peer ^ near) & htonl(~0U << (32 - a->prefix))))
			return a->nif;
	return i->addrs4 ? i->addrs4->nif : i->nif;
}

static bool is_loopback4(uint32_t addr)
{
	return ntohl(addr) >> 24 == IN_LOOPBACKNET;
}

int st_route_source4(uint32_t dst, int oif, uint32_t *out)
{
	const struct st_route *r;
	struct netif *nif;

	if (is_loopback4(dst)) {
		*out = htonl(INADDR_LOOPBACK);
		return 0;
	}
	if (st_is_local4(dst)) {
		*out = dst;
		return 0;
	}
	r = st_route_find(AF_INET, &dst, oif);
	nif = r ? netif_of(r) : NULL;
	if (!nif)
		return -ENETUNREACH;
	*out = netif_ip4_addr(nif)->addr;
	return 0;
}

/*
 * All of 127/8 is lo's, but lwIP's netif has one address: as a packet comes it
 * is the packet's, as one goes it is 127.0.0.1, the source.
 */
static struct netif *lo_as(uint32_t addr)
{
	struct netif *lo = st_iface_first()->nif;

	ip_2_ip4(&lo->ip_addr)->addr = addr;
	return lo;
}

void st_route_to_loopback(const struct netif *in, uint32_t addr)
{
	if (in == st_iface_first()->nif && is_loopback4(addr))
		lo_as(st_is_broadcast4(addr) ? htonl(INADDR_LOOPBACK) : addr);
}

struct netif *st_hook_route4(const struct ip4_addr *src,
			     const struct ip4_addr *dest)
{
	struct st_addr4 *own = st_addr4_find(dest->addr, NULL);
	const struct st_route *r;

	(void)src;
	if (is_loopback4(dest->addr))
		return lo_as(htonl(INADDR_LOOPBACK));
	if (own)
		return own->nif;
	r = st_route_find(AF_INET, &dest->addr, 0);
	return r && verdict(r) == 0 ? netif_of(r) : NULL;
}

const struct ip4_addr *st_hook_gateway4(struct netif *netif,
					const struct ip4_addr *dest)
{
	static ip4_addr_t gateway;
	const struct st_route *r =
		st_route_find(AF_INET, &dest->addr, st_iface_of(netif)->index);

	if (!r || !r->has_gateway)
		return dest;
	memcpy(&gateway.addr, r->gateway, 4);
	return &gateway;
}

/* A default of ours gives way to the nets that routers advertise. */
static const struct st_route *find6(const void *dst, int oif)
{
	const struct st_route *r = st_route_find(AF_INET6, dst, oif);

	if (r && !r->prefix)
		for (int n = 0; n < LWIP_ND6_NUM_PREFIXES; n++)
			if (prefix_list[n].netif &&
			    prefix_list[n].invalidation_timer &&
			    in_prefix(dst, (void *)prefix_list[n].prefix.addr,
				      64))
				return NULL;
	return r;
}

struct netif *st_hook_route6(const struct ip6_addr *src,
			     const struct ip6_addr *dest)
{
	const struct st_route *r;

	(void)src;
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (st_addr6_find(i, dest->addr) >= 0)
			return i->nif;
	r = find6(dest->addr, 0);
	return r && verdict(r) == 0 ? netif_of(r) : NULL;
}

const struct ip6_addr *st_hook_gateway6(struct netif *netif,
					const struct ip6_addr *dest)
{
	static ip6_addr_t gateway;
	const struct st_route *r = find6(dest->addr, st_iface_of(netif)->index);

	if (!r)
		return NULL;
	if (!r->has_gateway)
		return dest;
	memset(&gateway, 0, sizeof(gateway));
	memcpy(gateway.addr, r->gateway, 16);
	ip6_addr_assign_zone(&gateway, IP6_UNICAST, netif);
	return &gateway;
}
