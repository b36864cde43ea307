// SPDX-License-Identifier: GPL-2.0-or-later
/* file.c - open files of a FUSE file system */
#include <fcntl.h>
#include <linux/ioctl.h>

#include "fuse/ops.h"
#include "fuse/perm.h"
#include "fuse/settle.h"

/* What lies above means something between the kernel and itself only. */
#define MAX_ERRNO 511

int um_fuse_file_new(struct um_fuse *c, struct um_fuse_node *n,
		     const struct fuse_open_out *out, struct um_fh *fh)
{
	struct um_fuse_file *f = calloc(1, sizeof(*f));

	if (!f) {
		um_fuse_node_put(c, n);
		return -ENOMEM;
	}
	f->node = n;
	f->flags = (uint32_t)(fh->flags & UM_FUSE_OPEN_FLAGS);
	f->fh = out ? out->fh : 0;
	f->virtual = !out;
	fh->fh = (uint64_t)(uintptr_t)f;
	um_fuse_lock(c);
	n->files++;
	um_fuse_unlock(c);
	f->direct = out && (out->open_flags & FOPEN_DIRECT_IO);
	fh->direct = out && (out->open_flags & FOPEN_DIRECT_IO);
	fh->stream = out && (out->open_flags & FOPEN_STREAM);
	fh->nonseekable =
		fh->stream || (out && (out->open_flags & FOPEN_NONSEEKABLE));
	fh->keep_cache = !out || (out->open_flags & FOPEN_KEEP_CACHE);
	um_fuse_learn_poll(c, f);
	return 0;
}

static int check_open(struct um_fuse *c, struct um_fuse_node *n, int flags)
{
	int need = 0;

	if ((flags & O_ACCMODE) != O_WRONLY)
		need |= UM_FUSE_R;
	if ((flags & O_ACCMODE) != O_RDONLY)
		need |= UM_FUSE_W;
	return um_fuse_may(c, n, need);
}

int um_fuse_open_node(struct um_fuse *c, struct um_fuse_node *n,
		      struct um_fh *fh)
{
	struct fuse_open_in in = { .flags = (uint32_t)(fh->flags &
						       UM_FUSE_OPEN_FLAGS) };
	struct fuse_open_out out;
	struct um_fuse_call k = { .opcode = FUSE_OPEN,
				  .node = n->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true,
				  .always = true };
	ssize_t ret;

	if (um_fuse_lacks(c, FUSE_OPEN))
		return um_fuse_file_new(c, um_fuse_node_get(c, n), NULL, fh);
	ret = um_fuse_call(c, &k);
	if (ret == -ENOSYS && (c->flags & FUSE_NO_OPEN_SUPPORT))
		return um_fuse_file_new(c, um_fuse_node_get(c, n), NULL, fh);
	if (ret < 0)
		return (int)ret;
	return um_fuse_file_new(c, um_fuse_node_get(c, n), &out, fh);
}

int um_fuse_open(struct um_fs *fs, const char *path, struct um_fh *fh)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_node *n;
	int ret = um_fuse_resolve(c, path, &n);

	if (ret < 0)
		return ret;
	ret = check_open(c, n, fh->flags);
	if (ret == 0)
		ret = um_fuse_open_node(c, n, fh);
	fs->polls = c->polls;
	um_fuse_node_put(c, n);
	return ret;
}

ssize_t um_fuse_read(struct um_fs *fs, struct um_fh *fh, void *buf, size_t size,
		     off_t off)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_read_in in = { .fh = f->fh, .flags = f->flags };
	struct um_fuse_call k = { .opcode = FUSE_READ,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	size_t done = 0;

	um_fuse_write_behind(c, f->node);
	while (done < size) {
		size_t want = size - done;
		ssize_t got;

		if (want > c->max_read)
			want = c->max_read;
		in.offset = (uint64_t)off + done;
		in.size = (uint32_t)want;
		k.out = (char *)buf + done;
		k.outmax = want;
		got = um_fuse_call(c, &k);
		if (got < 0)
			return done ? (ssize_t)done : got;
		done += (size_t)got;
		if ((size_t)got < want)
			break;
	}
	return (ssize_t)done;
}

/* The io lock of the vnode is held. */
static void dirty(struct um_fuse_file *f)
{
	if (!f->written)
		um_fuse_file_written();
	f->written = true;
	f->flushed = false;
}

ssize_t um_fuse_write_now(struct um_fuse *c, const struct um_fuse_file *f,
			  const void *buf, size_t size, off_t off,
			  uint32_t flags)
{
	struct fuse_write_in in = { .fh = f->fh,
				    .write_flags = flags,
				    .flags = f->flags };
	struct fuse_write_out out;
	struct um_fuse_call k = { .opcode = FUSE_WRITE,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 2,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true,
				  /* who is interrupted did not write it */
				  .always = flags & FUSE_WRITE_CACHE };
	size_t done = 0;
	ssize_t ret = 0;

	while (done < size) {
		size_t n = size - done;

		if (n > c->max_write)
			n = c->max_write;
		in.offset = (uint64_t)off + done;
		in.size = (uint32_t)n;
		/* only read */
		k.in[1].iov_base = (char *)(uintptr_t)buf + done;
		k.in[1].iov_len = n;
		ret = um_fuse_call(c, &k);
		if (ret >= 0 && out.size > n)
			ret = -EIO;
		if (ret < 0)
			break;
		done += out.size;
		if (out.size < n)
			break;
	}
	um_fuse_forget_attr(c, f->node);
	return done || ret > 0 ? (ssize_t)done : ret;
}

ssize_t um_fuse_write(struct um_fs *fs, struct um_fh *fh, const void *buf,
		      size_t size, off_t off)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_file *f = um_fuse_file_of(fh);

	dirty(f);
	um_fuse_drop_privilege(c, f->node, NULL);
	if (um_fuse_is_behind(c) && !f->direct && size && size <= c->max_write)
		return um_fuse_keep_behind(c, f, buf, size, (uint64_t)off);
	um_fuse_write_behind(c, f->node);
	return um_fuse_write_now(c, f, buf, size, off, 0);
}

int um_fuse_fallocate(struct um_fs *fs, struct um_fh *fh, int mode, off_t off,
		      off_t len)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_fallocate_in in = { .fh = f->fh,
					.offset = (uint64_t)off,
					.length = (uint64_t)len,
					.mode = (uint32_t)mode };
	struct um_fuse_call k = { .opcode = FUSE_FALLOCATE,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	ssize_t ret;

	if (um_fuse_lacks(c, FUSE_FALLOCATE))
		return -EOPNOTSUPP;
	um_fuse_write_behind(c, f->node);
	ret = um_fuse_call(c, &k);
	um_fuse_forget_attr(c, f->node);
	return ret == -ENOSYS ? -EOPNOTSUPP : (int)ret;
}

int um_fuse_fsync(struct um_fs *fs, struct um_fh *fh, bool datasync)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_fsync_in in = {
		.fh = f->fh, .fsync_flags = datasync ? FUSE_FSYNC_FDATASYNC : 0
	};
	struct um_fuse_call k = { .opcode = FUSE_FSYNC,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };
	int late = um_fuse_catch_up(c, f->node, f);
	ssize_t ret = 0;

	if (!um_fuse_lacks(c, FUSE_FSYNC))
		ret = um_fuse_call(c, &k);
	if (ret == -ENOSYS)
		ret = 0;
	return late ? late : (int)ret;
}

off_t um_fuse_lseek(struct um_fs *fs, struct um_fh *fh, off_t off, int whence)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	struct fuse_lseek_in in = { .fh = f->fh,
				    .offset = (uint64_t)off,
				    .whence = (uint32_t)whence };
	struct fuse_lseek_out out;
	struct um_fuse_call k = { .opcode = FUSE_LSEEK,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true };
	ssize_t ret;

	if (um_fuse_lacks(c, FUSE_LSEEK))
		return -ENOSYS;
	um_fuse_write_behind(c, f->node);
	ret = um_fuse_call(c, &k);
	if (ret >= 0 && out.offset > INT64_MAX)
		return -EIO;
	return ret < 0 ? ret : (off_t)out.offset;
}

ssize_t um_fuse_copy(struct um_fs *fs, struct um_fh *in_fh, off_t in_off,
		     struct um_fh *out_fh, off_t out_off, size_t size)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *from = um_fuse_file_of(in_fh);
	struct um_fuse_file *to = um_fuse_file_of(out_fh);
	struct fuse_copy_file_range_in in = { .fh_in = from->fh,
					      .off_in = (uint64_t)in_off,
					      .nodeid_out = to->node->id,
					      .fh_out = to->fh,
					      .off_out = (uint64_t)out_off,
					      .len = size };
	struct fuse_write_out out;
	struct um_fuse_call k = { .opcode = FUSE_COPY_FILE_RANGE,
				  .node = from->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1,
				  .out = &out,
				  .outmax = sizeof(out),
				  .exact = true };
	ssize_t ret;

	if (um_fuse_lacks(c, FUSE_COPY_FILE_RANGE))
		return -ENOSYS;
	um_fuse_write_behind(c, from->node);
	um_fuse_write_behind(c, to->node);
	dirty(to);
	ret = um_fuse_call(c, &k);
	um_fuse_forget_attr(c, to->node);
	if (ret >= 0 && out.size > size)
		return -EIO;
	return ret < 0 ? ret : (ssize_t)out.size;
}

/* Restricted: size and direction of the data are in the request's number. */
int um_fuse_ioctl(struct um_fs *fs, struct um_fh *fh, unsigned int cmd,
		  void *data, size_t size)
{
	struct um_fuse *c = um_fuse_of(fs);
	const struct um_fuse_file *f = um_fuse_file_of(fh);
	bool in_data = _IOC_DIR(cmd) & _IOC_WRITE;
	bool out_data = _IOC_DIR(cmd) & _IOC_READ;
	struct fuse_ioctl_in in = { .fh = f->fh,
				    .cmd = cmd,
				    .in_size = in_data ? (uint32_t)size : 0,
				    .out_size = out_data ? (uint32_t)size : 0 };
	UM_FREE struct fuse_ioctl_out *out = malloc(sizeof(*out) + size);
	struct um_fuse_call k = { .opcode = FUSE_IOCTL,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in),
					  { data, in.in_size } },
				  .nargs = 2,
				  .out = out,
				  .outmax = sizeof(*out) + in.out_size };
	ssize_t ret;

	if (!out || um_fuse_lacks(c, FUSE_IOCTL))
		return out ? -ENOTTY : -ENOMEM;
	um_fuse_write_behind(c, f->node);
	ret = um_fuse_call(c, &k);
	if (ret < 0)
		return ret == -ENOSYS ? -ENOTTY : (int)ret;
	if ((size_t)ret < sizeof(*out) || (out->flags & FUSE_IOCTL_RETRY))
		return -EIO;
	if (out->result < -MAX_ERRNO)
		return -EIO;
	memcpy(data, out + 1, (size_t)ret - sizeof(*out));
	return out->result == -ENOSYS ? -ENOTTY : out->result;
}

/* ---- the end ---- */

static void file_free(struct um_fuse *c, struct um_fuse_file *f)
{
	um_fuse_poll_end(c, f);
	um_fuse_node_put(c, f->node);
	free(f);
}

static void released(struct um_fuse *c, void *arg, int error)
{
	struct um_fuse_file *f = arg;
	bool last = f->last;

	(void)error;
	um_fuse_lock(c);
	f->node->leaving--;
	um_fuse_unlock(c);
	/* before whoever waits goes on, the node is forgotten */
	file_free(c, f);
	if (last)
		um_fuse_file_closed();
}

/* The last opening of a file without a name: it goes when that is released. */
static void count_down(struct um_fuse *c, struct um_fuse_file *f)
{
	um_fuse_lock(c);
	f->node->leaving++;
	f->last = --f->node->files == 0 && f->node->nameless;
	if (f->last)
		f->node->nameless = false;
	um_fuse_unlock(c);
	if (f->last)
		um_fuse_file_closing();
}

static void send_release(struct um_fuse *c, struct um_fuse_file *f)
{
	struct fuse_release_in in = { .fh = f->fh, .flags = f->flags };
	struct um_fuse_call k = { .opcode = FUSE_RELEASE,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	um_fuse_post(c, &k, released, f);
}

static void flushed(struct um_fuse *c, void *arg, int error)
{
	struct um_fuse_file *f = arg;
	bool written = f->written;

	if (error == -ENOSYS)
		um_fuse_set_lacks(c, FUSE_FLUSH);
	/* before whoever waits goes on; the release is in line then */
	send_release(c, f);
	if (written)
		um_fuse_file_closed();
}

static void send_last(struct um_fuse *c, struct um_fuse_file *f)
{
	struct fuse_flush_in in = { .fh = f->fh };
	struct um_fuse_call k = { .opcode = FUSE_FLUSH,
				  .node = f->node->id,
				  .in = { UM_FUSE_ARG(in) },
				  .nargs = 1 };

	if (f->flushed)
		send_release(c, f);
	else
		um_fuse_post(c, &k, flushed, f);
}

/*
 * Nobody waits: the core learns of the last close when it is over. RELEASE
 * goes out when FLUSH is answered, and umount(2) waits for both. Where close(2)
 * has waited for FLUSH, there was one.
 */
void um_fuse_release(struct um_fs *fs, struct um_fh *fh)
{
	struct um_fuse *c = um_fuse_of(fs);
	struct um_fuse_file *f = um_fuse_file_of(fh);

	if (f->virtual || um_fuse_lacks(c, FUSE_FLUSH))
		f->flushed = true;
	um_fuse_forget_attr(c, f->node);
	if (f->flushed)
		um_fuse_settled(f);
	if (f->written)
		um_fuse_file_closing();
	count_down(c, f);
	if (f->virtual)
		released(c, f, 0);
	else
		um_fuse_end_behind(c, f, send_last);
}
