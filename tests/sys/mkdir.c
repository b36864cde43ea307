// SPDX-License-Identifier: GPL-2.0-or-later
/* mkdir.c - mkdir(2), mkdirat(2), rmdir(2) */

#include "check.h"

static int raw_rmdirat(const struct t_way *w, const char *leaf)
{
	return unlinkat(w->fd, t_at(w, leaf), AT_REMOVEDIR);
}

static void makes_and_removes(const struct t_way *w)
{
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0750));
	CHECK_EQ(t_mode(t_p("d")), S_IFDIR | 0750);
	CHECK_OK(mkdirat(w->fd, t_at(w, "slash/"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "slashes///"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "d/./sub"), 0755));
	CHECK_OK(mkdirat(w->fd, t_at(w, "d/../up"), 0755));
	CHECK(t_exists(t_p("up")));
	CHECK_ERRNO(raw_rmdirat(w, "d"), ENOTEMPTY);
	CHECK_OK(raw_rmdirat(w, "d/sub"));
	CHECK_OK(raw_rmdirat(w, "d"));
	CHECK_OK(raw_rmdirat(w, "slash/"));
	CHECK_OK(raw_rmdirat(w, "slashes//"));
	CHECK(!t_exists(t_p("d")));
	CHECK_ERRNO(raw_rmdirat(w, "d"), ENOENT);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "dangling")));
	CHECK_OK(symlinkat("d", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("loop", w->fd, t_at(w, "loop")));
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "f"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "f/"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "d"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "d/"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "d/."), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "d/.."), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "l"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "dangling"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "no/x"), 0755), ENOENT);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "no/."), 0755), ENOENT);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "f/x"), 0755), ENOTDIR);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "loop"), 0755), EEXIST);
	CHECK_ERRNO(mkdirat(w->fd, t_at(w, "loop/x"), 0755), ELOOP);
	CHECK_ERRNO(raw_rmdirat(w, "f"), ENOTDIR);
	CHECK_ERRNO(raw_rmdirat(w, "f/"), ENOTDIR);
	CHECK_ERRNO(raw_rmdirat(w, "f/x"), ENOTDIR);
	CHECK_ERRNO(raw_rmdirat(w, "no/x"), ENOENT);
	CHECK_ERRNO(raw_rmdirat(w, "l"), ENOTDIR);
	CHECK_ERRNO(raw_rmdirat(w, "l/"), ENOTDIR);
	CHECK_ERRNO(raw_rmdirat(w, "d/."), EINVAL);
	CHECK_ERRNO(raw_rmdirat(w, "d/.."), ENOTEMPTY);
	CHECK_ERRNO(raw_rmdirat(w, "loop/x"), ELOOP);
}

static void mode_obeys_umask(void)
{
	umask(027);
	CHECK_OK(mkdir("a", 0777));
	CHECK_EQ(t_mode("a") & 0777, 0750);
	umask(0);
	CHECK_OK(mkdir("b", 01777));
	CHECK_EQ(t_mode("b"), S_IFDIR | 01777);
	CHECK_OK(mkdir("c", 0));
	CHECK_EQ(t_mode("c"), S_IFDIR);
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');
	char *path;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(mkdir("", 0755), ENOENT);
	CHECK_ERRNO(rmdir(""), ENOENT);
	CHECK_ERRNO(mkdir(".", 0755), EEXIST);
	CHECK_ERRNO(mkdir("..", 0755), EEXIST);
	CHECK_ERRNO(mkdir("/", 0755), EEXIST);
	CHECK_ERRNO(rmdir("."), EINVAL);
	CHECK_ERRNO(rmdir(".."), ENOTEMPTY);
	CHECK_ERRNO(mkdirat(fd, "x", 0755), ENOTDIR);
	CHECK_ERRNO(mkdirat(999, "x", 0755), EBADF);
	CHECK_ERRNO(mkdir(T_BAD_PTR, 0755), EFAULT);
	CHECK_ERRNO(rmdir(T_BAD_PTR), EFAULT);
	CHECK_ERRNO(mkdir(name, 0755), ENAMETOOLONG);
	CHECK_ERRNO(rmdir(name), ENAMETOOLONG);
	CHECK_OK(mkdir(name + 1, 0755));
	CHECK_OK(rmdir(name + 1));
	path = t_padded("d", 4095);
	CHECK_OK(mkdir(path, 0755));
	CHECK_OK(rmdir(path));
	free(path);
	path = t_padded("d", 4096);
	CHECK_ERRNO(mkdir(path, 0755), ENAMETOOLONG);
	CHECK_ERRNO(rmdir(path), ENAMETOOLONG);
	free(path);
	free(name);
}

static void a_directory_in_use_can_be_removed(void)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	fd = t_open("d", O_RDONLY);
	CHECK_OK(rmdir("d"));
	CHECK_ERRNO(openat(fd, "x", O_CREAT | O_RDWR, 0644), ENOENT);
	CHECK_ERRNO(mkdirat(fd, "x", 0755), ENOENT);
	CHECK_OK(mkdir("d", 0755));
	t_put("d/x", "");
	CHECK_ERRNO(openat(fd, "x", O_RDONLY), ENOENT);
}

static void hidden_names_count_as_contents(void)
{
	CHECK_OK(mkdir("d", 0755));
	t_put("d/.x", "");
	CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
	CHECK_OK(unlink("d/.x"));
	CHECK_OK(symlink("x", "d/l"));
	CHECK_ERRNO(rmdir("d"), ENOTEMPTY);
	CHECK_OK(unlink("d/l"));
	CHECK_OK(rmdir("d"));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(makes_and_removes);
	RUN_WAYS(fails_with_the_right_error);
	RUN(mode_obeys_umask);
	RUN(bad_arguments);
	RUN(a_directory_in_use_can_be_removed);
	RUN(hidden_names_count_as_contents);
	return t_done();
}
