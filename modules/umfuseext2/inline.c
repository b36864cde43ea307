// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * inline.c - contents kept in the inode: of small files and symbolic links
 *
 * With the feature inline_data a file begins in its inode, and its contents
 * move to blocks when they do not fit any more. Short targets of links are in
 * the place of the block map in any case.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_INLINE 4096u

/* All of it, zeroes up to size. Gives *out to the caller. */
static int inline_get(struct e2 *e, struct inode *in, size_t size, char **out)
{
	size_t len = 0;
	errcode_t err = ext2fs_inline_data_size(e->fs, in->no, &len);
	char *buf = NULL;

	if (err)
		return e2_err(err);
	if (len > MAX_INLINE || size > MAX_INLINE)
		return -EIO;
	buf = calloc(1, (len > size ? len : size) + 1);
	if (!buf)
		return -ENOMEM;
	err = ext2fs_inline_data_get(e->fs, in->no, small(in), buf, &len);
	if (err) {
		free(buf);
		return e2_err(err);
	}
	/* what was beyond the end is not contents */
	if (size > EXT2_I_SIZE(&in->d))
		memset(buf + EXT2_I_SIZE(&in->d), 0,
		       size - EXT2_I_SIZE(&in->d));
	*out = buf;
	return 0;
}

static int inline_put(struct e2 *e, struct inode *in, char *buf, size_t size)
{
	struct ext2_inode_large keep = in->d;
	errcode_t err;
	int ret;

	err = ext2fs_inline_data_set(e->fs, in->no, NULL, buf, size);
	if (err == EXT2_ET_INLINE_DATA_NO_SPACE)
		return -ENOSPC;
	ret = err ? e2_err(err) : inode_read(e, in->no, in);
	if (ret)
		return ret;
	in->d.i_mode = keep.i_mode;
	in->d.i_size = (uint32_t)size;
	return inode_write(e, in);
}

int file_uninline(struct e2 *e, struct inode *in)
{
	size_t size = EXT2_I_SIZE(&in->d);
	ext2_extent_handle_t handle;
	errcode_t err = 0;
	struct run run;
	char *buf = NULL;
	int ret = inline_get(e, in, e->fs->blocksize, &buf);

	if (ret)
		return ret;
	ret = xattr_drop(e, in->no, "system.data");
	if (!ret || ret == -ENODATA)
		ret = inode_read(e, in->no, in);
	memset(in->d.i_block, 0, sizeof(in->d.i_block));
	in->d.i_flags &= ~EXT4_INLINE_DATA_FL;
	if (!ret && ext2fs_has_feature_extents(e->fs->super)) {
		in->d.i_flags |= EXT4_EXTENTS_FL;
		err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
		if (!err)
			ext2fs_extent_free(handle);
	}
	if (!ret)
		ret = err ? e2_err(err) : inode_write(e, in);
	if (!ret && size)
		ret = map_alloc(e, in, 0, 1, false, &run);
	if (!ret && size)
		ret = io_write(e->io, run.pblk * e->fs->blocksize, buf,
			       e->fs->blocksize, true);
	free(buf);
	return ret;
}

/* An empty file may keep its contents in the inode, as far as they fit. */
int inline_begin(struct e2 *e, struct inode *in, uint64_t end)
{
	errcode_t err;
	int ret;

	if (!ext2fs_has_feature_inline_data(e->fs->super) || is_inline(in) ||
	    in->d.i_blocks || EXT2_I_SIZE(&in->d) || end > e->inode_size)
		return 0;
	in->d.i_flags &= ~EXT4_EXTENTS_FL;
	in->d.i_flags |= EXT4_INLINE_DATA_FL;
	memset(in->d.i_block, 0, sizeof(in->d.i_block));
	ret = inode_write(e, in);
	if (ret)
		return ret;
	err = ext2fs_inline_data_init(e->fs, in->no);
	ret = inode_read(e, in->no, in);
	return err ? e2_err(err) : ret;
}

/* Return: 0 when done, -ENOSPC when the file now has blocks. */
int inline_write(struct e2 *e, struct inode *in, const char *buf, size_t size,
		 uint64_t off)
{
	uint64_t end = off + size, old = EXT2_I_SIZE(&in->d);
	char *all = NULL;
	int ret = -ENOSPC;

	if (end <= e->inode_size) {
		size_t n = end > old ? end : old;

		ret = inline_get(e, in, n, &all);
		if (!all)
			return ret;
		memcpy(all + off, buf, size);
		ret = inline_put(e, in, all, n);
		free(all);
	}
	if (ret != -ENOSPC)
		return ret;
	ret = file_uninline(e, in);
	return ret ? ret : -ENOSPC;
}

ssize_t inline_read(struct e2 *e, struct inode *in, char *buf, size_t size,
		    uint64_t off)
{
	char *all = NULL;
	int ret = inline_get(e, in, EXT2_I_SIZE(&in->d), &all);

	if (!all)
		return ret;
	memcpy(buf, all + off, size);
	free(all);
	return (ssize_t)size;
}

int inline_resize(struct e2 *e, struct inode *in, uint64_t size)
{
	char *buf = NULL;
	int ret;

	if (size > e->inode_size)
		return -ENOSPC;
	ret = inline_get(e, in, size, &buf);
	if (ret)
		return ret;
	ret = inline_put(e, in, buf, size);
	free(buf);
	return ret;
}

/* ---- symbolic links ---- */

int file_readlink(struct e2 *e, struct inode *in, char *buf, size_t size)
{
	size_t len = EXT2_I_SIZE(&in->d);
	ssize_t n;

	if (!S_ISLNK(in->d.i_mode))
		return -EINVAL;
	if (in->d.i_flags & EXT4_ENCRYPT_FL)
		return -ENOKEY;
	if (len > e->fs->blocksize || !size)
		return -EIO;
	if (len > size - 1)
		len = size - 1;
	if (inode_is_fast_symlink(in)) {
		memcpy(buf, in->d.i_block, len);
		n = (ssize_t)len;
	} else if (is_inline(in)) {
		n = inline_read(e, in, buf, len, 0);
	} else {
		n = file_read_blocks(e, in, NULL, buf, len, 0);
	}
	if (n < 0)
		return (int)n;
	buf[n] = '\0';
	return 0;
}

int file_put_symlink(struct e2 *e, struct inode *in, const char *target)
{
	size_t len = strlen(target);
	struct run run;
	int ret;

	in->d.i_size = (uint32_t)len;
	if (len < sizeof(in->d.i_block)) {
		memcpy(in->d.i_block, target, len);
		return inode_write(e, in);
	}
	if (ext2fs_has_feature_extents(e->fs->super)) {
		ext2_extent_handle_t handle;
		errcode_t err;

		in->d.i_flags |= EXT4_EXTENTS_FL;
		err = ext2fs_extent_open2(e->fs, in->no, small(in), &handle);
		if (err)
			return e2_err(err);
		ext2fs_extent_free(handle);
	}
	ret = map_alloc(e, in, 0, 1, false, &run);
	return ret ? ret : file_put_padded(e, run.pblk, 0, target, len);
}
