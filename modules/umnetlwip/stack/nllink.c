// SPDX-License-Identifier: GPL-2.0-or-later
/* nllink.c - RTM_NEWLINK, DELLINK, GETLINK, SETLINK; rtnetlink(7) */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "nl.h"
#include "tap.h"
#include "text.h"

static void put_stats(struct st_nl_out *o, const struct st_iface *i)
{
	struct rtnl_link_stats64 all = { .rx_packets = i->rx.packets,
					 .tx_packets = i->tx.packets,
					 .rx_bytes = i->rx.bytes,
					 .tx_bytes = i->tx.bytes,
					 .rx_errors = i->rx.errors,
					 .tx_errors = i->tx.errors,
					 .rx_dropped = i->rx.dropped,
					 .tx_dropped = i->tx.dropped,
					 .multicast = i->multicast };
	struct rtnl_link_stats few = {
		.rx_packets = (uint32_t)all.rx_packets,
		.tx_packets = (uint32_t)all.tx_packets,
		.rx_bytes = (uint32_t)all.rx_bytes,
		.tx_bytes = (uint32_t)all.tx_bytes,
		.rx_dropped = (uint32_t)all.rx_dropped,
		.tx_dropped = (uint32_t)all.tx_dropped,
	};

	st_nl_attr(o, IFLA_STATS64, &all, sizeof(all));
	st_nl_attr(o, IFLA_STATS, &few, sizeof(few));
}

static void put_kind(struct st_nl_out *o, const struct st_iface *i)
{
	size_t nest;

	if (!i->link)
		return;
	nest = st_nl_nest(o, IFLA_LINKINFO);
	st_nl_attr_str(o, IFLA_INFO_KIND, i->link->kind);
	st_tap_put_info(o, i);
	st_nl_nest_end(o, nest);
}

static void put_link(struct st_nl_out *o, const struct nlmsghdr *asked,
		     const struct st_iface *i, int type, int flags)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };
	static const uint8_t zero[6];
	struct rtnl_link_ifmap map = { 0 };
	bool lo = st_iface_is_lo(i), running = st_iface_is_up(i) && i->carrier;
	struct ifinfomsg *m = st_nl_begin(o, asked, type, flags, sizeof(*m));
	uint8_t state = lo	  ? IF_OPER_UNKNOWN
			: running ? IF_OPER_UP
				  : IF_OPER_DOWN;
	uint8_t mode = 0, carrier = i->carrier;

	if (!m)
		return;
	m->ifi_type = (unsigned short)st_iface_type(i);
	m->ifi_index = i->index;
	m->ifi_flags = st_iface_flags(i);
	st_nl_attr_str(o, IFLA_IFNAME, i->name);
	st_nl_attr_u32(o, IFLA_TXQLEN, (uint32_t)i->txqlen);
	st_nl_attr(o, IFLA_OPERSTATE, &state, 1);
	st_nl_attr(o, IFLA_LINKMODE, &mode, 1);
	st_nl_attr_u32(o, IFLA_MTU, (uint32_t)i->mtu);
	st_nl_attr_u32(o, IFLA_MIN_MTU, lo ? 0 : 68);
	st_nl_attr_u32(o, IFLA_MAX_MTU,
		       lo		  ? 0
		       : i->link->mtu_max ? (uint32_t)i->link->mtu_max
					  : 9216);
	st_nl_attr_u32(o, IFLA_GROUP, i->group);
	st_nl_attr_u32(o, IFLA_PROMISCUITY, 0);
	st_nl_attr_u32(o, IFLA_NUM_TX_QUEUES, 1);
	st_nl_attr_u32(o, IFLA_NUM_RX_QUEUES, 1);
	st_nl_attr(o, IFLA_CARRIER, &carrier, 1);
	st_nl_attr_str(o, IFLA_QDISC, lo ? "noqueue" : "fifo");
	st_nl_attr(o, IFLA_MAP, &map, sizeof(map));
	if (!st_iface_is_l3(i)) {
		st_nl_attr(o, IFLA_ADDRESS, lo ? zero : i->nif->hwaddr, 6);
		st_nl_attr(o, IFLA_BROADCAST, lo ? zero : all, 6);
	}
	if (i->alias[0])
		st_nl_attr_str(o, IFLA_IFALIAS, i->alias);
	put_stats(o, i);
	put_kind(o, i);
	st_nl_end(o);
}

void st_nl_link_changed(const struct st_iface *i, bool gone)
{
	struct st_nl_out o = { 0 };

	put_link(&o, NULL, i, gone ? RTM_DELLINK : RTM_NEWLINK, 0);
	st_nl_tell(RTNLGRP_LINK, &o);
}

/* The interface that a request means: by index, else by name. */
static int which(const struct ifinfomsg *m, const struct st_nl_attrs *a,
		 struct st_iface **out)
{
	char name[IFNAMSIZ];
	int ret;

	*out = NULL;
	if (m->ifi_index) {
		*out = st_iface_by_index(m->ifi_index);
		return *out ? 0 : -ENODEV;
	}
	ret = st_nl_get_str(a, IFLA_IFNAME, name, sizeof(name));
	if (ret == 0)
		ret = st_nl_get_str(a, IFLA_ALT_IFNAME, name, sizeof(name));
	if (ret <= 0)
		return ret < 0 ? ret : -EINVAL;
	*out = st_iface_by_name(name);
	return *out ? 0 : -ENODEV;
}

static int kind_of(const struct st_nl_attrs *a, char *kind, size_t size)
{
	const struct nlattr *info = a->of[IFLA_LINKINFO];
	struct st_nl_attrs inner;
	int ret;

	kind[0] = '\0';
	if (!info)
		return 0;
	ret = st_nl_parse(info + 1, info->nla_len - sizeof(*info), &inner);
	return ret < 0 ? ret
		       : st_nl_get_str(&inner, IFLA_INFO_KIND, kind, size);
}

static int dump(const struct nlmsghdr *h, const struct st_nl_attrs *a,
		struct st_nl_out *o)
{
	char kind[32];
	int ret = kind_of(a, kind, sizeof(kind));

	if (ret < 0)
		return ret;
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (!kind[0] || (i->link && !strcmp(i->link->kind, kind)))
			put_link(o, h, i, RTM_NEWLINK,
				 NLM_F_MULTI |
					 (kind[0] ? NLM_F_DUMP_FILTERED : 0));
	return 0;
}

static int create(const struct nlmsghdr *h, const struct ifinfomsg *m,
		  const struct st_nl_attrs *a, struct st_iface **out)
{
	char name[IFNAMSIZ] = "", kind[32], alias[256] = "";
	const struct st_link_ops *link;
	int ret = kind_of(a, kind, sizeof(kind));

	if (ret < 0)
		return ret;
	if (!(h->nlmsg_flags & NLM_F_CREATE))
		return -ENODEV;
	if (m->ifi_index)
		return st_nl_fail(-EOPNOTSUPP, "an index cannot be chosen");
	link = kind[0] ? st_link_find(kind) : NULL;
	if (!link)
		return st_nl_fail(
			-EOPNOTSUPP,
			!kind[0] ? "the kind of link is not told"
			: strcmp(kind, "tun") != 0
				? "Unknown device type"
				: "tun/tap creation via rtnetlink is not supported.");
	ret = st_nl_get_str(a, IFLA_IFNAME, name, sizeof(name));
	if (ret >= 0)
		ret = st_nl_get_str(a, IFLA_IFALIAS, alias, sizeof(alias));
	if (ret < 0)
		return ret;
	ret = st_iface_add(name, link, alias[0] ? alias : NULL, out);
	if (ret < 0 && *st_link_why())
		return st_nl_fail(ret, st_link_why());
	return ret;
}

/* A new address of the link: unplugged here, plugged in there. */
static int set_alias(struct st_iface *i, const struct st_nl_attrs *a)
{
	char alias[256];
	int ret = st_nl_get_str(a, IFLA_IFALIAS, alias, sizeof(alias));

	if (ret <= 0 || st_iface_is_lo(i))
		return ret;
	if (!i->link->own_alias) {
		i->link->close(i);
		ret = i->link->open(i, alias[0] ? alias : NULL);
	}
	if (ret < 0) {
		st_iface_set_carrier(i, false);
		return *st_link_why() ? st_nl_fail(ret, st_link_why()) : ret;
	}
	st_text_copy(i->alias, sizeof(i->alias), alias);
	st_nl_link_changed(i, false);
	return 0;
}

static int set_dhcp(struct st_iface *i, const struct ifinfomsg *m)
{
	/* "ip link set dev vd0 dynamic on", as IFF_DYNAMIC. */
	if (!(m->ifi_change & IFF_DYNAMIC))
		return 0;
	return st_iface_set_dhcp(i, m->ifi_flags & IFF_DYNAMIC);
}

static int set_flags(struct st_iface *i, const struct ifinfomsg *m)
{
	unsigned int kept = IFF_PROMISC | IFF_ALLMULTI | IFF_NOARP;
	unsigned int changed = m->ifi_change  ? m->ifi_change
			       : m->ifi_flags ? ~0U
					      : 0;
	int ret = set_dhcp(i, m);

	if (ret < 0)
		return ret;
	kept &= changed;
	i->flags = (i->flags & ~kept) | (m->ifi_flags & kept);
	return (changed & IFF_UP) ? st_iface_set_up(i, m->ifi_flags & IFF_UP)
				  : 0;
}

static int change(struct st_iface *i, const struct ifinfomsg *m,
		  const struct st_nl_attrs *a, bool is_new)
{
	const uint8_t *mac = st_nl_get(a, IFLA_ADDRESS, 6);
	char name[IFNAMSIZ];
	int ret = 0;

	if (a->of[IFLA_NET_NS_PID] || a->of[IFLA_NET_NS_FD])
		return st_nl_fail(
			-EOPNOTSUPP,
			"a link stays in its stack: give the other one a link of its own");
	if (a->of[IFLA_MASTER] && st_nl_get_u32(a, IFLA_MASTER, 0))
		return st_nl_fail(-EOPNOTSUPP, "there are no bridges here");
	if (a->of[IFLA_ADDRESS] && !mac)
		return -EINVAL;
	if (mac)
		ret = st_iface_set_mac(i, mac);
	if (ret == 0 && a->of[IFLA_MTU])
		ret = st_iface_set_mtu(i,
				       (int)st_nl_get_u32(a, IFLA_MTU, 1500));
	if (ret == -EINVAL && a->of[IFLA_MTU])
		st_nl_fail(ret, st_nl_get_u32(a, IFLA_MTU, 1500) < 1500
					? "mtu less than device minimum"
					: "mtu greater than device maximum");
	if (ret == 0 && !is_new && m->ifi_index &&
	    st_nl_get_str(a, IFLA_IFNAME, name, sizeof(name)) > 0)
		ret = st_iface_rename(i, name);
	if (ret == 0 && !is_new)
		ret = set_alias(i, a);
	if (ret < 0)
		return ret;
	if (a->of[IFLA_TXQLEN])
		i->txqlen = (int)st_nl_get_u32(a, IFLA_TXQLEN, 1000);
	if (a->of[IFLA_GROUP])
		i->group = st_nl_get_u32(a, IFLA_GROUP, 0);
	return set_flags(i, m);
}

static int new_link(const struct nlmsghdr *h, const struct ifinfomsg *m,
		    const struct st_nl_attrs *a)
{
	struct st_iface *i;
	bool is_new = false;
	int ret = which(m, a, &i);

	if (ret == 0 && (h->nlmsg_flags & NLM_F_EXCL))
		return -EEXIST;
	/* Without a name there is none: ip(8) asks, to see what is supported. */
	if (ret == -ENODEV ||
	    (ret == -EINVAL && h->nlmsg_type == RTM_NEWLINK)) {
		ret = create(h, m, a, &i);
		is_new = true;
	}
	if (ret < 0)
		return ret;
	ret = change(i, m, a, is_new);
	if (ret < 0 && is_new)
		st_iface_del(i);
	return ret;
}

int st_nl_link(const struct nlmsghdr *h, struct st_nl_out *o)
{
	const struct ifinfomsg *m = st_nl_data(h);
	static const struct ifinfomsg none;
	struct st_nl_attrs a = { 0 };
	struct st_iface *i;
	int ret = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m)))
		ret = st_nl_parse((const char *)m + NLMSG_ALIGN(sizeof(*m)),
				  h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), &a);
	else if (h->nlmsg_type == RTM_GETLINK)
		m = &none; /* a struct rtgenmsg alone */
	else
		ret = -EINVAL;
	if (ret < 0)
		return ret;
	if (h->nlmsg_type == RTM_NEWLINK || h->nlmsg_type == RTM_SETLINK)
		return new_link(h, m, &a);
	if (h->nlmsg_type == RTM_GETLINK &&
	    (h->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP)
		return dump(h, &a, o);
	ret = which(m, &a, &i);
	if (ret < 0)
		return ret;
	if (h->nlmsg_type == RTM_DELLINK)
		return st_iface_del(i);
	put_link(o, h, i, RTM_NEWLINK, 0);
	return 0;
}
