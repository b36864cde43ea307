// SPDX-License-Identifier: GPL-2.0-or-later
/* net_listen.c - listen(2), accept(2), and who may have a port */
#include "net.h"

static void waits(void)
{
	struct sockaddr_in name, from = { 0 }, mine;
	socklen_t len = sizeof(from);
	int l = n_listener(5, &name), fd, c;

	CHECK_EQ(n_mask(l), 0);
	n_nonblock(l);
	CHECK_ERRNO(accept(l, NULL, NULL), EAGAIN);
	fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(n_connect(fd, &name));
	CHECK_MASK(l, POLLIN);
	c = (int)CHECK_OK(accept(l, (void *)&from, &len));
	CHECK_EQ(len, sizeof(from));
	mine = n_name(fd);
	CHECK_MEM(&from, &mine, sizeof(from));
	CHECK_EQ(n_mask(l), 0);
	CHECK_EQ(n_option(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	CHECK_EQ(n_option(c, SOL_SOCKET, SO_ACCEPTCONN), 0);
	CHECK_ERRNO2(read(l, &len, 1), ENOTCONN, EINVAL);
	CHECK_ERRNO2(send(l, &len, 1, MSG_NOSIGNAL), EPIPE, ENOTCONN);
	CHECK_ERRNO(getpeername(l, (void *)&from, &len), ENOTCONN);
}

static void short_name(void)
{
	struct sockaddr_in name;
	char room[4] = { 0 };
	socklen_t len = sizeof(room);
	int l = n_listener(5, &name);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_OK(n_connect(fd, &name));
	CHECK_OK(accept(l, (void *)room, &len));
	CHECK_EQ(len, sizeof(name));
	CHECK_EQ(room[0], AF_INET);
	len = (socklen_t)-1;
	close(fd);
	fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(n_connect(fd, &name));
	CHECK_ERRNO(accept(l, (void *)room, &len), EINVAL);
}

static void flags(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);

	for (int i = 0; i < 4; i++) {
		int want = (i & 1 ? SOCK_CLOEXEC : 0) |
			   (i & 2 ? SOCK_NONBLOCK : 0);
		int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), c;

		CHECK_OK(n_connect(fd, &name));
		c = (int)CHECK_OK(accept4(l, NULL, NULL, want));
		CHECK_EQ(fcntl(c, F_GETFD), i & 1 ? FD_CLOEXEC : 0);
		CHECK_EQ(!!(fcntl(c, F_GETFL) & O_NONBLOCK), !!(i & 2));
		close(c);
		close(fd);
	}
	CHECK_ERRNO(accept4(l, NULL, NULL, 1), EINVAL);
	for (int i = 0; i < 4; i++) {
		int want = (i & 1 ? SOCK_CLOEXEC : 0) |
			   (i & 2 ? SOCK_NONBLOCK : 0);
		int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM | want, 0));

		CHECK_EQ(fcntl(fd, F_GETFD), i & 1 ? FD_CLOEXEC : 0);
		CHECK_EQ(!!(fcntl(fd, F_GETFL) & O_NONBLOCK), !!(i & 2));
		close(fd);
	}
}

static void interrupted(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name), done[2];
	pid_t parent = getpid(), pid;

	t_handler(SIGUSR1, 0);
	CHECK_OK(pipe(done));
	pid = t_fork();
	if (pid == 0) {
		close(done[1]);
		t_signal_until(parent, SIGUSR1, done[0]);
		_exit(0);
	}
	CHECK_ERRNO(accept(l, NULL, NULL), EINTR);
	close(done[1]);
	CHECK_EQ(t_wait(pid), 0);
}

static void in_order(void)
{
	struct sockaddr_in name, from;
	socklen_t len = sizeof(from);
	int l = n_listener(10, &name), fds[8];

	for (int i = 0; i < 8; i++) {
		fds[i] = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
		CHECK_OK(n_connect(fds[i], &name));
		CHECK_EQ(write(fds[i], &i, sizeof(i)), sizeof(i));
	}
	for (int i = 0; i < 8; i++) {
		int c = (int)CHECK_OK(accept(l, (void *)&from, &len)), n = -1;

		CHECK_EQ(read(c, &n, sizeof(n)), sizeof(n));
		CHECK_EQ(n, i);
		CHECK_EQ(from.sin_port, n_name(fds[i]).sin_port);
		close(c);
	}
}

/* Who has gone before it was accepted is accepted all the same. */
static void gone_before(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), c;
	char x[4];

	CHECK_OK(n_connect(fd, &name));
	CHECK_EQ(write(fd, "bye", 3), 3);
	close(fd);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(recv(c, x, 3, MSG_WAITALL), 3);
	CHECK_EQ(read(c, x, 3), 0);
}

static int dial(const struct sockaddr_in *to)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_OK(n_connect(fd, to));
	return fd;
}

static void reset(int fd)
{
	struct linger now = { .l_onoff = 1 };

	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	close(fd);
}

/* So is who was reset, and the first call says so. */
static void reset_before(void)
{
	struct sockaddr_in name, from = { 0 }, mine;
	socklen_t len = sizeof(from);
	int l = n_listener(5, &name), fd = dial(&name), next, c;
	char x[4];

	mine = n_name(fd);
	reset(fd);
	next = dial(&name);
	c = (int)CHECK_OK(accept(l, (void *)&from, &len));
	CHECK_MEM(&from, &mine, sizeof(from));
	CHECK_MASK(c, N_RESET);
	CHECK_ERRNO(getpeername(c, (void *)&from, &len), ENOTCONN);
	CHECK_ERRNO(read(c, x, 3), ECONNRESET);
	CHECK_EQ(read(c, x, 3), 0);
	close(c);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(n_peer(c).sin_port, n_name(next).sin_port);
	close(c);
	/* what was sent before is there all the same */
	fd = dial(&name);
	CHECK_EQ(write(fd, "abc", 3), 3);
	reset(fd);
	close(dial(&name));
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(recv(c, x, 3, MSG_WAITALL), 3);
	CHECK_ERRNO(read(c, x, 3), ECONNRESET);
	close(c);
	/* by SO_ERROR, too */
	CHECK_OK(accept(l, NULL, NULL));
	fd = dial(&name);
	reset(fd);
	close(dial(&name));
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_MASK(c, N_RESET);
	CHECK_EQ(n_error(c), ECONNRESET);
	CHECK_EQ(read(c, x, 3), 0);
}

/* As many as were asked for wait, and one more; they keep their turn. */
static void long_queue(void)
{
	enum { MANY = 400 };
	struct sockaddr_in name;
	int l = n_listener(MANY, &name), fds[MANY];

	for (int i = 0; i < MANY; i++) {
		fds[i] = dial(&name);
		CHECK_EQ(write(fds[i], &i, sizeof(i)), sizeof(i));
	}
	for (int i = 0; i < MANY; i++) {
		int c = (int)CHECK_OK(accept(l, NULL, NULL)), n = -1;

		CHECK_EQ(read(c, &n, sizeof(n)), sizeof(n));
		CHECK_EQ(n, i);
		close(c);
		close(fds[i]);
	}
}

/* The one that is too many waits until there is room. */
static void short_queue(void)
{
	struct sockaddr_in name;
	int l = n_listener(1, &name), late, c;

	dial(&name);
	dial(&name);
	late = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	CHECK_ERRNO(n_connect(late, &name), EINPROGRESS);
	usleep(100000);
	CHECK_EQ(n_mask(late), 0);
	for (int i = 0; i < 3; i++) {
		c = (int)CHECK_OK(accept(l, NULL, NULL));
		close(c);
	}
	CHECK_EQ(n_mask(late) & POLLOUT, POLLOUT);
}

static void closed_with_waiting(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	char x;

	CHECK_OK(n_connect(fd, &name));
	close(l);
	CHECK_MASK(fd, N_RESET);
	CHECK_ERRNO(read(fd, &x, 1), ECONNRESET);
}

static void without_bind(void)
{
	int l = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in name;

	CHECK_OK(listen(l, 1));
	name = n_name(l);
	CHECK(name.sin_port != 0);
	CHECK_EQ(name.sin_addr.s_addr, INADDR_ANY);
	name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK_OK(n_connect(fd, &name));
	CHECK_OK(listen(l, 5));
}

static void wrong_sockets(void)
{
	struct sockaddr_in name;
	int udp = n_udp(&name), a, b;

	CHECK_ERRNO(listen(udp, 1), EOPNOTSUPP);
	CHECK_ERRNO(accept(udp, NULL, NULL), EOPNOTSUPP);
	n_pair(&a, &b);
	CHECK_ERRNO(listen(a, 1), EINVAL);
	CHECK_ERRNO(accept(a, NULL, NULL), EINVAL);
	CHECK_ERRNO(listen(-1, 1), EBADF);
	CHECK_ERRNO(listen(0, 1), ENOTSOCK);
}

static int try_bind(int type, int port, int reuse)
{
	int fd = (int)CHECK_OK(socket(AF_INET, type, 0));

	if (reuse)
		n_set(fd, SOL_SOCKET, reuse, 1);
	if (n_bind(fd, port) == 0)
		return fd;
	CHECK_EQ(errno, EADDRINUSE);
	close(fd);
	return -1;
}

static void taken(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name), port = ntohs(name.sin_port), u;
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_EQ(try_bind(SOCK_STREAM, port, 0), -1);
	/* it listens */
	CHECK_EQ(try_bind(SOCK_STREAM, port, SO_REUSEADDR), -1);
	CHECK_EQ(try_bind(SOCK_STREAM, port, SO_REUSEPORT), -1);
	/* UDP has ports of its own */
	u = try_bind(SOCK_DGRAM, port, 0);
	CHECK(u >= 0);
	close(u);
	name.sin_addr.s_addr = INADDR_ANY;
	CHECK_ERRNO(bind(fd, (void *)&name, sizeof(name)), EADDRINUSE);
	/* at once */
	close(l);
	fd = try_bind(SOCK_STREAM, port, 0);
	CHECK(fd >= 0);
	CHECK_OK(listen(fd, 1));
}

/* A port that neither UDP nor TCP has; others' connections may linger. */
static int free_port(void)
{
	struct sockaddr_in name;

	for (int i = 0; i < 100; i++) {
		int u = n_udp(&name);
		int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
		int ret = n_bind(fd, ntohs(name.sin_port));

		close(u);
		close(fd);
		if (ret == 0)
			break;
	}
	return ntohs(name.sin_port);
}

static void given_back(void)
{
	int port = free_port();

	for (int i = 0; i < 50; i++) {
		int fd = try_bind(SOCK_DGRAM, port, 0);

		CHECK(fd >= 0);
		close(fd);
		fd = try_bind(SOCK_STREAM, port, 0);
		CHECK(fd >= 0);
		close(fd);
	}
}

static void shared(void)
{
	struct sockaddr_in name;
	int a = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), b, port;

	n_set(a, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_OK(n_bind(a, 0));
	name = n_name(a);
	port = ntohs(name.sin_port);
	b = try_bind(SOCK_STREAM, port, SO_REUSEADDR);
	CHECK(b >= 0);
	CHECK_EQ(try_bind(SOCK_STREAM, port, 0), -1);
	CHECK_OK(listen(a, 1));
	CHECK_ERRNO(listen(b, 1), EADDRINUSE);
	close(a);
	CHECK_OK(listen(b, 1));
}

static void udp_shared(void)
{
	struct sockaddr_in name;
	int a = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), b, port;

	n_set(a, SOL_SOCKET, SO_REUSEPORT, 1);
	CHECK_OK(n_bind(a, 0));
	name = n_name(a);
	port = ntohs(name.sin_port);
	CHECK_EQ(try_bind(SOCK_DGRAM, port, 0), -1);
	CHECK_EQ(try_bind(SOCK_DGRAM, port, SO_REUSEADDR), -1);
	b = try_bind(SOCK_DGRAM, port, SO_REUSEPORT);
	CHECK(b >= 0);
}

static void bad_binds(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in a = n_addr(0);

	a.sin_addr.s_addr = htonl(0xc6336407); /* 198.51.100.7: not ours */
	CHECK_ERRNO(bind(fd, (void *)&a, sizeof(a)), EADDRNOTAVAIL);
	CHECK_ERRNO(bind(fd, (void *)&a, 4), EINVAL);
	a.sin_family = 77;
	CHECK_ERRNO(bind(fd, (void *)&a, sizeof(a)), EAFNOSUPPORT);
	CHECK_ERRNO(bind(fd, T_BAD_PTR, sizeof(a)), EFAULT);
	CHECK_OK(n_bind(fd, 0));
	CHECK_ERRNO(n_bind(fd, 0), EINVAL);
	n_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
}

/* A child that waits in accept(2) on a port; it is killed, and waited for. */
static struct sockaddr_in port_of_the_killed(void)
{
	struct sockaddr_in name;
	int fd[2], status;
	pid_t pid;

	CHECK_OK(pipe(fd));
	pid = (pid_t)CHECK_OK(fork());
	if (pid == 0) {
		int l = n_listener(5, &name);

		if (write(fd[1], &name, sizeof(name)) == sizeof(name))
			accept(l, NULL, NULL);
		_exit(1);
	}
	CHECK_EQ(read(fd[0], &name, sizeof(name)), sizeof(name));
	usleep(20000);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	close(fd[0]);
	close(fd[1]);
	return name;
}

static void who_is_killed_leaves_its_port(void)
{
	for (int i = 0; i < 10; i++) {
		struct sockaddr_in name = port_of_the_killed();
		int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

		if (i % 2)
			CHECK_ERRNO(n_connect(fd, &name), ECONNREFUSED);
		else
			CHECK_OK(n_bind(fd, ntohs(name.sin_port)));
		close(fd);
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(waits);
	RUN(short_name);
	RUN(flags);
	RUN(interrupted);
	RUN(in_order);
	RUN(gone_before);
	RUN(reset_before);
	RUN(long_queue);
	RUN(short_queue);
	RUN(closed_with_waiting);
	RUN(without_bind);
	RUN(wrong_sockets);
	RUN(taken);
	RUN(given_back);
	RUN(shared);
	RUN(udp_shared);
	RUN(bad_binds);
	RUN(who_is_killed_leaves_its_port);
	return t_done();
}
