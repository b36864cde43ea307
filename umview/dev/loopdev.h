/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loopdev.h - the table of virtual loop devices, for the loop*.c files alone
 *
 * loopdev.c keeps the table and moves the data, loop.c answers the ioctls. A
 * loop device is a set (dev/dev.h); um_dev_lock guards it.
 */
#ifndef UM_DEV_LOOPDEV_H
#define UM_DEV_LOOPDEV_H

#include <linux/loop.h>

#include "dev/dev.h"

#define UM_LOOP_MAJOR  7
#define UM_LOOP_SECTOR 512u

/**
 * struct um_backing - the file behind a bound device
 * @path: in the view that bound it
 * @st: which file it is
 */
struct um_backing {
	atomic_int refs;
	struct um_next_file *file;
	char *path;
	struct stat st;
};

/**
 * struct um_loop - a device
 * @set: what it is in the view; its um_dev.priv is the loop
 * @backing: NULL: not bound; ref
 * @info: offset, limit, flags, name
 */
struct um_loop {
	struct um_loop *next;
	int n;
	struct um_devset *set;
	struct um_backing *backing;
	struct loop_info64 info;
};

void um_backing_put(struct um_backing *b);
/* The device's backing file (ref), or NULL. */
struct um_backing *um_backing_of(struct um_loop *l);
/* How often it and its partitions are open; the lock is held. */
int um_loop_opens(const struct um_loop *l);
/* It shows nothing any more. Return: the backing file, to be put. Lock held. */
struct um_backing *um_loop_unbind(struct um_loop *l);

/* LOOP_CTL_*: the number or -errno. */
int um_loop_add(int n);
int um_loop_get_free(void);
int um_loop_remove(int n);

/* loop.c: what its device answers itself. */
extern const struct um_devset_own um_loop_own;
/* loopdev.c */
extern const struct um_dev_ops um_loop_ops;
int um_loop_devices_setup(const struct um_devset_own *control);

#endif
