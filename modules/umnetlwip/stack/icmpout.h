/* SPDX-License-Identifier: GPL-2.0-or-later */
/* icmpout.h - ICMP errors that a router sends, and resets */
#ifndef ST_ICMPOUT_H
#define ST_ICMPOUT_H

#include "iface.h"
#include "ip.h"

/* As much of a packet as an error may quote. */
enum { ST_QUOTE_MAX = 1232 };

/*
 * Tell who sent a packet what became of it. info: of what has one (an MTU, a
 * router's address), in network order. Nothing is said about errors, groups
 * and later fragments, and not more often than a thousand times a second.
 */
void st_icmp_error(struct st_iface *in, const struct st_ip *about, int type,
		   int code, uint32_t info);
/* An IPv6 packet of ours, its head made here; dst may be a group or link-local. */
int st_icmp6_send(struct st_iface *i, const uint8_t *src, const uint8_t *dst,
		  int hops, const void *message, size_t len);

/* The end of a connection whose segment that is; nothing where it is a reset. */
void st_tcp_reset(struct st_iface *in, const struct st_ip *about);

#endif
