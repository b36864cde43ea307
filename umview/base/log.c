// SPDX-License-Identifier: GPL-2.0-or-later
/* log.c - messages of the monitor: one write(2) a line */
#include <umview/log.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/logctl.h"

static int log_fd = STDERR_FILENO;
static enum um_log_level log_level = UM_LOG_INFO;

void um_log_setup(int fd, enum um_log_level level)
{
	log_fd = fd;
	log_level = level;
}

static _Thread_local um_log_line_fn listener;
static _Thread_local void *listener_arg;

void um_log_listen(um_log_line_fn line, void *arg)
{
	listener = line;
	listener_arg = arg;
}

int um_log_fd(void)
{
	return log_fd;
}

int um_log_enabled(enum um_log_level level)
{
	return level <= log_level;
}

void um_log(enum um_log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "", "warning: ", "",
					     "debug: ", "trace: " };
	char line[1024];
	int saved = errno;
	size_t n;
	va_list ap;

	if (!um_log_enabled(level))
		return;
	n = (size_t)snprintf(line, sizeof(line), "umview: %s", names[level]);
	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n - 1, fmt, ap);
	va_end(ap);
	if (listener && level <= UM_LOG_WARN)
		listener(listener_arg, level, line + n);
	n = strlen(line);
	if (line[n - 1] != '\n')
		line[n++] = '\n';
	if (write(log_fd, line, n) < 0)
		log_level = UM_LOG_ERR;
	errno = saved;
}

void um_assert_failed(const char *cond, const char *file, int line)
{
	um_log(UM_LOG_ERR, "internal error: %s does not hold (%s:%d)", cond,
	       file, line);
	abort();
}
