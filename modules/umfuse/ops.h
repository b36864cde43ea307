/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops.h - the operations umfuse gives to the core; see umview/fs.h */
#ifndef UMFUSE_OPS_H
#define UMFUSE_OPS_H

#include "umfuse.h"

#include <unistd.h>

/* attr.c */
int umfuse_op_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		      struct stat *out);
int umfuse_op_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		    mode_t mode);
int umfuse_op_chown(struct um_fs *fs, const char *path, struct um_fh *fh,
		    uid_t uid, gid_t gid);
int umfuse_op_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		      const struct timespec ts[2]);
int umfuse_op_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		       off_t size);
int umfuse_op_statfs(struct um_fs *fs, struct statfs *out);
int umfuse_op_setxattr(struct um_fs *fs, const char *path, const char *name,
		       const void *value, size_t size, int flags);
ssize_t umfuse_op_getxattr(struct um_fs *fs, const char *path, const char *name,
			   void *buf, size_t size);
ssize_t umfuse_op_listxattr(struct um_fs *fs, const char *path, char *buf,
			    size_t size);
int umfuse_op_removexattr(struct um_fs *fs, const char *path, const char *name);

/* io.c */
int umfuse_op_open(struct um_fs *fs, const char *path, struct um_fh *fh);
int umfuse_op_create(struct um_fs *fs, const char *path, mode_t mode,
		     struct um_fh *fh);
ssize_t umfuse_op_read(struct um_fs *fs, struct um_fh *fh, void *buf,
		       size_t size, off_t off);
ssize_t umfuse_op_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			size_t size, off_t off);
int umfuse_op_fallocate(struct um_fs *fs, struct um_fh *fh, int mode, off_t off,
			off_t len);
int umfuse_op_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync);
off_t umfuse_op_lseek(struct um_fs *fs, struct um_fh *fh, off_t off,
		      int whence);
ssize_t umfuse_op_copy_file_range(struct um_fs *fs, struct um_fh *in,
				  off_t in_off, struct um_fh *out,
				  off_t out_off, size_t size);
int umfuse_op_ioctl_dir(struct um_fs *fs, const char *path, unsigned int cmd,
			void *data, size_t size);
int umfuse_op_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		    void *data, size_t size);
void umfuse_op_release(struct um_fs *fs, struct um_fh *fh);
int umfuse_op_syncfs(struct um_fs *fs);

/* dir.c */
int umfuse_op_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		      void *arg);
ssize_t umfuse_op_readlink(struct um_fs *fs, const char *path, char *buf,
			   size_t size);
int umfuse_op_mknod(struct um_fs *fs, const char *path, mode_t mode,
		    dev_t rdev);
int umfuse_op_mkdir(struct um_fs *fs, const char *path, mode_t mode);
int umfuse_op_unlink(struct um_fs *fs, const char *path);
int umfuse_op_rmdir(struct um_fs *fs, const char *path);
int umfuse_op_symlink(struct um_fs *fs, const char *target, const char *path);
int umfuse_op_rename(struct um_fs *fs, const char *from, const char *to,
		     unsigned int flags);
int umfuse_op_link(struct um_fs *fs, const char *from, const char *to);

/* mknod within an operation, for programs that have only create. */
int umfuse_mknod(struct umfuse_call *c, const char *path, mode_t mode,
		 dev_t rdev);

#endif
