// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * remove.c - names that go: unlink, rmdir, rename
 *
 * A file that is open lives on without a name. Modules that cannot keep one
 * (um_fs.unlink_open) give it a hidden name instead, until the last close.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vnode/internal.h"

/* The node was removed: its number may come back for another. */
static void orphan_locked(struct um_vnode *v)
{
	um_hash_del(&um_vn.by_node, &v->node);
	free(v->was);
	v->was = um_steal(v->path);
	v->orphan = true;
}

static void make_name_hidden(const char *path, char *out, size_t size)
{
	static atomic_uint serial;
	const char *slash = strrchr(path, '/');

	snprintf(out, size, "%.*s/" UM_HIDDEN_NAME "%08x%04x",
		 (int)(slash - path), path, (unsigned int)getpid(),
		 atomic_fetch_add(&serial, 1));
}

/* An open file of a module that cannot lose its name: give it another. */
static int hide(struct um_vnode *v, const char *path)
{
	char hidden[PATH_MAX];
	int ret;

	make_name_hidden(path, hidden, sizeof(hidden));
	ret = um_fs_rename(v->mount, path, hidden, 0);
	if (ret < 0)
		return ret;
	um_lock(&um_vn.table);
	free(v->path);
	v->path = strdup(hidden);
	v->hidden = true;
	um_unlock(&um_vn.table);
	return 0;
}

/*
 * Before a name of v goes. Return: 1 when it is gone already (hidden), 0 to go
 * on, -errno.
 */
static int before_removal(struct um_vnode *v, const char *path,
			  const struct stat *st)
{
	int ret;

	if (!um_vnode_is_open(v) && !v->lazy)
		return 0;
	if (st->st_nlink == 1 && !v->mount->fs.unlink_open) {
		ret = hide(v, path);
		return ret < 0 ? ret : 1;
	}
	um_lock(&v->io);
	/* for whatever may be asked of it when its name is gone */
	ret = um_vnode_need_fh(v, O_RDWR);
	if (ret < 0)
		ret = um_vnode_need_fh(v, O_RDONLY);
	um_unlock(&v->io);
	return ret;
}

static void after_removal(struct um_vnode *v, const char *path,
			  const struct stat *st)
{
	um_lock(&um_vn.table);
	if (st->st_nlink <= 1)
		orphan_locked(v);
	else if (v->path && !strcmp(v->path, path))
		free(um_steal(v->path));
	um_unlock(&um_vn.table);
	um_vnode_check(v);
}

int um_vnode_unlink(struct um_mount *m, const char *path)
{
	struct um_vnode *v = NULL;
	struct stat st;
	int ret;

	if (um_fs_getattr(m, path, NULL, &st) == 0 && S_ISREG(st.st_mode))
		v = um_vnode_lookup(m, st.st_ino);
	ret = v ? before_removal(v, path, &st) : 0;
	if (ret == 0)
		ret = um_fs_unlink(m, path);
	if (ret == 0 && v)
		after_removal(v, path, &st);
	um_vnode_put(v);
	if (ret == 1)
		ret = 0;
	return ret;
}

int um_vnode_rmdir(struct um_mount *m, const char *path)
{
	int ret = um_fs_rmdir(m, path);

	if (ret == 0)
		um_obj_removed(m, path);
	return ret;
}

/* The file that a rename will replace, when it is known here. */
static struct um_vnode *replaced_by(struct um_mount *m, const char *from,
				    const char *to, struct stat *st)
{
	struct stat src;

	if (um_fs_getattr(m, to, NULL, st) < 0 || !S_ISREG(st->st_mode) ||
	    um_fs_getattr(m, from, NULL, &src) < 0 ||
	    src.st_ino == st->st_ino || S_ISDIR(src.st_mode))
		return NULL;
	return um_vnode_lookup(m, st->st_ino);
}

int um_vnode_rename(struct um_mount *m, const char *from, const char *to,
		    unsigned int flags)
{
	struct um_vnode *v = NULL;
	struct stat st;
	int ret = 0;

	if (!flags)
		v = replaced_by(m, from, to, &st);
	if (v)
		ret = before_removal(v, to, &st);
	if (ret == 1) {
		um_vnode_put(um_steal(v));
		ret = 0;
	}
	if (ret == 0)
		ret = um_fs_rename(m, from, to, flags);
	if (ret == 0 && v)
		after_removal(v, to, &st);
	if (ret == 0)
		um_vnode_renamed(m, from, to, flags & RENAME_EXCHANGE);
	um_vnode_put(v);
	return ret;
}
