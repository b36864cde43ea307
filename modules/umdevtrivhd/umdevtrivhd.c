// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevtrivhd.c - a trivial hard disk: 32 MiB that all mounts share
 *
 * 64 tracks of 1024 sectors. What one mount wrote the next one finds, as long
 * as the module is loaded.
 */
#include <string.h>
#include <umview/dev.h>

#define SECTOR 512u
#define HEADS  16u
#define TRACK  64u
#define SIZE   ((size_t)64 * 1024 * SECTOR)

static char disk[SIZE];

static ssize_t hd_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
		       size_t n, off_t off)
{
	(void)dev;
	(void)fh;
	memcpy(buf, disk + off, n);
	return (ssize_t)n;
}

static ssize_t hd_write(struct um_dev *dev, struct um_dev_fh *fh,
			const void *buf, size_t n, off_t off)
{
	(void)dev;
	(void)fh;
	memcpy(disk + off, buf, n);
	return (ssize_t)n;
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .read = hd_read,
				       .write = hd_write };

static int hd_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	dev->ops = &ops;
	dev->type = S_IFBLK;
	dev->size = SIZE;
	dev->heads = HEADS;
	dev->sectors = TRACK;
	return um_dev_no_options(req);
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevtrivhd",
	.description = "a disk of 32 MiB that all its mounts share",
	.mount = hd_mount,
};
