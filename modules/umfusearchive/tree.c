// SPDX-License-Identifier: GPL-2.0-or-later
/* tree.c - names and nodes */
#include "arc.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static size_t hash(const struct node *dir, const char *text, size_t n)
{
	uint64_t h = dir->st.st_ino * UINT64_C(0x9e3779b97f4a7c15);

	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

void node_touch(struct node *node, bool modified)
{
	clock_gettime(CLOCK_REALTIME, &node->st.st_ctim);
	if (modified)
		node->st.st_mtim = node->st.st_ctim;
}

struct node *node_new(struct arc *a, mode_t mode)
{
	struct node *node = calloc(1, sizeof(*node));

	if (!node)
		return NULL;
	node->st.st_ino = ++a->tree.last_ino;
	node->st.st_mode = mode;
	node->st.st_nlink = S_ISDIR(mode) ? 2 : 0;
	node->st.st_uid = a->uid;
	node->st.st_gid = a->gid;
	node->st.st_blksize = 4096;
	node_touch(node, true);
	node->st.st_atim = node->st.st_mtim;
	return node;
}

static bool has_name(const struct arc *a, const struct node *node)
{
	if (S_ISDIR(node->st.st_mode))
		return node->parent || node == a->tree.root;
	return node->st.st_nlink > 0;
}

static void node_free(struct arc *a, struct node *node)
{
	if (node->archived && node->entry < a->nentries &&
	    a->by_entry[node->entry] == node)
		a->by_entry[node->entry] = NULL;
	if (a->cursor.node == node)
		a->cursor.node = NULL;
	store_drop(&a->store, &node->data);
	xattr_free_all(node);
	free(node->link);
	free(node->uname);
	free(node->gname);
	free(node->path);
	free(node);
}

void node_drop(struct arc *a, struct node *node)
{
	if (!node->opens && !has_name(a, node))
		node_free(a, node);
}

struct name *tree_child(const struct tree *t, const struct node *dir,
			const char *text, size_t n)
{
	struct name *name = t->table[hash(dir, text, n) % t->nbuckets];

	while (name && (name->dir != dir || strncmp(name->text, text, n) != 0 ||
			name->text[n]))
		name = name->chain;
	return name;
}

static int grow_table(struct tree *t)
{
	size_t n = t->nbuckets ? 2 * t->nbuckets : 1024;
	struct name **table = calloc(n, sizeof(*table));

	if (!table)
		return -ENOMEM;
	for (size_t i = 0; i < t->nbuckets; i++) {
		struct name *name = t->table[i], *next;

		for (; name; name = next) {
			size_t at = hash(name->dir, name->text,
					 strlen(name->text)) %
				    n;

			next = name->chain;
			name->chain = table[at];
			table[at] = name;
		}
	}
	free(t->table);
	t->table = table;
	t->nbuckets = n;
	return 0;
}

int tree_add(struct arc *a, struct node *dir, const char *text,
	     struct node *node)
{
	size_t n = strlen(text), at;
	struct tree *t = &a->tree;
	struct name *name;

	if (n > NAME_MAX)
		return -ENAMETOOLONG;
	if (t->count >= t->nbuckets && grow_table(t) < 0)
		return -ENOMEM;
	name = calloc(1, sizeof(*name) + n + 1);
	if (!name)
		return -ENOMEM;
	memcpy(name->text, text, n + 1);
	name->dir = dir;
	name->node = node;
	at = hash(dir, text, n) % t->nbuckets;
	name->chain = t->table[at];
	t->table[at] = name;
	t->count++;
	name->prev = dir->last;
	*(dir->last ? &dir->last->next : &dir->first) = name;
	dir->last = name;
	if (S_ISDIR(node->st.st_mode)) {
		node->parent = dir;
		dir->st.st_nlink++;
	} else {
		node->st.st_nlink++;
	}
	return 0;
}

void tree_remove(struct arc *a, struct name *name)
{
	size_t at = hash(name->dir, name->text, strlen(name->text)) %
		    a->tree.nbuckets;
	struct name **slot = &a->tree.table[at];
	struct node *dir = name->dir, *node = name->node;

	while (*slot != name)
		slot = &(*slot)->chain;
	*slot = name->chain;
	a->tree.count--;
	*(name->prev ? &name->prev->next : &dir->first) = name->next;
	*(name->next ? &name->next->prev : &dir->last) = name->prev;
	free(name);
	if (S_ISDIR(node->st.st_mode)) {
		node->parent = NULL;
		dir->st.st_nlink--;
	} else {
		node->st.st_nlink--;
	}
	node_drop(a, node);
}

struct node *tree_find(struct arc *a, const char *path)
{
	struct node *node = a->tree.root;

	while (node && path[0] && path[1]) {
		size_t n = strcspn(++path, "/");
		struct name *name = tree_child(&a->tree, node, path, n);

		node = name ? name->node : NULL;
		path += n;
	}
	return node;
}

const char *tree_last(const char *path)
{
	return strrchr(path, '/') + 1;
}

int tree_lookup(struct arc *a, const char *path, struct node **dir,
		struct name **out)
{
	const char *last = tree_last(path);
	char *above;

	if (!*last)
		return -EBUSY;
	above = strndup(path, (size_t)(last - path) > 1
				      ? (size_t)(last - path) - 1
				      : 1);
	if (!above)
		return -ENOMEM;
	*dir = tree_find(a, above);
	free(above);
	if (!*dir)
		return -ENOENT;
	if (!S_ISDIR((*dir)->st.st_mode))
		return -ENOTDIR;
	*out = tree_child(&a->tree, *dir, last, strlen(last));
	return 0;
}

int tree_init(struct arc *a)
{
	if (grow_table(&a->tree) < 0)
		return -ENOMEM;
	a->tree.root = node_new(a, S_IFDIR | 0755);
	if (!a->tree.root)
		return -ENOMEM;
	a->tree.root->implied = true;
	return 0;
}

static void free_below(struct arc *a, struct node *dir)
{
	while (dir->first) {
		struct node *node = dir->first->node;

		node->opens = 0;
		if (S_ISDIR(node->st.st_mode))
			free_below(a, node);
		tree_remove(a, dir->first);
	}
}

void tree_fini(struct arc *a)
{
	if (a->tree.root) {
		free_below(a, a->tree.root);
		node_free(a, a->tree.root);
	}
	free(a->tree.table);
	a->tree = (struct tree){ 0 };
}
