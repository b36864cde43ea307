// SPDX-License-Identifier: GPL-2.0-or-later
/* packetsend.c - AF_PACKET sockets: frames that a guest sends */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>

#include "packet.h"
#include "packetsock.h"

enum { TAG = 4 };

/* The whole frame: what the guest gave, or its header made of the address. */
static ssize_t compose(struct st_sock *s, const struct st_iface *i,
		       const struct sockaddr_ll *to, const void *data,
		       size_t len, uint8_t *frame, size_t room)
{
	bool l3 = st_iface_is_l3(i);
	size_t skip = s->type == SOCK_DGRAM && !l3 ? ETH_HLEN : 0;
	uint16_t proto = to && to->sll_protocol
				 ? to->sll_protocol
				 : st_packet_name(s)->sll_protocol;

	if (len + skip > room || len + skip > (size_t)i->mtu + ETH_HLEN + TAG)
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

static const struct sockaddr_ll *target(const struct st_dest *dest)
{
	return dest->has_addr ? (const void *)&dest->addr : NULL;
}

/* Where it goes out, or -errno. */
static int way_out(struct st_sock *s, const struct st_dest *dest,
		   struct st_iface **out)
{
	const struct sockaddr_ll *to = target(dest);

	*out = st_iface_by_index(to ? to->sll_ifindex
				    : st_packet_name(s)->sll_ifindex);
	if (!*out || st_iface_is_lo(*out))
		return -ENXIO;
	return st_iface_is_up(*out) ? 0 : -ENETDOWN;
}

static ssize_t send_one(struct st_sock *s, const struct st_dest *dest,
			const void *data, size_t len)
{
	static uint8_t frame[ST_PACKET_FRAME];
	struct st_iface *i;
	int ret = way_out(s, dest, &i);
	ssize_t n;

	if (ret < 0)
		return ret;
	n = compose(s, i, target(dest), data, len, frame, sizeof(frame));
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

/* With a ring a call sends what is in that, whatever else it has. */
ssize_t st_packet_send(struct st_sock *s, const struct st_dest *dest,
		       const void *data, size_t len, int flags)
{
	struct st_rings *r = &st_packet_of(s)->rings;
	struct st_iface *i;
	int ret;

	(void)flags;
	if (!r->tx.count)
		return send_one(s, dest, data, len);
	ret = way_out(s, dest, &i);
	if (ret < 0)
		return ret;
	return st_ring_send(r, dest, (size_t)i->mtu + ETH_HLEN + TAG, send_one);
}
