// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * pmtu.c - how large a packet may be on its way, and who wants to know
 *
 * IP_MTU_DISCOVER and IPV6_MTU_DISCOVER of sockets of packets: with IP_PMTUDISC_DONT
 * and _WANT what is too large goes in pieces, with _DO it is refused; _WANT and _DO
 * set DF, so that routers tell what does not get through. For IPv4 that is kept
 * here, for as long as Linux does; for IPv6 in lwIP's cache of destinations.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "pmtu.h"

#include <errno.h>

#include "iface.h"
#include "loop.h"
#include "lwip/nd6.h"
#include "route.h"

enum { KNOWN = 64, KEPT_MS = 600000, LEAST = 552, MOST = 65535 };

static struct {
	uint32_t to, mtu;
	uint64_t until;
} known[KNOWN];
static size_t next_known;

static uint32_t learned(uint32_t to)
{
	uint64_t now = st_now_ms();

	for (size_t n = 0; n < KNOWN; n++)
		if (known[n].to == to && known[n].until > now)
			return known[n].mtu;
	return UINT32_MAX;
}

void st_pmtu_learn(const ip_addr_t *to, uint32_t mtu)
{
	uint32_t addr;
	size_t n = 0;

	if (!IP_IS_V4(to) || !mtu)
		return;
	addr = ip_2_ip4(to)->addr;
	while (n < KNOWN && known[n].to != addr)
		n++;
	if (n == KNOWN)
		n = next_known++ % KNOWN;
	known[n].to = addr;
	known[n].mtu = mtu < LEAST ? LEAST : mtu;
	known[n].until = st_now_ms() + KEPT_MS;
}

static bool is_own(const ip_addr_t *to)
{
	return IP_IS_V4(to) ? st_is_local4(ip_2_ip4(to)->addr)
			    : st_is_local6(ip_2_ip6(to)->addr);
}

uint32_t st_pmtu(const ip_addr_t *to, int oif)
{
	const void *addr = IP_IS_V4(to) ? (const void *)&ip_2_ip4(to)->addr
					: ip_2_ip6(to)->addr;
	const struct st_route *r =
		st_route_find(IP_IS_V4(to) ? AF_INET : AF_INET6, addr, oif);
	struct st_iface *i = is_own(to) ? st_iface_first()
			     : oif	? st_iface_by_index(oif)
			     : r	? st_iface_by_index(r->oif)
					: NULL;
	uint32_t mtu = i ? (uint32_t)i->mtu : MOST, less;

	if (IP_IS_V4(to) && mtu > MOST)
		mtu = MOST;
	if (is_own(to))
		return mtu;
	if (r && r->mtu && r->mtu < mtu)
		mtu = r->mtu;
	less = IP_IS_V4(to) ? learned(ip_2_ip4(to)->addr)
	       : i	    ? nd6_get_destination_mtu(ip_2_ip6(to), i->nif)
			    : mtu;
	return less < mtu ? less : mtu;
}

/* What a socket wants of packets of that kind: IP_PMTUDISC_*. */
static int wanted(const struct st_sock *s, const ip_addr_t *to)
{
	if (IP_IS_V4(to))
		return s->ip.mtu_discover;
	return s->ip.dontfrag6 ? IP_PMTUDISC_DO : s->ip.mtu_discover6;
}

int st_pmtu_check(const struct st_sock *s, struct pbuf *p, size_t len,
		  const ip_addr_t *to, const struct netif *nif, uint32_t *limit)
{
	const struct st_iface *i = st_iface_of(nif);
	int how = wanted(s, to);
	bool whole = how == IP_PMTUDISC_DO || how == IP_PMTUDISC_PROBE;

	*limit = how < IP_PMTUDISC_PROBE || is_own(to) ? st_pmtu(to, i->index)
						       : (uint32_t)i->mtu;
	if (len > *limit && (whole || how == IP_PMTUDISC_INTERFACE))
		return -EMSGSIZE;
	if (IP_IS_V4(to) &&
	    (whole || (how == IP_PMTUDISC_WANT && len <= *limit)))
		p->flags |= ST_PBUF_DF;
	return 0;
}

uint16_t st_pmtu_clamp(struct netif *nif, uint32_t limit)
{
	uint16_t was = nif->mtu;

	if (limit < was)
		nif->mtu = (uint16_t)limit;
	return was;
}
