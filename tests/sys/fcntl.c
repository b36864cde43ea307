// SPDX-License-Identifier: GPL-2.0-or-later
/* fcntl.c - fcntl(2): flags, duplicates, what files do not have */

#include "check.h"

static void getfl_tells_the_access_mode(void)
{
	t_put("f", "x");
	CHECK_EQ(fcntl(t_open("f", O_RDONLY), F_GETFL) & O_ACCMODE, O_RDONLY);
	CHECK_EQ(fcntl(t_open("f", O_WRONLY), F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_EQ(fcntl(t_open("f", O_RDWR), F_GETFL) & O_ACCMODE, O_RDWR);
	CHECK_EQ(fcntl(t_open(".", O_RDONLY), F_GETFL) & O_ACCMODE, O_RDONLY);
}

static void getfl_tells_the_flags(void)
{
	const int shown = O_ACCMODE | O_APPEND | O_NONBLOCK | O_CREAT | O_EXCL |
			  O_TRUNC | O_SYNC | O_NOATIME;

	t_put("f", "x");
	CHECK_EQ(fcntl(t_open("f", O_RDWR | O_APPEND), F_GETFL) & shown,
		 O_RDWR | O_APPEND);
	CHECK_EQ(fcntl(t_open("f", O_RDWR | O_NONBLOCK), F_GETFL) & shown,
		 O_RDWR | O_NONBLOCK);
	CHECK_EQ(fcntl(t_open("f", O_WRONLY | O_CREAT | O_TRUNC), F_GETFL) &
			 shown,
		 O_WRONLY);
	CHECK_EQ(fcntl(t_open("f", O_RDWR | O_SYNC), F_GETFL) & shown,
		 O_RDWR | O_SYNC);
	CHECK(fcntl(open("f", O_PATH), F_GETFL) & O_PATH);
}

static void setfl_changes_what_may_change(void)
{
	int fd;
	int two;

	t_put("f", "abc");
	fd = t_open("f", O_RDWR);
	two = dup(fd);
	CHECK_OK(fcntl(fd, F_SETFL, O_APPEND));
	CHECK_EQ(fcntl(two, F_GETFL) & (O_APPEND | O_ACCMODE),
		 O_APPEND | O_RDWR);
	CHECK_EQ(write(two, "d", 1), 1);
	CHECK_FILE("f", "abcd");
	CHECK_OK(fcntl(fd, F_SETFL, O_NONBLOCK | O_WRONLY | O_CREAT));
	CHECK_EQ(fcntl(fd, F_GETFL) & (O_APPEND | O_NONBLOCK | O_ACCMODE),
		 O_NONBLOCK | O_RDWR);
	CHECK_EQ(pwrite(fd, "X", 1, 0), 1);
	CHECK_FILE("f", "Xbcd");
}

static void close_on_exec_is_per_descriptor(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int two = dup(fd);

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(fcntl(two, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_OK(fcntl(two, F_SETFD, FD_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_EQ(fcntl(two, F_GETFD), FD_CLOEXEC);
}

static void duplicates_by_number(void)
{
	int fd;
	int two;

	t_put("f", "abc");
	fd = t_open("f", O_RDWR);
	two = (int)CHECK_OK(fcntl(fd, F_DUPFD, 100));
	CHECK_EQ(two, 100);
	CHECK_EQ(fcntl(two, F_GETFD), 0);
	CHECK_EQ(fcntl(fd, F_DUPFD_CLOEXEC, 100), 101);
	CHECK_EQ(fcntl(101, F_GETFD), FD_CLOEXEC);
	CHECK_EQ(lseek(fd, 2, SEEK_SET), 2);
	CHECK_EQ(lseek(100, 0, SEEK_CUR), 2);
	CHECK_ERRNO(fcntl(fd, F_DUPFD, -1), EINVAL);
	CHECK_ERRNO(fcntl(fd, F_DUPFD, 1 << 30), EINVAL);
}

static void what_a_file_is_not(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(fcntl(fd, F_GETPIPE_SZ), EBADF);
	CHECK_ERRNO(fcntl(999, F_GETFL), EBADF);
	CHECK_ERRNO(fcntl(999, F_GETFD), EBADF);
	CHECK_ERRNO(fcntl(fd, 0x7777), EINVAL);
	CHECK_ERRNO(fcntl(open("f", O_PATH), F_SETFL, O_APPEND), EBADF);
	if (fcntl(fd, F_GET_SEALS) < 0)
		CHECK_EQ(errno, EINVAL);
	if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
		CHECK(errno == EINVAL || errno == EAGAIN);
	else
		CHECK_OK(fcntl(fd, F_SETLEASE, F_UNLCK));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(getfl_tells_the_access_mode);
	RUN(getfl_tells_the_flags);
	RUN(setfl_changes_what_may_change);
	RUN(close_on_exec_is_per_descriptor);
	RUN(duplicates_by_number);
	RUN(what_a_file_is_not);
	return t_done();
}
