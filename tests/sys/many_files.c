// SPDX-License-Identifier: GPL-2.0-or-later
/* many_files.c - two thousand files made, listed, moved, removed */

#include "check.h"

#include <dirent.h>

enum { MANY = 2000 };

static int count(void)
{
	DIR *dir = opendir(".");
	struct dirent *de;
	int n = 0;

	while (dir && (de = readdir(dir)) != NULL)
		n += de->d_name[0] == 'n';
	if (dir)
		closedir(dir);
	return n;
}

static void made_listed_removed(void)
{
	int i;

	for (i = 0; i < MANY; i++)
		t_put(t_fmt("name-%d", i), i % 100 ? "" : "some text");
	CHECK_EQ(count(), MANY);
	for (i = 0; i < MANY; i += 7)
		CHECK_EQ(t_size(t_fmt("name-%d", i)), i % 100 ? 0 : 9);
	CHECK_ERRNO(access("name-2000", F_OK), ENOENT);
	for (i = 0; i < MANY; i += 2)
		CHECK_OK(unlink(t_fmt("name-%d", i)));
	CHECK_EQ(count(), MANY / 2);
	for (i = 1; i < MANY; i += 2)
		CHECK_OK(rename(t_fmt("name-%d", i), t_fmt("new-%d", i)));
	CHECK_EQ(count(), MANY / 2);
	for (i = 1; i < MANY; i += 2)
		CHECK_OK(unlink(t_fmt("new-%d", i)));
	CHECK_EQ(count(), 0);
}

static void many_open_at_once(void)
{
	static int fds[500];
	char c;
	int i;

	for (i = 0; i < 500; i++) {
		fds[i] = open(t_fmt("n%d", i), O_RDWR | O_CREAT, 0644);
		if (fds[i] < 0)
			break;
		c = (char)i;
		CHECK_EQ(write(fds[i], &c, 1), 1);
	}
	CHECK_EQ(i, 500);
	while (i-- > 0) {
		CHECK_EQ(pread(fds[i], &c, 1, 0), 1);
		CHECK_EQ(c, (char)i);
		close(fds[i]);
	}
}

static void many_links_to_one(void)
{
	int i;

	t_put("one", "x");
	for (i = 0; i < 500; i++)
		CHECK_OK(link("one", t_fmt("n%d", i)));
	CHECK_EQ(t_nlink("one"), 501);
	for (i = 0; i < 500; i++)
		CHECK_OK(unlink(t_fmt("n%d", i)));
	CHECK_EQ(t_nlink("one"), 1);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(made_listed_removed);
	RUN(many_open_at_once);
	RUN(many_links_to_one);
	return t_done();
}
