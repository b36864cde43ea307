/* SPDX-License-Identifier: GPL-2.0-or-later */
/* path.h - canonical names compared: is one beneath the other? */
#ifndef UM_BASE_PATH_H
#define UM_BASE_PATH_H

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

#endif
