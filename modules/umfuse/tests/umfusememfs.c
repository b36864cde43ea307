// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umfusememfs.c - a FUSE file system in memory, for the tests of umfuse
 *
 * A flat table of paths (memfs.c), with hard links and extended attributes.
 * Options:
 * nullpath (nullpath_ok and hard_remove), offsets (readdir with offsets, a few
 * entries a call), bufs (read_buf and write_buf only), mknod (no create),
 * ino (numbers of its own), quit (a file "/.quit" that ends it when opened),
 * early (main returns at once), flush (a file that was flushed is sticky).
 */
#include "memfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#define BATCH 3

/* A variable of the program: each mount must see one of its own. */
static struct options {
	int nullpath;
	int offsets;
	int bufs;
	int mknod;
	int ino;
	int quit;
	int early;
	int flush;
} options;

static int memfs_getattr(const char *path, struct stat *out,
			 struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (node)
		*out = node->st;
	return memfs_leave(node ? 0 : -ENOENT);
}

static int memfs_readlink(const char *path, char *buf, size_t size)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node || !S_ISLNK(node->st.st_mode))
		return memfs_leave(node ? -EINVAL : -ENOENT);
	snprintf(buf, size, "%s", node->data);
	return memfs_leave(0);
}

static int memfs_mknod(const char *path, mode_t mode, dev_t rdev)
{
	memfs_enter();
	return memfs_leave(memfs_make(path, mode, rdev, NULL));
}

static int memfs_mkdir(const char *path, mode_t mode)
{
	memfs_enter();
	return memfs_leave(memfs_make(path, S_IFDIR | mode, 0, NULL));
}

static int memfs_symlink(const char *target, const char *path)
{
	memfs_enter();
	return memfs_leave(memfs_make(path, S_IFLNK | 0777, 0, target));
}

static int is_empty(const char *path)
{
	for (int i = 0; i < MAX_NAMES; i++)
		if (memfs_names[i].path &&
		    memfs_entry(memfs_names[i].path, path))
			return 0;
	return 1;
}

static int memfs_unlink(const char *path)
{
	struct name *name;

	memfs_enter();
	name = memfs_find(path);
	if (!name)
		return memfs_leave(-ENOENT);
	if (S_ISDIR(name->node->st.st_mode))
		return memfs_leave(-EISDIR);
	memfs_forget(name);
	return memfs_leave(0);
}

static int memfs_rmdir(const char *path)
{
	struct name *name;

	memfs_enter();
	name = memfs_find(path);
	if (!name)
		return memfs_leave(-ENOENT);
	if (!S_ISDIR(name->node->st.st_mode))
		return memfs_leave(-ENOTDIR);
	if (!is_empty(path))
		return memfs_leave(-ENOTEMPTY);
	memfs_forget(name);
	return memfs_leave(0);
}

static int check_target(const struct name *old, const struct name *target,
			unsigned int flags)
{
	int dir = S_ISDIR(old->node->st.st_mode);

	if (flags & 1) /* RENAME_NOREPLACE */
		return -EEXIST;
	if (S_ISDIR(target->node->st.st_mode)) {
		if (!dir)
			return -EISDIR;
		return is_empty(target->path) ? 0 : -ENOTEMPTY;
	}
	return dir ? -ENOTDIR : 0;
}

/* Moves from and all beneath it. */
static void move(const char *from, const char *to)
{
	size_t n = strlen(from);

	for (int i = 0; i < MAX_NAMES; i++) {
		char *old = memfs_names[i].path, *path;

		if (!old || strncmp(old, from, n) != 0 ||
		    (old[n] && old[n] != '/'))
			continue;
		if (asprintf(&path, "%s%s", to, old + n) < 0)
			continue;
		memfs_names[i].path = path;
		free(old);
	}
}

static int memfs_rename(const char *from, const char *to, unsigned int flags)
{
	struct name *old, *target;
	int err = 0;

	memfs_enter();
	old = memfs_find(from);
	target = memfs_find(to);
	if (!old || flags & ~1u)
		return memfs_leave(old ? -EINVAL : -ENOENT);
	if (target && target->node == old->node && target != old)
		return memfs_leave(0);
	if (target)
		err = check_target(old, target, flags);
	if (err)
		return memfs_leave(err);
	if (target)
		memfs_forget(target);
	clock_gettime(CLOCK_REALTIME, &old->node->st.st_ctim);
	move(from, to);
	return memfs_leave(0);
}

static int memfs_link(const char *from, const char *to)
{
	struct name *name;

	memfs_enter();
	name = memfs_find(from);
	return memfs_leave(name ? memfs_add(to, name->node) : -ENOENT);
}

static int memfs_chmod(const char *path, mode_t mode, struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (node)
		node->st.st_mode = (node->st.st_mode & S_IFMT) | (mode & 07777);
	return memfs_leave(node ? 0 : -ENOENT);
}

static int memfs_chown(const char *path, uid_t uid, gid_t gid,
		       struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (node && uid != (uid_t)-1)
		node->st.st_uid = uid;
	if (node && gid != (gid_t)-1)
		node->st.st_gid = gid;
	return memfs_leave(node ? 0 : -ENOENT);
}

static int memfs_utimens(const char *path, const struct timespec ts[2],
			 struct fuse_file_info *fi)
{
	struct timespec now;
	struct node *node;

	clock_gettime(CLOCK_REALTIME, &now);
	memfs_enter();
	node = memfs_node(path, fi);
	if (node && ts[0].tv_nsec != UTIME_OMIT)
		node->st.st_atim = ts[0].tv_nsec == UTIME_NOW ? now : ts[0];
	if (node && ts[1].tv_nsec != UTIME_OMIT)
		node->st.st_mtim = ts[1].tv_nsec == UTIME_NOW ? now : ts[1];
	return memfs_leave(node ? 0 : -ENOENT);
}

static int memfs_truncate(const char *path, off_t size,
			  struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	return memfs_leave(node ? memfs_resize(node, size) : -ENOENT);
}

/* O_TRUNC is ignored: umfuse must see to it. */
static int memfs_open(const char *path, struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node)
		return memfs_leave(-ENOENT);
	if (options.quit && strcmp(path, "/.quit") == 0)
		fuse_exit(fuse_get_context()->fuse);
	node->opens++;
	if (options.nullpath)
		fi->fh = (uintptr_t)node;
	return memfs_leave(0);
}

static int memfs_release(const char *path, struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (node) {
		node->opens--;
		memfs_drop(node);
	}
	return memfs_leave(0);
}

static int memfs_create(const char *path, mode_t mode,
			struct fuse_file_info *fi)
{
	int err;

	memfs_enter();
	err = memfs_make(path, mode, 0, NULL);
	memfs_leave(0);
	return err ? err : memfs_open(path, fi);
}

static int memfs_read(const char *path, char *buf, size_t size, off_t off,
		      struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (!node || off >= node->st.st_size)
		return memfs_leave(node ? 0 : -ENOENT);
	if ((off_t)size > node->st.st_size - off)
		size = (size_t)(node->st.st_size - off);
	memcpy(buf, node->data + off, size);
	return memfs_leave((int)size);
}

static int memfs_write(const char *path, const char *buf, size_t size,
		       off_t off, struct fuse_file_info *fi)
{
	struct node *node;
	int err = 0;

	memfs_enter();
	node = memfs_node(path, fi);
	if (!node)
		return memfs_leave(-ENOENT);
	if (off + (off_t)size > node->st.st_size)
		err = memfs_resize(node, off + (off_t)size);
	if (err)
		return memfs_leave(err);
	memcpy(node->data + off, buf, size);
	memfs_touch(node);
	return memfs_leave((int)size);
}

static int memfs_read_buf(const char *path, struct fuse_bufvec **out,
			  size_t size, off_t off, struct fuse_file_info *fi)
{
	struct fuse_bufvec *src = malloc(sizeof(*src));
	int ret;

	if (!src)
		return -ENOMEM;
	*src = FUSE_BUFVEC_INIT(size);
	src->buf[0].mem = malloc(size);
	ret = memfs_read(path, src->buf[0].mem, size, off, fi);
	src->buf[0].size = ret > 0 ? (size_t)ret : 0;
	*out = src;
	return ret < 0 ? ret : 0;
}

static int memfs_write_buf(const char *path, struct fuse_bufvec *buf, off_t off,
			   struct fuse_file_info *fi)
{
	size_t size = fuse_buf_size(buf);
	struct fuse_bufvec dst = FUSE_BUFVEC_INIT(size);
	ssize_t n;

	dst.buf[0].mem = malloc(size);
	n = fuse_buf_copy(&dst, buf, 0);
	if (n > 0)
		n = memfs_write(path, dst.buf[0].mem, (size_t)n, off, fi);
	free(dst.buf[0].mem);
	return (int)n;
}

static int memfs_flush(const char *path, struct fuse_file_info *fi)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, fi);
	if (node)
		node->st.st_mode |= S_ISVTX;
	return memfs_leave(0);
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are FUSE's */
static ssize_t memfs_copy_file_range(const char *path_in,
				     struct fuse_file_info *fi_in, off_t off_in,
				     const char *path_out,
				     struct fuse_file_info *fi_out,
				     off_t off_out, size_t size, int flags)
{
	struct node *in, *out;
	off_t end = off_out + (off_t)size;
	int err = flags ? -EINVAL : 0;

	memfs_enter();
	in = memfs_node(path_in, fi_in);
	out = memfs_node(path_out, fi_out);
	if (!in || !out)
		return memfs_leave(-ENOENT);
	if (off_in >= in->st.st_size)
		return memfs_leave(0);
	if ((off_t)size > in->st.st_size - off_in) {
		size = (size_t)(in->st.st_size - off_in);
		end = off_out + (off_t)size;
	}
	if (!err && end > out->st.st_size)
		err = memfs_resize(out, end);
	if (err)
		return memfs_leave(err);
	memmove(out->data + off_out, in->data + off_in, size);
	memfs_touch(out);
	memfs_leave(0);
	return (ssize_t)size;
}

static int memfs_readdir(const char *path, void *buf, fuse_fill_dir_t fill,
			 off_t off, struct fuse_file_info *fi,
			 enum fuse_readdir_flags flags)
{
	int given = 0;

	(void)fi;
	(void)flags;
	memfs_enter();
	for (off_t i = off; i < MAX_NAMES; i++) {
		const char *name =
			memfs_names[i].path
				? memfs_entry(memfs_names[i].path, path)
				: NULL;

		if (!name)
			continue;
		if (fill(buf, name, &memfs_names[i].node->st,
			 options.offsets ? i + 1 : 0, 0) ||
		    (options.offsets && ++given == BATCH))
			break;
	}
	return memfs_leave(0);
}

static int memfs_setxattr(const char *path, const char *name, const char *value,
			  size_t size, int flags)
{
	struct node *node;
	int has;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node)
		return memfs_leave(-ENOENT);
	has = node->has_xattr && strcmp(node->xname, name) == 0;
	if (has && flags & XATTR_CREATE)
		return memfs_leave(-EEXIST);
	if (!has && flags & XATTR_REPLACE)
		return memfs_leave(-ENODATA);
	if (size > XATTR_MAX || (!has && node->has_xattr))
		return memfs_leave(-ENOSPC);
	snprintf(node->xname, sizeof(node->xname), "%s", name);
	memcpy(node->xvalue, value, size);
	node->xsize = size;
	node->has_xattr = 1;
	return memfs_leave(0);
}

static int memfs_getxattr(const char *path, const char *name, char *buf,
			  size_t size)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node)
		return memfs_leave(-ENOENT);
	if (!node->has_xattr || strcmp(node->xname, name) != 0)
		return memfs_leave(-ENODATA);
	if (size && size < node->xsize)
		return memfs_leave(-ERANGE);
	if (size)
		memcpy(buf, node->xvalue, node->xsize);
	return memfs_leave((int)node->xsize);
}

static int memfs_listxattr(const char *path, char *buf, size_t size)
{
	struct node *node;
	size_t n;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node)
		return memfs_leave(-ENOENT);
	n = node->has_xattr ? strlen(node->xname) + 1 : 0;
	if (size && size < n)
		return memfs_leave(-ERANGE);
	if (size)
		memcpy(buf, node->xname, n);
	return memfs_leave((int)n);
}

static int memfs_removexattr(const char *path, const char *name)
{
	struct node *node;

	memfs_enter();
	node = memfs_node(path, NULL);
	if (!node)
		return memfs_leave(-ENOENT);
	if (!node->has_xattr || strcmp(node->xname, name) != 0)
		return memfs_leave(-ENODATA);
	node->has_xattr = 0;
	return memfs_leave(0);
}

static void *memfs_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
	(void)conn;
	cfg->use_ino = options.ino;
	cfg->nullpath_ok = options.nullpath;
	cfg->hard_remove = options.nullpath;
	return &options;
}

static void memfs_destroy(void *data)
{
	(void)data;
	for (int i = 0; i < MAX_NAMES; i++) {
		if (memfs_names[i].path) {
			memfs_names[i].node->opens = 0;
			memfs_forget(&memfs_names[i]);
		}
	}
}

static struct fuse_operations memfs_ops = {
	.init = memfs_init,
	.destroy = memfs_destroy,
	.getattr = memfs_getattr,
	.readlink = memfs_readlink,
	.mknod = memfs_mknod,
	.mkdir = memfs_mkdir,
	.unlink = memfs_unlink,
	.rmdir = memfs_rmdir,
	.symlink = memfs_symlink,
	.rename = memfs_rename,
	.link = memfs_link,
	.chmod = memfs_chmod,
	.chown = memfs_chown,
	.utimens = memfs_utimens,
	.truncate = memfs_truncate,
	.open = memfs_open,
	.release = memfs_release,
	.create = memfs_create,
	.read = memfs_read,
	.write = memfs_write,
	.copy_file_range = memfs_copy_file_range,
	.readdir = memfs_readdir,
	.setxattr = memfs_setxattr,
	.getxattr = memfs_getxattr,
	.listxattr = memfs_listxattr,
	.removexattr = memfs_removexattr,
};

static const struct fuse_opt table[] = {
	{ "nullpath", offsetof(struct options, nullpath), 1 },
	{ "offsets", offsetof(struct options, offsets), 1 },
	{ "bufs", offsetof(struct options, bufs), 1 },
	{ "mknod", offsetof(struct options, mknod), 1 },
	{ "ino", offsetof(struct options, ino), 1 },
	{ "quit", offsetof(struct options, quit), 1 },
	{ "early", offsetof(struct options, early), 1 },
	{ "flush", offsetof(struct options, flush), 1 },
	FUSE_OPT_END,
};

int main(int argc, char *argv[])
{
	struct fuse_args args = FUSE_ARGS_INIT(argc, argv);
	int ret;

	if (fuse_opt_parse(&args, &options, table, NULL) < 0)
		return 1;
	if (options.early) {
		fuse_opt_free_args(&args);
		return 3;
	}
	if (options.flush)
		memfs_ops.flush = memfs_flush;
	if (options.bufs) {
		memfs_ops.copy_file_range = NULL;
		memfs_ops.read = NULL;
		memfs_ops.write = NULL;
		memfs_ops.read_buf = memfs_read_buf;
		memfs_ops.write_buf = memfs_write_buf;
	}
	if (options.mknod)
		memfs_ops.create = NULL;
	memfs_make("/", S_IFDIR | 0755, 0, NULL);
	if (options.quit)
		memfs_make("/.quit", S_IFREG | 0644, 0, NULL);
	ret = fuse_main(args.argc, args.argv, &memfs_ops, NULL);
	memfs_destroy(NULL);
	fuse_opt_free_args(&args);
	return ret;
}
