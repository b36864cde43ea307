// SPDX-License-Identifier: GPL-2.0-or-later
/* files.c - reads, creates and forgets files: what the image rows time */

/*
 * files read FILE SIZE	all of FILE, SIZE bytes a call
 * files random FILE COUNT	COUNT reads of 4 KiB, in an order always the same
 * files create DIR COUNT	COUNT files of 100 bytes
 * files forget PATH...	drops the page cache of all files there
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char buf[1 << 20];

static int fail(const char *what)
{
	fprintf(stderr, "files: %s: %s\n", what, strerror(errno));
	return 1;
}

static int read_all(const char *path, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n;

	if (fd < 0 || size == 0 || size > sizeof(buf))
		return fail(path);
	do
		n = read(fd, buf, size);
	while (n > 0);
	close(fd);
	return n < 0 ? fail(path) : 0;
}

static int read_random(const char *path, long count)
{
	int fd = open(path, O_RDONLY);
	unsigned int state = 1;
	struct stat st;
	off_t pages;
	long i;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < 4096)
		return fail(path);
	pages = st.st_size / 4096;
	for (i = 0; i < count; i++) {
		state = state * 1103515245 + 12345;
		if (pread(fd, buf, 4096, state % pages * 4096) != 4096)
			return fail(path);
	}
	close(fd);
	return 0;
}

static int create(const char *dir, long count)
{
	char path[4096];
	long i;
	int fd;

	for (i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/created-%ld", dir, i);
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd < 0 || write(fd, buf, 100) != 100 || close(fd) < 0)
			return fail(path);
	}
	return 0;
}

/* Pages that were never written back stay: sync first. */
static int forget_one(const char *path, const struct stat *st, int type,
		      struct FTW *at)
{
	int fd;

	(void)st;
	(void)at;
	if (type != FTW_F)
		return 0;
	fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return 0;
	if (fsync(fd) == 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	close(fd);
	return 0;
}

static int forget(char **paths)
{
	for (; *paths; paths++)
		if (nftw(*paths, forget_one, 32, FTW_PHYS) < 0)
			return fail(*paths);
	return 0;
}

int main(int argc, char **argv)
{
	long number = argc == 4 ? strtol(argv[3], NULL, 10) : 0;

	if (argc >= 3 && strcmp(argv[1], "forget") == 0)
		return forget(argv + 2);
	if (argc == 4 && strcmp(argv[1], "read") == 0)
		return read_all(argv[2], (size_t)number);
	if (argc == 4 && strcmp(argv[1], "random") == 0)
		return read_random(argv[2], number);
	if (argc == 4 && strcmp(argv[1], "create") == 0)
		return create(argv[2], number);
	fprintf(stderr, "usage: files read|random|create PATH NUMBER\n"
			"       files forget PATH...\n");
	return 2;
}
