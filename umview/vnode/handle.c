// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * handle.c - the open files that a vnode has in its module, and what passes
 * between the two besides reads and writes
 *
 * One for reading, `rfh`, and one for writing, `wfh`, serve all guests; that for
 * writing serves reads too, unless the file may not be read (@write_only).
 *
 * A file is closed by the kernel, and the monitor learns of it afterwards. Where
 * a file system writes at close only, and tells then what went wrong, the agent
 * asks before (um_shared.flushes): um_vnode_flush() is the answer.
 */
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "guest/shared.h"
#include "vnode/internal.h"

static int open_fh(struct um_vnode *v, int accmode, struct um_fh *fh)
{
	UM_FREE char *path = um_vnode_path(v);

	*fh = (struct um_fh){ .flags = accmode | v->open_flags };
	/* what may be appended to at least; see um_vnode_ask_open() */
	if (accmode != O_RDONLY && v->mount->fs.asks_open)
		fh->flags |= O_APPEND;
	return path ? um_fs_open(v->mount, path, fh) : -ENOENT;
}

int um_vnode_ask_open(struct um_vnode *v, int flags)
{
	struct um_fh fh = { .flags = flags & (O_ACCMODE | O_APPEND) };
	UM_FREE char *path = NULL;
	int ret;

	if (!v->mount->fs.asks_open || (flags & O_ACCMODE) == O_RDONLY)
		return 0;
	path = um_vnode_path(v);
	ret = path ? um_fs_open(v->mount, path, &fh) : 0;
	if (ret == 0 && path)
		um_fs_release(v->mount, &fh);
	return ret;
}

/* Guests may have the file open for writing as long as the module has. */
void um_vnode_set_wfh(struct um_vnode *v, bool has)
{
	if (has != v->has_wfh)
		um_shared_add_writers(has ? 1 : -1);
	if (has != v->has_wfh && um_fs_flushes(v->mount))
		um_shared_add_flushes(has ? 1 : -1);
	v->has_wfh = has;
}

static int need_wfh(struct um_vnode *v, int accmode)
{
	struct um_fh fh;
	bool write_only = false;
	int ret = open_fh(v, O_RDWR, &fh);

	if (ret == -EACCES && accmode == O_WRONLY) {
		write_only = true;
		ret = open_fh(v, O_WRONLY, &fh);
	}
	if (ret < 0)
		return ret;
	if (v->has_wfh)
		um_fs_release(v->mount, &v->wfh);
	v->wfh = fh;
	v->write_only = write_only;
	um_vnode_set_wfh(v, true);
	return 0;
}

int um_vnode_need_fh(struct um_vnode *v, int accmode)
{
	bool both = v->has_wfh && !v->write_only;
	int ret;

	if (accmode != O_RDONLY) {
		if (both || (v->has_wfh && accmode == O_WRONLY))
			return 0;
		return v->has_wfh && v->pins ? -EBUSY : need_wfh(v, accmode);
	}
	if (both || v->has_rfh)
		return 0;
	ret = open_fh(v, O_RDONLY, &v->rfh);
	v->has_rfh = ret == 0;
	return ret;
}

int um_vnode_need_any_fh(struct um_vnode *v)
{
	return v->has_wfh ? 0 : um_vnode_need_fh(v, O_RDONLY);
}

struct um_fh *um_vnode_any_fh(struct um_vnode *v)
{
	if (v->has_wfh && !v->write_only)
		return &v->wfh;
	if (v->has_rfh)
		return &v->rfh;
	return v->has_wfh ? &v->wfh : NULL;
}

void um_vnode_release_fh(struct um_vnode *v)
{
	um_vnode_poll_end(v);
	if (v->has_rfh)
		um_fs_release(v->mount, &v->rfh);
	if (v->has_wfh)
		um_fs_release(v->mount, &v->wfh);
	v->has_rfh = false;
	v->write_only = false;
	um_vnode_set_wfh(v, false);
}

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
