// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * loopdev.c - the table of virtual loop devices, and their data
 *
 * Devices are never freed: LOOP_CTL_REMOVE hides one. A number that the host
 * has is left alone.
 */
#include "dev/loopdev.h"

#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guest/shared.h"

#define MAX_NUMBER  (1 << 20)
#define CONTROL	    "/dev/loop-control"
#define CONTROL_DEV makedev(10, 237)

static struct um_loop *loops;

void um_backing_put(struct um_backing *b)
{
	if (!b || atomic_fetch_sub(&b->refs, 1) != 1)
		return;
	um_next_close(b->file);
	free(b->path);
	free(b);
}

static struct um_backing *backing_locked(struct um_loop *l)
{
	if (l->backing)
		atomic_fetch_add(&l->backing->refs, 1);
	return l->backing;
}

struct um_backing *um_backing_of(struct um_loop *l)
{
	struct um_backing *b;

	um_lock(&um_dev_lock);
	b = backing_locked(l);
	um_unlock(&um_dev_lock);
	return b;
}

int um_loop_opens(const struct um_loop *l)
{
	int n = 0;

	for (const struct um_devnode *d = l->set->nodes; d; d = d->next)
		n += d->opens;
	return n;
}

struct um_backing *um_loop_unbind(struct um_loop *l)
{
	struct um_devset *s = l->set;

	while (s->nodes->next)
		um_devnode_del_locked(s, s->nodes->next);
	s->dev.partitions = false;
	s->dev.readonly = false;
	s->dev.block = 0;
	s->dev.size = 0;
	s->nodes->size = 0;
	s->nodes->readonly = false;
	return um_steal(l->backing);
}

/* ---- data ---- */

/* The file (ref), and where in it the device's byte lies. */
static struct um_backing *place_of(struct um_dev *dev, off_t *off)
{
	struct um_loop *l = dev->priv;
	struct um_backing *b;

	um_lock(&um_dev_lock);
	b = backing_locked(l);
	*off += (off_t)l->info.lo_offset;
	um_unlock(&um_dev_lock);
	return b;
}

/* Who opens it to write is the one who will. */
static int loop_open(struct um_dev *dev, struct um_dev_fh *fh)
{
	/* /dev/loop-control is no loop */
	struct um_backing *b = dev->priv ? um_backing_of(dev->priv) : NULL;
	int ret = 0;

	if (b && !dev->readonly && (fh->flags & O_ACCMODE) != O_RDONLY)
		ret = um_next_lock(b->file, true);
	um_backing_put(b);
	return ret;
}

static ssize_t loop_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			 size_t n, off_t off)
{
	struct um_backing *b = place_of(dev, &off);
	ssize_t ret = b ? um_next_pread(b->file, buf, n, off) : 0;

	(void)fh;
	um_backing_put(b);
	return ret;
}

static ssize_t loop_write(struct um_dev *dev, struct um_dev_fh *fh,
			  const void *buf, size_t n, off_t off)
{
	struct um_backing *b = place_of(dev, &off);
	ssize_t ret = b ? um_next_lock(b->file, true) : -ENOSPC;

	if (ret == 0)
		ret = um_next_pwrite(b->file, buf, n, off);

	(void)fh;
	um_backing_put(b);
	return ret;
}

static int loop_sync(struct um_dev *dev)
{
	struct um_backing *b = um_backing_of(dev->priv);
	int ret = b ? um_next_fsync(b->file, false) : 0;

	um_backing_put(b);
	return ret;
}

/* As the kernel: holes in the backing file, which read as zeros. */
static int loop_wipe(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		     uint64_t n)
{
	off_t at = (off_t)off;
	struct um_backing *b = place_of(dev, &at);
	int ret = b ? um_next_fallocate(b->file,
					FALLOC_FL_PUNCH_HOLE |
						FALLOC_FL_KEEP_SIZE,
					at, (off_t)n)
		    : -ENXIO;

	(void)how;
	um_backing_put(b);
	return ret;
}

/* What the kernel's loop devices say to a request that they do not know. */
static long loop_ioctl(struct um_dev *dev, struct um_dev_fh *fh,
		       unsigned int cmd, unsigned long arg, void *data)
{
	(void)dev;
	(void)fh;
	(void)cmd;
	(void)arg;
	(void)data;
	return -EINVAL;
}

const struct um_dev_ops um_loop_ops = {
	.size = sizeof(um_loop_ops),
	.open = loop_open,
	.read = loop_read,
	.write = loop_write,
	.sync = loop_sync,
	.wipe = loop_wipe,
	.ioctl = loop_ioctl,
};

/* ---- the table ---- */

static struct um_loop *find_locked(int n)
{
	struct um_loop *l = loops;

	while (l && l->n != n)
		l = l->next;
	return l;
}

/* Whether the host's own devices serve the user. */
static bool host_serves(void)
{
	UM_CLOSE int fd = open(CONTROL, O_RDWR | O_CLOEXEC);

	return fd >= 0;
}

static bool host_has(int n)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/loop%d", n);
	if (lstat(path, &st) == 0)
		return true;
	snprintf(path, sizeof(path), "/sys/block/loop%d", n);
	return lstat(path, &st) == 0;
}

static struct um_devset *set_new(const char *path, mode_t type, dev_t rdev,
				 const struct um_devset_own *own, void *priv)
{
	struct um_dev dev = { .ops = &um_loop_ops, .priv = priv, .type = type };
	struct um_devset *s = um_devset_new(um_dev_shared, &dev, path, rdev);

	if (!s)
		return NULL;
	s->everywhere = true;
	s->own = own;
	s->nodes->mode = type | 0660;
	return s;
}

/* A device nobody has seen yet; NULL: out of memory. */
static struct um_loop *loop_new(int n)
{
	struct um_loop *l = calloc(1, sizeof(*l));
	char path[64];

	if (!l)
		return NULL;
	snprintf(path, sizeof(path), "/dev/loop%d", n);
	l->n = n;
	l->set = set_new(path, S_IFBLK, makedev(UM_LOOP_MAJOR, (unsigned int)n),
			 &um_loop_own, l);
	if (!l->set)
		free(um_steal(l));
	return l;
}

int um_loop_add(int n)
{
	struct um_loop *fresh;
	struct um_loop *l;
	int ret = n;

	if (n < 0 || n >= MAX_NUMBER)
		return -EINVAL;
	if (host_has(n))
		return -EEXIST;
	fresh = loop_new(n);
	if (!fresh)
		return -ENOMEM;
	um_lock(&um_dev_lock);
	l = find_locked(n);
	if (l && !l->set->hidden) {
		ret = -EEXIST;
	} else if (l) {
		l->set->hidden = false;
	} else {
		fresh->next = loops;
		fresh->set->hidden = false;
		loops = um_steal(fresh);
	}
	um_unlock(&um_dev_lock);
	if (fresh) {
		um_devset_free(fresh->set);
		free(fresh);
	}
	atomic_store(&um_dev_any, true);
	um_shared_set_devs();
	um_dev_names_changed();
	return ret;
}

int um_loop_get_free(void)
{
	int n = -ENOENT;

	um_lock(&um_dev_lock);
	for (const struct um_loop *l = loops; l; l = l->next)
		if (!l->backing && !l->set->hidden && (n < 0 || l->n < n))
			n = l->n;
	um_unlock(&um_dev_lock);
	for (int i = 0; n < 0 && i < MAX_NUMBER; i++) {
		n = um_loop_add(i);
		if (n < 0 && n != -EEXIST)
			return n;
	}
	return n;
}

int um_loop_remove(int n)
{
	struct um_loop *l;
	int ret = 0;

	um_lock(&um_dev_lock);
	l = find_locked(n);
	if (!l || l->set->hidden)
		ret = -ENODEV;
	else if (l->backing || um_loop_opens(l))
		ret = -EBUSY;
	else
		l->set->hidden = true;
	um_unlock(&um_dev_lock);
	return ret;
}

int um_loop_devices_setup(const struct um_devset_own *control)
{
	struct um_devset *s;

	if (host_serves())
		return 0;
	s = set_new(CONTROL, S_IFCHR, CONTROL_DEV, control, NULL);
	if (!s)
		return -ENOMEM;
	um_devset_publish(s);
	return 0;
}
