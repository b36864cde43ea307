// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * netstack_fuzz.c - what a peer, a guest or the module may send to a stack
 *
 * The first byte says what the rest is: frames for a link (each after its
 * length, two bytes), a message of netlink, requests of proto.h, rules of the
 * packet filter, what is to be advertised, frames for a router with NAT. After
 * it the sockets are closed and links made since are removed. Links that leave
 * the process are left out: an input must not reach the host.
 */
#include <net/if.h>
#include <netinet/in.h>
#include <time.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack.h"
#include "link.h"
#include "loop.h"
#include "lwip/ip4_frag.h"
#include "lwip/ip6_frag.h"
#include "lwip/nd6.h"
#include "lwip/priv/tcp_priv.h"
#include "radv.h"
#include "route.h"
#include "rpc.h"
#include "rules.h"
#include "sock.h"
#include "sysctl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_CHECK(cond)                                                       \
	do {                                                                   \
		if (!(cond))                                                   \
			abort();                                               \
	} while (0)

enum { SOCKETS = 8, ARGUMENTS = 8 };

static int module_end;
static struct st_iface *dummy;

static int no_open(struct st_iface *i, const char *arg)
{
	(void)arg;
	i->carrier = true;
	return 0;
}

static void no_close(struct st_iface *i)
{
	i->carrier = false;
}

static int no_send(struct st_iface *i, const void *frame, size_t len)
{
	(void)i;
	(void)frame;
	(void)len;
	return 0;
}

#define NO_LINK(name)                                                          \
	const struct st_link_ops st_link_##name = {                            \
		.kind = #name,                                                 \
		.open = no_open,                                               \
		.close = no_close,                                             \
		.send = no_send,                                               \
	}
NO_LINK(vde);
NO_LINK(tap);
NO_LINK(slirp);
NO_LINK(wire);

/* The checksums of what comes are not looked at: no input would have them. */
static void plug_one(const char *name, uint32_t addr, uint8_t number,
		     struct st_iface **out)
{
	static const struct st_link_ops link = { .kind = "fuzz",
						 .open = no_open,
						 .close = no_close,
						 .send = no_send,
						 .trusted = true };
	struct st_addr4 a = { .local = htonl(addr),
			      .peer = htonl(addr),
			      .prefix = 24 };
	uint8_t mac[6] = { 2, 0, 0, 0, 0, number };
	uint8_t six[16] = { 0xfd, [3] = number, [15] = 1 };

	FUZZ_CHECK(st_iface_add(name, &link, NULL, out) == 0);
	st_iface_set_mac(*out, mac);
	st_iface_set_up(*out, true);
	st_addr4_add(*out, &a);
	st_addr6_add(*out, six, 64, true, UINT32_MAX, UINT32_MAX);
}

/* 10.0.0.1 and 10.0.1.1: what comes by the one may leave by the other. */
static void plug(void)
{
	struct st_iface *other;

	plug_one("d0", 0x0a000001, 1, &dummy);
	plug_one("d1", 0x0a000101, 2, &other);
}

static void begin(void)
{
	int ends[2];

	if (dummy)
		return;
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			      ends) == 0);
	FUZZ_CHECK(st_loop_init() == 0 && st_iface_init() == 0 &&
		   st_rpc_init(ends[0]) == 0);
	module_end = ends[1];
	st_conf_forward(AF_INET, true);
	st_conf_forward(AF_INET6, true);
	plug();
}

static void answers(void)
{
	static uint8_t rep[ST_DATA_MAX + 64];
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} c;
	struct iovec iov = { rep, sizeof(rep) };

	for (;;) {
		struct msghdr m = { .msg_iov = &iov,
				    .msg_iovlen = 1,
				    .msg_control = &c,
				    .msg_controllen = sizeof(c) };
		struct cmsghdr *h;
		int fd;

		if (recvmsg(module_end, &m, MSG_DONTWAIT) < 0)
			return;
		h = CMSG_FIRSTHDR(&m);
		if (!h)
			continue;
		memcpy(&fd, CMSG_DATA(h), sizeof(fd));
		close(fd);
	}
}

static void request(enum st_op op, uint64_t id, const uint8_t *arg,
		    const uint8_t *data, size_t len)
{
	static const int words[ARGUMENTS] = {
		0, 1, 2, 10, IPPROTO_ICMP, AF_PACKET, AF_NETLINK, 0x8912
	};
	static uint8_t message[4096 + sizeof(struct st_req)];
	struct st_req q = { .op = op,
			    .tag = 1,
			    .id = id,
			    .a = arg[0] < ARGUMENTS ? words[arg[0]]
						    : arg[0] << 8 | arg[1],
			    .b = arg[2],
			    .c = arg[3],
			    .len = (uint32_t)len };

	/* levels and ioctls */
	if (op == ST_IOCTL)
		q.a = 0x8900 | arg[0];
	if (op == ST_GETOPT || op == ST_SETOPT)
		q.a = arg[0];
	memcpy(message, &q, sizeof(q));
	memcpy(message + sizeof(q), data, len);
	(void)!send(module_end, message, sizeof(q) + len, MSG_DONTWAIT);
	st_loop_round(false);
	answers();
}

/* op, socket, four bytes of arguments, a length, so many bytes */
static void requests(const uint8_t *p, size_t size)
{
	static uint64_t newest;

	for (struct st_sock *s = st_sock_each(NULL); s; s = st_sock_each(s))
		newest = s->id > newest ? s->id : newest;
	while (size >= 7) {
		size_t len = p[6];

		if (len > size - 7)
			len = size - 7;
		request(p[0] % (ST_TUN + 2), newest + p[1] % SOCKETS, p + 2,
			p + 7, len);
		p += 7 + len;
		size -= 7 + len;
	}
}

static struct st_sock *socket_of(const struct st_proto *proto, int domain,
				 int type, int protocol)
{
	struct st_sock *s = st_sock_new(proto, domain, type, protocol);

	FUZZ_CHECK(s && proto->init(s) == 0);
	return s;
}

static void open_sockets(void)
{
	union st_sockaddr any = { .in6 = { .sin6_family = AF_INET6,
					   .sin6_port = htons(7) } };
	struct st_sock *udp = socket_of(&st_udp, AF_INET6, SOCK_DGRAM, 17);
	struct st_sock *tcp = socket_of(&st_tcp, AF_INET6, SOCK_STREAM, 6);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	udp->proto->bind(udp, &any, sizeof(any.in6));
	tcp->proto->bind(tcp, &any, sizeof(any.in6));
	tcp->proto->listen(tcp, fd, 4);
	close(fd);
	socket_of(&st_raw, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	socket_of(&st_raw, AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	socket_of(&st_packet, AF_PACKET, SOCK_RAW, 3);
}

static void frames(const uint8_t *p, size_t size)
{
	open_sockets();
	while (size >= 2) {
		size_t len = (size_t)p[0] << 8 | p[1];

		p += 2;
		size -= 2;
		len = len < size ? len : size;
		st_iface_input(dummy, p, len);
		st_loop_round(false);
		p += len;
		size -= len;
	}
	tcp_fasttmr();
	tcp_slowtmr();
	for (int n = 0; n < 20; n++) {
		ip_reass_tmr();
		ip6_reass_tmr();
	}
	nd6_tmr();
}

static void netlink(const uint8_t *p, size_t size)
{
	struct st_sock *s = socket_of(&st_netlink, AF_NETLINK, SOCK_RAW,
				      size && p[0] & 1 ? 4 : 0);
	struct st_dest to = { .ttl = -1, .tos = -1 };
	int guest = st_sock_pair(s);

	s->proto->send(s, &to, p, size, 0);
	close(guest);
}

/* What is refused must change nothing; what was taken can be written again. */
static void settings(const uint8_t *p, size_t size,
		     int (*load)(const char *text, size_t len),
		     void (*print)(FILE *f))
{
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	(void)load((const char *)p, size);
	f = open_memstream(&text, &len);
	FUZZ_CHECK(f);
	print(f);
	fclose(f);
	(void)load("flush", 5);
	FUZZ_CHECK(load(text, len) == 0);
	free(text);
}

static void routed(const uint8_t *p, size_t size)
{
	static const char nat[] =
		"add postrouting oifname d1 masquerade\n"
		"add prerouting iifname d0 tcp dport 1-99 dnat 10.0.1.2:80\n"
		"add prerouting udp dport 53 redirect :7\n"
		"add forward ct state invalid drop\n"
		"add forward icmp type echo-reply reject\n";

	FUZZ_CHECK(st_rules_load(nat, sizeof(nat) - 1) == 0);
	frames(p, size);
	FUZZ_CHECK(st_conn_count() <= ST_CONN_MAX);
}

static void clean_up(void)
{
	struct st_sock *s;
	struct st_iface *i;

	while ((s = st_sock_each(NULL))) {
		s->so.linger_on = true;
		s->so.linger = 0;
		s->released = true;
		if (!s->proto->release(s))
			st_sock_free(s);
	}
	while (tcp_active_pcbs)
		tcp_abort(tcp_active_pcbs);
	(void)st_rules_load("flush", 5);
	(void)st_radv_load("", 0);
	/* The link is made anew: an input may have changed or removed it. */
	while ((i = st_iface_first()->next))
		st_iface_del(i);
	plug();
	st_loop_round(false);
	answers();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	begin();
	if (size < 1)
		return 0;
	switch (data[0] % 6) {
	case 0:
		frames(data + 1, size - 1);
		break;
	case 1:
		netlink(data + 1, size - 1);
		break;
	case 3:
		settings(data + 1, size - 1, st_rules_load, st_rules_print);
		break;
	case 4:
		settings(data + 1, size - 1, st_radv_load, st_radv_print);
		break;
	case 5:
		routed(data + 1, size - 1);
		break;
	default:
		requests(data + 1, size - 1);
		break;
	}
	clean_up();
	return 0;
}
