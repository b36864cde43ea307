// SPDX-License-Identifier: GPL-2.0-or-later
/* change.c - operations that change names and attributes */
#include "arc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int may_change(void)
{
	return the_arc()->readonly ? -EROFS : 0;
}

static void changed(struct node *node)
{
	node_touch(node, false);
	node->implied = false;
	the_arc()->dirty = true;
}

static void changed_dir(struct node *dir)
{
	node_touch(dir, true);
	the_arc()->dirty = true;
}

/* Formats that know files, directories and links only. */
static bool has_place_for(const struct arc *a, mode_t mode)
{
	return S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) ||
	       (a->written != ARCHIVE_FORMAT_ZIP &&
		a->written != ARCHIVE_FORMAT_7ZIP);
}

static int make(const char *path, mode_t mode, dev_t rdev, const char *link)
{
	struct arc *a = the_arc();
	struct name *name = NULL;
	struct node *dir = NULL, *node;
	int err = may_change();

	if (!err && !has_place_for(a, mode))
		err = -EPERM;
	if (!err)
		err = tree_lookup(a, path, &dir, &name);
	if (err || name)
		return err ? err : -EEXIST;
	node = node_new(a, mode);
	if (!node)
		return -ENOMEM;
	node->st.st_uid = fuse_get_context()->uid;
	node->st.st_gid = fuse_get_context()->gid;
	node->st.st_rdev = rdev;
	if (link) {
		node->link = strdup(link);
		node->st.st_size = (off_t)strlen(link);
	}
	err = link && !node->link ? -ENOMEM
				  : tree_add(a, dir, tree_last(path), node);
	if (err)
		node_drop(a, node);
	else
		changed_dir(dir);
	return err;
}

int arc_mknod(const char *path, mode_t mode, dev_t rdev)
{
	return make(path, mode, rdev, NULL);
}

int arc_mkdir(const char *path, mode_t mode)
{
	return make(path, S_IFDIR | (mode & 07777), 0, NULL);
}

int arc_symlink(const char *target, const char *path)
{
	return make(path, S_IFLNK | 0777, 0, target);
}

static int remove_name(const char *path, bool want_dir)
{
	struct arc *a = the_arc();
	struct name *name = NULL;
	struct node *dir = NULL;
	bool is_dir;
	int err = may_change();

	if (!err)
		err = tree_lookup(a, path, &dir, &name);
	if (err || !name)
		return err ? err : -ENOENT;
	is_dir = S_ISDIR(name->node->st.st_mode);
	if (is_dir != want_dir)
		return is_dir ? -EISDIR : -ENOTDIR;
	if (is_dir && name->node->first)
		return -ENOTEMPTY;
	changed(name->node);
	tree_remove(a, name);
	changed_dir(dir);
	return 0;
}

int arc_unlink(const char *path)
{
	return remove_name(path, false);
}

int arc_rmdir(const char *path)
{
	return remove_name(path, true);
}

int arc_link(const char *from, const char *to)
{
	struct arc *a = the_arc();
	struct node *node, *dir = NULL;
	struct name *name = NULL;
	int err = may_change();

	if (!err)
		err = tree_lookup(a, to, &dir, &name);
	if (err || name)
		return err ? err : -EEXIST;
	node = tree_find(a, from);
	if (!node)
		return -ENOENT;
	if (S_ISDIR(node->st.st_mode))
		return -EPERM;
	err = tree_add(a, dir, tree_last(to), node);
	if (err)
		return err;
	changed(node);
	changed_dir(dir);
	return 0;
}

/* --- rename --- */

static bool is_below(const struct node *dir, const struct node *top)
{
	while (dir && dir != top)
		dir = dir->parent;
	return dir != NULL;
}

static int check_replaced(const struct node *node, const struct node *old)
{
	if (S_ISDIR(node->st.st_mode) && !S_ISDIR(old->st.st_mode))
		return -ENOTDIR;
	if (!S_ISDIR(node->st.st_mode) && S_ISDIR(old->st.st_mode))
		return -EISDIR;
	return old->first ? -ENOTEMPTY : 0;
}

/* Gives the node another name, and takes the first away. */
static int move(struct arc *a, struct name *from, struct node *dir,
		const char *text)
{
	struct node *node = from->node, *old_dir = from->dir;
	int err;

	node->opens++;
	tree_remove(a, from);
	err = tree_add(a, dir, text, node);
	node->opens--;
	node_drop(a, node);
	if (err)
		return err;
	changed(node);
	changed_dir(old_dir);
	changed_dir(dir);
	return 0;
}

/* The names stay where they are, the nodes change places. */
static int exchange(struct name *x, struct name *y)
{
	struct node *node = x->node;

	if (is_below(x->dir, y->node) || is_below(y->dir, x->node))
		return -EINVAL;
	x->dir->st.st_nlink -= S_ISDIR(x->node->st.st_mode);
	y->dir->st.st_nlink -= S_ISDIR(y->node->st.st_mode);
	x->node = y->node;
	y->node = node;
	x->dir->st.st_nlink += S_ISDIR(x->node->st.st_mode);
	y->dir->st.st_nlink += S_ISDIR(y->node->st.st_mode);
	if (S_ISDIR(x->node->st.st_mode))
		x->node->parent = x->dir;
	if (S_ISDIR(y->node->st.st_mode))
		y->node->parent = y->dir;
	changed(x->node);
	changed(y->node);
	changed_dir(x->dir);
	changed_dir(y->dir);
	return 0;
}

static int rename_to(struct arc *a, struct name *from, struct name *old,
		     struct node *dir, const char *text)
{
	int err = 0;

	if (is_below(dir, from->node))
		return -EINVAL;
	if (old && old->node == from->node)
		return 0;
	if (strlen(text) > 255)
		return -ENAMETOOLONG;
	if (old)
		err = check_replaced(from->node, old->node);
	if (err)
		return err;
	if (old)
		tree_remove(a, old);
	return move(a, from, dir, text);
}

int arc_rename(const char *from, const char *to, unsigned int flags)
{
	struct arc *a = the_arc();
	struct node *from_dir, *to_dir = NULL;
	struct name *name = NULL, *old = NULL;
	int err = may_change();

	if (!err && flags & ~(unsigned int)(RENAME_NOREPLACE | RENAME_EXCHANGE))
		err = -EINVAL;
	if (!err)
		err = tree_lookup(a, from, &from_dir, &name);
	if (!err && !name)
		err = -ENOENT;
	if (!err)
		err = tree_lookup(a, to, &to_dir, &old);
	if (err)
		return err;
	if (flags & RENAME_EXCHANGE)
		return old ? exchange(name, old) : -ENOENT;
	if (old && flags & RENAME_NOREPLACE)
		return -EEXIST;
	return rename_to(a, name, old, to_dir, tree_last(to));
}

/* --- attributes --- */

int arc_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);
	int err = may_change();

	if (err || !node)
		return err ? err : -ENOENT;
	node->st.st_mode = (node->st.st_mode & S_IFMT) | (mode & 07777);
	changed(node);
	return 0;
}

/* The names that the archive has for the ids do not fit any longer. */
int arc_chown(const char *path, uid_t uid, gid_t gid, struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);
	int err = may_change();

	if (err || !node)
		return err ? err : -ENOENT;
	if (uid != (uid_t)-1) {
		node->st.st_uid = uid;
		free(node->uname);
		node->uname = NULL;
	}
	if (gid != (gid_t)-1) {
		node->st.st_gid = gid;
		free(node->gname);
		node->gname = NULL;
	}
	changed(node);
	return 0;
}

int arc_utimens(const char *path, const struct timespec ts[2],
		struct fuse_file_info *fi)
{
	struct node *node = arc_node(path, fi);
	int err = may_change();

	if (err || !node)
		return err ? err : -ENOENT;
	for (int i = 0; i < 2; i++) {
		struct timespec *to = i ? &node->st.st_mtim : &node->st.st_atim;

		if (ts[i].tv_nsec == UTIME_NOW)
			clock_gettime(CLOCK_REALTIME, to);
		else if (ts[i].tv_nsec != UTIME_OMIT)
			*to = ts[i];
	}
	changed(node);
	return 0;
}
