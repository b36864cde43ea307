/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lazylock.h - locks that the monitor holds for objects in access mode 3 */
#ifndef UM_SYS_LAZYLOCK_H
#define UM_SYS_LAZYLOCK_H

#include <fcntl.h>

#include "sys/sys.h"

long um_lazy_fcntl(struct um_req *r, struct um_obj *o);
long um_lazy_flock(struct um_req *r, struct um_obj *o);
/* The guest is going to close a descriptor of v. */
void um_lazy_close(struct um_req *r, const struct um_vnode *v);
/* The guest's process may have locks of fcntl(2) of this file here. */
bool um_lazy_has(struct um_req *r, const struct um_obj *o);
/*
 * A LAZY object becomes ready. What holds its locks, for the guest (caller
 * closes), or -ENOENT; those of processes outlive the object.
 */
int um_lazy_hand_over(const struct um_obj *o);
/* What holds the flock of a LAZY object, borrowed; or -errno. */
int um_lazy_flock_fd(struct um_obj *o);
/* Offsets relative to the position of ofd, or the end, become absolute. */
int um_lock_absolute(struct um_obj *o, int ofd, struct flock *fl);

#endif
