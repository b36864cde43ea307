// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - attribute sets: what a guest is in its view */
#include "guest/attr.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/lock.h"

struct set {
	struct um_hnode node;
	struct um_attr attr;
};

struct row {
	struct um_hnode node;
	const struct um_attr *attr;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_hash by_value;
static struct set **by_id;
static uint32_t nsets;
static uint32_t room;
static struct um_hash table;

static uint64_t value_key(const struct um_attr *a)
{
	uint64_t k = um_hash_str(a->root, a->view);

	k = um_hash_str(a->exe, k);
	k = um_hash_str(a->mount_options, k);
	return k ^ ((uint64_t)a->ids.virt << 63) ^ a->ids.euid;
}

static bool same(const struct um_attr *a, const struct um_attr *b)
{
	return a->view == b->view && a->filtered == b->filtered &&
	       a->dispatched == b->dispatched && a->helper == b->helper &&
	       !strcmp(a->root, b->root) && !strcmp(a->exe, b->exe) &&
	       a->mount_flags == b->mount_flags &&
	       !strcmp(a->mount_options, b->mount_options) &&
	       !memcmp(a->stacks, b->stacks, sizeof(a->stacks)) &&
	       !memcmp(&a->ids, &b->ids, sizeof(a->ids));
}

static struct set *find_locked(const struct um_attr *like)
{
	struct um_hnode *n = um_hash_get(&by_value, value_key(like));

	for (; n; n = um_hash_next(n)) {
		struct set *s = um_container(n, struct set, node);

		if (same(&s->attr, like))
			return s;
	}
	return NULL;
}

static void set_free(struct set *s)
{
	free(s->attr.root);
	free(s->attr.exe);
	free(s->attr.mount_options);
	free(s);
}

static struct set *make_locked(const struct um_attr *like)
{
	struct set *s;

	if (nsets == room) {
		uint32_t want = room ? room * 2 : 64;
		struct set **grown =
			realloc(by_id, want * sizeof(struct set *));

		if (!grown)
			return NULL;
		by_id = grown;
		room = want;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->attr = *like;
	s->attr.id = nsets;
	s->attr.root = strdup(like->root);
	s->attr.exe = strdup(like->exe);
	s->attr.mount_options = strdup(like->mount_options);
	if (!s->attr.root || !s->attr.exe || !s->attr.mount_options ||
	    um_hash_add(&by_value, &s->node, value_key(like)) < 0) {
		set_free(s);
		return NULL;
	}
	by_id[nsets++] = s;
	return s;
}

const struct um_attr *um_attr_intern(const struct um_attr *like)
{
	struct set *s;

	um_lock(&lock);
	s = find_locked(like);
	if (!s)
		s = make_locked(like);
	um_unlock(&lock);
	return s ? &s->attr : NULL;
}

const struct um_attr *um_attr_by_id(uint32_t id)
{
	const struct um_attr *a = NULL;

	um_lock(&lock);
	if (id < nsets)
		a = &by_id[id]->attr;
	um_unlock(&lock);
	return a;
}

/* Set 0: the first view, nothing changed but, maybe, who one is. */
int um_attr_setup(bool root)
{
	static char slash[] = "/";
	static char none[] = "";
	struct um_attr first = { .root = slash,
				 .exe = none,
				 .mount_options = none,
				 .ids.virt = root };

	return um_attr_intern(&first) ? 0 : -ENOMEM;
}

static struct row *row_locked(pid_t tgid)
{
	struct um_hnode *n = um_hash_get(&table, (uint64_t)tgid);

	return n ? um_container(n, struct row, node) : NULL;
}

int um_attr_table_set(pid_t tgid, const struct um_attr *attr)
{
	struct row *row;
	int ret = 0;

	um_lock(&lock);
	row = row_locked(tgid);
	if (!row) {
		row = calloc(1, sizeof(*row));
		if (!row || um_hash_add(&table, &row->node, (uint64_t)tgid)) {
			free(um_steal(row));
			ret = -ENOMEM;
		}
	}
	if (row)
		row->attr = attr;
	um_unlock(&lock);
	return ret;
}

const struct um_attr *um_attr_table_get(pid_t tgid)
{
	const struct um_attr *attr = NULL;
	struct row *row;

	um_lock(&lock);
	row = row_locked(tgid);
	if (row)
		attr = row->attr;
	um_unlock(&lock);
	return attr;
}

void um_attr_table_del(pid_t tgid)
{
	struct row *row;

	um_lock(&lock);
	row = row_locked(tgid);
	if (row) {
		um_hash_del(&table, &row->node);
		free(row);
	}
	um_unlock(&lock);
}

void um_attr_table_sweep(void)
{
	um_lock(&lock);
	for (size_t i = 0; i < table.nslots; i++) {
		struct um_hnode *next;

		for (struct um_hnode *n = table.slot[i]; n; n = next) {
			next = n->next;
			if (kill((pid_t)n->key, 0) == 0 || errno != ESRCH)
				continue;
			um_hash_del(&table, n);
			free(um_container(n, struct row, node));
		}
	}
	um_unlock(&lock);
}
