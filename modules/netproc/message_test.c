// SPDX-License-Identifier: GPL-2.0-or-later
/* message_test.c - messages with and without a descriptor, and what is none */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cmocka.h>

#include "message.h"

/* An end each: of the module, of the process; and a pipe to give away. */
static int module, process, pipes[2];
static uint8_t room[ST_DATA_MAX];

static int setup(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_int_equal(pipe(pipes), 0);
	module = ends[0];
	process = ends[1];
	return 0;
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int teardown(void **state)
{
	(void)state;
	shut(&module);
	shut(&process);
	shut(&pipes[0]);
	shut(&pipes[1]);
	return 0;
}

static int ask(uint32_t len, const char *data, int fd)
{
	struct st_req q = { .op = ST_FILE, .tag = 7, .len = len };
	struct iovec iov[2] = { { &q, sizeof(q) },
				{ (void *)(uintptr_t)data, strlen(data) } };

	return message_send(module, iov, 2, fd, 0);
}

/* Whoever had the other end of the pipe has closed it. */
static bool pipe_is_shut(void)
{
	char byte;

	shut(&pipes[1]);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	return read(pipes[0], &byte, 1) == 0;
}

static void carries_a_descriptor(void **state)
{
	struct st_req q;
	struct stat sent, got;
	int fd = -1;

	(void)state;
	assert_int_equal(ask(5, "/proc", pipes[1]), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), 0);
	assert_int_equal(q.op, ST_FILE);
	assert_int_equal(q.tag, 7);
	assert_memory_equal(room, "/proc", 5);
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fstat(pipes[1], &sent);
	fstat(fd, &got);
	assert_int_equal(sent.st_ino, got.st_ino);
	assert_int_not_equal(fcntl(pipes[1], F_GETFD), -1);
	close(fd);
}

static void says_where_there_is_none(void **state)
{
	struct st_req q;
	int fd = 0;

	(void)state;
	assert_int_equal(ask(0, "", -1), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), 0);
	assert_int_equal(fd, -1);
}

static void takes_none_that_is_not_wanted(void **state)
{
	struct st_req q;

	(void)state;
	assert_int_equal(ask(0, "", pipes[1]), 0);
	assert_int_equal(message_request(process, 0, &q, room, NULL), 0);
	assert_true(pipe_is_shut());
}

static void answers_with_what_was_found(void **state)
{
	struct st_rep rep = { .tag = 7, .ret = 2, .id = 9, .len = 4 }, got;
	struct iovec iov[2] = { { &got, sizeof(got) }, { room, sizeof(room) } };
	int fd = -1;

	(void)state;
	message_answer(process, &rep, "text and more", pipes[0]);
	assert_int_equal(message_receive(module, iov, 2, 0, &fd),
			 sizeof(rep) + 4);
	assert_memory_equal(&rep, &got, sizeof(rep));
	assert_memory_equal(room, "text", 4);
	assert_true(fd >= 0);
	close(fd);
}

static void refuses_another_length_than_told(void **state)
{
	struct st_req q;
	int fd;

	(void)state;
	assert_int_equal(ask(6, "/proc", pipes[1]), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), -EPROTO);
	assert_int_equal(q.tag, 7);
	/* it is still the caller's to close */
	assert_int_equal(close(fd), 0);
	assert_int_equal(ask(4, "/proc", -1), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), -EPROTO);
	assert_int_equal(fd, -1);
}

static void keeps_nothing_of_what_is_no_request(void **state)
{
	struct iovec iov = { room, 3 };
	struct st_req q;
	int fd = 0;

	(void)state;
	assert_int_equal(message_send(module, &iov, 1, pipes[1], 0), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), -EPIPE);
	assert_int_equal(fd, -1);
	assert_true(pipe_is_shut());
}

static void does_not_wait_if_told_so(void **state)
{
	struct iovec iov = { room, sizeof(room) };
	struct st_req q;
	int fd, ret = 0;

	(void)state;
	assert_int_equal(message_request(process, MSG_DONTWAIT, &q, room, &fd),
			 -EAGAIN);
	for (int n = 0; n < 10000 && ret == 0; n++)
		ret = message_send(module, &iov, 1, -1, MSG_DONTWAIT);
	assert_int_equal(ret, -EAGAIN);
}

/* And no signal comes of it. */
static void sees_that_the_other_is_gone(void **state)
{
	struct iovec iov = { room, sizeof(room) };
	struct st_rep rep = { .tag = 1 };
	struct st_req q;
	int fd;

	(void)state;
	shut(&module);
	assert_int_equal(message_receive(process, &iov, 1, 0, &fd), 0);
	assert_int_equal(message_request(process, 0, &q, room, &fd), -EPIPE);
	assert_int_equal(message_send(process, &iov, 1, -1, 0), -EPIPE);
	message_answer(process, &rep, NULL, -1);
}

static volatile sig_atomic_t ticks;

static void on_tick(int sig)
{
	(void)sig;
	if (++ticks == 5)
		(void)!ask(0, "", -1);
}

static void is_not_interrupted(void **state)
{
	const struct sigaction act = { .sa_handler = on_tick };
	const struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	const struct itimerval never = { 0 };
	struct sigaction old;
	struct st_req q;
	int ret, fd;

	(void)state;
	ticks = 0;
	sigaction(SIGALRM, &act, &old);
	setitimer(ITIMER_REAL, &often, NULL);
	ret = message_request(process, 0, &q, room, &fd);
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_int_equal(ret, 0);
	assert_true(ticks >= 5);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(carries_a_descriptor),
		TEST(says_where_there_is_none),
		TEST(takes_none_that_is_not_wanted),
		TEST(answers_with_what_was_found),
		TEST(refuses_another_length_than_told),
		TEST(keeps_nothing_of_what_is_no_request),
		TEST(does_not_wait_if_told_so),
		TEST(sees_that_the_other_is_gone),
		TEST(is_not_interrupted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
