/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * next.h - the view beneath a mount, as its module uses it
 *
 * A module never calls another module and need not call the kernel: it asks
 * the view beneath its mount. Paths are absolute and resolved in that view,
 * symbolic links on the way included (the last component only where said).
 * Every function returns 0 or a count, or -errno as the system call of the
 * same name. Any thread may call.
 */
#ifndef UMVIEW_NEXT_H
#define UMVIEW_NEXT_H

#include <umview/fs.h>

struct um_next;
struct um_next_file;
struct um_next_kept;

/**
 * um_next_open() - open a regular file or device of the view beneath
 * @flags, @mode: as open(2)
 * @out: given to the caller; close it with um_next_close()
 */
int um_next_open(struct um_next *next, const char *path, int flags, mode_t mode,
		 struct um_next_file **out);
void um_next_close(struct um_next_file *file);
/**
 * um_next_lock() - keep other sessions off an image
 * @writes: the file, open for writing, is going to be written
 *
 * Lasts until um_next_close(). EBUSY: another session, or a virtual machine,
 * writes to it, or has it while @writes. For files of the host alone; for any
 * other 0.
 */
int um_next_lock(struct um_next_file *file, bool writes);
/**
 * um_next_keep() - a tree that the mount shows stays what it is
 * @path: of the tree; a link as last component is followed
 * @out: given to the caller; let go with um_next_unkeep(); NULL: out of memory
 *
 * File systems that have a part of the tree can be unmounted in the view all the
 * same. In the view beneath they are there until then.
 */
int um_next_keep(struct um_next *next, const char *path,
		 struct um_next_kept **out);
void um_next_unkeep(struct um_next_kept *kept);
ssize_t um_next_pread(struct um_next_file *file, void *buf, size_t n,
		      off_t off);
ssize_t um_next_pwrite(struct um_next_file *file, const void *buf, size_t n,
		       off_t off);
int um_next_fstat(struct um_next_file *file, struct stat *out);
int um_next_ftruncate(struct um_next_file *file, off_t size);
int um_next_fallocate(struct um_next_file *file, int mode, off_t off,
		      off_t len);
int um_next_fsync(struct um_next_file *file, bool datasync);
/* Size in bytes of a regular file or block device. */
int um_next_size(struct um_next_file *file, uint64_t *out);

/* By path; none but um_next_stat() follows a link as last component. */
int um_next_stat(struct um_next *next, const char *path, struct stat *out);
int um_next_lstat(struct um_next *next, const char *path, struct stat *out);
ssize_t um_next_readlink(struct um_next *next, const char *path, char *buf,
			 size_t size);
int um_next_readdir(struct um_next *next, const char *path, um_fill_fn fill,
		    void *arg);
int um_next_mknod(struct um_next *next, const char *path, mode_t mode,
		  dev_t rdev);
int um_next_mkdir(struct um_next *next, const char *path, mode_t mode);
int um_next_unlink(struct um_next *next, const char *path);
int um_next_rmdir(struct um_next *next, const char *path);
int um_next_symlink(struct um_next *next, const char *target, const char *path);
int um_next_rename(struct um_next *next, const char *from, const char *to,
		   unsigned int flags);
int um_next_link(struct um_next *next, const char *from, const char *to);
int um_next_chmod(struct um_next *next, const char *path, mode_t mode);
int um_next_chown(struct um_next *next, const char *path, uid_t uid, gid_t gid);
int um_next_utimens(struct um_next *next, const char *path,
		    const struct timespec ts[2]);
int um_next_truncate(struct um_next *next, const char *path, off_t size);
int um_next_statfs(struct um_next *next, const char *path, struct statfs *out);
int um_next_setxattr(struct um_next *next, const char *path, const char *name,
		     const void *value, size_t size, int flags);
ssize_t um_next_getxattr(struct um_next *next, const char *path,
			 const char *name, void *buf, size_t size);
ssize_t um_next_listxattr(struct um_next *next, const char *path, char *buf,
			  size_t size);
int um_next_removexattr(struct um_next *next, const char *path,
			const char *name);

/*
 * The view beneath the mount that the calling thread works for: for code that
 * is handed no um_fs, such as a program's main() run by umfuse. NULL elsewhere.
 */
struct um_next *um_next_current(void);

/*
 * For a module that runs code in threads of its own: what um_next_current()
 * answers in the calling thread from now on. The core does this around each
 * operation. NULL: none.
 */
void um_next_set_current(struct um_next *next);

#endif
