// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flush.c - what close(2) waits for, and what a file system stores unasked
 *
 * A file is closed by the kernel, and the monitor learns of it afterwards. Where
 * a file system writes at close only, and tells then what went wrong, the agent
 * asks before (um_shared.flushes): um_vnode_flush() is the answer.
 */
#include <time.h>
#include <unistd.h>

#include "vnode/internal.h"

/*
 * Whoever has the io lock may wait for the one who calls these: not for long,
 * then.
 */
static bool lock_soon(struct um_vnode *v) UM_NO_TSA
{
	const struct timespec nap = { .tv_nsec = 1000000 };

	for (int i = 0; i < 50; i++) {
		if (um_trylock(&v->io))
			return true;
		nanosleep(&nap, NULL);
	}
	return false;
}

static bool store_locked(struct um_vnode *v, const void *buf, size_t n,
			 off_t off)
{
	const char *from = buf;

	if (!v->populated || off > v->size)
		return false;
	while (n) {
		ssize_t put = pwrite(v->memfd, from, n, off);

		if (put <= 0)
			return false;
		from += put;
		off += put;
		n -= (size_t)put;
	}
	if (off > v->size)
		um_vnode_grown_locked(v, off);
	return true;
}

bool um_vnode_store(struct um_vnode *v, const void *buf, size_t n,
		    off_t off) UM_NO_TSA
{
	bool stored = false;

	if (lock_soon(v)) {
		stored = store_locked(v, buf, n, off);
		um_unlock(&v->io);
	}
	return stored;
}

size_t um_vnode_retrieve(struct um_vnode *v, void *buf, size_t n,
			 off_t off) UM_NO_TSA
{
	ssize_t got = 0;

	if (lock_soon(v)) {
		if (v->populated)
			got = pread(v->memfd, buf, n, off);
		um_unlock(&v->io);
	}
	return got > 0 ? (size_t)got : 0;
}

int um_vnode_flush(struct um_vnode *v)
{
	int ret = um_vnode_sync(v);
	int err = 0;

	um_lock(&v->io);
	if (v->has_wfh)
		err = um_fs_flush(v->mount, &v->wfh);
	um_unlock(&v->io);
	return ret < 0 ? ret : err;
}
