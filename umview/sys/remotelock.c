// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * remotelock.c - locks of files whose file system keeps them itself
 *
 * Locks of fcntl(2) are the file system's alone; their owner is the process. A
 * process loses them when it closes any descriptor of the file or ends. So each
 * (file, process) that has had one is remembered here until then: the agent
 * tells of closes (um_shared.flushes), a pidfd of ends, and the kernel of the
 * last close of an opening, upon which one looks whether the process has the
 * file open still.
 *
 * Those of open file descriptions are in remoteofd.c.
 *
 * Locks of flock(2) belong to an opening, which only the kernel can tell from
 * another. So they are taken natively too, first, and the file system is asked
 * for the strongest that any guest has: `held` of the file.
 *
 * What closes and ends of processes entail is done by a thread of its own: the
 * file system may be slow, and nobody is to wait for it.
 */
#include "sys/remotelock.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include <umview/log.h>

#include "guest/shared.h"
#include "guest/wait.h"
#include "sys/remoteofd.h"
#include "sys/rw.h"

/**
 * struct owner - a process that may have locks of a file
 * @v: ref
 * @pidfd: -1: its end is not heard of
 */
struct owner {
	struct owner *next;
	struct um_vnode *v;
	pid_t pid;
	int pidfd;
};

/**
 * struct flocked - a file of which the file system keeps a lock of flock(2)
 * @v: ref
 * @held: LOCK_SH or LOCK_EX
 */
struct flocked {
	struct flocked *next;
	struct um_vnode *v;
	int held;
};

/* A file of which an opening is gone; v is a ref. */
struct closed {
	struct closed *next;
	struct um_vnode *v;
};

/* Guards the lists. */
static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct owner *owners;
static struct flocked *flocks;
static struct closed *closed_files;
static int epoll_fd = -1;
static int event_fd = -1;

/* One request to a file system after the other, so that `held` is right. */
static struct um_mutex flocks_io = UM_MUTEX_INIT(UM_RANK_IO);

/* ---- owners ---- */

static void owner_put(struct owner *o)
{
	if (o->pidfd >= 0)
		close(o->pidfd);
	um_vnode_put(o->v);
	free(o);
}

static void owner_free(struct owner *o)
{
	struct flock all = { .l_type = F_UNLCK };

	(void)um_vnode_lock(o->v, UM_LOCK_DROP, &all, (uint64_t)o->pid);
	um_shared_add_flushes(-1);
	um_vnode_check(o->v);
	owner_put(o);
}

typedef bool (*choose_fn)(const struct owner *o, const struct um_vnode *v,
			  pid_t pid);

static void drop_owners(choose_fn chosen, const struct um_vnode *v, pid_t pid)
{
	struct owner *all = NULL;
	struct owner **at = &owners;

	um_lock(&lock);
	while (*at) {
		struct owner *o = *at;

		if (!chosen(o, v, pid)) {
			at = &o->next;
			continue;
		}
		*at = o->next;
		o->next = all;
		all = o;
	}
	um_unlock(&lock);
	while (all) {
		struct owner *o = all;

		all = o->next;
		owner_free(o);
	}
}

static bool is_pids(const struct owner *o, const struct um_vnode *v, pid_t pid)
{
	(void)v;
	return o->pid == pid;
}

static bool is_both(const struct owner *o, const struct um_vnode *v, pid_t pid)
{
	return o->v == v && o->pid == pid;
}

/* Has the process a descriptor of the file? */
static bool has_open(pid_t pid, uint64_t inode)
{
	char path[64];
	struct dirent *e;
	bool found = false;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
	dir = opendir(path);
	while (dir && !found && (e = readdir(dir))) {
		struct stat st;

		found = fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
			S_ISREG(st.st_mode) && st.st_ino == inode;
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool has_closed(const struct owner *o, const struct um_vnode *v,
		       pid_t pid)
{
	(void)pid;
	return o->v == v && !v->lazy && !has_open(o->pid, v->file.inode);
}

static void after_closes(void);

static void *cleaner(void *arg)
{
	struct epoll_event e;

	(void)arg;
	for (;;) {
		if (epoll_wait(epoll_fd, &e, 1, -1) != 1)
			continue;
		if (e.data.u64)
			drop_owners(is_pids, NULL, (pid_t)e.data.u64);
		else
			after_closes();
	}
	return NULL;
}

static int start_cleaner_locked(void)
{
	struct epoll_event e = { .events = EPOLLIN };
	pthread_t thread;
	int ret;

	if (epoll_fd >= 0)
		return 0;
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (epoll_fd < 0 || event_fd < 0)
		return -errno;
	epoll_ctl(epoll_fd, EPOLL_CTL_ADD, event_fd, &e);
	ret = -pthread_create(&thread, NULL, cleaner, NULL);
	if (ret == 0)
		pthread_detach(thread);
	return ret;
}

static bool is_owner_locked(const struct um_vnode *v, pid_t pid)
{
	const struct owner *o = owners;

	while (o && !is_both(o, v, pid))
		o = o->next;
	return o != NULL;
}

static int enter_locked(struct owner *o)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLONESHOT,
				 .data.u64 = (uint64_t)o->pid };
	int ret = start_cleaner_locked();

	if (ret < 0)
		return ret;
	o->next = owners;
	owners = o;
	um_shared_add_flushes(1);
	if (o->pidfd >= 0)
		epoll_ctl(epoll_fd, EPOLL_CTL_ADD, o->pidfd, &e);
	return 1;
}

int um_remote_listen(void)
{
	int ret;

	um_lock(&lock);
	ret = start_cleaner_locked();
	um_unlock(&lock);
	return ret;
}

/* Before the file system is asked for a lock. */
static int add_owner(struct um_obj *obj, pid_t pid)
{
	struct owner *o = calloc(1, sizeof(*o));
	int ret = 0;

	if (!o)
		return -ENOLCK;
	o->v = um_vnode_ref(obj->vnode);
	o->pid = pid;
	o->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	um_lock(&lock);
	if (!is_owner_locked(o->v, pid))
		ret = enter_locked(o);
	um_unlock(&lock);
	if (ret <= 0)
		owner_put(o);
	return ret < 0 ? -ENOLCK : 0;
}

#define NAP_MS	   5
#define MAX_NAP_MS 100

/* Another machine may have it: asking again is all that there is. */
bool um_lock_nap(struct um_req *r, int *ms, long *ret)
{
	if (*ms < MAX_NAP_MS)
		*ms += NAP_MS;
	return um_wait_nap(r, *ms, ret);
}

/* ---- fcntl ---- */

static int check(const struct flock *fl, int cmd, int flags)
{
	bool get = cmd == F_GETLK || cmd == F_OFD_GETLK;

	if (fl->l_type != F_RDLCK && fl->l_type != F_WRLCK &&
	    (fl->l_type != F_UNLCK || get))
		return -EINVAL;
	if (cmd >= F_OFD_GETLK && fl->l_pid)
		return -EINVAL;
	if (get)
		return 0;
	if ((fl->l_type == F_RDLCK && !um_obj_reads(flags)) ||
	    (fl->l_type == F_WRLCK && !um_obj_writes(flags)))
		return -EBADF;
	return 0;
}

/* A negative length ends before the start. */
static int normalise(struct flock *fl)
{
	if (fl->l_len < 0) {
		if (fl->l_start < 0 || fl->l_start + fl->l_len < 0)
			return -EINVAL;
		fl->l_start += fl->l_len;
		fl->l_len = -fl->l_len;
	}
	if (fl->l_start < 0)
		return -EINVAL;
	return fl->l_len && fl->l_start > INT64_MAX - (fl->l_len - 1)
		       ? -EOVERFLOW
		       : 0;
}

static int read_lock(struct um_req *r, struct um_obj *o, struct flock *fl)
{
	UM_CLOSE int ofd = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	int ret = um_copy_in(r, um_uptr_of(r->arg[2]), fl, sizeof(*fl));

	if (ret == 0 && ofd < 0)
		ret = ofd;
	if (ret == 0)
		ret = um_lock_absolute(o, ofd, fl);
	if (ret == 0)
		ret = check(fl, (int)r->arg[1], um_obj_flags(o, ofd));
	return ret < 0 ? ret : normalise(fl);
}

long um_remote_fcntl(struct um_req *r, struct um_obj *o)
{
	int cmd = (int)r->arg[1];
	pid_t pid = um_req_tgid(r);
	struct flock fl;
	long ret;

	if (!o->vnode || !um_fs_locks(o->mount))
		return -ENOSYS;
	ret = read_lock(r, o, &fl);
	if (ret == 0 && cmd >= F_OFD_GETLK)
		return um_remote_ofd(r, o, &fl);
	if (ret == 0 && cmd != F_GETLK && fl.l_type != F_UNLCK)
		ret = add_owner(o, pid);
	if (ret == 0)
		ret = um_vnode_lock(o->vnode, cmd, &fl, (uint64_t)pid);
	if (ret == -EINTR && um_req_has_signal(r))
		return -UM_ERESTARTSYS;
	if (ret == 0 && cmd == F_GETLK)
		ret = um_copy_out(r, um_uptr_of(r->arg[2]), &fl, sizeof(fl));
	return ret;
}

/* ---- flock ---- */

static struct flocked *find_flock(const struct um_vnode *v)
{
	struct flocked *f;

	um_lock(&lock);
	f = flocks;
	while (f && f->v != v)
		f = f->next;
	um_unlock(&lock);
	return f;
}

static void flock_forget(struct flocked *f)
{
	struct flocked **at = &flocks;

	um_lock(&lock);
	while (*at != f)
		at = &(*at)->next;
	*at = f->next;
	um_unlock(&lock);
	um_vnode_put(f->v);
	free(f);
}

static struct flocked *flock_remember(struct um_vnode *v)
{
	struct flocked *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->v = um_vnode_ref(v);
	um_lock(&lock);
	if (start_cleaner_locked() == 0) {
		f->next = flocks;
		flocks = f;
	}
	um_unlock(&lock);
	return f;
}

/* The file system keeps what the guests have of it; flocks_io is held. */
static void reconcile(struct um_vnode *v)
{
	struct flocked *f = find_flock(v);
	int now = f ? um_vnode_flock_held(v) : LOCK_UN;

	if (!f || now == f->held)
		return;
	(void)um_vnode_flock(v, now | UM_FLOCK_DROP);
	f->held = now;
	if (now == LOCK_UN)
		flock_forget(f);
}

/* The guest has it natively; flocks_io is held. */
static int ask_for(struct um_vnode *v, int kind)
{
	struct flocked *f = find_flock(v);
	int ret;

	if (f && (f->held == LOCK_EX || kind == LOCK_SH))
		return 0;
	ret = um_vnode_flock(v, kind | LOCK_NB);
	if (ret < 0)
		return ret;
	if (!f)
		f = flock_remember(v);
	if (!f) {
		(void)um_vnode_flock(v, LOCK_UN | UM_FLOCK_DROP);
		return -ENOLCK;
	}
	f->held = kind;
	return 0;
}

/* Once, natively and then at the file system. */
static int try_flock(struct um_vnode *v, int fd, int op)
{
	int ret;

	um_lock(&flocks_io);
	ret = (int)UM_SYS(flock(fd, op | LOCK_NB));
	if (ret == 0 && op != LOCK_UN)
		ret = ask_for(v, op);
	if (ret < 0)
		flock(fd, LOCK_UN);
	reconcile(v);
	um_unlock(&flocks_io);
	return ret;
}

long um_remote_flock(struct um_req *r, struct um_obj *o)
{
	int op = (int)r->arg[1] & ~LOCK_NB;
	bool wait = !(r->arg[1] & LOCK_NB);
	UM_CLOSE int own = -1;
	int ms = 0;
	long ret;
	int fd;

	if (!o->vnode || !um_fs_flocks(o->mount))
		return -ENOSYS;
	if (op != LOCK_SH && op != LOCK_EX && op != LOCK_UN)
		return -EINVAL;
	if (o->kind == UM_OBJ_FILE)
		own = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	fd = o->kind == UM_OBJ_FILE ? own : um_lazy_flock_fd(o);
	if (fd < 0)
		return fd;
	do {
		ret = try_flock(o->vnode, fd, op);
	} while (ret == -EAGAIN && wait && um_lock_nap(r, &ms, &ret));
	return ret;
}

/* ---- closes ---- */

void um_remote_close(struct um_req *r, struct um_vnode *v)
{
	if (um_fs_locks(v->mount))
		drop_owners(is_both, v, um_req_tgid(r));
}

/* Some opening of the file is gone; see um_vnode_closed_hook. */
static void closed(struct um_vnode *v)
{
	struct closed *c;
	bool any = um_remote_ofd_has(v);
	uint64_t one = 1;

	if (!um_fs_locks(v->mount) && !um_fs_flocks(v->mount))
		return;
	c = calloc(1, sizeof(*c));
	um_lock(&lock);
	for (const struct owner *o = owners; o && !any; o = o->next)
		any = o->v == v;
	for (const struct flocked *f = flocks; f && !any; f = f->next)
		any = f->v == v;
	um_unlock(&lock);
	if (!any || !c) {
		free(c);
		return;
	}
	c->v = um_vnode_ref(v);
	um_lock(&lock);
	c->next = closed_files;
	closed_files = c;
	um_unlock(&lock);
	if (write(event_fd, &one, sizeof(one)) < 0)
		um_warn("locks: %s", strerror(errno));
}

static void after_close(struct um_vnode *v)
{
	drop_owners(has_closed, v, 0);
	um_remote_ofd_closed(v);
	um_lock(&flocks_io);
	reconcile(v);
	um_unlock(&flocks_io);
	/* who heard of the close left it open, for there were locks of it */
	um_vnode_check(v);
	um_vnode_put(v);
}

static void after_closes(void)
{
	struct closed *all;
	uint64_t n;

	if (read(event_fd, &n, sizeof(n)) < 0)
		return;
	um_lock(&lock);
	all = um_steal(closed_files);
	um_unlock(&lock);
	while (all) {
		struct closed *c = all;

		all = c->next;
		after_close(c->v);
		free(c);
	}
}

void um_remotelock_setup(void)
{
	um_vnode_closed_hook = closed;
}
