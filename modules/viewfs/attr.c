// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - changes of attributes, and extended attributes */
#include "viewfs.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* A change of one node, where it lies. */
typedef int (*change_fn)(struct viewfs *v, const char *path,
			 const struct viewfs_place *p, void *arg);

static int in_store(struct viewfs *v, const char *path, bool data,
		    change_fn change, void *arg)
{
	struct viewfs_place p = { 0 };
	int ret = viewfs_copy_up(v, path, data);

	if (ret == 0)
		ret = viewfs_find(v, path, &p);
	if (ret == 0 && !strcmp(path, "/")) {
		p.in_store = true;
		ret = viewfs_join(p.path, v->store, "/");
	}
	return ret < 0 ? ret : change(v, path, &p, arg);
}

/* A change that is allowed. */
static int do_change(struct viewfs *v, const char *path, bool data,
		     change_fn change, void *arg)
{
	struct viewfs_place p = { 0 };
	int ret = viewfs_find(v, path, &p);

	if (ret < 0)
		return ret;
	if (!v->store)
		return change(v, path, &p, arg);
	pthread_mutex_lock(&v->change);
	ret = -EPERM;
	if (v->mode == VIEWFS_MINCOW && !p.in_store)
		ret = change(v, path, &p, arg);
	if (viewfs_is_refusal(ret))
		ret = in_store(v, path, data, change, arg);
	pthread_mutex_unlock(&v->change);
	return ret;
}

static int on_node(struct viewfs *v, const char *path, bool data,
		   change_fn change, void *arg)
{
	int ret = path ? viewfs_check_change(v, path) : -ENOENT;

	return ret < 0 ? ret : do_change(v, path, data, change, arg);
}

/* Of a node in the store: what it cannot be is told by its mark. */
static int give(struct viewfs *v, const char *path,
		const struct viewfs_place *p, const struct stat *want)
{
	struct viewfs_mark m = { 0 };
	struct stat st;

	if (lstat(p->path, &st) < 0)
		return -errno;
	if (viewfs_mark_get(v, &st, &m))
		m.set &= MARK_FROM | MARK_RDEV |
			 ((m.mode & S_IFMT) ? MARK_MODE : 0);
	if (m.set & MARK_MODE)
		m.mode = (m.mode & S_IFMT) | (want->st_mode & 07777);
	if (!m.set && st.st_uid == want->st_uid && st.st_gid == want->st_gid)
		viewfs_mark_drop(v, &st);
	return viewfs_give_attrs(v, path, p->path, want, &m);
}

static int change_mode(struct viewfs *v, const char *path,
		       const struct viewfs_place *p, void *arg)
{
	struct stat want = p->st;
	mode_t mode = *(const mode_t *)arg;

	if (!p->in_store)
		return (int)SYS(chmod(p->path, mode));
	want.st_mode = (want.st_mode & S_IFMT) | mode;
	return give(v, path, p, &want);
}

int viewfs_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		 mode_t mode)
{
	(void)fh;
	if (path && viewfs_worm_has(fs->priv, path, mode, (uid_t)-1, (gid_t)-1))
		return 0;
	return on_node(fs->priv, path, true, change_mode, &mode);
}

struct owner {
	uid_t uid;
	gid_t gid;
};

static int change_owner(struct viewfs *v, const char *path,
			const struct viewfs_place *p, void *arg)
{
	const struct owner *o = arg;
	struct stat want = p->st;

	if (!p->in_store)
		return (int)SYS(lchown(p->path, o->uid, o->gid));
	if (o->uid != (uid_t)-1)
		want.st_uid = o->uid;
	if (o->gid != (gid_t)-1)
		want.st_gid = o->gid;
	/* chown(2) takes these away from what can be executed */
	if (S_ISREG(want.st_mode) && (want.st_mode & 0111))
		want.st_mode &= ~(mode_t)06000;
	return give(v, path, p, &want);
}

int viewfs_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		 uid_t uid, gid_t gid)
{
	struct owner o = { uid, gid };

	(void)fh;
	if (path && viewfs_worm_has(fs->priv, path, (mode_t)-1, uid, gid))
		return 0;
	return on_node(fs->priv, path, true, change_owner, &o);
}

static int change_times(struct viewfs *v, const char *path,
			const struct viewfs_place *p, void *arg)
{
	(void)v;
	(void)path;
	return (int)SYS(utimensat(AT_FDCWD, p->path, arg, AT_SYMLINK_NOFOLLOW));
}

int viewfs_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		   const struct timespec ts[2])
{
	struct timespec copy[2] = { ts[0], ts[1] };
	struct viewfs *v = fs->priv;

	(void)fh;
	if (path && !v->readonly && viewfs_worm_is_dir(v, path))
		return do_change(v, path, true, change_times, copy);
	return on_node(fs->priv, path, true, change_times, copy);
}

static int change_size(struct viewfs *v, const char *path,
		       const struct viewfs_place *p, void *arg)
{
	(void)v;
	(void)path;
	return (int)SYS(truncate(p->path, *(const off_t *)arg));
}

int viewfs_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		    off_t size)
{
	const struct viewfs *v = fs->priv;

	(void)fh;
	/* a worm's file is written by the descriptor that came with it */
	if (v->mode == VIEWFS_WORM)
		return -EROFS;
	return on_node(fs->priv, path, size != 0, change_size, &size);
}

/* What the store itself keeps in attributes is not the guest's. */
bool viewfs_is_own_xattr(const char *name)
{
	return !strncmp(name, "user.overlay.", 13) ||
	       !strncmp(name, "trusted.overlay.", 16) ||
	       !strncmp(name, "user.viewfs.", 12);
}

struct attribute {
	const char *name;
	const void *value;
	size_t size;
	int flags;
};

static int set_one(struct viewfs *v, const char *path,
		   const struct viewfs_place *p, void *arg)
{
	const struct attribute *a = arg;

	(void)v;
	(void)path;
	return (int)SYS(
		lsetxattr(p->path, a->name, a->value, a->size, a->flags));
}

int viewfs_setxattr(struct um_fs *fs, const char *path, const char *name,
		    const void *value, size_t size, int flags)
{
	struct viewfs *v = fs->priv;
	struct attribute a = { name, value, size, flags };

	if (v->store && viewfs_is_own_xattr(name))
		return -EPERM;
	return on_node(v, path, true, set_one, &a);
}

static int remove_one(struct viewfs *v, const char *path,
		      const struct viewfs_place *p, void *arg)
{
	(void)v;
	(void)path;
	return (int)SYS(lremovexattr(p->path, arg));
}

int viewfs_removexattr(struct um_fs *fs, const char *path, const char *name)
{
	struct viewfs *v = fs->priv;
	struct viewfs_place p = { 0 };
	char copy[256];
	int ret;

	snprintf(copy, sizeof(copy), "%s", name);
	if (v->store && viewfs_is_own_xattr(name))
		return -ENODATA;
	/* what is not there need not be copied to be removed */
	ret = viewfs_find(v, path, &p);
	if (ret == 0 && lgetxattr(p.path, name, NULL, 0) < 0)
		ret = -errno;
	return ret < 0 ? ret : on_node(v, path, true, remove_one, copy);
}

ssize_t viewfs_getxattr(struct um_fs *fs, const char *path, const char *name,
			void *buf, size_t size)
{
	struct viewfs *v = fs->priv;
	struct viewfs_place p = { 0 };
	int ret;

	if (v->store && viewfs_is_own_xattr(name))
		return -ENODATA;
	ret = viewfs_find(v, path, &p);
	return ret < 0 ? ret : SYS(lgetxattr(p.path, name, buf, size));
}

ssize_t viewfs_listxattr(struct um_fs *fs, const char *path, char *buf,
			 size_t size)
{
	static const size_t room = 65536;
	struct viewfs *v = fs->priv;
	FREE char *all = malloc(room);
	struct viewfs_place p = { 0 };
	size_t len = 0;
	ssize_t n;
	int ret = viewfs_find(v, path, &p);

	if (ret < 0 || !all)
		return ret < 0 ? ret : -ENOMEM;
	n = SYS(llistxattr(p.path, all, room));
	for (char *name = all; n > 0 && name < all + n;
	     name += strlen(name) + 1) {
		size_t one = strlen(name) + 1;

		if (v->store && viewfs_is_own_xattr(name))
			continue;
		if (size && len + one > size)
			return -ERANGE;
		if (size)
			memcpy(buf + len, name, one);
		len += one;
	}
	return n < 0 ? n : (ssize_t)len;
}
