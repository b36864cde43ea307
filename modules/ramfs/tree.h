/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tree.h - names and nodes of ramfs */
#ifndef RAMFS_TREE_H
#define RAMFS_TREE_H

#include <umview/module.h>

#define RAM_PAGE 4096

struct ramfs;
struct table;

/*
 * A node lives as long as it has names (links) or is open. @target: of a
 * symbolic link. @tables: the content of a file (data.c).
 */
struct node {
	struct ramfs *in;
	struct stat st;
	unsigned int links, opens;
	char *target;
	struct table **tables;
	size_t ntables;
	uint64_t pages;
	struct entry *entries;
};

struct entry {
	struct entry *next;
	struct node *node;
	char name[];
};

/* Options. @pages, @nodes: how many there may be; 0: any number. */
struct ram_limits {
	bool is_tmpfs;
	uint64_t pages, nodes;
	uint32_t mode, uid, gid;
};

/* @pages, @nodes: how many there are. */
struct ramfs {
	struct entry *root;
	ino_t last;
	struct ram_limits limits;
	uint64_t pages, nodes;
};

struct node *ram_find(struct um_fs *fs, const char *path, struct um_fh *fh);
bool ram_is_below(const char *path, const char *dir);
void ram_touch(struct node *node, bool modified);
/* Largest size of a file, for tests; 0: the usual one. */
extern off_t ram_max_file;
int ram_resize(struct node *node, off_t size);
/* Bytes that lie within st_size. */
void ram_copy_out(const struct node *node, char *buf, size_t n, off_t off);
/* How many there was room for, or -errno. */
ssize_t ram_copy_in(struct node *node, const char *buf, size_t n, off_t off);
/* Page n, or NULL. Made where it lacks: NULL and *err. */
char *ram_get_page(const struct node *node, size_t n);
char *ram_make_page(struct node *node, size_t n, int *err);
void ram_drop_pages(struct node *node, size_t first);
void ram_free_data(struct node *node);
int ram_take_page(const struct node *node);
void ram_give_page(struct ramfs *ram);
int ram_take_node(struct ramfs *ram);
int ram_make(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev,
	     const char *target);
void ram_drop(struct node *node);
struct entry **ram_lookup(struct um_fs *fs, const char *path,
			  struct node **dir);
int ram_add_name(struct um_fs *fs, const char *path, struct node *node);
void ram_remove_name(struct um_fs *fs, const char *path);
void ram_free_tree(struct entry *e);

#endif
