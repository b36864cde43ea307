// SPDX-License-Identifier: GPL-2.0-or-later
/* fsync.c - fsync(2), fdatasync(2), sync_file_range(2), syncfs(2), sync(2) */

#include "check.h"

static void on_files_and_directories(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int ro = t_open("f", O_RDONLY);
	int dir = t_open(".", O_RDONLY);

	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_OK(fsync(fd));
	CHECK_OK(fdatasync(fd));
	CHECK_OK(fsync(ro));
	CHECK_OK(fdatasync(ro));
	CHECK_OK(fsync(dir));
	CHECK_OK(fdatasync(dir));
	CHECK_OK(syncfs(fd));
	CHECK_OK(syncfs(dir));
	CHECK_OK(sync_file_range(fd, 0, 0,
				 SYNC_FILE_RANGE_WAIT_BEFORE |
					 SYNC_FILE_RANGE_WRITE |
					 SYNC_FILE_RANGE_WAIT_AFTER));
	CHECK_OK(unlink("f"));
	CHECK_EQ(write(fd, "more", 4), 4);
	CHECK_OK(fsync(fd));
	CHECK_FILE(t_fmt("/proc/self/fd/%d", fd), "textmore");
}

static void fails_with_the_right_error(void)
{
	int fd[2];
	int rw = t_open("f", O_RDWR | O_CREAT);
	int name = (int)CHECK_OK(open("f", O_PATH));

	CHECK_OK(pipe(fd));
	CHECK_ERRNO(fsync(fd[0]), EINVAL);
	CHECK_ERRNO(fdatasync(fd[0]), EINVAL);
	CHECK_ERRNO(sync_file_range(fd[0], 0, 0, 0), ESPIPE);
	CHECK_ERRNO(fsync(999), EBADF);
	CHECK_ERRNO(fdatasync(999), EBADF);
	CHECK_ERRNO(syncfs(999), EBADF);
	CHECK_ERRNO(fsync(name), EBADF);
	CHECK_ERRNO(sync_file_range(999, 0, 0, 0), EBADF);
	CHECK_ERRNO(sync_file_range(rw, -1, 0, 0), EINVAL);
	CHECK_ERRNO(sync_file_range(rw, 0, 0, 0x100), EINVAL);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(on_files_and_directories);
	RUN(fails_with_the_right_error);
	return t_done();
}
