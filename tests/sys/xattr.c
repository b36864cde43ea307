// SPDX-License-Identifier: GPL-2.0-or-later
/* xattr.c - extended attributes: path, link and descriptor forms */

#include "check.h"

#include <sys/xattr.h>

static void set_get_list_remove(const struct t_way *w)
{
	const char *path = w->fd == AT_FDCWD ? t_at(w, "f") : t_p("f");
	char name[T_PATH];
	char buf[256];

	t_put_at(w->fd, t_at(w, "f"), "x");
	snprintf(name, sizeof(name), "%.4095s", path);
	CHECK_OK(setxattr(name, "user.one", "value", 5, 0));
	CHECK_EQ(getxattr(name, "user.one", buf, sizeof(buf)), 5);
	CHECK_MEM(buf, "value", 5);
	CHECK_EQ(lgetxattr(name, "user.one", buf, sizeof(buf)), 5);
	CHECK_OK(lsetxattr(name, "user.one", "longer value", 12, 0));
	CHECK_EQ(getxattr(name, "user.one", NULL, 0), 12);
	CHECK_EQ(listxattr(name, buf, sizeof(buf)), 9);
	CHECK_MEM(buf, "user.one", 9);
	CHECK_EQ(llistxattr(name, NULL, 0), 9);
	CHECK_OK(removexattr(name, "user.one"));
	CHECK_ERRNO(getxattr(name, "user.one", buf, sizeof(buf)), ENODATA);
	CHECK_ERRNO(removexattr(name, "user.one"), ENODATA);
	CHECK_ERRNO(lremovexattr(name, "user.one"), ENODATA);
	CHECK_EQ(listxattr(name, buf, sizeof(buf)), 0);
}

static void create_and_replace_flags(void)
{
	t_put("f", "x");
	CHECK_ERRNO(setxattr("f", "user.a", "1", 1, XATTR_REPLACE), ENODATA);
	CHECK_OK(setxattr("f", "user.a", "1", 1, XATTR_CREATE));
	CHECK_ERRNO(setxattr("f", "user.a", "2", 1, XATTR_CREATE), EEXIST);
	CHECK_OK(setxattr("f", "user.a", "2", 1, XATTR_REPLACE));
	CHECK_ERRNO(setxattr("f", "user.a", "2", 1, 0x80), EINVAL);
}

static void sizes_and_short_buffers(void)
{
	char *big = t_long(70000, 'v');
	char buf[4096];

	t_put("f", "x");
	CHECK_OK(setxattr("f", "user.big", big, 800, 0));
	CHECK_EQ(getxattr("f", "user.big", buf, sizeof(buf)), 800);
	CHECK_MEM(buf, big, 800);
	CHECK_ERRNO(getxattr("f", "user.big", buf, 799), ERANGE);
	CHECK_ERRNO(listxattr("f", buf, 3), ERANGE);
	CHECK_OK(setxattr("f", "user.empty", "", 0, 0));
	CHECK_EQ(getxattr("f", "user.empty", buf, sizeof(buf)), 0);
	CHECK_OK(setxattr("f", "user.big", "\0\1\0", 3, 0));
	CHECK_EQ(getxattr("f", "user.big", buf, sizeof(buf)), 3);
	CHECK_MEM(buf, "\0\1\0", 3);
	CHECK_EQ(listxattr("f", buf, sizeof(buf)), 20);
	CHECK_ERRNO(setxattr("f", "user.big", big, 65537, 0), E2BIG);
	free(big);
}

static void descriptors(void)
{
	char buf[64];
	int fd = t_open("f", O_RDONLY | O_CREAT);
	int name = (int)CHECK_OK(open("f", O_PATH));

	CHECK_OK(fsetxattr(fd, "user.a", "1", 1, 0));
	CHECK_EQ(fgetxattr(fd, "user.a", buf, sizeof(buf)), 1);
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 1);
	CHECK_EQ(flistxattr(fd, buf, sizeof(buf)), 7);
	CHECK_ERRNO(fgetxattr(fd, "user.b", buf, sizeof(buf)), ENODATA);
	CHECK_ERRNO(fgetxattr(name, "user.a", buf, sizeof(buf)), EBADF);
	CHECK_ERRNO(fsetxattr(name, "user.a", "1", 1, 0), EBADF);
	CHECK_ERRNO(flistxattr(name, buf, sizeof(buf)), EBADF);
	CHECK_EQ(getxattr(t_fmt("/proc/self/fd/%d", name), "user.a", buf, 64),
		 1);
	CHECK_ERRNO(fgetxattr(999, "user.a", buf, sizeof(buf)), EBADF);
	CHECK_OK(fremovexattr(fd, "user.a"));
	CHECK_EQ(flistxattr(fd, buf, sizeof(buf)), 0);
}

static void directories_and_links(void)
{
	char buf[64];

	t_put("f", "x");
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(setxattr("d", "user.a", "dir", 3, 0));
	CHECK_EQ(getxattr("d", "user.a", buf, sizeof(buf)), 3);
	CHECK_OK(setxattr("l", "user.a", "file", 4, 0));
	CHECK_EQ(getxattr("f", "user.a", buf, sizeof(buf)), 4);
	CHECK_ERRNO(lsetxattr("l", "user.a", "x", 1, 0), EPERM);
	CHECK_ERRNO2(lgetxattr("l", "user.a", buf, sizeof(buf)), EPERM,
		     ENODATA);
	CHECK_EQ(llistxattr("l", buf, sizeof(buf)), 0);
}

static void they_stay_with_the_file(void)
{
	char buf[64];
	int fd;

	t_put("f", "x");
	CHECK_OK(setxattr("f", "user.a", "1", 1, 0));
	CHECK_OK(link("f", "g"));
	CHECK_OK(rename("f", "h"));
	CHECK_EQ(getxattr("g", "user.a", buf, sizeof(buf)), 1);
	CHECK_EQ(getxattr("h", "user.a", buf, sizeof(buf)), 1);
	fd = t_open("g", O_RDWR);
	CHECK_OK(unlink("g"));
	CHECK_OK(unlink("h"));
	/* FUSE's high-level API has no attributes by open file */
	if (fgetxattr(fd, "user.a", buf, sizeof(buf)) < 0 &&
	    errno == EOPNOTSUPP) {
		t_note("no xattr of a file without a name here");
		return;
	}
	CHECK_EQ(fgetxattr(fd, "user.a", buf, sizeof(buf)), 1);
	CHECK_OK(fsetxattr(fd, "user.b", "2", 1, 0));
}

static void fails_with_the_right_error(void)
{
	char *name = t_long(256, 'n');
	char buf[64];

	memcpy(name, "user.", 5);
	t_put("f", "x");
	CHECK_ERRNO(getxattr("no", "user.a", buf, 64), ENOENT);
	CHECK_ERRNO(getxattr("", "user.a", buf, 64), ENOENT);
	CHECK_ERRNO(setxattr("f/x", "user.a", "", 0, 0), ENOTDIR);
	CHECK_ERRNO(setxattr("f", "nonsense.a", "1", 1, 0), EOPNOTSUPP);
	CHECK_ERRNO(setxattr("f", "plain", "1", 1, 0), EOPNOTSUPP);
	CHECK_ERRNO2(setxattr("f", "user.", "1", 1, 0), EINVAL, EOPNOTSUPP);
	CHECK_ERRNO(setxattr("f", "", "1", 1, 0), ERANGE);
	CHECK_ERRNO(setxattr("f", name, "1", 1, 0), ERANGE);
	CHECK_ERRNO(getxattr("f", name, buf, 64), ERANGE);
	CHECK_ERRNO(setxattr("f", "user.a", T_BAD_PTR, 4, 0), EFAULT);
	CHECK_ERRNO(setxattr("f", T_BAD_PTR, "1", 1, 0), EFAULT);
	CHECK_ERRNO(setxattr(T_BAD_PTR, "user.a", "1", 1, 0), EFAULT);
	CHECK_ERRNO(getxattr("f", T_BAD_PTR, buf, 64), EFAULT);
	CHECK_ERRNO(removexattr("f", T_BAD_PTR), EFAULT);
	CHECK_OK(setxattr("f", "user.a", "1", 1, 0));
	CHECK_ERRNO(getxattr("f", "user.a", T_BAD_PTR, 64), EFAULT);
	CHECK_ERRNO(listxattr("f", T_BAD_PTR, 64), EFAULT);
	free(name);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	if (setxattr(t_work, "user.t", "", 0, 0) < 0 && errno == EOPNOTSUPP)
		t_skip("no user attributes on this file system");
	removexattr(t_work, "user.t");
	RUN_WAYS(set_get_list_remove);
	RUN(create_and_replace_flags);
	RUN(sizes_and_short_buffers);
	RUN(descriptors);
	RUN(directories_and_links);
	RUN(they_stay_with_the_file);
	RUN(fails_with_the_right_error);
	return t_done();
}
