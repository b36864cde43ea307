// SPDX-License-Identifier: GPL-2.0-or-later
/* ops.c - the operations of umview/net.h, as requests to a stack's process */
#include "proc.h"

#include <errno.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* What is written in one message. */
enum { STORE_MAX = 48 << 10 };

static struct proc *of(struct um_net *net)
{
	return net->priv;
}

/* A request with one piece of data and no descriptor. */
static int simple(struct um_net *net, enum st_op op, struct ask *ask,
		  const void *data, size_t len)
{
	ask->fd = -1;
	ask->one = (struct iovec){ (void *)(uintptr_t)data, len };
	ask->iov = &ask->one;
	ask->niov = 1;
	return proc_request(of(net), op, ask);
}

/* ---- operations ---- */

static bool proc_family(struct um_net *net, int domain)
{
	return of(net)->family(domain);
}

static int proc_socket(struct um_net *net, int domain, int type, int protocol,
		       uint64_t *id)
{
	struct ask ask = { .a = domain, .b = type, .c = protocol };
	int ret = simple(net, ST_SOCKET, &ask, NULL, 0);

	if (ret < 0)
		return ret;
	*id = ask.got_id;
	return ask.got_fd < 0 ? -ENFILE : ask.got_fd;
}

static int proc_bind(struct um_net *net, uint64_t id,
		     const struct sockaddr *addr, socklen_t len)
{
	struct ask ask = { .id = id };

	return simple(net, ST_BIND, &ask, addr, len);
}

static int with_fd(struct um_net *net, enum st_op op, struct ask *ask, int fd)
{
	ask->fd = fd;
	return proc_request(of(net), op, ask);
}

static int proc_connect(struct um_net *net, uint64_t id, int fd,
			const struct sockaddr *addr, socklen_t len, bool wait)
{
	struct iovec iov = { (void *)(uintptr_t)addr, len };
	struct ask ask = { .id = id, .a = wait, .iov = &iov, .niov = 1 };

	return with_fd(net, ST_CONNECT, &ask, fd);
}

static int proc_listen(struct um_net *net, uint64_t id, int fd, int backlog)
{
	struct ask ask = { .id = id, .a = backlog };

	return with_fd(net, ST_LISTEN, &ask, fd);
}

static int proc_accepted(struct um_net *net, int fd, uint64_t *id)
{
	struct sockaddr_un name;
	socklen_t len = sizeof(name);
	struct iovec iov;
	struct ask ask = { .fd = fd, .iov = &iov, .niov = 1 };
	int ret;

	if (getpeername(fd, (void *)&name, &len) < 0)
		return -errno;
	iov = (struct iovec){ &name, len };
	ret = proc_request(of(net), ST_ACCEPTED, &ask);
	*id = ask.got_id;
	return ret;
}

static int ask_name(struct um_net *net, enum st_op op, uint64_t id,
		    struct sockaddr *addr, socklen_t *len)
{
	struct ask ask = { .id = id, .out = addr, .room = *len };
	int ret = simple(net, op, &ask, NULL, 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int proc_getsockname(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return ask_name(net, ST_SOCKNAME, id, addr, len);
}

static int proc_getpeername(struct um_net *net, uint64_t id,
			    struct sockaddr *addr, socklen_t *len)
{
	return ask_name(net, ST_PEERNAME, id, addr, len);
}

static int proc_getsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   void *value, socklen_t *len)
{
	struct ask ask = { .id = id,
			   .a = level,
			   .b = opt,
			   .c = (int)*len,
			   .out = value,
			   .room = *len };
	bool asks = level == SOL_PACKET && opt == PACKET_HDRLEN;
	int ret = simple(net, ST_GETOPT, &ask, value, asks ? *len : 0);

	if (ret == 0)
		*len = (socklen_t)ask.got;
	return ret;
}

static int proc_setsockopt(struct um_net *net, uint64_t id, int level, int opt,
			   const void *value, socklen_t len)
{
	struct ask ask = { .id = id, .a = level, .b = opt };

	return simple(net, ST_SETOPT, &ask, value, len);
}

static int proc_shutdown(struct um_net *net, uint64_t id, int how)
{
	struct ask ask = { .id = id, .a = how };

	return simple(net, ST_SHUTDOWN, &ask, NULL, 0);
}

static int proc_ioctl(struct um_net *net, uint64_t id, unsigned int cmd,
		      void *data, size_t size)
{
	struct ask ask = { .id = id, .a = (int)cmd, .out = data, .room = size };

	return simple(net, ST_IOCTL, &ask, data, size);
}

static ssize_t proc_sendmsg(struct um_net *net, uint64_t id,
			    const struct msghdr *m, int flags)
{
	struct iovec iov[6] = { { m->msg_name, m->msg_namelen },
				{ m->msg_control, m->msg_controllen } };
	struct ask ask = { .id = id,
			   .a = flags,
			   .b = (int)m->msg_namelen,
			   .c = (int)m->msg_controllen,
			   .iov = iov,
			   .fd = -1 };

	if (m->msg_iovlen > 4)
		return -EMSGSIZE;
	for (size_t i = 0; i < m->msg_iovlen; i++)
		iov[i + 2] = m->msg_iov[i];
	ask.niov = m->msg_iovlen + 2;
	return proc_request(of(net), ST_SEND, &ask);
}

static ssize_t proc_errqueue(struct um_net *net, uint64_t id, void *buf,
			     size_t size, int flags)
{
	struct ask ask = { .id = id, .a = flags, .out = buf, .room = size };
	int ret = simple(net, ST_ERRQUEUE, &ask, NULL, 0);

	return ret < 0 ? ret : (ssize_t)ask.got;
}

static ssize_t proc_file(struct um_net *net, const char *path, char **out)
{
	char *text = NULL;
	size_t have = 0, want = 1;

	/* In pieces, if it is long. */
	while (have < want) {
		char *grown = realloc(text, have + ST_DATA_MAX);
		struct ask ask = { .a = (int)have, .room = ST_DATA_MAX };
		int ret;

		if (!grown) {
			free(text);
			return -ENOMEM;
		}
		text = grown;
		ask.out = text + have;
		ret = simple(net, ST_FILE, &ask, path, strlen(path));
		if (ret < 0) {
			free(text);
			return ret;
		}
		want = (size_t)ret;
		have += ask.got;
		if (!ask.got)
			break;
	}
	*out = text;
	return (ssize_t)have;
}

/* What goes in one message: as many lines as fit. */
static size_t whole_lines(const char *text, size_t size)
{
	const char *end;

	if (size <= STORE_MAX)
		return size;
	end = memrchr(text, '\n', STORE_MAX);
	return end ? (size_t)(end - text) + 1 : STORE_MAX;
}

static ssize_t proc_store(struct um_net *net, const char *path,
			  const void *data, size_t size, off_t off)
{
	size_t len = strlen(path);
	struct iovec iov[2] = { { (void *)(uintptr_t)path, len },
				{ (void *)(uintptr_t)data,
				  whole_lines(data, size) } };
	struct ask ask = { .a = (int)len,
			   .b = off > INT_MAX ? INT_MAX : (int)off,
			   .iov = iov,
			   .niov = 2,
			   .fd = -1 };

	return proc_request(of(net), ST_STORE, &ask);
}

static int proc_tun_open(struct um_net *net, int fd, struct ifreq *ifr,
			 int index, uint64_t *id)
{
	struct iovec iov = { ifr, sizeof(*ifr) };
	struct ask ask = { .a = index,
			   .iov = &iov,
			   .niov = 1,
			   .out = ifr,
			   .room = sizeof(*ifr) };
	int ret = with_fd(net, ST_TUN_OPEN, &ask, fd);

	*id = ask.got_id;
	return ret;
}

static long proc_tun(struct um_net *net, uint64_t id, unsigned int cmd,
		     void *data, size_t size)
{
	struct ask ask = { .id = id, .a = (int)cmd, .out = data, .room = size };

	return simple(net, ST_TUN, &ask, data, size);
}

static int proc_map(struct um_net *net, uint64_t id, size_t len, off_t off)
{
	const uint64_t where[2] = { len, (uint64_t)off };
	struct ask ask = { .id = id };
	int ret = simple(net, ST_MAP, &ask, where, sizeof(where));

	if (ret < 0)
		return ret;
	return ask.got_fd < 0 ? -ENFILE : ask.got_fd;
}

static int proc_await(struct um_net *net, uint64_t id)
{
	struct ask ask = { .id = id };

	return simple(net, ST_AWAIT, &ask, NULL, 0);
}

const struct um_net_ops proc_ops = {
	.size = sizeof(proc_ops),
	.family = proc_family,
	.socket = proc_socket,
	.bind = proc_bind,
	.connect = proc_connect,
	.listen = proc_listen,
	.accepted = proc_accepted,
	.getsockname = proc_getsockname,
	.getpeername = proc_getpeername,
	.getsockopt = proc_getsockopt,
	.setsockopt = proc_setsockopt,
	.shutdown = proc_shutdown,
	.ioctl = proc_ioctl,
	.sendmsg = proc_sendmsg,
	.errqueue = proc_errqueue,
	.file = proc_file,
	.umount = proc_umount,
	.store = proc_store,
	.tun_open = proc_tun_open,
	.tun = proc_tun,
	.map = proc_map,
	.await = proc_await,
};
