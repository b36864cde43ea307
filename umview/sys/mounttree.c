// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mounttree.c - open_tree(2), move_mount(2), fsmount(2), fspick(2): mounts by
 * descriptors
 *
 * A descriptor of a mount is one of its root, opened with O_PATH: a PATH object,
 * with which the *at calls work at once, in a mount that is in no view, too. Such
 * a mount floats: it is in the list of those that umount -l left, and so ends
 * when nobody has it open, unless move_mount(2) gave it a place before.
 */
#include "sys/mounttree.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>

#include "sys/fscontext.h"
#include "sys/mounting.h"
#include "sys/remount.h"
#include "sys/viewend.h"
#include "view/perm.h"

/* What a descriptor is of. */
static int find_by_fd(struct um_req *r, int fd, struct um_loc *out)
{
	struct um_obj *o UM_OBJ = NULL;
	UM_FREE char *rel = NULL;
	char text[PATH_MAX];
	struct stat st;
	int ret = um_gfd_stat(r, um_gfd_of((uint64_t)fd), &st);

	if (ret < 0)
		return ret;
	o = um_obj_find(&st);
	if (!o) {
		ret = um_gfd_link(r, um_gfd_of((uint64_t)fd), text,
				  sizeof(text));
		out->mount = um_mount_real();
		out->native = true;
		out->path = out->rel = ret < 0 ? "" : um_req_strdup(r, text);
		return out->path ? 0 : -ENOMEM;
	}
	rel = um_obj_path(o);
	if (!rel)
		return -ENOENT;
	ret = um_req_hold_mount(r, o->mount);
	out->mount = o->mount;
	out->rel = um_req_strdup(r, rel);
	out->path = um_view_path_of(r, o->mount, rel);
	return ret < 0 || !out->rel || !out->path ? -ENOMEM : 0;
}

int um_tree_find(struct um_req *r, int dirfd, uint64_t name, bool empty,
		 unsigned int walk, struct um_loc *out)
{
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(name), &path);

	if (ret < 0)
		return ret;
	if (!*path && empty) {
		if (dirfd != AT_FDCWD)
			return find_by_fd(r, dirfd, out);
		path = um_req_strdup(r, ".");
	}
	ret = path ? um_walk_always(r, dirfd, path, walk | UM_MOUNTPOINT, out)
		   : -ENOMEM;
	return ret < 0 ? ret : out->obj ? -EINVAL : 0;
}

static bool is_floating(const struct um_mount *m)
{
	return atomic_load(&m->floating) == UM_FLOATING;
}

bool um_tree_is_root(const struct um_req *r, const struct um_loc *loc)
{
	return loc->rel && !um_mount_is_real(loc->mount) &&
	       !strcmp(loc->rel, "/") &&
	       (is_floating(loc->mount) || um_list_has(r->list, loc->mount));
}

long um_tree_of_host(const struct um_loc *loc)
{
	struct stat st;
	int ret = um_fs_getattr(loc->mount, loc->rel, NULL, &st);

	if (ret < 0)
		return ret;
	return um_is_host_mount(loc) ? UM_CONTINUE : -EINVAL;
}

long um_tree_give(struct um_req *r, struct um_mount *m, bool cloexec)
{
	int fd = um_obj_open_path(m, "/", O_PATH);

	um_mount_detach(m);
	return fd < 0 ? fd : um_give_fd(r, fd, cloexec);
}

/* ---- open_tree ---- */

#define TREE_FLAGS                                                             \
	(AT_EMPTY_PATH | AT_NO_AUTOMOUNT | AT_RECURSIVE |                      \
	 AT_SYMLINK_NOFOLLOW | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

static long clone_tree(struct um_req *r, const struct um_loc *loc, bool cloexec)
{
	char *source = um_req_strdup(r, loc->path);
	struct um_mounting a = { .type = source,
				 .source = source,
				 .flags = MS_BIND,
				 .target = { .path = "/" },
				 .floating = true,
				 .is_canonical = true };
	struct um_service *s;
	struct um_mount *m;
	const char *type;
	struct stat st;
	long ret;
	int err;

	if (!source)
		return -ENOMEM;
	ret = um_fs_getattr(loc->mount, loc->rel, NULL, &st);
	if (ret < 0)
		return ret;
	/* a tree that is in no view has no names to go by */
	if (!um_mount_is_real(loc->mount) &&
	    !um_list_has(r->list, loc->mount) && !loc->mount->devices)
		return -EINVAL;
	type = um_mounting_bind_type(&a);
	s = um_mounting_server(r, type, false, &err);
	if (!s)
		return err;
	ret = um_mounting_start(r, &a, s, type, &m);
	if (ret == 0)
		ret = um_tree_give(r, m, cloexec);
	um_mount_put(m);
	return ret;
}

/* As open(2) with O_PATH; what the guest's own kernel finds, it opens itself. */
static long open_node(struct um_req *r, unsigned int flags)
{
	const uint64_t was = r->arg[2];
	long ret;

	r->arg[2] = O_PATH | (flags & OPEN_TREE_CLOEXEC) |
		    ((flags & AT_SYMLINK_NOFOLLOW) ? O_NOFOLLOW : 0);
	ret = sys_openat(r);
	r->arg[2] = was;
	return ret;
}

static long open_again(struct um_req *r, const struct um_loc *loc, bool cloexec)
{
	int fd;

	if (um_mount_is_real(loc->mount))
		return UM_CONTINUE;
	fd = um_obj_open_path(loc->mount, loc->rel, O_PATH);
	return fd < 0 ? fd : um_give_fd(r, fd, cloexec);
}

static bool is_empty(struct um_req *r, uint64_t name)
{
	char *path;

	return um_copy_in_path(r, um_uptr_of(name), &path) == 0 && !*path;
}

long sys_open_tree(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	const unsigned int flags = (unsigned int)r->arg[2];
	const bool cloexec = flags & OPEN_TREE_CLOEXEC;
	const bool clone = flags & OPEN_TREE_CLONE;
	int ret;

	loc = (struct um_loc){ 0 };
	um_viewend_settle(r);
	if ((flags & ~(unsigned int)TREE_FLAGS) ||
	    ((flags & AT_RECURSIVE) && !clone))
		return -EINVAL;
	if (clone && um_may_administer(r) < 0)
		return -EPERM;
	if (!clone && !((flags & AT_EMPTY_PATH) && is_empty(r, r->arg[1])))
		return open_node(r, flags);
	ret = um_tree_find(r, um_arg_fd(r, 0), r->arg[1], flags & AT_EMPTY_PATH,
			   (flags & AT_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW, &loc);
	if (ret < 0)
		return ret;
	return clone ? clone_tree(r, &loc, cloexec)
		     : open_again(r, &loc, cloexec);
}

/* ---- move_mount ---- */

#define MOVE_FLAGS                                                             \
	(MOVE_MOUNT_F_SYMLINKS | MOVE_MOUNT_F_AUTOMOUNTS |                     \
	 MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS |                     \
	 MOVE_MOUNT_T_AUTOMOUNTS | MOVE_MOUNT_T_EMPTY_PATH)

static int find_place(struct um_req *r, unsigned int flags, struct um_loc *out)
{
	const unsigned int walk =
		(flags & MOVE_MOUNT_T_SYMLINKS) ? UM_FOLLOW : 0;
	char *path;
	int ret = um_copy_in_path(r, um_uptr_of(r->arg[3]), &path);

	if (ret < 0)
		return ret;
	if (!*path && (flags & MOVE_MOUNT_T_EMPTY_PATH))
		return um_tree_find(r, um_arg_fd(r, 2), r->arg[3], true, walk,
				    out);
	return um_mounting_target(r, um_arg_fd(r, 2), path, walk, out);
}

/* A name that is not there yet can be of anything. */
static int fits(const struct um_loc *from, const struct um_loc *to)
{
	struct stat a;
	struct stat b;
	int ret = um_fs_getattr(from->mount, from->rel, NULL, &a);

	if (ret < 0 || um_fs_getattr(to->mount, to->rel, NULL, &b) < 0)
		return ret;
	return S_ISDIR(a.st_mode) == S_ISDIR(b.st_mode) ? 0 : -EINVAL;
}

static long settle(struct um_req *r, const struct um_loc *from,
		   const struct um_loc *to)
{
	int ret = fits(from, to);

	if (ret < 0)
		return ret;
	if (!um_mount_settle(from->mount))
		return -EINVAL;
	return um_view_attach_mount(r->attr->view, from->mount, to->path);
}

long sys_move_mount(struct um_req *r)
{
	struct um_loc from UM_LOC;
	struct um_loc to UM_LOC;
	const unsigned int flags = (unsigned int)r->arg[4];
	int ret;

	from = (struct um_loc){ 0 };
	to = (struct um_loc){ 0 };
	um_viewend_settle(r);
	if (um_may_administer(r) < 0)
		return -EPERM;
	if (flags & ~(unsigned int)MOVE_FLAGS)
		return -EINVAL;
	ret = find_place(r, flags, &to);
	if (ret == 0)
		ret = um_tree_find(
			r, um_arg_fd(r, 0), r->arg[1],
			flags & MOVE_MOUNT_F_EMPTY_PATH,
			(flags & MOVE_MOUNT_F_SYMLINKS) ? UM_FOLLOW : 0, &from);
	if (ret < 0)
		return ret;
	if (!um_tree_is_root(r, &from))
		return um_tree_of_host(&from);
	if (!um_mount_is_real(to.mount) && !um_list_has(r->list, to.mount))
		return -EINVAL;
	return is_floating(from.mount) ? settle(r, &from, &to)
				       : um_remount_move(r, &from, &to);
}

/* ---- fsmount, fspick ---- */

long sys_fsmount(struct um_req *r)
{
	struct um_fscontext *c;
	unsigned long flags;
	long ret;

	if (um_may_administer(r) < 0)
		return -EPERM;
	if ((r->arg[1] & ~(uint64_t)FSMOUNT_CLOEXEC) ||
	    um_tree_flags(r->arg[2], &flags) < 0)
		return -EINVAL;
	ret = um_fscontext_arg(r, 0, &c);
	if (ret < 0)
		return ret;
	um_lock(&c->busy);
	if (!c->m || c->phase != UM_FSCONTEXT_CREATED) {
		ret = c->m ? -EBUSY : -EINVAL;
	} else {
		c->m->flags |= flags;
		c->phase = UM_FSCONTEXT_SPENT;
		c->options[0] = '\0';
		ret = um_tree_give(r, c->m, r->arg[1] & FSMOUNT_CLOEXEC);
	}
	um_unlock(&c->busy);
	um_fscontext_put(c);
	return ret;
}

#define PICK_FLAGS                                                             \
	(FSPICK_CLOEXEC | FSPICK_SYMLINK_NOFOLLOW | FSPICK_NO_AUTOMOUNT |      \
	 FSPICK_EMPTY_PATH)

long sys_fspick(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	const unsigned int flags = (unsigned int)r->arg[2];
	struct um_fscontext *c;
	int ret;

	loc = (struct um_loc){ 0 };
	if (um_may_administer(r) < 0)
		return -EPERM;
	if (flags & ~(unsigned int)PICK_FLAGS)
		return -EINVAL;
	ret = um_tree_find(
		r, um_arg_fd(r, 0), r->arg[1], flags & FSPICK_EMPTY_PATH,
		(flags & FSPICK_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW, &loc);
	if (ret < 0)
		return ret;
	if (!um_tree_is_root(r, &loc))
		return um_tree_of_host(&loc);
	c = um_fscontext_new(loc.mount->type, loc.mount);
	if (!c)
		return -ENOMEM;
	c->flags = loc.mount->flags & MS_RDONLY;
	return um_fscontext_give(r, c, flags & FSPICK_CLOEXEC);
}
