// SPDX-License-Identifier: GPL-2.0-or-later
/* statx.c - statx(2): masks, flags, and the same answer as stat(2) */

#include "check.h"

#include <sys/sysmacros.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000U
#endif

static void same_as_stat(const struct t_way *w)
{
	struct statx sx;
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "12345");
	CHECK_OK(fstatat(w->fd, t_at(w, "f"), &st, 0));
	CHECK_OK(sys_statx(w->fd, t_at(w, "f"), 0, STATX_BASIC_STATS, &sx));
	CHECK_EQ(sx.stx_mask & STATX_BASIC_STATS, STATX_BASIC_STATS);
	CHECK_EQ(sx.stx_size, 5);
	CHECK_EQ(sx.stx_ino, st.st_ino);
	CHECK_EQ(sx.stx_mode, st.st_mode);
	CHECK_EQ(sx.stx_nlink, st.st_nlink);
	CHECK_EQ(sx.stx_uid, st.st_uid);
	CHECK_EQ(sx.stx_gid, st.st_gid);
	CHECK_EQ(sx.stx_blocks, st.st_blocks);
	CHECK_EQ(sx.stx_blksize, st.st_blksize);
	CHECK_EQ(makedev(sx.stx_dev_major, sx.stx_dev_minor), st.st_dev);
	CHECK_EQ(sx.stx_mtime.tv_sec, st.st_mtim.tv_sec);
	CHECK_EQ(sx.stx_mtime.tv_nsec, st.st_mtim.tv_nsec);
	CHECK_EQ(sx.stx_ctime.tv_sec, st.st_ctim.tv_sec);
}

static void flags_and_descriptors(void)
{
	struct statx sx;
	int fd;

	t_put("f", "12345");
	CHECK_OK(symlink("f", "l"));
	CHECK_OK(
		sys_statx(AT_FDCWD, "l", AT_SYMLINK_NOFOLLOW, STATX_TYPE, &sx));
	CHECK(S_ISLNK(sx.stx_mode));
	CHECK_OK(sys_statx(AT_FDCWD, "l", AT_STATX_SYNC_AS_STAT, STATX_TYPE,
			   &sx));
	CHECK(S_ISREG(sx.stx_mode));
	CHECK_OK(
		sys_statx(AT_FDCWD, "f", AT_STATX_FORCE_SYNC, STATX_SIZE, &sx));
	CHECK_OK(sys_statx(AT_FDCWD, "f", AT_STATX_DONT_SYNC, STATX_ALL, &sx));
	CHECK_OK(sys_statx(AT_FDCWD, "f", AT_NO_AUTOMOUNT, 0, &sx));
	fd = t_open("f", O_RDONLY);
	CHECK_OK(sys_statx(fd, "", AT_EMPTY_PATH, STATX_SIZE, &sx));
	CHECK_EQ(sx.stx_size, 5);
	fd = (int)CHECK_OK(open("l", O_PATH | O_NOFOLLOW));
	CHECK_OK(sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &sx));
	CHECK(S_ISLNK(sx.stx_mode));
	CHECK_OK(sys_statx(AT_FDCWD, "", AT_EMPTY_PATH, STATX_TYPE, &sx));
	CHECK(S_ISDIR(sx.stx_mode));
}

static void mount_id_is_one_for_the_directory(void)
{
	struct statx a;
	struct statx b;

	t_put("f", "");
	CHECK_OK(sys_statx(AT_FDCWD, ".", 0, STATX_MNT_ID, &a));
	CHECK_OK(sys_statx(AT_FDCWD, "f", 0, STATX_MNT_ID, &b));
	if (!(a.stx_mask & STATX_MNT_ID)) {
		t_note("no mount id");
		return;
	}
	/* stx_mnt_id follows stx_dev_minor; older headers do not name it. */
	CHECK_MEM((const char *)&a + 0x90, (const char *)&b + 0x90, 8);
}

static void birth_time_is_not_after_change(void)
{
	struct statx sx;

	t_put("f", "");
	CHECK_OK(sys_statx(AT_FDCWD, "f", 0, STATX_ALL, &sx));
	if (!(sx.stx_mask & STATX_BTIME)) {
		t_note("no birth time");
		return;
	}
	CHECK(sx.stx_btime.tv_sec <= sx.stx_ctime.tv_sec);
	CHECK(sx.stx_btime.tv_sec > 0);
}

static void fails_with_the_right_error(void)
{
	struct statx sx;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(sys_statx(AT_FDCWD, "no", 0, STATX_ALL, &sx), ENOENT);
	CHECK_ERRNO(sys_statx(AT_FDCWD, "", 0, STATX_ALL, &sx), ENOENT);
	CHECK_ERRNO(sys_statx(AT_FDCWD, "f/", 0, STATX_ALL, &sx), ENOTDIR);
	CHECK_ERRNO(sys_statx(fd, "f", 0, STATX_ALL, &sx), ENOTDIR);
	CHECK_ERRNO(sys_statx(999, "f", 0, STATX_ALL, &sx), EBADF);
	CHECK_ERRNO(sys_statx(999, "", AT_EMPTY_PATH, STATX_ALL, &sx), EBADF);
	CHECK_ERRNO(sys_statx(AT_FDCWD, T_BAD_PTR, 0, STATX_ALL, &sx), EFAULT);
	CHECK_ERRNO(sys_statx(AT_FDCWD, "f", 0, STATX_ALL, T_BAD_PTR), EFAULT);
	CHECK_ERRNO(sys_statx(AT_FDCWD, "f", 0, STATX__RESERVED, &sx), EINVAL);
	CHECK_ERRNO(sys_statx(AT_FDCWD, "f", 0x80000, STATX_ALL, &sx), EINVAL);
	CHECK_ERRNO(
		sys_statx(AT_FDCWD, "f", AT_STATX_SYNC_TYPE, STATX_ALL, &sx),
		EINVAL);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(same_as_stat);
	RUN(flags_and_descriptors);
	RUN(mount_id_is_one_for_the_directory);
	RUN(birth_time_is_not_after_change);
	RUN(fails_with_the_right_error);
	return t_done();
}
