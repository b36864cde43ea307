// SPDX-License-Identifier: GPL-2.0-or-later
/* hash.c - a chained hash table of nodes that lie in their owners */
#include "base/hash.h"

#include <errno.h>
#include <stdlib.h>

static size_t slot_of(const struct um_hash *h, uint64_t key)
{
	return (size_t)((key * 0x9e3779b97f4a7c15u) >> 20) & (h->nslots - 1);
}

static int grow(struct um_hash *h)
{
	size_t want = h->nslots ? h->nslots * 2 : 64;
	struct um_hash bigger = { .nslots = want };

	bigger.slot = calloc(want, sizeof(struct um_hnode *));
	if (!bigger.slot)
		return h->nslots ? 0 : -ENOMEM;
	for (size_t i = 0; i < h->nslots; i++) {
		struct um_hnode *n = h->slot[i];

		while (n) {
			struct um_hnode *next = n->next;
			size_t s = slot_of(&bigger, n->key);

			n->next = bigger.slot[s];
			bigger.slot[s] = n;
			n = next;
		}
	}
	free(h->slot);
	h->slot = bigger.slot;
	h->nslots = want;
	return 0;
}

int um_hash_add(struct um_hash *h, struct um_hnode *node, uint64_t key)
{
	size_t s;

	if (h->count >= h->nslots) {
		int ret = grow(h);

		if (ret < 0)
			return ret;
	}
	node->key = key;
	s = slot_of(h, key);
	node->next = h->slot[s];
	h->slot[s] = node;
	h->count++;
	return 0;
}

void um_hash_del(struct um_hash *h, struct um_hnode *node)
{
	struct um_hnode **p;

	if (!h->nslots)
		return;
	for (p = &h->slot[slot_of(h, node->key)]; *p; p = &(*p)->next) {
		if (*p != node)
			continue;
		*p = node->next;
		node->next = NULL;
		h->count--;
		return;
	}
}

struct um_hnode *um_hash_get(const struct um_hash *h, uint64_t key)
{
	struct um_hnode *n;

	if (!h->nslots)
		return NULL;
	n = h->slot[slot_of(h, key)];
	while (n && n->key != key)
		n = n->next;
	return n;
}

struct um_hnode *um_hash_next(const struct um_hnode *node)
{
	struct um_hnode *n = node->next;

	while (n && n->key != node->key)
		n = n->next;
	return n;
}

void um_hash_fini(struct um_hash *h)
{
	free(h->slot);
	*h = (struct um_hash){ 0 };
}
