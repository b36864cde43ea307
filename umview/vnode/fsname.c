// SPDX-License-Identifier: GPL-2.0-or-later
/* fsname.c - hops that look at names, make them and take them away */
#include "vnode/attrcache.h"
#include "vnode/hop.h"

ssize_t um_fs_readlink(struct um_mount *m, const char *path, char *buf,
		       size_t size)
{
	return um_hop_counted(m, "readlink",
			      HOP(m, readlink, path, -EINVAL, path, buf, size),
			      size);
}

/* The core's own code, called by a module. */
struct filling {
	um_fill_fn fill;
	void *arg;
};

static int fill_from_module(void *arg, const char *name, uint64_t ino,
			    unsigned char type)
{
	const struct filling *f = arg;
	struct um_contain *before = um_contain_pause();
	int ret = f->fill(f->arg, name, ino, type);

	um_contain_resume(before);
	return ret;
}

int um_fs_readdir(struct um_mount *m, const char *path, um_fill_fn fill,
		  void *arg)
{
	struct filling f = { fill, arg };
	long ret = HOP(m, readdir, path, -ENOTDIR, path, fill_from_module, &f);

	return (int)um_hop_counted(m, "readdir", ret, 0);
}

static int entry_changed(struct um_mount *m, const char *path, long ret)
{
	if (m->cache)
		um_attrcache_forget_entry(m->cache, path);
	return (int)ret;
}

int um_fs_mknod(struct um_mount *m, const char *path, mode_t mode, dev_t rdev)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path,
			     HOP(m, mknod, path, -EPERM, path, mode, rdev));
}

int um_fs_mkdir(struct um_mount *m, const char *path, mode_t mode)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path, HOP(m, mkdir, path, -EPERM, path, mode));
}

/* The node may have other names, whose link count and times change too. */
static void forget_named(struct um_mount *m, const char *path)
{
	struct stat st;

	if (m->cache && um_fs_getattr(m, path, NULL, &st) == 0)
		um_attrcache_forget_node(m->cache, st.st_ino);
}

int um_fs_unlink(struct um_mount *m, const char *path)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	forget_named(m, path);
	ret = (int)HOP(m, unlink, path, -EPERM, path);
	return entry_changed(m, path, ret);
}

int um_fs_rmdir(struct um_mount *m, const char *path)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path, HOP(m, rmdir, path, -EPERM, path));
}

int um_fs_symlink(struct um_mount *m, const char *target, const char *path)
{
	if (um_mount_is_readonly(m))
		return -EROFS;
	return entry_changed(m, path,
			     HOP(m, symlink, path, -EPERM, target, path));
}

/* What a rename moves and replaces, as far as it must be forgotten. */
struct move {
	bool any_dir;
	bool replaces;
	ino_t moved;
	ino_t replaced;
};

static void look_at_move(struct um_mount *m, const char *from, const char *to,
			 struct move *mv)
{
	struct stat st;

	*mv = (struct move){ .any_dir = true };
	if (um_fs_getattr(m, from, NULL, &st) < 0 || S_ISDIR(st.st_mode))
		return;
	mv->moved = st.st_ino;
	mv->replaces = um_fs_getattr(m, to, NULL, &st) == 0;
	mv->replaced = mv->replaces ? st.st_ino : 0;
	mv->any_dir = mv->replaces && S_ISDIR(st.st_mode);
}

/* All names beneath a directory change with it. */
static void forget_move(struct um_mount *m, const char *from, const char *to,
			const struct move *mv)
{
	if (mv->any_dir) {
		um_attrcache_forget_all(m->cache);
		return;
	}
	um_attrcache_forget_node(m->cache, mv->moved);
	if (mv->replaces)
		um_attrcache_forget_node(m->cache, mv->replaced);
	um_attrcache_forget_entry(m->cache, from);
	um_attrcache_forget_entry(m->cache, to);
}

int um_fs_rename(struct um_mount *m, const char *from, const char *to,
		 unsigned int flags)
{
	struct move mv = { .any_dir = true };
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	if (m->cache)
		look_at_move(m, from, to, &mv);
	ret = (int)HOP(m, rename, from, -EPERM, from, to, flags);
	if (m->cache)
		forget_move(m, from, to, &mv);
	return ret;
}

int um_fs_link(struct um_mount *m, const char *from, const char *to)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, link, to, -EPERM, from, to);
	forget_named(m, from);
	if (m->cache)
		um_attrcache_forget(m->cache, from);
	return entry_changed(m, to, ret);
}

int um_fs_link_open(struct um_mount *m, struct um_fh *fh, const char *to)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, link_open, to, -ENOENT, fh, to);
	return entry_changed(m, to, ret);
}

int um_fs_tmpfile(struct um_mount *m, const char *dir, mode_t mode,
		  struct um_fh *fh, struct stat *out)
{
	int ret;

	if (um_mount_is_readonly(m))
		return -EROFS;
	ret = (int)HOP(m, tmpfile, dir, -ENOSYS, dir, mode, fh, out);
	out->st_dev = m->dev;
	return ret;
}

int um_fs_create(struct um_mount *m, const char *path, mode_t mode,
		 struct um_fh *fh)
{
	int ret = -ENOSYS;

	if (um_mount_is_readonly(m))
		return -EROFS;
	if (m->fs.ops->create)
		ret = (int)HOP(m, create, path, -ENOSYS, path, mode, fh);
	if (ret == -ENOSYS) {
		ret = um_fs_mknod(m, path, mode | S_IFREG, 0);
		if (ret == 0)
			ret = um_fs_open(m, path, fh);
	}
	return entry_changed(m, path, ret);
}
