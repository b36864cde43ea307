// SPDX-License-Identifier: GPL-2.0-or-later
/* large_file.c - sparse files and offsets beyond 4 GiB */

#include "check.h"

#include <sys/mman.h>

static const off_t FAR = 5LL << 30;

/* A file of @size bytes, or -1 with a note where that is too large here. */
static int sparse(off_t size)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	if (ftruncate(fd, size) == 0)
		return fd;
	CHECK_EQ(errno, EFBIG);
	t_note("no files of %lld bytes here", (long long)size);
	return -1;
}

static void a_write_far_out(void)
{
	struct stat st;
	char buf[8] = "";
	int fd = sparse(FAR);

	if (fd < 0)
		return;
	CHECK_EQ(lseek(fd, FAR, SEEK_SET), FAR);
	CHECK_EQ(write(fd, "end", 3), 3);
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_size, FAR + 3);
	CHECK(st.st_blocks < 1 << 20);
	CHECK_EQ(lseek(fd, 0, SEEK_END), FAR + 3);
	CHECK_EQ(pread(fd, buf, 8, FAR), 3);
	CHECK_STR(buf, "end");
	CHECK_EQ(pread(fd, buf, 8, FAR - 8), 8);
	CHECK_MEM(buf, "\0\0\0\0\0\0\0\0", 8);
	CHECK_EQ(lseek(fd, -1, SEEK_END), FAR + 2);
	CHECK_EQ(read(fd, buf, 8), 1);
	CHECK_EQ(buf[0], 'd');
}

static void both_sides_of_four_gib(void)
{
	const off_t edge = 1LL << 32;
	char buf[8];
	int fd = sparse(FAR);

	if (fd < 0)
		return;
	CHECK_EQ(pwrite(fd, "0123456789", 10, edge - 5), 10);
	CHECK_EQ(pread(fd, buf, 5, edge), 5);
	CHECK_MEM(buf, "56789", 5);
	CHECK_EQ(pread(fd, buf, 5, 0), 5);
	CHECK_MEM(buf, "\0\0\0\0\0", 5);
	CHECK_EQ(pread(fd, buf, 5, edge - 5), 5);
	CHECK_MEM(buf, "01234", 5);
	close(fd);
	fd = t_open("f", O_RDONLY);
	CHECK_EQ(lseek(fd, edge - 5, SEEK_DATA) >= 0, 1);
	CHECK_EQ(pread(fd, buf, 5, edge), 5);
	CHECK_MEM(buf, "56789", 5);
}

static void appending_far_out(void)
{
	int fd = sparse(FAR);

	if (fd < 0)
		return;
	fd = t_open("f", O_WRONLY | O_APPEND);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_size("f"), FAR + 1);
	CHECK_OK(truncate("f", 10));
	CHECK_EQ(t_size("f"), 10);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_size("f"), 11);
}

static void mapped_far_out(void)
{
	char buf[8] = "";
	int fd = sparse(FAR + 8192);
	char *p;

	if (fd < 0)
		return;
	CHECK_EQ(pwrite(fd, "there", 5, FAR), 5);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, FAR);
	if (!CHECK(p != MAP_FAILED))
		return;
	CHECK_MEM(p, "there", 5);
	memcpy(p + 4096, "mapped", 6);
	CHECK_OK(msync(p, 8192, MS_SYNC));
	CHECK_EQ(pread(fd, buf, 6, FAR + 4096), 6);
	CHECK_STR(buf, "mapped");
	CHECK_OK(munmap(p, 8192));
}

/* Not by a descriptor: what the map wrote has reached the file. */
static void what_a_map_wrote_stays(void)
{
	const off_t size = 70LL << 20;
	char buf[8] = "";
	char *p;
	int fd = sparse(size);

	CHECK_EQ(pwrite(fd, "there", 5, size - 4096), 5);
	close(fd);
	fd = t_open("f", O_RDWR);
	p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		 size - 8192);
	if (!CHECK(p != MAP_FAILED))
		return;
	memcpy(p, "mapped", 6);
	CHECK_OK(munmap(p, 8192));
	CHECK_EQ(lseek(fd, 4096, SEEK_DATA), size - 8192);
	close(fd);
	fd = t_open("f", O_RDONLY);
	CHECK_EQ(pread(fd, buf, 6, size - 8192), 6);
	CHECK_STR(buf, "mapped");
}

static void locks_and_ranges_far_out(void)
{
	struct flock fl = { .l_type = F_WRLCK,
			    .l_whence = SEEK_END,
			    .l_start = -10,
			    .l_len = 5 };
	int fd = sparse(FAR);

	if (fd < 0)
		return;
	CHECK_OK(fcntl(fd, F_SETLK, &fl));
	if (t_fork() == 0) {
		fl.l_whence = SEEK_SET;
		fl.l_start = 0;
		fl.l_len = 0;
		CHECK_OK(fcntl(fd, F_GETLK, &fl));
		CHECK_EQ(fl.l_type, F_WRLCK);
		CHECK_EQ(fl.l_start, FAR - 10);
		CHECK_EQ(fl.l_len, 5);
		_exit(0);
	}
	CHECK_EQ(t_wait(-1), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	signal(SIGXFSZ, SIG_IGN);
	RUN(a_write_far_out);
	RUN(both_sides_of_four_gib);
	RUN(appending_far_out);
	RUN(mapped_far_out);
	RUN(what_a_map_wrote_stays);
	RUN(locks_and_ranges_far_out);
	return t_done();
}
