// SPDX-License-Identifier: GPL-2.0-or-later
/* packet.c - packet sockets on a TAP of the test's own, for packet_*.c */
#include "packet.h"

#define SLOT 2048
#define PAGE 4096

int k_tap(void)
{
	int fd = n_attached("k0", IFF_TAP | IFF_NO_PI);

	n_up("k0", "10.77.0.1");
	return fd;
}

int k_socket(int type, int proto)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
				  .sll_protocol = htons((uint16_t)proto),
				  .sll_ifindex = n_index("k0") };
	int fd = (int)CHECK_OK(socket(AF_PACKET, type, 0));

	if (proto)
		CHECK_OK(bind(fd, (void *)&at, sizeof(at)));
	return fd;
}

void k_frame(struct k_frame *out, int n)
{
	memset(out, 0, sizeof(*out));
	memset(out->to, 0xff, sizeof(out->to));
	out->from[0] = 2;
	out->from[5] = (unsigned char)n;
	out->proto[0] = K_PROTO >> 8;
	out->proto[1] = K_PROTO & 0xff;
	memset(out->text, n, sizeof(out->text));
}

void k_come(int tap, int n, size_t len)
{
	unsigned char buf[2048];
	struct k_frame f;

	k_frame(&f, n);
	memset(buf, n, sizeof(buf));
	memcpy(buf, &f, sizeof(f));
	CHECK_EQ(write(tap, buf, len), len);
}

ssize_t k_gone(int tap, void *buf, size_t size)
{
	struct k_frame f;

	for (;;) {
		ssize_t n;

		if (!t_readable(tap, K_PATIENCE))
			return -ETIMEDOUT;
		n = read(tap, buf, size);
		if (n < K_HEAD)
			return -EIO;
		memcpy(&f, buf, K_HEAD);
		if (f.proto[0] == K_PROTO >> 8 && f.proto[1] == (K_PROTO & 255))
			return n;
	}
}

void k_set(int fd, int name, int value)
{
	CHECK_OK(setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)));
}

int k_get(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_OK(getsockopt(fd, SOL_PACKET, name, &value, &len));
	CHECK_EQ(len, sizeof(value));
	return value;
}

int k_attach(int fd, struct sock_filter *code, size_t n)
{
	struct sock_fprog p = { (unsigned short)n, code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &p, sizeof(p));
}

int k_mask(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };

	CHECK(poll(&p, 1, 0) >= 0);
	return p.revents;
}

/* ---- rings ---- */

int k_ask_ring(int fd, int name, struct k_ring *k)
{
	return setsockopt(fd, SOL_PACKET, name, &k->req,
			  k->version == TPACKET_V3
				  ? sizeof(k->req)
				  : sizeof(struct tpacket_req));
}

void *k_map(int fd, size_t size)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	CHECK(at != MAP_FAILED);
	return at == MAP_FAILED ? NULL : at;
}

void k_ring(int fd, int version, unsigned int count, unsigned int tov,
	    struct k_ring *out)
{
	unsigned int blocks = version == TPACKET_V3 ? count : count / 2;

	*out = (struct k_ring){ .version = version,
				.req = { .tp_block_size = PAGE,
					 .tp_block_nr = blocks,
					 .tp_frame_size = SLOT,
					 .tp_frame_nr = 2 * blocks,
					 .tp_retire_blk_tov = tov },
				.size = (size_t)blocks * PAGE };
	k_set(fd, PACKET_VERSION, version);
	CHECK_OK(k_ask_ring(fd, PACKET_RX_RING, out));
	out->at = k_map(fd, out->size);
}

unsigned char *k_at(const struct k_ring *k, unsigned int n)
{
	return k->at + (size_t)(n % k->req.tp_frame_nr) * SLOT;
}

struct k_slot k_read(const struct k_ring *k, unsigned int n)
{
	const struct tpacket_hdr *h1 = (void *)k_at(k, n);
	const struct tpacket2_hdr *h2 = (const void *)h1;

	if (k->version == TPACKET_V1)
		return (struct k_slot){ h1->tp_status,
					h1->tp_len,
					h1->tp_snaplen,
					h1->tp_mac,
					h1->tp_net,
					h1->tp_sec,
					0,
					0 };
	return (struct k_slot){ h2->tp_status,	 h2->tp_len,
				h2->tp_snaplen,	 h2->tp_mac,
				h2->tp_net,	 h2->tp_sec,
				h2->tp_vlan_tci, h2->tp_vlan_tpid };
}

void k_status(const struct k_ring *k, unsigned int n, unsigned long status)
{
	struct tpacket_hdr *h1 = (void *)k_at(k, n);
	struct tpacket2_hdr *h2 = (void *)h1;

	if (k->version == TPACKET_V1)
		__atomic_store_n(&h1->tp_status, status, __ATOMIC_RELEASE);
	else
		__atomic_store_n(&h2->tp_status, (uint32_t)status,
				 __ATOMIC_RELEASE);
}

static bool is_there(const struct k_ring *k, unsigned int n)
{
	const struct tpacket_hdr *h1 = (void *)k_at(k, n);
	const struct tpacket2_hdr *h2 = (const void *)h1;

	return (k->version == TPACKET_V1
			? __atomic_load_n(&h1->tp_status, __ATOMIC_ACQUIRE)
			: __atomic_load_n(&h2->tp_status, __ATOMIC_ACQUIRE)) &
	       TP_STATUS_USER;
}

/* poll(2) may be right of the frame before, which was just given back. */
unsigned int k_await(int fd, struct k_ring *k)
{
	for (int n = 0; n < 1000 && !is_there(k, k->next); n++)
		if (!CHECK(t_readable(fd, K_PATIENCE)))
			break;
	CHECK(is_there(k, k->next));
	return k->next++;
}
