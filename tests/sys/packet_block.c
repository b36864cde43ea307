// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_block.c - PACKET_RX_RING of TPACKET_V3: blocks of packets */
#include "packet.h"

#include <time.h>

/* A block holds that many frames; ms until one that is not full is given out. */
enum { FULL = 28, SHORT = 20, NEVER = 1000000, HEAD = 48 };

static struct tpacket_block_desc *block(const struct k_ring *k, unsigned int n)
{
	return (void *)(k->at + (size_t)(n % k->req.tp_block_nr) *
					k->req.tp_block_size);
}

static uint32_t status_of(const struct tpacket_block_desc *d)
{
	return __atomic_load_n(&d->hdr.bh1.block_status, __ATOMIC_ACQUIRE);
}

/* Waits for the next one. */
static struct tpacket_block_desc *next_block(int fd, struct k_ring *k)
{
	struct tpacket_block_desc *d = block(k, k->next);

	for (int n = 0; n < 1000 && !(status_of(d) & TP_STATUS_USER); n++)
		if (!CHECK(t_readable(fd, K_PATIENCE)))
			break;
	CHECK(status_of(d) & TP_STATUS_USER);
	k->next++;
	return d;
}

static void give_back(struct tpacket_block_desc *d)
{
	__atomic_store_n(&d->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
}

/* The packets of a block, the first of which has byte `from`: how many. */
static unsigned int check_block(const struct tpacket_block_desc *d, int from)
{
	const unsigned char *at =
		(const unsigned char *)d + d->hdr.bh1.offset_to_first_pkt;
	unsigned int n;

	for (n = 0; n < d->hdr.bh1.num_pkts; n++) {
		const struct tpacket3_hdr *h = (const void *)at;
		bool last = n + 1 == d->hdr.bh1.num_pkts;
		struct sockaddr_ll ll;
		struct k_frame want;

		k_frame(&want, from + (int)n);
		memcpy(&ll, at + sizeof(*h), sizeof(ll));
		CHECK(h->tp_status & TP_STATUS_USER);
		CHECK_EQ(h->tp_len, K_FRAME);
		CHECK_EQ(h->tp_snaplen, K_FRAME);
		CHECK_EQ(h->tp_net - h->tp_mac, K_HEAD);
		CHECK_MEM(at + h->tp_mac, &want, K_FRAME);
		CHECK_EQ(ll.sll_pkttype, PACKET_BROADCAST);
		CHECK_EQ(ll.sll_protocol, htons(K_PROTO));
		CHECK_EQ(h->tp_next_offset != 0, !last);
		CHECK_EQ(h->tp_next_offset % 8, 0);
		at += h->tp_next_offset;
	}
	return n;
}

/* A block that is not full is given out some time after. */
static void gives_out_in_time(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), seen = 0;
	struct k_ring k;

	k_ring(fd, TPACKET_V3, 4, SHORT, &k);
	CHECK_EQ(k_mask(fd), POLLOUT);
	for (unsigned int round = 1; round <= 10; round++) {
		struct tpacket_block_desc *d;
		int sent = 0;

		for (; sent < 3; sent++)
			k_come(tap, seen + sent, K_FRAME);
		while (sent > 0) {
			unsigned int n;

			d = next_block(fd, &k);
			CHECK_EQ(d->version, TPACKET_V3);
			CHECK_EQ(d->offset_to_priv, HEAD);
			CHECK_EQ(d->hdr.bh1.offset_to_first_pkt, HEAD);
			CHECK(status_of(d) & TP_STATUS_BLK_TMO);
			CHECK_EQ(d->hdr.bh1.seq_num, k.next);
			CHECK(d->hdr.bh1.blk_len > HEAD);
			CHECK(d->hdr.bh1.ts_last_pkt.ts_sec >=
			      d->hdr.bh1.ts_first_pkt.ts_sec);
			n = check_block(d, seen);
			if (!CHECK(n > 0))
				return;
			seen += (int)n;
			sent -= (int)n;
			give_back(d);
		}
		CHECK_EQ(k_mask(fd), POLLOUT);
	}
}

/* One that is full is given out at once. */
static void gives_out_when_full(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), sent = 0, seen = 0;
	struct tpacket_block_desc *d;
	struct k_ring k;

	k_ring(fd, TPACKET_V3, 4, NEVER, &k);
	while (sent < 60)
		k_come(tap, sent++, K_FRAME);
	for (int n = 0; n < 2; n++) {
		d = next_block(fd, &k);
		CHECK_EQ(status_of(d) & TP_STATUS_BLK_TMO, 0);
		CHECK_EQ(d->hdr.bh1.num_pkts, FULL);
		CHECK_EQ(d->hdr.bh1.blk_len, HEAD + FULL * 144);
		seen += (int)check_block(d, seen);
	}
	CHECK_EQ(k_mask(fd), POLLIN | POLLOUT);
	give_back(block(&k, 0));
	CHECK_EQ(k_mask(fd), POLLIN | POLLOUT);
	give_back(block(&k, 1));
	CHECK_EQ(k_mask(fd), POLLOUT);
}

static struct tpacket_stats_v3 await_stats(int fd, unsigned int packets)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct tpacket_stats_v3 sum = { 0 }, st;

	for (int n = 0; n < K_PATIENCE && sum.tp_packets < packets; n++) {
		socklen_t len = sizeof(st);

		CHECK_OK(getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, &st,
				    &len));
		CHECK_EQ(len, sizeof(st));
		sum.tp_packets += st.tp_packets;
		sum.tp_drops += st.tp_drops;
		sum.tp_freeze_q_cnt += st.tp_freeze_q_cnt;
		nanosleep(&moment, NULL);
	}
	CHECK_EQ(sum.tp_packets, packets);
	return sum;
}

/* When all blocks are full it is frozen until the next one is given back. */
static void freezes(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct tpacket_stats_v3 st;
	struct tpacket_block_desc *d;
	struct k_ring k;

	k_ring(fd, TPACKET_V3, 2, NEVER, &k);
	for (int n = 0; n < 60; n++)
		k_come(tap, n, K_FRAME);
	st = await_stats(fd, 60);
	CHECK_EQ(st.tp_drops, 60 - 2 * FULL);
	CHECK_EQ(st.tp_freeze_q_cnt, 1);
	for (int n = 0; n < 2; n++) {
		d = next_block(fd, &k);
		CHECK_EQ(check_block(d, FULL * n), FULL);
		give_back(d);
	}
	for (int n = 100; n < 100 + FULL + 1; n++)
		k_come(tap, n, K_FRAME);
	d = next_block(fd, &k);
	CHECK_EQ(check_block(d, 100), FULL);
	CHECK_EQ(await_stats(fd, FULL + 1).tp_drops, 0);
}

/* Room of the program's own before the packets. */
static void has_private_room(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k = { .version = TPACKET_V3,
			    .req = { .tp_block_size = 4096,
				     .tp_block_nr = 2,
				     .tp_frame_size = 2048,
				     .tp_frame_nr = 4,
				     .tp_sizeof_priv = 20,
				     .tp_retire_blk_tov = SHORT } };
	struct tpacket_block_desc *d;

	k_set(fd, PACKET_VERSION, TPACKET_V3);
	CHECK_OK(k_ask_ring(fd, PACKET_RX_RING, &k));
	k.at = k_map(fd, 8192);
	memset((char *)block(&k, 0) + HEAD, 77, 20);
	k_come(tap, 1, K_FRAME);
	d = next_block(fd, &k);
	CHECK_EQ(d->offset_to_priv, HEAD);
	CHECK_EQ(d->hdr.bh1.offset_to_first_pkt, HEAD + 24);
	CHECK_EQ(check_block(d, 1), 1);
	CHECK_EQ(((char *)d)[HEAD + 19], 77);
}

/* A packet longer than a block is cut to it. */
static void cuts(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k = { .version = TPACKET_V3,
			    .req = { .tp_block_size = 4096,
				     .tp_block_nr = 2,
				     .tp_frame_size = 2048,
				     .tp_frame_nr = 4,
				     .tp_sizeof_priv = 3000,
				     .tp_retire_blk_tov = SHORT } };
	const struct tpacket3_hdr *h;
	struct tpacket_block_desc *d;

	k_set(fd, PACKET_VERSION, TPACKET_V3);
	CHECK_OK(k_ask_ring(fd, PACKET_RX_RING, &k));
	k.at = k_map(fd, 8192);
	k_come(tap, 1, 1500);
	/* the kernel gives out the empty block before it */
	d = next_block(fd, &k);
	if (!d->hdr.bh1.num_pkts) {
		give_back(d);
		d = next_block(fd, &k);
	}
	CHECK_EQ(d->hdr.bh1.num_pkts, 1);
	h = (const void *)((char *)d + d->hdr.bh1.offset_to_first_pkt);
	CHECK_EQ(h->tp_len, 1500);
	CHECK_EQ(h->tp_snaplen, 4096 - 3048 - h->tp_mac);
}

static void wakes_who_waits(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), go[2];
	struct k_ring k;

	k_ring(fd, TPACKET_V3, 4, SHORT, &k);
	CHECK_OK(pipe(go));
	for (int n = 0; n < 10; n++) {
		struct tpacket_block_desc *d;
		pid_t pid = t_fork();

		if (pid == 0) {
			t_await(go[0]);
			k_come(tap, n, K_FRAME);
			_exit(0);
		}
		t_post(go[1]);
		d = next_block(fd, &k);
		CHECK_EQ(check_block(d, n), 1);
		give_back(d);
		CHECK_EQ(t_wait(pid), 0);
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(gives_out_in_time);
	RUN(gives_out_when_full);
	RUN(freezes);
	RUN(has_private_room);
	RUN(cuts);
	RUN(wakes_who_waits);
	return t_done();
}
