// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * vnl.c - plugs in VDE switches, or any VNL, that never make their reader wait
 *
 * libvdeplug heeds MSG_DONTWAIT for some kinds of links only, so the socket is told
 * as well, and no read is made that could wait.
 */
#include "vnl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/socket.h>

/* A stream is left as it is: its frames would be cut. */
static void dont_wait(int fd)
{
	int type = SOCK_STREAM;
	socklen_t len = sizeof(type);

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	    type != SOCK_STREAM)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

int vnl_open(const char *vnl, const char *descr, VDECONN **out)
{
	errno = 0;
	*out = vde_open((char *)(uintptr_t)vnl, (char *)(uintptr_t)descr, NULL);
	if (!*out)
		return errno ? -errno : -EIO;
	dont_wait(vde_datafd(*out));
	return 0;
}

bool vnl_is_ready(VDECONN *conn)
{
	struct pollfd p = { .fd = vde_datafd(conn), .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

ssize_t vnl_receive(VDECONN *conn, void *frame, size_t size)
{
	ssize_t len = vde_recv(conn, frame, size, MSG_DONTWAIT);

	/* One byte is a VNL's way to say: nothing this time. */
	if (len == 1 || (len < 0 && (errno == EAGAIN || errno == EINTR)))
		return 0;
	return len > 0 ? len : -ENOTCONN;
}
