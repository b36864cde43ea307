// SPDX-License-Identifier: GPL-2.0-or-later
/* link.c - link(2) and linkat(2) */

#include "check.h"

static void names_share_one_file(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "a"), "text");
	CHECK_OK(linkat(w->fd, t_at(w, "a"), w->fd, t_at(w, "b"), 0));
	CHECK_EQ(t_ino(t_p("a")), t_ino(t_p("b")));
	CHECK_EQ(t_nlink(t_p("a")), 2);
	t_put_at(w->fd, t_at(w, "b"), "other text");
	CHECK_FILE(t_p("a"), "other text");
	CHECK_OK(fchmodat(w->fd, t_at(w, "b"), 0600, 0));
	CHECK_EQ(t_mode(t_p("a")), S_IFREG | 0600);
	CHECK_OK(unlinkat(w->fd, t_at(w, "a"), 0));
	CHECK_EQ(t_nlink(t_p("b")), 1);
	CHECK_FILE(t_p("b"), "other text");
}

static void open_descriptors_see_the_other_name(void)
{
	char buf[8] = "";
	struct stat st;
	int a;
	int b;

	t_put("a", "text");
	a = t_open("a", O_RDWR);
	CHECK_OK(link("a", "b"));
	CHECK_OK(fstat(a, &st));
	CHECK_EQ(st.st_nlink, 2);
	b = t_open("b", O_RDWR);
	CHECK_EQ(pwrite(b, "XY", 2, 0), 2);
	CHECK_EQ(pread(a, buf, 8, 0), 4);
	CHECK_STR(buf, "XYxt");
	CHECK_OK(unlink("a"));
	CHECK_OK(fstat(b, &st));
	CHECK_EQ(st.st_nlink, 1);
	CHECK_OK(unlink("b"));
	CHECK_OK(fstat(a, &st));
	CHECK_EQ(st.st_nlink, 0);
	CHECK_EQ(pread(a, buf, 8, 0), 4);
}

static void links_to_links_and_special_files(void)
{
	t_put("f", "text");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "hard", 0));
	CHECK(S_ISLNK(t_mode("hard")));
	CHECK_EQ(t_ino("l"), t_ino("hard"));
	CHECK_OK(linkat(AT_FDCWD, "l", AT_FDCWD, "file", AT_SYMLINK_FOLLOW));
	CHECK_EQ(t_ino("file"), t_ino("f"));
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(link("p", "q"));
	CHECK_EQ(t_ino("p"), t_ino("q"));
	CHECK_OK(symlink("none", "dangling"));
	CHECK_OK(link("dangling", "dangling2"));
	CHECK_ERRNO(
		linkat(AT_FDCWD, "dangling", AT_FDCWD, "x", AT_SYMLINK_FOLLOW),
		ENOENT);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	t_put_at(w->fd, t_at(w, "g"), "");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "l")));
	CHECK_ERRNO(linkat(w->fd, t_at(w, "no"), w->fd, t_at(w, "x"), 0),
		    ENOENT);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "no/x"), 0),
		    ENOENT);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "g"), 0),
		    EEXIST);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "f"), 0),
		    EEXIST);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "l"), 0),
		    EEXIST);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "d"), 0),
		    EEXIST);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "d"), w->fd, t_at(w, "x"), 0), EPERM);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f/"), w->fd, t_at(w, "x"), 0),
		    ENOTDIR);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "x/"), 0),
		    ENOENT);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "g/x"), 0),
		    ENOTDIR);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "no"), w->fd, t_at(w, "g/x"), 0),
		    ENOENT);
	CHECK_ERRNO(linkat(w->fd, t_at(w, "f"), w->fd, t_at(w, "x"), 0x8000),
		    EINVAL);
	CHECK_EQ(t_nlink(t_p("f")), 1);
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');

	t_put("f", "");
	CHECK_ERRNO(link("", "x"), ENOENT);
	CHECK_ERRNO(link("f", ""), ENOENT);
	CHECK_ERRNO(link(T_BAD_PTR, "x"), EFAULT);
	CHECK_ERRNO(link("f", T_BAD_PTR), EFAULT);
	CHECK_ERRNO(link("f", name), ENAMETOOLONG);
	CHECK_ERRNO(linkat(999, "f", AT_FDCWD, "x", 0), EBADF);
	CHECK_ERRNO(linkat(AT_FDCWD, "f", 999, "x", 0), EBADF);
	CHECK_OK(link("f", name + 1));
	free(name);
}

static void through_proc_self_fd(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_EQ(write(fd, "text", 4), 4);
	CHECK_OK(linkat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), AT_FDCWD, "g",
			AT_SYMLINK_FOLLOW));
	CHECK_FILE("g", "text");
	CHECK_EQ(t_nlink("f"), 2);
	CHECK_OK(unlink("f"));
	CHECK_OK(unlink("g"));
	CHECK_ERRNO(linkat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), AT_FDCWD,
			   "h", AT_SYMLINK_FOLLOW),
		    ENOENT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(names_share_one_file);
	RUN(open_descriptors_see_the_other_name);
	RUN(links_to_links_and_special_files);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_arguments);
	RUN(through_proc_self_fd);
	return t_done();
}
