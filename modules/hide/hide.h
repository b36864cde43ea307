/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hide.h - a directory without some of its names */
#ifndef HIDE_HIDE_H
#define HIDE_HIDE_H

#include <limits.h>

#include <umview/module.h>

/* What a mount's um_fs.priv points to. */
struct hide {
	char *source;
	char *pattern;
};

/* Has the path a component that is to be hidden? */
bool hide_matches(const struct hide *hide, const char *path);
/* The path beneath; hidden: what is said of a path that is not to be seen. */
int hide_below(struct um_fs *fs, const char *path, int hidden,
	       char out[PATH_MAX]);

static inline struct um_next_file *file_of(struct um_fh *fh)
{
	return (struct um_next_file *)(uintptr_t)fh->fh;
}

/* Each fills in its operations. */
void hide_names(struct um_fs_ops *ops);
void hide_attrs(struct um_fs_ops *ops);
void hide_files(struct um_fs_ops *ops);

#endif
