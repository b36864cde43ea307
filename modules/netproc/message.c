// SPDX-License-Identifier: GPL-2.0-or-later
/* message.c - the messages of proto.h, for both ends of the pair */
#include "message.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Room for a descriptor, aligned as it has to be. */
union control {
	struct cmsghdr h;
	char space[CMSG_SPACE(sizeof(int))];
};

int message_send(int sock, const struct iovec *iov, size_t n, int fd, int flags)
{
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov,
			    .msg_iovlen = n };
	union control c = { 0 };
	ssize_t sent;

	if (fd >= 0) {
		m.msg_control = &c;
		m.msg_controllen = sizeof(c.space);
		c.h.cmsg_level = SOL_SOCKET;
		c.h.cmsg_type = SCM_RIGHTS;
		c.h.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&c.h), &fd, sizeof(fd));
	}
	do
		sent = sendmsg(sock, &m, flags | MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	return sent < 0 ? -errno : 0;
}

static int fd_of(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

ssize_t message_receive(int sock, const struct iovec *iov, size_t n, int flags,
			int *fd)
{
	union control c;
	struct msghdr m = { .msg_iov = (struct iovec *)(uintptr_t)iov,
			    .msg_iovlen = n };
	ssize_t got;

	if (fd) {
		*fd = -1;
		m.msg_control = &c;
		m.msg_controllen = sizeof(c.space);
	}
	do
		got = recvmsg(sock, &m, flags | MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	if (fd)
		*fd = fd_of(&m);
	return got;
}

void message_answer(int sock, const struct st_rep *rep, const void *data,
		    int fd)
{
	const struct iovec iov[2] = { { (void *)(uintptr_t)rep, sizeof(*rep) },
				      { (void *)(uintptr_t)data, rep->len } };

	(void)message_send(sock, iov, 2, fd, 0);
}

int message_request(int sock, int flags, struct st_req *q, void *data, int *fd)
{
	const struct iovec iov[2] = { { q, sizeof(*q) },
				      { data, ST_DATA_MAX } };
	ssize_t n = message_receive(sock, iov, 2, flags, fd);

	if (n < 0)
		return (int)n;
	if (n < (ssize_t)sizeof(*q)) {
		if (fd && *fd >= 0) {
			close(*fd);
			*fd = -1;
		}
		return -EPIPE;
	}
	return q->len == (size_t)n - sizeof(*q) ? 0 : -EPROTO;
}
