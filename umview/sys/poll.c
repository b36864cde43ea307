// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * poll.c - poll, select and epoll_ctl where a file system knows what is ready
 *
 * Hardly any does (um_shared.polls): all other calls are the kernel's, for which
 * files are always ready. Where such a file is among the descriptors, the
 * monitor waits in the guest's place: for duplicates of its descriptors, and for
 * what stands for the files (vnode/poll.c). Packet sockets with a ring are made
 * ready to be waited for (netmap.c). In an epoll set that stands for the
 * file from the start, and epoll_wait(2) is native.
 */
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>

#include "guest/inject.h"
#include "guest/shared.h"
#include "sys/net.h"
#include "sys/rw.h"

/* As many descriptors as the kernel lets a process have. */
#define MAX_FDS (1u << 20)
/* A guest's signal is seen so much later at most. */
#define STEP_MS	  20
#define NS_IN_S	  1000000000LL
#define NS_IN_MS  1000000LL
#define FOREVER	  INT64_MAX
#define NO_RESULT LONG_MIN

#define FOR_READ  (POLLRDNORM | POLLRDBAND | POLLIN | POLLHUP | POLLERR)
#define FOR_WRITE (POLLWRBAND | POLLWRNORM | POLLOUT | POLLERR)

/**
 * struct waiting - a call that waits for descriptors
 * @fds: as the guest gave them; @objs, @own: of each the object (ref) that the
 *	file system is asked about, or NULL, and our descriptor
 * @failed: POLLERR of a packet socket, which its stand-in cannot show
 * @until: on CLOCK_MONOTONIC; FOREVER
 * @mask: of blocked signals while it waits, if @masked
 */
struct waiting {
	struct um_req *r;
	struct pollfd *fds;
	struct pollfd *own;
	struct um_obj **objs;
	short *failed;
	unsigned int n;
	int64_t until;
	bool masked;
	uint64_t mask;
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * NS_IN_S + t.tv_nsec;
}

/* A time that is over at once has none. */
static int64_t end_of(int64_t ns)
{
	int64_t now = now_ns();

	return ns > FOREVER - now ? FOREVER : now + ns;
}

static void *zeroed(struct um_req *r, size_t size)
{
	void *p = um_req_alloc(r, size);

	return p ? memset(p, 0, size) : NULL;
}

/* ---- the descriptors ---- */

static struct um_obj *find_polled(struct um_req *r, int fd)
{
	struct stat st;
	struct um_obj *o;

	if (um_gfd_stat(r, (um_gfd){ fd }, &st) < 0)
		return NULL;
	o = um_obj_find(&st);
	if (o && o->vnode && um_fs_polls(o->mount))
		return o;
	um_obj_put(o);
	return NULL;
}

/* Return: whether any is to be asked about. */
static bool find_objects(struct waiting *w)
{
	bool any = false;

	for (unsigned int i = 0; i < w->n; i++) {
		w->own[i].fd = -1;
		if (w->fds[i].fd < 0)
			continue;
		w->objs[i] = find_polled(w->r, w->fds[i].fd);
		if (!w->objs[i])
			w->failed[i] = (short)um_net_settle(
				w->r, (um_gfd){ w->fds[i].fd });
		any = any || w->objs[i] || w->failed[i];
	}
	return any;
}

static void duplicate(struct waiting *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		w->own[i].events = w->fds[i].events;
		if (w->fds[i].fd >= 0 && !w->objs[i])
			w->own[i].fd =
				um_gfd_dup(w->r, (um_gfd){ w->fds[i].fd });
	}
}

static void let_go(struct waiting *w)
{
	for (unsigned int i = 0; i < w->n; i++) {
		if (w->own[i].fd >= 0)
			close(w->own[i].fd);
		um_obj_put(w->objs[i]);
	}
}

/* ---- waiting ---- */

/* What is ready now; -errno. */
static long look(struct waiting *w)
{
	long ready = 0;

	/* those of the kernel, in one call */
	if (poll(w->own, w->n, 0) < 0)
		return -errno;
	for (unsigned int i = 0; i < w->n; i++) {
		struct pollfd *p = &w->fds[i];
		unsigned int events = (unsigned short)p->events;
		int got = 0;

		if (w->objs[i])
			got = um_vnode_poll(w->objs[i]->vnode,
					    events | POLLERR | POLLHUP);
		else if (p->fd >= 0)
			got = w->own[i].fd < 0
				      ? POLLNVAL
				      : w->own[i].revents | w->failed[i];
		if (got < 0)
			return got;
		if (w->objs[i])
			got &= (int)events | POLLERR | POLLHUP;
		p->revents = (short)got;
		ready += p->revents != 0;
	}
	return ready;
}

/* The sockets that stand for files, once look() has made them. */
static void stand_in(struct waiting *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->objs[i] && w->own[i].fd < 0)
			w->own[i].fd = um_vnode_poll_fd(w->objs[i]->vnode);
}

/* A signal that the mask blocks no more: only the kernel can deliver it so. */
static long interrupted(const struct waiting *w)
{
	const uint64_t args[6] = { 0, sizeof(w->mask) };
	long ret;

	if (!w->masked)
		return -UM_ERESTARTNOHAND;
	ret = um_inject_data(w->r, SYS_rt_sigsuspend, args, 0, &w->mask,
			     sizeof(w->mask));
	return ret == UM_ANSWERED ? ret : -EINTR;
}

/* Until something may be ready. NO_RESULT: look again. */
static long sleep_on(struct waiting *w)
{
	int64_t left = (w->until - now_ns()) / NS_IN_MS + 1;

	if (w->until <= now_ns())
		return 0;
	if (poll(w->own, w->n, left < STEP_MS ? (int)left : STEP_MS) < 0)
		return -errno;
	if (w->r->engine->alive(w->r) < 0)
		return -EINTR;
	if (w->masked ? um_req_has_signal_under(w->r, w->mask)
		      : um_req_has_signal(w->r))
		return interrupted(w);
	return NO_RESULT;
}

/* Return: how many are ready; UM_CONTINUE: it is not ours; or -errno. */
static long wait_for(struct waiting *w)
{
	struct um_req *r = w->r;
	long ret;

	w->own = zeroed(r, w->n * sizeof(*w->own));
	w->objs = zeroed(r, w->n * sizeof(struct um_obj *));
	w->failed = zeroed(r, w->n * sizeof(*w->failed));
	if (!w->own || !w->objs || !w->failed)
		return -ENOMEM;
	if (!find_objects(w))
		return UM_CONTINUE;
	duplicate(w);
	do {
		ret = look(w);
		if (ret != 0)
			break;
		stand_in(w);
		ret = sleep_on(w);
	} while (ret == NO_RESULT);
	let_go(w);
	return ret == -EINTR ? -UM_ERESTARTNOHAND : ret;
}

/* ---- poll ---- */

static bool is_ours(long ret)
{
	return ret != UM_CONTINUE && ret != UM_ANSWERED;
}

static long poll_guest(struct um_req *r, struct waiting *w)
{
	size_t size = (size_t)w->n * sizeof(*w->fds);
	long ret;

	if (w->n > MAX_FDS)
		return UM_CONTINUE;
	w->r = r;
	w->fds = um_req_alloc(r, size);
	if (!w->fds)
		return -ENOMEM;
	ret = um_copy_in(r, um_uptr_of(r->arg[0]), w->fds, size);
	if (ret < 0)
		return ret;
	ret = wait_for(w);
	if (is_ours(ret) && ret >= 0 &&
	    um_copy_out(r, um_uptr_of(r->arg[0]), w->fds, size) < 0)
		return -EFAULT;
	return ret;
}

long sys_poll(struct um_req *r)
{
	int ms = (int)r->arg[2];
	struct waiting w = { .n = (unsigned int)r->arg[1] };

	if (!um_shared_polls() || !w.n)
		return UM_CONTINUE;
	w.until = ms < 0 ? FOREVER : end_of(ms * NS_IN_MS);
	return poll_guest(r, &w);
}

/* A timespec or timeval of the guest, `unit` nanoseconds its second half. */
static long read_time(struct um_req *r, int argno, int64_t unit,
		      struct waiting *w)
{
	int64_t t[2];
	long ret;

	w->until = FOREVER;
	if (!r->arg[argno])
		return 0;
	ret = um_copy_in(r, um_uptr_of(r->arg[argno]), t, sizeof(t));
	if (ret < 0)
		return ret;
	if (t[0] < 0 || t[1] < 0 || (unit == 1 && t[1] >= NS_IN_S))
		return -EINVAL;
	if (t[0] < FOREVER / NS_IN_S / 2 && t[1] < FOREVER / 2 / unit)
		w->until = end_of(t[0] * NS_IN_S + t[1] * unit);
	return 0;
}

/* What is left of it. */
static void write_time(const struct waiting *w, int argno, int64_t unit)
{
	int64_t left = w->until - now_ns();
	int64_t t[2];

	if (!w->r->arg[argno] || w->until == FOREVER)
		return;
	if (left < 0)
		left = 0;
	t[0] = left / NS_IN_S;
	t[1] = left % NS_IN_S / unit;
	/* as in the kernel, no error */
	(void)!um_copy_out(w->r, um_uptr_of(w->r->arg[argno]), t, sizeof(t));
}

static long read_mask(struct um_req *r, uint64_t at, uint64_t size,
		      struct waiting *w)
{
	if (!at)
		return 0;
	if (size != sizeof(w->mask))
		return -EINVAL;
	w->masked = true;
	return um_copy_in(r, um_uptr_of(at), &w->mask, sizeof(w->mask));
}

long sys_ppoll(struct um_req *r)
{
	struct waiting w = { .n = (unsigned int)r->arg[1] };
	long ret;

	if (!um_shared_polls() || !w.n)
		return UM_CONTINUE;
	ret = read_time(r, 2, 1, &w);
	if (ret == 0)
		ret = read_mask(r, r->arg[3], r->arg[4], &w);
	if (ret == 0)
		ret = poll_guest(r, &w);
	if (is_ours(ret) && w.r)
		write_time(&w, 2, 1);
	return ret;
}

/* ---- select ---- */

/* Sets of descriptors, a bit each: to read, to write, exceptional. */
#define NSETS 3

static const short asked[NSETS] = { POLLIN | POLLRDNORM | POLLRDBAND,
				    POLLOUT | POLLWRNORM | POLLWRBAND,
				    POLLPRI };
static const short shown[NSETS] = { FOR_READ, FOR_WRITE, POLLPRI };

struct sets {
	unsigned int nfds;
	size_t size;
	uint64_t *bits[NSETS];
};

static bool has(const struct sets *s, int set, unsigned int fd)
{
	return s->bits[set] && (s->bits[set][fd / 64] >> (fd % 64) & 1);
}

static long read_sets(struct um_req *r, struct sets *s)
{
	s->size = (s->nfds + 63) / 64 * sizeof(uint64_t);
	for (int i = 0; i < NSETS; i++) {
		long ret;

		if (!r->arg[i + 1])
			continue;
		s->bits[i] = um_req_alloc(r, s->size);
		if (!s->bits[i])
			return -ENOMEM;
		ret = um_copy_in(r, um_uptr_of(r->arg[i + 1]), s->bits[i],
				 s->size);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static void fds_of(const struct sets *s, struct waiting *w)
{
	for (unsigned int fd = 0; fd < s->nfds; fd++) {
		struct pollfd p = { .fd = (int)fd };

		for (int i = 0; i < NSETS; i++)
			if (has(s, i, fd))
				p.events = (short)(p.events | asked[i]);
		if (p.events)
			w->fds[w->n++] = p;
	}
}

/* Return: how many bits are set. */
static long write_sets(struct um_req *r, const struct sets *s,
		       const struct waiting *w)
{
	long bits = 0;

	for (int i = 0; i < NSETS; i++) {
		uint64_t *out = s->bits[i] ? zeroed(r, s->size) : NULL;

		if (!out)
			continue;
		for (unsigned int k = 0; k < w->n; k++) {
			const struct pollfd *p = &w->fds[k];
			unsigned int fd = (unsigned int)p->fd;

			if (!has(s, i, fd) || !(p->revents & shown[i]))
				continue;
			out[fd / 64] |= 1ULL << (fd % 64);
			bits++;
		}
		if (um_copy_out(r, um_uptr_of(r->arg[i + 1]), out, s->size) < 0)
			return -EFAULT;
	}
	return bits;
}

static bool any_closed(const struct waiting *w)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (w->fds[i].revents & POLLNVAL)
			return true;
	return false;
}

static long select_guest(struct um_req *r, struct waiting *w)
{
	struct sets s = { .nfds = (unsigned int)r->arg[0] };
	long ret;

	if (!s.nfds || s.nfds > MAX_FDS)
		return UM_CONTINUE;
	ret = read_sets(r, &s);
	if (ret < 0)
		return ret;
	w->r = r;
	w->fds = um_req_alloc(r, s.nfds * sizeof(*w->fds));
	if (!w->fds)
		return -ENOMEM;
	fds_of(&s, w);
	ret = w->n ? wait_for(w) : UM_CONTINUE;
	if (!is_ours(ret) || ret < 0)
		return ret;
	return any_closed(w) ? -EBADF : write_sets(r, &s, w);
}

long sys_select(struct um_req *r)
{
	struct waiting w = { 0 };
	long ret;

	if (!um_shared_polls())
		return UM_CONTINUE;
	ret = read_time(r, 4, NS_IN_MS / 1000, &w);
	if (ret == 0)
		ret = select_guest(r, &w);
	if (is_ours(ret) && w.r)
		write_time(&w, 4, NS_IN_MS / 1000);
	return ret;
}

long sys_pselect6(struct um_req *r)
{
	struct waiting w = { 0 };
	uint64_t mask[2] = { 0 };
	long ret;

	if (!um_shared_polls())
		return UM_CONTINUE;
	ret = read_time(r, 4, 1, &w);
	if (ret == 0 && r->arg[5])
		ret = um_copy_in(r, um_uptr_of(r->arg[5]), mask, sizeof(mask));
	if (ret == 0)
		ret = read_mask(r, mask[0], mask[1], &w);
	if (ret == 0)
		ret = select_guest(r, &w);
	if (is_ours(ret) && w.r)
		write_time(&w, 4, 1);
	return ret;
}

/* ---- epoll ---- */

long sys_epoll_ctl(struct um_req *r)
{
	struct um_obj *o UM_OBJ = NULL;
	UM_CLOSE int ep = -1;
	struct epoll_event e = { 0 };
	int op = (int)r->arg[1];
	long ret;

	if (!um_shared_polls())
		return UM_CONTINUE;
	o = find_polled(r, (int)r->arg[2]);
	if (!o)
		return UM_CONTINUE;
	ep = um_gfd_dup(r, um_gfd_of(r->arg[0]));
	if (ep < 0)
		return ep;
	if (op != EPOLL_CTL_DEL) {
		ret = um_copy_in(r, um_uptr_of(r->arg[3]), &e, sizeof(e));
		if (ret == 0)
			ret = um_vnode_poll(o->vnode, POLLIN | POLLOUT);
		if (ret < 0)
			return ret;
	}
	return um_vnode_epoll(o->vnode, ep, op, &e);
}
