// SPDX-License-Identifier: GPL-2.0-or-later
/* mknod.c - mknod(2), mknodat(2): FIFOs, sockets, regular files, devices */

#include "check.h"

#include <sys/sysmacros.h>

static int raw_mknodat(int fd, const char *path, mode_t mode, dev_t dev)
{
	return (int)syscall(SYS_mknodat, fd, path, mode, (unsigned int)dev);
}

static void makes_each_kind(const struct t_way *w)
{
	CHECK_OK(raw_mknodat(w->fd, t_at(w, "p"), S_IFIFO | 0640, 0));
	CHECK_OK(raw_mknodat(w->fd, t_at(w, "s"), S_IFSOCK | 0755, 0));
	CHECK_OK(raw_mknodat(w->fd, t_at(w, "r"), S_IFREG | 0600, 0));
	CHECK_OK(raw_mknodat(w->fd, t_at(w, "zero"), 0644, 0));
	CHECK_EQ(t_mode(t_p("p")), S_IFIFO | 0640);
	CHECK_EQ(t_mode(t_p("s")), S_IFSOCK | 0755);
	CHECK_EQ(t_mode(t_p("r")), S_IFREG | 0600);
	CHECK_EQ(t_mode(t_p("zero")), S_IFREG | 0644);
	CHECK_EQ(t_size(t_p("r")), 0);
	t_put_at(w->fd, t_at(w, "r"), "text");
	CHECK_FILE(t_p("r"), "text");
	CHECK_ERRNO(openat(w->fd, t_at(w, "s"), O_RDONLY), ENXIO);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "l")));
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "f"), S_IFIFO | 0644, 0),
		    EEXIST);
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "l"), S_IFREG | 0644, 0),
		    EEXIST);
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "no/x"), S_IFIFO | 0644, 0),
		    ENOENT);
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "f/x"), S_IFIFO | 0644, 0),
		    ENOTDIR);
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "new/"), S_IFIFO | 0644, 0),
		    ENOENT);
	CHECK_ERRNO(raw_mknodat(w->fd, t_at(w, "d"), S_IFLNK | 0644, 0),
		    EINVAL);
}

static void bad_arguments(void)
{
	char *name = t_long(256, 'n');

	CHECK_ERRNO2(mknod("d", S_IFDIR | 0755, 0), EPERM, EINVAL);
	CHECK_ERRNO(mknod(T_BAD_PTR, S_IFIFO | 0644, 0), EFAULT);
	CHECK_ERRNO(mknod("", S_IFIFO | 0644, 0), ENOENT);
	CHECK_ERRNO(mknod(name, S_IFIFO | 0644, 0), ENAMETOOLONG);
	CHECK_ERRNO(raw_mknodat(999, "x", S_IFIFO | 0644, 0), EBADF);
	CHECK_OK(mknod(name + 1, S_IFIFO | 0644, 0));
	free(name);
}

static void mode_obeys_umask(void)
{
	umask(077);
	CHECK_OK(mknod("p", S_IFIFO | 0666, 0));
	CHECK_EQ(t_mode("p"), S_IFIFO | 0600);
	CHECK_OK(mkfifo("q", 0777));
	CHECK_EQ(t_mode("q"), S_IFIFO | 0700);
}

static void devices_where_allowed(void)
{
	static const dev_t devs[] = { 0x0103, 0xffffffff & 0x0fff00ff };
	struct stat st;
	size_t i;

	for (i = 0; i < T_COUNT(devs); i++) {
		if (mknod("c", S_IFCHR | 0644, devs[i]) < 0) {
			CHECK_EQ(errno, EPERM);
			t_note("device nodes are refused");
			return;
		}
		CHECK_OK(stat("c", &st));
		CHECK(S_ISCHR(st.st_mode));
		CHECK_EQ(st.st_rdev, devs[i]);
		CHECK_OK(unlink("c"));
		CHECK_OK(mknod("b", S_IFBLK | 0644, devs[i]));
		CHECK_OK(stat("b", &st));
		CHECK(S_ISBLK(st.st_mode));
		CHECK_EQ(st.st_rdev, devs[i]);
		CHECK_OK(unlink("b"));
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(makes_each_kind);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_arguments);
	RUN(mode_obeys_umask);
	RUN(devices_where_allowed);
	return t_done();
}
