// SPDX-License-Identifier: GPL-2.0-or-later
/* efault.c - bad user pointers are errors for every call that takes one */

#include "check.h"

#include <sys/inotify.h>
#include <sys/mman.h>

struct path_call {
	const char *name;
	long nr;
	/* Which argument is the bad path. */
	int arg;
	long args[6];
};

#define CWD ((long)AT_FDCWD)

static const char x_name[] = "x";
#define NAME ((long)x_name)

static void *pages;

static void try_all(const void *bad)
{
	struct path_call calls[] = {
		{ "open", SYS_open, 0, { 0, O_RDONLY } },
		{ "openat", SYS_openat, 1, { CWD, 0, O_RDONLY } },
		{ "creat", SYS_creat, 0, { 0, 0644 } },
		{ "stat", SYS_stat, 0, { 0, (long)pages } },
		{ "lstat", SYS_lstat, 0, { 0, (long)pages } },
		{ "newfstatat", SYS_newfstatat, 1, { CWD, 0, (long)pages } },
		{ "access", SYS_access, 0, { 0 } },
		{ "faccessat", SYS_faccessat, 1, { CWD } },
		{ "readlink", SYS_readlink, 0, { 0, (long)pages, 10 } },
		{ "readlinkat",
		  SYS_readlinkat,
		  1,
		  { CWD, 0, (long)pages, 10 } },
		{ "mkdir", SYS_mkdir, 0, { 0, 0755 } },
		{ "mkdirat", SYS_mkdirat, 1, { CWD, 0, 0755 } },
		{ "rmdir", SYS_rmdir, 0, { 0 } },
		{ "mknod", SYS_mknod, 0, { 0, S_IFREG | 0644 } },
		{ "mknodat", SYS_mknodat, 1, { CWD, 0, S_IFREG | 0644 } },
		{ "unlink", SYS_unlink, 0, { 0 } },
		{ "unlinkat", SYS_unlinkat, 1, { CWD } },
		{ "link old", SYS_link, 0, { 0, NAME } },
		{ "link new", SYS_link, 1, { NAME } },
		{ "linkat old", SYS_linkat, 1, { CWD, 0, CWD, NAME } },
		{ "linkat new", SYS_linkat, 3, { CWD, NAME, CWD } },
		{ "symlink old", SYS_symlink, 0, { 0, NAME } },
		{ "symlink new", SYS_symlink, 1, { NAME } },
		{ "symlinkat old", SYS_symlinkat, 0, { 0, CWD, NAME } },
		{ "symlinkat new", SYS_symlinkat, 2, { NAME, CWD } },
		{ "rename old", SYS_rename, 0, { 0, NAME } },
		{ "rename new", SYS_rename, 1, { NAME } },
		{ "renameat old", SYS_renameat, 1, { CWD, 0, CWD, NAME } },
		{ "renameat2 new", SYS_renameat2, 3, { CWD, NAME, CWD } },
		{ "chmod", SYS_chmod, 0, { 0, 0644 } },
		{ "fchmodat", SYS_fchmodat, 1, { CWD, 0, 0644 } },
		{ "chown", SYS_chown, 0, { 0, -1, -1 } },
		{ "lchown", SYS_lchown, 0, { 0, -1, -1 } },
		{ "fchownat", SYS_fchownat, 1, { CWD, 0, -1, -1 } },
		{ "utime", SYS_utime, 0, { 0 } },
		{ "utimes", SYS_utimes, 0, { 0 } },
		{ "utimensat", SYS_utimensat, 1, { CWD, 0, 0, 0 } },
		{ "truncate", SYS_truncate, 0, { 0 } },
		{ "statfs", SYS_statfs, 0, { 0, (long)pages } },
		{ "chdir", SYS_chdir, 0, { 0 } },
		{ "getxattr", SYS_getxattr, 0, { 0, NAME, (long)pages, 1 } },
		{ "listxattr", SYS_listxattr, 0, { 0, (long)pages, 1 } },
		{ "execve", SYS_execve, 0, { 0 } },
		{ "statx", SYS_statx, 1, { CWD, 0, 0, 1, (long)pages } },
	};
	size_t i;

	for (i = 0; i < T_COUNT(calls); i++) {
		long *a = calls[i].args;

		/* Without a path utimensat() means the descriptor. */
		if (calls[i].nr == SYS_utimensat && !bad)
			continue;
		a[calls[i].arg] = (long)bad;
		if (!CHECK_ERRNO(syscall(calls[i].nr, a[0], a[1], a[2], a[3],
					 a[4], a[5]),
				 EFAULT))
			t_note("%s of %p", calls[i].name, bad);
	}
}

static void paths_nowhere(void)
{
	t_put("x", "");
	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	try_all(NULL);
	try_all((void *)8);
	try_all((void *)-4096L);
	try_all((void *)0x800000000000L);
	CHECK_OK(munmap((char *)pages + 4096, 4096));
	memset(pages, 'a', 4096);
	try_all((char *)pages + 4000);
	CHECK_OK(munmap(pages, 4096));
}

static void inaccessible_pages(void)
{
	char *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd;

	pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	t_put("x", "contents");
	fd = t_open("x", O_RDWR);
	CHECK_OK(mprotect(p, 4096, PROT_READ));
	CHECK_ERRNO(read(fd, p, 4), EFAULT);
	CHECK_ERRNO(syscall(SYS_stat, "x", p), EFAULT);
	CHECK_ERRNO(syscall(SYS_getcwd, p, 4096L), EFAULT);
	CHECK_EQ(write(fd, p, 4), 4);
	CHECK_OK(mprotect(p, 4096, PROT_NONE));
	CHECK_ERRNO(write(fd, p, 4), EFAULT);
	try_all(p);
}

static void a_buffer_that_ends_early(void)
{
	char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ssize_t n;
	int fd;

	t_fill("x", 8192, 1);
	fd = t_open("x", O_RDWR);
	CHECK_OK(munmap(p + 4096, 4096));
	n = pread(fd, p + 4000, 4096, 0);
	CHECK(n == 96 || (n < 0 && errno == EFAULT));
	n = pwrite(fd, p + 4000, 4096, 0);
	CHECK(n == 96 || (n < 0 && errno == EFAULT));
	CHECK_EQ(t_size("x"), 8192);
	CHECK_OK(munmap(p, 4096));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(paths_nowhere);
	RUN(inaccessible_pages);
	RUN(a_buffer_that_ends_early);
	return t_done();
}
