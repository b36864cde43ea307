// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * tell.c - names, attributes and listings that guests find in the region
 *
 * Tables of a fixed size, at places that hashes say; what is new takes the place
 * of what is stale, or of anything. Readers take no lock: agent/nodes.c and
 * agent/listing.c say what they make of an entry that changes meanwhile.
 */
#include <string.h>
#include <time.h>

#include "guest/region.h"

uint16_t um_shared_bucket(uint32_t mount, const char *path)
{
	uint64_t h = um_hash_text(path, strlen(path)) ^ mount;

	return (uint16_t)(um_hash_mix(h) % UM_NVERSIONS);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* A hundred days are as good as for ever, and ticks come again. */
#define LONGEST (100ULL * 86400 * 1000000000)

static uint32_t tick_of(uint64_t until)
{
	uint64_t last = until ? now() + LONGEST : 0;

	return until ? um_tick(until < last ? until : last) : 0;
}

static bool is_over(uint32_t until)
{
	return until && um_tick_is_over(until, um_tick(now()));
}

/* Before and after an entry is written; readers look at both: agent/nodes.c. */
#define turn(seq) __atomic_add_fetch(&(seq), 1, __ATOMIC_SEQ_CST)

/* Of its places the one it has, or one that is free, or another's. */
static struct um_node *node_place(uint64_t key)
{
	struct um_node *free_one = NULL;

	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_node *node = &um_region->node[(key + i) % UM_NNODES];

		if (node->key == key)
			return node;
		if (!free_one &&
		    (!node->key || node->epoch != um_region->epoch))
			free_one = node;
	}
	if (free_one)
		return free_one;
	return &um_region->node[(key + (key >> 40) % UM_NPLACES) % UM_NNODES];
}

static void tell_node_locked(uint64_t key, const struct um_told *told,
			     const struct stat *st)
{
	struct um_node *node = node_place(key);
	bool same = told->fd && st->st_ino == told->ino;

	_Static_assert(sizeof(*st) == UM_STAT_WORDS * 8, "struct stat");
	turn(node->seq);
	node->key = key;
	node->epoch = um_region->epoch;
	memcpy(node->st, st, sizeof(node->st));
	node->object = same ? told->object : 0;
	node->fd = same ? told->fd : 0;
	node->until = tick_of(told->node_until);
	turn(node->seq);
}

static bool is_stale(const struct um_name *name)
{
	return !name->tag || is_over(name->until) ||
	       name->epoch != um_region->epoch ||
	       name->version != um_region->versions[name->bucket];
}

static struct um_name *name_place(uint64_t tag)
{
	struct um_name *free_one = NULL;

	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_name *name = &um_region->name[(tag + i) % UM_NNAMES];

		if (name->tag == tag)
			return name;
		if (!free_one && is_stale(name))
			free_one = name;
	}
	if (free_one)
		return free_one;
	return &um_region->name[(tag + (tag >> 40) % UM_NPLACES) % UM_NNAMES];
}

uint64_t um_shared_place(uint32_t mount, const char *path)
{
	size_t n = strcmp(path, "/") != 0 ? strlen(path) : 0;

	return um_place_of(um_place_root(mount), path, n);
}

static uint64_t tag_of(const struct um_told *told)
{
	return um_name_tag(told->hash, told->dir, um_shared_view(told->view),
			   um_region->lists);
}

static const struct um_name *find_name(uint64_t tag)
{
	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		struct um_name *name = &um_region->name[(tag + i) % UM_NNAMES];

		if (name->tag == tag && !is_stale(name))
			return name;
	}
	return NULL;
}

static bool has_node(uint64_t key)
{
	for (uint64_t i = 0; i < UM_NPLACES; i++) {
		const struct um_node *node =
			&um_region->node[(key + i) % UM_NNODES];

		if (node->key == key && node->epoch == um_region->epoch)
			return !is_over(node->until);
	}
	return false;
}

bool um_shared_lacks(const struct um_told *told)
{
	const struct um_name *name;
	bool lacks;

	if (!um_region_stands())
		return false;
	um_lock(&um_region_lock);
	name = find_name(tag_of(told));
	lacks = !name || (name->node && !has_node(name->node));
	um_unlock(&um_region_lock);
	return lacks;
}

void um_shared_tell(const struct um_told *told, const struct stat *st)
{
	struct um_name *name;
	uint64_t tag;

	if (!um_region_stands())
		return;
	um_lock(&um_region_lock);
	tag = tag_of(told);
	name = name_place(tag);
	turn(name->seq);
	name->tag = tag;
	name->bucket = um_shared_bucket(told->mount, told->path);
	name->version = um_region->versions[name->bucket];
	name->epoch = um_region->epoch;
	name->node = st ? um_node_key(told->mount, st->st_ino) : 0;
	name->is_dir = st && S_ISDIR(st->st_mode);
	name->place = um_shared_place(told->mount, told->path);
	name->until = tick_of(told->until);
	turn(name->seq);
	if (st)
		tell_node_locked(name->node, told, st);
	um_unlock(&um_region_lock);
}

static void drop_listing_locked(struct um_listing *l)
{
	if (!l->object)
		return;
	turn(l->seq);
	l->object = 0;
	turn(l->seq);
}

/* Room for records, where the oldest are. */
static uint32_t take_records_locked(uint32_t size)
{
	static uint32_t next;
	uint32_t at = next + size <= UM_RECORDS ? next : 0;

	for (size_t i = 0; i < UM_NLISTINGS; i++) {
		struct um_listing *l = &um_region->listing[i];

		if (l->at < at + size && at < l->at + l->size)
			drop_listing_locked(l);
	}
	next = at + size;
	return at;
}

/* No more than this: listings of others have to be there too. */
#define MAX_RECORDS (UM_RECORDS / 4)

void um_shared_stamp(uint32_t mount, const char *path, struct um_listing *stamp)
{
	*stamp = (struct um_listing){ 0 };
	if (!um_region)
		return;
	um_lock(&um_region_lock);
	stamp->bucket = um_shared_bucket(mount, path);
	stamp->version = um_region->versions[stamp->bucket];
	stamp->epoch = um_region->epoch;
	stamp->lists = um_region->lists;
	um_unlock(&um_region_lock);
}

void um_shared_list(uint64_t object, const struct um_listing *stamp,
		    const void *records, size_t size)
{
	struct um_listing *l;

	if (!um_region_stands() || size > MAX_RECORDS)
		return;
	um_lock(&um_region_lock);
	l = &um_region->listing[object % UM_NLISTINGS];
	drop_listing_locked(l);
	turn(l->seq);
	l->at = take_records_locked((uint32_t)size);
	l->size = (uint32_t)size;
	memcpy((char *)um_region->records + l->at, records, size);
	l->bucket = stamp->bucket;
	l->version = stamp->version;
	l->epoch = stamp->epoch;
	l->lists = stamp->lists;
	l->object = object;
	turn(l->seq);
	um_unlock(&um_region_lock);
}

static void set_beneath(const struct um_beneath *from, uint64_t slot)
{
	struct um_beneath *to = &um_region->beneath[slot % UM_NBENEATH];

	turn(to->seq);
	to->object = from->object;
	to->dev = from->dev;
	to->ino = from->ino;
	to->fd = from->fd;
	to->lists = um_region->lists;
	turn(to->seq);
}

void um_shared_lay_beneath(uint64_t object, const struct stat *dir, int fd)
{
	const struct um_beneath b = { .object = object,
				      .dev = dir->st_dev,
				      .ino = dir->st_ino,
				      .fd = (uint32_t)fd };

	if (!um_region_stands())
		return;
	um_lock(&um_region_lock);
	set_beneath(&b, object);
	um_unlock(&um_region_lock);
}

void um_shared_lift(uint64_t object)
{
	const struct um_beneath none = { 0 };

	if (!um_region)
		return;
	um_lock(&um_region_lock);
	if (um_region->beneath[object % UM_NBENEATH].object == object)
		set_beneath(&none, object);
	um_unlock(&um_region_lock);
}

void um_shared_unlist(uint64_t object)
{
	struct um_listing *l;

	if (!um_region)
		return;
	um_lock(&um_region_lock);
	l = &um_region->listing[object % UM_NLISTINGS];
	if (l->object == object)
		drop_listing_locked(l);
	um_unlock(&um_region_lock);
}

void um_shared_name_changed(uint32_t mount, const char *path)
{
	um_shared_bucket_changed(um_shared_bucket(mount, path));
}

void um_shared_bucket_changed(uint16_t bucket)
{
	if (um_region)
		__atomic_add_fetch(&um_region->versions[bucket % UM_NVERSIONS],
				   1, __ATOMIC_SEQ_CST);
}

static void clear_locked(struct um_node *node, uint64_t key)
{
	if (node->key != key)
		return;
	turn(node->seq);
	node->key = 0;
	turn(node->seq);
}

void um_shared_node_changed(uint32_t mount, ino_t ino)
{
	uint64_t key = um_node_key(mount, ino);

	if (!um_region)
		return;
	um_lock(&um_region_lock);
	for (uint64_t i = 0; i < UM_NPLACES; i++)
		clear_locked(&um_region->node[(key + i) % UM_NNODES], key);
	um_unlock(&um_region_lock);
}

void um_shared_all_changed(void)
{
	if (um_region)
		__atomic_add_fetch(&um_region->epoch, 1, __ATOMIC_SEQ_CST);
}
