// SPDX-License-Identifier: GPL-2.0-or-later
/* sync.c - what is to reach its file system now: fsync, close, sync; and advice */
#include <fcntl.h>

#include "sys/remotelock.h"
#include "sys/rw.h"

static long sync_call(struct um_req *r, bool datasync)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);

	if (!o)
		return UM_CONTINUE;
	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	if (o->vnode)
		return um_vnode_fsync(o->vnode, datasync);
	return um_fs_syncfs(o->mount);
}

long sys_fsync(struct um_req *r)
{
	return sync_call(r, false);
}

long sys_fdatasync(struct um_req *r)
{
	return sync_call(r, true);
}

/* The guest's own call follows; whatever this answers, the file is closed. */
long um_close_begin(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 1);
	UM_CLOSE int ofd = -1;

	if (!o || !o->vnode)
		return 0;
	um_lazy_close(r, o->vnode);
	if (!um_fs_flushes(o->mount))
		return 0;
	um_remote_close(r, o->vnode);
	ofd = um_gfd_dup(r, um_gfd_of(r->arg[1]));
	if (ofd < 0 || !um_obj_writes(um_obj_flags(o, ofd)))
		return 0;
	return um_vnode_flush(o->vnode);
}

long sys_sync_file_range(struct um_req *r)
{
	off_t off = (off_t)r->arg[1];
	off_t n = (off_t)r->arg[2];

	if (off < 0 || n < 0 || off > INT64_MAX - n || r->arg[3] > 7)
		return UM_CONTINUE;
	return sync_call(r, true);
}

long sys_syncfs(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	int ret;

	if (!o)
		return UM_CONTINUE;
	ret = um_vnode_sync_mount(o->mount);
	return ret < 0 ? ret : um_fs_syncfs(o->mount);
}

/* All that the view mounted, then what is the kernel's. */
long sys_sync(struct um_req *r)
{
	for (size_t i = 0; i < r->list->nmounts; i++) {
		um_vnode_sync_mount(r->list->mounts[i]);
		um_fs_syncfs(r->list->mounts[i]);
	}
	return UM_CONTINUE;
}

/* Advice; what is cached is cached whole. */
static long advice(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);

	if (!o)
		return UM_CONTINUE;
	return o->kind == UM_OBJ_PATH ? -EBADF : 0;
}

long sys_fadvise64(struct um_req *r)
{
	struct stat st;

	if (um_gfd_stat(r, um_gfd_of(r->arg[0]), &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return UM_CONTINUE;
	if ((int)r->arg[3] < 0 || (int)r->arg[3] > 5 || (off_t)r->arg[2] < 0)
		return -EINVAL;
	return advice(r);
}

long sys_readahead(struct um_req *r)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	UM_CLOSE int ofd = -1;

	if (!o)
		return UM_CONTINUE;
	ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (ofd < 0)
		return ofd;
	if (o->kind == UM_OBJ_PATH || !um_obj_reads(um_obj_flags(o, ofd)))
		return -EBADF;
	return o->vnode ? 0 : -EINVAL;
}
