// SPDX-License-Identifier: GPL-2.0-or-later
/* unix_socket.c - AF_UNIX sockets bound to names of the file system */

#include "check.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static socklen_t address(struct sockaddr_un *sun, const char *path)
{
	size_t len = strlen(path);

	memset(sun, 0, sizeof(*sun));
	sun->sun_family = AF_UNIX;
	if (len >= sizeof(sun->sun_path))
		len = sizeof(sun->sun_path) - 1;
	memcpy(sun->sun_path, path, len);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + 1);
}

static int bind_to(int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, path);

	return bind(fd, (struct sockaddr *)&sun, len);
}

static int connect_to(int fd, const char *path)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, path);

	return connect(fd, (struct sockaddr *)&sun, len);
}

static int listener(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_OK(bind_to(fd, path));
	CHECK_OK(listen(fd, 5));
	return fd;
}

static void talk(int server, int client)
{
	char buf[8] = "";
	int peer = (int)CHECK_OK(accept(server, NULL, NULL));

	CHECK_EQ(write(client, "ping", 4), 4);
	CHECK_EQ(read(peer, buf, 8), 4);
	CHECK_STR(buf, "ping");
	CHECK_EQ(write(peer, "pong", 4), 4);
	CHECK_EQ(read(client, buf, 8), 4);
	CHECK_STR(buf, "pong");
	close(peer);
	CHECK_EQ(read(client, buf, 8), 0);
}

static void a_stream_by_relative_name(void)
{
	struct sockaddr_un sun = { 0 };
	socklen_t len = sizeof(sun);
	int server = listener("sock");
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK(S_ISSOCK(t_mode("sock")));
	CHECK_EQ(t_mode("sock") & 0777, 0755);
	CHECK_OK(getsockname(server, (struct sockaddr *)&sun, &len));
	CHECK_EQ(sun.sun_family, AF_UNIX);
	CHECK_STR(sun.sun_path, "sock");
	CHECK_EQ(len, offsetof(struct sockaddr_un, sun_path) + 5);
	CHECK_OK(connect_to(client, "sock"));
	talk(server, client);
}

static void a_stream_by_absolute_name(void)
{
	const char *name = t_p("s");
	int server;
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(name) > 107) {
		t_note("the directory's name is too long for a socket");
		return;
	}
	server = listener(name);
	CHECK(S_ISSOCK(t_mode("s")));
	CHECK_OK(mkdir("d", 0755));
	CHECK_OK(symlink("../s", "d/l"));
	CHECK_OK(chdir("d"));
	CHECK_OK(connect_to(client, "l"));
	talk(server, client);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_OK(connect_to(client, name));
	talk(server, client);
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_OK(connect_to(client, "../s"));
	talk(server, client);
}

static void the_other_process_connects(void)
{
	int server = listener("sock");
	struct ucred cred;
	socklen_t len = sizeof(cred);
	char buf[8] = "";
	pid_t pid = t_fork();
	int peer;

	if (pid == 0) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		CHECK_OK(connect_to(fd, "./sock"));
		CHECK_EQ(write(fd, "hello", 5), 5);
		_exit(0);
	}
	peer = (int)CHECK_OK(accept(server, NULL, NULL));
	CHECK_EQ(read(peer, buf, 8), 5);
	CHECK_STR(buf, "hello");
	CHECK_OK(getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &cred, &len));
	CHECK_EQ(cred.pid, pid);
	CHECK_EQ(t_wait(pid), 0);
}

static void datagrams_to_a_name(void)
{
	struct sockaddr_un sun;
	struct sockaddr_un from;
	socklen_t len = address(&sun, "to");
	socklen_t fromlen = sizeof(from);
	char buf[16] = "";
	int a = socket(AF_UNIX, SOCK_DGRAM, 0);
	int b = socket(AF_UNIX, SOCK_DGRAM, 0);

	CHECK_OK(bind_to(a, "to"));
	CHECK_OK(bind_to(b, "from"));
	CHECK_EQ(sendto(b, "hello", 5, 0, (struct sockaddr *)&sun, len), 5);
	CHECK_EQ(recvfrom(a, buf, 16, 0, (struct sockaddr *)&from, &fromlen),
		 5);
	CHECK_STR(buf, "hello");
	CHECK_STR(from.sun_path, "from");
	CHECK_EQ(sendto(a, "back", 4, 0, (struct sockaddr *)&from, fromlen), 4);
	CHECK_EQ(read(b, buf, 16), 4);
	CHECK_OK(connect_to(b, "to"));
	CHECK_EQ(send(b, "again", 5, 0), 5);
	CHECK_EQ(read(a, buf, 16), 5);
	address(&sun, "none");
	CHECK_ERRNO(sendto(a, "x", 1, 0, (struct sockaddr *)&sun, len + 2),
		    ENOENT);
}

static void messages_to_a_name(void)
{
	struct sockaddr_un sun;
	char text[] = "hello";
	struct iovec iov = { text, 5 };
	struct msghdr msg = { .msg_name = &sun,
			      .msg_iov = &iov,
			      .msg_iovlen = 1 };
	char buf[16] = "";
	int a = socket(AF_UNIX, SOCK_DGRAM, 0);

	msg.msg_namelen = address(&sun, "to");
	CHECK_OK(bind_to(a, "to"));
	CHECK_EQ(sendmsg(socket(AF_UNIX, SOCK_DGRAM, 0), &msg, 0), 5);
	CHECK_EQ(read(a, buf, 16), 5);
	CHECK_STR(buf, "hello");
}

static void renaming_and_unlinking(void)
{
	int server = listener("sock");
	int client = socket(AF_UNIX, SOCK_STREAM, 0);

	CHECK_OK(rename("sock", "moved"));
	CHECK_ERRNO(connect_to(client, "sock"), ENOENT);
	CHECK_OK(connect_to(client, "moved"));
	talk(server, client);
	CHECK_OK(unlink("moved"));
	client = socket(AF_UNIX, SOCK_STREAM, 0);
	CHECK_ERRNO(connect_to(client, "moved"), ENOENT);
	/* The name is free for another. */
	server = listener("moved");
	CHECK_OK(connect_to(client, "moved"));
	talk(server, client);
}

static void abstract_names_are_elsewhere(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len;
	int a = socket(AF_UNIX, SOCK_STREAM, 0);
	int b = socket(AF_UNIX, SOCK_STREAM, 0);
	int n = snprintf(sun.sun_path + 1, 60, "t.%d", (int)getpid());

	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1) +
	      (socklen_t)n;
	CHECK_OK(bind(a, (struct sockaddr *)&sun, len));
	CHECK_OK(listen(a, 1));
	CHECK_OK(connect(b, (struct sockaddr *)&sun, len));
	talk(a, b);
}

static void fails_with_the_right_error(void)
{
	struct sockaddr_un sun;
	socklen_t len = address(&sun, "x");
	int server = listener("sock");
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int dgram = socket(AF_UNIX, SOCK_DGRAM, 0);

	t_put("f", "x");
	CHECK_OK(symlink("none", "dangling"));
	CHECK_ERRNO(bind_to(fd, "sock"), EADDRINUSE);
	CHECK_ERRNO(bind_to(fd, "f"), EADDRINUSE);
	CHECK_ERRNO(bind_to(fd, "dangling"), EADDRINUSE);
	CHECK_ERRNO(bind_to(fd, "no/sock"), ENOENT);
	CHECK_ERRNO(bind_to(fd, "f/sock"), ENOTDIR);
	CHECK_ERRNO(bind_to(server, "again"), EINVAL);
	CHECK_ERRNO(connect_to(fd, "none"), ENOENT);
	CHECK_ERRNO(connect_to(fd, "f"), ECONNREFUSED);
	CHECK_ERRNO(connect_to(fd, "f/x"), ENOTDIR);
	CHECK_ERRNO(connect_to(dgram, "sock"), EPROTOTYPE);
	CHECK_ERRNO(connect(fd, t_bad_ptr, len), EFAULT);
	CHECK_ERRNO(bind(fd, t_bad_ptr, len), EFAULT);
	CHECK_ERRNO(bind(fd, (struct sockaddr *)&sun, 200), EINVAL);
	CHECK_ERRNO(open("sock", O_RDWR), ENXIO);
	close(server);
	CHECK_ERRNO(connect_to(fd, "sock"), ECONNREFUSED);
	CHECK(t_exists("sock"));
	CHECK_OK(mknod("node", S_IFSOCK | 0666, 0));
	CHECK_ERRNO(connect_to(fd, "node"), ECONNREFUSED);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_stream_by_relative_name);
	RUN(a_stream_by_absolute_name);
	RUN(the_other_process_connects);
	RUN(datagrams_to_a_name);
	RUN(messages_to_a_name);
	RUN(renaming_and_unlinking);
	RUN(abstract_names_are_elsewhere);
	RUN(fails_with_the_right_error);
	return t_done();
}
