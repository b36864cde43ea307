/* SPDX-License-Identifier: GPL-2.0-or-later */
/* memfs.h - the table of names and nodes of umfusememfs */
#ifndef UMFUSE_TESTS_MEMFS_H
#define UMFUSE_TESTS_MEMFS_H

#define FUSE_USE_VERSION 34

#include <fuse.h>

#include <sys/stat.h>

#define MAX_NAMES 4096
#define XATTR_MAX 256

struct node {
	struct stat st;
	int opens;
	char *data;
	char xname[64];
	char xvalue[XATTR_MAX];
	size_t xsize;
	int has_xattr;
};

struct name {
	char *path;
	struct node *node;
};

/* A free one has no path. */
extern struct name memfs_names[MAX_NAMES];

/* One lock for all; leave hands its argument on. */
int memfs_enter(void);
int memfs_leave(int ret);

struct name *memfs_find(const char *path);
struct node *memfs_node(const char *path, struct fuse_file_info *fi);
/* Is path an entry of dir? Gives its name. */
const char *memfs_entry(const char *path, const char *dir);
void memfs_touch(struct node *node);
int memfs_add(const char *path, struct node *node);
/* Free a node that has neither name nor user. */
void memfs_drop(struct node *node);
void memfs_forget(struct name *name);
int memfs_make(const char *path, mode_t mode, dev_t rdev, const char *data);
int memfs_resize(struct node *node, off_t size);

#endif
