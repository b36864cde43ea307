// SPDX-License-Identifier: GPL-2.0-or-later
/* make.c - names that come: mkdir, mknod, symlink, link, and open's O_CREAT */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

int viewfs_opaque(struct viewfs *v, const char *real, const char *value)
{
	if (v->no_xattrs)
		return -EOPNOTSUPP;
	return (int)SYS(lsetxattr(real, "user.overlay.opaque", value, 1, 0));
}

bool viewfs_is_refusal(int err)
{
	return err == -EACCES || err == -EPERM || err == -EROFS;
}

/* Who makes a node owns it; in a set-group-ID directory its group does. */
static int give_owner(struct viewfs *v, const char *path, const char *real,
		      mode_t mode, dev_t rdev)
{
	const struct um_cred *who = um_caller();
	struct viewfs_mark m = { 0 };
	struct stat st;

	if (lstat(real, &st) < 0)
		return -errno;
	viewfs_mark_drop(v, &st);
	st.st_uid = who->uid;
	if (!(st.st_gid != getegid() && (st.st_mode & S_ISGID)))
		st.st_gid = who->gid;
	if ((mode & S_IFMT) && (mode & S_IFMT) != (st.st_mode & S_IFMT)) {
		m.set = MARK_MODE | MARK_RDEV;
		m.mode = mode;
		m.rdev = rdev;
	}
	if (mode)
		st.st_mode = (st.st_mode & (S_IFMT | S_ISGID)) | (mode & 07777);
	return viewfs_give_attrs(v, path, real, &st, &m);
}

/* Over the note that the name is gone; the note goes last. */
static int put_over_note(const char *work, const char *real, bool dir)
{
	int ret;

	if (!dir)
		return (int)SYS(rename(work, real));
	ret = (int)SYS(
		renameat2(AT_FDCWD, work, AT_FDCWD, real, RENAME_EXCHANGE));
	if (ret == 0)
		return (int)SYS(unlink(work));
	if (ret != -EINVAL && ret != -ENOSYS)
		return ret;
	ret = (int)SYS(unlink(real));
	return ret < 0 ? ret : (int)SYS(rename(work, real));
}

static int is_there(const char *real)
{
	struct stat st;

	return lstat(real, &st) == 0;
}

static int make_in_store(struct viewfs *v, const char *path, mode_t mode,
			 dev_t rdev, viewfs_make_fn make, void *arg)
{
	char work[PATH_MAX];
	char real[PATH_MAX];
	enum viewfs_kind was;
	struct stat st;
	bool lower;
	int ret = viewfs_join(real, v->store, path);

	if (ret == 0)
		ret = viewfs_work_name(v, work);
	if (ret < 0)
		return ret;
	was = viewfs_names_find(&v->names, path, &lower);
	ret = make(work, arg);
	if (ret < 0)
		return ret;
	if (lstat(work, &st) < 0)
		return -errno;
	/* a link is of a file that has its owner */
	if (st.st_nlink == 1 || S_ISDIR(st.st_mode)) {
		ret = give_owner(v, path, work, mode, rdev);
		viewfs_worm_made(v, work);
	}
	if (ret == 0 && S_ISDIR(st.st_mode))
		viewfs_opaque(v, work, "y");
	if (ret == 0)
		ret = was == KIND_GONE && is_there(real)
			      ? put_over_note(work, real, S_ISDIR(st.st_mode))
			      : (int)SYS(rename(work, real));
	if (ret < 0) {
		if (unlink(work) < 0)
			rmdir(work);
		return ret;
	}
	return viewfs_note(v, path,
			   S_ISDIR(st.st_mode) ? KIND_OPAQUE : KIND_FILE);
}

static int make_locked(struct viewfs *v, const char *path, mode_t mode,
		       dev_t rdev, viewfs_make_fn make, void *arg)
{
	char dir[PATH_MAX];
	struct viewfs_place p;
	char at[PATH_MAX];
	bool lower = true;
	int ret;

	viewfs_parent(dir, path);
	if (!v->store || v->mode == VIEWFS_MINCOW) {
		if (v->store &&
		    viewfs_names_find(&v->names, path, &lower) != KIND_NONE)
			lower = false;
		ret = viewfs_lower_path(v, 0, path, at);
		if (ret == 0)
			ret = lower ? make(at, arg) : -EPERM;
		if (!v->store || !viewfs_is_refusal(ret))
			return ret;
	}
	if (viewfs_find(v, path, &p) == 0)
		return -EEXIST;
	ret = viewfs_copy_up(v, dir, true);
	return ret < 0 ? ret : make_in_store(v, path, mode, rdev, make, arg);
}

int viewfs_make(struct viewfs *v, const char *path, mode_t mode, dev_t rdev,
		viewfs_make_fn make, void *arg)
{
	int ret;

	if (v->readonly || v->mode == VIEWFS_MERGE || v->mode == VIEWFS_GONE ||
	    viewfs_hides(v, path))
		return -EROFS;
	pthread_mutex_lock(&v->change);
	ret = make_locked(v, path, mode, rdev, make, arg);
	pthread_mutex_unlock(&v->change);
	return ret;
}

struct node {
	mode_t mode;
	dev_t rdev;
	bool may_stand_in;
};

static int make_node(const char *real, void *arg)
{
	const struct node *n = arg;
	int ret = (int)SYS(mknod(real, n->mode, n->rdev));

	/* 0:0 would be a note that the name is gone */
	if (ret == -EPERM && n->may_stand_in)
		ret = (int)SYS(mknod(real, S_IFREG | 0600, 0));
	return ret;
}

int viewfs_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev)
{
	struct viewfs *v = fs->priv;
	struct node n = { mode, rdev, v->store && v->mode != VIEWFS_MERGE };

	return viewfs_make(v, path, mode, rdev, make_node, &n);
}

static int make_dir(const char *real, void *arg)
{
	return (int)SYS(mkdir(real, *(const mode_t *)arg));
}

int viewfs_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	return viewfs_make(fs->priv, path, mode, 0, make_dir, &mode);
}

static int make_symlink(const char *real, void *arg)
{
	return (int)SYS(symlink(arg, real));
}

int viewfs_symlink(struct um_fs *fs, const char *target, const char *path)
{
	char text[PATH_MAX];

	if (snprintf(text, sizeof(text), "%s", target) >= PATH_MAX)
		return -ENAMETOOLONG;
	return viewfs_make(fs->priv, path, 0, 0, make_symlink, text);
}

static int make_link(const char *real, void *arg)
{
	return (int)SYS(link(arg, real));
}

/* In the lower directories a link would make their file one of the store's. */
static int link_from(struct viewfs *v, const char *from, char out[PATH_MAX])
{
	struct viewfs_place p;
	int ret = viewfs_find(v, from, &p);

	if (ret < 0)
		return ret;
	if (v->mode == VIEWFS_WORM && !p.in_store)
		return -EROFS;
	if (v->store && v->mode != VIEWFS_MINCOW) {
		pthread_mutex_lock(&v->change);
		ret = viewfs_copy_up(v, from, true);
		pthread_mutex_unlock(&v->change);
		return ret < 0 ? ret : viewfs_join(out, v->store, from);
	}
	memcpy(out, p.path, strlen(p.path) + 1);
	return 0;
}

int viewfs_link(struct um_fs *fs, const char *from, const char *to)
{
	struct viewfs *v = fs->priv;
	char real[PATH_MAX];
	int ret;

	if (v->mode == VIEWFS_MERGE || viewfs_hides(v, to))
		return -EROFS;
	ret = link_from(v, from, real);
	if (ret < 0)
		return ret;
	ret = viewfs_make(v, to, 0, 0, make_link, real);
	if (v->mode != VIEWFS_MINCOW ||
	    (ret != -EXDEV && !viewfs_is_refusal(ret)))
		return ret;
	/* what must not be linked where it lies is copied first */
	pthread_mutex_lock(&v->change);
	ret = viewfs_copy_up(v, from, true);
	if (ret == 0)
		ret = viewfs_join(real, v->store, from);
	pthread_mutex_unlock(&v->change);
	return ret < 0 ? ret : viewfs_make(v, to, 0, 0, make_link, real);
}
