// SPDX-License-Identifier: GPL-2.0-or-later
/* sendfile.c - sendfile(2) */

#include "check.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

enum { SIZE = 200000 };

static void file_to_file(void)
{
	char *a = malloc(SIZE);
	char *b = malloc(SIZE);
	size_t done = 0;
	ssize_t n = 1;
	int in;
	int out;

	t_fill("a", SIZE, 3);
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_RDWR | O_CREAT);
	while (done < SIZE && n > 0) {
		n = CHECK_OK(sendfile(out, in, NULL, SIZE));
		done += n > 0 ? (size_t)n : 0;
	}
	CHECK_EQ(done, SIZE);
	CHECK_EQ(sendfile(out, in, NULL, SIZE), 0);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), SIZE);
	CHECK_EQ(lseek(out, 0, SEEK_CUR), SIZE);
	CHECK_EQ(t_get("a", a, SIZE), SIZE);
	CHECK_EQ(t_get("b", b, SIZE), SIZE);
	CHECK_MEM(a, b, SIZE);
	free(a);
	free(b);
}

static void with_an_offset(void)
{
	off_t off = 3;
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_RDWR | O_CREAT);
	CHECK_EQ(sendfile(out, in, &off, 4), 4);
	CHECK_EQ(off, 7);
	CHECK_EQ(lseek(in, 0, SEEK_CUR), 0);
	CHECK_FILE("b", "3456");
	off = 100;
	CHECK_EQ(sendfile(out, in, &off, 4), 0);
	CHECK_EQ(sendfile(out, in, NULL, 0), 0);
}

static void file_to_pipe_and_socket(void)
{
	char buf[16] = "";
	int fd[2];
	int in;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	CHECK_OK(pipe(fd));
	CHECK_EQ(sendfile(fd[1], in, NULL, 6), 6);
	CHECK_EQ(read(fd[0], buf, 16), 6);
	CHECK_MEM(buf, "012345", 6);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
	CHECK_EQ(sendfile(fd[1], in, NULL, 16), 4);
	CHECK_EQ(read(fd[0], buf, 16), 4);
	CHECK_MEM(buf, "6789", 4);
}

static void from_and_to_the_host(void)
{
	const char *name = t_fmt("%s/sendfile.%d", t_host, (int)getpid());
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open(name, O_RDWR | O_CREAT);
	CHECK_EQ(sendfile(out, in, NULL, 100), 10);
	CHECK_FILE(name, "0123456789");
	CHECK_EQ(lseek(out, 5, SEEK_SET), 5);
	in = t_open("b", O_RDWR | O_CREAT);
	CHECK_EQ(sendfile(in, out, NULL, 100), 5);
	CHECK_FILE("b", "56789");
	CHECK_OK(unlink(name));
}

static void fails_with_the_right_error(void)
{
	off_t off = -1;
	int fd[2];
	int in;
	int out;

	t_put("a", "0123456789");
	in = t_open("a", O_RDONLY);
	out = t_open("b", O_WRONLY | O_CREAT);
	CHECK_OK(pipe(fd));
	CHECK_ERRNO(sendfile(999, in, NULL, 1), EBADF);
	CHECK_ERRNO(sendfile(out, 999, NULL, 1), EBADF);
	CHECK_ERRNO(sendfile(in, in, NULL, 1), EBADF);
	CHECK_ERRNO(sendfile(out, out, NULL, 1), EBADF);
	CHECK_ERRNO(sendfile(out, in, &off, 1), EINVAL);
	CHECK_ERRNO(sendfile(out, in, T_BAD_PTR, 1), EFAULT);
	CHECK_ERRNO(sendfile(out, fd[0], &off, 1), ESPIPE);
	CHECK_ERRNO(sendfile(t_open("b", O_RDWR | O_APPEND), in, NULL, 1),
		    EINVAL);
	CHECK_ERRNO2(sendfile(out, t_open(".", O_RDONLY), NULL, 1), EINVAL,
		     EISDIR);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(file_to_file);
	RUN(with_an_offset);
	RUN(file_to_pipe_and_socket);
	RUN(from_and_to_the_host);
	RUN(fails_with_the_right_error);
	return t_done();
}
