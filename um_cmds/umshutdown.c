// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * umshutdown.c - end every process of this view
 *
 * TERM to all, a time to obey, then KILL. The shell that started the command
 * is one of those that end, so the work is done by a child in a session of its
 * own, which begins when its parent has gone.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "um_lib.h"

#define DEFAULT_SECONDS 30
#define MAX_SECONDS	(366L * 24 * 3600)
/* How long a killed process may take to vanish. */
#define KILL_SECONDS 5

static const struct cmd cmd = {
	.name = "umshutdown",
	.usage = "[-n] [SECONDS]",
	.help = "End every process of this view and of the views split from it: send TERM,\n"
		"wait for SECONDS (30), then send KILL to what is left. 0 kills at once.\n"
		"umview ends with its last process.\n"
		"\n"
		"  -n, --no-fork    do it in the foreground; exit status 1 when a process\n"
		"                   is left\n"
		"  -c, --count      only show how many processes would be ended\n"
		"  -h, --help       show this help\n"
		"      --version    show the version\n"
		"\n"
		"Examples:\n"
		"  umshutdown\n"
		"  umshutdown 0\n"
};

static const struct cmd_reason reasons[] = {
	{ EPERM, "not allowed: umview runs with --secure" },
	{ 0, NULL },
};

struct request {
	long seconds;
	bool foreground;
	bool count;
};

static int fail(int err, const char *what)
{
	return cmd_fail(&cmd, err, reasons,
			"cannot %s the processes of this view", what);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Return: how many are left when none is or the time is over, or -errno. */
static int wait_gone(long seconds)
{
	const struct timespec tick = { .tv_nsec = 50000000L };
	double end = now() + (double)seconds;

	for (;;) {
		int left = um_killall(0);

		if (left < 0)
			return -errno;
		if (left == 0 || now() >= end)
			return left;
		nanosleep(&tick, NULL);
	}
}

static int shut_down(long seconds)
{
	int left = 1;

	if (seconds > 0) {
		if (um_killall(SIGTERM) < 0)
			return fail(errno, "end");
		left = wait_gone(seconds);
	}
	if (left > 0) {
		if (um_killall(SIGKILL) < 0)
			return fail(errno, "kill");
		left = wait_gone(KILL_SECONDS);
	}
	if (left < 0)
		return fail(-left, "count");
	if (left > 0) {
		fprintf(stderr, "%s: %d left: they are blocked in the kernel\n",
			cmd.name, left);
		return CMD_FAIL;
	}
	return CMD_OK;
}

/*
 * Another umshutdown, or the end of the terminal, must not stop this one; and
 * nobody who reads its standard output must wait for it.
 */
static void shield(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	setsid();
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

/*
 * The parent's end of the pipe closes while it exits, when its exit status is
 * set already: a signal from the child can spoil it no more.
 */
static int in_background(long seconds)
{
	int fds[2];
	pid_t pid;
	char byte;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return cmd_fail(&cmd, errno, NULL, "cannot make a pipe");
	pid = fork();
	if (pid > 0)
		return CMD_OK;
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return cmd_fail(&cmd, errno, NULL, "cannot go to background");
	}
	shield();
	while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
		;
	return shut_down(seconds);
}

static int run(const struct request *req)
{
	int count = um_killall(0);

	if (count < 0)
		return fail(errno, "count");
	if (req->count) {
		printf("%d\n", count);
		return cmd_finish(&cmd, CMD_OK);
	}
	if (req->seconds)
		fprintf(stderr,
			"%s: this view ends: TERM to %d processes, KILL in %ld s\n",
			cmd.name, count, req->seconds);
	else
		fprintf(stderr, "%s: this view ends: KILL to %d processes\n",
			cmd.name, count);
	if (req->foreground)
		return shut_down(req->seconds);
	return in_background(req->seconds);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "no-fork", no_argument, NULL, 'n' },
		{ "count", no_argument, NULL, 'c' },
		CMD_LONG_OPTIONS
	};
	struct request req = { .seconds = DEFAULT_SECONDS };
	int opt;

	while ((opt = getopt_long(argc, argv, "nch", longs, NULL)) != -1) {
		switch (opt) {
		case 'n':
			req.foreground = true;
			break;
		case 'c':
			req.count = true;
			break;
		case 'h':
			return cmd_help(&cmd);
		case CMD_OPT_VERSION:
			return cmd_version(&cmd);
		default:
			return cmd_try_help(&cmd);
		}
	}
	if (argc - optind > 1)
		return cmd_usage(&cmd, "'%s': one number of seconds, no more",
				 argv[optind + 1]);
	if (optind < argc &&
	    !cmd_parse_number(argv[optind], MAX_SECONDS, &req.seconds))
		return cmd_usage(
			&cmd, "'%s' is not a number of seconds from 0 to %ld",
			argv[optind], MAX_SECONDS);
	if (!um_check_viewos())
		return cmd_outside(&cmd);
	return run(&req);
}
