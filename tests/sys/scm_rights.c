// SPDX-License-Identifier: GPL-2.0-or-later
/* scm_rights.c - passing descriptors over AF_UNIX sockets */

#include "check.h"

#include <sys/mman.h>
#include <sys/socket.h>

static int pair[2];

static void give(int fd)
{
	char ctl[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8))) = { 0 };
	char byte = 'x';
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct cmsghdr *cm = CMSG_FIRSTHDR(&msg);

	cm->cmsg_level = SOL_SOCKET;
	cm->cmsg_type = SCM_RIGHTS;
	cm->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(cm), &fd, sizeof(int));
	CHECK_EQ(sendmsg(pair[0], &msg, 0), 1);
}

static int take(void)
{
	char ctl[CMSG_SPACE(sizeof(int))] __attribute__((aligned(8)));
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = ctl,
			      .msg_controllen = sizeof(ctl) };
	struct cmsghdr *cm;
	int fd = -1;

	CHECK_EQ(recvmsg(pair[1], &msg, 0), 1);
	cm = CMSG_FIRSTHDR(&msg);
	if (CHECK(cm != NULL && cm->cmsg_type == SCM_RIGHTS) && cm)
		memcpy(&fd, CMSG_DATA(cm), sizeof(int));
	return fd;
}

static void use_file(int fd)
{
	char buf[16] = "";

	CHECK_EQ(read(fd, buf, 3), 3);
	CHECK_MEM(buf, "345", 3);
	CHECK_EQ(write(fd, "X", 1), 1);
	CHECK_EQ(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
}

static void a_file_keeps_offset_and_mode(void)
{
	int fd;
	pid_t pid;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(chdir("/"));
		use_file(take());
		_exit(0);
	}
	t_put("f", "0123456789");
	fd = t_open("f", O_RDWR);
	CHECK_EQ(lseek(fd, 3, SEEK_SET), 3);
	give(fd);
	CHECK_EQ(t_wait(pid), 0);
	CHECK_EQ(lseek(fd, 0, SEEK_CUR), 7);
	CHECK_FILE("f", "012345X789");
}

static void a_directory_serves_the_taker(void)
{
	char buf[1024];
	pid_t pid;
	int fd;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	pid = t_fork();
	if (pid == 0) {
		CHECK_OK(chdir("/"));
		fd = take();
		t_put_at(fd, "made", "by the taker");
		CHECK(sys_getdents64(fd, buf, sizeof(buf)) > 0);
		CHECK_OK(fchdir(fd));
		CHECK_OK(sys_getcwd(buf, sizeof(buf)));
		CHECK_STR(buf, t_p("d"));
		_exit(0);
	}
	CHECK_OK(mkdir("d", 0755));
	give(t_open("d", O_RDONLY | O_DIRECTORY));
	CHECK_EQ(t_wait(pid), 0);
	CHECK_FILE("d/made", "by the taker");
}

static void a_file_in_flight_outlives_its_sender(void)
{
	char buf[16];
	pid_t pid;
	int fd;

	CHECK_OK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair));
	pid = t_fork();
	if (pid == 0) {
		t_put("f", "0123456789");
		fd = t_open("f", O_RDWR);
		CHECK_OK(unlink("f"));
		give(fd);
		_exit(0);
	}
	CHECK_EQ(t_wait(pid), 0);
	fd = take();
	CHECK_EQ(pread(fd, buf, 16, 0), 10);
	CHECK_EQ(pwrite(fd, "abc", 3, 9), 3);
	CHECK_EQ(pread(fd, buf, 16, 0), 12);
	CHECK_MEM(buf, "012345678abc", 12);
}

static void a_taken_file_can_be_mapped(void)
{
	char *p;
	pid_t pid;

	CHECK_OK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
	pid = t_fork();
	if (pid == 0) {
		p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, take(),
			 0);
		if (CHECK(p != MAP_FAILED))
			memcpy(p, "mapped", 6);
		_exit(0);
	}
	t_put("f", "0123456789");
	give(t_open("f", O_RDWR));
	CHECK_EQ(t_wait(pid), 0);
	CHECK_FILE("f", "mapped6789");
}

static void an_o_path_descriptor_travels(void)
{
	struct stat st;
	int fd;

	CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	t_put("f", "0123456789");
	give(open("f", O_PATH));
	fd = take();
	CHECK_OK(fstat(fd, &st));
	CHECK_EQ(st.st_ino, t_ino("f"));
	CHECK_FILE(t_fmt("/proc/self/fd/%d", fd), "0123456789");
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(a_file_keeps_offset_and_mode);
	RUN(a_directory_serves_the_taker);
	RUN(a_file_in_flight_outlives_its_sender);
	RUN(a_taken_file_can_be_mapped);
	RUN(an_o_path_descriptor_travels);
	return t_done();
}
