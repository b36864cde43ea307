// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmap.c - mapping files
 *
 * A FILE object maps natively. What needs the monitor: a lazy file, whose
 * descriptor is replaced by a ready one first; and a shared writable mapping,
 * whose file must be written back from then on.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "sys/lazylock.h"
#include "sys/net.h"
#include "sys/rw.h"

/* One with the locks that the object has, if there is one. */
static int keep_locks(struct um_obj *o, int fd, int flags)
{
	int own = um_lazy_hand_over(o);

	if (own < 0)
		return fd;
	fcntl(own, F_SETFL, flags);
	close(fd);
	return own;
}

/* The guest's lazy descriptor becomes a ready one, at the same offset. */
static long make_ready(struct um_req *r, struct um_obj *o, struct um_vnode *v)
{
	um_gfd at = um_gfd_of(r->arg[4]);
	UM_CLOSE int old = um_gfd_dup(r, at);
	UM_CLOSE int fd = -1;
	int ret;

	if (old < 0)
		return old;
	fd = um_vnode_ready_fd(v, um_obj_flags(o, old));
	if (fd < 0)
		return fd == -ENOSPC ? -ENOMEM : fd;
	fd = keep_locks(o, fd, um_obj_flags(o, old));
	lseek(fd, lseek(old, 0, SEEK_CUR), SEEK_SET);
	ret = r->engine->replace(r, fd, at, um_gfd_cloexec(r, at));
	return ret < 0 ? ret : UM_CONTINUE;
}

static bool may_write(struct um_req *r, struct um_obj *o)
{
	UM_CLOSE int ofd = um_gfd_dup(r, um_gfd_of(r->arg[4]));

	/* a read-only mapping may become writable later: mprotect(2) */
	return ofd < 0 || (um_obj_flags(o, ofd) & O_ACCMODE) == O_RDWR;
}

static long map(struct um_req *r, struct um_obj *o, bool writes)
{
	struct um_vnode *v = NULL;
	long ret = um_vnode_to_map(o->vnode, o->flags, &v);

	if (ret < 0)
		return ret;
	if (writes)
		um_vnode_mark_shared(v);
	ret = o->kind == UM_OBJ_LAZY ? make_ready(r, o, v) : UM_CONTINUE;
	if (ret < 0)
		um_vnode_check(v);
	um_vnode_put(v);
	return ret;
}

static long map_socket(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 4);

	return s && s->packets ? um_net_mmap(r, s) : UM_CONTINUE;
}

long sys_mmap(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 4);
	int type = (int)r->arg[3] & MAP_TYPE;
	bool shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;

	if (!o)
		return map_socket(r);
	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	if (o->kind == UM_OBJ_DIR)
		return -ENODEV;
	return map(r, o, shared && may_write(r, o));
}

/* Which files the range maps is not kept: all mapped ones are written. */
long sys_msync(struct um_req *r)
{
	int ret = 0;

	if (um_obj_any() && ((int)r->arg[2] & MS_SYNC))
		ret = um_vnode_sync_mount(NULL);
	return ret < 0 ? ret : UM_CONTINUE;
}
