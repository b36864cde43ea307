// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * part.c - partition tables: MBR with extended partitions, and GPT
 *
 * Numbers and limits are those of the kernel (block/partitions): the four
 * entries of the MBR are 1 to 4, what lies in extended partitions counts from
 * 5; an extended partition itself shows only its first KiB. Where the two
 * differ: the second header of a GPT is used when the first is damaged (the
 * kernel wants a boot option for that), and a chain of extended partitions
 * that comes back to itself ends there.
 *
 * Nothing read from the disk is trusted: each number is checked against what
 * holds it before it is used.
 */
#include "dev/part.h"

#include <endian.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <umview/log.h>

#define MAX_BLOCK 4096

struct entry {
	uint8_t boot;
	uint8_t chs_first[3];
	uint8_t type;
	uint8_t chs_last[3];
	uint32_t start;
	uint32_t count;
} __attribute__((packed));

struct mbr {
	uint8_t code[440];
	uint32_t id;
	uint8_t pad[2];
	struct entry entry[4];
	uint8_t magic[2];
} __attribute__((packed));

_Static_assert(sizeof(struct mbr) == 512, "struct mbr");

enum { TYPE_GPT = 0xee };

static bool is_extended(const struct entry *e)
{
	return e->count &&
	       (e->type == 0x05 || e->type == 0x0f || e->type == 0x85);
}

/* The table that is made up. */
struct scan {
	const struct um_part_disk *d;
	struct um_part *out;
	int n;
	uint32_t id;
};

/* In units of the table: sectors. */
static void add(struct scan *s, unsigned int number, uint64_t start,
		uint64_t count)
{
	const struct um_part_disk *d = s->d;
	uint64_t end = d->size / d->block;
	struct um_part *p = &s->out[s->n];

	if (s->n == UM_PART_MAX || number > UM_PART_MAX)
		return;
	if (start >= end) {
		um_warn("%s: partition %u begins beyond the end", d->name,
			number);
		return;
	}
	if (count > end - start) {
		um_warn("%s: partition %u ends beyond the end: cut off",
			d->name, number);
		count = end - start;
	}
	*p = (struct um_part){ .n = number,
			       .start = start * d->block,
			       .size = count * d->block };
	if (s->id)
		snprintf(p->uuid, sizeof(p->uuid), "%08x-%02x", s->id, number);
	s->n++;
}

/* ---- MBR ---- */

static int read_mbr(const struct um_part_disk *d, uint64_t sector,
		    struct mbr *out)
{
	if (sector >= d->size / d->block)
		return -EINVAL;
	return d->read(d->arg, out, sizeof(*out), sector * d->block);
}

static bool has_magic(const struct mbr *m)
{
	return m->magic[0] == 0x55 && m->magic[1] == 0xaa;
}

/* A file system's boot sector ends like a table, and has code in its place. */
static bool is_table(const struct mbr *m)
{
	for (int i = 0; i < 4; i++)
		if (m->entry[i].boot & 0x7f)
			return false;
	return true;
}

/* One table of the chain. Return: whether it goes on, at *sector. */
static bool add_logical(struct scan *s, const struct mbr *m, uint64_t first,
			uint64_t length, uint64_t *sector, unsigned int *number)
{
	for (int i = 0; i < 4; i++) {
		const struct entry *e = &m->entry[i];
		uint64_t off = le32toh(e->start);
		uint64_t count = le32toh(e->count);
		uint64_t at = *sector + off;

		if (!count || is_extended(e))
			continue;
		/* the last two entries are others' invention */
		if (i >= 2 && (at < first || at + count > first + length))
			continue;
		add(s, (*number)++, at, count);
	}
	for (int i = 0; i < 4; i++) {
		if (!is_extended(&m->entry[i]))
			continue;
		*sector = first + le32toh(m->entry[i].start);
		return true;
	}
	return false;
}

/* first, length: the extended partition, which all places are relative to. */
static int scan_extended(struct scan *s, uint64_t first, uint64_t length,
			 unsigned int *number)
{
	uint64_t seen[UM_PART_MAX];
	uint64_t sector = first;
	struct mbr m;
	int ret;

	for (int i = 0; i < UM_PART_MAX && *number <= UM_PART_MAX; i++) {
		for (int k = 0; k < i; k++) {
			if (seen[k] != sector)
				continue;
			um_warn("%s: extended partitions in a circle",
				s->d->name);
			return 0;
		}
		seen[i] = sector;
		ret = read_mbr(s->d, sector, &m);
		if (ret == -EINVAL)
			um_warn("%s: an extended partition beyond the end",
				s->d->name);
		if (ret < 0)
			return ret == -EINVAL ? 0 : ret;
		if (!has_magic(&m) ||
		    !add_logical(s, &m, first, length, &sector, number))
			return 0;
	}
	return 0;
}

/* What keeps mkfs from an extended partition, and leaves room for LILO. */
static uint64_t shown_of(const struct um_part_disk *d, uint64_t count)
{
	uint64_t most = d->block < 1024 ? 1024 / d->block : 1;

	return count < most ? count : most;
}

static int scan_mbr(struct scan *s, const struct mbr *m)
{
	unsigned int number = 5;
	int ret = 0;

	s->id = le32toh(m->id);
	for (unsigned int i = 0; i < 4 && ret == 0; i++) {
		const struct entry *e = &m->entry[i];
		uint64_t start = le32toh(e->start);
		uint64_t count = le32toh(e->count);

		if (!count)
			continue;
		if (!is_extended(e)) {
			add(s, i + 1, start, count);
			continue;
		}
		add(s, i + 1, start, shown_of(s->d, count));
		ret = scan_extended(s, start, count, &number);
	}
	return ret;
}

/* ---- GPT ---- */

struct gpt {
	char magic[8];
	uint32_t revision;
	uint32_t size;
	uint32_t crc;
	uint32_t reserved;
	uint64_t self;
	uint64_t other;
	uint64_t first;
	uint64_t last;
	uint8_t id[16];
	uint64_t table;
	uint32_t count;
	uint32_t entry_size;
	uint32_t table_crc;
} __attribute__((packed));

struct gpt_entry {
	uint8_t type[16];
	uint8_t id[16];
	uint64_t first;
	uint64_t last;
	uint64_t attributes;
	uint16_t name[36];
} __attribute__((packed));

_Static_assert(sizeof(struct gpt) == 92, "struct gpt");
_Static_assert(sizeof(struct gpt_entry) == 128, "struct gpt_entry");

#define MAX_TABLE (1u << 20)

static uint32_t crc32(const void *data, size_t n)
{
	const uint8_t *p = data;
	uint32_t crc = ~0u;

	while (n--) {
		crc ^= *p++;
		for (int i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

static bool is_header(const struct um_part_disk *d, uint64_t sector,
		      const uint8_t *block)
{
	uint64_t last = d->size / d->block - 1;
	uint8_t copy[MAX_BLOCK];
	struct gpt h;
	uint32_t size;

	memcpy(&h, block, sizeof(h));
	size = le32toh(h.size);
	if (memcmp(h.magic, "EFI PART", 8) != 0 || size < sizeof(h) ||
	    size > d->block)
		return false;
	memcpy(copy, block, size);
	memset(copy + offsetof(struct gpt, crc), 0, sizeof(h.crc));
	return crc32(copy, size) == le32toh(h.crc) &&
	       le64toh(h.self) == sector && le64toh(h.first) <= last &&
	       le64toh(h.last) <= last && le64toh(h.last) >= le64toh(h.first) &&
	       le32toh(h.entry_size) == sizeof(struct gpt_entry) &&
	       le32toh(h.count) <= MAX_TABLE / sizeof(struct gpt_entry) &&
	       le64toh(h.table) <= last;
}

/* The header in this sector and its entries; gives *out. -EINVAL: damaged. */
static int read_gpt(const struct um_part_disk *d, uint64_t sector,
		    struct gpt *h, struct gpt_entry **out)
{
	uint8_t block[MAX_BLOCK];
	size_t n;
	int ret = d->read(d->arg, block, d->block, sector * d->block);

	*out = NULL;
	if (ret < 0)
		return ret;
	if (!is_header(d, sector, block))
		return -EINVAL;
	memcpy(h, block, sizeof(*h));
	n = le32toh(h->count) * sizeof(struct gpt_entry);
	if (n > d->size - le64toh(h->table) * d->block)
		return -EINVAL;
	*out = malloc(n + 1);
	if (!*out)
		return -ENOMEM;
	ret = d->read(d->arg, *out, n, le64toh(h->table) * d->block);
	if (ret == 0 && crc32(*out, n) != le32toh(h->table_crc))
		ret = -EINVAL;
	if (ret < 0)
		free(um_steal(*out));
	return ret;
}

static void put_uuid(char out[37], const uint8_t id[16])
{
	snprintf(out, 37,
		 "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 id[3], id[2], id[1], id[0], id[5], id[4], id[7], id[6], id[8],
		 id[9], id[10], id[11], id[12], id[13], id[14], id[15]);
}

static void add_entries(struct scan *s, const struct gpt *h,
			const struct gpt_entry *e)
{
	static const uint8_t unused[16];

	for (uint32_t i = 0; i < le32toh(h->count) && i < UM_PART_MAX; i++) {
		uint64_t first = le64toh(e[i].first);
		uint64_t last = le64toh(e[i].last);
		int n = s->n;

		if (!memcmp(e[i].type, unused, 16))
			continue;
		if (first > last || last >= s->d->size / s->d->block) {
			um_warn("%s: partition %u is not inside the disk",
				s->d->name, i + 1);
			continue;
		}
		add(s, i + 1, first, last - first + 1);
		if (s->n > n)
			put_uuid(s->out[n].uuid, e[i].id);
	}
}

static int scan_gpt(struct scan *s)
{
	uint64_t last = s->d->size / s->d->block - 1;
	UM_FREE struct gpt_entry *entries = NULL;
	struct gpt h;
	int ret = last < 2 ? -EINVAL : read_gpt(s->d, 1, &h, &entries);

	if (ret == -EINVAL && last >= 2) {
		ret = read_gpt(s->d, last, &h, &entries);
		um_warn("%s: the first GPT header is damaged; %s", s->d->name,
			ret == 0 ? "the second is used" : "so is the second");
	}
	if (ret == 0)
		add_entries(s, &h, entries);
	return ret == -EINVAL ? 0 : ret;
}

int um_part_scan(const struct um_part_disk *d, struct um_part out[UM_PART_MAX])
{
	struct scan s = { .d = d, .out = out };
	struct mbr m;
	int ret;

	if (d->block < 512 || d->block > MAX_BLOCK || d->size < d->block)
		return 0;
	ret = read_mbr(d, 0, &m);
	if (ret < 0 || !has_magic(&m) || !is_table(&m))
		return ret;
	for (int i = 0; i < 4; i++) {
		if (m.entry[i].type == TYPE_GPT) {
			ret = scan_gpt(&s);
			return ret < 0 ? ret : s.n;
		}
	}
	ret = scan_mbr(&s, &m);
	return ret < 0 ? ret : s.n;
}
