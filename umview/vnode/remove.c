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

void um_vnode_orphan_locked(struct um_vnode *v)
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
	uint32_t names = um_names_of_entry(v->mount, path);
	char hidden[PATH_MAX];
	int ret;

	make_name_hidden(path, hidden, sizeof(hidden));
	um_names_lock(v->mount, names);
	ret = um_fs_rename(v->mount, path, hidden, 0);
	if (ret >= 0) {
		um_lock(&um_vn.table);
		free(v->path);
		v->path = strdup(hidden);
		v->hidden = true;
		um_unlock(&um_vn.table);
	}
	um_names_unlock(v->mount, names);
	return ret < 0 ? ret : 0;
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
		um_vnode_orphan_locked(v);
	else if (v->path && !strcmp(v->path, path))
		free(um_steal(v->path));
	um_unlock(&um_vn.table);
}

struct um_vnode *um_vnode_known(struct um_mount *m, const char *path,
				struct stat *st)
{
	if (um_fs_getattr(m, path, NULL, st) < 0 || !S_ISREG(st->st_mode))
		return NULL;
	return um_vnode_lookup(m, st->st_ino);
}

/*
 * Remove the name. The number of a removed file may come back at once, for
 * another: by then the vnode must have left the table.
 */
static int unlink_named(struct um_mount *m, const char *path)
{
	uint32_t names = um_names_of_entry(m, path);
	struct stat st = { 0 };
	struct um_vnode *v;
	int ret;

	um_names_lock(m, names);
	v = um_vnode_known(m, path, &st);
	ret = um_fs_unlink(m, path);
	if (ret == 0 && v)
		after_removal(v, path, &st);
	else if (ret == 0 && !S_ISREG(st.st_mode))
		um_obj_removed(m, path, &st);
	um_names_unlock(m, names);
	if (ret == 0 && v)
		um_vnode_check(v);
	um_vnode_put(v);
	return ret;
}

static void put_withheld(struct um_vnode *v)
{
	if (!v)
		return;
	um_vnode_offer(v);
	um_vnode_check(v);
	um_vnode_put(v);
}

int um_vnode_unlink(struct um_mount *m, const char *path)
{
	struct um_vnode *v;
	struct stat st;
	int ret = 0;

	um_vnode_hear_closes(m);
	v = um_vnode_known(m, path, &st);
	if (v) {
		um_vnode_withhold(v);
		ret = before_removal(v, path, &st);
	}
	if (ret == 0)
		ret = unlink_named(m, path);
	put_withheld(v);
	return ret == 1 ? 0 : ret;
}

int um_vnode_link(struct um_mount *m, const char *from, const char *to)
{
	uint32_t names = um_names_of(m, from) | um_names_of_entry(m, to);
	int ret;

	um_names_lock(m, names);
	ret = um_name_absent(m, to);
	if (ret == 0)
		ret = um_fs_link(m, from, to);
	um_names_unlock(m, names);
	return ret;
}

int um_vnode_rmdir(struct um_mount *m, const char *path)
{
	struct stat st;
	int ret = um_fs_getattr(m, path, NULL, &st);

	if (ret == 0)
		ret = um_fs_rmdir(m, path);
	/* a file without a name of its own, closed a moment ago */
	if (ret == -ENOTEMPTY && !m->fs.unlink_open) {
		um_watch_drain();
		ret = um_fs_rmdir(m, path);
	}
	if (ret == 0)
		um_obj_removed(m, path, &st);
	return ret;
}

/*
 * What a rename will replace: its attributes, st_mode is 0 if there is nothing;
 * and the file, when it is known here.
 */
static struct um_vnode *replaced_by(struct um_mount *m, const char *from,
				    const char *to, struct stat *st)
{
	struct stat src;

	if (um_fs_getattr(m, to, NULL, st) < 0 ||
	    um_fs_getattr(m, from, NULL, &src) < 0 ||
	    src.st_ino == st->st_ino) {
		st->st_mode = 0;
		return NULL;
	}
	return S_ISREG(st->st_mode) && !S_ISDIR(src.st_mode)
		       ? um_vnode_lookup(m, st->st_ino)
		       : NULL;
}

static bool moves_directory(struct um_mount *m, const char *from,
			    const char *to, unsigned int flags)
{
	struct stat st;

	if (um_fs_getattr(m, from, NULL, &st) == 0 && S_ISDIR(st.st_mode))
		return true;
	return (flags & RENAME_EXCHANGE) &&
	       um_fs_getattr(m, to, NULL, &st) == 0 && S_ISDIR(st.st_mode);
}

/* Return: the classes that are locked. */
static uint32_t lock_pair(struct um_mount *m, const char *from, const char *to,
			  unsigned int flags)
{
	uint32_t all = um_names_all(m);
	uint32_t pair = um_names_of_entry(m, from) | um_names_of_entry(m, to);

	if (!m->fs.remote || !moves_directory(m, from, to, flags)) {
		um_names_lock(m, pair);
		if (!m->fs.remote || !moves_directory(m, from, to, flags))
			return pair;
		/* it has become one since */
		um_names_unlock(m, pair);
	}
	um_names_lock(m, all);
	return all;
}

static int rename_named(struct um_mount *m, const char *from, const char *to,
			unsigned int flags)
{
	uint32_t names = lock_pair(m, from, to, flags);
	struct stat st = { 0 };
	struct um_vnode *v;
	int ret;

	v = flags ? NULL : replaced_by(m, from, to, &st);
	ret = um_fs_rename(m, from, to, flags);
	if (ret == 0 && v)
		after_removal(v, to, &st);
	else if (ret == 0 && st.st_mode && !S_ISREG(st.st_mode))
		um_obj_removed(m, to, &st);
	if (ret == 0)
		um_vnode_renamed(m, from, to, flags & RENAME_EXCHANGE);
	um_names_unlock(m, names);
	if (ret == 0 && v)
		um_vnode_check(v);
	um_vnode_put(v);
	return ret;
}

int um_vnode_rename(struct um_mount *m, const char *from, const char *to,
		    unsigned int flags)
{
	struct um_vnode *v;
	struct stat st;
	int ret = 0;

	um_vnode_hear_closes(m);
	v = flags ? NULL : replaced_by(m, from, to, &st);
	if (v) {
		um_vnode_withhold(v);
		ret = before_removal(v, to, &st);
	}
	if (ret >= 0)
		ret = rename_named(m, from, to, flags);
	put_withheld(v);
	return ret;
}
