// SPDX-License-Identifier: GPL-2.0-or-later
/* nladdr.c - RTM_NEWADDR, DELADDR, GETADDR; rtnetlink(7) */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if_addr.h>
#include <string.h>
#include <sys/socket.h>

#include "nl.h"

static void put_addr4(struct st_nl_out *o, const struct nlmsghdr *asked,
		      const struct st_iface *i, const struct st_addr4 *a,
		      int type, int flags)
{
	struct ifa_cacheinfo cache = { .ifa_prefered = ~0U, .ifa_valid = ~0U };
	struct ifaddrmsg *m = st_nl_begin(o, asked, type, flags, sizeof(*m));
	uint32_t bits =
		a->flags |
		(i->dhcp && a->nif == i->nif ? 0U : (uint32_t)IFA_F_PERMANENT);

	if (!m)
		return;
	m->ifa_family = AF_INET;
	m->ifa_prefixlen = a->prefix;
	m->ifa_flags = (uint8_t)bits;
	m->ifa_scope = a->scope;
	m->ifa_index = (uint32_t)i->index;
	st_nl_attr(o, IFA_ADDRESS, &a->peer, 4);
	st_nl_attr(o, IFA_LOCAL, &a->local, 4);
	if (a->broadcast)
		st_nl_attr(o, IFA_BROADCAST, &a->broadcast, 4);
	st_nl_attr_str(o, IFA_LABEL, a->label);
	st_nl_attr_u32(o, IFA_FLAGS, bits);
	st_nl_attr(o, IFA_CACHEINFO, &cache, sizeof(cache));
	st_nl_end(o);
}

static uint8_t scope6(const ip6_addr_t *ip)
{
	return ip6_addr_isloopback(ip)	  ? RT_SCOPE_HOST
	       : ip6_addr_islinklocal(ip) ? RT_SCOPE_LINK
					  : RT_SCOPE_UNIVERSE;
}

static uint32_t life(uint32_t left)
{
	return ip6_addr_life_isstatic(left) || ip6_addr_life_isinfinite(left)
		       ? ~0U
		       : left;
}

static void put_addr6(struct st_nl_out *o, const struct nlmsghdr *asked,
		      const struct st_iface *i, int slot, int type, int flags)
{
	const ip6_addr_t *ip = netif_ip6_addr(i->nif, slot);
	uint8_t state = netif_ip6_addr_state(i->nif, slot);
	uint32_t valid = netif_ip6_addr_valid_life(i->nif, slot), bits = 0;
	struct ifa_cacheinfo cache = {
		.ifa_prefered = life(netif_ip6_addr_pref_life(i->nif, slot)),
		.ifa_valid = life(valid),
	};
	struct ifaddrmsg *m = st_nl_begin(o, asked, type, flags, sizeof(*m));

	if (!m)
		return;
	if (ip6_addr_life_isstatic(valid))
		bits |= IFA_F_PERMANENT;
	if (ip6_addr_istentative(state))
		bits |= IFA_F_TENTATIVE;
	if (ip6_addr_isduplicated(state))
		bits |= IFA_F_DADFAILED | IFA_F_TENTATIVE;
	if (ip6_addr_isdeprecated(state))
		bits |= IFA_F_DEPRECATED;
	m->ifa_family = AF_INET6;
	m->ifa_prefixlen = i->prefix6[slot];
	m->ifa_flags = (uint8_t)bits;
	m->ifa_scope = scope6(ip);
	m->ifa_index = (uint32_t)i->index;
	st_nl_attr(o, IFA_ADDRESS, ip->addr, 16);
	st_nl_attr_u32(o, IFA_FLAGS, bits);
	st_nl_attr(o, IFA_CACHEINFO, &cache, sizeof(cache));
	st_nl_end(o);
}

void st_nl_addr4_changed(const struct st_iface *i, const struct st_addr4 *a,
			 bool gone)
{
	struct st_nl_out o = { 0 };

	put_addr4(&o, NULL, i, a, gone ? RTM_DELADDR : RTM_NEWADDR, 0);
	st_nl_tell(RTNLGRP_IPV4_IFADDR, &o);
}

void st_nl_addr6_changed(const struct st_iface *i, int slot, bool gone)
{
	struct st_nl_out o = { 0 };

	put_addr6(&o, NULL, i, slot, gone ? RTM_DELADDR : RTM_NEWADDR, 0);
	st_nl_tell(RTNLGRP_IPV6_IFADDR, &o);
}

static bool has_addr6(const struct st_iface *i, int slot)
{
	return !ip6_addr_isinvalid(netif_ip6_addr_state(i->nif, slot));
}

static void dump(const struct nlmsghdr *h, const struct ifaddrmsg *m,
		 struct st_nl_out *o)
{
	int flags = NLM_F_MULTI | (m->ifa_index ? NLM_F_DUMP_FILTERED : 0);

	for (struct st_iface *i = st_iface_first(); i; i = i->next) {
		if (m->ifa_index && (int)m->ifa_index != i->index)
			continue;
		for (struct st_addr4 *a = i->addrs4;
		     a && m->ifa_family != AF_INET6; a = a->next)
			put_addr4(o, h, i, a, RTM_NEWADDR, flags);
	}
	for (struct st_iface *i = st_iface_first(); i; i = i->next) {
		if (m->ifa_family == AF_INET ||
		    (m->ifa_index && (int)m->ifa_index != i->index))
			continue;
		for (int slot = 0; slot < LWIP_IPV6_NUM_ADDRESSES; slot++)
			if (has_addr6(i, slot))
				put_addr6(o, h, i, slot, RTM_NEWADDR, flags);
	}
}

static int new4(struct st_iface *i, const struct nlmsghdr *h,
		const struct ifaddrmsg *m, const struct st_nl_attrs *a)
{
	const void *local = st_nl_get(a, IFA_LOCAL, 4);
	const void *peer = st_nl_get(a, IFA_ADDRESS, 4);
	const void *broadcast = st_nl_get(a, IFA_BROADCAST, 4);
	struct st_addr4 new = { .prefix = m->ifa_prefixlen,
				.scope = m->ifa_scope };
	int ret;

	if (m->ifa_prefixlen > 32)
		return st_nl_fail(-EINVAL, "ipv4: Invalid prefix length");
	if (!local)
		return st_nl_fail(-EINVAL,
				  "ipv4: Local address is not supplied");
	memcpy(&new.local, local, 4);
	new.peer = new.local;
	if (peer)
		memcpy(&new.peer, peer, 4);
	if (broadcast)
		memcpy(&new.broadcast, broadcast, 4);
	new.flags = st_nl_get_u32(a, IFA_FLAGS, m->ifa_flags) &
		    (uint32_t) ~(IFA_F_SECONDARY | IFA_F_TENTATIVE);
	if (st_nl_get_str(a, IFA_LABEL, new.label, sizeof(new.label)) < 0)
		return -EINVAL;
	ret = st_addr4_add(i, &new);
	if (ret == -EEXIST && !(h->nlmsg_flags & NLM_F_EXCL) &&
	    (h->nlmsg_flags & NLM_F_REPLACE))
		return 0;
	if (ret == -EEXIST)
		return st_nl_fail(ret, "ipv4: Address already assigned");
	return ret;
}

static int new6(struct st_iface *i, const struct nlmsghdr *h,
		const struct ifaddrmsg *m, const struct st_nl_attrs *a)
{
	const void *addr = st_nl_get(a, IFA_LOCAL, 16);
	const struct ifa_cacheinfo *c = st_nl_get(a, IFA_CACHEINFO, sizeof(*c));
	uint32_t flags = st_nl_get_u32(a, IFA_FLAGS, m->ifa_flags);
	int ret;

	if (!addr)
		addr = st_nl_get(a, IFA_ADDRESS, 16);
	if (!addr)
		return st_nl_fail(-EINVAL, "ipv6: address is not supplied");
	if (m->ifa_prefixlen > 128)
		return st_nl_fail(-EINVAL, "ipv6: Invalid prefix length");
	if (c && (!c->ifa_valid || c->ifa_prefered > c->ifa_valid))
		return st_nl_fail(-EINVAL, "ipv6: address lifetime invalid");
	if (*(const uint8_t *)addr == 0xff)
		return st_nl_fail(-EINVAL,
				  "ipv6: Cannot assign multicast address");
	ret = st_addr6_add(i, addr, m->ifa_prefixlen, flags & IFA_F_NODAD,
			   c ? c->ifa_valid : ~0U, c ? c->ifa_prefered : ~0U);
	if (ret == -EEXIST && !(h->nlmsg_flags & NLM_F_EXCL))
		return 0;
	if (ret == -EEXIST)
		return st_nl_fail(ret, "ipv6: address already assigned");
	return ret;
}

static int del(struct st_iface *i, const struct ifaddrmsg *m,
	       const struct st_nl_attrs *a)
{
	size_t len = m->ifa_family == AF_INET ? 4 : 16;
	const void *addr = st_nl_get(a, IFA_LOCAL, len);
	uint32_t local;
	int ret;

	if (!addr)
		addr = st_nl_get(a, IFA_ADDRESS, len);
	if (!addr)
		return st_nl_fail(-EINVAL, "the address is not supplied");
	if (len == 16) {
		ret = st_addr6_del(i, addr, m->ifa_prefixlen);
		return ret < 0 ? st_nl_fail(ret, "ipv6: address not found") : 0;
	}
	memcpy(&local, addr, 4);
	ret = st_addr4_del(i, local, m->ifa_prefixlen);
	return ret < 0 ? st_nl_fail(ret, "ipv4: Address not found") : 0;
}

int st_nl_addr(const struct nlmsghdr *h, struct st_nl_out *o)
{
	static const struct ifaddrmsg none;
	const struct ifaddrmsg *m = st_nl_data(h);
	struct ifaddrmsg family = { 0 };
	struct st_nl_attrs a = { 0 };
	struct st_iface *i;
	int ret = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m))) {
		ret = st_nl_parse((const char *)m + NLMSG_ALIGN(sizeof(*m)),
				  h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), &a);
	} else if (h->nlmsg_type == RTM_GETADDR) {
		/* A struct rtgenmsg alone: glibc's. */
		if (h->nlmsg_len > sizeof(*h))
			family.ifa_family = *(const uint8_t *)m;
		m = h->nlmsg_len > sizeof(*h) ? &family : &none;
	} else {
		ret = -EINVAL;
	}
	if (ret < 0)
		return ret;
	if (h->nlmsg_type == RTM_GETADDR) {
		if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
			return -EOPNOTSUPP;
		dump(h, m, o);
		return 0;
	}
	if (m->ifa_family != AF_INET && m->ifa_family != AF_INET6)
		return -EAFNOSUPPORT;
	i = st_iface_by_index((int)m->ifa_index);
	if (!i)
		return st_nl_fail(-ENODEV, "Unable to find the device");
	if (h->nlmsg_type == RTM_DELADDR)
		return del(i, m, &a);
	return m->ifa_family == AF_INET ? new4(i, h, m, &a) : new6(i, h, m, &a);
}
