// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevpart.c - an image file as a disk with its partitions
 *
 * The image is a file, or a device, of the view beneath the mount. The tables
 * are the core's business; here are the bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <umview/dev.h>

/* Beyond this a cylinder number of 16 bits needs larger cylinders. */
#define SMALL_DISK ((uint64_t)65535 * 16 * 16 * 512)

static ssize_t part_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			 size_t n, off_t off)
{
	(void)fh;
	return um_next_pread(dev->priv, buf, n, off);
}

static ssize_t part_write(struct um_dev *dev, struct um_dev_fh *fh,
			  const void *buf, size_t n, off_t off)
{
	(void)fh;
	return um_next_pwrite(dev->priv, buf, n, off);
}

static int part_sync(struct um_dev *dev)
{
	return um_next_fsync(dev->priv, false);
}

static int part_wipe(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		     uint64_t n)
{
	(void)how;
	return um_next_fallocate(dev->priv,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (off_t)off, (off_t)n);
}

static void part_umount(struct um_dev *dev)
{
	int ret = dev->readonly ? 0 : um_next_fsync(dev->priv, false);

	if (ret < 0)
		um_err("umdevpart: the image: %s", strerror(-ret));
	um_next_close(dev->priv);
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .read = part_read,
				       .write = part_write,
				       .sync = part_sync,
				       .wipe = part_wipe,
				       .umount = part_umount };

static int take_options(const char *options, struct um_dev *dev)
{
	char *end;

	if (!*options)
		return 0;
	if (!strncmp(options, "sector=", 7)) {
		unsigned long n = strtoul(options + 7, &end, 10);

		dev->block = (unsigned int)n;
		if (!*end && n >= 512 && n <= 4096 && !(n & (n - 1)))
			return 0;
	}
	um_err("umdevpart: %s: no such option, or not its value", options);
	return -EINVAL;
}

/* As the kernel's loop devices: what cannot be written is read. */
static int open_image(const struct um_mount_req *req, struct um_dev *dev,
		      struct um_next_file **out)
{
	int ret = -EROFS;

	dev->readonly = req->flags & MS_RDONLY;
	if (!dev->readonly)
		ret = um_next_open(dev->next, req->source, O_RDWR, 0, out);
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS) {
		if (!dev->readonly)
			um_warn("umdevpart: %s is write-protected: the device "
				"is read-only",
				req->source);
		dev->readonly = true;
		ret = um_next_open(dev->next, req->source, O_RDONLY, 0, out);
	}
	return ret;
}

static int measure(struct um_next_file *f, struct um_dev *dev)
{
	struct stat st;
	int ret = um_next_fstat(f, &st);

	if (ret == 0 && !S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		ret = -EINVAL;
	if (ret == 0)
		ret = um_next_size(f, &dev->size);
	dev->size &= ~(uint64_t)((dev->block ? dev->block : 512) - 1);
	return ret == 0 && !dev->size ? -EINVAL : ret;
}

static int part_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	struct um_next_file *f = NULL;
	int ret = take_options(req->options, dev);

	if (ret < 0)
		return ret;
	ret = open_image(req, dev, &f);
	if (ret == 0)
		ret = measure(f, dev);
	if (ret < 0) {
		um_err("umdevpart: %s: %s", req->source,
		       ret == -EINVAL ? "not a disk image" : strerror(-ret));
		um_next_close(f);
		return ret;
	}
	dev->ops = &ops;
	dev->priv = f;
	dev->type = S_IFBLK;
	dev->partitions = true;
	dev->heads = dev->size > SMALL_DISK ? 255 : 16;
	dev->sectors = dev->size > SMALL_DISK ? 63 : 16;
	return 0;
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevpart",
	.description = "an image file as a disk with partitions",
	.mount = part_mount,
};
