// SPDX-License-Identifier: GPL-2.0-or-later
/* states.c - sockets in each state, for matrix.c */
#include "matrix.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static int new_socket(const struct m_place *p)
{
	return (int)M_MUST(socket(p->family, p->type, 0));
}

static void bind_to_loopback(const struct m_place *p, int fd)
{
	struct sockaddr_storage a;
	socklen_t len = m_loopback(p->family, &a);

	M_MUST(bind(fd, (void *)&a, len));
}

static void set_blocking(int fd, bool on)
{
	M_MUST(fcntl(fd, F_SETFL, on ? 0 : O_NONBLOCK));
}

/* One that listens, for the calls that need somebody. */
static void build_other(struct m_place *p)
{
	p->other = new_socket(p);
	bind_to_loopback(p, p->other);
	if (p->type == SOCK_STREAM)
		M_MUST(listen(p->other, 5));
	p->len = sizeof(p->name);
	M_MUST(getsockname(p->other, (void *)&p->name, &p->len));
}

static void fresh(struct m_place *p)
{
	build_other(p);
	p->fd = new_socket(p);
}

static void bound(struct m_place *p)
{
	fresh(p);
	bind_to_loopback(p, p->fd);
}

static void listening(struct m_place *p)
{
	bound(p);
	M_MUST(listen(p->fd, 5));
}

static void connect_to(const struct m_place *p, int fd, int to)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);

	(void)p;
	M_MUST(getsockname(to, (void *)&a, &len));
	M_MUST(connect(fd, (void *)&a, len));
}

static void waited_for(struct m_place *p)
{
	listening(p);
	p->peer = new_socket(p);
	connect_to(p, p->peer, p->fd);
	m_await(p->fd, POLLIN);
}

/* Whose listener takes no more: the queue of one is full. */
static void connecting(struct m_place *p)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int l;

	fresh(p);
	l = new_socket(p);
	p->extra[0] = l;
	bind_to_loopback(p, l);
	M_MUST(listen(l, 0));
	M_MUST(getsockname(l, (void *)&a, &len));
	for (int i = 1; i < 4; i++) {
		p->extra[i] = new_socket(p);
		set_blocking(p->extra[i], false);
		(void)connect(p->extra[i], (void *)&a, len);
		if (i == 1)
			m_await(p->extra[i], POLLOUT);
		usleep(20000);
	}
	set_blocking(p->fd, false);
	if (connect(p->fd, (void *)&a, len) == 0 || errno != EINPROGRESS)
		m_give_up("not under way");
	set_blocking(p->fd, true);
}

static void refused(struct m_place *p)
{
	struct sockaddr_storage a;
	socklen_t len = sizeof(a);
	int gone;

	fresh(p);
	gone = new_socket(p);
	bind_to_loopback(p, gone);
	M_MUST(getsockname(gone, (void *)&a, &len));
	set_blocking(p->fd, false);
	if (p->type == SOCK_DGRAM) {
		M_MUST(connect(p->fd, (void *)&a, len));
		close(gone);
		M_MUST(send(p->fd, "x", 1, 0));
	} else {
		M_MUST(listen(gone, 1));
		close(gone);
		if (connect(p->fd, (void *)&a, len) == 0 ||
		    errno != EINPROGRESS)
			m_give_up("not refused later");
	}
	m_await_any(p->fd, POLLERR | POLLIN);
	set_blocking(p->fd, true);
}

static void forget_error(const struct m_place *p)
{
	int error;
	socklen_t len = sizeof(error);

	M_MUST(getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len));
	if (!error)
		m_give_up("no error");
}

static void refused_and_told(struct m_place *p)
{
	refused(p);
	forget_error(p);
}

static void connected(struct m_place *p)
{
	fresh(p);
	if (p->type == SOCK_STREAM) {
		connect_to(p, p->fd, p->other);
		p->peer = (int)M_MUST(accept(p->other, NULL, NULL));
		m_await(p->peer, POLLOUT);
		return;
	}
	bind_to_loopback(p, p->fd);
	p->peer = new_socket(p);
	bind_to_loopback(p, p->peer);
	connect_to(p, p->fd, p->peer);
	connect_to(p, p->peer, p->fd);
}

static void accepted(struct m_place *p)
{
	int fd;

	connected(p);
	fd = p->fd;
	p->fd = p->peer;
	p->peer = fd;
}

static void with_data(struct m_place *p)
{
	connected(p);
	M_MUST(send(p->peer, "abc", 3, 0));
	m_await(p->fd, POLLIN);
}

static void with_empty(struct m_place *p)
{
	connected(p);
	M_MUST(send(p->peer, "", 0, 0));
	m_await(p->fd, POLLIN);
}

static void unconnected_with_data(struct m_place *p)
{
	bound(p);
	p->peer = new_socket(p);
	bind_to_loopback(p, p->peer);
	connect_to(p, p->peer, p->fd);
	M_MUST(send(p->peer, "abc", 3, 0));
	m_await(p->fd, POLLIN);
}

static void disconnected(struct m_place *p)
{
	struct sockaddr_storage none = { .ss_family = AF_UNSPEC };

	connected(p);
	M_MUST(connect(p->fd, (void *)&none, sizeof(none)));
}

static void peer_shut(struct m_place *p)
{
	connected(p);
	M_MUST(shutdown(p->peer, SHUT_WR));
	m_await(p->fd, POLLRDHUP);
}

static void peer_shut_with_data(struct m_place *p)
{
	with_data(p);
	M_MUST(shutdown(p->peer, SHUT_WR));
	m_await(p->fd, POLLRDHUP);
}

static void shut_for_writing(struct m_place *p)
{
	connected(p);
	M_MUST(shutdown(p->fd, SHUT_WR));
	if (p->type == SOCK_STREAM)
		m_await(p->peer, POLLRDHUP);
}

static void shut_for_reading(struct m_place *p)
{
	connected(p);
	M_MUST(shutdown(p->fd, SHUT_RD));
}

static void shut_for_both(struct m_place *p)
{
	connected(p);
	M_MUST(shutdown(p->fd, SHUT_RDWR));
	if (p->type == SOCK_STREAM)
		m_await(p->peer, POLLRDHUP);
}

static void both_shut(struct m_place *p)
{
	peer_shut(p);
	M_MUST(shutdown(p->fd, SHUT_WR));
	m_await(p->peer, POLLHUP);
	m_await(p->fd, POLLHUP);
}

static void reset(struct m_place *p)
{
	struct linger l = { .l_onoff = 1 };

	connected(p);
	M_MUST(setsockopt(p->peer, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(p->peer);
	p->peer = -1;
	m_await(p->fd, POLLHUP);
}

static void reset_and_told(struct m_place *p)
{
	reset(p);
	forget_error(p);
}

/* Nothing more fits, for a while at least. */
static void full(struct m_place *p)
{
	static char buf[65536];
	struct pollfd w;

	connected(p);
	set_blocking(p->fd, false);
	w = (struct pollfd){ .fd = p->fd, .events = POLLOUT };
	do
		while (send(p->fd, buf, sizeof(buf), 0) > 0)
			;
	while (poll(&w, 1, 500) == 1);
	while (send(p->fd, buf, 1, 0) > 0)
		;
	set_blocking(p->fd, true);
}

const struct m_state m_states[] = {
	{ "fresh", M_ANY, fresh },
	{ "bound", M_ANY, bound },
	{ "listening", M_STREAM, listening },
	{ "waited for", M_STREAM, waited_for },
	{ "connecting", M_STREAM, connecting },
	{ "refused", M_ANY, refused },
	{ "refused, told", M_ANY, refused_and_told },
	{ "connected", M_ANY, connected },
	{ "accepted", M_STREAM, accepted },
	{ "with data", M_ANY, with_data },
	{ "with nothing", M_DGRAM, with_empty },
	{ "not connected, data", M_DGRAM, unconnected_with_data },
	{ "disconnected", M_DGRAM, disconnected },
	{ "peer shut", M_STREAM, peer_shut },
	{ "peer shut, data", M_STREAM, peer_shut_with_data },
	{ "shut WR", M_ANY, shut_for_writing },
	{ "shut RD", M_ANY, shut_for_reading },
	{ "shut RDWR", M_ANY, shut_for_both },
	{ "both shut", M_STREAM, both_shut },
	{ "reset", M_STREAM, reset },
	{ "reset, told", M_STREAM, reset_and_told },
	{ "full", M_STREAM, full },
};
const size_t m_state_count = sizeof(m_states) / sizeof(m_states[0]);
