// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - attributes of nodes of a FUSE file system */
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "fuse/ops.h"
#include "fuse/perm.h"

/* What statfs(2) says of any FUSE file system. */
#define FUSE_MAGIC 0x65735546

/* As the kernel packs it: 12 bits of major, 20 of minor number. */
static dev_t decode_dev(uint32_t dev)
{
	return makedev((dev & 0xfff00) >> 8,
		       (dev & 0xff) | ((dev >> 12) & 0xfff00));
}

/* As the kernel does with what a daemon got wrong. */
static struct timespec time_at(uint64_t sec, uint32_t nsec)
{
	return (struct timespec){ (time_t)sec,
				  nsec < 1000000000 ? nsec : 999999999 };
}

void um_fuse_fill_stat(const struct um_fuse_node *n, const struct fuse_attr *a,
		       struct stat *out)
{
	memset(out, 0, sizeof(*out));
	out->st_ino = n->ino;
	out->st_mode = a->mode;
	out->st_nlink = a->nlink;
	out->st_uid = a->uid;
	out->st_gid = a->gid;
	out->st_rdev = decode_dev(a->rdev);
	out->st_size = (off_t)a->size;
	out->st_blocks = (blkcnt_t)a->blocks;
	out->st_blksize = a->blksize ? (blksize_t)a->blksize : 4096;
	out->st_atim = time_at(a->atime, a->atimensec);
	out->st_mtim = time_at(a->mtime, a->mtimensec);
	out->st_ctim = time_at(a->ctime, a->ctimensec);
	if (n->behind_end > a->size)
		out->st_size = (off_t)n->behind_end;
	if (n->behind_time.tv_sec)
		out->st_mtim = out->st_ctim = n->behind_time;
}

static bool is_type(uint32_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
	       S_ISCHR(mode) || S_ISBLK(mode) || S_ISFIFO(mode) ||
	       S_ISSOCK(mode);
}

bool um_fuse_attr_valid(const struct fuse_attr *a)
{
	return is_type(a->mode) && a->size <= INT64_MAX;
}

int um_fuse_target(struct um_fuse *c, const char *path, struct um_fh *fh,
		   struct um_fuse_node **out)
{
	struct um_fuse_file *f = um_fuse_file_of(fh);

	if (!f)
		return um_fuse_resolve(c, path, out);
	*out = um_fuse_node_get(c, f->node);
	return 0;
}

/* A node does not become one of another type. */
static bool same_type(struct um_fuse *c, struct um_fuse_node *n,
		      const struct fuse_attr *a)
{
	bool same;

	um_fuse_lock(c);
	if (n == c->root)
		same = S_ISDIR(a->mode) == S_ISDIR(c->rootmode);
	else
		same = !n->ino || !((n->attr.mode ^ a->mode) & S_IFMT);
	um_fuse_unlock(c);
	return same;
}

int um_fuse_attr_of(struct um_fuse *c, struct um_fuse_node *n,
		    const struct um_fuse_file *f, struct stat *out)
{
	struct fuse_getattr_in in = { 0 };
	struct fuse_attr_out a = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_GETATTR,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &a,
				  .outmax = sizeof(a),
				  .exact = true };
	uint64_t asked = um_fuse_asked(c);
	ssize_t ret;

	if (um_fuse_get_attr(c, n, out))
		return 0;
	if (f && !f->virtual) {
		in.getattr_flags = FUSE_GETATTR_FH;
		in.fh = f->fh;
	}
	ret = um_fuse_call(c, &k);
	if (ret < 0)
		return (int)ret;
	if (!um_fuse_attr_valid(&a.attr) || !same_type(c, n, &a.attr))
		return -EIO;
	um_fuse_set_attr(c, n, &a, asked, out);
	return 0;
}

int um_fuse_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		    struct stat *out)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	int ret = um_fuse_target(c, path, fh, &n);

	if (ret < 0)
		return ret;
	ret = um_fuse_attr_of(c, n, um_fuse_file_of(fh), out);
	um_fuse_node_put(c, n);
	return ret;
}

int um_fuse_setattr(struct um_fuse *c, struct um_fuse_node *n,
		    const struct um_fuse_file *f, struct fuse_setattr_in *in)
{
	struct fuse_attr_out a = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_SETATTR,
				  .node = n->id,
				  .in = { { in, sizeof(*in) } },
				  .nargs = 1,
				  .out = &a,
				  .outmax = sizeof(a),
				  .exact = true };
	uint64_t asked = um_fuse_asked(c);
	ssize_t ret;

	if (f && !f->virtual) {
		in->valid |= FATTR_FH;
		in->fh = f->fh;
	}
	ret = um_fuse_call(c, &k);
	if (ret >= 0 &&
	    (!um_fuse_attr_valid(&a.attr) || !same_type(c, n, &a.attr)))
		ret = -EIO;
	if (ret < 0) {
		um_fuse_forget_attr(c, n);
		return (int)ret;
	}
	um_fuse_attr_changed(c, n, &a, asked);
	return 0;
}

/* Whoever changes the content leaves no program that runs as another. */
static bool has_privilege(struct um_fuse *c, struct um_fuse_node *n,
			  uint32_t *mode)
{
	um_fuse_lock(c);
	*mode = n->attr.mode;
	um_fuse_unlock(c);
	return !(c->flags & FUSE_HANDLE_KILLPRIV) && um_caller()->uid != 0 &&
	       ((*mode & S_ISUID) || ((*mode & S_ISGID) && (*mode & S_IXGRP)));
}

void um_fuse_drop_privilege(struct um_fuse *c, struct um_fuse_node *n,
			    struct fuse_setattr_in *in)
{
	struct fuse_setattr_in alone = { 0 };
	uint32_t mode;

	if (!has_privilege(c, n, &mode))
		return;
	if (!in)
		in = &alone;
	in->valid |= FATTR_MODE;
	in->mode = mode & ~(uint32_t)S_ISUID;
	if (mode & S_IXGRP)
		in->mode &= ~(uint32_t)S_ISGID;
	if (in == &alone)
		(void)um_fuse_setattr(c, n, NULL, in);
}

/* What a change of attributes needs, where modes are checked here. */
typedef int (*allowed_fn)(struct um_fuse *c, struct um_fuse_node *n);

static int may_write(struct um_fuse *c, struct um_fuse_node *n)
{
	return um_fuse_may(c, n, UM_FUSE_W);
}

static int may_touch(struct um_fuse *c, struct um_fuse_node *n)
{
	return um_fuse_may_own(c, n) == 0 ? 0 : um_fuse_may(c, n, UM_FUSE_W);
}

static int change(struct um_fs *fs, const char *path, struct um_fh *fh,
		  struct fuse_setattr_in *in, allowed_fn allowed)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_file *f = um_fuse_file_of(fh);
	struct um_fuse_node *n;
	int ret = um_fuse_target(c, path, fh, &n);

	if (ret < 0)
		return ret;
	/* who has it open for writing may change its size, but no more */
	if (!f || allowed != may_write)
		ret = allowed(c, n);
	if (ret == 0) {
		um_fuse_behind_changes(c, n, in);
		if (in->valid & FATTR_SIZE)
			um_fuse_drop_privilege(c, n, in);
		ret = um_fuse_setattr(c, n, f, in);
	}
	um_fuse_node_put(c, n);
	return ret;
}

int um_fuse_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		  mode_t mode)
{
	struct fuse_setattr_in in = { .valid = FATTR_MODE };
	struct stat st;
	int ret = um_fuse_getattr(fs, path, fh, &st);

	if (ret < 0)
		return ret;
	in.mode = (mode & 07777) | (st.st_mode & S_IFMT);
	return change(fs, path, fh, &in, um_fuse_may_own);
}

int um_fuse_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		  uid_t uid, gid_t gid)
{
	struct fuse_setattr_in in = { .uid = uid, .gid = gid };

	if (uid != (uid_t)-1)
		in.valid |= FATTR_UID;
	if (gid != (gid_t)-1)
		in.valid |= FATTR_GID;
	return change(fs, path, fh, &in, um_fuse_may_own);
}

int um_fuse_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		    const struct timespec ts[2])
{
	struct fuse_setattr_in in = { 0 };
	struct timespec now;
	bool to_now = ts[0].tv_nsec == UTIME_NOW && ts[1].tv_nsec == UTIME_NOW;

	clock_gettime(CLOCK_REALTIME, &now);
	if (ts[0].tv_nsec != UTIME_OMIT) {
		bool set = ts[0].tv_nsec != UTIME_NOW;

		in.valid |= FATTR_ATIME | (set ? 0 : FATTR_ATIME_NOW);
		in.atime = (uint64_t)(set ? ts[0] : now).tv_sec;
		in.atimensec = (uint32_t)(set ? ts[0] : now).tv_nsec;
	}
	if (ts[1].tv_nsec != UTIME_OMIT) {
		bool set = ts[1].tv_nsec != UTIME_NOW;

		in.valid |= FATTR_MTIME | (set ? 0 : FATTR_MTIME_NOW);
		in.mtime = (uint64_t)(set ? ts[1] : now).tv_sec;
		in.mtimensec = (uint32_t)(set ? ts[1] : now).tv_nsec;
	}
	return change(fs, path, fh, &in, to_now ? may_touch : um_fuse_may_own);
}

int um_fuse_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		     off_t size)
{
	struct fuse_setattr_in in = { .valid = FATTR_SIZE,
				      .size = (uint64_t)size };

	return change(fs, path, fh, &in, may_write);
}

static int ask_access(struct um_fuse *c, struct um_fuse_node *n, int mask)
{
	struct fuse_access_in in = { .mask = (uint32_t)mask };
	struct um_fuse_call k = { .opcode = FUSE_ACCESS,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	ssize_t ret;

	if (c->check_modes)
		return um_fuse_may(c, n, mask);
	if (um_fuse_lacks(c, FUSE_ACCESS))
		return 0;
	ret = um_fuse_call(c, &k);
	return ret == -ENOSYS ? 0 : (int)ret;
}

int um_fuse_access(struct um_fs *fs, const char *path, int mask)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	int ret = um_fuse_resolve(c, path, &n);

	if (ret < 0)
		return ret;
	ret = ask_access(c, n, mask);
	um_fuse_node_put(c, n);
	return ret;
}

int um_fuse_statfs(struct um_fs *fs, struct statfs *out)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct fuse_statfs_out s = { 0 };
	struct um_fuse_call k = { .opcode = FUSE_STATFS,
				  .node = FUSE_ROOT_ID,
				  .out = &s,
				  .outmax = sizeof(s),
				  .exact = true };
	ssize_t ret = um_fuse_call(c, &k);

	if (ret < 0)
		return (int)ret;
	out->f_type = FUSE_MAGIC;
	out->f_bsize = s.st.bsize;
	out->f_frsize = s.st.frsize;
	out->f_blocks = s.st.blocks;
	out->f_bfree = s.st.bfree;
	out->f_bavail = s.st.bavail;
	out->f_files = s.st.files;
	out->f_ffree = s.st.ffree;
	out->f_namelen = s.st.namelen;
	return 0;
}
