// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * table.c - the file allocation table, through a window of it
 *
 * The window is written to all copies of the table, or to the active one alone
 * where FAT32 says so.
 */
#include "fat.h"

#include <errno.h>
#include <string.h>

static size_t window_len(const struct fat *fs)
{
	uint64_t left = fs->table_size - fs->window_off;

	return left < FAT_WINDOW ? (size_t)left : FAT_WINDOW;
}

int fat_flush_table(struct fat *fs)
{
	int err = 0;

	if (!fs->window_dirty)
		return 0;
	for (uint32_t i = 0; !err && i < fs->nfats; i++)
		if (fs->active == UINT32_MAX || fs->active == i)
			err = fat_write(fs,
					fs->table_off + i * fs->table_size +
						fs->window_off,
					fs->window, window_len(fs));
	if (!err)
		fs->window_dirty = false;
	return err;
}

/* The bytes of entry c. */
static int window_at(struct fat *fs, uint32_t c, uint8_t **out)
{
	uint64_t off = (uint64_t)c * (uint64_t)fs->bits / 8;
	uint64_t base = off / FAT_WINDOW * FAT_WINDOW;
	uint32_t copy = fs->active == UINT32_MAX ? 0 : fs->active;
	int err = 0;

	if (base != fs->window_off) {
		err = fat_flush_table(fs);
		if (err)
			return err;
		fs->window_off = base;
		memset(fs->window, 0, FAT_WINDOW);
		err = fat_read(fs, fs->table_off + copy * fs->table_size + base,
			       fs->window, window_len(fs));
		if (err)
			fs->window_off = UINT64_MAX;
	}
	*out = fs->window + (off - base);
	return err;
}

static int get(struct fat *fs, uint32_t c, uint32_t *out)
{
	uint8_t *p = NULL;
	int err = window_at(fs, c, &p);

	if (err)
		return err;
	if (fs->bits == 32)
		*out = get32(p) & 0x0fffffff;
	else if (fs->bits == 16)
		*out = get16(p);
	else
		*out = c & 1 ? get16(p) >> 4 : get16(p) & 0xfff;
	return 0;
}

static int set(struct fat *fs, uint32_t c, uint32_t v)
{
	uint8_t *p = NULL;
	int err = window_at(fs, c, &p);

	if (err)
		return err;
	if (fs->bits == 32)
		put32(p, (v & 0x0fffffff) | (get32(p) & 0xf0000000));
	else if (fs->bits == 16)
		put16(p, v);
	else if (c & 1)
		put16(p, (v & 0xfff) << 4 | (get16(p) & 0xf));
	else
		put16(p, (v & 0xfff) | (get16(p) & 0xf000));
	fs->window_dirty = true;
	return 0;
}

/* The smallest value that ends a chain. */
static uint32_t end_from(const struct fat *fs)
{
	return fs->bits == 32 ? 0x0ffffff8 : fs->bits == 16 ? 0xfff8 : 0xff8;
}

int fat_next(struct fat *fs, uint32_t c, uint32_t *out)
{
	int err;

	if (!fat_is_cluster(fs, c))
		return -EIO;
	err = get(fs, c, out);
	if (err)
		return err;
	if (*out >= end_from(fs))
		*out = FAT_END;
	else if (!fat_is_cluster(fs, *out))
		return -EIO;
	return 0;
}

int fat_count_free(struct fat *fs)
{
	uint32_t n = 0;

	if (fs->free != FAT_END)
		return 0;
	for (uint32_t c = 2; c < fs->nclusters + 2; c++) {
		uint32_t v = 0;
		int err = get(fs, c, &v);

		if (err)
			return err;
		n += v == FAT_FREE;
	}
	fs->free = n;
	return 0;
}

static int find_free(struct fat *fs, uint32_t *out)
{
	int err = fat_count_free(fs);

	if (err || !fs->free)
		return err ? err : -ENOSPC;
	for (uint32_t i = 0; i < fs->nclusters; i++) {
		uint32_t c = 2 + (fs->hint - 2 + i) % fs->nclusters;
		uint32_t v = 0;

		err = get(fs, c, &v);
		if (err)
			return err;
		if (v == FAT_FREE) {
			*out = c;
			return 0;
		}
	}
	return -ENOSPC;
}

int fat_append(struct fat *fs, uint32_t last, uint32_t *out)
{
	int err = find_free(fs, out);

	if (!err)
		err = set(fs, *out, 0x0fffffff);
	if (!err && last)
		err = set(fs, last, *out);
	if (err)
		return err;
	fs->free--;
	fs->hint = *out;
	return 0;
}

int fat_give_back(struct fat *fs, uint32_t c)
{
	int err = c ? fat_count_free(fs) : 0;

	fs->chains++;
	while (!err && c && c != FAT_END) {
		uint32_t next = 0;

		err = fat_next(fs, c, &next);
		if (!err)
			err = set(fs, c, FAT_FREE);
		if (!err)
			fs->free++;
		c = next;
	}
	return err;
}

int fat_cut(struct fat *fs, uint32_t c)
{
	uint32_t next = 0;
	int err = fat_next(fs, c, &next);

	if (err || next == FAT_END)
		return err;
	err = set(fs, c, 0x0fffffff);
	return err ? err : fat_give_back(fs, next);
}
