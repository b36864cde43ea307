// SPDX-License-Identifier: GPL-2.0-or-later
/* tree.c - names and nodes of ramfs */
#include "tree.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

void ram_touch(struct node *node, bool modified)
{
	clock_gettime(CLOCK_REALTIME, &node->st.st_ctim);
	if (modified)
		node->st.st_mtim = node->st.st_ctim;
}

void ram_drop(struct node *node)
{
	if (node->links || node->opens)
		return;
	free(node->data);
	free(node);
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

off_t ram_max_file;

/* The monitor lives in the same memory: no file takes more than a quarter. */
static off_t max_file(void)
{
	if (ram_max_file)
		return ram_max_file;
	return (off_t)sysconf(_SC_PHYS_PAGES) / 4 * sysconf(_SC_PAGESIZE);
}

int ram_resize(struct node *node, off_t size)
{
	char *data = node->data;

	if (size < 0)
		return -EINVAL;
	if (size > max_file())
		return -EFBIG;
	data = realloc(data, (size_t)size + 1);
	if (!data)
		return -ENOSPC;
	if (size > node->st.st_size)
		memset(data + node->st.st_size, 0,
		       (size_t)(size - node->st.st_size));
	node->data = data;
	node->st.st_size = size;
	ram_touch(node, true);
	return 0;
}

/* A new node with its first name; data: target of a symbolic link. */
int ram_make(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev,
	     const char *data)
{
	struct node *node = calloc(1, sizeof(*node));
	int err;

	if (!node)
		return -ENOMEM;
	if (data && !(node->data = strdup(data))) {
		free(node);
		return -ENOMEM;
	}
	node->st.st_ino = ++((struct ramfs *)fs->priv)->last;
	node->st.st_mode = mode;
	node->st.st_rdev = rdev;
	node->st.st_uid = um_caller()->uid;
	node->st.st_gid = um_caller()->gid;
	node->st.st_blksize = 4096;
	node->st.st_size = data ? (off_t)strlen(data) : 0;
	ram_touch(node, true);
	node->st.st_atim = node->st.st_mtim;
	err = ram_add_name(fs, path, node);
	if (err)
		ram_drop(node);
	return err;
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
