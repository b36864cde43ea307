/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * imagelock.h - who uses an image of the host: this session, or somebody else
 *
 * Two monitors that write to one image would destroy it, and neither sees the
 * mounts of the other. So who reads an image has a shared lock of the whole
 * file (fcntl(2), F_OFD_SETLK), who writes it an exclusive one. qemu locks
 * bytes of the images that it has open in the same way.
 *
 * A session is one user: all that it has mounted from a file share one lock.
 */
#ifndef UM_VIEW_IMAGELOCK_H
#define UM_VIEW_IMAGELOCK_H

#include <stdbool.h>

#include "base/cleanup.h"

struct um_imagelock;

/*
 * Lock the file behind `fd`, which must be open for writing if @writes. *lock:
 * NULL, or what an earlier call gave; then that becomes exclusive if it must.
 * 0, also where the file has no locks or is none to be locked; EBUSY: somebody
 * else has it.
 */
UM_MUST_CHECK int um_imagelock_take(int fd, bool writes,
				    struct um_imagelock **lock);
void um_imagelock_put(struct um_imagelock *lock);

#endif
