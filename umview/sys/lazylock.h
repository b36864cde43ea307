/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lazylock.h - locks that the monitor holds for objects in access mode 3 */
#ifndef UM_SYS_LAZYLOCK_H
#define UM_SYS_LAZYLOCK_H

#include <fcntl.h>

#include "sys/sys.h"

long um_lazy_fcntl(struct um_req *r, struct um_obj *o);
long um_lazy_flock(struct um_req *r, struct um_obj *o);
/* What holds the flock of a LAZY object, borrowed; or -errno. */
int um_lazy_flock_fd(struct um_obj *o);
/* Offsets relative to the position of ofd, or the end, become absolute. */
int um_lock_absolute(struct um_obj *o, int ofd, struct flock *fl);

#endif
