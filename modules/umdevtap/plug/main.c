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
#include <unistd.h>

#include "message.h"
#include "plug.h"
#include "tun.h"

enum { CONTROL = 3, FDS = 1024 };

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

/* False: the module is gone. */
static bool request(void)
{
	static uint8_t data[ST_DATA_MAX] __attribute__((aligned(16)));
	struct st_rep rep = { 0 };
	struct st_req q;
	int fd, ret = message_request(CONTROL, 0, &q, data, &fd);

	if (ret < 0 && ret != -EPROTO)
		return false;
	rep.tag = q.tag;
	rep.ret = ret < 0 ? ret : serve(&q, data, &fd, &rep.id);
	rep.len = rep.ret < 0 ? 0 : q.len;
	if (q.op != ST_CANCEL)
		message_answer(CONTROL, &rep, data, -1);
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
	message_answer(CONTROL, &(struct st_rep){ 0 }, NULL, -1);
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
