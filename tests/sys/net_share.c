// SPDX-License-Identifier: GPL-2.0-or-later
/* net_share.c - sockets in several hands: dup, fork, exec, SCM_RIGHTS, many */
#include "net.h"

#include <pthread.h>

static void duplicated(void)
{
	int a, b, c;
	char x;

	n_pair(&a, &b);
	c = dup(a);
	close(a);
	CHECK_EQ(n_mask(c), POLLOUT);
	CHECK_EQ(write(c, "x", 1), 1);
	CHECK_EQ(read(b, &x, 1), 1);
	CHECK_EQ(n_peer(c).sin_port, n_name(b).sin_port);
	close(c);
	CHECK_MASK(b, POLLIN | POLLOUT | POLLRDHUP);
}

/* Made before it was connected, it is connected all the same. */
static void duplicated_before(void)
{
	struct sockaddr_in name;
	int l = n_listener(5, &name), c;
	int a = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), b = dup(a);
	char x;

	CHECK_OK(n_connect(a, &name));
	close(a);
	c = (int)CHECK_OK(accept(l, NULL, NULL));
	CHECK_EQ(write(b, "x", 1), 1);
	CHECK_EQ(read(c, &x, 1), 1);
}

static void forked(void)
{
	int a, b;
	char x = 0;
	pid_t pid;

	n_pair(&a, &b);
	pid = t_fork();
	if (pid == 0) {
		close(a);
		CHECK_EQ(write(b, "x", 1), 1);
		CHECK_EQ(n_peer(b).sin_family, AF_INET);
		_exit(0);
	}
	close(b);
	CHECK_EQ(read(a, &x, 1), 1);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(read(a, &x, 1), 0);
}

/* Several accept of one listener. */
static void workers(void)
{
	struct sockaddr_in name;
	int l = n_listener(20, &name);
	pid_t pids[4];
	char x;

	for (int i = 0; i < 4; i++) {
		pids[i] = t_fork();
		if (pids[i])
			continue;
		for (int n = 0; n < 5; n++) {
			int c = (int)CHECK_OK(accept(l, NULL, NULL));

			CHECK_EQ(write(c, "w", 1), 1);
			close(c);
		}
		_exit(0);
	}
	for (int n = 0; n < 20; n++) {
		int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));

		CHECK_OK(n_connect(fd, &name));
		CHECK_EQ(read(fd, &x, 1), 1);
		CHECK_EQ(read(fd, &x, 1), 0);
		close(fd);
	}
	for (int i = 0; i < 4; i++)
		CHECK_EQ(t_wait(pids[i]), 0);
}

static void executed(void)
{
	int a, b;
	char buf[8] = "", text[64];
	pid_t pid;

	n_pair(&a, &b);
	snprintf(text, sizeof(text), "echo hello >&%d", b);
	pid = t_fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", text, NULL);
		_exit(1);
	}
	close(b);
	CHECK_EQ(recv(a, buf, 6, MSG_WAITALL), 6);
	CHECK_STR(buf, "hello\n");
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(read(a, buf, 1), 0);
}

static void send_fd(int sock, int fd)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} c = { .h = { .cmsg_len = CMSG_LEN(sizeof(int)),
		       .cmsg_level = SOL_SOCKET,
		       .cmsg_type = SCM_RIGHTS } };
	struct iovec iov = { (char[]){ 'f' }, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = sizeof(c) };

	memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	CHECK_EQ(sendmsg(sock, &m, 0), 1);
}

static int recv_fd(int sock)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} c;
	char x;
	struct iovec iov = { &x, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &c,
			    .msg_controllen = sizeof(c) };
	int fd = -1;

	CHECK_EQ(recvmsg(sock, &m, 0), 1);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(fd));
	return fd;
}

static void passed_on(void)
{
	struct sockaddr_in x, y;
	int a, b, u = n_udp(&x), v = n_udp(&y), way[2], fd;
	char c;
	pid_t pid;

	n_pair(&a, &b);
	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, way));
	pid = t_fork();
	if (pid == 0) {
		close(b);
		close(v);
		fd = recv_fd(way[1]);
		CHECK_EQ(write(fd, "t", 1), 1);
		CHECK_EQ(n_peer(fd).sin_port, n_name(a).sin_port);
		fd = recv_fd(way[1]);
		CHECK_EQ(sendto(fd, "u", 1, 0, (void *)&x, sizeof(x)), 1);
		_exit(0);
	}
	send_fd(way[0], b);
	send_fd(way[0], v);
	close(b);
	close(v);
	CHECK_EQ(read(a, &c, 1), 1);
	CHECK_EQ(c, 't');
	CHECK_EQ(read(u, &c, 1), 1);
	CHECK_EQ(c, 'u');
	CHECK_EQ(t_wait(pid), 0);
}

static void two_hundred(void)
{
	enum { N = 200 };
	static int ends[N][2];
	struct sockaddr_in name;
	int l = n_listener(N, &name), v;

	for (int i = 0; i < N; i++) {
		ends[i][0] = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
		CHECK_OK(n_connect(ends[i][0], &name));
	}
	for (int i = 0; i < N; i++)
		ends[i][1] = (int)CHECK_OK(accept(l, NULL, NULL));
	for (int i = 0; i < N; i++)
		CHECK_EQ(write(ends[i][0], &i, sizeof(i)), sizeof(i));
	for (int i = N; i-- > 0;) {
		CHECK_EQ(recv(ends[i][1], &v, sizeof(v), MSG_WAITALL),
			 sizeof(v));
		CHECK_EQ(v, i);
	}
	for (int i = 0; i < N; i++)
		close(ends[i][i & 1]);
	for (int i = 0; i < N; i++)
		CHECK_EQ(read(ends[i][!(i & 1)], &v, sizeof(v)), 0);
}

static void *talker(void *arg)
{
	const struct sockaddr_in *name = arg;
	char buf[64];
	long good = 0;

	for (int i = 0; i < 5; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), n;

		if (n_connect(fd, name) == 0) {
			n = snprintf(buf, sizeof(buf), "%d of %d", i, fd);
			if (write(fd, buf, (size_t)n) == n &&
			    recv(fd, buf + 32, (size_t)n, MSG_WAITALL) == n &&
			    !memcmp(buf, buf + 32, (size_t)n))
				good++;
		}
		close(fd);
	}
	return (void *)good;
}

static void *echo(void *arg)
{
	int fd = (int)(long)arg;
	char buf[256];
	ssize_t n;

	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (write(fd, buf, (size_t)n) != n)
			break;
	close(fd);
	return NULL;
}

static void *server(void *arg)
{
	int l = *(int *)arg;
	pthread_t t;

	for (int i = 0; i < 64 * 5; i++) {
		long fd = accept(l, NULL, NULL);

		if (fd < 0)
			break;
		if (pthread_create(&t, NULL, echo, (void *)fd) == 0)
			pthread_detach(t);
		else
			close((int)fd);
	}
	return NULL;
}

static void threads(void)
{
	struct sockaddr_in name;
	int l = n_listener(128, &name);
	pthread_t t[64], s;
	void *got;

	CHECK_EQ(pthread_create(&s, NULL, server, &l), 0);
	for (int i = 0; i < 64; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, talker, &name), 0);
	for (int i = 0; i < 64; i++) {
		CHECK_EQ(pthread_join(t[i], &got), 0);
		CHECK_EQ((long)got, 5);
	}
	CHECK_EQ(pthread_join(s, NULL), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(duplicated);
	RUN(duplicated_before);
	RUN(forked);
	RUN(workers);
	RUN(executed);
	RUN(passed_on);
	RUN(two_hundred);
	RUN(threads);
	return t_done();
}
