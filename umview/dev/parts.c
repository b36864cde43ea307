// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * parts.c - partitions as sub devices: from the table, and by BLKPG
 *
 * The errors are those of the kernel's block/ioctl.c and partitions/core.c.
 */
#include <linux/blkpg.h>
#include <string.h>

#include "dev/dev.h"
#include "dev/part.h"

static int read_disk(void *arg, void *buf, size_t n, uint64_t off)
{
	struct um_devset *s = arg;
	struct um_dev *dev = &s->dev;
	char *at = buf;

	while (n) {
		ssize_t got = UM_DEV_OP(
			s, dev->ops->read(dev, NULL, at, n, (off_t)off));

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		at += got;
		off += (uint64_t)got;
		n -= (size_t)got;
	}
	return 0;
}

static bool any_open_locked(const struct um_devset *s)
{
	for (const struct um_devnode *d = s->nodes->next; d; d = d->next)
		if (d->opens)
			return true;
	return false;
}

static int replace_locked(struct um_devset *s, const struct um_part *part,
			  int n)
{
	int ret = 0;

	if (any_open_locked(s))
		return -EBUSY;
	while (s->nodes->next)
		um_devnode_del_locked(s, s->nodes->next);
	for (int i = 0; i < n && ret == 0; i++) {
		struct um_devnode *d;

		ret = um_devnode_add_locked(s, part[i].n, part[i].start,
					    part[i].size);
		d = ret == 0 ? um_devnode_find_locked(s, part[i].n) : NULL;
		if (d)
			memcpy(d->uuid, part[i].uuid, sizeof(d->uuid));
	}
	return ret;
}

static int replace(struct um_devset *s, const struct um_part *part, int n)
{
	int ret;

	um_lock(&um_dev_lock);
	ret = replace_locked(s, part, n);
	um_unlock(&um_dev_lock);
	return ret;
}

static int scan_into(struct um_devset *s, struct um_part *part)
{
	struct um_part_disk d = { .name = s->nodes->path,
				  .size = s->dev.size,
				  .block = um_devset_block(s),
				  .read = read_disk,
				  .arg = s };
	bool busy;
	int n;

	um_lock(&um_dev_lock);
	busy = any_open_locked(s);
	um_unlock(&um_dev_lock);
	if (busy)
		return -EBUSY;
	n = um_part_scan(&d, part);
	return n < 0 ? n : replace(s, part, n);
}

int um_parts_scan(struct um_devset *s)
{
	struct um_part *part = calloc(UM_PART_MAX, sizeof(*part));
	int ret = part ? scan_into(s, part) : -ENOMEM;

	free(part);
	return ret;
}

/* ---- BLKPG ---- */

static bool overlaps_locked(const struct um_devset *s,
			    const struct blkpg_partition *p)
{
	uint64_t from = (uint64_t)p->start;
	uint64_t to = from + (uint64_t)p->length;

	for (const struct um_devnode *d = s->nodes->next; d; d = d->next)
		if (d->n != (unsigned int)p->pno && d->start < to &&
		    from < d->start + d->size)
			return true;
	return false;
}

static int add_locked(struct um_devset *s, const struct blkpg_partition *p)
{
	if (um_devnode_find_locked(s, (unsigned int)p->pno) ||
	    overlaps_locked(s, p))
		return -EBUSY;
	if ((uint64_t)p->start + (uint64_t)p->length > s->nodes->size)
		return -ENXIO;
	return um_devnode_add_locked(s, (unsigned int)p->pno,
				     (uint64_t)p->start, (uint64_t)p->length);
}

static int del_locked(struct um_devset *s, const struct blkpg_partition *p)
{
	struct um_devnode *d = um_devnode_find_locked(s, (unsigned int)p->pno);

	if (!d)
		return -ENXIO;
	if (d->opens)
		return -EBUSY;
	um_devnode_del_locked(s, d);
	return 0;
}

static int resize_locked(struct um_devset *s, const struct blkpg_partition *p)
{
	struct um_devnode *d = um_devnode_find_locked(s, (unsigned int)p->pno);

	if (!d)
		return -ENXIO;
	if ((uint64_t)p->start != d->start)
		return -EINVAL;
	if (overlaps_locked(s, p))
		return -EBUSY;
	d->size = (uint64_t)p->length;
	return 0;
}

static int change_locked(struct um_devset *s, int op,
			 const struct blkpg_partition *p)
{
	uint64_t mask = um_devset_block(s) - 1;

	if (op == BLKPG_DEL_PARTITION)
		return del_locked(s, p);
	if (p->start < 0 || p->length <= 0 ||
	    p->start > INT64_MAX - p->length ||
	    ((uint64_t)(p->start | p->length) & mask))
		return -EINVAL;
	return op == BLKPG_ADD_PARTITION ? add_locked(s, p)
					 : resize_locked(s, p);
}

long um_parts_blkpg(struct um_devset *s, struct um_dev_call *c)
{
	struct blkpg_ioctl_arg a;
	struct blkpg_partition p;
	int ret;

	if (um_copy_in(c->r, um_uptr_of(c->r->arg[2]), &a, sizeof(a)) < 0)
		return -EFAULT;
	if (um_copy_in(c->r, um_uptr_of((uintptr_t)a.data), &p, sizeof(p)) < 0)
		return -EFAULT;
	if (c->node->n || p.pno <= 0 || !s->dev.partitions ||
	    p.pno > UM_PART_MAX || a.op < BLKPG_ADD_PARTITION ||
	    a.op > BLKPG_RESIZE_PARTITION)
		return -EINVAL;
	um_lock(&um_dev_lock);
	ret = change_locked(s, a.op, &p);
	um_unlock(&um_dev_lock);
	c->resized = ret == 0 && a.op == BLKPG_RESIZE_PARTITION;
	if (ret == 0)
		um_dev_names_changed();
	return ret;
}
