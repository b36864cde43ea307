// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusesquash.c - squashfs images as a FUSE program, by libsquashfuse
 *
 * umfusesquash [-o offset=N] IMAGE MOUNTPOINT
 *
 * The library keeps caches without locks: one operation at a time (-s).
 */
#include "image.h"

#include "../umfuse/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct squash {
	struct image image;
	char *offset_option;
};

static struct image *the_image(void)
{
	return &((struct squash *)fuse_get_context()->private_data)->image;
}

/* Of an open file, or by path. */
static int find(const char *path, const struct fuse_file_info *fi,
		sqfs_inode *out)
{
	if (!fi || !fi->fh)
		return path ? image_find(the_image(), path, out) : -ENOENT;
	*out = *(sqfs_inode *)(uintptr_t)fi->fh;
	return 0;
}

static int squash_getattr(const char *path, struct stat *out,
			  struct fuse_file_info *fi)
{
	sqfs_inode inode;
	int err = find(path, fi, &inode);

	return err ? err : image_stat(the_image(), &inode, out);
}

static int squash_readlink(const char *path, char *buf, size_t size)
{
	sqfs_inode inode;
	int err = find(path, NULL, &inode);

	if (err)
		return err;
	if (!S_ISLNK(inode.base.mode))
		return -EINVAL;
	return image_error(sqfs_readlink(&the_image()->fs, &inode, buf, &size));
}

static int squash_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
			  off_t off, struct fuse_file_info *fi,
			  enum fuse_readdir_flags flags)
{
	sqfs_inode inode;
	int err = find(path, NULL, &inode);

	(void)off;
	(void)fi;
	(void)flags;
	if (err)
		return err;
	if (!S_ISDIR(inode.base.mode))
		return -ENOTDIR;
	return image_list(the_image(), &inode, buf, fill);
}

static int squash_open(const char *path, struct fuse_file_info *fi)
{
	sqfs_inode *inode;
	int err;

	if ((fi->flags & O_ACCMODE) != O_RDONLY)
		return -EROFS;
	inode = malloc(sizeof(*inode));
	if (!inode)
		return -ENOMEM;
	err = image_find(the_image(), path, inode);
	if (!err && !S_ISREG(inode->base.mode))
		err = S_ISDIR(inode->base.mode) ? -EISDIR : -EINVAL;
	if (err) {
		free(inode);
		return err;
	}
	fi->fh = (uint64_t)(uintptr_t)inode;
	fi->keep_cache = 1;
	return 0;
}

static int squash_release(const char *path, struct fuse_file_info *fi)
{
	(void)path;
	free((sqfs_inode *)(uintptr_t)fi->fh);
	return 0;
}

static int squash_read(const char *path, char *buf, size_t size, off_t off,
		       struct fuse_file_info *fi)
{
	(void)path;
	return (int)image_read(the_image(), (sqfs_inode *)(uintptr_t)fi->fh,
			       buf, size, off);
}

static int squash_getxattr(const char *path, const char *name, char *buf,
			   size_t size)
{
	sqfs_inode inode;
	int err = find(path, NULL, &inode);

	return err ? err
		   : (int)image_getxattr(the_image(), &inode, name, buf, size);
}

static int squash_listxattr(const char *path, char *buf, size_t size)
{
	sqfs_inode inode;
	int err = find(path, NULL, &inode);

	return err ? err : (int)image_listxattr(the_image(), &inode, buf, size);
}

static int squash_statfs(const char *path, struct statvfs *out)
{
	(void)path;
	image_statfs(the_image(), out);
	return 0;
}

static void *squash_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->use_ino = 1;
	cfg->nullpath_ok = 1;
	return fuse_get_context()->private_data;
}

static const struct fuse_operations squash_ops = {
	.init = squash_init,
	.getattr = squash_getattr,
	.readlink = squash_readlink,
	.readdir = squash_readdir,
	.open = squash_open,
	.release = squash_release,
	.read = squash_read,
	.getxattr = squash_getxattr,
	.listxattr = squash_listxattr,
	.statfs = squash_statfs,
};

/* --- start --- */

static const struct fuse_opt options[] = {
	{ "offset=%s", offsetof(struct squash, offset_option), 0 },
	FUSE_OPT_END,
};

static int parse_offset(const char *text, uint64_t *out)
{
	char *end;

	*out = 0;
	if (!text)
		return 0;
	errno = 0;
	*out = strtoull(text, &end, 0);
	if (!errno && end != text && !*end && *text != '-' && *out < INT64_MAX)
		return 0;
	fuse_log(FUSE_LOG_ERR, SQUASH_PROGRAM ": bad offset: %s\n", text);
	return -EINVAL;
}

static int start(void *data, const char *source)
{
	struct squash *s = data;
	uint64_t offset;
	int err = parse_offset(s->offset_option, &offset);

	return err ? err : image_open(&s->image, source, offset);
}

static int stop(void *data)
{
	image_close(&((struct squash *)data)->image);
	return 0;
}

static const char *const args[] = { "-s", "-oro", NULL };

static const struct umfuse_program program = {
	.name = SQUASH_PROGRAM,
	.usage = "[-o offset=N] image mountpoint",
	.options = options,
	.ops = &squash_ops,
	.args = args,
	.start = start,
	.stop = stop,
};

int main(int argc, char *argv[])
{
	struct squash s = { .offset_option = NULL };
	int ret = umfuse_program_run(&program, &s, argc, argv);

	free(s.offset_option);
	return ret;
}
