// SPDX-License-Identifier: GPL-2.0-or-later
/* files.c - contents of files of ramfs */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>

int ramfs_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct node *node = ram_find(fs, path, NULL);
	int ret = 0;

	if (!node)
		return -ENOENT;
	if (fh->flags & O_TRUNC)
		ret = ram_resize(node, 0);
	if (ret < 0)
		return ret;
	node->opens++;
	fh->fh = (uintptr_t)node;
	return 0;
}

ssize_t ramfs_read(struct um_fs *fs, struct um_fh *fh, void *buf, size_t size,
		   off_t off)
{
	struct node *node = ram_find(fs, NULL, fh);

	if (off >= node->st.st_size)
		return 0;
	if (size > (size_t)(node->st.st_size - off))
		size = (size_t)(node->st.st_size - off);
	ram_copy_out(node, buf, size, off);
	clock_gettime(CLOCK_REALTIME, &node->st.st_atim);
	return (ssize_t)size;
}

ssize_t ramfs_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
		    size_t size, off_t off)
{
	off_t end;

	if (__builtin_add_overflow(off, size, &end))
		return -EFBIG;
	return ram_copy_in(ram_find(fs, NULL, fh), buf, size, off);
}

void ramfs_release(struct um_fs *fs, struct um_fh *fh)
{
	struct node *node = ram_find(fs, NULL, fh);

	node->opens--;
	ram_drop(node);
}
