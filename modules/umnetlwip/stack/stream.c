// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stream.c - data between a TCP connection and the stand-in of its guest
 *
 * See stream.h. Events of the stand-in come edge-triggered: a ring without room
 * and a full stand-in are tried again when lwIP or the guest made room.
 */
#include "stream.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "share.h"

struct st_stream *st_stream_new(struct st_sock *s)
{
	struct st_stream *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->s = s;
	t->guest_fd = -1;
	s->priv = t;
	return t;
}

/* A socket that guests' descriptors are connected to, one after another. */
static int meeting_place(struct sockaddr_un *addr, socklen_t *len)
{
	static int fd = -1;
	static struct sockaddr_un name;
	static socklen_t name_len = sizeof(name);

	if (fd < 0) {
		struct sockaddr_un any = { .sun_family = AF_UNIX };

		fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			    0);
		if (fd < 0)
			return -errno;
		if (bind(fd, (void *)&any, sizeof(sa_family_t)) < 0 ||
		    listen(fd, 16) < 0 ||
		    getsockname(fd, (void *)&name, &name_len) < 0) {
			close(fd);
			fd = -1;
			return -EIO;
		}
	}
	*addr = name;
	*len = name_len;
	return fd;
}

/* Ours is what we connected ourselves; others may know the name. */
static int accept_own(int place)
{
	struct ucred who;
	socklen_t len;
	int fd;

	for (;;) {
		fd = accept4(place, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0)
			return -errno;
		len = sizeof(who);
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
		    who.pid == getpid())
			return fd;
		close(fd);
	}
}

static size_t fill(int fd, bool full)
{
	static const char zeros[65536];
	size_t done = 0;
	ssize_t n = send(fd, zeros, 1, MSG_DONTWAIT | MSG_NOSIGNAL);

	while (n > 0) {
		done += (size_t)n;
		if (!full)
			break;
		n = send(fd, zeros, sizeof(zeros), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EAGAIN)
			n = send(fd, zeros, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return done;
}

/*
 * The byte that stays behind holds all of the piece it came in. The kernel calls a
 * socket writable with a quarter of its buffer in use; sendfile(2) makes pieces of
 * 64 KiB and more.
 */
void st_stream_make_room(int fd)
{
	const int room = 256 * 1024; /* twice that, or what the host allows */

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
}

int st_stream_link(struct st_stream *t, int fd, bool full)
{
	struct sockaddr_un addr;
	struct stat st;
	socklen_t len = 0;
	int place = meeting_place(&addr, &len), end;

	if (place < 0)
		return place;
	if (connect(fd, (void *)&addr, len) < 0)
		return errno == EISCONN ? -ECONNABORTED : -errno;
	end = accept_own(place);
	if (end < 0)
		return end;
	if (fstat(fd, &st) == 0)
		t->s->inode = st.st_ino;
	st_stream_make_room(fd);
	t->behind = fill(fd, full);
	return st_stream_watch(t, end);
}

int st_stream_watch(struct st_stream *t, int end)
{
	st_urgent_watch(end);
	return st_sock_watch(t->s, end,
			     EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
}

/* ---- to the guest ---- */

/* A chain of pbufs cannot be longer than 64 KiB: they are kept one by one. */
struct st_rx {
	struct st_rx *next;
	struct pbuf *p;
};

static bool rx_add(struct st_stream *t, struct pbuf *p)
{
	struct st_rx *node = malloc(sizeof(*node));

	if (!node)
		return false;
	node->next = NULL;
	node->p = p;
	if (!t->rx)
		t->rx_end = &t->rx;
	*t->rx_end = node;
	t->rx_end = &node->next;
	/* tot_len has 16 bits: what came out of order may be more. */
	for (; p; p = p->next)
		t->rx_len += p->len;
	return true;
}

/* The first pbuf is delivered. */
static void rx_pop(struct st_stream *t)
{
	struct st_rx *node = t->rx;
	struct pbuf *rest = node->p->next;

	/* Chained, as a packet is that came in fragments: the rest stays. */
	if (rest)
		pbuf_ref(rest);
	pbuf_free(node->p);
	node->p = rest;
	t->rx_at = 0;
	if (rest)
		return;
	t->rx = node->next;
	free(node);
}

static void rx_drop(struct st_stream *t, size_t n)
{
	size_t left = n;

	t->rx_len -= n;
	st_urgent_passed(t, n);
	while (t->rx && t->rx->p->len - t->rx_at <= left) {
		left -= t->rx->p->len - t->rx_at;
		rx_pop(t);
	}
	t->rx_at += left;
	left = t->lent < n ? t->lent : n;
	t->lent -= left;
	n -= left;
	while (t->pcb && n > 0) {
		u16_t part = n > 0xffff ? 0xffff : (u16_t)n;

		tcp_recved(t->pcb, part);
		n -= part;
	}
}

static size_t rx_vector(const struct st_stream *t, struct iovec *iov,
			size_t room)
{
	size_t n = 0;

	for (struct st_rx *node = t->rx; node && n < room; node = node->next)
		for (struct pbuf *p = node->p; p && n < room; p = p->next) {
			size_t skip = n ? 0 : t->rx_at;

			iov[n].iov_base = (uint8_t *)p->payload + skip;
			iov[n].iov_len = p->len - skip;
			n++;
		}
	return n;
}

void st_stream_give(struct st_stream *t)
{
	struct iovec iov[64];
	struct msghdr m = { .msg_iov = iov };
	int fd = t->s->watch.fd;

	while (t->rx && fd >= 0) {
		ssize_t n;

		m.msg_iovlen = st_urgent_limit(t, iov, rx_vector(t, iov, 64));
		n = sendmsg(fd, &m,
			    MSG_DONTWAIT | MSG_NOSIGNAL | st_urgent_flag(t));
		/* the kernel may have none: in line */
		if (n < 0 && errno == EOPNOTSUPP && t->rx_urgent) {
			t->rx_urgent = false;
			continue;
		}
		if (n < 0 && errno == EAGAIN)
			return;
		/* It reads no more: what comes is thrown away. */
		if (n < 0)
			n = (ssize_t)t->rx_len;
		rx_drop(t, (size_t)n);
	}
	if (!t->rx && t->rx_fin && !t->rx_closed && fd >= 0) {
		t->rx_closed = true;
		shutdown(fd, SHUT_WR);
	}
}

/* ---- from the guest ---- */

static size_t ring_end(const struct st_stream *t)
{
	return (t->first + t->filled) % ST_RING;
}

/* Give lwIP what it takes of what it has not yet. */
static void push(struct st_stream *t)
{
	while (t->pcb && t->unsent > 0) {
		size_t at = (t->first + t->filled - t->unsent) % ST_RING;
		size_t n = t->unsent, room = tcp_sndbuf(t->pcb);
		u8_t more;

		if (n > ST_RING - at)
			n = ST_RING - at;
		if (n > room)
			n = room;
		if (n > 0xffff)
			n = 0xffff;
		if (n == 0)
			break;
		more = n < t->unsent ? TCP_WRITE_FLAG_MORE : 0;
		if (tcp_write(t->pcb, t->ring + at, (u16_t)n, more) != ERR_OK)
			break;
		t->unsent -= n;
	}
	if (t->pcb && !t->cork)
		tcp_output(t->pcb);
}

/* Skip what is no news but for one byte, which stays. */
static void skip_behind(struct st_stream *t)
{
	static char waste[65536];

	while (t->behind > 1) {
		size_t want = t->behind - 1;
		ssize_t n = recv(t->s->watch.fd, waste,
				 want < sizeof(waste) ? want : sizeof(waste),
				 MSG_DONTWAIT);

		if (n <= 0)
			return;
		t->behind -= (size_t)n;
	}
}

/*
 * Take n bytes of news: the old byte goes, the last new one stays, and is
 * looked at only.
 */
static ssize_t take(struct st_stream *t, size_t n)
{
	size_t end = ring_end(t), to_wrap = ST_RING - end;
	char old;
	struct iovec iov[3];
	struct msghdr m = { .msg_iov = iov };
	size_t body = n - t->behind, at = 0;
	ssize_t got = 0;

	if (t->behind)
		iov[at++] = (struct iovec){ &old, 1 };
	if (body > 0)
		iov[at++] = (struct iovec){ t->ring + end,
					    body < to_wrap ? body : to_wrap };
	if (body > to_wrap)
		iov[at++] = (struct iovec){ t->ring, body - to_wrap };
	m.msg_iovlen = at;
	got = recvmsg(t->s->watch.fd, &m, MSG_DONTWAIT);
	if (got <= 0 || !t->behind)
		return got;
	/* got bytes went, the first no news; one more is looked at. */
	if (recv(t->s->watch.fd, t->ring + (end + (size_t)got - 1) % ST_RING, 1,
		 MSG_PEEK | MSG_DONTWAIT) != 1)
		return got - 1;
	return got;
}

/* Bytes of news in the stand-in's queue, as many as fit the ring. */
static size_t news(struct st_stream *t)
{
	size_t space = ST_RING - t->filled;
	int queued = 0;

	if (ioctl(t->s->watch.fd, SIOCINQ, &queued) < 0 ||
	    (size_t)queued <= t->behind)
		return 0;
	return (size_t)queued - t->behind < space ? (size_t)queued - t->behind
						  : space;
}

size_t st_stream_unsent(const struct st_stream *t)
{
	int queued = 0;

	if (t->s->watch.fd < 0 || ioctl(t->s->watch.fd, SIOCINQ, &queued) < 0 ||
	    (size_t)queued <= t->behind)
		return t->filled;
	return t->filled + (size_t)queued - t->behind;
}

static void finish_tx(struct st_stream *t)
{
	if (t->hangup && t->unsent == 0 && !t->fin_sent && t->pcb &&
	    t->filled < ST_RING && news(t) == 0) {
		t->fin_sent = true;
		tcp_shutdown(t->pcb, 0, 1);
	}
}

/* Not for every segment that is acknowledged: much at a time is cheaper. */
static bool has_room(const struct st_stream *t)
{
	return ST_RING - t->filled >= ST_RING / 4;
}

static void from_guest(struct st_stream *t)
{
	size_t n, space;

	if (!t->established || !t->pcb || t->s->watch.fd < 0)
		return;
	skip_behind(t);
	while (has_room(t) && (n = news(t)) > 0) {
		ssize_t got;

		space = ST_RING - t->filled;

		if (!t->ring)
			t->ring = malloc(ST_RING);
		if (!t->ring)
			return;
		if (t->filled == 0)
			t->first = 0;
		got = take(t, n);
		if (got <= 0)
			break;
		t->filled += (size_t)got;
		t->unsent += (size_t)got;
		st_urgent_look(t);
		push(t);
		if (!t->pcb)
			return;
		/* that was all: an event says when there is more */
		if ((size_t)got == n && n < space)
			break;
	}
	finish_tx(t);
}

/* ---- callbacks of lwIP ---- */

/* Closed by both ends: lwIP frees what is left when it sees fit. */
static void leave_if_over(struct st_stream *t)
{
	struct tcp_pcb *pcb = t->pcb;

	if (!pcb || !t->rx_fin || pcb->state != TIME_WAIT)
		return;
	t->pcb = NULL;
	st_stream_detach(t->s, pcb);
}

static err_t on_recv(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
	struct st_stream *t = arg;

	(void)pcb;
	(void)err;
	if (!p)
		t->rx_fin = true;
	else if (!rx_add(t, p))
		return ERR_MEM; /* lwIP keeps it */
	if (t->established)
		st_together_came(t, p != NULL);
	leave_if_over(t);
	return ERR_OK;
}

/* All that a guest left behind is acknowledged: its socket may go. */
static void on_flushed(struct st_timer *timer)
{
	struct st_stream *t =
		(void *)((char *)timer - offsetof(struct st_stream, timer));
	struct st_sock *s = t->s;

	if (!s->proto->release(s))
		st_sock_free(s);
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct st_stream *t = arg;

	(void)pcb;
	if (len > t->filled)
		len = (u16_t)t->filled;
	t->first = (t->first + len) % ST_RING;
	t->filled -= len;
	push(t);
	from_guest(t);
	st_recover_acked(t);
	/* Not here: what is released may mean an abort. */
	if (t->s->released && t->filled == 0 && t->pcb) {
		t->timer.fire = on_flushed;
		st_timer_set(&t->timer, 0);
	}
	leave_if_over(t);
	return ERR_OK;
}

static void on_err(void *arg, err_t err)
{
	struct st_stream *t = arg;

	t->pcb = NULL;
	/* Closed in good order from both sides: nothing is wrong. */
	st_stream_broken(t, err == ERR_CLSD   ? 0
			    : err == ERR_ABRT ? ETIMEDOUT
			    : t->connecting   ? ECONNREFUSED
					      : ECONNRESET);
}

void st_stream_attach(struct st_stream *t, struct tcp_pcb *pcb)
{
	t->pcb = pcb;
	tcp_arg(pcb, t);
	tcp_recv(pcb, on_recv);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_err);
}

void st_stream_detach(const struct st_sock *s, struct tcp_pcb *pcb)
{
	st_port_leave(s, pcb);
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
}

void st_stream_open(struct st_stream *t)
{
	t->established = true;
	t->connecting = false;
	t->s->connected = true;
	st_stream_give(t);
	from_guest(t);
}

void st_stream_accepted(struct st_stream *t, int fd)
{
	struct stat st;
	char zero = 0;

	if (fstat(fd, &st) == 0)
		t->s->inode = st.st_ino;
	st_stream_make_room(fd);
	st_urgent_accepted(t, fd);
	if (send(fd, &zero, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1)
		t->behind = 1;
	st_tcp_dequeue(t);
	st_stream_open(t);
	t->fresh = true;
	if (!t->pcb)
		st_stream_broken(t, t->s->error);
}

/* The guest's last descriptor is gone. */
static void released(struct st_stream *t)
{
	struct st_sock *s = t->s;

	if (!s->released)
		st_sock_release(s);
}

/*
 * Both directions are shut down, which a guest may do to a socket that it keeps:
 * is there still somebody who has it?
 */
static bool guest_is_gone(const struct st_stream *t)
{
	struct st_sock probe = *t->s;

	probe.watch.fd = -1;
	return !probe.inode || !st_sock_is_open(&probe);
}

void st_stream_ready(struct st_sock *s, uint32_t events)
{
	struct st_stream *t = s->priv;
	bool gone;

	if (!t)
		return;
	gone = (events & EPOLLHUP) && guest_is_gone(t);
	/* A reset is no end: what was written goes, and no FIN after it. */
	if (events & (EPOLLRDHUP | EPOLLHUP))
		t->hangup = !gone || !s->so.linger_on || s->so.linger;
	if (events & EPOLLERR) {
		/* Closed with unread data: the peer is to see a reset. */
		s->so.linger_on = true;
		s->so.linger = 0;
		released(t);
		return;
	}
	if (events & EPOLLOUT)
		st_stream_give(t);
	from_guest(t);
	if (gone)
		released(t);
}

void st_stream_broken(struct st_stream *t, int error)
{
	struct st_sock *s = t->s;
	bool told = t->tag;

	if (told)
		st_reply(t->tag, error ? -error : -ECONNABORTED);
	t->tag = 0;
	if (t->guest_fd >= 0)
		close(t->guest_fd);
	t->guest_fd = -1;
	t->connecting = false;
	if (s->released) {
		st_stream_fini(t);
		st_sock_free(s);
		return;
	}
	s->error = told ? 0 : error;
	s->connected = false;
	/* Who has not accepted it yet is told then. */
	if (s->watch.fd < 0 || t->queue)
		return;
	if (!error) {
		t->rx_fin = true;
		st_stream_give(t);
		return;
	}
	st_stream_give(t);
	st_watch_del(&s->watch);
	close(s->watch.fd); /* the unread byte makes it ECONNRESET */
	s->watch.fd = -1;
}

void st_stream_fini(struct st_stream *t)
{
	st_together_forget(t);
	st_timer_stop(&t->timer);
	st_tcp_dequeue(t);
	if (t->guest_fd >= 0)
		close(t->guest_fd);
	while (t->rx)
		rx_pop(t);
	free(t->ring);
	t->s->priv = NULL;
	free(t);
}
