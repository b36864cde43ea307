// SPDX-License-Identifier: GPL-2.0-or-later
/* host.c - a core of its own for tests of modules: no views, no guests */
#include "host.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/xattr.h>
#include <unistd.h>

/* The result of a system call in our convention. */
#define SYS(call)                                                              \
	({                                                                     \
		__typeof__(call) result = (call);                              \
		result < 0 ? (__typeof__(call))-errno : result;                \
	})

struct um_next {
	char nothing;
};

struct um_next_file {
	int fd;
};

static struct um_next the_next;
static atomic_int open_files;
static _Thread_local const struct um_cred *caller;
static _Thread_local struct um_next *current;

struct um_next *host_next(void)
{
	return &the_next;
}

void host_set_caller(const struct um_cred *cred)
{
	caller = cred;
}

int host_open_files(void)
{
	return atomic_load(&open_files);
}

/* --- umview/log.h, umview/fs.h --- */

void um_log(enum um_log_level level, const char *fmt, ...)
{
	va_list ap;

	if (!um_log_enabled(level))
		return;
	va_start(ap, fmt);
	fputs("# ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

int um_log_enabled(enum um_log_level level)
{
	return level <= UM_LOG_INFO;
}

const struct um_cred *um_caller(void)
{
	static _Thread_local struct um_cred self;

	if (caller)
		return caller;
	self = (struct um_cred){ getuid(), getgid(), getpid(), 022 };
	return &self;
}

/* --- umview/next.h --- */

struct um_next *um_next_current(void)
{
	return current;
}

/* Here a crash is the end: that is what a test wants. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the core's signature */
int um_contained(void (*run)(void *arg), void *arg, int *status)
{
	(void)status;
	run(arg);
	return 0;
}

void um_next_set_current(struct um_next *next)
{
	current = next;
}

int um_next_open(struct um_next *next, const char *path, int flags, mode_t mode,
		 struct um_next_file **out)
{
	struct um_next_file *file = calloc(1, sizeof(*file));

	(void)next;
	if (!file)
		return -ENOMEM;
	file->fd = SYS(open(path, flags | O_CLOEXEC, mode));
	if (file->fd < 0) {
		int err = file->fd;

		free(file);
		return err;
	}
	atomic_fetch_add(&open_files, 1);
	*out = file;
	return 0;
}

void um_next_close(struct um_next_file *file)
{
	if (!file)
		return;
	close(file->fd);
	free(file);
	atomic_fetch_sub(&open_files, 1);
}

int um_next_lock(struct um_next_file *file, bool writes)
{
	(void)file;
	(void)writes;
	return 0;
}

ssize_t um_next_pread(struct um_next_file *file, void *buf, size_t n, off_t off)
{
	return SYS(pread(file->fd, buf, n, off));
}

ssize_t um_next_pwrite(struct um_next_file *file, const void *buf, size_t n,
		       off_t off)
{
	return SYS(pwrite(file->fd, buf, n, off));
}

int um_next_fstat(struct um_next_file *file, struct stat *out)
{
	return SYS(fstat(file->fd, out));
}

int um_next_ftruncate(struct um_next_file *file, off_t size)
{
	return SYS(ftruncate(file->fd, size));
}

int um_next_fallocate(struct um_next_file *file, int mode, off_t off, off_t len)
{
	return SYS(fallocate(file->fd, mode, off, len));
}

int um_next_fsync(struct um_next_file *file, bool datasync)
{
	return datasync ? SYS(fdatasync(file->fd)) : SYS(fsync(file->fd));
}

int um_next_size(struct um_next_file *file, uint64_t *out)
{
	off_t end = SYS(lseek(file->fd, 0, SEEK_END));

	if (end < 0)
		return (int)end;
	*out = (uint64_t)end;
	return 0;
}

int um_next_stat(struct um_next *next, const char *path, struct stat *out)
{
	(void)next;
	return SYS(stat(path, out));
}

int um_next_lstat(struct um_next *next, const char *path, struct stat *out)
{
	(void)next;
	return SYS(lstat(path, out));
}

ssize_t um_next_readlink(struct um_next *next, const char *path, char *buf,
			 size_t size)
{
	(void)next;
	return SYS(readlink(path, buf, size));
}

int um_next_readdir(struct um_next *next, const char *path, um_fill_fn fill,
		    void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *d;

	(void)next;
	if (!dir)
		return -errno;
	while ((d = readdir(dir)))
		if (fill(arg, d->d_name, d->d_ino, d->d_type))
			break;
	closedir(dir);
	return 0;
}

int um_next_mknod(struct um_next *next, const char *path, mode_t mode,
		  dev_t rdev)
{
	(void)next;
	return SYS(mknod(path, mode, rdev));
}

int um_next_mkdir(struct um_next *next, const char *path, mode_t mode)
{
	(void)next;
	return SYS(mkdir(path, mode));
}

int um_next_unlink(struct um_next *next, const char *path)
{
	(void)next;
	return SYS(unlink(path));
}

int um_next_rmdir(struct um_next *next, const char *path)
{
	(void)next;
	return SYS(rmdir(path));
}

int um_next_symlink(struct um_next *next, const char *target, const char *path)
{
	(void)next;
	return SYS(symlink(target, path));
}

int um_next_rename(struct um_next *next, const char *from, const char *to,
		   unsigned int flags)
{
	(void)next;
	return SYS(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags));
}

int um_next_link(struct um_next *next, const char *from, const char *to)
{
	(void)next;
	return SYS(link(from, to));
}

int um_next_chmod(struct um_next *next, const char *path, mode_t mode)
{
	(void)next;
	return SYS(chmod(path, mode));
}

int um_next_chown(struct um_next *next, const char *path, uid_t uid, gid_t gid)
{
	(void)next;
	return SYS(lchown(path, uid, gid));
}

int um_next_utimens(struct um_next *next, const char *path,
		    const struct timespec ts[2])
{
	(void)next;
	return SYS(utimensat(AT_FDCWD, path, ts, AT_SYMLINK_NOFOLLOW));
}

int um_next_truncate(struct um_next *next, const char *path, off_t size)
{
	(void)next;
	return SYS(truncate(path, size));
}

int um_next_statfs(struct um_next *next, const char *path, struct statfs *out)
{
	(void)next;
	return SYS(statfs(path, out));
}

int um_next_setxattr(struct um_next *next, const char *path, const char *name,
		     const void *value, size_t size, int flags)
{
	(void)next;
	return SYS(lsetxattr(path, name, value, size, flags));
}

ssize_t um_next_getxattr(struct um_next *next, const char *path,
			 const char *name, void *buf, size_t size)
{
	(void)next;
	return SYS(lgetxattr(path, name, buf, size));
}

ssize_t um_next_listxattr(struct um_next *next, const char *path, char *buf,
			  size_t size)
{
	(void)next;
	return SYS(llistxattr(path, buf, size));
}

int um_next_removexattr(struct um_next *next, const char *path,
			const char *name)
{
	(void)next;
	return SYS(lremovexattr(path, name));
}

/* --- modules --- */

int host_load(struct host_fs *h, const char *file)
{
	int err;

	*h = (struct host_fs){ 0 };
	h->dl = dlopen(file, RTLD_NOW | RTLD_LOCAL);
	if (h->dl)
		h->module = dlsym(h->dl, "um_module");
	if (!h->module) {
		fprintf(stderr, "# %s\n", dlerror());
		return -ENOEXEC;
	}
	if (h->module->api != UM_MODULE_API || !h->module->mount)
		return -ENOEXEC;
	err = h->module->init ? h->module->init("") : 0;
	return err;
}

int host_mount(struct host_fs *h, const char *type, const char *source,
	       const char *target, unsigned long flags, const char *options)
{
	struct um_mount_req req = {
		type, source, target, flags, options, false
	};

	h->fs = (struct um_fs){ .next = host_next() };
	um_next_set_current(h->fs.next);
	return h->module->mount(&req, &h->fs);
}

void host_umount(struct host_fs *h)
{
	if (h->fs.ops && h->fs.ops->umount)
		h->fs.ops->umount(&h->fs);
	h->fs.ops = NULL;
}

void host_unload(struct host_fs *h)
{
	if (h->module && h->module->fini)
		h->module->fini();
	if (h->dl)
		dlclose(h->dl);
	*h = (struct host_fs){ 0 };
}
