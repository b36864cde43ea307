/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cusedev.h - character devices that programs serve through /dev/cuse */
#ifndef UM_SYS_CUSEDEV_H
#define UM_SYS_CUSEDEV_H

#include "fuse/chan.h"
#include "sys/sys.h"

/* Have view/path.c know the devices. */
void um_cusedev_setup(void);
/* A guest has opened /dev/cuse: ask it what it serves. 0 or -errno. */
UM_MUST_CHECK int um_cusedev_start(struct um_chan *ch);
/* The file system of such a device. */
bool um_cusedev_is(const struct um_mount *m);
long um_cusedev_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd);

#endif
