// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * firewall.c - a packet's way through the chains, and NAT
 *
 *	link ─ prerouting ─┬─ input ─ sockets ─ output ─┬─ postrouting ─ link
 *	                   └───────── forward ──────────┘
 *
 * NAT of destinations is done after prerouting, of sources after postrouting.
 * Loopback is not looked at.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "firewall.h"

#include <string.h>

#include "lwip/ip6.h"
#include "route.h"

static bool own_addr(const struct st_iface *i, const struct st_ip *ip,
		     uint8_t out[16])
{
	const ip_addr_t *src;
	ip6_addr_t to = { 0 };
	uint32_t four;

	memset(out, 0, 16);
	if (ip->family == AF_INET) {
		memcpy(&four, ip->dst, 4);
		if (st_route_source4(four, i->index, &four) < 0 || !four)
			return false;
		memcpy(out, &four, 4);
		return true;
	}
	memcpy(to.addr, ip->dst, 16);
	src = ip6_select_source_address(i->nif, &to);
	if (!src || ip6_addr_islinklocal(ip_2_ip6(src)))
		return false;
	memcpy(out, ip_2_ip6(src)->addr, 16);
	return true;
}

/* The address of an interface that a redirected connection is given. */
static bool first_addr(const struct st_iface *i, int family, uint8_t out[16])
{
	memset(out, 0, 16);
	if (family == AF_INET) {
		if (i->addrs4)
			memcpy(out, &i->addrs4->local, 4);
		return i->addrs4;
	}
	for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(i->nif, n)) &&
		    !ip6_addr_islinklocal(netif_ip6_addr(i->nif, n))) {
			memcpy(out, netif_ip6_addr(i->nif, n)->addr, 16);
			return true;
		}
	return false;
}

/* What a rule of NAT makes of a new connection. */
static enum st_verdict decide_nat(const struct st_rule *r,
				  const struct st_iface *i,
				  const struct st_passing *p)
{
	bool dst = r->verdict == ST_DNAT || r->verdict == ST_REDIRECT;
	struct st_nat_to to = r->to;

	if (!i)
		return ST_DROP;
	if (r->verdict == ST_MASQUERADE) {
		to.has_addr = own_addr(i, p->ip, to.addr);
		p->track->conn->masqueraded = i->index;
	} else if (r->verdict == ST_REDIRECT) {
		to.has_addr = first_addr(i, p->ip->family, to.addr);
	}
	if (!to.has_addr || st_conn_nat(p->track->conn, dst, &to) < 0)
		return ST_DROP;
	return ST_ACCEPT;
}

static enum st_verdict run(enum st_chain chain, const struct st_iface *in,
			   const struct st_iface *out, const struct st_ip *ip,
			   struct st_track *t)
{
	struct st_passing p = { .ip = ip,
				.track = t,
				.in = in ? in->name : NULL,
				.out = out ? out->name : NULL };
	const struct st_rule *nat;
	enum st_verdict v = st_rules_run(chain, &p, &nat);

	if (nat)
		v = decide_nat(nat, chain == ST_PREROUTING ? in : out, &p);
	if (v != ST_ACCEPT) {
		st_conn_forget(t->conn && !t->conn->confirmed ? t->conn : NULL);
		t->conn = NULL;
	}
	return v;
}

/* The packet made its way: so its connection begins. */
static enum st_verdict keep(const struct st_ip *ip, struct st_track *t)
{
	if (!t->conn || t->state == ST_CT_RELATED ||
	    st_conn_confirm(t->conn, ip, t->dir) == 0)
		return ST_ACCEPT;
	st_conn_forget(t->conn);
	t->conn = NULL;
	return ST_DROP;
}

enum st_verdict st_firewall_in(const struct st_iface *in,
			       const struct st_ip *ip, struct st_track *t)
{
	enum st_verdict v;

	st_conn_track(ip, t);
	v = run(ST_PREROUTING, in, NULL, ip, t);
	if (v == ST_ACCEPT)
		st_conn_translate(t, ip, true);
	return v;
}

enum st_verdict st_firewall_local(const struct st_iface *in,
				  const struct st_ip *ip, struct st_track *t)
{
	enum st_verdict v = run(ST_INPUT, in, NULL, ip, t);

	return v == ST_ACCEPT ? keep(ip, t) : v;
}

enum st_verdict st_firewall_pass(const struct st_iface *in,
				 const struct st_iface *out,
				 const struct st_ip *ip, struct st_track *t)
{
	enum st_verdict v = run(ST_FORWARD, in, out, ip, t);

	if (v == ST_ACCEPT)
		v = run(ST_POSTROUTING, NULL, out, ip, t);
	if (v != ST_ACCEPT || keep(ip, t) != ST_ACCEPT)
		return v == ST_ACCEPT ? ST_DROP : v;
	st_conn_translate(t, ip, false);
	return ST_ACCEPT;
}

enum st_verdict st_firewall_out(const struct st_iface *out,
				const struct st_ip *ip, struct st_track *t,
				bool *changes)
{
	enum st_verdict v;

	st_conn_track(ip, t);
	v = run(ST_OUTPUT, NULL, out, ip, t);
	if (v == ST_ACCEPT)
		v = run(ST_POSTROUTING, NULL, out, ip, t);
	if (v == ST_ACCEPT)
		v = keep(ip, t);
	*changes = v == ST_ACCEPT && t->conn &&
		   (t->conn->nat[0] || t->conn->nat[1]);
	return v;
}
