// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * poll.c - what waits for a file whose file system knows when it is ready
 *
 * poll(2) of such a file is the monitor's to answer (sys/poll.c): it asks the
 * file system. To be waited for, by the kernel's own means, the file has a pair
 * of sockets: the one, `fd`, is as ready as the file was when the file system
 * told last. It is what epoll sets of guests have for the file; the monitor
 * fills and empties both. What a socket cannot show is left to poll(2): urgent
 * data, and an error or a hang-up of which the file recovers.
 *
 * The file system's answer may be older than what it tells meanwhile: `told`
 * counts the latter, and an answer from before it is not believed.
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "guest/shared.h"
#include "vnode/internal.h"

/**
 * struct pair - a file that was polled
 * @handle: what the file system calls it: the inode of its vnode
 * @other: the end that the monitor reads and writes
 * @told: how often the file system has told of it
 */
struct pair {
	struct pair *next;
	uint64_t handle;
	int fd;
	int other;
	unsigned int told;
	bool in;
	bool full;
};

static struct um_mutex lock = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct pair *pairs;

#define READY_TO_READ  (POLLIN | POLLRDNORM | POLLRDBAND | POLLHUP | POLLRDHUP)
#define READY_TO_WRITE (POLLOUT | POLLWRNORM | POLLWRBAND)

static void drain(int fd)
{
	char buf[4096];

	while (recv(fd, buf, sizeof(buf), MSG_DONTWAIT) > 0)
		;
}

static void fill(int fd)
{
	static const char nothing[4096];

	while (send(fd, nothing, sizeof(nothing), MSG_DONTWAIT) > 0)
		;
}

/* @news: whoever waits for an edge sees one. */
static void show_in(struct pair *p, bool in, bool news)
{
	if (p->in && (!in || news))
		drain(p->fd);
	if (in && (!p->in || news))
		(void)!send(p->other, "", 1, MSG_DONTWAIT);
	p->in = in;
}

static void show_out(struct pair *p, bool out, bool news)
{
	if (out && news && !p->full)
		fill(p->fd);
	if (out && (p->full || news))
		drain(p->other);
	if (!out && !p->full)
		fill(p->fd);
	p->full = !out;
}

/* Of the asked events these hold. */
static void show(struct pair *p, unsigned int asked, unsigned int ready,
		 bool news)
{
	if (ready & POLLERR)
		shutdown(p->other, SHUT_RDWR);
	if (asked & READY_TO_READ)
		show_in(p, ready & READY_TO_READ, news);
	if (asked & READY_TO_WRITE)
		show_out(p, ready & READY_TO_WRITE, news);
}

static struct pair *find_locked(uint64_t handle)
{
	struct pair *p = pairs;

	while (p && p->handle != handle)
		p = p->next;
	return p;
}

static struct pair *pair_new(uint64_t handle)
{
	struct pair *p = calloc(1, sizeof(*p));
	int ends[2];

	if (!p ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       ends) < 0) {
		free(p);
		return NULL;
	}
	p->handle = handle;
	p->fd = ends[0];
	p->other = ends[1];
	return p;
}

/* Return: how often the file system has told, or -ENOMEM. */
static int begin(uint64_t handle, unsigned int *told)
{
	struct pair *p;

	um_lock(&lock);
	p = find_locked(handle);
	if (!p) {
		p = pair_new(handle);
		if (p) {
			p->next = pairs;
			pairs = p;
		}
	}
	if (p)
		*told = p->told;
	um_unlock(&lock);
	return p ? 0 : -ENOMEM;
}

/* @fall: what becomes ready is the file system's to tell. */
static int ask(struct um_vnode *v, unsigned int events, bool fall)
{
	uint64_t handle = v->file.inode;
	unsigned int told = 0;
	struct um_fh *fh = NULL;
	struct pair *p;
	int ret = begin(handle, &told);

	if (ret == 0)
		ret = um_vnode_pin(v, &fh);
	if (ret < 0)
		return ret;
	ret = um_fs_poll(v->mount, fh, events, handle);
	um_vnode_unpin(v);
	um_lock(&lock);
	p = find_locked(handle);
	if (ret >= 0 && p && p->told == told)
		show(p, fall ? events & ~(unsigned int)ret : events,
		     (unsigned int)ret, false);
	um_unlock(&lock);
	return ret;
}

int um_vnode_poll(struct um_vnode *v, unsigned int events)
{
	return ask(v, events, false);
}

int um_vnode_poll_fd(const struct um_vnode *v)
{
	const struct pair *p;
	int fd = -ENOENT;

	um_lock(&lock);
	p = find_locked(v->file.inode);
	if (p)
		fd = (int)UM_SYS(fcntl(p->fd, F_DUPFD_CLOEXEC, 0));
	um_unlock(&lock);
	return fd;
}

/* An epoll set knows a file by its description and a number: always the same. */
int um_vnode_epoll(const struct um_vnode *v, int ep, int op,
		   struct epoll_event *e)
{
	const struct pair *p;
	int ret = -ENOENT;

	um_lock(&lock);
	p = find_locked(v->file.inode);
	if (p)
		ret = (int)UM_SYS(epoll_ctl(ep, op, p->fd, e));
	um_unlock(&lock);
	return ret;
}

void um_fs_ready(uint64_t handle, unsigned int asked, unsigned int ready)
{
	struct pair *p;

	um_lock(&lock);
	p = find_locked(handle);
	if (p) {
		p->told++;
		show(p, asked, ready, true);
	}
	um_unlock(&lock);
}

void um_vnode_poll_again(struct um_vnode *v)
{
	bool any;

	if (!um_shared_polls())
		return;
	um_lock(&lock);
	any = find_locked(v->file.inode) != NULL;
	um_unlock(&lock);
	if (any)
		(void)ask(v, POLLIN | POLLOUT, true);
}

void um_vnode_poll_end(const struct um_vnode *v)
{
	struct pair **at = &pairs;
	struct pair *p;

	um_lock(&lock);
	while (*at && (*at)->handle != v->file.inode)
		at = &(*at)->next;
	p = *at;
	if (p) {
		*at = p->next;
		close(p->fd);
		close(p->other);
		free(p);
	}
	um_unlock(&lock);
}
