// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * group.c - membership in multicast groups; ip(7), ipv6(7)
 *
 * lwIP counts members of a group by interface. Which socket joined is kept here,
 * so that leaving, and the end of a socket, take back what it joined.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dgram.h"
#include "iface.h"
#include "lwip/igmp.h"
#include "lwip/mld6.h"

struct st_group {
	struct st_group *next;
	ip_addr_t addr;
	int index;
};

static struct st_iface *choose(int index, uint32_t local)
{
	struct st_iface *i = NULL;

	if (index)
		return st_iface_by_index(index);
	if (local) {
		st_addr4_find(local, &i);
		return i;
	}
	for (i = st_iface_first(); i; i = i->next)
		if (!st_iface_is_lo(i) && st_iface_is_up(i))
			return i;
	return st_iface_first();
}

static err_t change(const ip_addr_t *addr, struct st_iface *i, bool join)
{
	st_clock_touch();
	if (IP_IS_V4_VAL(*addr) && join)
		return igmp_joingroup_netif(i->nif, ip_2_ip4(addr));
	if (IP_IS_V4_VAL(*addr))
		return igmp_leavegroup_netif(i->nif, ip_2_ip4(addr));
	if (join)
		return mld6_joingroup_netif(i->nif, ip_2_ip6(addr));
	return mld6_leavegroup_netif(i->nif, ip_2_ip6(addr));
}

static struct st_group **find(struct st_dgram *d, const ip_addr_t *addr,
			      int index)
{
	struct st_group **p = &d->groups;

	while (*p && (!ip_addr_cmp_zoneless(&(*p)->addr, addr) ||
		      (index && (*p)->index != index)))
		p = &(*p)->next;
	return p;
}

static int join(struct st_sock *s, const ip_addr_t *addr, struct st_iface *i)
{
	struct st_dgram *d = s->priv;
	struct st_group *g, **p = find(d, addr, i->index);

	if (*p)
		return -EADDRINUSE;
	g = calloc(1, sizeof(*g));
	if (!g)
		return -ENOBUFS;
	g->addr = *addr;
	g->index = i->index;
	if (change(addr, i, true) != ERR_OK) {
		free(g);
		return -ENOBUFS;
	}
	*p = g;
	return 0;
}

static void leave_one(struct st_group **p)
{
	struct st_group *g = *p;
	struct st_iface *i = st_iface_by_index(g->index);

	*p = g->next;
	if (i)
		change(&g->addr, i, false);
	free(g);
}

static int leave(struct st_sock *s, const ip_addr_t *addr, int index)
{
	struct st_group **p = find(s->priv, addr, index);

	if (!*p)
		return -EADDRNOTAVAIL;
	leave_one(p);
	return 0;
}

void st_group_fini(struct st_sock *s)
{
	struct st_dgram *d = s->priv;

	while (d->groups)
		leave_one(&d->groups);
}

/* As Linux has it: who joined no such group hears of what others joined. */
bool st_group_hears(const struct st_sock *s, const ip_addr_t *group, int index)
{
	struct st_dgram *d = s->priv;
	bool four = IP_IS_V4(group);

	return *find(d, group, four ? index : 0) ||
	       (four ? s->ip.mcast_all : s->ip.mcast_all6);
}

static int option4(struct st_sock *s, const void *value, socklen_t len,
		   bool add)
{
	struct ip_mreqn r = { 0 };
	struct st_iface *i;
	ip_addr_t addr = { 0 };

	if (len < sizeof(struct ip_mreq))
		return -EINVAL;
	memcpy(&r, value, len < sizeof(r) ? sizeof(struct ip_mreq) : sizeof(r));
	if (!IN_MULTICAST(ntohl(r.imr_multiaddr.s_addr)))
		return -EINVAL;
	IP_SET_TYPE_VAL(addr, IPADDR_TYPE_V4);
	ip_2_ip4(&addr)->addr = r.imr_multiaddr.s_addr;
	i = choose(r.imr_ifindex, r.imr_address.s_addr);
	if (!i)
		return -ENODEV;
	return add ? join(s, &addr, i) : leave(s, &addr, i->index);
}

static int option6(struct st_sock *s, const void *value, socklen_t len,
		   bool add)
{
	struct ipv6_mreq r;
	struct st_iface *i;
	ip_addr_t addr = { 0 };

	if (len < sizeof(r))
		return -EINVAL;
	memcpy(&r, value, sizeof(r));
	if (!IN6_IS_ADDR_MULTICAST(&r.ipv6mr_multiaddr))
		return -EINVAL;
	i = choose((int)r.ipv6mr_interface, 0);
	if (!i)
		return -ENODEV;
	IP_SET_TYPE_VAL(addr, IPADDR_TYPE_V6);
	memcpy(ip_2_ip6(&addr)->addr, &r.ipv6mr_multiaddr, 16);
	ip6_addr_assign_zone(ip_2_ip6(&addr), IP6_MULTICAST, i->nif);
	return add ? join(s, &addr, i)
		   : leave(s, &addr, (int)r.ipv6mr_interface);
}

/* The form that is the same for both families. */
static int option_req(struct st_sock *s, const void *value, socklen_t len,
		      bool add)
{
	struct group_req r;
	struct ip_mreqn four = { 0 };
	struct ipv6_mreq six;
	const union st_sockaddr *a = (const void *)&r.gr_group;

	if (len < sizeof(r))
		return -EINVAL;
	memcpy(&r, value, sizeof(r));
	if (a->sa.sa_family == AF_INET) {
		four.imr_multiaddr = a->in.sin_addr;
		four.imr_ifindex = (int)r.gr_interface;
		return option4(s, &four, sizeof(four), add);
	}
	if (a->sa.sa_family != AF_INET6)
		return -EADDRNOTAVAIL;
	six.ipv6mr_multiaddr = a->in6.sin6_addr;
	six.ipv6mr_interface = r.gr_interface;
	return option6(s, &six, sizeof(six), add);
}

int st_group_option(struct st_sock *s, int level, int name, const void *value,
		    socklen_t len)
{
	if (level == IPPROTO_IP &&
	    (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
		return option4(s, value, len, name == IP_ADD_MEMBERSHIP);
	if (level == IPPROTO_IPV6 &&
	    (name == IPV6_ADD_MEMBERSHIP || name == IPV6_DROP_MEMBERSHIP))
		return option6(s, value, len, name == IPV6_ADD_MEMBERSHIP);
	if ((level == IPPROTO_IP || level == IPPROTO_IPV6) &&
	    (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP))
		return option_req(s, value, len, name == MCAST_JOIN_GROUP);
	return -ENOPROTOOPT;
}
