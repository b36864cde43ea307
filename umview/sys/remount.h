/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remount.h - mount(2) of what is mounted already */
#ifndef UM_SYS_REMOUNT_H
#define UM_SYS_REMOUNT_H

#include <sys/mount.h>

#include "sys/sys.h"

/* These flags of mount(2) ask for a change of a mount, not for a new one. */
bool um_remount_is(unsigned long flags);
/* `source` is looked at for MS_MOVE. Result of the call. */
long um_remount(struct um_req *r, const struct um_loc *target,
		const char *source, unsigned long flags, const char *data);
/* Some options become others, whoever sees the mount. 0 or -errno. */
int um_remount_options(struct um_mount *m, unsigned long flags,
		       const char *options);
/* The mount whose root is `from`, to another place. 0 or -errno. */
int um_remount_move(struct um_req *r, const struct um_loc *from,
		    const struct um_loc *target);
#define MS_PROPAGATION (MS_PRIVATE | MS_SHARED | MS_SLAVE | MS_UNBINDABLE)
void um_remount_propagate(struct um_mount *m, unsigned long flags);
/* A mount point of the host's own. */
bool um_is_host_mount(const struct um_loc *loc);
/* Nothing may be bound from here: --make-unbindable. */
bool um_remount_is_unbindable(const struct um_mount *m);

#endif
