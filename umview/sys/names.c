// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names.c - what makes, moves and removes names: mkdir, mknod, link, symlink,
 * rename, unlink, rmdir, readlink
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/path.h"
#include "sys/special.h"
#include "view/cwd.h"
#include "view/perm.h"

/* A name for a new node: it must not exist. 0, UM_CONTINUE or -errno. */
static long new_name(struct um_req *r, int dirfd, uint64_t name, bool dir,
		     struct um_loc *loc)
{
	int ret = um_walk_user(r, dirfd, name, dir ? UM_ENTRY : 0, loc);

	if (ret < 0)
		return ret;
	if (um_loc_is_native(loc))
		return UM_CONTINUE;
	if (um_loc_is_real(loc))
		return 0;
	if (loc->obj || loc->exists || loc->last_special)
		return -EEXIST;
	if (loc->slash && !dir)
		return -ENOENT;
	return um_may_make(r, loc);
}

static long make_dir(struct um_req *r, int dirfd, uint64_t name, mode_t mode)
{
	struct um_loc loc UM_LOC;
	long ret = new_name(r, dirfd, name, true, &loc);

	if (ret != 0)
		return ret;
	return um_vnode_mkdir(loc.mount, loc.rel,
			      um_apply_umask(r, mode & 01777));
}

long sys_mkdir(struct um_req *r)
{
	return make_dir(r, AT_FDCWD, r->arg[0], (mode_t)r->arg[1]);
}

long sys_mkdirat(struct um_req *r)
{
	return make_dir(r, um_arg_fd(r, 0), r->arg[1], (mode_t)r->arg[2]);
}

static long make_node(struct um_req *r, int dirfd, uint64_t name, mode_t mode,
		      dev_t dev)
{
	struct um_loc loc UM_LOC;
	long ret = new_name(r, dirfd, name, false, &loc);

	if (ret != 0)
		return ret;
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFCHR:
	case S_IFBLK:
		ret = um_may_administer(r);
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	return ret < 0 ? ret
		       : um_vnode_mknod(
				 loc.mount, loc.rel,
				 um_apply_umask(r, mode & (S_IFMT | 07777)),
				 dev);
}

long sys_mknod(struct um_req *r)
{
	return make_node(r, AT_FDCWD, r->arg[0], (mode_t)r->arg[1],
			 (dev_t)r->arg[2]);
}

long sys_mknodat(struct um_req *r)
{
	return make_node(r, um_arg_fd(r, 0), r->arg[1], (mode_t)r->arg[2],
			 (dev_t)r->arg[3]);
}

static long make_symlink(struct um_req *r, uint64_t target, int dirfd,
			 uint64_t name)
{
	struct um_loc loc UM_LOC;
	char *text;
	long ret;

	loc = (struct um_loc){ 0 };
	ret = um_copy_in_path(r, um_uptr_of(target), &text);
	if (ret < 0)
		return ret;
	ret = new_name(r, dirfd, name, false, &loc);
	if (ret != 0)
		return ret;
	return *text ? um_vnode_symlink(loc.mount, text, loc.rel) : -ENOENT;
}

long sys_symlink(struct um_req *r)
{
	return make_symlink(r, r->arg[0], AT_FDCWD, r->arg[1]);
}

long sys_symlinkat(struct um_req *r)
{
	return make_symlink(r, r->arg[0], um_arg_fd(r, 1), r->arg[2]);
}

/* linkat(2) of an open file: AT_EMPTY_PATH. */
static int from_fd(struct um_req *r, int fd, struct um_loc *loc)
{
	struct um_obj *o UM_OBJ = NULL;
	UM_FREE char *rel = NULL;
	struct stat st;
	int ret = um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st);

	*loc = (struct um_loc){ .mount = um_mount_real(), .native = true };
	if (ret < 0)
		return ret;
	o = um_obj_find(&st);
	if (!o) {
		struct um_loc shown;

		ret = um_fd_for_change(r, fd, &shown);
		if (ret == 0)
			*loc = shown;
		return ret == UM_FD_NATIVE ? 0 : ret;
	}
	rel = um_obj_path(o);
	loc->native = false;
	loc->mount = o->mount;
	if (!rel) {
		loc->obj = um_steal(o);
		return 0;
	}
	loc->rel = um_req_strdup(r, rel);
	loc->path = um_view_path_of(r, o->mount, rel);
	loc->exists = um_fs_getattr(loc->mount, rel, NULL, &loc->st) == 0;
	return loc->rel && loc->path ? 0 : -ENOMEM;
}

static int link_source(struct um_req *r, int dirfd, uint64_t name, int flags,
		       struct um_loc *loc)
{
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(name), &path);

	if (ret < 0)
		return ret;
	if (!*path && (flags & AT_EMPTY_PATH))
		return from_fd(r, dirfd, loc);
	return um_walk(r, dirfd, path,
		       (flags & AT_SYMLINK_FOLLOW) ? UM_FOLLOW : 0, loc);
}

static long link_virtual(struct um_req *r, const struct um_loc *from,
			 const struct um_loc *to)
{
	struct stat st;
	int ret;

	if (!um_loc_is_real(from) && !from->exists)
		return -ENOENT;
	if (!um_loc_is_real(to) && to->exists)
		return -EEXIST;
	if (um_loc_is_real(from) && from->rel && stat(from->rel, &st) == 0 &&
	    !st.st_nlink)
		return -ENOENT;
	if (from->mount != to->mount)
		return -EXDEV;
	if (!um_loc_is_real(from) && S_ISDIR(from->st.st_mode))
		return -EPERM;
	if (to->slash)
		return -ENOENT;
	ret = um_may_make(r, to);
	return ret < 0 ? ret : um_vnode_link(from->mount, from->rel, to->rel);
}

/* It has no name: only if it never had one. */
static long link_nameless(struct um_req *r, const struct um_obj *o,
			  const struct um_loc *to)
{
	int ret;

	if (!o->vnode)
		return -ENOENT;
	if (!um_loc_is_real(to) && to->exists)
		return -EEXIST;
	if (o->mount != to->mount)
		return -EXDEV;
	ret = um_may_make(r, to);
	return ret < 0 ? ret : um_vnode_link_open(o->vnode, to->rel);
}

static long make_link(struct um_req *r, int fromfd, uint64_t from, int tofd,
		      uint64_t to, int flags)
{
	struct um_loc a UM_LOC;
	struct um_loc b UM_LOC;
	int ret;

	a = (struct um_loc){ 0 };
	b = (struct um_loc){ 0 };
	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	ret = link_source(r, fromfd, from, flags, &a);
	if (ret == 0 && !um_loc_is_real(&a) && !a.exists && !a.obj)
		ret = -ENOENT;
	if (ret < 0)
		return ret;
	ret = um_walk_user(r, tofd, to, 0, &b);
	if (ret < 0)
		return ret;
	if (um_loc_is_native(&a) && um_loc_is_native(&b))
		return UM_CONTINUE;
	if (b.obj)
		return -ENOENT;
	if (a.obj)
		return link_nameless(r, a.obj, &b);
	return link_virtual(r, &a, &b);
}

long sys_link(struct um_req *r)
{
	return make_link(r, AT_FDCWD, r->arg[0], AT_FDCWD, r->arg[1], 0);
}

long sys_linkat(struct um_req *r)
{
	return make_link(r, um_arg_fd(r, 0), r->arg[1], um_arg_fd(r, 2),
			 r->arg[3], (int)r->arg[4]);
}

static bool is_mount_point(const struct um_req *r, const struct um_loc *loc)
{
	return um_list_mount_at(r->list, loc->path) != NULL;
}

/*
 * Mount points stand where they are, and keep the names above them: a mount that
 * lies over a tree finds it by name. What is older than the mount that has the
 * name is hidden by it.
 */
static bool holds_mount(const struct um_req *r, const struct um_loc *loc)
{
	const struct um_list *l = r->list;

	if (is_mount_point(r, loc))
		return true;
	for (size_t i = l->nmounts; i-- > 0 && l->mounts[i] != loc->mount;)
		if (um_path_beneath(um_list_point(l, i), loc->path))
			return true;
	return false;
}

/* Does the name lie beneath that directory? */
static bool is_below(const struct um_loc *loc, const struct um_loc *dir)
{
	size_t n = strlen(dir->rel);

	return S_ISDIR(dir->st.st_mode) && !strncmp(loc->rel, dir->rel, n) &&
	       loc->rel[n] == '/';
}

static int rename_checks(const struct um_loc *a, const struct um_loc *b,
			 unsigned int flags)
{
	bool is_dir = S_ISDIR(a->st.st_mode);

	if (!a->exists)
		return -ENOENT;
	if (a->last_special || b->last_special)
		return -EBUSY;
	if ((flags & RENAME_NOREPLACE) && b->exists)
		return -EEXIST;
	if ((flags & RENAME_EXCHANGE) && !b->exists)
		return -ENOENT;
	if ((a->slash || b->slash) && !is_dir && !(flags & RENAME_EXCHANGE))
		return -ENOTDIR;
	if (is_below(b, a))
		return -EINVAL;
	if (b->exists && is_below(a, b))
		return (flags & RENAME_EXCHANGE) ? -EINVAL : -ENOTEMPTY;
	if (!b->exists || (flags & RENAME_EXCHANGE))
		return 0;
	if (is_dir && !S_ISDIR(b->st.st_mode))
		return -ENOTDIR;
	if (!is_dir && S_ISDIR(b->st.st_mode))
		return -EISDIR;
	return 0;
}

/* To where another directory is its parent, a directory itself changes. */
static int may_move(struct um_req *r, const struct um_loc *from,
		    const struct um_loc *to)
{
	size_t n = (size_t)(strrchr(from->rel, '/') - from->rel);
	bool same = (size_t)(strrchr(to->rel, '/') - to->rel) == n &&
		    !strncmp(from->rel, to->rel, n);
	int ret = um_may_remove(r, from);

	if (ret == 0 && S_ISDIR(from->st.st_mode) && !same)
		ret = um_may(r, from->mount, &from->st, W_OK);
	return ret;
}

static int may_rename(struct um_req *r, const struct um_loc *a,
		      const struct um_loc *b, unsigned int flags)
{
	int ret = may_move(r, a, b);

	if (ret < 0)
		return ret;
	if (flags & RENAME_EXCHANGE)
		return may_move(r, b, a);
	return b->exists ? um_may_remove(r, b) : um_may_make(r, b);
}

static long rename_virtual(struct um_req *r, const struct um_loc *a,
			   const struct um_loc *b, unsigned int flags)
{
	int ret;

	if (holds_mount(r, a) || holds_mount(r, b))
		return -EBUSY;
	if (um_loc_is_real(a) && um_loc_is_real(b))
		return um_fs_rename(a->mount, a->rel, b->rel, flags);
	if (!um_loc_is_real(a) && !a->exists)
		return -ENOENT;
	if (a->mount != b->mount)
		return -EXDEV;
	ret = rename_checks(a, b, flags);
	if (ret < 0)
		return ret;
	if (b->exists && a->st.st_ino == b->st.st_ino &&
	    a->st.st_dev == b->st.st_dev)
		return 0;
	ret = may_rename(r, a, b, flags);
	if (ret < 0)
		return ret;
	ret = um_vnode_rename(a->mount, a->rel, b->rel, flags);
	if (ret < 0)
		return ret;
	if (b->exists && !(flags & RENAME_EXCHANGE))
		um_cwd_removed(b->mount, b->rel);
	um_cwd_renamed(a->mount, a->rel, b->rel, flags & RENAME_EXCHANGE);
	return 0;
}

static long do_rename(struct um_req *r, int fromfd, uint64_t from, int tofd,
		      uint64_t to, unsigned int flags)
{
	struct um_loc a UM_LOC;
	struct um_loc b UM_LOC;
	int ret;

	a = (struct um_loc){ 0 };
	b = (struct um_loc){ 0 };
	if ((flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE |
				     RENAME_WHITEOUT)) ||
	    ((flags & RENAME_EXCHANGE) && (flags & ~(unsigned)RENAME_EXCHANGE)))
		return -EINVAL;
	ret = um_walk_user(r, fromfd, from, UM_ENTRY, &a);
	if (ret < 0)
		return ret;
	ret = um_walk_user(r, tofd, to, UM_ENTRY, &b);
	if (ret < 0)
		return ret;
	if (a.obj || b.obj)
		return -ENOENT;
	if (um_loc_is_native(&a) && um_loc_is_native(&b) &&
	    !holds_mount(r, &a) && !holds_mount(r, &b))
		return UM_CONTINUE;
	return rename_virtual(r, &a, &b, flags);
}

long sys_rename(struct um_req *r)
{
	return do_rename(r, AT_FDCWD, r->arg[0], AT_FDCWD, r->arg[1], 0);
}

long sys_renameat(struct um_req *r)
{
	return do_rename(r, um_arg_fd(r, 0), r->arg[1], um_arg_fd(r, 2),
			 r->arg[3], 0);
}

long sys_renameat2(struct um_req *r)
{
	return do_rename(r, um_arg_fd(r, 0), r->arg[1], um_arg_fd(r, 2),
			 r->arg[3], (unsigned int)r->arg[4]);
}

static bool ends_in_dot(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	return n && path[n - 1] == '.' && (n == 1 || path[n - 2] == '/');
}

static long remove_dir(struct um_req *r, int dirfd, uint64_t name)
{
	struct um_loc loc UM_LOC;
	char *path;
	int ret;

	loc = (struct um_loc){ 0 };
	ret = um_copy_in_path(r, um_uptr_of(name), &path);
	if (ret < 0)
		return ret;
	ret = um_walk(r, dirfd, path, UM_ENTRY, &loc);
	if (ret < 0)
		return ret;
	if (!um_walk_is_idle(r, path) && is_mount_point(r, &loc))
		return -EBUSY;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (um_loc_is_real(&loc))
		return um_fs_rmdir(loc.mount, loc.rel);
	if (loc.obj || !loc.exists)
		return -ENOENT;
	if (!S_ISDIR(loc.st.st_mode))
		return -ENOTDIR;
	if (loc.last_special)
		return ends_in_dot(path) ? -EINVAL : -ENOTEMPTY;
	ret = um_may_remove(r, &loc);
	if (ret == 0)
		ret = um_vnode_rmdir(loc.mount, loc.rel);
	if (ret == 0)
		um_cwd_removed(loc.mount, loc.rel);
	return ret;
}

static long remove_file(struct um_req *r, int dirfd, uint64_t name)
{
	struct um_loc loc UM_LOC;
	int ret = um_walk_user(r, dirfd, name, UM_ENTRY, &loc);

	if (ret < 0)
		return ret;
	if (r->list->nmounts && is_mount_point(r, &loc))
		return -EBUSY;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (um_loc_is_real(&loc))
		return um_fs_unlink(loc.mount, loc.rel);
	if (loc.obj || !loc.exists)
		return -ENOENT;
	if (S_ISDIR(loc.st.st_mode) || loc.last_special)
		return -EISDIR;
	if (loc.slash)
		return -ENOTDIR;
	ret = um_may_remove(r, &loc);
	if (ret == 0)
		ret = um_vnode_unlink(loc.mount, loc.rel);
	if (ret == 0 && loc.st.st_nlink <= 1 && !S_ISREG(loc.st.st_mode))
		um_special_forget(loc.mount, loc.st.st_ino);
	return ret;
}

long sys_rmdir(struct um_req *r)
{
	return remove_dir(r, AT_FDCWD, r->arg[0]);
}

long sys_unlink(struct um_req *r)
{
	return remove_file(r, AT_FDCWD, r->arg[0]);
}

long sys_unlinkat(struct um_req *r)
{
	if (r->arg[2] & ~(uint64_t)AT_REMOVEDIR)
		return -EINVAL;
	if (r->arg[2] & AT_REMOVEDIR)
		return remove_dir(r, um_arg_fd(r, 0), r->arg[1]);
	return remove_file(r, um_arg_fd(r, 0), r->arg[1]);
}

static long give_text(struct um_req *r, const char *text, size_t n,
		      uint64_t buf, size_t size)
{
	int ret;

	if (n > size)
		n = size;
	ret = um_copy_out(r, um_uptr_of(buf), text, n);
	return ret < 0 ? ret : (long)n;
}

/* readlinkat(2) with an empty name: an O_PATH descriptor of a link. */
static long readlink_fd(struct um_req *r, int fd, uint64_t buf, size_t size)
{
	struct um_obj *o UM_OBJ = NULL;
	UM_FREE char *rel = NULL;
	char text[PATH_MAX];
	struct stat st;
	ssize_t n;

	if (um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st) < 0)
		return UM_CONTINUE;
	o = um_obj_find(&st);
	if (!o)
		return UM_CONTINUE;
	rel = um_obj_path(o);
	if (!rel || o->kind != UM_OBJ_PATH)
		return -ENOENT;
	n = um_fs_readlink(o->mount, rel, text, sizeof(text));
	return n < 0 ? n : give_text(r, text, (size_t)n, buf, size);
}

static long do_readlink(struct um_req *r, int dirfd, uint64_t name,
			uint64_t buf, int size)
{
	struct um_loc loc UM_LOC;
	const char *magic;
	char text[PATH_MAX];
	char *path;
	ssize_t n;
	int ret;

	loc = (struct um_loc){ 0 };
	if (size <= 0)
		return -EINVAL;
	ret = um_copy_in_path(r, um_uptr_of(name), &path);
	if (ret < 0)
		return ret;
	if (!*path && dirfd != AT_FDCWD)
		return readlink_fd(r, dirfd, buf, (size_t)size);
	ret = um_walk(r, dirfd, path, UM_READ, &loc);
	if (ret < 0)
		return ret;
	if (um_loc_is_real(&loc) && !um_walk_is_idle(r, path)) {
		ret = um_magic_text(r, loc.path, &magic);
		if (ret == 0)
			return give_text(r, magic, strlen(magic), buf,
					 (size_t)size);
		if (ret != -ENOENT)
			return ret;
	}
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (!um_loc_is_real(&loc) && !loc.exists)
		return -ENOENT;
	n = um_fs_readlink(loc.mount, loc.rel, text, sizeof(text));
	return n < 0 ? n : give_text(r, text, (size_t)n, buf, (size_t)size);
}

long sys_readlink(struct um_req *r)
{
	return do_readlink(r, AT_FDCWD, r->arg[0], r->arg[1], (int)r->arg[2]);
}

long sys_readlinkat(struct um_req *r)
{
	return do_readlink(r, um_arg_fd(r, 0), r->arg[1], r->arg[2],
			   (int)r->arg[3]);
}
