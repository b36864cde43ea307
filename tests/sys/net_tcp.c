// SPDX-License-Identifier: GPL-2.0-or-later
/* net_tcp.c - a TCP connection, from its socket to its end */
#include "net.h"

static void fresh(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in a;
	socklen_t len = sizeof(a);

	CHECK_EQ(n_mask(fd), POLLOUT | POLLHUP);
	t_handler(SIGPIPE, 0);
	CHECK_ERRNO2(send(fd, "x", 1, MSG_NOSIGNAL), EPIPE, ENOTCONN);
	CHECK_ERRNO2(recv(fd, &a, 1, 0), ENOTCONN, EINVAL);
	CHECK_ERRNO(getpeername(fd, (void *)&a, &len), ENOTCONN);
	a = n_name(fd);
	CHECK_EQ(a.sin_family, AF_INET);
	CHECK_EQ(a.sin_port, 0);
	CHECK_EQ(a.sin_addr.s_addr, 0);
	CHECK_ERRNO(shutdown(fd, SHUT_WR), ENOTCONN);
	CHECK_ERRNO(accept(fd, NULL, NULL), EINVAL);
	CHECK_EQ(n_error(fd), 0);
	close(fd);
}

static void established(void)
{
	struct sockaddr_in x, y;
	char buf[8] = "";
	int a, b, n = -1;

	n_pair(&a, &b);
	CHECK_EQ(n_mask(a), POLLOUT);
	CHECK_MASK(b, POLLOUT);
	x = n_name(a);
	y = n_peer(b);
	CHECK_MEM(&x, &y, sizeof(x));
	x = n_name(b);
	y = n_peer(a);
	CHECK_MEM(&x, &y, sizeof(x));
	CHECK_ERRNO(n_connect(a, &y), EISCONN);
	CHECK_EQ(write(a, "hello", 5), 5);
	CHECK_MASK(b, POLLIN | POLLOUT);
	CHECK_OK(ioctl(b, FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_EQ(recv(b, buf, 2, MSG_PEEK), 2);
	CHECK_STR(buf, "he");
	CHECK_EQ(recv(b, buf, 8, MSG_DONTWAIT), 5);
	CHECK_STR(buf, "hello");
	CHECK_ERRNO(recv(b, buf, 8, MSG_DONTWAIT), EAGAIN);
	close(a);
	close(b);
}

static void waits_for_all(void)
{
	char buf[8] = "";
	int a, b;
	pid_t pid;

	n_pair(&a, &b);
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(write(a, "abc", 3), 3);
		usleep(100000);
		CHECK_EQ(write(a, "def", 3), 3);
		_exit(0);
	}
	CHECK_EQ(recv(b, buf, 6, MSG_WAITALL), 6);
	CHECK_STR(buf, "abcdef");
	CHECK_EQ(t_wait(pid), 0);
}

static void half_closed_by_peer(void)
{
	char c;
	int a, b;

	n_pair(&a, &b);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_OK(shutdown(a, SHUT_WR));
	CHECK_MASK(b, POLLIN | POLLOUT | POLLRDHUP);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(read(b, &c, 1), 0);
	CHECK_EQ(read(b, &c, 1), 0);
	/* the other way is open */
	CHECK_EQ(write(b, "y", 1), 1);
	CHECK_MASK(a, POLLIN | POLLOUT);
	CHECK_EQ(read(a, &c, 1), 1);
	CHECK_EQ(c, 'y');
	CHECK_ERRNO(send(a, "z", 1, MSG_NOSIGNAL), EPIPE);
	CHECK_OK(shutdown(b, SHUT_WR));
	CHECK_MASK(b, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	CHECK_MASK(a, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	CHECK_EQ(read(a, &c, 1), 0);
	CHECK_EQ(n_error(a), 0);
}

static void closed_by_peer(void)
{
	char c;
	int a, b;

	n_pair(&a, &b);
	CHECK_EQ(write(a, "x", 1), 1);
	close(a);
	CHECK_MASK(b, POLLIN | POLLOUT | POLLRDHUP);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(read(b, &c, 1), 0);
	/* nobody is there any more: the first is sent, and answered by a reset */
	t_handler(SIGPIPE, 0);
	for (int i = 0; i < 500 && send(b, "y", 1, MSG_NOSIGNAL) == 1; i++)
		usleep(10000);
	CHECK_ERRNO2(send(b, "y", 1, MSG_NOSIGNAL), EPIPE, ECONNRESET);
	CHECK_EQ(t_signals, 0);
	CHECK_ERRNO(write(b, "y", 1), EPIPE);
	CHECK_EQ(t_signals, 1);
}

static void reset(int a, int b)
{
	char c;

	close(a);
	CHECK_MASK(b, N_RESET);
	CHECK_ERRNO(read(b, &c, 1), ECONNRESET);
	CHECK_EQ(read(b, &c, 1), 0);
	CHECK_ERRNO(send(b, "x", 1, MSG_NOSIGNAL), EPIPE);
}

static void reset_by_linger(void)
{
	struct linger l = { .l_onoff = 1 };
	int a, b;

	n_pair(&a, &b);
	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	reset(a, b);
}

static void reset_of_the_other_end(void)
{
	struct linger l = { .l_onoff = 1 };
	int a, b;

	n_pair(&a, &b);
	CHECK_OK(setsockopt(b, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	reset(b, a);
}

static void reset_by_unread_data(void)
{
	int a, b, n = 0;

	n_pair(&a, &b);
	CHECK_EQ(write(b, "unread", 6), 6);
	CHECK_MASK(a, POLLIN | POLLOUT);
	CHECK_OK(ioctl(a, FIONREAD, &n));
	CHECK_EQ(n, 6);
	reset(a, b);
}

static void error_is_read_once(void)
{
	struct linger l = { .l_onoff = 1 };
	char c;
	int a, b;

	n_pair(&a, &b);
	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	close(a);
	CHECK_MASK(b, N_RESET);
	CHECK_EQ(n_error(b), ECONNRESET);
	CHECK_EQ(n_error(b), 0);
	CHECK_EQ(read(b, &c, 1), 0);
}

static void shut_for_reading(void)
{
	char c;
	int a, b;

	n_pair(&a, &b);
	CHECK_OK(shutdown(a, SHUT_RD));
	CHECK_EQ(read(a, &c, 1), 0);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_ERRNO(shutdown(a, 3), EINVAL);
}

static void both_ways_at_once(void)
{
	enum { MB = 3 << 20 };
	pid_t pids[3];
	int a, b;

	n_pair(&a, &b);
	for (int i = 0; i < 3; i++) {
		pids[i] = t_fork();
		if (pids[i])
			continue;
		CHECK(i == 0   ? n_send(a, MB, 1)
		      : i == 1 ? n_send(b, MB, 2)
			       : n_recv(b, MB, 1));
		_exit(0);
	}
	CHECK(n_recv(a, MB, 2));
	for (int i = 0; i < 3; i++)
		CHECK_EQ(t_wait(pids[i]), 0);
}

/* What was sent before a close arrives. */
static void close_after_much(void)
{
	enum { N = 400000 };
	int a, b;
	pid_t pid;
	char c;

	n_pair(&a, &b);
	pid = t_fork();
	if (pid == 0) {
		close(b);
		CHECK(n_send(a, N, 3));
		_exit(0);
	}
	close(a);
	usleep(50000);
	CHECK(n_recv(b, N, 3));
	CHECK_EQ(read(b, &c, 1), 0);
	CHECK_EQ(t_wait(pid), 0);
}

/* Write as long as there is room; each write counts, for room may come anew. */
static size_t fill(int fd)
{
	static const char buf[65536];
	size_t sent = 0;
	ssize_t n = 0;

	while (sent < 1 << 28 && (n = write(fd, buf, sizeof(buf))) > 0)
		sent += (size_t)n;
	CHECK(n < 0 && errno == EAGAIN);
	return sent;
}

/* Until nothing makes room any more: what is on its way may. */
static size_t fill_up(int fd)
{
	struct pollfd room = { .fd = fd, .events = POLLOUT };
	size_t sent = fill(fd);

	while (poll(&room, 1, 50) == 1)
		sent += fill(fd);
	return sent;
}

/* All that comes until its end. */
static size_t drain(int fd)
{
	static char buf[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t got = 0;
	ssize_t n = -1;

	while (poll(&p, 1, -1) == 1 && (n = read(fd, buf, sizeof(buf))) > 0)
		got += (size_t)n;
	CHECK_EQ(n, 0);
	return got;
}

static void full(void)
{
	size_t sent;
	int a, b;

	n_pair(&a, &b);
	n_nonblock(a);
	sent = fill_up(a);
	CHECK_OK(shutdown(a, SHUT_WR));
	CHECK_EQ(drain(b), sent);
}

/* Both windows are closed: the ends must not answer one another for ever. */
static void full_both_ways(void)
{
	size_t sent[2];
	int a, b;

	n_pair(&a, &b);
	n_nonblock(a);
	n_nonblock(b);
	sent[0] = fill_up(a);
	sent[1] = fill_up(b);
	/* Time for probes to close what is left of the windows. */
	CHECK_EQ(poll(NULL, 0, 2000), 0);
	CHECK_OK(shutdown(a, SHUT_WR));
	CHECK_OK(shutdown(b, SHUT_WR));
	CHECK_EQ(drain(b), sent[0]);
	CHECK_EQ(drain(a), sent[1]);
}

static void edges(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP | EPOLLET };
	int a, b, ep = (int)CHECK_OK(epoll_create1(0));

	n_pair(&a, &b);
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, b, &e));
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
	CHECK_EQ(e.events, EPOLLIN);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	CHECK_EQ(write(a, "y", 1), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
	CHECK_OK(shutdown(a, SHUT_WR));
	CHECK_EQ(epoll_wait(ep, &e, 1, -1), 1);
	CHECK_EQ(e.events, EPOLLIN | EPOLLRDHUP);
}

static void selected(void)
{
	fd_set in, out;
	int a, b;

	n_pair(&a, &b);
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(b, &in);
	FD_SET(b, &out);
	CHECK_EQ(select(b + 1, &in, &out, NULL, NULL), 1);
	CHECK(!FD_ISSET(b, &in) && FD_ISSET(b, &out));
	CHECK_EQ(write(a, "x", 1), 1);
	FD_SET(b, &in);
	CHECK_EQ(select(b + 1, &in, NULL, NULL, NULL), 1);
}

static void messages(void)
{
	char one[4] = "", two[8] = "";
	struct iovec iov[2] = { { one, 3 }, { two, 7 } };
	struct sockaddr_in from = { 0 };
	struct msghdr m = { .msg_name = &from,
			    .msg_namelen = sizeof(from),
			    .msg_iov = iov,
			    .msg_iovlen = 2 };
	socklen_t len = sizeof(from);
	struct sockaddr_in elsewhere = n_addr(1);
	int a, b;

	n_pair(&a, &b);
	/* An address is ignored where there is a connection. */
	CHECK_EQ(sendto(a, "abcdefgh", 8, 0, (void *)&elsewhere,
			sizeof(elsewhere)),
		 8);
	CHECK_EQ(recvmsg(b, &m, 0), 8);
	CHECK_STR(one, "abc");
	CHECK_STR(two, "defgh");
	CHECK_EQ(m.msg_namelen, 0);
	CHECK_EQ(m.msg_flags, 0);
	CHECK_EQ(sendmsg(a, &(struct msghdr){ .msg_iov = iov, .msg_iovlen = 2 },
			 0),
		 10);
	CHECK_EQ(recvfrom(b, two, 8, 0, (void *)&from, &len), 8);
	CHECK_EQ(len, 0);
}

/* A read waits for so many, but not for more than it asks for. */
static void low_water(void)
{
	struct timeval t = { .tv_usec = 50000 };
	int a, b;
	char buf[16];
	pid_t pid;

	n_pair(&a, &b);
	CHECK_EQ(n_option(b, SOL_SOCKET, SO_RCVLOWAT), 1);
	n_set(b, SOL_SOCKET, SO_RCVLOWAT, 0);
	CHECK_EQ(n_option(b, SOL_SOCKET, SO_RCVLOWAT), 1);
	n_set(b, SOL_SOCKET, SO_RCVLOWAT, 5);
	CHECK_EQ(n_option(b, SOL_SOCKET, SO_RCVLOWAT), 5);
	CHECK_EQ(write(a, "abc", 3), 3);
	pid = t_fork();
	if (pid == 0) {
		usleep(50000);
		/* so many anew: the kernel forgets those that it has copied */
		CHECK_EQ(write(a, "defgh", 5), 5);
		_exit(0);
	}
	CHECK_EQ(read(b, buf, sizeof(buf)), 8);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(write(a, "abc", 3), 3);
	CHECK_EQ(read(b, buf, 2), 2);
	/* what there is, when it takes too long, or nobody waits */
	CHECK_OK(setsockopt(b, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	CHECK_EQ(read(b, buf, sizeof(buf)), 1);
	CHECK_EQ(write(a, "abc", 3), 3);
	close(a);
	CHECK_EQ(read(b, buf, sizeof(buf)), 3);
	CHECK_EQ(read(b, buf, sizeof(buf)), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(fresh);
	RUN(established);
	RUN(waits_for_all);
	RUN(half_closed_by_peer);
	RUN(closed_by_peer);
	RUN(reset_by_linger);
	RUN(reset_of_the_other_end);
	RUN(reset_by_unread_data);
	RUN(error_is_read_once);
	RUN(shut_for_reading);
	RUN(both_ways_at_once);
	RUN(close_after_much);
	RUN(full);
	RUN(full_both_ways);
	RUN(edges);
	RUN(selected);
	RUN(messages);
	RUN(low_water);
	return t_done();
}
