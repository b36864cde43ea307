// SPDX-License-Identifier: GPL-2.0-or-later
/* nlneigh.c - RTM_NEWNEIGH, DELNEIGH, GETNEIGH: lwIP's tables of ARP and ND */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/etharp.h"
#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "nl.h"

/* One neighbour; mac: NULL: not known yet. */
struct neigh {
	int family, state;
	const struct netif *nif;
	const void *addr, *mac;
	bool router;
};

static void put_neigh(struct st_nl_out *o, const struct nlmsghdr *h,
		      const struct neigh *n)
{
	struct ndmsg *m =
		st_nl_begin(o, h, RTM_NEWNEIGH, NLM_F_MULTI, sizeof(*m));
	struct nda_cacheinfo cache = { .ndm_refcnt = 1 };

	if (!m)
		return;
	m->ndm_family = (uint8_t)n->family;
	m->ndm_ifindex = st_iface_of(n->nif)->index;
	m->ndm_state = (uint16_t)n->state;
	m->ndm_type = RTN_UNICAST;
	m->ndm_flags = n->router ? NTF_ROUTER : 0;
	st_nl_attr(o, NDA_DST, n->addr, n->family == AF_INET ? 4 : 16);
	if (n->mac)
		st_nl_attr(o, NDA_LLADDR, n->mac, 6);
	st_nl_attr(o, NDA_CACHEINFO, &cache, sizeof(cache));
	st_nl_attr_u32(o, NDA_PROBES, 0);
	st_nl_end(o);
}

static int state6(const struct nd6_neighbor_cache_entry *e)
{
	switch (e->state) {
	case ND6_INCOMPLETE:
		return NUD_INCOMPLETE;
	case ND6_REACHABLE:
		return NUD_REACHABLE;
	case ND6_STALE:
		return NUD_STALE;
	case ND6_DELAY:
		return NUD_DELAY;
	default:
		return NUD_PROBE;
	}
}

/* Those that were set by hand: lwIP does not say which they are. */
static uint32_t by_hand[ARP_TABLE_SIZE];

static uint32_t *find_by_hand(uint32_t ip)
{
	for (size_t n = 0; n < ARP_TABLE_SIZE; n++)
		if (by_hand[n] == ip)
			return &by_hand[n];
	return NULL;
}

static bool is_asked_for(const struct ndmsg *m, const struct netif *nif)
{
	return !m->ndm_ifindex || m->ndm_ifindex == st_iface_of(nif)->index;
}

static void dump4(const struct nlmsghdr *h, const struct ndmsg *m,
		  struct st_nl_out *o)
{
	ip4_addr_t *ip;
	struct netif *nif;
	struct eth_addr *mac;

	for (size_t n = 0; n < ARP_TABLE_SIZE; n++) {
		if (!etharp_get_entry(n, &ip, &nif, &mac) ||
		    !is_asked_for(m, nif))
			continue;
		put_neigh(o, h,
			  &(struct neigh){ .family = AF_INET,
					   .state = find_by_hand(ip->addr)
							    ? NUD_PERMANENT
							    : NUD_REACHABLE,
					   .nif = nif,
					   .addr = &ip->addr,
					   .mac = mac });
	}
}

static void dump6(const struct nlmsghdr *h, const struct ndmsg *m,
		  struct st_nl_out *o)
{
	for (int n = 0; n < LWIP_ND6_NUM_NEIGHBORS; n++) {
		const struct nd6_neighbor_cache_entry *e = &neighbor_cache[n];

		if (e->state == ND6_NO_ENTRY || !e->netif ||
		    !is_asked_for(m, e->netif))
			continue;
		put_neigh(o, h,
			  &(struct neigh){ .family = AF_INET6,
					   .state = state6(e),
					   .nif = e->netif,
					   .addr = e->next_hop_address.addr,
					   .mac = e->state == ND6_INCOMPLETE
							  ? NULL
							  : e->lladdr,
					   .router = e->isrouter });
	}
}

static bool find4(const ip4_addr_t *ip, struct eth_addr *out)
{
	struct eth_addr *mac;
	struct netif *nif;
	ip4_addr_t *at;

	for (size_t n = 0; n < ARP_TABLE_SIZE; n++)
		if (etharp_get_entry(n, &at, &nif, &mac) &&
		    at->addr == ip->addr) {
			*out = *mac;
			return true;
		}
	return false;
}

/* lwIP removes only what was set by hand. */
static int forget4(const ip4_addr_t *ip)
{
	uint32_t *mine = find_by_hand(ip->addr);
	struct eth_addr mac;

	if (!find4(ip, &mac))
		return -ENOENT;
	if (mine)
		*mine = 0;
	else if (etharp_add_static_entry(ip, &mac) != ERR_OK)
		return -ENOENT;
	return etharp_remove_static_entry(ip) == ERR_OK ? 0 : -ENOENT;
}

static int change4(const struct nlmsghdr *h, const struct st_nl_attrs *a)
{
	const void *dst = st_nl_get(a, NDA_DST, 4);
	const void *mac = st_nl_get(a, NDA_LLADDR, 6);
	struct eth_addr eth;
	uint32_t *slot;
	ip4_addr_t ip;
	err_t err;

	if (!dst)
		return st_nl_fail(-EINVAL, "Network address not specified");
	memcpy(&ip.addr, dst, 4);
	if (h->nlmsg_type == RTM_DELNEIGH)
		return forget4(&ip);
	if ((h->nlmsg_flags & NLM_F_EXCL) && find4(&ip, &eth))
		return -EEXIST;
	if (!mac)
		return st_nl_fail(-EINVAL, "No link layer address given");
	memcpy(&eth, mac, 6);
	slot = find_by_hand(ip.addr);
	if (!slot)
		slot = find_by_hand(0);
	if (!slot)
		return -ENOBUFS;
	err = etharp_add_static_entry(&ip, &eth);
	if (err == ERR_OK)
		*slot = ip.addr;
	return err == ERR_OK ? 0 : err == ERR_RTE ? -ENETUNREACH : -ENOBUFS;
}

int st_nl_neigh(const struct nlmsghdr *h, struct st_nl_out *o)
{
	static const struct ndmsg none;
	const struct ndmsg *m = st_nl_data(h);
	struct st_nl_attrs a = { 0 };
	int ret = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m)))
		ret = st_nl_parse((const char *)m + NLMSG_ALIGN(sizeof(*m)),
				  h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), &a);
	else if (h->nlmsg_type == RTM_GETNEIGH)
		m = &none;
	else
		ret = -EINVAL;
	if (ret < 0)
		return ret;
	if (h->nlmsg_type == RTM_GETNEIGH) {
		if (m->ndm_family != AF_INET6)
			dump4(h, m, o);
		if (m->ndm_family != AF_INET)
			dump6(h, m, o);
		return 0;
	}
	if (!st_iface_by_index(m->ndm_ifindex))
		return -ENODEV;
	if (m->ndm_family != AF_INET)
		return st_nl_fail(-EOPNOTSUPP,
				  "neighbours of IPv6 are found, not set");
	return change4(h, &a);
}
