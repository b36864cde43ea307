// SPDX-License-Identifier: GPL-2.0-or-later
/* node.c - nodes of ramfs */
#include "tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
