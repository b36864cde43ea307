// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * parked.c - directories that nobody has open, kept for who opens them next
 *
 * find(1), git(1) and make(1) open the same directories again and again. What an
 * opening makes (a memfd, its watch, a listing) serves the next one as well, if
 * that is of the same view: an object is parked at its last close, and taken out
 * by an opening of its name. So an object still has one opening at a time. All go
 * where the mounts of a view change, or one of them ends.
 */
#include <string.h>

#include "base/hash.h"
#include "vnode/internal.h"

/* Each has a descriptor, and its listing: what is longer is not worth it. */
#define MAX_PARKED  2048
#define MAX_ENTRIES 512

/* The oldest first; under the table lock, as what follows. */
static struct um_obj *oldest;
static struct um_obj *newest;
static struct um_hash by_name;

static uint64_t key_of(const struct um_mount *m, const char *path)
{
	return um_hash_str(path, m->id);
}

static void remove_locked(struct um_obj *o)
{
	um_hash_del(&by_name, &o->park_node);
	*(o->older ? &o->older->newer : &oldest) = o->newer;
	*(o->newer ? &o->newer->older : &newest) = o->older;
	o->older = NULL;
	o->newer = NULL;
	o->parked = false;
}

static bool add_locked(struct um_obj *o)
{
	if (um_hash_add(&by_name, &o->park_node, key_of(o->mount, o->path)))
		return false;
	o->older = newest;
	o->newer = NULL;
	*(newest ? &newest->newer : &oldest) = o;
	newest = o;
	o->parked = true;
	return true;
}

/* Only of what says quickly what has changed: see um_dir_opened(). */
static bool may_park(const struct um_obj *o)
{
	return o->kind == UM_OBJ_DIR && o->path && o->listed &&
	       o->nentries <= MAX_ENTRIES && o->beneath_fd < 0 &&
	       o->mount->fs.quick && !atomic_load(&o->mount->dead);
}

bool um_obj_park(struct um_obj *o)
{
	struct um_obj *victim = NULL;
	bool parked;

	um_lock(&um_vn.table);
	parked = o->parked || (may_park(o) && add_locked(o));
	if (by_name.count > MAX_PARKED) {
		victim = oldest;
		remove_locked(victim);
	}
	um_unlock(&um_vn.table);
	if (victim)
		um_obj_end(victim);
	return parked;
}

static struct um_obj *find_locked(const struct um_mount *m, const char *path)
{
	struct um_hnode *n = um_hash_get(&by_name, key_of(m, path));

	for (; n; n = um_hash_next(n)) {
		struct um_obj *o = um_container(n, struct um_obj, park_node);

		if (o->mount == m && o->path && !strcmp(o->path, path))
			return o;
	}
	return NULL;
}

struct um_obj *um_obj_unpark(const struct um_mount *m, const char *path,
			     const void *list)
{
	struct um_obj *o;
	bool other = false;

	um_lock(&um_vn.table);
	o = find_locked(m, path);
	if (o) {
		remove_locked(o);
		other = o->list != list;
	}
	um_unlock(&um_vn.table);
	if (!other)
		return o;
	um_obj_end(o);
	return NULL;
}

void um_obj_unpark_all(void)
{
	struct um_obj *o;

	do {
		um_lock(&um_vn.table);
		o = oldest;
		if (o)
			remove_locked(o);
		um_unlock(&um_vn.table);
		if (o)
			um_obj_end(o);
	} while (o);
}
