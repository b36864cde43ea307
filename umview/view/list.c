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
		m = d->find ? d->find(path) : NULL;
	return m;
}

static bool has_devs(const struct um_list *l, const char *dir)
{
	for (const struct um_dev_class *d = dev_classes; d; d = d->next)
		if (d->names && d->names(l, dir, NULL, NULL))
			return true;
	return false;
}

static bool dev_covers(const struct um_mount *m, const char *path)
{
	for (const struct um_dev_class *d = dev_classes; d; d = d->next)
		if (d->covers && d->covers(m, path))
			return true;
	return false;
}

void um_dev_each_name(const struct um_list *l,
		      void (*add)(void *arg, const char *name), void *arg)
{
	for (const struct um_dev_class *d = dev_classes; d; d = d->next)
		if (d->each_name)
			d->each_name(l, add, arg);
}

bool um_dev_is_foreign(const struct um_list *l)
{
	for (const struct um_dev_class *d = dev_classes; d; d = d->next)
		if (d->is_foreign && d->is_foreign(l))
			return true;
	return false;
}

struct um_mount *um_dev_by_number(struct um_req *r, mode_t type, dev_t rdev,
				  const char **rel)
{
	struct um_mount *m = NULL;

	if (type != S_IFCHR && type != S_IFBLK)
		return NULL;
	for (const struct um_dev_class *d = dev_classes; d && !m; d = d->next)
		m = d->by_number ? d->by_number(r, type, rdev, rel) : NULL;
	return m;
}

const char *um_list_point(const struct um_list *l, size_t i)
{
	return l->points[i] ? l->points[i] : l->mounts[i]->point;
}

const char *um_list_point_of(const struct um_list *l, const struct um_mount *m)
{
	for (size_t i = 0; i < l->nmounts; i++)
		if (l->mounts[i] == m)
			return um_list_point(l, i);
	return m->point;
}

static bool is_excepted(const struct um_mount *m, const char *rel)
{
	for (size_t i = 0; i < m->nexcept; i++)
		if (um_path_beneath(rel, m->except[i]))
			return true;
	return false;
}

/* Does mount i answer for path? Its part of the path, or NULL. */
static const char *covers(const struct um_list *l, size_t i, const char *path,
			  int how)
{
	const char *point = um_list_point(l, i);
	struct um_mount *m = l->mounts[i];
	const char *rel;
	struct stat st;

	if (atomic_load(&m->dead))
		return NULL;
	if (m->devices)
		return !dev_covers(m, path)  ? NULL
		       : strcmp(path, point) ? path
					     : "/";
	rel = um_path_beneath(path, point);
	if (!rel)
		return NULL;
	if (!*rel)
		rel = "/";
	if (is_excepted(m, rel))
		return NULL;
	if (um_fs_is_layer(m))
		return um_fs_covers(m, rel, how) ? rel : NULL;
	if (m->merge && um_fs_getattr(m, rel, NULL, &st) < 0)
		return NULL;
	return rel;
}

const char *um_list_covers(const struct um_list *l, size_t i, const char *path)
{
	return covers(l, i, path, UM_COVERS_PASS);
}

size_t um_list_parent(const struct um_list *l, size_t i)
{
	const char *point = um_list_point(l, i);

	while (i && !um_list_covers(l, i - 1, point))
		i--;
	return i;
}

struct um_mount *um_list_find_without(const struct um_list *l,
				      const bool *hidden, const char *path,
				      int how, const char **rel)
{
	struct um_mount *m;

	for (size_t i = l->nmounts; i-- > 0;) {
		if (hidden && hidden[i])
			continue;
		*rel = covers(l, i, path, how);
		if (*rel)
			return l->mounts[i];
	}
	*rel = path;
	m = find_dev(path);
	return m ? m : um_mount_real();
}

struct um_mount *um_list_find(const struct um_list *l, const char *path,
			      const char **rel)
{
	return um_list_find_without(l, NULL, path, UM_COVERS_CHANGE, rel);
}

struct um_mount *um_list_find_for(const struct um_list *l, const char *path,
				  int how, const char **rel)
{
	return um_list_find_without(l, NULL, path, how, rel);
}

struct um_mount *um_list_mount_at(const struct um_list *l, const char *path)
{
	for (size_t i = l->nmounts; i-- > 0;)
		if (!atomic_load(&l->mounts[i]->dead) &&
		    !strcmp(um_list_point(l, i), path))
			return l->mounts[i];
	return NULL;
}

/* The last component of mount point i in directory `dir`, else NULL. */
static const char *name_in(const struct um_list *l, size_t i, const char *dir)
{
	const char *point = um_list_point(l, i);
	const char *slash = strrchr(point, '/');
	size_t n = (size_t)(slash - point);

	if (!slash[1] || atomic_load(&l->mounts[i]->dead))
		return NULL;
	if (n == 0)
		return strcmp(dir, "/") ? NULL : slash + 1;
	if (strlen(dir) != n || strncmp(dir, point, n) != 0)
		return NULL;
	return slash + 1;
}

/* A newer mount lies over the directory that mount i is in. */
static bool is_hidden(const struct um_list *l, size_t i)
{
	const char *point = um_list_point(l, i);

	for (size_t k = i + 1; k < l->nmounts; k++)
		if (strcmp(um_list_point(l, k), point) != 0 &&
		    covers(l, k, point, UM_COVERS_PASS))
			return true;
	return false;
}

/* The name that mount i adds to the directory, or NULL. */
static const char *name_of(const struct um_list *l, size_t i, const char *dir)
{
	const char *name = name_in(l, i, dir);

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

/* Mounted so that its mount point is not there. */
static bool is_gap(struct um_mount *m)
{
	struct stat st;

	return !m->root_type && um_fs_gives(m) &&
	       um_fs_getattr(m, "/", NULL, &st) == -ENOENT;
}

bool um_list_has_phantoms(const struct um_list *l, const char *path)
{
	struct stat st;

	if (has_devs(l, path))
		return true;
	for (size_t i = 0; i < l->nmounts; i++)
		if (name_of(l, i, path) &&
		    (lstat(um_list_point(l, i), &st) < 0 ||
		     type_of(l->mounts[i], 0) != type_bits(st.st_mode)))
			return true;
	return false;
}

/* A name that a directory shows and need not have itself. */
struct extra {
	char *name;
	uint64_t ino;
	unsigned char type;
	bool seen;
	bool gap; /* it is not shown at all */
};

/* A directory's own listing, with what the view adds and hides. */
struct merge {
	const struct um_list *l;
	const char *dir;
	um_fill_fn fill;
	void *arg;
	struct extra *extra;
	size_t n;
	bool has_devices;
	int stopped;
};

static int add_extra(void *arg, const char *name, uint64_t ino,
		     unsigned char type)
{
	struct merge *mg = arg;
	struct extra *grown =
		realloc(mg->extra, (mg->n + 1) * sizeof(struct extra));

	if (!grown)
		return 1;
	mg->extra = grown;
	grown[mg->n] = (struct extra){ .name = strdup(name),
				       .ino = ino,
				       .type = type };
	return !grown[mg->n++].name;
}

/* Mount points, and devices, in the directory. */
static int gather(struct merge *mg)
{
	int stop = 0;

	for (size_t i = 0; i < mg->l->nmounts && !stop; i++) {
		struct um_mount *m = mg->l->mounts[i];
		const char *name = name_of(mg->l, i, mg->dir);
		struct stat st = { .st_ino = 1, .st_mode = m->root_type };

		if (!name)
			continue;
		mg->has_devices |= m->devices;
		if (!m->root_type && um_fs_getattr(m, "/", NULL, &st) < 0)
			st = (struct stat){ 0 };
		stop = add_extra(mg, name, st.st_ino, type_bits(st.st_mode));
		if (!stop)
			mg->extra[mg->n - 1].gap = is_gap(m);
	}
	for (const struct um_dev_class *d = dev_classes; d && !stop;
	     d = d->next)
		if (d->names)
			d->names(mg->l, mg->dir, add_extra, mg);
	return stop ? -ENOMEM : 0;
}

/* A partition that is not there, of a disk that is. */
static bool is_absent(const struct merge *mg, const char *name)
{
	char path[PATH_MAX];
	struct um_mount *m;
	const char *rel;
	struct stat st;

	if (!mg->has_devices || !um_path_join(path, mg->dir, name))
		return false;
	m = um_list_find(mg->l, path, &rel);
	return m->devices && um_fs_getattr(m, rel, NULL, &st) < 0;
}

static int merge_fill(void *arg, const char *name, uint64_t ino,
		      unsigned char type)
{
	struct merge *mg = arg;

	if (!strncmp(name, UM_HIDDEN_NAME, strlen(UM_HIDDEN_NAME)) ||
	    is_absent(mg, name))
		return 0;
	for (size_t i = 0; i < mg->n; i++) {
		struct extra *e = &mg->extra[i];

		if (strcmp(e->name, name) != 0)
			continue;
		e->seen = true;
		if (e->gap)
			return 0;
		type = e->type ? e->type : type;
	}
	mg->stopped = mg->fill(mg->arg, name, ino, type);
	return mg->stopped;
}

/* Of two with one name, mount points one over the other, the newest counts. */
static bool is_named_later(const struct merge *mg, size_t i)
{
	for (size_t k = i + 1; k < mg->n; k++)
		if (!strcmp(mg->extra[k].name, mg->extra[i].name))
			return true;
	return false;
}

static void add_phantoms(struct merge *mg)
{
	for (size_t i = 0; i < mg->n && !mg->stopped; i++) {
		const struct extra *e = &mg->extra[i];

		if (!e->seen && !e->gap && e->type && !is_named_later(mg, i))
			mg->stopped =
				mg->fill(mg->arg, e->name, e->ino, e->type);
	}
}

int um_list_readdir(const struct um_list *l, const struct um_loc *dir,
		    um_fill_fn fill, void *arg)
{
	struct merge mg = {
		.l = l, .dir = dir->path, .fill = fill, .arg = arg
	};
	int ret = gather(&mg);

	if (ret == 0)
		ret = um_fs_readdir(dir->mount, dir->rel, merge_fill, &mg);
	if (ret == 0)
		add_phantoms(&mg);
	for (size_t i = 0; i < mg.n; i++)
		free(mg.extra[i].name);
	free(mg.extra);
	return ret;
}
