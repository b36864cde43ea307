// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * packetopt.c - options of AF_PACKET sockets; packet(7)
 *
 * Every frame of a link is seen already: to be a member of a group, or
 * promiscuous, is remembered and changes nothing.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>

#include "iface.h"
#include "packetsock.h"

/* The kernel's has room for the longest address; the guest gives what it has. */
struct mreq {
	struct packet_mreq head;
	unsigned char more[24];
};

struct st_member {
	struct st_member *next;
	struct mreq req;
	unsigned int count;
};

/* ---- members ---- */

static struct st_member **find(struct st_packet_sock *k, const struct mreq *q)
{
	struct st_member **p = &k->members;

	while (*p && memcmp(&(*p)->req, q, sizeof(*q)) != 0)
		p = &(*p)->next;
	return p;
}

static void remove_member(struct st_member **p)
{
	struct st_member *m = *p;

	*p = m->next;
	free(m);
}

void st_packet_leave_all(struct st_packet_sock *k)
{
	while (k->members)
		remove_member(&k->members);
}

static int join(struct st_packet_sock *k, const struct mreq *q)
{
	const struct st_iface *i = st_iface_by_index(q->head.mr_ifindex);
	unsigned int most = i && st_iface_is_l3(i) ? 0 : ETH_ALEN;
	struct st_member **p = find(k, q);

	if (!i)
		return -ENODEV;
	if (q->head.mr_alen > most)
		return -EINVAL;
	if ((q->head.mr_type == PACKET_MR_MULTICAST ||
	     q->head.mr_type == PACKET_MR_UNICAST) &&
	    q->head.mr_alen != most)
		return -EINVAL;
	if (!*p) {
		*p = calloc(1, sizeof(**p));
		if (!*p)
			return -ENOBUFS;
		(*p)->req = *q;
	}
	(*p)->count++;
	return 0;
}

static void leave(struct st_packet_sock *k, const struct mreq *q)
{
	struct st_member **p = find(k, q);

	if (*p && !--(*p)->count)
		remove_member(p);
}

static int membership(struct st_packet_sock *k, int name, const void *value,
		      socklen_t len)
{
	struct mreq q = { 0 };

	if (len < sizeof(q.head))
		return -EINVAL;
	memcpy(&q, value, len < sizeof(q) ? len : sizeof(q));
	if (len < q.head.mr_alen + offsetof(struct packet_mreq, mr_address))
		return -EINVAL;
	if (name == PACKET_ADD_MEMBERSHIP)
		return join(k, &q);
	leave(k, &q);
	return 0;
}

/* ---- set ---- */

static bool has_ring(const struct st_packet_sock *k)
{
	return k->rings.rx.count || k->rings.tx.count;
}

/* What rings are made by, and so cannot change while there is one. */
static int set_for_rings(struct st_packet_sock *k, int name, int v)
{
	if (name == PACKET_VERSION && st_ring_hdrlen(v) < 0)
		return -EINVAL;
	if (name == PACKET_RESERVE && v < 0)
		return -EINVAL;
	if (has_ring(k))
		return name == PACKET_TX_HAS_OFF ? 0 : -EBUSY;
	if (name == PACKET_VERSION)
		k->rings.version = v;
	else if (name == PACKET_RESERVE)
		k->rings.reserve = (unsigned int)v;
	else if (name == PACKET_LOSS)
		k->rings.loss = v;
	else
		k->rings.tx_has_off = v;
	return 0;
}

static bool is_exact(int name)
{
	return name == PACKET_VERSION || name == PACKET_RESERVE ||
	       name == PACKET_LOSS || name == PACKET_TX_HAS_OFF ||
	       name == PACKET_TIMESTAMP || name == PACKET_IGNORE_OUTGOING ||
	       name == PACKET_QDISC_BYPASS || name == PACKET_COPY_THRESH;
}

static int set_exact(struct st_packet_sock *k, int name, int v)
{
	switch (name) {
	case PACKET_VERSION:
	case PACKET_RESERVE:
	case PACKET_LOSS:
	case PACKET_TX_HAS_OFF:
		return set_for_rings(k, name, v);
	case PACKET_TIMESTAMP:
		k->timestamp = v;
		return 0;
	case PACKET_IGNORE_OUTGOING:
		if (v < 0 || v > 1)
			return -EINVAL;
		k->ignore_outgoing = v;
		return 0;
	case PACKET_QDISC_BYPASS:
		k->qdisc_bypass = v;
		return 0;
	case PACKET_COPY_THRESH:
		return 0; /* of a packet that is cut nothing more is kept */
	default:
		return -ENOPROTOOPT;
	}
}

int st_packet_setopt(struct st_sock *s, int level, int name, const void *value,
		     socklen_t len)
{
	struct st_packet_sock *k = st_packet_of(s);
	int v = 0;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (name == PACKET_ADD_MEMBERSHIP || name == PACKET_DROP_MEMBERSHIP)
		return membership(k, name, value, len);
	if (name == PACKET_RX_RING || name == PACKET_TX_RING)
		return st_ring_set(&k->rings, name == PACKET_TX_RING, value,
				   len);
	memcpy(&v, value, len < sizeof(v) ? len : sizeof(v));
	if (name == PACKET_AUXDATA || name == PACKET_ORIGDEV) {
		if (len < sizeof(v))
			return -EINVAL;
		*(name == PACKET_AUXDATA ? &k->auxdata : &k->origdev) = v;
		return 0;
	}
	if (len != sizeof(v))
		return is_exact(name) ? -EINVAL : -ENOPROTOOPT;
	return set_exact(k, name, v);
}

/* ---- got ---- */

/* Since they were last asked for. */
static int statistics(struct st_rings *r, void *value, socklen_t *len)
{
	struct tpacket_stats_v3 st = { .tp_packets = r->packets + r->drops,
				       .tp_drops = r->drops,
				       .tp_freeze_q_cnt = r->freezes };

	r->packets = r->drops = r->freezes = 0;
	return st_opt_put(value, len, &st,
			  r->version == TPACKET_V3
				  ? sizeof(st)
				  : sizeof(struct tpacket_stats));
}

/* The version is what the guest asks about. */
static int hdrlen(void *value, socklen_t *len)
{
	int version;

	if (*len < sizeof(version))
		return -EINVAL;
	memcpy(&version, value, sizeof(version));
	version = st_ring_hdrlen(version);
	return version < 0 ? version
			   : st_opt_put(value, len, &version, sizeof(version));
}

static int get_int(const struct st_packet_sock *k, int name, int *out)
{
	switch (name) {
	case PACKET_AUXDATA:
		*out = k->auxdata;
		return 0;
	case PACKET_ORIGDEV:
		*out = k->origdev;
		return 0;
	case PACKET_VERSION:
		*out = k->rings.version;
		return 0;
	case PACKET_RESERVE:
		*out = (int)k->rings.reserve;
		return 0;
	case PACKET_LOSS:
		*out = k->rings.loss;
		return 0;
	case PACKET_TX_HAS_OFF:
		*out = k->rings.tx_has_off;
		return 0;
	case PACKET_TIMESTAMP:
		*out = k->timestamp;
		return 0;
	case PACKET_IGNORE_OUTGOING:
		*out = k->ignore_outgoing;
		return 0;
	case PACKET_QDISC_BYPASS:
		*out = k->qdisc_bypass;
		return 0;
	case PACKET_VNET_HDR:
		*out = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int st_packet_getopt(struct st_sock *s, int level, int name, void *value,
		     socklen_t *len)
{
	struct st_packet_sock *k = st_packet_of(s);
	int v, ret;

	if (level != SOL_PACKET)
		return -ENOPROTOOPT;
	if (name == PACKET_STATISTICS)
		return statistics(&k->rings, value, len);
	if (name == PACKET_HDRLEN)
		return hdrlen(value, len);
	ret = get_int(k, name, &v);
	return ret < 0 ? ret : st_opt_put(value, len, &v, sizeof(v));
}
