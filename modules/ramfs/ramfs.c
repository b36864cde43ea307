// SPDX-License-Identifier: GPL-2.0-or-later
/* ramfs.c - a file system in memory; copy this one to begin another */
#include "ops.h"
#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

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
	.remount = ramfs_remount,
};

static void default_limits(struct ram_limits *l, bool is_tmpfs)
{
	*l = (struct ram_limits){ .is_tmpfs = is_tmpfs,
				  .mode = is_tmpfs ? 01777 : 0755,
				  .uid = um_caller()->uid,
				  .gid = um_caller()->gid };
	if (is_tmpfs)
		l->pages = l->nodes = (uint64_t)sysconf(_SC_PHYS_PAGES) / 2;
}

static int make_root(struct um_fs *fs, const struct ram_limits *l)
{
	int ret = ram_make(fs, "/", S_IFDIR | (l->mode & 07777), 0, NULL);

	return ret < 0 ? ret : ramfs_chown(fs, "/", NULL, l->uid, l->gid);
}

static int ramfs_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct ramfs *ram = calloc(1, sizeof(*ram));
	int ret = ram ? 0 : -ENOMEM;

	fs->priv = ram;
	fs->ops = &ramfs_ops;
	fs->serial = true; /* so nothing here takes a lock */
	fs->unlink_open = true;
	fs->quick = true;
	fs->readonly = req->flags & MS_RDONLY;
	if (ret == 0) {
		default_limits(&ram->limits, !strcmp(req->fstype, "tmpfs"));
		ret = ram_take_options(req->options, &ram->limits);
	}
	if (ret == 0)
		ret = make_root(fs, &ram->limits);
	if (ret < 0)
		free(ram);
	return ret;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "ramfs",
	.description = "file system in memory",
	.options = "mode=M       mode of the root directory\n"
		   "as tmpfs:\n"
		   "size=N[%]    at most so many bytes, with k, m, g, t\n"
		   "nr_blocks=N  the same in units of 4096\n"
		   "nr_inodes=N  at most so many files\n"
		   "uid=N gid=N  owner of the root directory\n",
	.mount = ramfs_mount,
};
