/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h - virtual loop devices: what mount(8) and losetup(8) ask for */
#ifndef UM_DEV_LOOP_H
#define UM_DEV_LOOP_H

#include "dev/dev.h"

/* /dev/loop-control, unless the host's own devices serve. 0 or -ENOMEM. */
int um_loop_setup(void);

/*
 * What a module that is to mount this device should open: the backing file
 * where the device shows all of it. 1: *out is set; 0: it is no such device;
 * -ENXIO: not bound. The lock is not held.
 */
int um_loop_backing(struct um_req *r, const struct um_devset *s,
		    const char **out);

#endif
