/* SPDX-License-Identifier: GPL-2.0-or-later */
/* route.h - the table of routes, IPv4 and IPv6: longest prefix, then metric */
#ifndef ST_ROUTE_H
#define ST_ROUTE_H

#include "iface.h"

/* Addresses in network order; of IPv4 the first four bytes. */
struct st_route {
	int family;
	uint8_t dst[16];
	uint8_t gateway[16];
	uint8_t source[16];
	bool has_gateway, has_source;
	uint8_t prefix;
	uint8_t proto, scope, type; /* RTPROT_, RT_SCOPE_, RTN_ */
	uint32_t table;
	uint32_t metric;
	int oif; /* index; 0: none (unreachable, blackhole...) */
	uint32_t mtu;
};

/*
 * What to do where routes of that destination, metric and table are there: as
 * the flags of a request say; add: -EEXIST. Change: -ENOENT where none is.
 */
enum st_route_mode {
	ST_ROUTE_ADD,
	ST_ROUTE_APPEND,
	ST_ROUTE_PREPEND,
	ST_ROUTE_REPLACE,
	ST_ROUTE_CHANGE,
};
int st_route_add(const struct st_route *r, enum st_route_mode mode);
/*
 * The first route that matches what is set in like (oif, gateway, metric...
 * unset: any) goes. -ESRCH: none does.
 */
int st_route_del(const struct st_route *like, struct st_route *out);
/* All of an interface, e.g. as it goes down. family 0: both. */
void st_route_flush(int oif, int family);
/* The connected route of an address comes or goes. */
void st_route_connected4(const struct st_iface *i, const struct st_addr4 *a,
			 bool add);
void st_route_connected6(const struct st_iface *i, int slot, bool add);

/* The n-th route of the table; NULL: no more. */
const struct st_route *st_route_at(size_t n);
/* What a packet to dst takes; oif 0: any. NULL: there is no way. */
const struct st_route *st_route_find(int family, const void *dst, int oif);

/*
 * The way to dst: 0, or -ENETUNREACH, -EHOSTUNREACH, -EACCES... as the route
 * says. Routers that advertise themselves count.
 */
int st_route_check(int family, const void *dst, int oif);
/* A packet for addr came in: of 127/8 any address is lo's. */
void st_route_to_loopback(const struct netif *in, uint32_t addr);
/* The address a packet to dst gets as its source. */
int st_route_source4(uint32_t dst, int oif, uint32_t *out);

#endif
