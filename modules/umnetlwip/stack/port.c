// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * port.c - what lwIP asks of its platform (lwip/arch/cc.h, lwip/lwipopts.h):
 * random numbers and keyed hashes, where a failed assertion goes, the checksum of RFC 1071
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lwipopts.h"

uint32_t st_random(void)
{
	uint32_t r;

	while (getrandom(&r, sizeof(r), 0) != sizeof(r))
		;
	return r;
}

static uint64_t turned(uint64_t v, int by)
{
	return v << by | v >> (64 - by);
}

static void sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = turned(v[1], 13) ^ v[0];
		v[3] = turned(v[3], 16) ^ v[2];
		v[0] = turned(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = turned(v[1], 17) ^ v[2];
		v[3] = turned(v[3], 21) ^ v[0];
		v[2] = turned(v[2], 32);
	}
}

static void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_rounds(v, 2);
	v[0] ^= word;
}

uint64_t st_hash(const void *data, size_t len)
{
	static uint64_t key[2];
	const uint8_t *p = data;
	size_t left = len;
	uint64_t v[4], word = 0;

	while (!key[0])
		if (getrandom(key, sizeof(key), 0) != sizeof(key))
			key[0] = 0;
	v[0] = key[0] ^ 0x736f6d6570736575;
	v[1] = key[1] ^ 0x646f72616e646f6d;
	v[2] = key[0] ^ 0x6c7967656e657261;
	v[3] = key[1] ^ 0x7465646279746573;
	for (; left >= 8; left -= 8, p += 8) {
		memcpy(&word, p, 8);
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, p, left);
	sip_word(v, word | (uint64_t)len << 56);
	v[2] ^= 0xff;
	sip_rounds(v, 4);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* A peer may bring it about again and again: a few are enough. */
void st_lwip_assert(const char *what, const char *file, int line);
void st_lwip_assert(const char *what, const char *file, int line)
{
	static int told;

	if (told++ < 16)
		fprintf(stderr, "umnetlwip-stack: lwIP %s:%d: %s\n", file, line,
			what);
}

static uint64_t add_words(const uint8_t *p, size_t n, uint64_t sum)
{
	for (; n > 0; n--, p += 8) {
		uint64_t w;

		memcpy(&w, p, 8);
		sum += (w & 0xffffffff) + (w >> 32);
	}
	return sum;
}

/* In words of eight bytes, whose halves are added: 2^31 of them fit. */
uint16_t st_chksum(const void *data, int len)
{
	const uint8_t *p = data;
	size_t words = (size_t)len / 8;
	uint64_t sum = add_words(p, words, 0);
	uint8_t rest[8] = { 0 };

	memcpy(rest, p + words * 8, (size_t)len % 8);
	sum = add_words(rest, 1, sum);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}
