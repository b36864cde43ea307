// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packet.c - AF_PACKET sockets: frames as they come and go; packet(7)
 *
 * A copy of each frame that st_iface_input() takes or lwIP sends goes to the
 * sockets that are bound to its interface and protocol. Rings and fanout are
 * refused.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include "packet.h"

#include <errno.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "dgram.h"
#include "l3.h"
#include "sock.h"

static size_t watchers;

static int init(struct st_sock *s)
{
	watchers++;
	s->local.storage.ss_family = AF_PACKET;
	s->priv = NULL;
	return 0;
}

static struct sockaddr_ll *name_of(struct st_sock *s)
{
	return (void *)&s->local;
}

static bool wants(struct st_sock *s, const struct st_iface *i, uint16_t proto,
		  bool outgoing)
{
	const struct sockaddr_ll *n = name_of(s);
	int want = s->bound ? ntohs(n->sll_protocol) : s->protocol;

	if (n->sll_ifindex && n->sll_ifindex != i->index)
		return false;
	/* Only those for all protocols see what is sent. */
	return want == ETH_P_ALL || (!outgoing && want == proto);
}

static uint8_t class_of(const struct st_iface *i, const uint8_t *frame,
			bool outgoing)
{
	static const uint8_t all[6] = { 255, 255, 255, 255, 255, 255 };

	if (outgoing)
		return PACKET_OUTGOING;
	if (st_iface_is_l3(i))
		return PACKET_HOST;
	if (!memcmp(frame, all, 6))
		return PACKET_BROADCAST;
	if (frame[0] & 1)
		return PACKET_MULTICAST;
	return memcmp(frame, i->nif->hwaddr, 6) ? PACKET_OTHERHOST
						: PACKET_HOST;
}

static void give(struct st_sock *s, const struct st_iface *i,
		 const uint8_t *frame, size_t len, uint16_t proto,
		 bool outgoing)
{
	struct um_net_head head = { .namelen = sizeof(struct sockaddr_ll) };
	struct sockaddr_ll from = { .sll_family = AF_PACKET,
				    .sll_protocol = htons(proto),
				    .sll_ifindex = i->index,
				    .sll_hatype =
					    (unsigned short)st_iface_type(i) };
	bool l3 = st_iface_is_l3(i);
	size_t skip = s->type == SOCK_DGRAM && !l3 ? ETH_HLEN : 0;

	from.sll_pkttype = class_of(i, frame, outgoing);
	from.sll_halen = l3 ? 0 : 6;
	if (!l3)
		memcpy(from.sll_addr, frame + 6, 6);
	memcpy(head.name, &from, sizeof(from));
	st_sock_give(s, &head, NULL, frame + skip, len - skip);
}

void st_packet_seen(struct st_iface *i, const void *frame, size_t len,
		    bool outgoing)
{
	const uint8_t *f = frame;
	uint16_t proto;

	if (!watchers || (len < ETH_HLEN && !st_iface_is_l3(i)))
		return;
	proto = st_iface_is_l3(i) ? st_l3_proto(f, len)
				  : (uint16_t)(f[12] << 8 | f[13]);
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		if (s->proto == &st_packet && wants(s, i, proto, outgoing))
			give(s, i, f, len, proto, outgoing);
}

void st_packet_iface_gone(struct st_iface *i)
{
	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		if (s->proto == &st_packet &&
		    name_of(s)->sll_ifindex == i->index) {
			name_of(s)->sll_ifindex = -1;
			st_sock_fail(s, ENETDOWN);
		}
}

static int packet_bind(struct st_sock *s, const union st_sockaddr *addr,
		       socklen_t len)
{
	const struct sockaddr_ll *to = (const void *)addr;
	struct sockaddr_ll *n = name_of(s);
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
	return 0;
}

static int packet_sockname(struct st_sock *s, union st_sockaddr *out,
			   socklen_t *len)
{
	*out = s->local;
	*len = sizeof(struct sockaddr_ll);
	return 0;
}

/* The whole frame: what the guest gave, or its header made of the address. */
static ssize_t compose(struct st_sock *s, const struct st_iface *i,
		       const struct sockaddr_ll *to, const void *data,
		       size_t len, uint8_t *frame, size_t room)
{
	bool l3 = st_iface_is_l3(i);
	size_t skip = s->type == SOCK_DGRAM && !l3 ? ETH_HLEN : 0;
	uint16_t proto = to && to->sll_protocol ? to->sll_protocol
						: name_of(s)->sll_protocol;

	if (len + skip > room || len + skip > (size_t)i->mtu + ETH_HLEN + 4)
		return -EMSGSIZE;
	if (skip) {
		if (!to)
			return -EDESTADDRREQ;
		memcpy(frame, to->sll_addr, 6);
		memcpy(frame + 6, i->nif->hwaddr, 6);
		memcpy(frame + 12, &proto, 2);
	} else if (len < (l3 ? 1 : ETH_HLEN)) {
		return -EINVAL;
	}
	memcpy(frame + skip, data, len);
	return (ssize_t)(len + skip);
}

static ssize_t packet_send(struct st_sock *s, const struct st_dest *dest,
			   const void *data, size_t len, int flags)
{
	static uint8_t frame[65536 + ETH_HLEN];
	const struct sockaddr_ll *to =
		dest->has_addr ? (const void *)&dest->addr : NULL;
	int index = to ? to->sll_ifindex : name_of(s)->sll_ifindex;
	struct st_iface *i = st_iface_by_index(index);
	ssize_t n;

	(void)flags;
	if (!i || st_iface_is_lo(i))
		return -ENXIO;
	if (!st_iface_is_up(i))
		return -ENETDOWN;
	n = compose(s, i, to, data, len, frame, sizeof(frame));
	if (n < 0)
		return n;
	st_packet_seen(i, frame, (size_t)n, true);
	if (i->link->send(i, frame, (size_t)n) < 0) {
		i->tx.dropped++;
		return -ENOBUFS;
	}
	i->tx.packets++;
	i->tx.bytes += (uint64_t)n;
	return (ssize_t)len;
}

static int packet_setopt(struct st_sock *s, int level, int name,
			 const void *value, socklen_t len)
{
	(void)s;
	(void)value;
	(void)len;
	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	switch (name) {
	case PACKET_ADD_MEMBERSHIP:
	case PACKET_DROP_MEMBERSHIP:
	case PACKET_AUXDATA:
	case PACKET_ORIGDEV:
	case PACKET_COPY_THRESH:
	case PACKET_IGNORE_OUTGOING:
		return 0; /* every frame of a link is seen already */
	default:
		return -EINVAL;
	}
}

static int packet_getopt(struct st_sock *s, int level, int name, void *value,
			 socklen_t *len)
{
	struct tpacket_stats none = { 0 };
	int zero = 0;

	(void)s;
	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (name == PACKET_STATISTICS)
		return st_opt_put(value, len, &none, sizeof(none));
	if (name == PACKET_AUXDATA || name == PACKET_VERSION)
		return st_opt_put(value, len, &zero, sizeof(zero));
	return -EINVAL;
}

static bool packet_release(struct st_sock *s)
{
	(void)s;
	watchers--;
	return false;
}

const struct st_proto st_packet = {
	.init = init,
	.ready = st_dgram_ready,
	.bind = packet_bind,
	.send = packet_send,
	.sockname = packet_sockname,
	.setopt = packet_setopt,
	.getopt = packet_getopt,
	.ioctl = st_ioctl,
	.release = packet_release,
};
