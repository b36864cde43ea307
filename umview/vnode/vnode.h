/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vnode.h - what a guest's descriptor of a virtual file stands for
 *
 * The kernel keeps the descriptors; this layer knows the objects behind them
 * by inode (struct um_obj). Kinds:
 *
 *   FILE	a regular file. Its vnode has one memfd; every open gets its own
 *		reopening of it, so that offsets, access mode, O_APPEND and all
 *		locks are the kernel's, and shared by whoever opens the file.
 *		Where anybody may read through it the memfd holds the file's
 *		content ("populated") and reads and maps are native. Opens for
 *		writing only need no content.
 *   LAZY	a regular file too large to copy: one empty memfd an open, in
 *		access mode 3 (neither reads nor writes), its size kept equal
 *		to the file's. Data calls come to the monitor.
 *   DIR	an open directory: one memfd an open, access mode 3.
 *   PATH	an O_PATH descriptor of any virtual node: likewise.
 *
 * Changes are write-through: the module first, then the memfd. Where a guest
 * maps a file shared and writable the memfd is ahead of the module until
 * msync, fsync, last close, or the flusher's round: um_vnode_sync() compares
 * the two and writes what differs. (A seal on the memfd and a second, unsealed
 * one for mappings was refused: locks are kept on an inode, and a file that is
 * locked first and mapped later, as databases do, would lose them.)
 *
 * Is a file still open? A write lease on the memfd is granted only when nobody
 * but the asker has it open or mapped (fcntl(2), F_SETLEASE): exact, and no
 * call needs trapping. inotify's IN_CLOSE is the cue to look. Objects in
 * access mode 3 count for no lease; they have one open file description each,
 * so their IN_CLOSE is the last.
 *
 * Locks: `table` (rank VNODE) guards the hashes, counts and paths; v->io (rank
 * IO) orders changes to one file and is held while its module runs. m->names
 * (rank IO) holds a name and a number to one file while a vnode is found by
 * them: a number that unlink(2) frees is given to the next file made.
 */
#ifndef UM_VNODE_VNODE_H
#define UM_VNODE_VNODE_H

#include <stdint.h>

#include "agent/proto.h"
#include "base/hash.h"
#include "vnode/fscall.h"

enum um_obj_kind {
	UM_OBJ_FILE,
	UM_OBJ_LAZY,
	UM_OBJ_DIR,
	UM_OBJ_PATH,
};

struct um_dirent {
	uint64_t ino;
	unsigned char type;
	char *name;
};

/**
 * struct um_obj - an object that descriptors of guests refer to
 * @inode: of its memfd: its identity
 * @wd: inotify watch of that inode
 * @mount: holds a ref, except in FILE, where the vnode does
 * @vnode: FILE: the one it is part of; LAZY: ref
 * @path: DIR and PATH: name inside the mount; NULL when removed (table lock)
 * @last: what a removed one was, with a name less (table lock)
 * @flags: of open(2), as the guest asked
 * @beneath_fd: DIR: the host's directory that it lies over, as guests are told
 *	(um_shared_lay_beneath()); -1: none
 * @list: DIR: layers it was opened in (ref, view layer's)
 * @entries: DIR: listing, as of the last rewind
 * @names: DIR: where the entries' names are
 * @listed: DIR: they were read; @stamp: when (um_shared_stamp())
 * @parked: DIR: nobody has it open; @park_node, @older, @newer: see parked.c
 */
struct um_obj {
	struct um_hnode node;
	struct um_hnode wd_node;
	struct um_hnode park_node;
	struct um_obj *older;
	struct um_obj *newer;
	bool parked;
	int refs;
	enum um_obj_kind kind;
	uint64_t inode;
	int wd;
	struct um_mount *mount;
	struct um_vnode *vnode;
	struct um_obj *lazy_next;
	int lazy_fd;
	int beneath_fd;
	char *path;
	struct stat *last;
	int flags;
	struct um_mutex io;
	void *list;
	void (*release_list)(void *list);
	struct um_dirent *entries;
	char *names;
	size_t nentries;
	bool listed;
	struct um_listing stamp;
};

/**
 * struct um_vnode - one regular file that is or was open
 * @node: in the table of names, keyed by mount and @ino, unless @orphan
 * @refs: one is the table's; table lock
 * @path: a name it has inside its mount; NULL: none known (table lock)
 * @was: the last name of an orphan (table lock)
 * @hidden: the name is one that this layer made at unlink
 * @orphan: the last name is gone
 * @linkable: it never had one, and may get one
 * @gone: out of all tables
 * @volatile_data: the module's content may change by itself: not kept
 * @withheld: so many need to know that guests do not open it unasked; table lock
 * @direct: each read is the module's (um_fh.direct); io lock
 * @nonseekable, @stream: of the module's open file (um_fh)
 * @stale: the module says that the content has changed
 * @unchecked: it was being worked on when it was closed: see um_watch_again()
 * @device: one opening of a device node; goes with it, never populated
 * @is_map: @device, and the content that all who map it share (devmap.c)
 * @node_ino: of a device's opening: the node's own number
 * @base_fd: of a map: the content as it was last written back
 * @open_flags: O_EXCL and such, that a device's opening is to know of
 * @size: the file's, and the memfd's; io lock
 * @lease_fd: a reading of the memfd, kept to ask for leases with (opening one
 *	each time would be a close each time, and inotify would tell of it)
 * @populated: the memfd has the content; io lock
 * @accounted: bytes of it in the count of cached bytes; io lock
 * @rfh, @wfh: the module's open files; wfh serves reads too; io lock
 * @write_only: wfh does not serve reads; io lock
 * @pins: who works with rfh or wfh without the io lock: they are not released;
 *	io lock
 * @shared: mapped shared and writable by a guest; needs um_vnode_sync()
 * @lazy: LAZY objects of it; table lock
 */
struct um_vnode {
	struct um_hnode node;
	struct um_obj file;
	int refs;
	struct um_mount *mount;
	ino_t ino;
	char *path;
	char *was;
	bool hidden;
	bool orphan;
	bool linkable;
	bool gone;
	bool volatile_data;
	bool device;
	bool is_map;
	ino_t node_ino;
	int base_fd;
	int open_flags;
	int withheld;
	bool direct;
	bool nonseekable;
	bool stream;
	atomic_bool stale;
	atomic_bool unchecked;
	struct um_mutex io;
	int memfd;
	int lease_fd;
	off_t size;
	bool populated;
	off_t accounted;
	bool has_rfh, has_wfh;
	struct um_fh rfh, wfh;
	unsigned int pins;
	bool write_only;
	atomic_bool shared;
	struct um_obj *lazy;
};

int um_vnode_setup(off_t ready_limit, uint64_t cache_limit);
void um_vnode_fini(void);

/* Whether any object lives: if not, every descriptor is real. */
bool um_obj_any(void);
/* The object that the stat is of (ref), or NULL: a real descriptor. */
struct um_obj *um_obj_find(const struct stat *st);
void um_obj_put(struct um_obj *o);
#define UM_OBJ __attribute__((cleanup(um_obj_cleanup)))
void um_obj_cleanup(struct um_obj **o);
/* The name it had, of a file that has none any more; caller frees; or NULL. */
char *um_obj_was(struct um_obj *o);
/* What um_obj_find() goes by, for an inode number read from /proc. */
struct stat um_obj_stat_of(uint64_t inode);
/* Copy of the object's name, caller frees; NULL: it has none any more. */
char *um_obj_path(struct um_obj *o);

/*
 * Open a node of a mount that exists. Each gives a descriptor of ours, for
 * injection, or -errno.
 */
int um_vnode_open(struct um_mount *m, const char *path, int flags);
/* A device node of a mount that serves its devices (um_mount.devices). */
int um_vnode_open_device(struct um_mount *m, const char *path,
			 const struct stat *st, int flags);
/* Read-only and ready, whatever the size limit says: for exec. */
int um_vnode_open_whole(struct um_mount *m, const char *path);

/* make.c: as the calls; -EEXIST: somebody else made it since the walk. */
int um_vnode_mkdir(struct um_mount *m, const char *path, mode_t mode);
int um_vnode_mknod(struct um_mount *m, const char *path, mode_t mode,
		   dev_t rdev);
int um_vnode_symlink(struct um_mount *m, const char *target, const char *path);

#define UM_HIDDEN_NAME ".umview_hidden"

/* Make and open a regular file. */
int um_vnode_create(struct um_mount *m, const char *path, int flags,
		    mode_t mode);
/* The same with a name that goes with the last close: O_TMPFILE. */
int um_vnode_create_hidden(struct um_mount *m, const char *path, int flags,
			   mode_t mode);
/*
 * tmpfile.c: the same without any name; -ENOSYS: the file system cannot. And its
 * first name; -ENOENT: it may not have one.
 */
int um_vnode_tmpfile(struct um_mount *m, const char *dir, int flags,
		     mode_t mode);
int um_vnode_link_open(struct um_vnode *v, const char *to);
int um_obj_open_dir(struct um_mount *m, const char *path, int flags, void *list,
		    void (*release_list)(void *));
int um_obj_open_path(struct um_mount *m, const char *path, int flags);
/* The DIR object shows this directory of the host's (fd: taken), and more. */
void um_obj_lay_over(struct um_obj *o, int fd);
/* Another opening of the object's node, as through /proc/self/fd/N. */
int um_obj_reopen(struct um_obj *o, int flags);

/* Attributes by what is left of the name: path or open file. */
int um_obj_getattr(struct um_obj *o, struct stat *out);
/* When it was made, if the file system tells; or -errno. */
int um_obj_birth(struct um_obj *o, struct timespec *out);
int um_obj_chmod(struct um_obj *o, mode_t mode);
int um_obj_chown(struct um_obj *o, uid_t uid, gid_t gid);
int um_obj_utimens(struct um_obj *o, const struct timespec ts[2]);

/* Data of a regular file. */
ssize_t um_vnode_read(struct um_vnode *v, void *buf, size_t n, off_t off);
/* write(2) of no bytes: 0, or what the module says that wants to know. */
int um_vnode_write_none(struct um_vnode *v);
/* off < 0: at the end, wherever that is then; *at gets where it went. */
ssize_t um_vnode_write(struct um_vnode *v, const void *buf, size_t n, off_t off,
		       off_t *at);
/*
 * By the file system itself, from file to file of one mount. Bytes, or
 * -EOPNOTSUPP: it has no way; read and write.
 */
ssize_t um_vnode_copy(struct um_vnode *in, off_t in_off, struct um_vnode *out,
		      off_t out_off, size_t n);
int um_vnode_truncate(struct um_vnode *v, off_t size);
int um_vnode_fallocate(struct um_vnode *v, int mode, off_t off, off_t len);
int um_vnode_fsync(struct um_vnode *v, bool datasync);
/* Locks that the file system keeps; see the operations in <umview/fs.h>. */
int um_vnode_lock(struct um_vnode *v, int cmd, struct flock *fl,
		  uint64_t owner);
int um_vnode_flock(struct um_vnode *v, int op);
/* The owner of all locks of its open file descriptions. */
uint64_t um_vnode_ofd_owner(const struct um_vnode *v);
/* The strongest native flock of the file: LOCK_EX, LOCK_SH or LOCK_UN. */
int um_vnode_flock_held(struct um_vnode *v);
/*
 * The file system knows the content better: into the cache, where there is one
 * (else false), and out of it (how much is there).
 */
bool um_vnode_store(struct um_vnode *v, const void *buf, size_t n, off_t off);
size_t um_vnode_retrieve(struct um_vnode *v, void *buf, size_t n, off_t off);
/* fn with an open file that stays so meanwhile, the io lock not being held. */
int um_vnode_with_file(struct um_vnode *v,
		       int (*fn)(struct um_fh *fh, void *arg), void *arg);
/*
 * poll.c, where the file system knows what is ready (um_fs_polls()): which events
 * hold; a descriptor (caller closes) that is as ready as the file was told to be;
 * epoll_ctl(2) of it, in a set of the guest's.
 */
int um_vnode_poll(struct um_vnode *v, unsigned int events);
int um_vnode_poll_fd(const struct um_vnode *v);
struct epoll_event;
int um_vnode_epoll(const struct um_vnode *v, int ep, int op,
		   struct epoll_event *e);
/* What the close of a descriptor for writing waits for, and fails with. */
int um_vnode_flush(struct um_vnode *v);
int um_vnode_ioctl(struct um_vnode *v, unsigned int cmd, void *data,
		   size_t size);
off_t um_vnode_lseek(struct um_vnode *v, off_t off, int whence);
/* A vnode for the monitor's own use (um_next_open): ref, or -errno. */
int um_vnode_get_path(struct um_mount *m, const char *path,
		      const struct stat *st, int flags, struct um_vnode **out);
struct um_vnode *um_vnode_ref(struct um_vnode *v);
void um_vnode_put(struct um_vnode *v);
/* An opening of it is gone: if it was the last, the module's file goes too. */
void um_vnode_check(struct um_vnode *v);
/* The same, by the monitor's own user of um_vnode_get_path(). */
void um_vnode_let_go(struct um_vnode *v);
/* The file as it is known here (ref), or NULL. */
struct um_vnode *um_vnode_lookup(struct um_mount *m, ino_t ino);
/* A device has another size now. */
void um_vnode_resized(struct um_vnode *v, off_t size);
/* Devices of the mount may have: ask them all. */
void um_vnode_remeasure(struct um_mount *m);
void um_vnode_mark_shared(struct um_vnode *v);
/* Write to the module what shared mappings changed. */
int um_vnode_sync(struct um_vnode *v);
/* The same, of a device by any of its openings. */
int um_vnode_write_back(struct um_vnode *v);
/* The device has other bytes there: those who map it see them. */
int um_vnode_reread(struct um_vnode *v, off_t off, off_t n);
/*
 * A ready opening, content and all, whatever the size limit says (exec, mmap of
 * a lazy file); a descriptor of ours or -errno.
 */
int um_vnode_ready_fd(struct um_vnode *v, int flags);
/*
 * The vnode that is mapped in the place of v (ref): another one for a device,
 * which can be read, and written if `flags` say so. 0 or -errno.
 */
UM_MUST_CHECK int um_vnode_to_map(struct um_vnode *v, int flags,
				  struct um_vnode **out);

/* A description of the monitor's own to hold locks with; caller closes. */
int um_vnode_lock_fd(struct um_vnode *v, int flags);
/* Called after the last close of an object in access mode 3. */
extern void (*um_obj_closed_hook)(uint64_t inode);
/* Called when an opening of the file is gone, before the file may be closed. */
extern void (*um_vnode_closed_hook)(struct um_vnode *v);

/* Names that changed: keep open objects pointing at their nodes. */
void um_vnode_renamed(struct um_mount *m, const char *from, const char *to,
		      bool exchange);
/* truncate(2), chmod... by name: what open files should know. */
int um_vnode_truncate_path(struct um_mount *m, const char *path, off_t size);
/*
 * Tell guests what is known of a name of the mount (guest/shared.h), if its
 * attributes are those of its node: a file with a hidden name has others.
 */
struct um_told;
void um_vnode_tell(struct um_mount *m, const struct um_told *name);
/* unlink(2) with regard to open files. */
int um_vnode_unlink(struct um_mount *m, const char *path);
int um_vnode_link(struct um_mount *m, const char *from, const char *to);
/* rmdir(2): directories that are open lose their name. */
int um_vnode_rmdir(struct um_mount *m, const char *path);
/* rename(2) likewise. */
int um_vnode_rename(struct um_mount *m, const char *from, const char *to,
		    unsigned int flags);

/* Directories that were kept for their next opening go: views have changed. */
void um_obj_unpark_all(void);
/* Until every close that guests have done has had its effect. */
void um_obj_settle(void);
/* Before a guest opens one more: waits a little when closes lag behind. */
void um_obj_pace(void);

/* How many files and directories of the mount guests hold open. */
size_t um_vnode_busy(struct um_mount *m);
/* Let go of everything cached for the mount; syncs first. */
void um_vnode_drop(struct um_mount *m);
/* Sync all mapped files of the mount (NULL: of all). */
int um_vnode_sync_mount(struct um_mount *m);

#endif
