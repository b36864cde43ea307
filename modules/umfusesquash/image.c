// SPDX-License-Identifier: GPL-2.0-or-later
/* image.c - a squashfs image: opening it, its inodes */
#include "image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <umview/next.h>

#define MIN_BLOCK_LOG 12
#define MAX_BLOCK_LOG 20

int image_error(sqfs_err err)
{
	if (err == SQFS_OK)
		return 0;
	return err == SQFS_ERR ? -EIO : -EINVAL;
}

static const char *compression_name(sqfs_compression_type type)
{
	static const char *const names[] = { "no", "gzip", "lzma", "lzo",
					     "xz", "lz4",  "zstd" };

	if ((size_t)type < sizeof(names) / sizeof(names[0]))
		return names[type];
	return "an unknown";
}

static int refuse(sqfs *fs, const char *path, sqfs_err err)
{
	int major = 0, minor = 0;
	const char *comp = compression_name(sqfs_compression(fs));

	fuse_log(FUSE_LOG_ERR, SQUASH_PROGRAM ": %s: ", path);
	sqfs_version(fs, &major, &minor);
	if (err == SQFS_BADFORMAT)
		fuse_log(FUSE_LOG_ERR, "not a squashfs image\n");
	else if (err == SQFS_BADVERSION)
		fuse_log(FUSE_LOG_ERR, "squashfs %d.%d, only 4.0 can be read\n",
			 major, minor);
	else if (err == SQFS_BADCOMP)
		fuse_log(FUSE_LOG_ERR,
			 "%s compression, which libsquashfuse has not\n", comp);
	else
		fuse_log(FUSE_LOG_ERR, "the image is damaged\n");
	return image_error(err);
}

/* The library allocates and divides by these. */
static bool is_sane(const struct squashfs_super_block *sb)
{
	return sb->block_log >= MIN_BLOCK_LOG &&
	       sb->block_log <= MAX_BLOCK_LOG &&
	       sb->block_size == UINT32_C(1) << sb->block_log;
}

/* The image; the library's descriptor stands for it and is not used. */
static struct um_next_file *image_file;

ssize_t sqfs_pread(sqfs_fd_t fd, void *buf, size_t count, sqfs_off_t off)
{
	size_t done = 0;

	(void)fd;
	if (off < 0)
		return 0;
	while (done < count) {
		ssize_t n = um_next_pread(image_file, (char *)buf + done,
					  count - done, off + (off_t)done);

		if (n <= 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

static int open_fs(struct image *im, const char *path, size_t offset)
{
	sqfs_inode root;
	struct stat st;
	sqfs_err err = sqfs_init(&im->fs, 0, offset);

	if (err != SQFS_OK)
		return refuse(&im->fs, path, err);
	if (is_sane(&im->fs.sb) &&
	    image_inode(im, sqfs_inode_root(&im->fs), &root) == 0 &&
	    S_ISDIR(root.base.mode) && image_stat(im, &root, &st) == 0)
		return 0;
	sqfs_destroy(&im->fs);
	return refuse(&im->fs, path, SQFS_ERR);
}

int image_open(struct image *im, const char *path, uint64_t offset)
{
	int err =
		um_next_open(um_next_current(), path, O_RDONLY, 0, &image_file);

	memset(im, 0, sizeof(*im));
	if (err) {
		fuse_log(FUSE_LOG_ERR, SQUASH_PROGRAM ": %s: %s\n", path,
			 strerror(-err));
		return err;
	}
	err = open_fs(im, path, (size_t)offset);
	if (err)
		um_next_close(image_file);
	return err;
}

void image_close(struct image *im)
{
	image_forget_dirs(im);
	sqfs_destroy(&im->fs);
	um_next_close(image_file);
}

/* The type is told twice in an inode; one of them must do. */
int image_inode(struct image *im, sqfs_inode_id id, sqfs_inode *out)
{
	sqfs_md_cursor at;
	sqfs_mode_t type;
	int err = image_place(im, id, im->fs.sb.inode_table_start, &at);

	if (!err)
		err = image_error(sqfs_inode_get(&im->fs, out, id));
	if (err)
		return err;
	type = sqfs_mode(out->base.inode_type);
	if (!type)
		return -EIO;
	out->base.mode = (out->base.mode & 07777) | (uint16_t)type;
	return 0;
}

static off_t size_of(const sqfs_inode *inode)
{
	if (S_ISREG(inode->base.mode))
		return inode->xtra.reg.file_size > INT64_MAX
			       ? -1
			       : (off_t)inode->xtra.reg.file_size;
	if (S_ISDIR(inode->base.mode))
		return (off_t)inode->xtra.dir.dir_size;
	if (S_ISLNK(inode->base.mode))
		return (off_t)inode->xtra.symlink_size;
	return 0;
}

static int get_id(struct image *im, uint16_t index, sqfs_id_t *out)
{
	uint32_t id = 0;
	int err = image_table_get(im, &im->fs.id_table, im->fs.sb.no_ids, index,
				  &id);

	*out = le32toh(id);
	return err;
}

int image_stat(struct image *im, sqfs_inode *inode, struct stat *out)
{
	sqfs_id_t uid, gid = 0;
	int err = get_id(im, inode->base.uid, &uid);

	if (!err)
		err = get_id(im, inode->base.guid, &gid);
	if (err)
		return err;
	memset(out, 0, sizeof(*out));
	out->st_ino = inode->base.inode_number;
	out->st_mode = inode->base.mode;
	out->st_nlink = (nlink_t)inode->nlink;
	out->st_uid = uid;
	out->st_gid = gid;
	out->st_size = size_of(inode);
	if (out->st_size < 0)
		return -EIO;
	out->st_blksize = (blksize_t)im->fs.sb.block_size;
	out->st_blocks = (out->st_size + 511) / 512;
	out->st_mtim.tv_sec = inode->base.mtime;
	out->st_atim = out->st_ctim = out->st_mtim;
	if (S_ISBLK(out->st_mode) || S_ISCHR(out->st_mode))
		out->st_rdev = makedev((unsigned int)inode->xtra.dev.major,
				       (unsigned int)inode->xtra.dev.minor);
	return 0;
}

void image_statfs(const struct image *im, struct statvfs *out)
{
	const struct squashfs_super_block *sb = &im->fs.sb;

	memset(out, 0, sizeof(*out));
	out->f_bsize = sb->block_size;
	out->f_frsize = sb->block_size;
	out->f_blocks = (sb->bytes_used + sb->block_size - 1) / sb->block_size;
	out->f_files = sb->inodes;
	out->f_namemax = SQUASHFS_NAME_LEN;
	out->f_flag = ST_RDONLY;
}
