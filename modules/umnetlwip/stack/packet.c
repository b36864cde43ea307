// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packet.c - AF_PACKET sockets: frames as they come and go; packet(7)
 *
 * A copy of each frame that st_iface_input() takes or lwIP sends goes to the
 * sockets that are bound to its interface and protocol: into their ring
 * (ring.h), or through the stand-in. A tag of VLAN is taken off before, and told
 * beside, as the kernel does. Fanout is refused.
 *
 * A socket whose last descriptor is closed lives on while its ring is mapped.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "packet.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dgram.h"
#include "forward.h"
#include "l3.h"
#include "lwip/pbuf.h"
#include "packetsock.h"

enum { FRAME_MAX = ST_PACKET_FRAME, TAG = 4, ADDRESSES = 2 * ETH_ALEN };

static size_t watchers;

static int init(struct st_sock *s)
{
	struct st_packet_sock *k = calloc(1, sizeof(*k));

	if (!k)
		return -ENOBUFS;
	watchers++;
	s->local.storage.ss_family = AF_PACKET;
	s->priv = k;
	st_ring_init(&k->rings, s);
	return 0;
}

/* ---- what comes ---- */

/* A frame of an interface, for whoever wants it. */
struct seen {
	const struct st_iface *i;
	const uint8_t *data;
	size_t len, net;
	bool outgoing, vlan;
	uint16_t proto, tci, tpid;
};

static uint16_t two(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static bool is_tag(uint16_t proto)
{
	return proto == ETH_P_8021Q || proto == ETH_P_8021AD;
}

static void take_tag_off(struct seen *f)
{
	static uint8_t frame[FRAME_MAX];

	if (f->len > sizeof(frame))
		return;
	f->vlan = true;
	f->tpid = f->proto;
	f->tci = two(f->data + ETH_HLEN);
	f->proto = two(f->data + ADDRESSES + TAG);
	memcpy(frame, f->data, ADDRESSES);
	f->len -= TAG;
	memcpy(frame + ADDRESSES, f->data + ADDRESSES + TAG,
	       f->len - ADDRESSES);
	f->data = frame;
}

/* The protocol that it is for. */
static int wanted(struct st_sock *s)
{
	return s->bound ? ntohs(st_packet_name(s)->sll_protocol) : s->protocol;
}

static bool wants(struct st_sock *s, const struct seen *f)
{
	const struct sockaddr_ll *n = st_packet_name(s);
	int want = wanted(s);

	if (n->sll_ifindex && n->sll_ifindex != f->i->index)
		return false;
	/* Only those for all protocols see what is sent. */
	if (want == ETH_P_ALL)
		return !f->outgoing || !st_packet_of(s)->ignore_outgoing;
	return want && !f->outgoing && want == f->proto;
}

static uint8_t class_of(const struct seen *f)
{
	static const uint8_t all[ETH_ALEN] = { 255, 255, 255, 255, 255, 255 };

	if (f->outgoing)
		return PACKET_OUTGOING;
	if (st_iface_is_l3(f->i))
		return PACKET_HOST;
	if (!memcmp(f->data, all, ETH_ALEN))
		return PACKET_BROADCAST;
	if (f->data[0] & 1)
		return PACKET_MULTICAST;
	return memcmp(f->data, f->i->nif->hwaddr, ETH_ALEN) ? PACKET_OTHERHOST
							    : PACKET_HOST;
}

static struct sockaddr_ll source_of(const struct seen *f)
{
	struct sockaddr_ll from = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(f->proto),
				    .sll_ifindex = f->i->index,
				    .sll_hatype =
					    (unsigned short)st_iface_type(f->i),
				    .sll_pkttype = class_of(f) };

	if (!st_iface_is_l3(f->i)) {
		from.sll_halen = ETH_ALEN;
		memcpy(from.sll_addr, f->data + ETH_ALEN, ETH_ALEN);
	}
	return from;
}

static struct st_shot shot_of(const struct seen *f)
{
	struct st_shot shot = {
		.p = { .link = f->data,
		       .net = f->net,
		       .proto = f->proto,
		       .ifindex = f->i->index,
		       .vlan = f->vlan,
		       .tci = f->tci,
		       .tpid = f->tpid },
		.from = source_of(f),
		.status = f->vlan ? TP_STATUS_VLAN_VALID |
					    TP_STATUS_VLAN_TPID_VALID
				  : 0,
	};

	shot.p.pkttype = shot.from.sll_pkttype;
	shot.p.hatype = shot.from.sll_hatype;
	clock_gettime(CLOCK_REALTIME, &shot.stamp);
	if (f->i->link && f->i->link->trusted && f->outgoing)
		shot.status |= TP_STATUS_CSUMNOTREADY;
	return shot;
}

/* Sockets for one protocol are not told of tags: it is not for this host. */
static void hide_tag(struct st_shot *shot)
{
	if (shot->p.tci & 0xfff)
		shot->p.pkttype = shot->from.sll_pkttype = PACKET_OTHERHOST;
	shot->p.vlan = false;
	shot->p.tci = shot->p.tpid = 0;
	shot->status &= ~(TP_STATUS_VLAN_VALID | TP_STATUS_VLAN_TPID_VALID);
}

static void give(struct st_sock *s, const struct seen *f,
		 const struct st_shot *all)
{
	struct st_packet_sock *k = st_packet_of(s);
	size_t skip = s->type == SOCK_DGRAM ? f->net : 0;
	struct st_shot shot = *all;

	if (f->vlan && wanted(s) != ETH_P_ALL)
		hide_tag(&shot);
	shot.p.data = f->data + skip;
	shot.p.len = f->len - skip;
	shot.snap = st_bpf_run(s->filter, &shot.p);
	if (!shot.snap && s->filter)
		return;
	if (shot.snap > shot.p.len)
		shot.snap = shot.p.len;
	if (k->rings.rx.count ? st_ring_put(&k->rings, &shot)
			      : st_packet_give(s, &shot))
		k->rings.packets++;
	else
		k->rings.drops++;
}

static bool is_over(const struct st_sock *s)
{
	return s->released && !st_ring_is_mapped(&st_packet_of(s)->rings);
}

static void end(struct st_sock *s)
{
	struct st_packet_sock *k = st_packet_of(s);

	watchers--;
	st_packet_leave_all(k);
	st_ring_fini(&k->rings);
	free(k);
}

static void show(const struct seen *f)
{
	struct st_shot shot = shot_of(f);
	struct st_sock *s, *next;

	for (s = st_sock_each(NULL); s; s = next) {
		next = st_sock_each(s);
		if (s->proto != &st_packet || !wants(s, f))
			continue;
		if (is_over(s)) {
			end(s);
			st_sock_free(s);
		} else {
			give(s, f, &shot);
		}
	}
}

bool st_packet_is_watched(void)
{
	return watchers > 0;
}

void st_packet_seen(struct st_iface *i, const void *frame, size_t len,
		    bool outgoing)
{
	bool l3 = st_iface_is_l3(i);
	struct seen f = { .i = i,
			  .data = frame,
			  .len = len,
			  .net = l3 ? 0 : ETH_HLEN,
			  .outgoing = outgoing };

	if (!watchers || len < f.net)
		return;
	f.proto = l3 ? st_l3_proto(frame, len) : two(f.data + ADDRESSES);
	if (!l3 && len >= ETH_HLEN + TAG && is_tag(f.proto))
		take_tag_off(&f);
	show(&f);
}

/* There it has a header without addresses, and is seen twice, as in Linux. */
void st_packet_looped(const struct pbuf *p, const struct netif *nif)
{
	static uint8_t frame[FRAME_MAX];
	struct st_iface *lo = st_iface_by_index(1);
	uint16_t proto;

	/* also what is for another address of ours came from no link */
	if (!watchers || !lo || st_input_iface ||
	    st_iface_is_l3(st_iface_of(nif)))
		return;
	pbuf_copy_partial(p, frame + ETH_HLEN, p->tot_len, 0);
	proto = htons(st_l3_proto(frame + ETH_HLEN, p->tot_len));
	memcpy(frame + ADDRESSES, &proto, sizeof(proto));
	st_packet_seen(lo, frame, ETH_HLEN + p->tot_len, true);
	st_packet_seen(lo, frame, ETH_HLEN + p->tot_len, false);
}

/* ---- its interface ---- */

static void fail_all(const struct st_iface *i, bool gone)
{
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s)) {
		if (s->proto != &st_packet ||
		    st_packet_name(s)->sll_ifindex != i->index)
			continue;
		if (gone)
			st_packet_name(s)->sll_ifindex = -1;
		else
			st_sock_fail(s, ENETDOWN);
	}
}

void st_packet_iface_down(struct st_iface *i)
{
	fail_all(i, false);
}

void st_packet_iface_gone(struct st_iface *i)
{
	fail_all(i, true);
}

static int packet_bind(struct st_sock *s, const union st_sockaddr *addr,
		       socklen_t len)
{
	const struct sockaddr_ll *to = (const void *)addr;
	struct sockaddr_ll *n = st_packet_name(s);
	struct st_iface *i;

	if (len < sizeof(*to) || to->sll_family != AF_PACKET)
		return -EINVAL;
	i = to->sll_ifindex ? st_iface_by_index(to->sll_ifindex) : NULL;
	if (to->sll_ifindex && !i)
		return -ENODEV;
	*n = *to;
	if (!n->sll_protocol)
		n->sll_protocol = htons((uint16_t)s->protocol);
	n->sll_hatype = (unsigned short)(i ? st_iface_type(i) : ARPHRD_ETHER);
	n->sll_halen = i && st_iface_is_l3(i) ? 0 : 6;
	if (i)
		memcpy(n->sll_addr, i->nif->hwaddr, 6);
	s->bound = true;
	if (i && !st_iface_is_up(i))
		st_sock_fail(s, ENETDOWN);
	return 0;
}

static int packet_sockname(struct st_sock *s, union st_sockaddr *out,
			   socklen_t *len)
{
	*out = s->local;
	*len = sizeof(struct sockaddr_ll);
	return 0;
}

/* ---- memory that is shared ---- */

int st_packet_map(struct st_sock *s, uint64_t len, uint64_t off)
{
	return s->proto == &st_packet
		       ? st_ring_fd(&st_packet_of(s)->rings, len, off)
		       : -ENODEV;
}

int st_packet_await(struct st_sock *s)
{
	if (s->proto != &st_packet)
		return -EINVAL;
	st_ring_await(&st_packet_of(s)->rings);
	return -s->error;
}

static bool packet_release(struct st_sock *s)
{
	if (s->watch.fd >= 0) {
		st_watch_del(&s->watch);
		close(s->watch.fd);
		s->watch.fd = -1;
	}
	if (st_ring_is_mapped(&st_packet_of(s)->rings))
		return true;
	end(s);
	return false;
}

const struct st_proto st_packet = {
	.init = init,
	.ready = st_dgram_ready,
	.bind = packet_bind,
	.send = st_packet_send,
	.sockname = packet_sockname,
	.setopt = st_packet_setopt,
	.getopt = st_packet_getopt,
	.ioctl = st_ioctl,
	.release = packet_release,
};
