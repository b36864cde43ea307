// SPDX-License-Identifier: GPL-2.0-or-later
/* fscall.c - each hop from the core into a module's operation */
#include "vnode/fscall.h"

#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include <umview/binfmt.h>

#include "base/assert.h"
#include "guest/self.h"
#include "guest/shared.h"
#include "vnode/attrcache.h"

static _Thread_local struct um_cred caller;
static _Thread_local struct um_next *current_next;
static _Thread_local unsigned int depth;

const struct um_cred *um_caller(void)
{
	return &caller;
}

void um_caller_set(const struct um_cred *cred)
{
	caller = *cred;
}

struct um_next *um_next_current(void)
{
	return current_next;
}

/*
 * A thread that a module started itself works for the view beneath in its libc
 * calls too. A worker, which is about to load the module, does not.
 */
void um_next_set_current(struct um_next *next)
{
	current_next = next;
	if (!um_req_current())
		um_self_enter(next && um_next_has_mounts(next) ? (void *)next
							       : NULL);
}

/* What surrounds a module's operation. */
struct hop {
	struct um_mount *m;
	struct um_next *outer;
	struct um_self self;
	struct um_contain contain;
};

/*
 * It may not have let go of what it held: nobody goes in any more. Who waits
 * inside for that is called back; there may be more of them by now.
 */
static long crashed(struct um_mount *m, const struct um_contain *c,
		    const char *op)
{
	if (!atomic_exchange(&m->crashed, true))
		um_err("%s on %s crashed (%s) in %s: it answers EIO from now "
		       "on, and what it had not written is lost; umount it",
		       m->type, m->point, c->what, op);
	if (m->cache)
		um_attrcache_forget_all(m->cache);
	um_contain_eject(m);
	return -EIO;
}

static bool enter(struct um_mount *m, struct hop *h) UM_NO_TSA
{
	atomic_fetch_add(&m->inflight, 1);
	if (atomic_load(&m->dead)) {
		atomic_fetch_sub(&m->inflight, 1);
		return false;
	}
	*h = (struct hop){ .m = m, .outer = current_next };
	if (m->fs.serial)
		um_lock(&m->serial);
	if (atomic_load(&m->crashed)) {
		if (m->fs.serial)
			um_unlock(&m->serial);
		atomic_fetch_sub(&m->inflight, 1);
		return false;
	}
	current_next = m->fs.next;
	depth++;
	h->self = um_self_enter(m->capture ? m->beneath : NULL);
	/* the core's own file systems have no service */
	if (m->service)
		um_contain_enter(&h->contain, m);
	else
		h->contain.what = NULL;
	return true;
}

static void leave(const struct hop *h) UM_NO_TSA
{
	um_self_restore(&h->self);
	depth--;
	current_next = h->outer;
	if (h->m->fs.serial)
		um_unlock(&h->m->serial);
	atomic_fetch_sub(&h->m->inflight, 1);
}

bool um_mount_is_readonly(const struct um_mount *m)
{
	/* a device that must not be written to says so itself */
	return !m->devices && (m->fs.readonly || (m->flags & MS_RDONLY));
}

static long done(const struct um_mount *m, const char *op, const char *path,
		 long ret)
{
	um_trace("%*s%s: %s %s = %ld", (int)depth, "", m->type, op,
		 path ? path : "(open file)", ret);
	return ret;
}

/* The module's own code: a crash leads behind it. */
#define INSIDE(h, call)                                                        \
	do {                                                                   \
		if (sigsetjmp((h)->contain.at, 0) == 0) {                      \
			call;                                                  \
		}                                                              \
		leave(h);                                                      \
	} while (0)

/* What came of it. */
static long outcome(const struct hop *h, const char *op, long ret)
{
	return h->contain.what ? crashed(h->m, &h->contain, op) : ret;
}

/*
 * Call operation `op` of mount `m`: `absent` is the answer where the module
 * has none.
 */
#define HOP(m, op, path, absent, ...)                                          \
	({                                                                     \
		volatile long _ret = (absent);                                 \
		struct hop _h;                                                 \
		if ((m)->fs.ops->op && (_ret = -EIO, enter(m, &_h))) {         \
			if (sigsetjmp(_h.contain.at, 0) == 0)                  \
				_ret = (m)->fs.ops->op(&(m)->fs, __VA_ARGS__); \
			leave(&_h);                                            \
			_ret = outcome(&_h, #op, _ret);                        \
		}                                                              \
		done(m, #op, path, _ret);                                      \
	})

/* A member that modules built before it lack. */
#define HAS(m, op)                                                             \
	((m)->fs.ops->size > offsetof(struct um_fs_ops, op) && (m)->fs.ops->op)

/*
 * What a module says it has filled or taken is not more than there was: to go
 * by it would be to read behind a buffer of the core's.
 */
static long counted(const struct um_mount *m, const char *op, long ret,
		    size_t size)
{
	if (ret <= 0 || (size_t)ret <= size)
		return ret;
	um_err("%s on %s: %s returned %ld, where %zu is the most", m->type,
	       m->point, op, ret, size);
	return -EIO;
}

static int ask_attr(struct um_mount *m, const char *path, struct um_fh *fh,
		    struct stat *out)
{
	return (int)counted(m, "getattr",
			    HOP(m, getattr, path, -ENOSYS, path, fh, out), 0);
}

int um_fs_getattr(struct um_mount *m, const char *path, struct um_fh *fh,
		  struct stat *out)
{
	uint64_t gen = 0;
	int ret;

	if (atomic_load(&m->crashed))
		return -EIO;
	if (m->cache && path && !fh) {
		ret = um_attrcache_get(m->cache, path, out);
		if (ret != -EAGAIN)
			return ret;
		gen = um_attrcache_gen(m->cache);
	}
	memset(out, 0, sizeof(*out));
	ret = ask_attr(m, path, fh, out);
	if (ret == 0 && m->dev && !um_fs_gives(m))
		out->st_dev = m->dev;
	if (m->cache && path && !fh && (ret == 0 || ret == -ENOENT))
		um_attrcache_put(m->cache, path, ret ? NULL : out, gen);
	return ret;
}

ssize_t um_fs_readlink(struct um_mount *m, const char *path, char *buf,
		       size_t size)
{
	return counted(m, "readlink",
		       HOP(m, readlink, path, -EINVAL, path, buf, size), size);
}

/* The core's own code, called by a module. */
struct filling {
	um_fill_fn fill;
	void *arg;
};

static int fill_from_module(void *arg, const char *name, uint64_t ino,
			    unsigned char type)
{
	const struct filling *f = arg;
	struct um_contain *before = um_contain_pause();
	int ret = f->fill(f->arg, name, ino, type);

	um_contain_resume(before);
	return ret;
}

int um_fs_readdir(struct um_mount *m, const char *path, um_fill_fn fill,
		  void *arg)
{
	struct filling f = { fill, arg };
	long ret = HOP(m, readdir, path, -ENOTDIR, path, fill_from_module, &f);

	return (int)counted(m, "readdir", ret, 0);
}

static int entry_changed(struct um_mount *m, const char *path, long ret)
{
	if (m->cache)
		um_attrcache_forget_entry(m->cache, path);
	return (int)ret;
}

int um_fs_mknod(struct um_mount *m, const char *path, mode_t mode, dev_t rdev)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path,
			     HOP(m, mknod, path, -EPERM, path, mode, rdev));
}

int um_fs_mkdir(struct um_mount *m, const char *path, mode_t mode)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path, HOP(m, mkdir, path, -EPERM, path, mode));
}

/* The node may have other names, whose link count and times change too. */
static void forget_named(struct um_mount *m, const char *path)
{
	struct stat st;

	if (m->cache && um_fs_getattr(m, path, NULL, &st) == 0)
		um_attrcache_forget_node(m->cache, st.st_ino);
}

int um_fs_unlink(struct um_mount *m, const char *path)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	forget_named(m, path);
	ret = (int)HOP(m, unlink, path, -EPERM, path);
	return entry_changed(m, path, ret);
}

int um_fs_rmdir(struct um_mount *m, const char *path)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path, HOP(m, rmdir, path, -EPERM, path));
}

int um_fs_symlink(struct um_mount *m, const char *target, const char *path)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path,
			     HOP(m, symlink, path, -EPERM, target, path));
}

/* What a rename moves and replaces, as far as it must be forgotten. */
struct move {
	bool any_dir;
	bool replaces;
	ino_t moved;
	ino_t replaced;
};

static void look_at_move(struct um_mount *m, const char *from, const char *to,
			 struct move *mv)
{
	struct stat st;

	*mv = (struct move){ .any_dir = true };
	if (um_fs_getattr(m, from, NULL, &st) < 0 || S_ISDIR(st.st_mode))
		return;
	mv->moved = st.st_ino;
	mv->replaces = um_fs_getattr(m, to, NULL, &st) == 0;
	mv->replaced = mv->replaces ? st.st_ino : 0;
	mv->any_dir = mv->replaces && S_ISDIR(st.st_mode);
}

/* All names beneath a directory change with it. */
static void forget_move(struct um_mount *m, const char *from, const char *to,
			const struct move *mv)
{
	if (mv->any_dir) {
		um_attrcache_forget_all(m->cache);
		return;
	}
	um_attrcache_forget_node(m->cache, mv->moved);
	if (mv->replaces)
		um_attrcache_forget_node(m->cache, mv->replaced);
	um_attrcache_forget_entry(m->cache, from);
	um_attrcache_forget_entry(m->cache, to);
}

int um_fs_rename(struct um_mount *m, const char *from, const char *to,
		 unsigned int flags)
{
	struct move mv = { .any_dir = true };
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	if (m->cache)
		look_at_move(m, from, to, &mv);
	ret = (int)HOP(m, rename, from, -EPERM, from, to, flags);
	if (m->cache)
		forget_move(m, from, to, &mv);
	return ret;
}

int um_fs_link(struct um_mount *m, const char *from, const char *to)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, link, to, -EPERM, from, to);
	forget_named(m, from);
	if (m->cache)
		um_attrcache_forget(m->cache, from);
	return entry_changed(m, to, ret);
}

/*
 * A change of attributes that came by name, or by an open file. A name that is
 * not cached hides which node changed, so that is asked for first.
 */
static int node_changed(struct um_mount *m, const char *path, struct um_fh *fh,
			long ret)
{
	struct stat st;

	if (!m->cache)
		return (int)ret;
	if (path)
		um_attrcache_forget(m->cache, path);
	else if (um_fs_getattr(m, NULL, fh, &st) == 0)
		um_attrcache_forget_node(m->cache, st.st_ino);
	return (int)ret;
}

int um_fs_chmod(struct um_mount *m, const char *path, struct um_fh *fh,
		mode_t mode)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, chmod, path, -EPERM, path, fh, mode));
}

int um_fs_chown(struct um_mount *m, const char *path, struct um_fh *fh,
		uid_t uid, gid_t gid)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, chown, path, -EPERM, path, fh, uid, gid));
}

int um_fs_utimens(struct um_mount *m, const char *path, struct um_fh *fh,
		  const struct timespec ts[2])
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, utimens, path, -EPERM, path, fh, ts));
}

int um_fs_truncate(struct um_mount *m, const char *path, struct um_fh *fh,
		   off_t size)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, truncate, path, -EPERM, path, fh, size));
}

int um_fs_statfs(struct um_mount *m, struct statfs *out)
{
	memset(out, 0, sizeof(*out));
	return (int)HOP(m, statfs, "/", -ENOSYS, out);
}

int um_fs_setxattr(struct um_mount *m, const char *path, const char *name,
		   const void *value, size_t size, int flags)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, NULL,
			    HOP(m, setxattr, path, -EOPNOTSUPP, path, name,
				value, size, flags));
}

ssize_t um_fs_getxattr(struct um_mount *m, const char *path, const char *name,
		       void *buf, size_t size)
{
	long ret = HOP(m, getxattr, path, -EOPNOTSUPP, path, name, buf, size);

	return size ? counted(m, "getxattr", ret, size) : ret;
}

ssize_t um_fs_listxattr(struct um_mount *m, const char *path, char *buf,
			size_t size)
{
	long ret = HOP(m, listxattr, path, -EOPNOTSUPP, path, buf, size);

	return size ? counted(m, "listxattr", ret, size) : ret;
}

int um_fs_removexattr(struct um_mount *m, const char *path, const char *name)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, NULL,
			    HOP(m, removexattr, path, -EOPNOTSUPP, path, name));
}

int um_fs_open(struct um_mount *m, const char *path, struct um_fh *fh)
{
	if (um_mount_is_readonly(m) &&
	    ((fh->flags & O_ACCMODE) != O_RDONLY || (fh->flags & O_TRUNC)))
		return -EROFS;
	return (int)HOP(m, open, path, -ENOSYS, path, fh);
}

int um_fs_create(struct um_mount *m, const char *path, mode_t mode,
		 struct um_fh *fh)
{
	int ret = -ENOSYS;

	if (um_mount_is_readonly(m))
		return -EROFS;
	if (m->fs.ops->create)
		ret = (int)HOP(m, create, path, -ENOSYS, path, mode, fh);
	if (ret == -ENOSYS) {
		ret = um_fs_mknod(m, path, mode | S_IFREG, 0);
		if (ret == 0)
			ret = um_fs_open(m, path, fh);
	}
	return entry_changed(m, path, ret);
}

ssize_t um_fs_read(struct um_mount *m, struct um_fh *fh, void *buf, size_t n,
		   off_t off)
{
	return counted(m, "read", HOP(m, read, NULL, -EINVAL, fh, buf, n, off),
		       n);
}

ssize_t um_fs_write(struct um_mount *m, struct um_fh *fh, const void *buf,
		    size_t n, off_t off)
{
	return counted(m, "write",
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
	struct hop h;

	if (!m->fs.ops->release || !enter(m, &h))
		return;
	INSIDE(&h, m->fs.ops->release(&m->fs, fh));
	outcome(&h, "release", 0);
}

void um_fs_tell(struct um_mount *m, const struct um_told *name)
{
	struct hop h;

	if (!enter(m, &h))
		return;
	INSIDE(&h, m->tell(m, name));
	outcome(&h, "tell", 0);
}

int um_fs_syncfs(struct um_mount *m)
{
	volatile int ret = -EIO;
	struct hop h;

	if (!m->fs.ops->syncfs)
		return 0;
	if (!enter(m, &h))
		return -EIO;
	INSIDE(&h, ret = m->fs.ops->syncfs(&m->fs));
	return (int)done(m, "syncfs", "/", outcome(&h, "syncfs", ret));
}

int um_fs_access(struct um_mount *m, const char *path, int mask)
{
	return (int)HOP(m, access, path, -ENOSYS, path, mask);
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

int um_fs_birth(struct um_mount *m, const char *path, struct um_fh *fh,
		struct timespec *out)
{
	return (int)HOP(m, birth, path, -ENOSYS, path, fh, out);
}

int um_fs_tmpfile(struct um_mount *m, const char *dir, mode_t mode,
		  struct um_fh *fh, struct stat *out)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, tmpfile, dir, -ENOSYS, dir, mode, fh, out);
	out->st_dev = m->dev;
	return ret;
}

int um_fs_link_open(struct um_mount *m, struct um_fh *fh, const char *to)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, link_open, to, -ENOENT, fh, to);
	return entry_changed(m, to, ret);
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

int um_fs_binfmt(struct um_mount *m, struct um_binfmt_req *req)
{
	const struct um_fs_ops *ops = m->fs.ops;

	/* hardly any has it: exec should not pay */
	if (ops->size <= offsetof(struct um_fs_ops, binfmt) || !ops->binfmt ||
	    atomic_load(&m->dead))
		return 0;
	return (int)HOP(m, binfmt, req->path, 0, req);
}

void um_fs_cover_name(const char *name, bool beneath)
{
	um_shared_add_changed(name, beneath);
}

void um_fs_covered(void)
{
	um_shared_forget();
}

void um_fs_covered_file(void)
{
	um_shared_forget_whole();
}

void um_fs_cover_node(dev_t dev, ino_t ino)
{
	um_shared_add_dressed(dev, ino);
}

bool um_fs_gives(const struct um_mount *m)
{
	return HAS(m, give);
}

int um_fs_give(struct um_mount *m, const char *path, int flags, mode_t mode)
{
	if (((flags & O_ACCMODE) != O_RDONLY ||
	     (flags & (O_CREAT | O_TRUNC))) &&
	    um_mount_is_readonly(m))
		return -EROFS;
	return (int)HOP(m, give, path, -ENOSYS, path, flags, mode);
}

int um_fs_where(struct um_mount *m, const char *path, char *out, size_t size)
{
	if (!HAS(m, where))
		return -ENOENT;
	return (int)HOP(m, where, path, -ENOENT, path, out, size);
}

bool um_fs_is_layer(const struct um_mount *m)
{
	return HAS(m, covers);
}

bool um_fs_covers(struct um_mount *m, const char *path, int how)
{
	return !HAS(m, covers) || HOP(m, covers, path, true, path, how) != 0;
}

int um_fs_name_of(struct um_mount *m, const char *below, char *out, size_t size)
{
	if (!HAS(m, name_of))
		return -ENOENT;
	return (int)HOP(m, name_of, below, -ENOENT, below, out, size);
}

void um_fs_moves(void)
{
	um_shared_set_moves();
}

int um_fs_moved(struct um_mount *m, const char *path, char *out, size_t size)
{
	if (!HAS(m, moved))
		return -ENOENT;
	return (int)HOP(m, moved, path, -ENOENT, path, out, size);
}

bool um_fs_dress(struct um_mount *m, struct stat *st)
{
	return HAS(m, dress) && HOP(m, dress, NULL, false, st) > 0;
}

bool um_fs_can_remount(const struct um_mount *m)
{
	return HAS(m, remount);
}

int um_fs_remount(struct um_mount *m, unsigned long flags, const char *options)
{
	return (int)HOP(m, remount, "/", 0, flags, options);
}

/* The mount is dead already: nobody else is inside. */
void um_fs_umount(struct um_mount *m)
{
	struct um_next *outer = current_next;
	struct um_contain c;
	struct um_self self;

	if (!m->fs.ops->umount || atomic_load(&m->crashed))
		return;
	current_next = m->fs.next;
	self = um_self_enter(m->capture ? m->beneath : NULL);
	c.what = NULL;
	if (m->service)
		um_contain_enter(&c, m);
	if (sigsetjmp(c.at, 0) == 0)
		m->fs.ops->umount(&m->fs);
	um_self_restore(&self);
	current_next = outer;
	if (c.what)
		crashed(m, &c, "umount");
}
