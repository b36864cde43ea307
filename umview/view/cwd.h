/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cwd.h - working directories in virtual trees
 *
 * The kernel's working directory of a guest in a virtual directory is a
 * private placeholder: a directory made and removed at once, held open by the
 * monitor. fork and vfork inherit it by themselves; its inode tells which
 * virtual directory it stands for. It is empty and nothing can be made in it,
 * so a call that slips by fails instead of touching a real name. Nothing of it
 * is left on disk, whatever becomes of the monitor.
 */
#ifndef UM_VIEW_CWD_H
#define UM_VIEW_CWD_H

#include "view/view.h"

/* Placeholder for a directory of a mount: borrowed descriptor, or -errno. */
int um_cwd_placeholder(struct um_mount *m, const char *rel);
bool um_cwd_any(void);
/*
 * The virtual directory that the stat is a placeholder of. Return: 1 (2 when it
 * was removed), with the mount (ref) and its path inside it (caller frees);
 * 0: a real directory.
 */
int um_cwd_find(const struct stat *st, struct um_mount **m, char **rel);
/* How many guests have their working directory in the mount. */
size_t um_cwd_busy(struct um_mount *m);
/* Whatever lay at `to` must be told removed before, or has gone to `from`. */
void um_cwd_renamed(struct um_mount *m, const char *from, const char *to,
		    bool exchange);
void um_cwd_removed(struct um_mount *m, const char *rel);
void um_cwd_drop(struct um_mount *m);

#endif
