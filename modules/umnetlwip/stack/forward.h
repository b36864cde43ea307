/* SPDX-License-Identifier: GPL-2.0-or-later */
/* forward.h - packets for others, and what looks at all of them */
#ifndef ST_FORWARD_H
#define ST_FORWARD_H

#include "iface.h"
#include "lwip/ip4_addr.h"
#include "lwip/ip6_addr.h"

/* The interface whose frame lwIP is being given; NULL: none. */
extern struct st_iface *st_input_iface;

/*
 * A packet that came, before lwIP looks at it. true: it was taken, and freed:
 * forwarded or dropped.
 */
bool st_forward_take(struct pbuf *p, struct netif *nif);
/* What netifs have as output: our own packets, and those that are forwarded. */
err_t st_forward_output4(struct netif *nif, struct pbuf *p,
			 const ip4_addr_t *to);
err_t st_forward_output6(struct netif *nif, struct pbuf *p,
			 const ip6_addr_t *to);

#endif
