// SPDX-License-Identifier: GPL-2.0-or-later
/* chattr.c - changes of attributes: chmod, chown, utime and truncate families */
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>
#include <utime.h>

#include "sys/fsize.h"
#include "sys/sys.h"
#include "view/perm.h"

/* A change, and the node it is for. */
struct change {
	enum { MODE, OWNER, TIMES } what;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec ts[2];
};

/* Both times to now: who can write the file may, too. */
static bool is_touch(const struct change *c)
{
	return c->ts[0].tv_nsec == UTIME_NOW && c->ts[1].tv_nsec == UTIME_NOW;
}

/* May the guest make the change? It may be made smaller. */
static int may_change(struct um_req *r, const struct um_mount *m,
		      const struct stat *st, struct change *c)
{
	int ret;

	if (!um_perm_holds_for(m))
		return 0;
	switch (c->what) {
	case MODE:
		c->mode = um_may_mode(r, m, st, c->mode);
		return um_may_own(r, m, st);
	case OWNER:
		return um_may_chown(r, m, st, c->uid, c->gid);
	case TIMES:
		ret = um_may_own(r, m, st);
		if (ret == 0 || !is_touch(c))
			return ret;
		return um_may(r, m, st, W_OK);
	}
	return 0;
}

/* What chown(2) takes from files that are executed; 0 where there is none. */
static mode_t lost_bits(const struct change *c, const struct stat *st)
{
	mode_t lost = S_ISUID;

	if (c->what != OWNER || S_ISDIR(st->st_mode))
		return 0;
	if (st->st_mode & S_IXGRP)
		lost |= S_ISGID;
	return st->st_mode & lost;
}

static long change_obj(struct um_req *r, struct um_obj *o, struct change *c)
{
	struct stat st = { 0 };
	int ret = 0;

	if (um_mount_is_readonly(o->mount))
		return -EROFS;
	if (um_perm_holds_for(o->mount) || c->what == OWNER)
		ret = um_obj_getattr(o, &st);
	if (ret == 0)
		ret = may_change(r, o->mount, &st, c);
	if (ret < 0)
		return ret;
	switch (c->what) {
	case MODE:
		return um_obj_chmod(o, c->mode);
	case OWNER:
		ret = um_obj_chown(o, c->uid, c->gid);
		if (ret == 0 && lost_bits(c, &st))
			ret = um_obj_chmod(o, st.st_mode & 07777 &
						      ~lost_bits(c, &st));
		return ret;
	case TIMES:
		return um_obj_utimens(o, c->ts);
	}
	return -EINVAL;
}

static long change_loc(struct um_req *r, const struct um_loc *loc,
		       struct change *c)
{
	int ret = may_change(r, loc->mount, &loc->st, c);

	if (ret < 0)
		return ret;
	switch (c->what) {
	case MODE:
		if (S_ISLNK(loc->st.st_mode))
			return -EOPNOTSUPP;
		return um_fs_chmod(loc->mount, loc->rel, NULL, c->mode);
	case OWNER:
		ret = um_fs_chown(loc->mount, loc->rel, NULL, c->uid, c->gid);
		if (ret == 0 && lost_bits(c, &loc->st))
			ret = um_fs_chmod(loc->mount, loc->rel, NULL,
					  loc->st.st_mode & 07777 &
						  ~lost_bits(c, &loc->st));
		return ret;
	case TIMES:
		return um_fs_utimens(loc->mount, loc->rel, NULL, c->ts);
	}
	return -EINVAL;
}

void um_fd_follow(struct um_req *r, int fd, const struct um_loc *loc)
{
	const um_gfd gfd = um_gfd_of((uint64_t)fd);
	UM_CLOSE int old = um_gfd_dup(r, gfd);
	UM_CLOSE int new = -1;
	int flags = old < 0 ? -1 : fcntl(old, F_GETFL);

	if (flags < 0 || (flags & (O_ACCMODE | O_PATH)) != O_RDONLY)
		return;
	if (S_ISDIR(loc->st.st_mode))
		new = um_obj_open_dir(loc->mount, loc->rel, flags,
				      um_list_get(r->list), um_list_put_void);
	else
		new = um_fs_give(
			loc->mount, loc->rel,
			(flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC, 0);
	if (new < 0)
		return;
	if (!S_ISDIR(loc->st.st_mode))
		lseek(new, lseek(old, 0, SEEK_CUR), SEEK_SET);
	r->engine->replace(r, new, gfd, um_gfd_cloexec(r, gfd));
}

/* A file of the host's, opened to be read, that a mount shows as its own. */
static long change_real_fd(struct um_req *r, int fd, struct change *c)
{
	struct um_loc loc = { 0 };
	long ret;

	do {
		ret = um_fd_for_change(r, fd, &loc);
		if (ret != 0)
			return ret == UM_FD_NATIVE ? UM_CONTINUE : ret;
	} while (!um_fd_hold(r, fd, &loc));
	ret = change_loc(r, &loc, c);
	um_fd_let_go(&loc);
	if (ret == 0)
		um_fd_follow(r, fd, &loc);
	return ret;
}

static long change_fd(struct um_req *r, int fd, struct change *c, bool path_ok)
{
	struct um_obj *o UM_OBJ = NULL;
	struct stat st;

	if (!um_obj_any() && !r->list->nmounts)
		return UM_CONTINUE;
	if (um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st) < 0)
		return UM_CONTINUE;
	o = um_obj_find(&st);
	if (!o)
		return change_real_fd(r, fd, c);
	if (o->kind == UM_OBJ_PATH && !path_ok)
		return -EBADF;
	return change_obj(r, o, c);
}

static long change_at(struct um_req *r, int dirfd, uint64_t name, int flags,
		      struct change *c)
{
	struct um_loc loc UM_LOC;
	unsigned int follow = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW;
	char *path;
	int ret;

	loc = (struct um_loc){ 0 };
	ret = um_copy_in_path(r, um_uptr_of(name), &path);
	if (ret < 0)
		return ret;
	if (!*path && (flags & AT_EMPTY_PATH) && dirfd != AT_FDCWD)
		return change_fd(r, dirfd, c, true);
	if (!*path && (flags & AT_EMPTY_PATH))
		memcpy(path, ".", 2);
	ret = um_walk(r, dirfd, path, follow, &loc);
	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (loc.obj)
		return change_obj(r, loc.obj, c);
	ret = um_loc_need(&loc);
	return ret < 0 ? ret : change_loc(r, &loc, c);
}

static struct change mode_change(uint64_t mode)
{
	return (struct change){ .what = MODE, .mode = (mode_t)mode & 07777 };
}

long sys_chmod(struct um_req *r)
{
	struct change c = mode_change(r->arg[1]);

	return change_at(r, AT_FDCWD, r->arg[0], 0, &c);
}

long sys_fchmod(struct um_req *r)
{
	struct change c = mode_change(r->arg[1]);

	return change_fd(r, um_arg_fd(r, 0), &c, false);
}

long sys_fchmodat(struct um_req *r)
{
	struct change c = mode_change(r->arg[2]);

	return change_at(r, um_arg_fd(r, 0), r->arg[1], 0, &c);
}

long sys_fchmodat2(struct um_req *r)
{
	struct change c = mode_change(r->arg[2]);
	int flags = (int)r->arg[3];

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(r, um_arg_fd(r, 0), r->arg[1], flags, &c);
}

static struct change owner_change(uint64_t uid, uint64_t gid)
{
	return (struct change){ .what = OWNER,
				.uid = (uid_t)uid,
				.gid = (gid_t)gid };
}

long sys_chown(struct um_req *r)
{
	struct change c = owner_change(r->arg[1], r->arg[2]);

	return change_at(r, AT_FDCWD, r->arg[0], 0, &c);
}

long sys_lchown(struct um_req *r)
{
	struct change c = owner_change(r->arg[1], r->arg[2]);

	return change_at(r, AT_FDCWD, r->arg[0], AT_SYMLINK_NOFOLLOW, &c);
}

long sys_fchown(struct um_req *r)
{
	struct change c = owner_change(r->arg[1], r->arg[2]);

	return change_fd(r, um_arg_fd(r, 0), &c, false);
}

long sys_fchownat(struct um_req *r)
{
	struct change c = owner_change(r->arg[2], r->arg[3]);
	int flags = (int)r->arg[4];

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(r, um_arg_fd(r, 0), r->arg[1], flags, &c);
}

static bool is_time(const struct timespec *ts)
{
	return ts->tv_nsec == UTIME_NOW || ts->tv_nsec == UTIME_OMIT ||
	       (ts->tv_nsec >= 0 && ts->tv_nsec < 1000000000);
}

/* A NULL pointer is now, as is any pair of UTIME_NOW. */
static int copy_times(struct um_req *r, uint64_t at, struct change *c)
{
	int ret;

	c->what = TIMES;
	c->ts[0].tv_nsec = UTIME_NOW;
	c->ts[1].tv_nsec = UTIME_NOW;
	if (!at)
		return 0;
	ret = um_copy_in(r, um_uptr_of(at), c->ts, sizeof(c->ts));
	if (ret < 0)
		return ret;
	return is_time(&c->ts[0]) && is_time(&c->ts[1]) ? 0 : -EINVAL;
}

static int copy_timevals(struct um_req *r, uint64_t at, struct change *c)
{
	struct timeval tv[2];
	int ret = copy_times(r, 0, c);

	if (!at)
		return ret;
	ret = um_copy_in(r, um_uptr_of(at), tv, sizeof(tv));
	for (int i = 0; ret == 0 && i < 2; i++) {
		if (tv[i].tv_usec < 0 || tv[i].tv_usec >= 1000000)
			return -EINVAL;
		c->ts[i].tv_sec = tv[i].tv_sec;
		c->ts[i].tv_nsec = tv[i].tv_usec * 1000;
	}
	return ret;
}

long sys_utimensat(struct um_req *r)
{
	struct change c = { 0 };
	int flags = (int)r->arg[3];
	int ret = copy_times(r, r->arg[2], &c);

	if (ret < 0)
		return ret;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if (!r->arg[1])
		return flags ? -EINVAL
			     : change_fd(r, um_arg_fd(r, 0), &c, false);
	return change_at(r, um_arg_fd(r, 0), r->arg[1], flags, &c);
}

long sys_futimesat(struct um_req *r)
{
	struct change c = { 0 };
	int ret = copy_timevals(r, r->arg[2], &c);

	if (ret < 0)
		return ret;
	if (!r->arg[1])
		return change_fd(r, um_arg_fd(r, 0), &c, false);
	return change_at(r, um_arg_fd(r, 0), r->arg[1], 0, &c);
}

long sys_utimes(struct um_req *r)
{
	struct change c = { 0 };
	int ret = copy_timevals(r, r->arg[1], &c);

	return ret < 0 ? ret : change_at(r, AT_FDCWD, r->arg[0], 0, &c);
}

long sys_utime(struct um_req *r)
{
	struct change c = { 0 };
	struct utimbuf ub;
	int ret = copy_times(r, 0, &c);

	if (r->arg[1]) {
		ret = um_copy_in(r, um_uptr_of(r->arg[1]), &ub, sizeof(ub));
		if (ret < 0)
			return ret;
		c.ts[0] = (struct timespec){ .tv_sec = ub.actime };
		c.ts[1] = (struct timespec){ .tv_sec = ub.modtime };
	}
	return ret < 0 ? ret : change_at(r, AT_FDCWD, r->arg[0], 0, &c);
}

static long truncate_obj(struct um_req *r, struct um_obj *o, off_t size)
{
	struct stat st;
	int ret = o->vnode ? um_obj_getattr(o, &st) : -EINVAL;

	if (ret == 0)
		ret = um_may(r, o->mount, &st, W_OK);
	if (ret == 0)
		ret = um_fsize_allows(r, st.st_size, size);
	return ret < 0 ? ret : um_vnode_truncate(o->vnode, size);
}

long sys_truncate(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	off_t size = (off_t)r->arg[1];
	int ret;

	loc = (struct um_loc){ 0 };
	if (size < 0)
		return -EINVAL;
	ret = um_arg_walk(r, 0, UM_FOLLOW, &loc);
	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (um_loc_is_real(&loc))
		return um_fs_truncate(loc.mount, loc.rel, NULL, size);
	if (loc.obj)
		return truncate_obj(r, loc.obj, size);
	if (!loc.exists)
		return -ENOENT;
	if (S_ISDIR(loc.st.st_mode))
		return -EISDIR;
	if (!S_ISREG(loc.st.st_mode))
		return -EINVAL;
	ret = um_may(r, loc.mount, &loc.st, W_OK);
	if (ret == 0)
		ret = um_fsize_allows(r, loc.st.st_size, size);
	if (ret < 0)
		return ret;
	return um_vnode_truncate_path(loc.mount, loc.rel, size);
}
