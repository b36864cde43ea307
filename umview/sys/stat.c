// SPDX-License-Identifier: GPL-2.0-or-later
/* stat.c - attributes: stat and statx families, access, statfs */
#include <fcntl.h>
#include <linux/stat.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "dev/stream.h"
#include "sys/fusedev.h"
#include "sys/special.h"
#include "view/perm.h"

/* When a node was made; asked for if there is one. */
struct birth {
	bool known;
	struct timespec at;
};

/* What was asked of which node. */
struct query {
	int dirfd;
	uint64_t name;
	int flags;
	struct birth *birth;
};

#define FOUND 0

static void ask_birth(const struct query *q, struct um_mount *m,
		      const char *path, struct um_obj *o)
{
	if (!q->birth)
		return;
	if (o)
		q->birth->known = um_obj_birth(o, &q->birth->at) == 0;
	else
		q->birth->known =
			um_fs_birth(m, path, NULL, &q->birth->at) == 0;
}

/* The same of a descriptor. */
static void ask_birth_of_fd(struct um_req *r, const struct query *q)
{
	struct um_obj *o UM_OBJ = NULL;
	struct um_cwd cwd;
	struct stat st;

	if (!q->birth)
		return;
	if (q->dirfd == AT_FDCWD) {
		if (um_cwd_of(r, r->tid, &cwd) == 1)
			ask_birth(q, cwd.mount, cwd.rel, NULL);
		return;
	}
	if (um_gfd_stat(r, um_gfd_of((uint64_t)q->dirfd), &st) == 0)
		o = um_obj_find(&st);
	if (o)
		ask_birth(q, o->mount, NULL, o);
}

static long lookup_fd(struct um_req *r, const struct query *q, struct stat *out)
{
	long ret = um_fd_getattr(r, q->dirfd, out);

	if (ret == FOUND)
		ask_birth_of_fd(r, q);
	return ret;
}

/*
 * A name of the host's that leads into a mount's store: what fstat(2) says, as
 * descriptors do not tell by which name they were opened.
 */
static long lookup_native(struct um_req *r, const struct um_loc *loc,
			  struct stat *out)
{
	if (!um_list_has_layers(r->list) || lstat(loc->path, out) < 0)
		return UM_CONTINUE;
	return um_list_dress(r->list, out) ? FOUND : UM_CONTINUE;
}

/* The same of a name that the kernel does not find, or of a mount's. */
static long lookup_virtual(struct um_req *r, const struct query *q,
			   const struct um_loc *loc, struct stat *out)
{
	int ret;

	if (um_loc_is_real(loc)) {
		ret = um_fs_getattr(loc->mount, loc->rel, NULL, out);
		if (ret == 0)
			um_list_dress(r->list, out);
		return ret;
	}
	if (loc->obj || loc->exists)
		ask_birth(q, loc->mount, loc->rel, loc->obj);
	if (loc->obj)
		return um_obj_getattr(loc->obj, out);
	*out = loc->st;
	if (loc->exists && um_fs_gives(loc->mount))
		um_list_dress(r->list, out);
	return loc->exists ? FOUND : -ENOENT;
}

/*
 * Attributes of the node, unless the guest's kernel knows them: UM_CONTINUE.
 * An empty name with AT_EMPTY_PATH, or none, is the descriptor itself.
 */
static long lookup(struct um_req *r, const struct query *q, struct stat *out)
{
	struct um_loc loc UM_LOC;
	unsigned int follow = (q->flags & AT_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW;
	char *path = NULL;
	int ret;

	loc = (struct um_loc){ 0 };
	if (q->name) {
		ret = um_copy_in_path(r, um_uptr_of(q->name), &path);
		if (ret < 0)
			return ret;
	}
	if ((!path || !*path) && (q->flags & AT_EMPTY_PATH))
		return lookup_fd(r, q, out);
	if (!path)
		return -EFAULT;
	ret = um_walk(r, q->dirfd, path, follow | UM_READ, &loc);
	if (ret == -ENOENT && !strcmp(path, ".") && q->dirfd == AT_FDCWD)
		return um_fd_getattr(r, AT_FDCWD, out);
	if (ret < 0)
		return ret;
	return um_loc_is_native(&loc) ? lookup_native(r, &loc, out)
				      : lookup_virtual(r, q, &loc, out);
}

/* What is left of a directory that was removed: its placeholder, no links. */
static long removed_dir(struct um_req *r, struct stat *out)
{
	const char *link = um_req_printf(r, "/proc/%d/cwd", (int)r->tid);

	if (!link)
		return -ENOMEM;
	return UM_SYS(stat(link, out));
}

/* The agent did not know, or no longer. */
static void tell_again(struct um_req *r, struct um_obj *o, ino_t inode)
{
	UM_FREE char *rel = um_obj_path(o);

	if (rel && um_mount_may_tell(o->mount) &&
	    (!o->mount->tell || o->kind == UM_OBJ_DIR))
		um_tell_start(r, o->mount, rel, um_dir_key(inode));
}

long um_fd_getattr(struct um_req *r, int fd, struct stat *out)
{
	struct um_obj *o UM_OBJ = NULL;
	struct um_cwd cwd;
	struct stat st;
	int ret;

	if (fd == AT_FDCWD) {
		ret = um_cwd_of(r, r->tid, &cwd);
		if (ret == UM_CWD_REMOVED)
			return removed_dir(r, out);
		if (ret <= 0)
			return ret < 0 ? ret : UM_CONTINUE;
		return um_fs_getattr(cwd.mount, cwd.rel, NULL, out);
	}
	if (!um_obj_any() && !um_special_any() && !um_chan_any() &&
	    !um_stream_any() && !r->list->nmounts)
		return UM_CONTINUE;
	if (um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st) < 0)
		return UM_CONTINUE;
	if (S_ISFIFO(st.st_mode) && um_special_getattr(&st, out) == 0)
		return FOUND;
	if (S_ISSOCK(st.st_mode) &&
	    (um_fusedev_fstat(&st, out) || um_stream_fstat(&st, out)))
		return FOUND;
	o = um_obj_find(&st);
	if (!o) {
		*out = st;
		return um_list_dress(r->list, out) ? FOUND : UM_CONTINUE;
	}
	ret = um_obj_getattr(o, out);
	if (ret == 0)
		tell_again(r, o, st.st_ino);
	return ret;
}

static long answer_stat(struct um_req *r, const struct query *q, uint64_t buf)
{
	struct stat st;
	long ret = lookup(r, q, &st);

	if (ret != FOUND)
		return ret;
	return um_copy_out(r, um_uptr_of(buf), &st, sizeof(st));
}

long sys_stat(struct um_req *r)
{
	struct query q = { AT_FDCWD, r->arg[0], 0, NULL };

	return answer_stat(r, &q, r->arg[1]);
}

long sys_lstat(struct um_req *r)
{
	struct query q = { AT_FDCWD, r->arg[0], AT_SYMLINK_NOFOLLOW, NULL };

	return answer_stat(r, &q, r->arg[1]);
}

long sys_fstat(struct um_req *r)
{
	struct stat st;
	long ret = um_fd_getattr(r, um_arg_fd(r, 0), &st);

	/* AT_FDCWD is no descriptor here */
	if (um_arg_fd(r, 0) < 0)
		return -EBADF;
	if (ret != FOUND)
		return ret;
	return um_copy_out(r, um_uptr_of(r->arg[1]), &st, sizeof(st));
}

#define STAT_FLAGS (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

long sys_newfstatat(struct um_req *r)
{
	struct query q = { um_arg_fd(r, 0), r->arg[1], (int)r->arg[3], NULL };

	if (q.flags & ~STAT_FLAGS)
		return -EINVAL;
	return answer_stat(r, &q, r->arg[2]);
}

static void fill_time(struct statx_timestamp *to, const struct timespec *from)
{
	to->tv_sec = from->tv_sec;
	to->tv_nsec = (__u32)from->tv_nsec;
}

static void fill_statx(struct statx *x, const struct stat *st)
{
	memset(x, 0, sizeof(*x));
	x->stx_mask = STATX_BASIC_STATS;
	x->stx_blksize = (__u32)st->st_blksize;
	x->stx_nlink = (__u32)st->st_nlink;
	x->stx_uid = st->st_uid;
	x->stx_gid = st->st_gid;
	x->stx_mode = (__u16)st->st_mode;
	x->stx_ino = st->st_ino;
	x->stx_size = (__u64)st->st_size;
	x->stx_blocks = (__u64)st->st_blocks;
	fill_time(&x->stx_atime, &st->st_atim);
	fill_time(&x->stx_mtime, &st->st_mtim);
	fill_time(&x->stx_ctime, &st->st_ctim);
	x->stx_rdev_major = major(st->st_rdev);
	x->stx_rdev_minor = minor(st->st_rdev);
	x->stx_dev_major = major(st->st_dev);
	x->stx_dev_minor = minor(st->st_dev);
}

#define STATX_AT_FLAGS (STAT_FLAGS | AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC)

long sys_statx(struct um_req *r)
{
	struct query q = { um_arg_fd(r, 0), r->arg[1], (int)r->arg[2], NULL };
	struct birth birth = { 0 };
	struct statx x;
	struct stat st;
	long ret;

	if ((q.flags & ~STATX_AT_FLAGS) ||
	    (q.flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE ||
	    (r->arg[3] & STATX__RESERVED))
		return -EINVAL;
	if (r->arg[3] & STATX_BTIME)
		q.birth = &birth;
	ret = lookup(r, &q, &st);
	if (ret != FOUND)
		return ret;
	fill_statx(&x, &st);
	if (birth.known) {
		x.stx_mask |= STATX_BTIME;
		fill_time(&x.stx_btime, &birth.at);
	}
	return um_copy_out(r, um_uptr_of(r->arg[4]), &x, sizeof(x));
}

static int check_access(struct um_req *r, const struct um_loc *loc, int mode,
			int flags)
{
	int ret;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (!loc->exists)
		return -ENOENT;
	if ((mode & W_OK) && um_mount_is_readonly(loc->mount))
		return -EROFS;
	if ((mode & X_OK) && !S_ISDIR(loc->st.st_mode) &&
	    !(loc->st.st_mode & 0111))
		return -EACCES;
	if (flags & AT_EACCESS)
		ret = um_may(r, loc->mount, &loc->st, mode);
	else
		ret = um_may_really(r, loc->mount, &loc->st, mode);
	if (ret < 0 || !loc->rel)
		return ret;
	ret = um_fs_access(loc->mount, loc->rel, mode);
	return ret == -ENOSYS ? 0 : ret;
}

static long access_obj(struct um_req *r, struct um_obj *o, int mode, int flags)
{
	struct um_loc loc = { .mount = o->mount };

	loc.exists = um_obj_getattr(o, &loc.st) == 0;
	return check_access(r, &loc, mode, flags);
}

/* faccessat2(2) with an empty name: the descriptor itself. */
static long access_fd(struct um_req *r, int fd, int mode, int flags)
{
	struct um_obj *o UM_OBJ = NULL;
	struct stat st;

	if (um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st) < 0)
		return -EBADF;
	o = um_obj_find(&st);
	return o ? access_obj(r, o, mode, flags) : UM_CONTINUE;
}

static long answer_access(struct um_req *r, int dirfd, uint64_t name, int mode,
			  int flags)
{
	struct um_loc loc UM_LOC;
	unsigned int follow = (flags & AT_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW;
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(name), &path);

	loc = (struct um_loc){ 0 };
	if (ret < 0)
		return ret;
	if (!*path && (flags & AT_EMPTY_PATH) && dirfd == AT_FDCWD)
		memcpy(path, ".", 2);
	if (!*path && (flags & AT_EMPTY_PATH))
		return access_fd(r, dirfd, mode, flags);
	if (!(mode & W_OK))
		follow |= UM_READ;
	ret = um_walk(r, dirfd, path, follow, &loc);
	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (loc.obj)
		return access_obj(r, loc.obj, mode, flags);
	if (um_loc_is_real(&loc))
		return UM_SYS(
			faccessat(AT_FDCWD, loc.rel, mode,
				  flags & (AT_EACCESS | AT_SYMLINK_NOFOLLOW)));
	return check_access(r, &loc, mode, flags);
}

long sys_access(struct um_req *r)
{
	return answer_access(r, AT_FDCWD, r->arg[0], (int)r->arg[1], 0);
}

long sys_faccessat(struct um_req *r)
{
	return answer_access(r, um_arg_fd(r, 0), r->arg[1], (int)r->arg[2], 0);
}

long sys_faccessat2(struct um_req *r)
{
	int flags = (int)r->arg[3];

	if (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return answer_access(r, um_arg_fd(r, 0), r->arg[1], (int)r->arg[2],
			     flags);
}

/* The numbers are those of mount(2): ST_* (statfs(2)) are equal to MS_*. */
static int mount_statfs(struct um_mount *m, struct statfs *out)
{
	int ret = um_fs_statfs(m, out);

	if (ret < 0)
		return ret;
	out->f_flags = (__fsword_t)(0x20 | (m->flags & 0x40f));
	if (um_mount_is_readonly(m))
		out->f_flags |= 1;
	out->f_fsid.__val[0] = (int)m->dev;
	return 0;
}

long sys_statfs(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	struct statfs sf;
	int ret = um_arg_walk(r, 0, UM_FOLLOW | UM_READ, &loc);

	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (um_loc_is_real(&loc))
		ret = (int)UM_SYS(statfs(loc.rel, &sf));
	else if (!loc.obj && !loc.exists)
		ret = -ENOENT;
	else
		ret = mount_statfs(loc.obj ? loc.obj->mount : loc.mount, &sf);
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[1]), &sf, sizeof(sf));
}

long sys_fstatfs(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	struct statfs sf;
	int ret;

	if (!o || um_mount_is_real(o->mount))
		return UM_CONTINUE;
	ret = mount_statfs(o->mount, &sf);
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[1]), &sf, sizeof(sf));
}

/* ustat(2): by device number, of which the view has none to tell. */
long sys_ustat(struct um_req *r)
{
	(void)r;
	return -ENOSYS;
}
