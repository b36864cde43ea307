// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * map.c - logical to physical blocks: extents and indirect blocks
 *
 * The unit is a run: neighbouring blocks of a file that are neighbours on disk,
 * or a hole. Allocation takes runs from the bitmap as near as possible after
 * the preceding block, and lengthens the preceding extent where it can.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rather than a smaller piece near by, look further for one like this. */
#define GOOD_RUN 64u
/* How many free runs to look at before the best of them is taken. */
#define MAX_TRIES 1000u
/* What a run may need of indirect blocks. */
#define IND_RESERVE 5u

static bool is_inside(struct e2 *e, uint64_t pblk, uint64_t len)
{
	uint64_t end = ext2fs_blocks_count(e->fs->super);

	return pblk >= e->fs->super->s_first_data_block && pblk < end &&
	       len <= end - pblk;
}

static void slice(const struct run *run, uint64_t lblk, uint64_t max,
		  struct run *out)
{
	uint64_t skip = lblk - run->lblk;

	*out = *run;
	out->lblk = lblk;
	out->len -= skip;
	if (out->pblk)
		out->pblk += skip;
	if (out->len > max)
		out->len = max;
}

/* ---- looking up ---- */

/*
 * The extent after the current one, or the index entry above it. (After a goto,
 * libext2fs' own EXT2_EXTENT_NEXT_LEAF visits the same leaf again.)
 */
static errcode_t extent_next(ext2_extent_handle_t handle,
			     struct ext2fs_extent *x)
{
	errcode_t err = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT_SIB, x);

	while (err == EXT2_ET_EXTENT_NO_NEXT) {
		err = ext2fs_extent_get(handle, EXT2_EXTENT_UP, x);
		if (!err)
			err = ext2fs_extent_get(handle, EXT2_EXTENT_NEXT_SIB,
						x);
	}
	return err;
}

/* lblk is in a hole: where it ends. */
static int extent_hole(ext2_extent_handle_t handle, struct run *run)
{
	struct ext2fs_extent x;
	errcode_t err = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &x);

	if (!err && x.e_lblk <= run->lblk)
		err = extent_next(handle, &x);
	run->len = EXT_MAX_EXTENT_LBLK + 1 - run->lblk;
	if (err == EXT2_ET_NO_CURRENT_NODE || err == EXT2_ET_EXTENT_NO_UP)
		return 0;
	if (err)
		return e2_err(err);
	if (x.e_lblk <= run->lblk)
		return -EIO;
	run->len = x.e_lblk - run->lblk;
	return 0;
}

static int extent_find(struct e2 *e, struct inode *in, struct run *run)
{
	ext2_extent_handle_t handle;
	struct ext2fs_extent x;
	uint64_t lblk = run->lblk;
	errcode_t err;
	int ret = 0;

	err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
	if (err)
		return e2_err(err);
	err = ext2fs_extent_goto(handle, lblk);
	if (err == EXT2_ET_EXTENT_NOT_FOUND) {
		ret = extent_hole(handle, run);
		ext2fs_extent_free(handle);
		return ret;
	}
	if (!err)
		err = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &x);
	ext2fs_extent_free(handle);
	if (err)
		return e2_err(err);
	if (x.e_lblk > lblk || lblk - x.e_lblk >= x.e_len ||
	    !is_inside(e, x.e_pblk, x.e_len))
		return -EIO;
	run->lblk = x.e_lblk;
	run->pblk = x.e_pblk;
	run->len = x.e_len;
	run->uninit = x.e_flags & EXT2_EXTENT_FLAGS_UNINIT;
	return 0;
}

static int ind_get(struct e2 *e, struct inode *in, uint64_t lblk, blk64_t *out)
{
	errcode_t err;

	*out = 0;
	err = ext2fs_bmap2(e->fs, in->no, small(in), NULL, 0, lblk, NULL, out);
	if (err)
		return e2_err(err);
	return *out && !is_inside(e, *out, 1) ? -EIO : 0;
}

/* Where a block is found: in the inode, or below one of its three trees. */
struct ind_place {
	int level;
	uint64_t off;
	uint64_t span;
	blk_t block;
};

static bool ind_begin(struct e2 *e, const struct inode *in, uint64_t lblk,
		      struct ind_place *at)
{
	uint64_t per = e->fs->blocksize / 4;

	*at = (struct ind_place){ .off = lblk, .span = 1 };
	if (lblk < EXT2_NDIR_BLOCKS) {
		at->off = 0;
		at->block = in->d.i_block[lblk];
		return true;
	}
	at->off -= EXT2_NDIR_BLOCKS;
	for (at->level = 1; at->level <= 3; at->level++) {
		at->span *= per;
		if (at->off < at->span) {
			at->block =
				in->d.i_block[EXT2_IND_BLOCK + at->level - 1];
			return true;
		}
		at->off -= at->span;
	}
	return false;
}

/* How many entries from `at` on go on like it: next to one another, or none. */
static uint64_t ind_run(const blk_t *table, uint64_t at, uint64_t per)
{
	uint64_t n = 1;

	while (at + n < per && table[at + n] == (table[at] ? table[at] + n : 0))
		n++;
	return n;
}

/*
 * The run that begins at run->lblk, up to the end of the indirect block that
 * tells of it. No indirect block: a hole as long as all that it could tell of.
 */
static int ind_piece(struct e2 *e, const struct inode *in, struct run *run)
{
	uint64_t per = e->fs->blocksize / 4, at;
	struct ind_place p;
	errcode_t err = 0;
	blk_t *table;

	if (!ind_begin(e, in, run->lblk, &p))
		return -EFBIG;
	run->len = p.span - p.off;
	run->pblk = p.block;
	if (!p.level || !p.block)
		return 0;
	table = malloc(e->fs->blocksize);
	if (!table)
		return -ENOMEM;
	while (p.level-- && p.block && !err) {
		err = is_inside(e, p.block, 1)
			      ? ext2fs_read_ind_block(e->fs, p.block, table)
			      : EXT2_ET_BAD_IND_BLOCK;
		p.span /= per;
		at = p.off / p.span;
		p.off %= p.span;
		if (err)
			break;
		p.block = table[at];
		run->len = p.level ? p.span - p.off : ind_run(table, at, per);
	}
	free(table);
	run->pblk = p.block;
	return err ? e2_err(err) : 0;
}

static int ind_find(struct e2 *e, struct inode *in, uint64_t max,
		    struct run *run)
{
	struct run more;
	int ret = ind_piece(e, in, run);

	if (ret)
		return ret;
	while (run->len < max && run->lblk + run->len <= UINT32_MAX) {
		more.lblk = run->lblk + run->len;
		ret = ind_piece(e, in, &more);
		if (ret || more.pblk != (run->pblk ? run->pblk + run->len : 0))
			break;
		run->len += more.len;
	}
	return run->pblk && !is_inside(e, run->pblk, run->len) ? -EIO : 0;
}

int map_find(struct e2 *e, struct inode *in, struct node *node, uint64_t lblk,
	     uint64_t max, struct run *out)
{
	struct run run = { .lblk = lblk };
	int ret;

	if (node && node->run.len && lblk >= node->run.lblk &&
	    lblk - node->run.lblk < node->run.len) {
		slice(&node->run, lblk, max, out);
		return 0;
	}
	if (in->d.i_flags & EXT4_EXTENTS_FL)
		ret = extent_find(e, in, &run);
	else
		ret = ind_find(e, in, max, &run);
	if (ret)
		return ret;
	if (node && run.pblk)
		node->run = run;
	slice(&run, lblk, max, out);
	return 0;
}

/* ---- allocating ---- */

/* How many free blocks: at least, if there are, and at most. */
struct wish {
	uint64_t least;
	uint64_t len;
};

/* The best free run of from..to; stops at one of `least` blocks. */
static void scan_free(struct e2 *e, uint64_t from, uint64_t to,
		      const struct wish *wish, struct run *best)
{
	ext2fs_block_bitmap map = e->fs->block_map;
	unsigned int tries = MAX_TRIES;
	blk64_t begin, end;

	while (from <= to && best->len < wish->least && tries--) {
		uint64_t most;

		if (ext2fs_find_first_zero_block_bitmap2(map, from, to, &begin))
			return;
		most = to - begin < wish->len ? to : begin + wish->len - 1;
		if (ext2fs_find_first_set_block_bitmap2(map, begin, most, &end))
			end = most + 1;
		if (end - begin > best->len) {
			best->pblk = begin;
			best->len = end - begin;
		}
		from = end;
	}
}

/*
 * A free run near goal, of at most len blocks. (ext2fs_new_range() may search
 * for ever when there is none of the length asked for.)
 */
static int find_free(struct e2 *e, uint64_t goal, uint64_t len, blk64_t *pblk,
		     blk64_t *got)
{
	struct wish wish = { .least = len < GOOD_RUN ? len : GOOD_RUN,
			     .len = len };
	uint64_t first = e->fs->super->s_first_data_block;
	uint64_t last = ext2fs_blocks_count(e->fs->super) - 1;
	struct run best = { .len = 0 };

	if (!is_inside(e, goal, 1))
		goal = first;
	scan_free(e, goal, last, &wish, &best);
	if (best.len < wish.least && goal > first)
		scan_free(e, first, goal - 1, &wish, &best);
	*pblk = best.pblk;
	*got = best.len;
	return best.len ? 0 : -ENOSPC;
}

static int claim(struct e2 *e, struct inode *in, blk64_t pblk, blk64_t len)
{
	errcode_t err = ext2fs_iblk_add_blocks(e->fs, small(in), len);

	if (err)
		return e2_err(err);
	ext2fs_block_alloc_stats_range(e->fs, pblk, (blk_t)len, 1);
	return 0;
}

void map_unclaim(struct e2 *e, struct inode *in, uint64_t pblk, uint64_t len)
{
	ext2fs_iblk_sub_blocks(e->fs, small(in), len);
	ext2fs_block_alloc_stats_range(e->fs, pblk, (blk_t)len, -1);
}

static bool can_lengthen(const struct ext2fs_extent *x, const struct run *run)
{
	uint64_t most = run->uninit ? EXT_UNINIT_MAX_LEN : EXT_INIT_MAX_LEN;
	bool uninit = x->e_flags & EXT2_EXTENT_FLAGS_UNINIT;

	return uninit == run->uninit && x->e_lblk + x->e_len == run->lblk &&
	       x->e_pblk + x->e_len == run->pblk && x->e_len + run->len <= most;
}

/* Puts a run into the extent tree; the place is a hole. */
static errcode_t extent_add(ext2_extent_handle_t handle, const struct run *run)
{
	struct ext2fs_extent x, fresh = {
		.e_pblk = run->pblk,
		.e_lblk = run->lblk,
		.e_len = (uint32_t)run->len,
		.e_flags = run->uninit ? EXT2_EXTENT_FLAGS_UNINIT : 0,
	};
	int where = EXT2_EXTENT_INSERT_AFTER;
	errcode_t err = ext2fs_extent_goto(handle, run->lblk);

	if (err && err != EXT2_ET_EXTENT_NOT_FOUND)
		return err;
	err = ext2fs_extent_get(handle, EXT2_EXTENT_CURRENT, &x);
	if (err && err != EXT2_ET_NO_CURRENT_NODE)
		return err;
	if (!err && can_lengthen(&x, run)) {
		x.e_len += (uint32_t)run->len;
		return ext2fs_extent_replace(handle, 0, &x);
	}
	if (!err && x.e_lblk > run->lblk)
		where = 0;
	err = ext2fs_extent_insert(handle, where, &fresh);
	return err ? err : ext2fs_extent_fix_parents(handle);
}

static int extent_alloc(struct e2 *e, struct inode *in, struct run *run)
{
	uint64_t goal =
		ext2fs_find_inode_goal(e->fs, in->no, small(in), run->lblk);
	ext2_extent_handle_t handle;
	blk64_t pblk, got;
	errcode_t err;
	int ret;

	if (run->len > EXT_UNINIT_MAX_LEN)
		run->len = EXT_UNINIT_MAX_LEN;
	ret = find_free(e, goal, run->len, &pblk, &got);
	if (!ret)
		ret = claim(e, in, pblk, got);
	if (ret)
		return ret;
	run->pblk = pblk;
	run->len = got;
	err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
	if (!err) {
		err = extent_add(handle, run);
		ext2fs_extent_free(handle);
	}
	if (err)
		map_unclaim(e, in, pblk, got);
	ret = inode_write(e, in);
	return err ? e2_err(err) : ret;
}

/*
 * How many blocks may be allocated at once. libext2fs loses count when it runs
 * out of space amid indirect blocks: so some are left for those.
 */
static uint64_t ind_limit(struct e2 *e, const struct run *run)
{
	uint64_t free_now = ext2fs_free_blocks_count(e->fs->super);
	uint64_t len = run->len, per = e->fs->blocksize / 4;

	if (run->lblk + len > EXT2_NDIR_BLOCKS && free_now <= IND_RESERVE)
		len = run->lblk < EXT2_NDIR_BLOCKS
			      ? EXT2_NDIR_BLOCKS - run->lblk
			      : 0;
	else if (run->lblk + len > EXT2_NDIR_BLOCKS &&
		 len > free_now - IND_RESERVE)
		len = free_now - IND_RESERVE;
	return len < per ? len : per;
}

static int ind_alloc(struct e2 *e, struct inode *in, struct run *run)
{
	uint64_t i, goal;
	blk64_t pblk = 0, got = 0, at;
	errcode_t err = 0;
	int ret;

	goal = ext2fs_find_inode_goal(e->fs, in->no, small(in), run->lblk);
	if (run->lblk && !ind_get(e, in, run->lblk - 1, &at) && at)
		goal = at + 1;
	run->len = ind_limit(e, run);
	ret = run->len ? find_free(e, goal, run->len, &pblk, &got) : -ENOSPC;
	if (!ret)
		ret = claim(e, in, pblk, got);
	if (ret)
		return ret;
	for (i = 0; i < got && !err; i++) {
		at = pblk + i;
		err = ext2fs_bmap2(e->fs, in->no, small(in), NULL,
				   BMAP_SET | BMAP_ALLOC, run->lblk + i, NULL,
				   &at);
	}
	if (err) {
		i--;
		map_unclaim(e, in, pblk + i, got - i);
	}
	run->pblk = pblk;
	run->len = i;
	ret = inode_write(e, in);
	if (ret)
		return ret;
	return i ? 0 : e2_err(err);
}

/*
 * Clusters of several blocks: libext2fs knows how to go on with those begun.
 * (Block by block: its ext2fs_fallocate() may zero the wrong blocks.)
 */
static int cluster_alloc(struct e2 *e, struct inode *in, struct run *run)
{
	int flags = BMAP_ALLOC | (run->uninit ? BMAP_UNINIT : 0);
	errcode_t err = 0;
	blk64_t at;
	uint64_t i;
	int ret;

	for (i = 0; i < run->len; i++) {
		at = 0;
		err = ext2fs_bmap2(e->fs, in->no, small(in), NULL, flags,
				   run->lblk + i, NULL, &at);
		if (err || (i && at != run->pblk + i))
			break;
		if (!i)
			run->pblk = at;
	}
	run->len = i;
	ret = inode_write(e, in);
	if (ret)
		return ret;
	return i ? 0 : e2_err(err);
}

int map_alloc(struct e2 *e, struct inode *in, uint64_t lblk, uint64_t len,
	      bool uninit, struct run *out)
{
	*out = (struct run){ .lblk = lblk, .len = len, .uninit = uninit };
	if (EXT2FS_CLUSTER_RATIO(e->fs) > 1)
		return cluster_alloc(e, in, out);
	if (in->d.i_flags & EXT4_EXTENTS_FL)
		return extent_alloc(e, in, out);
	return uninit ? -EOPNOTSUPP : ind_alloc(e, in, out);
}

/* ---- changing ---- */

int map_convert(struct e2 *e, struct inode *in, const struct run *run)
{
	struct node *node = node_find(e, in->no);
	ext2_extent_handle_t handle;
	errcode_t err;
	uint64_t i;
	int ret;

	if (node)
		node->run.len = 0;
	err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
	if (err)
		return e2_err(err);
	for (i = 0; i < run->len && !err; i++)
		err = ext2fs_extent_set_bmap(handle, run->lblk + i,
					     run->pblk + i, 0);
	ext2fs_extent_free(handle);
	ret = inode_write(e, in);
	return err ? e2_err(err) : ret;
}

uint64_t map_max_size(struct e2 *e, struct inode *in)
{
	uint64_t size = e->fs->blocksize, per = size / 4;
	uint64_t blocks = EXT2_NDIR_BLOCKS + per + per * per + per * per * per;

	if (in->d.i_flags & EXT4_EXTENTS_FL)
		return EXT_MAX_EXTENT_LBLK * size;
	if (blocks > UINT32_MAX)
		blocks = UINT32_MAX;
	/* i_blocks counts sectors in 32 bits */
	if (!ext2fs_has_feature_huge_file(e->fs->super) &&
	    blocks > (UINT32_MAX - 8 * per) / (size / 512))
		blocks = (UINT32_MAX - 8 * per) / (size / 512);
	return blocks * size;
}
