// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevnull.c - a device like /dev/null that tells of each call
 *
 * The smallest device there is: copy it to begin another.
 */
#include <umview/dev.h>

static int null_open(struct um_dev *dev, struct um_dev_fh *fh)
{
	(void)dev;
	um_info("umdevnull: open, sub device %u, flags %#x", fh->sub,
		(unsigned int)fh->flags);
	return 0;
}

static void null_release(struct um_dev *dev, struct um_dev_fh *fh)
{
	(void)dev;
	um_info("umdevnull: close, sub device %u", fh->sub);
}

static ssize_t null_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			 size_t n, off_t off)
{
	(void)dev;
	(void)fh;
	(void)buf;
	um_info("umdevnull: read %zu at %lld", n, (long long)off);
	return 0;
}

static ssize_t null_write(struct um_dev *dev, struct um_dev_fh *fh,
			  const void *buf, size_t n, off_t off)
{
	(void)dev;
	(void)fh;
	(void)buf;
	um_info("umdevnull: write %zu at %lld", n, (long long)off);
	return (ssize_t)n;
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .open = null_open,
				       .release = null_release,
				       .read = null_read,
				       .write = null_write };

static int null_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	dev->ops = &ops;
	return um_dev_no_options(req);
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevnull",
	.description = "swallows what is written, and tells of it",
	.mount = null_mount,
};
