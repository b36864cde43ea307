// SPDX-License-Identifier: GPL-2.0-or-later
/* rw.c - read, write and their p, v, pv, pv2 forms */

#include "check.h"

static int file(const char *text, int flags)
{
	t_put("f", text);
	return t_open("f", flags);
}

static void offsets_move_with_read_and_write(void)
{
	char buf[16] = "";
	int fd = file("0123456789", O_RDWR);

	CHECK_EQ(read(fd, buf, 4), 4);
	CHECK_MEM(buf, "0123", 4);
	CHECK_EQ(write(fd, "ab", 2), 2);
	CHECK_EQ(read(fd, buf, 16), 4);
	CHECK_MEM(buf, "6789", 4);
	CHECK_EQ(read(fd, buf, 16), 0);
	CHECK_FILE("f", "0123ab6789");
	CHECK_EQ(write(fd, "!", 1), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 11);
}

static void p_forms_leave_the_offset(void)
{
	char buf[16] = "";
	int fd = file("0123456789", O_RDWR);

	CHECK_EQ(pread(fd, buf, 3, 7), 3);
	CHECK_MEM(buf, "789", 3);
	CHECK_EQ(pread(fd, buf, 3, 10), 0);
	CHECK_EQ(pread(fd, buf, 3, 100), 0);
	CHECK_EQ(pwrite(fd, "XY", 2, 2), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_FILE("f", "01XY456789");
	CHECK_ERRNO(pread(fd, buf, 1, -1), EINVAL);
	CHECK_ERRNO(pwrite(fd, buf, 1, -1), EINVAL);
}

static void vectors(void)
{
	char a[4] = "";
	char b[8] = "";
	struct iovec in[3] = { { a, 3 }, { NULL, 0 }, { b, 7 } };
	char one[] = "abc";
	char two[] = "defg";
	struct iovec out[2] = { { one, 3 }, { two, 4 } };
	int fd = file("", O_RDWR);

	CHECK_EQ(writev(fd, out, 2), 7);
	CHECK_FILE("f", "abcdefg");
	CHECK_EQ(pwritev(fd, out, 2, 1), 7);
	CHECK_FILE("f", "aabcdefg");
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(readv(fd, in, 3), 8);
	CHECK_MEM(a, "aab", 3);
	CHECK_MEM(b, "cdefg", 5);
	CHECK_EQ(preadv(fd, in, 3, 6), 2);
	CHECK_MEM(a, "fg", 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 8);
	CHECK_EQ(readv(fd, in, 0), 0);
	CHECK_EQ(writev(fd, out, 0), 0);
	CHECK_ERRNO(syscall(SYS_readv, fd, in, -1L), EINVAL);
	CHECK_ERRNO(syscall(SYS_writev, fd, out, 1025L), EINVAL);
	CHECK_ERRNO(preadv(fd, in, 3, -1), EINVAL);
}

static void many_vectors(void)
{
	static char cells[1024][3];
	struct iovec iov[1024];
	char *buf = malloc(4096);
	int fd = file("", O_RDWR);
	int i;

	for (i = 0; i < 1024; i++) {
		memcpy(cells[i], "xyz", 3);
		cells[i][0] = (char)i;
		iov[i].iov_base = cells[i];
		iov[i].iov_len = 3;
	}
	CHECK_EQ(writev(fd, iov, 1024), 3072);
	CHECK_EQ(pread(fd, buf, 4096, 0), 3072);
	CHECK_MEM(buf, cells, 3072);
	memset(cells, 0, sizeof(cells));
	CHECK_EQ(preadv(fd, iov, 1024, 0), 3072);
	CHECK_MEM(buf, cells, 3072);
	free(buf);
}

static void v2_forms(void)
{
	char buf[16] = "";
	char text[] = "abc";
	struct iovec in = { buf, 16 };
	struct iovec out = { text, 3 };
	int fd = file("012345", O_RDWR);

	CHECK_EQ(preadv2(fd, &in, 1, 2, 0), 4);
	CHECK_MEM(buf, "2345", 4);
	CHECK_EQ(preadv2(fd, &in, 1, -1, 0), 6);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 6);
	CHECK_EQ(pwritev2(fd, &out, 1, -1, 0), 3);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 9);
	CHECK_EQ(pwritev2(fd, &out, 1, 0, RWF_APPEND), 3);
	CHECK_FILE("f", "012345abcabc");
	CHECK_EQ(pwritev2(fd, &out, 1, 0, RWF_DSYNC), 3);
	CHECK_FILE("f", "abc345abcabc");
	CHECK_ERRNO(preadv2(fd, &in, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERRNO(preadv2(fd, &in, 1, -2, 0), EINVAL);
	if (preadv2(fd, &in, 1, 0, RWF_NOWAIT) < 0)
		CHECK(errno == EAGAIN || errno == EOPNOTSUPP);
}

static void zero_lengths(void)
{
	char c = 'x';
	int fd = file("abc", O_RDWR);

	CHECK_EQ(read(fd, &c, 0), 0);
	CHECK_EQ(write(fd, &c, 0), 0);
	CHECK_EQ(pread(fd, &c, 0, 100), 0);
	CHECK_EQ(pwrite(fd, &c, 0, 100), 0);
	CHECK_EQ(t_size("f"), 3);
	CHECK_ERRNO(read(999, &c, 0), EBADF);
	CHECK_ERRNO(write(t_open("f", O_RDONLY), &c, 0), EBADF);
	CHECK_ERRNO(read(t_open("f", O_WRONLY), &c, 0), EBADF);
}

static void bad_pointers(void)
{
	struct iovec bad = { T_BAD_PTR, 4 };
	char text[] = "abcd";
	struct iovec mixed[2] = { { text, 4 }, { T_BAD_PTR, 4 } };
	int fd = file("0123456789", O_RDWR);

	CHECK_ERRNO(read(fd, T_BAD_PTR, 4), EFAULT);
	CHECK_ERRNO(write(fd, T_BAD_PTR, 4), EFAULT);
	CHECK_ERRNO(pread(fd, T_BAD_PTR, 4, 0), EFAULT);
	CHECK_ERRNO(pwrite(fd, T_BAD_PTR, 4, 0), EFAULT);
	CHECK_ERRNO(readv(fd, &bad, 1), EFAULT);
	CHECK_ERRNO(writev(fd, &bad, 1), EFAULT);
	CHECK_ERRNO(readv(fd, T_BAD_PTR, 1), EFAULT);
	CHECK_ERRNO(writev(fd, T_BAD_PTR, 1), EFAULT);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	/* The part before the bad one is done, or none of it. */
	if (writev(fd, mixed, 2) < 0)
		CHECK_EQ(errno, EFAULT);
	else
		CHECK_EQ(lseek(fd, 0, SEEK_CUR), 4);
	CHECK_EQ(t_size("f"), 10);
	bad.iov_len = (size_t)-1;
	CHECK_ERRNO(readv(fd, &bad, 1), EINVAL);
}

static void offset_is_shared_over_dup_and_fork(void)
{
	char buf[4] = "";
	int fd = file("0123456789", O_RDWR);
	int two = dup(fd);
	int other = t_open("f", O_RDWR);
	pid_t pid;

	CHECK_EQ(read(fd, buf, 2), 2);
	CHECK_EQ(read(two, buf, 2), 2);
	CHECK_MEM(buf, "23", 2);
	pid = t_fork();
	if (pid == 0) {
		CHECK_EQ(read(fd, buf, 2), 2);
		CHECK_MEM(buf, "45", 2);
		CHECK_EQ(write(fd, "X", 1), 1);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(read(two, buf, 2), 2);
	CHECK_MEM(buf, "78", 2);
	CHECK_EQ(lseek(other, 0, SEEK_CUR), 0);
	CHECK_FILE("f", "012345X789");
}

static void appending(void)
{
	char text[] = "ij";
	struct iovec iov = { text, 2 };
	int a = file("ab", O_RDWR | O_APPEND);
	int b = t_open("f", O_WRONLY | O_APPEND);

	CHECK_EQ(write(a, "cd", 2), 2);
	CHECK_EQ(write(b, "ef", 2), 2);
	CHECK_EQ(write(a, "gh", 2), 2);
	CHECK_EQ(writev(b, &iov, 1), 2);
	CHECK_FILE("f", "abcdefghij");
	CHECK_EQ(pwrite(a, "kl", 2, 0), 2);
	CHECK_FILE("f", "abcdefghijkl");
	CHECK_EQ(lseek(b, 0, SEEK_CUR), 10);
	CHECK_OK(fcntl(a, F_SETFL, 0));
	CHECK_EQ(pwrite(a, "A", 1, 0), 1);
	CHECK_FILE("f", "Abcdefghijkl");
}

static void two_writers_append_whole_records(void)
{
	enum { RECORDS = 200, SIZE = 50 };
	char rec[SIZE];
	char *buf = malloc(2 * RECORDS * SIZE + 1);
	int count[2] = { 0, 0 };
	pid_t pid[2];
	int i;
	int k;

	t_put("f", "");
	for (i = 0; i < 2; i++) {
		pid[i] = t_fork();
		if (pid[i] != 0)
			continue;
		k = t_open("f", O_WRONLY | O_APPEND);
		memset(rec, 'a' + i, SIZE);
		for (i = 0; i < RECORDS; i++)
			CHECK_EQ(write(k, rec, SIZE), SIZE);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid[0]), 0);
	CHECK_EQ(t_wait(pid[1]), 0);
	CHECK_EQ(t_get("f", buf, 2 * RECORDS * SIZE + 1), 2 * RECORDS * SIZE);
	for (i = 0; i < 2 * RECORDS; i++) {
		memset(rec, buf[i * SIZE], SIZE);
		CHECK_MEM(buf + i * SIZE, rec, SIZE);
		count[buf[i * SIZE] == 'b']++;
	}
	CHECK_EQ(count[0], RECORDS);
	free(buf);
}

static void large_transfers_come_whole(void)
{
	enum { SIZE = 3 * 1024 * 1024 + 17 };
	char *out = malloc(SIZE);
	char *in = malloc(SIZE);
	size_t i;
	int fd = file("", O_RDWR);

	for (i = 0; i < SIZE; i++)
		out[i] = t_byte(i, 5);
	CHECK_EQ(write(fd, out, SIZE), SIZE);
	CHECK_EQ(pread(fd, in, SIZE, 0), SIZE);
	CHECK_MEM(in, out, SIZE);
	CHECK_EQ(pread(fd, in, SIZE, 1000), SIZE - 1000);
	CHECK_MEM(in, out + 1000, SIZE - 1000);
	CHECK_EQ(pwrite(fd, out, 4097, 4095), 4097);
	CHECK_EQ(pread(fd, in, 4097, 4095), 4097);
	CHECK_MEM(in, out, 4097);
	free(in);
	free(out);
}

static void two_descriptors_see_each_other(void)
{
	char buf[8] = "";
	int a = file("", O_RDWR);
	int b = t_open("f", O_RDONLY);

	CHECK_EQ(read(b, buf, 8), 0);
	CHECK_EQ(write(a, "one", 3), 3);
	CHECK_EQ(read(b, buf, 8), 3);
	CHECK_EQ(write(a, "two", 3), 3);
	CHECK_EQ(read(b, buf, 8), 3);
	CHECK_MEM(buf, "two", 3);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(offsets_move_with_read_and_write);
	RUN(p_forms_leave_the_offset);
	RUN(vectors);
	RUN(many_vectors);
	RUN(v2_forms);
	RUN(zero_lengths);
	RUN(bad_pointers);
	RUN(offset_is_shared_over_dup_and_fork);
	RUN(appending);
	RUN(two_writers_append_whole_records);
	RUN(large_transfers_come_whole);
	RUN(two_descriptors_see_each_other);
	return t_done();
}
