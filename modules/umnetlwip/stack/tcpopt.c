// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tcpopt.c - options of TCP sockets; tcp(7)
 *
 * What lwIP has is set in its control block; what it lacks is kept, so that
 * getsockopt(2) tells what was set.
 */
#include <errno.h>
#include <linux/tcp.h>
#include <string.h>

#include "iface.h"
#include "lwip/priv/tcp_priv.h"
#include "stream.h"

/* linux/tcp_states.h is the kernel's own. */
static const int states[] = {
	[CLOSED] = 7,	   [LISTEN] = 10,    [SYN_SENT] = 2,   [SYN_RCVD] = 3,
	[ESTABLISHED] = 1, [FIN_WAIT_1] = 4, [FIN_WAIT_2] = 5, [CLOSE_WAIT] = 8,
	[CLOSING] = 11,	   [LAST_ACK] = 9,   [TIME_WAIT] = 6,
};

int st_tcp_state(const struct st_stream *t)
{
	if (t->listener)
		return states[LISTEN];
	return t->pcb ? states[t->pcb->state] : states[CLOSED];
}

void st_tcp_info(const struct st_stream *t, struct tcp_info *out)
{
	const struct tcp_pcb *pcb = t->pcb;

	memset(out, 0, sizeof(*out));
	out->tcpi_state = (uint8_t)st_tcp_state(t);
	if (!pcb)
		return;
	out->tcpi_options = TCPI_OPT_SACK | TCPI_OPT_WSCALE;
	out->tcpi_snd_wscale = pcb->snd_scale & 0xf;
	out->tcpi_rcv_wscale = pcb->rcv_scale & 0xf;
	out->tcpi_rto = (uint32_t)pcb->rto * TCP_SLOW_INTERVAL * 1000;
	out->tcpi_snd_mss = out->tcpi_advmss = tcp_mss(pcb);
	out->tcpi_rcv_mss = tcp_mss(pcb);
	out->tcpi_pmtu = tcp_mss(pcb) + 40U;
	out->tcpi_unacked = pcb->snd_queuelen;
	out->tcpi_retransmits = pcb->nrtx;
	out->tcpi_rtt = (uint32_t)(pcb->sa > 0 ? pcb->sa >> 3 : 0) *
			TCP_SLOW_INTERVAL * 1000;
	out->tcpi_rttvar = (uint32_t)(pcb->sv > 0 ? pcb->sv >> 2 : 0) *
			   TCP_SLOW_INTERVAL * 1000;
	out->tcpi_snd_ssthresh = pcb->ssthresh;
	out->tcpi_snd_cwnd = tcp_mss(pcb) ? pcb->cwnd / tcp_mss(pcb) : 0;
	out->tcpi_rcv_space = pcb->rcv_wnd;
}

void st_tcp_limit_window(struct tcp_pcb *pcb)
{
	struct netif *nif = ip_route(&pcb->local_ip, &pcb->remote_ip);
	const struct st_iface *i = nif ? st_iface_of(nif) : NULL;
	tcpwnd_size_t most = i && i->link ? i->link->window : 0;

	if (!most)
		return;
	if (pcb->rcv_wnd > most) {
		pcb->rcv_wnd = pcb->rcv_ann_wnd = most;
		pcb->rcv_ann_right_edge = pcb->rcv_nxt + most;
	}
	if (pcb->snd_buf > most)
		pcb->snd_buf = most;
}

static bool is_connection(const struct tcp_pcb *pcb)
{
	return pcb->state >= ESTABLISHED && pcb->state < TIME_WAIT;
}

/*
 * To lwIP a bare acknowledgement lies outside a closed window, even at its edge
 * (RFC 793 has it acceptable there), and is answered by another one. Where both
 * windows are closed the ends would answer one another for ever. So the
 * window is a little open while there is nothing in the segment: by a byte, or
 * by two after a probe, whose byte the sender counts. st_stream gives it back.
 */
static void open_a_little(struct tcp_pcb *pcb, const struct tcp_hdr *h,
			  const struct pbuf *p)
{
	struct st_stream *t = pcb->callback_arg;
	uint32_t past = h->seqno - pcb->rcv_nxt;

	if (pcb->rcv_wnd || p->tot_len ||
	    TCPH_FLAGS(h) & (TCP_SYN | TCP_FIN | TCP_RST) || past > 1)
		return;
	pcb->rcv_wnd = past + 1;
	if (t)
		t->lent += pcb->rcv_wnd;
}

int st_hook_tcp_input(struct tcp_pcb *pcb, const struct tcp_hdr *h,
		      const struct pbuf *p)
{
	struct st_stream *t = pcb->callback_arg;

	if (!is_connection(pcb))
		return ERR_OK;
	open_a_little(pcb, h, p);
	if (!t || t->pcb != pcb)
		return ERR_OK;
	st_recover_look(t);
	st_together_arrives(t, h);
	if (TCPH_FLAGS(h) & TCP_URG)
		st_urgent_arrives(t, h);
	return ERR_OK;
}

/* Keep-alive times are of a connection or of a listener. */
static void show_keepalive(const struct st_stream *t)
{
	if (!t->pcb)
		return;
	if (t->keepidle)
		t->pcb->keep_idle = (u32_t)t->keepidle * 1000;
	if (t->keepintvl)
		t->pcb->keep_intvl = (u32_t)t->keepintvl * 1000;
	if (t->keepcnt)
		t->pcb->keep_cnt = (u32_t)t->keepcnt;
}

static void set_keepalive(struct st_stream *t, int name, int value)
{
	if (name == TCP_KEEPIDLE)
		t->keepidle = value;
	else if (name == TCP_KEEPINTVL)
		t->keepintvl = value;
	else
		t->keepcnt = value;
	show_keepalive(t);
}

static void set_nodelay(struct st_stream *t, bool on)
{
	t->nodelay = on;
	if (!t->pcb)
		return;
	if (on)
		tcp_nagle_disable(t->pcb);
	else
		tcp_nagle_enable(t->pcb);
	if (on)
		tcp_output(t->pcb);
}

void st_tcp_inherit(struct st_stream *child, const struct st_stream *from)
{
	child->keepidle = from->keepidle;
	child->keepintvl = from->keepintvl;
	child->keepcnt = from->keepcnt;
	child->nodelay = from->nodelay;
	child->user_timeout = from->user_timeout;
	child->defer_accept = from->defer_accept;
	child->syncnt = from->syncnt;
	child->linger2 = from->linger2;
	child->window_clamp = from->window_clamp;
	show_keepalive(child);
	if (child->nodelay)
		tcp_nagle_disable(child->pcb);
}

static int set_int(struct st_sock *s, int name, int v)
{
	struct st_stream *t = s->priv;

	switch (name) {
	case TCP_NODELAY:
		set_nodelay(t, v);
		return 0;
	case TCP_CORK:
		t->cork = v;
		if (!v && t->pcb)
			tcp_output(t->pcb);
		return 0;
	case TCP_KEEPIDLE:
	case TCP_KEEPINTVL:
		if (v < 1 || v > 32767)
			return -EINVAL;
		set_keepalive(t, name, v);
		return 0;
	case TCP_KEEPCNT:
		if (v < 1 || v > 127)
			return -EINVAL;
		set_keepalive(t, name, v);
		return 0;
	case TCP_MAXSEG:
		if (v && (v < 88 || v > 32767))
			return -EINVAL;
		t->maxseg = v;
		return 0;
	case TCP_USER_TIMEOUT:
		if (v < 0)
			return -EINVAL;
		t->user_timeout = v;
		return 0;
	case TCP_DEFER_ACCEPT:
		t->defer_accept = v < 0 ? 0 : v;
		return 0;
	case TCP_SYNCNT:
		if (v < 1 || v > 127)
			return -EINVAL;
		t->syncnt = v;
		return 0;
	case TCP_LINGER2:
		t->linger2 = v;
		return 0;
	case TCP_WINDOW_CLAMP:
		t->window_clamp = v;
		return 0;
	case TCP_QUICKACK:
		t->quickack = v;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int st_tcp_setopt(struct st_sock *s, int level, int name, const void *value,
		  socklen_t len)
{
	int v, ret;

	if (level != IPPROTO_TCP)
		return st_ipopt_set(s, level, name, value, len);
	if (name == TCP_CONGESTION)
		return len >= 4 && !memcmp(value, "reno", 4) ? 0 : -ENOENT;
	ret = st_opt_int(value, len, &v);
	return ret < 0 ? ret : set_int(s, name, v);
}

static int get_int(const struct st_stream *t, int name)
{
	const struct tcp_pcb *pcb = t->pcb;

	switch (name) {
	case TCP_NODELAY:
		return t->nodelay;
	case TCP_CORK:
		return t->cork;
	case TCP_KEEPIDLE:
		return t->keepidle ? t->keepidle : 7200;
	case TCP_KEEPINTVL:
		return t->keepintvl ? t->keepintvl : 75;
	case TCP_KEEPCNT:
		return t->keepcnt ? t->keepcnt : 9;
	case TCP_MAXSEG:
		return t->established && pcb ? tcp_mss(pcb)
		       : t->maxseg	     ? t->maxseg
					     : 536;
	case TCP_USER_TIMEOUT:
		return t->user_timeout;
	case TCP_DEFER_ACCEPT:
		return t->defer_accept;
	case TCP_SYNCNT:
		return t->syncnt ? t->syncnt : 6;
	case TCP_LINGER2:
		return t->linger2 ? t->linger2 : 60;
	case TCP_WINDOW_CLAMP:
		return t->window_clamp;
	case TCP_QUICKACK:
		return t->quickack;
	default:
		return -ENOPROTOOPT;
	}
}

int st_tcp_getopt(struct st_sock *s, int level, int name, void *value,
		  socklen_t *len)
{
	struct tcp_info info;
	int v;

	if (level != IPPROTO_TCP)
		return st_ipopt_get(s, level, name, value, len);
	if (name == TCP_INFO) {
		st_tcp_info(s->priv, &info);
		return st_opt_put(value, len, &info, sizeof(info));
	}
	if (name == TCP_CONGESTION)
		return st_opt_put(value, len, "reno\0\0\0\0\0\0\0\0\0\0\0", 16);
	v = get_int(s->priv, name);
	return v < 0 ? v : st_opt_put(value, len, &v, sizeof(v));
}
