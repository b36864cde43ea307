/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mountopts.h - mount options that the core takes for itself */
#ifndef UM_VIEW_MOUNTOPTS_H
#define UM_VIEW_MOUNTOPTS_H

#include <sys/mount.h>

#include "vnode/mount.h"

/* Flags of mount(2) that a remount changes. */
#define UM_MS_KEPT                                                             \
	(MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME |           \
	 MS_NODIRATIME | MS_SYNCHRONOUS | MS_RELATIME)

/*
 * Take except=, permanent, perm, merge, human out of the comma-separated
 * options `data` and leave the rest in m->options. Quotes and backslash
 * protect commas. 0, -EINVAL (an except= that does not begin with a slash),
 * -ENOMEM.
 */
int um_mountopts_take(struct um_mount *m, const char *data);
bool um_mountopts_has(const char *data, const char *word);
/* What um_mountopts_take() would make the same mount of; to be freed. */
char *um_mountopts_text(const struct um_mount *m);
/* Of options with the same key only the last stays; in place. */
void um_mountopts_compact(char *options);
/* Free what um_mountopts_take() made. */
void um_mountopts_drop(struct um_mount *m);

#endif
