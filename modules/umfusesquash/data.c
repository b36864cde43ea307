// SPDX-License-Identifier: GPL-2.0-or-later
/* data.c - contents of files of a squashfs image */
#include "image.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/**
 * struct span - what is asked for of a file, and what is done of it
 * @end: size of the file
 */
struct span {
	struct image *im;
	sqfs_inode *inode;
	char *buf;
	uint64_t off;
	size_t left;
	uint64_t end;
};

/*
 * Copies what is wanted of a piece of the file that begins at `at`.
 * @data: its contents, NULL: zeros
 */
static void take(struct span *s, uint64_t at, const char *data, size_t size)
{
	size_t skip = (size_t)(s->off - at);
	size_t n = size - skip;

	if (n > s->left)
		n = s->left;
	if (data)
		memcpy(s->buf, data + skip, n);
	else
		memset(s->buf, 0, n);
	s->buf += n;
	s->off += n;
	s->left -= n;
}

static int take_block(struct span *s, const sqfs_blocklist *bl)
{
	size_t size = s->im->fs.sb.block_size;
	sqfs_block *block;

	if (size > s->end - bl->pos)
		size = (size_t)(s->end - bl->pos);
	if (bl->input_size == 0) {
		take(s, bl->pos, NULL, size);
		return 0;
	}
	if (bl->input_size > s->im->fs.sb.block_size ||
	    (sqfs_off_t)bl->block <= 0)
		return -EIO;
	if (sqfs_data_cache(&s->im->fs, &s->im->fs.data_cache,
			    (sqfs_off_t)bl->block, bl->header,
			    &block) != SQFS_OK ||
	    !block || block->size < size)
		return -EIO;
	take(s, bl->pos, block->data, size);
	return 0;
}

static int take_blocks(struct span *s)
{
	const size_t block_size = s->im->fs.sb.block_size;
	sqfs_blocklist bl;
	int err = 0;

	if (sqfs_blockidx_blocklist(&s->im->fs, s->inode, &bl,
				    (sqfs_off_t)s->off) != SQFS_OK ||
	    image_check(s->im, &bl.cur) < 0)
		return -EIO;
	while (!err && s->left && bl.remain) {
		if (sqfs_blocklist_next(&bl) != SQFS_OK)
			return -EIO;
		if (bl.pos >= s->end)
			return -EIO;
		if (s->off >= bl.pos && s->off - bl.pos < block_size)
			err = take_block(s, &bl);
	}
	return err;
}

/* The block that a fragment is in: packed, it is no larger than unpacked. */
static bool has_fragment(struct image *im, const sqfs_inode *inode)
{
	struct squashfs_fragment_entry entry;
	uint32_t size;
	bool packed;

	if (image_table_get(im, &im->fs.frag_table, im->fs.sb.fragments,
			    inode->xtra.reg.frag_idx, &entry) < 0)
		return false;
	sqfs_data_header(le32toh(entry.size), &packed, &size);
	return size <= im->fs.sb.block_size &&
	       (int64_t)le64toh(entry.start_block) > 0;
}

/* The end of the file may lie in a block with the ends of others. */
static int take_fragment(struct span *s)
{
	uint64_t at = s->end - s->end % s->im->fs.sb.block_size;
	sqfs_block *block;
	size_t off, size;

	if (s->off < at || !has_fragment(s->im, s->inode))
		return -EIO;
	if (sqfs_frag_block(&s->im->fs, s->inode, &off, &size, &block) !=
		    SQFS_OK ||
	    !block || size < s->end - at || off > block->size ||
	    block->size - off < s->end - at)
		return -EIO;
	take(s, at, (const char *)block->data + off, (size_t)(s->end - at));
	return 0;
}

ssize_t image_read(struct image *im, sqfs_inode *inode, char *buf, size_t size,
		   off_t off)
{
	struct span s = { .im = im,
			  .inode = inode,
			  .off = (uint64_t)off,
			  .end = inode->xtra.reg.file_size };
	int err = 0;

	if (off < 0)
		return -EINVAL;
	if (s.off >= s.end)
		return 0;
	s.buf = buf;
	s.left = size < s.end - s.off ? size : (size_t)(s.end - s.off);
	size = s.left;
	if (sqfs_blocklist_count(&im->fs, inode))
		err = take_blocks(&s);
	if (!err && s.left)
		err = take_fragment(&s);
	return err ? err : (ssize_t)size;
}
