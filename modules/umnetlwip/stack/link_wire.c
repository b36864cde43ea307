// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * link_wire.c - a private wire between two stacks of one user
 *
 * The argument names the wire. Its ends meet at an abstract AF_UNIX address made
 * of the user's id and that name: the first waits there, the second connects;
 * the ends check each other's user. Frames are packets of a SOCK_SEQPACKET
 * socket: they are not corrupted, so there are large ones and no checksums. What
 * the socket has no room for, a few windows of TCP being more than its buffer,
 * waits here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"
#include "link.h"
#include "loop.h"

enum { MTU = 61440, BUFFER = 4 << 20, BURST = 64, QUEUE = 16 << 20 };
enum { TRIES = 5, SOON_NS = 2000000 };

struct waiting {
	struct waiting *next;
	size_t len;
	uint8_t frame[];
};

struct wire {
	struct st_iface *i;
	struct waiting *first, **last;
	size_t queued; /* bytes */
	struct sockaddr_un name;
	socklen_t name_len;
	struct st_watch door; /* waits for the other end */
	struct st_watch end;
};

static void wait_for_peer(struct wire *w);

/* ---- what waits ---- */

static void drop_first(struct wire *w)
{
	struct waiting *f = w->first;

	w->first = f->next;
	w->queued -= f->len;
	free(f);
}

static int enqueue(struct wire *w, const struct iovec *iov, int n)
{
	struct waiting *f;
	size_t len = 0;

	for (int k = 0; k < n; k++)
		len += iov[k].iov_len;
	if (w->queued + len > QUEUE)
		return -ENOBUFS;
	f = malloc(sizeof(*f) + len);
	if (!f)
		return -ENOBUFS;
	f->next = NULL;
	f->len = 0;
	for (int k = 0; k < n; k++) {
		memcpy(f->frame + f->len, iov[k].iov_base, iov[k].iov_len);
		f->len += iov[k].iov_len;
	}
	if (!w->first) {
		w->last = &w->first;
		st_watch_set(&w->end, EPOLLIN | EPOLLOUT);
	}
	*w->last = f;
	w->last = &f->next;
	w->queued += len;
	return 0;
}

static void send_waiting(struct wire *w)
{
	while (w->first) {
		if (send(w->end.fd, w->first->frame, w->first->len,
			 MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
		    errno == EAGAIN)
			return;
		drop_first(w);
	}
	st_watch_set(&w->end, EPOLLIN);
}

/* ---- the other end ---- */

static void disconnect(struct wire *w)
{
	while (w->first)
		drop_first(w);
	if (w->end.fd < 0)
		return;
	st_watch_del(&w->end);
	close(w->end.fd);
	w->end.fd = -1;
}

static void lost(struct wire *w)
{
	disconnect(w);
	st_iface_set_carrier(w->i, false);
	wait_for_peer(w);
}

static void on_frames(struct st_watch *end, uint32_t events)
{
	struct wire *w = (void *)((char *)end - offsetof(struct wire, end));

	if ((events & EPOLLOUT) && w->first)
		send_waiting(w);
	if (!(events & ~(uint32_t)EPOLLOUT))
		return;
	for (int n = 0; n < BURST && end->fd >= 0; n++) {
		uint8_t *place = st_frame_place();
		ssize_t len;

		if (!place)
			return;
		len = recv(end->fd, place, ST_FRAME_PLACE, MSG_DONTWAIT);
		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0) {
			lost(w);
			return;
		}
		st_iface_take(w->i, (size_t)len);
	}
}

static bool is_own_user(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       who.uid == getuid();
}

static int take_end(struct wire *w, int fd)
{
	int size = BUFFER, ret;

	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	w->end.fd = fd;
	w->end.ready = on_frames;
	ret = st_watch_add(&w->end, EPOLLIN);
	if (ret < 0) {
		close(fd);
		w->end.fd = -1;
	}
	return ret;
}

static void on_door(struct st_watch *door, uint32_t events)
{
	struct wire *w = (void *)((char *)door - offsetof(struct wire, door));
	int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (w->end.fd >= 0 || !is_own_user(fd) || take_end(w, fd) < 0) {
		if (w->end.fd != fd)
			close(fd);
		return;
	}
	st_iface_set_carrier(w->i, true);
}

/* A socket that waits at the name, or is connected to who does: *connected. */
static int end_at(struct wire *w, bool *connected)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
			0);

	if (fd < 0)
		return -errno;
	*connected = connect(fd, (void *)&w->name, w->name_len) == 0;
	if (*connected || (bind(fd, (void *)&w->name, w->name_len) == 0 &&
			   listen(fd, 1) == 0))
		return fd;
	close(fd);
	return -EADDRINUSE;
}

/* Who comes at the same time may have the name and not wait there yet. */
static int end_at_once_more(struct wire *w, bool *connected)
{
	const struct timespec soon = { .tv_nsec = SOON_NS };
	int fd = end_at(w, connected);

	for (int n = 0; fd == -EADDRINUSE && n < TRIES; n++) {
		nanosleep(&soon, NULL);
		fd = end_at(w, connected);
	}
	return fd;
}

/* Connect to who waits there, else wait. 1: connected, 0: waiting. */
static int meet(struct wire *w)
{
	bool connected = false;
	int fd = end_at_once_more(w, &connected);

	if (fd < 0)
		return fd;
	if (connected) {
		if (is_own_user(fd))
			return take_end(w, fd) < 0 ? -EIO : 1;
		close(fd);
		return -EACCES;
	}
	w->door.fd = fd;
	w->door.ready = on_door;
	if (st_watch_add(&w->door, EPOLLIN) < 0) {
		close(fd);
		w->door.fd = -1;
		return -EIO;
	}
	return 0;
}

static void wait_for_peer(struct wire *w)
{
	if (w->door.fd < 0 && meet(w) == 1)
		st_iface_set_carrier(w->i, true);
}

static int wire_open(struct st_iface *i, const char *arg)
{
	struct wire *w;
	int ret;

	if (!arg || !*arg) {
		st_link_set_why("a wire needs a name: alias NAME");
		return -EINVAL;
	}
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOBUFS;
	w->i = i;
	w->door.fd = w->end.fd = -1;
	w->name.sun_family = AF_UNIX;
	w->name_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1);
	w->name_len += (socklen_t)snprintf(
		w->name.sun_path + 1, sizeof(w->name.sun_path) - 1,
		"umview-wire-%d-%.64s", (int)getuid(), arg);
	ret = meet(w);
	if (ret < 0) {
		st_link_set_why("wire %s: %s", arg,
				ret == -EADDRINUSE ? "both its ends are taken"
						   : strerror(-ret));
		free(w);
		return ret;
	}
	i->priv = w;
	i->carrier = ret == 1;
	return 0;
}

static void wire_close(struct st_iface *i)
{
	struct wire *w = i->priv;

	if (!w)
		return;
	disconnect(w);
	if (w->door.fd >= 0) {
		st_watch_del(&w->door);
		close(w->door.fd);
	}
	free(w);
	i->priv = NULL;
	i->carrier = false;
}

static int wire_send_pieces(struct st_iface *i, const struct iovec *iov, int n)
{
	const struct msghdr m = { .msg_iov = (void *)(uintptr_t)iov,
				  .msg_iovlen = (size_t)n };
	struct wire *w = i->priv;

	if (!w || w->end.fd < 0)
		return -ENETDOWN;
	if (w->first)
		return enqueue(w, iov, n);
	if (sendmsg(w->end.fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == EAGAIN ? enqueue(w, iov, n) : -errno;
}

static int wire_send(struct st_iface *i, const void *frame, size_t len)
{
	const struct iovec iov = { .iov_base = (void *)(uintptr_t)frame,
				   .iov_len = len };

	return wire_send_pieces(i, &iov, 1);
}

const struct st_link_ops st_link_wire = {
	.kind = "wire",
	.mtu = MTU,
	.mtu_max = 65521,
	.trusted = true,
	.open = wire_open,
	.close = wire_close,
	.send = wire_send,
	.send_pieces = wire_send_pieces,
};
