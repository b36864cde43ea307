// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forward.c - packets for others, and what looks at all of them
 *
 * lwIP's own forwarding has no chains, no NAT, no way back to where a packet
 * came from, and tells little of what went wrong: so it is switched off, and
 * packets from links are looked at here first. What is for us goes on to lwIP.
 *
 * In: prerouting; ours: input, and lwIP. Else: hop limit, way, size, forward,
 * postrouting, out. Errors quote the packet as it came, before NAT: for that
 * its head is kept.
 *
 * NAT and filter want whole packets: fragments of IPv4 are put together first
 * where there are rules. Those of IPv6 are not; later ones pass by their
 * addresses alone, and belong to no connection.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "forward.h"

#include <linux/rtnetlink.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <string.h>

#include "firewall.h"
#include "icmpout.h"
#include "lwip/etharp.h"
#include "lwip/ethip6.h"
#include "lwip/ip4.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6.h"
#include "pmtu.h"
#include "route.h"
#include "st_hooks.h"
#include "sysctl.h"

struct st_iface *st_input_iface;
/* What leaves now is a packet that was forwarded: it has been looked at. */
static bool passing;

/* A packet on its way through. */
struct way {
	struct pbuf *p;
	struct st_iface *in, *out;
	struct netif *nif; /* of out */
	struct st_ip ip;
	struct st_ip came; /* as it came, its first bytes */
	struct st_track track;
	const struct st_route *route;
};

static bool four(const struct way *w)
{
	return w->ip.family == AF_INET;
}

static void remember(struct way *w)
{
	static uint8_t quote[ST_QUOTE_MAX];
	size_t len = w->ip.len < sizeof(quote) ? w->ip.len : sizeof(quote);

	memcpy(quote, w->ip.head, len);
	(void)st_ip_parse(quote, len, &w->came);
}

static bool refuse(struct way *w, int type4, int code4, int type6, int code6,
		   uint32_t info)
{
	st_icmp_error(w->in, &w->came, four(w) ? type4 : type6,
		      four(w) ? code4 : code6, info);
	return false;
}

/* As a rule says: reject. */
static void reject(struct way *w, enum st_verdict v)
{
	if (v == ST_RESET) {
		passing = true;
		st_tcp_reset(w->in, &w->came);
		passing = false;
	} else if (v == ST_REJECT) {
		refuse(w, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH,
		       ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT, 0);
	}
}

/* ---- the way ---- */

static bool is_own(const struct st_ip *ip)
{
	uint32_t addr;

	if (ip->family == AF_INET6)
		return st_is_local6(ip->dst);
	memcpy(&addr, ip->dst, 4);
	return st_is_local4(addr);
}

/* To all or to a group: lwIP knows whether it is a member. */
static bool is_group(const struct way *w)
{
	uint32_t addr;

	if (!four(w))
		return w->ip.dst[0] == 0xff;
	memcpy(&addr, w->ip.dst, 4);
	return IN_MULTICAST(ntohl(addr)) || st_iface_is_broadcast4(w->in, addr);
}

static bool is_link_local6(const uint8_t *addr)
{
	return addr[0] == 0xfe && (addr[1] & 0xc0) == 0x80;
}

/* Addresses that no router takes further; RFC 1812, 5.3.7; RFC 4291. */
static bool may_pass(const struct way *w)
{
	static const uint8_t none[16];
	const uint8_t *d = w->ip.dst, *s = w->ip.src;

	if (w->p->flags & (PBUF_FLAG_LLBCAST | PBUF_FLAG_LLMCAST))
		return false;
	if (!memcmp(s, none, w->ip.addr_len))
		return false;
	if (!four(w))
		return !is_link_local6(d) && !is_link_local6(s) &&
		       memcmp(d, none, 15) != 0;
	return d[0] && d[0] < 224 && !(d[0] == 169 && d[1] == 254) &&
	       !(s[0] == 169 && s[1] == 254);
}

static bool blocked(struct way *w)
{
	switch (w->route->type) {
	case RTN_BLACKHOLE:
		return true;
	case RTN_UNREACHABLE:
		refuse(w, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH,
		       ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0);
		return true;
	case RTN_PROHIBIT:
		refuse(w, ICMP_DEST_UNREACH, ICMP_PKT_FILTERED,
		       ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN, 0);
		return true;
	default:
		return false;
	}
}

static struct netif *netif_to(const struct way *w)
{
	ip4_addr_t to4;
	ip6_addr_t to6 = { 0 };

	if (four(w)) {
		memcpy(&to4.addr, w->ip.dst, 4);
		return st_hook_route4(NULL, &to4);
	}
	memcpy(to6.addr, w->ip.dst, 16);
	return ip6_route(IP6_ADDR_ANY6, &to6);
}

static bool find_way(struct way *w)
{
	w->route = st_route_find(w->ip.family, w->ip.dst, 0);
	if (w->route && blocked(w))
		return false;
	w->nif = netif_to(w);
	if (!w->nif)
		return refuse(w, ICMP_DEST_UNREACH, ICMP_NET_UNREACH,
			      ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOROUTE, 0);
	w->out = st_iface_of(w->nif);
	return !st_iface_is_lo(w->out);
}

static bool fits(struct way *w)
{
	uint32_t mtu = (uint32_t)w->out->mtu;

	if (w->ip.len <= mtu || !w->ip.no_frag)
		return true;
	return refuse(w, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
		      ICMP6_PACKET_TOO_BIG, 0, htonl(mtu));
}

/* Back to the link it came from: its sender may take the short way. */
static void redirect(struct way *w)
{
	uint32_t src, gateway;

	if (!four(w) || w->in != w->out || !w->in->conf.send_redirects ||
	    !w->route)
		return;
	memcpy(&src, w->came.src, 4);
	memcpy(&gateway, w->route->has_gateway ? w->route->gateway : w->ip.dst,
	       4);
	for (struct st_addr4 *a = w->in->addrs4; a; a = a->next) {
		uint32_t mask = a->prefix ? htonl(~0U << (32 - a->prefix)) : 0;

		if (!((a->local ^ src) & mask) &&
		    !((a->local ^ gateway) & mask)) {
			st_icmp_error(w->in, &w->came, ICMP_REDIRECT,
				      ICMP_REDIR_HOST, gateway);
			return;
		}
	}
}

static void leave(struct way *w)
{
	ip4_addr_t to4;
	ip6_addr_t to6 = { 0 };

	/* Over a wire it came without checksums. */
	if (w->in->link->trusted && !w->out->link->trusted)
		st_ip_fill_checksums(&w->ip);
	st_ip_set_ttl(&w->ip, (uint8_t)(w->ip.ttl - 1));
	passing = true;
	if (!four(w)) {
		memcpy(to6.addr, w->ip.dst, 16);
		w->nif->output_ip6(w->nif, w->p, &to6);
	} else {
		memcpy(&to4.addr, w->ip.dst, 4);
		if (w->ip.len > (size_t)w->out->mtu)
			ip4_frag(w->p, w->nif, &to4);
		else
			w->nif->output(w->nif, w->p, &to4);
	}
	passing = false;
}

static bool allowed(struct way *w)
{
	enum st_verdict v = ST_ACCEPT;

	if (st_rules_active())
		v = st_firewall_pass(w->in, w->out, &w->ip, &w->track);
	reject(w, v);
	return v == ST_ACCEPT;
}

static void forward(struct way *w)
{
	bool on = four(w) ? w->in->conf.forward4 : w->in->conf.forward6;

	if (!on || !may_pass(w))
		return;
	if (w->ip.len < w->p->tot_len)
		pbuf_realloc(w->p, (u16_t)w->ip.len);
	if (w->ip.ttl <= 1) {
		refuse(w, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, ICMP6_TIME_EXCEEDED,
		       ICMP6_TIME_EXCEED_TRANSIT, 0);
		return;
	}
	if (!find_way(w) || !fits(w) || !allowed(w))
		return;
	redirect(w);
	leave(w);
}

/* ---- in ---- */

/* Where lwIP would drop it, it is lwIP's. */
static bool is_sound(const struct way *w)
{
	if (w->ip.len > w->p->len)
		return false;
	return !four(w) || w->in->link->trusted ||
	       st_chksum(w->ip.head, (int)(w->ip.l4 - w->ip.head)) == 0xffff;
}

/* DHCP asks before there is an address, and takes what comes. */
static bool is_dhcp(const struct way *w)
{
	uint16_t sport, dport;

	return four(w) && w->in->dhcp && w->ip.proto == IPPROTO_UDP &&
	       st_ip_ports(&w->ip, &sport, &dport) && dport == htons(68);
}

/* All pieces are there: once more, as one packet. */
static void together(struct pbuf *piece, struct netif *nif)
{
	struct pbuf *whole = ip4_reass(piece), *flat;

	if (!whole)
		return;
	flat = pbuf_clone(PBUF_LINK, PBUF_RAM, whole);
	pbuf_free(whole);
	if (flat)
		ip4_input(flat, nif);
}

/* For us; or for a group, which has no connection. true: dropped. */
static bool kept_out(struct way *w)
{
	enum st_verdict v = st_firewall_local(w->in, &w->ip, &w->track);

	reject(w, v);
	return v != ST_ACCEPT;
}

bool st_forward_take(struct pbuf *p, struct netif *nif)
{
	struct way w = { .p = p, .in = st_input_iface };
	bool active = st_rules_active(), own, gone = false;

	if (!w.in || !st_ip_parse(p->payload, p->len, &w.ip) || !is_sound(&w) ||
	    is_dhcp(&w))
		return false;
	own = is_own(&w.ip) || is_group(&w);
	if (own && !active)
		return false;
	if (active && four(&w) && w.ip.is_part) {
		together(p, nif);
		return true;
	}
	remember(&w);
	if (active) {
		gone = st_firewall_in(w.in, &w.ip, &w.track) != ST_ACCEPT;
		own = is_own(&w.ip) || is_group(&w);
	}
	if (!gone && own && !kept_out(&w))
		return false;
	if (!gone && !own)
		forward(&w);
	/* What was begun and did not get through. */
	if (w.track.conn && !w.track.conn->confirmed)
		st_conn_forget(w.track.conn);
	pbuf_free(p);
	return true;
}

/* ---- out ---- */

enum fate { SEND, CHANGE, DROP };

static enum fate judge(struct netif *nif, struct pbuf *p, struct st_ip *ip,
		       struct st_track *t)
{
	bool changes = false;

	if (passing || !st_rules_active() ||
	    !st_ip_parse(p->payload, p->len, ip))
		return SEND;
	if (st_firewall_out(st_iface_of(nif), ip, t, &changes) != ST_ACCEPT)
		return DROP;
	return changes ? CHANGE : SEND;
}

/* lwIP may send its own again, so NAT has a copy. */
static struct pbuf *changed(struct pbuf *p, const struct st_track *t)
{
	struct pbuf *copy = pbuf_clone(PBUF_LINK, PBUF_RAM, p);
	struct st_ip ip;

	if (copy && st_ip_parse(copy->payload, copy->len, &ip)) {
		st_conn_translate(t, &ip, true);
		st_conn_translate(t, &ip, false);
	}
	return copy;
}

/* to: an ip4_addr_t, or an ip6_addr_t where six. */
static err_t put_out(struct netif *nif, struct pbuf *p, const void *to,
		     bool six)
{
	if (six)
		return ethip6_output(nif, p, to);
	return etharp_output(nif, p, to);
}

static err_t output(struct netif *nif, struct pbuf *p, const void *to, bool six)
{
	struct st_track t = { 0 };
	struct st_ip ip;
	enum fate fate = judge(nif, p, &ip, &t);
	struct pbuf *copy;
	err_t ret;

	if (fate == DROP)
		return ERR_RTE;
	if (fate == SEND)
		return put_out(nif, p, to, six);
	copy = changed(p, &t);
	if (!copy)
		return ERR_MEM;
	ret = put_out(nif, copy, to, six);
	pbuf_free(copy);
	return ret;
}

err_t st_forward_output4(struct netif *nif, struct pbuf *p,
			 const ip4_addr_t *to)
{
	struct st_ip ip;

	if ((p->flags & ST_PBUF_DF) && st_ip_parse(p->payload, p->len, &ip))
		st_ip_set_df(&ip);
	return output(nif, p, to, false);
}

err_t st_forward_output6(struct netif *nif, struct pbuf *p,
			 const ip6_addr_t *to)
{
	return output(nif, p, to, true);
}
