// SPDX-License-Identifier: GPL-2.0-or-later
/* ops.c - operations that look, and those on contents */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

struct arc *the_arc(void)
{
	return fuse_get_context()->private_data;
}

struct node *arc_node(const char *path, const struct fuse_file_info *fi)
{
	if (fi && fi->fh)
		return (struct node *)(uintptr_t)fi->fh;
	return path ? tree_find(the_arc(), path) : NULL;
}

static int arc_getattr(const char *path, struct stat *out,
		       struct fuse_file_info *fi)
{
	const struct node *node = arc_node(path, fi);

	if (!node)
		return -ENOENT;
	*out = node->st;
	out->st_blocks = S_ISREG(out->st_mode) ? (out->st_size + 511) / 512 : 0;
	return 0;
}

static int arc_readlink(const char *path, char *buf, size_t size)
{
	const struct node *node = arc_node(path, NULL);

	if (!node || !node->link)
		return node ? -EINVAL : -ENOENT;
	snprintf(buf, size, "%s", node->link);
	return 0;
}

static int arc_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
		       off_t off, struct fuse_file_info *fi,
		       enum fuse_readdir_flags flags)
{
	const enum fuse_fill_dir_flags none = (enum fuse_fill_dir_flags)0;
	const struct node *dir = arc_node(path, NULL);

	(void)off;
	(void)fi;
	(void)flags;
	if (!dir)
		return -ENOENT;
	if (!S_ISDIR(dir->st.st_mode))
		return -ENOTDIR;
	fill(buf, ".", &dir->st, 0, none);
	fill(buf, "..", dir->parent ? &dir->parent->st : &dir->st, 0, none);
	for (const struct name *n = dir->first; n; n = n->next)
		if (fill(buf, n->text, &n->node->st, 0, none))
			break;
	return 0;
}

static int to_size(struct node *node, off_t size)
{
	struct arc *a = the_arc();
	int err = 0;

	if (size < 0)
		return -EINVAL;
	if (a->readonly)
		return -EROFS;
	if (size > 0)
		err = fetch(a, node, (uint64_t)node->st.st_size);
	if (!err)
		err = store_truncate(&a->store, &node->data, (uint64_t)size);
	if (err)
		return err;
	if (node->archived && a->by_entry[node->entry] == node)
		a->by_entry[node->entry] = NULL;
	if (a->cursor.node == node)
		a->cursor.node = NULL;
	node->archived = false;
	node->st.st_size = size;
	node_touch(node, true);
	a->dirty = true;
	return 0;
}

static int arc_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);

	if (!node)
		return -ENOENT;
	return S_ISREG(node->st.st_mode) ? to_size(node, size) : -EINVAL;
}

static int open_node(struct node *node, struct fuse_file_info *fi)
{
	node->opens++;
	fi->fh = (uint64_t)(uintptr_t)node;
	fi->keep_cache = 1;
	return 0;
}

static int arc_open(const char *path, struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, NULL);
	bool write = (fi->flags & O_ACCMODE) != O_RDONLY;
	int err = 0;

	if (!node)
		return -ENOENT;
	if (!S_ISREG(node->st.st_mode))
		return S_ISDIR(node->st.st_mode) ? -EISDIR : -EINVAL;
	if (write && the_arc()->readonly)
		return -EROFS;
	if (fi->flags & O_TRUNC)
		err = to_size(node, 0);
	return err ? err : open_node(node, fi);
}

static int arc_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	int err = arc_mknod(path, S_IFREG | (mode & 07777), 0);

	return err ? err : open_node(arc_node(path, NULL), fi);
}

static int arc_release(const char *path, struct fuse_file_info *fi)
{
	struct node *node = arc_node(NULL, fi);

	(void)path;
	node->opens--;
	node_drop(the_arc(), node);
	return 0;
}

static int arc_read(const char *path, char *buf, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);
	uint64_t end = (uint64_t)node->st.st_size, at = (uint64_t)off;
	int err;

	if (off < 0)
		return -EINVAL;
	if (at >= end)
		return 0;
	if (size > end - at)
		size = (size_t)(end - at);
	err = fetch(the_arc(), node, at + size);
	if (!err)
		err = store_read(&the_arc()->store, &node->data, buf, size, at);
	return err ? err : (int)size;
}

static int arc_write(const char *path, const char *buf, size_t size, off_t off,
		     struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);
	off_t end = node->st.st_size;
	int err = 0;

	if (off < 0)
		return -EINVAL;
	if (off > INT64_MAX - (off_t)size)
		return -EFBIG;
	if (node->archived)
		err = to_size(node, end);
	if (!err)
		err = put_content(the_arc(), node, buf, size, (uint64_t)off);
	if (err)
		return err;
	if (off + (off_t)size > end)
		node->st.st_size = off + (off_t)size;
	node_touch(node, true);
	the_arc()->dirty = true;
	return (int)size;
}

static int arc_statfs(const char *path, struct statvfs *out)
{
	const struct arc *a = the_arc();

	(void)path;
	memset(out, 0, sizeof(*out));
	out->f_bsize = out->f_frsize = 4096;
	out->f_blocks = a->store.limit;
	out->f_bfree = a->store.limit - a->store.used;
	out->f_bavail = out->f_bfree;
	out->f_files = a->tree.count;
	out->f_namemax = 255;
	return 0;
}

static int arc_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	(void)path;
	(void)datasync;
	(void)fi;
	return 0;
}

/* umfuse: sync(2) and syncfs(2) */
static int arc_fsyncdir(const char *path, int datasync,
			struct fuse_file_info *fi)
{
	(void)path;
	(void)datasync;
	(void)fi;
	return save(the_arc());
}

static void *arc_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->use_ino = 1;
	cfg->nullpath_ok = 1;
	cfg->hard_remove = 1;
	return fuse_get_context()->private_data;
}

const struct fuse_operations arc_ops = {
	.init = arc_init,
	.getattr = arc_getattr,
	.readlink = arc_readlink,
	.readdir = arc_readdir,
	.mknod = arc_mknod,
	.mkdir = arc_mkdir,
	.unlink = arc_unlink,
	.rmdir = arc_rmdir,
	.symlink = arc_symlink,
	.rename = arc_rename,
	.link = arc_link,
	.chmod = arc_chmod,
	.chown = arc_chown,
	.utimens = arc_utimens,
	.truncate = arc_truncate,
	.open = arc_open,
	.create = arc_create,
	.release = arc_release,
	.read = arc_read,
	.write = arc_write,
	.fsync = arc_fsync,
	.fsyncdir = arc_fsyncdir,
	.statfs = arc_statfs,
	.setxattr = arc_setxattr,
	.getxattr = arc_getxattr,
	.listxattr = arc_listxattr,
	.removexattr = arc_removexattr,
};
