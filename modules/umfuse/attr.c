// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - operations on the attributes of nodes */
#include "ops.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

#define DEFAULT_BSIZE	512
#define DEFAULT_NAMEMAX 255

/* What options of the program change in the attributes. */
static void apply_config(const struct fuse_config *cfg, struct stat *st)
{
	if (cfg->set_mode)
		st->st_mode = (st->st_mode & S_IFMT) | (0777 & ~cfg->umask);
	if (cfg->set_uid)
		st->st_uid = cfg->uid;
	if (cfg->set_gid)
		st->st_gid = cfg->gid;
}

static uint64_t number(struct umfuse_call *c, const char *path)
{
	return path ? umfuse_node_ino(&c->mnt->nodes, path) : 0;
}

/*
 * umfuse_getattr() - attributes of a node, within an operation
 * @fi: may be NULL
 */
int umfuse_getattr(struct umfuse_call *c, const char *path,
		   struct fuse_file_info *fi, struct stat *out)
{
	int err;

	memset(out, 0, sizeof(*out));
	if (!c->fuse->op.getattr)
		return -ENOSYS;
	err = c->fuse->op.getattr(path, out, fi);
	if (err)
		return err;
	apply_config(&c->fuse->cfg, out);
	if (!c->fuse->cfg.use_ino || out->st_ino == 0)
		out->st_ino = number(c, path);
	return 0;
}

int umfuse_op_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		      struct stat *out)
{
	struct fuse_file_info fi, *fip;
	struct umfuse_file *file;
	struct umfuse_call c;
	int err = umfuse_enter_node(&c, fs, "getattr", path, fh, &fi, &fip);

	if (!err)
		err = umfuse_getattr(&c, c.path, fip, out);
	if (!err && fip && !c.fuse->cfg.use_ino) {
		file = (struct umfuse_file *)(uintptr_t)fh->fh;
		out->st_ino = umfuse_node_number(file->node);
	}
	return umfuse_leave0(&c, err);
}

int umfuse_op_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		    mode_t mode)
{
	struct fuse_file_info fi, *fip;
	struct umfuse_call c;
	int err = umfuse_enter_node(&c, fs, "chmod", path, fh, &fi, &fip);

	if (!err)
		err = c.fuse->op.chmod(c.path, mode, fip);
	return umfuse_leave0(&c, err);
}

int umfuse_op_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		    uid_t uid, gid_t gid)
{
	struct fuse_file_info fi, *fip;
	struct umfuse_call c;
	int err = umfuse_enter_node(&c, fs, "chown", path, fh, &fi, &fip);

	if (!err)
		err = c.fuse->op.chown(c.path, uid, gid, fip);
	return umfuse_leave0(&c, err);
}

int umfuse_op_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		      const struct timespec ts[2])
{
	struct fuse_file_info fi, *fip;
	struct umfuse_call c;
	int err = umfuse_enter_node(&c, fs, "utimens", path, fh, &fi, &fip);

	if (!err)
		err = c.fuse->op.utimens(c.path, ts, fip);
	return umfuse_leave0(&c, err);
}

int umfuse_op_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		       off_t size)
{
	struct fuse_file_info fi, *fip;
	struct umfuse_call c;
	int err = umfuse_enter_node(&c, fs, "truncate", path, fh, &fi, &fip);

	if (!err)
		err = c.fuse->op.truncate(c.path, size, fip);
	return umfuse_leave0(&c, err);
}

static void to_statfs(const struct statvfs *in, struct statfs *out)
{
	*out = (struct statfs){ .f_type = UMFUSE_MAGIC };
	out->f_bsize = (long)in->f_bsize;
	out->f_frsize = (long)(in->f_frsize ? in->f_frsize : in->f_bsize);
	out->f_blocks = in->f_blocks;
	out->f_bfree = in->f_bfree;
	out->f_bavail = in->f_bavail;
	out->f_files = in->f_files;
	out->f_ffree = in->f_ffree;
	out->f_namelen = (long)in->f_namemax;
}

int umfuse_op_statfs(struct um_fs *fs, struct statfs *out)
{
	struct statvfs buf = { 0 };
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "statfs", "/");

	if (!err) {
		err = c.fuse->op.statfs ? c.fuse->op.statfs("/", &buf)
					: -ENOSYS;
		if (err == -ENOSYS) {
			buf.f_bsize = DEFAULT_BSIZE;
			buf.f_namemax = DEFAULT_NAMEMAX;
			err = 0;
		}
		to_statfs(&buf, out);
	}
	return umfuse_leave0(&c, err);
}

/* --- extended attributes --- */

static ssize_t no_xattr(ssize_t ret)
{
	return ret == -ENOSYS ? -EOPNOTSUPP : ret;
}

int umfuse_op_setxattr(struct um_fs *fs, const char *path, const char *name,
		       const void *value, size_t size, int flags)
{
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "setxattr", path);

	if (!err)
		err = c.fuse->op.setxattr(path, name, value, size, flags);
	return umfuse_leave0(&c, (int)no_xattr(err));
}

ssize_t umfuse_op_getxattr(struct um_fs *fs, const char *path, const char *name,
			   void *buf, size_t size)
{
	struct umfuse_call c;
	ssize_t ret = umfuse_enter(&c, fs, "getxattr", path);

	if (!ret)
		ret = c.fuse->op.getxattr(path, name, buf, size);
	if (size && ret > (ssize_t)size)
		ret = -ERANGE;
	return umfuse_leave(&c, no_xattr(ret));
}

ssize_t umfuse_op_listxattr(struct um_fs *fs, const char *path, char *buf,
			    size_t size)
{
	struct umfuse_call c;
	ssize_t ret = umfuse_enter(&c, fs, "listxattr", path);

	if (!ret)
		ret = c.fuse->op.listxattr(path, buf, size);
	if (size && ret > (ssize_t)size)
		ret = -ERANGE;
	return umfuse_leave(&c, no_xattr(ret));
}

int umfuse_op_removexattr(struct um_fs *fs, const char *path, const char *name)
{
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "removexattr", path);

	if (!err)
		err = c.fuse->op.removexattr(path, name);
	return umfuse_leave0(&c, (int)no_xattr(err));
}
