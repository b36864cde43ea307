// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * urgent.c - urgent data of a TCP connection (RFC 6093), MSG_OOB of its guest
 *
 * A stand-in has out-of-band data of its own (AF_UNIX, since Linux 5.15): the
 * guest's MSG_OOB, SIGURG, POLLPRI, SIOCATMARK and SO_OOBINLINE are the kernel's.
 * This carries the mark from one stand-in to the other, as TCP does: a flag, and
 * where the last urgent byte is. lwIP looks at neither; they are set and read in
 * its hooks.
 *
 * From the guest: our end has SO_OOBINLINE, and a recv(2) stops before the mark,
 * so that the urgent byte is a byte behind (stream.h) for once; each is asked for
 * being it. To the guest: the urgent byte is sent alone.
 *
 * As Linux has it by default, the pointer points to the byte after it, and there is
 * one mark in each direction, the last.
 */
#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lwip/priv/tcp_priv.h"
#include "st_hooks.h"
#include "stream.h"

/* ---- from the guest ---- */

void st_urgent_watch(int fd)
{
	const int on = 1;

	setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on));
}

void st_urgent_look(struct st_stream *t)
{
	int at = 0;

	if (!t->pcb || ioctl(t->s->watch.fd, SIOCATMARK, &at) < 0 || !at)
		return;
	t->tx_urgent = true;
	tcp_nagle_disable(t->pcb); /* nothing of it waits for more */
	t->tx_up = t->pcb->snd_lbb + (uint32_t)t->unsent;
}

/* How far behind a segment's first byte the urgent ones end; 0: none of it is. */
static uint16_t pointer_of(struct st_stream *t, uint32_t seq)
{
	uint32_t ahead;

	if (!t->tx_urgent)
		return 0;
	if (TCP_SEQ_GEQ(t->pcb->lastack, t->tx_up)) {
		t->tx_urgent = false;
		if (!t->nodelay)
			tcp_nagle_enable(t->pcb);
		return 0;
	}
	ahead = t->tx_up - seq;
	if (!TCP_SEQ_GT(t->tx_up, seq))
		return 0;
	return ahead > 0xffff ? 0xffff : (uint16_t)ahead;
}

uint32_t *st_hook_tcp_output(const struct tcp_pcb *pcb, struct tcp_hdr *h,
			     uint32_t *options)
{
	struct st_stream *t =
		pcb && pcb->state >= ESTABLISHED ? pcb->callback_arg : NULL;
	uint16_t pointer = 0;

	if (t && t->pcb == pcb)
		pointer = pointer_of(t, lwip_ntohl(h->seqno));
	/* sent again, it may be urgent no more */
	TCPH_UNSET_FLAG(h, TCP_URG);
	if (pointer)
		TCPH_SET_FLAG(h, TCP_URG);
	h->urgp = lwip_htons(pointer);
	return options;
}

/* ---- to the guest ---- */

/* Of what was received, this much is not with the guest yet. */
static uint32_t waiting(const struct st_stream *t)
{
	uint32_t n = (uint32_t)t->rx_len;

	return t->pcb->refused_data ? n + t->pcb->refused_data->tot_len : n;
}

void st_urgent_arrives(struct st_stream *t, const struct tcp_hdr *h)
{
	uint32_t pointer = lwip_ntohs(h->urgp);
	uint32_t ahead = h->seqno + pointer - (pointer ? 1 : 0) -
			 (t->pcb->rcv_nxt - waiting(t));

	/* the guest has it already */
	if (ahead > INT32_MAX)
		return;
	if (t->rx_urgent && ahead < t->rx_mark)
		return;
	t->rx_urgent = true;
	t->rx_mark = ahead;
}

void st_urgent_passed(struct st_stream *t, size_t n)
{
	if (!t->rx_urgent)
		return;
	if (n > t->rx_mark)
		t->rx_urgent = false;
	else
		t->rx_mark -= n;
}

size_t st_urgent_limit(const struct st_stream *t, struct iovec *iov, size_t n)
{
	size_t left = t->rx_mark ? t->rx_mark : 1;

	if (!t->rx_urgent)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (iov[i].iov_len >= left) {
			iov[i].iov_len = left;
			return i + 1;
		}
		left -= iov[i].iov_len;
	}
	return n;
}

int st_urgent_flag(const struct st_stream *t)
{
	return t->rx_urgent && t->rx_mark == 0 ? MSG_OOB : 0;
}

void st_urgent_accepted(const struct st_stream *t, int fd)
{
	if (t->s->so.oobinline)
		st_urgent_watch(fd);
}
