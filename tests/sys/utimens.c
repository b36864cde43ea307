// SPDX-License-Identifier: GPL-2.0-or-later
/* utimens.c - utimensat(2), futimens(3), utimes(2), utime(2) */

#include "check.h"

#include <sys/time.h>
#include <time.h>
#include <utime.h>

static struct stat stat_of(const char *path)
{
	struct stat st = { 0 };

	CHECK_OK(lstat(path, &st));
	return st;
}

static void nanoseconds_are_kept(const struct t_way *w)
{
	struct timespec ts[2] = { { 1111111111, 123456789 },
				  { 1222222222, 987654321 } };
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(utimensat(w->fd, t_at(w, "f"), ts, 0));
	st = stat_of(t_p("f"));
	CHECK_EQ(st.st_atim.tv_sec, 1111111111);
	CHECK_EQ(st.st_mtim.tv_sec, 1222222222);
	if (st.st_mtim.tv_nsec == 0) {
		t_note("the file system keeps whole seconds");
		return;
	}
	CHECK_EQ(st.st_atim.tv_nsec, 123456789);
	CHECK_EQ(st.st_mtim.tv_nsec, 987654321);
}

static void now_and_omit(void)
{
	struct timespec old[2] = { { 1000, 0 }, { 2000, 0 } };
	struct timespec ts[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };
	time_t now = time(NULL);
	struct stat st;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(futimens(fd, old));
	CHECK_OK(futimens(fd, ts));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK(st.st_mtim.tv_sec >= now - 2);
	CHECK_OK(futimens(fd, old));
	ts[0].tv_nsec = UTIME_NOW;
	ts[1].tv_nsec = UTIME_OMIT;
	CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
	st = stat_of("f");
	CHECK(st.st_atim.tv_sec >= now - 2);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_OK(futimens(fd, old));
	ts[0].tv_nsec = UTIME_OMIT;
	CHECK_OK(futimens(fd, ts));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK_OK(utimensat(AT_FDCWD, "f", NULL, 0));
	st = stat_of("f");
	CHECK(st.st_atim.tv_sec >= now - 2);
	CHECK(st.st_mtim.tv_sec >= now - 2);
}

static void links_and_descriptors(void)
{
	struct timespec ts[2] = { { 1000, 0 }, { 2000, 0 } };
	int fd = t_open("f", O_RDONLY | O_CREAT);
	int name = (int)CHECK_OK(open("f", O_PATH));

	CHECK_OK(symlink("f", "l"));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(utimensat(AT_FDCWD, "l", ts, AT_SYMLINK_NOFOLLOW));
	CHECK_EQ(stat_of("l").st_mtim.tv_sec, 2000);
	CHECK(stat_of("f").st_mtim.tv_sec != 2000);
	CHECK_OK(utimensat(AT_FDCWD, "l", ts, 0));
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 2000);
	CHECK_OK(utimensat(AT_FDCWD, "d", ts, 0));
	CHECK_EQ(stat_of("d").st_mtim.tv_sec, 2000);
	ts[1].tv_sec = 3000;
	CHECK_OK(syscall(SYS_utimensat, fd, NULL, ts, 0));
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 3000);
	ts[1].tv_sec = 4000;
	CHECK_OK(utimensat(fd, "", ts, AT_EMPTY_PATH));
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 4000);
	CHECK_ERRNO(futimens(name, ts), EBADF);
	CHECK_ERRNO(futimens(999, ts), EBADF);
}

static void the_older_calls(void)
{
	struct timeval tv[2] = { { 1000, 500000 }, { 2000, 250000 } };
	struct utimbuf buf = { 3000, 4000 };
	struct stat st;

	t_put("f", "x");
	CHECK_OK(syscall(SYS_utimes, "f", tv));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 1000);
	CHECK_EQ(st.st_mtim.tv_sec, 2000);
	CHECK(st.st_mtim.tv_nsec == 250000000 || st.st_mtim.tv_nsec == 0);
	CHECK_OK(syscall(SYS_utime, "f", &buf));
	st = stat_of("f");
	CHECK_EQ(st.st_atim.tv_sec, 3000);
	CHECK_EQ(st.st_mtim.tv_sec, 4000);
	CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", tv));
	CHECK_EQ(stat_of("f").st_mtim.tv_sec, 2000);
	CHECK_OK(syscall(SYS_utime, "f", NULL));
	CHECK(stat_of("f").st_mtim.tv_sec > 4000);
	tv[0].tv_usec = 1000000;
	CHECK_ERRNO(syscall(SYS_utimes, "f", tv), EINVAL);
	CHECK_ERRNO(syscall(SYS_utime, "no", &buf), ENOENT);
	CHECK_ERRNO(syscall(SYS_utime, T_BAD_PTR, &buf), EFAULT);
	CHECK_ERRNO(syscall(SYS_utimes, "f", T_BAD_PTR), EFAULT);
}

static void old_and_late_times(void)
{
	static const time_t secs[] = { 0, -1, 0x7fffffff, 0x80000000L };
	struct timespec ts[2] = { { 0 } };
	struct stat st;
	size_t i;

	t_put("f", "x");
	for (i = 0; i < T_COUNT(secs); i++) {
		ts[0].tv_sec = secs[i];
		ts[1].tv_sec = secs[i];
		CHECK_OK(utimensat(AT_FDCWD, "f", ts, 0));
		st = stat_of("f");
		if (i == 3 && st.st_mtim.tv_sec == 0x7fffffff)
			t_note("times end in 2038 here");
		else
			CHECK_EQ(st.st_mtim.tv_sec, secs[i]);
	}
}

static void fails_with_the_right_error(void)
{
	struct timespec ts[2] = { { 0, 0 }, { 0, 0 } };
	struct timespec bad[2] = { { 0, 1000000000 }, { 0, 0 } };
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(utimensat(AT_FDCWD, "no", ts, 0), ENOENT);
	CHECK_ERRNO(utimensat(AT_FDCWD, "", ts, 0), ENOENT);
	CHECK_ERRNO(utimensat(AT_FDCWD, "f/x", ts, 0), ENOTDIR);
	CHECK_ERRNO(utimensat(AT_FDCWD, "f", bad, 0), EINVAL);
	CHECK_ERRNO(futimens(fd, bad), EINVAL);
	CHECK_ERRNO(utimensat(AT_FDCWD, "f", ts, 0x80000), EINVAL);
	CHECK_ERRNO(utimensat(999, "f", ts, 0), EBADF);
	CHECK_ERRNO(utimensat(AT_FDCWD, "f", T_BAD_PTR, 0), EFAULT);
	CHECK_ERRNO(utimensat(AT_FDCWD, T_BAD_PTR, ts, 0), EFAULT);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(nanoseconds_are_kept);
	RUN(now_and_omit);
	RUN(links_and_descriptors);
	RUN(the_older_calls);
	RUN(old_and_late_times);
	RUN(fails_with_the_right_error);
	return t_done();
}
