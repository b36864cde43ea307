// SPDX-License-Identifier: GPL-2.0-or-later
/* dir.c - operations on names */
#include "ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- reading directories --- */

/*
 * A whole directory is read before the core sees a name of it: the core may
 * call us again from its fill function, and the program may hold locks.
 */
struct entry {
	uint64_t ino;
	off_t off;
	unsigned char type;
	char *name;
};

struct listing {
	const struct fuse_config *cfg;
	struct entry *v;
	size_t n;
	size_t room;
	int err;
};

static int add_entry(struct listing *l, const char *name, uint64_t ino,
		     off_t off, unsigned char type)
{
	size_t room = l->room ? 2 * l->room : 32;
	struct entry *v;
	char *copy;

	if (l->n == l->room) {
		v = reallocarray(l->v, room, sizeof(*v));
		if (!v)
			return -ENOMEM;
		l->v = v;
		l->room = room;
	}
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	l->v[l->n++] = (struct entry){ ino, off, type, copy };
	/* cppcheck-suppress memleak; the list has it */
	return 0;
}

static void listing_fini(struct listing *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
}

static int filler(void *buf, const char *name, const struct stat *st, off_t off,
		  enum fuse_fill_dir_flags flags)
{
	struct listing *l = buf;
	uint64_t ino = st && l->cfg->use_ino ? st->st_ino : 0;

	(void)flags;
	if (!l->err && (!*name || strchr(name, '/')))
		l->err = -EIO;
	if (!l->err)
		l->err = add_entry(l, name, ino, off,
				   st ? IFTODT(st->st_mode) : DT_UNKNOWN);
	return l->err != 0;
}

/*
 * Programs give all entries with offset 0 at once, or each with the offset to
 * go on from: those are asked until nothing more comes.
 */
static int fill_listing(struct umfuse_call *c, struct listing *l,
			struct fuse_file_info *fi)
{
	off_t off = 0;
	size_t had;
	int err;

	do {
		had = l->n;
		err = c->fuse->op.readdir(c->path, l, filler, off, fi, 0);
		if (!err)
			err = l->err;
		if (!err && l->n > had)
			off = l->v[l->n - 1].off;
	} while (!err && l->n > had && off != 0);
	return err;
}

static bool has_name(const struct listing *l, const char *name)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i].name, name) == 0)
			return true;
	return false;
}

static uint64_t number_of(struct umfuse_call *c, const char *name)
{
	size_t n = strlen(c->path);
	char *path;
	uint64_t ino;

	if (strcmp(name, ".") == 0)
		return umfuse_node_ino(&c->mnt->nodes, c->path);
	if (strcmp(name, "..") == 0) {
		n = (size_t)(strrchr(c->path, '/') - c->path);
		name = "";
	}
	path = malloc(n + strlen(name) + 2);
	if (!path)
		return 0;
	memcpy(path, c->path, n);
	path[n] = '/';
	memcpy(path + n + 1, name, strlen(name) + 1);
	ino = umfuse_node_ino(&c->mnt->nodes, path);
	free(path);
	return ino;
}

static void number_entries(struct umfuse_call *c, struct listing *l)
{
	if (l->cfg->use_ino)
		return;
	for (size_t i = 0; i < l->n; i++)
		l->v[i].ino = number_of(c, l->v[i].name);
}

static int read_listing(struct umfuse_call *c, struct listing *l)
{
	struct fuse_file_info fi = { .flags = O_RDONLY | O_DIRECTORY };
	const struct fuse_operations *op = &c->fuse->op;
	int err = op->opendir ? op->opendir(c->path, &fi) : 0;

	if (err && err != -ENOSYS)
		return err;
	err = fill_listing(c, l, &fi);
	if (op->releasedir)
		op->releasedir(c->path, &fi);
	if (!err && !has_name(l, "."))
		err = add_entry(l, ".", 0, 0, DT_DIR);
	if (!err && !has_name(l, ".."))
		err = add_entry(l, "..", 0, 0, DT_DIR);
	if (!err)
		number_entries(c, l);
	return err;
}

int umfuse_op_readdir(struct um_fs *fs, const char *path, um_fill_fn fill,
		      void *arg)
{
	struct listing l = { 0 };
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "readdir", path);

	if (!err) {
		l.cfg = &c.fuse->cfg;
		err = read_listing(&c, &l);
	}
	err = umfuse_leave0(&c, err);
	for (size_t i = 0; !err && i < l.n; i++)
		if (fill(arg, l.v[i].name, l.v[i].ino, l.v[i].type))
			break;
	listing_fini(&l);
	return err;
}

/* --- making and removing names --- */

ssize_t umfuse_op_readlink(struct um_fs *fs, const char *path, char *buf,
			   size_t size)
{
	char target[PATH_MAX + 1] = "";
	struct umfuse_call c;
	ssize_t ret = umfuse_enter(&c, fs, "readlink", path);

	if (!ret)
		ret = c.fuse->op.readlink(path, target, sizeof(target));
	if (!ret) {
		size_t n = strnlen(target, sizeof(target));

		ret = (ssize_t)(n < size ? n : size);
		memcpy(buf, target, (size_t)ret);
	}
	return umfuse_leave(&c, ret);
}

/* A regular file is made with create where there is one, as in libfuse. */
int umfuse_mknod(struct umfuse_call *c, const char *path, mode_t mode,
		 dev_t rdev)
{
	const struct fuse_operations *op = &c->fuse->op;
	struct fuse_file_info fi = { .flags = O_CREAT | O_EXCL | O_WRONLY };
	int err = -ENOSYS;

	if (S_ISREG(mode) && op->create) {
		err = op->create(path, mode, &fi);
		if (!err && op->release)
			op->release(path, &fi);
	}
	if (err == -ENOSYS && op->mknod)
		err = op->mknod(path, mode, rdev);
	return err;
}

int umfuse_op_mknod(struct um_fs *fs, const char *path, mode_t mode, dev_t rdev)
{
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "mknod", path);

	if (!err)
		err = umfuse_mknod(&c, path, mode, rdev);
	return umfuse_leave0(&c, err);
}

int umfuse_op_mkdir(struct um_fs *fs, const char *path, mode_t mode)
{
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "mkdir", path);

	if (!err)
		err = c.fuse->op.mkdir(path, mode);
	return umfuse_leave0(&c, err);
}

int umfuse_op_unlink(struct um_fs *fs, const char *path)
{
	struct umfuse_call c;
	int err = umfuse_enter_alone(&c, fs, "unlink", path);

	if (!err)
		err = c.fuse->op.unlink(path);
	if (!err)
		umfuse_node_drop(&c.mnt->nodes, path);
	return umfuse_leave0(&c, err);
}

int umfuse_op_rmdir(struct um_fs *fs, const char *path)
{
	struct umfuse_call c;
	int err = umfuse_enter_alone(&c, fs, "rmdir", path);

	if (!err)
		err = c.fuse->op.rmdir(path);
	if (!err)
		umfuse_node_drop(&c.mnt->nodes, path);
	return umfuse_leave0(&c, err);
}

int umfuse_op_symlink(struct um_fs *fs, const char *target, const char *path)
{
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "symlink", path);

	if (!err)
		err = c.fuse->op.symlink(target, path);
	return umfuse_leave0(&c, err);
}

int umfuse_op_rename(struct um_fs *fs, const char *from, const char *to,
		     unsigned int flags)
{
	const unsigned int known = RENAME_NOREPLACE | RENAME_EXCHANGE;
	struct umfuse_call c;
	int err = umfuse_enter_alone(&c, fs, "rename", from);

	if (!err && flags & ~known)
		err = -EINVAL;
	if (!err)
		err = c.fuse->op.rename(from, to, flags);
	if (!err)
		umfuse_node_move(&c.mnt->nodes, from, to,
				 flags & RENAME_EXCHANGE);
	return umfuse_leave0(&c, err);
}

int umfuse_op_link(struct um_fs *fs, const char *from, const char *to)
{
	struct umfuse_call c;
	int err = umfuse_enter_alone(&c, fs, "link", to);

	if (!err)
		err = c.fuse->op.link(from, to);
	if (!err)
		umfuse_node_link(&c.mnt->nodes, from, to);
	return umfuse_leave0(&c, err);
}
