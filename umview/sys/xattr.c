// SPDX-License-Identifier: GPL-2.0-or-later
/* xattr.c - extended attributes: by name, by link, by descriptor; xattr(7) */
#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/xattr.h>

#include "sys/sys.h"
#include "view/perm.h"

/* The node that argument 0 names, and how. */
enum by { PATH, LINK, FD };

struct target {
	struct um_loc loc;
	struct um_mount *mount;
	const char *rel;
	bool fd_is_real;
};

/*
 * A real descriptor: a change of it may be another file's. What it has, too; and
 * where it is known by no name any more, that is what the kernel says.
 */
static long target_real_fd(struct um_req *r, bool change, struct target *t)
{
	int ret = um_fd_for_change(r, um_arg_fd(r, 0), &t->loc);

	if (ret < 0 && !change)
		ret = UM_FD_NATIVE;
	t->mount = t->loc.mount;
	t->rel = t->loc.rel;
	t->fd_is_real = ret == 0;
	return ret == UM_FD_NATIVE ? UM_CONTINUE : ret;
}

static long target_fd(struct um_req *r, bool change, struct target *t)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	UM_FREE char *rel = NULL;

	if (!o)
		return target_real_fd(r, change, t);
	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	rel = um_obj_path(o);
	if (!rel)
		return -EOPNOTSUPP;
	t->mount = o->mount;
	t->rel = um_req_strdup(r, rel);
	return t->rel ? 0 : -ENOMEM;
}

static long target_path(struct um_req *r, enum by by, bool change,
			struct target *t)
{
	unsigned int flags = by == PATH ? UM_FOLLOW : 0;
	int ret = um_arg_walk(r, 0, change ? flags : flags | UM_READ, &t->loc);

	if (ret < 0)
		return ret;
	if (um_loc_is_native(&t->loc))
		return UM_CONTINUE;
	if (t->loc.obj)
		return -EOPNOTSUPP;
	t->mount = t->loc.mount;
	t->rel = t->loc.rel;
	return um_loc_need(&t->loc);
}

static long find(struct um_req *r, enum by by, bool change, struct target *t)
{
	memset(t, 0, sizeof(*t));
	return by == FD ? target_fd(r, change, t)
			: target_path(r, by, change, t);
}

static int copy_name(struct um_req *r, char **name)
{
	int ret = um_copy_in_str(r, um_uptr_of(r->arg[1]), XATTR_NAME_MAX + 1,
				 name);

	if (ret == -ENAMETOOLONG || (ret == 0 && !**name))
		return -ERANGE;
	return ret;
}

/* Namespaces that exist, and where user attributes may be; xattr(7). */
static int check_name(struct um_req *r, const struct target *t,
		      const char *name, bool change)
{
	struct stat st;
	const char *dot = strchr(name, '.');
	int ret;

	if (!dot || !dot[1])
		return dot ? -EINVAL : -EOPNOTSUPP;
	ret = um_fs_getattr(t->mount, t->rel, NULL, &st);
	if (ret < 0)
		return ret;
	if (strncmp(name, "user.", 5) != 0)
		return change ? um_may_own(r, t->mount, &st) : 0;
	if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return change ? -EPERM : -ENODATA;
	return um_may(r, t->mount, &st, change ? W_OK : R_OK);
}

static long set(struct um_req *r, enum by by)
{
	size_t size = r->arg[3];
	int flags = (int)r->arg[4];
	struct target t;
	char *name;
	void *value;
	long ret = find(r, by, true, &t);

	if (ret != 0)
		return ret;
	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	ret = copy_name(r, &name);
	if (ret < 0)
		return ret;
	if (size > XATTR_SIZE_MAX)
		return -E2BIG;
	value = um_req_alloc(r, size + 1);
	if (!value)
		return -ENOMEM;
	ret = um_copy_in(r, um_uptr_of(r->arg[2]), value, size);
	if (ret == 0)
		ret = check_name(r, &t, name, true);
	if (ret < 0)
		return ret;
	ret = um_fs_setxattr(t.mount, t.rel, name, value, size, flags);
	if (ret == 0 && t.fd_is_real)
		um_fd_follow(r, um_arg_fd(r, 0), &t.loc);
	return ret;
}

static long give(struct um_req *r, int argno, const void *value, ssize_t n)
{
	int ret;

	if (n <= 0)
		return n;
	ret = um_copy_out(r, um_uptr_of(r->arg[argno]), value, (size_t)n);
	return ret < 0 ? ret : n;
}

static long get(struct um_req *r, enum by by)
{
	size_t size = r->arg[3];
	struct target t;
	char *name;
	void *buf;
	long ret = find(r, by, false, &t);

	if (ret != 0)
		return ret;
	ret = copy_name(r, &name);
	if (ret == 0)
		ret = check_name(r, &t, name, false);
	if (ret < 0)
		return ret;
	if (size > XATTR_SIZE_MAX)
		size = XATTR_SIZE_MAX;
	buf = um_req_alloc(r, size + 1);
	if (!buf)
		return -ENOMEM;
	ret = um_fs_getxattr(t.mount, t.rel, name, buf, size);
	return size ? give(r, 2, buf, ret) : ret;
}

static long list(struct um_req *r, enum by by)
{
	size_t size = r->arg[2];
	struct target t;
	void *buf;
	long ret = find(r, by, false, &t);

	if (ret != 0)
		return ret;
	if (size > XATTR_LIST_MAX)
		size = XATTR_LIST_MAX;
	buf = um_req_alloc(r, size + 1);
	if (!buf)
		return -ENOMEM;
	ret = um_fs_listxattr(t.mount, t.rel, buf, size);
	return size ? give(r, 1, buf, ret) : ret;
}

static long forget(struct um_req *r, enum by by)
{
	struct target t;
	char *name;
	long ret = find(r, by, true, &t);

	if (ret != 0)
		return ret;
	ret = copy_name(r, &name);
	if (ret == 0)
		ret = check_name(r, &t, name, true);
	if (ret == 0)
		ret = um_fs_removexattr(t.mount, t.rel, name);
	if (ret == 0 && t.fd_is_real)
		um_fd_follow(r, um_arg_fd(r, 0), &t.loc);
	return ret;
}

#define FAMILY(call, fn)                                                       \
	long sys_##call(struct um_req *r)                                      \
	{                                                                      \
		return fn(r, PATH);                                            \
	}                                                                      \
	long sys_l##call(struct um_req *r)                                     \
	{                                                                      \
		return fn(r, LINK);                                            \
	}                                                                      \
	long sys_f##call(struct um_req *r)                                     \
	{                                                                      \
		return fn(r, FD);                                              \
	}

FAMILY(setxattr, set)
FAMILY(getxattr, get)
FAMILY(listxattr, list)
FAMILY(removexattr, forget)
