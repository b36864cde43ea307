// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cable.c - the socket of an encrypted cable, its peers and their plugs
 *
 * One thread, one poll(2). A client has one end, in slot 0, whose plug is in the switch
 * all the time. A server has one for each client that has said HELLO; it is plugged in
 * when the client has shown, by a packet of its session, that it is no recording. Until
 * then an end may be thrown out for the next: whoever replays old HELLOs fills no table.
 */
#include "cable.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cabport.h"
#include "serve.h"

enum { ENDS = 64, BURST = 64, RECEIVE_BUFFER = 1 << 20 };

struct end {
	bool used, plugged;
	struct cab_peer peer;
	struct cab_port port;
};

struct cable {
	const struct cable_options *options;
	struct cab_link link;
	int udp;
	struct end ends[ENDS];
	struct pollfd fds[2 + ENDS * CAB_PORT_FDS];
};

static void send_packet(void *arg, const struct cab_addr *to,
			const void *packet, size_t len)
{
	struct cable *c = arg;

	/* A datagram that is lost is not sent again; not by us. */
	if (sendto(c->udp, packet, len, MSG_DONTWAIT, &to->sa.any, to->len) < 0)
		serve_note("send: %s", strerror(errno));
}

static const char *name_of(const struct cab_addr *addr, char *buf, size_t size)
{
	char host[64], port[8];

	if (getnameinfo(&addr->sa.any, addr->len, host, sizeof(host), port,
			sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
		return "?";
	snprintf(buf, size, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host,
		 port);
	return buf;
}

/* When its session is used for the first time. */
static void end_up(struct cable *c, struct end *e)
{
	char name[80];

	name_of(&e->peer.addr, name, sizeof(name));
	serve_say("joined with %s", name);
	if (e->plugged)
		return;
	cab_port_init(&e->port, c->options->vnl, name);
	e->plugged = true;
	if (cab_port_plug(&e->port) < 0)
		serve_say("cannot plug into the switch yet");
}

static void end_drop(struct end *e, const char *why)
{
	char name[80];

	if (e->peer.addr.len)
		serve_say("%s: %s", name_of(&e->peer.addr, name, sizeof(name)),
			  why);
	cab_peer_fini(&e->peer, serve_now());
	if (e->plugged)
		cab_port_fini(&e->port);
	memset(e, 0, sizeof(*e));
}

/* The client's end, a free one, or that of the oldest who has shown nothing. */
static struct end *end_for(struct cable *c, const uint8_t *who)
{
	struct end *pick = NULL;

	for (int i = 0; i < ENDS; i++) {
		struct end *e = &c->ends[i];

		if (e->used && memcmp(e->peer.who, who, CAB_WHO_LEN) == 0)
			return e;
		if (e->plugged || (pick && !pick->used))
			continue;
		if (!pick || !e->used || e->peer.born < pick->peer.born)
			pick = e;
	}
	if (!pick)
		return NULL;
	memset(pick, 0, sizeof(*pick));
	pick->used = true;
	cab_server_init(&pick->peer, &c->link, who, serve_now());
	return pick;
}

static void take_hello(struct cable *c, const uint8_t *packet, size_t len,
		       const struct cab_addr *from)
{
	struct cab_hello hello;
	struct end *e;

	if (cab_hello_read(c->link.key, packet, len, &hello) < 0) {
		serve_note("refused: somebody has another key");
		return;
	}
	e = end_for(c, hello.who);
	if (!e)
		serve_say("refused: there are %d clients already", ENDS);
	else
		cab_peer_hello(&e->peer, &hello, from, serve_now());
}

static void take_welcome(struct cable *c, const uint8_t *packet, size_t len)
{
	struct end *e = &c->ends[0];
	bool was_up = cab_peer_is_up(&e->peer);

	if (cab_peer_welcome(&e->peer, packet, len, serve_now()) < 0)
		serve_note("dropped an answer to nothing");
	else if (!was_up)
		end_up(c, e);
}

static struct end *end_of(struct cable *c, uint32_t session)
{
	for (int i = 0; i < ENDS; i++) {
		if (c->ends[i].used && cab_peer_has(&c->ends[i].peer, session))
			return &c->ends[i];
	}
	return NULL;
}

static void take_frame(struct cable *c, const uint8_t *packet, size_t len,
		       const struct cab_addr *from)
{
	static uint8_t frame[CAB_FRAME_MAX];
	struct end *e = end_of(c, cab_packet_session(packet, len));
	bool was_up = e && cab_peer_is_up(&e->peer);
	ssize_t ret;

	if (!e)
		return;
	ret = cab_peer_open(&e->peer, packet, len, from, serve_now(), frame);
	if (ret == -ECONNRESET) {
		serve_say("the other end has said goodbye");
		if (!e->peer.client)
			end_drop(e, "left");
		return;
	}
	if (ret < 0) {
		serve_note("dropped a packet: %s",
			   ret == -EALREADY ? "it came before" : "not genuine");
		return;
	}
	if (!was_up)
		end_up(c, e);
	if (ret > 0)
		cab_port_send(&e->port, frame, (size_t)ret);
}

static void take_packet(struct cable *c, const uint8_t *packet, size_t len,
			const struct cab_addr *from)
{
	bool client = c->options->server;

	if (len && packet[0] == CAB_HELLO && !client)
		take_hello(c, packet, len, from);
	else if (len && packet[0] == CAB_WELCOME && client)
		take_welcome(c, packet, len);
	else
		take_frame(c, packet, len, from);
}

static void receive(struct cable *c)
{
	static uint8_t packet[CAB_PACKET_MAX + 1];

	for (int n = 0; n < BURST; n++) {
		struct cab_addr from = { .len = sizeof(from.sa) };
		ssize_t len = recvfrom(c->udp, packet, sizeof(packet),
				       MSG_DONTWAIT, &from.sa.any, &from.len);

		if (len < 0 && errno == EAGAIN)
			return;
		/* Other errors tell of packets sent before: ECONNREFUSED. */
		if (len >= 0)
			take_packet(c, packet, (size_t)len, &from);
	}
}

static void forward(struct end *e, int64_t now)
{
	static uint8_t frame[CAB_FRAME_MAX];

	for (int n = 0; n < BURST; n++) {
		ssize_t len =
			cab_port_recv(&e->port, frame, sizeof(frame), now);

		if (len < 0)
			return;
		cab_peer_send(&e->peer, frame, (size_t)len, now);
	}
}

/* Before poll(2): what is due, and what to wait for. Return: until when */
static int64_t prepare(struct cable *c, int64_t now)
{
	int64_t next = INT64_MAX;

	for (int i = 0; i < ENDS; i++) {
		struct pollfd *fds = &c->fds[2 + i * CAB_PORT_FDS];
		struct end *e = &c->ends[i];
		int64_t at;

		fds[0].fd = fds[1].fd = -1;
		if (!e->used)
			continue;
		if (cab_peer_tick(&e->peer, now, &at) < 0) {
			end_drop(e, "not heard any more");
			continue;
		}
		if (at < next)
			next = at;
		if (e->plugged)
			cab_port_poll(&e->port, fds, &next);
	}
	return next;
}

static void carry(struct cable *c)
{
	int64_t now = serve_now();

	for (int i = 0; i < ENDS; i++) {
		struct pollfd *fds = &c->fds[2 + i * CAB_PORT_FDS];
		struct end *e = &c->ends[i];

		if (!e->plugged)
			continue;
		if (fds[0].revents & POLLIN)
			forward(e, now);
		cab_port_tick(&e->port, fds, now);
	}
	if (c->fds[1].revents)
		receive(c);
}

int cable_run(struct cable *c, int stop)
{
	c->fds[0] = (struct pollfd){ .fd = stop, .events = POLLIN };
	c->fds[1] = (struct pollfd){ .fd = c->udp, .events = POLLIN };
	for (;;) {
		int64_t now = serve_now();
		int ms = serve_wait(prepare(c, now), now);

		if (poll(c->fds, sizeof(c->fds) / sizeof(c->fds[0]), ms) < 0) {
			if (errno != EINTR)
				return -errno;
			continue;
		}
		if (c->fds[0].revents)
			return 0;
		carry(c);
	}
}

static int bind_to(struct cable *c, const struct addrinfo *a)
{
	int size = RECEIVE_BUFFER, no = 0;

	c->udp = socket(a->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (c->udp < 0)
		return -errno;
	setsockopt(c->udp, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (c->options->server)
		return 0;
	if (a->ai_family == AF_INET6)
		setsockopt(c->udp, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	return bind(c->udp, a->ai_addr, a->ai_addrlen) < 0 ? -errno : 0;
}

/* Return: 0, with the address in *addr, for the first of the list that does. */
static int open_first(struct cable *c, const struct addrinfo *list, int family,
		      struct cab_addr *addr)
{
	int ret = -EADDRNOTAVAIL;

	for (const struct addrinfo *a = list; a; a = a->ai_next) {
		if (family != AF_UNSPEC && family != a->ai_family)
			continue;
		if (c->udp >= 0)
			close(c->udp);
		ret = bind_to(c, a);
		if (ret < 0)
			continue;
		memcpy(&addr->sa, a->ai_addr, a->ai_addrlen);
		addr->len = a->ai_addrlen;
		return 0;
	}
	return ret;
}

/* The address to send to in *addr; or wait at one. */
static int open_udp(struct cable *c, struct cab_addr *addr)
{
	const char *host = c->options->server;
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM,
				  .ai_flags = host ? 0 : AI_PASSIVE };
	struct addrinfo *list;
	int ret = getaddrinfo(host, c->options->port, &hints, &list);

	if (ret) {
		serve_say("%s: %s", host ? host : c->options->port,
			  gai_strerror(ret));
		return -EADDRNOTAVAIL;
	}
	/* A server's IPv6 socket has IPv4 in it. */
	ret = open_first(c, list, host ? AF_UNSPEC : AF_INET6, addr);
	if (ret < 0 && !host)
		ret = open_first(c, list, AF_INET, addr);
	freeaddrinfo(list);
	if (ret < 0)
		serve_say("port %s: %s", c->options->port, strerror(-ret));
	return ret;
}

/* Is the switch there? A client stays plugged in. */
static int try_plug(struct cable *c, const struct cab_addr *addr)
{
	struct end *e = &c->ends[0];
	int ret;

	cab_port_init(&e->port, c->options->vnl,
		      c->options->server ? c->options->server : "none");
	ret = cab_port_plug(&e->port);
	if (ret < 0) {
		serve_say("cannot plug into the switch %s: %s",
			  c->options->vnl ? c->options->vnl : "(default)",
			  strerror(-ret));
		return ret;
	}
	if (!c->options->server) {
		cab_port_fini(&e->port);
		return 0;
	}
	e->used = e->plugged = true;
	cab_client_init(&e->peer, &c->link, addr, serve_now());
	return 0;
}

int cable_new(const struct cable_options *options, const struct cab_key *key,
	      struct cable **out)
{
	struct cable *c = calloc(1, sizeof(*c));
	struct cab_addr addr;
	int ret;

	if (!c)
		return -ENOMEM;
	c->options = options;
	c->udp = -1;
	c->link = (struct cab_link){ .key = key,
				     .times = options->times,
				     .send = send_packet,
				     .arg = c };
	ret = open_udp(c, &addr);
	if (ret == 0)
		ret = try_plug(c, &addr);
	if (ret < 0) {
		cable_free(c);
		return ret;
	}
	*out = c;
	return 0;
}

void cable_free(struct cable *c)
{
	for (int i = 0; i < ENDS; i++) {
		if (c->ends[i].used) {
			end_drop(&c->ends[i], "closed");
		}
	}
	if (c->udp >= 0)
		close(c->udp);
	free(c);
}
