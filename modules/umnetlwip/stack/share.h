/* SPDX-License-Identifier: GPL-2.0-or-later */
/* share.h - who may have a port, and which of those that share one is meant */
#ifndef ST_SHARE_H
#define ST_SHARE_H

#include "sock.h"

struct netif;
struct tcp_pcb;

/* A packet's ends, and the netif it came by. */
struct st_flow {
	ip_addr_t from, to;
	uint16_t sport, dport;
	const struct netif *nif;
};

/* May the socket have this address? -EADDRINUSE, -EADDRNOTAVAIL. */
int st_port_check(struct st_sock *s, const ip_addr_t *ip, uint16_t port);
/* May it listen where it is bound? -EADDRINUSE. */
int st_port_check_listen(struct st_sock *s);
/* A port for a socket that has none; 0: all are taken. */
uint16_t st_port_ephemeral(void);
/* What is left of a connection remembers what its socket would have shared. */
void st_port_leave(const struct st_sock *s, struct tcp_pcb *pcb);

uint64_t st_flow_hash(const struct st_flow *f);
/* One of n: for a flow always the same. */
size_t st_flow_choose(const struct st_flow *f, size_t n);
/*
 * A segment of TCP came, whose header this is; before lwIP sees it. The ports of
 * the flow are set here. false: it is to be dropped.
 */
bool st_tcp_arrives(struct st_flow *f, const void *header, size_t len);

#endif
