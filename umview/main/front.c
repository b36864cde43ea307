// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * front.c - the process that the user started
 *
 * It waits. The monitor is its child, in a process group of its own, so that
 * the terminal's signals do not reach it; the first guest is in the front's
 * group and so gets them, stops and goes on with it. The monitor reports over
 * a pipe. When it dies without having said that the session ended, the front
 * process, to which the guests then fall as orphans, ends them all.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umview/log.h>

#include "base/cleanup.h"
#include "main/session.h"

static volatile sig_atomic_t guest;
static volatile sig_atomic_t hung_up;
static volatile long early;

static void forward(int sig)
{
	if (sig == SIGHUP)
		hung_up = 1;
	if (guest > 0)
		kill(guest, sig);
	else
		early |= 1L << sig;
}

/* The first guest is known: what came for it before. */
static void started(pid_t pid)
{
	guest = pid;
	for (int sig = 1; sig < 32; sig++)
		if (early & (1L << sig))
			kill(pid, sig);
	early = 0;
}

static void set_signals(void)
{
	static const int forwarded[] = { SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
	struct sigaction sa = { .sa_handler = SIG_IGN };

	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	sa.sa_handler = forward;
	sa.sa_flags = SA_RESTART;
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaction(forwarded[i], &sa, NULL);
}

static void end_guests(void)
{
	const struct timespec nap = { .tv_nsec = 10000000 };

	while (um_kill_descendants(0, SIGKILL)) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		nanosleep(&nap, NULL);
	}
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}

static int exit_status(int status)
{
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

/* Dead, and not yet waited for: its pipe may be held by others still. */
static bool is_dead(pid_t pid)
{
	siginfo_t si = { 0 };

	return waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) < 0 ||
	       si.si_pid == pid;
}

/* The next report, or 0: there will be none. */
static ssize_t read_report(int fd, pid_t monitor, struct um_report *r)
{
	UM_CLOSE int pidfd = (int)syscall(SYS_pidfd_open, monitor, 0);
	struct pollfd p[] = { { .fd = fd, .events = POLLIN },
			      { .fd = pidfd, .events = POLLIN } };
	ssize_t n;

	for (;;) {
		/* without a pidfd a look now and then must do */
		poll(p, 2, pidfd < 0 ? 500 : -1);
		if (!p[0].revents) {
			if (is_dead(monitor) && poll(p, 1, 0) <= 0)
				return 0;
			continue;
		}
		n = read(fd, r, sizeof(*r));
		if (n >= 0 || errno != EINTR)
			return n;
	}
}

/*
 * The kernel tells a terminal's end to the session leader, and to the others
 * when that ends. Where this process is the leader the first guest has stood
 * in for it.
 */
static void pass_hangup(void)
{
	if (!hung_up || getsid(0) != getpid())
		return;
	signal(SIGHUP, SIG_IGN);
	kill(0, SIGHUP);
	kill(0, SIGCONT);
}

/* The monitor closed its pipe without a last word: it is dead or as good. */
static void bury(pid_t monitor)
{
	char why[64] = "";
	int status = 0;

	kill(monitor, SIGKILL);
	while (waitpid(monitor, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		snprintf(why, sizeof(why), " by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	um_err("the monitor was ended unexpectedly%s; its guests are being "
	       "ended too",
	       why);
	end_guests();
}

int um_front(int report, int monitor)
{
	struct um_report r;
	int status = 1 << 8;
	bool ended = false;

	set_signals();
	while (!ended &&
	       read_report(report, monitor, &r) == (ssize_t)sizeof(r)) {
		if (r.what == UM_STARTED)
			started(r.value);
		else if (r.what == UM_STATUS)
			status = r.value;
		else
			ended = true;
		if (r.what == UM_STATUS)
			pass_hangup();
		if (r.what == UM_FAILED)
			status = r.value << 8;
	}
	guest = 0;
	if (!ended) {
		bury(monitor);
		return 125;
	}
	while (waitpid(monitor, NULL, 0) < 0 && errno == EINTR)
		;
	return exit_status(status);
}
