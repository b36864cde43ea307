// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netbench.c - what a TCP connection costs, from one program to another
 *
 * usage: netbench serve ADDRESS		until it is killed
 *        netbench WHAT COUNT			prints nanoseconds, for one
 *
 * WHAT:  send, receive	COUNT MiB, in pieces of 128 KiB
 *	  small		COUNT writes of 64 bytes
 *	  ping		COUNT times a byte there and back
 *	  connect	COUNT connections, one after another
 *	  crowd		a byte there and back, over COUNT connections at once
 *
 * The server's address is in BENCH_NET.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 4711, PIECE = 128 << 10, MIB = 1 << 20, FDS = 4096 };

static char piece[PIECE];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in address(const char *text)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(PORT) };

	if (!text || inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		fprintf(stderr, "netbench: no address\n");
		exit(2);
	}
	return a;
}

/* ---- the server: the first byte of a connection says what it is for ---- */

static struct {
	char mode; /* 0: not told yet; s: swallow; r: give; e: echo */
	uint64_t left;
} peers[FDS];

/* Blocks: who swallows or gives does so alone. */
static void give(int fd)
{
	uint64_t left = peers[fd].left * MIB;

	while (left > 0) {
		size_t want = left < PIECE ? (size_t)left : PIECE;
		ssize_t n = write(fd, piece, want);

		if (n <= 0)
			break;
		left -= (uint64_t)n;
	}
}

static bool begin(int fd)
{
	struct {
		char mode;
		char pad[7];
		uint64_t count;
	} head;

	if (recv(fd, &head, sizeof(head), MSG_WAITALL) != sizeof(head))
		return false;
	peers[fd].mode = head.mode;
	peers[fd].left = head.count;
	if (head.mode != 'r')
		return true;
	give(fd);
	return false;
}

/* Of what was wanted, the last byte is answered. */
static bool swallow(int fd)
{
	ssize_t n = read(fd, piece, PIECE);

	if (n <= 0)
		return false;
	peers[fd].left -= (uint64_t)n;
	return peers[fd].left > 0 || write(fd, "k", 1) == 1;
}

static bool echo(int fd)
{
	char buf[64];
	ssize_t n = read(fd, buf, sizeof(buf));

	return n > 0 && write(fd, buf, (size_t)n) == n;
}

static void serve_one(int fd)
{
	bool more = !peers[fd].mode	    ? begin(fd)
		    : peers[fd].mode == 's' ? swallow(fd)
					    : echo(fd);

	if (more)
		return;
	peers[fd].mode = 0;
	close(fd);
}

static void take(int ep, int listener)
{
	const int on = 1;
	struct epoll_event e = { .events = EPOLLIN };
	int fd = accept(listener, NULL, NULL);

	if (fd < 0 || fd >= FDS)
		die("accept");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	peers[fd].mode = 0;
	e.data.fd = fd;
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static void serve(const char *where)
{
	const struct sockaddr_in a = address(where);
	const int on = 1;
	int l = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);
	struct epoll_event e = { .events = EPOLLIN, .data.fd = l }, got[64];

	setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(l, (const void *)&a, sizeof(a)) < 0 || listen(l, 1024) < 0)
		die("listen");
	epoll_ctl(ep, EPOLL_CTL_ADD, l, &e);
	for (;;) {
		int n = epoll_wait(ep, got, 64, -1);

		for (int i = 0; i < n; i++)
			if (got[i].data.fd == l)
				take(ep, l);
			else
				serve_one(got[i].data.fd);
	}
}

/* ---- the client ---- */

static struct sockaddr_in to;

static int dial(void)
{
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (const void *)&to, sizeof(to)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

static int dial_for(char mode, uint64_t count)
{
	const struct {
		char mode;
		char pad[7];
		uint64_t count;
	} head = { .mode = mode, .count = count };
	int fd = dial();

	if (write(fd, &head, sizeof(head)) != sizeof(head))
		die("write");
	return fd;
}

static void all_out(int fd, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = write(fd, piece, n - at);

		if (put <= 0)
			die("write");
		at += (size_t)put;
	}
}

static void swallowed(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		die("read");
	close(fd);
}

static void do_send(long count)
{
	int fd = dial_for('s', (uint64_t)count * MIB);

	for (long i = 0; i < count * (MIB / PIECE); i++)
		all_out(fd, PIECE);
	swallowed(fd);
}

static void do_receive(long count)
{
	int fd = dial_for('r', (uint64_t)count);
	uint64_t left = (uint64_t)count * MIB;

	while (left > 0) {
		ssize_t n = read(fd, piece, PIECE);

		if (n <= 0)
			die("read");
		left -= (uint64_t)n;
	}
	close(fd);
}

static void do_small(long count)
{
	int fd = dial_for('s', (uint64_t)count * 64);

	for (long i = 0; i < count; i++)
		all_out(fd, 64);
	swallowed(fd);
}

static void there_and_back(int fd)
{
	char c = 'x';

	if (write(fd, &c, 1) != 1 || read(fd, &c, 1) != 1)
		die("there and back");
}

static void do_ping(long count)
{
	int fd = dial_for('e', 0);

	for (long i = 0; i < count; i++)
		there_and_back(fd);
	close(fd);
}

static void do_connect(long count)
{
	for (long i = 0; i < count; i++)
		close(dial());
}

static int crowd[FDS];

static void gather(long count)
{
	const struct rlimit most = { FDS, FDS };

	setrlimit(RLIMIT_NOFILE, &most);
	for (long i = 0; i < count && i < FDS - 16; i++)
		crowd[i] = dial_for('e', 0);
	there_and_back(crowd[count - 1]);
}

/* All of them are under way at once. */
static void do_crowd(long count)
{
	char c = 'x';

	for (long i = 0; i < count; i++)
		if (write(crowd[i], &c, 1) != 1)
			die("write");
	for (long i = 0; i < count; i++)
		if (read(crowd[i], &c, 1) != 1)
			die("read");
}

static const struct {
	const char *name;
	void (*before)(long count);
	void (*run)(long count);
} measures[] = {
	{ "send", NULL, do_send },	 { "receive", NULL, do_receive },
	{ "small", NULL, do_small },	 { "ping", NULL, do_ping },
	{ "connect", NULL, do_connect }, { "crowd", gather, do_crowd },
};

int main(int argc, char **argv)
{
	const struct rlimit most = { FDS, FDS };

	if (argc != 3)
		return 2;
	if (!strcmp(argv[1], "serve")) {
		setrlimit(RLIMIT_NOFILE, &most);
		serve(argv[2]);
	}
	to = address(getenv("BENCH_NET"));
	for (size_t i = 0; i < sizeof(measures) / sizeof(measures[0]); i++) {
		long count = strtol(argv[2], NULL, 10);
		long long from;

		if (strcmp(argv[1], measures[i].name) || count < 1)
			continue;
		if (measures[i].before)
			measures[i].before(count);
		from = now();
		measures[i].run(count);
		printf("%lld\n", (now() - from) / count);
		return 0;
	}
	return 2;
}
