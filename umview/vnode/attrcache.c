// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * attrcache.c - attributes of names that were asked for lately
 *
 * Two direct-mapped tables: names lead to inode numbers, inode numbers to
 * attributes, so that a change by one hard link is seen through all. A newer
 * entry takes an older one's slot: that bounds memory without a list to keep.
 * Forgetting all is one counter. Every change advances `gen`; an answer that
 * was asked for before a change and comes after it is not stored.
 */
#include "vnode/attrcache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "base/lock.h"
#include "guest/shared.h"

#define SLOTS	 8192
#define PATH_CUT 256

struct name {
	uint64_t epoch;
	uint64_t until;
	ino_t ino;
	bool absent;
	char path[PATH_CUT];
};

struct node {
	uint64_t epoch;
	uint64_t until;
	struct stat st;
};

struct um_attrcache {
	struct um_mutex lock;
	uint32_t mount;
	unsigned int ttl;
	uint64_t gen;
	uint64_t epoch;
	struct name *names[SLOTS];
	struct node *nodes[SLOTS];
};

struct um_attrcache *um_attrcache_new(uint32_t mount)
{
	struct um_attrcache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	um_mutex_init(&c->lock, UM_RANK_CACHE);
	c->epoch = 1;
	c->mount = mount;
	return c;
}

void um_attrcache_free(struct um_attrcache *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < SLOTS; i++) {
		free(c->names[i]);
		free(c->nodes[i]);
	}
	um_mutex_fini(&c->lock);
	free(c);
}

void um_attrcache_set_ttl(struct um_attrcache *c, unsigned int ms)
{
	c->ttl = ms;
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Without a limit the clock is not asked. */
static bool is_old(const struct um_attrcache *c, uint64_t until)
{
	return c->ttl && now_ms() >= until;
}

static uint64_t until(const struct um_attrcache *c)
{
	return c->ttl ? now_ms() + c->ttl : 0;
}

static size_t name_index(const char *path)
{
	uint64_t h = um_hash_str(path, 0);

	return (size_t)(h ^ (h >> 32)) & (SLOTS - 1);
}

static size_t node_index(ino_t ino)
{
	return (size_t)ino & (SLOTS - 1);
}

static struct name *find_name_locked(struct um_attrcache *c, const char *path)
{
	struct name *n = c->names[name_index(path)];

	if (!n || n->epoch != c->epoch || strcmp(n->path, path) != 0)
		return NULL;
	return n;
}

static struct node *find_node_locked(struct um_attrcache *c, ino_t ino)
{
	struct node *n = c->nodes[node_index(ino)];

	if (!n || n->epoch != c->epoch || n->st.st_ino != ino)
		return NULL;
	return n;
}

static int get_locked(struct um_attrcache *c, const char *path,
		      struct stat *out)
{
	struct name *name = find_name_locked(c, path);
	struct node *node;

	if (!name || is_old(c, name->until))
		return -EAGAIN;
	if (name->absent)
		return -ENOENT;
	node = find_node_locked(c, name->ino);
	if (!node || is_old(c, node->until))
		return -EAGAIN;
	*out = node->st;
	return 0;
}

int um_attrcache_get(struct um_attrcache *c, const char *path, struct stat *out)
{
	int ret;

	um_lock(&c->lock);
	ret = get_locked(c, path, out);
	um_unlock(&c->lock);
	return ret;
}

uint64_t um_attrcache_gen(struct um_attrcache *c)
{
	uint64_t gen;

	um_lock(&c->lock);
	gen = c->gen;
	um_unlock(&c->lock);
	return gen;
}

static void put_name_locked(struct um_attrcache *c, const char *path,
			    const struct stat *st)
{
	struct name **slot = &c->names[name_index(path)];
	struct name *n = *slot;

	if (!n)
		n = *slot = calloc(1, sizeof(*n));
	if (!n)
		return;
	n->epoch = c->epoch;
	n->until = until(c);
	n->absent = !st;
	n->ino = st ? st->st_ino : 0;
	memcpy(n->path, path, strlen(path) + 1);
}

static void put_node_locked(struct um_attrcache *c, const struct stat *st)
{
	struct node **slot = &c->nodes[node_index(st->st_ino)];

	if (!*slot)
		*slot = calloc(1, sizeof(**slot));
	if (!*slot)
		return;
	(*slot)->epoch = c->epoch;
	(*slot)->until = until(c);
	(*slot)->st = *st;
}

void um_attrcache_put(struct um_attrcache *c, const char *path,
		      const struct stat *st, uint64_t gen)
{
	if (strlen(path) >= PATH_CUT)
		return;
	um_lock(&c->lock);
	if (c->gen == gen) {
		put_name_locked(c, path, st);
		if (st)
			put_node_locked(c, st);
	}
	um_unlock(&c->lock);
}

void um_attrcache_tell(struct um_attrcache *c, const struct um_told *name)
{
	struct stat st;
	int ret;

	um_lock(&c->lock);
	ret = get_locked(c, name->path, &st);
	if (ret != -EAGAIN)
		um_shared_tell(name, ret == 0 ? &st : NULL);
	um_unlock(&c->lock);
}

static void forget_node_locked(struct um_attrcache *c, ino_t ino)
{
	struct node *node = find_node_locked(c, ino);

	if (node)
		node->epoch = 0;
	um_shared_node_changed(c->mount, ino);
}

/*
 * A name that is not known here hides which node it means. Guests may have been
 * told of that by another link, unless the node has no `other` name.
 */
static void forget_locked(struct um_attrcache *c, const char *path, bool other)
{
	struct name *n = find_name_locked(c, path);

	c->gen++;
	um_shared_name_changed(c->mount, path);
	if (!n && other)
		um_shared_all_changed();
	if (!n)
		return;
	if (!n->absent)
		forget_node_locked(c, n->ino);
	n->epoch = 0;
}

void um_attrcache_forget(struct um_attrcache *c, const char *path)
{
	um_lock(&c->lock);
	forget_locked(c, path, true);
	um_unlock(&c->lock);
}

void um_attrcache_forget_entry(struct um_attrcache *c, const char *path)
{
	char parent[PATH_CUT];
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	/* who removes a name has its node forgotten; a directory has one name */
	um_lock(&c->lock);
	forget_locked(c, path, false);
	if (n < PATH_CUT) {
		memcpy(parent, path, n);
		parent[n] = '\0';
		forget_locked(c, n ? parent : "/", false);
	} else {
		um_shared_all_changed();
	}
	um_unlock(&c->lock);
}

void um_attrcache_forget_node(struct um_attrcache *c, ino_t ino)
{
	um_lock(&c->lock);
	c->gen++;
	forget_node_locked(c, ino);
	um_unlock(&c->lock);
}

void um_attrcache_forget_all(struct um_attrcache *c)
{
	um_lock(&c->lock);
	c->gen++;
	c->epoch++;
	um_shared_all_changed();
	um_unlock(&c->lock);
}
