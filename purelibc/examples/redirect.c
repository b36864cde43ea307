// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * redirect.c - show a program one directory in the place of another
 *
 *	REDIRECT=/etc=/tmp/my-etc LD_PRELOAD=.../redirect.so cat /etc/passwd
 *
 * Absolute paths that begin with the first are looked up in the second. An
 * example: relative paths, links and `..` are taken as they are.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <purelibc.h>

void redirect_start(void);

static sfun native;
static char from[PATH_MAX];
static const char *to;

/* Calls that look up a path: the first argument that is one. */
static int path_argument(long nr)
{
	switch (nr) {
	case SYS_open:
	case SYS_stat:
	case SYS_lstat:
	case SYS_access:
	case SYS_chdir:
	case SYS_readlink:
	case SYS_execve:
		return 0;
	case SYS_openat:
	case SYS_newfstatat:
	case SYS_statx:
	case SYS_faccessat:
	case SYS_faccessat2:
	case SYS_readlinkat:
		return 1;
	default:
		return -1; /* none */
	}
}

static const char *rewrite(const char *path, char *buffer, size_t size)
{
	size_t n = strlen(from);

	if (!path || strncmp(path, from, n) != 0 ||
	    (path[n] && path[n] != '/') ||
	    (size_t)snprintf(buffer, size, "%s%s", to, path + n) >= size)
		return path;
	return buffer;
}

static long redirect(long nr, ...)
{
	char buffer[PATH_MAX];
	long arg[6];
	va_list ap;
	int i;

	va_start(ap, nr);
	for (i = 0; i < 6; i++)
		arg[i] = va_arg(ap, long);
	va_end(ap);
	i = path_argument(nr);
	if (i >= 0)
		arg[i] = (long)rewrite((const char *)arg[i], buffer,
				       sizeof(buffer));
	return native(nr, arg[0], arg[1], arg[2], arg[3], arg[4], arg[5]);
}

__attribute__((visibility("default"))) void redirect_start(void)
{
	const char *spec = getenv("REDIRECT");

	to = spec ? strchr(spec, '=') : NULL;
	if (!to || (size_t)(to - spec) >= sizeof(from))
		return;
	memcpy(from, spec, (size_t)(to - spec));
	to++;
	native = _pure_start(redirect, 0);
	if (!native)
		perror("redirect: _pure_start");
}
