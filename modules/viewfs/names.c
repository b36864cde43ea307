// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * names.c - the names that the store has, in memory
 *
 * Each walk of a guest asks for each name whether the store has it: so they are
 * kept here, as a tree, with one table of all (parent, name) pairs. The lock is
 * held for a look or a single change alone. The root has no kind until
 * something is put into it: as long as the store is empty, nobody need know of
 * the mount.
 */
#include "viewfs.h"

struct viewfs_name {
	struct viewfs_name *parent;
	struct viewfs_name *child;
	struct viewfs_name *before;
	struct viewfs_name *after;
	struct viewfs_name *same_slot;
	uint64_t hash;
	enum viewfs_kind kind;
	char text[];
};

static uint64_t hash_of(const struct viewfs_name *parent, const char *text,
			size_t n)
{
	uint64_t h = (uint64_t)(uintptr_t)parent * 0x9e3779b97f4a7c15u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ (unsigned char)text[i]) * 0x100000001b3u;
	return h ^ (h >> 29);
}

static struct viewfs_name *child_of(struct viewfs_names *n,
				    const struct viewfs_name *parent,
				    const char *text, size_t len)
{
	uint64_t h = hash_of(parent, text, len);
	struct viewfs_name *at = n->table[h % n->room];

	while (at && (at->hash != h || at->parent != parent ||
		      strncmp(at->text, text, len) != 0 || at->text[len]))
		at = at->same_slot;
	return at;
}

static void enter(struct viewfs_names *n, struct viewfs_name *name)
{
	struct viewfs_name **slot;

	name->hash = hash_of(name->parent, name->text, strlen(name->text));
	slot = &n->table[name->hash % n->room];
	name->same_slot = *slot;
	*slot = name;
}

static void leave(struct viewfs_names *n, struct viewfs_name *name)
{
	struct viewfs_name **at = &n->table[name->hash % n->room];

	while (*at != name)
		at = &(*at)->same_slot;
	*at = name->same_slot;
}

/* Twice the room; where there is none the slots only get longer. */
static void grow(struct viewfs_names *n)
{
	struct viewfs_name **old = n->table;
	size_t room = n->room;
	struct viewfs_name **table = calloc(room * 2, sizeof(*table));

	if (!table)
		return;
	n->table = table;
	n->room = room * 2;
	for (size_t i = 0; i < room; i++)
		while (old[i]) {
			struct viewfs_name *name = old[i];

			old[i] = name->same_slot;
			enter(n, name);
		}
	free(old);
}

static void join_siblings(struct viewfs_name *name)
{
	name->before = NULL;
	name->after = name->parent->child;
	if (name->after)
		name->after->before = name;
	name->parent->child = name;
}

static void leave_siblings(struct viewfs_name *name)
{
	if (name->before)
		name->before->after = name->after;
	else
		name->parent->child = name->after;
	if (name->after)
		name->after->before = name->before;
}

static struct viewfs_name *name_new(const char *text, size_t len)
{
	struct viewfs_name *name = calloc(1, sizeof(*name) + len + 1);

	if (name)
		memcpy(name->text, text, len);
	return name;
}

static struct viewfs_name *add(struct viewfs_names *n,
			       struct viewfs_name *parent, const char *text,
			       size_t len)
{
	struct viewfs_name *name = name_new(text, len);

	if (!name)
		return NULL;
	if (n->count++ > n->room)
		grow(n);
	name->parent = parent;
	name->kind = KIND_DIR;
	if (parent->kind == KIND_NONE)
		parent->kind = KIND_DIR;
	join_siblings(name);
	enter(n, name);
	return name;
}

/* Without recursion: a tree may be deep. */
static void drop_below(struct viewfs_names *n, struct viewfs_name *top)
{
	struct viewfs_name *at = top;
	struct viewfs_name *up;

	while (top->child) {
		while (at->child)
			at = at->child;
		up = at->parent;
		leave(n, at);
		leave_siblings(at);
		n->count--;
		free(at);
		at = up;
	}
}

static void drop(struct viewfs_names *n, struct viewfs_name *name)
{
	drop_below(n, name);
	leave(n, name);
	leave_siblings(name);
	n->count--;
	free(name);
}

int viewfs_names_init(struct viewfs_names *n)
{
	n->room = 256;
	n->table = calloc(n->room, sizeof(*n->table));
	n->root = name_new("", 0);
	if (!n->table || !n->root)
		return -ENOMEM;
	return -pthread_rwlock_init(&n->lock, NULL);
}

void viewfs_names_fini(struct viewfs_names *n)
{
	if (!n->table || !n->root)
		return;
	drop_below(n, n->root);
	free(n->root);
	free(n->table);
	pthread_rwlock_destroy(&n->lock);
}

/* The name itself, or NULL. lower: nothing above it shuts out what is below. */
static struct viewfs_name *look(struct viewfs_names *n, const char *path,
				bool *lower)
{
	struct viewfs_name *at = n->root;

	*lower = true;
	while (*(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");

		if (at->kind != KIND_DIR && at->kind != KIND_NONE)
			*lower = false;
		at = child_of(n, at, path, len);
		if (!at)
			return NULL;
		path += len;
	}
	return at;
}

enum viewfs_kind viewfs_names_find(struct viewfs_names *n, const char *path,
				   bool *lower)
{
	const struct viewfs_name *name;
	enum viewfs_kind kind;

	pthread_rwlock_rdlock(&n->lock);
	name = look(n, path, lower);
	kind = name ? name->kind : KIND_NONE;
	pthread_rwlock_unlock(&n->lock);
	return kind;
}

/* Made where it is not there, and what is above it too. */
static struct viewfs_name *need(struct viewfs_names *n, const char *path)
{
	struct viewfs_name *at = n->root;

	while (at && *(path += strspn(path, "/"))) {
		size_t len = strcspn(path, "/");
		struct viewfs_name *next = child_of(n, at, path, len);

		at = next ? next : add(n, at, path, len);
		path += len;
	}
	return at;
}

int viewfs_names_set(struct viewfs_names *n, const char *path,
		     enum viewfs_kind kind)
{
	struct viewfs_name *name;
	bool lower;
	int ret = 0;

	pthread_rwlock_wrlock(&n->lock);
	if (kind == KIND_NONE) {
		name = look(n, path, &lower);
		if (name && name != n->root)
			drop(n, name);
	} else {
		name = need(n, path);
		if (name)
			name->kind = kind;
		else
			ret = -ENOMEM;
		if (name && kind != KIND_DIR && kind != KIND_OPAQUE)
			drop_below(n, name);
	}
	pthread_rwlock_unlock(&n->lock);
	return ret;
}

/* Everything below goes with it: children know their parent by its address. */
static void adopt(struct viewfs_names *n, struct viewfs_name *to,
		  struct viewfs_name *from)
{
	while (from->child) {
		struct viewfs_name *child = from->child;

		leave(n, child);
		leave_siblings(child);
		child->parent = to;
		join_siblings(child);
		enter(n, child);
	}
}

int viewfs_names_move(struct viewfs_names *n, const char *from, const char *to,
		      enum viewfs_kind left)
{
	struct viewfs_name *a;
	struct viewfs_name *b;
	bool lower;
	int ret = 0;

	pthread_rwlock_wrlock(&n->lock);
	b = need(n, to);
	a = look(n, from, &lower);
	if (!a || !b || a == b) {
		ret = b ? 0 : -ENOMEM;
	} else {
		drop_below(n, b);
		b->kind = a->kind;
		adopt(n, b, a);
		a->kind = left;
		if (left == KIND_NONE)
			drop(n, a);
	}
	pthread_rwlock_unlock(&n->lock);
	return ret;
}

int viewfs_names_swap(struct viewfs_names *n, const char *a, const char *b)
{
	struct viewfs_name between = { 0 };
	struct viewfs_name *one;
	struct viewfs_name *other;
	int ret = -ENOMEM;

	pthread_rwlock_wrlock(&n->lock);
	one = need(n, a);
	other = need(n, b);
	if (one && other) {
		between.kind = one->kind;
		adopt(n, &between, one);
		one->kind = other->kind;
		adopt(n, one, other);
		other->kind = between.kind;
		adopt(n, other, &between);
		ret = 0;
	}
	pthread_rwlock_unlock(&n->lock);
	return ret;
}
