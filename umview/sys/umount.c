// SPDX-License-Identifier: GPL-2.0-or-later
/* umount.c - umount2(2): a view's list loses a layer */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "dev/dev.h"
#include "guest/kept.h"
#include "net/standin.h"
#include "sys/fusedev.h"
#include "sys/remount.h"
#include "sys/viewend.h"
#include "view/cwd.h"
#include "view/perm.h"

static bool is_open(struct um_mount *m)
{
	if (m->devices)
		return um_dev_is_open(m);
	return um_vnode_busy(m) || um_cwd_busy(m);
}

bool um_mount_is_idle(struct um_mount *m)
{
	return !atomic_load(&m->users) && !is_open(m) && !um_layer_is_busy(m) &&
	       !(um_stack_is(m) && um_standin_busy(m)) &&
	       !(m->hurried && atomic_load(&m->inflight));
}

static bool has_child(const struct um_list *l, const struct um_mount *m)
{
	const char *on = um_list_point_of(l, m);
	size_t n = strlen(on);

	/* an older one beneath this point is hidden, and in nobody's way */
	for (size_t i = l->nmounts; i-- > 0 && l->mounts[i] != m;) {
		const char *point = um_list_point(l, i);

		if (!strncmp(point, on, n) &&
		    (point[n] == '/' || (n == 1 && point[1])))
			return true;
	}
	return false;
}

static bool is_busy(const struct um_req *r, struct um_mount *m)
{
	um_kept_sweep();
	return has_child(r->list, m) || !um_mount_is_idle(m);
}

/* umount -l does not wait for operations that may never end. */
static bool ends_now(const struct um_req *r, struct um_mount *m, int flags)
{
	if (flags & MNT_FORCE)
		return true;
	return !is_busy(r, m) &&
	       !((flags & MNT_DETACH) && atomic_load(&m->inflight));
}

int um_do_umount(struct um_req *r, struct um_mount *m, int flags)
{
	bool last = um_view_holders(m) == 1;
	bool now;
	int ret;

	if (m->permanent)
		return -EBUSY;
	um_exec_sweep();
	/* it may be busy for one that umount -l left, and nobody uses now */
	um_mount_reap(um_mount_is_idle);
	if (last && (flags & (MNT_DETACH | MNT_FORCE)))
		m->hurried = true;
	if (last && (flags & MNT_FORCE) && um_fuse_of_mount(m))
		um_fuse_cut(um_fuse_of_mount(m));
	if (last && !(flags & (MNT_DETACH | MNT_FORCE)) && is_busy(r, m))
		return -EBUSY;
	um_mount_get(m);
	ret = um_view_del_mount(r->attr->view, m);
	um_view_renew_list(r);
	if (ret == 0 && last) {
		um_vnode_sync_mount(m);
		now = ends_now(r, m, flags) && um_mount_try_end(m);
		um_view_release_mount(m, now);
		/* what it alone has kept ends with it */
		if (now)
			um_mount_reap(um_mount_is_idle);
	}
	um_mount_put(m);
	return ret;
}

#define UMOUNT_FLAGS (MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW)

long sys_umount2(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	unsigned int follow;
	struct um_mount *m;
	char *path;
	int flags = (int)r->arg[1];
	int ret;

	loc = (struct um_loc){ 0 };
	um_viewend_settle(r);
	if (um_may_administer(r) < 0)
		return -EPERM;
	if (flags & ~UMOUNT_FLAGS)
		return -EINVAL;
	follow = (flags & UMOUNT_NOFOLLOW) ? 0 : UM_FOLLOW;
	follow |= UM_MOUNTPOINT;
	ret = um_copy_in_path(r, um_uptr_of(r->arg[0]), &path);
	if (ret == 0)
		ret = um_walk_always(r, AT_FDCWD, path, follow, &loc);
	if (ret < 0)
		return ret;
	if (um_fuse_was_at(um_req_tgid(r), loc.path))
		return 0;
	m = um_list_mount_at(r->list, loc.path);
	if (!m)
		return um_is_host_mount(&loc) ? UM_CONTINUE : -EINVAL;
	return um_do_umount(r, m, flags);
}
