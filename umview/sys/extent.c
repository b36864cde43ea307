// SPDX-License-Identifier: GPL-2.0-or-later
/* extent.c - where a file's data is, and how much: lseek, ftruncate, fallocate */
#include <fcntl.h>
#include <linux/falloc.h>

#include "sys/fsize.h"
#include "sys/rw.h"

/* SEEK_DATA and SEEK_HOLE: the module knows. */
long sys_lseek(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	UM_CLOSE int ofd = -1;
	off_t off;

	if (o && o->kind == UM_OBJ_PATH)
		return -EBADF;
	if (!o || !o->vnode)
		return UM_CONTINUE;
	if (r->arg[2] > SEEK_HOLE)
		return -EINVAL;
	if (o->vnode->nonseekable)
		return -ESPIPE;
	if (r->arg[2] <= SEEK_END)
		return UM_CONTINUE;
	ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (ofd < 0)
		return ofd;
	off = um_vnode_lseek(o->vnode, (off_t)r->arg[1], (int)r->arg[2]);
	return off < 0 ? off : UM_SYS(lseek(ofd, off, SEEK_SET));
}

/* The object behind argument 0, open for writing. 0 or an answer. */
static long writable(struct um_req *r, struct um_obj *o)
{
	UM_CLOSE int ofd = -1;

	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	if (!o->vnode)
		return -EINVAL;
	ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (ofd < 0)
		return ofd;
	return um_obj_writes(um_obj_flags(o, ofd)) ? 0 : -EBADF;
}

static int may_grow(struct um_req *r, struct um_obj *o, off_t size)
{
	struct stat st;
	int ret = um_obj_getattr(o, &st);

	return ret < 0 ? ret : um_fsize_allows(r, st.st_size, size);
}

long sys_ftruncate(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	long ret;

	if (!o)
		return UM_CONTINUE;
	if ((off_t)r->arg[1] < 0)
		return -EINVAL;
	ret = writable(r, o);
	if (ret < 0)
		return ret == -EBADF && o->kind == UM_OBJ_FILE ? -EINVAL : ret;
	ret = may_grow(r, o, (off_t)r->arg[1]);
	return ret < 0 ? ret : um_vnode_truncate(o->vnode, (off_t)r->arg[1]);
}

static int check_fallocate(int mode, off_t off, off_t len)
{
	if (off < 0 || len <= 0)
		return -EINVAL;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE |
		     FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_ZERO_RANGE |
		     FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	return off > INT64_MAX - len ? -EFBIG : 0;
}

long sys_fallocate(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	long ret;

	if (!o)
		return UM_CONTINUE;
	ret = check_fallocate((int)r->arg[1], (off_t)r->arg[2],
			      (off_t)r->arg[3]);
	if (ret == 0)
		ret = writable(r, o);
	if (ret < 0)
		return ret == -EINVAL && !o->vnode ? -EBADF : ret;
	if (!(r->arg[1] & FALLOC_FL_KEEP_SIZE))
		ret = may_grow(r, o, (off_t)(r->arg[2] + r->arg[3]));
	if (ret < 0)
		return ret;
	return um_vnode_fallocate(o->vnode, (int)r->arg[1], (off_t)r->arg[2],
				  (off_t)r->arg[3]);
}
