// SPDX-License-Identifier: GPL-2.0-or-later
/* bad_buffers.c - results, vectors and strings that lie on forbidden pages */

#include "exec_help.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/time.h>
#include <utime.h>

enum { PAGE = 4096 };

/* A page that may be used, a page that may not. */
static char *pages;
static char *wall;

static void make_pages(int prot)
{
	pages = mmap(NULL, 2L * PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	wall = pages + PAGE;
	memset(pages, 'a', PAGE);
	CHECK_OK(mprotect(wall, PAGE, prot));
}

static void drop_pages(void)
{
	CHECK_OK(munmap(pages, 2L * PAGE));
}

/* Calls that write a structure: argument 0 is a name, a descriptor, … */
struct result_call {
	const char *name;
	long nr;
	int arg;
	long args[5];
};

static int fd;
static int dir;

static void try_results(char *bad)
{
	const long f = (long)"f";
	const long l = (long)"l";
	struct result_call calls[] = {
		{ "stat", SYS_stat, 1, { f } },
		{ "lstat", SYS_lstat, 1, { l } },
		{ "fstat", SYS_fstat, 1, { fd } },
		{ "newfstatat", SYS_newfstatat, 2, { AT_FDCWD, f, 0, 0 } },
		{ "fstat by newfstatat",
		  SYS_newfstatat,
		  2,
		  { fd, (long)"", 0, AT_EMPTY_PATH } },
		{ "statx", SYS_statx, 4, { AT_FDCWD, f, 0, 0x7ff } },
		{ "statfs", SYS_statfs, 1, { f } },
		{ "fstatfs", SYS_fstatfs, 1, { fd } },
		{ "readlink", SYS_readlink, 1, { l, 0, 10 } },
		{ "readlinkat", SYS_readlinkat, 2, { AT_FDCWD, l, 0, 10 } },
		{ "getcwd", SYS_getcwd, 0, { 0, PAGE } },
		{ "read", SYS_read, 1, { fd, 0, 8 } },
		{ "pread64", SYS_pread64, 1, { fd, 0, 8, 0 } },
	};
	size_t i;

	for (i = 0; i < T_COUNT(calls); i++) {
		long *a = calls[i].args;

		a[calls[i].arg] = (long)bad;
		if (!CHECK_ERRNO(
			    syscall(calls[i].nr, a[0], a[1], a[2], a[3], a[4]),
			    EFAULT))
			t_note("%s of %p", calls[i].name, (void *)bad);
	}
}

static void open_all(void)
{
	t_put("f", "contents of f");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(mkdir("d", 0755));
	t_put("d/name", "");
	fd = t_open("f", O_RDWR);
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
}

static void results_on_forbidden_pages(void)
{
	open_all();
	make_pages(PROT_NONE);
	try_results(wall);
	try_results(wall + 8);
	drop_pages();
	make_pages(PROT_READ);
	try_results(wall);
	drop_pages();
	try_results(NULL);
	try_results((char *)-4096L);
	/* Nothing was consumed by what failed. */
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
}

/* The structure begins well and ends on the wall. */
static void results_that_cross(void)
{
	struct stat st;

	open_all();
	make_pages(PROT_NONE);
	CHECK_ERRNO(syscall(SYS_stat, "f", wall - 16), EFAULT);
	CHECK_ERRNO(syscall(SYS_fstat, fd, wall - 16), EFAULT);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, wall - 16),
		    EFAULT);
	CHECK_ERRNO(syscall(SYS_statfs, "f", wall - 16), EFAULT);
	CHECK_OK(syscall(SYS_stat, "f", wall - sizeof(st)));
	memcpy(&st, wall - sizeof(st), sizeof(st));
	CHECK_EQ(st.st_size, 13);
	drop_pages();
}

static void directory_entries(void)
{
	char buf[512];
	long n;

	open_all();
	make_pages(PROT_NONE);
	CHECK_ERRNO(sys_getdents64(dir, wall, 512), EFAULT);
	CHECK_ERRNO(sys_getdents64(dir, NULL, 512), EFAULT);
	/* The entries that failed were not lost. */
	n = sys_getdents64(dir, buf, sizeof(buf));
	CHECK_EQ(n, 24 + 24 + 24);
	CHECK_EQ(sys_getdents64(dir, buf, sizeof(buf)), 0);
	CHECK_EQ(lseek(dir, 0, SEEK_SET), 0);
	CHECK_EQ(sys_getdents64(dir, wall - n, (size_t)n), n);
	drop_pages();
}

static void vectors(void)
{
	struct iovec iov[2] = { { NULL, 2 }, { NULL, 4 } };
	struct iovec *at;
	char buf[2] = "";

	open_all();
	make_pages(PROT_NONE);
	CHECK_ERRNO(syscall(SYS_readv, fd, wall, 1), EFAULT);
	CHECK_ERRNO(syscall(SYS_writev, fd, wall, 1), EFAULT);
	CHECK_ERRNO(syscall(SYS_preadv, fd, wall, 1, 0, 0), EFAULT);
	CHECK_ERRNO(syscall(SYS_pwritev, fd, wall, 1, 0, 0), EFAULT);
	/* A vector whose second element lies behind the wall. */
	at = (struct iovec *)(void *)(wall - sizeof(*at));
	at->iov_base = buf;
	at->iov_len = 2;
	CHECK_ERRNO(readv(fd, at, 2), EFAULT);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(readv(fd, at, 1), 2);
	CHECK_MEM(buf, "co", 2);
	/* A good element, then a bad one. */
	iov[0].iov_base = buf;
	iov[1].iov_base = wall;
	CHECK_EQ(preadv(fd, iov, 2, 0), 2);
	iov[0].iov_base = wall;
	CHECK_ERRNO(preadv(fd, iov, 2, 0), EFAULT);
	CHECK_ERRNO(pwritev(fd, iov, 2, 0), EFAULT);
	CHECK_FILE("f", "contents of f");
	drop_pages();
}

/* A name of one letter whose terminator would lie behind the wall. */
static void strings_that_run_into_a_wall(void)
{
	char *name = NULL;
	struct stat st;

	open_all();
	make_pages(PROT_NONE);
	name = wall - 1;
	*name = 'f';
	CHECK_ERRNO(syscall(SYS_stat, name, &st), EFAULT);
	CHECK_ERRNO(syscall(SYS_open, name, O_RDONLY), EFAULT);
	CHECK_ERRNO(syscall(SYS_open, name, O_RDWR | O_CREAT, 0644), EFAULT);
	CHECK_ERRNO(syscall(SYS_unlink, name), EFAULT);
	CHECK_ERRNO(syscall(SYS_rename, "f", name), EFAULT);
	CHECK_ERRNO(syscall(SYS_symlink, "f", name), EFAULT);
	CHECK_ERRNO(syscall(SYS_chdir, name), EFAULT);
	CHECK_ERRNO(syscall(SYS_execve, name, NULL, NULL), EFAULT);
	memcpy(wall - 2, "f", 2);
	CHECK_OK(syscall(SYS_stat, wall - 2, &st));
	CHECK_EQ(st.st_size, 13);
	CHECK_FILE("f", "contents of f");
	drop_pages();
}

/* Structures that a call reads. */
static void arguments_on_forbidden_pages(void)
{
	open_all();
	x_copy("self");
	make_pages(PROT_NONE);
	CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", wall, 0), EFAULT);
	CHECK_ERRNO(syscall(SYS_utimes, "f", wall), EFAULT);
	CHECK_ERRNO(syscall(SYS_utime, "f", wall), EFAULT);
	CHECK_ERRNO(sys_openat2(AT_FDCWD, "f", wall, sizeof(struct open_how)),
		    EFAULT);
	CHECK_ERRNO(fcntl(fd, F_SETLK, (struct flock *)(void *)wall), EFAULT);
	CHECK_ERRNO(fcntl(fd, F_GETLK, (struct flock *)(void *)wall), EFAULT);
	CHECK_ERRNO(syscall(SYS_setxattr, "f", "user.a", wall, 4, 0), EFAULT);
	CHECK_ERRNO(syscall(SYS_execve, "self", wall, NULL), EFAULT);
	CHECK_ERRNO(syscall(SYS_write, fd, wall, 8), EFAULT);
	CHECK_ERRNO(syscall(SYS_pwrite64, fd, wall, 8, 0), EFAULT);
	CHECK_FILE("f", "contents of f");
	drop_pages();
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(results_on_forbidden_pages);
	RUN(results_that_cross);
	RUN(directory_entries);
	RUN(vectors);
	RUN(strings_that_run_into_a_wall);
	RUN(arguments_on_forbidden_pages);
	return t_done();
}
