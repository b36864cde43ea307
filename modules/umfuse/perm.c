// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * perm.c - option human: mode bits are enforced
 *
 * Without it every guest is as root here. With it the rules of path_resolution
 * (7) hold for the ids the program is told (fuse_get_context()). Supplementary
 * groups are those of fuse_getgroups(). uid 0 may everything.
 */
#include "umfuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_GROUPS 256

static bool is_free(const struct umfuse_call *c)
{
	return !c->mnt->opts.human || fuse_get_context()->uid == 0;
}

static bool in_group(gid_t gid)
{
	gid_t list[MAX_GROUPS];
	int n;

	if (fuse_get_context()->gid == gid)
		return true;
	n = fuse_getgroups(MAX_GROUPS, list);
	for (int i = 0; i < n && i < MAX_GROUPS; i++)
		if (list[i] == gid)
			return true;
	return false;
}

static int check(const struct stat *st, int mask)
{
	unsigned int bits = st->st_mode;

	if (st->st_uid == fuse_get_context()->uid)
		bits >>= 6;
	else if (in_group(st->st_gid))
		bits >>= 3;
	return ((unsigned int)mask & ~bits & 7) ? -EACCES : 0;
}

/* Search permission on every directory above path. */
static int may_reach(struct umfuse_call *c, const char *path)
{
	char *dir = strdup(path), *p;
	struct stat st;
	int err = dir ? 0 : -ENOMEM;

	while (!err && (p = strrchr(dir, '/')) && dir[1]) {
		p[p == dir] = 0;
		err = umfuse_getattr(c, dir, NULL, &st);
		if (!err)
			err = check(&st, X_OK);
		if (p == dir)
			break;
	}
	free(dir);
	return err;
}

int umfuse_may(struct umfuse_call *c, const char *path, int mask)
{
	struct stat st;
	int err;

	if (is_free(c) || !path)
		return 0;
	err = may_reach(c, path);
	if (err || mask == F_OK)
		return err;
	err = umfuse_getattr(c, path, NULL, &st);
	return err ? err : check(&st, mask);
}

/* In a sticky directory only owners remove names. */
static int check_sticky(struct umfuse_call *c, const struct stat *dir,
			const char *path)
{
	uid_t uid = fuse_get_context()->uid;
	struct stat st;

	if (!(dir->st_mode & S_ISVTX) || dir->st_uid == uid)
		return 0;
	if (umfuse_getattr(c, path, NULL, &st) < 0)
		return 0; /* nothing there to protect */
	return st.st_uid == uid ? 0 : -EPERM;
}

int umfuse_may_change(struct umfuse_call *c, const char *path, bool victim)
{
	const char *slash = strrchr(path, '/');
	struct stat st;
	char *dir;
	int err;

	if (is_free(c))
		return 0;
	dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (!dir)
		return -ENOMEM;
	err = umfuse_may(c, dir, W_OK | X_OK);
	if (!err && victim)
		err = umfuse_getattr(c, dir, NULL, &st);
	if (!err && victim)
		err = check_sticky(c, &st, path);
	free(dir);
	return err;
}

int umfuse_may_own(struct umfuse_call *c, const char *path)
{
	struct stat st;
	int err;

	if (is_free(c) || !path)
		return 0;
	err = may_reach(c, path);
	if (!err)
		err = umfuse_getattr(c, path, NULL, &st);
	if (!err && st.st_uid != fuse_get_context()->uid)
		err = -EPERM;
	return err;
}

int umfuse_may_chown(struct umfuse_call *c, const char *path, uid_t uid,
		     gid_t gid)
{
	int err;

	if (is_free(c))
		return 0;
	err = umfuse_may_own(c, path);
	if (!err && uid != (uid_t)-1 && uid != fuse_get_context()->uid)
		err = -EPERM;
	if (!err && gid != (gid_t)-1 && !in_group(gid))
		err = -EPERM;
	return err;
}
