// SPDX-License-Identifier: GPL-2.0-or-later
/* fsfile.c - hops about open files */
#include <fcntl.h>
#include <poll.h>

#include "vnode/hop.h"

int um_fs_open(struct um_mount *m, const char *path, struct um_fh *fh)
{
	if (um_mount_is_readonly(m) &&
	    ((fh->flags & O_ACCMODE) != O_RDONLY || (fh->flags & O_TRUNC)))
		return -EROFS;
	return (int)HOP(m, open, path, -ENOSYS, path, fh);
}

ssize_t um_fs_read(struct um_mount *m, struct um_fh *fh, void *buf, size_t n,
		   off_t off)
{
	return um_hop_counted(m, "read",
			      HOP(m, read, NULL, -EINVAL, fh, buf, n, off), n);
}

ssize_t um_fs_write(struct um_mount *m, struct um_fh *fh, const void *buf,
		    size_t n, off_t off)
{
	return um_hop_counted(m, "write",
			      HOP(m, write, NULL, -EINVAL, fh, buf, n, off), n);
}

int um_fs_fallocate(struct um_mount *m, struct um_fh *fh, int mode, off_t off,
		    off_t len)
{
	return (int)HOP(m, fallocate, NULL, -EOPNOTSUPP, fh, mode, off, len);
}

int um_fs_fsync(struct um_mount *m, struct um_fh *fh, bool datasync)
{
	return (int)HOP(m, fsync, NULL, 0, fh, datasync);
}

/* Without the operation: all data up to the end, one hole after it. */
static off_t all_data(struct um_mount *m, struct um_fh *fh, off_t off,
		      int whence)
{
	struct stat st;
	int ret = um_fs_getattr(m, NULL, fh, &st);

	if (ret < 0)
		return ret;
	if (off < 0 || off >= st.st_size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : st.st_size;
}

off_t um_fs_lseek(struct um_mount *m, struct um_fh *fh, off_t off, int whence)
{
	off_t ret = HOP(m, lseek, NULL, -ENOSYS, fh, off, whence);

	return ret == -ENOSYS ? all_data(m, fh, off, whence) : ret;
}

ssize_t um_fs_copy(struct um_mount *m, struct um_fh *in, off_t in_off,
		   struct um_fh *out, off_t out_off, size_t n)
{
	ssize_t ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	if (!HAS(m, copy_file_range))
		return -EOPNOTSUPP;
	ret = HOP(m, copy_file_range, NULL, -EOPNOTSUPP, in, in_off, out,
		  out_off, n);
	return ret == -ENOSYS || ret == -EXDEV ? -EOPNOTSUPP : ret;
}

int um_fs_ioctl(struct um_mount *m, struct um_fh *fh, unsigned int cmd,
		void *data, size_t size)
{
	return (int)HOP(m, ioctl, NULL, -ENOTTY, fh, cmd, data, size);
}

int um_fs_ioctl_dir(struct um_mount *m, const char *path, unsigned int cmd,
		    void *data, size_t size)
{
	if (!HAS(m, ioctl_dir))
		return -ENOTTY;
	return (int)HOP(m, ioctl_dir, path, -ENOTTY, path, cmd, data, size);
}

void um_fs_release(struct um_mount *m, struct um_fh *fh)
{
	struct um_hop h;

	if (!m->fs.ops->release || !um_hop_enter(m, &h))
		return;
	INSIDE(&h, m->fs.ops->release(&m->fs, fh));
	um_hop_outcome(&h, "release", 0);
}

bool um_fs_flushes(const struct um_mount *m)
{
	return HAS(m, flush);
}

int um_fs_flush(struct um_mount *m, struct um_fh *fh)
{
	return um_fs_flushes(m) ? (int)HOP(m, flush, NULL, 0, fh) : 0;
}

bool um_fs_locks(const struct um_mount *m)
{
	return m->fs.locks && HAS(m, lock);
}

bool um_fs_flocks(const struct um_mount *m)
{
	return m->fs.flocks && HAS(m, flock);
}

int um_fs_lock(struct um_mount *m, struct um_fh *fh, int cmd, struct flock *fl,
	       uint64_t owner)
{
	return (int)HOP(m, lock, NULL, -ENOSYS, fh, cmd, fl, owner);
}

int um_fs_flock(struct um_mount *m, struct um_fh *fh, int op, uint64_t owner)
{
	return (int)HOP(m, flock, NULL, -ENOSYS, fh, op, owner);
}

/* As the kernel has it where a file has no poll. */
#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

bool um_fs_polls(const struct um_mount *m)
{
	return m->fs.polls && HAS(m, poll);
}

int um_fs_poll(struct um_mount *m, struct um_fh *fh, unsigned int events,
	       uint64_t handle)
{
	int ret = (int)HOP(m, poll, NULL, -ENOSYS, fh, events, handle);

	return ret == -ENOSYS ? (int)(events & ALWAYS_READY) : ret;
}
