// SPDX-License-Identifier: GPL-2.0-or-later
/* access.c - access(2), faccessat(2), faccessat2(2) */

#include "check.h"

static int raw_faccessat(int fd, const char *path, int mode)
{
	return (int)syscall(SYS_faccessat, fd, path, mode);
}

static void answers_for_what_exists(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "f"), F_OK));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "f"), R_OK | W_OK));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "d"), R_OK | W_OK | X_OK));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "d/"), F_OK));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "d/."), X_OK));
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "f"), X_OK), EACCES);
	CHECK_OK(fchmodat(w->fd, t_at(w, "f"), 0755, 0));
	CHECK_OK(raw_faccessat(w->fd, t_at(w, "f"), X_OK));
	CHECK_OK(access(t_p("f"), X_OK | R_OK | W_OK));
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(symlinkat("l", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "dangling")));
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "no"), F_OK), ENOENT);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "no/x"), F_OK), ENOENT);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "f/"), F_OK), ENOTDIR);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "f/x"), F_OK), ENOTDIR);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "l"), F_OK), ELOOP);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "dangling"), F_OK), ENOENT);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "f"), 8), EINVAL);
	CHECK_ERRNO(raw_faccessat(w->fd, t_at(w, "f"), -1), EINVAL);
}

static void bad_descriptors_and_pointers(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(access("", F_OK), ENOENT);
	CHECK_ERRNO(access(T_BAD_PTR, F_OK), EFAULT);
	CHECK_ERRNO(raw_faccessat(999, "f", F_OK), EBADF);
	CHECK_ERRNO(raw_faccessat(fd, "f", F_OK), ENOTDIR);
	CHECK_ERRNO(raw_faccessat(AT_FDCWD, T_BAD_PTR, F_OK), EFAULT);
	CHECK_OK(raw_faccessat(999, t_p("f"), F_OK));
}

static void flags_of_faccessat2(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	if (sys_faccessat2(AT_FDCWD, "f", F_OK, 0) < 0 && errno == ENOSYS) {
		t_note("no faccessat2");
		return;
	}
	CHECK_OK(symlink("none", "dangling"));
	CHECK_OK(sys_faccessat2(AT_FDCWD, "f", R_OK, AT_EACCESS));
	CHECK_ERRNO(sys_faccessat2(AT_FDCWD, "f", X_OK, AT_EACCESS), EACCES);
	CHECK_ERRNO(sys_faccessat2(AT_FDCWD, "dangling", F_OK, 0), ENOENT);
	CHECK_OK(sys_faccessat2(AT_FDCWD, "dangling", F_OK,
				AT_SYMLINK_NOFOLLOW));
	CHECK_OK(sys_faccessat2(fd, "", R_OK | W_OK, AT_EMPTY_PATH));
	CHECK_ERRNO(sys_faccessat2(fd, "", R_OK, 0), ENOENT);
	CHECK_ERRNO(sys_faccessat2(999, "", R_OK, AT_EMPTY_PATH), EBADF);
	CHECK_ERRNO(sys_faccessat2(AT_FDCWD, "f", R_OK, 0x80000), EINVAL);
	CHECK_ERRNO(sys_faccessat2(AT_FDCWD, T_BAD_PTR, R_OK, 0), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(answers_for_what_exists);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_descriptors_and_pointers);
	RUN(flags_of_faccessat2);
	return t_done();
}
