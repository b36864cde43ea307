// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * lazylock.c - locks that the monitor holds for objects in access mode 3
 *
 * A lock is held by an open file description of the monitor's: flock(2) and OFD
 * locks belong to the object (one description each), process locks to the pair
 * of file and process. Those of the object go with its last close; those of a
 * process when it closes a descriptor of the file (um_shared.flushes has the
 * agent tell), at the last close of the object that it asked by, and with its
 * end (looked after when anybody asks for a lock). Waiting is asking again, so
 * that a signal to the guest ends it.
 *
 * When an object becomes ready (mmap.c) the monitor's description of it is what
 * the guest gets. It keeps its locks, and so does a process: while it has any
 * here, it asks here also by its ready descriptors.
 */
#include "sys/lazylock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>

#include "base/lock.h"
#include "guest/shared.h"
#include "guest/wait.h"
#include "sys/rw.h"

/**
 * struct holder - a description that locks are held by
 * @inode: of the object, or the one that @owner asked by last
 * @file: of @owner: the inode that the file's vnode has
 * @owner: process, or 0: the object
 */
struct holder {
	struct holder *next;
	uint64_t inode;
	uint64_t file;
	pid_t owner;
	int fd;
};

/* Until one asks again for a lock that another has. */
#define NAP_MS 5

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct holder *holders;

static void holder_free(struct holder *h)
{
	if (h->owner) {
		um_shared_add_flushes(-1);
		um_shared_add_locks(-1);
	}
	close(h->fd);
	free(h);
}

typedef bool (*over_fn)(const struct holder *h, uint64_t inode, pid_t pid);

static void drop_locked(over_fn is_over, uint64_t inode, pid_t pid)
{
	struct holder **at = &holders;

	while (*at) {
		struct holder *h = *at;

		if (!is_over(h, inode, pid)) {
			at = &h->next;
			continue;
		}
		*at = h->next;
		holder_free(h);
	}
}

static bool has_ended(const struct holder *h, uint64_t inode, pid_t pid)
{
	(void)inode;
	(void)pid;
	return h->owner && kill(h->owner, 0) < 0 && errno == ESRCH;
}

static bool is_of_object(const struct holder *h, uint64_t inode, pid_t pid)
{
	(void)pid;
	return h->inode == inode;
}

static bool is_of_process(const struct holder *h, uint64_t file, pid_t pid)
{
	return h->owner == pid && h->file == file;
}

static void object_closed(uint64_t inode)
{
	um_lock(&lock);
	drop_locked(is_of_object, inode, 0);
	um_unlock(&lock);
}

void um_lazy_close(struct um_req *r, const struct um_vnode *v)
{
	um_lock(&lock);
	if (holders)
		drop_locked(is_of_process, v->file.inode, um_req_tgid(r));
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

static struct holder *find_locked(const struct um_obj *o, pid_t owner)
{
	struct holder *h = holders;

	while (h && !(owner ? is_of_process(h, o->vnode->file.inode, owner)
			    : h->inode == o->inode && !h->owner))
		h = h->next;
	return h;
}

/* That of an object may be the guest's one day: it opens as the guest did. */
static struct holder *new_locked(struct um_obj *o, pid_t owner, ino_t ino)
{
	struct holder *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	if (o->vnode)
		h->fd = um_vnode_lock_fd(o->vnode, owner ? O_RDWR : o->flags);
	else
		h->fd = dir_lock_fd_locked(o, ino);
	if (h->fd < 0) {
		free(h);
		return NULL;
	}
	h->owner = owner;
	if (owner && o->vnode) {
		h->file = o->vnode->file.inode;
		um_shared_add_flushes(1);
		um_shared_add_locks(1);
	}
	h->next = holders;
	holders = h;
	return h;
}

/* The monitor's description for (object, owner); owner 0: the object. */
static int holder_fd(struct um_obj *o, pid_t owner, ino_t ino)
{
	struct holder *h;
	int fd = -ENOLCK;

	um_obj_closed_hook = object_closed;
	um_lock(&lock);
	drop_locked(has_ended, 0, 0);
	h = find_locked(o, owner);
	if (!h)
		h = new_locked(o, owner, ino);
	if (h) {
		h->inode = o->inode;
		fd = h->fd;
	}
	um_unlock(&lock);
	return fd;
}

int um_lazy_hand_over(const struct um_obj *o)
{
	int fd = -ENOENT;

	um_lock(&lock);
	for (struct holder *h = holders; h; h = h->next) {
		if (h->inode != o->inode)
			continue;
		if (h->owner)
			h->inode = 0;
		else
			fd = (int)UM_SYS(fcntl(h->fd, F_DUPFD_CLOEXEC, 0));
	}
	um_unlock(&lock);
	return fd;
}

bool um_lazy_has(struct um_req *r, const struct um_obj *o)
{
	bool has;

	um_lock(&lock);
	has = holders && find_locked(o, um_req_tgid(r));
	um_unlock(&lock);
	return has;
}

int um_lazy_flock_fd(struct um_obj *o)
{
	return holder_fd(o, 0, 0);
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
		 um_wait_nap(r, NAP_MS, &ret));
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

static int check(const struct flock *fl, int cmd, int flags)
{
	int mode = flags & O_ACCMODE;

	if (cmd >= F_OFD_GETLK && fl->l_pid)
		return -EINVAL;
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return 0;
	if (fl->l_type == F_RDLCK && mode == O_WRONLY)
		return -EBADF;
	if (fl->l_type == F_WRLCK && mode == O_RDONLY)
		return -EBADF;
	return 0;
}

static int read_lock(struct um_req *r, struct um_obj *o, struct flock *fl)
{
	UM_CLOSE int own = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	int ret = um_copy_in(r, um_uptr_of(r->arg[2]), fl, sizeof(*fl));

	if (ret == 0 && own < 0)
		ret = own;
	if (ret == 0)
		ret = um_lock_absolute(o, own, fl);
	return ret < 0 ? ret : check(fl, (int)r->arg[1], um_obj_flags(o, own));
}

/* The kernel finds a description of ours in the way: for whom is it held? */
static pid_t owner_of(const struct um_obj *o, const struct flock *found)
{
	pid_t owner = -1;

	um_lock(&lock);
	for (const struct holder *h = holders; h && owner < 0; h = h->next) {
		struct flock fl = *found;

		if (!h->owner || h->file != o->vnode->file.inode)
			continue;
		fl.l_type = F_WRLCK;
		fl.l_pid = 0;
		/* it is not in its own way */
		if (fcntl(h->fd, F_OFD_GETLK, &fl) == 0 &&
		    (fl.l_type == F_UNLCK || fl.l_start != found->l_start ||
		     fl.l_len != found->l_len))
			owner = h->owner;
	}
	um_unlock(&lock);
	return owner;
}

static long get_lock(struct um_req *r, struct um_obj *o, int fd,
		     struct flock *fl)
{
	long ret = UM_SYS(fcntl(fd, F_OFD_GETLK, fl));

	if (ret < 0)
		return ret;
	if (fl->l_type != F_UNLCK && fl->l_pid < 0)
		fl->l_pid = owner_of(o, fl);
	return um_copy_out(r, um_uptr_of(r->arg[2]), fl, sizeof(*fl));
}

long um_lazy_fcntl(struct um_req *r, struct um_obj *o)
{
	int cmd = (int)r->arg[1];
	bool wait = cmd == F_SETLKW || cmd == F_OFD_SETLKW;
	struct flock fl;
	long ret = read_lock(r, o, &fl);
	int fd;

	if (ret < 0)
		return ret;
	fd = holder_fd(o, cmd >= F_OFD_GETLK ? 0 : um_req_tgid(r), 0);
	if (fd < 0)
		return fd;
	fl.l_pid = 0;
	um_obj_settle();
	if (cmd == F_GETLK || cmd == F_OFD_GETLK)
		return get_lock(r, o, fd, &fl);
	do {
		ret = UM_SYS(fcntl(fd, F_OFD_SETLK, &fl));
	} while (ret == -EAGAIN && wait && um_wait_nap(r, NAP_MS, &ret));
	return ret;
}
