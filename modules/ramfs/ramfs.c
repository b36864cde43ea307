// SPDX-License-Identifier: GPL-2.0-or-later
/* ramfs.c - a file system in memory; copy this one to begin another */
#include "ops.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mount.h>

static int ramfs_syncfs(struct um_fs *fs)
{
	(void)fs;
	return 0;
}

static void ramfs_umount(struct um_fs *fs)
{
	struct ramfs *ram = fs->priv;

	ram_free_tree(ram->root);
	free(ram);
}

static const struct um_fs_ops ramfs_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = ramfs_getattr,
	.readlink = ramfs_readlink,
	.readdir = ramfs_readdir,
	.mknod = ramfs_mknod,
	.mkdir = ramfs_mkdir,
	.unlink = ramfs_unlink,
	.rmdir = ramfs_rmdir,
	.symlink = ramfs_symlink,
	.rename = ramfs_rename,
	.link = ramfs_link,
	.chmod = ramfs_chmod,
	.chown = ramfs_chown,
	.utimens = ramfs_utimens,
	.truncate = ramfs_truncate,
	.statfs = ramfs_statfs,
	.open = ramfs_open,
	.read = ramfs_read,
	.write = ramfs_write,
	.release = ramfs_release,
	.syncfs = ramfs_syncfs,
	.umount = ramfs_umount,
};

static int ramfs_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	fs->priv = calloc(1, sizeof(struct ramfs));
	fs->ops = &ramfs_ops;
	fs->serial = true; /* so nothing here takes a lock */
	fs->unlink_open = true;
	fs->quick = true;
	fs->readonly = req->flags & MS_RDONLY;
	if (!fs->priv || ram_make(fs, "/", S_IFDIR | 0755, 0, NULL) < 0) {
		um_err("ramfs: out of memory");
		free(fs->priv);
		return -ENOMEM;
	}
	return 0;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "ramfs",
	.description = "file system in memory",
	.mount = ramfs_mount,
};
