// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clock.c - lwIP's timers, run only while something needs them
 *
 * lwIP wants a dozen functions called at fixed intervals, the quickest every
 * 10 ms, for ever. A stack at rest shall use no CPU, so each has a question that
 * says by when it has to be run; what has not, is made up for when something
 * else wakes the process, before that is looked at: to who asks then, time has
 * passed as it should. Tables of neighbours age in that way.
 */
#include "clock.h"

#include "iface.h"
#include "loop.h"
#include "lwip/dhcp.h"
#include "lwip/dns.h"
#include "lwip/etharp.h"
#include "lwip/igmp.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/mld6.h"
#include "lwip/nd6.h"
#include "lwip/netif.h"
#include "lwip/priv/nd6_priv.h"
#include "lwip/prot/dhcp.h"
#include "lwip/sys.h"
#include "stream.h"
#include "tcptimer.h"

/*
 * How long who was asked for on a link is waited for, after a frame or a request;
 * a lifetime that ends is seen within so long; the longest that pieces of a packet
 * are kept. In ms.
 */
enum { LINGER = 10000, LIFETIMES = 60000, PIECES = 61000 };
enum { NEVER = 0 };

static uint64_t touched, piece_came;

uint32_t sys_now(void)
{
	return (uint32_t)st_now_ms();
}

void st_clock_touch(void)
{
	touched = st_now_ms();
}

void st_clock_touch_pieces(void)
{
	piece_came = st_now_ms();
}

/* Each answers the interval at which it has to be run now. */

static uint32_t pieces(uint32_t every)
{
	return piece_came && st_now_ms() - piece_came < PIECES ? every : NEVER;
}

/* Some interface with neighbours is up, and somebody may be asked for. */
static uint32_t neighbours(uint32_t every)
{
	return st_iface_any_link_up() && st_now_ms() - touched < LINGER ? every
									: NEVER;
}

static bool has_lifetime(const struct netif *nif)
{
	for (int n = 0; n < LWIP_IPV6_NUM_ADDRESSES; n++)
		if (ip6_addr_isvalid(netif_ip6_addr_state(nif, n)) &&
		    !netif_ip6_addr_isstatic(nif, n))
			return true;
	return false;
}

static uint32_t neighbours6(uint32_t every)
{
	struct netif *nif;

	if (neighbours(every))
		return every;
	for (int n = 0; n < LWIP_ND6_NUM_ROUTERS; n++)
		if (default_router_list[n].neighbor_entry)
			return LIFETIMES;
	for (int n = 0; n < LWIP_ND6_NUM_PREFIXES; n++)
		if (prefix_list[n].netif)
			return LIFETIMES;
	NETIF_FOREACH(nif)
	{
		if (has_lifetime(nif))
			return LIFETIMES;
	}
	return NEVER;
}

static uint32_t groups4(uint32_t every)
{
	struct netif *nif;

	NETIF_FOREACH(nif)
	{
		for (const struct igmp_group *g = netif_igmp_data(nif); g;
		     g = g->next)
			if (g->timer)
				return every;
	}
	return NEVER;
}

static uint32_t groups6(uint32_t every)
{
	struct netif *nif;

	NETIF_FOREACH(nif)
	{
		for (const struct mld_group *g = netif_mld6_data(nif); g;
		     g = g->next)
			if (g->timer)
				return every;
	}
	return NEVER;
}

static uint32_t dhcp_asks(uint32_t every)
{
	struct netif *nif;

	if (!st_iface_any_dhcp())
		return NEVER;
	NETIF_FOREACH(nif)
	{
		const struct dhcp *d = netif_dhcp_data(nif);

		if (d && d->request_timeout)
			return every;
	}
	return NEVER;
}

static uint32_t dhcp_leases(uint32_t every)
{
	return st_iface_any_dhcp() ? every : NEVER;
}

/* most: how many of those that were left out can make a difference. */
static struct {
	uint32_t every; /* ms */
	uint32_t most;
	void (*run)(void);
	uint32_t (*needs)(uint32_t every);
	uint64_t last;
} ticks[] = {
	{ TCP_TMR_INTERVAL, 1, st_tcp_timer, st_tcp_timer_period, 0 },
	{ IP_TMR_INTERVAL, 16, ip_reass_tmr, pieces, 0 },
	{ IP6_REASS_TMR_INTERVAL, 61, ip6_reass_tmr, pieces, 0 },
	{ ARP_TMR_INTERVAL, 301, etharp_tmr, neighbours, 0 },
	{ ND6_TMR_INTERVAL, 3600, nd6_tmr, neighbours6, 0 },
	{ IGMP_TMR_INTERVAL, 1, igmp_tmr, groups4, 0 },
	{ MLD6_TMR_INTERVAL, 1, mld6_tmr, groups6, 0 },
	{ DHCP_FINE_TIMER_MSECS, 1, dhcp_fine_tmr, dhcp_asks, 0 },
	{ DHCP_COARSE_TIMER_MSECS, 1, dhcp_coarse_tmr, dhcp_leases, 0 },
};

enum { TICKS = sizeof(ticks) / sizeof(ticks[0]) };

void st_clock_run(void)
{
	uint64_t now = st_now_ms();

	for (size_t i = 0; i < TICKS; i++) {
		uint64_t n = (now - ticks[i].last) / ticks[i].every;

		if (!ticks[i].last) { /* the first round */
			ticks[i].last = now;
			continue;
		}
		ticks[i].last += n * ticks[i].every;
		if (n > ticks[i].most)
			n = ticks[i].most;
		while (n-- > 0)
			ticks[i].run();
	}
}

uint32_t st_clock_sleep(void)
{
	uint64_t now = st_now_ms();
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < TICKS; i++) {
		uint32_t within = ticks[i].needs(ticks[i].every);
		uint64_t next = ticks[i].last + within;
		uint64_t left = next > now ? next - now : 0;

		if (within && left < least)
			least = (uint32_t)left;
	}
	return least;
}

void st_clock_settle(void)
{
	/* What is acknowledged over lo is to be taken in again. */
	do
		netif_poll_all();
	while (st_together_settle());
}
