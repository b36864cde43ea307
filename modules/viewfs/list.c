// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - listing directories
 *
 * The store's names first, then those of each lower directory that nobody
 * before it has, or has noted as gone. With more than one lower directory the
 * names that were seen are kept in a table for as long as the listing takes.
 */
#include "viewfs.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

struct listing {
	struct viewfs *v;
	const char *path;
	um_fill_fn fill;
	void *arg;
	bool in_store;
	bool keep;
	bool stopped;
	dev_t dev;
	char **seen;
	size_t nseen;
	size_t room;
};

static size_t slot_of(const struct listing *l, const char *name)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * 0x100000001b3u;
	h %= l->room;
	while (l->seen[h] && strcmp(l->seen[h], name) != 0)
		h = (h + 1) % l->room;
	return h;
}

static int grow(struct listing *l)
{
	struct listing bigger = *l;

	bigger.room = l->room ? l->room * 4 : 1024;
	bigger.seen = calloc(bigger.room, sizeof(char *));
	if (!bigger.seen)
		return -ENOMEM;
	for (size_t i = 0; i < l->room; i++)
		if (l->seen[i])
			bigger.seen[slot_of(&bigger, l->seen[i])] = l->seen[i];
	free(l->seen);
	*l = bigger;
	return 0;
}

/* 1: it was there before. */
static int see(struct listing *l, const char *name)
{
	size_t at;

	if (l->nseen * 2 >= l->room && grow(l) < 0)
		return -ENOMEM;
	at = slot_of(l, name);
	if (l->seen[at])
		return 1;
	l->seen[at] = strdup(name);
	if (!l->seen[at])
		return -ENOMEM;
	l->nseen++;
	return 0;
}

/* The number that stat tells; and the type, where that is not the node's. */
static void dress(struct listing *l, const struct dirent *e, uint64_t *ino,
		  unsigned char *type)
{
	struct stat st = { .st_dev = l->dev,
			   .st_ino = e->d_ino,
			   .st_mode = DTTOIF(e->d_type) };

	if (viewfs_dress_st(l->v, &st)) {
		*ino = st.st_ino;
		*type = IFTODT(st.st_mode);
	}
}

static bool is_shown(struct listing *l, const char *path, const char *name)
{
	bool lower;
	enum viewfs_kind kind;

	if (viewfs_hides(l->v, path))
		return false;
	if (!l->v->store)
		return true;
	if (!strcmp(l->path, "/") && !strcmp(name, &META[1]) && l->in_store)
		return false;
	kind = viewfs_names_find(&l->v->names, path, &lower);
	return l->in_store ? kind != KIND_GONE && kind != KIND_NONE
			   : kind == KIND_NONE;
}

/* With several lower directories: an upper one's note that it is gone. */
static bool is_note(const struct listing *l, const char *dir,
		    const struct dirent *e)
{
	char path[PATH_MAX];
	struct stat st;

	if (!l->keep || (e->d_type != DT_CHR && e->d_type != DT_REG))
		return false;
	return snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) <
		       PATH_MAX &&
	       lstat(path, &st) == 0 && viewfs_is_whiteout(path, &st);
}

static int one(struct listing *l, const char *dir, const struct dirent *e)
{
	uint64_t ino = e->d_ino;
	unsigned char type = e->d_type;
	char path[PATH_MAX];
	int ret;

	if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
		return 0;
	if (snprintf(path, sizeof(path), "%s/%s", l->path[1] ? l->path : "",
		     e->d_name) >= PATH_MAX)
		return 0;
	ret = l->keep ? see(l, e->d_name) : 0;
	if (ret != 0)
		return ret < 0 ? ret : 0;
	if (!is_shown(l, path, e->d_name) || is_note(l, dir, e))
		return 0;
	if (l->in_store)
		dress(l, e, &ino, &type);
	l->stopped = l->fill(l->arg, e->d_name, ino, type);
	return 0;
}

static int read_dir(struct listing *l, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	struct stat st;
	int ret = 0;

	if (!d)
		return -errno;
	l->dev = fstat(dirfd(d), &st) == 0 ? st.st_dev : 0;
	while (ret == 0 && !l->stopped) {
		errno = 0;
		e = readdir(d);
		if (!e) {
			ret = -errno;
			break;
		}
		ret = one(l, dir, e);
	}
	closedir(d);
	return ret;
}

/* Whiteouts of a lower directory are names that were seen, too. */
static int read_lower(struct listing *l, bool had_store)
{
	char dir[PATH_MAX];
	struct stat st;
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < l->v->nlower && !l->stopped; i++) {
		ret = viewfs_lower_path(l->v, i, l->path, dir);
		if (ret < 0 || lstat(dir, &st) < 0)
			continue;
		if (!S_ISDIR(st.st_mode))
			break;
		ret = read_dir(l, dir);
		/* the host's to hide; the store's names are seen all the same */
		if (ret == -EACCES && had_store)
			ret = 0;
		if (l->v->nlower > 1 && viewfs_is_opaque(dir))
			break;
	}
	return ret;
}

static void end(struct listing *l)
{
	for (size_t i = 0; i < l->room; i++)
		free(l->seen[i]);
	free(l->seen);
}

static uint64_t parent_ino(struct viewfs *v, const char *path)
{
	struct viewfs_place p;
	char dir[PATH_MAX];
	struct stat st;

	viewfs_parent(dir, strcmp(path, "/") ? path : v->point);
	if (strcmp(path, "/") != 0)
		return viewfs_find(v, dir, &p) == 0 ? p.st.st_ino : 0;
	return stat(dir, &st) == 0 ? st.st_ino : 0;
}

int viewfs_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		   void *arg)
{
	struct viewfs *v = fs->priv;
	struct listing l = { .v = v, .path = path, .fill = fill, .arg = arg };
	struct viewfs_place p;
	char dir[PATH_MAX];
	int ret = viewfs_find(v, path, &p);

	if (ret < 0)
		return ret;
	if (!S_ISDIR(p.st.st_mode))
		return -ENOTDIR;
	l.keep = v->nlower > 1;
	l.stopped = fill(arg, ".", p.st.st_ino, DT_DIR) ||
		    fill(arg, "..", parent_ino(v, path), DT_DIR);
	if (p.kind == KIND_DIR || p.kind == KIND_OPAQUE) {
		l.in_store = true;
		ret = viewfs_join(dir, v->store, path);
		if (ret == 0 && !l.stopped)
			ret = read_dir(&l, dir);
		l.in_store = false;
	}
	if (ret == 0 && p.lower && p.kind != KIND_OPAQUE)
		ret = read_lower(&l, p.kind == KIND_DIR);
	end(&l);
	return ret;
}
