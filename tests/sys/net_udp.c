// SPDX-License-Identifier: GPL-2.0-or-later
/* net_udp.c - datagrams: connected or not, empty, cut, with control data */
#include "net.h"

static void unconnected(void)
{
	struct sockaddr_in x, y, from = { 0 };
	socklen_t len = sizeof(from);
	int a = n_udp(&x), b = n_udp(&y), n = -1;
	char buf[32] = "";

	CHECK_EQ(n_mask(a), POLLOUT);
	CHECK_ERRNO(send(a, "x", 1, 0), EDESTADDRREQ);
	CHECK_ERRNO(recv(a, buf, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto(a, "hello", 5, 0, (void *)&y, sizeof(y)), 5);
	CHECK_MASK(b, POLLIN | POLLOUT);
	CHECK_OK(ioctl(b, FIONREAD, &n));
	CHECK_EQ(n, 5);
	CHECK_EQ(recv(b, buf, 2, MSG_PEEK), 2);
	CHECK_EQ(recvfrom(b, buf, sizeof(buf), 0, (void *)&from, &len), 5);
	CHECK_STR(buf, "hello");
	CHECK_EQ(len, sizeof(from));
	CHECK_MEM(&from, &x, sizeof(from));
	CHECK_EQ(n_mask(b), POLLOUT);
	CHECK_OK(ioctl(b, FIONREAD, &n));
	CHECK_EQ(n, 0);
	CHECK_ERRNO(getpeername(a, (void *)&from, &len), ENOTCONN);
}

/* A socket that was never bound gets a port as it sends. */
static void bound_by_sending(void)
{
	struct sockaddr_in y, from = { 0 };
	socklen_t len = sizeof(from);
	int a = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0)), b = n_udp(&y);
	char c;

	CHECK_EQ(n_name(a).sin_port, 0);
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), 1);
	CHECK(n_name(a).sin_port != 0);
	CHECK_EQ(recvfrom(b, &c, 1, 0, (void *)&from, &len), 1);
	CHECK_EQ(from.sin_port, n_name(a).sin_port);
	CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQ(sendto(b, "y", 1, 0, (void *)&from, len), 1);
	CHECK_EQ(read(a, &c, 1), 1);
	CHECK_EQ(c, 'y');
}

static void connected(void)
{
	struct sockaddr_in x, y, z;
	int a = n_udp(&x), b = n_udp(&y), c = n_udp(&z);
	char buf[8] = "";

	CHECK_OK(n_connect(a, &y));
	CHECK_EQ(n_peer(a).sin_port, y.sin_port);
	CHECK_EQ(write(a, "one", 3), 3);
	CHECK_EQ(read(b, buf, 8), 3);
	/* of others it hears nothing */
	CHECK_EQ(sendto(c, "z", 1, 0, (void *)&x, sizeof(x)), 1);
	CHECK_EQ(sendto(b, "two", 3, 0, (void *)&x, sizeof(x)), 3);
	CHECK_EQ(recv(a, buf, 8, 0), 3);
	CHECK_MEM(buf, "two", 3);
	CHECK_ERRNO(recv(a, buf, 8, MSG_DONTWAIT), EAGAIN);
	/* an address in the call goes before */
	CHECK_EQ(sendto(a, "z", 1, 0, (void *)&z, sizeof(z)), 1);
	CHECK_EQ(read(c, buf, 8), 1);
	/* connected elsewhere, and no more */
	CHECK_OK(n_connect(a, &z));
	CHECK_EQ(write(a, "z", 1), 1);
	CHECK_EQ(read(c, buf, 8), 1);
	x.sin_family = AF_UNSPEC;
	CHECK_OK(n_connect(a, &x));
	CHECK_ERRNO(write(a, "z", 1), EDESTADDRREQ);
}

static void empty(void)
{
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y), n = -1;
	char c;

	CHECK_OK(n_connect(a, &y));
	CHECK_EQ(send(a, "", 0, 0), 0);
	CHECK_MASK(b, POLLIN | POLLOUT);
	CHECK_OK(ioctl(b, FIONREAD, &n));
	CHECK_EQ(n, 0);
	CHECK_EQ(recv(b, &c, 1, 0), 0);
	CHECK_ERRNO(recv(b, &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(sendto(b, NULL, 0, 0, (void *)&x, sizeof(x)), 0);
	CHECK_EQ(read(a, &c, 1), 0);
}

static void cut(void)
{
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y);
	char buf[4];
	struct iovec iov = { buf, 3 };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	CHECK_OK(n_connect(a, &y));
	for (int i = 0; i < 4; i++)
		CHECK_EQ(write(a, "abcdefgh", 8), 8);
	CHECK_EQ(recvmsg(b, &m, 0), 3);
	CHECK_EQ(m.msg_flags, MSG_TRUNC);
	CHECK_EQ(recv(b, buf, 3, MSG_TRUNC), 8);
	CHECK_EQ(recv(b, NULL, 0, MSG_TRUNC), 8);
	CHECK_EQ(read(b, buf, 3), 3);
	CHECK_ERRNO(recv(b, buf, 3, MSG_DONTWAIT), EAGAIN);
}

static void large(void)
{
	static char out[65507], in[65536], more[65508];
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y);

	for (size_t i = 0; i < sizeof(out); i++)
		out[i] = t_byte(i, 5);
	CHECK_EQ(sendto(a, out, sizeof(out), 0, (void *)&y, sizeof(y)),
		 sizeof(out));
	CHECK_EQ(recv(b, in, sizeof(in), 0), sizeof(out));
	CHECK_MEM(in, out, sizeof(out));
	CHECK_ERRNO(sendto(a, more, sizeof(more), 0, (void *)&y, sizeof(y)),
		    EMSGSIZE);
}

static void nobody_there(void)
{
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y);
	char c;

	close(b);
	/* who is not connected hears nothing */
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), 1);
	usleep(50000);
	CHECK_EQ(n_mask(a), POLLOUT);
	CHECK_OK(n_connect(a, &y));
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK(t_readable(a, 5000));
	CHECK_ERRNO(read(a, &c, 1), ECONNREFUSED);
	CHECK_ERRNO(recv(a, &c, 1, MSG_DONTWAIT), EAGAIN);
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK(t_readable(a, 5000));
	CHECK_EQ(n_error(a), ECONNREFUSED);
	CHECK_EQ(n_error(a), 0);
}

static void no_route(void)
{
	struct sockaddr_in x, y = n_addr(9);
	int a = n_udp(&x);

	y.sin_addr.s_addr = htonl(INADDR_BROADCAST);
	CHECK_ERRNO2(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), EACCES,
		     ENETUNREACH);
	y = n_addr(0);
	CHECK_ERRNO(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), EINVAL);
	y = n_addr(9);
	y.sin_family = AF_INET6;
	CHECK_ERRNO(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), EAFNOSUPPORT);
	CHECK_ERRNO(sendto(a, "x", 1, 0, (void *)&y, 7), EINVAL);
	CHECK_ERRNO(sendto(a, T_BAD_PTR, 1, 0, (void *)&x, sizeof(x)), EFAULT);
}

/* The control message of that kind, or NULL. */
static void *find(struct msghdr *m, int level, int type)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c))
		if (c->cmsg_level == level && c->cmsg_type == type)
			return CMSG_DATA(c);
	return NULL;
}

static void control_data(void)
{
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y), lo = -1;
	char buf[8] = "";
	union {
		struct cmsghdr h;
		char space[256];
	} control;
	struct iovec iov = { buf, 8 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	struct in_pktinfo *info;
	int *ttl;

	n_set(b, IPPROTO_IP, IP_PKTINFO, 1);
	n_set(b, IPPROTO_IP, IP_RECVTTL, 1);
	n_set(b, IPPROTO_IP, IP_RECVTOS, 1);
	n_set(a, IPPROTO_IP, IP_TTL, 17);
	n_set(a, IPPROTO_IP, IP_TOS, 0x10);
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), 1);
	CHECK_EQ(recvmsg(b, &m, 0), 1);
	CHECK_EQ(m.msg_flags, 0);
	info = find(&m, IPPROTO_IP, IP_PKTINFO);
	CHECK(info && info->ipi_addr.s_addr == htonl(INADDR_LOOPBACK));
	lo = info ? info->ipi_ifindex : -1;
	CHECK_EQ(lo, 1);
	ttl = find(&m, IPPROTO_IP, IP_TTL);
	CHECK(ttl && *ttl == 17);
	CHECK(find(&m, IPPROTO_IP, IP_TOS) &&
	      *(char *)find(&m, IPPROTO_IP, IP_TOS) == 0x10);
	/* no room for it */
	m.msg_controllen = 4;
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), 1);
	CHECK_EQ(recvmsg(b, &m, 0), 1);
	CHECK_EQ(m.msg_flags, MSG_CTRUNC);
	/* a time to live for one packet */
	m = (struct msghdr){ .msg_name = &y,
			     .msg_namelen = sizeof(y),
			     .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = CMSG_SPACE(sizeof(int)) };
	control.h.cmsg_level = IPPROTO_IP;
	control.h.cmsg_type = IP_TTL;
	control.h.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.h), &(int){ 5 }, sizeof(int));
	CHECK_EQ(sendmsg(a, &m, 0), 8);
	m = (struct msghdr){ .msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = &control,
			     .msg_controllen = sizeof(control) };
	CHECK_EQ(recvmsg(b, &m, 0), 8);
	ttl = find(&m, IPPROTO_IP, IP_TTL);
	CHECK(ttl && *ttl == 5);
}

static void many_at_once(void)
{
	enum { N = 5 };
	struct sockaddr_in x, y, from[N];
	int a = n_udp(&x), b = n_udp(&y);
	char text[N][8] = { "a", "bb", "ccc", "dddd", "" };
	char in[N][8] = { "" };
	struct iovec iov[N];
	struct mmsghdr m[N] = { 0 };
	struct timespec wait = { .tv_sec = 5 };

	for (int i = 0; i < N; i++) {
		iov[i] = (struct iovec){ text[i], strlen(text[i]) };
		m[i].msg_hdr.msg_iov = &iov[i];
		m[i].msg_hdr.msg_iovlen = 1;
		m[i].msg_hdr.msg_name = &y;
		m[i].msg_hdr.msg_namelen = sizeof(y);
	}
	CHECK_EQ(sendmmsg(a, m, N, 0), N);
	CHECK_EQ(m[3].msg_len, 4);
	CHECK_EQ(sendmmsg(a, m, 0, 0), 0);
	for (int i = 0; i < N; i++) {
		iov[i] = (struct iovec){ in[i], sizeof(in[i]) };
		m[i].msg_hdr.msg_name = &from[i];
	}
	CHECK_EQ(recvmmsg(b, m, N, MSG_WAITFORONE, &wait), N);
	for (int i = 0; i < N; i++) {
		CHECK_EQ(m[i].msg_len, strlen(text[i]));
		CHECK_MEM(in[i], text[i], m[i].msg_len);
		CHECK_MEM(&from[i], &x, sizeof(x));
	}
	CHECK_ERRNO(recvmmsg(b, m, N, MSG_DONTWAIT, NULL), EAGAIN);
}

static void vectors(void)
{
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y);
	char one[4] = "abc", two[8] = "defgh";
	struct iovec iov[2] = { { one, 3 }, { two, 5 } };

	CHECK_OK(n_connect(a, &y));
	CHECK_EQ(writev(a, iov, 2), 8);
	memset(one, 0, sizeof(one));
	memset(two, 0, sizeof(two));
	iov[0].iov_len = 2;
	CHECK_EQ(readv(b, iov, 2), 7);
	CHECK_STR(one, "ab");
	CHECK_STR(two, "cdefg");
}

static void in_time(void)
{
	struct timeval t = { .tv_usec = 50000 };
	struct sockaddr_in x;
	int a = n_udp(&x);
	char c;

	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	CHECK_ERRNO(recv(a, &c, 1, 0), EAGAIN);
	CHECK_ERRNO(read(a, &c, 1), EAGAIN);
}

static void edges(void)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	struct sockaddr_in x, y;
	int a = n_udp(&x), b = n_udp(&y), ep = (int)CHECK_OK(epoll_create1(0));
	char c;

	CHECK_OK(n_connect(a, &y));
	CHECK_OK(epoll_ctl(ep, EPOLL_CTL_ADD, b, &e));
	CHECK_EQ(write(a, "x", 1), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
	CHECK_EQ(write(a, "y", 1), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 5000), 1);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(epoll_wait(ep, &e, 1, 0), 0);
}

static void six(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6 }, from;
	struct sockaddr_in x, y;
	socklen_t len = sizeof(any);
	int a = n_udp(&x), b = (int)CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	char c;

	CHECK_OK(bind(b, (void *)&any, sizeof(any)));
	CHECK_OK(getsockname(b, (void *)&any, &len));
	y = n_addr(ntohs(any.sin6_port));
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&y, sizeof(y)), 1);
	CHECK_EQ(recvfrom(b, &c, 1, 0, (void *)&from, &len), 1);
	CHECK(IN6_IS_ADDR_V4MAPPED(&from.sin6_addr));
	CHECK_EQ(from.sin6_port, x.sin_port);
	CHECK_EQ(sendto(b, "y", 1, 0, (void *)&from, len), 1);
	CHECK_EQ(read(a, &c, 1), 1);
	any.sin6_addr = in6addr_loopback;
	CHECK_EQ(sendto(b, "z", 1, 0, (void *)&any, sizeof(any)), 1);
	CHECK_EQ(recvfrom(b, &c, 1, 0, (void *)&from, &len), 1);
	CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
}

/* The address that connect(2) chose is forgotten with the peer. */
static void forgotten(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_port = htons(9),
				  .sin_addr = { htonl(INADDR_LOOPBACK) } };
	struct sockaddr_in none = { .sin_family = AF_UNSPEC };
	struct sockaddr_in name = { .sin_family = AF_UNSPEC };
	struct sockaddr_in given = { .sin_family = AF_INET,
				     .sin_addr = to.sin_addr };

	for (int bound = 0; bound < 2; bound++) {
		int u = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
		socklen_t len = sizeof(name);

		if (bound)
			CHECK_OK(bind(u, (void *)&given, sizeof(given)));
		CHECK_OK(connect(u, (void *)&to, sizeof(to)));
		CHECK_OK(getsockname(u, (void *)&name, &len));
		CHECK_EQ(name.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
		CHECK_OK(connect(u, (void *)&none, sizeof(none)));
		CHECK_OK(getsockname(u, (void *)&name, &len));
		CHECK_EQ(name.sin_addr.s_addr,
			 bound ? htonl(INADDR_LOOPBACK) : INADDR_ANY);
		close(u);
	}
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(unconnected);
	RUN(bound_by_sending);
	RUN(connected);
	RUN(forgotten);
	RUN(empty);
	RUN(cut);
	RUN(large);
	RUN(nobody_there);
	RUN(no_route);
	RUN(control_data);
	RUN(many_at_once);
	RUN(vectors);
	RUN(in_time);
	RUN(edges);
	RUN(six);
	return t_done();
}
