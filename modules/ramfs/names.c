// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - names of ramfs: listing, making, removing, renaming */
#include "ops.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

ssize_t ramfs_readlink(struct um_fs *fs, const char *path, char *buf,
		       size_t size)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || !S_ISLNK(node->st.st_mode))
		return node ? -EINVAL : -ENOENT;
	size = size < (size_t)node->st.st_size ? size
					       : (size_t)node->st.st_size;
	memcpy(buf, node->target, size);
	return (ssize_t)size;
}

int ramfs_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
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

int ramfs_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev)
{
	return ram_make(fs, path, (mode & S_IFMT) ? mode : mode | S_IFREG, rdev,
			NULL);
}

int ramfs_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	return ram_make(fs, path, S_IFDIR | (mode & 07777), 0, NULL);
}

int ramfs_symlink(struct um_fs *fs, const char *target, const char *path)
{
	return ram_make(fs, path, S_IFLNK | 0777, 0, target);
}

int ramfs_unlink(struct um_fs *fs, const char *path)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || S_ISDIR(node->st.st_mode))
		return node ? -EISDIR : -ENOENT;
	ram_remove_name(fs, path);
	return 0;
}

int ramfs_rmdir(struct um_fs *fs, const char *path)
{
	struct node *node = ram_find(fs, path, NULL);

	if (!node || !S_ISDIR(node->st.st_mode))
		return node ? -ENOTDIR : -ENOENT;
	if (node->entries || !path[1])
		return node->entries ? -ENOTEMPTY : -EBUSY;
	ram_remove_name(fs, path);
	return 0;
}

int ramfs_link(struct um_fs *fs, const char *from, const char *to)
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
int ramfs_rename(struct um_fs *fs, const char *from, const char *to,
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
