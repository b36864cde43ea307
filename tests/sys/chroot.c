// SPDX-License-Identifier: GPL-2.0-or-later
/* chroot.c - chroot(2), where the caller may */

#include "check.h"

static bool allowed(void)
{
	pid_t pid = t_fork();

	if (pid == 0)
		_exit(chroot("/") == 0 ? 0 : 1);
	return t_wait(pid) == 0;
}

static void check_inside(void)
{
	char buf[T_PATH];
	struct stat st;

	CHECK_FILE("/f", "in");
	CHECK_FILE("/../../f", "in");
	CHECK_FILE("/abs", "in");
	CHECK_FILE("/d/up", "in");
	CHECK_ERRNO(stat("/proc/self", &st), ENOENT);
	CHECK_OK(chdir("/d"));
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_STR(buf, "/d");
	CHECK_OK(chdir("../../.."));
	CHECK_OK(sys_getcwd(buf, sizeof(buf)));
	CHECK_STR(buf, "/");
	t_put("/d/new", "made");
	CHECK_OK(chroot("/d"));
	CHECK_FILE("/new", "made");
	CHECK_ERRNO(stat("/f", &st), ENOENT);
}

static void names_are_taken_below_the_new_root(void)
{
	pid_t pid;

	if (!allowed()) {
		t_note("chroot is refused");
		return;
	}
	CHECK_OK(mkdir("root", 0755));
	CHECK_OK(mkdir("root/d", 0755));
	t_put("root/f", "in");
	CHECK_OK(symlink("/f", "root/abs"));
	CHECK_OK(symlink("../../../f", "root/d/up"));
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(chroot("root"));
		CHECK_OK(chdir("/"));
		check_inside();
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_FILE(t_p("root/d/new"), "made");
}

static void bad_names_are_errors_in_any_case(void)
{
	t_put("f", "x");
	CHECK_ERRNO(chroot("no"), ENOENT);
	CHECK_ERRNO(chroot("f"), ENOTDIR);
	CHECK_ERRNO(chroot(""), ENOENT);
	CHECK_ERRNO(chroot(T_BAD_PTR), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(names_are_taken_below_the_new_root);
	RUN(bad_names_are_errors_in_any_case);
	return t_done();
}
