/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - names and nodes of ramfs */
#ifndef RAMFS_TREE_H
#define RAMFS_TREE_H

#include <umview/module.h>

/* A node lives as long as it has names (links) or is open. */
struct node {
	struct stat st;
	unsigned int links, opens;
	char *data;
	struct entry *entries;
};

struct entry {
	struct entry *next;
	struct node *node;
	char name[];
};

struct ramfs {
	struct entry *root;
	ino_t last;
};

struct node *ram_find(struct um_fs *fs, const char *path, struct um_fh *fh);
bool ram_is_below(const char *path, const char *dir);
void ram_touch(struct node *node, bool modified);
/* Largest size of a file; 0: a quarter of the machine's memory. */
extern off_t ram_max_file;
int ram_resize(struct node *node, off_t size);
int ram_make(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev,
	     const char *data);
void ram_drop(struct node *node);
struct entry **ram_lookup(struct um_fs *fs, const char *path,
			  struct node **dir);
int ram_add_name(struct um_fs *fs, const char *path, struct node *node);
void ram_remove_name(struct um_fs *fs, const char *path);
void ram_free_tree(struct entry *e);

#endif
