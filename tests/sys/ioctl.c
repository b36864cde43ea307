// SPDX-License-Identifier: GPL-2.0-or-later
/* ioctl.c - ioctl(2) on files and directories */

#include "check.h"

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <termios.h>

static void files_are_no_terminals(void)
{
	struct termios tio;
	int fd = t_open("f", O_RDWR | O_CREAT);
	int dir = t_open(".", O_RDONLY);

	CHECK_ERRNO(ioctl(fd, TCGETS, &tio), ENOTTY);
	CHECK_ERRNO(ioctl(dir, TCGETS, &tio), ENOTTY);
	CHECK_EQ(isatty(fd), 0);
	CHECK_ERRNO(ioctl(fd, 0x12345678, 0), ENOTTY);
	CHECK_ERRNO(ioctl(999, TCGETS, &tio), EBADF);
	CHECK_ERRNO(ioctl(open("f", O_PATH), TCGETS, &tio), EBADF);
}

static void bytes_left_to_read(void)
{
	int n = -1;
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDONLY);
	CHECK_OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 10);
	CHECK_EQ(lseek(fd, 4, SEEK_SET), 4);
	CHECK_OK(ioctl(fd, FIONREAD, &n));
	CHECK_EQ(n, 6);
	CHECK_ERRNO(ioctl(fd, FIONREAD, T_BAD_PTR), EFAULT);
}

static void flags_by_ioctl(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int on = 1;

	CHECK_OK(ioctl(fd, FIOCLEX));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_OK(ioctl(fd, FIONCLEX));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	CHECK_OK(ioctl(fd, FIONBIO, &on));
	CHECK_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
}

static void attributes_or_enotty(void)
{
	long flags = 0;
	int fd = t_open("f", O_RDWR | O_CREAT);
	int other = t_open("g", O_RDWR | O_CREAT);

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0)
		CHECK(errno == ENOTTY || errno == EOPNOTSUPP);
	if (ioctl(fd, FICLONE, other) < 0)
		CHECK(errno == EOPNOTSUPP || errno == ENOTTY ||
		      errno == EINVAL || errno == EXDEV);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(files_are_no_terminals);
	RUN(bytes_left_to_read);
	RUN(flags_by_ioctl);
	RUN(attributes_or_enotty);
	return t_done();
}
