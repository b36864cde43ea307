/* SPDX-License-Identifier: GPL-2.0-or-later */
/* names.h - the model of names.c: a tree as it is to be */
#ifndef FS_NAMES_H
#define FS_NAMES_H

#include "chance.h"

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

/* How many names a directory may have, and how deep paths go. */
#define POOL  9
#define DEPTH 4
#define BASES 4

/**
 * struct thing - a file, a directory, a link…
 * @type: as S_IFMT of st_mode
 * @refs: names and descriptors that lead here
 * @names: how many names it has, for st_nlink
 * @text: content of a file, target of a link
 * @ino: what the file system said first
 * @child: what the names of a directory lead to
 * @lost: a name of it was removed
 * @dead: a directory that was removed
 */
struct thing {
	mode_t type;
	mode_t mode;
	int refs;
	int names;
	char text[24];
	ino_t ino;
	bool has_time;
	struct timespec time;
	char attr[24];
	struct thing *up;
	struct thing *child[POOL];
	bool lost;
	bool dead;
};

/* A path: from where it starts, and numbers of names. */
struct path {
	struct thing *from;
	int fd;
	int depth;
	int name[DEPTH];
	char text[DEPTH * 260];
};

/* What the path's last name is in, and what it leads to (NULL: nothing). */
struct place {
	struct thing *dir;
	struct thing *thing;
	int name;
};

extern struct chance c;
extern const char *const *pool;

struct thing *thing_new(mode_t type, mode_t mode);
void thing_put(struct thing *t);
/* Name `name` of dir leads to t, takes a reference; or to nothing. */
void thing_link(struct thing *dir, int name, struct thing *t);
void thing_unlink(struct thing *dir, int name);
bool thing_is_empty(const struct thing *t);
/* Is t the directory d, or above it? */
bool thing_is_above(const struct thing *t, const struct thing *d);

/* The errno of a walk to the last name, links on the way followed; or 0. */
int walk(const struct path *p, struct place *out);
/* And if the last name is a link, what that leads to. */
int walk_follow(const struct path *p, struct place *out);

/* The errno that rename(2) is to have, or 0. */
int model_rename(const struct path *from, const struct path *to,
		 unsigned int flags);

/* Compares all that can be reached from dirfd with the model. names_check.c */
void check_tree(int dirfd, struct thing *dir);
void check_thing(const struct stat *st, struct thing *t, const char *name);
void check_content(int fd, const struct thing *t, const char *name);
void check_listing(int dirfd, struct thing *dir);

#endif
