// SPDX-License-Identifier: GPL-2.0-or-later
/* signals.c - signals that meet a blocked call: EINTR or one restart */

#include "check.h"

#include <sys/file.h>

static int up[2];

/*
 * Runs @fn in a child; signals it until it reports by up[1]. @fn calls ready()
 * when nothing but the call under test is left to do.
 */
static void ready(void)
{
	t_handler(SIGUSR1, 0);
	t_post(up[1]);
}

static void bother(void (*fn)(void))
{
	pid_t pid;

	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		fn();
		t_post(up[1]);
		CHECK(t_signals > 0);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	t_signal_until(pid, SIGUSR1, up[0]);
	CHECK_EQ(t_wait(pid), 0);
}

static void reads_a_fifo(void)
{
	char c;
	int fd = (int)CHECK_OK(open("p", O_RDWR));

	ready();
	CHECK_ERRNO(read(fd, &c, 1), EINTR);
}

static void writes_a_full_fifo(void)
{
	char *buf = t_long(1 << 20, 'x');
	int fd = (int)CHECK_OK(open("p", O_RDWR | O_NONBLOCK));

	while (write(fd, buf, 4096) > 0)
		;
	CHECK_OK(fcntl(fd, F_SETFL, 0));
	ready();
	CHECK_ERRNO(write(fd, buf, 4096), EINTR);
	free(buf);
}

static void waits_for_a_lock(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = t_open("f", O_RDWR);

	ready();
	CHECK_ERRNO(fcntl(fd, F_SETLKW, &fl), EINTR);
}

static void waits_for_flock(void)
{
	int fd = t_open("f", O_RDWR);

	ready();
	CHECK_ERRNO(flock(fd, LOCK_EX), EINTR);
}

static void opens_a_fifo(void)
{
	ready();
	CHECK_ERRNO(open("q", O_WRONLY), EINTR);
}

static void reads_a_pipe(void)
{
	int fd[2];
	char c;

	CHECK_OK(pipe(fd));
	ready();
	CHECK_ERRNO(read(fd[0], &c, 1), EINTR);
}

static void blocked_calls_give_eintr(void)
{
	struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd = t_open("f", O_RDWR | O_CREAT);

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(mkfifo("q", 0644));
	CHECK_OK(fcntl(fd, F_SETLK, &fl));
	CHECK_OK(flock(fd, LOCK_EX));
	bother(reads_a_pipe);
	bother(reads_a_fifo);
	bother(writes_a_full_fifo);
	bother(opens_a_fifo);
	bother(waits_for_a_lock);
	bother(waits_for_flock);
}

/* Restarted calls: many signals come, the call is done once. */
static void a_read_restarts(void)
{
	char buf[8] = "";
	int fd[2];
	pid_t pid;
	int i;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(pipe(up));
	fd[0] = (int)CHECK_OK(open("p", O_RDWR));
	pid = t_fork();
	if (pid == 0) {
		t_handler(SIGUSR1, SA_RESTART);
		t_post(up[1]);
		CHECK_EQ(read(fd[0], buf, 8), 4);
		CHECK_STR(buf, "data");
		CHECK(t_signals > 0);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	for (i = 0; i < 20; i++) {
		CHECK_OK(kill(pid, SIGUSR1));
		CHECK(!t_readable(up[0], 5));
	}
	CHECK_EQ(write(fd[0], "data", 4), 4);
	CHECK_EQ(t_wait(pid), 0);
	CHECK(!t_readable(fd[0], 0));
}

static void an_open_restarts(void)
{
	pid_t pid;
	int fd;
	int i;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		t_handler(SIGUSR1, SA_RESTART);
		t_post(up[1]);
		fd = (int)CHECK_OK(open("p", O_WRONLY));
		CHECK_EQ(write(fd, "x", 1), 1);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	for (i = 0; i < 20; i++) {
		CHECK_OK(kill(pid, SIGUSR1));
		CHECK(!t_readable(up[0], 5));
	}
	fd = (int)CHECK_OK(open("p", O_RDONLY));
	CHECK(t_await(fd));
	CHECK_EQ(t_wait(pid), 0);
}

/* Calls that cannot be interrupted are done exactly once each. */
static void calls_under_a_rain_of_signals(void)
{
	pid_t parent = getpid();
	pid_t pid;
	int done = 0;
	int i;

	t_handler(SIGUSR1, SA_RESTART);
	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		close(up[1]);
		t_signal_until(parent, SIGUSR1, up[0]);
		_exit(0);
	}
	close(up[0]);
	t_put("count", "");
	for (i = 0; i < 300; i++) {
		int fd = open("count", O_WRONLY | O_APPEND);

		done += write(fd, "x", 1) == 1;
		close(fd);
		CHECK_OK(mkdir("d", 0755));
		CHECK_OK(rename("d", "e"));
		CHECK_OK(rmdir("e"));
	}
	close(up[1]);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(done, 300);
	CHECK_EQ(t_size("count"), 300);
	signal(SIGUSR1, SIG_DFL);
}

static volatile sig_atomic_t handler_size;

static void stat_in_handler(int sig)
{
	(void)sig;
	handler_size = (sig_atomic_t)t_size("inside");
}

static void calls_inside_a_handler(void)
{
	struct sigaction sa = { .sa_handler = stat_in_handler };

	t_put("inside", "12345");
	sigaction(SIGUSR1, &sa, NULL);
	CHECK_OK(raise(SIGUSR1));
	CHECK_EQ(handler_size, 5);
	signal(SIGUSR1, SIG_DFL);
}

static void a_stopped_process_goes_on(void)
{
	int status = 0;
	pid_t pid;
	int i;

	t_put("f", "");
	pid = t_fork();
	if (pid == 0) {
		for (i = 0; i < 200; i++)
			t_put("f", t_fmt("%d", i));
		_exit(0);
	}
	for (i = 0; i < 5; i++) {
		if (kill(pid, SIGSTOP) < 0 ||
		    waitpid(pid, &status, WUNTRACED) != pid ||
		    !WIFSTOPPED(status))
			break;
		CHECK_OK(kill(pid, SIGCONT));
	}
	if (i == 5)
		CHECK_EQ(t_wait(pid), 0);
	else
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_FILE("f", "199");
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(blocked_calls_give_eintr);
	RUN(a_read_restarts);
	RUN(an_open_restarts);
	RUN(calls_under_a_rain_of_signals);
	RUN(calls_inside_a_handler);
	RUN(a_stopped_process_goes_on);
	return t_done();
}
