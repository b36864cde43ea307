// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * recover.c - several segments of one window were lost (RFC 6582, NewReno)
 *
 * lwIP sends the first again after three duplicates of an acknowledgement, and takes the
 * next acknowledgement of anything as the end of it. Where that is for less than
 * was under way another one is missing: without this, it would be sent again after a
 * timeout only.
 */
#include "lwip/priv/tcp_priv.h"
#include "stream.h"

void st_recover_look(struct st_stream *t)
{
	if (t->recovering || !(t->pcb->flags & TF_INFR))
		return;
	t->recovering = true;
	t->recover = t->pcb->snd_nxt;
}

/* Else it would stay among what was never sent, and more be added to it. */
static bool fits_window(const struct tcp_pcb *pcb)
{
	return pcb->unacked && pcb->unacked->len <= pcb->snd_wnd &&
	       pcb->unacked->len <= pcb->cwnd;
}

void st_recover_acked(struct st_stream *t)
{
	if (!t->pcb || !t->recovering)
		return;
	if ((t->pcb->flags & TF_RTO) ||
	    TCP_SEQ_GEQ(t->pcb->lastack, t->recover)) {
		t->recovering = false;
		return;
	}
	if (fits_window(t->pcb) && tcp_rexmit(t->pcb) == ERR_OK)
		tcp_set_flags(t->pcb, TF_INFR);
}
