// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcpinput.c - segments of TCP, before lwIP sees them: whose they are
 *
 * Of several listeners that share a port lwIP would always ask the same. And in
 * TIME-WAIT it would refuse a connection between the same two ports: who dials
 * again and again gets a port of before sooner or later. As Linux has it, a SYN
 * beyond what came before ends what is left of the old connection (RFC 1122,
 * 4.2.2.13), and so does a reset.
 */
#include <linux/tcp.h>
#include <string.h>

#include "iface.h"
#include "lwip/priv/tcp_priv.h"
#include "share.h"
#include "stream.h"

/* How well a listener fits, as Linux counts; 0: not at all. */
static int fit(const struct tcp_pcb_listen *l, const struct st_flow *f)
{
	bool any = IP_IS_ANY_TYPE_VAL(l->local_ip);
	bool same = IP_GET_TYPE(&l->local_ip) == IP_GET_TYPE(&f->to);

	if (l->local_port != f->dport || !(any || same) ||
	    (l->netif_idx && l->netif_idx != netif_get_index(f->nif)))
		return 0;
	if (!any && !ip_addr_isany(&l->local_ip))
		return ip_addr_cmp(&l->local_ip, &f->to) ? 4 + !!l->netif_idx
							 : 0;
	return 1 + !!l->netif_idx + same;
}

/* The nth of those that fit so well. */
static struct tcp_pcb_listen *pick(const struct st_flow *f, int best, size_t n)
{
	struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs;

	for (; l; l = l->next)
		if (fit(l, f) == best && n-- == 0)
			return l;
	return NULL;
}

/* lwIP takes the first at the very address, else the last at any. */
static void make_first(struct tcp_pcb_listen *l)
{
	struct tcp_pcb_listen **p = &tcp_listen_pcbs.listen_pcbs;

	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	p = &tcp_listen_pcbs.listen_pcbs;
	while (ip_addr_isany(&l->local_ip) && *p)
		p = &(*p)->next;
	l->next = *p;
	*p = l;
}

/* Of several listeners one is asked: of those that fit best, by the flow. */
static struct tcp_pcb_listen *choose_listener(const struct st_flow *f)
{
	struct tcp_pcb_listen *chosen;
	int best = 0, n = 0;

	for (const struct tcp_pcb_listen *l = tcp_listen_pcbs.listen_pcbs; l;
	     l = l->next) {
		int now = fit(l, f);

		n = now > best ? 1 : n + (now && now == best);
		best = now > best ? now : best;
	}
	if (n == 0)
		return NULL;
	chosen = pick(f, best, st_flow_choose(f, (size_t)n));
	make_first(chosen);
	return chosen;
}

static struct tcp_pcb *left_of(const struct st_flow *f)
{
	struct tcp_pcb *p = tcp_tw_pcbs;

	while (p && (p->local_port != f->dport || p->remote_port != f->sport ||
		     !ip_addr_cmp(&p->local_ip, &f->to) ||
		     !ip_addr_cmp_zoneless(&p->remote_ip, &f->from)))
		p = p->next;
	return p;
}

/* What is left gives way to who comes after it, and to a reset. */
static void end_left(const struct st_flow *f, const struct tcphdr *h)
{
	struct tcp_pcb *old = left_of(f);
	uint32_t seq = ntohl(h->seq);

	if (old &&
	    (h->rst ? seq == old->rcv_nxt : TCP_SEQ_GT(seq, old->rcv_nxt)))
		tcp_abort(old); /* in this state nobody is told */
}

bool st_tcp_arrives(struct st_flow *f, const void *header, size_t len)
{
	struct tcp_pcb_listen *l;
	struct tcphdr h;

	if (len < sizeof(h))
		return true;
	memcpy(&h, header, sizeof(h));
	f->sport = ntohs(h.source);
	f->dport = ntohs(h.dest);
	if (h.rst)
		end_left(f, &h);
	if (!h.syn || h.ack || h.rst)
		return true;
	st_tcp_drop_closed(f->dport);
	l = choose_listener(f);
	if (!l)
		return true;
	if (l->callback_arg && st_tcp_is_full(l->callback_arg))
		return false;
	end_left(f, &h);
	return true;
}
