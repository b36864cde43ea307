// SPDX-License-Identifier: GPL-2.0-or-later
/* locks.c - POSIX, OFD and flock locks between processes */

#include "check.h"

#include <sys/file.h>

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type,
			    .l_whence = SEEK_SET,
			    .l_start = start,
			    .l_len = len };

	return fcntl(fd, cmd, &fl);
}

/* A child runs @fn on its own descriptor of f; its checks count. */
static void in_child(void (*fn)(int fd))
{
	pid_t pid = t_fork();

	if (pid == 0) {
		fn(t_open("f", O_RDWR));
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static pid_t holder;

static void sees_the_lock(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	CHECK_OK(fcntl(fd, F_GETLK, &fl));
	CHECK_EQ(fl.l_type, F_WRLCK);
	CHECK_EQ(fl.l_start, 10);
	CHECK_EQ(fl.l_len, 20);
	CHECK_EQ(fl.l_whence, SEEK_SET);
	CHECK_EQ(fl.l_pid, holder);
	CHECK_ERRNO2(lock(fd, F_SETLK, F_WRLCK, 15, 1), EAGAIN, EACCES);
	CHECK_ERRNO2(lock(fd, F_SETLK, F_RDLCK, 0, 11), EAGAIN, EACCES);
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 30, 0));
}

static void finds_it_free(int fd)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	CHECK_OK(fcntl(fd, F_GETLK, &fl));
	CHECK_EQ(fl.l_type, F_UNLCK);
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

static void posix_locks_exclude_other_processes(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	holder = getpid();
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 10, 20));
	in_child(sees_the_lock);
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 100));
	CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	in_child(finds_it_free);
	/* What the child held went with it. */
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
}

static void closing_any_descriptor_drops_posix_locks(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int two = t_open("f", O_RDONLY);

	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	close(two);
	in_child(finds_it_free);
}

static void may_read_lock(int fd)
{
	CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	CHECK_ERRNO2(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN, EACCES);
}

static void readers_share(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(lock(fd, F_SETLK, F_RDLCK, 0, 0));
	in_child(may_read_lock);
	CHECK_ERRNO(lock(t_open("f", O_RDONLY), F_SETLK, F_WRLCK, 0, 0), EBADF);
	CHECK_ERRNO(lock(t_open("f", O_WRONLY), F_SETLK, F_RDLCK, 0, 0), EBADF);
}

static void waiting_ends_when_the_holder_lets_go(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int up[2];
	pid_t pid;

	CHECK_OK(pipe(up));
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 0));
	pid = t_fork();
	if (pid == 0) {
		fd = t_open("f", O_RDWR);
		t_post(up[1]);
		CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
		CHECK_FILE("f", "ready");
		t_post(up[1]);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	CHECK(!t_readable(up[0], 100));
	CHECK_EQ(write(fd, "ready", 5), 5);
	CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
	CHECK(t_await(up[0]));
	CHECK_EQ(t_wait(pid), 0);
}

static void waiting_ends_when_the_holder_dies(void)
{
	int up[2];
	pid_t pid;
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(lock(t_open("f", O_RDWR), F_SETLK, F_WRLCK, 0, 0));
		t_post(up[1]);
		for (;;)
			pause();
	}
	CHECK(t_await(up[0]));
	CHECK_ERRNO2(lock(fd, F_SETLK, F_WRLCK, 0, 0), EAGAIN, EACCES);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_OK(lock(fd, F_SETLKW, F_WRLCK, 0, 0));
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
}

static void a_circle_of_waiters_is_refused(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int up[2];
	pid_t pid;
	int mine;

	CHECK_OK(pipe(up));
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 1));
	pid = t_fork();
	if (pid == 0) {
		fd = t_open("f", O_RDWR);
		CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 1, 1));
		t_post(up[1]);
		mine = lock(fd, F_SETLKW, F_WRLCK, 0, 1);
		_exit(mine == 0 ? 10 : errno == EDEADLK ? 11 : 12);
	}
	CHECK(t_await(up[0]));
	mine = lock(fd, F_SETLKW, F_WRLCK, 1, 1);
	if (mine < 0) {
		CHECK_EQ(errno, EDEADLK);
		CHECK_OK(lock(fd, F_SETLK, F_UNLCK, 0, 0));
		CHECK_EQ(t_wait(pid), 10);
	} else {
		CHECK_EQ(t_wait(pid), 11);
	}
}

static void ofd_locks_belong_to_the_opening(void)
{
	int a = t_open("f", O_RDWR | O_CREAT);
	int b = t_open("f", O_RDWR);
	int c = dup(a);
	pid_t pid;

	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	CHECK_ERRNO2(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN, EACCES);
	CHECK_OK(lock(c, F_OFD_SETLK, F_WRLCK, 0, 10));
	close(a);
	CHECK_ERRNO2(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN, EACCES);
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(lock(c, F_OFD_SETLK, F_WRLCK, 0, 10));
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	CHECK_ERRNO2(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN, EACCES);
	close(c);
	CHECK_OK(lock(b, F_OFD_SETLK, F_WRLCK, 5, 1));
}

static void is_locked_by_flock(int fd)
{
	CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_ERRNO(flock(fd, LOCK_SH | LOCK_NB), EWOULDBLOCK);
}

static void may_share_by_flock(int fd)
{
	CHECK_OK(flock(fd, LOCK_SH | LOCK_NB));
	CHECK_ERRNO(flock(fd, LOCK_EX | LOCK_NB), EWOULDBLOCK);
}

static void flock_excludes_other_openings(void)
{
	int fd = t_open("f", O_RDONLY | O_CREAT);
	int same = dup(fd);
	pid_t pid;

	CHECK_OK(flock(fd, LOCK_EX));
	CHECK_OK(flock(same, LOCK_EX | LOCK_NB));
	is_locked_by_flock(t_open("f", O_RDWR));
	in_child(is_locked_by_flock);
	pid = t_fork();
	if (pid == 0)
		_exit(flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : 1);
	CHECK_EQ(t_wait(pid), 0);
	close(fd);
	in_child(is_locked_by_flock);
	CHECK_OK(flock(same, LOCK_SH));
	in_child(may_share_by_flock);
	CHECK_OK(flock(same, LOCK_UN));
	CHECK_OK(flock(t_open("f", O_RDWR), LOCK_EX | LOCK_NB));
	CHECK_ERRNO(flock(999, LOCK_EX), EBADF);
	CHECK_ERRNO(flock(same, 0), EINVAL);
}

static void flock_waits(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int up[2];
	pid_t pid;

	CHECK_OK(pipe(up));
	CHECK_OK(flock(fd, LOCK_EX));
	pid = t_fork();
	if (pid == 0) {
		close(fd);
		fd = t_open("f", O_RDWR);
		CHECK_OK(flock(fd, LOCK_EX));
		t_post(up[1]);
		_exit(0);
	}
	CHECK(!t_readable(up[0], 100));
	CHECK_OK(flock(fd, LOCK_UN));
	CHECK(t_await(up[0]));
	CHECK_EQ(t_wait(pid), 0);
}

static void directories_take_flock(void)
{
	int a = t_open(".", O_RDONLY);
	int b = t_open(".", O_RDONLY);

	CHECK_OK(flock(a, LOCK_EX));
	CHECK_ERRNO(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	close(a);
	CHECK_OK(flock(b, LOCK_EX | LOCK_NB));
}

static void names_of_one_file_share_its_locks(void)
{
	int fd = t_open("f", O_RDWR | O_CREAT);
	int other;

	CHECK_OK(link("f", "g"));
	CHECK_OK(flock(fd, LOCK_EX));
	other = t_open("g", O_RDWR);
	CHECK_ERRNO(flock(other, LOCK_EX | LOCK_NB), EWOULDBLOCK);
	CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 0, 0));
	CHECK_ERRNO2(lock(other, F_OFD_SETLK, F_WRLCK, 0, 0), EAGAIN, EACCES);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(posix_locks_exclude_other_processes);
	RUN(closing_any_descriptor_drops_posix_locks);
	RUN(readers_share);
	RUN(waiting_ends_when_the_holder_lets_go);
	RUN(waiting_ends_when_the_holder_dies);
	RUN(a_circle_of_waiters_is_refused);
	RUN(ofd_locks_belong_to_the_opening);
	RUN(flock_excludes_other_openings);
	RUN(flock_waits);
	RUN(directories_take_flock);
	RUN(names_of_one_file_share_its_locks);
	return t_done();
}
