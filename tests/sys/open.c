// SPDX-License-Identifier: GPL-2.0-or-later
/* open.c - open(2) and openat(2): flags, modes, names, errors */

#include "check.h"

#include <sys/resource.h>

static void reads_what_was_written(const struct t_way *w)
{
	char buf[16] = "";
	int fd = (int)CHECK_OK(
		openat(w->fd, t_at(w, "f"), O_WRONLY | O_CREAT | O_EXCL, 0644));

	CHECK_EQ(write(fd, "contents", 8), 8);
	CHECK_EQ(read(fd, buf, 1), -1);
	CHECK_EQ(errno, EBADF);
	CHECK_OK(close(fd));
	fd = (int)CHECK_OK(openat(w->fd, t_at(w, "f"), O_RDONLY));
	CHECK_EQ(read(fd, buf, sizeof(buf)), 8);
	CHECK_STR(buf, "contents");
	CHECK_ERRNO(write(fd, "x", 1), EBADF);
	CHECK_OK(close(fd));
	CHECK_ERRNO(close(fd), EBADF);
}

static void fails_with_the_right_error(const struct t_way *w)
{
	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_ERRNO(openat(w->fd, t_at(w, "no"), O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "no/x"), O_RDONLY | O_CREAT, 0644),
		    ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "no/"), O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "no/"), O_RDONLY | O_CREAT, 0644),
		    EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "no/."), O_RDONLY | O_CREAT, 0644),
		    ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f/"), O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f/."), O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f/.."), O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f/x"), O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f"), O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d"), O_WRONLY), EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d"), O_RDWR), EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d/"), O_RDWR), EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d"), O_CREAT, 0644), EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d/."), O_CREAT, 0644), EISDIR);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d"), O_CREAT | O_EXCL, 0644),
		    EEXIST);
	CHECK_ERRNO(openat(w->fd, t_at(w, "f"), O_CREAT | O_EXCL, 0644),
		    EEXIST);
	CHECK_ERRNO(openat(w->fd, t_at(w, "d"), O_RDONLY | O_TRUNC), EISDIR);
}

static void bad_directory_descriptors(void)
{
	int fd = t_open(t_p("f"), O_RDWR | O_CREAT);

	CHECK_ERRNO(openat(-1, "f", O_RDONLY), EBADF);
	CHECK_ERRNO(openat(999, "f", O_RDONLY), EBADF);
	CHECK_ERRNO(openat(fd, "f", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(fd, ".", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(fd, "", O_RDONLY), ENOENT);
	CHECK_OK(openat(999, t_p("f"), O_RDONLY));
	CHECK_ERRNO(open("", O_RDONLY), ENOENT);
	CHECK_ERRNO(open("", O_CREAT | O_RDWR, 0644), ENOENT);
}

static void links_are_followed_or_refused(const struct t_way *w)
{
	int fd;

	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat(t_p("f"), w->fd, t_at(w, "abs")));
	CHECK_OK(symlinkat("loop", w->fd, t_at(w, "loop")));
	CHECK_OK(symlinkat("d", w->fd, t_at(w, "ld")));
	CHECK_OK(mkdirat(w->fd, t_at(w, "d"), 0755));
	CHECK_ERRNO(openat(w->fd, t_at(w, "l"), O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(w->fd, t_at(w, "l"), O_CREAT | O_EXCL, 0644),
		    EEXIST);
	CHECK_ERRNO(openat(w->fd, t_at(w, "l"), O_CREAT | O_NOFOLLOW, 0644),
		    ELOOP);
	fd = (int)CHECK_OK(openat(w->fd, t_at(w, "l"), O_CREAT | O_RDWR, 0600));
	CHECK_EQ(write(fd, "via", 3), 3);
	CHECK_FILE(t_p("f"), "via");
	CHECK_OK(openat(w->fd, t_at(w, "abs"), O_RDONLY));
	CHECK_ERRNO(openat(w->fd, t_at(w, "l"), O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERRNO(openat(w->fd, t_at(w, "loop"), O_RDONLY), ELOOP);
	CHECK_ERRNO(openat(w->fd, t_at(w, "loop/x"), O_RDONLY), ELOOP);
	CHECK_OK(openat(w->fd, t_at(w, "ld"), O_DIRECTORY));
	CHECK_OK(openat(w->fd, t_at(w, "ld/"), O_DIRECTORY | O_NOFOLLOW));
	CHECK_ERRNO(openat(w->fd, t_at(w, "ld"), O_DIRECTORY | O_NOFOLLOW),
		    ENOTDIR);
	CHECK_OK(openat(w->fd, t_at(w, "f"), O_RDONLY | O_NOFOLLOW));
}

static void mode_obeys_umask(void)
{
	umask(027);
	CHECK_OK(open("a", O_CREAT | O_RDWR, 0777));
	CHECK_EQ(t_mode("a"), S_IFREG | 0750);
	umask(0);
	CHECK_OK(open("b", O_CREAT | O_RDWR, 0666));
	CHECK_EQ(t_mode("b"), S_IFREG | 0666);
	umask(0777);
	CHECK_OK(open("c", O_CREAT | O_RDWR, 0666));
	CHECK_EQ(t_mode("c"), S_IFREG);
	umask(0);
	CHECK_OK(open("d", O_CREAT | O_RDWR, 07777));
	CHECK_EQ(t_mode("d") & ~(mode_t)(S_ISGID | S_ISUID | S_ISVTX),
		 S_IFREG | 0777);
}

static void new_file_belongs_to_its_maker(void)
{
	struct stat st;
	int fd = t_open("a", O_RDWR | O_CREAT);

	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_uid, geteuid());
	CHECK_EQ(st.st_gid, getegid());
	CHECK_EQ(st.st_nlink, 1);
	CHECK_EQ(st.st_size, 0);
}

static void mode_of_a_new_file_does_not_bind_its_maker(void)
{
	char c;
	int fd = (int)CHECK_OK(open("a", O_CREAT | O_RDWR, 0));

	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(pread(fd, &c, 1, 0), 1);
	fd = (int)CHECK_OK(open("b", O_CREAT | O_EXCL | O_WRONLY, 0444));
	CHECK_EQ(write(fd, "x", 1), 1);
}

static void truncates_and_appends(void)
{
	char buf[8] = "";
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(t_size("f"), 0);
	CHECK_EQ(write(fd, "abc", 3), 3);
	fd = t_open("f", O_RDWR | O_APPEND);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_EQ(read(fd, buf, 2), 2);
	CHECK_STR(buf, "ab");
	CHECK_EQ(write(fd, "de", 2), 2);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 5);
	CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQ(write(fd, "f", 1), 1);
	CHECK_FILE("f", "abcdef");
	fd = t_open("f", O_WRONLY | O_APPEND | O_TRUNC);
	CHECK_EQ(write(fd, "z", 1), 1);
	CHECK_FILE("f", "z");
	CHECK_OK(open("f", O_RDONLY | O_CREAT, 0644));
	CHECK_FILE("f", "z");
}

static void truncation_is_seen_by_an_older_descriptor(void)
{
	char buf[8];
	int fd;

	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	CHECK_EQ(read(fd, buf, 4), 4);
	t_open("f", O_WRONLY | O_TRUNC);
	CHECK_EQ(read(fd, buf, 4), 0);
	CHECK_EQ(write(fd, "x", 1), 1);
	CHECK_EQ(t_size("f"), 5);
}

static void directories_open_read_only(void)
{
	char buf[64];
	int fd = (int)CHECK_OK(open(".", O_RDONLY));

	CHECK_ERRNO(read(fd, buf, sizeof(buf)), EISDIR);
	CHECK_ERRNO(pread(fd, buf, sizeof(buf), 0), EISDIR);
	CHECK_ERRNO(write(fd, buf, 1), EBADF);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	fd = (int)CHECK_OK(open(".", O_RDONLY | O_DIRECTORY));
	CHECK(fcntl(fd, F_GETFL) & O_DIRECTORY);
	CHECK_OK(open("..", O_RDONLY | O_DIRECTORY));
	CHECK_OK(open("./", O_RDONLY));
	CHECK_OK(open(".//.", O_RDONLY));
}

static void lowest_descriptor_is_taken(void)
{
	int a = t_open("a", O_RDWR | O_CREAT);
	int b = t_open("b", O_RDWR | O_CREAT);
	int c = t_open(".", O_RDONLY);

	CHECK_EQ(b, a + 1);
	CHECK_EQ(c, b + 1);
	close(b);
	CHECK_EQ(open("a", O_RDONLY), b);
	close(a);
	close(c);
	CHECK_EQ(open(".", O_RDONLY), a);
	CHECK_EQ(open("none", O_RDONLY), -1);
	CHECK_EQ(open("a", O_RDONLY), c);
}

static void too_many_descriptors(void)
{
	struct rlimit lim = { 16, 16 };
	pid_t pid = t_fork();
	int n = 0;

	if (pid == 0) {
		t_put("f", "x");
		CHECK_OK(setrlimit(RLIMIT_NOFILE, &lim));
		while (n < 32 && open("f", O_RDONLY) >= 0)
			n++;
		CHECK_EQ(errno, EMFILE);
		CHECK(n < 16 && n > 4);
		CHECK_ERRNO(open("new", O_CREAT | O_RDWR, 0644), EMFILE);
		close(8);
		CHECK_EQ(open("f", O_RDONLY), 8);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static void close_on_exec_flag(void)
{
	int fd = (int)CHECK_OK(open("a", O_RDWR | O_CREAT | O_CLOEXEC, 0644));

	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd = (int)CHECK_OK(open("a", O_RDWR));
	CHECK_EQ(fcntl(fd, F_GETFD), 0);
	fd = (int)CHECK_OK(open(".", O_RDONLY | O_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	fd = (int)CHECK_OK(open(".", O_PATH | O_CLOEXEC));
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void harmless_flags(void)
{
	t_put("f", "abc");
	CHECK_OK(open("f", O_RDONLY | O_NOATIME));
	CHECK_OK(open("f", O_RDWR | O_SYNC));
	CHECK_OK(open("f", O_RDWR | O_DSYNC));
	CHECK_OK(open("f", O_RDWR | O_NONBLOCK));
	CHECK_OK(open("f", O_RDONLY | O_NOCTTY));
	CHECK_OK(open("f", O_RDONLY | O_LARGEFILE));
	CHECK_OK(open("f", O_RDONLY | 0x40000000));
	if (open("f", O_RDONLY | O_DIRECT) < 0)
		CHECK_EQ(errno, EINVAL);
}

static void opath_gives_a_name_only(void)
{
	struct stat st;
	char buf[4];
	int fd;

	t_put("f", "abc");
	CHECK_OK(symlink("f", "l"));
	fd = (int)CHECK_OK(open("f", O_PATH));
	CHECK_ERRNO(read(fd, buf, 1), EBADF);
	CHECK_ERRNO(write(fd, buf, 1), EBADF);
	CHECK_ERRNO(lseek(fd, 0, SEEK_SET), EBADF);
	CHECK_ERRNO(ftruncate(fd, 0), EBADF);
	CHECK_ERRNO(fchmod(fd, 0600), EBADF);
	CHECK_ERRNO(fsync(fd), EBADF);
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_ino, t_ino("f"));
	CHECK(fcntl(fd, F_GETFL) & O_PATH);
	CHECK_OK(fchmodat(AT_FDCWD, t_fmt("/proc/self/fd/%d", fd), 0604, 0));
	CHECK_EQ(t_mode("f"), S_IFREG | 0604);
	fd = (int)CHECK_OK(open(t_fmt("/proc/self/fd/%d", fd), O_RDWR));
	CHECK_EQ(read(fd, buf, 3), 3);
	CHECK_MEM(buf, "abc", 3);
	fd = (int)CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_OK(fstat(fd, &st));
	CHECK(S_ISLNK(st.st_mode));
	CHECK_EQ(readlinkat(fd, "", buf, sizeof(buf)), 1);
	CHECK_ERRNO(open("f", O_PATH | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("none", O_PATH | O_CREAT, 0644), ENOENT);
}

static void opath_directory_serves_as_dirfd(void)
{
	char buf[64];
	int fd;

	CHECK_OK(mkdir("d", 0755));
	t_put("d/f", "abc");
	fd = (int)CHECK_OK(open("d", O_PATH | O_DIRECTORY));
	CHECK_OK(openat(fd, "f", O_RDONLY));
	CHECK_OK(openat(fd, "new", O_RDWR | O_CREAT, 0644));
	CHECK(t_exists("d/new"));
	CHECK_OK(openat(fd, "..", O_RDONLY));
	CHECK_ERRNO(sys_getdents64(fd, buf, sizeof(buf)), EBADF);
	CHECK_OK(fchdir(fd));
	CHECK_FILE("f", "abc");
}

static void dirfd_follows_a_rename(void)
{
	int fd;

	CHECK_OK(mkdir("d", 0755));
	fd = t_open("d", O_RDONLY | O_DIRECTORY);
	CHECK_OK(rename("d", "e"));
	t_put_at(fd, "f", "abc");
	CHECK_FILE("e/f", "abc");
	CHECK_OK(unlinkat(fd, "f", 0));
	CHECK_OK(rmdir("e"));
	CHECK_ERRNO(openat(fd, "f", O_RDWR | O_CREAT, 0644), ENOENT);
	CHECK_ERRNO(openat(fd, "f", O_RDONLY), ENOENT);
}

static void reopens_through_proc(void)
{
	char buf[8] = "";
	int fd;
	int again;

	t_put("f", "abcdef");
	fd = t_open("f", O_RDONLY);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	again = (int)CHECK_OK(open(t_fmt("/proc/self/fd/%d", fd), O_RDWR));
	CHECK_EQ(lseek(again, 0, SEEK_CUR), 0);
	CHECK_EQ(read(again, buf, 6), 6);
	CHECK_STR(buf, "abcdef");
	CHECK_EQ(pwrite(again, "X", 1, 0), 1);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_FILE(t_fmt("/dev/fd/%d", fd), "Xbcdef");
	CHECK_OK(open(t_fmt("/proc/self/fd/%d", fd), O_WRONLY | O_TRUNC));
	CHECK_EQ(t_size("f"), 0);
	CHECK_ERRNO(open(t_fmt("/proc/self/fd/%d/x", fd), O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open(t_fmt("/proc/self/fd/%d", fd), O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("/proc/self/fd/999", O_RDONLY), ENOENT);
	CHECK_ERRNO(open(t_fmt("/proc/self/fd/%d", fd), O_NOFOLLOW), ELOOP);
}

static void long_names(void)
{
	char *ok = t_long(255, 'n');
	char *bad = t_long(256, 'n');
	char *path = t_padded("f", 4095);

	CHECK_OK(open(ok, O_RDWR | O_CREAT, 0644));
	CHECK(t_exists(ok));
	CHECK_ERRNO(open(bad, O_RDWR | O_CREAT, 0644), ENAMETOOLONG);
	CHECK_ERRNO(open(bad, O_RDONLY), ENAMETOOLONG);
	CHECK_ERRNO(open(t_fmt("%s/x", bad), O_RDONLY), ENAMETOOLONG);
	CHECK_OK(open(path, O_RDWR | O_CREAT, 0644));
	CHECK(t_exists("f"));
	free(path);
	path = t_padded("f", 4096);
	CHECK_ERRNO(open(path, O_RDONLY), ENAMETOOLONG);
	free(path);
	free(ok);
	free(bad);
}

static void unreadable_path_pointers(void)
{
	CHECK_ERRNO(open(T_BAD_PTR, O_RDONLY), EFAULT);
	CHECK_ERRNO(open(T_BAD_PTR, O_RDWR | O_CREAT, 0644), EFAULT);
	CHECK_ERRNO(openat(999, T_BAD_PTR, O_RDONLY), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(reads_what_was_written);
	RUN_WAYS(fails_with_the_right_error);
	RUN(bad_directory_descriptors);
	RUN_WAYS(links_are_followed_or_refused);
	RUN(mode_obeys_umask);
	RUN(new_file_belongs_to_its_maker);
	RUN(mode_of_a_new_file_does_not_bind_its_maker);
	RUN(truncates_and_appends);
	RUN(truncation_is_seen_by_an_older_descriptor);
	RUN(directories_open_read_only);
	RUN(lowest_descriptor_is_taken);
	RUN(too_many_descriptors);
	RUN(close_on_exec_flag);
	RUN(harmless_flags);
	RUN(opath_gives_a_name_only);
	RUN(opath_directory_serves_as_dirfd);
	RUN(dirfd_follows_a_rename);
	RUN(reopens_through_proc);
	RUN(long_names);
	RUN(unreadable_path_pointers);
	return t_done();
}
