// SPDX-License-Identifier: GPL-2.0-or-later
/* attrs.c - attributes: those of the view beneath, if not hidden */
#include "hide.h"

#include <errno.h>

/* A file that may be open; a node without a name has none beneath. */
#define PASS_FH(op, params, call)                                              \
	static int hide_##op params                                            \
	{                                                                      \
		char real[PATH_MAX];                                           \
		int err = hide_below(fs, path, -ENOENT, real);                 \
                                                                               \
		(void)fh;                                                      \
		return err ? err : um_next_##op call;                          \
	}

PASS_FH(chmod,
	(struct um_fs * fs, const char *path, struct um_fh *fh, mode_t mode),
	(fs->next, real, mode))
PASS_FH(chown,
	(struct um_fs * fs, const char *path, struct um_fh *fh, uid_t uid,
	 gid_t gid),
	(fs->next, real, uid, gid))
PASS_FH(utimens,
	(struct um_fs * fs, const char *path, struct um_fh *fh,
	 const struct timespec ts[2]),
	(fs->next, real, ts))

static int hide_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	char real[PATH_MAX];
	int err;

	if (fh)
		return um_next_fstat(file_of(fh), out);
	err = hide_below(fs, path, -ENOENT, real);
	return err ? err : um_next_lstat(fs->next, real, out);
}

static int hide_statfs(struct um_fs *fs, struct statfs *out)
{
	const struct hide *hide = fs->priv;

	return um_next_statfs(fs->next, hide->source, out);
}

void hide_attrs(struct um_fs_ops *ops)
{
	ops->getattr = hide_getattr;
	ops->chmod = hide_chmod;
	ops->chown = hide_chown;
	ops->utimens = hide_utimens;
	ops->statfs = hide_statfs;
}
