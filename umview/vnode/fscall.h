/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fscall.h - each hop from the core into a module's operation
 *
 * One function an operation. They check what the module may rely on, answer
 * for what it left out, refuse changes to a read-only mount, serialise where
 * the module asks for it, keep the attribute cache honest and trace the call.
 */
#ifndef UM_VNODE_FSCALL_H
#define UM_VNODE_FSCALL_H

#include "vnode/mount.h"

struct um_told;

int um_fs_getattr(struct um_mount *m, const char *path, struct um_fh *fh,
		  struct stat *out);
ssize_t um_fs_readlink(struct um_mount *m, const char *path, char *buf,
		       size_t size);
int um_fs_readdir(struct um_mount *m, const char *path, um_fill_fn fill,
		  void *arg);
int um_fs_mknod(struct um_mount *m, const char *path, mode_t mode, dev_t rdev);
int um_fs_mkdir(struct um_mount *m, const char *path, mode_t mode);
int um_fs_unlink(struct um_mount *m, const char *path);
int um_fs_rmdir(struct um_mount *m, const char *path);
int um_fs_symlink(struct um_mount *m, const char *target, const char *path);
int um_fs_rename(struct um_mount *m, const char *from, const char *to,
		 unsigned int flags);
int um_fs_link(struct um_mount *m, const char *from, const char *to);
int um_fs_chmod(struct um_mount *m, const char *path, struct um_fh *fh,
		mode_t mode);
int um_fs_chown(struct um_mount *m, const char *path, struct um_fh *fh,
		uid_t uid, gid_t gid);
int um_fs_utimens(struct um_mount *m, const char *path, struct um_fh *fh,
		  const struct timespec ts[2]);
int um_fs_truncate(struct um_mount *m, const char *path, struct um_fh *fh,
		   off_t size);
int um_fs_statfs(struct um_mount *m, struct statfs *out);
int um_fs_setxattr(struct um_mount *m, const char *path, const char *name,
		   const void *value, size_t size, int flags);
ssize_t um_fs_getxattr(struct um_mount *m, const char *path, const char *name,
		       void *buf, size_t size);
ssize_t um_fs_listxattr(struct um_mount *m, const char *path, char *buf,
			size_t size);
int um_fs_removexattr(struct um_mount *m, const char *path, const char *name);
int um_fs_open(struct um_mount *m, const char *path, struct um_fh *fh);
int um_fs_create(struct um_mount *m, const char *path, mode_t mode,
		 struct um_fh *fh);
ssize_t um_fs_read(struct um_mount *m, struct um_fh *fh, void *buf, size_t n,
		   off_t off);
ssize_t um_fs_write(struct um_mount *m, struct um_fh *fh, const void *buf,
		    size_t n, off_t off);
int um_fs_fallocate(struct um_mount *m, struct um_fh *fh, int mode, off_t off,
		    off_t len);
int um_fs_fsync(struct um_mount *m, struct um_fh *fh, bool datasync);
off_t um_fs_lseek(struct um_mount *m, struct um_fh *fh, off_t off, int whence);
/* -EOPNOTSUPP: the module has no way of its own. */
ssize_t um_fs_copy(struct um_mount *m, struct um_fh *in, off_t in_off,
		   struct um_fh *out, off_t out_off, size_t n);
int um_fs_ioctl_dir(struct um_mount *m, const char *path, unsigned int cmd,
		    void *data, size_t size);
int um_fs_ioctl(struct um_mount *m, struct um_fh *fh, unsigned int cmd,
		void *data, size_t size);
void um_fs_release(struct um_mount *m, struct um_fh *fh);
/* What um_mount.tell knows of the name, without asking, is told to the guests. */
void um_fs_tell(struct um_mount *m, const struct um_told *name);
int um_fs_syncfs(struct um_mount *m);
/* -ENOSYS: the module has no opinion. */
int um_fs_access(struct um_mount *m, const char *path, int mask);
/* Whether close(2) has to wait for um_fs_flush(). */
bool um_fs_flushes(const struct um_mount *m);
int um_fs_flush(struct um_mount *m, struct um_fh *fh);
/* Whether the file system keeps locks of fcntl(2), flock(2). */
bool um_fs_locks(const struct um_mount *m);
bool um_fs_flocks(const struct um_mount *m);
int um_fs_birth(struct um_mount *m, const char *path, struct um_fh *fh,
		struct timespec *out);
int um_fs_tmpfile(struct um_mount *m, const char *dir, mode_t mode,
		  struct um_fh *fh, struct stat *out);
int um_fs_link_open(struct um_mount *m, struct um_fh *fh, const char *to);
bool um_fs_polls(const struct um_mount *m);
int um_fs_poll(struct um_mount *m, struct um_fh *fh, unsigned int events,
	       uint64_t handle);
int um_fs_lock(struct um_mount *m, struct um_fh *fh, int cmd, struct flock *fl,
	       uint64_t owner);
int um_fs_flock(struct um_mount *m, struct um_fh *fh, int op, uint64_t owner);
/* 1: the module answered, 0: it has none, -errno. */
int um_fs_binfmt(struct um_mount *m, struct um_binfmt_req *req);
/* Whether a remount can change its options. */
bool um_fs_can_remount(const struct um_mount *m);
int um_fs_remount(struct um_mount *m, unsigned long flags, const char *options);
void um_fs_umount(struct um_mount *m);

/* Its files are those of the view beneath: guests get their descriptors. */
bool um_fs_gives(const struct um_mount *m);
/* The descriptor for the guest, or -errno. */
int um_fs_give(struct um_mount *m, const char *path, int flags, mode_t mode);
int um_fs_where(struct um_mount *m, const char *path, char *out, size_t size);
/* Some names are left to what lies beneath. */
bool um_fs_is_layer(const struct um_mount *m);
bool um_fs_covers(struct um_mount *m, const char *path, int how);
int um_fs_name_of(struct um_mount *m, const char *below, char *out,
		  size_t size);
int um_fs_moved(struct um_mount *m, const char *path, char *out, size_t size);
bool um_fs_dress(struct um_mount *m, struct stat *st);

/* Does the view beneath have mounts? The view layer's (view/next.c). */
bool um_next_has_mounts(struct um_next *next);
bool um_mount_is_readonly(const struct um_mount *m);

/* The caller that um_caller() tells modules of, for this thread. */
void um_caller_set(const struct um_cred *cred);

#endif
