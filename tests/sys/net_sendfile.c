// SPDX-License-Identifier: GPL-2.0-or-later
/* net_sendfile.c - files and pipes into a connection, more than it has room for */
#include "net.h"

#include <sys/sendfile.h>

enum { MUCH = 6 << 20 };

static int big_file(void)
{
	t_fill("much", MUCH, 4);
	return t_open("much", O_RDONLY);
}

static void put_all(int fd, int file)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	off_t at = 0;

	while (at < MUCH) {
		ssize_t n = sendfile(fd, file, &at, MUCH);

		if (n < 0 && errno == EAGAIN) {
			if (!CHECK_EQ(poll(&p, 1, 10000), 1))
				return;
			continue;
		}
		if (!CHECK(n > 0))
			return;
	}
}

static void there(bool from_accepted, bool waits)
{
	int a, b, from;
	pid_t pid;

	n_pair(&a, &b);
	from = from_accepted ? b : a;
	pid = t_fork();
	if (pid == 0) {
		close(from);
		CHECK(n_recv(from == a ? b : a, MUCH, 4));
		_exit(0);
	}
	close(from == a ? b : a);
	if (!waits)
		n_nonblock(from);
	put_all(from, big_file());
	CHECK_EQ(t_wait(pid), 0);
}

static void waiting(void)
{
	there(false, true);
}

static void waiting_from_accepted(void)
{
	there(true, true);
}

static void not_waiting(void)
{
	there(false, false);
}

static void not_waiting_from_accepted(void)
{
	there(true, false);
}

/* All that fits a pipe, in one piece after the other. */
static void spliced(void)
{
	int a, b, way[2], file = big_file();
	loff_t at = 0;
	pid_t pid;

	n_pair(&a, &b);
	CHECK_OK(pipe(way));
	pid = t_fork();
	if (pid == 0) {
		close(a);
		CHECK(n_recv(b, MUCH, 4));
		_exit(0);
	}
	close(b);
	while (at < MUCH) {
		ssize_t n = splice(file, &at, way[1], NULL, 65536, 0);

		while (n > 0) {
			ssize_t put =
				splice(way[0], NULL, a, NULL, (size_t)n, 0);

			if (!CHECK(put > 0))
				return;
			n -= put;
		}
	}
	CHECK_EQ(t_wait(pid), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(waiting);
	RUN(waiting_from_accepted);
	RUN(not_waiting);
	RUN(not_waiting_from_accepted);
	RUN(spliced);
	return t_done();
}
