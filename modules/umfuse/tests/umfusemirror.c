// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusemirror.c - a FUSE program that knows nothing of umview: shows another
 * directory by libc's own calls
 *
 * What it opens and lists must come from the view beneath its mount.
 */
#define FUSE_USE_VERSION 31

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char source[PATH_MAX];

static const char *there(const char *path, char *buf)
{
	snprintf(buf, 2 * PATH_MAX, "%s%s", source, path);
	return buf;
}

static int mirror_getattr(const char *path, struct stat *st,
			  struct fuse_file_info *fi)
{
	char buf[2 * PATH_MAX];

	(void)fi;
	return lstat(there(path, buf), st) < 0 ? -errno : 0;
}

static int mirror_readdir(const char *path, void *out, fuse_fill_dir_t fill,
			  off_t off, struct fuse_file_info *fi,
			  enum fuse_readdir_flags flags)
{
	char buf[2 * PATH_MAX];
	struct dirent *e;
	DIR *dir = opendir(there(path, buf));

	(void)off;
	(void)fi;
	(void)flags;
	if (!dir)
		return -errno;
	while ((e = readdir(dir)))
		fill(out, e->d_name, NULL, 0, (enum fuse_fill_dir_flags)0);
	closedir(dir);
	return 0;
}

static int mirror_open(const char *path, struct fuse_file_info *fi)
{
	char buf[2 * PATH_MAX];
	int fd = open(there(path, buf), fi->flags & ~O_CREAT);

	if (fd < 0)
		return -errno;
	fi->fh = (uint64_t)fd;
	return 0;
}

static int mirror_create(const char *path, mode_t mode,
			 struct fuse_file_info *fi)
{
	char buf[2 * PATH_MAX];
	int fd = open(there(path, buf), fi->flags | O_CREAT, mode);

	if (fd < 0)
		return -errno;
	fi->fh = (uint64_t)fd;
	return 0;
}

static int mirror_read(const char *path, char *buf, size_t n, off_t off,
		       struct fuse_file_info *fi)
{
	ssize_t got = pread((int)fi->fh, buf, n, off);

	(void)path;
	return got < 0 ? -errno : (int)got;
}

static int mirror_write(const char *path, const char *buf, size_t n, off_t off,
			struct fuse_file_info *fi)
{
	ssize_t put = pwrite((int)fi->fh, buf, n, off);

	(void)path;
	return put < 0 ? -errno : (int)put;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are FUSE's */
static ssize_t mirror_copy_file_range(const char *path_in,
				      struct fuse_file_info *in, off_t off_in,
				      const char *path_out,
				      struct fuse_file_info *out, off_t off_out,
				      size_t size, int flags)
{
	ssize_t n = copy_file_range((int)in->fh, &off_in, (int)out->fh,
				    &off_out, size, (unsigned int)flags);

	(void)path_in;
	(void)path_out;
	return n < 0 ? -errno : n;
}

static int mirror_truncate(const char *path, off_t size,
			   struct fuse_file_info *fi)
{
	char buf[2 * PATH_MAX];

	if (fi)
		return ftruncate((int)fi->fh, size) < 0 ? -errno : 0;
	return truncate(there(path, buf), size) < 0 ? -errno : 0;
}

static int mirror_mkdir(const char *path, mode_t mode)
{
	char buf[2 * PATH_MAX];

	return mkdir(there(path, buf), mode) < 0 ? -errno : 0;
}

static int mirror_unlink(const char *path)
{
	char buf[2 * PATH_MAX];

	return unlink(there(path, buf)) < 0 ? -errno : 0;
}

static int mirror_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	close((int)fi->fh);
	return 0;
}

static const struct fuse_operations mirror_ops = {
	.getattr = mirror_getattr,
	.readdir = mirror_readdir,
	.open = mirror_open,
	.create = mirror_create,
	.read = mirror_read,
	.write = mirror_write,
	.copy_file_range = mirror_copy_file_range,
	.truncate = mirror_truncate,
	.mkdir = mirror_mkdir,
	.unlink = mirror_unlink,
	.release = mirror_release,
};

/* umfusemirror [-o options] directory mountpoint */
int main(int argc, char **argv)
{
	if (argc < 3)
		return 1;
	snprintf(source, sizeof(source), "%s", argv[argc - 2]);
	argv[argc - 2] = argv[argc - 1];
	return fuse_main(argc - 1, argv, &mirror_ops, NULL);
}
