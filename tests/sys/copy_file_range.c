// SPDX-License-Identifier: GPL-2.0-or-later
/* copy_file_range.c - copy_file_range(2) */

#include "check.h"

#include <stdint.h>

static long copy(int in, off64_t *a, int out, off64_t *b, size_t len)
{
	return syscall(SYS_copy_file_range, in, a, out, b, len, 0U);
}

static void copies_with_and_without_offsets(void)
{
	off64_t a = 2;
	off64_t b = 1;
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_RDWR | O_CREAT);
	CHECK_EQ(copy(in, NULL, out, NULL, 4), 4);
	CHECK_EQ(copy(in, NULL, out, NULL, 100), 6);
	CHECK_EQ(copy(in, NULL, out, NULL, 100), 0);
	CHECK_FILE("b", "0123456789");
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 10);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 10);
	CHECK_EQ(copy(in, &a, out, &b, 3), 3);
	CHECK_EQ(a, 5);
	CHECK_EQ(b, 4);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), 10);
	CHECK_FILE("b", "0234456789");
	CHECK_EQ(copy(in, &a, out, &b, 0), 0);
}

static void copies_much(void)
{
	enum { SIZE = 1 << 20 };
	char *a = malloc(SIZE);
	char *b = malloc(SIZE);
	ssize_t done = 0;
	ssize_t n = 1;
	int in;
	int out;

	t_fill("a", SIZE, 3);
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_RDWR | O_CREAT);
	while (done < SIZE && n > 0) {
		n = CHECK_OK(copy(in, NULL, out, NULL, SIZE));
		done += n;
	}
	CHECK_EQ(done, SIZE);
	CHECK_EQ(t_get("a", a, SIZE), SIZE);
	CHECK_EQ(t_get("b", b, SIZE), SIZE);
	CHECK_MEM(a, b, SIZE);
	free(a);
	free(b);
}

static void within_one_file(void)
{
	off64_t a = 0;
	off64_t b = 5;
	int fd;

	t_put("a", "01234XXXXX");
	fd = t_open("a", O_RDWR);
	CHECK_EQ(copy(fd, &a, fd, &b, 5), 5);
	CHECK_FILE("a", "0123401234");
	a = 0;
	b = 2;
	CHECK_ERRNO(copy(fd, &a, fd, &b, 5), EINVAL);
}

/* The file grows by what is copied; that is not copied again. */
static void within_one_file_over_its_end(void)
{
	off64_t a = 6;
	off64_t b = 10;
	int fd;
	int other;

	t_put("a", "0123456789");
	fd = t_open("a", O_RDWR);
	other = t_open("a", O_RDWR);
	CHECK_EQ(copy(fd, &a, fd, &b, 100), 4);
	CHECK_EQ(a, 10);
	CHECK_EQ(b, 14);
	CHECK_FILE("a", "01234567896789");
	a = 12;
	b = 14;
	CHECK_EQ(copy(fd, &a, other, &b, 100), 2);
	CHECK_FILE("a", "0123456789678989");
	a = 0;
	b = 2;
	CHECK_ERRNO(copy(fd, &a, other, &b, 5), EINVAL);
	a = 100;
	CHECK_EQ(copy(fd, &a, other, &b, 5), 0);
	a = INT64_MAX - 2;
	CHECK_EQ(copy(fd, &a, other, &b, 5), 0);
	CHECK_ERRNO(copy(fd, &a, other, &b, SIZE_MAX), EOVERFLOW);
}

static void to_the_host_or_exdev(void)
{
	const char *name = t_fmt("%s/copy.%d", t_host, (int)getpid());
	long n;
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open(name, O_RDWR | O_CREAT);
	n = copy(in, NULL, out, NULL, 10);
	if (n < 0) {
		CHECK(errno == EXDEV || errno == EOPNOTSUPP || errno == EINVAL);
		t_note("to the host: %s", strerrorname_np(errno));
		CHECK_EQ(t_size(name), 0);
		CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
	} else {
		CHECK_FILE(name, "0123456789");
	}
	CHECK_OK(unlink(name));
}

static void fails_with_the_right_error(void)
{
	off64_t neg = -1;
	int fd[2];
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_RDWR | O_CREAT);
	CHECK_OK(pipe(fd));
	CHECK_ERRNO(copy(999, NULL, out, NULL, 1), EBADF);
	CHECK_ERRNO(copy(in, NULL, 999, NULL, 1), EBADF);
	CHECK_ERRNO(copy(out, NULL, in, NULL, 1), EBADF);
	CHECK_ERRNO(copy(t_open("b", O_WRONLY), NULL, out, NULL, 1), EBADF);
	CHECK_ERRNO(copy(in, NULL, t_open("b", O_WRONLY | O_APPEND), NULL, 1),
		    EBADF);
	CHECK_ERRNO(copy(in, NULL, fd[1], NULL, 1), EINVAL);
	CHECK_ERRNO(copy(t_open(".", O_RDONLY), NULL, out, NULL, 1), EISDIR);
	CHECK_ERRNO(copy(in, T_BAD_PTR, out, NULL, 1), EFAULT);
	CHECK_ERRNO2(copy(in, &neg, out, NULL, 1), EINVAL, EOVERFLOW);
	CHECK_ERRNO(syscall(SYS_copy_file_range, in, NULL, out, NULL, 1UL, 2U),
		    EINVAL);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(copies_with_and_without_offsets);
	RUN(copies_much);
	RUN(within_one_file);
	RUN(within_one_file_over_its_end);
	RUN(to_the_host_or_exdev);
	RUN(fails_with_the_right_error);
	return t_done();
}
