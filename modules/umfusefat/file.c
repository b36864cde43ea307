// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * file.c - contents of files
 *
 * A file has no holes: what lies between its end and a write behind it is
 * written as zeros. Clusters are allotted before they are written, and the size
 * told after, so that a crash leaves lost clusters at worst.
 */
#include "fat.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SIZE UINT32_MAX
#define ZEROS	 65536

/* Cluster number `index` of the file; it has that many. */
static int seek(struct fat *fs, struct fat_file *f, const struct fat_entry *e,
		uint32_t index, uint32_t *out)
{
	uint32_t c = e->first;
	uint32_t i = 0;
	int err = 0;

	if (f->chains == fs->chains && f->cluster && f->index <= index) {
		c = f->cluster;
		i = f->index;
	}
	for (; !err && i < index; i++) {
		err = fat_next(fs, c, &c);
		if (!err && c == FAT_END)
			err = -EIO;
	}
	if (err || !fat_is_cluster(fs, c))
		return err ? err : -EIO;
	f->chains = fs->chains;
	f->cluster = c;
	f->index = index;
	*out = c;
	return 0;
}

/* The part of [off, off + n) that lies in one piece, and where. */
static int piece(struct fat *fs, struct fat_file *f, const struct fat_entry *e,
		 uint64_t off, size_t *n, uint64_t *at)
{
	uint32_t in = (uint32_t)(off % fs->cluster_size);
	size_t len = fs->cluster_size - in;
	uint32_t c = 0;
	uint32_t next = 0;
	int err = seek(fs, f, e, (uint32_t)(off / fs->cluster_size), &c);

	if (err)
		return err;
	*at = fat_place(fs, c) + in;
	while (len < *n) {
		if (fat_next(fs, c, &next) < 0 || next != c + 1)
			break;
		c = next;
		len += fs->cluster_size;
	}
	*n = len < *n ? len : *n;
	return 0;
}

ssize_t fat_read_file(struct fat *fs, struct fat_file *f, void *buf, size_t n,
		      uint64_t off)
{
	struct fat_entry e;
	size_t done = 0;
	int err = fat_read_entry(fs, f->off, &e);

	if (err)
		return err;
	if (off >= e.size)
		return 0;
	n = n < e.size - off ? n : (size_t)(e.size - off);
	while (done < n) {
		size_t part = n - done;
		uint64_t at = 0;

		err = piece(fs, f, &e, off + done, &part, &at);
		if (!err)
			err = fat_read(fs, at, (char *)buf + done, part);
		if (err)
			return done ? (ssize_t)done : err;
		done += part;
	}
	return (ssize_t)done;
}

static int overwrite(struct fat *fs, struct fat_file *f,
		     const struct fat_entry *e, const void *buf, size_t n,
		     uint64_t off)
{
	const char *from = buf;
	int err = 0;

	while (!err && n) {
		size_t part = n;
		uint64_t at = 0;

		err = piece(fs, f, e, off, &part, &at);
		if (!err)
			err = fat_write(fs, at, from, part);
		from += part;
		off += part;
		n -= part;
	}
	return err;
}

static int fill_zeros(struct fat *fs, struct fat_file *f,
		      const struct fat_entry *e, uint64_t off, uint64_t end)
{
	void *zeros = calloc(1, ZEROS);
	int err = zeros ? 0 : -ENOMEM;

	while (!err && off < end) {
		size_t n = end - off < ZEROS ? (size_t)(end - off) : ZEROS;

		err = overwrite(fs, f, e, zeros, n, off);
		off += n;
	}
	free(zeros);
	return err;
}

static uint32_t clusters_of(const struct fat *fs, uint64_t size)
{
	return (uint32_t)((size + fs->cluster_size - 1) / fs->cluster_size);
}

/*
 * Have clusters for `size` bytes. When the disk is full, for as many as there
 * are: *size says.
 */
static int allot(struct fat *fs, struct fat_file *f, struct fat_entry *e,
		 uint64_t *size)
{
	uint32_t have = clusters_of(fs, e->size);
	uint32_t want = clusters_of(fs, *size);
	uint32_t last = 0;
	uint32_t next = 0;
	int err = have ? seek(fs, f, e, have - 1, &last) : 0;

	/* what an interrupted write left behind the end */
	while (!err && last && have < want) {
		err = fat_next(fs, last, &next);
		if (err || next == FAT_END)
			break;
		last = next;
		have++;
	}
	if (!have && e->first)
		err = fat_give_back(fs, e->first);
	if (!have)
		e->first = 0;
	while (!err && have < want) {
		err = fat_append(fs, last, &next);
		if (err)
			break;
		if (!last)
			e->first = next;
		last = next;
		have++;
	}
	if (err == -ENOSPC && have > clusters_of(fs, e->size)) {
		*size = (uint64_t)have * fs->cluster_size;
		err = 0;
	}
	return err;
}

/* Make it longer, with zeros up to `zeros`; *size may come out less. */
static int extend(struct fat *fs, struct fat_file *f, struct fat_entry *e,
		  uint64_t zeros, uint64_t *size)
{
	uint64_t old = e->size;
	int err;

	if (*size > MAX_SIZE)
		return -EFBIG;
	err = allot(fs, f, e, size);
	if (!err && *size > MAX_SIZE)
		*size = MAX_SIZE;
	if (!err && zeros > *size)
		zeros = *size;
	if (!err)
		err = fill_zeros(fs, f, e, old, zeros);
	return err;
}

static int touch(struct fat *fs, struct fat_entry *e)
{
	fat_now(&e->mtime);
	e->attr |= FAT_ARCHIVE;
	return fat_write_entry(fs, e);
}

static int shrink(struct fat *fs, struct fat_file *f, struct fat_entry *e,
		  uint32_t size)
{
	uint32_t keep = clusters_of(fs, size);
	uint32_t first = e->first;
	uint32_t last = 0;
	int err = keep ? seek(fs, f, e, keep - 1, &last) : 0;

	if (err)
		return err;
	e->size = size;
	if (!keep)
		e->first = 0;
	/* first the entry: it must not name what is given back */
	err = touch(fs, e);
	if (err)
		return err;
	return keep ? fat_cut(fs, last) : fat_give_back(fs, first);
}

ssize_t fat_write_file(struct fat *fs, struct fat_file *f, const void *buf,
		       size_t n, uint64_t off)
{
	struct fat_entry e;
	uint64_t end = off + n;
	int err = fat_begin(fs);

	if (!err)
		err = fat_read_entry(fs, f->off, &e);
	if (err)
		return err;
	if (off >= MAX_SIZE && n)
		return -EFBIG;
	if (end > MAX_SIZE)
		end = MAX_SIZE;
	if (end > e.size)
		err = extend(fs, f, &e, off, &end);
	n = end > off ? (size_t)(end - off) : 0;
	if (!err && !n) {
		/* not even the zeros before it have room */
		shrink(fs, f, &e, e.size);
		return -ENOSPC;
	}
	if (!err)
		err = overwrite(fs, f, &e, buf, n, off);
	if (!err && end > e.size)
		e.size = (uint32_t)end;
	/* what was allotted belongs to the file in any case */
	if (touch(fs, &e) < 0 && !err)
		err = -EIO;
	return err ? err : (ssize_t)n;
}

int fat_resize(struct fat *fs, struct fat_file *f, uint64_t size)
{
	struct fat_entry e;
	uint64_t got = size;
	int err = fat_begin(fs);

	if (!err)
		err = fat_read_entry(fs, f->off, &e);
	if (err)
		return err;
	if (size <= e.size)
		return shrink(fs, f, &e, (uint32_t)size);
	err = extend(fs, f, &e, size, &got);
	if (!err && got < size)
		err = -ENOSPC;
	if (err == -ENOSPC) {
		/* all or nothing */
		if (e.first && e.size)
			shrink(fs, f, &e, e.size);
		else if (e.first)
			fat_give_back(fs, e.first);
		return err;
	}
	if (!err)
		e.size = (uint32_t)size;
	return touch(fs, &e) < 0 && !err ? -EIO : err;
}
