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

/* The monitor lives in the same memory. */
static uint64_t max_pages(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) / 4;
}

int ram_take_page(const struct node *node)
{
	struct ramfs *ram = node->in;

	if (ram->limits.pages && ram->pages >= ram->limits.pages)
		return -ENOSPC;
	if (!ram->limits.is_tmpfs && node->pages >= max_pages())
		return -EFBIG;
	ram->pages++;
	return 0;
}

void ram_give_page(struct ramfs *ram)
{
	ram->pages--;
}

int ram_take_node(struct ramfs *ram)
{
	if (ram->limits.nodes && ram->nodes >= ram->limits.nodes)
		return -ENOSPC;
	ram->nodes++;
	return 0;
}

void ram_drop(struct node *node)
{
	if (node->links || node->opens)
		return;
	ram_free_data(node);
	node->in->nodes--;
	free(node->target);
	free(node);
}

/* A new node with its first name; target: of a symbolic link. */
int ram_make(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev,
	     const char *target)
{
	struct ramfs *ram = fs->priv;
	struct node *node = calloc(1, sizeof(*node));
	int err = node ? ram_take_node(ram) : -ENOMEM;

	if (err < 0) {
		free(node);
		return err;
	}
	node->in = ram;
	if (target && !(node->target = strdup(target))) {
		ram_drop(node);
		return -ENOMEM;
	}
	node->st.st_ino = ++ram->last;
	node->st.st_mode = mode;
	node->st.st_rdev = rdev;
	node->st.st_uid = um_caller()->uid;
	node->st.st_gid = um_caller()->gid;
	node->st.st_blksize = 4096;
	node->st.st_size = target ? (off_t)strlen(target) : 0;
	ram_touch(node, true);
	node->st.st_atim = node->st.st_mtim;
	err = ram_add_name(fs, path, node);
	if (err)
		ram_drop(node);
	return err;
}
