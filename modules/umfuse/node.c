// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * node.c - inode numbers and the paths of open files
 *
 * The high-level FUSE API knows nodes by their paths. The core wants numbers
 * that stay with a node, and the operations on an open file want its path of
 * now. So: a tree of names in one hash table, keyed by parent and name. A
 * node is one name; hard links made through us are nodes with equal numbers.
 *
 * A rename changes parent and name of one node: what is beneath comes along.
 * A name that goes away leaves a dead node, not found by lookups any more,
 * which stays for those who hold it (open files, children) and still tells the
 * last path. Numbers are never used twice.
 *
 * Refused: numbers from a hash of the path. They would change by rename, and
 * two nodes could share one.
 */
#include "umfuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 256

/*
 * @refs: open files and children; an unreferenced node stays while its name
 *	lives
 */
struct umfuse_node {
	struct umfuse_node *chain;
	struct umfuse_node *parent;
	char *name;
	uint64_t ino;
	size_t refs;
	bool dead;
};

static size_t hash(const struct umfuse_node *parent, const char *name, size_t n)
{
	uint64_t h = parent ? (uintptr_t)parent >> 4 : 0;

	h ^= 14695981039346656037u;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)name[i]) * 1099511628211u;
	return (size_t)(h ^ h >> 32);
}

static struct umfuse_node **slot(struct umfuse_nodes *t,
				 const struct umfuse_node *parent,
				 const char *name, size_t n)
{
	return &t->bucket[hash(parent, name, n) & (t->nbucket - 1)];
}

static void chain_locked(struct umfuse_nodes *t, struct umfuse_node *node)
{
	struct umfuse_node **at =
		slot(t, node->parent, node->name, strlen(node->name));

	node->chain = *at;
	*at = node;
}

static void unchain_locked(struct umfuse_nodes *t, struct umfuse_node *node)
{
	struct umfuse_node **at =
		slot(t, node->parent, node->name, strlen(node->name));

	while (*at != node)
		at = &(*at)->chain;
	*at = node->chain;
}

/* Doubles the table; stays as it is when there is no memory. */
static void grow_locked(struct umfuse_nodes *t)
{
	struct umfuse_node **old = t->bucket, *node, *next;
	size_t n = t->nbucket;
	struct umfuse_node **bucket =
		calloc(2 * n, sizeof(struct umfuse_node *));

	if (!bucket)
		return;
	t->bucket = bucket;
	t->nbucket = 2 * n;
	for (size_t i = 0; i < n; i++) {
		for (node = old[i]; node; node = next) {
			next = node->chain;
			chain_locked(t, node);
		}
	}
	free(old);
}

static struct umfuse_node *new_locked(struct umfuse_nodes *t,
				      struct umfuse_node *parent,
				      const char *name, size_t n)
{
	struct umfuse_node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->name = strndup(name, n);
	if (!node->name) {
		free(node);
		return NULL;
	}
	if (++t->count > t->nbucket)
		grow_locked(t);
	node->parent = parent;
	if (parent)
		parent->refs++;
	node->ino = ++t->last;
	chain_locked(t, node);
	return node;
}

static struct umfuse_node *child_locked(struct umfuse_nodes *t,
					const struct umfuse_node *parent,
					const char *name, size_t n)
{
	struct umfuse_node *node = *slot(t, parent, name, n);

	for (; node; node = node->chain)
		if (!node->dead && node->parent == parent &&
		    strncmp(node->name, name, n) == 0 && !node->name[n])
			break;
	return node;
}

/* The node of path, or NULL: not known, or no memory to make it. */
static struct umfuse_node *find_locked(struct umfuse_nodes *t, const char *path,
				       bool make)
{
	struct umfuse_node *node = t->root, *parent;

	while (node && *(path += strspn(path, "/"))) {
		size_t n = strcspn(path, "/");

		parent = node;
		node = child_locked(t, parent, path, n);
		if (!node && make)
			node = new_locked(t, parent, path, n);
		path += n;
	}
	return node;
}

/* Frees a dead node that nobody holds, and the dead parents it held. */
static void reap_locked(struct umfuse_nodes *t, struct umfuse_node *node)
{
	while (node && node->dead && node->refs == 0) {
		struct umfuse_node *parent = node->parent;

		unchain_locked(t, node);
		t->count--;
		free(node->name);
		free(node);
		if (parent)
			parent->refs--;
		node = parent;
	}
}

static void kill_locked(struct umfuse_nodes *t, struct umfuse_node *node)
{
	if (!node || node == t->root)
		return;
	node->dead = true;
	reap_locked(t, node);
}

int umfuse_nodes_init(struct umfuse_nodes *t)
{
	int err;

	*t = (struct umfuse_nodes){ .nbucket = FIRST_BUCKETS };
	t->bucket = calloc(t->nbucket, sizeof(struct umfuse_node *));
	if (!t->bucket)
		return -ENOMEM;
	err = pthread_mutex_init(&t->lock, NULL);
	if (!err) {
		t->root = new_locked(t, NULL, "", 0);
		if (t->root)
			return 0;
		err = ENOMEM;
		pthread_mutex_destroy(&t->lock);
	}
	free(t->bucket);
	t->bucket = NULL;
	return -err;
}

void umfuse_nodes_fini(struct umfuse_nodes *t)
{
	struct umfuse_node *node, *next;

	if (!t->bucket)
		return;
	for (size_t i = 0; i < t->nbucket; i++) {
		for (node = t->bucket[i]; node; node = next) {
			next = node->chain;
			free(node->name);
			free(node);
		}
	}
	free(t->bucket);
	t->bucket = NULL;
	pthread_mutex_destroy(&t->lock);
}

/* Return: ref on the node of path; NULL: no memory */
struct umfuse_node *umfuse_node_get(struct umfuse_nodes *t, const char *path)
{
	struct umfuse_node *node;

	pthread_mutex_lock(&t->lock);
	node = find_locked(t, path, true);
	if (node)
		node->refs++;
	pthread_mutex_unlock(&t->lock);
	return node;
}

void umfuse_node_put(struct umfuse_nodes *t, struct umfuse_node *node)
{
	if (!node)
		return;
	pthread_mutex_lock(&t->lock);
	node->refs--;
	reap_locked(t, node);
	pthread_mutex_unlock(&t->lock);
}

/* Return: the number of path; 0: no memory */
uint64_t umfuse_node_ino(struct umfuse_nodes *t, const char *path)
{
	struct umfuse_node *node;
	uint64_t ino;

	pthread_mutex_lock(&t->lock);
	node = find_locked(t, path, true);
	ino = node ? node->ino : 0;
	pthread_mutex_unlock(&t->lock);
	return ino;
}

uint64_t umfuse_node_number(const struct umfuse_node *node)
{
	return node->ino;
}

/* Return: gives the path of a node held, its last one when dead; or NULL */
char *umfuse_node_path(struct umfuse_nodes *t, struct umfuse_node *node)
{
	size_t n = 0;
	char *path, *p;

	pthread_mutex_lock(&t->lock);
	for (struct umfuse_node *i = node; i->parent; i = i->parent)
		n += strlen(i->name) + 1;
	path = malloc(n + 2);
	if (path) {
		path[0] = '/';
		p = path + (n ? n : 1);
		*p = 0;
		for (; node->parent; node = node->parent) {
			size_t len = strlen(node->name);

			p -= len;
			memcpy(p, node->name, len);
			*--p = '/';
		}
	}
	pthread_mutex_unlock(&t->lock);
	return path;
}

/* The name is gone. */
void umfuse_node_drop(struct umfuse_nodes *t, const char *path)
{
	pthread_mutex_lock(&t->lock);
	kill_locked(t, find_locked(t, path, false));
	pthread_mutex_unlock(&t->lock);
}

/* Gives node another parent and name; without memory it dies. */
static void place_locked(struct umfuse_nodes *t, struct umfuse_node *node,
			 struct umfuse_node *parent, char *name)
{
	struct umfuse_node *old = node->parent;

	if (!parent || !name) {
		free(name);
		kill_locked(t, node);
		return;
	}
	unchain_locked(t, node);
	parent->refs++;
	node->parent = parent;
	free(node->name);
	node->name = name;
	chain_locked(t, node);
	old->refs--;
	reap_locked(t, old);
}

static struct umfuse_node *parent_locked(struct umfuse_nodes *t,
					 const char *path)
{
	struct umfuse_node *node;
	char *dir = strndup(path, (size_t)(strrchr(path, '/') - path));

	if (!dir)
		return NULL;
	node = find_locked(t, dir, true);
	free(dir);
	return node;
}

static void move_locked(struct umfuse_nodes *t, struct umfuse_node *node,
			const char *to)
{
	struct umfuse_node *parent;

	if (!node)
		return;
	parent = parent_locked(t, to);
	place_locked(t, node, parent, strdup(strrchr(to, '/') + 1));
}

/* rename(2) was done; @exchange: RENAME_EXCHANGE. */
void umfuse_node_move(struct umfuse_nodes *t, const char *from, const char *to,
		      bool exchange)
{
	struct umfuse_node *a, *b;

	pthread_mutex_lock(&t->lock);
	a = find_locked(t, from, false);
	b = find_locked(t, to, false);
	if (a && b && a->ino == b->ino)
		goto out; /* rename of a link to itself does nothing */
	if (!exchange)
		kill_locked(t, b);
	move_locked(t, a, to);
	if (exchange)
		move_locked(t, b, from);
out:
	pthread_mutex_unlock(&t->lock);
}

/* link(2) was done: the new name gets the number of the old one. */
void umfuse_node_link(struct umfuse_nodes *t, const char *from, const char *to)
{
	struct umfuse_node *a, *b;

	pthread_mutex_lock(&t->lock);
	a = find_locked(t, from, true);
	b = find_locked(t, to, true);
	if (a && b)
		b->ino = a->ino;
	pthread_mutex_unlock(&t->lock);
}
