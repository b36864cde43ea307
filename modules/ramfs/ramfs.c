// SPDX-License-Identifier: GPL-2.0-or-later
/* ramfs.c - a file system in memory; copy this one to begin another */
#include "tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

static int ramfs_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			 struct stat *out)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node)
		return -ENOENT;
	*out = node->st;
	out->st_nlink = node->links + (S_ISDIR(out->st_mode) ? 1 : 0);
	for (struct entry *e = node->entries; e; e = e->next)
		out->st_nlink += S_ISDIR(e->node->st.st_mode) ? 1 : 0;
	out->st_blocks = (out->st_size + 511) / 512;
	return 0;
}

static ssize_t ramfs_readlink(struct um_fs *fs, const char *path, char *buf,
			      size_t size)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || !S_ISLNK(node->st.st_mode))
		return node ? -EINVAL : -ENOENT;
	size = size < (size_t)node->st.st_size ? size
					       : (size_t)node->st.st_size;
	memcpy(buf, node->data, size);
	return (ssize_t)size;
}

static int ramfs_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			 void *arg)
{
	struct node *dir, *node = ram_find(fs, path, NULL);

	if (!node)
		return -ENOENT;
	ram_lookup(fs, path, &dir);
	if (fill(arg, ".", node->st.st_ino, DT_DIR) ||
	    fill(arg, "..", (dir ? dir : node)->st.st_ino, DT_DIR))
		return 0;
	for (struct entry *e = node->entries; e; e = e->next)
		if (fill(arg, e->name, e->node->st.st_ino,
			 IFTODT(e->node->st.st_mode)))
			break;
	return 0;
}

static int ramfs_mknod(struct um_fs *fs, const char *path, mode_t mode,
		       dev_t rdev)
{
	return ram_make(fs, path, (mode & S_IFMT) ? mode : mode | S_IFREG, rdev,
			NULL);
}

static int ramfs_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	return ram_make(fs, path, S_IFDIR | (mode & 07777), 0, NULL);
}

static int ramfs_symlink(struct um_fs *fs, const char *target, const char *path)
{
	return ram_make(fs, path, S_IFLNK | 0777, 0, target);
}

static int ramfs_unlink(struct um_fs *fs, const char *path)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || S_ISDIR(node->st.st_mode))
		return node ? -EISDIR : -ENOENT;
	ram_remove_name(fs, path);
	return 0;
}

static int ramfs_rmdir(struct um_fs *fs, const char *path)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || !S_ISDIR(node->st.st_mode))
		return node ? -ENOTDIR : -ENOENT;
	if (node->entries || !path[1])
		return node->entries ? -ENOTEMPTY : -EBUSY;
	ram_remove_name(fs, path);
	return 0;
}

static int ramfs_link(struct um_fs *fs, const char *from, const char *to)
{
	struct node *node = ram_find(fs, from, NULL);

	if (!node || S_ISDIR(node->st.st_mode))
		return node ? -EPERM : -ENOENT;
	ram_touch(node, false);
	return ram_add_name(fs, to, node);
}

/* May old be put where target is? */
static int check_target(const struct node *old, const struct node *target)
{
	if (S_ISDIR(target->st.st_mode))
		return !S_ISDIR(old->st.st_mode) ? -EISDIR
		       : target->entries	 ? -ENOTEMPTY
						 : 0;
	return S_ISDIR(old->st.st_mode) ? -ENOTDIR : 0;
}

/* The two names swap their nodes; unless that was all, the old name goes. */
static int ramfs_rename(struct um_fs *fs, const char *from, const char *to,
			unsigned int flags)
{
	struct node *old = ram_find(fs, from, NULL),
		    *target = ram_find(fs, to, NULL);
	struct node *dir;
	int err = 0;

	if (!from[1] || !to[1])
		return -EBUSY;
	if (flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE) ||
	    ram_is_below(to, from))
		return -EINVAL;
	if (!old || (!target && flags & RENAME_EXCHANGE))
		return -ENOENT;
	if (target && flags & RENAME_NOREPLACE)
		return -EEXIST;
	if (old == target)
		return 0;
	if (!target)
		err = ram_add_name(fs, to, NULL);
	else if (!(flags & RENAME_EXCHANGE))
		err = check_target(old, target);
	if (err)
		return err;
	(*ram_lookup(fs, to, &dir))->node = old;
	ram_touch(dir, true);
	(*ram_lookup(fs, from, &dir))->node = target;
	if (!(flags & RENAME_EXCHANGE))
		ram_remove_name(fs, from);
	ram_touch(old, false);
	return 0;
}

static int ramfs_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		       mode_t mode)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node)
		return -ENOENT;
	node->st.st_mode = (node->st.st_mode & S_IFMT) | (mode & 07777);
	ram_touch(node, false);
	return 0;
}

static int ramfs_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		       uid_t uid, gid_t gid)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node)
		return -ENOENT;
	if (uid != (uid_t)-1)
		node->st.st_uid = uid;
	if (gid != (gid_t)-1)
		node->st.st_gid = gid;
	ram_touch(node, false);
	return 0;
}

static int ramfs_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
			 const struct timespec ts[2])
{
	struct node *node = ram_find(fs, path, fh);
	struct timespec *to[2];

	if (!node)
		return -ENOENT;
	to[0] = &node->st.st_atim;
	to[1] = &node->st.st_mtim;
	for (int i = 0; i < 2; i++) {
		if (ts[i].tv_nsec == UTIME_NOW)
			clock_gettime(CLOCK_REALTIME, to[i]);
		else if (ts[i].tv_nsec != UTIME_OMIT)
			*to[i] = ts[i];
	}
	ram_touch(node, false);
	return 0;
}

static int ramfs_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			  off_t size)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node || !S_ISREG(node->st.st_mode))
		return node ? -EINVAL : -ENOENT;
	return ram_resize(node, size);
}

static int ramfs_statfs(struct um_fs *fs, struct statfs *out)
{
	(void)fs;
	*out = (struct statfs){ .f_type = 0x858458f6, .f_bsize = 4096 };
	out->f_namelen = 255;
	return 0;
}

static int ramfs_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct node *node = ram_find(fs, path, NULL);
	int ret = 0;

	if (!node)
		return -ENOENT;
	if (fh->flags & O_TRUNC)
		ret = ram_resize(node, 0);
	if (ret < 0)
		return ret;
	node->opens++;
	fh->fh = (uintptr_t)node;
	return 0;
}

static ssize_t ramfs_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			  size_t size, off_t off)
{
	struct node *node = ram_find(fs, NULL, fh);

	if (off >= node->st.st_size)
		return 0;
	if (size > (size_t)(node->st.st_size - off))
		size = (size_t)(node->st.st_size - off);
	memcpy(buf, node->data + off, size);
	clock_gettime(CLOCK_REALTIME, &node->st.st_atim);
	return (ssize_t)size;
}

static ssize_t ramfs_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			   size_t size, off_t off)
{
	struct node *node = ram_find(fs, NULL, fh);
	off_t end;
	int err = 0;

	if (__builtin_add_overflow(off, size, &end))
		return -EFBIG;
	if (!size)
		return 0;
	if (end > node->st.st_size)
		err = ram_resize(node, end);
	if (err)
		return err;
	memcpy(node->data + off, buf, size);
	ram_touch(node, true);
	return (ssize_t)size;
}

static void ramfs_release(struct um_fs *fs, struct um_fh *fh)
{
	struct node *node = ram_find(fs, NULL, fh);

	node->opens--;
	ram_drop(node);
}

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
