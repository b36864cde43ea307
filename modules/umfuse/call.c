// SPDX-License-Identifier: GPL-2.0-or-later
/* call.c - what surrounds each operation: locks, context, trace */
#include "umfuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ERRNO 4095

static void fill_context(struct umfuse_call *c)
{
	const struct um_cred *who = um_caller();
	const struct umfuse_opts *o = &c->mnt->opts;
	struct fuse_context ctx = {
		.fuse = c->fuse,
		.uid = o->has_uid ? o->uid : who->uid,
		.gid = o->has_gid ? o->gid : who->gid,
		.pid = who->pid,
		.private_data = c->fuse->data,
		.umask = who->umask,
	};

	c->saved = umfuse_context_swap(ctx);
}

static int enter(struct umfuse_call *c, struct um_fs *fs, const char *name,
		 bool alone)
{
	struct umfuse *mnt = fs->priv;

	*c = (struct umfuse_call){ .mnt = mnt, .name = name };
	if (atomic_load(&mnt->stop))
		return -ENOTCONN;
	if (alone)
		pthread_rwlock_wrlock(&mnt->tree);
	else
		pthread_rwlock_rdlock(&mnt->tree);
	if (!mnt->alive) {
		pthread_rwlock_unlock(&mnt->tree);
		return -ENOTCONN;
	}
	c->fuse = mnt->fuse;
	fill_context(c);
	if (strcmp(name, "write") != 0)
		umfuse_behind_flush(c);
	return 0;
}

int umfuse_enter(struct umfuse_call *c, struct um_fs *fs, const char *name,
		 const char *path)
{
	int err = enter(c, fs, name, false);

	c->path = path;
	return err;
}

int umfuse_enter_alone(struct umfuse_call *c, struct um_fs *fs,
		       const char *name, const char *path)
{
	int err = enter(c, fs, name, true);

	c->path = path;
	return err;
}

int umfuse_enter_file(struct umfuse_call *c, struct um_fs *fs, const char *name,
		      struct um_fh *fh, struct fuse_file_info *fi)
{
	struct umfuse_file *file = (struct umfuse_file *)(uintptr_t)fh->fh;
	int err = enter(c, fs, name, false);

	if (err)
		return err;
	*fi = file->fi;
	if (c->fuse->cfg.nullpath_ok)
		return 0;
	c->own_path = umfuse_node_path(&c->mnt->nodes, file->node);
	c->path = c->own_path;
	return c->path ? 0 : -ENOMEM;
}

int umfuse_enter_node(struct umfuse_call *c, struct um_fs *fs, const char *name,
		      const char *path, struct um_fh *fh,
		      struct fuse_file_info *fi, struct fuse_file_info **out)
{
	int err;

	*out = NULL;
	if (!fh) {
		err = umfuse_enter(c, fs, name, path);
		return !err && !path ? -ENOENT : err;
	}
	err = umfuse_enter_file(c, fs, name, fh, fi);
	if (!err && path)
		c->path = path;
	*out = fi;
	return err;
}

ssize_t umfuse_leave(struct umfuse_call *c, ssize_t ret)
{
	if (ret < -MAX_ERRNO)
		ret = -ERANGE;
	if (c->mnt->opts.debug)
		um_info("%s: %s %s = %zd", c->mnt->name, c->name,
			c->path ? c->path : "-", ret);
	if (!c->fuse)
		return ret;
	umfuse_context_swap(c->saved);
	pthread_rwlock_unlock(&c->mnt->tree);
	free(c->own_path);
	return ret;
}

int umfuse_leave0(struct umfuse_call *c, int ret)
{
	/* a program that forgot the minus sign: libfuse says the same */
	return (int)umfuse_leave(c, ret > 0 ? -ERANGE : ret);
}
