// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lazylock.c - locks that the monitor holds for objects in access mode 3
 *
 * A lock is held by an open file description: flock(2) and OFD locks belong to
 * the object (one description each), process locks to the pair of object and
 * process. Those of the object go with its last close, those of a process with
 * its end too (looked after when anybody asks for a lock). Waiting is asking
 * again, so that a signal to the guest ends it.
 */
#include "sys/lazylock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <time.h>

#include "base/lock.h"

struct holder {
	struct holder *next;
	uint64_t inode;
	pid_t owner;
	int fd;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct holder *holders;

static bool is_over(const struct holder *h, uint64_t closed)
{
	if (h->inode == closed)
		return true;
	return h->owner && kill(h->owner, 0) < 0 && errno == ESRCH;
}

/* Those of the object that was closed (0: none), and of ended processes. */
static void drop_locked(uint64_t closed)
{
	struct holder **at = &holders;

	while (*at) {
		struct holder *h = *at;

		if (!is_over(h, closed)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		close(h->fd);
		free(h);
	}
}

static void object_closed(uint64_t inode)
{
	um_lock(&lock);
	drop_locked(inode);
	um_unlock(&lock);
}

/* Directories have no vnode: one memfd a directory to lock instead of it. */
struct dirlock {
	struct dirlock *next;
	unsigned int mount;
	ino_t ino;
	int fd;
};

static struct dirlock *dirlocks;

static int dir_lock_fd_locked(struct um_obj *o, ino_t ino)
{
	struct dirlock *d = dirlocks;
	char link[64];

	while (d && (d->mount != o->mount->id || d->ino != ino))
		d = d->next;
	if (!d) {
		d = calloc(1, sizeof(*d));
		if (!d)
			return -ENOMEM;
		d->mount = o->mount->id;
		d->ino = ino;
		d->fd = memfd_create("dirlock", MFD_CLOEXEC);
		d->next = dirlocks;
		dirlocks = d;
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", d->fd);
	return (int)UM_SYS(open(link, O_RDWR | O_CLOEXEC));
}

/* The monitor's description for (object, owner); owner 0: the object. */
static int holder_fd(struct um_obj *o, pid_t owner, ino_t ino)
{
	struct holder *h;
	int fd = -1;

	um_obj_closed_hook = object_closed;
	um_lock(&lock);
	drop_locked(0);
	for (h = holders; h; h = h->next)
		if (h->inode == o->inode && h->owner == owner)
			break;
	if (!h) {
		h = calloc(1, sizeof(*h));
		if (h) {
			h->inode = o->inode;
			h->owner = owner;
			h->fd = o->vnode ? um_vnode_lock_fd(o->vnode)
					 : dir_lock_fd_locked(o, ino);
			h->next = holders;
			holders = h;
		}
	}
	if (h)
		fd = h->fd;
	um_unlock(&lock);
	return fd < 0 ? -ENOLCK : fd;
}

int um_lazy_flock_fd(struct um_obj *o)
{
	return holder_fd(o, 0, 0);
}

static bool should_wait(struct um_req *r, long *ret)
{
	const struct timespec nap = { .tv_nsec = 5000000 };

	nanosleep(&nap, NULL);
	if (r->engine->alive(r) < 0) {
		*ret = -EINTR;
		return false;
	}
	if (um_req_has_signal(r)) {
		*ret = -UM_ERESTARTSYS;
		return false;
	}
	return true;
}

long um_lazy_flock(struct um_req *r, struct um_obj *o)
{
	int op = (int)r->arg[1];
	struct stat st;
	long ret = um_obj_getattr(o, &st);
	int fd;

	if (ret < 0)
		return ret;
	fd = holder_fd(o, 0, st.st_ino);
	if (fd < 0)
		return fd;
	ret = UM_SYS(flock(fd, op | LOCK_NB));
	if (ret == -EWOULDBLOCK)
		um_obj_settle();
	do {
		ret = UM_SYS(flock(fd, op | LOCK_NB));
	} while (ret == -EWOULDBLOCK && !(op & LOCK_NB) &&
		 should_wait(r, &ret));
	return ret;
}

int um_lock_absolute(struct um_obj *o, int ofd, struct flock *fl)
{
	struct stat st;
	off_t base = 0;
	int ret = 0;

	if (fl->l_whence == SEEK_CUR) {
		base = lseek(ofd, 0, SEEK_CUR);
	} else if (fl->l_whence == SEEK_END) {
		ret = um_obj_getattr(o, &st);
		base = ret < 0 ? 0 : st.st_size;
	} else if (fl->l_whence != SEEK_SET) {
		ret = -EINVAL;
	}
	if (ret == 0 && __builtin_add_overflow(fl->l_start, base, &fl->l_start))
		ret = -EOVERFLOW;
	fl->l_whence = SEEK_SET;
	return ret;
}

static int check_mode(const struct um_obj *o, const struct flock *fl)
{
	int mode = o->flags & O_ACCMODE;

	if (fl->l_type == F_RDLCK && mode == O_WRONLY)
		return -EBADF;
	if (fl->l_type == F_WRLCK && mode == O_RDONLY)
		return -EBADF;
	return 0;
}

long um_lazy_fcntl(struct um_req *r, struct um_obj *o)
{
	int cmd = (int)r->arg[1];
	bool ofd = cmd >= F_OFD_GETLK;
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	UM_CLOSE int own = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	struct flock fl;
	int fd;
	long ret = um_copy_in(r, um_uptr_of(r->arg[2]), &fl, sizeof(fl));

	if (ret == 0)
		ret = own < 0 ? own : um_lock_absolute(o, own, &fl);
	if (ret == 0 && !get)
		ret = check_mode(o, &fl);
	if (ret < 0)
		return ret;
	fd = holder_fd(o, ofd ? 0 : um_req_tgid(r), 0);
	if (fd < 0)
		return fd;
	fl.l_pid = 0;
	um_obj_settle();
	do {
		ret = UM_SYS(fcntl(fd, get ? F_OFD_GETLK : F_OFD_SETLK, &fl));
	} while (ret == -EAGAIN && wait && should_wait(r, &ret));
	if (ret == 0 && get)
		ret = um_copy_out(r, um_uptr_of(r->arg[2]), &fl, sizeof(fl));
	return ret;
}
