// SPDX-License-Identifier: GPL-2.0-or-later
/* poll.c - poll, select and epoll with files among the descriptors */

#include "check.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static void files_are_always_ready(void)
{
	int pipes[2];
	struct pollfd pfd[3];

	CHECK_OK(pipe(pipes));
	pfd[0].fd = t_open("f", O_RDWR | O_CREAT);
	pfd[1].fd = pipes[0];
	pfd[2].fd = -1;
	pfd[0].events = POLLIN | POLLOUT;
	pfd[1].events = POLLIN;
	CHECK_EQ(poll(pfd, 3, 5000), 1);
	CHECK_EQ(pfd[0].revents, POLLIN | POLLOUT);
	CHECK_EQ(pfd[1].revents, 0);
	CHECK_EQ(write(pipes[1], "x", 1), 1);
	CHECK_EQ(poll(pfd, 3, 5000), 2);
	CHECK_EQ(pfd[1].revents, POLLIN);
	pfd[2].fd = 999;
	CHECK_EQ(poll(pfd, 3, 0), 3);
	CHECK_EQ(pfd[2].revents, POLLNVAL);
	pfd[2].fd = t_open(".", O_RDONLY);
	pfd[2].events = POLLIN;
	CHECK_EQ(poll(pfd, 3, 5000), 3);
}

static void select_with_files(void)
{
	struct timeval tv = { 5, 0 };
	fd_set r;
	fd_set w;
	int fd = t_open("f", O_RDWR | O_CREAT);

	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	CHECK_EQ(select(fd + 1, &r, &w, NULL, &tv), 2);
	CHECK(FD_ISSET(fd, &r));
	CHECK(FD_ISSET(fd, &w));
}

static void epoll_refuses_files_and_takes_fifos(void)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = (int)CHECK_OK(epoll_create1(EPOLL_CLOEXEC));
	int fd = t_open("f", O_RDWR | O_CREAT);
	int fifo;

	CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev), EPERM);
	CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, t_open(".", O_RDONLY), &ev),
		    EPERM);
	CHECK_ERRNO(epoll_ctl(ep, EPOLL_CTL_ADD, 999, &ev), EBADF);
	CHECK_OK(mkfifo("p", 0644));
	fifo = (int)CHECK_OK(open("p", O_RDWR));
	ev.data.fd = fifo;
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fifo, &ev));
	CHECK_EQ(epoll_wait(ep, &ev, 1, 0), 0);
	CHECK_EQ(write(fifo, "x", 1), 1);
	CHECK_EQ(epoll_wait(ep, &ev, 1, 5000), 1);
	CHECK_EQ(ev.data.fd, fifo);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(files_are_always_ready);
	RUN(select_with_files);
	RUN(epoll_refuses_files_and_takes_fifos);
	return t_done();
}
