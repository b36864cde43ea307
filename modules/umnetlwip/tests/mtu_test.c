// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mtu_test.c - packets that are too large, for a link or for one behind a router
 *
 * usage: netmtu umnetlwip-stack [TEST]
 *
 * a, r and b in a row; what is between a and r takes 1500 bytes, between r and b
 * 1300.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/errqueue.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <umview/net.h>

#include "client.h"

enum { PORT = 7000, NEAR = 1500, FAR = 1300, HEAD4 = 28, HEAD6 = 48 };

static const char *program;

struct row {
	struct stack a, r, b;
};

static void ok(struct stack *st, const char *words)
{
	int ret = stack_ip(st, words);

	if (ret < 0)
		fail_msg("%s: %s", words, strerror(-ret));
}

static void set_mtu(struct stack *st, const char *name, int mtu)
{
	struct ifreq r = { .ifr_mtu = mtu };
	struct vsock s;

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", name);
	assert_int_equal(vsock_open(st, AF_INET, SOCK_DGRAM, 0, &s), 0);
	assert_int_equal(vsock_ioctl(&s, SIOCSIFMTU, &r, sizeof(r)), 0);
	vsock_close(&s);
}

static bool answers(struct stack *st, const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, text, 0);
	struct icmphdr echo = { .type = 128 };
	struct vsock s;
	char buf[64];
	ssize_t n;

	assert_int_equal(
		vsock_open(st, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, &s), 0);
	n = vsock_sendto(&s, &addr, len, &echo, sizeof(echo));
	if (n > 0)
		n = vsock_recv(&s, NULL, buf, sizeof(buf));
	vsock_close(&s);
	return n > 0;
}

static int setup(void **state)
{
	struct row *w = calloc(1, sizeof(*w));
	char one[64], two[64];
	int n = 0;

	assert_non_null(w);
	snprintf(one, sizeof(one), "wr0=wire:mtu-one-%d;up", (int)getpid());
	snprintf(two, sizeof(two), "wr1=wire:mtu-two-%d;up", (int)getpid());
	stack_start(&w->a, program, one, (char *)NULL);
	stack_start(&w->r, program, "forward", one, two, (char *)NULL);
	stack_start(&w->b, program, two, (char *)NULL);
	set_mtu(&w->a, "wr0", NEAR);
	set_mtu(&w->r, "wr0", NEAR);
	set_mtu(&w->r, "wr1", FAR);
	set_mtu(&w->b, "wr1", FAR);
	ok(&w->a, "addr add 10.1.0.1/24 dev 2");
	ok(&w->a, "addr add 2001:db8:1::1/64 dev 2");
	ok(&w->r, "addr add 10.1.0.2/24 dev 2");
	ok(&w->r, "addr add 10.2.0.2/24 dev 3");
	ok(&w->r, "addr add 2001:db8:1::2/64 dev 2");
	ok(&w->r, "addr add 2001:db8:2::2/64 dev 3");
	for (int k = 1; k < 9; k++) {
		char words[64];

		snprintf(words, sizeof(words), "addr add 10.2.0.%d/24 dev 2",
			 10 + k);
		ok(&w->b, words);
	}
	ok(&w->b, "addr add 2001:db8:2::1/64 dev 2");
	ok(&w->a, "route add default via 10.1.0.2");
	ok(&w->b, "route add default via 10.2.0.2");
	ok(&w->a, "route add ::/0 via 2001:db8:1::2");
	ok(&w->b, "route add ::/0 via 2001:db8:2::2");
	while (!answers(&w->a, "2001:db8:2::1") && n++ < 30)
		;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct row *w = *state;

	stack_stop(&w->a);
	stack_stop(&w->r);
	stack_stop(&w->b);
	free(w);
	return 0;
}

static void set(struct vsock *s, int level, int name, int value)
{
	assert_int_equal(vsock_setopt(s, level, name, &value, sizeof(value)),
			 0);
}

static int get(struct vsock *s, int level, int name)
{
	int value = 0, ret;
	struct ask q = { .id = s->id,
			 .a = level,
			 .b = name,
			 .c = sizeof(value),
			 .fd = -1,
			 .out = &value,
			 .room = sizeof(value) };

	ret = stack_ask(s->st, ST_GETOPT, &q);
	return ret < 0 ? ret : value;
}

/* A socket of a's, connected; it sends as `how` says. */
static void sender(struct row *w, const char *to, int how, struct vsock *out)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, to, PORT);
	bool six = addr.ss_family == AF_INET6;

	assert_int_equal(vsock_open(&w->a, addr.ss_family, SOCK_DGRAM, 0, out),
			 0);
	set(out, six ? IPPROTO_IPV6 : IPPROTO_IP,
	    six ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, how);
	assert_int_equal(vsock_connect(out, &addr, len), 0);
}

static void receiver(struct stack *st, const char *any, struct vsock *out)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, any, PORT);

	assert_int_equal(vsock_open(st, addr.ss_family, SOCK_DGRAM, 0, out), 0);
	assert_int_equal(vsock_bind(out, &addr, len), 0);
}

/* So much with its heads: bytes of it, or why not. */
static ssize_t say(struct vsock *s, int whole, int head)
{
	static const char text[4096];

	return vsock_sendto(s, NULL, 0, text, (size_t)(whole - head));
}

static void comes(struct vsock *s, int whole, int head)
{
	char buf[4096];

	assert_int_equal(vsock_recv(s, NULL, buf, sizeof(buf)), whole - head);
}

static void by_link(struct row *w, const char *any, const char *to, int head)
{
	struct vsock there, s;

	receiver(&w->r, any, &there);
	sender(w, to, IP_PMTUDISC_DO, &s);
	assert_int_equal(say(&s, NEAR, head), NEAR - head);
	comes(&there, NEAR, head);
	assert_int_equal(say(&s, NEAR + 1, head), -EMSGSIZE);
	vsock_close(&s);
	sender(w, to, IP_PMTUDISC_PROBE, &s);
	assert_int_equal(say(&s, NEAR + 1, head), -EMSGSIZE);
	vsock_close(&s);
	for (int how = IP_PMTUDISC_DONT; how <= IP_PMTUDISC_WANT; how++) {
		sender(w, to, how, &s);
		assert_int_equal(say(&s, NEAR * 2, head), NEAR * 2 - head);
		comes(&there, NEAR * 2, head);
		vsock_close(&s);
	}
	vsock_close(&there);
}

static void larger_than_the_link(void **state)
{
	by_link(*state, "0.0.0.0", "10.1.0.2", HEAD4);
	by_link(*state, "::", "2001:db8:1::2", HEAD6);
}

/* What the queue of errors has of it. */
static void local_error(struct vsock *s, int level, int type)
{
	union {
		struct um_net_head head;
		char bytes[512];
	} got;
	struct ask q = {
		.id = s->id, .fd = -1, .out = &got, .room = sizeof(got)
	};
	const struct cmsghdr *c = (void *)(got.bytes + sizeof(got.head));
	struct sock_extended_err ee;

	assert_int_equal(stack_ask(s->st, ST_ERRQUEUE, &q), 0);
	assert_true(q.got >= sizeof(got.head) + CMSG_LEN(sizeof(ee)));
	assert_int_equal(q.got, sizeof(got.head) + got.head.controllen);
	assert_int_equal(c->cmsg_level, level);
	assert_int_equal(c->cmsg_type, type);
	memcpy(&ee, CMSG_DATA(c), sizeof(ee));
	assert_int_equal(ee.ee_errno, EMSGSIZE);
	assert_int_equal(ee.ee_origin, SO_EE_ORIGIN_LOCAL);
	assert_int_equal(ee.ee_info, NEAR);
	assert_int_equal(stack_ask(s->st, ST_ERRQUEUE, &q), -EAGAIN);
}

static void refused_here(void **state)
{
	struct row *w = *state;
	struct vsock s;

	sender(w, "10.1.0.2", IP_PMTUDISC_DO, &s);
	set(&s, IPPROTO_IP, IP_RECVERR, 1);
	assert_int_equal(say(&s, NEAR + 1, HEAD4), -EMSGSIZE);
	local_error(&s, IPPROTO_IP, IP_RECVERR);
	vsock_close(&s);
	sender(w, "2001:db8:1::2", IP_PMTUDISC_WANT, &s);
	set(&s, IPPROTO_IPV6, IPV6_RECVERR, 1);
	set(&s, IPPROTO_IPV6, IPV6_DONTFRAG, 1);
	assert_int_equal(say(&s, NEAR + 1, HEAD6), -EMSGSIZE);
	local_error(&s, IPPROTO_IPV6, IPV6_RECVERR);
	vsock_close(&s);
}

/* The router's word: the next call tells, and from then on it is known. */
static void learn(struct row *w, const char *any, const char *to, int head)
{
	bool six = head == HEAD6;
	int level = six ? IPPROTO_IPV6 : IPPROTO_IP;
	int option = six ? IPV6_MTU : IP_MTU;
	struct vsock there, s;
	char buf[4096];

	receiver(&w->b, any, &there);
	sender(w, to, IP_PMTUDISC_WANT, &s);
	assert_int_equal(get(&s, level, option), NEAR);
	assert_int_equal(say(&s, NEAR, head), NEAR - head);
	assert_int_equal(vsock_recv(&s, NULL, buf, sizeof(buf)), -EMSGSIZE);
	assert_int_equal(get(&s, level, option), FAR);
	(void)get(&s, SOL_SOCKET, SO_ERROR);
	assert_int_equal(say(&s, NEAR, head), NEAR - head);
	comes(&there, NEAR, head);
	vsock_close(&s);
	sender(w, to, IP_PMTUDISC_DO, &s);
	assert_int_equal(say(&s, FAR + 1, head), -EMSGSIZE);
	assert_int_equal(say(&s, FAR, head), FAR - head);
	comes(&there, FAR, head);
	vsock_close(&s);
	vsock_close(&there);
}

static void larger_than_the_way(void **state)
{
	learn(*state, "0.0.0.0", "10.2.0.11", HEAD4);
	learn(*state, "::", "2001:db8:2::1", HEAD6);
}

/* Without DF the router makes the pieces, and says nothing. */
static void does_not_ask(void **state)
{
	struct row *w = *state;
	struct vsock there, s;

	receiver(&w->b, "0.0.0.0", &there);
	sender(w, "10.2.0.12", IP_PMTUDISC_DONT, &s);
	assert_int_equal(say(&s, NEAR, HEAD4), NEAR - HEAD4);
	comes(&there, NEAR, HEAD4);
	assert_int_equal(get(&s, IPPROTO_IP, IP_MTU), NEAR);
	vsock_close(&s);
	vsock_close(&there);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(larger_than_the_link),
		cmocka_unit_test(refused_here),
		cmocka_unit_test(larger_than_the_way),
		cmocka_unit_test(does_not_ask),
	};

	signal(SIGPIPE, SIG_IGN);
	program = argc > 1 ? argv[1] : "umnetlwip-stack";
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, setup, teardown);
}
