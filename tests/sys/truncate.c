// SPDX-License-Identifier: GPL-2.0-or-later
/* truncate.c - truncate(2) and ftruncate(2) */

#include "check.h"

static void shrinks_and_grows(const struct t_way *w)
{
	char buf[16];

	t_put_at(w->fd, t_at(w, "f"), "0123456789");
	if (w->fd == AT_FDCWD) {
		CHECK_OK(truncate(t_at(w, "f"), 4));
	} else {
		int fd = openat(w->fd, t_at(w, "f"), O_WRONLY);

		CHECK_OK(ftruncate(fd, 4));
		close(fd);
	}
	CHECK_FILE(t_p("f"), "0123");
	CHECK_OK(truncate(t_p("f"), 8));
	CHECK_EQ(t_get(t_p("f"), buf, sizeof(buf)), 8);
	CHECK_MEM(buf, "0123\0\0\0\0", 8);
	CHECK_OK(truncate(t_p("f"), 0));
	CHECK_EQ(t_size(t_p("f")), 0);
}

static void what_was_cut_reads_as_zeros(void)
{
	static const size_t cuts[] = { 1, 4095, 4096, 4097, 10000 };
	char *zero = calloc(1, 20000);
	char *buf = malloc(20000);
	size_t i;
	int fd;

	for (i = 0; i < T_COUNT(cuts); i++) {
		t_fill("f", 20000, 1);
		fd = t_open("f", O_RDWR);
		CHECK_OK(ftruncate(fd, (off_t)cuts[i]));
		CHECK_EQ(t_size("f"), cuts[i]);
		CHECK_OK(ftruncate(fd, 20000));
		CHECK_EQ(pread(fd, buf, 20000, 0), 20000);
		CHECK_EQ(buf[cuts[i] - 1], t_byte(cuts[i] - 1, 1));
		CHECK_MEM(buf + cuts[i], zero, 20000 - cuts[i]);
		close(fd);
	}
	free(buf);
	free(zero);
}

static void offset_stays_and_writes_beyond_make_holes(void)
{
	char buf[16];
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	CHECK_EQ(lseek(fd, 0, SEEK_END), 10);
	CHECK_OK(ftruncate(fd, 2));
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 10);
	CHECK_EQ(read(fd, buf, 4), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_get("f", buf, sizeof(buf)), 11);
	CHECK_MEM(buf, "01\0\0\0\0\0\0\0\0x", 11);
}

static void times_and_mode(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	t_put("f", "0123456789");
	CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
	CHECK_OK(truncate("f", 5));
	CHECK_OK(stat("f", &st));
	CHECK(st.st_mtim.tv_sec > 1000);
	CHECK_EQ(st.st_mode, S_IFREG | 0644);
}

static void fails_with_the_right_error(void)
{
	int ro;

	t_put("f", "x");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(symlink("loop", "loop"));
	ro = t_open("f", O_RDONLY);
	CHECK_ERRNO(truncate("no", 0), ENOENT);
	CHECK_ERRNO(truncate("", 0), ENOENT);
	CHECK_ERRNO(truncate("f/x", 0), ENOTDIR);
	CHECK_ERRNO(truncate("f/", 0), ENOTDIR);
	CHECK_ERRNO(truncate("d", 0), EISDIR);
	CHECK_ERRNO(truncate("p", 0), EINVAL);
	CHECK_ERRNO(truncate("loop", 0), ELOOP);
	CHECK_ERRNO(truncate("f", -1), EINVAL);
	CHECK_ERRNO(truncate(T_BAD_PTR, 0), EFAULT);
	CHECK_ERRNO2(ftruncate(ro, 0), EINVAL, EBADF);
	CHECK_ERRNO(ftruncate(999, 0), EBADF);
	CHECK_ERRNO(ftruncate(t_open("f", O_RDWR), -1), EINVAL);
	CHECK_ERRNO(ftruncate(t_open("d", O_RDONLY), 0), EINVAL);
	CHECK_FILE("f", "x");
	if (truncate("f", 0x7fffffffffffffffL) < 0)
		CHECK_EQ(errno, EFBIG);
	else
		t_note("a file may have any size");
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	signal(SIGXFSZ, SIG_IGN);
	RUN_WAYS(shrinks_and_grows);
	RUN(what_was_cut_reads_as_zeros);
	RUN(offset_stays_and_writes_beyond_make_holes);
	RUN(times_and_mode);
	RUN(fails_with_the_right_error);
	return t_done();
}
