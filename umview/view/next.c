// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * next.c - the view beneath a mount, as its module uses it
 *
 * A struct um_next is the layer list beneath. Names are walked through it as a
 * guest's would be, by a request of the monitor's own; a real file is then the
 * kernel's, a virtual one a vnode of the mount that has it.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "guest/self.h"
#include "view/imagelock.h"
#include "view/path.h"

struct um_next_file {
	int fd;
	struct um_vnode *vnode;
	struct um_imagelock *lock;
	bool exclusive;
};

/* A request of our own: absolute names, no guest. */
struct lookup {
	struct um_req r;
	struct um_loc loc;
	struct um_self self;
};

static int look(struct um_next *next, const char *path, unsigned int flags,
		struct lookup *l)
{
	memset(l, 0, sizeof(*l));
	l->self = um_self_enter(NULL);
	l->r.engine = &um_engine_self;
	l->r.tid = getpid();
	l->r.tgid = l->r.tid;
	l->r.attr = um_attr_by_id(0);
	l->r.list = (struct um_list *)next;
	if (path[0] != '/')
		return -EINVAL;
	return um_walk_always(&l->r, AT_FDCWD, path, flags, &l->loc);
}

static void done(struct lookup *l)
{
	um_loc_fini(&l->loc);
	um_req_fini(&l->r);
	um_self_restore(&l->self);
}

bool um_next_has_mounts(struct um_next *next)
{
	return ((struct um_list *)next)->nmounts != 0;
}

int um_next_mount(struct um_next *next, const char *path, struct um_mount **out)
{
	struct lookup l;
	struct stat st;
	int ret = look(next, path, UM_FOLLOW, &l);

	if (ret == 0)
		ret = um_fs_getattr(l.loc.mount, l.loc.rel, NULL, &st);
	if (ret == 0 && (um_loc_is_real(&l.loc) || strcmp(l.loc.rel, "/") != 0))
		ret = -ENOTSUP;
	if (ret == 0)
		*out = um_mount_get(l.loc.mount);
	done(&l);
	return ret;
}

int um_next_canonical(struct um_next *next, const char *path, char **out)
{
	struct lookup l;
	int ret = look(next, path, UM_FOLLOW, &l);

	*out = ret == 0 ? strdup(l.loc.path) : NULL;
	if (ret == 0 && !*out)
		ret = -ENOMEM;
	done(&l);
	return ret;
}

/* Where there is nothing to read at an offset, and open(2) of a FIFO waits. */
static int no_file(mode_t mode)
{
	if (S_ISDIR(mode))
		return -EISDIR;
	return S_ISFIFO(mode) || S_ISSOCK(mode) ? -ENOTBLK : -ENXIO;
}

static int open_real(const char *path, int flags, mode_t mode,
		     struct um_next_file *f)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISFIFO(st.st_mode))
		return no_file(st.st_mode);
	f->fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
	return f->fd < 0 ? -errno : 0;
}

/* A node of the view's own devices, by its name or by its number. */
static struct um_mount *device_of(struct um_req *r, const struct um_loc *loc,
				  const struct stat *st, const char **rel)
{
	*rel = loc->rel;
	return loc->mount->devices ? loc->mount
				   : um_dev_by_number(r, st->st_mode & S_IFMT,
						      st->st_rdev, rel);
}

static int open_virtual(struct um_req *r, const struct um_loc *loc, int flags,
			mode_t mode, struct um_next_file *f)
{
	struct um_mount *m = loc->mount;
	const char *rel = loc->rel;
	struct stat st = loc->st;
	int ret;

	if (loc->exists && (flags & O_EXCL) && (flags & O_CREAT))
		return -EEXIST;
	if (!loc->exists && !(flags & O_CREAT))
		return -ENOENT;
	if (um_fs_gives(loc->mount)) {
		f->fd = um_fs_give(loc->mount, loc->rel,
				   flags | O_CLOEXEC | O_NOCTTY, mode);
		return f->fd < 0 ? f->fd : 0;
	}
	if (!loc->exists) {
		ret = um_vnode_mknod(loc->mount, loc->rel, S_IFREG | mode, 0);
		if (ret == 0)
			ret = um_fs_getattr(loc->mount, loc->rel, NULL, &st);
		if (ret < 0)
			return ret;
	}
	if (!S_ISREG(st.st_mode))
		m = device_of(r, loc, &st, &rel);
	if (!m)
		return no_file(st.st_mode);
	ret = um_vnode_get_path(m, rel, &st, flags, &f->vnode);
	if (ret == 0 && (flags & O_TRUNC))
		ret = um_vnode_truncate(f->vnode, 0);
	if (ret == 0)
		atomic_fetch_add(&m->users, 1);
	return ret;
}

int um_next_open(struct um_next *next, const char *path, int flags, mode_t mode,
		 struct um_next_file **out)
{
	struct um_next_file *f = calloc(1, sizeof(*f));
	struct lookup l;
	int ret;

	if (!f)
		return -ENOMEM;
	f->fd = -1;
	ret = look(next, path, UM_FOLLOW, &l);
	if (ret == 0)
		ret = um_loc_is_real(&l.loc)
			      ? open_real(l.loc.rel, flags, mode, f)
			      : open_virtual(&l.r, &l.loc, flags, mode, f);
	done(&l);
	if (ret < 0)
		free(um_steal(f));
	*out = f;
	return ret;
}

void um_next_close(struct um_next_file *f)
{
	UM_CORE_CODE;
	if (!f)
		return;
	um_imagelock_put(f->lock);
	if (f->fd >= 0)
		close(f->fd);
	if (f->vnode) {
		atomic_fetch_sub(&f->vnode->mount->users, 1);
		um_vnode_let_go(f->vnode);
	}
	free(f);
}

int um_next_lock(struct um_next_file *f, bool writes)
{
	UM_CORE_CODE;
	int ret;

	if (f->vnode || f->exclusive)
		return 0;
	ret = um_imagelock_take(f->fd, writes, &f->lock);
	if (ret == 0 && writes)
		f->exclusive = true;
	return ret;
}

ssize_t um_next_pread(struct um_next_file *f, void *buf, size_t n, off_t off)
{
	UM_CORE_CODE;
	if (f->vnode)
		return um_vnode_read(f->vnode, buf, n, off);
	return UM_SYS(pread(f->fd, buf, n, off));
}

ssize_t um_next_pwrite(struct um_next_file *f, const void *buf, size_t n,
		       off_t off)
{
	UM_CORE_CODE;
	off_t at;

	if (f->vnode)
		return um_vnode_write(f->vnode, buf, n, off, &at);
	return UM_SYS(pwrite(f->fd, buf, n, off));
}

int um_next_fstat(struct um_next_file *f, struct stat *out)
{
	UM_CORE_CODE;
	if (f->vnode)
		return um_obj_getattr(&f->vnode->file, out);
	return (int)UM_SYS(fstat(f->fd, out));
}

int um_next_ftruncate(struct um_next_file *f, off_t size)
{
	UM_CORE_CODE;
	if (f->vnode)
		return um_vnode_truncate(f->vnode, size);
	return (int)UM_SYS(ftruncate(f->fd, size));
}

int um_next_fallocate(struct um_next_file *f, int mode, off_t off, off_t len)
{
	UM_CORE_CODE;
	if (f->vnode)
		return um_vnode_fallocate(f->vnode, mode, off, len);
	return (int)UM_SYS(fallocate(f->fd, mode, off, len));
}

int um_next_fsync(struct um_next_file *f, bool datasync)
{
	UM_CORE_CODE;
	if (f->vnode)
		return um_vnode_fsync(f->vnode, datasync);
	if (datasync)
		return (int)UM_SYS(fdatasync(f->fd));
	return (int)UM_SYS(fsync(f->fd));
}

int um_next_size(struct um_next_file *f, uint64_t *out)
{
	UM_CORE_CODE;
	struct stat st;
	int ret = um_next_fstat(f, &st);

	if (ret < 0)
		return ret;
	*out = (uint64_t)st.st_size;
	if (!S_ISBLK(st.st_mode))
		return 0;
	if (f->vnode)
		return um_vnode_ioctl(f->vnode, BLKGETSIZE64, out,
				      sizeof(*out));
	return (int)UM_SYS(ioctl(f->fd, BLKGETSIZE64, out));
}

/* Do `call`, which uses loc, on the node that path leads to. */
#define ON_PATH(flags, call)                                                   \
	({                                                                     \
		struct lookup _l;                                              \
		const struct um_loc *loc = &_l.loc;                            \
		long _ret = look(next, path, flags, &_l);                      \
                                                                               \
		if (_ret == 0)                                                 \
			_ret = (call);                                         \
		done(&_l);                                                     \
		_ret;                                                          \
	})

int um_next_stat(struct um_next *next, const char *path, struct stat *out)
{
	return (int)ON_PATH(UM_FOLLOW,
			    um_fs_getattr(loc->mount, loc->rel, NULL, out));
}

int um_next_lstat(struct um_next *next, const char *path, struct stat *out)
{
	return (int)ON_PATH(0, um_fs_getattr(loc->mount, loc->rel, NULL, out));
}

ssize_t um_next_readlink(struct um_next *next, const char *path, char *buf,
			 size_t size)
{
	return ON_PATH(0, um_fs_readlink(loc->mount, loc->rel, buf, size));
}

int um_next_readdir(struct um_next *next, const char *path, um_fill_fn fill,
		    void *arg)
{
	return (int)ON_PATH(
		0, um_list_readdir((struct um_list *)next, loc, fill, arg));
}

int um_next_mknod(struct um_next *next, const char *path, mode_t mode,
		  dev_t rdev)
{
	return (int)ON_PATH(UM_ENTRY,
			    um_vnode_mknod(loc->mount, loc->rel, mode, rdev));
}

int um_next_mkdir(struct um_next *next, const char *path, mode_t mode)
{
	return (int)ON_PATH(UM_ENTRY,
			    um_vnode_mkdir(loc->mount, loc->rel, mode));
}

int um_next_unlink(struct um_next *next, const char *path)
{
	return (int)ON_PATH(UM_ENTRY, um_vnode_unlink(loc->mount, loc->rel));
}

int um_next_rmdir(struct um_next *next, const char *path)
{
	return (int)ON_PATH(UM_ENTRY, um_fs_rmdir(loc->mount, loc->rel));
}

int um_next_symlink(struct um_next *next, const char *target, const char *path)
{
	return (int)ON_PATH(UM_ENTRY,
			    um_vnode_symlink(loc->mount, target, loc->rel));
}

typedef int (*two_fn)(struct um_mount *m, const char *from, const char *to,
		      unsigned int flags);

static int on_two(struct um_next *next, const char *from, const char *to,
		  two_fn fn, unsigned int flags)
{
	struct lookup a;
	struct lookup b = { 0 };
	int ret = look(next, from, UM_ENTRY, &a);

	if (ret == 0)
		ret = look(next, to, UM_ENTRY, &b);
	if (ret == 0 && a.loc.mount != b.loc.mount)
		ret = -EXDEV;
	if (ret == 0)
		ret = fn(a.loc.mount, a.loc.rel, b.loc.rel, flags);
	if (b.r.engine)
		done(&b);
	done(&a);
	return ret;
}

int um_next_rename(struct um_next *next, const char *from, const char *to,
		   unsigned int flags)
{
	return on_two(next, from, to, um_vnode_rename, flags);
}

static int link_two(struct um_mount *m, const char *from, const char *to,
		    unsigned int flags)
{
	(void)flags;
	return um_vnode_link(m, from, to);
}

int um_next_link(struct um_next *next, const char *from, const char *to)
{
	return on_two(next, from, to, link_two, 0);
}

int um_next_chmod(struct um_next *next, const char *path, mode_t mode)
{
	return (int)ON_PATH(0, um_fs_chmod(loc->mount, loc->rel, NULL, mode));
}

int um_next_chown(struct um_next *next, const char *path, uid_t uid, gid_t gid)
{
	return (int)ON_PATH(0,
			    um_fs_chown(loc->mount, loc->rel, NULL, uid, gid));
}

int um_next_utimens(struct um_next *next, const char *path,
		    const struct timespec ts[2])
{
	return (int)ON_PATH(0, um_fs_utimens(loc->mount, loc->rel, NULL, ts));
}

static int truncate_loc(const struct um_loc *loc, off_t size)
{
	if (um_loc_is_real(loc))
		return um_fs_truncate(loc->mount, loc->rel, NULL, size);
	if (!loc->exists)
		return -ENOENT;
	return um_vnode_truncate_path(loc->mount, loc->rel, size);
}

int um_next_truncate(struct um_next *next, const char *path, off_t size)
{
	return (int)ON_PATH(0, truncate_loc(loc, size));
}

static int statfs_loc(const struct um_loc *loc, struct statfs *out)
{
	if (um_loc_is_real(loc))
		return (int)UM_SYS(statfs(loc->rel, out));
	return um_fs_statfs(loc->mount, out);
}

int um_next_statfs(struct um_next *next, const char *path, struct statfs *out)
{
	return (int)ON_PATH(UM_FOLLOW, statfs_loc(loc, out));
}

int um_next_setxattr(struct um_next *next, const char *path, const char *name,
		     const void *value, size_t size, int flags)
{
	return (int)ON_PATH(0, um_fs_setxattr(loc->mount, loc->rel, name, value,
					      size, flags));
}

ssize_t um_next_getxattr(struct um_next *next, const char *path,
			 const char *name, void *buf, size_t size)
{
	return ON_PATH(0,
		       um_fs_getxattr(loc->mount, loc->rel, name, buf, size));
}

ssize_t um_next_listxattr(struct um_next *next, const char *path, char *buf,
			  size_t size)
{
	return ON_PATH(0, um_fs_listxattr(loc->mount, loc->rel, buf, size));
}

int um_next_removexattr(struct um_next *next, const char *path,
			const char *name)
{
	return (int)ON_PATH(0, um_fs_removexattr(loc->mount, loc->rel, name));
}
