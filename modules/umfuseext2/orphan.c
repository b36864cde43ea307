// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * orphan.c - inodes without a name that are still in use
 *
 * On disk they are a list: s_last_orphan of the superblock is the first, and
 * i_dtime of each is the next. In memory the open ones are a list in the same
 * order, which tells the predecessor of one that goes. The kernel may use a
 * file with their numbers instead (orphan_file): it is read at mount, emptied
 * and not used further.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int orphan_add(struct e2 *e, struct node *node, struct inode *in)
{
	int ret;

	in->d.i_dtime = e->fs->super->s_last_orphan;
	ret = inode_write(e, in);
	if (ret)
		return ret;
	e->fs->super->s_last_orphan = in->no;
	ext2fs_mark_super_dirty(e->fs);
	node->orphan = true;
	node->next_orphan = e->orphans;
	e->orphans = node;
	return 0;
}

int orphan_del(struct e2 *e, struct node *node, struct inode *in)
{
	struct node **at = &e->orphans, *prev = NULL;
	struct inode before;
	int ret;

	while (*at && *at != node) {
		prev = *at;
		at = &prev->next_orphan;
	}
	if (!*at)
		return 0;
	if (!prev) {
		e->fs->super->s_last_orphan = in->d.i_dtime;
		ext2fs_mark_super_dirty(e->fs);
	} else {
		ret = inode_read(e, prev->ino, &before);
		if (ret)
			return ret;
		before.d.i_dtime = in->d.i_dtime;
		ret = inode_write(e, &before);
		if (ret)
			return ret;
	}
	*at = node->next_orphan;
	node->orphan = false;
	in->d.i_dtime = 0;
	return 0;
}

/* An inode that has links was being truncated. */
static int clean_one(struct e2 *e, ext2_ino_t ino, ext2_ino_t *next)
{
	unsigned int size = e->fs->blocksize;
	struct inode in;
	int ret;

	*next = 0;
	if (ino != EXT2_RESIZE_INO && ino < EXT2_FIRST_INO(e->fs->super))
		return -EIO;
	ret = inode_read(e, ino, &in);
	if (ret)
		return ret;
	*next = in.d.i_dtime;
	if (!in.d.i_links_count)
		return inode_free(e, &in);
	in.d.i_dtime = 0;
	if (S_ISREG(in.d.i_mode) && !(in.d.i_flags & EXT4_INLINE_DATA_FL)) {
		ret = map_punch(e, &in, (EXT2_I_SIZE(&in.d) + size - 1) / size,
				~0ULL);
		if (ret)
			return ret;
	}
	return inode_write(e, &in);
}

static int clean_list(struct e2 *e)
{
	struct ext2_super_block *sb = e->fs->super;
	ext2_ino_t ino = sb->s_last_orphan, next;
	uint32_t steps = 0;
	int ret = 0;

	while (ino && !ret) {
		if (ino > sb->s_inodes_count || steps++ > sb->s_inodes_count ||
		    !ext2fs_test_inode_bitmap2(e->fs->inode_map, ino))
			return -EIO;
		ret = clean_one(e, ino, &next);
		if (!ret)
			ino = sb->s_last_orphan = next;
		ext2fs_mark_super_dirty(e->fs);
	}
	return ret;
}

static int clean_block(struct e2 *e, struct inode *file, uint64_t pblk)
{
	uint64_t off = pblk * e->fs->blocksize;
	unsigned int i, n = (unsigned int)ext2fs_inodes_per_orphan_block(e->fs);
	ext2_ino_t next;
	errcode_t err;
	uint32_t *list;
	int ret;

	ret = io_read(e->io, off, e->block, e->fs->blocksize);
	if (ret)
		return ret;
	if (ext2fs_le32_to_cpu(
		    ext2fs_orphan_block_tail(e->fs, e->block)->ob_magic) !=
	    EXT4_ORPHAN_BLOCK_MAGIC)
		return -EIO;
	list = malloc(n * sizeof(*list));
	if (!list)
		return -ENOMEM;
	memcpy(list, e->block, n * sizeof(*list));
	memset(e->block, 0, n * sizeof(*list));
	for (i = 0; i < n && !ret; i++)
		if (list[i])
			ret = clean_one(e, ext2fs_le32_to_cpu(list[i]), &next);
	free(list);
	if (ret)
		return ret;
	err = ext2fs_orphan_file_block_csum_set(e->fs, file->no, pblk,
						e->block);
	return err ? e2_err(err)
		   : io_write(e->io, off, e->block, e->fs->blocksize, false);
}

static int clean_file(struct e2 *e)
{
	struct inode file;
	struct run run;
	uint64_t i, n;
	int ret;

	ret = inode_read(e, e->fs->super->s_orphan_file_inum, &file);
	n = EXT2_I_SIZE(&file.d) / e->fs->blocksize;
	for (i = 0; i < n && !ret; i++) {
		ret = map_find(e, &file, NULL, i, 1, &run);
		if (!ret && run.pblk)
			ret = clean_block(e, &file, run.pblk);
	}
	if (!ret) {
		ext2fs_clear_feature_orphan_present(e->fs->super);
		ext2fs_mark_super_dirty(e->fs);
	}
	return ret;
}

int orphan_cleanup(struct e2 *e)
{
	int ret = clean_list(e);

	if (!ret && ext2fs_has_feature_orphan_file(e->fs->super) &&
	    ext2fs_has_feature_orphan_present(e->fs->super))
		ret = clean_file(e);
	return ret;
}
