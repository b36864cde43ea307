// SPDX-License-Identifier: GPL-2.0-or-later
/* attrs.c - attributes of ramfs */
#include "ops.h"

#include <errno.h>
#include <linux/magic.h>

int ramfs_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		  struct stat *out)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node)
		return -ENOENT;
	*out = node->st;
	out->st_nlink = node->links + (S_ISDIR(out->st_mode) ? 1 : 0);
	for (struct entry *e = node->entries; e; e = e->next)
		out->st_nlink += S_ISDIR(e->node->st.st_mode) ? 1 : 0;
	out->st_blocks = (blkcnt_t)(node->pages * (RAM_PAGE / 512));
	return 0;
}

int ramfs_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		mode_t mode)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node)
		return -ENOENT;
	node->st.st_mode = (node->st.st_mode & S_IFMT) | (mode & 07777);
	ram_touch(node, false);
	return 0;
}

int ramfs_chown(struct um_fs *fs, const char *path, struct um_fh *fh, uid_t uid,
		gid_t gid)
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

int ramfs_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
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

int ramfs_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		   off_t size)
{
	struct node *node = ram_find(fs, path, fh);

	if (!node || !S_ISREG(node->st.st_mode))
		return node ? -EINVAL : -ENOENT;
	return ram_resize(node, size);
}

int ramfs_statfs(struct um_fs *fs, struct statfs *out)
{
	const struct ramfs *ram = fs->priv;
	const struct ram_limits *l = &ram->limits;

	*out = (struct statfs){ .f_type = RAMFS_MAGIC, .f_bsize = RAM_PAGE };
	out->f_namelen = 255;
	if (l->is_tmpfs)
		out->f_type = TMPFS_MAGIC;
	if (l->pages) {
		out->f_blocks = l->pages;
		out->f_bfree = out->f_bavail = l->pages - ram->pages;
	}
	if (l->nodes) {
		out->f_files = l->nodes;
		out->f_ffree = l->nodes - ram->nodes;
	}
	return 0;
}
