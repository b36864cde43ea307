// SPDX-License-Identifier: GPL-2.0-or-later
/* micro_procs.c - calls about processes and threads */
#include "micro.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static int to_child[2];
static int from_child[2];

static int call_getppid(void)
{
	return syscall(SYS_getppid) >= 0 ? 0 : -ESRCH;
}

static int call_clock(void)
{
	struct timespec ts;

	return clock_gettime(CLOCK_REALTIME, &ts) < 0 ? -errno : 0;
}

static void echo(void)
{
	char c;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	close(to_child[1]);
	while (read(to_child[0], &c, 1) == 1)
		if (write(from_child[1], &c, 1) != 1)
			break;
	_exit(0);
}

static int open_pipes(void)
{
	pid_t pid;

	if (pipe(to_child) < 0 || pipe(from_child) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		echo();
	return pid < 0 ? -errno : 0;
}

static int call_ping_pong(void)
{
	char c = 'x';

	if (write(to_child[1], &c, 1) != 1 || read(from_child[0], &c, 1) != 1)
		return -EIO;
	return 0;
}

static int wait_for(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid)
		return -ECHILD;
	return status == 0 ? 0 : -EIO;
}

static int call_fork(void)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		_exit(0);
	return wait_for(pid);
}

/* BENCH_BIN names the folder of these programs. */
static int spawn_nothing(const char *program)
{
	static char path[4096];
	char name[] = "micro";
	char op[] = "nothing";
	char *argv[] = { name, op, NULL };
	const char *bin = getenv("BENCH_BIN");
	pid_t pid;
	int err;

	if (!bin || snprintf(path, sizeof(path), "%s/%s", bin, program) < 0)
		return -ENOENT;
	err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	return err ? -err : wait_for(pid);
}

static int call_exec(void)
{
	return spawn_nothing("micro");
}

static int call_exec_static(void)
{
	return spawn_nothing("micro-static");
}

static void *nothing(void *arg)
{
	return arg;
}

static int call_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, nothing, NULL);

	return err ? -err : -pthread_join(thread, NULL);
}

const struct op micro_procs[] = {
	{ "getppid", NULL, call_getppid },
	{ "clock_gettime", NULL, call_clock },
	{ "ping-pong", open_pipes, call_ping_pong },
	{ "fork", NULL, call_fork },
	{ "fork+exec", NULL, call_exec },
	{ "fork+exec-static", NULL, call_exec_static },
	{ "thread", NULL, call_thread },
	{ NULL, NULL, NULL },
};
