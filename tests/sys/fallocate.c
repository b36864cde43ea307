// SPDX-License-Identifier: GPL-2.0-or-later
/* fallocate.c - fallocate(2): space, sizes, punched holes */

#include "check.h"

#include <linux/falloc.h>

/* False, with a note, where the file system cannot do this mode. */
static bool alloc(int fd, int mode, off_t off, off_t len)
{
	if (fallocate(fd, mode, off, len) == 0)
		return true;
	if (CHECK_EQ(errno, EOPNOTSUPP))
		t_note("mode %d is not supported", mode);
	return false;
}

static void default_mode_grows_with_zeros(void)
{
	char buf[8];
	int fd;

	t_put("f", "abc");
	fd = t_open("f", O_RDWR);
	if (!alloc(fd, 0, 0, 100000))
		return;
	CHECK_EQ(t_size("f"), 100000);
	CHECK_EQ(pread(fd, buf, 8, 0), 8);
	CHECK_MEM(buf, "abc\0\0\0\0\0", 8);
	CHECK(alloc(fd, 0, 10, 20));
	CHECK_EQ(t_size("f"), 100000);
	CHECK(alloc(fd, 0, 200000, 10));
	CHECK_EQ(t_size("f"), 200010);
	CHECK_EQ(pread(fd, buf, 8, 200002), 8);
	CHECK_MEM(buf, "\0\0\0\0\0\0\0\0", 8);
}

static void keep_size_keeps_the_size(void)
{
	int fd;

	t_put("f", "abc");
	fd = t_open("f", O_RDWR);
	if (!alloc(fd, FALLOC_FL_KEEP_SIZE, 0, 100000))
		return;
	CHECK_EQ(t_size("f"), 3);
	CHECK_FILE("f", "abc");
}

static void punched_holes_read_as_zeros(void)
{
	const int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
	char *buf = malloc(40000);
	char *zero = calloc(1, 40000);
	int fd;

	t_fill("f", 40000, 2);
	fd = t_open("f", O_RDWR);
	if (alloc(fd, mode, 5000, 20000)) {
		CHECK_EQ(t_size("f"), 40000);
		CHECK_EQ(pread(fd, buf, 40000, 0), 40000);
		CHECK_EQ(buf[4999], t_byte(4999, 2));
		CHECK_MEM(buf + 5000, zero, 20000);
		CHECK_EQ(buf[25000], t_byte(25000, 2));
		CHECK(alloc(fd, mode, 30000, 100000));
		CHECK_EQ(t_size("f"), 40000);
		CHECK_EQ(pread(fd, buf, 40000, 0), 40000);
		CHECK_MEM(buf + 30000, zero, 10000);
	}
	free(buf);
	free(zero);
}

static void zero_range_where_it_is_there(void)
{
	char buf[8];
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	if (!alloc(fd, FALLOC_FL_ZERO_RANGE, 2, 4))
		return;
	CHECK_EQ(pread(fd, buf, 8, 0), 8);
	CHECK_MEM(buf,
		  "01\0\0\0\0"
		  "67",
		  8);
}

static void fails_with_the_right_error(void)
{
	int fd[2];
	int rw = t_open("f", O_RDWR | O_CREAT);
	int ro = t_open("f", O_RDONLY);

	CHECK_OK(pipe(fd));
	CHECK_ERRNO(fallocate(999, 0, 0, 1), EBADF);
	CHECK_ERRNO(fallocate(ro, 0, 0, 1), EBADF);
	CHECK_ERRNO(fallocate(rw, 0, -1, 1), EINVAL);
	CHECK_ERRNO(fallocate(rw, 0, 0, 0), EINVAL);
	CHECK_ERRNO(fallocate(rw, 0, 0, -1), EINVAL);
	CHECK_ERRNO(fallocate(fd[1], 0, 0, 1), ESPIPE);
	CHECK_ERRNO(fallocate(rw, FALLOC_FL_PUNCH_HOLE, 0, 1), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(rw, 0x4000, 0, 1), EOPNOTSUPP);
	CHECK_ERRNO(fallocate(rw, 0, 0x7fffffffffffffffL, 2), EFBIG);
	CHECK_EQ(t_size("f"), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(default_mode_grows_with_zeros);
	RUN(keep_size_keeps_the_size);
	RUN(punched_holes_read_as_zeros);
	RUN(zero_range_where_it_is_there);
	RUN(fails_with_the_right_error);
	return t_done();
}
