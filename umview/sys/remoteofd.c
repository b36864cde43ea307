// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * remoteofd.c - locks of open file descriptions that the file system keeps
 *
 * Which description a guest's descriptor is of, only the kernel knows. So these
 * locks are taken twice: natively on the memfd, where they exclude each other
 * and go with the last close; and at the file system, which has all of a file's
 * for one owner's, and where they exclude those of processes and of others. What
 * the file system has is the union of what guests have: after an unlock and
 * after a close, the ranges that no description has any more are given back.
 * (Where one is locked for writing no other is, so there is no more to it.)
 *
 * Locks: `io` orders the changes of both; `lock` guards the list.
 */
#include "sys/remoteofd.h"

#include <fcntl.h>
#include <stdlib.h>

#include "sys/rw.h"

/* A file of which the file system has such locks; v is a ref. */
struct ofd_file {
	struct ofd_file *next;
	struct um_vnode *v;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_mutex io = UM_MUTEX_INIT(UM_RANK_IO);
static struct ofd_file *files;

bool um_remote_ofd_has(const struct um_vnode *v)
{
	const struct ofd_file *f;

	um_lock(&lock);
	f = files;
	while (f && f->v != v)
		f = f->next;
	um_unlock(&lock);
	return f != NULL;
}

static int remember(struct um_vnode *v)
{
	struct ofd_file *f;

	if (um_remote_ofd_has(v))
		return 0;
	f = calloc(1, sizeof(*f));
	if (!f || um_remote_listen() < 0) {
		free(f);
		return -ENOLCK;
	}
	f->v = um_vnode_ref(v);
	um_lock(&lock);
	f->next = files;
	files = f;
	um_unlock(&lock);
	return 0;
}

static void forget(const struct um_vnode *v)
{
	struct ofd_file **at = &files;
	struct ofd_file *f;

	um_lock(&lock);
	while (*at && (*at)->v != v)
		at = &(*at)->next;
	f = *at;
	if (f)
		*at = f->next;
	um_unlock(&lock);
	if (f)
		um_vnode_put(f->v);
	free(f);
}

static struct flock range(off_t from, off_t to)
{
	return (struct flock){ .l_start = from,
			       .l_len = to == INT64_MAX ? 0 : to - from + 1 };
}

static off_t last_of(const struct flock *fl)
{
	return fl->l_len ? fl->l_start + fl->l_len - 1 : INT64_MAX;
}

/* The first range that some description has locked; false: none. */
static bool first_held(const struct um_vnode *v, off_t from, off_t to,
		       struct flock *out)
{
	struct flock fl = range(from, to);
	bool any = false;

	while (from <= to) {
		fl.l_type = F_WRLCK;
		fl.l_pid = 0;
		if (fcntl(v->lease_fd, F_OFD_GETLK, &fl) < 0 ||
		    fl.l_type == F_UNLCK)
			break;
		any = true;
		*out = fl;
		to = fl.l_start - 1;
		fl = range(from, to);
	}
	return any;
}

static void give_back(struct um_vnode *v, off_t from, off_t to)
{
	struct flock fl = range(from, to);

	fl.l_type = F_UNLCK;
	(void)um_vnode_lock(v, F_SETLK, &fl, um_vnode_ofd_owner(v));
}

/* `io` is held. */
static void give_back_unheld(struct um_vnode *v, off_t from, off_t to)
{
	struct flock held;

	while (first_held(v, from, to, &held)) {
		if (held.l_start > from)
			give_back(v, from, held.l_start - 1);
		if (last_of(&held) >= to)
			return;
		from = last_of(&held) + 1;
	}
	give_back(v, from, to);
}

void um_remote_ofd_closed(struct um_vnode *v)
{
	struct flock held;

	if (!um_remote_ofd_has(v))
		return;
	um_lock(&io);
	give_back_unheld(v, 0, INT64_MAX);
	if (!first_held(v, 0, INT64_MAX, &held))
		forget(v);
	um_unlock(&io);
}

/* What the file system grants natively is granted too: nobody is in the way. */
static int take(struct um_vnode *v, int fd, const struct flock *fl)
{
	struct flock probe = *fl;
	int ret = (int)UM_SYS(fcntl(fd, F_OFD_GETLK, &probe));

	if (ret == 0 && probe.l_type != F_UNLCK)
		ret = -EAGAIN;
	if (ret == 0)
		ret = remember(v);
	probe = *fl;
	if (ret == 0)
		ret = um_vnode_lock(v, F_SETLK, &probe, um_vnode_ofd_owner(v));
	if (ret < 0)
		return ret;
	ret = (int)UM_SYS(fcntl(fd, F_OFD_SETLK, fl));
	if (ret < 0)
		give_back_unheld(v, fl->l_start, last_of(fl));
	return ret;
}

static int try_lock(struct um_vnode *v, int fd, const struct flock *fl)
{
	int ret;

	um_lock(&io);
	if (fl->l_type == F_UNLCK) {
		ret = (int)UM_SYS(fcntl(fd, F_OFD_SETLK, fl));
		if (ret == 0 && um_remote_ofd_has(v))
			give_back_unheld(v, fl->l_start, last_of(fl));
	} else {
		ret = take(v, fd, fl);
	}
	um_unlock(&io);
	return ret;
}

static long get_lock(struct um_req *r, struct um_vnode *v, int fd,
		     struct flock *fl)
{
	struct flock own = *fl;
	long ret = UM_SYS(fcntl(fd, F_OFD_GETLK, &own));

	if (ret == 0 && own.l_type != F_UNLCK)
		*fl = own;
	else if (ret == 0)
		ret = um_vnode_lock(v, F_GETLK, fl, um_vnode_ofd_owner(v));
	return ret < 0 ? ret
		       : um_copy_out(r, um_uptr_of(r->arg[2]), fl, sizeof(*fl));
}

long um_remote_ofd(struct um_req *r, struct um_obj *o, struct flock *fl)
{
	int cmd = (int)r->arg[1];
	UM_CLOSE int own = -1;
	int ms = 0;
	long ret;
	int fd;

	if (o->kind == UM_OBJ_FILE)
		own = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	fd = o->kind == UM_OBJ_FILE ? own : um_lazy_flock_fd(o);
	if (fd < 0)
		return fd;
	if (cmd == F_OFD_GETLK)
		return get_lock(r, o->vnode, fd, fl);
	um_obj_settle();
	do {
		ret = try_lock(o->vnode, fd, fl);
	} while (ret == -EAGAIN && cmd == F_OFD_SETLKW &&
		 um_lock_nap(r, &ms, &ret));
	return ret == -EINTR && um_req_has_signal(r) ? -UM_ERESTARTSYS : ret;
}
