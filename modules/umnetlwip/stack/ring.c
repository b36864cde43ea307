// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ring.c - memory that a packet socket shares with its guest; see ring.h
 *
 * The memory is had before it is used, so that there is none that cannot be
 * written, and sealed, so that none is taken away. Whether a guest maps it is
 * asked of the kernel: a write lease is granted only where nobody else has it
 * open or mapped, and the descriptor of memfd_create(2) itself does not count.
 * It changes only while nobody does.
 */
#include "ring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sock.h"

#define SIZE_LIMIT  ((uint64_t)1 << 30)
#define MOST_TOKENS 64

void st_ring_init(struct st_rings *r, struct st_sock *s)
{
	r->sock = s;
	r->fd = r->lease = -1;
	r->awaited = true;
}

static void release_memory(const struct st_rings *r)
{
	if (r->at)
		munmap(r->at, r->size);
	if (r->fd >= 0)
		close(r->fd);
	if (r->lease >= 0)
		close(r->lease);
}

void st_ring_fini(struct st_rings *r)
{
	st_timer_stop(&r->block.timer);
	release_memory(r);
}

/* ---- memory ---- */

static int reopen(int fd, int flags)
{
	char path[32];
	int ret;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	ret = open(path, flags | O_CLOEXEC);
	return ret < 0 ? -errno : ret;
}

static int have_memory(struct st_rings *r)
{
	int fd = memfd_create("packets", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	r->fd = fd;
	if (fd < 0)
		return -ENOMEM;
	r->lease = reopen(fd, O_RDONLY);
	if (r->lease < 0 || fallocate(fd, 0, 0, (off_t)r->size) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) <
		    0)
		return -ENOMEM;
	r->at = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (r->at == MAP_FAILED)
		r->at = NULL;
	return r->at ? 0 : -ENOMEM;
}

/* Other memory, for rings of these sizes; the one that stays is copied. */
static int change_memory(struct st_rings *r, const struct st_ring *rx,
			 const struct st_ring *tx)
{
	struct st_rings new = *r;
	int ret = 0;

	new.rx = *rx;
	new.tx = *tx;
	new.rx.offset = 0;
	new.tx.offset = rx->size;
	new.size = rx->size + tx->size;
	new.at = NULL;
	new.fd = new.lease = -1;
	if (new.size)
		ret = have_memory(&new);
	if (ret < 0) {
		release_memory(&new);
		return ret;
	}
	if (new.at && r->at && r->rx.count && rx->count)
		memcpy(new.at, r->at, rx->size);
	if (new.at && r->at && r->tx.count && tx->count)
		memcpy(new.at + new.tx.offset, r->at + r->tx.offset, tx->size);
	release_memory(r);
	*r = new;
	return 0;
}

bool st_ring_is_mapped(const struct st_rings *r)
{
	if (!r->at)
		return false;
	if (fcntl(r->lease, F_SETLEASE, F_WRLCK) < 0)
		return true;
	fcntl(r->lease, F_SETLEASE, F_UNLCK);
	return false;
}

int st_ring_fd(const struct st_rings *r, uint64_t len, uint64_t off)
{
	uint64_t page = (uint64_t)getpagesize();

	/* a mapping has whole pages */
	if (off || !r->at || len > r->size ||
	    (len + page - 1) / page * page != r->size)
		return -EINVAL;
	return reopen(r->fd, O_RDWR);
}

/* ---- what rings there are ---- */

int st_ring_hdrlen(int version)
{
	switch (version) {
	case TPACKET_V1:
		return sizeof(struct tpacket_hdr);
	case TPACKET_V2:
		return sizeof(struct tpacket2_hdr);
	case TPACKET_V3:
		return sizeof(struct tpacket3_hdr);
	default:
		return -EINVAL;
	}
}

size_t st_ring_head(const struct st_rings *r)
{
	return TPACKET_ALIGN((size_t)st_ring_hdrlen(r->version)) +
	       sizeof(struct sockaddr_ll);
}

/* As the kernel judges what is asked for. */
static int layout(const struct st_rings *r, const struct tpacket_req3 *q,
		  struct st_ring *out)
{
	uint64_t least = st_ring_head(r) + r->reserve;
	unsigned int per_block;

	if ((int)q->tp_block_size <= 0 ||
	    q->tp_block_size % (unsigned int)getpagesize() ||
	    q->tp_frame_size < least || q->tp_frame_size % TPACKET_ALIGNMENT)
		return -EINVAL;
	if (r->version == TPACKET_V3 &&
	    (q->tp_sizeof_priv >= q->tp_block_size ||
	     q->tp_block_size < st_block_head(q->tp_sizeof_priv) + least))
		return -EINVAL;
	per_block = q->tp_block_size / q->tp_frame_size;
	if (!per_block || per_block > UINT_MAX / q->tp_block_nr ||
	    per_block * q->tp_block_nr != q->tp_frame_nr)
		return -EINVAL;
	if ((uint64_t)q->tp_block_size * q->tp_block_nr > SIZE_LIMIT)
		return -ENOMEM;
	*out = (struct st_ring){ .block_size = q->tp_block_size,
				 .blocks = q->tp_block_nr,
				 .frame_size = q->tp_frame_size,
				 .per_block = per_block,
				 .count = q->tp_frame_nr,
				 .size = (size_t)q->tp_block_size *
					 q->tp_block_nr };
	return 0;
}

static int plan(const struct st_rings *r, bool tx, const struct tpacket_req3 *q,
		struct st_ring *out)
{
	const struct st_ring *old = tx ? &r->tx : &r->rx;

	if (st_ring_is_mapped(r))
		return -EBUSY;
	*out = (struct st_ring){ 0 };
	if (!q->tp_block_nr)
		return q->tp_frame_nr ? -EINVAL : 0;
	if (old->count)
		return -EBUSY;
	if (tx && r->version == TPACKET_V3 &&
	    (q->tp_retire_blk_tov || q->tp_sizeof_priv ||
	     q->tp_feature_req_word))
		return -EINVAL;
	return layout(r, q, out);
}

int st_ring_set(struct st_rings *r, bool tx, const void *value, size_t len)
{
	struct tpacket_req3 q = { 0 };
	struct st_ring ring;
	size_t size = r->version == TPACKET_V3 ? sizeof(q)
					       : sizeof(struct tpacket_req);
	int ret;

	if (len < size)
		return -EINVAL;
	memcpy(&q, value, size);
	ret = plan(r, tx, &q, &ring);
	if (ret == 0)
		ret = tx ? change_memory(r, &r->rx, &ring)
			 : change_memory(r, &ring, &r->tx);
	if (ret == 0 && !tx) {
		st_timer_stop(&r->block.timer);
		if (ring.count && r->version == TPACKET_V3)
			st_block_begin(r, &q);
	}
	return ret;
}

uint8_t *st_ring_frame(const struct st_rings *r, const struct st_ring *ring,
		       unsigned int n)
{
	return r->at + ring->offset +
	       (size_t)(n / ring->per_block) * ring->block_size +
	       (size_t)(n % ring->per_block) * ring->frame_size;
}

/* ---- what comes ---- */

/* Room for a link's header before the network's, which is aligned. */
void st_ring_places(const struct st_rings *r, const struct st_shot *shot,
		    size_t *mac, size_t *net)
{
	size_t head = st_ring_head(r), link = shot->p.net;

	if (r->sock->type == SOCK_DGRAM) {
		*net = *mac = TPACKET_ALIGN(head) + 16 + r->reserve;
		return;
	}
	*net = TPACKET_ALIGN(head + (link < 16 ? 16 : link)) + r->reserve;
	*mac = *net - link;
}

uint32_t st_ring_status(const struct st_rings *r, const uint8_t *frame)
{
	return r->version == TPACKET_V1
		       ? (uint32_t)__atomic_load_n(
				 (const unsigned long *)(const void *)frame,
				 __ATOMIC_ACQUIRE)
		       : __atomic_load_n((const uint32_t *)(const void *)frame,
					 __ATOMIC_ACQUIRE);
}

void st_ring_set_status(const struct st_rings *r, void *frame, uint32_t status)
{
	if (r->version == TPACKET_V1)
		__atomic_store_n((unsigned long *)frame, status,
				 __ATOMIC_RELEASE);
	else
		__atomic_store_n((uint32_t *)frame, status, __ATOMIC_RELEASE);
}

/* The one before the next is the last that was filled. */
bool st_ring_is_ready(const struct st_rings *r)
{
	unsigned int n = r->rx.head ? r->rx.head - 1 : r->rx.count - 1;

	if (!r->rx.count)
		return false;
	if (r->version == TPACKET_V3)
		return st_block_is_ready(r);
	return st_ring_status(r, st_ring_frame(r, &r->rx, n)) !=
	       TP_STATUS_KERNEL;
}

static void fill1(uint8_t *frame, const struct st_shot *shot, size_t snap,
		  size_t mac, size_t net)
{
	struct tpacket_hdr h = {
		.tp_len = (unsigned int)shot->p.len,
		.tp_snaplen = (unsigned int)snap,
		.tp_mac = (unsigned short)mac,
		.tp_net = (unsigned short)net,
		.tp_sec = (unsigned int)shot->stamp.tv_sec,
		.tp_usec = (unsigned int)(shot->stamp.tv_nsec / 1000),
	};

	memcpy(frame, &h, sizeof(h));
}

static void fill2(uint8_t *frame, const struct st_shot *shot, size_t snap,
		  size_t mac, size_t net)
{
	struct tpacket2_hdr h = {
		.tp_len = (uint32_t)shot->p.len,
		.tp_snaplen = (uint32_t)snap,
		.tp_mac = (uint16_t)mac,
		.tp_net = (uint16_t)net,
		.tp_sec = (uint32_t)shot->stamp.tv_sec,
		.tp_nsec = (uint32_t)shot->stamp.tv_nsec,
		.tp_vlan_tci = shot->p.tci,
		.tp_vlan_tpid = shot->p.tpid,
	};

	memcpy(frame, &h, sizeof(h));
}

static bool put_frame(struct st_rings *r, const struct st_shot *shot)
{
	uint8_t *frame = st_ring_frame(r, &r->rx, r->rx.head);
	uint32_t status = TP_STATUS_USER | shot->status;
	size_t mac, net, snap = shot->snap;
	bool first = !st_ring_is_ready(r);

	st_ring_places(r, shot, &mac, &net);
	if (net > USHRT_MAX || st_ring_status(r, frame) != TP_STATUS_KERNEL)
		return false;
	if (mac > r->rx.frame_size)
		snap = 0;
	else if (snap > r->rx.frame_size - mac)
		snap = r->rx.frame_size - mac;
	if (r->drops)
		status |= TP_STATUS_LOSING;
	if (r->version == TPACKET_V1)
		fill1(frame, shot, snap, mac, net);
	else
		fill2(frame, shot, snap, mac, net);
	memcpy(frame + TPACKET_ALIGN((size_t)st_ring_hdrlen(r->version)),
	       &shot->from, sizeof(shot->from));
	if (snap)
		memcpy(frame + mac, shot->p.data, snap);
	st_ring_set_status(r, frame, status);
	r->rx.head = (r->rx.head + 1) % r->rx.count;
	st_ring_wake(r, first);
	return true;
}

bool st_ring_put(struct st_rings *r, const struct st_shot *shot)
{
	return r->version == TPACKET_V3 ? st_block_put(r, shot)
					: put_frame(r, shot);
}

/* ---- waiting ---- */

void st_ring_wake(struct st_rings *r, bool first)
{
	const struct um_net_head head = { .namelen = UM_NET_TOKEN };

	if (!r->awaited && (!first || r->tokens >= MOST_TOKENS))
		return;
	r->awaited = !st_sock_give(r->sock, &head, NULL, NULL, 0);
	r->tokens++;
}

void st_ring_await(struct st_rings *r)
{
	r->awaited = true;
	r->tokens = 0;
	if (st_ring_is_ready(r) || r->sock->error)
		st_ring_wake(r, true);
}
