// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hide.c - a directory without some of its names
 *
 * The template of a module that transforms what is beneath it: every operation
 * goes to the view beneath (um_next_*) on the source directory, but for paths
 * with a component that matches the pattern. Those do not exist (ENOENT) and
 * cannot be made (EROFS).
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include <umview/module.h>

struct hide {
	char *source;
	char *pattern;
};

struct filter {
	const struct hide *hide;
	um_fill_fn fill;
	void *arg;
};

static bool is_hidden(const struct hide *hide, const char *path)
{
	char name[NAME_MAX + 1];

	while (*(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		snprintf(name, sizeof(name), "%.*s", (int)n, path);
		if (n < sizeof(name) &&
		    fnmatch(hide->pattern, name, FNM_PERIOD) == 0)
			return true;
		path += n;
	}
	return false;
}

/* The path beneath; hidden: what is said of a path that is not to be seen. */
static int below(struct um_fs *fs, const char *path, int hidden,
		 char out[PATH_MAX])
{
	const struct hide *hide = fs->priv;
	int n;

	if (!path || is_hidden(hide, path))
		return hidden;
	n = snprintf(out, PATH_MAX, "%s%s", hide->source, path[1] ? path : "");
	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static struct um_next_file *file_of(struct um_fh *fh)
{
	return (struct um_next_file *)(uintptr_t)fh->fh;
}

/*
 * An operation that is only passed on: its name, its parameters, what is said
 * of a hidden path, and the function of the view beneath with its arguments.
 */
#define PASS(type, op, hidden, params, call)                                   \
	static type hide_##op params                                           \
	{                                                                      \
		char real[PATH_MAX];                                           \
		int err = below(fs, path, hidden, real);                       \
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

/* The same with a file that may be open; a node without a name has none. */
#define PASS_FH(op, params, call)                                              \
	static int hide_##op params                                            \
	{                                                                      \
		char real[PATH_MAX];                                           \
		int err = below(fs, path, -ENOENT, real);                      \
                                                                               \
		(void)fh;                                                      \
		return err ? err : um_next_##op call;                          \
	}

PASS_FH(chmod,
	(struct um_fs * fs, const char *path, struct um_fh *fh, mode_t mode),
	(fs->next, real, mode))
PASS_FH(chown,
	(struct um_fs * fs, const char *path, struct um_fh *fh, uid_t uid,
	 gid_t gid),
	(fs->next, real, uid, gid))
PASS_FH(utimens,
	(struct um_fs * fs, const char *path, struct um_fh *fh,
	 const struct timespec ts[2]),
	(fs->next, real, ts))

static int hide_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	char real[PATH_MAX];
	int err;

	if (fh)
		return um_next_fstat(file_of(fh), out);
	err = below(fs, path, -ENOENT, real);
	return err ? err : um_next_lstat(fs->next, real, out);
}

static int hide_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			 off_t size)
{
	char real[PATH_MAX];
	int err;

	if (fh)
		return um_next_ftruncate(file_of(fh), size);
	err = below(fs, path, -ENOENT, real);
	return err ? err : um_next_truncate(fs->next, real, size);
}

static int filter(void *arg, const char *name, uint64_t ino, unsigned char type)
{
	const struct filter *f = arg;

	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	    is_hidden(f->hide, name))
		return 0;
	return f->fill(f->arg, name, ino, type);
}

static int hide_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	struct filter f = { fs->priv, fill, arg };
	char real[PATH_MAX];
	int err = below(fs, path, -ENOENT, real);

	return err ? err : um_next_readdir(fs->next, real, filter, &f);
}

static int hide_rename(struct um_fs *fs, const char *from, const char *to,
		       unsigned int flags)
{
	char a[PATH_MAX], b[PATH_MAX];
	int err = below(fs, from, -ENOENT, a);

	if (!err)
		err = below(fs, to, -EROFS, b);
	return err ? err : um_next_rename(fs->next, a, b, flags);
}

static int hide_link(struct um_fs *fs, const char *from, const char *to)
{
	char a[PATH_MAX], b[PATH_MAX];
	int err = below(fs, from, -ENOENT, a);

	if (!err)
		err = below(fs, to, -EROFS, b);
	return err ? err : um_next_link(fs->next, a, b);
}

static int hide_statfs(struct um_fs *fs, struct statfs *out)
{
	const struct hide *hide = fs->priv;

	return um_next_statfs(fs->next, hide->source, out);
}

static int open_below(struct um_fs *fs, const char *path, int flags,
		      mode_t mode, struct um_fh *fh)
{
	int hidden = (flags & O_CREAT) ? -EROFS : -ENOENT;
	struct um_next_file *file = NULL;
	char real[PATH_MAX];
	int err = below(fs, path, hidden, real);

	if (!err)
		err = um_next_open(fs->next, real, flags, mode, &file);
	if (!err)
		fh->fh = (uintptr_t)file;
	return err;
}

/* Writes come with their offsets: O_APPEND would make the kernel ignore them */
static int hide_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	return open_below(fs, path, fh->flags & ~(O_APPEND | O_CREAT), 0, fh);
}

static int hide_create(struct um_fs *fs, const char *path, mode_t mode,
		       struct um_fh *fh)
{
	int flags = (fh->flags & ~O_APPEND) | O_CREAT | O_EXCL;

	return open_below(fs, path, flags, mode, fh);
}

static ssize_t hide_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t size, off_t off)
{
	(void)fs;
	return um_next_pread(file_of(fh), buf, size, off);
}

static ssize_t hide_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t size, off_t off)
{
	(void)fs;
	return um_next_pwrite(file_of(fh), buf, size, off);
}

static int hide_fallocate(struct um_fs *fs, struct um_fh *fh, int mode,
			  off_t off, off_t len)
{
	(void)fs;
	return um_next_fallocate(file_of(fh), mode, off, len);
}

static int hide_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	(void)fs;
	return um_next_fsync(file_of(fh), datasync);
}

static void hide_release(struct um_fs *fs, struct um_fh *fh)
{
	(void)fs;
	um_next_close(file_of(fh));
}

static void hide_umount(struct um_fs *fs)
{
	struct hide *hide = fs->priv;

	free(hide->source);
	free(hide->pattern);
	free(hide);
}

static const struct um_fs_ops hide_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = hide_getattr,
	.readlink = hide_readlink,
	.readdir = hide_readdir,
	.mknod = hide_mknod,
	.mkdir = hide_mkdir,
	.unlink = hide_unlink,
	.rmdir = hide_rmdir,
	.symlink = hide_symlink,
	.rename = hide_rename,
	.link = hide_link,
	.chmod = hide_chmod,
	.chown = hide_chown,
	.utimens = hide_utimens,
	.truncate = hide_truncate,
	.statfs = hide_statfs,
	.setxattr = hide_setxattr,
	.getxattr = hide_getxattr,
	.listxattr = hide_listxattr,
	.removexattr = hide_removexattr,
	.open = hide_open,
	.create = hide_create,
	.read = hide_read,
	.write = hide_write,
	.fallocate = hide_fallocate,
	.fsync = hide_fsync,
	.release = hide_release,
	.umount = hide_umount,
};

static int hide_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct hide *hide = calloc(1, sizeof(*hide));

	if (strncmp(req->options, "hide=", 5) != 0 || !req->options[5]) {
		um_err("hide: option hide=PATTERN is needed");
		free(hide);
		return -EINVAL;
	}
	fs->priv = hide;
	fs->ops = &hide_ops;
	fs->readonly = req->flags & MS_RDONLY;
	fs->unlink_open = true;
	if (hide) {
		hide->source = strdup(req->source);
		hide->pattern = strdup(req->options + 5);
	}
	if (hide && hide->source && hide->pattern)
		return 0;
	um_err("hide: out of memory");
	if (hide)
		hide_umount(fs);
	return -ENOMEM;
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(struct um_module),
	.name = "hide",
	.description = "a directory without the names that match a pattern",
	.options = "hide=PATTERN  names to hide, as fnmatch(3)\n",
	.mount = hide_mount,
};
