// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dirx.c - directories indexed in memory
 *
 * The first look into a directory reads all of it: afterwards each name, also
 * one that is not there, is found by its hash. An entry knows its block, and
 * each block how large an entry would fit, so that changes touch one block.
 * Only this program changes the image, hence nothing gets stale, but for one
 * case: libext2fs, when it splits a block of a hashed directory, moves entries
 * to another one. Then they are not where they are said to be, and the
 * directory is scanned again (dirx_rescan).
 *
 * Indexes are kept until there are MAX_ENTRIES entries; the least recently
 * used go first, between two operations, so that pointers live as long as one.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ENTRIES  200000u
#define N_DIRS	     256u
#define MIN_BUCKETS  16u
#define MAX_DIR_BLKS (1u << 22)

/* ---- directory blocks ---- */

unsigned int dir_space(struct e2 *e)
{
	bool tail = ext2fs_has_feature_metadata_csum(e->fs->super);

	return e->fs->blocksize -
	       (tail ? (unsigned int)sizeof(struct ext2_dir_entry_tail) : 0);
}

static const struct ext2_dir_entry *entry_at(const char *block,
					     unsigned int off)
{
	return (const struct ext2_dir_entry *)(const void *)(block + off);
}

unsigned int dir_check(struct e2 *e, const char *block, unsigned int off)
{
	const struct ext2_dir_entry *d = entry_at(block, off);
	unsigned int len = 0, size = e->fs->blocksize;
	struct ext2_dir_entry head;

	if (size - off < EXT2_DIR_ENTRY_HEADER_LEN)
		return 0;
	memcpy(&head, d, EXT2_DIR_ENTRY_HEADER_LEN);
	if (ext2fs_get_rec_len(e->fs, &head, &len))
		return 0;
	if (len < EXT2_DIR_ENTRY_HEADER_LEN || len % 4 || len > size - off)
		return 0;
	if (head.inode &&
	    EXT2_DIR_ENTRY_HEADER_LEN + (head.name_len & 0xffu) > len)
		return 0;
	return len;
}

unsigned int dirx_room(struct e2 *e, const char *block)
{
	unsigned int off, len, used, room = 0, space = dir_space(e);

	for (off = 0; off < space; off += len) {
		const struct ext2_dir_entry *d = entry_at(block, off);

		len = dir_check(e, block, off);
		if (!len)
			return 0;
		used = d->inode ? EXT2_DIR_REC_LEN(d->name_len & 0xff) : 0;
		if (len > used && len - used > room)
			room = len - used;
	}
	return room;
}

/* ---- the index ---- */

static uint32_t hash_name(const char *name, size_t len)
{
	uint32_t h = 2166136261u;

	while (len--)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return h;
}

static int grow(struct dirx *x)
{
	size_t n = x->n_buckets ? x->n_buckets * 4 : MIN_BUCKETS, i;
	struct dent **bucket = calloc(n, sizeof(*bucket));
	struct dent *d;

	if (!bucket)
		return -ENOMEM;
	for (i = 0; i < x->n_buckets; i++) {
		while ((d = x->bucket[i])) {
			x->bucket[i] = d->next;
			d->next = bucket[d->hash % n];
			bucket[d->hash % n] = d;
		}
	}
	free(x->bucket);
	x->bucket = bucket;
	x->n_buckets = n;
	return 0;
}

struct dent *dirx_find(struct dirx *x, const char *name, size_t len)
{
	uint32_t hash = hash_name(name, len);
	struct dent *d = x->n_buckets ? x->bucket[hash % x->n_buckets] : NULL;

	while (d && (d->hash != hash || d->len != len ||
		     memcmp(d->name, name, len) != 0))
		d = d->next;
	return d;
}

int dirx_add(struct e2 *e, struct dirx *x, const char *name, size_t len,
	     ext2_ino_t ino, uint8_t type, uint32_t blk)
{
	struct dent *d, **at;

	if (x->n >= x->n_buckets * 2 && grow(x))
		return -ENOMEM;
	d = malloc(sizeof(*d) + len + 1);
	if (!d)
		return -ENOMEM;
	d->hash = hash_name(name, len);
	d->ino = ino;
	d->blk = blk;
	d->type = type;
	d->len = (uint8_t)len;
	memcpy(d->name, name, len);
	d->name[len] = '\0';
	at = &x->bucket[d->hash % x->n_buckets];
	d->next = *at;
	*at = d;
	x->n++;
	e->dir_entries++;
	return 0;
}

void dirx_del(struct e2 *e, struct dirx *x, struct dent *dent)
{
	struct dent **at = &x->bucket[dent->hash % x->n_buckets];

	while (*at != dent)
		at = &(*at)->next;
	*at = dent->next;
	free(dent);
	x->n--;
	e->dir_entries--;
}

int dirx_set_room(struct dirx *x, uint32_t blk, unsigned int room)
{
	if (blk >= x->n_blocks) {
		uint16_t *p = realloc(x->room, (blk + 1) * sizeof(*p));

		if (!p)
			return -ENOMEM;
		memset(p + x->n_blocks, 0,
		       (blk + 1 - x->n_blocks) * sizeof(*p));
		x->room = p;
		x->n_blocks = blk + 1;
	}
	x->room[blk] = room > UINT16_MAX ? UINT16_MAX : (uint16_t)room;
	if (room && blk < x->first_room)
		x->first_room = blk;
	return 0;
}

/* ---- loading ---- */

/* What is done with each entry found in a scan. */
typedef int (*entry_fn)(struct e2 *e, struct dirx *x, const char *name,
			size_t len, ext2_ino_t ino, uint8_t type, uint32_t blk);

/* A name is where the scan found it. */
static int entry_moved(struct e2 *e, struct dirx *x, const char *name,
		       size_t len, ext2_ino_t ino, uint8_t type, uint32_t blk)
{
	struct dent *d = dirx_find(x, name, len);

	(void)e;
	(void)ino;
	(void)type;
	if (d)
		d->blk = blk;
	return 0;
}

static int scan_block(struct e2 *e, struct dirx *x, uint32_t blk,
		      const char *block, entry_fn fn)
{
	unsigned int off, len, space = dir_space(e);
	int ret = 0;

	for (off = 0; off < space && !ret; off += len) {
		const struct ext2_dir_entry *d = entry_at(block, off);

		len = dir_check(e, block, off);
		if (!len || d->inode > e->fs->super->s_inodes_count) {
			x->bad = true;
			return 0;
		}
		if (d->inode && (d->name_len & 0xff))
			ret = fn(e, x, d->name, d->name_len & 0xff, d->inode,
				 (uint8_t)(d->name_len >> 8) & 7, blk);
	}
	return ret ? ret : dirx_set_room(x, blk, dirx_room(e, block));
}

static int scan_run(struct e2 *e, struct dirx *x, const struct run *run,
		    entry_fn fn)
{
	uint64_t i;
	int ret = 0;

	for (i = 0; i < run->len && !ret; i++) {
		errcode_t err = ext2fs_read_dir_block4(e->fs, run->pblk + i,
						       e->block, 0, x->ino);

		if (err)
			x->bad = true;
		else
			ret = scan_block(e, x, (uint32_t)(run->lblk + i),
					 e->block, fn);
	}
	return ret;
}

static int scan_blocks(struct e2 *e, struct dirx *x, struct inode *dir,
		       entry_fn fn)
{
	uint64_t n = EXT2_I_SIZE(&dir->d) / e->fs->blocksize, lblk = 0;
	struct run run;
	int ret;

	if (n > MAX_DIR_BLKS)
		return -EIO;
	while (lblk < n) {
		ret = map_find(e, dir, NULL, lblk, n - lblk, &run);
		if (ret) {
			x->bad = true;
			return ret == -ENOMEM ? ret : 0;
		}
		if (!run.pblk || run.uninit)
			x->bad = true;
		else
			ret = scan_run(e, x, &run, fn);
		if (ret)
			return ret;
		lblk += run.len;
	}
	return n ? dirx_set_room(x, (uint32_t)n - 1,
				 x->n_blocks >= n ? x->room[n - 1] : 0)
		 : 0;
}

struct inline_scan {
	struct e2 *e;
	struct dirx *x;
	entry_fn fn;
	int ret;
};

/* NOLINTBEGIN(readability-non-const-parameter): libext2fs' signature */
static int inline_entry(ext2_ino_t dir, int entry, struct ext2_dir_entry *d,
			int offset, int blocksize, char *buf, void *priv)
{
	struct inline_scan *s = priv;

	(void)dir;
	(void)entry;
	(void)offset;
	(void)blocksize;
	(void)buf;
	if (!d->inode || d->inode > s->e->fs->super->s_inodes_count)
		return 0;
	s->ret = s->fn(s->e, s->x, d->name, d->name_len & 0xff, d->inode,
		       (uint8_t)(d->name_len >> 8) & 7, DIRX_NOWHERE);
	return s->ret ? DIRENT_ABORT : 0;
}
/* NOLINTEND(readability-non-const-parameter) */

static int scan(struct e2 *e, struct dirx *x, struct inode *dir, entry_fn fn)
{
	struct inline_scan s = { .e = e, .x = x, .fn = fn };
	errcode_t err;

	x->first_room = 0;
	if (!(dir->d.i_flags & EXT4_INLINE_DATA_FL))
		return scan_blocks(e, x, dir, fn);
	err = ext2fs_dir_iterate2(e->fs, dir->no, 0, NULL, inline_entry, &s);
	if (err)
		x->bad = true;
	return s.ret;
}

int dirx_rescan(struct e2 *e, struct dirx *x, struct inode *dir)
{
	return scan(e, x, dir, entry_moved);
}

/* ---- the set of indexes ---- */

static void unlist(struct e2 *e, struct dirx *x)
{
	*(x->prev ? &x->prev->next : &e->dirs_first) = x->next;
	*(x->next ? &x->next->prev : &e->dirs_last) = x->prev;
}

static void list_first(struct e2 *e, struct dirx *x)
{
	x->prev = NULL;
	x->next = e->dirs_first;
	*(x->next ? &x->next->prev : &e->dirs_last) = x;
	e->dirs_first = x;
}

static void dirx_free(struct e2 *e, struct dirx *x)
{
	size_t i;

	for (i = 0; i < x->n_buckets; i++)
		while (x->bucket[i])
			dirx_del(e, x, x->bucket[i]);
	free(x->bucket);
	free(x->room);
	free(x);
}

static void drop(struct e2 *e, struct dirx *x)
{
	struct dirx **at = &e->dirs[x->ino % N_DIRS];

	while (*at != x)
		at = &(*at)->hnext;
	*at = x->hnext;
	unlist(e, x);
	dirx_free(e, x);
}

static struct dirx *lookup(struct e2 *e, ext2_ino_t dir)
{
	struct dirx *x = e->dirs[dir % N_DIRS];

	while (x && x->ino != dir)
		x = x->hnext;
	return x;
}

static int load(struct e2 *e, ext2_ino_t ino, struct dirx *x)
{
	struct inode dir;
	int ret = inode_read(e, ino, &dir);

	if (ret)
		return ret;
	if (!S_ISDIR(dir.d.i_mode))
		return -ENOTDIR;
	x->ino = ino;
	return scan(e, x, &dir, dirx_add);
}

int dirx_get(struct e2 *e, ext2_ino_t dir, struct dirx **out)
{
	struct dirx *x = lookup(e, dir);
	int ret;

	if (x) {
		if (e->dirs_first != x) {
			unlist(e, x);
			list_first(e, x);
		}
		*out = x;
		return 0;
	}
	x = calloc(1, sizeof(*x));
	if (!x)
		return -ENOMEM;
	ret = load(e, dir, x);
	if (ret) {
		dirx_free(e, x);
		return ret;
	}
	x->hnext = e->dirs[dir % N_DIRS];
	e->dirs[dir % N_DIRS] = x;
	list_first(e, x);
	*out = x;
	return 0;
}

void dirx_forget(struct e2 *e, ext2_ino_t dir)
{
	struct dirx *x = lookup(e, dir);

	if (x)
		drop(e, x);
}

void dirx_trim(struct e2 *e)
{
	while (e->dir_entries > MAX_ENTRIES && e->dirs_last != e->dirs_first)
		drop(e, e->dirs_last);
}

void dirx_free_all(struct e2 *e)
{
	while (e->dirs_last)
		drop(e, e->dirs_last);
}
