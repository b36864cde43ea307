// SPDX-License-Identifier: GPL-2.0-or-later
/* fork_threads.c - threads that make processes while others make calls */

#include "exec_help.h"

#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <stdatomic.h>

enum { CALLERS = 3, MAKERS = 2, ROUNDS = 15 };

static atomic_bool stop;
static atomic_int errors;
static atomic_long calls;

/* What a caller does: each result is known. */
static bool right(void)
{
	struct stat st;
	char buf[16];
	int fd = open("f", O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0 && read(fd, buf, sizeof(buf)) == 8 &&
		  memcmp(buf, "contents", 8) == 0 && stat("f", &st) == 0 &&
		  st.st_size == 8 && access("absent", F_OK) < 0 &&
		  errno == ENOENT;

	return close(fd) == 0 && ok;
}

static void *caller(void *arg)
{
	(void)arg;
	while (!stop) {
		if (!right())
			errors++;
		calls++;
	}
	return NULL;
}

static void in_child(void)
{
	_exit(right() ? 0 : 1);
}

static void by_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		in_child();
	CHECK_EQ(t_wait(pid), 0);
}

static void run_helper(pid_t pid)
{
	CHECK(pid > 0);
	CHECK_EQ(t_wait(pid), 7);
}

static const char *const helper[] = { "./self", "@exit", "7", NULL };

static void by_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0) {
		syscall(SYS_execve, "./self", helper, environ);
		_exit(1);
	}
	run_helper(pid);
}

static void by_spawn(void)
{
	char path[] = "./self";
	char word[] = "@exit";
	char seven[] = "7";
	char *argv[] = { path, word, seven, NULL };
	pid_t pid = -1;

	CHECK_EQ(posix_spawn(&pid, path, NULL, NULL, argv, environ), 0);
	run_helper(pid);
}

/* As fork: libc has no wrapper. 6.1 has clone3; a sandbox may refuse it. */
static void by_clone3(void)
{
	struct clone_args args = { .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0) {
		CHECK_EQ(errno, ENOSYS);
		return;
	}
	if (pid == 0)
		in_child();
	CHECK_EQ(t_wait((pid_t)pid), 0);
}

/* vfork's flags: the child shares the memory until it execs. */
static void by_clone3_vfork(void)
{
	struct clone_args args = { .flags = CLONE_VFORK,
				   .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid < 0) {
		CHECK_EQ(errno, ENOSYS);
		return;
	}
	if (pid == 0) {
		syscall(SYS_execve, "./self", helper, environ);
		_exit(1);
	}
	run_helper((pid_t)pid);
}

static void *maker(void *arg)
{
	void (*make)(void) = *(void (**)(void))arg;
	int i;

	for (i = 0; i < ROUNDS; i++)
		make();
	return NULL;
}

static void among_callers(void (*make)(void))
{
	pthread_t callers[CALLERS];
	pthread_t makers[MAKERS];
	int i;

	t_put("f", "contents");
	x_copy("self");
	stop = false;
	errors = 0;
	calls = 0;
	for (i = 0; i < CALLERS; i++)
		CHECK_EQ(pthread_create(&callers[i], NULL, caller, NULL), 0);
	for (i = 0; i < MAKERS; i++)
		CHECK_EQ(pthread_create(&makers[i], NULL, maker, &make), 0);
	for (i = 0; i < MAKERS; i++)
		pthread_join(makers[i], NULL);
	stop = true;
	for (i = 0; i < CALLERS; i++)
		pthread_join(callers[i], NULL);
	CHECK_EQ(errors, 0);
	CHECK(calls > 0);
}

static void fork_among_callers(void)
{
	among_callers(by_fork);
}

static void vfork_among_callers(void)
{
	among_callers(by_vfork);
}

static void spawn_among_callers(void)
{
	among_callers(by_spawn);
}

static void clone3_among_callers(void)
{
	among_callers(by_clone3);
}

static void clone3_vfork_among_callers(void)
{
	among_callers(by_clone3_vfork);
}

static void *exec_now(void *arg)
{
	(void)arg;
	syscall(SYS_execve, "./self", helper, environ);
	return NULL;
}

/* An exec ends the other threads, wherever they are. */
static void a_thread_execs(void)
{
	pthread_t thread;
	pid_t pid;
	int i;

	t_put("f", "contents");
	x_copy("self");
	for (i = 0; i < ROUNDS; i++) {
		pid = t_fork();
		if (pid == 0) {
			stop = false;
			pthread_create(&thread, NULL, caller, NULL);
			pthread_create(&thread, NULL, caller, NULL);
			pthread_create(&thread, NULL, exec_now, NULL);
			pthread_join(thread, NULL);
			_exit(1);
		}
		CHECK_EQ(t_wait(pid), 7);
	}
}

int main(int argc, char **argv)
{
	x_helper(argc, argv);
	t_init(argc, argv);
	RUN(fork_among_callers);
	RUN(vfork_among_callers);
	RUN(spawn_among_callers);
	RUN(clone3_among_callers);
	RUN(clone3_vfork_among_callers);
	RUN(a_thread_execs);
	return t_done();
}
