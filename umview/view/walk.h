/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * walk.h - a walk at work: what path.c, start.c (where it begins) and known.c
 * (what it leaves for the agents) share
 *
 * Of no use to others: view/path.h is what a name is walked by.
 */
#ifndef UM_VIEW_WALK_H
#define UM_VIEW_WALK_H

#include <string.h>

#include "view/path.h"

struct um_walk {
	struct um_req *r;
	const char *root;
	const char *start;
	const char *origin;
	bool *hidden;
	size_t base;
	size_t low;
	struct um_mount *mount;
	struct um_mount *anchor;
	const char *rel;
	bool native;
	bool slash;
	bool special;
	bool exists;
	bool stop;
	bool confined;
	bool gone;
	bool covered;
	bool checks;
	bool starts_inside;
	int links;
	uint64_t gen;
	uint64_t from;
	unsigned int flags;
	struct stat st;
	struct um_obj *obj;
	char cur[UM_VIEW_PATH_MAX + UM_LONG_NAME + 2];
	char rest[2 * PATH_MAX];
	char comp[UM_LONG_NAME + 1];
};

static inline bool um_path_is_in_proc(const char *path)
{
	return !strncmp(path, "/proc/", 6);
}

/* The walk stands at this canonical name now. 0 or -ENAMETOOLONG. */
int um_walk_set_cur(struct um_walk *w, const char *path);

/*
 * The walk stands in the directory that is at this canonical name on mount m:
 * a node, not a name. See start.c. 0 or -errno.
 */
int um_walk_stand(struct um_walk *w, struct um_mount *m, const char *path);
/* It stands where names lead as they do for everybody. */
void um_walk_unbind(struct um_walk *w);
/* It went up to `cur`: mounts there are in sight again. */
void um_walk_rise(struct um_walk *w);

/*
 * Return of a start: a real directory that has no name any more, or none that
 * is short enough. What lies beneath is the kernel's.
 */
#define UM_WALK_UNNAMED 1

/* Stand where `path` begins: the root, or dirfd. 0, UM_WALK_UNNAMED, -errno. */
int um_walk_start(struct um_walk *w, int dirfd, const char *path);
/* From a directory without a name: the guest's own name, or the long way. */
int um_walk_leave(const struct um_walk *w, int dirfd, const char *path,
		  struct um_loc *out);

/*
 * The kernel finds by this name what the view has there: the agents need not
 * ask again. Names below /proc are never that sure, nor is a directory that
 * shows more than it has.
 */
void um_walk_remember(const struct um_walk *w, const char *path,
		      const struct um_loc *loc);
/*
 * The walk of `text` led to the canonical name `to`, or ended there: the agents
 * need not ask what that means, nor the directories on the way to it.
 */
void um_walk_tell(const struct um_walk *w, const char *text, const char *to);

#endif
