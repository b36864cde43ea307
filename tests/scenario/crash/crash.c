// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crash.c - a module for tests: a small tree, and an operation that crashes
 *
 * mount -t umtestcrash -o OPERATION=HOW, HOW one of segv, fpe, ill, stack,
 * raise, abort, assert, exit, lock (the crash holds a lock that all operations
 * take), none (mount sets no operations), more (no crash: it says that it did
 * more than was asked). The tree is a file f, a link l and an empty directory d.
 */
#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <umview/module.h>

struct crash {
	char op[32];
	char how[16];
	pthread_mutex_t lock;
};

static const char *init_how = "";

/* Not to be seen through by a compiler. */
static volatile int zero;
static volatile int *volatile nowhere;

static int deep(const volatile char *above)
{
	volatile char here[4096];

	here[0] = (char)(above ? above[0] : 1);
	return zero ? 0 : deep(here) + here[0];
}

static void crash_as(const char *how)
{
	if (!strcmp(how, "segv") || !strcmp(how, "lock"))
		*nowhere = 1;
	else if (!strcmp(how, "fpe"))
		zero = 100 / zero;
	else if (!strcmp(how, "ill"))
		__builtin_trap();
	else if (!strcmp(how, "stack"))
		zero = deep(NULL);
	else if (!strcmp(how, "raise"))
		raise(SIGSEGV);
	else if (!strcmp(how, "abort"))
		abort();
	else if (!strcmp(how, "assert"))
		assert(zero);
	else if (!strcmp(how, "exit"))
		exit(7);
}

static void at(struct um_fs *fs, const char *op)
{
	struct crash *c = fs->priv;

	pthread_mutex_lock(&c->lock);
	if (!strcmp(c->how, "lock") && !strcmp(c->op, op))
		/* others come to wait for the lock meanwhile */
		sleep(1);
	else
		pthread_mutex_unlock(&c->lock);
	if (!strcmp(c->op, op))
		crash_as(c->how);
}

static ssize_t more(struct um_fs *fs, const char *op, ssize_t done)
{
	const struct crash *c = fs->priv;

	if (!strcmp(c->how, "more") && !strcmp(c->op, op))
		done += 70000;
	return done;
}

/* An operation that does nothing else. */
#define NOTHING(op, ret, ...)                                                  \
	static ret crash_##op(struct um_fs *fs, __VA_ARGS__)                   \
	{                                                                      \
		at(fs, #op);                                                   \
		return (ret)more(fs, #op, 0);                                  \
	}

/* NOLINTBEGIN(misc-unused-parameters): all alike */
#pragma GCC diagnostic ignored "-Wunused-parameter"
NOTHING(mknod, int, const char *path, mode_t mode, dev_t rdev)
NOTHING(mkdir, int, const char *path, mode_t mode)
NOTHING(unlink, int, const char *path)
NOTHING(rmdir, int, const char *path)
NOTHING(symlink, int, const char *target, const char *path)
NOTHING(rename, int, const char *from, const char *to, unsigned int flags)
NOTHING(link, int, const char *from, const char *to)
NOTHING(chmod, int, const char *path, struct um_fh *fh, mode_t mode)
NOTHING(chown, int, const char *path, struct um_fh *fh, uid_t uid, gid_t gid)
NOTHING(utimens, int, const char *path, struct um_fh *fh,
	const struct timespec ts[2])
NOTHING(truncate, int, const char *path, struct um_fh *fh, off_t size)
NOTHING(statfs, int, struct statfs *out)
NOTHING(setxattr, int, const char *path, const char *name, const void *value,
	size_t size, int flags)
NOTHING(getxattr, ssize_t, const char *path, const char *name, void *buf,
	size_t size)
NOTHING(listxattr, ssize_t, const char *path, char *buf, size_t size)
NOTHING(removexattr, int, const char *path, const char *name)
NOTHING(open, int, const char *path, struct um_fh *fh)
NOTHING(create, int, const char *path, mode_t mode, struct um_fh *fh)
NOTHING(fallocate, int, struct um_fh *fh, int mode, off_t off, off_t len)
NOTHING(fsync, int, struct um_fh *fh, bool datasync)
NOTHING(access, int, const char *path, int mask)

static ssize_t crash_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			   size_t size, off_t off)
{
	at(fs, "write");
	return more(fs, "write", (ssize_t)size);
}

static int crash_syncfs(struct um_fs *fs)
{
	at(fs, "syncfs");
	return 0;
}

static void crash_release(struct um_fs *fs, struct um_fh *fh)
{
	at(fs, "release");
}

static int crash_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			 struct stat *out)
{
	static const char *const names[] = { "/", "/f", "/l", "/d" };
	static const mode_t modes[] = { S_IFDIR | 0755, S_IFREG | 0644,
					S_IFLNK | 0777, S_IFDIR | 0755 };
	const char *name = path ? path : "/f";

	/* the mount itself asks for its root */
	if (path && strcmp(path, "/") != 0)
		at(fs, "getattr");
	for (int i = 0; i < 4; i++) {
		if (strcmp(name, names[i]) != 0)
			continue;
		out->st_mode = modes[i];
		out->st_ino = (ino_t)i + 1;
		out->st_nlink = 1;
		out->st_size = i == 1 ? 6 : 0;
		out->st_uid = getuid();
		return path && i ? (int)more(fs, "getattr", 0) : 0;
	}
	return -ENOENT;
}

static ssize_t crash_readlink(struct um_fs *fs, const char *path, char *buf,
			      size_t size)
{
	at(fs, "readlink");
	buf[0] = 'f';
	return more(fs, "readlink", 1);
}

static int crash_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
			 void *arg)
{
	fill(arg, ".", 1, DT_DIR);
	fill(arg, "..", 1, DT_DIR);
	at(fs, "readdir");
	fill(arg, "f", 2, DT_REG);
	fill(arg, "l", 3, DT_LNK);
	fill(arg, "d", 4, DT_DIR);
	return (int)more(fs, "readdir", 0);
}

static ssize_t crash_read(struct um_fs *fs, struct um_fh *fh, void *buf,
			  size_t size, off_t off)
{
	static const char text[] = "hello\n";

	at(fs, "read");
	if (off >= 6)
		return 0;
	size = size > (size_t)(6 - off) ? (size_t)(6 - off) : size;
	memcpy(buf, text + off, size);
	return more(fs, "read", (ssize_t)size);
}
/* NOLINTEND(misc-unused-parameters) */

static void crash_umount(struct um_fs *fs)
{
	at(fs, "umount");
	free(fs->priv);
}

#define OP(op) .op = crash_##op
static const struct um_fs_ops ops = {
	.size = sizeof(ops),
	OP(getattr),
	OP(readlink),
	OP(readdir),
	OP(mknod),
	OP(mkdir),
	OP(unlink),
	OP(rmdir),
	OP(symlink),
	OP(rename),
	OP(link),
	OP(chmod),
	OP(chown),
	OP(utimens),
	OP(truncate),
	OP(statfs),
	OP(setxattr),
	OP(getxattr),
	OP(listxattr),
	OP(removexattr),
	OP(open),
	OP(create),
	OP(read),
	OP(write),
	OP(fallocate),
	OP(fsync),
	OP(release),
	OP(syncfs),
	OP(umount),
	OP(access),
};

static int crash_mount(const struct um_mount_req *req, struct um_fs *fs)
{
	struct crash *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	pthread_mutex_init(&c->lock, NULL);
	sscanf(req->options, "%31[^=]=%15s", c->op, c->how);
	fs->priv = c;
	fs->ops = strcmp(c->how, "none") ? &ops : NULL;
	at(fs, "mount");
	return 0;
}

static int crash_init(const char *args)
{
	init_how = args;
	crash_as(args);
	return 0;
}

static void crash_fini(void)
{
	if (!strcmp(init_how, "fini"))
		crash_as("segv");
}

const struct um_module um_module = {
	.api = UM_MODULE_API,
	.size = sizeof(um_module),
	.name = "umtestcrash",
	.description = "crashes",
	.init = crash_init,
	.fini = crash_fini,
	.mount = crash_mount,
};
