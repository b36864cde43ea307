// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fcntl.c - fcntl and flock on virtual descriptors
 *
 * Locks on a FILE object are native: all openings share the memfd's inode. An
 * object in access mode 3 cannot be locked natively; for LAZY ones the monitor
 * holds the lock, by an open file description of its own for each (object,
 * owner) pair on the same inode, so that both kinds exclude each other.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "sys/remotelock.h"
#include "sys/rw.h"

static long get_flags(struct um_req *r, const struct um_obj *o)
{
	UM_CLOSE int ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	int flags;

	if (ofd < 0)
		return ofd;
	flags = um_obj_flags(o, ofd);
	if (o->kind == UM_OBJ_PATH)
		return (o->flags & (O_PATH | O_NOFOLLOW | O_DIRECTORY)) |
		       (flags & O_LARGEFILE);
	if (o->kind == UM_OBJ_DIR)
		flags |= O_DIRECTORY;
	return flags;
}

static long lock_object(struct um_req *r, struct um_obj *o)
{
	long ret = um_remote_fcntl(r, o);

	if (ret != -ENOSYS)
		return ret;
	if (o->kind == UM_OBJ_LAZY)
		return um_lazy_fcntl(r, o);
	if (o->kind != UM_OBJ_FILE)
		return -EBADF;
	return (int)r->arg[1] < F_OFD_GETLK && um_lazy_has(r, o)
		       ? um_lazy_fcntl(r, o)
		       : UM_CONTINUE;
}

static long on_object(struct um_req *r, struct um_obj *o)
{
	switch ((int)r->arg[1]) {
	case F_GETFL:
		return get_flags(r, o);
	case F_SETFL:
		return o->kind == UM_OBJ_PATH ? -EBADF : UM_CONTINUE;
	case F_GETLK:
	case F_SETLK:
	case F_SETLKW:
	case F_OFD_GETLK:
	case F_OFD_SETLK:
	case F_OFD_SETLKW:
		return lock_object(r, o);
	case F_ADD_SEALS:
	case F_GET_SEALS:
	case F_SETLEASE:
	case F_NOTIFY:
		return -EINVAL;
	case F_GETLEASE:
		return F_UNLCK;
	default:
		return UM_CONTINUE;
	}
}

long sys_fcntl(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);

	return o ? on_object(r, o) : UM_CONTINUE;
}

long sys_flock(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	long ret;

	if (!o)
		return UM_CONTINUE;
	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	ret = um_remote_flock(r, o);
	if (ret != -ENOSYS)
		return ret;
	return o->kind == UM_OBJ_FILE ? UM_CONTINUE : um_lazy_flock(r, o);
}
