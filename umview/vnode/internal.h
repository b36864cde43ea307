/* SPDX-License-Identifier: GPL-2.0-or-later */
/* internal.h - what the files of this layer share among themselves */
#ifndef UM_VNODE_INTERNAL_H
#define UM_VNODE_INTERNAL_H

#include "vnode/vnode.h"

/* See vnode.h for the lock. by_node: files with a name; by_inode: objects. */
struct um_vnode_state {
	struct um_mutex table;
	struct um_hash by_node;
	struct um_hash by_inode;
	struct um_hash by_wd;
	off_t ready_limit;
	uint64_t cache_limit;
	_Atomic uint64_t bytes;
	size_t max_vnodes;
	size_t hand;
	int inotify;
	int inotify_files;
};

extern struct um_vnode_state um_vn;

/* Contents move in pieces, and are compared by pages. */
#define UM_VN_CHUNK	(256 * 1024)
#define UM_VN_PAGE	4096
#define UM_VN_MIN(a, b) ((a) < (b) ? (a) : (b))

/*
 * open.c. Files of the mount that guests have closed are closed in it before
 * what comes next, as the kernel's close(2) has it.
 */
void um_vnode_hear_closes(const struct um_mount *m);
void um_device_measure(struct um_vnode *v);

/* vnode.c */
/* Another number for it (taken), that guests may be told. */
int um_fd_move_up(int fd);
/* Find or make the vnode of the node; a ref. */
int um_vnode_get(struct um_mount *m, const char *path, const struct stat *st,
		 struct um_vnode **out);
/* That of the regular file of this name (ref), or NULL; m->names is held. */
struct um_vnode *um_vnode_known(struct um_mount *m, const char *path,
				struct stat *st);
/* The node was removed: its number may come back for another. Table lock. */
void um_vnode_orphan_locked(struct um_vnode *v);
bool um_vnode_is_open(struct um_vnode *v);
/*
 * Between the two, guests are told of no descriptor to open v by: so what
 * um_vnode_is_open() says holds until somebody asks for v here.
 */
void um_vnode_withhold(struct um_vnode *v);
void um_vnode_offer(struct um_vnode *v);
/* No ref; the table lock is held. */
struct um_vnode *um_vnode_find_locked(struct um_mount *m, ino_t ino);
/* What guests may open v by themselves with, or 0; the table lock is held. */
uint32_t um_vnode_fd_locked(const struct um_vnode *v);
/* Closes may have been missed. */
void um_vnode_check_all(void);
void um_vnode_trim(void);
char *um_vnode_path(struct um_vnode *v);

/* data.c; the io lock is held for those named so */
/*
 * handle.c, io lock. A module's file that can read, write, or do both; O_WRONLY:
 * it may be able to read too.
 */
/* May it be opened so (um_fs.asks_open)? io lock held. */
int um_vnode_ask_open(struct um_vnode *v, int flags);
int um_vnode_need_fh(struct um_vnode *v, int accmode);
/* Any will do. */
int um_vnode_need_any_fh(struct um_vnode *v);
/* To read with, if there is one for that; NULL: none is open. */
struct um_fh *um_vnode_any_fh(struct um_vnode *v);
void um_vnode_set_wfh(struct um_vnode *v, bool has);
void um_vnode_release_fh(struct um_vnode *v);
int um_vnode_populate_locked(struct um_vnode *v);
/* What the module said when it opened or made the file. */
void um_vnode_learn_locked(struct um_vnode *v, const struct um_fh *fh);
int um_vnode_refresh_locked(struct um_vnode *v, const struct stat *st,
			    int flags);
void um_vnode_account(struct um_vnode *v);
void um_vnode_grown_locked(struct um_vnode *v, off_t size);
int um_vnode_truncate_locked(struct um_vnode *v, off_t size);
void um_vnode_forget_attr(struct um_vnode *v);

int um_vnode_pwrite_all(int fd, const char *buf, size_t n, off_t off);

/* devmap.c */
/* The map of a device (ref), made if it lacks, its module's file open. */
UM_MUST_CHECK int um_devmap_get(struct um_vnode *v, int flags,
				struct um_vnode **out);
/* That of an opening, if there is one, with its io lock and a ref; or NULL. */
struct um_vnode *um_devmap_lock(const struct um_vnode *v);
void um_devmap_unlock(struct um_vnode *map);
ssize_t um_devmap_read(const struct um_vnode *map, void *buf, size_t n,
		       off_t off);
/* The device was written. */
int um_devmap_follow(const struct um_vnode *map, const void *buf, size_t n,
		     off_t off);
/* A vnode that becomes a map, and is one no more. */
void um_devmap_began(struct um_vnode *map);
void um_devmap_gone(struct um_vnode *map);
int um_vnode_get_map(struct um_mount *m, const char *path,
		     const struct stat *st, struct um_vnode **out);

/* object.c */
int um_obj_setup(void);
int um_reopen(int memfd, int flags);
int um_obj_open_lazy(struct um_vnode *v, int flags);
/* Its vnode (ref), to be checked when the caller's ref of o is gone; or NULL. */
struct um_vnode *um_obj_closed(struct um_obj *o);
/* Out of the tables; the reference that these had goes. */
void um_obj_end(struct um_obj *o);
/* parked.c. It was closed, and is kept: false: it is not. */
bool um_obj_park(struct um_obj *o);
/* One that was opened in a view with this list, or NULL; the tables' reference. */
struct um_obj *um_obj_unpark(const struct um_mount *m, const char *path,
			     const void *list);
/* A name that is no regular file's was removed; st: its attributes before. */
void um_obj_removed(struct um_mount *m, const char *path,
		    const struct stat *st);
/* Attributes of an object whose name is gone; or -ENOENT. */
int um_obj_last(struct um_obj *o, struct stat *out);
/* What file systems keep for later (um_fs.behind) is written. */
void um_vnode_catch_up_all(void);
/* The hash of a vnode by mount and number. */
uint64_t um_vnode_key(const struct um_mount *m, ino_t ino);
/* open.c: a descriptor for the guest; the io lock is held. */
int um_vnode_give_locked(struct um_vnode *v, int flags);
/* lock.c: an open file that stays so meanwhile, without the io lock. */
int um_vnode_pin(struct um_vnode *v, struct um_fh **out);
void um_vnode_unpin(struct um_vnode *v);
/* poll.c: after a read or a write; the module's open file goes. */
void um_vnode_poll_again(struct um_vnode *v);
void um_vnode_poll_end(const struct um_vnode *v);
void um_lazy_resize(struct um_vnode *v);
size_t um_obj_count(struct um_mount *m);

/* make.c: the name's lock is held. 0 or -EEXIST. */
int um_name_absent(struct um_mount *m, const char *path);

/* watch.c */
int um_watch_setup(void);
void um_watch_fini(void);
/* Hear of closes of o, whose memfd is fd: sets o->wd. */
void um_watch_add(struct um_obj *o, int fd);
void um_watch_del(const struct um_obj *o);
/* What by_wd knows it by. */
uint64_t um_watch_key(const struct um_obj *o);
void um_watch_drain(void);
/* Some file could not be checked; it is to be a moment later. */
void um_watch_again(void);
void um_vnode_check_skipped(void);

#endif
