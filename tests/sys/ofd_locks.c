// SPDX-License-Identifier: GPL-2.0-or-later
/* ofd_locks.c - locks of open file descriptions, on small and on large files */

#include "check.h"

#include <sys/mman.h>

/* In a view such a file is not kept in memory: its locks go another way. */
static const off_t LARGE = 80LL << 20;
static off_t size;

static int lock(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type,
			    .l_whence = SEEK_SET,
			    .l_start = start,
			    .l_len = len };

	return fcntl(fd, cmd, &fl);
}

static struct flock get(int fd, int cmd, short type, off_t start, off_t len)
{
	struct flock fl = { .l_type = type,
			    .l_whence = SEEK_SET,
			    .l_start = start,
			    .l_len = len };

	CHECK_OK(fcntl(fd, cmd, &fl));
	return fl;
}

/* The file f has its size before it is opened for the test. */
static int file(void)
{
	unlink("f");
	t_put("f", "");
	CHECK_OK(truncate("f", size));
	return t_open("f", O_RDWR);
}

static bool is_free(int fd, short type, off_t start, off_t len)
{
	if (lock(fd, F_OFD_SETLK, type, start, len) < 0)
		return !CHECK_EQ(errno, EAGAIN);
	CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, start, len));
	return true;
}

/* Who asks: an opening, or a process by an opening of its own. */
struct asker {
	const char *name;
	int set;
	bool in_child;
};

static const struct asker askers[] = {
	{ "another opening", F_OFD_SETLK, false },
	{ "another process's opening", F_OFD_SETLK, true },
	{ "another process", F_SETLK, true },
};

static int ask(const struct asker *a, short type)
{
	pid_t pid = a->in_child ? t_fork() : 0;
	int fd, ret;

	if (pid)
		return t_wait(pid);
	fd = t_open("f", O_RDWR);
	ret = lock(fd, a->set, type, 0, 4) == 0 ? 0 : errno;
	if (a->in_child)
		_exit(ret);
	close(fd);
	return ret;
}

static void check_row(int cmd, short held)
{
	static const short types[] = { F_RDLCK, F_WRLCK };
	int fd = file();

	CHECK_OK(lock(fd, cmd, held, 2, 4));
	for (size_t i = 0; i < T_COUNT(askers); i++) {
		/* to open and close it here is to drop the process's locks */
		if (cmd == F_SETLK && !askers[i].in_child)
			continue;
		for (size_t k = 0; k < T_COUNT(types); k++) {
			bool shared = held == F_RDLCK && types[k] == F_RDLCK;

			if (!CHECK_EQ(ask(&askers[i], types[k]),
				      shared ? 0 : EAGAIN))
				t_note("%s, type %d against %d", askers[i].name,
				       types[k], held);
		}
	}
	close(fd);
}

static void who_excludes_whom(void)
{
	check_row(F_OFD_SETLK, F_RDLCK);
	check_row(F_OFD_SETLK, F_WRLCK);
	check_row(F_SETLK, F_RDLCK);
	check_row(F_SETLK, F_WRLCK);
}

static void a_process_excludes_its_own_openings(void)
{
	int fd = file();

	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 10));
	CHECK_ERRNO(lock(fd, F_OFD_SETLK, F_WRLCK, 5, 1), EAGAIN);
	CHECK_ERRNO(lock(fd, F_OFD_SETLK, F_RDLCK, 5, 1), EAGAIN);
	CHECK_OK(lock(fd, F_OFD_SETLK, F_WRLCK, 10, 10));
	CHECK_ERRNO(lock(fd, F_SETLK, F_WRLCK, 0, 11), EAGAIN);
	CHECK_OK(lock(fd, F_OFD_SETLK, F_UNLCK, 0, 0));
	CHECK_OK(lock(fd, F_SETLK, F_WRLCK, 0, 11));
}

static void a_process_has_its_locks_by_any_opening(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);

	CHECK_OK(lock(a, F_SETLK, F_WRLCK, 0, 10));
	CHECK_OK(lock(b, F_SETLK, F_WRLCK, 5, 10));
	CHECK_EQ(get(b, F_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
	CHECK_OK(lock(b, F_SETLK, F_UNLCK, 0, 0));
	CHECK(is_free(a, F_WRLCK, 0, 0));
}

static void what_is_told_of_a_lock(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);
	pid_t me = getpid();
	struct flock fl;
	pid_t pid;

	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 10, 20));
	CHECK_EQ(get(a, F_OFD_GETLK, F_WRLCK, 0, 0).l_type, F_UNLCK);
	fl = get(b, F_OFD_GETLK, F_RDLCK, 5, 10);
	CHECK_EQ(fl.l_type, F_WRLCK);
	CHECK_EQ(fl.l_whence, SEEK_SET);
	CHECK_EQ(fl.l_start, 10);
	CHECK_EQ(fl.l_len, 20);
	CHECK_EQ(fl.l_pid, -1);
	CHECK_EQ(get(a, F_GETLK, F_WRLCK, 29, 0).l_pid, -1);
	CHECK_EQ(get(b, F_OFD_GETLK, F_WRLCK, 30, 0).l_type, F_UNLCK);
	CHECK_OK(lock(a, F_SETLK, F_RDLCK, 40, 0));
	pid = t_fork();
	if (pid == 0) {
		fl = get(b, F_OFD_GETLK, F_WRLCK, 40, 1);
		CHECK_EQ(fl.l_type, F_RDLCK);
		CHECK_EQ(fl.l_start, 40);
		CHECK_EQ(fl.l_len, 0);
		CHECK_EQ(fl.l_pid, me);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
}

static void what_is_refused(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_pid = 1 };
	int fd = file();

	CHECK_ERRNO(fcntl(fd, F_OFD_SETLK, &fl), EINVAL);
	CHECK_ERRNO(fcntl(fd, F_OFD_SETLKW, &fl), EINVAL);
	CHECK_ERRNO(fcntl(fd, F_OFD_GETLK, &fl), EINVAL);
	CHECK_ERRNO(lock(fd, F_OFD_SETLK, 7, 0, 1), EINVAL);
	CHECK_ERRNO(lock(fd, F_OFD_SETLK, F_WRLCK, -1, 1), EINVAL);
	CHECK_ERRNO(lock(fd, F_OFD_SETLK, F_WRLCK, 1, -2), EINVAL);
	CHECK_ERRNO(fcntl(fd, F_OFD_SETLK, T_BAD_PTR), EFAULT);
	CHECK_ERRNO(lock(999, F_OFD_SETLK, F_WRLCK, 0, 1), EBADF);
	CHECK_ERRNO(lock(t_open("f", O_RDONLY), F_OFD_SETLK, F_WRLCK, 0, 1),
		    EBADF);
	CHECK_ERRNO(lock(t_open("f", O_WRONLY), F_OFD_SETLK, F_RDLCK, 0, 1),
		    EBADF);
	CHECK_ERRNO(lock(t_open("f", O_PATH), F_OFD_SETLK, F_RDLCK, 0, 1),
		    EBADF);
}

static void ranges_split_and_join(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_END };

	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 30));
	CHECK_OK(lock(a, F_OFD_SETLK, F_UNLCK, 10, 10));
	CHECK(is_free(b, F_WRLCK, 10, 10));
	CHECK(!is_free(b, F_RDLCK, 9, 1));
	CHECK(!is_free(b, F_RDLCK, 20, 1));
	CHECK_OK(lock(a, F_OFD_SETLK, F_RDLCK, 25, 5));
	CHECK(is_free(b, F_RDLCK, 25, 5));
	CHECK(!is_free(b, F_WRLCK, 29, 1));
	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 5, 25));
	CHECK_EQ(get(b, F_OFD_GETLK, F_WRLCK, 0, 0).l_len, 30);
	CHECK_OK(fcntl(b, F_OFD_SETLK, &fl));
	CHECK_EQ(get(a, F_OFD_GETLK, F_WRLCK, 30, 0).l_start, size);
}

static void a_lock_goes_with_the_last_descriptor(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);
	int c = dup(a);
	int up[2], down[2];
	pid_t pid;

	CHECK_OK(pipe(up));
	CHECK_OK(pipe(down));
	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	pid = t_fork();
	if (pid == 0) {
		close(a);
		CHECK_OK(lock(c, F_OFD_SETLK, F_WRLCK, 0, 20));
		t_post(up[1]);
		CHECK(t_await(down[0]));
		_exit(0);
	}
	CHECK(t_await(up[0]));
	close(a);
	close(t_open("f", O_RDWR));
	CHECK(!is_free(b, F_WRLCK, 19, 1));
	close(c);
	CHECK(!is_free(b, F_WRLCK, 19, 1));
	t_post(down[1]);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_OK(lock(b, F_OFD_SETLKW, F_WRLCK, 0, 0));
}

static void a_duplicate_unlocks(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);
	pid_t pid;

	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 0));
	pid = t_fork();
	if (pid == 0)
		_exit(lock(a, F_OFD_SETLK, F_UNLCK, 0, 0) == 0 ? 0 : 1);
	CHECK_EQ(t_wait(pid), 0);
	CHECK(is_free(b, F_WRLCK, 0, 0));
}

static void who_waits_gets_it(void)
{
	int a = file();
	int up[2];
	pid_t pid;

	CHECK_OK(pipe(up));
	CHECK_OK(lock(a, F_OFD_SETLK, F_RDLCK, 0, 10));
	pid = t_fork();
	if (pid == 0) {
		close(a);
		a = t_open("f", O_RDWR);
		CHECK_OK(lock(a, F_OFD_SETLKW, F_RDLCK, 0, 10));
		t_post(up[1]);
		CHECK_OK(lock(a, F_OFD_SETLKW, F_WRLCK, 0, 10));
		CHECK_FILE("said", "it");
		t_post(up[1]);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	t_put("said", "it");
	CHECK(!t_readable(up[0], 50));
	close(a);
	CHECK(t_await(up[0]));
	CHECK_EQ(t_wait(pid), 0);
}

static void a_signal_ends_the_wait(void)
{
	int a = file();
	int up[2];
	pid_t pid;

	CHECK_OK(pipe(up));
	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	t_handler(SIGUSR1, 0);
	pid = t_fork();
	if (pid == 0) {
		CHECK_ERRNO(
			lock(t_open("f", O_RDWR), F_OFD_SETLKW, F_WRLCK, 0, 10),
			EINTR);
		t_post(up[1]);
		_exit(0);
	}
	t_signal_until(pid, SIGUSR1, up[0]);
	CHECK_EQ(t_wait(pid), 0);
}

/* Databases lock a file first and map it later. */
static void a_map_leaves_the_locks(void)
{
	int a = file();
	int b = t_open("f", O_RDWR);
	char *map;

	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 0, 10));
	map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, a, 0);
	CHECK(map != MAP_FAILED);
	CHECK(!is_free(b, F_RDLCK, 0, 1));
	CHECK_OK(lock(a, F_OFD_SETLK, F_WRLCK, 10, 10));
	CHECK(!is_free(b, F_RDLCK, 10, 1));
	CHECK_OK(lock(a, F_OFD_SETLK, F_UNLCK, 0, 10));
	CHECK(is_free(b, F_WRLCK, 0, 10));
	CHECK_OK(munmap(map, 4096));
	close(a);
	CHECK_OK(lock(b, F_OFD_SETLKW, F_WRLCK, 0, 0));
}

static void run_all(off_t of_size)
{
	size = of_size;
	RUN(who_excludes_whom);
	RUN(a_process_excludes_its_own_openings);
	RUN(a_process_has_its_locks_by_any_opening);
	RUN(what_is_told_of_a_lock);
	RUN(what_is_refused);
	RUN(ranges_split_and_join);
	RUN(a_lock_goes_with_the_last_descriptor);
	RUN(a_duplicate_unlocks);
	RUN(who_waits_gets_it);
	RUN(a_signal_ends_the_wait);
	RUN(a_map_leaves_the_locks);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	run_all(100);
	run_all(LARGE);
	return t_done();
}
