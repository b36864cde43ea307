// SPDX-License-Identifier: GPL-2.0-or-later
/* chan.c - open /dev/fuse devices; see chan.h */
#include "fuse/chan.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <umview/log.h>

#include "fuse/mount.h"
#include "guest/shared.h"

/* So that writes of 128 KiB, the usual largest, fit twice. */
#define SEND_ROOM (400 * 1024)

struct um_chan_msg {
	struct um_chan_msg *next;
	size_t len;
	char data[];
};

static struct um_mutex table = UM_MUTEX_INIT(UM_RANK_LEAF);
static struct um_chan *chans;
static atomic_int nchans;
static int epoll_fd = -1;

bool um_chan_any(void)
{
	return atomic_load_explicit(&nchans, memory_order_relaxed) != 0;
}

static struct um_chan *find_locked(uint64_t inode)
{
	struct um_chan *ch = chans;

	while (ch && ch->inode != inode)
		ch = ch->next;
	return ch;
}

struct um_chan *um_chan_find(const struct stat *st)
{
	struct um_chan *ch;

	if (!S_ISSOCK(st->st_mode))
		return NULL;
	um_lock(&table);
	ch = find_locked(st->st_ino);
	if (ch)
		atomic_fetch_add(&ch->refs, 1);
	um_unlock(&table);
	return ch;
}

/*
 * As long as it is served, and all there is to read lies in the socket, the
 * daemon's agent reads that and asks nobody. Whoever sleeps there already is
 * woken by a token.
 */
static void hold_locked(struct um_chan *ch)
{
	bool held = !ch->gone && (!ch->conn || ch->queue || ch->closed);

	if (held != ch->held)
		um_shared_add_held(held ? 1 : -1);
	ch->held = held;
}

static void chan_free(struct um_chan *ch)
{
	while (ch->queue) {
		struct um_chan_msg *m = ch->queue;

		ch->queue = m->next;
		free(m);
	}
	close(ch->fd);
	um_fuse_put(ch->conn);
	um_mutex_fini(&ch->lock);
	free(ch);
}

void um_chan_put(struct um_chan *ch)
{
	if (ch && atomic_fetch_sub(&ch->refs, 1) == 1)
		chan_free(ch);
}

void um_chan_cleanup(struct um_chan **ch)
{
	um_chan_put(*ch);
}

/* No guest has the other end any more. */
static void hung_up(uint64_t inode)
{
	struct um_chan **at = &chans;
	struct um_fuse *c;
	struct um_chan *ch;

	um_lock(&table);
	while (*at && (*at)->inode != inode)
		at = &(*at)->next;
	ch = *at;
	if (ch)
		*at = ch->next;
	um_unlock(&table);
	if (!ch)
		return;
	atomic_fetch_sub(&nchans, 1);
	um_shared_add_chans(-1);
	um_chan_close(ch);
	um_lock(&ch->lock);
	ch->gone = true;
	c = um_steal(ch->conn);
	hold_locked(ch);
	um_unlock(&ch->lock);
	if (c)
		um_fuse_abort(c);
	if (c)
		um_fuse_left_alone(c);
	um_fuse_put(c);
	um_chan_put(ch);
}

static void *watcher(void *arg)
{
	struct epoll_event e;

	(void)arg;
	for (;;)
		if (epoll_wait(epoll_fd, &e, 1, -1) == 1)
			hung_up(e.data.u64);
	return NULL;
}

/* One thread waits for the ends of all daemons. */
static int start_watcher(void)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	pthread_t thread;
	int ret = 0;

	pthread_mutex_lock(&once);
	if (epoll_fd < 0) {
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		if (epoll_fd < 0)
			ret = -errno;
		else
			ret = -pthread_create(&thread, NULL, watcher, NULL);
	}
	pthread_mutex_unlock(&once);
	return ret;
}

static struct um_chan *chan_new(int fd, uint64_t inode)
{
	struct um_chan *ch = calloc(1, sizeof(*ch));

	if (!ch)
		return NULL;
	atomic_init(&ch->refs, 1);
	um_mutex_init(&ch->lock, UM_RANK_LEAF);
	ch->fd = fd;
	ch->inode = inode;
	ch->tail = &ch->queue;
	return ch;
}

static int enter(struct um_chan *ch)
{
	struct epoll_event e = { .events = EPOLLHUP | EPOLLONESHOT,
				 .data.u64 = ch->inode };

	um_lock(&table);
	ch->next = chans;
	chans = ch;
	um_unlock(&table);
	um_lock(&ch->lock);
	hold_locked(ch);
	um_unlock(&ch->lock);
	atomic_fetch_add(&nchans, 1);
	um_shared_add_chans(1);
	return (int)UM_SYS(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ch->fd, &e));
}

int um_chan_open(int flags, int *guest_end)
{
	int room = SEND_ROOM;
	struct um_chan *ch;
	struct stat st;
	int fds[2];
	int ret = start_watcher();

	if (ret < 0)
		return ret;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return -errno;
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
	if (flags & O_NONBLOCK)
		fcntl(fds[1], F_SETFL, O_RDWR | O_NONBLOCK);
	ch = fstat(fds[1], &st) == 0 ? chan_new(fds[0], st.st_ino) : NULL;
	ret = ch ? enter(ch) : -ENOMEM;
	if (ret < 0) {
		close(fds[1]);
		if (ch)
			hung_up(ch->inode);
		else
			close(fds[0]);
		return ret;
	}
	*guest_end = fds[1];
	return 0;
}

int um_chan_attach(struct um_chan *ch, struct um_fuse *c)
{
	int ret = -EINVAL;

	um_lock(&ch->lock);
	if (!ch->conn && !ch->closed) {
		ch->conn = um_fuse_get(c);
		hold_locked(ch);
		ret = 0;
	}
	um_unlock(&ch->lock);
	return ret;
}

struct um_fuse *um_chan_conn(struct um_chan *ch)
{
	struct um_fuse *c = NULL;

	um_lock(&ch->lock);
	if (ch->conn)
		c = um_fuse_get(ch->conn);
	um_unlock(&ch->lock);
	return c;
}

static void send_token(struct um_chan *ch)
{
	struct {
		struct fuse_in_header head;
		struct fuse_forget_in arg;
	} token = { .head = { .len = sizeof(token),
			      .opcode = FUSE_FORGET,
			      .nodeid = FUSE_ROOT_ID } };

	/* No room: there is something to read, and then there is the queue. */
	if (send(ch->fd, &token, sizeof(token), MSG_DONTWAIT | MSG_NOSIGNAL) <
	    0)
		um_trace("fuse: no token: %s", strerror(errno));
}

static int enqueue(struct um_chan *ch, const struct iovec *iov, int n)
{
	struct um_chan_msg *m;
	size_t len = 0;

	for (int i = 0; i < n; i++)
		len += iov[i].iov_len;
	m = malloc(sizeof(*m) + len);
	if (!m)
		return -ENOMEM;
	m->next = NULL;
	m->len = 0;
	for (int i = 0; i < n; i++) {
		memcpy(m->data + m->len, iov[i].iov_base, iov[i].iov_len);
		m->len += iov[i].iov_len;
	}
	um_lock(&ch->lock);
	*ch->tail = m;
	ch->tail = &m->next;
	hold_locked(ch);
	um_unlock(&ch->lock);
	send_token(ch);
	return 0;
}

int um_chan_send(struct um_chan *ch, const struct iovec *iov, int n)
{
	/* sendmsg() only reads it */
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov,
			      .msg_iovlen = (size_t)n };

	if (sendmsg(ch->fd, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	if (errno == EAGAIN || errno == EMSGSIZE || errno == ENOBUFS)
		return enqueue(ch, iov, n);
	return -ENODEV;
}

static bool has_packet(struct um_chan *ch)
{
	int unread = 0;

	return ioctl(ch->fd, SIOCOUTQ, &unread) == 0 && unread > 0;
}

int um_chan_next(struct um_chan *ch, size_t room, void **data, size_t *len)
{
	struct um_chan_msg *m;
	int ret = -EAGAIN;

	um_lock(&ch->lock);
	m = ch->queue;
	if (ch->closed) {
		ret = -ENODEV;
	} else if (m && m->len > room) {
		ret = -EINVAL;
	} else if (m) {
		ch->queue = m->next;
		if (!ch->queue)
			ch->tail = &ch->queue;
		hold_locked(ch);
		*len = m->len;
		memmove(m, m->data, m->len);
		*data = m;
		ret = 0;
	}
	um_unlock(&ch->lock);
	/* the next who sleeps in the socket is to come and hear it too */
	if (ret == -ENODEV && !has_packet(ch))
		send_token(ch);
	return ret;
}

void um_chan_close(struct um_chan *ch)
{
	um_lock(&ch->lock);
	ch->closed = true;
	hold_locked(ch);
	um_unlock(&ch->lock);
	send_token(ch);
}
