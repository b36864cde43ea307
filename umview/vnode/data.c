// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * data.c - the content of regular files: module and memfd kept equal
 *
 * What maps write into the memfd comes to the module later: maps.c.
 */
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <unistd.h>

#include "guest/shared.h"
#include "vnode/attrcache.h"
#include "vnode/internal.h"

#define MAX_COPY (1 << 30)

void um_vnode_account(struct um_vnode *v)
{
	off_t now = v->populated ? v->size : 0;

	atomic_fetch_add(&um_vn.bytes, (uint64_t)(now - v->accounted));
	atomic_fetch_add(&v->mount->bytes, (uint64_t)(now - v->accounted));
	v->accounted = now;
}

int um_vnode_pwrite_all(int fd, const char *buf, size_t n, off_t off)
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

	for (size_t i = 0; i < n && ret == 0; i += UM_VN_PAGE) {
		size_t len = UM_VN_MIN(n - i, (size_t)UM_VN_PAGE);
		size_t from = i;

		if (is_zero(buf + i, len))
			continue;
		while (i + UM_VN_PAGE < n &&
		       !is_zero(buf + i + UM_VN_PAGE,
				UM_VN_MIN(n - i - UM_VN_PAGE,
					  (size_t)UM_VN_PAGE)))
			i += UM_VN_PAGE;
		ret = um_vnode_pwrite_all(v->memfd, buf + from,
					  UM_VN_MIN(n, i + UM_VN_PAGE) - from,
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

void um_vnode_grown_locked(struct um_vnode *v, off_t size)
{
	set_size(v, size);
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
	size_t want = (size_t)UM_VN_MIN(v->size + 1, (off_t)UM_VN_CHUNK);
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
	if (want < UM_VN_PAGE)
		want = UM_VN_PAGE;
	buf = malloc(want);
	if (!buf)
		return -ENOMEM;
	while (v->size == 0 || off < v->size) {
		got = um_fs_read(v->mount, um_vnode_any_fh(v), buf, want, off);
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

void um_vnode_learn_locked(struct um_vnode *v, const struct um_fh *fh)
{
	v->direct = fh->direct;
	v->nonseekable = fh->nonseekable;
	v->stream = fh->stream;
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

	if (!um_vnode_is_open(v) && !v->lazy && !v->pins &&
	    !atomic_load(&v->shared))
		um_vnode_release_fh(v);
	if (um_vnode_any_fh(v) && !stale)
		return 0;
	ret = um_vnode_need_fh(v, flags & O_ACCMODE);
	if (ret < 0)
		return ret;
	um_vnode_learn_locked(v, um_vnode_any_fh(v));
	if (v->populated && um_vnode_any_fh(v)->keep_cache && !stale &&
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
	return um_fs_read(v->mount, um_vnode_any_fh(v), buf, n, off);
}

ssize_t um_vnode_read(struct um_vnode *v, void *buf, size_t n, off_t off)
{
	struct um_vnode *map;
	ssize_t ret;

	um_lock(&v->io);
	map = um_devmap_lock(v);
	ret = map ? um_devmap_read(map, buf, n, off)
		  : read_locked(v, buf, n, off);
	um_devmap_unlock(map);
	um_unlock(&v->io);
	um_vnode_poll_again(v);
	return ret;
}

/* Size and times of the node changed. */
void um_vnode_forget_attr(struct um_vnode *v)
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
	int ret = um_vnode_need_fh(v, O_WRONLY);

	if (ret < 0)
		return ret;
	put = um_fs_write(v->mount, &v->wfh, buf, n, off);
	if (put <= 0)
		return put;
	/* before the size is seen to be another */
	um_vnode_forget_attr(v);
	if (!v->device)
		grow(v, off, (size_t)put);
	if (v->is_map)
		ret = um_devmap_follow(v, buf, (size_t)put, off);
	else if (v->populated)
		ret = um_vnode_pwrite_all(v->memfd, buf, (size_t)put, off);
	return ret < 0 ? ret : put;
}

int um_vnode_write_none(struct um_vnode *v)
{
	int ret;

	um_lock(&v->io);
	ret = um_vnode_need_fh(v, O_WRONLY);
	if (ret == 0 && v->wfh.empty_writes)
		ret = (int)um_fs_write(v->mount, &v->wfh, "", 0, 0);
	um_unlock(&v->io);
	return ret;
}

ssize_t um_vnode_write(struct um_vnode *v, const void *buf, size_t n, off_t off,
		       off_t *at)
{
	struct um_vnode *map;
	ssize_t ret;
	int err = 0;

	um_lock(&v->io);
	if (off < 0)
		off = v->size;
	*at = off;
	map = um_devmap_lock(v);
	ret = write_locked(v, buf, n, off);
	if (map && ret > 0)
		err = um_devmap_follow(map, buf, (size_t)ret, off);
	um_devmap_unlock(map);
	um_unlock(&v->io);
	um_vnode_poll_again(v);
	return err < 0 ? err : ret;
}

/* The memfd follows what the module copied; it is what `in` has there. */
static int follow_copy(struct um_vnode *in, off_t in_off, struct um_vnode *out,
		       off_t out_off, size_t n)
{
	UM_FREE char *buf = malloc(UM_VN_CHUNK);
	int ret = buf ? 0 : -ENOMEM;

	while (ret == 0 && n) {
		ssize_t got =
			um_fs_read(in->mount, um_vnode_any_fh(in), buf,
				   UM_VN_MIN(n, (size_t)UM_VN_CHUNK), in_off);

		if (got <= 0)
			return got < 0 ? (int)got : -EIO;
		ret = um_vnode_pwrite_all(out->memfd, buf, (size_t)got,
					  out_off);
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
		ret = um_vnode_need_fh(out, O_WRONLY);
	if (ret < 0)
		return ret;
	n = UM_VN_MIN(n, (size_t)MAX_COPY);
	if (in_off >= in->size)
		return 0;
	n = UM_VN_MIN(n, (size_t)(in->size - in_off));
	put = um_fs_copy(in->mount, um_vnode_any_fh(in), in_off, &out->wfh,
			 out_off, n);
	if (put <= 0)
		return put;
	um_vnode_forget_attr(out);
	grow(out, out_off, (size_t)put);
	if (out->populated)
		ret = follow_copy(in, in_off, out, out_off, (size_t)put);
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
	int ret = um_vnode_need_fh(v, O_WRONLY);

	if (ret == 0)
		ret = um_fs_truncate(v->mount, NULL, &v->wfh, size);
	if (ret < 0)
		return ret;
	if (ftruncate(v->memfd, size) < 0)
		return -errno;
	set_size(v, size);
	um_vnode_forget_attr(v);
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
		bool whole = v->populated;
		bool less = mode & FALLOC_FL_COLLAPSE_RANGE;
		int ret = empty(v, less ? v->size - len : v->size + len);

		return ret < 0 || !whole ? ret : um_vnode_populate_locked(v);
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
				     off, UM_VN_MIN(len, v->size - off)));
}

int um_vnode_fallocate(struct um_vnode *v, int mode, off_t off, off_t len)
{
	int ret = 0;

	/* what a map wrote moves, too */
	if (mode & (FALLOC_FL_COLLAPSE_RANGE | FALLOC_FL_INSERT_RANGE))
		ret = um_vnode_sync(v);
	if (ret < 0)
		return ret;
	um_lock(&v->io);
	ret = um_vnode_need_fh(v, O_WRONLY);
	if (ret == 0)
		ret = um_fs_fallocate(v->mount, &v->wfh, mode, off, len);
	if (ret == 0 && !v->device)
		ret = follow_fallocate(v, mode, off, len);
	um_unlock(&v->io);
	um_vnode_forget_attr(v);
	return ret == 0 && v->device ? um_vnode_reread(v, off, len) : ret;
}

int um_vnode_ioctl(struct um_vnode *v, unsigned int cmd, void *data,
		   size_t size)
{
	int ret;

	um_lock(&v->io);
	ret = um_vnode_need_any_fh(v);
	if (ret == 0)
		ret = um_fs_ioctl(v->mount, um_vnode_any_fh(v), cmd, data,
				  size);
	um_unlock(&v->io);
	return ret;
}

off_t um_vnode_lseek(struct um_vnode *v, off_t off, int whence)
{
	/* what a map wrote is no hole */
	off_t ret = um_vnode_sync(v);

	if (ret < 0)
		return ret;
	um_lock(&v->io);
	ret = um_vnode_need_any_fh(v);
	if (ret == 0)
		ret = um_fs_lseek(v->mount, um_vnode_any_fh(v), off, whence);
	um_unlock(&v->io);
	return ret;
}
