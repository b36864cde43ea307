// SPDX-License-Identifier: GPL-2.0-or-later
/* entry.c - what a directory entry says of its file, and paths */
#include "fat.h"

#include <errno.h>
#include <string.h>
#include <time.h>

/* 1980 to 2107, local time, two seconds apart. */
static void put_time(uint8_t *time_at, uint8_t *date_at,
		     const struct timespec *ts)
{
	struct tm tm;
	time_t t = ts->tv_sec;

	if (!localtime_r(&t, &tm) || tm.tm_year < 80) {
		tm = (struct tm){ .tm_year = 80, .tm_mday = 1 };
	} else if (tm.tm_year > 207) {
		tm = (struct tm){ .tm_year = 207,
				  .tm_mon = 11,
				  .tm_mday = 31,
				  .tm_hour = 23,
				  .tm_min = 59,
				  .tm_sec = 58 };
	}
	if (time_at)
		put16(time_at, (uint32_t)(tm.tm_hour << 11 | tm.tm_min << 5 |
					  tm.tm_sec / 2));
	put16(date_at, (uint32_t)((tm.tm_year - 80) << 9 |
				  (tm.tm_mon + 1) << 5 | tm.tm_mday));
}

static struct timespec get_time(uint16_t t, uint16_t date)
{
	struct tm tm = { .tm_year = (date >> 9) + 80,
			 .tm_mon = (date >> 5 & 15) - 1,
			 .tm_mday = date & 31,
			 .tm_hour = t >> 11,
			 .tm_min = t >> 5 & 63,
			 .tm_sec = (t & 31) * 2,
			 .tm_isdst = -1 };
	struct timespec ts = { .tv_sec = date ? mktime(&tm) : 0 };

	return ts;
}

void fat_now(struct timespec *out)
{
	clock_gettime(CLOCK_REALTIME, out);
}

static void parse(const struct fat *fs, const uint8_t *s, struct fat_entry *e)
{
	e->attr = s[11];
	e->size = s[11] & FAT_DIRECTORY ? 0 : get32(s + 28);
	e->first = get16(s + 26);
	if (fs->bits == 32)
		e->first |= (uint32_t)(get16(s + 20) & 0x0fff) << 16;
	e->mtime = get_time(get16(s + 22), get16(s + 24));
	e->atime = get_time(0, get16(s + 18));
	e->ctime = get_time(get16(s + 14), get16(s + 16));
}

int fat_read_entry(struct fat *fs, uint64_t off, struct fat_entry *out)
{
	uint8_t slot[FAT_SLOT];
	int err;

	*out = (struct fat_entry){ .attr = FAT_DIRECTORY,
				   .first = fs->root_first };
	if (!off)
		return 0;
	err = fat_read(fs, off, slot, sizeof(slot));
	if (err)
		return err;
	parse(fs, slot, out);
	out->off = off;
	return 0;
}

void fat_fill_entry(uint8_t slot[FAT_SLOT], const struct fat_entry *e)
{
	slot[11] = e->attr;
	put_time(slot + 14, slot + 16, &e->ctime);
	put_time(NULL, slot + 18, &e->atime);
	put16(slot + 20, e->first >> 16);
	put_time(slot + 22, slot + 24, &e->mtime);
	put16(slot + 26, e->first);
	put32(slot + 28, e->attr & FAT_DIRECTORY ? 0 : e->size);
}

/* A directory in memory has the entry too. */
static void refresh(struct fat *fs, uint64_t off, const uint8_t *slot)
{
	for (int i = 0; i < FAT_NDIRS; i++) {
		struct fat_dir *d = &fs->dirs[i];
		uint64_t end = fs->root_off + (uint64_t)d->nslots * FAT_SLOT;

		if (!d->valid)
			continue;
		if (!d->clusters && off >= fs->root_off && off < end)
			memcpy(d->slots + (off - fs->root_off), slot, FAT_SLOT);
		for (uint32_t c = 0; d->clusters && c < d->nclusters; c++) {
			uint64_t at = fat_place(fs, d->clusters[c]);

			if (off >= at && off < at + fs->cluster_size)
				memcpy(d->slots + (size_t)c * fs->cluster_size +
					       (off - at),
				       slot, FAT_SLOT);
		}
	}
}

int fat_write_entry(struct fat *fs, const struct fat_entry *e)
{
	uint8_t slot[FAT_SLOT];
	int err;

	if (!e->off)
		return 0;
	err = fat_read(fs, e->off, slot, sizeof(slot));
	if (err)
		return err;
	fat_fill_entry(slot, e);
	refresh(fs, e->off, slot);
	return fat_write(fs, e->off, slot, sizeof(slot));
}

/* The entry of one name in a directory. */
static int step(struct fat *fs, const struct fat_entry *dir, const char *name,
		struct fat_entry *out)
{
	struct fat_dir *d = NULL;
	struct fat_name *n;
	int err;

	if (!(dir->attr & FAT_DIRECTORY))
		return -ENOTDIR;
	err = fat_load_dir(fs, dir->first, &d);
	if (err)
		return err;
	n = fat_lookup(d, name);
	if (!n)
		return -ENOENT;
	return fat_read_entry(
		fs, fat_slot_place(fs, d, n->slot + n->nslots - 1), out);
}

/* The entry that path[0..n) leads to. */
static int find(struct fat *fs, const char *path, size_t n,
		struct fat_entry *out)
{
	char name[4 * FAT_MAX_NAME];
	const char *end = path + n;
	int err = fat_read_entry(fs, 0, out);

	while (!err && path < end) {
		struct fat_entry dir = *out;
		size_t len;

		while (path < end && *path == '/')
			path++;
		len = strcspn(path, "/");
		if (path >= end)
			break;
		if (len >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, path, len);
		name[len] = '\0';
		err = step(fs, &dir, name, out);
		path += len;
	}
	return err;
}

int fat_find(struct fat *fs, const char *path, struct fat_entry *out)
{
	return find(fs, path, strlen(path), out);
}

int fat_find_parent(struct fat *fs, const char *path, struct fat_dir **out,
		    const char **name)
{
	const char *slash = strrchr(path, '/');
	struct fat_entry dir;
	int err = find(fs, path, (size_t)(slash - path), &dir);

	*name = slash + 1;
	if (err)
		return err;
	if (!(dir.attr & FAT_DIRECTORY))
		return -ENOTDIR;
	return fat_load_dir(fs, dir.first, out);
}
