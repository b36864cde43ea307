// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names_model.c - what Linux does with names, on a tree in memory
 */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINKS 40

struct thing *thing_new(mode_t type, mode_t mode)
{
	struct thing *t = calloc(1, sizeof(*t));

	t->type = type;
	t->mode = mode;
	t->refs = 1;
	return t;
}

void thing_put(struct thing *t)
{
	if (t && --t->refs == 0)
		free(t);
}

void thing_link(struct thing *dir, int name, struct thing *t)
{
	dir->child[name] = t;
	t->refs++;
	t->names++;
	if (S_ISDIR(t->type))
		t->up = dir;
}

void thing_unlink(struct thing *dir, int name)
{
	struct thing *t = dir->child[name];

	dir->child[name] = NULL;
	t->names--;
	t->lost = true;
	if (S_ISDIR(t->type) && !t->names)
		t->dead = true;
	thing_put(t);
}

bool thing_is_empty(const struct thing *t)
{
	int i;

	for (i = 0; i < POOL; i++)
		if (t->child[i])
			return false;
	return true;
}

bool thing_is_above(const struct thing *t, const struct thing *d)
{
	for (; d; d = d->up)
		if (d == t)
			return true;
	return false;
}

/* Links lead to a name beside them, or nowhere. */
static int follow(struct thing *dir, struct thing *t, struct thing **out)
{
	int left = MAX_LINKS;
	int i;

	while (t && S_ISLNK(t->type)) {
		if (!left--)
			return ELOOP;
		for (i = 0; i < POOL && strcmp(pool[i], t->text) != 0; i++)
			;
		t = i < POOL ? dir->child[i] : NULL;
	}
	*out = t;
	return t ? 0 : ENOENT;
}

int walk(const struct path *p, struct place *out)
{
	struct thing *dir = p->from;
	int i, err;

	for (i = 0; i < p->depth - 1; i++) {
		struct thing *t = dir->child[p->name[i]];

		if (!t)
			return ENOENT;
		err = follow(dir, t, &t);
		if (err)
			return err;
		if (!S_ISDIR(t->type))
			return ENOTDIR;
		dir = t;
	}
	out->dir = dir;
	out->name = p->name[i];
	out->thing = dir->child[p->name[i]];
	return 0;
}

int walk_follow(const struct path *p, struct place *out)
{
	int err = walk(p, out);

	if (err)
		return err;
	if (!out->thing)
		return ENOENT;
	return follow(out->dir, out->thing, &out->thing);
}

/* Who may come in the place of whom. */
static int may_replace(const struct thing *a, const struct thing *b,
		       unsigned int flags)
{
	if (flags & RENAME_EXCHANGE)
		return 0;
	if (S_ISDIR(a->type) && !S_ISDIR(b->type))
		return ENOTDIR;
	if (!S_ISDIR(a->type) && S_ISDIR(b->type))
		return EISDIR;
	return S_ISDIR(b->type) && !thing_is_empty(b) ? ENOTEMPTY : 0;
}

static int check_rename(const struct place *a, const struct place *b,
			unsigned int flags)
{
	if (!a->thing)
		return ENOENT;
	if (b->thing && flags & RENAME_NOREPLACE)
		return EEXIST;
	if (!b->thing && flags & RENAME_EXCHANGE)
		return ENOENT;
	if (S_ISDIR(a->thing->type) && thing_is_above(a->thing, b->dir))
		return EINVAL;
	if (b->thing && S_ISDIR(b->thing->type) &&
	    thing_is_above(b->thing, a->dir))
		return (flags & RENAME_EXCHANGE) ? EINVAL : ENOTEMPTY;
	if (b->dir->dead)
		return ENOENT;
	if (!b->thing || a->thing == b->thing)
		return 0;
	return may_replace(a->thing, b->thing, flags);
}

int model_rename(const struct path *from, const struct path *to,
		 unsigned int flags)
{
	struct place a = { 0 }, b = { 0 };
	int err = walk(from, &a);

	if (!err)
		err = walk(to, &b);
	if (!err)
		err = check_rename(&a, &b, flags);
	if (err || a.thing == b.thing)
		return err;
	a.thing->refs++;
	if (b.thing)
		b.thing->refs++;
	a.dir->child[a.name] = NULL;
	a.thing->refs--;
	a.thing->names--;
	if (b.thing) {
		b.dir->child[b.name] = NULL;
		b.thing->refs--;
		b.thing->names--;
		b.thing->lost = true;
	}
	thing_link(b.dir, b.name, a.thing);
	if (b.thing && flags & RENAME_EXCHANGE)
		thing_link(a.dir, a.name, b.thing);
	else if (b.thing && S_ISDIR(b.thing->type) && !b.thing->names)
		b.thing->dead = true;
	thing_put(a.thing);
	thing_put(b.thing);
	return 0;
}
