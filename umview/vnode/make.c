// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * make.c - names that are made for directories, links and special files
 *
 * A walk found the name absent. Daemons rely on the kernel, which looks once
 * more while nobody else can change the directory: fuse2fs enters a name that is
 * there a second time, sshfs answers EPERM. So that is done here. What modules
 * answer in the monitor they look after themselves.
 */
#include "vnode/internal.h"

int um_name_absent(struct um_mount *m, const char *path)
{
	struct stat st;

	if (m->fs.remote && um_fs_getattr(m, path, NULL, &st) == 0)
		return -EEXIST;
	return 0;
}

static uint32_t begin(struct um_mount *m, const char *path, int *ret) UM_NO_TSA
{
	uint32_t names = m->fs.remote ? um_names_of_entry(m, path) : 0;

	um_names_lock(m, names);
	*ret = um_name_absent(m, path);
	return names;
}

int um_vnode_mkdir(struct um_mount *m, const char *path, mode_t mode)
{
	int ret;
	uint32_t names = begin(m, path, &ret);

	if (ret == 0)
		ret = um_fs_mkdir(m, path, mode);
	um_names_unlock(m, names);
	return ret;
}

int um_vnode_mknod(struct um_mount *m, const char *path, mode_t mode,
		   dev_t rdev)
{
	int ret;
	uint32_t names = begin(m, path, &ret);

	if (ret == 0)
		ret = um_fs_mknod(m, path, mode, rdev);
	um_names_unlock(m, names);
	return ret;
}

int um_vnode_symlink(struct um_mount *m, const char *target, const char *path)
{
	int ret;
	uint32_t names = begin(m, path, &ret);

	if (ret == 0)
		ret = um_fs_symlink(m, target, path);
	um_names_unlock(m, names);
	return ret;
}
