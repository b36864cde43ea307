// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * realfs.c - the host's own file system as the layer beneath all others
 *
 * Its operations are the host's system calls on the same absolute path. They
 * serve what a guest reaches in a way its own kernel would not understand (a
 * link on a virtual file system to a real file, a virtual root) and modules
 * that look at the view beneath them.
 */
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "vnode/fscall.h"
#include "vnode/mount.h"

static int fd_of(const struct um_fh *fh)
{
	return (int)fh->fh;
}

static int real_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	(void)fs;
	if (fh)
		return (int)UM_SYS(fstat(fd_of(fh), out));
	return (int)UM_SYS(lstat(path, out));
}

static ssize_t real_readlink(struct um_fs *fs, const char *path, char *buf,
			     size_t size)
{
	(void)fs;
	return UM_SYS(readlink(path, buf, size));
}

static int real_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			void *arg)
{
	DIR *dir = opendir(path);
	int ret = 0;

	(void)fs;
	if (!dir)
		return -errno;
	while (ret == 0) {
		struct dirent *e;

		errno = 0;
		e = readdir(dir);
		if (!e) {
			ret = -errno;
			break;
		}
		if (fill(arg, e->d_name, e->d_ino, e->d_type))
			break;
	}
	closedir(dir);
	return ret;
}

static int real_mknod(struct um_fs *fs, const char *path, mode_t mode,
		      dev_t rdev)
{
	(void)fs;
	return (int)UM_SYS(mknod(path, mode, rdev));
}

static int real_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	(void)fs;
	return (int)UM_SYS(mkdir(path, mode));
}

static int real_unlink(struct um_fs *fs, const char *path)
{
	(void)fs;
	return (int)UM_SYS(unlink(path));
}

static int real_rmdir(struct um_fs *fs, const char *path)
{
	(void)fs;
	return (int)UM_SYS(rmdir(path));
}

static int real_symlink(struct um_fs *fs, const char *target, const char *path)
{
	(void)fs;
	return (int)UM_SYS(symlink(target, path));
}

static int real_rename(struct um_fs *fs, const char *from, const char *to,
		       unsigned int flags)
{
	(void)fs;
	return (int)UM_SYS(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

static int real_link(struct um_fs *fs, const char *from, const char *to)
{
	(void)fs;
	return (int)UM_SYS(link(from, to));
}

static int real_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		      mode_t mode)
{
	(void)fs;
	if (fh)
		return (int)UM_SYS(fchmod(fd_of(fh), mode));
	return (int)UM_SYS(fchmodat(AT_FDCWD, path, mode, 0));
}

static int real_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		      uid_t uid, gid_t gid)
{
	(void)fs;
	if (fh)
		return (int)UM_SYS(fchown(fd_of(fh), uid, gid));
	return (int)UM_SYS(lchown(path, uid, gid));
}

static int real_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
			const struct timespec ts[2])
{
	(void)fs;
	if (fh)
		return (int)UM_SYS(futimens(fd_of(fh), ts));
	return (int)UM_SYS(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
}

static int real_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
			 off_t size)
{
	(void)fs;
	if (fh)
		return (int)UM_SYS(ftruncate(fd_of(fh), size));
	return (int)UM_SYS(truncate(path, size));
}

static int real_setxattr(struct um_fs *fs, const char *path, const char *name,
			 const void *value, size_t size, int flags)
{
	(void)fs;
	return (int)UM_SYS(lsetxattr(path, name, value, size, flags));
}

static ssize_t real_getxattr(struct um_fs *fs, const char *path,
			     const char *name, void *buf, size_t size)
{
	(void)fs;
	return UM_SYS(lgetxattr(path, name, buf, size));
}

static ssize_t real_listxattr(struct um_fs *fs, const char *path, char *buf,
			      size_t size)
{
	(void)fs;
	return UM_SYS(llistxattr(path, buf, size));
}

static int real_removexattr(struct um_fs *fs, const char *path,
			    const char *name)
{
	(void)fs;
	return (int)UM_SYS(lremovexattr(path, name));
}

static int opened(struct um_fh *fh, const char *path, int flags, mode_t mode)
{
	int fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);

	if (fd < 0)
		return -errno;
	fh->fh = (uint64_t)fd;
	return 0;
}

static int real_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	(void)fs;
	return opened(fh, path, fh->flags & ~(O_CREAT | O_EXCL), 0);
}

static int real_create(struct um_fs *fs, const char *path, mode_t mode,
		       struct um_fh *fh)
{
	(void)fs;
	return opened(fh, path, fh->flags | O_CREAT | O_EXCL, mode);
}

static ssize_t real_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			 size_t n, off_t off)
{
	(void)fs;
	return UM_SYS(pread(fd_of(fh), buf, n, off));
}

static ssize_t real_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			  size_t n, off_t off)
{
	(void)fs;
	return UM_SYS(pwrite(fd_of(fh), buf, n, off));
}

static int real_fallocate(struct um_fs *fs, struct um_fh *fh, int mode,
			  off_t off, off_t len)
{
	(void)fs;
	return (int)UM_SYS(fallocate(fd_of(fh), mode, off, len));
}

static int real_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	(void)fs;
	if (datasync)
		return (int)UM_SYS(fdatasync(fd_of(fh)));
	return (int)UM_SYS(fsync(fd_of(fh)));
}

static off_t real_lseek(struct um_fs *fs, struct um_fh *fh, off_t off,
			int whence)
{
	(void)fs;
	return UM_SYS(lseek(fd_of(fh), off, whence));
}

static void real_release(struct um_fs *fs, struct um_fh *fh)
{
	(void)fs;
	close(fd_of(fh));
}

static const struct um_fs_ops real_ops = {
	.size = sizeof(struct um_fs_ops),
	.getattr = real_getattr,
	.readlink = real_readlink,
	.readdir = real_readdir,
	.mknod = real_mknod,
	.mkdir = real_mkdir,
	.unlink = real_unlink,
	.rmdir = real_rmdir,
	.symlink = real_symlink,
	.rename = real_rename,
	.link = real_link,
	.chmod = real_chmod,
	.chown = real_chown,
	.utimens = real_utimens,
	.truncate = real_truncate,
	.setxattr = real_setxattr,
	.getxattr = real_getxattr,
	.listxattr = real_listxattr,
	.removexattr = real_removexattr,
	.open = real_open,
	.create = real_create,
	.read = real_read,
	.write = real_write,
	.fallocate = real_fallocate,
	.fsync = real_fsync,
	.lseek = real_lseek,
	.release = real_release,
};

static char slash[] = "/";
static char real_type[] = "real";

static struct um_mount real = {
	.refs = 1,
	.fs = { .ops = &real_ops, .unlink_open = true },
	.point = slash,
	.source = real_type,
	.type = real_type,
	.names = { [0 ... UM_NAME_LOCKS - 1] = UM_MUTEX_INIT(UM_RANK_IO) },
};

struct um_mount *um_mount_real(void)
{
	return &real;
}

bool um_mount_is_real(const struct um_mount *m)
{
	return m == &real;
}
