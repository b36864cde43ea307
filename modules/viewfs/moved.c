// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * moved.c - where directories went that somebody may stand in
 *
 * Over its own place a mount leaves directories that nobody changed to the view
 * beneath: who stands in one, or has it open, has the directory beneath. When it
 * is moved its copy in the store has the new name. What the directory beneath is
 * called now is kept here, for as long as the mount lives: after that nobody can
 * tell any more who stood there.
 *
 * Entries are by the name beneath; the longest that a name begins with holds.
 */
#include "viewfs.h"

#include <stdio.h>

/* @from: the name beneath, below the mount point; @to: in the mount, now. */
struct viewfs_moved {
	struct viewfs_moved *next;
	char *from;
	char *to;
};

static void moved_free(struct viewfs_moved *m)
{
	free(m->from);
	free(m->to);
	free(m);
}

void viewfs_moves_init(struct viewfs_moves *all)
{
	pthread_rwlock_init(&all->lock, NULL);
	all->first = NULL;
}

void viewfs_moves_fini(struct viewfs_moves *all)
{
	while (all->first) {
		struct viewfs_moved *m = all->first;

		all->first = m->next;
		moved_free(m);
	}
	pthread_rwlock_destroy(&all->lock);
}

/* What was beneath before it came to be called `path`; the caller frees. */
static char *origin_of(struct viewfs *v, const char *path)
{
	char name[PATH_MAX];
	char *from = NULL;

	for (const struct viewfs_moved *m = v->moves.first; m; m = m->next) {
		const char *rel = viewfs_beneath(path, m->to);

		if (rel && viewfs_join(name, m->from, rel) == 0) {
			from = strdup(name);
			break;
		}
	}
	return from;
}

char *viewfs_move_begin(struct viewfs *v, const char *from)
{
	char name[PATH_MAX];
	char *origin;

	if (!v->layer)
		return NULL;
	pthread_rwlock_rdlock(&v->moves.lock);
	origin = origin_of(v, from);
	pthread_rwlock_unlock(&v->moves.lock);
	if (!origin && viewfs_sees_lower(v, from) &&
	    viewfs_lower_name(v, from, name) == 0)
		origin = strdup(name);
	return origin;
}

static void set_to(struct viewfs_moved *m, const char *dir, const char *rel)
{
	char name[PATH_MAX];
	char *to = viewfs_join(name, dir, rel) == 0 ? strdup(name) : NULL;

	if (!to)
		return;
	free(m->to);
	m->to = to;
}

/* All that lay below `from` is now below `to`. */
static void follow(struct viewfs *v, const char *from, const char *to)
{
	for (struct viewfs_moved *m = v->moves.first; m; m = m->next) {
		const char *rel = viewfs_beneath(m->to, from);

		if (rel)
			set_to(m, to, rel);
	}
}

/* Without memory who stands there is lost: ENOENT. */
static void enter(struct viewfs *v, const char *origin, const char *to)
{
	struct viewfs_moved *m = v->moves.first;

	while (m && strcmp(m->from, origin) != 0)
		m = m->next;
	if (m) {
		set_to(m, to, "/");
		return;
	}
	m = calloc(1, sizeof(*m));
	if (!m)
		return;
	m->from = strdup(origin);
	m->to = strdup(to);
	if (!m->from || !m->to) {
		moved_free(m);
		return;
	}
	m->next = v->moves.first;
	v->moves.first = m;
	um_fs_moves();
}

void viewfs_move_end(struct viewfs *v, const char *origin, const char *from,
		     const char *to)
{
	if (!v->layer)
		return;
	pthread_rwlock_wrlock(&v->moves.lock);
	follow(v, from, to);
	if (origin)
		enter(v, origin, to);
	pthread_rwlock_unlock(&v->moves.lock);
}

void viewfs_move_forget(struct viewfs *v, const char *path)
{
	struct viewfs_moved **at = &v->moves.first;

	pthread_rwlock_wrlock(&v->moves.lock);
	while (*at) {
		struct viewfs_moved *m = *at;

		if (viewfs_beneath(m->to, path)) {
			*at = m->next;
			moved_free(m);
		} else {
			at = &m->next;
		}
	}
	pthread_rwlock_unlock(&v->moves.lock);
}

int viewfs_moved(struct um_fs *fs, const char *path, char *out, size_t size)
{
	struct viewfs *v = fs->priv;
	const struct viewfs_moved *best = NULL;
	char name[PATH_MAX];
	int ret = -ENOENT;

	pthread_rwlock_rdlock(&v->moves.lock);
	for (const struct viewfs_moved *m = v->moves.first; m; m = m->next)
		if (viewfs_beneath(path, m->from) &&
		    (!best || strlen(m->from) > strlen(best->from)))
			best = m;
	if (best)
		ret = viewfs_join(name, best->to,
				  viewfs_beneath(path, best->from));
	pthread_rwlock_unlock(&v->moves.lock);
	if (ret < 0)
		return ret;
	return snprintf(out, size, "%s", name) < (int)size ? 0 : -ENOENT;
}
