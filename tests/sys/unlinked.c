// SPDX-License-Identifier: GPL-2.0-or-later
/* unlinked.c - files without a name that are still open */

#include "check.h"

static int orphan(const char *text)
{
	int fd;

	t_put("f", text);
	fd = t_open("f", O_RDWR);
	CHECK_OK(unlink("f"));
	CHECK(!t_exists("f"));
	return fd;
}

static void reads_and_writes_go_on(void)
{
	struct stat st;
	char buf[16] = "";
	int fd = orphan("0123456789");

	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(st.st_size, 10);
	CHECK_EQ(read(fd, buf, 4), 4);
	CHECK_MEM(buf, "0123", 4);
	CHECK_EQ(write(fd, "abcdefghij", 10), 10);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_size, 14);
	CHECK_OK(ftruncate(fd, 5));
	CHECK_EQ(pread(fd, buf, 16, 0), 5);
	CHECK_MEM(buf, "0123a", 5);
	CHECK_OK(fchmod(fd, 0600));
	CHECK_OK(fchown(fd, geteuid(), getegid()));
	CHECK_OK(futimens(fd, NULL));
	CHECK_OK(fsync(fd));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0600);
}

static void it_reopens_through_proc(void)
{
	char buf[16];
	int fd = orphan("0123456789");
	int again = (int)CHECK_OK(open(t_fmt("/proc/self/fd/%d", fd), O_RDWR));

	CHECK_EQ(pwrite(again, "X", 1, 0), 1);
	CHECK_EQ(pread(fd, buf, 2, 0), 2);
	CHECK_MEM(buf, "X1", 2);
	close(fd);
	CHECK_EQ(pread(again, buf, 16, 0), 10);
	CHECK_OK(open(t_fmt("/proc/self/fd/%d", again), O_WRONLY | O_TRUNC));
	CHECK_EQ(pread(again, buf, 16, 0), 0);
}

static void a_new_file_of_the_name_is_another(void)
{
	char buf[16] = "";
	struct stat st;
	int fd = orphan("old");

	t_put("f", "new one");
	CHECK_EQ(pread(fd, buf, 16, 0), 3);
	CHECK_MEM(buf, "old", 3);
	CHECK_OK(fstat(fd, &st));
	CHECK(st.st_ino != t_ino("f"));
	CHECK_EQ(pwrite(fd, "OLD", 3, 0), 3);
	CHECK_FILE("f", "new one");
}

static void children_keep_it(void)
{
	char buf[16];
	int fd = orphan("0123456789");
	int gate[2];
	pid_t pid;

	CHECK_OK(pipe(gate));
	pid = t_fork();
	if (pid == 0) {
		t_await(gate[0]);
		CHECK_EQ(pread(fd, buf, 16, 0), 10);
		CHECK_EQ(pwrite(fd, "child", 5, 0), 5);
		CHECK_EQ(pread(fd, buf, 16, 0), 10);
		CHECK_MEM(buf, "child56789", 10);
		_exit(0);
	}
	close(fd);
	t_post(gate[1]);
	CHECK_EQ(t_wait(pid), 0);
}

static void much_data_in_a_nameless_file(void)
{
	enum { SIZE = 1 << 20 };
	char *buf = malloc(SIZE);
	int fd = orphan("");
	size_t i;

	for (i = 0; i < SIZE; i++)
		buf[i] = t_byte(i, 6);
	CHECK_EQ(write(fd, buf, SIZE), SIZE);
	memset(buf, 0, SIZE);
	CHECK_EQ(pread(fd, buf, SIZE, 0), SIZE);
	for (i = 0; i < SIZE && buf[i] == t_byte(i, 6); i++)
		;
	CHECK_EQ(i, SIZE);
	free(buf);
}

static void its_directory_may_go_too(void)
{
	char buf[16];
	int fd;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/f", "0123456789");
	fd = t_open("d/f", O_RDWR);
	CHECK_OK(unlink("d/f"));
	CHECK_OK(rmdir("d"));
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_EQ(pread(fd, buf, 16, 0), 10);
	CHECK_MEM(buf, "abc3456789", 10);
}

static void proc_says_deleted(void)
{
	char buf[T_PATH] = "";
	int fd = orphan("x");

	CHECK_OK(readlink(t_fmt("/proc/self/fd/%d", fd), buf, sizeof(buf) - 1));
	CHECK_STR(buf, t_fmt("%s (deleted)", t_p("f")));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(reads_and_writes_go_on);
	RUN(it_reopens_through_proc);
	RUN(a_new_file_of_the_name_is_another);
	RUN(children_keep_it);
	RUN(much_data_in_a_nameless_file);
	RUN(its_directory_may_go_too);
	RUN(proc_says_deleted);
	return t_done();
}
