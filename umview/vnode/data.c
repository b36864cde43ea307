// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * data.c - the content of regular files: module and memfd kept equal
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "guest/shared.h"
#include "vnode/attrcache.h"
#include "vnode/internal.h"

#define CHUNK	  (256 * 1024)
#define PAGE	  4096
#define MAX_COPY  (1 << 30)
#define MIN(a, b) ((a) < (b) ? (a) : (b))

void um_vnode_account(struct um_vnode *v)
{
	off_t now = v->populated ? v->size : 0;

	atomic_fetch_add(&um_vn.bytes, (uint64_t)(now - v->accounted));
	v->accounted = now;
}

static int open_fh(struct um_vnode *v, int accmode, struct um_fh *fh)
{
	UM_FREE char *path = um_vnode_path(v);

	*fh = (struct um_fh){ .flags = accmode | v->open_flags };
	return path ? um_fs_open(v->mount, path, fh) : -ENOENT;
}

/* Guests may have the file open for writing as long as the module has. */
void um_vnode_set_wfh(struct um_vnode *v, bool has)
{
	if (has != v->has_wfh)
		um_shared_add_writers(has ? 1 : -1);
	v->has_wfh = has;
}

/* A module's file that can read, or write when accmode says so; io lock. */
int um_vnode_need_fh(struct um_vnode *v, int accmode)
{
	int ret;

	if (v->has_wfh || (accmode == O_RDONLY && v->has_rfh))
		return 0;
	if (accmode == O_RDONLY) {
		ret = open_fh(v, O_RDONLY, &v->rfh);
		v->has_rfh = ret == 0;
		return ret;
	}
	ret = open_fh(v, O_RDWR, &v->wfh);
	if (ret == 0)
		um_vnode_set_wfh(v, true);
	return ret;
}

void um_vnode_release_fh(struct um_vnode *v)
{
	if (v->has_rfh)
		um_fs_release(v->mount, &v->rfh);
	if (v->has_wfh)
		um_fs_release(v->mount, &v->wfh);
	v->has_rfh = false;
	um_vnode_set_wfh(v, false);
}

static struct um_fh *any_fh(struct um_vnode *v)
{
	if (v->has_wfh)
		return &v->wfh;
	return v->has_rfh ? &v->rfh : NULL;
}

static int pwrite_all(int fd, const char *buf, size_t n, off_t off)
{
	while (n) {
		ssize_t put = pwrite(fd, buf, n, off);

		if (put < 0)
			return -errno;
		buf += put;
		n -= (size_t)put;
		off += put;
	}
	return 0;
}

static bool is_zero(const char *buf, size_t n)
{
	return !n || (!buf[0] && !memcmp(buf, buf + 1, n - 1));
}

/* Blocks of zeros stay holes of the memfd. */
static int store(struct um_vnode *v, const char *buf, size_t n, off_t off)
{
	int ret = 0;

	for (size_t i = 0; i < n && ret == 0; i += PAGE) {
		size_t len = MIN(n - i, (size_t)PAGE);
		size_t from = i;

		if (is_zero(buf + i, len))
			continue;
		while (i + PAGE < n &&
		       !is_zero(buf + i + PAGE,
				MIN(n - i - PAGE, (size_t)PAGE)))
			i += PAGE;
		ret = pwrite_all(v->memfd, buf + from, MIN(n, i + PAGE) - from,
				 off + (off_t)from);
	}
	return ret;
}

static void set_size(struct um_vnode *v, off_t size)
{
	v->size = size;
	um_vnode_account(v);
	um_lazy_resize(v);
}

void um_vnode_resized(struct um_vnode *v, off_t size)
{
	um_lock(&v->io);
	set_size(v, size);
	um_unlock(&v->io);
}

/*
 * Read on to the end, whatever size the module told: some file systems make
 * their content up as it is read and say 0.
 */
int um_vnode_populate_locked(struct um_vnode *v)
{
	UM_FREE char *buf = NULL;
	size_t want = (size_t)MIN(v->size + 1, (off_t)CHUNK);
	off_t off = 0;
	ssize_t got;
	int ret = um_vnode_need_fh(v, O_RDONLY);

	if (ret < 0)
		return ret;
	/* one that makes its content up says so: um_fh.direct */
	if (v->mount->fs.remote && !v->size && !v->direct) {
		v->populated = true;
		return 0;
	}
	if (want < PAGE)
		want = PAGE;
	buf = malloc(want);
	if (!buf)
		return -ENOMEM;
	while (v->size == 0 || off < v->size) {
		got = um_fs_read(v->mount, any_fh(v), buf, want, off);
		if (got < 0)
			return (int)got;
		if (got == 0)
			break;
		ret = store(v, buf, (size_t)got, off);
		if (ret < 0)
			return ret;
		off += got;
	}
	if (off > v->size) {
		v->volatile_data = true;
		if (ftruncate(v->memfd, off) < 0)
			return -errno;
		set_size(v, off);
	}
	v->populated = true;
	um_vnode_account(v);
	return 0;
}

/* Whatever is cached is not the file's content. */
static int empty(struct um_vnode *v, off_t size)
{
	v->populated = false;
	if (v->size &&
	    fallocate(v->memfd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      v->size) < 0)
		return -errno;
	if (ftruncate(v->memfd, size) < 0)
		return -errno;
	set_size(v, size);
	return 0;
}

/*
 * Before an open of a file that may have changed: who comes first asks the
 * module, whose open tells; the others share what it found.
 */
int um_vnode_refresh_locked(struct um_vnode *v, const struct stat *st,
			    int flags)
{
	bool stale = atomic_exchange(&v->stale, false);
	int ret;

	if (!um_vnode_is_open(v) && !v->lazy && !atomic_load(&v->shared))
		um_vnode_release_fh(v);
	if (any_fh(v) && !stale)
		return 0;
	ret = um_vnode_need_fh(v, flags & O_ACCMODE);
	if (ret < 0)
		return ret;
	v->direct = any_fh(v)->direct;
	if (v->populated && any_fh(v)->keep_cache && !stale &&
	    v->size == st->st_size)
		return 0;
	return empty(v, st->st_size);
}

static ssize_t read_locked(struct um_vnode *v, void *buf, size_t n, off_t off)
{
	int ret;

	if (v->populated)
		return UM_SYS(pread(v->memfd, buf, n, off));
	ret = um_vnode_need_fh(v, O_RDONLY);
	if (ret < 0)
		return ret;
	return um_fs_read(v->mount, any_fh(v), buf, n, off);
}

ssize_t um_vnode_read(struct um_vnode *v, void *buf, size_t n, off_t off)
{
	ssize_t ret;

	um_lock(&v->io);
	ret = read_locked(v, buf, n, off);
	um_unlock(&v->io);
	return ret;
}

/* Size and times of the node changed. */
static void forget_attr(struct um_vnode *v)
{
	if (v->mount->cache)
		um_attrcache_forget_node(v->mount->cache, v->ino);
}

/* The module has `n` more bytes at off. */
static void grow(struct um_vnode *v, off_t off, size_t n)
{
	off_t end = off + (off_t)n;

	if (end <= v->size)
		return;
	if (ftruncate(v->memfd, end) < 0)
		um_warn("page cache: %s", strerror(errno));
	set_size(v, end);
}

static ssize_t write_locked(struct um_vnode *v, const void *buf, size_t n,
			    off_t off)
{
	ssize_t put;
	int ret = um_vnode_need_fh(v, O_RDWR);

	if (ret < 0)
		return ret;
	put = um_fs_write(v->mount, &v->wfh, buf, n, off);
	if (put <= 0)
		return put;
	if (!v->device)
		grow(v, off, (size_t)put);
	if (v->populated)
		ret = pwrite_all(v->memfd, buf, (size_t)put, off);
	forget_attr(v);
	return ret < 0 ? ret : put;
}

ssize_t um_vnode_write(struct um_vnode *v, const void *buf, size_t n, off_t off,
		       off_t *at)
{
	ssize_t ret;

	um_lock(&v->io);
	if (off < 0)
		off = v->size;
	*at = off;
	ret = write_locked(v, buf, n, off);
	um_unlock(&v->io);
	return ret;
}

/* The memfd follows what the module copied; it is what `in` has there. */
static int follow_copy(struct um_vnode *in, off_t in_off, struct um_vnode *out,
		       off_t out_off, size_t n)
{
	UM_FREE char *buf = malloc(CHUNK);
	int ret = buf ? 0 : -ENOMEM;

	while (ret == 0 && n) {
		ssize_t got = um_fs_read(in->mount, any_fh(in), buf,
					 MIN(n, (size_t)CHUNK), in_off);

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		ret = pwrite_all(out->memfd, buf, (size_t)got, out_off);
		in_off += got;
		out_off += got;
		n -= (size_t)got;
	}
	return ret;
}

static ssize_t copy_locked(struct um_vnode *in, off_t in_off,
			   struct um_vnode *out, off_t out_off, size_t n)
{
	ssize_t put;
	int ret = um_vnode_need_fh(in, O_RDONLY);

	if (ret == 0)
		ret = um_vnode_need_fh(out, O_RDWR);
	if (ret < 0)
		return ret;
	n = MIN(n, (size_t)MAX_COPY);
	if (in_off >= in->size)
		return 0;
	n = MIN(n, (size_t)(in->size - in_off));
	put = um_fs_copy(in->mount, any_fh(in), in_off, &out->wfh, out_off, n);
	if (put <= 0)
		return put;
	grow(out, out_off, (size_t)put);
	if (out->populated)
		ret = follow_copy(in, in_off, out, out_off, (size_t)put);
	forget_attr(out);
	return ret < 0 ? ret : put;
}

ssize_t um_vnode_copy(struct um_vnode *in, off_t in_off, struct um_vnode *out,
		      off_t out_off, size_t n) UM_NO_TSA
{
	/* one order for all who take two */
	struct um_vnode *first = in < out ? in : out;
	struct um_vnode *second = in < out ? out : in;
	ssize_t ret = um_vnode_sync(in);

	if (ret == 0 && out != in)
		ret = um_vnode_sync(out);
	if (ret < 0)
		return ret;
	um_lock(&first->io);
	if (second != first)
		um_lock(&second->io);
	ret = copy_locked(in, in_off, out, out_off, n);
	if (second != first)
		um_unlock(&second->io);
	um_unlock(&first->io);
	return ret;
}

int um_vnode_truncate_locked(struct um_vnode *v, off_t size)
{
	int ret = um_vnode_need_fh(v, O_RDWR);

	if (ret == 0)
		ret = um_fs_truncate(v->mount, NULL, &v->wfh, size);
	if (ret < 0)
		return ret;
	if (ftruncate(v->memfd, size) < 0)
		return -errno;
	set_size(v, size);
	forget_attr(v);
	/* nothing to read from the module: native reads from the first byte */
	if (size == 0)
		v->populated = true;
	return 0;
}

int um_vnode_truncate(struct um_vnode *v, off_t size)
{
	int ret;

	um_lock(&v->io);
	ret = um_vnode_truncate_locked(v, size);
	um_unlock(&v->io);
	return ret;
}

/* The memfd follows what fallocate(2) did to content and size. */
static int follow_fallocate(struct um_vnode *v, int mode, off_t off, off_t len)
{
	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE)) {
		v->populated = false;
		return um_vnode_populate_locked(v);
	}
	if (!(mode & FALLOC_FL_KEEP_SIZE) && off + len > v->size) {
		if (ftruncate(v->memfd, off + len) < 0)
			return -errno;
		set_size(v, off + len);
	}
	if (!(mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)))
		return 0;
	if (off >= v->size)
		return 0;
	return (int)UM_SYS(fallocate(v->memfd,
				     FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				     off, MIN(len, v->size - off)));
}

int um_vnode_fallocate(struct um_vnode *v, int mode, off_t off, off_t len)
{
	int ret;

	um_lock(&v->io);
	ret = um_vnode_need_fh(v, O_RDWR);
	if (ret == 0)
		ret = um_fs_fallocate(v->mount, &v->wfh, mode, off, len);
	if (ret == 0)
		ret = follow_fallocate(v, mode, off, len);
	um_unlock(&v->io);
	forget_attr(v);
	return ret;
}

void um_vnode_mark_shared(struct um_vnode *v)
{
	atomic_store(&v->shared, true);
}

/* Write the pages of one chunk that differ from the module's. */
static int sync_chunk(struct um_vnode *v, const char *mine, const char *theirs,
		      size_t n, off_t off)
{
	for (size_t i = 0; i < n; i += PAGE) {
		size_t len = MIN(n - i, (size_t)PAGE);
		ssize_t put;

		if (!memcmp(mine + i, theirs + i, len))
			continue;
		put = um_fs_write(v->mount, &v->wfh, mine + i, len,
				  off + (off_t)i);
		if (put < 0)
			return (int)put;
		if ((size_t)put < len)
			return -ENOSPC;
	}
	return 0;
}

static int sync_locked(struct um_vnode *v, char *buf)
{
	char *theirs = buf + CHUNK;
	int ret = um_vnode_need_fh(v, O_RDWR);

	for (off_t off = 0; ret == 0 && off < v->size; off += CHUNK) {
		ssize_t n = pread(v->memfd, buf, CHUNK, off);
		ssize_t got;

		if (n <= 0)
			return n < 0 ? -errno : 0;
		got = um_fs_read(v->mount, &v->wfh, theirs, (size_t)n, off);
		if (got < 0)
			return (int)got;
		memset(theirs + got, 0, (size_t)(n - got));
		ret = sync_chunk(v, buf, theirs, (size_t)n, off);
	}
	return ret;
}

int um_vnode_sync(struct um_vnode *v)
{
	UM_FREE char *buf = NULL;
	int ret;

	if (!atomic_load(&v->shared))
		return 0;
	buf = malloc((size_t)2 * CHUNK);
	if (!buf)
		return -ENOMEM;
	um_lock(&v->io);
	/* Mapped on, it stays marked; a page may change at any time. */
	if (!um_vnode_is_open(v))
		atomic_store(&v->shared, false);
	ret = sync_locked(v, buf);
	um_unlock(&v->io);
	forget_attr(v);
	if (ret < 0)
		um_err("%s: cannot write back a mapped file: %s",
		       v->mount->point, strerror(-ret));
	return ret;
}

int um_vnode_fsync(struct um_vnode *v, bool datasync)
{
	int ret = um_vnode_sync(v);
	int err;

	um_lock(&v->io);
	err = um_vnode_need_fh(v, O_RDONLY);
	if (err == 0)
		err = um_fs_fsync(v->mount, any_fh(v), datasync);
	um_unlock(&v->io);
	return ret < 0 ? ret : err;
}

int um_vnode_ioctl(struct um_vnode *v, unsigned int cmd, void *data,
		   size_t size)
{
	int ret;

	um_lock(&v->io);
	ret = um_vnode_need_fh(v, O_RDONLY);
	if (ret == 0)
		ret = um_fs_ioctl(v->mount, any_fh(v), cmd, data, size);
	um_unlock(&v->io);
	return ret;
}

off_t um_vnode_lseek(struct um_vnode *v, off_t off, int whence)
{
	off_t ret;

	um_lock(&v->io);
	ret = um_vnode_need_fh(v, O_RDONLY);
	if (ret == 0)
		ret = um_fs_lseek(v->mount, any_fh(v), off, whence);
	um_unlock(&v->io);
	return ret;
}

/*
 * The attributes' last resort is the open file: its name may be gone. *fh is
 * valid while the io lock is held.
 */
static int with_node(struct um_vnode *v, char **path, struct um_fh **fh)
{
	int ret;

	*path = um_vnode_path(v);
	*fh = NULL;
	if (*path)
		return 0;
	ret = um_vnode_need_fh(v, O_RDONLY);
	*fh = any_fh(v);
	return ret;
}

struct change {
	enum { GETATTR, CHMOD, CHOWN, UTIMENS } what;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	const struct timespec *ts;
	struct stat *out;
};

static int apply(struct um_mount *m, const char *path, struct um_fh *fh,
		 const struct change *c)
{
	switch (c->what) {
	case GETATTR:
		return um_fs_getattr(m, path, fh, c->out);
	case CHMOD:
		return um_fs_chmod(m, path, fh, c->mode);
	case CHOWN:
		return um_fs_chown(m, path, fh, c->uid, c->gid);
	case UTIMENS:
		return um_fs_utimens(m, path, fh, c->ts);
	}
	return -EINVAL;
}

static int apply_vnode(struct um_vnode *v, const struct change *c)
{
	UM_FREE char *path = NULL;
	struct um_fh *fh;
	int ret;

	um_lock(&v->io);
	ret = with_node(v, &path, &fh);
	if (ret == 0)
		ret = apply(v->mount, path, fh, c);
	um_unlock(&v->io);
	if (ret == 0 && c->what == GETATTR && v->orphan)
		c->out->st_nlink = 0;
	else if (ret == 0 && c->what == GETATTR && v->hidden)
		c->out->st_nlink--;
	if (ret == 0 && c->what == GETATTR && v->volatile_data && !v->device)
		c->out->st_size = v->size;
	return ret;
}

static int apply_obj(struct um_obj *o, const struct change *c)
{
	UM_FREE char *path = NULL;

	if (o->vnode)
		return apply_vnode(o->vnode, c);
	path = um_obj_path(o);
	if (!path)
		return -ENOENT;
	return apply(o->mount, path, NULL, c);
}

int um_obj_getattr(struct um_obj *o, struct stat *out)
{
	struct change c = { .what = GETATTR, .out = out };

	return apply_obj(o, &c);
}

int um_obj_chmod(struct um_obj *o, mode_t mode)
{
	struct change c = { .what = CHMOD, .mode = mode };

	return apply_obj(o, &c);
}

int um_obj_chown(struct um_obj *o, uid_t uid, gid_t gid)
{
	struct change c = { .what = CHOWN, .uid = uid, .gid = gid };

	return apply_obj(o, &c);
}

int um_obj_utimens(struct um_obj *o, const struct timespec ts[2])
{
	struct change c = { .what = UTIMENS, .ts = ts };

	return apply_obj(o, &c);
}
