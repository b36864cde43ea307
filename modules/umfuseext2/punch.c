// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * punch.c - giving blocks of a file back
 *
 * libext2fs 1.47's ext2fs_punch() serves only where it is right: to the end of
 * files with indirect blocks. Of these it gets ranges wrong that have an end;
 * of extents it refuses the last block of the file system.
 */
#include "ext2.h"

#include <errno.h>

/* ---- extents ---- */

/* The extent x loses blocks from..to (both inclusive) of the file. */
static errcode_t cut(ext2_extent_handle_t handle, struct ext2fs_extent x,
		     uint64_t from, uint64_t to)
{
	struct ext2fs_extent tail = x, whole = x;
	errcode_t err;

	tail.e_lblk = to + 1;
	tail.e_pblk += to + 1 - x.e_lblk;
	tail.e_len -= (uint32_t)(to + 1 - x.e_lblk);
	x.e_len = (uint32_t)(from - x.e_lblk);
	if (!x.e_len && !tail.e_len)
		err = ext2fs_extent_delete(handle, 0);
	else
		err = ext2fs_extent_replace(handle, 0, x.e_len ? &x : &tail);
	if (!err && x.e_len && tail.e_len) {
		err = ext2fs_extent_insert(handle, EXT2_EXTENT_INSERT_AFTER,
					   &tail);
		if (err) {
			(void)ext2fs_extent_goto(handle, x.e_lblk);
			(void)ext2fs_extent_replace(handle, 0, &whole);
		}
	}
	if (err)
		return err;
	err = ext2fs_extent_fix_parents(handle);
	return err == EXT2_ET_NO_CURRENT_NODE ? 0 : err;
}

/* Clusters of the run that hold no other block of the file are free. */
static errcode_t free_clusters(struct e2 *e, struct inode *in,
			       const struct run *run)
{
	uint64_t ratio = (uint64_t)EXT2FS_CLUSTER_RATIO(e->fs);
	uint64_t lblk = run->lblk, next;
	errcode_t err;
	blk64_t used;

	for (; lblk < run->lblk + run->len; lblk = next) {
		next = lblk - lblk % ratio + ratio;
		err = ext2fs_map_cluster_block(e->fs, in->no, small(in), lblk,
					       &used);
		if (err)
			return err;
		if (used)
			continue;
		ext2fs_iblk_sub_blocks(e->fs, small(in), 1);
		ext2fs_block_alloc_stats2(e->fs, run->pblk + (lblk - run->lblk),
					  -1);
	}
	return 0;
}

/* The blocks of run, which lie in one extent. */
static int cut_run(struct e2 *e, struct inode *in, const struct run *run)
{
	ext2_extent_handle_t handle;
	struct ext2fs_extent x = { 0 };
	errcode_t err;

	err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
	if (err)
		return e2_err(err);
	err = ext2fs_extent_goto(handle, run->lblk);
	if (!err)
		err = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &x);
	if (!err)
		err = cut(handle, x, run->lblk, run->lblk + run->len - 1);
	ext2fs_extent_free(handle);
	if (!err && EXT2FS_CLUSTER_RATIO(e->fs) > 1)
		err = free_clusters(e, in, run);
	else if (!err)
		map_unclaim(e, in, run->pblk, run->len);
	return e2_err(err);
}

static int extent_punch(struct e2 *e, struct inode *in, uint64_t first,
			uint64_t last)
{
	struct run run;
	int ret = 0, err;

	if (last > EXT_MAX_EXTENT_LBLK)
		last = EXT_MAX_EXTENT_LBLK;
	for (; first <= last && !ret; first += run.len) {
		ret = map_find(e, in, NULL, first, last - first + 1, &run);
		if (!ret && run.pblk)
			ret = cut_run(e, in, &run);
	}
	err = inode_write(e, in);
	return ret ? ret : err;
}

/* ---- indirect blocks ---- */

/*
 * Part of a file with indirect blocks; those stay, even when empty.
 */
static int ind_punch(struct e2 *e, struct inode *in, uint64_t first,
		     uint64_t last)
{
	errcode_t err = 0;
	struct run run;
	blk64_t zero;
	uint64_t i;
	int ret;

	for (; first <= last && first <= UINT32_MAX; first += run.len) {
		ret = map_find(e, in, NULL, first, last - first + 1, &run);
		if (ret)
			return ret;
		for (i = 0; run.pblk && i < run.len && !err; i++) {
			zero = 0;
			err = ext2fs_bmap2(e->fs, in->no, small(in), NULL,
					   BMAP_SET | BMAP_ALLOC, first + i,
					   NULL, &zero);
			if (!err)
				map_unclaim(e, in, run.pblk + i, 1);
		}
		if (err)
			break;
	}
	ret = inode_write(e, in);
	return err ? e2_err(err) : ret;
}

int map_punch(struct e2 *e, struct inode *in, uint64_t first, uint64_t last)
{
	struct node *node = node_find(e, in->no);
	bool extents = in->d.i_flags & EXT4_EXTENTS_FL;
	errcode_t err;
	int ret;

	if (node)
		node->run.len = 0;
	if (first > last)
		return 0;
	if (extents)
		return extent_punch(e, in, first, last);
	if (last != ~0ULL)
		return ind_punch(e, in, first, last);
	err = ext2fs_punch(e->fs, in->no, small(in), NULL, first, last);
	ret = inode_write(e, in);
	return err ? e2_err(err) : ret;
}
