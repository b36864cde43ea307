// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * file.c - contents of files: read, write, truncate, holes
 *
 * A transfer is cut into runs of blocks that are neighbours on disk, each one
 * transfer of the image. Blocks that are new get contents for all of their
 * bytes before anything refers to them; nothing beyond the end of a file is
 * relied on: what lies there in its last block is zeroed when it grows.
 */
#include "ext2.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DIRECT_READ  65536u
#define DIRECT_WRITE 32768u

static int put(struct e2 *e, uint64_t off, const void *buf, size_t len)
{
	if (len >= DIRECT_WRITE)
		return io_write_direct(e->io, off, buf, len);
	return io_write(e->io, off, buf, len, true);
}

/* ---- reading ---- */

static int read_run(struct e2 *e, const struct run *run, uint64_t skip,
		    char *buf, size_t len)
{
	uint64_t off = run->pblk * e->fs->blocksize + skip;

	if (!run->pblk || run->uninit) {
		memset(buf, 0, len);
		return 0;
	}
	return len >= DIRECT_READ ? io_read_direct(e->io, off, buf, len)
				  : io_read(e->io, off, buf, len);
}

ssize_t file_read_blocks(struct e2 *e, struct inode *in, struct node *node,
			 char *buf, size_t size, uint64_t off)
{
	unsigned int bs = e->fs->blocksize;
	size_t done = 0;

	while (done < size) {
		uint64_t at = off + done, skip = at % bs, len = 0;
		struct run run;
		int ret;

		ret = map_find(e, in, node, at / bs,
			       (skip + size - done + bs - 1) / bs, &run);
		if (!ret) {
			len = run.len * bs - skip;
			if (len > size - done)
				len = size - done;
			ret = read_run(e, &run, skip, buf + done, len);
		}
		if (ret)
			return done ? (ssize_t)done : ret;
		done += len;
	}
	return (ssize_t)done;
}

ssize_t file_read(struct e2 *e, struct node *node, char *buf, size_t size,
		  uint64_t off)
{
	struct inode in;
	uint64_t end;
	int ret = inode_read(e, node->ino, &in);

	if (ret)
		return ret;
	if (S_ISDIR(in.d.i_mode))
		return -EISDIR;
	end = EXT2_I_SIZE(&in.d);
	if (off >= end)
		return 0;
	if (size > end - off)
		size = end - off;
	if (is_inline(&in))
		return inline_read(e, &in, buf, size, off);
	return file_read_blocks(e, &in, node, buf, size, off);
}

/* ---- writing ---- */

/* One block of which only a part is given, the rest becoming zero. */
int file_put_padded(struct e2 *e, uint64_t pblk, uint64_t skip, const char *buf,
		    size_t len)
{
	unsigned int bs = e->fs->blocksize;

	memset(e->block, 0, bs);
	memcpy(e->block + skip, buf, len);
	return io_write(e->io, pblk * bs, e->block, bs, true);
}

/* Writes to new blocks: those at both ends are filled up. */
static int put_fresh(struct e2 *e, const struct run *run, uint64_t skip,
		     const char *buf, size_t len)
{
	unsigned int bs = e->fs->blocksize;
	uint64_t pblk = run->pblk;
	size_t n;
	int ret;

	if (skip) {
		n = bs - skip < len ? bs - skip : len;
		ret = file_put_padded(e, pblk++, skip, buf, n);
		if (ret)
			return ret;
		buf += n;
		len -= n;
	}
	n = len - len % bs;
	ret = n ? put(e, pblk * bs, buf, n) : 0;
	if (!ret && len > n)
		ret = file_put_padded(e, pblk + n / bs, 0, buf + n, len - n);
	return ret;
}

static int write_run(struct e2 *e, struct inode *in, struct run *run,
		     uint64_t skip, const char *buf, size_t *len)
{
	unsigned int bs = e->fs->blocksize;
	bool fresh = !run->pblk || run->uninit;
	bool convert = run->uninit;
	int ret = 0;

	if (!run->pblk)
		ret = map_alloc(e, in, run->lblk, run->len, false, run);
	if (ret)
		return ret;
	if (*len > run->len * bs - skip)
		*len = run->len * bs - skip;
	if (fresh)
		ret = put_fresh(e, run, skip, buf, *len);
	else
		ret = put(e, run->pblk * bs + skip, buf, *len);
	if (!ret && convert)
		ret = map_convert(e, in, run);
	if (ret && fresh && !convert)
		(void)map_punch(e, in, run->lblk, run->lblk + run->len - 1);
	return ret;
}

static ssize_t write_blocks(struct e2 *e, struct inode *in, struct node *node,
			    const char *buf, size_t size, uint64_t off)
{
	unsigned int bs = e->fs->blocksize;
	size_t done = 0;

	while (done < size) {
		uint64_t at = off + done, skip = at % bs;
		size_t len = size - done;
		struct run run;
		int ret;

		ret = map_find(e, in, node, at / bs, (skip + len + bs - 1) / bs,
			       &run);
		if (!ret)
			ret = write_run(e, in, &run, skip, buf + done, &len);
		if (ret)
			return done ? (ssize_t)done : ret;
		done += len;
	}
	return (ssize_t)done;
}

/* The rest of the block that holds the byte at eof becomes zero. */
static int zero_tail(struct e2 *e, struct inode *in, uint64_t eof, uint64_t end)
{
	static const char zeroes[65536];
	unsigned int bs = e->fs->blocksize;
	struct run run;
	int ret;

	if (eof % bs + (end - eof) > bs)
		end = eof - eof % bs + bs;
	if (eof == end)
		return 0;
	ret = map_find(e, in, NULL, eof / bs, 1, &run);
	if (ret || !run.pblk || run.uninit)
		return ret;
	return io_write(e->io, run.pblk * bs + eof % bs, zeroes, end - eof,
			true);
}

static int set_size(struct e2 *e, struct inode *in, uint64_t size)
{
	return e2_err(
		ext2fs_inode_size_set(e->fs, small(in), (ext2_off64_t)size));
}

/* Without the rights of root a writer loses set-id bits of the file. */
static void drop_setid(struct e2 *e, struct inode *in)
{
	if (!e->uid || !S_ISREG(in->d.i_mode))
		return;
	in->d.i_mode &= (uint16_t)~S_ISUID;
	if (in->d.i_mode & S_IXGRP)
		in->d.i_mode &= (uint16_t)~S_ISGID;
}

static ssize_t write_any(struct e2 *e, struct inode *in, struct node *node,
			 const char *buf, size_t size, uint64_t off)
{
	uint64_t eof = EXT2_I_SIZE(&in->d);
	int ret = inline_begin(e, in, off + size);

	if (!ret && is_inline(in)) {
		ret = inline_write(e, in, buf, size, off);
		if (!ret)
			return (ssize_t)size;
		if (ret == -ENOSPC)
			ret = is_inline(in) ? -ENOSPC : 0;
	}
	if (!ret && off > eof)
		ret = zero_tail(e, in, eof, off);
	return ret ? ret : write_blocks(e, in, node, buf, size, off);
}

ssize_t file_write(struct e2 *e, struct node *node, const char *buf,
		   size_t size, uint64_t off)
{
	struct inode in;
	ssize_t n;
	uint64_t max;
	int ret = inode_read(e, node->ino, &in);

	if (ret || !size)
		return ret;
	if (in.d.i_flags & EXT2_IMMUTABLE_FL)
		return -EPERM;
	max = map_max_size(e, &in);
	if (off >= max)
		return -EFBIG;
	if (size > max - off)
		size = max - off;
	n = write_any(e, &in, node, buf, size, off);
	if (n < 0)
		return n;
	if (off + (uint64_t)n > EXT2_I_SIZE(&in.d))
		ret = set_size(e, &in, off + (uint64_t)n);
	drop_setid(e, &in);
	inode_touch(e, &in, E2_MTIME | E2_CTIME);
	if (!ret)
		ret = inode_write(e, &in);
	return ret ? ret : n;
}

/* ---- truncate ---- */

static int truncate_inline(struct e2 *e, struct inode *in, uint64_t size)
{
	int ret = inline_resize(e, in, size);

	if (ret != -ENOSPC)
		return ret;
	ret = file_uninline(e, in);
	return ret ? ret : set_size(e, in, size);
}

static int truncate_blocks(struct e2 *e, struct inode *in, uint64_t size)
{
	unsigned int bs = e->fs->blocksize;
	uint64_t old = EXT2_I_SIZE(&in->d);
	int ret = 0;

	if (size > old)
		ret = zero_tail(e, in, old, size);
	else if (size % bs)
		ret = zero_tail(e, in, size, size + bs - size % bs);
	if (!ret)
		ret = set_size(e, in, size);
	if (ret || size > old)
		return ret;
	return map_punch(e, in, (size + bs - 1) / bs, ~0ULL);
}

int file_truncate(struct e2 *e, struct inode *in, uint64_t size)
{
	int ret;

	if (S_ISDIR(in->d.i_mode))
		return -EISDIR;
	if (!S_ISREG(in->d.i_mode))
		return -EINVAL;
	if (size > map_max_size(e, in))
		return -EFBIG;
	ret = is_inline(in) ? truncate_inline(e, in, size)
			    : truncate_blocks(e, in, size);
	if (ret)
		return ret;
	drop_setid(e, in);
	inode_touch(e, in, E2_MTIME | E2_CTIME);
	return inode_write(e, in);
}

/* ---- holes ---- */

static int zero_part(struct e2 *e, struct inode *in, uint64_t from, uint64_t to)
{
	return from < to ? zero_tail(e, in, from, to) : 0;
}

/* Whole blocks go, the parts at both ends are zeroed. */
static int punch(struct e2 *e, struct inode *in, uint64_t off, uint64_t end)
{
	unsigned int bs = e->fs->blocksize;
	uint64_t first = (off + bs - 1) / bs, last = end / bs;
	int ret;

	if (first > last)
		return zero_part(e, in, off, end);
	ret = zero_part(e, in, off, first * bs);
	if (!ret)
		ret = zero_part(e, in, last * bs, end);
	if (!ret && first < last)
		ret = map_punch(e, in, first, last - 1);
	return ret;
}

static int reserve(struct e2 *e, struct inode *in, uint64_t off, uint64_t end)
{
	unsigned int bs = e->fs->blocksize;
	uint64_t lblk = off / bs, stop = (end + bs - 1) / bs;
	struct run run;
	int ret = 0;

	while (lblk < stop && !ret) {
		ret = map_find(e, in, NULL, lblk, stop - lblk, &run);
		if (!ret && !run.pblk)
			ret = map_alloc(e, in, lblk, run.len, true, &run);
		lblk += run.len;
	}
	return ret;
}

static int change_range(struct e2 *e, struct inode *in, int mode, uint64_t off,
			uint64_t end)
{
	uint64_t size = EXT2_I_SIZE(&in->d);
	int ret = 0;

	if (is_inline(in))
		ret = file_uninline(e, in);
	if (!ret && mode & FALLOC_FL_PUNCH_HOLE)
		return punch(e, in, off, end);
	if (!ret && !(in->d.i_flags & EXT4_EXTENTS_FL))
		return -EOPNOTSUPP;
	if (!ret && mode & FALLOC_FL_ZERO_RANGE)
		ret = punch(e, in, off, end);
	if (!ret && !(mode & FALLOC_FL_KEEP_SIZE) && end > size)
		ret = zero_tail(e, in, size, end);
	if (!ret)
		ret = reserve(e, in, off, end);
	if (!ret && !(mode & FALLOC_FL_KEEP_SIZE) && end > size)
		ret = set_size(e, in, end);
	return ret;
}

int file_fallocate(struct e2 *e, struct node *node, int mode, uint64_t off,
		   uint64_t len)
{
	struct inode in;
	int ret = inode_read(e, node->ino, &in);

	if (ret)
		return ret;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
		     FALLOC_FL_ZERO_RANGE) ||
	    mode == FALLOC_FL_PUNCH_HOLE)
		return -EOPNOTSUPP;
	if (!len)
		return -EINVAL;
	if (!S_ISREG(in.d.i_mode))
		return -ENODEV;
	ret = flags_refuse(&in, (mode & ~FALLOC_FL_KEEP_SIZE)
					? E2_FROZEN
					: EXT2_IMMUTABLE_FL);
	if (ret)
		return ret;
	if (off + len > map_max_size(e, &in) || off + len < off)
		return -EFBIG;
	ret = change_range(e, &in, mode, off, off + len);
	if (ret)
		return ret;
	drop_setid(e, &in);
	inode_touch(e, &in, E2_MTIME | E2_CTIME);
	return inode_write(e, &in);
}

off_t file_lseek(struct e2 *e, struct node *node, uint64_t off, int whence)
{
	unsigned int bs = e->fs->blocksize;
	struct inode in;
	struct run run;
	uint64_t size;
	int ret = inode_read(e, node->ino, &in);

	if (ret)
		return ret;
	size = EXT2_I_SIZE(&in.d);
	if (whence != SEEK_DATA && whence != SEEK_HOLE)
		return -EINVAL;
	if (off >= size)
		return -ENXIO;
	if (is_inline(&in))
		return (off_t)(whence == SEEK_DATA ? off : size);
	while (off < size) {
		ret = map_find(e, &in, node, off / bs, (size - off) / bs + 1,
			       &run);
		if (ret)
			return ret;
		if ((run.pblk && !run.uninit) == (whence == SEEK_DATA))
			return (off_t)off;
		off = (run.lblk + run.len) * bs;
	}
	return whence == SEEK_DATA ? -ENXIO : (off_t)size;
}
