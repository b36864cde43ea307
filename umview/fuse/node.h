/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * node.h - what the daemon's numbers stand for, and the names that lead there
 *
 * A node lives while a dentry, an open file or an operation at work refers to
 * it; then the daemon is told to forget it, as often as it was looked up. A
 * dentry is a name in a directory node, with the time until which it holds
 * without asking again; without a node it says that the name is absent. Both
 * hold at least for the rest of the system call that asked, so that the steps
 * of one walk do not ask for each prefix again.
 *
 * Daemons answer several requests at once, and their answers are taken by
 * several threads. So an answer may be older than what became known, or was
 * done, since it was asked for: um_fuse_asked() is called before a request, and
 * what it returned is given with the answer, which is kept only if the node has
 * not changed since. Otherwise it is good for who asked, and for nobody else.
 */
#ifndef UM_FUSE_NODE_H
#define UM_FUSE_NODE_H

#include "fuse/conn.h"

struct um_fuse_behind;

/**
 * struct um_fuse_node - a node that the daemon knows
 * @refs, @nlookup: lock
 * @attr, @attr_until, @attr_for: attributes, until when, and for which request
 * @changed: the number of the last change of its attributes; @moved: of names
 *	in it, a directory; lock
 * @files: how often it is open; @leaving: how many of its openings are over,
 * and the daemon has not answered their RELEASE; lock
 * @nameless: a name of it went while it was open; lock
 * @ino: the number that guests see; see shown_ino() in node.c
 * @told: guests know its attributes; lock
 * @behind: what the daemon was not told of yet; @behind_end: its end, or 0;
 * @behind_time: of the last write, or 0; @landed_end: how far it was told, by
 * the change @landed; lock; see behind.c
 */
struct um_fuse_node {
	struct um_hnode node;
	struct um_hnode by_ino;
	struct um_fuse_node *next_forget;
	int refs;
	uint64_t id;
	uint64_t nlookup;
	uint64_t ino;
	bool claims;
	bool nameless;
	int files;
	int leaving;
	struct fuse_attr attr;
	uint64_t attr_until;
	uint64_t attr_for;
	uint64_t changed;
	uint64_t moved;
	bool told;
	struct um_fuse_behind *behind;
	uint64_t behind_end;
	uint64_t landed_end;
	uint64_t landed;
	struct timespec behind_time;
};

/**
 * struct um_fuse_dentry - a name
 * @dir, @node: refs; node NULL: absent
 * @told: guests know it (um_fuse_publish()), by the name in this @bucket
 */
struct um_fuse_dentry {
	struct um_hnode by_name;
	struct um_fuse_dentry *newer, *older;
	struct um_fuse_node *dir;
	struct um_fuse_node *node;
	uint64_t until;
	uint64_t made_for;
	bool told;
	uint16_t bucket;
	char name[];
};

/* The root, which is never forgotten. -ENOMEM. */
int um_fuse_nodes_init(struct um_fuse *c);
void um_fuse_nodes_fini(struct um_fuse *c);

/* Lock and unlock; unlock tells the daemon what is to be forgotten. */
void um_fuse_lock(struct um_fuse *c) UM_ACQUIRE(&c->lock);
void um_fuse_unlock(struct um_fuse *c) UM_RELEASE(&c->lock);

struct um_fuse_node *um_fuse_node_get(struct um_fuse *c,
				      struct um_fuse_node *n);
void um_fuse_node_put(struct um_fuse *c, struct um_fuse_node *n);

/* Before a request: what its answer's age is told by. */
uint64_t um_fuse_asked(struct um_fuse *c);
/* What is known of a name: 0 and its node (ref), -ENOENT, or -EAGAIN: ask. */
int um_fuse_known_name(struct um_fuse *c, struct um_fuse_node *dir,
		       const char *name, struct um_fuse_node **out);
/* The daemon said so, and for how long it holds. */
void um_fuse_set_absent(struct um_fuse *c, struct um_fuse_node *dir,
			const char *name, const struct fuse_entry_out *e,
			uint64_t asked);
/* path.c: the node (ref) that a path leads to. */
int um_fuse_resolve(struct um_fuse *c, const char *path,
		    struct um_fuse_node **out);
/* The directory (ref) that a path's last name is in, and that name. */
int um_fuse_resolve_parent(struct um_fuse *c, const char *path,
			   struct um_fuse_node **dir, const char **name);
/* The dentry, whether it still holds or not; the lock is held. */
struct um_fuse_dentry *um_fuse_find_name(struct um_fuse *c,
					 const struct um_fuse_node *dir,
					 const char *name);
/* CLOCK_MONOTONIC_COARSE, in nanoseconds: the clock of all that holds. */
uint64_t um_fuse_now(void);
/* publish.c: what is still sure of the name goes to the agents (um_mount.tell). */
struct um_told;
void um_fuse_publish(struct um_mount *m, const struct um_told *name);
/* attr.c: a node's attributes as guests see them, but for st_dev. */
void um_fuse_fill_stat(const struct um_fuse_node *n, const struct fuse_attr *a,
		       struct stat *out);
/* What may be believed of attributes. */
bool um_fuse_attr_valid(const struct fuse_attr *a);
/* One lookup of the node is taken back. */
void um_fuse_forget_entry(struct um_fuse *c, uint64_t id);
/*
 * The daemon told of the entry: one lookup more. The node (ref), or -EIO: it
 * cannot be, and the lookup is taken back. name NULL: it has none.
 */
int um_fuse_entry(struct um_fuse *c, struct um_fuse_node *dir, const char *name,
		  const struct fuse_entry_out *e, uint64_t asked,
		  struct um_fuse_node **out);
/* The name is another's now, or nobody's. */
void um_fuse_drop_name(struct um_fuse *c, struct um_fuse_node *dir,
		       const char *name);

/* It is asked for at its next use. */
void um_fuse_expire_name(struct um_fuse *c, struct um_fuse_node *dir,
			 const char *name);
/* After a rename: the daemon must not be told to forget what it just moved. */
void um_fuse_move_name(struct um_fuse *c, struct um_fuse_node *from_dir,
		       const char *from, struct um_fuse_node *to_dir,
		       const char *to, bool exchange);

/* The answer to who asked for attributes, and what the asker is told of it. */
void um_fuse_set_attr(struct um_fuse *c, struct um_fuse_node *n,
		      const struct fuse_attr_out *a, uint64_t asked,
		      struct stat *out);
/* The answer to who changed some. */
void um_fuse_attr_changed(struct um_fuse *c, struct um_fuse_node *n,
			  const struct fuse_attr_out *a, uint64_t asked);
/* They, or names in a directory, are others now: asked for at the next use. */
void um_fuse_forget_attr(struct um_fuse *c, struct um_fuse_node *n);
/* False: not known (any more). */
bool um_fuse_get_attr(struct um_fuse *c, struct um_fuse_node *n,
		      struct stat *out);

void um_fuse_behind_free(struct um_fuse_behind *b);
/* One that the daemon has to be told of (ref), or NULL. */
struct um_fuse_node *um_fuse_next_behind(struct um_fuse *c);
/* For notifications: by number. False: no such node. */
struct um_fuse_node *um_fuse_node_by_id(struct um_fuse *c, uint64_t id);

#endif
