// SPDX-License-Identifier: GPL-2.0-or-later
/* net_reuse.c - who may share a port, and which of them is heard of */
#include "net.h"

enum { FLOWS = 64 };

/* A socket at an address of its own port, with one option set; -1: taken. */
static int take(int type, const struct sockaddr_in *at, int option)
{
	int fd = (int)CHECK_OK(socket(AF_INET, type, 0));

	if (option)
		n_set(fd, SOL_SOCKET, option, 1);
	if (bind(fd, (const void *)at, sizeof(*at)) == 0)
		return fd;
	CHECK_EQ(errno, EADDRINUSE);
	close(fd);
	return -1;
}

static int dial(const struct sockaddr_in *to)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

	CHECK_OK(n_connect(fd, to));
	return fd;
}

/* Which of two has something to read, or to accept; both: 2. */
static int which(int a, int b)
{
	struct pollfd p[2] = { { .fd = a, .events = POLLIN },
			       { .fd = b, .events = POLLIN } };

	CHECK(poll(p, 2, 10000) > 0);
	return p[0].revents && p[1].revents ? 2 : p[1].revents ? 1 : 0;
}

static void listeners(void)
{
	struct sockaddr_in at = n_addr(0);
	int a = take(SOCK_STREAM, &at, SO_REUSEPORT), b, had[3] = { 0 };

	at = n_name(a);
	b = take(SOCK_STREAM, &at, SO_REUSEPORT);
	CHECK(b >= 0);
	CHECK_OK(listen(a, FLOWS));
	CHECK_OK(listen(b, FLOWS));
	CHECK_EQ(take(SOCK_STREAM, &at, 0), -1);
	CHECK_EQ(take(SOCK_STREAM, &at, SO_REUSEADDR), -1);
	for (int i = 0; i < FLOWS; i++) {
		int fd = dial(&at), who = which(a, b), c;

		had[who]++;
		c = (int)CHECK_OK(accept(who ? b : a, NULL, NULL));
		CHECK_EQ(n_peer(c).sin_port, n_name(fd).sin_port);
		close(fd);
		close(c);
	}
	CHECK(had[0] > 0 && had[1] > 0);
	CHECK_EQ(had[2], 0);
	/* one goes: the other has all */
	close(a);
	for (int i = 0; i < 8; i++) {
		int fd = dial(&at);

		close((int)CHECK_OK(accept(b, NULL, NULL)));
		close(fd);
	}
	/* and a third one comes */
	a = take(SOCK_STREAM, &at, SO_REUSEPORT);
	CHECK_OK(listen(a, FLOWS));
}

/* What waits for one that goes is refused, not given to the other. */
static void waits_for_one(void)
{
	struct sockaddr_in at = n_addr(0);
	int a = take(SOCK_STREAM, &at, SO_REUSEPORT), b, fd;
	char x;

	at = n_name(a);
	b = take(SOCK_STREAM, &at, SO_REUSEPORT);
	CHECK_OK(listen(a, FLOWS));
	CHECK_OK(listen(b, FLOWS));
	for (fd = dial(&at); which(a, b) != 0; fd = dial(&at)) {
		close((int)CHECK_OK(accept(b, NULL, NULL)));
		close(fd);
	}
	close(a);
	CHECK_ERRNO(read(fd, &x, 1), ECONNRESET);
}

/* A listener at the very address is asked before one at any. */
static void the_narrow_one(void)
{
	struct sockaddr_in any = n_addr(0), at;
	int a, b;

	any.sin_addr.s_addr = INADDR_ANY;
	a = take(SOCK_STREAM, &any, SO_REUSEPORT);
	at = n_addr(ntohs(n_name(a).sin_port));
	b = take(SOCK_STREAM, &at, SO_REUSEPORT);
	CHECK_OK(listen(b, FLOWS));
	CHECK_OK(listen(a, FLOWS));
	for (int i = 0; i < 16; i++) {
		int fd = dial(&at);

		CHECK_EQ(which(a, b), 1);
		close((int)CHECK_OK(accept(b, NULL, NULL)));
		close(fd);
	}
}

/* SO_REUSEADDR lets one bind to a port whose listener is gone. */
static void connections_stay(void)
{
	struct sockaddr_in at = n_addr(0);
	int l = take(SOCK_STREAM, &at, SO_REUSEADDR), fd, c, k;
	char x = 0;

	at = n_name(l);
	CHECK_OK(listen(l, 5));
	fd = dial(&at);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(take(SOCK_STREAM, &at, SO_REUSEADDR), -1);
	close(l);
	CHECK_EQ(take(SOCK_STREAM, &at, 0), -1);
	l = take(SOCK_STREAM, &at, SO_REUSEADDR);
	CHECK(l >= 0);
	CHECK_OK(listen(l, 5));
	k = dial(&at);
	CHECK_EQ(write(fd, "a", 1), 1);
	CHECK_EQ(read(c, &x, 1), 1);
	CHECK_EQ(x, 'a');
	CHECK_OK(accept(l, NULL, NULL));
	close(k);
}

/* A port with an end of a connection that was closed first. */
static struct sockaddr_in in_time_wait(int option)
{
	struct sockaddr_in at = n_addr(0);
	int l = take(SOCK_STREAM, &at, option), fd, c;
	char x;

	at = n_name(l);
	CHECK_OK(listen(l, 5));
	fd = dial(&at);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	close(c);
	CHECK_EQ(read(fd, &x, 1), 0);
	close(fd);
	close(l);
	return at;
}

static void time_wait(void)
{
	struct sockaddr_in at = in_time_wait(0);
	int fd;

	CHECK_EQ(take(SOCK_STREAM, &at, 0), -1);
	CHECK_EQ(take(SOCK_STREAM, &at, SO_REUSEADDR), -1);
	at = in_time_wait(SO_REUSEADDR);
	CHECK_EQ(take(SOCK_STREAM, &at, 0), -1);
	CHECK_EQ(take(SOCK_STREAM, &at, SO_REUSEPORT), -1);
	fd = take(SOCK_STREAM, &at, SO_REUSEADDR);
	CHECK(fd >= 0);
	CHECK_OK(listen(fd, 1));
	close(fd);
	at = in_time_wait(SO_REUSEPORT);
	CHECK_EQ(take(SOCK_STREAM, &at, SO_REUSEADDR), -1);
	fd = take(SOCK_STREAM, &at, SO_REUSEPORT);
	CHECK(fd >= 0);
	CHECK_OK(listen(fd, 1));
}

/* From the port that it had to where it was: what is left gives way. */
static void same_ports_again(void)
{
	struct sockaddr_in at, mine = n_addr(0);
	int l = n_listener(5, &at), kept[8];
	char x;

	for (size_t i = 0; i < T_COUNT(kept); i++) {
		int fd = take(SOCK_STREAM, &mine, SO_REUSEADDR);

		CHECK(fd >= 0);
		mine = n_name(fd);
		CHECK_OK(n_connect(fd, &at));
		kept[i] = (int)CHECK_OK(accept(l, NULL, NULL));
		CHECK_EQ(write(fd, "a", 1), 1);
		CHECK_EQ(read(kept[i], &x, 1), 1);
		/* the server's end is the first to go, and waits */
		CHECK_OK(shutdown(kept[i], SHUT_WR));
		CHECK_EQ(read(fd, &x, 1), 0);
		close(fd);
		CHECK_EQ(read(kept[i], &x, 1), 0);
	}
	/* their sockets are still there, and over */
	for (size_t i = 0; i < T_COUNT(kept); i++) {
		CHECK_EQ(n_error(kept[i]), 0);
		CHECK_ERRNO(getpeername(kept[i], (void *)&mine,
					&(socklen_t){ sizeof(mine) }),
			    ENOTCONN);
		CHECK_EQ(n_option(kept[i], IPPROTO_TCP, TCP_MAXSEG) > 0, 1);
		close(kept[i]);
	}
}

static int six(const struct sockaddr_in *at, bool only)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6,
				    .sin6_port = at->sin_port };
	int fd = (int)CHECK_OK(socket(AF_INET6, SOCK_STREAM, 0));

	n_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, only);
	if (bind(fd, (void *)&any, sizeof(any)) == 0)
		return fd;
	CHECK_EQ(errno, EADDRINUSE);
	close(fd);
	return -1;
}

/* A listener at any address, and where it is. */
static int any_port(struct sockaddr_in *at)
{
	int fd;

	*at = n_addr(0);
	at->sin_addr.s_addr = INADDR_ANY;
	fd = take(SOCK_STREAM, at, 0);
	*at = n_name(fd);
	CHECK_OK(listen(fd, 5));
	return fd;
}

/* The other family's port is another, but for a socket that takes both. */
static void both_families(void)
{
	struct sockaddr_in at, six4;
	int a = -1, b = -1, fd;

	/* the machine has others, and connections of theirs that are over */
	for (int i = 0; i < 100 && b < 0; i++) {
		if (i)
			close(a);
		a = any_port(&at);
		CHECK_EQ(six(&at, false), -1);
		b = six(&at, true);
	}
	CHECK(b >= 0);
	CHECK_OK(listen(b, 5));
	six4 = n_addr(ntohs(at.sin_port));
	fd = dial(&six4);
	CHECK_OK(accept(a, NULL, NULL));
	close(fd);
	close(a);
	CHECK_EQ(n_mask(b), 0);
}

/* Datagrams of one sender come to one of those that share. */
static void datagrams(void)
{
	struct sockaddr_in at = n_addr(0), mine;
	int a = take(SOCK_DGRAM, &at, SO_REUSEPORT), b, had[3] = { 0 };
	char c;

	at = n_name(a);
	b = take(SOCK_DGRAM, &at, SO_REUSEPORT);
	CHECK(b >= 0);
	CHECK_EQ(take(SOCK_DGRAM, &at, SO_REUSEADDR), -1);
	for (int i = 0; i < FLOWS; i++) {
		int fd = n_udp(&mine), who;

		CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), 1);
		who = which(a, b);
		had[who]++;
		CHECK_EQ(read(who ? b : a, &c, 1), 1);
		CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), 1);
		CHECK_EQ(which(a, b), who);
		CHECK_EQ(read(who ? b : a, &c, 1), 1);
		close(fd);
	}
	CHECK(had[0] > 0 && had[1] > 0);
	CHECK_EQ(had[2], 0);
	close(a);
	for (int i = 0; i < 8; i++) {
		int fd = n_udp(&mine);

		CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), 1);
		CHECK_EQ(read(b, &c, 1), 1);
		close(fd);
	}
}

/* One of them that is connected to the sender comes first. */
static void connected_datagrams(void)
{
	struct sockaddr_in at = n_addr(0), mine;
	int a = take(SOCK_DGRAM, &at, SO_REUSEPORT), b, c, fd = n_udp(&mine);
	char x;

	at = n_name(a);
	b = take(SOCK_DGRAM, &at, SO_REUSEPORT);
	c = take(SOCK_DGRAM, &at, SO_REUSEPORT);
	CHECK_OK(n_connect(b, &mine));
	for (int i = 0; i < 8; i++) {
		CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), 1);
		CHECK_EQ(read(b, &x, 1), 1);
	}
	/* and it gets nothing of others */
	for (int i = 0; i < 16; i++) {
		fd = n_udp(&mine);
		CHECK_EQ(sendto(fd, "x", 1, 0, (void *)&at, sizeof(at)), 1);
		CHECK_EQ(read(which(a, c) ? c : a, &x, 1), 1);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(listeners);
	RUN(waits_for_one);
	RUN(the_narrow_one);
	RUN(connections_stay);
	RUN(time_wait);
	RUN(same_ports_again);
	RUN(both_families);
	RUN(datagrams);
	RUN(connected_datagrams);
	return t_done();
}
