/* SPDX-License-Identifier: GPL-2.0-or-later */
/* listing.h - the names that a FUSE program's readdir fills in */
#ifndef FUZZ_LISTING_H
#define FUZZ_LISTING_H

#ifndef FUSE_USE_VERSION
#define FUSE_USE_VERSION 312
#endif
#include <fuse.h>
#include <string.h>
#include <sys/stat.h>

#define MAX_ENTRIES 64

/* The names of one directory, while they last. */
struct names {
	char *name[MAX_ENTRIES];
	int n;
};

/* A fuse_fill_dir_t; arg is the struct names. */
static inline int take_name(void *arg, const char *name, const struct stat *st,
			    off_t off, enum fuse_fill_dir_flags flags)
{
	struct names *names = arg;

	(void)st;
	(void)off;
	(void)flags;
	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (names->n == MAX_ENTRIES)
		return 1;
	names->name[names->n] = strdup(name);
	return !names->name[names->n] || !++names->n;
}

#endif
