// SPDX-License-Identifier: GPL-2.0-or-later
/* fifo.c - named pipes: opening both ends, blocking, data */

#include "check.h"

#include <poll.h>

static void both_ends_meet(void)
{
	char buf[16] = "";
	pid_t pid;
	int fd;

	CHECK_OK(mkfifo("p", 0644));
	pid = t_fork();
	if (pid == 0) {
		fd = (int)CHECK_OK(open("p", O_WRONLY));
		CHECK_EQ(write(fd, "through", 7), 7);
		_exit(0);
	}
	fd = (int)CHECK_OK(open("p", O_RDONLY));
	CHECK_EQ(read(fd, buf, 16), 7);
	CHECK_STR(buf, "through");
	CHECK_EQ(read(fd, buf, 16), 0);
	CHECK_EQ(t_wait(pid), 0);
}

static void the_writer_waits_for_a_reader(void)
{
	int up[2];
	pid_t pid;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		int fd = (int)CHECK_OK(open("p", O_WRONLY));

		t_post(up[1]);
		CHECK_EQ(write(fd, "x", 1), 1);
		_exit(0);
	}
	CHECK(!t_readable(up[0], 100));
	CHECK(t_await(open("p", O_RDONLY)));
	CHECK(t_await(up[0]));
	CHECK_EQ(t_wait(pid), 0);
}

static void nonblocking_opens(void)
{
	char c;
	int r;
	int w;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	r = (int)CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	CHECK_EQ(read(r, &c, 1), 0);
	w = (int)CHECK_OK(open("p", O_WRONLY | O_NONBLOCK));
	CHECK_ERRNO(read(r, &c, 1), EAGAIN);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(read(r, &c, 1), 1);
	close(w);
	CHECK_EQ(read(r, &c, 1), 0);
	w = (int)CHECK_OK(open("p", O_RDWR));
	CHECK_EQ(write(w, "y", 1), 1);
	CHECK_EQ(read(r, &c, 1), 1);
}

static void a_broken_pipe(void)
{
	int r;
	int w;

	signal(SIGPIPE, SIG_IGN);
	CHECK_OK(mkfifo("p", 0644));
	r = (int)CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	w = (int)CHECK_OK(open("p", O_WRONLY));
	close(r);
	CHECK_ERRNO(write(w, "x", 1), EPIPE);
	signal(SIGPIPE, SIG_DFL);
}

static void names_lead_to_one_pipe(void)
{
	char buf[4] = "";
	struct stat st;
	int r;
	int w;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(link("p", "q"));
	CHECK_OK(symlink("q", "l"));
	r = (int)CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	w = (int)CHECK_OK(open("l", O_WRONLY));
	CHECK_EQ(write(w, "one", 3), 3);
	CHECK_EQ(read(r, buf, 3), 3);
	CHECK_MEM(buf, "one", 3);
	CHECK_OK(fstat(r, &st));
	CHECK(S_ISFIFO(st.st_mode));
	CHECK_EQ(st.st_ino, t_ino("p"));
	CHECK_OK(unlink("p"));
	CHECK_OK(unlink("q"));
	CHECK_EQ(write(w, "two", 3), 3);
	CHECK_EQ(read(r, buf, 3), 3);
	CHECK_OK(mkfifo("p", 0644));
	CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
}

static void poll_tells(void)
{
	struct pollfd pfd = { .events = POLLIN };
	int r;
	int w;

	CHECK_OK(mkfifo("p", 0644));
	r = (int)CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
	w = (int)CHECK_OK(open("p", O_WRONLY));
	pfd.fd = r;
	CHECK_EQ(poll(&pfd, 1, 0), 0);
	CHECK_EQ(write(w, "x", 1), 1);
	CHECK_EQ(poll(&pfd, 1, 5000), 1);
	CHECK_EQ(pfd.revents, POLLIN);
	CHECK(t_await(r));
	close(w);
	CHECK_EQ(poll(&pfd, 1, 5000), 1);
	CHECK(pfd.revents & POLLHUP);
}

static void a_signal_ends_a_blocked_open(void)
{
	int up[2];
	pid_t pid;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		t_handler(SIGUSR1, 0);
		t_post(up[1]);
		CHECK_ERRNO(open("p", O_RDONLY), EINTR);
		t_post(up[1]);
		_exit(0);
	}
	CHECK(t_await(up[0]));
	t_signal_until(pid, SIGUSR1, up[0]);
	CHECK_EQ(t_wait(pid), 0);
	/* The interrupted one left nothing behind. */
	CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
}

static void a_killed_opener_is_gone(void)
{
	int up[2];
	pid_t pid;

	CHECK_OK(mkfifo("p", 0644));
	CHECK_OK(pipe(up));
	pid = t_fork();
	if (pid == 0) {
		t_post(up[1]);
		_exit(open("p", O_WRONLY));
	}
	CHECK(t_await(up[0]));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQ(t_wait(pid), 128 + SIGKILL);
	CHECK_OK(open("p", O_RDONLY | O_NONBLOCK));
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(both_ends_meet);
	RUN(the_writer_waits_for_a_reader);
	RUN(nonblocking_opens);
	RUN(a_broken_pipe);
	RUN(names_lead_to_one_pipe);
	RUN(poll_tells);
	RUN(a_signal_ends_a_blocked_open);
	RUN(a_killed_opener_is_gone);
	return t_done();
}
