// SPDX-License-Identifier: GPL-2.0-or-later
/* dup.c - dup, dup2, dup3, close, close_range: lives of descriptors */

#include "check.h"

static void dup_takes_the_lowest(void)
{
	int a = t_open("f", O_RDWR | O_CREAT);
	int b = (int)CHECK_OK(dup(a));

	CHECK_EQ(b, a + 1);
	CHECK_EQ(fcntl(b, F_GETFD), 0);
	CHECK_EQ(write(a, "abc", 3), 3);
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 3);
	close(a);
	CHECK_EQ(write(b, "def", 3), 3);
	CHECK_FILE("f", "abcdef");
	CHECK_EQ(dup(b), a);
	CHECK_ERRNO(dup(999), EBADF);
	CHECK_ERRNO(dup(-1), EBADF);
}

static void dup2_replaces(void)
{
	int a = t_open("a", O_RDWR | O_CREAT);
	int b = t_open("b", O_RDWR | O_CREAT);

	CHECK_EQ(dup2(a, b), b);
	CHECK_EQ(write(b, "to a", 4), 4);
	CHECK_FILE("a", "to a");
	CHECK_FILE("b", "");
	CHECK_EQ(dup2(a, a), a);
	CHECK_EQ(fcntl(a, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(b, F_GETFD), 0);
	CHECK_EQ(dup2(a, 200), 200);
	CHECK_ERRNO(dup2(999, b), EBADF);
	CHECK_EQ(write(b, "!", 1), 1);
	CHECK_ERRNO(dup2(999, 999), EBADF);
	CHECK_ERRNO(dup2(a, -1), EBADF);
	CHECK_ERRNO(dup2(a, 1 << 30), EBADF);
}

static void dup2_over_a_nameless_file_frees_it(void)
{
	int a = t_open("a", O_RDWR | O_CREAT);
	int b = t_open("b", O_RDWR | O_CREAT);

	CHECK_OK(unlink("b"));
	CHECK_EQ(write(b, "gone", 4), 4);
	CHECK_EQ(dup2(a, b), b);
	CHECK_EQ(write(b, "here", 4), 4);
	CHECK_FILE("a", "here");
}

static void dup3_takes_flags(void)
{
	int a = t_open("a", O_RDWR | O_CREAT);

	CHECK_EQ(dup3(a, 50, O_CLOEXEC), 50);
	CHECK_EQ(fcntl(50, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(dup3(a, 50, 0), 50);
	CHECK_EQ(fcntl(50, F_GETFD), 0);
	CHECK_ERRNO(dup3(a, a, 0), EINVAL);
	CHECK_ERRNO(dup3(a, 51, O_APPEND), EINVAL);
	CHECK_ERRNO(dup3(999, 51, 0), EBADF);
}

static void directories_and_names_too(void)
{
	int d = t_open(".", O_RDONLY | O_DIRECTORY);
	int p = (int)CHECK_OK(open(".", O_PATH));

	t_put("f", "x");
	CHECK_EQ(dup2(d, 60), 60);
	CHECK_EQ(dup2(p, 61), 61);
	close(d);
	close(p);
	CHECK_OK(faccessat(60, "f", F_OK, 0));
	CHECK_OK(faccessat(61, "f", F_OK, 0));
	CHECK_OK(fchdir(60));
	CHECK_OK(fchdir(61));
}

static void close_range_closes_or_marks(void)
{
	int a = t_open("a", O_RDWR | O_CREAT);

	CHECK_EQ(dup2(a, 70), 70);
	CHECK_EQ(dup2(a, 71), 71);
	CHECK_EQ(dup2(a, 75), 75);
	if (syscall(SYS_close_range, 71U, 74U, 0U) < 0 && errno == ENOSYS) {
		t_note("no close_range");
		return;
	}
	CHECK_EQ(fcntl(70, F_GETFD), 0);
	CHECK_ERRNO(fcntl(71, F_GETFD), EBADF);
	CHECK_EQ(fcntl(75, F_GETFD), 0);
	CHECK_OK(syscall(SYS_close_range, 70U, ~0U, 4U));
	CHECK_EQ(fcntl(70, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(75, F_GETFD), FD_CLOEXEC);
	CHECK_OK(syscall(SYS_close_range, 70U, ~0U, 0U));
	CHECK_ERRNO(fcntl(70, F_GETFD), EBADF);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_ERRNO(syscall(SYS_close_range, 80U, 70U, 0U), EINVAL);
	CHECK_ERRNO(syscall(SYS_close_range, 80U, 90U, 0x80U), EINVAL);
}

static void a_number_used_again_is_the_new_file(void)
{
	char buf[8];
	int fd = -1;
	int i;

	t_put("a", "a");
	t_put("b", "b");
	CHECK_OK(mkdir("d", 0755));
	for (i = 0; i < 50; i++) {
		fd = t_open("a", O_RDONLY);
		CHECK_EQ(read(fd, buf, 8), 1);
		CHECK_EQ(buf[0], 'a');
		close(fd);
		CHECK_EQ(open("d", O_RDONLY), fd);
		CHECK_ERRNO(read(fd, buf, 8), EISDIR);
		close(fd);
		CHECK_EQ(open("b", O_RDONLY), fd);
		CHECK_EQ(read(fd, buf, 8), 1);
		CHECK_EQ(buf[0], 'b');
		close(fd);
	}
	CHECK_ERRNO(read(fd, buf, 8), EBADF);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(dup_takes_the_lowest);
	RUN(dup2_replaces);
	RUN(dup2_over_a_nameless_file_frees_it);
	RUN(dup3_takes_flags);
	RUN(directories_and_names_too);
	RUN(close_range_closes_or_marks);
	RUN(a_number_used_again_is_the_new_file);
	return t_done();
}
