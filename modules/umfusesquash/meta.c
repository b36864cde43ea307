// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * meta.c - places in the metadata of an image, checked before they are used
 *
 * The library copies from an offset in an unpacked block without a look at how
 * long the block is. Once a place is good, reading on from it is. Its caches
 * take a block at 0 for an empty slot; there is nothing but the head of an image.
 */
#include "image.h"

#include <errno.h>

/* Metadata blocks are of this size, but for the last. */
#define META_BLOCK 8192

int image_check(struct image *im, const sqfs_md_cursor *at)
{
	sqfs_off_t pos = at->block;
	sqfs_block *block;

	if (pos <= 0 || sqfs_md_cache(&im->fs, &pos, &block) != SQFS_OK ||
	    !block || at->offset >= block->size)
		return -EIO;
	return 0;
}

int image_place(struct image *im, uint64_t ref, uint64_t start,
		sqfs_md_cursor *out)
{
	sqfs_md_cursor_inode(out, ref, (sqfs_off_t)start);
	return image_check(im, out);
}

int image_table_get(struct image *im, sqfs_table *table, size_t count,
		    size_t index, void *out)
{
	sqfs_md_cursor at;

	if (index >= count)
		return -EIO;
	/* the last byte of the record */
	at.block = (sqfs_off_t)table->blocks[index * table->each / META_BLOCK];
	at.offset = index * table->each % META_BLOCK + table->each - 1;
	if (image_check(im, &at) < 0)
		return -EIO;
	return image_error(sqfs_table_get(table, &im->fs, index, out));
}
