// SPDX-License-Identifier: GPL-2.0-or-later
/* unix_names.c - AF_UNIX: whose name a peer is shown, and what comes with it */

#include "check.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t address(struct sockaddr_un *sun, const char *path)
{
	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	strncpy(sun->sun_path, path, sizeof(sun->sun_path) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
			   strlen(path) + 1);
}

static int bound(int type, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, path);
	int fd = socket(AF_UNIX, type, 0);

	CHECK_OK(bind(fd, (struct sockaddr *)&sun, len));
	return fd;
}

static void join(int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, path);

	CHECK_OK(connect(fd, (struct sockaddr *)&sun, len));
}

/* A message of one part, with room for descriptors. */
struct message {
	struct msghdr msg;
	struct iovec iov;
	struct sockaddr_un name;
	char data[16];
	char ctl[CMSG_SPACE(2 * sizeof(int))] __attribute__((aligned(8)));
};

static void prepare(struct message *m)
{
	memset(m, 0, sizeof(*m));
	m->iov = (struct iovec){ m->data, sizeof(m->data) };
	m->msg = (struct msghdr){ .msg_name = &m->name,
				  .msg_namelen = sizeof(m->name),
				  .msg_iov = &m->iov,
				  .msg_iovlen = 1,
				  .msg_control = m->ctl,
				  .msg_controllen = sizeof(m->ctl) };
}

static void add_rights(struct message *m, int a, int b)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg);
	const int fds[2] = { a, b };

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(c), fds, sizeof(fds));
}

static void take_rights(struct message *m, int fds[2])
{
	struct cmsghdr *c = CMSG_FIRSTHDR(&m->msg);

	fds[0] = fds[1] = -1;
	if (CHECK(c && c->cmsg_type == SCM_RIGHTS &&
		  c->cmsg_len == CMSG_LEN(2 * sizeof(int))) &&
	    c)
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
}

static void accept_shows_the_peers_name(void)
{
	int server = bound(SOCK_STREAM, "server");
	int named = bound(SOCK_STREAM, "client");
	struct sockaddr_un sun = { 0 };
	socklen_t len = sizeof(sun);

	CHECK_OK(listen(server, 5));
	join(named, "server");
	CHECK_OK(accept(server, (struct sockaddr *)&sun, &len));
	CHECK_STR(sun.sun_path, "client");
	CHECK_EQ(len, offsetof(struct sockaddr_un, sun_path) + 7);

	join(socket(AF_UNIX, SOCK_STREAM, 0), "server");
	len = sizeof(sun);
	CHECK_OK(accept(server, (struct sockaddr *)&sun, &len));
	CHECK_EQ(len, sizeof(sa_family_t));
	CHECK_EQ(sun.sun_family, AF_UNIX);
}

static void accept4_gives_what_it_is_asked_for(void)
{
	int server = bound(SOCK_STREAM | SOCK_NONBLOCK, "server");
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	int fd;

	CHECK_OK(listen(server, 5));
	CHECK_ERRNO(accept4(server, (struct sockaddr *)&sun, &len, 0), EAGAIN);
	CHECK_ERRNO(accept4(server, (struct sockaddr *)&sun, &len, 1), EINVAL);
	join(bound(SOCK_STREAM, "client"), "server");
	len = 4;
	fd = (int)CHECK_OK(accept4(server, (struct sockaddr *)&sun, &len,
				   SOCK_CLOEXEC | SOCK_NONBLOCK));
	CHECK_EQ(len, offsetof(struct sockaddr_un, sun_path) + 7);
	CHECK_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
	CHECK_ERRNO(accept(open("/dev/null", O_RDONLY), NULL, NULL), ENOTSOCK);
}

static void recvmsg_shows_the_senders_name(void)
{
	int to = bound(SOCK_DGRAM, "to");
	int from = bound(SOCK_DGRAM, "from");
	struct message m;

	join(from, "to");
	CHECK_EQ(send(from, "a long message of 26 bytes", 26, 0), 26);
	prepare(&m);
	CHECK_EQ(recvmsg(to, &m.msg, 0), 16);
	CHECK_MEM(m.data, "a long message o", 16);
	CHECK_STR(m.name.sun_path, "from");
	CHECK_EQ(m.msg.msg_namelen, offsetof(struct sockaddr_un, sun_path) + 5);
	CHECK_EQ(m.msg.msg_controllen, 0);
	CHECK_EQ(m.msg.msg_flags, MSG_TRUNC);

	CHECK_EQ(send(from, "x", 1, 0), 1);
	prepare(&m);
	m.msg.msg_name = NULL;
	CHECK_EQ(recvmsg(to, &m.msg, 0), 1);
	CHECK_EQ(m.data[0], 'x');
	prepare(&m);
	CHECK_ERRNO(recvmsg(to, &m.msg, MSG_DONTWAIT), EAGAIN);
}

static void descriptors_go_to_a_name(void)
{
	int to = bound(SOCK_DGRAM, "to");
	int from = bound(SOCK_DGRAM, "from");
	struct message m;
	char buf[8] = "";
	int fds[2];
	int pipes[2];

	t_put("f", "0123456789");
	CHECK_OK(pipe(pipes));
	prepare(&m);
	m.msg.msg_namelen = address(&m.name, "to");
	m.iov.iov_len = 3;
	memcpy(m.data, "two", 3);
	add_rights(&m, t_open("f", O_RDWR), pipes[1]);
	CHECK_EQ(sendmsg(from, &m.msg, 0), 3);
	close(pipes[1]);

	prepare(&m);
	CHECK_EQ(recvmsg(to, &m.msg, MSG_CMSG_CLOEXEC), 3);
	CHECK_STR(m.data, "two");
	CHECK_STR(m.name.sun_path, "from");
	take_rights(&m, fds);
	CHECK_EQ(m.msg.msg_flags & MSG_CTRUNC, 0);
	CHECK_EQ(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQ(pread(fds[0], buf, 4, 2), 4);
	CHECK_STR(buf, "2345");
	CHECK_EQ(pwrite(fds[0], "X", 1, 0), 1);
	CHECK_EQ(write(fds[1], "pipe", 4), 4);
	close(fds[1]);
	CHECK_EQ(read(pipes[0], buf, 8), 4);
	CHECK_STR(buf, "pipe");
	/* nobody else keeps the pipe's end */
	CHECK_EQ(read(pipes[0], buf, 8), 0);
	CHECK_FILE("f", "X123456789");
}

static void a_wrong_descriptor_sends_nothing(void)
{
	int to = bound(SOCK_DGRAM | SOCK_NONBLOCK, "to");
	struct cmsghdr *c;
	struct message m;

	prepare(&m);
	m.msg.msg_namelen = address(&m.name, "to");
	add_rights(&m, STDIN_FILENO, 999);
	CHECK_ERRNO(sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &m.msg, 0), EBADF);
	CHECK_ERRNO(recv(to, m.data, 1, 0), EAGAIN);
	c = CMSG_FIRSTHDR(&m.msg);
	if (!CHECK(c != NULL) || !c)
		return;
	c->cmsg_len = 1 << 20;
	CHECK_ERRNO(sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &m.msg, 0), EINVAL);
	c->cmsg_len = 1;
	CHECK_ERRNO(sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &m.msg, 0), EINVAL);
}

/* Longer than any; all in the vector's first part, or in the last. */
static void too_long_a_message(void)
{
	static char much[4 << 20];
	struct iovec first[] = { { much, sizeof(much) }, { much, 10 } };
	struct iovec last[] = { { much, 10 }, { much, sizeof(much) } };
	int to = bound(SOCK_DGRAM | SOCK_NONBLOCK, "to");
	int from = socket(AF_UNIX, SOCK_DGRAM, 0);
	struct message m;

	for (int i = 0; i < 2; i++) {
		prepare(&m);
		m.msg.msg_namelen = address(&m.name, "to");
		m.msg.msg_iov = i ? last : first;
		m.msg.msg_iovlen = 2;
		m.msg.msg_control = NULL;
		m.msg.msg_controllen = 0;
		CHECK_ERRNO(sendmsg(from, &m.msg, 0), EMSGSIZE);
	}
	CHECK_ERRNO(recv(to, m.data, 1, 0), EAGAIN);
}

static void a_receiver_waits_for_the_message(void)
{
	int to = bound(SOCK_DGRAM, "to");
	int late = bound(SOCK_DGRAM, "late");
	struct message m;
	int ready[2];
	pid_t pid;

	CHECK_OK(pipe(ready));
	pid = t_fork();
	if (pid == 0) {
		prepare(&m);
		t_post(ready[1]);
		CHECK_EQ(recvmsg(to, &m.msg, 0), 2);
		CHECK_STR(m.name.sun_path, "late");
		_exit(0);
	}
	CHECK(t_await(ready[0]));
	join(late, "to");
	CHECK_EQ(send(late, "hi", 2, 0), 2);
	CHECK_EQ(t_wait(pid), 0);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(accept_shows_the_peers_name);
	RUN(accept4_gives_what_it_is_asked_for);
	RUN(recvmsg_shows_the_senders_name);
	RUN(descriptors_go_to_a_name);
	RUN(a_wrong_descriptor_sends_nothing);
	RUN(too_long_a_message);
	RUN(a_receiver_waits_for_the_message);
	return t_done();
}
