// SPDX-License-Identifier: GPL-2.0-or-later
/* statfs.c - statfs(2), fstatfs(2), statvfs(3) */

#include "check.h"

#include <sys/statvfs.h>
#include <sys/vfs.h>

static void numbers_make_sense(void)
{
	struct statfs a;
	struct statfs b;
	struct statvfs v;
	int fd;

	t_put("f", "x");
	CHECK_OK(statfs(".", &a));
	CHECK(a.f_bsize >= 512);
	CHECK(a.f_blocks > 0);
	CHECK(a.f_bfree <= a.f_blocks);
	CHECK(a.f_bavail <= a.f_bfree);
	CHECK(a.f_ffree <= a.f_files);
	CHECK(a.f_namelen >= 255);
	fd = t_open("f", O_RDONLY);
	CHECK_OK(fstatfs(fd, &b));
	CHECK_EQ(b.f_type, a.f_type);
	CHECK_EQ(b.f_blocks, a.f_blocks);
	CHECK_EQ(b.f_bsize, a.f_bsize);
	CHECK_OK(statfs(t_p("f"), &b));
	CHECK_EQ(b.f_blocks, a.f_blocks);
	fd = (int)CHECK_OK(open("f", O_PATH));
	CHECK_OK(fstatfs(fd, &b));
	CHECK_EQ(b.f_type, a.f_type);
	fd = t_open(".", O_RDONLY);
	CHECK_OK(fstatfs(fd, &b));
	CHECK_EQ(b.f_type, a.f_type);
	CHECK_OK(statvfs(".", &v));
	CHECK_EQ(v.f_blocks, a.f_blocks);
	CHECK_EQ(v.f_namemax, a.f_namelen);
}

static void writing_takes_space(void)
{
	struct statfs a;
	struct statfs b;

	CHECK_OK(statfs(".", &a));
	t_fill("f", 4 << 20, 1);
	CHECK_OK(fsync(t_open("f", O_RDWR)));
	CHECK_OK(statfs(".", &b));
	/* Others may write to the host's file system meanwhile. */
	if (b.f_bfree >= a.f_bfree)
		t_note("no less space after a write of 4 MiB");
}

static void follows_links_and_fails(const struct t_way *w)
{
	struct statfs st;

	t_put_at(w->fd, t_at(w, "f"), "x");
	if (w->fd != AT_FDCWD)
		return;
	CHECK_OK(symlink("f", t_at(w, "l")));
	CHECK_OK(symlink("none", t_at(w, "dangling")));
	CHECK_OK(symlink("loop", t_at(w, "loop")));
	CHECK_OK(statfs(t_at(w, "l"), &st));
	CHECK_ERRNO(statfs(t_at(w, "no"), &st), ENOENT);
	CHECK_ERRNO(statfs(t_at(w, "dangling"), &st), ENOENT);
	CHECK_ERRNO(statfs(t_at(w, "f/x"), &st), ENOTDIR);
	CHECK_ERRNO(statfs(t_at(w, "loop"), &st), ELOOP);
}

static void bad_arguments(void)
{
	struct statfs st;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(fstatfs(999, &st), EBADF);
	CHECK_ERRNO(fstatfs(fd, T_BAD_PTR), EFAULT);
	CHECK_ERRNO(statfs("f", T_BAD_PTR), EFAULT);
	CHECK_ERRNO(statfs(T_BAD_PTR, &st), EFAULT);
	CHECK_ERRNO(statfs("", &st), ENOENT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(numbers_make_sense);
	RUN(writing_takes_space);
	RUN_WAYS(follows_links_and_fails);
	RUN(bad_arguments);
	return t_done();
}
