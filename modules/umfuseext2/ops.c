// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ops.c - the FUSE operations: lock, find the inode, do it, unlock
 *
 * An open file's fh is its node; with it the path may be NULL.
 */
#define FUSE_USE_VERSION 31
#include "ext2.h"

#include <errno.h>
#include <fuse.h>
#include <string.h>

static struct e2 *enter(void)
{
	struct fuse_context *c = fuse_get_context();
	struct e2 *e = c->private_data;

	pthread_mutex_lock(&e->lock);
	e->uid = c->uid;
	e->gid = c->gid;
	return e;
}

static int leave(struct e2 *e, int ret)
{
	dirx_trim(e);
	pthread_mutex_unlock(&e->lock);
	return ret;
}

/* For operations that change something. */
static int enter_rw(struct e2 **out)
{
	*out = enter();
	if ((*out)->ro)
		return -EROFS;
	(*out)->dirty = true;
	return 0;
}

static int leave_rw(struct e2 *e, int ret)
{
	if (ret >= 0 && e->opt.sync && !e->ro) {
		int err = e2_sync(e);

		ret = err ? err : ret;
	}
	return leave(e, ret);
}

static struct node *node_of(const struct fuse_file_info *fi)
{
	return (struct node *)(uintptr_t)fi->fh;
}

static int find(struct e2 *e, const char *path, const struct fuse_file_info *fi,
		ext2_ino_t *out)
{
	if (fi && fi->fh) {
		*out = node_of(fi)->ino;
		return 0;
	}
	return namei_walk(e, path, out);
}

static int find_inode(struct e2 *e, const char *path,
		      const struct fuse_file_info *fi, struct inode *out)
{
	ext2_ino_t ino;
	int ret = find(e, path, fi, &ino);

	return ret ? ret : inode_read(e, ino, out);
}

/* ---- reading ---- */

static int op_getattr(const char *path, struct stat *st,
		      struct fuse_file_info *fi)
{
	struct e2 *e = enter();
	struct inode in;
	int ret = find_inode(e, path, fi, &in);

	if (!ret)
		inode_stat(e, &in, st);
	return leave(e, ret);
}

static int op_readlink(const char *path, char *buf, size_t size)
{
	struct e2 *e = enter();
	struct inode in;
	int ret = find_inode(e, path, NULL, &in);

	if (!ret)
		ret = file_readlink(e, &in, buf, size);
	return leave(e, ret);
}

static int open_node(struct e2 *e, ext2_ino_t ino, struct fuse_file_info *fi)
{
	struct node *node;
	int ret = node_open(e, ino, &node);

	if (!ret)
		fi->fh = (uintptr_t)node;
	return ret;
}

static int op_opendir(const char *path, struct fuse_file_info *fi)
{
	struct e2 *e = enter();
	struct inode in;
	int ret = find_inode(e, path, NULL, &in);

	if (!ret && !S_ISDIR(in.d.i_mode))
		ret = -ENOTDIR;
	if (!ret)
		ret = open_node(e, in.no, fi);
	return leave(e, ret);
}

static void fill_one(struct dent *d, void *buf, fuse_fill_dir_t fill)
{
	static const mode_t types[8] = { 0,	  S_IFREG, S_IFDIR,  S_IFCHR,
					 S_IFBLK, S_IFIFO, S_IFSOCK, S_IFLNK };
	struct stat st = { .st_ino = d->ino, .st_mode = types[d->type & 7] };

	(void)fill(buf, d->name, &st, 0, 0);
}

static int fill_dir(struct e2 *e, ext2_ino_t ino, void *buf,
		    fuse_fill_dir_t fill)
{
	struct dirx *x;
	struct dent *d;
	size_t i;
	int ret = dirx_get(e, ino, &x);

	if (ret)
		return ret;
	for (i = 0; i < x->n_buckets; i++)
		for (d = x->bucket[i]; d; d = d->next)
			fill_one(d, buf, fill);
	return x->bad && !x->n ? -EIO : 0;
}

static int op_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
		      off_t off, struct fuse_file_info *fi,
		      enum fuse_readdir_flags flags)
{
	struct e2 *e = enter();
	struct inode in;
	int ret = find_inode(e, path, fi, &in);

	(void)off;
	(void)flags;
	if (!ret && in.d.i_links_count)
		ret = fill_dir(e, in.no, buf, fill);
	return leave(e, ret);
}

static int op_open(const char *path, struct fuse_file_info *fi)
{
	bool write = (fi->flags & O_ACCMODE) != O_RDONLY || fi->flags & O_TRUNC;
	struct e2 *e = enter();
	struct inode in;
	int ret = find_inode(e, path, NULL, &in);

	if (!ret && write && e->ro)
		ret = -EROFS;
	if (!ret && in.d.i_flags & EXT4_ENCRYPT_FL)
		ret = -ENOKEY;
	if (!ret && write)
		ret = flags_refuse(&in, EXT2_IMMUTABLE_FL);
	if (!ret && write && (!(fi->flags & O_APPEND) || fi->flags & O_TRUNC))
		ret = flags_refuse(&in, EXT2_APPEND_FL);
	if (!ret && fi->flags & O_TRUNC) {
		e->dirty = true;
		ret = file_truncate(e, &in, 0);
	}
	if (!ret)
		ret = open_node(e, in.no, fi);
	if (!ret)
		fi->keep_cache = 1;
	return leave(e, ret);
}

static int op_read(const char *path, char *buf, size_t size, off_t off,
		   struct fuse_file_info *fi)
{
	struct e2 *e = enter();

	(void)path;
	return leave(e, off < 0 ? -EINVAL
				: (int)file_read(e, node_of(fi), buf, size,
						 (uint64_t)off));
}

static off_t op_lseek(const char *path, off_t off, int whence,
		      struct fuse_file_info *fi)
{
	struct e2 *e = enter();
	off_t ret = -ENXIO;

	(void)path;
	if (off >= 0)
		ret = file_lseek(e, node_of(fi), (uint64_t)off, whence);
	(void)leave(e, 0);
	return ret;
}

static int op_statfs(const char *path, struct statvfs *out)
{
	struct e2 *e = enter();

	(void)path;
	attr_statfs(e, out);
	return leave(e, 0);
}

static int op_release(const char *path, struct fuse_file_info *fi)
{
	struct e2 *e = enter();

	(void)path;
	if (node_of(fi)->orphan)
		e->dirty = true;
	return leave(e, node_release(e, node_of(fi)));
}

static int op_flush(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	(void)fi;
	return 0;
}

static int op_fsync(const char *path, int datasync, struct fuse_file_info *fi)
{
	struct e2 *e = enter();

	(void)path;
	(void)datasync;
	(void)fi;
	return leave(e, e->ro ? 0 : e2_sync(e));
}

/* ---- names ---- */

static int make(const char *path, mode_t mode, dev_t rdev,
		struct fuse_file_info *fi)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = namei_create(e, path, mode, rdev, &ino);
	if (!ret && fi)
		ret = open_node(e, ino, fi);
	return leave_rw(e, ret);
}

static int op_mknod(const char *path, mode_t mode, dev_t rdev)
{
	return make(path, mode, rdev, NULL);
}

static int op_mkdir(const char *path, mode_t mode)
{
	return make(path, (mode & 07777) | S_IFDIR, 0, NULL);
}

static int op_create(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	return make(path, (mode & 07777) | S_IFREG, 0, fi);
}

static int op_unlink(const char *path)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	return leave_rw(e, ret ? ret : namei_unlink(e, path));
}

static int op_rmdir(const char *path)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	return leave_rw(e, ret ? ret : namei_rmdir(e, path));
}

static int op_symlink(const char *target, const char *path)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	return leave_rw(e, ret ? ret : namei_symlink(e, target, path));
}

static int op_rename(const char *from, const char *to, unsigned int flags)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	return leave_rw(e, ret ? ret : namei_rename(e, from, to, flags));
}

static int op_link(const char *from, const char *to)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	return leave_rw(e, ret ? ret : namei_link(e, from, to));
}

/* ---- attributes ---- */

static int op_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = find(e, path, fi, &ino);
	return leave_rw(e, ret ? ret : attr_chmod(e, ino, mode));
}

static int op_chown(const char *path, uid_t uid, gid_t gid,
		    struct fuse_file_info *fi)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = find(e, path, fi, &ino);
	return leave_rw(e, ret ? ret : attr_chown(e, ino, uid, gid));
}

static int op_utimens(const char *path, const struct timespec ts[2],
		      struct fuse_file_info *fi)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = find(e, path, fi, &ino);
	return leave_rw(e, ret ? ret : attr_utimens(e, ino, ts));
}

static int op_truncate(const char *path, off_t size, struct fuse_file_info *fi)
{
	struct e2 *e;
	struct inode in;
	int ret = enter_rw(&e);

	if (!ret && size < 0)
		ret = -EINVAL;
	if (!ret)
		ret = find_inode(e, path, fi, &in);
	if (!ret)
		ret = flags_refuse(&in, E2_FROZEN);
	return leave_rw(e, ret ? ret : file_truncate(e, &in, (uint64_t)size));
}

static int op_setxattr(const char *path, const char *name, const char *value,
		       size_t size, int flags)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = find(e, path, NULL, &ino);
	return leave_rw(e, ret ? ret
			       : xattr_set(e, ino, name, value, size, flags));
}

static int op_getxattr(const char *path, const char *name, char *value,
		       size_t size)
{
	struct e2 *e = enter();
	ext2_ino_t ino;
	int ret = find(e, path, NULL, &ino);

	return leave(e, ret ? ret : xattr_get(e, ino, name, value, size));
}

static int op_listxattr(const char *path, char *list, size_t size)
{
	struct e2 *e = enter();
	ext2_ino_t ino;
	int ret = find(e, path, NULL, &ino);

	return leave(e, ret ? ret : xattr_list(e, ino, list, size));
}

static int op_removexattr(const char *path, const char *name)
{
	struct e2 *e;
	ext2_ino_t ino = 0;
	int ret = enter_rw(&e);

	if (!ret)
		ret = find(e, path, NULL, &ino);
	return leave_rw(e, ret ? ret : xattr_remove(e, ino, name));
}

/* ---- contents ---- */

static int op_write(const char *path, const char *buf, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	(void)path;
	if (!ret && off < 0)
		ret = -EINVAL;
	if (!ret)
		ret = (int)file_write(e, node_of(fi), buf, size, (uint64_t)off);
	return leave_rw(e, ret);
}

static int op_fallocate(const char *path, int mode, off_t off, off_t len,
			struct fuse_file_info *fi)
{
	struct e2 *e;
	int ret = enter_rw(&e);

	(void)path;
	if (!ret && (off < 0 || len <= 0))
		ret = -EINVAL;
	if (!ret)
		ret = file_fallocate(e, node_of(fi), mode, (uint64_t)off,
				     (uint64_t)len);
	return leave_rw(e, ret);
}

static int op_ioctl(const char *path, int cmd, void *arg,
		    struct fuse_file_info *fi, unsigned int flags, void *data)
{
	const bool change = flags_is_change((unsigned int)cmd);
	struct e2 *e = NULL;
	ext2_ino_t ino = 0;
	int ret = 0;

	(void)arg;
	(void)flags;
	if (change)
		ret = enter_rw(&e);
	else
		e = enter();
	if (!ret)
		ret = find(e, path, fi, &ino);
	if (!ret)
		ret = flags_ioctl(e, ino, (unsigned int)cmd, data);
	return change ? leave_rw(e, ret) : leave(e, ret);
}

/* ---- life ---- */

static void *op_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	struct e2 *e = fuse_get_context()->private_data;

	(void)conn;
	cfg->use_ino = 1;
	cfg->nullpath_ok = 1;
	cfg->hard_remove = 1;
	e2_start_flusher(e);
	return e;
}

static void op_destroy(void *data)
{
	e2_umount(data);
}

const struct fuse_operations e2_ops = {
	.getattr = op_getattr,
	.readlink = op_readlink,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_unlink,
	.rmdir = op_rmdir,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.chmod = op_chmod,
	.chown = op_chown,
	.truncate = op_truncate,
	.open = op_open,
	.read = op_read,
	.write = op_write,
	.statfs = op_statfs,
	.flush = op_flush,
	.release = op_release,
	.fsync = op_fsync,
	.setxattr = op_setxattr,
	.getxattr = op_getxattr,
	.listxattr = op_listxattr,
	.removexattr = op_removexattr,
	.opendir = op_opendir,
	.readdir = op_readdir,
	.releasedir = op_release,
	.fsyncdir = op_fsync,
	.init = op_init,
	.destroy = op_destroy,
	.create = op_create,
	.utimens = op_utimens,
	.fallocate = op_fallocate,
	.lseek = op_lseek,
	.ioctl = op_ioctl,
};
