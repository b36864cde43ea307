// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * clock.c - lwIP's timers, run only while something needs them
 *
 * lwIP wants a dozen functions called at fixed intervals, the quickest every
 * 10 ms, for ever. A stack at rest shall use no CPU, so each has a question that
 * says whether it has anything to do. Whatever gives it something to do (a
 * packet, a request) comes through the loop, which asks again each round.
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
#include "lwip/sys.h"
#include "tcptimer.h"

/* After a packet or a request: how long group timers are kept running, ms. */
enum { LINGER = 15000 };

static uint64_t touched;

uint32_t sys_now(void)
{
	return (uint32_t)st_now_ms();
}

void st_clock_touch(void)
{
	touched = st_now_ms();
}

static bool tcp_busy(void)
{
	return st_tcp_timer_period() > 0;
}

/* Some interface with neighbours is up. */
static bool link_up(void)
{
	return st_iface_any_link_up();
}

static bool recent(void)
{
	return link_up() && st_now_ms() - touched < LINGER;
}

static bool dhcp_busy(void)
{
	return st_iface_any_dhcp();
}

static struct {
	uint32_t every; /* ms */
	void (*run)(void);
	bool (*busy)(void);
	uint64_t next;
} ticks[] = {
	{ TCP_TMR_INTERVAL, st_tcp_timer, tcp_busy, 0 }, /* the first */
	{ IP_TMR_INTERVAL, ip_reass_tmr, recent, 0 },
	{ IP6_REASS_TMR_INTERVAL, ip6_reass_tmr, recent, 0 },
	{ ARP_TMR_INTERVAL, etharp_tmr, link_up, 0 },
	{ ND6_TMR_INTERVAL, nd6_tmr, link_up, 0 },
	{ IGMP_TMR_INTERVAL, igmp_tmr, recent, 0 },
	{ MLD6_TMR_INTERVAL, mld6_tmr, recent, 0 },
	{ DHCP_FINE_TIMER_MSECS, dhcp_fine_tmr, dhcp_busy, 0 },
	{ DHCP_COARSE_TIMER_MSECS, dhcp_coarse_tmr, dhcp_busy, 0 },
};

void st_clock_run(void)
{
	uint64_t now = st_now_ms();

	ticks[0].every = st_tcp_timer_period();
	if (ticks[0].next > now + ticks[0].every)
		ticks[0].next = now + ticks[0].every;
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		if (!ticks[i].busy()) {
			ticks[i].next = 0;
			continue;
		}
		if (!ticks[i].next)
			ticks[i].next = now + ticks[i].every;
		if (now < ticks[i].next)
			continue;
		ticks[i].run();
		ticks[i].next += ticks[i].every;
		/* Late: what was missed is not made up for. */
		if (ticks[i].next <= now)
			ticks[i].next = now + ticks[i].every;
	}
}

uint32_t st_clock_sleep(void)
{
	uint64_t now = st_now_ms();
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		uint64_t left = ticks[i].every;

		if (!ticks[i].busy())
			continue;
		if (ticks[i].next)
			left = ticks[i].next > now ? ticks[i].next - now : 0;
		if (left < least)
			least = (uint32_t)left;
	}
	return least;
}

void st_clock_settle(void)
{
	netif_poll_all();
}
