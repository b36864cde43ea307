/* SPDX-License-Identifier: GPL-2.0-or-later */
/* l3.h - interfaces whose link takes packets, not Ethernet frames */
#ifndef ST_L3_H
#define ST_L3_H

#include "iface.h"

/* A netif of such an interface, once made as for Ethernet: it is none. */
void st_l3_begin(struct netif *nif);
/* lwIP's input function of such netifs. */
err_t st_l3_take(struct pbuf *p, struct netif *nif);
/* A packet came from the link. */
void st_l3_input(struct st_iface *i, uint16_t proto, const void *packet,
		 size_t len);
/* The ethertype of a packet by its first byte; 0: it is none of IP's. */
uint16_t st_l3_proto(const void *packet, size_t len);

#endif
