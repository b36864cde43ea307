// SPDX-License-Identifier: GPL-2.0-or-later
/* chmod.c - chmod(2), fchmod(2), fchmodat(2), fchmodat2(2) */

#include "check.h"

static void every_mode_is_kept(void)
{
	static const mode_t modes[] = {
		0, 0777, 0644, 0400, 0001, 01755, 04755
	};
	size_t i;
	int fd;

	t_put("f", "x");
	fd = t_open("f", O_RDWR);
	for (i = 0; i < T_COUNT(modes); i++) {
		CHECK_OK(chmod("f", modes[i]));
		CHECK_EQ(t_mode("f"), S_IFREG | modes[i]);
		CHECK_OK(chmod("f", 0600));
		CHECK_OK(fchmod(fd, modes[i]));
		CHECK_EQ(t_mode("f"), S_IFREG | modes[i]);
	}
	CHECK_OK(chmod("f", 0100644));
	CHECK_EQ(t_mode("f"), S_IFREG | 0644);
}

static void by_name(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("l2", w->fd, t_at(w, "l2")));
	CHECK_OK(fchmodat(w->fd, t_at(w, "f"), 0640, 0));
	CHECK_EQ(t_mode(t_p("f")), S_IFREG | 0640);
	CHECK_OK(fchmodat(w->fd, t_at(w, "l"), 0604, 0));
	CHECK_EQ(t_mode(t_p("f")), S_IFREG | 0604);
	CHECK_EQ(t_mode(t_p("l")), S_IFLNK | 0777);
	CHECK_OK(fchmodat(w->fd, t_at(w, "d/"), 01700, 0));
	CHECK_EQ(t_mode(t_p("d")), S_IFDIR | 01700);
	CHECK_ERRNO(fchmodat(w->fd, t_at(w, "no"), 0600, 0), ENOENT);
	CHECK_ERRNO(fchmodat(w->fd, t_at(w, "f/"), 0600, 0), ENOTDIR);
	CHECK_ERRNO(fchmodat(w->fd, t_at(w, "f/x"), 0600, 0), ENOTDIR);
	CHECK_ERRNO(fchmodat(w->fd, t_at(w, "l2"), 0600, 0), ELOOP);
}

static void flags_of_fchmodat2(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	if (sys_fchmodat2(AT_FDCWD, "f", 0640, 0) < 0 && errno == ENOSYS) {
		t_note("no fchmodat2");
		return;
	}
	CHECK_EQ(t_mode("f"), S_IFREG | 0640);
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(sys_fchmodat2(fd, "", 0600, AT_EMPTY_PATH));
	CHECK_EQ(t_mode("f"), S_IFREG | 0600);
	CHECK_OK(sys_fchmodat2(AT_FDCWD, "f", 0644, AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(t_mode("f"), S_IFREG | 0644);
	CHECK_ERRNO(sys_fchmodat2(AT_FDCWD, "l", 0600, AT_SYMLINK_NOFOLLOW),
		    EOPNOTSUPP);
	CHECK_ERRNO(sys_fchmodat2(AT_FDCWD, "f", 0600, 0x80000), EINVAL);
	CHECK_ERRNO(sys_fchmodat2(AT_FDCWD, T_BAD_PTR, 0600, 0), EFAULT);
	CHECK_ERRNO(sys_fchmodat2(999, "f", 0600, 0), EBADF);
}

static void by_descriptor(void)
{
	struct stat st;
	int fd = t_open("f", O_RDONLY | O_CREAT);
	int dir = t_open(".", O_RDONLY);
	int name = (int)CHECK_OK(open("f", O_PATH));

	CHECK_OK(fchmod(fd, 0611));
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_mode, S_IFREG | 0611);
	CHECK_OK(fchmod(dir, 0711));
	CHECK_EQ(t_mode("."), S_IFDIR | 0711);
	CHECK_ERRNO(fchmod(name, 0600), EBADF);
	CHECK_ERRNO(fchmod(999, 0600), EBADF);
	CHECK_ERRNO(chmod(T_BAD_PTR, 0600), EFAULT);
	CHECK_ERRNO(chmod("", 0600), ENOENT);
	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(chmod("p", 0600));
	CHECK_EQ(t_mode("p"), S_IFIFO | 0600);
}

static void change_time_moves_but_not_modification(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat st;

	t_put("f", "x");
	CHECK_OK(utimensat(AT_FDCWD, "f", old, 0));
	CHECK_OK(chmod("f", 0600));
	CHECK_OK(stat("f", &st));
	CHECK_EQ(st.st_mtim.tv_sec, 1000);
	CHECK(st.st_ctim.tv_sec > 1000);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(every_mode_is_kept);
	RUN_WAYS(by_name);
	RUN(flags_of_fchmodat2);
	RUN(by_descriptor);
	RUN(change_time_moves_but_not_modification);
	return t_done();
}
