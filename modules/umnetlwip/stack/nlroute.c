// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * nlroute.c - RTM_NEWROUTE, DELROUTE, GETROUTE, and the three rules there are
 *
 * The table "local" is not kept: it is what the addresses say. What routers
 * advertise is lwIP's, and shown as proto ra.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <string.h>
#include <sys/socket.h>

#include "lwip/nd6.h"
#include "lwip/priv/nd6_priv.h"
#include "nl.h"

static size_t addr_len(int family)
{
	return family == AF_INET ? 4 : 16;
}

static void put_route(struct st_nl_out *o, const struct nlmsghdr *asked,
		      const struct st_route *r, int type, int flags,
		      unsigned int bits)
{
	struct rtmsg *m = st_nl_begin(o, asked, type, flags, sizeof(*m));
	size_t len = addr_len(r->family);
	struct rta_cacheinfo cache = { 0 };
	uint8_t pref = 0;

	if (!m)
		return;
	m->rtm_family = (uint8_t)r->family;
	m->rtm_dst_len = r->prefix;
	m->rtm_table = r->table < 256 ? (uint8_t)r->table : RT_TABLE_COMPAT;
	m->rtm_protocol = r->proto;
	m->rtm_scope = r->scope;
	m->rtm_type = r->type;
	m->rtm_flags = bits;
	st_nl_attr_u32(o, RTA_TABLE, r->table);
	if (r->prefix)
		st_nl_attr(o, RTA_DST, r->dst, len);
	if (r->metric)
		st_nl_attr_u32(o, RTA_PRIORITY, r->metric);
	if (r->has_source)
		st_nl_attr(o, RTA_PREFSRC, r->source, len);
	if (r->has_gateway)
		st_nl_attr(o, RTA_GATEWAY, r->gateway, len);
	if (r->oif)
		st_nl_attr_u32(o, RTA_OIF, (uint32_t)r->oif);
	if (r->mtu) {
		size_t nest = st_nl_nest(o, RTA_METRICS);

		st_nl_attr_u32(o, RTAX_MTU, r->mtu);
		st_nl_nest_end(o, nest);
	}
	if (r->family == AF_INET6) {
		st_nl_attr(o, RTA_CACHEINFO, &cache, sizeof(cache));
		st_nl_attr(o, RTA_PREF, &pref, 1);
	}
	st_nl_end(o);
}

void st_nl_route_changed(const struct st_route *r, bool gone)
{
	struct st_nl_out o = { 0 };

	put_route(&o, NULL, r, gone ? RTM_DELROUTE : RTM_NEWROUTE, 0, 0);
	st_nl_tell(r->family == AF_INET ? RTNLGRP_IPV4_ROUTE
					: RTNLGRP_IPV6_ROUTE,
		   &o);
}

/* ---- dumps ---- */

static void local4(struct st_nl_out *o, const struct nlmsghdr *h,
		   const struct st_iface *i, uint32_t dst, int prefix,
		   uint32_t source, int type)
{
	struct st_route r = { .family = AF_INET,
			      .table = RT_TABLE_LOCAL,
			      .proto = RTPROT_KERNEL,
			      .scope = type == RTN_BROADCAST ? RT_SCOPE_LINK
							     : RT_SCOPE_HOST,
			      .type = (uint8_t)type,
			      .prefix = (uint8_t)prefix,
			      .oif = i->index,
			      .has_source = true };

	memcpy(r.dst, &dst, 4);
	memcpy(r.source, &source, 4);
	put_route(o, h, &r, RTM_NEWROUTE, NLM_F_MULTI, 0);
}

static void local6(struct st_nl_out *o, const struct nlmsghdr *h,
		   const struct st_iface *i, const void *dst)
{
	struct st_route r = { .family = AF_INET6,
			      .table = RT_TABLE_LOCAL,
			      .proto = RTPROT_KERNEL,
			      .scope = RT_SCOPE_UNIVERSE,
			      .type = RTN_LOCAL,
			      .prefix = 128,
			      .oif = i->index };

	memcpy(r.dst, dst, 16);
	put_route(o, h, &r, RTM_NEWROUTE, NLM_F_MULTI, 0);
}

static void dump_local(const struct nlmsghdr *h, int family,
		       struct st_nl_out *o)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next) {
		if (!st_iface_is_up(i))
			continue;
		for (struct st_addr4 *a = i->addrs4; a && family != AF_INET6;
		     a = a->next) {
			uint32_t net = a->local & htonl(0xff000000);

			if (st_iface_is_lo(i))
				local4(o, h, i, net, 8, a->local, RTN_LOCAL);
			local4(o, h, i, a->local, 32, a->local, RTN_LOCAL);
			if (a->broadcast)
				local4(o, h, i, a->broadcast, 32, a->local,
				       RTN_BROADCAST);
		}
		for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++)
			if (family != AF_INET &&
			    !ip6_addr_isinvalid(
				    netif_ip6_addr_state(i->nif, n)))
				local6(o, h, i,
				       netif_ip6_addr(i->nif, n)->addr);
	}
}

static void dump_advertised(const struct nlmsghdr *h, struct st_nl_out *o)
{
	struct st_route r = { .family = AF_INET6,
			      .table = RT_TABLE_MAIN,
			      .proto = RTPROT_RA,
			      .type = RTN_UNICAST,
			      .metric = 1024 };

	for (int n = 0; n < LWIP_ND6_NUM_PREFIXES; n++) {
		if (!prefix_list[n].netif || !prefix_list[n].invalidation_timer)
			continue;
		r.prefix = 64;
		r.metric = 256;
		r.oif = st_iface_of(prefix_list[n].netif)->index;
		memcpy(r.dst, prefix_list[n].prefix.addr, 16);
		put_route(o, h, &r, RTM_NEWROUTE, NLM_F_MULTI, 0);
	}
	memset(r.dst, 0, sizeof(r.dst));
	r.prefix = 0;
	r.metric = 1024;
	r.has_gateway = true;
	for (int n = 0; n < LWIP_ND6_NUM_ROUTERS; n++) {
		const struct nd6_neighbor_cache_entry *e =
			default_router_list[n].neighbor_entry;

		if (!e || !e->netif)
			continue;
		memcpy(r.gateway, e->next_hop_address.addr, 16);
		r.oif = st_iface_of(e->netif)->index;
		put_route(o, h, &r, RTM_NEWROUTE, NLM_F_MULTI, 0);
	}
}

static bool is_wanted(const struct st_route *r, const struct rtmsg *m)
{
	return (!m->rtm_family || m->rtm_family == r->family) &&
	       (!m->rtm_protocol || m->rtm_protocol == r->proto) &&
	       (!m->rtm_type || m->rtm_type == r->type);
}

static void dump(const struct nlmsghdr *h, const struct rtmsg *m,
		 const struct st_nl_attrs *a, struct st_nl_out *o)
{
	uint32_t table = st_nl_get_u32(a, RTA_TABLE, m->rtm_table);
	int oif = (int)st_nl_get_u32(a, RTA_OIF, 0);
	const struct st_route *r;

	if (!table || table == RT_TABLE_LOCAL)
		dump_local(h, m->rtm_family, o);
	/* Defaults first, as the kernel lists them. */
	for (int pass = 0; pass < 2; pass++)
		for (size_t n = 0; (r = st_route_at(n)); n++)
			if ((pass == 0) == (r->prefix == 0) &&
			    (!table || table == r->table) &&
			    (!oif || oif == r->oif) && is_wanted(r, m))
				put_route(o, h, r, RTM_NEWROUTE, NLM_F_MULTI,
					  0);
	if ((!table || table == RT_TABLE_MAIN) && m->rtm_family != AF_INET)
		dump_advertised(h, o);
}

/* ---- "ip route get" ---- */

static int get_local(const struct nlmsghdr *h, int family, const void *dst,
		     struct st_nl_out *o)
{
	struct st_route r = { .family = family,
			      .table = RT_TABLE_LOCAL,
			      .type = RTN_LOCAL,
			      .prefix = family == AF_INET ? 32 : 128,
			      .has_source = true,
			      .oif = 1 };

	memcpy(r.dst, dst, addr_len(family));
	memcpy(r.source, dst, addr_len(family));
	put_route(o, h, &r, RTM_NEWROUTE, 0, RTM_F_CLONED);
	return 0;
}

static int get(const struct nlmsghdr *h, const struct rtmsg *m,
	       const struct st_nl_attrs *a, struct st_nl_out *o)
{
	int family = m->rtm_family, oif = (int)st_nl_get_u32(a, RTA_OIF, 0);
	const void *dst;
	const struct st_route *found;
	struct st_route r;
	uint32_t four, source;
	int ret;

	if (family != AF_INET && family != AF_INET6)
		return -EAFNOSUPPORT;
	dst = st_nl_get(a, RTA_DST, addr_len(family));
	if (!dst)
		return st_nl_fail(-EINVAL, "no destination is told");
	memcpy(&four, dst, 4);
	if (family == AF_INET ? st_is_local4(four) : st_is_local6(dst))
		return get_local(h, family, dst, o);
	ret = st_route_check(family, dst, oif);
	if (ret < 0)
		return ret;
	found = st_route_find(family, dst, oif);
	if (!found)
		return -ENETUNREACH;
	r = *found;
	r.prefix = family == AF_INET ? 32 : 128;
	memcpy(r.dst, dst, addr_len(family));
	r.scope = RT_SCOPE_UNIVERSE;
	if (family == AF_INET && st_route_source4(four, oif, &source) == 0) {
		r.has_source = true;
		memcpy(r.source, &source, 4);
	}
	put_route(o, h, &r, RTM_NEWROUTE, 0, RTM_F_CLONED);
	return 0;
}

/* ---- changes ---- */

static int metrics(const struct st_nl_attrs *a, struct st_route *r)
{
	const struct nlattr *nest = a->of[RTA_METRICS];
	struct st_nl_attrs inner;
	int ret;

	if (!nest)
		return 0;
	ret = st_nl_parse(nest + 1, nest->nla_len - sizeof(*nest), &inner);
	if (ret == 0)
		r->mtu = st_nl_get_u32(&inner, RTAX_MTU, 0);
	return ret;
}

static int parse(const struct rtmsg *m, const struct st_nl_attrs *a,
		 struct st_route *r)
{
	size_t len = addr_len(m->rtm_family);
	const void *dst = st_nl_get(a, RTA_DST, len);
	const void *gateway = st_nl_get(a, RTA_GATEWAY, len);
	const void *source = st_nl_get(a, RTA_PREFSRC, len);

	if (m->rtm_family != AF_INET && m->rtm_family != AF_INET6)
		return st_nl_fail(-EAFNOSUPPORT, "Unsupported address family");
	if (m->rtm_dst_len > len * 8)
		return st_nl_fail(-EINVAL, "Invalid prefix length");
	if (a->of[RTA_MULTIPATH] || a->of[RTA_VIA] || a->of[RTA_ENCAP])
		return st_nl_fail(-EOPNOTSUPP,
				  "a route has one gateway of its own family");
	*r = (struct st_route){ .family = m->rtm_family,
				.prefix = m->rtm_dst_len,
				.proto = m->rtm_protocol,
				.scope = m->rtm_scope,
				.type = m->rtm_type };
	if (dst)
		memcpy(r->dst, dst, len);
	else if (m->rtm_dst_len)
		return st_nl_fail(-EINVAL, "no destination is told");
	if (gateway) {
		r->has_gateway = true;
		memcpy(r->gateway, gateway, len);
	}
	if (source) {
		r->has_source = true;
		memcpy(r->source, source, len);
	}
	r->table = st_nl_get_u32(a, RTA_TABLE, m->rtm_table);
	r->metric = st_nl_get_u32(a, RTA_PRIORITY, 0);
	r->oif = (int)st_nl_get_u32(a, RTA_OIF, 0);
	if (r->family == AF_INET6)
		r->scope = RT_SCOPE_UNIVERSE;
	return metrics(a, r);
}

static bool host_bits(const struct st_route *r)
{
	for (size_t bit = r->prefix; bit < addr_len(r->family) * 8; bit++)
		if (r->dst[bit / 8] >> (7 - bit % 8) & 1)
			return true;
	return false;
}

/* Where the gateway is, if not told; it must be on a link. */
static int find_link(struct st_route *r)
{
	const struct st_route *via;
	struct st_iface *i = r->oif ? st_iface_by_index(r->oif) : NULL;
	bool link_local = r->family == AF_INET6 && r->gateway[0] == 0xfe &&
			  (r->gateway[1] & 0xc0) == 0x80;

	if (r->oif && !i)
		return -ENODEV;
	if (i && !st_iface_is_up(i))
		return st_nl_fail(-ENETDOWN, "Device for nexthop is not up");
	if (!r->has_gateway)
		return i ? 0
			 : st_nl_fail(-ENODEV,
				      "a gateway or a device must be told");
	if (link_local)
		return i ? 0
			 : st_nl_fail(
				   -EINVAL,
				   "Device is required for a link-local gateway");
	via = st_route_find(r->family, r->gateway, r->oif);
	if (!via || via->has_gateway)
		return st_nl_fail(r->family == AF_INET ? -ENETUNREACH
						       : -EHOSTUNREACH,
				  "Nexthop has invalid gateway");
	r->oif = via->oif;
	return 0;
}

static bool is_reject(int type)
{
	return type == RTN_UNREACHABLE || type == RTN_BLACKHOLE ||
	       type == RTN_PROHIBIT || type == RTN_THROW;
}

static enum st_route_mode mode_of(int flags)
{
	if (flags & NLM_F_EXCL)
		return ST_ROUTE_ADD;
	if (flags & NLM_F_REPLACE)
		return (flags & NLM_F_CREATE) ? ST_ROUTE_REPLACE
					      : ST_ROUTE_CHANGE;
	if (!(flags & NLM_F_CREATE))
		return ST_ROUTE_CHANGE;
	return (flags & NLM_F_APPEND) ? ST_ROUTE_APPEND : ST_ROUTE_PREPEND;
}

static int add(const struct nlmsghdr *h, const struct rtmsg *m,
	       const struct st_nl_attrs *a)
{
	struct st_route r;
	uint32_t source;
	int ret = parse(m, a, &r);

	if (ret < 0)
		return ret;
	if (host_bits(&r))
		return st_nl_fail(-EINVAL,
				  "Invalid prefix for given prefix length");
	if (!r.table)
		r.table = RT_TABLE_MAIN;
	if (r.type == RTN_UNSPEC)
		r.type = RTN_UNICAST;
	if (r.family == AF_INET6 && !r.metric)
		r.metric = 1024;
	if (r.type != RTN_UNICAST && !is_reject(r.type))
		return st_nl_fail(-EOPNOTSUPP, "that type is the kernel's own");
	if (is_reject(r.type)) {
		r.has_gateway = false;
		r.oif = r.family == AF_INET6 ? st_iface_first()->index : 0;
	} else {
		ret = find_link(&r);
	}
	if (ret < 0)
		return ret;
	memcpy(&source, r.source, 4);
	if (r.has_source && r.family == AF_INET && !st_is_local4(source))
		return st_nl_fail(-EINVAL, "Invalid prefsrc address");
	return st_route_add(&r, mode_of(h->nlmsg_flags));
}

static int del(const struct rtmsg *m, const struct st_nl_attrs *a)
{
	struct st_route r;
	int ret = parse(m, a, &r);

	if (ret < 0)
		return ret;
	if (r.family == AF_INET6)
		r.scope = RT_SCOPE_NOWHERE;
	return st_route_del(&r, NULL);
}

int st_nl_route(const struct nlmsghdr *h, struct st_nl_out *o)
{
	const struct rtmsg *m = st_nl_data(h);
	struct rtmsg family = { 0 };
	struct st_nl_attrs a = { 0 };
	int ret = 0;

	if (h->nlmsg_len >= NLMSG_LENGTH(sizeof(*m))) {
		ret = st_nl_parse((const char *)m + NLMSG_ALIGN(sizeof(*m)),
				  h->nlmsg_len - NLMSG_LENGTH(sizeof(*m)), &a);
	} else if (h->nlmsg_type == RTM_GETROUTE) {
		if (h->nlmsg_len > sizeof(*h))
			family.rtm_family = *(const uint8_t *)m;
		m = &family;
	} else {
		ret = -EINVAL;
	}
	if (ret < 0)
		return ret;
	if (h->nlmsg_type == RTM_NEWROUTE)
		return add(h, m, &a);
	if (h->nlmsg_type == RTM_DELROUTE)
		return del(m, &a);
	if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return get(h, m, &a, o);
	dump(h, m, &a, o);
	return 0;
}

/* ---- rules: read only ---- */

static void put_rule(struct st_nl_out *o, const struct nlmsghdr *h, int family,
		     uint32_t priority, int table)
{
	struct fib_rule_hdr *m =
		st_nl_begin(o, h, RTM_NEWRULE, NLM_F_MULTI, sizeof(*m));

	if (!m)
		return;
	m->family = (uint8_t)family;
	m->table = (uint8_t)table;
	m->action = FR_ACT_TO_TBL;
	st_nl_attr_u32(o, FRA_TABLE, (uint32_t)table);
	st_nl_attr_u32(o, FRA_SUPPRESS_PREFIXLEN, ~0U);
	if (priority)
		st_nl_attr_u32(o, FRA_PRIORITY, priority);
	st_nl_end(o);
}

int st_nl_rule(const struct nlmsghdr *h, struct st_nl_out *o)
{
	int family =
		h->nlmsg_len > sizeof(*h) ? *(const uint8_t *)st_nl_data(h) : 0;

	if (h->nlmsg_type != RTM_GETRULE)
		return st_nl_fail(-EOPNOTSUPP, "the rules cannot be changed");
	if ((h->nlmsg_flags & NLM_F_DUMP) != NLM_F_DUMP)
		return -EOPNOTSUPP;
	if (family != AF_INET6) {
		put_rule(o, h, AF_INET, 0, RT_TABLE_LOCAL);
		put_rule(o, h, AF_INET, 32766, RT_TABLE_MAIN);
		put_rule(o, h, AF_INET, 32767, RT_TABLE_DEFAULT);
	}
	if (family != AF_INET) {
		put_rule(o, h, AF_INET6, 0, RT_TABLE_LOCAL);
		put_rule(o, h, AF_INET6, 32766, RT_TABLE_MAIN);
	}
	return 0;
}
