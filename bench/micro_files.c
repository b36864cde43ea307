// SPDX-License-Identifier: GPL-2.0-or-later
/* micro_files.c - calls about names, files and descriptors */
#include "micro.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fd = -1;
static char buf[32768];

/* What a call of libc returned, as 0 or -errno. */
static int done(long r)
{
	return r < 0 ? -errno : 0;
}

static int open_flags(const char *path, int flags)
{
	fd = open(path, flags | O_CLOEXEC, 0644);
	return done(fd);
}

static int open_zero(void)
{
	return open_flags("/dev/zero", O_RDONLY);
}

static int open_file(void)
{
	return open_flags("file", O_RDONLY);
}

static int open_out(void)
{
	return open_flags("out", O_WRONLY | O_CREAT | O_TRUNC);
}

static int open_dir(void)
{
	return open_flags("dir", O_RDONLY | O_DIRECTORY);
}

static int call_open(void)
{
	int one = open("file", O_RDONLY | O_CLOEXEC);

	return one < 0 ? -errno : done(close(one));
}

static int call_open_fails(void)
{
	if (open("absent", O_RDONLY | O_CLOEXEC) >= 0)
		return -EEXIST;
	return errno == ENOENT ? 0 : -errno;
}

static int call_stat(void)
{
	struct stat st;

	return done(stat("file", &st));
}

static int call_access(void)
{
	return done(access("file", R_OK));
}

static int call_readlink(void)
{
	return done(readlink("link", buf, sizeof(buf)));
}

static int call_read(void)
{
	return read(fd, buf, 1) == 1 ? 0 : -EIO;
}

static int call_write(void)
{
	return write(fd, buf, 1) == 1 ? 0 : -EIO;
}

static int call_write_page(void)
{
	return pwrite(fd, buf, 4096, 0) == 4096 ? 0 : -EIO;
}

static int call_pread(void)
{
	return pread(fd, buf, 64, 0) == 64 ? 0 : -EIO;
}

static int call_lseek(void)
{
	return done(lseek(fd, 0, SEEK_SET));
}

static int call_fstat(void)
{
	struct stat st;

	return done(fstat(fd, &st));
}

/* The whole directory, from its start. */
static int call_getdents(void)
{
	long n;

	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	do
		n = syscall(SYS_getdents64, fd, buf, sizeof(buf));
	while (n > 0);
	return done(n);
}

static int call_mmap(void)
{
	void *p = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	return p == MAP_FAILED ? -errno : done(munmap(p, 4096));
}

static void *stat_often(void *arg)
{
	int i;

	(void)arg;
	for (i = 0; i < 100; i++)
		if (call_stat() < 0)
			return (void *)(intptr_t)EIO;
	return NULL;
}

/* 8 threads, 100 calls each, all at once. */
static int call_stat_threads(void)
{
	pthread_t thread[8];
	void *err = NULL;
	int i;
	int r = 0;

	for (i = 0; i < 8; i++)
		if (pthread_create(&thread[i], NULL, stat_often, NULL))
			return -EAGAIN;
	for (i = 0; i < 8; i++) {
		pthread_join(thread[i], &err);
		if (err)
			r = -EIO;
	}
	return r;
}

const struct op micro_files[] = {
	{ "open+close", NULL, call_open },
	{ "open-fails", NULL, call_open_fails },
	{ "stat", NULL, call_stat },
	{ "stat-8-threads", NULL, call_stat_threads },
	{ "access", NULL, call_access },
	{ "readlink", NULL, call_readlink },
	{ "read", open_zero, call_read },
	{ "write", open_out, call_write },
	{ "write-4k", open_out, call_write_page },
	{ "pread", open_file, call_pread },
	{ "lseek", open_file, call_lseek },
	{ "fstat", open_file, call_fstat },
	{ "getdents", open_dir, call_getdents },
	{ "mmap", open_file, call_mmap },
	{ NULL, NULL, NULL },
};
