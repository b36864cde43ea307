// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * iface.c - interfaces: made, set up, removed; frames in and out
 *
 * lwIP calls output() with frames to send; links call st_iface_input() with
 * frames that came. Both show them to AF_PACKET sockets (packet.h) and count.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "iface.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#include "clock.h"
#include "conntrack.h"
#include "filter.h"
#include "forward.h"
#include "frame.h"
#include "l3.h"
#include "link.h"
#include "loop.h"
#include "lwip/dhcp.h"
#include "lwip/etharp.h"
#include "lwip/init.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/prot/dhcp.h"
#include "netif/ethernet.h"
#include "nl.h"
#include "packet.h"
#include "radv.h"
#include "route.h"
#include "sysctl.h"
#include "tap.h"
#include "text.h"
#include "tun.h"

enum { PIECES = 8, MTU_MIN = 68, MTU_MAX = 9216, SLIRP_MS = 1000 };

enum {
	CHECKSUMS_MADE = NETIF_CHECKSUM_GEN_IP | NETIF_CHECKSUM_GEN_UDP |
			 NETIF_CHECKSUM_GEN_TCP | NETIF_CHECKSUM_GEN_ICMP |
			 NETIF_CHECKSUM_GEN_ICMP6,
};

static struct st_iface *ifaces;
static int last_index;

struct st_iface *st_iface_first(void)
{
	return ifaces;
}

struct st_iface *st_iface_by_index(int index)
{
	struct st_iface *i = ifaces;

	while (i && i->index != index)
		i = i->next;
	return i;
}

struct st_iface *st_iface_by_name(const char *name)
{
	struct st_iface *i = ifaces;

	while (i && strcmp(i->name, name) != 0)
		i = i->next;
	return i;
}

struct st_iface *st_iface_of(const struct netif *nif)
{
	return nif->state;
}

bool st_iface_is_lo(const struct st_iface *i)
{
	return !i->link;
}

bool st_iface_is_l3(const struct st_iface *i)
{
	return i->link && i->link->l3;
}

int st_iface_type(const struct st_iface *i)
{
	const struct tun *t = st_tap_of(i);

	if (st_iface_is_lo(i))
		return ARPHRD_LOOPBACK;
	return t ? t->type : ARPHRD_ETHER;
}

bool st_iface_is_up(const struct st_iface *i)
{
	return i->flags & IFF_UP;
}

unsigned int st_iface_flags(const struct st_iface *i)
{
	unsigned int flags = i->flags | IFF_MULTICAST;

	if (st_iface_is_lo(i))
		flags = i->flags | IFF_LOOPBACK;
	else if (st_iface_is_l3(i))
		flags |= IFF_POINTOPOINT | IFF_NOARP;
	else
		flags |= IFF_BROADCAST;
	if (st_iface_is_up(i) && i->carrier)
		flags |= IFF_RUNNING | (1U << 16); /* IFF_LOWER_UP */
	return flags;
}

bool st_iface_any_link_up(void)
{
	for (struct st_iface *i = ifaces; i; i = i->next)
		if (!st_iface_is_lo(i) && st_iface_is_up(i) && i->carrier)
			return true;
	return false;
}

bool st_iface_any_dhcp(void)
{
	for (struct st_iface *i = ifaces; i; i = i->next)
		if (i->dhcp && st_iface_is_up(i))
			return true;
	return false;
}

/* Its pieces; 0: they are too many. */
static int pieces_of(const struct pbuf *p, struct iovec *iov)
{
	int n = 0;

	for (; p && n < PIECES; p = p->next)
		iov[n++] = (struct iovec){ p->payload, p->len };
	return p ? 0 : n;
}

/* In one piece, but for links that take pieces while nobody else looks. */
static int send_frame(struct st_iface *i, const struct pbuf *p)
{
	static uint8_t frame[ST_FRAME_MAX];
	struct iovec iov[PIECES];
	const void *data = p->payload;
	int n = 0;

	if (p->next && i->link->send_pieces && !st_packet_is_watched())
		n = pieces_of(p, iov);
	if (n)
		return i->link->send_pieces(i, iov, n);
	if (p->next) {
		pbuf_copy_partial(p, frame, p->tot_len, 0);
		data = frame;
	}
	st_packet_seen(i, data, p->tot_len, true);
	return i->link->send(i, data, p->tot_len);
}

/* lwIP sends a frame. */
static err_t output(struct netif *nif, struct pbuf *p)
{
	struct st_iface *i = st_iface_of(nif);

	if (!i->carrier) {
		i->tx.dropped++;
		return ERR_OK;
	}
	st_clock_touch();
	if (send_frame(i, p) < 0) {
		i->tx.dropped++;
		return ERR_OK;
	}
	i->tx.packets++;
	i->tx.bytes += p->tot_len;
	return ERR_OK;
}

/*
 * An ARP request for an address of an alias netif is its business: lwIP
 * compares with that of the netif it is given.
 */
static struct netif *netif_for(struct st_iface *i, const uint8_t *frame,
			       size_t len)
{
	const struct etharp_hdr *arp = (const void *)(frame + ETH_HLEN);
	uint32_t target;

	if (len < ETH_HLEN + sizeof(*arp) ||
	    ((const struct eth_hdr *)frame)->type != PP_HTONS(ETHTYPE_ARP))
		return i->nif;
	memcpy(&target, &arp->dipaddr, sizeof(target));
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (a->local == target)
			return a->nif;
	return i->nif;
}

/* It is counted and shown. Return: is it for lwIP? */
static bool is_for_us(struct st_iface *i, const uint8_t *frame, size_t len)
{
	if (len < ETH_HLEN || len > ST_FRAME_MAX || !st_iface_is_up(i)) {
		i->rx.dropped++;
		return false;
	}
	st_clock_touch();
	i->rx.packets++;
	i->rx.bytes += len;
	if (frame[0] & 1)
		i->multicast++;
	st_packet_seen(i, frame, len, false);
	return st_frame_is_welcome(i, frame, len);
}

static void give(struct st_iface *i, struct pbuf *p, size_t len)
{
	struct netif *nif;

	if (!p) {
		i->rx.dropped++;
		return;
	}
	nif = netif_for(i, p->payload, len);
	st_input_iface = i;
	if (nif->input(p, nif) != ERR_OK)
		pbuf_free(p);
	st_input_iface = NULL;
}

void st_iface_input(struct st_iface *i, const void *frame, size_t len)
{
	if (is_for_us(i, frame, len))
		give(i, st_frame_copy(frame, len), len);
}

void st_iface_take(struct st_iface *i, size_t len)
{
	if (is_for_us(i, st_frame_place(), len))
		give(i, st_frame_take(len), len);
}

/* What every netif of an interface has in common; lwIP's init callback. */
static err_t netif_begin(struct netif *nif)
{
	struct st_iface *i = nif->state;

	nif->name[0] = 'u';
	nif->name[1] = 'm';
	nif->output = st_forward_output4;
	nif->linkoutput = output;
	nif->mtu = (u16_t)i->mtu;
	nif->hwaddr_len = ETH_ALEN;
	if (i->link->trusted)
		NETIF_SET_CHECKSUM_CTRL(nif, NETIF_CHECKSUM_DISABLE_ALL);
	else if (i->link->whole)
		NETIF_SET_CHECKSUM_CTRL(nif, CHECKSUMS_MADE);
	nif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		     NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP;
	if (nif == i->nif) {
		nif->output_ip6 = st_forward_output6;
		nif->flags |= NETIF_FLAG_MLD6;
		nif->mtu6 = nif->mtu;
	} else {
		memcpy(nif->hwaddr, i->nif->hwaddr, ETH_ALEN);
	}
	if (i->link->l3)
		st_l3_begin(nif);
	return ERR_OK;
}

static void each_netif(struct st_iface *i, void (*fn)(struct netif *))
{
	fn(i->nif);
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		if (a->nif != i->nif)
			fn(a->nif);
}

static void update_link(struct st_iface *i)
{
	each_netif(i, i->carrier ? netif_set_link_up : netif_set_link_down);
}

void st_iface_set_carrier(struct st_iface *i, bool on)
{
	if (i->carrier == on)
		return;
	i->carrier = on;
	update_link(i);
	st_nl_link_changed(i, false);
}

/* One name of a pattern such as "vd%d", or the name itself. -EEXIST, -EINVAL. */
static int choose_name(const char *pattern, char out[IFNAMSIZ])
{
	const char *digit;

	if (!*pattern)
		pattern = "vd%d";
	digit = strstr(pattern, "%d");
	if (strlen(pattern) >= IFNAMSIZ || strchr(pattern, '/') ||
	    strchr(pattern, ' ') || !strcmp(pattern, ".") ||
	    !strcmp(pattern, ".."))
		return -EINVAL;
	if (!digit) {
		st_text_copy(out, IFNAMSIZ, pattern);
		return st_iface_by_name(out) ? -EEXIST : 0;
	}
	for (int n = 0; n < 1000; n++) {
		snprintf(out, IFNAMSIZ, "%.*s%d%s", (int)(digit - pattern),
			 pattern, n, digit + 2);
		if (!st_iface_by_name(out))
			return 0;
	}
	return -ENFILE;
}

static void append(struct st_iface *i)
{
	struct st_iface **p = &ifaces;

	while (*p)
		p = &(*p)->next;
	*p = i;
	i->index = ++last_index;
}

static void unlink_iface(struct st_iface *i)
{
	struct st_iface **p = &ifaces;

	while (*p && *p != i)
		p = &(*p)->next;
	if (*p)
		*p = i->next;
}

static void random_mac(uint8_t mac[6])
{
	uint32_t r = st_random();

	mac[0] = mac[1] = 0x02;
	memcpy(mac + 2, &r, 3);
	mac[5] = 0x06;
}

int st_iface_add(const char *name, const struct st_link_ops *link,
		 const char *arg, struct st_iface **out)
{
	struct st_iface *i = calloc(1, sizeof(*i));
	int ret;

	if (!i)
		return -ENOBUFS;
	ret = choose_name(name, i->name);
	if (ret < 0)
		goto free_iface;
	i->link = link;
	i->mtu = link->mtu ? link->mtu : 1500;
	i->txqlen = 1000;
	i->conf = st_conf_default;
	i->nif = &i->own;
	snprintf(i->alias, sizeof(i->alias), "%s", arg ? arg : "");
	memset(i->prefix6, 64, sizeof(i->prefix6));
	ret = link->open(i, arg);
	if (ret < 0)
		goto free_iface;
	random_mac(i->own.hwaddr);
	if (!netif_add_noaddr(&i->own, i, netif_begin,
			      link->l3 ? st_l3_take : ethernet_input)) {
		ret = -ENOBUFS;
		goto close_link;
	}
	netif_set_ip6_autoconfig_enabled(&i->own, !link->l3);
	append(i);
	update_link(i);
	st_nl_link_changed(i, false);
	*out = i;
	return 0;
close_link:
	link->close(i);
free_iface:
	free(i);
	return ret;
}

static void drop_addrs(struct st_iface *i)
{
	while (i->addrs4)
		st_addr4_del(i, i->addrs4->local, i->addrs4->prefix);
	for (int slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
		if (!ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, slot)))
			st_addr6_del(i, netif_ip6_addr(i->nif, slot)->addr,
				     i->prefix6[slot]);
}

int st_iface_del(struct st_iface *i)
{
	if (st_iface_is_lo(i))
		return -EOPNOTSUPP;
	st_iface_set_dhcp(i, false);
	st_iface_set_up(i, false);
	st_conn_flush_masqueraded(i->index);
	drop_addrs(i);
	st_route_flush(i->index, 0);
	netif_remove(i->nif);
	i->link->close(i);
	unlink_iface(i);
	st_nl_link_changed(i, true);
	st_packet_iface_gone(i);
	free(i);
	return 0;
}

int st_iface_rename(struct st_iface *i, const char *name)
{
	char chosen[IFNAMSIZ];
	int ret;

	if (!strcmp(i->name, name))
		return 0;
	ret = choose_name(name, chosen);
	if (ret < 0)
		return ret;
	st_text_copy(i->name, sizeof(i->name), chosen);
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		st_text_copy(a->label, sizeof(a->label), chosen);
	st_nl_link_changed(i, false);
	return 0;
}

/* As it comes up it gets its link-local address, made of the MAC. */
static void ensure_link_local(struct st_iface *i)
{
	if (st_iface_is_lo(i) || st_iface_is_l3(i) || i->mtu < 1280 ||
	    !ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, 0)))
		return;
	netif_create_ip6_linklocal_address(i->nif, 1);
	i->prefix6[0] = 64;
	st_nl_addr6_changed(i, 0, false);
}

static void connected_routes(struct st_iface *i, bool add)
{
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		st_route_connected4(i, a, add);
	for (int slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
		if (!ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, slot)))
			st_route_connected6(i, slot, add);
}

int st_iface_set_up(struct st_iface *i, bool up)
{
	if (up == st_iface_is_up(i))
		return 0;
	st_clock_touch();
	if (up) {
		i->flags |= IFF_UP;
		ensure_link_local(i);
		each_netif(i, netif_set_up);
		connected_routes(i, true);
		if (i->dhcp)
			dhcp_start(i->nif);
		st_radv_changed(i);
	} else {
		if (i->dhcp)
			dhcp_release_and_stop(i->nif);
		i->flags &= ~(unsigned int)IFF_UP;
		each_netif(i, netif_set_down);
		st_route_flush(i->index, 0);
		st_packet_iface_down(i);
	}
	st_nl_link_changed(i, false);
	return 0;
}

static void set_mtu(struct netif *nif)
{
	struct st_iface *i = st_iface_of(nif);

	nif->mtu = (u16_t)(i->mtu > 65535 ? 65535 : i->mtu);
	if (nif == i->nif)
		nif->mtu6 = nif->mtu;
}

int st_iface_set_mtu(struct st_iface *i, int mtu)
{
	int max = st_iface_is_lo(i)  ? 65536
		  : i->link->mtu_max ? i->link->mtu_max
				     : MTU_MAX;

	if (mtu < MTU_MIN || mtu > max)
		return -EINVAL;
	i->mtu = mtu;
	each_netif(i, set_mtu);
	st_nl_link_changed(i, false);
	return 0;
}

int st_iface_set_mac(struct st_iface *i, const uint8_t mac[6])
{
	if (st_iface_is_lo(i) || st_iface_is_l3(i))
		return -EOPNOTSUPP;
	if (mac[0] & 1)
		return -EADDRNOTAVAIL;
	memcpy(i->nif->hwaddr, mac, ETH_ALEN);
	for (struct st_addr4 *a = i->addrs4; a; a = a->next)
		memcpy(a->nif->hwaddr, mac, ETH_ALEN);
	if (st_iface_is_up(i))
		for (struct st_addr4 *a = i->addrs4; a; a = a->next)
			etharp_gratuitous(a->nif);
	st_nl_link_changed(i, false);
	return 0;
}

/* What DHCP found, or lost: lwIP keeps it in the first netif. */
static void dhcp_changed(struct netif *nif)
{
	struct st_iface *i = st_iface_of(nif);
	struct st_route def = { .family = AF_INET,
				.has_gateway = true,
				.table = RT_TABLE_MAIN,
				.proto = RTPROT_DHCP,
				.type = RTN_UNICAST,
				.oif = i->index };
	uint32_t addr = netif_ip4_addr(nif)->addr;
	struct st_addr4 *had = i->addrs4;
	struct st_addr4 new = { .local = addr, .scope = RT_SCOPE_UNIVERSE };

	if (!i->dhcp || (had && had->nif == nif && had->local == addr))
		return;
	if (had && had->nif == nif)
		st_addr4_del(i, had->local, had->prefix);
	if (!addr)
		return;
	new.peer = addr;
	new.prefix = (uint8_t)__builtin_popcount(netif_ip4_netmask(nif)->addr);
	new.broadcast = addr | ~netif_ip4_netmask(nif)->addr;
	if (st_addr4_add(i, &new) < 0)
		return;
	memcpy(def.gateway, &netif_ip4_gw(nif)->addr, 4);
	if (netif_ip4_gw(nif)->addr)
		st_route_add(&def, ST_ROUTE_REPLACE);
}

int st_iface_set_dhcp(struct st_iface *i, bool on)
{
	if (st_iface_is_lo(i))
		return on ? -EOPNOTSUPP : 0;
	if (on == i->dhcp)
		return 0;
	if (!on) {
		if (st_iface_is_up(i))
			dhcp_release_and_stop(i->nif);
		dhcp_cleanup(i->nif);
		i->dhcp = false;
		return 0;
	}
	i->dhcp = true;
	netif_set_status_callback(i->nif, dhcp_changed);
	if (st_iface_is_up(i) && dhcp_start(i->nif) != ERR_OK)
		return -ENOBUFS;
	return 0;
}

/* Nobody but slirp is there to be asked whether the address is in use. */
static void end_check(struct st_iface *i)
{
	const struct dhcp *d = netif_dhcp_data(i->nif);

	if (d && d->state == DHCP_STATE_CHECKING)
		dhcp_fine_tmr();
}

void st_iface_await_dhcp(struct st_iface *i)
{
	uint64_t end = st_now_ms() + SLIRP_MS;

	if (!i->dhcp || !st_iface_is_up(i) || !i->link ||
	    strcmp(i->link->kind, "slirp") != 0)
		return;
	while (!i->addrs4 && st_now_ms() < end) {
		st_loop_round(true);
		end_check(i);
	}
}

/* lo is the netif that lwIP makes itself; 127.0.0.1 and ::1 are in it. */
int st_iface_init(void)
{
	struct st_iface *lo = calloc(1, sizeof(*lo));
	struct st_addr4 *a = calloc(1, sizeof(*a));

	lwip_init();
	if (!lo || !a || !netif_list)
		return -ENOMEM;
	st_text_copy(lo->name, sizeof(lo->name), "lo");
	lo->nif = netif_list;
	lo->nif->state = lo;
	lo->mtu = 65536;
	lo->txqlen = 1000;
	lo->flags = IFF_UP;
	lo->carrier = true;
	set_mtu(lo->nif);
	NETIF_SET_CHECKSUM_CTRL(lo->nif, NETIF_CHECKSUM_DISABLE_ALL);
	netif_set_flags(lo->nif, NETIF_FLAG_BROADCAST);
	memset(lo->prefix6, 128, sizeof(lo->prefix6));
	*a = (struct st_addr4){ .nif = lo->nif,
				.local = PP_HTONL(INADDR_LOOPBACK),
				.peer = PP_HTONL(INADDR_LOOPBACK),
				.prefix = 8,
				.scope = RT_SCOPE_HOST,
				.flags = IFA_F_PERMANENT };
	netif_ip6_addr_set_state(lo->nif, 0, IP6_ADDR_PREFERRED);
	st_text_copy(a->label, sizeof(a->label), "lo");
	lo->addrs4 = a;
	append(lo);
	connected_routes(lo, true);
	return 0;
}
