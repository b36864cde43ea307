// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ioctl.c - control calls on virtual files, and inotify's watches
 *
 * Size and direction of an ioctl's argument are in its number for requests
 * made by _IOC(); older ones have none and get ENOTTY from a file.
 */
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>

#include "dev/dev.h"
#include "dev/stream.h"
#include "sys/cusedev.h"
#include "sys/fusedev.h"
#include "sys/net.h"
#include "view/perm.h"
#include "vnode/attrcache.h"

/* Descriptor flags, not the file's business. */
static bool is_generic(unsigned int cmd)
{
	return cmd == FIOCLEX || cmd == FIONCLEX || cmd == FIONBIO ||
	       cmd == FIOASYNC;
}

/* Those of chattr(1) and their like: no right to write is needed. */
static bool changes_flags(unsigned int cmd)
{
	unsigned int letter = _IOC_TYPE(cmd);

	/* these need a descriptor that may be written to */
	if (cmd == FICLONE || cmd == FICLONERANGE || cmd == FIDEDUPERANGE)
		return false;
	return (letter == 'f' || letter == 'X' || letter == 0x94) &&
	       (_IOC_DIR(cmd) & _IOC_WRITE);
}

static long bytes_left(struct um_req *r, struct um_obj *o)
{
	UM_CLOSE int ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	struct stat st;
	int left;
	int ret;

	if (ofd < 0)
		return ofd;
	ret = um_obj_getattr(o, &st);
	if (ret < 0)
		return ret;
	left = (int)(st.st_size - lseek(ofd, 0, SEEK_CUR));
	return um_copy_out(r, um_uptr_of(r->arg[2]), &left, sizeof(left));
}

static int ask(struct um_obj *o, unsigned int cmd, void *data, size_t size)
{
	UM_FREE char *path = NULL;

	if (o->vnode)
		return um_vnode_ioctl(o->vnode, cmd, data, size);
	path = um_obj_path(o);
	return path ? um_fs_ioctl_dir(o->mount, path, cmd, data, size)
		    : -ENOTTY;
}

/* The numbers of these say long, and int is meant. */
static size_t size_of(unsigned int cmd)
{
	if (cmd == FS_IOC_GETFLAGS || cmd == FS_IOC_SETFLAGS ||
	    cmd == FS_IOC_GETVERSION || cmd == FS_IOC_SETVERSION)
		return sizeof(int);
	return _IOC_SIZE(cmd);
}

/* Does it change what takes a capability, where permissions hold? */
static bool is_frozen_changed(struct um_obj *o, unsigned int cmd,
			      const void *data)
{
	struct fsxattr now = { 0 };
	uint32_t flags = 0;

	if (cmd == FS_IOC_SETFLAGS)
		return ask(o, FS_IOC_GETFLAGS, &flags, sizeof(flags)) == 0 &&
		       ((flags ^ *(const uint32_t *)data) &
			(FS_IMMUTABLE_FL | FS_APPEND_FL));
	if (cmd != FS_IOC_FSSETXATTR)
		return false;
	return ask(o, FS_IOC_FSGETXATTR, &now, sizeof(now)) == 0 &&
	       ((now.fsx_xflags ^ ((const struct fsxattr *)data)->fsx_xflags) &
		(FS_XFLAG_IMMUTABLE | FS_XFLAG_APPEND));
}

/* chattr(1): for owners; what is frozen only by who has the id of root. */
static int may_set(struct um_req *r, struct um_obj *o, unsigned int cmd,
		   const void *data)
{
	struct stat st;
	int ret;

	if (um_mount_is_readonly(o->mount))
		return -EROFS;
	ret = um_obj_getattr(o, &st);
	if (ret == 0)
		ret = um_may_own(r, o->mount, &st);
	if (ret == 0 && um_perm_holds_for(o->mount) && r->cred.uid &&
	    is_frozen_changed(o, cmd, data))
		ret = -EPERM;
	return ret;
}

static bool is_setter(unsigned int cmd)
{
	return cmd == FS_IOC_SETFLAGS || cmd == FS_IOC_FSSETXATTR ||
	       cmd == FS_IOC_SETVERSION;
}

/* The time of the last change is another now. */
static void forget(struct um_obj *o)
{
	struct stat st;

	if (o->mount->cache && um_obj_getattr(o, &st) == 0)
		um_attrcache_forget_node(o->mount->cache, st.st_ino);
}

static long module_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd)
{
	size_t size = size_of(cmd);
	void *data = um_req_alloc(r, size + 1);
	int ret = 0;

	if (!data)
		return -ENOMEM;
	memset(data, 0, size + 1);
	if (_IOC_DIR(cmd) & _IOC_WRITE)
		ret = um_copy_in(r, um_uptr_of(r->arg[2]), data, size);
	if (ret == 0 && is_setter(cmd))
		ret = may_set(r, o, cmd, data);
	if (ret == 0)
		ret = ask(o, cmd, data, size);
	if (ret == 0 && is_setter(cmd))
		forget(o);
	if (ret >= 0 && (_IOC_DIR(cmd) & _IOC_READ)) {
		int err = um_copy_out(r, um_uptr_of(r->arg[2]), data, size);

		if (err < 0)
			return err;
	}
	return ret;
}

long sys_ioctl(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	struct um_obj *o UM_OBJ = um_arg_obj(r, 0);
	unsigned int cmd = (unsigned int)r->arg[1];
	struct um_loc loc;
	long ret;

	if (s)
		return um_net_ioctl(r, s, cmd);
	if (!o && (um_fusedev_ioctl(r, cmd, &ret) ||
		   (!is_generic(cmd) && um_stream_ioctl(r, cmd, &ret)) ||
		   um_net_unix_ioctl(r, cmd, &ret)))
		return ret;
	if (!o && changes_flags(cmd)) {
		ret = um_fd_for_change(r, um_arg_fd(r, 0), &loc);
		if (ret != UM_FD_NATIVE)
			return ret < 0 ? ret : -EOPNOTSUPP;
	}
	if (!o || is_generic(cmd))
		return UM_CONTINUE;
	if (o->kind == UM_OBJ_PATH)
		return -EBADF;
	if (um_cusedev_is(o->mount) && o->vnode)
		return um_cusedev_ioctl(r, o, cmd);
	if (o->mount->devices && o->vnode)
		return um_dev_ioctl(r, o, cmd);
	/* whoever opens a file may ask; agents say so themselves (fast_ioctl()) */
	if (cmd == TCGETS)
		return -ENOTTY;
	if (cmd == FICLONE || cmd == FICLONERANGE || cmd == FIDEDUPERANGE)
		return -EOPNOTSUPP;
	if (cmd == FIONREAD && o->vnode)
		return bytes_left(r, o);
	return module_ioctl(r, o, cmd);
}

/*
 * The kernel could watch only the object behind the name, and nothing that
 * happens to it by name: better no watch than one that never tells.
 */
long sys_inotify_add_watch(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	bool nofollow = r->arg[2] & 0x02000000; /* IN_DONT_FOLLOW */
	struct stat st;
	int ret = um_arg_walk(r, 1, UM_READ | (nofollow ? 0 : UM_FOLLOW), &loc);

	if (ret < 0)
		return ret;
	if (um_loc_is_native(&loc))
		return UM_CONTINUE;
	if (um_gfd_stat(r, um_gfd_of(r->arg[0]), &st) < 0)
		return -EBADF;
	ret = um_loc_need(&loc);
	return ret < 0 ? ret : -EOPNOTSUPP;
}

long sys_fanotify_mark(struct um_req *r)
{
	(void)r;
	return -ENOSYS;
}
