// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * change.c - names that go: unlink, rmdir
 *
 * Where a lower directory has the name too, a note takes its place in the store:
 * an empty file with the attribute user.overlay.whiteout, in a directory whose
 * user.overlay.opaque is "x". Where the store has no attributes the note is the
 * one of the first View-OS, in META.
 */
#include "viewfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

/* What a merge or a worm does not allow. 0 or -errno. */
int viewfs_check_change(struct viewfs *v, const char *path)
{
	if (viewfs_hides(v, path) || v->mode == VIEWFS_GONE)
		return -ENOENT;
	return v->readonly || v->mode == VIEWFS_MERGE
		       ? -EROFS
		       : viewfs_worm_check(v, path);
}

static int note_in_meta(struct viewfs *v, const char *path)
{
	char note[PATH_MAX];
	int n = snprintf(note, sizeof(note), "%s" META "%s", v->store, path);
	SHUT int fd = -1;

	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	for (char *at = note + strlen(v->store) + strlen(META) + 1;
	     (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(note, 0700);
		*at = '/';
	}
	fd = open(note, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -errno : 0;
}

static int make_note(struct viewfs *v, const char *work, const char *real)
{
	SHUT int fd = open(work, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	char dir[PATH_MAX];

	if (fd < 0)
		return -errno;
	if (v->no_xattrs || fsetxattr(fd, "user.overlay.whiteout", "y", 1, 0)) {
		unlink(work);
		return -EOPNOTSUPP;
	}
	viewfs_parent(dir, real);
	if (!viewfs_is_opaque(dir))
		viewfs_opaque(v, dir, "x");
	return (int)SYS(rename(work, real));
}

int viewfs_put_gone(struct viewfs *v, const char *path)
{
	char work[PATH_MAX];
	char real[PATH_MAX];
	enum viewfs_kind was;
	bool lower;
	int ret = viewfs_join(real, v->store, path);

	if (ret == 0)
		ret = viewfs_work_name(v, work);
	if (ret < 0)
		return ret;
	/* before the note is there: nobody must take it for the file */
	was = viewfs_names_find(&v->names, path, &lower);
	ret = viewfs_note(v, path, KIND_GONE);
	if (ret == 0)
		ret = make_note(v, work, real);
	if (ret == -EOPNOTSUPP) {
		ret = note_in_meta(v, path);
		if (ret == 0)
			unlink(real);
	}
	if (ret < 0)
		(void)!viewfs_note(v, path, was);
	return ret;
}

/* The last name of a node takes its mark along. */
static void forget_mark(struct viewfs *v, const char *path, const char *real)
{
	struct stat st;

	if (lstat(real, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode) || st.st_nlink == 1)
		viewfs_mark_drop(v, &st);
	if (!S_ISREG(st.st_mode))
		viewfs_mark_move_notes(v, path, NULL);
}

static int unlink_locked(struct viewfs *v, const char *path)
{
	struct viewfs_place p;
	char dir[PATH_MAX];
	int ret = viewfs_find(v, path, &p);

	if (ret < 0)
		return ret;
	if (!p.in_store && v->mode == VIEWFS_MINCOW) {
		ret = (int)SYS(unlink(p.path));
		if (!viewfs_is_refusal(ret))
			return ret;
	}
	viewfs_parent(dir, path);
	ret = viewfs_copy_up(v, dir, true);
	if (ret < 0)
		return ret;
	if (p.in_store)
		forget_mark(v, path, p.path);
	if (viewfs_sees_lower(v, path))
		return viewfs_put_gone(v, path);
	ret = (int)SYS(unlink(p.path));
	return ret < 0 ? ret : viewfs_note(v, path, KIND_NONE);
}

int viewfs_unlink(struct um_fs *fs, const char *path)
{
	struct viewfs *v = fs->priv;
	struct viewfs_place p;
	int ret = viewfs_check_change(v, path);

	if (ret < 0)
		return ret;
	if (!v->store) {
		ret = viewfs_find(v, path, &p);
		return ret < 0 ? ret : (int)SYS(unlink(p.path));
	}
	pthread_mutex_lock(&v->change);
	ret = unlink_locked(v, path);
	pthread_mutex_unlock(&v->change);
	return ret;
}

static int count_entry(void *arg, const char *name, uint64_t ino,
		       unsigned char type)
{
	(void)ino;
	(void)type;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	*(bool *)arg = false;
	return 1;
}

static int is_empty(struct viewfs *v, const char *path)
{
	struct um_fs fs = { .priv = v };
	bool empty = true;
	int ret = viewfs_readdir(&fs, path, count_entry, &empty);

	return ret < 0 ? ret : empty;
}

/* Only notes are left in it. */
static void remove_notes(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		unlinkat(dirfd(d), e->d_name, 0);
	if (d)
		closedir(d);
}

int viewfs_remove_dir(struct viewfs *v, const char *path, enum viewfs_kind left)
{
	char work[PATH_MAX];
	char real[PATH_MAX];
	int ret = viewfs_join(real, v->store, path);

	if (ret == 0)
		ret = viewfs_work_name(v, work);
	if (ret < 0)
		return ret;
	forget_mark(v, path, real);
	ret = (int)SYS(rename(real, work));
	if (ret < 0)
		return ret;
	remove_notes(work);
	if (rmdir(work) < 0)
		um_warn("viewfs: %s: %s", work, strerror(errno));
	viewfs_move_forget(v, path);
	return viewfs_note(v, path, left);
}

static int rmdir_locked(struct viewfs *v, const char *path)
{
	struct viewfs_place p;
	char dir[PATH_MAX];
	bool lower;
	int ret = viewfs_find(v, path, &p);

	if (ret < 0)
		return ret;
	if (!p.in_store && v->mode == VIEWFS_MINCOW) {
		ret = (int)SYS(rmdir(p.path));
		if (!viewfs_is_refusal(ret))
			return ret;
	}
	ret = is_empty(v, path);
	if (ret <= 0)
		return ret < 0 ? ret : -ENOTEMPTY;
	lower = viewfs_sees_lower(v, path);
	viewfs_parent(dir, path);
	ret = viewfs_copy_up(v, dir, true);
	if (ret == 0 && p.in_store)
		ret = viewfs_remove_dir(v, path, lower ? KIND_GONE : KIND_NONE);
	if (ret == 0 && lower)
		ret = viewfs_put_gone(v, path);
	return ret;
}

int viewfs_rmdir(struct um_fs *fs, const char *path)
{
	struct viewfs *v = fs->priv;
	struct viewfs_place p;
	int ret = viewfs_check_change(v, path);

	if (ret < 0)
		return ret;
	if (!v->store) {
		ret = viewfs_find(v, path, &p);
		return ret < 0 ? ret : (int)SYS(rmdir(p.path));
	}
	pthread_mutex_lock(&v->change);
	ret = rmdir_locked(v, path);
	pthread_mutex_unlock(&v->change);
	return ret;
}
