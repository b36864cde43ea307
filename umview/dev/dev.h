/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dev.h - virtual devices: nodes, numbers, and what answers behind them
 *
 * A *set* is one device with its sub devices: a disk and its partitions, say.
 * Each of them is a *node*: number 0 is the device, n the n-th sub device. A
 * set belongs to a mount, whose operations are those of node.c:
 *
 *   mount -t umdevNAME	the mount stands in a view's list, and the set lives as
 *			long as it does
 *   loop devices	one mount that stands in no list; its sets are in every
 *			view, and never go
 *
 * The mount answers for more than its mount point: for the names of all nodes,
 * and for what /sys says of them (um_dev_covers()). Names inside it are
 * canonical names of the view, but "/" for the mount point.
 *
 *   dev.c	the table of sets; numbers and names
 *   names.c	what the view shows: which path is whose, listings
 *   node.c	the file system operations; open devices
 *   call.c	ioctl(2) on open devices
 *   blk.c	block devices: transfers, sizes
 *   blkioctl.c	their ioctls
 *   parts.c	partitions of a set; part.c reads the tables
 *   sysfs.c	what /sys and /proc/partitions say
 *   stream.c	character devices that are sockets
 *   loop*.c	loop devices
 *
 * um_dev_lock (rank LEAF) guards the table, all sets and nodes; no module runs
 * under it. A set outlives each operation of its mount; a node each opening.
 */
#ifndef UM_DEV_DEV_H
#define UM_DEV_DEV_H

#include <stdio.h>
#include <sys/sysmacros.h>

#include <umview/dev.h>

#include "base/lock.h"
#include "guest/contain.h"
#include "guest/self.h"
#include "view/path.h"

struct um_devset;

/**
 * struct um_devnode - a node of a set
 * @next: in the order of the numbers
 * @path: canonical name in the view
 * @name: its last part: what /sys calls it
 * @start, @size: where a partition lies in its disk; bytes
 * @readonly: BLKROSET
 * @opens: how often it is open, by guests, modules and mounts
 * @excl: one of these with O_EXCL
 * @held: how many of these are mounts
 * @soft_block, @readahead: what BLKBSZSET and BLKRASET said
 */
struct um_devnode {
	struct um_devnode *next;
	struct um_devset *set;
	unsigned int n;
	char *path;
	char name[64];
	char uuid[37];
	ino_t ino;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	dev_t rdev;
	struct timespec mtime;
	uint64_t start;
	uint64_t size;
	bool readonly;
	int opens;
	int excl;
	int held;
	unsigned int soft_block;
	unsigned long readahead;
};

/* One ioctl(2) at work; see um_dev_ioctl(). */
struct um_dev_call {
	struct um_req *r;
	unsigned int cmd;
	struct um_devnode *node;
	struct um_dev_fh *fh;
	/* set by who answers: its size is another; where it was wiped */
	bool resized;
	uint64_t wiped[2];
};

/**
 * struct um_devset_own - what a device of the core's own answers itself
 * @ioctl: -ENOIOCTLCMD: as any other
 * @files: more files of its directory in /sys, "dir/name"; NULL ends
 * @has_files: whether they are there at the moment
 * @text: their content, to be freed; the lock is held
 */
struct um_devset_own {
	long (*ioctl)(struct um_devset *s, struct um_dev_call *c);
	const char *const *files;
	bool (*has_files)(const struct um_devset *s);
	char *(*text)(const struct um_devset *s, const char *file);
	void (*opened)(struct um_devset *s);
	void (*closed)(struct um_devset *s);
};

#define UM_ENOIOCTLCMD 515

/**
 * struct um_devset - a device with its sub devices
 * @mount: whose; borrowed
 * @everywhere: in all views, and in no list
 * @hidden: not there for the moment (LOOP_CTL_REMOVE)
 * @foreign: its number may be one of the host's
 * @beneath: what the module's calls of libc are for; NULL: the host
 * @parts: its partitions have the numbers after this; 0: those after its own,
 *	or none given yet (@everywhere: the numbers after its own are others')
 * @serial: of which opening of this disk it is: BLKGETDISKSEQ
 * @nodes: number 0 first
 */
struct um_devset {
	struct um_devset *next;
	struct um_mount *mount;
	struct um_dev dev;
	struct um_dev_spec spec;
	const struct um_devset_own *own;
	bool everywhere;
	bool hidden;
	bool foreign;
	bool any_minor;
	struct um_list *beneath;
	dev_t parts;
	uint64_t serial;
	struct um_devnode *nodes;
};

/*
 * An operation of the module's: `call`, in the view that it is to see. A crash
 * in it leads back to the mount's operation (guest/contain.h).
 */
#define UM_DEV_OP(s, call)                                                     \
	({                                                                     \
		struct um_self _self = um_self_enter((s)->beneath);            \
		um_contain_resume(_self.contained);                            \
		typeof(call) _ret = (call);                                    \
		um_self_restore(&_self);                                       \
		_ret;                                                          \
	})

extern struct um_mutex um_dev_lock;
extern struct um_devset *um_devsets;
/* The mount of devices that are in every view. */
extern struct um_mount *um_dev_shared;

/* ---- dev.c ---- */

/* Before the first guest. 0 or -errno. */
int um_dev_setup(void);
struct um_devset *um_devset_new(struct um_mount *m, const struct um_dev *dev,
				const char *path, dev_t rdev);
/* It was hidden so far: from now on it is found. */
void um_devset_publish(struct um_devset *s);
void um_devset_free(struct um_devset *s);
/* A node more; the lock is held. -ENOMEM, -EEXIST. */
int um_devnode_add_locked(struct um_devset *s, unsigned int n, uint64_t start,
			  uint64_t size);
void um_devnode_del_locked(struct um_devset *s, struct um_devnode *n);
struct um_devnode *um_devnode_find_locked(struct um_devset *s, unsigned int n);
uint64_t um_dev_next_serial(void);
static inline bool um_devset_is_block(const struct um_devset *s)
{
	return S_ISBLK(s->dev.type);
}
unsigned int um_devset_block(const struct um_devset *s);
/* Nodes came or went: what views tell their agents is out of date. */
void um_dev_names_changed(void);

/* ---- names.c ---- */

enum um_dev_kind {
	UM_DEV_NONE,
	UM_DEV_NODE,
	UM_DEV_ABSENT,
	UM_DEV_LINK,
	UM_DEV_DIR,
	UM_DEV_FILE
};

/**
 * struct um_dev_place - what a path of a mount of devices leads to
 * @n: which node of the set
 * @rest: in its directory of /sys, "" or beginning with a slash
 */
struct um_dev_place {
	enum um_dev_kind kind;
	struct um_devset *set;
	struct um_devnode *node;
	const char *rest;
};

/* The lock is held, and holds the node. */
struct um_dev_place um_dev_place_locked(const struct um_mount *m,
					const char *path);
/**
 * um_dev_source() - a source of mount(2) that is a virtual block device
 * @path: canonical name of the source
 * @readonly: how it is to be mounted
 * @out: what the module is to be told: a loop device's file, or @path
 * Return: 1 it is one, and is to be held; 0 it is something else; -EACCES: it
 * is read-only and the mount is not; -ENXIO: a loop device, not bound
 */
int um_dev_source(struct um_req *r, const char *path, bool readonly,
		  const char **out);
/* Lines of /proc/partitions. */
bool um_dev_any_block(const struct um_list *l);
void um_dev_partitions(const struct um_list *l, FILE *out);
int um_dev_names_setup(void);

/* ---- node.c ---- */

extern const struct um_fs_ops um_dev_fs_ops;
/* Open a device's node of a mount: a descriptor of ours or -errno. */
int um_dev_open(struct um_mount *m, const char *rel, const struct stat *st,
		int flags);
/* Whether a device of the mount is; what is open of /sys does not count. */
bool um_dev_is_open(struct um_mount *m);
/* ioctl(2) on an open device that is no stream (call.c). */
long um_dev_ioctl(struct um_req *r, struct um_obj *o, unsigned int cmd);
/* How a mount opens its source (um_next_open()): others may mount it too. */
#define UM_DEV_HOLD (O_EXCL | O_NOFOLLOW)

/* ---- blk.c ---- */

ssize_t um_blk_read(struct um_devnode *n, struct um_dev_fh *fh, void *buf,
		    size_t size, off_t off);
ssize_t um_blk_write(struct um_devnode *n, struct um_dev_fh *fh,
		     const void *buf, size_t size, off_t off);
int um_blk_sync(struct um_devset *s);
/* -EOPNOTSUPP: it cannot discard; zeros are always written somehow. */
int um_blk_wipe(struct um_devnode *n, enum um_dev_wipe how, uint64_t off,
		uint64_t size);
bool um_blk_is_readonly(const struct um_devnode *n);
bool um_blk_is_readonly_locked(const struct um_devnode *n);

/* ---- blkioctl.c ---- */

long um_blk_ioctl(struct um_devset *s, struct um_dev_call *c);

/* ---- parts.c ---- */

/* Read the table anew. -EBUSY: a partition is open. */
int um_parts_scan(struct um_devset *s);
long um_parts_blkpg(struct um_devset *s, struct um_dev_call *c);

/* ---- sysfs.c ---- */

/* In the directory of a node, name "" or beginning with a slash; lock held. */
enum um_dev_kind um_dev_sys_kind(const struct um_devnode *n, const char *name);
int um_dev_sys_list(struct um_mount *m, const char *path, um_fill_fn fill,
		    void *arg);
char *um_dev_sys_text(const struct um_devnode *n, const char *name);
ssize_t um_dev_sys_link(const struct um_devnode *n, const char *path, char *buf,
			size_t size);

#endif
