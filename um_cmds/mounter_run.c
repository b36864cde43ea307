// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mounter_run.c - a program that mounts, from its start until it serves
 *
 * Who starts what: this process the program, which as a rule leaves a daemon
 * behind and ends; and a probe, a child that asks for the new mount's root and
 * sleeps until the program answers. Signals are taken by sigtimedwait(2), so
 * that nothing is interrupted in the middle.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <umview/log.h>

#include "mounter.h"

#define TICK_NS	    (20 * 1000 * 1000)
#define GRACE_S	    5
#define LEAVE_TICKS 100
#define MAX_ESCAPE  4096

/**
 * struct run - a program at work
 * @pid: of the program; 0: it has ended, with @status
 * @probe: of the probe; 0: none runs
 * @before: number of the mount that was at the point before; 0: none
 * @mounted: a newer one is there
 * @answered: and its root was seen
 * @refused: errno of the probe
 * @alone: no descendant is left
 * @signal: the one that asks us to give up
 */
struct run {
	const char *name;
	const char *point;
	pid_t pid;
	int status;
	pid_t probe;
	unsigned int before;
	bool mounted;
	bool answered;
	int refused;
	bool alone;
	int signal;
};

/* proc(5) writes blanks and the like of a name as \ooo. */
static void unescape(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '\\' && strspn(s + 1, "01234567") >= 3) {
			*to++ = (char)((s[1] - '0') * 64 + (s[2] - '0') * 8 +
				       (s[3] - '0'));
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* The number of the newest mount at the point, 0: there is none. */
static unsigned int mount_at(const char *point)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	unsigned int found = 0;
	size_t room = 0;
	char *line = NULL;

	while (f && getline(&line, &room, f) > 0) {
		char at[MAX_ESCAPE];
		unsigned int id;

		if (sscanf(line, "%u %*s %*s %*s %4095s", &id, at) != 2)
			continue;
		unescape(at);
		if (!strcmp(at, point))
			found = id;
	}
	free(line);
	if (f)
		fclose(f);
	return found;
}

static void listened(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGCHLD);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGQUIT);
	sigaddset(set, SIGTERM);
}

static void start_program(struct run *r, const char *program, char **argv,
			  const sigset_t *mask)
{
	r->pid = fork();
	if (r->pid < 0)
		um_err("fork: %s", strerror(errno));
	if (r->pid != 0)
		return;
	prctl(PR_SET_PDEATHSIG, 0);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execv(program, argv);
	um_err("%s: %s", program, strerror(errno));
	_exit(126);
}

static void start_probe(struct run *r, const sigset_t *mask)
{
	struct stat st;

	r->probe = fork();
	if (r->probe != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigprocmask(SIG_SETMASK, mask, NULL);
	_exit(stat(r->point, &st) == 0 ? 0 : errno & 0x7f);
}

static void ended(struct run *r, pid_t pid, int status)
{
	if (pid == r->pid) {
		r->pid = 0;
		r->status = status;
	} else if (pid == r->probe) {
		r->probe = 0;
		r->answered = WIFEXITED(status) && !WEXITSTATUS(status);
		r->refused = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	}
}

static void reap(struct run *r)
{
	int status;
	pid_t pid;

	do {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid > 0)
			ended(r, pid, status);
	} while (pid > 0);
	r->alone = pid < 0;
}

static bool has_failed(const struct run *r)
{
	return !r->pid && r->status;
}

/* Nothing more is to be waited for. */
static bool is_over(const struct run *r)
{
	return r->signal || r->answered || r->refused || has_failed(r) ||
	       (r->alone && !r->mounted);
}

static void follow(struct run *r, const sigset_t *set, const sigset_t *mask)
{
	static const struct timespec tick = { 0, TICK_NS };

	while (!is_over(r)) {
		int sig = sigtimedwait(set, NULL, &tick);
		unsigned int now;

		if (sig > 0 && sig != SIGCHLD)
			r->signal = sig;
		reap(r);
		now = mount_at(r->point);
		r->mounted = now && now != r->before;
		if (r->mounted && !r->probe && !r->answered && !r->refused)
			start_probe(r, mask);
	}
}

/*
 * It serves. Most programs end now, and leave a daemon that has let go of the
 * terminal; one that stays in the foreground does so.
 */
static void see_off(struct run *r)
{
	static const struct timespec tick = { 0, TICK_NS };

	for (int i = 0; r->pid && i < LEAVE_TICKS; i++) {
		nanosleep(&tick, NULL);
		reap(r);
	}
}

/* Signal the children; those of theirs that they leave become ours. */
static void signal_children(int sig)
{
	char path[64];
	int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", getpid(),
		 getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%d", &pid) == 1)
		kill(pid, sig);
	if (f)
		fclose(f);
}

static void clean_up(struct run *r)
{
	static const struct timespec tick = { 0, TICK_NS };
	time_t end = time(NULL) + GRACE_S;

	int failed;

	/* a program that has just let its mount go tells why by its end */
	for (int i = 0; r->refused && r->pid && i < 10; i++) {
		nanosleep(&tick, NULL);
		reap(r);
	}
	failed = r->pid ? 0 : r->status;
	if (r->probe > 0)
		kill(r->probe, SIGKILL);
	if (r->mounted)
		umount2(r->point, MNT_DETACH | MNT_FORCE);
	for (reap(r); !r->alone; reap(r)) {
		signal_children(time(NULL) < end ? SIGTERM : SIGKILL);
		nanosleep(&tick, NULL);
	}
	r->status = failed;
	/* it may have mounted as its last act */
	r->mounted = mount_at(r->point) != r->before;
	if (r->mounted)
		umount2(r->point, MNT_DETACH | MNT_FORCE);
}

static int tell(const struct run *r)
{
	if (r->signal) {
		um_err("interrupted; nothing is mounted");
		return MOUNTER_INTERRUPTED;
	}
	if (WIFSIGNALED(r->status))
		um_err("%s was ended by a signal: %s", r->name,
		       strsignal(WTERMSIG(r->status)));
	else if (r->status)
		um_err("%s failed (exit status %d)", r->name,
		       WEXITSTATUS(r->status));
	else if (r->refused)
		um_err("%s mounted, and does not serve: %s", r->name,
		       strerror(r->refused));
	else
		um_err("%s ended without mounting", r->name);
	return MOUNTER_FAILED;
}

int mounter_run(const char *program, char **argv, const char *point)
{
	struct run r = { .name = argv[0], .point = point };
	pid_t parent = getppid();
	sigset_t set;
	sigset_t mask;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	listened(&set);
	sigprocmask(SIG_BLOCK, &set, &mask);
	r.before = mount_at(point);
	if (getppid() == parent)
		start_program(&r, program, argv, &mask);
	if (r.pid > 0)
		follow(&r, &set, &mask);
	if (r.answered)
		see_off(&r);
	if (r.answered && !has_failed(&r))
		return 0;
	clean_up(&r);
	return tell(&r);
}

static unsigned long number_in(const char *device, const char *name)
{
	unsigned long n = 1;
	char *path;
	FILE *f;

	if (asprintf(&path, "/sys/block/%s/loop/%s", device, name) < 0)
		return n;
	f = fopen(path, "re");
	free(path);
	if (f && fscanf(f, "%lu", &n) != 1)
		n = 1;
	if (f)
		fclose(f);
	return n;
}

bool mounter_is_whole_loop(const char *device)
{
	return number_in(device, "offset") == 0 &&
	       number_in(device, "sizelimit") == 0;
}
