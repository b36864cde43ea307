// SPDX-License-Identifier: GPL-2.0-or-later
/* cancel.c - pthread_cancel() of threads that are in the middle of calls */

#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

enum { ROUNDS = 40 };

static atomic_int cleaned;
static atomic_int turns;
static atomic_int errors;

static void clean_up(void *arg)
{
	int *fd = arg;

	if (*fd >= 0)
		close(*fd);
	cleaned++;
}

static void read_f(int fd)
{
	char buf[16];

	if (pread(fd, buf, sizeof(buf), 0) != 8 ||
	    memcmp(buf, "contents", 8) != 0)
		errors++;
}

/*
 * How many descriptors are left is not checked: glibc before 2.41 may cancel
 * between the call and its result.
 */
static void *open_and_read(void *arg)
{
	int fd = -1;

	(void)arg;
	pthread_cleanup_push(clean_up, &fd);
	for (;;) {
		fd = open("f", O_RDONLY);
		if (fd < 0)
			errors++;
		read_f(fd);
		turns++;
		close(fd);
		fd = -1;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

/* stat() is no cancellation point, so there is one behind it. */
static void *stat_often(void *arg)
{
	struct stat st;
	int fd = -1;

	(void)arg;
	pthread_cleanup_push(clean_up, &fd);
	for (;;) {
		if (stat("f", &st) < 0 || st.st_size != 8)
			errors++;
		turns++;
		pthread_testcancel();
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static int fifo;

/* Blocked in read until it is cancelled. */
static void *read_a_fifo(void *arg)
{
	char c;
	int fd = -1;

	(void)arg;
	pthread_cleanup_push(clean_up, &fd);
	turns++;
	if (read(fifo, &c, 1) != 1)
		errors++;
	pthread_cleanup_pop(0);
	return NULL;
}

/* Cancelled anywhere: only calls that are safe then. */
static void *any_moment(void *arg)
{
	struct stat st;
	int fd = -1;

	(void)arg;
	pthread_cleanup_push(clean_up, &fd);
	/* It is what is tested. */
	/* NOLINTNEXTLINE(cert-pos47-c,concurrency-thread-canceltype-asynchronous) */
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		syscall(SYS_stat, "f", &st);
		syscall(SYS_getppid);
		turns++;
	}
	pthread_cleanup_pop(0);
	return NULL;
}

static void cancel_in(void *(*fn)(void *))
{
	pthread_t thread;
	void *result;
	int i;

	cleaned = 0;
	errors = 0;
	for (i = 0; i < ROUNDS; i++) {
		turns = 0;
		CHECK_EQ(pthread_create(&thread, NULL, fn, NULL), 0);
		while (turns < 1 + i % 3)
			sched_yield();
		CHECK_EQ(pthread_cancel(thread), 0);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == PTHREAD_CANCELED);
	}
	CHECK_EQ(cleaned, ROUNDS);
	CHECK_EQ(errors, 0);
}

static void in_open_and_read(void)
{
	t_put("f", "contents");
	cancel_in(open_and_read);
}

static void behind_stat(void)
{
	t_put("f", "contents");
	cancel_in(stat_often);
}

static void in_a_blocked_read(void)
{
	int i = 0;

	CHECK_OK(mkfifo("p", 0644));
	fifo = (int)CHECK_OK(open("p", O_RDWR));
	turns = 0;
	for (; i < 2; i++) {
		pthread_t thread;
		void *result;

		cleaned = 0;
		turns = 0;
		pthread_create(&thread, NULL, read_a_fifo, NULL);
		while (turns < 1)
			sched_yield();
		CHECK_EQ(pthread_cancel(thread), 0);
		CHECK_EQ(pthread_join(thread, &result), 0);
		CHECK(result == PTHREAD_CANCELED);
		CHECK_EQ(cleaned, 1);
	}
}

static void at_any_moment(void)
{
	t_put("f", "contents");
	cancel_in(any_moment);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(in_open_and_read);
	RUN(behind_stat);
	RUN(in_a_blocked_read);
	RUN(at_any_moment);
	return t_done();
}
