// SPDX-License-Identifier: GPL-2.0-or-later
/* fadvise.c - fadvise64(2) and readahead(2) */

#include "check.h"

static int advise(int fd, off_t off, off_t len, int advice)
{
	return (int)syscall(SYS_fadvise64, fd, off, len, advice);
}

static void every_advice_is_taken(void)
{
	static const int advices[] = {
		POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
		POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE,
	};
	char *a = malloc(50000);
	char *b = malloc(50000);
	size_t i;
	int fd;

	t_fill("f", 50000, 4);
	CHECK_EQ(t_get("f", a, 50000), 50000);
	fd = t_open("f", O_RDWR);
	for (i = 0; i < T_COUNT(advices); i++) {
		CHECK_OK(advise(fd, 0, 0, advices[i]));
		CHECK_OK(advise(fd, 4096, 8192, advices[i]));
		CHECK_EQ(pread(fd, b, 50000, 0), 50000);
		CHECK_MEM(a, b, 50000);
	}
	CHECK_OK(readahead(fd, 0, 50000));
	free(a);
	free(b);
}

static void fails_with_the_right_error(void)
{
	int fd[2];
	int rw = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(pipe(fd));
	CHECK_ERRNO(advise(999, 0, 0, POSIX_FADV_NORMAL), EBADF);
	CHECK_ERRNO(advise(rw, 0, 0, 99), EINVAL);
	CHECK_ERRNO(advise(rw, 0, -1, POSIX_FADV_NORMAL), EINVAL);
	CHECK_ERRNO(advise(fd[0], 0, 0, POSIX_FADV_NORMAL), ESPIPE);
	CHECK_ERRNO(readahead(999, 0, 1), EBADF);
	CHECK_ERRNO(readahead(t_open("f", O_WRONLY), 0, 1), EBADF);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(every_advice_is_taken);
	RUN(fails_with_the_right_error);
	return t_done();
}
