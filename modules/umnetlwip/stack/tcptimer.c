// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcptimer.c - the time of TCP: its ticks, and patience
 *
 * lwIP counts ticks of 20 ms (lwipopts.h), much finer than it was made for. So
 * what it counts in ticks, not in milliseconds, is put right here before each
 * of them: the least time to a retransmission, that of a SYN, window probes.
 * Connections on which nothing is under way need but few ticks; those left out
 * are added to the count, so that keep-alive and the ends of TIME_WAIT and
 * FIN_WAIT_2 come at their time of day.
 */
#include "tcptimer.h"

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"
#include "lwip/priv/tcp_priv.h"

enum {
	QUIET_MS = 500,
	RTO_MIN = 200 / TCP_SLOW_INTERVAL, /* Linux's; RFC 6298 says more */
	SYN_FIRST = LWIP_TCP_RTO_TIME / TCP_SLOW_INTERVAL,
	PROBE_SLOWER = 4,
	TIME_WAIT_MAX = 1024,
	TRIES = 9, /* after which the time to the next grows no more */
	GIVE_UP = 15 * 60 * 1000 / TCP_SLOW_INTERVAL,
};

static uint64_t counted; /* ms up to which tcp_ticks tells the time */

static bool is_quiet(const struct tcp_pcb *p)
{
	return p->state >= ESTABLISHED && !p->unacked && !p->unsent &&
	       !p->refused_data && !p->ooseq && !p->persist_backoff &&
	       !(p->flags &
		 (TF_ACK_DELAY | TF_ACK_NOW | TF_FIN | TF_CLOSEPEND)) &&
	       (p->state == ESTABLISHED || p->state == CLOSE_WAIT ||
		p->state == FIN_WAIT_2);
}

uint32_t st_tcp_timer_period(void)
{
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (!is_quiet(p))
			return TCP_TMR_INTERVAL;
	return tcp_active_pcbs || tcp_tw_pcbs ? QUIET_MS : 0;
}

void st_tcp_timer_wake(void)
{
	uint64_t missed, now = st_now_ms();

	if (!counted)
		counted = now;
	missed = (now - counted) / TCP_SLOW_INTERVAL;
	tcp_ticks += (u32_t)missed;
	counted += missed * TCP_SLOW_INTERVAL;
}

/* A SYN is sent again after twice the time, each time. */
static s16_t syn_rto(u8_t sent)
{
	int rto = SYN_FIRST << (sent < 10 ? sent : 10);

	return (s16_t)(rto < 0x7fff ? rto : 0x7fff);
}

static void be_patient(struct tcp_pcb *p)
{
	if (p->state == SYN_SENT) {
		p->rto = syn_rto(p->nrtx);
		return;
	}
	if ((p->sa >> 3) + p->sv < RTO_MIN)
		p->sv = (s16_t)(RTO_MIN - (p->sa >> 3));
	if (p->rto < RTO_MIN)
		p->rto = RTO_MIN;
	/* lwIP would give up after three minutes. */
	if (p->nrtx > TRIES && tcp_ticks - p->tmr < GIVE_UP)
		p->nrtx = TRIES;
	if (p->persist_backoff && p->persist_cnt &&
	    tcp_ticks % PROBE_SLOWER != 0)
		p->persist_cnt--;
}

/* lwIP searches lists: the oldest of too many are not waited for. */
static void limit_time_wait(void)
{
	struct tcp_pcb *p = tcp_tw_pcbs, *next;

	for (int n = 0; p && n < TIME_WAIT_MAX; n++)
		p = p->next;
	for (; p; p = next) {
		next = p->next;
		tcp_abort(p);
	}
}

void st_tcp_timer(void)
{
	static uint64_t last;
	u32_t ticks;

	tcp_fasttmr();
	st_tcp_timer_wake();
	if (counted == last)
		return;
	last = counted;
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		be_patient(p);
	limit_time_wait();
	ticks = tcp_ticks--; /* it counts one itself */
	tcp_slowtmr();
	tcp_ticks = ticks;
}
