// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * rw.c - data calls on descriptors: read and write families
 *
 * Reads of a FILE object are the kernel's. Writes go through the module
 * first; the offset is the kernel's, moved by a duplicate of the guest's open
 * file description while the object's position lock is held.
 */
#include "sys/rw.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/lock.h"
#include "dev/stream.h"
#include "sys/fsize.h"
#include "sys/fusedev.h"
#include "sys/net.h"

#define CHUNK  (512 * 1024)
#define MAX_IO 0x7ffff000UL

/*
 * Where in the guest the data is. A plain write of nothing is a call for the
 * file, a vectored one is not, as in the kernel.
 */
struct vector {
	struct iovec *iov;
	int n;
	size_t total;
	bool is_plain;
};

static int one_buffer(struct um_req *r, uint64_t at, uint64_t n,
		      struct vector *v)
{
	v->iov = um_req_alloc(r, sizeof(struct iovec));
	if (!v->iov)
		return -ENOMEM;
	v->n = 1;
	v->is_plain = true;
	v->total = n < MAX_IO ? n : MAX_IO;
	v->iov[0].iov_base = (void *)(uintptr_t)at;
	v->iov[0].iov_len = v->total;
	return 0;
}

static int copy_vector(struct um_req *r, uint64_t at, uint64_t n,
		       struct vector *v)
{
	int ret;

	if (n > IOV_MAX)
		return -EINVAL;
	v->iov = um_req_alloc(r, n * sizeof(struct iovec) + 1);
	if (!v->iov)
		return -ENOMEM;
	ret = um_copy_in(r, um_uptr_of(at), v->iov, n * sizeof(struct iovec));
	if (ret < 0)
		return ret;
	v->n = (int)n;
	v->is_plain = false;
	v->total = 0;
	for (uint64_t i = 0; i < n; i++) {
		if (v->iov[i].iov_len > (size_t)SSIZE_MAX - v->total)
			return -EINVAL;
		v->total += v->iov[i].iov_len;
	}
	return 0;
}

bool um_obj_reads(int flags)
{
	return (flags & O_ACCMODE) == O_RDONLY || (flags & O_ACCMODE) == O_RDWR;
}

bool um_obj_writes(int flags)
{
	return (flags & O_ACCMODE) == O_WRONLY || (flags & O_ACCMODE) == O_RDWR;
}

/* open(2) flags of the guest's descriptor, as it asked for them. */
int um_obj_flags(const struct um_obj *o, int ofd)
{
	int now = fcntl(ofd, F_GETFL);

	if (o->kind == UM_OBJ_FILE)
		return now;
	return (now & ~O_ACCMODE) | (o->flags & O_ACCMODE);
}

struct io {
	struct um_req *r;
	struct um_obj *o;
	struct vector v;
	off_t off;
	int flags;
};

/* One buffer's worth, from off on. Return: bytes, short at the end; -errno. */
static ssize_t read_buffer(struct io *io, const struct iovec *iov, char *buf,
			   off_t off)
{
	size_t done = 0;

	while (done < iov->iov_len) {
		size_t want = iov->iov_len - done;
		ssize_t got;
		int ret;

		if (want > CHUNK)
			want = CHUNK;
		got = um_vnode_read(io->o->vnode, buf, want, off + (off_t)done);
		if (got <= 0)
			return done ? (ssize_t)done : got;
		ret = um_copy_out(io->r,
				  um_uptr_of((uintptr_t)iov->iov_base + done),
				  buf, (size_t)got);
		if (ret < 0)
			return done ? (ssize_t)done : ret;
		done += (size_t)got;
		if ((size_t)got < want)
			break;
	}
	return (ssize_t)done;
}

static ssize_t write_buffer(struct io *io, const struct iovec *iov, char *buf,
			    off_t off)
{
	size_t done = 0;

	while (done < iov->iov_len) {
		size_t want = iov->iov_len - done;
		ssize_t got;
		ssize_t put;
		off_t at;

		if (want > CHUNK)
			want = CHUNK;
		got = um_copy_in_some(
			io->r, um_uptr_of((uintptr_t)iov->iov_base + done), buf,
			want);
		if (got <= 0)
			return done ? (ssize_t)done : -EFAULT;
		put = um_vnode_write(io->o->vnode, buf, (size_t)got,
				     off < 0 ? -1 : off + (off_t)done, &at);
		if (put < 0)
			return done ? (ssize_t)done : put;
		io->off = at + put;
		done += (size_t)put;
		if ((size_t)put < want)
			break;
	}
	return (ssize_t)done;
}

typedef ssize_t (*buffer_fn)(struct io *io, const struct iovec *iov, char *buf,
			     off_t off);

/* O_DIRECT on a block device: whole sectors. */
static bool is_misaligned(const struct io *io)
{
	uint64_t bits = (uint64_t)io->off;

	if (!io->o->vnode->device || !(io->o->flags & O_DIRECT) ||
	    !io->o->vnode->size)
		return false;
	for (int i = 0; i < io->v.n; i++)
		bits |= io->v.iov[i].iov_len;
	return bits & 511;
}

static ssize_t transfer(struct io *io, buffer_fn fn, bool append)
{
	UM_FREE char *buf = NULL;
	size_t room = io->v.total < CHUNK ? io->v.total : CHUNK;
	off_t off = io->off;
	ssize_t done = 0;

	if (is_misaligned(io))
		return -EINVAL;
	buf = malloc(room + 1);
	if (!buf)
		return -ENOMEM;
	for (int i = 0; i < io->v.n; i++) {
		ssize_t n = fn(io, &io->v.iov[i], buf, append ? -1 : off);

		if (n < 0)
			return done ? done : n;
		done += n;
		off += n;
		if ((size_t)n < io->v.iov[i].iov_len)
			break;
	}
	if (!append)
		io->off = off;
	return done;
}

/* The vector becomes as long as the file may. */
static int clamp(struct io *io, bool append)
{
	size_t n = io->v.total;
	struct stat st = { .st_size = io->off };
	int ret = 0;

	if (io->o->vnode->device)
		return 0;
	if (append)
		ret = um_obj_getattr(io->o, &st);
	if (ret == 0)
		ret = um_fsize_clamp(io->r, st.st_size, &n);
	if (ret < 0)
		return ret;
	for (int i = 0; n < io->v.total && i < io->v.n; i++) {
		struct iovec *iov = &io->v.iov[i];

		if (iov->iov_len > n)
			iov->iov_len = n;
		n -= iov->iov_len;
	}
	return 0;
}

static ssize_t write_at(struct io *io, bool append)
{
	ssize_t n;

	if (um_mount_is_readonly(io->o->mount))
		return -EROFS;
	if (!io->v.total)
		return io->v.is_plain ? um_vnode_write_none(io->o->vnode) : 0;
	n = clamp(io, append);
	if (n < 0)
		return n;
	n = transfer(io, write_buffer, append);
	if (n > 0 && (io->flags & O_DSYNC)) {
		int ret = um_vnode_fsync(io->o->vnode,
					 (io->flags & O_SYNC) != O_SYNC);

		if (ret < 0)
			return ret;
	}
	return n;
}

/* A device does not grow: the flag means nothing to it. */
static bool appends(const struct io *io)
{
	return (io->flags & O_APPEND) && !io->o->vnode->device;
}

/* At the descriptor's own offset, which moves on. */
static ssize_t io_here(struct io *io, int ofd, bool writing)
{
	/* one object each: daemons of file systems nest such calls */
	struct um_mutex *m = &io->o->io;
	ssize_t n;

	um_lock(m);
	io->off = io->o->vnode->stream ? 0 : lseek(ofd, 0, SEEK_CUR);
	if (writing)
		n = write_at(io, appends(io));
	else
		n = transfer(io, read_buffer, false);
	if (n > 0 && !io->o->vnode->stream)
		lseek(ofd, io->off, SEEK_SET);
	um_unlock(m);
	return n;
}

static ssize_t io_there(struct io *io, off_t off, bool writing)
{
	io->off = off;
	if (writing)
		return write_at(io, appends(io));
	return transfer(io, read_buffer, false);
}

#define HERE (-1)

/* RWF_* of preadv2(2) into flags of open(2). */
static int add_rwf(int *flags, unsigned int rwf)
{
	if (rwf & ~(unsigned int)(RWF_HIPRI | RWF_DSYNC | RWF_SYNC |
				  RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	if (rwf & RWF_DSYNC)
		*flags |= O_DSYNC;
	if (rwf & RWF_SYNC)
		*flags |= O_SYNC;
	if (rwf & RWF_APPEND)
		*flags |= O_APPEND;
	return 0;
}

static long data_call(struct um_req *r, struct um_obj *o, struct vector *v,
		      off_t off, unsigned int rwf, bool writing)
{
	struct io io = { .r = r, .o = o, .v = *v };
	UM_CLOSE int ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	int ret;

	if (ofd < 0)
		return ofd;
	io.flags = um_obj_flags(o, ofd);
	if (o->kind == UM_OBJ_DIR)
		return writing ? -EBADF : -EISDIR;
	if (off >= 0 && o->vnode->nonseekable)
		return -ESPIPE;
	if (!(writing ? um_obj_writes(io.flags) : um_obj_reads(io.flags)))
		return -EBADF;
	ret = add_rwf(&io.flags, rwf);
	if (ret < 0)
		return ret;
	if (off == HERE)
		return io_here(&io, ofd, writing);
	return off < 0 ? -EINVAL : io_there(&io, off, writing);
}

/* Which object a data call is for; NULL: the kernel's own business. */
static struct um_obj *data_obj(struct um_req *r, bool writing, long *ret)
{
	struct um_obj *o = um_arg_obj(r, 0);

	*ret = UM_CONTINUE;
	if (!o)
		return NULL;
	if (o->kind == UM_OBJ_PATH)
		*ret = -EBADF;
	else if (o->kind != UM_OBJ_FILE || writing)
		return o;
	um_obj_put(o);
	return NULL;
}

static bool any_channel(void)
{
	return um_chan_any() || um_standin_any() || um_stream_any();
}

/* An open /dev/fuse, or the kernel's own business after all. */
static long channel(struct um_req *r,
		    int (*get)(struct um_req *r, uint64_t at, uint64_t n,
			       struct vector *v),
		    off_t off, bool writing)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);
	struct um_chan *ch UM_CHAN = um_arg_chan(r, 0);
	struct vector v;
	int ret;

	if (!ch && !(s && s->packets)) {
		ret = um_stream_error(r);
		return ret < 0 ? ret : UM_CONTINUE;
	}
	if (!ch && off != HERE)
		return -ESPIPE;
	ret = get(r, r->arg[1], r->arg[2], &v);
	if (ret < 0)
		return ret;
	if (!ch)
		return writing ? um_net_write(r, s, v.iov, (size_t)v.n)
			       : um_net_read(r, s, v.iov, (size_t)v.n);
	return writing ? um_fusedev_write(r, ch, v.iov, v.n)
		       : um_fusedev_read(r, ch, v.iov, v.n);
}

static long plain(struct um_req *r, off_t off, bool writing)
{
	struct um_obj *o UM_OBJ = NULL;
	struct vector v;
	long ret;

	o = data_obj(r, writing, &ret);
	if (!o && ret == UM_CONTINUE && any_channel())
		return channel(r, one_buffer, off, writing);
	if (!o)
		return ret;
	ret = one_buffer(r, r->arg[1], r->arg[2], &v);
	return ret < 0 ? ret : data_call(r, o, &v, off, 0, writing);
}

static long vectored(struct um_req *r, off_t off, unsigned int rwf,
		     bool writing)
{
	struct um_obj *o UM_OBJ = NULL;
	struct vector v;
	long ret;

	o = data_obj(r, writing, &ret);
	if (!o && ret == UM_CONTINUE && any_channel())
		return channel(r, copy_vector, off, writing);
	if (!o)
		return ret;
	ret = copy_vector(r, r->arg[1], r->arg[2], &v);
	return ret < 0 ? ret : data_call(r, o, &v, off, rwf, writing);
}

/* An offset that the caller gives must not look like HERE. */
static off_t given(uint64_t arg)
{
	return (off_t)arg == HERE ? -2 : (off_t)arg;
}

long sys_read(struct um_req *r)
{
	return plain(r, HERE, false);
}

long sys_write(struct um_req *r)
{
	return plain(r, HERE, true);
}

long sys_pread64(struct um_req *r)
{
	return plain(r, given(r->arg[3]), false);
}

long sys_pwrite64(struct um_req *r)
{
	return plain(r, given(r->arg[3]), true);
}

long sys_readv(struct um_req *r)
{
	return vectored(r, HERE, 0, false);
}

long sys_writev(struct um_req *r)
{
	return vectored(r, HERE, 0, true);
}

long sys_preadv(struct um_req *r)
{
	return vectored(r, given(r->arg[3]), 0, false);
}

long sys_pwritev(struct um_req *r)
{
	return vectored(r, given(r->arg[3]), 0, true);
}

long sys_preadv2(struct um_req *r)
{
	return vectored(r, (off_t)r->arg[3], (unsigned int)r->arg[5], false);
}

long sys_pwritev2(struct um_req *r)
{
	return vectored(r, (off_t)r->arg[3], (unsigned int)r->arg[5], true);
}
