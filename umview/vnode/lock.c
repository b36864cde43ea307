// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lock.c - locks that the file system keeps itself, for the files of a vnode
 *
 * A lock may be waited for, and the file must stay open in the module without
 * the io lock being held meanwhile: `pins` counts those who wait.
 */
#include <fcntl.h>
#include <sys/file.h>

#include "vnode/internal.h"

/*
 * An open file that stays so until unpin(). To unlock, none is opened: what is
 * closed has no locks.
 */
static int pin(struct um_vnode *v, bool unlock, struct um_fh **out)
{
	int ret;

	um_lock(&v->io);
	if (unlock && !v->has_wfh && !v->has_rfh)
		ret = -ENOLCK;
	else
		ret = um_vnode_need_any_fh(v);
	if (ret == 0) {
		v->pins++;
		*out = um_vnode_any_fh(v);
	}
	um_unlock(&v->io);
	return ret;
}

static void unpin(struct um_vnode *v)
{
	um_lock(&v->io);
	v->pins--;
	um_unlock(&v->io);
}

int um_vnode_lock(struct um_vnode *v, int cmd, struct flock *fl, uint64_t owner)
{
	struct um_fh *fh = NULL;
	int ret;

	if (!um_fs_locks(v->mount))
		return -ENOSYS;
	ret = pin(v, cmd == UM_LOCK_DROP, &fh);
	if (ret)
		return ret;
	ret = um_fs_lock(v->mount, fh, cmd, fl, owner);
	unpin(v);
	return ret;
}

/* Owners of the file system's locks that are no processes. */
#define FLOCK_OWNER (1ULL << 63)
#define OFD_OWNER   (1ULL << 62)

uint64_t um_vnode_ofd_owner(const struct um_vnode *v)
{
	return v->file.inode | OFD_OWNER;
}

int um_vnode_flock(struct um_vnode *v, int op)
{
	struct um_fh *fh = NULL;
	int ret;

	if (!um_fs_flocks(v->mount))
		return -ENOSYS;
	ret = pin(v, op & UM_FLOCK_DROP, &fh);
	if (ret)
		return ret;
	/* the vnode is the owner: who of its guests has it is sorted out here */
	ret = um_fs_flock(v->mount, fh, op, v->file.inode | FLOCK_OWNER);
	unpin(v);
	return ret;
}

int um_vnode_flock_held(struct um_vnode *v)
{
	if (flock(v->lease_fd, LOCK_EX | LOCK_NB) == 0) {
		flock(v->lease_fd, LOCK_UN);
		return LOCK_UN;
	}
	if (flock(v->lease_fd, LOCK_SH | LOCK_NB) == 0) {
		flock(v->lease_fd, LOCK_UN);
		return LOCK_SH;
	}
	return LOCK_EX;
}

int um_vnode_pin(struct um_vnode *v, struct um_fh **out)
{
	return pin(v, false, out);
}

void um_vnode_unpin(struct um_vnode *v)
{
	unpin(v);
}

int um_vnode_with_file(struct um_vnode *v,
		       int (*fn)(struct um_fh *fh, void *arg), void *arg)
{
	struct um_fh *fh = NULL;
	int ret = pin(v, false, &fh);

	if (ret)
		return ret;
	ret = fn(fh, arg);
	unpin(v);
	return ret;
}
