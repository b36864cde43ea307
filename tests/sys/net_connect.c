// SPDX-License-Identifier: GPL-2.0-or-later
/* net_connect.c - connect(2): at once, later, refused, interrupted, too late */
#include "net.h"

#include <sys/un.h>

/* A port where nobody listens. */
static struct sockaddr_in nobody(void)
{
	struct sockaddr_in name;
	int fd = n_listener(1, &name);

	close(fd);
	return name;
}

/*
 * A listener that takes no more: who connects waits. *fds: who is in its
 * queue.
 */
static int busy_listener(struct sockaddr_in *name, int fds[4])
{
	int l = n_listener(0, name);

	for (int i = 0; i < 4; i++) {
		fds[i] = (int)CHECK_OK(
			socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
		CHECK_ERRNO(n_connect(fds[i], name), EINPROGRESS);
		usleep(20000);
	}
	return l;
}

static void refused(void)
{
	struct sockaddr_in to = nobody();
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_ERRNO(n_connect(fd, &to), ECONNREFUSED);
	CHECK_EQ(n_error(fd), 0);
	CHECK_EQ(n_mask(fd), POLLOUT | POLLHUP);
	/* and may be tried again */
	CHECK_ERRNO(n_connect(fd, &to), ECONNREFUSED);
}

static void tried_again(void)
{
	struct sockaddr_in to = nobody(), name;
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), l, c;
	char x;

	CHECK_ERRNO(n_connect(fd, &to), ECONNREFUSED);
	l = n_listener(1, &name);
	CHECK_OK(n_connect(fd, &name));
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(write(c, "x", 1), 1);
	CHECK_EQ(read(fd, &x, 1), 1);
}

static void refused_later(void)
{
	struct sockaddr_in to = nobody();
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	char c;

	CHECK_ERRNO(n_connect(fd, &to), EINPROGRESS);
	CHECK_MASK(fd, N_RESET);
	CHECK_EQ(n_error(fd), ECONNREFUSED);
	CHECK_EQ(n_error(fd), 0);
	CHECK_EQ(read(fd, &c, 1), 0);
}

static void later(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name), c;
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
	struct epoll_event e = { .events = EPOLLOUT | EPOLLET };
	int ep = (int)CHECK_OK(epoll_create1(0));
	char x;

	CHECK_ERRNO(n_connect(fd, &name), EINPROGRESS);
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	CHECK_EQ(e.events, EPOLLOUT);
	CHECK_EQ(n_error(fd), 0);
	CHECK_MASK(fd, POLLOUT);
	CHECK_OK(n_connect(fd, &name));
	CHECK_ERRNO(n_connect(fd, &name), EISCONN);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(read(c, &x, 1), 1);
	CHECK_EQ(x, 'x');
	CHECK_EQ(write(c, "y", 1), 1);
	CHECK_MASK(fd, POLLIN | POLLOUT);
	CHECK_EQ(read(fd, &x, 1), 1);
	CHECK_EQ(x, 'y');
}

static void underway(void)
{
	struct sockaddr_in name, peer;
	socklen_t len = sizeof(peer);
	int fds[4], l = busy_listener(&name, fds), fd = fds[3];
	char c;

	CHECK_EQ(n_mask(fd), 0);
	CHECK_ERRNO(n_connect(fd, &name), EALREADY);
	CHECK_ERRNO(send(fd, "x", 1, MSG_NOSIGNAL), EAGAIN);
	CHECK_ERRNO(read(fd, &c, 1), EAGAIN);
	CHECK_ERRNO(getpeername(fd, (void *)&peer, &len), ENOTCONN);
	CHECK_EQ(n_error(fd), 0);
	CHECK(n_name(fd).sin_port != 0);
	CHECK_ERRNO(listen(fd, 1), EINVAL);
	/* whoever waits gets in as there is room */
	close((int)CHECK_OK(accept(l, NULL, NULL)));
	close((int)CHECK_OK(accept(l, NULL, NULL)));
}

static void interrupted(void)
{
	struct sockaddr_in name;
	int fds[4], l = busy_listener(&name, fds);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), done[2];
	pid_t parent = getpid(), pid;

	t_handler(SIGUSR1, 0);
	CHECK_OK(pipe(done));
	pid = t_fork();
	if (pid == 0) {
		close(done[1]);
		t_signal_until(parent, SIGUSR1, done[0]);
		_exit(0);
	}
	CHECK_ERRNO(n_connect(fd, &name), EINTR);
	close(done[1]);
	CHECK_EQ(t_wait(pid), 0);
	n_nonblock(fd);
	CHECK_ERRNO(n_connect(fd, &name), EALREADY);
	CHECK_EQ(n_mask(fd), 0);
	close(l);
}

static void too_late(void)
{
	struct timeval t = { .tv_usec = 100000 };
	struct sockaddr_in name;
	int fds[4];
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	busy_listener(&name, fds);
	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &t, sizeof(t)));
	CHECK_ERRNO(n_connect(fd, &name), EINPROGRESS);
	CHECK_ERRNO(n_connect(fd, &name), EALREADY);
}

static void closed_underway(void)
{
	struct sockaddr_in name;
	int fds[4], l = busy_listener(&name, fds), n = 0;

	for (int i = 0; i < 4; i++)
		close(fds[i]);
	n_nonblock(l);
	/* some had come in; the others never do */
	usleep(100000);
	for (int c; (c = accept(l, NULL, NULL)) >= 0; n++)
		close(c);
	CHECK(n <= 4);
}

static void bad_addresses(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	struct sockaddr_in to = n_addr(9);
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	CHECK_ERRNO(connect(fd, (void *)&to, 3), EINVAL);
	CHECK_ERRNO(connect(fd, (void *)&to, 15), EINVAL);
	CHECK_ERRNO(connect(fd, (void *)&six, sizeof(six)), EAFNOSUPPORT);
	CHECK_ERRNO(connect(fd, (void *)&sun, sizeof(sun)), EAFNOSUPPORT);
	CHECK_ERRNO(connect(fd, T_BAD_PTR, sizeof(to)), EFAULT);
	CHECK_ERRNO(connect(fd, (void *)&to, (socklen_t)-1), EINVAL);
	CHECK_ERRNO(connect(fd, (void *)&to, 4096), EINVAL);
	to.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	CHECK_ERRNO2(n_connect(fd, &to), ENETUNREACH, EACCES);
	CHECK_ERRNO(connect(-1, (void *)&to, sizeof(to)), EBADF);
}

/* To nowhere means to this host. */
static void to_any(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	name.sin_addr.s_addr = INADDR_ANY;
	CHECK_OK(n_connect(fd, &name));
	CHECK_EQ(n_peer(fd).sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	close(l);
}

static void of_a_listener(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);

	CHECK_ERRNO(n_connect(l, &name), EISCONN);
}

static void mapped(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 }, got;
	struct sockaddr_in name;
	socklen_t len = sizeof(got);
	int l = (int)CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0)), c, fd;

	n_set(l, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	CHECK_OK(bind(l, (void *)&six, sizeof(six)));
	CHECK_OK(listen(l, 5));
	CHECK_OK(getsockname(l, (void *)&six, &len));
	CHECK_EQ(len, sizeof(six));
	name = n_addr(ntohs(six.sin6_port));
	fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(n_connect(fd, &name));
	c = (int)CHECK_OK(accept(l, (void *)&got, &len));
	CHECK_EQ(len, sizeof(got));
	CHECK(IN6_IS_ADDR_V4MAPPED(&got.sin6_addr));
	CHECK_EQ(got.sin6_port, n_name(fd).sin_port);
	CHECK_OK(getsockname(c, (void *)&got, &len));
	CHECK(IN6_IS_ADDR_V4MAPPED(&got.sin6_addr));
	close(fd);
	close(c);
	/* and the other way */
	fd = (int)CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	got = (struct sockaddr_in6){ .sin6_family = AF_INET6,
				     .sin6_port = six.sin6_port };
	inet_pton(AF_INET6, "::ffff:127.0.0.1", &got.sin6_addr);
	CHECK_OK(connect(fd, (void *)&got, sizeof(got)));
	close((int)CHECK_OK(accept(l, NULL, NULL)));
	close(fd);
	fd = (int)CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));
	got.sin6_addr = in6addr_loopback;
	CHECK_OK(connect(fd, (void *)&got, sizeof(got)));
	c = (int)CHECK_OK(accept(l, (void *)&got, &len));
	CHECK(IN6_IS_ADDR_LOOPBACK(&got.sin6_addr));
	close(c);
	close(fd);
	close(l);
}

static void six_only(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in name;
	socklen_t len = sizeof(six);
	int l = (int)CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0)), fd;

	n_set(l, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	CHECK_OK(bind(l, (void *)&six, sizeof(six)));
	CHECK_OK(listen(l, 5));
	CHECK_OK(getsockname(l, (void *)&six, &len));
	name = n_addr(ntohs(six.sin6_port));
	fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_ERRNO(n_connect(fd, &name), ECONNREFUSED);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(refused);
	RUN(tried_again);
	RUN(refused_later);
	RUN(later);
	RUN(underway);
	RUN(interrupted);
	RUN(too_late);
	RUN(closed_underway);
	RUN(bad_addresses);
	RUN(to_any);
	RUN(of_a_listener);
	RUN(mapped);
	RUN(six_only);
	return t_done();
}
