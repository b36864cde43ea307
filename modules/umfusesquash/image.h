/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * image.h - private to umfusesquash: a squashfs image by libsquashfuse
 *
 * The library reads the image by its function sqfs_pread(); the one here asks
 * the view beneath the mount. A mount has the module's variables for itself, so
 * one of them is the image. The library believes what it reads: table indices, lengths of names and of
 * blocks. An image is not to be believed, so whatever the library would use
 * unchecked is checked here before, and the functions of the library that
 * leave no room for that (sqfs_lookup_path, sqfs_dir_lookup, sqfs_read_range,
 * sqfs_xattr_*) are not called.
 */
#ifndef UMFUSESQUASH_IMAGE_H
#define UMFUSESQUASH_IMAGE_H

/* The same as in libsquashfuse's own headers. */
#define FUSE_USE_VERSION 32

#include <fuse.h>

#include <squashfuse/squashfuse.h>

/* Declared in a header of the library that is not installed. */
ssize_t sqfs_pread(sqfs_fd_t fd, void *buf, size_t count, sqfs_off_t off);

#define SQUASH_PROGRAM "umfusesquash"

/* Directories whose entries are kept; see dir.c. */
#define DIRS_KEPT 32

struct dir;

/**
 * struct image - an open image
 * @dirs: directories looked into lately; @turn: counts the looks
 */
struct image {
	sqfs fs;
	struct dir *dirs[DIRS_KEPT];
	uint64_t turn;
};

/* All return 0 or a count, or -errno. image_open() says why it fails. */
int image_open(struct image *im, const char *path, uint64_t offset);
void image_close(struct image *im);
int image_error(sqfs_err err);
int image_inode(struct image *im, sqfs_inode_id id, sqfs_inode *out);
int image_stat(struct image *im, sqfs_inode *inode, struct stat *out);
void image_statfs(const struct image *im, struct statvfs *out);

/* xattr.c */
ssize_t image_getxattr(struct image *im, const sqfs_inode *inode,
		       const char *name, char *buf, size_t size);
ssize_t image_listxattr(struct image *im, const sqfs_inode *inode, char *buf,
			size_t size);

/* meta.c */
/* Is this a place to read from? 0, -EIO */
int image_check(struct image *im, const sqfs_md_cursor *at);
/* The place that a reference (block and offset) from `start` on tells. */
int image_place(struct image *im, uint64_t ref, uint64_t start,
		sqfs_md_cursor *out);
/* Record `index` of a table that has `count`. */
int image_table_get(struct image *im, sqfs_table *table, size_t count,
		    size_t index, void *out);

/* dir.c */
int image_find(struct image *im, const char *path, sqfs_inode *out);
int image_list(struct image *im, sqfs_inode *inode, void *buf,
	       fuse_fill_dir_t fill);
void image_forget_dirs(struct image *im);

/* data.c */
ssize_t image_read(struct image *im, sqfs_inode *inode, char *buf, size_t size,
		   off_t off);

#endif
