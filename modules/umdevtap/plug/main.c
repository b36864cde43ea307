// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * main.c - umdevtap-plug: the tap interfaces of a mount that are plugged into VNLs
 *
 * usage: umdevtap-plug FD [[NAME]=VNL]...
 *
 * FD is its end of the pair to the module (netproc/proto.h), which starts it. Of
 * the requests it knows those of /dev/net/tun. It ends when the module closes its
 * end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "plug.h"
#include "proto.h"
#include "tun.h"

enum { CONTROL = 3, FDS = 1024 };

static uint8_t in[sizeof(struct st_req) + ST_DATA_MAX]
	__attribute__((aligned(16)));

static void answer(uint32_t tag, int ret, uint64_t id, const void *data,
		   size_t len)
{
	struct st_rep p = {
		.tag = tag, .ret = ret, .id = id, .len = (uint32_t)len
	};
	struct iovec iov[2] = { { &p, sizeof(p) },
				{ (void *)(uintptr_t)data, len } };

	while (writev(CONTROL, iov, 2) < 0 && errno == EINTR)
		;
}

/* The data of the request is changed in its place, and is the answer's. */
static int serve(const struct st_req *q, uint8_t *data, int *fd, uint64_t *id)
{
	struct ifreq ifr;
	int taken = *fd;
	int ret;

	if (q->op == ST_TUN)
		return (int)tun_call(q->id, (unsigned int)q->a, data, q->len);
	if (q->op != ST_TUN_OPEN || q->len != sizeof(ifr) || taken < 0)
		return -EOPNOTSUPP;
	memcpy(&ifr, data, sizeof(ifr));
	*fd = -1;
	ret = tun_open(taken, &ifr, q->a, id);
	memcpy(data, &ifr, sizeof(ifr));
	return ret;
}

static int fd_of(struct msghdr *m)
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);
	int fd = -1;

	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
	return fd;
}

/* False: the module is gone. */
static bool request(void)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { in, sizeof(in) };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(CONTROL, &m, MSG_CMSG_CLOEXEC);
	struct st_req q;
	uint64_t id = 0;
	int fd, ret = -EPROTO;

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	fd = fd_of(&m);
	memcpy(&q, in, sizeof(q));
	if (n >= (ssize_t)sizeof(q) && q.len == (size_t)n - sizeof(q))
		ret = serve(&q, in + sizeof(q), &fd, &id);
	if (n >= (ssize_t)sizeof(q) && q.op != ST_CANCEL)
		answer(q.tag, ret, id, in + sizeof(q), ret < 0 ? 0 : q.len);
	if (fd >= 0)
		close(fd);
	return true;
}

int main(int argc, char **argv)
{
	static struct pollfd fds[FDS];

	if (argc < 2 || fcntl(CONTROL, F_SETFD, FD_CLOEXEC) < 0) {
		fprintf(stderr,
			"umdevtap-plug: it is started by the module umdevtap of umview(1)\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	/* it ends with its module */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	plug_init(argv + 2);
	answer(0, 0, 0, NULL, 0);
	for (;;) {
		int timeout = -1;
		size_t n = plug_poll(fds + 1, FDS - 1, &timeout);

		fds[0] = (struct pollfd){ CONTROL, POLLIN, 0 };
		if (poll(fds, (nfds_t)n + 1, timeout) < 0)
			continue;
		plug_serve(fds + 1, n);
		if (fds[0].revents && !request())
			return 0;
	}
}
