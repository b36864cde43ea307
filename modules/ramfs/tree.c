// SPDX-License-Identifier: GPL-2.0-or-later
/* tree.c - names of ramfs */
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* Where the entry of path is or would be; its directory, NULL for "/". */
struct entry **ram_lookup(struct um_fs *fs, const char *path, struct node **dir)
{
	struct entry **slot = &((struct ramfs *)fs->priv)->root;

	*dir = NULL;
	while (*slot && path[0] && path[1]) {
		size_t n = strcspn(++path, "/");

		*dir = (*slot)->node;
		slot = &(*dir)->entries;
		while (*slot && (strncmp((*slot)->name, path, n) != 0 ||
				 (*slot)->name[n]))
			slot = &(*slot)->next;
		path += n;
	}
	return slot;
}

struct node *ram_find(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct node *dir;
	struct entry *e = fh ? NULL : *ram_lookup(fs, path, &dir);

	return fh ? (struct node *)(uintptr_t)fh->fh : e ? e->node : NULL;
}

/* Another name for a node; node NULL: rename fills it in. */
int ram_add_name(struct um_fs *fs, const char *path, struct node *node)
{
	struct node *dir;
	struct entry **slot = ram_lookup(fs, path, &dir), *e;
	const char *name = strrchr(path, '/') + 1;

	if (*slot)
		return -EEXIST;
	if (strlen(name) > NAME_MAX)
		return -ENAMETOOLONG;
	e = calloc(1, sizeof(*e) + strlen(name) + 1);
	if (!e)
		return -ENOMEM;
	memcpy(e->name, name, strlen(name) + 1);
	e->node = node;
	*slot = e;
	if (node)
		node->links++;
	if (dir)
		ram_touch(dir, true);
	return 0;
}

void ram_remove_name(struct um_fs *fs, const char *path)
{
	struct node *dir;
	struct entry **slot = ram_lookup(fs, path, &dir), *e = *slot;

	if (!e)
		return;
	*slot = e->next;
	ram_touch(dir, true);
	if (e->node) {
		e->node->links--;
		ram_touch(e->node, false);
		ram_drop(e->node);
	}
	free(e);
}

bool ram_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

void ram_free_tree(struct entry *e)
{
	while (e) {
		struct entry *next = e->next;

		ram_free_tree(e->node->entries);
		e->node->entries = NULL;
		e->node->links--;
		ram_drop(e->node);
		free(e);
		e = next;
	}
}
