// SPDX-License-Identifier: GPL-2.0-or-later
/* mountattr.c - mount_setattr(2): what a mount allows */
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "sys/mounttree.h"
#include "sys/remount.h"
#include "sys/viewend.h"
#include "view/perm.h"

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

static const struct {
	uint64_t attr;
	unsigned long flag;
} plain[] = {
	{ MOUNT_ATTR_RDONLY, MS_RDONLY },
	{ MOUNT_ATTR_NOSUID, MS_NOSUID },
	{ MOUNT_ATTR_NODEV, MS_NODEV },
	{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
	{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
	{ MOUNT_ATTR_NOSYMFOLLOW, MS_NOSYMFOLLOW },
};

#define ATIMES (MS_NOATIME | MS_RELATIME | MS_STRICTATIME)

static int atime_flag(uint64_t attrs, unsigned long *out)
{
	switch (attrs & MOUNT_ATTR__ATIME) {
	case MOUNT_ATTR_RELATIME:
		*out |= MS_RELATIME;
		return 0;
	case MOUNT_ATTR_NOATIME:
		*out |= MS_NOATIME;
		return 0;
	case MOUNT_ATTR_STRICTATIME:
		*out |= MS_STRICTATIME;
		return 0;
	default:
		return -EINVAL;
	}
}

/* But for times. */
static int plain_flags(uint64_t attrs, unsigned long *out)
{
	*out = 0;
	for (size_t i = 0; i < UM_ARRAY_SIZE(plain); i++) {
		if (attrs & plain[i].attr)
			*out |= plain[i].flag;
		attrs &= ~plain[i].attr;
	}
	return (attrs & ~(uint64_t)MOUNT_ATTR__ATIME) ? -EINVAL : 0;
}

int um_tree_flags(uint64_t attrs, unsigned long *out)
{
	int ret = plain_flags(attrs, out);

	return ret < 0 ? ret : atime_flag(attrs, out);
}

/* A change of flags, as a call asks for it. */
struct change {
	unsigned long set;
	unsigned long clear;
	unsigned long propagation;
};

static int times(const struct mount_attr *attr, struct change *out)
{
	const uint64_t cleared = attr->attr_clr & MOUNT_ATTR__ATIME;

	if (!cleared)
		return (attr->attr_set & MOUNT_ATTR__ATIME) ? -EINVAL : 0;
	if (cleared != MOUNT_ATTR__ATIME)
		return -EINVAL;
	out->clear |= ATIMES;
	return atime_flag(attr->attr_set, &out->set);
}

static int read_change(const struct mount_attr *attr, struct change *out)
{
	int ret = plain_flags(attr->attr_set, &out->set);

	out->propagation = attr->propagation;
	if (ret == 0)
		ret = plain_flags(attr->attr_clr, &out->clear);
	if (ret == 0)
		ret = times(attr, out);
	if ((attr->propagation & ~(uint64_t)MS_PROPAGATION) ||
	    (attr->propagation & (attr->propagation - 1)))
		return -EINVAL;
	return ret;
}

static void change_one(struct um_mount *m, const struct change *c)
{
	if ((c->set & MS_RDONLY) && !(m->flags & MS_RDONLY)) {
		um_vnode_sync_mount(m);
		um_fs_syncfs(m);
	}
	m->flags = (m->flags & ~c->clear) | c->set;
	if (c->propagation)
		um_remount_propagate(m, c->propagation);
}

/* And what is mounted in it. */
static void change_all(const struct um_req *r, const struct um_loc *loc,
		       const struct change *c)
{
	for (size_t i = 0; i < r->list->nmounts; i++) {
		struct um_mount *m = r->list->mounts[i];

		if (m != loc->mount &&
		    um_path_beneath(um_list_point(r->list, i), loc->path))
			change_one(m, c);
	}
}

/* Later versions are longer; what is not known here has to be zero. */
static int copy_attr(struct um_req *r, uint64_t at, uint64_t size,
		     struct mount_attr *out)
{
	char *text;
	int ret;

	if (size > (uint64_t)getpagesize())
		return -E2BIG;
	if (size < MOUNT_ATTR_SIZE_VER0)
		return -EINVAL;
	text = um_req_alloc(r, size);
	ret = text ? um_copy_in(r, um_uptr_of(at), text, size) : -ENOMEM;
	if (ret < 0)
		return ret;
	for (size_t i = sizeof(*out); i < size; i++)
		if (text[i])
			return -E2BIG;
	memcpy(out, text, sizeof(*out));
	return 0;
}

#define SETATTR_FLAGS                                                          \
	(AT_EMPTY_PATH | AT_RECURSIVE | AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)

long sys_mount_setattr(struct um_req *r)
{
	struct um_loc loc UM_LOC;
	const unsigned int flags = (unsigned int)r->arg[2];
	struct mount_attr attr = { 0 };
	struct change c = { 0 };
	int ret;

	loc = (struct um_loc){ 0 };
	um_viewend_settle(r);
	if (flags & ~(unsigned int)SETATTR_FLAGS)
		return -EINVAL;
	if (um_may_administer(r) < 0)
		return -EPERM;
	ret = copy_attr(r, r->arg[3], r->arg[4], &attr);
	if (ret < 0)
		return ret;
	if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
		return 0;
	ret = read_change(&attr, &c);
	if (ret == 0)
		ret = um_tree_find(
			r, um_arg_fd(r, 0), r->arg[1], flags & AT_EMPTY_PATH,
			(flags & AT_SYMLINK_NOFOLLOW) ? 0 : UM_FOLLOW, &loc);
	if (ret < 0)
		return ret;
	if (!loc.mount || !um_tree_is_root(r, &loc))
		return um_tree_of_host(&loc);
	change_one(loc.mount, &c);
	if (flags & AT_RECURSIVE)
		change_all(r, &loc, &c);
	return 0;
}
