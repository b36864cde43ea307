// SPDX-License-Identifier: GPL-2.0-or-later
/* blk.c - block devices: transfers that end where the device does */
#include <stdlib.h>
#include <string.h>

#include "dev/dev.h"

#define CHUNK (256 * 1024)

bool um_blk_is_readonly_locked(const struct um_devnode *n)
{
	return n->readonly || n->set->nodes->readonly || n->set->dev.readonly;
}

bool um_blk_is_readonly(const struct um_devnode *n)
{
	bool yes;

	um_lock(&um_dev_lock);
	yes = um_blk_is_readonly_locked(n);
	um_unlock(&um_dev_lock);
	return yes;
}

/* The part of a transfer that lies inside, and where on the disk that is. */
static size_t inside(const struct um_devnode *n, size_t size, off_t *off)
{
	um_lock(&um_dev_lock);
	if (*off < 0 || (uint64_t)*off >= n->size)
		size = 0;
	else if (size > n->size - (uint64_t)*off)
		size = (size_t)(n->size - (uint64_t)*off);
	*off += (off_t)n->start;
	um_unlock(&um_dev_lock);
	return size;
}

ssize_t um_blk_read(struct um_devnode *n, struct um_dev_fh *fh, void *buf,
		    size_t size, off_t off)
{
	struct um_dev *dev = &n->set->dev;

	size = inside(n, size, &off);
	if (!size)
		return 0;
	if (!dev->ops->read)
		return -EINVAL;
	return UM_DEV_OP(n->set, dev->ops->read(dev, fh, buf, size, off));
}

ssize_t um_blk_write(struct um_devnode *n, struct um_dev_fh *fh,
		     const void *buf, size_t size, off_t off)
{
	struct um_dev *dev = &n->set->dev;

	if (um_blk_is_readonly(n))
		return -EPERM;
	if (!size)
		return 0;
	size = inside(n, size, &off);
	if (!size)
		return -ENOSPC;
	if (!dev->ops->write)
		return -EINVAL;
	return UM_DEV_OP(n->set, dev->ops->write(dev, fh, buf, size, off));
}

int um_blk_sync(struct um_devset *s)
{
	return s->dev.ops->sync ? UM_DEV_OP(s, s->dev.ops->sync(&s->dev)) : 0;
}

static int write_zeros(struct um_devset *s, uint64_t off, uint64_t size)
{
	struct um_dev *dev = &s->dev;
	UM_FREE char *zeros = calloc(1, CHUNK);

	if (!zeros)
		return -ENOMEM;
	while (size) {
		size_t n = size < CHUNK ? (size_t)size : CHUNK;
		ssize_t put = UM_DEV_OP(
			s, dev->ops->write(dev, NULL, zeros, n, (off_t)off));

		if (put <= 0)
			return put < 0 ? (int)put : -EIO;
		off += (uint64_t)put;
		size -= (uint64_t)put;
	}
	return 0;
}

int um_blk_wipe(struct um_devnode *n, enum um_dev_wipe how, uint64_t off,
		uint64_t size)
{
	struct um_dev *dev = &n->set->dev;
	int ret = -EOPNOTSUPP;

	if (dev->ops->wipe)
		ret = UM_DEV_OP(n->set,
				dev->ops->wipe(dev, how, off + n->start, size));
	if (ret == -EOPNOTSUPP && how == UM_DEV_ZERO && dev->ops->write)
		ret = write_zeros(n->set, off + n->start, size);
	return ret;
}
