// SPDX-License-Identifier: GPL-2.0-or-later
/* memfs.c - the table of names and nodes of umfusememfs */
#include "memfs.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Variables of the program: each mount must see some of its own. */
struct name memfs_names[MAX_NAMES];
static ino_t last_ino = 1000;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

struct name *memfs_find(const char *path)
{
	for (int i = 0; i < MAX_NAMES; i++)
		if (memfs_names[i].path &&
		    strcmp(memfs_names[i].path, path) == 0)
			return &memfs_names[i];
	return NULL;
}

struct node *memfs_node(const char *path, struct fuse_file_info *fi)
{
	struct name *name;

	if (fi && fi->fh)
		return (struct node *)(uintptr_t)fi->fh;
	name = path ? memfs_find(path) : NULL;
	return name ? name->node : NULL;
}

const char *memfs_entry(const char *path, const char *dir)
{
	const char *slash = strrchr(path, '/');
	size_t n = (size_t)(slash - path);

	if (!slash[1])
		return NULL;
	if (n == 0)
		return dir[1] ? NULL : slash + 1;
	return strlen(dir) == n && strncmp(path, dir, n) == 0 ? slash + 1
							      : NULL;
}

void memfs_touch(struct node *node)
{
	clock_gettime(CLOCK_REALTIME, &node->st.st_mtim);
	node->st.st_ctim = node->st.st_mtim;
}

int memfs_add(const char *path, struct node *node)
{
	if (memfs_find(path))
		return -EEXIST;
	for (int i = 0; i < MAX_NAMES; i++) {
		if (memfs_names[i].path)
			continue;
		memfs_names[i].path = strdup(path);
		memfs_names[i].node = node;
		if (!S_ISDIR(node->st.st_mode))
			node->st.st_nlink++;
		return memfs_names[i].path ? 0 : -ENOMEM;
	}
	return -ENOSPC;
}

void memfs_drop(struct node *node)
{
	if (node->st.st_nlink || node->opens)
		return;
	free(node->data);
	free(node);
}

void memfs_forget(struct name *name)
{
	struct node *node = name->node;

	free(name->path);
	name->path = NULL;
	if (S_ISDIR(node->st.st_mode))
		node->st.st_nlink = 0;
	else
		node->st.st_nlink--;
	clock_gettime(CLOCK_REALTIME, &node->st.st_ctim);
	memfs_drop(node);
}

int memfs_make(const char *path, mode_t mode, dev_t rdev, const char *data)
{
	struct node *node = calloc(1, sizeof(*node));
	int err;

	if (!node)
		return -ENOMEM;
	node->st.st_mode = mode;
	node->st.st_rdev = rdev;
	node->st.st_ino = ++last_ino;
	node->st.st_nlink = S_ISDIR(mode) ? 2 : 0;
	node->st.st_uid = fuse_get_context()->uid;
	node->st.st_gid = fuse_get_context()->gid;
	memfs_touch(node);
	node->st.st_atim = node->st.st_mtim;
	if (data) {
		node->data = strdup(data);
		node->st.st_size = (off_t)strlen(data);
	}
	err = memfs_add(path, node);
	if (err) {
		free(node->data);
		free(node);
	}
	return err;
}

int memfs_enter(void)
{
	return pthread_mutex_lock(&lock);
}

int memfs_leave(int ret)
{
	pthread_mutex_unlock(&lock);
	return ret;
}

int memfs_resize(struct node *node, off_t size)
{
	char *data;

	if (size < 0)
		return -EINVAL;
	data = realloc(node->data, (size_t)size + 1);
	if (!data)
		return -ENOSPC;
	if (size > node->st.st_size)
		memset(data + node->st.st_size, 0,
		       (size_t)(size - node->st.st_size));
	node->data = data;
	node->st.st_size = size;
	memfs_touch(node);
	return 0;
}
