/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remount.h - mount(2) of what is mounted already */
#ifndef UM_SYS_REMOUNT_H
#define UM_SYS_REMOUNT_H

#include "sys/sys.h"

/* These flags of mount(2) ask for a change of a mount, not for a new one. */
bool um_remount_is(unsigned long flags);
/* `source` is looked at for MS_MOVE. Result of the call. */
long um_remount(struct um_req *r, const struct um_loc *target,
		const char *source, unsigned long flags, const char *data);
/* A mount point of the host's own. */
bool um_is_host_mount(const struct um_loc *loc);
/* Nothing may be bound from here: --make-unbindable. */
bool um_remount_is_unbindable(const struct um_mount *m);

#endif
