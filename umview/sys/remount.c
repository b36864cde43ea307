// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * remount.c - mount(2) of what is mounted already: other flags, another place
 *
 * A view has no propagation: nothing that is mounted shows elsewhere by itself,
 * in which all mounts are "private". The words are taken all the same, since
 * programs that make a place of their own begin with them; of "unbindable" a
 * bind takes heed.
 */
#include "sys/remount.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>

#include "base/path.h"
#include "net/stack.h"
#include "view/mountopts.h"

bool um_remount_is(unsigned long flags)
{
	if (flags & MS_BIND)
		return flags & MS_REMOUNT;
	return flags & (MS_REMOUNT | MS_MOVE | MS_PROPAGATION);
}

bool um_remount_is_unbindable(const struct um_mount *m)
{
	return m->flags & MS_UNBINDABLE;
}

bool um_is_host_mount(const struct um_loc *loc)
{
	struct statx stx;

	return um_loc_is_native(loc) &&
	       statx(AT_FDCWD, loc->path, AT_SYMLINK_NOFOLLOW, STATX_TYPE,
		     &stx) == 0 &&
	       (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* The host's own: what its kernel says is the answer. */
static long of_host(const struct um_loc *loc)
{
	return um_is_host_mount(loc) ? UM_CONTINUE : -EINVAL;
}

/* The file system's own options. */
static int change_options(struct um_mount *m, unsigned long flags,
			  const char *data)
{
	struct um_mount fresh = { .flags = flags };
	int ret = um_mountopts_take(&fresh, data);

	if (ret == 0) {
		um_mountopts_compact(fresh.options);
		ret = um_fs_remount(m, fresh.flags, fresh.options);
	}
	if (ret == 0)
		ret = um_mount_keep_text(m, &m->options, &fresh.options);
	um_mountopts_drop(&fresh);
	return ret;
}

/* With MS_BIND it is the mount alone that changes, not its file system. */
static int change_mount(struct um_mount *m, unsigned long flags,
			const char *data)
{
	int ret = 0;

	if (m->fs.readonly && !(flags & (MS_RDONLY | MS_BIND)))
		return -EROFS;
	um_vnode_sync_mount(m);
	um_fs_syncfs(m);
	if (!(flags & MS_BIND) && um_fs_can_remount(m))
		ret = change_options(m, flags, data);
	if (ret == 0)
		m->flags = (m->flags & ~(unsigned long)UM_MS_KEPT) |
			   (flags & UM_MS_KEPT);
	return ret;
}

static long change_flags(const struct um_req *r, const struct um_loc *target,
			 unsigned long flags, const char *data)
{
	struct um_mount *m = um_list_mount_at(r->list, target->path);

	return m ? change_mount(m, flags, data) : of_host(target);
}

int um_remount_options(struct um_mount *m, unsigned long flags,
		       const char *options)
{
	UM_FREE char *old = um_mountopts_text(m);
	UM_FREE char *all = NULL;

	if (!old || asprintf(&all, "%s%s%s", old, *old && *options ? "," : "",
			     options) < 0)
		return -ENOMEM;
	return change_mount(m, flags, all);
}

/* Its names are all over the view, or those of the place where it is. */
static bool is_rooted(const struct um_mount *m)
{
	return m->devices || um_stack_is(m) || um_fs_is_layer(m);
}

static int may_move(const struct um_mount *m, const struct um_loc *from,
		    const struct um_loc *to)
{
	struct stat was = { 0 };
	struct stat is = { 0 };
	int ret = um_fs_getattr(to->mount, to->rel, NULL, &is);

	if (ret == 0)
		ret = um_fs_getattr(from->mount, from->rel, NULL, &was);
	if (ret < 0)
		return ret;
	if (!strcmp(from->path, "/") || is_rooted(m) ||
	    S_ISDIR(was.st_mode) != S_ISDIR(is.st_mode))
		return -EINVAL;
	return um_path_beneath(to->path, from->path) ? -ELOOP : 0;
}

int um_remount_move(struct um_req *r, const struct um_loc *from,
		    const struct um_loc *target)
{
	struct um_mount *m = um_list_mount_at(r->list, from->path);
	int ret = m ? may_move(m, from, target) : -EINVAL;

	return ret < 0 ? ret
		       : um_view_move_mount(r->attr->view, m, target->path);
}

static long move(struct um_req *r, const struct um_loc *target,
		 const char *source)
{
	struct um_loc from UM_LOC;
	struct stat st;
	int ret;

	from = (struct um_loc){ 0 };
	ret = um_walk_always(r, AT_FDCWD, source, UM_FOLLOW | UM_MOUNTPOINT,
			     &from);
	if (ret < 0)
		return ret;
	if (!um_list_mount_at(r->list, from.path)) {
		ret = um_fs_getattr(from.mount, from.rel, NULL, &st);
		return ret < 0 ? ret : of_host(&from);
	}
	return um_remount_move(r, &from, target);
}

void um_remount_propagate(struct um_mount *m, unsigned long flags)
{
	if (flags & MS_UNBINDABLE)
		m->flags |= MS_UNBINDABLE;
	else
		m->flags &= ~(unsigned long)MS_UNBINDABLE;
}

static long set_propagation(const struct um_req *r, const struct um_loc *target,
			    unsigned long flags)
{
	struct um_mount *m = um_list_mount_at(r->list, target->path);

	/* nothing of the host's is propagated into a view either */
	if (!m)
		return um_is_host_mount(target) ? 0 : -EINVAL;
	um_remount_propagate(m, flags);
	return 0;
}

long um_remount(struct um_req *r, const struct um_loc *target,
		const char *source, unsigned long flags, const char *data)
{
	if (flags & MS_REMOUNT)
		return change_flags(r, target, flags, data);
	if (flags & MS_PROPAGATION)
		return set_propagation(r, target, flags);
	return move(r, target, source);
}
