/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mount.h - one mounted file system: the module's part and the core's
 *
 * References: every layer list that holds the mount, every vnode and object
 * on it, every request that walks it. The last one to go unmounts.
 */
#ifndef UM_VNODE_MOUNT_H
#define UM_VNODE_MOUNT_H

#include <stdatomic.h>

#include <umview/module.h>

#include "base/cleanup.h"
#include "base/lock.h"

struct um_told;

/*
 * A mount that fsmount(2) or open_tree(2) made is in no view, and goes with its
 * last descriptor: it floats until move_mount(2) settles it.
 */
enum um_mount_place { UM_SETTLED, UM_FLOATING };

#define UM_NAME_LOCKS 16

/* The longest name that the FUSE protocol has room for. */
#define UM_LONG_NAME 1024

/**
 * struct um_mount - a mount; all but refs, counters, @flags and @options
 * never changes
 * @point: canonical mount point in the view, where it was mounted; a list may
 *	have moved it (um_list_point())
 * @source, @type, @options: as /proc/mounts shows them
 * @old: what @options were, for those who still look at them
 * @flags: MS_* of mount(2)
 * @beneath: layers below it (struct um_list, ref)
 * @relayed: by what umview-mounter started; @instead: where it is to be, or NULL
 * @human: mode bits are enforced; see view/perm.h
 * @capture: the view beneath has mounts: what the module asks of libc is for it
 * @except: subtrees that stay as they were, relative to point
 * @release_beneath: the view layer's way to drop @beneath
 * @names: which file a name or an inode number means: held where a file is
 *	made or removed, and where a name is turned into a vnode; before io
 *	locks, never under one. See namelock.c
 * @dead: shut down; every operation answers EIO, no path leads here
 * @crashed: an operation of its module crashed: none is called any more
 * @inflight: operations at work
 * @detached: next in the list of detached mounts
 * @listed: it is in that list, or looked at by who goes through it
 * @settled: it has a place in a view by now, and leaves that list
 * @floating: UM_SETTLED or UM_FLOATING
 * @bytes: of its files in memory
 * @users: files that modules of other mounts hold open here
 * @keepers: mounts that show its tree elsewhere: out of all views, it lives on
 *	for them. Below 0: it ends, and none comes any more
 * @devices: what is open(2)ed of its device nodes is its own, not the host's.
 *	Names inside it are those of the view, but for its mount point, "/"
 * @hurried: umount -l or -f: its end waits for nobody
 * @root_type: S_IFMT of its root, where that is known without asking; else 0
 * @image, @image_ino, @server: what it was mounted from, and by what; see
 *	um_mount_claim()
 * @forget_devices: called last, where @devices: its module may have crashed
 * @jump: names in it are those below this one of the host's (/proc, /dev, /sys)
 * @tell: guests are told, by um_shared_tell(), of what is sure of a name without
 *	asking; NULL: of what @cache has
 * @long_names: of up to UM_LONG_NAME bytes, not NAME_MAX, as FUSE has them
 * @ops: what fs.ops points to, see um_mount_own_ops()
 * @source_hold: what keeps the source in use until the file system has ended
 */
struct um_mount {
	atomic_int refs;
	unsigned int id;
	struct um_fs fs;
	struct um_fs_ops ops;
	dev_t dev;
	char *point;
	char *source;
	char *type;
	char *_Atomic options;
	struct um_old_text *old;
	char *jump;
	unsigned long flags;
	char *instead;
	bool permanent;
	bool relayed;
	bool human;
	bool merge;
	bool capture;
	bool devices;
	bool hurried;
	mode_t root_type;
	dev_t image;
	ino_t image_ino;
	struct um_mount *claimed;
	const char *server;
	void *source_hold;
	void (*release_source)(void *hold);
	void (*forget_devices)(struct um_mount *m);
	char **except;
	size_t nexcept;
	void *beneath;
	void (*release_beneath)(void *beneath);
	struct um_service *service;
	struct um_mutex serial;
	struct um_mutex names[UM_NAME_LOCKS];
	atomic_bool dead;
	atomic_bool crashed;
	atomic_int inflight;
	_Atomic uint64_t bytes;
	atomic_int users;
	atomic_int keepers;
	struct um_mount *detached;
	bool listed;
	bool settled;
	atomic_int floating;
	struct um_attrcache *cache;
	void (*tell)(struct um_mount *m, const struct um_told *name);
	bool long_names;
};

struct um_mount *um_mount_new(void);
/*
 * Put *text (taken) in the place of a text of the mount, which stays readable.
 * 0 or -ENOMEM.
 */
UM_MUST_CHECK int um_mount_keep_text(struct um_mount *m, char *_Atomic *place,
				     char *_Atomic *text);
/*
 * For device nodes of the core's own, which stand in no list: nothing is
 * cached. Their names are the view's (view/list.c). NULL: out of memory.
 */
struct um_mount *um_mount_new_devices(const char *name,
				      const struct um_fs_ops *ops);
struct um_mount *um_mount_get(struct um_mount *m);
/* NULL: its last reference is gone already. */
struct um_mount *um_mount_try_get(struct um_mount *m);
void um_mount_put(struct um_mount *m);
/*
 * Its operations are its own from now on: who refers to it may look for one when
 * the file system has ended, and the module's table is gone.
 */
void um_mount_own_ops(struct um_mount *m);
/* Flush and end the file system now, whoever still refers to it. */
void um_mount_shutdown(struct um_mount *m);

/*
 * The file system lies in this file, until it has ended. `server`: the name of
 * its module; two views may have loaded it twice. Return: 0, -EBUSY: another
 * mount of the same module has it, and one of the two writes.
 */
UM_MUST_CHECK int um_mount_claim(struct um_mount *m, const char *server,
				 dev_t image, ino_t ino);
void um_mount_unclaim(struct um_mount *m);

/* Whoever shows its tree elsewhere keeps it; false: it ends already. */
bool um_mount_keep(struct um_mount *m);
void um_mount_unkeep(struct um_mount *m);
/* It is to be shut down: true if nobody keeps it, nor will from now on. */
bool um_mount_try_end(struct um_mount *m);

/*
 * Out of all views, and still in use: shut it down when `is_idle` says so, at
 * the next um_mount_reap(). Keeps a reference until then.
 */
void um_mount_detach(struct um_mount *m);
/* A floating mount is to get its place: false: it had one, or has ended. */
bool um_mount_settle(struct um_mount *m);
void um_mount_reap(bool (*is_idle)(struct um_mount *m));
/*
 * The newest of these that nobody works in, with its reference, if it was
 * mounted after the one whose id is `after`; else NULL.
 */
struct um_mount *um_mount_take_detached(unsigned int after);

/* namelock.c: the classes of a name; with its directory's; all. See @names */
uint32_t um_names_of(const struct um_mount *m, const char *path);
uint32_t um_names_of_entry(const struct um_mount *m, const char *path);
uint32_t um_names_all(const struct um_mount *m);
void um_names_lock(struct um_mount *m, uint32_t classes);
void um_names_unlock(struct um_mount *m, uint32_t classes);

/* The host's own file system, the layer beneath all others. */
struct um_mount *um_mount_real(void);
bool um_mount_is_real(const struct um_mount *m);

#endif
