// SPDX-License-Identifier: GPL-2.0-or-later
/* file_size.c - RLIMIT_FSIZE: EFBIG and SIGXFSZ where a file would be longer */

#include "check.h"

#include <sys/resource.h>
#include <sys/sendfile.h>

#define LIMIT 10000

static void fill(char *buf, size_t len)
{
	for (size_t i = 0; i < len; i++)
		buf[i] = t_byte(i, 1);
}

/* The limit is the process's, so each test is a child's. */
static void in_child(void (*fn)(void))
{
	const struct rlimit limit = { LIMIT, LIMIT };
	pid_t pid = t_fork();

	if (pid == 0) {
		t_signals = 0;
		t_handler(SIGXFSZ, 0);
		CHECK_OK(setrlimit(RLIMIT_FSIZE, &limit));
		fn();
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

#define REFUSED(call) CHECK_ERRNO(call, EFBIG)

static void writes(void)
{
	static char buf[3 * LIMIT];
	struct iovec iov[2] = { { buf, 6000 }, { buf + 6000, 6000 } };
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT | O_TRUNC, 0644));

	fill(buf, sizeof(buf));
	CHECK_EQ(write(fd, buf, LIMIT - 10), LIMIT - 10);
	CHECK_EQ(write(fd, buf, 100), 10);
	CHECK_EQ(t_signals, 0);
	REFUSED(write(fd, buf, 1));
	CHECK_EQ(t_signals, 1);
	CHECK_EQ(t_size("f"), LIMIT);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), LIMIT);
	CHECK_EQ(pwrite(fd, buf, 100, LIMIT - 1), 1);
	REFUSED(pwrite(fd, buf, 1, LIMIT));
	REFUSED(pwrite(fd, buf, 1, 10L * LIMIT));
	CHECK_EQ(t_signals, 3);
	CHECK_EQ(write(fd, buf, 0), 0);
	CHECK_EQ(pwritev(fd, iov, 2, 0), LIMIT);
	CHECK_EQ(t_signals, 3);
	close(fd);
	CHECK_EQ(t_size("f"), LIMIT);
}

static void a_write_stops_there(void)
{
	in_child(writes);
}

static void appends(void)
{
	char buf[100] = "x";
	int fd;

	t_put("f", "contents");
	CHECK_OK(truncate("f", LIMIT - 5));
	fd = CHECK_OK(open("f", O_WRONLY | O_APPEND));
	CHECK_EQ(write(fd, buf, sizeof(buf)), 5);
	REFUSED(write(fd, buf, sizeof(buf)));
	CHECK_EQ(t_signals, 1);
	CHECK_EQ(t_size("f"), LIMIT);
}

static void so_does_an_appending_one(void)
{
	in_child(appends);
}

static void sizes(void)
{
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));

	CHECK_OK(ftruncate(fd, LIMIT));
	REFUSED(ftruncate(fd, LIMIT + 1));
	REFUSED(truncate("f", LIMIT + 1));
	CHECK_EQ(t_signals, 2);
	CHECK_EQ(t_size("f"), LIMIT);
	CHECK_OK(ftruncate(fd, 3));
	if (syscall(SYS_fallocate, fd, 0, 0L, (long)LIMIT + 1) < 0 &&
	    errno != EOPNOTSUPP) {
		CHECK_EQ(errno, EFBIG);
		CHECK_EQ(t_signals, 3);
	}
	CHECK_EQ(t_size("f"), 3);
}

static void files_do_not_grow_beyond(void)
{
	in_child(sizes);
}

static void longer_already(void)
{
	int fd = CHECK_OK(open("long", O_RDWR));

	CHECK_EQ(pwrite(fd, "x", 1, 5), 1);
	REFUSED(pwrite(fd, "x", 1, LIMIT + 5));
	CHECK_OK(ftruncate(fd, 2 * LIMIT - 1));
	CHECK_EQ(t_size("long"), 2 * LIMIT - 1);
	REFUSED(ftruncate(fd, 2 * LIMIT));
	CHECK_EQ(t_signals, 2);
}

static void a_file_that_is_longer_may_shrink(void)
{
	t_fill("long", 2 * LIMIT, 1);
	in_child(longer_already);
}

static void copies(void)
{
	int in = CHECK_OK(open("long", O_RDONLY));
	int out = CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	loff_t at = 0;

	CHECK_EQ(sendfile(out, in, &at, 3L * LIMIT), LIMIT);
	REFUSED(sendfile(out, in, &at, 1));
	CHECK_OK(ftruncate(out, 0));
	CHECK_EQ(lseek(out, 0, SEEK_SET), 0);
	at = 0;
	CHECK_EQ(copy_file_range(in, &at, out, NULL, 3L * LIMIT, 0), LIMIT);
	REFUSED(copy_file_range(in, &at, out, NULL, 1, 0));
	CHECK(t_signals >= 2); /* some kernels send two for one */
	CHECK_EQ(t_size("f"), LIMIT);
}

static void copies_end_there(void)
{
	t_fill("long", 2 * LIMIT, 1);
	in_child(copies);
}

static void the_signal_ends_who_does_not_expect_it(void)
{
	const struct rlimit limit = { LIMIT, LIMIT };
	const struct rlimit no_core = { 0, 0 };
	int fd = CHECK_OK(open("f", O_RDWR | O_CREAT, 0644));
	pid_t pid = t_fork();

	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(pwrite(fd, "x", 1, LIMIT) == 1);
	}
	CHECK_EQ(t_wait(pid), 128 + SIGXFSZ);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_write_stops_there);
	RUN(so_does_an_appending_one);
	RUN(files_do_not_grow_beyond);
	RUN(a_file_that_is_longer_may_shrink);
	RUN(copies_end_there);
	RUN(the_signal_ends_who_does_not_expect_it);
	return t_done();
}
