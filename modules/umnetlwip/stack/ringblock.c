// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringblock.c - TPACKET_V3: a ring whose unit is a block of packets
 *
 * Packets of any length lie one behind the other. A block is given out when the
 * next packet does not fit, or some time after its first one came. When the next
 * block is the guest's still the ring is frozen: what comes is dropped until
 * that one is given back.
 */
#include "ring.h"

#include <string.h>

#include "sock.h"

enum { DEFAULT_TOV = 8, ALIGNMENT = 8 };

static size_t aligned(size_t n)
{
	return (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

size_t st_block_head(unsigned int priv)
{
	return aligned(sizeof(struct tpacket_block_desc)) + aligned(priv);
}

static struct tpacket_block_desc *block(const struct st_rings *r,
					unsigned int n)
{
	return (void *)(r->at + r->rx.offset + (size_t)n * r->rx.block_size);
}

static struct tpacket_block_desc *current(const struct st_rings *r)
{
	return block(r, r->rx.head);
}

static uint32_t status_of(const struct tpacket_block_desc *d)
{
	return __atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
}

static struct tpacket_bd_ts stamp(const struct timespec *t)
{
	return (struct tpacket_bd_ts){ .ts_sec = (unsigned int)t->tv_sec,
				       .ts_nsec = (unsigned int)t->tv_nsec };
}

/* The current block begins to be filled. */
static void open_block(struct st_rings *r)
{
	struct st_block *b = &r->block;
	struct tpacket_block_desc d = { .version = TPACKET_V3 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	b->packets = 0;
	b->last = b->end = st_block_head(b->priv);
	b->last_stamp = now;
	b->frozen = false;
	d.offset_to_priv = (uint32_t)aligned(sizeof(d));
	d.hdr.bh1.offset_to_first_pkt = (uint32_t)b->end;
	d.hdr.bh1.blk_len = (uint32_t)b->end;
	d.hdr.bh1.seq_num = ++b->seq;
	d.hdr.bh1.ts_first_pkt = stamp(&now);
	memcpy(current(r), &d, sizeof(d));
}

static void close_block(struct st_rings *r, uint32_t why)
{
	struct st_block *b = &r->block;
	struct tpacket_block_desc *d = current(r);
	uint32_t status = TP_STATUS_USER | why, none = 0;
	bool first = !st_block_is_ready(r);

	if (r->drops)
		status |= TP_STATUS_LOSING;
	if (b->packets)
		memcpy((uint8_t *)d + b->last +
			       offsetof(struct tpacket3_hdr, tp_next_offset),
		       &none, sizeof(none));
	d->hdr.bh1.num_pkts = b->packets;
	d->hdr.bh1.blk_len = (uint32_t)b->end;
	d->hdr.bh1.ts_last_pkt = stamp(&b->last_stamp);
	__atomic_store_n(&d->hdr.bh1.block_status, status, __ATOMIC_RELEASE);
	st_timer_stop(&b->timer);
	r->rx.head = (r->rx.head + 1) % r->rx.blocks;
	st_ring_wake(r, first);
}

/* The next one, unless the guest has it: whether there is one. */
static bool next_block(struct st_rings *r)
{
	if (status_of(current(r)) & TP_STATUS_USER) {
		if (!r->block.frozen)
			r->freezes++;
		r->block.frozen = true;
		return false;
	}
	open_block(r);
	return true;
}

static void retire(struct st_timer *t)
{
	struct st_rings *r =
		(void *)((char *)t - offsetof(struct st_rings, block.timer));

	close_block(r, TP_STATUS_BLK_TMO);
	(void)next_block(r);
}

void st_block_begin(struct st_rings *r, const struct tpacket_req3 *q)
{
	struct st_block *b = &r->block;

	b->priv = q->tp_sizeof_priv;
	b->features = q->tp_feature_req_word;
	b->tov = q->tp_retire_blk_tov ? q->tp_retire_blk_tov : DEFAULT_TOV;
	b->seq = 0;
	b->timer.fire = retire;
	open_block(r);
}

bool st_block_is_ready(const struct st_rings *r)
{
	unsigned int n = r->rx.head ? r->rx.head - 1 : r->rx.blocks - 1;

	return status_of(block(r, n)) != TP_STATUS_KERNEL;
}

/* Room for a packet of that size, in this block or the next one. */
static bool have_room(struct st_rings *r, size_t size)
{
	if (r->block.frozen && !next_block(r))
		return false;
	if (r->block.end + size < r->rx.block_size)
		return true;
	close_block(r, 0);
	return next_block(r);
}

static void fill(uint8_t *at, const struct st_shot *shot, size_t snap,
		 size_t mac, size_t net, size_t size)
{
	struct tpacket3_hdr h = {
		.tp_next_offset = (uint32_t)size,
		.tp_sec = (uint32_t)shot->stamp.tv_sec,
		.tp_nsec = (uint32_t)shot->stamp.tv_nsec,
		.tp_snaplen = (uint32_t)snap,
		.tp_len = (uint32_t)shot->p.len,
		.tp_status = TP_STATUS_USER | shot->status,
		.tp_mac = (uint16_t)mac,
		.tp_net = (uint16_t)net,
	};

	h.hv1.tp_vlan_tci = shot->p.tci;
	h.hv1.tp_vlan_tpid = shot->p.tpid;
	memcpy(at, &h, sizeof(h));
	memcpy(at + TPACKET_ALIGN(sizeof(h)), &shot->from, sizeof(shot->from));
	if (snap)
		memcpy(at + mac, shot->p.data, snap);
}

bool st_block_put(struct st_rings *r, const struct st_shot *shot)
{
	struct st_block *b = &r->block;
	size_t most = r->rx.block_size - st_block_head(b->priv);
	size_t mac, net, size, snap = shot->snap;

	st_ring_places(r, shot, &mac, &net);
	if (net > UINT16_MAX)
		return false;
	if (mac > most)
		mac = most;
	if (snap > most - mac)
		snap = most - mac;
	size = aligned(mac + snap);
	if (!have_room(r, size))
		return false;
	fill((uint8_t *)current(r) + b->end, shot, snap, mac, net, size);
	b->last = b->end;
	b->last_stamp = shot->stamp;
	b->end += size;
	if (!b->packets++)
		st_timer_set(&b->timer, b->tov);
	return true;
}
