// SPDX-License-Identifier: GPL-2.0-or-later
/* net_group.c - groups and broadcasts on the loopback, and who hears of them */
#include "net.h"

enum { LO = 1 };

static const char group[] = "239.1.2.3", other[] = "239.1.2.4";

static struct in_addr four(const char *text)
{
	struct in_addr a;

	CHECK_EQ(inet_pton(AF_INET, text, &a), 1);
	return a;
}

/* A socket that others may share the port with; port 0: any. */
static int receiver(const char *text, int port)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in a = n_addr(port);

	a.sin_addr = four(text);
	n_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}

static int port_of(int fd)
{
	return ntohs(n_name(fd).sin_port);
}

static int change(int fd, int option, const char *text, int index)
{
	struct ip_mreqn m = { .imr_multiaddr = four(text),
			      .imr_ifindex = index };

	return setsockopt(fd, IPPROTO_IP, option, &m, sizeof(m));
}

static void join(int fd, const char *text)
{
	CHECK_OK(change(fd, IP_ADD_MEMBERSHIP, text, LO));
}

static int sender(void)
{
	struct ip_mreqn m = { .imr_ifindex = LO };
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));

	CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &m, sizeof(m)));
	return fd;
}

static ssize_t send_to(int fd, const char *text, int port, const char *what)
{
	struct sockaddr_in a = n_addr(port);

	a.sin_addr = four(text);
	return sendto(fd, what, 1, 0, (void *)&a, sizeof(a));
}

/* The next that it hears; what is sent after it comes after it. */
static char next(int fd)
{
	char c = '-';

	if (!t_readable(fd, 10000))
		return '?';
	CHECK_EQ(recv(fd, &c, 1, MSG_DONTWAIT), 1);
	return c;
}

static void heard(void)
{
	int r = receiver("0.0.0.0", 0), s = sender(), port = port_of(r);
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof(from);
	char c;

	join(r, group);
	CHECK_EQ(send_to(s, other, port, "o"), 1);
	CHECK_EQ(send_to(s, group, port, "g"), 1);
	CHECK_EQ(recvfrom(r, &c, 1, 0, (void *)&from, &len), 1);
	CHECK_EQ(c, 'g');
	CHECK_EQ(from.sin_port, n_name(s).sin_port);
	/* on the loopback it comes back all the same */
	n_set(s, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	CHECK_EQ(send_to(s, group, port, "h"), 1);
	CHECK_EQ(next(r), 'h');
	CHECK_OK(change(r, IP_DROP_MEMBERSHIP, group, LO));
	CHECK_EQ(send_to(s, group, port, "x"), 1);
	CHECK_EQ(send_to(s, "127.0.0.1", port, "y"), 1);
	CHECK_EQ(next(r), 'y');
}

static void told_where_to(void)
{
	int r = receiver("0.0.0.0", 0), s = sender();
	struct in_pktinfo info = { 0 };
	char c;
	union {
		struct cmsghdr h;
		char space[128];
	} control;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	join(r, group);
	n_set(r, IPPROTO_IP, IP_PKTINFO, 1);
	CHECK_EQ(send_to(s, group, port_of(r), "g"), 1);
	CHECK_EQ(recvmsg(r, &m, 0), 1);
	CHECK_EQ(control.h.cmsg_type, IP_PKTINFO);
	memcpy(&info, CMSG_DATA(&control.h), sizeof(info));
	CHECK_EQ(info.ipi_ifindex, LO);
	CHECK_EQ(info.ipi_addr.s_addr, four(group).s_addr);
}

static void each_member(void)
{
	int a = receiver("0.0.0.0", 0), port = port_of(a);
	int b = receiver("0.0.0.0", port), c = receiver(group, port);
	int d = receiver(other, port), e = receiver("127.0.0.1", port);
	int s = sender();

	join(a, group);
	join(a, other);
	join(e, group);
	n_set(c, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	CHECK_EQ(send_to(s, group, port, "g"), 1);
	CHECK_EQ(send_to(s, other, port, "o"), 1);
	CHECK_EQ(send_to(s, "127.0.0.1", port, "u"), 1);
	CHECK_EQ(next(a), 'g');
	CHECK_EQ(next(a), 'o');
	/* it joined none, but does not mind */
	CHECK_EQ(next(b), 'g');
	CHECK_EQ(next(b), 'o');
	CHECK_EQ(next(d), 'o');
	/* it is for its address only */
	CHECK_EQ(next(e), 'u');
	/* it joined none, and minds */
	CHECK_EQ(n_mask(c), POLLOUT);
	join(c, group);
	CHECK_EQ(send_to(s, group, port, "h"), 1);
	CHECK_EQ(next(c), 'h');
	n_set(b, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	CHECK_EQ(next(b), 'h');
	CHECK_EQ(send_to(s, group, port, "i"), 1);
	CHECK_EQ(next(a), 'h');
	CHECK_EQ(next(a), 'i');
	CHECK_EQ(n_mask(b), POLLOUT);
	CHECK_EQ(n_mask(d), POLLOUT);
}

/* Who is connected hears of nobody else, wherever it is sent to. */
static void connected(void)
{
	int r = receiver("0.0.0.0", 0), s = sender(), t = sender();
	int port = port_of(r);
	struct sockaddr_in peer;

	join(r, group);
	CHECK_EQ(send_to(s, group, port, "a"), 1);
	CHECK_EQ(next(r), 'a');
	peer = n_addr(port_of(s));
	CHECK_OK(n_connect(r, &peer));
	/* its address is the peer's way now, and no group's */
	CHECK_EQ(send_to(t, group, port, "b"), 1);
	CHECK_EQ(send_to(s, group, port, "c"), 1);
	CHECK_EQ(send_to(s, "127.0.0.1", port, "d"), 1);
	CHECK_EQ(next(r), 'd');
}

static void wrong(void)
{
	int fd = receiver("0.0.0.0", 0);
	struct ip_mreq old = { .imr_multiaddr = four(group),
			       .imr_interface = four("127.0.0.1") };

	CHECK_ERRNO(change(fd, IP_DROP_MEMBERSHIP, group, LO), EADDRNOTAVAIL);
	CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, "10.1.2.3", LO), EINVAL);
	CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, group, 99), ENODEV);
	CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &old,
			    sizeof(old)));
	CHECK_ERRNO(change(fd, IP_ADD_MEMBERSHIP, group, LO), EADDRINUSE);
	CHECK_OK(setsockopt(fd, IPPROTO_IP, IP_DROP_MEMBERSHIP, &old,
			    sizeof(old)));
	CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &old, 4),
		    EINVAL);
	CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MULTICAST_ALL), 1);
	CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 1);
	CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MULTICAST_IF), 0);
}

static void by_group_req(void)
{
	int fd = receiver("0.0.0.0", 0), s = sender();
	struct group_req r = { .gr_interface = LO };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr = four(group) };

	memcpy(&r.gr_group, &a, sizeof(a));
	CHECK_OK(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)));
	CHECK_EQ(send_to(s, group, port_of(fd), "g"), 1);
	CHECK_EQ(next(fd), 'g');
	CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, MCAST_JOIN_GROUP, &r, sizeof(r)),
		    EADDRINUSE);
	CHECK_OK(setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &r, sizeof(r)));
	CHECK_ERRNO(
		setsockopt(fd, IPPROTO_IP, MCAST_LEAVE_GROUP, &r, sizeof(r)),
		EADDRNOTAVAIL);
}

static void broadcast(void)
{
	static const char all[] = "127.255.255.255";
	int a = receiver("0.0.0.0", 0), port = port_of(a);
	int b = receiver("0.0.0.0", port), c = receiver("127.0.0.1", port);
	int s = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	int t = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), d;
	struct sockaddr_in to = n_addr(port);

	to.sin_addr = four(all);
	CHECK_ERRNO(send_to(s, all, port, "x"), EACCES);
	CHECK_ERRNO(n_connect(s, &to), EACCES);
	CHECK_ERRNO(n_connect(t, &to), ENETUNREACH);
	n_set(s, SOL_SOCKET, SO_BROADCAST, 1);
	d = receiver(all, port);
	CHECK_EQ(send_to(s, all, port, "b"), 1);
	CHECK_EQ(send_to(s, "127.0.0.1", port, "u"), 1);
	CHECK_EQ(next(a), 'b');
	CHECK_EQ(next(b), 'b');
	CHECK_EQ(next(d), 'b');
	CHECK_EQ(next(c), 'u');
	CHECK_OK(n_connect(s, &to));
	CHECK_EQ(send(s, "c", 1, 0), 1);
	CHECK_EQ(next(a), 'c');
}

/* Bound to a group it sends from an address of its own. */
static void from_a_group(void)
{
	int r = receiver("127.0.0.1", 0), s = receiver(group, 0);
	struct sockaddr_in from = { 0 };
	socklen_t len = sizeof(from);
	char c;

	CHECK_EQ(send_to(s, "127.0.0.1", port_of(r), "a"), 1);
	CHECK_EQ(recvfrom(r, &c, 1, 0, (void *)&from, &len), 1);
	CHECK_EQ(from.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	CHECK_EQ(from.sin_port, htons((uint16_t)port_of(s)));
}

static int six(const char *text, int port)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)port),
				  .sin6_scope_id = LO };
	int fd = (int)CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));

	n_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	CHECK_EQ(inet_pton(AF_INET6, text, &a.sin6_addr), 1);
	CHECK_OK(bind(fd, (void *)&a, sizeof(a)));
	return fd;
}

/* s has sent a g to r's group; q has not joined it. */
static void heard_six(int s, const struct sockaddr_in6 *to, int r, int q)
{
	struct sockaddr_in6 from = { 0 };
	socklen_t len = sizeof(from);
	char c;

	CHECK_EQ(recvfrom(r, &c, 1, 0, (void *)&from, &len), 1);
	CHECK_EQ(c, 'g');
	CHECK(IN6_IS_ADDR_LOOPBACK(&from.sin6_addr));
	CHECK_EQ(next(q), 'g');
	n_set(q, IPPROTO_IPV6, IPV6_MULTICAST_ALL, 0);
	CHECK_EQ(sendto(s, "h", 1, 0, (const void *)to, sizeof(*to)), 1);
	CHECK_EQ(next(r), 'h');
	CHECK_EQ(n_mask(q), POLLOUT);
}

static void of_six(void)
{
	struct ipv6_mreq m = { .ipv6mr_interface = LO };
	struct sockaddr_in6 to = { .sin6_family = AF_INET6 };
	socklen_t len = sizeof(to);
	int r = six("::", 0), s = six("::1", 0), q, u;

	CHECK_OK(getsockname(r, (void *)&to, &len));
	q = six("::", ntohs(to.sin6_port));
	u = six("::1", ntohs(to.sin6_port));
	CHECK_EQ(inet_pton(AF_INET6, "ff05::1234", &m.ipv6mr_multiaddr), 1);
	to.sin6_addr = m.ipv6mr_multiaddr;
	n_set(s, IPPROTO_IPV6, IPV6_MULTICAST_IF, LO);
	CHECK_EQ(n_option(s, IPPROTO_IPV6, IPV6_MULTICAST_IF), LO);
	CHECK_EQ(n_option(s, IPPROTO_IPV6, IPV6_MULTICAST_ALL), 1);
	CHECK_OK(setsockopt(r, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m,
			    sizeof(m)));
	CHECK_ERRNO(
		setsockopt(r, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m, sizeof(m)),
		EADDRINUSE);
	if (sendto(s, "g", 1, 0, (void *)&to, sizeof(to)) < 0)
		CHECK_EQ(errno, ENETUNREACH); /* the kernel's lo has no way */
	else
		heard_six(s, &to, r, q);
	CHECK_EQ(n_mask(u), POLLOUT);
	CHECK_OK(setsockopt(r, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &m,
			    sizeof(m)));
	CHECK_ERRNO(setsockopt(r, IPPROTO_IPV6, IPV6_DROP_MEMBERSHIP, &m,
			       sizeof(m)),
		    EADDRNOTAVAIL);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(heard);
	RUN(told_where_to);
	RUN(each_member);
	RUN(connected);
	RUN(wrong);
	RUN(by_group_req);
	RUN(broadcast);
	RUN(from_a_group);
	RUN(of_six);
	return t_done();
}
