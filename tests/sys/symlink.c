// SPDX-License-Identifier: GPL-2.0-or-later
/* symlink.c - symlink(2) and symlinkat(2) */

#include "check.h"

static void makes_a_link_that_leads(const struct t_way *w)
{
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "text");
	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_FILE(t_p("l"), "text");
	CHECK_OK(symlinkat("../nowhere/", w->fd, t_at(w, "free text")));
	CHECK_OK(fstatat(w->fd, t_at(w, "l"), &st, AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(st.st_mode, S_IFLNK | 0777);
	CHECK_EQ(st.st_size, 1);
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_uid, geteuid());
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "l")));
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "f")), EEXIST);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "d")), EEXIST);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "l")), EEXIST);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "no/x")), ENOENT);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "f/x")), ENOTDIR);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "new/")), ENOENT);
	CHECK_ERRNO(symlinkat("x", w->fd, t_at(w, "d/.")), EEXIST);
	CHECK_ERRNO(symlinkat("", w->fd, t_at(w, "new")), ENOENT);
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');
	char *text = t_long(4096, 't');

	CHECK_ERRNO(symlink("x", ""), ENOENT);
	CHECK_ERRNO(symlink(T_BAD_PTR, "x"), EFAULT);
	CHECK_ERRNO(symlink("x", T_BAD_PTR), EFAULT);
	CHECK_ERRNO(symlink("x", name), ENAMETOOLONG);
	CHECK_ERRNO(symlink(text, "x"), ENAMETOOLONG);
	CHECK_ERRNO(symlinkat("x", 999, "x"), EBADF);
	CHECK_OK(symlink("x", name + 1));
	free(text);
	free(name);
}

static void umask_does_not_touch_links(void)
{
	umask(0777);
	CHECK_OK(symlink("x", "l"));
	CHECK_EQ(t_mode("l"), S_IFLNK | 0777);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(makes_a_link_that_leads);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_arguments);
	RUN(umask_does_not_touch_links);
	return t_done();
}
