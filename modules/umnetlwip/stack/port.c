// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * port.c - what lwIP asks of its platform (lwip/arch/cc.h, lwip/lwipopts.h):
 * random numbers, where a failed assertion goes, the checksum of RFC 1071
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
