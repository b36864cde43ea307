// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * manager.c - the image as libext2fs' I/O manager
 *
 * A channel is no more than a block size over an open image: closing it leaves
 * the image and its cache. A length below zero is one in bytes.
 */
#include "ext2.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The image that io_open_fs() is opening: open() is told only a name. */
static _Thread_local struct io *opening;

static struct io *io_of(io_channel ch)
{
	return ch->private_data;
}

/* libext2fs takes an errno for an errcode_t. */
static errcode_t to_errcode(int ret)
{
	return ret < 0 ? -ret : 0;
}

static struct struct_io_manager manager;

static errcode_t manager_open(const char *name, int flags, io_channel *out)
{
	io_channel ch = calloc(1, sizeof(*ch));

	(void)flags;
	if (!ch)
		return EXT2_ET_NO_MEMORY;
	ch->name = strdup(name);
	if (!ch->name) {
		free(ch);
		return EXT2_ET_NO_MEMORY;
	}
	ch->magic = EXT2_ET_MAGIC_IO_CHANNEL;
	ch->manager = &manager;
	ch->block_size = 1024;
	ch->refcount = 1;
	ch->private_data = opening;
	*out = ch;
	return 0;
}

static errcode_t manager_close(io_channel ch)
{
	if (--ch->refcount > 0)
		return 0;
	free(ch->name);
	free(ch);
	return 0;
}

static errcode_t manager_set_blksize(io_channel ch, int size)
{
	ch->block_size = size;
	return 0;
}

static size_t manager_length(io_channel ch, int count)
{
	return count < 0 ? (size_t)-count
			 : (size_t)count * (size_t)ch->block_size;
}

static errcode_t manager_read64(io_channel ch, unsigned long long block,
				int count, void *data)
{
	if (block > UINT64_MAX / (unsigned int)ch->block_size)
		return EIO;
	return to_errcode(io_read(io_of(ch),
				  block * (unsigned int)ch->block_size, data,
				  manager_length(ch, count)));
}

static errcode_t manager_write64(io_channel ch, unsigned long long block,
				 int count, const void *data)
{
	if (block > UINT64_MAX / (unsigned int)ch->block_size)
		return EIO;
	return to_errcode(io_write(io_of(ch),
				   block * (unsigned int)ch->block_size, data,
				   manager_length(ch, count), false));
}

static errcode_t manager_read(io_channel ch, unsigned long block, int count,
			      void *data)
{
	return manager_read64(ch, block, count, data);
}

static errcode_t manager_write(io_channel ch, unsigned long block, int count,
			       const void *data)
{
	return manager_write64(ch, block, count, data);
}

static errcode_t manager_write_byte(io_channel ch, unsigned long off, int n,
				    const void *data)
{
	if (n < 0)
		return EXT2_ET_INVALID_ARGUMENT;
	return to_errcode(io_write(io_of(ch), off, data, (size_t)n, false));
}

static errcode_t manager_flush(io_channel ch)
{
	return to_errcode(io_sync(io_of(ch)));
}

static errcode_t manager_set_option(io_channel ch, const char *option,
				    const char *arg)
{
	(void)ch;
	(void)option;
	(void)arg;
	return EXT2_ET_INVALID_ARGUMENT;
}

static errcode_t manager_zeroout(io_channel ch, unsigned long long block,
				 unsigned long long count)
{
	unsigned int size = (unsigned int)ch->block_size;

	return to_errcode(io_zero(io_of(ch), block * size, count * size));
}

static struct struct_io_manager manager = {
	.magic = EXT2_ET_MAGIC_IO_MANAGER,
	.name = E2_PROGRAM,
	.open = manager_open,
	.close = manager_close,
	.set_blksize = manager_set_blksize,
	.read_blk = manager_read,
	.write_blk = manager_write,
	.flush = manager_flush,
	.write_byte = manager_write_byte,
	.set_option = manager_set_option,
	.read_blk64 = manager_read64,
	.write_blk64 = manager_write64,
	.zeroout = manager_zeroout,
};

errcode_t io_open_fs(struct io *io, int flags, int superblock,
		     unsigned int blocksize, ext2_filsys *out)
{
	errcode_t err;

	opening = io;
	err = ext2fs_open2("image", NULL, flags, superblock, blocksize,
			   &manager, out);
	opening = NULL;
	return err;
}
