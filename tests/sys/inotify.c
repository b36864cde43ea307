// SPDX-License-Identifier: GPL-2.0-or-later
/* inotify.c - inotify_add_watch(2): events, or an honest error */

#include "check.h"

#include <sys/inotify.h>

static bool next_event(int fd, uint32_t mask, const char *name)
{
	char buf[4096] __attribute__((aligned(8)));
	const struct inotify_event *ev;
	ssize_t n;
	ssize_t pos;

	while (t_readable(fd, 5000)) {
		n = read(fd, buf, sizeof(buf));
		for (pos = 0; pos < n; pos += (ssize_t)sizeof(*ev) + ev->len) {
			ev = (const void *)(buf + pos);
			if ((ev->mask & mask) &&
			    strcmp(ev->len ? ev->name : "", name) == 0)
				return true;
		}
	}
	return false;
}

/* -1 with a note where the file system cannot be watched. */
static int watch(int fd, const char *path, uint32_t mask)
{
	int wd = inotify_add_watch(fd, path, mask);

	if (wd >= 0)
		return wd;
	t_note("inotify_add_watch: %s", strerrorname_np(errno));
	CHECK(errno == ENOSYS || errno == EOPNOTSUPP || errno == ENOSPC);
	return -1;
}

static void a_directory_tells_of_its_names(void)
{
	int fd = (int)CHECK_OK(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));

	if (watch(fd, ".", IN_CREATE | IN_DELETE | IN_MODIFY | IN_MOVE) < 0)
		return;
	t_put("f", "x");
	CHECK(next_event(fd, IN_CREATE, "f"));
	t_put("f", "xyz");
	CHECK(next_event(fd, IN_MODIFY, "f"));
	CHECK_OK(rename("f", "g"));
	CHECK(next_event(fd, IN_MOVED_TO, "g"));
	CHECK_OK(unlink("g"));
	CHECK(next_event(fd, IN_DELETE, "g"));
}

static void a_file_tells_of_itself(void)
{
	int fd = (int)CHECK_OK(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
	int wd;

	t_put("f", "x");
	wd = watch(fd, "f", IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE);
	if (wd < 0)
		return;
	t_put("f", "more");
	CHECK(next_event(fd, IN_CLOSE_WRITE, ""));
	CHECK_OK(chmod("f", 0600));
	CHECK(next_event(fd, IN_ATTRIB, ""));
	CHECK_OK(inotify_rm_watch(fd, wd));
	CHECK_ERRNO(inotify_rm_watch(fd, wd), EINVAL);
}

static void fails_with_the_right_error(void)
{
	int fd = (int)CHECK_OK(inotify_init1(IN_CLOEXEC));

	t_put("f", "x");
	CHECK_ERRNO2(inotify_add_watch(fd, "no", IN_MODIFY), ENOENT, ENOSYS);
	CHECK_ERRNO2(inotify_add_watch(fd, "f/x", IN_MODIFY), ENOTDIR, ENOSYS);
	CHECK_ERRNO2(inotify_add_watch(fd, T_BAD_PTR, IN_MODIFY), EFAULT,
		     ENOSYS);
	CHECK_ERRNO2(inotify_add_watch(999, "f", IN_MODIFY), EBADF, ENOSYS);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_directory_tells_of_its_names);
	RUN(a_file_tells_of_itself);
	RUN(fails_with_the_right_error);
	return t_done();
}
