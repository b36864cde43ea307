// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * told.c - files that the monitor has open, and told the number of
 *
 * To open /proc/MONITOR/fd/N costs a third of what it costs to be given a
 * descriptor. It may be another file by now, or another process, where the
 * guest is in a namespace of its own: so the file is compared.
 */
#include "agent/fast.h"

static char *put_text(char *to, const char *text)
{
	while (*text)
		*to++ = *text++;
	return to;
}

static char *put_number(char *to, uint32_t n)
{
	char digits[10];
	int i = 0;

	do {
		digits[i++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (i)
		*to++ = digits[--i];
	return to;
}

long um_open_told(uint32_t monitor, uint32_t at, long flags, uint64_t dev,
		  uint64_t ino)
{
	uint64_t st[UM_STAT_WORDS];
	char name[40];
	char *end;
	long fd;

	end = put_text(name, "/proc/");
	end = put_number(end, monitor);
	end = put_text(end, "/fd/");
	end = put_number(end, at);
	*end = 0;
	fd = um_native(__NR_open, (long)name, flags, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	st[0] = 0;
	st[1] = 0;
	if (um_native(__NR_fstat, fd, (long)st, 0, 0, 0, 0) == 0 &&
	    st[0] == dev && st[1] == ino)
		return fd;
	um_native(__NR_close, fd, 0, 0, 0, 0, 0);
	return -EAGAIN;
}
