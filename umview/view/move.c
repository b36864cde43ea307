// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * move.c - mount --move, and move_mount(2): a mount, and what is mounted on it, at another place
 *
 * Where a mount was made is the mount's own; where it was moved is its list's:
 * other views that have the mount, and the views beneath mounts that were made
 * before, still have it where it was. What is moved is the newest then, so
 * nothing hides it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "view/change.h"

struct move {
	struct um_mount *m;
	const char *to;
};

/* An entry of a list. */
struct entry {
	struct um_mount *m;
	char *point;
};

/* What mount i's point has behind that of mount `top`, if it is mounted there. */
static const char *place_on(const struct um_list *l, size_t top, size_t i)
{
	const char *rel;

	if (i < top)
		return NULL;
	rel = um_path_beneath(um_list_point(l, i), um_list_point(l, top));
	/* another one at the same place is not on this one's tree */
	return rel && !*rel && i != top ? NULL : rel;
}

static int join(const char *to, const char *rel, char **out)
{
	const char *dir = to[1] || !*rel ? to : "";

	return asprintf(out, "%s%s", dir, rel) < 0 ? -ENOMEM : 0;
}

static int keep(const char *point, char **out)
{
	*out = point ? strdup(point) : NULL;
	return point && !*out ? -ENOMEM : 0;
}

/* The entries in their new order, with texts of their own. */
static int reorder(const struct um_list *l, size_t top, const char *to,
		   struct entry *out)
{
	size_t last = 0;
	size_t at = 0;
	int ret = 0;

	for (size_t i = 0; i < l->nmounts; i++)
		last += !place_on(l, top, i);
	for (size_t i = 0; i < l->nmounts; i++) {
		const char *rel = place_on(l, top, i);
		struct entry *e = &out[rel ? last++ : at++];
		int err = rel ? join(to, rel, &e->point)
			      : keep(l->points[i], &e->point);

		e->m = l->mounts[i];
		ret = err < 0 ? err : ret;
	}
	return ret;
}

static int move(struct um_list *l, void *arg)
{
	const struct move *mv = arg;
	struct entry *out = calloc(l->nmounts + 1, sizeof(*out));
	size_t top = 0;
	int ret;

	while (top < l->nmounts && l->mounts[top] != mv->m)
		top++;
	if (!out || top == l->nmounts) {
		free(out);
		return out ? -EINVAL : -ENOMEM;
	}
	ret = reorder(l, top, mv->to, out);
	for (size_t i = 0; i < l->nmounts; i++) {
		free(l->points[i]);
		l->mounts[i] = out[i].m;
		l->points[i] = out[i].point;
	}
	free(out);
	return ret;
}

static int attach(struct um_list *l, void *arg)
{
	const struct move *mv = arg;
	char *point = strdup(mv->to);

	if (!point)
		return -ENOMEM;
	l->points[l->nmounts] = point;
	l->mounts[l->nmounts++] = um_mount_get(mv->m);
	return 0;
}

int um_view_attach_mount(uint32_t id, struct um_mount *m, const char *to)
{
	struct move mv = { m, to };

	return um_view_change(id, attach, &mv);
}

int um_view_move_mount(uint32_t id, struct um_mount *m, const char *to)
{
	struct move mv = { m, to };

	return um_view_change(id, move, &mv);
}
