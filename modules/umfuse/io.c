// SPDX-License-Identifier: GPL-2.0-or-later
/* io.c - operations on open files */
#include "ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

static struct umfuse_file *file_of(struct um_fh *fh)
{
	return (struct umfuse_file *)(uintptr_t)fh->fh;
}

/* --- the list of open files --- */

static struct umfuse_file *file_new(struct umfuse *mnt, const char *path)
{
	struct umfuse_file *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->node = umfuse_node_get(&mnt->nodes, path);
	if (!file->node) {
		free(file);
		return NULL;
	}
	return file;
}

static void file_free(struct umfuse *mnt, struct umfuse_file *file)
{
	if (file)
		umfuse_node_put(&mnt->nodes, file->node);
	free(file);
}

static void file_publish(struct umfuse *mnt, struct umfuse_file *file,
			 struct um_fh *fh)
{
	fh->fh = (uintptr_t)file;
	pthread_mutex_lock(&mnt->lock);
	file->next = mnt->files;
	file->prev = &mnt->files;
	if (file->next)
		file->next->prev = &file->next;
	mnt->files = file;
	pthread_mutex_unlock(&mnt->lock);
}

static void file_withdraw(struct umfuse *mnt, struct umfuse_file *file)
{
	pthread_mutex_lock(&mnt->lock);
	*file->prev = file->next;
	if (file->next)
		file->next->prev = file->prev;
	pthread_mutex_unlock(&mnt->lock);
}

/* --- open and close --- */

/* Programs may leave O_TRUNC to us in two ways: not asked, and ignored. */
static int truncate_opened(struct umfuse_call *c, struct fuse_file_info *fi)
{
	struct stat st;
	int err;

	if (!c->fuse->op.truncate)
		return 0;
	err = umfuse_getattr(c, c->path, fi, &st);
	if (!err && st.st_size != 0)
		err = c->fuse->op.truncate(c->path, 0, fi);
	return err;
}

static int call_release(struct umfuse_call *c, struct fuse_file_info *fi)
{
	if (c->fuse->op.flush && !fi->noflush) {
		fi->flush = 1;
		c->fuse->op.flush(c->path, fi);
		fi->flush = 0;
	}
	return c->fuse->op.release ? c->fuse->op.release(c->path, fi) : 0;
}

static int call_open(struct umfuse_call *c, struct fuse_file_info *fi)
{
	int err = 0, flags = fi->flags;

	if (!(c->fuse->conn.want & FUSE_CAP_ATOMIC_O_TRUNC))
		fi->flags &= ~O_TRUNC;
	if (c->fuse->op.open)
		err = c->fuse->op.open(c->path, fi);
	if (err == -ENOSYS)
		err = 0;
	if (err || !(flags & O_TRUNC))
		return err;
	err = truncate_opened(c, fi);
	if (err)
		call_release(c, fi);
	return err;
}

int umfuse_op_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct umfuse_file *file = NULL;
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "open", path);

	if (!err) {
		file = file_new(c.mnt, path);
		err = file ? 0 : -ENOMEM;
	}
	if (!err) {
		file->fi.flags = fh->flags & ~(O_CREAT | O_EXCL | O_NOCTTY);
		err = call_open(&c, &file->fi);
	}
	if (!err) {
		fh->keep_cache =
			file->fi.keep_cache || c.fuse->cfg.kernel_cache;
		file_publish(c.mnt, file, fh);
	} else if (file) {
		file_free(c.mnt, file);
	}
	return umfuse_leave0(&c, err);
}

static int call_create(struct umfuse_call *c, mode_t mode,
		       struct fuse_file_info *fi)
{
	int flags = fi->flags, err = -ENOSYS;

	mode = (mode & 07777) | S_IFREG;
	if (c->fuse->op.create) {
		fi->flags |= O_CREAT | O_EXCL;
		err = c->fuse->op.create(c->path, mode, fi);
		fi->flags = flags;
	}
	if (err != -ENOSYS || !c->fuse->op.mknod)
		return err;
	err = c->fuse->op.mknod(c->path, mode, 0);
	fi->flags &= ~O_TRUNC;
	return err ? err : call_open(c, fi);
}

int umfuse_op_create(struct um_fs *fs, const char *path, mode_t mode,
		     struct um_fh *fh)
{
	struct umfuse_file *file = NULL;
	struct umfuse_call c;
	int err = umfuse_enter(&c, fs, "create", path);

	if (!err) {
		file = file_new(c.mnt, path);
		err = file ? 0 : -ENOMEM;
	}
	if (!err) {
		file->fi.flags = fh->flags & ~O_NOCTTY;
		err = call_create(&c, mode, &file->fi);
	}
	if (!err)
		file_publish(c.mnt, file, fh);
	else if (file)
		file_free(c.mnt, file);
	return umfuse_leave0(&c, err);
}

/*
 * When the program is gone nobody can be told; the file is freed all the same.
 * flush, which closes of duplicates would repeat, comes once here.
 */
void umfuse_op_release(struct um_fs *fs, struct um_fh *fh)
{
	struct umfuse_file *file = file_of(fh);
	struct umfuse *mnt = fs->priv;
	struct fuse_file_info fi;
	struct umfuse_call c;
	int err = umfuse_enter_file(&c, fs, "release", fh, &fi);

	if (!err) {
		fi.lock_owner = fh->fh;
		err = call_release(&c, &fi);
	}
	/* still within the operation: syncfs looks at the list */
	file_withdraw(mnt, file);
	umfuse_leave0(&c, err);
	file_free(mnt, file);
}

/* --- read and write --- */

static ssize_t read_bufvec(struct umfuse_call *c, char *buf, size_t size,
			   off_t off, struct fuse_file_info *fi)
{
	struct fuse_bufvec dst = FUSE_BUFVEC_INIT(size);
	struct fuse_bufvec *src = NULL;
	ssize_t ret = c->fuse->op.read_buf(c->path, &src, size, off, fi);

	if (ret >= 0 && src) {
		dst.buf[0].mem = buf;
		ret = fuse_buf_copy(&dst, src, 0);
	}
	for (size_t i = 0; src && i < src->count; i++)
		if (!(src->buf[i].flags & FUSE_BUF_IS_FD))
			free(src->buf[i].mem);
	free(src);
	return ret;
}

static ssize_t read_chunk(struct umfuse_call *c, char *buf, size_t size,
			  off_t off, struct fuse_file_info *fi)
{
	const struct fuse_operations *op = &c->fuse->op;
	ssize_t ret;

	if (op->read)
		ret = op->read(c->path, buf, size, off, fi);
	else if (op->read_buf)
		ret = read_bufvec(c, buf, size, off, fi);
	else
		ret = -ENOSYS;
	return ret > (ssize_t)size ? -EIO : ret;
}

static ssize_t write_chunk(struct umfuse_call *c, const char *path,
			   const char *buf, size_t size, off_t off,
			   struct fuse_file_info *fi)
{
	const struct fuse_operations *op = &c->fuse->op;
	struct fuse_bufvec src = FUSE_BUFVEC_INIT(size);
	ssize_t ret;

	if (op->write) {
		ret = op->write(path, buf, size, off, fi);
	} else if (op->write_buf) {
		src.buf[0].mem = (void *)(uintptr_t)buf;
		ret = op->write_buf(path, &src, off, fi);
	} else {
		ret = -ENOSYS;
	}
	return ret > (ssize_t)size ? -EIO : ret;
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

ssize_t umfuse_op_read(struct um_fs *fs, struct um_fh *fh, void *buf,
		       size_t size, off_t off)
{
	struct fuse_file_info fi;
	struct umfuse_call c;
	ssize_t done = 0, ret = umfuse_enter_file(&c, fs, "read", fh, &fi);

	if (ret)
		return umfuse_leave(&c, ret);
	while ((size_t)done < size) {
		const struct fuse_conn_info *conn = &c.fuse->conn;
		size_t n = min_size(size - (size_t)done,
				    conn->max_read ? conn->max_read
						   : conn->max_write);

		ret = read_chunk(&c, (char *)buf + done, n, off + done, &fi);
		if (ret > 0)
			done += ret;
		if (ret < (ssize_t)n)
			break;
	}
	return umfuse_leave(&c, done ? done : ret);
}

ssize_t umfuse_write(struct umfuse_call *c, const char *path, const char *buf,
		     size_t size, off_t off, struct fuse_file_info *fi)
{
	ssize_t done = 0, ret = 0;

	while ((size_t)done < size) {
		size_t n =
			min_size(size - (size_t)done, c->fuse->conn.max_write);

		ret = write_chunk(c, path, buf + done, n, off + done, fi);
		if (ret > 0)
			done += ret;
		if (ret < (ssize_t)n)
			break;
	}
	return done ? done : ret;
}

ssize_t umfuse_op_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
			size_t size, off_t off)
{
	struct umfuse_file *file = file_of(fh);
	struct fuse_file_info fi;
	struct umfuse_call c;
	ssize_t ret = umfuse_enter_file(&c, fs, "write", fh, &fi);

	if (ret)
		return umfuse_leave(&c, ret);
	if (umfuse_behind_take(&c, file, buf, size, off))
		return umfuse_leave(&c, (ssize_t)size);
	ret = umfuse_behind_error(&c, file);
	if (!ret)
		ret = umfuse_write(&c, c.path, buf, size, off, &fi);
	return umfuse_leave(&c, ret);
}

/* --- the rest --- */

int umfuse_op_fallocate(struct um_fs *fs, struct um_fh *fh, int mode, off_t off,
			off_t len)
{
	struct fuse_file_info fi;
	struct umfuse_call c;
	int err = umfuse_enter_file(&c, fs, "fallocate", fh, &fi);

	if (!err)
		err = c.fuse->op.fallocate(c.path, mode, off, len, &fi);
	return umfuse_leave0(&c, err == -ENOSYS ? -EOPNOTSUPP : err);
}

int umfuse_op_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	struct fuse_file_info fi;
	struct umfuse_call c;
	int err = umfuse_enter_file(&c, fs, "fsync", fh, &fi);

	if (!err && c.fuse->op.fsync)
		err = c.fuse->op.fsync(c.path, datasync, &fi);
	if (err == -ENOSYS)
		err = 0;
	if (!err && c.fuse)
		err = umfuse_behind_error(&c, file_of(fh));
	return umfuse_leave0(&c, err);
}

/* A file without holes. */
static off_t lseek_plain(struct umfuse_call *c, off_t off, int whence,
			 struct fuse_file_info *fi)
{
	struct stat st;
	int err = umfuse_getattr(c, c->path, fi, &st);

	if (err)
		return err;
	if (off < 0 || off >= st.st_size)
		return -ENXIO;
	return whence == SEEK_DATA ? off : st.st_size;
}

off_t umfuse_op_lseek(struct um_fs *fs, struct um_fh *fh, off_t off, int whence)
{
	struct fuse_file_info fi;
	struct umfuse_call c;
	off_t ret = umfuse_enter_file(&c, fs, "lseek", fh, &fi);

	if (!ret) {
		ret = c.fuse->op.lseek(c.path, off, whence, &fi);
		if (ret == -ENOSYS)
			ret = lseek_plain(&c, off, whence, &fi);
	}
	return umfuse_leave(&c, ret);
}

ssize_t umfuse_op_copy_file_range(struct um_fs *fs, struct um_fh *in,
				  off_t in_off, struct um_fh *out,
				  off_t out_off, size_t size)
{
	struct umfuse_file *to = file_of(out);
	struct fuse_file_info fi;
	struct umfuse_call c;
	char *path = NULL;
	ssize_t ret = umfuse_enter_file(&c, fs, "copy_file_range", in, &fi);

	if (!ret && !c.fuse->cfg.nullpath_ok) {
		path = umfuse_node_path(&c.mnt->nodes, to->node);
		ret = path ? 0 : -ENOMEM;
	}
	if (!ret)
		ret = c.fuse->op.copy_file_range(c.path, &fi, in_off, path,
						 &to->fi, out_off, size, 0);
	free(path);
	return umfuse_leave(&c, ret);
}

int umfuse_op_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		    void *data, size_t size)
{
	struct fuse_file_info fi;
	struct umfuse_call c;
	int ret = umfuse_enter_file(&c, fs, "ioctl", fh, &fi);

	if (!ret)
		ret = c.fuse->op.ioctl(c.path, cmd, data, &fi, 0,
				       size ? data : NULL);
	return (int)umfuse_leave(&c, ret == -ENOSYS ? -ENOTTY : ret);
}

int umfuse_op_ioctl_dir(struct um_fs *fs, const char *path, unsigned int cmd,
			void *data, size_t size)
{
	struct fuse_file_info fi = { .flags = O_RDONLY | O_DIRECTORY };
	const struct fuse_operations *op;
	struct umfuse_call c;
	int ret = umfuse_enter(&c, fs, "ioctl", path);

	if (ret)
		return umfuse_leave0(&c, ret);
	op = &c.fuse->op;
	ret = op->opendir ? op->opendir(path, &fi) : 0;
	if (!ret || ret == -ENOSYS) {
		ret = op->ioctl(path, cmd, data, &fi, FUSE_IOCTL_DIR,
				size ? data : NULL);
		if (op->releasedir)
			op->releasedir(path, &fi);
	}
	return (int)umfuse_leave(&c, ret == -ENOSYS ? -ENOTTY : ret);
}

static int sync_root(struct umfuse_call *c)
{
	const struct fuse_operations *op = &c->fuse->op;
	struct fuse_file_info fi = { .flags = O_RDONLY | O_DIRECTORY };
	int err;

	if (!op->fsyncdir || (op->opendir && op->opendir("/", &fi) != 0))
		return 0;
	err = op->fsyncdir("/", 0, &fi);
	if (op->releasedir)
		op->releasedir("/", &fi);
	return err == -ENOSYS ? 0 : err;
}

/*
 * FUSE has no such operation: every open file is synchronised, and the root.
 * The writer's lock keeps the list of files as it is.
 */
int umfuse_op_syncfs(struct um_fs *fs)
{
	struct umfuse_call c;
	int first = 0, err = umfuse_enter_alone(&c, fs, "syncfs", "/");

	if (err)
		return umfuse_leave0(&c, err);
	for (struct umfuse_file *f = c.mnt->files; f; f = f->next) {
		struct fuse_file_info fi = f->fi;
		char *path = NULL;

		if (!c.fuse->op.fsync)
			break;
		if (!c.fuse->cfg.nullpath_ok)
			path = umfuse_node_path(&c.mnt->nodes, f->node);
		err = c.fuse->op.fsync(path, 0, &fi);
		free(path);
		if (err && err != -ENOSYS && !first)
			first = err;
	}
	err = sync_root(&c);
	return umfuse_leave0(&c, first ? first : err);
}
