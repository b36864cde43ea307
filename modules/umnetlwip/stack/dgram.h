/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dgram.h - what sockets of packets share: delivery, errors of ICMP, options */
#ifndef ST_DGRAM_H
#define ST_DGRAM_H

#include "lwip/pbuf.h"
#include "lwip/raw.h"
#include "lwip/udp.h"
#include "sock.h"

struct st_error;

/* priv of a UDP, raw or ping socket */
struct st_dgram {
	struct udp_pcb *udp;
	struct raw_pcb *raw;
	uint16_t ident; /* ping: its port, the id of what it sends */
	struct st_error *errors, **errors_end;
	size_t error_count;
	struct st_group *groups;
};

/* Control data behind *at, which moves; NULL: the first. Without room: nothing. */
void st_put_cmsg(struct msghdr *m, struct cmsghdr **at, int level, int type,
		 const void *data, size_t len);
struct st_dgram *st_dgram_new(struct st_sock *s);
void st_dgram_fini(struct st_sock *s);
/* A packet that came, from byte `skip` on, for the guest. p is borrowed. false: it is
 * not taken. */
bool st_dgram_deliver(struct st_sock *s, const struct pbuf *p, size_t skip,
		      const ip_addr_t *from, uint16_t port);
/* Read what the guest wrote, and send it to the connected address. */
void st_dgram_ready(struct st_sock *s, uint32_t events);
/* Bind, connect and names, alike for all; port: the kind's own check. */
int st_dgram_bind(struct st_sock *s, const union st_sockaddr *addr,
		  socklen_t len);
int st_dgram_connect(struct st_sock *s, const union st_sockaddr *addr,
		     socklen_t len, int fd, uint32_t tag);
int st_dgram_sockname(struct st_sock *s, union st_sockaddr *out,
		      socklen_t *len);
int st_dgram_peername(struct st_sock *s, union st_sockaddr *out,
		      socklen_t *len);
/* Where a packet goes: dest or the connected address. -EDESTADDRREQ... */
int st_dgram_target(struct st_sock *s, const struct st_dest *to, ip_addr_t *ip,
		    uint16_t *port);
/* The netif and source address for it, as options say. NULL: by route. */
struct netif *st_dgram_netif(const struct st_sock *s, const struct st_dest *to,
			     const ip_addr_t *ip, ip_addr_t *source);
/* To a group or to all: what goes out by nif comes back, too, where it is to. */
void st_dgram_loop_back(const struct st_sock *s, struct pbuf *p,
			const ip_addr_t *to, const struct netif *nif);
/* The interface by which the packet at hand came. */
int st_dgram_input_index(void);
/* May the source of what is sent be that: an address of ours, not all's? */
bool st_dgram_is_source(const ip_addr_t *ip);
struct pbuf *st_dgram_pbuf(pbuf_layer layer, const void *data, size_t len);

/* Members of groups: IP_ADD_MEMBERSHIP and its kin. */
int st_group_option(struct st_sock *s, int level, int name, const void *value,
		    socklen_t len);
void st_group_fini(struct st_sock *s);
/* A packet to a group that came by that interface: is it for the socket? */
bool st_group_hears(const struct st_sock *s, const ip_addr_t *group, int index);

/* What came of a packet: an error of ICMP, and which packet it is about. */
struct st_icmp_error {
	ip_addr_t to, offender;
	int protocol, error, origin, type, code;
	bool hard;
	uint32_t info;
	uint16_t sport, dport, ident;
	const uint8_t
		*data; /* from the embedded protocol header's payload on */
	size_t len;
};

/*
 * An ICMP error about a packet of the socket: kept for MSG_ERRQUEUE where
 * asked for, and the next call fails with it.
 */
void st_dgram_error(struct st_sock *s, const struct st_icmp_error *e);
/* It was not sent, being larger than the way there allows: likewise. */
void st_dgram_too_large(struct st_sock *s, const ip_addr_t *to, uint16_t port,
			uint32_t mtu);
/* One of the queue, as ST_ERRQUEUE answers it; -EAGAIN: none. */
ssize_t st_dgram_errqueue(struct st_sock *s, void *buf, size_t room);

#endif
