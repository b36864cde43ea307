// SPDX-License-Identifier: GPL-2.0-or-later
/* calls.c - the calls that take a socket, for matrix.c */
#include "matrix.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char data[4096];

/* ---- in ---- */

static long c_read(struct m_place *p, int flags)
{
	(void)flags;
	return read(p->fd, data, 2);
}

static long c_readv(struct m_place *p, int flags)
{
	struct iovec v[2] = { { data, 1 }, { data + 1, 9 } };

	(void)flags;
	return readv(p->fd, v, 2);
}

static long c_recv(struct m_place *p, int flags)
{
	return recv(p->fd, data, 10, flags);
}

static long c_peek(struct m_place *p, int flags)
{
	return recv(p->fd, data, 10, flags | MSG_PEEK);
}

static long c_recv_none(struct m_place *p, int flags)
{
	return recv(p->fd, data, 0, flags);
}

static long c_recv_cut(struct m_place *p, int flags)
{
	return recv(p->fd, data, 2, flags | MSG_TRUNC);
}

static long c_recv_all(struct m_place *p, int flags)
{
	return recv(p->fd, data, 3, flags | MSG_WAITALL);
}

static long c_recvfrom(struct m_place *p, int flags)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	long ret = recvfrom(p->fd, data, 10, flags, (void *)&a, &len);

	if (ret >= 0)
		m_say_addr(p, &a, len);
	return ret;
}

static long c_recvmsg(struct m_place *p, int flags)
{
	struct sockaddr_storage a = { 0 };
	struct iovec v = { data, 2 };
	struct msghdr m = { .msg_name = &a,
			    .msg_namelen = sizeof(a),
			    .msg_iov = &v,
			    .msg_iovlen = 1 };
	long ret = recvmsg(p->fd, &m, flags);

	if (ret >= 0) {
		m_say(p, "flags %#x ", m.msg_flags);
		m_say_addr(p, &a, m.msg_namelen);
	}
	return ret;
}

static long c_recvmmsg(struct m_place *p, int flags)
{
	struct iovec v[2] = { { data, 10 }, { data + 10, 10 } };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_iov = &v[0], .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &v[1], .msg_iovlen = 1 } },
	};
	long ret = recvmmsg(p->fd, m, 2, flags | MSG_WAITFORONE, NULL);

	if (ret > 0)
		m_say(p, "%u", m[0].msg_len);
	return ret;
}

static long c_recv_bad(struct m_place *p, int flags)
{
	return recv(p->fd, (void *)(uintptr_t)16, 1, flags);
}

static long c_recv_errors(struct m_place *p, int flags)
{
	return recv(p->fd, data, 10, flags | MSG_ERRQUEUE);
}

static long c_splice_in(struct m_place *p, int flags)
{
	int way[2];

	(void)flags;
	if (pipe(way) < 0)
		return -1;
	return splice(p->fd, NULL, way[1], NULL, 10, 0);
}

/* ---- out ---- */

static long c_write(struct m_place *p, int flags)
{
	(void)flags;
	return write(p->fd, "out", 3);
}

static long c_writev(struct m_place *p, int flags)
{
	struct iovec v[2] = { { data, 1 }, { data + 1, 2 } };

	(void)flags;
	return writev(p->fd, v, 2);
}

static long c_send(struct m_place *p, int flags)
{
	return send(p->fd, "out", 3, flags | MSG_NOSIGNAL);
}

static long c_send_none(struct m_place *p, int flags)
{
	return send(p->fd, "", 0, flags | MSG_NOSIGNAL);
}

static long c_send_more(struct m_place *p, int flags)
{
	return send(p->fd, "out", 3, flags | MSG_NOSIGNAL | MSG_MORE);
}

static long c_sendto(struct m_place *p, int flags)
{
	return sendto(p->fd, "out", 3, flags | MSG_NOSIGNAL, (void *)&p->name,
		      p->len);
}

static long c_sendmsg(struct m_place *p, int flags)
{
	struct iovec v = { data, 3 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };

	return sendmsg(p->fd, &m, flags | MSG_NOSIGNAL);
}

static long c_sendmmsg(struct m_place *p, int flags)
{
	struct iovec v = { data, 3 };
	struct mmsghdr m[2] = {
		{ .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } },
		{ .msg_hdr = { .msg_iov = &v, .msg_iovlen = 1 } },
	};

	return sendmmsg(p->fd, m, 2, flags | MSG_NOSIGNAL);
}

static long c_send_bad(struct m_place *p, int flags)
{
	return send(p->fd, (void *)(uintptr_t)16, 1, flags | MSG_NOSIGNAL);
}

static long c_sendfile(struct m_place *p, int flags)
{
	int fd = memfd_create("matrix", MFD_CLOEXEC);

	(void)flags;
	if (fd < 0 || write(fd, "file", 4) != 4)
		m_give_up("memfd");
	return sendfile(p->fd, fd, &(off_t){ 0 }, 4);
}

static long c_splice_out(struct m_place *p, int flags)
{
	int way[2];

	(void)flags;
	if (pipe(way) < 0 || write(way[1], "pipe", 4) != 4)
		m_give_up("pipe");
	return splice(way[0], NULL, p->fd, NULL, 4, 0);
}

/* ---- names and connections ---- */

static long c_connect(struct m_place *p, int flags)
{
	(void)flags;
	return connect(p->fd, (void *)&p->name, p->len);
}

static long c_connect_short(struct m_place *p, int flags)
{
	(void)flags;
	return connect(p->fd, (void *)&p->name, 8);
}

static long c_disconnect(struct m_place *p, int flags)
{
	struct sockaddr_storage none = { .ss_family = AF_UNSPEC };

	(void)flags;
	return connect(p->fd, (void *)&none, sizeof(none));
}

static long c_bind(struct m_place *p, int flags)
{
	struct sockaddr_storage a;
	socklen_t len = m_loopback(p->family, &a);

	(void)flags;
	return bind(p->fd, (void *)&a, len);
}

static long c_bind_taken(struct m_place *p, int flags)
{
	(void)flags;
	return bind(p->fd, (void *)&p->name, p->len);
}

static long c_listen(struct m_place *p, int flags)
{
	(void)flags;
	return listen(p->fd, 3);
}

static long c_accept(struct m_place *p, int flags)
{
	long fd = accept(p->fd, NULL, NULL);

	(void)flags;
	if (fd >= 0)
		m_say(p, "flags %#x", fcntl((int)fd, F_GETFL));
	return fd >= 0 ? 0 : fd;
}

static long c_accept4(struct m_place *p, int flags)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	long fd =
		accept4(p->fd, (void *)&a, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)flags;
	if (fd >= 0) {
		m_say(p, "flags %#x ", fcntl((int)fd, F_GETFL));
		m_say_addr(p, &a, len);
	}
	return fd >= 0 ? 0 : fd;
}

static long c_getsockname(struct m_place *p, int flags)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	long ret = getsockname(p->fd, (void *)&a, &len);

	(void)flags;
	if (ret == 0)
		m_say_addr(p, &a, len);
	return ret;
}

static long c_getpeername(struct m_place *p, int flags)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);
	long ret = getpeername(p->fd, (void *)&a, &len);

	(void)flags;
	if (ret == 0)
		m_say_addr(p, &a, len);
	return ret;
}

static long c_shut_rd(struct m_place *p, int flags)
{
	(void)flags;
	return shutdown(p->fd, SHUT_RD);
}

static long c_shut_wr(struct m_place *p, int flags)
{
	(void)flags;
	return shutdown(p->fd, SHUT_WR);
}

static long c_shut_both(struct m_place *p, int flags)
{
	(void)flags;
	return shutdown(p->fd, SHUT_RDWR);
}

static long c_shut_twice(struct m_place *p, int flags)
{
	(void)flags;
	shutdown(p->fd, SHUT_WR);
	return shutdown(p->fd, SHUT_WR);
}

static long c_shut_bad(struct m_place *p, int flags)
{
	(void)flags;
	return shutdown(p->fd, 3);
}

static long c_close(struct m_place *p, int flags)
{
	long ret = close(p->fd);

	(void)flags;
	p->fd = -1;
	return ret;
}

/* ---- options ---- */

static long get(struct m_place *p, int level, int name)
{
	int v = 0;
	socklen_t len = sizeof(v);
	long ret = getsockopt(p->fd, level, name, &v, &len);

	if (ret == 0)
		m_say(p, "%d", v);
	return ret;
}

static long c_error(struct m_place *p, int flags)
{
	int v = 0;
	socklen_t len = sizeof(v);
	long ret = getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &v, &len);

	(void)flags;
	if (ret == 0)
		m_say(p, "%s", v ? strerrorname_np(v) : "none");
	return ret;
}

static long c_listens(struct m_place *p, int flags)
{
	(void)flags;
	return get(p, SOL_SOCKET, SO_ACCEPTCONN);
}

static long c_type(struct m_place *p, int flags)
{
	(void)flags;
	return get(p, SOL_SOCKET, SO_TYPE);
}

static long c_protocol(struct m_place *p, int flags)
{
	(void)flags;
	return get(p, SOL_SOCKET, SO_PROTOCOL);
}

static long c_nodelay(struct m_place *p, int flags)
{
	int on = 1;

	(void)flags;
	return setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static long c_get_cork(struct m_place *p, int flags)
{
	(void)flags;
	return get(p, IPPROTO_TCP, TCP_CORK);
}

static long c_reuseaddr(struct m_place *p, int flags)
{
	int on = 1;

	(void)flags;
	return setsockopt(p->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

static long c_v6only(struct m_place *p, int flags)
{
	int on = 1;

	(void)flags;
	return setsockopt(p->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
}

static long c_ttl(struct m_place *p, int flags)
{
	int n = 12;

	(void)flags;
	return setsockopt(p->fd, IPPROTO_IP, IP_TTL, &n, sizeof(n));
}

static long c_info(struct m_place *p, int flags)
{
	struct tcp_info i = { 0 };
	socklen_t len = sizeof(i);
	long ret = getsockopt(p->fd, IPPROTO_TCP, TCP_INFO, &i, &len);

	(void)flags;
	/* When the peer acknowledges the end is its own affair. */
	if (ret == 0)
		m_say(p, "state %d",
		      i.tcpi_state == TCP_FIN_WAIT2 ? TCP_FIN_WAIT1
						    : i.tcpi_state);
	return ret;
}

/* ---- of any descriptor ---- */

static long c_fionread(struct m_place *p, int flags)
{
	int n = 0;
	long ret = ioctl(p->fd, FIONREAD, &n);

	(void)flags;
	if (ret == 0)
		m_say(p, "%d", n);
	return ret;
}

static long c_outq(struct m_place *p, int flags)
{
	int n = 0;
	long ret = ioctl(p->fd, SIOCOUTQ, &n);

	(void)flags;
	if (ret == 0)
		m_say(p, "%s", n ? "some" : "none");
	return ret;
}

static long c_atmark(struct m_place *p, int flags)
{
	int n = 0;
	long ret = ioctl(p->fd, SIOCATMARK, &n);

	(void)flags;
	if (ret == 0)
		m_say(p, "%d", n);
	return ret;
}

static long c_bad_ioctl(struct m_place *p, int flags)
{
	(void)flags;
	return ioctl(p->fd, TCGETS, data);
}

static long c_fstat(struct m_place *p, int flags)
{
	struct stat st;
	long ret = fstat(p->fd, &st);

	(void)flags;
	if (ret == 0)
		m_say(p, "%o", st.st_mode);
	return ret;
}

static long c_lseek(struct m_place *p, int flags)
{
	(void)flags;
	return lseek(p->fd, 0, SEEK_CUR);
}

static long c_pread(struct m_place *p, int flags)
{
	(void)flags;
	return pread(p->fd, data, 1, 0);
}

static long c_pwrite(struct m_place *p, int flags)
{
	(void)flags;
	return pwrite(p->fd, data, 1, 0);
}

static long c_truncate(struct m_place *p, int flags)
{
	(void)flags;
	return ftruncate(p->fd, 0);
}

static long c_fsync(struct m_place *p, int flags)
{
	(void)flags;
	return fsync(p->fd);
}

static long c_mmap(struct m_place *p, int flags)
{
	(void)flags;
	return mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, p->fd, 0) == MAP_FAILED
		       ? -1
		       : 0;
}

static long c_epoll(struct m_place *p, int flags)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP };
	int ep = epoll_create1(0);

	(void)flags;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, p->fd, &e) < 0)
		return -1;
	e.events = 0;
	if (epoll_wait(ep, &e, 1, 0) == 1)
		m_say(p, "%#x", e.events);
	return 0;
}

static long c_select(struct m_place *p, int flags)
{
	struct timeval now = { 0, 0 };
	fd_set in, out;

	(void)flags;
	FD_ZERO(&in);
	FD_ZERO(&out);
	FD_SET(p->fd, &in);
	FD_SET(p->fd, &out);
	return select(p->fd + 1, &in, &out, NULL, &now);
}

const struct m_call m_calls[] = {
	{ "read", M_ANY, M_IO_WAITS, c_read },
	{ "readv", M_ANY, M_FD_WAITS, c_readv },
	{ "recv", M_ANY, M_MSG_WAITS, c_recv },
	{ "recv PEEK", M_ANY, M_MSG_WAITS, c_peek },
	{ "recv of nothing", M_ANY, M_MSG_WAITS, c_recv_none },
	{ "recv TRUNC", M_ANY, M_MSG_WAITS, c_recv_cut },
	{ "recv WAITALL", M_ANY, M_MSG_WAITS, c_recv_all },
	{ "recvfrom", M_ANY, M_MSG_WAITS, c_recvfrom },
	{ "recvmsg", M_ANY, M_MSG_WAITS, c_recvmsg },
	{ "recvmmsg", M_ANY, M_MSG_WAITS, c_recvmmsg },
	{ "recv to nowhere", M_ANY, M_FD_WAITS, c_recv_bad },
	{ "recv ERRQUEUE", M_ANY, M_NEVER, c_recv_errors },
	{ "splice in", M_ANY, M_FD_WAITS, c_splice_in },
	{ "write", M_ANY, M_IO_WAITS, c_write },
	{ "writev", M_ANY, M_FD_WAITS, c_writev },
	{ "send", M_ANY, M_MSG_WAITS, c_send },
	{ "send of nothing", M_ANY, M_MSG_WAITS, c_send_none },
	{ "send MORE", M_ANY, M_NEVER, c_send_more },
	{ "sendto", M_ANY, M_MSG_WAITS, c_sendto },
	{ "sendmsg", M_ANY, M_MSG_WAITS, c_sendmsg },
	{ "sendmmsg", M_ANY, M_MSG_WAITS, c_sendmmsg },
	{ "send from nowhere", M_ANY, M_NEVER, c_send_bad },
	{ "sendfile", M_ANY, M_FD_WAITS, c_sendfile },
	{ "splice out", M_ANY, M_FD_WAITS, c_splice_out },
	{ "connect", M_ANY, M_FD_WAITS, c_connect },
	{ "connect, short", M_ANY, M_NEVER, c_connect_short },
	{ "disconnect", M_ANY, M_NEVER, c_disconnect },
	{ "bind", M_ANY, M_NEVER, c_bind },
	{ "bind, taken", M_ANY, M_NEVER, c_bind_taken },
	{ "listen", M_ANY, M_NEVER, c_listen },
	{ "accept", M_ANY, M_FD_WAITS, c_accept },
	{ "accept4", M_ANY, M_FD_WAITS, c_accept4 },
	{ "getsockname", M_ANY, M_NEVER, c_getsockname },
	{ "getpeername", M_ANY, M_NEVER, c_getpeername },
	{ "shutdown RD", M_ANY, M_NEVER, c_shut_rd },
	{ "shutdown WR", M_ANY, M_NEVER, c_shut_wr },
	{ "shutdown RDWR", M_ANY, M_NEVER, c_shut_both },
	{ "shutdown twice", M_ANY, M_NEVER, c_shut_twice },
	{ "shutdown 3", M_ANY, M_NEVER, c_shut_bad },
	{ "close", M_ANY, M_NEVER, c_close },
	{ "SO_ERROR", M_ANY, M_NEVER, c_error },
	{ "SO_ACCEPTCONN", M_ANY, M_NEVER, c_listens },
	{ "SO_TYPE", M_ANY, M_NEVER, c_type },
	{ "SO_PROTOCOL", M_ANY, M_NEVER, c_protocol },
	{ "TCP_NODELAY", M_ANY, M_NEVER, c_nodelay },
	{ "TCP_CORK", M_ANY, M_NEVER, c_get_cork },
	{ "SO_REUSEADDR", M_ANY, M_NEVER, c_reuseaddr },
	{ "IPV6_V6ONLY", M_ANY, M_NEVER, c_v6only },
	{ "IP_TTL", M_ANY, M_NEVER, c_ttl },
	{ "TCP_INFO", M_STREAM, M_NEVER, c_info },
	{ "FIONREAD", M_ANY, M_NEVER, c_fionread },
	{ "SIOCOUTQ", M_ANY, M_NEVER, c_outq },
	{ "SIOCATMARK", M_ANY, M_NEVER, c_atmark },
	{ "TCGETS", M_ANY, M_NEVER, c_bad_ioctl },
	{ "fstat", M_ANY, M_NEVER, c_fstat },
	{ "lseek", M_ANY, M_NEVER, c_lseek },
	{ "pread", M_ANY, M_NEVER, c_pread },
	{ "pwrite", M_ANY, M_NEVER, c_pwrite },
	{ "ftruncate", M_ANY, M_NEVER, c_truncate },
	{ "fsync", M_ANY, M_NEVER, c_fsync },
	{ "mmap", M_ANY, M_NEVER, c_mmap },
	{ "epoll", M_ANY, M_NEVER, c_epoll },
	{ "select", M_ANY, M_NEVER, c_select },
};
const size_t m_call_count = sizeof(m_calls) / sizeof(m_calls[0]);
