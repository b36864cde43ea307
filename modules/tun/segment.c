// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segment.c - TCP packets that a guest leaves to us to cut (TSO)
 *
 * A guest of virtual machines with virtio-net does so whenever there is
 * IFF_VNET_HDR. The packets are made one after another in a buffer of one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "tun.h"

enum {
	IP4_HEAD = 20,
	IP6_HEAD = 40,
	TCP_HEAD = 20,
	TCP_FLAGS = 13,
	FIN_PSH = 0x09,
	CWR = 0x80
};

uint32_t tun_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (; n > 1; n -= 2, p += 2) {
		uint16_t w;

		memcpy(&w, p, 2);
		sum += w;
	}
	return n ? sum + htons((uint16_t)(*p << 8)) : sum;
}

uint16_t tun_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* What is the same for each piece. */
struct cut {
	size_t l3, l4, head;
	bool six;
	uint32_t seq;
	uint16_t id;
	uint8_t flags;
};

static void put16(uint8_t *p, size_t v)
{
	uint16_t n = htons((uint16_t)v);

	memcpy(p, &n, 2);
}

/* The lengths and checksums of a packet of `len` bytes. */
static void seal(uint8_t *frame, size_t len, const struct cut *c)
{
	uint8_t *ip = frame + c->l3, *tcp = frame + c->l4;
	size_t payload = len - c->l4;
	uint32_t sum = htons(IPPROTO_TCP) + htons((uint16_t)payload);

	memset(tcp + 16, 0, 2);
	if (c->six) {
		put16(ip + 4, len - c->l3 - IP6_HEAD);
		sum = tun_sum(ip + 8, 32, sum);
	} else {
		uint16_t own;

		put16(ip + 2, len - c->l3);
		memset(ip + 10, 0, 2);
		own = tun_fold(tun_sum(ip, (ip[0] & 15U) * 4, 0));
		memcpy(ip + 10, &own, 2);
		sum = tun_sum(ip + 12, 8, sum);
	}
	{
		uint16_t own = tun_fold(tun_sum(tcp, payload, sum));

		memcpy(tcp + 16, &own, 2);
	}
}

static int look(const uint8_t *frame, size_t len, struct cut *c)
{
	const uint8_t *ip = frame + c->l3;
	size_t least = c->l3;

	if (c->l4 + TCP_HEAD > len || c->l4 < c->l3 + IP4_HEAD)
		return -EINVAL;
	c->six = ip[0] >> 4 == 6;
	least += c->six ? IP6_HEAD : (ip[0] & 15U) * 4;
	if ((!c->six && (ip[0] >> 4 != 4 || (ip[0] & 15) < 5)) ||
	    (c->six ? c->l4 < least : c->l4 != least))
		return -EINVAL;
	c->head = c->l4 + (frame[c->l4 + 12] >> 4) * 4U;
	if (c->head < c->l4 + TCP_HEAD || c->head > len)
		return -EINVAL;
	memcpy(&c->seq, frame + c->l4 + 4, 4);
	c->seq = ntohl(c->seq);
	memcpy(&c->id, ip + 4, 2);
	c->id = ntohs(c->id);
	c->flags = frame[c->l4 + TCP_FLAGS];
	return 0;
}

int tun_segment(uint8_t *frame, size_t len, size_t l3, size_t l4, size_t size,
		void (*give)(void *arg, uint8_t *frame, size_t len), void *arg)
{
	static uint8_t piece[TUN_PACKET_MAX];
	struct cut c = { .l3 = l3, .l4 = l4 };
	size_t at;
	int ret = look(frame, len, &c);

	if (ret < 0 || !size)
		return -EINVAL;
	for (at = c.head; at < len || at == c.head; at += size) {
		size_t n = len - at < size ? len - at : size;
		uint32_t seq = htonl(c.seq + (uint32_t)(at - c.head));
		uint8_t flags = c.flags;

		memcpy(piece, frame, c.head);
		memcpy(piece + c.head, frame + at, n);
		memcpy(piece + l4 + 4, &seq, 4);
		if (at + n < len)
			flags &= (uint8_t)~FIN_PSH;
		if (at != c.head)
			flags &= (uint8_t)~CWR;
		piece[l4 + TCP_FLAGS] = flags;
		if (!c.six)
			put16(piece + l3 + 4, c.id + (at - c.head) / size);
		seal(piece, c.head + n, &c);
		give(arg, piece, c.head + n);
	}
	return 0;
}
