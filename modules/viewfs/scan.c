// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scan.c - what the store has when it is mounted
 *
 * Its directories are those of the kernel's overlayfs, as far as an ordinary
 * user can make them (mount option userxattr): a name that is gone is an empty
 * file with the attribute user.overlay.whiteout, or a character device 0:0;
 * user.overlay.opaque is "y" in an opaque directory, and "x" in one that has
 * such files. META is the store's own: as the first View-OS left it, an empty
 * file there says that the name is gone.
 */
#include "viewfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NOTE_END  '\xff'
#define WORK_HEAD '\xfe'

/*
 * What is known of directories holds until one of those beneath, or a link that
 * leads to one, is not what it was.
 */
void viewfs_covered(struct viewfs *v, const char *path)
{
	char at[PATH_MAX];
	struct stat st;

	if (v->nlower && viewfs_join(at, v->lower[0], path) == 0 &&
	    (lstat(at, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode)))
		um_fs_covered_file();
	else
		um_fs_covered();
}

int viewfs_note(struct viewfs *v, const char *path, enum viewfs_kind kind)
{
	const char *last =
		strcmp(path, "/") ? viewfs_last(path) : viewfs_last(v->point);
	bool lower;
	int ret;

	if (kind != KIND_NONE) {
		/* its first name makes the root the mount's */
		if (viewfs_names_find(&v->names, "/", &lower) == KIND_NONE)
			um_fs_cover_name(viewfs_last(v->point), false);
		um_fs_cover_name(last, kind != KIND_DIR);
	}
	if (kind != KIND_DIR)
		viewfs_redirect_drop(v, path);
	ret = viewfs_names_set(&v->names, path, kind);
	viewfs_covered(v, path);
	return ret;
}

/* Copied by overlayfs with metacopy=on: its content is beneath. */
static void warn_of_content(const char *real)
{
	if (lgetxattr(real, "user.overlay.metacopy", NULL, 0) >= 0 ||
	    lgetxattr(real, "trusted.overlay.metacopy", NULL, 0) >= 0)
		um_warn("viewfs: %s was copied by the kernel's overlayfs with "
			"metacopy, without its content: it reads as zeros",
			real);
}

static enum viewfs_kind kind_of(struct viewfs *v, const char *path,
				const char *real, const struct stat *st)
{
	char at[PATH_MAX];
	struct stat below;

	if (viewfs_is_whiteout(real, st))
		return KIND_GONE;
	if (!S_ISDIR(st->st_mode)) {
		warn_of_content(real);
		return KIND_FILE;
	}
	if (viewfs_is_opaque(real) ||
	    viewfs_find_lower(v, path, at, &below) < 0 ||
	    !S_ISDIR(below.st_mode))
		return KIND_OPAQUE;
	return KIND_DIR;
}

/* One directory after another, each with the names of those still to be read. */
struct scan {
	struct viewfs *v;
	const char *base;
	int (*entry)(struct viewfs *v, const char *path, const char *real,
		     const struct stat *st);
	char **todo;
	size_t ntodo;
	size_t room;
};

static int later(struct scan *s, const char *path)
{
	if (s->ntodo == s->room) {
		size_t room = s->room ? s->room * 2 : 64;
		char **grown = realloc(s->todo, room * sizeof(char *));

		if (!grown)
			return -ENOMEM;
		s->todo = grown;
		s->room = room;
	}
	s->todo[s->ntodo] = strdup(path);
	return s->todo[s->ntodo++] ? 0 : -ENOMEM;
}

static int one(struct scan *s, const char *dir, const char *name)
{
	char path[PATH_MAX];
	char at[PATH_MAX];
	struct stat st;
	int ret;

	if (!strcmp(name, ".") || !strcmp(name, "..") ||
	    (s->base == s->v->store && !strcmp(dir, "/") &&
	     !strcmp(name, &META[1])))
		return 0;
	ret = snprintf(path, sizeof(path), "%s/%s", dir[1] ? dir : "", name);
	if (ret >= PATH_MAX || viewfs_join(at, s->base, path) < 0)
		return -ENAMETOOLONG;
	if (lstat(at, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	ret = s->entry(s->v, path, at, &st);
	return ret == 0 && S_ISDIR(st.st_mode) ? later(s, path) : ret;
}

static int read_dir(struct scan *s, const char *dir)
{
	char real[PATH_MAX];
	struct dirent *e;
	DIR *d;
	int ret = viewfs_join(real, s->base, dir);

	d = ret == 0 ? opendir(real) : NULL;
	if (!d) {
		ret = ret < 0 ? ret : -errno;
		um_err("viewfs: %s: %s", real, strerror(-ret));
		return ret;
	}
	while (ret == 0 && (e = readdir(d)))
		ret = one(s, dir, e->d_name);
	closedir(d);
	return ret;
}

static int scan(struct scan *s)
{
	int ret = later(s, "/");

	while (s->ntodo) {
		FREE char *dir = s->todo[--s->ntodo];

		if (ret == 0)
			ret = read_dir(s, dir);
	}
	free(s->todo);
	return ret;
}

static int store_entry(struct viewfs *v, const char *path, const char *real,
		       const struct stat *st)
{
	enum viewfs_kind kind;
	int ret = 0;

	if (S_ISDIR(st->st_mode))
		ret = viewfs_redirect_load(v, path, real);
	if (ret < 0)
		return ret;
	kind = kind_of(v, path, real, st);
	if (kind != KIND_GONE)
		viewfs_mark_load(v, real, st);
	return viewfs_note(v, path, kind);
}

/* A note as the first View-OS left them, in the store's own form. */
static int take_over(struct viewfs *v, const char *path, const char *note)
{
	char dir[PATH_MAX];

	viewfs_parent(dir, path);
	/* where the directory is not there any more nothing need be hidden */
	if (v->readonly || v->mode == VIEWFS_MERGE ||
	    viewfs_copy_up(v, dir, true) < 0)
		return 0;
	if (!v->no_xattrs)
		unlink(note);
	return viewfs_put_gone(v, path);
}

static int meta_entry(struct viewfs *v, const char *path, const char *real,
		      const struct stat *st)
{
	size_t n = strlen(path);
	char name[PATH_MAX];
	bool lower;

	if (S_ISDIR(st->st_mode))
		return 0;
	if (path[1] == WORK_HEAD) {
		unlink(real);
		return 0;
	}
	snprintf(name, sizeof(name), "%s", path);
	if (name[n - 1] == NOTE_END) {
		name[n - 1] = '\0';
		viewfs_mark_load_note(v, real, name);
		return 0;
	}
	if (viewfs_names_find(&v->names, path, &lower) != KIND_NONE)
		return 0;
	return take_over(v, path, real);
}

int viewfs_scan(struct viewfs *v)
{
	struct scan store = { .v = v, .base = v->store, .entry = store_entry };
	struct scan meta = { .v = v, .entry = meta_entry };
	char path[PATH_MAX];
	struct stat st;
	int ret = lstat(v->store, &st) < 0 ? -errno : 0;

	if (ret == 0) {
		viewfs_mark_load(v, v->store, &st);
		ret = scan(&store);
	}
	if (ret < 0 || viewfs_join(path, v->store, META) < 0 ||
	    lstat(path, &st) < 0)
		return ret;
	meta.base = path;
	return scan(&meta);
}
