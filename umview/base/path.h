/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path.h - canonical names compared: is one beneath the other? */
#ifndef UM_BASE_PATH_H
#define UM_BASE_PATH_H

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/*
 * What follows `dir` in `path` when path is dir ("") or beneath it ("/..."),
 * else NULL. All is beneath "/", and follows it whole.
 */
static inline const char *um_path_beneath(const char *path, const char *dir)
	__attribute__((nonnull));

static inline const char *um_path_beneath(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (n == 1)
		return path;
	if (strncmp(path, dir, n) != 0 || (path[n] && path[n] != '/'))
		return NULL;
	return path + n;
}

/* The name as who has this root sees it; NULL: out of its reach. */
static inline const char *um_path_seen(const char *path, const char *root)
{
	const char *rest = um_path_beneath(path, root);

	return rest && !*rest ? "/" : rest;
}

/* dir/name into out, of PATH_MAX bytes. False: it is longer. */
static inline bool um_path_join(char *out, const char *dir, const char *name)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir[1] ? dir : "", name);

	return n > 0 && n < PATH_MAX;
}

#endif
