/* SPDX-License-Identifier: GPL-2.0-or-later */
/* remoteofd.h - locks of open file descriptions that the file system keeps */
#ifndef UM_SYS_REMOTEOFD_H
#define UM_SYS_REMOTEOFD_H

#include "sys/remotelock.h"

/* F_OFD_SETLK and its like; fl is checked and absolute. */
long um_remote_ofd(struct um_req *r, struct um_obj *o, struct flock *fl);
/* There are such locks of the file. */
bool um_remote_ofd_has(const struct um_vnode *v);
/* Some opening of it is gone. */
void um_remote_ofd_closed(struct um_vnode *v);

#endif
