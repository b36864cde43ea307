// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * radv.c - a router says so: router advertisements; RFC 4861, 8106
 *
 * Each section of the configuration has a timer, which runs while its interface
 * is there, up, and advertises. The first three come quickly, then one in
 * MinRtrAdvInterval to MaxRtrAdvInterval; who solicits is answered. Where IPv6 is
 * not forwarded the lifetime as a router is 0: the prefixes hold, the way out
 * does not.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "radv.h"

#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/ip6.h>
#include <string.h>

#include "forward.h"
#include "icmpout.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/pbuf.h"
#include "lwip/priv/nd6_priv.h"
#include "st_hooks.h"

enum {
	INITIAL = 3,		/* so many come quickly */
	INITIAL_INTERVAL = 16,	/* seconds */
	SOLICITED_DELAY = 500,	/* ms */
	UNICAST_INTERVAL = 100, /* ms */
	MESSAGE_MAX = 1024,
	OPT_RDNSS = 25,
};

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t all_routers[16] = { 0xff, 2, [15] = 2 };

static struct st_radv *sections;

static struct st_radv *section_of(const struct st_iface *i)
{
	struct st_radv *r = sections;

	while (r && strcmp(r->name, i->name) != 0)
		r = r->next;
	return r;
}

/* ---- the message ---- */

struct message {
	uint8_t bytes[MESSAGE_MAX];
	size_t len;
};

/* The options are few and short: all of them fit (static_assert below). */
static void put(struct message *m, const void *data, size_t len)
{
	if (m->len + len > sizeof(m->bytes))
		return;
	memcpy(m->bytes + m->len, data, len);
	m->len += len;
}

static void put_head(struct message *m, const struct st_radv *r,
		     const struct st_iface *i, bool last)
{
	struct nd_router_advert ra = { 0 };
	bool router = i->conf.forward6 && !last;

	ra.nd_ra_type = ND_ROUTER_ADVERT;
	ra.nd_ra_curhoplimit = (uint8_t)r->hop_limit;
	ra.nd_ra_flags_reserved =
		(uint8_t)((r->managed ? ND_RA_FLAG_MANAGED : 0) |
			  (r->other ? ND_RA_FLAG_OTHER : 0));
	ra.nd_ra_router_lifetime =
		htons((uint16_t)(router ? r->default_lifetime : 0));
	ra.nd_ra_reachable = htonl(r->reachable_ms);
	ra.nd_ra_retransmit = htonl(r->retrans_ms);
	put(m, &ra, sizeof(ra));
}

static void put_prefix(struct message *m, const struct st_radv_prefix *p)
{
	struct nd_opt_prefix_info o = {
		.nd_opt_pi_type = ND_OPT_PREFIX_INFORMATION,
		.nd_opt_pi_len = sizeof(o) / 8,
		.nd_opt_pi_prefix_len = p->len,
		.nd_opt_pi_flags_reserved =
			(uint8_t)((p->on_link ? ND_OPT_PI_FLAG_ONLINK : 0) |
				  (p->autonomous ? ND_OPT_PI_FLAG_AUTO : 0)),
		.nd_opt_pi_valid_time = htonl(p->valid),
		.nd_opt_pi_preferred_time = htonl(p->preferred),
	};
	uint8_t *at = (uint8_t *)&o.nd_opt_pi_prefix;

	memcpy(at, p->addr, (size_t)p->len / 8);
	if (p->len % 8)
		at[p->len / 8] = p->addr[p->len / 8] &
				 (uint8_t)(0xff << (8 - p->len % 8));
	put(m, &o, sizeof(o));
}

/* Where none are named: that of the first address that is not link-local. */
static void put_own_prefix(struct message *m, const struct st_iface *i)
{
	struct st_radv_prefix p = { .len = 64,
				    .on_link = true,
				    .autonomous = true,
				    .valid = 2592000,
				    .preferred = 604800 };

	for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++) {
		const ip6_addr_t *a = netif_ip6_addr(i->nif, n);

		if (!ip6_addr_isvalid(netif_ip6_addr_state(i->nif, n)) ||
		    ip6_addr_islinklocal(a))
			continue;
		memcpy(p.addr, a->addr, 16);
		p.len = i->prefix6[n];
		put_prefix(m, &p);
		return;
	}
}

static void put_rdnss(struct message *m, const struct st_radv *r, bool last)
{
	struct {
		uint8_t type, len;
		uint16_t reserved;
		uint32_t lifetime;
	} o = { .type = OPT_RDNSS,
		.len = (uint8_t)(1 + 2 * r->nservers),
		.lifetime = htonl(last ? 0 : r->rdnss_lifetime) };

	if (!r->nservers)
		return;
	put(m, &o, sizeof(o));
	put(m, r->servers, 16 * r->nservers);
}

static void compose(struct message *m, const struct st_radv *r,
		    const struct st_iface *i, bool last)
{
	uint8_t mac[8] = { ND_OPT_SOURCE_LINKADDR, 1 };
	struct nd_opt_mtu mtu = { .nd_opt_mtu_type = ND_OPT_MTU,
				  .nd_opt_mtu_len = 1,
				  .nd_opt_mtu_mtu = htonl(r->mtu) };

	_Static_assert(sizeof(struct nd_router_advert) + 8 + 8 +
				       32 * ST_RADV_PREFIXES + 8 +
				       16 * ST_RADV_SERVERS <=
			       MESSAGE_MAX,
		       "all options fit");
	put_head(m, r, i, last);
	memcpy(mac + 2, i->nif->hwaddr, 6);
	if (r->source_lladdr)
		put(m, mac, sizeof(mac));
	if (r->mtu)
		put(m, &mtu, sizeof(mtu));
	for (size_t n = 0; n < r->nprefixes; n++)
		put_prefix(m, &r->prefixes[n]);
	if (!r->nprefixes)
		put_own_prefix(m, i);
	put_rdnss(m, r, last);
}

/* -EAGAIN: the link-local address, its source, is not there yet. */
static int advertise(const struct st_radv *r, struct st_iface *i,
		     const uint8_t *to, bool last)
{
	struct message m = { .len = 0 };

	if (!ip6_addr_isvalid(netif_ip6_addr_state(i->nif, 0)))
		return -EAGAIN;
	compose(&m, r, i, last);
	return st_icmp6_send(i, (const void *)netif_ip6_addr(i->nif, 0)->addr,
			     to, 255, m.bytes, m.len);
}

/* ---- when ---- */

static uint64_t pause_of(const struct st_radv *r)
{
	uint32_t span = r->max_interval - r->min_interval + 1;
	uint32_t wait = r->min_interval + st_random() % span;

	if (r->sent <= INITIAL && wait > INITIAL_INTERVAL)
		wait = INITIAL_INTERVAL;
	return wait * 1000ULL;
}

static void join(struct st_radv *r, struct st_iface *i)
{
	ip6_addr_t group = { 0 };

	if (r->joined)
		return;
	memcpy(group.addr, all_routers, 16);
	ip6_addr_assign_zone(&group, IP6_MULTICAST, i->nif);
	r->joined = mld6_joingroup_netif(i->nif, &group) == ERR_OK;
}

static void fire(struct st_timer *t)
{
	struct st_radv *r =
		(void *)((char *)t - offsetof(struct st_radv, timer));
	struct st_iface *i = st_iface_by_name(r->name);

	if (!i || !st_iface_is_up(i) || st_iface_is_lo(i) || !r->send)
		return; /* st_radv_changed() begins again */
	join(r, i);
	if (r->unicast_only)
		return;
	if (!i->carrier || advertise(r, i, all_nodes, false) < 0) {
		st_timer_set(t, 1000);
		return;
	}
	r->last = st_now_ms();
	r->sent++;
	st_timer_set(t, pause_of(r));
}

void st_radv_changed(const struct st_iface *i)
{
	struct st_radv *r = section_of(i);

	if (!r || !r->send)
		return;
	r->sent = 0;
	st_timer_set(&r->timer, 0);
}

/* To who asked; to all if it has no address yet, or others ask as well. */
static void solicited(struct st_iface *i, const uint8_t *from)
{
	static const uint8_t none[16];
	static uint64_t last_unicast;
	struct st_radv *r = section_of(i);
	uint64_t now = st_now_ms(), at, wait;

	if (!r || !r->send || st_iface_is_lo(i))
		return;
	if (memcmp(from, none, 16) != 0 &&
	    now - last_unicast >= UNICAST_INTERVAL) {
		last_unicast = now;
		(void)advertise(r, i, from, false);
		return;
	}
	if (r->unicast_only)
		return;
	at = now + st_random() % SOLICITED_DELAY;
	wait = r->last + r->min_delay * 1000ULL;
	if (r->last && at < wait)
		at = wait;
	if (!r->timer.armed || r->timer.at > at)
		st_timer_set(&r->timer, at - now);
}

static bool heeds(const struct st_iface *i)
{
	return i->conf.accept_ra > 1 ||
	       (i->conf.accept_ra == 1 && !i->conf.forward6);
}

bool st_radv_heard(struct pbuf *p)
{
	const uint8_t *b = p->payload;
	struct st_iface *i = st_input_iface;

	if (!i || p->len < sizeof(struct ip6_hdr) + 8 ||
	    b[6] != IPPROTO_ICMPV6 || b[7] != 255)
		return false;
	if (b[sizeof(struct ip6_hdr)] == ND_ROUTER_SOLICIT)
		solicited(i, b + 8);
	if (b[sizeof(struct ip6_hdr)] != ND_ROUTER_ADVERT || heeds(i))
		return false;
	pbuf_free(p);
	return true;
}

void st_radv_forget_routers(const struct st_iface *i)
{
	for (int n = 0; n < LWIP_ND6_NUM_ROUTERS; n++) {
		struct nd6_router_list_entry *e = &default_router_list[n];

		if (!e->neighbor_entry || e->neighbor_entry->netif != i->nif)
			continue;
		e->neighbor_entry->isrouter = 0;
		e->neighbor_entry = NULL;
		e->invalidation_timer = 0;
		e->flags = 0;
	}
	nd6_clear_destination_cache();
}

/* ---- configuration ---- */

static bool advertises(const struct st_radv *list, const char *name)
{
	while (list && strcmp(list->name, name) != 0)
		list = list->next;
	return list && list->send;
}

/* Who is no router any more says so: RFC 4861, 6.2.5. */
static void retire(struct st_radv *old)
{
	for (struct st_radv *r = old; r; r = r->next) {
		struct st_iface *i = st_iface_by_name(r->name);

		st_timer_stop(&r->timer);
		if (i && st_iface_is_up(i) && r->send && r->sent &&
		    !advertises(sections, r->name))
			(void)advertise(r, i, all_nodes, true);
	}
	st_radv_free(old);
}

int st_radv_load(const char *text, size_t len)
{
	struct st_radv *old = sections, *new;
	const char *why;
	int line;

	new = st_radv_parse(text, len, &line, &why);
	if (why) {
		fprintf(stderr, "umnetlwip: radv: line %d: %s\n", line, why);
		return -EINVAL;
	}
	sections = new;
	retire(old);
	for (struct st_radv *r = sections; r; r = r->next) {
		struct st_iface *i = st_iface_by_name(r->name);

		r->timer.fire = fire;
		if (i)
			st_radv_changed(i);
	}
	return 0;
}

void st_radv_print(FILE *f)
{
	st_radv_show(f, sections);
}
