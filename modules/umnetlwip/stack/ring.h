/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ring.h - memory that a packet socket shares with its guest: PACKET_RX_RING
 *
 * Both rings of a socket lie in one memfd, that for what comes first, as the
 * guest sees them with one mmap(2). Who reads frames sees by their status alone
 * what is new, and gives them back by it. Only who waits is told: poll(2) says
 * so before (st_ring_await()), and gets a packet without content (UM_NET_TOKEN)
 * once there is something. For who does not say so there is one whenever the
 * first comes after all was given back.
 *
 * What is in the memory is the guest's to write at any time. So nothing but
 * statuses, and of what is sent its place and length, is ever read from it.
 */
#ifndef ST_RING_H
#define ST_RING_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <time.h>

#include "bpf.h"
#include "loop.h"

struct st_dest;
struct st_sock;

/**
 * struct st_shot - a packet for a socket
 * @snap: bytes of p.data that are wanted; p.len is how much there was
 * @status: TP_STATUS_* of it, but for what the ring says
 */
struct st_shot {
	struct st_bpf_packet p;
	struct sockaddr_ll from;
	struct timespec stamp;
	size_t snap;
	uint32_t status;
};

/**
 * struct st_ring - one of them
 * @offset: in the memory
 * @count: frames; 0: there is none
 * @head: the frame, of TPACKET_V3 the block, that is next
 */
struct st_ring {
	size_t offset, size;
	unsigned int block_size, blocks, frame_size, per_block, count, head;
};

/**
 * struct st_block - what is being filled, of TPACKET_V3
 * @end, @last: offsets in it: behind the last packet, and of that packet
 * @first: when the block was opened
 * @frozen: the block is the guest's still: what comes is dropped
 * @tov: ms until a block that is not full is given out, once it has a packet
 */
struct st_block {
	unsigned int packets, priv, tov, features;
	size_t end, last;
	uint64_t seq;
	struct timespec last_stamp;
	bool frozen;
	struct st_timer timer;
};

struct st_rings {
	struct st_sock *sock;
	int version;
	unsigned int reserve;
	struct st_ring rx, tx;
	struct st_block block;
	uint8_t *at; /* all of the memory; NULL: there is none */
	size_t size;
	int fd, lease;
	bool awaited;
	unsigned int tokens;
	bool loss, tx_has_off;
	unsigned int packets, drops, freezes; /* until PACKET_STATISTICS */
};

void st_ring_init(struct st_rings *r, struct st_sock *s);
void st_ring_fini(struct st_rings *r);
/* PACKET_RX_RING, PACKET_TX_RING: a struct tpacket_req or tpacket_req3. */
int st_ring_set(struct st_rings *r, bool tx, const void *value, size_t len);
/* Does any process map it? */
bool st_ring_is_mapped(const struct st_rings *r);
/* A descriptor for the guest to map, the caller's; -EINVAL: there is no such ring. */
int st_ring_fd(const struct st_rings *r, uint64_t len, uint64_t off);
/* A packet that came; false: there was no room. */
bool st_ring_put(struct st_rings *r, const struct st_shot *shot);
/* Somebody is going to wait for what comes. */
void st_ring_await(struct st_rings *r);
/*
 * What the guest has put into its ring goes out by `send`, no longer than `most`.
 * Bytes sent, or -errno.
 */
ssize_t st_ring_send(struct st_rings *r, const struct st_dest *to, size_t most,
		     ssize_t (*send)(struct st_sock *s,
				     const struct st_dest *to, const void *data,
				     size_t len));
/* struct tpacket_hdr, or as the version has it; -EINVAL: there is no such version */
int st_ring_hdrlen(int version);

/* ---- for its parts ---- */

/* Where the head of a packet ends, with its struct sockaddr_ll. */
size_t st_ring_head(const struct st_rings *r);
void st_ring_places(const struct st_rings *r, const struct st_shot *shot,
		    size_t *mac, size_t *net);
uint8_t *st_ring_frame(const struct st_rings *r, const struct st_ring *ring,
		       unsigned int n);
bool st_ring_is_ready(const struct st_rings *r);
uint32_t st_ring_status(const struct st_rings *r, const uint8_t *frame);
/* Last of all: from now on the frame is the guest's, or was sent. */
void st_ring_set_status(const struct st_rings *r, void *frame, uint32_t status);
/* There is something new; first: and there was nothing before. */
void st_ring_wake(struct st_rings *r, bool first);
/* ringblock.c: TPACKET_V3 */
void st_block_begin(struct st_rings *r, const struct tpacket_req3 *q);
bool st_block_put(struct st_rings *r, const struct st_shot *shot);
bool st_block_is_ready(const struct st_rings *r);
/* The least that a block has beside packets. */
size_t st_block_head(unsigned int priv);

#endif
