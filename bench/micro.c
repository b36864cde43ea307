// SPDX-License-Identifier: GPL-2.0-or-later
/* micro.c - nanoseconds of one system call: micro NAME COUNT */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

static const char *file = "/etc/passwd";
static const char *self;
static int fd;

static int call_getppid(void)
{
	return syscall(SYS_getppid) > 0 ? 0 : -ESRCH;
}

static int call_open(void)
{
	int r = open(file, O_RDONLY | O_CLOEXEC);

	return r < 0 ? -errno : close(r);
}

static int call_stat(void)
{
	struct stat st;

	return stat(file, &st);
}

static int call_read(void)
{
	char buf[64];

	return pread(fd, buf, sizeof(buf), 0) > 0 ? 0 : -EIO;
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

static int call_exec(void)
{
	char name[] = "micro";
	char op[] = "nothing";
	char *argv[] = { name, op, NULL };
	pid_t pid;
	int err = posix_spawn(&pid, self, NULL, NULL, argv, environ);

	return err ? -err : wait_for(pid);
}

static const struct {
	const char *name;
	int (*call)(void);
} ops[] = {
	{ "getppid", call_getppid }, { "open+close", call_open },
	{ "stat", call_stat },	     { "read", call_read },
	{ "fork", call_fork },	     { "fork+exec", call_exec },
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Return: nanoseconds of one call, or below 0 when a call fails. */
static double measure(int (*call)(void), long count)
{
	double start = now();
	long i;

	for (i = 0; i < count; i++)
		if (call() < 0)
			return -1.0;
	return (now() - start) / (double)count;
}

int main(int argc, char **argv)
{
	size_t i;
	double ns;

	if (argc == 2 && strcmp(argv[1], "nothing") == 0)
		return 0;
	if (argc != 3) {
		fprintf(stderr, "usage: micro NAME COUNT\n");
		return 2;
	}
	self = argv[0];
	fd = open(file, O_RDONLY | O_CLOEXEC);
	for (i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		if (strcmp(ops[i].name, argv[1]) != 0)
			continue;
		measure(ops[i].call, 2);
		ns = measure(ops[i].call, strtol(argv[2], NULL, 10));
		if (ns < 0) {
			fprintf(stderr, "micro: %s failed\n", argv[1]);
			return 1;
		}
		printf("%.1f\n", ns);
		return 0;
	}
	fprintf(stderr, "micro: no such call: %s\n", argv[1]);
	return 2;
}
