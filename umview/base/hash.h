/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hash.h - a chained hash table of nodes that lie in their owners
 *
 * The table never owns; the caller locks. Keys are 64-bit; owners with the
 * same key are told apart by the caller while it walks the chain.
 */
#ifndef UM_BASE_HASH_H
#define UM_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct um_hnode {
	struct um_hnode *next;
	uint64_t key;
};

/* count may be read without the table's lock */
struct um_hash {
	struct um_hnode **slot;
	size_t nslots;
	_Atomic size_t count;
};

#define um_container(ptr, type, member)                                        \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/* Out of memory leaves the table smaller than it should be, or -ENOMEM. */
int um_hash_add(struct um_hash *h, struct um_hnode *node, uint64_t key);
void um_hash_del(struct um_hash *h, struct um_hnode *node);
/* First node with the key, or NULL; um_hash_next() the one after it. */
struct um_hnode *um_hash_get(const struct um_hash *h, uint64_t key);
struct um_hnode *um_hash_next(const struct um_hnode *node);
void um_hash_fini(struct um_hash *h);

static inline uint64_t um_hash_str(const char *s, uint64_t seed)
{
	uint64_t x = seed ^ 0xcbf29ce484222325u;

	while (*s)
		x = (x ^ (unsigned char)*s++) * 0x100000001b3u;
	return x;
}

#endif
