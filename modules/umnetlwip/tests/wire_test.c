// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wire_test.c - two stacks at the ends of a wire: many connections, groups
 *
 * usage: netwire umnetlwip-stack [TEST]
 */
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client.h"

enum { PORT = 7000, DIALS = 1500, WR0 = 2, REST_TRIES = 30 };

static const char *program;

struct pair {
	struct stack a, b; /* 10.1.0.1, 10.1.0.2 */
};

static void ok(struct stack *st, const char *words)
{
	int ret = stack_ip(st, words);

	if (ret < 0)
		fail_msg("%s: %s", words, strerror(-ret));
}

/* Until the other end answers: duplicate detection takes a moment. */
static void await(struct stack *st, const char *text)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, text, 0);
	struct icmphdr echo = { .type = 128 };
	struct vsock s;
	char buf[64];
	ssize_t n = 0;

	for (int k = 0; k < 20 && n <= 0; k++) {
		assert_int_equal(vsock_open(st, AF_INET6, SOCK_DGRAM,
					    IPPROTO_ICMPV6, &s),
				 0);
		n = vsock_sendto(&s, &addr, len, &echo, sizeof(echo));
		if (n > 0)
			n = vsock_recv(&s, NULL, buf, sizeof(buf));
		vsock_close(&s);
	}
	assert_true(n > 0);
}

static int setup(void **state)
{
	struct pair *w = calloc(1, sizeof(*w));
	char spec[64];

	assert_non_null(w);
	snprintf(spec, sizeof(spec), "wr0=wire:wire-%d;up", (int)getpid());
	stack_start(&w->a, program, spec, (char *)NULL);
	stack_start(&w->b, program, spec, (char *)NULL);
	ok(&w->a, "addr add 10.1.0.1/24 dev 2");
	ok(&w->b, "addr add 10.1.0.2/24 dev 2");
	ok(&w->a, "addr add 2001:db8::1/64 dev 2");
	ok(&w->b, "addr add 2001:db8::2/64 dev 2");
	await(&w->a, "2001:db8::2");
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct pair *w = *state;

	stack_stop(&w->a);
	stack_stop(&w->b);
	free(w);
	return 0;
}

/* The ends that close first wait, on b's side; their ports come up again. */
static void dials_and_dials(void **state)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, "10.1.0.2", PORT);
	struct vsock l, c, s;
	struct pair *w = *state;
	char byte;

	assert_int_equal(vsock_open(&w->b, AF_INET, SOCK_STREAM, 0, &l), 0);
	assert_int_equal(vsock_bind(&l, &addr, len), 0);
	assert_int_equal(vsock_listen(&l, 5), 0);
	for (int n = 0; n < DIALS; n++) {
		assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_STREAM, 0, &c),
				 0);
		assert_int_equal(vsock_connect(&c, &addr, len), 0);
		assert_int_equal(vsock_accept(&l, &s), 0);
		vsock_close(&s);
		assert_int_equal(read(c.fd, &byte, 1), 0);
		vsock_close(&c);
	}
	vsock_close(&l);
}

/* A field of its line in /proc/net/dev: 0 to 7 of what came, 8 to 15 of what went. */
static long counted(struct stack *st, int field)
{
	char text[4096];
	char *at;

	assert_true(stack_file(st, "/proc/net/dev", text, sizeof(text)) >= 0);
	at = strstr(text, "wr0:");
	assert_non_null(at);
	strtok(at, " ");
	while (field-- > 0)
		strtok(NULL, " ");
	return strtol(strtok(NULL, " "), NULL, 10);
}

/* More than the socket holds, while the other end sleeps. */
static void frames_wait_for_room(void **state)
{
	enum { FRAMES = 250, LEN = 50000, CAME = 1, LOST = 11 };
	static const char data[LEN];
	struct pair *w = *state;
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, "10.1.0.2", PORT + 2);
	long lost, before = counted(&w->b, CAME);
	struct vsock s;

	assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_DGRAM, 0, &s), 0);
	/* its hardware address is known then */
	assert_int_equal(vsock_sendto(&s, &addr, len, data, 1), 1);
	while (counted(&w->b, CAME) == before)
		usleep(1000);
	before = counted(&w->b, CAME);
	kill(w->b.pid, SIGSTOP);
	for (int n = 0; n < FRAMES; n++)
		assert_int_equal(
			vsock_sendto(&s, &addr, len, data, sizeof(data)), LEN);
	lost = counted(&w->a, LOST);
	kill(w->b.pid, SIGCONT);
	assert_int_equal(lost, 0);
	while (counted(&w->b, CAME) < before + FRAMES)
		usleep(1000);
	vsock_close(&s);
}

/* How often the process had something to wait for, or waited in vain. */
static long wakes(const struct stack *st)
{
	char path[64], line[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)st->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (n < 0 && fgets(line, sizeof(line), f))
		sscanf(line, "voluntary_ctxt_switches: %ld", &n);
	fclose(f);
	return n;
}

/* With a connection on which nothing is said; neighbours are known. */
static void at_rest_no_timer_runs(void **state)
{
	struct pair *w = *state;
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, "10.1.0.2", PORT + 1);
	struct vsock l, c, s;
	long before = 0, after = -1;

	assert_int_equal(vsock_open(&w->b, AF_INET, SOCK_STREAM, 0, &l), 0);
	assert_int_equal(vsock_bind(&l, &addr, len), 0);
	assert_int_equal(vsock_listen(&l, 5), 0);
	assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_STREAM, 0, &c), 0);
	assert_int_equal(vsock_connect(&c, &addr, len), 0);
	assert_int_equal(vsock_accept(&l, &s), 0);
	/* some of before may be in TIME-WAIT, and need a look now and then */
	for (int n = 0; n < REST_TRIES; n++) {
		before = wakes(&w->a) + wakes(&w->b);
		sleep(2);
		after = wakes(&w->a) + wakes(&w->b);
		if (after == before)
			break;
	}
	assert_int_equal(after, before);
	assert_int_equal(write(c.fd, "x", 1), 1);
	assert_int_equal(read(s.fd, &addr, 1), 1);
	vsock_close(&c);
	vsock_close(&s);
	vsock_close(&l);
}

/* ---- groups and broadcasts ---- */

static void set(struct vsock *s, int level, int name, int value)
{
	assert_int_equal(vsock_setopt(s, level, name, &value, sizeof(value)),
			 0);
}

static void receiver(struct stack *st, const char *any, struct vsock *out)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, any, PORT);

	assert_int_equal(vsock_open(st, addr.ss_family, SOCK_DGRAM, 0, out), 0);
	assert_int_equal(vsock_bind(out, &addr, len), 0);
}

static void join4(struct vsock *s, const char *text)
{
	struct ip_mreqn m = { .imr_ifindex = WR0 };

	inet_pton(AF_INET, text, &m.imr_multiaddr);
	assert_int_equal(
		vsock_setopt(s, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)),
		0);
}

static void join6(struct vsock *s, const char *text)
{
	struct ipv6_mreq m = { .ipv6mr_interface = WR0 };

	inet_pton(AF_INET6, text, &m.ipv6mr_multiaddr);
	assert_int_equal(vsock_setopt(s, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &m,
				      sizeof(m)),
			 0);
}

static void say(struct vsock *s, const char *to, const char *what)
{
	struct sockaddr_storage addr;
	socklen_t len = address(&addr, to, PORT);

	assert_int_equal(vsock_sendto(s, &addr, len, what, 1), 1);
}

/* The next that it hears; what is sent after it comes after it. */
static void hears(struct vsock *s, char want)
{
	char c = '-';

	assert_int_equal(vsock_recv(s, NULL, &c, 1), 1);
	assert_int_equal(c, want);
}

/* Here and there; without IP_MULTICAST_LOOP there alone. */
static void groups(void **state)
{
	struct pair *w = *state;
	struct vsock here, there, s;
	struct ip_mreqn via = { .imr_ifindex = WR0 };

	receiver(&w->a, "0.0.0.0", &here);
	receiver(&w->b, "0.0.0.0", &there);
	join4(&here, "239.1.2.3");
	join4(&there, "239.1.2.3");
	assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_DGRAM, 0, &s), 0);
	assert_int_equal(vsock_setopt(&s, IPPROTO_IP, IP_MULTICAST_IF, &via,
				      sizeof(via)),
			 0);
	say(&s, "239.1.2.3", "a");
	hears(&here, 'a');
	hears(&there, 'a');
	set(&s, IPPROTO_IP, IP_MULTICAST_LOOP, 0);
	say(&s, "239.1.2.3", "b");
	say(&s, "10.1.0.1", "c");
	hears(&there, 'b');
	hears(&here, 'c');
	vsock_close(&here);
	vsock_close(&there);
	vsock_close(&s);
}

static void groups_of_six(void **state)
{
	struct pair *w = *state;
	struct vsock here, there, s;

	receiver(&w->a, "::", &here);
	receiver(&w->b, "::", &there);
	join6(&here, "ff05::1234");
	join6(&there, "ff05::1234");
	assert_int_equal(vsock_open(&w->a, AF_INET6, SOCK_DGRAM, 0, &s), 0);
	set(&s, IPPROTO_IPV6, IPV6_MULTICAST_IF, WR0);
	say(&s, "ff05::1234", "a");
	hears(&here, 'a');
	hears(&there, 'a');
	set(&s, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 0);
	say(&s, "ff05::1234", "b");
	say(&s, "2001:db8::1", "c");
	hears(&there, 'b');
	hears(&here, 'c');
	vsock_close(&here);
	vsock_close(&there);
	vsock_close(&s);
}

/* A member by another interface does not hear, if it minds. */
static void group_of_another_link(void **state)
{
	struct pair *w = *state;
	struct ip_mreqn lo = { .imr_ifindex = 1 };
	struct vsock there, s, member;

	receiver(&w->b, "0.0.0.0", &there);
	inet_pton(AF_INET, "239.1.2.3", &lo.imr_multiaddr);
	assert_int_equal(vsock_setopt(&there, IPPROTO_IP, IP_ADD_MEMBERSHIP,
				      &lo, sizeof(lo)),
			 0);
	set(&there, IPPROTO_IP, IP_MULTICAST_ALL, 0);
	assert_int_equal(vsock_open(&w->b, AF_INET, SOCK_DGRAM, 0, &member), 0);
	join4(&member, "239.1.2.3");
	assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_DGRAM, 0, &s), 0);
	lo.imr_ifindex = WR0;
	assert_int_equal(
		vsock_setopt(&s, IPPROTO_IP, IP_MULTICAST_IF, &lo, sizeof(lo)),
		0);
	say(&s, "239.1.2.3", "a");
	say(&s, "10.1.0.2", "b");
	hears(&there, 'b');
	vsock_close(&there);
	vsock_close(&member);
	vsock_close(&s);
}

static void broadcasts(void **state)
{
	static const char *const to[] = { "10.1.0.255", "255.255.255.255" };
	struct pair *w = *state;
	struct vsock here, there, s;

	receiver(&w->a, "0.0.0.0", &here);
	receiver(&w->b, "0.0.0.0", &there);
	assert_int_equal(vsock_open(&w->a, AF_INET, SOCK_DGRAM, 0, &s), 0);
	set(&s, SOL_SOCKET, SO_BROADCAST, 1);
	assert_int_equal(
		vsock_setopt(&s, SOL_SOCKET, SO_BINDTODEVICE, "wr0", 4), 0);
	for (int n = 0; n < 2; n++) {
		say(&s, to[n], "a");
		hears(&here, 'a');
		hears(&there, 'a');
	}
	vsock_close(&here);
	vsock_close(&there);
	vsock_close(&s);
}

/* Whose answers come to an echo to all nodes: both ends'. */
static void all_nodes(void **state)
{
	struct pair *w = *state;
	struct sockaddr_storage to, from[2];
	socklen_t len = address(&to, "ff02::1%2", 0);
	struct icmphdr echo = { .type = 128 };
	const struct sockaddr_in6 *one = (void *)&from[0],
				  *two = (void *)&from[1];
	struct vsock s;
	char buf[64];

	assert_int_equal(
		vsock_open(&w->a, AF_INET6, SOCK_DGRAM, IPPROTO_ICMPV6, &s), 0);
	assert_int_equal(vsock_sendto(&s, &to, len, &echo, sizeof(echo)),
			 sizeof(echo));
	for (int n = 0; n < 2; n++)
		assert_true(vsock_recv(&s, &from[n], buf, sizeof(buf)) > 0);
	assert_memory_not_equal(&one->sin6_addr, &two->sin6_addr, 16);
	vsock_close(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dials_and_dials),
		cmocka_unit_test(frames_wait_for_room),
		cmocka_unit_test(groups),
		cmocka_unit_test(groups_of_six),
		cmocka_unit_test(group_of_another_link),
		cmocka_unit_test(broadcasts),
		cmocka_unit_test(all_nodes),
		cmocka_unit_test(at_rest_no_timer_runs),
	};

	signal(SIGPIPE, SIG_IGN);
	program = argc > 1 ? argv[1] : "umnetlwip-stack";
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, setup, teardown);
}
