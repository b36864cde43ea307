// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * addr.c - addresses of interfaces
 *
 * The first IPv4 address of an interface is that of its netif; each further
 * one has an alias netif. IPv6 addresses are slots of the one netif, where lwIP
 * does duplicate detection and lifetimes.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "forward.h"
#include "iface.h"
#include "lwip/etharp.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "netif/ethernet.h"
#include "nl.h"
#include "route.h"
#include "text.h"

struct st_addr4 *st_addr4_find(uint32_t local, struct st_iface **out)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		for (struct st_addr4 *a = i->addrs4; a; a = a->next)
			if (a->local == local) {
				if (out)
					*out = i;
				return a;
			}
	return NULL;
}

bool st_is_local4(uint32_t addr)
{
	return (ntohl(addr) >> 24) == IN_LOOPBACKNET ||
	       st_addr4_find(addr, NULL);
}

static bool is_last_of(const struct st_addr4 *a, uint32_t addr)
{
	return a->prefix < 31 && addr == (a->local | htonl(~0U >> a->prefix));
}

bool st_iface_is_broadcast4(const struct st_iface *i, uint32_t addr)
{
	for (const struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (is_last_of(a, addr))
			return true;
	return addr == INADDR_BROADCAST;
}

bool st_is_broadcast4(uint32_t addr)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (st_iface_is_up(i) && !st_iface_is_l3(i) &&
		    st_iface_is_broadcast4(i, addr))
			return true;
	return false;
}

static err_t alias_begin(struct netif *nif)
{
	struct st_iface *i = st_iface_of(nif);

	nif->name[0] = 'u';
	nif->name[1] = 'a';
	nif->output = i->nif->output;
	nif->linkoutput = i->nif->linkoutput;
	nif->mtu = i->nif->mtu;
	nif->hwaddr_len = i->nif->hwaddr_len;
	if (st_iface_is_lo(i) || i->link->trusted)
		NETIF_SET_CHECKSUM_CTRL(nif, NETIF_CHECKSUM_DISABLE_ALL);
	memcpy(nif->hwaddr, i->nif->hwaddr, sizeof(nif->hwaddr));
	nif->flags = (i->nif->flags &
		      ~(NETIF_FLAG_MLD6 | NETIF_FLAG_UP | NETIF_FLAG_LINK_UP));
	return ERR_OK;
}

static struct netif *alias_new(struct st_iface *i)
{
	struct netif *nif = calloc(1, sizeof(*nif));

	if (nif && !netif_add_noaddr(nif, i, alias_begin, i->nif->input)) {
		free(nif);
		return NULL;
	}
	if (nif && st_iface_is_up(i))
		netif_set_up(nif);
	if (nif && i->carrier)
		netif_set_link_up(nif);
	return nif;
}

static bool first_is_taken(const struct st_iface *i)
{
	for (const struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (a->nif == i->nif)
			return true;
	return false;
}

static uint32_t mask_of(int prefix)
{
	return prefix ? htonl(~0U << (32 - prefix)) : 0;
}

static bool same_net(const struct st_addr4 *a, const struct st_addr4 *b)
{
	return a->prefix == b->prefix &&
	       ((a->peer ^ b->peer) & mask_of(a->prefix)) == 0;
}

int st_addr4_add(struct st_iface *i, const struct st_addr4 *new)
{
	struct st_addr4 *a, **end = &i->addrs4;
	ip4_addr_t ip = { new->local }, mask = { mask_of(new->prefix) };
	ip4_addr_t none = { 0 };
	bool second = false;

	for (; *end; end = &(*end)->next) {
		if ((*end)->local == new->local &&
		    (*end)->prefix == new->prefix && same_net(*end, new))
			return -EEXIST;
		second = second || same_net(*end, new);
	}
	a = malloc(sizeof(*a));
	if (!a)
		return -ENOBUFS;
	*a = *new;
	a->next = NULL;
	a->nif = first_is_taken(i) ? alias_new(i) : i->nif;
	if (!a->nif) {
		free(a);
		return -ENOBUFS;
	}
	if (second)
		a->flags |= IFA_F_SECONDARY;
	if (!a->label[0])
		st_text_copy(a->label, sizeof(a->label), i->name);
	*end = a;
	if (!i->dhcp || a->nif != i->nif)
		netif_set_addr(a->nif, &ip, &mask, &none);
	if (st_iface_is_up(i))
		st_route_connected4(i, a, true);
	st_nl_addr4_changed(i, a, false);
	return 0;
}

static void release_netif(struct st_iface *i, struct st_addr4 *a)
{
	ip4_addr_t none = { 0 };

	if (a->nif == i->nif) {
		if (!i->dhcp)
			netif_set_addr(a->nif, &none, &none, &none);
		return;
	}
	netif_remove(a->nif);
	free(a->nif);
}

int st_addr4_del(struct st_iface *i, uint32_t local, int prefix)
{
	struct st_addr4 **p = &i->addrs4, *a;

	while (*p && ((*p)->local != local ||
		      (prefix >= 0 && (*p)->prefix != prefix)))
		p = &(*p)->next;
	a = *p;
	if (!a)
		return -EADDRNOTAVAIL;
	*p = a->next;
	st_conn_flush_masqueraded(i->index);
	st_route_connected4(i, a, false);
	/* Another of the same net keeps the route, and becomes the first. */
	for (struct st_addr4 *b = i->addrs4; b; b = b->next)
		if (!(a->flags & IFA_F_SECONDARY) && same_net(a, b)) {
			b->flags &= ~(uint32_t)IFA_F_SECONDARY;
			if (st_iface_is_up(i))
				st_route_connected4(i, b, true);
			break;
		}
	/* As Linux does: without an address there is no way out. */
	if (!i->addrs4)
		st_route_flush(i->index, AF_INET);
	release_netif(i, a);
	st_nl_addr4_changed(i, a, true);
	free(a);
	return 0;
}

int st_addr6_find(const struct st_iface *i, const void *addr)
{
	for (int slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
		if (!ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, slot)) &&
		    !memcmp(netif_ip6_addr(i->nif, slot)->addr, addr, 16))
			return slot;
	return -ENOENT;
}

bool st_is_local6(const void *addr)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (st_addr6_find(i, addr) >= 0)
			return true;
	return false;
}

int st_addr6_add(struct st_iface *i, const void *addr, int prefix, bool nodad,
		 uint32_t valid, uint32_t preferred)
{
	ip6_addr_t ip = { 0 };
	int slot = 1;

	if (i->mtu < 1280)
		return -EINVAL;
	if (st_addr6_find(i, addr) >= 0)
		return -EEXIST;
	/* Slot 0 is the link-local address that is made of the MAC. */
	while (slot < LWIP_IPV6_NUM_ADDRESSES &&
	       !ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, slot)))
		slot++;
	if (slot == LWIP_IPV6_NUM_ADDRESSES)
		return -ENOBUFS;
	memcpy(ip.addr, addr, 16);
	ip6_addr_assign_zone(&ip, IP6_UNICAST, i->nif);
	netif_ip6_addr_set(i->nif, (s8_t)slot, &ip);
	netif_ip6_addr_set_valid_life(i->nif, slot,
				      valid == UINT32_MAX ? 0 : valid);
	netif_ip6_addr_set_pref_life(i->nif, slot,
				     preferred == UINT32_MAX ? 0 : preferred);
	i->prefix6[slot] = (uint8_t)prefix;
	netif_ip6_addr_set_state(i->nif, (s8_t)slot,
				 nodad || st_iface_is_lo(i) || st_iface_is_l3(i)
					 ? IP6_ADDR_PREFERRED
					 : IP6_ADDR_TENTATIVE);
	if (st_iface_is_up(i))
		st_route_connected6(i, slot, true);
	st_nl_addr6_changed(i, slot, false);
	return 0;
}

int st_addr6_del(struct st_iface *i, const void *addr, int prefix)
{
	int slot = st_addr6_find(i, addr);

	if (slot < 0 || (prefix >= 0 && i->prefix6[slot] != prefix))
		return -EADDRNOTAVAIL;
	st_route_connected6(i, slot, false);
	st_nl_addr6_changed(i, slot, true);
	netif_ip6_addr_set_state(i->nif, (s8_t)slot, IP6_ADDR_INVALID);
	netif_ip6_addr_set(i->nif, (s8_t)slot, IP6_ADDR_ANY6);
	i->prefix6[slot] = 64;
	return 0;
}
