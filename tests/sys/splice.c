// SPDX-License-Identifier: GPL-2.0-or-later
/* splice.c - splice(2) between files and pipes */

#include "check.h"

static int pipes[2];

static void file_to_pipe(void)
{
	char buf[16];
	off64_t off = 4;
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDONLY);
	CHECK_OK(pipe(pipes));
	CHECK_EQ(splice(fd, NULL, pipes[1], NULL, 3, 0), 3);
	CHECK_EQ(read(pipes[0], buf, 16), 3);
	CHECK_MEM(buf, "012", 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_EQ(splice(fd, &off, pipes[1], NULL, 100, SPLICE_F_MOVE), 6);
	CHECK_EQ(off, 10);
	CHECK_EQ(read(pipes[0], buf, 16), 6);
	CHECK_MEM(buf, "456789", 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	off = 10;
	CHECK_EQ(splice(fd, &off, pipes[1], NULL, 100, 0), 0);
}

static void pipe_to_file(void)
{
	off64_t off = 2;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(pipe(pipes));
	CHECK_EQ(write(pipes[1], "abcdef", 6), 6);
	CHECK_EQ(splice(pipes[0], NULL, fd, NULL, 3, 0), 3);
	CHECK_FILE("f", "abc");
	CHECK_EQ(splice(pipes[0], NULL, fd, &off, 3, 0), 3);
	CHECK_EQ(off, 5);
	CHECK_FILE("f", "abdef");
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	close(pipes[1]);
	CHECK_EQ(splice(pipes[0], NULL, fd, NULL, 3, 0), 0);
}

static void a_whole_file_through_a_pipe(void)
{
	enum { SIZE = 300001 };
	char *a = malloc(SIZE);
	char *b = malloc(SIZE);
	ssize_t n;
	ssize_t m;
	int in;
	int out;

	t_fill("a", SIZE, 9);
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_WRONLY | O_CREAT);
	CHECK_OK(pipe(pipes));
	while ((n = splice(in, NULL, pipes[1], NULL, 65536, 0)) > 0)
		for (; n > 0; n -= m) {
			m = splice(pipes[0], NULL, out, NULL, (size_t)n, 0);
			if (!CHECK(m > 0))
				goto end;
		}
	CHECK_EQ(n, 0);
	CHECK_EQ(t_get("a", a, SIZE), SIZE);
	CHECK_EQ(t_get("b", b, SIZE), SIZE);
	CHECK_MEM(a, b, SIZE);
end:
	free(a);
	free(b);
}

static void fails_with_the_right_error(void)
{
	off64_t off = 0;
	int fd;
	int ro;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	ro = t_open("f", O_RDONLY);
	CHECK_OK(pipe(pipes));
	CHECK_ERRNO(splice(fd, NULL, fd, NULL, 4, 0), EINVAL);
	CHECK_ERRNO(splice(999, NULL, pipes[1], NULL, 4, 0), EBADF);
	CHECK_ERRNO(splice(fd, NULL, 999, NULL, 4, 0), EBADF);
	CHECK_ERRNO(splice(fd, NULL, pipes[1], &off, 4, 0), ESPIPE);
	CHECK_ERRNO(splice(fd, T_BAD_PTR, pipes[1], NULL, 4, 0), EFAULT);
	CHECK_ERRNO(splice(fd, NULL, pipes[1], NULL, 4, 0x1000), EINVAL);
	CHECK_EQ(write(pipes[1], "x", 1), 1);
	CHECK_ERRNO(splice(pipes[0], NULL, ro, NULL, 1, 0), EBADF);
	CHECK_ERRNO(splice(pipes[0], NULL, t_open("f", O_WRONLY | O_APPEND),
			   NULL, 1, 0),
		    EINVAL);
	CHECK_ERRNO(splice(t_open("f", O_WRONLY), NULL, pipes[1], NULL, 1, 0),
		    EBADF);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(file_to_pipe);
	RUN(pipe_to_file);
	RUN(a_whole_file_through_a_pipe);
	RUN(fails_with_the_right_error);
	return t_done();
}
