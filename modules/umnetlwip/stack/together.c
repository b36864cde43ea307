// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * together.c - small segments that come together are given to the guest together
 *
 * Each would cost a system call, and every second one an acknowledgement, on links
 * whose frames are small. So what came waits for the end of the loop's round, up
 * to a limit, unless something is missing before it or is urgent; lwIP's
 * acknowledgement is put off as long.
 */
#include "lwip/priv/tcp_priv.h"
#include "stream.h"

/* No more: of several acknowledgements for a window one may be lost. */
enum { TOGETHER = 8 * 1024 };

static struct st_stream *came;

/* Where nothing is missing, else the sender is to know at once. */
static bool may_wait(const struct st_stream *t)
{
	return t->rx_len < TOGETHER && t->pcb && t->pcb->state == ESTABLISHED &&
	       !t->pcb->ooseq && !t->rx_urgent;
}

static void wait_for_more(struct st_stream *t)
{
	if (t->pcb->flags & TF_ACK_NOW) {
		tcp_clear_flags(t->pcb, TF_ACK_NOW);
		tcp_set_flags(t->pcb, TF_ACK_DELAY);
		t->ack_owed = true;
	}
	if (t->came)
		return;
	t->came = true;
	t->next_came = came;
	came = t;
}

static void deliver(struct st_stream *t)
{
	st_stream_give(t);
	/* unless an acknowledgement has gone in the meantime */
	if (t->ack_owed && t->pcb && (t->pcb->flags & TF_ACK_DELAY)) {
		tcp_ack_now(t->pcb);
		tcp_output(t->pcb); /* while it comes in: afterwards */
	}
	t->ack_owed = false;
}

void st_together_came(struct st_stream *t, bool data)
{
	if (data && may_wait(t))
		wait_for_more(t);
	else
		deliver(t);
}

/* The window is to stay as it is in what says that something is missing. */
void st_together_arrives(struct st_stream *t, const struct tcp_hdr *h)
{
	if (t->came && h->seqno != t->pcb->rcv_nxt)
		deliver(t);
}

bool st_together_settle(void)
{
	bool any = came;

	while (came) {
		struct st_stream *t = came;

		came = t->next_came;
		t->came = false;
		deliver(t);
	}
	return any;
}

void st_together_forget(struct st_stream *t)
{
	struct st_stream **p = &came;

	if (!t->came)
		return;
	while (*p != t)
		p = &(*p)->next_came;
	*p = t->next_came;
	t->came = false;
}
