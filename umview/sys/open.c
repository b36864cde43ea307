// SPDX-License-Identifier: GPL-2.0-or-later
/* open.c - open, openat, openat2, creat; see open(2), openat2(2) */
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "dev/dev.h"
#include "guest/shared.h"
#include "sys/special.h"
#include "view/perm.h"

int (*um_proc_open_hook)(struct um_req *r, const struct um_loc *loc);

/* One open, whichever call it came by. */
struct opening {
	int dirfd;
	uint64_t name;
	int flags;
	mode_t mode;
	unsigned int walk;
};

#define TMPFILE_BIT (O_TMPFILE & ~O_DIRECTORY)

static bool writes(int flags)
{
	return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);
}

static unsigned int walk_flags(const struct opening *o)
{
	unsigned int flags = o->walk;

	if (!(o->flags & O_NOFOLLOW) &&
	    (o->flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL))
		flags |= UM_FOLLOW;
	if ((o->flags & O_PATH) || (!writes(o->flags) && !(o->flags & O_CREAT)))
		flags |= UM_READ;
	return flags;
}

/* Devices, FIFOs and the like are written to, but not changed. */
static int walk_special(struct um_req *r, const struct opening *o,
			struct um_loc *loc)
{
	mode_t type = loc->st.st_mode & S_IFMT;

	if (!loc->exists || loc->obj || !um_fs_is_layer(loc->mount) ||
	    type == S_IFREG || type == S_IFDIR || type == S_IFLNK ||
	    ((o->flags & O_EXCL) && (o->flags & O_CREAT)))
		return 0;
	um_loc_fini(loc);
	return um_walk_user(r, o->dirfd, o->name, walk_flags(o) | UM_READ, loc);
}

static int open_real_dir(struct um_req *r, const struct um_loc *loc, int flags)
{
	if (writes(flags))
		return -EISDIR;
	return um_obj_open_dir(loc->mount, loc->rel, flags,
			       um_list_get(r->list), um_list_put_void);
}

/*
 * A real node that the guest's kernel would not find by the guest's name. A
 * FIFO may block; the guest waits in its own kernel, at the second opening.
 */
static int open_real(struct um_req *r, const struct um_loc *loc,
		     const struct opening *o)
{
	int flags = o->flags | O_CLOEXEC | O_NOCTTY;
	mode_t mode = o->mode;
	struct stat st;

	if ((flags & O_PATH) &&
	    um_fs_getattr(loc->mount, loc->rel, NULL, &st) == 0 &&
	    !S_ISDIR(st.st_mode))
		return (flags & O_DIRECTORY)
			       ? -ENOTDIR
			       : um_obj_open_path(loc->mount, loc->rel,
						  o->flags);
	if (flags & O_PATH)
		flags = (flags & ~O_PATH) | O_RDONLY;
	if (um_proc_open_hook) {
		int fd = um_proc_open_hook(r, loc);

		if (fd != -ENOENT)
			return fd;
	}
	if (lstat(loc->rel, &st) == 0 && S_ISFIFO(st.st_mode))
		return um_fifo_open(r, loc->rel, o->flags);
	if (flags & (O_CREAT | TMPFILE_BIT))
		mode = um_apply_umask(r, mode & 07777);
	return (int)UM_SYS(open(loc->rel, flags, mode));
}

/*
 * A file system whose files are those of the view beneath. Of a FIFO the guest
 * itself must wait for the other end.
 */
static int give(struct um_req *r, const struct um_loc *loc, int flags,
		mode_t mode)
{
	const char *beneath;

	if (loc->exists && S_ISFIFO(loc->st.st_mode) &&
	    um_special_beneath(r, loc, &beneath))
		return um_fifo_open(r, beneath, flags);
	return um_fs_give(loc->mount, loc->rel, flags | O_CLOEXEC | O_NOCTTY,
			  mode);
}

static int make_tmpfile(struct um_req *r, const struct um_loc *dir,
			const struct opening *o)
{
	static atomic_uint serial;
	char path[64];
	int ret;
	int fd;

	if (!dir->exists)
		return -ENOENT;
	if (!S_ISDIR(dir->st.st_mode))
		return -ENOTDIR;
	if ((o->flags & O_ACCMODE) == O_RDONLY || (o->flags & O_CREAT))
		return -EINVAL;
	ret = um_may(r, dir->mount, &dir->st, W_OK | X_OK);
	if (ret < 0)
		return ret;
	/* what it would be linked to has names of its own */
	if (um_fs_gives(dir->mount))
		return -EOPNOTSUPP;
	fd = um_vnode_tmpfile(dir->mount, dir->rel, o->flags & ~O_CREAT,
			      um_apply_umask(r, o->mode & 07777));
	if (fd != -ENOSYS)
		return fd;
	/* in the root: its own directory can be removed meanwhile */
	snprintf(path, sizeof(path), "/" UM_HIDDEN_NAME "%x-%x",
		 (unsigned int)r->tid, atomic_fetch_add(&serial, 1));
	fd = um_vnode_create_hidden(dir->mount, path,
				    o->flags & ~(O_TMPFILE | O_EXCL),
				    um_apply_umask(r, o->mode & 07777));
	if (fd >= 0 && (o->flags & O_EXCL))
		um_vnode_unlink(dir->mount, path);
	return fd;
}

static int create(struct um_req *r, const struct um_loc *loc,
		  const struct opening *o)
{
	int ret;

	if (!(o->flags & O_CREAT))
		return -ENOENT;
	if (loc->slash || (o->flags & O_DIRECTORY))
		return loc->slash ? -EISDIR : -EINVAL;
	ret = um_may_make(r, loc);
	if (ret < 0)
		return ret;
	if (um_fs_gives(loc->mount))
		return give(r, loc, o->flags,
			    um_apply_umask(r, o->mode & 07777));
	return um_vnode_create(loc->mount, loc->rel, o->flags,
			       um_apply_umask(r, o->mode & 07777));
}

static int open_dir(struct um_req *r, const struct um_loc *loc, int flags)
{
	if (writes(flags) || (flags & O_CREAT))
		return -EISDIR;
	if (flags & O_PATH)
		return um_obj_open_path(loc->mount, loc->rel, flags);
	return um_obj_open_dir(loc->mount, loc->rel, flags,
			       um_list_get(r->list), um_list_put_void);
}

static int open_existing(struct um_req *r, const struct um_loc *loc, int flags)
{
	mode_t type = loc->st.st_mode & S_IFMT;
	int ret = 0;

	if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		return -EEXIST;
	if (!(flags & O_PATH) && type != S_IFLNK &&
	    (type != S_IFDIR || !writes(flags)))
		ret = um_may_open(r, loc->mount, &loc->st, flags);
	if (ret < 0)
		return ret;
	if (type == S_IFDIR)
		return open_dir(r, loc, flags);
	if (flags & O_DIRECTORY)
		return -ENOTDIR;
	if (flags & O_PATH)
		return um_obj_open_path(loc->mount, loc->rel, flags);
	if (type == S_IFLNK)
		return -ELOOP;
	if (um_fs_gives(loc->mount))
		return give(r, loc, flags & ~(O_CREAT | O_EXCL), 0);
	if (type == S_IFREG)
		return um_vnode_open(loc->mount, loc->rel, flags);
	return um_special_open(r, loc, flags);
}

static int open_virtual(struct um_req *r, const struct um_loc *loc,
			const struct opening *o)
{
	um_obj_pace();
	if ((o->flags & O_TMPFILE) == O_TMPFILE)
		return make_tmpfile(r, loc, o);
	if (loc->exists)
		return open_existing(r, loc, o->flags);
	return create(r, loc, o);
}

/* Files of /proc that the view shows otherwise. -ENOENT: none of these. */
static int open_proc(struct um_req *r, const struct um_loc *loc,
		     const struct opening *o)
{
	if (!um_proc_open_hook || !um_loc_is_real(loc) || (o->flags & O_PATH))
		return -ENOENT;
	return um_proc_open_hook(r, loc);
}

/* A real node may have the number of one of the view's devices. */
static int open_by_number(struct um_req *r, const struct um_loc *loc, int flags)
{
	struct um_mount *m;
	const char *rel;
	struct stat st;

	if ((flags & O_PATH) || !um_dev_is_foreign(r->list) ||
	    stat(loc->path, &st) < 0)
		return -ENOENT;
	m = um_dev_by_number(r, st.st_mode & S_IFMT, st.st_rdev, &rel);
	return m ? um_dev_open(m, rel, &st, flags) : -ENOENT;
}

/* Real and native: the kernel does it, but for what the view adds. */
static long open_native(struct um_req *r, const struct um_loc *loc,
			const struct opening *o)
{
	int fd;

	fd = open_by_number(r, loc, o->flags);
	if (fd != -ENOENT)
		return um_give_fd(r, fd, o->flags & O_CLOEXEC);
	if (!um_list_has_phantoms(r->list, loc->path))
		return UM_CONTINUE;
	fd = open_real_dir(r, loc, o->flags);
	return um_give_fd(r, fd, o->flags & O_CLOEXEC);
}

/* fstat(2) comes next: what the descriptor's object stands for. */
static void tell_of(struct um_req *r, const struct um_loc *loc, int fd)
{
	struct stat st;

	/* of what a daemon serves, the open file decides, not its name */
	if (!um_mount_may_tell(loc->mount) ||
	    (loc->mount->tell && !S_ISDIR(loc->st.st_mode)) ||
	    fstat(fd, &st) < 0)
		return;
	um_tell_start(r, loc->mount, loc->rel, um_dir_key(st.st_ino));
	if (S_ISDIR(loc->st.st_mode))
		um_dir_opened(r, &loc->st, &st);
}

/*
 * A directory in which a layer leaves most names as they were: these the
 * guest's kernel can be asked for, in the directory beneath.
 */
static void tell_beneath(const struct um_loc *loc, int fd)
{
	struct um_obj *o UM_OBJ = NULL;
	const struct um_mount *below;
	const char *rel;
	struct stat st;
	int dir;

	/* who may search a directory the kernel would judge otherwise */
	if (um_perm_is_secure() || loc->mount->human)
		return;
	if (!um_fs_is_layer(loc->mount) || !S_ISDIR(loc->st.st_mode) ||
	    um_fs_covers(loc->mount, loc->rel, UM_COVERS_PASS))
		return;
	below = um_list_find(loc->mount->beneath, loc->path, &rel);
	if (!um_mount_is_real(below) || fstat(fd, &st) < 0)
		return;
	o = um_obj_find(&st);
	dir = o ? open(rel, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (dir >= 0)
		um_obj_lay_over(o, dir);
}

static long open_at(struct um_req *r, const struct opening *o,
		    const struct um_loc *loc)
{
	int fd = open_proc(r, loc, o);

	if (fd != -ENOENT)
		return um_give_fd(r, fd, o->flags & O_CLOEXEC);
	if (loc->obj)
		fd = um_obj_reopen(loc->obj, o->flags);
	else if (um_loc_is_native(loc))
		return open_native(r, loc, o);
	else if (um_loc_is_real(loc) &&
		 um_list_has_phantoms(r->list, loc->path))
		fd = open_real_dir(r, loc, o->flags);
	else if (um_loc_is_real(loc))
		fd = open_real(r, loc, o);
	else
		fd = open_virtual(r, loc, o);
	if (fd >= 0 && loc->exists && (o->flags & O_TMPFILE) != O_TMPFILE)
		tell_of(r, loc, fd);
	if (fd >= 0 && loc->exists && !(o->flags & O_PATH))
		tell_beneath(loc, fd);
	return um_give_fd(r, fd, o->flags & O_CLOEXEC);
}

/*
 * With O_CREAT: the name came or went between the walk and the opening. The
 * guest's call then counts as later than that.
 */
static bool came_or_went(const struct opening *o, const struct um_loc *loc,
			 long ret)
{
	if (!(o->flags & O_CREAT) || um_loc_is_real(loc))
		return false;
	if (loc->exists)
		return ret == -ENOENT;
	return ret == -EEXIST && !(o->flags & O_EXCL);
}

/* So often a name comes and goes under one call. */
#define MAX_TRIES 64

static long walk_and_open(struct um_req *r, const struct opening *o,
			  bool may_continue)
{
	long ret = -EEXIST;

	for (int i = 0; i < MAX_TRIES; i++) {
		struct um_loc loc UM_LOC;

		ret = um_walk_user(r, o->dirfd, o->name, walk_flags(o), &loc);
		if (ret == 0)
			ret = walk_special(r, o, &loc);
		if (ret < 0)
			return ret;
		if (may_continue && um_loc_is_native(&loc))
			return UM_CONTINUE;
		ret = open_at(r, o, &loc);
		if (!came_or_went(o, &loc, ret))
			break;
	}
	return ret;
}

#define PATH_FLAGS (O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

static long open_any(struct um_req *r, struct opening *o)
{
	/* "all other flags are ignored" */
	if (o->flags & O_PATH)
		o->flags &= PATH_FLAGS;
	return walk_and_open(r, o, false);
}

long sys_open(struct um_req *r)
{
	struct opening o = { AT_FDCWD, r->arg[0], (int)r->arg[1],
			     (mode_t)r->arg[2], 0 };

	return open_any(r, &o);
}

long sys_creat(struct um_req *r)
{
	struct opening o = { AT_FDCWD, r->arg[0], O_CREAT | O_WRONLY | O_TRUNC,
			     (mode_t)r->arg[1], 0 };

	return open_any(r, &o);
}

long sys_openat(struct um_req *r)
{
	struct opening o = { um_arg_fd(r, 0), r->arg[1], (int)r->arg[2],
			     (mode_t)r->arg[3], 0 };

	return open_any(r, &o);
}

#define RESOLVE_ALL                                                            \
	(RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |       \
	 RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED)

#define OPEN_ALL                                                               \
	(O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |        \
	 O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | 0100000 | O_DIRECTORY |    \
	 O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

/* What a newer program knows and we do not must be zero. */
static int check_tail(struct um_req *r, uint64_t at, size_t n)
{
	char *tail = um_req_alloc(r, n);
	int ret = tail ? um_copy_in(r, um_uptr_of(at), tail, n) : -ENOMEM;

	for (size_t i = 0; ret == 0 && i < n; i++)
		if (tail[i])
			ret = -E2BIG;
	return ret;
}

static int copy_how(struct um_req *r, struct open_how *how)
{
	size_t size = r->arg[3];
	int ret;

	if (size < sizeof(*how))
		return -EINVAL;
	if (size > 4096)
		return -E2BIG;
	ret = um_copy_in(r, um_uptr_of(r->arg[2]), how, sizeof(*how));
	if (ret == 0 && size > sizeof(*how))
		ret = check_tail(r, r->arg[2] + sizeof(*how),
				 size - sizeof(*how));
	if (ret < 0)
		return ret;
	if (how->flags & ~(uint64_t)OPEN_ALL)
		return -EINVAL;
	if ((how->flags & O_PATH) && (how->flags & ~(uint64_t)PATH_FLAGS))
		return -EINVAL;
	if ((how->resolve & RESOLVE_CACHED) &&
	    (how->flags & (O_CREAT | O_TRUNC | TMPFILE_BIT)))
		return -EAGAIN;
	if (how->resolve & ~(uint64_t)RESOLVE_ALL)
		return -EINVAL;
	if ((how->resolve & RESOLVE_BENEATH) &&
	    (how->resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if (how->mode & ~07777ULL)
		return -EINVAL;
	if (how->mode && !(how->flags & (O_CREAT | TMPFILE_BIT)))
		return -EINVAL;
	return 0;
}

static unsigned int resolve_flags(uint64_t resolve)
{
	unsigned int flags = 0;

	if (resolve & RESOLVE_NO_SYMLINKS)
		flags |= UM_NO_LINKS | UM_NO_MAGIC;
	if (resolve & RESOLVE_NO_MAGICLINKS)
		flags |= UM_NO_MAGIC;
	if (resolve & RESOLVE_NO_XDEV)
		flags |= UM_NO_XDEV;
	if (resolve & RESOLVE_BENEATH)
		flags |= UM_BENEATH;
	if (resolve & RESOLVE_IN_ROOT)
		flags |= UM_IN_ROOT;
	return flags;
}

long sys_openat2(struct um_req *r)
{
	struct open_how how;
	struct opening o;
	int ret = copy_how(r, &how);

	if (ret < 0)
		return ret;
	o = (struct opening){ um_arg_fd(r, 0), r->arg[1], (int)how.flags,
			      (mode_t)how.mode, resolve_flags(how.resolve) };
	return walk_and_open(r, &o, how.resolve != 0);
}

/* A handle would lead past the view; programs fall back to names. */
long sys_name_to_handle_at(struct um_req *r)
{
	(void)r;
	return -EOPNOTSUPP;
}

long sys_open_by_handle_at(struct um_req *r)
{
	(void)r;
	return -EPERM;
}
