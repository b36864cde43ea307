// SPDX-License-Identifier: GPL-2.0-or-later
/* part_test.c - partition tables as they are, and as they should not be */
#include "dev/part.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SIZE ((uint64_t)16 << 20)

/* A disk in memory; what is read beyond `limit` fails. */
struct disk {
	unsigned char *bytes;
	struct um_part_disk d;
	struct um_part part[UM_PART_MAX];
	int n;
	uint64_t limit;
};

static int disk_read(void *arg, void *buf, size_t n, uint64_t off)
{
	const struct disk *disk = arg;

	assert_true(off <= disk->d.size && n <= disk->d.size - off);
	if (off + n > disk->limit)
		return -EIO;
	memcpy(buf, disk->bytes + off, n);
	return 0;
}

static int setup(void **state)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	assert_non_null(disk);
	disk->bytes = calloc(1, SIZE);
	assert_non_null(disk->bytes);
	disk->limit = SIZE;
	disk->d = (struct um_part_disk){ .name = "disk",
					 .size = SIZE,
					 .block = 512,
					 .read = disk_read,
					 .arg = disk };
	*state = disk;
	return 0;
}

static int teardown(void **state)
{
	struct disk *disk = *state;

	free(disk->bytes);
	free(disk);
	return 0;
}

static void scan(struct disk *disk)
{
	disk->n = um_part_scan(&disk->d, disk->part);
}

static void put32(unsigned char *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (unsigned char)(v >> (8 * i));
}

static void put64(unsigned char *p, uint64_t v)
{
	put32(p, (uint32_t)v);
	put32(p + 4, (uint32_t)(v >> 32));
}

static unsigned char *sector(struct disk *disk, uint64_t n)
{
	return disk->bytes + n * disk->d.block;
}

static void put_magic(struct disk *disk, uint64_t at)
{
	sector(disk, at)[510] = 0x55;
	sector(disk, at)[511] = 0xaa;
}

/* Entry i of the table in this sector. */
static void put_entry(struct disk *disk, uint64_t at, int i, uint8_t type,
		      uint32_t start, uint32_t count)
{
	unsigned char *e = sector(disk, at) + 446 + 16 * i;

	put_magic(disk, at);
	e[4] = type;
	put32(e + 8, start);
	put32(e + 12, count);
}

static void expect(const struct disk *disk, int i, unsigned int n,
		   uint64_t start, uint64_t count)
{
	assert_true(i < disk->n);
	assert_int_equal(disk->part[i].n, n);
	assert_int_equal(disk->part[i].start, start * disk->d.block);
	assert_int_equal(disk->part[i].size, count * disk->d.block);
}

/* ---- MBR ---- */

static void finds_nothing_on_an_empty_disk(void **state)
{
	struct disk *disk = *state;

	scan(disk);
	assert_int_equal(disk->n, 0);
	disk->d.size = 100;
	scan(disk);
	assert_int_equal(disk->n, 0);
}

static void numbers_primary_partitions_by_their_entries(void **state)
{
	struct disk *disk = *state;

	put32(sector(disk, 0) + 440, 0x12345678);
	put_entry(disk, 0, 0, 0x83, 2048, 1000);
	put_entry(disk, 0, 3, 0x82, 4096, 100);
	scan(disk);
	assert_int_equal(disk->n, 2);
	expect(disk, 0, 1, 2048, 1000);
	expect(disk, 1, 4, 4096, 100);
	assert_string_equal(disk->part[1].uuid, "12345678-04");
}

static void takes_a_boot_sector_for_no_table(void **state)
{
	struct disk *disk = *state;

	put_entry(disk, 0, 0, 0x83, 2048, 1000);
	sector(disk, 0)[446] = 0x42;
	scan(disk);
	assert_int_equal(disk->n, 0);
}

static void follows_all_types_of_extended_partitions(void **state)
{
	static const uint8_t types[] = { 0x05, 0x0f, 0x85 };
	struct disk *disk = *state;

	for (size_t i = 0; i < sizeof(types); i++) {
		memset(disk->bytes, 0, SIZE);
		put_entry(disk, 0, 1, types[i], 2048, 20000);
		put_entry(disk, 2048, 0, 0x83, 64, 1000);
		put_entry(disk, 2048, 1, types[i], 4000, 2000);
		put_entry(disk, 6048, 0, 0x83, 64, 500);
		scan(disk);
		assert_int_equal(disk->n, 3);
		expect(disk, 0, 2, 2048, 2);
		expect(disk, 1, 5, 2112, 1000);
		expect(disk, 2, 6, 6112, 500);
	}
}

static void ends_a_chain_that_comes_back(void **state)
{
	struct disk *disk = *state;

	put_entry(disk, 0, 0, 0x05, 2048, 20000);
	put_entry(disk, 2048, 0, 0x83, 64, 1000);
	put_entry(disk, 2048, 1, 0x05, 4000, 2000);
	put_entry(disk, 6048, 0, 0x83, 64, 500);
	put_entry(disk, 6048, 1, 0x05, 0, 2000);
	scan(disk);
	assert_int_equal(disk->n, 3);
	/* to itself, and with nothing in it */
	memset(sector(disk, 2048), 0, 512);
	put_entry(disk, 2048, 0, 0x05, 0, 100);
	scan(disk);
	assert_int_equal(disk->n, 1);
}

static void ends_a_chain_that_leaves_the_disk(void **state)
{
	struct disk *disk = *state;

	put_entry(disk, 0, 0, 0x05, 2048, 20000);
	put_entry(disk, 2048, 0, 0x83, 64, 1000);
	put_entry(disk, 2048, 1, 0x05, 0xfffffff0, 2000);
	scan(disk);
	assert_int_equal(disk->n, 2);
	put_entry(disk, 0, 0, 0x05, 0xffffffff, 20000);
	scan(disk);
	assert_int_equal(disk->n, 0);
}

static void has_no_more_partitions_than_fit(void **state)
{
	struct disk *disk = *state;

	put_entry(disk, 0, 0, 0x05, 8, 30000);
	for (uint32_t i = 0; i < 400; i++) {
		put_entry(disk, 8 + 8 * i, 0, 0x83, 1, 4);
		put_entry(disk, 8 + 8 * i, 1, 0x05, 8 * (i + 1), 8);
	}
	scan(disk);
	assert_true(disk->n <= UM_PART_MAX);
	assert_int_equal(disk->part[disk->n - 1].n, UM_PART_MAX);
}

static void cuts_what_reaches_beyond_the_end(void **state)
{
	struct disk *disk = *state;
	uint32_t end = (uint32_t)(SIZE / 512);

	put_entry(disk, 0, 0, 0x83, end - 8, 100);
	put_entry(disk, 0, 1, 0x83, end, 100);
	put_entry(disk, 0, 2, 0x83, 0xffffffff, 0xffffffff);
	scan(disk);
	assert_int_equal(disk->n, 1);
	expect(disk, 0, 1, end - 8, 8);
}

/* The kernel shows both; BLKPG alone refuses. */
static void shows_partitions_that_overlap(void **state)
{
	struct disk *disk = *state;

	put_entry(disk, 0, 0, 0x83, 2048, 4000);
	put_entry(disk, 0, 1, 0x83, 3000, 4000);
	scan(disk);
	assert_int_equal(disk->n, 2);
	expect(disk, 1, 2, 3000, 4000);
}

static void counts_in_sectors_of_4096_bytes(void **state)
{
	struct disk *disk = *state;

	disk->d.block = 4096;
	put_entry(disk, 0, 0, 0x83, 256, 100);
	put_entry(disk, 0, 1, 0x0f, 512, 1000);
	put_entry(disk, 512, 0, 0x83, 8, 10);
	scan(disk);
	assert_int_equal(disk->n, 3);
	expect(disk, 0, 1, 256, 100);
	expect(disk, 1, 2, 512, 1);
	expect(disk, 2, 5, 520, 10);
}

static void tells_of_a_disk_that_cannot_be_read(void **state)
{
	struct disk *disk = *state;

	disk->limit = 0;
	scan(disk);
	assert_int_equal(disk->n, -EIO);
	disk->limit = 512;
	put_entry(disk, 0, 0, 0x05, 2048, 20000);
	scan(disk);
	assert_int_equal(disk->n, -EIO);
}

/* ---- GPT ---- */

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

#define ENTRIES 128u

/* The checksums of the header in sector `at` and of its table. */
static void seal(struct disk *disk, uint64_t at, uint64_t table)
{
	unsigned char *h = sector(disk, at);

	put32(h + 88, crc32(sector(disk, table), ENTRIES * 128));
	put32(h + 16, 0);
	put32(h + 16, crc32(h, 92));
}

static void put_header(struct disk *disk, uint64_t at, uint64_t table)
{
	static const char magic[8] = { 'E', 'F', 'I', ' ', 'P', 'A', 'R', 'T' };
	unsigned char *h = sector(disk, at);
	uint64_t last = disk->d.size / disk->d.block - 1;

	memcpy(h, magic, sizeof(magic));
	put32(h + 8, 0x10000);
	put32(h + 12, 92);
	put64(h + 24, at);
	put64(h + 32, last - at + 1);
	put64(h + 40, 40);
	put64(h + 48, last - 40);
	put64(h + 72, table);
	put32(h + 80, ENTRIES);
	put32(h + 84, 128);
	seal(disk, at, table);
}

static void put_gpt_entry(struct disk *disk, uint64_t table, int i,
			  uint64_t first, uint64_t last)
{
	unsigned char *e = sector(disk, table) + 128 * i;

	memset(e, 0xab, 16);
	for (int k = 0; k < 16; k++)
		e[16 + k] = (unsigned char)k;
	put64(e + 32, first);
	put64(e + 40, last);
}

/* Both headers, and two partitions. */
static void put_gpt(struct disk *disk)
{
	uint64_t last = disk->d.size / disk->d.block - 1;
	uint64_t second = last - 32 * 512 / disk->d.block;

	put_entry(disk, 0, 0, 0xee, 1, 0xffffffff);
	put_gpt_entry(disk, 2, 0, 100, 199);
	put_gpt_entry(disk, 2, 5, 300, 300);
	put_header(disk, 1, 2);
	put_gpt_entry(disk, second, 0, 100, 199);
	put_header(disk, last, second);
}

static void reads_a_gpt(void **state)
{
	struct disk *disk = *state;

	put_gpt(disk);
	scan(disk);
	assert_int_equal(disk->n, 2);
	expect(disk, 0, 1, 100, 100);
	expect(disk, 1, 6, 300, 1);
	assert_string_equal(disk->part[0].uuid,
			    "03020100-0504-0706-0809-0a0b0c0d0e0f");
}

static void reads_a_gpt_in_sectors_of_4096_bytes(void **state)
{
	struct disk *disk = *state;

	disk->d.block = 4096;
	put_gpt(disk);
	scan(disk);
	assert_int_equal(disk->n, 2);
	expect(disk, 0, 1, 100, 100);
}

static void uses_the_second_header_when_the_first_is_damaged(void **state)
{
	static const int places[] = { 0, 12, 16, 24, 72, 80, 84, 88 };
	struct disk *disk = *state;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		memset(disk->bytes, 0, SIZE);
		put_gpt(disk);
		sector(disk, 1)[places[i]] ^= 0x40;
		scan(disk);
		assert_int_equal(disk->n, 1);
		expect(disk, 0, 1, 100, 100);
	}
	/* the entries, not the header */
	memset(disk->bytes, 0, SIZE);
	put_gpt(disk);
	sector(disk, 2)[60] ^= 1;
	scan(disk);
	assert_int_equal(disk->n, 1);
}

static void finds_nothing_when_both_headers_are_damaged(void **state)
{
	struct disk *disk = *state;

	put_gpt(disk);
	sector(disk, 1)[20] ^= 1;
	sector(disk, SIZE / 512 - 1)[20] ^= 1;
	scan(disk);
	assert_int_equal(disk->n, 0);
}

/* A header may lie about all that it says, with a right checksum. */
static void believes_no_header(void **state)
{
	static const struct {
		uint64_t value;
		int at;
		bool wide;
	} lies[] = {
		{ 4097, 12, false },	   { 20, 12, false },
		{ UINT64_MAX, 40, true },  { UINT64_MAX, 48, true },
		{ UINT64_MAX, 72, true },  { SIZE / 512 - 1, 72, true },
		{ 0xffffffff, 80, false }, { 0x10000000, 80, false },
		{ 64, 84, false },	   { 0, 84, false },
		{ 2, 24, true },
	};
	struct disk *disk = *state;

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		unsigned char *h;

		memset(disk->bytes, 0, SIZE);
		put_gpt(disk);
		h = sector(disk, 1);
		if (lies[i].wide)
			put64(h + lies[i].at, lies[i].value);
		else
			put32(h + lies[i].at, (uint32_t)lies[i].value);
		put32(h + 16, 0);
		put32(h + 16, crc32(h, 92));
		sector(disk, SIZE / 512 - 1)[0] = 0;
		scan(disk);
		assert_int_equal(disk->n, 0);
	}
}

static void leaves_out_entries_outside_of_the_disk(void **state)
{
	struct disk *disk = *state;

	put_gpt(disk);
	put_gpt_entry(disk, 2, 1, 200, 199);
	put_gpt_entry(disk, 2, 2, 200, SIZE / 512);
	put_gpt_entry(disk, 2, 3, 0, UINT64_MAX);
	seal(disk, 1, 2);
	scan(disk);
	assert_int_equal(disk->n, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_nothing_on_an_empty_disk),
		TEST(numbers_primary_partitions_by_their_entries),
		TEST(takes_a_boot_sector_for_no_table),
		TEST(follows_all_types_of_extended_partitions),
		TEST(ends_a_chain_that_comes_back),
		TEST(ends_a_chain_that_leaves_the_disk),
		TEST(has_no_more_partitions_than_fit),
		TEST(cuts_what_reaches_beyond_the_end),
		TEST(shows_partitions_that_overlap),
		TEST(counts_in_sectors_of_4096_bytes),
		TEST(tells_of_a_disk_that_cannot_be_read),
		TEST(reads_a_gpt),
		TEST(reads_a_gpt_in_sectors_of_4096_bytes),
		TEST(uses_the_second_header_when_the_first_is_damaged),
		TEST(finds_nothing_when_both_headers_are_damaged),
		TEST(believes_no_header),
		TEST(leaves_out_entries_outside_of_the_disk),
	};

	return cmocka_run_group_tests_name("part", tests, NULL, NULL);
}
