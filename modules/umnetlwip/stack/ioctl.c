// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioctl.c - requests about interfaces, routes and neighbours; netdevice(7)
 *
 * What net-tools and busybox use. They change the same tables as netlink does.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/sockios.h>
#include <net/route.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "iface.h"
#include "lwip/etharp.h"
#include "route.h"
#include "sock.h"
#include "text.h"

static void put4(struct sockaddr *out, uint32_t addr)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = addr };

	memcpy(out, &in, sizeof(in));
}

static uint32_t get4(const struct sockaddr *sa)
{
	struct sockaddr_in in;

	memcpy(&in, sa, sizeof(in));
	return in.sin_addr.s_addr;
}

static uint32_t mask4(int prefix)
{
	return prefix ? htonl(~0U << (32 - prefix)) : 0;
}

/* A label such as vd0:1 names the address that has it. */
static struct st_addr4 *labelled(struct st_iface *i, const char *name)
{
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (!strcmp(a->label, name))
			return a;
	return strchr(name, ':') ? NULL : i->addrs4;
}

static struct st_iface *named(const char *name)
{
	char plain[IFNAMSIZ];
	char *colon;

	memcpy(plain, name, IFNAMSIZ);
	plain[IFNAMSIZ - 1] = '\0';
	colon = strchr(plain, ':');
	if (colon)
		*colon = '\0';
	return st_iface_by_name(plain);
}

static void hwaddr(const struct st_iface *i, struct sockaddr *out)
{
	memset(out, 0, sizeof(*out));
	out->sa_family = (sa_family_t)st_iface_type(i);
	if (!st_iface_is_lo(i))
		memcpy(out->sa_data, i->nif->hwaddr, 6);
}

static int get_addr(struct st_iface *i, unsigned int cmd, struct ifreq *r)
{
	struct st_addr4 *a = labelled(i, r->ifr_name);

	if (!a)
		return -EADDRNOTAVAIL;
	switch (cmd) {
	case SIOCGIFADDR:
		put4(&r->ifr_addr, a->local);
		return 0;
	case SIOCGIFDSTADDR:
		put4(&r->ifr_dstaddr, a->peer);
		return 0;
	case SIOCGIFBRDADDR:
		put4(&r->ifr_broadaddr, a->broadcast);
		return 0;
	default:
		put4(&r->ifr_netmask, mask4(a->prefix));
		return 0;
	}
}

static int get_iface(struct st_iface *i, unsigned int cmd, struct ifreq *r)
{
	switch (cmd) {
	case SIOCGIFFLAGS:
		r->ifr_flags = (short)st_iface_flags(i);
		return 0;
	case SIOCGIFMTU:
		r->ifr_mtu = i->mtu;
		return 0;
	case SIOCGIFMETRIC:
		r->ifr_metric = 0;
		return 0;
	case SIOCGIFINDEX:
		r->ifr_ifindex = i->index;
		return 0;
	case SIOCGIFTXQLEN:
		r->ifr_qlen = i->txqlen;
		return 0;
	case SIOCGIFHWADDR:
		hwaddr(i, &r->ifr_hwaddr);
		return 0;
	case SIOCGIFMAP:
		memset(&r->ifr_map, 0, sizeof(r->ifr_map));
		return 0;
	default:
		return get_addr(i, cmd, r);
	}
}

static uint32_t class_mask(uint32_t addr)
{
	uint32_t a = ntohl(addr);

	return IN_CLASSA(a)   ? htonl(IN_CLASSA_NET)
	       : IN_CLASSB(a) ? htonl(IN_CLASSB_NET)
			      : htonl(IN_CLASSC_NET);
}

/* An address takes the place of that with the same label. */
static int replace_addr(struct st_iface *i, const struct ifreq *r,
			uint32_t local, uint32_t mask, uint32_t broadcast)
{
	struct st_addr4 *old = labelled(i, r->ifr_name);
	struct st_addr4 new = { .local = local,
				.peer = local,
				.broadcast = broadcast,
				.prefix = (uint8_t)__builtin_popcount(mask),
				.flags = 0x80 };

	if (old)
		st_addr4_del(i, old->local, old->prefix);
	memcpy(new.label, r->ifr_name, IFNAMSIZ);
	new.label[IFNAMSIZ - 1] = '\0';
	return local ? st_addr4_add(i, &new) : 0;
}

static int set_addr(struct st_iface *i, unsigned int cmd, const struct ifreq *r)
{
	struct st_addr4 *a = labelled(i, r->ifr_name);
	uint32_t v = get4(&r->ifr_addr), mask;

	if (r->ifr_addr.sa_family != AF_INET && cmd != SIOCSIFNETMASK)
		return -EINVAL;
	if (cmd == SIOCSIFADDR) {
		mask = class_mask(v);
		return replace_addr(i, r, v, mask, v | ~mask);
	}
	if (!a)
		return -EADDRNOTAVAIL;
	switch (cmd) {
	case SIOCSIFNETMASK:
		if (~ntohl(v) & (~ntohl(v) + 1))
			return -EINVAL;
		return replace_addr(i, r, a->local, v, a->local | ~v);
	case SIOCSIFBRDADDR:
		a->broadcast = v;
		return 0;
	default:
		a->peer = v;
		return 0;
	}
}

static int set_flags(struct st_iface *i, const struct ifreq *r)
{
	unsigned int kept = IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP;
	struct st_addr4 *a;

	/* "ifconfig vd0:1 down" takes that address away. */
	if (strchr(r->ifr_name, ':')) {
		a = labelled(i, r->ifr_name);
		if (!a)
			return -EADDRNOTAVAIL;
		return (r->ifr_flags & IFF_UP)
			       ? 0
			       : st_addr4_del(i, a->local, a->prefix);
	}
	i->flags = (i->flags & ~kept) |
		   ((unsigned int)(unsigned short)r->ifr_flags & kept);
	return st_iface_set_up(i, r->ifr_flags & IFF_UP);
}

static int set_iface(struct st_iface *i, unsigned int cmd, struct ifreq *r)
{
	switch (cmd) {
	case SIOCSIFFLAGS:
		return set_flags(i, r);
	case SIOCSIFMTU:
		return st_iface_set_mtu(i, r->ifr_mtu);
	case SIOCSIFHWADDR:
		return st_iface_set_mac(i,
					(const uint8_t *)r->ifr_hwaddr.sa_data);
	case SIOCSIFTXQLEN:
		if (r->ifr_qlen < 0)
			return -EINVAL;
		i->txqlen = r->ifr_qlen;
		return 0;
	case SIOCSIFMETRIC:
		return r->ifr_metric ? -EOPNOTSUPP : 0;
	case SIOCSIFNAME:
		return st_iface_rename(i, r->ifr_newname);
	default:
		return set_addr(i, cmd, r);
	}
}

/* The buffer follows the structure; see net.h. */
static int get_conf(void *data, size_t size)
{
	struct ifconf *c = data;
	struct ifreq *out = (void *)((char *)data + sizeof(*c));
	size_t room, n = 0;

	if (size < sizeof(*c) || c->ifc_len < 0)
		return -EINVAL;
	room = (size - sizeof(*c)) / sizeof(*out);
	if ((size_t)c->ifc_len / sizeof(*out) < room)
		room = (size_t)c->ifc_len / sizeof(*out);
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		for (struct st_addr4 *a = i->addrs4; a; a = a->next) {
			/* Without a buffer: how much there would be. */
			if (room || size > sizeof(*c)) {
				if (n == room)
					break;
				memset(&out[n], 0, sizeof(*out));
				st_text_copy(out[n].ifr_name, IFNAMSIZ,
					     a->label);
				put4(&out[n].ifr_addr, a->local);
			}
			n++;
		}
	c->ifc_len = (int)(n * sizeof(*out));
	return 0;
}

static int route_ioctl(unsigned int cmd, const struct rtentry *e)
{
	struct st_route r = { .family = AF_INET,
			      .table = 254,
			      .proto = 3, /* RTPROT_BOOT */
			      .type = 1 };
	uint32_t dst = get4(&e->rt_dst), gw = get4(&e->rt_gateway);
	uint32_t mask = (e->rt_flags & RTF_HOST) ? ~0U : get4(&e->rt_genmask);
	const struct st_route *via;

	if (~ntohl(mask) & (~ntohl(mask) + 1))
		return -EINVAL;
	if (dst & ~mask)
		return -EINVAL;
	r.prefix = (uint8_t)__builtin_popcount(mask);
	memcpy(r.dst, &dst, 4);
	r.metric = e->rt_metric > 0 ? (uint32_t)e->rt_metric - 1 : 0;
	if (e->rt_flags & RTF_REJECT)
		r.type = 7; /* RTN_UNREACHABLE */
	if (e->rt_flags & RTF_GATEWAY) {
		r.has_gateway = true;
		memcpy(r.gateway, &gw, 4);
	}
	/* The name follows the structure; see net.h. */
	if (e->rt_dev) {
		struct st_iface *i = named((const char *)(e + 1));

		if (!i)
			return -ENODEV;
		r.oif = i->index;
	}
	if (cmd == SIOCDELRT) {
		r.scope = 255;
		r.proto = 0;
		r.type = 0;
		return st_route_del(&r, NULL);
	}
	r.scope = r.has_gateway ? 0 : 253;
	if (!r.oif && r.type == 1) {
		via = r.has_gateway ? st_route_find(AF_INET, &gw, 0) : NULL;
		if (!via)
			return r.has_gateway ? -ENETUNREACH : -ENODEV;
		r.oif = via->oif;
	}
	return st_route_add(&r, ST_ROUTE_ADD);
}

static int arp_ioctl(unsigned int cmd, struct arpreq *r)
{
	ip4_addr_t ip = { get4(&r->arp_pa) };
	struct eth_addr *mac;
	const ip4_addr_t *found;
	struct eth_addr new;

	if (cmd == SIOCSARP) {
		memcpy(new.addr, r->arp_ha.sa_data, 6);
		return etharp_add_static_entry(&ip, &new) == ERR_OK
			       ? 0
			       : -ENETUNREACH;
	}
	if (cmd == SIOCDARP)
		return etharp_remove_static_entry(&ip) == ERR_OK ? 0 : -ENXIO;
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (!st_iface_is_lo(i) &&
		    etharp_find_addr(i->nif, &ip, &mac, &found) >= 0) {
			r->arp_ha.sa_family = ARPHRD_ETHER;
			memcpy(r->arp_ha.sa_data, mac->addr, 6);
			r->arp_flags = ATF_COM;
			st_text_copy(r->arp_dev, sizeof(r->arp_dev), i->name);
			return 0;
		}
	return -ENXIO;
}

static int get_name(struct ifreq *r)
{
	struct st_iface *i = st_iface_by_index(r->ifr_ifindex);

	if (!i)
		return -ENODEV;
	st_text_copy(r->ifr_name, IFNAMSIZ, i->name);
	return 0;
}

/* Names may lack their end. */
static void terminate(unsigned int cmd, struct ifreq *r)
{
	if ((cmd >> 8) != (SIOCGIFNAME >> 8) || cmd == SIOCGIFCONF ||
	    cmd == SIOCADDRT || cmd == SIOCDELRT || cmd == SIOCGARP ||
	    cmd == SIOCSARP || cmd == SIOCDARP)
		return;
	r->ifr_name[IFNAMSIZ - 1] = '\0';
	if (cmd == SIOCSIFNAME)
		r->ifr_newname[IFNAMSIZ - 1] = '\0';
}

int st_ioctl(struct st_sock *s, unsigned int cmd, void *data, size_t size)
{
	struct st_iface *i;

	(void)s;
	if (size >= sizeof(struct ifreq))
		terminate(cmd, data);
	if (cmd == SIOCGIFCONF)
		return get_conf(data, size);
	if (cmd == SIOCADDRT || cmd == SIOCDELRT)
		return size < sizeof(struct rtentry) + IFNAMSIZ
			       ? -EINVAL
			       : route_ioctl(cmd, data);
	if (cmd == SIOCGARP || cmd == SIOCSARP || cmd == SIOCDARP)
		return size < sizeof(struct arpreq) ? -EINVAL
						    : arp_ioctl(cmd, data);
	if ((cmd >> 8) != (SIOCGIFNAME >> 8) || cmd > 0x89ff)
		return -ENOTTY;
	if (size < sizeof(struct ifreq))
		return -EINVAL;
	if (cmd == SIOCGIFNAME)
		return get_name(data);
	switch (cmd) {
	case SIOCGIFFLAGS:
	case SIOCGIFMTU:
	case SIOCGIFMETRIC:
	case SIOCGIFINDEX:
	case SIOCGIFTXQLEN:
	case SIOCGIFHWADDR:
	case SIOCGIFMAP:
	case SIOCGIFADDR:
	case SIOCGIFDSTADDR:
	case SIOCGIFBRDADDR:
	case SIOCGIFNETMASK:
		i = named(((struct ifreq *)data)->ifr_name);
		return i ? get_iface(i, cmd, data) : -ENODEV;
	case SIOCSIFFLAGS:
	case SIOCSIFMTU:
	case SIOCSIFHWADDR:
	case SIOCSIFTXQLEN:
	case SIOCSIFMETRIC:
	case SIOCSIFNAME:
	case SIOCSIFADDR:
	case SIOCSIFDSTADDR:
	case SIOCSIFBRDADDR:
	case SIOCSIFNETMASK:
		i = named(((struct ifreq *)data)->ifr_name);
		return i ? set_iface(i, cmd, data) : -ENODEV;
	default:
		return -EOPNOTSUPP;
	}
}
