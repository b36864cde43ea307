// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcptimer.c - the time of TCP: its ticks, and patience
 *
 * lwIP counts ticks of 20 ms (lwipopts.h), much finer than it was made for. So
 * what it counts in ticks, not in milliseconds, is put right here before each
 * of them: the least time to a retransmission, that of a SYN, window probes. And
 * it is asked before that what became of what is not acknowledged.
 * Connections on which nothing is under way need but the ticks of keep-alive and
 * of the ends of TIME_WAIT and FIN_WAIT_2; those left out are added to the count.
 */
#include "tcptimer.h"

#include <stdbool.h>
#include <stddef.h>

#include "loop.h"
#include "lwip/priv/tcp_priv.h"

enum {
	TIME_WAIT_MS = 5000,		   /* its end need not be met */
	RTO_MIN = 200 / TCP_SLOW_INTERVAL, /* Linux's; RFC 6298 says more */
	SYN_FIRST = LWIP_TCP_RTO_TIME / TCP_SLOW_INTERVAL,
	PROBE_SLOWER = 4,
	PROBE_AFTER = 2,
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

/* Milliseconds until a tick that is so many after the last sign of life. */
static uint32_t until(const struct tcp_pcb *p, uint32_t ms)
{
	uint32_t limit = ms / TCP_SLOW_INTERVAL + 1, gone = tcp_ticks - p->tmr;

	return gone < limit ? (limit - gone) * TCP_SLOW_INTERVAL
			    : TCP_SLOW_INTERVAL;
}

/* By when a connection on which nothing is under way must be seen to. */
static uint32_t deadline(const struct tcp_pcb *p)
{
	if (p->state == FIN_WAIT_2)
		return (p->flags & TF_RXCLOSED) ? until(p, TCP_FIN_WAIT_TIMEOUT)
						: UINT32_MAX;
	if (ip_get_option(p, SOF_KEEPALIVE))
		return until(p,
			     p->keep_idle + p->keep_cnt_sent * p->keep_intvl);
	return UINT32_MAX;
}

uint32_t st_tcp_timer_period(uint32_t every)
{
	uint32_t least = tcp_tw_pcbs ? TIME_WAIT_MS : UINT32_MAX;

	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next) {
		uint32_t now = is_quiet(p) ? deadline(p) : every;

		if (now <= every)
			return every;
		if (now < least)
			least = now;
	}
	return least == UINT32_MAX ? 0 : least;
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

/*
 * What was sent again, or an acknowledgement, may be lost as well: before all is sent
 * again, the first segment asks (as a tail loss probe does, RFC 8985). One alone may
 * wait for the peer's delayed acknowledgement.
 */
static void probe(struct tcp_pcb *p)
{
	int within = PROBE_AFTER + 2 * (p->sa >> 3);
	struct tcp_seg *first = p->unacked;
	uint8_t again = p->nrtx;

	if (p->state < ESTABLISHED || !first || (p->flags & TF_RTO))
		return;
	if (!first->next)
		within *= 2;
	if (p->rtime != within || within >= p->rto)
		return;
	if (tcp_rexmit(p) == ERR_OK)
		tcp_output(p);
	/* no window, no way: lwIP would add to it what is written next */
	if (p->unsent == first) {
		p->unsent = first->next;
		first->next = p->unacked;
		p->unacked = first;
	}
	p->nrtx = again; /* it is no timeout: the next comes no later */
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
	probe(p);
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
