// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * stack_test.c - stack processes, spoken to as the module does
 *
 * usage: stack_test PROGRAM [TEST]
 *
 * One stack over lo, two over a private wire or a switch, three as a router and
 * two hosts, one behind slirp with the host itself as the peer.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client.h"

enum { BULK = 8 << 20, PORT = 7000 };

static const char *program;

static void ok(struct stack *st, const char *words)
{
	int ret = stack_ip(st, words);

	if (ret < 0)
		fail_msg("%s: %s", words, strerror(-ret));
}

/* What byte n of a stream is. */
static uint8_t pattern(size_t n)
{
	return (uint8_t)(n ^ n >> 8 ^ n >> 16);
}

static void bulk_write(int fd, size_t *at, size_t total)
{
	static uint8_t buf[65536];
	size_t n = total - *at < sizeof(buf) ? total - *at : sizeof(buf);
	ssize_t done;

	for (size_t k = 0; k < sizeof(buf); k++)
		buf[k] = pattern(*at + k);
	done = send(fd, buf, n, MSG_DONTWAIT | MSG_NOSIGNAL);
	assert_true(done >= 0 || errno == EAGAIN);
	*at += done > 0 ? (size_t)done : 0;
}

static void bulk_read(int fd, size_t *at)
{
	static uint8_t buf[65536];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && errno == EAGAIN)
		return;
	assert_true(n > 0);
	for (ssize_t k = 0; k < n; k++)
		assert_int_equal(buf[k], pattern(*at + (size_t)k));
	*at += (size_t)n;
}

/* So many bytes from one end of a connection to the other, and its end. */
static void bulk(int from, int to, size_t total)
{
	size_t sent = 0, got = 0;
	uint8_t byte;

	while (got < total) {
		struct pollfd p[2] = {
			{ .fd = sent < total ? from : -1, .events = POLLOUT },
			{ .fd = to, .events = POLLIN },
		};

		assert_true(poll(p, 2, 20000) > 0);
		if (p[0].revents)
			bulk_write(from, &sent, total);
		if (p[1].revents)
			bulk_read(to, &got);
	}
	assert_int_equal(shutdown(from, SHUT_WR), 0);
	assert_int_equal(read(to, &byte, 1), 0);
}

/* A connection from a to b's address, both ways, then closed. */
static void tcp_works(struct stack *a, struct stack *b, const char *text,
		      size_t total)
{
	struct vsock l, c, s;
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, text, PORT);
	int one = 1, domain = addr.ss_family;

	assert_int_equal(vsock_open(b, domain, SOCK_STREAM, 0, &l), 0);
	assert_int_equal(vsock_setopt(&l, SOL_SOCKET, SO_REUSEADDR, &one, 4),
			 0);
	assert_int_equal(vsock_bind(&l, &addr, len), 0);
	assert_int_equal(vsock_listen(&l, 5), 0);
	assert_int_equal(vsock_open(a, domain, SOCK_STREAM, 0, &c), 0);
	assert_int_equal(vsock_connect(&c, &addr, len), 0);
	assert_int_equal(vsock_accept(&l, &s), 0);
	bulk(c.fd, s.fd, total);
	bulk(s.fd, c.fd, total);
	vsock_close(&c);
	vsock_close(&s);
	vsock_close(&l);
	/* Nobody is there any more. */
	assert_int_equal(vsock_open(a, domain, SOCK_STREAM, 0, &c), 0);
	vsock_close(&c);
}

static void udp_works(struct stack *a, struct stack *b, const char *text)
{
	struct vsock c, s;
	struct sockaddr_storage addr, from;
	socklen_t len = address(&addr, text, PORT);
	char buf[64];

	assert_int_equal(vsock_open(b, addr.ss_family, SOCK_DGRAM, 0, &s), 0);
	assert_int_equal(vsock_bind(&s, &addr, len), 0);
	assert_int_equal(vsock_open(a, addr.ss_family, SOCK_DGRAM, 0, &c), 0);
	assert_int_equal(vsock_sendto(&c, &addr, len, "question", 8), 8);
	assert_int_equal(vsock_recv(&s, &from, buf, sizeof(buf)), 8);
	assert_memory_equal(buf, "question", 8);
	assert_int_equal(vsock_sendto(&s, &from, len, "answer", 6), 6);
	assert_int_equal(vsock_recv(&c, &from, buf, sizeof(buf)), 6);
	assert_memory_equal(&from, &addr, 8);
	vsock_close(&c);
	vsock_close(&s);
}

/* 0, or why not: no answer within a second. */
static int ping(struct stack *st, const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, text, 0);
	bool six = addr.ss_family == AF_INET6;
	struct icmphdr echo = { .type = six ? 128 : ICMP_ECHO,
				.un.echo.sequence = htons(1) };
	uint8_t buf[256];
	struct vsock s;
	ssize_t n;

	assert_int_equal(vsock_open(st, addr.ss_family, SOCK_DGRAM,
				    six ? IPPROTO_ICMPV6 : IPPROTO_ICMP, &s),
			 0);
	n = vsock_sendto(&s, &addr, len, &echo, sizeof(echo));
	if (n > 0)
		n = vsock_recv(&s, NULL, buf, sizeof(buf));
	vsock_close(&s);
	if (n > 0)
		assert_int_equal(buf[0], six ? 129 : ICMP_ECHOREPLY);
	return n > 0 ? 0 : (int)n;
}

static void lo(void **state)
{
	struct stack st;
	char text[4096];

	(void)state;
	stack_start(&st, program, (char *)NULL);
	tcp_works(&st, &st, "127.0.0.1", BULK);
	tcp_works(&st, &st, "127.0.0.2", 1000);
	tcp_works(&st, &st, "::1", BULK);
	udp_works(&st, &st, "127.0.0.1");
	udp_works(&st, &st, "127.3.2.1");
	udp_works(&st, &st, "::1");
	assert_int_equal(ping(&st, "127.0.0.1"), 0);
	assert_int_equal(ping(&st, "127.255.0.9"), 0);
	assert_int_equal(ping(&st, "::1"), 0);
	assert_int_equal(ping(&st, "10.0.0.1"), -ENETUNREACH);
	assert_true(stack_file(&st, "/proc/net/dev", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "lo:"));
	stack_stop(&st);
}

/* ---- two stacks ---- */

static void configure(struct stack *a, struct stack *b)
{
	ok(a, "link set 2 up");
	ok(b, "link set 2 up");
	ok(a, "addr add 10.1.0.1/24 dev 2");
	ok(b, "addr add 10.1.0.2/24 dev 2");
	ok(b, "addr add 10.1.0.3/24 dev 2");
	ok(b, "addr add 10.2.0.1/24 dev 2");
	ok(a, "addr add 2001:db8::1/64 dev 2");
	ok(b, "addr add 2001:db8::2/64 dev 2");
	ok(a, "route add 10.2.0.0/24 via 10.1.0.3");
}

static void pair_works(struct stack *a, struct stack *b, size_t total)
{
	assert_int_equal(ping(a, "10.1.0.2"), 0);
	assert_int_equal(ping(a, "10.1.0.3"), 0);
	assert_int_equal(ping(a, "10.2.0.1"), 0);
	assert_int_equal(ping(a, "2001:db8::2"), 0);
	udp_works(a, b, "10.1.0.3");
	udp_works(a, b, "2001:db8::2");
	tcp_works(a, b, "10.1.0.2", total);
	tcp_works(b, a, "10.1.0.1", total);
	tcp_works(a, b, "10.2.0.1", 5000);
	tcp_works(a, b, "2001:db8::2", total);
}

/* A frame with an UDP packet; no checksums, as on a wire. */
static size_t udp_frame(uint8_t *f, const uint8_t mac[6], const char *from,
			const char *to)
{
	static const uint8_t rest[] = { 0x08, 0, 0x45, 0,  0,  32, 0,
					0,    0, 0,    64, 17, 0,  0 };
	static const uint8_t text[] = { 'e', 'v', 'i', 'l' };

	memset(f, 0, 60);
	memcpy(f, mac, 6);
	memset(f + 6, 2, 6);
	memcpy(f + 12, rest, sizeof(rest));
	inet_pton(AF_INET, from, f + 26);
	inet_pton(AF_INET, to, f + 30);
	f[34] = f[36] = PORT >> 8;
	f[35] = f[37] = PORT & 0xff;
	f[39] = 12;
	memcpy(f + 42, text, sizeof(text));
	return 60;
}

static void get_mac(struct stack *st, uint8_t mac[6])
{
	struct ifreq r = { .ifr_ifindex = 2 };
	struct vsock s;

	assert_int_equal(vsock_open(st, AF_INET, SOCK_DGRAM, 0, &s), 0);
	assert_int_equal(vsock_ioctl(&s, SIOCGIFNAME, &r, sizeof(r)), 0);
	assert_int_equal(vsock_ioctl(&s, SIOCGIFHWADDR, &r, sizeof(r)), 0);
	memcpy(mac, r.ifr_hwaddr.sa_data, 6);
	vsock_close(&s);
}

/* What has loopback's addresses, or is for another, is not taken. */
static void outside_is_outside(struct stack *a, struct stack *b)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_ifindex = 2 };
	struct sockaddr_storage any;
	socklen_t len = address(&any, "0.0.0.0", PORT);
	uint8_t frame[64], mac[6], other[6] = { 2, 9, 9, 9, 9, 9 };
	struct vsock p, u, seen;
	size_t n;

	get_mac(b, mac);
	assert_int_equal(vsock_open(a, AF_PACKET, SOCK_RAW, 0, &p), 0);
	assert_int_equal(
		vsock_open(b, AF_PACKET, SOCK_RAW, htons(ETH_P_IP), &seen), 0);
	assert_int_equal(vsock_open(b, AF_INET, SOCK_DGRAM, 0, &u), 0);
	assert_int_equal(vsock_bind(&u, &any, len), 0);
	n = udp_frame(frame, mac, "10.1.0.1", "127.0.0.1");
	assert_int_equal(vsock_sendto(&p, &ll, sizeof(ll), frame, n), n);
	n = udp_frame(frame, mac, "127.0.0.1", "10.1.0.2");
	assert_int_equal(vsock_sendto(&p, &ll, sizeof(ll), frame, n), n);
	n = udp_frame(frame, other, "10.1.0.1", "10.1.0.2");
	assert_int_equal(vsock_sendto(&p, &ll, sizeof(ll), frame, n), n);
	n = udp_frame(frame, mac, "10.1.0.77", "10.1.0.2");
	assert_int_equal(vsock_sendto(&p, &ll, sizeof(ll), frame, n), n);
	/* all four were seen, the last was taken */
	for (int k = 0; k < 4; k++)
		assert_int_equal(vsock_recv(&seen, NULL, frame, 64), 60);
	assert_int_equal(vsock_recv(&u, &any, frame, 64), 4);
	assert_int_equal(((struct sockaddr_in *)(void *)&any)->sin_addr.s_addr,
			 inet_addr("10.1.0.77"));
	assert_int_equal(recv(u.fd, frame, 1, MSG_DONTWAIT), -1);
	vsock_close(&p);
	vsock_close(&seen);
	vsock_close(&u);
}

static void wire(void **state)
{
	struct stack a, b;
	char spec[64];

	(void)state;
	snprintf(spec, sizeof(spec), "wr0=wire:test-%d", (int)getpid());
	stack_start(&a, program, spec, (char *)NULL);
	stack_start(&b, program, spec, (char *)NULL);
	configure(&a, &b);
	pair_works(&a, &b, BULK);
	outside_is_outside(&a, &b);
	/* The other end goes, and comes again. */
	stack_stop(&b);
	stack_start(&b, program, spec, (char *)NULL);
	ok(&b, "link set 2 up");
	ok(&b, "addr add 10.1.0.2/24 dev 2");
	for (int n = 0; n < 10 && ping(&a, "10.1.0.2") < 0; n++)
		;
	assert_int_equal(ping(&a, "10.1.0.2"), 0);
	stack_stop(&a);
	stack_stop(&b);
}

static void routes(void **state)
{
	struct stack st;

	(void)state;
	stack_start(&st, program, "d0=dummy;up", (char *)NULL);
	ok(&st, "addr add 10.1.0.1/24 dev 2");
	assert_int_equal(stack_ip(&st, "addr add 10.1.0.1/24 dev 2"), -EEXIST);
	ok(&st, "route add 10.9.0.0/16 via 10.1.0.2");
	assert_int_equal(stack_ip(&st, "route add 10.9.0.0/16 via 10.1.0.3"),
			 -EEXIST);
	ok(&st, "route add 10.9.0.0/16 via 10.1.0.3 metric 5");
	ok(&st, "route append 10.9.0.0/16 via 10.1.0.4");
	assert_int_equal(stack_ip(&st, "route append 10.9.0.0/16 via 10.1.0.4"),
			 -EEXIST);
	ok(&st, "route replace 10.9.0.0/16 via 10.1.0.5");
	ok(&st, "route del 10.9.0.0/16 via 10.1.0.5");
	assert_int_equal(stack_ip(&st, "route del 10.9.0.0/16 via 10.1.0.5"),
			 -ESRCH);
	assert_int_equal(stack_ip(&st, "route change 10.8.0.0/16 via 10.1.0.5"),
			 -ENOENT);
	assert_int_equal(stack_ip(&st, "route add 10.8.0.0/16 via 10.7.0.1"),
			 -ENETUNREACH);
	ok(&st, "route add unreachable 10.6.0.0/16");
	ok(&st, "route add blackhole 10.5.0.0/16");
	ok(&st, "route add prohibit 10.4.0.0/16");
	assert_int_equal(ping(&st, "10.6.0.1"), -EHOSTUNREACH);
	assert_int_equal(ping(&st, "10.5.0.1"), -EINVAL);
	assert_int_equal(ping(&st, "10.4.0.1"), -EACCES);
	assert_int_equal(ping(&st, "10.3.0.1"), -ENETUNREACH);
	ok(&st, "route add default via 10.1.0.2");
	assert_int_equal(ping(&st, "10.3.0.1"), -ETIMEDOUT);
	stack_stop(&st);
}

/* ---- a router ---- */

static void router(void **state)
{
	struct stack a, r, b;
	char one[64], two[64], text[64];

	(void)state;
	snprintf(one, sizeof(one), "wr0=wire:one-%d;up", (int)getpid());
	snprintf(two, sizeof(two), "wr1=wire:two-%d;up", (int)getpid());
	stack_start(&a, program, one, (char *)NULL);
	stack_start(&r, program, one, two, (char *)NULL);
	stack_start(&b, program, two, (char *)NULL);
	ok(&a, "addr add 10.1.0.1/24 dev 2");
	ok(&a, "route add default via 10.1.0.2");
	ok(&r, "addr add 10.1.0.2/24 dev 2");
	ok(&r, "addr add 10.2.0.2/24 dev 3");
	ok(&b, "addr add 10.2.0.1/24 dev 2");
	ok(&b, "route add default via 10.2.0.2");
	assert_int_equal(ping(&a, "10.2.0.1"), -ETIMEDOUT);
	stack_file(&r, "/proc/sys/net/ipv4/ip_forward", text, sizeof(text));
	assert_string_equal(text, "0\n");
	stack_stop(&r);
	stack_start(&r, program, "forward", one, two, (char *)NULL);
	ok(&r, "addr add 10.1.0.2/24 dev 2");
	ok(&r, "addr add 10.2.0.2/24 dev 3");
	stack_file(&r, "/proc/sys/net/ipv4/ip_forward", text, sizeof(text));
	assert_string_equal(text, "1\n");
	for (int n = 0; n < 10 && ping(&a, "10.2.0.1") < 0; n++)
		;
	tcp_works(&a, &b, "10.2.0.1", BULK);
	stack_stop(&a);
	stack_stop(&r);
	stack_stop(&b);
}

/* With two links of one net, the one that was chosen is taken. */
static void bound_to_device(void **state)
{
	struct sockaddr_storage addr;
	struct stack a, b;
	struct vsock l, c, s;
	socklen_t len = address(&addr, "10.1.0.2", PORT);
	char one[64];

	(void)state;
	snprintf(one, sizeof(one), "wr0=wire:dev-%d;up", (int)getpid());
	stack_start(&a, program, "d0=dummy;up", one, (char *)NULL);
	stack_start(&b, program, one, (char *)NULL);
	ok(&a, "addr add 10.1.0.1/24 dev 2");
	ok(&a, "addr add 10.1.0.9/24 dev 3");
	ok(&b, "addr add 10.1.0.2/24 dev 2");
	assert_int_equal(vsock_open(&b, AF_INET, SOCK_STREAM, 0, &l), 0);
	assert_int_equal(vsock_bind(&l, &addr, len), 0);
	assert_int_equal(vsock_listen(&l, 5), 0);
	assert_int_equal(vsock_open(&a, AF_INET, SOCK_STREAM, 0, &c), 0);
	assert_int_equal(
		vsock_setopt(&c, SOL_SOCKET, SO_BINDTODEVICE, "none", 5),
		-ENODEV);
	assert_int_equal(
		vsock_setopt(&c, SOL_SOCKET, SO_BINDTODEVICE, "wr0", 4), 0);
	assert_int_equal(vsock_connect(&c, &addr, len), 0);
	assert_int_equal(vsock_accept(&l, &s), 0);
	bulk(c.fd, s.fd, 100000);
	stack_stop(&a);
	stack_stop(&b);
}

/* ---- the host by slirp, a switch ---- */

static int host_listener(int *port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (void *)&in, &len), 0);
	*port = ntohs(in.sin_port);
	return fd;
}

static void wait_for_dhcp(struct stack *st)
{
	char text[8192] = "";

	for (int n = 0; n < 100 && !strstr(text, "0202000A"); n++) {
		usleep(100000);
		stack_file(st, "/proc/net/route", text, sizeof(text));
	}
	assert_non_null(strstr(text, "0202000A"));
}

static void slirp(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_storage addr;
	int port, forwarded, listener = host_listener(&port), fd;
	struct vsock c, l, s;
	struct stack st;
	char spec[64];

	(void)state;
	close(host_listener(&forwarded)); /* a port that is free */
	snprintf(spec, sizeof(spec), "sl0=slirp:tcp:%d:%d;dhcp;up", forwarded,
		 PORT);
	stack_start(&st, program, spec, (char *)NULL);
	wait_for_dhcp(&st);
	assert_int_equal(ping(&st, "10.0.2.2"), 0);
	assert_int_equal(vsock_open(&st, AF_INET, SOCK_STREAM, 0, &c), 0);
	assert_int_equal(
		vsock_connect(&c, &addr, address(&addr, "10.0.2.2", port)), 0);
	fd = accept(listener, NULL, NULL);
	bulk(c.fd, fd, BULK);
	bulk(fd, c.fd, BULK);
	close(fd);
	vsock_close(&c);
	/* into the stack */
	assert_int_equal(vsock_open(&st, AF_INET, SOCK_STREAM, 0, &l), 0);
	assert_int_equal(vsock_bind(&l, &addr, address(&addr, "0.0.0.0", PORT)),
			 0);
	assert_int_equal(vsock_listen(&l, 5), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	in.sin_port = htons((uint16_t)forwarded);
	assert_int_equal(connect(fd, (void *)&in, sizeof(in)), 0);
	assert_int_equal(vsock_accept(&l, &s), 0);
	bulk(fd, s.fd, BULK);
	bulk(s.fd, fd, BULK);
	close(fd);
	close(listener);
	stack_stop(&st);
}

static pid_t start_switch(const char *dir)
{
	char ctl[128];
	int input[2]; /* it ends where that ends */
	pid_t pid;

	assert_int_equal(pipe2(input, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(input[0], 0);
		dup2(null, 1);
		dup2(null, 2);
		execlp("vde_switch", "vde_switch", "-x", "-s", dir, "-m", "666",
		       NULL);
		_exit(127);
	}
	close(input[0]);
	snprintf(ctl, sizeof(ctl), "%s/ctl", dir);
	for (int n = 0; n < 100 && access(ctl, F_OK) < 0; n++)
		usleep(50000);
	return access(ctl, F_OK) < 0 ? 0 : pid;
}

static void vde(void **state)
{
	char dir[] = "/tmp/stack_test.XXXXXX", sw[64], spec[128];
	const char *sanitize = getenv("UM_SANITIZE");
	struct stack a, b;
	pid_t pid;

	(void)state;
	if (sanitize && *sanitize) {
		printf("skip: libvdeplug loads its plug-ins as sanitizers cannot have it\n");
		skip();
	}
	assert_non_null(mkdtemp(dir));
	snprintf(sw, sizeof(sw), "%s/sw", dir);
	pid = start_switch(sw);
	if (!pid) {
		printf("skip: vde_switch is not installed\n");
		rmdir(dir);
		skip();
	}
	snprintf(spec, sizeof(spec), "vd0=vde:vde://%s", sw);
	stack_start(&a, program, spec, (char *)NULL);
	stack_start(&b, program, spec, (char *)NULL);
	configure(&a, &b);
	pair_works(&a, &b, BULK / 4);
	stack_stop(&a);
	stack_stop(&b);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	rmdir(sw);
	rmdir(dir);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lo),	  cmocka_unit_test(routes),
		cmocka_unit_test(wire),	  cmocka_unit_test(bound_to_device),
		cmocka_unit_test(router), cmocka_unit_test(slirp),
		cmocka_unit_test(vde),
	};

	signal(SIGPIPE, SIG_IGN);
	program = argc > 1 ? argv[1] : "umnetlwip-stack";
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
