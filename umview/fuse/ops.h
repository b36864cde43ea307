/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops.h - operations of the core as requests to a FUSE daemon */
#ifndef UM_FUSE_OPS_H
#define UM_FUSE_OPS_H

#include <string.h>

#include "fuse/node.h"

/**
 * struct um_fuse_file - an open file
 * @node: ref
 * @written, @last: counted in settle.c
 * @flushed: since it was written last
 * @poll: its handle, or 0; @next_polled: poll.c
 * @direct: the daemon wants each write as it is
 * @virtual: the daemon has no open: nothing to be released
 */
struct um_fuse_file {
	struct um_fuse_node *node;
	uint64_t fh;
	uint32_t flags;
	uint64_t poll;
	struct um_fuse_file *next_polled;
	bool virtual;
	bool direct;
	bool written;
	bool flushed;
	bool last;
};

/* 0 in this libc, as it is always on. */
#define UM_FUSE_LARGEFILE 0100000
/*
 * What of open(2)'s flags the daemon is told. Its open file serves all who open
 * the file here, and each write comes with its offset: no O_APPEND, no O_DIRECT.
 */
#define UM_FUSE_OPEN_FLAGS                                                     \
	(O_ACCMODE | O_NONBLOCK | O_SYNC | O_DSYNC | UM_FUSE_LARGEFILE)

static inline struct um_fuse *um_fuse_of(const struct um_fs *fs)
{
	return fs->priv;
}

static inline struct um_fuse_file *um_fuse_file_of(const struct um_fh *fh)
{
	return fh ? (struct um_fuse_file *)(uintptr_t)fh->fh : NULL;
}

/* The node (ref) of an operation that has a path or an open file. */
int um_fuse_target(struct um_fuse *c, const char *path, struct um_fh *fh,
		   struct um_fuse_node **out);

/* attr.c */
int um_fuse_attr_of(struct um_fuse *c, struct um_fuse_node *n,
		    const struct um_fuse_file *f, struct stat *out);
int um_fuse_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		    struct stat *out);
int um_fuse_birth(struct um_fs *fs, const char *path, struct um_fh *fh,
		  struct timespec *out);
int um_fuse_setattr(struct um_fuse *c, struct um_fuse_node *n,
		    const struct um_fuse_file *f, struct fuse_setattr_in *in);
/* Set-uid and set-gid, before the content changes; in NULL: a request alone. */
void um_fuse_drop_privilege(struct um_fuse *c, struct um_fuse_node *n,
			    struct fuse_setattr_in *in);
int um_fuse_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		  mode_t mode);
int um_fuse_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		  uid_t uid, gid_t gid);
int um_fuse_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		    const struct timespec ts[2]);
int um_fuse_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		     off_t size);
int um_fuse_access(struct um_fs *fs, const char *path, int mask);
int um_fuse_statfs(struct um_fs *fs, struct statfs *out);

/* xattr.c */
int um_fuse_setxattr(struct um_fs *fs, const char *path, const char *name,
		     const void *value, size_t size, int flags);
ssize_t um_fuse_getxattr(struct um_fs *fs, const char *path, const char *name,
			 void *buf, size_t size);
ssize_t um_fuse_listxattr(struct um_fs *fs, const char *path, char *buf,
			  size_t size);
int um_fuse_removexattr(struct um_fs *fs, const char *path, const char *name);

/* names.c */
ssize_t um_fuse_readlink(struct um_fs *fs, const char *path, char *buf,
			 size_t size);
int um_fuse_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev);
int um_fuse_mkdir(struct um_fs *fs, const char *path, mode_t mode);
int um_fuse_unlink(struct um_fs *fs, const char *path);
int um_fuse_rmdir(struct um_fs *fs, const char *path);
int um_fuse_symlink(struct um_fs *fs, const char *target, const char *path);
int um_fuse_rename(struct um_fs *fs, const char *from, const char *to,
		   unsigned int flags);
int um_fuse_link(struct um_fs *fs, const char *from, const char *to);
int um_fuse_link_open(struct um_fs *fs, struct um_fh *fh, const char *to);
int um_fuse_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		    void *arg);

/* file.c */
int um_fuse_open(struct um_fs *fs, const char *path, struct um_fh *fh);
/* Of what the daemon answered (NULL: it has no open). Takes n (a ref). */
int um_fuse_file_new(struct um_fuse *c, struct um_fuse_node *n,
		     const struct fuse_open_out *out, struct um_fh *fh);
/* The node is known. */
int um_fuse_open_node(struct um_fuse *c, struct um_fuse_node *n,
		      struct um_fh *fh);
int um_fuse_create(struct um_fs *fs, const char *path, mode_t mode,
		   struct um_fh *fh);
int um_fuse_tmpfile(struct um_fs *fs, const char *path, mode_t mode,
		    struct um_fh *fh, struct stat *out);
ssize_t um_fuse_read(struct um_fs *fs, struct um_fh *fh, void *buf, size_t size,
		     off_t off);
/* To the daemon, whatever is kept behind. */
ssize_t um_fuse_write_now(struct um_fuse *c, const struct um_fuse_file *f,
			  const void *buf, size_t size, off_t off,
			  uint32_t flags);
ssize_t um_fuse_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
		      size_t size, off_t off);
int um_fuse_fallocate(struct um_fs *fs, struct um_fh *fh, int mode, off_t off,
		      off_t len);
int um_fuse_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync);
off_t um_fuse_lseek(struct um_fs *fs, struct um_fh *fh, off_t off, int whence);
int um_fuse_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		  void *data, size_t size);
ssize_t um_fuse_copy(struct um_fs *fs, struct um_fh *in_fh, off_t in_off,
		     struct um_fh *out_fh, off_t out_off, size_t size);
void um_fuse_release(struct um_fs *fs, struct um_fh *fh);

/* behind.c; without um_fuse_is_behind() all of it does nothing */
bool um_fuse_is_behind(const struct um_fuse *c);
/* A write of at most max_write bytes, for later. */
ssize_t um_fuse_keep_behind(struct um_fuse *c, struct um_fuse_file *f,
			    const void *buf, size_t size, uint64_t off);
/* The daemon gets what was written; an error is kept. */
void um_fuse_write_behind(struct um_fuse *c, struct um_fuse_node *n);
/* The same, with the time (by f, may be NULL) and the error. */
int um_fuse_catch_up(struct um_fuse *c, struct um_fuse_node *n,
		     const struct um_fuse_file *f);
/* Before a SETATTR, to which the time may be added. */
void um_fuse_behind_changes(struct um_fuse *c, struct um_fuse_node *n,
			    struct fuse_setattr_in *in);
/* The same as um_fuse_catch_up(), but nobody waits: then() is called. */
void um_fuse_end_behind(struct um_fuse *c, struct um_fuse_file *f,
			void (*then)(struct um_fuse *c,
				     struct um_fuse_file *f));
int um_fuse_syncfs(struct um_fs *fs);

/* poll.c */
int um_fuse_poll(struct um_fs *fs, struct um_fh *fh, unsigned int events,
		 uint64_t handle);
/* With the first open file: does the daemon have such an operation? */
void um_fuse_learn_poll(struct um_fuse *c, const struct um_fuse_file *f);
/* The file is no more. */
void um_fuse_poll_end(struct um_fuse *c, const struct um_fuse_file *f);

/* lock.c */
int um_fuse_lock_file(struct um_fs *fs, struct um_fh *fh, int cmd,
		      struct flock *fl, uint64_t owner);
int um_fuse_flock(struct um_fs *fs, struct um_fh *fh, int op, uint64_t owner);
int um_fuse_flush(struct um_fs *fs, struct um_fh *fh);
void um_fuse_settled(struct um_fuse_file *f);

#endif
