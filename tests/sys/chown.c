// SPDX-License-Identifier: GPL-2.0-or-later
/* chown.c - chown(2), lchown(2), fchown(2), fchownat(2) */

#include "check.h"

#define KEEP_UID ((uid_t)-1)
#define KEEP_GID ((gid_t)-1)

static void own_ids_and_minus_one(const struct t_way *w)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	struct stat st;

	t_put_at(w->fd, t_at(w, "f"), "x");
	CHECK_OK(symlinkat("f", w->fd, t_at(w, "l")));
	CHECK_OK(symlinkat("none", w->fd, t_at(w, "dangling")));
	CHECK_OK(fchownat(w->fd, t_at(w, "f"), uid, gid, 0));
	CHECK_OK(fchownat(w->fd, t_at(w, "f"), KEEP_UID, KEEP_GID, 0));
	CHECK_OK(fchownat(w->fd, t_at(w, "f"), uid, KEEP_GID, 0));
	CHECK_OK(fchownat(w->fd, t_at(w, "l"), KEEP_UID, gid, 0));
	CHECK_OK(fchownat(w->fd, t_at(w, "l"), uid, gid, AT_SYMLINK_NOFOLLOW));
	CHECK_OK(fchownat(w->fd, t_at(w, "dangling"), uid, gid,
			  AT_SYMLINK_NOFOLLOW));
	CHECK_OK(fstatat(w->fd, t_at(w, "f"), &st, 0));
	CHECK_EQ(st.st_uid, uid);
	CHECK_EQ(st.st_gid, gid);
	CHECK_ERRNO(fchownat(w->fd, t_at(w, "dangling"), uid, gid, 0), ENOENT);
	CHECK_ERRNO(fchownat(w->fd, t_at(w, "no"), uid, gid, 0), ENOENT);
	CHECK_ERRNO(fchownat(w->fd, t_at(w, "f/x"), uid, gid, 0), ENOTDIR);
	CHECK_ERRNO(fchownat(w->fd, t_at(w, "f/"), uid, gid, 0), ENOTDIR);
	CHECK_ERRNO(fchownat(w->fd, t_at(w, "f"), uid, gid, 0x80000), EINVAL);
}

static void each_call(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int fd = t_open("f", O_RDONLY | O_CREAT);
	int name = (int)CHECK_OK(open("f", O_PATH));

	CHECK_OK(symlink("none", "l"));
	CHECK_OK(syscall(SYS_chown, "f", uid, gid));
	CHECK_OK(syscall(SYS_lchown, "l", uid, gid));
	CHECK_ERRNO(syscall(SYS_chown, "l", uid, gid), ENOENT);
	CHECK_OK(syscall(SYS_fchown, fd, uid, gid));
	CHECK_OK(fchownat(fd, "", uid, gid, AT_EMPTY_PATH));
	CHECK_OK(fchownat(name, "", uid, gid, AT_EMPTY_PATH));
	CHECK_OK(fchownat(AT_FDCWD, "", uid, gid, AT_EMPTY_PATH));
	CHECK_ERRNO(fchownat(fd, "", uid, gid, 0), ENOENT);
	CHECK_ERRNO(fchown(name, uid, gid), EBADF);
	CHECK_ERRNO(fchown(999, uid, gid), EBADF);
	CHECK_ERRNO(fchownat(999, "f", uid, gid, 0), EBADF);
	CHECK_ERRNO(chown(T_BAD_PTR, uid, gid), EFAULT);
	CHECK_ERRNO(lchown(T_BAD_PTR, uid, gid), EFAULT);
	CHECK_ERRNO(chown("", uid, gid), ENOENT);
}

static void mode_survives_minus_one(void)
{
	t_put("f", "x");
	CHECK_OK(chmod("f", 0751));
	CHECK_OK(chown("f", KEEP_UID, KEEP_GID));
	CHECK_EQ(t_mode("f"), S_IFREG | 0751);
	CHECK_OK(chown("f", geteuid(), getegid()));
	CHECK_EQ(t_mode("f"), S_IFREG | 0751);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN_WAYS(own_ids_and_minus_one);
	RUN(each_call);
	RUN(mode_survives_minus_one);
	return t_done();
}
