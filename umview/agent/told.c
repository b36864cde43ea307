// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * told.c - files that the monitor has open, and told the number of
 *
 * A descriptor of an object shows it by its inode, that of the object's memfd.
 * To open /proc/MONITOR/fd/N costs a third of what it costs to be given a
 * descriptor. It may be another file by now, or another process, where the
 * guest is in a namespace of its own: so the file is compared.
 */
#include "agent/fast.h"
#include "agent/string.h"

#include <linux/fcntl.h>

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

#define FD_NAME_MAX 40

static char *put_fd_name(char *name, uint32_t monitor, uint32_t at)
{
	char *end = put_text(name, "/proc/");

	end = put_number(end, monitor);
	end = put_text(end, "/fd/");
	end = put_number(end, at);
	*end = 0;
	return end;
}

int um_stat_fd(long fd, uint64_t st[UM_STAT_WORDS])
{
	for (int i = 0; i < UM_STAT_WORDS; i++)
		st[i] = 0;
	return um_native(__NR_fstat, fd, (long)st, 0, 0, 0, 0) == 0;
}

uint64_t um_object_of(long fd)
{
	uint64_t st[UM_STAT_WORDS];

	return um_stat_fd(fd, st) && st[0] == um_shared->memfd_dev ? st[1] : 0;
}

static int is_told_node(const uint64_t *st, uint64_t dev, uint64_t ino)
{
	return st[0] == dev && st[1] == ino;
}

static const volatile struct um_beneath *find_beneath(long fd)
{
	const volatile struct um_beneath *b;
	uint64_t object = um_object_of(fd);

	b = &um_shared->beneath[object % UM_NBENEATH];
	return object && b->object == object && b->lists == um_shared->lists
		       ? b
		       : 0;
}

int um_told_beneath(long fd)
{
	return find_beneath(fd) != 0;
}

/* No more fits into the stacks that the agent has at times. */
#define LONGEST_NAME 200

const char *um_name_beneath(long fd, const char *name, char out[UM_BENEATH_MAX])
{
	const volatile struct um_beneath *b = find_beneath(fd);
	uint32_t seq = b ? __atomic_load_n(&b->seq, __ATOMIC_SEQ_CST) : 1;
	unsigned long n = um_strlen(name);
	uint64_t st[UM_STAT_WORDS];
	char *end;

	if ((seq & 1) || n > LONGEST_NAME)
		return 0;
	end = put_fd_name(out, um_shared->monitor, b->fd);
	st[0] = 0;
	st[1] = 0;
	if (um_native(__NR_newfstatat, AT_FDCWD, (long)out, (long)st, 0, 0, 0) <
		    0 ||
	    !is_told_node(st, b->dev, b->ino) ||
	    __atomic_load_n(&b->seq, __ATOMIC_SEQ_CST) != seq)
		return 0;
	*end++ = '/';
	um_copy(end, name, n + 1);
	return out;
}

long um_open_told(uint32_t monitor, uint32_t at, long flags, uint64_t dev,
		  uint64_t ino)
{
	uint64_t st[UM_STAT_WORDS];
	char name[FD_NAME_MAX];
	long fd;

	put_fd_name(name, monitor, at);
	fd = um_native(__NR_open, (long)name, flags, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	if (um_stat_fd(fd, st) && is_told_node(st, dev, ino))
		return fd;
	um_native(__NR_close, fd, 0, 0, 0, 0, 0);
	return -EAGAIN;
}
