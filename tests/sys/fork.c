// SPDX-License-Identifier: GPL-2.0-or-later
/* fork.c - what children share: offsets, descriptors, umask, cwd */

#include "check.h"

enum { CHILDREN = 40, RECORD = 16 };

static void a_storm_of_children_appends(void)
{
	char *buf = malloc(CHILDREN * RECORD + 1);
	char rec[RECORD];
	pid_t pid[CHILDREN];
	int fd = t_open("f", O_WRONLY | O_CREAT | O_APPEND);
	int i;

	for (i = 0; i < CHILDREN; i++) {
		pid[i] = t_fork();
		if (pid[i] == 0) {
			memset(rec, 'A' + i, RECORD);
			CHECK_EQ(write(fd, rec, RECORD), RECORD);
			_exit(0);
		}
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK_EQ(t_wait(pid[i]), 0);
	CHECK_EQ(t_get("f", buf, CHILDREN * RECORD + 1), CHILDREN * RECORD);
	for (i = 0; i < CHILDREN; i++) {
		memset(rec, buf[i * RECORD], RECORD);
		CHECK_MEM(buf + i * RECORD, rec, RECORD);
	}
	free(buf);
}

static void a_storm_shares_one_offset(void)
{
	char seen[CHILDREN] = "";
	int up[2];
	int fd;
	int i;
	char c;

	CHECK_OK(pipe(up));
	t_put("f", "");
	fd = t_open("f", O_RDWR);
	for (i = 0; i < CHILDREN; i++) {
		c = (char)i;
		CHECK_EQ(pwrite(fd, &c, 1, i), 1);
	}
	for (i = 0; i < CHILDREN; i++)
		if (t_fork() == 0) {
			CHECK_EQ(read(fd, &c, 1), 1);
			_exit(write(up[1], &c, 1) == 1 ? 0 : 1);
		}
	for (i = 0; i < CHILDREN; i++) {
		CHECK_EQ(read(up[0], &c, 1), 1);
		seen[(unsigned char)c % CHILDREN]++;
		CHECK_EQ(t_wait(-1), 0);
	}
	for (i = 0; i < CHILDREN; i++)
		CHECK_EQ(seen[i], 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), CHILDREN);
}

static void descriptor_tables_part(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	pid_t pid = t_fork();

	if (pid == 0) {
		close(fd);
		CHECK_EQ(open(".", O_RDONLY), fd);
		umask(0);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(umask(022), 022);
}

static void generations(void)
{
	pid_t pid = -1;
	int depth;

	t_put("f", "");
	for (depth = 0; depth < 10; depth++) {
		pid = t_fork();
		if (pid != 0)
			break;
		CHECK_EQ(write(t_open("f", O_WRONLY | O_APPEND), "x", 1), 1);
	}
	if (depth < 10)
		CHECK_EQ(t_wait(pid), 0);
	if (depth > 0)
		_exit(0);
	CHECK_FILE("f", "xxxxxxxxxx");
}

static void a_child_killed_in_the_middle(void)
{
	int up[2];
	pid_t pid;
	int i;

	CHECK_OK(pipe(up));
	for (i = 0; i < 10; i++) {
		pid = t_fork();
		if (pid == 0) {
			t_post(up[1]);
			for (;;) {
				t_put("busy", "some text");
				unlink("busy");
			}
		}
		CHECK(t_await(up[0]));
		CHECK_OK(kill(pid, SIGKILL));
		CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	}
	t_put("busy", "still works");
	CHECK_FILE("busy", "still works");
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_storm_of_children_appends);
	RUN(a_storm_shares_one_offset);
	RUN(descriptor_tables_part);
	RUN(generations);
	RUN(a_child_killed_in_the_middle);
	return t_done();
}
