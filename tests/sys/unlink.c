// SPDX-License-Identifier: GPL-2.0-or-later
/* unlink.c - unlink(2), unlinkat(2) */

#include "check.h"

static void removes_each_kind(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "dangling")));
	CHECK_OK(mkfifoat(w->fd, t_at(w, "p"), 0644));
	CHECK_OK(mknodat(w->fd, t_at(w, "s"), S_IFSOCK | 0644, 0));
	CHECK_OK(unlinkat(w->fd, t_at(w, "l"), 0));
	CHECK(t_exists(t_p("f")));
	CHECK_OK(unlinkat(w->fd, t_at(w, "dangling"), 0));
	CHECK_OK(unlinkat(w->fd, t_at(w, "p"), 0));
	CHECK_OK(unlinkat(w->fd, t_at(w, "s"), 0));
	CHECK_OK(unlinkat(w->fd, t_at(w, "./f"), 0));
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "f"), 0), ENOENT);
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(unlinkat(w->fd, t_at(w, "d"), AT_REMOVEDIR));
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("d", w->fd, t_at(w, "l")));
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "no"), 0), ENOENT);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "no/x"), 0), ENOENT);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "f/x"), 0), ENOTDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "f/"), 0), ENOTDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "no/"), 0), ENOENT);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "d"), 0), EISDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "d/"), 0), EISDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "d/."), 0), EISDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "d/.."), 0), EISDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "l/"), 0), ENOTDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "f"), AT_REMOVEDIR), ENOTDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "l"), AT_REMOVEDIR), ENOTDIR);
	CHECK_ERRNO(unlinkat(w->fd, t_at(w, "f"), 0x4000), EINVAL);
	CHECK(t_exists(t_p("f")));
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(unlink(""), ENOENT);
	CHECK_ERRNO(unlink(T_BAD_PTR), EFAULT);
	CHECK_ERRNO(unlinkat(AT_FDCWD, T_BAD_PTR, AT_REMOVEDIR), EFAULT);
	CHECK_ERRNO(unlink(name), ENAMETOOLONG);
	CHECK_ERRNO(unlink("."), EISDIR);
	CHECK_ERRNO(unlinkat(999, "f", 0), EBADF);
	CHECK_ERRNO(unlinkat(fd, "f", 0), ENOTDIR);
	CHECK_OK(unlinkat(999, t_p("f"), 0));
	t_put(name + 1, "");
	CHECK_OK(unlink(name + 1));
	free(name);
}

static void the_name_can_be_used_again(void)
{
	int fd;
	int i;

	for (i = 0; i < 20; i++) {
		fd = (int)CHECK_OK(open("f", O_RDWR | O_CREAT | O_EXCL, 0644));
		CHECK_EQ(write(fd, "x", 1), 1);
		CHECK_OK(unlink("f"));
		CHECK(!t_exists("f"));
		close(fd);
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(removes_each_kind);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_arguments);
	RUN(the_name_can_be_used_again);
	return t_done();
}
