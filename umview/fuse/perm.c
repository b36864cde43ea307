// SPDX-License-Identifier: GPL-2.0-or-later
/* perm.c - the mount option default_permissions; see perm.h */
#include "fuse/perm.h"

#include "fuse/ops.h"

static bool may_by_mode(const struct stat *st, int what)
{
	const struct um_cred *who = um_caller();
	mode_t bits = st->st_mode;

	if (who->uid == 0)
		return !(what & UM_FUSE_X) || S_ISDIR(bits) || (bits & 0111);
	if (who->uid == st->st_uid)
		bits >>= 6;
	else if (um_fuse_in_group(st->st_gid))
		bits >>= 3;
	return ((int)bits & what) == what;
}

int um_fuse_may(struct um_fuse *c, struct um_fuse_node *n, int what)
{
	struct stat st;
	int ret;

	if (!c->check_modes)
		return 0;
	ret = um_fuse_attr_of(c, n, NULL, &st);
	if (ret < 0)
		return ret;
	if (um_caller()->uid != 0) {
		ret = um_fuse_may_by_acl(c, n, &st, what);
		if (ret != -ENODATA)
			return ret;
	}
	return may_by_mode(&st, what) ? 0 : -EACCES;
}

int um_fuse_may_remove(struct um_fuse *c, struct um_fuse_node *dir,
		       struct um_fuse_node *n)
{
	uid_t uid = um_caller()->uid;
	struct stat st;
	int ret = um_fuse_may(c, dir, UM_FUSE_W | UM_FUSE_X);

	if (ret < 0 || !c->check_modes || uid == 0)
		return ret;
	ret = um_fuse_attr_of(c, dir, NULL, &st);
	if (ret < 0 || !(st.st_mode & S_ISVTX) || st.st_uid == uid || !n)
		return ret;
	ret = um_fuse_attr_of(c, n, NULL, &st);
	if (ret < 0)
		return ret;
	return st.st_uid == uid ? 0 : -EPERM;
}

int um_fuse_may_own(struct um_fuse *c, struct um_fuse_node *n)
{
	uid_t uid = um_caller()->uid;
	struct stat st;
	int ret;

	if (!c->check_modes || uid == 0)
		return 0;
	ret = um_fuse_attr_of(c, n, NULL, &st);
	if (ret < 0)
		return ret;
	return st.st_uid == uid ? 0 : -EPERM;
}
