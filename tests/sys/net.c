// SPDX-License-Identifier: GPL-2.0-or-later
/* net.c - sockets of the loopback for the programs net_*.c */
#include "net.h"

struct sockaddr_in n_addr(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port) };

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return a;
}

struct sockaddr_in n_name(int fd)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);

	CHECK_OK(getsockname(fd, (void *)&a, &len));
	CHECK_EQ(len, sizeof(a));
	return a;
}

struct sockaddr_in n_peer(int fd)
{
	struct sockaddr_in a = { 0 };
	socklen_t len = sizeof(a);

	CHECK_OK(getpeername(fd, (void *)&a, &len));
	CHECK_EQ(len, sizeof(a));
	return a;
}

int n_connect(int fd, const struct sockaddr_in *to)
{
	return connect(fd, (const void *)to, sizeof(*to));
}

int n_bind(int fd, int port)
{
	struct sockaddr_in a = n_addr(port);

	return bind(fd, (void *)&a, sizeof(a));
}

int n_listener(int backlog, struct sockaddr_in *name)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_OK(n_bind(fd, 0));
	CHECK_OK(listen(fd, backlog));
	*name = n_name(fd);
	return fd;
}

void n_pair(int *a, int *b)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name);

	*a = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	CHECK_OK(n_connect(*a, &name));
	*b = (int)CHECK_OK(accept(l, NULL, NULL));
	close(l);
}

int n_udp(struct sockaddr_in *name)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(n_bind(fd, 0));
	*name = n_name(fd);
	return fd;
}

int n_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	CHECK_OK(getsockopt(fd, level, name, &value, &len));
	return value;
}

int n_error(int fd)
{
	return n_option(fd, SOL_SOCKET, SO_ERROR);
}

void n_set(int fd, int level, int name, int value)
{
	CHECK_OK(setsockopt(fd, level, name, &value, sizeof(value)));
}

void n_nonblock(int fd)
{
	CHECK_OK(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK));
}

int n_mask(int fd)
{
	struct pollfd p = { .fd = fd, .events = N_EVENTS };

	CHECK_OK(poll(&p, 1, 0));
	return p.revents;
}

bool n_settles(int fd, int want)
{
	int got = 0;

	for (int i = 0; i < 800; i++) {
		got = n_mask(fd);
		if (got == want)
			return true;
		usleep(10000);
	}
	t_note("events %#x, not %#x", got, want);
	return false;
}

bool n_send(int fd, size_t len, unsigned int seed)
{
	char buf[8192];

	for (size_t at = 0; at < len;) {
		size_t n = sizeof(buf);
		ssize_t put;

		if (n > len - at)
			n = len - at;
		for (size_t i = 0; i < n; i++)
			buf[i] = t_byte(at + i, seed);
		put = write(fd, buf, n);
		if (put <= 0)
			return false;
		at += (size_t)put;
	}
	return true;
}

bool n_recv(int fd, size_t len, unsigned int seed)
{
	char buf[16384];

	for (size_t at = 0; at < len;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n <= 0)
			return false;
		for (ssize_t i = 0; i < n; i++)
			if (buf[i] != t_byte(at + (size_t)i, seed))
				return false;
		at += (size_t)n;
	}
	return true;
}
