// SPDX-License-Identifier: GPL-2.0-or-later
/* stat.c - stat(2), lstat(2), fstat(2), newfstatat(2) */

#include "check.h"

#include <sys/sysmacros.h>
#include <time.h>

static int raw_fstatat(int fd, const char *path, struct stat *st, int flags)
{
	return (int)syscall(SYS_newfstatat, fd, path, st, flags);
}

static void same_answer_for_every_call(const struct t_way *w)
{
	struct stat a;
	struct stat b;
	int fd;

	t_put_at(w->fd, t_at(w, "f"), "12345");
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "f"), &a, 0));
	CHECK(S_ISREG(a.st_mode));
	CHECK_EQ(a.st_size, 5);
	CHECK_EQ(a.st_nlink, 1);
	CHECK_EQ(a.st_uid, geteuid());
	CHECK_EQ(a.st_mode & 07777, 0644);
	CHECK(a.st_blksize > 0);
	fd = (int)CHECK_OK(openat(w->fd, t_at(w, "f"), O_RDONLY));
	CHECK_OK((int)syscall(SYS_fstat, fd, &b));
	CHECK_EQ(b.st_ino, a.st_ino);
	CHECK_EQ(b.st_dev, a.st_dev);
	CHECK_EQ(b.st_size, a.st_size);
	CHECK_EQ(b.st_mtim.tv_sec, a.st_mtim.tv_sec);
	CHECK_EQ(b.st_mtim.tv_nsec, a.st_mtim.tv_nsec);
	CHECK_EQ(b.st_mode, a.st_mode);
	CHECK_EQ(b.st_uid, a.st_uid);
	CHECK_EQ(b.st_gid, a.st_gid);
	CHECK_EQ(b.st_rdev, a.st_rdev);
	CHECK_EQ(b.st_nlink, a.st_nlink);
	CHECK_OK(raw_fstatat(fd, "", &b, AT_EMPTY_PATH));
	CHECK_EQ(b.st_ino, a.st_ino);
	CHECK_EQ(b.st_size, 5);
	CHECK_OK((int)syscall(SYS_stat, t_p("f"), &b));
	CHECK_EQ(b.st_ino, a.st_ino);
	CHECK_OK((int)syscall(SYS_lstat, t_p("f"), &b));
	CHECK_EQ(b.st_ino, a.st_ino);
}

static void links_are_followed_or_not(const struct t_way *w)
{
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "123");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("d", w->fd, t_at(w, "ld")));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "dangling")));
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "l"), &st, 0));
	CHECK(S_ISREG(st.st_mode));
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "l"), &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(st.st_size, 1);
	CHECK_EQ(st.st_mode & 07777, 0777);
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "ld"), &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "ld/"), &st, AT_SYMLINK_NOFOLLOW));
	CHECK(S_ISDIR(st.st_mode));
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "dangling"), &st, 0), ENOENT);
	CHECK_OK(raw_fstatat(w->fd, t_at(w, "dangling"), &st,
			     AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(st.st_size, 4);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "l/"), &st, 0), ENOTDIR);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "l/"), &st, AT_SYMLINK_NOFOLLOW),
		    ENOTDIR);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "");
	CHECK_OK(symlinkat("b", w->fd, t_at(w, "a")));
	CHECK_OK(symlinkat("a", w->fd, t_at(w, "b")));
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "no"), &st, 0), ENOENT);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "no/x"), &st, 0), ENOENT);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "no/.."), &st, 0), ENOENT);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "f/"), &st, 0), ENOTDIR);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "f/x"), &st, 0), ENOTDIR);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "f/../f"), &st, 0), ENOTDIR);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "a"), &st, 0), ELOOP);
	CHECK_ERRNO(
		raw_fstatat(w->fd, t_at(w, "a/x"), &st, AT_SYMLINK_NOFOLLOW),
		ELOOP);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "f"), T_BAD_PTR, 0), EFAULT);
	CHECK_ERRNO(raw_fstatat(w->fd, t_at(w, "f"), &st, 0x80000), EINVAL);
}

static void bad_descriptors_and_pointers(void)
{
	struct stat st;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO((int)syscall(SYS_fstat, -1, &st), EBADF);
	CHECK_ERRNO((int)syscall(SYS_fstat, 999, &st), EBADF);
	CHECK_ERRNO((int)syscall(SYS_fstat, fd, T_BAD_PTR), EFAULT);
	CHECK_ERRNO(raw_fstatat(999, "f", &st, 0), EBADF);
	CHECK_ERRNO(raw_fstatat(fd, "f", &st, 0), ENOTDIR);
	CHECK_OK(raw_fstatat(999, t_p("f"), &st, 0));
	CHECK_ERRNO(raw_fstatat(AT_FDCWD, "", &st, 0), ENOENT);
	CHECK_ERRNO(raw_fstatat(fd, "", &st, 0), ENOENT);
	CHECK_ERRNO(raw_fstatat(999, "", &st, AT_EMPTY_PATH), EBADF);
	CHECK_ERRNO((int)syscall(SYS_stat, T_BAD_PTR, &st), EFAULT);
	CHECK_ERRNO((int)syscall(SYS_lstat, T_BAD_PTR, &st), EFAULT);
	CHECK_ERRNO(raw_fstatat(AT_FDCWD, T_BAD_PTR, &st, 0), EFAULT);
	CHECK_ERRNO((int)syscall(SYS_stat, t_p("f"), T_BAD_PTR), EFAULT);
}

static void empty_path_names_the_descriptor_or_cwd(void)
{
	struct stat a;
	struct stat b;
	int fd = t_open(".", O_RDONLY);

	CHECK_OK(raw_fstatat(AT_FDCWD, "", &a, AT_EMPTY_PATH));
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK_OK(raw_fstatat(fd, "", &a, AT_EMPTY_PATH));
	CHECK_EQ(a.st_ino, b.st_ino);
	CHECK_OK(symlink("nowhere", "l"));
	fd = (int)CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_OK(raw_fstatat(fd, "", &a, AT_EMPTY_PATH));
	CHECK(S_ISLNK(a.st_mode));
}

static void directories_count_their_links(void)
{
	CHECK_OK(mkdir("d", 0755));
	CHECK_EQ(t_nlink("d"), 2);
	CHECK_OK(mkdir("d/a", 0755));
	CHECK_OK(mkdir("d/b", 0755));
	CHECK_EQ(t_nlink("d"), 4);
	CHECK_OK(rmdir("d/a"));
	CHECK_EQ(t_nlink("d"), 3);
	CHECK_EQ(t_ino("d/."), t_ino("d"));
	CHECK_EQ(t_ino("d/b/.."), t_ino("d"));
	CHECK_EQ(t_ino("d/b/../."), t_ino("d"));
}

static void one_device_and_distinct_inodes(void)
{
	struct stat a;
	struct stat b;

	t_put("a", "");
	t_put("b", "");
	CHECK_OK(stat("a", &a));
	CHECK_OK(stat("b", &b));
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK(a.st_ino != b.st_ino);
	CHECK_OK(stat(".", &b));
	CHECK_EQ(a.st_dev, b.st_dev);
	CHECK_OK(stat("/proc/self/stat", &b));
	CHECK(a.st_dev != b.st_dev);
	CHECK(major(a.st_dev) != 0 || minor(a.st_dev) != 0);
}

static void size_and_times_follow_writes(void)
{
	struct stat a;
	struct stat b;
	time_t now = time(NULL);
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(fstat(fd, &a));
	CHECK(a.st_mtim.tv_sec >= now - 2 && a.st_mtim.tv_sec <= now + 20);
	CHECK_EQ(write(fd, "abc", 3), 3);
	CHECK_OK(stat("f", &b));
	CHECK_EQ(b.st_size, 3);
	CHECK_EQ(pwrite(fd, "abc", 3, 1000000), 3);
	CHECK_OK(fstat(fd, &b));
	CHECK_EQ(b.st_size, 1000003);
	CHECK(b.st_blocks * 512 < 1000003);
	CHECK(b.st_ctim.tv_sec >= a.st_ctim.tv_sec);
	CHECK(b.st_mtim.tv_sec >= a.st_mtim.tv_sec);
}

static void pipes_and_sockets_stat_as_before(void)
{
	struct stat st;
	int fd[2];

	CHECK_OK(pipe(fd));
	CHECK_OK(fstat(fd[0], &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_OK(raw_fstatat(fd[1], "", &st, AT_EMPTY_PATH));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_OK(stat("/dev/null", &st));
	CHECK(S_ISCHR(st.st_mode));
	CHECK_EQ(st.st_rdev, makedev(1, 3));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(same_answer_for_every_call);
	RUN_WAYS(links_are_followed_or_not);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_descriptors_and_pointers);
	RUN(empty_path_names_the_descriptor_or_cwd);
	RUN(directories_count_their_links);
	RUN(one_device_and_distinct_inodes);
	RUN(size_and_times_follow_writes);
	RUN(pipes_and_sockets_stat_as_before);
	return t_done();
}
