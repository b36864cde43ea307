// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevramdisk.c - a disk in memory
 *
 * The disk is a memory file, so what was never written takes no memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <umview/dev.h>
#include <unistd.h>

#define DEFAULT_SIZE ((uint64_t)32 << 20)
#define MIN_SIZE     4096
/* Far above any memory; a size beyond it is a slip of the pen. */
#define MAX_SIZE ((uint64_t)1024 << 40)

struct ramdisk {
	int fd;
};

static int fd_of(const struct um_dev *dev)
{
	const struct ramdisk *r = dev->priv;

	return r->fd;
}

static ssize_t ram_read(struct um_dev *dev, struct um_dev_fh *fh, void *buf,
			size_t n, off_t off)
{
	ssize_t ret = pread(fd_of(dev), buf, n, off);

	(void)fh;
	return ret < 0 ? -errno : ret;
}

static ssize_t ram_write(struct um_dev *dev, struct um_dev_fh *fh,
			 const void *buf, size_t n, off_t off)
{
	ssize_t ret = pwrite(fd_of(dev), buf, n, off);

	(void)fh;
	return ret < 0 ? -errno : ret;
}

static int ram_wipe(struct um_dev *dev, enum um_dev_wipe how, uint64_t off,
		    uint64_t n)
{
	(void)how;
	if (fallocate(fd_of(dev), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      (off_t)off, (off_t)n) < 0)
		return -errno;
	return 0;
}

static void ram_umount(struct um_dev *dev)
{
	close(fd_of(dev));
	free(dev->priv);
}

static const struct um_dev_ops ops = { .size = sizeof(ops),
				       .read = ram_read,
				       .write = ram_write,
				       .wipe = ram_wipe,
				       .umount = ram_umount };

/* N with K, M, G or T; 0: not a size. */
static uint64_t size_of(const char *text)
{
	static const char units[] = "kmgt";
	char *end;
	uint64_t n = strtoull(text, &end, 10);
	const char *unit;

	if (end == text || *text == '-')
		return 0;
	if (!*end)
		return n;
	unit = strchr(units, *end | 0x20);
	if (!unit || end[1] || n > (UINT64_MAX >> 41))
		return 0;
	return n << (10 * (unit - units + 1));
}

static int take_size(const char *text, struct um_dev *dev)
{
	dev->size = size_of(text);
	if (dev->size >= MIN_SIZE && dev->size <= MAX_SIZE)
		return 0;
	um_err("umdevramdisk: size=%s: want a number of bytes, or of K, M, G "
	       "or T, from 4K to 1024T",
	       text);
	return -EINVAL;
}

static int take(const char *option, struct um_dev *dev)
{
	if (!strcmp(option, "mbr")) {
		dev->partitions = true;
		return 0;
	}
	if (!strncmp(option, "sector=", 7) &&
	    um_dev_take_sector(option + 7, dev) == 0)
		return 0;
	if (!strncmp(option, "size=", 5))
		return take_size(option + 5, dev);
	um_err("umdevramdisk: %s: no such option, or not its value", option);
	return -EINVAL;
}

static int take_options(const char *options, struct um_dev *dev)
{
	char *copy = strdup(options);
	char *save;
	int ret = copy ? 0 : -ENOMEM;

	for (char *p = copy ? strtok_r(copy, ",", &save) : NULL; p && ret == 0;
	     p = strtok_r(NULL, ",", &save))
		ret = take(p, dev);
	free(copy);
	return ret;
}

static int ram_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	struct ramdisk *r;
	int ret;

	dev->ops = &ops;
	dev->type = S_IFBLK;
	dev->size = DEFAULT_SIZE;
	dev->heads = 16;
	dev->sectors = 16;
	ret = take_options(req->options, dev);
	if (ret < 0)
		return ret;
	dev->size &= ~(uint64_t)4095;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = memfd_create("umdevramdisk", MFD_CLOEXEC);
	if (r->fd < 0 || ftruncate(r->fd, (off_t)dev->size) < 0) {
		ret = -errno;
		if (r->fd >= 0)
			close(r->fd);
		free(r);
		um_err("umdevramdisk: %s", strerror(-ret));
		return ret;
	}
	dev->priv = r;
	return 0;
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevramdisk",
	.description = "a disk in memory",
	.mount = ram_mount,
};
