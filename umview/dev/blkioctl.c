// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * blkioctl.c - the ioctls that every block device answers; see <linux/fs.h>
 */
#include <fcntl.h>
#include <linux/blkpg.h>
#include <linux/fs.h>
#include <linux/hdreg.h>
#include <string.h>

#include "dev/dev.h"

#ifndef BLKGETDISKSEQ
#define BLKGETDISKSEQ _IOR(0x12, 128, __u64)
#endif
#define NR_ZONES  _IOR(0x12, 133, __u32)
#define ZONE_SIZE _IOR(0x12, 132, __u32)

/* Many of these are numbers without a size: what is put tells it. */
static long put(struct um_dev_call *c, const void *value, size_t size)
{
	return um_copy_out(c->r, um_uptr_of(c->r->arg[2]), value, size);
}

static long get(struct um_dev_call *c, void *value, size_t size)
{
	return um_copy_in(c->r, um_uptr_of(c->r->arg[2]), value, size);
}

static long put_int(struct um_dev_call *c, unsigned int value)
{
	return put(c, &value, sizeof(value));
}

static bool may_write(const struct um_dev_call *c)
{
	return (c->fh->flags & O_ACCMODE) != O_RDONLY;
}

/* BLKDISCARD, BLKZEROOUT: where, how much. */
static long wipe(struct um_devset *s, struct um_dev_call *c,
		 enum um_dev_wipe how)
{
	uint64_t mask = how == UM_DEV_ZERO ? 511 : um_devset_block(s) - 1;
	uint64_t range[2];
	uint64_t size;

	if (!may_write(c))
		return -EBADF;
	if (how == UM_DEV_DISCARD && !s->dev.ops->wipe)
		return -EOPNOTSUPP;
	if (um_blk_is_readonly(c->node))
		return -EPERM;
	if (get(c, range, sizeof(range)) < 0)
		return -EFAULT;
	um_lock(&um_dev_lock);
	size = c->node->size;
	um_unlock(&um_dev_lock);
	if ((range[0] | range[1]) & mask || !range[1] ||
	    range[0] + range[1] < range[0] || range[0] + range[1] > size)
		return -EINVAL;
	memcpy(c->wiped, range, sizeof(range));
	return um_blk_wipe(c->node, how, range[0], range[1]);
}

static long geometry(struct um_devset *s, struct um_dev_call *c)
{
	struct hd_geometry g = { 0 };
	uint64_t cylinders;

	if (!s->dev.heads || !s->dev.sectors)
		return -ENOTTY;
	um_lock(&um_dev_lock);
	cylinders = s->nodes->size / 512 / s->dev.heads / s->dev.sectors;
	g.start = c->node->start / 512;
	um_unlock(&um_dev_lock);
	g.heads = (unsigned char)s->dev.heads;
	g.sectors = (unsigned char)s->dev.sectors;
	g.cylinders = cylinders > 65535 ? 65535 : (unsigned short)cylinders;
	return put(c, &g, sizeof(g));
}

static long set_soft_block(struct um_devset *s, struct um_dev_call *c)
{
	int size;

	if (get(c, &size, sizeof(size)) < 0)
		return -EFAULT;
	if (size < (int)um_devset_block(s) || size > 4096 ||
	    (size & (size - 1)))
		return -EINVAL;
	um_lock(&um_dev_lock);
	c->node->soft_block = (unsigned int)size;
	um_unlock(&um_dev_lock);
	return 0;
}

static long set_readonly(struct um_dev_call *c)
{
	int value;

	if (get(c, &value, sizeof(value)) < 0)
		return -EFAULT;
	um_lock(&um_dev_lock);
	c->node->readonly = value != 0;
	um_unlock(&um_dev_lock);
	return 0;
}

static long set_readahead(struct um_dev_call *c)
{
	um_lock(&um_dev_lock);
	c->node->readahead = c->r->arg[2];
	um_unlock(&um_dev_lock);
	return 0;
}

static long reread(struct um_devset *s, struct um_dev_call *c)
{
	int ret;

	if (c->node->n || !s->dev.partitions)
		return -EINVAL;
	ret = um_parts_scan(s);
	if (ret == 0)
		um_dev_names_changed();
	return ret;
}

/* Sizes and limits. */
static long tell(struct um_devset *s, struct um_dev_call *c)
{
	unsigned int block = um_devset_block(s);
	struct um_devnode now;
	unsigned short small;
	unsigned long sectors;
	uint64_t serial;

	um_lock(&um_dev_lock);
	now = *c->node;
	serial = s->serial;
	um_unlock(&um_dev_lock);
	switch (c->cmd) {
	case BLKGETSIZE64:
		return put(c, &now.size, sizeof(now.size));
	case BLKGETSIZE:
		sectors = now.size / 512;
		return put(c, &sectors, sizeof(sectors));
	case BLKSSZGET:
	case BLKPBSZGET:
		return put_int(c, block);
	case BLKIOMIN:
		return put_int(c, s->dev.io_min ? s->dev.io_min : block);
	case BLKIOOPT:
		return put_int(c, s->dev.io_opt);
	case BLKALIGNOFF:
	case BLKDISCARDZEROES:
	case ZONE_SIZE:
	case NR_ZONES:
		return put_int(c, 0);
	case BLKBSZGET:
		return put_int(c,
			       now.soft_block > block ? now.soft_block : block);
	case BLKROTATIONAL:
		small = s->dev.rotational;
		return put(c, &small, sizeof(small));
	case BLKSECTGET:
		small = 2560;
		return put(c, &small, sizeof(small));
	case BLKROGET:
		return put_int(c, um_blk_is_readonly(c->node));
	case BLKRAGET:
	case BLKFRAGET:
		return put(c, &now.readahead, sizeof(now.readahead));
	case BLKGETDISKSEQ:
		return put(c, &serial, sizeof(serial));
	default:
		return -UM_ENOIOCTLCMD;
	}
}

long um_blk_ioctl(struct um_devset *s, struct um_dev_call *c)
{
	switch (c->cmd) {
	case BLKBSZSET:
		return set_soft_block(s, c);
	case BLKROSET:
		return set_readonly(c);
	case BLKRASET:
	case BLKFRASET:
		return set_readahead(c);
	case BLKDISCARD:
		return wipe(s, c, UM_DEV_DISCARD);
	case BLKZEROOUT:
		return wipe(s, c, UM_DEV_ZERO);
	case BLKSECDISCARD:
		return may_write(c) ? -EOPNOTSUPP : -EBADF;
	case BLKFLSBUF:
		return um_blk_sync(s);
	case HDIO_GETGEO:
		return geometry(s, c);
	case BLKRRPART:
		return reread(s, c);
	case BLKPG:
		return um_parts_blkpg(s, c);
	default:
		return tell(s, c);
	}
}
