// SPDX-License-Identifier: GPL-2.0-or-later
/* fsattr.c - hops that ask for attributes, or change them */
#include <string.h>

#include "vnode/attrcache.h"
#include "vnode/hop.h"

static int ask_attr(struct um_mount *m, const char *path, struct um_fh *fh,
		    struct stat *out)
{
	return (int)um_hop_counted(
		m, "getattr", HOP(m, getattr, path, -ENOSYS, path, fh, out), 0);
}

int um_fs_getattr(struct um_mount *m, const char *path, struct um_fh *fh,
		  struct stat *out)
{
	uint64_t gen = 0;
	int ret;

	if (atomic_load(&m->crashed))
		return -EIO;
	if (m->cache && path && !fh) {
		ret = um_attrcache_get(m->cache, path, out);
		if (ret != -EAGAIN)
			return ret;
		gen = um_attrcache_gen(m->cache);
	}
	memset(out, 0, sizeof(*out));
	ret = ask_attr(m, path, fh, out);
	if (ret == 0 && m->dev && !um_fs_gives(m))
		out->st_dev = m->dev;
	if (m->cache && path && !fh && (ret == 0 || ret == -ENOENT))
		um_attrcache_put(m->cache, path, ret ? NULL : out, gen);
	return ret;
}

int um_fs_birth(struct um_mount *m, const char *path, struct um_fh *fh,
		struct timespec *out)
{
	return (int)HOP(m, birth, path, -ENOSYS, path, fh, out);
}

int um_fs_access(struct um_mount *m, const char *path, int mask)
{
	return (int)HOP(m, access, path, -ENOSYS, path, mask);
}

/*
 * A change of attributes that came by name, or by an open file. A name that is
 * not cached hides which node changed, so that is asked for first.
 */
static int node_changed(struct um_mount *m, const char *path, struct um_fh *fh,
			long ret)
{
	struct stat st;

	if (!m->cache)
		return (int)ret;
	if (path)
		um_attrcache_forget(m->cache, path);
	else if (um_fs_getattr(m, NULL, fh, &st) == 0)
		um_attrcache_forget_node(m->cache, st.st_ino);
	return (int)ret;
}

int um_fs_chmod(struct um_mount *m, const char *path, struct um_fh *fh,
		mode_t mode)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, chmod, path, -EPERM, path, fh, mode));
}

int um_fs_chown(struct um_mount *m, const char *path, struct um_fh *fh,
		uid_t uid, gid_t gid)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, chown, path, -EPERM, path, fh, uid, gid));
}

int um_fs_utimens(struct um_mount *m, const char *path, struct um_fh *fh,
		  const struct timespec ts[2])
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, utimens, path, -EPERM, path, fh, ts));
}

int um_fs_truncate(struct um_mount *m, const char *path, struct um_fh *fh,
		   off_t size)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, fh,
			    HOP(m, truncate, path, -EPERM, path, fh, size));
}

int um_fs_setxattr(struct um_mount *m, const char *path, const char *name,
		   const void *value, size_t size, int flags)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, NULL,
			    HOP(m, setxattr, path, -EOPNOTSUPP, path, name,
				value, size, flags));
}

ssize_t um_fs_getxattr(struct um_mount *m, const char *path, const char *name,
		       void *buf, size_t size)
{
	long ret = HOP(m, getxattr, path, -EOPNOTSUPP, path, name, buf, size);

	return size ? um_hop_counted(m, "getxattr", ret, size) : ret;
}

ssize_t um_fs_listxattr(struct um_mount *m, const char *path, char *buf,
			size_t size)
{
	long ret = HOP(m, listxattr, path, -EOPNOTSUPP, path, buf, size);

	return size ? um_hop_counted(m, "listxattr", ret, size) : ret;
}

int um_fs_removexattr(struct um_mount *m, const char *path, const char *name)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return node_changed(m, path, NULL,
			    HOP(m, removexattr, path, -EOPNOTSUPP, path, name));
}
