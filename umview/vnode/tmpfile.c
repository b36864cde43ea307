// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tmpfile.c - files that are made without a name: O_TMPFILE
 *
 * Where the file system cannot make such files, they have a hidden name
 * (um_vnode_create_hidden()). Else they begin as what others are when their last
 * name has gone, an orphan, and may get a name once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "vnode/internal.h"

/* What the kernel calls such a file. */
static char *no_name(const char *dir, ino_t ino)
{
	char *name;

	if (asprintf(&name, "%s/#%llu", dir[1] ? dir : "",
		     (unsigned long long)ino) < 0)
		return NULL;
	return name;
}

static int make(struct um_mount *m, const char *dir, mode_t mode,
		struct um_fh *fh, struct um_vnode **out)
{
	UM_FREE char *name = NULL;
	struct stat st;
	int ret = um_fs_tmpfile(m, dir, mode, fh, &st);

	if (ret < 0)
		return ret;
	name = no_name(dir, st.st_ino);
	ret = name ? um_vnode_get(m, name, &st, out) : -ENOMEM;
	if (ret < 0) {
		um_fs_release(m, fh);
		return ret;
	}
	um_lock(&um_vn.table);
	um_vnode_orphan_locked(*out);
	um_unlock(&um_vn.table);
	return 0;
}

int um_vnode_tmpfile(struct um_mount *m, const char *dir, int flags,
		     mode_t mode)
{
	struct um_fh fh = { .flags = (flags & ~O_ACCMODE) | O_RDWR };
	struct um_vnode *v;
	int ret = make(m, dir, mode, &fh, &v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	v->linkable = !(flags & O_EXCL);
	v->wfh = fh;
	um_vnode_set_wfh(v, true);
	ret = um_vnode_give_locked(v, flags & ~(O_TMPFILE | O_EXCL));
	um_unlock(&v->io);
	um_vnode_put(v);
	return ret;
}

/* The file has this name from now on. */
static void named(struct um_vnode *v, const char *name)
{
	um_lock(&um_vn.table);
	v->path = strdup(name);
	v->orphan = false;
	if (um_hash_add(&um_vn.by_node, &v->node,
			um_vnode_key(v->mount, v->ino)))
		um_warn("out of memory for the vnode table");
	um_unlock(&um_vn.table);
}

int um_vnode_link_open(struct um_vnode *v, const char *to)
{
	struct um_fh *fh = NULL;
	uint32_t names = um_names_of_entry(v->mount, to);
	int ret;

	if (!v->linkable || !v->orphan)
		return -ENOENT;
	ret = um_vnode_pin(v, &fh);
	if (ret < 0)
		return ret;
	um_names_lock(v->mount, names);
	/* once: another may have been first */
	ret = v->linkable ? um_fs_link_open(v->mount, fh, to) : -ENOENT;
	if (ret == 0) {
		v->linkable = false;
		named(v, to);
	}
	um_names_unlock(v->mount, names);
	um_vnode_unpin(v);
	return ret;
}
