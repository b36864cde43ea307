/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ops.h - the operations of ramfs; umview/fs.h says what each has to do */
#ifndef RAMFS_OPS_H
#define RAMFS_OPS_H

#include "tree.h"

int ramfs_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
		  struct stat *out);
ssize_t ramfs_readlink(struct um_fs *fs, const char *path, char *buf,
		       size_t size);
int ramfs_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		  void *arg);
int ramfs_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev);
int ramfs_mkdir(struct um_fs *fs, const char *path, mode_t mode);
int ramfs_symlink(struct um_fs *fs, const char *target, const char *path);
int ramfs_unlink(struct um_fs *fs, const char *path);
int ramfs_rmdir(struct um_fs *fs, const char *path);
int ramfs_link(struct um_fs *fs, const char *from, const char *to);
int ramfs_rename(struct um_fs *fs, const char *from, const char *to,
		 unsigned int flags);
int ramfs_chmod(struct um_fs *fs, const char *path, struct um_fh *fh,
		mode_t mode);
int ramfs_chown(struct um_fs *fs, const char *path, struct um_fh *fh, uid_t uid,
		gid_t gid);
int ramfs_utimens(struct um_fs *fs, const char *path, struct um_fh *fh,
		  const struct timespec ts[2]);
int ramfs_truncate(struct um_fs *fs, const char *path, struct um_fh *fh,
		   off_t size);
int ramfs_statfs(struct um_fs *fs, struct statfs *out);
int ramfs_open(struct um_fs *fs, const char *path, struct um_fh *fh);
ssize_t ramfs_read(struct um_fs *fs, struct um_fh *fh, void *buf, size_t size,
		   off_t off);
ssize_t ramfs_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
		    size_t size, off_t off);
void ramfs_release(struct um_fs *fs, struct um_fh *fh);

#endif
