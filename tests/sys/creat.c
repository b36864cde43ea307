// SPDX-License-Identifier: GPL-2.0-or-later
/* creat.c - creat(2) makes, empties and fails as open(2) does */

#include "check.h"

static int sys_creat(const char *path, mode_t mode)
{
	return (int)syscall(SYS_creat, path, mode);
}

static void makes_a_file_open_for_writing(void)
{
	char c;
	int fd = (int)CHECK_OK(sys_creat("new", 0640));

	CHECK_EQ(t_mode("new"), S_IFREG | 0640);
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_ERRNO(read(fd, &c, 1), EBADF);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
	CHECK_FILE("new", "hello");
}

static void empties_what_exists_and_keeps_mode(void)
{
	t_put("old", "contents");
	CHECK_OK(chmod("old", 0600));
	CHECK_OK(sys_creat("old", 0777));
	CHECK_EQ(t_size("old"), 0);
	CHECK_EQ(t_mode("old"), S_IFREG | 0600);
}

static void read_only_mode_still_gives_a_writable_fd(void)
{
	int fd = (int)CHECK_OK(sys_creat("ro", 0444));

	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_mode("ro"), S_IFREG | 0444);
}

static void fails_with_the_right_error(void)
{
	char *name = t_long(256, 'n');

	t_put("file", "");
	CHECK_OK(mkdir("dir", 0755));
	CHECK_OK(symlink("loop", "loop"));
	CHECK_ERRNO(sys_creat("", 0644), ENOENT);
	CHECK_ERRNO(sys_creat("dir", 0644), EISDIR);
	CHECK_ERRNO(sys_creat("dir/", 0644), EISDIR);
	CHECK_ERRNO(sys_creat("new/", 0644), EISDIR);
	CHECK_ERRNO(sys_creat("none/new", 0644), ENOENT);
	CHECK_ERRNO(sys_creat("file/new", 0644), ENOTDIR);
	CHECK_ERRNO(sys_creat("loop", 0644), ELOOP);
	CHECK_ERRNO(sys_creat(name, 0644), ENAMETOOLONG);
	CHECK_ERRNO(sys_creat(T_BAD_PTR, 0644), EFAULT);
	free(name);
}

static void follows_a_dangling_link(void)
{
	CHECK_OK(symlink("target", "link"));
	CHECK_OK(sys_creat("link", 0644));
	CHECK(t_exists("target"));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(makes_a_file_open_for_writing);
	RUN(empties_what_exists_and_keeps_mode);
	RUN(read_only_mode_still_gives_a_writable_fd);
	RUN(fails_with_the_right_error);
	RUN(follows_a_dangling_link);
	return t_done();
}
