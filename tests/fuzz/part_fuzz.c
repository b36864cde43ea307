// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * part_fuzz.c - partition tables
 *
 * The input is a disk with holes: a byte for the sector size, then the number
 * of a sector (two bytes, from the end if the highest bit is set) and 512 bytes
 * for its beginning, and so on. Checksums of GPT headers are made right where
 * the input asks for it (bit 1 of the first byte), or no input would pass.
 */
#include "dev/part.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/alloc.h"
#include "fuzz/guest.h"

#define SIZE   ((uint64_t)4 << 20)
#define PIECE  512
#define RECORD (2 + PIECE)

static unsigned char disk[SIZE];
static uint64_t used;

static int disk_read(void *arg, void *buf, size_t n, uint64_t off)
{
	(void)arg;
	FUZZ_CHECK(off <= SIZE && n <= SIZE - off);
	memcpy(buf, disk + off, n);
	return 0;
}

static uint32_t crc32(const unsigned char *p, size_t n)
{
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static uint32_t get32(const unsigned char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void put32(unsigned char *p, uint32_t v)
{
	memcpy(p, &v, sizeof(v));
}

/* A header whose checksums are right, whatever it says. */
static void seal(uint64_t at, unsigned int block)
{
	unsigned char *h = disk + at * block;
	uint32_t size = get32(h + 12);
	uint64_t table = (uint64_t)get32(h + 72) * block;
	uint64_t bytes = (uint64_t)get32(h + 80) * 128;

	if (size > block || size < 92)
		return;
	if (table < SIZE && bytes <= SIZE - table)
		put32(h + 88, crc32(disk + table, bytes));
	put32(h + 16, 0);
	put32(h + 16, crc32(h, size));
}

static void fill(const uint8_t *data, size_t size, unsigned int block)
{
	for (; size >= RECORD; data += RECORD, size -= RECORD) {
		uint64_t n = data[0] | (uint64_t)(data[1] & 0x7f) << 8;

		if (data[1] & 0x80)
			n = SIZE / block - 1 - n % (SIZE / block);
		n %= SIZE / block;
		memcpy(disk + n * block, data + 2, PIECE);
	}
}

static void check(const struct um_part_disk *d)
{
	struct um_part *part = calloc(UM_PART_MAX, sizeof(*part));
	int n;

	if (!part)
		return;
	alloc_begin();
	n = um_part_scan(d, part);
	alloc_end();
	FUZZ_CHECK(n <= UM_PART_MAX && (n >= 0 || n == -ENOMEM));
	for (int i = 0; i < n; i++) {
		FUZZ_CHECK(part[i].n >= 1 && part[i].n <= UM_PART_MAX);
		FUZZ_CHECK(part[i].size && part[i].start < SIZE &&
			   part[i].size <= SIZE - part[i].start);
		FUZZ_CHECK(strnlen(part[i].uuid, 37) < 37);
		used += part[i].size;
	}
	free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned int blocks[] = { 512, 4096 };
	struct um_part_disk d = { .name = "disk",
				  .size = SIZE,
				  .read = disk_read };

	if (size < 1)
		return 0;
	memset(disk, 0, sizeof(disk));
	d.block = blocks[data[0] & 1];
	fill(data + 1, size - 1, d.block);
	if (data[0] & 2) {
		seal(1, d.block);
		seal(SIZE / d.block - 1, d.block);
	}
	check(&d);
	return 0;
}
