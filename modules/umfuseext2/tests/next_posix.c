// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * next_posix.c - the view beneath a mount, as plain files of the host
 *
 * For tests: what umfuseext2 asks of umview, without umview. A test may let
 * the calls fail: next_fail_after counts down, and at zero all writes and
 * syncs answer next_fail_with.
 */
#include "next_posix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/fs.h>
#include <umview/next.h>

struct um_next_file {
	int fd;
};

long next_fail_after = -1;
int next_fail_with = -EIO;
unsigned long next_failures;

static int failing(void)
{
	if (next_fail_after < 0)
		return 0;
	if (next_fail_after > 0) {
		next_fail_after--;
		return 0;
	}
	next_failures++;
	return next_fail_with;
}

struct um_next *um_next_current(void)
{
	static int beneath;

	return (struct um_next *)(void *)&beneath;
}

int um_next_open(struct um_next *next, const char *path, int flags, mode_t mode,
		 struct um_next_file **out)
{
	struct um_next_file *f = malloc(sizeof(*f));
	int err;

	(void)next;
	if (!f)
		return -ENOMEM;
	f->fd = open(path, flags | O_CLOEXEC, mode);
	if (f->fd < 0) {
		err = errno;
		free(f);
		return -err;
	}
	*out = f;
	return 0;
}

void um_next_close(struct um_next_file *file)
{
	close(file->fd);
	free(file);
}

int um_next_lock(struct um_next_file *file, bool writes)
{
	(void)file;
	(void)writes;
	return 0;
}

ssize_t um_next_pread(struct um_next_file *file, void *buf, size_t n, off_t off)
{
	ssize_t ret = pread(file->fd, buf, n, off);

	return ret < 0 ? -errno : ret;
}

ssize_t um_next_pwrite(struct um_next_file *file, const void *buf, size_t n,
		       off_t off)
{
	ssize_t ret = failing();

	if (ret)
		return ret;
	ret = pwrite(file->fd, buf, n, off);
	return ret < 0 ? -errno : ret;
}

int um_next_fsync(struct um_next_file *file, bool datasync)
{
	int ret = failing();

	if (ret)
		return ret;
	ret = datasync ? fdatasync(file->fd) : fsync(file->fd);
	return ret < 0 ? -errno : 0;
}

int um_next_size(struct um_next_file *file, uint64_t *out)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		return ioctl(file->fd, BLKGETSIZE64, out) < 0 ? -errno : 0;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	*out = (uint64_t)st.st_size;
	return 0;
}
