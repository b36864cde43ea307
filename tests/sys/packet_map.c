// SPDX-License-Identifier: GPL-2.0-or-later
/* packet_map.c - mmap(2) of packet sockets: what is refused, how long it lasts */
#include "packet.h"

#include <time.h>

enum { FRAMES = 4, SIZE = 8192 };

static int no_ring(int fd)
{
	struct tpacket_req none = { 0 };

	return setsockopt(fd, SOL_PACKET, PACKET_RX_RING, &none, sizeof(none));
}

static void *map(int fd, size_t size, int prot, int flags, off_t off)
{
	void *at = mmap(NULL, size, prot, flags, fd, off);

	return at == MAP_FAILED ? NULL : at;
}

#define CHECK_NO_MAP(call)                                                     \
	do {                                                                   \
		CHECK((call) == NULL);                                         \
		CHECK_EQ(errno, EINVAL);                                       \
	} while (0)

static void refuses(void)
{
	enum { RW = PROT_READ | PROT_WRITE };
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	int udp = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct k_ring k;

	CHECK_NO_MAP(map(fd, SIZE, RW, MAP_SHARED, 0));
	CHECK(map(udp, SIZE, RW, MAP_SHARED, 0) == NULL);
	CHECK_EQ(errno, ENODEV);
	CHECK(map(udp, SIZE, RW, MAP_PRIVATE, 0) == NULL);
	CHECK_EQ(errno, ENODEV);
	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_NO_MAP(map(fd, 4096, RW, MAP_SHARED, 0));
	CHECK_NO_MAP(map(fd, SIZE + 4096, RW, MAP_SHARED, 0));
	CHECK_NO_MAP(map(fd, SIZE, RW, MAP_SHARED, 4096));
	CHECK(map(fd, SIZE - 1, RW, MAP_SHARED, 0) != NULL);
	close(tap);
}

/* All maps are of one memory; one that is only read sees it too. */
static void is_one_memory(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k, copy, private;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	copy = private = k;
	copy.at = map(fd, SIZE, PROT_READ, MAP_SHARED, 0);
	private.at = map(fd, SIZE, PROT_READ, MAP_PRIVATE, 0);
	if (!CHECK(copy.at && private.at))
		return;
	k_come(tap, 1, K_FRAME);
	k_await(fd, &k);
	CHECK(k_read(&copy, 0).status & TP_STATUS_USER);
	CHECK(k_read(&private, 0).status & TP_STATUS_USER);
	k_status(&k, 0, TP_STATUS_KERNEL);
	CHECK_EQ(k_read(&copy, 0).status, TP_STATUS_KERNEL);
}

/* The ring cannot be changed while any process maps it. */
static void stays_while_it_is_mapped(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO), go[2];
	struct k_ring k;
	char buf[128];
	pid_t pid;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	CHECK_OK(pipe(go));
	CHECK_ERRNO(no_ring(fd), EBUSY);
	pid = t_fork();
	if (pid == 0) {
		t_await(go[0]);
		_exit(0);
	}
	CHECK_OK(munmap(k.at, k.size));
	CHECK_ERRNO(no_ring(fd), EBUSY);
	t_post(go[1]);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_OK(no_ring(fd));
	CHECK_NO_MAP(map(fd, SIZE, PROT_READ, MAP_SHARED, 0));
	k_come(tap, 1, K_FRAME);
	CHECK(t_readable(fd, K_PATIENCE));
	CHECK_EQ(recv(fd, buf, sizeof(buf), 0), K_FRAME);
	CHECK_EQ(k_mask(fd), POLLOUT);
	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	k_come(tap, 2, K_FRAME);
	CHECK_EQ(k_await(fd, &k), 0);
}

/* A child goes on where the parent was, by any duplicate. */
static void is_inherited(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;
	pid_t pid;

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	k_come(tap, 1, K_FRAME);
	k_await(fd, &k);
	k_status(&k, 0, TP_STATUS_KERNEL);
	pid = t_fork();
	if (pid == 0) {
		int copy = dup(fd);

		close(fd);
		k_come(tap, 2, K_FRAME);
		CHECK_EQ(k_await(copy, &k), 1);
		CHECK_EQ(k_at(&k, 1)[k_read(&k, 1).mac + K_HEAD], 2);
		k_status(&k, 1, TP_STATUS_KERNEL);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	k_come(tap, 3, K_FRAME);
	k.next = 2;
	CHECK_EQ(k_await(fd, &k), 2);
	CHECK_EQ(k_at(&k, 2)[k_read(&k, 2).mac + K_HEAD], 3);
}

/* After the last close frames still come, for who maps it. */
static void outlives_its_descriptor(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	int other = k_socket(SOCK_RAW, K_PROTO);
	const struct timespec moment = { .tv_nsec = 1000000 };
	struct k_ring k;
	char buf[128];

	k_ring(fd, TPACKET_V2, FRAMES, 0, &k);
	close(fd);
	for (int n = 0; n < FRAMES; n++) {
		k_come(tap, n, K_FRAME);
		for (int ms = 0; ms < K_PATIENCE; ms++) {
			if (k_read(&k, (unsigned int)n).status)
				break;
			nanosleep(&moment, NULL);
		}
		CHECK(k_read(&k, (unsigned int)n).status & TP_STATUS_USER);
	}
	CHECK_OK(munmap(k.at, k.size));
	k_come(tap, 9, K_FRAME);
	for (int n = 0; n <= FRAMES; n++) {
		CHECK(t_readable(other, K_PATIENCE));
		CHECK_EQ(recv(other, buf, sizeof(buf), 0), K_FRAME);
	}
}

/* ---- PACKET_TX_RING ---- */

static void put(const struct k_ring *k, unsigned int n, int byte, size_t at,
		unsigned int len)
{
	struct tpacket2_hdr *h = (void *)k_at(k, n);
	struct k_frame f;

	k_frame(&f, byte);
	memcpy((char *)h + at, &f, sizeof(f));
	h->tp_len = len;
	h->tp_mac = (uint16_t)at;
	k_status(k, n, TP_STATUS_SEND_REQUEST);
}

static void tx_ring(int fd, struct k_ring *k)
{
	*k = (struct k_ring){ .version = TPACKET_V2,
			      .req = { 4096, 2, 2048, 4, 0, 0, 0 },
			      .size = SIZE };
	k_set(fd, PACKET_VERSION, TPACKET_V2);
	CHECK_OK(k_ask_ring(fd, PACKET_TX_RING, k));
	k->at = k_map(fd, SIZE);
}

static void check_gone(int tap, int byte)
{
	struct k_frame want;
	char buf[2048];

	k_frame(&want, byte);
	CHECK_EQ(k_gone(tap, buf, sizeof(buf)), sizeof(want));
	CHECK_MEM(buf, &want, sizeof(want));
}

/* Sent and given back, in its own time. */
static bool is_sent(const struct k_ring *k, unsigned int n)
{
	const struct timespec moment = { .tv_nsec = 1000000 };

	for (int ms = 0; ms < K_PATIENCE; ms++) {
		if (k_read(k, n).status == TP_STATUS_AVAILABLE)
			return true;
		nanosleep(&moment, NULL);
	}
	return false;
}

static void sends(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	tx_ring(fd, &k);
	CHECK_EQ(send(fd, NULL, 0, 0), 0);
	for (unsigned int n = 0; n < 10; n += 2) {
		put(&k, n, (int)n, 32, K_FRAME);
		put(&k, n + 1, (int)n + 1, 32, K_FRAME);
		CHECK_EQ(send(fd, NULL, 0, 0), 2 * K_FRAME);
		check_gone(tap, (int)n);
		check_gone(tap, (int)n + 1);
		CHECK(is_sent(&k, n));
		CHECK(is_sent(&k, n + 1));
	}
	CHECK(k_mask(fd) & POLLOUT);
}

/* What is wrong with a frame is said, and it stays the next one. */
static void refuses_to_send(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	tx_ring(fd, &k);
	put(&k, 0, 1, 32, 2040);
	CHECK_ERRNO(send(fd, NULL, 0, 0), EMSGSIZE);
	CHECK_EQ(k_read(&k, 0).status, TP_STATUS_WRONG_FORMAT);
	put(&k, 0, 2, 32, 5);
	CHECK_ERRNO(send(fd, NULL, 0, 0), EINVAL);
	put(&k, 0, 3, 32, K_FRAME);
	CHECK_EQ(send(fd, NULL, 0, 0), K_FRAME);
	check_gone(tap, 3);
}

/* PACKET_LOSS: it is left out instead. */
static void leaves_out(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	k_set(fd, PACKET_LOSS, 1);
	tx_ring(fd, &k);
	put(&k, 0, 1, 32, 2040);
	put(&k, 1, 2, 32, K_FRAME);
	CHECK_EQ(send(fd, NULL, 0, 0), K_FRAME);
	CHECK_EQ(k_read(&k, 0).status, TP_STATUS_AVAILABLE);
	check_gone(tap, 2);
}

/* PACKET_TX_HAS_OFF: the frame is where its head says. */
static void sends_from_anywhere(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k;

	k_set(fd, PACKET_TX_HAS_OFF, 1);
	tx_ring(fd, &k);
	put(&k, 0, 1, 200, K_FRAME);
	CHECK_EQ(send(fd, NULL, 0, 0), K_FRAME);
	check_gone(tap, 1);
	put(&k, 1, 2, 16, K_FRAME);
	CHECK_ERRNO(send(fd, NULL, 0, 0), EINVAL);
}

/* Both rings are one map, that for what comes first. */
static void has_both(void)
{
	int tap = k_tap(), fd = k_socket(SOCK_RAW, K_PROTO);
	struct k_ring k = { .version = TPACKET_V2,
			    .req = { 4096, 2, 2048, 4, 0, 0, 0 } };
	struct k_ring tx = k;

	k_set(fd, PACKET_VERSION, TPACKET_V2);
	CHECK_OK(k_ask_ring(fd, PACKET_TX_RING, &tx));
	CHECK_OK(k_ask_ring(fd, PACKET_RX_RING, &k));
	CHECK_NO_MAP(map(fd, SIZE, PROT_READ, MAP_SHARED, 0));
	k.at = k_map(fd, 2 * (size_t)SIZE);
	tx.at = k.at + SIZE;
	put(&tx, 0, 1, 32, K_FRAME);
	CHECK_EQ(send(fd, NULL, 0, 0), K_FRAME);
	check_gone(tap, 1);
	k_come(tap, 2, K_FRAME);
	CHECK_EQ(k_await(fd, &k), 0);
	CHECK_EQ(k_at(&k, 0)[k_read(&k, 0).mac + K_HEAD], 2);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(refuses);
	RUN(is_one_memory);
	RUN(stays_while_it_is_mapped);
	RUN(is_inherited);
	RUN(outlives_its_descriptor);
	RUN(sends);
	RUN(refuses_to_send);
	RUN(leaves_out);
	RUN(sends_from_anywhere);
	RUN(has_both);
	return t_done();
}
