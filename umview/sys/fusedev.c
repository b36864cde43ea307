// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fusedev.c - /dev/fuse as guests see it
 *
 * The name is there in every view, whatever the host has: the host's own
 * device would mount in the host's name space, which takes privilege. An open
 * device is a socket (fuse/chan.h) that looks like the character device 10:229
 * to fstat(2). A clone (FUSE_DEV_IOC_CLONE) is a duplicate: one queue for all.
 */
#include "sys/fusedev.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

#include "fuse/settle.h"
#include "sys/cusedev.h"

#define NAME	  "/dev/fuse"
#define RDEV	  makedev(10, 229)
#define CUSE	  "/dev/cuse"
#define CUSE_RDEV makedev(10, 203)
#define MAX_MSG	  (4u << 20)

static struct um_mount *node_mount;

static bool is_cuse(const char *path)
{
	return !strcmp(path, CUSE);
}

static bool is_name(const char *path)
{
	return path && (!strcmp(path, NAME) || is_cuse(path));
}

static int node_getattr(struct um_fs *fs, const char *path, struct um_fh *fh,
			struct stat *out)
{
	(void)fs;
	(void)fh;
	if (!is_name(path))
		return -ENOENT;
	*out = (struct stat){ .st_ino = is_cuse(path) ? 2 : 1,
			      .st_mode = S_IFCHR | 0666,
			      .st_nlink = 1,
			      .st_rdev = is_cuse(path) ? CUSE_RDEV : RDEV,
			      .st_blksize = 4096 };
	return 0;
}

static const struct um_fs_ops node_ops = {
	.size = sizeof(node_ops),
	.getattr = node_getattr,
};

static struct um_mount *find(const char *path)
{
	return is_name(path) ? node_mount : NULL;
}

bool um_fusedev_shows_in(const struct um_list *l, const char *dir)
{
	const char *rel;

	return !strcmp(dir, "/dev") &&
	       um_mount_is_real(um_list_find(l, dir, &rel));
}

static bool names(const struct um_list *l, const char *dir, um_fill_fn fill,
		  void *arg)
{
	struct stat st;
	bool here = um_fusedev_shows_in(l, dir);
	bool fuse = here && lstat(NAME, &st) < 0;
	bool cuse = here && lstat(CUSE, &st) < 0;

	if (fill && fuse)
		fill(arg, "fuse", 1, S_IFCHR >> 12);
	if (fill && cuse)
		fill(arg, "cuse", 2, S_IFCHR >> 12);
	return fuse || cuse;
}

static struct um_dev_class class = { .find = find, .names = names };

int um_fusedev_setup(void)
{
	node_mount = um_mount_new_devices("fuse", &node_ops);
	if (!node_mount)
		return -ENOMEM;
	um_dev_add(&class);
	um_cusedev_setup();
	um_walk_hook = um_fuse_settle;
	return 0;
}

bool um_fusedev_is(const struct um_mount *m)
{
	return m == node_mount;
}

/* fd is the guest's end. */
static int start_cuse(int fd)
{
	struct um_chan *ch UM_CHAN = NULL;
	struct stat st;

	if (fstat(fd, &st) == 0)
		ch = um_chan_find(&st);
	return ch ? um_cusedev_start(ch) : -ENODEV;
}

int um_fusedev_open(struct um_req *r, const char *path, int flags)
{
	int fd;
	int ret = um_chan_open(flags, &fd);

	um_req_add_flag(r, UM_PAGE_CHAN);
	if (ret == 0 && is_cuse(path)) {
		ret = start_cuse(fd);
		if (ret < 0)
			close(fd);
	}
	return ret < 0 ? ret : fd;
}

struct um_chan *um_arg_chan(struct um_req *r, int n)
{
	struct stat st;

	if (!um_chan_any() || um_gfd_stat(r, um_gfd_of(r->arg[n]), &st) < 0)
		return NULL;
	return um_chan_find(&st);
}

bool um_fusedev_fstat(const struct stat *inside, struct stat *out)
{
	struct um_chan *ch UM_CHAN = um_chan_find(inside);

	if (!ch)
		return false;
	return um_fs_getattr(node_mount, NAME, NULL, out) == 0;
}

/* ---- reading requests ---- */

static size_t total(const struct iovec *iov, int n)
{
	size_t sum = 0;

	for (int i = 0; i < n; i++)
		sum += iov[i].iov_len;
	return sum;
}

long um_fusedev_read(struct um_req *r, struct um_chan *ch,
		     const struct iovec *iov, int n)
{
	struct um_fuse *c = um_chan_conn(ch);
	UM_FREE void *data = NULL;
	size_t len;
	int ret;

	um_fuse_put(c);
	if (!c)
		return -EPERM;
	ret = um_chan_next(ch, total(iov, n), &data, &len);
	if (ret == -EAGAIN)
		return UM_CONTINUE;
	if (ret == 0)
		ret = um_copy_out_vec(r, iov, (size_t)n, data, len);
	return ret < 0 ? ret : (long)len;
}

/* ---- writing replies ---- */

struct guest_src {
	struct um_fuse_src src;
	struct um_req *r;
	const struct iovec *iov;
	size_t at;
};

static int copy_from_guest(struct um_fuse_src *src, void *to, size_t n)
{
	struct guest_src *g = um_container(src, struct guest_src, src);
	char *p = to;

	while (n) {
		size_t left = g->iov->iov_len - g->at;
		size_t part = left < n ? left : n;
		uint64_t from = (uintptr_t)g->iov->iov_base + g->at;
		int ret = um_copy_in(g->r, um_uptr_of(from), p, part);

		if (ret < 0)
			return ret;
		p += part;
		n -= part;
		g->at += part;
		if (g->at == g->iov->iov_len) {
			g->iov++;
			g->at = 0;
		}
	}
	return 0;
}

/* From now on the caller and what it starts count as a file system's. */
static int mark_helper(struct um_req *r)
{
	struct um_attr want = *r->attr;
	const struct um_attr *attr;

	if (want.helper)
		return 0;
	want.helper = true;
	attr = um_attr_intern(&want);
	return attr ? um_req_set_attr(r, attr) : -ENOMEM;
}

static long reply(struct um_req *r, struct um_chan *ch, struct um_fuse_src *src)
{
	struct um_fuse *c = um_chan_conn(ch);
	long ret;

	if (!c)
		return -EPERM;
	/* fusermount(1) mounts for others: who answers is the daemon */
	ret = atomic_load(&c->daemon) ? 0 : mark_helper(r);
	if (ret == 0)
		ret = um_fuse_reply(c, src, um_req_tgid(r));
	um_fuse_put(c);
	return ret;
}

long um_fusedev_write(struct um_req *r, struct um_chan *ch,
		      const struct iovec *iov, int n)
{
	struct guest_src g = { .src = { copy_from_guest, total(iov, n) },
			       .r = r,
			       .iov = iov };

	return reply(r, ch, &g.src);
}

/* ---- splice ---- */

struct buffer_src {
	struct um_fuse_src src;
	const char *at;
};

static int copy_from_buffer(struct um_fuse_src *src, void *to, size_t n)
{
	struct buffer_src *b = um_container(src, struct buffer_src, src);

	memcpy(to, b->at, n);
	b->at += n;
	return 0;
}

/* To wait for more than there is, is not what the kernel does. */
static size_t bytes_in(int pipe, size_t most)
{
	int there = 0;

	if (most > MAX_MSG)
		most = MAX_MSG;
	if (pipe < 0 || ioctl(pipe, FIONREAD, &there) < 0)
		return 0;
	return (size_t)there < most ? (size_t)there : most;
}

/* The message lies in the pipe as a whole. */
static long splice_reply(struct um_req *r, struct um_chan *ch)
{
	UM_CLOSE int pipe = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	size_t len = bytes_in(pipe, r->arg[4]);
	UM_FREE char *buf = malloc(len + 1);
	struct buffer_src b = { .src.copy = copy_from_buffer, .at = buf };
	ssize_t got;

	if (!buf || pipe < 0)
		return buf ? pipe : -ENOMEM;
	do {
		got = read(pipe, buf + b.src.len, len - b.src.len);
		b.src.len += got > 0 ? (size_t)got : 0;
	} while (got > 0);
	return reply(r, ch, &b.src);
}

/* What the socket has no room for goes into the pipe by hand. */
static long splice_request(struct um_req *r, struct um_chan *ch)
{
	UM_CLOSE int pipe = -1;
	UM_FREE void *data = NULL;
	size_t len;
	ssize_t put;
	int ret = um_chan_next(ch, r->arg[4], &data, &len);

	if (ret == -EAGAIN)
		return UM_CONTINUE;
	if (ret < 0)
		return ret;
	pipe = um_gfd_dup(r, um_gfd_of(r->arg[2]));
	if (pipe < 0)
		return pipe;
	put = UM_SYS(write(pipe, data, len));
	return put >= 0 && (size_t)put < len ? -EIO : put;
}

bool um_fusedev_splice(struct um_req *r, long *ret)
{
	struct um_chan *to UM_CHAN = um_arg_chan(r, 2);
	struct um_chan *from UM_CHAN = to ? NULL : um_arg_chan(r, 0);

	if (to)
		*ret = splice_reply(r, to);
	else if (from)
		*ret = splice_request(r, from);
	return to || from;
}

/* ---- ioctl ---- */

static long clone_of(struct um_req *r)
{
	UM_CLOSE int fd = -1;
	struct um_chan *old UM_CHAN = NULL;
	struct stat st;
	uint32_t number;
	int ret = um_copy_in(r, um_uptr_of(r->arg[2]), &number, sizeof(number));

	if (ret < 0)
		return ret;
	if (um_gfd_stat(r, um_gfd_of(number), &st) < 0)
		return -EBADF;
	old = um_chan_find(&st);
	if (!old)
		return -EINVAL;
	fd = um_gfd_dup(r, um_gfd_of(number));
	if (fd < 0)
		return fd;
	ret = r->engine->replace(r, fd, um_gfd_of(r->arg[0]),
				 um_gfd_cloexec(r, um_gfd_of(r->arg[0])));
	return ret < 0 ? ret : 0;
}

bool um_fusedev_ioctl(struct um_req *r, unsigned int cmd, long *ret)
{
	struct um_chan *ch UM_CHAN = NULL;

	if (cmd != FUSE_DEV_IOC_CLONE)
		return false;
	ch = um_arg_chan(r, 0);
	if (ch)
		*ret = clone_of(r);
	return ch != NULL;
}

/* ---- mount ---- */

int um_fusedev_mount(struct um_req *r, struct um_mount *m, const char *data)
{
	struct um_chan *ch UM_CHAN = NULL;
	struct um_fuse_opts opts;
	struct stat st;
	int ret = um_fuse_parse(data, &opts);

	if (ret < 0)
		return ret;
	if (um_gfd_stat(r, um_gfd_of((uint64_t)opts.fd), &st) == 0)
		ch = um_chan_find(&st);
	if (!ch)
		return -EINVAL;
	m->options = um_fuse_shown(data);
	ret = m->options ? mark_helper(r) : -ENOMEM;
	return ret < 0 ? ret : um_fuse_start(r, m, ch, &opts);
}
