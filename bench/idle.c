// SPDX-License-Identifier: GPL-2.0-or-later
/* idle.c - a crowd of processes that do nothing, with files open */

/*
 * idle GUESTS FILES DIR [CMD...]
 *
 * Starts GUESTS - 1 more processes of its own program, opens FILES files of
 * DIR, which it makes, and then runs CMD. Without CMD it prints "ready" and
 * waits for the end of its input. The others end with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int fail(const char *what)
{
	fprintf(stderr, "idle: %s: %s\n", what, strerror(errno));
	return 1;
}

/* Ends when its parent does: it then is a child of another. */
static int wait_idle(const char *parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	while (getppid() == (pid_t)strtol(parent, NULL, 10))
		pause();
	return 0;
}

static int start_guests(char *self, long count)
{
	char word[] = "wait";
	char parent[32];
	char *argv[] = { self, word, parent, NULL };
	pid_t pid;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	for (; count > 0; count--) {
		errno = posix_spawn(&pid, self, NULL, NULL, argv, environ);
		if (errno)
			return -errno;
	}
	return 0;
}

static int open_files(const char *dir, long count)
{
	struct rlimit limit = { 65536, 65536 };
	char path[4096];
	long i;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/idle-%ld", dir, i);
		if (open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) < 0)
			return -errno;
	}
	return 0;
}

static int run(char **argv)
{
	int status;
	pid_t pid;

	errno = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
	if (errno || waitpid(pid, &status, 0) != pid)
		return fail(argv[0]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	char c;

	if (argc == 3 && strcmp(argv[1], "wait") == 0)
		return wait_idle(argv[2]);
	if (argc < 4) {
		fprintf(stderr, "usage: idle GUESTS FILES DIR [CMD...]\n");
		return 2;
	}
	if (start_guests(argv[0], strtol(argv[1], NULL, 10) - 1) < 0)
		return fail("cannot start guests");
	if (open_files(argv[3], strtol(argv[2], NULL, 10)) < 0)
		return fail("cannot open files");
	if (argc > 4)
		return run(argv + 4);
	printf("ready\n");
	fflush(stdout);
	while (read(0, &c, 1) > 0)
		;
	return 0;
}
