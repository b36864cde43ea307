// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * copy.c - calls that move data from descriptor to descriptor: sendfile,
 * splice, tee, vmsplice, copy_file_range
 *
 * Where neither end is a virtual file that the kernel would get wrong, the
 * kernel does it. Else the data goes through the monitor, on duplicates of the
 * guest's descriptors.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/sendfile.h>

#include "guest/kept.h"
#include "net/standin.h"
#include "sys/fsize.h"
#include "sys/fusedev.h"
#include "sys/rw.h"

#define CHUNK (128 * 1024)

/* One end of a copy. */
struct end {
	struct um_obj *obj;
	int ofd;
	int flags;
	bool has_off;
	uint64_t off_ptr;
	off_t off;
};

static int end_init(struct um_req *r, struct end *e, uint64_t fd,
		    uint64_t off_ptr)
{
	struct stat st;

	memset(e, 0, sizeof(*e));
	e->ofd = um_gfd_dup(r, um_gfd_of(fd));
	if (e->ofd < 0)
		return e->ofd;
	if (fstat(e->ofd, &st) == 0)
		e->obj = um_obj_find(&st);
	e->flags =
		e->obj ? um_obj_flags(e->obj, e->ofd) : fcntl(e->ofd, F_GETFL);
	e->off_ptr = off_ptr;
	e->has_off = off_ptr != 0;
	if (e->has_off)
		return um_copy_in(r, um_uptr_of(off_ptr), &e->off,
				  sizeof(e->off));
	if (e->obj)
		e->off = lseek(e->ofd, 0, SEEK_CUR);
	return 0;
}

static void end_fini(struct end *e)
{
	if (e->ofd >= 0)
		close(e->ofd);
	um_obj_put(e->obj);
}

/* Leave the offset where the call's user finds it. */
static int end_store(struct um_req *r, struct end *e)
{
	if (e->has_off)
		return um_copy_out(r, um_uptr_of(e->off_ptr), &e->off,
				   sizeof(e->off));
	if (e->obj)
		lseek(e->ofd, e->off, SEEK_SET);
	return 0;
}

static ssize_t pull(struct end *e, char *buf, size_t n)
{
	ssize_t got;

	if (e->obj)
		got = um_vnode_read(e->obj->vnode, buf, n, e->off);
	else if (e->has_off)
		got = UM_SYS(pread(e->ofd, buf, n, e->off));
	else
		got = UM_SYS(read(e->ofd, buf, n));
	if (got > 0)
		e->off += got;
	return got;
}

static ssize_t push_obj(struct end *e, const char *buf, size_t n)
{
	off_t at;
	ssize_t put = um_vnode_write(e->obj->vnode, buf, n,
				     (e->flags & O_APPEND) ? -1 : e->off, &at);

	if (put > 0)
		e->off = at + put;
	return put;
}

static ssize_t push(struct end *e, const char *buf, size_t n)
{
	ssize_t put;

	if (e->obj)
		return push_obj(e, buf, n);
	if (e->has_off)
		put = UM_SYS(pwrite(e->ofd, buf, n, e->off));
	else
		put = UM_SYS(write(e->ofd, buf, n));
	if (put > 0)
		e->off += put;
	return put;
}

/* What was pulled and could not be pushed goes back, where that can be. */
static void unpull(struct end *e, ssize_t n)
{
	e->off -= n;
	if (!e->obj && !e->has_off && lseek(e->ofd, -n, SEEK_CUR) < 0)
		um_debug("copy: %zd bytes of a stream are lost", n);
}

/*
 * A stream at either end has what it has: one round. Two files: all of it. In
 * between the guest's death ends the loop.
 */
static ssize_t pump(struct um_req *r, struct end *in, struct end *out, size_t n,
		    bool once)
{
	UM_FREE char *buf = malloc(CHUNK);
	size_t done = 0;

	if (!buf)
		return -ENOMEM;
	while (done < n) {
		size_t want = n - done < CHUNK ? n - done : CHUNK;
		ssize_t got = pull(in, buf, want);
		ssize_t put;

		if (got <= 0)
			return done ? (ssize_t)done : got;
		put = push(out, buf, (size_t)got);
		if (put < got)
			unpull(in, got - (put > 0 ? put : 0));
		if (put <= 0)
			return done ? (ssize_t)done : put;
		done += (size_t)put;
		if (put < got || once || r->engine->alive(r) < 0)
			break;
	}
	return (ssize_t)done;
}

/* Within one mount its file system may have a way; -EOPNOTSUPP: it has not. */
static ssize_t by_fs(struct end *in, struct end *out, size_t n)
{
	ssize_t done;

	if (!in->obj || !out->obj || in->obj->mount != out->obj->mount)
		return -EOPNOTSUPP;
	done = um_vnode_copy(in->obj->vnode, in->off, out->obj->vnode, out->off,
			     n);
	if (done > 0) {
		in->off += done;
		out->off += done;
	}
	return done;
}

static int check_ends(const struct end *in, const struct end *out)
{
	if (!um_obj_reads(in->flags) || !um_obj_writes(out->flags))
		return -EBADF;
	if ((in->obj && !in->obj->vnode) || (out->obj && !out->obj->vnode))
		return in->obj && in->obj->kind == UM_OBJ_DIR ? -EISDIR
							      : -EINVAL;
	if (out->obj && um_mount_is_readonly(out->obj->mount))
		return -EROFS;
	return 0;
}

/* A call's arguments; `append` is its error for O_APPEND at the far end. */
struct copying {
	uint64_t in, in_off, out, out_off;
	size_t n;
	bool once;
	int append;
};

static bool is_nonseekable(const struct end *e)
{
	return e->obj && e->obj->vnode && e->obj->vnode->nonseekable;
}

/* The kernel goes on from a place in a file, but for a pipe at the other end. */
static int check_places(const struct copying *c, const struct end *in,
			const struct end *out)
{
	if (c->once)
		return (is_nonseekable(in) && in->has_off) ||
				       (is_nonseekable(out) && out->has_off)
			       ? -EINVAL
			       : 0;
	if (!is_nonseekable(in))
		return 0;
	return in->has_off && c->append != -EBADF ? -ESPIPE : -EINVAL;
}

/* Two ranges of one file must not overlap. */
static bool overlaps(const struct end *in, const struct end *out, size_t n)
{
	if (!in->obj || !out->obj || in->obj->vnode != out->obj->vnode)
		return false;
	return in->off < out->off + (off_t)n && out->off < in->off + (off_t)n;
}

/*
 * What copy_file_range(2) demands beyond the rest. It copies up to where the
 * file ended at its begin, even if that grows by what is copied.
 */
static int check_ranges(const struct end *in, const struct end *out, size_t *n)
{
	struct stat st;

	if (in->off < 0 || out->off < 0)
		return -EINVAL;
	if ((uint64_t)in->off + *n < *n || (uint64_t)out->off + *n < *n)
		return -EOVERFLOW;
	if (fstat(in->ofd, &st) < 0)
		return -errno;
	if (in->off >= st.st_size)
		*n = 0;
	else if ((off_t)*n > st.st_size - in->off)
		*n = (size_t)(st.st_size - in->off);
	return overlaps(in, out, *n) ? -EINVAL : 0;
}

/* copy_file_range(2), where the far end is not for appending. */
static ssize_t copy_range(struct um_req *r, struct end *in, struct end *out,
			  size_t n)
{
	ssize_t ret = check_ranges(in, out, &n);

	if (ret < 0 || n == 0)
		return ret;
	ret = by_fs(in, out, n);
	return ret == -EOPNOTSUPP ? pump(r, in, out, n, false) : ret;
}

/*
 * Where descriptors cannot be had from guests, ours of a real file is another
 * opening, whose offset the guest's would not follow: programs have to read
 * and write themselves.
 */
static bool has_own_offset(const struct end *e)
{
	return um_kept_wanted() && !e->obj && !e->has_off &&
	       lseek(e->ofd, 0, SEEK_CUR) >= 0;
}

/* What is copied to a file is no more than it may become. */
static int clamp(struct um_req *r, const struct end *out, size_t *n)
{
	off_t at = out->off;
	struct stat st;

	if (out->obj ? out->obj->vnode->device
		     : fstat(out->ofd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (!out->obj && !out->has_off)
		at = lseek(out->ofd, 0, SEEK_CUR);
	return um_fsize_clamp(r, at, n);
}

static long copy(struct um_req *r, const struct copying *c)
{
	struct end in = { .ofd = -1 };
	struct end out = { .ofd = -1 };
	size_t n = c->n;
	long ret = end_init(r, &in, c->in, c->in_off);

	if (ret == 0)
		ret = end_init(r, &out, c->out, c->out_off);
	if (ret == 0)
		ret = check_ends(&in, &out);
	if (ret == 0)
		ret = check_places(c, &in, &out);
	if (ret == 0 && (has_own_offset(&in) || has_own_offset(&out)))
		ret = c->append == -EBADF ? -EXDEV : -EINVAL;
	if (ret == 0 && (out.flags & O_APPEND))
		ret = c->append;
	if (ret == 0)
		ret = clamp(r, &out, &n);
	if (ret == 0)
		ret = c->append == -EBADF ? copy_range(r, &in, &out, n)
					  : pump(r, &in, &out, n, c->once);
	if (ret > 0 && end_store(r, &in) < 0)
		ret = -EFAULT;
	if (ret > 0 && end_store(r, &out) < 0)
		ret = -EFAULT;
	end_fini(&in);
	end_fini(&out);
	return ret;
}

/* Is the descriptor a virtual one that the kernel cannot serve in this role? */
static bool wants_us(struct um_req *r, int argno, bool writing)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, argno);

	return o && (writing || o->kind != UM_OBJ_FILE);
}

static bool is_pipe(struct um_req *r, int argno)
{
	struct stat st;

	return um_gfd_stat(r, um_gfd_of(r->arg[argno]), &st) == 0 &&
	       S_ISFIFO(st.st_mode);
}

long sys_sendfile(struct um_req *r)
{
	struct copying c = { .in = r->arg[1],
			     .in_off = r->arg[2],
			     .out = r->arg[0],
			     .n = r->arg[3],
			     .append = -EINVAL };

	if (!wants_us(r, 0, true) && !wants_us(r, 1, false))
		return UM_CONTINUE;
	if (c.in_off && is_pipe(r, 1))
		return -ESPIPE;
	return copy(r, &c);
}

/* Would the pipe end block? Wait here, where a signal is seen. */
static int wait_pipe(struct um_req *r, int argno, short events)
{
	struct pollfd p = { .events = events };
	UM_CLOSE int fd = um_gfd_dup(r, um_gfd_of(r->arg[argno]));

	if (fd < 0)
		return fd;
	p.fd = fd;
	for (;;) {
		int n = poll(&p, 1, 20);

		if (n != 0)
			return 0;
		if (r->engine->alive(r) < 0)
			return -EINTR;
		if (um_req_has_signal(r))
			return -UM_ERESTARTSYS;
	}
}

/* What is read of packets of a stack has heads, which are not the guest's. */
static bool is_packets(struct um_req *r)
{
	struct um_standin *s UM_STANDIN = um_standin_arg(r, 0);

	return s && s->packets;
}

#define SPLICE_F_NONBLOCK_BIT 2u

long sys_splice(struct um_req *r)
{
	struct copying c = { r->arg[0], r->arg[1], r->arg[2], r->arg[3],
			     r->arg[4], true,	   -EINVAL };
	long done;
	int ret = 0;

	if (um_chan_any() && um_fusedev_splice(r, &done))
		return done;
	if (um_standin_any() && is_packets(r))
		return -EINVAL;
	if (!wants_us(r, 2, true) && !wants_us(r, 0, false))
		return UM_CONTINUE;
	if (!is_pipe(r, 0) && !is_pipe(r, 2))
		return -EINVAL;
	if ((is_pipe(r, 0) && c.in_off) || (is_pipe(r, 2) && c.out_off))
		return -ESPIPE;
	if (c.n > 65536)
		c.n = 65536;
	if (!(r->arg[5] & SPLICE_F_NONBLOCK_BIT))
		ret = is_pipe(r, 0) ? wait_pipe(r, 0, POLLIN)
				    : wait_pipe(r, 2, POLLOUT);
	return ret < 0 ? ret : copy(r, &c);
}

/* Pipes only: never a file. */
long sys_tee(struct um_req *r)
{
	(void)r;
	return UM_CONTINUE;
}

long sys_vmsplice(struct um_req *r)
{
	(void)r;
	return UM_CONTINUE;
}

static int regular(struct um_req *r, int argno)
{
	struct um_obj *o UM_OBJ = um_arg_obj(r, argno);
	struct stat st;

	if (o)
		return o->kind == UM_OBJ_DIR ? -EISDIR : o->vnode ? 0 : -EBADF;
	if (um_gfd_stat(r, um_gfd_of(r->arg[argno]), &st) < 0)
		return -EBADF;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	return S_ISREG(st.st_mode) ? 0 : -EINVAL;
}

long sys_copy_file_range(struct um_req *r)
{
	struct copying c = { r->arg[0], r->arg[1], r->arg[2], r->arg[3],
			     r->arg[4], false,	   -EBADF };
	int ret;

	if (!wants_us(r, 2, true) && !wants_us(r, 0, false))
		return UM_CONTINUE;
	if ((unsigned int)r->arg[5])
		return -EINVAL;
	ret = regular(r, 0);
	if (ret == 0)
		ret = regular(r, 2);
	return ret < 0 ? ret : copy(r, &c);
}
