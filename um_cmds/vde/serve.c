// SPDX-License-Identifier: GPL-2.0-or-later
/* serve.c - what programs that serve have in common: options, messages, signals, daemons */
#include "serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *name;
	bool verbose, to_syslog;
	char *pidfile;
} self;

bool serve_take_option(struct serve_options *o, int opt, const char *arg)
{
	if (opt == 'd')
		o->daemon = true;
	else if (opt == 'v')
		o->verbose = true;
	else if (opt == SERVE_OPT_PIDFILE)
		o->pidfile = arg;
	else
		return false;
	return true;
}

void serve_init(const char *name, const struct serve_options *o)
{
	self.name = name;
	self.verbose = o->verbose;
}

__attribute__((format(printf, 2, 0))) static void say(int level,
						      const char *fmt,
						      va_list ap)
{
	char line[512];

	vsnprintf(line, sizeof(line), fmt, ap);
	if (self.to_syslog)
		syslog(level, "%s", line);
	else
		fprintf(stderr, "%s: %s\n", self.name, line);
}

void serve_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(LOG_NOTICE, fmt, ap);
	va_end(ap);
}

void serve_note(const char *fmt, ...)
{
	va_list ap;

	if (!self.verbose)
		return;
	va_start(ap, fmt);
	say(LOG_INFO, fmt, ap);
	va_end(ap);
}

int serve_signals(void)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 ||
	    signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return -errno;
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int write_pid(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	int ret = 0;

	if (fd < 0)
		return -errno;
	if (dprintf(fd, "%d\n", (int)getpid()) < 0)
		ret = -errno;
	close(fd);
	/* Its name is to be found when the program ends, too. */
	self.pidfile = realpath(path, NULL);
	return ret;
}

int serve_daemon(const struct serve_options *o)
{
	if (o->daemon) {
		if (daemon(1, 0) < 0)
			return -errno;
		openlog(self.name, LOG_PID, LOG_DAEMON);
		self.to_syslog = true;
	}
	return o->pidfile ? write_pid(o->pidfile) : 0;
}

void serve_end(void)
{
	if (self.pidfile)
		unlink(self.pidfile);
	free(self.pidfile);
	self.pidfile = NULL;
}

int64_t serve_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int serve_wait(int64_t next, int64_t now)
{
	enum { FOREVER = -1, LONG_MS = 60000 };

	if (next == INT64_MAX)
		return FOREVER;
	if (next <= now)
		return 0;
	return next - now > LONG_MS ? LONG_MS : (int)(next - now);
}
