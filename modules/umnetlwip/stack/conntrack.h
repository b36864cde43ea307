/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * conntrack.h - connections that packets belong to, and what NAT makes of them
 *
 * A connection has two tuples: what its packets look like as they come, from
 * who began it (0) and from the other side (1). Without NAT one is the other
 * reversed. A packet of direction d leaves as tuple !d, reversed.
 */
#ifndef ST_CONNTRACK_H
#define ST_CONNTRACK_H

#include <stdio.h>

#include "ip.h"

/* The most connections there are at a time; what is more is not let in. */
enum { ST_CONN_MAX = 16384 };

/* Ports in network order; of an echo the id is the port of who asks. */
struct st_tuple {
	uint8_t family, proto;
	uint16_t sport, dport;
	uint8_t src[16], dst[16];
};

enum st_ct_state {
	ST_CT_UNTRACKED,
	ST_CT_NEW,
	ST_CT_ESTABLISHED,
	ST_CT_RELATED,
	ST_CT_INVALID,
};

struct st_conn {
	struct st_conn *next[2]; /* in the table, by each tuple */
	struct st_tuple tuple[2];
	uint64_t expires; /* ms of st_now_ms() */
	uint64_t packets[2];
	bool confirmed;	  /* in the table */
	bool replied;	  /* there was a packet from the other side */
	bool fin[2], rst; /* TCP */
	bool open;	  /* TCP: both SYNs were acknowledged */
	bool nat[2];	  /* what was decided: source, destination */
	int masqueraded;  /* interface whose address it has; 0: none */
};

/* A packet's: which connection, in which direction, in which state. */
struct st_track {
	struct st_conn *conn;
	int dir;
	enum st_ct_state state;
};

/*
 * Find a packet's connection, or begin one. That is kept only by
 * st_conn_confirm(); st_conn_forget() frees it if nobody confirmed.
 */
void st_conn_track(const struct st_ip *ip, struct st_track *out);
/* -ENOBUFS: there are too many; -EEXIST: another one has such a tuple. */
int st_conn_confirm(struct st_conn *c, const struct st_ip *ip, int dir);
void st_conn_forget(struct st_conn *c);

struct st_nat_to {
	bool has_addr;
	uint8_t addr[16];
	uint16_t port, port_end; /* host order; 0: as it is */
};
/*
 * Give a new connection another source or destination. -EADDRINUSE: all ports
 * are taken.
 */
int st_conn_nat(struct st_conn *c, bool dst, const struct st_nat_to *to);
/* Write the packet's destination, or its source, as NAT has it. */
void st_conn_translate(const struct st_track *t, const struct st_ip *ip,
		       bool dst);

/* An interface went or lost its address: what was masqueraded with it ends. */
void st_conn_flush_masqueraded(int ifindex);
void st_conn_flush(void);
size_t st_conn_count(void);
/* As /proc/net/nf_conntrack. */
void st_conn_print(FILE *f);

#endif
