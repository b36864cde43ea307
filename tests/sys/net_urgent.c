// SPDX-License-Identifier: GPL-2.0-or-later
/* net_urgent.c - urgent data: MSG_OOB, its mark, its signal, and in line */
#include <fcntl.h>
#include <signal.h>

#include "net.h"

enum { ROUNDS = 300, MANY = 200000 };

static volatile sig_atomic_t signals;

static void on_urgent(int sig)
{
	(void)sig;
	signals = signals + 1;
}

static int at_mark(int fd)
{
	int at = -1;

	CHECK_OK(ioctl(fd, SIOCATMARK, &at));
	return at;
}

static void send_urgent(int fd, const char *s)
{
	CHECK_EQ(send(fd, s, strlen(s), MSG_OOB), (long)strlen(s));
}

static bool waits_for_mark(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLPRI };

	return poll(&p, 1, 10000) == 1 && p.revents == POLLPRI;
}

/* What comes is this, before the mark or the end of what there is. */
static void expect(int fd, const char *s)
{
	char buf[64] = { 0 };
	size_t n = 0, want = strlen(s);
	ssize_t got = 1;

	while (n < want && got > 0) {
		got = read(fd, buf + n, sizeof(buf) - 1 - n);
		if (got > 0)
			n += (size_t)got;
	}
	CHECK_STR(buf, s);
}

static void beside_the_stream(void)
{
	char c = 0;
	int a, b;

	n_pair(&a, &b);
	CHECK_EQ(at_mark(b), 0);
	CHECK_ERRNO(recv(b, &c, 1, MSG_OOB), EINVAL);
	CHECK_EQ(write(a, "abc", 3), 3);
	send_urgent(a, "xy!");
	CHECK(waits_for_mark(b));
	CHECK_EQ(write(a, "def", 3), 3);
	CHECK_MASK(b, POLLIN | POLLPRI | POLLOUT);
	CHECK_EQ(recv(b, &c, 1, MSG_OOB | MSG_PEEK), 1);
	CHECK_EQ(c, '!');
	CHECK_EQ(at_mark(b), 0);
	expect(b, "abcxy");
	CHECK_EQ(at_mark(b), 1);
	c = 0;
	CHECK_EQ(recv(b, &c, 1, MSG_OOB), 1);
	CHECK_EQ(c, '!');
	CHECK_ERRNO(recv(b, &c, 1, MSG_OOB), EINVAL);
	expect(b, "def");
	CHECK_EQ(at_mark(b), 0);
	close(a);
	close(b);
}

/* Who does not ask for it goes past it. */
static void passed_over(void)
{
	char c;
	int a, b;

	n_pair(&a, &b);
	send_urgent(a, "1");
	CHECK(waits_for_mark(b));
	CHECK_EQ(write(a, "23", 2), 2);
	expect(b, "23");
	CHECK_ERRNO(recv(b, &c, 1, MSG_OOB), EINVAL);
	CHECK_MASK(b, POLLOUT);
	close(a);
	close(b);
}

static void check_in_line(int a, int b)
{
	char c;

	CHECK_EQ(n_option(b, SOL_SOCKET, SO_OOBINLINE), 1);
	CHECK_EQ(write(a, "abc", 3), 3);
	send_urgent(a, "!");
	CHECK(waits_for_mark(b));
	CHECK_EQ(write(a, "def", 3), 3);
	CHECK_ERRNO(recv(b, &c, 1, MSG_OOB), EINVAL);
	expect(b, "abc");
	CHECK_EQ(at_mark(b), 1);
	expect(b, "!def");
	CHECK_EQ(at_mark(b), 0);
	CHECK_MASK(b, POLLOUT);
}

static void in_line(void)
{
	int a, b;

	n_pair(&a, &b);
	n_set(b, SOL_SOCKET, SO_OOBINLINE, 1);
	check_in_line(a, b);
	close(b);
	close(a);
}

/* The option is the listener's, or was set before connect(2). */
static void in_line_before(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name), a, b;

	n_set(l, SOL_SOCKET, SO_OOBINLINE, 1);
	a = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	n_set(a, SOL_SOCKET, SO_OOBINLINE, 1);
	CHECK_OK(n_connect(a, &name));
	b = (int)CHECK_OK(accept(l, NULL, NULL));
	check_in_line(a, b);
	check_in_line(b, a);
	close(b);
	close(a);
	close(l);
}

static void signalled(void)
{
	struct sigaction sa = { .sa_handler = on_urgent };
	int a, b;

	n_pair(&a, &b);
	CHECK_OK(sigaction(SIGURG, &sa, NULL));
	CHECK_OK(fcntl(b, F_SETOWN, getpid()));
	send_urgent(a, "!");
	for (int i = 0; i < 10000 && !signals; i++)
		usleep(1000);
	CHECK(signals > 0);
	close(a);
	close(b);
}

/* One after another, whoever is faster: each mark is where it belongs. */
static void again_and_again(void)
{
	char c = 0;
	int a, b;

	n_pair(&a, &b);
	n_set(b, SOL_SOCKET, SO_OOBINLINE, 1);
	for (int i = 0; i < ROUNDS; i++) {
		if (i % 3)
			CHECK_EQ(write(a, "before", 6), 6);
		send_urgent(a, i % 2 ? "now!" : "!");
		if (i % 4 == 0)
			CHECK_EQ(write(a, "after", 5), 5);
		CHECK(waits_for_mark(b));
		if (i % 3 || i % 2)
			expect(b, i % 3 == 0 ? "now"
				  : i % 2    ? "beforenow"
					     : "before");
		CHECK_EQ(at_mark(b), 1);
		CHECK_EQ(read(b, &c, 1), 1);
		CHECK_EQ(c, '!');
		if (i % 4 == 0)
			expect(b, "after");
		CHECK_EQ(at_mark(b), 0);
	}
	close(a);
	close(b);
}

/* The mark is behind more than fits anywhere. */
static void behind_much(void)
{
	char c = 0;
	int a, b;
	pid_t pid;

	n_pair(&a, &b);
	n_set(b, SOL_SOCKET, SO_OOBINLINE, 1);
	pid = t_fork();
	if (pid == 0) {
		CHECK(n_send(a, MANY, 7));
		send_urgent(a, "!");
		CHECK(n_send(a, MANY, 8));
		_exit(0);
	}
	close(a);
	CHECK(n_recv(b, MANY, 7));
	CHECK(waits_for_mark(b));
	CHECK_EQ(at_mark(b), 1);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(c, '!');
	CHECK(n_recv(b, MANY, 8));
	CHECK_EQ(t_wait(pid), 0);
	close(b);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(beside_the_stream);
	RUN(passed_over);
	RUN(in_line);
	RUN(in_line_before);
	RUN(signalled);
	RUN(again_and_again);
	RUN(behind_much);
	return t_done();
}
