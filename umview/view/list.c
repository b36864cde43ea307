// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * list.c - what a list of mounts says of a canonical name
 *
 * Which mount answers for it, and which mount points a directory shows that it
 * does not have itself ("phantoms").
 */
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "view/path.h"

atomic_bool um_dev_any;
static const struct um_dev_class *dev_classes;

void um_dev_add(struct um_dev_class *class)
{
	class->next = dev_classes;
	dev_classes = class;
}

static struct um_mount *find_dev(const char *path)
{
	struct um_mount *m = NULL;

	for (const struct um_dev_class *d = dev_classes; d && !m; d = d->next)
		m = d->find(path);
	return m;
}

static bool add_devs(const char *dir, um_fill_fn fill, void *arg)
{
	bool any = false;

	for (const struct um_dev_class *d = dev_classes; d; d = d->next)
		any |= d->names(dir, fill, arg);
	return any;
}

static bool is_excepted(const struct um_mount *m, const char *rel)
{
	for (size_t i = 0; i < m->nexcept; i++)
		if (um_path_beneath(rel, m->except[i]))
			return true;
	return false;
}

/* What of the path lies in mount m, or NULL. */
static const char *part_of(struct um_mount *m, const char *path)
{
	const char *rel = um_path_beneath(path, m->point);
	struct stat st;

	if (!rel)
		return NULL;
	if (!*rel)
		rel = "/";
	if (is_excepted(m, rel))
		return NULL;
	if (m->merge && um_fs_getattr(m, rel, NULL, &st) < 0)
		return NULL;
	return rel;
}

/* Does mount m answer for path? Its part of the path, or NULL. */
static const char *covers(struct um_mount *m, const char *path)
{
	return atomic_load(&m->dead) ? NULL : part_of(m, path);
}

struct um_mount *um_list_find(const struct um_list *l, const char *path,
			      const char **rel)
{
	struct um_mount *m;

	for (size_t i = l->nmounts; i-- > 0;) {
		*rel = covers(l->mounts[i], path);
		if (*rel)
			return l->mounts[i];
	}
	*rel = path;
	m = find_dev(path);
	return m ? m : um_mount_real();
}

static struct um_mount *find_among(const struct um_list *l, size_t n,
				   const char *path)
{
	while (n-- > 0)
		if (covers(l->mounts[n], path))
			return l->mounts[n];
	return NULL;
}

/* On the way to path, next from m: what was mounted at a directory of m. */
static struct um_mount *next_mount(const struct um_list *l,
				   const struct um_mount *m, const char *path,
				   int from)
{
	struct um_mount *next = NULL;
	size_t i = 0;

	while (i < l->nmounts && l->mounts[i] != m)
		i++;
	for (i++; i < l->nmounts; i++) {
		struct um_mount *k = l->mounts[i];

		if (um_point_len(k->point) >= from && covers(k, path) &&
		    find_among(l, i, k->point) == m &&
		    (!next ||
		     um_point_len(k->point) < um_point_len(next->point)))
			next = k;
	}
	return next;
}

struct um_mount *um_list_find_from(const struct um_list *l, struct um_mount *m,
				   const char *path, int from, const char **rel)
{
	struct um_mount *next = m;

	while (next) {
		m = next;
		*rel = part_of(m, path);
		next = *rel ? next_mount(l, m, path, from) : NULL;
		if (next)
			from = um_point_len(next->point);
	}
	return *rel ? m : NULL;
}

struct um_mount *um_list_mount_at(const struct um_list *l, const char *path)
{
	for (size_t i = l->nmounts; i-- > 0;)
		if (!atomic_load(&l->mounts[i]->dead) &&
		    !strcmp(l->mounts[i]->point, path))
			return l->mounts[i];
	return NULL;
}

/* The last component of a mount point in directory `dir`, else NULL. */
static const char *name_in(const struct um_mount *m, const char *dir)
{
	const char *slash = strrchr(m->point, '/');
	size_t n = (size_t)(slash - m->point);

	if (!slash[1] || atomic_load(&m->dead))
		return NULL;
	if (n == 0)
		return strcmp(dir, "/") ? NULL : slash + 1;
	if (strlen(dir) != n || strncmp(dir, m->point, n) != 0)
		return NULL;
	return slash + 1;
}

/* A newer mount lies over the directory that mount i is in. */
static bool is_hidden(const struct um_list *l, size_t i)
{
	const char *point = l->mounts[i]->point;

	for (size_t k = i + 1; k < l->nmounts; k++)
		if (strcmp(l->mounts[k]->point, point) != 0 &&
		    covers(l->mounts[k], point))
			return true;
	return false;
}

/* The name that mount i adds to the directory, or NULL. */
static const char *name_of(const struct um_list *l, size_t i, const char *dir)
{
	const char *name = name_in(l->mounts[i], dir);

	return name && !is_hidden(l, i) ? name : NULL;
}

/* st_mode as d_type of readdir(3) */
static unsigned char type_bits(mode_t mode)
{
	return (unsigned char)((mode & S_IFMT) >> 12);
}

/* d_type of a mount's root. */
static unsigned char type_of(struct um_mount *m, unsigned char unknown)
{
	struct stat st;

	/* the one who asks may be the daemon that would have to answer */
	if (m->root_type)
		return type_bits(m->root_type);
	if (um_fs_getattr(m, "/", NULL, &st) < 0)
		return unknown;
	return type_bits(st.st_mode);
}

bool um_list_has_phantoms(const struct um_list *l, const char *path)
{
	struct stat st;

	if (add_devs(path, NULL, NULL))
		return true;
	for (size_t i = 0; i < l->nmounts; i++)
		if (name_of(l, i, path) &&
		    (lstat(l->mounts[i]->point, &st) < 0 ||
		     type_of(l->mounts[i], 0) != type_bits(st.st_mode)))
			return true;
	return false;
}

/* Which of the mount points in the directory its own listing showed. */
struct merge {
	const struct um_list *l;
	const char *dir;
	um_fill_fn fill;
	void *arg;
	bool *seen;
	int stopped;
};

static int merge_fill(void *arg, const char *name, uint64_t ino,
		      unsigned char type)
{
	struct merge *mg = arg;

	if (!strncmp(name, UM_HIDDEN_NAME, strlen(UM_HIDDEN_NAME)))
		return 0;
	for (size_t i = 0; i < mg->l->nmounts; i++) {
		const char *mine = name_of(mg->l, i, mg->dir);

		if (mine && !strcmp(mine, name)) {
			mg->seen[i] = true;
			type = type_of(mg->l->mounts[i], type);
		}
	}
	mg->stopped = mg->fill(mg->arg, name, ino, type);
	return mg->stopped;
}

static void add_phantoms(struct merge *mg)
{
	for (size_t i = 0; i < mg->l->nmounts && !mg->stopped; i++) {
		struct um_mount *m = mg->l->mounts[i];
		const char *name = name_of(mg->l, i, mg->dir);
		struct stat st;

		if (!name || mg->seen[i])
			continue;
		st = (struct stat){ .st_ino = 1, .st_mode = m->root_type };
		if (!m->root_type && um_fs_getattr(m, "/", NULL, &st) < 0)
			continue;
		merge_fill(mg, name, st.st_ino, type_bits(st.st_mode));
	}
}

int um_list_readdir(const struct um_list *l, const struct um_loc *dir,
		    um_fill_fn fill, void *arg)
{
	struct merge mg = { l, dir->path, fill, arg, NULL, 0 };
	int ret;

	mg.seen = calloc(l->nmounts + 1, sizeof(bool));
	if (!mg.seen)
		return -ENOMEM;
	ret = um_fs_readdir(dir->mount, dir->rel, merge_fill, &mg);
	if (ret == 0)
		add_phantoms(&mg);
	if (ret == 0 && !mg.stopped && um_mount_is_real(dir->mount))
		add_devs(dir->path, fill, arg);
	free(mg.seen);
	return ret;
}
