// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * dir.c - directories on disk: finding, adding, removing, changing entries
 *
 * Directories are lists of entries in blocks. Those with a hash tree
 * (EXT2_INDEX_FL) get new entries from libext2fs, which keeps the tree; all
 * other changes leave an entry in its block and so need not know of it.
 * Directories kept in the inode become ordinary ones when they are added to.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

uint8_t dir_type(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return EXT2_FT_REG_FILE;
	case S_IFDIR:
		return EXT2_FT_DIR;
	case S_IFCHR:
		return EXT2_FT_CHRDEV;
	case S_IFBLK:
		return EXT2_FT_BLKDEV;
	case S_IFIFO:
		return EXT2_FT_FIFO;
	case S_IFSOCK:
		return EXT2_FT_SOCK;
	case S_IFLNK:
		return EXT2_FT_SYMLINK;
	default:
		return EXT2_FT_UNKNOWN;
	}
}

static uint8_t type_for(struct e2 *e, mode_t mode)
{
	return ext2fs_has_feature_filetype(e->fs->super) ? dir_type(mode) : 0;
}

static struct ext2_dir_entry *entry_at(char *block, unsigned int off)
{
	return (struct ext2_dir_entry *)(void *)(block + off);
}

static unsigned int rec_len(struct e2 *e, struct ext2_dir_entry *d)
{
	unsigned int len = 0;

	return ext2fs_get_rec_len(e->fs, d, &len) ? 0 : len;
}

int dir_read_block(struct e2 *e, struct inode *dir, uint32_t lblk, char *buf,
		   uint64_t *pblk)
{
	struct run run;
	int ret = map_find(e, dir, NULL, lblk, 1, &run);

	if (ret)
		return ret;
	if (!run.pblk || run.uninit)
		return -EIO;
	*pblk = run.pblk;
	return e2_err(ext2fs_read_dir_block4(e->fs, run.pblk, buf, 0, dir->no));
}

int dir_write_block(struct e2 *e, ext2_ino_t dir, uint64_t pblk, char *buf)
{
	return e2_err(ext2fs_write_dir_block4(e->fs, pblk, buf, 0, dir));
}

int dir_lookup(struct e2 *e, ext2_ino_t dir, const char *name, size_t len,
	       struct dent **out)
{
	struct dirx *x;
	int ret = dirx_get(e, dir, &x);

	*out = NULL;
	if (ret)
		return ret;
	if (len > E2_NAME_MAX)
		return -ENAMETOOLONG;
	*out = dirx_find(x, name, len);
	if (*out)
		return 0;
	return x->bad ? -EIO : -ENOENT;
}

bool dir_is_empty(struct dirx *x)
{
	size_t n = x->n;

	if (dirx_find(x, ".", 1))
		n--;
	if (dirx_find(x, "..", 2))
		n--;
	return !n && !x->bad;
}

/* ---- adding ---- */

static void fill_entry(struct e2 *e, struct ext2_dir_entry *d, const char *name,
		       ext2_ino_t ino, mode_t mode)
{
	size_t len = strlen(name);

	d->inode = ino;
	d->name_len = (uint16_t)(len | (unsigned int)type_for(e, mode) << 8);
	memcpy(d->name, name, len);
}

/* Puts the entry into the first gap of the block that is large enough. */
static int insert(struct e2 *e, char *block, const char *name, ext2_ino_t ino,
		  mode_t mode)
{
	unsigned int need = EXT2_DIR_REC_LEN((uint8_t)strlen(name));
	unsigned int off, len, used, space = dir_space(e);
	struct ext2_dir_entry *d;

	for (off = 0; off < space; off += len) {
		d = entry_at(block, off);
		len = dir_check(e, block, off);
		if (!len)
			return -EIO;
		used = d->inode ? EXT2_DIR_REC_LEN(d->name_len & 0xff) : 0;
		if (len < used + need)
			continue;
		if (used) {
			if (ext2fs_set_rec_len(e->fs, used, d))
				return -EIO;
			d = entry_at(block, off + used);
			if (ext2fs_set_rec_len(e->fs, len - used, d))
				return -EIO;
		}
		fill_entry(e, d, name, ino, mode);
		return 0;
	}
	return -ENOSPC;
}

static void init_block(struct e2 *e, char *block)
{
	memset(block, 0, e->fs->blocksize);
	(void)ext2fs_set_rec_len(e->fs, dir_space(e), entry_at(block, 0));
	if (ext2fs_has_feature_metadata_csum(e->fs->super))
		ext2fs_initialize_dirent_tail(
			e->fs, EXT2_DIRENT_TAIL(block, e->fs->blocksize));
}

/* A block more; the entry goes into it. */
static int append(struct e2 *e, struct inode *dir, struct dirx *x,
		  const char *name, ext2_ino_t ino, mode_t mode)
{
	uint64_t size = EXT2_I_SIZE(&dir->d);
	uint32_t lblk = (uint32_t)(size / e->fs->blocksize);
	struct run run;
	int ret;

	ret = map_alloc(e, dir, lblk, 1, false, &run);
	if (ret)
		return ret;
	init_block(e, e->block);
	ret = insert(e, e->block, name, ino, mode);
	if (!ret)
		ret = dir_write_block(e, dir->no, run.pblk, e->block);
	if (!ret)
		ret = e2_err(ext2fs_inode_size_set(e->fs, small(dir),
						   (ext2_off64_t)size +
							   e->fs->blocksize));
	if (!ret)
		ret = inode_write(e, dir);
	if (ret)
		return ret;
	ret = dirx_set_room(x, lblk, dirx_room(e, e->block));
	return ret ? ret
		   : dirx_add(e, x, name, strlen(name), ino, type_for(e, mode),
			      lblk);
}

static uint32_t find_room(struct dirx *x, unsigned int need)
{
	uint32_t i;
	bool first = true;

	for (i = x->first_room; i < x->n_blocks; i++) {
		if (x->room[i] >= need)
			return i;
		/* the shortest name cannot go there either */
		if (first && x->room[i] < EXT2_DIR_REC_LEN(1))
			x->first_room = i + 1;
		else
			first = false;
	}
	return DIRX_NOWHERE;
}

static int add_linear(struct e2 *e, struct inode *dir, struct dirx *x,
		      const char *name, ext2_ino_t ino, mode_t mode)
{
	uint32_t lblk = find_room(x, EXT2_DIR_REC_LEN((uint8_t)strlen(name)));
	uint64_t pblk;
	int ret;

	if (lblk == DIRX_NOWHERE)
		return append(e, dir, x, name, ino, mode);
	ret = dir_read_block(e, dir, lblk, e->block, &pblk);
	if (!ret)
		ret = insert(e, e->block, name, ino, mode);
	if (!ret)
		ret = dir_write_block(e, dir->no, pblk, e->block);
	if (!ret)
		ret = dirx_set_room(x, lblk, dirx_room(e, e->block));
	return ret ? ret
		   : dirx_add(e, x, name, strlen(name), ino, type_for(e, mode),
			      lblk);
}

static int add_hashed(struct e2 *e, struct inode *dir, struct dirx *x,
		      const char *name, ext2_ino_t ino, mode_t mode)
{
	errcode_t err;
	int ret;

	err = ext2fs_link(e->fs, dir->no, name, ino, type_for(e, mode));
	ret = inode_read(e, dir->no, dir);
	if (err || ret)
		return err ? e2_err(err) : ret;
	return dirx_add(e, x, name, strlen(name), ino, type_for(e, mode),
			DIRX_NOWHERE);
}

/* From the inode to a block. */
static int expand(struct e2 *e, struct inode *dir, struct dirx *x)
{
	errcode_t err = ext2fs_expand_dir(e->fs, dir->no);
	int ret;

	if (err)
		return e2_err(err);
	ret = inode_read(e, dir->no, dir);
	return ret ? ret : dirx_rescan(e, x, dir);
}

int dir_add(struct e2 *e, struct inode *dir, const char *name, ext2_ino_t ino,
	    mode_t mode)
{
	struct dirx *x;
	int ret = dirx_get(e, dir->no, &x);

	if (!ret && dir->d.i_flags & EXT4_INLINE_DATA_FL)
		ret = expand(e, dir, x);
	if (ret)
		return ret;
	if (dir->d.i_flags & EXT2_INDEX_FL)
		return add_hashed(e, dir, x, name, ino, mode);
	return add_linear(e, dir, x, name, ino, mode);
}

/* ---- removing and changing ---- */

/* Finds a name in a block; prev: the entry before it, or -1. */
static int find_in_block(struct e2 *e, char *block, const char *name, int *prev)
{
	unsigned int off, len, space = dir_space(e);
	size_t n = strlen(name);

	*prev = -1;
	for (off = 0; off < space; off += len) {
		struct ext2_dir_entry *d = entry_at(block, off);

		len = dir_check(e, block, off);
		if (!len)
			return -EIO;
		if (d->inode && (d->name_len & 0xff) == n &&
		    !memcmp(d->name, name, n))
			return (int)off;
		*prev = (int)off;
	}
	return -ENOENT;
}

/* The block of an entry, in e->block. Return: its offset there. */
static int locate(struct e2 *e, struct inode *dir, struct dirx *x,
		  struct dent *dent, int *prev, uint64_t *pblk)
{
	int ret = -ENOENT;

	if (dent->blk != DIRX_NOWHERE) {
		ret = dir_read_block(e, dir, dent->blk, e->block, pblk);
		if (!ret)
			ret = find_in_block(e, e->block, dent->name, prev);
	}
	if (ret != -ENOENT)
		return ret;
	ret = dirx_rescan(e, x, dir);
	if (ret || dent->blk == DIRX_NOWHERE)
		return ret ? ret : -EIO;
	ret = dir_read_block(e, dir, dent->blk, e->block, pblk);
	return ret ? ret : find_in_block(e, e->block, dent->name, prev);
}

static int cut_entry(struct e2 *e, char *block, int off, int prev)
{
	struct ext2_dir_entry *d = entry_at(block, (unsigned int)off), *p;

	if (prev < 0) {
		d->inode = 0;
		d->name_len = 0;
		return 0;
	}
	p = entry_at(block, (unsigned int)prev);
	return e2_err(
		ext2fs_set_rec_len(e->fs, rec_len(e, p) + rec_len(e, d), p));
}

int dir_remove(struct e2 *e, struct inode *dir, const char *name)
{
	struct dent *dent;
	struct dirx *x = NULL;
	uint64_t pblk = 0;
	int ret, off, prev = -1;

	ret = dir_lookup(e, dir->no, name, strlen(name), &dent);
	if (!ret)
		ret = dirx_get(e, dir->no, &x);
	if (ret)
		return ret;
	if (dir->d.i_flags & EXT4_INLINE_DATA_FL) {
		ret = e2_err(ext2fs_unlink(e->fs, dir->no, name, 0, 0));
		if (!ret)
			ret = inode_read(e, dir->no, dir);
		if (!ret)
			dirx_del(e, x, dent);
		return ret;
	}
	off = locate(e, dir, x, dent, &prev, &pblk);
	if (off < 0)
		return off;
	ret = cut_entry(e, e->block, off, prev);
	if (!ret)
		ret = dir_write_block(e, dir->no, pblk, e->block);
	if (!ret)
		ret = dirx_set_room(x, dent->blk, dirx_room(e, e->block));
	if (!ret)
		dirx_del(e, x, dent);
	return ret;
}

int dir_set(struct e2 *e, struct inode *dir, const char *name, ext2_ino_t ino,
	    mode_t mode)
{
	struct ext2_dir_entry *d;
	struct dent *dent;
	struct dirx *x = NULL;
	uint64_t pblk = 0;
	int ret, off, prev = -1;

	ret = dir_lookup(e, dir->no, name, strlen(name), &dent);
	if (!ret)
		ret = dirx_get(e, dir->no, &x);
	if (!ret && dir->d.i_flags & EXT4_INLINE_DATA_FL)
		ret = expand(e, dir, x);
	if (ret)
		return ret;
	off = locate(e, dir, x, dent, &prev, &pblk);
	if (off < 0)
		return off;
	d = entry_at(e->block, (unsigned int)off);
	d->inode = ino;
	d->name_len = (uint16_t)((d->name_len & 0xff) |
				 (unsigned int)type_for(e, mode) << 8);
	ret = dir_write_block(e, dir->no, pblk, e->block);
	if (ret)
		return ret;
	dent->ino = ino;
	dent->type = type_for(e, mode);
	return 0;
}

int dir_init(struct e2 *e, struct inode *dir, ext2_ino_t parent)
{
	struct run run;
	errcode_t err;
	char *block;
	int ret;

	ret = map_alloc(e, dir, 0, 1, false, &run);
	if (ret)
		return ret;
	err = ext2fs_new_dir_block(e->fs, dir->no, parent, &block);
	if (err)
		return e2_err(err);
	ret = dir_write_block(e, dir->no, run.pblk, block);
	ext2fs_free_mem(&block);
	dir->d.i_size = e->fs->blocksize;
	return ret ? ret : inode_write(e, dir);
}
