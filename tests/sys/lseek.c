// SPDX-License-Identifier: GPL-2.0-or-later
/* lseek.c - lseek(2): each whence, holes, errors */

#include "check.h"

static void set_cur_end(void)
{
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	CHECK_EQ(lseek(fd, 5, SEEK_SET), 5);
	CHECK_EQ(lseek(fd, 2, SEEK_CUR), 7);
	CHECK_EQ(lseek(fd, -7, SEEK_CUR), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
	CHECK_EQ(lseek(fd, -3, SEEK_END), 7);
	CHECK_EQ(lseek(fd, 90, SEEK_END), 100);
	CHECK_EQ(t_size("f"), 10);
	CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
	CHECK_ERRNO(lseek(fd, -101, SEEK_CUR), EINVAL);
	CHECK_ERRNO(lseek(fd, -11, SEEK_END), EINVAL);
	CHECK_ERRNO(lseek(fd, 0, 77), EINVAL);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 100);
}

static void end_follows_the_file(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int other = t_open("f", O_RDWR);

	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
	CHECK_EQ(write(other, "12345", 5), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 5);
	CHECK_OK(truncate("f", 1000));
	CHECK_EQ(lseek(fd, 0, SEEK_END), 1000);
	t_open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 0);
}

static void writing_beyond_the_end_makes_a_hole(void)
{
	char buf[64];
	char zero[64] = { 0 };
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(lseek(fd, 100000, SEEK_SET), 100000);
	CHECK_EQ(t_size("f"), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_size("f"), 100001);
	CHECK_EQ(pread(fd, buf, 64, 50000), 64);
	CHECK_MEM(buf, zero, 64);
	CHECK_EQ(pread(fd, buf, 2, 100000), 1);
	CHECK_EQ(buf[0], 'x');
}

static void data_and_holes_are_not_contradictory(void)
{
	const off_t start = 1 << 20;
	const off_t size = 2 << 20;
	off_t pos;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(pwrite(fd, "data", 4, start), 4);
	CHECK_OK(ftruncate(fd, size));
	pos = lseek(fd, 0, SEEK_DATA);
	CHECK(pos >= 0 && pos <= start);
	CHECK_EQ(lseek(fd, start, SEEK_DATA), start);
	CHECK_EQ(lseek(fd, start + 2, SEEK_DATA), start + 2);
	pos = lseek(fd, start, SEEK_HOLE);
	CHECK(pos >= start + 4 && pos <= size);
	pos = lseek(fd, 0, SEEK_HOLE);
	CHECK(pos == 0 || pos == size);
	CHECK_ERRNO(lseek(fd, size, SEEK_DATA), ENXIO);
	CHECK_ERRNO(lseek(fd, size, SEEK_HOLE), ENXIO);
	CHECK_ERRNO(lseek(fd, size + 5, SEEK_DATA), ENXIO);
	CHECK_ERRNO(lseek(fd, -1, SEEK_DATA), ENXIO);
}

static void a_full_file_has_its_hole_at_the_end(void)
{
	int fd;

	t_fill("f", 10000, 1);
	fd = t_open("f", O_RDONLY);
	CHECK_EQ(lseek(fd, 0, SEEK_DATA), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_HOLE), 10000);
	CHECK_EQ(lseek(fd, 9999, SEEK_DATA), 9999);
	fd = t_open("e", O_RDWR | O_CREAT);
	CHECK_ERRNO(lseek(fd, 0, SEEK_DATA), ENXIO);
	CHECK_ERRNO(lseek(fd, 0, SEEK_HOLE), ENXIO);
}

static void other_descriptors(void)
{
	int fd[2];

	CHECK_OK(pipe(fd));
	CHECK_ERRNO(lseek(fd[0], 0, SEEK_CUR), ESPIPE);
	CHECK_ERRNO(lseek(999, 0, SEEK_CUR), EBADF);
	CHECK_OK(lseek(t_open(".", O_RDONLY), 0, SEEK_SET));
	t_put("f", "");
	CHECK_ERRNO(lseek(open("f", O_PATH), 0, SEEK_CUR), EBADF);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(set_cur_end);
	RUN(end_follows_the_file);
	RUN(writing_beyond_the_end_makes_a_hole);
	RUN(data_and_holes_are_not_contradictory);
	RUN(a_full_file_has_its_hole_at_the_end);
	RUN(other_descriptors);
	return t_done();
}
