// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * linger.c - what was sent arrives, though nobody uses the stack any more
 *
 * A guest that has closed its socket counts on that; the kernel would go on for
 * it. So the stack does not end before its data, and the ends of its connections,
 * are acknowledged, as long as that gets on. What is left then is reset: its peers
 * must not take it for whole, nor wait for it.
 */
#include "iface.h"
#include "loop.h"
#include "lwip/priv/tcp_priv.h"
#include "stream.h"

enum {
	TICK_MS = 20,
	ROUNDS = 64,	/* for what guests left in their sockets */
	DATA_MS = 3000, /* so long nothing gets on */
	END_MS = 300,	/* and there are no data, only ends */
	MOST_MS = 30000,
};

static bool has_data(const struct tcp_seg *s)
{
	for (; s; s = s->next)
		if (s->len)
			return true;
	return false;
}

static bool is_owed(const struct tcp_pcb *p)
{
	return p->state >= ESTABLISHED && (p->unsent || p->unacked);
}

/* What a link has taken, it may still have to pass on itself. */
static bool link_owes(void)
{
	for (struct st_iface *i = st_iface_first(); i; i = i->next)
		if (i->link && i->link->is_owing && i->link->is_owing(i))
			return true;
	return false;
}

/* Something that is other when something was acknowledged; 0: nothing is owed. */
static uint32_t owed(bool *data)
{
	uint32_t sum = 0;

	*data = false;
	for (struct tcp_pcb *p = tcp_active_pcbs; p; p = p->next)
		if (is_owed(p)) {
			*data |= has_data(p->unsent) || has_data(p->unacked);
			sum += p->lastack | 1;
		}
	if (link_owes()) {
		*data = true;
		sum++;
	}
	return sum;
}

static void reset_rest(void)
{
	struct tcp_pcb *p = tcp_active_pcbs;

	while (p) {
		if (is_owed(p)) {
			tcp_abort(p);
			p = tcp_active_pcbs;
		} else {
			p = p->next;
		}
	}
}

static void fire(struct st_timer *t)
{
	st_timer_set(t, TICK_MS);
}

void st_linger(void)
{
	struct st_timer tick = { .fire = fire };
	uint64_t start = st_now_ms(), since = start;
	uint32_t last = 0, now;
	bool data;

	for (int n = 0; n < ROUNDS; n++)
		st_loop_round(false);
	st_timer_set(&tick, TICK_MS);
	while ((now = owed(&data)) && st_now_ms() - start < MOST_MS) {
		if (now != last)
			since = st_now_ms();
		last = now;
		if (st_now_ms() - since >= (data ? DATA_MS : END_MS))
			break;
		st_loop_round(true);
	}
	st_timer_stop(&tick);
	reset_rest();
	st_loop_round(false);
}
