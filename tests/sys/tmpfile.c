// SPDX-License-Identifier: GPL-2.0-or-later
/* tmpfile.c - O_TMPFILE: a file without a name, and giving it one */

#include "check.h"

/* Returns -1 after a note where the file system has no O_TMPFILE. */
static int nameless(int flags, mode_t mode)
{
	int fd = open(".", O_TMPFILE | flags, mode);

	if (fd >= 0 || !CHECK(errno == EOPNOTSUPP || errno == EISDIR))
		return fd;
	t_note("no O_TMPFILE here: %s", strerrorname_np(errno));
	return -1;
}

static void is_written_and_read_without_a_name(void)
{
	struct stat st;
	char buf[8] = "";
	int fd = nameless(O_RDWR, 0640);

	if (fd < 0)
		return;
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_mode, S_IFREG | 0640);
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_EQ(pread(fd, buf, sizeof(buf), 0), 5);
	CHECK_STR(buf, "hello");
	CHECK_OK(ftruncate(fd, 2));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 2);
	/* It is not in the directory: that is empty. */
	CHECK_OK(rmdir(t_work));
}

static void gets_a_name_by_linkat(void)
{
	struct stat st;
	int fd = nameless(O_RDWR, 0600);

	if (fd < 0)
		return;
	CHECK_EQ(write(fd, "hello", 5), 5);
	CHECK_OK(linkat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), AT_FDCWD,
			"named", AT_SYMLINK_FOLLOW));
	CHECK_FILE("named", "hello");
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_ino, t_ino("named"));
	CHECK_EQ(pwrite(fd, "J", 1, 0), 1);
	CHECK_FILE("named", "Jello");
	CHECK_ERRNO(linkat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), AT_FDCWD,
			   "named", AT_SYMLINK_FOLLOW),
		    EEXIST);
}

static void with_o_excl_it_stays_nameless(void)
{
	int fd = nameless(O_RDWR | O_EXCL, 0600);

	if (fd < 0)
		return;
	CHECK_ERRNO(linkat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), AT_FDCWD,
			   "named", AT_SYMLINK_FOLLOW),
		    ENOENT);
}

static void fails_with_the_right_error(void)
{
	t_put("f", "");
	CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	CHECK_ERRNO(open(".", O_TMPFILE | O_RDWR | O_CREAT, 0600), EINVAL);
	CHECK_ERRNO(open("f", O_TMPFILE | O_RDWR, 0600), ENOTDIR);
	CHECK_ERRNO2(open("none", O_TMPFILE | O_RDWR, 0600), ENOENT,
		     EOPNOTSUPP);
	CHECK_ERRNO(open(T_BAD_PTR, O_TMPFILE | O_RDWR, 0600), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(is_written_and_read_without_a_name);
	RUN(gets_a_name_by_linkat);
	RUN(with_o_excl_it_stays_nameless);
	RUN(fails_with_the_right_error);
	return t_done();
}
