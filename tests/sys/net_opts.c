// SPDX-License-Identifier: GPL-2.0-or-later
/* net_opts.c - socket(2)'s arguments and options of sockets */
#include "net.h"

#include <net/if.h>
#include <netinet/ip_icmp.h>

static void arguments(void)
{
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP), EPROTONOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP), EPROTONOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, 9, 0), ESOCKTNOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, SOCK_SEQPACKET, 0), ESOCKTNOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, 77, 0), EINVAL);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM | 0x1000, 0), EINVAL);
	CHECK_ERRNO(socket(99, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERRNO(socket(-1, SOCK_STREAM, 0), EAFNOSUPPORT);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, -1), EINVAL);
	CHECK_ERRNO(socket(AF_INET, SOCK_STREAM, 1000), EINVAL);
	CHECK_OK(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP));
	CHECK_OK(socket(AF_INET6, SOCK_DGRAM, IPPROTO_UDP));
}

static void identity(void)
{
	static const struct {
		int domain, type, protocol;
	} rows[] = { { AF_INET, SOCK_STREAM, IPPROTO_TCP },
		     { AF_INET, SOCK_DGRAM, IPPROTO_UDP },
		     { AF_INET6, SOCK_STREAM, IPPROTO_TCP },
		     { AF_INET6, SOCK_DGRAM, IPPROTO_UDP },
		     { AF_NETLINK, SOCK_RAW, 0 } };

	for (size_t i = 0; i < T_COUNT(rows); i++) {
		int fd = (int)CHECK_OK(socket(rows[i].domain, rows[i].type, 0));
		struct stat st;

		CHECK_EQ(n_option(fd, SOL_SOCKET, SO_DOMAIN), rows[i].domain);
		CHECK_EQ(n_option(fd, SOL_SOCKET, SO_TYPE), rows[i].type);
		CHECK_EQ(n_option(fd, SOL_SOCKET, SO_PROTOCOL),
			 rows[i].protocol);
		CHECK_OK(fstat(fd, &st));
		CHECK(S_ISSOCK(st.st_mode));
		close(fd);
	}
}

static void set_and_got(void)
{
	static const struct {
		int type, level, name, set, want;
	} rows[] = {
		{ SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, 1, 1 },
		{ SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, 0, 0 },
		{ SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR, 7, 1 },
		{ SOCK_STREAM, SOL_SOCKET, SO_REUSEPORT, 1, 1 },
		{ SOCK_STREAM, SOL_SOCKET, SO_KEEPALIVE, 1, 1 },
		{ SOCK_DGRAM, SOL_SOCKET, SO_BROADCAST, 1, 1 },
		{ SOCK_STREAM, SOL_SOCKET, SO_OOBINLINE, 1, 1 },
		{ SOCK_STREAM, SOL_SOCKET, SO_SNDBUF, 20000, 40000 },
		{ SOCK_STREAM, SOL_SOCKET, SO_RCVBUF, 20000, 40000 },
		{ SOCK_STREAM, SOL_SOCKET, SO_PRIORITY, 3, 3 },
		{ SOCK_STREAM, SOL_SOCKET, SO_RCVLOWAT, 5, 5 },
		{ SOCK_DGRAM, SOL_SOCKET, SO_TIMESTAMP, 1, 1 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_NODELAY, 1, 1 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_KEEPIDLE, 33, 33 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_KEEPINTVL, 7, 7 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_KEEPCNT, 4, 4 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_CORK, 1, 1 },
		{ SOCK_STREAM, IPPROTO_TCP, TCP_USER_TIMEOUT, 5000, 5000 },
		{ SOCK_STREAM, IPPROTO_IP, IP_TTL, 9, 9 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_TOS, 0x10, 0x10 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_MULTICAST_TTL, 4, 4 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_MULTICAST_LOOP, 0, 0 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_RECVERR, 1, 1 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_PKTINFO, 1, 1 },
		{ SOCK_DGRAM, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO,
		  IP_PMTUDISC_DO },
	};

	for (size_t i = 0; i < T_COUNT(rows); i++) {
		int fd = (int)CHECK_OK(socket(AF_INET, rows[i].type, 0));

		n_set(fd, rows[i].level, rows[i].name, rows[i].set);
		if (n_option(fd, rows[i].level, rows[i].name) != rows[i].want)
			t_note("row %zu", i);
		CHECK_EQ(n_option(fd, rows[i].level, rows[i].name),
			 rows[i].want);
		close(fd);
	}
}

static void refused(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), v = 1;
	int udp = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	socklen_t len = sizeof(v);

	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &v, 2), EINVAL);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, T_BAD_PTR, 4),
		    EFAULT);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, 9999, &v, 4), ENOPROTOOPT);
	CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, 9999, &v, &len), ENOPROTOOPT);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_TYPE, &v, 4), ENOPROTOOPT);
	CHECK_ERRNO(setsockopt(fd, IPPROTO_TCP, 9999, &v, 4), ENOPROTOOPT);
	CHECK_ERRNO(setsockopt(udp, IPPROTO_TCP, TCP_NODELAY, &v, 4),
		    ENOPROTOOPT);
	CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, T_BAD_PTR, &len),
		    EFAULT);
	len = (socklen_t)-1;
	CHECK_ERRNO(getsockopt(fd, SOL_SOCKET, SO_TYPE, &v, &len), EINVAL);
	v = 256;
	CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_TTL, &v, 4), EINVAL);
	v = 0;
	CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_TTL, &v, 4), EINVAL);
	CHECK_ERRNO(setsockopt(-1, SOL_SOCKET, SO_REUSEADDR, &v, 4), EBADF);
	CHECK_ERRNO(setsockopt(0, SOL_SOCKET, SO_REUSEADDR, &v, 4), ENOTSOCK);
}

/* What is asked for with less room is cut. */
static void little_room(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	char c = 77;
	socklen_t len = 1;

	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &c, &len));
	CHECK_EQ(len, 1);
	CHECK_EQ(c, SOCK_STREAM);
	len = 0;
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &c, &len));
	CHECK_EQ(len, 0);
}

static void linger_and_times(void)
{
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	struct linger l = { 1, 5 }, got = { 0 };
	struct timeval t = { 2, 500000 }, back = { 0 };
	socklen_t len = sizeof(got);

	CHECK_OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)));
	CHECK_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &len));
	CHECK_EQ(got.l_onoff, 1);
	CHECK_EQ(got.l_linger, 5);
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4), EINVAL);
	for (int i = 0; i < 2; i++) {
		int name = i ? SO_SNDTIMEO : SO_RCVTIMEO;

		CHECK_OK(setsockopt(fd, SOL_SOCKET, name, &t, sizeof(t)));
		len = sizeof(back);
		CHECK_OK(getsockopt(fd, SOL_SOCKET, name, &back, &len));
		CHECK_EQ(back.tv_sec, 2);
		CHECK_EQ(back.tv_usec, 500000);
	}
	t.tv_usec = 1000000;
	CHECK_ERRNO(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)),
		    EDOM);
}

static void receive_timeout(void)
{
	struct timeval t = { .tv_usec = 50000 };
	int a, b;
	char c;

	n_pair(&a, &b);
	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)));
	CHECK_ERRNO(read(a, &c, 1), EAGAIN);
	CHECK_ERRNO(recv(a, &c, 1, 0), EAGAIN);
}

static void info(void)
{
	struct tcp_info i;
	socklen_t len = sizeof(i);
	char name[16] = "";
	int a, b;

	n_pair(&a, &b);
	memset(&i, 0, sizeof(i));
	CHECK_OK(getsockopt(a, IPPROTO_TCP, TCP_INFO, &i, &len));
	CHECK(len >= 104);
	CHECK_EQ(i.tcpi_state, TCP_ESTABLISHED);
	CHECK(i.tcpi_snd_mss > 500);
	CHECK(n_option(a, IPPROTO_TCP, TCP_MAXSEG) > 500);
	len = sizeof(name);
	CHECK_OK(getsockopt(a, IPPROTO_TCP, TCP_CONGESTION, name, &len));
	CHECK(name[0]);
}

static void interfaces(void)
{
	struct if_nameindex *all = if_nameindex();
	struct ifreq r = { .ifr_name = "lo" };
	int fd = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	char buf[1024], name[IF_NAMESIZE];
	struct ifconf conf = { .ifc_len = sizeof(buf), .ifc_buf = buf };

	CHECK(all && !strcmp(all[0].if_name, "lo"));
	if_freenameindex(all);
	CHECK_EQ(if_nametoindex("lo"), 1);
	CHECK(if_indextoname(1, name) && !strcmp(name, "lo"));
	CHECK_EQ(if_nametoindex("nosuch0"), 0);
	CHECK_EQ(errno, ENODEV);
	CHECK_OK(ioctl(fd, SIOCGIFFLAGS, &r));
	CHECK(r.ifr_flags & IFF_LOOPBACK);
	CHECK(r.ifr_flags & IFF_UP);
	CHECK_OK(ioctl(fd, SIOCGIFMTU, &r));
	CHECK_EQ(r.ifr_mtu, 65536);
	CHECK_OK(ioctl(fd, SIOCGIFADDR, &r));
	CHECK_EQ(((struct sockaddr_in *)&r.ifr_addr)->sin_addr.s_addr,
		 htonl(INADDR_LOOPBACK));
	CHECK_OK(ioctl(fd, SIOCGIFCONF, &conf));
	CHECK(conf.ifc_len >= (int)sizeof(struct ifreq));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "nosuch0");
	CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, &r), ENODEV);
	CHECK_ERRNO(ioctl(fd, SIOCGIFFLAGS, T_BAD_PTR), EFAULT);
}

static int conf_len(int fd, char *buf, int room)
{
	struct ifconf conf = { .ifc_len = room, .ifc_buf = buf };

	memset(buf, 0, (size_t)room);
	CHECK_OK(ioctl(fd, SIOCGIFCONF, &conf));
	return conf.ifc_len;
}

/* Interfaces are asked of any socket; addresses of their own family's only. */
static void asked_of_others(void)
{
	char buf[2][1024];
	struct ifreq r = { .ifr_name = "lo" };
	int in = (int)CHECK_OK(socket(AF_INET, SOCK_DGRAM, 0));
	int un = (int)CHECK_OK(socket(AF_UNIX, SOCK_DGRAM, 0));
	int len = conf_len(in, buf[0], sizeof(buf[0]));

	CHECK_OK(ioctl(un, SIOCGIFINDEX, &r));
	CHECK_EQ(r.ifr_ifindex, 1);
	CHECK_OK(ioctl(un, SIOCGIFNAME, &r));
	CHECK_STR(r.ifr_name, "lo");
	CHECK_EQ(conf_len(un, buf[1], sizeof(buf[1])), len);
	CHECK_MEM(buf[1], buf[0], (size_t)len);
	CHECK_ERRNO(ioctl(un, SIOCGIFADDR, &r), ENOTTY);
	CHECK_ERRNO(ioctl(un, SIOCGIFINDEX, T_BAD_PTR), EFAULT);
	/* what netlink does not tell is not there */
	for (int i = 1; i < 64; i++) {
		char name[IF_NAMESIZE];
		struct if_nameindex *all = if_nameindex();
		bool found = false;

		for (size_t n = 0; all && all[n].if_index; n++)
			found |= all[n].if_index == (unsigned int)i;
		CHECK_EQ(!!if_indextoname((unsigned int)i, name), found);
		if_freenameindex(all);
	}
	close(in);
	close(un);
}

/* The interface that IPV6_PKTINFO sets for all that is sent. */
static void sticky_interface(void)
{
	struct sockaddr_in6 name = { .sin6_family = AF_INET6,
				     .sin6_addr = in6addr_loopback };
	struct in6_pktinfo pkt = { .ipi6_ifindex = 1 };
	socklen_t len = sizeof(name);
	int a = (int)CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	int b = (int)CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	char c = 0;

	CHECK_OK(bind(b, (void *)&name, sizeof(name)));
	CHECK_OK(getsockname(b, (void *)&name, &len));
	CHECK_ERRNO(setsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &pkt,
			       sizeof(pkt) - 1),
		    EINVAL);
	CHECK_OK(setsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &pkt, sizeof(pkt)));
	CHECK_EQ(sendto(a, "x", 1, 0, (void *)&name, sizeof(name)), 1);
	CHECK_EQ(read(b, &c, 1), 1);
	CHECK_EQ(c, 'x');
	CHECK_OK(setsockopt(a, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	pkt.ipi6_ifindex = 2;
	CHECK_ERRNO(
		setsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &pkt, sizeof(pkt)),
		EINVAL);
	len = sizeof(pkt);
	CHECK_ERRNO(getsockopt(a, IPPROTO_IPV6, IPV6_PKTINFO, &pkt, &len),
		    ENOPROTOOPT);
	close(a);
	close(b);
}

static void inherited(void)
{
	static const struct {
		int level, name, value;
	} rows[] = { { SOL_SOCKET, SO_KEEPALIVE, 1 },
		     { IPPROTO_TCP, TCP_NODELAY, 1 },
		     { IPPROTO_TCP, TCP_KEEPIDLE, 55 },
		     { IPPROTO_TCP, TCP_KEEPINTVL, 6 },
		     { IPPROTO_TCP, TCP_KEEPCNT, 3 } };
	struct sockaddr_in name = { .sin_family = AF_INET,
				    .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(name);
	int l = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0));
	int c = (int)CHECK_OK(socket(AF_INET, SOCK_STREAM, 0)), s;

	CHECK_OK(bind(l, (void *)&name, sizeof(name)));
	CHECK_OK(listen(l, 1));
	for (size_t i = 0; i < T_COUNT(rows); i++) {
		CHECK_OK(setsockopt(l, rows[i].level, rows[i].name,
				    &rows[i].value, sizeof(int)));
		CHECK_EQ(n_option(l, rows[i].level, rows[i].name),
			 rows[i].value);
	}
	CHECK_OK(getsockname(l, (void *)&name, &len));
	CHECK_OK(connect(c, (void *)&name, sizeof(name)));
	s = (int)CHECK_OK(accept(l, NULL, NULL));
	for (size_t i = 0; i < T_COUNT(rows); i++)
		CHECK_EQ(n_option(s, rows[i].level, rows[i].name),
			 rows[i].value);
	CHECK_EQ(n_option(c, IPPROTO_TCP, TCP_NODELAY), 0);
	close(s);
	close(c);
	close(l);
}

static void mtu_of_the_way(void)
{
	static const int wrong[] = { -1, IP_PMTUDISC_OMIT + 1 };
	struct sockaddr_in name;
	socklen_t len = sizeof(int);
	int fd = n_udp(&name), value;

	for (size_t i = 0; i < T_COUNT(wrong); i++)
		CHECK_ERRNO(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER,
				       &wrong[i], sizeof(wrong[i])),
			    EINVAL);
	for (int how = IP_PMTUDISC_DONT; how <= IP_PMTUDISC_OMIT; how++) {
		n_set(fd, IPPROTO_IP, IP_MTU_DISCOVER, how);
		CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MTU_DISCOVER), how);
	}
	CHECK_ERRNO(getsockopt(fd, IPPROTO_IP, IP_MTU, &value, &len), ENOTCONN);
	CHECK_OK(n_connect(fd, &name));
	CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MTU), 65535);
	/* of the other family it is another one */
	fd = (int)CHECK_OK(socket(AF_INET6, SOCK_DGRAM, 0));
	n_set(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO);
	CHECK_EQ(n_option(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER),
		 IPV6_PMTUDISC_DO);
	CHECK_EQ(n_option(fd, IPPROTO_IP, IP_MTU_DISCOVER), IP_PMTUDISC_WANT);
	n_set(fd, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	CHECK_EQ(n_option(fd, IPPROTO_IPV6, IPV6_DONTFRAG), 1);
}

int main(int argc, char **argv)
{
	t_init(argc, argv);
	RUN(arguments);
	RUN(identity);
	RUN(set_and_got);
	RUN(refused);
	RUN(little_room);
	RUN(linger_and_times);
	RUN(receive_timeout);
	RUN(info);
	RUN(inherited);
	RUN(interfaces);
	RUN(asked_of_others);
	RUN(sticky_interface);
	RUN(mtu_of_the_way);
	return t_done();
}
