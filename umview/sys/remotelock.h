/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remotelock.h - locks of files whose file system keeps them itself */
#ifndef UM_SYS_REMOTELOCK_H
#define UM_SYS_REMOTELOCK_H

#include "sys/lazylock.h"

void um_remotelock_setup(void);
/* fcntl(2) and flock(2). -ENOSYS: the file system keeps no such locks. */
long um_remote_fcntl(struct um_req *r, struct um_obj *o);
long um_remote_flock(struct um_req *r, struct um_obj *o);
/* Closes of files are heard of from now on. */
int um_remote_listen(void);
/*
 * Another machine may have it: asking again is all that there is, a little later
 * each time. False: the guest is to wait no longer, *ret tells why.
 */
bool um_lock_nap(struct um_req *r, int *ms, long *ret);
/* The guest is going to close a descriptor of v. */
void um_remote_close(struct um_req *r, struct um_vnode *v);

#endif
