/* SPDX-License-Identifier: GPL-2.0-or-later */
/* loop.h - virtual loop devices: what mount(8) and losetup(8) ask for */
#ifndef UM_SYS_LOOP_H
#define UM_SYS_LOOP_H

#include <stdio.h>

#include "sys/sys.h"

/* Have view/path.c know the names. 0 or -ENOMEM. */
int um_loop_setup(void);

/* ioctl(2) on an open /dev/loop-control or /dev/loopN of ours. */
long um_loop_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd);

/**
 * um_loop_source() - a source of mount(2) that is a bound device of ours
 * @path: canonical name of the source
 * @readonly: how it is to be mounted
 * @out: what the module is to be told: the backing file where the device shows
 *	all of it, else @path
 * Return: 1 it is one, 0 it is something else; -ENXIO: not bound; -EACCES: it
 * is read-only and the mount is not
 */
int um_loop_source(struct um_req *r, const char *path, bool readonly,
		   const char **out);

bool um_loop_any(void);
/* Lines of /proc/partitions for the bound devices. */
void um_loop_partitions(FILE *out);

#endif
