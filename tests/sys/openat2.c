// SPDX-License-Identifier: GPL-2.0-or-later
/* openat2.c - openat2(2): the RESOLVE_ flags and strict argument checks */

#include "check.h"

static int dir;

static int at2(const char *path, unsigned long flags, unsigned long resolve)
{
	struct open_how how = { .flags = flags, .resolve = resolve };

	if (flags & O_CREAT)
		how.mode = 0640;
	return sys_openat2(dir, path, &how, sizeof(how));
}

static void make_tree(void)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(mkdir("d/sub", 0755));
	t_put("f", "outside");
	t_put("d/f", "inside");
	CHECK_OK(symlink("f", "d/rel"));
	CHECK_OK(symlink("sub", "d/lsub"));
	CHECK_OK(symlink("../f", "d/up"));
	CHECK_OK(symlink("sub/../f", "d/down_up"));
	CHECK_OK(symlink("/f", "d/abs"));
	CHECK_OK(symlink(t_p("f"), "d/real"));
	CHECK_OK(symlink("loop", "d/loop"));
	dir = t_open("d", O_RDONLY | O_DIRECTORY);
}

static void check_fd(int fd, const char *want)
{
	char buf[32] = "";

	CHECK_OK(fd);
	CHECK_OK(read(fd, buf, sizeof(buf) - 1));
	CHECK_STR(buf, want);
	close(fd);
}

static void without_flags_it_is_openat(void)
{
	make_tree();
	check_fd(at2("f", O_RDONLY, 0), "inside");
	check_fd(at2("up", O_RDONLY, 0), "outside");
	check_fd(at2(t_p("f"), O_RDONLY, 0), "outside");
	CHECK_ERRNO(at2("no", O_RDONLY, 0), ENOENT);
	CHECK_OK(at2("new", O_RDWR | O_CREAT | O_EXCL, 0));
	CHECK_EQ(t_mode("d/new"), S_IFREG | 0640);
	CHECK_ERRNO(at2("new", O_RDWR | O_CREAT | O_EXCL, 0), EEXIST);
	CHECK_ERRNO(at2("loop", O_RDONLY, 0), ELOOP);
	CHECK_ERRNO(at2("", O_RDONLY, 0), ENOENT);
}

static void beneath_refuses_to_leave(void)
{
	make_tree();
	check_fd(at2("f", O_RDONLY, RESOLVE_BENEATH), "inside");
	check_fd(at2("rel", O_RDONLY, RESOLVE_BENEATH), "inside");
	check_fd(at2("sub/../f", O_RDONLY, RESOLVE_BENEATH), "inside");
	check_fd(at2("down_up", O_RDONLY, RESOLVE_BENEATH), "inside");
	CHECK_ERRNO(at2("../f", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2("..", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2("sub/../../d/f", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2("up", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2("abs", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2(t_p("d/f"), O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(at2("/", O_RDONLY, RESOLVE_BENEATH), EXDEV);
	CHECK_OK(at2("new", O_RDWR | O_CREAT, RESOLVE_BENEATH));
	CHECK_ERRNO(at2("../new", O_RDWR | O_CREAT, RESOLVE_BENEATH), EXDEV);
}

static void in_root_stays_inside(void)
{
	make_tree();
	check_fd(at2("/f", O_RDONLY, RESOLVE_IN_ROOT), "inside");
	check_fd(at2("../../f", O_RDONLY, RESOLVE_IN_ROOT), "inside");
	check_fd(at2("abs", O_RDONLY, RESOLVE_IN_ROOT), "inside");
	check_fd(at2("up", O_RDONLY, RESOLVE_IN_ROOT), "inside");
	CHECK_ERRNO(at2("real", O_RDONLY, RESOLVE_IN_ROOT), ENOENT);
	CHECK_OK(at2("/..", O_RDONLY, RESOLVE_IN_ROOT));
	CHECK_ERRNO(at2("f", O_RDONLY, RESOLVE_IN_ROOT | RESOLVE_BENEATH),
		    EINVAL);
}

static void no_symlinks_anywhere(void)
{
	make_tree();
	check_fd(at2("f", O_RDONLY, RESOLVE_NO_SYMLINKS), "inside");
	CHECK_ERRNO(at2("rel", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_ERRNO(at2("lsub/..", O_RDONLY, RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_OK(at2("rel", O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS));
	CHECK_ERRNO(at2("lsub/x", O_CREAT | O_RDWR, RESOLVE_NO_SYMLINKS),
		    ELOOP);
}

static void no_magic_links(void)
{
	make_tree();
	check_fd(at2("rel", O_RDONLY, RESOLVE_NO_MAGICLINKS), "inside");
	CHECK_ERRNO(at2(t_fmt("/proc/self/fd/%d", dir), O_RDONLY,
			RESOLVE_NO_MAGICLINKS),
		    ELOOP);
	CHECK_ERRNO(at2("/proc/self/cwd/f", O_RDONLY, RESOLVE_NO_MAGICLINKS),
		    ELOOP);
}

static void no_other_mount(void)
{
	make_tree();
	check_fd(at2("f", O_RDONLY, RESOLVE_NO_XDEV), "inside");
	check_fd(at2("../f", O_RDONLY, RESOLVE_NO_XDEV), "outside");
	CHECK_ERRNO(at2("/proc/self/status", O_RDONLY, RESOLVE_NO_XDEV), EXDEV);
}

static void cached_only_never_blocks(void)
{
	int fd;

	make_tree();
	fd = at2("f", O_RDONLY, RESOLVE_CACHED);
	CHECK(fd >= 0 || errno == EAGAIN || errno == EINVAL);
	CHECK_ERRNO2(at2("f", O_RDONLY | O_TRUNC, RESOLVE_CACHED), EAGAIN,
		     EINVAL);
	CHECK_FILE("d/f", "inside");
}

static void unknown_arguments_are_refused(void)
{
	struct open_how how = { .flags = O_RDONLY };
	struct {
		struct open_how how;
		unsigned long more;
	} big = { { .flags = O_RDONLY }, 0 };

	make_tree();
	CHECK_ERRNO(sys_openat2(dir, "f", &how, 0), EINVAL);
	CHECK_ERRNO(sys_openat2(dir, "f", &how, sizeof(how) - 1), EINVAL);
	CHECK_OK(sys_openat2(dir, "f", &big, sizeof(big)));
	big.more = 1;
	CHECK_ERRNO(sys_openat2(dir, "f", &big, sizeof(big)), E2BIG);
	CHECK_ERRNO(sys_openat2(dir, "f", T_BAD_PTR, sizeof(how)), EFAULT);
	CHECK_ERRNO(sys_openat2(dir, T_BAD_PTR, &how, sizeof(how)), EFAULT);
	CHECK_ERRNO(sys_openat2(999, "f", &how, sizeof(how)), EBADF);
	how.mode = 0644;
	CHECK_ERRNO(sys_openat2(dir, "f", &how, sizeof(how)), EINVAL);
	how.mode = 0;
	how.flags = 1ULL << 40;
	CHECK_ERRNO(sys_openat2(dir, "f", &how, sizeof(how)), EINVAL);
	CHECK_ERRNO(at2("f", O_RDONLY, 1UL << 30), EINVAL);
	CHECK_ERRNO(at2("f", O_PATH | O_RDWR, 0), EINVAL);
}

int main(int argc, char **argv)
{
	struct open_how how = { .flags = O_RDONLY };

	t_init(argc, argv);
	if (sys_openat2(AT_FDCWD, "/", &how, sizeof(how)) < 0 &&
	    errno == ENOSYS)
		t_skip("no openat2 here (ENOSYS)");
	RUN(without_flags_it_is_openat);
	RUN(beneath_refuses_to_leave);
	RUN(in_root_stays_inside);
	RUN(no_symlinks_anywhere);
	RUN(no_magic_links);
	RUN(no_other_mount);
	RUN(cached_only_never_blocks);
	RUN(unknown_arguments_are_refused);
	return t_done();
}
