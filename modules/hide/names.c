// SPDX-License-Identifier: GPL-2.0-or-later
/* names.c - names: asked of the view beneath, if not hidden */
#include "hide.h"

#include <errno.h>
#include <string.h>

struct filter {
	const struct hide *hide;
	um_fill_fn fill;
	void *arg;
};

/*
 * An operation that is only passed on: its name, its parameters, what is said
 * of a hidden path, and the function of the view beneath with its arguments.
 */
#define PASS(type, op, hidden, params, call)                                   \
	static type hide_##op params                                           \
	{                                                                      \
		char real[PATH_MAX];                                           \
		int err = hide_below(fs, path, hidden, real);                  \
                                                                               \
		return err ? err : um_next_##op call;                          \
	}

PASS(ssize_t, readlink, -ENOENT,
     (struct um_fs * fs, const char *path, char *buf, size_t size),
     (fs->next, real, buf, size))
PASS(int, mknod, -EROFS,
     (struct um_fs * fs, const char *path, mode_t mode, dev_t rdev),
     (fs->next, real, mode, rdev))
PASS(int, mkdir, -EROFS, (struct um_fs * fs, const char *path, mode_t mode),
     (fs->next, real, mode))
PASS(int, unlink, -ENOENT, (struct um_fs * fs, const char *path),
     (fs->next, real))
PASS(int, rmdir, -ENOENT, (struct um_fs * fs, const char *path),
     (fs->next, real))
PASS(int, symlink, -EROFS,
     (struct um_fs * fs, const char *target, const char *path),
     (fs->next, target, real))
PASS(int, setxattr, -ENOENT,
     (struct um_fs * fs, const char *path, const char *name, const void *value,
      size_t size, int flags),
     (fs->next, real, name, value, size, flags))
PASS(ssize_t, getxattr, -ENOENT,
     (struct um_fs * fs, const char *path, const char *name, void *buf,
      size_t size),
     (fs->next, real, name, buf, size))
PASS(ssize_t, listxattr, -ENOENT,
     (struct um_fs * fs, const char *path, char *buf, size_t size),
     (fs->next, real, buf, size))
PASS(int, removexattr, -ENOENT,
     (struct um_fs * fs, const char *path, const char *name),
     (fs->next, real, name))

static int filter(void *arg, const char *name, uint64_t ino, unsigned char type)
{
	const struct filter *f = arg;

	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    hide_matches(f->hide, name))
		return 0;
	return f->fill(f->arg, name, ino, type);
}

static int hide_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	struct filter f = { fs->priv, fill, arg };
	char real[PATH_MAX];
	int err = hide_below(fs, path, -ENOENT, real);

	return err ? err : um_next_readdir(fs->next, real, filter, &f);
}

static int hide_rename(struct um_fs *fs, const char *from, const char *to,
		       unsigned int flags)
{
	char a[PATH_MAX], b[PATH_MAX];
	int err = hide_below(fs, from, -ENOENT, a);

	if (!err)
		err = hide_below(fs, to, -EROFS, b);
	return err ? err : um_next_rename(fs->next, a, b, flags);
}

static int hide_link(struct um_fs *fs, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	int err = hide_below(fs, from, -ENOENT, a);

	if (!err)
		err = hide_below(fs, to, -EROFS, b);
	return err ? err : um_next_link(fs->next, a, b);
}

void hide_names(struct um_fs_ops *ops)
{
	ops->readlink = hide_readlink;
	ops->readdir = hide_readdir;
	ops->mknod = hide_mknod;
	ops->mkdir = hide_mkdir;
	ops->unlink = hide_unlink;
	ops->rmdir = hide_rmdir;
	ops->symlink = hide_symlink;
	ops->rename = hide_rename;
	ops->link = hide_link;
	ops->setxattr = hide_setxattr;
	ops->getxattr = hide_getxattr;
	ops->listxattr = hide_listxattr;
	ops->removexattr = hide_removexattr;
}
