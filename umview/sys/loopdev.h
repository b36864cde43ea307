/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * loopdev.h - the table of virtual loop devices, for the loop*.c files alone
 *
 * loopdev.c keeps the table, loop.c answers ioctls and mounts, loopnode.c is
 * the file system of the nodes, loopsys.c the texts of /sys and /proc.
 *
 * um_loop_lock guards the table and all devices; no other code runs under it.
 */
#ifndef UM_SYS_LOOPDEV_H
#define UM_SYS_LOOPDEV_H

#include <linux/loop.h>

#include "base/lock.h"
#include "sys/sys.h"

#define UM_LOOP_CONTROL "/dev/loop-control"
#define UM_LOOP_DEVICE	"/dev/loop"
#define UM_LOOP_DIR	"/sys/block/loop"
#define UM_LOOP_LINK	"/sys/dev/block/7:"
#define UM_LOOP_MAJOR	7
#define UM_LOOP_SECTOR	512u

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
 * @opens: how often it is open, by guests, modules and mounts
 * @backing: NULL: not bound; ref
 * @info: offset, limit, flags, name
 * @size: bytes that it shows
 */
struct um_loop {
	struct um_loop *next;
	int n;
	bool removed;
	int opens;
	struct um_backing *backing;
	struct loop_info64 info;
	uint32_t block;
	uint64_t size;
};

extern struct um_mutex um_loop_lock;
extern struct um_loop *um_loop_table;

void um_backing_put(struct um_backing *b);
/* The device's backing file (ref), or NULL. */
struct um_backing *um_backing_of(struct um_loop *l);

/* The device whose node, /dev/loopN, the path is; NULL: none. */
struct um_loop *um_loop_find(const char *path);
struct um_loop *um_loop_by_number(int n);
/* N of "<prefix>N<rest>", rest being "" or beginning with a slash; -ENOENT. */
int um_loop_number(const char *path, const char *prefix, const char **rest);
/* The lock is held. */
bool um_loop_is_bound(const struct um_loop *l);
/* Whether the host's own devices serve the user. */
bool um_loop_host_serves(void);

/* LOOP_CTL_*: the number or -errno. */
int um_loop_add(int n);
int um_loop_get_free(void);
int um_loop_remove(int n);
/* What guests closed a moment ago counts as closed. */
void um_loop_heed_closes(void);
/* Write the backing file through. */
int um_loop_sync(struct um_loop *l);

/*
 * Of /sys/block/loopN, `name` being "" or beginning with a slash: its type
 * (0: none), its entries, its text (to be freed).
 */
mode_t um_loop_sys_type(struct um_loop *l, const char *name);
int um_loop_sys_list(struct um_loop *l, const char *name, um_fill_fn fill,
		     void *arg);
char *um_loop_sys_text(struct um_loop *l, const char *name);
/* The names that /dev and /sys/block show of the devices; um_dev_class. */
bool um_loop_names(const char *dir, um_fill_fn fill, void *arg);

#endif
