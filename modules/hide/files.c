// SPDX-License-Identifier: GPL-2.0-or-later
/* files.c - open files of hide: those of the view beneath */
#include "hide.h"

#include <errno.h>
#include <fcntl.h>

static int hide_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			 off_t size)
{
	char real[PATH_MAX];
	int err;

	if (fh)
		return um_next_ftruncate(file_of(fh), size);
	err = hide_below(fs, path, -ENOENT, real);
	return err ? err : um_next_truncate(fs->next, real, size);
}

static int open_below(struct um_fs *fs, const char *path, int flags,
		      mode_t mode, struct um_fh *fh)
{
	int hidden = (flags & O_CREAT) ? -EROFS : -ENOENT;
	struct um_next_file *file = NULL;
	char real[PATH_MAX];
	int err = hide_below(fs, path, hidden, real);

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

void hide_files(struct um_fs_ops *ops)
{
	ops->truncate = hide_truncate;
	ops->open = hide_open;
	ops->create = hide_create;
	ops->read = hide_read;
	ops->write = hide_write;
	ops->fallocate = hide_fallocate;
	ops->fsync = hide_fsync;
	ops->release = hide_release;
}
