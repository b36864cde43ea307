// SPDX-License-Identifier: GPL-2.0-or-later
/* process_test.c - threads, children and other programs */
#include <pthread.h>
#include <sched.h>
#include <spawn.h>

#include "fixture.h"

static void *in_thread(void *arg)
{
	(void)arg;
	for (int i = 0; i < 100; i++)
		replaceable_getpid();
	if (!(flags & PUREFLAG_NODISPATCH))
		fixed_call(SYS_getuid, 0, 0);
	return NULL;
}

static void threads_are_captured(void)
{
	pthread_t thread;

	start();
	for (int i = 0; i < 20; i++) {
		CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
	}
	CHECK(seen[SYS_getpid] == 2000);
	if (!(flags & PUREFLAG_NODISPATCH))
		CHECK(seen[SYS_getuid] == 20);
}

static void *wait_for_byte(void *arg)
{
	char c;

	read(*(int *)arg, &c, 1);
	return NULL;
}

static void starting_needs_a_single_thread(void)
{
	pthread_t thread;
	int fd[2];

	CHECK(pipe(fd) == 0);
	CHECK(pthread_create(&thread, NULL, wait_for_byte, &fd[0]) == 0);
	CHECK(!_pure_start(count, flags) && errno == EBUSY);
	CHECK(write(fd[1], "x", 1) == 1);
	CHECK(pthread_join(thread, NULL) == 0);
}

#ifdef __GLIBC__
static void a_blocked_thread_can_be_cancelled(void)
{
	pthread_t thread;
	void *status;
	int fd[2];

	CHECK(pipe(fd) == 0);
	start();
	CHECK(pthread_create(&thread, NULL, wait_for_byte, &fd[0]) == 0);
	while (!seen[SYS_read])
		sched_yield();
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &status) == 0);
	CHECK(status == PTHREAD_CANCELED);
	replaceable_getpid();
	CHECK(seen[SYS_getpid] >= 1);
}
#endif

static void a_forked_child_is_captured(void)
{
	int status;
	pid_t pid;

	start();
	pid = fork();
	if (pid == 0) {
		int before = seen[SYS_getpid];

		replaceable_getpid();
		if (!(flags & PUREFLAG_NODISPATCH))
			CHECK(fixed_call(SYS_getpid, 0, 0) == getpid());
		_exit(seen[SYS_getpid] - before);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	CHECK(WEXITSTATUS(status) >= ((flags & PUREFLAG_NODISPATCH) ? 1 : 2));
	replaceable_getpid();
	CHECK(seen[SYS_getpid] >= 1);
}

static void run_true_and_stay_on(pid_t pid)
{
	int status, before;

	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	before = seen[SYS_getpid];
	replaceable_getpid();
	CHECK(seen[SYS_getpid] == before + 1);
}

static void programs_are_executed(void)
{
	char name[] = "true";
	char *argv[] = { name, NULL };
	pid_t pid;

	start();
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0);
	CHECK(seen[SYS_execve] == 1);
	run_true_and_stay_on(pid);
#ifdef __GLIBC__ /* musl gives the child 5 KiB of stack */
	hook = use_libc;
	CHECK(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, NULL) == 0);
	hook = NULL;
	run_true_and_stay_on(pid);
#endif
	pid = vfork(); /* NOLINT: this is what is tested */
	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(1);
	}
	run_true_and_stay_on(pid);
}

const struct check_test process_tests[] = {
	TEST(threads_are_captured),
	TEST(starting_needs_a_single_thread),
#ifdef __GLIBC__
	TEST(a_blocked_thread_can_be_cancelled),
#endif
	TEST(a_forked_child_is_captured),
	TEST(programs_are_executed),
	{ NULL, NULL },
};
