// SPDX-License-Identifier: GPL-2.0-or-later
/* xattr.c - extended attributes */
#include "arc.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

struct xattr *xattr_find(struct node *node, const char *name)
{
	struct xattr *x = node->xattrs;

	while (x && strcmp(x->name, name) != 0)
		x = x->next;
	return x;
}

static void remove_one(struct node *node, const char *name)
{
	struct xattr **slot = &node->xattrs, *x;

	while (*slot && strcmp((*slot)->name, name) != 0)
		slot = &(*slot)->next;
	x = *slot;
	if (!x)
		return;
	*slot = x->next;
	free(x->value);
	free(x);
}

int xattr_put(struct node *node, const char *name, const void *value,
	      size_t size)
{
	size_t n = strlen(name);
	struct xattr *x;

	if (n > XATTR_NAME_MAX || size > XATTR_SIZE_MAX)
		return n > XATTR_NAME_MAX ? -ERANGE : -E2BIG;
	x = calloc(1, sizeof(*x) + n + 1);
	if (!x)
		return -ENOMEM;
	memcpy(x->name, name, n + 1);
	x->size = size;
	x->value = malloc(size ? size : 1);
	if (!x->value) {
		free(x);
		return -ENOMEM;
	}
	if (size)
		memcpy(x->value, value, size);
	remove_one(node, name);
	x->next = node->xattrs;
	node->xattrs = x;
	return 0;
}

void xattr_free_all(struct node *node)
{
	while (node->xattrs)
		remove_one(node, node->xattrs->name);
}

int arc_setxattr(const char *path, const char *name, const char *value,
		 size_t size, int flags)
{
	struct node *node = arc_node(path, NULL);
	int err;

	if (!node)
		return -ENOENT;
	if (the_arc()->readonly)
		return -EROFS;
	if (flags & XATTR_CREATE && xattr_find(node, name))
		return -EEXIST;
	if (flags & XATTR_REPLACE && !xattr_find(node, name))
		return -ENODATA;
	err = xattr_put(node, name, value, size);
	if (!err) {
		node_touch(node, false);
		the_arc()->dirty = true;
	}
	return err;
}

int arc_getxattr(const char *path, const char *name, char *buf, size_t size)
{
	struct node *node = arc_node(path, NULL);
	const struct xattr *x = node ? xattr_find(node, name) : NULL;

	if (!x)
		return node ? -ENODATA : -ENOENT;
	if (size && size < x->size)
		return -ERANGE;
	if (size)
		memcpy(buf, x->value, x->size);
	return (int)x->size;
}

int arc_listxattr(const char *path, char *buf, size_t size)
{
	struct node *node = arc_node(path, NULL);
	size_t total = 0;

	if (!node)
		return -ENOENT;
	for (const struct xattr *x = node->xattrs; x; x = x->next) {
		size_t n = strlen(x->name) + 1;

		if (size && total + n > size)
			return -ERANGE;
		if (size)
			memcpy(buf + total, x->name, n);
		total += n;
	}
	return (int)total;
}

int arc_removexattr(const char *path, const char *name)
{
	struct node *node = arc_node(path, NULL);

	if (!node)
		return -ENOENT;
	if (the_arc()->readonly)
		return -EROFS;
	if (!xattr_find(node, name))
		return -ENODATA;
	remove_one(node, name);
	node_touch(node, false);
	the_arc()->dirty = true;
	return 0;
}
