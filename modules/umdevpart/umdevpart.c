// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umdevpart.c - an image file as a disk with its partitions
 *
 * The image is a file, or a device, of the view beneath the mount. Bytes and
 * tables are the core's business: what is left is to say so.
 */
#include <errno.h>
#include <string.h>
#include <umview/dev.h>

static int take_options(const char *options, struct um_dev *dev)
{
	if (!*options)
		return 0;
	if (!strncmp(options, "sector=", 7) &&
	    um_dev_take_sector(options + 7, dev) == 0)
		return 0;
	um_err("umdevpart: %s: no such option, or not its value", options);
	return -EINVAL;
}

static int part_mount(const struct um_mount_req *req, struct um_dev *dev)
{
	int ret = take_options(req->options, dev);

	dev->partitions = true;
	return ret < 0 ? ret : um_dev_use_file(req, dev);
}

const struct um_dev_module um_dev_module = {
	.api = UM_DEV_API,
	.size = sizeof(struct um_dev_module),
	.name = "umdevpart",
	.description = "an image file as a disk with partitions",
	.mount = part_mount,
};
