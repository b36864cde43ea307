/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packetsock.h - parts of AF_PACKET sockets: packet.c, packetopt.c, ring.c */
#ifndef ST_PACKETSOCK_H
#define ST_PACKETSOCK_H

#include "ring.h"
#include "sock.h"

struct st_member;

/* The longest packet, and a head. */
enum { ST_PACKET_FRAME = 65536 + 14 };

/* priv of a packet socket */
struct st_packet_sock {
	struct st_rings rings;
	struct st_member *members;
	bool auxdata, origdev, ignore_outgoing, qdisc_bypass;
	int timestamp;
};

static inline struct st_packet_sock *st_packet_of(const struct st_sock *s)
{
	return s->priv;
}

/* What it is bound to. */
static inline struct sockaddr_ll *st_packet_name(struct st_sock *s)
{
	return (void *)&s->local;
}

/* By the stand-in; false: there was no room. */
bool st_packet_give(struct st_sock *s, const struct st_shot *shot);
ssize_t st_packet_send(struct st_sock *s, const struct st_dest *dest,
		       const void *data, size_t len, int flags);
int st_packet_setopt(struct st_sock *s, int level, int name, const void *value,
		     socklen_t len);
int st_packet_getopt(struct st_sock *s, int level, int name, void *value,
		     socklen_t *len);
void st_packet_leave_all(struct st_packet_sock *k);

/* What the guest maps in the place of the socket, or -errno. */
int st_packet_map(struct st_sock *s, uint64_t len, uint64_t off);
/* The guest is going to wait for the socket. -errno: what it failed with. */
int st_packet_await(struct st_sock *s);

#endif
