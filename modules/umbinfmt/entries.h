/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * entries.h - the files of one mount: the root, `register`, `status`, entries
 *
 * A node lives as long as its name or an opening of it. The mutex of the mount
 * guards everything here but what never changes: an entry's text, its
 * interpreter's file.
 */
#ifndef UMBINFMT_ENTRIES_H
#define UMBINFMT_ENTRIES_H

#include <pthread.h>

#include <umview/binfmt.h>
#include <umview/module.h>

/**
 * struct node - a file
 * @next: the entry that was registered before it
 * @uses: openings, and one for its name
 * @f: NULL in what is no entry
 * @interp: flag F: the interpreter; or NULL
 */
struct node {
	struct node *next;
	int uses;
	struct stat st;
	struct um_binfmt *f;
	struct um_binfmt_file *interp;
};

/**
 * struct binfmt - a mount
 * @scope: only what lies below this directory is run; NULL: everything
 * @off: `status` says disabled
 * @taken: the entries that were beneath are its own: nobody else is asked
 * @debug: tell what happens
 */
struct binfmt {
	pthread_mutex_t mutex;
	struct node root;
	struct node reg;
	struct node status;
	struct node *entries;
	ino_t last_ino;
	char *scope;
	bool off;
	bool taken;
	bool debug;
};

void nodes_init(struct binfmt *b);
void nodes_fini(struct binfmt *b);
/* By path, or by what open gave; NULL: there is none. */
struct node *node_find(struct binfmt *b, const char *path,
		       const struct um_fh *fh);
/* With its last use an entry is freed. */
void node_put(struct node *n);
/* Takes f and interp, if it returns 0; else -EEXIST, -ENAMETOOLONG, -ENOMEM. */
int entry_add(struct binfmt *b, struct um_binfmt *f,
	      struct um_binfmt_file *interp);
void entry_remove(struct binfmt *b, struct node *n);

#endif
