// SPDX-License-Identifier: GPL-2.0-or-later
/* file.c - a disk whose bytes are those of a file, for modules */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <umview/dev.h>

/* Beyond this a cylinder number of 16 bits needs larger cylinders. */
#define SMALL_DISK ((uint64_t)65535 * 16 * 16 * 512)

/* Who opens it to write is the one who will. */
static int file_open(struct um_dev *dev, struct um_dev_fh *fh)
{
	if (dev->readonly || (fh->flags & O_ACCMODE) == O_RDONLY)
		return 0;
	return um_next_lock(dev->priv, true);
}

static ssize_t file_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			 size_t n, off_t off)
{
	(void)fh;
	return um_next_pread(dev->priv, buf, n, off);
}

static ssize_t file_write(struct um_dev *dev, struct um_dev_fh *fh,
			  const void *buf, size_t n, off_t off)
{
	int ret = um_next_lock(dev->priv, true);

	(void)fh;
	return ret < 0 ? ret : um_next_pwrite(dev->priv, buf, n, off);
}

static int file_sync(struct um_dev *dev)
{
	return um_next_fsync(dev->priv, false);
}

/* As the kernel's loop devices: holes, which read as zeros. */
static int file_wipe(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		     uint64_t n)
{
	(void)how;
	return um_next_fallocate(dev->priv,
				 FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 (off_t)off, (off_t)n);
}

static void file_umount(struct um_dev *dev)
{
	int ret = dev->readonly ? 0 : um_next_fsync(dev->priv, false);

	if (ret < 0)
		um_err("the image of a device: %s", strerror(-ret));
	um_next_close(dev->priv);
}

static const struct um_dev_ops file_ops = { .size = sizeof(file_ops),
					    .open = file_open,
					    .read = file_read,
					    .write = file_write,
					    .sync = file_sync,
					    .wipe = file_wipe,
					    .umount = file_umount };

/* As the kernel's loop devices: what cannot be written is read. */
static int open_image(const struct um_mount_req *req, struct um_dev *dev,
		      struct um_next_file **out)
{
	int ret = -EROFS;

	if (!dev->readonly)
		ret = um_next_open(dev->next, req->source, O_RDWR, 0, out);
	if (ret == -EACCES || ret == -EPERM || ret == -EROFS) {
		if (!dev->readonly)
			um_warn("%s: %s is write-protected: the device is "
				"read-only",
				req->fstype, req->source);
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

void um_dev_set_geometry(struct um_dev *dev)
{
	dev->heads = dev->size > SMALL_DISK ? 255 : 16;
	dev->sectors = dev->size > SMALL_DISK ? 63 : 16;
}

int um_dev_use_file(const struct um_mount_req *req, struct um_dev *dev)
{
	struct um_next_file *f = NULL;
	int ret;

	dev->readonly = req->flags & MS_RDONLY;
	/* what exists comes as an absolute name */
	ret = req->source[0] == '/' ? open_image(req, dev, &f) : -ENOENT;
	if (ret == 0)
		ret = measure(f, dev);
	if (ret < 0) {
		um_err("%s: %s: %s", req->fstype, req->source,
		       ret == -EINVAL ? "not a disk image" : strerror(-ret));
		um_next_close(f);
		return ret;
	}
	dev->ops = &file_ops;
	dev->priv = f;
	dev->type = S_IFBLK;
	um_dev_set_geometry(dev);
	return 0;
}

int um_dev_no_options(const struct um_mount_req *req)
{
	if (!*req->options)
		return 0;
	um_err("%s: %s: no such option", req->fstype, req->options);
	return -EINVAL;
}

int um_dev_take_sector(const char *value, struct um_dev *dev)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*end || n < 512 || n > 4096 || (n & (n - 1)))
		return -EINVAL;
	dev->block = (unsigned int)n;
	return 0;
}
