// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * maps.c - what shared writable maps wrote into the memfd reaches the module
 *
 * Nobody tells of a store. A file that was mapped so is marked; at msync,
 * fsync, the last close, every few seconds, and before a question that only the
 * module can answer, memfd and module are compared, and the pages that differ
 * are written.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "vnode/internal.h"

void um_vnode_mark_shared(struct um_vnode *v)
{
	atomic_store(&v->shared, true);
}

/* Write the pages of one chunk that differ from the module's. */
static int sync_chunk(struct um_vnode *v, const char *mine, const char *theirs,
		      size_t n, off_t off)
{
	for (size_t i = 0; i < n; i += UM_VN_PAGE) {
		size_t len = UM_VN_MIN(n - i, (size_t)UM_VN_PAGE);
		ssize_t put;

		if (!memcmp(mine + i, theirs + i, len))
			continue;
		put = um_fs_write(v->mount, &v->wfh, mine + i, len,
				  off + (off_t)i);
		if (put < 0)
			return (int)put;
		if ((size_t)put < len)
			return -ENOSPC;
		if (v->is_map && um_vnode_pwrite_all(v->base_fd, mine + i, len,
						     off + (off_t)i) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* What the memfd had before maps changed it: the module's, or the base. */
static ssize_t read_theirs(struct um_vnode *v, char *buf, size_t n, off_t off)
{
	if (v->is_map)
		return UM_SYS(pread(v->base_fd, buf, n, off));
	return um_fs_read(v->mount, &v->wfh, buf, n, off);
}

static int sync_piece(struct um_vnode *v, char *buf, off_t off, ssize_t *n)
{
	char *theirs = buf + UM_VN_CHUNK;
	ssize_t got;

	*n = pread(v->memfd, buf, UM_VN_CHUNK, off);
	if (*n <= 0)
		return *n < 0 ? -errno : 0;
	got = read_theirs(v, theirs, (size_t)*n, off);
	if (got < 0)
		return (int)got;
	memset(theirs + got, 0, (size_t)(*n - got));
	return sync_chunk(v, buf, theirs, (size_t)*n, off);
}

/* Where the memfd has a hole nobody wrote. */
static int sync_locked(struct um_vnode *v, char *buf)
{
	int ret = um_vnode_need_fh(v, O_RDWR);
	ssize_t n = 0;

	for (off_t off = 0; ret == 0; off += n) {
		off = lseek(v->memfd, off, SEEK_DATA);
		if (off < 0)
			return errno == ENXIO ? 0 : -errno;
		ret = sync_piece(v, buf, off, &n);
		if (n <= 0)
			break;
	}
	return ret;
}

int um_vnode_sync(struct um_vnode *v)
{
	UM_FREE char *buf = NULL;
	int ret;

	if (!atomic_load(&v->shared))
		return 0;
	buf = malloc((size_t)2 * UM_VN_CHUNK);
	if (!buf)
		return -ENOMEM;
	um_lock(&v->io);
	/* Mapped on, it stays marked; a page may change at any time. */
	if (!um_vnode_is_open(v))
		atomic_store(&v->shared, false);
	ret = sync_locked(v, buf);
	um_unlock(&v->io);
	um_vnode_forget_attr(v);
	if (ret < 0)
		um_err("%s: cannot write back a mapped file: %s",
		       v->mount->point, strerror(-ret));
	return ret;
}

int um_vnode_fsync(struct um_vnode *v, bool datasync)
{
	int ret = um_vnode_write_back(v);
	int err;

	um_lock(&v->io);
	err = um_vnode_need_any_fh(v);
	if (err == 0)
		err = um_fs_fsync(v->mount, um_vnode_any_fh(v), datasync);
	um_unlock(&v->io);
	return ret < 0 ? ret : err;
}
